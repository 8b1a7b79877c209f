/* From the files of _delta_log to a snapshot.
 *
 * The folder is listed; `_last_checkpoint` is a hint that a listing does not need, so that a stale
 * or broken one cannot mislead. The newest complete log checkpoint is where replay starts; the
 * commits behind it must follow one another without a hole. */
#include "core/table/table_impl.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"

enum { VERSION_DIGITS = 20 };

mr_status table_identity(struct mr_table *table, int64_t version, struct identity *out,
                         struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_io_stat stat;
    table_commit_path(table, version, path);
    MR_TRY(mr_file_stat(table->io, path, &stat, err));
    *out = (struct identity){stat.device, stat.inode, stat.bytes};
    return MR_OK;
}

mr_status table_read_commit(struct mr_table *table, int64_t version, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_arena content_arena;
    struct mr_span content;
    struct identity head;
    table_commit_path(table, version, path);
    /* Identity first: should the file be replaced in between, the next refresh will notice. */
    MR_TRY(table_identity(table, version, &head, err));
    mr_arena_init(&content_arena, table->heap, 0);
    mr_status status = mr_file_read(table->io, &content_arena, path, LOG_BYTES_MAX, &content, err);
    if (status == MR_OK) {
        status = mr_delta_snapshot_replay(&table->snapshot, &table->scratch, content, table->seen,
                                          table->seen_ctx, err);
        if (status != MR_OK) mr_err_origin(err, path);
    }
    mr_arena_fini(&content_arena);
    if (status != MR_OK) return status;
    if (table->snapshot.has_metadata) table->snapshot.expire_ms = table_expire_ms(table);
    table->snapshot.version = version;
    table->head = head;
    return MR_OK;
}

/* ---- the folder ---- */

/* The version that a name starts with; false when it does not start with 20 digits. */
static bool name_version(struct mr_span name, int64_t *out_version)
{
    int64_t version = 0;
    if (name.bytes <= VERSION_DIGITS) return false;
    for (int i = 0; i < VERSION_DIGITS; i++) {
        char c = name.text[i];
        if (c < '0' || c > '9') return false;
        if (__builtin_mul_overflow(version, 10, &version)) return false;
        if (__builtin_add_overflow(version, c - '0', &version)) return false;
    }
    *out_version = version;
    return true;
}

struct log_files {
    int64_t first; /* oldest and newest commit; -1 = there is none */
    int64_t last;
    int64_t hole; /* a version that is missing between them; -1 = none seen */
};

/* Commits from `after` + 1 on; older ones may be there or not. */
static void find_commits(const struct mr_dir_list *list, int64_t after, struct log_files *out)
{
    *out = (struct log_files){-1, -1, -1};
    for (uint32_t i = 0; i < list->count; i++) {
        struct mr_span name = list->entries[i].name;
        int64_t version;
        if (!name_version(name, &version) || version <= after) continue;
        struct mr_span rest = {name.text + VERSION_DIGITS, name.bytes - VERSION_DIGITS};
        if (!mr_span_is(rest, ".json")) continue;
        if (out->first < 0) out->first = version;
        if (out->last >= 0 && version != out->last + 1 && out->hole < 0) out->hole = out->last + 1;
        out->last = version;
    }
}

static mr_status check_commits(const struct log_files *files, int64_t checkpoint,
                               struct mr_err *err)
{
    if (files->first < 0 && checkpoint < 0) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NOT_TABLE, "there is no Delta table here");
    }
    if (files->first >= 0 && files->first != checkpoint + 1) {
        return mr_err_set(err, MR_E_CORRUPT, checkpoint < 0 ? ERR_EARLY_GONE : ERR_LOG,
                          "commit %" PRId64 " of the table's log is missing, the oldest is %" PRId64
                          " and there is no log checkpoint in between",
                          checkpoint + 1, files->first);
    }
    if (files->hole >= 0) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                          "commit %" PRId64 " of the table's log is missing, but commit %" PRId64
                          " is there",
                          files->hole, files->last);
    }
    return MR_OK;
}

/* ---- durations ---- */

/* "interval 1 week", "30 days", "interval 12 hours": Spark's simple form; else the fallback. */
static int64_t interval_ms(struct mr_span text, int64_t fallback_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"millisecond", 1}, {"second", 1000},           {"minute", 60000},
                 {"hour", 3600000},  {"day", INT64_C(86400000)}, {"week", INT64_C(604800000)}};
    char copy[64], unit[32];
    int64_t count;
    const char *at = copy;
    if (text.bytes == 0 || text.bytes >= sizeof copy) return fallback_ms;
    memcpy(copy, text.text, text.bytes);
    copy[text.bytes] = '\0';
    if (strncasecmp(at, "interval ", 9) == 0) at += 9;
    if (sscanf(at, "%" SCNd64 " %31[a-zA-Z]", &count, unit) != 2) return fallback_ms;
    for (size_t i = 0; i < MR_COUNT_OF(units); i++) {
        size_t bytes = strlen(units[i].unit);
        bool is_unit = strncasecmp(unit, units[i].unit, bytes) == 0 &&
                       (unit[bytes] == '\0' || strcasecmp(unit + bytes, "s") == 0);
        int64_t ms;
        if (is_unit && !__builtin_mul_overflow(count, units[i].ms, &ms)) return ms;
    }
    return fallback_ms;
}

int64_t table_expire_ms(struct mr_table *table)
{
    int64_t week_ms = 7 * MR_US_PER_DAY / MR_US_PER_MS;
    struct mr_span property =
        mr_delta_property(&table->snapshot.metadata, "delta.deletedFileRetentionDuration");
    int64_t keep_ms = interval_ms(property, week_ms);
    return mr_floor_div(mr_io_now_us(table->io), MR_US_PER_MS) - keep_ms;
}

/* ---- loading ---- */

static mr_status load_listed(struct mr_table *table, const struct mr_dir_list *list,
                             struct mr_err *err)
{
    struct log_files files;
    int64_t checkpoint = -1;
    find_commits(list, checkpoint, &files);
    MR_TRY(check_commits(&files, checkpoint, err));
    for (int64_t v = checkpoint + 1; v <= files.last; v++) {
        MR_TRY(table_read_commit(table, v, err));
    }
    table->checkpoint_version = checkpoint;
    return mr_delta_snapshot_settle(&table->snapshot, err);
}

mr_status table_load(struct mr_table *table, struct mr_err *err)
{
    char log[MR_PATH_MAX];
    struct mr_arena arena;
    struct mr_dir_list list;
    mr_delta_snapshot_fini(&table->snapshot);
    mr_delta_snapshot_init(&table->snapshot, table->heap);
    table->head = (struct identity){0};
    table->is_stale = true;
    table_log_path(table, "", log);
    mr_arena_init(&arena, table->heap, 0);
    mr_status status = mr_dir_list(table->io, &arena, log, false, &list, err);
    if (status == MR_E_NOT_FOUND) {
        mr_err_set(err, MR_E_NOT_FOUND, ERR_NOT_TABLE, "there is no Delta table here");
    }
    if (status == MR_OK) status = load_listed(table, &list, err);
    table->is_stale = status != MR_OK;
    mr_arena_fini(&arena);
    return status;
}

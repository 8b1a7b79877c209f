/* From the files of _delta_log to a snapshot.
 *
 * The folder is listed; `_last_checkpoint` is a hint that a listing does not need, so that a stale
 * or broken one cannot mislead. The newest log checkpoint that reads is where replay starts; the
 * commits behind it must follow one another without a hole. A listing made while others commit may
 * show a name and not the one before it, so what is missing is decided by opening. */
#include "core/table/table_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"

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

static void snapshot_reset(struct mr_table *table)
{
    mr_delta_snapshot_fini(&table->snapshot);
    mr_delta_snapshot_init(&table->snapshot, table->heap);
}

/* The newest log checkpoint that reads; an older one, or none, if newer ones are damaged. */
static mr_status load_checkpoint(struct mr_table *table, const struct log_checkpoint *list,
                                 uint32_t count, struct mr_err *out_why)
{
    for (uint32_t i = count; i > 0; i--) {
        snapshot_reset(table);
        mr_status status = table_read_checkpoint(table, &list[i - 1], out_why);
        if (status == MR_OK) {
            table->snapshot.version = list[i - 1].version;
            table->checkpoint_version = list[i - 1].version;
            if (table->snapshot.has_metadata) table->snapshot.expire_ms = table_expire_ms(table);
            return MR_OK;
        }
        bool is_its_fault =
            status == MR_E_CORRUPT || status == MR_E_UNSUPPORTED || status == MR_E_NOT_FOUND;
        if (!is_its_fault) return status;
    }
    snapshot_reset(table);
    table->checkpoint_version = -1;
    return MR_OK;
}

static mr_status missing(int64_t version, const struct log_files *files, const struct mr_err *why,
                         struct mr_err *err)
{
    if (version == 0 && files->checkpoint_count > 0) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_EARLY_GONE,
                          "commit 0 of the table's log is gone and its log checkpoint does not "
                          "read: %.600s",
                          why->message);
    }
    if (version == 0 && files->last_commit < 0) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NOT_TABLE, "there is no Delta table here");
    }
    return mr_err_set(
        err, MR_E_CORRUPT, version == 0 ? ERR_EARLY_GONE : ERR_LOG,
        "commit %" PRId64 " of the table's log is missing, but commit %" PRId64 " is there%s",
        version, files->last_commit, version == 0 ? ", and there is no log checkpoint" : "");
}

static mr_status load_listed(struct mr_table *table, const struct log_files *files,
                             struct mr_err *err)
{
    struct mr_err why = {0};
    mr_status status = load_checkpoint(table, files->checkpoints, files->checkpoint_count, &why);
    if (status != MR_OK) {
        if (err != NULL) *err = why;
        return status;
    }
    for (int64_t v = table->snapshot.version + 1; v == 0 || v <= files->last_commit; v++) {
        status = table_read_commit(table, v, err);
        if (status == MR_E_NOT_FOUND) return missing(v, files, &why, err);
        if (status != MR_OK) return status;
    }
    MR_TRY(mr_delta_snapshot_settle(&table->snapshot, err));
    if (!table_has_times(table) || table->snapshot.in_commit_ms != MR_DELTA_NONE) return MR_OK;
    return table_read_time(table, err);
}

mr_status table_load(struct mr_table *table, struct mr_err *err)
{
    char log[MR_PATH_MAX];
    struct mr_arena arena;
    struct log_files files;
    snapshot_reset(table);
    table->head = (struct identity){0};
    table->is_stale = true;
    table_log_path(table, "", log);
    mr_arena_init(&arena, table->heap, 0);
    mr_status status = table_list_log(table, &arena, log, &files, err);
    if (status == MR_E_NOT_FOUND) {
        mr_err_set(err, MR_E_NOT_FOUND, ERR_NOT_TABLE, "there is no Delta table here");
    }
    if (status == MR_OK) status = load_listed(table, &files, err);
    table->is_stale = status != MR_OK;
    mr_arena_fini(&arena);
    return status;
}

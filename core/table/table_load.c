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

/* What follows from having folded the file of `version` in. */
static void set_version(struct mr_table *table, int64_t version, struct identity head)
{
    if (table->snapshot.has_metadata) table->snapshot.expire_ms = table_expire_ms(table);
    table->snapshot.version = version;
    table->head = head;
}

mr_status table_read_commit(struct mr_table *table, int64_t version, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct identity head;
    table_commit_path(table, version, path);
    /* Identity first: should the file be replaced in between, the next refresh will notice. */
    MR_TRY(table_identity(table, version, &head, err));
    MR_TRY(table_read_lines(table, &table->snapshot, path, table->seen, table->seen_ctx, err));
    set_version(table, version, head);
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
        if (list[i - 1].version > table->pinned) continue;
        snapshot_reset(table);
        mr_status status = table_read_checkpoint(table, &list[i - 1], out_why);
        if (status == MR_OK) {
            table->checkpoint_version = list[i - 1].version;
            set_version(table, list[i - 1].version, (struct identity){0});
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

/* The longest compaction that begins with `version` and does not lead beyond `last`. */
static const struct log_compaction *compaction_at(const struct log_files *files, int64_t version,
                                                  int64_t last)
{
    const struct log_compaction *best = NULL;
    for (uint32_t i = 0; i < files->compaction_count; i++) {
        const struct log_compaction *c = &files->compactions[i];
        if (c->first == version && c->last <= last) best = c; /* sorted by `last` too */
    }
    return best;
}

static void count_seen(void *ctx, const struct mr_delta_action *action)
{
    uint64_t *count = ctx;
    switch (action->kind) {
    case MR_DELTA_PROTOCOL:
    case MR_DELTA_METADATA:
    case MR_DELTA_ADD:
    case MR_DELTA_REMOVE:
    case MR_DELTA_TXN:
    case MR_DELTA_DOMAIN: ++*count; break;
    default: break;
    }
}

/* A compaction has one action a key, so that their order means nothing. One with more was put
 * together in some other way: the commits say what was meant. */
static mr_status check_compaction(struct mr_table *table, const char *path, struct mr_err *err)
{
    struct mr_delta_snapshot alone;
    uint64_t count = 0;
    mr_delta_snapshot_init(&alone, table->heap);
    mr_status status = table_read_lines(table, &alone, path, count_seen, &count, err);
    uint64_t keys = alone.used + (uint64_t)alone.has_protocol + (uint64_t)alone.has_metadata;
    mr_delta_snapshot_fini(&alone);
    if (status != MR_OK || keys == count) return status;
    return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the log compaction %s is not reconciled", path);
}

/* A compaction has no commitInfo, so the time of its last commit is not known from it. */
static mr_status read_compaction(struct mr_table *table, const struct log_compaction *compaction,
                                 struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct identity head = {0};
    table_log_path(table, compaction->name, path);
    MR_TRY(check_compaction(table, path, err));
    MR_TRY(table_read_lines(table, &table->snapshot, path, NULL, NULL, err));
    mr_status status = table_identity(table, compaction->last, &head, err);
    if (status != MR_OK && status != MR_E_NOT_FOUND) return status;
    table->snapshot.in_commit_ms = MR_DELTA_NONE;
    set_version(table, compaction->last, head);
    return MR_OK;
}

/* The oldest version that the files can give, or -1. */
static int64_t oldest_version(const struct log_files *files)
{
    if (files->commit_count > 0 && files->commits[0].version == 0) return 0;
    return files->checkpoint_count > 0 ? files->checkpoints[0].version : -1;
}

static mr_status missing(const struct mr_table *table, int64_t version,
                         const struct log_files *files, const struct mr_err *why,
                         struct mr_err *err)
{
    if (version == 0 && files->checkpoint_count > 0 && why->status == MR_OK) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_VERSION,
                          "version %" PRId64 " of the table cannot be read any more; the oldest "
                          "one is %" PRId64,
                          table->pinned, oldest_version(files));
    }
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

static mr_status load_commits(struct mr_table *table, const struct log_files *files,
                              const struct mr_err *why, struct mr_err *err)
{
    int64_t last = MR_MIN(files->last_commit, table->pinned);
    for (int64_t v = table->snapshot.version + 1; v == 0 || v <= last;
         v = table->snapshot.version + 1) {
        const struct log_compaction *compaction =
            table->ignores_compactions ? NULL : compaction_at(files, v, last);
        mr_status status = compaction == NULL ? table_read_commit(table, v, err)
                                              : read_compaction(table, compaction, err);
        bool is_its_fault = status == MR_E_CORRUPT || status == MR_E_NOT_FOUND;
        table->ignores_compactions |= compaction != NULL && is_its_fault;
        if (status == MR_E_NOT_FOUND) return missing(table, v, files, why, err);
        if (status != MR_OK) return status;
    }
    if (table->pinned == INT64_MAX || table->snapshot.version == table->pinned) return MR_OK;
    return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_VERSION,
                      "the table has no version %" PRId64 "; the newest is %" PRId64,
                      table->pinned, table->snapshot.version);
}

static mr_status load_listed(struct mr_table *table, const struct log_files *files,
                             struct mr_err *err)
{
    struct mr_err why = {.status = MR_OK};
    bool used_compactions = !table->ignores_compactions;
    mr_status status = load_checkpoint(table, files->checkpoints, files->checkpoint_count, &why);
    if (status != MR_OK) {
        if (err != NULL) *err = why;
        return status;
    }
    status = load_commits(table, files, &why, err);
    if (status != MR_OK && used_compactions && table->ignores_compactions) {
        return load_listed(table, files, err); /* once more, from the commits */
    }
    if (status != MR_OK) return status;
    MR_TRY(mr_delta_snapshot_settle(&table->snapshot, err));
    if (!table_has_times(table) || table->snapshot.in_commit_ms != MR_DELTA_NONE) return MR_OK;
    status = table_read_time(table, err);
    /* Only the next commit needs it, and a pinned table takes none. */
    return status == MR_E_NOT_FOUND && table->pinned != INT64_MAX ? MR_OK : status;
}

mr_status table_load(struct mr_table *table, struct mr_err *err)
{
    struct mr_arena arena;
    struct log_files files;
    snapshot_reset(table);
    table->head = (struct identity){0};
    table->is_stale = true;
    table->ignores_compactions = false;
    mr_arena_init(&arena, table->heap, 0);
    mr_status status = table_list_log(table, &arena, false, &files, err);
    if (status == MR_E_NOT_FOUND) {
        mr_err_set(err, MR_E_NOT_FOUND, ERR_NOT_TABLE, "there is no Delta table here");
    }
    if (status == MR_OK) status = load_listed(table, &files, err);
    table->is_stale = status != MR_OK;
    mr_arena_fini(&arena);
    return status;
}

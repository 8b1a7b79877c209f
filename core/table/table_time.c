#include "core/table/table_time.h"

#include <inttypes.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/table/table_travel.h"
#include "kernels/text/number.h"

static int64_t property_number(const struct mr_table *table, const char *name, int64_t otherwise)
{
    struct mr_span text = mr_delta_property(&table->snapshot.metadata, name);
    int64_t value;
    return mr_i64_parse(text.text, text.bytes, &value) == MR_PARSE_OK ? value : otherwise;
}

void table_times_of(const struct mr_table *table, const struct log_files *files,
                    struct log_times *out)
{
    const struct log_commit *commits = files->commits;
    uint32_t first = files->commit_count;
    while (first > 0 && (first == files->commit_count ||
                         commits[first].version == commits[first - 1].version + 1)) {
        first--;
    }
    *out = (struct log_times){.commits = files->commits + first,
                              .count = files->commit_count - first,
                              .kept_from = INT64_MAX};
    for (uint32_t i = 1; i < out->count; i++) {
        struct log_commit *commit = &out->commits[i];
        commit->modified_ms = MR_MAX(commit->modified_ms, commit[-1].modified_ms + 1);
    }
    if (table_has_times(table)) {
        out->kept_from = property_number(table, "delta.inCommitTimestampEnablementVersion", 0);
    }
}

mr_status table_time_of(struct mr_table *table, const struct log_times *times, uint32_t index,
                        int64_t *out_ms, struct mr_err *err)
{
    const struct log_commit *commit = &times->commits[index];
    struct mr_delta_commit_info info;
    *out_ms = commit->modified_ms;
    if (commit->version < times->kept_from) return MR_OK;
    MR_TRY(table_read_info(table, commit->version, NULL, &info, err));
    if (info.in_commit_ms == MR_DELTA_NONE) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                          "commit %" PRId64 " of the table's log has no inCommitTimestamp",
                          commit->version);
    }
    *out_ms = info.in_commit_ms;
    return MR_OK;
}

mr_status table_times_find(struct mr_table *table, const struct log_times *times, int64_t ms,
                           uint32_t *out_count, struct mr_err *err)
{
    /* Times of both kinds rise, but a file may be younger than what commitInfos say: so first, on
     * which side of the change the moment is. */
    uint32_t low = 0, high = times->count;
    int64_t at = 0;
    while (high > 0 && times->commits[high - 1].version >= times->kept_from) high--;
    if (high < times->count) {
        MR_TRY(table_time_of(table, times, high, &at, err));
        if (at <= ms) {
            low = high;
            high = times->count;
        }
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        MR_TRY(table_time_of(table, times, middle, &at, err));
        if (at <= ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *out_count = low;
    return MR_OK;
}

/* ---- opening at a version or a moment ---- */

static mr_status no_time(const char *what, int64_t version,
                         int64_t version_ms, const struct mr_table_when *when, struct mr_err *err)
{
    char wanted[MR_TIME_TEXT_MAX], there[MR_TIME_TEXT_MAX];
    (void)mr_time_format(when->time_us, 6, "Z", wanted);
    (void)mr_time_format(version_ms * MR_US_PER_MS, 3, "Z", there);
    return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_TIME,
                      "%s is %s version of the table that can be read, %" PRId64 " of %s", wanted,
                      what, version, there);
}

/* The oldest commit from which on every version can be put together. */
static uint32_t first_readable(const struct log_times *times, const struct log_files *files)
{
    if (times->count == 0 || times->commits[0].version == 0) return 0;
    int64_t oldest = files->checkpoint_count > 0 ? files->checkpoints[0].version : INT64_MAX;
    uint32_t first = 0;
    while (first < times->count && times->commits[first].version < oldest) first++;
    return first;
}

static mr_status version_at(struct mr_table *table, const struct mr_table_when *when,
                            struct mr_arena *arena, int64_t *out_version, struct mr_err *err)
{
    struct log_times times;
    struct log_files files;
    uint32_t count = 0;
    int64_t ms = mr_floor_div(when->time_us, MR_US_PER_MS), last_ms = 0;
    MR_TRY(table_list_log(table, arena, true, &files, err));
    table_times_of(table, &files, &times);
    uint32_t first = first_readable(&times, &files);
    if (first == times.count) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_TIME,
                          "no commit of the table is left that says when it was made");
    }
    MR_TRY(table_times_find(table, &times, ms, &count, err));
    if (count <= first) {
        MR_TRY(table_time_of(table, &times, first, &last_ms, err));
        return no_time("before the first", times.commits[first].version, last_ms, when,
                       err);
    }
    if (count == times.count) {
        MR_TRY(table_time_of(table, &times, count - 1, &last_ms, err));
        if (ms > last_ms) {
            return no_time("after the newest", times.commits[count - 1].version, last_ms,
                           when, err);
        }
    }
    *out_version = times.commits[count - 1].version;
    return MR_OK;
}

static mr_status open_pinned(struct mr_table *table, const struct mr_table_when *when,
                             struct mr_err *err)
{
    int64_t version = when->version;
    if (when->kind == MR_TABLE_AT_TIME) {
        struct mr_arena arena;
        mr_arena_init(&arena, table->heap, 0);
        /* Where commits' times are is a property of the newest version. */
        mr_status status = table_load(table, err);
        if (status == MR_OK) status = version_at(table, when, &arena, &version, err);
        mr_arena_fini(&arena);
        if (status != MR_OK) return status;
        table->pinned = version;
        if (table->snapshot.version == version) return MR_OK;
    }
    if (version < 0) {
        return mr_err_set(err, MR_E_NOT_FOUND, ERR_NO_VERSION,
                          "the table has no version %" PRId64, version);
    }
    table->pinned = version;
    return table_load(table, err);
}

mr_status mr_table_open_at(struct mr_io *io, struct mr_heap *heap, const char *path,
                           const struct mr_table_when *when, struct mr_table **out_table,
                           struct mr_err *err)
{
    struct mr_table *table = NULL;
    if (when->kind == MR_TABLE_NEWEST) return mr_table_open(io, heap, path, out_table, err);
    MR_TRY(table_new(io, heap, path, &table, err));
    mr_status status = open_pinned(table, when, err);
    if (status != MR_OK) {
        mr_err_origin(err, path);
        mr_table_close(table);
        return status;
    }
    *out_table = table;
    return MR_OK;
}

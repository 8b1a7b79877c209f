/* When versions were committed, and which version it was at a moment.
 *
 * A commit's time is the inCommitTimestamp in its commitInfo, from the version on where the table
 * began to keep them; before that it is the modification time of its file, raised to a millisecond
 * above the version before where the file system's clock went back.
 * Source: PROTOCOL.md "In-Commit Timestamps"; Spark's DeltaHistoryManager (behaviour). */
#ifndef MR_CORE_TABLE_TABLE_TIME_H
#define MR_CORE_TABLE_TABLE_TIME_H

#include "core/table/table_log.h"

struct log_times {
    struct log_commit *commits; /* without a hole, up to the newest; modified_ms is made to rise */
    uint32_t count;
    int64_t kept_from; /* first version whose time is in its commitInfo; INT64_MAX = none */
};

/* table_times_of: of an open table's commits that are still there. `files` is a listing with times;
 * its commits are shared and changed. */
void table_times_of(const struct mr_table *table, const struct log_files *files,
                    struct log_times *out);

/* table_time_of: of commits[index]; reads its file when the time is in there. */
mr_status table_time_of(struct mr_table *table, const struct log_times *times, uint32_t index,
                        int64_t *out_ms, struct mr_err *err);

/* table_times_find: the number of commits at or before the moment: commits[n - 1] is the newest of
 * them. Reads a logarithm of the files. */
mr_status table_times_find(struct mr_table *table, const struct log_times *times, int64_t ms,
                           uint32_t *out_count, struct mr_err *err);

#endif

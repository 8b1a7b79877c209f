/* The folder _delta_log as a list of what can be read, and log checkpoints as snapshots.
 *
 *   <20 digits>.json                                   a commit
 *   <20 digits>.checkpoint.parquet                     classic, or V2 under the classic name
 *   <20 digits>.checkpoint.<10 digits>.<10 digits>.parquet   part o of p: usable when all are there
 *   <20 digits>.checkpoint.<uuid>.json, .parquet       V2: may name files in _sidecars
 *   <20 digits>.<20 digits>.compacted.json             all commits of these versions and between
 * Everything else is passed over, so are names that begin with a dot or an underscore.
 * Source: PROTOCOL.md "Checkpoints", "Log Compaction Files"; DELTA.md 1.3. */
#ifndef MR_CORE_TABLE_TABLE_LOG_H
#define MR_CORE_TABLE_TABLE_LOG_H

#include "core/table/table_impl.h"

struct log_checkpoint {
    int64_t version;
    const struct mr_dir_entry *files; /* [count]: one, or all parts in order */
    uint32_t count;
    bool is_json;
};

struct log_commit {
    int64_t version;
    int64_t modified_ms; /* of the file; 0 when the listing is one without times */
};

struct log_compaction {
    int64_t first; /* version */
    int64_t last;  /* > first */
    const char *name;
};

/* What a listing shows; all ascending by version. */
struct log_files {
    int64_t last_commit; /* -1 = none */
    struct log_commit *commits;
    uint32_t commit_count;
    struct log_checkpoint *checkpoints; /* complete ones */
    uint32_t checkpoint_count;
    struct log_compaction *compactions;
    uint32_t compaction_count;
};

mr_status table_list_log(struct mr_table *table, struct mr_arena *arena, bool with_times,
                         struct log_files *out, struct mr_err *err);

/* table_read_lines: folds the lines of a commit, a compaction or a JSON checkpoint into a snapshot,
 * the table's or another; `seen`, if not null, gets each action before.
 * returns MR_E_NOT_FOUND when there is no such file */
mr_status table_read_lines(struct mr_table *table, struct mr_delta_snapshot *into,
                           const char *path,
                           void (*seen)(void *ctx, const struct mr_delta_action *action),
                           void *seen_ctx, struct mr_err *err);

/* table_read_checkpoint: folds the checkpoint into the table's empty snapshot. */
mr_status table_read_checkpoint(struct mr_table *table, const struct log_checkpoint *checkpoint,
                                struct mr_err *err);

#endif

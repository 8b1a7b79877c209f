/* The folder _delta_log as a list of what can be read, and log checkpoints as snapshots.
 *
 *   <20 digits>.json                                   a commit
 *   <20 digits>.checkpoint.parquet                     classic, or V2 under the classic name
 *   <20 digits>.checkpoint.<10 digits>.<10 digits>.parquet   part o of p: usable when all are there
 *   <20 digits>.checkpoint.<uuid>.json, .parquet       V2: may name files in _sidecars
 * Everything else is passed over. Source: PROTOCOL.md "Checkpoints"; DELTA.md 1.3. */
#ifndef MR_CORE_TABLE_TABLE_LOG_H
#define MR_CORE_TABLE_TABLE_LOG_H

#include "core/table/table_impl.h"

struct log_checkpoint {
    int64_t version;
    const struct mr_dir_entry *files; /* [count]: one, or all parts in order */
    uint32_t count;
    bool is_json;
};

struct log_files {
    int64_t last_commit;                /* -1 = none */
    struct log_checkpoint *checkpoints; /* complete ones, ascending by version */
    uint32_t checkpoint_count;
};

mr_status table_list_log(struct mr_table *table, struct mr_arena *arena, const char *log,
                         struct log_files *out, struct mr_err *err);

/* table_read_checkpoint: folds the checkpoint into the table's empty snapshot. */
mr_status table_read_checkpoint(struct mr_table *table, const struct log_checkpoint *checkpoint,
                                struct mr_err *err);

#endif

/* Rows of log checkpoints: actions as columns, and columns as actions.
 *
 * A log checkpoint is a Parquet file with one row per action and one nullable struct column per
 * kind. Both ways go through the action's JSON line: it is the one form that everything here
 * already reads and writes, a checkpoint is made off the commit path, and a schema-driven walk
 * serves every column that other writers may have added (stats_parsed instead of stats, V2's
 * sidecar and checkpointMetadata).
 *
 *   snapshot --next--> record batch --(core/format/parquet)--> n.checkpoint.parquet
 *   n.checkpoint.parquet --(core/format/parquet)--> record batch --action--> snapshot
 * Source: PROTOCOL.md "Checkpoints", "Checkpoint Schema". */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_ROWS_H
#define MR_CORE_FORMAT_DELTA_DELTA_ROWS_H

#include "core/batch/batch.h"
#include "core/format/delta/delta_snapshot.h"

/* mr_delta_rows_schema: the checkpoint's schema, into `arena`; null when out of memory. */
const struct mr_type *mr_delta_rows_schema(struct mr_arena *arena);

/* A walk over a snapshot's actions, a batch at a time; the snapshot must not change meanwhile. */
struct mr_delta_rows {
    const struct mr_delta_snapshot *snapshot;
    const struct mr_type *schema; /* of mr_delta_rows_schema */
    struct mr_arena scratch;      /* one action */
    struct mr_text line;
    struct mr_text strings; /* of the batch given last */
    uint32_t step;          /* 0: protocol, 1: metaData, 2: the rest */
    uint32_t cursor;
    uint64_t row_count; /* so far */
    uint64_t add_count;
};

void mr_delta_rows_init(struct mr_delta_rows *rows, struct mr_heap *heap,
                        const struct mr_delta_snapshot *snapshot, const struct mr_type *schema);
void mr_delta_rows_fini(struct mr_delta_rows *rows);

/* mr_delta_rows_next: up to MR_BATCH_ROWS_MAX rows over `arena`, valid until the next call; 0 rows
 * at the end. returns MR_E_NOMEM, MR_E_LIMIT when their strings exceed 4 GiB */
MR_MUST_USE mr_status mr_delta_rows_next(struct mr_delta_rows *rows, struct mr_arena *arena,
                                         struct mr_batch *out_batch, struct mr_err *err);

/* mr_delta_rows_apply: folds all rows of a checkpoint's batch into a snapshot; its schema names the
 * columns. `sidecar` gets the sidecar actions; null = there are none to be expected. */
MR_MUST_USE mr_status mr_delta_rows_apply(struct mr_delta_snapshot *snapshot,
                                          struct mr_arena *scratch, const struct mr_batch *batch,
                                          void (*seen)(void *ctx,
                                                       const struct mr_delta_action *action),
                                          void *seen_ctx, struct mr_err *err);

/* mr_delta_value_write: a column's value as JSON; struct members that are null are left out. */
void mr_delta_value_write(const struct mr_vec *vec, uint32_t row, struct mr_text *out);

#endif

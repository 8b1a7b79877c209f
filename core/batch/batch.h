/* Record batches: columns of equal length with a selection.
 *
 * A batch is made by a decoder, passes through operators on one shard and ends in a segment or an
 * exchange. Filters only narrow the selection; they copy nothing. Everything the columns need lies
 * in `arena` and in `input`, which the batch holds one reference to; both are given up by
 * mr_batch_fini, so whoever keeps bytes longer copies them.
 *
 * `range` and `first_record` are the input ordinal of row 0: row i is record first_record + i of
 * the range, unless `ordinals` is there, which lists them (a decoder that dropped records). */
#ifndef MR_CORE_BATCH_BATCH_H
#define MR_CORE_BATCH_BATCH_H

#include "core/batch/vec.h"
#include "core/mem/buf.h"

enum { MR_BATCH_ROWS_MAX = 4096 };

struct mr_batch {
    const struct mr_type *schema; /* struct; borrowed, outlives the batch */
    uint32_t rows;
    struct mr_vec *cols; /* one per member of schema */
    const uint32_t *sel; /* ascending, < rows; null pointer = all rows */
    uint32_t sel_count;  /* rows when sel is null */
    struct mr_arena *arena;
    struct mr_bufs bufs;
    struct mr_buf *input; /* bufs.at[0] lies in it; null when foreign or none */
    uint32_t range;       /* index of the input range within the epoch */
    uint64_t first_record;
    const uint32_t *ordinals; /* [rows], relative to first_record; null = 0, 1, 2, ... */
};

/* mr_batch_init: an empty batch over `arena`; columns are added by the maker. */
void mr_batch_init(struct mr_batch *batch, struct mr_arena *arena, const struct mr_type *schema);

/* mr_batch_fini: gives up the input buffer and resets the arena. */
void mr_batch_fini(struct mr_batch *batch);

static inline uint32_t mr_batch_row(const struct mr_batch *batch, uint32_t i)
{
    MR_DCHECK(i < batch->sel_count);
    return batch->sel == NULL ? i : batch->sel[i];
}

/* mr_batch_add_buf: registers memory that views may point into.
 * returns its index, or MR_BUFS_MAX when there is no room */
uint32_t mr_batch_add_buf(struct mr_batch *batch, const char *at);

void mr_batch_check(const struct mr_batch *batch);

#endif

/* Aggregates at work: states, one per group, and what is done to them.
 *
 * A state is plain memory of the operator's that begins as zeros; what does not fit in it (texts,
 * lists, sketches) lies in blocks that the aggregate keeps and gives up at once. Updates take the
 * rows of a batch: `scatter` each row into a state of its own, `reduce` all of them into one, which
 * keeps the sum in a register.
 *
 *   zeros ─▶ scatter | reduce | load* ─▶ finish: one value             save ─▶ bytes ─▶ load
 *
 * `save` writes what a state knows as bytes that `load` adds to another state of the same call, on
 * another shard or in a later run: so partial aggregates travel. Loading in any order gives the
 * same value but for rounding of doubles, and for functions with MR_AGG_ORDERED, which take it for
 * the order of rows. `finish` may be called more than once, with updates in between. */
#ifndef MR_CORE_EXPR_AGGREGATE_STATE_H
#define MR_CORE_EXPR_AGGREGATE_STATE_H

#include "core/batch/column.h"
#include "core/expr/aggregate.h"

struct mr_aggregate;
struct mr_percentages;

struct mr_aggregate_rows {
    const uint32_t *at; /* null pointer = 0 .. count - 1 */
    uint32_t count;
    const struct mr_vec *args; /* the row arguments */
};

struct mr_aggregate_kind {
    uint32_t state_bytes; /* a multiple of 16; states are aligned to 16 */
    mr_status (*scatter)(struct mr_aggregate *agg, char *const *states, size_t off,
                         const struct mr_aggregate_rows *rows, struct mr_err *err);
    mr_status (*reduce)(struct mr_aggregate *agg, void *state,
                        const struct mr_aggregate_rows *rows, struct mr_err *err);
    /* Plain states, without blocks: adds one to another. Others have save, load and drop. */
    void (*merge)(const struct mr_aggregate *agg, void *into, const void *from);
    void (*save)(struct mr_aggregate *agg, void *state, struct mr_text *out);
    mr_status (*load)(struct mr_aggregate *agg, void *state, struct mr_span saved,
                      struct mr_err *err);
    void (*drop)(struct mr_aggregate *agg, void *state);
    mr_status (*finish)(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                        struct mr_text_area *area, struct mr_err *err);
};

enum { MR_BLOCK_CLASSES = 48 };

/* Blocks of an aggregate's states: powers of two from an arena, used again when given back. */
struct mr_blocks {
    struct mr_arena arena;
    void *free[MR_BLOCK_CLASSES];
};

struct mr_aggregate {
    const struct mr_aggregate_kind *kind;
    const struct mr_aggregate_function *function;
    const struct mr_type *type;         /* of the result */
    const struct mr_type *arg_types[2]; /* of the first row arguments */
    uint32_t row_args;
    bool ignores_nulls; /* first, last */
    unsigned hll_bits;
    int64_t accuracy;
    struct mr_span delimiter;
    struct mr_percentages *percentages;
    struct mr_blocks blocks;
    struct mr_text scratch; /* of updates */
    struct mr_text saved;   /* the owner's, for what it saves */
};

/* mr_aggregate_open: `call` is borrowed until close; `builder` gives zone and, for what is made
 * now, an arena. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_aggregate_open(struct mr_aggregate *agg, struct mr_heap *heap,
                                        const struct mr_zone *zone,
                                        const struct mr_aggregate_call *call, struct mr_err *err);
void mr_aggregate_close(struct mr_aggregate *agg); /* cleared to zero is fine */

/* mr_aggregate_save, _load: see above. mr_aggregate_drop: the state is as at the beginning again,
 * its blocks are given back. */
void mr_aggregate_save(struct mr_aggregate *agg, void *state, struct mr_text *out);
MR_MUST_USE mr_status mr_aggregate_load(struct mr_aggregate *agg, void *state,
                                        struct mr_span saved, struct mr_err *err);
void mr_aggregate_drop(struct mr_aggregate *agg, void *state);

/* mr_blocks_take: a block of at least `bytes`; null when out of memory. give: with the same bytes.
 */
void *mr_blocks_take(struct mr_blocks *blocks, size_t bytes);
void mr_blocks_give(struct mr_blocks *blocks, void *block, size_t bytes);

#endif

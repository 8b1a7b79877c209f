/* Operators: a query at work, a tree of things that give record batches when asked.
 *
 *   root.next ─▶ filter.next ─▶ join.next ─▶ scan.next          rows travel the other way
 *
 * An operator runs on one shard and is pulled: `next` does a bounded amount of work and says what
 * came of it. It never blocks and never loops over an unknown number of batches: one that consumes
 * its whole input first (a sort, the build side of a join) takes one batch a call and says AGAIN.
 *
 *   ROWS   *out_batch is set; it and all it points to are good until the next call on the operator
 *   END    no more rows; asking again gives END again
 *   AGAIN  something was done, nothing came of it yet: ask again when it is your turn
 *   WAIT   something is in flight: ask again after the operator's waker was called
 *
 * A batch that comes out has selected rows, at most MR_BATCH_ROWS_MAX, and belongs to the operator
 * that gave it. The one that got it may narrow its selection in place and compute in its arena, and
 * never keeps it: whoever needs rows longer copies them into memory of its own. So filters and
 * projections copy nothing.
 *
 * Memory comes from the query's heap, which has the query's limit: what does not fit fails with
 * MR_E_LIMIT and a message that names the operator. Errors of rows (ANSI) end the query.
 *
 *   init ─▶ next* ─▶ stop (until it says true) ─▶ fini       stop and fini at any time after init
 */
#ifndef MR_CORE_OPS_OPERATOR_H
#define MR_CORE_OPS_OPERATOR_H

#include "core/batch/batch.h"
#include "core/expr/program.h"
#include "core/ops/scan.h"

typedef enum mr_pull { MR_PULL_ROWS, MR_PULL_END, MR_PULL_AGAIN, MR_PULL_WAIT } mr_pull;

struct mr_operator;

struct mr_operator_kind {
    const char *name; /* as EXPLAIN shows it: "HashAggregate" */
    mr_status (*next)(struct mr_operator *self, struct mr_batch **out_batch, mr_pull *out_pull,
                      struct mr_err *err);
    /* Gives up what is in flight, here and below; true when nothing is any more. Null: below only.
     */
    bool (*stop)(struct mr_operator *self);
    /* What it owns but for itself and its inputs, which are ended already; null: nothing. */
    void (*fini)(struct mr_operator *self);
};

/* What EXPLAIN ANALYZE shows. */
struct mr_operator_counts {
    uint64_t rows;     /* given */
    uint64_t batches;
    uint64_t calls;    /* of next */
    int64_t busy_us;   /* in next, with its inputs; only measured on request */
    size_t peak_bytes; /* of memory of its own */
};

/* What all operators of a query on one shard share. */
struct mr_query_env {
    struct mr_heap *heap; /* with the query's limit */
    struct mr_io *io;     /* the shard's */
    struct mr_program_context context;
    struct mr_waker waker; /* called when a WAIT may be over */
    uint64_t seed;         /* of hash tables: keys come from outside */
    uint32_t batch_rows;   /* how many rows a batch has at most; 0 = MR_BATCH_ROWS_MAX */
    bool is_measured;      /* fill busy_us */
};

/* First member of every operator. */
struct mr_operator {
    const struct mr_operator_kind *kind;
    struct mr_query_env *env;
    const struct mr_type *schema; /* of the batches that it gives; borrowed */
    struct mr_operator *inputs[2];
    uint32_t input_count;
    size_t bytes; /* of the whole operator, for its fini */
    struct mr_operator_counts counts;
};

/* mr_operator_next: asks, and counts. */
MR_MUST_USE mr_status mr_operator_next(struct mr_operator *op, struct mr_batch **out_batch,
                                       mr_pull *out_pull, struct mr_err *err);

/* mr_operator_stop, mr_operator_fini: of a whole tree; null is allowed. */
bool mr_operator_stop(struct mr_operator *op);
void mr_operator_fini(struct mr_operator *op);

#endif

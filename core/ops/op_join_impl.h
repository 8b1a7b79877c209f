/* Hash join: what its files share.
 *
 * The right side goes into a store: keys, then columns; rows of one key are chained in next[], and
 * the index finds the first of them. Then batches of the left follow, each turned into pairs (left
 * row, stored row), at most a batch of them per call:
 *
 *   BUILD --(right ended)--> PROBE --(a left batch)--> PAIRS --> LEFT_REST --> PROBE
 *                              └──(left ended)--> RIGHT_REST --> END
 *
 * Without keys every stored row is a candidate of every left row. A pair counts when the residual
 * is true of it; then both rows are marked. Rows with a null key match nothing and are kept only by
 * joins that give unmatched right rows, or want to know that there was a null. */
#ifndef MR_CORE_OPS_OP_JOIN_IMPL_H
#define MR_CORE_OPS_OP_JOIN_IMPL_H

#include "core/ops/op_impl.h"
#include "core/ops/row_store_index.h"

enum join_phase {
    JOIN_BUILD,
    JOIN_PROBE,
    JOIN_PAIRS,
    JOIN_LEFT_REST,
    JOIN_RIGHT_REST,
    JOIN_END,
};

enum join_mark { JOIN_UNMATCHED, JOIN_MATCHED, JOIN_UNKNOWN };

struct join {
    struct mr_operator op;
    struct mr_op_join_spec spec;
    struct mr_arena arena;
    enum join_phase phase;
    struct mr_program *left_program, *right_program, *residual;
    const struct mr_type *pair_schema; /* left's members, then right's */
    bool *is_needed;                   /* of pair_schema: what pairs are made of */
    uint32_t left_count, right_count;
    uint32_t linked_keys; /* keys that the index is over */
    uint32_t first_key;   /* the first of them: 1 when the comparison of IN is made pair by pair */
    /* the right side */
    struct mr_row_store store;
    struct mr_row_index index;
    uint32_t *next;
    uint32_t next_capacity;
    uint64_t *is_matched; /* RIGHT, FULL: a bit per stored row */
    bool has_duplicates;
    bool has_null; /* a null in the key of IN */
    /* the left batch that is followed */
    struct mr_batch *batch;
    struct mr_vec *keys;
    uint32_t *heads; /* by position in its selection: first candidate */
    uint8_t *marks;  /* enum join_mark */
    uint32_t position, candidate; /* where the pairs go on; MR_STORE_NO_ROW = at its head */
    uint32_t rest_row;            /* RIGHT_REST: the next stored row to look at */
    /* scratch */
    uint64_t *hashes;
    uint32_t *rows, *ids;
    uint32_t *pair_rows, *pair_positions, *pair_ids;
    struct op_out out;
    struct mr_batch passed; /* a left batch with columns of the right or a mark */
};

/* join_build: takes a batch of the right in. join_built: the right has ended. */
MR_MUST_USE mr_status join_build(struct join *self, struct mr_batch *batch, struct mr_err *err);
MR_MUST_USE mr_status join_built(struct join *self, struct mr_err *err);

/* join_probe: begins with a batch of the left. join_pairs: the next pairs; *out_batch null when
 * nothing is to be given yet. */
MR_MUST_USE mr_status join_probe(struct join *self, struct mr_batch *batch, struct mr_err *err);
MR_MUST_USE mr_status join_pairs(struct join *self, struct mr_batch **out_batch,
                                 struct mr_err *err);

/* join_left_rest: what is left of the batch when all its pairs are known. */
MR_MUST_USE mr_status join_left_rest(struct join *self, struct mr_batch **out_batch,
                                     struct mr_err *err);

/* join_right_rest: stored rows that matched nothing. */
MR_MUST_USE mr_status join_right_rest(struct join *self, struct mr_batch **out_batch,
                                      struct mr_err *err);

static inline bool join_keeps_right(const struct join *self)
{
    return self->spec.kind == MR_OP_JOIN_RIGHT || self->spec.kind == MR_OP_JOIN_FULL;
}

/* join_gives_pairs: else each left row comes once at most, as it is. */
static inline bool join_gives_pairs(const struct join *self)
{
    return self->spec.kind <= MR_OP_JOIN_FULL || self->spec.kind == MR_OP_JOIN_SINGLE;
}

#endif

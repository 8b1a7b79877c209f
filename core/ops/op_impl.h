/* What operators share: how one is made, and the batch that it gives. */
#ifndef MR_CORE_OPS_OP_IMPL_H
#define MR_CORE_OPS_OP_IMPL_H

#include "core/base/checked.h"
#include "core/batch/column.h"
#include "core/ops/op_query.h"
#include "core/ops/operator.h"

enum { OP_KEEP_BYTES = 4 << 20 }; /* of a batch's arena from one batch to the next */

/* op_new: a cleared operator of `bytes` bytes over its inputs, which it takes over, also when it
 * cannot be made: then they are ended. Its first member is struct mr_operator. */
void *op_new(struct mr_query_env *env, const struct mr_operator_kind *kind, size_t bytes,
             const struct mr_type *schema, struct mr_operator *left, struct mr_operator *right,
             struct mr_err *err);

/* op_opened: hands a made operator out, or ends it when its making failed. */
mr_status op_opened(struct mr_operator *op, mr_status status, struct mr_operator **out_op);

static inline uint32_t op_batch_rows(const struct mr_operator *op)
{
    uint32_t rows = op->env->batch_rows;
    return rows == 0 || rows > MR_BATCH_ROWS_MAX ? MR_BATCH_ROWS_MAX : rows;
}

/* op_nomem: names nothing; mr_operator_next adds the operator. */
mr_status op_nomem(struct mr_err *err);

/* op_pull: asks input `k`. Not ROWS: *out_pull is what `next` has to say, END included. */
static inline mr_status op_pull(struct mr_operator *op, uint32_t k, struct mr_batch **out_batch,
                                mr_pull *out_pull, struct mr_err *err)
{
    return mr_operator_next(op->inputs[k], out_batch, out_pull, err);
}

/* The batch that an operator makes of rows it keeps. */
struct op_out {
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_text_area text;
};

void op_out_init(struct op_out *out, struct mr_heap *heap);
void op_out_fini(struct op_out *out);

/* op_out_begin: an empty batch whose columns have room for `capacity` rows; the one before is gone.
 * op_out_end: sets its rows from the columns. */
MR_MUST_USE mr_status op_out_begin(struct op_out *out, const struct mr_type *schema,
                                   uint32_t capacity, struct mr_err *err);
void op_out_end(struct op_out *out, uint32_t rows);

/* op_peak: notes the memory that the operator has now. */
static inline void op_peak(struct mr_operator *op, size_t bytes)
{
    op->counts.peak_bytes = MR_MAX(op->counts.peak_bytes, bytes);
}

/* op_types: the types of expressions, in the arena. op_exprs_types: of a schema's members. */
const struct mr_type **op_expr_types(struct mr_arena *arena, const struct mr_expr *const *exprs,
                                     uint32_t count);
const struct mr_type **op_schema_types(struct mr_arena *arena, const struct mr_type *schema,
                                       uint32_t more);

#endif

/* Union: the rows of one input, then those of the other. */
#include "core/ops/op_impl.h"

struct both {
    struct mr_operator op;
    uint32_t at; /* the input that is asked */
    struct mr_batch batch;
};

static mr_status both_next(struct mr_operator *op, struct mr_batch **out_batch, mr_pull *out_pull,
                           struct mr_err *err)
{
    struct both *self = (struct both *)op;
    struct mr_batch *from;
    MR_TRY(op_pull(op, self->at, &from, out_pull, err));
    if (*out_pull == MR_PULL_END && self->at == 0) {
        self->at = 1;
        *out_pull = MR_PULL_AGAIN;
    }
    if (*out_pull != MR_PULL_ROWS) return MR_OK;
    self->batch = *from;
    self->batch.schema = op->schema;
    *out_batch = &self->batch;
    return MR_OK;
}

static const struct mr_operator_kind union_kind = {.name = "Union", .next = both_next};

mr_status mr_op_union(struct mr_query_env *env, struct mr_operator *left,
                      struct mr_operator *right, const struct mr_type *schema,
                      struct mr_operator **out_op, struct mr_err *err)
{
    struct both *self = op_new(env, &union_kind, sizeof *self, schema, left, right, err);
    if (self == NULL) return MR_E_NOMEM;
    *out_op = &self->op;
    return MR_OK;
}

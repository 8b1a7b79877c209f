/* Filter: narrows the selection of its input's batches. */
#include "core/ops/op_impl.h"

struct filter {
    struct mr_operator op;
    struct mr_program *program;
};

static mr_status filter_next(struct mr_operator *op, struct mr_batch **out_batch,
                             mr_pull *out_pull, struct mr_err *err)
{
    struct filter *self = (struct filter *)op;
    MR_TRY(op_pull(op, 0, out_batch, out_pull, err));
    if (*out_pull != MR_PULL_ROWS) return MR_OK;
    MR_TRY(mr_program_filter(self->program, &op->env->context, *out_batch, err));
    if ((*out_batch)->sel_count == 0) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

static void filter_fini(struct mr_operator *op)
{
    mr_program_fini(((struct filter *)op)->program);
}

static const struct mr_operator_kind filter_kind = {
    .name = "Filter", .next = filter_next, .fini = filter_fini};

mr_status mr_op_filter(struct mr_query_env *env, struct mr_operator *input,
                       const struct mr_expr *const *conjuncts, uint32_t count,
                       struct mr_operator **out_op, struct mr_err *err)
{
    struct filter *self =
        op_new(env, &filter_kind, sizeof *self, input->schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    return op_opened(&self->op,
                     mr_program_compile(env->heap, conjuncts, count, &self->program, err), out_op);
}

/* Project: columns computed from its input's batches, in their arena; columns as they are cost
 * nothing. */
#include "core/ops/op_impl.h"

struct project {
    struct mr_operator op;
    struct mr_program *program;
    struct mr_batch batch;
};

static mr_status project_next(struct mr_operator *op, struct mr_batch **out_batch,
                              mr_pull *out_pull, struct mr_err *err)
{
    struct project *self = (struct project *)op;
    struct mr_batch *from;
    MR_TRY(op_pull(op, 0, &from, out_pull, err));
    if (*out_pull != MR_PULL_ROWS) return MR_OK;
    struct mr_vec *cols = MR_ARENA_ARRAY(from->arena, struct mr_vec, op->schema->field_count);
    if (cols == NULL) return op_nomem(err);
    MR_TRY(mr_program_run(self->program, &op->env->context, from, cols, err));
    /* Buffers of computed text were added to the input's: the copy comes behind. */
    self->batch = *from;
    self->batch.schema = op->schema;
    self->batch.cols = cols;
    *out_batch = &self->batch;
    return MR_OK;
}

static void project_fini(struct mr_operator *op)
{
    mr_program_fini(((struct project *)op)->program);
}

static const struct mr_operator_kind project_kind = {
    .name = "Project", .next = project_next, .fini = project_fini};

mr_status mr_op_project(struct mr_query_env *env, struct mr_operator *input,
                        const struct mr_type *schema, const struct mr_expr *const *exprs,
                        struct mr_operator **out_op, struct mr_err *err)
{
    struct project *self = op_new(env, &project_kind, sizeof *self, schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    return op_opened(&self->op, mr_program_compile(env->heap, exprs, schema->field_count,
                                                   &self->program, err), out_op);
}

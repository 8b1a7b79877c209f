/* Values: rows of expressions without columns, a batch of them at a time. */
#include "core/ops/op_impl.h"

struct values {
    struct mr_operator op;
    const struct mr_expr *const *exprs;
    uint32_t rows;
    uint32_t done;
    struct op_out out;
    struct mr_arena work;
};

/* values_append: the rows from `first` on, each value a column of one row. */
static mr_status values_append(struct values *self, uint32_t rows, struct mr_err *err)
{
    static const struct mr_type no_columns = {.id = MR_TYPE_STRUCT};
    uint32_t width = self->op.schema->field_count, count = rows * width;
    struct mr_program *program;
    struct mr_batch batch;
    mr_arena_reset(&self->work);
    mr_batch_init(&batch, &self->work, &no_columns);
    batch.rows = batch.sel_count = 1;
    struct mr_vec *cells = MR_ARENA_ARRAY(&self->work, struct mr_vec, count);
    if (cells == NULL) return op_nomem(err);
    MR_TRY(mr_program_compile(self->op.env->heap, self->exprs + (size_t)self->done * width, count,
                              &program, err));
    mr_status status = mr_program_run(program, &self->op.env->context, &batch, cells, err);
    for (uint32_t i = 0; i < count && status == MR_OK; i++) {
        status = mr_column_append(&self->out.batch.cols[i % width], &self->out.text, &cells[i],
                                  NULL, 1, err);
    }
    mr_program_fini(program);
    return status;
}

static mr_status values_next(struct mr_operator *op, struct mr_batch **out_batch,
                             mr_pull *out_pull, struct mr_err *err)
{
    struct values *self = (struct values *)op;
    uint32_t rows = MR_MIN(self->rows - self->done, op_batch_rows(op));
    *out_pull = MR_PULL_END;
    if (rows == 0) return MR_OK;
    MR_TRY(op_out_begin(&self->out, op->schema, rows, err));
    if (op->schema->field_count > 0) MR_TRY(values_append(self, rows, err));
    op_out_end(&self->out, rows);
    self->done += rows;
    *out_batch = &self->out.batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void values_fini(struct mr_operator *op)
{
    struct values *self = (struct values *)op;
    op_out_fini(&self->out);
    mr_arena_fini(&self->work);
}

static const struct mr_operator_kind values_kind = {
    .name = "Values", .next = values_next, .fini = values_fini};

mr_status mr_op_values(struct mr_query_env *env, const struct mr_type *schema,
                       const struct mr_expr *const *exprs, uint32_t rows,
                       struct mr_operator **out_op, struct mr_err *err)
{
    struct values *self = op_new(env, &values_kind, sizeof *self, schema, NULL, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    self->exprs = exprs;
    self->rows = rows;
    op_out_init(&self->out, env->heap);
    mr_arena_init(&self->work, env->heap, 0);
    *out_op = &self->op;
    return MR_OK;
}

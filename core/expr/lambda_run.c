/* Running the body of a lambda: a program over a batch whose columns are the parameters and what
 * was captured, in the arena of the batch that asks. */
#include "core/base/checked.h"
#include "core/expr/lambda_impl.h"

mr_status mr_operand_spread(struct mr_eval *eval, const struct mr_operand *operand, uint32_t rows,
                            struct mr_vec *out, struct mr_err *err)
{
    if (!operand->is_constant || operand->vec.rows == rows) {
        *out = operand->vec;
        return MR_OK;
    }
    const struct mr_vec *source = &operand->vec;
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, rows);
    if (index == NULL) return mr_eval_nomem(err);
    struct mr_gather gather = {.eval = eval, .sources = &source, .index = index, .rows = rows};
    return mr_gather_run(&gather, source->type, out, err);
}

/* run_capture: captured argument `k`, a value for each of the run's rows. */
static mr_status run_capture(const struct mr_lambda_run *run, uint32_t k, struct mr_vec *out,
                             struct mr_err *err)
{
    struct mr_eval *eval = run->call->eval;
    const struct mr_operand *arg = &run->call->args[k];
    if (arg->is_constant || run->row_of == NULL) {
        return mr_operand_spread(eval, arg, run->rows, out, err);
    }
    const struct mr_vec *source = &arg->vec;
    struct mr_gather gather = {.eval = eval, .sources = &source, .index = run->row_of,
                               .rows = run->rows};
    return mr_gather_run(&gather, source->type, out, err);
}

/* run_ordinals: the records that the rows belong to, for messages. */
static mr_status run_ordinals(const struct mr_lambda_run *run, struct mr_batch *inner,
                              struct mr_err *err)
{
    const struct mr_batch *outer = run->call->eval->batch;
    inner->first_record = outer->first_record;
    inner->ordinals = outer->ordinals == NULL ? run->row_of : outer->ordinals;
    if (outer->ordinals == NULL || run->row_of == NULL) return MR_OK;
    uint32_t *ordinals = MR_ARENA_ARRAY(outer->arena, uint32_t, run->rows);
    if (ordinals == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < run->rows; i++) ordinals[i] = outer->ordinals[run->row_of[i]];
    inner->ordinals = ordinals;
    return MR_OK;
}

mr_status mr_lambda_run(const struct mr_lambda_run *run, struct mr_operand *out_operand,
                        struct mr_err *err)
{
    struct mr_eval *outer = run->call->eval;
    const struct mr_lambda *lambda = &run->call->expr->lambdas[run->which];
    const struct mr_program *program =
        ((const struct mr_program *const *)run->call->prepared)[run->which];
    uint32_t cols = lambda->param_count + lambda->capture_count;
    struct mr_batch *batch = MR_ARENA_NEW(outer->arena, struct mr_batch);
    struct mr_eval *eval = MR_ARENA_NEW(outer->arena, struct mr_eval);
    struct mr_rows *rows = MR_ARENA_NEW(outer->arena, struct mr_rows);
    if (batch == NULL || eval == NULL || rows == NULL) return mr_eval_nomem(err);
    batch->schema = lambda->schema;
    batch->rows = run->rows;
    batch->arena = outer->arena;
    batch->sel = run->sel;
    batch->sel_count = run->sel == NULL ? run->rows : run->sel_count;
    batch->cols = MR_ARENA_ARRAY(outer->arena, struct mr_vec, cols);
    *eval = *outer;
    eval->program = program;
    eval->batch = batch;
    eval->memos = MR_ARENA_ARRAY(outer->arena, struct mr_memo, program->node_count);
    if (batch->cols == NULL || eval->memos == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < lambda->param_count; i++) batch->cols[i] = run->params[i];
    for (uint32_t i = 0; i < lambda->capture_count; i++) {
        MR_TRY(run_capture(run, lambda->capture_first + i, &batch->cols[lambda->param_count + i],
                           err));
    }
    MR_TRY(run_ordinals(run, batch, err));
    *rows = (struct mr_rows){.at = run->sel, .count = batch->sel_count};
    mr_status status = mr_eval_node(eval, program->roots[0], rows, out_operand, err);
    outer->text_at = eval->text_at; /* the newest block for strings is shared */
    outer->text_end = eval->text_end;
    outer->text_base = eval->text_base;
    outer->text_buffer = eval->text_buffer;
    outer->text_next_bytes = eval->text_next_bytes;
    return status;
}

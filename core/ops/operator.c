#include "core/ops/operator.h"

#include "core/ops/op_impl.h"

mr_status op_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory");
}

/* name_memory: says which operator ran out, and whether the query's limit did it. The innermost
 * operator is asked last and answers first, so its name stays. */
static mr_status name_memory(struct mr_operator *op, struct mr_err *err)
{
    struct mr_heap *heap = op->env->heap;
    if (heap->limit_bytes == 0 || heap->limit_bytes == SIZE_MAX) return MR_E_NOMEM;
    mr_status status = mr_err_set(err, MR_E_LIMIT, 1221, "%s needs more memory than the query may "
                                  "use, which is %zu MiB", op->kind->name,
                                  heap->limit_bytes >> 20);
    mr_err_help(err, "fewer columns, a filter in front or a smaller side of the join need less");
    return status;
}

mr_status mr_operator_next(struct mr_operator *op, struct mr_batch **out_batch, mr_pull *out_pull,
                           struct mr_err *err)
{
    bool is_measured = op->env->is_measured && op->env->io != NULL;
    int64_t before_us = is_measured ? mr_io_mono_us(op->env->io) : 0;
    op->counts.calls++;
    mr_status status = op->kind->next(op, out_batch, out_pull, err);
    if (is_measured) op->counts.busy_us += mr_io_mono_us(op->env->io) - before_us;
    if (status == MR_E_NOMEM) return name_memory(op, err);
    if (status != MR_OK) return status;
    if (*out_pull != MR_PULL_ROWS) return MR_OK;
    MR_ASSERT((*out_batch)->sel_count > 0);
    MR_ASSERT((*out_batch)->sel_count <= MR_BATCH_ROWS_MAX);
    op->counts.rows += (*out_batch)->sel_count;
    op->counts.batches++;
    return MR_OK;
}

bool mr_operator_stop(struct mr_operator *op)
{
    if (op == NULL) return true;
    if (op->kind->stop != NULL) return op->kind->stop(op);
    bool is_idle = true;
    for (uint32_t k = 0; k < op->input_count; k++) {
        if (!mr_operator_stop(op->inputs[k])) is_idle = false;
    }
    return is_idle;
}

void mr_operator_fini(struct mr_operator *op)
{
    if (op == NULL) return;
    for (uint32_t k = 0; k < op->input_count; k++) mr_operator_fini(op->inputs[k]);
    struct mr_heap *heap = op->env->heap;
    size_t bytes = op->bytes;
    if (op->kind->fini != NULL) op->kind->fini(op);
    mr_heap_give(heap, op, bytes);
}

void *op_new(struct mr_query_env *env, const struct mr_operator_kind *kind, size_t bytes,
             const struct mr_type *schema, struct mr_operator *left, struct mr_operator *right,
             struct mr_err *err)
{
    struct mr_operator *op = mr_heap_zeroed(env->heap, bytes);
    if (op == NULL) {
        mr_operator_fini(left);
        mr_operator_fini(right);
        (void)op_nomem(err);
        return NULL;
    }
    *op = (struct mr_operator){.kind = kind, .env = env, .schema = schema, .bytes = bytes,
                               .inputs = {left, right},
                               .input_count = (left != NULL) + (right != NULL)};
    return op;
}

mr_status op_opened(struct mr_operator *op, mr_status status, struct mr_operator **out_op)
{
    if (status == MR_OK) *out_op = op;
    else mr_operator_fini(op);
    return status;
}

void op_out_init(struct op_out *out, struct mr_heap *heap)
{
    mr_arena_init(&out->arena, heap, 0);
    out->arena.keep_bytes = OP_KEEP_BYTES;
}

void op_out_fini(struct op_out *out)
{
    if (out->arena.heap != NULL) mr_arena_fini(&out->arena);
}

mr_status op_out_begin(struct op_out *out, const struct mr_type *schema, uint32_t capacity,
                       struct mr_err *err)
{
    mr_arena_reset(&out->arena);
    mr_batch_init(&out->batch, &out->arena, schema);
    mr_text_area_init(&out->text, &out->arena, &out->batch.bufs);
    out->batch.cols = MR_ARENA_ARRAY(&out->arena, struct mr_vec, schema->field_count);
    if (out->batch.cols == NULL) return op_nomem(err);
    for (uint32_t k = 0; k < schema->field_count; k++) {
        MR_TRY(mr_column_alloc(&out->batch.cols[k], &out->arena, schema->fields[k].type, capacity,
                               &out->batch.bufs, err));
    }
    return MR_OK;
}

void op_out_end(struct op_out *out, uint32_t rows)
{
    out->batch.rows = out->batch.sel_count = rows;
    for (uint32_t k = 0; k < out->batch.schema->field_count; k++) {
        MR_DCHECK(out->batch.cols[k].rows == rows);
    }
}

const struct mr_type **op_expr_types(struct mr_arena *arena, const struct mr_expr *const *exprs,
                                     uint32_t count)
{
    const struct mr_type **types = MR_ARENA_ARRAY(arena, const struct mr_type *, count);
    for (uint32_t k = 0; types != NULL && k < count; k++) types[k] = exprs[k]->type;
    return types;
}

const struct mr_type **op_schema_types(struct mr_arena *arena, const struct mr_type *schema,
                                       uint32_t more)
{
    const struct mr_type **types =
        MR_ARENA_ARRAY(arena, const struct mr_type *, schema->field_count + more);
    for (uint32_t k = 0; types != NULL && k < schema->field_count; k++) {
        types[k] = schema->fields[k].type;
    }
    return types;
}

#include "core/expr/program.h"

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/expr_impl.h"

/* One compilation: nodes found so far, and a hash table of their numbers plus one. */
struct compile {
    struct mr_program *program;
    uint32_t capacity;
    uint32_t *slots;
    uint32_t slot_mask;
};

static mr_status compile_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a program of expressions");
}

static uint32_t hash_mix(uint32_t hash, uint64_t value)
{
    value = (value ^ hash) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(value >> 32);
}

static uint32_t node_hash(const struct mr_expr *expr, const uint32_t *args)
{
    uint32_t hash = hash_mix(expr->kind, expr->index);
    hash = hash_mix(hash, (uintptr_t)expr->function);
    hash = hash_mix(hash, expr->type->id);
    for (uint32_t i = 0; i < expr->arg_count; i++) hash = hash_mix(hash, args[i]);
    if (expr->kind != MR_EXPR_LITERAL || expr->value.is_null) return hash;
    bool is_text = expr->type->id == MR_TYPE_STRING || expr->type->id == MR_TYPE_BINARY;
    if (expr->type->id == MR_TYPE_BOOLEAN) return hash_mix(hash, expr->value.u.boolean);
    return hash_mix(hash, is_text ? expr->value.u.text.bytes : (uint64_t)expr->value.u.i64);
}

static mr_status node_prepare(struct mr_program *program, struct mr_node *node, struct mr_err *err)
{
    const struct mr_expr *expr = node->expr;
    if (expr->kind == MR_EXPR_IN) {
        return mr_prepare_in(program->arena, expr, &node->prepared, err);
    }
    if (expr->kind != MR_EXPR_CALL || expr->function->prepare == NULL) return MR_OK;
    return expr->function->prepare(program->arena, expr, &node->prepared, err);
}

/* compile_add: the number of the node for `expr`, a new one unless an equal one is there. */
static mr_status compile_add(struct compile *compile, const struct mr_expr *expr, uint32_t *out_id,
                             struct mr_err *err)
{
    struct mr_program *program = compile->program;
    uint32_t *args = MR_ARENA_ARRAY(program->arena, uint32_t, expr->arg_count);
    if (args == NULL) return compile_nomem(err);
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        MR_TRY(compile_add(compile, expr->args[i], &args[i], err));
    }
    uint32_t hash = node_hash(expr, args);
    uint32_t slot = hash & compile->slot_mask;
    for (; compile->slots[slot] != 0; slot = (slot + 1) & compile->slot_mask) {
        const struct mr_node *other = &program->nodes[compile->slots[slot] - 1];
        if (other->hash != hash || !mr_expr_same_node(other->expr, expr)) continue;
        if (memcmp(other->args, args, expr->arg_count * sizeof *args) != 0) continue;
        if (!expr->is_deterministic) continue;
        *out_id = compile->slots[slot] - 1;
        return MR_OK;
    }
    MR_ASSERT(program->node_count < compile->capacity);
    struct mr_node *node = &program->nodes[program->node_count];
    *node = (struct mr_node){.expr = expr, .args = args, .hash = hash};
    MR_TRY(node_prepare(program, node, err));
    *out_id = program->node_count++;
    compile->slots[slot] = program->node_count;
    return MR_OK;
}

static mr_status compile_all(struct mr_program *program, const struct mr_expr *const *exprs,
                             uint32_t count, struct mr_err *err)
{
    struct compile compile = {.program = program};
    uint32_t slots = 16;
    for (uint32_t i = 0; i < count; i++) compile.capacity += exprs[i]->size;
    while (slots < 2 * compile.capacity) slots *= 2;
    compile.slot_mask = slots - 1;
    compile.slots = MR_ARENA_ARRAY(program->arena, uint32_t, slots);
    program->nodes = MR_ARENA_ARRAY(program->arena, struct mr_node, compile.capacity);
    program->roots = MR_ARENA_ARRAY(program->arena, uint32_t, count);
    if (compile.slots == NULL || program->nodes == NULL || program->roots == NULL) {
        return compile_nomem(err);
    }
    program->root_count = count;
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(compile_add(&compile, exprs[i], &program->roots[i], err));
    }
    return MR_OK;
}

mr_status mr_program_compile(struct mr_heap *heap, const struct mr_expr *const *exprs,
                             uint32_t count, struct mr_program **out_program, struct mr_err *err)
{
    struct mr_program *program = mr_heap_zeroed(heap, sizeof *program);
    if (program == NULL) return compile_nomem(err);
    program->heap = heap;
    program->arena = &program->own;
    mr_arena_init(&program->own, heap, 0);
    mr_status status = compile_all(program, exprs, count, err);
    if (status != MR_OK) {
        mr_program_fini(program);
        return status;
    }
    *out_program = program;
    return MR_OK;
}

mr_status mr_program_compile_part(struct mr_arena *arena, const struct mr_expr *expr,
                                  const struct mr_program **out_program, struct mr_err *err)
{
    struct mr_program *program = MR_ARENA_NEW(arena, struct mr_program);
    if (program == NULL) return compile_nomem(err);
    program->arena = arena;
    MR_TRY(compile_all(program, &expr, 1, err));
    *out_program = program;
    return MR_OK;
}

void mr_program_fini(struct mr_program *program)
{
    if (program == NULL) return;
    mr_arena_fini(&program->own);
    mr_heap_give(program->heap, program, sizeof *program);
}

static mr_status eval_begin(struct mr_eval *eval, const struct mr_program *program,
                            const struct mr_program_context *context, struct mr_batch *batch,
                            struct mr_err *err)
{
    *eval = (struct mr_eval){.program = program, .context = context, .batch = batch,
                             .root = batch, .arena = batch->arena, .select = context->select};
    if (eval->select == NULL) eval->select = mr_select_kernels(MR_ISA_REF);
    eval->memos = MR_ARENA_ARRAY(eval->arena, struct mr_memo, program->node_count);
    return eval->memos == NULL ? mr_eval_nomem(err) : MR_OK;
}

/* batch_rows: the batch's selection in the arena, where memos may point to it. */
static mr_status batch_rows(const struct mr_eval *eval, const struct mr_rows **out_rows,
                            struct mr_err *err)
{
    const struct mr_batch *batch = eval->batch;
    struct mr_rows *rows = MR_ARENA_NEW(eval->arena, struct mr_rows);
    if (rows == NULL) return mr_eval_nomem(err);
    *rows = (struct mr_rows){.at = batch->sel, .count = batch->sel_count};
    if (rows->count == batch->rows) rows->at = NULL;
    *out_rows = rows;
    return MR_OK;
}

/* operand_spread: a constant as a column. */
static mr_status operand_spread(struct mr_eval *eval, const struct mr_operand *operand,
                                struct mr_vec *out, struct mr_err *err)
{
    const struct mr_vec *source = &operand->vec;
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, eval->batch->rows);
    if (index == NULL) return mr_eval_nomem(err);
    struct mr_gather gather = {.eval = eval, .sources = &source, .index = index,
                               .rows = eval->batch->rows};
    return mr_gather_run(&gather, source->type, out, err);
}

mr_status mr_program_run(const struct mr_program *program,
                         const struct mr_program_context *context, struct mr_batch *batch,
                         struct mr_vec *out_cols, struct mr_err *err)
{
    struct mr_eval eval;
    const struct mr_rows *rows;
    struct mr_err local;
    if (err == NULL) err = &local;
    MR_TRY(eval_begin(&eval, program, context, batch, err));
    MR_TRY(batch_rows(&eval, &rows, err));
    struct mr_vec *cols = MR_ARENA_ARRAY(eval.arena, struct mr_vec, program->root_count);
    if (cols == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < program->root_count; i++) {
        struct mr_operand operand;
        MR_TRY(mr_eval_node(&eval, program->roots[i], rows, &operand, err));
        cols[i] = operand.vec;
        if (operand.is_constant) MR_TRY(operand_spread(&eval, &operand, &cols[i], err));
    }
    if (program->root_count > 0) memcpy(out_cols, cols, program->root_count * sizeof *cols);
    return MR_OK;
}

mr_status mr_program_filter(const struct mr_program *program,
                            const struct mr_program_context *context, struct mr_batch *batch,
                            struct mr_err *err)
{
    struct mr_eval eval;
    const struct mr_rows *rows;
    struct mr_err local;
    if (err == NULL) err = &local;
    MR_TRY(eval_begin(&eval, program, context, batch, err));
    MR_TRY(batch_rows(&eval, &rows, err));
    uint64_t *is_true = mr_eval_bits(&eval, batch->rows),
             *is_false = mr_eval_bits(&eval, batch->rows);
    if (is_true == NULL || is_false == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < program->root_count; i++) {
        struct mr_operand operand;
        MR_ASSERT(program->nodes[program->roots[i]].expr->type->id == MR_TYPE_BOOLEAN);
        MR_TRY(mr_eval_node(&eval, program->roots[i], rows, &operand, err));
        mr_eval_truth(&operand, batch->rows, is_true, is_false);
        MR_TRY(mr_eval_rows(&eval, rows, is_true, &rows, err));
    }
    batch->sel = rows->at;
    batch->sel_count = rows->count;
    return MR_OK;
}

/* vec_value: row 0 of a scalar column as a value; text is copied. */
static mr_status vec_value(struct mr_arena *arena, const struct mr_vec *vec,
                           struct mr_value *out_value, struct mr_err *err)
{
    const struct mr_operand operand = {.vec = *vec, .is_constant = true};
    *out_value = (struct mr_value){.type = vec->type, .is_null = mr_vec_is_null(vec, 0)};
    if (out_value->is_null) return MR_OK;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: out_value->u.boolean = mr_bit_get(vec->values, 0); break;
    case MR_TYPE_FLOAT: out_value->u.f64 = *(const float *)vec->values; break;
    case MR_TYPE_DOUBLE: out_value->u.f64 = *(const double *)vec->values; break;
    case MR_TYPE_DECIMAL: out_value->u.i128 = mr_operand_decimal(&operand, 0); break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        struct mr_span span = mr_vec_span(vec, 0);
        char *copy = mr_arena_copy(arena, span);
        if (copy == NULL) return compile_nomem(err);
        out_value->u.text = (struct mr_span){copy, span.bytes};
        break;
    }
    default: out_value->u.i64 = mr_vec_i64(vec, 0); break;
    }
    return MR_OK;
}

mr_status mr_expr_fold(struct mr_expr_builder *builder, const struct mr_expr *expr,
                       struct mr_value *out_value, bool *out_is_done, struct mr_err *err)
{
    *out_is_done = false;
    if (mr_type_is_nested(expr->type)) return MR_OK;
    const struct mr_type no_columns = {.id = MR_TYPE_STRUCT};
    struct mr_program_context context = {.zone = builder->zone};
    struct mr_program *program = NULL;
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_vec col;
    struct mr_err local;
    mr_arena_init(&arena, builder->arena->heap, 0);
    mr_batch_init(&batch, &arena, &no_columns);
    batch.rows = batch.sel_count = 1;
    mr_status status = mr_program_compile(arena.heap, &expr, 1, &program, &local);
    if (status == MR_OK) status = mr_program_run(program, &context, &batch, &col, &local);
    if (status == MR_OK) status = vec_value(builder->arena, &col, out_value, &local);
    *out_is_done = status == MR_OK;
    mr_program_fini(program);
    mr_arena_fini(&arena);
    /* A part that fails stays as it is: it may never be reached. A malformed pattern always is. */
    if (status == MR_OK || status == MR_E_ARITHMETIC) return MR_OK;
    if (err != NULL) *err = local;
    return status;
}

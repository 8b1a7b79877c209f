/* The frame around every evaluator. */
#include <stdarg.h>
#include <stdio.h>

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"

static const struct mr_rows one_row = {.count = 1};

mr_status mr_eval_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory while evaluating expressions");
}

uint64_t *mr_eval_bits(struct mr_eval *eval, uint32_t rows)
{
    return mr_arena_zeroed(eval->arena, (mr_bit_words(rows) + 1) * sizeof(uint64_t), 64);
}

/* vec_all_null: marks every value of a fresh vector null, members too. */
static void vec_all_null(struct mr_vec *vec)
{
    vec->null_count = vec->type->id == MR_TYPE_VOID ? 0 : vec->rows;
    for (uint32_t i = 0; vec->children != NULL && i < vec->type->field_count; i++) {
        vec_all_null(&vec->children[i]);
    }
}

mr_status mr_operand_null(struct mr_eval *eval, const struct mr_type *type,
                          struct mr_operand *out_operand, struct mr_err *err)
{
    struct mr_vec *vec = &out_operand->vec;
    out_operand->is_constant = true;
    MR_TRY(mr_vec_alloc(vec, eval->arena, type, 1, true, &eval->root->bufs, err));
    size_t bytes = type->id == MR_TYPE_BOOLEAN ? sizeof(uint64_t) : mr_type_width(type);
    if (vec->values != NULL) memset(vec->values, 0, bytes);
    vec_all_null(vec);
    return MR_OK;
}

/* vec_room: an output vector; what unselected rows may show is harmless. */
static mr_status vec_room(struct mr_eval *eval, const struct mr_type *type, uint32_t rows,
                          bool is_partial, struct mr_vec *out, struct mr_err *err)
{
    *out = (struct mr_vec){.type = type, .rows = rows, .bufs = &eval->root->bufs};
    if (mr_type_is_nested(type)) return MR_OK; /* made by the evaluator */
    MR_TRY(mr_vec_alloc(out, eval->arena, type, rows, false, &eval->root->bufs, err));
    bool is_view = type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
    if (type->id == MR_TYPE_BOOLEAN) memset(out->values, 0, mr_bit_words(rows) * 8);
    else if (is_view && is_partial) memset(out->values, 0, (size_t)rows * sizeof(struct mr_view));
    return MR_OK;
}

mr_status mr_eval_out(struct mr_call *call, bool has_validity, struct mr_err *err)
{
    uint32_t rows = call->eval->batch->rows;
    MR_TRY(vec_room(call->eval, call->expr->type, rows, true, call->out, err));
    if (!has_validity) return MR_OK;
    call->out->validity = mr_eval_bits(call->eval, rows);
    return call->out->validity == NULL ? mr_eval_nomem(err) : MR_OK;
}

/* vec_settle: the null count that follows from the bitmap. */
static void vec_settle(struct mr_vec *vec)
{
    vec->null_count = 0;
    if (vec->validity == NULL || vec->type->id == MR_TYPE_VOID) return;
    vec->null_count = mr_vec_nulls(vec->validity, vec->rows);
}

/* args_validity: the rows where every argument is present; null pointer when all are. */
static mr_status args_validity(struct mr_eval *eval, const struct mr_operand *args, uint32_t count,
                               uint32_t rows, uint64_t **out_validity, struct mr_err *err)
{
    uint64_t *all = NULL;
    uint32_t words = mr_bit_words(rows);
    for (uint32_t k = 0; k < count; k++) {
        const uint64_t *one = args[k].vec.validity;
        if (args[k].is_constant || args[k].vec.null_count == 0 || one == NULL) continue;
        if (all == NULL) {
            all = mr_eval_bits(eval, rows);
            if (all == NULL) return mr_eval_nomem(err);
            memcpy(all, one, words * sizeof *all);
            continue;
        }
        for (uint32_t w = 0; w < words; w++) all[w] &= one[w];
    }
    *out_validity = all;
    return MR_OK;
}

/* call_rows: which rows a STRICT function computes. A TOTAL one takes all when most are wanted. */
static mr_status call_rows(struct mr_call *call, uint32_t rows, struct mr_err *err)
{
    bool is_total = call->expr->kind == MR_EXPR_CALL && call->expr->function->flags & MR_FN_TOTAL;
    call->rows = call->selected;
    if (is_total && call->selected->count >= rows / 8) {
        struct mr_rows *all = MR_ARENA_NEW(call->eval->arena, struct mr_rows);
        if (all == NULL) return mr_eval_nomem(err);
        all->count = rows;
        call->rows = all;
        return MR_OK;
    }
    if (call->out->validity == NULL || is_total) return MR_OK;
    return mr_eval_rows(call->eval, call->selected, call->out->validity, &call->rows, err);
}

static bool has_null_constant(const struct mr_operand *args, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        bool is_void = args[k].vec.type->id == MR_TYPE_VOID;
        if (is_void || (args[k].is_constant && mr_vec_is_null(&args[k].vec, 0))) return true;
    }
    return false;
}

/* eval_eager: a function whose arguments are all computed first. */
static mr_status eval_eager(struct mr_call *call, mr_eval_fn *fn, bool is_strict,
                            struct mr_operand *out_operand, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    uint32_t count = call->expr->arg_count, rows = eval->batch->rows;
    struct mr_operand *args = MR_ARENA_ARRAY(eval->arena, struct mr_operand, count);
    bool is_constant = true;
    if (args == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < count; k++) {
        MR_TRY(mr_eval_arg(call, k, call->selected, &args[k], err));
        is_constant = is_constant && args[k].is_constant;
    }
    if (is_strict && has_null_constant(args, count)) {
        return mr_operand_null(eval, call->expr->type, out_operand, err);
    }
    if (is_constant) {
        rows = 1;
        call->selected = &one_row;
    }
    call->args = args;
    call->out = &out_operand->vec;
    out_operand->is_constant = is_constant;
    bool is_partial = call->selected->count < rows;
    struct mr_vec out;
    uint64_t *validity = NULL;
    if (is_strict) MR_TRY(args_validity(eval, args, count, rows, &validity, err));
    MR_TRY(vec_room(eval, call->expr->type, rows, is_partial || validity != NULL, &out, err));
    out.validity = validity;
    out_operand->vec = out;
    if (is_strict) MR_TRY(call_rows(call, rows, err));
    else call->rows = call->selected;
    MR_TRY(fn(call, err));
    vec_settle(&out_operand->vec);
    return MR_OK;
}

static mr_status eval_lazy(struct mr_call *call, mr_eval_fn *fn, struct mr_operand *out_operand,
                           struct mr_err *err)
{
    call->rows = call->selected;
    call->out = &out_operand->vec;
    out_operand->is_constant = false;
    MR_TRY(fn(call, err));
    vec_settle(&out_operand->vec);
    return MR_OK;
}

/* eval_literal: a vector of one row; a long string is copied to where views may point. */
static mr_status eval_literal(struct mr_eval *eval, const struct mr_expr *expr,
                              struct mr_operand *out_operand, struct mr_err *err)
{
    const struct mr_value *value = &expr->value;
    if (value->is_null) return mr_operand_null(eval, expr->type, out_operand, err);
    struct mr_vec *vec = &out_operand->vec;
    out_operand->is_constant = true;
    MR_TRY(vec_room(eval, expr->type, 1, false, vec, err));
    switch (expr->type->id) {
    case MR_TYPE_BOOLEAN: mr_vec_put_bool(vec, 0, value->u.boolean); break;
    case MR_TYPE_FLOAT: *(float *)vec->values = (float)value->u.f64; break;
    case MR_TYPE_DOUBLE: *(double *)vec->values = value->u.f64; break;
    case MR_TYPE_DECIMAL: mr_vec_put_decimal(vec, 0, value->u.i128); break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        char *room = mr_text_room(eval, value->u.text.bytes, err);
        if (room == NULL) return err == NULL ? MR_E_NOMEM : err->status;
        if (value->u.text.bytes > 0) memcpy(room, value->u.text.text, value->u.text.bytes);
        *(struct mr_view *)vec->values = mr_text_done(eval, room, value->u.text.bytes);
        break;
    }
    default: mr_vec_put_i64(vec, 0, value->u.i64); break;
    }
    return MR_OK;
}

/* eval_member: a struct's member is its child vector, null where the struct is. */
static mr_status eval_member(struct mr_eval *eval, const struct mr_operand *parent,
                             const struct mr_expr *expr, struct mr_operand *out_operand,
                             struct mr_err *err)
{
    out_operand->is_constant = parent->is_constant;
    const struct mr_vec *from = &parent->vec;
    if (from->type->id == MR_TYPE_ARRAY) { /* elementwise: the same lists of another child */
        struct mr_operand element = {.vec = from->children[0]}, member;
        MR_TRY(eval_member(eval, &element, expr, &member, err));
        out_operand->vec = *from;
        out_operand->vec.type = expr->type;
        out_operand->vec.children = MR_ARENA_NEW(eval->arena, struct mr_vec);
        if (out_operand->vec.children == NULL) return mr_eval_nomem(err);
        out_operand->vec.children[0] = member.vec;
        return MR_OK;
    }
    out_operand->vec = from->children[expr->index];
    struct mr_vec *vec = &out_operand->vec;
    if (from->null_count == 0 || from->validity == NULL) return MR_OK;
    const uint64_t *inner = vec->validity;
    vec->validity = mr_eval_bits(eval, vec->rows);
    if (vec->validity == NULL) return mr_eval_nomem(err);
    for (uint32_t w = 0; w < mr_bit_words(vec->rows); w++) {
        vec->validity[w] = from->validity[w] & (inner == NULL ? UINT64_MAX : inner[w]);
    }
    vec_settle(vec);
    return MR_OK;
}

static mr_status eval_compute(struct mr_eval *eval, uint32_t id, const struct mr_rows *rows,
                              struct mr_operand *out_operand, struct mr_err *err)
{
    const struct mr_node *node = &eval->program->nodes[id];
    const struct mr_expr *expr = node->expr;
    struct mr_call call = {.eval = eval, .node = node, .expr = expr, .prepared = node->prepared,
                           .selected = rows};
    struct mr_operand parent;
    switch (expr->kind) {
    case MR_EXPR_LITERAL: return eval_literal(eval, expr, out_operand, err);
    case MR_EXPR_COLUMN:
        MR_ASSERT(mr_type_equal(eval->batch->cols[expr->index].type, expr->type));
        *out_operand = (struct mr_operand){.vec = eval->batch->cols[expr->index]};
        return MR_OK;
    case MR_EXPR_FIELD:
        MR_TRY(mr_eval_node(eval, node->args[0], rows, &parent, err));
        return eval_member(eval, &parent, expr, out_operand, err);
    case MR_EXPR_CAST: return eval_eager(&call, mr_eval_cast, true, out_operand, err);
    case MR_EXPR_CASE: return eval_lazy(&call, mr_eval_case, out_operand, err);
    case MR_EXPR_IN: return eval_lazy(&call, mr_eval_in, out_operand, err);
    case MR_EXPR_CALL: break;
    case MR_EXPR_PARAM:
    case MR_EXPR_LAMBDA: MR_ASSERT(!"lambdas are taken out of calls before they are compiled");
    }
    if (expr->function->nulls == MR_NULLS_LAZY) {
        return eval_lazy(&call, expr->function->eval, out_operand, err);
    }
    bool is_strict = expr->function->nulls == MR_NULLS_STRICT;
    return eval_eager(&call, expr->function->eval, is_strict, out_operand, err);
}

static bool memo_serves(const struct mr_memo *memo, const struct mr_rows *rows)
{
    if (memo->rows == NULL) return false;
    if (memo->operand.is_constant) return true;
    while (rows != NULL && rows != memo->rows) rows = rows->within;
    return rows != NULL;
}

mr_status mr_eval_node(struct mr_eval *eval, uint32_t id, const struct mr_rows *rows,
                       struct mr_operand *out_operand, struct mr_err *err)
{
    struct mr_memo *memo = &eval->memos[id];
    if (rows->count == 0) {
        return mr_operand_null(eval, eval->program->nodes[id].expr->type, out_operand, err);
    }
    if (!memo_serves(memo, rows)) {
        struct mr_operand operand;
        MR_TRY(eval_compute(eval, id, rows, &operand, err));
        memo->operand = operand;
        memo->rows = rows;
    }
    *out_operand = memo->operand;
    return MR_OK;
}

mr_status mr_eval_rows(struct mr_eval *eval, const struct mr_rows *rows, const uint64_t *bits,
                       const struct mr_rows **out_rows, struct mr_err *err)
{
    struct mr_rows *cut = MR_ARENA_NEW(eval->arena, struct mr_rows);
    size_t room = rows->count + (size_t)MR_SELECT_SLACK;
    uint32_t *at = mr_arena_alloc(eval->arena, room * sizeof *at, 64);
    if (cut == NULL || at == NULL) return mr_eval_nomem(err);
    uint32_t count = rows->at == NULL ? eval->select->rows(bits, rows->count, at)
                                      : eval->select->cut(bits, rows->at, rows->count, at);
    *cut = (struct mr_rows){.at = at, .count = count, .within = rows};
    *out_rows = count == rows->count ? rows : cut;
    return MR_OK;
}

void mr_eval_truth(const struct mr_operand *operand, uint32_t rows, uint64_t *out_true,
                   uint64_t *out_false)
{
    const struct mr_vec *vec = &operand->vec;
    uint32_t words = mr_bit_words(rows);
    if (operand->is_constant) {
        bool is_null = mr_vec_is_null(vec, 0), value = !is_null && mr_bit_get(vec->values, 0);
        memset(out_true, value ? 0xff : 0, words * sizeof *out_true);
        memset(out_false, is_null || value ? 0 : 0xff, words * sizeof *out_false);
        return;
    }
    const uint64_t *values = vec->values;
    for (uint32_t w = 0; w < words; w++) {
        uint64_t valid = vec->validity == NULL ? UINT64_MAX : vec->validity[w];
        out_true[w] = values[w] & valid;
        out_false[w] = ~values[w] & valid;
    }
}

mr_status mr_call_null(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    if (out->validity == NULL) {
        out->validity = mr_eval_bits(call->eval, out->rows);
        if (out->validity == NULL) return mr_eval_nomem(err);
        memset(out->validity, 0xff, mr_bit_words(out->rows) * sizeof(uint64_t));
    }
    mr_bit_clear(out->validity, row);
    return MR_OK;
}

/* call_error: the message with the expression and the record behind it. */
static mr_status call_error(struct mr_call *call, uint32_t row, uint32_t code, struct mr_err *err,
                            const char *what)
{
    const struct mr_batch *batch = call->eval->batch;
    if (call->record_of != NULL) row = call->record_of[row];
    uint64_t record = batch->first_record + (batch->ordinals == NULL ? row : batch->ordinals[row]);
    struct mr_text sql;
    mr_text_init(&sql, call->eval->arena->heap);
    mr_expr_write_sql(call->expr, &sql);
    struct mr_span text = mr_text_span(&sql);
    mr_status status = mr_err_set(err, MR_E_ARITHMETIC, code, "%s in %.*s%s (record %llu)", what,
                                  (int)MR_MIN(text.bytes, 200u), text.text == NULL ? "" : text.text,
                                  text.bytes > 200 ? "..." : "", (unsigned long long)record);
    mr_text_fini(&sql);
    return status;
}

mr_status mr_call_bad(struct mr_call *call, uint32_t row, uint32_t code, struct mr_err *err,
                      const char *fmt, ...)
{
    char what[256];
    va_list args;
    if (call->expr->mode != MR_MODE_ANSI) return mr_call_null(call, row, err);
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return call_error(call, row, code, err, what);
}

mr_status mr_call_fail(struct mr_call *call, uint32_t row, uint32_t code, struct mr_err *err,
                       const char *fmt, ...)
{
    char what[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return call_error(call, row, code, err, what);
}

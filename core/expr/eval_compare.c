/* Comparisons. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"

static int order_of_double(double a, double b)
{
    if (a < b) return -1;
    if (a > b) return 1;
    if (a == b) return 0;
    return (a != a) - (b != b); /* a NaN is above all, two are equal */
}

/* order_of_views: the four first bytes decide most; a view holds them zero-filled. */
static int order_of_views(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b,
                          uint32_t row_b)
{
    const struct mr_view *va = (const struct mr_view *)a->values + row_a;
    const struct mr_view *vb = (const struct mr_view *)b->values + row_b;
    uint32_t head_a, head_b;
    memcpy(&head_a, va->u.inlined, 4);
    memcpy(&head_b, vb->u.inlined, 4);
    if (head_a != head_b) {
        return __builtin_bswap32(head_a) < __builtin_bswap32(head_b) ? -1 : 1;
    }
    return mr_span_compare(mr_view_span(a->bufs, va), mr_view_span(b->bufs, vb));
}

static int order_of_nested(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b,
                           uint32_t row_b);

int mr_compare_at(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b, uint32_t row_b)
{
    switch (a->type->id) {
    case MR_TYPE_VOID: return 0;
    case MR_TYPE_BOOLEAN:
        return (int)mr_bit_get(a->values, row_a) - (int)mr_bit_get(b->values, row_b);
    case MR_TYPE_FLOAT:
        return order_of_double(((const float *)a->values)[row_a],
                               ((const float *)b->values)[row_b]);
    case MR_TYPE_DOUBLE:
        return order_of_double(((const double *)a->values)[row_a],
                               ((const double *)b->values)[row_b]);
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return order_of_views(a, row_a, b, row_b);
    case MR_TYPE_STRUCT:
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: return order_of_nested(a, row_a, b, row_b);
    case MR_TYPE_DECIMAL: {
        const struct mr_operand x = {.vec = *a}, y = {.vec = *b};
        mr_i128 va = mr_operand_decimal(&x, row_a), vb = mr_operand_decimal(&y, row_b);
        return (va > vb) - (va < vb);
    }
    default: {
        int64_t va = mr_vec_i64(a, row_a), vb = mr_vec_i64(b, row_b);
        return (va > vb) - (va < vb);
    }
    }
}

/* order_or_null: nulls inside nested values come first and equal each other. */
static int order_or_null(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b,
                         uint32_t row_b)
{
    bool null_a = mr_vec_is_null(a, row_a), null_b = mr_vec_is_null(b, row_b);
    if (null_a || null_b) return (int)null_b - (int)null_a;
    return mr_compare_at(a, row_a, b, row_b);
}

static int order_of_nested(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b,
                           uint32_t row_b)
{
    if (a->type->id == MR_TYPE_STRUCT) {
        for (uint32_t k = 0; k < a->type->field_count; k++) {
            int order = order_or_null(&a->children[k], row_a, &b->children[k], row_b);
            if (order != 0) return order;
        }
        return 0;
    }
    uint32_t from_a = a->offsets[row_a], count_a = a->offsets[row_a + 1] - from_a;
    uint32_t from_b = b->offsets[row_b], count_b = b->offsets[row_b + 1] - from_b;
    for (uint32_t i = 0; i < MR_MIN(count_a, count_b); i++) {
        for (uint32_t k = 0; k < a->type->field_count; k++) {
            int order = order_or_null(&a->children[k], from_a + i, &b->children[k], from_b + i);
            if (order != 0) return order;
        }
    }
    return (count_a > count_b) - (count_a < count_b);
}

static bool holds(mr_op op, int order)
{
    switch (op) {
    case MR_OP_EQ:
    case MR_OP_SAME: return order == 0;
    case MR_OP_NE: return order != 0;
    case MR_OP_LT: return order < 0;
    case MR_OP_LE: return order <= 0;
    case MR_OP_GT: return order > 0;
    default: MR_ASSERT(op == MR_OP_GE); return order >= 0;
    }
}

/* kernel_type: which kernel compares values of the type; MR_SELECT_TYPES = none. */
static mr_select_type kernel_type(const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_FLOAT: return MR_SELECT_F32;
    case MR_TYPE_DOUBLE: return MR_SELECT_F64;
    case MR_TYPE_BOOLEAN:
    case MR_TYPE_VOID:
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return MR_SELECT_TYPES;
    default: break;
    }
    switch (mr_type_width(type)) {
    case 1: return MR_SELECT_I8;
    case 2: return MR_SELECT_I16;
    case 4: return MR_SELECT_I32;
    case 8: return MR_SELECT_I64;
    default: return MR_SELECT_TYPES;
    }
}

/* compare_dense: all rows through a kernel. a > b is b < a, and the rest are complements. A
 * constant stands on the right. */
static void compare_dense(struct mr_call *call, mr_select_type type, mr_op op)
{
    const struct mr_select_kernels *kernels = call->eval->select;
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    static const uint8_t swapped[] = {
        [MR_OP_EQ] = MR_OP_EQ, [MR_OP_NE] = MR_OP_NE, [MR_OP_LT] = MR_OP_GT,
        [MR_OP_LE] = MR_OP_GE, [MR_OP_GT] = MR_OP_LT, [MR_OP_GE] = MR_OP_LE};
    if (a->is_constant || (!b->is_constant && (op == MR_OP_GT || op == MR_OP_LE))) {
        const struct mr_operand *other = a;
        a = b;
        b = other;
        op = swapped[op];
    }
    bool is_value = b->is_constant, is_not = false;
    mr_select_op kernel;
    switch (op) {
    case MR_OP_NE: is_not = true; /* fall through */
    case MR_OP_EQ: kernel = is_value ? MR_SELECT_EQ_VALUE : MR_SELECT_EQ; break;
    case MR_OP_GE: is_not = true; /* fall through */
    case MR_OP_LT: kernel = is_value ? MR_SELECT_LT_VALUE : MR_SELECT_LT; break;
    case MR_OP_LE: is_not = true; /* fall through */
    default: kernel = MR_SELECT_GT_VALUE; break;
    }
    uint64_t *out = call->out->values;
    kernels->compare[type][kernel](a->vec.values, b->vec.values, call->out->rows, out);
    for (uint32_t w = 0; is_not && w < mr_bit_words(call->out->rows); w++) out[w] = ~out[w];
}

/* view_words: a view as two words: length and prefix, rest or place. */
static inline void view_words(const struct mr_view *view, uint64_t *out_head, uint64_t *out_rest)
{
    memcpy(out_head, view, sizeof *out_head);
    memcpy(out_rest, (const char *)view + sizeof *out_head, sizeof *out_rest);
}

/* equal_to_value: strings against one string. Length and prefix decide nearly all rows in one word;
 * up to twelve bytes the second word decides the rest. Longer ones are looked at only where the
 * first word fits and the row is present. */
static void equal_to_value(struct mr_call *call, const struct mr_operand *column,
                           const struct mr_operand *value, bool is_not)
{
    const struct mr_view *views = column->vec.values, *wanted = value->vec.values;
    struct mr_span text = mr_view_span(value->vec.bufs, wanted);
    uint64_t head, rest, wanted_head, wanted_rest, *out = call->out->values;
    view_words(wanted, &wanted_head, &wanted_rest);
    for (uint32_t at = 0; at < call->out->rows; at += 64) {
        uint32_t count = MR_MIN(call->out->rows - at, 64u);
        uint64_t word = 0;
        for (uint32_t k = 0; k < count; k++) {
            view_words(&views[at + k], &head, &rest);
            bool is_same = head == wanted_head;
            if (text.bytes <= MR_VIEW_INLINE_MAX) {
                is_same = is_same & (rest == wanted_rest);
            } else if (is_same && !mr_vec_is_null(&column->vec, at + k)) {
                is_same = mr_span_eq(mr_vec_span(&column->vec, at + k), text);
            }
            word |= (uint64_t)is_same << k;
        }
        out[at / 64] = is_not ? ~word : word;
    }
}

static bool is_text(const struct mr_type *type)
{
    return type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
}

mr_status mr_eval_compare(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    mr_op op = call->expr->function->op;
    mr_select_type type = kernel_type(a->vec.type);
    uint32_t mask_a = mr_operand_mask(a), mask_b = mr_operand_mask(b);
    bool is_one = a->is_constant && b->is_constant;
    if (call->rows->at == NULL && type != MR_SELECT_TYPES && !is_one) {
        compare_dense(call, type, op);
        return MR_OK;
    }
    bool is_equality = op == MR_OP_EQ || op == MR_OP_NE;
    if (call->rows->at == NULL && is_equality && is_text(a->vec.type) &&
        a->is_constant != b->is_constant) {
        equal_to_value(call, a->is_constant ? b : a, a->is_constant ? a : b, op == MR_OP_NE);
        return MR_OK;
    }
    /* Strings and nested values of null or unselected rows may not be looked at. */
    const struct mr_rows *rows = call->selected;
    MR_EACH_ROW(rows, i) {
        if (call->out->validity != NULL && !mr_bit_get(call->out->validity, i)) continue;
        int order = mr_compare_at(&a->vec, i & mask_a, &b->vec, i & mask_b);
        mr_vec_put_bool(call->out, i, holds(op, order));
    }
    return MR_OK;
}

mr_status mr_eval_same(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    MR_EACH_ROW(call->rows, i) {
        bool null_a = mr_operand_is_null(a, i), null_b = mr_operand_is_null(b, i);
        bool is_same = null_a && null_b;
        if (!null_a && !null_b) {
            is_same = mr_compare_at(&a->vec, i & mr_operand_mask(a), &b->vec,
                                    i & mr_operand_mask(b)) == 0;
        }
        mr_vec_put_bool(call->out, i, is_same);
    }
    return MR_OK;
}

mr_status mr_eval_greatest(struct mr_call *call, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    uint32_t rows = call->out->rows, count = call->expr->arg_count;
    int sign = call->expr->function->op == MR_OP_GREATEST ? 1 : -1;
    uint16_t *source = mr_arena_alloc(eval->arena, rows * sizeof *source, 64);
    uint32_t *index = MR_ARENA_ARRAY(eval->arena, uint32_t, rows);
    const struct mr_vec **sources = MR_ARENA_ARRAY(eval->arena, const struct mr_vec *, count);
    if (source == NULL || index == NULL || sources == NULL) return mr_eval_nomem(err);
    memset(source, 0xff, rows * sizeof *source);
    for (uint32_t k = 0; k < count; k++) {
        const struct mr_operand *arg = &call->args[k];
        sources[k] = &arg->vec;
        MR_EACH_ROW(call->rows, i) {
            uint32_t row = i & mr_operand_mask(arg);
            if (mr_vec_is_null(&arg->vec, row)) continue;
            if (source[i] != MR_GATHER_NULL &&
                sign * mr_compare_at(&arg->vec, row, sources[source[i]], index[i]) <= 0) {
                continue;
            }
            source[i] = (uint16_t)k;
            index[i] = row;
        }
    }
    struct mr_gather gather = {.eval = eval, .sources = sources, .source = source,
                               .index = index, .rows = rows};
    return mr_gather_run(&gather, call->expr->type, call->out, err);
}

/* Casts to string, and of nested values to nested types, element by element. */
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/cast_impl.h"
#include "core/expr/interval.h"
#include "core/mem/text.h"
#include "kernels/text/number.h"
#include "kernels/text/zone.h"

enum { SCALAR_TEXT_MAX = MR_TIME_TEXT_MAX + MR_NUMBER_TEXT_MAX };

/* scalar_text: everything but strings and nested values. */
static size_t scalar_text(const struct mr_eval *eval, const struct mr_vec *vec, uint32_t row,
                          char *out)
{
    const struct mr_operand operand = {.vec = *vec};
    int64_t local;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: {
        bool value = mr_bit_get(vec->values, row);
        memcpy(out, value ? "true" : "false", 5);
        return value ? 4 : 5;
    }
    case MR_TYPE_FLOAT: return mr_float_format(((const float *)vec->values)[row], out);
    case MR_TYPE_DOUBLE: return mr_double_format(((const double *)vec->values)[row], out);
    case MR_TYPE_DECIMAL:
        return mr_decimal_format(mr_operand_decimal(&operand, row), vec->type->scale, out);
    case MR_TYPE_DATE: return mr_date_format(mr_vec_i64(vec, row), out);
    case MR_TYPE_TIMESTAMP:
        local = mr_vec_i64(vec, row);
        (void)mr_zone_to_local(eval->context->zone, local, &local); /* beyond 64 bits: UTC stays */
        return mr_timestamp_text(local, out);
    case MR_TYPE_TIMESTAMP_NTZ: return mr_timestamp_text(mr_vec_i64(vec, row), out);
    case MR_TYPE_MONTHS:
    case MR_TYPE_SPAN: return mr_interval_format(vec->type, mr_vec_i64(vec, row), out);
    default: return mr_i64_format(mr_vec_i64(vec, row), out);
    }
}

static void write_any(const struct mr_eval *eval, const struct mr_vec *vec, uint32_t row,
                      struct mr_text *out);

/* write_list: [1, 2] and {a -> 1}; a map's entry is key -> value. */
static void write_list(const struct mr_eval *eval, const struct mr_vec *vec, uint32_t row,
                       struct mr_text *out)
{
    bool is_map = vec->type->id == MR_TYPE_MAP;
    mr_text_addc(out, is_map ? '{' : '[');
    for (uint32_t at = vec->offsets[row]; at < vec->offsets[row + 1]; at++) {
        if (at > vec->offsets[row]) mr_text_adds(out, ", ");
        write_any(eval, &vec->children[0], at, out);
        if (!is_map) continue;
        mr_text_adds(out, " -> ");
        write_any(eval, &vec->children[1], at, out);
    }
    mr_text_addc(out, is_map ? '}' : ']');
}

static void write_any(const struct mr_eval *eval, const struct mr_vec *vec, uint32_t row,
                      struct mr_text *out)
{
    char text[SCALAR_TEXT_MAX];
    struct mr_span span;
    if (mr_vec_is_null(vec, row)) {
        mr_text_adds(out, "null");
        return;
    }
    switch (vec->type->id) {
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY:
        span = mr_vec_span(vec, row);
        mr_text_add(out, span.text, span.bytes);
        break;
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: write_list(eval, vec, row, out); break;
    case MR_TYPE_STRUCT:
        mr_text_addc(out, '{');
        for (uint32_t k = 0; k < vec->type->field_count; k++) {
            if (k > 0) mr_text_adds(out, ", ");
            write_any(eval, &vec->children[k], row, out);
        }
        mr_text_addc(out, '}');
        break;
    default: mr_text_add(out, text, scalar_text(eval, vec, row, text));
    }
}

mr_status mr_cast_to_text(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    struct mr_text text;
    mr_status status = MR_OK;
    mr_text_init(&text, call->eval->arena->heap);
    bool is_nested = mr_type_is_nested(a->vec.type);
    MR_EACH_ROW(call->rows, i) {
        char scalar[SCALAR_TEXT_MAX];
        uint32_t row = i & mr_operand_mask(a);
        struct mr_span span = {scalar, 0};
        if (is_nested) {
            mr_text_reset(&text);
            write_any(call->eval, &a->vec, row, &text);
            status = mr_text_end(&text, err);
            if (status != MR_OK) break;
            span = mr_text_span(&text);
        } else {
            span.bytes = scalar_text(call->eval, &a->vec, row, scalar);
        }
        status = mr_eval_put_text(call, i, span, err);
        if (status != MR_OK) break;
    }
    mr_text_fini(&text);
    return status;
}

/* nested_rows: the elements under the rows to compute, each with the record it belongs to. */
static mr_status nested_rows(const struct mr_call *call, const struct mr_vec *child, bool is_list,
                             struct mr_call *inner, struct mr_err *err)
{
    struct mr_arena *arena = call->eval->arena;
    const struct mr_operand *a = &call->args[0];
    struct mr_rows *rows = MR_ARENA_NEW(arena, struct mr_rows);
    uint32_t *at = MR_ARENA_ARRAY(arena, uint32_t, child->rows);
    uint32_t *record_of = MR_ARENA_ARRAY(arena, uint32_t, child->rows);
    if (rows == NULL || at == NULL || record_of == NULL) return mr_eval_nomem(err);
    MR_EACH_ROW(call->rows, i) {
        uint32_t row = i & mr_operand_mask(a);
        uint32_t from = is_list ? a->vec.offsets[row] : row;
        uint32_t to = is_list ? a->vec.offsets[row + 1] : row + 1;
        for (; from < to; from++) {
            record_of[from] = call->record_of == NULL ? i : call->record_of[i];
            if (!mr_vec_is_null(child, from)) at[rows->count++] = from;
        }
    }
    rows->at = at;
    inner->rows = inner->selected = rows;
    inner->record_of = record_of;
    return MR_OK;
}

/* nested_child: one member or element vector, cast. */
static mr_status nested_child(const struct mr_call *call, uint32_t k, bool is_list,
                              struct mr_vec *out, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    struct mr_operand child = {.vec = call->args[0].vec.children[k]};
    const struct mr_type *type = call->out->type->fields[k].type;
    uint32_t rows = child.vec.rows;
    struct mr_call inner = *call;
    bool is_void = child.vec.type->id == MR_TYPE_VOID;
    inner.args = &child;
    inner.out = out;
    MR_TRY(nested_rows(call, &child.vec, is_list, &inner, err));
    *out = (struct mr_vec){.type = type, .rows = rows, .bufs = &eval->root->bufs};
    if (is_void || !mr_type_is_nested(type)) {
        MR_TRY(mr_vec_alloc(out, eval->arena, type, rows, is_void, &eval->root->bufs, err));
        if (mr_type_width(type) == 16) memset(out->values, 0, (size_t)rows * 16);
    }
    if (!is_void) {
        out->validity = child.vec.validity;
        if (out->validity != NULL) { /* a failed element is cleared in a copy */
            out->validity = mr_eval_bits(eval, rows);
            if (out->validity == NULL) return mr_eval_nomem(err);
            memcpy(out->validity, child.vec.validity, mr_bit_words(rows) * sizeof(uint64_t));
        }
        MR_TRY(mr_cast_run(&inner, err));
    }
    out->null_count = out->validity == NULL ? 0 : mr_vec_nulls(out->validity, rows);
    return MR_OK;
}

mr_status mr_cast_nested(struct mr_call *call, struct mr_err *err)
{
    const struct mr_vec *from = &call->args[0].vec;
    struct mr_vec *out = call->out;
    bool is_list = out->type->id != MR_TYPE_STRUCT;
    out->offsets = from->offsets;
    out->children = MR_ARENA_ARRAY(call->eval->arena, struct mr_vec, out->type->field_count);
    if (out->children == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < out->type->field_count; k++) {
        MR_TRY(nested_child(call, k, is_list, &out->children[k], err));
    }
    return MR_OK;
}

/* Types of bit operations, hashes, and of functions that are about types and errors. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"

static mr_status wrong(const struct mr_resolve *resolve, uint32_t k, const char *wanted,
                       struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s",
                      resolve->function->name, wanted, k + 1,
                      mr_type_describe(resolve->args[k]->type, text, sizeof text));
}

mr_status mr_resolve_bits(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type;
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        const struct mr_type *one = resolve->args[k]->type;
        if (!mr_type_is_integer(one) && one->id != MR_TYPE_VOID) {
            return wrong(resolve, k, "an integer", err);
        }
    }
    if (resolve->arg_count > 1) {
        MR_TRY(mr_expr_common(resolve->builder, resolve->args, 2, resolve->function->name, &type,
                              err));
    }
    if (type->id == MR_TYPE_VOID) type = mr_type_of(MR_TYPE_INT);
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err));
    }
    resolve->type = type;
    return MR_OK;
}

mr_status mr_resolve_shift(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type, *integer = mr_type_of(MR_TYPE_INT);
    if (type->id != MR_TYPE_LONG) {
        if (!mr_cast_is_implicit(type, integer)) return wrong(resolve, 0, "an integer", err);
        type = integer;
    }
    if (!mr_cast_is_implicit(resolve->args[1]->type, integer)) {
        return wrong(resolve, 1, "INT", err);
    }
    MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[0], type, &resolve->args[0], err));
    resolve->type = type;
    return mr_expr_implicit(resolve->builder, resolve->args[1], integer, &resolve->args[1], err);
}

/* bit_count, getbit: any integer; bit_count a boolean, too. */
mr_status mr_resolve_bit_count(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type;
    bool takes_bool = resolve->arg_count == 1;
    if (mr_type_is_integer(type) || (takes_bool && type->id == MR_TYPE_BOOLEAN)) {
        if (takes_bool) return MR_OK;
        const struct mr_type *integer = mr_type_of(MR_TYPE_INT);
        if (!mr_type_is_integer(resolve->args[1]->type)) return wrong(resolve, 1, "INT", err);
        return mr_expr_implicit(resolve->builder, resolve->args[1], integer, &resolve->args[1],
                                err);
    }
    return wrong(resolve, 0, takes_bool ? "an integer or a boolean" : "an integer", err);
}

/* hex takes a number as bigint, bytes and strings as they are. */
mr_status mr_resolve_hex(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type;
    mr_type_id id = mr_type_is_number(type) ? MR_TYPE_LONG : MR_TYPE_STRING;
    if (type->id == MR_TYPE_BINARY || type->id == MR_TYPE_STRING) return MR_OK;
    if (!mr_cast_is_implicit(type, mr_type_of(id)) || mr_type_is_nested(type)) {
        return wrong(resolve, 0, "a number, a string or a binary", err);
    }
    return mr_expr_implicit(resolve->builder, resolve->args[0], mr_type_of(id), &resolve->args[0],
                            err);
}

static bool has_map(const struct mr_type *type)
{
    if (type->id == MR_TYPE_MAP) return true;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (has_map(type->fields[i].type)) return true;
    }
    return false;
}

mr_status mr_resolve_row_hash(struct mr_resolve *resolve, struct mr_err *err)
{
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        if (has_map(resolve->args[k]->type)) {
            return wrong(resolve, k, "values without maps", err);
        }
    }
    resolve->is_nullable = false;
    return MR_OK;
}

mr_status mr_resolve_typeof(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, resolve->builder->arena->heap);
    mr_type_write_sql(resolve->args[0]->type, &text);
    mr_status status = mr_text_end(&text, err);
    struct mr_span copy = {NULL, text.used};
    if (status == MR_OK) copy.text = mr_arena_copy(resolve->builder->arena, mr_text_span(&text));
    mr_text_fini(&text);
    if (status != MR_OK) return status;
    if (copy.text == NULL) return mr_expr_nomem(err);
    return mr_expr_string(resolve->builder, copy, &resolve->rewritten, err);
}

mr_status mr_resolve_raise_error(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->type = mr_type_of(MR_TYPE_VOID);
    resolve->is_nullable = true;
    return MR_OK;
}

mr_status mr_eval_raise_error(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = {0};
        if (!mr_operand_is_null(&call->args[0], i)) text = mr_operand_span(&call->args[0], i);
        return mr_call_fail(call, i, 1316, err, "%.*s", (int)MR_MIN(text.bytes, 200u),
                            text.text == NULL ? "null" : text.text);
    }
    return MR_OK;
}

/* assert_true: null where the condition is true, an error elsewhere. */
mr_status mr_eval_assert_true(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        if (!mr_operand_is_null(&call->args[0], i) && mr_operand_bool(&call->args[0], i)) continue;
        struct mr_span text = MR_SPAN("the condition is not true");
        if (call->expr->arg_count > 1 && !mr_operand_is_null(&call->args[1], i)) {
            text = mr_operand_span(&call->args[1], i);
        }
        return mr_call_fail(call, i, 1316, err, "%.*s", (int)MR_MIN(text.bytes, 200u), text.text);
    }
    return MR_OK;
}

/* A function of two spellings for text and for bytes: the second argument's default. */
mr_status mr_resolve_pad(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr **args;
    bool is_binary = resolve->args[0]->type->id == MR_TYPE_BINARY;
    resolve->type = resolve->args[0]->type;
    if (resolve->arg_count == 3) {
        if (is_binary == (resolve->args[2]->type->id == MR_TYPE_BINARY)) return MR_OK;
        return wrong(resolve, 2, is_binary ? "BINARY" : "STRING", err);
    }
    args = MR_ARENA_ARRAY(resolve->builder->arena, const struct mr_expr *, 3);
    if (args == NULL) return mr_expr_nomem(err);
    memcpy(args, resolve->args, 2 * sizeof *args);
    struct mr_value zero = {.type = mr_type_of(MR_TYPE_BINARY), .u.text = {"", 1}};
    if (is_binary) MR_TRY(mr_expr_literal(resolve->builder, &zero, &args[2], err));
    else MR_TRY(mr_expr_string(resolve->builder, MR_SPAN(" "), &args[2], err));
    resolve->args = args;
    resolve->arg_count = 3;
    resolve->shows_defaults = true;
    return MR_OK;
}

/* with_default: argument `k` is `value` when it was not written. */
static mr_status with_default(struct mr_resolve *resolve, uint32_t k, int32_t value,
                              struct mr_err *err)
{
    struct mr_value literal = {.type = mr_type_of(MR_TYPE_INT), .u.i64 = value};
    if (resolve->arg_count > k) return MR_OK;
    const struct mr_expr **args =
        MR_ARENA_ARRAY(resolve->builder->arena, const struct mr_expr *, k + 1);
    if (args == NULL) return mr_expr_nomem(err);
    memcpy(args, resolve->args, k * sizeof *args);
    resolve->args = args;
    resolve->arg_count = k + 1;
    resolve->shows_defaults = true;
    return mr_expr_literal(resolve->builder, &literal, &args[k], err);
}

mr_status mr_resolve_regexp(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_list = resolve->function->op != MR_OP_REPLACE;
    const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
    switch ((mr_op)resolve->function->op) {
    case MR_OP_SPLIT: MR_TRY(with_default(resolve, 2, -1, err)); break;
    case MR_OP_REPLACE: MR_TRY(with_default(resolve, 3, 1, err)); break;
    case MR_OP_EXTRACT: is_list = false; /* fall through */
    default: MR_TRY(with_default(resolve, 2, 1, err)); break;
    }
    resolve->type = string;
    if (!is_list) return MR_OK;
    bool has_nulls = resolve->function->op != MR_OP_SPLIT;
    resolve->type = mr_type_array(resolve->builder->arena, string, has_nulls);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

/* decode(bytes, charset); or decode(a, search, result, ...[, default]), where null finds null. */
mr_status mr_resolve_decode(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_expr_builder *builder = resolve->builder;
    uint32_t pairs = (resolve->arg_count - 1) / 2;
    resolve->type = mr_type_of(MR_TYPE_STRING);
    if (resolve->arg_count == 2) {
        const struct mr_type *binary = mr_type_of(MR_TYPE_BINARY);
        if (!mr_cast_is_implicit(resolve->args[0]->type, binary) ||
            !mr_cast_exists(resolve->args[0]->type, binary)) {
            return wrong(resolve, 0, "BINARY", err);
        }
        MR_TRY(mr_expr_implicit(builder, resolve->args[0], binary, &resolve->args[0], err));
        if (resolve->args[1]->type->id != MR_TYPE_STRING) return wrong(resolve, 1, "STRING", err);
        return MR_OK;
    }
    const struct mr_expr **whens =
        MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, (size_t)pairs * 2);
    if (whens == NULL) return mr_expr_nomem(err);
    for (uint32_t k = 0; k < pairs; k++) {
        MR_TRY(mr_expr_binary(builder, "<=>", resolve->args[0], resolve->args[2 * k + 1],
                              &whens[k], err));
        whens[pairs + k] = resolve->args[2 * k + 2];
    }
    const struct mr_expr *otherwise =
        resolve->arg_count % 2 == 0 ? resolve->args[resolve->arg_count - 1] : NULL;
    return mr_expr_case(builder, NULL, whens, whens + pairs, pairs, otherwise,
                        &resolve->rewritten, err);
}

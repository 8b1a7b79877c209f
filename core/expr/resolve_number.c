/* Types of arithmetic. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"

static mr_status arithmetic_wrong(const struct mr_resolve *resolve, struct mr_err *err)
{
    char a[MR_TYPE_TEXT_MAX], b[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes numbers, not %s and %s",
                      resolve->function->name,
                      mr_type_describe(resolve->args[0]->type, a, sizeof a),
                      mr_type_describe(resolve->args[1]->type, b, sizeof b));
}

/* date_arithmetic: date + days, days + date, date - days. */
static mr_status date_arithmetic(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *a = resolve->args[0], *b = resolve->args[1];
    bool is_add = resolve->function->op == MR_OP_ADD;
    if (a->type->id != MR_TYPE_DATE && is_add) {
        a = resolve->args[1];
        b = resolve->args[0];
    }
    bool is_fit = a->type->id == MR_TYPE_DATE && mr_type_is_integer(b->type) &&
                  resolve->function->op <= MR_OP_SUBTRACT;
    if (!is_fit) return arithmetic_wrong(resolve, err);
    resolve->is_renamed = true;
    return mr_expr_binary(resolve->builder, is_add ? "date_add" : "date_sub", a, b,
                          &resolve->rewritten, err);
}

/* decimal_operand: an integer beside a decimal. A literal needs only its own digits. */
static mr_status decimal_operand(struct mr_resolve *resolve, uint32_t k, struct mr_err *err)
{
    const struct mr_expr *arg = resolve->args[k];
    struct mr_arena *arena = resolve->builder->arena;
    if (arg->type->id == MR_TYPE_DECIMAL) return MR_OK;
    const struct mr_type *type;
    if (arg->kind == MR_EXPR_LITERAL && !arg->value.is_null && arg->written == NULL) {
        unsigned digits = 1;
        uint64_t rest = (uint64_t)arg->value.u.i64;
        if (arg->value.u.i64 < 0) rest = 0 - rest;
        while (rest >= 10) {
            rest /= 10;
            digits++;
        }
        type = mr_type_decimal(arena, digits, 0);
    } else {
        type = mr_decimal_of_integer(arena, arg->type->id);
    }
    if (type == NULL) return mr_expr_nomem(err);
    return mr_expr_implicit(resolve->builder, arg, type, &resolve->args[k], err);
}

static mr_status decimal_arithmetic(struct mr_resolve *resolve, struct mr_err *err)
{
    static const uint8_t rules[] = {
        [MR_OP_ADD] = MR_DECIMAL_ADD,           [MR_OP_SUBTRACT] = MR_DECIMAL_ADD,
        [MR_OP_MULTIPLY] = MR_DECIMAL_MULTIPLY, [MR_OP_DIVIDE] = MR_DECIMAL_DIVIDE,
        [MR_OP_DIV] = MR_DECIMAL_DIVIDE,        [MR_OP_REMAINDER] = MR_DECIMAL_REMAINDER,
        [MR_OP_MODULUS] = MR_DECIMAL_REMAINDER};
    for (uint32_t k = 0; k < 2; k++) MR_TRY(decimal_operand(resolve, k, err));
    if (resolve->function->op == MR_OP_DIV) {
        resolve->type = mr_type_of(MR_TYPE_LONG);
        return MR_OK;
    }
    resolve->type = mr_decimal_result(resolve->builder->arena, rules[resolve->function->op],
                                      resolve->args[0]->type, resolve->args[1]->type);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

mr_status mr_resolve_arithmetic(struct mr_resolve *resolve, struct mr_err *err)
{
    if (resolve->arg_count == 1) {
        resolve->is_renamed = true;
        return mr_expr_unary(resolve->builder, "negative", resolve->args[0], &resolve->rewritten,
                             err);
    }
    const struct mr_type *a = resolve->args[0]->type, *b = resolve->args[1]->type, *type;
    mr_op op = resolve->function->op;
    bool has_date = a->id == MR_TYPE_DATE || b->id == MR_TYPE_DATE;
    bool has_string = a->id == MR_TYPE_STRING || b->id == MR_TYPE_STRING;
    bool is_difference = mr_type_is_time(a) && mr_type_is_time(b) && op == MR_OP_SUBTRACT;
    if (mr_type_is_interval(a) || mr_type_is_interval(b)) {
        return mr_interval_arithmetic(resolve, err);
    }
    if (is_difference) return mr_time_difference(resolve, err);
    if (has_date && !has_string) return date_arithmetic(resolve, err);
    bool has_decimal = a->id == MR_TYPE_DECIMAL || b->id == MR_TYPE_DECIMAL;
    bool has_integer = mr_type_is_integer(a) || mr_type_is_integer(b);
    bool both_decimal = a->id == MR_TYPE_DECIMAL && b->id == MR_TYPE_DECIMAL;
    if (both_decimal || (has_decimal && has_integer)) return decimal_arithmetic(resolve, err);
    MR_TRY(mr_type_common(resolve->builder->arena, a, b, &type, err));
    if (type != NULL && type->id == MR_TYPE_VOID) type = mr_type_of(MR_TYPE_DOUBLE);
    if (type == NULL || !mr_type_is_number(type)) return arithmetic_wrong(resolve, err);
    if (op == MR_OP_DIVIDE && type->id != MR_TYPE_DECIMAL) type = mr_type_of(MR_TYPE_DOUBLE);
    if (op == MR_OP_DIV && type->id != MR_TYPE_DECIMAL) {
        if (mr_type_is_float(type)) return arithmetic_wrong(resolve, err);
        type = mr_type_of(MR_TYPE_LONG);
    }
    for (uint32_t k = 0; k < 2; k++) {
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err));
    }
    if (type->id == MR_TYPE_DECIMAL) return decimal_arithmetic(resolve, err); /* NULL + decimal */
    resolve->type = type;
    return MR_OK;
}

/* take_number: strings and NULL become double. */
static mr_status take_number(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type;
    if (type->id == MR_TYPE_STRING || type->id == MR_TYPE_VOID) {
        return mr_expr_implicit(resolve->builder, resolve->args[0], mr_type_of(MR_TYPE_DOUBLE),
                                &resolve->args[0], err);
    }
    bool is_signed = resolve->function->op == MR_OP_ABS || resolve->function->op == MR_OP_NEGATE;
    if (mr_type_is_number(type) || (is_signed && mr_type_is_interval(type))) return MR_OK;
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes a number, not %s", resolve->function->name,
                      mr_type_describe(type, text, sizeof text));
}

mr_status mr_resolve_unary(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_number(resolve, err));
    resolve->type = resolve->args[0]->type;
    return MR_OK;
}

/* round_type: of a decimal with `digits` fraction digits kept. */
static mr_status round_type(struct mr_resolve *resolve, int64_t digits, struct mr_err *err)
{
    const struct mr_type *from = resolve->args[0]->type;
    int64_t whole = from->precision - from->scale + 1;
    int64_t precision, scale;
    if (digits < 0) {
        precision = MR_MAX(whole, -digits + 1);
        scale = 0;
    } else {
        scale = MR_MIN((int64_t)from->scale, digits);
        precision = whole + scale;
    }
    precision = MR_MIN(precision, MR_DECIMAL_PRECISION_MAX);
    resolve->type = mr_type_decimal(resolve->builder->arena, (unsigned)precision, (unsigned)scale);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

/* floor_type: floor and ceil. Without digits a bigint (of decimals a decimal without fraction);
 * with digits integers and floats go through decimals, as in Spark. */
static mr_status floor_type(struct mr_resolve *resolve, bool has_digits, int64_t digits,
                            struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    const struct mr_type *from = resolve->args[0]->type;
    if (!has_digits && from->id != MR_TYPE_DECIMAL) {
        resolve->type = mr_type_of(MR_TYPE_LONG);
        if (!mr_type_is_integer(from)) return MR_OK;
        return mr_expr_implicit(resolve->builder, resolve->args[0], resolve->type,
                                &resolve->args[0], err);
    }
    if (from->id != MR_TYPE_DECIMAL) {
        const struct mr_type *type = mr_type_is_integer(from)
                                         ? mr_decimal_of_integer(arena, from->id)
                                     : from->id == MR_TYPE_FLOAT ? mr_type_decimal(arena, 14, 7)
                                                                 : mr_type_decimal(arena, 30, 15);
        if (type == NULL) return mr_expr_nomem(err);
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[0], type, &resolve->args[0], err));
    }
    return round_type(resolve, digits, err);
}

mr_status mr_resolve_round(struct mr_resolve *resolve, struct mr_err *err)
{
    int64_t digits = 0;
    bool has_digits = resolve->arg_count == 2;
    mr_op op = resolve->function->op;
    MR_TRY(take_number(resolve, err));
    if (has_digits) {
        const struct mr_expr *arg = resolve->args[1];
        bool is_fit = arg->kind == MR_EXPR_LITERAL && !arg->value.is_null &&
                      mr_type_is_integer(arg->type) && arg->value.u.i64 >= -400 &&
                      arg->value.u.i64 <= 400;
        if (!is_fit) {
            return mr_err_set(err, MR_E_TYPE, 1315,
                              "%s takes a constant integer from -400 to 400 as number of digits",
                              resolve->function->name);
        }
        digits = arg->value.u.i64;
    }
    if (op == MR_OP_FLOOR || op == MR_OP_CEIL) return floor_type(resolve, has_digits, digits, err);
    if (resolve->args[0]->type->id == MR_TYPE_DECIMAL) return round_type(resolve, digits, err);
    resolve->type = resolve->args[0]->type;
    return MR_OK;
}

mr_status mr_resolve_ln(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->is_nullable = true;
    return MR_OK;
}

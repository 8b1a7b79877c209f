/* Arithmetic. */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/coerce.h"
#include "core/expr/decimal.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"

enum { DIGITS_OF_LONG = 19 };

static mr_status number_overflow(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    char a[MR_VALUE_TEXT_MAX], b[MR_VALUE_TEXT_MAX];
    if (call->expr->arg_count == 1) {
        return mr_call_bad(call, row, 1310, err, "overflow of %s for %s",
                           mr_type_name(call->expr->type->id),
                           mr_value_text(&call->args[0], row, a, sizeof a));
    }
    return mr_call_bad(call, row, 1310, err, "overflow of %s for %s and %s",
                       mr_type_name(call->expr->type->id),
                       mr_value_text(&call->args[0], row, a, sizeof a),
                       mr_value_text(&call->args[1], row, b, sizeof b));
}

static mr_status number_by_zero(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    char a[MR_VALUE_TEXT_MAX];
    return mr_call_bad(call, row, 1311, err, "division of %s by zero",
                       mr_value_text(&call->args[0], row, a, sizeof a));
}

static bool is_present(const struct mr_call *call, uint32_t row)
{
    return call->out->validity == NULL || mr_bit_get(call->out->validity, row);
}

/* One loop per operation and type. It runs over whatever rows hold, so an overflow seen there may
 * be one of a null or unselected row: only then are the rows that count looked at one by one. The
 * two dense forms are separate, for the vectorizer. */
#define CHECKED_LOOP(type_, checked_)                                                              \
    do {                                                                                           \
        const type_ *va = a->vec.values, *vb = b->vec.values;                                      \
        type_ *vo = call->out->values;                                                             \
        bool is_bad = false;                                                                       \
        if (call->rows->at == NULL && !a->is_constant && !b->is_constant) {                        \
            for (uint32_t i = 0; i < call->rows->count; i++)                                       \
                is_bad |= checked_(va[i], vb[i], &vo[i]);                                          \
        } else if (call->rows->at == NULL && !a->is_constant) {                                    \
            const type_ value = vb[0];                                                             \
            for (uint32_t i = 0; i < call->rows->count; i++)                                       \
                is_bad |= checked_(va[i], value, &vo[i]);                                          \
        } else {                                                                                   \
            MR_EACH_ROW(call->rows, i) is_bad |= checked_(va[i & mask_a], vb[i & mask_b], &vo[i]); \
        }                                                                                          \
        if (!is_bad || call->expr->mode == MR_MODE_LEGACY) return MR_OK;                           \
        MR_EACH_ROW(call->selected, i)                                                             \
        {                                                                                          \
            type_ unused;                                                                          \
            if (!is_present(call, i) || !checked_(va[i & mask_a], vb[i & mask_b], &unused))        \
                continue;                                                                          \
            MR_TRY(number_overflow(call, i, err));                                                 \
        }                                                                                          \
        return MR_OK;                                                                              \
    } while (0)

#define CHECKED_TYPE(name_, type_)                                                                 \
    static mr_status name_(struct mr_call *call, mr_op op, struct mr_err *err)                     \
    {                                                                                              \
        const struct mr_operand *a = &call->args[0], *b = &call->args[1];                          \
        uint32_t mask_a = mr_operand_mask(a), mask_b = mr_operand_mask(b);                         \
        if (op == MR_OP_ADD) CHECKED_LOOP(type_, __builtin_add_overflow);                          \
        if (op == MR_OP_SUBTRACT) CHECKED_LOOP(type_, __builtin_sub_overflow);                     \
        CHECKED_LOOP(type_, __builtin_mul_overflow);                                               \
    }

CHECKED_TYPE(integer_i8, int8_t)
CHECKED_TYPE(integer_i16, int16_t)
CHECKED_TYPE(integer_i32, int32_t)
CHECKED_TYPE(integer_i64, int64_t)

/* integer_divide: DIV, % and pmod of integers; rows hold no nulls. */
static mr_status integer_divide(struct mr_call *call, mr_op op, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    MR_EACH_ROW(call->rows, i) {
        int64_t x = mr_operand_i64(a, i), y = mr_operand_i64(b, i), value = 0;
        if (y == 0) {
            MR_TRY(number_by_zero(call, i, err));
            continue;
        }
        if (op == MR_OP_DIV && y == -1 && x == INT64_MIN) {
            if (call->expr->mode != MR_MODE_LEGACY) {
                MR_TRY(number_overflow(call, i, err));
                continue;
            }
            value = x;
        } else if (op == MR_OP_DIV) {
            value = x / y;
        } else if (y != -1) {
            value = x % y;
            /* A negative divisor leaves a negative remainder where one step up is negative too. */
            if (op == MR_OP_MODULUS && value < 0)
                value = y > 0 ? value + y : (int64_t)(((mr_i128)value + y) % y);
        }
        mr_vec_put_i64(call->out, i, value);
    }
    return MR_OK;
}

#define REAL_LOOP(type_, result_)                                                                  \
    do {                                                                                           \
        const type_ *va = a->vec.values, *vb = b->vec.values;                                      \
        type_ *vo = call->out->values;                                                             \
        if (call->rows->at == NULL && !a->is_constant && !b->is_constant) {                        \
            for (uint32_t i = 0; i < call->rows->count; i++) {                                     \
                const type_ x = va[i], y = vb[i];                                                  \
                vo[i] = (type_)(result_);                                                          \
            }                                                                                      \
            break;                                                                                 \
        }                                                                                          \
        MR_EACH_ROW(call->rows, i) {                                                               \
            const type_ x = va[i & mask_a], y = vb[i & mask_b];                                    \
            vo[i] = (type_)(result_);                                                              \
        }                                                                                          \
    } while (0)

static double real_modulus(double x, double y)
{
    double rest = fmod(x, y);
    return rest < 0 ? fmod(rest + y, y) : rest;
}

static mr_status real_by_zero(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *b = &call->args[1];
    bool is_float = b->vec.type->id == MR_TYPE_FLOAT;
    uint32_t mask = mr_operand_mask(b);
    MR_EACH_ROW(call->rows, i) {
        bool is_zero = is_float ? ((const float *)b->vec.values)[i & mask] == 0
                                : ((const double *)b->vec.values)[i & mask] == 0;
        if (is_zero) MR_TRY(number_by_zero(call, i, err));
    }
    return MR_OK;
}

static mr_status real_arithmetic(struct mr_call *call, mr_op op, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    uint32_t mask_a = mr_operand_mask(a), mask_b = mr_operand_mask(b);
    bool is_float = call->expr->type->id == MR_TYPE_FLOAT;
    if (op >= MR_OP_DIVIDE) MR_TRY(real_by_zero(call, err));
    switch (op) {
    case MR_OP_ADD:
        if (is_float) REAL_LOOP(float, x + y);
        else REAL_LOOP(double, x + y);
        break;
    case MR_OP_SUBTRACT:
        if (is_float) REAL_LOOP(float, x - y);
        else REAL_LOOP(double, x - y);
        break;
    case MR_OP_MULTIPLY:
        if (is_float) REAL_LOOP(float, x * y);
        else REAL_LOOP(double, x * y);
        break;
    case MR_OP_DIVIDE: REAL_LOOP(double, y == 0 ? 0 : x / y); break;
    case MR_OP_REMAINDER:
        if (is_float) REAL_LOOP(float, fmodf(x, y));
        else REAL_LOOP(double, fmod(x, y));
        break;
    default:
        MR_ASSERT(op == MR_OP_MODULUS);
        if (is_float) REAL_LOOP(float, real_modulus(x, y));
        else REAL_LOOP(double, real_modulus(x, y));
    }
    return MR_OK;
}

static bool decimal_one(const struct mr_decimal_shape *shape, mr_op op, mr_i128 a, mr_i128 b,
                        mr_i128 *out)
{
    switch (op) {
    case MR_OP_ADD: return mr_decimal_add(shape, a, b, out);
    case MR_OP_SUBTRACT: return mr_decimal_add(shape, a, -b, out);
    case MR_OP_MULTIPLY: return mr_decimal_multiply(shape, a, b, out);
    case MR_OP_DIVIDE: return mr_decimal_divide(shape, a, b, out);
    case MR_OP_DIV: {
        int64_t quotient;
        if (!mr_decimal_div(shape, a, b, &quotient)) return false;
        *out = quotient;
        return true;
    }
    default: break;
    }
    if (!mr_decimal_remainder(shape, a, b, out)) return false;
    if (op != MR_OP_MODULUS || *out >= 0) return true;
    /* The remainder is negative: move it up by one divisor, which is then at the result's scale. */
    struct mr_decimal_shape up = *shape;
    up.scale_a = shape->scale;
    up.digits_a = shape->precision;
    mr_i128 raised;
    if (!mr_decimal_add(&up, *out, b, &raised)) return false;
    if (raised >= 0) *out = raised;
    return true;
}

static mr_status decimal_arithmetic(struct mr_call *call, mr_op op, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0], *b = &call->args[1];
    const struct mr_type *type = call->expr->type, *from_a = a->vec.type, *from_b = b->vec.type;
    bool is_long = type->id == MR_TYPE_LONG;
    const struct mr_decimal_shape shape = {
        .scale_a = from_a->scale, .scale_b = from_b->scale, .digits_a = from_a->precision,
        .digits_b = from_b->precision, .scale = type->scale,
        .precision = is_long ? DIGITS_OF_LONG : type->precision};
    const struct mr_rows *rows = call->selected; /* what null rows hold may have too many digits */
    MR_EACH_ROW(rows, i) {
        mr_i128 value;
        if (!is_present(call, i)) continue;
        mr_i128 x = mr_operand_decimal(a, i), y = mr_operand_decimal(b, i);
        if (op >= MR_OP_DIVIDE && y == 0) {
            MR_TRY(number_by_zero(call, i, err));
        } else if (!decimal_one(&shape, op, x, y, &value)) {
            MR_TRY(number_overflow(call, i, err));
        } else if (is_long) {
            ((int64_t *)call->out->values)[i] = (int64_t)value;
        } else {
            mr_vec_put_decimal(call->out, i, value);
        }
    }
    return MR_OK;
}

mr_status mr_eval_arithmetic(struct mr_call *call, struct mr_err *err)
{
    mr_op op = call->expr->function->op;
    const struct mr_type *type = call->args[0].vec.type;
    if (type->id == MR_TYPE_DECIMAL) return decimal_arithmetic(call, op, err);
    if (mr_type_is_float(type)) return real_arithmetic(call, op, err);
    if (op >= MR_OP_DIV) return integer_divide(call, op, err);
    switch (type->id) {
    case MR_TYPE_BYTE: return integer_i8(call, op, err);
    case MR_TYPE_SHORT: return integer_i16(call, op, err);
    case MR_TYPE_INT: return integer_i32(call, op, err);
    default: MR_ASSERT(type->id == MR_TYPE_LONG); return integer_i64(call, op, err);
    }
}

static mr_status integer_unary(struct mr_call *call, mr_op op, struct mr_err *err)
{
    static const int64_t least[] = {[MR_TYPE_BYTE] = INT8_MIN, [MR_TYPE_SHORT] = INT16_MIN,
                                    [MR_TYPE_INT] = INT32_MIN, [MR_TYPE_LONG] = INT64_MIN};
    const struct mr_operand *a = &call->args[0];
    MR_EACH_ROW(call->selected, i) {
        int64_t value = mr_operand_i64(a, i);
        if (!is_present(call, i)) continue;
        if (value == least[call->expr->type->id]) {
            if (call->expr->mode != MR_MODE_LEGACY) MR_TRY(number_overflow(call, i, err));
        } else if (op == MR_OP_NEGATE || value < 0) {
            value = -value;
        }
        mr_vec_put_i64(call->out, i, value);
    }
    return MR_OK;
}

mr_status mr_eval_unary(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    mr_op op = call->expr->function->op;
    bool is_abs = op == MR_OP_ABS;
    if (mr_type_is_integer(a->vec.type)) return integer_unary(call, op, err);
    if (mr_type_is_interval(a->vec.type)) return mr_eval_interval_unary(call, err);
    MR_EACH_ROW(call->selected, i) {
        uint32_t row = i & mr_operand_mask(a);
        if (a->vec.type->id == MR_TYPE_FLOAT) {
            float x = ((const float *)a->vec.values)[row];
            ((float *)call->out->values)[i] = is_abs ? fabsf(x) : -x;
        } else if (a->vec.type->id == MR_TYPE_DOUBLE) {
            double x = ((const double *)a->vec.values)[row];
            ((double *)call->out->values)[i] = is_abs ? fabs(x) : -x;
        } else if (is_present(call, i)) {
            mr_i128 x = mr_operand_decimal(a, i);
            mr_vec_put_decimal(call->out, i, is_abs && x >= 0 ? x : -x);
        }
    }
    return MR_OK;
}

static double double_one(mr_op op, double x, double y)
{
    switch (op) {
    case MR_OP_SQRT: return sqrt(x);
    case MR_OP_EXP: return exp(x);
    case MR_OP_LN: return log(x);
    case MR_OP_POWER: return pow(x, y);
    default: MR_ASSERT(op == MR_OP_SIGN); return x > 0 ? 1 : x < 0 ? -1 : x;
    }
}

mr_status mr_eval_double(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    const struct mr_operand *b = call->expr->arg_count > 1 ? &call->args[1] : a;
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        double x = ((const double *)a->vec.values)[i & mr_operand_mask(a)];
        double y = ((const double *)b->vec.values)[i & mr_operand_mask(b)];
        if (op == MR_OP_LN && !(x > 0) && x == x) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        ((double *)call->out->values)[i] = double_one(op, x, y);
    }
    return MR_OK;
}

mr_status mr_eval_isnan(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_operand *a = &call->args[0];
    MR_EACH_ROW(call->rows, i) {
        if (mr_operand_is_null(a, i)) continue;
        double x = ((const double *)a->vec.values)[i & mr_operand_mask(a)];
        mr_vec_put_bool(call->out, i, x != x);
    }
    return MR_OK;
}

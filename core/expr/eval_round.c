/* Rounding to decimal digits. Floats are rounded as they are written: 2.675 to two digits is 2.68,
 * as in Spark, though the double lies below it. */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/coerce.h"
#include "core/expr/decimal.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "kernels/text/number.h"

enum { DIGITS_MAX = 38, FRACTION_KEPT = 20 };

/* round_away: value / 10^drop, rounded as `op` says. */
static mr_i128 round_away(mr_i128 value, unsigned drop, mr_op op)
{
    if (drop == 0) return value;
    mr_i128 unit = drop > DIGITS_MAX ? 0 : mr_decimal_pow10(drop);
    mr_i128 quotient = unit == 0 ? 0 : value / unit;
    mr_i128 rest = unit == 0 ? value : value % unit;
    bool is_negative = value < 0;
    mr_i128 size = rest < 0 ? -rest : rest;
    bool is_up = false;
    switch (op) {
    case MR_OP_FLOOR: is_up = is_negative && rest != 0; break;
    case MR_OP_CEIL: is_up = !is_negative && rest != 0; break;
    case MR_OP_ROUND: is_up = unit != 0 && size >= unit - size; break;
    default:
        MR_ASSERT(op == MR_OP_BROUND);
        is_up = unit != 0 && (size > unit - size || (size == unit - size && quotient % 2 != 0));
    }
    if (!is_up) return quotient;
    return is_negative ? quotient - 1 : quotient + 1;
}

/* round_to: rounds value (of `scale` digits) to `digits`, giving it the result's scale. */
static bool round_to(mr_i128 value, unsigned scale, int64_t digits, const struct mr_type *type,
                     mr_op op, mr_i128 *out)
{
    if (digits >= (int64_t)scale) {
        *out = value;
        return true;
    }
    mr_i128 rounded = round_away(value, (unsigned)((int64_t)scale - digits), op);
    if (digits < 0) {
        if (-digits > DIGITS_MAX && rounded != 0) return false;
        mr_i128 unit = rounded == 0 ? 1 : mr_decimal_pow10((unsigned)-digits);
        if (__builtin_mul_overflow(rounded, unit, &rounded)) return false;
    }
    *out = rounded;
    return type->id != MR_TYPE_DECIMAL || mr_decimal_fits(rounded, type->precision);
}

/* round_text: a float's digits as written, rounded. The value itself where that changes nothing. */
static double round_text(double value, const char *text, size_t bytes, int64_t digits, mr_op op)
{
    int64_t precision, scale;
    mr_i128 unscaled;
    char rounded[MR_NUMBER_TEXT_MAX];
    if (value == 0) return 0; /* a decimal has no -0 */
    if (!isfinite(value) || digits > FRACTION_KEPT) return value;
    if (mr_decimal_digits(text, bytes, &precision, &scale) != MR_PARSE_OK) return value;
    if (digits >= scale || precision - scale > DIGITS_MAX) return value;
    if (scale > DIGITS_MAX) return 0; /* far below the last digit kept */
    unsigned kept = (unsigned)MR_MAX(scale, 0);
    if (mr_decimal_parse(text, bytes, DIGITS_MAX, kept, &unscaled) == MR_PARSE_OVERFLOW)
        return value;
    const struct mr_type any = {.id = MR_TYPE_DOUBLE};
    if (!round_to(unscaled, kept, digits, &any, op, &unscaled)) return value;
    size_t length = mr_decimal_format(unscaled, (unsigned)MR_MAX(digits, 0), rounded);
    double result = 0;
    (void)mr_double_parse(rounded, length, &result);
    return result;
}

static int64_t saturated(double value)
{
    if (value != value) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    if (value < -0x1p63) return INT64_MIN;
    return (int64_t)value;
}

static void round_real(struct mr_call *call, uint32_t row, int64_t digits, mr_op op)
{
    char text[MR_NUMBER_TEXT_MAX];
    const struct mr_operand *a = &call->args[0];
    uint32_t from = row & mr_operand_mask(a);
    bool is_float = a->vec.type->id == MR_TYPE_FLOAT;
    double value = is_float ? ((const float *)a->vec.values)[from]
                            : ((const double *)a->vec.values)[from];
    if (op == MR_OP_FLOOR || op == MR_OP_CEIL) {
        ((int64_t *)call->out->values)[row] =
            saturated(op == MR_OP_FLOOR ? floor(value) : ceil(value));
        return;
    }
    size_t bytes = is_float ? mr_float_format((float)value, text) : mr_double_format(value, text);
    double rounded = round_text(value, text, bytes, digits, op);
    if (is_float) ((float *)call->out->values)[row] = (float)rounded;
    else ((double *)call->out->values)[row] = rounded;
}

static bool integer_holds(const struct mr_type *type, mr_i128 value)
{
    unsigned bits = mr_type_width(type) * 8 - 1;
    return value >= -((mr_i128)1 << bits) && value < (mr_i128)1 << bits;
}

mr_status mr_eval_round(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    const struct mr_type *from = a->vec.type, *to = call->expr->type;
    mr_op op = call->expr->function->op;
    int64_t digits = call->expr->arg_count > 1 ? call->expr->args[1]->value.u.i64 : 0;
    bool is_decimal = from->id == MR_TYPE_DECIMAL;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 value;
        if (mr_type_is_float(from)) {
            round_real(call, i, digits, op);
            continue;
        }
        mr_i128 x = is_decimal ? mr_operand_decimal(a, i) : mr_operand_i64(a, i);
        if (!round_to(x, is_decimal ? from->scale : 0, digits, to, op, &value) ||
            (!is_decimal && !integer_holds(to, value))) {
            char text[MR_VALUE_TEXT_MAX];
            MR_TRY(mr_call_bad(call, i, 1310, err, "overflow of %s for %s", mr_type_name(to->id),
                               mr_value_text(a, i, text, sizeof text)));
            continue;
        }
        if (is_decimal) mr_vec_put_decimal(call->out, i, value);
        else mr_vec_put_i64(call->out, i, (int64_t)value);
    }
    return MR_OK;
}

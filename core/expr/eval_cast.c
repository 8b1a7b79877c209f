/* Casts between scalar types; to text and of nested values: eval_cast_text.c.
 *
 * One function per pair of families, each a loop over the rows to compute. A value without a
 * counterpart goes through cast_bad: an error, or null by mode. Under MR_MODE_LEGACY integers wrap,
 * as they do in Spark 3. */
#include <math.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/cast_impl.h"
#include "core/expr/coerce.h"
#include "core/expr/decimal.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

static mr_status cast_bad(struct mr_call *call, uint32_t row, bool is_overflow, struct mr_err *err)
{
    char value[MR_VALUE_TEXT_MAX], from[MR_TYPE_TEXT_MAX], to[MR_TYPE_TEXT_MAX];
    return mr_call_bad(call, row, 1312, err, "%s value %s %s %s",
                       mr_type_describe(call->args[0].vec.type, from, sizeof from),
                       mr_value_text(&call->args[0], row, value, sizeof value),
                       is_overflow ? "is out of range for" : "cannot be read as",
                       mr_type_describe(call->out->type, to, sizeof to));
}

static double real_at(const struct mr_operand *operand, uint32_t row)
{
    row &= mr_operand_mask(operand);
    if (operand->vec.type->id == MR_TYPE_FLOAT) return ((const float *)operand->vec.values)[row];
    return ((const double *)operand->vec.values)[row];
}

static void put_real(struct mr_vec *out, uint32_t row, double value)
{
    if (out->type->id == MR_TYPE_FLOAT) ((float *)out->values)[row] = (float)value;
    else ((double *)out->values)[row] = value;
}

/* put_integer: range-checked into the output's integer type. */
static mr_status put_integer(struct mr_call *call, uint32_t row, mr_i128 value, struct mr_err *err)
{
    unsigned bits = mr_type_width(call->out->type) * 8 - 1;
    bool is_in = value >= -((mr_i128)1 << bits) && value < (mr_i128)1 << bits;
    if (!is_in && call->expr->mode != MR_MODE_LEGACY) return cast_bad(call, row, true, err);
    mr_vec_put_i64(call->out, row, (int64_t)value);
    return MR_OK;
}

static mr_status put_decimal(struct mr_call *call, uint32_t row, mr_i128 value, unsigned scale,
                             struct mr_err *err)
{
    const struct mr_type *type = call->out->type;
    mr_i128 scaled;
    mr_parse parse = mr_decimal_rescale(value, scale, type->precision, type->scale, &scaled);
    if (parse == MR_PARSE_OVERFLOW) return cast_bad(call, row, true, err);
    mr_vec_put_decimal(call->out, row, scaled);
    return MR_OK;
}

/* decimal_real: correctly rounded: one division where both sides are exact, else through text. */
static double decimal_real(mr_i128 value, unsigned scale, bool is_float)
{
    char text[MR_NUMBER_TEXT_MAX];
    if (!is_float && value > -((mr_i128)1 << 53) && value < (mr_i128)1 << 53 && scale <= 22) {
        return (double)value / (double)mr_decimal_pow10(scale);
    }
    size_t bytes = mr_decimal_format(value, scale, text);
    double wide = 0;
    float narrow = 0;
    if (is_float) (void)mr_float_parse(text, bytes, &narrow);
    else (void)mr_double_parse(text, bytes, &wide);
    return is_float ? (double)narrow : wide;
}

/* Conversions that no value can fail run over all rows, null or not, so that they vectorize. */
#define WIDEN(from_, to_)                                                                          \
    do {                                                                                           \
        const from_ *in = from->values;                                                            \
        to_ *to = out->values;                                                                     \
        for (uint32_t i = 0; i < out->rows; i++) to[i] = (to_)in[i];                               \
    } while (0)

#define WIDEN_TO(from_)                                                                            \
    switch (out->type->id) {                                                                       \
    case MR_TYPE_SHORT: WIDEN(from_, int16_t); return true;                                        \
    case MR_TYPE_INT: WIDEN(from_, int32_t); return true;                                          \
    case MR_TYPE_LONG: WIDEN(from_, int64_t); return true;                                         \
    case MR_TYPE_FLOAT: WIDEN(from_, float); return true;                                          \
    case MR_TYPE_DOUBLE: WIDEN(from_, double); return true;                                        \
    default: return false;                                                                         \
    }

static bool cast_widen(const struct mr_vec *from, struct mr_vec *out)
{
    bool is_wider = mr_type_is_float(out->type) ||
                    (mr_type_is_integer(out->type) && out->type->id > from->type->id);
    if (!is_wider || from->rows != out->rows) return false;
    switch (from->type->id) {
    case MR_TYPE_BYTE: WIDEN_TO(int8_t);
    case MR_TYPE_SHORT: WIDEN_TO(int16_t);
    case MR_TYPE_INT: WIDEN_TO(int32_t);
    case MR_TYPE_LONG: WIDEN_TO(int64_t);
    case MR_TYPE_FLOAT: WIDEN_TO(float);
    default: return false;
    }
}

/* Integers and booleans (as 0 and 1) to numbers, booleans, timestamps. */
static mr_status cast_integer(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    struct mr_vec *out = call->out;
    bool is_bool = a->vec.type->id == MR_TYPE_BOOLEAN;
    MR_EACH_ROW(call->rows, i) {
        int64_t value = is_bool ? mr_operand_bool(a, i) : mr_operand_i64(a, i);
        switch (out->type->id) {
        case MR_TYPE_BOOLEAN: mr_vec_put_bool(out, i, value != 0); break;
        case MR_TYPE_FLOAT: ((float *)out->values)[i] = (float)value; break;
        case MR_TYPE_DOUBLE: ((double *)out->values)[i] = (double)value; break;
        case MR_TYPE_DECIMAL: MR_TRY(put_decimal(call, i, value, 0, err)); break;
        case MR_TYPE_TIMESTAMP:
            if (__builtin_mul_overflow(value, MR_US_PER_S, &value)) {
                value = value < 0 ? INT64_MIN : INT64_MAX;
            }
            mr_vec_put_i64(out, i, value);
            break;
        default: MR_TRY(put_integer(call, i, value, err));
        }
    }
    return MR_OK;
}

/* real_decimal: by its shortest text; NaN and infinities are null in every mode, as in Spark. */
static mr_status real_decimal(struct mr_call *call, uint32_t row, double value, struct mr_err *err)
{
    char text[MR_NUMBER_TEXT_MAX];
    const struct mr_type *type = call->out->type;
    if (!isfinite(value)) return mr_call_null(call, row, err);
    bool is_float = call->args[0].vec.type->id == MR_TYPE_FLOAT;
    size_t bytes = is_float ? mr_float_format((float)value, text) : mr_double_format(value, text);
    mr_i128 unscaled;
    if (mr_decimal_parse(text, bytes, type->precision, type->scale, &unscaled) ==
        MR_PARSE_OVERFLOW) {
        return cast_bad(call, row, true, err);
    }
    mr_vec_put_decimal(call->out, row, unscaled);
    return MR_OK;
}

static mr_status real_integer(struct mr_call *call, uint32_t row, double value, struct mr_err *err)
{
    unsigned bits = mr_type_width(call->out->type) * 8 - 1;
    double cut = trunc(value), limit = ldexp(1, (int)bits);
    if (cut >= -limit && cut < limit) {
        mr_vec_put_i64(call->out, row, (int64_t)cut);
        return MR_OK;
    }
    if (call->expr->mode != MR_MODE_LEGACY) return cast_bad(call, row, true, err);
    int64_t nearest = value != value ? 0 : value < 0 ? INT64_MIN : INT64_MAX;
    if (bits < 63 && value == value) nearest = value < 0 ? INT32_MIN : INT32_MAX;
    mr_vec_put_i64(call->out, row, nearest);
    return MR_OK;
}

static mr_status cast_real(struct mr_call *call, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    MR_EACH_ROW(call->rows, i) {
        double value = real_at(&call->args[0], i);
        switch (out->type->id) {
        case MR_TYPE_BOOLEAN: mr_vec_put_bool(out, i, value != 0); break;
        case MR_TYPE_FLOAT:
        case MR_TYPE_DOUBLE: put_real(out, i, value); break;
        case MR_TYPE_DECIMAL: MR_TRY(real_decimal(call, i, value, err)); break;
        case MR_TYPE_TIMESTAMP:
            if (!isfinite(value)) MR_TRY(cast_bad(call, i, false, err));
            else MR_TRY(real_integer(call, i, value * (double)MR_US_PER_S, err));
            break;
        default: MR_TRY(real_integer(call, i, value, err));
        }
    }
    return MR_OK;
}

/* decimal_instant: seconds to microseconds, cut. */
static mr_status decimal_instant(struct mr_call *call, uint32_t row, mr_i128 value, unsigned scale,
                                 struct mr_err *err)
{
    if (scale >= 6) value /= mr_decimal_pow10(scale - 6);
    else if (__builtin_mul_overflow(value, mr_decimal_pow10(6 - scale), &value)) {
        return cast_bad(call, row, true, err);
    }
    return put_integer(call, row, value, err);
}

static mr_status cast_decimal(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    struct mr_vec *out = call->out;
    unsigned scale = a->vec.type->scale;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 value = mr_operand_decimal(a, i);
        switch (out->type->id) {
        case MR_TYPE_BOOLEAN: mr_vec_put_bool(out, i, value != 0); break;
        case MR_TYPE_FLOAT: put_real(out, i, decimal_real(value, scale, true)); break;
        case MR_TYPE_DOUBLE: put_real(out, i, decimal_real(value, scale, false)); break;
        case MR_TYPE_DECIMAL: MR_TRY(put_decimal(call, i, value, scale, err)); break;
        case MR_TYPE_TIMESTAMP: MR_TRY(decimal_instant(call, i, value, scale, err)); break;
        default: MR_TRY(put_integer(call, i, value / mr_decimal_pow10(scale), err));
        }
    }
    return MR_OK;
}

/* to_date_checked: days of local microseconds. */
static mr_status put_days(struct mr_call *call, uint32_t row, int64_t local, struct mr_err *err)
{
    (void)err;
    ((int32_t *)call->out->values)[row] = (int32_t)mr_floor_div(local, MR_US_PER_DAY);
    return MR_OK;
}

static mr_status cast_instant_number(struct mr_call *call, uint32_t row, int64_t us,
                                     struct mr_err *err)
{
    struct mr_vec *out = call->out;
    if (mr_type_is_float(out->type)) {
        put_real(out, row, (double)us / (double)MR_US_PER_S);
        return MR_OK;
    }
    if (out->type->id == MR_TYPE_DECIMAL) return put_decimal(call, row, us, 6, err);
    return put_integer(call, row, mr_floor_div(us, MR_US_PER_S), err);
}

static mr_status cast_time(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    const struct mr_zone *zone = call->eval->context->zone;
    mr_type_id from = a->vec.type->id, to = call->out->type->id;
    MR_EACH_ROW(call->rows, i) {
        int64_t value = mr_operand_i64(a, i), us = value;
        bool is_in = true;
        if (from == MR_TYPE_DATE) is_in = !__builtin_mul_overflow(value, MR_US_PER_DAY, &us);
        if (to == MR_TYPE_TIMESTAMP) is_in = is_in && mr_zone_to_utc(zone, us, &us);
        else if (mr_type_is_time(call->out->type) && from == MR_TYPE_TIMESTAMP) {
            is_in = mr_zone_to_local(zone, us, &us);
        }
        if (!is_in) MR_TRY(cast_bad(call, i, true, err));
        else if (to == MR_TYPE_DATE) MR_TRY(put_days(call, i, us, err));
        else if (mr_type_is_time(call->out->type)) mr_vec_put_i64(call->out, i, us);
        else MR_TRY(cast_instant_number(call, i, us, err));
    }
    return MR_OK;
}

/* cast_trim: blanks and control characters around a number or time, as Spark's trimAll. */
static struct mr_span cast_trim(struct mr_span text)
{
    while (text.bytes > 0 && ((unsigned char)text.text[0] <= ' ' || text.text[0] == 0x7f)) {
        text.text++;
        text.bytes--;
    }
    while (text.bytes > 0 && ((unsigned char)text.text[text.bytes - 1] <= ' ' ||
                              text.text[text.bytes - 1] == 0x7f)) {
        text.bytes--;
    }
    return text;
}

static mr_parse text_bool(struct mr_span text, bool *out)
{
    static const char *const yes[] = {"t", "true", "y", "yes", "1"};
    static const char *const no[] = {"f", "false", "n", "no", "0"};
    for (size_t i = 0; i < MR_COUNT_OF(yes); i++) {
        bool is_yes = mr_span_ieq(text, mr_span_of(yes[i]));
        if (!is_yes && !mr_span_ieq(text, mr_span_of(no[i]))) continue;
        *out = is_yes;
        return MR_PARSE_OK;
    }
    return MR_PARSE_SYNTAX;
}

/* text_real: as Java reads doubles: a final d or f is allowed after a digit or a point. */
static mr_parse text_real(struct mr_span text, bool is_float, double *out)
{
    mr_parse parse = mr_double_parse_word(text.text, text.bytes, out);
    if (parse == MR_PARSE_SYNTAX && text.bytes > 1) {
        char last = (char)(text.text[text.bytes - 1] | 0x20), before = text.text[text.bytes - 2];
        bool is_number = (before >= '0' && before <= '9') || before == '.';
        if (!is_number || (last != 'd' && last != 'f')) return parse;
        text.bytes--;
        parse = mr_double_parse(text.text, text.bytes, out);
    }
    float narrow;
    if (parse != MR_PARSE_SYNTAX && is_float && isfinite(*out)) {
        parse = mr_float_parse(text.text, text.bytes, &narrow);
        *out = narrow;
    }
    return parse;
}

static mr_parse text_time(const struct mr_call *call, struct mr_span text, int64_t *out)
{
    int32_t days;
    mr_parse parse;
    switch (call->out->type->id) {
    case MR_TYPE_DATE:
        parse = mr_date_parse(text.text, text.bytes, &days);
        if (parse <= MR_PARSE_INEXACT) *out = days;
        return parse;
    case MR_TYPE_TIMESTAMP:
        return mr_timestamp_parse(text.text, text.bytes, call->eval->context->zone, out);
    default: return mr_timestamp_ntz_parse(text.text, text.bytes, true, out);
    }
}

static mr_status cast_text(struct mr_call *call, struct mr_err *err)
{
    struct mr_vec *out = call->out;
    mr_type_id to = out->type->id;
    bool is_time = mr_type_is_time(out->type), is_real = mr_type_is_float(out->type);
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = cast_trim(mr_operand_span(&call->args[0], i));
        int64_t integer = 0;
        mr_i128 unscaled = 0;
        double real = 0;
        bool truth = false;
        mr_parse parse = to == MR_TYPE_BOOLEAN ? text_bool(text, &truth)
                         : is_real             ? text_real(text, to == MR_TYPE_FLOAT, &real)
                         : is_time             ? text_time(call, text, &integer)
                         : to == MR_TYPE_DECIMAL
                             ? mr_decimal_parse(text.text, text.bytes, out->type->precision,
                                                out->type->scale, &unscaled)
                             : mr_i64_parse(text.text, text.bytes, &integer);
        if (parse > MR_PARSE_INEXACT) {
            MR_TRY(cast_bad(call, i, parse == MR_PARSE_OVERFLOW, err));
            continue;
        }
        if (to == MR_TYPE_BOOLEAN) mr_vec_put_bool(out, i, truth);
        else if (is_real) put_real(out, i, real);
        else if (is_time) mr_vec_put_i64(out, i, integer);
        else if (to == MR_TYPE_DECIMAL) mr_vec_put_decimal(out, i, unscaled);
        else if (integer == (int64_t)(int8_t)integer || mr_type_width(out->type) == 8) {
            mr_vec_put_i64(out, i, integer);
        } else if (mr_type_width(out->type) < 8) {
            /* Text out of range is malformed, in Spark 3 too: it does not wrap. */
            unsigned bits = mr_type_width(out->type) * 8 - 1;
            bool is_in = integer >= -(INT64_C(1) << bits) && integer < INT64_C(1) << bits;
            if (!is_in) MR_TRY(cast_bad(call, i, true, err));
            else mr_vec_put_i64(out, i, integer);
        }
    }
    return MR_OK;
}

mr_status mr_cast_run(struct mr_call *call, struct mr_err *err)
{
    const struct mr_vec *from = &call->args[0].vec;
    const struct mr_type *to = call->out->type;
    bool is_view = from->type->id == MR_TYPE_STRING || from->type->id == MR_TYPE_BINARY;
    bool to_view = to->id == MR_TYPE_STRING || to->id == MR_TYPE_BINARY;
    if (mr_type_equal(from->type, to) || (is_view && to_view)) { /* the same bytes */
        *call->out = *from;
        call->out->type = to;
        return MR_OK;
    }
    if (cast_widen(from, call->out)) return MR_OK;
    if (to->id == MR_TYPE_STRING) return mr_cast_to_text(call, err);
    if (mr_type_is_nested(to)) return mr_cast_nested(call, err);
    if (mr_type_is_interval(to)) return mr_cast_interval(call, err);
    if (from->type->id == MR_TYPE_STRING) return cast_text(call, err);
    if (from->type->id == MR_TYPE_DECIMAL) return cast_decimal(call, err);
    if (mr_type_is_float(from->type)) return cast_real(call, err);
    if (mr_type_is_time(from->type)) return cast_time(call, err);
    MR_ASSERT(from->type->id == MR_TYPE_BOOLEAN || mr_type_is_integer(from->type));
    return cast_integer(call, err);
}

mr_status mr_eval_cast(struct mr_call *call, struct mr_err *err)
{
    return mr_cast_run(call, err);
}

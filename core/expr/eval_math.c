/* Mathematics on doubles, and on the bits and digits of integers. */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"

static double double_at(const struct mr_operand *operand, uint32_t row)
{
    return ((const double *)operand->vec.values)[row & mr_operand_mask(operand)];
}

typedef double unary_fn(double);

static double cot(double x) { return 1 / tan(x); }
static double sec(double x) { return 1 / cos(x); }
static double csc(double x) { return 1 / sin(x); }
/* Java's cbrt is exact for cubes; the C library's in double is not. */
static double cube_root(double x) { return (double)cbrtl(x); }
static double degrees(double x) { return x * (180 / M_PI); }
static double radians(double x) { return x * (M_PI / 180); }

static unary_fn *unary_of(mr_op op)
{
    switch (op) {
    case MR_OP_SIN: return sin;
    case MR_OP_COS: return cos;
    case MR_OP_TAN: return tan;
    case MR_OP_COT: return cot;
    case MR_OP_SEC: return sec;
    case MR_OP_CSC: return csc;
    case MR_OP_ASIN: return asin;
    case MR_OP_ACOS: return acos;
    case MR_OP_ATAN: return atan;
    case MR_OP_SINH: return sinh;
    case MR_OP_COSH: return cosh;
    case MR_OP_TANH: return tanh;
    case MR_OP_ASINH: return asinh;
    case MR_OP_ACOSH: return acosh;
    case MR_OP_ATANH: return atanh;
    case MR_OP_CBRT: return cube_root;
    case MR_OP_EXPM1: return expm1;
    case MR_OP_RINT: return rint;
    case MR_OP_DEGREES: return degrees;
    case MR_OP_RADIANS: return radians;
    case MR_OP_LOG10: return log10;
    case MR_OP_LOG2: return log2;
    case MR_OP_LOG1P: return log1p;
    default: MR_ASSERT(op == MR_OP_LN); return log;
    }
}

/* Functions of one double that have a value everywhere, if only NaN. */
mr_status mr_eval_math(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    unary_fn *fn = unary_of(call->expr->function->op);
    MR_EACH_ROW(call->rows, i) {
        ((double *)call->out->values)[i] = fn(double_at(&call->args[0], i));
    }
    return MR_OK;
}

/* Logarithms are null where they have no value. */
mr_status mr_eval_log(struct mr_call *call, struct mr_err *err)
{
    mr_op op = call->expr->function->op;
    unary_fn *fn = unary_of(op);
    double least = op == MR_OP_LOG1P ? -1 : 0;
    bool has_base = call->expr->arg_count > 1;
    MR_EACH_ROW(call->rows, i) {
        double first = double_at(&call->args[0], i);
        double x = has_base ? double_at(&call->args[1], i) : first;
        if (x <= least || (has_base && first <= 0)) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        ((double *)call->out->values)[i] = has_base ? log(x) / log(first) : fn(x);
    }
    return MR_OK;
}

mr_status mr_eval_math_two(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        double a = double_at(&call->args[0], i), b = double_at(&call->args[1], i);
        double value = op == MR_OP_ATAN2   ? atan2(a + 0.0, b + 0.0)
                       : op == MR_OP_HYPOT ? hypot(a, b)
                                           : (isnan(a) ? b : a);
        ((double *)call->out->values)[i] = value;
    }
    return MR_OK;
}

mr_status mr_eval_math_constant(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    double value = call->expr->function->op == MR_OP_PI ? M_PI : M_E;
    MR_EACH_ROW(call->rows, i) ((double *)call->out->values)[i] = value;
    return MR_OK;
}

mr_status mr_eval_factorial(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        int64_t n = mr_operand_i64(&call->args[0], i), product = 1;
        if (n < 0 || n > 20) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        for (int64_t k = 2; k <= n; k++) product *= k;
        ((int64_t *)call->out->values)[i] = product;
    }
    return MR_OK;
}

/* width_bucket: which of `count` equal parts of min..max a value is in, from 1; 0 and count + 1 lie
 * outside. */
mr_status mr_eval_width_bucket(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        double x = double_at(&call->args[0], i), lo = double_at(&call->args[1], i);
        double hi = double_at(&call->args[2], i);
        int64_t count = mr_operand_i64(&call->args[3], i), bucket;
        bool is_bad = count <= 0 || count == INT64_MAX || isnan(x) || lo == hi || isnan(lo) ||
                      isnan(hi) || isinf(lo) || isinf(hi);
        if (is_bad) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        double lower = fmin(lo, hi), upper = fmax(lo, hi);
        if (lo < hi) {
            bucket = x < lower    ? 0
                     : x >= upper ? count + 1
                                  : (int64_t)((double)count * (x - lower) / (upper - lower)) + 1;
        } else {
            bucket = x > upper    ? 0
                     : x <= lower ? count + 1
                                  : (int64_t)((double)count * (upper - x) / (upper - lower)) + 1;
        }
        ((int64_t *)call->out->values)[i] = bucket;
    }
    return MR_OK;
}

/* ---- bits ---- */

#define BITS_LOOP(type_, expression_)                                                              \
    do {                                                                                           \
        const type_ *a = call->args[0].vec.values, *b = call->args[1].vec.values;                  \
        type_ *out = call->out->values;                                                            \
        uint32_t mask_a = mr_operand_mask(&call->args[0]);                                         \
        uint32_t mask_b = mr_operand_mask(&call->args[1]);                                         \
        MR_EACH_ROW(call->rows, i) {                                                               \
            type_ x = a[i & mask_a], y = b[i & mask_b];                                            \
            out[i] = (type_)(expression_);                                                         \
        }                                                                                          \
    } while (0)

#define BITS_WIDTHS(expression_)                                                                   \
    switch (mr_type_width(call->out->type)) {                                                      \
    case 1: BITS_LOOP(int8_t, expression_); break;                                                 \
    case 2: BITS_LOOP(int16_t, expression_); break;                                                \
    case 4: BITS_LOOP(int32_t, expression_); break;                                                \
    default: BITS_LOOP(int64_t, expression_); break;                                               \
    }

mr_status mr_eval_bit_two(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    switch ((mr_op)call->expr->function->op) {
    case MR_OP_BIT_AND: BITS_WIDTHS(x & y); break;
    case MR_OP_BIT_OR: BITS_WIDTHS(x | y); break;
    default: BITS_WIDTHS(x ^ y); break;
    }
    return MR_OK;
}

mr_status mr_eval_bit_not(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        mr_vec_put_i64(call->out, i, ~mr_operand_i64(&call->args[0], i));
    }
    return MR_OK;
}

/* Shifts take the distance modulo the width, as Java does. */
mr_status mr_eval_shift(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    bool is_long = call->out->type->id == MR_TYPE_LONG;
    MR_EACH_ROW(call->rows, i) {
        int64_t x = mr_operand_i64(&call->args[0], i);
        unsigned by = (unsigned)mr_operand_i64(&call->args[1], i) & (is_long ? 63 : 31);
        uint64_t bits = is_long ? (uint64_t)x : (uint32_t)x;
        int64_t value = op == MR_OP_SHIFT_LEFT    ? (int64_t)((uint64_t)x << by)
                        : op == MR_OP_SHIFT_RIGHT ? x >> by
                                                  : (int64_t)(bits >> by);
        mr_vec_put_i64(call->out, i, value);
    }
    return MR_OK;
}

mr_status mr_eval_bit_count(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    bool is_bool = call->args[0].vec.type->id == MR_TYPE_BOOLEAN;
    MR_EACH_ROW(call->rows, i) {
        int64_t x = is_bool ? mr_operand_bool(&call->args[0], i)
                            : mr_operand_i64(&call->args[0], i);
        ((int32_t *)call->out->values)[i] = __builtin_popcountll((uint64_t)x);
    }
    return MR_OK;
}

mr_status mr_eval_bit_get(struct mr_call *call, struct mr_err *err)
{
    int64_t bits = (int64_t)mr_type_width(call->args[0].vec.type) * 8;
    MR_EACH_ROW(call->rows, i) {
        int64_t at = mr_operand_i64(&call->args[1], i);
        if (at < 0 || at >= bits) {
            return mr_call_fail(call, i, 1315, err, "bit %lld of a value of %lld bits",
                                (long long)at, (long long)bits);
        }
        ((int8_t *)call->out->values)[i] =
            (int8_t)((uint64_t)mr_operand_i64(&call->args[0], i) >> at & 1);
    }
    return MR_OK;
}

/* digits_of: an unsigned number in a base from 2 to 36, at the end of 64 bytes; returns where. */
static char *digits_of(uint64_t value, unsigned base, char text[65])
{
    char *at = text + 64;
    do {
        *--at = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % base];
        value /= base;
    } while (value > 0);
    return at;
}

mr_status mr_eval_bin(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        char text[65];
        char *at = digits_of((uint64_t)mr_operand_i64(&call->args[0], i), 2, text);
        MR_TRY(mr_eval_put_text(call, i, (struct mr_span){at, (size_t)(text + 64 - at)}, err));
    }
    return MR_OK;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : 99;
}

/* conv: reads as many digits as there are; a negative base to is signed. */
static mr_status conv_one(struct mr_call *call, uint32_t row, struct mr_span text, int64_t from,
                          int64_t to, struct mr_err *err)
{
    char out[66], body[65];
    uint64_t value = 0;
    bool is_negative = text.bytes > 0 && text.text[0] == '-', is_over = false;
    for (size_t k = is_negative; k < text.bytes && !is_over; k++) {
        unsigned digit = digit_value(text.text[k]);
        if (digit >= (unsigned)from) break;
        is_over = __builtin_mul_overflow(value, (uint64_t)from, &value) ||
                  __builtin_add_overflow(value, (uint64_t)digit, &value);
    }
    if (is_over && call->expr->mode == MR_MODE_ANSI) {
        return mr_call_bad(call, row, 1310, err, "a number beyond 64 bits");
    }
    if (is_over) value = UINT64_MAX;
    if (is_negative && to > 0) value = (int64_t)value < 0 ? UINT64_MAX : 0 - value;
    bool is_signed = to < 0 && (is_negative || (int64_t)value < 0);
    if (to < 0 && !is_negative && (int64_t)value < 0) value = 0 - value;
    char *at = digits_of(value, (unsigned)(to < 0 ? -to : to), body);
    size_t bytes = (size_t)(body + 64 - at);
    out[0] = '-';
    memcpy(out + 1, at, bytes);
    struct mr_span shown = {out + !is_signed, bytes + is_signed};
    return mr_eval_put_text(call, row, shown, err);
}

mr_status mr_eval_conv(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_span_trim(mr_operand_span(&call->args[0], i));
        int64_t from = mr_operand_i64(&call->args[1], i), to = mr_operand_i64(&call->args[2], i);
        bool is_bad = from < 2 || from > 36 || (to < 0 ? -to : to) < 2 ||
                      (to < 0 ? -to : to) > 36 || text.bytes == 0;
        if (is_bad) MR_TRY(mr_call_null(call, i, err));
        else MR_TRY(conv_one(call, i, text, from, to, err));
    }
    return MR_OK;
}

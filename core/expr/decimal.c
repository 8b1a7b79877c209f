#include "core/expr/decimal.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "kernels/text/number.h"

typedef unsigned __int128 u128;

enum { LIMBS = 6, DIGITS_128 = 38, DIGITS_64 = 19 };

struct wide {
    uint64_t limb[LIMBS]; /* least first */
};

static u128 magnitude(mr_i128 value)
{
    return value < 0 ? (u128)0 - (u128)value : (u128)value;
}

bool mr_decimal_fits(mr_i128 value, unsigned precision)
{
    return magnitude(value) < (u128)mr_decimal_pow10(precision);
}

static struct wide wide_of(u128 value)
{
    return (struct wide){{(uint64_t)value, (uint64_t)(value >> 64)}};
}

static void wide_scale(struct wide *wide, uint64_t factor)
{
    u128 carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (u128)wide->limb[i] * factor;
        wide->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    MR_ASSERT(carry == 0);
}

static void wide_scale_pow10(struct wide *wide, unsigned exponent)
{
    for (; exponent > DIGITS_64; exponent -= DIGITS_64) {
        wide_scale(wide, (uint64_t)mr_decimal_pow10(DIGITS_64));
    }
    wide_scale(wide, (uint64_t)mr_decimal_pow10(exponent));
}

/* wide_cut: divides by a small number, returns the remainder. */
static uint64_t wide_cut(struct wide *wide, uint64_t divisor)
{
    u128 rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 64 | wide->limb[i];
        wide->limb[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

static int wide_compare(const struct wide *a, const struct wide *b)
{
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

static void wide_add(struct wide *a, const struct wide *b)
{
    u128 carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (u128)a->limb[i] + b->limb[i];
        a->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* wide_subtract: a >= b. */
static void wide_subtract(struct wide *a, const struct wide *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        u128 sum = (u128)b->limb[i] + borrow;
        borrow = a->limb[i] < sum;
        a->limb[i] -= (uint64_t)sum;
    }
}

/* wide_divide: quotient into *a, remainder back; bit by bit, since it is the rare way. */
static struct wide wide_divide(struct wide *a, const struct wide *divisor)
{
    struct wide rest = {{0}};
    for (int bit = LIMBS * 64 - 1; bit >= 0; bit--) {
        for (int i = LIMBS - 1; i > 0; i--)
            rest.limb[i] = rest.limb[i] << 1 | rest.limb[i - 1] >> 63;
        rest.limb[0] = rest.limb[0] << 1 | (a->limb[bit / 64] >> bit % 64 & 1);
        a->limb[bit / 64] &= ~(UINT64_C(1) << bit % 64);
        if (wide_compare(&rest, divisor) < 0) continue;
        wide_subtract(&rest, divisor);
        a->limb[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return rest;
}

/* wide_round: drops `digits` decimal digits, half up. */
static void wide_round(struct wide *wide, unsigned digits)
{
    if (digits == 0) return;
    for (digits--; digits > DIGITS_64; digits -= DIGITS_64) {
        wide_cut(wide, (uint64_t)mr_decimal_pow10(DIGITS_64));
    }
    wide_cut(wide, (uint64_t)mr_decimal_pow10(digits));
    struct wide one = wide_of(wide_cut(wide, 10) >= 5);
    wide_add(wide, &one);
}

static bool wide_value(const struct wide *wide, bool is_negative, unsigned precision, mr_i128 *out)
{
    struct wide limit = wide_of((u128)mr_decimal_pow10(precision));
    if (wide_compare(wide, &limit) >= 0) return false;
    mr_i128 value = (mr_i128)((u128)wide->limb[1] << 64 | wide->limb[0]);
    *out = is_negative ? -value : value;
    return true;
}

static bool add_wide(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out)
{
    unsigned scale = MR_MAX(shape->scale_a, shape->scale_b);
    struct wide wa = wide_of(magnitude(a)), wb = wide_of(magnitude(b));
    bool is_negative = a < 0;
    wide_scale_pow10(&wa, scale - shape->scale_a);
    wide_scale_pow10(&wb, scale - shape->scale_b);
    if ((a < 0) == (b < 0)) {
        wide_add(&wa, &wb);
    } else if (wide_compare(&wa, &wb) >= 0) {
        wide_subtract(&wa, &wb);
    } else {
        wide_subtract(&wb, &wa);
        wa = wb;
        is_negative = b < 0;
    }
    wide_round(&wa, scale - shape->scale);
    return wide_value(&wa, is_negative, shape->precision, out);
}

bool mr_decimal_add(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out)
{
    unsigned scale = MR_MAX(shape->scale_a, shape->scale_b);
    unsigned up_a = scale - shape->scale_a, up_b = scale - shape->scale_b;
    bool is_narrow = shape->digits_a + up_a < DIGITS_128 && shape->digits_b + up_b < DIGITS_128 &&
                     scale == shape->scale;
    if (!is_narrow) return add_wide(shape, a, b, out);
    mr_i128 sum = a * mr_decimal_pow10(up_a) + b * mr_decimal_pow10(up_b);
    if (!mr_decimal_fits(sum, shape->precision)) return false;
    *out = sum;
    return true;
}

bool mr_decimal_multiply(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out)
{
    unsigned scale = shape->scale_a + shape->scale_b;
    if (shape->digits_a + shape->digits_b <= DIGITS_128 && scale == shape->scale) {
        mr_i128 product = a * b;
        if (!mr_decimal_fits(product, shape->precision)) return false;
        *out = product;
        return true;
    }
    struct wide product = wide_of(magnitude(a)), high = product;
    u128 factor = magnitude(b);
    wide_scale(&product, (uint64_t)factor);
    wide_scale(&high, (uint64_t)(factor >> 64));
    for (int i = LIMBS - 1; i > 0; i--) high.limb[i] = high.limb[i - 1];
    high.limb[0] = 0;
    wide_add(&product, &high);
    MR_ASSERT(shape->scale <= scale);
    wide_round(&product, scale - shape->scale);
    return wide_value(&product, (a < 0) != (b < 0), shape->precision, out);
}

bool mr_decimal_divide(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out)
{
    /* One digit more than wanted, for rounding. */
    int up = (int)shape->scale + 1 + (int)shape->scale_b - (int)shape->scale_a;
    unsigned cut = 1;
    if (up < 0) {
        cut += (unsigned)-up;
        up = 0;
    }
    struct wide quotient;
    if (shape->digits_a + (unsigned)up <= DIGITS_128) {
        quotient = wide_of(magnitude(a) * (u128)mr_decimal_pow10((unsigned)up) / magnitude(b));
    } else {
        struct wide divisor = wide_of(magnitude(b));
        quotient = wide_of(magnitude(a));
        wide_scale_pow10(&quotient, (unsigned)up);
        (void)wide_divide(&quotient, &divisor);
    }
    wide_round(&quotient, cut);
    return wide_value(&quotient, (a < 0) != (b < 0), shape->precision, out);
}

/* aligned: both magnitudes at the greater scale. */
static void aligned(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, struct wide *out_a,
                    struct wide *out_b)
{
    unsigned scale = MR_MAX(shape->scale_a, shape->scale_b);
    *out_a = wide_of(magnitude(a));
    *out_b = wide_of(magnitude(b));
    wide_scale_pow10(out_a, scale - shape->scale_a);
    wide_scale_pow10(out_b, scale - shape->scale_b);
}

bool mr_decimal_div(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, int64_t *out)
{
    struct wide quotient, divisor;
    mr_i128 value;
    aligned(shape, a, b, &quotient, &divisor);
    (void)wide_divide(&quotient, &divisor);
    if (!wide_value(&quotient, (a < 0) != (b < 0), DIGITS_128, &value)) return false;
    if (value > INT64_MAX || value < INT64_MIN) return false;
    *out = (int64_t)value;
    return true;
}

bool mr_decimal_remainder(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out)
{
    unsigned scale = MR_MAX(shape->scale_a, shape->scale_b);
    struct wide dividend, divisor;
    aligned(shape, a, b, &dividend, &divisor);
    struct wide rest = wide_divide(&dividend, &divisor);
    wide_round(&rest, scale - shape->scale);
    return wide_value(&rest, a < 0, shape->precision, out);
}

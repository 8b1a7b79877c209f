#include "kernels/text/power10.h"

#include <string.h>

/* What the two formats differ in. Ties can only occur for exponents in [even_first, even_last]:
 * below, the power of five is too long for a product to be a middle, above there are no bits left.
 */
struct format {
    int mantissa_bits; /* without the implied one */
    int exponent_bias;
    int exponent_infinite;
    int even_first;
    int even_last;
};

static const struct format double_format = {52, 1023, 0x7ff, -4, 23};
static const struct format float_format = {23, 127, 0xff, -17, 10};

/* product_of: the upper bits of digits * 5^exponent, as exact as the format needs them. */
static struct mr_power5 product_of(uint64_t digits, int exponent, const struct format *format)
{
    const struct mr_power5 *power = &mr_powers5[exponent - MR_POWER5_FIRST];
    uint64_t unsure = UINT64_MAX >> (format->mantissa_bits + 3);
    unsigned __int128 first = (unsigned __int128)digits * power->high;
    struct mr_power5 product = {(uint64_t)(first >> 64), (uint64_t)first};
    if ((product.high & unsure) == unsure) {
        uint64_t carry = (uint64_t)((unsigned __int128)digits * power->low >> 64);
        product.low += carry;
        product.high += product.low < carry;
    }
    return product;
}

/* binary_exponent: floor(log2(10^exponent)) + 63; exact for the exponents of the table. */
static int binary_exponent(int exponent)
{
    return ((152170 + 65536) * exponent >> 16) + 63;
}

/* scale10: the bits of the number, sign apart; false when undecided. */
static bool scale10(uint64_t digits, int64_t exponent10, const struct format *format, uint64_t *out)
{
    *out = 0;
    if (digits == 0 || exponent10 < MR_POWER5_FIRST) return true;
    uint64_t hidden = UINT64_C(1) << format->mantissa_bits;
    uint64_t infinite = (uint64_t)format->exponent_infinite << format->mantissa_bits;
    if (exponent10 > MR_POWER5_LAST) {
        *out = infinite;
        return true;
    }
    int exponent = (int)exponent10, zeros = __builtin_clzll(digits);
    struct mr_power5 product = product_of(digits << zeros, exponent, format);
    if (product.low == UINT64_MAX && (exponent < -27 || exponent > 55)) return false;
    int upper = (int)(product.high >> 63);
    int shift = upper + 64 - format->mantissa_bits - 3;
    uint64_t mantissa = product.high >> shift;
    int power2 = binary_exponent(exponent) + upper - zeros + format->exponent_bias;
    if (power2 <= 0) {
        if (power2 <= -63) return true;
        mantissa >>= 1 - power2;
        mantissa += mantissa & 1;
        mantissa >>= 1;
        *out = mantissa; /* one that grew to `hidden` is the smallest normal number */
        return true;
    }
    bool is_tie = product.low <= 1 && exponent >= format->even_first &&
                  exponent <= format->even_last && (mantissa & 3) == 1 &&
                  mantissa << shift == product.high;
    if (is_tie) mantissa &= ~UINT64_C(1);
    mantissa += mantissa & 1;
    mantissa >>= 1;
    if (mantissa >= hidden << 1) {
        mantissa = hidden;
        power2++;
    }
    *out = infinite;
    if (power2 >= format->exponent_infinite) return true;
    *out = (uint64_t)power2 << format->mantissa_bits | (mantissa & (hidden - 1));
    return true;
}

bool mr_scale10_double(uint64_t digits, int64_t exponent, double *out)
{
    uint64_t bits;
    if (!scale10(digits, exponent, &double_format, &bits)) return false;
    memcpy(out, &bits, sizeof *out);
    return true;
}

bool mr_scale10_float(uint64_t digits, int64_t exponent, float *out)
{
    uint64_t bits;
    if (!scale10(digits, exponent, &float_format, &bits)) return false;
    uint32_t narrow = (uint32_t)bits;
    memcpy(out, &narrow, sizeof *out);
    return true;
}

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "kernels/text/number.h"

enum { DIGITS_MAX = 17, EXPONENT_TEXT = 8 };

/* Digits d[0].d[1]d[2]... * 10^exponent, count >= 1, no trailing zeros but for a lone digit. */
struct digits {
    char d[DIGITS_MAX + 1];
    int count;
    int exponent;
};

static size_t u128_format(unsigned __int128 value, char *end)
{
    char *at = end;
    do {
        *--at = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    return (size_t)(end - at);
}

size_t mr_i64_format(int64_t value, char *out)
{
    return mr_decimal_format(value, 0, out);
}

size_t mr_decimal_format(__int128 value, unsigned scale, char *out)
{
    char digits[MR_NUMBER_TEXT_MAX];
    char *end = digits + sizeof digits;
    unsigned __int128 size = value < 0 ? 0 - (unsigned __int128)value : (unsigned __int128)value;
    size_t count = u128_format(size, end);
    MR_ASSERT(scale <= 38);
    while (count <= scale) end[-(ptrdiff_t)++count] = '0';
    size_t used = 0;
    if (value < 0) out[used++] = '-';
    memcpy(out + used, end - count, count - scale);
    used += count - scale;
    if (scale > 0) {
        out[used++] = '.';
        memcpy(out + used, end - scale, scale);
        used += scale;
    }
    out[used] = '\0';
    return used;
}

static struct digits digits_of(double value, int precision)
{
    char text[40];
    struct digits digits = {0};
    (void)snprintf(text, sizeof text, "%.*e", precision - 1, value);
    for (const char *at = text; *at != 'e'; at++) {
        if (*at != '.') digits.d[digits.count++] = *at;
    }
    while (digits.count > 1 && digits.d[digits.count - 1] == '0') digits.count--;
    digits.exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    return digits;
}

static double digits_value(const struct digits *digits, bool is_float)
{
    char text[DIGITS_MAX + 16];
    (void)snprintf(text, sizeof text, "%.*se%d", digits->count, digits->d,
                   digits->exponent - digits->count + 1);
    return is_float ? (double)strtof(text, NULL) : strtod(text, NULL);
}

/* digits_bumped: a neighbour in the last of `precision` places. At a power of two the interval
 * that rounds to the value is wider on one side, so a neighbour may read back where the nearest
 * does not. */
static bool digits_bumped(double value, int precision, bool is_float, struct digits *out)
{
    for (int step = -1; step <= 1; step += 2) {
        struct digits digits = digits_of(value, precision);
        while (digits.count < precision) digits.d[digits.count++] = '0';
        char *last = &digits.d[precision - 1];
        if ((step < 0 && *last == '0') || (step > 0 && *last == '9')) continue;
        *last = (char)(*last + step);
        if (digits_value(&digits, is_float) != value) continue;
        *out = digits;
        return true;
    }
    return false;
}

/* digits_shortest: the fewest digits, at least two places tried, that read back as `value`, which
 * is positive. Every decimal of 15 digits (6 for floats) survives the way through a normal double,
 * so that precision gives all shorter results at once; subnormals start at two. */
static struct digits digits_shortest(double value, bool is_float)
{
    int most = is_float ? 9 : DIGITS_MAX;
    bool is_normal = value >= (is_float ? 0x1p-126 : 0x1p-1022);
    struct digits digits = {0};
    int unused;
    bool is_edge = frexp(value, &unused) == 0.5;
    for (int precision = is_normal ? most - (is_float ? 3 : 2) : 2; precision <= most;
         precision++) {
        digits = digits_of(value, precision);
        if (digits_value(&digits, is_float) == value) break;
        if (is_edge && digits_bumped(value, precision, is_float, &digits)) break;
    }
    return digits;
}

static size_t put_digits(const struct digits *digits, char *out)
{
    size_t used = 0;
    bool is_plain = digits->exponent >= -3 && digits->exponent < 7;
    if (is_plain && digits->exponent < 0) {
        out[used++] = '0';
        out[used++] = '.';
        for (int zeros = -1; zeros > digits->exponent; zeros--) out[used++] = '0';
        memcpy(out + used, digits->d, (size_t)digits->count);
        return used + (size_t)digits->count;
    }
    int whole = is_plain ? digits->exponent + 1 : 1;
    for (int i = 0; i < MR_MAX(digits->count, whole + 1); i++) {
        if (i == whole) out[used++] = '.';
        out[used++] = i < digits->count ? digits->d[i] : '0';
    }
    if (!is_plain) used += (size_t)snprintf(out + used, EXPONENT_TEXT, "E%d", digits->exponent);
    return used;
}

static size_t put_word(const char *word, char *out)
{
    size_t bytes = strlen(word);
    memcpy(out, word, bytes + 1);
    return bytes;
}

static size_t real_format(double value, bool is_float, char *out)
{
    size_t used = 0;
    if (isnan(value)) return put_word("NaN", out);
    if (signbit(value)) out[used++] = '-';
    if (isinf(value)) return used + put_word("Infinity", out + used);
    if (value == 0) return used + put_word("0.0", out + used);
    struct digits digits = digits_shortest(fabs(value), is_float);
    used += put_digits(&digits, out + used);
    out[used] = '\0';
    return used;
}

size_t mr_double_format(double value, char *out)
{
    return real_format(value, false, out);
}

size_t mr_float_format(float value, char *out)
{
    return real_format((double)value, true, out);
}

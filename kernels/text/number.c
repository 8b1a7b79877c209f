#include "kernels/text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "kernels/text/power10.h"

enum {
    SIGNIFICANT_MAX = 800,     /* digits kept before the sticky one */
    EXPONENT_MAX = 1000000000, /* beyond it every value is zero or infinite */
    EXACT_POWER_MAX = 22,      /* 10^22 is the largest power of ten that a double holds */
    DIGITS_IN_U64 = 19,
};

/* A decimal number taken apart: value = digits * 10^exponent, where the digits are those of
 * `whole` and then of `fraction`, with leading zeros. */
struct literal {
    bool is_negative;
    const char *whole;
    size_t whole_bytes;
    const char *fraction;
    size_t fraction_bytes;
    int64_t exponent; /* as written, clamped to +-EXPONENT_MAX */
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static size_t digits_span(const char *text, size_t bytes)
{
    size_t n = 0;
    while (n < bytes && is_digit(text[n])) n++;
    return n;
}

static bool exponent_read(const char *text, size_t bytes, int64_t *out)
{
    size_t at = 0;
    bool is_negative = false;
    if (at < bytes && (text[at] == '+' || text[at] == '-')) is_negative = text[at++] == '-';
    if (at == bytes || digits_span(text + at, bytes - at) != bytes - at) return false;
    int64_t value = 0;
    for (; at < bytes; at++) {
        value = MR_MIN(value * 10 + (text[at] - '0'), (int64_t)EXPONENT_MAX);
    }
    *out = is_negative ? -value : value;
    return true;
}

static bool literal_read(const char *text, size_t bytes, struct literal *out)
{
    struct literal lit = {0};
    size_t at = 0;
    if (at < bytes && (text[at] == '+' || text[at] == '-')) lit.is_negative = text[at++] == '-';
    lit.whole = text + at;
    lit.whole_bytes = digits_span(text + at, bytes - at);
    at += lit.whole_bytes;
    lit.fraction = text + at;
    if (at < bytes && text[at] == '.') {
        lit.fraction = text + ++at;
        lit.fraction_bytes = digits_span(text + at, bytes - at);
        at += lit.fraction_bytes;
    }
    if (lit.whole_bytes + lit.fraction_bytes == 0) return false;
    if (at < bytes && (text[at] == 'e' || text[at] == 'E')) {
        if (!exponent_read(text + at + 1, bytes - at - 1, &lit.exponent)) return false;
        at = bytes;
    }
    if (at != bytes) return false;
    *out = lit;
    return true;
}

/* literal_digit: digit i of whole and fraction together. */
static char literal_digit(const struct literal *lit, size_t i)
{
    return i < lit->whole_bytes ? lit->whole[i] : lit->fraction[i - lit->whole_bytes];
}

static size_t literal_zeros(const struct literal *lit)
{
    size_t count = lit->whole_bytes + lit->fraction_bytes;
    size_t zeros = 0;
    while (zeros < count && literal_digit(lit, zeros) == '0') zeros++;
    return zeros;
}

mr_parse mr_i64_parse(const char *text, size_t bytes, int64_t *out)
{
    size_t at = 0;
    bool is_negative = false;
    if (bytes > 0 && (text[0] == '-' || text[0] == '+')) is_negative = text[at++] == '-';
    if (at == bytes) return MR_PARSE_SYNTAX;
    uint64_t value = 0;
    bool is_over = false;
    for (; at < bytes; at++) {
        if (!is_digit(text[at])) return MR_PARSE_SYNTAX;
        is_over |= __builtin_mul_overflow(value, UINT64_C(10), &value);
        is_over |= __builtin_add_overflow(value, (uint64_t)(text[at] - '0'), &value);
    }
    if (is_over || value > (uint64_t)INT64_MAX + is_negative) return MR_PARSE_OVERFLOW;
    *out = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return MR_PARSE_OK;
}

/* literal_exact: the value when at most 2^53 scaled by an exact power of ten gives it in one
 * rounding. Multiplying out 10^22 and more digits is left to the general way. */
static bool literal_exact(const struct literal *lit, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    static_assert(MR_COUNT_OF(powers) == EXACT_POWER_MAX + 1, "one entry per exact power");
    size_t zeros = literal_zeros(lit);
    size_t count = lit->whole_bytes + lit->fraction_bytes;
    int64_t exponent = lit->exponent - (int64_t)lit->fraction_bytes;
    if (count - zeros > DIGITS_IN_U64) return false;
    uint64_t mantissa = 0;
    for (size_t i = zeros; i < count; i++) {
        mantissa = mantissa * 10 + (uint64_t)(literal_digit(lit, i) - '0');
    }
    if (mantissa > UINT64_C(1) << 53) return false;
    if (exponent < -EXACT_POWER_MAX || exponent > EXACT_POWER_MAX) return false;
    double value = (double)mantissa;
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    *out = lit->is_negative ? -value : value;
    return true;
}

/* literal_digits: up to 19 digits without leading zeros, and the power of ten they are to be scaled
 * by; *out_is_cut says that digits other than zeros were left out. */
static uint64_t literal_digits(const struct literal *lit, int64_t *out_exponent, bool *out_is_cut)
{
    size_t zeros = literal_zeros(lit), count = lit->whole_bytes + lit->fraction_bytes;
    size_t kept = MR_MIN(count - zeros, (size_t)DIGITS_IN_U64);
    uint64_t digits = 0;
    for (size_t i = 0; i < kept; i++) {
        digits = digits * 10 + (uint64_t)(literal_digit(lit, zeros + i) - '0');
    }
    *out_is_cut = false;
    for (size_t i = zeros + kept; i < count; i++) *out_is_cut |= literal_digit(lit, i) != '0';
    *out_exponent = lit->exponent - (int64_t)lit->fraction_bytes + (int64_t)(count - zeros - kept);
    return digits;
}

/* literal_double, literal_float: by powers of five. Of cut digits the next number above decides as
 * well: when both give the same, so does everything between. */
static bool literal_double(const struct literal *lit, double *out)
{
    int64_t exponent;
    bool is_cut;
    double value, above;
    uint64_t digits = literal_digits(lit, &exponent, &is_cut);
    if (!mr_scale10_double(digits, exponent, &value)) return false;
    if (is_cut && (!mr_scale10_double(digits + 1, exponent, &above) || above != value)) {
        return false;
    }
    *out = lit->is_negative ? -value : value;
    return true;
}

static bool literal_float(const struct literal *lit, float *out)
{
    int64_t exponent;
    bool is_cut;
    float value, above;
    uint64_t digits = literal_digits(lit, &exponent, &is_cut);
    if (!mr_scale10_float(digits, exponent, &value)) return false;
    if (is_cut && (!mr_scale10_float(digits + 1, exponent, &above) || above != value)) {
        return false;
    }
    *out = lit->is_negative ? -value : value;
    return true;
}

/* literal_rewrite: the number as "ddd...e<exponent>" for the C library; no point, so that no
 * locale matters. */
static void literal_rewrite(const struct literal *lit, char out[SIGNIFICANT_MAX + 32])
{
    size_t zeros = literal_zeros(lit);
    size_t count = lit->whole_bytes + lit->fraction_bytes;
    size_t used = 0;
    int64_t exponent = lit->exponent - (int64_t)lit->fraction_bytes;
    if (lit->is_negative) out[used++] = '-';
    size_t kept = MR_MIN(count - zeros, (size_t)SIGNIFICANT_MAX);
    for (size_t i = 0; i < kept; i++) out[used++] = literal_digit(lit, zeros + i);
    exponent += (int64_t)(count - zeros - kept);
    for (size_t i = zeros + kept; i < count; i++) {
        if (literal_digit(lit, i) == '0') continue;
        out[used++] = '1';
        exponent--;
        break;
    }
    if (kept == 0) out[used++] = '0';
    exponent = MR_MAX(MR_MIN(exponent, (int64_t)EXPONENT_MAX), -(int64_t)EXPONENT_MAX);
    (void)snprintf(out + used, 24, "e%lld", (long long)exponent);
}

mr_parse mr_double_parse(const char *text, size_t bytes, double *out)
{
    struct literal lit;
    if (!literal_read(text, bytes, &lit)) return MR_PARSE_SYNTAX;
    if (literal_exact(&lit, out) || literal_double(&lit, out)) return MR_PARSE_OK;
    char rewritten[SIGNIFICANT_MAX + 32];
    literal_rewrite(&lit, rewritten);
    *out = strtod(rewritten, NULL);
    return MR_PARSE_OK;
}

mr_parse mr_float_parse(const char *text, size_t bytes, float *out)
{
    struct literal lit;
    if (!literal_read(text, bytes, &lit)) return MR_PARSE_SYNTAX;
    if (literal_float(&lit, out)) return MR_PARSE_OK;
    char rewritten[SIGNIFICANT_MAX + 32];
    literal_rewrite(&lit, rewritten);
    *out = strtof(rewritten, NULL);
    return MR_PARSE_OK;
}

mr_parse mr_double_parse_word(const char *text, size_t bytes, double *out)
{
    size_t at = 0;
    bool is_negative = false;
    if (bytes == 3 && strncasecmp(text, "nan", 3) == 0) {
        *out = NAN;
        return MR_PARSE_OK;
    }
    if (bytes > 0 && (text[0] == '+' || text[0] == '-')) is_negative = text[at++] == '-';
    bool is_infinite = (bytes - at == 8 && strncasecmp(text + at, "infinity", 8) == 0) ||
                       (bytes - at == 3 && strncasecmp(text + at, "inf", 3) == 0);
    if (!is_infinite) return mr_double_parse(text, bytes, out);
    *out = is_negative ? -INFINITY : INFINITY;
    return MR_PARSE_OK;
}

__int128 mr_decimal_pow10(unsigned n)
{
    MR_ASSERT(n <= 38);
    __int128 power = 1;
    while (n-- > 0) power *= 10;
    return power;
}

mr_parse mr_decimal_parse(const char *text, size_t bytes, unsigned precision, unsigned scale,
                          __int128 *out)
{
    struct literal lit;
    MR_DCHECK(precision >= 1 && precision <= 38 && scale <= precision);
    if (!literal_read(text, bytes, &lit)) return MR_PARSE_SYNTAX;
    size_t zeros = literal_zeros(&lit);
    int64_t count = (int64_t)(lit.whole_bytes + lit.fraction_bytes - zeros);
    /* digits * 10^exponent at the wanted scale: `shift` > 0 appends zeros, < 0 cuts digits. */
    int64_t shift = lit.exponent - (int64_t)lit.fraction_bytes + (int64_t)scale;
    if (count > 0 && count + shift > (int64_t)precision) return MR_PARSE_OVERFLOW;
    int64_t kept = count + MR_MIN(shift, (int64_t)0);
    __int128 value = 0;
    for (int64_t i = 0; i < kept; i++) {
        value = value * 10 + (literal_digit(&lit, zeros + (size_t)i) - '0');
    }
    bool is_cut = false;
    for (int64_t i = MR_MAX(kept, (int64_t)0); i < count; i++) {
        is_cut |= literal_digit(&lit, zeros + (size_t)i) != '0';
    }
    if (kept >= 0 && kept < count && literal_digit(&lit, zeros + (size_t)kept) >= '5') value++;
    if (count > 0 && shift > 0) value *= mr_decimal_pow10((unsigned)shift);
    if (value >= mr_decimal_pow10(precision)) return MR_PARSE_OVERFLOW;
    *out = lit.is_negative ? -value : value;
    return is_cut ? MR_PARSE_INEXACT : MR_PARSE_OK;
}

mr_parse mr_decimal_digits(const char *text, size_t bytes, int64_t *out_precision,
                           int64_t *out_scale)
{
    struct literal lit;
    if (!literal_read(text, bytes, &lit)) return MR_PARSE_SYNTAX;
    size_t digits = lit.whole_bytes + lit.fraction_bytes - literal_zeros(&lit);
    *out_precision = (int64_t)MR_MAX(digits, (size_t)1);
    *out_scale = (int64_t)lit.fraction_bytes - lit.exponent;
    return MR_PARSE_OK;
}

mr_parse mr_decimal_rescale(__int128 value, unsigned from_scale, unsigned precision,
                            unsigned to_scale, __int128 *out)
{
    __int128 limit = mr_decimal_pow10(precision);
    if (to_scale >= from_scale) {
        if (__builtin_mul_overflow(value, mr_decimal_pow10(to_scale - from_scale), &value)) {
            return MR_PARSE_OVERFLOW;
        }
    }
    bool is_cut = false;
    if (to_scale < from_scale) {
        __int128 unit = mr_decimal_pow10(from_scale - to_scale);
        __int128 rest = value % unit;
        int sign = value < 0 ? -1 : 1;
        value /= unit;
        is_cut = rest != 0;
        rest *= sign;
        if (rest >= unit - rest) value += sign;
    }
    if (value >= limit || value <= -limit) return MR_PARSE_OVERFLOW;
    *out = value;
    return is_cut ? MR_PARSE_INEXACT : MR_PARSE_OK;
}

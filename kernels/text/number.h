/* Numbers as text, both ways.
 *
 * Pure functions over a pointer and a length: no allocation, no locale, no zero byte needed. They
 * serve JSON values, SQL casts and what is printed. Parsers take the whole text or fail; blanks are
 * the caller's business. `out` is written only for MR_PARSE_OK and MR_PARSE_INEXACT.
 *
 * Doubles and floats are correctly rounded: the same bits as strtod in the default rounding mode.
 * Up to 19 digits with a small power of ten are exact in one operation (Clinger 1990); nearly all
 * others are decided by a 128-bit power of five (power10.h); the rest is rewritten as digits and
 * exponent, cut after 800 digits with a sticky one (a double's midpoint has at most 768), and given
 * to the C library. Decimals never pass through a double.
 *
 * Text form of doubles: Java's Double.toString as of JDK 19 and so Spark's: the shortest digits
 * that read back equal, "1.0E10" style below 1e-3 and from 1e7 on, "NaN", "Infinity". */
#ifndef MR_KERNELS_TEXT_NUMBER_H
#define MR_KERNELS_TEXT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mr_parse {
    MR_PARSE_OK,
    MR_PARSE_INEXACT,  /* a value came out, rounded */
    MR_PARSE_OVERFLOW, /* well formed, but outside the type */
    MR_PARSE_SYNTAX,
} mr_parse;

/* mr_i64_parse: an optional sign and one or more decimal digits; leading zeros are allowed. */
mr_parse mr_i64_parse(const char *text, size_t bytes, int64_t *out);

/* mr_double_parse, mr_float_parse: [sign] digits [. digits] [e [sign] digits], with at least one
 * digit before or after the point. Too large gives infinity, too small zero, as strtod does.
 * mr_double_parse_word: also NaN, Infinity, +Infinity, -Infinity, INF, +INF, -INF as Spark spells
 * them, without regard to case. */
mr_parse mr_double_parse(const char *text, size_t bytes, double *out);
mr_parse mr_float_parse(const char *text, size_t bytes, float *out);
mr_parse mr_double_parse_word(const char *text, size_t bytes, double *out);

/* mr_decimal_parse: the same grammar into an unscaled integer of `scale` fraction digits, rounded
 * half up (away from zero) when there are more.
 * precision  1..38, scale 0..precision
 * returns    MR_PARSE_INEXACT when rounding changed the value, MR_PARSE_OVERFLOW when it then has
 *            more than `precision` digits */
mr_parse mr_decimal_parse(const char *text, size_t bytes, unsigned precision, unsigned scale,
                          __int128 *out);

/* mr_decimal_digits: what decimal type a number needs: all its digits, without leading zeros.
 * *out_precision may exceed 38; *out_scale is negative for 1e5 (Java's BigDecimal does the same).
 */
mr_parse mr_decimal_digits(const char *text, size_t bytes, int64_t *out_precision,
                           int64_t *out_scale);

/* mr_decimal_pow10: 10^n for n in 0..38. */
__int128 mr_decimal_pow10(unsigned n);

/* mr_decimal_rescale: an unscaled value from one scale to another, rounding half up.
 * returns MR_PARSE_OVERFLOW when it needs more than `precision` digits there */
mr_parse mr_decimal_rescale(__int128 value, unsigned from_scale, unsigned precision,
                            unsigned to_scale, __int128 *out);

enum { MR_NUMBER_TEXT_MAX = 48 };

/* Each writes at most MR_NUMBER_TEXT_MAX bytes with a final zero and returns the length. */
size_t mr_i64_format(int64_t value, char *out);
size_t mr_double_format(double value, char *out);
size_t mr_float_format(float value, char *out);
size_t mr_decimal_format(__int128 value, unsigned scale, char *out);

#endif

/* Decimal arithmetic, exact and then rounded once.
 *
 * A decimal is an unscaled 128-bit integer of at most 38 digits and a scale known from its type. An
 * operation takes both scales and the result's precision and scale, computes the exact value,
 * rounds half up (away from zero) to the result's scale, and says whether it fits. Intermediate
 * values may need 82 digits: where 128 bits do not suffice, numbers of six 64-bit limbs are used.
 * Rounding looks at the first digit cut off only, so truncating in two steps loses nothing.
 *
 * Source: Spark's Decimal over java.math.BigDecimal, ROUND_HALF_UP (behaviour). */
#ifndef MR_CORE_EXPR_DECIMAL_H
#define MR_CORE_EXPR_DECIMAL_H

#include <stdbool.h>

#include "core/expr/expr.h"

struct mr_decimal_shape {
    unsigned scale_a;
    unsigned scale_b;
    unsigned precision; /* of the result, 1..38 */
    unsigned scale;
    unsigned digits_a; /* most digits the operands can have: choose the narrow way */
    unsigned digits_b;
};

/* Each returns false when the result needs more than `precision` digits. Divisors are not zero. */
bool mr_decimal_add(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out);
bool mr_decimal_multiply(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out);
bool mr_decimal_divide(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out);

/* mr_decimal_div: the integer quotient, cut towards zero; false when it is no int64. */
bool mr_decimal_div(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, int64_t *out);

/* mr_decimal_remainder: with the sign of a. */
bool mr_decimal_remainder(const struct mr_decimal_shape *shape, mr_i128 a, mr_i128 b, mr_i128 *out);

/* mr_decimal_fits: at most `precision` digits. */
bool mr_decimal_fits(mr_i128 value, unsigned precision);

#endif

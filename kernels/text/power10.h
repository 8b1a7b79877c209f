/* Decimal to binary: digits * 10^exponent as the nearest double or float.
 *
 * One or two 64-bit multiplications by a 128-bit power of five decide all but the rare number whose
 * product lies too near to the middle of two floating-point numbers; those are said to be undecided
 * and left to slower ways.
 *
 * Source: Lemire, "Number Parsing at a Gigabyte per Second" (Software: Practice and Experience,
 * 2021), after an idea of Eisel. */
#ifndef MR_KERNELS_TEXT_POWER10_H
#define MR_KERNELS_TEXT_POWER10_H

#include <stdbool.h>
#include <stdint.h>

enum { MR_POWER5_FIRST = -342, MR_POWER5_LAST = 308 };

/* The 128 leading bits of 5^exponent, from MR_POWER5_FIRST on; made when the program is built. */
struct mr_power5 {
    uint64_t high, low;
};

extern const struct mr_power5 mr_powers5[MR_POWER5_LAST - MR_POWER5_FIRST + 1];

/* mr_scale10_double, mr_scale10_float: the value, correctly rounded (ties to even); infinity or
 * zero beyond the type's range. `digits` is exact. False when undecided. */
bool mr_scale10_double(uint64_t digits, int64_t exponent, double *out);
bool mr_scale10_float(uint64_t digits, int64_t exponent, float *out);

#endif

/* Smallest and largest value of an array, for page and file statistics.
 *
 * Integers by their signed order. Floats by IEEE order without NaN: the kernels skip NaN and report
 * whether anything else was there; -0 and +0 compare equal, and the caller widens a zero bound to
 * -0 (minimum) and +0 (maximum), as Parquet wants it.
 * Each takes the bounds so far in *min and *max and widens them; the first call gets the empty
 * bounds (largest, smallest). One pass, count may be 0. */
#ifndef MR_KERNELS_ENCODE_MINMAX_H
#define MR_KERNELS_ENCODE_MINMAX_H

#include <stddef.h>
#include <stdint.h>

void mr_minmax_i32(const int32_t *values, size_t count, int32_t *min, int32_t *max);
void mr_minmax_i64(const int64_t *values, size_t count, int64_t *min, int64_t *max);
void mr_minmax_f32(const float *values, size_t count, float *min, float *max);
void mr_minmax_f64(const double *values, size_t count, double *min, double *max);

#endif

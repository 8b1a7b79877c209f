/* Checked arithmetic on sizes and counts that outside input controls. Each returns false on
 * overflow and leaves *out alone. */
#ifndef MR_CORE_BASE_CHECKED_H
#define MR_CORE_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool mr_size_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return false;
    *out = sum;
    return true;
}

static inline bool mr_size_mul(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) return false;
    *out = product;
    return true;
}

/* mr_align_up: the next multiple of `align`, a power of two. */
static inline size_t mr_align_up(size_t bytes, size_t align)
{
    return (bytes + align - 1) & ~(align - 1);
}

#define MR_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MR_MIN(a, b) ((a) < (b) ? (a) : (b))
#define MR_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif

/* The loop that all vector variants of a comparison share.
 *
 * A variant includes this after defining, for one register type:
 *   reg            the register type, REG_BYTES wide
 *   load(at)       unaligned load
 *   same_T(a, b), below_T(a, b)   for T in i8 .. f64: a bit per lane
 *   set_T(at)      the one value at `at` in every lane
 * A word is as many registers as its 64 rows need. The last one may reach past the values; since
 * they are readable MR_PAD bytes further, a register that starts before the end is safe to load. */
#ifndef MR_KERNELS_SELECT_SELECT_INL_H
#define MR_KERNELS_SELECT_SELECT_INL_H

#include <immintrin.h>

#include "kernels/select/select.h"

static inline uint64_t rows_left(size_t left)
{
    return left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
}

#define SELECT_LOOP(type_, vb_, test_)                                                             \
    const char *at_a = a_, *at_b = b_;                                                             \
    enum { LANES = REG_BYTES / sizeof(type_) };                                                    \
    for (size_t at = 0; at < rows; at += 64) {                                                     \
        size_t left = rows - at < 64 ? rows - at : 64;                                             \
        uint64_t word = 0;                                                                         \
        for (size_t k = 0; k < left; k += LANES) {                                                 \
            reg va = load(at_a + (at + k) * sizeof(type_));                                        \
            reg vb = vb_;                                                                          \
            word |= (uint64_t)(test_) << k;                                                        \
        }                                                                                          \
        out[at / 64] = word & rows_left(left);                                                     \
    }                                                                                              \
    (void)at_b

#define SELECT_COMPARE(suffix_, type_)                                                             \
    static void eq_##suffix_(const void *a_, const void *b_, size_t rows, uint64_t *out)           \
    {                                                                                              \
        SELECT_LOOP(type_, load(at_b + (at + k) * sizeof(type_)), same_##suffix_(va, vb));         \
    }                                                                                              \
    static void lt_##suffix_(const void *a_, const void *b_, size_t rows, uint64_t *out)           \
    {                                                                                              \
        SELECT_LOOP(type_, load(at_b + (at + k) * sizeof(type_)), below_##suffix_(va, vb));        \
    }                                                                                              \
    static void eq_value_##suffix_(const void *a_, const void *b_, size_t rows, uint64_t *out)     \
    {                                                                                              \
        const reg value = set_##suffix_(b_);                                                       \
        SELECT_LOOP(type_, value, same_##suffix_(va, vb));                                         \
    }                                                                                              \
    static void lt_value_##suffix_(const void *a_, const void *b_, size_t rows, uint64_t *out)     \
    {                                                                                              \
        const reg value = set_##suffix_(b_);                                                       \
        SELECT_LOOP(type_, value, below_##suffix_(va, vb));                                        \
    }                                                                                              \
    static void gt_value_##suffix_(const void *a_, const void *b_, size_t rows, uint64_t *out)     \
    {                                                                                              \
        const reg value = set_##suffix_(b_);                                                       \
        SELECT_LOOP(type_, value, below_##suffix_(vb, va));                                        \
    }

#define SELECT_ROW(suffix_)                                                                        \
    {                                                                                              \
        eq_##suffix_, lt_##suffix_, eq_value_##suffix_, lt_value_##suffix_, gt_value_##suffix_     \
    }

#endif

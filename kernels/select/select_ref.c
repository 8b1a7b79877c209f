#include "kernels/select/select.h"

/* The order of doubles: a NaN is unequal to itself, which tells it from numbers. */
#define EQ_INT(a, b) ((a) == (b))
#define LT_INT(a, b) ((a) < (b))
#define EQ_REAL(a, b) ((a) == (b) || ((a) != (a) && (b) != (b)))
#define LT_REAL(a, b) ((a) < (b) || ((a) == (a) && (b) != (b)))

#define COMPARE(name_, type_, test_)                                                               \
    static void name_(const void *a_, const void *b_, size_t rows, uint64_t *out)                  \
    {                                                                                              \
        const type_ *va = a_, *vb = b_;                                                            \
        for (size_t at = 0; at < rows; at += 64) {                                                 \
            size_t count = rows - at < 64 ? rows - at : 64;                                        \
            uint64_t word = 0;                                                                     \
            for (size_t k = 0; k < count; k++) {                                                   \
                size_t i = at + k;                                                                 \
                word |= (uint64_t)(test_) << k;                                                    \
            }                                                                                      \
            out[at / 64] = word;                                                                   \
        }                                                                                          \
    }

#define FAMILY(suffix_, type_, SAME_, BELOW_)                                                      \
    COMPARE(eq_##suffix_, type_, SAME_(va[i], vb[i]))                                              \
    COMPARE(lt_##suffix_, type_, BELOW_(va[i], vb[i]))                                             \
    COMPARE(eq_value_##suffix_, type_, SAME_(va[i], vb[0]))                                        \
    COMPARE(lt_value_##suffix_, type_, BELOW_(va[i], vb[0]))                                       \
    COMPARE(gt_value_##suffix_, type_, BELOW_(vb[0], va[i]))

FAMILY(i8, int8_t, EQ_INT, LT_INT)
FAMILY(i16, int16_t, EQ_INT, LT_INT)
FAMILY(i32, int32_t, EQ_INT, LT_INT)
FAMILY(i64, int64_t, EQ_INT, LT_INT)
FAMILY(f32, float, EQ_REAL, LT_REAL)
FAMILY(f64, double, EQ_REAL, LT_REAL)

#define ROW(suffix_)                                                                               \
    {                                                                                              \
        eq_##suffix_, lt_##suffix_, eq_value_##suffix_, lt_value_##suffix_, gt_value_##suffix_     \
    }

uint32_t mr_select_rows_ref(const uint64_t *bits, uint32_t rows, uint32_t *out)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < rows; at += 64) {
        uint64_t word = bits[at / 64];
        if (rows - at < 64) word &= (UINT64_C(1) << (rows - at)) - 1;
        for (; word != 0; word &= word - 1) out[count++] = at + (uint32_t)__builtin_ctzll(word);
    }
    return count;
}

uint32_t mr_select_cut_ref(const uint64_t *bits, const uint32_t *sel, uint32_t count, uint32_t *out)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t row = sel[k];
        out[kept] = row;
        kept += bits[row / 64] >> row % 64 & 1;
    }
    return kept;
}

const struct mr_select_kernels mr_select_ref = {
    MR_ISA_REF,
    {ROW(i8), ROW(i16), ROW(i32), ROW(i64), ROW(f32), ROW(f64)},
    mr_select_rows_ref,
    mr_select_cut_ref,
};

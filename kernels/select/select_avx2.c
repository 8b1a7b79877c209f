#define REG_BYTES 32
#include "kernels/select/select_inl.h"

typedef __m256i reg;

static inline reg load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

static inline uint64_t lanes8(reg mask)
{
    return (uint32_t)_mm256_movemask_epi8(mask);
}

/* lanes16: two bits per lane come out; every second one is taken. */
static inline uint64_t lanes16(reg mask)
{
    return _pext_u32((uint32_t)_mm256_movemask_epi8(mask), 0x55555555);
}

static inline uint64_t lanes32(reg mask)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(mask));
}

static inline uint64_t lanes64(reg mask)
{
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(mask));
}

#define INTEGER(width_, type_, set_)                                                               \
    static inline uint64_t same_i##width_(reg a, reg b)                                            \
    {                                                                                              \
        return lanes##width_(_mm256_cmpeq_epi##width_(a, b));                                      \
    }                                                                                              \
    static inline uint64_t below_i##width_(reg a, reg b)                                           \
    {                                                                                              \
        return lanes##width_(_mm256_cmpgt_epi##width_(b, a));                                      \
    }                                                                                              \
    static inline reg set_i##width_(const void *at)                                                \
    {                                                                                              \
        return set_(*(const type_ *)at);                                                           \
    }
INTEGER(8, int8_t, _mm256_set1_epi8)
INTEGER(16, int16_t, _mm256_set1_epi16)
INTEGER(32, int32_t, _mm256_set1_epi32)
INTEGER(64, int64_t, _mm256_set1_epi64x)

/* A NaN is unordered with itself. Equal: ordered and equal, or both NaN. Below: less, or only b
 * NaN. */
#define REAL(width_, type_, lanes_, cast_, real_)                                                  \
    static inline uint64_t same_f##width_(reg ra, reg rb)                                          \
    {                                                                                              \
        const real_ a = cast_(ra), b = cast_(rb);                                                  \
        const real_ nan_a = _mm256_cmp_##lanes_(a, a, _CMP_UNORD_Q);                               \
        const real_ nan_b = _mm256_cmp_##lanes_(b, b, _CMP_UNORD_Q);                               \
        const real_ same = _mm256_cmp_##lanes_(a, b, _CMP_EQ_OQ);                                  \
        return (uint32_t)_mm256_movemask_##lanes_(                                                 \
            _mm256_or_##lanes_(same, _mm256_and_##lanes_(nan_a, nan_b)));                          \
    }                                                                                              \
    static inline uint64_t below_f##width_(reg ra, reg rb)                                         \
    {                                                                                              \
        const real_ a = cast_(ra), b = cast_(rb);                                                  \
        const real_ number_a = _mm256_cmp_##lanes_(a, a, _CMP_ORD_Q);                              \
        const real_ nan_b = _mm256_cmp_##lanes_(b, b, _CMP_UNORD_Q);                               \
        const real_ below = _mm256_cmp_##lanes_(a, b, _CMP_LT_OQ);                                 \
        return (uint32_t)_mm256_movemask_##lanes_(                                                 \
            _mm256_or_##lanes_(below, _mm256_and_##lanes_(number_a, nan_b)));                      \
    }                                                                                              \
    static inline reg set_f##width_(const void *at)                                                \
    {                                                                                              \
        return _mm256_cast##lanes_##_si256(_mm256_set1_##lanes_(*(const type_ *)at));              \
    }
REAL(32, float, ps, _mm256_castsi256_ps, __m256)
REAL(64, double, pd, _mm256_castsi256_pd, __m256d)

SELECT_COMPARE(i8, int8_t)
SELECT_COMPARE(i16, int16_t)
SELECT_COMPARE(i32, int32_t)
SELECT_COMPARE(i64, int64_t)
SELECT_COMPARE(f32, float)
SELECT_COMPARE(f64, double)

const struct mr_select_kernels mr_select_avx2 = {
    MR_ISA_AVX2,
    {SELECT_ROW(i8), SELECT_ROW(i16), SELECT_ROW(i32), SELECT_ROW(i64), SELECT_ROW(f32),
     SELECT_ROW(f64)},
    mr_select_rows_ref, /* set bits one by one: measured no slower than four at a time */
    mr_select_cut_ref,
};

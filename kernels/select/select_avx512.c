#define REG_BYTES 64
#include "kernels/select/select_inl.h"

typedef __m512i reg;

static inline reg load(const char *at)
{
    return _mm512_loadu_si512(at);
}

#define INTEGER(width_, type_)                                                                     \
    static inline uint64_t same_i##width_(reg a, reg b)                                            \
    {                                                                                              \
        return _mm512_cmpeq_epi##width_##_mask(a, b);                                              \
    }                                                                                              \
    static inline uint64_t below_i##width_(reg a, reg b)                                           \
    {                                                                                              \
        return _mm512_cmplt_epi##width_##_mask(a, b);                                              \
    }                                                                                              \
    static inline reg set_i##width_(const void *at)                                                \
    {                                                                                              \
        return _mm512_set1_epi##width_(*(const type_ *)at);                                        \
    }
INTEGER(8, int8_t)
INTEGER(16, int16_t)
INTEGER(32, int32_t)
INTEGER(64, int64_t)

/* A NaN is unordered with itself. Equal: ordered and equal, or both NaN. Below: less, or only b
 * NaN. */
#define REAL(width_, type_, lanes_, cast_, real_)                                                  \
    static inline uint64_t same_f##width_(reg ra, reg rb)                                          \
    {                                                                                              \
        const real_ a = cast_(ra), b = cast_(rb);                                                  \
        uint64_t nan_a = _mm512_cmp_##lanes_##_mask(a, a, _CMP_UNORD_Q);                           \
        uint64_t nan_b = _mm512_cmp_##lanes_##_mask(b, b, _CMP_UNORD_Q);                           \
        return _mm512_cmp_##lanes_##_mask(a, b, _CMP_EQ_OQ) | (nan_a & nan_b);                     \
    }                                                                                              \
    static inline uint64_t below_f##width_(reg ra, reg rb)                                         \
    {                                                                                              \
        const real_ a = cast_(ra), b = cast_(rb);                                                  \
        uint64_t number_a = _mm512_cmp_##lanes_##_mask(a, a, _CMP_ORD_Q);                          \
        uint64_t nan_b = _mm512_cmp_##lanes_##_mask(b, b, _CMP_UNORD_Q);                           \
        return _mm512_cmp_##lanes_##_mask(a, b, _CMP_LT_OQ) | (number_a & nan_b);                  \
    }                                                                                              \
    static inline reg set_f##width_(const void *at)                                                \
    {                                                                                              \
        return _mm512_cast##lanes_##_si512(_mm512_set1_##lanes_(*(const type_ *)at));              \
    }
REAL(32, float, ps, _mm512_castsi512_ps, __m512)
REAL(64, double, pd, _mm512_castsi512_pd, __m512d)

SELECT_COMPARE(i8, int8_t)
SELECT_COMPARE(i16, int16_t)
SELECT_COMPARE(i32, int32_t)
SELECT_COMPARE(i64, int64_t)
SELECT_COMPARE(f32, float)
SELECT_COMPARE(f64, double)

/* rows_avx512: sixteen row numbers at a time, compressed in the register and stored whole. */
static uint32_t rows_avx512(const uint64_t *bits, uint32_t rows, uint32_t *out)
{
    const __m512i first = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    uint32_t count = 0;
    for (uint32_t at = 0; at < rows; at += 64) {
        uint64_t word = bits[at / 64] & rows_left(rows - at);
        for (uint32_t k = 0; word != 0; k += 16, word >>= 16) {
            __mmask16 mask = (__mmask16)word;
            __m512i numbers = _mm512_add_epi32(first, _mm512_set1_epi32((int)(at + k)));
            _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi32(mask, numbers));
            count += (uint32_t)_mm_popcnt_u32(mask);
        }
    }
    return count;
}

/* cut_avx512: sixteen selected rows at a time; their bits come by gathering words of 32. */
static uint32_t cut_avx512(const uint64_t *bits, const uint32_t *sel, uint32_t count, uint32_t *out)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < count; k += 16) {
        __mmask16 live = count - k < 16 ? (__mmask16)((1u << (count - k)) - 1) : 0xffff;
        __m512i rows = _mm512_maskz_loadu_epi32(live, sel + k);
        __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), live,
                                                    _mm512_srli_epi32(rows, 5), bits, 4);
        __m512i bit = _mm512_sllv_epi32(_mm512_set1_epi32(1),
                                        _mm512_and_si512(rows, _mm512_set1_epi32(31)));
        __mmask16 mask = _mm512_mask_test_epi32_mask(live, words, bit);
        _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi32(mask, rows));
        kept += (uint32_t)_mm_popcnt_u32(mask);
    }
    return kept;
}

const struct mr_select_kernels mr_select_avx512 = {
    MR_ISA_AVX512,
    {SELECT_ROW(i8), SELECT_ROW(i16), SELECT_ROW(i32), SELECT_ROW(i64), SELECT_ROW(f32),
     SELECT_ROW(f64)},
    rows_avx512,
    cut_avx512,
};

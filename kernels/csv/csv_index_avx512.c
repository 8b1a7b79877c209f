#include <immintrin.h>

#include "kernels/csv/csv_index.h"

/* put: compresses the byte numbers of the set bits in a register and widens them; whole vectors of
 * 16 are written. Compress with a memory destination is microcoded on Zen 4 and 5. */
static inline uint32_t put(uint64_t bits, uint32_t base, __m512i byte_numbers, uint32_t *out)
{
    uint32_t count = (uint32_t)__builtin_popcountll(bits);
    __m512i packed = _mm512_maskz_compress_epi8(bits, byte_numbers);
    __m512i start = _mm512_set1_epi32((int)base);
    __m512i first = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed));
    _mm512_storeu_si512(out, _mm512_add_epi32(first, start));
    if (count > 16) {
        __m512i second = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1));
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(second, start));
    }
    if (count > 32) {
        __m512i third = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2));
        __m512i fourth = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3));
        _mm512_storeu_si512(out + 32, _mm512_add_epi32(third, start));
        _mm512_storeu_si512(out + 48, _mm512_add_epi32(fourth, start));
    }
    return count;
}

uint32_t mr_csv_index_avx512(const char *text, uint32_t bytes, const struct mr_csv_marks *marks,
                             uint32_t base, uint32_t *out_pos, bool *out_wide)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i byte_numbers = _mm512_loadu_si512(numbers), wanted[MR_CSV_MARKS];
    uint64_t wide = 0;
    uint32_t count = 0;
    for (int i = 0; i < MR_CSV_MARKS; i++) wanted[i] = _mm512_set1_epi8(marks->at[i]);
    for (uint32_t at = 0; at < bytes; at += MR_CSV_STEP) {
        uint32_t left = bytes - at;
        __m512i part = _mm512_loadu_si512(text + at);
        uint64_t kept = left < MR_CSV_STEP ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
        uint64_t bits = 0;
        for (int i = 0; i < MR_CSV_MARKS; i++) bits |= _mm512_cmpeq_epi8_mask(part, wanted[i]);
        wide |= _mm512_movepi8_mask(part) & kept;
        count += put(bits & kept, base + at, byte_numbers, out_pos + count);
    }
    if (wide != 0) *out_wide = true;
    return count;
}

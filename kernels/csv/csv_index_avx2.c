#include <immintrin.h>

#include "kernels/csv/csv_index.h"

static inline uint64_t movemask(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

/* Bytes of one half that are a mark. */
static inline __m256i marked(__m256i text, const __m256i *marks)
{
    __m256i a = _mm256_or_si256(_mm256_cmpeq_epi8(text, marks[0]),
                                _mm256_cmpeq_epi8(text, marks[1]));
    __m256i b = _mm256_or_si256(_mm256_cmpeq_epi8(text, marks[2]),
                                _mm256_cmpeq_epi8(text, marks[3]));
    return _mm256_or_si256(_mm256_or_si256(a, b), _mm256_cmpeq_epi8(text, marks[4]));
}

/* put: positions of the set bits, four at a time; up to three entries too many are written. */
static inline uint32_t put(uint64_t bits, uint32_t base, uint32_t *out)
{
    uint32_t count = (uint32_t)__builtin_popcountll(bits);
    for (uint32_t i = 0; i < count; i += 4) {
        for (uint32_t k = 0; k < 4; k++) {
            out[i + k] = base + (uint32_t)_tzcnt_u64(bits);
            bits = _blsr_u64(bits);
        }
    }
    return count;
}

uint32_t mr_csv_index_avx2(const char *text, uint32_t bytes, const struct mr_csv_marks *marks,
                           uint32_t base, uint32_t *out_pos, bool *out_wide)
{
    __m256i wanted[MR_CSV_MARKS];
    uint64_t wide = 0;
    uint32_t count = 0;
    for (int i = 0; i < MR_CSV_MARKS; i++) wanted[i] = _mm256_set1_epi8(marks->at[i]);
    for (uint32_t at = 0; at < bytes; at += MR_CSV_STEP) {
        uint32_t left = bytes - at;
        __m256i low = _mm256_loadu_si256((const __m256i *)(text + at));
        __m256i high = _mm256_loadu_si256((const __m256i *)(text + at + 32));
        uint64_t kept = left < MR_CSV_STEP ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
        wide |= movemask(low, high) & kept;
        count += put(movemask(marked(low, wanted), marked(high, wanted)) & kept, base + at,
                     out_pos + count);
    }
    if (wide != 0) *out_wide = true;
    return count;
}

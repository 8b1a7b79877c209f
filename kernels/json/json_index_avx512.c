#include "kernels/json/json_index_inl.h"

static inline struct step_masks masks_of(__m512i text)
{
    __m512i folded = _mm512_or_si512(text, _mm512_set1_epi8(0x20));
    uint64_t backslash = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\\'));
    return (struct step_masks){
        .backslash = backslash,
        .quote = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('"')),
        .newline = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\n')),
        .terminator = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(',')) |
                      _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{')) |
                      _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}')),
        .care = backslash | _mm512_cmplt_epu8_mask(text, _mm512_set1_epi8(0x20)),
        .wide = _mm512_movepi8_mask(text),
    };
}

/* put_ends: compresses the byte numbers of the set bits in a register and widens them. Compress
 * with a memory destination is microcoded on Zen 4 and 5, so it is not used. Whole vectors of 16
 * are written. */
static inline uint32_t put_ends(uint64_t ends, uint32_t base, __m512i byte_numbers, uint32_t *out)
{
    uint32_t count = (uint32_t)__builtin_popcountll(ends);
    __m512i packed = _mm512_maskz_compress_epi8(ends, byte_numbers);
    __m512i start = _mm512_set1_epi32((int)base);
    __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed));
    _mm512_storeu_si512(out, _mm512_add_epi32(wide, start));
    if (count > 16) {
        wide = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1));
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(wide, start));
    }
    if (count > 32) {
        wide = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2));
        _mm512_storeu_si512(out + 32, _mm512_add_epi32(wide, start));
        wide = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3));
        _mm512_storeu_si512(out + 48, _mm512_add_epi32(wide, start));
    }
    return count;
}

uint32_t mr_json_index_avx512(const char *text, uint32_t bytes, mr_json_mode mode, uint32_t base,
                              struct mr_json_state *state, uint32_t *out_pos, uint64_t *out_quotes,
                              uint64_t *out_care)
{
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i byte_numbers = _mm512_loadu_si512(numbers);
    uint32_t count = 0;
    for (uint32_t at = 0; at < bytes; at += MR_JSON_STEP) {
        uint32_t left = bytes - at;
        struct step_masks masks = masks_of(_mm512_loadu_si512(text + at));
        if (left < MR_JSON_STEP) step_masks_cut(&masks, left);
        out_care[at / 64] = masks.care;
        uint64_t ends = step_ends(&masks, left < MR_JSON_STEP ? left : MR_JSON_STEP, mode, state,
                                  &out_quotes[at / 64]);
        count += put_ends(ends, base + at, byte_numbers, out_pos + count);
    }
    return count;
}

#include "kernels/json/utf8_inl.h"

enum { STEP = 64 };

static inline __m512i table(const uint8_t entries[16])
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)entries));
}

/* pair_errors: non-zero bytes where `text`, after the 64 bytes `before`, is not UTF-8. */
static inline __m512i pair_errors(__m512i text, __m512i before)
{
    const __m512i nibble = _mm512_set1_epi8(0x0f);
    /* Each 128-bit lane of `joined` is the lane before its counterpart in `text`. */
    __m512i joined = _mm512_alignr_epi64(text, before, 6);
    __m512i back1 = _mm512_alignr_epi8(text, joined, 15);
    __m512i back2 = _mm512_alignr_epi8(text, joined, 14);
    __m512i back3 = _mm512_alignr_epi8(text, joined, 13);
    __m512i high1 = _mm512_and_si512(_mm512_srli_epi16(back1, 4), nibble);
    __m512i low1 = _mm512_and_si512(back1, nibble);
    __m512i high2 = _mm512_and_si512(_mm512_srli_epi16(text, 4), nibble);
    __m512i pair = _mm512_and_si512(_mm512_and_si512(_mm512_shuffle_epi8(table(first_high), high1),
                                                     _mm512_shuffle_epi8(table(first_low), low1)),
                                    _mm512_shuffle_epi8(table(second_high), high2));
    /* The third byte of e0..ff and the fourth of f0..ff must be continuations, no others may. */
    __m512i third = _mm512_subs_epu8(back2, _mm512_set1_epi8(0xe0 - 0x80));
    __m512i fourth = _mm512_subs_epu8(back3, _mm512_set1_epi8(0xf0 - 0x80));
    __m512i wanted = _mm512_and_si512(_mm512_or_si512(third, fourth), _mm512_set1_epi8((char)0x80));
    return _mm512_xor_si512(pair, wanted);
}

bool mr_utf8_check_avx512(const char *text, size_t bytes)
{
    __m512i before = _mm512_setzero_si512(), errors = before;
    /* The last step is padded with zeros, at least one, so that a cut sequence shows. */
    for (size_t at = 0; at <= bytes; at += STEP) {
        size_t left = bytes - at;
        __mmask64 kept = left >= STEP ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        __m512i step = _mm512_maskz_loadu_epi8(kept, text + at);
        if (_mm512_movepi8_mask(_mm512_or_si512(step, before)) != 0) {
            errors = _mm512_or_si512(errors, pair_errors(step, before));
        }
        before = step;
    }
    return _mm512_test_epi8_mask(errors, errors) == 0;
}

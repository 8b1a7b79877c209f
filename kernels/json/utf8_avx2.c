#include "kernels/json/utf8_inl.h"

enum { STEP = 32 };

static inline __m256i table(const uint8_t entries[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)entries));
}

/* pair_errors: non-zero bytes where `text`, after the 32 bytes `before`, is not UTF-8. */
static inline __m256i pair_errors(__m256i text, __m256i before)
{
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    __m256i joined = _mm256_permute2x128_si256(before, text, 0x21);
    __m256i back1 = _mm256_alignr_epi8(text, joined, 15);
    __m256i back2 = _mm256_alignr_epi8(text, joined, 14);
    __m256i back3 = _mm256_alignr_epi8(text, joined, 13);
    __m256i high1 = _mm256_and_si256(_mm256_srli_epi16(back1, 4), nibble);
    __m256i low1 = _mm256_and_si256(back1, nibble);
    __m256i high2 = _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble);
    __m256i pair = _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(table(first_high), high1),
                                                     _mm256_shuffle_epi8(table(first_low), low1)),
                                    _mm256_shuffle_epi8(table(second_high), high2));
    /* The third byte of e0..ff and the fourth of f0..ff must be continuations, no others may. */
    __m256i third = _mm256_subs_epu8(back2, _mm256_set1_epi8(0xe0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(back3, _mm256_set1_epi8(0xf0 - 0x80));
    __m256i wanted = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(pair, wanted);
}

static inline __m256i load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

/* step_add: the errors of one step behind *before, which becomes it. */
static inline __m256i step_add(__m256i errors, __m256i step, __m256i *before)
{
    if (_mm256_movemask_epi8(_mm256_or_si256(step, *before)) != 0) {
        errors = _mm256_or_si256(errors, pair_errors(step, *before));
    }
    *before = step;
    return errors;
}

bool mr_utf8_check_avx2(const char *text, size_t bytes)
{
    __m256i before = _mm256_setzero_si256(), errors = before;
    size_t at = 0;
    /* Four steps that are ASCII, behind one that is, are passed at once. */
    for (; bytes - at >= 4 * STEP; at += 4 * STEP) {
        __m256i first = load(text + at), second = load(text + at + STEP);
        __m256i third = load(text + at + 2 * STEP), fourth = load(text + at + 3 * STEP);
        __m256i low = _mm256_or_si256(first, second), high = _mm256_or_si256(third, fourth);
        __m256i all = _mm256_or_si256(_mm256_or_si256(low, high), before);
        if (_mm256_movemask_epi8(all) == 0) {
            before = fourth;
            continue;
        }
        errors = step_add(errors, first, &before);
        errors = step_add(errors, second, &before);
        errors = step_add(errors, third, &before);
        errors = step_add(errors, fourth, &before);
    }
    /* The last step is padded with zeros, at least one, so that a cut sequence shows. */
    for (; at <= bytes; at += STEP) {
        char last[STEP] = {0};
        memcpy(last, text + at, bytes - at < STEP ? bytes - at : STEP);
        errors = step_add(errors, load(last), &before);
    }
    return _mm256_testz_si256(errors, errors) != 0;
}

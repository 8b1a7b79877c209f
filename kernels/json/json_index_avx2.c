#include <string.h>

#include "kernels/json/json_index_inl.h"

enum { ENDS_AT_ONCE = 6 };

/* Two halves of 32 bytes. */
struct halves {
    __m256i low, high;
};

static inline uint64_t movemask(struct halves bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes.low) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(bytes.high) << 32;
}

static inline struct halves equal_to(struct halves text, char c)
{
    __m256i wanted = _mm256_set1_epi8(c);
    return (struct halves){_mm256_cmpeq_epi8(text.low, wanted),
                           _mm256_cmpeq_epi8(text.high, wanted)};
}

/* terminators_of: where , { } [ ] are. By its low four bits each byte looks up which one it could
 * be; [ and ] differ from { and } in one bit, and so does a form feed from the comma, which is a
 * control byte. */
static inline __m256i terminators_of(__m256i text, __m256i controls)
{
    const __m256i could_be = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', ',', '}', 0, 0,
                                              0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{', ',', '}', 0, 0);
    __m256i folded = _mm256_or_si256(text, _mm256_set1_epi8(0x20));
    __m256i found = _mm256_cmpeq_epi8(folded, _mm256_shuffle_epi8(could_be, text));
    return _mm256_andnot_si256(controls, found);
}

static inline __m256i controls_of(__m256i text)
{
    const __m256i last = _mm256_set1_epi8(0x1f);
    return _mm256_cmpeq_epi8(_mm256_max_epu8(text, last), last);
}

/* masks_of: of 64 bytes, but for `wide`, whose bytes are gathered in *wide. */
static inline struct step_masks masks_of(const char *at, __m256i *wide)
{
    struct halves text = {_mm256_loadu_si256((const __m256i *)at),
                          _mm256_loadu_si256((const __m256i *)(at + 32))};
    struct halves controls = {controls_of(text.low), controls_of(text.high)};
    struct halves backslashes = equal_to(text, '\\');
    struct halves terminators = {terminators_of(text.low, controls.low),
                                 terminators_of(text.high, controls.high)};
    struct halves care = {_mm256_or_si256(controls.low, backslashes.low),
                          _mm256_or_si256(controls.high, backslashes.high)};
    *wide = _mm256_or_si256(*wide, _mm256_or_si256(text.low, text.high));
    __m256i any_backslash = _mm256_or_si256(backslashes.low, backslashes.high);
    return (struct step_masks){
        .backslash = _mm256_movemask_epi8(any_backslash) == 0 ? 0 : movemask(backslashes),
        .quote = movemask(equal_to(text, '"')),
        .newline = movemask(equal_to(text, '\n')),
        .terminator = movemask(terminators),
        .care = movemask(care),
    };
}

/* put_ends: positions of the set bits, so many at a time that there is seldom a second one; some
 * entries too many are written. */
static inline uint32_t *put_ends(uint64_t ends, uint32_t base, uint32_t *out)
{
    uint32_t *end = out + __builtin_popcountll(ends);
    do {
        for (uint32_t k = 0; k < ENDS_AT_ONCE; k++) {
            out[k] = base + (uint32_t)_tzcnt_u64(ends);
            ends = _blsr_u64(ends);
        }
        out += ENDS_AT_ONCE;
    } while (__builtin_expect(out < end, 0));
    return end;
}

uint32_t mr_json_index_avx2(const char *text, uint32_t bytes, mr_json_mode mode, uint32_t base,
                            struct mr_json_state *state, uint32_t *out_pos, uint64_t *out_quotes,
                            uint64_t *out_care)
{
    uint32_t *out = out_pos, whole = bytes / MR_JSON_STEP * MR_JSON_STEP, left = bytes - whole;
    struct mr_json_state now = *state; /* what is stored could be *state, but no copy of it */
    __m256i wide = _mm256_setzero_si256();
    for (uint32_t at = 0; at < whole; at += MR_JSON_STEP) {
        struct step_masks masks = masks_of(text + at, &wide);
        out_care[at / 64] = masks.care;
        uint64_t ends = step_ends(&masks, MR_JSON_STEP, mode, &now, &out_quotes[at / 64]);
        out = put_ends(ends, base + at, out);
    }
    if (left > 0) {
        char last[MR_JSON_STEP] = {0};
        memcpy(last, text + whole, left);
        struct step_masks masks = masks_of(last, &wide);
        step_masks_cut(&masks, left);
        out_care[whole / 64] = masks.care;
        uint64_t ends = step_ends(&masks, left, mode, &now, &out_quotes[whole / 64]);
        out = put_ends(ends, base + whole, out);
    }
    now.wide |= (uint32_t)_mm256_movemask_epi8(wide);
    *state = now;
    return (uint32_t)(out - out_pos);
}

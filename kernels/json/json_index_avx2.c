#include "kernels/json/json_index_inl.h"

/* Two halves of 32 bytes. */
struct halves {
    __m256i low, high;
};

static inline uint64_t movemask(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

static inline uint64_t equal_to(struct halves text, char c)
{
    __m256i wanted = _mm256_set1_epi8(c);
    return movemask(_mm256_cmpeq_epi8(text.low, wanted), _mm256_cmpeq_epi8(text.high, wanted));
}

static inline struct step_masks masks_of(const char *at)
{
    struct halves text = {_mm256_loadu_si256((const __m256i *)at),
                          _mm256_loadu_si256((const __m256i *)(at + 32))};
    const __m256i case_bit = _mm256_set1_epi8(0x20), last_control = _mm256_set1_epi8(0x1f);
    /* [ and ] differ from { and } in one bit. */
    struct halves folded = {_mm256_or_si256(text.low, case_bit),
                            _mm256_or_si256(text.high, case_bit)};
    struct halves low_part = {_mm256_max_epu8(text.low, last_control),
                              _mm256_max_epu8(text.high, last_control)};
    return (struct step_masks){
        .backslash = equal_to(text, '\\'),
        .quote = equal_to(text, '"'),
        .newline = equal_to(text, '\n'),
        .terminator = equal_to(text, ',') | equal_to(folded, '{') | equal_to(folded, '}'),
        .control = equal_to(low_part, 0x1f),
        .wide = movemask(text.low, text.high),
    };
}

/* put_ends: positions of the set bits, four at a time; up to three entries too many are written. */
static inline uint32_t put_ends(uint64_t ends, uint32_t base, uint32_t *out)
{
    uint32_t count = (uint32_t)__builtin_popcountll(ends);
    for (uint32_t i = 0; i < count; i += 4) {
        for (uint32_t k = 0; k < 4; k++) {
            out[i + k] = base + (uint32_t)_tzcnt_u64(ends);
            ends = _blsr_u64(ends);
        }
    }
    return count;
}

uint32_t mr_json_index_avx2(const char *text, uint32_t bytes, mr_json_mode mode, uint32_t base,
                            struct mr_json_state *state, uint32_t *out_pos, uint64_t *out_quotes,
                            uint64_t *out_care)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < bytes; at += MR_JSON_STEP) {
        uint32_t left = bytes - at;
        struct step_masks masks = masks_of(text + at);
        if (left < MR_JSON_STEP) step_masks_cut(&masks, left);
        out_care[at / 64] = masks.backslash | masks.control;
        uint64_t ends = step_ends(&masks, left < MR_JSON_STEP ? left : MR_JSON_STEP, mode, state,
                                  &out_quotes[at / 64]);
        count += put_ends(ends, base + at, out_pos + count);
    }
    return count;
}

/* What the vector variants of the index share: from the bitmaps of one step to its terminators.
 * Included by the variant files only, each compiled with its own flags. */
#ifndef MR_KERNELS_JSON_JSON_INDEX_INL_H
#define MR_KERNELS_JSON_JSON_INDEX_INL_H

#include <immintrin.h>

#include "kernels/json/json_index.h"

/* Bit i is about byte i of the step. */
struct step_masks {
    uint64_t backslash, quote, newline, terminator, care, wide;
};

/* step_masks_cut: leaves the first `bytes` bytes, 1..63. */
static inline void step_masks_cut(struct step_masks *m, uint32_t bytes)
{
    uint64_t kept = (UINT64_C(1) << bytes) - 1;
    m->backslash &= kept;
    m->quote &= kept;
    m->newline &= kept;
    m->terminator &= kept;
    m->care &= kept;
    m->wide &= kept;
}

/* escaped_bits: bytes quoted by a backslash before them. In a run of backslashes every second one
 * quotes its follower. Subtracting the run's start from the odd positions borrows through runs
 * that begin at even places and not through others, so one subtraction sorts all runs of a word by
 * the parity of their beginning. */
static inline uint64_t escaped_bits(uint64_t backslash, uint64_t *carry)
{
    const uint64_t odd = UINT64_C(0xAAAAAAAAAAAAAAAA);
    uint64_t quoted_first = *carry;
    if (backslash == 0) {
        *carry = 0;
        return quoted_first;
    }
    uint64_t active = backslash & ~quoted_first;
    uint64_t alternating = (((active << 1) | odd) - active) ^ odd;
    *carry = (alternating & backslash) >> 63;
    return alternating ^ (backslash | quoted_first);
}

static inline uint64_t prefix_xor(uint64_t bits)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* lines_cut: newlines inside strings end them; what follows flips, newline by newline. */
static inline uint64_t lines_cut(uint64_t in_string, uint64_t newline)
{
    uint64_t left = newline;
    while ((left & in_string) != 0) {
        uint64_t lowest = left & in_string & -(left & in_string);
        in_string ^= ~(lowest - 1) ^ lowest; /* all bits above */
        in_string &= ~lowest;
        left &= ~(lowest | (lowest - 1));
    }
    return in_string;
}

/* step_ends: the terminators of one step of `bytes` bytes; updates the state and *out_quotes. */
static inline uint64_t step_ends(const struct step_masks *m, uint32_t bytes, mr_json_mode mode,
                                 struct mr_json_state *state, uint64_t *out_quotes)
{
    uint64_t escaped = escaped_bits(m->backslash, &state->escaped);
    uint64_t quotes = m->quote & ~escaped;
    uint64_t in_string = prefix_xor(quotes) ^ state->in_string;
    uint64_t ends;
    if (mode == MR_JSON_LINES) {
        in_string = lines_cut(in_string, m->newline);
        ends = (m->terminator & ~in_string) | m->newline;
    } else {
        ends = m->terminator & ~in_string;
    }
    if (bytes < MR_JSON_STEP) state->escaped = escaped >> bytes & 1;
    state->in_string = (uint64_t)((int64_t)in_string >> 63);
    state->wide |= m->wide;
    *out_quotes = quotes;
    return ends;
}

#endif

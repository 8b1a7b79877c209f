/* Bodies that the variants share: the compiler has other instructions for them in each. */
#ifndef MR_KERNELS_DECODE_DECODE_INL_H
#define MR_KERNELS_DECODE_DECODE_INL_H

#include <string.h>

#include "kernels/decode/decode.h"

#define MR_DECODE_INLINE static inline __attribute__((always_inline))

/* Codes of a page come in any order: what bounds this is loads, so there is nothing to gain from
 * gather instructions. */
#define GATHER_EACH(type)                                                                          \
    do {                                                                                           \
        for (size_t i = 0; i < count; i++) {                                                       \
            memcpy((char *)out + i * sizeof(type), (const char *)dict + codes[i] * sizeof(type),   \
                   sizeof(type));                                                                  \
        }                                                                                          \
    } while (0)

struct decode_wide {
    uint64_t half[2];
};

MR_DECODE_INLINE void gather_body(const void *dict, const uint32_t *codes, size_t count,
                                  unsigned log2, void *out)
{
    switch (log2) {
    case 0: GATHER_EACH(uint8_t); break;
    case 1: GATHER_EACH(uint16_t); break;
    case 2: GATHER_EACH(uint32_t); break;
    case 3: GATHER_EACH(uint64_t); break;
    default: GATHER_EACH(struct decode_wide); break;
    }
}

/* Values move up from the last row to the first: the place of a value is never one whose own value
 * is still to move. Which rows are null is as good as random to a branch, so there is none: the
 * value that comes next is read for every row, and kept or made zero. */
#define SPREAD_WORDS(type, keep)                                                                   \
    do {                                                                                           \
        type *at = values;                                                                         \
        size_t left = present;                                                                     \
        for (size_t row = rows; row > 0;) {                                                        \
            size_t part = row % 64 == 0 ? 64 : row % 64;                                           \
            row -= part;                                                                           \
            uint64_t word = validity[row / 64], all = ~UINT64_C(0) >> (64 - part);                 \
            if ((word & all) == all || left == 0) {                                                \
                size_t count = left == 0 ? 0 : part;                                               \
                left -= count;                                                                     \
                if (left != row || count == 0) {                                                   \
                    memmove(at + row, at + left, count * sizeof *at);                              \
                }                                                                                  \
                if (count == 0) memset(at + row, 0, part * sizeof *at);                            \
                continue;                                                                          \
            }                                                                                      \
            for (size_t i = part; i-- > 0;) {                                                      \
                uint64_t bit = word >> i & 1;                                                      \
                type value = at[left - (left > 0)];                                                \
                keep(at[row + i], value, bit);                                                     \
                left -= bit;                                                                       \
            }                                                                                      \
        }                                                                                          \
    } while (0)

#define SPREAD_KEEP(to, value, bit) (to) = (__typeof__(to))((value) & (__typeof__(to)) - (bit))
#define SPREAD_KEEP_WIDE(to, value, bit)                                                           \
    (to) = (struct decode_wide)                                                                    \
    {                                                                                              \
        {                                                                                          \
            (value).half[0] & -(bit), (value).half[1] & -(bit)                                     \
        }                                                                                          \
    }

MR_DECODE_INLINE void spread_body(void *values, unsigned log2, size_t present,
                                  const uint64_t *validity, size_t rows)
{
    switch (log2) {
    case 0: SPREAD_WORDS(uint8_t, SPREAD_KEEP); break;
    case 1: SPREAD_WORDS(uint16_t, SPREAD_KEEP); break;
    case 2: SPREAD_WORDS(uint32_t, SPREAD_KEEP); break;
    case 3: SPREAD_WORDS(uint64_t, SPREAD_KEEP); break;
    default: SPREAD_WORDS(struct decode_wide, SPREAD_KEEP_WIDE); break;
    }
}

MR_DECODE_INLINE uint32_t max_body(const uint32_t *values, size_t count)
{
    uint32_t max = 0;
    for (size_t i = 0; i < count; i++) max = values[i] > max ? values[i] : max;
    return max;
}

MR_DECODE_INLINE uint64_t levels_ge_word(const uint8_t *levels, size_t count, uint8_t least)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++) word |= (uint64_t)(levels[i] >= least) << i;
    return word;
}

MR_DECODE_INLINE uint64_t levels_slot_word(const uint8_t *reps, const uint8_t *defs, size_t count,
                                           uint8_t rep, uint8_t def)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++) {
        word |= (uint64_t)((reps[i] <= rep) & (defs[i] >= def)) << i;
    }
    return word;
}

/* Values one by one through a register of bits. */
MR_DECODE_INLINE void unpack_body(const uint8_t *in, const uint8_t *end, size_t count,
                                  unsigned width, uint32_t *out)
{
    uint64_t mask = (UINT64_C(1) << width) - 1, bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < count; i++) {
        if (have < width) {
            uint32_t word = 0;
            size_t left = (size_t)(end - in), take = left < sizeof word ? left : sizeof word;
            memcpy(&word, in, take);
            bits |= (uint64_t)word << have;
            in += take;
            have += 32;
        }
        out[i] = (uint32_t)(bits & mask);
        bits >>= width;
        have -= width;
    }
}

#endif

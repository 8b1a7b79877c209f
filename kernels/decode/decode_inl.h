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

/* The rows of one word of validity, the last first: a value moves up at most, so that its place is
 * never one whose value is still to move. */
MR_DECODE_INLINE size_t spread_word(char *values, size_t bytes, size_t left, uint64_t word,
                                    size_t row, size_t rows)
{
    if (word == (rows == 64 ? ~UINT64_C(0) : (UINT64_C(1) << rows) - 1)) {
        left -= rows;
        if (left != row) memmove(values + row * bytes, values + left * bytes, rows * bytes);
        return left;
    }
    for (size_t i = rows; i-- > 0;) {
        if (word >> i & 1) {
            left--;
            memmove(values + (row + i) * bytes, values + left * bytes, bytes);
        } else {
            memset(values + (row + i) * bytes, 0, bytes);
        }
    }
    return left;
}

MR_DECODE_INLINE void spread_all(char *values, size_t bytes, size_t present,
                                 const uint64_t *validity, size_t rows)
{
    size_t left = present;
    for (size_t row = rows; row > 0;) {
        size_t part = row % 64 == 0 ? 64 : row % 64;
        row -= part;
        uint64_t mask = part == 64 ? ~UINT64_C(0) : (UINT64_C(1) << part) - 1;
        left = spread_word(values, bytes, left, validity[row / 64] & mask, row, part);
    }
}

MR_DECODE_INLINE void spread_body(void *values, unsigned log2, size_t present,
                                  const uint64_t *validity, size_t rows)
{
    switch (log2) { /* constants, so that moves become loads and stores */
    case 0: spread_all(values, 1, present, validity, rows); break;
    case 1: spread_all(values, 2, present, validity, rows); break;
    case 2: spread_all(values, 4, present, validity, rows); break;
    case 3: spread_all(values, 8, present, validity, rows); break;
    default: spread_all(values, 16, present, validity, rows); break;
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

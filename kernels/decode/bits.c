#include "kernels/decode/bits.h"

#include <string.h>

void mr_bits_fill(uint64_t *to, size_t at, size_t count)
{
    while (count > 0) {
        size_t skip = at % 64, part = count < 64 - skip ? count : 64 - skip;
        uint64_t ones = part == 64 ? ~UINT64_C(0) : (UINT64_C(1) << part) - 1;
        to[at / 64] |= ones << skip;
        at += part;
        count -= part;
    }
}

/* Up to 56 bits from any bit of `in`; only bytes that hold one are read. */
static uint64_t bits_load(const uint8_t *in, size_t from, size_t count)
{
    uint64_t word = 0;
    size_t skip = from % 8, bytes = (skip + count + 7) / 8;
    memcpy(&word, in + from / 8, bytes);
    return word >> skip & ((UINT64_C(1) << count) - 1);
}

void mr_bits_append(uint64_t *to, size_t at, const uint8_t *in, size_t from, size_t count)
{
    if (at % 64 == 0 && from % 8 == 0) {
        size_t words = count / 64;
        if (words > 0) memcpy(to + at / 64, in + from / 8, words * sizeof *to);
        at += words * 64;
        from += words * 64;
        count -= words * 64;
    }
    while (count > 0) {
        size_t skip = at % 64, part = count < 64 - skip ? count : 64 - skip;
        if (part > 56) part = 56;
        to[at / 64] |= bits_load(in, from, part) << skip;
        at += part;
        from += part;
        count -= part;
    }
}

size_t mr_bits_count(const uint64_t *bits, size_t at, size_t count)
{
    size_t set = 0;
    while (count > 0) {
        size_t skip = at % 64, part = count < 64 - skip ? count : 64 - skip;
        uint64_t ones = part == 64 ? ~UINT64_C(0) : (UINT64_C(1) << part) - 1;
        set += (size_t)__builtin_popcountll(bits[at / 64] >> skip & ones);
        at += part;
        count -= part;
    }
    return set;
}

uint64_t mr_bits_squeeze(uint64_t values, uint64_t mask)
{
    uint64_t out = 0;
    if (mask == ~UINT64_C(0)) return values;
    for (unsigned to = 0; mask != 0; to++, mask &= mask - 1) {
        out |= (values >> __builtin_ctzll(mask) & 1) << to;
    }
    return out;
}

void mr_bits_spread(const uint64_t *values, const uint64_t *validity, size_t rows, uint64_t *out)
{
    size_t from = 0;
    for (size_t row = 0; row < rows; row += 64) {
        uint64_t mask = validity[row / 64], word = 0;
        if (rows - row < 64) mask &= (UINT64_C(1) << (rows - row)) - 1;
        for (; mask != 0; mask &= mask - 1, from++) {
            word |= (values[from / 64] >> (from % 64) & 1) << __builtin_ctzll(mask);
        }
        out[row / 64] = word;
    }
}

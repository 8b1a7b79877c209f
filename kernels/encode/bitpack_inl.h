/* The bodies of packers and unpackers: values of 1 byte or of 4, told apart when inlined. */
#ifndef MR_KERNELS_ENCODE_BITPACK_INL_H
#define MR_KERNELS_ENCODE_BITPACK_INL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) uint32_t bitpack_value(const void *values,
                                                                    unsigned value_bytes, size_t i)
{
    return value_bytes == 1 ? ((const uint8_t *)values)[i] : ((const uint32_t *)values)[i];
}

/* Eight values of up to 16 bits: the first four and the last four gather in a word each, and the
 * second word joins the first at its bit. Writes 16 bytes, of which `width` count. */
static inline __attribute__((always_inline)) void
bitpack_eight(const void *values, unsigned value_bytes, size_t from, unsigned width, uint8_t *out)
{
    uint64_t low = 0, high = 0;
    for (unsigned k = 0; k < 4; k++) {
        low |= (uint64_t)bitpack_value(values, value_bytes, from + k) << (k * width);
        high |= (uint64_t)bitpack_value(values, value_bytes, from + 4 + k) << (k * width);
    }
    /* An odd width ends the first four in the middle of a byte. */
    uint64_t join = width % 2 == 0 ? high : high << 4 | (low >> (4 * (width - 1)) & 15);
    memcpy(out, &low, sizeof low);
    memcpy(out + width / 2, &join, sizeof join);
}

static inline __attribute__((always_inline)) void
bitpack_body(const void *values, unsigned value_bytes, size_t count, unsigned width, uint8_t *out)
{
    uint64_t bits = 0;
    unsigned have = 0; /* bits not written yet, < 32 before each value */
    size_t i = 0;
    if (width >= 1 && width <= 16) {
        const uint8_t *end = out + (count * width + 7) / 8;
        for (; i + 8 <= count && end - out >= 16; i += 8, out += width) {
            bitpack_eight(values, value_bytes, i, width, out);
        }
    }
    for (; i < count; i++) {
        bits |= (uint64_t)bitpack_value(values, value_bytes, i) << have;
        have += width;
        if (have >= 32) {
            uint32_t word = (uint32_t)bits;
            memcpy(out, &word, sizeof word);
            out += sizeof word;
            bits >>= 32;
            have -= 32;
        }
    }
    for (; have > 0; have = have > 8 ? have - 8 : 0) {
        *out++ = (uint8_t)bits;
        bits >>= 8;
    }
}

static inline __attribute__((always_inline)) void
bitunpack_body(const uint8_t *in, size_t count, unsigned width, void *values, unsigned value_bytes)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    const uint8_t *end = in + (count * width + 7) / 8;
    uint64_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < count; i++) {
        if (have < width) {
            uint32_t word = 0;
            size_t left = (size_t)(end - in);
            size_t take = left < sizeof word ? left : sizeof word;
            memcpy(&word, in, take);
            bits |= (uint64_t)word << have;
            in += take;
            have += 32;
        }
        if (value_bytes == 1) {
            ((uint8_t *)values)[i] = (uint8_t)(bits & mask);
        } else {
            ((uint32_t *)values)[i] = (uint32_t)(bits & mask);
        }
        bits >>= width;
        have -= width;
    }
}

#endif

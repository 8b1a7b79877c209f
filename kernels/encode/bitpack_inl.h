/* The body of both packers: one for values of 1 byte and of 4, told apart when it is inlined. */
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

static inline __attribute__((always_inline)) void
bitpack_body(const void *values, unsigned value_bytes, size_t count, unsigned width, uint8_t *out)
{
    uint64_t bits = 0;
    unsigned have = 0; /* bits not written yet, < 32 before each value */
    for (size_t i = 0; i < count; i++) {
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

#endif

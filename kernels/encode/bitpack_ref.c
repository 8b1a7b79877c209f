#include "kernels/encode/bitpack.h"

#include <assert.h>
#include <string.h>

#include "kernels/encode/bitpack_inl.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are stored as they are");

void mr_bitpack_u32(const uint32_t *values, size_t count, unsigned width, uint8_t *out)
{
    bitpack_body(values, sizeof *values, count, width, out);
}

void mr_bitpack_u8(const uint8_t *values, size_t count, unsigned width, uint8_t *out)
{
    bitpack_body(values, sizeof *values, count, width, out);
}

void mr_bitunpack_u32(const uint8_t *in, size_t count, unsigned width, uint32_t *values)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    const uint8_t *end = in + mr_bitpack_bytes(count, width);
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
        values[i] = (uint32_t)(bits & mask);
        bits >>= width;
        have -= width;
    }
}

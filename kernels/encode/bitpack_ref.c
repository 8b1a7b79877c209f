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
    bitunpack_body(in, count, width, values, sizeof *values);
}

void mr_bitunpack_u8(const uint8_t *in, size_t count, unsigned width, uint8_t *values)
{
    bitunpack_body(in, count, width, values, sizeof *values);
}

/* Bit packing: unsigned integers of 0 to 32 bits laid one behind another, lowest bit first.
 *
 *     width 3, values 1 2 3 4 5 ...:  byte 0 = 11010001, byte 1 = x1011000, ...
 *     (value 0 is bits 0-2 of byte 0, value 1 bits 3-5, value 2 bits 6-7 and bit 0 of byte 1)
 *
 * Eight values take `width` bytes, which is why Parquet counts in groups of eight. Values with bits
 * above `width` are a mistake of the caller when packing.
 * Source: parquet-format, Encodings.md, "RLE/Bit-Packing Hybrid". */
#ifndef MR_KERNELS_ENCODE_BITPACK_H
#define MR_KERNELS_ENCODE_BITPACK_H

#include <stddef.h>
#include <stdint.h>

enum { MR_BITPACK_WIDTH_MAX = 32 };

/* mr_bitpack_bytes: bytes that `count` values take. */
static inline size_t mr_bitpack_bytes(size_t count, unsigned width)
{
    return (count * width + 7) / 8;
}

/* mr_bitpack_width: bits that the largest value needs; 0 for 0. */
static inline unsigned mr_bitpack_width(uint32_t value)
{
    return value == 0 ? 0 : 32 - (unsigned)__builtin_clz(value);
}

/* mr_bitpack_u32, mr_bitpack_u8: values[count] to out[mr_bitpack_bytes], bits behind the last value
 * zero. u8 is for widths up to 8. */
void mr_bitpack_u32(const uint32_t *values, size_t count, unsigned width, uint8_t *out);
void mr_bitpack_u8(const uint8_t *values, size_t count, unsigned width, uint8_t *out);

/* mr_bitunpack_u32, _u8: in[mr_bitpack_bytes] to values[count]; reads nothing behind. */
void mr_bitunpack_u32(const uint8_t *in, size_t count, unsigned width, uint32_t *values);
void mr_bitunpack_u8(const uint8_t *in, size_t count, unsigned width, uint8_t *values);

#endif

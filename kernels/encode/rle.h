/* Parquet's RLE/bit-packing hybrid: levels and dictionary codes.
 *
 *     stream  = run*
 *     run     = varint (length << 1),     value in ceil(width / 8) bytes     repeated value
 *             | varint (groups << 1 | 1), groups * width bytes               8 * groups packed
 * values
 *
 * The writer packs group by group, and repeats from the start of a group where that is shorter: at
 * 8 equal values from width 4 on, at 16 and 32 for smaller widths, since a repeated run costs two
 * bytes and usually another header behind it. Only the last packed group may end in padding.
 * Source: parquet-format, Encodings.md. */
#ifndef MR_KERNELS_ENCODE_RLE_H
#define MR_KERNELS_ENCODE_RLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* mr_rle_bound: the most bytes that encoding `count` values of `width` bits can give. */
static inline size_t mr_rle_bound(size_t count, unsigned width)
{
    /* All packed, and for every 8 values at worst a header of a run as long as 4 GiB. */
    return (count / 8 + 1) * (width + 1) + (count / 8 + 2) * 2 + 16;
}

/* mr_rle_encode_u32, _u8: values[count] < 2^width to out[mr_rle_bound]. Widths 0 to 32 and 0 to 8.
 * returns the number of bytes; 0 for count 0. */
size_t mr_rle_encode_u32(const uint32_t *values, size_t count, unsigned width, uint8_t *out);
size_t mr_rle_encode_u8(const uint8_t *values, size_t count, unsigned width, uint8_t *out);

/* mr_rle_encode_repeat: `count` times one value. */
size_t mr_rle_encode_repeat(uint32_t value, size_t count, unsigned width, uint8_t *out);

/* mr_rle_decode_u32, _u8: `count` values from in[bytes]; _u8 for widths up to 8. Values are below
 * 2^width, whatever the input.
 * returns false when the stream ends before, or a header is malformed; out is then undefined. */
bool mr_rle_decode_u32(const uint8_t *in, size_t bytes, unsigned width, uint32_t *out,
                       size_t count);
bool mr_rle_decode_u8(const uint8_t *in, size_t bytes, unsigned width, uint8_t *out, size_t count);

/* mr_run_u32, mr_run_u8: how many values from the first on are equal to it; count > 0. */
size_t mr_run_u32(const uint32_t *values, size_t count);
size_t mr_run_u8(const uint8_t *values, size_t count);

#endif

/* The body of the hybrid's writer, which all variants share.
 *
 * A variant includes this after defining
 *   pack_u8, pack_u32(values, count, width, out)   as mr_bitpack_u8 and _u32
 *   run_u8, run_u32(values, count)                 as mr_run_u8 and _u32
 *   even_u8, even_u32(values)                      whether eight values are one and the same */
#ifndef MR_KERNELS_ENCODE_RLE_INL_H
#define MR_KERNELS_ENCODE_RLE_INL_H

#include <string.h>

#include "kernels/encode/bitpack.h"
#include "kernels/encode/bitpack_inl.h"

static inline size_t rle_put_varint(uint8_t *out, uint64_t value)
{
    size_t bytes = 0;
    while (value >= 0x80) {
        out[bytes++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[bytes++] = (uint8_t)value;
    return bytes;
}

static inline size_t rle_put_repeat(uint8_t *out, uint32_t value, size_t count, unsigned width)
{
    size_t bytes = rle_put_varint(out, (uint64_t)count << 1);
    size_t value_bytes = (width + 7) / 8;
    memcpy(out + bytes, &value, value_bytes);
    return bytes + value_bytes;
}

static inline size_t rle_put_packed_head(uint8_t *out, size_t count)
{
    return rle_put_varint(out, (uint64_t)((count + 7) / 8) << 1 | 1);
}

/* The shortest run worth two headers: its packed bytes outweigh them. */
static inline size_t rle_run_min(unsigned width)
{
    return width == 1 ? 32 : width <= 3 ? 16 : 8;
}

/* One of the two run finders, by the size of a value, chosen when it is inlined. */
static inline size_t rle_run(const uint8_t *values, unsigned value_bytes, size_t count)
{
    return value_bytes == 1 ? run_u8(values, count)
                            : run_u32((const uint32_t *)(const void *)values, count);
}

static inline bool rle_is_even(const uint8_t *values, unsigned value_bytes)
{
    return value_bytes == 1 ? even_u8(values) : even_u32((const uint32_t *)(const void *)values);
}

/* Packs `count` values behind their header; the last group is filled with zeros. */
static inline uint8_t *rle_put_packed(uint8_t *out, const uint8_t *values, unsigned value_bytes,
                                      size_t count, unsigned width)
{
    size_t bytes = mr_bitpack_bytes(count, width), padded = (count + 7) / 8 * width;
    out += rle_put_packed_head(out, count);
    if (value_bytes == 1) {
        pack_u8(values, count, width, out);
    } else {
        pack_u32((const uint32_t *)(const void *)values, count, width, out);
    }
    memset(out + bytes, 0, padded - bytes);
    return out + padded;
}

static inline __attribute__((always_inline)) size_t
rle_body(const void *values, unsigned value_bytes, size_t count, unsigned width, uint8_t *out)
{
    const size_t run_min = rle_run_min(width);
    const uint8_t *in = values;
    uint8_t *const from = out;
    size_t packed_from = 0, at = 0; /* values between wait to be packed, in whole groups */
    if (count > 0 && width == 0) return rle_put_repeat(out, 0, count, 0);
    while (at < count) {
        const uint8_t *group = in + at * value_bytes;
        bool may_run = count - at < 8 ? at == packed_from : rle_is_even(group, value_bytes);
        size_t run = may_run ? rle_run(group, value_bytes, count - at) : 1;
        /* Short of a run, the group waits; a short rest is repeated only when it is all there is.
         */
        if (run < run_min && (at > packed_from || run < count - at)) {
            at += 8;
            continue;
        }
        if (at > packed_from) {
            out = rle_put_packed(out, in + packed_from * value_bytes, value_bytes, at - packed_from,
                                 width);
        }
        out += rle_put_repeat(out, bitpack_value(group, value_bytes, 0), run, width);
        at = packed_from = at + run;
    }
    if (packed_from < count) {
        out = rle_put_packed(out, in + packed_from * value_bytes, value_bytes, count - packed_from,
                             width);
    }
    return (size_t)(out - from);
}

#endif

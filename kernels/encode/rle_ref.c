#include "kernels/encode/rle.h"

#include <string.h>

size_t mr_run_u32(const uint32_t *values, size_t count)
{
    size_t run = 1;
    while (run < count && values[run] == values[0]) run++;
    return run;
}

size_t mr_run_u8(const uint8_t *values, size_t count)
{
    uint64_t same = values[0] * UINT64_C(0x0101010101010101), word;
    size_t run = 0;
    for (; run + sizeof word <= count; run += sizeof word) {
        memcpy(&word, values + run, sizeof word);
        if (word != same) return run + (size_t)__builtin_ctzll(word ^ same) / 8;
    }
    while (run < count && values[run] == values[0]) run++;
    return run;
}

static inline bool even_u8(const uint8_t *values)
{
    uint64_t word;
    memcpy(&word, values, sizeof word);
    return word == (word & 0xff) * UINT64_C(0x0101010101010101);
}

static inline bool even_u32(const uint32_t *values)
{
    uint64_t words[4];
    memcpy(words, values, sizeof words);
    uint64_t pair = (words[0] & UINT32_MAX) * UINT64_C(0x100000001);
    return ((words[0] ^ pair) | (words[1] ^ pair) | (words[2] ^ pair) | (words[3] ^ pair)) == 0;
}

#define pack_u8 mr_bitpack_u8
#define pack_u32 mr_bitpack_u32
#define run_u8 mr_run_u8
#define run_u32 mr_run_u32
#include "kernels/encode/rle_inl.h"

size_t mr_rle_encode_u32(const uint32_t *values, size_t count, unsigned width, uint8_t *out)
{
    return rle_body(values, sizeof *values, count, width, out);
}

size_t mr_rle_encode_u8(const uint8_t *values, size_t count, unsigned width, uint8_t *out)
{
    return rle_body(values, sizeof *values, count, width, out);
}

size_t mr_rle_encode_repeat(uint32_t value, size_t count, unsigned width, uint8_t *out)
{
    return count == 0 ? 0 : rle_put_repeat(out, value, count, width);
}

static bool rle_get_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static inline __attribute__((always_inline)) void
rle_fill(void *out, unsigned value_bytes, size_t from, size_t count, uint32_t value)
{
    if (value_bytes == 1) {
        memset((uint8_t *)out + from, (int)value, count);
    } else {
        for (size_t i = 0; i < count; i++) ((uint32_t *)out)[from + i] = value;
    }
}

static inline __attribute__((always_inline)) void rle_unpack(const uint8_t *in, unsigned width,
                                                             void *out, unsigned value_bytes,
                                                             size_t from, size_t count)
{
    if (value_bytes == 1) {
        mr_bitunpack_u8(in, count, width, (uint8_t *)out + from);
    } else {
        mr_bitunpack_u32(in, count, width, (uint32_t *)out + from);
    }
}

static inline __attribute__((always_inline)) bool rle_decode(const uint8_t *in, size_t bytes,
                                                             unsigned width, void *out,
                                                             unsigned value_bytes, size_t count)
{
    const uint8_t *end = in + bytes;
    size_t fixed_bytes = (width + 7) / 8, done = 0;
    uint64_t mask = (UINT64_C(1) << width) - 1;
    while (done < count) {
        uint64_t head;
        if (!rle_get_varint(&in, end, &head)) return false;
        size_t left = (size_t)(end - in), take;
        if ((head & 1) != 0) {
            take = (head >> 1) * 8 < count - done ? (size_t)(head >> 1) * 8 : count - done;
            if (mr_bitpack_bytes(take, width) > left) return false;
            rle_unpack(in, width, out, value_bytes, done, take);
            /* The last run may be cut short of its padding by some writers. */
            size_t run_bytes = (size_t)(head >> 1) * width;
            in += run_bytes < left ? run_bytes : left;
        } else {
            uint32_t value = 0;
            if (fixed_bytes > left) return false;
            memcpy(&value, in, fixed_bytes);
            in += fixed_bytes;
            take = head >> 1 < count - done ? (size_t)(head >> 1) : count - done;
            rle_fill(out, value_bytes, done, take, (uint32_t)(value & mask));
        }
        if (take == 0) return false; /* an empty run brings nothing and would never end */
        done += take;
    }
    return true;
}

bool mr_rle_decode_u32(const uint8_t *in, size_t bytes, unsigned width, uint32_t *out, size_t count)
{
    return rle_decode(in, bytes, width, out, sizeof *out, count);
}

bool mr_rle_decode_u8(const uint8_t *in, size_t bytes, unsigned width, uint8_t *out, size_t count)
{
    return rle_decode(in, bytes, width, out, sizeof *out, count);
}

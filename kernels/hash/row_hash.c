#include "kernels/hash/row_hash.h"

#include <string.h>

static uint32_t left32(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t mix_block(uint32_t hash, uint32_t block)
{
    block = left32(block * 0xcc9e2d51u, 15) * 0x1b873593u;
    return left32(hash ^ block, 13) * 5 + 0xe6546b64u;
}

static uint32_t mix_end(uint32_t hash, uint32_t bytes)
{
    hash ^= bytes;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

uint32_t mr_murmur3_i32(int32_t value, uint32_t seed)
{
    return mix_end(mix_block(seed, (uint32_t)value), 4);
}

uint32_t mr_murmur3_i64(int64_t value, uint32_t seed)
{
    uint64_t bits = (uint64_t)value;
    return mix_end(mix_block(mix_block(seed, (uint32_t)bits), (uint32_t)(bits >> 32)), 8);
}

uint32_t mr_murmur3_bytes(const void *bytes, size_t count, uint32_t seed)
{
    const uint8_t *at = bytes;
    size_t i = 0;
    uint32_t word;
    for (; i + 4 <= count; i += 4) {
        memcpy(&word, at + i, 4);
        seed = mix_block(seed, word);
    }
    for (; i < count; i++) seed = mix_block(seed, (uint32_t)(int32_t)(int8_t)at[i]);
    return mix_end(seed, (uint32_t)count);
}

#define PRIME1 UINT64_C(0x9e3779b185ebca87)
#define PRIME2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME3 UINT64_C(0x165667b19e3779f9)
#define PRIME4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t left64(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static uint64_t lane(uint64_t acc, uint64_t input)
{
    return left64(acc + input * PRIME2, 31) * PRIME1;
}

static uint64_t merge(uint64_t hash, uint64_t acc)
{
    return (hash ^ lane(0, acc)) * PRIME1 + PRIME4;
}

static uint64_t read64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

/* stripes: 32 bytes at a time; *at moves behind them. */
static uint64_t stripes(const uint8_t **at, const uint8_t *end, uint64_t seed)
{
    uint64_t acc[4] = {seed + PRIME1 + PRIME2, seed + PRIME2, seed, seed - PRIME1};
    for (; end - *at >= 32; *at += 32) {
        for (int i = 0; i < 4; i++) acc[i] = lane(acc[i], read64(*at + 8 * i));
    }
    uint64_t hash = left64(acc[0], 1) + left64(acc[1], 7) + left64(acc[2], 12) + left64(acc[3], 18);
    for (int i = 0; i < 4; i++) hash = merge(hash, acc[i]);
    return hash;
}

uint64_t mr_xxh64_bytes(const void *bytes, size_t count, uint64_t seed)
{
    const uint8_t *at = bytes, *end = at + count;
    uint64_t hash = count >= 32 ? stripes(&at, end, seed) : seed + PRIME5;
    hash += count;
    for (; end - at >= 8; at += 8) hash = left64(hash ^ lane(0, read64(at)), 27) * PRIME1 + PRIME4;
    if (end - at >= 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        hash = left64(hash ^ word * PRIME1, 23) * PRIME2 + PRIME3;
        at += 4;
    }
    for (; at < end; at++) hash = left64(hash ^ *at * PRIME5, 11) * PRIME1;
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

uint64_t mr_xxh64_i32(int32_t value, uint64_t seed)
{
    return mr_xxh64_bytes(&value, sizeof value, seed);
}

uint64_t mr_xxh64_i64(int64_t value, uint64_t seed)
{
    return mr_xxh64_bytes(&value, sizeof value, seed);
}

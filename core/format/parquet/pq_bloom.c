#include "core/format/parquet/pq_bloom.h"

#include <string.h>

#include "core/format/parquet/thrift.h"
#include "kernels/hash/xxh64.h"

enum { BLOCK_BYTES = 32, BLOCK_WORDS = 8 };

/* A union of which only the first member is known. */
static bool is_first_member(struct mr_thrift_in *in, mr_thrift_type type)
{
    bool is_first = false;
    int16_t id;
    mr_thrift_enter(in, type);
    while (mr_thrift_next(in, &id, &type)) {
        is_first = id == 1;
        mr_thrift_skip(in, type);
    }
    return is_first;
}

bool mr_pq_bloom_open(struct mr_span filter, struct mr_span *out_bits)
{
    struct mr_thrift_in in;
    mr_thrift_type type;
    int64_t bytes = 0;
    unsigned known = 0;
    int16_t id;
    mr_thrift_open(&in, filter.text, filter.bytes);
    while (mr_thrift_next(&in, &id, &type)) {
        switch (id) {
        case 1: bytes = mr_thrift_get_int(&in, type); break;
        case 2:
        case 3:
        case 4: known += is_first_member(&in, type); break;
        default: mr_thrift_skip(&in, type); break;
        }
    }
    if (in.error != NULL || known != 3 || bytes <= 0 || bytes % BLOCK_BYTES != 0 ||
        bytes > in.end - in.at) {
        return false;
    }
    *out_bits = (struct mr_span){(const char *)in.at, (size_t)bytes};
    return true;
}

bool mr_pq_bloom_may_have(struct mr_span bits, const void *value, size_t bytes)
{
    static const uint32_t salts[BLOCK_WORDS] = {0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du,
                                                0x705495c7u, 0x2df1424bu, 0x9efc4947u, 0x5c6bfb31u};
    uint64_t hash = mr_xxh64(value, bytes);
    uint64_t block = ((hash >> 32) * (bits.bytes / BLOCK_BYTES)) >> 32;
    for (unsigned i = 0; i < BLOCK_WORDS; i++) {
        uint32_t word;
        memcpy(&word, bits.text + block * BLOCK_BYTES + i * sizeof word, sizeof word);
        if ((word >> (((uint32_t)hash * salts[i]) >> 27) & 1) == 0) return false;
    }
    return true;
}

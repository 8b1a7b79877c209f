/* The two hashes that Spark's SQL has for values: Murmur3 (hash) and XXH64 (xxhash64).
 *
 * Both take a seed and give the next one, so that values are chained; a null leaves the seed as it
 * is. Murmur3 is x86_32 with one peculiarity of Spark's: what is left of a text behind its last
 * four whole bytes is mixed in byte by byte, signed, each as a block of its own.
 *
 * Source: Austin Appleby, MurmurHash3 (2011); Yann Collet, XXH64 specification 0.1.1; Spark's
 * Murmur3_x86_32 and XXH64 (behaviour). */
#ifndef MR_KERNELS_HASH_ROW_HASH_H
#define MR_KERNELS_HASH_ROW_HASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t mr_murmur3_i32(int32_t value, uint32_t seed);
uint32_t mr_murmur3_i64(int64_t value, uint32_t seed);
uint32_t mr_murmur3_bytes(const void *bytes, size_t count, uint32_t seed);

uint64_t mr_xxh64_i32(int32_t value, uint64_t seed);
uint64_t mr_xxh64_i64(int64_t value, uint64_t seed);
uint64_t mr_xxh64_bytes(const void *bytes, size_t count, uint64_t seed);

#endif

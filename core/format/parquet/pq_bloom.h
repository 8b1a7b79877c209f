/* Split block bloom filters.
 *
 *     filter = header (Thrift: 1 bytes of bits, 2 algorithm, 3 hash, 4 compression), then bits
 *     bits   = blocks of 32 bytes, eight words each; a value sets a bit in every word of one block
 *
 * The block is chosen by the upper half of the value's hash (XXH64, seed 0, of its PLAIN bytes
 * without a length), the bits by the lower half times eight constants. Source: parquet-format,
 * BloomFilter.md; Putze et al., "Cache-, Hash- and Space-Efficient Bloom Filters" (2007). */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_BLOOM_H
#define MR_CORE_FORMAT_PARQUET_PQ_BLOOM_H

#include "core/base/span.h"

/* mr_pq_bloom_open: the bits of a filter; false when it is none of this kind, or cut. */
bool mr_pq_bloom_open(struct mr_span filter, struct mr_span *out_bits);

/* mr_pq_bloom_may_have: false when the value was not put in. bits.bytes is a multiple of 32. */
bool mr_pq_bloom_may_have(struct mr_span bits, const void *value, size_t bytes);

#endif

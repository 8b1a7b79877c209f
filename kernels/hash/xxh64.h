/* XXH64 with seed 0: the hash of Parquet's bloom filters. */
#ifndef MR_KERNELS_HASH_XXH64_H
#define MR_KERNELS_HASH_XXH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t mr_xxh64(const void *at, size_t bytes);

#endif

#include "kernels/hash/xxh64.h"

#include <xxhash.h>

uint64_t mr_xxh64(const void *at, size_t bytes)
{
    return XXH64(at, bytes, 0);
}

#include <immintrin.h>

#include "kernels/json/json_walk.h"

static inline bool literal_is(const char *at, const struct mr_json_edge *edge)
{
    const __m256i *literal = (const __m256i *)edge->literal, *text = (const __m256i *)at;
    __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256(text), _mm256_loadu_si256(literal));
    uint64_t equal = (uint32_t)_mm256_movemask_epi8(low);
    if (edge->bytes > 32) {
        __m256i high =
            _mm256_cmpeq_epi8(_mm256_loadu_si256(text + 1), _mm256_loadu_si256(literal + 1));
        equal |= (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
    }
    return (edge->mask & ~equal) == 0;
}

#define LITERAL_IS literal_is

#include "kernels/json/json_walk_inl.h"

mr_json_walk_stop mr_json_walk_avx2(struct mr_json_walk *walk)
{
    return walk_records(walk);
}

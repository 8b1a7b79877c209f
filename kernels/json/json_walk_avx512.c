#include <immintrin.h>

#include "kernels/json/json_walk.h"

static inline bool literal_is(const char *at, const struct mr_json_edge *edge)
{
    return _mm512_mask_cmpneq_epi8_mask(edge->mask, _mm512_loadu_si512(at),
                                        _mm512_loadu_si512(edge->literal)) == 0;
}

#define LITERAL_IS literal_is

#include "kernels/json/json_walk_inl.h"

mr_json_walk_stop mr_json_walk_avx512(struct mr_json_walk *walk)
{
    return walk_records(walk);
}

/* AVX2: eight values are unpacked at once. Four values of up to 25 bits lie in 13 bytes; a byte
 * shuffle brings the four bytes that hold each into a lane, a shift per lane and a mask leave it.
 * The second four begin half a group further, at a bit that is 0 or 4. */
#include <immintrin.h>

#include "kernels/decode/decode_inl.h"

enum { UNPACK_WIDTH_MAX = 25 };

struct unpack_plan {
    uint8_t bytes[32]; /* of the eight lanes */
    uint32_t shift[8];
};

#define LANE_BIT(w, v) ((v) * (w) - ((v) >= 4 ? 4 * (w) / 8 * 8 : 0))
#define LANE(w, v)                                                                                 \
    LANE_BIT(w, v) / 8, LANE_BIT(w, v) / 8 + 1, LANE_BIT(w, v) / 8 + 2, LANE_BIT(w, v) / 8 + 3
#define SHIFT(w, v) LANE_BIT(w, v) % 8
#define PLAN(w)                                                                                    \
    {{LANE(w, 0), LANE(w, 1), LANE(w, 2), LANE(w, 3), LANE(w, 4), LANE(w, 5), LANE(w, 6),          \
      LANE(w, 7)},                                                                                 \
     {SHIFT(w, 0), SHIFT(w, 1), SHIFT(w, 2), SHIFT(w, 3), SHIFT(w, 4), SHIFT(w, 5), SHIFT(w, 6),   \
      SHIFT(w, 7)}}

static const struct unpack_plan plans[UNPACK_WIDTH_MAX + 1] = {
    PLAN(0),  PLAN(1),  PLAN(2),  PLAN(3),  PLAN(4),  PLAN(5),  PLAN(6),  PLAN(7),  PLAN(8),
    PLAN(9),  PLAN(10), PLAN(11), PLAN(12), PLAN(13), PLAN(14), PLAN(15), PLAN(16), PLAN(17),
    PLAN(18), PLAN(19), PLAN(20), PLAN(21), PLAN(22), PLAN(23), PLAN(24), PLAN(25),
};

static void unpack_avx2(const uint8_t *in, const uint8_t *end, size_t count, unsigned width,
                        uint32_t *out)
{
    size_t i = 0;
    if (width <= UNPACK_WIDTH_MAX) {
        const struct unpack_plan *plan = &plans[width];
        __m256i bytes = _mm256_loadu_si256((const __m256i *)plan->bytes);
        __m256i shift = _mm256_loadu_si256((const __m256i *)plan->shift);
        __m256i mask = _mm256_set1_epi32((int)((1u << width) - 1));
        size_t half = width / 2, reach = half + 16;
        for (; i + 8 <= count && (size_t)(end - in) >= reach; i += 8, in += width) {
            __m256i both = _mm256_inserti128_si256(
                _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)in)),
                _mm_loadu_si128((const __m128i *)(in + half)), 1);
            __m256i lanes = _mm256_srlv_epi32(_mm256_shuffle_epi8(both, bytes), shift);
            _mm256_storeu_si256((__m256i *)(out + i), _mm256_and_si256(lanes, mask));
        }
    }
    unpack_body(in, end, count - i, width, out + i);
}

static uint32_t max_avx2(const uint32_t *values, size_t count)
{
    __m256i max = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        max = _mm256_max_epu32(max, _mm256_loadu_si256((const __m256i *)(values + i)));
    }
    uint32_t lanes[8];
    _mm256_storeu_si256((__m256i *)lanes, max);
    uint32_t a = max_body(lanes, 8), b = max_body(values + i, count - i);
    return a > b ? a : b;
}

static inline uint32_t ge_mask(const uint8_t *levels, __m256i least)
{
    __m256i at = _mm256_loadu_si256((const __m256i *)levels);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(at, least), at));
}

static inline uint32_t le_mask(const uint8_t *levels, __m256i most)
{
    __m256i at = _mm256_loadu_si256((const __m256i *)levels);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(at, most), at));
}

static void levels_ge_avx2(const uint8_t *levels, size_t count, uint8_t least, uint64_t *bits)
{
    __m256i bound = _mm256_set1_epi8((char)least);
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        bits[i / 64] = ge_mask(levels + i, bound) | (uint64_t)ge_mask(levels + i + 32, bound) << 32;
    }
    if (i < count) bits[i / 64] = levels_ge_word(levels + i, count - i, least);
}

static void levels_slot_avx2(const uint8_t *reps, const uint8_t *defs, size_t count, uint8_t rep,
                             uint8_t def, uint64_t *bits)
{
    __m256i most = _mm256_set1_epi8((char)rep), least = _mm256_set1_epi8((char)def);
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        uint32_t low = ge_mask(defs + i, least) & le_mask(reps + i, most);
        uint32_t high = ge_mask(defs + i + 32, least) & le_mask(reps + i + 32, most);
        bits[i / 64] = low | (uint64_t)high << 32;
    }
    if (i < count) bits[i / 64] = levels_slot_word(reps + i, defs + i, count - i, rep, def);
}

static void gather_avx2(const void *dict, const uint32_t *codes, size_t count, unsigned log2,
                        void *out)
{
    gather_body(dict, codes, count, log2, out);
}

static void spread_avx2(void *values, unsigned log2, size_t present, const uint64_t *validity,
                        size_t rows)
{
    spread_body(values, log2, present, validity, rows);
}

const struct mr_decode_kernels mr_decode_avx2 = {
    .isa = MR_ISA_AVX2,
    .unpack_u32 = unpack_avx2,
    .max_u32 = max_avx2,
    .levels_ge = levels_ge_avx2,
    .levels_slot = levels_slot_avx2,
    .gather = gather_avx2,
    .spread = spread_avx2,
};

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/encode/bitpack.h"
#include "kernels/encode/encode.h"
#include "kernels/encode/levels.h"
#include "kernels/encode/minmax.h"
#include "kernels/encode/rle.h"

enum { LANES = 8, STORE = 16 }; /* values of 32 bits a register; bytes a packed group may write */

static inline __m256i load(const void *at)
{
    return _mm256_loadu_si256(at);
}

static inline void store_u64(uint8_t *out, uint64_t word)
{
    memcpy(out, &word, sizeof word);
}

/* `width` low bits of each of the word's bytes, or of its 16-bit parts. */
static inline uint64_t mask_u8(unsigned width)
{
    return ((UINT64_C(1) << width) - 1) * UINT64_C(0x0101010101010101);
}

static inline uint64_t mask_u16(unsigned width)
{
    return ((UINT64_C(1) << width) - 1) * UINT64_C(0x0001000100010001);
}

/* ---- packing --------------------------------------------------------------------------------- */

/* Whole groups while a store of 16 bytes stays inside the output; the reference does the rest. */

static void pack_u8(const uint8_t *values, size_t count, unsigned width, uint8_t *out)
{
    const uint8_t *end = out + mr_bitpack_bytes(count, width);
    const uint64_t mask = mask_u8(width);
    size_t i = 0;
    for (; width == 1 && i + 32 <= count; i += 32, out += 4) {
        uint32_t bits = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(load(values + i), 7));
        memcpy(out, &bits, sizeof bits);
    }
    for (; i + 8 <= count && end - out >= STORE; i += 8, out += width) {
        uint64_t word;
        memcpy(&word, values + i, sizeof word);
        store_u64(out, _pext_u64(word, mask));
    }
    mr_bitpack_u8(values + i, count - i, width, out);
}

static inline __m128i narrow_u16(const uint32_t *values)
{
    __m256i all = load(values);
    return _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

static void pack_u32(const uint32_t *values, size_t count, unsigned width, uint8_t *out)
{
    const uint8_t *end = out + mr_bitpack_bytes(count, width);
    size_t i = 0;
    if (width <= 8) {
        const uint64_t mask = mask_u8(width);
        for (; i + LANES <= count && end - out >= STORE; i += LANES, out += width) {
            __m128i half = narrow_u16(values + i);
            uint64_t word = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(half, half));
            store_u64(out, _pext_u64(word, mask));
        }
    } else if (width <= 16) {
        const uint64_t mask = mask_u16(width);
        const unsigned odd = 4 * (width % 2); /* bits by which four values end inside a byte */
        for (; i + LANES <= count && end - out >= STORE; i += LANES, out += width) {
            __m128i half = narrow_u16(values + i);
            uint64_t low = _pext_u64((uint64_t)_mm_cvtsi128_si64(half), mask);
            uint64_t high = _pext_u64((uint64_t)_mm_extract_epi64(half, 1), mask);
            store_u64(out, low);
            store_u64(out + width / 2, odd == 0 ? high : high << 4 | low >> (4 * width - 4));
        }
    }
    mr_bitpack_u32(values + i, count - i, width, out);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static inline bool even_u8(const uint8_t *values)
{
    uint64_t word;
    memcpy(&word, values, sizeof word);
    return word == (word & 0xff) * UINT64_C(0x0101010101010101);
}

static inline bool even_u32(const uint32_t *values)
{
    __m256i same = _mm256_cmpeq_epi32(load(values), _mm256_set1_epi32((int)values[0]));
    return _mm256_movemask_epi8(same) == -1;
}

static inline size_t run_u8(const uint8_t *values, size_t count)
{
    const __m256i first = _mm256_set1_epi8((char)values[0]);
    size_t run = 0;
    for (; run + 32 <= count; run += 32) {
        uint32_t same =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(values + run), first));
        if (same != UINT32_MAX) return run + _tzcnt_u32(~same);
    }
    while (run < count && values[run] == values[0]) run++;
    return run;
}

static inline size_t run_u32(const uint32_t *values, size_t count)
{
    const __m256i first = _mm256_set1_epi32((int)values[0]);
    size_t run = 0;
    for (; run + LANES <= count; run += LANES) {
        __m256i same = _mm256_cmpeq_epi32(load(values + run), first);
        uint32_t lanes = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(same));
        if (lanes != 0xff) return run + _tzcnt_u32(~lanes);
    }
    while (run < count && values[run] == values[0]) run++;
    return run;
}

#include "kernels/encode/rle_inl.h"

static size_t rle_u32(const uint32_t *values, size_t count, unsigned width, uint8_t *out)
{
    return rle_body(values, sizeof *values, count, width, out);
}

static size_t rle_u8(const uint8_t *values, size_t count, unsigned width, uint8_t *out)
{
    return rle_body(values, sizeof *values, count, width, out);
}

/* ---- levels ---------------------------------------------------------------------------------- */

/* 32 bits to 32 bytes, 0 or -1: each byte of the word goes to eight lanes, each looks at its bit.
 */
static inline __m256i bytes_of(uint32_t bits)
{
    const __m256i source = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                            2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x((long long)UINT64_C(0x8040201008040201));
    __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), source);
    return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
}

/* Positions of the set bits among eight rows from `row` on; writes eight, returns how many count.
 */
static inline uint32_t rows_of(uint32_t bits, uint32_t row, uint32_t *out)
{
    uint64_t lanes = _pdep_u64(bits, UINT64_C(0x0101010101010101)) * 0xff;
    uint64_t found = _pext_u64(UINT64_C(0x0706050403020100), lanes);
    __m256i rows = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)found));
    _mm256_storeu_si256((__m256i *)(void *)out,
                        _mm256_add_epi32(rows, _mm256_set1_epi32((int)row)));
    return (uint32_t)_mm_popcnt_u32(bits);
}

static uint32_t levels_dense(const uint64_t *validity, uint32_t count, uint8_t absent,
                             uint8_t present, uint8_t *out_def, uint32_t *out_rows)
{
    const __m256i low = _mm256_set1_epi8((char)absent);
    const __m256i step = _mm256_set1_epi8((char)(present - absent));
    uint32_t found = 0, from = 0;
    for (; from + 64 <= count; from += 64) {
        uint64_t bits = validity[from / 64];
        for (uint32_t k = 0; k < 64; k += 32) {
            __m256i level =
                _mm256_add_epi8(low, _mm256_and_si256(bytes_of((uint32_t)(bits >> k)), step));
            _mm256_storeu_si256((__m256i *)(void *)(out_def + from + k), level);
        }
        for (uint32_t k = 0; k < 64; k += 8) {
            found += rows_of(bits >> k & 0xff, from + k, out_rows + found);
        }
    }
    for (; from < count; from++) {
        uint32_t bit = (uint32_t)(validity[from / 64] >> (from % 64) & 1);
        out_def[from] = bit != 0 ? present : absent;
        out_rows[found] = from;
        found += bit;
    }
    return found;
}

/* 0 or -1 in each of eight lanes, by the bits of a byte; the same in eight bytes. */
static inline __m256i lanes_of(uint32_t bits)
{
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)bits), bit), bit);
}

static inline uint64_t bytes_mask(uint32_t bits)
{
    return _pdep_u64(bits, UINT64_C(0x0101010101010101)) * 0xff;
}

static inline uint32_t bits_of(__m256i lanes)
{
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}

static inline __m256i steps(void)
{
    return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}

/* Rows are those of the bitmap. */
static uint32_t descend_all(const uint64_t *validity, uint32_t count, uint32_t *out_rows)
{
    const __m256i eight = _mm256_set1_epi32(LANES);
    __m256i rows = steps();
    uint32_t live = 0, i = 0;
    for (; i + LANES <= count; i += LANES) {
        uint32_t bits = (uint32_t)(validity[i / 64] >> (i % 64)) & 0xff;
        __m256i absent = _mm256_xor_si256(lanes_of(bits), _mm256_set1_epi32(-1));
        _mm256_storeu_si256((__m256i *)(void *)(out_rows + i), _mm256_or_si256(rows, absent));
        rows = _mm256_add_epi32(rows, eight);
        live += (uint32_t)_mm_popcnt_u32(bits);
    }
    for (; i < count; i++) {
        bool is_present = (validity[i / 64] >> (i % 64) & 1) != 0;
        out_rows[i] = is_present ? i : MR_LEVEL_ENDED;
        live += is_present;
    }
    return live;
}

static uint32_t levels_descend(const uint64_t *validity, const uint32_t *rows, const uint8_t *def,
                               uint32_t count, uint8_t absent, uint32_t *out_rows,
                               uint8_t *out_def)
{
    const __m256i ended = _mm256_set1_epi32(-1), low = _mm256_set1_epi32(31);
    uint32_t live = 0, i = 0;
    if (count > 0) memset(out_def, absent, count);
    if (rows == NULL) return descend_all(validity, count, out_rows);
    for (; i + LANES <= count; i += LANES) {
        __m256i row = load(rows + i), has_ended = _mm256_cmpeq_epi32(row, ended);
        __m256i words = _mm256_mask_i32gather_epi32(
            _mm256_setzero_si256(), (const int *)(const void *)validity, _mm256_srli_epi32(row, 5),
            _mm256_xor_si256(has_ended, ended), 4);
        /* The row's bit as the sign of its lane. */
        __m256i shift = _mm256_sub_epi32(low, _mm256_and_si256(row, low));
        __m256i is_present = _mm256_srai_epi32(_mm256_sllv_epi32(words, shift), 31);
        __m256i out = _mm256_or_si256(row, _mm256_xor_si256(is_present, ended));
        _mm256_storeu_si256((__m256i *)(void *)(out_rows + i), out);
        live += (uint32_t)_mm_popcnt_u32(bits_of(is_present));
        uint32_t before = bits_of(has_ended);
        if (before == 0) continue;
        uint64_t levels, above, mask = bytes_mask(before);
        memcpy(&levels, out_def + i, sizeof levels);
        memcpy(&above, def + i, sizeof above);
        store_u64(out_def + i, (levels & ~mask) | (above & mask));
    }
    return live + mr_levels_descend(validity, rows + i, def == NULL ? NULL : def + i, count - i,
                                    absent, out_rows + i, out_def + i);
}

static uint32_t levels_finish(const uint32_t *rows, uint32_t count, uint8_t present, uint8_t *def,
                              uint32_t *out_rows)
{
    const __m256i ended = _mm256_set1_epi32(-1);
    uint32_t live = 0, i = 0;
    for (; i + LANES <= count; i += LANES) {
        __m256i row = load(rows + i);
        uint32_t bits = bits_of(_mm256_cmpeq_epi32(row, ended)) ^ 0xff;
        uint64_t mask = bytes_mask(bits), levels;
        memcpy(&levels, def + i, sizeof levels);
        store_u64(def + i, (levels & ~mask) | (present * UINT64_C(0x0101010101010101) & mask));
        uint64_t from = _pext_u64(UINT64_C(0x0706050403020100), mask);
        __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)from));
        _mm256_storeu_si256((__m256i *)(void *)(out_rows + live),
                            _mm256_permutevar8x32_epi32(row, order));
        live += (uint32_t)_mm_popcnt_u32(bits);
    }
    for (; i < count; i++) {
        uint32_t row = rows[i];
        if (row == MR_LEVEL_ENDED) continue;
        def[i] = present;
        out_rows[live++] = row;
    }
    return live;
}

static uint32_t levels_equal(const uint8_t *levels, uint32_t count, uint8_t level)
{
    const __m256i wanted = _mm256_set1_epi8((char)level);
    uint32_t found = 0, i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i same = _mm256_cmpeq_epi8(load(levels + i), wanted);
        found += (uint32_t)_mm_popcnt_u32((uint32_t)_mm256_movemask_epi8(same));
    }
    for (; i < count; i++) found += levels[i] == level;
    return found;
}

static uint32_t levels_rows(const uint8_t *rep, uint32_t count, uint32_t *rows)
{
    uint32_t seen = 0, at = 0;
    for (; at + 32 <= count; at += 32) {
        __m256i first = _mm256_cmpeq_epi8(load(rep + at), _mm256_setzero_si256());
        uint32_t bits = (uint32_t)_mm256_movemask_epi8(first);
        uint32_t here = (uint32_t)_mm_popcnt_u32(bits);
        if (seen + here > *rows) return at + _tzcnt_u32(_pdep_u32(1u << (*rows - seen), bits));
        seen += here;
    }
    uint32_t left = *rows - seen;
    at += mr_levels_rows(rep + at, count - at, &left);
    *rows = seen + left;
    return at;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static inline __m256i min_i64(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}

static inline __m256i max_i64(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

/* Two registers of bounds side by side. A minimum or maximum of floats is its second operand when
 * one is NaN, so the values come first. */
#define MINMAX(name_, type_, reg_, load_, store_, set_, min_, max_)                                \
    static void name_(const type_ *values, size_t count, type_ *min, type_ *max)                   \
    {                                                                                              \
        enum { STEP = 32 / sizeof(type_) };                                                        \
        type_ lows[STEP], highs[STEP];                                                             \
        reg_ low = set_(*min), low2 = low, high = set_(*max), high2 = high;                        \
        size_t i = 0;                                                                              \
        for (; i + (size_t)2 * STEP <= count; i += (size_t)2 * STEP) {                             \
            reg_ one = load_((const void *)(values + i));                                          \
            reg_ two = load_((const void *)(values + i + STEP));                                   \
            low = min_(one, low);                                                                  \
            low2 = min_(two, low2);                                                                \
            high = max_(one, high);                                                                \
            high2 = max_(two, high2);                                                              \
        }                                                                                          \
        store_((void *)lows, min_(low2, low));                                                     \
        store_((void *)highs, max_(high2, high));                                                  \
        for (size_t k = 0; k < STEP; k++) {                                                        \
            if (lows[k] < *min) *min = lows[k];                                                    \
            if (highs[k] > *max) *max = highs[k];                                                  \
        }                                                                                          \
        for (; i < count; i++) {                                                                   \
            if (values[i] < *min) *min = values[i];                                                \
            if (values[i] > *max) *max = values[i];                                                \
        }                                                                                          \
    }

MINMAX(minmax_i32, int32_t, __m256i, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_set1_epi32,
       _mm256_min_epi32, _mm256_max_epi32)
MINMAX(minmax_i64, int64_t, __m256i, _mm256_loadu_si256, _mm256_storeu_si256, _mm256_set1_epi64x,
       min_i64, max_i64)
MINMAX(minmax_f32, float, __m256, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_min_ps,
       _mm256_max_ps)
MINMAX(minmax_f64, double, __m256d, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd,
       _mm256_min_pd, _mm256_max_pd)

const struct mr_encode_kernels mr_encode_avx2 = {
    .isa = MR_ISA_AVX2,
    .rle_u32 = rle_u32,
    .rle_u8 = rle_u8,
    .bitpack_u8 = pack_u8,
    .levels_dense = levels_dense,
    .levels_descend = levels_descend,
    .levels_open = mr_levels_open, /* eight entries at once were no faster */
    .levels_finish = levels_finish,
    .levels_equal = levels_equal,
    .levels_rows = levels_rows,
    .minmax_i32 = minmax_i32,
    .minmax_i64 = minmax_i64,
    .minmax_f32 = minmax_f32,
    .minmax_f64 = minmax_f64,
};

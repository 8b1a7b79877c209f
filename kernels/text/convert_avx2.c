/* Sixteen bytes at a time. Digits are moved to the end of a register and become a number by
 * multiplying and adding neighbours: pairs, fours, eights. */
#include <immintrin.h>

#include "kernels/text/convert_inl.h"

enum { VECTOR_DIGITS = 16, DIGITS_MAX = 19, CHARS_MAX = DIGITS_MAX + 1 };

#define SIXTEEN(c) {c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c}

/* Windows of 16 bytes into the first three, by a count, are masks and shuffles. */
struct bytes {
    uint8_t zeros_ones[32];
    uint8_t ones_zeros[32];
    uint8_t to_the_end[32];
    uint8_t zero_digits[16];
    uint8_t nines[16];
    uint8_t points[16];
};

static const struct bytes all_bytes = {
    .zeros_ones = {0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                   0,    0,    0,    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    .ones_zeros = SIXTEEN(0xff),
    .to_the_end = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                   0x80, 0x80, 0x80, 0x80, 0x80, 0,    1,    2,    3,    4,    5,
                   6,    7,    8,    9,    10,   11,   12,   13,   14,   15},
    .zero_digits = SIXTEEN('0'),
    .nines = SIXTEEN(9),
    .points = SIXTEEN('.'),
};

/* known: the same, but the compiler does not see what they are: it would make vectors of equal
 * bytes anew for each value. */
static inline const struct bytes *known(void)
{
    const struct bytes *bytes = &all_bytes;
    __asm__("" : "+r"(bytes));
    return bytes;
}

static inline __m128i load(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

/* digits_of: the number of 16 bytes 0..9. */
static inline uint64_t digits_of(__m128i bytes)
{
    __m128i parts = _mm_maddubs_epi16(bytes, _mm_set1_epi16(0x010a));
    parts = _mm_madd_epi16(parts, _mm_set1_epi32(0x00010064));
    parts = _mm_packus_epi32(parts, parts);
    parts = _mm_madd_epi16(parts, _mm_set1_epi32(0x00012710));
    uint64_t eights = (uint64_t)_mm_cvtsi128_si64(parts);
    return (eights & UINT32_MAX) * 100000000 + (eights >> 32);
}

static inline bool are_digits(const struct bytes *b, __m128i bytes)
{
    __m128i over = _mm_subs_epu8(bytes, load(b->nines));
    return _mm_testz_si128(over, over) != 0;
}

/* digits_add: `count` more digits, 1..3, behind those of *digits. */
static inline bool digits_add(const char *at, uint64_t count, uint64_t *digits)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t digit = (uint32_t)(unsigned char)at[i] - '0';
        if (digit > 9) return false;
        *digits = *digits * 10 + digit;
    }
    return true;
}

#define UNLIKELY(condition) __builtin_expect(condition, 0)

/* fixed: a JSON number without exponent, of `flags` bytes, as an integer of its digits. */
static inline bool fixed(const char *at, uint32_t flags, uint64_t *out_minus, uint64_t *out_digits,
                         uint64_t *out_scale)
{
    const struct bytes *b = known();
    uint64_t minus = *at == '-', chars = flags - minus;
    at += minus;
    if (UNLIKELY(chars - 1 >= CHARS_MAX)) return false;
    __m128i text = load(at);
    uint32_t points = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, load(b->points)));
    uint64_t point = _tzcnt_u32(points | 1u << VECTOR_DIGITS);
    uint64_t has_point = point < MR_MIN(chars, (uint64_t)VECTOR_DIGITS), count = chars - has_point;
    uint64_t whole = has_point ? point : count, most = *at == '0' ? 1 : DIGITS_MAX;
    /* The bytes up to the point, and from behind it those that follow. */
    __m128i behind = load(b->zeros_ones + 16 - point);
    __m128i digits = _mm_or_si128(_mm_andnot_si128(behind, text),
                                  _mm_and_si128(behind, load(at + 1)));
    digits = _mm_shuffle_epi8(_mm_sub_epi8(digits, load(b->zero_digits)),
                              load(b->to_the_end + MR_MIN(count, (uint64_t)VECTOR_DIGITS)));
    *out_minus = minus;
    *out_digits = digits_of(digits);
    *out_scale = count - whole;
    if (UNLIKELY(!are_digits(b, digits)) || UNLIKELY(whole - 1 >= most)) return false;
    if (UNLIKELY(*out_scale < has_point)) return false;
    if (UNLIKELY(count > VECTOR_DIGITS)) {
        return count <= DIGITS_MAX &&
               digits_add(at + VECTOR_DIGITS + has_point, count - VECTOR_DIGITS, out_digits);
    }
    return true;
}

static inline bool long_of(const char *at, uint32_t flags, int64_t *out)
{
    const struct bytes *b = known();
    uint64_t minus = *at == '-', count = flags - minus;
    at += minus;
    if (UNLIKELY(count - 1 >= DIGITS_MAX)) return false;
    __m128i digits =
        _mm_shuffle_epi8(_mm_sub_epi8(load(at), load(b->zero_digits)),
                         load(b->to_the_end + MR_MIN(count, (uint64_t)VECTOR_DIGITS)));
    uint64_t value = digits_of(digits);
    if (UNLIKELY(!are_digits(b, digits))) return false;
    if (*at == '0' && UNLIKELY(count > 1)) return false;
    if (UNLIKELY(count > VECTOR_DIGITS)) {
        if (!digits_add(at + VECTOR_DIGITS, count - VECTOR_DIGITS, &value)) return false;
        if (value > INT64_MAX) return false;
    }
    *out = (int64_t)((value ^ -minus) + minus);
    return true;
}

static inline bool int_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                            uint32_t row)
{
    int64_t value;
    if (!long_of(at, flags, &value) || value != (int32_t)value) return false;
    ((int32_t *)c->values)[row] = (int32_t)value;
    return true;
}

static inline bool long_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                             uint32_t row)
{
    return long_of(at, flags, (int64_t *)c->values + row);
}

static inline bool double_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                               uint32_t row)
{
    uint64_t minus, digits, scale;
    return fixed(at, flags, &minus, &digits, &scale) &&
           double_of(minus, digits, scale, (double *)c->values + row);
}

static inline bool decimal_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                                uint32_t row)
{
    uint64_t minus, digits, scale;
    return fixed(at, flags & ~MR_SLOT_QUOTED, &minus, &digits, &scale) &&
           scale_put(c, minus, digits, scale, row);
}

/* clock_of: "hh:mm:ss" or that with one to nine digits of fraction, as microseconds. */
static inline bool clock_of(const char *at, uint32_t bytes, int64_t *out_us)
{
    const __m128i form = _mm_setr_epi8('0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0',
                                       '0', '0', '0', '0');
    const __m128i most = _mm_setr_epi8(2, 9, 0, 5, 9, 0, 5, 9, 0, 9, 9, 9, 9, 9, 9, 9);
    const __m128i pairs = _mm_setr_epi8(0, 1, 3, 4, 6, 7, -1, -1, 9, 10, 11, 12, 13, 14, -1, -1);
    const __m128i weights = _mm_setr_epi16(3600, 60, 1, 0, 10000, 100, 1, 0);
    /* What is not there counts as zeros. */
    __m128i text = _mm_and_si128(_mm_xor_si128(load(at), form),
                                 load(known()->ones_zeros + 16 - MR_MIN(bytes, 16u)));
    __m128i over = _mm_subs_epu8(text, most);
    __m128i parts = _mm_maddubs_epi16(_mm_shuffle_epi8(text, pairs), _mm_set1_epi16(0x010a));
    parts = _mm_madd_epi16(parts, weights);
    parts = _mm_add_epi32(parts, _mm_srli_epi64(parts, 32));
    int64_t seconds = _mm_cvtsi128_si32(parts), fraction = _mm_extract_epi32(parts, 2);
    *out_us = seconds * MR_US_PER_S + fraction;
    if (UNLIKELY(!_mm_testz_si128(over, over)) || UNLIKELY(seconds >= 86400)) return false;
    uint64_t unused = 0;
    if (UNLIKELY(bytes > 16)) return digits_add(at + 16, bytes - 16, &unused);
    return bytes != 9;
}

static inline bool time_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                             uint32_t row)
{
    int32_t days;
    int64_t us;
    if (__builtin_expect(flags - (MR_SLOT_QUOTED | 19) > 30 - 19, 0)) return false;
    uint32_t bytes = flags & MR_SLOT_BYTES, is_zulu = at[bytes - 1] == 'Z';
    uint32_t clock_bytes = bytes - 11 - is_zulu;
    if (is_zulu ? !c->takes_zulu : !c->takes_local) return false;
    if ((at[10] != 'T' && at[10] != ' ') || !day_of(c, at, &days)) return false;
    if (__builtin_expect(clock_bytes - 8 > 10, 0)) return false;
    if (!clock_of(at + 11, clock_bytes, &us)) return false;
    ((int64_t *)c->values)[row] = days * MR_US_PER_DAY + us;
    return true;
}

/* string_leaf: without a branch on the length, which is what a predictor knows least. Behind the
 * length a short view keeps so many bytes of text, a long one four; the row behind the last is for
 * long ones. */
static inline bool string_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                               uint32_t row)
{
    if (__builtin_expect(!is_plain_text(flags), 0)) return false;
    uint32_t bytes = flags & MR_SLOT_BYTES;
    bool is_long = bytes > 12;
    uint64_t place = (uint64_t)(c->buffer_off + (uint32_t)(at - c->text)) << 32 | c->buffer;
    __m128i kept = load(known()->ones_zeros + 16 - (is_long ? 4 : bytes));
    __m128i head = _mm_set_epi64x((long long)(is_long ? place : 0), bytes);
    __m128i text = _mm_slli_si128(_mm_and_si128(load(at), kept), 4);
    _mm_storeu_si128((__m128i *)c->values + row, _mm_or_si128(text, head));
    return true;
}

CONVERTER(strings, string_leaf)
CONVERTER(booleans, boolean_leaf)
CONVERTER(ints, int_leaf)
CONVERTER(longs, long_leaf)
CONVERTER(doubles, double_leaf)
CONVERTER(decimals, decimal_leaf)
CONVERTER(dates, date_leaf)
CONVERTER(times, time_leaf)

static uint32_t numbers(const struct mr_convert *c)
{
    uint32_t rest = 0;
    for (uint32_t k = 0; k < c->count; k++) {
        uint32_t flags = c->slots[k][1];
        const char *at = c->text + c->slots[k][0];
        uint64_t minus, digits, scale;
        if (flags == MR_SLOT_NONE || flags == 0 || is_plain_text(flags)) continue;
        if (__builtin_expect(fixed(at, flags, &minus, &digits, &scale), 1)) continue;
        if (!is_word(at, flags)) c->rest[rest++] = k;
    }
    return rest;
}

const struct mr_convert_kernels mr_convert_avx2 = {
    MR_ISA_AVX2, {strings, booleans, ints, longs, doubles, decimals, dates, times, numbers}};

/* The plain forms of numbers and times, eight bytes at a time.
 *
 * Each function takes the text that nearly all values have and answers false for everything else,
 * right or wrong: then number.h and datetime.h decide. What they accept gives the same value there.
 * Text is readable 32 bytes past its start. */
#ifndef MR_KERNELS_TEXT_SWIFT_H
#define MR_KERNELS_TEXT_SWIFT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernels/text/power10.h"

static inline uint64_t mr_swift_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* mr_swift_word8: eight digits, the first in the lowest byte; UINT64_MAX when one is none. */
static inline uint64_t mr_swift_word8(uint64_t word)
{
    uint64_t zeros = UINT64_C(0x3030303030303030);
    uint64_t wrong = (word + UINT64_C(0x4646464646464646)) | (word - zeros);
    if ((wrong & UINT64_C(0x8080808080808080)) != 0) return UINT64_MAX;
    word -= zeros;
    word = word * 10 + (word >> 8); /* pairs in the even bytes */
    uint64_t low = (word & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064);
    uint64_t high = (word >> 16 & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001);
    return (low + high) >> 32;
}

/* mr_swift_digits8: `count` decimal digits, 1..8; UINT64_MAX when one is none. */
static inline uint64_t mr_swift_digits8(const char *at, uint32_t count)
{
    uint32_t shift = 64 - 8 * count;
    uint64_t zeros = UINT64_C(0x3030303030303030);
    /* Zeros in front, the last digit in the highest byte. */
    return mr_swift_word8(mr_swift_load(at) << shift | (zeros & ((UINT64_C(1) << shift) - 1)));
}

/* mr_swift_digits: `count` digits, 0..19, as a number. */
static inline bool mr_swift_digits(const char *at, uint32_t count, uint64_t *out)
{
    uint64_t value = 0;
    uint32_t first = count % 8;
    if (first > 0) {
        value = mr_swift_digits8(at, first);
        if (value == UINT64_MAX) return false;
    }
    for (uint32_t done = first; done < count; done += 8) {
        uint64_t part = mr_swift_digits8(at + done, 8);
        if (part == UINT64_MAX) return false;
        value = value * 100000000 + part;
    }
    *out = value;
    return true;
}

/* mr_swift_i64: a JSON integer of up to 18 digits. */
static inline bool mr_swift_i64(const char *at, uint32_t bytes, int64_t *out)
{
    uint64_t value;
    uint32_t minus = *at == '-';
    uint32_t count = bytes - minus;
    if (bytes <= minus || count > 18 || (at[minus] == '0' && count > 1)) return false;
    if (!mr_swift_digits(at + minus, count, &value)) return false;
    *out = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

/* mr_swift_point: the first point among `bytes` bytes, at most 16; `bytes` when there is none. */
static inline uint32_t mr_swift_point(const char *at, uint32_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t low = mr_swift_load(at) ^ ones * '.', high = mr_swift_load(at + 8) ^ ones * '.';
    low = (low - ones) & ~low & tops;
    high = (high - ones) & ~high & tops;
    uint32_t found = low != 0    ? (uint32_t)__builtin_ctzll(low) / 8
                     : high != 0 ? 8 + (uint32_t)__builtin_ctzll(high) / 8
                                 : 16;
    return found < bytes ? found : bytes;
}

/* mr_swift_fixed: a JSON number without exponent, of up to 16 digits in all, as an integer of its
 * digits and how many of them lie behind the point. Without a branch on how long the parts are. */
static inline bool mr_swift_fixed(const char *at, uint32_t bytes, bool *out_is_negative,
                                  uint64_t *out_digits, uint32_t *out_scale)
{
    uint32_t minus = *at == '-';
    at += minus;
    bytes -= minus;
    if (bytes - 1 > 16) return false;
    uint32_t whole = mr_swift_point(at, bytes), count = bytes - (whole < bytes);
    bool is_plain = whole > 0 && (at[0] != '0' || whole == 1) && count <= 16 &&
                    (whole == bytes || count > whole);
    if (!is_plain) return false;
    /* The bytes up to the point, and from behind it those that follow. */
    unsigned __int128 all = (unsigned __int128)mr_swift_load(at + 8) << 64 | mr_swift_load(at);
    unsigned __int128 behind =
        (unsigned __int128)mr_swift_load(at + 9) << 64 | mr_swift_load(at + 1);
    unsigned __int128 kept = whole == 16 ? ~(unsigned __int128)0
                                         : ((unsigned __int128)1 << (8 * whole)) - 1;
    unsigned __int128 digits = (all & kept) | (behind & ~kept);
    unsigned __int128 zeros = (unsigned __int128)UINT64_C(0x3030303030303030) << 64 |
                              UINT64_C(0x3030303030303030);
    uint32_t shift = 8 * (16 - count);
    digits = digits << shift | (zeros & (((unsigned __int128)1 << shift) - 1));
    uint64_t high = mr_swift_word8((uint64_t)digits);
    uint64_t low = mr_swift_word8((uint64_t)(digits >> 64));
    if ((high | low) == UINT64_MAX) return false;
    *out_is_negative = minus;
    *out_digits = high * 100000000 + low;
    *out_scale = bytes - whole - (whole < bytes);
    return true;
}

/* mr_swift_double: a JSON number without exponent, of up to 16 digits. */
static inline bool mr_swift_double(const char *at, uint32_t bytes, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};
    bool is_negative;
    uint64_t digits;
    uint32_t scale;
    double value;
    if (!mr_swift_fixed(at, bytes, &is_negative, &digits, &scale)) return false;
    if (digits <= UINT64_C(1) << 53) {
        value = (double)digits / powers[scale]; /* both exact: rounded once */
    } else if (!mr_scale10_double(digits, -(int64_t)scale, &value)) {
        return false;
    }
    *out = is_negative ? -value : value;
    return true;
}

/* The last date that was looked up, since most records of a stream are of one day. */
struct mr_swift_date {
    uint64_t year_month; /* the bytes "yyyy-mm-"; 0 = none */
    uint16_t day;
    int32_t days; /* since 1970-01-01 */
};

/* mr_swift_day_is: whether the ten bytes at `at` are the remembered date. */
static inline bool mr_swift_day_is(const struct mr_swift_date *date, const char *at)
{
    uint16_t day;
    memcpy(&day, at + 8, sizeof day);
    return mr_swift_load(at) == date->year_month && day == date->day;
}

static inline void mr_swift_day_keep(struct mr_swift_date *date, const char *at, int32_t days)
{
    memcpy(&date->day, at + 8, sizeof date->day);
    date->year_month = mr_swift_load(at);
    date->days = days;
}

/* mr_swift_clock: "hh:mm:ss[.f...]" of `bytes` bytes as microseconds of the day; at most 8 digits
 * of fraction, of which those behind the sixth are cut. */
static inline bool mr_swift_clock(const char *at, uint32_t bytes, int64_t *out_us)
{
    static const uint32_t units[] = {1, 100000, 10000, 1000, 100, 10, 1};
    if (bytes < 8 || bytes == 9 || bytes > 17) return false;
    /* "hh:mm:ss" against "00:00:00": digits are left as 0..9, colons as 0. */
    uint64_t word = mr_swift_load(at) ^ UINT64_C(0x30303a30303a3030);
    uint64_t wrong = word | (word + UINT64_C(0x76767f76767f7676));
    if ((wrong & UINT64_C(0x8080808080808080)) != 0) return false;
    uint64_t pairs = word * 10 + (word >> 8);
    uint32_t hours = pairs & 0xff, minutes = pairs >> 24 & 0xff, seconds = pairs >> 48 & 0xff;
    if (hours > 23 || minutes > 59 || seconds > 59) return false;
    int64_t us = ((int64_t)hours * 3600 + minutes * 60 + seconds) * 1000000;
    if (bytes > 8) {
        uint32_t count = bytes - 9;
        uint64_t fraction = at[8] == '.' ? mr_swift_digits8(at + 9, count) : UINT64_MAX;
        if (fraction == UINT64_MAX) return false;
        if (count <= 6) us += (int64_t)(fraction * units[count]);
        if (count > 6) us += (int64_t)(fraction / units[12 - count]);
    }
    *out_us = us;
    return true;
}

#endif

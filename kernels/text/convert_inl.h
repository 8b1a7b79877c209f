/* What the variants of convert.h share: the loop over a column's slots, and forms in which no
 * instruction set has an advantage. A variant defines its leaves, LEAF(c, at, flags, row), which
 * write one value and say whether it was plain, and makes a converter of each by CONVERTER. */
#ifndef MR_KERNELS_TEXT_CONVERT_INL_H
#define MR_KERNELS_TEXT_CONVERT_INL_H

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "kernels/text/convert.h"
#include "kernels/text/datetime.h"

/* A copy of the loop for each leaf. Validity is written a word at a time. */
#define CONVERTER(name, leaf)                                                                      \
    static uint32_t name(const struct mr_convert *call)                                            \
    {                                                                                              \
        const struct mr_convert c = *call; /* nothing that is stored can change a copy */          \
        uint32_t rest = 0;                                                                         \
        for (uint32_t k = 0; k < c.count;) {                                                       \
            uint32_t row = c.row + k, word = row / 64;                                             \
            uint32_t end = MR_MIN(c.count, k + 64 - row % 64);                                     \
            uint64_t bits = 0;                                                                     \
            for (; k < end; k++, row++) {                                                          \
                uint32_t flags = c.slots[k][1];                                                    \
                if (flags == MR_SLOT_NONE) continue;                                               \
                if (__builtin_expect(leaf(&c, c.text + c.slots[k][0], flags, row), 1)) {           \
                    bits |= UINT64_C(1) << (row % 64);                                             \
                } else {                                                                           \
                    c.rest[rest++] = k;                                                            \
                }                                                                                  \
            }                                                                                      \
            c.validity[word] |= bits;                                                              \
        }                                                                                          \
        return rest;                                                                               \
    }

static inline uint32_t word4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline bool boolean_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                                uint32_t row)
{
    uint64_t *word = (uint64_t *)c->values + row / 64, bit = UINT64_C(1) << (row % 64);
    uint32_t first = word4(at);
    bool is_true = flags == 4 && first == word4("true");
    bool is_false = flags == 5 && first == word4("fals") && at[4] == 'e';
    *word = (*word & ~bit) | (is_true ? bit : 0);
    return is_true || is_false;
}

/* day_of: the days of the ten bytes "yyyy-mm-dd". */
static inline bool day_of(const struct mr_convert *c, const char *at, int32_t *out_days)
{
    struct mr_swift_date *date = c->date;
    if (__builtin_expect(!mr_swift_day_is(date, at), 0)) {
        int32_t days;
        /* A blank may follow a day of one digit, but not between a date and its T. */
        if (at[4] != '-' || at[7] != '-' || (unsigned char)(at[9] - '0') > 9) return false;
        if (mr_date_parse(at, 10, &days) != MR_PARSE_OK) return false;
        mr_swift_day_keep(date, at, days);
    }
    *out_days = date->days;
    return true;
}

static inline bool date_leaf(const struct mr_convert *c, const char *at, uint32_t flags,
                             uint32_t row)
{
    return flags == (MR_SLOT_QUOTED | 10) && day_of(c, at, (int32_t *)c->values + row);
}

/* scale_put: digits with `scale` of them behind the point as the column's decimal; `minus` is 1
 * or 0. */
static inline bool scale_put(const struct mr_convert *c, uint64_t minus, uint64_t digits,
                             uint64_t scale, uint32_t row)
{
    static const int64_t powers[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};
    uint64_t value;
    if (scale > c->scale) return false;
    if (__builtin_mul_overflow(digits, (uint64_t)powers[c->scale - scale], &value)) return false;
    if (value >= (uint64_t)powers[c->precision]) return false;
    ((int64_t *)c->values)[row] = (int64_t)((value ^ -minus) + minus);
    return true;
}

/* double_of: the nearest double of digits with `scale` of them behind the point; `minus` is 1 or 0.
 * Signs are what a predictor cannot know, so there is no branch on it. */
static inline bool double_of(uint64_t minus, uint64_t digits, uint64_t scale, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
    double value;
    uint64_t bits;
    if (__builtin_expect(digits <= UINT64_C(1) << 53, 1)) {
        value = (double)(int64_t)digits / powers[scale]; /* both exact: rounded once */
    } else if (!mr_scale10_double(digits, -(int64_t)scale, &value)) {
        return false;
    }
    memcpy(&bits, &value, sizeof bits);
    bits ^= minus << 63;
    memcpy(out, &bits, sizeof bits);
    return true;
}

/* is_word: null, true or false, not quoted. */
static inline bool is_word(const char *at, uint32_t flags)
{
    uint32_t first = word4(at);
    if (flags == 4) return first == word4("null") || first == word4("true");
    return flags == 5 && first == word4("fals") && at[4] == 'e';
}

static inline bool is_plain_text(uint32_t flags)
{
    return (flags & (MR_SLOT_QUOTED | MR_SLOT_CARE)) == MR_SLOT_QUOTED;
}

#endif

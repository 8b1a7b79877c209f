/* The definition of right: one byte after another. */
#include "kernels/text/convert_inl.h"

enum { DIGITS_MAX = 19, POINT_MAX = 16 };

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* fixed: a JSON number without exponent as an integer of its digits. */
static bool fixed(const char *at, uint32_t bytes, bool *out_is_negative, uint64_t *out_digits,
                  uint32_t *out_scale)
{
    const char *end = at + bytes;
    uint64_t digits = 0;
    uint32_t count = 0, whole = 0;
    bool has_point = false;
    if (bytes > DIGITS_MAX + 2) return false;
    *out_is_negative = bytes > 0 && *at == '-';
    at += *out_is_negative;
    for (const char *first = at; at < end; at++) {
        if (*at == '.' && !has_point && at - first < POINT_MAX) {
            has_point = true;
            whole = count;
        } else if (is_digit(*at) && count < DIGITS_MAX) {
            if (count == 1 && *first == '0' && !has_point) return false;
            digits = digits * 10 + (uint64_t)(*at - '0');
            count++;
        } else {
            return false;
        }
    }
    if (!has_point) whole = count;
    *out_digits = digits;
    *out_scale = count - whole;
    return whole > 0 && (!has_point || count > whole);
}

static bool string_leaf(const struct mr_convert *c, const char *at, uint32_t flags, uint32_t row)
{
    char *view = (char *)c->values + 16 * (size_t)row;
    uint32_t bytes = flags & MR_SLOT_BYTES;
    uint32_t place[2] = {c->buffer, c->buffer_off + (uint32_t)(at - c->text)};
    if (!is_plain_text(flags)) return false;
    memset(view, 0, 16);
    memcpy(view, &bytes, 4);
    memcpy(view + 4, at, bytes <= 12 ? bytes : 4);
    if (bytes > 12) memcpy(view + 8, place, 8);
    return true;
}

static bool long_of(const char *at, uint32_t flags, int64_t *out)
{
    bool is_negative;
    uint64_t digits;
    uint32_t scale;
    if (flags > DIGITS_MAX + 1 || memchr(at, '.', flags) != NULL) return false;
    if (!fixed(at, flags, &is_negative, &digits, &scale) || digits > INT64_MAX) return false;
    *out = is_negative ? -(int64_t)digits : (int64_t)digits;
    return true;
}

static bool int_leaf(const struct mr_convert *c, const char *at, uint32_t flags, uint32_t row)
{
    int64_t value;
    if (!long_of(at, flags, &value) || value != (int32_t)value) return false;
    ((int32_t *)c->values)[row] = (int32_t)value;
    return true;
}

static bool long_leaf(const struct mr_convert *c, const char *at, uint32_t flags, uint32_t row)
{
    return long_of(at, flags, (int64_t *)c->values + row);
}

static bool double_leaf(const struct mr_convert *c, const char *at, uint32_t flags, uint32_t row)
{
    bool is_negative;
    uint64_t digits;
    uint32_t scale;
    return fixed(at, flags, &is_negative, &digits, &scale) &&
           double_of(is_negative, digits, scale, (double *)c->values + row);
}

static bool decimal_leaf(const struct mr_convert *c, const char *at, uint32_t flags, uint32_t row)
{
    bool is_negative;
    uint64_t digits;
    uint32_t scale;
    if ((flags & MR_SLOT_CARE) != 0) return false;
    return fixed(at, flags & MR_SLOT_BYTES, &is_negative, &digits, &scale) &&
           scale_put(c, is_negative, digits, scale, row);
}

/* clock_of: "hh:mm:ss" or that with one to nine digits of fraction, as microseconds. */
static bool clock_of(const char *at, uint32_t bytes, int64_t *out_us)
{
    static const char form[] = "00:00:00.000000000";
    int64_t us = 0;
    if (bytes < 8 || bytes == 9 || bytes >= sizeof form) return false;
    for (uint32_t i = 0; i < bytes; i++) {
        if (form[i] == '0' ? !is_digit(at[i]) : at[i] != form[i]) return false;
    }
    int hours = (at[0] - '0') * 10 + (at[1] - '0'), minutes = (at[3] - '0') * 10 + (at[4] - '0');
    int seconds = (at[6] - '0') * 10 + (at[7] - '0');
    if (hours > 23 || minutes > 59 || seconds > 59) return false;
    for (uint32_t i = 9; i < 15; i++) us = us * 10 + (i < bytes ? at[i] - '0' : 0);
    *out_us = (hours * 3600 + minutes * 60 + seconds) * MR_US_PER_S + us;
    return true;
}

static bool time_leaf(const struct mr_convert *c, const char *at, uint32_t flags, uint32_t row)
{
    uint32_t bytes = flags & MR_SLOT_BYTES;
    int32_t days;
    int64_t us;
    if (flags != (MR_SLOT_QUOTED | bytes) || bytes < 19 || bytes > 30) return false;
    bool is_zulu = at[bytes - 1] == 'Z';
    if (is_zulu ? !c->takes_zulu : !c->takes_local) return false;
    if ((at[10] != 'T' && at[10] != ' ') || !day_of(c, at, &days)) return false;
    if (!clock_of(at + 11, bytes - 11 - is_zulu, &us)) return false;
    ((int64_t *)c->values)[row] = days * MR_US_PER_DAY + us;
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
        uint32_t flags = c->slots[k][1], scale;
        const char *at = c->text + c->slots[k][0];
        bool is_negative;
        uint64_t digits;
        if (flags == MR_SLOT_NONE || flags == 0 || is_plain_text(flags)) continue;
        if (is_word(at, flags)) continue;
        if (!fixed(at, flags, &is_negative, &digits, &scale)) c->rest[rest++] = k;
    }
    return rest;
}

const struct mr_convert_kernels mr_convert_ref = {
    MR_ISA_REF, {strings, booleans, ints, longs, doubles, decimals, dates, times, numbers}};

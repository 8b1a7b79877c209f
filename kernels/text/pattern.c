#include "kernels/text/pattern.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

enum { MONTHS = 12, SHORT_NAME = 3, YEAR_DIGITS = 6 };

/* -- compile ------------------------------------------------------------------------------- */

/* How often a letter may be repeated. */
static uint8_t letter_width_max(char letter)
{
    switch (letter) {
    case 'y':
    case 'u': return 6;
    case 'M': return 4;
    case 'd':
    case 'H':
    case 'h':
    case 'm':
    case 's':
    case 'V': return 2;
    case 'S': return 9;
    case 'a': return 1;
    case 'X':
    case 'x':
    case 'Z': return 5;
    case 'z': return 4;
    default: return 0;
    }
}

struct compiler {
    struct mr_pattern *pattern;
    struct mr_span text;
    size_t at;
    uint32_t literal_bytes;
    int32_t open; /* step of the open '[', -1 = none */
    struct mr_err *err;
};

static mr_status compile_step(struct compiler *c, char letter, size_t width, size_t off)
{
    if (c->pattern->count == MR_PATTERN_STEPS_MAX) {
        return mr_err_set(c->err, MR_E_LIMIT, 0, "the datetime pattern has more than %d parts",
                          MR_PATTERN_STEPS_MAX);
    }
    c->pattern->steps[c->pattern->count++] =
        (struct mr_pattern_step){letter, (uint8_t)width, (uint8_t)off};
    return MR_OK;
}

static mr_status compile_literal(struct compiler *c, const char *text, size_t bytes)
{
    if (bytes > MR_PATTERN_TEXT_MAX - c->literal_bytes) {
        return mr_err_set(c->err, MR_E_LIMIT, 0,
                          "the datetime pattern has more than %d characters of literal text",
                          MR_PATTERN_TEXT_MAX);
    }
    memcpy(c->pattern->literals + c->literal_bytes, text, bytes);
    c->literal_bytes += (uint32_t)bytes;
    return compile_step(c, '\'', bytes, c->literal_bytes - bytes);
}

static mr_status compile_quoted(struct compiler *c)
{
    const char *text = c->text.text;
    size_t first = ++c->at;
    if (first < c->text.bytes && text[first] == '\'') {
        c->at++;
        return compile_literal(c, "'", 1);
    }
    while (c->at < c->text.bytes) {
        if (text[c->at++] != '\'') continue;
        MR_TRY(compile_literal(c, text + first, c->at - 1 - first));
        if (c->at == c->text.bytes || text[c->at] != '\'') return MR_OK;
        first = c->at++; /* a doubled quote: goes on with the second as text */
    }
    return mr_err_set(c->err, MR_E_INVALID, 0,
                      "the datetime pattern \"%.*s\" has a quote that is not closed",
                      (int)c->text.bytes, text);
}

static mr_status compile_bracket(struct compiler *c, char bracket)
{
    bool is_open = bracket == '[';
    c->at++;
    if (is_open ? c->open >= 0 : c->open < 0) {
        return mr_err_set(c->err, MR_E_INVALID, 0,
                          "the datetime pattern \"%.*s\" has a '%c' without its counterpart, or "
                          "nests optional parts",
                          (int)c->text.bytes, c->text.text, bracket);
    }
    if (!is_open) c->pattern->steps[c->open].off = (uint8_t)c->pattern->count;
    c->open = is_open ? (int32_t)c->pattern->count : -1;
    return compile_step(c, bracket, 1, 0);
}

static mr_status compile_letters(struct compiler *c, char letter)
{
    size_t first = c->at;
    while (c->at < c->text.bytes && c->text.text[c->at] == letter) c->at++;
    uint8_t most = letter_width_max(letter);
    if (c->at - first <= most) return compile_step(c, letter, c->at - first, 0);
    (void)mr_err_set(c->err, MR_E_INVALID, 0,
                     most == 0 ? "the letter '%c' of the datetime pattern \"%.*s\" is not supported"
                               : "too many letters '%c' in the datetime pattern \"%.*s\"",
                     letter, (int)c->text.bytes, c->text.text);
    mr_err_help(c->err, "letters are y u M d H h m s S a X x Z z V; quote literal text as in 'T'");
    return MR_E_INVALID;
}

mr_status mr_pattern_compile(struct mr_pattern *pattern, struct mr_span text, struct mr_err *err)
{
    struct mr_pattern compiled = {0};
    struct compiler c = {.pattern = &compiled, .text = text, .open = -1, .err = err};
    while (c.at < text.bytes) {
        char next = text.text[c.at];
        if (next == '\'') {
            MR_TRY(compile_quoted(&c));
        } else if (next == '[' || next == ']') {
            MR_TRY(compile_bracket(&c, next));
        } else if ((next | 32) >= 'a' && (next | 32) <= 'z') {
            MR_TRY(compile_letters(&c, next));
        } else {
            MR_TRY(compile_literal(&c, text.text + c.at++, 1));
        }
    }
    if (c.open >= 0) {
        return mr_err_set(err, MR_E_INVALID, 0,
                          "the datetime pattern \"%.*s\" has a '[' that is not closed",
                          (int)text.bytes, text.text);
    }
    *pattern = compiled;
    return MR_OK;
}

/* -- parse --------------------------------------------------------------------------------- */

struct parts {
    const char *at;
    const char *end;
    int64_t year, month, day, hour, half_hour, minute, second, us;
    int half; /* 0 = a.m., 1 = p.m., -1 = none */
    bool has_half_hour;
    bool has_offset;
    int32_t offset_s;
};

static bool read_digits(struct parts *p, int least, int most, int64_t *out)
{
    int64_t value = 0;
    int count = 0;
    for (; count < most && p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++, count++) {
        value = value * 10 + (*p->at - '0');
    }
    *out = value;
    return count >= least;
}

static bool read_year(struct parts *p, int width)
{
    if (width == 2) {
        if (!read_digits(p, 2, 2, &p->year)) return false;
        p->year += 2000;
        return true;
    }
    bool is_negative = p->at < p->end && *p->at == '-';
    bool is_positive = p->at < p->end && *p->at == '+';
    p->at += is_negative || is_positive;
    int most = is_positive || is_negative || width == 1 ? YEAR_DIGITS : width;
    if (!read_digits(p, width, most, &p->year)) return false;
    if (is_negative) p->year = -p->year;
    return true;
}

static bool read_month(struct parts *p, int width)
{
    if (width < 3) return read_digits(p, width, 2, &p->month);
    for (int i = 0; i < MONTHS; i++) {
        size_t bytes = width == 3 ? SHORT_NAME : strlen(month_names[i]);
        if ((size_t)(p->end - p->at) < bytes) continue;
        if (strncasecmp(p->at, month_names[i], bytes) != 0) continue;
        p->at += bytes;
        p->month = i + 1;
        return true;
    }
    return false;
}

static bool read_fraction(struct parts *p)
{
    int64_t nanos = 0;
    int count = 0;
    for (; count < 9 && p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++, count++) {
        nanos = nanos * 10 + (*p->at - '0');
    }
    for (int i = count; i < 9; i++) nanos *= 10;
    p->us = nanos / 1000;
    return count > 0;
}

static bool read_half(struct parts *p)
{
    if (p->end - p->at < 2) return false;
    if (strncasecmp(p->at, "am", 2) != 0 && strncasecmp(p->at, "pm", 2) != 0) return false;
    p->half = (*p->at | 32) == 'p';
    p->at += 2;
    return true;
}

/* read_zone: the longest text from here on that is an offset, of the characters it may have. */
static bool read_zone(struct parts *p, bool allow_names, bool allow_z)
{
    size_t most = 0;
    while (p->at + most < p->end && strchr("+-:0123456789ZUTCGM", p->at[most]) != NULL &&
           p->at[most] != '\0') {
        most++;
    }
    for (size_t bytes = most; bytes > 0; bytes--) {
        bool is_name = p->at[0] == 'U' || p->at[0] == 'G';
        if ((is_name && !allow_names) || (p->at[0] == 'Z' && !allow_z)) return false;
        if (!mr_zone_offset_parse(p->at, bytes, &p->offset_s)) continue;
        p->at += bytes;
        p->has_offset = true;
        return true;
    }
    return false;
}

static bool read_literal(struct parts *p, const char *text, size_t bytes)
{
    if ((size_t)(p->end - p->at) < bytes || memcmp(p->at, text, bytes) != 0) return false;
    p->at += bytes;
    return true;
}

static bool read_step(struct parts *p, const struct mr_pattern *pattern,
                      const struct mr_pattern_step *step)
{
    int width = step->width;
    switch (step->letter) {
    case '\'': return read_literal(p, pattern->literals + step->off, step->width);
    case 'y':
    case 'u': return read_year(p, width);
    case 'M': return read_month(p, width);
    case 'd': return read_digits(p, width, 2, &p->day);
    case 'H': return read_digits(p, width, 2, &p->hour);
    case 'h': p->has_half_hour = true; return read_digits(p, width, 2, &p->half_hour);
    case 'm': return read_digits(p, width, 2, &p->minute);
    case 's': return read_digits(p, width, 2, &p->second);
    case 'S': return read_fraction(p);
    case 'a': return read_half(p);
    case 'X': return read_zone(p, false, true);
    case 'x': return read_zone(p, false, false);
    case 'Z': return read_zone(p, width == 4, width == 5);
    case 'z':
    case 'V': return read_zone(p, true, true);
    default: return true; /* the brackets themselves */
    }
}

static bool read_steps(struct parts *p, const struct mr_pattern *pattern)
{
    struct parts before = *p;
    int32_t optional_end = -1;
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct mr_pattern_step *step = &pattern->steps[i];
        if (step->letter == '[') {
            before = *p;
            optional_end = step->off;
        }
        if (step->letter == ']') optional_end = -1;
        if (read_step(p, pattern, step)) continue;
        if (optional_end < 0) return false;
        *p = before;
        i = (uint32_t)optional_end;
        optional_end = -1;
    }
    return p->at == p->end;
}

static bool parts_time(struct parts *p, int64_t *out_us)
{
    if (p->has_half_hour) {
        if (p->half_hour < 1 || p->half_hour > 12) return false;
        p->hour = p->half_hour % 12 + (p->half == 1 ? 12 : 0);
    }
    if (p->month < 1 || p->month > 12 || p->day < 1 || p->hour > 23 || p->minute > 59 ||
        p->second > 59) {
        return false;
    }
    if (p->day > mr_days_in_month(p->year, (int32_t)p->month)) return false;
    int64_t days = mr_days_of_civil(p->year, (int32_t)p->month, (int32_t)p->day);
    int64_t us = ((p->hour * 60 + p->minute) * 60 + p->second) * MR_US_PER_S + p->us;
    return !__builtin_mul_overflow(days, MR_US_PER_DAY, &days) &&
           !__builtin_add_overflow(days, us, out_us);
}

mr_parse mr_pattern_parse(const struct mr_pattern *pattern, const char *text, size_t bytes,
                          struct mr_pattern_time *out)
{
    struct parts p = {
        .at = text, .end = text + bytes, .year = 1970, .month = 1, .day = 1, .half = -1};
    int64_t local_us;
    if (!read_steps(&p, pattern) || !parts_time(&p, &local_us)) return MR_PARSE_SYNTAX;
    *out = (struct mr_pattern_time){local_us, p.has_offset, p.offset_s};
    return MR_PARSE_OK;
}

mr_parse mr_pattern_parse_utc(const struct mr_pattern *pattern, const char *text, size_t bytes,
                              const struct mr_zone *zone, int64_t *out_us)
{
    struct mr_pattern_time time;
    mr_parse status = mr_pattern_parse(pattern, text, bytes, &time);
    if (status != MR_PARSE_OK) return status;
    bool is_in = time.has_offset
                     ? !__builtin_sub_overflow(time.local_us, time.offset_s * MR_US_PER_S, out_us)
                     : mr_zone_to_utc(zone, time.local_us, out_us);
    return is_in ? MR_PARSE_OK : MR_PARSE_OVERFLOW;
}

/* -- format -------------------------------------------------------------------------------- */

struct clock {
    struct mr_civil date;
    int hour, minute, second;
    int64_t us;
};

static size_t put_offset(int32_t offset_s, char letter, int width, char *out, size_t room)
{
    char sign = offset_s < 0 ? '-' : '+';
    int size = offset_s < 0 ? -offset_s : offset_s;
    int hours = size / 3600, minutes = size / 60 % 60;
    bool has_z = letter == 'X' || letter == 'z' || letter == 'V' || (letter == 'Z' && width == 5);
    if (offset_s == 0 && has_z) return (size_t)snprintf(out, room, "Z");
    if (letter == 'Z' && width == 4 && offset_s == 0) return (size_t)snprintf(out, room, "GMT");
    if (letter == 'Z' && width < 4) width = 2;
    if ((letter == 'X' || letter == 'x') && width == 1 && minutes == 0) {
        return (size_t)snprintf(out, room, "%c%02d", sign, hours);
    }
    bool has_colon = !((letter == 'X' || letter == 'x' || letter == 'Z') && width <= 2);
    const char *prefix = letter == 'Z' && width == 4 ? "GMT" : "";
    return (size_t)snprintf(out, room, "%s%c%02d%s%02d", prefix, sign, hours, has_colon ? ":" : "",
                            minutes);
}

static size_t put_year(int64_t year, int width, char *out, size_t room)
{
    if (width == 2) return (size_t)snprintf(out, room, "%02d", (int)mr_floor_mod(year, 100));
    const char *sign = year < 0 ? "-" : year > 9999 && width >= 4 ? "+" : "";
    return (size_t)snprintf(out, room, "%s%0*lld", sign, width,
                            (long long)(year < 0 ? -year : year));
}

static size_t put_step(const struct clock *c, const struct mr_pattern *pattern,
                       const struct mr_pattern_step *step, int32_t offset_s, char *out, size_t room)
{
    int width = step->width;
    char fraction[10];
    switch (step->letter) {
    case '\'': return (size_t)snprintf(out, room, "%.*s", width, pattern->literals + step->off);
    case 'y':
    case 'u': return put_year(c->date.year, width, out, room);
    case 'M':
        if (width < 3) return (size_t)snprintf(out, room, "%0*d", width, c->date.month);
        return (size_t)snprintf(out, room, "%.*s", width == 3 ? SHORT_NAME : 9,
                                month_names[c->date.month - 1]);
    case 'd': return (size_t)snprintf(out, room, "%0*d", width, c->date.day);
    case 'H': return (size_t)snprintf(out, room, "%0*d", width, c->hour);
    case 'h': return (size_t)snprintf(out, room, "%0*d", width, (c->hour + 11) % 12 + 1);
    case 'm': return (size_t)snprintf(out, room, "%0*d", width, c->minute);
    case 's': return (size_t)snprintf(out, room, "%0*d", width, c->second);
    case 'S':
        (void)snprintf(fraction, sizeof fraction, "%09d", (int)(c->us * 1000));
        return (size_t)snprintf(out, room, "%.*s", width, fraction);
    case 'a': return (size_t)snprintf(out, room, "%s", c->hour < 12 ? "AM" : "PM");
    case '[':
    case ']': return 0;
    default: return put_offset(offset_s, step->letter, width, out, room);
    }
}

size_t mr_pattern_format(const struct mr_pattern *pattern, const struct mr_pattern_time *time,
                         char *out, size_t room)
{
    int64_t of_day = mr_floor_mod(time->local_us, MR_US_PER_DAY);
    int second = (int)(of_day / MR_US_PER_S);
    struct clock clock = {mr_civil_of_days(mr_floor_div(time->local_us, MR_US_PER_DAY)),
                          second / 3600, second / 60 % 60, second % 60, of_day % MR_US_PER_S};
    size_t used = 0;
    for (uint32_t i = 0; i < pattern->count; i++) {
        used += put_step(&clock, pattern, &pattern->steps[i], time->has_offset ? time->offset_s : 0,
                         out + used, room - used);
        if (used >= room) return 0;
    }
    return used;
}

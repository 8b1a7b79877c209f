#include "core/expr/interval.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"

/* unit_us: length of a unit of spans. */
static uint64_t unit_us(unsigned unit)
{
    switch (unit) {
    case MR_UNIT_DAY: return (uint64_t)MR_US_PER_DAY;
    case MR_UNIT_HOUR: return 3600 * (uint64_t)MR_US_PER_S;
    case MR_UNIT_MINUTE: return 60 * (uint64_t)MR_US_PER_S;
    default: return (uint64_t)MR_US_PER_S;
    }
}

static void put_name(char *out, size_t *used, unsigned unit)
{
    for (const char *c = mr_unit_name(unit); *c != '\0'; c++) {
        out[(*used)++] = (char)toupper((unsigned char)*c);
    }
}

/* put_span: the units from first to last; the first is as large as it has to be. */
static size_t put_span(const struct mr_type *type, uint64_t us, char *out, size_t room)
{
    size_t used = 0;
    for (unsigned unit = type->precision; unit <= type->scale; unit++) {
        bool is_first = unit == type->precision;
        uint64_t count = us / unit_us(unit);
        const char *between = is_first ? "" : unit == MR_UNIT_HOUR ? " " : ":";
        int digits = is_first && unit == MR_UNIT_DAY ? 1 : 2;
        us %= unit_us(unit);
        used += (size_t)snprintf(out + used, room - used, "%s%0*llu", between, digits,
                                 (unsigned long long)count);
    }
    if (type->scale != MR_UNIT_SECOND || us == 0) return used;
    used += (size_t)snprintf(out + used, room - used, ".%06llu", (unsigned long long)us);
    while (out[used - 1] == '0') used--;
    return used;
}

size_t mr_interval_format(const struct mr_type *type, int64_t value, char *out)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t used = (size_t)snprintf(out, MR_INTERVAL_TEXT_MAX, "INTERVAL '%s", value < 0 ? "-" : "");
    size_t room = MR_INTERVAL_TEXT_MAX - used;
    if (type->id == MR_TYPE_SPAN) {
        used += put_span(type, size, out + used, room);
    } else if (type->precision == MR_UNIT_MONTH) {
        used += (size_t)snprintf(out + used, room, "%llu", (unsigned long long)size);
    } else if (type->scale == MR_UNIT_YEAR) {
        used += (size_t)snprintf(out + used, room, "%llu", (unsigned long long)(size / 12));
    } else {
        used += (size_t)snprintf(out + used, room, "%llu-%llu", (unsigned long long)(size / 12),
                                 (unsigned long long)(size % 12));
    }
    out[used++] = '\'';
    out[used++] = ' ';
    put_name(out, &used, type->precision);
    if (type->precision == type->scale) return used;
    memcpy(out + used, " TO ", 4);
    used += 4;
    put_name(out, &used, type->scale);
    return used;
}

int64_t mr_interval_cut(const struct mr_type *type, int64_t value)
{
    if (type->id == MR_TYPE_MONTHS) return type->scale == MR_UNIT_YEAR ? value / 12 * 12 : value;
    if (type->scale == MR_UNIT_SECOND) return value;
    int64_t unit = (int64_t)unit_us(type->scale);
    return value / unit * unit;
}

/* unwrap: what stands between the quotes of INTERVAL '..' UNIT [TO UNIT], or the whole text. The
 * sign may stand before the quotes. */
static bool unwrap(const struct mr_type *type, struct mr_span *text, bool *is_negative)
{
    static const char word[] = "interval";
    char units[40];
    *is_negative = false;
    *text = mr_span_trim(*text);
    if (text->bytes < sizeof word || strncasecmp(text->text, word, sizeof word - 1) != 0) {
        return true;
    }
    *text = mr_span_trim((struct mr_span){text->text + sizeof word - 1,
                                          text->bytes - (sizeof word - 1)});
    if (text->bytes > 0 && (*text->text == '-' || *text->text == '+')) {
        *is_negative = *text->text == '-';
        *text = (struct mr_span){text->text + 1, text->bytes - 1};
    }
    const char *end = text->bytes < 2 || *text->text != '\''
                          ? NULL
                          : memchr(text->text + 1, '\'', text->bytes - 1);
    if (end == NULL) return false;
    struct mr_span rest = {end + 1, text->bytes - (size_t)(end + 1 - text->text)};
    (void)snprintf(units, sizeof units, "%s%s%s", mr_unit_name(type->precision),
                   type->precision == type->scale ? "" : " to ",
                   type->precision == type->scale ? "" : mr_unit_name(type->scale));
    *text = (struct mr_span){text->text + 1, (size_t)(end - text->text) - 1};
    return mr_span_ieq(mr_span_trim(rest), mr_span_of(units));
}

/* take_count: digits at *at; false when there are none or too many. */
static bool take_count(struct mr_span text, size_t *at, uint64_t *out)
{
    size_t from = *at;
    *out = 0;
    while (*at < text.bytes && isdigit((unsigned char)text.text[*at])) {
        if (*at - from >= 12) return false;
        *out = *out * 10 + (uint64_t)(text.text[(*at)++] - '0');
    }
    return *at > from;
}

/* take_fraction: up to nine digits behind a point, six of which count. */
static bool take_fraction(struct mr_span text, size_t *at, uint64_t *out_us)
{
    uint64_t place = 100000;
    size_t from = ++*at;
    for (; *at < text.bytes && isdigit((unsigned char)text.text[*at]); place /= 10) {
        *out_us += place * (uint64_t)(text.text[(*at)++] - '0');
    }
    return *at > from && *at - from <= 9;
}

static bool take_span(const struct mr_type *type, struct mr_span text, uint64_t *out_us)
{
    size_t at = 0;
    *out_us = 0;
    for (unsigned unit = type->precision; unit <= type->scale; unit++) {
        uint64_t count, more;
        if (unit > type->precision) {
            char between = unit == MR_UNIT_HOUR ? ' ' : ':';
            if (at >= text.bytes || text.text[at++] != between) return false;
        }
        if (!take_count(text, &at, &count)) return false;
        bool is_bound = unit > type->precision;
        if (is_bound && count >= (unit == MR_UNIT_HOUR ? 24u : 60u)) return false;
        if (__builtin_mul_overflow(count, unit_us(unit), &more) ||
            __builtin_add_overflow(*out_us, more, out_us)) {
            return false;
        }
    }
    if (type->scale == MR_UNIT_SECOND && at < text.bytes && text.text[at] == '.') {
        if (!take_fraction(text, &at, out_us)) return false;
    }
    return at == text.bytes && *out_us <= INT64_MAX;
}

static bool take_months(const struct mr_type *type, struct mr_span text, uint64_t *out_months)
{
    size_t at = 0;
    uint64_t months = 0;
    if (!take_count(text, &at, out_months)) return false;
    if (type->precision == MR_UNIT_YEAR) *out_months *= 12;
    if (type->precision != type->scale) {
        if (at >= text.bytes || text.text[at++] != '-' || !take_count(text, &at, &months) ||
            months > 11) {
            return false;
        }
        *out_months += months;
    }
    return at == text.bytes && *out_months <= INT32_MAX;
}

bool mr_interval_parse(const struct mr_type *type, struct mr_span text, int64_t *out_value)
{
    bool is_negative;
    uint64_t size;
    if (!unwrap(type, &text, &is_negative)) return false;
    text = mr_span_trim(text);
    if (text.bytes > 0 && (*text.text == '-' || *text.text == '+')) {
        is_negative = is_negative != (*text.text == '-');
        text = (struct mr_span){text.text + 1, text.bytes - 1};
    }
    bool is_span = type->id == MR_TYPE_SPAN;
    if (!(is_span ? take_span(type, text, &size) : take_months(type, text, &size))) return false;
    *out_value = is_negative ? -(int64_t)size : (int64_t)size;
    return true;
}

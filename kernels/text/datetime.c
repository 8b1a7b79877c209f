#include "kernels/text/datetime.h"

#include "core/base/calendar.h"
#include "core/base/checked.h"

enum { DATE_YEAR_DIGITS = 7, TIMESTAMP_YEAR_DIGITS = 6, FRACTION_DIGITS = 6 };

struct cursor {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct cursor cursor_trimmed(const char *text, size_t bytes)
{
    struct cursor in = {text, text + bytes};
    while (in.at < in.end && is_blank(*in.at)) in.at++;
    while (in.end > in.at && is_blank(in.end[-1])) in.end--;
    return in;
}

static bool take(struct cursor *in, char c)
{
    if (in->at == in->end || *in->at != c) return false;
    in->at++;
    return true;
}

/* take_digits: a run of least..most digits. */
static bool take_digits(struct cursor *in, int least, int most, int64_t *out)
{
    int64_t value = 0;
    int count = 0;
    for (; in->at < in->end && is_digit(*in->at); in->at++) {
        if (++count > most) return false;
        value = value * 10 + (*in->at - '0');
    }
    *out = value;
    return count >= least;
}

/* take_date: [+-]y[-m[-d]]; *out_parts says how many of the three were there. */
static bool take_date(struct cursor *in, int year_digits, int64_t *out_days, int *out_parts)
{
    int64_t part[3] = {0, 1, 1};
    int parts = 1;
    bool is_negative = take(in, '-');
    if (!is_negative) (void)take(in, '+');
    if (!take_digits(in, 4, year_digits, &part[0])) return false;
    while (parts < 3 && take(in, '-')) {
        if (!take_digits(in, 1, 2, &part[parts])) return false;
        parts++;
    }
    int64_t year = is_negative ? -part[0] : part[0];
    if (part[1] < 1 || part[1] > 12 || part[2] < 1) return false;
    if (part[2] > mr_days_in_month(year, (int32_t)part[1])) return false;
    *out_days = mr_days_of_civil(year, (int32_t)part[1], (int32_t)part[2]);
    *out_parts = parts;
    return true;
}

mr_parse mr_date_parse(const char *text, size_t bytes, int32_t *out_days)
{
    struct cursor in = cursor_trimmed(text, bytes);
    int64_t days;
    int parts;
    if (!take_date(&in, DATE_YEAR_DIGITS, &days, &parts)) return MR_PARSE_SYNTAX;
    if (in.at < in.end && (parts < 3 || (*in.at != 'T' && *in.at != ' '))) return MR_PARSE_SYNTAX;
    if (days < INT32_MIN || days > INT32_MAX) return MR_PARSE_OVERFLOW;
    *out_days = (int32_t)days;
    return MR_PARSE_OK;
}

static int64_t take_fraction(struct cursor *in)
{
    int64_t us = 0;
    int count = 0;
    for (; in->at < in->end && is_digit(*in->at); in->at++) {
        if (count == FRACTION_DIGITS) continue;
        us = us * 10 + (*in->at - '0');
        count++;
    }
    for (; count < FRACTION_DIGITS; count++) us *= 10;
    return us;
}

static bool take_time(struct cursor *in, int64_t *out_us)
{
    int64_t hour, minute = 0, second = 0, fraction = 0;
    if (!take_digits(in, 1, 2, &hour)) return false;
    if (take(in, ':')) {
        if (!take_digits(in, 1, 2, &minute)) return false;
        if (take(in, ':')) {
            if (!take_digits(in, 1, 2, &second)) return false;
            if (take(in, '.')) fraction = take_fraction(in);
        }
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    *out_us = ((hour * 60 + minute) * 60 + second) * MR_US_PER_S + fraction;
    return true;
}

mr_parse mr_timestamp_scan(const char *text, size_t bytes, struct mr_timestamp_scan *out)
{
    struct cursor in = cursor_trimmed(text, bytes);
    struct mr_timestamp_scan found = {0};
    int64_t days, of_day = 0;
    int parts;
    if (!take_date(&in, TIMESTAMP_YEAR_DIGITS, &days, &parts)) return MR_PARSE_SYNTAX;
    if (in.at < in.end) {
        if (parts < 3 || (!take(&in, 'T') && !take(&in, ' '))) return MR_PARSE_SYNTAX;
        if (!take_time(&in, &of_day)) return MR_PARSE_SYNTAX;
        struct cursor zone = cursor_trimmed(in.at, (size_t)(in.end - in.at));
        size_t zone_bytes = (size_t)(zone.end - zone.at);
        if (zone_bytes > 0 && mr_zone_offset_parse(zone.at, zone_bytes, &found.offset_s)) {
            found.has_offset = true;
        } else if (zone_bytes > 0) {
            found.region = zone.at;
            found.region_bytes = zone_bytes;
        }
    }
    if (__builtin_mul_overflow(days, MR_US_PER_DAY, &found.local_us) ||
        __builtin_add_overflow(found.local_us, of_day, &found.local_us)) {
        return MR_PARSE_OVERFLOW;
    }
    *out = found;
    return MR_PARSE_OK;
}

mr_parse mr_timestamp_parse(const char *text, size_t bytes, const struct mr_zone *zone,
                            int64_t *out_us)
{
    struct mr_timestamp_scan scan;
    mr_parse status = mr_timestamp_scan(text, bytes, &scan);
    if (status != MR_PARSE_OK) return status;
    if (scan.region != NULL) return MR_PARSE_SYNTAX;
    if (!scan.has_offset) {
        return mr_zone_to_utc(zone, scan.local_us, out_us) ? MR_PARSE_OK : MR_PARSE_OVERFLOW;
    }
    int64_t us;
    if (__builtin_sub_overflow(scan.local_us, scan.offset_s * MR_US_PER_S, &us)) {
        return MR_PARSE_OVERFLOW;
    }
    *out_us = us;
    return MR_PARSE_OK;
}

mr_parse mr_timestamp_ntz_parse(const char *text, size_t bytes, bool allow_zone, int64_t *out_us)
{
    struct mr_timestamp_scan scan;
    mr_parse status = mr_timestamp_scan(text, bytes, &scan);
    if (status != MR_PARSE_OK) return status;
    if (!allow_zone && (scan.has_offset || scan.region != NULL)) return MR_PARSE_SYNTAX;
    *out_us = scan.local_us;
    return MR_PARSE_OK;
}

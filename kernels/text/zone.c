#include "kernels/text/zone.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"

enum {
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    RULE_DEFAULT_TIME_S = 2 * 3600, /* POSIX: a change without a time is at 02:00 */
    DAY_S = 86400,
};

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t load_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)load_u32(at) << 32 | load_u32(at + 4));
}

struct mr_zone mr_zone_fixed(int32_t offset_s)
{
    return (struct mr_zone){.first_offset_s = offset_s};
}

/* Sizes of one TZif header. */
struct counts {
    uint32_t is_ut, is_std, leap, time, type, name;
};

static struct counts counts_read(const uint8_t *header)
{
    return (struct counts){load_u32(header + 20), load_u32(header + 24), load_u32(header + 28),
                           load_u32(header + 32), load_u32(header + 36), load_u32(header + 40)};
}

static uint64_t counts_bytes(const struct counts *c, uint64_t time_bytes)
{
    return c->time * (time_bytes + 1) + c->type * (uint64_t)TYPE_BYTES + c->name +
           c->leap * (time_bytes + 4) + c->is_std + c->is_ut;
}

/* -- the TZ rule in the footer ------------------------------------------------------------- */

struct rule {
    const char *at;
    const char *end;
};

static bool rule_peek(const struct rule *in, char c)
{
    return in->at < in->end && *in->at == c;
}

static bool rule_number(struct rule *in, int32_t most, int32_t *out)
{
    int32_t value = 0;
    const char *first = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        value = value * 10 + (*in->at++ - '0');
        if (value > most) return false;
    }
    *out = value;
    return in->at > first;
}

static bool rule_name(struct rule *in)
{
    const char *first = in->at;
    if (rule_peek(in, '<')) {
        while (in->at < in->end && *in->at != '>') in->at++;
        if (in->at == in->end) return false;
        in->at++;
        return true;
    }
    while (in->at < in->end && ((*in->at | 32) >= 'a' && (*in->at | 32) <= 'z')) in->at++;
    return in->at - first >= 3;
}

/* rule_time: [+-]hh[:mm[:ss]] in seconds. */
static bool rule_time(struct rule *in, int32_t *out_s)
{
    int32_t part[3] = {0};
    int32_t sign = rule_peek(in, '-') ? -1 : 1;
    if (rule_peek(in, '-') || rule_peek(in, '+')) in->at++;
    if (!rule_number(in, 167, &part[0])) return false;
    for (int i = 1; i < 3 && rule_peek(in, ':'); i++) {
        in->at++;
        if (!rule_number(in, 59, &part[i])) return false;
    }
    *out_s = sign * ((part[0] * 60 + part[1]) * 60 + part[2]);
    return true;
}

static bool rule_month_day(struct rule *in, struct mr_zone_change *change)
{
    int32_t *parts[] = {&change->month, &change->week, &change->day};
    static const int32_t most[] = {12, 5, 6};
    in->at++;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !rule_peek(in, '.')) return false;
        if (i > 0) in->at++;
        if (!rule_number(in, most[i], parts[i])) return false;
    }
    return change->month >= 1 && change->week >= 1;
}

static bool rule_change(struct rule *in, struct mr_zone_change *out)
{
    struct mr_zone_change change = {.kind = '0', .time_s = RULE_DEFAULT_TIME_S};
    if (!rule_peek(in, ',')) return false;
    in->at++;
    if (rule_peek(in, 'M')) {
        change.kind = 'M';
        if (!rule_month_day(in, &change)) return false;
    } else {
        if (rule_peek(in, 'J')) change.kind = *in->at++;
        if (!rule_number(in, 365, &change.day)) return false;
        if (change.kind == 'J' && change.day == 0) return false;
    }
    if (rule_peek(in, '/')) {
        in->at++;
        if (!rule_time(in, &change.time_s)) return false;
    }
    *out = change;
    return true;
}

/* rule_read: "EST5EDT,M3.2.0,M11.1.0"; POSIX offsets count west of Greenwich. */
static bool rule_read(struct rule in, struct mr_zone *zone)
{
    int32_t west;
    if (in.at == in.end) return true;
    if (!rule_name(&in) || !rule_time(&in, &west)) return false;
    zone->has_rule = true;
    zone->standard_s = -west;
    if (in.at == in.end) return true;
    if (!rule_name(&in)) return false;
    zone->summer_s = zone->standard_s + 3600;
    if (!rule_peek(&in, ',')) {
        if (!rule_time(&in, &west)) return false;
        zone->summer_s = -west;
    }
    zone->has_summer = true;
    return rule_change(&in, &zone->to_summer) && rule_change(&in, &zone->to_standard) &&
           in.at == in.end;
}

static bool zone_parts_check(const struct mr_zone *zone)
{
    if (zone->type_count == 0) return false;
    for (uint32_t i = 0; i < zone->time_count; i++) {
        if (zone->indexes[i] >= zone->type_count) return false;
        if (i > 0 && load_i64(zone->times + 8 * (i - 1)) >= load_i64(zone->times + 8 * i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < zone->type_count; i++) {
        int32_t offset = (int32_t)load_u32(zone->types + (size_t)i * TYPE_BYTES);
        if (offset < -26 * 3600 || offset > 26 * 3600) return false;
    }
    return true;
}

static bool zone_read(struct mr_zone *zone, const uint8_t *tzif, size_t bytes)
{
    if (bytes < HEADER_BYTES || memcmp(tzif, "TZif", 4) != 0 || tzif[4] < '2') return false;
    struct counts first = counts_read(tzif);
    uint64_t at = HEADER_BYTES + counts_bytes(&first, 4);
    if (at + HEADER_BYTES > bytes || memcmp(tzif + at, "TZif", 4) != 0) return false;
    struct counts second = counts_read(tzif + at);
    at += HEADER_BYTES;
    uint64_t footer = at + counts_bytes(&second, 8);
    if (footer + 2 > bytes || tzif[footer] != '\n' || tzif[bytes - 1] != '\n') return false;
    *zone = (struct mr_zone){.time_count = second.time,
                             .type_count = second.type,
                             .times = tzif + at,
                             .indexes = tzif + at + second.time * UINT64_C(8),
                             .types = tzif + at + second.time * UINT64_C(9)};
    if (!zone_parts_check(zone)) return false;
    zone->first_offset_s = (int32_t)load_u32(zone->types);
    return rule_read((struct rule){(const char *)tzif + footer + 1, (const char *)tzif + bytes - 1},
                     zone);
}

mr_status mr_zone_read(struct mr_zone *zone, const uint8_t *tzif, size_t bytes, struct mr_err *err)
{
    struct mr_zone found;
    if (!zone_read(&found, tzif, bytes)) {
        return mr_err_set(err, MR_E_CORRUPT, 0,
                          "the time zone file is not TZif version 2 or above (RFC 8536)");
    }
    *zone = found;
    return MR_OK;
}

/* -- offsets ------------------------------------------------------------------------------- */

static int32_t type_offset(const struct mr_zone *zone, uint32_t time_index)
{
    return (int32_t)load_u32(zone->types + (size_t)zone->indexes[time_index] * TYPE_BYTES);
}

/* change_day: the day since 1970-01-01 on which a yearly change falls. */
static int64_t change_day(const struct mr_zone_change *change, int64_t year)
{
    int64_t first = mr_days_of_civil(year, 1, 1);
    if (change->kind == '0') return first + change->day;
    if (change->kind == 'J') {
        return first + change->day - 1 + (mr_year_is_leap(year) && change->day >= 60);
    }
    int64_t day = mr_days_of_civil(year, change->month, 1);
    int64_t weekday = mr_floor_mod(day + 4, 7); /* 1970-01-01 was a Thursday */
    day += mr_floor_mod(change->day - weekday, 7) + 7 * (change->week - 1);
    int64_t last =
        mr_days_of_civil(year, change->month, 1) + mr_days_in_month(year, change->month) - 1;
    return day > last ? day - 7 : day;
}

/* A change of the offset: `at_s` in UTC. Local times before the later of its two local readings
 * still belong to `before_s`: that is java.time's rule for gaps and overlaps. */
struct change {
    int64_t at_s;
    int32_t before_s;
    int32_t after_s;
};

static bool change_applies(const struct change *change, int64_t second, bool is_local)
{
    if (!is_local) return second >= change->at_s;
    return second >= change->at_s + MR_MAX(change->before_s, change->after_s);
}

/* rule_offset: by the yearly rule. The year before is looked at too, since New Year's Eve in one
 * zone's local time is another year elsewhere. */
static int32_t rule_offset(const struct mr_zone *zone, int64_t second, bool is_local)
{
    if (!zone->has_summer) return zone->standard_s;
    int64_t year = mr_civil_of_days(mr_floor_div(second, DAY_S)).year;
    int32_t offset = zone->standard_s;
    int64_t newest = INT64_MIN;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        struct change on = {change_day(&zone->to_summer, y) * DAY_S + zone->to_summer.time_s -
                                zone->standard_s,
                            zone->standard_s, zone->summer_s};
        struct change off = {change_day(&zone->to_standard, y) * DAY_S + zone->to_standard.time_s -
                                 zone->summer_s,
                             zone->summer_s, zone->standard_s};
        const struct change *both[] = {&on, &off};
        for (int i = 0; i < 2; i++) {
            if (both[i]->at_s <= newest || !change_applies(both[i], second, is_local)) continue;
            newest = both[i]->at_s;
            offset = both[i]->after_s;
        }
    }
    return offset;
}

static int32_t zone_offset(const struct mr_zone *zone, int64_t second, bool is_local)
{
    if (zone == NULL) return 0;
    uint32_t low = 0, high = zone->time_count; /* changes below `low` apply, from `high` on not */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        struct change change = {load_i64(zone->times + 8 * (size_t)mid),
                                mid == 0 ? zone->first_offset_s : type_offset(zone, mid - 1),
                                type_offset(zone, mid)};
        if (change_applies(&change, second, is_local)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == zone->time_count && zone->has_rule) return rule_offset(zone, second, is_local);
    return low == 0 ? zone->first_offset_s : type_offset(zone, low - 1);
}

int32_t mr_zone_offset(const struct mr_zone *zone, int64_t utc_us)
{
    return zone_offset(zone, mr_floor_div(utc_us, MR_US_PER_S), false);
}

bool mr_zone_to_utc(const struct mr_zone *zone, int64_t local_us, int64_t *out_us)
{
    int64_t offset = zone_offset(zone, mr_floor_div(local_us, MR_US_PER_S), true);
    return !__builtin_sub_overflow(local_us, offset * MR_US_PER_S, out_us);
}

bool mr_zone_to_local(const struct mr_zone *zone, int64_t utc_us, int64_t *out_us)
{
    int64_t offset = mr_zone_offset(zone, utc_us);
    return !__builtin_add_overflow(utc_us, offset * MR_US_PER_S, out_us);
}

/* -- offsets as text ----------------------------------------------------------------------- */

/* offset_part: one or two digits, `least` of them at least. */
static bool offset_part(struct rule *in, int least, int32_t *out)
{
    int count = 0;
    *out = 0;
    for (; count < 2 && in->at < in->end && *in->at >= '0' && *in->at <= '9'; count++) {
        *out = *out * 10 + (*in->at++ - '0');
    }
    return count >= least;
}

/* offset_digits: h, hh, [h]h:[m]m, [h]h:mm:ss, hhmm or hhmmss. */
static bool offset_digits(const char *text, size_t bytes, int32_t part[3])
{
    struct rule in = {text, text + bytes};
    if (!offset_part(&in, 1, &part[0])) return false;
    bool has_colons = rule_peek(&in, ':');
    if (!has_colons && bytes > 2 && bytes != 4 && bytes != 6) return false;
    for (int i = 1; i < 3 && in.at < in.end; i++) {
        if (has_colons && !rule_peek(&in, ':')) return false;
        in.at += has_colons;
        if (!offset_part(&in, has_colons && i == 1 ? 1 : 2, &part[i])) return false;
    }
    return in.at == in.end;
}

bool mr_zone_offset_parse(const char *text, size_t bytes, int32_t *out_offset_s)
{
    static const char *const names[] = {"UTC", "GMT", "UT"};
    int32_t part[3] = {0};
    if (bytes == 1 && text[0] == 'Z') {
        *out_offset_s = 0;
        return true;
    }
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        size_t name_bytes = strlen(names[i]);
        if (bytes < name_bytes || memcmp(text, names[i], name_bytes) != 0) continue;
        text += name_bytes;
        bytes -= name_bytes;
        if (bytes == 0) *out_offset_s = 0;
        if (bytes == 0) return true;
        break;
    }
    if (bytes < 2 || (text[0] != '+' && text[0] != '-')) return false;
    if (!offset_digits(text + 1, bytes - 1, part) || part[1] > 59 || part[2] > 59) return false;
    int32_t offset = (part[0] * 60 + part[1]) * 60 + part[2];
    if (offset > MR_ZONE_OFFSET_MAX_S) return false;
    *out_offset_s = text[0] == '-' ? -offset : offset;
    return true;
}

/* Time zones: between local time and UTC.
 *
 * A zone is either a fixed offset or the contents of a TZif file of the system's database, which
 * the caller reads, keeps and passes by pointer; nothing is copied. After the last transition of
 * the file its POSIX rule goes on for ever. A null zone means UTC everywhere.
 *
 * Local times that do not exist or exist twice follow java.time (and so Spark): in a gap the clock
 * is moved forward by the gap's length, in an overlap the earlier offset is taken. Both come to
 * the same: the offset in force before the transition is used.
 *
 * Source: RFC 8536 (TZif version 2 and above; version 1 is refused), POSIX.1 TZ, java.time.zone. */
#ifndef MR_KERNELS_TEXT_ZONE_H
#define MR_KERNELS_TEXT_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum { MR_ZONE_OFFSET_MAX_S = 18 * 3600 };

/* When within a year the clock changes: day by month and weekday, Julian day or day from 0. */
struct mr_zone_change {
    char kind;      /* 'M', 'J' or '0' */
    int32_t month;  /* M: 1..12 */
    int32_t week;   /* M: 1..5, 5 = last */
    int32_t day;    /* M: weekday 0 = Sunday; J: 1..365 without leap day; 0: 0..365 */
    int32_t time_s; /* local time of day in force before, -167..167 hours */
};

struct mr_zone {
    uint32_t time_count;
    uint32_t type_count;
    const uint8_t *times;   /* time_count big-endian int64, ascending, seconds UTC */
    const uint8_t *indexes; /* time_count indexes of types */
    const uint8_t *types;   /* type_count * 6: big-endian int32 offset, is_dst, name */
    int32_t first_offset_s; /* before the first transition */
    bool has_rule;          /* the file ends in a TZ rule */
    bool has_summer;        /* the rule changes twice a year */
    int32_t standard_s;     /* offsets east of Greenwich */
    int32_t summer_s;
    struct mr_zone_change to_summer;
    struct mr_zone_change to_standard;
};

/* mr_zone_fixed: a constant offset, seconds east of Greenwich. */
struct mr_zone mr_zone_fixed(int32_t offset_s);

/* mr_zone_read: a zone over the bytes of a TZif file, borrowed for as long as the zone is used.
 * returns MR_E_CORRUPT when they are none */
MR_MUST_USE mr_status mr_zone_read(struct mr_zone *zone, const uint8_t *tzif, size_t bytes,
                                   struct mr_err *err);

/* mr_zone_offset_parse: Z, UTC, GMT, UT, +-h, +-hh, +-[h]h:[m]m, +-hhmm, +-[h]h:mm:ss, +-hhmmss,
 * and the three names followed by such an offset. True when the text is one of them. */
bool mr_zone_offset_parse(const char *text, size_t bytes, int32_t *out_offset_s);

/* mr_zone_offset: the offset in force at an instant, seconds east of Greenwich. */
int32_t mr_zone_offset(const struct mr_zone *zone, int64_t utc_us);

/* mr_zone_to_utc, mr_zone_to_local: microseconds; false when the result leaves 64 bits. */
bool mr_zone_to_utc(const struct mr_zone *zone, int64_t local_us, int64_t *out_us);
bool mr_zone_to_local(const struct mr_zone *zone, int64_t utc_us, int64_t *out_us);

#endif

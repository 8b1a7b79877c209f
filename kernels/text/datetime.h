/* Dates and timestamps from text by the rules of Spark's casts.
 *
 * Dates:      [+-]y-m-d with 4 to 7 year digits, month and day of one or two digits and optional
 *             from the right; after a full date a blank or T and anything else is ignored.
 * Timestamps: the same date with 4 to 6 year digits, then optionally a blank or T and
 *             h[:m[:s[.fraction]]] and a zone. Fractions are cut to microseconds, as many digits as
 *             they have. Zones: Z, UTC, GMT or UT, +-h, +-hh, +-hh:mm, +-hhmm, +-hh:mm:ss,
 *             +-hhmmss, and UTC, GMT, UT followed by such an offset, up to 18 hours.
 * Blanks around the whole are ignored.
 *
 * Deliberate differences from Spark: a zone may follow the minutes (ISO 8601 writes 10:00Z), and a
 * time without a date is refused, since a kernel knows no current day. Region names in the text
 * need a database, so mr_timestamp_scan hands the name out and the caller decides.
 *
 * Source: Spark 4 SparkDateTimeUtils.stringToDate, parseTimestampString. */
#ifndef MR_KERNELS_TEXT_DATETIME_H
#define MR_KERNELS_TEXT_DATETIME_H

#include "kernels/text/number.h"
#include "kernels/text/zone.h"

/* mr_date_parse: days since 1970-01-01. */
mr_parse mr_date_parse(const char *text, size_t bytes, int32_t *out_days);

/* mr_timestamp_parse: microseconds since 1970-01-01T00:00:00Z; text without a zone is local time
 * in `zone` (null = UTC). A region name in the text is MR_PARSE_SYNTAX. */
mr_parse mr_timestamp_parse(const char *text, size_t bytes, const struct mr_zone *zone,
                            int64_t *out_us);

/* mr_timestamp_ntz_parse: microseconds of the local time. A zone in the text is left out of account
 * when allow_zone (as CAST does), else MR_PARSE_SYNTAX (as the JSON reader does). */
mr_parse mr_timestamp_ntz_parse(const char *text, size_t bytes, bool allow_zone, int64_t *out_us);

/* What a timestamp's text says, before any zone is applied. */
struct mr_timestamp_scan {
    int64_t local_us;
    bool has_offset;
    int32_t offset_s;   /* when has_offset */
    const char *region; /* name in the text that is no offset; null = none */
    size_t region_bytes;
};

mr_parse mr_timestamp_scan(const char *text, size_t bytes, struct mr_timestamp_scan *out);

#endif

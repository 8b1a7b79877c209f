/* Civil dates and units of time, pure arithmetic on the proleptic Gregorian calendar.
 *
 * Dates are days since 1970-01-01, timestamps microseconds since 1970-01-01T00:00:00Z. The
 * conversions are Howard Hinnant's "chrono-compatible low-level date algorithms" (2013). */
#ifndef MR_CORE_BASE_CALENDAR_H
#define MR_CORE_BASE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MR_US_PER_MS INT64_C(1000)
#define MR_US_PER_S INT64_C(1000000)
#define MR_US_PER_DAY (INT64_C(86400) * MR_US_PER_S)

struct mr_civil {
    int64_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

int64_t mr_days_of_civil(int64_t year, int32_t month, int32_t day);
struct mr_civil mr_civil_of_days(int64_t days);
bool mr_year_is_leap(int64_t year);
int32_t mr_days_in_month(int64_t year, int32_t month);

/* mr_floor_div, mr_floor_mod: rounding towards minus infinity; b > 0. */
static inline int64_t mr_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline int64_t mr_floor_mod(int64_t a, int64_t b)
{
    int64_t r = a % b;
    return r < 0 ? r + b : r;
}

enum { MR_TIME_TEXT_MAX = 48 };

/* mr_date_format: "2021-09-08"; years outside 0..9999 get a sign and up to seven digits.
 * mr_time_format: "2021-09-08T11:11:11" with as many fraction digits as asked (0, 3 or 6) and
 * then `suffix`. Both write at most MR_TIME_TEXT_MAX bytes with the final zero and return the
 * length. */
size_t mr_date_format(int64_t days, char *out);
size_t mr_time_format(int64_t us, int fraction_digits, const char *suffix, char *out);

#endif

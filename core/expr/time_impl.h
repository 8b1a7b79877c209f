/* Dates and times: what their evaluators share. */
#ifndef MR_CORE_EXPR_TIME_IMPL_H
#define MR_CORE_EXPR_TIME_IMPL_H

#include "core/base/calendar.h"
#include "core/expr/eval_impl.h"
#include "kernels/text/pattern.h"
#include "kernels/text/zone.h"

/* mr_local_of: local time; what leaves 64 bits stays as it is (no such instant has a date). */
static inline int64_t mr_local_of(const struct mr_zone *zone, int64_t us)
{
    int64_t local = us;
    return mr_zone_to_local(zone, us, &local) ? local : us;
}

/* mr_put_date: the date, or an overflow error. */
MR_MUST_USE mr_status mr_put_date(struct mr_call *call, uint32_t row, int64_t days,
                                  struct mr_err *err);

/* mr_put_overflow: the row has no instant. */
MR_MUST_USE mr_status mr_put_overflow(struct mr_call *call, uint32_t row, struct mr_err *err);

/* mr_months_add: the same day so many months later, or the month's last. */
static inline int64_t mr_months_add(int64_t days, int64_t months)
{
    struct mr_civil c = mr_civil_of_days(days);
    int64_t month = c.year * 12 + c.month - 1 + months;
    int64_t year = mr_floor_div(month, 12);
    int32_t of_year = (int32_t)mr_floor_mod(month, 12) + 1, last = mr_days_in_month(year, of_year);
    return mr_days_of_civil(year, of_year, c.day < last ? c.day : last);
}

/* mr_instant_plus: an instant so many months, days and microseconds later: months and days by the
 * local calendar, microseconds by the clock. False when it leaves 64 bits. */
static inline bool mr_instant_plus(const struct mr_zone *zone, int64_t us, int64_t months,
                                   int64_t days, int64_t more_us, int64_t *out_us)
{
    int64_t local, moved = us;
    if (months != 0 || days != 0) {
        if (!mr_zone_to_local(zone, us, &local)) return false;
        int64_t day = mr_floor_div(local, MR_US_PER_DAY);
        int64_t of_day = local - day * MR_US_PER_DAY;
        if (months != 0) day = mr_months_add(day, months);
        if (__builtin_add_overflow(day, days, &day) ||
            __builtin_mul_overflow(day, MR_US_PER_DAY, &local) ||
            __builtin_add_overflow(local, of_day, &local) ||
            !mr_zone_to_utc(zone, local, &moved)) {
            return false;
        }
    }
    return !__builtin_add_overflow(moved, more_us, out_us);
}

/* Formatting by all of Spark's letters: what mr_pattern knows, and E D Q q G k K besides. */
struct mr_time_format;

MR_MUST_USE mr_status mr_time_format_compile(struct mr_arena *arena, struct mr_span pattern,
                                             const struct mr_time_format **out_format,
                                             struct mr_err *err);

enum { MR_TIME_FORMAT_MAX = 512 };

/* mr_time_format_write: `out` has MR_TIME_FORMAT_MAX bytes; 0 when it does not fit. */
size_t mr_time_format_write(const struct mr_time_format *format, int64_t local_us,
                            int32_t offset_s, char *out);

extern const char *const mr_day_names[7]; /* Monday first */

#endif

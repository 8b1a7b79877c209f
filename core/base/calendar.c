#include "core/base/calendar.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/assert.h"

int64_t mr_days_of_civil(int64_t year, int32_t month, int32_t day)
{
    year -= month <= 2;
    int64_t era = mr_floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t shifted_month = month + (month > 2 ? -3 : 9);
    int64_t day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct mr_civil mr_civil_of_days(int64_t days)
{
    days += 719468;
    int64_t era = mr_floor_div(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    struct mr_civil civil;
    civil.day = (int32_t)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    civil.month = (int32_t)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    civil.year = year_of_era + era * 400 + (civil.month <= 2);
    return civil;
}

bool mr_year_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t mr_days_in_month(int64_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    MR_ASSERT(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && mr_year_is_leap(year));
}

size_t mr_date_format(int64_t days, char *out)
{
    struct mr_civil c = mr_civil_of_days(days);
    const char *sign = c.year < 0 ? "-" : c.year > 9999 ? "+" : "";
    int64_t year = c.year < 0 ? -c.year : c.year;
    return (size_t)snprintf(out, MR_TIME_TEXT_MAX, "%s%04" PRId64 "-%02d-%02d", sign, year, c.month,
                            c.day);
}

size_t mr_time_format(int64_t us, int fraction_digits, const char *suffix, char *out)
{
    MR_ASSERT(fraction_digits == 0 || fraction_digits == 3 || fraction_digits == 6);
    int64_t of_day = mr_floor_mod(us, MR_US_PER_DAY);
    int64_t second = of_day / MR_US_PER_S;
    int64_t fraction = of_day % MR_US_PER_S;
    size_t used = mr_date_format(mr_floor_div(us, MR_US_PER_DAY), out);
    used += (size_t)snprintf(out + used, MR_TIME_TEXT_MAX - used, "T%02d:%02d:%02d",
                             (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
    if (fraction_digits == 3) {
        used +=
            (size_t)snprintf(out + used, MR_TIME_TEXT_MAX - used, ".%03d", (int)(fraction / 1000));
    } else if (fraction_digits == 6) {
        used += (size_t)snprintf(out + used, MR_TIME_TEXT_MAX - used, ".%06d", (int)fraction);
    }
    used += (size_t)snprintf(out + used, MR_TIME_TEXT_MAX - used, "%s", suffix);
    return used;
}

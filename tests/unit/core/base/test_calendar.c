/* Shown: civil dates agree with known days, round-trip over 4,000 years, and format as their
 * header says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/base/calendar.h"

static void test_known_days(void **state)
{
    (void)state;
    assert_int_equal(mr_days_of_civil(1970, 1, 1), 0);
    assert_int_equal(mr_days_of_civil(2000, 2, 29), 11016);
    assert_int_equal(mr_days_of_civil(1969, 12, 31), -1);
    assert_int_equal(mr_days_of_civil(1, 1, 1), -719162);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct mr_civil last = mr_civil_of_days(-800000);
    for (int64_t day = -799999; day < 800000; day++) {
        struct mr_civil c = mr_civil_of_days(day);
        assert_int_equal(mr_days_of_civil(c.year, c.month, c.day), day);
        bool is_next_day = c.day == last.day + 1 && c.month == last.month;
        bool is_next_month = c.day == 1 && last.day == mr_days_in_month(last.year, last.month);
        assert_true(is_next_day || is_next_month);
        last = c;
    }
}

static void test_format(void **state)
{
    (void)state;
    char text[MR_TIME_TEXT_MAX];
    mr_date_format(11016, text);
    assert_string_equal(text, "2000-02-29");
    mr_date_format(mr_days_of_civil(-5, 3, 1), text);
    assert_string_equal(text, "-0005-03-01");
    mr_time_format(-1, 6, "Z", text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
    mr_time_format(INT64_C(1631099471123456), 3, "Z", text);
    assert_string_equal(text, "2021-09-08T11:11:11.123Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_days),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

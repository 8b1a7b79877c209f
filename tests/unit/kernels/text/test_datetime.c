/* Shown: casts of text to dates and timestamps by Spark's rules, patterns both ways, and zones:
 * gaps and overlaps as java.time resolves them, and the system's database against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/calendar.h"
#include "core/base/rng.h"
#include "kernels/text/datetime.h"
#include "kernels/text/pattern.h"

static void check_date(const char *text, const char *want)
{
    int32_t days = 0;
    char got[MR_TIME_TEXT_MAX] = "";
    mr_parse status = mr_date_parse(text, strlen(text), &days);
    if (status == MR_PARSE_OK) (void)mr_date_format(days, got);
    if (strcmp(got, want) != 0) fail_msg("date '%s': '%s', not '%s'", text, got, want);
}

static void test_dates(void **state)
{
    (void)state;
    check_date("2021-09-08", "2021-09-08");
    check_date(" 2021-9-8 ", "2021-09-08");
    check_date("2021-09-08T11:00 whatever", "2021-09-08");
    check_date("2021-09-08 x", "2021-09-08");
    check_date("2021", "2021-01-01");
    check_date("2021-3", "2021-03-01");
    check_date("+12345-01-02", "+12345-01-02");
    check_date("-0044-03-15", "-0044-03-15");
    check_date("2020-02-29", "2020-02-29");
    static const char *const bad[] = {
        "",           "021",         "2021-",       "2021-13-01", "2021-02-29",
        "2021-00-01", "2021-01-001", "2021-01-01x", "2021/01/01", "12345678-01-01",
        "2021-1 1",   "--2021",      "2021-01-",    "T10:00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) check_date(bad[i], "");
    check_date("2021-01 ", "2021-01-01");
}

static void check_timestamp(const char *text, const struct mr_zone *zone, const char *want)
{
    int64_t us = 0;
    char got[MR_TIME_TEXT_MAX] = "";
    mr_parse status = mr_timestamp_parse(text, strlen(text), zone, &us);
    if (status == MR_PARSE_OK) (void)mr_time_format(us, 6, "Z", got);
    if (strcmp(got, want) != 0) fail_msg("timestamp '%s': '%s', not '%s'", text, got, want);
}

static void test_timestamps(void **state)
{
    (void)state;
    struct mr_zone india = mr_zone_fixed(19800);
    check_timestamp("2021-09-08", NULL, "2021-09-08T00:00:00.000000Z");
    check_timestamp("2021-09-08T11:12:13.123456789Z", NULL, "2021-09-08T11:12:13.123456Z");
    check_timestamp("2021-09-08 11:12:13.5", &india, "2021-09-08T05:42:13.500000Z");
    check_timestamp("2021-09-08 11:12:13+05:30", NULL, "2021-09-08T05:42:13.000000Z");
    check_timestamp("2021-09-08 11:12:13-0530", &india, "2021-09-08T16:42:13.000000Z");
    check_timestamp("2021-09-08T1:2:3 UTC+1", NULL, "2021-09-08T00:02:03.000000Z");
    check_timestamp("2021-09-08T01:02Z", &india, "2021-09-08T01:02:00.000000Z");
    check_timestamp("2021-09-08T01:02:03.GMT", NULL, "2021-09-08T01:02:03.000000Z");
    check_timestamp("2021-09-08T11:00:00+5:3", NULL, "2021-09-08T05:57:00.000000Z");
    check_timestamp("2021-09-08T11:00:00+053015", NULL, "2021-09-08T05:29:45.000000Z");
    check_timestamp("2021-09-08T11:00:00 +05:30:15", NULL, "2021-09-08T05:29:45.000000Z");
    check_timestamp("2021-09-08T11:00:00.5+05", NULL, "2021-09-08T06:00:00.500000Z");
    check_timestamp("2021-09-08T11", NULL, "2021-09-08T11:00:00.000000Z");
    check_timestamp("0001-01-01T00:00:00", NULL, "0001-01-01T00:00:00.000000Z");
    check_timestamp("+294247-01-10T04:00:54.775807Z", NULL, "+294247-01-10T04:00:54.775807Z");
    static const char *const bad[] = {"",
                                      "12:00:00",
                                      "2021-09-08T",
                                      "2021-09-08T24:00:00",
                                      "2021-09-08T11:60",
                                      "2021-09T11:00",
                                      "2021-09-08T11:00:60",
                                      "2021-09-08T11:00:00+19",
                                      "2021-09-08T11:00:00 Europe/Paris",
                                      "2021-09-08T11:00:00+5:30:1",
                                      "2021-09-08T11:00:00+053",
                                      "2021-09-08T11:00:00+",
                                      "2021-09-08T11:00:00+05:",
                                      "+294248-01-01T00:00:00Z",
                                      "1234567-01-01",
                                      "2021-09-08X11:00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) check_timestamp(bad[i], NULL, "");
    int64_t us = 1;
    assert_int_equal(mr_timestamp_ntz_parse("1970-01-01T00:00:01", 19, false, &us), MR_PARSE_OK);
    assert_int_equal(us, 1000000);
    assert_int_equal(mr_timestamp_ntz_parse("1970-01-01T00:00:01Z", 20, false, &us),
                     MR_PARSE_SYNTAX);
    assert_int_equal(mr_timestamp_ntz_parse("1970-01-01T00:00:02-07", 22, true, &us), MR_PARSE_OK);
    assert_int_equal(us, 2000000);
}

/* A TZif of version 2 with one change, 1996-01-01 from +2 h to +1 h, then the Berlin rule. */
static size_t berlin_tzif(uint8_t *out)
{
    static const uint8_t head[44] = {'T', 'Z', 'i', 'f', '2', [35] = 0, [39] = 1, [43] = 1};
    uint8_t *at = out;
    memcpy(at, head, 44);
    memset(at + 44, 0, 7);
    at += 51;
    memcpy(at, head, 44);
    at[35] = 1;
    at[39] = 2;
    at[43] = 1;
    at += 44;
    uint64_t change = 820454400;
    for (int i = 0; i < 8; i++) *at++ = (uint8_t)(change >> (56 - 8 * i));
    *at++ = 1;
    static const uint8_t types[12] = {0, 0, 0x1c, 0x20, 1, 0, 0, 0, 0x0e, 0x10, 0, 0};
    memcpy(at, types, 12);
    at += 12;
    *at++ = 0;
    static const char rule[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    memcpy(at, rule, sizeof rule - 1);
    return (size_t)(at - out) + sizeof rule - 1;
}

static void test_zone_rules(void **state)
{
    (void)state;
    uint8_t tzif[256];
    size_t bytes = berlin_tzif(tzif);
    struct mr_zone zone;
    struct mr_err err = {0};
    assert_int_equal(mr_zone_read(&zone, tzif, bytes, &err), MR_OK);
    check_timestamp("1990-06-01T12:00:00", &zone, "1990-06-01T10:00:00.000000Z");
    check_timestamp("2024-01-15T12:00:00", &zone, "2024-01-15T11:00:00.000000Z");
    check_timestamp("2024-07-15T12:00:00", &zone, "2024-07-15T10:00:00.000000Z");
    check_timestamp("2024-03-31T01:59:59", &zone, "2024-03-31T00:59:59.000000Z");
    check_timestamp("2024-03-31T02:30:00", &zone, "2024-03-31T01:30:00.000000Z"); /* gap */
    check_timestamp("2024-03-31T03:00:00", &zone, "2024-03-31T01:00:00.000000Z");
    check_timestamp("2024-10-27T02:30:00", &zone, "2024-10-27T00:30:00.000000Z"); /* overlap */
    check_timestamp("2024-10-27T03:00:00", &zone, "2024-10-27T02:00:00.000000Z");
    check_timestamp("2999-07-01T00:00:00", &zone, "2999-06-30T22:00:00.000000Z");
    for (size_t cut = 0; cut < bytes; cut++) {
        assert_int_equal(mr_zone_read(&zone, tzif, cut, &err), MR_E_CORRUPT);
    }
    for (size_t i = 0; i < bytes; i++) {
        uint8_t saved = tzif[i];
        tzif[i] ^= 0xff;
        if (mr_zone_read(&zone, tzif, bytes, &err) == MR_OK) (void)mr_zone_offset(&zone, 0);
        tzif[i] = saved;
    }
}

static void check_region(const char *name, struct mr_rng *rng)
{
    static uint8_t tzif[65536];
    char path[256];
    struct mr_zone zone;
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) skip();
    size_t bytes = fread(tzif, 1, sizeof tzif, file);
    (void)fclose(file);
    assert_int_equal(mr_zone_read(&zone, tzif, bytes, NULL), MR_OK);
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    for (int i = 0; i < 5000; i++) {
        time_t second = (time_t)(mr_rng_next(rng) % 6000000000u) - 2000000000;
        struct tm tm;
        assert_non_null(localtime_r(&second, &tm));
        int32_t got = mr_zone_offset(&zone, second * MR_US_PER_S);
        if (got != tm.tm_gmtoff)
            fail_msg("%s at %ld: %d, not %ld", name, (long)second, got, tm.tm_gmtoff);
        int64_t local, back;
        assert_true(mr_zone_to_local(&zone, second * MR_US_PER_S, &local));
        assert_true(mr_zone_to_utc(&zone, local, &back));
        /* In an overlap the earlier instant with this local time comes back. */
        int64_t again;
        assert_true(mr_zone_to_local(&zone, back, &again));
        assert_true(again == local && back <= second * MR_US_PER_S);
    }
}

static void test_zone_database(void **state)
{
    (void)state;
    struct mr_rng rng;
    mr_rng_init(&rng, 3);
    check_region("America/New_York", &rng);
    check_region("Europe/Berlin", &rng);
    check_region("Australia/Lord_Howe", &rng);
    check_region("America/Santiago", &rng);
    check_region("Asia/Kolkata", &rng);
    check_region("UTC", &rng);
}

static void check_pattern(const char *pattern, const char *text, const char *want, const char *back)
{
    struct mr_pattern compiled;
    struct mr_pattern_time time;
    char got[MR_TIME_TEXT_MAX] = "", out[64] = "";
    int64_t us;
    assert_int_equal(mr_pattern_compile(&compiled, mr_span_of(pattern), NULL), MR_OK);
    if (mr_pattern_parse_utc(&compiled, text, strlen(text), NULL, &us) == MR_PARSE_OK) {
        (void)mr_time_format(us, 6, "Z", got);
    }
    if (strcmp(got, want) != 0) fail_msg("'%s' by '%s': '%s', not '%s'", text, pattern, got, want);
    if (back == NULL) return;
    assert_int_equal(mr_pattern_parse(&compiled, text, strlen(text), &time), MR_PARSE_OK);
    out[mr_pattern_format(&compiled, &time, out, sizeof out)] = '\0';
    assert_string_equal(out, back);
}

static void test_patterns(void **state)
{
    (void)state;
    static const char iso[] = "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]";
    check_pattern(iso, "2021-09-08T11:12:13.123Z", "2021-09-08T11:12:13.123000Z",
                  "2021-09-08T11:12:13.123Z");
    check_pattern(iso, "2021-09-08T11:12:13.123456+02:00", "2021-09-08T09:12:13.123456Z",
                  "2021-09-08T11:12:13.123+02:00");
    check_pattern(iso, "2021-09-08T11:12:13", "2021-09-08T11:12:13.000000Z", NULL);
    check_pattern(iso, "2021-9-08T11:12:13", "", NULL);
    check_pattern(iso, "2021-09-08T11:12:13 ", "", NULL);
    check_pattern("dd/MMM/yyyy:HH:mm:ss Z", "08/Sep/2021:11:12:13 -0500",
                  "2021-09-08T16:12:13.000000Z", "08/Sep/2021:11:12:13 -0500");
    check_pattern("MMMM d, y h:mm a", "September 8, 2021 12:05 AM", "2021-09-08T00:05:00.000000Z",
                  "September 8, 2021 12:05 AM");
    check_pattern("M/d/yy H:m", "12/31/09 7:05", "2009-12-31T07:05:00.000000Z", "12/31/09 7:5");
    check_pattern("yyyyMMdd", "20210908", "2021-09-08T00:00:00.000000Z", "20210908");
    check_pattern("yyyyMMdd", "20210931", "", NULL);
    check_pattern("'it''s' yyyy", "it's 2021", "2021-01-01T00:00:00.000000Z", "it's 2021");
    check_pattern("yyyy-MM-dd HH:mm z", "2021-09-08 11:12 UTC", "2021-09-08T11:12:00.000000Z",
                  NULL);
    struct mr_pattern compiled;
    struct mr_err err = {0};
    static const char *const bad[] = {"yyyy-QQ", "yyyy 'T", "[[yyyy]]", "yyyy]",
                                      "[yyyy",   "yyyyyyy", "e"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mr_pattern_compile(&compiled, mr_span_of(bad[i]), &err), MR_E_INVALID);
        assert_non_null(strstr(err.message, bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates), cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_zone_rules), cmocka_unit_test(test_zone_database),
        cmocka_unit_test(test_patterns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

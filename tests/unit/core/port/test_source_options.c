/* Options of a file source: every row of the table takes its default and refuses what is not of its
 * type; names match without case and prefix; unknown ones are answered with the nearest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/source_options.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_source_options set;
    struct mr_err err;
};

static mr_status fx_read(struct fixture *fx, const char *const (*pairs)[2], uint32_t count)
{
    struct mr_source_pair list[8];
    mr_heap_init(&fx->heap, 0);
    mr_arena_init(&fx->arena, &fx->heap, 0);
    fx->err = (struct mr_err){0};
    for (uint32_t i = 0; i < count; i++) {
        list[i] = (struct mr_source_pair){mr_span_of(pairs[i][0]), mr_span_of(pairs[i][1])};
    }
    return mr_source_options_read(&fx->arena, list, count, &fx->set, &fx->err);
}

static void fx_free(struct fixture *fx)
{
    mr_arena_fini(&fx->arena);
}

static void test_defaults(void **state)
{
    struct fixture fx;
    assert_int_equal(fx_read(&fx, NULL, 0), MR_OK);
    assert_int_equal(mr_source_number(&fx.set, MR_SOURCE_MAX_FILES), 1000);
    assert_true(mr_source_bool(&fx.set, MR_SOURCE_INCLUDE_EXISTING));
    assert_false(mr_source_bool(&fx.set, MR_SOURCE_ALLOW_OVERWRITES));
    assert_false(mr_source_has(&fx.set, MR_SOURCE_MAX_BYTES));
    assert_false(mr_source_has(&fx.set, MR_SOURCE_PARTITION_COLUMNS));
    assert_int_equal(mr_source_number(&fx.set, MR_SOURCE_CLEAN_RETENTION), 30 * MR_US_PER_DAY);
    assert_int_equal(mr_source_number(&fx.set, MR_SOURCE_SAMPLE_BYTES), INT64_C(50) << 30);
    assert_true(mr_source_bool(&fx.set, MR_SOURCE_ALLOW_SINGLE_QUOTES));
    fx_free(&fx);
}

static void test_names(void **state)
{
    struct fixture fx;
    static const char *const pairs[][2] = {
        {"cloudFiles.MAXFILESPERTRIGGER", "7"},
        {"allowoverwrites", "TRUE"},
        {"fileNamePattern", "*.json"},
        {"cloudFiles.resourceTag.team", "x"},
        {"cloudFiles.useManagedFileEvents", "true"},
        {"partitionColumns", ""},
        {"cloudFiles.schemaEvolutionMode", "ADDNEWCOLUMNS"},
    };
    assert_int_equal(fx_read(&fx, pairs, MR_COUNT_OF(pairs)), MR_OK);
    assert_int_equal(mr_source_number(&fx.set, MR_SOURCE_MAX_FILES), 7);
    assert_true(mr_source_bool(&fx.set, MR_SOURCE_ALLOW_OVERWRITES));
    assert_true(mr_span_is(mr_source_text(&fx.set, MR_SOURCE_GLOB_FILTER), "*.json"));
    assert_true(mr_source_has(&fx.set, MR_SOURCE_PARTITION_COLUMNS));
    assert_true(mr_span_is(mr_source_text(&fx.set, MR_SOURCE_EVOLUTION), "addNewColumns"));
    assert_int_equal(fx.set.ignored_count, 2);
    assert_true(mr_span_is(fx.set.ignored[0], "cloudFiles.resourceTag.team"));
    assert_true(mr_span_is(fx.set.ignored[1], "cloudFiles.useManagedFileEvents"));
    fx_free(&fx);
}

static void test_unknown(void **state)
{
    struct fixture fx;
    static const char *const typo[][2] = {{"cloudFiles.maxFilePerTrigger", "7"}};
    assert_int_equal(fx_read(&fx, typo, 1), MR_E_INVALID);
    assert_int_equal(fx.err.code, 2101);
    assert_string_equal(fx.err.help, "did you mean \"maxFilesPerTrigger\"?");
    fx_free(&fx);

    static const char *const prefixed[][2] = {{"cloudFiles.multiLine", "true"}};
    assert_int_equal(fx_read(&fx, prefixed, 1), MR_E_INVALID);
    fx_free(&fx);

    static const char *const lax[][2] = {{"validateOptions", "false"}, {"quux", "1"}};
    assert_int_equal(fx_read(&fx, lax, 2), MR_OK);
    assert_int_equal(fx.set.unknown_count, 1);
    assert_true(mr_span_is(fx.set.unknown[0], "quux"));
    fx_free(&fx);
}

static void test_refused(void **state)
{
    static const char *const cases[][3][2] = {
        {{"maxFilesPerTrigger", "0"}},
        {{"maxFilesPerTrigger", "-3"}},
        {{"maxFilesPerTrigger", "99999999999999999999"}},
        {{"maxBytesPerTrigger", "10x"}},
        {{"allowOverwrites", "yes"}},
        {{"mode", "LENIENT"}},
        {{"modifiedAfter", "yesterday"}},
        {{"cleanSource", "MOVE"}},
        {{"cleanSource", "DELETE"}, {"cleanSource.retentionDuration", "6 days"}},
        {{"maxFileAge", "13 days"}},
        {{"backfillInterval", "1 day"}},
        {{"modifiedAfter", "2024-01-02"}, {"modifiedBefore", "2024-01-01"}},
        {{"schema", "a int"}, {"schemaHints", "a int"}},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct fixture fx;
        uint32_t count = 0;
        while (count < 3 && cases[i][count][0] != NULL) count++;
        assert_int_equal(fx_read(&fx, cases[i], count), MR_E_INVALID);
        assert_true(fx.err.code == 2102 || fx.err.code == 2103);
        assert_non_null(strstr(fx.err.message, cases[i][0][0]));
        fx_free(&fx);
    }
}

static void test_values(void **state)
{
    int64_t out;
    assert_true(mr_source_interval_read(MR_SPAN("14 days"), &out));
    assert_int_equal(out, 14 * MR_US_PER_DAY);
    assert_true(mr_source_interval_read(MR_SPAN("INTERVAL 1 hour 30 minutes"), &out));
    assert_int_equal(out, 90 * 60 * MR_US_PER_S);
    assert_true(mr_source_interval_read(MR_SPAN(" 2weeks "), &out));
    assert_int_equal(out, 14 * MR_US_PER_DAY);
    assert_false(mr_source_interval_read(MR_SPAN("interval"), &out));
    assert_false(mr_source_interval_read(MR_SPAN("3 fortnights"), &out));
    assert_false(mr_source_interval_read(MR_SPAN("99999999999999 years"), &out));
    assert_true(mr_source_bytes_read(MR_SPAN("10g"), &out));
    assert_int_equal(out, INT64_C(10) << 30);
    assert_true(mr_source_bytes_read(MR_SPAN("512 MB"), &out));
    assert_int_equal(out, 512 << 20);
    assert_true(mr_source_bytes_read(MR_SPAN("123b"), &out));
    assert_int_equal(out, 123);
    assert_false(mr_source_bytes_read(MR_SPAN("9223372036854775807k"), &out));
    assert_false(mr_source_bytes_read(MR_SPAN("k"), &out));
    assert_true(mr_source_time_read(MR_SPAN("2020-06-01T13:00:00"), &out));
    assert_int_equal(out, INT64_C(1591016400) * MR_US_PER_S);
    assert_true(mr_source_time_read(MR_SPAN("2020-06-01T13:00:00+01:00"), &out));
    assert_int_equal(out, INT64_C(1591012800) * MR_US_PER_S);
}

static void test_help(void **state)
{
    struct mr_heap heap;
    struct mr_text text;
    struct mr_err err;
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    mr_source_options_write_help(&text);
    assert_int_equal(mr_text_end(&text, &err), MR_OK);
    assert_non_null(strstr(text.at, "| maxFilesPerTrigger | number | `1000` |"));
    assert_non_null(strstr(text.at, "OFF, DELETE, MOVE"));
    mr_text_fini(&text);
}

/* Each allocation fails once: the read says so, nothing leaks, the next one works. */
static void test_memory(void **state)
{
    struct mr_source_pair pair = {MR_SPAN("maxFilesPerTrigger"), MR_SPAN("5")};
    bool is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        struct mr_heap heap;
        struct mr_arena arena;
        struct mr_source_options set;
        struct mr_err err;
        mr_heap_init(&heap, 0);
        mr_arena_init(&arena, &heap, 16);
        mr_heap_fail_at(&heap, n);
        mr_status status = mr_source_options_read(&arena, &pair, 1, &set, &err);
        is_done = status == MR_OK;
        assert_true(is_done || status == MR_E_NOMEM);
        assert_true(n < 100);
        mr_arena_fini(&arena);
        assert_int_equal(heap.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_names),
        cmocka_unit_test(test_unknown),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_values),   cmocka_unit_test(test_help),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

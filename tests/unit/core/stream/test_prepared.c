/* Shown: a prepared record comes back as it was written, cut or altered ones are refused, and
 * conservation sees a lost and a doubled row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/stream/prepared.h"

static const struct mr_staged_file files[] = {
    {MR_SPAN("d=a%2Fb/part-0.parquet"), MR_SPAN("{\"d\":\"a/b\"}"), 100, 1700000000123, 7,
     MR_SPAN("{\"numRecords\":7}")},
    {MR_SPAN("part \"x\".parquet"), MR_SPAN("{\"d\":null}"), 1, -5, 0, MR_SPAN("")},
};

static const struct mr_prepared sample = {
    .epoch = 12,
    .app_id = MR_SPAN("app"),
    .table_id = MR_SPAN("table"),
    .batch_time_ms = 1700000000000,
    .schema_version = -1,
    .schema = MR_SPAN("{\"type\":\"struct\",\"fields\":[]}"),
    .source = MR_SPAN("{\"logOffset\":12}"),
    .counts = {.records_in = 9, .rows_out = 7, .rows_filtered = 2},
    .files = files,
    .file_count = 2,
};

static void test_round_trip(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_text first, second;
    struct mr_prepared read;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_text_init(&first, &heap);
    mr_text_init(&second, &heap);
    mr_prepared_write(&sample, &first);
    assert_int_equal(mr_prepared_read(&arena, mr_text_span(&first), &read, NULL), MR_OK);
    assert_int_equal(read.counts.rows_filtered, 2);
    assert_true(mr_span_eq(read.files[1].path, files[1].path));
    assert_int_equal(read.files[1].modified_ms, -5);
    mr_prepared_write(&read, &second);
    assert_string_equal(mr_text_span(&first).text, mr_text_span(&second).text);
    for (size_t cut = 0; cut < first.used; cut++) {
        struct mr_span part = {first.at, cut};
        assert_int_not_equal(mr_prepared_read(&arena, part, &read, NULL), MR_OK);
    }
    assert_int_equal(mr_prepared_read(&arena, MR_SPAN("{\"epoch\":1}"), &read, NULL), MR_E_CORRUPT);
    mr_text_fini(&first);
    mr_text_fini(&second);
    mr_arena_fini(&arena);
}

static void test_conservation(void **state)
{
    (void)state;
    struct mr_counts sum = sample.counts;
    assert_int_equal(mr_counts_unaccounted(&sum), 0);
    mr_counts_add(&sum, &(struct mr_counts){.records_in = 3, .rows_malformed_dropped = 2});
    assert_int_equal(mr_counts_unaccounted(&sum), 1);
    mr_counts_add(&sum, &(struct mr_counts){.rows_out = 3});
    assert_int_equal(mr_counts_unaccounted(&sum), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_conservation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

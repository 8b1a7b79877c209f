/* Shown: formats are found by name or refused by name; options reach the format that is read; what
 * formats share is asked of any; defaults that depend on the schema hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/ops/format.h"

static void init(struct mr_format *f, const char *name)
{
    struct mr_err err = {0};
    assert_int_equal(mr_format_init(f, mr_span_of(name), &err), MR_OK);
}

static void set(struct mr_format *f, const char *name, const char *value)
{
    struct mr_err err = {0};
    assert_int_equal(mr_format_set(f, mr_span_of(name), mr_span_of(value), &err), MR_OK);
}

static void test_names(void **state)
{
    struct mr_format f;
    struct mr_err err = {0};
    static const char *const refused[] = {"avro", "orc", "xml", "parquet"};
    (void)state;
    init(&f, "");
    assert_int_equal(f.id, MR_FORMAT_JSON);
    init(&f, "CSV");
    assert_int_equal(f.id, MR_FORMAT_CSV);
    init(&f, "binaryfile");
    assert_int_equal(f.id, MR_FORMAT_BINARY);
    assert_true(mr_format_is_raw(&f));
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        assert_int_equal(mr_format_init(&f, mr_span_of(refused[i]), &err), MR_E_UNSUPPORTED);
        assert_non_null(strstr(err.message, refused[i]));
    }
}

static void test_shared(void **state)
{
    struct mr_format f;
    static const char *const names[] = {"json", "csv"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        init(&f, names[i]);
        assert_null(mr_format_fixed_schema(&f));
        assert_string_equal(mr_format_rescued_column(&f), "");
        set(&f, "rescuedDataColumn", "r");
        set(&f, "badRecordsPath", "/bad");
        set(&f, "timeZone", "Europe/Berlin");
        assert_string_equal(mr_format_rescued_column(&f), "r");
        assert_string_equal(mr_format_bad_records_path(&f), "/bad");
        assert_string_equal(mr_format_time_zone(&f), "Europe/Berlin");
        assert_true(mr_format_may_split(&f));
        set(&f, "multiLine", "true");
        assert_false(mr_format_may_split(&f));
    }
    init(&f, "text");
    set(&f, "rescuedDataColumn", "r"); /* of no use to it */
    assert_string_equal(mr_format_rescued_column(&f), "");
    assert_int_equal(mr_format_fixed_schema(&f)->field_count, 1);
    assert_true(mr_format_may_split(&f));
    set(&f, "wholeText", "true");
    assert_false(mr_format_may_split(&f));
}

static void test_schema(void **state)
{
    struct mr_format f;
    (void)state;
    init(&f, "csv");
    mr_format_set_schema(&f, true, true);
    assert_false(f.csv.has_header);
    assert_string_equal(mr_format_rescued_column(&f), "");
    mr_format_set_schema(&f, false, false);
    assert_true(f.csv.has_header && !f.csv.infers_column_types);
    assert_string_equal(mr_format_rescued_column(&f), "_rescued_data");
    assert_false(mr_format_may_split(&f)); /* its header holds for all of a file */
    init(&f, "csv");
    set(&f, "header", "false");
    set(&f, "enforceSchema", "false");
    mr_format_set_schema(&f, false, true);
    assert_false(f.csv.has_header || f.csv.is_enforce_set);
}

static void test_check(void **state)
{
    struct mr_format f;
    struct mr_err err = {0};
    (void)state;
    init(&f, "csv");
    assert_int_equal(mr_format_check(&f, &err), MR_OK);
    set(&f, "quote", ",");
    assert_int_equal(mr_format_check(&f, &err), MR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

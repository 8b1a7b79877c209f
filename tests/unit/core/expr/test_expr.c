/* Shown: constructors resolve types, insert casts, fold, name and refuse as Spark 4 does; errors
 * name value and record, and are raised only for selected rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/core/expr/expr_table.h"
#include "tests/unit/core/expr/sexpr.h"

static const struct {
    const char *sexpr, *type, *name, *value;
} good[] = {
    {"(+ 1 2)", "int", "(1 + 2)", "3"},
    {"(+ '1' 1)", "bigint", "(1 + 1)", "2"},
    {"(/ 1.0 3)", "decimal(7,6)", "(1.0 / 3)", "0.333333"},
    {"(* 1.1 2.2)", "decimal(5,2)", "(1.1 * 2.2)", "2.42"},
    {"(case true 1 (/ 1 0))", "double", "CASE WHEN true THEN 1 ELSE (1 / 0) END", "1.0"},
    {"(upper 'straße Ωmega ǆ')", "string", "upper(straße Ωmega ǆ)", "STRASSE ΩMEGA Ǆ"},
    {"(lower 'ΑΣ ÀÉ ΣΑ')", "string", "lower(ΑΣ ÀÉ ΣΑ)", "ας àé σα"},
    {"(cast (array 1 NULL 3) array<string>)", "array<string>",
     "CAST(array(1, NULL, 3) AS ARRAY<STRING>)", "[1, null, 3]"},
    {"(in 1 2 NULL)", "boolean", "(1 IN (2, NULL))", NULL},
    {"(. (array (named_struct 'a' 1) (named_struct 'a' 2)) a)", "array<int>",
     "array(named_struct(a, 1), named_struct(a, 2)).a", "[1, 2]"},
    {"(round 2.675e0 2)", "double", "round(2.675, 2)", "2.68"},
    {"([] (map 'a' 1) 'b')", "int", "map(a, 1)[b]", NULL},
    {"(map 'a' 1 'b' 2)", "map<string,int>", "map(a, 1, b, 2)", "{a -> 1, b -> 2}"},
    {"(current_timestamp)", "timestamp", "current_timestamp()", "2023-11-14 22:13:20.123456"},
    {"(and NULL false)", "boolean", "(NULL AND false)", "false"},
};

static void test_values_and_names(void **state)
{
    (void)state;
    struct mr_heap heap;
    mr_heap_init(&heap, 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct expr_table table;
        const struct mr_expr *expr;
        const char *value;
        struct mr_text text;
        struct mr_err err;
        expr_table_init(&table, &heap, 1);
        assert_int_equal(sexpr_read(&table.builder, NULL, good[i].sexpr, &expr, &err), MR_OK);
        mr_text_init(&text, &heap);
        mr_type_write_sql(expr->type, &text);
        assert_string_equal(mr_text_span(&text).text, good[i].type);
        mr_text_reset(&text);
        mr_expr_write_name(expr, &text);
        assert_string_equal(mr_text_span(&text).text, good[i].name);
        mr_text_fini(&text);
        assert_int_equal(expr_table_run(&table, expr, NULL, 0, &value, &err), MR_OK);
        if (good[i].value == NULL) assert_null(value);
        else assert_string_equal(value, good[i].value);
        expr_table_fini(&table);
    }
    assert_int_equal(heap.used_bytes, 0);
}

static const struct {
    const char *sexpr;
    uint32_t code;
    const char *message;
    const char *help;
} refused[] = {
    {"(+ '1' '2')", 1301, "+ takes numbers, not STRING and STRING", ""},
    {"(= 1 true)", 1301, "= got values that have no common type: INT and BOOLEAN", ""},
    {"(uper 'x')", 1302, "unknown function \"uper\"", "did you mean \"upper\"?"},
    {"(upper)", 1303, "upper takes 1 argument, not 0", ""},
    {"(cast 'x' array<int>)", 1304, "cannot cast STRING to ARRAY<INT>", ""},
    {"(. (named_struct 'a' 1) b)", 1305, "no member \"b\" in the struct", "its members are a"},
    {"(date_add (date '2020-01-01') 1L)", 1301, "date_add takes INT as argument 2, not BIGINT", ""},
    {"(like (cast (current_date) string) 'b\\\\')", 1314,
     "the LIKE pattern 'b\\' ends with its escape", ""},
    {"(to_date (cast (current_date) string) 'yyyy-bb')", 1314,
     "the letter 'b' of the datetime pattern \"yyyy-bb\" is not supported", ""},
    {"(like 'a' 'b\\\\')", 1314, "the LIKE pattern 'b\\' ends with its escape", ""},
    {"128Y", 1307, "128 is out of range for tinyint", ""},
};

static void test_refused(void **state)
{
    (void)state;
    struct mr_heap heap;
    mr_heap_init(&heap, 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct expr_table table;
        const struct mr_expr *expr;
        struct mr_err err = {0};
        expr_table_init(&table, &heap, 1);
        assert_int_not_equal(sexpr_read(&table.builder, NULL, refused[i].sexpr, &expr, &err),
                             MR_OK);
        assert_int_equal(err.code, refused[i].code);
        assert_string_equal(err.message, refused[i].message);
        assert_string_equal(err.help, refused[i].help);
        expr_table_fini(&table);
    }
}

static void test_errors_name_the_record(void **state)
{
    (void)state;
    static const char *const cells[] = {"1", "2", "x", "4"};
    struct mr_heap heap;
    struct expr_table table;
    const struct mr_expr *expr;
    const char *values[4];
    struct mr_err err;
    const uint32_t good_rows[] = {0, 1, 3};
    mr_heap_init(&heap, 0);
    expr_table_init(&table, &heap, 4);
    expr_table_add_text(&table, "s", cells);
    table.batch.first_record = 100;
    assert_int_equal(sexpr_read(&table.builder, expr_table_schema(&table), "(+ (cast s int) 1)",
                                &expr, &err), MR_OK);
    assert_int_equal(expr_table_run(&table, expr, NULL, 0, values, &err), MR_E_ARITHMETIC);
    assert_int_equal(err.code, 1312);
    assert_string_equal(err.message, "STRING value 'x' cannot be read as INT in CAST(s AS INT) "
                                     "(record 102)");
    assert_int_equal(expr_table_run(&table, expr, good_rows, 3, values, &err), MR_OK);
    assert_string_equal(values[3], "5");
    assert_null(values[2]);
    expr_table_fini(&table);
    assert_int_equal(heap.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_names),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_errors_name_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

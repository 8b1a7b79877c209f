/* Shown: types, schemas and hints in SQL text become the types Spark would make of them, with their
 * aliases and defaults; what is malformed is refused at the token that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/sql/parse.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_text text;
};

static int set_up(void **state)
{
    static struct fixture f;
    mr_heap_init(&f.heap, 0);
    mr_arena_init(&f.arena, &f.heap, 0);
    mr_text_init(&f.text, &f.heap);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    mr_text_fini(&f->text);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
    return 0;
}

static void expect_type(struct fixture *f, const char *sql, const char *expected)
{
    const struct mr_type *type;
    struct mr_err err = {0};
    mr_status status = mr_sql_parse_type(&f->arena, mr_span_of(sql), &type, &err);
    if (status != MR_OK) print_error("%s: %s\n", sql, err.message);
    assert_int_equal(status, MR_OK);
    mr_text_reset(&f->text);
    mr_type_write_sql(type, &f->text);
    mr_text_addc(&f->text, '\0');
    assert_string_equal(mr_text_span(&f->text).text, expected);
}

static void expect_schema(struct fixture *f, const char *ddl, const char *expected)
{
    const struct mr_type *type;
    struct mr_err err = {0};
    mr_status status = mr_sql_parse_schema(&f->arena, mr_span_of(ddl), &type, &err);
    if (status != MR_OK) print_error("%s: %s\n", ddl, err.message);
    assert_int_equal(status, MR_OK);
    mr_text_reset(&f->text);
    mr_schema_write_ddl(type, &f->text);
    mr_text_addc(&f->text, '\0');
    assert_string_equal(mr_text_span(&f->text).text, expected);
}

static void expect_fault(struct fixture *f, const char *ddl, uint32_t code, uint32_t column,
                         const char *message, const char *help)
{
    const struct mr_type *type;
    struct mr_err err = {0};
    assert_int_not_equal(mr_sql_parse_schema(&f->arena, mr_span_of(ddl), &type, &err), MR_OK);
    assert_string_equal(err.message, message);
    assert_string_equal(err.help, help);
    assert_int_equal(err.code, code);
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, column);
    assert_int_equal(err.at, column - 1);
}

static void test_types(void **state)
{
    static const char *const cases[][2] = {
        {"INT", "int"},
        {"integer", "int"},
        {"Byte", "tinyint"},
        {"short", "smallint"},
        {"LONG", "bigint"},
        {"real", "float"},
        {"double", "double"},
        {"BOOLEAN", "boolean"},
        {"binary", "binary"},
        {"date", "date"},
        {"timestamp", "timestamp"},
        {"timestamp_ltz", "timestamp"},
        {"timestamp_ntz", "timestamp_ntz"},
        {"void", "void"},
        {"varchar(20)", "string"},
        {"char(1)", "string"},
        {"decimal", "decimal(10,0)"},
        {"dec(5)", "decimal(5,0)"},
        {"numeric(38, 38)", "decimal(38,38)"},
        {"array<int>", "array<int>"},
        {"map<string,array<double>>", "map<string,array<double>>"},
        {"struct<>", "struct<>"},
        {"STRUCT<x: DOUBLE, y ARRAY<STRING>>", "struct<x:double,y:array<string>>"},
        {"array<array<array<struct<a:int>>>>", "array<array<array<struct<a:int>>>>"},
        {"struct<`a b`:int, `end`:date, `x``y`:int>", "struct<`a b`:int,end:date,`x``y`:int>"},
        {"struct<date date, timestamp:timestamp, map map<int,int>, comment string comment 'c'>",
         "struct<date:date,timestamp:timestamp,map:map<int,int>,comment:string>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_type(*state, cases[i][0], cases[i][1]);
    }
}

static void test_schemas(void **state)
{
    struct fixture *f = *state;
    expect_schema(
        f, "a INT, b STRUCT<x: DOUBLE, y ARRAY<STRING>> NOT NULL COMMENT 'c', m MAP<STRING,INT>",
        "a int, b struct<x:double,y:array<string>> NOT NULL, m map<string,int>");
    expect_schema(f, "", "");
    expect_schema(f, "struct<a:int,b:string>", "a int, b string");
    expect_schema(f, "a: int, `b c`: string -- comment\n, type string, value int, key int",
                  "a int, `b c` string, type string, value int, key int");
    const struct mr_type *type;
    assert_int_equal(
        mr_sql_parse_schema(&f->arena, MR_SPAN("a INT COMMENT 'it''s \"x\"'"), &type, NULL), MR_OK);
    assert_true(mr_span_is(type->fields[0].metadata, "{\"comment\":\"it's \\\"x\\\"\"}"));
}

static void test_faults(void **state)
{
    struct fixture *f = *state;
    expect_fault(f, "a INTT", 1006, 3, "unknown type \"INTT\"", "did you mean int?");
    expect_fault(f, "a INT, A STRING", 1007, 8, "column \"A\" appears twice",
                 "names are compared without regard to case");
    expect_fault(f, "s STRUCT<x INT, X INT>", 1007, 17, "column \"X\" appears twice",
                 "names are compared without regard to case");
    expect_fault(f, "a DECIMAL(39)", 1006, 11, "a decimal has 1 to 38 digits", "");
    expect_fault(f, "a DECIMAL(5,6)", 1006, 13,
                 "a decimal of 5 digits cannot have 6 behind the point", "");
    expect_fault(f, "a ARRAY", 1002, 8, "unexpected end of statement; expected '<'", "");
    expect_fault(f, "a VARIANT", 1004, 3, "type VARIANT is not supported yet", "");
    expect_fault(f, "a INT,", 1002, 7, "unexpected end of statement; expected a name", "");
    expect_fault(f, "end INT", 1002, 1,
                 "unexpected \"end\"; expected a name, STRUCT or end of statement",
                 "END is a keyword; as a name it is written `end`");
    expect_fault(f, "a map<map<int,int>,int>", 1006, 11, "a map cannot be the key of a map", "");
    expect_fault(f, "a INT 'x", 1001, 7, "the string that begins here never ends", "");
}

static void test_nesting_limit(void **state)
{
    struct fixture *f = *state;
    char ddl[2000] = "a ";
    const struct mr_type *type;
    struct mr_err err;
    for (int i = 0; i < 70; i++) strcat(ddl, "array<");
    strcat(ddl, "int");
    for (int i = 0; i < 70; i++) strcat(ddl, ">");
    assert_int_equal(mr_sql_parse_schema(&f->arena, mr_span_of(ddl), &type, &err), MR_E_SYNTAX);
    assert_int_equal(err.code, 1003);
}

static void test_hints(void **state)
{
    struct fixture *f = *state;
    struct mr_sql_hints hints;
    assert_int_equal(mr_sql_parse_hints(&f->arena,
                                        MR_SPAN("geo.lat DOUBLE, tags.element INT, "
                                                "m.value.x DATE, `a.b`.c int NOT NULL"),
                                        &hints, NULL),
                     MR_OK);
    assert_int_equal(hints.count, 4);
    assert_int_equal(hints.hints[0].path_count, 2);
    assert_true(mr_span_is(hints.hints[0].path[1], "lat"));
    assert_int_equal(hints.hints[1].type->id, MR_TYPE_INT);
    assert_int_equal(hints.hints[2].path_count, 3);
    assert_true(mr_span_is(hints.hints[2].path[1], "value"));
    assert_true(mr_span_is(hints.hints[3].path[0], "a.b"));
    assert_true(hints.hints[3].is_not_null);
    assert_int_equal(mr_sql_parse_hints(&f->arena, MR_SPAN(" "), &hints, NULL), MR_OK);
    assert_int_equal(hints.count, 0);
    assert_int_equal(mr_sql_parse_hints(&f->arena, MR_SPAN("a."), &hints, NULL), MR_E_SYNTAX);
}

static void test_intervals(void **state)
{
    (void)state;
    struct mr_sql_interval i;
    assert_true(mr_sql_interval_read(MR_SPAN("1 year 2 months 3 weeks 4 days -5.25 seconds"), &i));
    assert_int_equal(i.months, 14);
    assert_int_equal(i.days, 25);
    assert_int_equal(i.us, -5250000);
    assert_true(mr_sql_interval_read(MR_SPAN(" INTERVAL 10 Minutes "), &i));
    assert_int_equal(i.us, 600000000);
    assert_false(mr_sql_interval_read(MR_SPAN("10"), &i));
    assert_false(mr_sql_interval_read(MR_SPAN(""), &i));
    assert_false(mr_sql_interval_read(MR_SPAN("1.5 days"), &i));
    assert_false(mr_sql_interval_read(MR_SPAN("99999999999999999999 seconds"), &i));
    assert_false(mr_sql_interval_read(MR_SPAN("9999999999999 seconds 9999999999999 hours"), &i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_schemas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nesting_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hints, set_up, tear_down),
        cmocka_unit_test(test_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

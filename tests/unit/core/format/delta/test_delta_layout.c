/* Shown: the files' names and ids of columns at every depth under each mapping; partition values of
 * every type; and that a file is passed over for a predicate exactly when its partition values and
 * statistics allow: cut strings, raised times, NaN, nulls, absent and broken statistics, deletion
 * vectors, widened types, mapped names. */
#include "tests/unit/core/format/delta/delta_fixture.h"

#include <math.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_skip.h"

/* A settled snapshot of the schema (Delta's JSON, single quotes) and the properties. */
static void snapshot_make(struct fixture *f, struct mr_delta_snapshot *s, const char *schema,
                          const char *partitions, const char *configuration)
{
    struct mr_text line;
    mr_text_init(&line, &f->heap);
    mr_text_adds(&line, "{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":5}}\n"
                        "{\"metaData\":{\"id\":\"t\",\"schemaString\":");
    char *text = strdup(schema);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'') *at = '"';
    }
    mr_text_add_json(&line, mr_span_of(text));
    free(text);
    mr_text_addf(&line, ",\"partitionColumns\":[%s],\"configuration\":{%s}}}\n", partitions,
                 configuration);
    mr_delta_snapshot_init(s, &f->heap);
    MUST(f, mr_delta_snapshot_replay(s, &f->scratch, mr_text_span(&line), NULL, NULL, &f->err));
    MUST(f, mr_delta_snapshot_settle(s, &f->err));
    mr_text_fini(&line);
}

/* ---- mapping ---- */

static const char mapped[] =
    "{'type':'struct','fields':["
    "{'name':'a','type':'long','nullable':true,'metadata':{"
    "'delta.columnMapping.id':4,'delta.columnMapping.physicalName':'col-a'}},"
    "{'name':'p','type':'date','nullable':true,'metadata':{"
    "'delta.columnMapping.id':5,'delta.columnMapping.physicalName':'col-p'}},"
    "{'name':'l','type':{'type':'array','elementType':{'type':'struct','fields':["
    "{'name':'x','type':'string','nullable':true,'metadata':{"
    "'delta.columnMapping.id':7,'delta.columnMapping.physicalName':'col-x'}}]},"
    "'containsNull':true},'nullable':true,'metadata':{"
    "'delta.columnMapping.id':6,'delta.columnMapping.physicalName':'col-l'}}]}";

static void expect_type(struct fixture *f, const struct mr_type *type, const char *want)
{
    mr_text_reset(&f->text);
    mr_type_write_json(type, &f->text);
    expect_text(f, want);
}

static void test_mapping(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    struct mr_delta_layout layout;
    const struct mr_type *wanted;
    const uint32_t columns[] = {2, 1};
    snapshot_make(f, &s, mapped, "\"p\"", "\"delta.columnMapping.mode\":\"id\"");
    MUST(f, mr_delta_layout_make(&f->arena, &s, &layout, &f->err));
    assert_int_equal(layout.mapping, MR_DELTA_MAPPING_ID);
    assert_int_equal(mr_delta_layout_partition(&layout, 1), 0);
    assert_int_equal(mr_delta_layout_partition(&layout, 0), -1);
    MUST(f, mr_delta_layout_wanted(&f->arena, &layout, columns, 2, &wanted, &f->err));
    expect_type(f, wanted,
                "{\"type\":\"struct\",\"fields\":[{\"name\":\"col-l\",\"type\":{\"type\":\"array\","
                "\"elementType\":{\"type\":\"struct\",\"fields\":[{\"name\":\"col-x\","
                "\"type\":\"string\",\"nullable\":true,\"metadata\":{\"parquet.field.id\":7}}]},"
                "\"containsNull\":true},\"nullable\":true,\"metadata\":{\"parquet.field.id\":6}}"
                "]}");
    MUST(f, mr_delta_layout_wanted(&f->arena, &layout, NULL, 0, &wanted, &f->err));
    assert_int_equal(wanted->field_count, 2);
    mr_delta_snapshot_fini(&s);
    snapshot_make(f, &s, mapped, "\"P\"", "\"delta.columnMapping.mode\":\"name\"");
    MUST(f, mr_delta_layout_make(&f->arena, &s, &layout, &f->err));
    assert_int_equal(layout.partitions[0], 1);
    assert_true(mr_span_is(layout.physical->fields[0].name, "col-a"));
    assert_int_equal(layout.physical->fields[0].metadata.bytes, 0);
    mr_delta_snapshot_fini(&s);
    snapshot_make(f, &s, mapped, "", "");
    MUST(f, mr_delta_layout_make(&f->arena, &s, &layout, &f->err));
    assert_true(mr_span_is(layout.physical->fields[0].name, "a"));
    mr_delta_snapshot_fini(&s);
}

static void test_bad_layouts(void **state)
{
    static const char plain[] =
        "{'type':'struct','fields':[{'name':'a','type':'long','nullable':true,'metadata':{}},"
        "{'name':'s','type':{'type':'struct','fields':[]},'nullable':true,'metadata':{}}]}";
    static const struct {
        const char *partitions, *configuration, *what;
        mr_status status;
    } cases[] = {
        {"", "\"delta.columnMapping.mode\":\"name\"", "a has no physical name", MR_E_CORRUPT},
        {"", "\"delta.columnMapping.mode\":\"hash\"", "\"hash\"", MR_E_UNSUPPORTED},
        {"\"b\"", "", "partition column b", MR_E_CORRUPT},
        {"\"s\"", "", "partition column s", MR_E_CORRUPT},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_delta_snapshot s;
        struct mr_delta_layout layout;
        snapshot_make(f, &s, plain, cases[i].partitions, cases[i].configuration);
        assert_int_equal(mr_delta_layout_make(&f->arena, &s, &layout, &f->err), cases[i].status);
        assert_non_null(strstr(f->err.message, cases[i].what));
        mr_delta_snapshot_fini(&s);
    }
}

/* ---- partition values ---- */

static void expect_i64(struct fixture *f, const char *text, mr_type_id id, int64_t want)
{
    struct mr_value value;
    MUST(f, mr_delta_partition_value(mr_span_of(text), mr_type_of(id), &value, &f->err));
    assert_false(value.is_null);
    assert_int_equal(id == MR_TYPE_BOOLEAN ? value.u.boolean : value.u.i64, want);
}

static void expect_none(struct fixture *f, const char *text, const struct mr_type *type)
{
    struct mr_value value;
    assert_int_equal(mr_delta_partition_value(mr_span_of(text), type, &value, &f->err),
                     MR_E_CORRUPT);
    assert_non_null(strstr(f->err.message, text));
}

static void test_partition_values(void **state)
{
    struct fixture *f = *state;
    const struct mr_type *decimal = mr_type_decimal(&f->arena, 5, 2);
    struct mr_value value;
    expect_i64(f, "true", MR_TYPE_BOOLEAN, 1);
    expect_i64(f, "-128", MR_TYPE_BYTE, -128);
    expect_i64(f, "32767", MR_TYPE_SHORT, 32767);
    expect_i64(f, "-2147483648", MR_TYPE_INT, INT32_MIN);
    expect_i64(f, "9223372036854775807", MR_TYPE_LONG, INT64_MAX);
    expect_i64(f, "1970-01-11", MR_TYPE_DATE, 10);
    expect_i64(f, "1970-01-01 00:00:01.5", MR_TYPE_TIMESTAMP, 1500000);
    expect_i64(f, "1970-01-01T00:00:01.000002Z", MR_TYPE_TIMESTAMP, 1000002);
    expect_i64(f, "1970-01-01 00:00:01", MR_TYPE_TIMESTAMP_NTZ, 1000000);
    MUST(f, mr_delta_partition_value(MR_SPAN("-1.25"), decimal, &value, &f->err));
    assert_true(value.u.i128 == -125);
    MUST(f, mr_delta_partition_value(MR_SPAN("0.1"), mr_type_of(MR_TYPE_FLOAT), &value, &f->err));
    assert_true(value.u.f64 == (double)0.1f);
    MUST(f, mr_delta_partition_value(MR_SPAN("NaN"), mr_type_of(MR_TYPE_DOUBLE), &value, &f->err));
    assert_true(isnan(value.u.f64));
    MUST(f, mr_delta_partition_value(MR_SPAN(""), mr_type_of(MR_TYPE_STRING), &value, &f->err));
    assert_true(value.is_null);
    expect_none(f, "128", mr_type_of(MR_TYPE_BYTE));
    expect_none(f, "yes", mr_type_of(MR_TYPE_BOOLEAN));
    expect_none(f, "2021-13-01", mr_type_of(MR_TYPE_DATE));
    expect_none(f, "1.255", decimal);
    expect_none(f, "1000", decimal);
}

/* ---- skipping ---- */

#define SIMPLE(name, type)                                                                         \
    "{'name':'" name "','type':'" type "','nullable':true,'metadata':{}}"

static const char columns[] =
    "{'type':'struct','fields':[" SIMPLE("i", "integer") "," SIMPLE("s", "string") "," SIMPLE(
        "d", "double") "," SIMPLE("t", "timestamp") "," SIMPLE("n", "timestamp_ntz") "," SIMPLE(
        "m", "decimal(9,2)") "," SIMPLE("day", "date") ","
    "{'name':'w','type':'double','nullable':true,'metadata':{'delta.typeChanges':[{'fromType':"
    "'float','toType':'double'}]}},"
    "{'name':'o','type':{'type':'struct','fields':[" SIMPLE("x", "long") "]},'nullable':true,"
    "'metadata':{}}," SIMPLE("p", "integer") "]}";

static const char stats[] =
    "{\"numRecords\":10,\"minValues\":{\"i\":5,\"s\":\"bcd\",\"d\":-1.5,\"t\":"
    "\"2021-01-01T00:00:00.123Z\",\"n\":\"2021-01-01T00:00:00.123\",\"m\":1.25,\"day\":"
    "\"2021-01-01\",\"w\":0.1,\"o\":{\"x\":7}},\"maxValues\":{\"i\":9,\"s\":\"bcz\",\"d\":1.5,"
    "\"t\":\"2021-01-01T00:00:00.456Z\",\"n\":\"2021-01-01T00:00:00.456\",\"m\":3,\"day\":"
    "\"2021-02-01\",\"w\":0.1,\"o\":{\"x\":8}},\"nullCount\":{\"i\":0,\"s\":3,\"d\":10,\"t\":0,"
    "\"o\":{\"x\":10}}}";

struct skip_case {
    const char *column; /* "o.x" for a member */
    mr_predicate_op op;
    const char *constant; /* a partition value's text */
    bool may;
};

static const struct skip_case skip_cases[] = {
    {"i", MR_PREDICATE_EQ, "4", false},
    {"i", MR_PREDICATE_EQ, "5", true},
    {"i", MR_PREDICATE_GT, "9", false},
    {"i", MR_PREDICATE_GE, "9", true},
    {"i", MR_PREDICATE_IS_NULL, NULL, false},
    {"i", MR_PREDICATE_IS_NOT_NULL, NULL, true},
    {"s", MR_PREDICATE_LT, "bcd", false},
    {"s", MR_PREDICATE_EQ, "bcda", true},
    {"s", MR_PREDICATE_GT, "bcz", false},
    {"s", MR_PREDICATE_IS_NULL, NULL, true},
    {"d", MR_PREDICATE_EQ, "1.0", false}, /* all null */
    {"d", MR_PREDICATE_IS_NOT_NULL, NULL, false},
    {"t", MR_PREDICATE_GT, "2021-01-01T00:00:00.456999Z", true},
    {"t", MR_PREDICATE_GT, "2021-01-01T00:00:00.457Z", false},
    {"t", MR_PREDICATE_LT, "2021-01-01T00:00:00.123Z", false},
    {"n", MR_PREDICATE_EQ, "2021-01-01T00:00:00.456999", true},
    {"n", MR_PREDICATE_EQ, "2021-01-01T00:00:00.458", false},
    {"m", MR_PREDICATE_LT, "1.25", false},
    {"m", MR_PREDICATE_LE, "1.25", true},
    {"m", MR_PREDICATE_GT, "3", false},
    {"m", MR_PREDICATE_IS_NULL, NULL, true}, /* no nullCount */
    {"day", MR_PREDICATE_GT, "2021-02-01", false},
    {"w", MR_PREDICATE_EQ, "0.10000000149011612", true}, /* 0.1 as a float was */
    {"w", MR_PREDICATE_LT, "0.1", false},
    {"w", MR_PREDICATE_GT, "0.2", true}, /* NaN */
    {"o.x", MR_PREDICATE_GE, "0", false},
    {"o", MR_PREDICATE_IS_NULL, NULL, true},
    {"p", MR_PREDICATE_EQ, "3", true},
    {"p", MR_PREDICATE_EQ, "4", false},
    {"p", MR_PREDICATE_IS_NULL, NULL, false},
    {"absent", MR_PREDICATE_IS_NULL, NULL, true},
};

static bool may_of(struct fixture *f, const struct mr_delta_layout *layout,
                   const struct skip_case *c, const char *stats_text, const char *values_text)
{
    const struct mr_doc *doc = NULL;
    struct mr_delta_skip skip;
    struct mr_value value, values[1];
    struct mr_span names[2] = {mr_span_of(c->column)};
    uint32_t count = 1;
    const char *dot = strchr(c->column, '.');
    if (dot != NULL) {
        names[0].bytes = (size_t)(dot - c->column);
        names[1] = mr_span_of(dot + 1);
        count = 2;
    }
    struct mr_predicate_term term = {.path = names, .path_count = count, .op = c->op};
    struct mr_predicate predicate = {&term, 1};
    if (c->constant != NULL) {
        MUST(f, mr_delta_partition_value(mr_span_of(c->constant),
                                         mr_predicate_type(layout->schema, names, count), &value,
                                         &f->err));
        term.values = &value;
        term.value_count = 1;
    }
    if (stats_text != NULL) {
        MUST(f, mr_doc_read(&f->scratch, mr_span_of(stats_text), &doc, &f->err));
    }
    MUST(f, mr_delta_layout_values(&f->scratch, layout, mr_span_of(values_text), values, &f->err));
    MUST(f, mr_delta_skip_make(&f->scratch, layout, &predicate, &skip, &f->err));
    return mr_delta_skip_may(&skip, values, doc);
}

static void test_skip(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    struct mr_delta_layout layout;
    snapshot_make(f, &s, columns, "\"p\"", "");
    MUST(f, mr_delta_layout_make(&f->arena, &s, &layout, &f->err));
    for (size_t i = 0; i < MR_COUNT_OF(skip_cases); i++) {
        const struct skip_case *c = &skip_cases[i];
        bool may = may_of(f, &layout, c, stats, "{\"p\":\"3\"}");
        if (may != c->may) fail_msg("case %zu, column %s", i, c->column);
        /* Without statistics only the partition column is known. */
        bool is_partition = strcmp(c->column, "p") == 0;
        assert_true(may_of(f, &layout, c, NULL, "{\"p\":\"3\"}") || (is_partition && !c->may));
        assert_true(may_of(f, &layout, c, "{\"minValues\":[7],\"nullCount\":3}", "{\"p\":\"3\"}") ||
                    (is_partition && !c->may));
    }
    struct skip_case null = {"p", MR_PREDICATE_IS_NULL, NULL, true};
    assert_true(may_of(f, &layout, &null, NULL, "{\"p\":\"\"}"));
    assert_true(may_of(f, &layout, &null, NULL, "{}"));
    struct skip_case equal = {"p", MR_PREDICATE_EQ, "3", false};
    assert_false(may_of(f, &layout, &equal, NULL, "{\"p\":null}"));
    /* Bounds of wrong kinds, without a zone, or out of range are no bounds. */
    struct skip_case number = {"i", MR_PREDICATE_EQ, "400", true};
    assert_true(may_of(f, &layout, &number, "{\"maxValues\":{\"i\":\"5\"}}", "{}"));
    assert_true(may_of(f, &layout, &number, "{\"maxValues\":{\"i\":1e2}}", "{}"));
    struct skip_case time = {"t", MR_PREDICATE_EQ, "2022-01-01T00:00:00Z", true};
    assert_true(may_of(f, &layout, &time, "{\"maxValues\":{\"t\":\"2021-01-01T00:00:00\"}}", "{}"));
    assert_false(
        may_of(f, &layout, &time, "{\"maxValues\":{\"t\":\"2021-01-01T00:00:00+01:00\"}}", "{}"));
    mr_delta_snapshot_fini(&s);
}

static void test_mapped_skip(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_snapshot s;
    struct mr_delta_layout layout;
    struct skip_case wanted = {"a", MR_PREDICATE_GT, "9", false};
    snapshot_make(f, &s, mapped, "\"p\"", "\"delta.columnMapping.mode\":\"id\"");
    MUST(f, mr_delta_layout_make(&f->arena, &s, &layout, &f->err));
    assert_false(may_of(f, &layout, &wanted, "{\"maxValues\":{\"col-a\":9}}", "{}"));
    assert_true(may_of(f, &layout, &wanted, "{\"maxValues\":{\"a\":9}}", "{}"));
    struct mr_span names[] = {MR_SPAN("p"), MR_SPAN("a"), MR_SPAN("z")};
    struct mr_predicate_term terms[] = {{&names[0], 1, MR_PREDICATE_IS_NULL, NULL, 0},
                                        {&names[1], 1, MR_PREDICATE_IS_NULL, NULL, 0},
                                        {&names[2], 1, MR_PREDICATE_IS_NULL, NULL, 0}};
    struct mr_predicate all = {terms, 3}, in_files;
    struct mr_delta_skip skip;
    MUST(f, mr_delta_skip_make(&f->arena, &layout, &all, &skip, &f->err));
    MUST(f, mr_delta_skip_in_files(&f->arena, &skip, &in_files, &f->err));
    assert_int_equal(in_files.term_count, 1);
    assert_true(mr_span_is(in_files.terms[0].path[0], "col-a"));
    assert_int_equal(in_files.terms[0].op, MR_PREDICATE_IS_NULL);
    struct skip_case day = {"p", MR_PREDICATE_EQ, "2021-01-01", false};
    assert_false(may_of(f, &layout, &day, NULL, "{\"col-p\":\"2021-01-02\"}"));
    assert_true(may_of(f, &layout, &day, NULL, "{\"col-p\":\"2021-01-01\"}"));
    mr_delta_snapshot_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mapping, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_bad_layouts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_partition_values, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_skip, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mapped_skip, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

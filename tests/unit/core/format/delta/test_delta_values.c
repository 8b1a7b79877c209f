/* Shown: URIs and partition names by the protocol's rules, statistics with their cut strings and
 * raised times, schema enforcement with column and types in the error, additive evolution at every
 * depth, and the checksum of `_last_checkpoint` with the protocol's own sample. */
#include "tests/unit/core/format/delta/delta_fixture.h"

#include <math.h>
#include <stdio.h>

#include "core/format/delta/delta_hint.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_schema.h"
#include "core/format/delta/delta_stats.h"

/* ---- paths ---- */

static void test_uri(void **state)
{
    struct fixture *f = *state;
    mr_delta_path_encode(MR_SPAN("a b/c=1%/\xc3\xa9:[]#?.parquet"), &f->text);
    expect_text(f, "a%20b/c=1%25/%C3%A9%3A%5B%5D%23%3F.parquet");
    mr_delta_path_decode(MR_SPAN("a%20b/c=1%25/%C3%a9%3A%5B%5D%23%3F.parquet"), &f->text);
    expect_text(f, "a b/c=1%/\xc3\xa9:[]#?.parquet");
    mr_delta_path_decode(MR_SPAN("test%25file%25prefix-100%"), &f->text);
    expect_text(f, "test%file%prefix-100%");
    static const char *const same[] = {"/a%20b", "file:/a b", "file:///a%20b", "file://host/a%20b"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        mr_delta_path_decode(mr_span_of(same[i]), &f->text);
        expect_text(f, "/a b");
    }
    mr_delta_path_decode(MR_SPAN("s3://b/a%20b"), &f->text);
    expect_text(f, "s3://b/a b");
    for (unsigned c = 1; c < 256; c++) {
        char byte = (char)c;
        struct mr_text back;
        mr_text_init(&back, &f->heap);
        mr_delta_path_encode((struct mr_span){&byte, 1}, &back);
        mr_delta_path_decode(mr_text_span(&back), &f->text);
        assert_int_equal(f->text.used, 1);
        assert_int_equal((unsigned char)f->text.at[0], c);
        mr_text_reset(&f->text);
        mr_text_fini(&back);
    }
}

static void test_inside(void **state)
{
    (void)state;
    assert_true(mr_delta_path_is_inside(MR_SPAN("a/b..c/..d/e:f")));
    assert_false(mr_delta_path_is_inside(MR_SPAN("a/..")));
    assert_false(mr_delta_path_is_inside(MR_SPAN("..")));
    assert_false(mr_delta_path_is_inside(MR_SPAN("a:b")));
    assert_false(mr_delta_path_is_inside((struct mr_span){"a\0b", 3}));
}

static struct mr_vec one_value(const struct mr_type *type, void *value)
{
    return (struct mr_vec){.type = type, .rows = 1, .values = value};
}

static void test_partition_text(void **state)
{
    struct fixture *f = *state;
    int64_t long_value = -5, us = INT64_C(1631099471123456), day = 18878, cents = -12345;
    int32_t days = (int32_t)day;
    uint64_t yes = 1, no_validity = 0;
    double half = 0.5;
    struct mr_view view = mr_view_of("x y", 3, 0, 0), empty = mr_view_of("", 0, 0, 0);
    struct mr_vec vec = one_value(mr_type_of(MR_TYPE_LONG), &long_value);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "-5");
    vec.validity = &no_validity;
    assert_false(mr_delta_partition_text(&vec, 0, &f->text));
    vec = one_value(mr_type_of(MR_TYPE_BOOLEAN), &yes);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "true");
    vec = one_value(mr_type_of(MR_TYPE_DATE), &days);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "2021-09-08");
    vec = one_value(mr_type_of(MR_TYPE_TIMESTAMP), &us);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "2021-09-08T11:11:11.123456Z");
    vec = one_value(mr_type_of(MR_TYPE_TIMESTAMP_NTZ), &us);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "2021-09-08T11:11:11.123456");
    vec = one_value(mr_type_decimal(&f->arena, 10, 2), &cents);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "-123.45");
    vec = one_value(mr_type_of(MR_TYPE_DOUBLE), &half);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "0.5");
    vec = one_value(mr_type_of(MR_TYPE_STRING), &view);
    assert_true(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "x y");
    vec = one_value(mr_type_of(MR_TYPE_STRING), &empty);
    assert_false(mr_delta_partition_text(&vec, 0, &f->text));
    expect_text(f, "");
}

static void test_partition_names(void **state)
{
    struct fixture *f = *state;
    struct mr_span columns[] = {MR_SPAN("a"), MR_SPAN("b\"")};
    struct mr_span values[] = {{NULL, 0}, MR_SPAN("x\"y")};
    mr_delta_partition_dir(MR_SPAN("ts"), MR_SPAN("2021-09-08T11:11"), &f->text);
    expect_text(f, "ts=2021-09-08T11%3A11");
    mr_delta_partition_dir(MR_SPAN("a=b"), MR_SPAN("50% / \x01\x7f{}[]^ \xc3\xa9"), &f->text);
    expect_text(f, "a%3Db=50%25 %2F %01%7F%7B}%5B%5D%5E \xc3\xa9");
    mr_delta_partition_dir(MR_SPAN("p"), (struct mr_span){NULL, 0}, &f->text);
    expect_text(f, "p=__HIVE_DEFAULT_PARTITION__");
    mr_delta_partition_json(columns, values, 2, &f->text);
    expect_text(f, "{\"a\":null,\"b\\\"\":\"x\\\"y\"}");
}

/* ---- statistics ---- */

static void cut(struct fixture *f, const char *text, bool is_max, const char *wanted)
{
    struct mr_span span = mr_span_of(text);
    bool has_bound = mr_delta_stats_cut(span, span.bytes, 4, is_max, &f->text);
    assert_int_equal(has_bound, wanted != NULL);
    expect_text(f, wanted == NULL ? "" : wanted);
}

#define TOP "\xf4\x8f\xbf\xbf"   /* U+10FFFF */
#define SMILE "\xf0\x9f\x98\x80" /* U+1F600: two UTF-16 units */

static void test_cut(void **state)
{
    struct fixture *f = *state;
    cut(f, "abcd", false, "abcd");
    cut(f, "abcd", true, "abcd");
    cut(f, "abcde", false, "abcd");
    cut(f, "abcde", true, "abcd\x7f");
    cut(f, "abcd\x7f", true, "abcd" TOP);
    cut(f, "abcd\xc3\xa9", true, "abcd" TOP);
    cut(f, "abc" SMILE "z", false, "abc");
    cut(f, "abc" SMILE "z", true, "abc" SMILE "\x7f");
    cut(f, "ab" SMILE "z", false, "ab" SMILE);
    cut(f, "ab" SMILE "z", true, "ab" SMILE "\x7f");
    cut(f, "abcd" TOP "z", true, "abcd" TOP "\x7f");
    cut(f, "abcd" TOP TOP, true, "abcd" TOP TOP);
    cut(f, "abcd" TOP TOP TOP, true, NULL);
    cut(f,
        "ab\xff"
        "defg",
        false, NULL);
    cut(f, "", true, "");
    /* Whatever the text, the bounds enclose it, by bytes as by code points. */
    static const char *const pieces[] = {"a",   "\x7e", "\x7f", "\xc3\xa9", "\xef\xbf\xbf",
                                         SMILE, TOP};
    for (unsigned seed = 0; seed < 4000; seed++) {
        char text[64] = "";
        unsigned rest = seed * 2654435761u;
        for (int i = 0; i < 9; i++, rest = rest * 1103515245u + 12345u) {
            strcat(text, pieces[(rest >> 16) % 7]);
        }
        struct mr_span span = mr_span_of(text);
        assert_true(mr_delta_stats_cut(span, span.bytes, 4, false, &f->text));
        assert_true(mr_span_compare(mr_text_span(&f->text), span) <= 0);
        mr_text_reset(&f->text);
        if (mr_delta_stats_cut(span, span.bytes, 4, true, &f->text)) {
            assert_true(mr_span_compare(mr_text_span(&f->text), span) >= 0);
        }
        mr_text_reset(&f->text);
    }
}

static struct mr_delta_leaf_stats ints(uint64_t nulls, int64_t min, int64_t max)
{
    return (struct mr_delta_leaf_stats){.has_null_count = true,
                                        .null_count = nulls,
                                        .has_bounds = true,
                                        .min = {.i64 = min, .i128 = min},
                                        .max = {.i64 = max, .i128 = max}};
}

static struct mr_delta_leaf_stats doubles(double min, double max, bool has_nan)
{
    return (struct mr_delta_leaf_stats){.has_null_count = true,
                                        .has_bounds = true,
                                        .has_nan = has_nan,
                                        .min = {.f64 = min},
                                        .max = {.f64 = max}};
}

static const struct mr_delta_stats_rules plain_rules = {.indexed_leaves = 32, .string_units = 32};

static void test_stats_types(void **state)
{
    struct fixture *f = *state;
    const struct mr_type *schema = schema_of(
        f, "{'type':'struct','fields':["
           "{'name':'i','type':'integer'},{'name':'b','type':'boolean'},"
           "{'name':'s','type':{'type':'struct','fields':[{'name':'d','type':'date'},"
           "{'name':'t','type':'timestamp'},{'name':'n','type':'timestamp_ntz'}]}},"
           "{'name':'x','type':'double'},{'name':'y','type':'double'},{'name':'f','type':'float'},"
           "{'name':'m','type':'decimal(20,3)'},"
           "{'name':'a','type':{'type':'array','elementType':'long','containsNull':true}},"
           "{'name':'v','type':'string'},{'name':'z','type':'long'}]}");
    struct mr_delta_leaf_stats leaves[] = {
        ints(1, -7, 9),
        ints(2, 0, 1),
        ints(0, 0, 18878),
        ints(0, -1, INT64_C(1631099471123456)),
        ints(0, INT64_C(1631099471123000), INT64_C(1631099471123000)),
        doubles(-0.5, 2.5, true),
        doubles(-INFINITY, INFINITY, false),
        doubles(0.1f, 3, false),
        ints(0, -12345, 12345),
        {.has_null_count = true, .null_count = 3},
        {.has_bounds = true,
         .min = {.text = MR_SPAN("a\""), .text_bytes = 2},
         .max = {.text = MR_SPAN("b"), .text_bytes = 1}},
        {.has_null_count = true, .null_count = 10},
    };
    assert_int_equal(mr_delta_stats_leaves(schema), sizeof leaves / sizeof *leaves);
    mr_delta_stats_write(&plain_rules, schema, 10, leaves, &f->text);
    expect_text(f, "{\"numRecords\":10,"
                   "\"minValues\":{\"i\":-7,\"s\":{\"d\":\"1970-01-01\","
                   "\"t\":\"1969-12-31T23:59:59.999Z\",\"n\":\"2021-09-08T11:11:11.123\"},"
                   "\"x\":-0.5,\"f\":0.1,\"m\":-12.345,\"v\":\"a\\\"\"},"
                   "\"maxValues\":{\"i\":9,\"s\":{\"d\":\"2021-09-08\","
                   "\"t\":\"2021-09-08T11:11:11.124Z\",\"n\":\"2021-09-08T11:11:11.123\"},"
                   "\"f\":3.0,\"m\":12.345,\"v\":\"b\"},"
                   "\"nullCount\":{\"i\":1,\"b\":2,\"s\":{\"d\":0,\"t\":0,\"n\":0},\"x\":0,\"y\":0,"
                   "\"f\":0,\"m\":0,\"a\":3,\"z\":10}}");
}

static void test_stats_rules(void **state)
{
    struct fixture *f = *state;
    const struct mr_type *schema =
        schema_of(f, "{'type':'struct','fields':[{'name':'a','type':'long'},"
                     "{'name':'s','type':{'type':'struct','fields':[{'name':'p.q','type':'long'},"
                     "{'name':'r','type':'long'}]}},{'name':'z','type':'long','nullable':false}]}");
    struct mr_delta_leaf_stats leaves[] = {ints(0, 1, 1), ints(0, 2, 2), ints(0, 3, 3),
                                           ints(0, 4, 4)};
    struct mr_delta_property properties[] = {
        {MR_SPAN("delta.dataSkippingNumIndexedCols"), MR_SPAN("2")},
        {MR_SPAN("delta.dataSkippingStringPrefixLength"), MR_SPAN("x")}};
    struct mr_delta_metadata metadata = {.properties = properties, .property_count = 2};
    struct mr_delta_stats_rules rules = mr_delta_stats_rules_of(&metadata);
    assert_int_equal(rules.string_units, 32);
    mr_delta_stats_write(&rules, schema, 1, leaves, &f->text);
    expect_text(f, "{\"numRecords\":1,\"minValues\":{\"a\":1,\"s\":{\"p.q\":2}},"
                   "\"maxValues\":{\"a\":1,\"s\":{\"p.q\":2}},"
                   "\"nullCount\":{\"a\":0,\"s\":{\"p.q\":0},\"z\":0}}");
    properties[1] = (struct mr_delta_property){MR_SPAN("delta.dataSkippingStatsColumns"),
                                               MR_SPAN("z, s.`p.q`")};
    rules = mr_delta_stats_rules_of(&metadata);
    mr_delta_stats_write(&rules, schema, 1, leaves, &f->text);
    expect_text(f, "{\"numRecords\":1,\"minValues\":{\"s\":{\"p.q\":2},\"z\":4},"
                   "\"maxValues\":{\"s\":{\"p.q\":2},\"z\":4},"
                   "\"nullCount\":{\"s\":{\"p.q\":0},\"z\":0}}");
    properties[1].value = MR_SPAN("S");
    rules = mr_delta_stats_rules_of(&metadata);
    mr_delta_stats_write(&rules, schema, 1, leaves, &f->text);
    expect_text(f, "{\"numRecords\":1,\"minValues\":{\"s\":{\"p.q\":2,\"r\":3}},"
                   "\"maxValues\":{\"s\":{\"p.q\":2,\"r\":3}},"
                   "\"nullCount\":{\"s\":{\"p.q\":0,\"r\":0},\"z\":0}}");
}

/* ---- schemas ---- */

#define S(fields) "{'type':'struct','fields':[" fields "]}"
#define F(name, type) "{'name':'" name "','type':" type "}"

static void fits(struct fixture *f, const char *table, const char *incoming, const char *merged,
                 const char *written)
{
    struct mr_delta_fit fit;
    MUST(f, mr_delta_schema_fit(&f->arena, schema_of(f, table), schema_of(f, incoming),
                                MR_DELTA_ALLOW_COLUMNS, &fit, &f->err));
    mr_schema_write_ddl(fit.merged, &f->text);
    expect_text(f, merged);
    mr_schema_write_ddl(fit.written, &f->text);
    expect_text(f, written);
}

static void refuses(struct fixture *f, const char *table, const char *incoming, unsigned allowed,
                    uint32_t code, const char *message)
{
    struct mr_delta_fit fit;
    assert_int_equal(mr_delta_schema_fit(&f->arena, schema_of(f, table), schema_of(f, incoming),
                                         allowed, &fit, &f->err),
                     MR_E_SCHEMA);
    assert_int_equal(f->err.code, code);
    assert_string_equal(f->err.message, message);
}

static void test_fit(void **state)
{
    struct fixture *f = *state;
    const char *geo = S(F("country", "'string'"));
    (void)geo;
    fits(f, S(F("id", "'long'") "," F("geo", S(F("country", "'string'")))),
         S(F("page", "'string'") "," F(
             "GEO", S(F("City", "'string'") "," F("COUNTRY", "'string'"))) "," F("none", "'void'")),
         "id bigint, geo struct<country:string,City:string>, page string",
         "page string, geo struct<City:string,country:string>");
    fits(f, S(F("a", "{'type':'array','elementType':" S(F("x", "'long'")) ",'containsNull':true}")),
         S(F("a", "{'type':'array','elementType':" S(F("y", "'long'")) ",'containsNull':true}")),
         "a array<struct<x:bigint,y:bigint>>", "a array<struct<y:bigint>>");
    struct mr_delta_fit fit;
    const struct mr_type *table = schema_of(f, S(F("id", "'long'") "," F("b", "'string'")));
    MUST(f, mr_delta_schema_fit(&f->arena, table, schema_of(f, S(F("b", "'string'"))),
                                MR_DELTA_ALLOW_NOTHING, &fit, &f->err));
    assert_ptr_equal(fit.merged, table);
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    refuses(f, S(F("s", S(F("n", "'integer'")))), S(F("s", S(F("n", "'long'")))),
            MR_DELTA_ALLOW_COLUMNS, 3106,
            "column \"s.n\" is int in the table, but bigint in the rows");
    refuses(f,
            S(F("m", "{'type':'map','keyType':'string','valueType':'long',"
                     "'valueContainsNull':true}")),
            S(F("m", "{'type':'map','keyType':'string','valueType':'string',"
                     "'valueContainsNull':true}")),
            MR_DELTA_ALLOW_COLUMNS, 3106,
            "column \"m.value\" is bigint in the table, but string in the rows");
    refuses(f, S(F("d", "'decimal(10,2)'")), S(F("d", "'decimal(10,3)'")), MR_DELTA_ALLOW_COLUMNS,
            3106, "column \"d\" is decimal(10,2) in the table, but decimal(10,3) in the rows");
    refuses(f, S(F("price", "'long'")), S(F("prise", "'long'")), MR_DELTA_ALLOW_NOTHING, 3107,
            "column \"prise\" is not in the table");
    assert_non_null(strstr(f->err.help, "price"));
    refuses(f, S("{'name':'id','type':'long','nullable':false}," F("x", "'long'")),
            S(F("x", "'long'")), MR_DELTA_ALLOW_COLUMNS, 3108,
            "column \"id\" is NOT NULL in the table, but not in the rows");
    refuses(f, S(F("x", "'long'")), S(F("y", "'long'") "," F("Y", "'long'")),
            MR_DELTA_ALLOW_COLUMNS, 3110, "column \"Y\" occurs twice");
}

static void test_definitions(void **state)
{
    struct fixture *f = *state;
    const struct mr_type *schema =
        schema_of(f, S(F("id", "'long'") "," F("p", "'date'") "," F("s", S(F("x", "'long'")))));
    struct mr_span p = MR_SPAN("p"), s = MR_SPAN("s"), q = MR_SPAN("q"), twice[] = {p, p};
    struct mr_span id = MR_SPAN("id");
    MUST(f, mr_delta_schema_check(schema, &p, 1, &f->err));
    assert_int_equal(mr_delta_schema_check(schema, &s, 1, &f->err), MR_E_SCHEMA);
    assert_int_equal(mr_delta_schema_check(schema, &q, 1, &f->err), MR_E_SCHEMA);
    assert_int_equal(mr_delta_schema_check(schema, twice, 2, &f->err), MR_E_SCHEMA);
    assert_int_equal(mr_delta_schema_check(schema_of(f, S(F("id", "'long'"))), &id, 1, &f->err),
                     MR_E_SCHEMA);
    assert_int_equal(mr_delta_schema_check(schema_of(f, S(F("a b", "'long'"))), NULL, 0, &f->err),
                     MR_E_SCHEMA);
    assert_int_equal(
        mr_delta_schema_check(schema_of(f, S(F("s", S(F("v", "'void'"))))), NULL, 0, &f->err),
        MR_E_SCHEMA);
}

/* ---- _last_checkpoint ---- */

static void test_canonical(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *json, *canonical;
    } cases[] = {
        {"{\"k0\":\"'v 0'\",\"checksum\":\"x\",\"k1\":{\"k2\":2,\"k3\":[\"v3\",[1,2],{\"k4\":"
         "\"v4\",\"k5\":[\"v5\",\"v6\",\"v7\"]}]}}",
         "\"k0\"=\"%27v%200%27\",\"k1\"+\"k2\"=2,\"k1\"+\"k3\"+0=\"v3\",\"k1\"+\"k3\"+1+0=1,"
         "\"k1\"+\"k3\"+1+1=2,\"k1\"+\"k3\"+2+\"k4\"=\"v4\",\"k1\"+\"k3\"+2+\"k5\"+0=\"v5\","
         "\"k1\"+\"k3\"+2+\"k5\"+1=\"v6\",\"k1\"+\"k3\"+2+\"k5\"+2=\"v7\""},
        {"{\"a\": 10, \"b\": {\"y\": null, \"x\": \"https://delta.io\"}}",
         "\"a\"=10,\"b\"+\"x\"=\"https%3A%2F%2Fdelta.io\",\"b\"+\"y\"=null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mr_doc *doc = NULL;
        MUST(f, mr_doc_read(&f->arena, mr_span_of(cases[i].json), &doc, &f->err));
        MUST(f, mr_delta_canonical_write(&f->arena, doc, &f->text, &f->err));
        expect_text(f, cases[i].canonical);
    }
    const struct mr_doc *doc = NULL;
    char md5[MR_MD5_TEXT];
    MUST(f, mr_doc_read(&f->arena, mr_span_of(cases[0].json), &doc, &f->err));
    MUST(f, mr_delta_canonical_md5(&f->arena, doc, md5, &f->err));
    assert_string_equal(md5, "6a92d155a59bf2eecbd4b4ec7fd1f875");
}

static void test_hint(void **state)
{
    struct fixture *f = *state;
    struct mr_delta_hint hint = {.version = 10, .rows = 13, .bytes = 14800, .add_count = 6};
    const struct mr_doc *doc = NULL;
    char md5[MR_MD5_TEXT];
    MUST(f, mr_delta_hint_write(&f->arena, &hint, &f->text, &f->err));
    MUST(f, mr_doc_read(&f->arena, mr_text_span(&f->text), &doc, &f->err));
    MUST(f, mr_delta_canonical_md5(&f->arena, doc, md5, &f->err));
    assert_true(mr_span_is(mr_doc_string(mr_doc_get(doc, "checksum"), MR_SPAN("")), md5));
    assert_int_equal(mr_doc_int(mr_doc_get(doc, "numOfAddFiles"), 0), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_uri),
        WITH_FIXTURE(test_inside),
        WITH_FIXTURE(test_partition_text),
        WITH_FIXTURE(test_partition_names),
        WITH_FIXTURE(test_cut),
        WITH_FIXTURE(test_stats_types),
        WITH_FIXTURE(test_stats_rules),
        WITH_FIXTURE(test_fit),
        WITH_FIXTURE(test_refusals),
        WITH_FIXTURE(test_definitions),
        WITH_FIXTURE(test_canonical),
        WITH_FIXTURE(test_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

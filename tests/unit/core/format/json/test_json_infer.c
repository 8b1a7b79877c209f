/* Shown: inference gives Spark's types for every kind of value and every merge, whatever the order
 * of records and the cut of the text; options bend it as documented; a broken record adds nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_infer.h"

struct fixture {
    struct mr_heap heap;
    struct mr_json_options options;
    struct mr_err err;
    uint64_t malformed;
};

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    mr_heap_init(&f->heap, 0);
    mr_json_options_init(&f->options);
    f->options.infers_column_types = true;
}

static void set(struct fixture *f, const char *name, const char *value)
{
    assert_int_equal(mr_json_options_set(&f->options, mr_span_of(name), mr_span_of(value), &f->err),
                     MR_OK);
}

static void feed(struct mr_json_infer *infer, const char *input, size_t step, struct mr_err *err)
{
    size_t total = strlen(input), at = 0, bytes = MR_MIN(step, total);
    while (at < total) {
        size_t consumed;
        char *copy = calloc(1, bytes + MR_PAD);
        memcpy(copy, input + at, bytes);
        assert_int_equal(
            mr_json_infer_feed(infer, copy, bytes, at + bytes == total, &consumed, err), MR_OK);
        free(copy);
        at += consumed;
        bytes = MR_MIN(consumed == 0 ? bytes + step : step, total - at);
    }
}

static void check(struct fixture *f, const char *input, const char *want)
{
    static const size_t steps[] = {1 << 20, 3, 100};
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct mr_json_infer *infer;
        struct mr_arena arena;
        struct mr_text ddl;
        const struct mr_type *type;
        mr_arena_init(&arena, &f->heap, 0);
        mr_text_init(&ddl, &f->heap);
        assert_int_equal(mr_json_infer_open(&f->heap, &f->options, mr_json_kernels(mr_isa_best()),
                                            &infer, &f->err),
                         MR_OK);
        feed(infer, input, steps[i], &f->err);
        assert_int_equal(mr_json_infer_type(infer, &arena, &type, &f->err), MR_OK);
        mr_schema_write_ddl(type, &ddl);
        mr_text_addc(&ddl, '\0');
        assert_string_equal(ddl.at, want);
        f->malformed = mr_json_infer_malformed(infer);
        mr_json_infer_close(infer);
        mr_text_fini(&ddl);
        mr_arena_fini(&arena);
        assert_int_equal(f->heap.used_bytes, 0);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    check(&f,
          "{\"z\":null,\"y\":\"\",\"x\":1,\"w\":9223372036854775808,\"v\":1.5,\"u\":true,\"t\":"
          "\"2021-09-08\","
          "\"s\":{\"b\":1,\"a\":{}},\"r\":[1,null,2.5],\"q\":[],\"p\":{},\"o\":1e5}\n",
          "o double, q array<string>, r array<double>, s struct<b:bigint>, t string, u boolean, "
          "v double, w decimal(19,0), x bigint, y string, z string");
    check(&f, "{\"a\":123456789012345678901234567890123456789}\n", "a double");
    check(&f, "{\"a\":-9223372036854775808}\n{\"a\":9223372036854775807}\n", "a bigint");
}

static void test_merges(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other, *want;
    } merges[] = {
        {"null", "1", "bigint"},
        {"\"\"", "1", "bigint"},
        {"1", "1.5", "double"},
        {"1", "9223372036854775808", "decimal(20,0)"},
        {"1.5", "9223372036854775808", "double"},
        {"12345678901234567890", "1234567890123456789012", "decimal(22,0)"},
        {"1", "true", "string"},
        {"1", "\"x\"", "string"},
        {"{\"a\":1}", "{\"b\":\"x\",\"a\":2.5}", "struct<a:double,b:string>"},
        {"{\"a\":1}", "[1]", "string"},
        {"{\"a\":1}", "7", "string"},
        {"[1]", "[\"x\"]", "array<string>"},
        {"[{\"a\":1}]", "[{\"b\":[true]},null]", "array<struct<a:bigint,b:array<boolean>>>"},
        {"[[1]]", "[1]", "array<string>"},
        {"[]", "[1]", "array<bigint>"},
        {"{}", "{\"a\":1}", "struct<a:bigint>"},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < MR_COUNT_OF(merges); i++) {
        char input[256], want[128];
        (void)snprintf(want, sizeof want, "x %s", merges[i].want);
        (void)snprintf(input, sizeof input, "{\"x\":%s}\n{\"x\":%s}\n", merges[i].one,
                       merges[i].other);
        check(&f, input, want);
        (void)snprintf(input, sizeof input, "[{\"x\":%s},{\"x\":%s}]", merges[i].other,
                       merges[i].one);
        check(&f, input, want);
    }
}

static void test_options(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    static const char *const input = "{\"d\":1.25,\"n\":null,\"t\":\"2021-09-08T11:00:00Z\",\"s\":{"
                                     "\"x\":10.5,\"y\":true},\"e\":\"7.25\"}\n";
    set(&f, "prefersDecimal", "true");
    check(&f, input,
          "d decimal(3,2), e decimal(3,2), n string, "
          "s struct<x:decimal(3,1),y:boolean>, t string");
    set(&f, "inferTimestamp", "true");
    set(&f, "dropFieldIfAllNull", "true");
    check(&f, input,
          "d decimal(3,2), e decimal(3,2), s struct<x:decimal(3,1),y:boolean>, t timestamp");
    set(&f, "primitivesAsString", "true");
    check(&f, input, "d string, e string, s struct<x:string,y:string>, t string");
    set(&f, "inferColumnTypes", "false");
    check(&f, input, "d string, e string, s string, t string");
}

static void test_records(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    check(&f, "{\"a\":1}\n{\"b\":1,\"c\n{\"A\":2.5}\n{\"d\":1}x\n7\n[1]\n", "a double");
    assert_int_equal(f.malformed, 2);
    set(&f, "multiLine", "true");
    check(&f, "[{\"b\":1,\n\"a\":\"x\"},\n{\"c\":tru}]", "a string, b bigint");
    check(&f, "{\"b\":\n1}", "b bigint");
    check(&f, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_merges),
                                       cmocka_unit_test(test_options),
                                       cmocka_unit_test(test_records)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

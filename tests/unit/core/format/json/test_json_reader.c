/* Shown: JSON lines and documents become typed rows by the table of parser modes, the same however
 * the text is cut into pushes and on every instruction set; limits hold; options do what they say.
 * Each case is run whole and in pushes of a few sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "tests/support/json_decode.h"
#include "tests/support/type_text.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_json_options options;
    const struct mr_type *schema;
    struct mr_json_counters counters; /* of the last run */
    struct mr_err err;
    struct mr_text misfits; /* the same of members that did not fit */
    struct mr_text unknown; /* DDL of unknown fields of the last run */
    struct mr_text bad;     /* lines for badRecordsPath of the last run */
};

static void fixture_init(struct fixture *f, const char *ddl)
{
    memset(f, 0, sizeof *f);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    mr_text_init(&f->unknown, &f->heap);
    mr_text_init(&f->misfits, &f->heap);
    mr_text_init(&f->bad, &f->heap);
    mr_json_options_init(&f->options);
    f->options.infers_column_types = true;
    f->schema = mr_type_from_text(&f->arena, ddl);
    assert_non_null(f->schema);
}

static void fixture_fini(struct fixture *f)
{
    mr_text_fini(&f->unknown);
    mr_text_fini(&f->misfits);
    mr_text_fini(&f->bad);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
}

static void set(struct fixture *f, const char *name, const char *value)
{
    mr_status status =
        mr_json_options_set(&f->options, mr_span_of(name), mr_span_of(value), &f->err);
    if (status != MR_OK) fail_msg("%s", f->err.message);
}

static mr_status run(struct fixture *f, mr_isa isa, struct mr_span input, size_t step,
                     struct mr_text *out)
{
    struct mr_json_reader *reader;
    mr_status status = mr_json_reader_open(&f->heap, f->schema, &f->options, mr_json_kernels(isa),
                                           NULL, &reader, &f->err);
    assert_int_equal(status, MR_OK);
    assert_int_equal(mr_json_reader_begin(reader, MR_SPAN("file:/in/a.json"), &f->err), MR_OK);
    mr_text_reset(&f->bad);
    status = mr_json_push_bad(reader, &f->heap, input, step, out, &f->bad, &f->err);
    f->counters = *mr_json_reader_counters(reader);
    const struct mr_type *unknown;
    mr_text_reset(&f->unknown);
    assert_int_equal(mr_json_reader_unknown(reader, &f->arena, &unknown, &f->err), MR_OK);
    assert_int_equal(mr_json_reader_has_unknown(reader), unknown->field_count > 0);
    mr_schema_write_ddl(unknown, &f->unknown);
    mr_text_reset(&f->misfits);
    assert_int_equal(mr_json_reader_misfits(reader, &f->arena, &unknown, &f->err), MR_OK);
    assert_int_equal(mr_json_reader_has_misfits(reader), unknown->field_count > 0);
    mr_schema_write_ddl(unknown, &f->misfits);
    mr_json_reader_close(reader);
    return status;
}

/* check: `want` is what comes out, with every cut and instruction set. */
static void check_bytes(struct fixture *f, struct mr_span input, const char *want)
{
    static const size_t steps[] = {0, 30011, 1, 7, 64, 1000};
    size_t count =
        input.bytes > 1000 ? 2 : MR_COUNT_OF(steps); /* small ones are for short inputs */
    for (size_t i = 0; i < count; i++) {
        for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
            struct mr_text out;
            mr_text_init(&out, &f->heap);
            mr_status status = run(f, (mr_isa)isa, input, steps[i], &out);
            if (status != MR_OK) fail_msg("%s", f->err.message);
            mr_text_addc(&out, '\0');
            if (strcmp(out.at, want) != 0) {
                fail_msg("input: %.*s\nstep %zu isa %d gave:\n%s\nnot:\n%s", (int)input.bytes,
                         input.text, steps[i], isa, out.at, want);
            }
            struct mr_json_counters *c = &f->counters;
            assert_true(c->records == c->rows + c->dropped);
            mr_text_fini(&out);
        }
    }
}

static void check(struct fixture *f, const char *input, const char *want)
{
    check_bytes(f, mr_span_of(input), want);
}

static void test_scalars(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "b boolean, y tinyint, s smallint, i int, l bigint, f float, d double, "
                     "m decimal(5,2), w decimal(38,3), t string");
    check(&f,
          "{\"b\":true,\"y\":-128,\"s\":32767,\"i\":-2147483648,\"l\":9223372036854775807,\"f\":1."
          "5,\"d\":1e300,"
          "\"m\":-12.345,\"w\":12345678901234567890123456789012345.678,\"t\":"
          "\"x\\u00e9\\n\\ud83d\\ude00\"}\n"
          " { \"t\" : \"y\" , \"l\" : 1 , \"b\" : false } \r\n\n\t\n"
          "{\"t\":12.50,\"d\":7,\"f\":\"NaN\",\"m\":\"1.5\"}\n{\"d\":NaN,\"f\":-Infinity}",
          "{\"b\":true,\"y\":-128,\"s\":32767,\"i\":-2147483648,\"l\":9223372036854775807,\"f\":1."
          "5,\"d\":1.0E300,"
          "\"m\":\"-12.35\",\"w\":\"12345678901234567890123456789012345.678\",\"t\":"
          "\"x\xc3\xa9\\n\xf0\x9f\x98\x80\"}\n"
          "{\"b\":false,\"y\":null,\"s\":null,\"i\":null,\"l\":1,\"f\":null,\"d\":null,\"m\":null,"
          "\"w\":null,\"t\":\"y\"}\n"
          "{\"b\":null,\"y\":null,\"s\":null,\"i\":null,\"l\":null,\"f\":\"NaN\",\"d\":7.0,\"m\":"
          "\"1.50\",\"w\":null,\"t\":\"12.50\"}\n"
          "{\"b\":null,\"y\":null,\"s\":null,\"i\":null,\"l\":null,\"f\":\"-Infinity\",\"d\":"
          "\"NaN\",\"m\":null,\"w\":null,\"t\":null}\n");
    assert_int_equal(f.counters.misfits, 0);
    fixture_fini(&f);
}

static void test_times(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "d date, t timestamp, n timestamp_ntz, x binary");
    check(&f,
          "{\"d\":\"2021-09-08\",\"t\":\"2021-09-08T11:12:13.123456789+02:00\",\"n\":\"2021-09-08 "
          "01:02:03\",\"x\":\"AQID\"}\n"
          "{\"t\":1631099533,\"n\":\"2021-09-08T01:02:03Z\",\"x\":\"?\",\"d\":20210908}\n",
          "{\"d\":\"2021-09-08\",\"t\":\"2021-09-08T09:12:13.123456Z\",\"n\":\"2021-09-08T01:02:03."
          "000000\",\"x\":\"0x010203\"}\n"
          "{\"d\":null,\"t\":\"2021-09-08T11:12:13.000000Z\",\"n\":null,\"x\":null}\n");
    assert_int_equal(f.counters.misfits, 1);
    set(&f, "timestampFormat", "dd.MM.yyyy HH:mm");
    set(&f, "DATEFORMAT", "MM/dd/yyyy");
    check(&f, "{\"t\":\"08.09.2021 11:12\",\"d\":\"09/08/2021\"}\n",
          "{\"d\":\"2021-09-08\",\"t\":\"2021-09-08T11:12:00.000000Z\",\"n\":null,\"x\":null}\n");
    fixture_fini(&f);
}

static void test_nesting(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "s struct<a:bigint,b:struct<c:string>>, l array<struct<x:int>>, "
                     "m map<string,array<bigint>>, t string");
    check(
        &f,
        "{\"s\":{\"a\":1,\"b\":{\"c\":\"deep\"}},\"l\":[{\"x\":1},null,{},{\"x\":2}],\"m\":{\"k\":["
        "1,2],\"z\":[],\"n\":null}}\n"
        "{\"s\":null,\"l\":[],\"m\":{}}\n{}\n{\"t\":{\"raw\": [1, \"}\"]}, \"s\":{\"b\":{}}}\n",
        "{\"s\":{\"a\":1,\"b\":{\"c\":\"deep\"}},\"l\":[{\"x\":1},null,{\"x\":null},{\"x\":2}],"
        "\"m\":[[\"k\",[1,2]],[\"z\",[]],[\"n\",null]],\"t\":null}\n"
        "{\"s\":null,\"l\":[],\"m\":[],\"t\":null}\n{\"s\":null,\"l\":null,\"m\":null,\"t\":null}\n"
        "{\"s\":{\"a\":null,\"b\":{\"c\":null}},\"l\":null,\"m\":null,\"t\":\"{\\\"raw\\\": [1, "
        "\\\"}\\\"]}\"}\n");
    /* The last of equal keys wins, in structs, in maps, with shorter lists and with null. */
    check(&f,
          "{\"t\":\"a\",\"s\":{\"a\":1},\"l\":[{\"x\":1},{\"x\":2}],\"m\":{\"k\":[1],\"j\":[2,3],"
          "\"k\":[4]},"
          "\"t\":null,\"s\":{\"b\":{\"c\":\"2\"}},\"l\":[{\"x\":3}]}\n",
          "{\"s\":{\"a\":null,\"b\":{\"c\":\"2\"}},\"l\":[{\"x\":3}],\"m\":[[\"j\",[2,3]],[\"k\",["
          "4]]],\"t\":null}\n");
    fixture_fini(&f);
}

static void test_grown_lists(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_text in, want;
    fixture_init(&f, "l array<array<string>>, m map<string,boolean>");
    mr_text_init(&in, &f.heap);
    mr_text_init(&want, &f.heap);
    for (int row = 0; row < 3; row++) {
        mr_text_adds(&in, "{\"m\":{");
        mr_text_adds(&want, "{\"l\":[");
        for (int i = 0; i < 700; i++)
            mr_text_addf(&in, "%s\"k%d\":%s", i == 0 ? "" : ",", i, i % 3 ? "true" : "false");
        mr_text_adds(&in, "},\"l\":[");
        for (int i = 0; i < 300; i++) {
            mr_text_addf(&in, "%s[\"a string that is long\",\"%d\"]", i == 0 ? "" : ",", i);
            mr_text_addf(&want, "%s[\"a string that is long\",\"%d\"]", i == 0 ? "" : ",", i);
        }
        mr_text_adds(&in, "]}\n");
        mr_text_adds(&want, "],\"m\":[");
        for (int i = 0; i < 700; i++)
            mr_text_addf(&want, "%s[\"k%d\",%s]", i == 0 ? "" : ",", i, i % 3 ? "true" : "false");
        mr_text_adds(&want, "]}\n");
    }
    mr_text_addc(&want, '\0');
    check_bytes(&f, mr_text_span(&in), want.at);
    mr_text_fini(&in);
    mr_text_fini(&want);
    fixture_fini(&f);
}

#define AB "a bigint, b string"
#define ABC "a bigint, b string, _corrupt_record string"

static const char *const broken = "{\"a\":1}\n{\"a\":\"x\",\"b\":\"kept\"}\n{\"a\":1\n{\"a\":2,"
                                  "\"b\":\"un}\n{\"a\":3}x\n{\"a\":4,\"c\":5}\n";

static void test_modes(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, ABC);
    check(&f, broken,
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n"
          "{\"a\":null,\"b\":\"kept\",\"_corrupt_record\":\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":"
          "\\\"kept\\\"}\"}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"{\\\"a\\\":1\"}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"{\\\"a\\\":2,\\\"b\\\":\\\"un}\"}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"{\\\"a\\\":3}x\"}\n"
          "{\"a\":4,\"b\":null,\"_corrupt_record\":null}\n");
    assert_int_equal(f.counters.malformed, 3);
    assert_int_equal(f.counters.misfits, 1);
    set(&f, "mode", "dropmalformed");
    check(&f, broken,
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":4,\"b\":null,\"_corrupt_record\":"
          "null}\n");
    assert_int_equal(f.counters.dropped, 4);
    set(&f, "mode", "FAILFAST");
    struct mr_text out;
    mr_text_init(&out, &f.heap);
    assert_int_equal(run(&f, MR_ISA_REF, mr_span_of(broken), 0, &out), MR_E_CORRUPT);
    assert_int_equal(f.err.code, 2304);
    assert_int_equal(f.err.at, 8);
    assert_int_equal(run(&f, MR_ISA_REF, MR_SPAN("{\"a\":1}\n{\"a\":1,}\n"), 0, &out),
                     MR_E_CORRUPT);
    assert_int_equal(f.err.code, 2303);
    assert_int_equal(f.err.at, 15);
    mr_text_fini(&out);
    fixture_fini(&f);
}

static void test_rescue(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "a bigint, s struct<x:bigint,y:date>, l array<bigint>");
    set(&f, "rescuedDataColumn", "_rescued_data");
    for (int mode = 0; mode < 3; mode++) {
        static const char *const modes[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
        set(&f, "mode", modes[mode]);
        check(&f,
              "{\"a\":1}\n{\"a\":\"x\",\"extra\":[1, "
              "2],\"s\":{\"x\":1.5,\"z\":null,\"y\":\"2021-02-30\"},\"A\":2}\n"
              "{\"l\":[1,\"x\",3],\"s\":7}\n",
              "{\"a\":1,\"s\":null,\"l\":null,\"_rescued_data\":null}\n"
              "{\"a\":null,\"s\":{\"x\":null,\"y\":null},\"l\":null,\"_rescued_data\":\"{\\\"a\\\":"
              "\\\"x\\\",\\\"extra\\\":[1, 2],"
              "\\\"s\\\":{\\\"x\\\":1.5,\\\"z\\\":null,\\\"y\\\":\\\"2021-02-30\\\"},\\\"A\\\":2,"
              "\\\"_file_path\\\":\\\"file:/in/a.json\\\"}\"}\n"
              "{\"a\":null,\"s\":null,\"l\":null,\"_rescued_data\":\"{\\\"l\\\":[1,\\\"x\\\","
              "3],\\\"s\\\":7,\\\"_file_path\\\":\\\"file:/in/a.json\\\"}\"}\n");
        assert_int_equal(f.counters.rescued, 2);
        assert_string_equal(f.unknown.at, "extra array<bigint>, s struct<z:string>");
        assert_string_equal(f.misfits.at, "a string, l array<string>, s string");
    }
    set(&f, "mode", "PERMISSIVE");
    set(&f, "readerCaseSensitive", "false");
    set(&f, "rescuedDataColumn.filePath.enabled", "false");
    check(&f, "{\"A\":1,\"B\":2}\n{\"a\":NaN}\nnope\n",
          "{\"a\":1,\"s\":null,\"l\":null,\"_rescued_data\":\"{\\\"B\\\":2}\"}\n"
          "{\"a\":null,\"s\":null,\"l\":null,\"_rescued_data\":\"{\\\"a\\\":\\\"NaN\\\"}\"}\n"
          "{\"a\":null,\"s\":null,\"l\":null,\"_rescued_data\":\"{\\\"_corrupt_record\\\":"
          "\\\"nope\\\"}\"}\n");
    fixture_fini(&f);
}

/* What Spark 4.2 makes of the same records, but for its rescue, which it has not. */
static void test_misfits_in_lists(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, "as array<struct<a:int,b:int>>, aa array<array<int>>, mi map<string,int>, "
                     "ms map<string,struct<a:int,b:int>>");
    check(&f,
          "{\"as\":[{\"a\":\"x\",\"b\":1},{\"a\":2,\"b\":3}]}\n{\"as\":[1,{\"a\":2}]}\n"
          "{\"aa\":[[1,\"x\"],[2]]}\n{\"mi\":{\"k\":\"x\",\"j\":2}}\n"
          "{\"ms\":{\"k\":{\"a\":\"x\",\"b\":1}}}\n{\"mi\":{\"k\":1,\"k\":2},\"aa\":[[3],[]]}\n",
          "{\"as\":[{\"a\":null,\"b\":1},{\"a\":2,\"b\":3}],\"aa\":null,\"mi\":null,\"ms\":null}\n"
          "{\"as\":null,\"aa\":null,\"mi\":null,\"ms\":null}\n"
          "{\"as\":null,\"aa\":null,\"mi\":null,\"ms\":null}\n"
          "{\"as\":null,\"aa\":null,\"mi\":null,\"ms\":null}\n"
          "{\"as\":null,\"aa\":null,\"mi\":null,\"ms\":[[\"k\",{\"a\":null,\"b\":1}]]}\n"
          "{\"as\":null,\"aa\":[[3],[]],\"mi\":[[\"k\",2]],\"ms\":null}\n");
    assert_int_equal(f.counters.misfits, 5);
    set(&f, "rescuedDataColumn", "r");
    set(&f, "rescuedDataColumn.filePath.enabled", "false");
    check(&f, "{\"as\":[{\"a\":\"x\",\"b\":1}]}\n{\"ms\":{\"k\":{\"c\":[]}},\"aa\":[[\"x\"]]}\n",
          "{\"as\":[{\"a\":null,\"b\":1}],\"aa\":null,\"mi\":null,\"ms\":null,"
          "\"r\":\"{\\\"as\\\":[{\\\"a\\\":\\\"x\\\",\\\"b\\\":1}]}\"}\n"
          "{\"as\":null,\"aa\":null,\"mi\":null,\"ms\":[[\"k\",{\"a\":null,\"b\":null}]],"
          "\"r\":\"{\\\"ms\\\":{\\\"k\\\":{\\\"c\\\":[]}},\\\"aa\\\":[[\\\"x\\\"]]}\"}\n");
    fixture_fini(&f);
}

static void test_arrays_and_roots(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, ABC);
    check(&f, "[{\"a\":1},{\"a\":2},5]\n[]\n7\n[{\"a\":3},{\"a\"]\n",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_record\":"
          "null}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"5\"}\n{\"a\":null,\"b\":null,\"_corrupt_"
          "record\":\"7\"}\n"
          "{\"a\":3,\"b\":null,\"_corrupt_record\":null}\n{\"a\":null,\"b\":null,\"_corrupt_"
          "record\":\"[{\\\"a\\\":3},{\\\"a\\\"]\"}\n");
    assert_int_equal(f.counters.malformed, 1);
    fixture_fini(&f);
    /* More items in a line than a batch holds: whole, and as the last line without newline. */
    struct mr_text in, want;
    fixture_init(&f, AB);
    mr_text_init(&in, &f.heap);
    mr_text_init(&want, &f.heap);
    for (int line = 0; line < 2; line++) {
        for (int i = 0; i < 5000; i++) {
            mr_text_addf(&in, "%s{\"a\":%d}", i == 0 ? "[" : ",", i);
            mr_text_addf(&want, "{\"a\":%d,\"b\":null}\n", i);
        }
        mr_text_adds(&in, line == 0 ? "]\n" : "]");
    }
    mr_text_addc(&want, '\0');
    check_bytes(&f, mr_text_span(&in), want.at);
    assert_int_equal(f.counters.documents, 2);
    mr_text_fini(&in);
    mr_text_fini(&want);
    fixture_fini(&f);
}

static void test_documents(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, ABC);
    set(&f, "multiLine", "true");
    check(
        &f,
        "\xef\xbb\xbf \n [ {\"a\":1,\n\"b\":\"x\"} ,\n {\"a\":2}\n, {\"a\":tru} , {\"a\":3} ]\n\n",
        "{\"a\":1,\"b\":\"x\",\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_record\":"
        "null}\n"
        "{\"a\":null,\"b\":null,\"_corrupt_record\":\"{\\\"a\\\":tru}\"}\n{\"a\":3,\"b\":null,\"_"
        "corrupt_record\":null}\n");
    assert_int_equal(f.counters.documents, 1);
    check(&f, "{\n\"a\"\n:\n5\n}\n", "{\"a\":5,\"b\":null,\"_corrupt_record\":null}\n");
    check(&f, " [ ] ", "");
    check(&f, " \n", "");
    check(&f, "[{\"a\":1},{\"a\":2",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":null,\"b\":null,\"_corrupt_"
          "record\":\"{\\\"a\\\":2\"}\n");
    check(&f, "[{\"a\":1}",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":null,\"b\":null,\"_corrupt_"
          "record\":\"\"}\n");
    check(&f, "{\"a\":1} {\"a\":2}",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":null,\"b\":null,\"_corrupt_"
          "record\":\"{\\\"a\\\":2}\"}\n");
    check(&f, "[{'a':1,'b':\"it's\"},{\"a\":2}]",
          "{\"a\":1,\"b\":\"it's\",\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_"
          "record\":null}\n");
    set(&f, "allowComments", "true");
    check(&f, "/* \"un */ [ // {\n{\"a\":1} /* ] */, # x\n {\"a\":/*]*/2}]/**/",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_record\":"
          "null}\n");
    fixture_fini(&f);
}

static void test_lenient(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, ABC);
    set(&f, "mode", "DROPMALFORMED");
    check(&f,
          "{'a':1,'b':'say \"hi\" "
          "it\\'s'}\n{\"a\":2}\n{a:3}\n{\"a\":04}\n{\"a\":5,\"b\":\"\\q\"}\n{\"a\":6/*x*/"
          "}\n{\"a\":7,\"b\":\"\t\"}\n",
          "{\"a\":1,\"b\":\"say \\\"hi\\\" "
          "it's\",\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_record\":null}\n");
    set(&f, "allowUnquotedFieldNames", "true");
    set(&f, "allowNumericLeadingZeros", "true");
    set(&f, "allowBackslashEscapingAnyCharacter", "true");
    set(&f, "allowComments", "true");
    set(&f, "allowUnquotedControlChars", "true");
    check(
        &f,
        "{a:3}\n{\"a\":04}\n{\"a\":5,\"b\":\"\\q\"}\n{\"a\":6/*x*/} // y\n{\"a\":7,\"b\":\"\t\"}\n",
        "{\"a\":3,\"b\":null,\"_corrupt_record\":null}\n{\"a\":4,\"b\":null,\"_corrupt_record\":"
        "null}\n{\"a\":5,\"b\":\"q\",\"_corrupt_record\":null}\n"
        "{\"a\":6,\"b\":null,\"_corrupt_record\":null}\n{\"a\":7,\"b\":\"\\t\",\"_corrupt_record\":"
        "null}\n");
    fixture_fini(&f);
}

static void test_separators(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, ABC);
    check(&f, "{\"a\":1}\r{\"a\":2}\r\n{\"a\":3}\r{\"a\":\r{\"a\":4}",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_record\":"
          "null}\n{\"a\":3,\"b\":null,\"_corrupt_record\":null}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"{\\\"a\\\":\"}\n{\"a\":4,\"b\":null,\"_"
          "corrupt_record\":null}\n");
    set(&f, "lineSep", "||");
    check(&f, "{\"a\":1}||{\n\"a\":2}||||[1 2]||{\"a\":3}",
          "{\"a\":1,\"b\":null,\"_corrupt_record\":null}\n{\"a\":2,\"b\":null,\"_corrupt_record\":"
          "null}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"[1 "
          "2]\"}\n{\"a\":3,\"b\":null,\"_corrupt_record\":null}\n");
    fixture_fini(&f);
}

static void test_not_utf8(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, ABC);
    check(&f, "{\"b\":\"\xc3\xa9\"}\n{\"b\":\"\xff\"}\n{\"b\":\"\xe2\x82\xac\"}\n{\"b\":\"\xc3\"}",
          "{\"a\":null,\"b\":\"\xc3\xa9\",\"_corrupt_record\":null}\n{\"a\":null,\"b\":null,\"_"
          "corrupt_record\":\"{\\\"b\\\":\\\"\xef\xbf\xbd\\\"}\"}\n"
          "{\"a\":null,\"b\":\"\xe2\x82\xac\",\"_corrupt_record\":null}\n{\"a\":null,\"b\":null,\"_"
          "corrupt_record\":\"{\\\"b\\\":\\\"\xef\xbf\xbd\\\"}\"}\n");
    assert_int_equal(f.counters.malformed, 2);
    fixture_fini(&f);
}

static void test_limits(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_text in;
    fixture_init(&f, AB);
    set(&f, "maxRecordBytes", "2000");
    mr_text_init(&in, &f.heap);
    mr_text_adds(&in, "{\"a\":1}\n{\"a\":2,\"b\":\"");
    for (int i = 0; i < 300; i++) mr_text_adds(&in, "0123456789");
    mr_text_adds(&in, "\"}\n{\"a\":3}\n{\"x\":");
    for (int i = 0; i < 256; i++) mr_text_addc(&in, '[');
    for (int i = 0; i < 256; i++) mr_text_addc(&in, ']');
    mr_text_adds(&in, "}\n{\"a\":4,\"x\":");
    for (int i = 0; i < 255; i++) mr_text_addc(&in, '[');
    for (int i = 0; i < 255; i++) mr_text_addc(&in, ']');
    mr_text_adds(&in, "}\n{\"a\":5,\"b\":\"");
    for (int i = 0; i < 300; i++) mr_text_adds(&in, "0123456789");
    mr_text_adds(&in, "\"}");
    check_bytes(&f, mr_text_span(&in),
                "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":null}\n{\"a\":3,\"b\":null}\n{\"a\":null,"
                "\"b\":null}\n"
                "{\"a\":4,\"b\":null}\n{\"a\":null,\"b\":null}\n");
    assert_int_equal(f.counters.malformed, 3);
    mr_text_fini(&in);
    fixture_fini(&f);
}

/* Whatever the mode, what is malformed leaves by badRecordsPath, and so does a misfit that nothing
 * rescues; however the text is cut. */
static void test_bad_records(void **state)
{
    static const char *const modes[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
    static const char input[] = "{\"a\":1}\n{\"a\":\n{\"a\":\"x\",\"b\":\"y\"}\n"
                                "[{\"a\":2},7,{\"a\":3}]\n\xff\n{\"a\":4}\n";
    static const char missing[] = "{\"path\":\"file:/in/a.json\",\"reason\":\"a value is missing\","
                                  "\"record\":\"{\\\"a\\\":\"}\n";
    static const char misfits[] = "{\"path\":\"file:/in/a.json\",\"reason\":\"a value does not fit "
                                  "its column\",\"record\":\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":"
                                  "\\\"y\\\"}\"}\n"
                                  "{\"path\":\"file:/in/a.json\",\"reason\":\"a value does not fit "
                                  "its column\",\"record\":\"7\"}\n";
    static const char no_text[] = "{\"path\":\"file:/in/a.json\",\"reason\":\"the record is not "
                                  "UTF-8\",\"record\":\"\xef\xbf\xbd\"}\n";
    char want[1024];
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(modes); i++) {
        struct fixture f;
        fixture_init(&f, AB);
        set(&f, "badRecordsPath", "/tmp/bad");
        set(&f, "mode", modes[i]);
        check(&f, input,
              "{\"a\":1,\"b\":null}\n{\"a\":2,\"b\":null}\n{\"a\":3,\"b\":null}\n"
              "{\"a\":4,\"b\":null}\n");
        (void)snprintf(want, sizeof want, "%s%s%s", missing, misfits, no_text);
        mr_text_addc(&f.bad, '\0');
        assert_string_equal(f.bad.at, want);
        assert_int_equal(f.counters.malformed, 2);
        assert_int_equal(f.counters.misfits, 2);
        assert_int_equal(f.counters.dropped, 4);
        set(&f, "rescuedDataColumn", "r");
        set(&f, "columnNameOfCorruptRecord", "c");
        check(&f, "{\"a\":\"x\"}\n{\"a\":\n",
              "{\"a\":null,\"b\":null,\"r\":\"{\\\"a\\\":\\\"x\\\",\\\"_file_path\\\":"
              "\\\"file:/in/a.json\\\"}\"}\n");
        mr_text_addc(&f.bad, '\0');
        assert_string_equal(f.bad.at, missing);
        fixture_fini(&f);
    }
}

/* A text that is bad throughout leaves in steps: a decode stops after 256 KiB of lines, in lines
 * and within the array of one. */
static void test_bad_records_bounded(void **state)
{
    static const char *const parts[][3] = {{"", "x\n", ""}, {"[", "1,", "1]\n"}};
    enum { COUNT = 60000, LINES_MAX = (256 << 10) + 200 };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(parts); i++) {
        struct fixture f;
        struct mr_json_reader *reader;
        struct mr_arena arena;
        struct mr_text in;
        size_t at = 0, consumed = 0;
        fixture_init(&f, AB);
        set(&f, "badRecordsPath", "/tmp/bad");
        mr_arena_init(&arena, &f.heap, 0);
        mr_text_init(&in, &f.heap);
        mr_text_adds(&in, parts[i][0]);
        for (uint32_t k = 0; k < COUNT; k++) mr_text_adds(&in, parts[i][1]);
        mr_text_adds(&in, parts[i][2]);
        uint32_t bytes = (uint32_t)in.used, decodes = 0;
        for (int k = 0; k < MR_PAD; k++) mr_text_addc(&in, ' ');
        assert_int_equal(mr_json_reader_open(&f.heap, f.schema, &f.options,
                                             mr_json_kernels(MR_ISA_REF), NULL, &reader, &f.err),
                         MR_OK);
        while (at < bytes) {
            struct mr_batch batch;
            mr_batch_init(&batch, &arena, f.schema);
            assert_int_equal(mr_json_reader_decode(reader, in.at + at, bytes - at, true, &batch,
                                                   &consumed, &f.err),
                             MR_OK);
            assert_in_range(mr_json_reader_bad_records(reader).bytes, 1, LINES_MAX);
            assert_int_equal(batch.rows, 0);
            at += consumed;
            decodes++;
            mr_batch_fini(&batch);
        }
        assert_in_range(decodes, 10, 100);
        assert_int_equal(mr_json_reader_counters(reader)->dropped, COUNT + (i == 1));
        mr_json_reader_close(reader);
        mr_text_fini(&in);
        mr_arena_fini(&arena);
        fixture_fini(&f);
    }
}

static void test_options(void **state)
{
    (void)state;
    struct mr_json_options options;
    struct mr_err err = {0};
    mr_json_options_init(&options);
    assert_true(options.allows_single_quotes && options.allows_words && options.is_case_sensitive);
    static const struct {
        const char *name, *value;
        mr_status status;
    } bad[] = {
        {"multiline", "yes", MR_E_INVALID},       {"multiLinee", "true", MR_E_INVALID},
        {"mode", "STRICT", MR_E_INVALID},         {"singleVariantColumn", "v", MR_E_UNSUPPORTED},
        {"encoding", "UTF-16", MR_E_UNSUPPORTED}, {"locale", "de-DE", MR_E_UNSUPPORTED},
        {"maxRecordBytes", "12", MR_E_INVALID},   {"timestampFormat", "QQ", MR_E_INVALID}};
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        assert_int_equal(
            mr_json_options_set(&options, mr_span_of(bad[i].name), mr_span_of(bad[i].value), &err),
            bad[i].status);
        if (i != 7) assert_non_null(strcasestr(err.message, bad[i].name));
    }
    assert_int_equal(mr_json_options_set(&options, MR_SPAN("ENCODING"), MR_SPAN("utf-8"), &err),
                     MR_OK);
    assert_true(mr_json_option_is_known(MR_SPAN("prefersdecimal")));
    assert_false(mr_json_option_is_known(MR_SPAN("sep")));
}

static void test_refused_schemas(void **state)
{
    (void)state;
    struct fixture f;
    struct mr_json_reader *reader = NULL;
    fixture_init(&f, "m map<bigint,bigint>");
    assert_int_equal(mr_json_reader_open(&f.heap, f.schema, &f.options, mr_json_kernels(MR_ISA_REF),
                                         NULL, &reader, &f.err),
                     MR_E_INVALID);
    fixture_fini(&f);
    fixture_init(&f, "_corrupt_record bigint");
    assert_int_equal(mr_json_reader_open(&f.heap, f.schema, &f.options, mr_json_kernels(MR_ISA_REF),
                                         NULL, &reader, &f.err),
                     MR_E_TYPE);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scalars),
                                       cmocka_unit_test(test_times),
                                       cmocka_unit_test(test_nesting),
                                       cmocka_unit_test(test_grown_lists),
                                       cmocka_unit_test(test_modes),
                                       cmocka_unit_test(test_rescue),
                                       cmocka_unit_test(test_misfits_in_lists),
                                       cmocka_unit_test(test_arrays_and_roots),
                                       cmocka_unit_test(test_documents),
                                       cmocka_unit_test(test_lenient),
                                       cmocka_unit_test(test_separators),
                                       cmocka_unit_test(test_not_utf8),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_bad_records),
                                       cmocka_unit_test(test_bad_records_bounded),
                                       cmocka_unit_test(test_options),
                                       cmocka_unit_test(test_refused_schemas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

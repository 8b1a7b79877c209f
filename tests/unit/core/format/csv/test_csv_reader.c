/* Shown: CSV becomes typed rows by the table of parser modes, the same however the text is cut into
 * pushes, on every instruction set, and by the lane as by the cutter alone; limits hold; options do
 * what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "tests/support/csv_decode.h"
#include "tests/support/type_text.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_csv_options options;
    const struct mr_type *schema;
    struct mr_csv_counters counters; /* of the last run, as the rest */
    struct mr_err err;
    struct mr_text unknown; /* DDL */
    struct mr_text misfits;
    struct mr_text bad; /* lines for badRecordsPath */
};

static void fixture_init(struct fixture *f, const char *ddl)
{
    memset(f, 0, sizeof *f);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    mr_text_init(&f->unknown, &f->heap);
    mr_text_init(&f->misfits, &f->heap);
    mr_text_init(&f->bad, &f->heap);
    mr_csv_options_init(&f->options);
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
        mr_csv_options_set(&f->options, mr_span_of(name), mr_span_of(value), &f->err);
    if (status != MR_OK) fail_msg("%s", f->err.message);
    assert_int_equal(mr_csv_options_check(&f->options, &f->err), MR_OK);
}

static void types_write(struct fixture *f, struct mr_csv_reader *reader)
{
    const struct mr_type *type;
    mr_text_reset(&f->unknown);
    assert_int_equal(mr_csv_reader_unknown(reader, &f->arena, &type, &f->err), MR_OK);
    assert_int_equal(mr_csv_reader_has_unknown(reader), type->field_count > 0);
    mr_schema_write_ddl(type, &f->unknown);
    mr_text_reset(&f->misfits);
    assert_int_equal(mr_csv_reader_misfits(reader, &f->arena, &type, &f->err), MR_OK);
    assert_int_equal(mr_csv_reader_has_misfits(reader), type->field_count > 0);
    mr_schema_write_ddl(type, &f->misfits);
}

static mr_status run(struct fixture *f, mr_isa isa, struct mr_span input, size_t step,
                     struct mr_text *out)
{
    struct mr_csv_reader *reader;
    mr_status status = mr_csv_reader_open(&f->heap, f->schema, &f->options, mr_csv_kernels(isa),
                                          NULL, &reader, &f->err);
    assert_int_equal(status, MR_OK);
    assert_int_equal(mr_csv_reader_begin(reader, MR_SPAN("file:/in/a.csv"), &f->err), MR_OK);
    mr_text_reset(&f->bad);
    status = mr_csv_push_all(reader, &f->heap, input, step, out, &f->bad, &f->err);
    f->counters = *mr_csv_reader_counters(reader);
    types_write(f, reader);
    mr_csv_reader_close(reader);
    return status;
}

/* check_step: the rows that `input` must become in pushes of `step`, by the lane and the cutter. */
static void check_step(struct fixture *f, mr_isa isa, size_t step, struct mr_span input,
                       struct mr_span want)
{
    for (int i = 0; i < 2; i++) {
        struct mr_text out;
        mr_text_init(&out, &f->heap);
        f->options.has_no_lane = i == 1;
        mr_status status = run(f, isa, input, step, &out);
        if (status != MR_OK) fail_msg("%s", f->err.message);
        if (!mr_span_eq(mr_text_span(&out), want)) {
            fail_msg("isa %d, step %zu, lane %d:\n%.*s\ninstead of\n%.*s", (int)isa, step, i == 0,
                     (int)out.used, out.at, (int)want.bytes, want.text);
        }
        mr_text_fini(&out);
    }
}

/* check_span: the same by each way of reading it. */
static void check_span(struct fixture *f, struct mr_span input, struct mr_span want)
{
    static const size_t steps[] = {0, 1, 2, 7, 64, 1000};
    for (int isa = 0; isa <= (int)mr_isa_best(); isa++) {
        for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
            check_step(f, (mr_isa)isa, steps[i], input, want);
        }
    }
}

static void check(struct fixture *f, const char *input, const char *want)
{
    check_span(f, mr_span_of(input), mr_span_of(want));
}

static void check_fails(struct fixture *f, const char *input, mr_status want, const char *message)
{
    struct mr_text out;
    mr_text_init(&out, &f->heap);
    assert_int_equal(run(f, MR_ISA_REF, mr_span_of(input), 0, &out), want);
    if (strstr(f->err.message, message) == NULL) fail_msg("%s", f->err.message);
    mr_text_fini(&out);
}

static void assert_text(const struct mr_text *text, const char *want)
{
    if (!mr_span_is(mr_text_span(text), want)) {
        fail_msg("%.*s instead of %s", (int)text->used, text->at, want);
    }
}

/* ---- values ---- */

static void test_types(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a tinyint, b smallint, c int, d bigint, e float, g double, h decimal(10,2), "
                     "i boolean, j date, k timestamp, l timestamp_ntz, m string, n binary");
    check(&f,
          "1,-2,+3,04,1.5,2e3,1234.5,TRUE,2024-02-29,2024-02-29 10:11:12.5,2024-01-01T00:00:00,x,"
          "ab\n"
          "127,32767,2147483647,9223372036854775807,NaN,Inf,-0.005,false,2024-3-1,"
          "2024-02-29T10:11:12Z,1970-01-01,long text of a column,\n"
          ",,,,,,,,,,,,\n",
          "{\"a\":1,\"b\":-2,\"c\":3,\"d\":4,\"e\":1.5,\"g\":2000.0,\"h\":\"1234.50\",\"i\":true,"
          "\"j\":\"2024-02-29\",\"k\":\"2024-02-29T10:11:12.500000Z\","
          "\"l\":\"2024-01-01T00:00:00.000000\",\"m\":\"x\",\"n\":\"0x6162\"}\n"
          "{\"a\":127,\"b\":32767,\"c\":2147483647,\"d\":9223372036854775807,\"e\":\"NaN\","
          "\"g\":\"Infinity\",\"h\":\"-0.01\",\"i\":false,\"j\":\"2024-03-01\","
          "\"k\":\"2024-02-29T10:11:12.000000Z\",\"l\":\"1970-01-01T00:00:00.000000\","
          "\"m\":\"long text of a column\",\"n\":null}\n"
          "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"g\":null,\"h\":null,"
          "\"i\":null,\"j\":null,\"k\":null,\"l\":null,\"m\":null,\"n\":null}\n");
    fixture_fini(&f);
}

static void test_quotes(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b string, c int");
    check(&f, "\"x, y\",\"\",1\n\"say \\\"hi\\\"\",p\"q,2\r\n\"un\"closed,z,3\r\"open,4\n",
          "{\"a\":\"x, y\",\"b\":null,\"c\":1}\n"
          "{\"a\":\"say \\\"hi\\\"\",\"b\":\"p\\\"q\",\"c\":2}\n"
          "{\"a\":\"\\\"un\\\"closed\",\"b\":\"z\",\"c\":3}\n"
          "{\"a\":\"open,4\",\"b\":null,\"c\":null}\n");
    assert_int_equal(f.counters.malformed, 1);
    set(&f, "escape", "\"");
    check(&f, "\"say \"\"hi\"\", all\",\"\"\"\",1\n",
          "{\"a\":\"say \\\"hi\\\", all\",\"b\":\"\\\"\",\"c\":1}\n");
    set(&f, "quote", "'");
    set(&f, "sep", "\\t");
    check(&f, "'a\tb'\t\"q\"\t3\n\t\t4\n\t\t\n",
          "{\"a\":\"a\\tb\",\"b\":\"\\\"q\\\"\",\"c\":3}\n{\"a\":null,\"b\":null,\"c\":4}\n");
    set(&f, "quote", "");
    set(&f, "sep", "||");
    check(&f, "'a||\"b|c\"||3\n", "{\"a\":\"'a\",\"b\":\"\\\"b|c\\\"\",\"c\":3}\n");
    fixture_fini(&f);
}

static void test_nulls(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b int, d double");
    set(&f, "nullValue", "NA");
    check(&f, "NA,NA,NA\n,,\n\"\",\"NA\",Inf\nNAN,1,NaN\n",
          "{\"a\":null,\"b\":null,\"d\":null}\n{\"a\":null,\"b\":null,\"d\":null}\n"
          "{\"a\":\"\",\"b\":null,\"d\":\"Infinity\"}\n{\"a\":\"NAN\",\"b\":1,\"d\":\"NaN\"}\n");
    set(&f, "emptyValue", "nothing at all");
    set(&f, "nanValue", "nan");
    set(&f, "positiveInf", "big");
    set(&f, "negativeInf", "small");
    check(&f, "\"\",1,nan\nx,2,big\ny,3,small\n",
          "{\"a\":\"nothing at all\",\"b\":1,\"d\":\"NaN\"}\n"
          "{\"a\":\"x\",\"b\":2,\"d\":\"Infinity\"}\n{\"a\":\"y\",\"b\":3,\"d\":\"-Infinity\"}\n");
    fixture_fini(&f);
}

static void test_blanks(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b string");
    check(&f, " x , \"y\" \n\n   \n", "{\"a\":\" x \",\"b\":\" \\\"y\\\" \"}\n");
    set(&f, "ignoreLeadingWhiteSpace", "true");
    check(&f, " x , \"y\" \n", "{\"a\":\"x \",\"b\":\"y\"}\n");
    set(&f, "ignoreTrailingWhiteSpace", "true");
    check(&f, " x , \"y\" \n  , z\n", "{\"a\":\"x\",\"b\":\"y\"}\n{\"a\":null,\"b\":\"z\"}\n");
    fixture_fini(&f);
}

static void test_formats(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a date, b timestamp, c timestamp_ntz");
    set(&f, "dateFormat", "dd/MM/yyyy");
    set(&f, "timestampFormat", "yyyyMMdd HHmm");
    set(&f, "timestampNTZFormat", "dd.MM.yyyy HH:mm");
    check(&f, "29/02/2024,20240229 1011,01.02.2003 04:05\n",
          "{\"a\":\"2024-02-29\",\"b\":\"2024-02-29T10:11:00.000000Z\","
          "\"c\":\"2003-02-01T04:05:00.000000\"}\n");
    fixture_fini(&f);
}

/* ---- lines ---- */

static void test_lines(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b int");
    check(&f, "\xef\xbb\xbfx,1\r\ny,2\rz,3", "{\"a\":\"x\",\"b\":1}\n{\"a\":\"y\",\"b\":2}\n"
                                            "{\"a\":\"z\",\"b\":3}\n");
    set(&f, "comment", "#");
    set(&f, "skipRows", "2");
    check(&f, "junk\n\n#c,1\nx,1\n #,2\n",
          "{\"a\":\"x\",\"b\":1}\n{\"a\":\" #\",\"b\":2}\n");
    set(&f, "skipRows", "0");
    set(&f, "lineSep", ";;");
    check(&f, "x\ny,1;;#;;;;z;,2", "{\"a\":\"x\\ny\",\"b\":1}\n{\"a\":\"z;\",\"b\":2}\n");
    fixture_fini(&f);
}

static void test_documents(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b int");
    set(&f, "multiLine", "true");
    check(&f, "\"one\ntwo\",1\n\nx,2\n\"three\n", "{\"a\":\"one\\ntwo\",\"b\":1}\n"
                                                  "{\"a\":\"x\",\"b\":2}\n"
                                                  "{\"a\":\"three\\n\",\"b\":null}\n");
    check(&f, "\"one\r\ntwo\",1\r\nx,2\r\n", "{\"a\":\"one\\ntwo\",\"b\":1}\n"
                                             "{\"a\":\"x\",\"b\":2}\n");
    check(&f, "x,1\ry,2\r", "{\"a\":\"x\",\"b\":1}\n{\"a\":\"y\",\"b\":2}\n");
    set(&f, "comment", "#");
    check(&f, "#\"\nx,1\n", "{\"a\":\"x\",\"b\":1}\n");
    fixture_fini(&f);
}

static void test_not_utf8(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b int");
    check(&f, "caf\xe9,1\ncaf\xc3\xa9 and more of it,2\n",
          "{\"a\":\"caf\xef\xbf\xbd\",\"b\":1}\n{\"a\":\"caf\xc3\xa9 and more of it\",\"b\":2}\n");
    fixture_fini(&f);
}

/* ---- headers ---- */

static void test_header(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b int, c date");
    set(&f, "header", "true");
    check(&f, "b,a\n1,x\n2,y\n", "{\"a\":\"x\",\"b\":1,\"c\":null}\n"
                                 "{\"a\":\"y\",\"b\":2,\"c\":null}\n");
    check(&f, "\n\"a\",new,b\nx,1.5,1\ny,,2\n", "{\"a\":\"x\",\"b\":1,\"c\":null}\n"
                                               "{\"a\":\"y\",\"b\":2,\"c\":null}\n");
    assert_text(&f.unknown, "new double");
    check(&f, "A,b\nx,1\n", "{\"a\":null,\"b\":1,\"c\":null}\n");
    assert_int_equal(f.unknown.used, 0); /* another case is no news */
    set(&f, "readerCaseSensitive", "false");
    check(&f, "A,B\nx,1\n", "{\"a\":\"x\",\"b\":1,\"c\":null}\n");
    check(&f, "a,,a\nx,1,2\n", "{\"a\":null,\"b\":null,\"c\":null}\n");
    assert_text(&f.unknown, "a0 string, _c1 int, a2 int");
    check(&f, "a,b,c\n", "");
    fixture_fini(&f);
}

static void test_enforce(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a string, b int");
    set(&f, "header", "true");
    set(&f, "enforceSchema", "true");
    check(&f, "p,q\nx,1\n", "{\"a\":\"x\",\"b\":1}\n");
    set(&f, "enforceSchema", "false");
    check(&f, "A,b\nx,1\n", "{\"a\":\"x\",\"b\":1}\n");
    check_fails(&f, "b,a\n1,x\n", MR_E_SCHEMA, "column 1 of the header is \"b\"");
    check_fails(&f, "a,b,c\nx,1,2\n", MR_E_SCHEMA, "the header has 3 columns, the schema has 2");
    fixture_fini(&f);
}

static void test_numbered(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "_c0 string, _c1 int");
    check(&f, "x,1\n", "{\"_c0\":\"x\",\"_c1\":1}\n");
    check(&f, "x,1,z\ny,2,w\n", "{\"_c0\":\"x\",\"_c1\":1}\n{\"_c0\":\"y\",\"_c1\":2}\n");
    assert_text(&f.unknown, "_c2 string");
    check(&f, "x\ny\n", "{\"_c0\":\"x\",\"_c1\":null}\n{\"_c0\":\"y\",\"_c1\":null}\n");
    assert_int_equal(f.counters.malformed, 0);
    fixture_fini(&f);
}

/* ---- fates ---- */

#define MIXED "1,x\ntwo,y\n3\n4,z,more\n5,v\n"

static void test_modes(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a int, b string, _corrupt_record string");
    check(&f, MIXED,
          "{\"a\":1,\"b\":\"x\",\"_corrupt_record\":null}\n"
          "{\"a\":null,\"b\":\"y\",\"_corrupt_record\":\"two,y\"}\n"
          "{\"a\":3,\"b\":null,\"_corrupt_record\":\"3\"}\n"
          "{\"a\":4,\"b\":\"z\",\"_corrupt_record\":\"4,z,more\"}\n"
          "{\"a\":5,\"b\":\"v\",\"_corrupt_record\":null}\n");
    assert_int_equal(f.counters.malformed, 2);
    assert_int_equal(f.counters.misfits, 1);
    set(&f, "mode", "DROPMALFORMED");
    check(&f, MIXED, "{\"a\":1,\"b\":\"x\",\"_corrupt_record\":null}\n"
                     "{\"a\":5,\"b\":\"v\",\"_corrupt_record\":null}\n");
    assert_int_equal(f.counters.records, 5);
    assert_int_equal(f.counters.rows, 2);
    assert_int_equal(f.counters.dropped, 3);
    set(&f, "mode", "FAILFAST");
    check_fails(&f, "1,x\ntwo,y\n", MR_E_CORRUPT,
                "does not fit its column in the CSV record two,y");
    assert_int_equal(f.err.at, 4);
    check_fails(&f, "1\n", MR_E_CORRUPT, "fewer or more values");
    fixture_fini(&f);
}

static void test_rescue(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a int, b string");
    set(&f, "rescuedDataColumn", "_r");
    set(&f, "mode", "FAILFAST");
    check(&f, "one,x\n", "{\"a\":null,\"b\":\"x\",\"_r\":\"{\\\"a\\\":\\\"one\\\","
                         "\\\"_file_path\\\":\\\"file:/in/a.csv\\\"}\"}\n");
    set(&f, "mode", "PERMISSIVE");
    set(&f, "rescuedDataColumn.filePath.enabled", "false");
    check(&f, "1,x,extra,,\"q\\\"\"\n",
          "{\"a\":1,\"b\":\"x\",\"_r\":\"{\\\"_c2\\\":\\\"extra\\\",\\\"_c4\\\":\\\"q\\\\\\\"\\\"}"
          "\"}\n");
    set(&f, "header", "true");
    check(&f, "A,b,n\n1,x,\n,y,2\n3.5,z,3\n",
          "{\"a\":null,\"b\":\"x\",\"_r\":\"{\\\"A\\\":\\\"1\\\"}\"}\n"
          "{\"a\":null,\"b\":\"y\",\"_r\":\"{\\\"n\\\":\\\"2\\\"}\"}\n"
          "{\"a\":null,\"b\":\"z\",\"_r\":\"{\\\"A\\\":\\\"3.5\\\",\\\"n\\\":\\\"3\\\"}\"}\n");
    assert_int_equal(f.counters.rescued, 3);
    check(&f, "a,b\n1.5,x\ntrue,y\n",
          "{\"a\":null,\"b\":\"x\",\"_r\":\"{\\\"a\\\":\\\"1.5\\\"}\"}\n"
          "{\"a\":null,\"b\":\"y\",\"_r\":\"{\\\"a\\\":\\\"true\\\"}\"}\n");
    assert_text(&f.misfits, "a string");
    check(&f, "a,b\n2147483648,x\n",
          "{\"a\":null,\"b\":\"x\",\"_r\":\"{\\\"a\\\":\\\"2147483648\\\"}\"}\n");
    assert_text(&f.misfits, "a bigint");
    fixture_fini(&f);
}

static void test_bad_path(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, "a int, b string");
    set(&f, "badRecordsPath", "/bad");
    set(&f, "mode", "FAILFAST");
    check(&f, MIXED, "{\"a\":1,\"b\":\"x\"}\n{\"a\":5,\"b\":\"v\"}\n");
    assert_true(mr_span_is(
        mr_text_span(&f.bad),
        "{\"path\":\"file:/in/a.csv\",\"reason\":\"a value does not fit its column\","
        "\"record\":\"two,y\"}\n"
        "{\"path\":\"file:/in/a.csv\",\"reason\":\"the record has fewer or more values than there "
        "are columns\",\"record\":\"3\"}\n"
        "{\"path\":\"file:/in/a.csv\",\"reason\":\"the record has fewer or more values than there "
        "are columns\",\"record\":\"4,z,more\"}\n"));
    fixture_fini(&f);
}

static void test_limits(void **state)
{
    struct fixture f;
    static char text[5000], want[5000];
    (void)state;
    fixture_init(&f, "a string, b int, _corrupt_record string");
    set(&f, "maxRecordBytes", "1024");
    (void)snprintf(text, sizeof text, "x,1\n%01500d,2\r\n%01000d,3\n", 7, 8);
    (void)snprintf(want, sizeof want,
                   "{\"a\":\"x\",\"b\":1,\"_corrupt_record\":null}\n"
                   "{\"a\":null,\"b\":null,\"_corrupt_record\":\"%01000d\"}\n"
                   "{\"a\":\"%01000d\",\"b\":3,\"_corrupt_record\":null}\n", 0, 8);
    check(&f, text, want);
    set(&f, "lineSep", "\r\n");
    set(&f, "maxCharsPerColumn", "3");
    set(&f, "maxColumns", "3");
    check(&f, "abc,1\r\n\"abcd\",2\r\na,b,c,d\r\n\xc3\xa4\xc3\xa4\xc3\xa4,4\r\n",
          "{\"a\":\"abc\",\"b\":1,\"_corrupt_record\":null}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"\\\"abcd\\\",2\"}\n"
          "{\"a\":null,\"b\":null,\"_corrupt_record\":\"a,b,c,d\"}\n"
          "{\"a\":\"\xc3\xa4\xc3\xa4\xc3\xa4\",\"b\":4,\"_corrupt_record\":null}\n");
    fixture_fini(&f);
}

#define X_ROW "{\"a\":\"x\",\"b\":1,\"_corrupt_record\":null}\n"

/* check_long: `digits` zeros between two texts. Two rows: what comes of them, which is a record
 * that is too long when `row` is null, and x,1 in `behind`. */
static void check_long(struct fixture *f, const char *front, int digits, const char *behind,
                       const char *row)
{
    static char text[4096], want[4096];
    (void)snprintf(text, sizeof text, "%s%0*d%s", front, digits, 0, behind);
    (void)snprintf(want, sizeof want, "{\"a\":null,\"b\":null,\"_corrupt_record\":\"%s%0*d\"}\n%s",
                   front[0] == '"' ? "\\\"" : front, 1000 - (int)strlen(front), 0, X_ROW);
    if (row != NULL) (void)snprintf(want, sizeof want, "%s%s", row, X_ROW);
    check_step(f, mr_isa_best(), 0, mr_span_of(text), mr_span_of(want));
    for (size_t step = 1020; step < 1035; step++) {
        check_step(f, mr_isa_best(), step, mr_span_of(text), mr_span_of(want));
    }
}

/* Where reading goes on behind what is too long is a matter of the text, not of the pushes. */
static void test_long_records(void **state)
{
    struct fixture f;
    char kept[1200];
    (void)state;
    fixture_init(&f, "a string, b int, _corrupt_record string");
    set(&f, "maxRecordBytes", "1024");
    set(&f, "comment", "#");
    (void)snprintf(kept, sizeof kept, "{\"a\":\"%01022d\",\"b\":5,\"_corrupt_record\":null}\n", 0);
    for (int i = 0; i < 2; i++) {
        set(&f, "multiLine", i == 0 ? "false" : "true");
        static const char *const ends[] = {"\n", "\r\n", "\r", ";;", "\n--\r"};
        for (size_t k = 0; k < MR_COUNT_OF(ends); k++) {
            char behind[32];
            if (k >= 3) set(&f, "lineSep", ends[k]);
            (void)snprintf(behind, sizeof behind, "%sx,1%s", ends[k], ends[k]);
            check_long(&f, "", 1025, behind, NULL);
            check_long(&f, "", 1027, behind, NULL);
            check_long(&f, "#", 1026, behind, "");
            (void)snprintf(behind, sizeof behind, ",5%sx,1%s", ends[k], ends[k]);
            check_long(&f, "", 1022, behind, kept);
            check_long(&f, "", 1023, behind, NULL);
        }
        f.options.line_sep[0] = '\0';
        check_long(&f, "\"", 1500, "\nx,1", NULL);
        f.options.skip_rows = 1;
        check_long(&f, "", 1500, "\nx,1", "");
        f.options.skip_rows = 0;
    }
    fixture_fini(&f);
}

static void test_want(void **state)
{
    struct fixture f;
    struct mr_csv_reader *reader;
    struct mr_text out;
    static const bool wanted[] = {false, true};
    (void)state;
    fixture_init(&f, "a int, b int");
    mr_text_init(&out, &f.heap);
    assert_int_equal(mr_csv_reader_open(&f.heap, f.schema, &f.options, mr_csv_kernels(MR_ISA_REF),
                                        NULL, &reader, &f.err), MR_OK);
    mr_csv_reader_want(reader, wanted, false);
    assert_int_equal(mr_csv_reader_begin(reader, MR_SPAN("f"), &f.err), MR_OK);
    assert_int_equal(
        mr_csv_push_all(reader, &f.heap, MR_SPAN("x,1\n2,3\n"), 0, &out, &f.bad, &f.err), MR_OK);
    assert_true(mr_span_is(mr_text_span(&out), "{\"a\":null,\"b\":1}\n{\"a\":null,\"b\":3}\n"));
    assert_int_equal(mr_csv_reader_counters(reader)->misfits, 0);
    mr_csv_reader_close(reader);
    mr_text_fini(&out);
    fixture_fini(&f);
}

static void test_refused(void **state)
{
    struct fixture f;
    struct mr_csv_reader *reader;
    static const struct {
        const char *name, *value;
        mr_status status;
    } wrong[] = {
        {"header", "maybe", MR_E_INVALID},   {"sep", "", MR_E_INVALID},
        {"quote", "''", MR_E_INVALID},       {"encoding", "UTF-16", MR_E_UNSUPPORTED},
        {"mode", "LENIENT", MR_E_INVALID},   {"locale", "de-DE", MR_E_UNSUPPORTED},
        {"skipRows", "-1", MR_E_INVALID},    {"samplingRatio", "0", MR_E_INVALID},
        {"maxColumns", "0", MR_E_INVALID},   {"comment", "\xc3\xa4", MR_E_INVALID},
        {"noSuch", "1", MR_E_INVALID},       {"singleVariantColumn", "v", MR_E_UNSUPPORTED},
    };
    (void)state;
    fixture_init(&f, "a array<int>");
    for (size_t i = 0; i < MR_COUNT_OF(wrong); i++) {
        assert_int_equal(mr_csv_options_set(&f.options, mr_span_of(wrong[i].name),
                                            mr_span_of(wrong[i].value), &f.err),
                         wrong[i].status);
    }
    assert_int_equal(mr_csv_reader_open(&f.heap, f.schema, &f.options, mr_csv_kernels(MR_ISA_REF),
                                        NULL, &reader, &f.err), MR_E_TYPE);
    set(&f, "sep", "#");
    assert_int_equal(
        mr_csv_options_set(&f.options, MR_SPAN("comment"), MR_SPAN("#"), &f.err), MR_OK);
    assert_int_equal(mr_csv_options_check(&f.options, &f.err), MR_E_INVALID);
    fixture_fini(&f);
}

/* Random records of the characters that mean something: the lane, on all cuts, as the cutter. */
static void test_random(void **state)
{
    static const char *const alphabets[] = {"ab,,\n\"", "1,\n\r\"\\ ", "a1.-,,,\n",
                                            "\",\n\xc3\xa9#"};
    static const char *const sets[][2] = {{"escape", "\""},
                                          {"multiLine", "true"},
                                          {"ignoreLeadingWhiteSpace", "true"},
                                          {"comment", "#"},
                                          {"ignoreTrailingWhiteSpace", "true"},
                                          {"nullValue", "a"}};
    static char text[600];
    struct mr_rng rng;
    (void)state;
    mr_rng_init(&rng, 77);
    for (int round = 0; round < 300; round++) {
        struct fixture f;
        struct mr_text want;
        uint32_t bytes = (uint32_t)mr_rng_below(&rng, sizeof text);
        const char *alphabet = alphabets[mr_rng_below(&rng, MR_COUNT_OF(alphabets))];
        fixture_init(&f, round % 2 == 0 ? "a string, b string" : "a int, b double, c string");
        set(&f, "rescuedDataColumn", "r");
        for (size_t i = 0; i < MR_COUNT_OF(sets); i++) {
            if (mr_rng_below(&rng, 3) == 0) set(&f, sets[i][0], sets[i][1]);
        }
        for (uint32_t i = 0; i < bytes; i++) {
            text[i] = alphabet[mr_rng_below(&rng, strlen(alphabet))];
        }
        mr_text_init(&want, &f.heap);
        f.options.has_no_lane = true;
        struct mr_span input = {text, bytes};
        assert_int_equal(run(&f, MR_ISA_REF, input, 0, &want), MR_OK);
        check_span(&f, input, mr_text_span(&want));
        mr_text_fini(&want);
        fixture_fini(&f);
    }
}

/* Many rows: more than a batch, more than a tile of the index. */
static void test_many(void **state)
{
    struct fixture f;
    struct mr_text input, want;
    (void)state;
    fixture_init(&f, "a bigint, b string");
    mr_text_init(&input, &f.heap);
    mr_text_init(&want, &f.heap);
    for (int i = 0; i < 9000; i++) {
        mr_text_addf(&input, i % 7 == 0 ? "%d,\"v\\\"%d\"\n" : "%d,\"v,%d\"\n", i, i);
        mr_text_addf(&want, i % 7 == 0 ? "{\"a\":%d,\"b\":\"v\\\"%d\"}\n"
                                       : "{\"a\":%d,\"b\":\"v,%d\"}\n", i, i);
    }
    for (int lane = 0; lane < 2; lane++) {
        struct mr_text out;
        mr_text_init(&out, &f.heap);
        f.options.has_no_lane = lane == 0;
        assert_int_equal(run(&f, mr_isa_best(), mr_text_span(&input), 50000, &out), MR_OK);
        assert_true(mr_span_eq(mr_text_span(&out), mr_text_span(&want)));
        mr_text_fini(&out);
    }
    mr_text_fini(&input);
    mr_text_fini(&want);
    fixture_fini(&f);
}

/* The n-th take fails, n = 1, 2, ...: an error and nothing lost, until all goes well. */
static void test_nomem(void **state)
{
    struct fixture f;
    mr_status status = MR_E_NOMEM;
    (void)state;
    fixture_init(&f, "a int, b string, _corrupt_record string");
    set(&f, "rescuedDataColumn", "_r");
    for (uint64_t n = 1; status != MR_OK; n++) {
        struct mr_csv_reader *reader = NULL;
        struct mr_text out, bad;
        assert_true(n < 200);
        mr_text_init(&out, &f.heap);
        mr_text_init(&bad, &f.heap);
        mr_heap_fail_at(&f.heap, n);
        status = mr_csv_reader_open(&f.heap, f.schema, &f.options, mr_csv_kernels(MR_ISA_REF),
                                    NULL, &reader, &f.err);
        if (status == MR_OK) status = mr_csv_reader_begin(reader, MR_SPAN("f"), &f.err);
        if (status == MR_OK) {
            status = mr_csv_push_all(reader, &f.heap, MR_SPAN(MIXED "\"q\\\"\",x\n"), 0, &out, &bad,
                                     &f.err);
        }
        if (status == MR_OK && (out.is_failed || bad.is_failed)) status = MR_E_NOMEM;
        assert_true(status == MR_OK || status == MR_E_NOMEM);
        mr_csv_reader_close(reader);
        mr_text_fini(&out);
        mr_text_fini(&bad);
    }
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),     cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_nulls),     cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_formats),   cmocka_unit_test(test_lines),
        cmocka_unit_test(test_documents), cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_header),    cmocka_unit_test(test_enforce),
        cmocka_unit_test(test_numbered),  cmocka_unit_test(test_modes),
        cmocka_unit_test(test_rescue),    cmocka_unit_test(test_bad_path),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_want),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_many),      cmocka_unit_test(test_nomem),
        cmocka_unit_test(test_long_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

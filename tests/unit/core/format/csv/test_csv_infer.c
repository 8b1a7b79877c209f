/* Shown: inference gives the types of the ladder and merges them as the table of SEMANTICS.md 1.4
 * says, over several files and however the text is cut; names, sampling and all-strings hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/csv/csv_infer.h"

static void feed(struct mr_csv_infer *infer, const char *text, size_t step)
{
    size_t bytes = strlen(text), at = 0, room = step == 0 ? bytes : MR_MIN(step, bytes);
    struct mr_err err = {0};
    assert_int_equal(mr_csv_infer_begin(infer, &err), MR_OK);
    while (at < bytes) {
        size_t consumed;
        bool is_last = at + room == bytes;
        char *copy = calloc(1, room + MR_PAD);
        assert_non_null(copy);
        memcpy(copy, text + at, room);
        assert_int_equal(mr_csv_infer_feed(infer, copy, room, is_last, &consumed, &err), MR_OK);
        free(copy);
        at += consumed;
        room = MR_MIN(consumed == 0 ? room + step : step == 0 ? bytes : step, bytes - at);
    }
}

/* The schema of `files`, up to a null, with options name, value, ... up to a null. */
static void check(const char *const *options, const char *const *files, const char *want)
{
    static const size_t steps[] = {0, 1, 13};
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct mr_heap heap;
        struct mr_arena arena;
        struct mr_text ddl;
        struct mr_csv_options o;
        struct mr_csv_infer *infer;
        struct mr_err err = {0};
        const struct mr_type *type;
        mr_heap_init(&heap, 0);
        mr_arena_init(&arena, &heap, 0);
        mr_text_init(&ddl, &heap);
        mr_csv_options_init(&o);
        o.has_header = o.infers_column_types = true;
        for (const char *const *at = options; *at != NULL; at += 2) {
            assert_int_equal(mr_csv_options_set(&o, mr_span_of(at[0]), mr_span_of(at[1]), &err),
                             MR_OK);
        }
        assert_int_equal(mr_csv_infer_open(&heap, &o, mr_csv_kernels(mr_isa_best()), &infer, &err),
                         MR_OK);
        for (const char *const *file = files; *file != NULL; file++) feed(infer, *file, steps[i]);
        assert_int_equal(mr_csv_infer_type(infer, &arena, &type, &err), MR_OK);
        mr_schema_write_ddl(type, &ddl);
        if (!mr_span_is(mr_text_span(&ddl), want)) {
            fail_msg("%.*s instead of %s", (int)ddl.used, ddl.at, want);
        }
        mr_csv_infer_close(infer);
        mr_text_fini(&ddl);
        mr_arena_fini(&arena);
        assert_int_equal(heap.used_bytes, 0);
    }
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PLAIN ((const char *const[]){NULL})

static void test_ladder(void **state)
{
    (void)state;
    check(PLAIN,
          FILES("a,b,c,d,e,f,g,h,i\n"
                "1,3000000000,12345678901234567890,1.5,2024-01-02,2024-01-02 03:04:05,true,x,\n"),
          "a int, b bigint, c decimal(20,0), d double, e date, f timestamp, g boolean, h string, "
          "i string");
    check(PLAIN, FILES("a,b,c,d\n1e3,NaN,-Inf,Infinity\n"),
          "a double, b double, c double, d double");
    check(OPTIONS("preferDate", "false"), FILES("a\n2024-01-02\n"), "a timestamp");
    check(OPTIONS("dateFormat", "dd/MM/yyyy"), FILES("a,b\n01/02/2024,2024-01-02\n"),
          "a date, b timestamp");
    check(OPTIONS("inferColumnTypes", "false"), FILES("a,b\n1,true\n"), "a string, b string");
}

static void test_merge(void **state)
{
    (void)state;
    check(PLAIN, FILES("a,b,c,d\n1,1,1,2024-01-02\n3000000000,2.5,,2024-01-02T03:04:05Z\n"),
          "a bigint, b double, c int, d timestamp");
    check(PLAIN, FILES("a,b,c,d\n1,true,2024-01-02,12345678901234567890\nx,1,5,7\n"),
          "a string, b string, c string, d decimal(20,0)");
    check(OPTIONS("nullValue", "NA"), FILES("a\nNA\n4\nNA\n"), "a int");
}

static void test_files(void **state)
{
    (void)state;
    check(PLAIN, FILES("a,b\n1,x\n", "b,c\ny,2.5\n", "d\n", ""),
          "a int, b string, c double, d string");
    check(PLAIN, FILES("a,A,,x\n1,2,3,4\n"), "a0 int, A1 int, _c2 int, x int");
    check(OPTIONS("header", "false"), FILES("1,x\n2,y,z\n", "3,w,1.5\n"),
          "_c0 int, _c1 string, _c2 double");
}

static void test_sampling(void **state)
{
    (void)state;
    /* The first record is always looked at, the second not at a tenth. */
    check(OPTIONS("samplingRatio", "0.1"), FILES("a\n1\nx\n"), "a int");
    check(OPTIONS("samplingRatio", "1"), FILES("a\n1\nx\n"), "a string");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder), cmocka_unit_test(test_merge), cmocka_unit_test(test_files),
        cmocka_unit_test(test_sampling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

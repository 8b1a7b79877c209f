/* Shown: JSON documents are read with exact numbers, escapes, order and the last of equal keys;
 * malformed ones are refused at the right byte; depth is limited; every allocation may fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/doc/doc.h"

static mr_status read_text(struct mr_arena *arena, const char *text, const struct mr_doc **doc,
                           struct mr_err *err)
{
    return mr_doc_read(arena, mr_span_of(text), doc, err);
}

static void test_values(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_text out;
    const struct mr_doc *doc;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_text_init(&out, &heap);
    const char *text = " {\"a\":[1,-2.50e+3,true,false,null,\"\\u00e4\\ud83d\\ude00\\n\\ud800\"],"
                       "\"b\":9223372036854775807,\"b\":12345678901234567890123.456,\"c\":{}} ";
    assert_int_equal(read_text(&arena, text, &doc, NULL), MR_OK);
    assert_int_equal(mr_doc_get(doc, "a")->count, 6);
    assert_true(mr_span_is(mr_doc_get(doc, "b")->text, "12345678901234567890123.456"));
    assert_null(mr_doc_get(doc, "d"));
    mr_doc_write(doc, &out);
    assert_string_equal(mr_text_span(&out).text,
                        "{\"a\":[1,-2.50e+3,true,false,null,\"\xc3\xa4\xf0\x9f\x98\x80\\n"
                        "\xef\xbf\xbd\"],\"b\":9223372036854775807,"
                        "\"b\":12345678901234567890123.456,\"c\":{}}");
    mr_text_fini(&out);
    mr_arena_fini(&arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t at;
    } cases[] = {{"", 0},        {"{", 1},   {"[1,]", 3},      {"01", 2},
                 {"1.", 2},      {"\"a", 2}, {"{\"a\" 1}", 5}, {"[1] 2", 4},
                 {"\"\\x\"", 2}, {"nul", 0}, {"\"\t\"", 1},    {"{\"a\":1,}", 7}};
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mr_doc *doc;
        struct mr_err err;
        assert_int_equal(read_text(&arena, cases[i].text, &doc, &err), MR_E_CORRUPT);
        assert_int_equal(err.at, cases[i].at);
    }
    mr_arena_fini(&arena);
}

static void test_limits(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    const struct mr_doc *doc;
    char deep[2 * MR_DOC_DEPTH_MAX + 3] = {0};
    mr_heap_init(&heap, 0);
    for (int i = 0; i < MR_DOC_DEPTH_MAX; i++) {
        deep[i] = '[';
        deep[2 * MR_DOC_DEPTH_MAX - 1 - i] = ']';
    }
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(read_text(&arena, deep, &doc, NULL), MR_OK);
    memmove(deep + 1, deep, sizeof deep - 2);
    assert_int_equal(read_text(&arena, deep, &doc, NULL), MR_E_LIMIT);
    mr_arena_fini(&arena);
    mr_status status = MR_E_NOMEM;
    for (uint64_t n = 1; status == MR_E_NOMEM; n++) {
        mr_arena_init(&arena, &heap, 64);
        mr_heap_fail_at(&heap, n);
        status =
            read_text(&arena, "{\"a\":[1,\"b\",{\"c\":2}],\"d\":\"eeeeeeeeeeeeeeee\"}", &doc, NULL);
        mr_arena_fini(&arena);
        assert_true(n < 100);
        assert_int_equal(heap.used_bytes, 0);
    }
    assert_int_equal(status, MR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

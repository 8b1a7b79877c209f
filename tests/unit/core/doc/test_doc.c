/* Shown: JSON documents are read with exact numbers, escapes, order and the last of equal keys;
 * malformed ones are refused at the right byte; depth is limited; every allocation may fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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

/* A string of `bytes` times `fill` with `c` at `position`, in memory of the exact size. */
static void check_string(struct mr_arena *arena, char fill, size_t bytes, size_t position, char c)
{
    const struct mr_doc *doc;
    struct mr_err err;
    char *text = malloc(bytes + 2), *want = malloc(bytes);
    text[0] = text[bytes + 1] = '"';
    memset(text + 1, fill, bytes);
    text[1 + position] = c;
    memcpy(want, text + 1, bytes);
    mr_status status = mr_doc_read(arena, (struct mr_span){text, bytes + 2}, &doc, &err);
    if ((unsigned char)c < 0x20) {
        assert_int_equal(status, MR_E_CORRUPT);
        assert_int_equal(err.at, 1 + position);
    } else if (c == '"') { /* the string ends there and something follows */
        assert_int_equal(status, MR_E_CORRUPT);
        if (fill != ' ') assert_int_equal(err.at, 2 + position);
    } else if (c == '\\') {
        bool is_escape = fill == 'n' && position + 1 < bytes;
        assert_int_equal(status, is_escape ? MR_OK : MR_E_CORRUPT);
        if (is_escape) assert_int_equal(doc->text.bytes, bytes - 1);
        if (is_escape) assert_int_equal(doc->text.text[position], '\n');
    } else {
        assert_int_equal(status, MR_OK);
        assert_int_equal(doc->text.bytes, bytes);
        assert_memory_equal(doc->text.text, want, bytes);
        assert_int_equal(doc->text.text[bytes], 0);
    }
    free(text);
    free(want);
    mr_arena_reset(arena);
}

/* Words are looked at as a whole: every byte at every place, among bytes that are nearly special.
 */
static void test_every_byte(void **state)
{
    (void)state;
    static const char fills[] = "n !#[]\x7f\x80\xa2\xff";
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t f = 0; f < sizeof fills - 1; f++) {
        for (size_t bytes = 1; bytes <= 18; bytes++) {
            for (size_t position = 0; position < bytes; position++) {
                for (int c = 0; c < 256; c++) {
                    check_string(&arena, fills[f], bytes, position, (char)c);
                }
            }
        }
    }
    mr_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

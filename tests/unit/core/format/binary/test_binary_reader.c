/* Shown: a file is one record, in whatever pieces its bytes come; columns that nobody wants are
 * null and let files of any size pass; an empty file is a record too; other columns are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/binary/binary_reader.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_binary_reader *reader;
    struct mr_err err;
    uint64_t rows;
    char content[64]; /* of the last row */
    uint32_t content_bytes;
};

static void fixture_init(struct fixture *f, const bool *wanted)
{
    memset(f, 0, sizeof *f);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    assert_int_equal(mr_binary_reader_open(&f->heap, mr_binary_schema(), &f->reader, &f->err),
                     MR_OK);
    mr_binary_reader_want(f->reader, wanted);
}

static void fixture_fini(struct fixture *f)
{
    mr_binary_reader_close(f->reader);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
}

static void row_check(struct fixture *f, const struct mr_batch *batch, uint64_t bytes)
{
    const struct mr_vec *cols = batch->cols;
    mr_batch_check(batch);
    assert_int_equal(batch->rows, 1);
    assert_true(mr_span_is(mr_vec_span(&cols[0], 0), "file:/in/a b.bin"));
    assert_int_equal(mr_vec_i64(&cols[1], 0), 1700000000000000);
    assert_int_equal(mr_vec_i64(&cols[2], 0), bytes);
    f->content_bytes = UINT32_MAX;
    if (mr_vec_is_null(&cols[3], 0)) return;
    struct mr_span content = mr_vec_span(&cols[3], 0);
    assert_true(content.bytes < sizeof f->content);
    f->content_bytes = (uint32_t)content.bytes;
    memcpy(f->content, content.text, content.bytes);
}

static void push(struct fixture *f, struct mr_span input, size_t step)
{
    size_t at = 0, bytes = MR_MIN(step, input.bytes);
    uint64_t before = mr_binary_reader_rows(f->reader);
    mr_binary_reader_begin(f->reader, MR_SPAN("/in/a b.bin"), 1700000000000000, input.bytes);
    while (mr_binary_reader_wants_end(f->reader)) {
        struct mr_batch batch;
        size_t consumed;
        char *copy = calloc(1, bytes + MR_PAD);
        bool is_last = at + bytes == input.bytes;
        assert_non_null(copy);
        if (bytes > 0) memcpy(copy, input.text + at, bytes);
        mr_batch_init(&batch, &f->arena, mr_binary_reader_schema(f->reader));
        assert_int_equal(mr_binary_reader_decode(f->reader, copy, bytes, is_last, &batch, &consumed,
                                                 &f->err),
                         MR_OK);
        assert_int_equal(mr_binary_reader_records(f->reader), batch.rows);
        if (is_last) row_check(f, &batch, input.bytes);
        at += consumed;
        bytes = MR_MIN(consumed == 0 ? bytes + step : step, input.bytes - at);
        mr_batch_fini(&batch);
        free(copy);
    }
    assert_int_equal(mr_binary_reader_rows(f->reader), before + 1);
}

static void test_files(void **state)
{
    struct fixture f;
    static const char bytes[] = "\x00\x01\xff several bytes, not a text";
    (void)state;
    fixture_init(&f, NULL);
    for (size_t step = 1; step < 40; step++) {
        push(&f, (struct mr_span){bytes, sizeof bytes}, step);
        assert_int_equal(f.content_bytes, sizeof bytes);
        assert_memory_equal(f.content, bytes, sizeof bytes);
    }
    push(&f, MR_SPAN(""), 1);
    assert_int_equal(f.content_bytes, 0);
    fixture_fini(&f);
}

static void test_want(void **state)
{
    struct fixture f;
    static const bool wanted[] = {true, true, true, false};
    (void)state;
    fixture_init(&f, wanted);
    for (size_t step = 1; step < 9; step++) {
        push(&f, MR_SPAN("0123456789"), step);
        assert_int_equal(f.content_bytes, UINT32_MAX); /* null */
    }
    fixture_fini(&f);
}

static void test_refused(void **state)
{
    struct fixture f;
    struct mr_binary_reader *reader;
    struct mr_batch batch;
    size_t consumed;
    char pad[MR_PAD + 1] = {0};
    const struct mr_field field = {MR_SPAN("length"), mr_type_of(MR_TYPE_STRING), true, {NULL, 0}};
    (void)state;
    fixture_init(&f, NULL);
    const struct mr_type *schema = mr_type_struct(&f.arena, &field, 1);
    assert_int_equal(mr_binary_reader_open(&f.heap, schema, &reader, &f.err), MR_E_TYPE);
    mr_binary_reader_begin(f.reader, MR_SPAN("/big"), 0, UINT64_C(1) << 31);
    mr_batch_init(&batch, &f.arena, schema);
    assert_int_equal(mr_binary_reader_decode(f.reader, pad, 1, false, &batch, &consumed, &f.err),
                     MR_E_LIMIT);
    mr_batch_fini(&batch);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_want),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

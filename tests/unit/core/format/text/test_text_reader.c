/* Shown: lines, or whole files, become records of one column, the same however the text is cut;
 * empty lines count, bytes that are not UTF-8 are replaced, limits and options hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/text/text_reader.h"

struct fixture {
    struct mr_heap heap;
    struct mr_text_options options;
    struct mr_err err;
};

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    mr_heap_init(&f->heap, 0);
    mr_text_options_init(&f->options);
}

static void set(struct fixture *f, const char *name, const char *value)
{
    assert_true(mr_text_option_is_known(mr_span_of(name)));
    assert_int_equal(
        mr_text_options_set(&f->options, mr_span_of(name), mr_span_of(value), &f->err), MR_OK);
}

/* Values with a bar behind each; the text is pushed in pieces that grow by `step`. */
static mr_status run(struct fixture *f, const char *input, size_t step, struct mr_text *out)
{
    struct mr_text_reader *reader;
    struct mr_arena arena;
    size_t total = strlen(input), at = 0, bytes = step == 0 ? total : MR_MIN(step, total);
    mr_status status = MR_OK;
    bool is_done = false;
    mr_arena_init(&arena, &f->heap, 0);
    assert_int_equal(
        mr_text_reader_open(&f->heap, mr_text_schema(), &f->options, &reader, &f->err), MR_OK);
    mr_text_reader_begin(reader);
    while (status == MR_OK && !is_done) {
        struct mr_batch batch;
        size_t consumed = 0;
        char *copy = calloc(1, bytes + MR_PAD);
        assert_non_null(copy);
        memcpy(copy, input + at, bytes);
        mr_batch_init(&batch, &arena, mr_text_reader_schema(reader));
        status = mr_text_reader_decode(reader, copy, bytes, at + bytes == total, &batch, &consumed,
                                       &f->err);
        if (status == MR_OK) {
            mr_batch_check(&batch);
            for (uint32_t row = 0; row < batch.rows; row++) {
                struct mr_span value = mr_vec_span(&batch.cols[0], row);
                mr_text_add(out, value.text, value.bytes);
                mr_text_addc(out, '|');
            }
            at += consumed;
            is_done = at == total;
            bytes = MR_MIN(consumed == 0 ? bytes + MR_MAX(step, (size_t)1)
                           : step == 0   ? total
                                         : step,
                           total - at);
        }
        mr_batch_fini(&batch);
        free(copy);
    }
    if (status == MR_OK && total == 0) assert_int_equal(mr_text_reader_wants_end(reader), false);
    mr_text_reader_close(reader);
    mr_arena_fini(&arena);
    return status;
}

static void check(struct fixture *f, const char *input, const char *want)
{
    static const size_t steps[] = {0, 1, 2, 5};
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct mr_text out;
        mr_text_init(&out, &f->heap);
        if (run(f, input, steps[i], &out) != MR_OK) fail_msg("%s", f->err.message);
        if (!mr_span_is(mr_text_span(&out), want)) {
            fail_msg("step %zu: %.*s instead of %s", steps[i], (int)out.used, out.at, want);
        }
        mr_text_fini(&out);
    }
    assert_int_equal(f->heap.used_bytes, 0);
}

static void test_lines(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f);
    check(&f, "one\r\n\n a longer line, \"quoted\"\rlast", "one|| a longer line, \"quoted\"|last|");
    check(&f, "\xef\xbb\xbfx\n", "x|");
    check(&f, "", "");
    check(&f, "\n\n", "||");
    check(&f, "caf\xe9 and more than that\n", "caf\xef\xbf\xbd and more than that|");
    set(&f, "lineSep", "--");
    check(&f, "a\nb--c-d----", "a\nb|c-d||");
    set(&f, "wholeText", "true");
    check(&f, "a\nb--c-d----", "a\nb--c-d----|");
    check(&f, "", "|");
}

static void test_refused(void **state)
{
    struct fixture f;
    struct mr_text out;
    struct mr_text_reader *reader;
    static const struct mr_type empty = {.id = MR_TYPE_STRUCT};
    static char text[3000];
    (void)state;
    fixture_init(&f);
    set(&f, "maxRecordBytes", "1024");
    memset(text, 'x', sizeof text - 1);
    mr_text_init(&out, &f.heap);
    assert_int_equal(run(&f, text, 0, &out), MR_E_LIMIT);
    assert_int_equal(run(&f, text, 100, &out), MR_E_LIMIT);
    mr_text_fini(&out);
    assert_int_equal(mr_text_reader_open(&f.heap, &empty, &f.options, &reader, &f.err), MR_E_TYPE);
    assert_int_equal(
        mr_text_options_set(&f.options, MR_SPAN("encoding"), MR_SPAN("UTF-16"), &f.err),
        MR_E_UNSUPPORTED);
    assert_int_equal(mr_text_options_set(&f.options, MR_SPAN("wholeText"), MR_SPAN("2"), &f.err),
                     MR_E_INVALID);
    assert_int_equal(mr_text_options_set(&f.options, MR_SPAN("header"), MR_SPAN("true"), &f.err),
                     MR_E_INVALID);
    assert_int_equal(f.heap.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: records are cut into the values that univocity, the parser Spark reads with, cuts them
 * into: random lines and documents of the characters that mean something, for every dialect and
 * every handling of stray quotes. tests/conformance/csv_cuts.py wrote down what univocity said.
 *
 *   @ sep=|| escape=" multi ...       the dialect of the cases that follow
 *   hex TAB rows                      rows of values: hex, N = null, E = empty value, ! = malformed
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/csv/csv_cut_impl.h"

static void set_option(struct mr_csv_options *o, const char *name, struct mr_span value)
{
    struct mr_err err = {0};
    mr_status status = mr_csv_options_set(o, mr_span_of(name), value, &err);
    if (status != MR_OK) fail_msg("%s: %s", name, err.message);
}

static uint32_t from_hex(const char *hex, size_t digits, char *out)
{
    for (size_t i = 0; i + 1 < digits; i += 2) {
        char pair[3] = {hex[i], hex[i + 1], '\0'};
        out[i / 2] = (char)strtol(pair, NULL, 16);
    }
    return (uint32_t)(digits / 2);
}

/* "@ name=hex name=hex" */
static void read_dialect(char *line, struct mr_csv_options *o)
{
    char value[64];
    mr_csv_options_init(o);
    for (char *word = line + 2; *word != '\0' && *word != '\n';) {
        size_t bytes = strcspn(word, " \n");
        char *equals = memchr(word, '=', bytes);
        assert_non_null(equals);
        *equals = '\0';
        uint32_t count = from_hex(equals + 1, (size_t)(word + bytes - equals - 1), value);
        set_option(o, word, (struct mr_span){value, count});
        word += bytes + (word[bytes] == ' ');
    }
}

static void write_row(const struct csv_cutter *c, const char *text, csv_cut status,
                      struct mr_text *out)
{
    if (status != CSV_CUT_DONE) {
        mr_text_adds(out, "!");
        return;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        struct mr_span span = csv_slot_span(c, text, &c->slots[i]);
        if (i > 0) mr_text_addc(out, ',');
        if (c->slots[i].flags == 0) mr_text_addc(out, 'N');
        if ((c->slots[i].flags & CSV_SLOT_EMPTY) != 0) {
            mr_text_addc(out, c->options->trims_trailing ? 'N' : 'E'); /* see csv_cuts.py */
        }
        for (size_t k = 0; k < span.bytes; k++) {
            mr_text_addf(out, "%02x", (unsigned char)span.text[k]);
        }
    }
}

static csv_line_end find_line_end(const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') return CSV_LINE_END_LF;
        if (text[i] != '\r') continue;
        return i + 1 < bytes && text[i + 1] == '\n' ? CSV_LINE_END_CRLF : CSV_LINE_END_CR;
    }
    return CSV_LINE_END_UNKNOWN;
}

/* A document's records as the reader goes over them: comments and empty lines are none. */
static void write_document(struct csv_cutter *c, const char *text, uint32_t bytes,
                           struct mr_text *out)
{
    csv_line_end line_end = find_line_end(text, bytes);
    for (uint32_t at = 0; at < bytes;) {
        bool is_comment = c->options->comment != '\0' && text[at] == c->options->comment;
        csv_cut status = csv_cut_document(c, text, at, bytes, line_end, true);
        if (is_comment) {
            while (at < bytes && text[at] != '\n' && text[at] != '\r') at++;
            at += at < bytes;
            continue;
        }
        if (c->count > 0 || status != CSV_CUT_DONE) {
            if (out->used > 0) mr_text_addc(out, '|');
            write_row(c, text, status, out);
        }
        if (status != CSV_CUT_DONE) return; /* univocity gives the file up */
        at = c->end;
    }
}

static void check_case(struct csv_cutter *c, const char *line, uint32_t number, uint32_t *wrong)
{
    char text[128];
    struct mr_text out;
    size_t digits = strcspn(line, "\t");
    const char *want = line + digits + 1;
    size_t want_bytes = strcspn(want, "\n");
    uint32_t bytes = from_hex(line, digits, text);
    mr_text_init(&out, c->heap);
    mr_text_reset(&c->space);
    if (c->options->is_multi_line) {
        write_document(c, text, bytes, &out);
    } else {
        csv_cut status = csv_cut_line(c, text, 0, bytes);
        write_row(c, text, status, &out);
    }
    if (!mr_span_eq(mr_text_span(&out), (struct mr_span){want, want_bytes})) {
        ++*wrong;
        text[bytes] = '\0';
        print_error("line %u, %s: %.*s instead of %.*s\n", number, text, (int)out.used,
                    out.used > 0 ? out.at : "", (int)want_bytes, want);
    }
    mr_text_fini(&out);
}

static void test_cuts(void **state)
{
    static char line[4096];
    struct mr_heap heap;
    struct mr_csv_options options;
    struct csv_cutter c = {0};
    uint32_t number = 0, wrong = 0, cases = 0;
    mr_heap_init(&heap, 0);
    FILE *file = fopen(*state, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        number++;
        if (line[0] == '@') {
            csv_cutter_fini(&c);
            read_dialect(line, &options);
            csv_cutter_init(&c, &heap, &options);
        } else {
            check_case(&c, line, number, &wrong);
            cases++;
        }
    }
    csv_cutter_fini(&c);
    fclose(file);
    assert_true(cases > 1000);
    assert_int_equal(wrong, 0);
    assert_int_equal(heap.used_bytes, 0);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    const struct CMUnitTest tests[] = {{"test_cuts", test_cuts, NULL, NULL, argv[1]}};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Runs text scripts of SQL expectations: run_sql_test [-w] FILE...
 *
 * A script is a list of cases. A case is a word that says what is done, the SQL up to a line of
 * four dashes, and what is expected, up to the next blank line:
 *
 *     parse                    expr                     type, schema, hints
 *     SELECT a FROM t          a + b * c                STRUCT<x: INT>
 *     ----                     ----                     ----
 *     (select a (from ..))     (+ a (* b c))            struct<x:int>
 *
 * `parse` expects the tree of dump_ast.h; `bind`, `items`, `eval` and `generate` what eval_sql.h
 * says, `plan` and `optimize` what plan_sql.h says, `query` what query_sql.h says, `rows` and `set`
 * what rows_sql.h says, the others what they name.
 * Where the text is at fault the error is expected in UX.md's shape without the source line, its
 * position marked by `line:column width`. Lines that begin with `#` between cases are comments.
 * With -w the files are written anew with what came out: to be read before it is believed.
 * With -m each `eval` and `generate` is run again and again with one allocation failing, an ever
 * later one, until all succeed: each run says that memory is missing, leaks nothing, and the last
 * gives what is expected. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/sql/parse.h"
#include "tests/sql/dump_ast.h"
#include "tests/sql/eval_sql.h"
#include "tests/sql/plan_sql.h"
#include "tests/sql/query_sql.h"
#include "tests/sql/rows_sql.h"

struct runner {
    struct mr_heap heap;
    const char *path;
    bool is_writing;
    bool is_starving; /* -m */
    struct mr_text written;
    unsigned count;
    unsigned failed;
};

struct line {
    struct mr_span text;
    bool is_some;
};

static struct line line_next(struct mr_span *rest)
{
    struct line line = {.text = {rest->text, 0}, .is_some = rest->bytes > 0};
    const char *end = rest->bytes == 0 ? NULL : memchr(rest->text, '\n', rest->bytes);
    line.text.bytes = end == NULL ? rest->bytes : (size_t)(end - rest->text);
    size_t taken = line.text.bytes + (end != NULL);
    rest->text += taken;
    rest->bytes -= taken;
    return line;
}

static void write_error(const struct mr_err *err, struct mr_text *out)
{
    mr_text_addf(out, "error[MR%04u]: %s", err->code, err->message);
    if (err->line != 0) {
        mr_text_addf(out, "\n  %s:%u:%u width %u", err->origin, err->line, err->column, err->width);
    }
    if (err->help[0] != '\0') mr_text_addf(out, "\n  help: %s", err->help);
}

static void run_hints(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                      struct mr_err *err, mr_status *status)
{
    struct mr_sql_hints hints;
    *status = mr_sql_parse_hints(arena, sql, &hints, err);
    for (uint32_t i = 0; *status == MR_OK && i < hints.count; i++) {
        if (i > 0) mr_text_addc(out, '\n');
        for (uint32_t j = 0; j < hints.hints[i].path_count; j++) {
            if (j > 0) mr_text_adds(out, " / ");
            mr_text_add(out, hints.hints[i].path[j].text, hints.hints[i].path[j].bytes);
        }
        mr_text_adds(out, ": ");
        mr_type_write_sql(hints.hints[i].type, out);
    }
}

/* With whole batches, and a row at a time: the same has to come out. */
static mr_status run_query(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                           struct mr_err *err)
{
    struct mr_text again;
    struct mr_err err_again = {0};
    mr_text_init(&again, arena->heap);
    mr_status status = query_run(arena, sql, 0, out, err);
    mr_status status_again = query_run(arena, sql, 1, &again, &err_again);
    bool is_same = status == status_again &&
                   (status != MR_OK || mr_span_eq(mr_text_span(out), mr_text_span(&again)));
    if (!is_same) {
        mr_text_adds(out, "\nBUT A ROW AT A TIME\n");
        mr_text_add(out, again.at, again.used);
        mr_text_adds(out, err_again.message);
        status = MR_OK;
    }
    mr_text_fini(&again);
    return status;
}

/* What comes out of one case; false when its word is unknown. */
static bool run_case(struct runner *r, struct mr_span word, struct mr_span sql, struct mr_text *out,
                     mr_status *out_status)
{
    struct mr_arena arena;
    struct mr_err err = {0};
    mr_status status = MR_OK;
    bool is_known = true;
    mr_arena_init(&arena, &r->heap, r->is_starving ? 1 : 0); /* small blocks: more to fail */
    if (mr_span_is(word, "parse")) {
        const struct mr_sql_script *script;
        status = mr_sql_parse(&arena, sql, "test.sql", &script, &err);
        if (status == MR_OK) dump_script(script, out);
    } else if (mr_span_is(word, "expr")) {
        const struct mr_sql_expr *expr;
        status = mr_sql_parse_expr(&arena, sql, "test.sql", &expr, &err);
        if (status == MR_OK) dump_expr(expr, out);
    } else if (mr_span_is(word, "type") || mr_span_is(word, "schema")) {
        const struct mr_type *type;
        bool is_schema = mr_span_is(word, "schema");
        status = is_schema ? mr_sql_parse_schema(&arena, sql, &type, &err)
                           : mr_sql_parse_type(&arena, sql, &type, &err);
        if (status == MR_OK && is_schema)
            mr_schema_write_ddl(type, out);
        else if (status == MR_OK)
            mr_type_write_sql(type, out);
    } else if (mr_span_is(word, "bind")) {
        status = bind_names(&arena, sql, out, &err);
    } else if (mr_span_is(word, "items")) {
        status = bind_items(&arena, sql, out, &err);
    } else if (mr_span_is(word, "eval")) {
        status = eval_query(&arena, sql, out, &err);
    } else if (mr_span_is(word, "plan") || mr_span_is(word, "optimize")) {
        status = plan_query(&arena, sql, mr_span_is(word, "optimize"), out, &err);
    } else if (mr_span_is(word, "query")) {
        status = run_query(&arena, sql, out, &err);
    } else if (mr_span_is(word, "rows") || mr_span_is(word, "set")) {
        status = query_rows(&arena, sql, mr_span_is(word, "rows"), out, &err);
    } else if (mr_span_is(word, "generate")) {
        status = eval_generate(&arena, sql, out, &err);
    } else if (mr_span_is(word, "hints")) {
        run_hints(&arena, sql, out, &err, &status);
    } else {
        is_known = false;
    }
    if (status != MR_OK) {
        mr_text_reset(out);
        write_error(&err, out);
    }
    mr_arena_fini(&arena);
    *out_status = status;
    return is_known;
}

enum { CODE_BYTES = sizeof "error[MR1234]" - 1 };

/* starve: whether a case bears every allocation failing. */
static bool starve(struct runner *r, struct mr_span word, struct mr_span sql,
                   struct mr_span expected)
{
    mr_status status = MR_E_NOMEM;
    size_t used = r->heap.used_bytes;
    bool is_good = true;
    for (uint64_t n = 1; status == MR_E_NOMEM && is_good; n += 1 + n / 4) {
        struct mr_text out;
        mr_text_init(&out, &r->heap);
        mr_heap_fail_at(&r->heap, n);
        (void)run_case(r, word, sql, &out, &status);
        mr_heap_fail_at(&r->heap, UINT64_MAX);
        struct mr_span got = mr_text_span(&out);
        /* The text of an error may have lost the expression it quotes. */
        bool is_error = mr_span_starts(expected, MR_SPAN("error["));
        if (is_error) got.bytes = MR_MIN(got.bytes, (size_t)CODE_BYTES);
        if (out.is_failed) status = MR_E_NOMEM; /* the test's own */
        if (status != MR_E_NOMEM) is_good = mr_span_starts(expected, got) && got.bytes > 0;
        if (status == MR_OK) is_good = mr_span_eq(got, expected);
        mr_text_fini(&out);
        is_good = is_good && r->heap.used_bytes == used;
        if (!is_good) fprintf(stderr, "allocation %llu, %zu bytes of %zu: ", (unsigned long long)n,
                    r->heap.used_bytes, used);
    }
    return is_good;
}

static void judge(struct runner *r, unsigned line, struct mr_span word, struct mr_span sql,
                  struct mr_span expected)
{
    struct mr_text out;
    mr_status status;
    bool is_run = mr_span_is(word, "eval") || mr_span_is(word, "generate");
    if (r->is_starving && !is_run) return;
    mr_text_init(&out, &r->heap);
    r->count++;
    bool is_known = !r->is_starving ? run_case(r, word, sql, &out, &status)
                                    : starve(r, word, sql, expected);
    if (r->is_starving && is_known) mr_text_add(&out, expected.text, expected.bytes);
    struct mr_span got = mr_text_span(&out);
    if (r->is_writing) {
        mr_text_addf(&r->written, "%.*s\n%.*s\n----\n%.*s\n", (int)word.bytes, word.text,
                     (int)sql.bytes, sql.text, (int)got.bytes, got.text);
    } else if (!is_known || !mr_span_eq(got, expected)) {
        r->failed++;
        fprintf(stderr, "%s:%u: %.*s\n%.*s\n  expected: %.*s\n  got:      %.*s\n\n", r->path, line,
                (int)word.bytes, word.text, (int)sql.bytes, sql.text, (int)expected.bytes,
                expected.text, (int)got.bytes, got.text);
    }
    mr_text_fini(&out);
}

static void run_text(struct runner *r, struct mr_span rest)
{
    unsigned number = 0;
    for (struct line l = line_next(&rest); l.is_some; l = line_next(&rest)) {
        number++;
        if (l.text.bytes == 0 || l.text.text[0] == '#') {
            if (r->is_writing) {
                mr_text_addf(&r->written, "%.*s\n", (int)l.text.bytes, l.text.text);
            }
            continue;
        }
        struct mr_span word = l.text, sql = {rest.text, 0}, expected;
        unsigned first = number;
        for (l = line_next(&rest); l.is_some && !mr_span_is(l.text, "----"); l = line_next(&rest)) {
            number++;
            sql.bytes = (size_t)(l.text.text + l.text.bytes - sql.text);
        }
        number++;
        expected = (struct mr_span){rest.text, 0};
        bool is_blank = false;
        for (l = line_next(&rest); l.is_some && l.text.bytes > 0; l = line_next(&rest)) {
            number++;
            expected.bytes = (size_t)(l.text.text + l.text.bytes - expected.text);
        }
        is_blank = l.is_some;
        number += is_blank;
        judge(r, first, word, sql, expected);
        if (r->is_writing && is_blank) mr_text_addc(&r->written, '\n');
    }
}

static bool run_file(struct runner *r, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct mr_text text;
    char bytes[4096];
    size_t count;
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    mr_text_init(&text, &r->heap);
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0) mr_text_add(&text, bytes, count);
    fclose(file);
    r->path = path;
    mr_text_init(&r->written, &r->heap);
    run_text(r, mr_text_span(&text));
    file = r->is_writing ? fopen(path, "wb") : NULL;
    if (file != NULL) {
        fwrite(r->written.at, 1, r->written.used, file);
        fclose(file);
    }
    mr_text_fini(&r->written);
    mr_text_fini(&text);
    return true;
}

int main(int argc, char **argv)
{
    struct runner r = {0};
    bool is_ok = argc > 1;
    mr_heap_init(&r.heap, 0);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-w") == 0)
            r.is_writing = true;
        else if (strcmp(argv[i], "-m") == 0)
            r.is_starving = true;
        else
            is_ok &= run_file(&r, argv[i]);
    }
    fprintf(stderr, "%u cases, %u failed\n", r.count, r.failed);
    return !is_ok || r.failed > 0 || r.count == 0 || r.heap.used_bytes != 0;
}

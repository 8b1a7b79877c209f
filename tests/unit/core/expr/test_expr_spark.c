/* Shown: types, column names, values and errors equal Spark 4's for some 300 expressions over ten
 * rows of awkward values, in two time zones; and a run over part of the rows gives the same values
 * as one over all. spark_expected.tsv is made by spark_expected.py; expr_differences.txt lists, one
 * by one, what is different on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "tests/unit/core/expr/expr_table.h"
#include "tests/unit/core/expr/sexpr.h"

enum { LINE_MAX = 1 << 16, CELLS_MAX = 64, ROWS = 10 };

struct spark_test {
    struct mr_heap heap;
    struct expr_table table;
    char line[LINE_MAX];
    char *cells[CELLS_MAX];
    uint32_t cell_count;
    struct mr_zone zone;
    uint8_t tzif[1 << 14];
    bool has_zone;
    uint32_t checked, failed, excused;
    char *differences; /* whole file, one expression per line */
};

/* slurp: a file beside this source, where meson runs the test. */
static char *slurp(const char *name)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    size_t bytes = fread(text, 1, (1 << 20) - 1, file);
    assert_true(bytes > 0);
    fclose(file);
    return text;
}

/* split: cells in place; only tabs separate. */
static void split(struct spark_test *test, char separator)
{
    test->cell_count = 0;
    for (char *at = test->line; at != NULL; test->cell_count++) {
        assert_true(test->cell_count < CELLS_MAX);
        test->cells[test->cell_count] = at;
        at = strchr(at, separator);
        if (at != NULL) *at++ = '\0';
    }
}

static void unescape(char *text)
{
    char *out = text;
    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != 'N') {
            text++;
            *out++ = *text == 't' ? '\t' : *text == 'n' ? '\n' : *text;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

static void add_text_column(struct spark_test *test)
{
    const char *values[ROWS];
    char name[16];
    char *cells = strstr(test->line, " = ");
    (void)snprintf(name, sizeof name, "%.*s", (int)(cells - test->line - 5), test->line + 5);
    memmove(test->line, cells + 3, strlen(cells + 3) + 1);
    split(test, '|');
    assert_int_equal(test->cell_count, ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        values[i] = strcmp(test->cells[i], "\\N") == 0 ? NULL : test->cells[i];
    }
    expr_table_add_text(&test->table, name, values);
}

static void add_column(struct spark_test *test)
{
    char *name = test->line + 7, *sexpr = strstr(name, " = ");
    struct mr_err err;
    *sexpr = '\0';
    mr_status status = expr_table_add(&test->table, name, sexpr + 3, &err);
    if (status != MR_OK) fail_msg("%s: MR%u %s", name, err.code, err.message);
}

static void set_zone(struct spark_test *test)
{
    char path[256];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", test->line + 5);
    FILE *file = fopen(path, "rb");
    test->has_zone = file != NULL;
    if (file == NULL) {
        print_message("no time zone database: %s is not checked\n", path);
        return;
    }
    size_t bytes = fread(test->tzif, 1, sizeof test->tzif, file);
    fclose(file);
    assert_int_equal(mr_zone_read(&test->zone, test->tzif, bytes, NULL), MR_OK);
    test->table.builder.zone = test->table.context.zone = &test->zone;
}

static bool is_excused(struct spark_test *test)
{
    size_t bytes = strlen(test->cells[0]);
    for (const char *at = test->differences; (at = strstr(at, test->cells[0])) != NULL; at++) {
        bool starts = at == test->differences || at[-1] == '\n';
        if (starts && at[bytes] == '\n') return true;
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static void differs(struct spark_test *test, const char *fmt,
                                                          ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (is_excused(test)) {
        test->excused++;
        return;
    }
    print_message("%s: %s\n", test->cells[0], text);
    test->failed++;
}

static void check_value(struct spark_test *test, uint32_t row, const char *got)
{
    char *want = test->cells[3 + row];
    if (want[0] == '!') return differs(test, "row %u: want error %s, got %s", row, want, got);
    bool is_null = strcmp(want, "\\N") == 0;
    if (is_null != (got == NULL)) return differs(test, "row %u: want %s, got %s", row, want, got);
    if (is_null) return;
    unescape(want);
    if (strcmp(want, got) != 0) differs(test, "row %u: want %s, got %s", row, want, got);
}

static void check_error(struct spark_test *test, uint32_t row, const struct mr_err *err)
{
    const char *want = test->cells[3 + row];
    char code[16];
    (void)snprintf(code, sizeof code, "!%u", err->code);
    if (strcmp(want, "!") == 0 && err->status == MR_E_ARITHMETIC) return;
    if (strcmp(want, code) != 0) {
        differs(test, "row %u: want %s, got MR%u %s", row, want, err->code, err->message);
    }
}

/* check_rows: all at once when no row fails, and one by one in any case. */
static void check_rows(struct spark_test *test, const struct mr_expr *expr)
{
    const char *values[ROWS], *ones[ROWS];
    struct mr_err err;
    bool fails = false;
    for (uint32_t row = 0; row < ROWS; row++) fails = fails || test->cells[3 + row][0] == '!';
    mr_status all = expr_table_run(&test->table, expr, NULL, 0, values, &err);
    if ((all != MR_OK) != fails) {
        return differs(test, "over all rows: %s", all == MR_OK ? "no error" : err.message);
    }
    for (uint32_t row = 0; row < ROWS; row++) {
        mr_status status = expr_table_run(&test->table, expr, &row, 1, ones, &err);
        if (status != MR_OK) {
            check_error(test, row, &err);
            continue;
        }
        if (all == MR_OK && (ones[row] == NULL || values[row] == NULL ||
                             strcmp(ones[row], values[row]) != 0)) {
            assert_true(ones[row] == NULL && values[row] == NULL);
        }
        check_value(test, row, ones[row]);
    }
}

static void check_expression(struct spark_test *test)
{
    const struct mr_expr *expr;
    struct mr_text text;
    struct mr_err err;
    split(test, '\t');
    test->checked++;
    mr_status status = sexpr_read(&test->table.builder, expr_table_schema(&test->table),
                                  test->cells[0], &expr, &err);
    bool is_refused = strcmp(test->cells[1], "!") == 0;
    if (status != MR_OK || is_refused) {
        if ((status != MR_OK) != is_refused) {
            differs(test, "%s", status == MR_OK ? "should be refused" : err.message);
        }
        return;
    }
    assert_int_equal(test->cell_count, 3 + ROWS);
    mr_text_init(&text, &test->heap);
    mr_type_write_sql(expr->type, &text);
    if (strcmp(mr_text_span(&text).text, test->cells[1]) != 0) {
        differs(test, "want type %s, got %s", test->cells[1], mr_text_span(&text).text);
    }
    mr_text_reset(&text);
    mr_expr_write_name(expr, &text);
    if (strcmp(mr_text_span(&text).text, test->cells[2]) != 0) {
        differs(test, "want name %s, got %s", test->cells[2], mr_text_span(&text).text);
    }
    mr_text_fini(&text);
    check_rows(test, expr);
}

static void test_against_spark(void **state)
{
    (void)state;
    struct spark_test *test = calloc(1, sizeof *test);
    assert_non_null(test);
    mr_heap_init(&test->heap, 0);
    expr_table_init(&test->table, &test->heap, ROWS);
    test->has_zone = true;
    char *expected = slurp("spark_expected.tsv"), *save = NULL;
    test->differences = slurp("expr_differences.txt");
    for (char *line = strtok_r(expected, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        if (line[0] == '#') continue;
        (void)snprintf(test->line, sizeof test->line, "%s", line);
        if (strncmp(line, "text ", 5) == 0) add_text_column(test);
        else if (strncmp(line, "column ", 7) == 0) add_column(test);
        else if (strncmp(line, "zone ", 5) == 0) set_zone(test);
        else if (test->has_zone) check_expression(test);
    }
    print_message("%u expressions, %u known differences\n", test->checked, test->excused);
    assert_int_equal(test->failed, 0);
    assert_true(test->checked > 250);
    expr_table_fini(&test->table);
    assert_int_equal(test->heap.used_bytes, 0);
    free(test->differences);
    free(expected);
    free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_spark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

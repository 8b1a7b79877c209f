/* Shown: filters narrow selections; any selection gives the values of a run over all rows, whatever
 * the null pattern; a branch not taken raises nothing; equal parts run once; the same column leaves
 * without a copy; every failed allocation comes back as MR_E_NOMEM and leaks nothing; limits hold;
 * legacy mode wraps and gives nulls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "kernels/select/select.h"
#include "tests/unit/core/expr/expr_table.h"
#include "tests/unit/core/expr/sexpr.h"

enum { ROWS = 100 };

/* make_table: `null_percent` of the cells of every column are null. */
static void make_table(struct expr_table *table, struct mr_heap *heap, uint64_t seed,
                       unsigned null_percent)
{
    static const char *const sexprs[][2] = {
        {"i", "(cast n int)"},       {"l", "(* (cast n bigint) 3000000000L)"},
        {"d", "(/ (cast n double) 7)"}, {"e", "(cast n decimal(9,3))"},
        {"g", "(* (cast n decimal(38,4)) 12345678901234567890.5)"},
        {"b", "(> i 0)"},            {"t", "(cast l timestamp)"},
        {"a", "(cast t date)"},      {"ar", "(array i (+ i 1))"},
        {"m", "(map s i)"},          {"p", "(struct i s)"}};
    static char numbers[ROWS][16], words[ROWS][40];
    const char *n[ROWS], *s[ROWS];
    struct mr_rng rng;
    mr_rng_init(&rng, seed);
    for (uint32_t r = 0; r < ROWS; r++) {
        (void)snprintf(numbers[r], 16, "%d", (int)mr_rng_below(&rng, 2001) - 1000);
        (void)snprintf(words[r], 40, "%.*sé%u", (int)mr_rng_below(&rng, 26),
                       "abcdefghijklmnopqrstuvwxyz", (unsigned)mr_rng_below(&rng, 30));
        n[r] = mr_rng_below(&rng, 100) < null_percent ? NULL : numbers[r];
        s[r] = mr_rng_below(&rng, 100) < null_percent ? NULL : words[r];
    }
    if (null_percent > 0) { /* keys may not be null */
        for (uint32_t r = 0; r < ROWS; r++) s[r] = s[r] == NULL ? "" : s[r];
    }
    expr_table_init(table, heap, ROWS);
    expr_table_add_text(table, "n", n);
    expr_table_add_text(table, "s", s);
    for (size_t i = 0; i < sizeof sexprs / sizeof *sexprs; i++) {
        struct mr_err err;
        mr_status status = expr_table_add(table, sexprs[i][0], sexprs[i][1], &err);
        if (status != MR_OK) fail_msg("%s: %s", sexprs[i][0], err.message);
    }
}

static const struct mr_expr *read_good(struct expr_table *table, const char *sexpr)
{
    const struct mr_expr *expr;
    struct mr_err err;
    mr_status status =
        sexpr_read(&table->builder, expr_table_schema(table), sexpr, &expr, &err);
    if (status != MR_OK) fail_msg("%s: %s", sexpr, err.message);
    return expr;
}

static const char *const many[] = {
    "(+ i 1)", "(- l)", "(* d 2)", "(+ e 1.5)", "(try_multiply g g)", "(try_divide i (- i 5))",
    "(% i 7)", "(abs i)", "(round d 2)", "(floor e)", "(= i 5)", "(< d 0)", "(<> s 'x')",
    "(<=> i 3)", "(greatest i 5 NULL)", "(and b (> i 10))", "(or b (> i -10))", "(not b)",
    "(\"is null\" i)", "(\"is true\" b)", "(coalesce i 0)", "(case b s (> i -500) 'mid' 'low')",
    "(case b ar)", "(if b p NULL)", "(case b m (map 'z' 1))", "(in i 1 2 3 NULL)", "(in s n 'x')",
    "(nullif i 5)", "(|| s '-' n)", "(upper s)", "(substring s 2 20)", "(trim s)", "(length s)",
    "(replace s 'é' 'E')", "(like s 'abc%1_')", "(contains s 'é1')", "(year a)", "(hour t)",
    "(date_trunc 'month' t)", "(date_add a 5)", "([] ar 1)", "(try_element_at ar i)", "([] m s)",
    "(. p i)", "(size ar)", "(array i 1)", "(map s n)", "(struct i d)", "(cast ar array<string>)",
    "(try_cast i tinyint)", "(cast d string)", "(cast e double)", "(try_cast g int)",
    "(cast t bigint)", "(current_timestamp)", "(concat ar ar)", "(concat_ws ',' s n)",
    "(split s '[,b]')", "(regexp_replace s '(a)' '$1x')", "(regexp_extract_all s '([a-c])')",
    "(rlike s 'b+')", "(array_distinct ar)", "(array_union ar ar)", "(array_insert ar 2 i)",
    "(arrays_zip ar ar)", "(sort_array ar)", "(array_join ar ',')", "(flatten (array ar ar))",
    "(map_concat m)", "(map_entries m)", "(map_from_arrays (array s) (array i))",
    "(lpad s 30 'xy')",
    "(translate s 'abc' 'é')", "(initcap s)", "(sha2 s 256)", "(base64 (cast s binary))",
    "(hash i s ar)", "(date_format t 'yyyy EEE')", "(timestampadd 'HOUR' i t)", "(to_json p)",
    "(to_json m)", "(get_json_object s '$.a[*]')", "(json_object_keys s)", "(try_cast s int)",
    "(cast p string)", "(isnan d)", "(pmod i 13)", "(between i -10 10)",
};

static void check_selections(struct expr_table *table, const char *sexpr, struct mr_rng *rng)
{
    const struct mr_expr *expr = read_good(table, sexpr);
    const char *all[ROWS], *some[ROWS];
    uint32_t sel[ROWS];
    struct mr_err err;
    if (expr_table_run(table, expr, NULL, 0, all, &err) != MR_OK) {
        fail_msg("%s: %s", sexpr, err.message);
    }
    for (uint32_t percent = 1; percent < 100; percent += 33) {
        uint32_t count = 0;
        for (uint32_t r = 0; r < ROWS; r++) {
            if (mr_rng_below(rng, 100) < percent) sel[count++] = r;
        }
        assert_int_equal(expr_table_run(table, expr, sel, count, some, &err), MR_OK);
        for (uint32_t k = 0; k < count; k++) {
            const char *want = all[sel[k]], *got = some[sel[k]];
            bool is_same = want == NULL ? got == NULL : got != NULL && strcmp(want, got) == 0;
            if (!is_same) fail_msg("%s row %u: all %s, some %s", sexpr, sel[k], want, got);
        }
    }
}

static void test_selections_and_nulls(void **state)
{
    (void)state;
    static const unsigned null_percents[] = {0, 30, 100};
    struct mr_heap heap;
    struct mr_rng rng;
    mr_heap_init(&heap, 0);
    mr_rng_init(&rng, 7);
    for (size_t k = 0; k < 3; k++) {
        struct expr_table table;
        make_table(&table, &heap, 42 + k, null_percents[k]);
        for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
            check_selections(&table, many[i], &rng);
        }
        expr_table_fini(&table);
    }
    assert_int_equal(heap.used_bytes, 0);
}

static uint32_t filter(struct expr_table *table, const char *const *sexprs, uint32_t count)
{
    const struct mr_expr *exprs[4];
    struct mr_program *program;
    struct mr_err err;
    for (uint32_t i = 0; i < count; i++) exprs[i] = read_good(table, sexprs[i]);
    assert_int_equal(mr_program_compile(table->heap, exprs, count, &program, &err), MR_OK);
    mr_status status = mr_program_filter(program, &table->context, &table->batch, &err);
    if (status != MR_OK) fail_msg("%s", err.message);
    mr_program_fini(program);
    mr_batch_check(&table->batch);
    return table->batch.sel_count;
}

static void test_filter(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct expr_table table;
    mr_heap_init(&heap, 0);
    make_table(&table, &heap, 1, 10);
    const struct mr_vec *i = &table.cols[2];
    uint32_t expected = 0;
    for (uint32_t r = 0; r < ROWS; r++) {
        expected += !mr_vec_is_null(i, r) && mr_vec_i64(i, r) > 0 && mr_vec_i64(i, r) < 500;
    }
    assert_in_range(expected, 5, 60);
    /* The division would fail for rows that the first condition leaves out. */
    const char *const two[] = {"(and (> i 0) (< i 500))", "(> (/ 1 (case (<= i 0) 0 i)) 0)"};
    assert_int_equal(filter(&table, two, 2), expected);
    const char *const again[] = {"(> i 0)"};
    assert_int_equal(filter(&table, again, 1), expected);
    const char *const none[] = {"(and b NULL)", "(= (/ 1 0) 1)"};
    assert_int_equal(filter(&table, none, 2), 0);
    expr_table_fini(&table);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_columns_leave_without_a_copy(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct expr_table table;
    struct mr_program *program;
    struct mr_vec out[3];
    mr_heap_init(&heap, 0);
    make_table(&table, &heap, 1, 0);
    const struct mr_expr *exprs[] = {read_good(&table, "d"), read_good(&table, "(. p s)"),
                                     read_good(&table, "(cast s binary)")};
    assert_int_equal(mr_program_compile(&heap, exprs, 3, &program, NULL), MR_OK);
    assert_int_equal(mr_program_run(program, &table.context, &table.batch, out, NULL), MR_OK);
    assert_ptr_equal(out[0].values, table.cols[4].values);
    assert_ptr_equal(out[1].values, table.cols[1].values);
    assert_ptr_equal(out[2].values, table.cols[1].values);
    mr_program_fini(program);
    expr_table_fini(&table);
}

/* sweep: one build and run with the n-th allocation failing. */
static mr_status sweep(struct mr_heap *heap, uint64_t n)
{
    static const char *const cells[] = {"1", "x", NULL, "a string of some length", "5"};
    struct expr_table table;
    const struct mr_expr *expr = NULL;
    const char *texts[5];
    struct mr_err err = {0};
    expr_table_init(&table, heap, 5);
    mr_arena_init(&table.types, heap, 1); /* small blocks: more of them to fail */
    mr_arena_init(&table.arena, heap, 1);
    expr_table_add_text(&table, "s", cells);
    (void)expr_table_schema(&table);
    mr_heap_fail_at(heap, n);
    mr_status status =
        sexpr_read(&table.builder, table.batch.schema,
                   "(case (in s 'x' 'y') (cast (array s (upper s)) string) "
                   "(|| s '-' (cast (+ (coalesce (try_cast s int) 2) 1.50) string) "
                   "(cast (like s 'a%') string) (date_trunc 'day' (current_timestamp))))",
                   &expr, &err);
    if (status == MR_OK) status = expr_table_run(&table, expr, NULL, 0, texts, &err);
    bool has_failed = heap->fail_at == 0 || heap->take_count >= heap->fail_at;
    mr_heap_fail_at(heap, UINT32_MAX);
    expr_table_fini(&table);
    assert_int_equal(heap->used_bytes, 0);
    if (status != MR_OK) assert_int_equal(err.status, MR_E_NOMEM);
    if (has_failed) assert_int_equal(status, MR_E_NOMEM);
    return status;
}

static void test_failed_allocations(void **state)
{
    (void)state;
    struct mr_heap heap;
    uint64_t n = 1;
    mr_heap_init(&heap, 0);
    for (; sweep(&heap, n) != MR_OK; n++) assert_true(n < 10000);
    assert_true(n > 20);
    print_message("%llu allocations failed one by one\n", (unsigned long long)n - 1);
}

static void test_limits(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct expr_table table;
    struct mr_err err;
    mr_heap_init(&heap, 0);
    make_table(&table, &heap, 1, 0);
    const struct mr_expr *expr = read_good(&table, "b"), *deeper = expr;
    mr_status status = MR_OK;
    uint32_t depth = 1;
    for (; status == MR_OK && depth < 1000; depth++) {
        expr = deeper;
        status = mr_expr_call(&table.builder, MR_SPAN("not"), &expr, 1, &deeper, &err);
    }
    assert_int_equal(status, MR_E_LIMIT);
    assert_int_equal(err.code, 1306);
    assert_int_equal(expr->depth, MR_EXPR_DEPTH_MAX);
    /* Each BETWEEN holds its first operand twice: the size doubles, and is limited. */
    deeper = read_good(&table, "i");
    for (status = MR_OK, depth = 0; status == MR_OK && depth < 100; depth++) {
        const struct mr_expr *args[3] = {deeper, read_good(&table, "1"), read_good(&table, "2")};
        status = mr_expr_call(&table.builder, MR_SPAN("between"), args, 3, &expr, &err);
        args[0] = expr;
        if (status == MR_OK) {
            status = mr_expr_call(&table.builder, MR_SPAN("int"), args, 1, &deeper, &err);
        }
    }
    assert_int_equal(status, MR_E_LIMIT);
    assert_in_range(depth, 10, 20);
    assert_string_equal(err.message, "an expression has more than 100000 parts");
    uint64_t columns[1] = {0};
    mr_expr_columns(read_good(&table, "(+ i (cast (. p i) int))"), columns);
    assert_int_equal(columns[0], 1 << 2 | 1 << 12);
    assert_true(mr_expr_same(read_good(&table, "(+ i 1)"), read_good(&table, "(+ i 1)")));
    assert_false(mr_expr_same(read_good(&table, "(+ i 1)"), read_good(&table, "(+ i 2)")));
    assert_false(mr_expr_same(read_good(&table, "(+ i 1)"), read_good(&table, "(try_add i 1)")));
    expr_table_fini(&table);
}

static void test_legacy_mode(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(+ 2147483647 1)", "-2147483648"}, {"(- -128Y)", "-128"},
        {"(cast 300 tinyint)", "44"},        {"(cast 'x' int)", NULL},
        {"(/ 1 0)", NULL},                   {"(% 5 0)", NULL},
        {"([] (array 1) 5)", NULL},          {"(cast 12345 decimal(3,1))", NULL},
        {"(cast 3e9 int)", "2147483647"},    {"(+ 1 1)", "2"}};
    struct mr_heap heap;
    mr_heap_init(&heap, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expr_table table;
        const char *text;
        struct mr_err err;
        expr_table_init(&table, &heap, 1);
        table.builder.is_ansi = false;
        const struct mr_expr *expr = read_good(&table, cases[i][0]);
        assert_int_equal(expr_table_run(&table, expr, NULL, 0, &text, &err), MR_OK);
        if (cases[i][1] == NULL) assert_null(text);
        else assert_string_equal(text, cases[i][1]);
        expr_table_fini(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selections_and_nulls),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_columns_leave_without_a_copy),
        cmocka_unit_test(test_failed_allocations),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_legacy_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

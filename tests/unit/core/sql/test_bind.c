/* Shown: what text scripts (tests/sql/bind.test) cannot say about the binder. A hidden column is
 * found and not part of `*`; two columns that differ in case only are ambiguous; many columns; the
 * n-th failed allocation is reported as such and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/sql/bind.h"
#include "core/sql/parse.h"

static mr_status bind(struct mr_arena *arena, const char *sql, const struct mr_type *columns,
                      struct mr_bound_query *out_bound, struct mr_err *err)
{
    const struct mr_sql_script *script;
    struct mr_expr_builder builder;
    struct mr_bind_scope scope = {.columns = columns,
                                  .visible_count = columns->field_count,
                                  .alias = MR_SPAN("t"),
                                  .relation = MR_SPAN("t")};
    mr_expr_builder_init(&builder, arena, NULL, true);
    MR_TRY(mr_sql_parse(arena, mr_span_of(sql), "f.sql", &script, err));
    return mr_sql_bind_query(&builder, script, script->first->query, &scope, out_bound, err);
}

static void test_ambiguous(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_bound_query bound;
    struct mr_err err = {0};
    struct mr_field fields[] = {{.name = MR_SPAN("a"), .type = mr_type_of(MR_TYPE_INT)},
                                {.name = MR_SPAN("A"), .type = mr_type_of(MR_TYPE_INT)},
                                {.name = MR_SPAN("b"), .type = mr_type_of(MR_TYPE_INT)}};
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    const struct mr_type *columns = mr_type_struct(&arena, fields, 3);
    assert_int_equal(bind(&arena, "SELECT b, a FROM t", columns, &bound, &err), MR_E_INVALID);
    assert_int_equal(err.code, 1204);
    assert_int_equal(err.column, 11);
    assert_string_equal(err.origin, "f.sql");
    assert_int_equal(bind(&arena, "SELECT b FROM t", columns, &bound, &err), MR_OK);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_many_columns(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_bound_query bound;
    struct mr_field *fields = calloc(COUNT, sizeof *fields);
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_non_null(fields);
    for (int i = 0; i < COUNT; i++) {
        const char *name = mr_arena_format(&arena, "column_%d", i);
        fields[i] = (struct mr_field){.name = mr_span_of(name), .type = mr_type_of(MR_TYPE_INT)};
    }
    const struct mr_type *columns = mr_type_struct(&arena, fields, COUNT);
    assert_int_equal(bind(&arena, "SELECT *, column_7 + 1 AS x FROM t", columns, &bound, NULL),
                     MR_OK);
    assert_int_equal(bound.count, COUNT + 1);
    assert_int_equal(bound.used[COUNT / 64], (UINT64_C(1) << COUNT % 64) - 1);
    assert_int_equal(bind(&arena, "SELECT column_2999 FROM t", columns, &bound, NULL), MR_OK);
    assert_int_equal(bound.used[0], 0);
    assert_int_equal(bound.used[2999 / 64], UINT64_C(1) << 2999 % 64);
    mr_arena_fini(&arena);
    free(fields);
    assert_int_equal(heap.used_bytes, 0);
}

static const char sweep_sql[] =
    "SELECT *, t.s.x y, a + 1 * 2, upper(b) || 'x', CASE a WHEN 1 THEN 'p' ELSE b END, a IN (1, 2, "
    "3), a NOT BETWEEN 1 AND 2, CAST(a AS STRING) e, a::DOUBLE AS d, s.* FROM t WHERE a > 1 AND b "
    "LIKE 'x%' OR a IS NULL";

static mr_status sweep_once(uint64_t n, bool *out_is_clean)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_bound_query bound;
    const struct mr_type *columns;
    struct mr_err err = {0};
    mr_heap_init(&heap, 0);
    mr_heap_fail_at(&heap, n);
    mr_arena_init(&arena, &heap, 1);
    arena.next_bytes = 1;
    mr_status status =
        mr_sql_parse_schema(&arena, MR_SPAN("a INT, b STRING, s STRUCT<x: INT>"), &columns, &err);
    if (status == MR_OK) status = bind(&arena, sweep_sql, columns, &bound, &err);
    *out_is_clean = status == MR_OK || err.status == status;
    mr_arena_fini(&arena);
    *out_is_clean &= heap.used_bytes == 0;
    return status;
}

static void test_allocation_failures(void **state)
{
    (void)state;
    mr_status status = MR_E_NOMEM;
    bool is_clean = true;
    uint64_t n = 0;
    while (status == MR_E_NOMEM && is_clean) status = sweep_once(++n, &is_clean);
    assert_int_equal(status, MR_OK);
    assert_true(is_clean);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_many_columns),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

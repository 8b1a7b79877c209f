#include "tests/unit/core/ops/op_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "tests/support/type_text.h"
#include "tests/unit/core/expr/sexpr.h"

void op_world_init(struct op_world *world, uint64_t seed)
{
    mr_heap_init(&world->heap, 0);
    mr_arena_init(&world->arena, &world->heap, 0);
    mr_expr_builder_init(&world->builder, &world->arena, NULL, true);
    world->env = (struct mr_query_env){.heap = &world->heap, .seed = seed};
    world->gen = (struct mr_batch_gen){.nulls = MR_GEN_NULLS_SOME, .list_max = 3, .text_max = 60,
                                       .distinct = 6, .has_selection = true};
    mr_rng_init(&world->gen.rng, seed);
}

void op_world_fini(struct op_world *world)
{
    mr_arena_fini(&world->arena);
    assert_int_equal(world->heap.used_bytes, 0);
}

void op_table_init(struct op_world *world, struct op_table *table, const char *schema,
                   uint32_t batches, uint32_t rows)
{
    const struct mr_type *types[64];
    *table = (struct op_table){.schema = mr_type_from_text(&world->arena, schema)};
    for (uint32_t i = 0; i < table->schema->field_count; i++) {
        types[i] = table->schema->fields[i].type;
    }
    assert_int_equal(mr_row_store_init(&table->all, &world->heap, types,
                                       table->schema->field_count, NULL), MR_OK);
    for (; table->count < batches; table->count++) {
        struct mr_batch *batch = &table->batches[table->count];
        mr_arena_init(&table->arenas[table->count], &world->heap, 0);
        mr_batch_gen_make(&world->gen, &table->arenas[table->count], table->schema, rows, batch);
        mr_status status = mr_row_store_append(&table->all, batch->cols, batch->sel,
                                               batch->sel_count, NULL);
        assert_int_equal(status, MR_OK);
    }
}

void op_table_fini(struct op_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        mr_batch_fini(&table->batches[i]);
        mr_arena_fini(&table->arenas[i]);
    }
    mr_row_store_fini(&table->all);
}

const struct mr_expr *op_expr(struct op_world *world, const struct mr_type *schema,
                              const char *text)
{
    const struct mr_expr *expr;
    struct mr_err err;
    mr_status status = sexpr_read(&world->builder, schema, text, &expr, &err);
    if (status != MR_OK) fail_msg("%s: %s", text, err.message);
    return expr;
}

const struct mr_expr *const *op_exprs(struct op_world *world, const struct mr_type *schema,
                                      const char *const *texts, uint32_t count)
{
    const struct mr_expr **exprs = MR_ARENA_ARRAY(&world->arena, const struct mr_expr *, count);
    for (uint32_t i = 0; i < count; i++) exprs[i] = op_expr(world, schema, texts[i]);
    return exprs;
}

const struct mr_type *op_schema(struct op_world *world, const struct mr_type *before,
                                const struct mr_expr *const *exprs, uint32_t count)
{
    struct mr_field fields[64];
    uint32_t used = 0;
    for (uint32_t i = 0; before != NULL && i < before->field_count; i++) {
        fields[used++] = before->fields[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        fields[used] = (struct mr_field){
            .name = mr_span_of(mr_arena_format(&world->arena, "c%u", used)),
            .type = exprs[i]->type, .is_nullable = true};
        used++;
    }
    return mr_type_struct(&world->arena, fields, used);
}

struct mr_aggregate_call op_call(struct op_world *world, const struct mr_type *schema,
                                 const char *name, const char *const *args, uint32_t count,
                                 bool is_distinct)
{
    struct mr_aggregate_call call;
    struct mr_err err;
    mr_status status = mr_aggregate_resolve(
        &world->builder, mr_aggregate_find(mr_span_of(name)), op_exprs(world, schema, args, count),
        count, is_distinct, &call, &err);
    if (status != MR_OK) fail_msg("%s: %s", name, err.message);
    return call;
}

const struct mr_type *op_concat(struct op_world *world, const struct mr_type *a,
                                const struct mr_type *b)
{
    struct mr_field fields[64];
    for (uint32_t i = 0; i < a->field_count; i++) fields[i] = a->fields[i];
    for (uint32_t i = 0; i < b->field_count; i++) fields[a->field_count + i] = b->fields[i];
    return mr_type_struct(&world->arena, fields, a->field_count + b->field_count);
}

static void rows_take(struct op_rows *rows, char *text)
{
    if (rows->count == rows->capacity) {
        uint32_t capacity = MR_MAX(rows->capacity * 2, 64u);
        char **at = MR_ARENA_ARRAY(rows->arena, char *, capacity);
        for (uint32_t i = 0; i < rows->count; i++) at[i] = rows->at[i];
        rows->at = at;
        rows->capacity = capacity;
    }
    rows->at[rows->count++] = text;
}

static char *text_of(struct mr_arena *arena, const struct mr_vec *cols, uint32_t col_count,
                     uint32_t row)
{
    struct mr_text text;
    mr_text_init(&text, arena->heap);
    for (uint32_t k = 0; k < col_count; k++) {
        if (k > 0) mr_text_addc(&text, ',');
        mr_value_write_json(&cols[k], row, &text);
    }
    char *copy = mr_arena_copy(arena, mr_text_span(&text));
    mr_text_fini(&text);
    return copy;
}

void op_rows_add(struct op_rows *rows, const struct mr_vec *cols, uint32_t col_count, uint32_t row)
{
    rows_take(rows, text_of(rows->arena, cols, col_count, row));
}

void op_rows_put(struct op_world *world, struct op_rows *rows, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t bytes = (size_t)vsnprintf(NULL, 0, format, args);
    char *text = mr_arena_alloc(&world->arena, bytes + 1, 1);
    (void)vsnprintf(text, bytes + 1, format, again);
    va_end(args);
    va_end(again);
    rows->arena = &world->arena;
    rows_take(rows, text);
}

char *op_value_text(struct op_world *world, const struct mr_vec *vec, uint32_t row)
{
    return text_of(&world->arena, vec, 1, row);
}

char *op_row_text(struct op_world *world, const struct mr_row_store *store, uint32_t row)
{
    struct mr_text text;
    mr_text_init(&text, &world->heap);
    for (uint32_t k = 0; k < store->column_count; k++) {
        uint32_t at;
        const struct mr_vec *vec = mr_row_store_vec(store, k, row, &at);
        if (k > 0) mr_text_addc(&text, ',');
        mr_value_write_json(vec, at, &text);
    }
    char *copy = mr_arena_copy(&world->arena, mr_text_span(&text));
    mr_text_fini(&text);
    return copy;
}

char *op_null_text(struct op_world *world, uint32_t columns)
{
    char *text = mr_arena_zeroed(&world->arena, columns * 5u + 1, 1);
    for (uint32_t k = 0; k < columns; k++) {
        memcpy(text + 5 * k, k + 1 == columns ? "null" : "null,", k + 1 == columns ? 4 : 5);
    }
    return text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void op_rows_sort(struct op_rows *rows)
{
    if (rows->count > 0) qsort(rows->at, rows->count, sizeof *rows->at, by_text);
}

enum { PULLS_MAX = 2000000 };

/* run_some: at most `calls` calls of next. */
static mr_status run_some(struct mr_operator *op, uint64_t calls, struct op_rows *out_rows,
                          struct mr_err *err)
{
    mr_pull pull = MR_PULL_AGAIN;
    for (uint64_t i = 0; i < calls && pull != MR_PULL_END; i++) {
        struct mr_batch *batch = NULL;
        mr_status status = mr_operator_next(op, &batch, &pull, err);
        if (status != MR_OK) return status;
        assert_true(i + 1 < PULLS_MAX);
        if (pull != MR_PULL_ROWS) continue;
        mr_batch_check(batch);
        assert_true(batch->sel_count <= MR_BATCH_ROWS_MAX);
        if (op->env->batch_rows > 0) assert_true(batch->sel_count <= op->env->batch_rows);
        for (uint32_t k = 0; out_rows != NULL && k < batch->sel_count; k++) {
            op_rows_add(out_rows, batch->cols, batch->schema->field_count,
                        mr_batch_row(batch, k));
        }
    }
    return MR_OK;
}

mr_status op_run(struct op_world *world, struct mr_operator *op, struct op_rows *out_rows,
                 struct mr_err *err)
{
    *out_rows = (struct op_rows){.arena = &world->arena};
    mr_status status = run_some(op, PULLS_MAX, out_rows, err);
    assert_true(mr_operator_stop(op));
    mr_operator_fini(op);
    return status;
}

static struct mr_operator *make_good(struct op_world *world, struct op_case *of)
{
    struct mr_operator *op;
    struct mr_err err;
    mr_status status = of->make(of, world, &op, &err);
    if (status != MR_OK) fail_msg("%s", err.message);
    return op;
}

static void check_rows(struct op_world *world, struct op_case *of)
{
    struct op_rows rows;
    struct mr_err err;
    mr_status status = op_run(world, make_good(world, of), &rows, &err);
    if (status != MR_OK) fail_msg("%s", err.message);
    if (!of->is_ordered) {
        op_rows_sort(&rows);
        op_rows_sort(&of->expected);
    }
    for (uint32_t i = 0; i < MR_MIN(rows.count, of->expected.count); i++) {
        if (strcmp(rows.at[i], of->expected.at[i]) == 0) continue;
        fail_msg("batches of %u: row %u is\n  %s, expected\n  %s", world->env.batch_rows, i,
                 rows.at[i], of->expected.at[i]);
    }
    if (rows.count != of->expected.count) {
        fail_msg("batches of %u: %u rows, expected %u", world->env.batch_rows, rows.count,
                 of->expected.count);
    }
}

/* check_fault: the n-th allocation fails, while it is made or while it runs. */
static bool check_fault(struct op_world *world, struct op_case *of, uint64_t n)
{
    struct mr_operator *op = NULL;
    struct mr_err err = {0};
    size_t before = world->heap.used_bytes;
    mr_heap_fail_at(&world->heap, n);
    uint64_t last = world->heap.fail_at;
    mr_status status = of->make(of, world, &op, &err);
    if (status == MR_OK) status = run_some(op, PULLS_MAX, NULL, &err);
    bool has_failed = world->heap.take_count >= last;
    world->heap.fail_at = 0;
    if (has_failed && status != MR_E_NOMEM) fail_msg("%u: status %d", (unsigned)n, status);
    if (!has_failed) assert_int_equal(status, MR_OK);
    mr_operator_fini(op);
    assert_int_equal(world->heap.used_bytes, before);
    return has_failed;
}

void op_check(struct op_world *world, struct op_case *of)
{
    static const uint32_t sizes[] = {1, 7, 0};
    for (size_t i = 0; i < MR_COUNT_OF(sizes); i++) {
        world->env.batch_rows = sizes[i];
        check_rows(world, of);
    }
    if (of->skips_faults) return;
    world->env.batch_rows = 100;
    for (uint64_t n = 1; check_fault(world, of, n); n++) {}
    for (uint64_t calls = 0; calls < 60; calls++) {
        struct mr_operator *op = make_good(world, of);
        assert_int_equal(run_some(op, calls, NULL, NULL), MR_OK);
        assert_true(mr_operator_stop(op));
        mr_operator_fini(op);
    }
}

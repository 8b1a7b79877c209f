/* Shown, over random rows of every type with nulls: an aggregate gives the same for rows scattered
 * over groups, for each group's rows reduced alone, and for parts saved and loaded; what it gives
 * is what a plain computation gives; sketches stay within their error; codes of values sort as the
 * values do and come back; failed allocations come back as MR_E_NOMEM and leak nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/aggregate_state.h"
#include "core/expr/order.h"
#include "core/expr/program.h"
#include "core/expr/value_code.h"
#include "tests/support/batch_gen.h"
#include "tests/support/type_text.h"
#include "tests/unit/core/expr/sexpr.h"

static const char schema_text[] =
    "b boolean, y tinyint, h smallint, i int, l bigint, f float, d double, e decimal(10,2), "
    "g decimal(30,5), s string, x binary, a date, t timestamp, r array<string>, "
    "p struct<q:int,u:string>, m map<string,int>";

enum { ROWS = 300, GROUPS = 7, ARGS_MAX = 3, STATE_BYTES_MAX = 128 };

struct world {
    struct mr_heap heap;
    struct mr_arena types, rows;
    struct mr_expr_builder builder;
    const struct mr_type *schema;
    struct mr_batch_gen gen;
    struct mr_batch batch;
};

static void world_init(struct world *world, uint64_t seed)
{
    mr_heap_init(&world->heap, 0);
    mr_arena_init(&world->types, &world->heap, 0);
    mr_arena_init(&world->rows, &world->heap, 0);
    mr_expr_builder_init(&world->builder, &world->types, NULL, true);
    world->schema = mr_type_from_text(&world->types, schema_text);
    world->gen = (struct mr_batch_gen){.nulls = MR_GEN_NULLS_SOME, .list_max = 3, .text_max = 60,
                                       .distinct = seed % 2 == 0 ? 12 : 0};
    mr_rng_init(&world->gen.rng, seed);
    mr_batch_gen_make(&world->gen, &world->rows, world->schema, ROWS, &world->batch);
}

static void world_fini(struct world *world)
{
    mr_batch_fini(&world->batch);
    mr_arena_fini(&world->rows);
    mr_arena_fini(&world->types);
    assert_int_equal(world->heap.used_bytes, 0);
}

/* The calls; arguments are columns, in front of constants. */
static const char *const calls[][ARGS_MAX + 1] = {
    {"count"}, {"count", "s"}, {"count", "i", "d"}, {"count_if", "b"}, {"sum", "y"}, {"sum", "i"},
    {"try_sum", "l"}, {"sum", "e"}, {"try_sum", "g"}, {"avg", "h"}, {"avg", "e"}, {"min", "b"},
    {"max", "b"}, {"min", "y"}, {"max", "l"}, {"min", "f"}, {"max", "d"}, {"min", "g"},
    {"max", "s"}, {"min", "x"}, {"max", "a"}, {"min", "t"}, {"max", "r"}, {"min", "p"},
    {"first", "s"}, {"first", "p", "true"}, {"last", "d"}, {"last", "m", "true"},
    {"min_by", "s", "i"}, {"max_by", "r", "d"}, {"approx_count_distinct", "s"},
    {"percentile", "i", "(array 0 0.3 1)"}, {"median", "h"},
    {"percentile", "h", "0.5", "(abs (cast y bigint))"}, {"percentile_approx", "e", "0.5"},
    {"percentile_approx", "d", "(array 0.1 0.9)", "100"}, {"mode", "s"}, {"mode", "p"},
    {"collect_list", "m"}, {"collect_list", "s"}, {"collect_set", "i"}, {"collect_set", "p"},
    {"bool_and", "b"}, {"bool_or", "b"}, {"bit_and", "y"}, {"bit_or", "i"}, {"bit_xor", "l"},
    {"string_agg", "s", "', '"}, {"listagg", "x"}, {"stddev", "y"}, {"var_pop", "h"},
    {"skewness", "y"}, {"kurtosis", "y"}, {"corr", "y", "h"}, {"covar_samp", "y", "h"},
    {"regr_slope", "y", "h"}, {"regr_intercept", "y", "h"}, {"regr_r2", "y", "h"},
    {"regr_count", "y", "h"}, {"min", "NULL"},
};

/* One call made ready: its argument columns over the batch. */
struct ready {
    struct mr_aggregate_call call;
    struct mr_aggregate agg;
    struct mr_vec cols[ARGS_MAX];
};

static void resolve_call(struct world *world, const char *const *text, struct ready *ready)
{
    const struct mr_expr *args[ARGS_MAX];
    struct mr_err err;
    uint32_t count = 0;
    for (; count < ARGS_MAX && text[count + 1] != NULL; count++) {
        mr_status status = sexpr_read(&world->builder, world->schema, text[count + 1],
                                      &args[count], &err);
        if (status != MR_OK) fail_msg("%s: %s", text[count + 1], err.message);
    }
    mr_status status =
        mr_aggregate_resolve(&world->builder, mr_aggregate_find(mr_span_of(text[0])), args, count,
                             false, &ready->call, &err);
    if (status != MR_OK) fail_msg("%s: %s", text[0], err.message);
}

static void make_ready(struct world *world, const char *const *text, struct ready *ready)
{
    struct mr_err err;
    resolve_call(world, text, ready);
    uint32_t row_args = mr_aggregate_row_args(ready->call.function, ready->call.arg_count);
    struct mr_program *program;
    struct mr_program_context context = {0};
    assert_int_equal(mr_program_compile(&world->heap, ready->call.args, row_args, &program, NULL),
                     MR_OK);
    mr_status status = mr_program_run(program, &context, &world->batch, ready->cols, &err);
    if (status != MR_OK) fail_msg("%s: %s", text[0], err.message);
    mr_program_fini(program);
    assert_int_equal(mr_aggregate_open(&ready->agg, &world->heap, NULL, &ready->call, NULL),
                     MR_OK);
    assert_true(ready->agg.kind->state_bytes <= STATE_BYTES_MAX);
    assert_int_equal(ready->agg.kind->state_bytes % 16, 0);
}

/* Results of GROUPS groups as a column. */
struct results {
    struct mr_vec vec;
    struct mr_bufs bufs;
    struct mr_text_area area;
};

static void results_init(struct results *results, struct mr_arena *arena,
                         const struct mr_type *type)
{
    results->bufs.count = 0;
    mr_text_area_init(&results->area, arena, &results->bufs);
    assert_int_equal(mr_column_alloc(&results->vec, arena, type, GROUPS, &results->bufs, NULL),
                     MR_OK);
}

struct states {
    _Alignas(16) char at[GROUPS][STATE_BYTES_MAX];
};

static void finish_all(struct world *world, struct ready *ready, struct states *states,
                       struct results *out)
{
    struct mr_err err;
    results_init(out, &world->rows, ready->call.type);
    for (uint32_t g = 0; g < GROUPS; g++) {
        mr_status status = ready->agg.kind->finish(&ready->agg, states->at[g], &out->vec,
                                                   &out->area, &err);
        if (status != MR_OK) fail_msg("%s: %s", ready->call.function->name, err.message);
    }
    mr_vec_check(&out->vec);
    for (uint32_t g = 0; g < GROUPS; g++) mr_aggregate_drop(&ready->agg, states->at[g]);
}

static bool is_close(const struct mr_vec *a, const struct mr_vec *b, uint32_t row)
{
    if (a->type->id != MR_TYPE_DOUBLE || mr_vec_is_null(a, row) || mr_vec_is_null(b, row)) {
        return mr_same_at(a, row, b, row);
    }
    double x = ((const double *)a->values)[row], y = ((const double *)b->values)[row];
    if (x != x || y != y || isinf(x) || isinf(y)) return (x != x && y != y) || x == y;
    return fabs(x - y) <= 1e-9 * (fabs(x) + fabs(y)) + 1e-9;
}

static void check_same(const struct ready *ready, const char *what, const struct results *a,
                       const struct results *b)
{
    for (uint32_t g = 0; g < GROUPS; g++) {
        if (!is_close(&a->vec, &b->vec, g)) {
            fail_msg("%s: group %u differs when %s", ready->call.function->name, g, what);
        }
    }
}

/* rows_of: the rows of a group, with i / GROUPS % parts == part. */
static uint32_t rows_of(uint32_t group, uint32_t part, uint32_t parts, uint32_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        if (i * i % GROUPS == group && (parts == 1 || i * parts / ROWS == part)) out[count++] = i;
    }
    return count;
}

static void run_scatter(struct world *world, struct ready *ready, struct results *out)
{
    struct states states = {0};
    char *of_row[ROWS];
    struct mr_aggregate_rows rows = {.count = ROWS, .args = ready->cols};
    for (uint32_t i = 0; i < ROWS; i++) of_row[i] = states.at[i * i % GROUPS];
    assert_int_equal(ready->agg.kind->scatter(&ready->agg, of_row, 0, &rows, NULL), MR_OK);
    finish_all(world, ready, &states, out);
}

static void run_reduce(struct world *world, struct ready *ready, struct results *out)
{
    struct states states = {0};
    for (uint32_t g = 0; g < GROUPS; g++) {
        uint32_t at[ROWS];
        struct mr_aggregate_rows rows = {.at = at, .count = rows_of(g, 0, 1, at),
                                         .args = ready->cols};
        assert_int_equal(ready->agg.kind->reduce(&ready->agg, states.at[g], &rows, NULL), MR_OK);
    }
    finish_all(world, ready, &states, out);
}

static void run_parts(struct world *world, struct ready *ready, struct results *out)
{
    enum { PARTS = 3 };
    struct states states = {0};
    for (uint32_t g = 0; g < GROUPS; g++) {
        for (uint32_t part = 0; part < PARTS; part++) {
            _Alignas(16) char state[STATE_BYTES_MAX] = {0};
            struct mr_text saved;
            uint32_t at[ROWS];
            struct mr_aggregate_rows rows = {.at = at, .count = rows_of(g, part, PARTS, at),
                                             .args = ready->cols};
            assert_int_equal(ready->agg.kind->reduce(&ready->agg, state, &rows, NULL), MR_OK);
            mr_text_init(&saved, &world->heap);
            mr_aggregate_save(&ready->agg, state, &saved);
            mr_aggregate_drop(&ready->agg, state);
            assert_int_equal(mr_aggregate_load(&ready->agg, states.at[g], mr_text_span(&saved),
                                               NULL), MR_OK);
            mr_text_fini(&saved);
        }
    }
    finish_all(world, ready, &states, out);
}

static void test_three_ways_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct world world;
        world_init(&world, seed);
        for (size_t i = 0; i < MR_COUNT_OF(calls); i++) {
            struct ready ready;
            struct results a, b, c;
            make_ready(&world, calls[i], &ready);
            run_scatter(&world, &ready, &a);
            run_reduce(&world, &ready, &b);
            run_parts(&world, &ready, &c);
            check_same(&ready, "reduced alone", &a, &b);
            check_same(&ready, "put together of parts", &a, &c);
            mr_aggregate_close(&ready.agg);
        }
        world_fini(&world);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* expected: the value by two passes over the numbers; false = null. */
static bool expected(const char *name, const double *at, uint32_t count, double *out)
{
    double sorted[ROWS], sum = 0, squares = 0, cubes = 0;
    if (count == 0) return false;
    for (uint32_t i = 0; i < count; i++) sum += sorted[i] = at[i];
    qsort(sorted, count, sizeof *sorted, by_value);
    double mean = sum / count;
    for (uint32_t i = 0; i < count; i++) {
        squares += (at[i] - mean) * (at[i] - mean);
        cubes += (at[i] - mean) * (at[i] - mean) * (at[i] - mean);
    }
    *out = sum;
    if (strcmp(name, "avg") == 0) *out = mean;
    if (strcmp(name, "min") == 0) *out = sorted[0];
    if (strcmp(name, "max") == 0) *out = sorted[count - 1];
    if (strcmp(name, "var_samp") == 0) *out = squares / (count - 1);
    if (strcmp(name, "stddev_pop") == 0) *out = sqrt(squares / count);
    if (strcmp(name, "skewness") == 0) *out = sqrt(count) * cubes / pow(squares, 1.5);
    if (strcmp(name, "median") == 0) *out = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    return true;
}

static void test_a_plain_computation_agrees(void **state)
{
    (void)state;
    static const char *const names[] = {"sum", "avg", "min", "max", "var_samp", "stddev_pop",
                                        "skewness", "median"};
    struct world world;
    world_init(&world, 5);
    for (size_t n = 0; n < MR_COUNT_OF(names); n++) {
        const char *const text[] = {names[n], "h", NULL};
        struct ready ready;
        struct results results;
        make_ready(&world, text, &ready);
        run_scatter(&world, &ready, &results);
        const struct mr_vec *h = &world.batch.cols[2];
        for (uint32_t g = 0; g < GROUPS; g++) {
            uint32_t rows[ROWS], count = rows_of(g, 0, 1, rows), numbers = 0;
            double at[ROWS], wanted = 0, got;
            for (uint32_t i = 0; i < count; i++) {
                if (!mr_vec_is_null(h, rows[i])) at[numbers++] = (double)mr_vec_i64(h, rows[i]);
            }
            bool is_there = expected(names[n], at, numbers, &wanted);
            assert_int_equal(is_there, !mr_vec_is_null(&results.vec, g));
            if (!is_there) continue;
            bool is_double = results.vec.type->id == MR_TYPE_DOUBLE;
            got = is_double ? ((double *)results.vec.values)[g]
                            : (double)mr_vec_i64(&results.vec, g);
            if (fabs(got - wanted) > 1e-9 * (fabs(got) + fabs(wanted))) {
                fail_msg("%s of group %u: %.17g, expected %.17g", names[n], g, got, wanted);
            }
        }
        mr_aggregate_close(&ready.agg);
    }
    world_fini(&world);
}

/* feed: numbers 0 .. count - 1 in a mixed order, each `times` times, into one state. */
static void feed(struct ready *ready, char *state, uint32_t count, uint32_t times)
{
    enum { BATCH = 1000 };
    int64_t values[BATCH];
    struct mr_vec col = {.type = mr_type_of(MR_TYPE_LONG), .rows = BATCH, .values = values};
    struct mr_aggregate_rows rows = {.count = BATCH, .args = &col};
    for (uint32_t i = 0; i < count * times; i++) {
        values[i % BATCH] = (int64_t)((uint64_t)i * 7919 % count);
        if ((i + 1) % BATCH == 0) {
            assert_int_equal(ready->agg.kind->reduce(&ready->agg, state, &rows, NULL), MR_OK);
        }
    }
}

static int64_t finish_one(struct world *world, struct ready *ready, char *state)
{
    struct results results;
    results_init(&results, &world->rows, ready->call.type);
    assert_int_equal(ready->agg.kind->finish(&ready->agg, state, &results.vec, &results.area,
                                             NULL), MR_OK);
    return mr_vec_i64(&results.vec, 0);
}

static void test_sketches_stay_within_their_error(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 6);
    for (uint32_t count = 10; count <= 1000000; count *= 10) {
        const char *const text[] = {"approx_count_distinct", "l", "0.02", NULL};
        _Alignas(16) char sketch[STATE_BYTES_MAX] = {0};
        struct ready ready;
        make_ready(&world, text, &ready);
        feed(&ready, sketch, count, count < 1000 ? 1000 : 1);
        double found = (double)finish_one(&world, &ready, sketch);
        if (fabs(found - count) > 4 * 0.02 * count) fail_msg("%u: %g", count, found);
        mr_aggregate_close(&ready.agg);
    }
    for (uint32_t count = 1000; count <= 1000000; count *= 10) {
        const char *const text[] = {"percentile_approx", "l", "0.3", NULL};
        _Alignas(16) char sketch[STATE_BYTES_MAX] = {0};
        struct ready ready;
        make_ready(&world, text, &ready);
        feed(&ready, sketch, count, 1);
        double found = (double)finish_one(&world, &ready, sketch);
        if (fabs(found + 1 - 0.3 * count) > 1 + count / 10000.0) fail_msg("%u: %g", count, found);
        mr_aggregate_close(&ready.agg);
    }
    world_fini(&world);
}

static void test_codes_sort_and_come_back(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 7);
    for (uint32_t c = 0; c < world.schema->field_count; c++) {
        const struct mr_vec *col = &world.batch.cols[c];
        struct mr_text codes[2];
        struct results results;
        mr_text_init(&codes[0], &world.heap);
        mr_text_init(&codes[1], &world.heap);
        for (uint32_t row = 0; row < ROWS; row++) {
            uint32_t other = (uint32_t)mr_rng_below(&world.gen.rng, ROWS);
            mr_text_reset(&codes[0]);
            mr_text_reset(&codes[1]);
            mr_value_encode(col, row, &codes[0]);
            mr_value_encode(col, other, &codes[1]);
            results_init(&results, &world.rows, col->type);
            const char *at = codes[0].at;
            assert_int_equal(mr_value_decode(&at, &results.vec, &results.area, NULL), MR_OK);
            assert_ptr_equal(at, codes[0].at + codes[0].used);
            mr_vec_check(&results.vec);
            assert_true(mr_same_at(&results.vec, 0, col, row));
            if (mr_vec_is_null(col, row) || mr_vec_is_null(col, other)) continue;
            int order = mr_compare_at(col, row, col, other);
            int found = mr_span_compare(mr_text_span(&codes[0]), mr_text_span(&codes[1]));
            assert_int_equal((order > 0) - (order < 0), (found > 0) - (found < 0));
            uint64_t hashes[2] = {0};
            mr_hash_rows(col, &row, 1, &hashes[0]);
            mr_hash_rows(col, &other, 1, &hashes[1]);
            if (order == 0) assert_true(hashes[0] == hashes[1]);
        }
        mr_text_fini(&codes[0]);
        mr_text_fini(&codes[1]);
    }
    world_fini(&world);
}

static void test_sums_out_of_range(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 8);
    int64_t values[] = {INT64_MAX, 1, -1};
    struct mr_vec col = {.type = mr_type_of(MR_TYPE_LONG), .rows = 3, .values = values};
    static const char *const texts[][3] = {{"sum", "l", NULL}, {"try_sum", "l", NULL}};
    for (uint32_t k = 0; k < 2; k++) {
        _Alignas(16) char sum[STATE_BYTES_MAX] = {0};
        struct ready ready;
        struct results results;
        struct mr_err err;
        make_ready(&world, texts[k], &ready);
        struct mr_aggregate_rows rows = {.count = 2, .args = &col};
        assert_int_equal(ready.agg.kind->reduce(&ready.agg, sum, &rows, NULL), MR_OK);
        results_init(&results, &world.rows, ready.call.type);
        mr_status status =
            ready.agg.kind->finish(&ready.agg, sum, &results.vec, &results.area, &err);
        assert_int_equal(status, k == 0 ? MR_E_ARITHMETIC : MR_OK);
        if (k == 0) assert_int_equal(err.code, 1310);
        else assert_true(mr_vec_is_null(&results.vec, 0));
        uint32_t third = 2;
        rows = (struct mr_aggregate_rows){.at = &third, .count = 1, .args = &col};
        assert_int_equal(ready.agg.kind->reduce(&ready.agg, sum, &rows, NULL), MR_OK);
        assert_true(finish_one(&world, &ready, sum) == INT64_MAX);
        mr_aggregate_close(&ready.agg);
    }
    world_fini(&world);
}

/* sweep: a reduce and finish of the call with the n-th allocation failing. */
static bool sweep(struct world *world, struct ready *ready, uint64_t n)
{
    _Alignas(16) char state[STATE_BYTES_MAX] = {0};
    struct mr_heap *heap = &world->heap;
    struct mr_arena arena;
    struct mr_bufs bufs = {.count = 0};
    struct mr_text_area area;
    struct mr_vec out;
    struct mr_err err = {0};
    size_t before = heap->used_bytes;
    mr_aggregate_close(&ready->agg);
    mr_arena_init(&arena, heap, 64);
    mr_heap_fail_at(heap, n);
    uint64_t last = heap->fail_at;
    struct mr_aggregate_rows rows = {.count = ROWS, .args = ready->cols};
    mr_text_area_init(&area, &arena, &bufs);
    mr_status status = mr_aggregate_open(&ready->agg, heap, NULL, &ready->call, &err);
    if (status == MR_OK) status = ready->agg.kind->reduce(&ready->agg, state, &rows, &err);
    if (status == MR_OK) status = mr_column_alloc(&out, &arena, ready->call.type, 1, &bufs, &err);
    if (status == MR_OK) {
        status = ready->agg.kind->finish(&ready->agg, state, &out, &area, &err);
    }
    bool has_failed = heap->take_count >= last;
    heap->fail_at = 0;
    assert_int_equal(status, has_failed ? MR_E_NOMEM : MR_OK);
    mr_aggregate_close(&ready->agg);
    mr_arena_fini(&arena);
    assert_true(heap->used_bytes <= before);
    return has_failed;
}

static void test_failed_allocations(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 9);
    for (size_t i = 0; i < MR_COUNT_OF(calls); i++) {
        struct ready ready;
        make_ready(&world, calls[i], &ready);
        for (uint64_t n = 1; sweep(&world, &ready, n); n++) {}
    }
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_ways_agree),
        cmocka_unit_test(test_a_plain_computation_agrees),
        cmocka_unit_test(test_sketches_stay_within_their_error),
        cmocka_unit_test(test_codes_sort_and_come_back),
        cmocka_unit_test(test_sums_out_of_range),
        cmocka_unit_test(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

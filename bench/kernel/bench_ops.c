/* Operators of queries over a table in memory, one core: grouping by few and by many keys, joining
 * and sorting. Unit: input rows (of a join: rows of both sides), processor time. One JSON line per
 * case; before a speed is printed the result is checked: counts and sums of all groups, the number
 * of joined rows, the order of what was sorted.
 *
 *     bench_ops [--rows 4000000] [--runs 5]
 */
#include <stdlib.h>
#include <string.h>

#include "bench/kernel/bench_run.h"
#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/ops/op_query.h"

enum { ROWS = 4000000, RUNS = 5, COLUMNS = 3, TEXT_COLUMN = 2 };

/* Rows of (k bigint, v bigint, s string), keys uniform below `keys`. */
struct table {
    struct mr_arena arena;
    struct mr_batch *batches;
    uint32_t count;
    uint64_t rows;
    int64_t sum; /* of v */
};

struct bench {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_expr_builder builder;
    struct mr_query_env env;
    const struct mr_type *schema;
    const struct mr_expr *columns[COLUMNS];
    uint32_t runs;
};

static void must(mr_status status, const struct mr_err *err)
{
    if (status != MR_OK) mr_bench_die(err->message);
}

static void fill(struct mr_batch *batch, struct table *table, struct mr_rng *rng, uint64_t keys,
                 bool is_unique)
{
    int64_t *k = batch->cols[0].values, *v = batch->cols[1].values;
    struct mr_view *s = batch->cols[TEXT_COLUMN].values;
    for (uint32_t i = 0; i < batch->rows; i++) {
        char text[32];
        uint64_t key = is_unique ? table->rows + i : mr_rng_below(rng, keys);
        k[i] = (int64_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 1);
        v[i] = (int64_t)mr_rng_below(rng, 1000);
        table->sum += v[i];
        int bytes = snprintf(text, sizeof text, "k%llu", (unsigned long long)key);
        s[i] = mr_view_of(text, (uint32_t)MR_MIN(bytes, MR_VIEW_INLINE_MAX), 0, 0);
    }
}

static void table_make(struct bench *bench, struct table *table, uint64_t rows, uint64_t keys,
                       bool is_unique)
{
    struct mr_rng rng;
    struct mr_err err;
    mr_rng_init(&rng, 1);
    *table = (struct table){0};
    mr_arena_init(&table->arena, &bench->heap, 0);
    table->count = (uint32_t)((rows + MR_BATCH_ROWS_MAX - 1) / MR_BATCH_ROWS_MAX);
    table->batches = mr_bench_must(MR_ARENA_ARRAY(&table->arena, struct mr_batch, table->count));
    for (uint32_t b = 0; b < table->count; b++) {
        struct mr_batch *batch = &table->batches[b];
        mr_batch_init(batch, &table->arena, bench->schema);
        batch->rows = (uint32_t)MR_MIN(rows - table->rows, (uint64_t)MR_BATCH_ROWS_MAX);
        batch->sel_count = batch->rows;
        batch->cols = mr_bench_must(MR_ARENA_ARRAY(&table->arena, struct mr_vec, COLUMNS));
        for (uint32_t k = 0; k < COLUMNS; k++) {
            must(mr_vec_alloc(&batch->cols[k], &table->arena, bench->schema->fields[k].type,
                              batch->rows, false, &batch->bufs, &err), &err);
        }
        fill(batch, table, &rng, keys, is_unique);
        table->rows += batch->rows;
    }
}

static struct mr_operator *scan(struct bench *bench, const struct table *table)
{
    struct mr_operator *op;
    struct mr_err err;
    must(mr_op_batches(&bench->env, bench->schema, table->batches, table->count, &op, &err), &err);
    return op;
}

/* Looks at each batch that comes out. */
typedef void visit_fn(const struct mr_batch *batch, void *ctx);

static double run(struct mr_operator *op, visit_fn *visit, void *ctx)
{
    struct mr_err err;
    mr_pull pull = MR_PULL_AGAIN;
    double from = mr_bench_cpu_s();
    while (pull != MR_PULL_END) {
        struct mr_batch *batch;
        must(mr_operator_next(op, &batch, &pull, &err), &err);
        if (pull == MR_PULL_ROWS) visit(batch, ctx);
    }
    double seconds = mr_bench_cpu_s() - from;
    mr_operator_fini(op);
    return seconds;
}

static const struct mr_type *schema_of(struct bench *bench, const struct mr_expr *const *exprs,
                                       uint32_t count)
{
    struct mr_field fields[2 * COLUMNS];
    for (uint32_t k = 0; k < count; k++) {
        fields[k] = (struct mr_field){.name = MR_SPAN("c"), .type = exprs[k]->type};
    }
    return mr_bench_must((void *)(uintptr_t)mr_type_struct(&bench->arena, fields, count));
}

static void print(struct bench *bench, const char *what, uint64_t keys, uint64_t rows,
                  struct mr_bench_times *times)
{
    mr_bench_head("ops");
    (void)printf(",\"case\":\"%s\",\"keys\":%llu,\"rows\":%llu,\"runs\":%u", what,
                 (unsigned long long)keys, (unsigned long long)rows, bench->runs);
    mr_bench_cost(times, "ns_per_row", (double)rows * 1e-9);
    (void)printf("}\n");
}

struct totals {
    uint64_t groups;
    int64_t count, sum;
};

static void add_group(const struct mr_batch *batch, void *ctx)
{
    struct totals *totals = ctx;
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        totals->count += mr_vec_i64(&batch->cols[1], i);
        totals->sum += mr_vec_i64(&batch->cols[2], i);
    }
    totals->groups += batch->sel_count;
}

/* bench_group: count(*) and sum(v) by one column. */
static void bench_group(struct bench *bench, uint64_t rows, uint64_t keys, uint32_t column)
{
    struct table table;
    struct mr_bench_times times = {0};
    struct mr_op_aggregate_call calls[2] = {{.filter = NULL}};
    struct mr_err err;
    table_make(bench, &table, rows, keys, false);
    must(mr_aggregate_resolve(&bench->builder, mr_aggregate_find(MR_SPAN("count")), NULL, 0, false,
                              &calls[0].call, &err), &err);
    must(mr_aggregate_resolve(&bench->builder, mr_aggregate_find(MR_SPAN("sum")),
                              &bench->columns[1], 1, false, &calls[1].call, &err), &err);
    const struct mr_expr *outs[3] = {bench->columns[column], bench->columns[0], bench->columns[0]};
    struct mr_op_aggregate_spec spec = {
        .schema = schema_of(bench, outs, 3), .groups = &bench->columns[column], .group_count = 1,
        .calls = calls, .call_count = 2};
    for (uint32_t r = 0; r <= bench->runs; r++) {
        struct mr_operator *op;
        struct totals totals = {0};
        must(mr_op_aggregate(&bench->env, scan(bench, &table), &spec, &op, &err), &err);
        double seconds = run(op, add_group, &totals);
        if (totals.count != (int64_t)table.rows || totals.sum != table.sum) {
            mr_bench_die("groups do not add up");
        }
        if (r > 0) mr_bench_times_add(&times, seconds);
    }
    print(bench, column == 0 ? "group by bigint" : "group by string", keys, table.rows, &times);
    mr_arena_fini(&table.arena);
}

static void add_count(const struct mr_batch *batch, void *ctx)
{
    *(uint64_t *)ctx += batch->sel_count;
}

/* bench_join: every left row finds one of `keys` right rows. */
static void bench_join(struct bench *bench, uint64_t rows, uint64_t keys)
{
    struct table left, right;
    struct mr_bench_times times = {0};
    struct mr_err err;
    table_make(bench, &left, rows, keys, false);
    table_make(bench, &right, keys, keys, true);
    const struct mr_expr *outs[2 * COLUMNS];
    for (uint32_t k = 0; k < 2 * COLUMNS; k++) outs[k] = bench->columns[k % COLUMNS];
    struct mr_op_join_spec spec = {
        .kind = MR_OP_JOIN_INNER, .schema = schema_of(bench, outs, 2 * COLUMNS),
        .left_keys = bench->columns, .right_keys = bench->columns, .key_count = 1};
    for (uint32_t r = 0; r <= bench->runs; r++) {
        struct mr_operator *op;
        uint64_t count = 0;
        must(mr_op_join(&bench->env, scan(bench, &left), scan(bench, &right), &spec, &op, &err),
             &err);
        double seconds = run(op, add_count, &count);
        if (count != left.rows) mr_bench_die("joined rows are missing");
        if (r > 0) mr_bench_times_add(&times, seconds);
    }
    print(bench, "join", keys, left.rows + right.rows, &times);
    mr_arena_fini(&left.arena);
    mr_arena_fini(&right.arena);
}

struct ascent {
    uint64_t count;
    int64_t last;
};

static void check_order(const struct mr_batch *batch, void *ctx)
{
    struct ascent *ascent = ctx;
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        int64_t value = mr_vec_i64(&batch->cols[0], mr_batch_row(batch, i));
        if (ascent->count++ > 0 && value < ascent->last) mr_bench_die("the order is wrong");
        ascent->last = value;
    }
}

static void bench_sort(struct bench *bench, uint64_t rows, int64_t limit)
{
    struct table table;
    struct mr_bench_times times = {0};
    struct mr_err err;
    struct mr_sort_key key = {.expr = bench->columns[0]};
    table_make(bench, &table, rows, rows, false);
    for (uint32_t r = 0; r <= bench->runs; r++) {
        struct mr_operator *op;
        struct ascent ascent = {0};
        must(mr_op_sort(&bench->env, scan(bench, &table), &key, 1, limit, 0, &op, &err), &err);
        double seconds = run(op, check_order, &ascent);
        if (ascent.count != (limit < 0 ? table.rows : (uint64_t)limit)) mr_bench_die("rows");
        if (r > 0) mr_bench_times_add(&times, seconds);
    }
    print(bench, limit < 0 ? "sort" : "top-n", (uint64_t)MR_MAX(limit, 0), table.rows, &times);
    mr_arena_fini(&table.arena);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"rows", "runs", NULL};
    static const uint64_t keys[] = {1, 16, 1000, 100000, 1000000};
    struct bench bench = {0};
    struct mr_err err;
    mr_bench_check_arguments(argc, argv, names);
    uint32_t rows = mr_bench_count(argc, argv, "rows", ROWS, 100000000);
    bench.runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    mr_heap_init(&bench.heap, 0);
    mr_arena_init(&bench.arena, &bench.heap, 0);
    mr_expr_builder_init(&bench.builder, &bench.arena, NULL, true);
    bench.env = (struct mr_query_env){.heap = &bench.heap, .seed = 1};
    struct mr_field fields[COLUMNS] = {
        {.name = MR_SPAN("k"), .type = mr_type_of(MR_TYPE_LONG)},
        {.name = MR_SPAN("v"), .type = mr_type_of(MR_TYPE_LONG)},
        {.name = MR_SPAN("s"), .type = mr_type_of(MR_TYPE_STRING)}};
    bench.schema = mr_type_struct(&bench.arena, fields, COLUMNS);
    for (uint32_t k = 0; k < COLUMNS; k++) {
        must(mr_expr_column(&bench.builder, bench.schema, k, &bench.columns[k], &err), &err);
    }
    for (size_t i = 0; i < MR_COUNT_OF(keys); i++) bench_group(&bench, rows, keys[i], 0);
    bench_group(&bench, rows, 1000, TEXT_COLUMN);
    bench_group(&bench, rows, 1000000, TEXT_COLUMN);
    bench_join(&bench, rows, 1000);
    bench_join(&bench, rows, 1000000);
    bench_sort(&bench, rows, -1);
    bench_sort(&bench, rows, 100);
    mr_arena_fini(&bench.arena);
    return 0;
}

/* Shown: hash aggregates over random rows give what comes of sorting rows into groups by comparing
 * each with each: keys of all types, no keys, grouping sets, DISTINCT, FILTER, many functions; in
 * two phases they give the same; running out of the query's memory names the operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/aggregate_state.h"
#include "core/expr/order.h"
#include "tests/unit/core/ops/op_check.h"

static const char table_types[] =
    "b boolean, y tinyint, i int, l bigint, d double, e decimal(10,2), g decimal(30,5), s string, "
    "x binary, t timestamp, r array<string>, p struct<q:int,u:string>";

enum { KEYS_MAX = 6, CALLS_MAX = 8, ARGS_MAX = 2, ROWS_MAX = 2000, STATE_BYTES_MAX = 128 };

struct call_text {
    const char *name;
    const char *args[ARGS_MAX + 1];
    bool is_distinct;
    const char *filter;
};

struct aggregate_case {
    struct op_case of; /* first */
    struct op_table *table;
    const struct mr_expr *const *groups;
    uint32_t group_count;
    struct mr_op_aggregate_call calls[CALLS_MAX];
    uint32_t call_count;
    const uint64_t *sets;
    uint32_t set_count;
    bool has_grouping_id;
    bool is_in_phases;
    struct mr_op_aggregate_spec spec, partial;
};

static mr_status make_aggregate(struct op_case *of, struct op_world *world,
                                struct mr_operator **out_op, struct mr_err *err)
{
    struct aggregate_case *self = (struct aggregate_case *)of;
    struct mr_operator *left, *right, *op;
    struct op_table *table = self->table;
    if (!self->is_in_phases) {
        MR_TRY(mr_op_batches(&world->env, table->schema, table->batches, table->count, &op, err));
        return mr_op_aggregate(&world->env, op, &self->spec, out_op, err);
    }
    uint32_t half = table->count / 2;
    MR_TRY(mr_op_batches(&world->env, table->schema, table->batches, half, &left, err));
    MR_TRY(mr_op_aggregate(&world->env, left, &self->partial, &left, err));
    mr_status status = mr_op_batches(&world->env, table->schema, table->batches + half,
                                     table->count - half, &right, err);
    if (status == MR_OK) status = mr_op_aggregate(&world->env, right, &self->partial, &right, err);
    if (status != MR_OK) {
        mr_operator_fini(left);
        return status;
    }
    MR_TRY(mr_op_union(&world->env, left, right, self->partial.schema, &op, err));
    return mr_op_aggregate(&world->env, op, &self->spec, out_op, err);
}

/* ---- what it should give ---- */

struct flat {
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_text_area text;
    struct mr_vec cols[64];
};

/* flat_init: all rows of the table as one batch, and the given expressions over it. */
static void flat_init(struct op_world *world, struct flat *flat, const struct op_table *table)
{
    static uint32_t ids[ROWS_MAX];
    uint32_t rows = table->all.rows;
    assert_true(rows <= ROWS_MAX);
    for (uint32_t i = 0; i < rows; i++) ids[i] = i;
    mr_arena_init(&flat->arena, &world->heap, 0);
    mr_batch_init(&flat->batch, &flat->arena, table->schema);
    mr_text_area_init(&flat->text, &flat->arena, &flat->batch.bufs);
    flat->batch.cols = flat->cols;
    flat->batch.rows = flat->batch.sel_count = rows;
    for (uint32_t k = 0; k < table->schema->field_count; k++) {
        assert_int_equal(mr_column_alloc(&flat->cols[k], &flat->arena,
                                         table->schema->fields[k].type, rows, &flat->batch.bufs,
                                         NULL), MR_OK);
        assert_int_equal(mr_row_store_gather(&table->all, k, ids, rows, &flat->cols[k],
                                             &flat->text, NULL), MR_OK);
    }
}

static void flat_run(struct op_world *world, struct flat *flat, const struct mr_expr *const *exprs,
                     uint32_t count, struct mr_vec *out)
{
    struct mr_program *program;
    struct mr_program_context context = {0};
    assert_int_equal(mr_program_compile(&world->heap, exprs, count, &program, NULL), MR_OK);
    assert_int_equal(mr_program_run(program, &context, &flat->batch, out, NULL), MR_OK);
    mr_program_fini(program);
}

/* fold: the call over the listed rows, as text. */
static char *fold(struct op_world *world, struct flat *flat,
                  const struct mr_op_aggregate_call *from, const uint32_t *rows, uint32_t count)
{
    struct mr_vec args[ARGS_MAX + 1], filter, out;
    struct mr_aggregate agg;
    _Alignas(16) char state[STATE_BYTES_MAX] = {0};
    uint32_t kept[ROWS_MAX], kept_count = 0;
    uint32_t row_args = mr_aggregate_row_args(from->call.function, from->call.arg_count);
    flat_run(world, flat, from->call.args, row_args, args);
    if (from->filter != NULL) flat_run(world, flat, &from->filter, 1, &filter);
    for (uint32_t i = 0; i < count; i++) {
        if (from->filter != NULL && (mr_vec_is_null(&filter, rows[i]) ||
                                     !mr_bit_get(filter.values, rows[i]))) {
            continue;
        }
        bool is_new = true;
        for (uint32_t j = 0; from->call.is_distinct && j < kept_count && is_new; j++) {
            uint32_t same = 0;
            for (uint32_t k = 0; k < row_args; k++) {
                same += mr_same_at(&args[k], rows[i], &args[k], kept[j]);
            }
            is_new = same < row_args;
        }
        if (is_new) kept[kept_count++] = rows[i];
    }
    struct mr_aggregate_rows all = {.at = kept, .count = kept_count, .args = args};
    assert_int_equal(mr_aggregate_open(&agg, &world->heap, NULL, &from->call, NULL), MR_OK);
    assert_int_equal(agg.kind->reduce(&agg, state, &all, NULL), MR_OK);
    assert_int_equal(mr_column_alloc(&out, &flat->arena, from->call.type, 1, &flat->batch.bufs,
                                     NULL), MR_OK);
    assert_int_equal(agg.kind->finish(&agg, state, &out, &flat->text, NULL), MR_OK);
    mr_aggregate_close(&agg);
    return op_value_text(world, &out, 0);
}

/* expect_group: the row of one group. */
static void expect_group(struct op_world *world, struct aggregate_case *self, struct flat *flat,
                         const struct mr_vec *keys, uint64_t set, const uint32_t *rows,
                         uint32_t count)
{
    char text[20000];
    int used = 0;
    int64_t id = 0;
    for (uint32_t k = 0; k < self->group_count; k++) {
        bool counts = set >> k & 1;
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s", used > 0 ? "," : "",
                         counts ? op_value_text(world, &keys[k], rows[0]) : "null");
        id = id << 1 | !counts;
    }
    for (uint32_t c = 0; c < self->call_count; c++) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s", used > 0 ? "," : "",
                         fold(world, flat, &self->calls[c], rows, count));
    }
    if (self->has_grouping_id) {
        used += snprintf(text + used, sizeof text - (size_t)used, ",\"%d\"", (int)id);
    }
    assert_true((size_t)used < sizeof text);
    op_rows_put(world, &self->of.expected, "%s", text);
}

static bool same_keys(const struct mr_vec *keys, uint32_t count, uint64_t set, uint32_t a,
                      uint32_t b)
{
    for (uint32_t k = 0; k < count; k++) {
        if (set >> k & 1 && !mr_same_at(&keys[k], a, &keys[k], b)) return false;
    }
    return true;
}

static void expect_set(struct op_world *world, struct aggregate_case *self, struct flat *flat,
                       const struct mr_vec *keys, uint64_t set)
{
    static uint32_t rows[ROWS_MAX];
    static bool is_done[ROWS_MAX];
    uint32_t total = flat->batch.rows;
    memset(is_done, 0, sizeof is_done);
    for (uint32_t i = 0; i < total; i++) {
        uint32_t count = 0;
        for (uint32_t j = i; j < total && !is_done[i]; j++) {
            if (!same_keys(keys, self->group_count, set, i, j)) continue;
            if (j > i) is_done[j] = true;
            rows[count++] = j;
        }
        if (count > 0) expect_group(world, self, flat, keys, set, rows, count);
    }
}

static void expect(struct op_world *world, struct aggregate_case *self)
{
    struct flat flat;
    struct mr_vec keys[KEYS_MAX];
    flat_init(world, &flat, self->table);
    flat_run(world, &flat, self->groups, self->group_count, keys);
    if (self->sets == NULL && self->group_count == 0) {
        static uint32_t rows[ROWS_MAX];
        for (uint32_t i = 0; i < flat.batch.rows; i++) rows[i] = i;
        expect_group(world, self, &flat, keys, 0, rows, flat.batch.rows);
    } else if (self->sets == NULL) {
        expect_set(world, self, &flat, keys, UINT64_MAX);
    }
    for (uint32_t k = 0; self->sets != NULL && k < self->set_count; k++) {
        expect_set(world, self, &flat, keys, self->sets[k]);
    }
    mr_arena_fini(&flat.arena);
}

/* ---- cases ---- */

/* specs: output types of the whole, and of the partial phase, whose groups are columns then. */
static void make_specs(struct op_world *world, struct aggregate_case *self)
{
    struct mr_field fields[32];
    uint32_t used = 0, partial = 0;
    struct mr_field partials[32];
    for (uint32_t i = 0; i < self->group_count; i++) {
        fields[used++] = (struct mr_field){.name = MR_SPAN("k"), .type = self->groups[i]->type,
                                           .is_nullable = true};
        partials[partial++] = fields[used - 1];
    }
    if (self->sets != NULL) {
        partials[partial++] = (struct mr_field){.name = MR_SPAN("set"),
                                                .type = mr_type_of(MR_TYPE_INT)};
    }
    for (uint32_t i = 0; i < self->call_count; i++) {
        fields[used++] = (struct mr_field){.name = MR_SPAN("v"), .type = self->calls[i].call.type,
                                           .is_nullable = true};
        partials[partial++] = (struct mr_field){.name = MR_SPAN("v"),
                                                .type = mr_type_of(MR_TYPE_BINARY)};
    }
    if (self->has_grouping_id) {
        fields[used++] = (struct mr_field){.name = MR_SPAN("id"),
                                           .type = mr_type_of(MR_TYPE_LONG)};
    }
    self->spec = (struct mr_op_aggregate_spec){
        .schema = mr_type_struct(&world->arena, fields, used), .groups = self->groups,
        .group_count = self->group_count, .calls = self->calls, .call_count = self->call_count,
        .sets = self->sets, .set_count = self->set_count,
        .has_grouping_id = self->has_grouping_id};
    if (!self->is_in_phases) return;
    self->partial = self->spec;
    self->partial.phase = MR_OP_AGGREGATE_PARTIAL;
    self->partial.schema = mr_type_struct(&world->arena, partials, partial);
    self->spec.phase = MR_OP_AGGREGATE_FINAL;
    const struct mr_expr **groups =
        MR_ARENA_ARRAY(&world->arena, const struct mr_expr *, self->group_count);
    for (uint32_t i = 0; i < self->group_count; i++) {
        assert_int_equal(mr_expr_column(&world->builder, self->partial.schema, i, &groups[i],
                                        NULL), MR_OK);
    }
    self->spec.groups = groups;
}

static void run_case(uint64_t seed, const char *const *keys, const struct call_text *calls,
                     const uint64_t *sets, uint32_t set_count, bool is_in_phases)
{
    struct op_world world;
    struct op_table table;
    op_world_init(&world, seed);
    world.gen.distinct = seed % 3 == 0 ? 40 : 5;
    world.gen.has_selection = seed % 2 == 0;
    op_table_init(&world, &table, table_types, 4, seed % 5 == 0 ? 0 : 50);
    struct aggregate_case self = {.of = {.make = make_aggregate}, .table = &table, .sets = sets,
                                  .set_count = set_count, .has_grouping_id = sets != NULL,
                                  .is_in_phases = is_in_phases};
    while (keys[self.group_count] != NULL) self.group_count++;
    self.groups = op_exprs(&world, table.schema, keys, self.group_count);
    for (; calls[self.call_count].name != NULL; self.call_count++) {
        const struct call_text *from = &calls[self.call_count];
        uint32_t args = 0;
        while (from->args[args] != NULL) args++;
        self.calls[self.call_count] = (struct mr_op_aggregate_call){
            .call = op_call(&world, table.schema, from->name, from->args, args,
                            from->is_distinct),
            .filter = from->filter == NULL ? NULL : op_expr(&world, table.schema, from->filter)};
    }
    make_specs(&world, &self);
    expect(&world, &self);
    self.of.skips_faults = seed % 11 != 1;
    op_check(&world, &self.of);
    op_table_fini(&table);
    op_world_fini(&world);
}

static const char *const key_lists[][KEYS_MAX] = {
    {NULL}, {"i"}, {"s"}, {"b", "y"}, {"d"}, {"g", "x"}, {"r"}, {"p", "t"}, {"(% l 3)", "e"}};

static const struct call_text call_lists[][CALLS_MAX + 1] = {
    {{"count", {NULL}}, {"sum", {"y"}}, {"min", {"s"}}, {"max", {"d"}}, {"avg", {"e"}}},
    {{"count", {"i"}, true}, {"sum", {"y"}, true, "(> i 0)"}, {"count", {NULL}, false, "b"},
     {"count", {"s", "i"}, true}, {"collect_list", {"i"}, true}},
    {{"first", {"s"}}, {"last", {"p"}}, {"collect_list", {"s"}}, {"max_by", {"s", "t"}},
     {"collect_set", {"i"}}, {"bool_or", {"b"}}, {"mode", {"e"}}},
    {{NULL}},
};

static void test_groups(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t k = 0; k < MR_COUNT_OF(key_lists); k++) {
        for (size_t c = 0; c < MR_COUNT_OF(call_lists); c++) {
            if (k == 0 && c == 3) continue; /* no columns: nothing to compare */
            run_case(seed++, key_lists[k], call_lists[c], NULL, 0, false);
        }
    }
}

static void test_grouping_sets(void **state)
{
    (void)state;
    static const char *const keys[] = {"i", "s", "b", NULL};
    static const uint64_t sets[] = {7, 3, 0, 5, 5};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        run_case(seed, keys, call_lists[seed % 3], sets, MR_COUNT_OF(sets), false);
    }
}

static void test_two_phases(void **state)
{
    (void)state;
    static const char *const keys[] = {"i", "s", NULL};
    static const uint64_t sets[] = {3, 1, 0};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        size_t c = seed % 2 == 0 ? 0 : 2;
        run_case(seed, keys, call_lists[c], NULL, 0, true);
        run_case(seed, key_lists[0], call_lists[c], NULL, 0, true);
        run_case(seed, keys, call_lists[c], sets, MR_COUNT_OF(sets), true);
    }
}

static void test_errors_of_rows_end_it(void **state)
{
    (void)state;
    struct op_world world;
    struct op_table table;
    struct mr_operator *op;
    struct op_rows rows;
    struct mr_err err = {0};
    op_world_init(&world, 1);
    op_table_init(&world, &table, "i int", 2, 50);
    const char *const arg[] = {"(/ 1 (- i i))"};
    struct mr_op_aggregate_call call = {
        .call = op_call(&world, table.schema, "sum", arg, 1, false)};
    struct mr_op_aggregate_spec spec = {
        .calls = &call, .call_count = 1, .schema = op_schema(&world, NULL, call.call.args, 1)};
    assert_int_equal(mr_op_batches(&world.env, table.schema, table.batches, 2, &op, NULL), MR_OK);
    assert_int_equal(mr_op_aggregate(&world.env, op, &spec, &op, NULL), MR_OK);
    assert_int_equal(op_run(&world, op, &rows, &err), MR_E_ARITHMETIC);
    assert_int_equal(err.code, 1311);
    op_table_fini(&table);
    op_world_fini(&world);
}

/* run_within: a count per group in so many bytes. */
static mr_status run_within(struct op_world *world, struct op_table *table, size_t bytes,
                            struct mr_err *err)
{
    const char *const texts[] = {"i"};
    struct mr_operator *op;
    struct op_rows rows;
    struct mr_heap small;
    struct mr_op_aggregate_spec spec = {
        .groups = op_exprs(world, table->schema, texts, 1), .group_count = 1};
    spec.schema = op_schema(world, NULL, spec.groups, 1);
    mr_heap_init(&small, bytes);
    struct mr_heap *before = world->env.heap;
    world->env.heap = &small;
    mr_status status = mr_op_batches(&world->env, table->schema, table->batches, table->count, &op,
                                     err);
    if (status == MR_OK) status = mr_op_aggregate(&world->env, op, &spec, &op, err);
    if (status == MR_OK) status = op_run(world, op, &rows, err);
    world->env.heap = before;
    assert_int_equal(small.used_bytes, 0);
    return status;
}

static void test_the_limit_names_the_operator(void **state)
{
    (void)state;
    struct op_world world;
    struct op_table table;
    struct mr_err err = {0};
    op_world_init(&world, 7);
    world.gen.distinct = 0;
    op_table_init(&world, &table, "i int", 4, 4000);
    assert_int_equal(run_within(&world, &table, 64 << 20, &err), MR_OK);
    assert_int_equal(run_within(&world, &table, 700 << 10, &err), MR_E_LIMIT);
    assert_int_equal(err.code, 1221);
    assert_non_null(strstr(err.message, "HashAggregate"));
    op_table_fini(&table);
    op_world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_grouping_sets),
        cmocka_unit_test(test_two_phases),
        cmocka_unit_test(test_errors_of_rows_end_it),
        cmocka_unit_test(test_the_limit_names_the_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

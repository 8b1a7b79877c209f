/* Shown: random trees of operators over random tables give the same rows whatever the batch size:
 * nobody looks at a batch that is gone, keeps what is not his, or depends on where batches end;
 * failed allocations and stops in the middle leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/checked.h"
#include "tests/unit/core/ops/op_check.h"

/* All relations of a tree have these columns, so that any can stand on any. */
static const char table_types[] = "i int, s string, d double, r array<string>, b boolean";

enum { DEPTH_MAX = 4, TABLES = 2 };

struct tree_case {
    struct op_case of; /* first */
    struct op_table tables[TABLES];
    const struct mr_type *schema, *pair;
    uint64_t seed;
    const struct mr_expr *columns[8];
    const struct mr_expr *right_columns[8]; /* over both sides of a join */
    const struct mr_expr *filters[3];
    const struct mr_expr *outs[2][5];
    const struct mr_expr *residual;
    struct mr_op_aggregate_call calls[4];
    struct mr_op_window_call windows[1];
    const struct mr_type *window_schema;
    const struct mr_generator *explode;
    const struct mr_type *explode_schema;
    struct mr_sort_key keys[2];
};

static mr_status make_node(struct tree_case *self, struct op_world *world, struct mr_rng *rng,
                           uint32_t depth, struct mr_operator **out_op, struct mr_err *err);

static mr_status make_two(struct tree_case *self, struct op_world *world, struct mr_rng *rng,
                          uint32_t depth, struct mr_operator **out_left,
                          struct mr_operator **out_right, struct mr_err *err)
{
    struct mr_operator *left, *right;
    MR_TRY(make_node(self, world, rng, depth, &left, err));
    mr_status status = make_node(self, world, rng, depth, &right, err);
    if (status != MR_OK) {
        mr_operator_fini(left);
        return status;
    }
    *out_left = left;
    *out_right = right;
    return MR_OK;
}

/* cut: the first five columns again. */
static mr_status cut(struct tree_case *self, struct op_world *world, struct mr_operator *op,
                     struct mr_operator **out_op, struct mr_err *err)
{
    return mr_op_project(&world->env, op, self->schema, self->columns, out_op, err);
}

static mr_status make_join(struct tree_case *self, struct op_world *world, struct mr_rng *rng,
                           uint32_t depth, struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *left, *right, *op;
    mr_op_join_kind kind = (mr_op_join_kind)mr_rng_below(rng, MR_OP_JOIN_ANTI + 1);
    struct mr_op_join_spec spec = {
        .kind = kind, .schema = kind >= MR_OP_JOIN_SEMI ? self->schema : self->pair,
        .left_keys = self->columns, .right_keys = self->columns,
        .key_count = 1 + (uint32_t)mr_rng_below(rng, 2), .residual = &self->residual,
        .residual_count = (uint32_t)mr_rng_below(rng, 2)};
    MR_TRY(make_two(self, world, rng, depth, &left, &right, err));
    MR_TRY(mr_op_join(&world->env, left, right, &spec, &op, err));
    return cut(self, world, op, out_op, err);
}

/* make_aggregate: by i and b, the other columns by functions that do not depend on the order. */
static mr_status make_aggregate(struct tree_case *self, struct op_world *world,
                                struct mr_operator *input, struct mr_operator **out_op,
                                struct mr_err *err)
{
    struct mr_op_aggregate_spec spec = {
        .schema = self->schema, .groups = self->columns, .group_count = 1, .calls = self->calls,
        .call_count = 4};
    return mr_op_aggregate(&world->env, input, &spec, out_op, err);
}

static mr_status make_window(struct tree_case *self, struct op_world *world,
                             struct mr_operator *input, struct mr_operator **out_op,
                             struct mr_err *err)
{
    struct mr_operator *op;
    struct mr_op_window_spec spec = {
        .schema = self->window_schema, .partition_by = self->columns + 4, .partition_count = 1,
        .orders = self->keys, .order_count = 1, .calls = self->windows, .call_count = 1};
    MR_TRY(mr_op_window(&world->env, input, &spec, &op, err));
    return cut(self, world, op, out_op, err);
}

static mr_status make_one(struct tree_case *self, struct op_world *world, struct mr_rng *rng,
                          uint32_t depth, uint64_t kind, struct mr_operator **out_op,
                          struct mr_err *err)
{
    struct mr_query_env *env = &world->env;
    struct mr_operator *input, *op;
    MR_TRY(make_node(self, world, rng, depth, &input, err));
    switch (kind) {
    case 0:
        return mr_op_filter(env, input, &self->filters[mr_rng_below(rng, 3)], 1, out_op, err);
    case 1:
        return mr_op_project(env, input, self->schema, self->outs[mr_rng_below(rng, 2)], out_op,
                             err);
    case 2: return mr_op_sort(env, input, self->keys, 2, -1, 0, out_op, err);
    case 3: return make_aggregate(self, world, input, out_op, err);
    case 4: return make_window(self, world, input, out_op, err);
    default:
        MR_TRY(mr_op_generate(env, input, self->explode_schema, self->explode, &op, err));
        return cut(self, world, op, out_op, err);
    }
}

static mr_status make_node(struct tree_case *self, struct op_world *world, struct mr_rng *rng,
                           uint32_t depth, struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *left, *right;
    uint64_t kind = mr_rng_below(rng, 10);
    if (depth == 0) {
        struct op_table *table = &self->tables[mr_rng_below(rng, TABLES)];
        return mr_op_batches(&world->env, self->schema, table->batches, table->count, out_op, err);
    }
    if (kind < 6) return make_one(self, world, rng, depth - 1, kind, out_op, err);
    if (kind < 8) return make_join(self, world, rng, depth - 1, out_op, err);
    MR_TRY(make_two(self, world, rng, depth - 1, &left, &right, err));
    if (kind == 8) return mr_op_union(&world->env, left, right, self->schema, out_op, err);
    bool is_except = mr_rng_below(rng, 2), is_all = mr_rng_below(rng, 2);
    return mr_op_setop(&world->env, left, right, self->schema, is_except, is_all, out_op, err);
}

static mr_status make_tree(struct op_case *of, struct op_world *world,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct tree_case *self = (struct tree_case *)of;
    struct mr_rng rng;
    mr_rng_init(&rng, self->seed);
    return make_node(self, world, &rng, 1 + (uint32_t)mr_rng_below(&rng, DEPTH_MAX), out_op, err);
}

static void make_parts(struct op_world *world, struct tree_case *self)
{
    static const char *const columns[] = {"i", "s", "d", "r", "b"};
    static const char *const filters[] = {"(> i 0)", "(or b (\"is null\" s))", "(< d 1)"};
    static const char *const outs[][5] = {
        {"(coalesce i 7)", "(|| s '-and-more')", "(* d 2)", "(array s 'x')", "(not b)"},
        {"(if b i 1)", "(upper s)", "(coalesce d 0)", "r", "(> i 3)"}};
    static const char *const args[] = {"s", "d", "r", "b"};
    static const char *const functions[] = {"max", "max", "max", "bool_or"};
    for (uint32_t k = 0; k < 5; k++) {
        self->columns[k] = op_expr(world, self->schema, columns[k]);
        for (uint32_t n = 0; n < 2; n++) {
            self->outs[n][k] = op_expr(world, self->schema, outs[n][k]);
        }
    }
    for (uint32_t k = 0; k < 3; k++) self->filters[k] = op_expr(world, self->schema, filters[k]);
    for (uint32_t k = 0; k < 4; k++) {
        self->calls[k].call =
            op_call(world, self->schema, functions[k], &args[k], 1, false);
    }
    self->pair = op_concat(world, self->schema, self->schema);
    const struct mr_expr *sides[2];
    assert_int_equal(mr_expr_column(&world->builder, self->pair, 2, &sides[0], NULL), MR_OK);
    assert_int_equal(mr_expr_column(&world->builder, self->pair, 7, &sides[1], NULL), MR_OK);
    assert_int_equal(mr_expr_call(&world->builder, MR_SPAN("<="), sides, 2, &self->residual, NULL),
                     MR_OK);
    self->windows[0].aggregate.call = op_call(world, self->schema, "count", NULL, 0, false);
    self->windows[0].is_range = true;
    self->windows[0].to.kind = MR_OP_BOUND_CURRENT;
    const struct mr_expr *count = op_expr(world, NULL, "1L");
    self->window_schema = op_schema(world, self->schema, &count, 1);
    assert_int_equal(mr_generator_bind(&world->builder, MR_SPAN("explode"), &self->columns[3], 1,
                                       true, &self->explode, NULL), MR_OK);
    self->explode_schema = op_concat(world, self->schema, self->explode->columns);
    self->keys[0] = (struct mr_sort_key){.expr = self->columns[0], .is_nulls_first = true};
    self->keys[1] = (struct mr_sort_key){.expr = self->columns[1], .is_descending = true};
}

static void test_trees(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        struct op_world world;
        static struct tree_case self;
        struct mr_operator *op;
        struct mr_err err;
        self = (struct tree_case){.of = {.make = make_tree, .skips_faults = seed % 15 != 0},
                                  .seed = seed};
        op_world_init(&world, seed);
        world.gen.distinct = 9;
        world.gen.list_max = 2;
        for (uint32_t t = 0; t < TABLES; t++) {
            op_table_init(&world, &self.tables[t], table_types, 2, 12);
        }
        self.schema = self.tables[0].schema;
        make_parts(&world, &self);
        /* The expected rows are those of batches of 13; the check runs others. */
        world.env.batch_rows = 13;
        assert_int_equal(make_tree(&self.of, &world, &op, NULL), MR_OK);
        if (op_run(&world, op, &self.of.expected, &err) != MR_OK) fail_msg("%s", err.message);
        op_check(&world, &self.of);
        for (uint32_t t = 0; t < TABLES; t++) op_table_fini(&self.tables[t]);
        op_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

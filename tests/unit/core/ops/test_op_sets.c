/* Shown: INTERSECT and EXCEPT give what counting equal rows on both sides gives, of rows and of
 * distinct ones; generators give their rows beside the rows they came from, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/order.h"
#include "tests/unit/core/ops/op_check.h"

struct sets_case {
    struct op_case of; /* first */
    struct op_table left, right;
    bool is_except, is_all;
};

static mr_status make_sets(struct op_case *of, struct op_world *world,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct sets_case *self = (struct sets_case *)of;
    struct mr_operator *left, *right;
    MR_TRY(mr_op_batches(&world->env, self->left.schema, self->left.batches, self->left.count,
                         &left, err));
    mr_status status = mr_op_batches(&world->env, self->right.schema, self->right.batches,
                                     self->right.count, &right, err);
    if (status != MR_OK) {
        mr_operator_fini(left);
        return status;
    }
    return mr_op_setop(&world->env, left, right, self->left.schema, self->is_except, self->is_all,
                       out_op, err);
}

static bool same_rows(const struct mr_row_store *a, uint32_t row_a, const struct mr_row_store *b,
                      uint32_t row_b)
{
    for (uint32_t k = 0; k < a->column_count; k++) {
        uint32_t at_a, at_b;
        const struct mr_vec *x = mr_row_store_vec(a, k, row_a, &at_a);
        const struct mr_vec *y = mr_row_store_vec(b, k, row_b, &at_b);
        if (!mr_same_at(x, at_a, y, at_b)) return false;
    }
    return true;
}

/* count_of: rows of the store equal to a left row, among its first `until`. */
static uint32_t count_of(const struct sets_case *self, const struct mr_row_store *store,
                         uint32_t until, uint32_t row)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < until; i++) count += same_rows(&self->left.all, row, store, i);
    return count;
}

static void expect(struct op_world *world, struct sets_case *self)
{
    for (uint32_t row = 0; row < self->left.all.rows; row++) {
        uint32_t before = count_of(self, &self->left.all, row, row);
        uint32_t other = count_of(self, &self->right.all, self->right.all.rows, row);
        bool stays = self->is_all ? before < other : before == 0 && other > 0;
        if (self->is_except) stays = self->is_all ? before >= other : before == 0 && other == 0;
        if (stays) {
            op_rows_put(world, &self->of.expected, "%s",
                        op_row_text(world, &self->left.all, row));
        }
    }
}

static void test_sets(void **state)
{
    (void)state;
    static const char *const schemas[] = {"i int", "y tinyint, b boolean", "s string, b boolean",
                                          "d double", "p struct<q:int,u:string>"};
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct op_world world;
        struct sets_case self = {.of = {.make = make_sets, .skips_faults = seed % 5 != 0},
                                 .is_except = seed % 2, .is_all = seed % 4 < 2};
        op_world_init(&world, seed);
        const char *schema = schemas[seed % MR_COUNT_OF(schemas)];
        op_table_init(&world, &self.left, schema, 2, seed % 11 == 0 ? 0 : 50);
        op_table_init(&world, &self.right, schema, 2, seed % 7 == 0 ? 0 : 25);
        expect(&world, &self);
        op_check(&world, &self.of);
        op_table_fini(&self.left);
        op_table_fini(&self.right);
        op_world_fini(&world);
    }
}

struct generate_case {
    struct op_case of; /* first */
    struct op_table table;
    const struct mr_generator *generator;
    const struct mr_type *schema;
};

static mr_status make_generate(struct op_case *of, struct op_world *world,
                               struct mr_operator **out_op, struct mr_err *err)
{
    struct generate_case *self = (struct generate_case *)of;
    struct mr_operator *op;
    MR_TRY(mr_op_batches(&world->env, self->table.schema, self->table.batches, self->table.count,
                         &op, err));
    return mr_op_generate(&world->env, op, self->schema, self->generator, out_op, err);
}

static void test_explode(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct op_world world;
        struct generate_case self = {.of = {.make = make_generate, .is_ordered = true}};
        bool is_outer = seed % 2 == 0;
        op_world_init(&world, seed);
        op_table_init(&world, &self.table, "s string, r array<string>", 2, 60);
        const struct mr_expr *list = op_expr(&world, self.table.schema, "r");
        assert_int_equal(mr_generator_bind(&world.builder, MR_SPAN("explode"), &list, 1, is_outer,
                                           &self.generator, NULL), MR_OK);
        self.schema = op_concat(&world, self.table.schema, self.generator->columns);
        for (uint32_t row = 0; row < self.table.all.rows; row++) {
            uint32_t at;
            const struct mr_vec *vec = mr_row_store_vec(&self.table.all, 1, row, &at);
            const char *text = op_row_text(&world, &self.table.all, row);
            uint32_t from = vec->offsets[at], to = vec->offsets[at + 1];
            bool is_empty = mr_vec_is_null(vec, at) || from == to;
            if (is_empty && is_outer) op_rows_put(&world, &self.of.expected, "%s,null", text);
            for (uint32_t e = from; e < to && !is_empty; e++) {
                op_rows_put(&world, &self.of.expected, "%s,%s", text,
                            op_value_text(&world, &vec->children[0], e));
            }
        }
        op_check(&world, &self.of);
        op_table_fini(&self.table);
        op_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_explode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

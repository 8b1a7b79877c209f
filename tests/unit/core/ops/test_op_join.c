/* Shown: joins of all kinds give what comparing every left row with every right row gives, for keys
 * of several types with nulls and duplicates, without keys, with and without a residual condition;
 * IN's marks follow three-valued logic; a second row for a scalar subquery is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "core/base/checked.h"
#include "core/expr/order.h"
#include "tests/unit/core/ops/op_check.h"

static const char table_types[] = "i int, s string, d double, y tinyint, p struct<q:int>";

enum { COLUMNS = 5, KEYS_MAX = 2, COLUMN_Y = 3 };

struct join_case {
    struct op_case of; /* first */
    struct op_table left, right;
    struct mr_op_join_spec spec;
    uint32_t columns[KEYS_MAX];
};

static mr_status make_join(struct op_case *of, struct op_world *world,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct join_case *self = (struct join_case *)of;
    struct mr_operator *left, *right;
    MR_TRY(mr_op_batches(&world->env, self->left.schema, self->left.batches, self->left.count,
                         &left, err));
    mr_status status = mr_op_batches(&world->env, self->right.schema, self->right.batches,
                                     self->right.count, &right, err);
    if (status != MR_OK) {
        mr_operator_fini(left);
        return status;
    }
    return mr_op_join(&world->env, left, right, &self->spec, out_op, err);
}

enum truth { NO, YES, MAYBE };

static enum truth equal(const struct join_case *self, uint32_t k, uint32_t l, uint32_t r)
{
    uint32_t at_l, at_r;
    const struct mr_vec *a = mr_row_store_vec(&self->left.all, self->columns[k], l, &at_l);
    const struct mr_vec *b = mr_row_store_vec(&self->right.all, self->columns[k], r, &at_r);
    if (mr_vec_is_null(a, at_l) || mr_vec_is_null(b, at_r)) return MAYBE;
    return mr_compare_at(a, at_l, b, at_r) == 0 ? YES : NO;
}

/* residual: the left's y below the right's. */
static bool residual(const struct join_case *self, uint32_t l, uint32_t r)
{
    uint32_t at_l, at_r;
    const struct mr_vec *a = mr_row_store_vec(&self->left.all, COLUMN_Y, l, &at_l);
    const struct mr_vec *b = mr_row_store_vec(&self->right.all, COLUMN_Y, r, &at_r);
    if (self->spec.residual_count == 0) return true;
    if (mr_vec_is_null(a, at_l) || mr_vec_is_null(b, at_r)) return false;
    return mr_vec_i64(a, at_l) < mr_vec_i64(b, at_r);
}

/* matches: MAYBE only for the comparison of IN. */
static enum truth matches(const struct join_case *self, uint32_t l, uint32_t r)
{
    enum truth found = YES;
    for (uint32_t k = 0; k < self->spec.key_count; k++) {
        enum truth one = equal(self, k, l, r);
        bool is_in = self->spec.is_null_aware && k == 0;
        if (one == NO || (one == MAYBE && !is_in)) return NO;
        if (one == MAYBE) found = MAYBE;
    }
    return residual(self, l, r) ? found : NO;
}

static void put_pair(struct op_world *world, struct join_case *self, uint32_t l, uint32_t r)
{
    const char *left = l == MR_STORE_NO_ROW ? op_null_text(world, COLUMNS)
                                            : op_row_text(world, &self->left.all, l);
    const char *right = r == MR_STORE_NO_ROW ? op_null_text(world, COLUMNS)
                                             : op_row_text(world, &self->right.all, r);
    op_rows_put(world, &self->of.expected, "%s,%s", left, right);
}

static void put_left(struct op_world *world, struct join_case *self, uint32_t l, enum truth mark)
{
    static const char *const texts[] = {"false", "true", "null"};
    const char *left = op_row_text(world, &self->left.all, l);
    switch (self->spec.kind) {
    case MR_OP_JOIN_SEMI:
        if (mark == YES) op_rows_put(world, &self->of.expected, "%s", left);
        break;
    case MR_OP_JOIN_ANTI:
        if (mark == NO) op_rows_put(world, &self->of.expected, "%s", left);
        break;
    case MR_OP_JOIN_MARK:
        op_rows_put(world, &self->of.expected, "%s,%s", left, texts[mark]);
        break;
    case MR_OP_JOIN_LEFT:
    case MR_OP_JOIN_FULL:
    case MR_OP_JOIN_SINGLE:
        if (mark != YES) put_pair(world, self, l, MR_STORE_NO_ROW);
        break;
    default: break;
    }
}

/* expect: returns whether some left row has more than one match. */
static bool expect(struct op_world *world, struct join_case *self)
{
    mr_op_join_kind kind = self->spec.kind;
    bool gives = kind <= MR_OP_JOIN_FULL || kind == MR_OP_JOIN_SINGLE, is_many = false;
    bool keeps_right = kind == MR_OP_JOIN_RIGHT || kind == MR_OP_JOIN_FULL;
    for (uint32_t l = 0; l < self->left.all.rows; l++) {
        enum truth mark = NO;
        uint32_t count = 0;
        for (uint32_t r = 0; r < self->right.all.rows; r++) {
            enum truth one = matches(self, l, r);
            if (one == NO) continue;
            mark = one == YES || mark == YES ? YES : MAYBE;
            count += one == YES;
            if (gives) put_pair(world, self, l, r);
        }
        is_many |= count > 1;
        put_left(world, self, l, mark);
    }
    for (uint32_t r = 0; keeps_right && r < self->right.all.rows; r++) {
        bool is_matched = false;
        for (uint32_t l = 0; l < self->left.all.rows; l++) is_matched |= matches(self, l, r);
        if (!is_matched) put_pair(world, self, MR_STORE_NO_ROW, r);
    }
    return is_many;
}

static void make_spec(struct op_world *world, struct join_case *self, mr_op_join_kind kind,
                      const uint32_t *columns, uint32_t key_count, bool has_residual)
{
    const struct mr_expr **keys =
        MR_ARENA_ARRAY(&world->arena, const struct mr_expr *, 2 * KEYS_MAX + 1);
    const struct mr_type *both = op_concat(world, self->left.schema, self->right.schema);
    for (uint32_t k = 0; k < key_count; k++) {
        self->columns[k] = columns[k];
        assert_int_equal(mr_expr_column(&world->builder, self->left.schema, columns[k], &keys[k],
                                        NULL), MR_OK);
        assert_int_equal(mr_expr_column(&world->builder, self->right.schema, columns[k],
                                        &keys[KEYS_MAX + k], NULL), MR_OK);
    }
    const struct mr_expr *sides[2], *mark = op_expr(world, NULL, "true");
    assert_int_equal(mr_expr_column(&world->builder, both, COLUMN_Y, &sides[0], NULL), MR_OK);
    assert_int_equal(mr_expr_column(&world->builder, both, COLUMNS + COLUMN_Y, &sides[1], NULL),
                     MR_OK);
    assert_int_equal(mr_expr_call(&world->builder, MR_SPAN("<"), sides, 2, &keys[2 * KEYS_MAX],
                                  NULL), MR_OK);
    self->spec = (struct mr_op_join_spec){
        .kind = kind, .left_keys = keys, .right_keys = keys + KEYS_MAX, .key_count = key_count,
        .residual = keys + 2 * KEYS_MAX, .residual_count = has_residual,
        .is_null_aware = self->spec.is_null_aware, .schema = both};
    if (kind == MR_OP_JOIN_SEMI || kind == MR_OP_JOIN_ANTI) self->spec.schema = self->left.schema;
    if (kind == MR_OP_JOIN_MARK) self->spec.schema = op_schema(world, self->left.schema, &mark, 1);
}

static void run_case(uint64_t seed, mr_op_join_kind kind, const uint32_t *columns,
                     uint32_t key_count, bool has_residual, bool is_null_aware)
{
    struct op_world world;
    struct join_case self = {.of = {.make = make_join, .skips_faults = seed % 17 != 0},
                             .spec = {.is_null_aware = is_null_aware}};
    struct mr_operator *op;
    struct op_rows rows;
    struct mr_err err = {0};
    op_world_init(&world, seed);
    world.gen.distinct = seed % 3 == 0 ? 0 : 9;
    world.gen.nulls = seed % 4 == 0 ? MR_GEN_NULLS_NONE : MR_GEN_NULLS_SOME;
    op_table_init(&world, &self.left, table_types, 2, seed % 7 == 0 ? 0 : 30);
    world.gen.nulls = seed % 3 == 0 ? MR_GEN_NULLS_NONE : MR_GEN_NULLS_SOME;
    op_table_init(&world, &self.right, table_types, 2, seed % 5 == 1 ? 0 : 30);
    make_spec(&world, &self, kind, columns, key_count, has_residual);
    bool is_many = expect(&world, &self);
    if (kind == MR_OP_JOIN_SINGLE && is_many) {
        assert_int_equal(make_join(&self.of, &world, &op, NULL), MR_OK);
        assert_int_equal(op_run(&world, op, &rows, &err), MR_E_ARITHMETIC);
        assert_int_equal(err.code, 1220);
    } else {
        op_check(&world, &self.of);
    }
    op_table_fini(&self.left);
    op_table_fini(&self.right);
    op_world_fini(&world);
}

static const uint32_t key_lists[][KEYS_MAX + 1] = {
    {0}, {1, 0}, {1, 1}, {1, 2}, {1, 4}, {2, 0, 1}, {2, 2, 3}};

static void test_kinds(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int kind = MR_OP_JOIN_INNER; kind <= MR_OP_JOIN_SINGLE; kind++) {
        for (size_t k = 0; k < MR_COUNT_OF(key_lists); k++) {
            for (uint32_t n = 0; n < 4; n++) {
                run_case(seed++, (mr_op_join_kind)kind, key_lists[k] + 1, key_lists[k][0],
                         n % 2 == 1, false);
            }
        }
    }
}

static void test_in_and_not_in(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (uint32_t n = 0; n < 40; n++) {
        mr_op_join_kind kind = n % 2 == 0 ? MR_OP_JOIN_ANTI : MR_OP_JOIN_MARK;
        const uint32_t *keys = key_lists[n % 4 < 2 ? 1 : 5];
        run_case(seed++, kind, keys + 1, keys[0], n % 3 == 0, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_in_and_not_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

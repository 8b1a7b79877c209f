/* Shown: sorting gives the order of an insertion sort by comparing values, stable, for keys of
 * every type in both directions with nulls at either end; limits give the rows that a full sort
 * begins with, also when so many rows have come that most were dropped on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "core/expr/order.h"
#include "tests/unit/core/ops/op_check.h"

enum { KEYS_MAX = 3, ROWS_MAX = 40000 };

struct sort_case {
    struct op_case of; /* first */
    struct op_table *table;
    struct mr_sort_key keys[KEYS_MAX];
    uint32_t columns[KEYS_MAX];
    uint32_t key_count;
    int64_t limit, offset;
};

static mr_status make_sort(struct op_case *of, struct op_world *world,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct sort_case *self = (struct sort_case *)of;
    struct op_table *table = self->table;
    struct mr_operator *op;
    MR_TRY(mr_op_batches(&world->env, table->schema, table->batches, table->count, &op, err));
    return mr_op_sort(&world->env, op, self->keys, self->key_count, self->limit, self->offset,
                      out_op, err);
}

static int order_of(const struct sort_case *self, uint32_t a, uint32_t b)
{
    for (uint32_t k = 0; k < self->key_count; k++) {
        uint32_t at_a, at_b;
        const struct mr_vec *x = mr_row_store_vec(&self->table->all, self->columns[k], a, &at_a);
        const struct mr_vec *y = mr_row_store_vec(&self->table->all, self->columns[k], b, &at_b);
        bool null_a = mr_vec_is_null(x, at_a), null_b = mr_vec_is_null(y, at_b);
        if (null_a && null_b) continue;
        if (null_a || null_b) return null_a == self->keys[k].is_nulls_first ? -1 : 1;
        int order = mr_compare_at(x, at_a, y, at_b);
        if (order != 0) return self->keys[k].is_descending ? -order : order;
    }
    return (a > b) - (a < b);
}

/* merge_sort: row numbers by the keys. */
static void merge_sort(const struct sort_case *self, uint32_t *rows, uint32_t *other,
                       uint32_t count)
{
    if (count < 2) return;
    uint32_t half = count / 2, a = 0, b = half;
    merge_sort(self, rows, other, half);
    merge_sort(self, rows + half, other, count - half);
    for (uint32_t i = 0; i < count; i++) {
        bool takes_b = a == half || (b < count && order_of(self, rows[b], rows[a]) < 0);
        other[i] = takes_b ? rows[b++] : rows[a++];
    }
    for (uint32_t i = 0; i < count; i++) rows[i] = other[i];
}

static void expect(struct op_world *world, struct sort_case *self)
{
    static uint32_t rows[ROWS_MAX], other[ROWS_MAX];
    uint32_t count = self->table->all.rows;
    assert_true(count <= ROWS_MAX);
    for (uint32_t i = 0; i < count; i++) rows[i] = i;
    merge_sort(self, rows, other, count);
    for (int64_t i = self->offset; i < count; i++) {
        if (self->limit >= 0 && i >= self->offset + self->limit) break;
        op_rows_put(world, &self->of.expected, "%s",
                    op_row_text(world, &self->table->all, rows[i]));
    }
}

static void run_case(uint64_t seed, const char *schema, uint32_t rows, uint32_t key_count,
                     int64_t limit, int64_t offset)
{
    struct op_world world;
    struct op_table table;
    op_world_init(&world, seed);
    world.gen.distinct = seed % 2 == 0 ? 0 : 8;
    world.gen.has_selection = rows < 1000;
    op_table_init(&world, &table, schema, 4, rows);
    struct sort_case self = {.of = {.make = make_sort, .is_ordered = true}, .table = &table,
                             .key_count = key_count, .limit = limit, .offset = offset};
    for (uint32_t k = 0; k < key_count; k++) {
        self.columns[k] = k;
        assert_int_equal(mr_expr_column(&world.builder, table.schema, k, &self.keys[k].expr, NULL),
                         MR_OK);
        self.keys[k].is_descending = mr_rng_below(&world.gen.rng, 2);
        self.keys[k].is_nulls_first = mr_rng_below(&world.gen.rng, 2);
    }
    expect(&world, &self);
    self.of.skips_faults = rows > 100;
    op_check(&world, &self.of);
    op_table_fini(&table);
    op_world_fini(&world);
}

static const char *const schemas[] = {
    "i int, s string", "l bigint, s string", "b boolean, y tinyint, h smallint, s string",
    "d double, i int", "f float, a date, s string", "s string, i int", "x binary, s string",
    "e decimal(10,2), t timestamp, i int", "g decimal(30,5), s string", "s string, d double, i int",
    "r array<string>, i int", "p struct<q:int,u:string>, i int"};

static void test_sorts(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t i = 0; i < MR_COUNT_OF(schemas); i++) {
        for (uint32_t keys = 1; keys <= 2; keys++) {
            run_case(seed++, schemas[i], 80, keys, -1, 0);
            run_case(seed++, schemas[i], 80, keys, -1, 0);
        }
    }
    run_case(seed, schemas[2], 80, 3, -1, 0);
    run_case(seed, schemas[0], 0, 1, -1, 0);
    run_case(seed, schemas[0], 80, 0, -1, 0);
}

static void test_limits(void **state)
{
    (void)state;
    static const int64_t limits[][2] = {{0, 0}, {1, 0}, {10, 0}, {10, 7}, {1000, 0}, {3, 1000},
                                        {-1, 9}};
    for (size_t i = 0; i < MR_COUNT_OF(limits); i++) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
            run_case(seed, schemas[seed % MR_COUNT_OF(schemas)], 60, 1, limits[i][0],
                     limits[i][1]);
        }
    }
}

/* Rows enough that the best are copied and the bar goes down several times. */
static void test_limits_over_many_rows(void **state)
{
    (void)state;
    run_case(1, "i int", 4096, 1, 10, 0);
    run_case(2, "l bigint", 4096, 1, 100, 5);
    run_case(3, "s string", 4096, 1, 7, 0);
    run_case(4, "d double, g decimal(30,5)", 4096, 2, 5000, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorts),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_over_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

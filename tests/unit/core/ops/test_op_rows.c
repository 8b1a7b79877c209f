/* Shown: values, filter, project, limit and union give the rows that a loop over the table gives,
 * for every batch size; row stores give back what was put in, of every type; indexes find exactly
 * the keys that are there, while they grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/order.h"
#include "core/ops/row_store_index.h"
#include "tests/unit/core/ops/op_check.h"

static const char all_types[] =
    "b boolean, y tinyint, h smallint, i int, l bigint, f float, d double, e decimal(10,2), "
    "g decimal(30,5), s string, x binary, a date, t timestamp, r array<string>, "
    "p struct<q:int,u:string>, m map<string,int>, w array<struct<v:bigint,z:array<int>>>";

static void test_stores_give_back_what_was_put_in(void **state)
{
    (void)state;
    struct op_world world;
    struct op_table table;
    op_world_init(&world, 1);
    world.gen.distinct = 0;
    op_table_init(&world, &table, all_types, 3, 2000);
    uint32_t columns = table.schema->field_count, row = 0;
    struct mr_arena arena;
    mr_arena_init(&arena, &world.heap, 0);
    for (uint32_t n = 0; n < table.count; n++) {
        const struct mr_batch *batch = &table.batches[n];
        struct mr_bufs bufs = {.count = 0};
        struct mr_text_area area;
        uint32_t ids[MR_BATCH_ROWS_MAX];
        mr_text_area_init(&area, &arena, &bufs);
        for (uint32_t i = 0; i < batch->sel_count; i++) {
            ids[i] = i % 5 == 4 ? MR_STORE_NO_ROW : row + i;
        }
        for (uint32_t k = 0; k < columns; k++) {
            struct mr_vec out;
            assert_int_equal(mr_column_alloc(&out, &arena, table.schema->fields[k].type,
                                             batch->sel_count, &bufs, NULL), MR_OK);
            assert_int_equal(mr_row_store_gather(&table.all, k, ids, batch->sel_count, &out, &area,
                                                 NULL), MR_OK);
            mr_vec_check(&out);
            for (uint32_t i = 0; i < batch->sel_count; i++) {
                if (ids[i] == MR_STORE_NO_ROW) assert_true(mr_vec_is_null(&out, i));
                else assert_true(mr_same_at(&out, i, &batch->cols[k], mr_batch_row(batch, i)));
            }
        }
        row += batch->sel_count;
    }
    assert_int_equal(row, table.all.rows);
    mr_arena_fini(&arena);
    op_table_fini(&table);
    op_world_fini(&world);
}

/* check_index: adds the table's rows by their first columns and compares with a list. */
static void check_index(struct op_world *world, const char *schema, uint32_t distinct)
{
    enum { ROWS = 700 };
    struct op_table table;
    struct mr_row_store keys;
    struct mr_row_index index;
    const struct mr_type *types[16];
    world->gen.distinct = distinct;
    op_table_init(world, &table, schema, 3, ROWS);
    uint32_t columns = table.schema->field_count, known = 0;
    for (uint32_t k = 0; k < columns; k++) types[k] = table.schema->fields[k].type;
    assert_int_equal(mr_row_store_init(&keys, &world->heap, types, columns, NULL), MR_OK);
    mr_row_index_init(&index, &world->heap, &keys, columns, 7);
    for (uint32_t n = 0; n < table.count; n++) {
        const struct mr_batch *batch = &table.batches[n];
        uint64_t hashes[ROWS];
        uint32_t ids[ROWS], found[ROWS], added[ROWS], added_count;
        mr_row_index_hash(&index, batch->cols, batch->sel, batch->sel_count, hashes);
        assert_int_equal(mr_row_index_add(&index, batch->cols, batch->sel, batch->sel_count,
                                          hashes, ids, added, &added_count, NULL), MR_OK);
        assert_int_equal(mr_row_index_find(&index, batch->cols, batch->sel, batch->sel_count,
                                           hashes, found, NULL), MR_OK);
        assert_int_equal(keys.rows, known + added_count);
        for (uint32_t i = 0; i < added_count; i++) assert_int_equal(ids[added[i]], known + i);
        known = keys.rows;
        for (uint32_t i = 0; i < batch->sel_count; i++) {
            assert_int_equal(ids[i], found[i]);
            uint32_t at, row = mr_batch_row(batch, i), same = 0;
            for (uint32_t id = 0; id < keys.rows; id++) {
                bool is_same = true;
                for (uint32_t k = 0; k < columns && is_same; k++) {
                    const struct mr_vec *vec = mr_row_store_vec(&keys, k, id, &at);
                    is_same = mr_same_at(vec, at, &batch->cols[k], row);
                }
                same += is_same;
                if (is_same) assert_int_equal(id, ids[i]);
            }
            assert_int_equal(same, 1);
        }
    }
    mr_row_index_fini(&index);
    mr_row_store_fini(&keys);
    op_table_fini(&table);
}

static void test_indexes_find_the_keys_that_are_there(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        "i int", "l bigint, s string", "d double, f float, b boolean", "g decimal(30,5), y tinyint",
        "h smallint, x binary, t timestamp", "p struct<q:int,u:string>, r array<string>"};
    struct op_world world;
    op_world_init(&world, 2);
    for (size_t i = 0; i < MR_COUNT_OF(schemas); i++) {
        check_index(&world, schemas[i], 4);
        check_index(&world, schemas[i], 0);
    }
    op_world_fini(&world);
}

/* ---- operators ---- */

struct rows_case {
    struct op_case of; /* first */
    struct op_table *table;
    const struct mr_expr *const *exprs;
    uint32_t expr_count;
    const struct mr_type *schema;
    int64_t limit, offset;
};

static mr_status open_table(struct op_world *world, struct op_table *table,
                            struct mr_operator **out_op, struct mr_err *err)
{
    return mr_op_batches(&world->env, table->schema, table->batches, table->count, out_op, err);
}

static mr_status make_filter(struct op_case *of, struct op_world *world,
                             struct mr_operator **out_op, struct mr_err *err)
{
    struct rows_case *self = (struct rows_case *)of;
    struct mr_operator *op;
    MR_TRY(open_table(world, self->table, &op, err));
    return mr_op_filter(&world->env, op, self->exprs, self->expr_count, out_op, err);
}

static void test_filter(void **state)
{
    (void)state;
    static const char *const texts[] = {"(> i 0)", "(or b (\"is null\" s))"};
    struct op_world world;
    struct op_table table;
    op_world_init(&world, 3);
    op_table_init(&world, &table, "i int, b boolean, s string", 3, 200);
    struct rows_case self = {.of = {.make = make_filter, .is_ordered = true}, .table = &table,
                             .exprs = op_exprs(&world, table.schema, texts, 2), .expr_count = 2};
    for (uint32_t row = 0; row < table.all.rows; row++) {
        uint32_t at;
        const struct mr_vec *i = mr_row_store_vec(&table.all, 0, row, &at);
        const struct mr_vec *b = mr_row_store_vec(&table.all, 1, row, &at);
        const struct mr_vec *s = mr_row_store_vec(&table.all, 2, row, &at);
        if (mr_vec_is_null(i, at) || mr_vec_i64(i, at) <= 0) continue;
        bool is_true = !mr_vec_is_null(b, at) && mr_bit_get(b->values, at);
        if (!is_true && !mr_vec_is_null(s, at)) continue;
        op_rows_put(&world, &self.of.expected, "%s", op_row_text(&world, &table.all, row));
    }
    assert_in_range(self.of.expected.count, 10, 200);
    op_check(&world, &self.of);
    op_table_fini(&table);
    op_world_fini(&world);
}

static mr_status make_project(struct op_case *of, struct op_world *world,
                              struct mr_operator **out_op, struct mr_err *err)
{
    struct rows_case *self = (struct rows_case *)of;
    struct mr_operator *op;
    MR_TRY(open_table(world, self->table, &op, err));
    for (uint32_t k = 0; k < 3; k++) { /* over each other: text computed from text */
        MR_TRY(mr_op_project(&world->env, op, self->schema, self->exprs, &op, err));
    }
    *out_op = op;
    return MR_OK;
}

static void test_projections_over_each_other(void **state)
{
    (void)state;
    static const char *const texts[] = {"(|| s '-and-some-more')", "(coalesce i 0)",
                                        "(if (> i 0) r NULL)"};
    struct op_world world;
    struct op_table table;
    op_world_init(&world, 4);
    op_table_init(&world, &table, "s string, i int, r array<string>", 2, 100);
    struct rows_case self = {.of = {.make = make_project, .is_ordered = true}, .table = &table,
                             .exprs = op_exprs(&world, table.schema, texts, 3)};
    self.schema = table.schema;
    for (uint32_t row = 0; row < table.all.rows; row++) {
        uint32_t at;
        const struct mr_vec *s = mr_row_store_vec(&table.all, 0, row, &at);
        const struct mr_vec *i = mr_row_store_vec(&table.all, 1, row, &at);
        const struct mr_vec *r = mr_row_store_vec(&table.all, 2, row, &at);
        bool is_positive = !mr_vec_is_null(i, at) && mr_vec_i64(i, at) > 0;
        char *text = op_value_text(&world, s, at);
        size_t bytes = strlen(text);
        if (!mr_vec_is_null(s, at)) text[bytes - 1] = 0; /* the quote */
        op_rows_put(&world, &self.of.expected, "%s%s,\"%d\",%s", text,
                    mr_vec_is_null(s, at) ? ""
                                          : "-and-some-more-and-some-more-and-some-more\"",
                    mr_vec_is_null(i, at) ? 0 : (int)mr_vec_i64(i, at),
                    is_positive ? op_value_text(&world, r, at) : "null");
    }
    op_check(&world, &self.of);
    op_table_fini(&table);
    op_world_fini(&world);
}

static mr_status make_limit(struct op_case *of, struct op_world *world,
                            struct mr_operator **out_op, struct mr_err *err)
{
    struct rows_case *self = (struct rows_case *)of;
    struct mr_operator *left, *right = NULL, *op;
    MR_TRY(open_table(world, self->table, &left, err));
    mr_status status = open_table(world, self->table, &right, err);
    if (status != MR_OK) {
        mr_operator_fini(left);
        return status;
    }
    MR_TRY(mr_op_union(&world->env, left, right, self->table->schema, &op, err));
    return mr_op_limit(&world->env, op, self->limit, self->offset, out_op, err);
}

static void test_limits_over_unions(void **state)
{
    (void)state;
    static const int64_t limits[][2] = {{-1, 0}, {0, 0}, {1, 0}, {50, 3}, {-1, 70}, {1000, 1},
                                        {5, 100000}};
    for (size_t i = 0; i < MR_COUNT_OF(limits); i++) {
        struct op_world world;
        struct op_table table;
        op_world_init(&world, 5);
        world.gen.has_selection = i % 2 == 0;
        op_table_init(&world, &table, "i int, s string", 2, 60);
        struct rows_case self = {.of = {.make = make_limit, .is_ordered = true}, .table = &table,
                                 .limit = limits[i][0], .offset = limits[i][1]};
        for (int64_t row = 0; row < 2 * (int64_t)table.all.rows; row++) {
            if (row < self.offset) continue;
            if (self.limit >= 0 && row >= self.offset + self.limit) continue;
            op_rows_put(&world, &self.of.expected, "%s",
                        op_row_text(&world, &table.all, (uint32_t)row % table.all.rows));
        }
        op_check(&world, &self.of);
        op_table_fini(&table);
        op_world_fini(&world);
    }
}

static mr_status make_values(struct op_case *of, struct op_world *world,
                             struct mr_operator **out_op, struct mr_err *err)
{
    struct rows_case *self = (struct rows_case *)of;
    return mr_op_values(&world->env, self->schema, self->exprs, self->expr_count, out_op, err);
}

static void test_values(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1", "'one'", "(+ 1 1)", "(upper 'a longer text than a view')", "(cast NULL int)",
        "(cast NULL string)"};
    struct op_world world;
    op_world_init(&world, 6);
    const struct mr_expr *const *exprs = op_exprs(&world, NULL, texts, 6);
    struct rows_case self = {.of = {.make = make_values, .is_ordered = true}, .exprs = exprs,
                             .expr_count = 3, .schema = op_schema(&world, NULL, exprs, 2)};
    op_rows_put(&world, &self.of.expected, "\"1\",\"one\"");
    op_rows_put(&world, &self.of.expected, "\"2\",\"A LONGER TEXT THAN A VIEW\"");
    op_rows_put(&world, &self.of.expected, "null,null");
    op_check(&world, &self.of);
    struct rows_case none = {.of = {.make = make_values, .is_ordered = true}, .expr_count = 1,
                             .schema = mr_type_struct(&world.arena, NULL, 0)};
    op_rows_put(&world, &none.of.expected, "%s", "");
    op_check(&world, &none.of);
    op_world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stores_give_back_what_was_put_in),
        cmocka_unit_test(test_indexes_find_the_keys_that_are_there),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_projections_over_each_other),
        cmocka_unit_test(test_limits_over_unions),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

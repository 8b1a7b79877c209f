/* Shown: window functions give what looking at every row of the partition for every row gives:
 * ranks, shifts with and without nulls, frames by rows and by range in both directions, aggregates
 * over frames that stand, grow and slide, with filters; over partitions longer than a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/aggregate_state.h"
#include "core/expr/order.h"
#include "tests/unit/core/ops/op_check.h"

enum { ROWS_MAX = 9000, CALLS_MAX = 6, STATE_BYTES_MAX = 128, COLUMN_K = 0, COLUMN_O = 1 };

/* A call as text: of the window table or an aggregate; bounds are rows or units of the order. */
struct call_text {
    const char *name;
    const char *args[4];
    bool is_range;
    int from_kind, to_kind;
    int64_t from, to;
    const char *filter;
};

struct window_case {
    struct op_case of; /* first */
    struct op_table table;
    struct mr_op_window_spec spec;
    struct mr_op_window_call calls[CALLS_MAX];
    uint32_t ids[ROWS_MAX]; /* rows of the table in order */
    uint32_t rows;
};

static mr_status make_window(struct op_case *of, struct op_world *world,
                             struct mr_operator **out_op, struct mr_err *err)
{
    struct window_case *self = (struct window_case *)of;
    struct mr_operator *op;
    MR_TRY(mr_op_batches(&world->env, self->table.schema, self->table.batches, self->table.count,
                         &op, err));
    return mr_op_window(&world->env, op, &self->spec, out_op, err);
}

/* ---- what it should give ---- */

static const struct mr_vec *cell(const struct window_case *self, uint32_t column, uint32_t position,
                                 uint32_t *out_at)
{
    return mr_row_store_vec(&self->table.all, column, self->ids[position], out_at);
}

static int order_of_rows(const struct window_case *self, uint32_t column, uint32_t a, uint32_t b,
                         bool is_descending, bool is_nulls_first)
{
    uint32_t at_a, at_b;
    const struct mr_vec *x = mr_row_store_vec(&self->table.all, column, a, &at_a);
    const struct mr_vec *y = mr_row_store_vec(&self->table.all, column, b, &at_b);
    bool null_a = mr_vec_is_null(x, at_a), null_b = mr_vec_is_null(y, at_b);
    if (null_a && null_b) return 0;
    if (null_a || null_b) return null_a == is_nulls_first ? -1 : 1;
    int order = mr_compare_at(x, at_a, y, at_b);
    return is_descending ? -order : order;
}

static int order_of_keys(const struct window_case *self, uint32_t a, uint32_t b)
{
    int order = 0;
    if (self->spec.partition_count > 0) order = order_of_rows(self, COLUMN_K, a, b, false, true);
    if (order == 0 && self->spec.order_count > 0) {
        order = order_of_rows(self, COLUMN_O, a, b, self->spec.orders[0].is_descending,
                              self->spec.orders[0].is_nulls_first);
    }
    return order;
}

static void sort_rows(struct window_case *self)
{
    self->rows = self->table.all.rows;
    assert_true(self->rows <= ROWS_MAX);
    for (uint32_t i = 0; i < self->rows; i++) {
        uint32_t to = i;
        for (; to > 0 && order_of_keys(self, i, self->ids[to - 1]) < 0; to--) {
            self->ids[to] = self->ids[to - 1];
        }
        self->ids[to] = i;
    }
}

static bool same(const struct window_case *self, uint32_t column, uint32_t a, uint32_t b)
{
    uint32_t at_a, at_b;
    const struct mr_vec *x = cell(self, column, a, &at_a), *y = cell(self, column, b, &at_b);
    return mr_same_at(x, at_a, y, at_b);
}

static bool are_peers(const struct window_case *self, uint32_t a, uint32_t b)
{
    return self->spec.order_count == 0 || same(self, COLUMN_O, a, b);
}

struct place {
    uint32_t from, to, peers, peers_to;
};

static struct place place_of(const struct window_case *self, uint32_t i)
{
    struct place p = {i, i + 1, i, i + 1};
    bool has_keys = self->spec.partition_count > 0;
    while (p.from > 0 && (!has_keys || same(self, COLUMN_K, p.from - 1, i))) p.from--;
    while (p.to < self->rows && (!has_keys || same(self, COLUMN_K, p.to, i))) p.to++;
    while (p.peers > p.from && are_peers(self, p.peers - 1, i)) p.peers--;
    while (p.peers_to < p.to && are_peers(self, p.peers_to, i)) p.peers_to++;
    return p;
}

static double number(const struct mr_vec *vec, uint32_t at)
{
    if (vec->type->id == MR_TYPE_DOUBLE) return ((const double *)vec->values)[at];
    return (double)mr_vec_i64(vec, at);
}

/* is_in: whether position j is in i's frame, looked at by itself. */
static bool is_in(const struct window_case *self, const struct mr_op_window_call *call,
                  const struct place *p, uint32_t i, uint32_t j)
{
    if (j < p->from || j >= p->to) return false;
    const struct mr_op_bound *bounds[] = {&call->from, &call->to};
    for (int side = 0; side < 2; side++) {
        const struct mr_op_bound *bound = bounds[side];
        if (bound->kind == MR_OP_BOUND_UNBOUNDED) continue;
        if (bound->kind == MR_OP_BOUND_CURRENT) {
            int64_t edge = side == 0 ? (call->is_range ? p->peers : i)
                                     : (call->is_range ? p->peers_to - 1 : i);
            if (side == 0 ? j < edge : j > edge) return false;
            continue;
        }
        if (!call->is_range) {
            int64_t edge = (int64_t)i + bound->rows;
            if (side == 0 ? (int64_t)j < edge : (int64_t)j > edge) return false;
            continue;
        }
        uint32_t at_i, at_j;
        const struct mr_vec *x = cell(self, COLUMN_O, i, &at_i);
        const struct mr_vec *y = cell(self, COLUMN_O, j, &at_j);
        bool null_i = mr_vec_is_null(x, at_i), null_j = mr_vec_is_null(y, at_j);
        bool is_nulls_first = self->spec.orders[0].is_nulls_first;
        if (null_i && null_j) continue;
        if (null_i || null_j) { /* the other end of the order, which an open bound reaches */
            bool j_in_front = null_j == is_nulls_first;
            if (side == 0 ? j_in_front : !j_in_front) return false;
            continue;
        }
        double by = x->type->id == MR_TYPE_DOUBLE ? bound->distance.u.f64
                                                  : (double)bound->distance.u.i64;
        double edge = self->spec.orders[0].is_descending ? number(x, at_i) - by
                                                         : number(x, at_i) + by;
        double other = number(y, at_j);
        bool is_front = other < edge, is_behind = other > edge;
        if (edge != edge) is_front = other == other, is_behind = false;
        else if (other != other) is_front = false, is_behind = true;
        if (self->spec.orders[0].is_descending) {
            bool swap = is_front;
            is_front = is_behind;
            is_behind = swap;
        }
        if (side == 0 ? is_front : is_behind) return false;
    }
    return true;
}

static char *text_at(struct op_world *world, const struct window_case *self, const char *column,
                     uint32_t position)
{
    uint32_t at;
    int32_t index = mr_type_find(self->table.schema, mr_span_of(column), true);
    assert_true(index >= 0);
    const struct mr_vec *vec = cell(self, (uint32_t)index, position, &at);
    return op_value_text(world, vec, at);
}

/* frame_value: first, last, nth_value: the n-th from the front or the back of the frame. */
static const char *frame_value(struct op_world *world, const struct window_case *self,
                               const struct mr_op_window_call *call, const char *column,
                               uint32_t i, int64_t n, bool ignores_nulls)
{
    struct place p = place_of(self, i);
    uint32_t kept[ROWS_MAX], count = 0;
    for (uint32_t j = p.from; j < p.to; j++) {
        if (!is_in(self, call, &p, i, j)) continue;
        if (ignores_nulls && strcmp(text_at(world, self, column, j), "null") == 0) continue;
        kept[count++] = j;
    }
    int64_t at = n < 0 ? (int64_t)count + n : n;
    return at < 0 || at >= count ? "null" : text_at(world, self, column, kept[at]);
}

static char *fold(struct op_world *world, const struct window_case *self,
                  const struct call_text *text, const struct mr_op_window_call *call, uint32_t i)
{
    struct place p = place_of(self, i);
    struct mr_aggregate agg;
    struct mr_bufs bufs = {.count = 0};
    struct mr_text_area area;
    struct mr_vec out;
    _Alignas(16) char state[STATE_BYTES_MAX] = {0};
    assert_int_equal(mr_aggregate_open(&agg, &world->heap, NULL, &call->aggregate.call, NULL),
                     MR_OK);
    for (uint32_t j = p.from; j < p.to; j++) {
        struct mr_vec arg = {.type = mr_type_of(MR_TYPE_INT)};
        uint32_t at = 0, filter_at;
        if (!is_in(self, call, &p, i, j)) continue;
        if (text->filter != NULL) {
            int32_t index = mr_type_find(self->table.schema, mr_span_of(text->filter), true);
            const struct mr_vec *filter = cell(self, (uint32_t)index, j, &filter_at);
            if (mr_vec_is_null(filter, filter_at)) continue;
            if (!mr_bit_get(filter->values, filter_at)) continue;
        }
        if (text->args[0] != NULL) {
            int32_t index = mr_type_find(self->table.schema, mr_span_of(text->args[0]), true);
            arg = *cell(self, (uint32_t)index, j, &at);
        }
        struct mr_aggregate_rows rows = {.at = &at, .count = 1, .args = &arg};
        assert_int_equal(agg.kind->reduce(&agg, state, &rows, NULL), MR_OK);
    }
    mr_text_area_init(&area, &world->arena, &bufs);
    assert_int_equal(mr_column_alloc(&out, &world->arena, call->aggregate.call.type, 1, &bufs,
                                     NULL), MR_OK);
    assert_int_equal(agg.kind->finish(&agg, state, &out, &area, NULL), MR_OK);
    char *result = op_value_text(world, &out, 0);
    mr_aggregate_close(&agg);
    return result;
}

static const char *number_text(struct op_world *world, const struct mr_type *type, double value)
{
    if (type->id == MR_TYPE_INT) return mr_arena_format(&world->arena, "\"%d\"", (int)value);
    struct mr_vec vec = {.type = type, .rows = 1, .values = &value};
    return op_value_text(world, &vec, 0);
}

/* shifted: lag and lead; the default is column v or null. */
static const char *shifted(struct op_world *world, const struct window_case *self,
                           const struct call_text *text, const struct place *p, uint32_t i,
                           bool ignores_nulls)
{
    int step = strcmp(text->name, "lag") == 0 ? -1 : 1;
    int rows = text->args[1] == NULL ? 1 : (int)text->from;
    if (rows < 0) {
        step = -step;
        rows = -rows;
    }
    int64_t at = i;
    while (rows > 0) {
        at += step;
        if (at < (int64_t)p->from || at >= (int64_t)p->to) break;
        const char *value = text_at(world, self, text->args[0], (uint32_t)at);
        if (!ignores_nulls || strcmp(value, "null") != 0) rows--;
    }
    if (rows == 0) return text_at(world, self, text->args[0], (uint32_t)at);
    return text->args[1] == NULL || text->args[2] == NULL ? "null"
                                                          : text_at(world, self, text->args[2], i);
}

static const char *value_of(struct op_world *world, const struct window_case *self,
                            const struct call_text *text, const struct mr_op_window_call *call,
                            uint32_t i)
{
    struct place p = place_of(self, i);
    double rows = p.to - p.from, value = 0;
    if (call->call.function == NULL) {
        bool is_first = strncmp(text->name, "first", 5) == 0;
        bool is_last = strncmp(text->name, "last", 4) == 0, ignores = text->args[1] != NULL;
        if ((is_first || is_last) && text->filter == NULL) {
            return frame_value(world, self, call, text->args[0], i, is_first ? 0 : -1, ignores);
        }
        return fold(world, self, text, call, i);
    }
    switch (call->call.function->op) {
    case MR_WINDOW_ROW_NUMBER: value = i - p.from + 1; break;
    case MR_WINDOW_RANK: value = p.peers - p.from + 1; break;
    case MR_WINDOW_DENSE_RANK:
        for (uint32_t j = p.from; j <= i; j++) value += j == p.from || !are_peers(self, j - 1, j);
        break;
    case MR_WINDOW_PERCENT_RANK: value = rows == 1 ? 0 : (p.peers - p.from) / (rows - 1); break;
    case MR_WINDOW_CUME_DIST: value = (p.peers_to - p.from) / rows; break;
    case MR_WINDOW_NTILE: {
        uint32_t at = p.from, size = (uint32_t)rows;
        for (uint32_t tile = 1, n = 4; tile <= n; tile++) {
            at += size / n + (tile <= size % n);
            if (i < at) return number_text(world, call->call.type, tile);
        }
        break;
    }
    case MR_WINDOW_NTH_VALUE:
        return frame_value(world, self, call, text->args[0], i, text->from - 1,
                           call->call.ignores_nulls);
    default: return shifted(world, self, text, &p, i, call->call.ignores_nulls);
    }
    return number_text(world, call->call.type, value);
}

/* ---- cases ---- */

enum { UNB = MR_OP_BOUND_UNBOUNDED, CUR = MR_OP_BOUND_CURRENT, OFF = MR_OP_BOUND_OFFSET };

static void bind_call(struct op_world *world, struct window_case *self,
                      const struct call_text *text, struct mr_op_window_call *call)
{
    const struct mr_window_function *function = mr_window_function_find(mr_span_of(text->name));
    uint32_t count = 0;
    struct mr_err err;
    while (count < 4 && text->args[count] != NULL) count++;
    bool ignores = text->filter != NULL && strcmp(text->filter, "ignore nulls") == 0;
    *call = (struct mr_op_window_call){
        .is_range = text->is_range, .from = {(mr_op_bound_kind)text->from_kind, text->from, {0}},
        .to = {(mr_op_bound_kind)text->to_kind, text->to, {0}}};
    if (text->is_range && self->spec.order_count > 0) {
        struct mr_op_bound *bounds[] = {&call->from, &call->to};
        for (int side = 0; side < 2; side++) {
            const struct mr_type *type = self->spec.orders[0].expr->type;
            int64_t by = bounds[side]->rows;
            bounds[side]->distance.type = type;
            if (type->id == MR_TYPE_DOUBLE) bounds[side]->distance.u.f64 = (double)by * 1000;
            else bounds[side]->distance.u.i64 = by;
        }
    }
    if (function == NULL) {
        call->aggregate.call =
            op_call(world, self->table.schema, text->name, text->args, count, false);
        if (text->filter != NULL) {
            call->aggregate.filter = op_expr(world, self->table.schema, text->filter);
        }
        return;
    }
    mr_status status = mr_window_function_resolve(
        &world->builder, function, op_exprs(world, self->table.schema, text->args, count), count,
        &call->call, &err);
    if (status != MR_OK) fail_msg("%s: %s", text->name, err.message);
    call->call.ignores_nulls |= ignores;
}

static void run_case(uint64_t seed, const char *schema, uint32_t rows, bool has_keys,
                     bool has_order, const struct call_text *texts)
{
    static struct window_case self;
    struct op_world world;
    struct mr_sort_key order = {0};
    self = (struct window_case){.of = {.make = make_window, .is_ordered = true}};
    op_world_init(&world, seed);
    world.gen.distinct = rows > 1000 ? 3 : 12;
    world.gen.has_selection = rows < 1000;
    op_table_init(&world, &self.table, schema, rows > 1000 ? 1 : 3, rows);
    const char *const columns[] = {"k", "o"};
    const struct mr_expr *const *exprs = op_exprs(&world, self.table.schema, columns, 2);
    order = (struct mr_sort_key){exprs[1], seed % 2, seed / 2 % 2};
    self.spec = (struct mr_op_window_spec){
        .partition_by = exprs, .partition_count = has_keys, .orders = &order,
        .order_count = has_order, .calls = self.calls};
    const struct mr_expr *results[CALLS_MAX];
    for (; texts[self.spec.call_count].name != NULL; self.spec.call_count++) {
        struct mr_op_window_call *call = &self.calls[self.spec.call_count];
        bind_call(&world, &self, &texts[self.spec.call_count], call);
        struct mr_expr *typed = MR_ARENA_NEW(&world.arena, struct mr_expr);
        typed->type = call->call.function == NULL ? call->aggregate.call.type : call->call.type;
        results[self.spec.call_count] = typed;
    }
    self.spec.schema = op_schema(&world, self.table.schema, results, self.spec.call_count);
    sort_rows(&self);
    for (uint32_t i = 0; i < self.rows; i++) {
        char text[8000];
        int used = snprintf(text, sizeof text, "%s",
                            op_row_text(&world, &self.table.all, self.ids[i]));
        for (uint32_t c = 0; c < self.spec.call_count; c++) {
            used += snprintf(text + used, sizeof text - (size_t)used, ",%s",
                             value_of(&world, &self, &texts[c], &self.calls[c], i));
            assert_true((size_t)used < sizeof text);
        }
        op_rows_put(&world, &self.of.expected, "%s", text);
    }
    self.of.skips_faults = seed % 4 != 0 || rows > 100;
    op_check(&world, &self.of);
    op_table_fini(&self.table);
    op_world_fini(&world);
}

static const char narrow[] = "k int, o tinyint, v int, s string, b boolean, d double";

static void test_places(void **state)
{
    (void)state;
    static const struct call_text ranks[] = {
        {"row_number", {NULL}}, {"rank", {NULL}}, {"dense_rank", {NULL}}, {"percent_rank", {NULL}},
        {"cume_dist", {NULL}}, {"ntile", {"4"}}, {NULL}};
    static const struct call_text shifts[] = {
        {"lag", {"s"}}, {"lead", {"v", "2", "v"}, .from = 2}, {"lag", {"v", "-3"}, .from = -3},
        {"lag", {"s", "2"}, .from = 2, .filter = "ignore nulls"},
        {"lead", {"s"}, .filter = "ignore nulls"}, {"lead", {"v", "0"}, .from = 0}, {NULL}};
    for (uint64_t seed = 1; seed <= 8; seed++) {
        run_case(seed, narrow, 40, seed % 3 > 0, true, ranks);
        run_case(seed, narrow, 40, seed % 3 > 0, true, shifts);
    }
    run_case(4, narrow, 0, true, true, ranks);
}

static const struct call_text frames[][CALLS_MAX + 1] = {
    {{"sum", {"v"}, true, UNB, CUR}, {"count", {NULL}, true, UNB, UNB},
     {"min", {"s"}, false, UNB, CUR}, {"collect_list", {"v"}, true, CUR, UNB},
     {"first", {"s"}, false, UNB, CUR},
     {"last", {"s", "true"}, true, UNB, CUR}, {NULL}},
    {{"sum", {"v"}, false, OFF, OFF, -2, 1}, {"max", {"v"}, false, OFF, CUR, -3, 0},
     {"collect_list", {"s"}, false, OFF, OFF, 1, 3}, {"avg", {"v"}, false, CUR, UNB},
     {"nth_value", {"s", "2"}, false, OFF, OFF, 2, 2}, {"count", {"s"}, false, OFF, OFF, -5, -2},
     {NULL}},
    {{"sum", {"v"}, true, OFF, OFF, -10, 10}, {"count", {NULL}, true, OFF, CUR, -5, 0},
     {"max", {"s"}, true, CUR, OFF, 0, 20}, {"sum", {"v"}, true, UNB, OFF, 0, 3},
     {"first", {"v", "true"}, true, OFF, OFF, -10, 10}, {"bool_or", {"b"}, true, OFF, UNB, 2, 0},
     {NULL}},
    {{"sum", {"v"}, true, UNB, CUR, 0, 0, "b"}, {"count", {NULL}, false, OFF, OFF, -3, 3, "b"},
     {"first", {"s"}, false, UNB, CUR, 0, 0, "b"}, {"min", {"d"}, false, OFF, CUR, -4, 0, "b"},
     {NULL}},
};

static void test_frames(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        narrow, "k int, o double, v int, s string, b boolean, d double",
        "k string, o date, v int, s string, b boolean, d double"};
    uint64_t seed = 1;
    for (size_t f = 0; f < MR_COUNT_OF(frames); f++) {
        for (size_t s = 0; s < MR_COUNT_OF(schemas); s++) {
            for (uint32_t n = 0; n < 4; n++) {
                run_case(seed++, schemas[s], 30, n % 2 == 0, true, frames[f]);
            }
        }
    }
    run_case(seed, narrow, 30, true, false, frames[0]);
}

/* Partitions of thousands of rows: frames that slide over blocks, and over blocks of blocks. */
static void test_long_partitions(void **state)
{
    (void)state;
    static const struct call_text texts[] = {
        {"sum", {"v"}, false, OFF, OFF, -4, 4}, {"count", {"v"}, false, OFF, UNB, -100, 0},
        {NULL}};
    run_case(1, "k boolean, o int, v int", 1500, true, true, texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_long_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

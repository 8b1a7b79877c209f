/* Shown: calls of aggregate and window functions get Spark's types, nullability and argument order,
 * and are refused by name; names are unique; equal values have equal hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/expr/aggregate.h"
#include "core/expr/order.h"
#include "core/expr/window_function.h"
#include "tests/unit/core/expr/sexpr.h"

static const char *const columns[][2] = {
    {"b", "boolean"}, {"y", "tinyint"}, {"i", "int"}, {"l", "bigint"}, {"f", "float"},
    {"d", "double"}, {"e", "decimal(10,2)"}, {"g", "decimal(38,10)"}, {"s", "string"},
    {"x", "binary"}, {"a", "date"}, {"t", "timestamp"}, {"r", "array<int>"},
    {"m", "map<string,int>"}, {"p", "struct<q:int>"}};

struct world {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_expr_builder builder;
    const struct mr_type *schema;
};

static void world_init(struct world *world)
{
    struct mr_field fields[MR_COUNT_OF(columns)];
    mr_heap_init(&world->heap, 0);
    mr_arena_init(&world->arena, &world->heap, 0);
    mr_expr_builder_init(&world->builder, &world->arena, NULL, true);
    for (uint32_t i = 0; i < MR_COUNT_OF(columns); i++) {
        fields[i] = (struct mr_field){.name = mr_span_of(columns[i][0]), .is_nullable = true,
                                      .type = sexpr_type(&world->arena, columns[i][1])};
    }
    world->schema = mr_type_struct(&world->arena, fields, MR_COUNT_OF(columns));
}

static void world_fini(struct world *world)
{
    mr_arena_fini(&world->arena);
    assert_int_equal(world->heap.used_bytes, 0);
}

enum { ARGS_MAX = 4 };

static uint32_t read_args(struct world *world, const char *const *texts,
                          const struct mr_expr **args)
{
    uint32_t count = 0;
    for (; count < ARGS_MAX && texts[count] != NULL; count++) {
        struct mr_err err;
        mr_status status = sexpr_read(&world->builder, world->schema, texts[count], &args[count],
                                      &err);
        if (status != MR_OK) fail_msg("%s: %s", texts[count], err.message);
    }
    return count;
}

static void describe(struct world *world, const struct mr_type *type, bool is_nullable, char *out,
                     size_t room)
{
    struct mr_text text;
    mr_text_init(&text, &world->heap);
    mr_type_write_sql(type, &text);
    if (!is_nullable) mr_text_adds(&text, " not null");
    struct mr_span span = mr_text_span(&text);
    assert_true(span.bytes < room);
    memcpy(out, span.text, span.bytes);
    out[span.bytes] = 0;
    mr_text_fini(&text);
}

struct call_case {
    const char *name;
    const char *args[ARGS_MAX];
    const char *type; /* null: refused with `code` */
    uint32_t code;
};

static const struct call_case aggregate_cases[] = {
    {"count", {NULL}, "bigint not null"},
    {"COUNT", {"i", "s"}, "bigint not null"},
    {"sum", {"y"}, "bigint"},
    {"sum", {"l"}, "bigint"},
    {"sum", {"f"}, "double"},
    {"sum", {"s"}, "double"},
    {"sum", {"e"}, "decimal(20,2)"},
    {"sum", {"g"}, "decimal(38,10)"},
    {"sum", {"b"}, NULL, 1301},
    {"sum", {NULL}, NULL, 1303},
    {"sum", {"i", "i"}, NULL, 1303},
    {"avg", {"i"}, "double"},
    {"mean", {"e"}, "decimal(14,6)"},
    {"avg", {"g"}, "decimal(38,14)"},
    {"min", {"s"}, "string"},
    {"max", {"p"}, "struct<q:int>"},
    {"max", {"m"}, NULL, 1301},
    {"first", {"i"}, "int"},
    {"any_value", {"i", "true"}, "int"},
    {"last", {"i", "b"}, NULL, 1315},
    {"min_by", {"s", "i"}, "string"},
    {"max_by", {"m", "i"}, "map<string,int>"},
    {"max_by", {"i", "m"}, NULL, 1301},
    {"stddev", {"i"}, "double"},
    {"corr", {"e", "s"}, "double"},
    {"corr", {"e", "a"}, NULL, 1301},
    {"regr_count", {"i", "i"}, "bigint not null"},
    {"approx_count_distinct", {"s"}, "bigint not null"},
    {"approx_count_distinct", {"s", "0.01"}, "bigint not null"},
    {"approx_count_distinct", {"s", "0.5"}, NULL, 1315},
    {"approx_count_distinct", {"s", "d"}, NULL, 1315},
    {"percentile", {"i", "0.5"}, "double"},
    {"percentile", {"i", "(array 0.25 0.5)", "l"}, "array<double>"},
    {"percentile", {"i", "1.5"}, NULL, 1315},
    {"percentile", {"i", "d"}, NULL, 1315},
    {"percentile", {"i", "(array 0.5 2)"}, NULL, 1315},
    {"median", {"e"}, "double"},
    {"percentile_approx", {"a", "(array 0.5 1)", "100"}, "array<date>"},
    {"approx_percentile", {"e", "0.5"}, "decimal(10,2)"},
    {"approx_percentile", {"e", "0.5", "0"}, NULL, 1315},
    {"mode", {"s"}, "string"},
    {"collect_list", {"s"}, "array<string> not null"},
    {"collect_set", {"m"}, NULL, 1301},
    {"every", {"b"}, "boolean"},
    {"any", {"i"}, NULL, 1301},
    {"bit_xor", {"y"}, "tinyint"},
    {"bit_or", {"d"}, NULL, 1301},
    {"string_agg", {"s", "', '"}, "string"},
    {"listagg", {"i"}, "string"},
    {"listagg", {"s", "s"}, NULL, 1315},
    {"histogram_numeric", {"i", "5"}, NULL, 1004},
};

static void test_aggregates_resolve(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < MR_COUNT_OF(aggregate_cases); i++) {
        const struct call_case *c = &aggregate_cases[i];
        const struct mr_expr *args[ARGS_MAX];
        struct mr_aggregate_call call;
        struct mr_err err = {0};
        char text[128];
        uint32_t count = read_args(&world, c->args, args);
        const struct mr_aggregate_function *function = mr_aggregate_find(mr_span_of(c->name));
        assert_non_null(function);
        mr_status status =
            mr_aggregate_resolve(&world.builder, function, args, count, false, &call, &err);
        if (c->type == NULL) {
            if (status == MR_OK || err.code != c->code) fail_msg("%s: case %zu", c->name, i);
            continue;
        }
        if (status != MR_OK) fail_msg("%s: %s", c->name, err.message);
        describe(&world, call.type, call.is_nullable, text, sizeof text);
        assert_string_equal(text, c->type);
    }
    world_fini(&world);
}

static void test_distinct_only_where_it_counts(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    const struct mr_expr *arg;
    struct mr_aggregate_call call;
    const char *const text[] = {"i", NULL};
    (void)read_args(&world, text, &arg);
    static const struct {
        const char *name;
        bool is_kept;
    } cases[] = {{"sum", true}, {"count", true}, {"max", false}, {"collect_set", false}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_aggregate_resolve(&world.builder,
                                              mr_aggregate_find(mr_span_of(cases[i].name)), &arg,
                                              1, true, &call, NULL), MR_OK);
        assert_int_equal(call.is_distinct, cases[i].is_kept);
    }
    assert_int_equal(mr_aggregate_resolve(&world.builder, mr_aggregate_find(MR_SPAN("count")),
                                          NULL, 0, true, &call, NULL), MR_E_TYPE);
    world_fini(&world);
}

static const struct call_case window_cases[] = {
    {"row_number", {NULL}, "int not null"},
    {"rank", {"i"}, NULL, 1303},
    {"cume_dist", {NULL}, "double not null"},
    {"ntile", {NULL}, "int not null"},
    {"ntile", {"0"}, NULL, 1315},
    {"ntile", {"i"}, NULL, 1315},
    {"lag", {"s"}, "string"},
    {"lag", {"i", "2", "'7'"}, "int"},
    {"lead", {"i", "-1"}, "int"},
    {"lead", {"i", "l"}, NULL, 1315},
    {"lead", {"i", "1", "p"}, NULL, 1301},
    {"nth_value", {"i", "2", "true"}, "int"},
    {"nth_value", {"i", "0"}, NULL, 1315},
    {"nth_value", {"i", "1", "b"}, NULL, 1315},
};

static void test_window_functions_resolve(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < MR_COUNT_OF(window_cases); i++) {
        const struct call_case *c = &window_cases[i];
        const struct mr_expr *args[ARGS_MAX];
        struct mr_window_call call;
        struct mr_err err = {0};
        char text[128];
        uint32_t count = read_args(&world, c->args, args);
        const struct mr_window_function *function = mr_window_function_find(mr_span_of(c->name));
        assert_non_null(function);
        mr_status status =
            mr_window_function_resolve(&world.builder, function, args, count, &call, &err);
        if (c->type == NULL) {
            if (status == MR_OK || err.code != c->code) fail_msg("%s: case %zu", c->name, i);
            continue;
        }
        if (status != MR_OK) fail_msg("%s: %s", c->name, err.message);
        describe(&world, call.type, call.is_nullable, text, sizeof text);
        assert_string_equal(text, c->type);
    }
    world_fini(&world);
}

static void test_names_are_unique(void **state)
{
    (void)state;
    const struct mr_aggregate_function *a;
    const struct mr_window_function *w;
    for (uint32_t i = 0; (a = mr_aggregate_at(i)) != NULL; i++) {
        assert_ptr_equal(mr_aggregate_find(mr_span_of(a->name)), a);
        assert_null(mr_window_function_find(mr_span_of(a->name)));
    }
    for (uint32_t i = 0; (w = mr_window_function_at(i)) != NULL; i++) {
        assert_ptr_equal(mr_window_function_find(mr_span_of(w->name)), w);
    }
    assert_null(mr_aggregate_find(MR_SPAN("upper")));
}

static void test_equal_doubles_hash_alike(void **state)
{
    (void)state;
    double values[] = {0.0, -0.0, NAN, -NAN, 1.5, 1.5};
    uint64_t hashes[6] = {0};
    struct mr_vec vec = {.type = mr_type_of(MR_TYPE_DOUBLE), .rows = 6, .values = values};
    mr_hash_rows(&vec, NULL, 6, hashes);
    for (uint32_t i = 0; i < 6; i += 2) {
        assert_true(hashes[i] == hashes[i + 1]);
        assert_true(mr_same_at(&vec, i, &vec, i + 1));
    }
    assert_false(hashes[0] == hashes[2] || hashes[0] == hashes[4]);
    assert_true(mr_compare_at(&vec, 2, &vec, 4) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aggregates_resolve),
        cmocka_unit_test(test_distinct_only_where_it_counts),
        cmocka_unit_test(test_window_functions_resolve),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_equal_doubles_hash_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

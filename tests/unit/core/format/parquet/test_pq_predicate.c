/* Shown: when bounds, null counts and bloom filters may say that nothing matches, case by case:
 * NaN and zeros of both signs, deprecated bounds and those without an order, unsigned numbers,
 * decimals in bytes, half floats, milliseconds, cut texts, bounds that contradict themselves, null
 * counts that are missing, widened columns; filters made by the definition, with values that have
 * one stored form and such that have several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/parquet/pq_bloom.h"
#include "core/format/parquet/pq_predicate.h"
#include "kernels/hash/xxh64.h"

enum { ROWS = 100, FILTER_BYTES = 1024 };

struct column {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_pq_node node;
    struct mr_pq_reading_leaf leaf;
    struct mr_pq_summary summary;
};

static void column_init(struct column *c, mr_pq_kind kind)
{
    *c = (struct column){0};
    mr_heap_init(&c->heap, 0);
    mr_arena_init(&c->arena, &c->heap, 0);
    c->node = (struct mr_pq_node){.kind = kind,
                                  .name = MR_SPAN("c"),
                                  .is_leaf = true,
                                  .converted = MR_PQ_CONVERTED_NONE,
                                  .order = MR_PQ_ORDER_TYPE};
    c->summary = (struct mr_pq_summary){.null_count = 0, .nan_count = -1};
    c->leaf = (struct mr_pq_reading_leaf){.is_kept = true, .max_def = 1};
}

static void column_type(struct column *c)
{
    assert_int_equal(mr_pq_leaf_type(&c->arena, &c->node, &c->leaf, NULL), MR_OK);
}

static void column_fini(struct column *c)
{
    mr_arena_fini(&c->arena);
    assert_int_equal(c->heap.used_bytes, 0);
}

static void bounds(struct column *c, const void *min, const void *max, size_t bytes)
{
    c->summary.min = (struct mr_span){min, bytes};
    c->summary.max = (struct mr_span){max, bytes};
}

static bool may_match(const struct column *c, mr_pq_compare op, union mr_pq_constant constant)
{
    const struct mr_pq_term term = {
        .op = op, .constants = &constant, .constant_count = op <= MR_PQ_IN};
    struct mr_pq_facts facts = mr_pq_facts_of(&c->leaf, &c->node, &c->summary, ROWS);
    return mr_pq_term_may_match(&term, &c->leaf, &facts);
}

static bool may_i64(const struct column *c, mr_pq_compare op, int64_t value)
{
    return may_match(c, op, (union mr_pq_constant){.i64 = value});
}

static bool may_f64(const struct column *c, mr_pq_compare op, double value)
{
    return may_match(c, op, (union mr_pq_constant){.f64 = value});
}

static void test_integers(void **state)
{
    struct column c;
    const int32_t low = 10, high = 20;
    (void)state;
    column_init(&c, MR_PQ_INT32);
    column_type(&c);
    bounds(&c, &low, &high, sizeof low);
    assert_false(may_i64(&c, MR_PQ_EQ, 9));
    assert_true(may_i64(&c, MR_PQ_EQ, 10));
    assert_true(may_i64(&c, MR_PQ_EQ, 20));
    assert_false(may_i64(&c, MR_PQ_IN, 21));
    assert_false(may_i64(&c, MR_PQ_LT, 10));
    assert_true(may_i64(&c, MR_PQ_LE, 10));
    assert_false(may_i64(&c, MR_PQ_GT, 20));
    assert_true(may_i64(&c, MR_PQ_GE, 20));
    assert_false(may_i64(&c, MR_PQ_GE, 21));
    /* Deprecated ones of signed numbers are as good, those of unknown order are not. */
    c.summary.is_deprecated = true;
    c.node.order = 0;
    assert_false(may_i64(&c, MR_PQ_EQ, 9));
    c.summary.is_deprecated = false;
    assert_true(may_i64(&c, MR_PQ_EQ, 9));
    c.node.order = MR_PQ_ORDER_TYPE;
    bounds(&c, &high, &low, sizeof low);
    assert_true(may_i64(&c, MR_PQ_EQ, 9));
    bounds(&c, &low, &high, sizeof low - 1);
    assert_true(may_i64(&c, MR_PQ_EQ, 9));
    bounds(&c, NULL, &high, 0);
    assert_true(may_i64(&c, MR_PQ_EQ, 9));
    column_fini(&c);
}

static void test_unsigned(void **state)
{
    struct column c;
    const uint32_t low = 5, high = 4000000000u;
    (void)state;
    column_init(&c, MR_PQ_INT32);
    c.node.logical = MR_PQ_LOGICAL_INTEGER;
    c.node.bit_width = 32;
    column_type(&c);
    bounds(&c, &low, &high, sizeof low);
    assert_false(may_i64(&c, MR_PQ_LT, 5));
    assert_true(may_i64(&c, MR_PQ_GT, 3999999999));
    assert_false(may_i64(&c, MR_PQ_GT, 4000000000));
    c.summary.is_deprecated = true; /* by signed order, which is another */
    assert_true(may_i64(&c, MR_PQ_LT, 5));
    column_fini(&c);
}

static void test_nulls(void **state)
{
    struct column c;
    const int64_t low = 1, high = 2;
    (void)state;
    column_init(&c, MR_PQ_INT64);
    column_type(&c);
    bounds(&c, &low, &high, sizeof low);
    assert_false(may_i64(&c, MR_PQ_IS_NULL, 0));
    assert_true(may_i64(&c, MR_PQ_IS_NOT_NULL, 0));
    c.summary.null_count = -1;
    assert_true(may_i64(&c, MR_PQ_IS_NULL, 0));
    c.summary.null_count = ROWS + 1; /* nonsense */
    assert_true(may_i64(&c, MR_PQ_IS_NULL, 0));
    assert_true(may_i64(&c, MR_PQ_EQ, 1));
    c.summary.null_count = ROWS;
    assert_true(may_i64(&c, MR_PQ_IS_NULL, 0));
    assert_false(may_i64(&c, MR_PQ_IS_NOT_NULL, 0));
    assert_false(may_i64(&c, MR_PQ_EQ, 1));
    c.summary.null_count = -1;
    c.leaf.max_def = 0; /* a required column has none, said or not */
    assert_false(may_i64(&c, MR_PQ_IS_NULL, 0));
    column_fini(&c);
}

static void test_floats(void **state)
{
    struct column c;
    const double low = 0.0, high = 7.0, nan = NAN;
    (void)state;
    column_init(&c, MR_PQ_DOUBLE);
    column_type(&c);
    bounds(&c, &low, &high, sizeof low);
    assert_true(may_f64(&c, MR_PQ_EQ, -0.0));
    assert_false(may_f64(&c, MR_PQ_EQ, 8));
    assert_false(may_f64(&c, MR_PQ_LT, 0));
    assert_true(may_f64(&c, MR_PQ_GT, 7)); /* a NaN is above all */
    assert_true(may_f64(&c, MR_PQ_GE, 8));
    assert_true(may_f64(&c, MR_PQ_EQ, nan));
    assert_true(may_f64(&c, MR_PQ_LT, nan));
    c.summary.nan_count = 0;
    assert_false(may_f64(&c, MR_PQ_GT, 7));
    assert_false(may_f64(&c, MR_PQ_EQ, nan));
    assert_true(may_f64(&c, MR_PQ_LE, nan));
    bounds(&c, &low, &nan, sizeof low);
    assert_true(may_f64(&c, MR_PQ_EQ, 8));
    bounds(&c, &nan, &high, sizeof low);
    assert_true(may_f64(&c, MR_PQ_LT, -1));
    column_fini(&c);
    const uint16_t half_low = 0x3c00, half_high = 0x4200; /* 1 and 3 */
    column_init(&c, MR_PQ_FIXED);
    c.node.fixed_bytes = 2;
    c.node.logical = MR_PQ_LOGICAL_FLOAT16;
    column_type(&c);
    bounds(&c, &half_low, &half_high, sizeof half_low);
    assert_false(may_f64(&c, MR_PQ_LT, 1));
    assert_true(may_f64(&c, MR_PQ_EQ, 2.5));
    assert_false(may_f64(&c, MR_PQ_EQ, 3.5));
    column_fini(&c);
}

static void test_texts(void **state)
{
    struct column c;
    (void)state;
    column_init(&c, MR_PQ_BYTES);
    c.node.logical = MR_PQ_LOGICAL_STRING;
    column_type(&c);
    c.summary.min = MR_SPAN("b");
    c.summary.max = MR_SPAN("dp"); /* cut from "do...", and raised */
    union mr_pq_constant text = {.text = MR_SPAN("a")};
    assert_false(may_match(&c, MR_PQ_EQ, text));
    text.text = MR_SPAN("b");
    assert_true(may_match(&c, MR_PQ_LE, text));
    assert_false(may_match(&c, MR_PQ_LT, text));
    text.text = MR_SPAN("dozen");
    assert_true(may_match(&c, MR_PQ_EQ, text));
    text.text = MR_SPAN("\xc3\xa4"); /* unsigned order */
    assert_false(may_match(&c, MR_PQ_EQ, text));
    c.summary.is_deprecated = true;
    assert_true(may_match(&c, MR_PQ_EQ, text));
    column_fini(&c);
}

static void test_decimals(void **state)
{
    struct column c;
    const uint8_t low[] = {0xff, 0x9c}, high[] = {0x01, 0x00}; /* -100 and 256, unscaled */
    (void)state;
    for (int is_fixed = 0; is_fixed < 2; is_fixed++) {
        column_init(&c, is_fixed ? MR_PQ_FIXED : MR_PQ_BYTES);
        c.node.fixed_bytes = is_fixed ? 2 : 0;
        c.node.logical = MR_PQ_LOGICAL_DECIMAL;
        c.node.precision = 4;
        c.node.scale = 2;
        column_type(&c);
        bounds(&c, low, high, sizeof low);
        assert_false(may_i64(&c, MR_PQ_LT, -100));
        assert_true(may_i64(&c, MR_PQ_LT, -99));
        assert_false(may_i64(&c, MR_PQ_EQ, 257));
        /* Read as decimal(20, 4): the bounds are widened with the values. */
        assert_true(mr_pq_leaf_widen(&c.node, mr_type_decimal(&c.arena, 20, 4), &c.leaf));
        assert_true(may_match(&c, MR_PQ_GE, (union mr_pq_constant){.i128 = 25600}));
        assert_false(may_match(&c, MR_PQ_GT, (union mr_pq_constant){.i128 = 25600}));
        column_fini(&c);
    }
}

static void test_times(void **state)
{
    struct column c;
    const int64_t low = 1000, high = 2000;
    (void)state;
    column_init(&c, MR_PQ_INT64);
    c.node.logical = MR_PQ_LOGICAL_TIMESTAMP;
    c.node.unit = MR_PQ_MILLIS;
    column_type(&c);
    bounds(&c, &low, &high, sizeof low);
    assert_false(may_i64(&c, MR_PQ_LT, 1000000));
    assert_true(may_i64(&c, MR_PQ_EQ, 2000000));
    c.node.unit = MR_PQ_NANOS;
    column_type(&c);
    assert_true(may_i64(&c, MR_PQ_EQ, 1));
    assert_false(may_i64(&c, MR_PQ_EQ, 3));
    column_fini(&c);
    const uint8_t stamp[12] = {0};
    column_init(&c, MR_PQ_INT96);
    column_type(&c);
    bounds(&c, stamp, stamp, sizeof stamp);
    assert_true(may_i64(&c, MR_PQ_EQ, 1));
    column_fini(&c);
}

/* ---- filters --------------------------------------------------------------------------------- */

/* BloomFilterHeader by hand: field 1 i32 of the bits' bytes, 2 to 4 unions of an empty member 1. */
static const uint8_t filter_head[] = {0x15, 0x80, 0x10, 0x1c, 0x1c, 0x00, 0x00, 0x1c,
                                      0x1c, 0x00, 0x00, 0x1c, 0x1c, 0x00, 0x00, 0x00};

struct filter {
    uint8_t bytes[sizeof filter_head + FILTER_BYTES];
};

static void filter_init(struct filter *filter)
{
    memset(filter, 0, sizeof *filter);
    memcpy(filter->bytes, filter_head, sizeof filter_head);
}

static void filter_put(struct filter *filter, const void *value, size_t bytes)
{
    static const uint32_t salts[] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                     0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
    uint64_t hash = mr_xxh64(value, bytes), blocks = FILTER_BYTES / 32;
    uint8_t *block = filter->bytes + sizeof filter_head + ((hash >> 32) * blocks >> 32) * 32;
    for (int i = 0; i < 8; i++) {
        uint32_t bit = ((uint32_t)hash * salts[i]) >> 27;
        block[4 * i + (int)(bit / 8)] |= (uint8_t)(1u << bit % 8);
    }
}

static bool may_be_in(const struct column *c, const struct filter *filter,
                      union mr_pq_constant constant)
{
    const struct mr_pq_term term = {.op = MR_PQ_EQ, .constants = &constant, .constant_count = 1};
    return mr_pq_term_may_be_in(
        &term, &c->leaf,
        (struct mr_span){(const char *)filter->bytes, sizeof filter->bytes});
}

static void test_filters(void **state)
{
    struct column c;
    struct filter filter;
    uint32_t found = 0;
    (void)state;
    assert_true(mr_xxh64("", 0) == UINT64_C(0xef46db3751d8e999));
    column_init(&c, MR_PQ_INT32);
    column_type(&c);
    filter_init(&filter);
    for (int32_t i = 0; i < 50; i++) filter_put(&filter, &i, sizeof i);
    for (int32_t i = -1000; i < 1000; i++) {
        bool is_there = i >= 0 && i < 50;
        bool may_be = may_be_in(&c, &filter, (union mr_pq_constant){.i64 = i});
        if (is_there) assert_true(may_be);
        found += may_be;
    }
    assert_true(found < 100);
    /* A constant that no INT32 is has no form to look for; nor has a column read as double. */
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.i64 = INT64_C(1) << 40}));
    assert_true(mr_pq_leaf_widen(&c.node, mr_type_of(MR_TYPE_DOUBLE), &c.leaf));
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.f64 = 77}));
    filter.bytes[2] = 0x30; /* longer than what is there: no filter */
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.i64 = -5}));
    column_fini(&c);
    column_init(&c, MR_PQ_DOUBLE);
    column_type(&c);
    filter_init(&filter);
    assert_false(may_be_in(&c, &filter, (union mr_pq_constant){.f64 = 1.5}));
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.f64 = 0}));
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.f64 = NAN}));
    column_fini(&c);
    column_init(&c, MR_PQ_BYTES);
    column_type(&c);
    filter_put(&filter, "hello", 5);
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.text = MR_SPAN("hello")}));
    assert_false(may_be_in(&c, &filter, (union mr_pq_constant){.text = MR_SPAN("hellp")}));
    column_fini(&c);
    const uint8_t minus_seven[] = {0xff, 0xff, 0xf9};
    column_init(&c, MR_PQ_FIXED);
    c.node.fixed_bytes = 3;
    c.node.logical = MR_PQ_LOGICAL_DECIMAL;
    c.node.precision = 6;
    column_type(&c);
    filter_init(&filter);
    filter_put(&filter, minus_seven, sizeof minus_seven);
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.i64 = -7}));
    assert_false(may_be_in(&c, &filter, (union mr_pq_constant){.i64 = 7}));
    assert_true(may_be_in(&c, &filter, (union mr_pq_constant){.i64 = 1 << 24}));
    column_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_nulls),    cmocka_unit_test(test_floats),
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_times),    cmocka_unit_test(test_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

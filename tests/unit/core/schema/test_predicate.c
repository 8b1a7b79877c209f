/* Shown: a set of rows is passed over only when none of them makes the term true, for every set of
 * up to six values with nulls and NaN, every operator and every constant; and where bounds say
 * enough, it is passed over. Unknown columns, other types and missing bounds are never a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <math.h>

#include "core/base/checked.h"
#include "core/schema/predicate.h"

enum { KINDS = 6, NULL_BIT = 4, NAN_BIT = 5 };

static struct mr_value number(mr_type_id id, double value)
{
    struct mr_value v = {.type = mr_type_of(id)};
    if (id == MR_TYPE_DOUBLE) {
        v.u.f64 = value;
    } else {
        v.u.i64 = (int64_t)value;
    }
    return v;
}

/* Value k of the domain: 0, 1, 2, 3, null, NaN. */
static double domain(uint32_t k)
{
    return k == NAN_BIT ? (double)NAN : (double)k;
}

static bool is_true(mr_predicate_op op, const struct mr_value *row, const struct mr_value *constant)
{
    int order = mr_value_compare(row, constant);
    switch (op) {
    case MR_PREDICATE_EQ: return order == 0;
    case MR_PREDICATE_NE: return order != 0;
    case MR_PREDICATE_LT: return order < 0;
    case MR_PREDICATE_LE: return order <= 0;
    case MR_PREDICATE_GT: return order > 0;
    default: return order >= 0;
    }
}

static struct mr_predicate_range range_of(mr_type_id id, uint32_t set)
{
    struct mr_predicate_range range = {.type = mr_type_of(id),
                                       .may_have_nulls = (set >> NULL_BIT & 1) != 0,
                                       .may_have_nan = (set >> NAN_BIT & 1) != 0};
    range.may_have_values = (set & ~(1u << NULL_BIT)) != 0;
    for (uint32_t k = 0; k < NULL_BIT; k++) {
        if (!(set >> k & 1)) continue;
        if (!range.has_min) range.min = number(id, k);
        range.has_min = range.has_max = true;
        range.max = number(id, k);
    }
    return range;
}

static bool any_row(mr_type_id id, uint32_t set, mr_predicate_op op, double constant)
{
    struct mr_value want = number(id, constant);
    for (uint32_t k = 0; k < KINDS; k++) {
        if (!(set >> k & 1) || k == NULL_BIT) continue;
        struct mr_value row = number(id, domain(k));
        if (is_true(op, &row, &want)) return true;
    }
    return false;
}

/* With values between the bounds that the set lacks, "may" is allowed to be wrong one way only. */
static void check(mr_type_id id, uint32_t set, mr_predicate_op op, double constant)
{
    struct mr_value want = number(id, constant);
    struct mr_predicate_term term = {.op = op, .values = &want, .value_count = 1};
    struct mr_predicate_range range = range_of(id, set);
    bool may = mr_predicate_term_may(&term, &range);
    bool is_there = any_row(id, set, op, constant);
    if (is_there) assert_true(may);
    uint32_t numbers = set & 15;
    bool is_run = (numbers & (numbers + (numbers & -numbers))) == 0;
    bool has_both = numbers != 0 || !range.may_have_nan;
    if (is_run && has_both && range.may_have_values) assert_int_equal(may, is_there);
    if (!range.may_have_values) assert_false(may);
    range.has_min = range.has_max = false;
    if (is_there) assert_true(mr_predicate_term_may(&term, &range));
}

static void test_every_set(void **state)
{
    (void)state;
    static const double constants[] = {-1, 0, 1, 2, 3, 4};
    for (uint32_t set = 0; set < 1u << KINDS; set++) {
        for (int op = MR_PREDICATE_EQ; op <= MR_PREDICATE_GE; op++) {
            for (size_t c = 0; c < MR_COUNT_OF(constants); c++) {
                check(MR_TYPE_DOUBLE, set, (mr_predicate_op)op, constants[c]);
                check(MR_TYPE_LONG, set & 31, (mr_predicate_op)op, constants[c]);
            }
            check(MR_TYPE_DOUBLE, set, (mr_predicate_op)op, NAN);
        }
    }
}

static void test_nulls_and_lists(void **state)
{
    (void)state;
    struct mr_value list[] = {number(MR_TYPE_LONG, 7), number(MR_TYPE_LONG, 2)};
    struct mr_predicate_term term = {.op = MR_PREDICATE_IS_NULL};
    for (uint32_t set = 0; set < 32; set++) {
        struct mr_predicate_range range = range_of(MR_TYPE_LONG, set);
        term = (struct mr_predicate_term){.op = MR_PREDICATE_IS_NULL};
        assert_int_equal(mr_predicate_term_may(&term, &range), set >> NULL_BIT & 1);
        term.op = MR_PREDICATE_IS_NOT_NULL;
        assert_int_equal(mr_predicate_term_may(&term, &range), (set & 15) != 0);
        term = (struct mr_predicate_term){
            .op = MR_PREDICATE_IN, .values = list, .value_count = MR_COUNT_OF(list)};
        if (set >> 2 & 1) assert_true(mr_predicate_term_may(&term, &range));
        if ((set & 12) == 0) assert_false(mr_predicate_term_may(&term, &range));
        term.value_count = 0;
        assert_false(mr_predicate_term_may(&term, &range));
    }
}

static void test_unknown(void **state)
{
    (void)state;
    struct mr_value text = {.type = mr_type_of(MR_TYPE_STRING), .u.text = MR_SPAN("b")};
    struct mr_predicate_term term = {.op = MR_PREDICATE_EQ, .values = &text, .value_count = 1};
    struct mr_predicate_range range = range_of(MR_TYPE_LONG, 1);
    assert_true(mr_predicate_term_may(&term, &range));
    range.type = NULL;
    assert_true(mr_predicate_term_may(&term, &range));
    /* A cut minimum and a raised maximum do not occur and still hold. */
    range = (struct mr_predicate_range){.type = text.type,
                                        .may_have_values = true,
                                        .has_min = true,
                                        .has_max = true,
                                        .min = {.type = text.type, .u.text = MR_SPAN("a")},
                                        .max = {.type = text.type, .u.text = MR_SPAN("ac")}};
    assert_false(mr_predicate_term_may(&term, &range));
    text.u.text = MR_SPAN("ab\xff");
    assert_true(mr_predicate_term_may(&term, &range));
    range.has_max = false;
    text.u.text = MR_SPAN("\xff");
    assert_true(mr_predicate_term_may(&term, &range));
    text.u.text = MR_SPAN("");
    assert_false(mr_predicate_term_may(&term, &range));
}

static void test_path(void **state)
{
    (void)state;
    struct mr_field inner = {.name = MR_SPAN("B"), .type = mr_type_of(MR_TYPE_DATE)};
    struct mr_type nested = {.id = MR_TYPE_STRUCT, .field_count = 1, .fields = &inner};
    struct mr_field outer = {.name = MR_SPAN("a"), .type = &nested};
    struct mr_type schema = {.id = MR_TYPE_STRUCT, .field_count = 1, .fields = &outer};
    struct mr_span path[] = {MR_SPAN("a"), MR_SPAN("B"), MR_SPAN("c")};
    assert_ptr_equal(mr_predicate_type(&schema, path, 2), mr_type_of(MR_TYPE_DATE));
    assert_ptr_equal(mr_predicate_type(&schema, path, 1), &nested);
    assert_null(mr_predicate_type(&schema, path, 3));
    assert_null(mr_predicate_type(&schema, path + 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_set),
        cmocka_unit_test(test_nulls_and_lists),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/schema/predicate.h"

#include <math.h>

#include "core/base/assert.h"

static bool is_float(const struct mr_type *type)
{
    return type->id == MR_TYPE_FLOAT || type->id == MR_TYPE_DOUBLE;
}

static bool is_bound(const struct mr_value *value)
{
    return !value->is_null && !(is_float(value->type) && isnan(value->u.f64));
}

/* Whether a value that is `op` the constant may lie between the bounds. */
static bool compare_may(mr_predicate_op op, const struct mr_value *constant,
                        const struct mr_predicate_range *range)
{
    bool has_min = range->has_min && is_bound(&range->min);
    bool has_max = range->has_max && is_bound(&range->max);
    /* NaN is above all: it is <> and > every other number, and equal to itself. */
    bool may_be_nan = is_float(range->type) && range->may_have_nan;
    bool is_nan = is_float(range->type) && isnan(constant->u.f64);
    if (may_be_nan) {
        bool is_below = op == MR_PREDICATE_NE || op == MR_PREDICATE_GT || op == MR_PREDICATE_GE;
        bool is_equal = op == MR_PREDICATE_EQ || op == MR_PREDICATE_GE || op == MR_PREDICATE_LE;
        if (is_nan ? is_equal : is_below) return true;
    }
    int min = has_min ? mr_value_compare(&range->min, constant) : -1;
    int max = has_max ? mr_value_compare(&range->max, constant) : 1;
    switch (op) {
    case MR_PREDICATE_EQ: return min <= 0 && max >= 0;
    case MR_PREDICATE_NE: return min != 0 || max != 0;
    case MR_PREDICATE_LT: return min < 0;
    case MR_PREDICATE_LE: return min <= 0;
    case MR_PREDICATE_GT: return max > 0;
    case MR_PREDICATE_GE: return max >= 0;
    default: return true;
    }
}

bool mr_predicate_term_may(const struct mr_predicate_term *term,
                           const struct mr_predicate_range *range)
{
    if (range->type == NULL) return true;
    if (term->op == MR_PREDICATE_IS_NULL) return range->may_have_nulls;
    if (!range->may_have_values) return false;
    if (term->op == MR_PREDICATE_IS_NOT_NULL) return true;
    mr_predicate_op op = term->op == MR_PREDICATE_IN ? MR_PREDICATE_EQ : term->op;
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct mr_value *constant = &term->values[i];
        MR_ASSERT(!constant->is_null);
        if (!mr_type_equal(constant->type, range->type)) return true;
        if (compare_may(op, constant, range)) return true;
    }
    return false;
}

const struct mr_type *mr_predicate_type(const struct mr_type *schema, const struct mr_span *path,
                                        uint32_t path_count)
{
    const struct mr_type *type = schema;
    for (uint32_t i = 0; i < path_count; i++) {
        if (type->id != MR_TYPE_STRUCT) return NULL;
        int32_t at = mr_type_find(type, path[i], true);
        if (at < 0) return NULL;
        type = type->fields[at].type;
    }
    return type;
}

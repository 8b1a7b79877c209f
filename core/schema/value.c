#include "core/schema/value.h"

#include <math.h>

#include "core/base/assert.h"

static int order_of(bool is_below, bool is_above)
{
    return is_above - is_below;
}

static int compare_floats(double a, double b)
{
    if (isnan(a) || isnan(b)) return order_of(!isnan(a), !isnan(b));
    return order_of(a < b, a > b);
}

int mr_value_compare(const struct mr_value *a, const struct mr_value *b)
{
    MR_ASSERT(!a->is_null && !b->is_null && a->type->id == b->type->id);
    switch (a->type->id) {
    case MR_TYPE_BOOLEAN: return order_of(a->u.boolean < b->u.boolean, a->u.boolean > b->u.boolean);
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: return compare_floats(a->u.f64, b->u.f64);
    case MR_TYPE_DECIMAL: return order_of(a->u.i128 < b->u.i128, a->u.i128 > b->u.i128);
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return mr_span_compare(a->u.text, b->u.text);
    default: return order_of(a->u.i64 < b->u.i64, a->u.i64 > b->u.i64);
    }
}

/* Type coercion: which type two operands meet in, and which casts exist.
 *
 * Follows Spark 4's ANSI rules. Numbers widen along byte, short, int, long, (decimal), float,
 * double; an integer beside a float meets in double, because float would lose digits; a decimal
 * beside an integer keeps both ranges, beside a float or double becomes double. Date, timestamp_ntz
 * and timestamp widen in this order. A string takes the other side's type: an integer's becomes
 * bigint, a fraction's double. NULL takes any type. Nothing else meets.
 *
 * Decimal results carry enough digits for every value where 38 suffice; above that fraction digits
 * go first, but never below six (allowPrecisionLoss = true). */
#ifndef MR_CORE_EXPR_COERCE_H
#define MR_CORE_EXPR_COERCE_H

#include "core/expr/expr.h"

static inline bool mr_type_is_integer(const struct mr_type *type)
{
    return type->id >= MR_TYPE_BYTE && type->id <= MR_TYPE_LONG;
}

static inline bool mr_type_is_float(const struct mr_type *type)
{
    return type->id == MR_TYPE_FLOAT || type->id == MR_TYPE_DOUBLE;
}

static inline bool mr_type_is_number(const struct mr_type *type)
{
    return type->id >= MR_TYPE_BYTE && type->id <= MR_TYPE_DECIMAL;
}

static inline bool mr_type_is_time(const struct mr_type *type)
{
    return type->id >= MR_TYPE_DATE && type->id <= MR_TYPE_TIMESTAMP_NTZ;
}

static inline bool mr_type_is_interval(const struct mr_type *type)
{
    return type->id == MR_TYPE_MONTHS || type->id == MR_TYPE_SPAN;
}

/* mr_decimal_of_integer: decimal(3|5|10|20, 0) for byte, short, int, long. */
const struct mr_type *mr_decimal_of_integer(struct mr_arena *arena, mr_type_id id);

typedef enum mr_decimal_rule {
    MR_DECIMAL_ADD, /* also subtract */
    MR_DECIMAL_MULTIPLY,
    MR_DECIMAL_DIVIDE,
    MR_DECIMAL_REMAINDER,
    MR_DECIMAL_WIDER, /* holds both; integer digits win above 38 */
} mr_decimal_rule;

/* mr_decimal_result: the result type of an operation on two decimals; null when out of memory. */
const struct mr_type *mr_decimal_result(struct mr_arena *arena, mr_decimal_rule rule,
                                        const struct mr_type *a, const struct mr_type *b);

/* mr_type_common: the type both meet in. *out_type is null when there is none.
 * returns MR_OK or MR_E_NOMEM */
MR_MUST_USE mr_status mr_type_common(struct mr_arena *arena, const struct mr_type *a,
                                     const struct mr_type *b, const struct mr_type **out_type,
                                     struct mr_err *err);

/* mr_cast_exists: whether CAST takes `from` to `to` at all. mr_cast_may_fail: whether some value of
 * `from` has no counterpart (then the result is nullable under MR_MODE_TRY and LEGACY). */
bool mr_cast_exists(const struct mr_type *from, const struct mr_type *to);
bool mr_cast_may_fail(const struct mr_type *from, const struct mr_type *to);

/* mr_cast_is_assignable: whether Spark's ANSI store assignment allows it. */
bool mr_cast_is_assignable(const struct mr_type *from, const struct mr_type *to);

/* mr_cast_is_implicit: whether a function's argument of type `from` becomes `to` unasked. */
bool mr_cast_is_implicit(const struct mr_type *from, const struct mr_type *to);

/* mr_expr_implicit: `expr` as `type`, through a cast that is not shown; itself when it is already.
 * The cast must exist. */
MR_MUST_USE mr_status mr_expr_implicit(struct mr_expr_builder *builder, const struct mr_expr *expr,
                                       const struct mr_type *type, const struct mr_expr **out_expr,
                                       struct mr_err *err);

/* mr_type_describe: the type as SQL text in upper case for messages, cut to `room` bytes. */
const char *mr_type_describe(const struct mr_type *type, char *out, size_t room);

enum { MR_TYPE_TEXT_MAX = 160 };

#endif

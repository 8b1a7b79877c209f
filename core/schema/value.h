/* Scalar values: one value of a type, outside of a column.
 *
 * Literals of expressions, partition values of files, bounds in statistics and constants of
 * predicates are values. Nested types have none but null. */
#ifndef MR_CORE_SCHEMA_VALUE_H
#define MR_CORE_SCHEMA_VALUE_H

#include "core/schema/type.h"

typedef __int128 mr_i128;

/* A scalar value. Which member counts follows from the type: boolean; i64 for byte to long, date
 * (days), timestamps (microseconds); f64 for float (held exactly) and double; i128 for every
 * decimal (unscaled); text for string and binary. Nested types have no values here but null. */
struct mr_value {
    const struct mr_type *type;
    bool is_null;
    union {
        bool boolean;
        int64_t i64;
        double f64;
        mr_i128 i128;
        struct mr_span text;
    } u;
};

/* mr_value_compare: the order of two values of equal types, neither null: <0, 0, >0. As Spark's:
 * false before true, texts by unsigned bytes, -0.0 equal to 0.0, NaN equal to itself and above
 * every other number. */
int mr_value_compare(const struct mr_value *a, const struct mr_value *b);

#endif

/* Predicates that files, row groups and pages are skipped by.
 *
 * A query's filter is any expression. What can be decided without reading rows is a conjunction of
 * simple terms, which the planner takes out of the filter and hands to those who know bounds:
 *
 *   term:  column  = < <= > >= <>  constant   |  column IN (...)  |  column IS [NOT] NULL
 *
 *   statistics of a Delta file     -+                            +-> false: no row is kept, skip it
 *   partition values                +-> range -> predicate_may  -+
 *   Parquet row group, page index  -+                            +-> true: read it and filter
 *
 * A row is kept when every term is true; null is not true. Terms are hints: who skips may keep too
 * much and never drops a row for which all terms are true, and the whole filter still runs over
 * what is read. So a term that cannot be judged (the column is unknown, has another type than the
 * constants, there are no bounds) counts as true.
 *
 * Columns are named as the table's schema has them; who stores them by other names (column mapping)
 * or as narrower types (type widening) translates names and bounds before asking. */
#ifndef MR_CORE_SCHEMA_PREDICATE_H
#define MR_CORE_SCHEMA_PREDICATE_H

#include "core/schema/value.h"

typedef enum mr_predicate_op {
    MR_PREDICATE_EQ,
    MR_PREDICATE_NE,
    MR_PREDICATE_LT,
    MR_PREDICATE_LE,
    MR_PREDICATE_GT,
    MR_PREDICATE_GE,
    MR_PREDICATE_IN,
    MR_PREDICATE_IS_NULL,
    MR_PREDICATE_IS_NOT_NULL,
} mr_predicate_op;

struct mr_predicate_term {
    const struct mr_span *path; /* [path_count] members of structs, from the top */
    uint32_t path_count;        /* >= 1 */
    mr_predicate_op op;
    const struct mr_value *values; /* [value_count], none null, all of the column's type */
    uint32_t value_count;          /* EQ to GE: 1; IN: any number; IS [NOT] NULL: 0 */
};

struct mr_predicate {
    const struct mr_predicate_term *terms; /* [term_count], all of them have to be true */
    uint32_t term_count;
};

/* What is known about one column in a set of rows. Everything is an upper bound of what may be
 * there: when in doubt, say that it may. */
struct mr_predicate_range {
    const struct mr_type *type; /* of the column; null = nothing is known, no term is judged */
    bool may_have_nulls;        /* a row may be null in this column, or in a struct around it */
    bool may_have_values;       /* a row may have a value */
    bool may_have_nan;          /* float and double: beside what lies between the bounds */
    bool has_min;               /* no value but NaN is below `min`, which itself may not occur */
    bool has_max;               /* no value but NaN is above `max`, which itself may not occur */
    struct mr_value min;        /* of `type`; a NaN or null here counts as none */
    struct mr_value max;
};

/* mr_predicate_term_may: whether a row of the set may make the term true. */
bool mr_predicate_term_may(const struct mr_predicate_term *term,
                           const struct mr_predicate_range *range);

/* mr_predicate_type: the type of the member that a path leads to from a struct, by exact names;
 * null when there is none. */
const struct mr_type *mr_predicate_type(const struct mr_type *schema, const struct mr_span *path,
                                        uint32_t path_count);

#endif

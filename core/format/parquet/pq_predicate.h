/* Predicates: which rows somebody is after, and whether some rows of a column can be among them.
 *
 * A predicate is a conjunction of terms, each about one column that is read: a comparison with a
 * constant, a list of them, or a test for null. Constants are in the form of the column's type as
 * it is read. Rows are judged by facts: how many values and nulls there are, and their bounds. The
 * answer "cannot match" is given only when it is certain:
 *
 *   bounds        only those with an order that is the type's: not INT96, not the deprecated fields
 *                 of unsigned numbers and bytes, not of columns without a ColumnOrder. Cut texts
 *                 are bounds still. A minimum above its maximum, a NaN, or a wrong length: none
 *   NaN           is in no bound, equal to itself and above all (as in SQL here): what is above a
 *                 constant may be a NaN, unless their number is known to be 0
 *   nulls         only a count that is there says that there are none, or nothing else
 *   bloom filter  of values as the file has them: a constant that no stored value can become, or
 *                 that several can, is not looked for
 *
 * Source: parquet.thrift (Statistics, ColumnOrder, ColumnIndex), BloomFilter.md. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_PREDICATE_H
#define MR_CORE_FORMAT_PARQUET_PQ_PREDICATE_H

#include "core/format/parquet/pq_tree.h"

typedef enum mr_pq_compare {
    MR_PQ_EQ,
    MR_PQ_LT,
    MR_PQ_LE,
    MR_PQ_GT,
    MR_PQ_GE,
    MR_PQ_IN,
    MR_PQ_IS_NULL,
    MR_PQ_IS_NOT_NULL,
} mr_pq_compare;

union mr_pq_constant {
    int64_t i64;  /* boolean, byte to long, date, timestamps, decimal up to 18 digits (unscaled) */
    __int128 i128; /* decimal above */
    double f64;    /* float, double */
    struct mr_span text; /* string, binary */
};

struct mr_pq_term {
    const struct mr_span *path; /* struct members from the top */
    uint32_t path_count;
    mr_pq_compare op;
    const union mr_pq_constant *constants; /* one; any number of IN; none of null tests */
    uint32_t constant_count;
};

struct mr_pq_predicate {
    const struct mr_pq_term *terms; /* all have to hold */
    uint32_t count;
};

/* A term and the leaf that it is about. */
struct mr_pq_bound_term {
    const struct mr_pq_term *term;
    bool is_missing; /* the file has not the column: all null */
    bool is_unknown; /* nothing can be said: a nested column */
    uint32_t leaf;
};

/* mr_pq_predicate_bind: finds the leaves of terms[predicate->count].
 * returns MR_E_SCHEMA for a column that is not read */
MR_MUST_USE mr_status mr_pq_predicate_bind(const struct mr_pq_predicate *predicate,
                                           const struct mr_pq_tree *tree,
                                           struct mr_pq_bound_term *out, struct mr_err *err);

/* What is known of some rows of a leaf. */
struct mr_pq_facts {
    uint64_t rows;
    int64_t null_count; /* -1 = not known */
    int64_t nan_count;
    bool has_bounds;
    union mr_pq_constant min;
    union mr_pq_constant max;
};

/* mr_pq_facts_of: facts by a summary of the footer or of a page; the bounds are those that may be
 * believed. Texts are borrowed from the summary. */
struct mr_pq_facts mr_pq_facts_of(const struct mr_pq_reading_leaf *leaf,
                                  const struct mr_pq_node *node,
                                  const struct mr_pq_summary *summary, uint64_t rows);

/* mr_pq_term_may_match: false only when no row of which the facts are true matches. */
bool mr_pq_term_may_match(const struct mr_pq_term *term, const struct mr_pq_reading_leaf *leaf,
                          const struct mr_pq_facts *facts);

/* mr_pq_term_may_be_in: the same by a bloom filter in filter[bytes], for MR_PQ_EQ and _IN; true for
 * other terms, and for a filter that is none. */
bool mr_pq_term_may_be_in(const struct mr_pq_term *term, const struct mr_pq_reading_leaf *leaf,
                          struct mr_span filter);

#endif

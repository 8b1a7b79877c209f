/* Making operators of queries: one function per kind; the physical planner is their caller.
 *
 * Each takes over its inputs, also when it fails: then they have been ended. Expressions, types and
 * lists are borrowed until the operator's fini. Columns of expressions are those of the input's
 * batches; of a join, the left's and then the right's.
 *
 *   values                               rows of constants
 *   filter, project, limit, union        pass batches on as they come, copy nothing
 *   aggregate, sort, setop, window       take everything in first, then give batches
 *   join                                 takes one side in, then follows the other
 *   generate                             several rows of one
 *   batches                              a table in memory */
#ifndef MR_CORE_OPS_OP_QUERY_H
#define MR_CORE_OPS_OP_QUERY_H

#include "core/expr/aggregate.h"
#include "core/expr/generator.h"
#include "core/expr/window_function.h"
#include "core/ops/operator.h"

struct mr_sort_key {
    const struct mr_expr *expr;
    bool is_descending;
    bool is_nulls_first;
};

/* mr_op_values: `rows` rows of schema->field_count expressions each, row after row. */
MR_MUST_USE mr_status mr_op_values(struct mr_query_env *env, const struct mr_type *schema,
                                   const struct mr_expr *const *exprs, uint32_t rows,
                                   struct mr_operator **out_op, struct mr_err *err);

/* mr_op_batches: gives batches[count] one after the other, cut to the query's batch size; they stay
 * as they are. */
MR_MUST_USE mr_status mr_op_batches(struct mr_query_env *env, const struct mr_type *schema,
                                    const struct mr_batch *batches, uint32_t count,
                                    struct mr_operator **out_op, struct mr_err *err);

MR_MUST_USE mr_status mr_op_filter(struct mr_query_env *env, struct mr_operator *input,
                                   const struct mr_expr *const *conjuncts, uint32_t count,
                                   struct mr_operator **out_op, struct mr_err *err);
MR_MUST_USE mr_status mr_op_project(struct mr_query_env *env, struct mr_operator *input,
                                    const struct mr_type *schema,
                                    const struct mr_expr *const *exprs,
                                    struct mr_operator **out_op, struct mr_err *err);

/* mr_op_limit: `limit` rows behind `offset`; limit -1 = all. Stops asking when it has them. */
MR_MUST_USE mr_status mr_op_limit(struct mr_query_env *env, struct mr_operator *input,
                                  int64_t limit, int64_t offset, struct mr_operator **out_op,
                                  struct mr_err *err);

/* mr_op_union: the rows of `left`, then those of `right`; types are equal. */
MR_MUST_USE mr_status mr_op_union(struct mr_query_env *env, struct mr_operator *left,
                                  struct mr_operator *right, const struct mr_type *schema,
                                  struct mr_operator **out_op, struct mr_err *err);

struct mr_op_aggregate_call {
    struct mr_aggregate_call call;
    const struct mr_expr *filter; /* null = none */
};

/* In two phases, on several shards: PARTIAL gives the groups, with `sets` the set's number (INT),
 * and a BINARY per call; FINAL takes such batches, its groups being their first columns. Not for
 * DISTINCT. */
typedef enum mr_op_aggregate_phase {
    MR_OP_AGGREGATE_WHOLE,
    MR_OP_AGGREGATE_PARTIAL,
    MR_OP_AGGREGATE_FINAL,
} mr_op_aggregate_phase;

/* What an aggregate has to do. Output: groups, aggregates, then the grouping id when asked for. */
struct mr_op_aggregate_spec {
    mr_op_aggregate_phase phase;
    const struct mr_type *schema;
    const struct mr_expr *const *groups;
    uint32_t group_count;
    const struct mr_op_aggregate_call *calls;
    uint32_t call_count;
    const uint64_t *sets; /* bit i of sets[k]: group i counts; null pointer = one set of all */
    uint32_t set_count;
    bool has_grouping_id;
};
MR_MUST_USE mr_status mr_op_aggregate(struct mr_query_env *env, struct mr_operator *input,
                                      const struct mr_op_aggregate_spec *spec,
                                      struct mr_operator **out_op, struct mr_err *err);

/* mr_op_sort: stable; limit -1 = all rows, else the first `limit` ones behind `offset`, for which
 * no more than a multiple of offset + limit rows are kept. */
MR_MUST_USE mr_status mr_op_sort(struct mr_query_env *env, struct mr_operator *input,
                                 const struct mr_sort_key *keys, uint32_t key_count,
                                 int64_t limit, int64_t offset, struct mr_operator **out_op,
                                 struct mr_err *err);

typedef enum mr_op_join_kind {
    MR_OP_JOIN_INNER,
    MR_OP_JOIN_LEFT,
    MR_OP_JOIN_RIGHT,
    MR_OP_JOIN_FULL,
    MR_OP_JOIN_SEMI,
    MR_OP_JOIN_ANTI,
    MR_OP_JOIN_MARK,
    MR_OP_JOIN_SINGLE,
} mr_op_join_kind;

/* The right side is taken in. Rows match where left_keys[i] = right_keys[i] for all i, none of them
 * null, and all of `residual` are true. left_keys are over the left's columns, right_keys over the
 * right's, residual over both. is_null_aware (ANTI and MARK): the first key pair is that of IN, and
 * counts as unknown where one of it is null while the rest holds. */
struct mr_op_join_spec {
    mr_op_join_kind kind;
    bool is_null_aware;
    const struct mr_type *schema;
    const struct mr_expr *const *left_keys;
    const struct mr_expr *const *right_keys;
    uint32_t key_count;
    const struct mr_expr *const *residual;
    uint32_t residual_count;
};
MR_MUST_USE mr_status mr_op_join(struct mr_query_env *env, struct mr_operator *left,
                                 struct mr_operator *right, const struct mr_op_join_spec *spec,
                                 struct mr_operator **out_op, struct mr_err *err);

/* mr_op_setop: INTERSECT or EXCEPT, of rows (is_all) or of distinct ones; types are equal. */
MR_MUST_USE mr_status mr_op_setop(struct mr_query_env *env, struct mr_operator *left,
                                  struct mr_operator *right, const struct mr_type *schema,
                                  bool is_except, bool is_all, struct mr_operator **out_op,
                                  struct mr_err *err);

typedef enum mr_op_bound_kind {
    MR_OP_BOUND_UNBOUNDED,
    MR_OP_BOUND_CURRENT,
    MR_OP_BOUND_OFFSET,
} mr_op_bound_kind;

struct mr_op_bound {
    mr_op_bound_kind kind;
    int64_t rows;             /* OFFSET of ROWS; negative = in front of the row */
    struct mr_value distance; /* OFFSET of RANGE, signed, in units of the order's type */
};

struct mr_op_window_call {
    struct mr_window_call call;            /* call.function null: an aggregate */
    struct mr_op_aggregate_call aggregate; /* not DISTINCT */
    bool is_range;
    struct mr_op_bound from, to;
};

/* Output: the input's columns, then one per call; rows sorted by partition and order. */
struct mr_op_window_spec {
    const struct mr_type *schema;
    const struct mr_expr *const *partition_by;
    uint32_t partition_count;
    const struct mr_sort_key *orders;
    uint32_t order_count;
    const struct mr_op_window_call *calls;
    uint32_t call_count;
};
MR_MUST_USE mr_status mr_op_window(struct mr_query_env *env, struct mr_operator *input,
                                   const struct mr_op_window_spec *spec,
                                   struct mr_operator **out_op, struct mr_err *err);

/* mr_op_generate: the input's columns, then the generator's. */
MR_MUST_USE mr_status mr_op_generate(struct mr_query_env *env, struct mr_operator *input,
                                     const struct mr_type *schema,
                                     const struct mr_generator *generator,
                                     struct mr_operator **out_op, struct mr_err *err);

#endif

/* Aggregate functions: a table of names and rules, in aggregates.def.
 *
 * An aggregate takes many rows and gives one value: sum(x), count(*), max_by(a, b). The planner
 * finds it here by name and resolves the call: Spark's result types (sum of int is bigint, of
 * decimal(p,s) is decimal(p+10,s), avg of it decimal(p+4,s+4)), implicit casts, constants in
 * range. How one computes is aggregate_state.h's: operators see the function as a row of this table
 * and the arguments as columns.
 *
 *   find ─▶ resolve ─▶ struct mr_plan_aggregate ─▶ operators
 *
 * The first `row_args` of the resolved arguments are values of rows; those behind them are
 * constants, which the operator reads once (percentages, accuracy, a delimiter). They may be in
 * another order than written. DISTINCT is over the row arguments. Nulls are left out unless a
 * function says otherwise. No rows give null, or 0 of a count, or an empty list.
 *
 * grouping(), grouping_id() and windows of time are the planner's. Source: Spark 4 aggregate
 * expressions (behaviour); where this differs, the column `doc` says so. */
#ifndef MR_CORE_EXPR_AGGREGATE_H
#define MR_CORE_EXPR_AGGREGATE_H

#include "core/expr/expr.h"

typedef enum mr_aggregate_op {
    MR_AGG_NONE, /* known by name, not offered */
    MR_AGG_COUNT,
    MR_AGG_COUNT_IF,
    MR_AGG_SUM,
    MR_AGG_AVG,
    MR_AGG_MIN,
    MR_AGG_MAX,
    MR_AGG_FIRST,
    MR_AGG_LAST,
    MR_AGG_MIN_BY,
    MR_AGG_MAX_BY,
    MR_AGG_STDDEV_SAMP,
    MR_AGG_STDDEV_POP,
    MR_AGG_VAR_SAMP,
    MR_AGG_VAR_POP,
    MR_AGG_SKEWNESS,
    MR_AGG_KURTOSIS,
    MR_AGG_COVAR_SAMP,
    MR_AGG_COVAR_POP,
    MR_AGG_CORR,
    MR_AGG_REGR_COUNT,
    MR_AGG_REGR_AVGX,
    MR_AGG_REGR_AVGY,
    MR_AGG_REGR_R2,
    MR_AGG_REGR_SLOPE,
    MR_AGG_REGR_INTERCEPT,
    MR_AGG_REGR_SXX,
    MR_AGG_REGR_SXY,
    MR_AGG_REGR_SYY,
    MR_AGG_APPROX_COUNT_DISTINCT,
    MR_AGG_PERCENTILE,
    MR_AGG_MEDIAN,
    MR_AGG_PERCENTILE_APPROX,
    MR_AGG_MODE,
    MR_AGG_COLLECT_LIST,
    MR_AGG_COLLECT_SET,
    MR_AGG_BOOL_AND,
    MR_AGG_BOOL_OR,
    MR_AGG_BIT_AND,
    MR_AGG_BIT_OR,
    MR_AGG_BIT_XOR,
    MR_AGG_STRING_AGG,
} mr_aggregate_op;

enum {
    MR_AGG_ORDERED = 1,       /* the result depends on the order of the rows */
    MR_AGG_ONCE_IS_ENOUGH = 2, /* DISTINCT changes nothing */
    MR_AGG_TRY = 4,           /* null where others raise */
    MR_AGG_ARGS_ANY = 255,
};

struct mr_aggregate_resolve;
typedef mr_status mr_aggregate_resolve_fn(struct mr_aggregate_resolve *resolve,
                                          struct mr_err *err);

struct mr_aggregate_function {
    const char *name; /* as called, lower case */
    uint8_t args_min;
    uint8_t args_max; /* MR_AGG_ARGS_ANY = no limit */
    uint8_t row_args; /* of resolved arguments, values of rows; MR_AGG_ARGS_ANY = all */
    uint8_t flags;
    mr_aggregate_op op;
    mr_aggregate_resolve_fn *resolve; /* null: MR_AGG_NONE */
    const char *usage;
    const char *doc; /* one line, for docs/sql.md */
};

/* What a resolved call is. */
struct mr_aggregate_call {
    const struct mr_aggregate_function *function;
    const struct mr_expr *const *args; /* coerced; count(*) has none */
    uint32_t arg_count;
    bool is_distinct; /* false where it would change nothing */
    const struct mr_type *type;
    bool is_nullable;
};

/* mr_aggregate_find: by name in any case; null when there is none. mr_aggregate_at: the table in
 * order, null past its end. */
const struct mr_aggregate_function *mr_aggregate_find(struct mr_span name);
const struct mr_aggregate_function *mr_aggregate_at(uint32_t index);

/* mr_aggregate_resolve: counts, coerces and checks the arguments of a call, and settles its type.
 * args   as bound; count(*) is count without arguments
 * fails  MR_E_TYPE 1301, 1303; MR_E_INVALID 1315: a constant is none, or out of range;
 *        MR_E_UNSUPPORTED 1004: a function of Spark that is not offered */
MR_MUST_USE mr_status mr_aggregate_resolve(struct mr_expr_builder *builder,
                                           const struct mr_aggregate_function *function,
                                           const struct mr_expr *const *args, uint32_t arg_count,
                                           bool is_distinct, struct mr_aggregate_call *out_call,
                                           struct mr_err *err);

/* mr_aggregate_row_args: how many of a call's arguments are values of rows. */
static inline uint32_t mr_aggregate_row_args(const struct mr_aggregate_function *function,
                                             uint32_t arg_count)
{
    return function->row_args < arg_count ? function->row_args : arg_count;
}

#endif

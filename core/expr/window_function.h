/* Window functions: those that look at a row's place in its partition, in window_functions.def.
 *
 * rank() OVER (PARTITION BY a ORDER BY b) gives a value for each row. Functions of this table are
 * given the row's position, its peers (rows equal in ORDER BY) or other rows of the partition.
 * Aggregates over a frame, first_value and last_value among them, are aggregate.h's: the planner
 * looks here first and there second.
 *
 *   row_number rank dense_rank percent_rank cume_dist ntile    of the partition, no frame
 *   lag lead                                                   offset rows away in the partition
 *   nth_value                                                  of the frame
 *
 * Source: Spark 4 window expressions (behaviour). */
#ifndef MR_CORE_EXPR_WINDOW_FUNCTION_H
#define MR_CORE_EXPR_WINDOW_FUNCTION_H

#include "core/expr/expr.h"

typedef enum mr_window_op {
    MR_WINDOW_ROW_NUMBER,
    MR_WINDOW_RANK,
    MR_WINDOW_DENSE_RANK,
    MR_WINDOW_PERCENT_RANK,
    MR_WINDOW_CUME_DIST,
    MR_WINDOW_NTILE,
    MR_WINDOW_LAG,
    MR_WINDOW_LEAD,
    MR_WINDOW_NTH_VALUE,
} mr_window_op;

enum {
    MR_WINDOW_NEEDS_ORDER = 1, /* without ORDER BY the call is an error */
    MR_WINDOW_HAS_FRAME = 2,   /* reads a frame that may be given; others refuse one */
    MR_WINDOW_TAKES_NULLS = 4, /* IGNORE NULLS and RESPECT NULLS may be written */
};

struct mr_window_function {
    const char *name;
    uint8_t args_min;
    uint8_t args_max;
    uint8_t row_args; /* of resolved arguments, values of rows; the rest are constants */
    uint8_t flags;
    mr_window_op op;
    const char *usage;
    const char *doc;
};

struct mr_window_call {
    const struct mr_window_function *function;
    const struct mr_expr *const *args;
    uint32_t arg_count;
    const struct mr_type *type;
    bool is_nullable;
    bool ignores_nulls;
};

/* mr_window_function_find: by name in any case; null when there is none. _at: the table in order,
 * null past its end. */
const struct mr_window_function *mr_window_function_find(struct mr_span name);
const struct mr_window_function *mr_window_function_at(uint32_t index);

/* mr_window_function_resolve: as mr_aggregate_resolve. The resolved arguments are complete: of lag
 * and lead (value, default, offset), of ntile (buckets), of nth_value (value, n). Lag's default may
 * be a value of each row; offset, buckets and n are constants. Whether ORDER BY is there is the
 * planner's to check. Another boolean constant behind those of nth_value is ignoreNulls.
 * fails  MR_E_TYPE 1301, 1303; MR_E_INVALID 1315 */
MR_MUST_USE mr_status mr_window_function_resolve(struct mr_expr_builder *builder,
                                                 const struct mr_window_function *function,
                                                 const struct mr_expr *const *args,
                                                 uint32_t arg_count,
                                                 struct mr_window_call *out_call,
                                                 struct mr_err *err);

#endif

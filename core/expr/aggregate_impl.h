/* What resolving and computing aggregates share. */
#ifndef MR_CORE_EXPR_AGGREGATE_IMPL_H
#define MR_CORE_EXPR_AGGREGATE_IMPL_H

#include "core/expr/expr.h"

#define MR_HLL_RSD_MAX 0.39

enum { MR_PERCENTAGES_MAX = 256 };

struct mr_percentages {
    double at[MR_PERCENTAGES_MAX];
    uint32_t count;
    bool is_list; /* the result is an array */
};

/* mr_percentages_read: the value of a constant expression of type DOUBLE or ARRAY<DOUBLE>; `name`
 * is the function's, for messages. fails MR_E_INVALID 1315: null, not between 0 and 1, too many */
MR_MUST_USE mr_status mr_percentages_read(const struct mr_expr_builder *builder,
                                          const struct mr_expr *expr, const char *name,
                                          struct mr_percentages *out, struct mr_err *err);

#endif

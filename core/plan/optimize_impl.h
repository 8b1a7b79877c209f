/* The passes of the optimizer, and what they share. */
#ifndef MR_CORE_PLAN_OPTIMIZE_IMPL_H
#define MR_CORE_PLAN_OPTIMIZE_IMPL_H

#include "core/plan/optimize.h"
#include "core/plan/plan_nodes_impl.h"

struct exprs {
    const struct mr_expr **at;
    uint32_t count, capacity;
};

/* mr_exprs_add: false when out of memory. */
bool mr_exprs_add(struct mr_arena *arena, struct exprs *list, const struct mr_expr *expr);

/* mr_expr_shifted: columns from `from` on moved by `by`. */
MR_MUST_USE mr_status mr_expr_shifted(struct mr_expr_builder *builder, const struct mr_expr *expr,
                                      uint32_t from, int64_t by, const struct mr_expr **out_expr,
                                      struct mr_err *err);

/* mr_expr_replaced: column i becomes exprs[i]. */
MR_MUST_USE mr_status mr_expr_replaced(struct mr_expr_builder *builder, const struct mr_expr *expr,
                                       const struct mr_expr *const *exprs,
                                       const struct mr_expr **out_expr, struct mr_err *err);

/* mr_optimize_push: `plan` below the filters `conjuncts`, which are over what it gives. */
MR_MUST_USE mr_status mr_optimize_push(struct planner *p, struct mr_plan *plan,
                                       const struct exprs *conjuncts, struct mr_plan **out_plan,
                                       struct mr_err *err);

/* mr_optimize_common: of an OR, what all its branches have in common is added to `out`; with
 * from < to also what they all say about columns [from, to) alone. Both follow from `expr`. */
MR_MUST_USE mr_status mr_optimize_common(struct planner *p, const struct mr_expr *expr,
                                         uint32_t from, uint32_t to, struct exprs *out,
                                         struct mr_err *err);

/* mr_optimize_joins: inner joins in another order. */
MR_MUST_USE mr_status mr_optimize_joins(struct planner *p, struct mr_plan *plan,
                                        struct mr_plan **out_plan, struct mr_err *err);

/* mr_optimize_rows: fills rows_expected of all nodes; returns the root's. */
double mr_optimize_rows(struct mr_plan *plan);

/* mr_optimize_limits: limits reach sorts and scans. */
void mr_optimize_limits(struct mr_plan *plan);

/* mr_optimize_prune: nothing that nobody asks for; the root gives what it gave. */
MR_MUST_USE mr_status mr_optimize_prune(struct planner *p, struct mr_plan *plan,
                                        struct mr_plan **out_plan, struct mr_err *err);

#endif

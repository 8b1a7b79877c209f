/* Guesses of how many rows a node gives. Shares are those that planners have used since Selinger
 * et al. (1979) where nothing is known of the values. */
#include "core/base/checked.h"
#include "core/expr/function.h"
#include "core/plan/optimize_impl.h"

#define ROWS_UNKNOWN 1e6 /* of a relation that does not say */
#define ROWS_EACH 10.0   /* of a generator, per row */

static bool is_call_of(const struct mr_expr *expr, const char *name)
{
    return expr->kind == MR_EXPR_CALL &&
           mr_span_eq(mr_span_of(expr->function->name), mr_span_of(name));
}

static double share_of(const struct mr_expr *expr)
{
    if (is_call_of(expr, "=") || is_call_of(expr, "<=>")) return 0.05;
    if (is_call_of(expr, "like")) return 0.1;
    if (is_call_of(expr, "is null")) return 0.1;
    if (is_call_of(expr, "not")) return 1 - share_of(expr->args[0]) * 0.5;
    if (expr->kind == MR_EXPR_IN) return MR_MIN(0.05 * (expr->arg_count - 1), 0.5);
    if (is_call_of(expr, "and")) {
        double share = 1;
        for (uint32_t i = 0; i < expr->arg_count; i++) share *= share_of(expr->args[i]);
        return share;
    }
    if (is_call_of(expr, "or")) {
        double none = 1;
        for (uint32_t i = 0; i < expr->arg_count; i++) none *= 1 - share_of(expr->args[i]);
        return 1 - none;
    }
    return 0.4;
}

static double filtered(const struct mr_plan *plan, double rows)
{
    for (uint32_t i = 0; i < plan->expr_count; i++) rows *= share_of(plan->exprs[i]);
    return MR_MAX(rows, 1.0);
}

static double joined(const struct mr_plan *plan, double left, double right)
{
    switch (plan->join) {
    case MR_JOIN_SEMI:
    case MR_JOIN_ANTI: return MR_MAX(left * 0.5, 1.0);
    case MR_JOIN_MARK:
    case MR_JOIN_SINGLE: return left;
    default: break;
    }
    if (plan->expr_count == 0) return left * right;
    double larger = MR_MAX(left, right);
    return plan->join == MR_JOIN_FULL ? left + right : larger;
}

static double rows_of(const struct mr_plan *plan, double left, double right)
{
    switch (plan->kind) {
    case MR_PLAN_SCAN:
        return plan->relation->rows_expected >= 0 ? plan->relation->rows_expected : ROWS_UNKNOWN;
    case MR_PLAN_VALUES: return plan->row_count;
    case MR_PLAN_FILTER: return filtered(plan, left);
    case MR_PLAN_AGGREGATE: return plan->group_count == 0 ? 1 : MR_MAX(left * 0.1, 1.0);
    case MR_PLAN_JOIN: return joined(plan, left, right);
    case MR_PLAN_SORT:
    case MR_PLAN_LIMIT: return plan->limit >= 0 ? MR_MIN(left, (double)plan->limit) : left;
    case MR_PLAN_UNION: return left + right;
    case MR_PLAN_GENERATE: return left * ROWS_EACH;
    case MR_PLAN_PROJECT:
    case MR_PLAN_WINDOW:
    case MR_PLAN_INTERSECT:
    case MR_PLAN_EXCEPT: break;
    }
    return left;
}

double mr_optimize_rows(struct mr_plan *plan)
{
    double rows[2] = {0, 0};
    for (uint32_t i = 0; i < plan->input_count; i++) rows[i] = mr_optimize_rows(plan->inputs[i]);
    plan->rows_expected = rows_of(plan, rows[0], rows[1]);
    return plan->rows_expected;
}

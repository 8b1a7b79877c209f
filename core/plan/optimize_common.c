/* What follows from an OR: the conjuncts that all its branches share, and what they all say about
 * one side of a join. `(a = b AND x = 1) OR (a = b AND x = 2)` gives `a = b`, and for the side of x
 * `x = 1 OR x = 2`. The OR itself stays. */
#include "core/base/assert.h"
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/optimize_impl.h"

enum { BRANCHES_MAX = 64 };

struct branch {
    const struct mr_expr **at;
    uint32_t count;
};

static bool has(const struct branch *branch, const struct mr_expr *expr)
{
    for (uint32_t i = 0; i < branch->count; i++) {
        if (mr_expr_same(branch->at[i], expr)) return true;
    }
    return false;
}

static bool is_about(const struct mr_expr *expr, uint32_t from, uint32_t to)
{
    bool reads = mr_expr_any_column(expr, from, to);
    return reads && !mr_expr_any_column(expr, 0, from) && !mr_expr_any_column(expr, to, UINT32_MAX);
}

/* The conjuncts of one branch about [from, to), joined by AND; null when there is none. */
static mr_status part_of(struct planner *p, const struct branch *branch, uint32_t from,
                         uint32_t to, const struct mr_expr **out_part, struct mr_err *err)
{
    struct exprs list = {0};
    *out_part = NULL;
    for (uint32_t i = 0; i < branch->count; i++) {
        if (!is_about(branch->at[i], from, to)) continue;
        if (!mr_exprs_add(p->arena, &list, branch->at[i])) return mr_plan_nomem(err);
    }
    if (list.count == 0) return MR_OK;
    if (list.count == 1) {
        *out_part = list.at[0];
        return MR_OK;
    }
    return mr_expr_call(p->builder, MR_SPAN("and"), list.at, list.count, out_part, err);
}

static mr_status add_part(struct planner *p, const struct branch *branches, uint32_t count,
                          uint32_t from, uint32_t to, struct exprs *out, struct mr_err *err)
{
    const struct mr_expr *parts[BRANCHES_MAX], *either;
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(part_of(p, &branches[i], from, to, &parts[i], err));
        if (parts[i] == NULL) return MR_OK;
    }
    MR_TRY(mr_expr_call(p->builder, MR_SPAN("or"), parts, count, &either, err));
    return mr_exprs_add(p->arena, out, either) ? MR_OK : mr_plan_nomem(err);
}

mr_status mr_optimize_common(struct planner *p, const struct mr_expr *expr, uint32_t from,
                             uint32_t to, struct exprs *out, struct mr_err *err)
{
    struct branch branches[BRANCHES_MAX];
    if (expr->kind != MR_EXPR_CALL || !expr->is_deterministic) return MR_OK;
    if (!mr_span_eq(mr_span_of(expr->function->name), MR_SPAN("or"))) return MR_OK;
    if (expr->arg_count > BRANCHES_MAX) return MR_OK;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        MR_TRY(mr_plan_conjuncts(p->arena, expr->args[i], &branches[i].at, &branches[i].count,
                                 err));
    }
    if (from < to) return add_part(p, branches, expr->arg_count, from, to, out, err);
    for (uint32_t i = 0; i < branches[0].count; i++) {
        uint32_t others = 1;
        while (others < expr->arg_count && has(&branches[others], branches[0].at[i])) others++;
        if (others < expr->arg_count) continue;
        if (!mr_exprs_add(p->arena, out, branches[0].at[i])) return mr_plan_nomem(err);
    }
    return MR_OK;
}

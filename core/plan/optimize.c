#include "core/plan/optimize.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/plan/optimize_impl.h"

bool mr_exprs_add(struct mr_arena *arena, struct exprs *list, const struct mr_expr *expr)
{
    return LIST_ADD(arena, list, expr);
}

struct shift {
    struct mr_expr_builder *builder;
    uint32_t from;
    int64_t by;
};

static mr_status shift_column(void *ctx, const struct mr_expr *expr,
                              const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct shift *shift = ctx;
    if (expr->kind != MR_EXPR_COLUMN || expr->index < shift->from) return MR_OK;
    return mr_expr_slot(shift->builder, (uint32_t)(expr->index + shift->by), expr->name,
                        expr->type, expr->is_nullable, out_expr, err);
}

mr_status mr_expr_shifted(struct mr_expr_builder *builder, const struct mr_expr *expr,
                          uint32_t from, int64_t by, const struct mr_expr **out_expr,
                          struct mr_err *err)
{
    struct shift shift = {builder, from, by};
    return mr_expr_map(builder, expr, shift_column, &shift, out_expr, err);
}

static mr_status replace_column(void *ctx, const struct mr_expr *expr,
                                const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_expr *const *exprs = ctx;
    (void)err;
    if (expr->kind == MR_EXPR_COLUMN) *out_expr = exprs[expr->index];
    return MR_OK;
}

mr_status mr_expr_replaced(struct mr_expr_builder *builder, const struct mr_expr *expr,
                           const struct mr_expr *const *exprs, const struct mr_expr **out_expr,
                           struct mr_err *err)
{
    /* The mapper only reads them: the cast drops a const that a context cannot carry. */
    return mr_expr_map(builder, expr, replace_column, (void *)(uintptr_t)exprs, out_expr, err);
}

/* ---- limits ---- */

static void limit_below(struct mr_plan *plan, int64_t rows)
{
    switch (plan->kind) {
    case MR_PLAN_SORT:
        if (plan->limit < 0 || rows < plan->limit) plan->limit = rows;
        break;
    case MR_PLAN_PROJECT: limit_below(plan->inputs[0], rows); break;
    case MR_PLAN_SCAN: plan->rows_wanted = rows; break;
    case MR_PLAN_UNION:
        limit_below(plan->inputs[0], rows);
        limit_below(plan->inputs[1], rows);
        break;
    default: break;
    }
}

void mr_optimize_limits(struct mr_plan *plan)
{
    int64_t rows;
    for (uint32_t i = 0; i < plan->input_count; i++) mr_optimize_limits(plan->inputs[i]);
    if (plan->kind != MR_PLAN_LIMIT || plan->limit < 0) return;
    if (!__builtin_add_overflow(plan->limit, plan->offset, &rows)) {
        limit_below(plan->inputs[0], rows);
    }
}

/* ---- filters that scans skip by ---- */

static void tell_scans(struct mr_plan *plan)
{
    for (uint32_t i = 0; i < plan->input_count; i++) tell_scans(plan->inputs[i]);
    if (plan->kind != MR_PLAN_FILTER || plan->inputs[0]->kind != MR_PLAN_SCAN) return;
    plan->inputs[0]->filter = plan->exprs;
    plan->inputs[0]->filter_count = plan->expr_count;
}

mr_status mr_plan_optimize(struct mr_expr_builder *builder, struct mr_plan *plan,
                           struct mr_plan **out_plan, struct mr_err *err)
{
    struct planner p = {.builder = builder, .arena = builder->arena};
    const struct exprs none = {0};
    MR_TRY(mr_optimize_push(&p, plan, &none, &plan, err));
    (void)mr_optimize_rows(plan);
    MR_TRY(mr_optimize_joins(&p, plan, &plan, err));
    MR_TRY(mr_optimize_push(&p, plan, &none, &plan, err));
    mr_optimize_limits(plan);
    MR_TRY(mr_optimize_prune(&p, plan, &plan, err));
    tell_scans(plan);
    (void)mr_optimize_rows(plan);
    *out_plan = plan;
    return MR_OK;
}

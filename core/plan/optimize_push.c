/* Filters as far down as they may go. */
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/optimize_impl.h"

enum { PUSHED_SIZE_MAX = 1000 }; /* parts of a filter, beyond which it is not made larger */

/* ---- what an expression says ---- */

static bool is_call_of(const struct mr_expr *expr, const char *name)
{
    return expr->kind == MR_EXPR_CALL &&
           mr_span_eq(mr_span_of(expr->function->name), mr_span_of(name));
}

/* Whether it is null for a row whose columns [from, to) are all null. */
static bool is_null_there(const struct mr_expr *expr, uint32_t from, uint32_t to)
{
    switch (expr->kind) {
    case MR_EXPR_COLUMN: return expr->index >= from && expr->index < to;
    case MR_EXPR_CAST:
    case MR_EXPR_FIELD:
    case MR_EXPR_IN: return is_null_there(expr->args[0], from, to);
    case MR_EXPR_CALL:
        if (expr->function->nulls != MR_NULLS_STRICT) return false;
        for (uint32_t i = 0; i < expr->arg_count; i++) {
            if (is_null_there(expr->args[i], from, to)) return true;
        }
        return false;
    default: return false;
    }
}

/* Whether a filter drops every row whose columns [from, to) are all null. */
static bool drops_nulls(const struct mr_expr *expr, uint32_t from, uint32_t to)
{
    if (is_call_of(expr, "is not null")) return is_null_there(expr->args[0], from, to);
    if (is_call_of(expr, "and")) {
        for (uint32_t i = 0; i < expr->arg_count; i++) {
            if (drops_nulls(expr->args[i], from, to)) return true;
        }
        return false;
    }
    if (is_call_of(expr, "or")) {
        for (uint32_t i = 0; i < expr->arg_count; i++) {
            if (!drops_nulls(expr->args[i], from, to)) return false;
        }
        return true;
    }
    return is_null_there(expr, from, to);
}

/* ---- below one node ---- */

static mr_status filter_above(struct planner *p, struct mr_plan *plan, const struct exprs *stay,
                              struct mr_plan **out_plan, struct mr_err *err)
{
    return mr_plan_filter(p, plan, stay->at, stay->count, out_plan, err);
}

/* Adds a conjunct that says something new. */
static mr_status add(struct planner *p, struct exprs *list, const struct mr_expr *expr,
                     struct mr_err *err)
{
    bool is_true = expr->kind == MR_EXPR_LITERAL && !expr->value.is_null && expr->value.u.boolean;
    if (is_true) return MR_OK;
    for (uint32_t i = 0; expr->is_deterministic && i < list->count; i++) {
        if (mr_expr_same(list->at[i], expr)) return MR_OK;
    }
    return mr_exprs_add(p->arena, list, expr) ? MR_OK : mr_plan_nomem(err);
}

static mr_status push_nothing(struct planner *p, struct mr_plan *plan, struct mr_err *err)
{
    const struct exprs none = {0};
    for (uint32_t i = 0; i < plan->input_count; i++) {
        MR_TRY(mr_optimize_push(p, plan->inputs[i], &none, &plan->inputs[i], err));
    }
    return MR_OK;
}

static mr_status push_filter(struct planner *p, struct mr_plan *plan,
                             const struct exprs *conjuncts, struct mr_plan **out_plan,
                             struct mr_err *err)
{
    struct exprs all = {0};
    for (uint32_t i = 0; i < plan->expr_count; i++) MR_TRY(add(p, &all, plan->exprs[i], err));
    for (uint32_t i = 0; i < conjuncts->count; i++) MR_TRY(add(p, &all, conjuncts->at[i], err));
    return mr_optimize_push(p, plan->inputs[0], &all, out_plan, err);
}

static bool reads_only_fixed(const struct mr_expr *expr, const struct mr_expr *const *exprs)
{
    if (expr->kind == MR_EXPR_COLUMN) return exprs[expr->index]->is_deterministic;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (!reads_only_fixed(expr->args[i], exprs)) return false;
    }
    return true;
}

static mr_status push_project(struct planner *p, struct mr_plan *plan,
                              const struct exprs *conjuncts, struct mr_plan **out_plan,
                              struct mr_err *err)
{
    struct exprs down = {0}, stay = {0};
    for (uint32_t i = 0; i < conjuncts->count; i++) {
        const struct mr_expr *expr = conjuncts->at[i], *moved = NULL;
        if (expr->is_deterministic && reads_only_fixed(expr, plan->exprs)) {
            MR_TRY(mr_expr_replaced(p->builder, expr, plan->exprs, &moved, err));
            if (moved->size > PUSHED_SIZE_MAX) moved = NULL;
        }
        MR_TRY(add(p, moved == NULL ? &stay : &down, moved == NULL ? expr : moved, err));
    }
    MR_TRY(mr_optimize_push(p, plan->inputs[0], &down, &plan->inputs[0], err));
    return filter_above(p, plan, &stay, out_plan, err);
}

/* Those for which `may` says so go below, as they are; the rest stay. */
static mr_status split(struct planner *p, const struct exprs *conjuncts, uint32_t columns,
                       struct exprs *down, struct exprs *stay, struct mr_err *err)
{
    for (uint32_t i = 0; i < conjuncts->count; i++) {
        const struct mr_expr *expr = conjuncts->at[i];
        bool may = expr->is_deterministic && !mr_expr_any_column(expr, columns, UINT32_MAX);
        MR_TRY(add(p, may ? down : stay, expr, err));
    }
    return MR_OK;
}

static mr_status push_aggregate(struct planner *p, struct mr_plan *plan,
                                const struct exprs *conjuncts, struct mr_plan **out_plan,
                                struct mr_err *err)
{
    struct exprs down = {0}, stay = {0};
    /* Without groups there is a row whatever is filtered; a grouping set makes other groups null.
     */
    bool may_push = plan->group_count > 0 && plan->sets == NULL;
    MR_TRY(split(p, conjuncts, may_push ? plan->group_count : 0, &down, &stay, err));
    for (uint32_t i = 0; may_push && i < down.count; i++) {
        MR_TRY(mr_expr_replaced(p->builder, down.at[i], plan->groups, &down.at[i], err));
    }
    if (!may_push) {
        for (uint32_t i = 0; i < down.count; i++) MR_TRY(add(p, &stay, down.at[i], err));
        down.count = 0;
    }
    MR_TRY(mr_optimize_push(p, plan->inputs[0], &down, &plan->inputs[0], err));
    return filter_above(p, plan, &stay, out_plan, err);
}

static mr_status push_set(struct planner *p, struct mr_plan *plan, const struct exprs *conjuncts,
                          struct mr_plan **out_plan, struct mr_err *err)
{
    struct exprs down = {0}, stay = {0};
    MR_TRY(split(p, conjuncts, UINT32_MAX, &down, &stay, err));
    for (uint32_t i = 0; i < 2; i++) {
        MR_TRY(mr_optimize_push(p, plan->inputs[i], &down, &plan->inputs[i], err));
    }
    return filter_above(p, plan, &stay, out_plan, err);
}

static bool is_partition(const struct mr_plan *plan, uint32_t column)
{
    for (uint32_t i = 0; i < plan->window_count; i++) {
        const struct mr_plan_window *window = &plan->windows[i];
        bool is_one = false;
        for (uint32_t k = 0; k < window->partition_count; k++) {
            const struct mr_expr *key = window->partition_by[k];
            is_one = is_one || (key->kind == MR_EXPR_COLUMN && key->index == column);
        }
        if (!is_one) return false;
    }
    return true;
}

static bool reads_only_partitions(const struct mr_plan *plan, const struct mr_expr *expr)
{
    if (expr->kind == MR_EXPR_COLUMN) return is_partition(plan, expr->index);
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (!reads_only_partitions(plan, expr->args[i])) return false;
    }
    return true;
}

/* A whole partition is dropped or none of it. */
static mr_status push_window(struct planner *p, struct mr_plan *plan,
                             const struct exprs *conjuncts, struct mr_plan **out_plan,
                             struct mr_err *err)
{
    struct exprs down = {0}, stay = {0};
    for (uint32_t i = 0; i < conjuncts->count; i++) {
        const struct mr_expr *expr = conjuncts->at[i];
        bool may = expr->is_deterministic && !expr->is_constant &&
                   reads_only_partitions(plan, expr);
        MR_TRY(add(p, may ? &down : &stay, expr, err));
    }
    MR_TRY(mr_optimize_push(p, plan->inputs[0], &down, &plan->inputs[0], err));
    return filter_above(p, plan, &stay, out_plan, err);
}

static mr_status push_columns(struct planner *p, struct mr_plan *plan,
                              const struct exprs *conjuncts, struct mr_plan **out_plan,
                              struct mr_err *err)
{
    struct exprs down = {0}, stay = {0};
    MR_TRY(split(p, conjuncts, plan->inputs[0]->schema->field_count, &down, &stay, err));
    MR_TRY(mr_optimize_push(p, plan->inputs[0], &down, &plan->inputs[0], err));
    return filter_above(p, plan, &stay, out_plan, err);
}

/* ---- joins ---- */

struct sides {
    struct exprs left, right, both; /* below the left, below the right, of the join itself */
    struct exprs above;
    uint32_t width; /* columns of the left */
};

/* Where a condition or a filter over both sides goes. A constant one stays with the join. */
static mr_status place_side(struct planner *p, struct sides *sides, const struct mr_expr *expr,
                            bool may_left, bool may_right, struct exprs *otherwise,
                            struct mr_err *err)
{
    bool reads_left = mr_expr_any_column(expr, 0, sides->width);
    bool reads_right = mr_expr_any_column(expr, sides->width, UINT32_MAX);
    const struct mr_expr *moved;
    if (!expr->is_deterministic || reads_left == reads_right) return add(p, otherwise, expr, err);
    if (reads_left) return add(p, may_left ? &sides->left : otherwise, expr, err);
    if (!may_right) return add(p, otherwise, expr, err);
    MR_TRY(mr_expr_shifted(p->builder, expr, sides->width, -(int64_t)sides->width, &moved, err));
    return add(p, &sides->right, moved, err);
}

/* What an OR over both sides says about each: goes down beside it. */
static mr_status add_implied(struct planner *p, struct sides *sides, const struct mr_expr *expr,
                             bool may_left, bool may_right, struct mr_err *err)
{
    struct exprs implied = {0};
    if (!expr->is_deterministic || !is_call_of(expr, "or")) return MR_OK;
    if (may_left) MR_TRY(mr_optimize_common(p, expr, 0, sides->width, &implied, err));
    if (may_right) {
        MR_TRY(mr_optimize_common(p, expr, sides->width, UINT32_MAX, &implied, err));
    }
    for (uint32_t i = 0; i < implied.count; i++) {
        struct exprs nowhere = {0};
        MR_TRY(place_side(p, sides, implied.at[i], may_left, may_right, &nowhere, err));
    }
    return MR_OK;
}

/* An outer join whose made-up nulls a filter drops is none. */
static void make_inner(struct mr_plan *plan, const struct exprs *conjuncts, uint32_t width)
{
    for (uint32_t i = 0; i < conjuncts->count; i++) {
        bool drops_left = drops_nulls(conjuncts->at[i], 0, width);
        bool drops_right = drops_nulls(conjuncts->at[i], width, UINT32_MAX);
        if (plan->join == MR_JOIN_FULL && drops_left) plan->join = MR_JOIN_LEFT;
        else if (plan->join == MR_JOIN_FULL && drops_right) plan->join = MR_JOIN_RIGHT;
        if (plan->join == MR_JOIN_LEFT && drops_right) plan->join = MR_JOIN_INNER;
        if (plan->join == MR_JOIN_RIGHT && drops_left) plan->join = MR_JOIN_INNER;
    }
}

static mr_status place_filters(struct planner *p, struct mr_plan *plan,
                               const struct exprs *conjuncts, struct sides *sides,
                               struct mr_err *err)
{
    mr_join join = plan->join;
    bool is_inner = join == MR_JOIN_INNER;
    bool may_left = join != MR_JOIN_RIGHT && join != MR_JOIN_FULL;
    bool may_right = is_inner || join == MR_JOIN_RIGHT;
    for (uint32_t i = 0; i < conjuncts->count; i++) {
        const struct mr_expr *expr = conjuncts->at[i];
        struct exprs *otherwise =
            is_inner && expr->is_deterministic ? &sides->both : &sides->above;
        MR_TRY(place_side(p, sides, expr, may_left, may_right, otherwise, err));
        MR_TRY(add_implied(p, sides, expr, may_left, may_right, err));
    }
    return MR_OK;
}

static mr_status place_conditions(struct planner *p, struct mr_plan *plan, struct sides *sides,
                                  struct mr_err *err)
{
    mr_join join = plan->join;
    bool may_left =
        join == MR_JOIN_INNER || join == MR_JOIN_RIGHT || join == MR_JOIN_SEMI;
    bool may_right = join != MR_JOIN_RIGHT && join != MR_JOIN_FULL;
    for (uint32_t i = 0; i < plan->expr_count; i++) {
        MR_TRY(place_side(p, sides, plan->exprs[i], may_left, may_right, &sides->both, err));
        MR_TRY(add_implied(p, sides, plan->exprs[i], may_left, may_right, err));
    }
    return MR_OK;
}

static mr_status push_join(struct planner *p, struct mr_plan *plan, const struct exprs *conjuncts,
                           struct mr_plan **out_plan, struct mr_err *err)
{
    struct sides sides = {.width = plan->inputs[0]->schema->field_count};
    struct exprs both = {0};
    make_inner(plan, conjuncts, sides.width);
    /* Of IN, every condition has its place and its nulls a meaning: they stay as they are. */
    if (!plan->is_null_aware) MR_TRY(place_conditions(p, plan, &sides, err));
    MR_TRY(place_filters(p, plan, conjuncts, &sides, err));
    for (uint32_t i = 0; i < sides.both.count; i++) {
        struct exprs common = {0};
        MR_TRY(add(p, &both, sides.both.at[i], err));
        MR_TRY(mr_optimize_common(p, sides.both.at[i], 1, 0, &common, err));
        for (uint32_t k = 0; k < common.count; k++) MR_TRY(add(p, &both, common.at[k], err));
    }
    if (!plan->is_null_aware) {
        plan->exprs = both.at;
        plan->expr_count = both.count;
    }
    MR_TRY(mr_optimize_push(p, plan->inputs[0], &sides.left, &plan->inputs[0], err));
    MR_TRY(mr_optimize_push(p, plan->inputs[1], &sides.right, &plan->inputs[1], err));
    return filter_above(p, plan, &sides.above, out_plan, err);
}

/* ---- all nodes ---- */

mr_status mr_optimize_push(struct planner *p, struct mr_plan *plan, const struct exprs *conjuncts,
                           struct mr_plan **out_plan, struct mr_err *err)
{
    switch (plan->kind) {
    case MR_PLAN_FILTER: return push_filter(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_PROJECT: return push_project(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_AGGREGATE: return push_aggregate(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_JOIN: return push_join(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_UNION:
    case MR_PLAN_INTERSECT:
    case MR_PLAN_EXCEPT: return push_set(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_WINDOW: return push_window(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_GENERATE: return push_columns(p, plan, conjuncts, out_plan, err);
    case MR_PLAN_SORT:
        if (plan->limit < 0) return push_columns(p, plan, conjuncts, out_plan, err);
        break;
    case MR_PLAN_SCAN:
    case MR_PLAN_VALUES:
    case MR_PLAN_LIMIT: break;
    }
    MR_TRY(push_nothing(p, plan, err));
    return filter_above(p, plan, conjuncts, out_plan, err);
}

/* GROUP BY: what groups, which sets of groups, and the AGGREGATE that they make. */
#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/plan_impl.h"

enum { CUBE_MAX = 10, GROUPS_MAX = 63 };

/* What a number in GROUP BY or ORDER BY stands for: an item, from 1. */
static mr_status by_ordinal(struct mr_select *select, const struct mr_sql_expr *e,
                            const struct mr_expr *number, const struct mr_expr **out_expr,
                            struct mr_err *err)
{
    int64_t at = number->value.u.i64;
    if (number->value.is_null || at < 1 || at > (int64_t)select->items.count) {
        return mr_plan_fail(err, &e->pos, MR_E_INVALID, ERR_ORDINAL,
                            "there is no item %lld in the SELECT list, it has %u", (long long)at,
                            select->items.count);
    }
    *out_expr = select->items.at[at - 1].expr;
    return MR_OK;
}

mr_status mr_select_bind_or_ordinal(struct mr_select *select, const struct mr_sql_expr *e,
                                    const struct mr_expr **out_expr, struct mr_err *err)
{
    MR_TRY(mr_select_bind(select, e, out_expr, err));
    if (e->kind != MR_SQL_EXPR_LITERAL || e->literal != MR_SQL_LITERAL_INTEGER) return MR_OK;
    return by_ordinal(select, e, *out_expr, out_expr, err);
}

static bool has_aggregate(const struct mr_expr *expr)
{
    return mr_expr_any_column(expr, SLOT_AGGREGATE, SLOT_QUERY) ||
           mr_expr_any_column(expr, SLOT_GROUPING, SLOT_GENERATOR);
}

struct groups {
    LIST_OF(const struct mr_expr *) exprs;
    uint32_t written; /* those of GROUP BY; behind them what conditions of a subquery compare */
};

static mr_status add_group(struct mr_select *select, struct groups *groups,
                           const struct mr_expr *expr, const struct mr_sql_pos *pos,
                           struct mr_err *err)
{
    if (has_aggregate(expr)) {
        return mr_plan_fail(err, pos, MR_E_INVALID, ERR_AGGREGATE,
                            "GROUP BY cannot group by an aggregate");
    }
    if (expr->type->id == MR_TYPE_MAP) {
        return mr_plan_fail(err, pos, MR_E_TYPE, ERR_AGGREGATE, "GROUP BY cannot group by a map");
    }
    return LIST_ADD(select->planner->arena, &groups->exprs, expr) ? MR_OK : mr_plan_nomem(err);
}

static mr_status bind_groups(struct mr_select *select, const struct mr_sql_query *query,
                             struct groups *groups, struct mr_err *err)
{
    const struct mr_expr *expr;
    select->stage = STAGE_ROWS;
    select->may_use_aliases = true;
    for (const struct mr_sql_expr *e = query->group_by.first; e != NULL; e = e->next) {
        MR_TRY(mr_select_bind_or_ordinal(select, e, &expr, err));
        MR_TRY(add_group(select, groups, expr, &e->pos, err));
    }
    for (uint32_t i = 0; query->grouping == MR_SQL_GROUP_ALL && i < select->items.count; i++) {
        const struct select_item *item = &select->items.at[i];
        if (has_aggregate(item->expr) || item->expr->is_constant) continue;
        MR_TRY(add_group(select, groups, item->expr, item->pos, err));
    }
    select->stage = STAGE_ITEMS;
    groups->written = groups->exprs.count;
    return MR_OK;
}

/* ---- grouping sets ---- */

static mr_status make_sets(struct mr_select *select, const struct mr_sql_query *query,
                           uint32_t written, struct mr_plan *plan, struct mr_err *err)
{
    bool is_cube = query->grouping == MR_SQL_GROUP_CUBE;
    if (!is_cube && query->grouping != MR_SQL_GROUP_ROLLUP) return MR_OK;
    uint32_t total = plan->group_count;
    if (written > (is_cube ? CUBE_MAX : GROUPS_MAX) || total > GROUPS_MAX) {
        return mr_plan_fail(err, &query->group_by.first->pos, MR_E_LIMIT, ERR_ORDINAL,
                            "%s takes at most %d expressions", is_cube ? "CUBE" : "ROLLUP",
                            is_cube ? CUBE_MAX : GROUPS_MAX);
    }
    uint64_t written_bits = (UINT64_C(1) << written) - 1;
    uint64_t others = ((UINT64_C(1) << total) - 1) & ~written_bits;
    plan->set_count = is_cube ? UINT32_C(1) << written : written + 1;
    uint64_t *sets = MR_ARENA_ARRAY(select->planner->arena, uint64_t, plan->set_count);
    if (sets == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < plan->set_count; i++) {
        uint64_t set = is_cube ? written_bits & ~(uint64_t)i : (UINT64_C(1) << (written - i)) - 1;
        sets[i] = set | others;
    }
    plan->sets = sets;
    plan->has_grouping_id = true;
    return MR_OK;
}

/* ---- a subquery's conditions ---- */

/* Of `inner = outer`, which side is which; false when a condition is no such comparison. */
static bool split_equal(const struct mr_expr *condition, const struct mr_expr **out_inner,
                        const struct mr_expr **out_outer)
{
    if (condition->kind != MR_EXPR_CALL || condition->arg_count != 2) return false;
    struct mr_span name = mr_span_of(condition->function->name);
    if (!mr_span_eq(name, MR_SPAN("=")) && !mr_span_eq(name, MR_SPAN("<=>"))) return false;
    for (int i = 0; i < 2; i++) {
        const struct mr_expr *inner = condition->args[i], *outer = condition->args[1 - i];
        if (mr_expr_any_column(inner, SLOT_OUTER, SLOT_END)) continue;
        if (mr_expr_any_column(outer, 0, SLOT_OUTER)) continue;
        *out_inner = inner;
        *out_outer = outer;
        return true;
    }
    return false;
}

static mr_status refuse_correlated(struct mr_select *select, const char *what, struct mr_err *err)
{
    mr_err_set(err, MR_E_UNSUPPORTED, ERR_UNSUPPORTED,
               "a subquery that refers to the query around it and has %s is not supported here in "
               "this version",
               what);
    return select->pos == NULL ? MR_E_UNSUPPORTED
                               : mr_sql_locate(select->pos, MR_E_UNSUPPORTED, err);
}

/* A grouped subquery is grouped by what its conditions compare as well. */
static mr_status group_by_conditions(struct mr_select *select, struct groups *groups,
                                     struct mr_err *err)
{
    for (uint32_t i = 0; i < select->correlated.count; i++) {
        const struct mr_expr *inner, *outer;
        if (!split_equal(select->correlated.at[i], &inner, &outer)) {
            return refuse_correlated(select, "an aggregate and a condition that is no equality",
                                     err);
        }
        if (!LIST_ADD(select->planner->arena, &groups->exprs, inner)) return mr_plan_nomem(err);
    }
    return MR_OK;
}

/* What an aggregate gives over no rows. */
static mr_status empty_value(void *ctx, const struct mr_expr *expr,
                             const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_select *select = ctx;
    if (expr->kind != MR_EXPR_COLUMN || expr->index < SLOT_AGGREGATE ||
        expr->index >= SLOT_WINDOW) {
        return MR_OK;
    }
    const struct mr_aggregate_call *call =
        &select->aggregates.at[expr->index - SLOT_AGGREGATE].call;
    mr_aggregate_op op = call->function->op;
    bool is_count = op == MR_AGG_COUNT || op == MR_AGG_COUNT_IF || op == MR_AGG_REGR_COUNT ||
                    op == MR_AGG_APPROX_COUNT_DISTINCT;
    if (!is_count && !call->is_nullable) {
        return refuse_correlated(select, "an aggregate that is never null", err);
    }
    struct mr_value value = {.type = call->type, .is_null = !is_count};
    return mr_expr_literal(select->planner->builder, &value, out_expr, err);
}

/* The conditions of a grouped subquery, over the columns it will give. */
static mr_status give_conditions(struct mr_select *select, const struct groups *groups,
                                 struct subquery *sub, struct mr_err *err)
{
    struct planner *p = select->planner;
    const struct mr_expr **conditions =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, (size_t)select->correlated.count + 1);
    if (conditions == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < select->correlated.count; i++) {
        const struct mr_expr *inner, *outer, *sides[2];
        bool is_equal = split_equal(select->correlated.at[i], &inner, &outer);
        MR_ASSERT(is_equal);
        struct select_item item = {.expr = inner, .name = MR_SPAN("key")};
        uint32_t column = select->items.count;
        if (!LIST_ADD(p->arena, &select->items, item)) return mr_plan_nomem(err);
        MR_TRY(mr_expr_slot(p->builder, column, item.name, inner->type, inner->is_nullable,
                            &sides[0], err));
        sides[1] = outer;
        MR_TRY(mr_expr_call(p->builder, select->correlated.at[i]->name, sides, 2, &conditions[i],
                            err));
    }
    sub->conditions = conditions;
    sub->condition_count = select->correlated.count;
    if (groups->written > 0 || sub->condition_count == 0) return MR_OK;
    /* One row was there whatever is joined: without a match its value is that over no rows. */
    if (sub->kind != SUBQUERY_SCALAR) {
        return refuse_correlated(select, "an aggregate without GROUP BY, inside EXISTS or IN,",
                                 err);
    }
    MR_TRY(mr_expr_map(p->builder, select->items.at[0].expr, empty_value, select,
                       &sub->if_missing, err));
    if (sub->if_missing->kind == MR_EXPR_LITERAL && sub->if_missing->value.is_null) {
        sub->if_missing = NULL;
        return MR_OK;
    }
    struct select_item found = {.name = MR_SPAN("found")};
    MR_TRY(mr_expr_bool(p->builder, true, &found.expr, err));
    sub->found_column = select->items.count;
    return LIST_ADD(p->arena, &select->items, found) ? MR_OK : mr_plan_nomem(err);
}

/* ---- the node ---- */

static mr_status place_groups(struct mr_select *select, const struct groups *groups,
                              const struct mr_expr ***out_placed, struct mr_err *err)
{
    const struct mr_expr **placed = MR_ARENA_ARRAY(
        select->planner->arena, const struct mr_expr *, (size_t)groups->exprs.count + 1);
    if (placed == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < groups->exprs.count; i++) {
        MR_TRY(mr_select_place(select, groups->exprs.at[i], &placed[i], err));
    }
    *out_placed = placed;
    return MR_OK;
}

mr_status mr_select_place_aggregate(struct mr_select *select, struct mr_plan_aggregate *aggregate,
                                    struct mr_err *err)
{
    const struct mr_expr **args =
        MR_ARENA_ARRAY(select->planner->arena, const struct mr_expr *,
                       (size_t)aggregate->call.arg_count + 1);
    if (args == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < aggregate->call.arg_count; i++) {
        MR_TRY(mr_select_place(select, aggregate->call.args[i], &args[i], err));
    }
    aggregate->call.args = args;
    if (aggregate->filter == NULL) return MR_OK;
    return mr_select_place(select, aggregate->filter, &aggregate->filter, err);
}

static mr_status group_schema(struct mr_select *select, struct mr_plan *plan, struct mr_err *err)
{
    struct mr_arena *arena = select->planner->arena;
    uint32_t count = plan->group_count + plan->aggregate_count + (plan->has_grouping_id ? 1 : 0);
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, (size_t)count + 1);
    uint32_t n = 0;
    if (fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < plan->group_count; i++) {
        const struct mr_expr *group = plan->groups[i];
        fields[n++] = (struct mr_field){.name = group->kind == MR_EXPR_COLUMN ? group->name
                                                                              : MR_SPAN("group"),
                                        .type = group->type,
                                        .is_nullable = group->is_nullable || plan->sets != NULL};
    }
    for (uint32_t i = 0; i < plan->aggregate_count; i++) {
        const struct mr_aggregate_call *call = &plan->aggregates[i].call;
        fields[n++] = (struct mr_field){.name = mr_span_of(call->function->name),
                                        .type = call->type, .is_nullable = call->is_nullable};
    }
    if (plan->has_grouping_id) {
        fields[n++] = (struct mr_field){.name = MR_SPAN("spark_grouping_id"),
                                        .type = mr_type_of(MR_TYPE_LONG)};
    }
    plan->schema = mr_type_struct(arena, fields, n);
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

mr_status mr_select_group(struct mr_select *select, const struct mr_sql_query *query,
                          struct subquery *sub, struct mr_err *err)
{
    struct groups groups = {0};
    const struct mr_expr **placed;
    MR_TRY(bind_groups(select, query, &groups, err));
    MR_TRY(group_by_conditions(select, &groups, err));
    MR_TRY(place_groups(select, &groups, &placed, err));
    for (uint32_t i = 0; i < select->aggregates.count; i++) {
        MR_TRY(mr_select_place_aggregate(select, &select->aggregates.at[i], err));
    }
    struct mr_plan *plan =
        mr_plan_new(select->planner->arena, MR_PLAN_AGGREGATE, select->plan, NULL);
    if (plan == NULL) return mr_plan_nomem(err);
    plan->groups = placed;
    plan->group_count = groups.exprs.count;
    plan->aggregates = select->aggregates.at;
    plan->aggregate_count = select->aggregates.count;
    MR_TRY(make_sets(select, query, groups.written, plan, err));
    if (select->groupings.count > 0 && !plan->has_grouping_id) {
        return mr_plan_fail(err, &query->pos, MR_E_INVALID, ERR_AGGREGATE,
                            "grouping() and grouping_id() need ROLLUP or CUBE");
    }
    MR_TRY(group_schema(select, plan, err));
    select->plan = plan;
    select->is_grouped = true;
    select->groups = groups.exprs.at;
    select->group_count = groups.exprs.count;
    select->grouping_column = plan->group_count + plan->aggregate_count;
    return sub == NULL ? MR_OK : give_conditions(select, &groups, sub, err);
}

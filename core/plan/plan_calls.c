/* Calls that are no scalar functions: aggregates, window functions, grouping(). */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/calendar.h"
#include "core/expr/coerce.h"
#include "core/expr/expr_map.h"
#include "core/plan/plan_impl.h"

/* ---- aggregates ---- */

static mr_status bind_args(struct mr_select *select, const struct mr_sql_expr *call,
                           const struct mr_expr ***out_args, uint32_t *out_count,
                           struct mr_err *err)
{
    struct mr_arena *arena = select->planner->arena;
    const struct mr_expr **args =
        MR_ARENA_ARRAY(arena, const struct mr_expr *, call->args.count + 1);
    *out_count = 0;
    if (args == NULL) return mr_plan_nomem(err);
    const struct mr_sql_expr *first = call->args.first;
    bool is_count_star = call->args.count == 1 && first->kind == MR_SQL_EXPR_STAR &&
                         first->name.count == 0 &&
                         mr_span_ieq(call->name.first->text, MR_SPAN("count"));
    for (const struct mr_sql_expr *e = is_count_star ? NULL : first; e != NULL; e = e->next) {
        MR_TRY(mr_select_bind(select, e, &args[(*out_count)++], err));
    }
    *out_args = args;
    return MR_OK;
}

static bool is_same_call(const struct mr_plan_aggregate *a, const struct mr_plan_aggregate *b)
{
    if (a->call.function != b->call.function || a->call.arg_count != b->call.arg_count) {
        return false;
    }
    if (a->call.is_distinct != b->call.is_distinct) return false;
    if ((a->filter == NULL) != (b->filter == NULL)) return false;
    if (a->filter != NULL && !mr_expr_same(a->filter, b->filter)) return false;
    for (uint32_t i = 0; i < a->call.arg_count; i++) {
        const struct mr_expr *arg = a->call.args[i];
        if (!arg->is_deterministic || !mr_expr_same(arg, b->call.args[i])) return false;
    }
    return true;
}

/* The call with its arguments and filter; those of aggregates see rows, not groups. */
static mr_status bind_aggregate(struct mr_select *select, const struct mr_sql_expr *call,
                                const struct mr_aggregate_function *function,
                                struct mr_plan_aggregate *out_aggregate, struct mr_err *err)
{
    const struct mr_expr **args;
    uint32_t count;
    MR_TRY(bind_args(select, call, &args, &count, err));
    MR_TRY(mr_aggregate_resolve(select->planner->builder, function, args, count, call->is_distinct,
                                &out_aggregate->call, err));
    out_aggregate->filter = NULL;
    if (call->filter == NULL) return MR_OK;
    MR_TRY(mr_select_bind(select, call->filter, &out_aggregate->filter, err));
    return mr_plan_as_boolean(select->planner, "FILTER", &call->filter->pos,
                              out_aggregate->filter, &out_aggregate->filter, err);
}

static mr_status refuse_aggregate(struct mr_select *select, const struct mr_sql_expr *call,
                                  struct mr_err *err)
{
    struct mr_span name = call->name.first->text;
    if (select->stage == STAGE_WITHIN) {
        mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_AGGREGATE,
                     "the aggregate %.*s is inside another aggregate", (int)name.bytes, name.text);
        mr_err_help(err, "compute the inner one in a subquery");
    } else {
        mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_AGGREGATE,
                     "the aggregate %.*s is not allowed here: rows are not grouped yet",
                     (int)name.bytes, name.text);
        mr_err_help(err, "use HAVING to filter groups, or a subquery");
    }
    return MR_E_INVALID;
}

static mr_status call_aggregate(struct mr_select *select, const struct mr_sql_expr *call,
                                const struct mr_aggregate_function *function,
                                const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_plan_aggregate aggregate;
    if (select->stage != STAGE_ITEMS) return refuse_aggregate(select, call, err);
    bool may_use_aliases = select->may_use_aliases, is_alias_first = select->is_alias_first;
    select->stage = STAGE_WITHIN;
    select->may_use_aliases = select->is_alias_first = false;
    mr_status status = bind_aggregate(select, call, function, &aggregate, err);
    select->stage = STAGE_ITEMS;
    select->may_use_aliases = may_use_aliases;
    select->is_alias_first = is_alias_first;
    MR_TRY(status);
    uint32_t i = 0;
    while (i < select->aggregates.count &&
           !is_same_call(&select->aggregates.at[i], &aggregate)) {
        i++;
    }
    if (i == select->aggregates.count &&
        !LIST_ADD(select->planner->arena, &select->aggregates, aggregate)) {
        return mr_plan_nomem(err);
    }
    struct mr_span name;
    MR_TRY(mr_plan_aggregate_name(select->planner, &aggregate, call->is_distinct, &name, err));
    return mr_expr_slot(select->planner->builder, SLOT_AGGREGATE + i, name, aggregate.call.type,
                        aggregate.call.is_nullable, out_expr, err);
}

/* ---- window functions ---- */

static mr_status bind_orders(struct mr_select *select, const struct mr_sql_window *over,
                             struct mr_plan_window *window, struct mr_err *err)
{
    struct mr_arena *arena = select->planner->arena;
    struct mr_plan_order *orders =
        MR_ARENA_ARRAY(arena, struct mr_plan_order, over->order_by.count + 1);
    const struct mr_expr **keys =
        MR_ARENA_ARRAY(arena, const struct mr_expr *, over->partition_by.count + 1);
    if (orders == NULL || keys == NULL) return mr_plan_nomem(err);
    for (const struct mr_sql_expr *e = over->partition_by.first; e != NULL; e = e->next) {
        MR_TRY(mr_select_bind(select, e, &keys[window->partition_count++], err));
    }
    for (const struct mr_sql_order *o = over->order_by.first; o != NULL; o = o->next) {
        struct mr_plan_order *order = &orders[window->order_count++];
        order->is_descending = o->is_descending;
        order->is_nulls_first = o->is_nulls_first;
        MR_TRY(mr_select_bind(select, o->expr, &order->expr, err));
    }
    window->partition_by = keys;
    window->orders = orders;
    return MR_OK;
}

static mr_status bad_bound(const struct mr_sql_expr *distance, const char *why, struct mr_err *err)
{
    return mr_plan_fail(err, &distance->pos, MR_E_INVALID, ERR_WINDOW,
                        "this bound of a window's frame %s", why);
}

/* A distance in values of the one ORDER BY expression. */
static mr_status bind_distance(struct mr_select *select, const struct mr_plan_window *window,
                               const struct mr_sql_expr *distance, struct mr_value *out_value,
                               struct mr_err *err)
{
    const struct mr_expr *expr;
    if (window->order_count != 1) {
        return bad_bound(distance, "needs exactly one ORDER BY expression", err);
    }
    const struct mr_type *type = window->orders[0].expr->type;
    if (distance->kind == MR_SQL_EXPR_LITERAL && distance->literal == MR_SQL_LITERAL_INTERVAL) {
        const struct mr_sql_interval *interval = &distance->interval;
        int64_t us = (int64_t)interval->days * MR_US_PER_DAY + interval->us;
        bool is_date = type->id == MR_TYPE_DATE;
        if (!mr_type_is_time(type)) return bad_bound(distance, "is an interval of no time", err);
        if (interval->months != 0 || (is_date && us % MR_US_PER_DAY != 0)) {
            return bad_bound(distance, is_date ? "has to be whole days" : "has months", err);
        }
        *out_value = (struct mr_value){.type = type, .u.i64 = is_date ? us / MR_US_PER_DAY : us};
        return MR_OK;
    }
    MR_TRY(mr_select_bind(select, distance, &expr, err));
    if (!mr_type_is_number(type) || !mr_cast_is_implicit(expr->type, type)) {
        return bad_bound(distance, "does not fit the type of the ORDER BY expression", err);
    }
    MR_TRY(mr_expr_implicit(select->planner->builder, expr, type, &expr, err));
    if (expr->kind != MR_EXPR_LITERAL || expr->value.is_null) {
        return bad_bound(distance, "is no constant", err);
    }
    *out_value = expr->value;
    return MR_OK;
}

static bool is_negative(const struct mr_value *value)
{
    if (mr_type_is_float(value->type)) return !(value->u.f64 >= 0);
    return value->type->id == MR_TYPE_DECIMAL ? value->u.i128 < 0 : value->u.i64 < 0;
}

static void negate(struct mr_value *value)
{
    if (mr_type_is_float(value->type)) value->u.f64 = -value->u.f64;
    else if (value->type->id == MR_TYPE_DECIMAL) value->u.i128 = -value->u.i128;
    else value->u.i64 = -value->u.i64;
}

static mr_status bind_bound(struct mr_select *select, const struct mr_plan_window *window,
                            const struct mr_sql_bound *bound, struct mr_plan_bound *out_bound,
                            struct mr_err *err)
{
    struct mr_value value;
    *out_bound = (struct mr_plan_bound){.kind = MR_BOUND_UNBOUNDED};
    if (bound->kind == MR_SQL_BOUND_CURRENT_ROW) out_bound->kind = MR_BOUND_CURRENT;
    if (bound->distance == NULL) return MR_OK;
    out_bound->kind = MR_BOUND_OFFSET;
    if (window->is_range) {
        MR_TRY(bind_distance(select, window, bound->distance, &value, err));
    } else {
        const struct mr_expr *rows;
        MR_TRY(mr_select_bind(select, bound->distance, &rows, err));
        if (rows->kind != MR_EXPR_LITERAL || !mr_type_is_integer(rows->type) ||
            rows->value.is_null) {
            return bad_bound(bound->distance, "is no constant whole number", err);
        }
        value = rows->value;
    }
    if (is_negative(&value)) return bad_bound(bound->distance, "is negative", err);
    if (bound->kind == MR_SQL_BOUND_PRECEDING) negate(&value);
    out_bound->distance = value;
    out_bound->rows = window->is_range ? 0 : value.u.i64;
    return MR_OK;
}

/* -1, 0, 1: where a bound lies at the earliest; of offsets their sign. */
static int bound_rank(const struct mr_plan_bound *bound, bool is_from)
{
    if (bound->kind == MR_BOUND_UNBOUNDED) return is_from ? -2 : 2;
    if (bound->kind == MR_BOUND_CURRENT) return 0;
    return is_negative(&bound->distance) ? -1 : 1;
}

static mr_status bind_frame(struct mr_select *select, const struct mr_sql_expr *call,
                            struct mr_plan_window *window, struct mr_err *err)
{
    const struct mr_sql_window *over = call->over;
    bool takes_frame = window->call.function == NULL ||
                       (window->call.function->flags & MR_WINDOW_HAS_FRAME) != 0;
    if (!over->has_frame) {
        window->is_range = over->order_by.count > 0;
        if (window->is_range) window->to.kind = MR_BOUND_CURRENT;
        return MR_OK;
    }
    if (!takes_frame) {
        return mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW, "%s takes no frame",
                            window->call.function->name);
    }
    window->is_range = over->is_range;
    MR_TRY(bind_bound(select, window, &over->from, &window->from, err));
    MR_TRY(bind_bound(select, window, &over->to, &window->to, err));
    bool is_reversed = over->from.kind == MR_SQL_BOUND_UNBOUNDED_FOLLOWING ||
                       over->to.kind == MR_SQL_BOUND_UNBOUNDED_PRECEDING ||
                       bound_rank(&window->from, true) > bound_rank(&window->to, false);
    if (!is_reversed) return MR_OK;
    return mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW,
                        "the frame ends before it begins");
}

static mr_status resolve_window(struct mr_select *select, const struct mr_sql_expr *call,
                                struct mr_plan_window *window, struct mr_err *err)
{
    struct mr_span name = call->name.first->text;
    const struct mr_window_function *function = mr_window_function_find(name);
    const struct mr_aggregate_function *aggregate = mr_aggregate_find(name);
    const struct mr_expr **args;
    uint32_t count;
    if (function == NULL && aggregate == NULL) {
        return mr_plan_fail(err, &call->name.pos, MR_E_INVALID, ERR_WINDOW,
                            "%.*s is neither a window function nor an aggregate",
                            (int)name.bytes, name.text);
    }
    if (function == NULL) return bind_aggregate(select, call, aggregate, &window->aggregate, err);
    if (call->is_distinct || call->filter != NULL) {
        return mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW,
                            "%s takes neither DISTINCT nor FILTER", function->name);
    }
    MR_TRY(bind_args(select, call, &args, &count, err));
    if ((function->flags & MR_WINDOW_NEEDS_ORDER) != 0 && call->over->order_by.count == 0) {
        mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW, "%s needs ORDER BY in its window",
                     function->name);
        mr_err_help(err, "write %s(..) OVER (ORDER BY ..)", function->name);
        return MR_E_INVALID;
    }
    return mr_window_function_resolve(select->planner->builder, function, args, count,
                                      &window->call, err);
}

static mr_status call_window(struct mr_select *select, const struct mr_sql_expr *call,
                             const struct mr_expr **out_expr, struct mr_err *err)
{
    struct window_call window = {0};
    if (select->stage != STAGE_ITEMS) {
        mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW,
                     "a window function is not allowed here");
        mr_err_help(err, "filter by it with QUALIFY, or in a query around this one");
        return MR_E_INVALID;
    }
    MR_TRY(resolve_window(select, call, &window.window, err));
    uint32_t before = select->windows.count;
    MR_TRY(bind_orders(select, call->over, &window.window, err));
    MR_TRY(bind_frame(select, call, &window.window, err));
    if (select->windows.count != before) {
        return mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW,
                            "a window function is inside another");
    }
    if (!LIST_ADD(select->planner->arena, &select->windows, window)) return mr_plan_nomem(err);
    struct mr_span name;
    MR_TRY(mr_plan_window_name(select->planner, &window.window, call->is_distinct, &name, err));
    bool is_aggregate = window.window.call.function == NULL;
    const struct mr_aggregate_call *aggregate = &window.window.aggregate.call;
    return mr_expr_slot(select->planner->builder, SLOT_WINDOW + select->windows.count - 1, name,
                        is_aggregate ? aggregate->type : window.window.call.type,
                        is_aggregate ? aggregate->is_nullable : window.window.call.is_nullable,
                        out_expr, err);
}

/* ---- grouping() ---- */

static mr_status call_grouping(struct mr_select *select, const struct mr_sql_expr *call,
                               bool is_id, const struct mr_expr **out_expr, struct mr_err *err)
{
    struct grouping_call grouping = {.is_id = is_id};
    if (select->stage != STAGE_ITEMS) return refuse_aggregate(select, call, err);
    if (!is_id && call->args.count != 1) {
        return mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_AGGREGATE,
                            "grouping takes one expression of GROUP BY");
    }
    MR_TRY(bind_args(select, call, &grouping.args, &grouping.arg_count, err));
    if (!LIST_ADD(select->planner->arena, &select->groupings, grouping)) return mr_plan_nomem(err);
    return mr_expr_slot(select->planner->builder, SLOT_GROUPING + select->groupings.count - 1,
                        call->name.first->text, mr_type_of(is_id ? MR_TYPE_LONG : MR_TYPE_BYTE),
                        false, out_expr, err);
}

mr_status mr_select_call(void *ctx, const struct mr_sql_expr *call,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_select *select = ctx;
    if (call->name.count != 1) return MR_OK;
    struct mr_span name = call->name.first->text;
    if (call->over != NULL) return call_window(select, call, out_expr, err);
    if (mr_span_ieq(name, MR_SPAN("grouping"))) {
        return call_grouping(select, call, false, out_expr, err);
    }
    if (mr_span_ieq(name, MR_SPAN("grouping_id"))) {
        return call_grouping(select, call, true, out_expr, err);
    }
    const struct mr_aggregate_function *aggregate = mr_aggregate_find(name);
    if (aggregate != NULL) return call_aggregate(select, call, aggregate, out_expr, err);
    if (mr_window_function_find(name) != NULL) {
        mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_WINDOW, "%.*s needs a window",
                     (int)name.bytes, name.text);
        mr_err_help(err, "write %.*s(..) OVER (..)", (int)name.bytes, name.text);
        return MR_E_INVALID;
    }
    if (mr_generator_is(name)) {
        mr_plan_fail(err, &call->pos, MR_E_INVALID, ERR_AGGREGATE,
                     "%.*s makes rows and cannot be part of an expression", (int)name.bytes,
                     name.text);
        mr_err_help(err, "use it alone in the SELECT list, or in LATERAL VIEW");
        return MR_E_INVALID;
    }
    return MR_OK;
}

/* SELECT, clause by clause. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/coerce.h"
#include "core/expr/expr_map.h"
#include "core/plan/plan_impl.h"

/* ---- the SELECT list ---- */

static mr_status add_item(struct mr_select *select, const struct select_item *item,
                          struct mr_err *err)
{
    return LIST_ADD(select->planner->arena, &select->items, *item) ? MR_OK : mr_plan_nomem(err);
}

static bool is_excepted(const struct mr_sql_expr *star, struct mr_span name)
{
    for (const struct mr_sql_name *n = star->except.first; n != NULL; n = n->next) {
        if (mr_span_ieq(n->text, name)) return true;
    }
    return false;
}

/* The columns of a star without a qualifier, or of one relation; how many there were. */
static mr_status expand_relation(struct mr_select *select, const struct mr_sql_expr *star,
                                 uint32_t *out_count, struct mr_err *err)
{
    const struct scope *scope = &select->from.scope;
    *out_count = 0;
    for (uint32_t i = 0; i < scope->count; i++) {
        const struct scope_column *column = &scope->columns[i];
        bool is_in = column->is_in_star;
        if (star->name.count > 0) {
            is_in = !column->is_hidden && column->relation.bytes > 0 &&
                    mr_span_ieq(column->relation, star->name.first->text);
        }
        if (!is_in) continue;
        (*out_count)++;
        if (is_excepted(star, column->name)) continue;
        struct select_item item = {.name = column->name, .metadata = column->metadata,
                                   .pos = &star->pos};
        MR_TRY(mr_expr_column(select->planner->builder, select->from.plan->schema, column->index,
                              &item.expr, err));
        MR_TRY(add_item(select, &item, err));
    }
    return MR_OK;
}

/* s.*: the members of a struct. */
static mr_status expand_struct(struct mr_select *select, const struct mr_sql_expr *star,
                               struct mr_err *err)
{
    const struct mr_expr *base;
    struct mr_sql_expr column = {.kind = MR_SQL_EXPR_COLUMN, .name = star->name, .pos = star->pos};
    MR_TRY(mr_select_bind(select, &column, &base, err));
    if (base->type->id != MR_TYPE_STRUCT) {
        return mr_plan_fail(err, &star->pos, MR_E_TYPE, ERR_STAR,
                            "only a relation or a struct can have .*");
    }
    for (uint32_t i = 0; i < base->type->field_count; i++) {
        const struct mr_field *field = &base->type->fields[i];
        struct select_item item = {.name = field->name, .metadata = field->metadata,
                                   .pos = &star->pos};
        if (is_excepted(star, field->name)) continue;
        MR_TRY(mr_expr_field(select->planner->builder, base, field->name, &item.expr, err));
        MR_TRY(add_item(select, &item, err));
    }
    return MR_OK;
}

static mr_status check_excepted(struct mr_select *select, const struct mr_sql_expr *star,
                                struct mr_err *err)
{
    for (const struct mr_sql_name *n = star->except.first; n != NULL; n = n->next) {
        const struct scope *scope = &select->from.scope;
        bool is_known = false;
        for (uint32_t i = 0; i < scope->count; i++) {
            is_known = is_known || mr_span_ieq(scope->columns[i].name, n->text);
        }
        if (is_known) continue;
        struct mr_sql_name one = *n;
        one.next = NULL;
        struct mr_sql_names names = {.first = &one, .last = &one, .count = 1, .pos = n->pos};
        return mr_select_hooks.unknown(select, &names, err);
    }
    return MR_OK;
}

static mr_status bind_star(struct mr_select *select, const struct mr_sql_expr *star,
                           struct mr_err *err)
{
    uint32_t count;
    MR_TRY(expand_relation(select, star, &count, err));
    if (count > 0) return check_excepted(select, star, err);
    if (star->name.count > 0) return expand_struct(select, star, err);
    return mr_plan_fail(err, &star->pos, MR_E_INVALID, ERR_STAR, "there is nothing for * here");
}

static bool is_generator(const struct mr_sql_expr *e)
{
    return e->kind == MR_SQL_EXPR_CALL && e->over == NULL && e->name.count == 1 &&
           mr_generator_is(e->name.first->text);
}

/* An item that makes rows: its columns are there once GENERATE has been added. */
static mr_status bind_generator(struct mr_select *select, const struct mr_sql_item *item,
                                const struct mr_generator **generator, struct mr_err *err)
{
    const struct mr_sql_expr *e = item->expr;
    struct mr_arena *arena = select->planner->arena;
    const struct mr_expr **args = MR_ARENA_ARRAY(arena, const struct mr_expr *, e->args.count + 1);
    const struct mr_sql_name *alias = item->alias.first;
    uint32_t count = 0;
    if (args == NULL) return mr_plan_nomem(err);
    if (*generator != NULL) {
        return mr_plan_fail(err, &e->pos, MR_E_INVALID, ERR_AGGREGATE,
                            "a SELECT list can have one function that makes rows");
    }
    for (const struct mr_sql_expr *a = e->args.first; a != NULL; a = a->next) {
        MR_TRY(mr_select_bind(select, a, &args[count++], err));
    }
    MR_TRY(mr_sql_locate(&e->pos,
                         mr_generator_bind(select->planner->builder, e->name.first->text, args,
                                           count, false, generator, err),
                         err));
    const struct mr_type *columns = (*generator)->columns;
    if (item->alias.count > 0 && item->alias.count != columns->field_count) {
        return mr_plan_fail(err, &item->alias.pos, MR_E_INVALID, ERR_ALIASES,
                            "%u names for %u columns", item->alias.count, columns->field_count);
    }
    for (uint32_t i = 0; i < columns->field_count; i++) {
        struct select_item made = {.name = columns->fields[i].name, .pos = &e->pos};
        if (alias != NULL) made.name = alias->text;
        if (alias != NULL) alias = alias->next;
        MR_TRY(mr_expr_slot(select->planner->builder, SLOT_GENERATOR + i, made.name,
                            columns->fields[i].type, columns->fields[i].is_nullable, &made.expr,
                            err));
        MR_TRY(add_item(select, &made, err));
    }
    return MR_OK;
}

static mr_status bind_items(struct mr_select *select, const struct mr_sql_query *query,
                            const struct mr_generator **out_generator, struct mr_err *err)
{
    *out_generator = NULL;
    select->stage = STAGE_ITEMS;
    select->may_use_aliases = true;
    for (const struct mr_sql_item *i = query->items.first; i != NULL; i = i->next) {
        struct select_item item = {.pos = &i->expr->pos, .is_alias = i->alias.count > 0};
        if (i->expr->kind == MR_SQL_EXPR_STAR) {
            MR_TRY(bind_star(select, i->expr, err));
            continue;
        }
        if (is_generator(i->expr)) {
            MR_TRY(bind_generator(select, i, out_generator, err));
            continue;
        }
        MR_TRY(mr_select_bind(select, i->expr, &item.expr, err));
        MR_TRY(mr_sql_output_name(select->planner->builder, i, item.expr, &item.name, err));
        if (item.expr->kind == MR_EXPR_COLUMN && item.expr->index < SLOT_AGGREGATE) {
            item.metadata = select->from.plan->schema->fields[item.expr->index].metadata;
        }
        MR_TRY(add_item(select, &item, err));
    }
    return MR_OK;
}

/* ---- windows ---- */

static mr_status place_list(struct mr_select *select, const struct mr_expr *const **list,
                            uint32_t count, struct mr_err *err)
{
    const struct mr_expr **placed =
        MR_ARENA_ARRAY(select->planner->arena, const struct mr_expr *, (size_t)count + 1);
    if (placed == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(mr_select_place(select, (*list)[i], &placed[i], err));
    }
    *list = placed;
    return MR_OK;
}

static mr_status place_window(struct mr_select *select, struct mr_plan_window *window,
                              struct mr_err *err)
{
    struct mr_plan_order *orders = MR_ARENA_ARRAY(select->planner->arena, struct mr_plan_order,
                                                  (size_t)window->order_count + 1);
    if (orders == NULL) return mr_plan_nomem(err);
    MR_TRY(place_list(select, &window->call.args, window->call.arg_count, err));
    MR_TRY(mr_select_place_aggregate(select, &window->aggregate, err));
    MR_TRY(place_list(select, &window->partition_by, window->partition_count, err));
    for (uint32_t i = 0; i < window->order_count; i++) {
        orders[i] = window->orders[i];
        MR_TRY(mr_select_place(select, orders[i].expr, &orders[i].expr, err));
    }
    window->orders = orders;
    return MR_OK;
}

static bool has_same_order(const struct mr_plan_window *a, const struct mr_plan_window *b)
{
    if (a->partition_count != b->partition_count || a->order_count != b->order_count) return false;
    for (uint32_t i = 0; i < a->partition_count; i++) {
        if (!mr_expr_same(a->partition_by[i], b->partition_by[i])) return false;
    }
    for (uint32_t i = 0; i < a->order_count; i++) {
        if (a->orders[i].is_descending != b->orders[i].is_descending ||
            a->orders[i].is_nulls_first != b->orders[i].is_nulls_first ||
            !mr_expr_same(a->orders[i].expr, b->orders[i].expr)) {
            return false;
        }
    }
    return true;
}

/* A WINDOW node for window `first` and all later ones of the same order. */
static mr_status add_window_node(struct mr_select *select, uint32_t first, struct mr_err *err)
{
    struct mr_arena *arena = select->planner->arena;
    const struct mr_type *below = select->plan->schema;
    struct mr_plan *plan = mr_plan_new(arena, MR_PLAN_WINDOW, select->plan, NULL);
    uint32_t room = select->windows.count - first;
    struct mr_plan_window *windows = MR_ARENA_ARRAY(arena, struct mr_plan_window, room);
    struct mr_field *fields =
        MR_ARENA_ARRAY(arena, struct mr_field, (size_t)below->field_count + room);
    if (plan == NULL || windows == NULL || fields == NULL) return mr_plan_nomem(err);
    if (below->field_count > 0) {
        memcpy(fields, below->fields, below->field_count * sizeof *fields);
    }
    for (uint32_t i = first; i < select->windows.count; i++) {
        struct window_call *call = &select->windows.at[i];
        if (call->is_placed) continue;
        if (!has_same_order(&call->window, &select->windows.at[first].window)) continue;
        bool is_aggregate = call->window.call.function == NULL;
        const struct mr_aggregate_call *aggregate = &call->window.aggregate.call;
        fields[below->field_count + plan->window_count] = (struct mr_field){
            .name = MR_SPAN("window"),
            .type = is_aggregate ? aggregate->type : call->window.call.type,
            .is_nullable = is_aggregate ? aggregate->is_nullable : call->window.call.is_nullable};
        call->column = below->field_count + plan->window_count;
        call->is_placed = true;
        windows[plan->window_count++] = call->window;
    }
    plan->windows = windows;
    plan->schema = mr_type_struct(arena, fields, below->field_count + plan->window_count);
    if (plan->schema == NULL) return mr_plan_nomem(err);
    select->plan = plan;
    return MR_OK;
}

static mr_status add_windows(struct mr_select *select, struct mr_err *err)
{
    for (uint32_t i = 0; i < select->windows.count; i++) {
        MR_TRY(place_window(select, &select->windows.at[i].window, err));
    }
    for (uint32_t i = 0; i < select->windows.count; i++) {
        if (!select->windows.at[i].is_placed) MR_TRY(add_window_node(select, i, err));
    }
    return MR_OK;
}

/* ---- a generator of the SELECT list ---- */

static mr_status add_generator(struct mr_select *select, const struct mr_generator *generator,
                               struct mr_err *err)
{
    struct mr_arena *arena = select->planner->arena;
    struct mr_generator *placed = MR_ARENA_NEW(arena, struct mr_generator);
    if (placed == NULL) return mr_plan_nomem(err);
    *placed = *generator;
    MR_TRY(place_list(select, &placed->inputs, placed->input_count, err));
    const struct mr_type *below = select->plan->schema;
    struct mr_plan *plan = mr_plan_new(arena, MR_PLAN_GENERATE, select->plan, NULL);
    uint32_t made = placed->columns->field_count;
    struct mr_field *fields =
        MR_ARENA_ARRAY(arena, struct mr_field, (size_t)below->field_count + made);
    if (plan == NULL || fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < below->field_count; i++) fields[i] = below->fields[i];
    for (uint32_t i = 0; i < made; i++) fields[below->field_count + i] = placed->columns->fields[i];
    plan->generator = placed;
    plan->schema = mr_type_struct(arena, fields, below->field_count + made);
    if (plan->schema == NULL) return mr_plan_nomem(err);
    select->generator_column = below->field_count;
    select->plan = plan;
    return MR_OK;
}

/* ---- ORDER BY ---- */

struct order_keys {
    struct mr_plan_order *orders; /* in slots */
    uint32_t count;
};

static mr_status bind_order(struct mr_select *select, const struct mr_sql_query *query,
                            struct order_keys *out_keys, struct mr_err *err)
{
    out_keys->orders = MR_ARENA_ARRAY(select->planner->arena, struct mr_plan_order,
                                      (size_t)query->order_by.count + 1);
    out_keys->count = 0;
    if (out_keys->orders == NULL) return mr_plan_nomem(err);
    select->is_alias_first = true;
    for (const struct mr_sql_order *o = query->order_by.first; o != NULL; o = o->next) {
        struct mr_plan_order *order = &out_keys->orders[out_keys->count++];
        order->is_descending = o->is_descending;
        order->is_nulls_first = o->is_nulls_first;
        MR_TRY(mr_select_bind_or_ordinal(select, o->expr, &order->expr, err));
        if (order->expr->type->id == MR_TYPE_MAP) {
            return mr_plan_fail(err, &o->expr->pos, MR_E_TYPE, ERR_ORDINAL,
                                "ORDER BY cannot order maps");
        }
    }
    select->is_alias_first = false;
    return MR_OK;
}

/* Puts the keys in terms of what PROJECT gives; a key that no item gives becomes one more item. */
static mr_status order_by_items(struct mr_select *select, const struct mr_sql_query *query,
                                struct order_keys *keys, struct mr_err *err)
{
    const struct mr_sql_order *written = query->order_by.first;
    for (uint32_t i = 0; i < keys->count; i++, written = written->next) {
        struct mr_plan_order *order = &keys->orders[i];
        uint32_t at = 0;
        while (at < select->items.count && !mr_expr_same(select->items.at[at].expr, order->expr)) {
            at++;
        }
        if (at == select->items.count && query->is_distinct) {
            mr_plan_fail(err, &written->expr->pos, MR_E_INVALID, ERR_ORDINAL,
                         "ORDER BY of SELECT DISTINCT takes what is in its list");
            return MR_E_INVALID;
        }
        struct select_item key = {.expr = order->expr, .name = MR_SPAN("key"),
                                  .pos = &written->expr->pos};
        if (at == select->items.count) MR_TRY(add_item(select, &key, err));
        MR_TRY(mr_expr_slot(select->planner->builder, at, select->items.at[at].name,
                            order->expr->type, order->expr->is_nullable, &order->expr, err));
    }
    return MR_OK;
}

static mr_status sort(struct mr_select *select, const struct order_keys *keys, uint32_t width,
                      struct mr_err *err)
{
    struct planner *p = select->planner;
    struct mr_plan *plan = mr_plan_new(p->arena, MR_PLAN_SORT, select->plan, NULL);
    struct select_item *items = MR_ARENA_ARRAY(p->arena, struct select_item, (size_t)width + 1);
    if (plan == NULL || items == NULL) return mr_plan_nomem(err);
    plan->orders = keys->orders;
    plan->order_count = keys->count;
    select->plan = plan;
    if (plan->schema->field_count == width) return MR_OK;
    for (uint32_t i = 0; i < width; i++) {
        items[i].name = plan->schema->fields[i].name;
        items[i].metadata = plan->schema->fields[i].metadata;
        MR_TRY(mr_expr_column(p->builder, plan->schema, i, &items[i].expr, err));
    }
    return mr_plan_project(p, plan, items, width, &select->plan, err);
}

/* ---- as a subquery ---- */

struct hide {
    struct mr_select *select;
    uint32_t first; /* item that stands for the first column read by conditions */
};

/* A column of FROM that a condition reads becomes an item behind the subquery's own. */
static mr_status hide_column(void *ctx, const struct mr_expr *expr,
                             const struct mr_expr **out_expr, struct mr_err *err)
{
    struct hide *hide = ctx;
    struct mr_select *select = hide->select;
    if (expr->kind != MR_EXPR_COLUMN || expr->index >= SLOT_AGGREGATE) return MR_OK;
    uint32_t at = hide->first;
    while (at < select->items.count && !mr_expr_same(select->items.at[at].expr, expr)) at++;
    struct select_item item = {.expr = expr, .name = expr->name};
    if (at == select->items.count) MR_TRY(add_item(select, &item, err));
    return mr_expr_slot(select->planner->builder, at, expr->name, expr->type, expr->is_nullable,
                        out_expr, err);
}

static mr_status give_conditions(struct mr_select *select, struct subquery *sub,
                                 struct mr_err *err)
{
    struct planner *p = select->planner;
    struct hide hide = {select, select->items.count};
    const struct mr_expr **conditions =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, (size_t)select->correlated.count + 1);
    if (conditions == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < select->correlated.count; i++) {
        MR_TRY(mr_expr_map(p->builder, select->correlated.at[i], hide_column, &hide,
                           &conditions[i], err));
    }
    sub->conditions = conditions;
    sub->condition_count = select->correlated.count;
    return MR_OK;
}

static mr_status check_correlated(const struct mr_select *select, const struct mr_sql_query *query,
                                  const struct subquery *sub, struct mr_err *err)
{
    if (select->correlated.count == 0) return MR_OK;
    if (select->windows.count > 0) {
        return mr_plan_refuse(err, &query->pos,
                              "a window function beside a reference to the query around");
    }
    bool is_limited = query->limit != NULL || query->offset != NULL;
    if (is_limited && sub->kind != SUBQUERY_EXISTS) {
        return mr_plan_refuse(err, &query->pos, "LIMIT beside a reference to the query around");
    }
    if (query->offset != NULL) {
        return mr_plan_refuse(err, &query->pos, "OFFSET beside a reference to the query around");
    }
    return MR_OK;
}

/* ---- the clauses in their order ---- */

static mr_status where(struct mr_select *select, const char *clause, const struct mr_sql_expr *e,
                       struct mr_err *err)
{
    const struct mr_expr *condition;
    if (e == NULL) return MR_OK;
    select->stage = STAGE_ROWS;
    select->pos = &e->pos;
    MR_TRY(mr_select_bind(select, e, &condition, err));
    MR_TRY(mr_plan_as_boolean(select->planner, clause, &e->pos, condition, &condition, err));
    return mr_select_where(select, condition, err);
}

static mr_status bind_condition(struct mr_select *select, const char *clause,
                                const struct mr_sql_expr *e, const struct mr_expr **out_expr,
                                struct mr_err *err)
{
    *out_expr = NULL;
    if (e == NULL) return MR_OK;
    MR_TRY(mr_select_bind(select, e, out_expr, err));
    return mr_plan_as_boolean(select->planner, clause, &e->pos, *out_expr, out_expr, err);
}

struct clauses {
    const struct mr_expr *having, *qualify;
    const struct mr_generator *generator;
    struct order_keys order;
};

static mr_status bind_clauses(struct mr_select *select, const struct mr_sql_query *query,
                              struct clauses *clauses, struct mr_err *err)
{
    MR_TRY(where(select, "WHERE", query->where, err));
    MR_TRY(bind_items(select, query, &clauses->generator, err));
    MR_TRY(bind_condition(select, "HAVING", query->having, &clauses->having, err));
    MR_TRY(bind_condition(select, "QUALIFY", query->qualify, &clauses->qualify, err));
    return bind_order(select, query, &clauses->order, err);
}

/* From grouping to the rows that PROJECT computes on. */
static mr_status plan_clauses(struct mr_select *select, const struct mr_sql_query *query,
                              const struct clauses *clauses, struct subquery *sub,
                              struct mr_err *err)
{
    bool is_grouped = query->grouping != MR_SQL_GROUP_NONE || query->group_by.count > 0 ||
                      select->aggregates.count > 0 || query->having != NULL ||
                      select->groupings.count > 0;
    select->pos = &query->pos;
    if (sub != NULL) sub->value_count = select->items.count;
    if (sub != NULL) MR_TRY(check_correlated(select, query, sub, err));
    if (is_grouped) MR_TRY(mr_select_group(select, query, sub, err));
    else if (sub != NULL) MR_TRY(give_conditions(select, sub, err));
    if (clauses->having != NULL) {
        select->pos = &query->having->pos;
        MR_TRY(mr_select_where(select, clauses->having, err));
    }
    MR_TRY(add_windows(select, err));
    if (clauses->qualify != NULL) {
        select->pos = &query->qualify->pos;
        MR_TRY(mr_select_where(select, clauses->qualify, err));
    }
    return clauses->generator == NULL ? MR_OK : add_generator(select, clauses->generator, err);
}

static mr_status project(struct mr_select *select, struct mr_err *err)
{
    for (uint32_t i = 0; i < select->items.count; i++) {
        struct select_item *item = &select->items.at[i];
        select->pos = item->pos;
        MR_TRY(mr_select_place(select, item->expr, &item->expr, err));
    }
    return mr_plan_project(select->planner, select->plan, select->items.at, select->items.count,
                           &select->plan, err);
}

mr_status mr_plan_select(struct planner *p, const struct mr_sql_query *query,
                         struct mr_select *outer, struct subquery *sub,
                         struct mr_plan **out_plan, struct mr_err *err)
{
    struct mr_select select = {.planner = p, .outer = outer};
    struct clauses clauses = {0};
    MR_TRY(mr_plan_from(p, query->from, &select.from, err));
    select.plan = select.from.plan;
    MR_TRY(bind_clauses(&select, query, &clauses, err));
    MR_TRY(plan_clauses(&select, query, &clauses, sub, err));
    uint32_t width = select.items.count;
    bool is_sorted = clauses.order.count > 0 && (sub == NULL || query->limit != NULL);
    if (is_sorted) MR_TRY(order_by_items(&select, query, &clauses.order, err));
    MR_TRY(project(&select, err));
    if (query->is_distinct) MR_TRY(mr_plan_distinct(p, select.plan, &select.plan, err));
    if (is_sorted) MR_TRY(sort(&select, &clauses.order, width, err));
    bool is_exists = sub != NULL && sub->kind == SUBQUERY_EXISTS && select.correlated.count > 0;
    if (!is_exists) MR_TRY(mr_plan_limit(p, select.plan, query, &select.plan, err));
    *out_plan = select.plan;
    return MR_OK;
}

/* ---- ORDER BY and LIMIT of other queries ---- */

mr_status mr_plan_order(struct planner *p, struct mr_plan *plan, const struct mr_sql_query *query,
                        struct mr_plan **out_plan, struct mr_err *err)
{
    struct from from = {.plan = plan};
    struct order_keys keys;
    uint32_t width = plan->schema->field_count;
    for (uint32_t i = 0; i < width; i++) {
        struct scope_column column = {.name = plan->schema->fields[i].name, .index = i,
                                      .is_in_star = true, .is_unqualified = true};
        MR_TRY(mr_scope_add(p, &from.scope, column, err));
    }
    struct mr_select select = {.planner = p, .from = from, .plan = plan, .pos = &query->pos};
    for (uint32_t i = 0; query->order_by.count > 0 && i < width; i++) {
        struct select_item item = {.name = plan->schema->fields[i].name,
                                   .metadata = plan->schema->fields[i].metadata};
        MR_TRY(mr_expr_column(p->builder, plan->schema, i, &item.expr, err));
        MR_TRY(add_item(&select, &item, err));
    }
    if (query->order_by.count > 0) {
        MR_TRY(bind_order(&select, query, &keys, err));
        MR_TRY(order_by_items(&select, query, &keys, err));
        if (select.items.count > width) MR_TRY(project(&select, err));
        MR_TRY(sort(&select, &keys, width, err));
    }
    return mr_plan_limit(p, select.plan, query, out_plan, err);
}

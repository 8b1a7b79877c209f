/* Plans as text, for EXPLAIN and for tests. */
#include <inttypes.h>

#include "core/base/assert.h"
#include "core/plan/logical.h"
#include "core/plan/plan_query.h"

static const char *const join_names[] = {
    [MR_JOIN_INNER] = "Inner", [MR_JOIN_LEFT] = "Left",     [MR_JOIN_RIGHT] = "Right",
    [MR_JOIN_FULL] = "Full",   [MR_JOIN_SEMI] = "Semi",     [MR_JOIN_ANTI] = "Anti",
    [MR_JOIN_MARK] = "Mark",   [MR_JOIN_SINGLE] = "Single",
};

static void write_exprs(const struct mr_expr *const *exprs, uint32_t count, struct mr_text *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) mr_text_adds(out, ", ");
        mr_expr_write_sql(exprs[i], out);
    }
}

static void write_span(struct mr_span span, struct mr_text *out)
{
    mr_text_add(out, span.text, span.bytes);
}

/* A column of which not all members are read is followed by those that are. */
static void write_wanted(const struct mr_type *type, const bool *wanted, struct mr_text *out)
{
    uint32_t at = 0, count = mr_type_below(type);
    bool is_whole = true, is_first = true;
    for (uint32_t i = 0; i < count; i++) is_whole = is_whole && wanted[i];
    if (is_whole || type->id != MR_TYPE_STRUCT) return;
    mr_text_addc(out, '{');
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct mr_type *member = type->fields[i].type;
        if (wanted[at]) {
            if (!is_first) mr_text_adds(out, ", ");
            write_span(type->fields[i].name, out);
            write_wanted(member, wanted + at + 1, out);
            is_first = false;
        }
        at += 1 + mr_type_below(member);
    }
    mr_text_addc(out, '}');
}

static void write_scan(const struct mr_plan *plan, struct mr_text *out)
{
    const struct mr_type *all = plan->relation->schema;
    mr_text_adds(out, "Scan ");
    write_span(plan->relation->name, out);
    mr_text_adds(out, " [");
    for (uint32_t i = 0; i < plan->schema->field_count; i++) {
        uint32_t column = plan->columns == NULL ? i : plan->columns[i], at = 1;
        if (i > 0) mr_text_adds(out, ", ");
        write_span(all->fields[column].name, out);
        for (uint32_t k = 0; k < column; k++) at += 1 + mr_type_below(all->fields[k].type);
        if (plan->wanted != NULL) write_wanted(all->fields[column].type, plan->wanted + at, out);
    }
    mr_text_addc(out, ']');
    if (plan->filter_count > 0) mr_text_adds(out, " skips by: ");
    write_exprs(plan->filter, plan->filter_count, out);
    if (plan->rows_wanted >= 0) mr_text_addf(out, " first %" PRId64, plan->rows_wanted);
}

static void write_aggregate_call(const struct mr_plan_aggregate *aggregate, struct mr_text *out)
{
    const struct mr_aggregate_call *call = &aggregate->call;
    mr_text_addf(out, "%s(%s", call->function->name, call->is_distinct ? "DISTINCT " : "");
    if (call->arg_count == 0) mr_text_addc(out, '*');
    write_exprs(call->args, call->arg_count, out);
    mr_text_addc(out, ')');
    if (aggregate->filter == NULL) return;
    mr_text_adds(out, " FILTER (WHERE ");
    mr_expr_write_sql(aggregate->filter, out);
    mr_text_addc(out, ')');
}

static void write_aggregate(const struct mr_plan *plan, struct mr_text *out)
{
    mr_text_adds(out, "Aggregate by [");
    write_exprs(plan->groups, plan->group_count, out);
    mr_text_adds(out, "] [");
    for (uint32_t i = 0; i < plan->aggregate_count; i++) {
        if (i > 0) mr_text_adds(out, ", ");
        write_aggregate_call(&plan->aggregates[i], out);
    }
    mr_text_addc(out, ']');
    if (plan->sets != NULL) mr_text_addf(out, " in %u grouping sets", plan->set_count);
}

static void write_orders(const struct mr_plan_order *orders, uint32_t count, struct mr_text *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) mr_text_adds(out, ", ");
        mr_expr_write_sql(orders[i].expr, out);
        mr_text_adds(out, orders[i].is_descending ? " DESC" : " ASC");
        mr_text_adds(out, orders[i].is_nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
}

static void write_bound(const struct mr_plan_bound *bound, const char *unbounded,
                        struct mr_text *out)
{
    switch (bound->kind) {
    case MR_BOUND_UNBOUNDED: mr_text_adds(out, unbounded); break;
    case MR_BOUND_CURRENT: mr_text_adds(out, "current"); break;
    case MR_BOUND_OFFSET: mr_text_addf(out, "%+" PRId64, bound->rows); break;
    }
}

static void write_windows(const struct mr_plan *plan, struct mr_text *out)
{
    const struct mr_plan_window *first = &plan->windows[0];
    mr_text_adds(out, "Window by [");
    write_exprs(first->partition_by, first->partition_count, out);
    mr_text_adds(out, "] order [");
    write_orders(first->orders, first->order_count, out);
    mr_text_adds(out, "] [");
    for (uint32_t i = 0; i < plan->window_count; i++) {
        const struct mr_plan_window *window = &plan->windows[i];
        if (i > 0) mr_text_adds(out, ", ");
        if (window->call.function == NULL) {
            write_aggregate_call(&window->aggregate, out);
        } else {
            mr_text_addf(out, "%s(", window->call.function->name);
            write_exprs(window->call.args, window->call.arg_count, out);
            mr_text_addc(out, ')');
        }
        mr_text_adds(out, window->is_range ? " range " : " rows ");
        write_bound(&window->from, "start", out);
        mr_text_adds(out, " to ");
        write_bound(&window->to, "end", out);
    }
    mr_text_addc(out, ']');
}

static void write_limit(const struct mr_plan *plan, struct mr_text *out)
{
    if (plan->limit >= 0) mr_text_addf(out, " limit %" PRId64, plan->limit);
    if (plan->offset > 0) mr_text_addf(out, " offset %" PRId64, plan->offset);
}

static void write_node(const struct mr_plan *plan, struct mr_text *out)
{
    switch (plan->kind) {
    case MR_PLAN_SCAN: write_scan(plan, out); break;
    case MR_PLAN_VALUES: mr_text_addf(out, "Values of %u rows", plan->row_count); break;
    case MR_PLAN_FILTER:
        mr_text_adds(out, "Filter ");
        write_exprs(plan->exprs, plan->expr_count, out);
        break;
    case MR_PLAN_PROJECT:
        mr_text_adds(out, "Project [");
        write_exprs(plan->exprs, plan->expr_count, out);
        mr_text_addc(out, ']');
        break;
    case MR_PLAN_AGGREGATE: write_aggregate(plan, out); break;
    case MR_PLAN_JOIN:
        mr_text_addf(out, "Join %s%s", join_names[plan->join],
                     plan->is_null_aware ? " null-aware" : "");
        mr_text_adds(out, plan->expr_count > 0 ? " on " : " of every pair");
        write_exprs(plan->exprs, plan->expr_count, out);
        break;
    case MR_PLAN_SORT:
        mr_text_adds(out, "Sort [");
        write_orders(plan->orders, plan->order_count, out);
        mr_text_addc(out, ']');
        write_limit(plan, out);
        break;
    case MR_PLAN_LIMIT:
        mr_text_adds(out, "Limit");
        write_limit(plan, out);
        break;
    case MR_PLAN_UNION: mr_text_adds(out, "Union"); break;
    case MR_PLAN_INTERSECT:
        mr_text_adds(out, plan->is_all ? "Intersect all" : "Intersect");
        break;
    case MR_PLAN_EXCEPT: mr_text_adds(out, plan->is_all ? "Except all" : "Except"); break;
    case MR_PLAN_WINDOW: write_windows(plan, out); break;
    case MR_PLAN_GENERATE:
        mr_text_adds(out, "Generate from ");
        write_exprs(plan->generator->inputs, plan->generator->input_count, out);
        break;
    }
}

static void write_tree(const struct mr_plan *plan, uint32_t depth, struct mr_text *out)
{
    for (uint32_t i = 0; i < depth; i++) mr_text_adds(out, "  ");
    write_node(plan, out);
    mr_text_addc(out, '\n');
    for (uint32_t i = 0; i < plan->input_count; i++) {
        write_tree(plan->inputs[i], depth + 1, out);
    }
}

void mr_plan_write(const struct mr_plan *plan, struct mr_text *out)
{
    write_tree(plan, 0, out);
}

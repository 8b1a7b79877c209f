/* How Spark names the output of a call: `sum(a)`, `count(1)`, `rank() OVER (..)`. */
#include <inttypes.h>

#include "core/base/assert.h"
#include "core/plan/plan_impl.h"

static void write_list(const struct mr_expr *const *exprs, uint32_t count, struct mr_text *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) mr_text_adds(out, ", ");
        mr_expr_write_sql(exprs[i], out);
    }
}

static void write_aggregate(const struct mr_plan_aggregate *aggregate, bool is_distinct,
                            struct mr_text *out)
{
    const struct mr_aggregate_call *call = &aggregate->call;
    mr_text_addf(out, "%s(%s", call->function->name, is_distinct ? "DISTINCT " : "");
    if (call->function->op == MR_AGG_COUNT && call->arg_count == 0) mr_text_addc(out, '1');
    write_list(call->args, call->arg_count, out);
    mr_text_addc(out, ')');
    if (aggregate->filter == NULL) return;
    mr_text_adds(out, " FILTER (WHERE ");
    mr_expr_write_sql(aggregate->filter, out);
    mr_text_addc(out, ')');
}

static void write_distance(const struct mr_plan_window *window, const struct mr_plan_bound *bound,
                           struct mr_text *out)
{
    const struct mr_type *type = bound->distance.type;
    if (!window->is_range) {
        mr_text_addf(out, "%" PRId64, bound->rows < 0 ? -bound->rows : bound->rows);
    } else if (type->id == MR_TYPE_FLOAT || type->id == MR_TYPE_DOUBLE) {
        double value = bound->distance.u.f64;
        mr_text_addf(out, "%g", value < 0 ? -value : value);
    } else {
        int64_t value = type->id == MR_TYPE_DECIMAL ? (int64_t)bound->distance.u.i128
                                                    : bound->distance.u.i64;
        mr_text_addf(out, "%" PRId64, value < 0 ? -value : value);
    }
}

static void write_bound(const struct mr_plan_window *window, const struct mr_plan_bound *bound,
                        bool is_from, struct mr_text *out)
{
    switch (bound->kind) {
    case MR_BOUND_UNBOUNDED:
        mr_text_addf(out, "UNBOUNDED %s", is_from ? "PRECEDING" : "FOLLOWING");
        break;
    case MR_BOUND_CURRENT: mr_text_adds(out, "CURRENT ROW"); break;
    case MR_BOUND_OFFSET: {
        double f64 = bound->distance.u.f64;
        bool is_float = bound->distance.type->id == MR_TYPE_FLOAT ||
                        bound->distance.type->id == MR_TYPE_DOUBLE;
        bool is_back = is_float ? f64 < 0 : bound->distance.u.i64 < 0;
        write_distance(window, bound, out);
        mr_text_adds(out, is_back ? " PRECEDING" : " FOLLOWING");
        break;
    }
    }
}

static void write_window(const struct mr_plan_window *window, bool is_distinct,
                         struct mr_text *out)
{
    if (window->call.function == NULL) {
        write_aggregate(&window->aggregate, is_distinct, out);
    } else {
        mr_text_addf(out, "%s(", window->call.function->name);
        write_list(window->call.args, window->call.arg_count, out);
        mr_text_addc(out, ')');
    }
    mr_text_adds(out, " OVER (");
    if (window->partition_count > 0) mr_text_adds(out, "PARTITION BY ");
    write_list(window->partition_by, window->partition_count, out);
    if (window->partition_count > 0) mr_text_addc(out, ' ');
    for (uint32_t i = 0; i < window->order_count; i++) {
        const struct mr_plan_order *order = &window->orders[i];
        mr_text_adds(out, i == 0 ? "ORDER BY " : ", ");
        mr_expr_write_sql(order->expr, out);
        mr_text_adds(out, order->is_descending ? " DESC" : " ASC");
        mr_text_adds(out, order->is_nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
    if (window->order_count > 0) mr_text_addc(out, ' ');
    mr_text_adds(out, window->is_range ? "RANGE BETWEEN " : "ROWS BETWEEN ");
    write_bound(window, &window->from, true, out);
    mr_text_adds(out, " AND ");
    write_bound(window, &window->to, false, out);
    mr_text_addc(out, ')');
}

static mr_status keep(struct planner *p, struct mr_text *text, struct mr_span *out_name,
                      struct mr_err *err)
{
    mr_status status = mr_text_end(text, err);
    if (status == MR_OK) {
        const char *copy = mr_arena_copy(p->arena, mr_text_span(text));
        *out_name = (struct mr_span){copy, text->used};
        if (copy == NULL) status = mr_plan_nomem(err);
    }
    mr_text_fini(text);
    return status;
}

mr_status mr_plan_aggregate_name(struct planner *p, const struct mr_plan_aggregate *aggregate,
                                 bool is_distinct, struct mr_span *out_name, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, p->arena->heap);
    write_aggregate(aggregate, is_distinct, &text);
    return keep(p, &text, out_name, err);
}

mr_status mr_plan_window_name(struct planner *p, const struct mr_plan_window *window,
                              bool is_distinct, struct mr_span *out_name, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, p->arena->heap);
    write_window(window, is_distinct, &text);
    return keep(p, &text, out_name, err);
}

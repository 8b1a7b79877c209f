#include "core/plan/physical.h"

#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/physical_impl.h"

static mr_status open_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a plan");
}

static mr_status open_input(struct physical *p, const struct mr_plan *plan, uint32_t k,
                            struct mr_operator **out_op, struct mr_err *err)
{
    return mr_physical_node(p, plan->inputs[k], out_op, err);
}

static struct mr_sort_key *sort_keys(struct physical *p, const struct mr_plan_order *orders,
                                     uint32_t count)
{
    struct mr_sort_key *keys = MR_ARENA_ARRAY(p->builder->arena, struct mr_sort_key, count);
    for (uint32_t i = 0; keys != NULL && i < count; i++) {
        keys[i] = (struct mr_sort_key){orders[i].expr, orders[i].is_descending,
                                       orders[i].is_nulls_first};
    }
    return keys;
}

static mr_status open_sort(struct physical *p, const struct mr_plan *plan,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *input;
    const struct mr_sort_key *keys = sort_keys(p, plan->orders, plan->order_count);
    if (keys == NULL) return open_nomem(err);
    MR_TRY(open_input(p, plan, 0, &input, err));
    return mr_op_sort(p->env, input, keys, plan->order_count, plan->limit, plan->offset, out_op,
                      err);
}

static struct mr_op_aggregate_call aggregate_call(const struct mr_plan_aggregate *from)
{
    return (struct mr_op_aggregate_call){.call = from->call, .filter = from->filter};
}

mr_status mr_physical_aggregate_spec(struct physical *p, const struct mr_plan *plan,
                                     struct mr_op_aggregate_spec *out, struct mr_err *err)
{
    struct mr_op_aggregate_call *calls =
        MR_ARENA_ARRAY(p->builder->arena, struct mr_op_aggregate_call, plan->aggregate_count);
    if (calls == NULL) return open_nomem(err);
    for (uint32_t i = 0; i < plan->aggregate_count; i++) {
        calls[i] = aggregate_call(&plan->aggregates[i]);
    }
    *out = (struct mr_op_aggregate_spec){
        .schema = plan->schema, .groups = plan->groups, .group_count = plan->group_count,
        .calls = calls, .call_count = plan->aggregate_count, .sets = plan->sets,
        .set_count = plan->set_count, .has_grouping_id = plan->has_grouping_id};
    return MR_OK;
}

static mr_status open_aggregate(struct physical *p, const struct mr_plan *plan,
                                struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *input;
    struct mr_op_aggregate_spec spec;
    MR_TRY(mr_physical_aggregate_spec(p, plan, &spec, err));
    MR_TRY(open_input(p, plan, 0, &input, err));
    return mr_op_aggregate(p->env, input, &spec, out_op, err);
}

static struct mr_op_bound bound_of(const struct mr_plan_bound *from)
{
    static const mr_op_bound_kind kinds[] = {[MR_BOUND_UNBOUNDED] = MR_OP_BOUND_UNBOUNDED,
                                             [MR_BOUND_CURRENT] = MR_OP_BOUND_CURRENT,
                                             [MR_BOUND_OFFSET] = MR_OP_BOUND_OFFSET};
    return (struct mr_op_bound){kinds[from->kind], from->rows, from->distance};
}

static mr_status open_window(struct physical *p, const struct mr_plan *plan,
                             struct mr_operator **out_op, struct mr_err *err)
{
    const struct mr_plan_window *first = &plan->windows[0];
    struct mr_operator *input;
    struct mr_op_window_call *calls =
        MR_ARENA_ARRAY(p->builder->arena, struct mr_op_window_call, plan->window_count);
    const struct mr_sort_key *keys = sort_keys(p, first->orders, first->order_count);
    if (calls == NULL || keys == NULL) return open_nomem(err);
    for (uint32_t i = 0; i < plan->window_count; i++) {
        const struct mr_plan_window *from = &plan->windows[i];
        calls[i] = (struct mr_op_window_call){
            .call = from->call, .aggregate = aggregate_call(&from->aggregate),
            .is_range = from->is_range, .from = bound_of(&from->from), .to = bound_of(&from->to)};
    }
    struct mr_op_window_spec spec = {
        .schema = plan->schema, .partition_by = first->partition_by,
        .partition_count = first->partition_count, .orders = keys,
        .order_count = first->order_count, .calls = calls, .call_count = plan->window_count};
    MR_TRY(open_input(p, plan, 0, &input, err));
    return mr_op_window(p->env, input, &spec, out_op, err);
}

/* open_both: both inputs, or none. */
static mr_status open_both(struct physical *p, const struct mr_plan *plan,
                           struct mr_operator **out_left, struct mr_operator **out_right,
                           struct mr_err *err)
{
    struct mr_operator *left, *right;
    MR_TRY(open_input(p, plan, 0, &left, err));
    mr_status status = open_input(p, plan, 1, &right, err);
    if (status != MR_OK) {
        mr_operator_fini(left);
        return status;
    }
    *out_left = left;
    *out_right = right;
    return MR_OK;
}

static mr_status open_set(struct physical *p, const struct mr_plan *plan,
                          struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *left, *right;
    MR_TRY(open_both(p, plan, &left, &right, err));
    if (plan->kind == MR_PLAN_UNION) {
        return mr_op_union(p->env, left, right, plan->schema, out_op, err);
    }
    return mr_op_setop(p->env, left, right, plan->schema, plan->kind == MR_PLAN_EXCEPT,
                       plan->is_all, out_op, err);
}

static mr_status open_one(struct physical *p, const struct mr_plan *plan,
                          struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *input;
    MR_TRY(open_input(p, plan, 0, &input, err));
    switch (plan->kind) {
    case MR_PLAN_FILTER:
        return mr_op_filter(p->env, input, plan->exprs, plan->expr_count, out_op, err);
    case MR_PLAN_PROJECT:
        return mr_op_project(p->env, input, plan->schema, plan->exprs, out_op, err);
    case MR_PLAN_LIMIT:
        return mr_op_limit(p->env, input, plan->limit, plan->offset, out_op, err);
    default:
        MR_ASSERT(plan->kind == MR_PLAN_GENERATE);
        return mr_op_generate(p->env, input, plan->schema, plan->generator, out_op, err);
    }
}

static mr_status open_join(struct physical *p, const struct mr_plan *plan,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct mr_operator *left, *right, *join;
    struct join_choice choice;
    MR_TRY(mr_physical_join(p, plan, &choice, err));
    MR_TRY(open_both(p, plan, &left, &right, err));
    if (!choice.is_swapped) return mr_op_join(p->env, left, right, &choice.spec, out_op, err);
    MR_TRY(mr_op_join(p->env, right, left, &choice.spec, &join, err));
    return mr_op_project(p->env, join, plan->schema, choice.back, out_op, err);
}

mr_status mr_physical_node(struct physical *p, const struct mr_plan *plan,
                           struct mr_operator **out_op, struct mr_err *err)
{
    switch (plan->kind) {
    case MR_PLAN_SCAN: return p->sources->open(p->sources->ctx, p->env, plan, out_op, err);
    case MR_PLAN_VALUES:
        return mr_op_values(p->env, plan->schema, plan->exprs, plan->row_count, out_op, err);
    case MR_PLAN_FILTER:
    case MR_PLAN_PROJECT:
    case MR_PLAN_LIMIT:
    case MR_PLAN_GENERATE: return open_one(p, plan, out_op, err);
    case MR_PLAN_AGGREGATE: return open_aggregate(p, plan, out_op, err);
    case MR_PLAN_JOIN: return open_join(p, plan, out_op, err);
    case MR_PLAN_SORT: return open_sort(p, plan, out_op, err);
    case MR_PLAN_UNION:
    case MR_PLAN_INTERSECT:
    case MR_PLAN_EXCEPT: return open_set(p, plan, out_op, err);
    case MR_PLAN_WINDOW: return open_window(p, plan, out_op, err);
    }
    MR_ASSERT(!"every kind of node is handled above");
    return MR_E_INTERNAL;
}

mr_status mr_physical_open(struct mr_query_env *env, struct mr_expr_builder *builder,
                           const struct mr_scan_sources *sources, const struct mr_plan *plan,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct physical p = {.env = env, .builder = builder, .sources = sources};
    return mr_physical_node(&p, plan, out_op, err);
}

static void write_node(const struct mr_operator *op, bool has_counts, uint32_t depth,
                       struct mr_text *out)
{
    for (uint32_t i = 0; i < depth; i++) mr_text_adds(out, "  ");
    mr_text_adds(out, op->kind->name);
    if (has_counts) {
        const struct mr_operator_counts *counts = &op->counts;
        mr_text_addf(out, "  rows=%llu batches=%llu", (unsigned long long)counts->rows,
                     (unsigned long long)counts->batches);
        if (op->env->is_measured) mr_text_addf(out, " time=%lldus", (long long)counts->busy_us);
        if (counts->peak_bytes > 0) mr_text_addf(out, " memory=%zu", counts->peak_bytes);
    }
    mr_text_addc(out, '\n');
    for (uint32_t k = 0; k < op->input_count; k++) {
        write_node(op->inputs[k], has_counts, depth + 1, out);
    }
}

void mr_physical_write(const struct mr_operator *op, bool has_counts, struct mr_text *out)
{
    write_node(op, has_counts, 0, out);
}

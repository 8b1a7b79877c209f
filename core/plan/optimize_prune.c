/* Columns that nobody asks for.
 *
 * From the top, every node is asked for columns by flags: one for each type below its schema, in
 * pre-order, so that a member of a struct can be asked for alone. It asks its inputs for what it
 * needs itself, leaves out what it need not give, and says where the columns that it gave before
 * are now. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/plan/optimize_impl.h"

enum { GONE = UINT32_MAX };

/* A node that gives less. places[old column] is its new column, or GONE; those asked for are there,
 * others may be. */
struct pruned {
    struct mr_plan *plan;
    uint32_t *places;
};

static mr_status prune(struct planner *p, struct mr_plan *plan, const bool *wanted,
                       struct pruned *out, struct mr_err *err);

/* ---- flags ---- */

static uint32_t flag_count(const struct mr_type *schema)
{
    return mr_type_below(schema);
}

static bool *new_flags(struct planner *p, const struct mr_type *schema)
{
    return MR_ARENA_ARRAY(p->arena, bool, (size_t)flag_count(schema) + 1);
}

static uint32_t flag_of(const struct mr_type *schema, uint32_t column)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < column; i++) at += 1 + mr_type_below(schema->fields[i].type);
    return at;
}

static void read_all(const struct mr_expr *const *exprs, uint32_t count,
                     const struct mr_type *schema, bool *flags)
{
    for (uint32_t i = 0; i < count; i++) {
        mr_expr_reads(exprs[i], schema, schema->field_count, flags);
    }
}

static uint32_t *new_places(struct planner *p, const struct mr_type *schema)
{
    uint32_t *places = MR_ARENA_ARRAY(p->arena, uint32_t, (size_t)schema->field_count + 1);
    for (uint32_t i = 0; places != NULL && i < schema->field_count; i++) places[i] = i;
    return places;
}

/* ---- expressions follow their columns ---- */

struct follow {
    struct mr_expr_builder *builder;
    const uint32_t *places;
};

static mr_status follow_column(void *ctx, const struct mr_expr *expr,
                               const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct follow *follow = ctx;
    if (expr->kind != MR_EXPR_COLUMN || follow->places[expr->index] == expr->index) return MR_OK;
    MR_ASSERT(follow->places[expr->index] != GONE);
    return mr_expr_slot(follow->builder, follow->places[expr->index], expr->name, expr->type,
                        expr->is_nullable, out_expr, err);
}

static mr_status follow_one(struct planner *p, const uint32_t *places, const struct mr_expr *expr,
                            const struct mr_expr **out_expr, struct mr_err *err)
{
    struct follow follow = {p->builder, places};
    return mr_expr_map(p->builder, expr, follow_column, &follow, out_expr, err);
}

static mr_status follow_all(struct planner *p, const uint32_t *places,
                            const struct mr_expr *const **exprs, uint32_t count,
                            struct mr_err *err)
{
    const struct mr_expr **moved =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, (size_t)count + 1);
    if (moved == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(follow_one(p, places, (*exprs)[i], &moved[i], err));
    }
    *exprs = moved;
    return MR_OK;
}

static mr_status follow_orders(struct planner *p, const uint32_t *places,
                               const struct mr_plan_order **orders, uint32_t count,
                               struct mr_err *err)
{
    struct mr_plan_order *moved = MR_ARENA_ARRAY(p->arena, struct mr_plan_order, (size_t)count + 1);
    if (moved == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        moved[i] = (*orders)[i];
        MR_TRY(follow_one(p, places, moved[i].expr, &moved[i].expr, err));
    }
    *orders = moved;
    return MR_OK;
}

static mr_status follow_aggregate(struct planner *p, const uint32_t *places,
                                  struct mr_plan_aggregate *aggregate, struct mr_err *err)
{
    MR_TRY(follow_all(p, places, &aggregate->call.args, aggregate->call.arg_count, err));
    if (aggregate->filter == NULL) return MR_OK;
    return follow_one(p, places, aggregate->filter, &aggregate->filter, err);
}

static void read_aggregate(const struct mr_plan_aggregate *aggregate, const struct mr_type *schema,
                           bool *flags)
{
    read_all(aggregate->call.args, aggregate->call.arg_count, schema, flags);
    if (aggregate->filter != NULL) read_all(&aggregate->filter, 1, schema, flags);
}

/* A node whose columns are those of its input. */
static mr_status keep_schema(struct mr_plan *plan, const struct pruned *input, struct pruned *out)
{
    plan->inputs[0] = input->plan;
    plan->schema = input->plan->schema;
    *out = (struct pruned){plan, input->places};
    return MR_OK;
}

/* ---- nodes ---- */

static mr_status prune_scan(struct planner *p, struct mr_plan *plan, const bool *wanted,
                            struct pruned *out, struct mr_err *err)
{
    const struct mr_type *schema = plan->schema;
    uint32_t *columns = MR_ARENA_ARRAY(p->arena, uint32_t, (size_t)schema->field_count + 1);
    struct mr_field *fields =
        MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)schema->field_count + 1);
    uint32_t *places = new_places(p, schema), count = 0;
    MR_ASSERT(plan->columns == NULL);
    if (columns == NULL || fields == NULL || places == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        places[i] = wanted[flag_of(schema, i)] ? count : GONE;
        if (places[i] == GONE) continue;
        columns[count] = i;
        fields[count++] = schema->fields[i];
    }
    plan->columns = columns;
    plan->wanted = wanted;
    plan->schema = mr_type_struct(p->arena, fields, count);
    *out = (struct pruned){plan, places};
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

static mr_status prune_filter(struct planner *p, struct mr_plan *plan, const bool *wanted,
                              struct pruned *out, struct mr_err *err)
{
    struct pruned input;
    bool *flags = new_flags(p, plan->schema);
    if (flags == NULL) return mr_plan_nomem(err);
    memcpy(flags, wanted, flag_count(plan->schema) * sizeof *flags);
    read_all(plan->exprs, plan->expr_count, plan->schema, flags);
    MR_TRY(prune(p, plan->inputs[0], flags, &input, err));
    MR_TRY(follow_all(p, input.places, &plan->exprs, plan->expr_count, err));
    return keep_schema(plan, &input, out);
}

/* An output that is a column passes on which of its members are asked for. */
static void read_output(const struct mr_expr *expr, const struct mr_type *type,
                        const bool *wanted, const struct mr_type *below, bool *flags)
{
    if (expr->kind != MR_EXPR_COLUMN) {
        read_all(&expr, 1, below, flags);
        return;
    }
    uint32_t at = flag_of(below, expr->index), count = 1 + mr_type_below(type);
    for (uint32_t i = 0; i < count; i++) flags[at + i] = flags[at + i] || wanted[i];
}

static bool is_cheap(const struct mr_expr *expr)
{
    while (expr->kind == MR_EXPR_FIELD) expr = expr->args[0];
    return expr->kind == MR_EXPR_COLUMN || expr->kind == MR_EXPR_LITERAL;
}

/* A projection of a projection becomes one, where nothing is computed twice by that. */
static mr_status merge_project(struct planner *p, struct mr_plan **plan,
                               struct select_item *items, uint32_t count, struct mr_err *err)
{
    const struct mr_plan *below = *plan;
    bool is_upper_cheap = true, is_lower_cheap = true, is_fixed = true;
    if (below->kind != MR_PLAN_PROJECT) return MR_OK;
    for (uint32_t i = 0; i < below->expr_count; i++) {
        is_lower_cheap = is_lower_cheap && is_cheap(below->exprs[i]);
        is_fixed = is_fixed && below->exprs[i]->is_deterministic;
    }
    for (uint32_t i = 0; i < count; i++) {
        is_upper_cheap = is_upper_cheap && items[i].expr->kind == MR_EXPR_COLUMN;
        for (uint32_t k = 0; k < i; k++) {
            is_upper_cheap = is_upper_cheap && !mr_expr_same(items[i].expr, items[k].expr);
        }
    }
    if (!is_fixed || (!is_upper_cheap && !is_lower_cheap)) return MR_OK;
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(mr_expr_replaced(p->builder, items[i].expr, below->exprs, &items[i].expr, err));
    }
    *plan = below->inputs[0];
    return MR_OK;
}

static mr_status prune_project(struct planner *p, struct mr_plan *plan, const bool *wanted,
                               struct pruned *out, struct mr_err *err)
{
    const struct mr_type *schema = plan->schema, *below = plan->inputs[0]->schema;
    struct pruned input;
    bool *flags = new_flags(p, below);
    uint32_t *places = new_places(p, schema), count = 0;
    struct select_item *items =
        MR_ARENA_ARRAY(p->arena, struct select_item, (size_t)schema->field_count + 1);
    if (flags == NULL || places == NULL || items == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        const bool *own = wanted + flag_of(schema, i);
        if (*own) read_output(plan->exprs[i], schema->fields[i].type, own, below, flags);
    }
    MR_TRY(prune(p, plan->inputs[0], flags, &input, err));
    for (uint32_t i = 0; i < schema->field_count; i++) {
        places[i] = wanted[flag_of(schema, i)] ? count : GONE;
        if (places[i] == GONE) continue;
        items[count].name = schema->fields[i].name;
        items[count].metadata = schema->fields[i].metadata;
        MR_TRY(follow_one(p, input.places, plan->exprs[i], &items[count++].expr, err));
    }
    double rows = plan->rows_expected;
    MR_TRY(merge_project(p, &input.plan, items, count, err));
    MR_TRY(mr_plan_project(p, input.plan, items, count, &plan, err));
    plan->rows_expected = rows;
    *out = (struct pruned){plan, places};
    return MR_OK;
}

static mr_status prune_aggregate(struct planner *p, struct mr_plan *plan, const bool *wanted,
                                 struct pruned *out, struct mr_err *err)
{
    const struct mr_type *schema = plan->schema, *below = plan->inputs[0]->schema;
    struct pruned input;
    bool *flags = new_flags(p, below);
    uint32_t *places = new_places(p, schema), count = 0, n = plan->group_count;
    struct mr_plan_aggregate *aggregates =
        MR_ARENA_ARRAY(p->arena, struct mr_plan_aggregate, (size_t)plan->aggregate_count + 1);
    struct mr_field *fields =
        MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)schema->field_count + 1);
    if (flags == NULL || places == NULL || aggregates == NULL || fields == NULL) {
        return mr_plan_nomem(err);
    }
    read_all(plan->groups, plan->group_count, below, flags);
    for (uint32_t i = 0; i < n; i++) fields[i] = schema->fields[i];
    for (uint32_t i = 0; i < plan->aggregate_count; i++) {
        uint32_t column = plan->group_count + i;
        places[column] = wanted[flag_of(schema, column)] ? n : GONE;
        if (places[column] == GONE) continue;
        aggregates[count++] = plan->aggregates[i];
        fields[n++] = schema->fields[column];
        read_aggregate(&plan->aggregates[i], below, flags);
    }
    if (plan->has_grouping_id) {
        places[schema->field_count - 1] = n;
        fields[n++] = schema->fields[schema->field_count - 1];
    }
    MR_TRY(prune(p, plan->inputs[0], flags, &input, err));
    MR_TRY(follow_all(p, input.places, &plan->groups, plan->group_count, err));
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(follow_aggregate(p, input.places, &aggregates[i], err));
    }
    plan->inputs[0] = input.plan;
    plan->aggregates = aggregates;
    plan->aggregate_count = count;
    plan->schema = mr_type_struct(p->arena, fields, n);
    *out = (struct pruned){plan, places};
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

/* What a join gives of each side, and its mark. */
static mr_status join_schema(struct planner *p, struct mr_plan *plan, const struct mr_type *old,
                             bool has_right, struct mr_err *err)
{
    const struct mr_type *left = plan->inputs[0]->schema, *right = plan->inputs[1]->schema;
    uint32_t n = 0;
    struct mr_field *fields = MR_ARENA_ARRAY(p->arena, struct mr_field,
                                             (size_t)left->field_count + right->field_count + 1);
    bool left_null = plan->join == MR_JOIN_RIGHT || plan->join == MR_JOIN_FULL;
    bool right_null = plan->join == MR_JOIN_LEFT || plan->join == MR_JOIN_FULL ||
                      plan->join == MR_JOIN_SINGLE;
    if (fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < left->field_count; i++, n++) {
        fields[n] = left->fields[i];
        if (left_null) fields[n].is_nullable = true;
    }
    for (uint32_t i = 0; has_right && i < right->field_count; i++, n++) {
        fields[n] = right->fields[i];
        if (right_null) fields[n].is_nullable = true;
    }
    if (plan->join == MR_JOIN_MARK) fields[n++] = old->fields[old->field_count - 1];
    plan->schema = mr_type_struct(p->arena, fields, n);
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

static mr_status prune_join(struct planner *p, struct mr_plan *plan, const bool *wanted,
                            struct pruned *out, struct mr_err *err)
{
    const struct mr_type *left = plan->inputs[0]->schema, *right = plan->inputs[1]->schema;
    const struct mr_type *old = plan->schema;
    bool has_right = plan->join != MR_JOIN_SEMI && plan->join != MR_JOIN_ANTI &&
                     plan->join != MR_JOIN_MARK;
    struct pruned sides[2];
    uint32_t flags_left = flag_count(left), flags_right = flag_count(right);
    bool *both = MR_ARENA_ARRAY(p->arena, bool, (size_t)flags_left + flags_right + 1);
    uint32_t *places = MR_ARENA_ARRAY(p->arena, uint32_t,
                                      (size_t)left->field_count + right->field_count + 1);
    struct mr_field *fields = MR_ARENA_ARRAY(p->arena, struct mr_field,
                                             (size_t)left->field_count + right->field_count + 1);
    if (both == NULL || places == NULL || fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < left->field_count; i++) fields[i] = left->fields[i];
    for (uint32_t i = 0; i < right->field_count; i++) {
        fields[left->field_count + i] = right->fields[i];
    }
    const struct mr_type *pair =
        mr_type_struct(p->arena, fields, left->field_count + right->field_count);
    if (pair == NULL) return mr_plan_nomem(err);
    memcpy(both, wanted, (has_right ? flags_left + flags_right : flags_left) * sizeof *both);
    read_all(plan->exprs, plan->expr_count, pair, both);
    MR_TRY(prune(p, plan->inputs[0], both, &sides[0], err));
    MR_TRY(prune(p, plan->inputs[1], both + flags_left, &sides[1], err));
    plan->inputs[0] = sides[0].plan;
    plan->inputs[1] = sides[1].plan;
    uint32_t width = plan->inputs[0]->schema->field_count;
    for (uint32_t i = 0; i < left->field_count; i++) places[i] = sides[0].places[i];
    for (uint32_t i = 0; i < right->field_count; i++) {
        uint32_t place = sides[1].places[i];
        places[left->field_count + i] = place == GONE ? GONE : width + place;
    }
    MR_TRY(follow_all(p, places, &plan->exprs, plan->expr_count, err));
    /* The mark follows the left's columns. */
    if (plan->join == MR_JOIN_MARK) places[left->field_count] = width;
    *out = (struct pruned){plan, places};
    return join_schema(p, plan, old, has_right, err);
}

static mr_status prune_sort(struct planner *p, struct mr_plan *plan, const bool *wanted,
                            struct pruned *out, struct mr_err *err)
{
    struct pruned input;
    bool *flags = new_flags(p, plan->schema);
    if (flags == NULL) return mr_plan_nomem(err);
    memcpy(flags, wanted, flag_count(plan->schema) * sizeof *flags);
    for (uint32_t i = 0; i < plan->order_count; i++) {
        read_all(&plan->orders[i].expr, 1, plan->schema, flags);
    }
    MR_TRY(prune(p, plan->inputs[0], flags, &input, err));
    MR_TRY(follow_orders(p, input.places, &plan->orders, plan->order_count, err));
    return keep_schema(plan, &input, out);
}

/* The columns of `plan` that are asked for, in their old order and under their old names. */
static mr_status project_wanted(struct planner *p, const struct pruned *pruned,
                                const struct mr_type *schema, const bool *wanted,
                                struct mr_plan **out_plan, struct mr_err *err)
{
    struct select_item *items =
        MR_ARENA_ARRAY(p->arena, struct select_item, (size_t)schema->field_count + 1);
    const struct mr_type *now = pruned->plan->schema;
    uint32_t count = 0;
    bool is_same = true;
    if (items == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        if (wanted != NULL && !wanted[flag_of(schema, i)]) continue;
        uint32_t place = pruned->places[i];
        is_same = is_same && place == count &&
                  mr_span_eq(now->fields[place].name, schema->fields[i].name);
        items[count].name = schema->fields[i].name;
        items[count].metadata = schema->fields[i].metadata;
        MR_TRY(mr_expr_column(p->builder, now, place, &items[count++].expr, err));
    }
    *out_plan = pruned->plan;
    if (is_same && count == now->field_count) return MR_OK;
    double rows = pruned->plan->rows_expected;
    MR_TRY(mr_plan_project(p, pruned->plan, items, count, out_plan, err));
    (*out_plan)->rows_expected = rows;
    return MR_OK;
}

/* Rows that are compared are compared whole. */
static mr_status prune_set(struct planner *p, struct mr_plan *plan, const bool *wanted,
                           struct pruned *out, struct mr_err *err)
{
    const struct mr_type *schema = plan->schema;
    bool *flags = new_flags(p, schema);
    uint32_t *places = new_places(p, schema), count = 0;
    struct mr_field *fields =
        MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)schema->field_count + 1);
    if (flags == NULL || places == NULL || fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < flag_count(schema); i++) {
        flags[i] = plan->kind != MR_PLAN_UNION || wanted[i];
    }
    for (uint32_t i = 0; i < schema->field_count; i++) {
        places[i] = flags[flag_of(schema, i)] ? count : GONE;
        if (places[i] != GONE) fields[count++] = schema->fields[i];
    }
    for (uint32_t side = 0; side < 2; side++) {
        struct pruned input;
        const struct mr_type *old = plan->inputs[side]->schema;
        MR_TRY(prune(p, plan->inputs[side], flags, &input, err));
        MR_TRY(project_wanted(p, &input, old, flags, &plan->inputs[side], err));
    }
    plan->schema = mr_type_struct(p->arena, fields, count);
    *out = (struct pruned){plan, places};
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

static mr_status follow_window(struct planner *p, const uint32_t *places,
                               struct mr_plan_window *window, struct mr_err *err)
{
    MR_TRY(follow_all(p, places, &window->call.args, window->call.arg_count, err));
    MR_TRY(follow_aggregate(p, places, &window->aggregate, err));
    MR_TRY(follow_all(p, places, &window->partition_by, window->partition_count, err));
    return follow_orders(p, places, &window->orders, window->order_count, err);
}

static void read_window(const struct mr_plan_window *window, const struct mr_type *below,
                        bool *flags)
{
    read_all(window->call.args, window->call.arg_count, below, flags);
    read_aggregate(&window->aggregate, below, flags);
    read_all(window->partition_by, window->partition_count, below, flags);
    for (uint32_t i = 0; i < window->order_count; i++) {
        read_all(&window->orders[i].expr, 1, below, flags);
    }
}

static mr_status prune_window(struct planner *p, struct mr_plan *plan, const bool *wanted,
                              struct pruned *out, struct mr_err *err)
{
    const struct mr_type *schema = plan->schema, *below = plan->inputs[0]->schema;
    struct pruned input;
    bool *flags = new_flags(p, below);
    uint32_t *places = new_places(p, schema), count = 0;
    struct mr_plan_window *windows =
        MR_ARENA_ARRAY(p->arena, struct mr_plan_window, plan->window_count);
    struct mr_field *fields =
        MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)schema->field_count + 1);
    if (flags == NULL || places == NULL || windows == NULL || fields == NULL) {
        return mr_plan_nomem(err);
    }
    memcpy(flags, wanted, flag_count(below) * sizeof *flags);
    for (uint32_t i = 0; i < plan->window_count; i++) {
        uint32_t column = below->field_count + i;
        places[column] = wanted[flag_of(schema, column)] ? count : GONE;
        if (places[column] == GONE) continue;
        read_window(&plan->windows[i], below, flags);
        windows[count++] = plan->windows[i];
    }
    MR_TRY(prune(p, plan->inputs[0], flags, &input, err));
    const struct mr_type *now = input.plan->schema;
    for (uint32_t i = 0; i < below->field_count; i++) places[i] = input.places[i];
    for (uint32_t i = 0; i < now->field_count; i++) fields[i] = now->fields[i];
    for (uint32_t i = 0; i < plan->window_count; i++) {
        uint32_t column = below->field_count + i;
        if (places[column] == GONE) continue;
        MR_TRY(follow_window(p, input.places, &windows[places[column]], err));
        places[column] += now->field_count;
        fields[places[column]] = schema->fields[column];
    }
    plan->inputs[0] = input.plan;
    plan->windows = windows;
    plan->window_count = count;
    plan->schema = mr_type_struct(p->arena, fields, now->field_count + count);
    *out = (struct pruned){count == 0 ? input.plan : plan, places};
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

static mr_status prune_generate(struct planner *p, struct mr_plan *plan, const bool *wanted,
                                struct pruned *out, struct mr_err *err)
{
    const struct mr_type *schema = plan->schema, *below = plan->inputs[0]->schema;
    struct pruned input;
    bool *flags = new_flags(p, below);
    uint32_t *places = new_places(p, schema);
    struct mr_generator *generator = MR_ARENA_NEW(p->arena, struct mr_generator);
    struct mr_field *fields =
        MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)schema->field_count + 1);
    if (flags == NULL || places == NULL || generator == NULL || fields == NULL) {
        return mr_plan_nomem(err);
    }
    *generator = *plan->generator;
    memcpy(flags, wanted, flag_count(below) * sizeof *flags);
    read_all(generator->inputs, generator->input_count, below, flags);
    MR_TRY(prune(p, plan->inputs[0], flags, &input, err));
    MR_TRY(follow_all(p, input.places, &generator->inputs, generator->input_count, err));
    const struct mr_type *now = input.plan->schema;
    uint32_t made = schema->field_count - below->field_count;
    for (uint32_t i = 0; i < now->field_count; i++) fields[i] = now->fields[i];
    for (uint32_t i = 0; i < below->field_count; i++) places[i] = input.places[i];
    for (uint32_t i = 0; i < made; i++) {
        fields[now->field_count + i] = schema->fields[below->field_count + i];
        places[below->field_count + i] = now->field_count + i;
    }
    plan->inputs[0] = input.plan;
    plan->generator = generator;
    plan->schema = mr_type_struct(p->arena, fields, now->field_count + made);
    *out = (struct pruned){plan, places};
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

static mr_status prune_limit(struct planner *p, struct mr_plan *plan, const bool *wanted,
                             struct pruned *out, struct mr_err *err)
{
    struct pruned input;
    MR_TRY(prune(p, plan->inputs[0], wanted, &input, err));
    return keep_schema(plan, &input, out);
}

static mr_status prune(struct planner *p, struct mr_plan *plan, const bool *wanted,
                       struct pruned *out, struct mr_err *err)
{
    switch (plan->kind) {
    case MR_PLAN_SCAN: return prune_scan(p, plan, wanted, out, err);
    case MR_PLAN_VALUES:
        *out = (struct pruned){plan, new_places(p, plan->schema)};
        return out->places == NULL ? mr_plan_nomem(err) : MR_OK;
    case MR_PLAN_FILTER: return prune_filter(p, plan, wanted, out, err);
    case MR_PLAN_PROJECT: return prune_project(p, plan, wanted, out, err);
    case MR_PLAN_AGGREGATE: return prune_aggregate(p, plan, wanted, out, err);
    case MR_PLAN_JOIN: return prune_join(p, plan, wanted, out, err);
    case MR_PLAN_SORT: return prune_sort(p, plan, wanted, out, err);
    case MR_PLAN_LIMIT: return prune_limit(p, plan, wanted, out, err);
    case MR_PLAN_UNION:
    case MR_PLAN_INTERSECT:
    case MR_PLAN_EXCEPT: return prune_set(p, plan, wanted, out, err);
    case MR_PLAN_WINDOW: return prune_window(p, plan, wanted, out, err);
    case MR_PLAN_GENERATE: return prune_generate(p, plan, wanted, out, err);
    }
    MR_ASSERT(!"every kind of node is handled above");
    return MR_E_INTERNAL;
}

mr_status mr_optimize_prune(struct planner *p, struct mr_plan *plan, struct mr_plan **out_plan,
                            struct mr_err *err)
{
    struct pruned pruned;
    const struct mr_type *schema = plan->schema;
    bool *wanted = new_flags(p, schema);
    if (wanted == NULL) return mr_plan_nomem(err);
    memset(wanted, true, flag_count(schema) * sizeof *wanted);
    MR_TRY(prune(p, plan, wanted, &pruned, err));
    return project_wanted(p, &pruned, schema, NULL, out_plan, err);
}

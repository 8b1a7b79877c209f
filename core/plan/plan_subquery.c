/* Subqueries, and expressions put in terms of the plan as it stands. */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_map.h"
#include "core/expr/function.h"
#include "core/plan/plan_impl.h"

enum { NOT_JOINED = UINT32_MAX };

/* ---- binding ---- */

static mr_status wrong_count(const struct mr_sql_expr *e, uint32_t has, uint32_t wants,
                             struct mr_err *err)
{
    return mr_plan_fail(err, &e->pos, MR_E_INVALID, ERR_SUBQUERY,
                        "this subquery gives %u columns where %u %s", has, wants,
                        wants == 1 ? "is wanted" : "are wanted");
}

/* IN: the comparison of the left side with the subquery's columns becomes its first condition. */
static mr_status compare_in(struct mr_select *select, const struct mr_sql_expr *e,
                            struct subquery *sub, struct mr_err *err)
{
    struct mr_expr_builder *builder = select->planner->builder;
    const struct mr_sql_expr *left = e->args.first;
    bool is_row = left->kind == MR_SQL_EXPR_ROW;
    uint32_t count = is_row ? left->args.count : 1, n = 0;
    const struct mr_expr **equals =
        MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, (size_t)count + 1);
    const struct mr_expr **conditions = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *,
                                                       (size_t)sub->condition_count + 1);
    if (equals == NULL || conditions == NULL) return mr_plan_nomem(err);
    if (sub->value_count != count) return wrong_count(e, sub->value_count, count, err);
    for (const struct mr_sql_expr *v = is_row ? left->args.first : left; n < count; v = v->next) {
        const struct mr_expr *sides[2];
        MR_TRY(mr_select_bind(select, v, &sides[0], err));
        MR_TRY(mr_select_outer(select, sides[0], &sides[0], err));
        MR_TRY(mr_expr_column(builder, sub->plan->schema, n, &sides[1], err));
        MR_TRY(mr_expr_call(builder, MR_SPAN("="), sides, 2, &equals[n++], err));
    }
    conditions[0] = equals[0];
    if (count > 1) MR_TRY(mr_expr_call(builder, MR_SPAN("and"), equals, n, &conditions[0], err));
    for (uint32_t i = 0; i < sub->condition_count; i++) conditions[i + 1] = sub->conditions[i];
    sub->conditions = conditions;
    sub->condition_count++;
    return MR_OK;
}

static subquery_kind kind_of(const struct mr_sql_expr *e)
{
    switch (e->kind) {
    case MR_SQL_EXPR_EXISTS: return SUBQUERY_EXISTS;
    case MR_SQL_EXPR_IN_QUERY: return SUBQUERY_IN;
    default: return SUBQUERY_SCALAR;
    }
}

mr_status mr_select_query(void *ctx, const struct mr_sql_expr *e, const struct mr_expr **out_expr,
                          struct mr_err *err)
{
    struct mr_select *select = ctx;
    struct planner *p = select->planner;
    struct subquery sub = {.kind = kind_of(e), .column = NOT_JOINED};
    const struct mr_type *type = mr_type_of(MR_TYPE_BOOLEAN);
    if (select->stage == STAGE_WITHIN) {
        return mr_plan_refuse(err, &e->pos, "a subquery inside an aggregate");
    }
    MR_TRY(mr_plan_any(p, e->query, select, &sub, &sub.plan, err));
    if (sub.kind == SUBQUERY_EXISTS && sub.condition_count == 0) {
        struct mr_plan *first = mr_plan_new(p->arena, MR_PLAN_LIMIT, sub.plan, NULL);
        if (first == NULL) return mr_plan_nomem(err);
        first->limit = 1;
        sub.plan = first;
    }
    if (sub.kind == SUBQUERY_IN) MR_TRY(compare_in(select, e, &sub, err));
    if (sub.kind == SUBQUERY_SCALAR) {
        if (sub.value_count != 1) return wrong_count(e, sub.value_count, 1, err);
        type = sub.plan->schema->fields[0].type;
    }
    if (!LIST_ADD(p->arena, &select->subqueries, sub)) return mr_plan_nomem(err);
    struct mr_span name = sub.kind == SUBQUERY_SCALAR ? MR_SPAN("scalarsubquery()")
                          : sub.kind == SUBQUERY_IN   ? MR_SPAN("in (subquery)")
                                                      : MR_SPAN("exists(subquery)");
    MR_TRY(mr_expr_slot(p->builder, SLOT_QUERY + select->subqueries.count - 1, name, type,
                        sub.kind != SUBQUERY_EXISTS, out_expr, err));
    if (!e->is_negated) return MR_OK;
    return mr_expr_call(p->builder, MR_SPAN("not"), out_expr, 1, out_expr, err);
}

/* ---- joining ---- */

/* References to the query around are placed in its plan; the subquery's own columns wait beyond
 * SLOT_END, because placing may widen that plan. */
static mr_status place_outer(void *ctx, const struct mr_expr *expr,
                             const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_select *select = ctx;
    const struct mr_expr *slot;
    if (expr->kind != MR_EXPR_COLUMN) return MR_OK;
    bool is_outer = expr->index >= SLOT_OUTER;
    uint32_t index = is_outer ? expr->index - SLOT_OUTER : SLOT_END + expr->index;
    MR_TRY(mr_expr_slot(select->planner->builder, index, expr->name, expr->type,
                        expr->is_nullable, &slot, err));
    if (is_outer) return mr_select_place(select, slot, out_expr, err);
    *out_expr = slot;
    return MR_OK;
}

struct shift {
    struct mr_expr_builder *builder;
    uint32_t by;
};

static mr_status shift_own(void *ctx, const struct mr_expr *expr, const struct mr_expr **out_expr,
                           struct mr_err *err)
{
    const struct shift *shift = ctx;
    if (expr->kind != MR_EXPR_COLUMN || expr->index < SLOT_END) return MR_OK;
    return mr_expr_slot(shift->builder, expr->index - SLOT_END + shift->by, expr->name, expr->type,
                        expr->is_nullable, out_expr, err);
}

static mr_status join_conditions(struct mr_select *select, const struct subquery *sub,
                                 const struct mr_expr ***out_exprs, struct mr_err *err)
{
    struct mr_expr_builder *builder = select->planner->builder;
    const struct mr_expr **exprs = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *,
                                                  (size_t)sub->condition_count + 1);
    if (exprs == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < sub->condition_count; i++) {
        MR_TRY(mr_expr_map(builder, sub->conditions[i], place_outer, select, &exprs[i], err));
    }
    struct shift shift = {builder, select->plan->schema->field_count};
    for (uint32_t i = 0; i < sub->condition_count; i++) {
        MR_TRY(mr_expr_map(builder, exprs[i], shift_own, &shift, &exprs[i], err));
    }
    *out_exprs = exprs;
    return MR_OK;
}

/* The left's columns, then `more`, all of them nullable. */
static const struct mr_type *widened(struct mr_arena *arena, const struct mr_type *left,
                                     const struct mr_field *more, uint32_t count)
{
    struct mr_field *fields =
        MR_ARENA_ARRAY(arena, struct mr_field, (size_t)left->field_count + count);
    if (fields == NULL) return NULL;
    for (uint32_t i = 0; i < left->field_count; i++) fields[i] = left->fields[i];
    for (uint32_t i = 0; i < count; i++) {
        fields[left->field_count + i] = more[i];
        fields[left->field_count + i].is_nullable = true;
    }
    return mr_type_struct(arena, fields, left->field_count + count);
}

/* Joins a subquery to the plan; `join` is SEMI, ANTI, MARK or SINGLE. */
static mr_status join_subquery(struct mr_select *select, struct subquery *sub, mr_join kind,
                               struct mr_err *err)
{
    struct mr_arena *arena = select->planner->arena;
    const struct mr_expr **exprs;
    MR_TRY(join_conditions(select, sub, &exprs, err));
    const struct mr_type *left = select->plan->schema;
    struct mr_plan *plan = mr_plan_new(arena, MR_PLAN_JOIN, select->plan, sub->plan);
    struct mr_field mark = {.name = MR_SPAN("mark"), .type = mr_type_of(MR_TYPE_BOOLEAN)};
    if (plan == NULL) return mr_plan_nomem(err);
    plan->join = kind;
    plan->is_null_aware = sub->kind == SUBQUERY_IN && kind != MR_JOIN_SEMI;
    plan->exprs = exprs;
    plan->expr_count = sub->condition_count;
    if (kind == MR_JOIN_MARK) plan->schema = widened(arena, left, &mark, 1);
    if (kind == MR_JOIN_SINGLE) {
        plan->schema =
            widened(arena, left, sub->plan->schema->fields, sub->plan->schema->field_count);
    }
    if (plan->schema == NULL) return mr_plan_nomem(err);
    sub->column = left->field_count;
    select->plan = plan;
    return MR_OK;
}

/* What a joined subquery's slot stands for. */
static mr_status subquery_value(struct mr_select *select, const struct mr_expr *slot,
                                const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr_builder *builder = select->planner->builder;
    uint32_t index = slot->index - SLOT_QUERY;
    struct subquery *sub = &select->subqueries.at[index];
    if (sub->column == NOT_JOINED) {
        mr_join kind = sub->kind == SUBQUERY_SCALAR ? MR_JOIN_SINGLE : MR_JOIN_MARK;
        MR_TRY(join_subquery(select, sub, kind, err));
    }
    MR_TRY(mr_expr_slot(builder, sub->column, slot->name, slot->type, slot->is_nullable, out_expr,
                        err));
    if (sub->if_missing == NULL) return MR_OK;
    const struct mr_expr *found, *value = *out_expr;
    MR_TRY(mr_expr_slot(builder, sub->column + sub->found_column, slot->name,
                        mr_type_of(MR_TYPE_BOOLEAN), true, &found, err));
    MR_TRY(mr_expr_call(builder, MR_SPAN("is not null"), &found, 1, &found, err));
    return mr_expr_case(builder, NULL, &found, &value, 1, sub->if_missing, out_expr, err);
}

/* ---- placing ---- */

static mr_status not_grouped(struct mr_select *select, const struct mr_expr *column,
                             struct mr_err *err)
{
    mr_err_set(err, MR_E_INVALID, ERR_GROUPED,
               "column \"%.*s\" is neither in GROUP BY nor inside an aggregate",
               (int)column->name.bytes, column->name.text);
    mr_err_help(err, "add it to GROUP BY, or take any_value(%.*s)", (int)column->name.bytes,
                column->name.text);
    if (select->pos == NULL) return MR_E_INVALID;
    return mr_sql_locate(select->pos, MR_E_INVALID, err);
}

/* Bit `count - 1 - index` of the grouping id, as a byte. */
static mr_status grouping_bit(struct mr_select *select, const struct mr_expr *id, uint32_t index,
                              const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr_builder *builder = select->planner->builder;
    const struct mr_expr *args[2] = {id, NULL};
    struct mr_value value = {.type = mr_type_of(MR_TYPE_LONG)};
    value.u.i64 = INT64_C(1) << (select->group_count - 1 - index);
    MR_TRY(mr_expr_literal(builder, &value, &args[1], err));
    MR_TRY(mr_expr_call(builder, MR_SPAN("div"), args, 2, &args[0], err));
    value.u.i64 = 2;
    MR_TRY(mr_expr_literal(builder, &value, &args[1], err));
    return mr_expr_call(builder, MR_SPAN("%"), args, 2, out_expr, err);
}

static mr_status find_group(struct mr_select *select, const struct mr_expr *expr,
                            uint32_t *out_index, struct mr_err *err)
{
    for (uint32_t i = 0; i < select->group_count; i++) {
        if (!mr_expr_same(select->groups[i], expr)) continue;
        *out_index = i;
        return MR_OK;
    }
    mr_err_set(err, MR_E_INVALID, ERR_GROUPED, "grouping() takes what GROUP BY has");
    return select->pos == NULL ? MR_E_INVALID : mr_sql_locate(select->pos, MR_E_INVALID, err);
}

static mr_status grouping_value(struct mr_select *select, const struct mr_expr *slot,
                                const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr_builder *builder = select->planner->builder;
    const struct grouping_call *call = &select->groupings.at[slot->index - SLOT_GROUPING];
    const struct mr_expr *id, *sum = NULL;
    MR_TRY(mr_expr_slot(builder, select->grouping_column, slot->name, mr_type_of(MR_TYPE_LONG),
                        false, &id, err));
    for (uint32_t i = 0; i < call->arg_count; i++) {
        const struct mr_expr *bit, *two, *args[2];
        struct mr_value value = {.type = mr_type_of(MR_TYPE_LONG), .u.i64 = 2};
        uint32_t index;
        MR_TRY(find_group(select, call->args[i], &index, err));
        MR_TRY(grouping_bit(select, id, index, &bit, err));
        if (sum != NULL) {
            MR_TRY(mr_expr_literal(builder, &value, &two, err));
            args[0] = sum, args[1] = two;
            MR_TRY(mr_expr_call(builder, MR_SPAN("*"), args, 2, &args[0], err));
            args[1] = bit;
            MR_TRY(mr_expr_call(builder, MR_SPAN("+"), args, 2, &bit, err));
        }
        sum = bit;
    }
    *out_expr = sum == NULL ? id : sum;
    if (call->is_id) return MR_OK;
    return mr_expr_cast(builder, *out_expr, slot->type, MR_MODE_ANSI, out_expr, err);
}

static mr_status place_slot(struct mr_select *select, const struct mr_expr *slot,
                            const struct mr_expr **out_expr, struct mr_err *err)
{
    uint32_t index = slot->index;
    if (index >= SLOT_OUTER) {
        mr_err_set(err, MR_E_UNSUPPORTED, ERR_UNSUPPORTED,
                   "the column \"%.*s\" of the query around, outside of WHERE, is not supported "
                   "here in this version",
                   (int)slot->name.bytes, slot->name.text);
        return select->pos == NULL ? MR_E_UNSUPPORTED
                                   : mr_sql_locate(select->pos, MR_E_UNSUPPORTED, err);
    }
    if (index >= SLOT_GENERATOR) index = select->generator_column + (index - SLOT_GENERATOR);
    else if (index >= SLOT_GROUPING) return grouping_value(select, slot, out_expr, err);
    else if (index >= SLOT_QUERY) return subquery_value(select, slot, out_expr, err);
    else if (index >= SLOT_WINDOW) index = select->windows.at[index - SLOT_WINDOW].column;
    else if (index >= SLOT_AGGREGATE) index = select->group_count + (index - SLOT_AGGREGATE);
    else if (select->is_grouped) return not_grouped(select, slot, err);
    return mr_expr_slot(select->planner->builder, index, slot->name, slot->type,
                        slot->is_nullable, out_expr, err);
}

static mr_status place_part(void *ctx, const struct mr_expr *expr,
                            const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_select *select = ctx;
    for (uint32_t i = 0; select->is_grouped && i < select->group_count; i++) {
        if (!mr_expr_same(select->groups[i], expr)) continue;
        /* Of a group that some grouping set leaves out, null. */
        const struct mr_field *field = &select->plan->schema->fields[i];
        return mr_expr_slot(select->planner->builder, i, field->name, field->type,
                            field->is_nullable, out_expr, err);
    }
    if (expr->kind != MR_EXPR_COLUMN) return MR_OK;
    return place_slot(select, expr, out_expr, err);
}

mr_status mr_select_place(struct mr_select *select, const struct mr_expr *expr,
                          const struct mr_expr **out_expr, struct mr_err *err)
{
    return mr_expr_map(select->planner->builder, expr, place_part, select, out_expr, err);
}

/* ---- WHERE ---- */

/* The subquery that a conjunct consists of, or of its negation; null when it is something else. */
static struct subquery *alone(struct mr_select *select, const struct mr_expr *expr,
                              bool *out_is_negated)
{
    *out_is_negated = expr->kind == MR_EXPR_CALL && mr_span_eq(mr_span_of(expr->function->name),
                                                               MR_SPAN("not"));
    if (*out_is_negated) expr = expr->args[0];
    if (expr->kind != MR_EXPR_COLUMN || expr->index < SLOT_QUERY || expr->index >= SLOT_GROUPING) {
        return NULL;
    }
    struct subquery *sub = &select->subqueries.at[expr->index - SLOT_QUERY];
    return sub->kind == SUBQUERY_SCALAR || sub->column != NOT_JOINED ? NULL : sub;
}

static mr_status filter_by(struct mr_select *select, const struct mr_expr *conjunct,
                           struct mr_err *err)
{
    bool is_negated;
    struct subquery *sub = alone(select, conjunct, &is_negated);
    if (sub != NULL) {
        return join_subquery(select, sub, is_negated ? MR_JOIN_ANTI : MR_JOIN_SEMI, err);
    }
    MR_TRY(mr_select_place(select, conjunct, &conjunct, err));
    return mr_plan_filter(select->planner, select->plan, &conjunct, 1, &select->plan, err);
}

static mr_status keep_correlated(struct mr_select *select, const struct mr_expr *conjunct,
                                 struct mr_err *err)
{
    bool has_query = mr_expr_any_column(conjunct, SLOT_QUERY, SLOT_GROUPING);
    if (has_query || select->is_grouped) {
        mr_err_set(err, MR_E_UNSUPPORTED, ERR_UNSUPPORTED,
                   "a reference to the query around %s is not supported here in this version",
                   has_query ? "beside a subquery" : "in HAVING");
        return select->pos == NULL ? MR_E_UNSUPPORTED
                                   : mr_sql_locate(select->pos, MR_E_UNSUPPORTED, err);
    }
    if (!LIST_ADD(select->planner->arena, &select->correlated, conjunct)) return mr_plan_nomem(err);
    return MR_OK;
}

mr_status mr_select_where(struct mr_select *select, const struct mr_expr *condition,
                          struct mr_err *err)
{
    const struct mr_expr **conjuncts;
    uint32_t count, plain = 0;
    MR_TRY(mr_plan_conjuncts(select->planner->arena, condition, &conjuncts, &count, err));
    const struct mr_expr **placed =
        MR_ARENA_ARRAY(select->planner->arena, const struct mr_expr *, (size_t)count + 1);
    if (placed == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        if (mr_expr_any_column(conjuncts[i], SLOT_OUTER, SLOT_END)) {
            MR_TRY(keep_correlated(select, conjuncts[i], err));
            conjuncts[i] = NULL;
        } else if (!mr_expr_any_column(conjuncts[i], SLOT_QUERY, SLOT_GROUPING)) {
            MR_TRY(mr_select_place(select, conjuncts[i], &placed[plain++], err));
            conjuncts[i] = NULL;
        }
    }
    MR_TRY(mr_plan_filter(select->planner, select->plan, placed, plain, &select->plan, err));
    for (uint32_t i = 0; i < count; i++) {
        if (conjuncts[i] != NULL) MR_TRY(filter_by(select, conjuncts[i], err));
    }
    return MR_OK;
}

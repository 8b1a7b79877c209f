/* FROM: relations, joins and lateral views become plans with a scope. */
#include <stdio.h>

#include "core/base/assert.h"
#include "core/plan/plan_impl.h"

static mr_status from_any(struct planner *p, const struct mr_sql_relation *relation,
                          struct from *out_from, struct mr_err *err);

/* ---- aliases ---- */

/* All of a plan's columns under one alias; those from `visible` on are hidden. */
static mr_status scope_of(struct planner *p, const struct mr_plan *plan, uint32_t visible,
                          struct mr_span alias, struct scope *out_scope, struct mr_err *err)
{
    *out_scope = (struct scope){0};
    for (uint32_t i = 0; i < plan->schema->field_count; i++) {
        const struct mr_field *field = &plan->schema->fields[i];
        struct scope_column column = {.relation = alias, .name = field->name, .index = i,
                                      .metadata = field->metadata, .is_in_star = i < visible,
                                      .is_unqualified = true, .is_hidden = i >= visible};
        MR_TRY(mr_scope_add(p, out_scope, column, err));
    }
    return MR_OK;
}

/* AS alias(c, d): every visible column takes the alias, and its name from the list. */
static mr_status rename_columns(const struct mr_sql_relation *relation, struct scope *scope,
                        struct mr_err *err)
{
    const struct mr_sql_name *name = relation->columns.first;
    uint32_t visible = 0;
    if (relation->alias == NULL && name == NULL) return MR_OK;
    for (uint32_t i = 0; i < scope->count; i++) visible += scope->columns[i].is_in_star;
    if (relation->columns.count > 0 && relation->columns.count != visible) {
        return mr_plan_fail(err, &relation->columns.pos, MR_E_INVALID, ERR_ALIASES,
                            "%u names for %u columns", relation->columns.count, visible);
    }
    for (uint32_t i = 0; i < scope->count; i++) {
        struct scope_column *column = &scope->columns[i];
        if (relation->alias != NULL) column->relation = relation->alias->text;
        if (!column->is_in_star || name == NULL) continue;
        column->name = name->text;
        name = name->next;
    }
    return MR_OK;
}

/* ---- tables, functions, subqueries ---- */

static const struct named_query *find_cte(const struct planner *p,
                                          const struct mr_sql_relation *relation)
{
    if (relation->name.count != 1) return NULL;
    for (const struct named_query *q = p->ctes; q != NULL; q = q->next) {
        if (mr_span_ieq(q->cte->name->text, relation->name.first->text)) return q;
    }
    return NULL;
}

static mr_status from_cte(struct planner *p, const struct named_query *named,
                          struct from *out_from, struct mr_err *err)
{
    const struct named_query *saved = p->ctes;
    p->ctes = named->visible;
    mr_status status = mr_plan_any(p, named->cte->query, NULL, NULL, &out_from->plan, err);
    p->ctes = saved;
    MR_TRY(status);
    const struct mr_type *schema = out_from->plan->schema;
    MR_TRY(scope_of(p, out_from->plan, schema->field_count, named->cte->name->text,
                    &out_from->scope, err));
    if (named->cte->columns.count == 0) return MR_OK;
    struct mr_sql_relation renamed = {.alias = named->cte->name, .columns = named->cte->columns};
    return rename_columns(&renamed, &out_from->scope, err);
}

static mr_status from_catalog(struct planner *p, const struct mr_sql_relation *relation,
                              struct from *out_from, struct mr_err *err)
{
    struct mr_relation *found;
    MR_TRY(mr_sql_locate(&relation->name.pos,
                         p->catalog->find(p->catalog->ctx, relation, &found, err), err));
    struct mr_plan *plan = mr_plan_new(p->arena, MR_PLAN_SCAN, NULL, NULL);
    if (plan == NULL) return mr_plan_nomem(err);
    plan->relation = found;
    plan->schema = found->schema;
    plan->rows_expected = found->rows_expected;
    out_from->plan = plan;
    return scope_of(p, plan, found->visible_count, relation->name.last->text, &out_from->scope,
                    err);
}

static mr_status from_subquery(struct planner *p, const struct mr_sql_relation *relation,
                               struct from *out_from, struct mr_err *err)
{
    if (relation->is_lateral) return mr_plan_refuse(err, &relation->pos, "a LATERAL subquery");
    MR_TRY(mr_plan_any(p, relation->query, NULL, NULL, &out_from->plan, err));
    return scope_of(p, out_from->plan, out_from->plan->schema->field_count, MR_SPAN(""),
                    &out_from->scope, err);
}

/* ---- generators ---- */

static mr_status append_columns(struct planner *p, const struct mr_type *left,
                                const struct mr_type *right, bool left_nullable,
                                bool right_nullable, const struct mr_type **out_schema,
                                struct mr_err *err)
{
    uint32_t count = left->field_count + right->field_count;
    struct mr_field *fields = MR_ARENA_ARRAY(p->arena, struct mr_field, count);
    if (fields == NULL && count > 0) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        bool is_left = i < left->field_count;
        fields[i] = is_left ? left->fields[i] : right->fields[i - left->field_count];
        if (is_left ? left_nullable : right_nullable) fields[i].is_nullable = true;
    }
    *out_schema = mr_type_struct(p->arena, fields, count);
    return *out_schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

/* Expressions over one part of FROM, which have no aggregates and no subqueries. */
static mr_status bind_over(struct planner *p, const struct from *from,
                           const struct mr_sql_expr *e, const char *clause,
                           const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_select select = {.planner = p, .from = *from, .stage = STAGE_ROWS};
    MR_TRY(mr_select_bind(&select, e, out_expr, err));
    if (select.subqueries.count == 0) return MR_OK;
    char construct[80];
    snprintf(construct, sizeof construct, "a subquery in %s", clause);
    return mr_plan_refuse(err, &e->pos, construct);
}

static mr_status generate(struct planner *p, const struct mr_sql_relation *relation,
                          struct from *from, struct mr_err *err)
{
    struct mr_plan *plan = mr_plan_new(p->arena, MR_PLAN_GENERATE, from->plan, NULL);
    const struct mr_expr **args =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, relation->args.count + 1);
    uint32_t count = 0;
    if (plan == NULL || args == NULL) return mr_plan_nomem(err);
    for (const struct mr_sql_expr *e = relation->args.first; e != NULL; e = e->next) {
        MR_TRY(bind_over(p, from, e, "LATERAL VIEW", &args[count++], err));
    }
    MR_TRY(mr_sql_locate(&relation->name.pos,
                         mr_generator_bind(p->builder, relation->name.last->text, args, count,
                                           relation->is_outer, &plan->generator, err),
                         err));
    MR_TRY(append_columns(p, from->plan->schema, plan->generator->columns, false, false,
                          &plan->schema, err));
    from->plan = plan;
    return MR_OK;
}

/* The generator's columns join the scope under the view's alias. */
static mr_status from_lateral_view(struct planner *p, const struct mr_sql_relation *relation,
                                   struct from *out_from, struct mr_err *err)
{
    struct scope made;
    MR_TRY(from_any(p, relation->left, out_from, err));
    uint32_t width = out_from->plan->schema->field_count;
    MR_TRY(generate(p, relation, out_from, err));
    const struct mr_type *columns = out_from->plan->generator->columns;
    struct mr_plan part = {.schema = columns};
    MR_TRY(scope_of(p, &part, columns->field_count, MR_SPAN(""), &made, err));
    MR_TRY(rename_columns(relation, &made, err));
    for (uint32_t i = 0; i < made.count; i++) {
        made.columns[i].index += width;
        MR_TRY(mr_scope_add(p, &out_from->scope, made.columns[i], err));
    }
    return MR_OK;
}

/* FROM explode(..): a generator over one row. */
static mr_status from_generator(struct planner *p, const struct mr_sql_relation *relation,
                                struct from *out_from, struct mr_err *err)
{
    MR_TRY(mr_plan_from(p, NULL, out_from, err));
    MR_TRY(generate(p, relation, out_from, err));
    return scope_of(p, out_from->plan, out_from->plan->schema->field_count,
                    relation->name.last->text, &out_from->scope, err);
}

/* ---- joins ---- */

static const struct scope_column *find_side(const struct scope *scope, struct mr_span name)
{
    for (uint32_t i = 0; i < scope->count; i++) {
        const struct scope_column *column = &scope->columns[i];
        if (column->is_unqualified && column->is_in_star && mr_span_ieq(column->name, name)) {
            return column;
        }
    }
    return NULL;
}

struct join_parts {
    const struct mr_sql_relation *relation;
    struct from left, right;
    struct mr_plan *plan;
    uint32_t width; /* columns of the left */
    LIST_OF(const struct mr_expr *) conditions;
    LIST_OF(struct scope_column) merged; /* columns of USING and NATURAL */
    LIST_OF(const struct mr_expr *) coalesced; /* of FULL: what the merged columns are */
};

static mr_join join_of(mr_sql_join_kind kind)
{
    switch (kind) {
    case MR_SQL_JOIN_INNER:
    case MR_SQL_JOIN_CROSS: return MR_JOIN_INNER;
    case MR_SQL_JOIN_LEFT: return MR_JOIN_LEFT;
    case MR_SQL_JOIN_RIGHT: return MR_JOIN_RIGHT;
    case MR_SQL_JOIN_FULL: return MR_JOIN_FULL;
    case MR_SQL_JOIN_LEFT_SEMI: return MR_JOIN_SEMI;
    case MR_SQL_JOIN_LEFT_ANTI: return MR_JOIN_ANTI;
    }
    MR_ASSERT(!"every kind of join is handled above");
    return MR_JOIN_INNER;
}

/* The condition left.name = right.name, over both sides as an inner join gives them. */
static mr_status add_equal(struct planner *p, struct join_parts *join,
                           const struct mr_type *both, const struct mr_sql_pos *pos,
                           struct mr_span name, struct mr_err *err)
{
    const struct scope_column *left = find_side(&join->left.scope, name);
    const struct scope_column *right = find_side(&join->right.scope, name);
    const struct mr_expr *sides[2], *equal;
    if (left == NULL || right == NULL) {
        return mr_plan_fail(err, pos, MR_E_NOT_FOUND, ERR_COLUMN,
                            "column \"%.*s\" is not on the %s side of the join", (int)name.bytes,
                            name.text, left == NULL ? "left" : "right");
    }
    MR_TRY(mr_expr_column(p->builder, both, left->index, &sides[0], err));
    MR_TRY(mr_expr_column(p->builder, both, join->width + right->index, &sides[1], err));
    MR_TRY(mr_sql_locate(pos, mr_expr_call(p->builder, MR_SPAN("="), sides, 2, &equal, err), err));
    struct scope_column merged = *left;
    merged.relation = MR_SPAN("");
    if (join->plan->join == MR_JOIN_RIGHT) merged.index = join->width + right->index;
    if (join->plan->join == MR_JOIN_FULL) {
        const struct mr_expr *either;
        MR_TRY(mr_expr_call(p->builder, MR_SPAN("coalesce"), sides, 2, &either, err));
        merged.index = both->field_count + join->coalesced.count;
        if (!LIST_ADD(p->arena, &join->coalesced, either)) return mr_plan_nomem(err);
    }
    if (!LIST_ADD(p->arena, &join->conditions, equal) ||
        !LIST_ADD(p->arena, &join->merged, merged)) {
        return mr_plan_nomem(err);
    }
    return MR_OK;
}

static mr_status add_condition(struct planner *p, struct join_parts *join,
                               const struct from *both, struct mr_err *err)
{
    const struct mr_sql_relation *relation = join->relation;
    const struct mr_expr *on, **conjuncts;
    uint32_t count;
    for (const struct mr_sql_name *n = relation->using_names.first; n != NULL; n = n->next) {
        MR_TRY(add_equal(p, join, both->plan->schema, &n->pos, n->text, err));
    }
    for (uint32_t i = 0; relation->is_natural && i < join->left.scope.count; i++) {
        const struct scope_column *column = &join->left.scope.columns[i];
        if (find_side(&join->left.scope, column->name) != column) continue;
        if (find_side(&join->right.scope, column->name) == NULL) continue;
        MR_TRY(add_equal(p, join, both->plan->schema, &relation->pos, column->name, err));
    }
    if (relation->on == NULL) return MR_OK;
    MR_TRY(bind_over(p, both, relation->on, "ON", &on, err));
    MR_TRY(mr_plan_as_boolean(p, "ON", &relation->on->pos, on, &on, err));
    MR_TRY(mr_plan_conjuncts(p->arena, on, &conjuncts, &count, err));
    for (uint32_t i = 0; i < count; i++) {
        if (!LIST_ADD(p->arena, &join->conditions, conjuncts[i])) return mr_plan_nomem(err);
    }
    return MR_OK;
}

static bool is_merged(const struct join_parts *join, const struct scope_column *column)
{
    for (uint32_t i = 0; i < join->merged.count; i++) {
        if (column->is_in_star && mr_span_ieq(join->merged.at[i].name, column->name)) return true;
    }
    return false;
}

/* Columns of USING first, then the rest of the left, then of the right, as a star lists them. */
static mr_status join_scope(struct planner *p, struct join_parts *join, bool has_right,
                            struct scope *out_scope, struct mr_err *err)
{
    *out_scope = (struct scope){0};
    for (uint32_t i = 0; i < join->merged.count; i++) {
        MR_TRY(mr_scope_add(p, out_scope, join->merged.at[i], err));
    }
    for (int side = 0; side < (has_right ? 2 : 1); side++) {
        const struct scope *scope = side == 0 ? &join->left.scope : &join->right.scope;
        for (uint32_t i = 0; i < scope->count; i++) {
            struct scope_column column = scope->columns[i];
            bool is_part = is_merged(join, &column);
            if (side == 1) column.index += join->width;
            if (is_part) column.is_in_star = column.is_unqualified = false;
            MR_TRY(mr_scope_add(p, out_scope, column, err));
        }
    }
    return MR_OK;
}

/* FULL JOIN USING: the merged columns come behind all others. */
static mr_status project_coalesced(struct planner *p, struct join_parts *join,
                                   struct mr_plan **plan, struct mr_err *err)
{
    const struct mr_type *schema = (*plan)->schema;
    uint32_t count = schema->field_count + join->coalesced.count;
    struct select_item *items = MR_ARENA_ARRAY(p->arena, struct select_item, count);
    if (items == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t merged = i - schema->field_count;
        if (i < schema->field_count) {
            items[i].name = schema->fields[i].name;
            MR_TRY(mr_expr_column(p->builder, schema, i, &items[i].expr, err));
        } else {
            items[i].name = join->merged.at[merged].name;
            items[i].expr = join->coalesced.at[merged];
        }
    }
    return mr_plan_project(p, *plan, items, count, plan, err);
}

static mr_status from_join(struct planner *p, const struct mr_sql_relation *relation,
                           struct from *out_from, struct mr_err *err)
{
    struct join_parts join = {.relation = relation};
    struct from both = {0};
    if (relation->is_lateral) return mr_plan_refuse(err, &relation->pos, "a LATERAL join");
    MR_TRY(from_any(p, relation->left, &join.left, err));
    MR_TRY(from_any(p, relation->right, &join.right, err));
    join.width = join.left.plan->schema->field_count;
    join.plan = mr_plan_new(p->arena, MR_PLAN_JOIN, join.left.plan, join.right.plan);
    if (join.plan == NULL) return mr_plan_nomem(err);
    join.plan->join = join_of(relation->join);
    bool has_right = join.plan->join != MR_JOIN_SEMI && join.plan->join != MR_JOIN_ANTI;
    bool left_null = join.plan->join == MR_JOIN_RIGHT || join.plan->join == MR_JOIN_FULL;
    bool right_null = join.plan->join == MR_JOIN_LEFT || join.plan->join == MR_JOIN_FULL;
    struct mr_plan pair = {0};
    both.plan = &pair;
    /* FULL coalesces columns that may be null, ON compares those that are there. */
    MR_TRY(append_columns(p, join.left.plan->schema, join.right.plan->schema, left_null,
                          right_null, &pair.schema, err));
    MR_TRY(join_scope(p, &join, true, &both.scope, err));
    MR_TRY(add_condition(p, &join, &both, err));
    join.plan->exprs = join.conditions.at;
    join.plan->expr_count = join.conditions.count;
    join.plan->schema = has_right ? pair.schema : join.left.plan->schema;
    out_from->plan = join.plan;
    if (join.coalesced.count > 0) MR_TRY(project_coalesced(p, &join, &out_from->plan, err));
    return join_scope(p, &join, has_right, &out_from->scope, err);
}

/* ---- FROM ---- */

static mr_status from_named(struct planner *p, const struct mr_sql_relation *relation,
                            struct from *out_from, struct mr_err *err)
{
    const struct named_query *named = find_cte(p, relation);
    if (named != NULL) return from_cte(p, named, out_from, err);
    return from_catalog(p, relation, out_from, err);
}

static mr_status from_kind(struct planner *p, const struct mr_sql_relation *relation,
                           struct from *out_from, struct mr_err *err)
{
    switch (relation->kind) {
    case MR_SQL_RELATION_TABLE: return from_named(p, relation, out_from, err);
    case MR_SQL_RELATION_FUNCTION:
        if (relation->name.count == 1 && mr_generator_is(relation->name.first->text)) {
            return from_generator(p, relation, out_from, err);
        }
        return from_catalog(p, relation, out_from, err);
    case MR_SQL_RELATION_SUBQUERY: return from_subquery(p, relation, out_from, err);
    case MR_SQL_RELATION_NESTED: return from_any(p, relation->left, out_from, err);
    case MR_SQL_RELATION_JOIN: return from_join(p, relation, out_from, err);
    case MR_SQL_RELATION_LATERAL_VIEW: return from_lateral_view(p, relation, out_from, err);
    }
    MR_ASSERT(!"every kind of relation is handled above");
    return MR_E_INTERNAL;
}

static mr_status from_any(struct planner *p, const struct mr_sql_relation *relation,
                          struct from *out_from, struct mr_err *err)
{
    if (relation->is_stream) {
        return mr_plan_refuse(err, &relation->pos, "STREAM in a query that ends");
    }
    if (relation->dedup != NULL) {
        return mr_plan_refuse(err, &relation->pos, "DEDUPLICATE BY in a query that ends");
    }
    if (relation->watermark != NULL) {
        return mr_plan_refuse(err, &relation->pos, "WATERMARK in a query that ends");
    }
    MR_TRY(from_kind(p, relation, out_from, err));
    /* A lateral view's alias is that of its generator. */
    if (relation->kind == MR_SQL_RELATION_LATERAL_VIEW) return MR_OK;
    return rename_columns(relation, &out_from->scope, err);
}

mr_status mr_plan_from(struct planner *p, const struct mr_sql_relation *relation,
                       struct from *out_from, struct mr_err *err)
{
    *out_from = (struct from){0};
    if (relation != NULL) return from_any(p, relation, out_from, err);
    out_from->plan = mr_plan_new(p->arena, MR_PLAN_VALUES, NULL, NULL);
    if (out_from->plan == NULL) return mr_plan_nomem(err);
    out_from->plan->row_count = 1;
    out_from->plan->schema = mr_type_struct(p->arena, NULL, 0);
    return out_from->plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

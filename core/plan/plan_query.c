/* Queries of all kinds: VALUES, set operations, common table expressions. */
#include "core/plan/plan_query.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/coerce.h"
#include "core/plan/plan_impl.h"

enum { QUERIES_MAX = 10000 };

/* ---- VALUES ---- */

static mr_status bind_row(struct planner *p, const struct mr_sql_expr *row, uint32_t width,
                          const struct mr_expr **out_exprs, struct mr_err *err)
{
    struct mr_plan none = {.schema = mr_type_struct(p->arena, NULL, 0)};
    struct mr_select select = {.planner = p, .from = {.plan = &none}};
    bool is_row = row->kind == MR_SQL_EXPR_ROW;
    uint32_t n = 0;
    if (none.schema == NULL) return mr_plan_nomem(err);
    if ((is_row ? row->args.count : 1) != width) {
        return mr_plan_fail(err, &row->pos, MR_E_INVALID, ERR_SET,
                            "this row of VALUES has %u values, the first has %u",
                            is_row ? row->args.count : 1, width);
    }
    for (const struct mr_sql_expr *e = is_row ? row->args.first : row; n < width; e = e->next) {
        MR_TRY(mr_select_bind(&select, e, &out_exprs[n++], err));
        if (select.subqueries.count > 0) {
            return mr_plan_refuse(err, &e->pos, "a subquery in VALUES");
        }
    }
    return MR_OK;
}

/* The type that a column's values meet in, and all of them cast to it. */
static mr_status unify_column(struct planner *p, const struct mr_expr **exprs, uint32_t rows,
                              uint32_t width, const struct mr_sql_pos *pos,
                              struct mr_field *field, struct mr_err *err)
{
    field->type = exprs[0]->type;
    for (uint32_t i = 0; i < rows; i++) {
        const struct mr_type *common;
        MR_TRY(mr_type_common(p->arena, field->type, exprs[i * width]->type, &common, err));
        if (common == NULL) {
            char a[MR_TYPE_TEXT_MAX], b[MR_TYPE_TEXT_MAX];
            return mr_plan_fail(err, pos, MR_E_TYPE, ERR_SET,
                                "column %.*s of VALUES has values of types %s and %s",
                                (int)field->name.bytes, field->name.text,
                                mr_type_describe(field->type, a, sizeof a),
                                mr_type_describe(exprs[i * width]->type, b, sizeof b));
        }
        field->type = common;
        field->is_nullable = field->is_nullable || exprs[i * width]->is_nullable;
    }
    for (uint32_t i = 0; i < rows; i++) {
        MR_TRY(mr_expr_implicit(p->builder, exprs[i * width], field->type, &exprs[i * width],
                                err));
    }
    return MR_OK;
}

static mr_status plan_values(struct planner *p, const struct mr_sql_query *query,
                             struct mr_plan **out_plan, struct mr_err *err)
{
    const struct mr_sql_expr *first = query->rows.first;
    uint32_t width = first->kind == MR_SQL_EXPR_ROW ? first->args.count : 1, row = 0;
    struct mr_plan *plan = mr_plan_new(p->arena, MR_PLAN_VALUES, NULL, NULL);
    const struct mr_expr **exprs =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, (size_t)width * query->rows.count);
    struct mr_field *fields = MR_ARENA_ARRAY(p->arena, struct mr_field, width);
    if (plan == NULL || exprs == NULL || fields == NULL) return mr_plan_nomem(err);
    for (const struct mr_sql_expr *e = first; e != NULL; e = e->next) {
        MR_TRY(bind_row(p, e, width, exprs + (size_t)width * row++, err));
    }
    for (uint32_t i = 0; i < width; i++) {
        const char *name = mr_arena_format(p->arena, "col%u", i + 1);
        if (name == NULL) return mr_plan_nomem(err);
        fields[i].name = mr_span_of(name);
        MR_TRY(unify_column(p, exprs + i, row, width, &query->pos, &fields[i], err));
    }
    plan->exprs = exprs;
    plan->expr_count = width * row;
    plan->row_count = row;
    plan->schema = mr_type_struct(p->arena, fields, width);
    *out_plan = plan;
    return plan->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

/* ---- set operations ---- */

static const char *set_name(mr_sql_query_kind kind)
{
    if (kind == MR_SQL_QUERY_UNION) return "UNION";
    return kind == MR_SQL_QUERY_INTERSECT ? "INTERSECT" : "EXCEPT";
}

/* `plan` with its columns cast to those of `fields`; itself when they are so already. */
static mr_status cast_columns(struct planner *p, struct mr_plan *plan,
                              const struct mr_field *fields, struct mr_plan **out_plan,
                              struct mr_err *err)
{
    uint32_t count = plan->schema->field_count;
    struct select_item *items = MR_ARENA_ARRAY(p->arena, struct select_item, count);
    bool is_same = true;
    if (items == NULL && count > 0) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_expr *column;
        MR_TRY(mr_expr_column(p->builder, plan->schema, i, &column, err));
        items[i].name = fields[i].name;
        MR_TRY(mr_expr_implicit(p->builder, column, fields[i].type, &items[i].expr, err));
        is_same = is_same && items[i].expr == column;
    }
    *out_plan = plan;
    return is_same ? MR_OK : mr_plan_project(p, plan, items, count, out_plan, err);
}

static mr_status unify_sides(struct planner *p, const struct mr_sql_query *query,
                             struct mr_plan *sides[2], struct mr_field *fields,
                             struct mr_err *err)
{
    const struct mr_type *left = sides[0]->schema, *right = sides[1]->schema;
    if (left->field_count != right->field_count) {
        return mr_plan_fail(err, &query->right->pos, MR_E_INVALID, ERR_SET,
                            "%s of %u and %u columns", set_name(query->kind), left->field_count,
                            right->field_count);
    }
    for (uint32_t i = 0; i < left->field_count; i++) {
        fields[i] = left->fields[i];
        MR_TRY(mr_type_common(p->arena, left->fields[i].type, right->fields[i].type,
                              &fields[i].type, err));
        if (fields[i].type == NULL) {
            char a[MR_TYPE_TEXT_MAX], b[MR_TYPE_TEXT_MAX];
            return mr_plan_fail(err, &query->right->pos, MR_E_TYPE, ERR_SET,
                                "column %u of %s is %s on the left and %s on the right", i + 1,
                                set_name(query->kind),
                                mr_type_describe(left->fields[i].type, a, sizeof a),
                                mr_type_describe(right->fields[i].type, b, sizeof b));
        }
        if (query->kind == MR_SQL_QUERY_UNION && right->fields[i].is_nullable) {
            fields[i].is_nullable = true;
        }
    }
    for (int side = 0; side < 2; side++) {
        MR_TRY(cast_columns(p, sides[side], fields, &sides[side], err));
    }
    return MR_OK;
}

static mr_status plan_set(struct planner *p, const struct mr_sql_query *query,
                          struct mr_plan **out_plan, struct mr_err *err)
{
    struct mr_plan *sides[2];
    mr_plan_kind kind = query->kind == MR_SQL_QUERY_UNION       ? MR_PLAN_UNION
                        : query->kind == MR_SQL_QUERY_INTERSECT ? MR_PLAN_INTERSECT
                                                                : MR_PLAN_EXCEPT;
    MR_TRY(mr_plan_any(p, query->left, NULL, NULL, &sides[0], err));
    MR_TRY(mr_plan_any(p, query->right, NULL, NULL, &sides[1], err));
    uint32_t count = sides[0]->schema->field_count;
    struct mr_field *fields = MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)count + 1);
    if (fields == NULL) return mr_plan_nomem(err);
    MR_TRY(unify_sides(p, query, sides, fields, err));
    struct mr_plan *plan = mr_plan_new(p->arena, kind, sides[0], sides[1]);
    if (plan == NULL) return mr_plan_nomem(err);
    plan->is_all = query->is_all;
    plan->schema = mr_type_struct(p->arena, fields, count);
    if (plan->schema == NULL) return mr_plan_nomem(err);
    *out_plan = plan;
    bool must_compare = kind != MR_PLAN_UNION || !query->is_all;
    if (!must_compare) return MR_OK;
    struct mr_plan *distinct;
    MR_TRY(mr_sql_locate(&query->pos, mr_plan_distinct(p, plan, &distinct, err), err));
    if (kind == MR_PLAN_UNION) *out_plan = distinct;
    return MR_OK;
}

/* ---- any query ---- */

/* The CTEs of a query come into sight one after another; each sees those before it. */
static mr_status open_ctes(struct planner *p, const struct mr_sql_query *query, struct mr_err *err)
{
    for (const struct mr_sql_cte *cte = query->ctes.first; cte != NULL; cte = cte->next) {
        struct named_query *named = MR_ARENA_NEW(p->arena, struct named_query);
        if (named == NULL) return mr_plan_nomem(err);
        *named = (struct named_query){.cte = cte, .visible = p->ctes, .next = p->ctes};
        p->ctes = named;
    }
    return MR_OK;
}

static mr_status plan_kind(struct planner *p, const struct mr_sql_query *query,
                           struct mr_select *outer, struct subquery *sub,
                           struct mr_plan **out_plan, struct mr_err *err)
{
    if (query->kind == MR_SQL_QUERY_SELECT) {
        return mr_plan_select(p, query, outer, sub, out_plan, err);
    }
    switch (query->kind) {
    case MR_SQL_QUERY_VALUES: MR_TRY(plan_values(p, query, out_plan, err)); break;
    case MR_SQL_QUERY_NESTED: {
        bool is_bare = query->order_by.count == 0 && query->limit == NULL && query->offset == NULL;
        if (is_bare) return mr_plan_any(p, query->left, outer, sub, out_plan, err);
        MR_TRY(mr_plan_any(p, query->left, NULL, NULL, out_plan, err));
        break;
    }
    default: MR_TRY(plan_set(p, query, out_plan, err)); break;
    }
    MR_TRY(mr_plan_order(p, *out_plan, query, out_plan, err));
    if (sub != NULL) sub->value_count = (*out_plan)->schema->field_count;
    return MR_OK;
}

mr_status mr_plan_any(struct planner *p, const struct mr_sql_query *query, struct mr_select *outer,
                      struct subquery *sub, struct mr_plan **out_plan, struct mr_err *err)
{
    const struct named_query *saved = p->ctes;
    if (++p->queries > QUERIES_MAX) {
        return mr_plan_fail(err, &query->pos, MR_E_LIMIT, ERR_EXPANSION,
                            "the query expands to more than %d queries", QUERIES_MAX);
    }
    MR_TRY(open_ctes(p, query, err));
    mr_status status = plan_kind(p, query, outer, sub, out_plan, err);
    p->ctes = saved;
    return status;
}

mr_status mr_plan_query(struct mr_expr_builder *builder, const struct mr_plan_catalog *catalog,
                        const struct mr_sql_script *script, const struct mr_sql_query *query,
                        struct mr_plan **out_plan, struct mr_err *err)
{
    struct planner p = {.builder = builder, .arena = builder->arena, .catalog = catalog};
    if (err != NULL) *err = (struct mr_err){0};
    mr_status status = mr_plan_any(&p, query, NULL, NULL, out_plan, err);
    if (status != MR_OK && script != NULL) mr_err_origin(err, script->origin.text);
    return status;
}

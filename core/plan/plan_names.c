/* Names: which column of which relation a dotted name means. */
#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "core/expr/expr_map.h"
#include "core/plan/plan_impl.h"

mr_status mr_scope_add(struct planner *p, struct scope *scope, struct scope_column column,
                       struct mr_err *err)
{
    if (!mr_plan_list_grow(p->arena, &scope->columns, scope->count, &scope->capacity,
                           sizeof *scope->columns)) {
        return mr_plan_nomem(err);
    }
    scope->columns[scope->count++] = column;
    return MR_OK;
}

/* What was found: nothing, one column, or several that differ. */
struct finding {
    const struct scope_column *column;
    bool is_ambiguous;
    uint32_t parts;
};

static void found(struct finding *finding, const struct scope_column *column, uint32_t parts)
{
    if (finding->column == NULL) {
        finding->column = column;
        finding->parts = parts;
    } else if (finding->column->is_hidden && !column->is_hidden) {
        finding->column = column; /* a user's column hides a hidden one of its name */
    } else if (finding->column->index != column->index && !column->is_hidden) {
        finding->is_ambiguous = true;
    }
}

/* As in Spark, `t.a` is column a of relation t before it is member a of column t. */
static struct finding find(const struct scope *scope, const struct mr_sql_names *names)
{
    struct finding finding = {0};
    const struct mr_sql_name *first = names->first, *second = first->next;
    for (uint32_t i = 0; second != NULL && i < scope->count; i++) {
        const struct scope_column *column = &scope->columns[i];
        if (column->relation.bytes == 0 || !mr_span_ieq(column->relation, first->text)) continue;
        if (mr_span_ieq(column->name, second->text)) found(&finding, column, 2);
    }
    if (finding.column != NULL) return finding;
    for (uint32_t i = 0; i < scope->count; i++) {
        const struct scope_column *column = &scope->columns[i];
        if (!column->is_unqualified || !mr_span_ieq(column->name, first->text)) continue;
        found(&finding, column, 1);
    }
    return finding;
}

static mr_status ambiguous(const struct mr_sql_name *name, struct mr_err *err)
{
    return mr_plan_fail(err, &name->pos, MR_E_INVALID, ERR_AMBIGUOUS,
                        "column \"%.*s\" is there more than once", (int)name->text.bytes,
                        name->text.text);
}

static mr_status find_alias(struct mr_select *select, const struct mr_sql_names *names,
                            const struct mr_expr **out_expr, uint32_t *out_parts,
                            struct mr_err *err)
{
    const struct select_item *item = NULL;
    for (uint32_t i = 0; i < select->items.count; i++) {
        const struct select_item *other = &select->items.at[i];
        if (!other->is_alias && !select->is_alias_first) continue;
        if (!mr_span_ieq(other->name, names->first->text)) continue;
        if (item != NULL && !mr_expr_same(item->expr, other->expr)) {
            return ambiguous(names->first, err);
        }
        item = other;
    }
    if (item != NULL) {
        *out_expr = item->expr;
        *out_parts = 1;
    }
    return MR_OK;
}

static mr_status find_column(struct mr_select *select, const struct mr_sql_names *names,
                             const struct mr_expr **out_expr, uint32_t *out_parts,
                             struct mr_err *err)
{
    struct finding finding = find(&select->from.scope, names);
    if (finding.column == NULL) return MR_OK;
    if (finding.is_ambiguous) {
        return ambiguous(finding.parts == 2 ? names->first->next : names->first, err);
    }
    MR_TRY(mr_expr_column(select->planner->builder, select->from.plan->schema,
                          finding.column->index, out_expr, err));
    *out_parts = finding.parts;
    return MR_OK;
}

static mr_status find_here(struct mr_select *select, const struct mr_sql_names *names,
                           const struct mr_expr **out_expr, uint32_t *out_parts,
                           struct mr_err *err)
{
    if (select->is_alias_first && select->stage == STAGE_ITEMS) {
        MR_TRY(find_alias(select, names, out_expr, out_parts, err));
    }
    if (*out_parts == 0) MR_TRY(find_column(select, names, out_expr, out_parts, err));
    if (*out_parts == 0 && select->may_use_aliases) {
        MR_TRY(find_alias(select, names, out_expr, out_parts, err));
    }
    return MR_OK;
}

static mr_status to_outer(void *ctx, const struct mr_expr *expr, const struct mr_expr **out_expr,
                          struct mr_err *err)
{
    struct mr_expr_builder *builder = ctx;
    if (expr->kind != MR_EXPR_COLUMN) return MR_OK;
    if (expr->index >= SLOT_OUTER) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_UNSUPPORTED,
                          "a reference over two levels of subqueries is not supported here in "
                          "this version");
    }
    return mr_expr_slot(builder, SLOT_OUTER + expr->index, expr->name, expr->type,
                        expr->is_nullable, out_expr, err);
}

mr_status mr_select_outer(struct mr_select *select, const struct mr_expr *expr,
                          const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr_builder *builder = select->planner->builder;
    return mr_expr_map(builder, expr, to_outer, builder, out_expr, err);
}

static mr_status hook_name(void *ctx, const struct mr_sql_names *names,
                           const struct mr_expr **out_expr, uint32_t *out_parts,
                           struct mr_err *err)
{
    struct mr_select *select = ctx;
    const struct mr_expr *expr = NULL;
    MR_TRY(find_here(select, names, out_expr, out_parts, err));
    if (*out_parts > 0 || select->outer == NULL) return MR_OK;
    MR_TRY(find_here(select->outer, names, &expr, out_parts, err));
    if (*out_parts == 0) return MR_OK;
    return mr_select_outer(select, expr, out_expr, err);
}

/* The relation that a qualifier names, for the nearest names. */
static bool is_of(const struct scope_column *column, const struct mr_sql_names *names)
{
    return names->count < 2 || mr_span_ieq(column->relation, names->first->text);
}

static mr_status hook_unknown(void *ctx, const struct mr_sql_names *names, struct mr_err *err)
{
    const struct mr_select *select = ctx;
    const struct mr_sql_name *name = names->first;
    struct mr_nearest nearest;
    bool is_qualified = false;
    for (uint32_t i = 0; names->count > 1 && i < select->from.scope.count; i++) {
        is_qualified = is_qualified || is_of(&select->from.scope.columns[i], names);
    }
    if (is_qualified) name = name->next;
    mr_nearest_init(&nearest, name->text);
    for (uint32_t i = 0; i < select->from.scope.count; i++) {
        const struct scope_column *column = &select->from.scope.columns[i];
        if (!is_qualified || is_of(column, names)) mr_nearest_offer(&nearest, column->name);
    }
    struct mr_span where = is_qualified ? names->first->text : MR_SPAN("the query's relations");
    mr_plan_fail(err, &name->pos, MR_E_NOT_FOUND, ERR_COLUMN, "column \"%.*s\" not found in %.*s",
                 (int)name->text.bytes, name->text.text, (int)where.bytes, where.text);
    if (nearest.best.bytes > 0) {
        mr_err_help(err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return MR_E_NOT_FOUND;
}

const struct mr_bind_hooks mr_select_hooks = {
    .name = hook_name,
    .unknown = hook_unknown,
    .call = mr_select_call,
    .query = mr_select_query,
};

mr_status mr_select_bind(struct mr_select *select, const struct mr_sql_expr *e,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_bind_scope scope = {.hooks = &mr_select_hooks, .ctx = select};
    return mr_sql_bind_expr(select->planner->builder, e, &scope, out_expr, err);
}

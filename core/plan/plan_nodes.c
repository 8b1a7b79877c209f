/* Nodes that several clauses make, and the planner's errors and lists. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/coerce.h"
#include "core/expr/function.h"
#include "core/plan/plan_impl.h"

enum { LIST_FIRST = 8 };

bool mr_plan_list_grow(struct mr_arena *arena, void *at, uint32_t count, uint32_t *capacity,
                       size_t size)
{
    void *old;
    if (count < *capacity) return true;
    uint32_t wanted = *capacity == 0 ? LIST_FIRST : *capacity * 2;
    void *grown = mr_arena_zeroed_array(arena, wanted, size, alignof(max_align_t));
    if (grown == NULL) return false;
    memcpy(&old, at, sizeof old);
    if (count > 0) memcpy(grown, old, count * size);
    memcpy(at, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

/* ---- errors ---- */

mr_status mr_plan_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a query's plan");
}

mr_status mr_plan_fail(struct mr_err *err, const struct mr_sql_pos *pos, mr_status status,
                       uint32_t code, const char *fmt, ...)
{
    char message[MR_ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    mr_err_set(err, status, code, "%s", message);
    return mr_sql_locate(pos, status, err);
}

mr_status mr_plan_refuse(struct mr_err *err, const struct mr_sql_pos *pos, const char *construct)
{
    return mr_plan_fail(err, pos, MR_E_UNSUPPORTED, ERR_UNSUPPORTED,
                        "%s is not supported here in this version", construct);
}

/* ---- conditions ---- */

mr_status mr_plan_as_boolean(struct planner *p, const char *clause, const struct mr_sql_pos *pos,
                             const struct mr_expr *expr, const struct mr_expr **out_expr,
                             struct mr_err *err)
{
    *out_expr = expr;
    if (expr->type->id == MR_TYPE_BOOLEAN) return MR_OK;
    if (expr->type->id == MR_TYPE_VOID) {
        return mr_expr_implicit(p->builder, expr, mr_type_of(MR_TYPE_BOOLEAN), out_expr, err);
    }
    return mr_plan_fail(err, pos, MR_E_TYPE, ERR_CONDITION, "%s needs a boolean, this is %s",
                        clause, mr_type_name(expr->type->id));
}

static bool is_and(const struct mr_expr *expr)
{
    return expr->kind == MR_EXPR_CALL &&
           mr_span_eq(mr_span_of(expr->function->name), MR_SPAN("and"));
}

static uint32_t count_conjuncts(const struct mr_expr *expr)
{
    uint32_t count = 0;
    if (!is_and(expr)) return 1;
    for (uint32_t i = 0; i < expr->arg_count; i++) count += count_conjuncts(expr->args[i]);
    return count;
}

static void list_conjuncts(const struct mr_expr *expr, const struct mr_expr **list,
                           uint32_t *count)
{
    if (!is_and(expr)) {
        list[(*count)++] = expr;
        return;
    }
    for (uint32_t i = 0; i < expr->arg_count; i++) list_conjuncts(expr->args[i], list, count);
}

mr_status mr_plan_conjuncts(struct mr_arena *arena, const struct mr_expr *expr,
                            const struct mr_expr ***out_list, uint32_t *out_count,
                            struct mr_err *err)
{
    const struct mr_expr **list =
        MR_ARENA_ARRAY(arena, const struct mr_expr *, count_conjuncts(expr));
    if (list == NULL) return mr_plan_nomem(err);
    *out_count = 0;
    list_conjuncts(expr, list, out_count);
    *out_list = list;
    return MR_OK;
}

/* ---- nodes ---- */

mr_status mr_plan_filter(struct planner *p, struct mr_plan *plan,
                         const struct mr_expr *const *conjuncts, uint32_t count,
                         struct mr_plan **out_plan, struct mr_err *err)
{
    *out_plan = plan;
    if (count == 0) return MR_OK;
    const struct mr_expr **list = MR_ARENA_ARRAY(p->arena, const struct mr_expr *, count);
    struct mr_plan *filter = mr_plan_new(p->arena, MR_PLAN_FILTER, plan, NULL);
    if (list == NULL || filter == NULL) return mr_plan_nomem(err);
    memcpy(list, conjuncts, count * sizeof(*list));
    filter->exprs = list;
    filter->expr_count = count;
    *out_plan = filter;
    return MR_OK;
}

mr_status mr_plan_project(struct planner *p, struct mr_plan *plan, const struct select_item *items,
                          uint32_t count, struct mr_plan **out_plan, struct mr_err *err)
{
    struct mr_plan *project = mr_plan_new(p->arena, MR_PLAN_PROJECT, plan, NULL);
    const struct mr_expr **exprs =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, (size_t)count + 1);
    struct mr_field *fields = MR_ARENA_ARRAY(p->arena, struct mr_field, (size_t)count + 1);
    if (project == NULL || exprs == NULL || fields == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        exprs[i] = items[i].expr;
        fields[i] = (struct mr_field){.name = items[i].name, .type = items[i].expr->type,
                                      .is_nullable = items[i].expr->is_nullable,
                                      .metadata = items[i].metadata};
    }
    project->exprs = exprs;
    project->expr_count = count;
    project->schema = mr_type_struct(p->arena, fields, count);
    *out_plan = project;
    return project->schema == NULL ? mr_plan_nomem(err) : MR_OK;
}

mr_status mr_plan_distinct(struct planner *p, struct mr_plan *plan, struct mr_plan **out_plan,
                           struct mr_err *err)
{
    uint32_t count = plan->schema->field_count;
    struct mr_plan *distinct = mr_plan_new(p->arena, MR_PLAN_AGGREGATE, plan, NULL);
    const struct mr_expr **groups =
        MR_ARENA_ARRAY(p->arena, const struct mr_expr *, (size_t)count + 1);
    if (distinct == NULL || groups == NULL) return mr_plan_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        if (plan->schema->fields[i].type->id == MR_TYPE_MAP) {
            return mr_err_set(err, MR_E_TYPE, ERR_SET,
                              "rows with the map \"%.*s\" cannot be compared",
                              (int)plan->schema->fields[i].name.bytes,
                              plan->schema->fields[i].name.text);
        }
        MR_TRY(mr_expr_column(p->builder, plan->schema, i, &groups[i], err));
    }
    distinct->groups = groups;
    distinct->group_count = count;
    *out_plan = distinct;
    return MR_OK;
}

/* LIMIT and OFFSET are constants that are no columns: bound over nothing. */
static mr_status bind_count(struct planner *p, const struct mr_sql_expr *e, const char *clause,
                            int64_t *out_count, struct mr_err *err)
{
    const struct mr_expr *expr;
    struct mr_plan none = {.schema = mr_type_struct(p->arena, NULL, 0)};
    struct mr_select select = {.planner = p, .from = {.plan = &none}};
    if (none.schema == NULL) return mr_plan_nomem(err);
    MR_TRY(mr_select_bind(&select, e, &expr, err));
    bool is_count = expr->kind == MR_EXPR_LITERAL && mr_type_is_integer(expr->type) &&
                    !expr->value.is_null && expr->value.u.i64 >= 0;
    if (!is_count) {
        return mr_plan_fail(err, &e->pos, MR_E_INVALID, ERR_LIMIT,
                            "%s takes a constant whole number that is not negative", clause);
    }
    *out_count = expr->value.u.i64;
    return MR_OK;
}

mr_status mr_plan_limit(struct planner *p, struct mr_plan *plan, const struct mr_sql_query *query,
                        struct mr_plan **out_plan, struct mr_err *err)
{
    *out_plan = plan;
    if (query->limit == NULL && query->offset == NULL) return MR_OK;
    struct mr_plan *limit = mr_plan_new(p->arena, MR_PLAN_LIMIT, plan, NULL);
    if (limit == NULL) return mr_plan_nomem(err);
    if (query->limit != NULL) MR_TRY(bind_count(p, query->limit, "LIMIT", &limit->limit, err));
    if (query->offset != NULL) MR_TRY(bind_count(p, query->offset, "OFFSET", &limit->offset, err));
    *out_plan = limit;
    return MR_OK;
}

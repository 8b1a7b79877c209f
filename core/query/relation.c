#include "core/query/relation.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/query/op_table.h"
#include "core/query/session_impl.h"
#include "core/sql/bind.h"
#include "core/table/table_travel.h"

enum { ERR_TABLE = 1210, ERR_WHEN = 1224, ERR_ARGUMENTS = 1303 };

/* An expression that reads no column. */
static mr_status bind_constant(struct mr_query *query, const struct mr_sql_expr *e,
                               const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr_builder builder;
    static const struct mr_type none = {.id = MR_TYPE_STRUCT};
    const struct mr_bind_scope scope = {.columns = &none};
    mr_query_builder(query, &builder);
    return mr_sql_bind_expr(&builder, e, &scope, out_expr, err);
}

/* ---- range ---- */

static const struct mr_field range_field = {.name = {"id", 2}};

static mr_status whole_number(struct mr_query *query, const struct mr_sql_expr *e,
                              int64_t *out_value, struct mr_err *err)
{
    const struct mr_expr *expr;
    MR_TRY(bind_constant(query, e, &expr, err));
    bool is_whole = expr->type->id >= MR_TYPE_BYTE && expr->type->id <= MR_TYPE_LONG;
    if (expr->kind != MR_EXPR_LITERAL || expr->value.is_null || !is_whole) {
        mr_err_set(err, MR_E_INVALID, 1315, "range takes constant whole numbers");
        return mr_sql_locate(&e->pos, MR_E_INVALID, err);
    }
    *out_value = expr->value.u.i64;
    return MR_OK;
}

/* range(to), range(from, to), range(from, to, step), and with a number of partitions, which says
 * nothing here. */
static mr_status find_range(struct mr_query *query, const struct mr_sql_relation *relation,
                            struct mr_query_relation *found, struct mr_err *err)
{
    int64_t values[4] = {0, 0, 1, 0};
    uint32_t count = relation->args.count, n = 0;
    struct mr_field *field = MR_ARENA_NEW(&query->arena, struct mr_field);
    if (field == NULL) return mr_query_nomem(err);
    if (count == 0 || count > 4) {
        mr_err_set(err, MR_E_TYPE, ERR_ARGUMENTS, "range takes 1 to 4 arguments, not %u", count);
        return mr_sql_locate(&relation->pos, MR_E_TYPE, err);
    }
    for (const struct mr_sql_expr *e = relation->args.first; e != NULL; e = e->next) {
        MR_TRY(whole_number(query, e, &values[n++], err));
    }
    if (count == 1) {
        values[1] = values[0];
        values[0] = 0;
    }
    if (values[2] == 0) {
        mr_err_set(err, MR_E_INVALID, 1315, "range cannot go on by 0");
        return mr_sql_locate(&relation->pos, MR_E_INVALID, err);
    }
    *field = range_field;
    field->type = mr_type_of(MR_TYPE_LONG);
    found->kind = MR_RELATION_RANGE;
    found->from = values[0];
    found->to = values[1];
    found->step = values[2];
    found->base.schema = mr_type_struct(&query->arena, field, 1);
    found->base.visible_count = 1;
    found->base.rows_expected = (double)mr_range_rows(values[0], values[1], values[2]);
    return found->base.schema == NULL ? mr_query_nomem(err) : MR_OK;
}

/* ---- tables ---- */

/* Where a table lies: by its name in the warehouse, or by its path. */
static mr_status table_path(struct mr_query *query, const struct mr_sql_names *names,
                            const char **out_path, struct mr_err *err)
{
    struct mr_table_name name;
    const struct mr_warehouse *warehouse = &query->session->warehouse;
    bool is_there;
    if (names->count == 2 && mr_span_ieq(names->first->text, MR_SPAN("delta"))) {
        *out_path = mr_arena_copy(&query->arena, names->last->text);
        return *out_path == NULL ? mr_query_nomem(err) : MR_OK;
    }
    MR_TRY(mr_query_resolve(query, names, false, &name, err));
    MR_TRY(mr_warehouse_has(warehouse, &query->arena, &name, &is_there, err));
    *out_path = name.path;
    if (is_there) return MR_OK;
    return mr_sql_locate(&names->pos, mr_warehouse_absent(warehouse, &query->arena, &name, err),
                         err);
}

static mr_status read_when(struct mr_query *query, const struct mr_sql_relation *relation,
                           struct mr_table_when *out_when, struct mr_err *err)
{
    const struct mr_sql_expr *version = relation->version_as_of, *e = relation->timestamp_as_of;
    const struct mr_expr *expr;
    struct mr_expr_builder builder;
    *out_when = (struct mr_table_when){.kind = MR_TABLE_NEWEST};
    if (version == NULL && e == NULL) return MR_OK;
    bool is_time = version == NULL;
    if (!is_time) e = version;
    MR_TRY(bind_constant(query, e, &expr, err));
    mr_query_builder(query, &builder);
    MR_TRY(mr_sql_locate(&e->pos,
                         mr_expr_cast(&builder, expr,
                                      mr_type_of(is_time ? MR_TYPE_TIMESTAMP : MR_TYPE_LONG),
                                      MR_MODE_ANSI, &expr, err),
                         err));
    if (expr->kind != MR_EXPR_LITERAL || expr->value.is_null) {
        mr_err_set(err, MR_E_INVALID, ERR_WHEN, "%s AS OF takes a constant%s",
                   is_time ? "TIMESTAMP" : "VERSION", is_time ? " time" : " whole number");
        return mr_sql_locate(&e->pos, MR_E_INVALID, err);
    }
    out_when->kind = is_time ? MR_TABLE_AT_TIME : MR_TABLE_AT_VERSION;
    if (is_time) out_when->time_us = expr->value.u.i64;
    else out_when->version = expr->value.u.i64;
    return MR_OK;
}

/* The rows of a table as the log counts them; negative where it does not. */
static double expected_rows(const struct mr_delta_snapshot *snapshot)
{
    static const double bytes_a_row = 50; /* where the log does not count: the order of magnitude */
    return (double)snapshot->file_bytes / bytes_a_row;
}

static mr_status find_table(struct mr_query *query, const struct mr_sql_relation *relation,
                            struct mr_query_relation *found, struct mr_err *err)
{
    struct mr_table_when when;
    const char *path;
    MR_TRY(read_when(query, relation, &when, err));
    MR_TRY(table_path(query, &relation->name, &path, err));
    found->kind = MR_RELATION_TABLE;
    MR_TRY(mr_table_open_at(query->env.io, query->session->config.heap, path, &when, &found->table,
                            err));
    const struct mr_delta_snapshot *snapshot = mr_table_snapshot(found->table);
    found->base.schema = snapshot->schema;
    found->base.visible_count = snapshot->schema->field_count;
    found->base.rows_expected = expected_rows(snapshot);
    return MR_OK;
}

static mr_status open_table_scan(struct mr_query *query, struct mr_query_env *env,
                                 const struct mr_query_relation *relation,
                                 const struct mr_plan *scan, struct mr_operator **out_op,
                                 struct mr_err *err)
{
    uint32_t count = scan->schema->field_count;
    uint32_t *columns = MR_ARENA_ARRAY(&query->arena, uint32_t, (size_t)count + 1);
    struct mr_op_table_spec spec = {.table = relation->table,
                                    .schema = scan->schema,
                                    .columns = scan->columns,
                                    .rows_wanted = scan->rows_wanted};
    if (columns == NULL) return mr_query_nomem(err);
    for (uint32_t i = 0; i < count; i++) columns[i] = i;
    if (spec.columns == NULL) spec.columns = columns;
    MR_TRY(mr_query_predicate(&query->arena, scan, &spec.predicate, err));
    return mr_op_table(env, &spec, out_op, err);
}

/* ---- names ---- */

static mr_status find_function(struct mr_query *query, const struct mr_sql_relation *relation,
                               struct mr_query_relation *found, struct mr_err *err)
{
    struct mr_span name = relation->name.last->text;
    if (relation->name.count == 1 && mr_span_ieq(name, MR_SPAN("range"))) {
        return find_range(query, relation, found, err);
    }
    return mr_err_set(err, MR_E_NOT_FOUND, ERR_TABLE, "there is no table function \"%.*s\"",
                      (int)name.bytes, name.text);
}

mr_status mr_query_open_table(struct mr_query *query, const struct mr_sql_names *names,
                              struct mr_table **out_table, struct mr_err *err)
{
    const char *path;
    MR_TRY(table_path(query, names, &path, err));
    return mr_sql_locate(&names->pos,
                         mr_table_open(query->env.io, &query->heap, path, out_table, err), err);
}

mr_status mr_query_find_relation(void *ctx, const struct mr_sql_relation *relation,
                                 struct mr_relation **out_relation, struct mr_err *err)
{
    struct mr_query *query = ctx;
    struct mr_query_relation *found = MR_ARENA_NEW(&query->arena, struct mr_query_relation);
    if (found == NULL) return mr_query_nomem(err);
    found->base.name = relation->name.last->text;
    if (relation->kind == MR_SQL_RELATION_FUNCTION) {
        MR_TRY(find_function(query, relation, found, err));
    } else {
        MR_TRY(find_table(query, relation, found, err));
    }
    found->next = query->relations;
    query->relations = found;
    *out_relation = &found->base;
    return MR_OK;
}

mr_status mr_query_open_scan(void *ctx, struct mr_query_env *env, const struct mr_plan *scan,
                             struct mr_operator **out_op, struct mr_err *err)
{
    const struct mr_query_relation *relation = (const struct mr_query_relation *)scan->relation;
    switch (relation->kind) {
    case MR_RELATION_RANGE:
        return mr_op_range(env, scan->schema, relation->from, relation->to, relation->step, out_op,
                           err);
    case MR_RELATION_TABLE: return open_table_scan(ctx, env, relation, scan, out_op, err);
    }
    MR_ASSERT(!"every kind of relation is handled above");
    return MR_E_INTERNAL;
}

void mr_query_close_relations(struct mr_query *query)
{
    for (struct mr_query_relation *r = query->relations; r != NULL; r = r->next) {
        mr_table_close(r->table);
    }
    query->relations = NULL;
}

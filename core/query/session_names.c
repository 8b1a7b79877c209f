/* Statements about names: SHOW, USE, SET, schemas, DROP. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/aggregate.h"
#include "core/expr/function.h"
#include "core/expr/window_function.h"
#include "core/query/session_impl.h"

enum { ERR_NOT_EMPTY = 1219, ERR_EXISTS = 1222 };

mr_status mr_query_resolve(struct mr_query *query, const struct mr_sql_names *names,
                           bool is_schema, struct mr_table_name *out_name, struct mr_err *err)
{
    struct mr_span *parts = MR_ARENA_ARRAY(&query->arena, struct mr_span, (size_t)names->count + 1);
    uint32_t count = 0;
    if (parts == NULL) return mr_query_nomem(err);
    for (const struct mr_sql_name *n = names->first; n != NULL; n = n->next) {
        parts[count++] = n->text;
    }
    return mr_sql_locate(&names->pos,
                         mr_warehouse_resolve(&query->session->warehouse, &query->arena, parts,
                                              count, is_schema, out_name, err),
                         err);
}

/* ---- SHOW ---- */

/* One of the alternatives a|b of Spark's patterns, in which * stands for any text. */
static bool matches_one(struct mr_span pattern, struct mr_span name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;
    while (n < name.bytes) {
        struct mr_span a = {pattern.text + p, 1}, b = {name.text + n, 1};
        if (p < pattern.bytes && pattern.text[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.bytes && mr_span_ieq(a, b)) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.bytes && pattern.text[p] == '*') p++;
    return p == pattern.bytes;
}

static bool matches(const struct mr_sql_show *show, struct mr_span name)
{
    struct mr_span rest = show->pattern;
    if (!show->has_pattern) return true;
    for (;;) {
        const char *bar = rest.bytes == 0 ? NULL : memchr(rest.text, '|', rest.bytes);
        struct mr_span one = {rest.text, bar == NULL ? rest.bytes : (size_t)(bar - rest.text)};
        if (matches_one(one, name)) return true;
        if (bar == NULL) return false;
        rest = (struct mr_span){bar + 1, rest.bytes - one.bytes - 1};
    }
}

static mr_status show_tables(struct mr_query *query, const struct mr_sql_show *show,
                             struct mr_err *err)
{
    const struct mr_warehouse *warehouse = &query->session->warehouse;
    struct mr_table_name name = {.catalog = warehouse->catalog, .schema = warehouse->schema};
    struct mr_warehouse_list list;
    struct mr_rows rows;
    bool is_there = true;
    if (show->name.count > 0) {
        MR_TRY(mr_query_resolve(query, &show->name, true, &name, err));
        MR_TRY(mr_warehouse_has(warehouse, &query->arena, &name, &is_there, err));
    }
    if (!is_there) {
        return mr_sql_locate(&show->name.pos,
                             mr_warehouse_absent(warehouse, &query->arena, &name, err), err);
    }
    MR_TRY(mr_warehouse_list(warehouse, &query->arena, name.catalog, name.schema, &list, err));
    mr_rows_begin(&rows, query,
                  "namespace STRING NOT NULL, tableName STRING NOT NULL, isTemporary BOOLEAN NOT "
                  "NULL",
                  err);
    for (uint32_t i = 0; i < list.count; i++) {
        if (!matches(show, list.names[i])) continue;
        mr_rows_string(&rows, name.schema);
        mr_rows_text(&rows, list.names[i]);
        mr_rows_bool(&rows, false);
    }
    return mr_rows_end(&rows);
}

static mr_status show_schemas(struct mr_query *query, const struct mr_sql_show *show,
                              struct mr_err *err)
{
    const struct mr_warehouse *warehouse = &query->session->warehouse;
    const char *catalog = warehouse->catalog;
    struct mr_warehouse_list list;
    struct mr_rows rows;
    if (show->name.count > 1) return mr_query_refuse(err, &show->name.pos, "a name of two parts");
    if (show->name.count == 1) catalog = mr_arena_copy(&query->arena, show->name.first->text);
    if (catalog == NULL) return mr_query_nomem(err);
    MR_TRY(mr_warehouse_list(warehouse, &query->arena, catalog, NULL, &list, err));
    mr_rows_begin(&rows, query, "namespace STRING NOT NULL", err);
    for (uint32_t i = 0; i < list.count; i++) {
        if (matches(show, list.names[i])) mr_rows_text(&rows, list.names[i]);
    }
    return mr_rows_end(&rows);
}

static mr_status show_catalogs(struct mr_query *query, const struct mr_sql_show *show,
                               struct mr_err *err)
{
    struct mr_warehouse_list list;
    struct mr_rows rows;
    MR_TRY(mr_warehouse_list(&query->session->warehouse, &query->arena, NULL, NULL, &list, err));
    mr_rows_begin(&rows, query, "catalog STRING NOT NULL", err);
    for (uint32_t i = 0; i < list.count; i++) {
        if (matches(show, list.names[i])) mr_rows_text(&rows, list.names[i]);
    }
    return mr_rows_end(&rows);
}

static bool is_word(const char *name)
{
    return (name[0] >= 'a' && name[0] <= 'z') && strchr(name, ' ') == NULL;
}

static mr_status show_functions(struct mr_query *query, const struct mr_sql_show *show,
                                struct mr_err *err)
{
    const struct mr_function *function;
    const struct mr_aggregate_function *aggregate;
    const struct mr_window_function *window;
    struct mr_rows rows;
    mr_rows_begin(&rows, query, "function STRING NOT NULL, kind STRING NOT NULL", err);
    for (uint32_t i = 0; (function = mr_function_at(i)) != NULL; i++) {
        if (!is_word(function->name) || !matches(show, mr_span_of(function->name))) continue;
        mr_rows_string(&rows, function->name);
        mr_rows_string(&rows, "scalar");
    }
    for (uint32_t i = 0; (aggregate = mr_aggregate_at(i)) != NULL; i++) {
        if (aggregate->op == MR_AGG_NONE || !matches(show, mr_span_of(aggregate->name))) continue;
        mr_rows_string(&rows, aggregate->name);
        mr_rows_string(&rows, "aggregate");
    }
    for (uint32_t i = 0; (window = mr_window_function_at(i)) != NULL; i++) {
        if (!matches(show, mr_span_of(window->name))) continue;
        mr_rows_string(&rows, window->name);
        mr_rows_string(&rows, "window");
    }
    return mr_rows_end(&rows);
}

mr_status mr_query_show(struct mr_query *query, const struct mr_sql_show *show, struct mr_err *err)
{
    switch (show->what) {
    case MR_SQL_SHOW_TABLES: return show_tables(query, show, err);
    case MR_SQL_SHOW_SCHEMAS: return show_schemas(query, show, err);
    case MR_SQL_SHOW_CATALOGS: return show_catalogs(query, show, err);
    case MR_SQL_SHOW_FUNCTIONS: return show_functions(query, show, err);
    case MR_SQL_SHOW_COLUMNS:
    case MR_SQL_SHOW_PROPERTIES:
    case MR_SQL_SHOW_CREATE:
    case MR_SQL_SHOW_PARTITIONS: return mr_query_show_table(query, show, err);
    }
    MR_ASSERT(!"every kind of SHOW is handled above");
    return MR_E_INTERNAL;
}

/* ---- USE, SET ---- */

mr_status mr_query_use(struct mr_query *query, const struct mr_sql_names *name, bool is_catalog,
                       struct mr_err *err)
{
    struct mr_session *session = query->session;
    struct mr_table_name resolved = {0};
    const char *catalog = session->warehouse.catalog, *schema = session->warehouse.schema;
    if (is_catalog) {
        if (name->count != 1) return mr_query_refuse(err, &name->pos, "a catalog's name in parts");
        catalog = mr_arena_copy(&session->arena, name->first->text);
        schema = mr_arena_copy(&session->arena, MR_SPAN("default"));
    } else {
        bool is_there;
        MR_TRY(mr_query_resolve(query, name, true, &resolved, err));
        MR_TRY(mr_warehouse_has(&session->warehouse, &query->arena, &resolved, &is_there, err));
        if (!is_there) {
            return mr_sql_locate(&name->pos, mr_warehouse_absent(&session->warehouse,
                                                                 &query->arena, &resolved, err),
                                 err);
        }
        catalog = mr_arena_copy(&session->arena, mr_span_of(resolved.catalog));
        schema = mr_arena_copy(&session->arena, mr_span_of(resolved.schema));
    }
    if (catalog == NULL || schema == NULL) return mr_query_nomem(err);
    session->warehouse.catalog = catalog;
    session->warehouse.schema = schema;
    return mr_query_note(query, err, "now in %s.%s", catalog, schema);
}

static mr_status show_settings(struct mr_query *query, struct mr_span key, struct mr_err *err)
{
    struct mr_rows rows;
    mr_rows_begin(&rows, query, "key STRING NOT NULL, value STRING", err);
    for (const struct mr_sql_property *s = query->session->settings; s != NULL; s = s->next) {
        if (key.bytes > 0 && !mr_span_eq(s->key, key)) continue;
        mr_rows_text(&rows, s->key);
        mr_rows_text(&rows, s->value);
        if (key.bytes > 0) break;
    }
    return mr_rows_end(&rows);
}

/* The settings that a session acts on; others are kept, as Spark keeps them, for who reads them. */
static mr_status act_on(struct mr_session *session, const struct mr_sql_property *set,
                        struct mr_err *err)
{
    if (mr_span_eq(set->key, MR_SPAN("spark.sql.ansi.enabled"))) {
        bool is_true = mr_span_ieq(set->value, MR_SPAN("true"));
        if (!is_true && !mr_span_ieq(set->value, MR_SPAN("false"))) {
            return mr_err_set(err, MR_E_INVALID, 1002, "%.*s is true or false",
                              (int)set->key.bytes, set->key.text);
        }
        session->is_ansi = is_true;
    }
    if (mr_span_eq(set->key, MR_SPAN("spark.sql.session.timeZone"))) {
        return mr_session_set_zone(session, set->value, err);
    }
    return MR_OK;
}

mr_status mr_query_set(struct mr_query *query, const struct mr_sql_property *set,
                       struct mr_err *err)
{
    struct mr_session *session = query->session;
    if (set->value_pos.line == 0) return show_settings(query, set->key, err);
    MR_TRY(mr_sql_locate(&set->value_pos, act_on(session, set, err), err));
    struct mr_sql_property *kept = MR_ARENA_NEW(&session->arena, struct mr_sql_property);
    const char *key = mr_arena_copy(&session->arena, set->key);
    const char *value = mr_arena_copy(&session->arena, set->value);
    if (kept == NULL || key == NULL || value == NULL) return mr_query_nomem(err);
    kept->key = (struct mr_span){key, set->key.bytes};
    kept->value = (struct mr_span){value, set->value.bytes};
    for (struct mr_sql_property *s = session->settings; s != NULL; s = s->next) {
        if (!mr_span_eq(s->key, kept->key)) continue;
        s->value = kept->value;
        return mr_query_note(query, err, "%s = %s", key, value);
    }
    kept->next = session->settings;
    session->settings = kept;
    return mr_query_note(query, err, "%s = %s", key, value);
}

/* ---- schemas and DROP ---- */

mr_status mr_query_create_schema(struct mr_query *query, const struct mr_sql_create_schema *create,
                                 struct mr_err *err)
{
    const struct mr_warehouse *warehouse = &query->session->warehouse;
    struct mr_table_name name;
    bool is_there;
    MR_TRY(mr_query_resolve(query, &create->name, true, &name, err));
    MR_TRY(mr_warehouse_has(warehouse, &query->arena, &name, &is_there, err));
    if (is_there && !create->is_if_not_exists) {
        mr_err_set(err, MR_E_EXISTS, ERR_EXISTS, "schema %s.%s exists already", name.catalog,
                   name.schema);
        return mr_sql_locate(&create->name.pos, MR_E_EXISTS, err);
    }
    MR_TRY(mr_dir_make(warehouse->io, name.path, err));
    return mr_query_note(query, err, "schema %s.%s is at %s", name.catalog, name.schema,
                         name.path);
}

static mr_status drop_schema(struct mr_query *query, const struct mr_sql_drop *drop,
                             const struct mr_table_name *name, struct mr_err *err)
{
    const struct mr_warehouse *warehouse = &query->session->warehouse;
    struct mr_warehouse_list list;
    MR_TRY(mr_warehouse_list(warehouse, &query->arena, name->catalog, name->schema, &list, err));
    if (list.count > 0 && !drop->is_cascade) {
        mr_err_set(err, MR_E_INVALID, ERR_NOT_EMPTY, "schema %s.%s has %u tables", name->catalog,
                   name->schema, list.count);
        mr_err_help(err, "DROP SCHEMA %s.%s CASCADE drops them too", name->catalog, name->schema);
        return mr_sql_locate(&drop->name.pos, MR_E_INVALID, err);
    }
    MR_TRY(mr_warehouse_remove(warehouse, &query->arena, name, err));
    return mr_query_note(query, err, "dropped schema %s.%s", name->catalog, name->schema);
}

mr_status mr_query_drop(struct mr_query *query, const struct mr_sql_drop *drop, struct mr_err *err)
{
    const struct mr_warehouse *warehouse = &query->session->warehouse;
    struct mr_table_name name;
    bool is_there;
    if (drop->what == MR_SQL_OBJECT_VIEW) return mr_query_refuse(err, &drop->name.pos, "DROP VIEW");
    MR_TRY(mr_query_resolve(query, &drop->name, drop->what == MR_SQL_OBJECT_SCHEMA, &name, err));
    MR_TRY(mr_warehouse_has(warehouse, &query->arena, &name, &is_there, err));
    if (!is_there && drop->is_if_exists) return mr_query_note(query, err, "it was not there");
    if (!is_there) {
        return mr_sql_locate(&drop->name.pos,
                             mr_warehouse_absent(warehouse, &query->arena, &name, err), err);
    }
    if (drop->what == MR_SQL_OBJECT_SCHEMA) return drop_schema(query, drop, &name, err);
    MR_TRY(mr_warehouse_remove(warehouse, &query->arena, &name, err));
    return mr_query_note(query, err, "dropped table %s.%s.%s", name.catalog, name.schema,
                         name.table);
}

/* Statements about tables. */
#include "core/sql/build_statement_impl.h"

struct mr_sql_statement *mr_sql_statement_explain(struct mr_sql_parser *p, bool is_analyze,
                                                  bool is_extended, struct mr_sql_query *query)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_EXPLAIN);
    struct mr_sql_explain *explain = MR_SQL_NEW(p, struct mr_sql_explain);
    if (statement == NULL || explain == NULL) return NULL;
    *explain = (struct mr_sql_explain){is_analyze, is_extended, query};
    statement->explain = explain;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_show(struct mr_sql_parser *p, mr_sql_show_kind what,
                                               struct mr_sql_names name,
                                               struct mr_sql_string pattern,
                                               struct mr_sql_string key)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_SHOW);
    struct mr_sql_show *show = MR_SQL_NEW(p, struct mr_sql_show);
    if (statement == NULL || show == NULL) return NULL;
    *show = (struct mr_sql_show){.what = what, .name = name, .has_pattern = pattern.is_set,
                                 .pattern = pattern.text, .key = key.text};
    statement->show = show;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_describe(struct mr_sql_parser *p,
                                                   mr_sql_describe_kind what, bool is_extended,
                                                   struct mr_sql_names name,
                                                   struct mr_sql_expr *limit)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_DESCRIBE);
    struct mr_sql_describe *describe = MR_SQL_NEW(p, struct mr_sql_describe);
    if (statement == NULL || describe == NULL) return NULL;
    *describe = (struct mr_sql_describe){what, is_extended, name, limit};
    statement->describe = describe;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_insert(struct mr_sql_parser *p, bool is_overwrite,
                                                 struct mr_sql_names name,
                                                 struct mr_sql_names columns, bool is_by_name,
                                                 struct mr_sql_query *query)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_INSERT);
    struct mr_sql_insert *insert = MR_SQL_NEW(p, struct mr_sql_insert);
    if (statement == NULL || insert == NULL) return NULL;
    if (is_by_name && columns.count > 0) {
        mr_sql_fail(p, columns.pos, MR_E_SYNTAX, 1008, "BY NAME and a list of columns exclude each "
                                                       "other");
    }
    *insert = (struct mr_sql_insert){name, columns, is_by_name, is_overwrite, query};
    statement->insert = insert;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_drop(struct mr_sql_parser *p, mr_sql_object what,
                                               bool is_if_exists, struct mr_sql_names name,
                                               bool is_cascade)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_DROP);
    struct mr_sql_drop *drop = MR_SQL_NEW(p, struct mr_sql_drop);
    if (statement == NULL || drop == NULL) return NULL;
    *drop = (struct mr_sql_drop){what, is_if_exists, is_cascade, name};
    statement->drop = drop;
    return statement;
}

struct mr_sql_statement *mr_sql_statement_create_schema(struct mr_sql_parser *p,
                                                        bool is_if_not_exists,
                                                        struct mr_sql_names name)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_CREATE_SCHEMA);
    struct mr_sql_create_schema *create = MR_SQL_NEW(p, struct mr_sql_create_schema);
    if (statement == NULL || create == NULL) return NULL;
    *create = (struct mr_sql_create_schema){is_if_not_exists, name};
    statement->create_schema = create;
    return statement;
}

/* The keys of UNSET have no values. */
static void check_keys(struct mr_sql_parser *p, struct mr_sql_properties keys)
{
    for (const struct mr_sql_property *key = keys.first; key != NULL; key = key->next) {
        if (key->value_pos.line == 0) continue;
        mr_sql_fail(p, key->value_pos, MR_E_SYNTAX, 1002, "UNSET takes keys without values");
    }
}

struct mr_sql_statement *mr_sql_statement_alter(struct mr_sql_parser *p, mr_sql_alter_kind what,
                                                struct mr_sql_names name, bool is_if_exists,
                                                struct mr_sql_properties properties,
                                                struct mr_sql_addeds added)
{
    struct mr_sql_statement *statement = mr_sql_statement_new(p, MR_SQL_STATEMENT_ALTER);
    struct mr_sql_alter *alter = MR_SQL_NEW(p, struct mr_sql_alter);
    if (statement == NULL || alter == NULL) return NULL;
    if (what == MR_SQL_ALTER_UNSET_PROPERTIES) check_keys(p, properties);
    *alter = (struct mr_sql_alter){what, name, is_if_exists, properties, added};
    statement->alter = alter;
    return statement;
}

struct mr_sql_addeds mr_sql_addeds_none(void)
{
    return (struct mr_sql_addeds){0};
}

struct mr_sql_addeds mr_sql_addeds_add(struct mr_sql_addeds list, struct mr_sql_added *added)
{
    if (added == NULL) return list;
    if (list.first == NULL) list.first = added;
    else list.last->next = added;
    list.last = added;
    list.count++;
    return list;
}

struct mr_sql_added *mr_sql_added_new(struct mr_sql_parser *p, struct mr_sql_column *column,
                                      bool is_first, struct mr_sql_name *after)
{
    struct mr_sql_added *added = MR_SQL_NEW(p, struct mr_sql_added);
    if (added == NULL || column == NULL) return NULL;
    *added = (struct mr_sql_added){.column = column, .is_first = is_first, .after = after};
    return added;
}

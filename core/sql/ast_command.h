/* Statements about tables, of a session: EXPLAIN, SHOW, DESCRIBE, INSERT, DROP, ALTER TABLE, CREATE
 * SCHEMA. ast.h says what holds for all of the tree; SEMANTICS.md 5.1 what they mean. */
#ifndef MR_CORE_SQL_AST_COMMAND_H
#define MR_CORE_SQL_AST_COMMAND_H

#include "core/sql/ast_query.h"

struct mr_sql_explain {
    bool is_analyze;  /* run it, and say what each operator did */
    bool is_extended; /* the plan before the optimizer too */
    struct mr_sql_query *query;
};

typedef enum mr_sql_show_kind {
    MR_SQL_SHOW_TABLES,     /* name: a schema, or empty; pattern */
    MR_SQL_SHOW_SCHEMAS,    /* name: a catalog, or empty; pattern */
    MR_SQL_SHOW_CATALOGS,   /* pattern */
    MR_SQL_SHOW_FUNCTIONS,  /* pattern */
    MR_SQL_SHOW_COLUMNS,    /* name: a table; so for the rest */
    MR_SQL_SHOW_PROPERTIES, /* key, or empty */
    MR_SQL_SHOW_CREATE,
    MR_SQL_SHOW_PARTITIONS,
} mr_sql_show_kind;

struct mr_sql_show {
    mr_sql_show_kind what;
    struct mr_sql_names name;
    bool has_pattern;
    struct mr_span pattern; /* `*` stands for any text, `|` for a choice, as in Spark */
    struct mr_span key;
};

typedef enum mr_sql_describe_kind {
    MR_SQL_DESCRIBE_TABLE,
    MR_SQL_DESCRIBE_HISTORY, /* limit */
    MR_SQL_DESCRIBE_DETAIL,
} mr_sql_describe_kind;

struct mr_sql_describe {
    mr_sql_describe_kind what;
    bool is_extended;
    struct mr_sql_names name;
    struct mr_sql_expr *limit; /* or null */
};

struct mr_sql_insert {
    struct mr_sql_names name;
    struct mr_sql_names columns; /* (a, b), or empty */
    bool is_by_name;
    bool is_overwrite;
    struct mr_sql_query *query;
};

typedef enum mr_sql_object {
    MR_SQL_OBJECT_TABLE,
    MR_SQL_OBJECT_VIEW,
    MR_SQL_OBJECT_SCHEMA,
} mr_sql_object;

struct mr_sql_drop {
    mr_sql_object what;
    bool is_if_exists;
    bool is_cascade;
    struct mr_sql_names name;
};

struct mr_sql_create_schema {
    bool is_if_not_exists;
    struct mr_sql_names name;
};

typedef enum mr_sql_alter_kind {
    MR_SQL_ALTER_SET_PROPERTIES,   /* properties */
    MR_SQL_ALTER_UNSET_PROPERTIES, /* properties, whose values are empty; is_if_exists */
    MR_SQL_ALTER_ADD_COLUMNS,      /* added */
} mr_sql_alter_kind;

struct mr_sql_column;

/* A column of ADD COLUMNS and its place: at the end, FIRST, or AFTER another. */
struct mr_sql_added {
    struct mr_sql_column *column;
    bool is_first;
    struct mr_sql_name *after; /* or null */
    struct mr_sql_added *next;
};

struct mr_sql_addeds {
    struct mr_sql_added *first;
    struct mr_sql_added *last;
    uint32_t count;
};

struct mr_sql_alter {
    mr_sql_alter_kind what;
    struct mr_sql_names name;
    bool is_if_exists;
    struct mr_sql_properties properties;
    struct mr_sql_addeds added;
};

#endif

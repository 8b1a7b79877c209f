/* The syntax tree of SQL: what a person wrote, before any name has a meaning.
 *
 * SQL text -> tokens (lexer.re) -> this tree (grammar.y) -> bound query (bind.h). Statements,
 * queries, relations and expressions are tagged nodes in one arena, linked by `next` where they
 * form lists. Every node has the position of its text, so that whoever finds fault with it later
 * can point at it. All spans lie in the arena: the tree outlives the text it was made from.
 *
 * Invariants: no tree is deeper than MR_SQL_DEPTH_MAX, so recursion over it is bounded; AND and OR
 * hold all operands of a chain in one node; a list's `count` is its length; lists may be empty,
 * pointers are null where a clause is absent. The dialect is the union of Spark's and Databricks'
 * declarative pipelines, with the precedence of Spark's SqlBaseParser.g4.
 *
 * Expressions are in ast_expr.h, queries and relations in ast_query.h, statements about tables in
 * ast_command.h, those of pipelines here. */
#ifndef MR_CORE_SQL_AST_H
#define MR_CORE_SQL_AST_H

#include "core/sql/ast_command.h"

typedef enum mr_sql_violation {
    MR_SQL_VIOLATION_KEEP,
    MR_SQL_VIOLATION_DROP_ROW,
    MR_SQL_VIOLATION_FAIL_UPDATE,
    MR_SQL_VIOLATION_QUARANTINE,
} mr_sql_violation;

typedef enum mr_sql_constraint_kind {
    MR_SQL_CONSTRAINT_EXPECT,
    MR_SQL_CONSTRAINT_CHECK,
    MR_SQL_CONSTRAINT_PRIMARY_KEY,
} mr_sql_constraint_kind;

struct mr_sql_constraint {
    mr_sql_constraint_kind kind;
    struct mr_sql_name *name; /* null for an unnamed key */
    struct mr_sql_expr *expr; /* EXPECT, CHECK */
    struct mr_span text;      /* the expression as written */
    mr_sql_violation violation;
    struct mr_sql_names quarantine; /* QUARANTINE INTO */
    struct mr_sql_names columns;    /* PRIMARY KEY */
    struct mr_sql_pos pos;
    struct mr_sql_constraint *next;
};

struct mr_sql_column {
    struct mr_sql_name *name;
    const struct mr_type *type; /* null in a view's list */
    bool is_not_null;
    bool is_primary_key;
    struct mr_span comment; /* empty = none */
    struct mr_sql_names path; /* of a schema hint */
    struct mr_sql_expr *default_expr;
    struct mr_sql_expr *generated; /* GENERATED ALWAYS AS (..) */
    struct mr_sql_names mask;      /* MASK f */
    struct mr_sql_pos pos;
    struct mr_sql_column *next;
};

struct mr_sql_columns {
    struct mr_sql_column *first;
    struct mr_sql_column *last;
    uint32_t count;
};

struct mr_sql_constraints {
    struct mr_sql_constraint *first;
    struct mr_sql_constraint *last;
    uint32_t count;
};

typedef enum mr_sql_dataset_kind {
    MR_SQL_DATASET_STREAMING_TABLE,
    MR_SQL_DATASET_MATERIALIZED_VIEW, /* CREATE LIVE TABLE too */
    MR_SQL_DATASET_VIEW,
    MR_SQL_DATASET_STREAMING_VIEW, /* legacy: CREATE TEMPORARY STREAMING LIVE VIEW */
    MR_SQL_DATASET_TABLE,
} mr_sql_dataset_kind;

/* AUTO CDC INTO / APPLY CHANGES INTO. */
struct mr_sql_cdc {
    struct mr_sql_relation *source;
    bool is_once;
    struct mr_sql_names keys; /* dotted paths as one name, here and in the lists below */
    struct mr_sql_expr *delete_when;
    struct mr_sql_expr *truncate_when;
    struct mr_sql_expr *sequence_by;
    bool has_columns;
    bool is_columns_except;
    struct mr_sql_names columns;
    uint8_t scd_type; /* 1 or 2; 0 = not said */
    bool has_history;
    bool is_history_except;
    struct mr_sql_names history;
    bool is_ignoring_nulls;
    struct mr_sql_names ignore_nulls; /* empty = all columns */
    struct mr_sql_pos pos;
};

struct mr_sql_dataset {
    mr_sql_dataset_kind kind;
    bool is_or_refresh;
    bool is_or_replace;
    bool is_private;
    bool is_temporary;
    bool is_live; /* a legacy LIVE spelling */
    bool is_if_not_exists;
    struct mr_sql_names name;
    bool has_columns; /* a list in parentheses was there, perhaps of constraints only */
    struct mr_sql_columns columns;
    struct mr_sql_constraints constraints;
    struct mr_span using_format; /* empty = none */
    struct mr_sql_pos using_pos;
    struct mr_sql_exprs partitioned_by;
    struct mr_sql_names cluster_by; /* parts of dotted names are joined by '.' */
    bool is_cluster_by_auto;
    struct mr_span comment;
    struct mr_sql_pos comment_pos; /* line 0 = none */
    struct mr_sql_properties properties;
    struct mr_sql_properties options;
    struct mr_span location;
    struct mr_sql_pos location_pos; /* line 0 = none */
    struct mr_span schedule;     /* SCHEDULE .. and TRIGGER .. as written; empty = none */
    struct mr_sql_pos schedule_pos;
    struct mr_span refresh_policy; /* REFRESH POLICY .. as written; empty = none */
    struct mr_sql_pos refresh_pos;
    struct mr_sql_names row_filter; /* WITH ROW FILTER f ON (..) */
    struct mr_sql_query *query;  /* AS query, or FLOW INSERT BY NAME query; null = none */
    bool is_once;                /* FLOW INSERT ONCE */
    struct mr_sql_cdc *cdc;      /* FLOW AUTO CDC */
};

struct mr_sql_flow {
    struct mr_sql_names name; /* empty for a bare APPLY CHANGES INTO */
    struct mr_span comment;
    struct mr_sql_names target;
    bool is_once;
    bool is_by_name;
    struct mr_sql_expr *replace_where;
    struct mr_sql_query *query; /* either this */
    struct mr_sql_cdc *cdc;     /* or that */
};

struct mr_sql_sink {
    bool is_if_not_exists;
    struct mr_sql_names name;
    struct mr_span using_format;
    struct mr_sql_pos using_pos;
    struct mr_sql_properties options;
};

typedef enum mr_sql_statement_kind {
    MR_SQL_STATEMENT_DATASET,
    MR_SQL_STATEMENT_FLOW,
    MR_SQL_STATEMENT_SINK,
    MR_SQL_STATEMENT_SET,         /* set */
    MR_SQL_STATEMENT_SET_CATALOG, /* name */
    MR_SQL_STATEMENT_USE,         /* name: one or two parts */
    MR_SQL_STATEMENT_USE_CATALOG, /* name */
    MR_SQL_STATEMENT_QUERY,
    MR_SQL_STATEMENT_EXPLAIN,
    MR_SQL_STATEMENT_SHOW,
    MR_SQL_STATEMENT_DESCRIBE,
    MR_SQL_STATEMENT_INSERT,
    MR_SQL_STATEMENT_DROP,
    MR_SQL_STATEMENT_CREATE_SCHEMA,
    MR_SQL_STATEMENT_ALTER,
} mr_sql_statement_kind;

struct mr_sql_statement {
    mr_sql_statement_kind kind;
    struct mr_sql_pos pos; /* first token to last, without the separator */
    union {
        struct mr_sql_dataset *dataset;
        struct mr_sql_flow *flow;
        struct mr_sql_sink *sink;
        struct mr_sql_property *set; /* `SET k` alone has an empty value with line 0 */
        struct mr_sql_names name;
        struct mr_sql_query *query;
        struct mr_sql_explain *explain;
        struct mr_sql_show *show;
        struct mr_sql_describe *describe;
        struct mr_sql_insert *insert;
        struct mr_sql_drop *drop;
        struct mr_sql_create_schema *create_schema;
        struct mr_sql_alter *alter;
    };
    struct mr_sql_statement *next;
};

struct mr_sql_script {
    struct mr_span text;   /* a copy of the source, in the arena */
    struct mr_span origin; /* its name, zero-terminated, in the arena */
    struct mr_sql_statement *first;
    struct mr_sql_statement *last;
    uint32_t count;
};

#endif

/* Queries and relations of the syntax tree; ast.h says what holds for all of it. */
#ifndef MR_CORE_SQL_AST_QUERY_H
#define MR_CORE_SQL_AST_QUERY_H

#include "core/sql/ast_expr.h"

/* One item of a SELECT list. */
struct mr_sql_item {
    struct mr_sql_expr *expr;
    struct mr_sql_names alias; /* none, one, or several for generators: AS (a, b) */
    struct mr_sql_item *next;
};

struct mr_sql_items {
    struct mr_sql_item *first;
    struct mr_sql_item *last;
    uint32_t count;
};

/* A 'key' = 'value' pair of properties and options, or a setting. Keys are dotted as written. */
struct mr_sql_property {
    struct mr_span key;
    struct mr_span value; /* text; numbers and booleans as written */
    struct mr_sql_pos key_pos;
    struct mr_sql_pos value_pos;
    struct mr_sql_property *next;
};

struct mr_sql_properties {
    struct mr_sql_property *first;
    struct mr_sql_property *last;
    uint32_t count;
};

typedef enum mr_sql_relation_kind {
    MR_SQL_RELATION_TABLE,    /* name, options, as-of */
    MR_SQL_RELATION_FUNCTION, /* name, args */
    MR_SQL_RELATION_SUBQUERY, /* query */
    MR_SQL_RELATION_NESTED,   /* left, in parentheses with an alias */
    MR_SQL_RELATION_JOIN,     /* left, right, join, on or using */
    MR_SQL_RELATION_LATERAL_VIEW, /* left, name, args, alias, columns; is_outer */
} mr_sql_relation_kind;

typedef enum mr_sql_join_kind {
    MR_SQL_JOIN_INNER,
    MR_SQL_JOIN_CROSS,
    MR_SQL_JOIN_LEFT,
    MR_SQL_JOIN_RIGHT,
    MR_SQL_JOIN_FULL,
    MR_SQL_JOIN_LEFT_SEMI,
    MR_SQL_JOIN_LEFT_ANTI,
} mr_sql_join_kind;

struct mr_sql_watermark {
    struct mr_sql_expr *expr;
    struct mr_sql_name *alias;
    struct mr_sql_expr *delay; /* interval literal */
    struct mr_sql_expr *idle;  /* interval literal, or null */
};

struct mr_sql_dedup {
    struct mr_sql_exprs keys;
    bool is_within_watermark;
};

struct mr_sql_relation {
    mr_sql_relation_kind kind;
    bool is_stream;  /* STREAM t, STREAM(t), STREAM f(..) */
    bool is_outer;
    bool is_natural;
    bool is_lateral;
    mr_sql_join_kind join;
    uint16_t depth;
    struct mr_sql_pos pos;
    struct mr_sql_names name;
    struct mr_sql_exprs args;
    struct mr_sql_properties options; /* WITH (..) */
    struct mr_sql_expr *version_as_of;
    struct mr_sql_expr *timestamp_as_of;
    struct mr_sql_query *query;
    struct mr_sql_relation *left;
    struct mr_sql_relation *right;
    struct mr_sql_expr *on;
    struct mr_sql_names using_names;
    struct mr_sql_watermark *watermark;
    struct mr_sql_dedup *dedup;
    struct mr_sql_name *alias;
    struct mr_sql_names columns; /* alias(c, d) */
};

typedef enum mr_sql_query_kind {
    MR_SQL_QUERY_SELECT,
    MR_SQL_QUERY_VALUES,
    MR_SQL_QUERY_UNION,
    MR_SQL_QUERY_EXCEPT,
    MR_SQL_QUERY_INTERSECT,
    MR_SQL_QUERY_NESTED, /* left, in parentheses, with order, limit or CTEs of its own */
} mr_sql_query_kind;

struct mr_sql_cte {
    struct mr_sql_name *name;
    struct mr_sql_names columns;
    struct mr_sql_query *query;
    struct mr_sql_cte *next;
};

struct mr_sql_ctes {
    struct mr_sql_cte *first;
    struct mr_sql_cte *last;
    uint32_t count;
};

typedef enum mr_sql_grouping {
    MR_SQL_GROUP_NONE,
    MR_SQL_GROUP_BY,
    MR_SQL_GROUP_ALL,
    MR_SQL_GROUP_ROLLUP,
    MR_SQL_GROUP_CUBE,
} mr_sql_grouping;

struct mr_sql_query {
    mr_sql_query_kind kind;
    uint16_t depth;
    struct mr_sql_pos pos;
    struct mr_sql_ctes ctes;
    /* SELECT */
    bool is_distinct;
    struct mr_sql_items items;
    struct mr_sql_relation *from; /* null without FROM */
    struct mr_sql_expr *where;
    mr_sql_grouping grouping;
    struct mr_sql_exprs group_by;
    struct mr_sql_expr *having;
    struct mr_sql_expr *qualify;
    /* VALUES: rows in order, each an expression; ROW for more than one column */
    struct mr_sql_exprs rows;
    /* UNION, EXCEPT, INTERSECT */
    bool is_all;
    struct mr_sql_query *left;
    struct mr_sql_query *right;
    /* any */
    struct mr_sql_orders order_by;
    struct mr_sql_expr *limit;
    struct mr_sql_expr *offset;
};

#endif

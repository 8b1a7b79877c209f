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
 * declarative pipelines, with the precedence of Spark's SqlBaseParser.g4. */
#ifndef MR_CORE_SQL_AST_H
#define MR_CORE_SQL_AST_H

#include "core/base/span.h"
#include "core/schema/type.h"

enum { MR_SQL_DEPTH_MAX = 256 };

/* Where a node's text lies. `width` is cut at the end of the first line. */
struct mr_sql_pos {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
    uint32_t width;  /* in characters */
    size_t off;      /* in bytes from the text's start */
    size_t bytes;
};

/* One part of a dotted name, or one name of a list. */
struct mr_sql_name {
    struct mr_span text; /* without backticks */
    struct mr_sql_pos pos;
    struct mr_sql_name *next;
};

struct mr_sql_names {
    struct mr_sql_name *first;
    struct mr_sql_name *last;
    uint32_t count;
    struct mr_sql_pos pos; /* from the first to the last */
};

typedef enum mr_sql_literal_kind {
    MR_SQL_LITERAL_NULL,
    MR_SQL_LITERAL_BOOLEAN,       /* text is "true" or "false" */
    MR_SQL_LITERAL_INTEGER,       /* no suffix: int, bigint or decimal, by size */
    MR_SQL_LITERAL_BYTE,          /* Y */
    MR_SQL_LITERAL_SHORT,         /* S */
    MR_SQL_LITERAL_LONG,          /* L */
    MR_SQL_LITERAL_DECIMAL,       /* 1.5, 1BD */
    MR_SQL_LITERAL_FLOAT,         /* F */
    MR_SQL_LITERAL_DOUBLE,        /* D, or an exponent */
    MR_SQL_LITERAL_STRING,        /* text is the value */
    MR_SQL_LITERAL_BINARY,        /* text is the bytes of X'..' */
    MR_SQL_LITERAL_DATE,          /* text is what the quotes held, for this and the next two */
    MR_SQL_LITERAL_TIMESTAMP,
    MR_SQL_LITERAL_TIMESTAMP_NTZ,
    MR_SQL_LITERAL_INTERVAL, /* `interval` is the value, text as written */
} mr_sql_literal_kind;

struct mr_sql_interval {
    int32_t months;
    int32_t days;
    int64_t us;
};

typedef enum mr_sql_expr_kind {
    MR_SQL_EXPR_LITERAL,
    MR_SQL_EXPR_COLUMN,     /* name: a, t.a, a.b.c; which parts are the column is the binder's to say */
    MR_SQL_EXPR_STAR,       /* name: qualifier, may be empty; except */
    MR_SQL_EXPR_UNARY,      /* op NEGATE, PLUS, BIT_NOT, NOT; args: 1 */
    MR_SQL_EXPR_BINARY,     /* arithmetic, bits, concatenation, comparison; args: 2 */
    MR_SQL_EXPR_AND,        /* args: 2 or more */
    MR_SQL_EXPR_OR,         /* args: 2 or more */
    MR_SQL_EXPR_IS,         /* op IS_NULL, IS_TRUE, IS_FALSE, IS_UNKNOWN; args: 1; is_negated */
    MR_SQL_EXPR_DISTINCT_FROM, /* args: 2; is_negated */
    MR_SQL_EXPR_IN,         /* args: the value, then the list; is_negated */
    MR_SQL_EXPR_IN_QUERY,   /* args: 1; query; is_negated */
    MR_SQL_EXPR_BETWEEN,    /* args: value, low, high; is_negated */
    MR_SQL_EXPR_LIKE,       /* op LIKE, ILIKE, RLIKE; args: value, pattern, escape if given; is_negated */
    MR_SQL_EXPR_CASE,       /* args: operand if has_operand, then (when, then) pairs, then else if has_else */
    MR_SQL_EXPR_CAST,       /* args: 1; type; is_try */
    MR_SQL_EXPR_CALL,       /* name; args (a star for count(*)); is_distinct; filter; over */
    MR_SQL_EXPR_NAMED_ARG,  /* key => value: name, args: 1 */
    MR_SQL_EXPR_LAMBDA,     /* name: parameters; args: the body */
    MR_SQL_EXPR_SUBSCRIPT,  /* args: container, index */
    MR_SQL_EXPR_FIELD,      /* args: 1; name: one part; where the base is not a plain name */
    MR_SQL_EXPR_ROW,        /* (a, b): args: 2 or more */
    MR_SQL_EXPR_SUBQUERY,   /* query, as a scalar */
    MR_SQL_EXPR_EXISTS,     /* query */
} mr_sql_expr_kind;

typedef enum mr_sql_op {
    MR_SQL_OP_NONE,
    MR_SQL_OP_NEGATE, MR_SQL_OP_PLUS, MR_SQL_OP_BIT_NOT, MR_SQL_OP_NOT,
    MR_SQL_OP_ADD, MR_SQL_OP_SUBTRACT, MR_SQL_OP_MULTIPLY, MR_SQL_OP_DIVIDE,
    MR_SQL_OP_MODULO, MR_SQL_OP_DIV, MR_SQL_OP_CONCAT,
    MR_SQL_OP_BIT_AND, MR_SQL_OP_BIT_OR, MR_SQL_OP_BIT_XOR,
    MR_SQL_OP_SHIFT_LEFT, MR_SQL_OP_SHIFT_RIGHT, MR_SQL_OP_SHIFT_RIGHT_UNSIGNED,
    MR_SQL_OP_EQ, MR_SQL_OP_NE, MR_SQL_OP_LT, MR_SQL_OP_LE, MR_SQL_OP_GT, MR_SQL_OP_GE,
    MR_SQL_OP_EQ_NULL_SAFE,
    MR_SQL_OP_IS_NULL, MR_SQL_OP_IS_TRUE, MR_SQL_OP_IS_FALSE, MR_SQL_OP_IS_UNKNOWN,
    MR_SQL_OP_LIKE, MR_SQL_OP_ILIKE, MR_SQL_OP_RLIKE,
    MR_SQL_OP_COUNT
} mr_sql_op;

struct mr_sql_expr;
struct mr_sql_query;

struct mr_sql_exprs {
    struct mr_sql_expr *first;
    struct mr_sql_expr *last;
    uint32_t count;
};

struct mr_sql_order {
    struct mr_sql_expr *expr;
    bool is_descending;
    bool is_nulls_first; /* as written, or by default: ascending first, descending last */
    struct mr_sql_order *next;
};

struct mr_sql_orders {
    struct mr_sql_order *first;
    struct mr_sql_order *last;
    uint32_t count;
};

typedef enum mr_sql_bound_kind {
    MR_SQL_BOUND_UNBOUNDED_PRECEDING,
    MR_SQL_BOUND_PRECEDING,
    MR_SQL_BOUND_CURRENT_ROW,
    MR_SQL_BOUND_FOLLOWING,
    MR_SQL_BOUND_UNBOUNDED_FOLLOWING,
} mr_sql_bound_kind;

struct mr_sql_bound {
    mr_sql_bound_kind kind;
    struct mr_sql_expr *distance; /* PRECEDING and FOLLOWING */
};

/* OVER (...). */
struct mr_sql_window {
    struct mr_sql_exprs partition_by;
    struct mr_sql_orders order_by;
    bool has_frame;
    bool is_range; /* else rows */
    struct mr_sql_bound from;
    struct mr_sql_bound to;
};

struct mr_sql_expr {
    mr_sql_expr_kind kind;
    mr_sql_op op;
    mr_sql_literal_kind literal;
    uint16_t depth; /* 1 for a leaf */
    bool is_negated;
    bool is_try;
    bool is_distinct;
    bool has_operand;
    bool has_else;
    bool is_parenthesized;
    struct mr_sql_pos pos;
    struct mr_span text; /* literal's value */
    struct mr_sql_names name;
    struct mr_sql_names except; /* STAR */
    struct mr_sql_exprs args;
    const struct mr_type *type; /* CAST */
    struct mr_sql_interval interval;
    struct mr_sql_query *query;
    struct mr_sql_expr *filter; /* CALL: FILTER (WHERE ..) */
    struct mr_sql_window *over;
    struct mr_sql_expr *next; /* in a list */
};

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

/* mr_sql_op_text: "+", "AND NOT"; as Spark prints it in a column's default name. */
const char *mr_sql_op_text(mr_sql_op op);

#endif

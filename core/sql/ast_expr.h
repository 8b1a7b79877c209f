/* Names and expressions of the syntax tree; ast.h says what holds for all of it. */
#ifndef MR_CORE_SQL_AST_EXPR_H
#define MR_CORE_SQL_AST_EXPR_H

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
    MR_SQL_LITERAL_BOOLEAN, /* text is "true" or "false" */
    MR_SQL_LITERAL_INTEGER, /* no suffix: int, bigint or decimal, by size */
    MR_SQL_LITERAL_BYTE,    /* Y */
    MR_SQL_LITERAL_SHORT,   /* S */
    MR_SQL_LITERAL_LONG,    /* L */
    MR_SQL_LITERAL_DECIMAL, /* 1.5, 1BD */
    MR_SQL_LITERAL_FLOAT,   /* F */
    MR_SQL_LITERAL_DOUBLE,  /* D, or an exponent */
    MR_SQL_LITERAL_STRING,  /* text is the value */
    MR_SQL_LITERAL_BINARY,  /* text is the bytes of X'..' */
    MR_SQL_LITERAL_DATE,    /* text is what the quotes held, for this and the next two */
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
    MR_SQL_EXPR_COLUMN,        /* name: a, t.a, a.b.c; the binder says which part is what */
    MR_SQL_EXPR_STAR,          /* name: qualifier, may be empty; except */
    MR_SQL_EXPR_UNARY,         /* op NEGATE, PLUS, BIT_NOT, NOT; args: 1 */
    MR_SQL_EXPR_BINARY,        /* arithmetic, bits, concatenation, comparison; args: 2 */
    MR_SQL_EXPR_AND,           /* args: 2 or more */
    MR_SQL_EXPR_OR,            /* args: 2 or more */
    MR_SQL_EXPR_IS,            /* op IS_NULL, IS_TRUE, IS_FALSE, IS_UNKNOWN; args: 1; is_negated */
    MR_SQL_EXPR_DISTINCT_FROM, /* args: 2; is_negated */
    MR_SQL_EXPR_IN,            /* args: the value, then the list; is_negated */
    MR_SQL_EXPR_IN_QUERY,      /* args: 1; query; is_negated */
    MR_SQL_EXPR_BETWEEN,       /* args: value, low, high; is_negated */
    MR_SQL_EXPR_LIKE,      /* op LIKE, ILIKE, RLIKE; args: value, pattern[, escape]; is_negated */
    MR_SQL_EXPR_CASE,      /* args: [operand,] when, then, .. [, else]; has_operand, has_else */
    MR_SQL_EXPR_CAST,      /* args: 1; type; is_try */
    MR_SQL_EXPR_CALL,      /* name; args (a star for count(*)); is_distinct; filter; over */
    MR_SQL_EXPR_NAMED_ARG, /* key => value: name, args: 1 */
    MR_SQL_EXPR_LAMBDA,    /* name: parameters; args: the body */
    MR_SQL_EXPR_SUBSCRIPT, /* args: container, index */
    MR_SQL_EXPR_FIELD,     /* args: 1; name: one part; where the base is not a plain name */
    MR_SQL_EXPR_ROW,       /* (a, b): args: 2 or more */
    MR_SQL_EXPR_SUBQUERY,  /* query, as a scalar */
    MR_SQL_EXPR_EXISTS,    /* query */
} mr_sql_expr_kind;

typedef enum mr_sql_op {
    MR_SQL_OP_NONE,
    MR_SQL_OP_NEGATE,
    MR_SQL_OP_PLUS,
    MR_SQL_OP_BIT_NOT,
    MR_SQL_OP_NOT,
    MR_SQL_OP_ADD,
    MR_SQL_OP_SUBTRACT,
    MR_SQL_OP_MULTIPLY,
    MR_SQL_OP_DIVIDE,
    MR_SQL_OP_MODULO,
    MR_SQL_OP_DIV,
    MR_SQL_OP_CONCAT,
    MR_SQL_OP_BIT_AND,
    MR_SQL_OP_BIT_OR,
    MR_SQL_OP_BIT_XOR,
    MR_SQL_OP_SHIFT_LEFT,
    MR_SQL_OP_SHIFT_RIGHT,
    MR_SQL_OP_SHIFT_RIGHT_UNSIGNED,
    MR_SQL_OP_EQ,
    MR_SQL_OP_NE,
    MR_SQL_OP_LT,
    MR_SQL_OP_LE,
    MR_SQL_OP_GT,
    MR_SQL_OP_GE,
    MR_SQL_OP_EQ_NULL_SAFE,
    MR_SQL_OP_IS_NULL,
    MR_SQL_OP_IS_TRUE,
    MR_SQL_OP_IS_FALSE,
    MR_SQL_OP_IS_UNKNOWN,
    MR_SQL_OP_LIKE,
    MR_SQL_OP_ILIKE,
    MR_SQL_OP_RLIKE,
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
    bool is_path;    /* FIELD, SUBSCRIPT: of JSON text: x:name, x:[index] */
    bool is_extract; /* CALL written as EXTRACT(field FROM x): args are the field as text, and x */
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

/* mr_sql_op_text: an operator as people write it: "+", "IS NULL". */
const char *mr_sql_op_text(mr_sql_op op);

#endif

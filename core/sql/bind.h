/* Binding: names get a meaning, expressions get types.
 *
 * The binder walks the syntax tree of a query over one relation whose columns are known, looks
 * every name up and builds typed expressions with the constructors of core/expr. What comes out is
 * ready to be compiled (core/expr/program.h).
 *
 * Names: a dotted name is a column, perhaps behind the relation's alias, and then members of it:
 * `a.b.c` is column a, or column b of alias a. Names compare without regard to case. Hidden columns
 * (`_metadata`) are found by name and left out of `*`. An unnamed output has Spark's name for it:
 * the expression's text, or the last part of a path. Two outputs of one name are an error here,
 * because a table has to hold them.
 *
 * Errors point at the token and carry MR12xx; errors of core/expr get the position of the smallest
 * expression they are about. Constructs that a query over one relation does not have are refused by
 * name. Source: SEMANTICS.md 5.1, 5.3. */
#ifndef MR_CORE_SQL_BIND_H
#define MR_CORE_SQL_BIND_H

#include "core/expr/expr.h"
#include "core/sql/ast.h"

/* What expressions of a whole query have beyond those over one relation: names of several
 * relations, aggregates, subqueries. All find or make an expression and report errors with a
 * position of their own; ctx is the query's planner. */
struct mr_bind_hooks {
    /* A name: the expression of its first *out_parts parts; none = not found. */
    mr_status (*name)(void *ctx, const struct mr_sql_names *names, const struct mr_expr **out_expr,
                      uint32_t *out_parts, struct mr_err *err);
    /* The error for a name that nothing knows. */
    mr_status (*unknown)(void *ctx, const struct mr_sql_names *names, struct mr_err *err);
    /* A call of a function that is no scalar one; *out_expr null = it is. */
    mr_status (*call)(void *ctx, const struct mr_sql_expr *call, const struct mr_expr **out_expr,
                      struct mr_err *err);
    /* IN (query), EXISTS and a scalar subquery. */
    mr_status (*query)(void *ctx, const struct mr_sql_expr *expr, const struct mr_expr **out_expr,
                       struct mr_err *err);
};

/* The columns that a query can see. */
struct mr_bind_scope {
    const struct mr_bind_hooks *hooks; /* null = over one relation, described below */
    void *ctx;                         /* of the hooks */
    const struct mr_type *columns; /* struct */
    uint32_t visible_count;        /* columns from here on are hidden */
    struct mr_span alias;          /* of the relation; empty = none */
    struct mr_span relation;       /* what messages call it: "orders", "read_files" */
};

struct mr_bound_query {
    const struct mr_expr *filter;       /* boolean; null = no WHERE */
    const struct mr_expr *const *exprs; /* one per output */
    uint32_t count;
    const struct mr_type *schema; /* of the output, as nullable as the expressions say */
    const uint64_t *used;         /* bit i: column i of the scope is read by filter or exprs */
};

/* mr_sql_bind_query: a SELECT over the relation that `scope` describes.
 * script  the query's, for the origin of errors; null = the caller adds it
 * fails   MR_E_NOT_FOUND (1203), MR_E_TYPE, MR_E_SYNTAX, MR_E_UNSUPPORTED (1004), MR_E_NOMEM */
MR_MUST_USE mr_status mr_sql_bind_query(struct mr_expr_builder *builder,
                                        const struct mr_sql_script *script,
                                        const struct mr_sql_query *query,
                                        const struct mr_bind_scope *scope,
                                        struct mr_bound_query *out_query, struct mr_err *err);

/* mr_sql_bind_expr: one expression over the scope. A position that err has is that of the smallest
 * expression at fault. */
MR_MUST_USE mr_status mr_sql_bind_expr(struct mr_expr_builder *builder,
                                       const struct mr_sql_expr *expr,
                                       const struct mr_bind_scope *scope,
                                       const struct mr_expr **out_expr, struct mr_err *err);

/* mr_sql_locate: puts a position on the error at hand unless a smaller expression has put its own;
 * returns `status`. */
mr_status mr_sql_locate(const struct mr_sql_pos *pos, mr_status status, struct mr_err *err);

/* mr_sql_output_name: what Spark calls an output: its alias, else the last part of a column's name,
 * also under a cast, else its text. */
MR_MUST_USE mr_status mr_sql_output_name(struct mr_expr_builder *builder,
                                         const struct mr_sql_item *item,
                                         const struct mr_expr *expr, struct mr_span *out_name,
                                         struct mr_err *err);

#endif

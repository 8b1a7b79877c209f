/* The planner: a query's syntax tree becomes a logical plan.
 *
 * Names get a meaning by scopes: the columns of a SELECT's FROM, each reached by the alias of its
 * relation; behind them aliases of the SELECT list, where Spark has them count; behind them, in a
 * subquery, the columns of the query around it. Relations are looked up by whoever asks for the
 * plan (mr_plan_catalog), except common table expressions, which are planned where they are used.
 *
 *   FROM ─▶ WHERE ─▶ [GROUP BY ─▶ HAVING] ─▶ [windows ─▶ QUALIFY] ─▶ SELECT ─▶ [DISTINCT] ─▶
 *       [ORDER BY] ─▶ [LIMIT]
 *
 * Subqueries become joins (logical.h: SEMI, ANTI, MARK, SINGLE). A reference to the query around a
 * subquery stands in its WHERE: there it becomes part of the join's condition; an aggregate without
 * GROUP BY is grouped by the columns that such conditions compare.
 *
 * Errors carry position and a code (12xx), and the script's name. Source: SEMANTICS.md 5.1; Spark's
 * resolution rules; Neumann and Kemper, "Unnesting Arbitrary Queries" (2015) for the joins. */
#ifndef MR_CORE_PLAN_PLAN_QUERY_H
#define MR_CORE_PLAN_PLAN_QUERY_H

#include "core/plan/logical.h"
#include "core/sql/ast.h"

/* Something to scan: made by the catalog, which knows more about it than this. */
struct mr_relation {
    const struct mr_type *schema; /* struct */
    uint32_t visible_count;       /* columns from here on are hidden: `_metadata` */
    struct mr_span name;          /* for messages and EXPLAIN */
    double rows_expected;         /* a guess; negative = unknown */
};

struct mr_plan_catalog {
    /* A table, a path table or a table function, with its AS OF and options.
     * fails MR_E_NOT_FOUND 1210 and whatever opening it gives; a position is added if missing */
    mr_status (*find)(void *ctx, const struct mr_sql_relation *relation,
                      struct mr_relation **out_relation, struct mr_err *err);
    void *ctx;
};

/* mr_plan_query: `builder`'s arena holds the plan. `script` names the origin of errors; may be
 * null.
 * fails MR_E_NOT_FOUND, MR_E_TYPE, MR_E_INVALID, MR_E_SYNTAX, MR_E_UNSUPPORTED, MR_E_NOMEM */
MR_MUST_USE mr_status mr_plan_query(struct mr_expr_builder *builder,
                                    const struct mr_plan_catalog *catalog,
                                    const struct mr_sql_script *script,
                                    const struct mr_sql_query *query, struct mr_plan **out_plan,
                                    struct mr_err *err);

#endif

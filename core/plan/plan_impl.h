/* What the planner's files share: scopes, the SELECT at work, and columns that are not there yet.
 *
 * While the expressions of a SELECT are bound, its plan is not made. So what an expression will
 * read from a later node is a column beyond all real ones, numbered by what it stands for:
 *
 *   [0, SLOT_AGGREGATE)   columns of FROM
 *   SLOT_AGGREGATE + i    aggregates[i]
 *   SLOT_WINDOW + i       windows[i]
 *   SLOT_QUERY + i        what subquery i gives
 *   SLOT_OUTER + i        column i, of any of these kinds, of the query around this one
 *   SLOT_GROUPING + i     grouping(..) or grouping_id(), by their masks
 *   SLOT_GENERATOR        what the generator of the SELECT list gives, column by column
 *
 * A stage puts them in terms of the plan as it stands with mr_select_place, which also joins the
 * subqueries that it meets. Joins and windows append columns, so what was placed stays right. */
#ifndef MR_CORE_PLAN_PLAN_IMPL_H
#define MR_CORE_PLAN_PLAN_IMPL_H

#include "core/plan/plan_nodes_impl.h"
#include "core/sql/bind.h"

enum {
    SLOT_AGGREGATE = 1 << 20,
    SLOT_WINDOW = 2 << 20,
    SLOT_QUERY = 3 << 20,
    SLOT_GROUPING = 4 << 20,
    SLOT_GENERATOR = 5 << 20,
    SLOT_OUTER = 1 << 24,
    SLOT_END = 2 << 24,
};

struct scope_column {
    struct mr_span relation; /* alias that it is reached by; empty = none */
    struct mr_span name;
    struct mr_span metadata;
    uint32_t index;     /* in the plan of FROM */
    bool is_in_star;    /* of a star without a qualifier */
    bool is_unqualified; /* found by its bare name: not so a side of USING */
    bool is_hidden;     /* found only when asked for by name: `_metadata` */
};

struct scope {
    struct scope_column *columns; /* in the order of a star */
    uint32_t count;
    uint32_t capacity;
};

/* One FROM, or a part of it. */
struct from {
    struct mr_plan *plan;
    struct scope scope;
};

typedef enum subquery_kind { SUBQUERY_SCALAR, SUBQUERY_EXISTS, SUBQUERY_IN } subquery_kind;

struct subquery {
    subquery_kind kind;
    struct mr_plan *plan;
    uint32_t value_count;        /* columns before those that conditions read */
    /* Conditions over the plan's columns and SLOT_OUTER + slots of the SELECT around. IN: the first
     * is the comparison. */
    const struct mr_expr *const *conditions;
    uint32_t condition_count;
    const struct mr_expr *if_missing; /* scalar aggregate: its value over no rows; null = null */
    uint32_t found_column;            /* with if_missing: column that is not null where joined */
    uint32_t column;                  /* in the plan once joined; UINT32_MAX = not joined */
};

typedef enum select_stage {
    STAGE_ROWS,   /* WHERE, GROUP BY: no aggregates */
    STAGE_ITEMS,  /* SELECT list, HAVING, ORDER BY */
    STAGE_WITHIN, /* inside an aggregate or a window function */
} select_stage;

struct window_call {
    struct mr_plan_window window; /* in slots until placed */
    uint32_t column;
    bool is_placed;
};

struct grouping_call {
    const struct mr_expr **args; /* none: grouping_id() of all */
    uint32_t arg_count;
    bool is_id;
};

struct mr_select {
    struct planner *planner;
    struct mr_select *outer; /* whose columns may be referred to; null = none */
    struct from from;
    struct mr_plan *plan; /* as far as it has come */
    select_stage stage;
    LIST_OF(struct select_item) items;
    LIST_OF(struct mr_plan_aggregate) aggregates;
    LIST_OF(struct window_call) windows;
    LIST_OF(struct subquery) subqueries;
    LIST_OF(struct grouping_call) groupings;
    LIST_OF(const struct mr_expr *) correlated; /* conjuncts of WHERE that read SLOT_OUTER */
    bool may_use_aliases;    /* items so far count as names */
    bool is_alias_first;     /* ORDER BY: before columns */
    /* After grouping: */
    bool is_grouped;
    const struct mr_expr *const *groups;
    uint32_t group_count;
    uint32_t grouping_column; /* of the grouping id */
    const struct mr_sql_pos *pos; /* of what is being placed, for errors */
    uint32_t generator_column; /* first one of the SELECT list's generator */
};

/* ---- plan_relation.c ---- */

/* mr_plan_from: FROM; a null relation is one row without columns. */
MR_MUST_USE mr_status mr_plan_from(struct planner *p, const struct mr_sql_relation *relation,
                                   struct from *out_from, struct mr_err *err);

/* ---- plan_select.c ---- */

/* mr_plan_select: a SELECT with its ORDER BY and LIMIT. `sub`, if not null, is the subquery it is
 * planned for: its conditions are filled in. */
MR_MUST_USE mr_status mr_plan_select(struct planner *p, const struct mr_sql_query *query,
                                     struct mr_select *outer, struct subquery *sub,
                                     struct mr_plan **out_plan, struct mr_err *err);

/* mr_plan_order: ORDER BY over the columns that `plan` gives, then LIMIT and OFFSET. */
MR_MUST_USE mr_status mr_plan_order(struct planner *p, struct mr_plan *plan,
                                    const struct mr_sql_query *query, struct mr_plan **out_plan,
                                    struct mr_err *err);

/* ---- plan_names.c: the hooks of the expression binder ---- */

extern const struct mr_bind_hooks mr_select_hooks;

MR_MUST_USE mr_status mr_select_bind(struct mr_select *select, const struct mr_sql_expr *e,
                                     const struct mr_expr **out_expr, struct mr_err *err);
/* mr_select_outer: an expression in a SELECT's slots, as a subquery of it sees it. */
MR_MUST_USE mr_status mr_select_outer(struct mr_select *select, const struct mr_expr *expr,
                                      const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_scope_add(struct planner *p, struct scope *scope,
                                   struct scope_column column, struct mr_err *err);

/* ---- plan_calls.c: aggregates, windows, grouping() ---- */

MR_MUST_USE mr_status mr_select_call(void *ctx, const struct mr_sql_expr *call,
                                     const struct mr_expr **out_expr, struct mr_err *err);

/* ---- plan_call_names.c: what a call without an alias is named; `is_distinct` as written ---- */

MR_MUST_USE mr_status mr_plan_aggregate_name(struct planner *p,
                                             const struct mr_plan_aggregate *aggregate,
                                             bool is_distinct, struct mr_span *out_name,
                                             struct mr_err *err);
MR_MUST_USE mr_status mr_plan_window_name(struct planner *p, const struct mr_plan_window *window,
                                          bool is_distinct, struct mr_span *out_name,
                                          struct mr_err *err);

/* ---- plan_subquery.c ---- */

MR_MUST_USE mr_status mr_select_query(void *ctx, const struct mr_sql_expr *expr,
                                      const struct mr_expr **out_expr, struct mr_err *err);

/* mr_select_place: `expr` in terms of select->plan, with the subqueries in it joined. */
MR_MUST_USE mr_status mr_select_place(struct mr_select *select, const struct mr_expr *expr,
                                      const struct mr_expr **out_expr, struct mr_err *err);

/* mr_select_where: filters by conjuncts in slots: subqueries that stand alone become SEMI and ANTI
 * joins; conjuncts that read the query around are kept for it. */
MR_MUST_USE mr_status mr_select_where(struct mr_select *select, const struct mr_expr *condition,
                                      struct mr_err *err);

/* ---- plan_group.c ---- */

MR_MUST_USE mr_status mr_select_group(struct mr_select *select, const struct mr_sql_query *query,
                                      struct subquery *sub, struct mr_err *err);

/* mr_select_bind_or_ordinal: an expression of GROUP BY or ORDER BY: a whole number is an item. */
MR_MUST_USE mr_status mr_select_bind_or_ordinal(struct mr_select *select,
                                                const struct mr_sql_expr *e,
                                                const struct mr_expr **out_expr,
                                                struct mr_err *err);
MR_MUST_USE mr_status mr_select_place_aggregate(struct mr_select *select,
                                                struct mr_plan_aggregate *aggregate,
                                                struct mr_err *err);

/* ---- plan_query.c ---- */

/* mr_plan_any: a query of any kind; its last node has the output's names. */
MR_MUST_USE mr_status mr_plan_any(struct planner *p, const struct mr_sql_query *query,
                                  struct mr_select *outer, struct subquery *sub,
                                  struct mr_plan **out_plan, struct mr_err *err);

#endif

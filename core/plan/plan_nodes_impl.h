/* What every file of the planner needs: its state, growing lists, errors, and nodes that several
 * clauses make. Nothing here knows about scopes or slots (plan_impl.h). */
#ifndef MR_CORE_PLAN_PLAN_NODES_IMPL_H
#define MR_CORE_PLAN_PLAN_NODES_IMPL_H

#include "core/plan/plan_query.h"
#include "core/sql/bind.h"

/* Codes of errors.def. */
enum {
    ERR_UNSUPPORTED = 1004,
    ERR_COLUMN = 1203,
    ERR_AMBIGUOUS = 1204,
    ERR_CONDITION = 1206,
    ERR_STAR = 1207,
    ERR_AGGREGATE = 1208,
    ERR_GROUPED = 1209,
    ERR_ORDINAL = 1211,
    ERR_SET = 1212,
    ERR_SUBQUERY = 1213,
    ERR_WINDOW = 1214,
    ERR_ALIASES = 1215,
    ERR_LIMIT = 1216,
    ERR_EXPANSION = 1217,
};

struct named_query { /* a common table expression in sight */
    const struct mr_sql_cte *cte;
    const struct named_query *visible; /* what its own query sees */
    const struct named_query *next;
};

struct planner {
    struct mr_expr_builder *builder;
    struct mr_arena *arena;
    const struct mr_plan_catalog *catalog;
    const struct named_query *ctes;
    uint32_t queries; /* planned so far: a common table expression counts each time it is used */
};

/* A growing list of pointers or structs in the planner's arena. */
#define LIST_OF(type)                                                                              \
    struct {                                                                                       \
        type *at;                                                                                  \
        uint32_t count, capacity;                                                                  \
    }

struct select_item {
    const struct mr_expr *expr;
    struct mr_span name;
    struct mr_span metadata;
    const struct mr_sql_pos *pos;
    bool is_alias; /* may be used by others of its name */
};

/* list_grow: room for one more element; false when out of memory. */
bool mr_plan_list_grow(struct mr_arena *arena, void *at, uint32_t count, uint32_t *capacity,
                       size_t size);
#define LIST_ADD(arena, list, value)                                                               \
    (mr_plan_list_grow((arena), &(list)->at, (list)->count, &(list)->capacity,                     \
                       sizeof *(list)->at) &&                                                      \
     ((list)->at[(list)->count++] = (value), true))

mr_status mr_plan_nomem(struct mr_err *err);

/* mr_plan_fail: an error with a position. */
mr_status mr_plan_fail(struct mr_err *err, const struct mr_sql_pos *pos, mr_status status,
                       uint32_t code, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
mr_status mr_plan_refuse(struct mr_err *err, const struct mr_sql_pos *pos, const char *construct);

/* ---- nodes ---- */

/* mr_plan_project: a PROJECT of items over `plan`. */
MR_MUST_USE mr_status mr_plan_project(struct planner *p, struct mr_plan *plan,
                                      const struct select_item *items, uint32_t count,
                                      struct mr_plan **out_plan, struct mr_err *err);

/* mr_plan_distinct: an AGGREGATE of all columns of `plan`. */
MR_MUST_USE mr_status mr_plan_distinct(struct planner *p, struct mr_plan *plan,
                                       struct mr_plan **out_plan, struct mr_err *err);

/* mr_plan_filter: FILTER over conjuncts in terms of the plan; the plan itself without any. */
MR_MUST_USE mr_status mr_plan_filter(struct planner *p, struct mr_plan *plan,
                                     const struct mr_expr *const *conjuncts, uint32_t count,
                                     struct mr_plan **out_plan, struct mr_err *err);

/* mr_plan_limit: LIMIT and OFFSET, which are constants. */
MR_MUST_USE mr_status mr_plan_limit(struct planner *p, struct mr_plan *plan,
                                    const struct mr_sql_query *query, struct mr_plan **out_plan,
                                    struct mr_err *err);

/* mr_plan_as_boolean: a condition: boolean, or an error 1206 that names the clause. */
MR_MUST_USE mr_status mr_plan_as_boolean(struct planner *p, const char *clause,
                                         const struct mr_sql_pos *pos, const struct mr_expr *expr,
                                         const struct mr_expr **out_expr, struct mr_err *err);

/* mr_plan_conjuncts: the operands of nested ANDs. */
MR_MUST_USE mr_status mr_plan_conjuncts(struct mr_arena *arena, const struct mr_expr *expr,
                                        const struct mr_expr ***out_list, uint32_t *out_count,
                                        struct mr_err *err);

#endif

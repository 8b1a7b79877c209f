/* Logical plans: what a query asks for, as a tree of relations.
 *
 * The planner (plan_query.h) makes a tree from a syntax tree; the optimizer (optimize.h) turns it
 * into an equal one that costs less; the physical planner makes operators of it (core/ops). Nodes
 * are plain data in an arena and may be changed by whoever owns the tree; the expressions in them
 * are immutable (core/expr).
 *
 *   inputs[0] ─▶ node ─▶ schema        one row per row of the relation that the node stands for
 *
 * An expression of a node is over the node's input: column i is member i of inputs[0]->schema. Of a
 * join it is over both sides, the left's columns first. Every node states its schema: names,
 * types and nullability of what it gives. A query's last node has the names that users see; names
 * further down are for messages.
 *
 *   SCAN       a table, a path or a table function; keeps the wanted columns, may pass on rows only
 *              that can match `filter`, which is a hint: a FILTER above decides
 *   VALUES     rows of expressions without columns; one row of no columns where FROM is missing
 *   FILTER     exprs: conjuncts, all of which have to be true
 *   PROJECT    exprs: one per column
 *   AGGREGATE  groups, then aggregates, then the grouping id if has_grouping_id; no groups: one row
 *   JOIN       see mr_join; exprs: conjuncts of ON; none = every pair
 *   SORT       orders; with a limit: only the first rows
 *   LIMIT      count rows behind `offset`
 *   UNION      rows of both inputs, column by column; INTERSECT, EXCEPT: is_all or distinct
 *   WINDOW     the input's columns, then one per window function
 *   GENERATE   the input's columns, then those of a generator, once per row that it gives
 *
 * Source: SEMANTICS.md 5.1; Selinger et al. (1979) and the usual relational algebra. */
#ifndef MR_CORE_PLAN_LOGICAL_H
#define MR_CORE_PLAN_LOGICAL_H

#include "core/expr/aggregate.h"
#include "core/expr/generator.h"
#include "core/expr/window_function.h"

struct mr_relation;

typedef enum mr_plan_kind {
    MR_PLAN_SCAN,
    MR_PLAN_VALUES,
    MR_PLAN_FILTER,
    MR_PLAN_PROJECT,
    MR_PLAN_AGGREGATE,
    MR_PLAN_JOIN,
    MR_PLAN_SORT,
    MR_PLAN_LIMIT,
    MR_PLAN_UNION,
    MR_PLAN_INTERSECT,
    MR_PLAN_EXCEPT,
    MR_PLAN_WINDOW,
    MR_PLAN_GENERATE,
} mr_plan_kind;

/* What a join gives for its left rows (l) and right rows (r). */
typedef enum mr_join {
    MR_JOIN_INNER, /* l, r of matching pairs */
    MR_JOIN_LEFT,  /* and l with nulls where nothing matches */
    MR_JOIN_RIGHT,
    MR_JOIN_FULL,
    MR_JOIN_SEMI, /* l that match: columns of the left only */
    MR_JOIN_ANTI, /* l that do not */
    /* l, and a boolean: whether it matches. With is_null_aware, which stands for IN, null where no
     * pair is true and some is null: exprs[0] is the comparison of IN, the rest must be true for a
     * pair to count at all. ANTI with is_null_aware keeps rows whose mark would be false. */
    MR_JOIN_MARK,
    /* l, and r of the one row that matches, or nulls; more than one is an error (1220). */
    MR_JOIN_SINGLE,
} mr_join;

struct mr_plan_order {
    const struct mr_expr *expr;
    bool is_descending;
    bool is_nulls_first;
};

/* One aggregate: FUNCTION(DISTINCT args) FILTER (WHERE filter). */
struct mr_plan_aggregate {
    struct mr_aggregate_call call;
    const struct mr_expr *filter; /* null = none */
};

typedef enum mr_bound_kind {
    MR_BOUND_UNBOUNDED, /* the partition's start as `from`, its end as `to` */
    MR_BOUND_CURRENT,   /* the row, or with is_range its peers */
    MR_BOUND_OFFSET,    /* rows, or distance of the order's value: negative = preceding */
} mr_bound_kind;

struct mr_plan_bound {
    mr_bound_kind kind;
    int64_t rows; /* OFFSET of ROWS */
    /* OFFSET of RANGE, of the order expression's type, signed: days of a date, microseconds of a
     * timestamp */
    struct mr_value distance;
};

/* One window function over the frame of its window: one of the two calls has a function. */
struct mr_plan_window {
    struct mr_window_call call;
    struct mr_plan_aggregate aggregate;
    const struct mr_expr *const *partition_by;
    uint32_t partition_count;
    const struct mr_plan_order *orders;
    uint32_t order_count;
    bool is_range; /* else rows */
    struct mr_plan_bound from, to;
};

struct mr_plan {
    mr_plan_kind kind;
    const struct mr_type *schema; /* struct */
    struct mr_plan *inputs[2];
    uint32_t input_count;
    const struct mr_expr *const *exprs; /* FILTER, PROJECT, JOIN; VALUES: row after row */
    uint32_t expr_count;

    /* SCAN */
    struct mr_relation *relation; /* whoever resolved the name knows what it is */
    const uint32_t *columns; /* members of the relation's schema that it gives; null = all */
    const bool *wanted; /* of the relation's schema, in pre-order as mr_expr_reads; null = all */
    const struct mr_expr *const *filter; /* conjuncts over what it gives */
    uint32_t filter_count;
    int64_t rows_wanted; /* no more are needed than so many; -1 = all */

    /* VALUES */
    uint32_t row_count;

    /* AGGREGATE */
    const struct mr_expr *const *groups;
    uint32_t group_count;
    const struct mr_plan_aggregate *aggregates;
    uint32_t aggregate_count;
    /* Grouping sets: bit i of sets[k]: group i counts in set k; null pointer = one set of all. A
     * group that does not count is null. The grouping id is Spark's: bit (count - 1 - i) is 1 where
     * group i does not count. */
    const uint64_t *sets;
    uint32_t set_count;
    bool has_grouping_id;

    /* JOIN */
    mr_join join;
    bool is_null_aware;

    /* SORT, LIMIT */
    const struct mr_plan_order *orders;
    uint32_t order_count;
    int64_t limit; /* -1 = all */
    int64_t offset;

    /* INTERSECT, EXCEPT */
    bool is_all;

    /* WINDOW: all with the same PARTITION BY and ORDER BY */
    const struct mr_plan_window *windows;
    uint32_t window_count;

    /* GENERATE */
    const struct mr_generator *generator; /* its inputs are over the input's columns */

    double rows_expected; /* the optimizer's guess; 0 = not known */
};

/* mr_plan_new: a node with its inputs; null when out of memory. The caller sets the rest. */
struct mr_plan *mr_plan_new(struct mr_arena *arena, mr_plan_kind kind, struct mr_plan *left,
                            struct mr_plan *right);

/* mr_plan_write: the tree as text for EXPLAIN, a node a line, inputs indented. */
void mr_plan_write(const struct mr_plan *plan, struct mr_text *out);

#endif

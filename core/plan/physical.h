/* The physical planner: a logical plan becomes a tree of operators.
 *
 *   logical plan ─▶ mr_physical_open ─▶ struct mr_operator, which is pulled (core/ops/operator.h)
 *
 * Nodes become operators one by one, with these choices: equal comparisons of a join's two sides
 * become its keys, other conditions are asked of each pair; the right side is taken in, unless the
 * left one is expected to be smaller and the kind of join allows to change sides; a sort with a
 * limit keeps only the first rows. Tables are opened by whoever knows them (mr_scan_sources).
 *
 * Operators borrow from the plan and from the builder's arena, which both outlive them. */
#ifndef MR_CORE_PLAN_PHYSICAL_H
#define MR_CORE_PLAN_PHYSICAL_H

#include "core/ops/op_query.h"
#include "core/plan/logical.h"

struct mr_scan_sources {
    /* An operator for a SCAN: the members scan->columns of the relation, as scan->schema says; rows
     * for which scan->filter is not true may be left out, and rows above scan->rows_wanted; of
     * nested members what scan->wanted does not ask for may be null. */
    mr_status (*open)(void *ctx, struct mr_query_env *env, const struct mr_plan *scan,
                      struct mr_operator **out_op, struct mr_err *err);
    void *ctx;
};

/* mr_physical_open: the operators of a plan on this shard; builder->arena holds what they need.
 * fails  MR_E_NOMEM, MR_E_UNSUPPORTED 1004 for a comparison that NOT IN cannot be made of, and what
 *        opening a table gives */
MR_MUST_USE mr_status mr_physical_open(struct mr_query_env *env, struct mr_expr_builder *builder,
                                       const struct mr_scan_sources *sources,
                                       const struct mr_plan *plan, struct mr_operator **out_op,
                                       struct mr_err *err);

/* mr_physical_write: the operators as text, one a line, inputs indented; with what they have
 * counted so far where has_counts. */
void mr_physical_write(const struct mr_operator *op, bool has_counts, struct mr_text *out);

#endif

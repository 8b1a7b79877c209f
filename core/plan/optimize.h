/* The optimizer: an equal plan that costs less.
 *
 *   push filters ─▶ order joins ─▶ push filters ─▶ limits ─▶ prune columns ─▶ skip by filters
 *
 * Filters go as far down as they may, through projections, joins, groups, unions and windows; what
 * every branch of an OR says about one side of a join goes down too; an outer join whose nulls a
 * filter drops becomes an inner one. Clusters of inner joins are ordered by what they are expected
 * to give, each with the smaller side as inputs[1], which is the one to build a table of. A sort
 * below a limit keeps only the first rows. Nothing is read that nobody asks for, members of structs
 * included. A filter above a scan is told to the scan, which may skip by statistics.
 *
 * The columns that the plan gives, their names and order, stay. What may differ is which error a
 * query fails with when several expressions of it fail, as in Spark. Guesses (rows_expected) come
 * from the sizes of relations and fixed shares: there are no statistics of values yet. */
#ifndef MR_CORE_PLAN_OPTIMIZE_H
#define MR_CORE_PLAN_OPTIMIZE_H

#include "core/plan/plan_query.h"

/* mr_plan_optimize: consumes `plan`, whose nodes may be part of the result.
 * fails MR_E_NOMEM, MR_E_LIMIT */
MR_MUST_USE mr_status mr_plan_optimize(struct mr_expr_builder *builder, struct mr_plan *plan,
                                       struct mr_plan **out_plan, struct mr_err *err);

#endif

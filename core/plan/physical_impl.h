/* What the files of the physical planner share. */
#ifndef MR_CORE_PLAN_PHYSICAL_IMPL_H
#define MR_CORE_PLAN_PHYSICAL_IMPL_H

#include "core/plan/physical.h"

struct physical {
    struct mr_query_env *env;
    struct mr_expr_builder *builder;
    const struct mr_scan_sources *sources;
};

/* How a join is run. */
struct join_choice {
    struct mr_op_join_spec spec;
    bool is_swapped;                   /* the plan's left side is the one that is taken in */
    const struct mr_expr *const *back; /* swapped: the plan's columns over what comes out */
};

MR_MUST_USE mr_status mr_physical_node(struct physical *p, const struct mr_plan *plan,
                                       struct mr_operator **out_op, struct mr_err *err);
MR_MUST_USE mr_status mr_physical_join(struct physical *p, const struct mr_plan *plan,
                                       struct join_choice *out, struct mr_err *err);
MR_MUST_USE mr_status mr_physical_aggregate_spec(struct physical *p, const struct mr_plan *plan,
                                                 struct mr_op_aggregate_spec *out,
                                                 struct mr_err *err);

#endif

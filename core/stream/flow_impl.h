/* Parts of a flow, for core/stream only: what an epoch's requests need done. Each returns a status
 * and leaves the decision what follows from it to flow.c. */
#ifndef MR_CORE_STREAM_FLOW_IMPL_H
#define MR_CORE_STREAM_FLOW_IMPL_H

#include "core/stream/flow.h"

/* mr_flow_partition_text: struct mr_sink_config's hook; ctx is the plan. */
mr_status mr_flow_partition_text(void *ctx, const struct mr_batch *batch, uint32_t row,
                                 struct mr_text *out_folder, struct mr_text *out_values,
                                 struct mr_err *err);

/* mr_flow_make_ranges: cuts flow->list into flow->ranges. */
MR_MUST_USE mr_status mr_flow_make_ranges(struct mr_flow *flow, struct mr_err *err);

/* mr_flow_plan_again: list and ranges of an epoch that runs again, in this process or a later one.
 * Files that have changed since are read as they are now, from their start to their end, unless the
 * table has the epoch already: then its rows are dropped, and what changed after them must not
 * count as read. */
MR_MUST_USE mr_status mr_flow_plan_again(struct mr_flow *flow, struct mr_err *err);

/* mr_flow_collect: all workers have sealed: fills flow->prepared and its text, flow->json.
 * fails MR_E_INTERNAL when rows are unaccounted for (R31) */
MR_MUST_USE mr_status mr_flow_collect(struct mr_flow *flow, struct mr_err *err);

/* mr_flow_commit: the table has flow->prepared when this returns MR_OK. `before` makes the prepared
 * record durable where that has still to be done, and is called before anybody sees the version; or
 * null. A refusal that leaves the table without the epoch withdraws the record, so that the next
 * start runs the epoch again. */
MR_MUST_USE mr_status mr_flow_commit(struct mr_flow *flow,
                                     mr_status (*before)(void *flow, struct mr_err *err),
                                     struct mr_err *err);

/* mr_flow_settle: after commits/N: the source may forget or move the files, staged lists go, old
 * entries go, and the table's log gets its checkpoint when one is due. */
MR_MUST_USE mr_status mr_flow_settle(struct mr_flow *flow, int64_t epoch, struct mr_err *err);

/* mr_flow_upkeep: version checksums and log checkpoints of the table, as far as they are due. What
 * fails here harms nothing, is counted, and is due again. */
void mr_flow_upkeep(struct mr_flow *flow);

#endif

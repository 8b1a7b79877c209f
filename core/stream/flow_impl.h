/* Parts of a flow, for core/stream only: what an epoch's requests need done. Each returns a status
 * and leaves the decision what follows from it to flow.c. */
#ifndef MR_CORE_STREAM_FLOW_IMPL_H
#define MR_CORE_STREAM_FLOW_IMPL_H

#include "core/stream/flow.h"

static inline struct mr_flow_reading *mr_flow_reading_of(struct mr_flow *flow, int64_t epoch)
{
    return &flow->readings[(uint64_t)epoch % MR_WORKER_EPOCHS];
}

/* mr_flow_order: an order to the link's worker; it waits in the link while the inbox is full.
 * mr_flow_flush: sends what waits. */
void mr_flow_order(struct mr_flow_link *link, mr_worker_order kind, int64_t epoch, uint64_t value);
void mr_flow_flush(struct mr_flow_link *link);

/* ---- flow_read.c ---- */

/* mr_flow_plan: chooses what `epoch` reads and fixes its time; false: there is nothing. */
MR_MUST_USE mr_status mr_flow_plan(struct mr_flow *flow, int64_t epoch, bool *out_has_files,
                                   struct mr_err *err);

/* mr_flow_plan_again: list and ranges of an epoch that runs again, in this process or a later one.
 * What was planned beyond it is forgotten. Files that have changed since are read as they are now,
 * from their start to their end, unless the table has the epoch already: then its rows are dropped,
 * and what changed after them must not count as read. */
MR_MUST_USE mr_status mr_flow_plan_again(struct mr_flow *flow, struct mr_err *err);

/* mr_flow_begin: the workers begin an epoch that is planned and get their first ranges.
 * mr_flow_feed: gives out ranges as far as workers have room for, and with `may_seal` tells them
 * when those are all. returns whether it did something */
void mr_flow_begin(struct mr_flow *flow, int64_t epoch, bool may_seal);
bool mr_flow_feed(struct mr_flow *flow, int64_t epoch, bool may_seal);

/* mr_flow_may_look: whether the epoch ahead should be planned now, if there is anything. */
bool mr_flow_may_look(struct mr_flow *flow);

/* ---- flow_open.c ---- */

/* mr_flow_clean_staged: the staged lists of all epochs that are committed go, of however many
 * shards; and of those above `keep` also what they name. */
MR_MUST_USE mr_status mr_flow_clean_staged(struct mr_flow *flow, int64_t keep, struct mr_err *err);

/* ---- flow_epoch.c ---- */

/* mr_flow_partition_text: struct mr_sink_config's hook; ctx is the plan. */
mr_status mr_flow_partition_text(void *ctx, const struct mr_batch *batch, uint32_t row,
                                 struct mr_text *out_folder, struct mr_text *out_values,
                                 struct mr_err *err);

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

/* mr_flow_settle: what follows commits/N and nobody waits for: the source may forget or move the
 * files, staged lists go, old entries go, and the table's log gets its checkpoint when one is due.
 * Nothing to do when flow->unsettled is none. */
MR_MUST_USE mr_status mr_flow_settle(struct mr_flow *flow, struct mr_err *err);

/* mr_flow_upkeep: version checksums and log checkpoints of the table, as far as they are due. What
 * fails here harms nothing, is counted, and is due again. */
void mr_flow_upkeep(struct mr_flow *flow);

#endif

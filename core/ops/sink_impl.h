/* Parts of a sink, for core/ops only: one file's way from its name to what is known of it. */
#ifndef MR_CORE_OPS_SINK_IMPL_H
#define MR_CORE_OPS_SINK_IMPL_H

#include "core/ops/sink.h"

mr_status mr_sink_nomem(struct mr_err *err);

/* mr_sink_sharers: how many writers the memory is shared among when `open_count` files are open:
 * the next power of two, so that pages change seldom. */
uint32_t mr_sink_sharers(uint32_t open_count);

/* mr_sink_open_file: a file for the partition of `part`, whose first row names its folder. */
MR_MUST_USE mr_status mr_sink_open_file(struct mr_sink *sink, const struct mr_batch *batch,
                                        const struct mr_routed *part,
                                        struct mr_sink_writing **out_file, struct mr_err *err);

/* mr_sink_seal_file: an open file takes no more rows. */
MR_MUST_USE mr_status mr_sink_seal_file(struct mr_sink *sink, struct mr_sink_writing *file,
                                        struct mr_err *err);

/* mr_sink_reap: files that are done go from `writing` to `files`.
 * returns the failure of one that failed */
MR_MUST_USE mr_status mr_sink_reap(struct mr_sink *sink, struct mr_err *err);

/* mr_sink_forget: no files any more, whatever their state; nothing is in flight. */
void mr_sink_forget(struct mr_sink *sink);

#endif

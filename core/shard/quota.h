/* Quotas: who may take the last buffers of a shard's pool, so that an exchange never locks up.
 *
 * Two rules stand between a pool and those who fill buffers:
 *
 *   ahead    buffers of an epoch that is read ahead of the one being finished may be at most half
 *            of the pool, and leave one for each stage: the current epoch always finds some.
 *   stages   a stage may take a buffer only while one more stays free for each later stage of the
 *            same shard. So the last stage, whose consumers need no buffer to make progress, can
 *            always go on, gives its buffers back, and lets the stage before it go on: the
 *            structured buffer pool of Raubold and Haenle (1976).
 *
 * Buffers come back by mr_buf_unref as ever; what is held is looked up in the pool, not booked, so
 * no path can forget to book it. Cost of an acquire ahead: one look at each buffer of the pool. */
#ifndef MR_CORE_SHARD_QUOTA_H
#define MR_CORE_SHARD_QUOTA_H

#include "core/mem/buf.h"

struct mr_quota {
    struct mr_pool *pool;
    uint32_t *ahead_of; /* ahead_of[pool->count]: flow + 1 that holds the buffer ahead, or 0 */
    uint32_t ahead_max;
};

/* mr_quota_init: `stages` of a shard fill buffers of this pool; it has at least that many. */
MR_MUST_USE mr_status mr_quota_init(struct mr_quota *quota, struct mr_pool *pool, uint32_t stages,
                                    struct mr_err *err);
void mr_quota_fini(struct mr_quota *quota);

/* mr_quota_acquire: a buffer for `flow` at a stage that `later_stages` others follow on this
 * shard; is_ahead: for the epoch after the one it is finishing. Null when the rules or the pool
 * say no: try again when buffers have come back or the epoch has moved on. */
struct mr_buf *mr_quota_acquire(struct mr_quota *quota, uint32_t flow, uint32_t later_stages,
                                bool is_ahead);

/* mr_quota_advance: the epoch that `flow` had read ahead is now the one being finished. */
void mr_quota_advance(struct mr_quota *quota, uint32_t flow);

/* mr_quota_ahead: buffers held ahead now, by all flows. */
uint32_t mr_quota_ahead(const struct mr_quota *quota);

#endif

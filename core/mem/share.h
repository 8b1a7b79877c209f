/* Shares: what a shard's region is cut into, once, at start.
 *
 *   region:  [ pool of share 0 | pool of share 1 | ... | own | heap of share 0 | heap of 1 | ... ]
 *
 * A worker gets one share: room for its pool of buffers, and the bytes its heap (buddy.h) is made
 * over. So one flow cannot starve another, what a flow may use is known before it starts, and
 * whoever made a worker may take it apart on another thread than it ran on. The pools lie side by
 * side because they are what moves through the ring, which can register them as one piece.
 * `own` is the heap of the shard's thread for all that is not a worker's, its driver above all.
 *
 * Control takes and gives shares; the region outlives them all. */
#ifndef MR_CORE_MEM_SHARE_H
#define MR_CORE_MEM_SHARE_H

#include "core/mem/buddy.h"

enum { MR_SHARES_OWN_BYTES = 512 << 10, MR_SHARES_MAX = 4096 };

struct mr_share {
    uint8_t *pool; /* pool[pool_bytes], at a page */
    size_t pool_bytes;
    uint8_t *heap; /* heap[heap_bytes], at a page */
    size_t heap_bytes;
    uint32_t index;
};

struct mr_shares {
    uint8_t *at;     /* the region */
    size_t io_bytes; /* at[io_bytes]: the pools */
    struct mr_buddy own;
    uint32_t count;
    size_t pool_bytes; /* of each share */
    size_t heap_bytes;
    bool *is_taken; /* [count], in own */
};

/* mr_shares_init: cuts region[bytes], which begins at a page, into `count` shares with pools of
 * `pool_bytes` and heaps of `heap_bytes_min` or more.
 * returns MR_E_LIMIT when that does not fit, with the size that would */
MR_MUST_USE mr_status mr_shares_init(struct mr_shares *shares, void *region, size_t bytes,
                                     uint32_t count, size_t pool_bytes, size_t heap_bytes_min,
                                     struct mr_err *err);

/* mr_shares_fini: all shares are back and nothing is left in `own`. As before init is fine. */
void mr_shares_fini(struct mr_shares *shares);

/* mr_shares_take: a free share, or false when all are taken. mr_shares_give: it is free again. */
bool mr_shares_take(struct mr_shares *shares, struct mr_share *out_share);
void mr_shares_give(struct mr_shares *shares, const struct mr_share *share);

#endif

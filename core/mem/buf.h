/* Buffers and slices: the bytes that move.
 *
 * A pool owns a fixed number of equal buffers in one region, 64-byte aligned, each readable MR_PAD
 * bytes past its capacity; a ring can register the region. A buffer is counted by plain integers
 * because one shard owns it: `acquire` hands it out with one reference, the last `unref` brings it
 * back. To another shard it is lent: the owner counts before sending and the borrower gives it back
 * through the return ring (core/shard), never by `unref` itself. */
#ifndef MR_CORE_MEM_BUF_H
#define MR_CORE_MEM_BUF_H

#include "core/base/err.h"
#include "core/mem/heap.h"

struct mr_pool;

struct mr_buf {
    uint8_t *at; /* at[capacity], then MR_PAD readable bytes */
    uint32_t capacity;
    uint32_t used;        /* bytes that hold something */
    uint32_t refs;        /* 0 while in the pool's free list */
    uint32_t index;       /* position in the pool's region, for registered I/O */
    struct mr_pool *pool; /* null for a foreign buffer: then `release` is called */
    void (*release)(struct mr_buf *buf, void *ctx);
    void *release_ctx;
    struct mr_buf *next_free;
};

struct mr_pool {
    struct mr_heap *heap;
    uint8_t *region; /* count * stride bytes */
    size_t region_bytes;
    bool owns_region; /* it came from the heap */
    struct mr_buf *bufs; /* bufs[count] */
    struct mr_buf *free_list;
    uint32_t count;
    uint32_t free_count;
    uint32_t buf_bytes; /* capacity of each */
    uint32_t stride;
};

struct mr_slice {
    struct mr_buf *buf;
    uint32_t off;
    uint32_t bytes;
};

/* mr_pool_init: `count` buffers of `buf_bytes` (a multiple of 4096) from the heap.
 * returns MR_E_NOMEM when the heap has not that much. */
MR_MUST_USE mr_status mr_pool_init(struct mr_pool *pool, struct mr_heap *heap, uint32_t count,
                                   uint32_t buf_bytes, struct mr_err *err);

/* mr_pool_init_at: the same in memory of the caller's, 64-byte aligned, mr_pool_footprint bytes;
 * only what describes the buffers comes from the heap. */
size_t mr_pool_footprint(uint32_t count, uint32_t buf_bytes);
MR_MUST_USE mr_status mr_pool_init_at(struct mr_pool *pool, struct mr_heap *heap, void *region,
                                      uint32_t count, uint32_t buf_bytes, struct mr_err *err);

void mr_pool_fini(struct mr_pool *pool); /* every buffer must be back */

/* mr_pool_acquire: a buffer with one reference and used = 0, or null when all are out. */
struct mr_buf *mr_pool_acquire(struct mr_pool *pool);

static inline struct mr_buf *mr_buf_ref(struct mr_buf *buf)
{
    buf->refs++;
    return buf;
}

/* mr_buf_unref: gives up one reference; null is allowed. */
void mr_buf_unref(struct mr_buf *buf);

#endif

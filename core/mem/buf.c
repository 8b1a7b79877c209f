#include "core/mem/buf.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/span.h"

size_t mr_pool_footprint(uint32_t count, uint32_t buf_bytes)
{
    return (size_t)count * (buf_bytes + (size_t)MR_PAD);
}

static mr_status pool_nomem(uint32_t count, uint32_t buf_bytes, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "no memory for %u buffers of %u bytes", count, buf_bytes);
}

mr_status mr_pool_init_at(struct mr_pool *pool, struct mr_heap *heap, void *region, uint32_t count,
                          uint32_t buf_bytes, struct mr_err *err)
{
    MR_ASSERT(count > 0 && buf_bytes > 0 && buf_bytes % 4096 == 0);
    MR_ASSERT((uintptr_t)region % 64 == 0);
    *pool = (struct mr_pool){.heap = heap,
                             .region = region,
                             .region_bytes = mr_pool_footprint(count, buf_bytes),
                             .count = count,
                             .buf_bytes = buf_bytes,
                             .stride = buf_bytes + MR_PAD};
    pool->bufs = mr_heap_zeroed(heap, count * sizeof(struct mr_buf));
    if (pool->bufs == NULL) return pool_nomem(count, buf_bytes, err);
    for (uint32_t i = count; i-- > 0;) {
        struct mr_buf *buf = &pool->bufs[i];
        *buf = (struct mr_buf){.at = pool->region + (size_t)i * pool->stride,
                               .capacity = buf_bytes,
                               .index = i,
                               .pool = pool,
                               .next_free = pool->free_list};
        /* The rest is not touched before it is used: a pool is mostly memory that never will be. */
        memset(buf->at + buf_bytes, 0, MR_PAD);
        pool->free_list = buf;
    }
    pool->free_count = count;
    return MR_OK;
}

mr_status mr_pool_init(struct mr_pool *pool, struct mr_heap *heap, uint32_t count,
                       uint32_t buf_bytes, struct mr_err *err)
{
    size_t bytes = mr_pool_footprint(count, buf_bytes);
    void *region = mr_heap_take(heap, bytes);
    if (region == NULL) return pool_nomem(count, buf_bytes, err);
    mr_status status = mr_pool_init_at(pool, heap, region, count, buf_bytes, err);
    if (status != MR_OK) mr_heap_give(heap, region, bytes);
    pool->owns_region = status == MR_OK;
    return status;
}

void mr_pool_fini(struct mr_pool *pool)
{
    MR_ASSERT(pool->free_count == pool->count);
    if (pool->owns_region) mr_heap_give(pool->heap, pool->region, pool->region_bytes);
    mr_heap_give(pool->heap, pool->bufs, pool->count * sizeof(struct mr_buf));
    *pool = (struct mr_pool){0};
}

struct mr_buf *mr_pool_acquire(struct mr_pool *pool)
{
    struct mr_buf *buf = pool->free_list;
    if (buf == NULL) return NULL;
    MR_ASSERT(buf->refs == 0);
    pool->free_list = buf->next_free;
    pool->free_count--;
    buf->next_free = NULL;
    buf->refs = 1;
    buf->used = 0;
    return buf;
}

void mr_buf_unref(struct mr_buf *buf)
{
    if (buf == NULL) return;
    MR_ASSERT(buf->refs > 0);
    if (--buf->refs > 0) return;
    if (buf->pool == NULL) {
        buf->release(buf, buf->release_ctx);
        return;
    }
    buf->next_free = buf->pool->free_list;
    buf->pool->free_list = buf;
    buf->pool->free_count++;
}

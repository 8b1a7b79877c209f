#include "core/shard/quota.h"

#include "core/base/assert.h"
#include "core/base/checked.h"

mr_status mr_quota_init(struct mr_quota *quota, struct mr_pool *pool, uint32_t stages,
                        struct mr_err *err)
{
    MR_ASSERT(pool->count >= stages);
    uint32_t *ahead_of = mr_heap_zeroed(pool->heap, pool->count * sizeof *ahead_of);
    if (ahead_of == NULL) return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for a quota");
    uint32_t ahead_max = MR_MIN(pool->count / 2, pool->count - stages);
    *quota = (struct mr_quota){.pool = pool, .ahead_of = ahead_of, .ahead_max = ahead_max};
    return MR_OK;
}

void mr_quota_fini(struct mr_quota *quota)
{
    if (quota->ahead_of == NULL) return;
    mr_heap_give(quota->pool->heap, quota->ahead_of, quota->pool->count * sizeof *quota->ahead_of);
    quota->ahead_of = NULL;
}

uint32_t mr_quota_ahead(const struct mr_quota *quota)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < quota->pool->count; i++) {
        held += quota->ahead_of[i] != 0 && quota->pool->bufs[i].refs > 0;
    }
    return held;
}

struct mr_buf *mr_quota_acquire(struct mr_quota *quota, uint32_t flow, uint32_t later_stages,
                                bool is_ahead)
{
    if (quota->pool->free_count <= later_stages) return NULL;
    if (is_ahead && mr_quota_ahead(quota) >= quota->ahead_max) return NULL;
    struct mr_buf *buf = mr_pool_acquire(quota->pool);
    MR_ASSERT(buf != NULL);
    quota->ahead_of[buf->index] = is_ahead ? flow + 1 : 0;
    return buf;
}

void mr_quota_advance(struct mr_quota *quota, uint32_t flow)
{
    for (uint32_t i = 0; i < quota->pool->count; i++) {
        if (quota->ahead_of[i] == flow + 1) quota->ahead_of[i] = 0;
    }
}

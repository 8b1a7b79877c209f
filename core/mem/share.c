#include "core/mem/share.h"

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_SHARES = 5007, PAGE = 4096, MIB = 1 << 20 };

static mr_status too_small(size_t bytes, uint32_t count, size_t wanted, struct mr_err *err)
{
    mr_err_set(err, MR_E_LIMIT, ERR_SHARES,
               "%zu MiB of memory a shard are too little for %u %s: at least %zu MiB are needed",
               bytes / MIB, count, count == 1 ? "flow" : "flows", (wanted + MIB - 1) / MIB);
    mr_err_help(err, "raise --memory, or run fewer flows at once");
    return MR_E_LIMIT;
}

mr_status mr_shares_init(struct mr_shares *shares, void *region, size_t bytes, uint32_t count,
                         size_t pool_bytes, size_t heap_bytes_min, struct mr_err *err)
{
    size_t each = mr_align_up(pool_bytes, PAGE) + mr_align_up(heap_bytes_min, PAGE);
    MR_ASSERT((uintptr_t)region % PAGE == 0 && count > 0);
    MR_ASSERT(each < SIZE_MAX / 2 / MR_SHARES_MAX);
    if (count > MR_SHARES_MAX) {
        return mr_err_set(err, MR_E_LIMIT, ERR_SHARES, "%u flows at once are more than %d", count,
                          MR_SHARES_MAX);
    }
    size_t wanted = count * each + MR_SHARES_OWN_BYTES;
    if (bytes < wanted) return too_small(bytes, count, wanted, err);
    *shares = (struct mr_shares){
        .at = region, .count = count, .pool_bytes = mr_align_up(pool_bytes, PAGE)};
    shares->io_bytes = count * shares->pool_bytes;
    size_t rest = bytes - shares->io_bytes - MR_SHARES_OWN_BYTES;
    shares->heap_bytes = rest / count & ~(size_t)(PAGE - 1);
    MR_TRY(mr_buddy_init(&shares->own, shares->at + shares->io_bytes, MR_SHARES_OWN_BYTES, err));
    shares->is_taken = mr_heap_zeroed(&shares->own.heap, count * sizeof *shares->is_taken);
    MR_ASSERT(shares->is_taken != NULL);
    return MR_OK;
}

void mr_shares_fini(struct mr_shares *shares)
{
    if (shares->at == NULL) return;
    for (uint32_t i = 0; i < shares->count; i++) MR_ASSERT(!shares->is_taken[i]);
    mr_heap_give(&shares->own.heap, shares->is_taken, shares->count * sizeof *shares->is_taken);
    MR_ASSERT(shares->own.heap.used_bytes == 0);
    mr_buddy_fini(&shares->own);
    *shares = (struct mr_shares){0};
}

bool mr_shares_take(struct mr_shares *shares, struct mr_share *out_share)
{
    uint32_t i = 0;
    while (i < shares->count && shares->is_taken[i]) i++;
    if (i == shares->count) return false;
    shares->is_taken[i] = true;
    uint8_t *heaps = shares->at + shares->io_bytes + MR_SHARES_OWN_BYTES;
    *out_share = (struct mr_share){.pool = shares->at + i * shares->pool_bytes,
                                   .pool_bytes = shares->pool_bytes,
                                   .heap = heaps + i * shares->heap_bytes,
                                   .heap_bytes = shares->heap_bytes,
                                   .index = i};
    return true;
}

void mr_shares_give(struct mr_shares *shares, const struct mr_share *share)
{
    MR_ASSERT(share->index < shares->count && shares->is_taken[share->index]);
    shares->is_taken[share->index] = false;
}

#include "core/format/parquet/pq_block.h"

struct mr_pq_block *mr_pq_block_new(struct mr_heap *heap, size_t bytes)
{
    struct mr_pq_block *block = mr_heap_take(heap, sizeof *block);
    if (block == NULL) return NULL;
    *block = (struct mr_pq_block){.heap = heap, .refs = 1, .bytes = bytes};
    block->at = mr_heap_take(heap, bytes);
    if (block->at != NULL) return block;
    mr_heap_give(heap, block, sizeof *block);
    return NULL;
}

void mr_pq_block_unref(struct mr_pq_block *block)
{
    if (block == NULL) return;
    MR_ASSERT(block->refs > 0);
    if (--block->refs > 0) return;
    mr_heap_give(block->heap, block->at, block->bytes);
    mr_heap_give(block->heap, block, sizeof *block);
}

bool mr_pq_block_renew(struct mr_pq_block **block, struct mr_heap *heap, size_t bytes)
{
    if (*block != NULL && (*block)->refs == 1 && (*block)->bytes >= bytes) return true;
    mr_pq_block_unref(*block);
    *block = mr_pq_block_new(heap, bytes);
    return *block != NULL;
}

static void holder_release(struct mr_buf *buf, void *ctx)
{
    struct mr_pq_holder *holder = ctx;
    MR_ASSERT(&holder->buf == buf);
    for (uint32_t i = 0; i < holder->count; i++) mr_pq_block_unref(holder->blocks[i]);
    mr_heap_give(holder->heap, holder, sizeof *holder);
}

struct mr_pq_holder *mr_pq_holder_new(struct mr_heap *heap)
{
    struct mr_pq_holder *holder = mr_heap_zeroed(heap, sizeof *holder);
    if (holder == NULL) return NULL;
    holder->heap = heap;
    holder->buf = (struct mr_buf){.refs = 1, .release = holder_release, .release_ctx = holder};
    return holder;
}

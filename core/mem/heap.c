#include "core/mem/heap.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/span.h"

static void *system_take(struct mr_heap *heap, size_t bytes)
{
    size_t padded;
    (void)heap;
    if (!mr_size_add(bytes, MR_PAD + 63, &padded)) return NULL;
    return aligned_alloc(64, padded & ~(size_t)63);
}

static void system_give(struct mr_heap *heap, void *block, size_t bytes)
{
    (void)heap;
    (void)bytes;
    free(block);
}

void mr_heap_init(struct mr_heap *heap, size_t limit_bytes)
{
    *heap = (struct mr_heap){.take = system_take,
                             .give = system_give,
                             .limit_bytes = limit_bytes == 0 ? SIZE_MAX : limit_bytes};
}

void mr_heap_fail_at(struct mr_heap *heap, uint64_t n)
{
    MR_ASSERT(n >= 1);
    heap->fail_at = heap->take_count + n;
}

void *mr_heap_take(struct mr_heap *heap, size_t bytes)
{
    heap->take_count++;
    if (heap->fail_at != 0 && heap->take_count == heap->fail_at) {
        heap->fail_at = 0;
        return NULL;
    }
    if (bytes > heap->limit_bytes - heap->used_bytes) return NULL;
    void *block = heap->take(heap, bytes);
    if (block == NULL) return NULL;
    heap->used_bytes += bytes;
    heap->peak_bytes = MR_MAX(heap->peak_bytes, heap->used_bytes);
    return block;
}

void *mr_heap_zeroed(struct mr_heap *heap, size_t bytes)
{
    void *block = mr_heap_take(heap, bytes);
    if (block != NULL) memset(block, 0, bytes);
    return block;
}

void mr_heap_give(struct mr_heap *heap, void *block, size_t bytes)
{
    if (block == NULL) return;
    MR_ASSERT(heap->used_bytes >= bytes);
    heap->used_bytes -= bytes;
    heap->give(heap, block, bytes);
}

void *mr_heap_resize(struct mr_heap *heap, void *block, size_t old_bytes, size_t new_bytes)
{
    void *moved = mr_heap_take(heap, new_bytes);
    if (moved == NULL) return NULL;
    if (block != NULL) memcpy(moved, block, MR_MIN(old_bytes, new_bytes));
    mr_heap_give(heap, block, old_bytes);
    return moved;
}

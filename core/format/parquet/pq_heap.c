#include "core/format/parquet/pq_heap.h"

static void *child_take(struct mr_heap *heap, size_t bytes)
{
    return mr_heap_take(((struct mr_pq_heap *)heap)->parent, bytes);
}

static void child_give(struct mr_heap *heap, void *block, size_t bytes)
{
    mr_heap_give(((struct mr_pq_heap *)heap)->parent, block, bytes);
}

void mr_pq_heap_init(struct mr_pq_heap *heap, struct mr_heap *parent, size_t limit_bytes)
{
    *heap = (struct mr_pq_heap){.heap = {.take = child_take,
                                         .give = child_give,
                                         .limit_bytes = limit_bytes == 0 ? SIZE_MAX : limit_bytes},
                                .parent = parent};
}

/* A heap over another that knows and may limit what one writer or reader holds. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_HEAP_H
#define MR_CORE_FORMAT_PARQUET_PQ_HEAP_H

#include "core/mem/heap.h"

struct mr_pq_heap {
    struct mr_heap heap; /* first: its functions get a pointer to it */
    struct mr_heap *parent;
};

/* mr_pq_heap_init: limit 0 means none. */
void mr_pq_heap_init(struct mr_pq_heap *heap, struct mr_heap *parent, size_t limit_bytes);

#endif

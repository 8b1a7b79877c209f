/* Growing byte arrays: one contiguous array per column for values, codes and levels of the page in
 * progress. They double, keep their room from page to page, and so stop allocating once a column
 * has seen its largest page. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_GROW_H
#define MR_CORE_FORMAT_PARQUET_PQ_GROW_H

#include <string.h>

#include "core/base/err.h"
#include "core/mem/heap.h"

struct mr_pq_grow {
    struct mr_heap *heap;
    uint8_t *at;
    size_t used;
    size_t capacity;
};

/* mr_pq_grow_more: room for at least `more` bytes behind `used`. */
MR_MUST_USE mr_status mr_pq_grow_more(struct mr_pq_grow *grow, size_t more, struct mr_err *err);

static inline MR_MUST_USE mr_status mr_pq_grow_reserve(struct mr_pq_grow *grow, size_t more,
                                                       struct mr_err *err)
{
    if (__builtin_expect(more <= grow->capacity - grow->used, 1)) return MR_OK;
    return mr_pq_grow_more(grow, more, err);
}

static inline MR_MUST_USE mr_status mr_pq_grow_add(struct mr_pq_grow *grow, const void *bytes,
                                                   size_t count, struct mr_err *err)
{
    MR_TRY(mr_pq_grow_reserve(grow, count, err));
    if (count > 0) memcpy(grow->at + grow->used, bytes, count);
    grow->used += count;
    return MR_OK;
}

static inline void mr_pq_grow_fini(struct mr_pq_grow *grow)
{
    if (grow->heap != NULL) mr_heap_give(grow->heap, grow->at, grow->capacity);
    *grow = (struct mr_pq_grow){.heap = grow->heap};
}

#endif

/* Heaps: where memory comes from.
 *
 * Everything that allocates takes a `struct mr_heap *`, so that a limit holds, a test can fail the
 * n-th allocation, and a shard can live in a region it got at start. The system heap is malloc with
 * accounting; `mr_heap_fail_after` makes it fail once for fault sweeps. A heap belongs to one
 * thread. Blocks are 64-byte aligned and readable MR_PAD bytes past their end. */
#ifndef MR_CORE_MEM_HEAP_H
#define MR_CORE_MEM_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct mr_heap {
    void *(*take)(struct mr_heap *heap, size_t bytes); /* null when out of memory or over limit */
    void (*give)(struct mr_heap *heap, void *block, size_t bytes);
    size_t used_bytes;  /* handed out now */
    size_t peak_bytes;  /* highest used_bytes so far */
    size_t limit_bytes; /* used_bytes never exceeds it */
    uint64_t take_count;
    uint64_t fail_at; /* take number that fails, counted from 1; 0 = none */
};

/* mr_heap_init: a heap over the system's allocator; limit 0 means none. */
void mr_heap_init(struct mr_heap *heap, size_t limit_bytes);

/* mr_heap_fail_at: the n-th take from now on fails (n >= 1), once. */
void mr_heap_fail_at(struct mr_heap *heap, uint64_t n);

/* mr_heap_take: `bytes` bytes, not cleared, or null. mr_heap_zeroed: the same, cleared.
 * mr_heap_give: takes back a block with the size it was taken with; null is allowed.
 * mr_heap_resize: grows or shrinks by taking anew and copying; on failure null, old block kept. */
void *mr_heap_take(struct mr_heap *heap, size_t bytes) __attribute__((malloc));
void *mr_heap_zeroed(struct mr_heap *heap, size_t bytes) __attribute__((malloc));
void mr_heap_give(struct mr_heap *heap, void *block, size_t bytes);
void *mr_heap_resize(struct mr_heap *heap, void *block, size_t old_bytes, size_t new_bytes);

#endif

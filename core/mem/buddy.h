/* A heap in one region: what a shard allocates from after start, without malloc.
 *
 * The buddy system (Knowlton, CACM 1965): free blocks are powers of two times MR_BUDDY_MIN bytes,
 * each at a multiple of its size. A request takes the smallest one that is large enough and gives
 * the tail it does not need back at once, so a buffer pool of 33 MiB costs 33 MiB and not 64. What
 * is given back joins its buddy while that is free too. A byte per smallest block says what begins
 * there; nothing is kept beside the caller's bytes, so overruns cannot break the lists' order. Free
 * blocks of 2 MiB and more have their links in a table, so that what is never taken is never
 * touched.
 *
 *   region:  [ state bytes | links of large blocks | blocks ... ]
 *
 * Take and give cost a few steps per power of two. The MR_PAD readable bytes behind a block that
 * heap.h promises are the next block or the end of the region: a power of two costs just that, and
 * in a region that begins at a page a block of whole pages lies on pages, as direct I/O wants it.
 * Under AddressSanitizer free memory is poisoned but for the bytes that may be read. One thread. */
#ifndef MR_CORE_MEM_BUDDY_H
#define MR_CORE_MEM_BUDDY_H

#include "core/base/err.h"
#include "core/mem/heap.h"

enum { MR_BUDDY_MIN = 256, MR_BUDDY_ORDERS = 40 };

struct mr_buddy_free; /* links of a free block: in its own memory, or in `large` */

struct mr_buddy {
    struct mr_heap heap; /* first; what others use */
    uint8_t *state;      /* state[blocks]: see buddy.c */
    struct mr_buddy_free *large; /* large[n]: of a free block that begins at n times 2 MiB */
    uint8_t *base;       /* blocks of MR_BUDDY_MIN bytes; at a multiple of 4096 like the region */
    size_t blocks;
    struct mr_buddy_free *free[MR_BUDDY_ORDERS]; /* by log2 of size in smallest blocks */
};

/* mr_buddy_init: a heap over at[bytes], 64-byte aligned, at least 64 KiB; the memory stays the
 * caller's and is used until nobody uses the heap any more. */
MR_MUST_USE mr_status mr_buddy_init(struct mr_buddy *buddy, void *at, size_t bytes,
                                    struct mr_err *err);

/* mr_buddy_fini: the memory is the caller's alone again; what was not given back is lost with it.
 * Null bytes, as before init, are fine. */
void mr_buddy_fini(struct mr_buddy *buddy);

/* mr_buddy_largest: bytes of the largest request that would succeed now. */
size_t mr_buddy_largest(const struct mr_buddy *buddy);

#endif

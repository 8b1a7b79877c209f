/* Slabs: many small blocks that go at about the same time.
 *
 * A segment writer of 200 columns has thousands of blocks of some hundred bytes. Taken one by one
 * from a shard's heap they would lie among those of its neighbours and leave it in crumbs. Here
 * blocks of up to MR_SLAB_SMALL bytes are cut from slabs of the parent's, in powers of two with a
 * free list each; larger ones are the parent's own. Slabs go back all at once, by `trim`, when no
 * small block is out. Under AddressSanitizer every block is the parent's, so that its bounds are
 * watched. Blocks are as heap.h promises. One thread. */
#ifndef MR_CORE_MEM_SLAB_H
#define MR_CORE_MEM_SLAB_H

#include <stdbool.h>

#include "core/mem/heap.h"

enum { MR_SLAB_SMALL = 4096, MR_SLAB_BYTES = 64 << 10, MR_SLAB_CLASSES = 7 };

struct mr_slab_block; /* a free block's own memory holds its link */

struct mr_slab {
    struct mr_heap heap; /* first; what others use */
    struct mr_heap *parent;
    struct mr_slab_block *slabs; /* newest first; each begins with its link */
    char *at;                    /* what is left of the newest */
    char *end;
    struct mr_slab_block *free[MR_SLAB_CLASSES]; /* by log2(bytes / 64) */
    size_t small_count;                          /* small blocks that are out */
};

void mr_slab_init(struct mr_slab *slab, struct mr_heap *parent);

/* mr_slab_trim: gives the slabs back if no small block is out. returns whether it did */
bool mr_slab_trim(struct mr_slab *slab);

/* mr_slab_fini: every block is back. As before init, cleared to zero, is fine. */
void mr_slab_fini(struct mr_slab *slab);

#endif

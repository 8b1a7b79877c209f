/* Blocks: counted bytes of a reader that batches may point into.
 *
 * What was read from the file, a page decompressed, a dictionary: each lies in a block from the
 * reader's limited heap. Whoever needs the bytes has a reference; those of a batch are given up
 * with it (mr_pq_holder below is its `input`), so that strings are never copied on the way. One
 * thread. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_BLOCK_H
#define MR_CORE_FORMAT_PARQUET_PQ_BLOCK_H

#include "core/batch/batch.h"

struct mr_pq_block {
    struct mr_heap *heap;
    uint32_t refs;
    size_t bytes;
    uint8_t *at; /* 64-byte aligned, readable MR_PAD bytes past its end */
};

/* mr_pq_block_new: one reference; null when the heap has no more. */
struct mr_pq_block *mr_pq_block_new(struct mr_heap *heap, size_t bytes);

static inline struct mr_pq_block *mr_pq_block_ref(struct mr_pq_block *block)
{
    if (block != NULL) block->refs++;
    return block;
}

void mr_pq_block_unref(struct mr_pq_block *block); /* null is allowed */

/* mr_pq_block_renew: makes *block one of at least `bytes` bytes that nobody else has: the same when
 * it is that already. On failure it is null, and false is returned. */
bool mr_pq_block_renew(struct mr_pq_block **block, struct mr_heap *heap, size_t bytes);

/* The blocks of one batch. */
struct mr_pq_holder {
    struct mr_buf buf; /* the batch's input: its last reference gives all up */
    struct mr_heap *heap;
    uint32_t count;
    struct mr_pq_block *blocks[MR_BUFS_MAX];
};

struct mr_pq_holder *mr_pq_holder_new(struct mr_heap *heap); /* null when out of memory */

#endif

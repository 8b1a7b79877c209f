/* Spools: finished bytes in a list of equal tiles.
 *
 * Column chunks of a row group grow side by side but lie behind one another in the file, so their
 * finished pages wait in one spool per column; when the row group is sealed they are moved, tile by
 * tile, into the spool of output that the caller takes from. All spools of a writer share one rack
 * of free tiles, so that moving needs one tile more than it frees, and a writer stops allocating
 * once it has written its first row group. A tile's bytes are a block of their own, a power of two
 * at a page: a shard's heap (core/mem/buddy.h) then wastes nothing, and direct I/O can take it. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_SPOOL_H
#define MR_CORE_FORMAT_PARQUET_PQ_SPOOL_H

#include "core/base/err.h"
#include "core/mem/heap.h"

struct mr_pq_tile {
    struct mr_pq_tile *next;
    uint32_t used;
    uint8_t *at; /* at[tile_bytes], 64-byte aligned */
};

struct mr_pq_rack {
    struct mr_heap *heap;
    uint32_t tile_bytes;
    uint32_t free_count;
    struct mr_pq_tile *free_list;
};

struct mr_pq_spool {
    struct mr_pq_tile *first;
    struct mr_pq_tile *last;
    uint64_t bytes;
};

void mr_pq_rack_init(struct mr_pq_rack *rack, struct mr_heap *heap, uint32_t tile_bytes);

/* mr_pq_rack_trim: frees all but `keep` free tiles. */
void mr_pq_rack_trim(struct mr_pq_rack *rack, uint32_t keep);
void mr_pq_rack_give(struct mr_pq_rack *rack, struct mr_pq_tile *tile);

MR_MUST_USE mr_status mr_pq_spool_add(struct mr_pq_spool *spool, struct mr_pq_rack *rack,
                                      const void *bytes, size_t count, struct mr_err *err);

/* mr_pq_spool_move: everything of `from` behind `to`; `from` is empty afterwards, also on failure.
 */
MR_MUST_USE mr_status mr_pq_spool_move(struct mr_pq_spool *to, struct mr_pq_rack *rack,
                                       struct mr_pq_spool *from, struct mr_err *err);
void mr_pq_spool_clear(struct mr_pq_spool *spool, struct mr_pq_rack *rack);

/* mr_pq_spool_pop: the first tile, or null when there is none. */
struct mr_pq_tile *mr_pq_spool_pop(struct mr_pq_spool *spool);

#endif

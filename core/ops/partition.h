/* Partitioning: which rows of a batch belong to which partition of a table.
 *
 * A partition is a tuple of values of the partition columns. The router gives every distinct tuple
 * a small id for the life of an epoch and splits each batch's selection by id, keeping row order.
 * Runs of equal tuples cost one comparison a row; others one hash probe. A tuple is kept as bytes:
 * per column a presence byte, then the value's bytes (fixed width, or length and text), so equal
 * bytes mean equal values; -0.0 and 0.0, and all NaNs, are made equal first, as Spark does.
 *
 * Bounded by `partitions_max`; the caller ends the epoch's segments and resets the router then. */
#ifndef MR_CORE_OPS_PARTITION_H
#define MR_CORE_OPS_PARTITION_H

#include "core/batch/batch.h"

enum { MR_PARTITION_COLUMNS_MAX = 32 };

struct mr_partition {
    struct mr_span key; /* the tuple's bytes, in the router's arena */
    uint64_t hash;
    uint32_t rows; /* of the batch split last */
};

struct mr_router {
    struct mr_heap *heap;
    struct mr_arena arena; /* keys */
    struct mr_partition *partitions;
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots;     /* open addressing over partitions: id + 1, 0 = empty */
    uint32_t slot_count; /* power of two */
    uint32_t columns[MR_PARTITION_COLUMNS_MAX]; /* of the batch schema */
    uint32_t column_count;
    struct mr_text key; /* of the row at hand */
    uint32_t last;      /* id of the row before */
};

/* One part of a batch: the rows of one partition, ascending. */
struct mr_routed {
    uint32_t partition;
    const uint32_t *sel;
    uint32_t sel_count;
};

void mr_router_init(struct mr_router *router, struct mr_heap *heap, const uint32_t *columns,
                    uint32_t column_count);
void mr_router_fini(struct mr_router *router);

/* mr_router_reset: forgets all partitions; ids start at 0 again. */
void mr_router_reset(struct mr_router *router);

/* mr_router_split: splits the batch's selected rows. The parts lie in the batch's arena, in order
 * of their first row; without partition columns there is one part, the batch's own selection. fails
 * MR_E_NOMEM */
MR_MUST_USE mr_status mr_router_split(struct mr_router *router, struct mr_batch *batch,
                                      struct mr_routed **out_parts, uint32_t *out_count,
                                      struct mr_err *err);

#endif

/* Rings: descriptors from one thread to another.
 *
 * A bounded queue with one producer and one consumer (Lamport, "Specifying Concurrent Program
 * Modules", 1983). The producer writes slots and publishes them together; the consumer takes
 * copies and gives the slots back together. Positions only grow; slot = position & mask. Each side
 * remembers the other's position as it last saw it and looks again only when that is not enough,
 * so that a line moves between the cores once per batch, not once per descriptor.
 *
 *   head <= tail <= head + slots           taken .. published, both read by the other side
 *
 * A descriptor is one cache line: what it means is between the two ends (shard.h, exchange.h). */
#ifndef MR_CORE_SHARD_RING_H
#define MR_CORE_SHARD_RING_H

#include <stdalign.h>
#include <stdatomic.h>

#include "core/base/assert.h"
#include "core/base/err.h"
#include "core/mem/heap.h"

struct mr_desc {
    uint32_t kind;
    uint32_t from; /* index of the sender where that matters */
    void *object;
    uint64_t words[6];
};
static_assert(sizeof(struct mr_desc) == 64, "a descriptor is one cache line");

struct mr_ring {
    /* The producer's line. */
    alignas(64) _Atomic uint64_t tail; /* published: release here, acquire in the consumer */
    uint64_t tail_next;                /* written, not all published */
    uint64_t head_seen;
    /* The consumer's line. */
    alignas(64) _Atomic uint64_t head; /* given back: release here, acquire in the producer */
    uint64_t head_next;                /* taken, not all given back */
    uint64_t tail_seen;
    /* Constant. */
    alignas(64) struct mr_desc *slots; /* slots[mask + 1] */
    uint64_t mask;
    struct mr_heap *heap;
};

/* mr_ring_init: `slots` is a power of two, 1 or more. fini: both sides are done with it. */
MR_MUST_USE mr_status mr_ring_init(struct mr_ring *ring, struct mr_heap *heap, uint32_t slots,
                                   struct mr_err *err);
void mr_ring_fini(struct mr_ring *ring);

/* Producer. mr_ring_room: free slots now, at least `wanted` or all there are.
 * mr_ring_put: writes one descriptor; false when full. mr_ring_publish: shows what was put. */
uint64_t mr_ring_room(struct mr_ring *ring, uint64_t wanted);
bool mr_ring_put(struct mr_ring *ring, const struct mr_desc *desc);
void mr_ring_publish(struct mr_ring *ring);

/* Consumer. mr_ring_take: copies the next descriptor out; false when there is none.
 * mr_ring_give_back: the slots of what was taken are free again. */
bool mr_ring_take(struct mr_ring *ring, struct mr_desc *out_desc);
void mr_ring_give_back(struct mr_ring *ring);

#endif

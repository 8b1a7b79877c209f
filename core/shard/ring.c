#include "core/shard/ring.h"

#include "core/base/assert.h"

mr_status mr_ring_init(struct mr_ring *ring, struct mr_heap *heap, uint32_t slots,
                       struct mr_err *err)
{
    MR_ASSERT(slots > 0 && (slots & (slots - 1)) == 0);
    struct mr_desc *memory = mr_heap_zeroed(heap, slots * sizeof *memory);
    if (memory == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for a ring of %u slots", slots);
    }
    *ring = (struct mr_ring){.slots = memory, .mask = slots - 1, .heap = heap};
    return MR_OK;
}

void mr_ring_fini(struct mr_ring *ring)
{
    if (ring->slots == NULL) return;
    mr_heap_give(ring->heap, ring->slots, (ring->mask + 1) * sizeof *ring->slots);
    ring->slots = NULL;
}

uint64_t mr_ring_room(struct mr_ring *ring, uint64_t wanted)
{
    uint64_t slots = ring->mask + 1;
    uint64_t room = slots - (ring->tail_next - ring->head_seen);
    if (room >= wanted) return room;
    /* Pairs with the release in mr_ring_give_back: the slots have been copied out. */
    ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
    return slots - (ring->tail_next - ring->head_seen);
}

bool mr_ring_put(struct mr_ring *ring, const struct mr_desc *desc)
{
    if (mr_ring_room(ring, 1) == 0) return false;
    ring->slots[ring->tail_next++ & ring->mask] = *desc;
    return true;
}

void mr_ring_publish(struct mr_ring *ring)
{
    /* Pairs with the acquire in mr_ring_take: the slots have been written. */
    atomic_store_explicit(&ring->tail, ring->tail_next, memory_order_release);
}

bool mr_ring_take(struct mr_ring *ring, struct mr_desc *out_desc)
{
    if (ring->head_next == ring->tail_seen) {
        /* Pairs with the release in mr_ring_publish. */
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        if (ring->head_next == ring->tail_seen) return false;
    }
    *out_desc = ring->slots[ring->head_next++ & ring->mask];
    return true;
}

void mr_ring_give_back(struct mr_ring *ring)
{
    /* Pairs with the acquire in mr_ring_room. */
    atomic_store_explicit(&ring->head, ring->head_next, memory_order_release);
}

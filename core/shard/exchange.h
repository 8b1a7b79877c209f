/* The exchange: rows from the shard that decoded them to the shard that owns their key.
 *
 * A mesh joins all shards: for each ordered pair one ring of descriptors, and one ring that brings
 * lent slices back. Over it run channels, one per (flow, edge, sender, receiver): an outlet at the
 * sender, an inlet with a queue at the receiver.
 *
 *   outlet --DATA, MARK--> ring s->r --drain--> inlet's queue --mr_inlet_next--> operator
 *   outlet <----CREDIT---- ring r->s <--flush-- what was taken
 *   pool   <-----BACK----- return ring r->s <-- mr_inlet_return
 *
 * Why it never locks up (tests/sim/test_exchange.c, with rings of one slot):
 *   1. A shard empties every ring to it in every turn, whatever its operators are doing: each
 *      descriptor finds the place that its channel's credit has reserved in the queue.
 *   2. A credit belongs to one channel. A slow consumer stops its own senders only.
 *   3. An epoch's MARK has a place of its own in the queue, and needs no credit.
 *   4. A sender lends at most as many slices to a peer as its return ring has slots: a slice can
 *      be given back at any time. With as many slots as the pool has buffers, and at most one slice
 *      of a buffer lent to a peer, this never makes a sender wait.
 *   5. Operators that need a buffer to consume one obey the quota of their pool (quota.h).
 *
 * Slices are lent, not given: send counts a reference at the owner before the slice leaves, the
 * borrower reads it and gives it back through the return ring, and the owner's drain drops the
 * reference. Plain counters throughout; only the rings' positions and the bells are shared.
 * What a send cannot do now (no credit, no room) is retried when the channel's step runs again. */
#ifndef MR_CORE_SHARD_EXCHANGE_H
#define MR_CORE_SHARD_EXCHANGE_H

#include "core/mem/buf.h"
#include "core/shard/shard.h"

enum { MR_ITEM_WORDS = 4 };

typedef enum mr_item_kind { MR_ITEM_DATA, MR_ITEM_MARK } mr_item_kind;

/* What travels: a slice (of DATA; may be empty) or the end of an epoch, and a few words. */
struct mr_item {
    mr_item_kind kind;
    uint64_t epoch;
    struct mr_slice slice; /* lent: give back with mr_inlet_return */
    uint64_t words[MR_ITEM_WORDS];
};

struct mr_mesh_end;

struct mr_outlet {
    struct mr_mesh_end *end;
    uint32_t channel;
    uint32_t peer;
    uint32_t credits;
    bool may_mark; /* the queue's place for a MARK is free */
    bool waits_to_send, waits_to_mark;
    struct mr_step *step;   /* made ready when what it waits for may work again; may be null */
    struct mr_outlet *next; /* of the end */
};

struct mr_inlet {
    struct mr_mesh_end *end;
    uint32_t channel;
    uint32_t peer;
    struct mr_item *queue; /* queue[capacity], a ring: credits and the place for a MARK */
    uint32_t capacity;
    uint32_t head, count;
    uint32_t owed_credits; /* taken from the queue, not yet told to the sender */
    bool owes_mark;
    struct mr_step *step; /* made ready when something has come; may be null */
    struct mr_inlet *next;
};

/* Towards one peer. */
struct mr_mesh_peer {
    struct mr_ring *out, *in;           /* descriptors to and from it */
    struct mr_ring *back_out, *back_in; /* slices given back to it, and by it */
    struct mr_bell *bell;
    uint32_t lent; /* slices of ours that it holds, or that are on the way */
    bool has_put, has_put_back, has_taken;
};

/* One shard's side of the mesh. */
struct mr_mesh_end {
    struct mr_intake intake; /* first */
    struct mr_mesh *mesh;
    struct mr_shard *shard;
    struct mr_mesh_peer *peers; /* peers[shards], itself included */
    struct mr_outlet *outlets;
    struct mr_inlet *inlets;
    struct mr_step *on_return; /* made ready when lent buffers have come back; may be null */
};

struct mr_mesh {
    struct mr_heap *heap;
    uint32_t shards;
    struct mr_ring *rings; /* rings[2 * shards * shards]: forward, then back; by from, to */
    struct mr_mesh_peer *peers;
    struct mr_mesh_end *ends; /* ends[shards] */
    uint32_t lend_max;        /* slices lent to one peer: slots of a return ring */
};

/* mr_mesh_init: joins `count` shards and attaches itself to them, before they begin. ring_slots and
 * lend_max are powers of two; lend_max is best the number of buffers in a shard's pool or more.
 * fini: after they have ended, before mr_shard_fini. */
MR_MUST_USE mr_status mr_mesh_init(struct mr_mesh *mesh, struct mr_heap *heap,
                                   struct mr_shard *const *shards, uint32_t count,
                                   uint32_t ring_slots, uint32_t lend_max, struct mr_err *err);
void mr_mesh_fini(struct mr_mesh *mesh);

/* ---- on the shard of that end ---- */

/* mr_inlet_open: reserves `credits` places and one for a MARK, from `heap`. The sender may open its
 * outlet, with the same channel number and credits, when this has returned; channel numbers are
 * unique in the mesh. Close: queue empty, nothing on the way. */
MR_MUST_USE mr_status mr_inlet_open(struct mr_inlet *inlet, struct mr_mesh_end *end,
                                    struct mr_heap *heap, uint32_t channel, uint32_t peer,
                                    uint32_t credits, struct mr_step *step, struct mr_err *err);
void mr_inlet_close(struct mr_inlet *inlet, struct mr_heap *heap);
void mr_outlet_open(struct mr_outlet *outlet, struct mr_mesh_end *end, uint32_t channel,
                    uint32_t peer, uint32_t credits, struct mr_step *step);
void mr_outlet_close(struct mr_outlet *outlet);

/* mr_outlet_send: lends item->slice (of this shard's pool, or without a buffer) to the receiver.
 * mr_outlet_mark: says that nothing of `epoch` follows. Both return false when that is not possible
 * now; the channel's step is made ready when it may be. */
MR_MUST_USE bool mr_outlet_send(struct mr_outlet *outlet, const struct mr_item *item);
MR_MUST_USE bool mr_outlet_mark(struct mr_outlet *outlet, const struct mr_item *item);

/* mr_inlet_next: takes the oldest item; its place is the sender's again. mr_inlet_peek: without
 * taking it; null when there is none. mr_inlet_return: gives a slice back to its owner. */
bool mr_inlet_next(struct mr_inlet *inlet, struct mr_item *out_item);
const struct mr_item *mr_inlet_peek(const struct mr_inlet *inlet);
void mr_inlet_return(struct mr_inlet *inlet, const struct mr_item *item);

#endif

#include "core/shard/exchange.h"

#include "core/base/assert.h"

/* Kinds of descriptors. `from` carries the channel, `object` the buffer. */
enum { KIND_DATA, KIND_MARK, KIND_CREDIT, KIND_BACK };

/* ---- the mesh ---- */

static struct mr_ring *ring_of(struct mr_mesh *mesh, bool is_back, uint32_t from, uint32_t to)
{
    uint32_t n = mesh->shards;
    return &mesh->rings[(is_back ? n * n : 0) + from * n + to];
}

static bool end_drain(struct mr_intake *intake, struct mr_shard *shard);
static void end_flush(struct mr_intake *intake, struct mr_shard *shard);

static void join_end(struct mr_mesh *mesh, uint32_t index, struct mr_shard *const *shards)
{
    struct mr_mesh_end *end = &mesh->ends[index];
    end->intake = (struct mr_intake){.drain = end_drain, .flush = end_flush};
    end->mesh = mesh;
    end->shard = shards[index];
    end->peers = &mesh->peers[index * mesh->shards];
    for (uint32_t p = 0; p < mesh->shards; p++) {
        end->peers[p] = (struct mr_mesh_peer){
            .out = ring_of(mesh, false, index, p),
            .in = ring_of(mesh, false, p, index),
            .back_out = ring_of(mesh, true, index, p),
            .back_in = ring_of(mesh, true, p, index),
            .bell = &shards[p]->bell,
        };
    }
    mr_shard_attach(shards[index], &end->intake);
}

mr_status mr_mesh_init(struct mr_mesh *mesh, struct mr_heap *heap, struct mr_shard *const *shards,
                       uint32_t count, uint32_t ring_slots, uint32_t lend_max, struct mr_err *err)
{
    size_t pairs = (size_t)count * count;
    *mesh = (struct mr_mesh){.heap = heap, .shards = count, .lend_max = lend_max};
    mesh->rings = mr_heap_zeroed(heap, 2 * pairs * sizeof *mesh->rings);
    mesh->peers = mr_heap_zeroed(heap, pairs * sizeof *mesh->peers);
    mesh->ends = mr_heap_zeroed(heap, count * sizeof *mesh->ends);
    mr_status status = MR_OK;
    if (mesh->rings == NULL || mesh->peers == NULL || mesh->ends == NULL) {
        status = mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for %u shards' rings", count);
    }
    for (size_t i = 0; i < 2 * pairs && status == MR_OK; i++) {
        status = mr_ring_init(&mesh->rings[i], heap, i < pairs ? ring_slots : lend_max, err);
    }
    if (status != MR_OK) {
        mr_mesh_fini(mesh);
        return status;
    }
    for (uint32_t i = 0; i < count; i++) join_end(mesh, i, shards);
    return MR_OK;
}

void mr_mesh_fini(struct mr_mesh *mesh)
{
    size_t pairs = (size_t)mesh->shards * mesh->shards;
    for (size_t i = 0; mesh->rings != NULL && i < 2 * pairs; i++) mr_ring_fini(&mesh->rings[i]);
    mr_heap_give(mesh->heap, mesh->rings, 2 * pairs * sizeof *mesh->rings);
    mr_heap_give(mesh->heap, mesh->peers, pairs * sizeof *mesh->peers);
    mr_heap_give(mesh->heap, mesh->ends, mesh->shards * sizeof *mesh->ends);
    *mesh = (struct mr_mesh){0};
}

/* ---- channels ---- */

mr_status mr_inlet_open(struct mr_inlet *inlet, struct mr_mesh_end *end, struct mr_heap *heap,
                        uint32_t channel, uint32_t peer, uint32_t credits, struct mr_step *step,
                        struct mr_err *err)
{
    MR_ASSERT(credits > 0 && peer < end->mesh->shards);
    uint32_t capacity = credits + 1;
    struct mr_item *queue = mr_heap_zeroed(heap, capacity * sizeof *queue);
    if (queue == NULL) return mr_err_set(err, MR_E_NOMEM, 5003, "out of memory for a channel");
    *inlet = (struct mr_inlet){.end = end,
                               .channel = channel,
                               .peer = peer,
                               .queue = queue,
                               .capacity = capacity,
                               .step = step,
                               .next = end->inlets};
    end->inlets = inlet;
    return MR_OK;
}

void mr_inlet_close(struct mr_inlet *inlet, struct mr_heap *heap)
{
    if (inlet->queue == NULL) return;
    MR_ASSERT(inlet->count == 0);
    struct mr_inlet **link = &inlet->end->inlets;
    while (*link != inlet) link = &(*link)->next;
    *link = inlet->next;
    mr_heap_give(heap, inlet->queue, inlet->capacity * sizeof *inlet->queue);
    inlet->queue = NULL;
}

void mr_outlet_open(struct mr_outlet *outlet, struct mr_mesh_end *end, uint32_t channel,
                    uint32_t peer, uint32_t credits, struct mr_step *step)
{
    MR_ASSERT(credits > 0 && peer < end->mesh->shards);
    *outlet = (struct mr_outlet){.end = end,
                                 .channel = channel,
                                 .peer = peer,
                                 .credits = credits,
                                 .may_mark = true,
                                 .step = step,
                                 .next = end->outlets};
    end->outlets = outlet;
}

void mr_outlet_close(struct mr_outlet *outlet)
{
    if (outlet->end == NULL) return;
    struct mr_outlet **link = &outlet->end->outlets;
    while (*link != outlet) link = &(*link)->next;
    *link = outlet->next;
    outlet->end = NULL;
}

/* A shard has few channels; those of a pair are looked through. */
static struct mr_inlet *inlet_of(const struct mr_mesh_end *end, uint32_t channel)
{
    struct mr_inlet *inlet = end->inlets;
    while (inlet != NULL && inlet->channel != channel) inlet = inlet->next;
    return inlet;
}

static struct mr_outlet *outlet_of(const struct mr_mesh_end *end, uint32_t channel)
{
    struct mr_outlet *outlet = end->outlets;
    while (outlet != NULL && outlet->channel != channel) outlet = outlet->next;
    return outlet;
}

/* ---- sending ---- */

static bool can_send(const struct mr_outlet *outlet)
{
    const struct mr_mesh_peer *peer = &outlet->end->peers[outlet->peer];
    return outlet->credits > 0 && peer->lent < outlet->end->mesh->lend_max &&
           mr_ring_room(peer->out, 1) > 0;
}

static bool can_mark(const struct mr_outlet *outlet)
{
    const struct mr_mesh_peer *peer = &outlet->end->peers[outlet->peer];
    return outlet->may_mark && mr_ring_room(peer->out, 1) > 0;
}

static void put(struct mr_outlet *outlet, uint32_t kind, const struct mr_item *item)
{
    struct mr_mesh_peer *peer = &outlet->end->peers[outlet->peer];
    struct mr_desc desc = {
        .kind = kind,
        .from = outlet->channel,
        .object = item->slice.buf,
        .words = {item->epoch, (uint64_t)item->slice.off << 32 | item->slice.bytes, item->words[0],
                  item->words[1], item->words[2], item->words[3]},
    };
    bool has_room = mr_ring_put(peer->out, &desc);
    MR_ASSERT(has_room);
    peer->has_put = true;
}

bool mr_outlet_send(struct mr_outlet *outlet, const struct mr_item *item)
{
    MR_ASSERT(item->kind == MR_ITEM_DATA);
    outlet->waits_to_send = !can_send(outlet);
    if (outlet->waits_to_send) return false;
    outlet->credits--;
    if (item->slice.buf != NULL) {
        (void)mr_buf_ref(item->slice.buf); /* counted before it leaves */
        outlet->end->peers[outlet->peer].lent++;
    }
    put(outlet, KIND_DATA, item);
    return true;
}

bool mr_outlet_mark(struct mr_outlet *outlet, const struct mr_item *item)
{
    MR_ASSERT(item->kind == MR_ITEM_MARK && item->slice.buf == NULL);
    outlet->waits_to_mark = !can_mark(outlet);
    if (outlet->waits_to_mark) return false;
    outlet->may_mark = false;
    put(outlet, KIND_MARK, item);
    return true;
}

/* ---- receiving ---- */

const struct mr_item *mr_inlet_peek(const struct mr_inlet *inlet)
{
    return inlet->count == 0 ? NULL : &inlet->queue[inlet->head];
}

bool mr_inlet_next(struct mr_inlet *inlet, struct mr_item *out_item)
{
    if (inlet->count == 0) return false;
    *out_item = inlet->queue[inlet->head];
    inlet->head = (inlet->head + 1) % inlet->capacity;
    inlet->count--;
    if (out_item->kind == MR_ITEM_MARK) {
        inlet->owes_mark = true;
    } else {
        inlet->owed_credits++;
    }
    return true;
}

void mr_inlet_return(struct mr_inlet *inlet, const struct mr_item *item)
{
    if (item->slice.buf == NULL) return;
    struct mr_mesh_peer *peer = &inlet->end->peers[inlet->peer];
    struct mr_desc desc = {.kind = KIND_BACK, .object = item->slice.buf};
    bool has_room = mr_ring_put(peer->back_out, &desc);
    MR_ASSERT(has_room); /* the owner lends no more than that */
    peer->has_put_back = true;
}

static void into_queue(struct mr_mesh_end *end, const struct mr_desc *desc)
{
    struct mr_inlet *inlet = inlet_of(end, desc->from);
    MR_ASSERT(inlet != NULL && inlet->count < inlet->capacity);
    uint32_t tail = (inlet->head + inlet->count++) % inlet->capacity;
    inlet->queue[tail] = (struct mr_item){
        .kind = desc->kind == KIND_MARK ? MR_ITEM_MARK : MR_ITEM_DATA,
        .epoch = desc->words[0],
        .slice = {desc->object, (uint32_t)(desc->words[1] >> 32), (uint32_t)desc->words[1]},
        .words = {desc->words[2], desc->words[3], desc->words[4], desc->words[5]},
    };
    if (inlet->step != NULL) mr_shard_ready(end->shard, inlet->step);
}

static void take_credit(struct mr_mesh_end *end, const struct mr_desc *desc)
{
    struct mr_outlet *outlet = outlet_of(end, desc->from);
    if (outlet == NULL) return; /* closed since */
    outlet->credits += (uint32_t)desc->words[0];
    if (desc->words[1] != 0) outlet->may_mark = true;
}

static void drain_peer(struct mr_mesh_end *end, struct mr_mesh_peer *peer)
{
    struct mr_desc desc;
    while (mr_ring_take(peer->in, &desc)) {
        peer->has_taken = true;
        if (desc.kind == KIND_CREDIT) {
            take_credit(end, &desc);
        } else {
            into_queue(end, &desc);
        }
    }
    if (peer->has_taken) mr_ring_give_back(peer->in);
    bool has_returned = false;
    while (mr_ring_take(peer->back_in, &desc)) {
        MR_ASSERT(desc.kind == KIND_BACK && peer->lent > 0);
        peer->lent--;
        mr_buf_unref(desc.object);
        has_returned = true;
    }
    if (!has_returned) return;
    mr_ring_give_back(peer->back_in);
    peer->has_taken = true;
    if (end->on_return != NULL) mr_shard_ready(end->shard, end->on_return);
}

/* Makes the steps ready whose send or mark would work now. */
static void wake_senders(struct mr_mesh_end *end)
{
    for (struct mr_outlet *o = end->outlets; o != NULL; o = o->next) {
        bool may_go = (o->waits_to_send && can_send(o)) || (o->waits_to_mark && can_mark(o));
        if (!may_go) continue;
        o->waits_to_send = false;
        o->waits_to_mark = false;
        if (o->step != NULL) mr_shard_ready(end->shard, o->step);
    }
}

static bool end_drain(struct mr_intake *intake, struct mr_shard *shard)
{
    struct mr_mesh_end *end = (struct mr_mesh_end *)intake;
    bool has_come = false;
    (void)shard;
    for (uint32_t p = 0; p < end->mesh->shards; p++) {
        drain_peer(end, &end->peers[p]);
        has_come |= end->peers[p].has_taken;
    }
    wake_senders(end);
    return has_come;
}

/* Tells senders about places that are free again; what finds no room goes with a later turn, for
 * which the receiver's drain of that ring rings our bell. */
static void put_credits(struct mr_mesh_end *end)
{
    for (struct mr_inlet *inlet = end->inlets; inlet != NULL; inlet = inlet->next) {
        if (inlet->owed_credits == 0 && !inlet->owes_mark) continue;
        struct mr_mesh_peer *peer = &end->peers[inlet->peer];
        struct mr_desc desc = {.kind = KIND_CREDIT,
                               .from = inlet->channel,
                               .words = {inlet->owed_credits, inlet->owes_mark}};
        if (!mr_ring_put(peer->out, &desc)) continue;
        peer->has_put = true;
        inlet->owed_credits = 0;
        inlet->owes_mark = false;
    }
}

static void end_flush(struct mr_intake *intake, struct mr_shard *shard)
{
    struct mr_mesh_end *end = (struct mr_mesh_end *)intake;
    (void)shard;
    put_credits(end);
    for (uint32_t p = 0; p < end->mesh->shards; p++) {
        struct mr_mesh_peer *peer = &end->peers[p];
        if (peer->has_put) mr_ring_publish(peer->out);
        if (peer->has_put_back) mr_ring_publish(peer->back_out);
        /* Taken: the peer may wait for room in its ring to us. */
        if (peer->has_put || peer->has_put_back || peer->has_taken) mr_bell_ring(peer->bell);
        peer->has_put = false;
        peer->has_put_back = false;
        peer->has_taken = false;
    }
}

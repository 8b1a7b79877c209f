#include "tests/support/exchange_load.h"

#include <string.h>

#include "core/base/assert.h"
#include "numa/topology.h"

enum { BURST = 3, VALUES = 8, FINISHED = 1, BUF_BYTES = 4096 };

/* ---- what is made, as pure functions ---- */

static uint64_t value_of(uint64_t shard, uint64_t epoch, uint64_t item)
{
    uint64_t x = (epoch << 40 | shard << 32 | item) + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint32_t owner_of(uint64_t value, uint32_t shards)
{
    return (uint32_t)(value % shards);
}

static uint64_t made_from(uint64_t value)
{
    return value_of(value >> 32, value & 0xffff, value >> 16 & 0xffff);
}

/* ---- items ---- */

static struct mr_item fill(struct mr_buf *buf, uint64_t epoch, uint64_t value)
{
    uint64_t values[VALUES];
    for (int i = 0; i < VALUES; i++) values[i] = value + (uint64_t)i;
    memcpy(buf->at, values, sizeof values);
    return (struct mr_item){
        .kind = MR_ITEM_DATA, .epoch = epoch, .slice = {buf, 0, sizeof values}, .words = {value}};
}

static uint64_t read_item(const struct mr_item *item)
{
    uint64_t values[VALUES];
    MR_ASSERT(item->slice.bytes == sizeof values);
    memcpy(values, item->slice.buf->at + item->slice.off, sizeof values);
    for (int i = 0; i < VALUES; i++) MR_ASSERT(values[i] == item->words[0] + (uint64_t)i);
    return values[0];
}

/* Sends what has been filled; the sender's own reference is given up when it has left. */
static bool send_one(struct load_shard *s, uint32_t edge, const struct mr_item *item)
{
    uint32_t to = owner_of(item->words[0], s->load->options.shards);
    if (!mr_outlet_send(&s->edges[edge].out[to], item)) return false;
    mr_buf_unref(item->slice.buf);
    return true;
}

/* Marks all outlets of an edge that are not marked yet.
 * returns whether all are */
static bool mark_all(struct load_shard *s, uint32_t edge, uint64_t epoch, bool *progress)
{
    struct load_edge *e = &s->edges[edge];
    const struct mr_item mark = {.kind = MR_ITEM_MARK, .epoch = epoch};
    uint32_t shards = s->load->options.shards;
    for (uint32_t p = 0; p < shards; p++) {
        if (e->is_out_marked[p] || !mr_outlet_mark(&e->out[p], &mark)) continue;
        e->is_out_marked[p] = true;
        e->out_marks++;
        *progress = true;
    }
    if (e->out_marks < shards) return false;
    memset(e->is_out_marked, 0, sizeof e->is_out_marked);
    e->out_marks = 0;
    return true;
}

/* ---- the three stages ---- */

static bool is_ahead(const struct load_shard *s, uint64_t epoch)
{
    return epoch > s->done_epochs;
}

static bool generate(struct load_shard *s)
{
    const struct load_options *o = &s->load->options;
    bool progress = false;
    if (s->gen_epoch == o->epochs || s->gen_epoch > s->done_epochs + 1) return false;
    for (int burst = 0; burst < BURST && s->gen_item < o->items; burst++) {
        if (s->gen_pending.slice.buf == NULL) {
            struct mr_buf *buf = mr_quota_acquire(&s->quota, 0, 1, is_ahead(s, s->gen_epoch));
            if (buf == NULL) return progress;
            uint64_t value = value_of(s->shard.options.index, s->gen_epoch, s->gen_item);
            s->gen_pending = fill(buf, s->gen_epoch, value);
        }
        if (!send_one(s, 0, &s->gen_pending)) return progress;
        s->gen_pending.slice.buf = NULL;
        s->gen_item++;
        progress = true;
    }
    if (s->gen_item < o->items || !mark_all(s, 0, s->gen_epoch, &progress)) return progress;
    s->gen_epoch++;
    s->gen_item = 0;
    return true;
}

/* Takes the MARK at the head of an inlet, if that is what is there. */
static bool take_mark(struct load_edge *e, uint32_t p)
{
    const struct mr_item *head = mr_inlet_peek(&e->in[p]);
    struct mr_item mark;
    if (head == NULL || head->kind != MR_ITEM_MARK || e->is_in_marked[p]) return false;
    bool has_one = mr_inlet_next(&e->in[p], &mark);
    MR_ASSERT(has_one && mark.epoch == e->epoch);
    e->is_in_marked[p] = true;
    e->in_marks++;
    return true;
}

static void next_epoch(struct load_edge *e)
{
    memset(e->is_in_marked, 0, sizeof e->is_in_marked);
    e->in_marks = 0;
    e->epoch++;
}

/* An item is taken from its queue only when what it becomes has a buffer and a place to go. */
static bool forward_one(struct load_shard *s, uint32_t p)
{
    struct load_edge *in = &s->edges[0];
    const struct mr_item *head = mr_inlet_peek(&in->in[p]);
    if (head == NULL || head->kind == MR_ITEM_MARK || in->is_in_marked[p]) return false;
    MR_ASSERT(head->epoch == in->epoch);
    struct mr_buf *buf = mr_quota_acquire(&s->quota, 0, 0, is_ahead(s, in->epoch));
    if (buf == NULL) return false;
    struct mr_item made = fill(buf, in->epoch, made_from(read_item(head)));
    if (!send_one(s, 1, &made)) {
        mr_buf_unref(buf);
        return false;
    }
    struct mr_item taken;
    bool has_one = mr_inlet_next(&in->in[p], &taken);
    MR_ASSERT(has_one);
    mr_inlet_return(&in->in[p], &taken);
    return true;
}

static bool forward(struct load_shard *s)
{
    struct load_edge *in = &s->edges[0];
    bool progress = false;
    for (uint32_t p = 0; p < s->load->options.shards; p++) {
        for (int burst = 0; burst < BURST && forward_one(s, p); burst++) progress = true;
        progress |= take_mark(in, p);
    }
    if (in->in_marks == s->load->options.shards && mark_all(s, 1, in->epoch, &progress)) {
        next_epoch(in);
        progress = true;
    }
    return progress;
}

static bool sink(struct load_shard *s)
{
    struct load_edge *in = &s->edges[1];
    bool progress = false;
    for (uint32_t p = 0; p < s->load->options.shards; p++) {
        for (int burst = 0; burst < BURST; burst++) {
            const struct mr_item *head = mr_inlet_peek(&in->in[p]);
            if (head == NULL || head->kind == MR_ITEM_MARK || in->is_in_marked[p]) break;
            struct mr_item item;
            bool has_one = mr_inlet_next(&in->in[p], &item);
            MR_ASSERT(has_one && item.epoch == in->epoch);
            s->sums[item.epoch].count++;
            s->sums[item.epoch].sum += read_item(&item);
            mr_inlet_return(&in->in[p], &item);
            progress = true;
        }
        progress |= take_mark(in, p);
    }
    if (in->in_marks < s->load->options.shards) return progress;
    next_epoch(in);
    s->done_epochs = in->epoch;
    mr_quota_advance(&s->quota, 0);
    return true;
}

static void waste_time(struct load_shard *s)
{
    const struct load_options *o = &s->load->options;
    if (s->shard.options.index != o->slow_shard) return;
    int64_t end = mr_io_mono_us(s->shard.io) + o->slow_us;
    while (mr_io_mono_us(s->shard.io) < end) (void)mr_io_random(s->shard.io);
}

static bool work(struct mr_step *self, struct mr_shard *shard)
{
    struct load_shard *s = shard->owner;
    (void)self;
    waste_time(s);
    bool progress = sink(s);
    progress |= forward(s);
    progress |= generate(s);
    bool is_finished =
        s->done_epochs == s->load->options.epochs && s->pool.free_count == s->pool.count;
    if (is_finished && !s->has_reported) {
        const struct mr_desc desc = {.kind = FINISHED};
        s->has_reported = mr_shard_report(shard, &desc);
    }
    return progress;
}

/* ---- from outside ---- */

static void receive(struct mr_shard *shard, const struct mr_desc *desc, void *ctx)
{
    struct load_shard *s = shard->owner;
    (void)desc;
    (void)ctx;
    mr_shard_ready(shard, &s->step);
}

static void open_channels(struct load_shard *s, uint32_t index)
{
    const struct load_options *o = &s->load->options;
    struct mr_mesh_end *end = &s->load->mesh.ends[index];
    end->on_return = &s->step;
    for (uint32_t e = 0; e < 2; e++) {
        for (uint32_t p = 0; p < o->shards; p++) {
            uint32_t base = e * o->shards * o->shards;
            mr_status status =
                mr_inlet_open(&s->edges[e].in[p], end, &s->heap, base + p * o->shards + index, p,
                              o->credits, &s->step, NULL);
            MR_ASSERT(status == MR_OK);
            mr_outlet_open(&s->edges[e].out[p], end, base + index * o->shards + p, p, o->credits,
                           &s->step);
        }
    }
}

static uint32_t power_of_two(uint32_t least)
{
    uint32_t n = 1;
    while (n < least) n *= 2;
    return n;
}

void load_init(struct load *load, const struct load_options *options, struct mr_io *control)
{
    struct mr_shard *shards[LOAD_SHARDS_MAX];
    mr_status status = MR_OK;
    memset(load, 0, sizeof *load);
    load->options = *options;
    mr_heap_init(&load->heap, 0);
    mr_bell_init(&load->bell, control);
    for (uint32_t i = 0; i < options->shards; i++) {
        struct load_shard *s = &load->shards[i];
        const struct mr_shard_options shard_options = {
            .index = i, .cpu = MR_CPU_ANY, .control = &load->bell, .receive = receive};
        s->load = load;
        mr_heap_init(&s->heap, 0);
        s->step = (struct mr_step){work, MR_CLASS_STREAM, "load"};
        shards[i] = &s->shard;
        status = mr_shard_init(&s->shard, &load->heap, &shard_options, NULL);
        MR_ASSERT(status == MR_OK);
        s->shard.owner = s;
        status = mr_pool_init(&s->pool, &s->heap, options->buffers, BUF_BYTES, NULL);
        MR_ASSERT(status == MR_OK);
        status = mr_quota_init(&s->quota, &s->pool, 2, NULL);
        MR_ASSERT(status == MR_OK);
    }
    status = mr_mesh_init(&load->mesh, &load->heap, shards, options->shards, options->ring_slots,
                          power_of_two(options->buffers), NULL);
    MR_ASSERT(status == MR_OK);
    for (uint32_t i = 0; i < options->shards; i++) {
        const struct mr_desc go = {.kind = FINISHED};
        open_channels(&load->shards[i], i);
        bool has_room = mr_shard_post(&load->shards[i].shard, &go);
        MR_ASSERT(has_room);
    }
}

bool load_finished(struct load *load, uint32_t *reported)
{
    struct mr_desc desc;
    for (uint32_t i = 0; i < load->options.shards; i++) {
        while (mr_shard_next(&load->shards[i].shard, &desc)) ++*reported;
    }
    return *reported == load->options.shards;
}

uint32_t load_check(const struct load *load)
{
    const struct load_options *o = &load->options;
    uint32_t wrong = 0;
    for (uint32_t epoch = 0; epoch < o->epochs; epoch++) {
        struct load_epoch expected[LOAD_SHARDS_MAX] = {0};
        for (uint32_t i = 0; i < o->shards * o->items; i++) {
            uint64_t made = made_from(value_of(i / o->items, epoch, i % o->items));
            struct load_epoch *of = &expected[owner_of(made, o->shards)];
            of->count++;
            of->sum += made;
        }
        for (uint32_t s = 0; s < o->shards; s++) {
            const struct load_epoch *got = &load->shards[s].sums[epoch];
            wrong += got->count != expected[s].count || got->sum != expected[s].sum;
        }
    }
    return wrong;
}

void load_fini(struct load *load)
{
    for (uint32_t i = 0; i < load->options.shards; i++) {
        struct load_shard *s = &load->shards[i];
        for (uint32_t e = 0; e < 2; e++) {
            for (uint32_t p = 0; p < load->options.shards; p++) {
                mr_inlet_close(&s->edges[e].in[p], &s->heap);
                mr_outlet_close(&s->edges[e].out[p]);
            }
        }
    }
    mr_mesh_fini(&load->mesh);
    for (uint32_t i = 0; i < load->options.shards; i++) {
        struct load_shard *s = &load->shards[i];
        mr_quota_fini(&s->quota);
        mr_pool_fini(&s->pool);
        mr_shard_fini(&s->shard);
        MR_ASSERT(s->heap.used_bytes == 0);
    }
    MR_ASSERT(load->heap.used_bytes == 0);
}

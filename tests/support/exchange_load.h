/* Two chained exchanges under load, to be run by a simulation or by threads.
 *
 * Every shard generates items for a number of epochs, each in a pool buffer of its own; they go by
 * the first exchange to the shard that their value names; there each is read, given back, and a
 * second one made from it goes by the second exchange to its sink. Generation runs one epoch ahead.
 * At each epoch's end a sink has exactly the items of that epoch that belong to it: checked by
 * count and sum against what all generators must have made. One shard may be slow. */
#ifndef MR_TESTS_SUPPORT_EXCHANGE_LOAD_H
#define MR_TESTS_SUPPORT_EXCHANGE_LOAD_H

#include "core/shard/exchange.h"
#include "core/shard/quota.h"

enum { LOAD_SHARDS_MAX = 4, LOAD_EPOCHS_MAX = 64 };

struct load_options {
    uint32_t shards, epochs, items; /* items per shard and epoch */
    uint32_t ring_slots, credits, buffers;
    uint32_t slow_shard; /* >= shards: none */
    int64_t slow_us;     /* what the slow one wastes in a step */
};

struct load;

struct load_epoch {
    uint64_t count, sum;
};

/* What one of the two exchanges has at one shard. */
struct load_edge {
    struct mr_inlet in[LOAD_SHARDS_MAX];
    struct mr_outlet out[LOAD_SHARDS_MAX];
    bool is_in_marked[LOAD_SHARDS_MAX];  /* the epoch's MARK has come */
    bool is_out_marked[LOAD_SHARDS_MAX]; /* and has been sent on */
    uint32_t in_marks, out_marks;
    uint64_t epoch; /* that comes in */
};

struct load_shard {
    struct load *load;
    struct mr_heap heap;
    struct mr_shard shard;
    struct mr_pool pool;
    struct mr_quota quota;
    struct mr_step step;
    struct load_edge edges[2];
    uint64_t gen_epoch;
    uint32_t gen_item;
    uint32_t gen_marks;
    struct mr_item gen_pending; /* filled, waits for a credit; no buffer: none */
    struct load_epoch sums[LOAD_EPOCHS_MAX];
    uint64_t done_epochs;
    bool has_reported;
};

struct load {
    struct load_options options;
    struct mr_heap heap;
    struct mr_mesh mesh;
    struct mr_bell bell; /* control's */
    struct load_shard shards[LOAD_SHARDS_MAX];
};

/* load_init: everything but the drivers. load_finished: takes reports; true when all shards have
 * all epochs and all their buffers. load_check: compares with what must be there; the number of
 * wrong epochs. load_fini: the shards have ended. */
void load_init(struct load *load, const struct load_options *options, struct mr_io *control);
bool load_finished(struct load *load, uint32_t *reported);
uint32_t load_check(const struct load *load);
void load_fini(struct load *load);

#endif

/* Shown: two chained exchanges never lock up and never lose, double or misplace an item, for every
 * combination of small rings, credits and pools (down to one slot, one credit, two buffers), two to
 * four shards, and one slow one; 400 seeded runs. The simulation finds a lock-up as a deadlock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/rng.h"
#include "tests/support/exchange_load.h"
#include "tests/support/sim.h"

enum { SEEDS = 400 };

struct slowed {
    struct mr_shard *shard;
    struct mr_rng rng;
    bool is_slow;
};

/* The slow shard misses nine turns of ten. */
static bool turn(void *ctx)
{
    struct slowed *slowed = ctx;
    if (slowed->is_slow && mr_rng_below(&slowed->rng, 10) > 0) return true;
    return mr_shard_turn(slowed->shard);
}

static struct load_options options_of(uint64_t seed)
{
    struct mr_rng rng;
    mr_rng_init(&rng, seed);
    return (struct load_options){
        .shards = 2 + (uint32_t)mr_rng_below(&rng, 3),
        .epochs = 1 + (uint32_t)mr_rng_below(&rng, 5),
        .items = (uint32_t)mr_rng_below(&rng, 30),
        .ring_slots = 1u << mr_rng_below(&rng, 3),
        .credits = 1 + (uint32_t)mr_rng_below(&rng, 3),
        .buffers = 2 + (uint32_t)mr_rng_below(&rng, 5),
        .slow_shard = (uint32_t)mr_rng_below(&rng, 4),
    };
}

static uint64_t run_seed(uint64_t seed)
{
    static const char *const names[LOAD_SHARDS_MAX] = {"s0", "s1", "s2", "s3"};
    const struct mr_sim_options sim_options = {.seed = seed};
    const struct load_options options = options_of(seed);
    struct mr_simdisk *disk = mr_simdisk_open();
    struct mr_sim *sim = mr_sim_open(disk, &sim_options);
    struct mr_io *io = mr_sim_io(sim, "control");
    struct slowed slowed[LOAD_SHARDS_MAX];
    struct load *load = malloc(sizeof *load);
    uint32_t reported = 0;
    load_init(load, &options, io);
    for (uint32_t i = 0; i < options.shards; i++) {
        struct mr_io *shard_io = mr_sim_io(sim, names[i]);
        slowed[i] =
            (struct slowed){.shard = &load->shards[i].shard, .is_slow = i == options.slow_shard};
        mr_rng_init(&slowed[i].rng, seed);
        mr_shard_begin(&load->shards[i].shard, shard_io);
        mr_sim_steps(shard_io, turn, &slowed[i]);
    }
    for (;;) {
        mr_bell_arm(&load->bell);
        bool is_finished = load_finished(load, &reported);
        if (is_finished) break;
        (void)mr_io_run(io, -1);
    }
    assert_int_equal(load_check(load), 0);
    for (uint32_t i = 0; i < options.shards; i++) {
        struct mr_shard *shard = &load->shards[i].shard;
        assert_int_equal(mr_quota_ahead(&load->shards[i].quota), 0);
        mr_shard_stop(shard);
        while (shard->is_running) (void)mr_io_run(io, 1000);
        mr_io_close(shard->io);
    }
    uint64_t took = (uint64_t)mr_io_mono_us(io);
    load_fini(load);
    free(load);
    mr_io_close(io);
    mr_sim_close(sim);
    mr_simdisk_close(disk);
    return took;
}

static void test_seeds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) assert_true(run_seed(seed) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: the load of tests/sim/test_exchange.c on real threads, with rings of one slot and a slow
 * shard, and with roomy ones: same counts and sums. Meant for the thread sanitizer; a lock-up would
 * be a time-out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "io/posix/posix_io.h"
#include "tests/support/exchange_load.h"

static mr_status open_io(struct mr_shard *shard, void *ctx, struct mr_io **out_io,
                         struct mr_err *err)
{
    const struct mr_posix_options options = {.seed = 1};
    struct load_shard *s = shard->owner;
    (void)ctx;
    return mr_posix_open(&s->heap, &options, out_io, err);
}

static void run(const struct load_options *options)
{
    const struct mr_posix_options io_options = {.seed = 1};
    struct mr_heap heap;
    struct mr_io *io;
    struct load *load = malloc(sizeof *load);
    uint32_t reported = 0;
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_posix_open(&heap, &io_options, &io, NULL), MR_OK);
    load_init(load, options, io);
    for (uint32_t i = 0; i < options->shards; i++) {
        struct mr_shard *shard = &load->shards[i].shard;
        assert_int_equal(mr_shard_start(shard, open_io, NULL, NULL), MR_OK);
    }
    for (;;) {
        mr_bell_arm(&load->bell);
        if (load_finished(load, &reported)) break;
        (void)mr_io_run(io, -1);
    }
    for (uint32_t i = 0; i < options->shards; i++) mr_shard_stop(&load->shards[i].shard);
    for (uint32_t i = 0; i < options->shards; i++) mr_shard_join(&load->shards[i].shard);
    assert_int_equal(load_check(load), 0);
    load_fini(load);
    free(load);
    mr_io_close(io);
}

static void test_narrow(void **state)
{
    (void)state;
    run(&(struct load_options){.shards = 3,
                               .epochs = 8,
                               .items = 300,
                               .ring_slots = 1,
                               .credits = 1,
                               .buffers = 2,
                               .slow_shard = 1,
                               .slow_us = 30});
}

static void test_roomy(void **state)
{
    (void)state;
    run(&(struct load_options){.shards = 4,
                               .epochs = 20,
                               .items = 500,
                               .ring_slots = 64,
                               .credits = 16,
                               .buffers = 32,
                               .slow_shard = 9});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_roomy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

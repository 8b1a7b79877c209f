/* Shown: a ring of any size, also of one slot, hands every descriptor over once, in order and
 * whole, between two threads that sleep on bells and never miss a wake: 200,000 descriptors there
 * and their echoes back, published in batches of seeded sizes. Meant for the thread sanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>

#include "core/base/assert.h"
#include "core/base/rng.h"
#include "core/shard/bell.h"
#include "core/shard/ring.h"
#include "io/posix/posix_io.h"

enum { COUNT = 200000 };

struct side {
    struct mr_heap heap;
    struct mr_io *io;
    struct mr_bell bell;
};

struct pair {
    struct mr_ring there, back;
    struct side ping, pong;
    uint64_t count;
};

static struct mr_desc desc_of(uint64_t n)
{
    struct mr_desc desc = {.kind = (uint32_t)n, .from = (uint32_t)(n >> 32), .object = NULL};
    for (int i = 0; i < 6; i++) desc.words[i] = n * (uint64_t)(i + 1);
    return desc;
}

static void check_desc(const struct mr_desc *desc, uint64_t n)
{
    MR_ASSERT(desc->kind == (uint32_t)n);
    for (int i = 0; i < 6; i++) MR_ASSERT(desc->words[i] == n * (uint64_t)(i + 1));
}

/* Sleeps until rung, unless something has come in meanwhile. */
static void doze(struct side *side, struct mr_ring *in, struct mr_desc *out, bool *has_one)
{
    mr_bell_arm(&side->bell);
    *has_one = mr_ring_take(in, out);
    (void)mr_io_run(side->io, *has_one ? 0 : 1000000);
    mr_bell_disarm(&side->bell);
}

static void *pong_main(void *arg)
{
    struct pair *pair = arg;
    uint64_t seen = 0;
    struct mr_desc desc;
    while (seen < pair->count) {
        bool has_one = mr_ring_take(&pair->there, &desc);
        if (!has_one) doze(&pair->pong, &pair->there, &desc, &has_one);
        if (!has_one) continue;
        mr_ring_give_back(&pair->there);
        check_desc(&desc, seen++);
        while (!mr_ring_put(&pair->back, &desc)) (void)mr_io_run(pair->pong.io, 10);
        mr_ring_publish(&pair->back);
        mr_bell_ring(&pair->ping.bell);
    }
    return NULL;
}

static void put_some(struct pair *pair, struct mr_rng *rng, uint64_t *sent)
{
    uint64_t batch = 1 + mr_rng_below(rng, 20);
    bool has_put = false;
    while (batch-- > 0 && *sent < pair->count) {
        struct mr_desc desc = desc_of(*sent);
        if (!mr_ring_put(&pair->there, &desc)) break;
        has_put = true;
        ++*sent;
    }
    if (!has_put) return;
    mr_ring_publish(&pair->there);
    mr_bell_ring(&pair->pong.bell);
}

static void open_side(struct side *side)
{
    const struct mr_posix_options options = {.seed = 1};
    mr_heap_init(&side->heap, 0);
    assert_int_equal(mr_posix_open(&side->heap, &options, &side->io, NULL), MR_OK);
    mr_bell_init(&side->bell, side->io);
}

static void run_pair(uint32_t slots, uint64_t count)
{
    struct pair pair = {.count = count};
    struct mr_heap heap;
    struct mr_rng rng;
    pthread_t thread;
    uint64_t sent = 0, seen = 0;
    mr_heap_init(&heap, 0);
    mr_rng_init(&rng, slots);
    open_side(&pair.ping);
    open_side(&pair.pong);
    assert_int_equal(mr_ring_init(&pair.there, &heap, slots, NULL), MR_OK);
    assert_int_equal(mr_ring_init(&pair.back, &heap, slots, NULL), MR_OK);
    assert_int_equal(pthread_create(&thread, NULL, pong_main, &pair), 0);
    while (seen < count) {
        struct mr_desc desc;
        put_some(&pair, &rng, &sent);
        bool has_one = mr_ring_take(&pair.back, &desc);
        if (!has_one) doze(&pair.ping, &pair.back, &desc, &has_one);
        if (!has_one) continue;
        mr_ring_give_back(&pair.back);
        check_desc(&desc, seen++);
    }
    (void)pthread_join(thread, NULL);
    assert_int_equal(sent, count);
    mr_ring_fini(&pair.there);
    mr_ring_fini(&pair.back);
    mr_io_close(pair.ping.io);
    mr_io_close(pair.pong.io);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_one_slot(void **state)
{
    (void)state;
    run_pair(1, COUNT / 20);
}

static void test_two_slots(void **state)
{
    (void)state;
    run_pair(2, COUNT / 4);
}

static void test_many_slots(void **state)
{
    (void)state;
    run_pair(256, COUNT);
}

static void test_room(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_ring ring;
    struct mr_desc desc = desc_of(1);
    mr_heap_init(&heap, 100);
    assert_int_equal(mr_ring_init(&ring, &heap, 4, NULL), MR_E_NOMEM);
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_ring_init(&ring, &heap, 4, NULL), MR_OK);
    for (int i = 0; i < 4; i++) assert_true(mr_ring_put(&ring, &desc));
    assert_false(mr_ring_put(&ring, &desc));
    assert_false(mr_ring_take(&ring, &desc)); /* put but not published */
    mr_ring_publish(&ring);
    assert_true(mr_ring_take(&ring, &desc));
    assert_int_equal(mr_ring_room(&ring, 1), 0); /* taken but not given back */
    mr_ring_give_back(&ring);
    assert_int_equal(mr_ring_room(&ring, 1), 1);
    mr_ring_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_two_slots),
        cmocka_unit_test(test_many_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: small blocks of a slab do not overlap, are aligned, come again after they were given back
 * and take far fewer blocks of the parent; large ones are the parent's; slabs go back only when no
 * small block is out, and a failing parent is reported: 20,000 seeded takes and gives against a map
 * of who owns each byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "core/mem/slab.h"

enum { HELD = 256, ROUNDS = 20000 };

struct held {
    uint8_t *at;
    size_t bytes;
};

static void check_filled(const struct held *held, uint8_t with)
{
    for (size_t i = 0; i < held->bytes; i++) assert_int_equal(held->at[i], with);
}

static void test_random(void **state)
{
    (void)state;
    struct mr_heap parent;
    struct mr_slab slab;
    struct mr_rng rng;
    struct held held[HELD] = {0};
    size_t out = 0;
    mr_heap_init(&parent, 0);
    mr_slab_init(&slab, &parent);
    mr_rng_init(&rng, 1);
    for (int i = 0; i < ROUNDS; i++) {
        struct held *one = &held[mr_rng_below(&rng, HELD)];
        uint8_t mark = (uint8_t)(one - held);
        if (one->at != NULL) {
            check_filled(one, mark);
            mr_heap_give(&slab.heap, one->at, one->bytes);
            out -= one->bytes;
            one->at = NULL;
            continue;
        }
        one->bytes = mr_rng_below(&rng, (uint64_t)1 << mr_rng_below(&rng, 15));
        one->at = mr_heap_take(&slab.heap, one->bytes);
        assert_non_null(one->at);
        assert_int_equal((uintptr_t)one->at % 64, 0);
        memset(one->at, mark, one->bytes);
        out += one->bytes;
        assert_int_equal(slab.heap.used_bytes, out);
    }
    for (int i = 0; i < HELD; i++) mr_heap_give(&slab.heap, held[i].at, held[i].bytes);
    assert_true(mr_slab_trim(&slab));
    assert_int_equal(parent.used_bytes, 0);
    mr_slab_fini(&slab);
}

static void test_trim(void **state)
{
    (void)state;
    struct mr_heap parent;
    struct mr_slab slab;
    char *blocks[1000];
    mr_heap_init(&parent, 0);
    mr_slab_init(&slab, &parent);
    for (int i = 0; i < 1000; i++) blocks[i] = mr_heap_zeroed(&slab.heap, 100);
#ifndef __SANITIZE_ADDRESS__
    assert_int_equal(parent.take_count, 2); /* of 128 bytes each, with a head of 64 */
    assert_false(mr_slab_trim(&slab));
#endif
    uint64_t takes = parent.take_count;
    mr_heap_give(&slab.heap, blocks[7], 100);
    blocks[7] = mr_heap_take(&slab.heap, 90);
    char *large = mr_heap_take(&slab.heap, MR_SLAB_SMALL + 1);
    assert_true(parent.take_count > takes);
    mr_heap_give(&slab.heap, blocks[7], 90);
    for (int i = 0; i < 1000; i++) {
        if (i != 7) mr_heap_give(&slab.heap, blocks[i], 100);
    }
    assert_true(mr_slab_trim(&slab)); /* a large block that is out is no hindrance */
    assert_int_equal(parent.used_bytes, MR_SLAB_SMALL + 1);
    mr_heap_give(&slab.heap, large, MR_SLAB_SMALL + 1);
    mr_heap_fail_at(&parent, 1);
    assert_null(mr_heap_take(&slab.heap, 64));
    large = mr_heap_take(&slab.heap, 64);
    assert_non_null(large);
    mr_heap_give(&slab.heap, large, 64);
    mr_slab_fini(&slab);
    assert_int_equal(parent.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

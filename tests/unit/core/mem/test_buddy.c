/* Shown: a heap in one region never hands out a byte twice, keeps its blocks readable past their
 * ends inside the region, wastes no more than the smallest block, nothing on powers of two, keeps
 * pages on pages, and is whole again when all has been given back: 20,000 seeded takes and gives
 * against a map of who owns each byte. What nobody took it does not touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "core/base/rng.h"
#include "core/base/span.h"
#include "core/mem/arena.h"
#include "core/mem/buddy.h"

enum { REGION = 1 << 20, HELD = 64 };

struct held {
    uint8_t *at;
    size_t bytes;
};

static bool is_filled(const struct held *held, uint8_t with)
{
    for (size_t i = 0; i < held->bytes; i++) {
        if (held->at[i] != with) return false;
    }
    return true;
}

static void take_and_give(size_t region_bytes, unsigned bits, int rounds)
{
    struct mr_buddy buddy;
    struct mr_rng rng;
    struct held held[HELD] = {0};
    uint8_t *region = aligned_alloc(64, region_bytes);
    mr_rng_init(&rng, 1);
    assert_int_equal(mr_buddy_init(&buddy, region, region_bytes, NULL), MR_OK);
    size_t largest = mr_buddy_largest(&buddy);
    assert_int_equal(largest, region_bytes / 2);
    for (int i = 0; i < rounds; i++) {
        struct held *one = &held[mr_rng_below(&rng, HELD)];
        uint8_t mark = (uint8_t)(one - held);
        if (one->at != NULL) {
            assert_true(is_filled(one, mark));
            mr_heap_give(&buddy.heap, one->at, one->bytes);
            one->at = NULL;
            continue;
        }
        one->bytes = mr_rng_below(&rng, (uint64_t)1 << mr_rng_below(&rng, bits));
        one->at = mr_heap_take(&buddy.heap, one->bytes);
        if (one->at == NULL) continue;
        assert_int_equal((uintptr_t)one->at % 64, 0);
        assert_true(one->at >= region && one->at + one->bytes + MR_PAD <= region + region_bytes);
        memset(one->at, mark, one->bytes);
    }
    for (int i = 0; i < HELD; i++) mr_heap_give(&buddy.heap, held[i].at, held[i].bytes);
    assert_int_equal(buddy.heap.used_bytes, 0);
    assert_int_equal(mr_buddy_largest(&buddy), largest);
    mr_buddy_fini(&buddy);
    free(region);
}

static void test_random(void **state)
{
    (void)state;
    take_and_give(REGION, 18, 20000);
}

/* Blocks whose links lie apart from them. */
static void test_random_large(void **state)
{
    (void)state;
    take_and_give(64 * REGION, 24, 1000);
}

/* What is not taken is not touched: the pages of a fresh mapping stay away, but for the states. */
static void test_untouched(void **state)
{
    (void)state;
    enum { PAGE = 4096, PAGES = 64 * REGION / PAGE };
    static unsigned char is_there[PAGES];
    struct mr_buddy buddy;
    uint32_t count = 0;
    uint8_t *region = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(region != MAP_FAILED);
    (void)madvise(region, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
    assert_int_equal(mr_buddy_init(&buddy, region, (size_t)PAGES * PAGE, NULL), MR_OK);
    void *small = mr_heap_take(&buddy.heap, 1000);
    void *large = mr_heap_take(&buddy.heap, 5 * REGION);
    assert_non_null(small);
    assert_non_null(large);
    mr_heap_give(&buddy.heap, large, 5 * REGION);
    mr_heap_give(&buddy.heap, small, 1000);
    assert_int_equal(mincore(region, (size_t)PAGES * PAGE, is_there), 0);
    for (uint32_t i = 0; i < PAGES; i++) count += is_there[i] & 1;
    assert_true(count < PAGES / 256 + 32); /* a byte for each 256, and links of small blocks */
    mr_buddy_fini(&buddy);
    assert_int_equal(munmap(region, (size_t)PAGES * PAGE), 0);
}

/* Powers of two cost just themselves, and whole pages lie on pages in a region that does. */
static void test_pages(void **state)
{
    (void)state;
    struct mr_buddy buddy;
    uint8_t *region = aligned_alloc(4096, REGION);
    assert_int_equal(mr_buddy_init(&buddy, region, REGION, NULL), MR_OK);
    uint32_t tiles = 0, pages = 0;
    uint8_t *tile;
    while ((tile = mr_heap_take(&buddy.heap, 64 << 10)) != NULL) {
        assert_int_equal((uintptr_t)tile % 4096, 0);
        tiles++;
    }
    assert_int_equal(tiles, REGION / (64 << 10) - 1); /* less than one for the states */
    while ((tile = mr_heap_take(&buddy.heap, 4096)) != NULL) {
        assert_int_equal((uintptr_t)tile % 4096, 0);
        assert_true(tile + 4096 + MR_PAD <= region + REGION);
        pages++;
    }
    assert_int_equal(pages, 14); /* of the last 64 KiB one is for states, one holds the pad */
    mr_buddy_fini(&buddy);
    free(region);
}

static void test_exhaustion(void **state)
{
    (void)state;
    struct mr_buddy buddy;
    struct mr_arena arena;
    uint8_t *region = aligned_alloc(64, REGION);
    assert_int_equal(mr_buddy_init(&buddy, region, 1000, NULL), MR_E_INVALID);
    assert_int_equal(mr_buddy_init(&buddy, region, REGION, NULL), MR_OK);
    size_t taken = 0;
    while (mr_heap_take(&buddy.heap, 3000) != NULL) taken += 3072;
    assert_true(taken > REGION * 7 / 10); /* tails of a quarter are too small for another */
    assert_null(mr_heap_take(&buddy.heap, SIZE_MAX));
    assert_null(mr_heap_take(&buddy.heap, REGION));
    assert_int_equal(mr_buddy_init(&buddy, region, REGION, NULL), MR_OK);
    mr_arena_init(&arena, &buddy.heap, 0);
    assert_non_null(mr_arena_alloc(&arena, 600000, 64)); /* not rounded to 1 MiB */
    assert_null(mr_arena_alloc(&arena, 600000, 64));
    mr_arena_fini(&arena);
    assert_int_equal(buddy.heap.used_bytes, 0);
    mr_buddy_fini(&buddy);
    mr_buddy_fini(&buddy);
    free(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_large),
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_exhaustion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

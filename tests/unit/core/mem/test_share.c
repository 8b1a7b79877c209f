/* Shown: a region is cut into shares that do not overlap, lie inside it, begin at pages and are as
 * large as promised; each is taken once and again after it is back; a pool fits a share's room and
 * a heap its rest; a region that is too small is refused with the size that would do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/span.h"
#include "core/mem/buf.h"
#include "core/mem/share.h"

enum { REGION = 16 << 20, COUNT = 3, BUFS = 4, BUF_BYTES = 64 << 10, HEAP_MIN = 1 << 20 };

static bool is_inside(const struct mr_shares *shares, const uint8_t *at, size_t bytes)
{
    return at >= shares->at && at + bytes <= shares->at + REGION;
}

/* Writes all of a share and reads it back when all have been written. */
static void fill(const struct mr_share *share)
{
    memset(share->pool, (int)share->index + 1, share->pool_bytes);
    memset(share->heap, (int)share->index + 101, share->heap_bytes);
}

static void check_filled(const struct mr_share *share)
{
    for (size_t i = 0; i < share->pool_bytes; i++) {
        assert_int_equal(share->pool[i], share->index + 1);
    }
    for (size_t i = 0; i < share->heap_bytes; i++) {
        assert_int_equal(share->heap[i], share->index + 101);
    }
}

static void test_shares(void **state)
{
    (void)state;
    struct mr_shares shares;
    struct mr_share held[COUNT + 1];
    uint8_t *region = aligned_alloc(4096, REGION);
    size_t pool_bytes = mr_pool_footprint(BUFS, BUF_BYTES);
    assert_int_equal(mr_shares_init(&shares, region, REGION, COUNT, pool_bytes, HEAP_MIN, NULL),
                     MR_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_true(mr_shares_take(&shares, &held[i]));
        assert_true(held[i].pool_bytes >= pool_bytes && held[i].heap_bytes >= HEAP_MIN);
        assert_true(held[i].heap_bytes > REGION / COUNT - pool_bytes - MR_SHARES_OWN_BYTES);
        assert_int_equal((uintptr_t)held[i].pool % 4096, 0);
        assert_int_equal((uintptr_t)held[i].heap % 4096, 0);
        assert_true(is_inside(&shares, held[i].pool, held[i].pool_bytes));
        assert_true(held[i].pool + held[i].pool_bytes <= shares.at + shares.io_bytes);
        assert_true(is_inside(&shares, held[i].heap, held[i].heap_bytes));
    }
    assert_false(mr_shares_take(&shares, &held[COUNT]));
    uint8_t *own = mr_heap_take(&shares.own.heap, MR_SHARES_OWN_BYTES / 2);
    assert_non_null(own);
    memset(own, 77, MR_SHARES_OWN_BYTES / 2);
    for (int i = 0; i < COUNT; i++) fill(&held[i]);
    for (int i = 0; i < COUNT; i++) check_filled(&held[i]);
    for (size_t i = 0; i < MR_SHARES_OWN_BYTES / 2; i++) assert_int_equal(own[i], 77);
    mr_heap_give(&shares.own.heap, own, MR_SHARES_OWN_BYTES / 2);
    mr_shares_give(&shares, &held[1]);
    assert_true(mr_shares_take(&shares, &held[COUNT]));
    assert_int_equal(held[COUNT].index, 1);
    for (int i = 0; i < COUNT; i++) mr_shares_give(&shares, &held[i]);
    mr_shares_fini(&shares);
    mr_shares_fini(&shares);
    free(region);
}

static void test_uses(void **state)
{
    (void)state;
    struct mr_shares shares;
    struct mr_share share;
    struct mr_buddy buddy;
    struct mr_pool pool;
    uint8_t *region = aligned_alloc(4096, REGION);
    size_t pool_bytes = mr_pool_footprint(BUFS, BUF_BYTES);
    assert_int_equal(mr_shares_init(&shares, region, REGION, 1, pool_bytes, HEAP_MIN, NULL), MR_OK);
    assert_true(mr_shares_take(&shares, &share));
    assert_int_equal(mr_buddy_init(&buddy, share.heap, share.heap_bytes, NULL), MR_OK);
    assert_int_equal(mr_pool_init_at(&pool, &buddy.heap, share.pool, BUFS, BUF_BYTES, NULL), MR_OK);
    struct mr_buf *last = NULL, *bufs[BUFS];
    for (int i = 0; i < BUFS; i++) {
        bufs[i] = last = mr_pool_acquire(&pool);
        assert_true(last->at + last->capacity + MR_PAD <= share.pool + share.pool_bytes);
    }
    assert_null(mr_pool_acquire(&pool));
    for (int i = 0; i < BUFS; i++) mr_buf_unref(bufs[i]);
    mr_pool_fini(&pool);
    assert_int_equal(buddy.heap.used_bytes, 0);
    mr_heap_fail_at(&buddy.heap, 1);
    assert_int_equal(mr_pool_init_at(&pool, &buddy.heap, share.pool, BUFS, BUF_BYTES, NULL),
                     MR_E_NOMEM);
    mr_buddy_fini(&buddy);
    mr_shares_give(&shares, &share);
    mr_shares_fini(&shares);
    free(region);
}

static void test_too_small(void **state)
{
    (void)state;
    struct mr_shares shares = {0};
    struct mr_err err = {0};
    uint8_t *region = aligned_alloc(4096, REGION);
    assert_int_equal(mr_shares_init(&shares, region, 8 << 20, 2, 3 << 20, 1 << 20, &err),
                     MR_E_LIMIT);
    assert_non_null(strstr(err.message, "8 MiB of memory a shard are too little for 2 flows: "
                                        "at least 9 MiB"));
    assert_int_equal(mr_shares_init(&shares, region, 9 << 20, 2, 3 << 20, 1 << 20, &err), MR_OK);
    mr_shares_fini(&shares);
    assert_int_equal(mr_shares_init(&shares, region, REGION, MR_SHARES_MAX + 1, 0, 0, &err),
                     MR_E_LIMIT);
    free(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: buffers read ahead are at most half of a pool and leave one for each stage; a stage leaves
 * one for each later one; an epoch that has moved on no longer counts as ahead; a full pool says
 * no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/shard/quota.h"

static void test_rules(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_pool pool;
    struct mr_quota quota;
    struct mr_buf *bufs[8];
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_pool_init(&pool, &heap, 8, 4096, NULL), MR_OK);
    mr_heap_fail_at(&heap, 1);
    assert_int_equal(mr_quota_init(&quota, &pool, 2, NULL), MR_E_NOMEM);
    assert_int_equal(mr_quota_init(&quota, &pool, 2, NULL), MR_OK);
    for (int i = 0; i < 4; i++) {
        bufs[i] = mr_quota_acquire(&quota, (uint32_t)i % 2, 0, true);
        assert_non_null(bufs[i]);
    }
    assert_null(mr_quota_acquire(&quota, 0, 0, true)); /* half of the pool */
    assert_int_equal(mr_quota_ahead(&quota), 4);
    mr_buf_unref(bufs[0]);
    assert_int_equal(mr_quota_ahead(&quota), 3);
    bufs[0] = mr_quota_acquire(&quota, 0, 0, true);
    assert_non_null(bufs[0]);
    mr_quota_advance(&quota, 0);
    assert_int_equal(mr_quota_ahead(&quota), 2); /* flow 1's */
    bufs[4] = mr_quota_acquire(&quota, 0, 1, false);
    bufs[5] = mr_quota_acquire(&quota, 0, 1, false);
    bufs[6] = mr_quota_acquire(&quota, 0, 1, false);
    assert_non_null(bufs[6]);
    assert_null(mr_quota_acquire(&quota, 0, 1, false)); /* the last one is for the later stage */
    bufs[7] = mr_quota_acquire(&quota, 0, 0, false);
    assert_non_null(bufs[7]);
    assert_null(mr_quota_acquire(&quota, 0, 0, false));
    for (int i = 0; i < 8; i++) mr_buf_unref(bufs[i]);
    mr_quota_fini(&quota);
    mr_quota_fini(&quota);
    assert_int_equal(mr_quota_init(&quota, &pool, 7, NULL), MR_OK);
    bufs[0] = mr_quota_acquire(&quota, 0, 0, true);
    assert_non_null(bufs[0]);
    assert_null(mr_quota_acquire(&quota, 0, 0, true)); /* seven stages keep one each */
    mr_buf_unref(bufs[0]);
    mr_quota_fini(&quota);
    mr_pool_fini(&pool);
    assert_int_equal(heap.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: arenas align, reset, keep what they may, account for every byte and survive a failed
 * allocation; pools hand out each buffer once; text builders escape JSON and report a missing block
 * once at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/mem/arena.h"
#include "core/mem/buf.h"
#include "core/mem/text.h"

static void test_arena(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (size_t align = 1; align <= 64; align *= 2) {
        for (size_t bytes = 0; bytes < 3000; bytes += 97) {
            char *at = mr_arena_zeroed(&arena, bytes, align);
            assert_non_null(at);
            assert_int_equal((uintptr_t)at % align, 0);
        }
    }
    assert_non_null(mr_arena_alloc(&arena, 5 << 20, 64));
    assert_int_equal(heap.used_bytes, mr_arena_bytes(&arena));
    mr_arena_reset(&arena);
    assert_int_equal(mr_arena_bytes(&arena), 4096);
    assert_string_equal(mr_arena_format(&arena, "%d-%s", 7, "x"), "7-x");
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

/* An arena that keeps its blocks takes none in the second round, and no more than it may keep. */
static void test_arena_keeps(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    arena.keep_bytes = 1 << 20;
    uint64_t takes = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++) assert_non_null(mr_arena_alloc(&arena, 1000, 8));
        char *large = mr_arena_alloc(&arena, 300000, 64);
        assert_non_null(large);
        memset(large, 1, 300000);
        if (round == 0) takes = heap.take_count;
        assert_int_equal(heap.take_count, takes);
        assert_int_equal(heap.used_bytes, mr_arena_bytes(&arena));
        mr_arena_reset(&arena);
    }
    assert_non_null(mr_arena_alloc(&arena, 5 << 20, 64));
    mr_arena_reset(&arena);
    assert_true(mr_arena_bytes(&arena) <= (1 << 20) + 4096);
    mr_arena_fini(&arena);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_arena_out_of_memory(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 8192);
    mr_arena_init(&arena, &heap, 0);
    assert_non_null(mr_arena_alloc(&arena, 100, 8));
    assert_null(mr_arena_alloc(&arena, 8000, 8));
    assert_null(mr_arena_zeroed_array(&arena, SIZE_MAX / 2, 8, 8));
    assert_non_null(mr_arena_alloc(&arena, 100, 8));
    mr_arena_fini(&arena);
    mr_heap_init(&heap, 0);
    mr_heap_fail_at(&heap, 1);
    mr_arena_init(&arena, &heap, 0);
    assert_null(mr_arena_alloc(&arena, 1, 1));
    assert_non_null(mr_arena_alloc(&arena, 1, 1));
    mr_arena_fini(&arena);
}

static void test_pool(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_pool pool;
    struct mr_buf *bufs[3];
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_pool_init(&pool, &heap, 3, 4096, NULL), MR_OK);
    for (int i = 0; i < 3; i++) {
        bufs[i] = mr_pool_acquire(&pool);
        assert_non_null(bufs[i]);
        assert_int_equal((uintptr_t)bufs[i]->at % 64, 0);
    }
    assert_null(mr_pool_acquire(&pool));
    mr_buf_ref(bufs[1]);
    mr_buf_unref(bufs[1]);
    assert_null(mr_pool_acquire(&pool));
    mr_buf_unref(bufs[1]);
    assert_ptr_equal(mr_pool_acquire(&pool), bufs[1]);
    for (int i = 0; i < 3; i++) mr_buf_unref(bufs[i]);
    mr_pool_fini(&pool);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_text(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_text text;
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    mr_text_add_json(&text, MR_SPAN("a\"\\\n\x01\xc3\xa4\xff\xed\xa0\x80"));
    assert_string_equal(mr_text_span(&text).text,
                        "\"a\\\"\\\\\\n\\u0001\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                        "\xef\xbf\xbd\"");
    for (int i = 0; i < 10000; i++) mr_text_addf(&text, "%d,", i);
    assert_int_equal(mr_text_end(&text, NULL), MR_OK);
    mr_text_fini(&text);
    assert_int_equal(heap.used_bytes, 0);
    mr_heap_init(&heap, 1000);
    mr_text_init(&text, &heap);
    for (int i = 0; i < 1000; i++) mr_text_adds(&text, "0123456789");
    assert_int_equal(mr_text_end(&text, NULL), MR_E_NOMEM);
    mr_text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_keeps),
        cmocka_unit_test(test_arena_out_of_memory),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

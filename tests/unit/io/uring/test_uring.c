/* Shown: the io_uring driver keeps every promise of the seam, with the newest set-up flags and
 * with none, with its own crew and a shared one, through registered memory and plain; more
 * operations than the ring holds all complete; another thread's wake ends a sleep; a failed fsync
 * poisons. Skipped (77) where the kernel refuses io_uring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/uring/uring_io.h"
#include "tests/support/io_suite.h"
#include "tests/support/tempdir.h"

enum { REGION_BYTES = 1 << 20, MANY = 3000 };

struct fixture {
    struct mr_heap heap;
    struct mr_uring_options options;
};

static char root[MR_TEMPDIR_MAX];

static struct mr_io *open_uring(void *ctx)
{
    struct fixture *f = ctx;
    struct mr_io *io = NULL;
    return mr_uring_open(&f->heap, &f->options, &io, NULL) == MR_OK ? io : NULL;
}

static int64_t open_file(struct mr_io *io, const char *name)
{
    char path[MR_TEMPDIR_MAX + 32];
    struct mr_io_op op;
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = path;
    op.flags = MR_OPEN_READ | MR_OPEN_WRITE | MR_OPEN_CREATE;
    return mr_io_call(io, &op);
}

static void close_file(struct mr_io *io, int64_t file)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = (int32_t)file;
    assert_int_equal(mr_io_call(io, &op), 0);
}

static void test_registered(void **state)
{
    (void)state;
    char *region = aligned_alloc(4096, REGION_BYTES);
    char *outside = aligned_alloc(4096, REGION_BYTES);
    struct fixture f = {.options = {.region = region, .region_bytes = REGION_BYTES}};
    mr_heap_init(&f.heap, 0);
    struct mr_io *io = open_uring(&f);
    if (!mr_uring_has_region(io)) print_message("the region was not registered\n");
    int64_t file = open_file(io, "registered");
    char *const buffers[] = {region, region + REGION_BYTES - 5000, outside, region};
    const uint32_t bytes[] = {4096, 5000, 4096, REGION_BYTES};
    for (int i = 0; i < 4; i++) {
        struct mr_io_op op;
        memset(buffers[i], 'a' + i, bytes[i]);
        mr_io_op_init(&op, MR_IO_WRITE);
        op.file = (int32_t)file;
        op.buf = buffers[i];
        op.bytes = bytes[i];
        op.buf_index = 0; /* a hint, which may be wrong */
        assert_int_equal(mr_io_call(io, &op), bytes[i]);
        memset(buffers[i], 0, bytes[i]);
        op.kind = MR_IO_READ;
        assert_int_equal(mr_io_call(io, &op), bytes[i]);
        for (uint32_t b = 0; b < bytes[i]; b++) assert_int_equal(buffers[i][b], 'a' + i);
    }
    close_file(io, file);
    mr_io_close(io);
    free(region);
    free(outside);
}

static void count_done(struct mr_io_op *op, void *ctx)
{
    assert_int_equal(op->result, op->kind == MR_IO_WRITE ? 8 : 0);
    ++*(int *)ctx;
}

static void test_more_than_the_ring_holds(void **state)
{
    (void)state;
    static struct mr_io_op ops[MANY];
    static struct mr_io_stat stats[MANY];
    static uint64_t values[MANY];
    struct fixture f = {.options = {.entries = 4}};
    int done = 0;
    mr_heap_init(&f.heap, 0);
    struct mr_io *io = open_uring(&f);
    int64_t file = open_file(io, "many");
    for (int i = 0; i < MANY; i++) {
        values[i] = (uint64_t)i * 7919;
        mr_io_op_init(&ops[i], i % 3 == 0 ? MR_IO_STAT : MR_IO_WRITE);
        ops[i].file = (int32_t)file;
        ops[i].buf = &values[i];
        ops[i].bytes = 8;
        ops[i].off = (uint64_t)i * 8;
        ops[i].path = i % 3 == 0 ? root : NULL;
        ops[i].stat = &stats[i];
        ops[i].done = count_done;
        ops[i].ctx = &done;
        mr_io_submit(io, &ops[i]);
    }
    while (done < MANY) (void)mr_io_run(io, -1);
    for (int i = 0; i < MANY; i++) {
        uint64_t got = 0;
        if (i % 3 == 0) {
            assert_int_equal(stats[i].kind, MR_FILE_DIRECTORY);
            continue;
        }
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_READ);
        op.file = (int32_t)file;
        op.buf = &got;
        op.bytes = 8;
        op.off = (uint64_t)i * 8;
        assert_int_equal(mr_io_call(io, &op), 8);
        assert_int_equal(got, values[i]);
    }
    close_file(io, file);
    mr_io_close(io);
    assert_int_equal(f.heap.used_bytes, 0);
}

static void *wake_later(void *arg)
{
    struct mr_io *io = arg;
    (void)usleep(5000);
    mr_io_wake(io);
    return NULL;
}

static void test_wake(void **state)
{
    (void)state;
    struct fixture f = {0};
    pthread_t thread;
    mr_heap_init(&f.heap, 0);
    struct mr_io *io = open_uring(&f);
    for (int i = 0; i < 3; i++) {
        int64_t start = mr_io_mono_us(io);
        assert_int_equal(pthread_create(&thread, NULL, wake_later, io), 0);
        assert_int_equal(mr_io_run(io, -1), 0);
        assert_true(mr_io_mono_us(io) - start >= 4000);
        (void)pthread_join(thread, NULL);
    }
    mr_io_wake(io);
    assert_int_equal(mr_io_run(io, 0), 0);
    assert_int_equal(mr_io_run(io, -1), 0); /* the wake has waited for a sleep */
    mr_io_close(io);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct fixture f = {0};
        mr_heap_init(&f.heap, 0);
        mr_heap_fail_at(&f.heap, n);
        struct mr_io *io = open_uring(&f);
        if (io != NULL) {
            mr_io_close(io);
            assert_int_equal(f.heap.used_bytes, 0);
            break;
        }
        assert_int_equal(f.heap.used_bytes, 0);
        assert_true(n < 10);
    }
}

static int run_mode(const char *name, struct mr_uring_options options)
{
    struct fixture f = {.options = options};
    mr_heap_init(&f.heap, 0);
    struct io_suite_subject subject = {.name = name, .open = open_uring, .ctx = &f, .root = root};
    int failed = io_suite_run(&subject);
    return failed + (f.heap.used_bytes != 0);
}

static mr_status refused(void)
{
    struct mr_heap heap;
    struct mr_io *io = NULL;
    struct mr_err err;
    const struct mr_uring_options options = {.seed = 1};
    mr_heap_init(&heap, 0);
    mr_status status = mr_uring_open(&heap, &options, &io, &err);
    if (status == MR_OK) {
        mr_io_close(io);
    } else {
        fprintf(stderr, "%s\n", err.message);
    }
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registered),
        cmocka_unit_test(test_more_than_the_ring_holds),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_out_of_memory),
    };
    mr_status status = refused();
    if (status == MR_E_UNSUPPORTED) return 77;
    mr_tempdir_make(root);
    int failed = status != MR_OK;
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    failed += run_mode("uring", (struct mr_uring_options){.seed = 7});
    failed += run_mode("plain", (struct mr_uring_options){.is_plain = true});
    struct mr_heap heap;
    struct mr_crew *crew = NULL;
    mr_heap_init(&heap, 0);
    failed += mr_crew_open(&heap, 2, &crew, NULL) != MR_OK;
    failed += run_mode("crew", (struct mr_uring_options){.crew = crew, .entries = 2});
    mr_crew_close(crew);
    mr_tempdir_remove(root);
    return failed;
}

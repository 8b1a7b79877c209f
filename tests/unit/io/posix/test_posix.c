/* Shown: the POSIX driver keeps every promise of the seam, in direct mode, with one helper thread,
 * with several shared by two drivers and with those for syncs only; a failed fsync poisons its file
 * and its directory; news in a watch file end one sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "io/posix/poison.h"
#include "io/posix/posix_io.h"
#include "tests/support/io_suite.h"
#include "tests/support/tempdir.h"

struct fixture {
    struct mr_heap heap;
    struct mr_posix_options options;
    struct mr_crew *sync_crew; /* null: none */
};

static struct mr_io *open_posix(void *ctx)
{
    struct fixture *f = ctx;
    struct mr_io *io = NULL;
    if (mr_posix_open(&f->heap, &f->options, &io, NULL) != MR_OK) return NULL;
    if (f->sync_crew != NULL) mr_posix_lend_syncs(io, f->sync_crew);
    return io;
}

static void test_poison(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_poison poison;
    struct mr_io_op opened, op;
    mr_heap_init(&heap, 0);
    mr_poison_init(&poison, &heap);
    mr_io_op_init(&opened, MR_IO_OPEN);
    opened.result = 2000;
    mr_heap_fail_at(&heap, 1);
    assert_false(mr_poison_learn(&poison, &opened));
    assert_true(mr_poison_learn(&poison, &opened));
    mr_io_op_init(&op, MR_IO_SYNC);
    op.file = 2000;
    assert_false(mr_poison_refuses(&poison, &op));
    op.result = -5;
    assert_true(mr_poison_learn(&poison, &op));
    assert_true(mr_poison_refuses(&poison, &op));
    op.kind = MR_IO_READ;
    assert_false(mr_poison_refuses(&poison, &op));
    op.kind = MR_IO_WRITE;
    assert_true(mr_poison_refuses(&poison, &op));
    op.file = 1999;
    assert_false(mr_poison_refuses(&poison, &op));
    op.file = 2000;
    op.kind = MR_IO_CLOSE;
    assert_false(mr_poison_refuses(&poison, &op));
    op.kind = MR_IO_SYNC;
    assert_false(mr_poison_refuses(&poison, &op));
    mr_io_op_init(&op, MR_IO_SYNC_DIR);
    op.path = "a";
    op.result = -ENOENT;
    assert_true(mr_poison_learn(&poison, &op));
    assert_false(mr_poison_refuses(&poison, &op));
    op.result = -5;
    assert_true(mr_poison_learn(&poison, &op));
    assert_true(mr_poison_refuses(&poison, &op));
    op.path = "b";
    assert_false(mr_poison_refuses(&poison, &op));
    op.path = "a";
    for (int i = 0; i < MR_POISON_DIRS_MAX; i++) assert_true(mr_poison_learn(&poison, &op));
    op.path = "b";
    assert_true(mr_poison_refuses(&poison, &op));
    mr_poison_fini(&poison);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct mr_heap heap;
    struct mr_io *io = NULL;
    const struct mr_posix_options options = {.helpers = 1};
    for (uint64_t n = 1;; n++) {
        struct mr_err err;
        mr_heap_init(&heap, 0);
        mr_heap_fail_at(&heap, n);
        mr_status status = mr_posix_open(&heap, &options, &io, &err);
        if (status == MR_OK) break;
        assert_int_equal(status, MR_E_NOMEM);
        assert_int_equal(heap.used_bytes, 0);
        assert_true(n < 10);
    }
    mr_io_close(io);
    assert_int_equal(heap.used_bytes, 0);
}

static void make_file(const char *root, const char *name)
{
    char path[MR_TEMPDIR_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static int64_t read_watch(struct mr_io *io, int32_t file)
{
    char buf[4096];
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_READ);
    op.file = file;
    op.buf = buf;
    op.bytes = sizeof buf;
    return mr_io_call(io, &op);
}

/* How long one sleep of at most `wait_us` takes. */
static int64_t slept_us(struct mr_io *io, int64_t wait_us)
{
    int64_t began_us = mr_io_mono_us(io);
    assert_int_equal(mr_io_run(io, wait_us), 0);
    return mr_io_mono_us(io) - began_us;
}

static void test_watch_ends_sleep(void **state)
{
    (void)state;
    enum { LONG_US = 60000000, SHORT_US = 20000 };
    const struct mr_posix_options options = {.seed = 7};
    char root[MR_TEMPDIR_MAX];
    struct mr_heap heap;
    struct mr_io *io = NULL;
    struct mr_io_op op;
    mr_heap_init(&heap, 0);
    mr_tempdir_make(root);
    assert_int_equal(mr_posix_open(&heap, &options, &io, NULL), MR_OK);
    mr_io_op_init(&op, MR_IO_WATCH);
    op.path = root;
    int32_t file = (int32_t)mr_io_call(io, &op);
    assert_true(file >= 0);
    make_file(root, "a");
    assert_true(slept_us(io, LONG_US) < LONG_US);
    /* The news is still there, and keeps nobody awake. */
    assert_true(slept_us(io, SHORT_US) >= SHORT_US);
    assert_true(read_watch(io, file) > 0);
    assert_int_equal(read_watch(io, file), -EAGAIN);
    assert_true(slept_us(io, SHORT_US) >= SHORT_US);
    make_file(root, "b");
    assert_true(slept_us(io, LONG_US) < LONG_US);
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = file;
    assert_int_equal(mr_io_call(io, &op), 0);
    make_file(root, "c");
    assert_true(slept_us(io, SHORT_US) >= SHORT_US);
    mr_io_close(io);
    mr_tempdir_remove(root);
    assert_int_equal(heap.used_bytes, 0);
}

static int run_mode(const char *name, const char *root, struct mr_crew *crew,
                    struct mr_crew *sync_crew, uint32_t helpers)
{
    struct fixture f = {.options = {.crew = crew, .helpers = helpers, .seed = 7},
                        .sync_crew = sync_crew};
    mr_heap_init(&f.heap, 0);
    struct io_suite_subject subject = {.name = name, .open = open_posix, .ctx = &f, .root = root};
    int failed = io_suite_run(&subject);
    return failed + (f.heap.used_bytes != 0);
}

int main(void)
{
    char root[MR_TEMPDIR_MAX];
    struct mr_heap heap;
    struct mr_crew *crew = NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_watch_ends_sleep),
    };
    mr_heap_init(&heap, 0);
    mr_tempdir_make(root);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += run_mode("direct", root, NULL, NULL, 0);
    failed += run_mode("one-helper", root, NULL, NULL, 1);
    failed += mr_crew_open(&heap, 3, &crew, NULL) != MR_OK;
    failed += run_mode("shared-crew", root, crew, NULL, 0);
    failed += run_mode("syncs-apart", root, NULL, crew, 0);
    mr_crew_close(crew);
    mr_tempdir_remove(root);
    return failed;
}

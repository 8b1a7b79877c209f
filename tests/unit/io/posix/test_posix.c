/* Shown: the POSIX driver keeps every promise of the seam, in direct mode, with one helper thread
 * and with several shared by two drivers; a failed fsync poisons its file and its directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "io/posix/poison.h"
#include "io/posix/posix_io.h"
#include "tests/support/io_suite.h"
#include "tests/support/tempdir.h"

struct fixture {
    struct mr_heap heap;
    struct mr_posix_options options;
};

static struct mr_io *open_posix(void *ctx)
{
    struct fixture *f = ctx;
    struct mr_io *io = NULL;
    if (mr_posix_open(&f->heap, &f->options, &io, NULL) != MR_OK) return NULL;
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
    op.result = -5;
    assert_false(mr_poison_refuses(&poison, &op));
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

static int run_mode(const char *name, const char *root, struct mr_crew *crew, uint32_t helpers)
{
    struct fixture f = {.options = {.crew = crew, .helpers = helpers, .seed = 7}};
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
    };
    mr_heap_init(&heap, 0);
    mr_tempdir_make(root);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += run_mode("direct", root, NULL, 0);
    failed += run_mode("one-helper", root, NULL, 1);
    failed += mr_crew_open(&heap, 3, &crew, NULL) != MR_OK;
    failed += run_mode("shared-crew", root, crew, 0);
    mr_crew_close(crew);
    mr_tempdir_remove(root);
    return failed;
}

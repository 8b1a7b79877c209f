#include "tests/support/io_suite.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/inotify.h>

#include "core/mem/arena.h"
#include "core/port/files.h"

/* cmocka hands one pointer around: the subject, its open driver and a directory per test. */
struct bench {
    const struct io_suite_subject *subject;
    struct mr_io *io;
    char dir[512];
    int number;
};

static const char *under(const struct bench *b, const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", b->dir, name);
    return path;
}

static int64_t paths_op(const struct bench *b, mr_io_kind kind, const char *a, const char *c)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.path = under(b, a);
    if (c != NULL) op.path2 = under(b, c);
    return mr_io_call(b->io, &op);
}

static int64_t open_op(const struct bench *b, const char *name, uint32_t flags)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = under(b, name);
    op.flags = flags;
    return mr_io_call(b->io, &op);
}

static int64_t file_op(const struct bench *b, mr_io_kind kind, int64_t file, void *buf,
                       uint32_t bytes, uint64_t off)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.file = (int32_t)file;
    op.buf = buf;
    op.bytes = bytes;
    op.off = off;
    return mr_io_call(b->io, &op);
}

static int64_t stat_op(const struct bench *b, const char *name, struct mr_io_stat *out)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_STAT);
    op.path = under(b, name);
    op.stat = out;
    return mr_io_call(b->io, &op);
}

static int64_t make_file(const struct bench *b, const char *name, const char *content)
{
    int64_t file = open_op(b, name, MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_EXCLUSIVE);
    if (file < 0) return file;
    size_t bytes = strlen(content);
    char *copy = strdup(content);
    assert_int_equal(file_op(b, MR_IO_WRITE, file, copy, (uint32_t)bytes, 0), bytes);
    free(copy);
    return file_op(b, MR_IO_CLOSE, file, NULL, 0, 0);
}

enum { NEW = MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_EXCLUSIVE };

static void test_read_write(void **state)
{
    struct bench *b = *state;
    char got[64];
    int64_t file = open_op(b, "f", NEW | MR_OPEN_READ);
    assert_true(file >= 0);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 10, 0), 0);
    assert_int_equal(file_op(b, MR_IO_WRITE, file, (char[]){"0123456789"}, 10, 5), 10);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 64, 0), 15);
    assert_memory_equal(got,
                        "\0\0\0\0\0"
                        "0123456789",
                        15);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 3, 7), 3);
    assert_memory_equal(got, "234", 3);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 3, 15), 0);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 3, 1000), 0);
    assert_int_equal(file_op(b, MR_IO_SYNC, file, NULL, 0, 0), 0);
    assert_int_equal(file_op(b, MR_IO_TRUNCATE, file, NULL, 0, 7), 0);
    assert_int_equal(file_op(b, MR_IO_TRUNCATE, file, NULL, 0, 9), 0);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 64, 4), 5);
    assert_memory_equal(got,
                        "\0"
                        "01"
                        "\0\0",
                        5);
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 1, 0), -EBADF);
}

static void test_open_flags(void **state)
{
    struct bench *b = *state;
    char got[8];
    assert_int_equal(open_op(b, "absent", MR_OPEN_READ), -ENOENT);
    assert_int_equal(open_op(b, "absent/f", NEW), -ENOENT);
    assert_int_equal(make_file(b, "f", "abc"), 0);
    assert_int_equal(open_op(b, "f", NEW), -EEXIST);
    assert_int_equal(open_op(b, "f/g", NEW), -ENOTDIR);
    int64_t file = open_op(b, "f", MR_OPEN_READ);
    assert_int_equal(file_op(b, MR_IO_WRITE, file, got, 1, 0), -EBADF);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 8, 0), 3);
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    file = open_op(b, "f", MR_OPEN_WRITE | MR_OPEN_CREATE);
    assert_int_equal(file_op(b, MR_IO_READ, file, got, 1, 0), -EBADF);
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    struct mr_io_stat stat;
    assert_int_equal(stat_op(b, "f", &stat), 0);
    assert_int_equal(stat.bytes, 3);
    file = open_op(b, "f", MR_OPEN_WRITE | MR_OPEN_TRUNCATE);
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    assert_int_equal(stat_op(b, "f", &stat), 0);
    assert_int_equal(stat.bytes, 0);
}

static void test_direct(void **state)
{
    struct bench *b = *state;
    char *buf = aligned_alloc(4096, 8192);
    memset(buf, 'x', 8192);
    int64_t file = open_op(b, "f", NEW | MR_OPEN_READ | MR_OPEN_DIRECT);
    assert_true(file >= 0);
    assert_int_equal(file_op(b, MR_IO_WRITE, file, buf, 8192, 0), 8192);
    memset(buf, 0, 8192);
    assert_int_equal(file_op(b, MR_IO_READ, file, buf, 4096, 4096), 4096);
    assert_int_equal(buf[4095], 'x');
    assert_int_equal(buf[4096], 0);
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    assert_int_equal(open_op(b, "f", NEW | MR_OPEN_DIRECT), -EEXIST);
    free(buf);
}

static void test_names(void **state)
{
    struct bench *b = *state;
    struct mr_io_stat stat, same;
    assert_int_equal(make_file(b, "a", "one"), 0);
    assert_int_equal(make_file(b, "b", "three"), 0);
    assert_int_equal(paths_op(b, MR_IO_LINK, "a", "b"), -EEXIST);
    assert_int_equal(paths_op(b, MR_IO_LINK, "none", "c"), -ENOENT);
    assert_int_equal(paths_op(b, MR_IO_LINK, "a", "c"), 0);
    assert_int_equal(stat_op(b, "a", &stat), 0);
    assert_int_equal(stat_op(b, "c", &same), 0);
    assert_int_equal(stat.inode, same.inode);
    assert_int_equal(paths_op(b, MR_IO_RENAME_NEW, "a", "b"), -EEXIST);
    assert_int_equal(paths_op(b, MR_IO_RENAME_NEW, "a", "d"), 0);
    assert_int_equal(stat_op(b, "a", &stat), -ENOENT);
    assert_int_equal(paths_op(b, MR_IO_RENAME, "d", "b"), 0);
    assert_int_equal(stat_op(b, "b", &stat), 0);
    assert_int_equal(stat.bytes, 3);
    assert_int_equal(stat.kind, MR_FILE_REGULAR);
    assert_int_equal(paths_op(b, MR_IO_RENAME, "d", "e"), -ENOENT);
    assert_int_equal(paths_op(b, MR_IO_UNLINK, "b", NULL), 0);
    assert_int_equal(paths_op(b, MR_IO_UNLINK, "b", NULL), -ENOENT);
    assert_int_equal(stat_op(b, "c", &stat), 0);
    assert_int_equal(stat.bytes, 3);
}

static void test_directories(void **state)
{
    struct bench *b = *state;
    struct mr_io_stat stat;
    assert_int_equal(paths_op(b, MR_IO_MKDIR, "d", NULL), 0);
    assert_int_equal(paths_op(b, MR_IO_MKDIR, "d", NULL), -EEXIST);
    assert_int_equal(paths_op(b, MR_IO_MKDIR, "x/y", NULL), -ENOENT);
    assert_int_equal(make_file(b, "d/f", "1"), 0);
    assert_int_equal(paths_op(b, MR_IO_SYNC_DIR, "d", NULL), 0);
    assert_int_equal(paths_op(b, MR_IO_SYNC_DIR, "none", NULL), -ENOENT);
    assert_int_equal(paths_op(b, MR_IO_SYNC_DIR, "d/f", NULL), -ENOTDIR);
    assert_int_equal(stat_op(b, "d", &stat), 0);
    assert_int_equal(stat.kind, MR_FILE_DIRECTORY);
    assert_int_equal(paths_op(b, MR_IO_RMDIR, "d", NULL), -ENOTEMPTY);
    assert_int_equal(paths_op(b, MR_IO_UNLINK, "d", NULL), -EISDIR);
    assert_int_equal(paths_op(b, MR_IO_UNLINK, "d/f", NULL), 0);
    assert_int_equal(paths_op(b, MR_IO_RMDIR, "d/f", NULL), -ENOENT);
    assert_int_equal(paths_op(b, MR_IO_RMDIR, "d", NULL), 0);
    assert_int_equal(stat_op(b, "d", &stat), -ENOENT);
    assert_int_equal(make_file(b, "f", "1"), 0);
    assert_int_equal(paths_op(b, MR_IO_RMDIR, "f", NULL), -ENOTDIR);
}

static int stop_listing(void *ctx, const char *name, const struct mr_io_stat *stat)
{
    (void)name;
    (void)stat;
    return --*(int *)ctx == 0 ? -ENOSPC : 0;
}

static void test_list(void **state)
{
    struct bench *b = *state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_dir_list list;
    char name[32], dir[512];
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    assert_int_equal(paths_op(b, MR_IO_MKDIR, "d", NULL), 0);
    assert_int_equal(paths_op(b, MR_IO_MKDIR, "d/sub", NULL), 0);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof name, "d/f%03d", i);
        assert_int_equal(make_file(b, name, i % 2 == 0 ? "" : "xyz"), 0);
    }
    (void)snprintf(dir, sizeof dir, "%s", under(b, "d"));
    assert_int_equal(mr_dir_list(b->io, &arena, dir, true, &list, NULL), MR_OK);
    assert_int_equal(list.count, 301);
    assert_string_equal(list.entries[0].name.text, "f000");
    assert_string_equal(list.entries[299].name.text, "f299");
    assert_int_equal(list.entries[299].stat.bytes, 3);
    assert_int_equal(list.entries[300].stat.kind, MR_FILE_DIRECTORY);
    assert_int_equal(mr_dir_list(b->io, &arena, under(b, "none"), true, &list, NULL),
                     MR_E_NOT_FOUND);
    int left = 17;
    struct mr_io_list stopping = {.entry = stop_listing, .ctx = &left};
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_LIST);
    op.path = dir;
    op.list = &stopping;
    assert_int_equal(mr_io_call(b->io, &op), -ENOSPC);
    assert_int_equal(left, 0);
    mr_arena_fini(&arena);
}

static void test_lock(void **state)
{
    struct bench *b = *state;
    assert_int_equal(make_file(b, "lock", ""), 0);
    int64_t first = open_op(b, "lock", MR_OPEN_READ | MR_OPEN_WRITE);
    int64_t second = open_op(b, "lock", MR_OPEN_READ | MR_OPEN_WRITE);
    assert_int_equal(file_op(b, MR_IO_LOCK, first, NULL, 0, 0), 0);
    assert_int_equal(file_op(b, MR_IO_LOCK, second, NULL, 0, 0), -EWOULDBLOCK);
    assert_int_equal(file_op(b, MR_IO_LOCK, first, NULL, 0, 0), 0);
    assert_int_equal(file_op(b, MR_IO_CLOSE, first, NULL, 0, 0), 0);
    assert_int_equal(file_op(b, MR_IO_LOCK, second, NULL, 0, 0), 0);
    assert_int_equal(file_op(b, MR_IO_CLOSE, second, NULL, 0, 0), 0);
}

static void test_watch(void **state)
{
    struct bench *b = *state;
    struct mr_io_op op;
    char buf[4096];
    mr_io_op_init(&op, MR_IO_WATCH);
    op.path = under(b, ".");
    int64_t file = mr_io_call(b->io, &op);
    if (b->subject->has_no_watch) {
        assert_int_equal(file, -ENOSYS);
        return;
    }
    assert_true(file >= 0);
    uint64_t number = op.off;
    assert_int_equal(paths_op(b, MR_IO_MKDIR, "sub", NULL), 0);
    mr_io_op_init(&op, MR_IO_WATCH);
    op.path = under(b, "sub");
    op.file = (int32_t)file;
    assert_int_equal(mr_io_call(b->io, &op), file);
    assert_true(op.off != number);
    assert_true(file_op(b, MR_IO_READ, file, buf, sizeof buf, 0) > 0);
    assert_int_equal(file_op(b, MR_IO_READ, file, buf, sizeof buf, 0), -EAGAIN);
    assert_int_equal(make_file(b, "f", "x"), 0);
    int64_t bytes = file_op(b, MR_IO_READ, file, buf, sizeof buf, 0);
    const struct inotify_event *event = (const void *)buf;
    assert_true(bytes >= (int64_t)sizeof *event);
    assert_int_equal(event->wd, number);
    assert_string_equal(event->name, "f");
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
}

struct tally {
    int order[8];
    int count;
};

struct timed {
    struct mr_io_op op;
    struct tally *tally;
    int number;
};

static void timer_done(struct mr_io_op *op, void *ctx)
{
    struct timed *timed = (struct timed *)op;
    (void)ctx;
    timed->tally->order[timed->tally->count++] = timed->number;
}

static void test_timers(void **state)
{
    struct bench *b = *state;
    struct tally tally = {0};
    const uint64_t delays[4] = {30000, 10000, UINT64_MAX, 20000};
    struct timed timers[4];
    int64_t start = mr_io_mono_us(b->io);
    for (int i = 0; i < 4; i++) {
        mr_io_op_init(&timers[i].op, MR_IO_TIMER);
        timers[i].tally = &tally;
        timers[i].number = i;
        timers[i].op.off = delays[i];
        timers[i].op.done = timer_done;
        mr_io_submit(b->io, &timers[i].op);
    }
    assert_int_equal(tally.count, 0);
    while (tally.count < 3) (void)mr_io_run(b->io, -1);
    int64_t took = mr_io_mono_us(b->io) - start;
    assert_true(took >= 30000);
    mr_io_cancel(b->io, &timers[2].op);
    while (tally.count < 4) (void)mr_io_run(b->io, -1);
    assert_int_equal(timers[2].op.result, -ECANCELED);
    assert_int_equal(timers[0].op.result, 0);
    const int expected[4] = {1, 3, 0, 2};
    assert_memory_equal(tally.order, expected, sizeof expected);
    int64_t before = mr_io_mono_us(b->io);
    assert_int_equal(mr_io_run(b->io, 5000), 0);
    assert_true(mr_io_mono_us(b->io) - before >= 5000);
    mr_io_wake(b->io);
    assert_int_equal(mr_io_run(b->io, -1), 0);
}

enum { MANY = 200 };

static void count_done(struct mr_io_op *op, void *ctx)
{
    (void)op;
    ++*(int *)ctx;
}

/* Many operations at once: each completes exactly once, the content is all there. */
static void test_many(void **state)
{
    struct bench *b = *state;
    static struct mr_io_op ops[MANY];
    static char bytes[MANY][100];
    int done = 0;
    int64_t file = open_op(b, "many", NEW | MR_OPEN_READ);
    for (int i = 0; i < MANY; i++) {
        memset(bytes[i], i, sizeof bytes[i]);
        mr_io_op_init(&ops[i], MR_IO_WRITE);
        ops[i].file = (int32_t)file;
        ops[i].buf = bytes[i];
        ops[i].bytes = sizeof bytes[i];
        ops[i].off = (uint64_t)i * sizeof bytes[i];
        ops[i].done = count_done;
        ops[i].ctx = &done;
        mr_io_submit(b->io, &ops[i]);
    }
    while (done < MANY) (void)mr_io_run(b->io, -1);
    for (int i = 0; i < MANY; i++) assert_int_equal(ops[i].result, sizeof bytes[i]);
    char *all = malloc(sizeof bytes);
    assert_int_equal(file_op(b, MR_IO_READ, file, all, sizeof bytes, 0), sizeof bytes);
    assert_memory_equal(all, bytes, sizeof bytes);
    free(all);
    assert_int_equal(file_op(b, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    assert_int_equal(done, MANY);
}

static void test_nop_and_random(void **state)
{
    struct bench *b = *state;
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_NOP);
    assert_int_equal(mr_io_call(b->io, &op), 0);
    assert_true(mr_io_random(b->io) != mr_io_random(b->io));
    int64_t last = mr_io_mono_us(b->io);
    for (int i = 0; i < 1000; i++) {
        int64_t now = mr_io_mono_us(b->io);
        assert_true(now >= last);
        last = now;
    }
    assert_true(mr_io_now_us(b->io) > INT64_C(1500000000000000));
}

static void test_whole_files(void **state)
{
    struct bench *b = *state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_span got;
    char path[600], deep[600];
    bool exists = false;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    (void)snprintf(deep, sizeof deep, "%s/p/q/r", b->dir);
    (void)snprintf(path, sizeof path, "%s/file", b->dir);
    assert_int_equal(mr_dir_make(b->io, deep, NULL), MR_OK);
    assert_int_equal(mr_dir_make(b->io, deep, NULL), MR_OK);
    assert_int_equal(mr_file_put_new(b->io, path, MR_SPAN("first"), NULL), MR_OK);
    assert_int_equal(mr_file_put_new(b->io, path, MR_SPAN("second"), NULL), MR_E_EXISTS);
    assert_int_equal(mr_file_read(b->io, &arena, path, 100, &got, NULL), MR_OK);
    assert_true(mr_span_is(got, "first"));
    assert_int_equal(mr_file_replace(b->io, path, MR_SPAN("third"), NULL), MR_OK);
    assert_int_equal(mr_file_read(b->io, &arena, path, 100, &got, NULL), MR_OK);
    assert_true(mr_span_is(got, "third"));
    assert_int_equal(mr_file_read(b->io, &arena, path, 4, &got, NULL), MR_E_LIMIT);
    struct mr_dir_list list;
    assert_int_equal(mr_dir_list(b->io, &arena, b->dir, false, &list, NULL), MR_OK);
    assert_int_equal(list.count, 2); /* no temporary name is left */
    assert_int_equal(mr_file_remove(b->io, path, NULL), MR_OK);
    assert_int_equal(mr_file_remove(b->io, path, NULL), MR_OK);
    assert_int_equal(mr_file_exists(b->io, path, &exists, NULL), MR_OK);
    assert_false(exists);
    mr_arena_fini(&arena);
}

/* Two files put together: their names come in the order of the steps, nothing temporary stays, and
 * one that is dropped was never there. */
static void test_put_steps(void **state)
{
    struct bench *b = *state;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_dir_list list;
    struct mr_file_put puts[3] = {0};
    struct mr_err err;
    char paths[3][600];
    bool exists = true;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%d", b->dir, i);
        assert_int_equal(mr_file_put_begin(&puts[i], b->io, paths[i], MR_SPAN("x"), &err), MR_OK);
    }
    assert_int_equal(mr_file_put_name(&puts[0], &err), MR_OK);
    assert_int_equal(mr_file_exists(b->io, paths[1], &exists, &err), MR_OK);
    assert_false(exists);
    assert_int_equal(mr_file_put_end(&puts[1], &err), MR_OK);
    assert_int_equal(mr_file_put_end(&puts[0], &err), MR_OK);
    assert_int_equal(mr_file_put_end(&puts[0], &err), MR_OK);
    mr_file_put_drop(&puts[2]);
    mr_file_put_drop(&puts[2]);
    assert_int_equal(mr_dir_list(b->io, &arena, b->dir, false, &list, NULL), MR_OK);
    assert_int_equal(list.count, 2);
    assert_true(mr_span_is(list.entries[0].name, "0") && mr_span_is(list.entries[1].name, "1"));
    /* A name that is taken is said at the end, and a drop takes none back. */
    assert_int_equal(mr_file_put_begin(&puts[2], b->io, paths[0], MR_SPAN("y"), &err), MR_OK);
    assert_int_equal(mr_file_put_name(&puts[2], &err), MR_OK);
    assert_true(puts[2].existed);
    assert_int_equal(mr_file_put_end(&puts[2], &err), MR_E_EXISTS);
    assert_int_equal(mr_file_put_begin(&puts[2], b->io, paths[2], MR_SPAN("y"), &err), MR_OK);
    assert_int_equal(mr_file_put_name(&puts[2], &err), MR_OK);
    mr_file_put_drop(&puts[2]);
    for (int i = 0; i < 3; i++) assert_int_equal(mr_file_remove(b->io, paths[i], NULL), MR_OK);
    mr_arena_fini(&arena);
}

static int set_up(void **state)
{
    struct bench *b = *state;
    struct mr_io_op op;
    b->io = b->subject->open(b->subject->ctx);
    if (b->io == NULL) return -1;
    (void)snprintf(b->dir, sizeof b->dir, "%s/%s-%d", b->subject->root, b->subject->name,
                   b->number++);
    mr_io_op_init(&op, MR_IO_MKDIR);
    op.path = b->dir;
    return mr_io_call(b->io, &op) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    mr_io_close(b->io);
    return 0;
}

#define ONE(test)                                                                                  \
    {                                                                                              \
#test, test, set_up, tear_down, &bench                                                     \
    }

int io_suite_run(const struct io_suite_subject *subject)
{
    struct bench bench = {.subject = subject};
    const struct CMUnitTest tests[] = {
        ONE(test_read_write), ONE(test_open_flags),     ONE(test_direct),
        ONE(test_names),      ONE(test_directories),    ONE(test_list),
        ONE(test_lock),       ONE(test_watch),          ONE(test_timers),
        ONE(test_many),       ONE(test_nop_and_random), ONE(test_whole_files),
        ONE(test_put_steps),
    };
    return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}

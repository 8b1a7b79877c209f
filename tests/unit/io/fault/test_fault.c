/* Shown: a fault plan's text means what fault.h says and bad ones are refused with a column; each
 * action does to an operation what it names, for control and shards sharing a plan; a failed sync
 * poisons; death is SIGKILL or, simulated, leaves no file or lock behind; the filter without rules,
 * and one that only delays, keep every promise of the seam over the POSIX and the simulated driver;
 * whole files (core/port/files) are there or not, with every operation failing in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/checked.h"
#include "core/mem/arena.h"
#include "core/port/files.h"
#include "io/fault/fault.h"
#include "io/posix/posix_io.h"
#include "tests/support/io_suite.h"
#include "tests/support/sim.h"
#include "tests/support/tempdir.h"

struct bench {
    struct mr_heap heap;
    struct mr_fault fault;
    struct mr_io *io;
    char dir[MR_TEMPDIR_MAX];
    char path[MR_TEMPDIR_MAX + 32];
    int deaths;
    uint64_t seed;
};

static void count_death(void *ctx)
{
    ((struct bench *)ctx)->deaths++;
}

static void open_io(struct bench *b, const char *rules)
{
    /* A seed of its own each time: a dead process may leave its temporary names behind. */
    const struct mr_posix_options options = {.seed = ++b->seed};
    struct mr_io *inner;
    mr_fault_init(&b->fault);
    b->fault.kill = count_death;
    b->fault.ctx = b;
    if (rules != NULL) {
        assert_int_equal(mr_fault_parse(&b->fault, mr_span_of(rules), NULL), MR_OK);
    }
    assert_int_equal(mr_posix_open(&b->heap, &options, &inner, NULL), MR_OK);
    assert_int_equal(mr_fault_open(&b->heap, &b->fault, inner, &b->io, NULL), MR_OK);
}

static int set_up(void **state)
{
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    mr_heap_init(&bench.heap, 0);
    mr_tempdir_make(bench.dir);
    (void)snprintf(bench.path, sizeof bench.path, "%s/file", bench.dir);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    mr_tempdir_remove(b->dir);
    return b->heap.used_bytes == 0 ? 0 : -1;
}

static int64_t open_file(struct bench *b)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = b->path;
    op.flags = MR_OPEN_READ | MR_OPEN_WRITE | MR_OPEN_CREATE;
    return mr_io_call(b->io, &op);
}

static int64_t on_file(struct bench *b, mr_io_kind kind, int64_t file, const char *bytes)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.file = (int32_t)file;
    op.buf = (void *)(uintptr_t)bytes;
    op.bytes = bytes == NULL ? 0 : (uint32_t)strlen(bytes);
    uint32_t asked = op.bytes;
    int64_t result = mr_io_call(b->io, &op);
    assert_int_equal(op.bytes, asked);
    return result;
}

static void test_parse(void **state)
{
    struct bench *b = *state;
    struct mr_fault *f = &b->fault;
    struct mr_err err;
    mr_fault_init(f);
    assert_int_equal(
        mr_fault_parse(f, MR_SPAN("write|sync@*.parquet#7+=ENOSPC;any#3=kill-after"), NULL), MR_OK);
    assert_int_equal(mr_fault_parse(f, MR_SPAN("link=lost:EIO"), NULL), MR_OK);
    assert_int_equal(f->rule_count, 3);
    assert_int_equal(f->rules[0].kinds, 1u << MR_IO_WRITE | 1u << MR_IO_SYNC);
    assert_string_equal(f->rules[0].glob, "*.parquet");
    assert_int_equal(f->rules[0].first, 7);
    assert_true(f->rules[0].persists);
    assert_int_equal(f->rules[0].os_error, ENOSPC);
    assert_int_equal(f->rules[1].action, MR_FAULT_KILL_AFTER);
    assert_false(f->rules[1].persists);
    assert_int_equal(f->rules[2].action, MR_FAULT_LOST);
    const struct {
        const char *text;
        uint32_t column;
    } bad[] = {
        {"", 1},
        {"wrte=EIO", 1},
        {"write", 6},
        {"write=", 7},
        {"write#0=EIO", 7},
        {"write#x=EIO", 7},
        {"write=EFOO", 7},
        {"write=short", 12},
        {"write=EIO;", 11},
        {"timer=EIO", 1},
        {"write=lost:x", 12},
        {"write#99999999999999999999=EIO", 7},
        {"write=delay:5x", 14},
    };
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        assert_int_equal(mr_fault_parse(f, mr_span_of(bad[i].text), &err), MR_E_SYNTAX);
        assert_int_equal(err.column, bad[i].column);
        assert_int_equal(f->rule_count, 3);
    }
}

static void test_fail_once_and_on(void **state)
{
    struct bench *b = *state;
    open_io(b, "write#2=ENOSPC;write#4+=EDQUOT");
    int64_t file = open_file(b);
    const int64_t expected[] = {1, -ENOSPC, 1, -EDQUOT, -EDQUOT};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(on_file(b, MR_IO_WRITE, file, "x"), expected[i]);
    }
    assert_int_equal(b->fault.counts[MR_IO_WRITE], 5);
    assert_int_equal(b->fault.hits, 3);
    assert_int_equal(mr_fault_total(&b->fault), 6);
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    mr_io_close(b->io);
}

static void test_patterns(void **state)
{
    struct bench *b = *state;
    open_io(b, "read|stat@*/other=EIO;write@*/file=EIO");
    int64_t file = open_file(b);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "x"), -EIO);
    assert_int_equal(on_file(b, MR_IO_READ, file, "x"), 0);
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    memcpy(strrchr(b->path, '/'), "/other", 7);
    file = open_file(b);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "x"), 1);
    assert_int_equal(on_file(b, MR_IO_READ, file, "x"), -EIO);
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    mr_io_close(b->io);
}

static void test_short_and_delay(void **state)
{
    struct bench *b = *state;
    open_io(b, "write#1=short:3;write#2=delay:20000;sync=short:1;read=short:0");
    int64_t file = open_file(b);
    char got[] = "....";
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "abcdef"), 3);
    int64_t start = mr_io_mono_us(b->io);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "xyz"), 3);
    assert_true(mr_io_mono_us(b->io) - start >= 20000);
    assert_int_equal(on_file(b, MR_IO_SYNC, file, NULL), 0);
    assert_int_equal(on_file(b, MR_IO_READ, file, got), 1);
    assert_string_equal(got, "x...");
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    mr_io_close(b->io);
}

static void test_lost_answer(void **state)
{
    struct bench *b = *state;
    open_io(b, "open#1=lost:EIO");
    assert_int_equal(open_file(b), -EIO);
    assert_int_equal(access(b->path, F_OK), 0);
    mr_io_close(b->io); /* closes the file nobody knows of */
}

static void test_poison(void **state)
{
    struct bench *b = *state;
    struct mr_err err;
    open_io(b, "sync#1=EIO;sync_dir#1=EIO");
    int64_t file = open_file(b);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "x"), 1);
    assert_int_equal(on_file(b, MR_IO_SYNC, file, NULL), -EIO);
    assert_int_equal(on_file(b, MR_IO_SYNC, file, NULL), -EIO);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "x"), -EIO);
    assert_int_equal(b->fault.counts[MR_IO_SYNC], 1); /* asked for once only */
    assert_int_equal(b->fault.counts[MR_IO_WRITE], 1);
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    assert_int_equal(open_file(b), file); /* the same number, a fresh start */
    assert_int_equal(on_file(b, MR_IO_SYNC, file, NULL), 0);
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    assert_int_equal(mr_dir_sync(b->io, b->dir, &err), MR_E_IO);
    assert_int_equal(mr_dir_sync(b->io, b->dir, &err), MR_E_IO);
    assert_int_equal(b->fault.counts[MR_IO_SYNC_DIR], 1);
    mr_io_close(b->io);
}

static void test_simulated_death(void **state)
{
    struct bench *b = *state;
    char got[8] = "1234567";
    open_io(b, "write#2=torn:2");
    int64_t file = open_file(b);
    assert_int_equal(on_file(b, MR_IO_LOCK, file, NULL), 0);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "abc"), 3);
    assert_int_equal(on_file(b, MR_IO_WRITE, file, "xyz"), -EOWNERDEAD);
    assert_int_equal(b->deaths, 1);
    assert_int_equal(on_file(b, MR_IO_READ, file, got), -EOWNERDEAD);
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), -EOWNERDEAD);
    mr_io_close(b->io);
    open_io(b, NULL);
    file = open_file(b);
    assert_int_equal(on_file(b, MR_IO_LOCK, file, NULL), 0);
    assert_int_equal(on_file(b, MR_IO_READ, file, got), 3);
    assert_string_equal(got, "xyc4567");
    assert_int_equal(on_file(b, MR_IO_CLOSE, file, NULL), 0);
    mr_io_close(b->io);
}

static void test_real_death(void **state)
{
    struct bench *b = *state;
    const char *const rules[] = {"write#1=kill", "write#1=kill-after", "write#1=torn:1"};
    const char *const left[] = {"", "abc", "a"};
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            open_io(b, rules[i]);
            b->fault.kill = NULL;
            (void)on_file(b, MR_IO_WRITE, open_file(b), "abc");
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        open_io(b, NULL);
        char got[] = "\0\0\0";
        int64_t file = open_file(b);
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_READ);
        op.file = (int32_t)file;
        op.buf = got;
        op.bytes = 3;
        assert_int_equal(mr_io_call(b->io, &op), strlen(left[i]));
        assert_string_equal(got, left[i]);
        mr_io_close(b->io);
        assert_int_equal(unlink(b->path), 0);
    }
}

/* ---- whole files with every operation going wrong ---- */

static mr_status put(struct bench *b, bool replaces)
{
    return replaces ? mr_file_replace(b->io, b->path, MR_SPAN("content"), NULL)
                    : mr_file_put_new(b->io, b->path, MR_SPAN("content"), NULL);
}

static void check_content(struct bench *b, bool must_be_there)
{
    struct mr_arena arena;
    struct mr_span got;
    mr_arena_init(&arena, &b->heap, 0);
    open_io(b, NULL);
    mr_status status = mr_file_read(b->io, &arena, b->path, 100, &got, NULL);
    if (status == MR_OK) assert_true(mr_span_is(got, "content"));
    if (status != MR_OK) assert_int_equal(status, MR_E_NOT_FOUND);
    if (must_be_there) assert_int_equal(status, MR_OK);
    if (status == MR_OK) assert_int_equal(unlink(b->path), 0);
    mr_io_close(b->io);
    mr_arena_fini(&arena);
}

static void test_every_operation(void **state)
{
    struct bench *b = *state;
    static const char *const faults[] = {"EIO",      "ENOSPC",  "EDQUOT", "EINTR",      "EAGAIN",
                                         "lost:EIO", "short:1", "kill",   "kill-after", "torn:3"};
    for (int replaces = 0; replaces < 2; replaces++) {
        open_io(b, NULL);
        assert_int_equal(put(b, replaces), MR_OK);
        uint64_t sites = mr_fault_total(&b->fault);
        mr_io_close(b->io);
        check_content(b, true);
        assert_true(sites >= 6);
        for (uint64_t k = 1; k <= sites; k++) {
            for (size_t i = 0; i < MR_COUNT_OF(faults); i++) {
                for (int persists = 0; persists < 2; persists++) {
                    char rules[64];
                    (void)snprintf(rules, sizeof rules, "any#%d%s=%s", (int)k, persists ? "+" : "",
                                   faults[i]);
                    open_io(b, rules);
                    mr_status status = put(b, replaces);
                    assert_true(b->fault.hits >= 1);
                    mr_io_close(b->io);
                    check_content(b, status == MR_OK);
                }
            }
        }
    }
}

/* ---- the suite of the seam ---- */

struct stack {
    struct mr_heap heap;
    struct mr_fault fault;
    struct mr_simdisk *disk; /* null: over POSIX */
    struct mr_sim *sim;
    uint64_t seed;
};

static struct mr_io *open_stack(void *ctx)
{
    struct stack *s = ctx;
    struct mr_io *inner = NULL, *io = NULL;
    if (s->disk != NULL) {
        const struct mr_sim_options options = {.seed = ++s->seed};
        if (s->sim != NULL) mr_sim_close(s->sim);
        s->sim = mr_sim_open(s->disk, &options);
        inner = mr_sim_io(s->sim, "control");
    } else {
        const struct mr_posix_options options = {.seed = 1, .helpers = 1};
        if (mr_posix_open(&s->heap, &options, &inner, NULL) != MR_OK) return NULL;
    }
    return mr_fault_open(&s->heap, &s->fault, inner, &io, NULL) == MR_OK ? io : NULL;
}

static int run_stack(const char *name, const char *root, bool is_simulated, const char *rules)
{
    struct stack s = {.disk = is_simulated ? mr_simdisk_open() : NULL};
    mr_heap_init(&s.heap, 0);
    mr_fault_init(&s.fault);
    int failed = rules != NULL && mr_fault_parse(&s.fault, mr_span_of(rules), NULL) != MR_OK;
    struct io_suite_subject subject = {.name = name,
                                       .open = open_stack,
                                       .ctx = &s,
                                       .root = is_simulated ? "" : root,
                                       .has_no_watch = is_simulated};
    failed += io_suite_run(&subject);
    if (s.sim != NULL) mr_sim_close(s.sim);
    mr_simdisk_close(s.disk);
    return failed + (s.heap.used_bytes != 0);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    char root[MR_TEMPDIR_MAX];
    const struct CMUnitTest tests[] = {
        ONE(test_parse),           ONE(test_fail_once_and_on), ONE(test_patterns),
        ONE(test_short_and_delay), ONE(test_lost_answer),      ONE(test_poison),
        ONE(test_simulated_death), ONE(test_real_death),       ONE(test_every_operation),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mr_tempdir_make(root);
    failed += run_stack("over-posix", root, false, NULL);
    failed += run_stack("delayed", root, false, "any=delay:100");
    failed += run_stack("over-sim", root, true, NULL);
    failed += run_stack("delayed-sim", root, true, "any=delay:700");
    mr_tempdir_remove(root);
    return failed;
}

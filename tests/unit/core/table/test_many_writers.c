/* Shown: eight processes commit to one table at once, and versions follow one another, every file
 * is live once, and each stream's last epoch is there. The full figure (250 commits each, two of
 * the writers delta-rs) is tests/conformance/delta/test_multiwriter.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/table/table.h"
#include "io/posix/posix_io.h"
#include "tests/support/tempdir.h"

enum { WRITERS = 8, COMMITS = 40 };

static int commit_one(struct mr_table *table, int writer, int epoch, struct mr_err *err)
{
    char name[64], app[32];
    struct mr_table_committed done;
    (void)snprintf(name, sizeof name, "w%d-%d.parquet", writer, epoch);
    (void)snprintf(app, sizeof app, "writer-%d", writer);
    struct mr_table_add add = {.path = mr_span_of(name), .bytes = 1, .modified_ms = 1};
    struct mr_table_part part = {
        .app_id = mr_span_of(app), .version = epoch, .adds = &add, .add_count = 1};
    struct mr_table_commit commit = {.parts = &part,
                                     .part_count = 1,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    if (mr_table_commit(table, &commit, &done, err) != MR_OK || done.was_there) return 1;
    return mr_table_upkeep(table, err) == MR_OK ? 0 : 1;
}

static int write_all(const char *path, int writer)
{
    struct mr_heap heap;
    struct mr_io *io = NULL;
    struct mr_err err = {0};
    struct mr_table *table = NULL;
    struct mr_posix_options options = {.seed = (uint64_t)writer + 1};
    mr_heap_init(&heap, 0);
    int failed = mr_posix_open(&heap, &options, &io, &err) != MR_OK ||
                 mr_table_open(io, &heap, path, &table, &err) != MR_OK;
    for (int epoch = 0; epoch < COMMITS && !failed; epoch++) {
        failed = commit_one(table, writer, epoch, &err);
    }
    if (failed) fprintf(stderr, "writer %d: %s\n", writer, err.message);
    mr_table_close(table);
    mr_io_close(io);
    return failed || heap.used_bytes != 0;
}

static void create(const char *path)
{
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_io *io = NULL;
    struct mr_table *table = NULL;
    struct mr_posix_options options = {.seed = 99};
    struct mr_field fields[] = {
        {.name = MR_SPAN("id"), .type = mr_type_of(MR_TYPE_LONG), .is_nullable = true}};
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    struct mr_table_spec spec = {.schema = mr_type_struct(&arena, fields, 1),
                                 .engine = MR_SPAN("test")};
    assert_int_equal(mr_posix_open(&heap, &options, &io, NULL), MR_OK);
    assert_int_equal(mr_table_create(io, &heap, path, &spec, &table, NULL), MR_OK);
    mr_table_close(table);
    mr_io_close(io);
    mr_arena_fini(&arena);
}

static void verify(const char *path)
{
    struct mr_heap heap;
    struct mr_io *io = NULL;
    struct mr_table *table = NULL;
    struct mr_posix_options options = {.seed = 99};
    mr_heap_init(&heap, 0);
    assert_int_equal(mr_posix_open(&heap, &options, &io, NULL), MR_OK);
    assert_int_equal(mr_table_open(io, &heap, path, &table, NULL), MR_OK);
    assert_int_equal(mr_table_snapshot(table)->version, WRITERS * COMMITS);
    assert_int_equal(mr_table_snapshot(table)->file_count, WRITERS * COMMITS);
    for (int writer = 0; writer < WRITERS; writer++) {
        char app[32];
        (void)snprintf(app, sizeof app, "writer-%d", writer);
        assert_int_equal(mr_table_txn(table, mr_span_of(app)), COMMITS - 1);
    }
    mr_table_close(table);
    mr_io_close(io);
}

static void test_many(void **state)
{
    char folder[MR_TEMPDIR_MAX], path[MR_TEMPDIR_MAX + 8];
    pid_t children[WRITERS];
    (void)state;
    mr_tempdir_make(folder);
    (void)snprintf(path, sizeof path, "%s/table", folder);
    create(path);
    for (int writer = 0; writer < WRITERS; writer++) {
        children[writer] = fork();
        assert_true(children[writer] >= 0);
        if (children[writer] == 0) _exit(write_all(path, writer));
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        int status = -1;
        assert_int_equal(waitpid(children[writer], &status, 0), children[writer]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    verify(path);
    mr_tempdir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

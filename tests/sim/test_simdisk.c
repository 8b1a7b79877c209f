/* Shown: the simulated disk keeps every promise of the seam; a power cut loses nothing that was
 * synced and nothing else is certain; every state a cut leaves is one the changes can lead to; a
 * clone is equal and independent. Random histories of writes, names and syncs, 300 seeds, are held
 * against a model that knows for each byte and name the values it has had since the last sync. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/rng.h"
#include "core/port/files.h"
#include "tests/support/io_suite.h"
#include "tests/support/sim.h"

enum { OWNER = 1, SEEDS = 300, FILES = 4, FILE_BYTES = 3000, HISTORY = 40 };

static int64_t paths(struct mr_simdisk *disk, mr_io_kind kind, const char *a, const char *b)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.path = a;
    op.path2 = b;
    return mr_simdisk_perform(disk, OWNER, &op, 0);
}

static int64_t open_file(struct mr_simdisk *disk, const char *path)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = path;
    op.flags = MR_OPEN_READ | MR_OPEN_WRITE | MR_OPEN_CREATE;
    return mr_simdisk_perform(disk, OWNER, &op, 0);
}

static int64_t on_file(struct mr_simdisk *disk, mr_io_kind kind, int64_t file, const void *bytes,
                       size_t count, uint64_t off)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.file = (int32_t)file;
    op.buf = (void *)(uintptr_t)bytes;
    op.bytes = (uint32_t)count;
    op.off = off;
    return mr_simdisk_perform(disk, OWNER, &op, 0);
}

static void test_sync_rules(void **state)
{
    (void)state;
    struct mr_span got;
    for (int sync_file = 0; sync_file < 2; sync_file++) {
        for (int sync_dir = 0; sync_dir < 2; sync_dir++) {
            struct mr_simdisk *disk = mr_simdisk_open();
            int64_t file = open_file(disk, "/f");
            assert_int_equal(on_file(disk, MR_IO_WRITE, file, "hello", 5, 0), 5);
            if (sync_file) assert_int_equal(on_file(disk, MR_IO_SYNC, file, NULL, 0, 0), 0);
            if (sync_dir) assert_int_equal(paths(disk, MR_IO_SYNC_DIR, "/", NULL), 0);
            assert_int_equal(mr_simdisk_pending(disk), 2 - sync_file - sync_dir);
            mr_simdisk_cut(disk, MR_CUT_KEEP_NONE, 1);
            assert_int_equal(mr_simdisk_get(disk, "/f", &got), sync_dir);
            if (sync_dir) assert_int_equal(got.bytes, sync_file ? 5 : 0);
            assert_int_equal(on_file(disk, MR_IO_READ, file, NULL, 0, 0), -EBADF);
            mr_simdisk_close(disk);
        }
    }
}

static void test_rename_is_one_change(void **state)
{
    (void)state;
    struct mr_span got;
    for (uint64_t seed = 0; seed < 64; seed++) {
        struct mr_simdisk *disk = mr_simdisk_open();
        mr_simdisk_put(disk, "/d/a", MR_SPAN("new"));
        mr_simdisk_put(disk, "/e/b", MR_SPAN("old"));
        assert_int_equal(paths(disk, MR_IO_RENAME, "/d/a", "/e/b"), 0);
        mr_simdisk_cut(disk, (mr_cut)(seed % MR_CUT_COUNT), seed);
        bool has_a = mr_simdisk_get(disk, "/d/a", &got);
        assert_true(mr_simdisk_get(disk, "/e/b", &got));
        assert_true(mr_span_is(got, has_a ? "old" : "new"));
        mr_simdisk_close(disk);
    }
}

static void test_locks_and_death(void **state)
{
    (void)state;
    struct mr_simdisk *disk = mr_simdisk_open();
    struct mr_span got;
    int64_t file = open_file(disk, "/lock");
    assert_int_equal(on_file(disk, MR_IO_LOCK, file, NULL, 0, 0), 0);
    assert_int_equal(on_file(disk, MR_IO_WRITE, file, "x", 1, 0), 1);
    int64_t second = open_file(disk, "/lock");
    assert_int_equal(on_file(disk, MR_IO_LOCK, second, NULL, 0, 0), -EWOULDBLOCK);
    mr_simdisk_release(disk, OWNER);
    assert_int_equal(on_file(disk, MR_IO_LOCK, second, NULL, 0, 0), -EBADF);
    second = open_file(disk, "/lock");
    assert_int_equal(on_file(disk, MR_IO_LOCK, second, NULL, 0, 0), 0);
    assert_true(mr_simdisk_get(disk, "/lock", &got)); /* a kill loses nothing */
    assert_int_equal(got.bytes, 1);
    mr_simdisk_close(disk);
}

static void test_full(void **state)
{
    (void)state;
    struct mr_simdisk *disk = mr_simdisk_open();
    mr_simdisk_limit(disk, 8);
    int64_t file = open_file(disk, "/f");
    assert_int_equal(on_file(disk, MR_IO_WRITE, file, "0123456789", 10, 0), 8);
    assert_int_equal(on_file(disk, MR_IO_WRITE, file, "89", 2, 8), -ENOSPC);
    assert_int_equal(on_file(disk, MR_IO_WRITE, file, "xx", 2, 0), 2);
    assert_int_equal(open_file(disk, "/g"), -ENOSPC);
    assert_int_equal(paths(disk, MR_IO_UNLINK, "/f", NULL), 0);
    assert_int_equal(open_file(disk, "/g"), -ENOSPC); /* still open */
    assert_int_equal(on_file(disk, MR_IO_CLOSE, file, NULL, 0, 0), 0);
    assert_true(open_file(disk, "/g") >= 0);
    mr_simdisk_close(disk);
}

/* ---- random histories ---- */

/* What a file's bytes may be after a cut: for each byte, the values since the last sync. */
struct model {
    bool may[FILE_BYTES][256];
    uint8_t now[FILE_BYTES];
    bool may_exist[2]; /* [1]: with its name, [0]: without */
    bool exists;
};

static void model_write(struct model *m, uint64_t off, size_t bytes, uint8_t value)
{
    for (uint64_t i = off; i < off + bytes; i++) {
        m->may[i][value] = true;
        m->now[i] = value;
    }
}

static void model_sync(struct model *m)
{
    memset(m->may, 0, sizeof m->may);
    for (int i = 0; i < FILE_BYTES; i++) m->may[i][m->now[i]] = true;
}

static void check_model(struct mr_simdisk *disk, const struct model *m, const char *path)
{
    struct mr_span got;
    bool exists = mr_simdisk_get(disk, path, &got);
    assert_true(m->may_exist[exists]);
    if (!exists) return;
    for (size_t i = 0; i < FILE_BYTES; i++) {
        uint8_t byte = i < got.bytes ? (uint8_t)got.text[i] : 0;
        assert_true(m->may[i][byte]);
    }
}

static void random_history(uint64_t seed, struct model *models)
{
    struct mr_rng rng;
    struct mr_simdisk *disk = mr_simdisk_open();
    int64_t files[FILES];
    char path[FILES][16];
    memset(models, 0, FILES * sizeof *models);
    mr_rng_init(&rng, seed);
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(path[i], sizeof path[i], "/f%d", i);
        files[i] = open_file(disk, path[i]);
        model_sync(&models[i]);
        models[i].may_exist[0] = models[i].may_exist[1] = models[i].exists = true;
    }
    for (int n = 0; n < HISTORY; n++) {
        int i = (int)mr_rng_below(&rng, FILES);
        struct model *m = &models[i];
        uint8_t bytes[FILE_BYTES], value = (uint8_t)mr_rng_next(&rng);
        uint64_t off = mr_rng_below(&rng, FILE_BYTES);
        size_t count = (size_t)mr_rng_below(&rng, FILE_BYTES - off + 1);
        uint64_t what = mr_rng_below(&rng, 10);
        if (what < 7) {
            memset(bytes, value, count);
            assert_int_equal(on_file(disk, MR_IO_WRITE, files[i], bytes, count, off), count);
            model_write(m, off, count, value);
        } else if (what == 7) {
            assert_int_equal(on_file(disk, MR_IO_SYNC, files[i], NULL, 0, 0), 0);
            model_sync(m);
        } else if (what == 8) {
            assert_int_equal(paths(disk, MR_IO_SYNC_DIR, "/", NULL), 0);
            for (int j = 0; j < FILES; j++) {
                models[j].may_exist[0] = !models[j].exists;
                models[j].may_exist[1] = models[j].exists;
            }
        } else if (m->exists) {
            assert_int_equal(paths(disk, MR_IO_UNLINK, path[i], NULL), 0);
            m->exists = false;
            m->may_exist[0] = true;
        }
    }
    for (int how = 0; how < MR_CUT_COUNT; how++) {
        struct mr_simdisk *copy = mr_simdisk_clone(disk);
        assert_int_equal(mr_simdisk_hash(copy), mr_simdisk_hash(disk));
        mr_simdisk_cut(copy, (mr_cut)how, seed + (uint64_t)how);
        for (int i = 0; i < FILES; i++) check_model(copy, &models[i], path[i]);
        if (how == MR_CUT_KEEP_ALL) {
            assert_int_equal(mr_simdisk_hash(copy), mr_simdisk_hash(disk));
        }
        assert_int_equal(mr_simdisk_pending(copy), 0);
        mr_simdisk_close(copy);
    }
    mr_simdisk_close(disk);
}

static void test_histories(void **state)
{
    (void)state;
    struct model *models = malloc(FILES * sizeof *models);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) random_history(seed, models);
    free(models);
}

/* Every kind of cut really does what its name says: over many seeds both outcomes are seen. */
static void test_cuts_differ(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    memset(bytes, 'x', sizeof bytes);
    for (int how = 0; how < MR_CUT_COUNT; how++) {
        uint64_t hashes[64];
        int different = 0;
        for (uint64_t seed = 0; seed < 64; seed++) {
            struct mr_simdisk *disk = mr_simdisk_open();
            mr_simdisk_put(disk, "/f", MR_SPAN(""));
            int64_t file = open_file(disk, "/f");
            for (uint64_t i = 0; i < 4; i++) {
                assert_int_equal(on_file(disk, MR_IO_WRITE, file, bytes, 8192, i * 8192), 8192);
            }
            mr_simdisk_cut(disk, (mr_cut)how, seed);
            hashes[seed] = mr_simdisk_hash(disk);
            bool is_known = false;
            for (uint64_t i = 0; i < seed; i++) is_known |= hashes[i] == hashes[seed];
            different += !is_known;
            mr_simdisk_close(disk);
        }
        const int least[MR_CUT_COUNT] = {
            [MR_CUT_KEEP_NONE] = 1, [MR_CUT_KEEP_ALL] = 1, [MR_CUT_PREFIX] = 5,
            [MR_CUT_SUBSET] = 12,   [MR_CUT_DROP_ONE] = 4, [MR_CUT_TORN_512] = 60,
            [MR_CUT_TORN_4096] = 40};
        assert_true(different >= least[how]);
        if (how <= MR_CUT_KEEP_ALL) assert_int_equal(different, 1);
    }
}

/* ---- the suite of the seam ---- */

struct fixture {
    struct mr_simdisk *disk;
    struct mr_sim *sim;
};

static struct mr_io *open_sim(void *ctx)
{
    static uint64_t seed;
    struct fixture *f = ctx;
    const struct mr_sim_options options = {.seed = ++seed};
    if (f->sim != NULL) mr_sim_close(f->sim);
    f->sim = mr_sim_open(f->disk, &options);
    return mr_sim_io(f->sim, "control");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync_rules),      cmocka_unit_test(test_rename_is_one_change),
        cmocka_unit_test(test_locks_and_death), cmocka_unit_test(test_full),
        cmocka_unit_test(test_histories),       cmocka_unit_test(test_cuts_differ),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    struct fixture f = {.disk = mr_simdisk_open()};
    for (int i = 0; i < 20; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "sim%d", i);
        struct io_suite_subject subject = {
            .name = name, .open = open_sim, .ctx = &f, .root = "", .has_no_watch = true};
        failed += io_suite_run(&subject);
    }
    mr_sim_close(f.sim);
    mr_simdisk_close(f.disk);
    return failed;
}

/* Shown, on the simulated disk: bad records end up below their folder byte by byte, in one file,
 * however they were pushed and in fixed memory; an epoch without any leaves nothing. Giving the
 * epoch up after any operation leaves no file; so does any failing operation, with an error that
 * names what failed. And the invariant that a restart relies on: whenever the power fails, a file
 * that is there is named by a list that is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/mem/text.h"
#include "core/ops/bad_records.h"
#include "core/port/files.h"
#include "io/fault/fault.h"
#include "tests/support/sim.h"

#define FOLDER "/data/bad"
#define STAGED "/data/staged"
#define LIST STAGED "/7.3.bad"

enum { EPOCH = 7, SHARD = 3, OPS_MAX = 60 };

/* 2025-03-09 07:08:09.5 UTC */
static const int64_t batch_us = INT64_C(1741504089500000);

struct fixture {
    struct mr_simdisk *disk;
    struct mr_sim *sim;
    struct mr_fault fault;
    struct mr_heap heap;
    struct mr_io *io;
    struct mr_bad_records_config config;
    struct mr_bad_records bad;
    struct mr_text pushed;
    struct mr_err err;
};

static void wake(void *ctx)
{
    (void)ctx;
}

/* A process on a disk with the two folders. `rule` of the fault filter, or null. */
static void fixture_init(struct fixture *f, const char *rule, uint64_t kill_at)
{
    const struct mr_sim_options options = {.seed = 1, .kill_at = kill_at, .turns_max = 100000};
    memset(f, 0, sizeof *f);
    f->disk = mr_simdisk_open();
    mr_simdisk_put(f->disk, FOLDER "/keep", MR_SPAN("x"));
    mr_simdisk_put(f->disk, STAGED "/keep", MR_SPAN("x"));
    f->sim = mr_sim_open(f->disk, &options);
    mr_heap_init(&f->heap, 0);
    mr_text_init(&f->pushed, &f->heap);
    f->io = mr_sim_io(f->sim, "shard");
    mr_fault_init(&f->fault);
    if (rule != NULL) {
        assert_int_equal(mr_fault_parse(&f->fault, mr_span_of(rule), &f->err), MR_OK);
        assert_int_equal(mr_fault_open(&f->heap, &f->fault, f->io, &f->io, &f->err), MR_OK);
    }
    f->config = (struct mr_bad_records_config){.io = f->io,
                                               .heap = &f->heap,
                                               .waker = {wake, NULL},
                                               .folder = FOLDER,
                                               .staged_folder = STAGED,
                                               .shard = SHARD};
    mr_bad_records_init(&f->bad, &f->config);
    mr_bad_records_begin(&f->bad, EPOCH, batch_us);
}

static void fixture_fini(struct fixture *f)
{
    mr_bad_records_fini(&f->bad);
    mr_text_fini(&f->pushed);
    mr_io_close(f->io);
    mr_sim_close(f->sim);
    mr_simdisk_close(f->disk);
    assert_int_equal(f->heap.used_bytes, 0);
}

/* Steps until there is an answer. */
static mr_status settle(struct fixture *f)
{
    mr_status status;
    while ((status = mr_bad_records_step(&f->bad, &f->err)) == MR_E_AGAIN) {
        (void)mr_io_run(f->io, -1);
    }
    return status;
}

/* Pushes `count` lines and waits until they are taken over. */
static mr_status push(struct fixture *f, uint32_t count)
{
    size_t before = f->pushed.used;
    for (uint32_t i = 0; i < count; i++) {
        mr_text_addf(&f->pushed, "{\"record\":\"%u of a push of %u\"}\n", i, count);
    }
    struct mr_span lines = {f->pushed.at + before, f->pushed.used - before};
    mr_status status = mr_bad_records_push(&f->bad, lines, &f->err);
    while (status == MR_OK && mr_bad_records_is_busy(&f->bad)) {
        status = mr_bad_records_step(&f->bad, &f->err);
        if (status == MR_OK) (void)mr_io_run(f->io, -1);
    }
    return status;
}

static mr_status seal(struct fixture *f)
{
    mr_bad_records_seal(&f->bad);
    return settle(f);
}

static mr_status stop(struct fixture *f, bool keeps_files)
{
    mr_bad_records_stop(&f->bad, keeps_files);
    return settle(f);
}

/* ---- what is on the disk ---- */

struct found {
    char path[256]; /* of the last file below the folder */
    uint32_t files;
    const char *folder;
    struct mr_simdisk *disk;
};

static void look(struct found *found, const char *folder);

static int see(void *ctx, const char *name, const struct mr_io_stat *stat)
{
    struct found *found = ctx;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", found->folder, name);
    if (stat->kind == MR_FILE_DIRECTORY) {
        struct found below = *found;
        look(&below, path);
        found->files = below.files;
        memcpy(found->path, below.path, sizeof found->path);
    } else if (strcmp(name, "keep") != 0) {
        found->files++;
        memcpy(found->path, path, sizeof path);
    }
    return 0;
}

static void look(struct found *found, const char *folder)
{
    struct mr_io_list list = {.entry = see, .ctx = found};
    struct mr_io_op op;
    found->folder = folder;
    mr_io_op_init(&op, MR_IO_LIST);
    op.path = folder;
    op.list = &list;
    assert_true(mr_simdisk_perform(found->disk, 99, &op, 0) >= 0);
}

/* The files below the folder, and the path of one of them. */
static uint32_t files(struct mr_simdisk *disk, char out_path[256])
{
    struct found found = {.disk = disk};
    look(&found, FOLDER);
    memcpy(out_path, found.path, sizeof found.path);
    return found.files;
}

static bool is_listed(struct mr_simdisk *disk, const char *path)
{
    struct mr_span text, folder, relative;
    char named[256];
    if (!mr_simdisk_get(disk, LIST, &text)) return false;
    if (!mr_bad_records_list_read(text, &folder, &relative)) return false;
    (void)snprintf(named, sizeof named, "%.*s/%.*s", (int)folder.bytes, folder.text,
                   (int)relative.bytes, relative.text);
    return strcmp(named, path) == 0;
}

/* ---- the tests ---- */

static void test_content(void **state)
{
    static const uint32_t pushes[] = {1, 5, 20000, 1, 4000, 30000};
    static const char start[] = FOLDER "/20250309T070809/bad_records/part-00003-";
    struct fixture f;
    char path[256];
    struct mr_span text;
    (void)state;
    fixture_init(&f, NULL, 0);
    uint64_t records = 0;
    for (size_t i = 0; i < MR_COUNT_OF(pushes); i++) {
        assert_int_equal(push(&f, pushes[i]), MR_OK);
        records += pushes[i];
        size_t own = f.heap.used_bytes - f.pushed.capacity;
        assert_in_range(own, 1, MR_BAD_RECORDS_BUFS * MR_BAD_RECORDS_BUF + 4096);
    }
    assert_int_equal(seal(&f), MR_OK);
    assert_int_equal(f.bad.state, MR_BAD_SEALED);
    assert_int_equal(f.bad.records, records);
    mr_simdisk_cut(f.disk, MR_CUT_KEEP_NONE, 1);
    assert_int_equal(files(f.disk, path), 1);
    assert_memory_equal(path, start, sizeof start - 1);
    assert_true(mr_span_ends(mr_span_of(path), MR_SPAN(".json")));
    assert_true(is_listed(f.disk, path));
    assert_true(mr_simdisk_get(f.disk, path, &text));
    assert_true(mr_span_eq(text, mr_text_span(&f.pushed)));
    fixture_fini(&f);
}

static void test_epochs(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    fixture_init(&f, NULL, 0);
    uint64_t ops = mr_sim_op_count(f.sim);
    assert_int_equal(seal(&f), MR_OK);
    assert_int_equal(mr_sim_op_count(f.sim), ops);
    for (int64_t epoch = EPOCH + 1; epoch < EPOCH + 4; epoch++) {
        mr_bad_records_begin(&f.bad, epoch, batch_us);
        assert_int_equal(push(&f, 100), MR_OK);
        assert_int_equal(seal(&f), MR_OK);
        assert_int_equal(f.bad.records, 100);
    }
    assert_int_equal(files(f.disk, path), 3);
    mr_bad_records_begin(&f.bad, EPOCH + 4, batch_us);
    assert_int_equal(push(&f, 1), MR_OK);
    assert_int_equal(stop(&f, false), MR_OK);
    mr_bad_records_begin(&f.bad, EPOCH + 5, batch_us);
    assert_int_equal(push(&f, 1), MR_OK);
    assert_int_equal(seal(&f), MR_OK);
    assert_int_equal(stop(&f, true), MR_OK);
    assert_int_equal(files(f.disk, path), 4);
    fixture_fini(&f);
}

/* Runs an epoch until `ops` operations are done, or to its seal; whether it got that far. */
static bool run_until(struct fixture *f, uint64_t ops)
{
    mr_status status = mr_bad_records_push(&f->bad, mr_text_span(&f->pushed), &f->err);
    while (status == MR_OK && mr_sim_op_count(f->sim) < ops) {
        if (!mr_bad_records_is_busy(&f->bad) && !f->bad.must_seal) mr_bad_records_seal(&f->bad);
        status = mr_bad_records_step(&f->bad, &f->err);
        if (status == MR_OK && f->bad.state == MR_BAD_SEALED) return true;
        if (status == MR_E_AGAIN) status = MR_OK;
        if (status == MR_OK) (void)mr_io_run(f->io, -1);
    }
    return false;
}

static void prepare(struct fixture *f)
{
    for (uint32_t i = 0; i < 12000; i++) {
        mr_text_addf(&f->pushed, "{\"a record\":\"number %u\"}\n", i);
    }
}

static void test_stop_anywhere(void **state)
{
    bool is_through = false;
    uint32_t points = 0;
    (void)state;
    for (uint64_t ops = 0; ops < OPS_MAX && !is_through; ops++, points++) {
        struct fixture f;
        char path[256];
        fixture_init(&f, NULL, 0);
        prepare(&f);
        is_through = run_until(&f, ops);
        assert_int_equal(stop(&f, false), MR_OK);
        assert_int_equal(f.bad.state, MR_BAD_STOPPED);
        assert_int_equal(files(f.disk, path), 0);
        for (int how = 0; how < MR_CUT_COUNT; how++) {
            struct mr_simdisk *copy = mr_simdisk_clone(f.disk);
            mr_simdisk_cut(copy, (mr_cut)how, ops);
            assert_int_equal(files(copy, path), 0);
            mr_simdisk_close(copy);
        }
        fixture_fini(&f);
    }
    assert_true(is_through);
    assert_in_range(points, 12, OPS_MAX - 1);
}

static void test_power_cut_anywhere(void **state)
{
    uint32_t found = 0;
    bool is_dead = true;
    (void)state;
    for (uint64_t kill_at = 1; is_dead; kill_at++) {
        struct fixture f;
        fixture_init(&f, NULL, kill_at);
        prepare(&f);
        (void)run_until(&f, UINT64_MAX);
        is_dead = mr_sim_is_dead(f.sim);
        for (uint64_t i = 0; i < 20 * MR_CUT_COUNT; i++) {
            struct mr_simdisk *copy = mr_simdisk_clone(f.disk);
            char path[256];
            mr_simdisk_cut(copy, (mr_cut)(i % MR_CUT_COUNT), i);
            uint32_t count = files(copy, path);
            assert_true(count <= 1);
            if (count == 1 && !is_listed(copy, path)) fail_msg("%s is not listed", path);
            found += count;
            mr_simdisk_close(copy);
        }
        (void)stop(&f, true);
        fixture_fini(&f);
    }
    assert_true(found > 100);
}

static void test_failures(void **state)
{
    static const char *const faults[] = {"EIO", "ENOSPC", "lost:EIO", "EACCES"};
    uint32_t failures = 0;
    (void)state;
    for (uint32_t point = 1; point < OPS_MAX; point++) {
        struct fixture f;
        char rule[64], path[256];
        (void)snprintf(rule, sizeof rule, "any#%u=%s", point,
                       faults[point % MR_COUNT_OF(faults)]);
        fixture_init(&f, rule, 0);
        mr_status status = push(&f, 9000);
        if (status == MR_OK) status = seal(&f);
        if (status == MR_OK) {
            fixture_fini(&f);
            break;
        }
        failures++;
        assert_int_equal(f.err.code, 5106);
        assert_true(strstr(f.err.message, "/data/") != NULL);
        assert_true(strstr(f.err.help, FOLDER) != NULL);
        /* A folder whose sync has failed cannot be trusted with the removal either. */
        bool may_stick = strstr(f.err.message, "sync directory /data/bad") != NULL;
        status = stop(&f, false);
        assert_true(status == MR_OK || may_stick);
        assert_int_equal(files(f.disk, path), 0);
        fixture_fini(&f);
    }
    assert_in_range(failures, 12, OPS_MAX - 2);
}

/* What cannot be removed is said, so that the epoch does not run again over it. */
static void test_stuck(void **state)
{
    static const char *const rules[] = {"unlink#1=EIO", "unlink#1=EACCES", "sync_dir#5=EIO"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        struct fixture f;
        fixture_init(&f, rules[i], 0);
        assert_int_equal(push(&f, 10), MR_OK);
        assert_int_equal(seal(&f), MR_OK);
        assert_int_not_equal(stop(&f, false), MR_OK);
        assert_int_equal(f.bad.state, MR_BAD_STOPPED);
        assert_int_equal(f.err.code, 5106);
        fixture_fini(&f);
    }
}

/* Interrupted and short writes are gone on with. */
static void test_small_writes(void **state)
{
    static const char *const rules[] = {"write=short:1000", "write#1=short:1", "write#2=EINTR",
                                        "write#1=EAGAIN", "write#3=short:7;write#4=EINTR"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        struct fixture f;
        struct mr_span text;
        char path[256];
        fixture_init(&f, rules[i], 0);
        assert_int_equal(push(&f, 9000), MR_OK);
        assert_int_equal(seal(&f), MR_OK);
        assert_int_equal(files(f.disk, path), 1);
        assert_true(is_listed(f.disk, path));
        assert_true(mr_simdisk_get(f.disk, path, &text));
        assert_true(mr_span_eq(text, mr_text_span(&f.pushed)));
        fixture_fini(&f);
    }
}

static void test_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 10; n++) {
        struct fixture f;
        fixture_init(&f, NULL, 0);
        prepare(&f);
        mr_heap_fail_at(&f.heap, n);
        mr_status status = mr_bad_records_push(&f.bad, mr_text_span(&f.pushed), &f.err);
        bool is_enough = status == MR_OK;
        if (is_enough) mr_heap_fail_at(&f.heap, UINT64_MAX);
        if (!is_enough) assert_int_equal(status, MR_E_NOMEM);
        assert_int_equal(stop(&f, false), MR_OK);
        fixture_fini(&f);
        if (is_enough) return;
        assert_true(n < 8);
    }
}

static void test_lists(void **state)
{
    static const char good[] = "/b\n20250309T070809/bad_records/part-00000-x.json\n";
    static const char *const bad[] = {
        "",
        "/b\n",
        "/b\n\n",
        "/b\n20250309T070809/bad_records/part-00000-x.json",
        "/b\n20250309T070809/bad_records/part-00000-x.jso\n",
        "/b\n20250309T070809/bad_records/part-/../../x.json\n",
        "/b\n../../09T07080/bad_records/part-00000-x.json\n",
        "/b\n../bad_records/part-00000-x.json\n",
        "/b\n20250309T070809/../etc/part-00000-x.json\n",
        "/b\n20250309T070809/bad_records/part-00000-x.json\n/c\n",
        "\n20250309T070809/bad_records/part-00000-x.json\n",
    };
    struct mr_span folder, relative;
    (void)state;
    assert_true(mr_bad_records_list_read(mr_span_of(good), &folder, &relative));
    assert_true(mr_span_is(folder, "/b"));
    assert_true(mr_span_is(relative, "20250309T070809/bad_records/part-00000-x.json"));
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        if (mr_bad_records_list_read(mr_span_of(bad[i]), &folder, &relative)) {
            fail_msg("taken for a list: %s", bad[i]);
        }
    }
    struct mr_span holes = {"/b\0\n20250309T070809/bad_records/part-00000-x.json\n", 50};
    assert_false(mr_bad_records_list_read(holes, &folder, &relative));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),      cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_stop_anywhere), cmocka_unit_test(test_power_cut_anywhere),
        cmocka_unit_test(test_failures),     cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_small_writes), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: commits into a table are exactly once, whatever happens between any two operations.
 *
 * The reference run makes a table, commits EPOCHS epochs of one stream and keeps the log up
 * (checksums, checkpoints every 3 versions). It is run again
 *  - killed before and after every operation, with the power cut in every way, and restarted;
 *  - with every operation failing once, and with every operation done but its answer lost;
 *  - with another writer taking the version at the last moment, with everything it could write.
 * Afterwards each epoch's file is live once, versions have no hole, and what was reported as
 * committed before the cut is there after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/assert.h"
#include "core/port/files.h"
#include "core/table/table.h"
#include "io/fault/fault.h"
#include "tests/support/sim.h"

enum { EPOCHS = 8 };

static const char table_path[] = "/data/t";

struct run {
    struct mr_simdisk *disk;
    struct mr_heap heap;      /* of the code under test */
    struct mr_heap test_heap; /* of arena */
    struct mr_arena arena;
    struct mr_io *io;
    struct mr_err err;
    int64_t acknowledged; /* newest epoch reported as committed */
    uint32_t retries;     /* commits that had to be tried again */
};

static const struct mr_type *schema_of(struct run *r)
{
    struct mr_field fields[] = {
        {.name = MR_SPAN("id"), .type = mr_type_of(MR_TYPE_LONG), .is_nullable = true}};
    return mr_type_struct(&r->arena, fields, 1);
}

static mr_status create(struct run *r, struct mr_table **out)
{
    struct mr_delta_property properties[] = {{MR_SPAN("delta.checkpointInterval"), MR_SPAN("3")}};
    struct mr_table_spec spec = {.schema = schema_of(r),
                                 .properties = properties,
                                 .property_count = 1,
                                 .engine = MR_SPAN("test")};
    return mr_table_create(r->io, &r->heap, table_path, &spec, out, &r->err);
}

static mr_status commit_epoch(struct run *r, struct mr_table *table, int64_t epoch,
                              const struct mr_type *schema, struct mr_table_committed *out)
{
    char name[32];
    (void)snprintf(name, sizeof name, "epoch-%" PRId64 ".parquet", epoch);
    struct mr_table_add add = {.path = mr_span_of(name), .bytes = 10, .modified_ms = 1};
    struct mr_table_part part = {
        .app_id = MR_SPAN("stream"), .version = epoch, .adds = &add, .add_count = 1};
    struct mr_table_commit commit = {.parts = &part,
                                     .part_count = 1,
                                     .schema = schema,
                                     .operation = MR_SPAN("STREAMING UPDATE"),
                                     .engine = MR_SPAN("test")};
    return mr_table_commit(table, &commit, out, &r->err);
}

/* Opens or makes the table and commits all epochs, from 0, as a restarted stream may.
 * `retries_max` failed commits are tried again. */
static mr_status go(struct run *r, uint32_t retries_max)
{
    struct mr_table *table = NULL;
    mr_status status = mr_table_open(r->io, &r->heap, table_path, &table, &r->err);
    if (status == MR_E_NOT_FOUND) status = create(r, &table);
    for (int64_t epoch = 0; epoch < EPOCHS && status == MR_OK; epoch++) {
        struct mr_table_committed done;
        status = commit_epoch(r, table, epoch, NULL, &done);
        while (status != MR_OK && status != MR_E_KILLED && r->retries < retries_max) {
            r->retries++;
            bool is_doubtful = r->err.code == 3115;
            status = commit_epoch(r, table, epoch, NULL, &done);
            /* What was reported as failed had not been committed. */
            if (status == MR_OK) assert_true(!done.was_there || is_doubtful);
        }
        if (status != MR_OK) break;
        if (epoch > r->acknowledged) r->acknowledged = epoch;
        struct mr_io_op pause;
        mr_io_op_init(&pause, MR_IO_TIMER);
        pause.off = 600000;
        if (mr_io_call(r->io, &pause) == -EOWNERDEAD) status = MR_E_KILLED;
        if (status == MR_OK && mr_table_upkeep(table, &r->err) == MR_E_KILLED) {
            status = MR_E_KILLED;
        }
    }
    mr_table_close(table);
    return status;
}

static void run_open(struct run *r, struct mr_simdisk *disk)
{
    *r = (struct run){.disk = disk, .acknowledged = -1};
    mr_heap_init(&r->heap, 0);
    mr_heap_init(&r->test_heap, 0);
    mr_arena_init(&r->arena, &r->test_heap, 0);
}

static void run_close(struct run *r)
{
    mr_arena_fini(&r->arena);
    assert_int_equal(r->heap.used_bytes, 0);
}

/* One process from start to end or death. */
static mr_status process(struct run *r, const struct mr_sim_options *options,
                         uint64_t *out_op_count)
{
    struct mr_sim *sim = mr_sim_open(r->disk, options);
    r->io = mr_sim_io(sim, "control");
    mr_status status = go(r, 0);
    if (out_op_count != NULL) *out_op_count = mr_sim_op_count(sim);
    mr_io_close(r->io);
    mr_sim_close(sim);
    return status;
}

/* A new process, which must find everything in order. */
static void verify(struct run *r, int64_t epochs, uint64_t others)
{
    const struct mr_sim_options options = {.seed = 7};
    struct mr_sim *sim = mr_sim_open(r->disk, &options);
    struct mr_table *table = NULL;
    bool has_seen[EPOCHS] = {false};
    uint32_t cursor = 0;
    struct mr_delta_action action;
    r->io = mr_sim_io(sim, "reader");
    mr_status status = mr_table_open(r->io, &r->heap, table_path, &table, &r->err);
    if (status != MR_OK) print_error("%s\n", r->err.message);
    assert_int_equal(status, MR_OK);
    const struct mr_delta_snapshot *s = mr_table_snapshot(table);
    assert_int_equal(mr_table_txn(table, MR_SPAN("stream")), epochs - 1);
    assert_int_equal(s->file_count, (uint64_t)epochs + others);
    while (mr_delta_snapshot_next(s, &cursor, &action)) {
        int epoch;
        char path[64];
        if (action.kind != MR_DELTA_ADD) continue;
        (void)snprintf(path, sizeof path, "%.*s", (int)action.u.file.path.bytes,
                       action.u.file.path.text);
        if (sscanf(path, "epoch-%d.parquet", &epoch) != 1) continue;
        assert_true(epoch >= 0 && epoch < EPOCHS && !has_seen[epoch]);
        has_seen[epoch] = true;
    }
    for (int64_t i = 0; i < epochs; i++) assert_true(has_seen[i]);
    mr_table_close(table);
    mr_io_close(r->io);
    mr_sim_close(sim);
}

/* ---- kills and cuts ---- */

static uint64_t reference_ops(void)
{
    struct run r;
    uint64_t ops = 0;
    const struct mr_sim_options options = {.seed = 1};
    run_open(&r, mr_simdisk_open());
    assert_int_equal(process(&r, &options, &ops), MR_OK);
    verify(&r, EPOCHS, 0);
    struct mr_span content;
    assert_true(mr_simdisk_get(r.disk, "/data/t/_delta_log/00000000000000000001.crc", &content));
    assert_true(mr_simdisk_get(r.disk, "/data/t/_delta_log/00000000000000000006.checkpoint.parquet",
                               &content));
    mr_simdisk_close(r.disk);
    run_close(&r);
    return ops;
}

static void kill_at(uint64_t op, bool after, mr_cut cut, bool has_cut)
{
    struct run r;
    const struct mr_sim_options options = {.seed = op, .kill_at = op, .kill_after = after};
    const struct mr_sim_options restart = {.seed = op + 1000};
    run_open(&r, mr_simdisk_open());
    assert_int_equal(process(&r, &options, NULL), MR_E_KILLED);
    int64_t acknowledged = r.acknowledged;
    if (has_cut) mr_simdisk_cut(r.disk, cut, op);
    if (acknowledged >= 0) {
        struct mr_sim *sim = mr_sim_open(r.disk, &restart);
        struct mr_table *table = NULL;
        r.io = mr_sim_io(sim, "reader");
        assert_int_equal(mr_table_open(r.io, &r.heap, table_path, &table, &r.err), MR_OK);
        assert_true(mr_table_txn(table, MR_SPAN("stream")) >= acknowledged);
        mr_table_close(table);
        mr_io_close(r.io);
        mr_sim_close(sim);
    }
    mr_status status = process(&r, &restart, NULL);
    if (status != MR_OK) print_error("operation %" PRIu64 ": %s\n", op, r.err.message);
    assert_int_equal(status, MR_OK);
    verify(&r, EPOCHS, 0);
    mr_simdisk_close(r.disk);
    run_close(&r);
}

static void test_kill_everywhere(void **state)
{
    uint64_t ops = reference_ops();
    (void)state;
    assert_true(ops > 100);
    for (uint64_t op = 1; op <= ops; op++) {
        mr_cut cut = (mr_cut)(op % MR_CUT_COUNT);
        kill_at(op, false, cut, false);
        kill_at(op, true, cut, true);
        kill_at(op, op % 2 == 0, MR_CUT_KEEP_NONE, true);
    }
}

/* ---- failures and lost answers ---- */

static void fail_at(uint64_t op, const char *action, bool *out_has_hit)
{
    struct run r;
    struct mr_fault fault;
    char rule[64];
    const struct mr_sim_options options = {.seed = op};
    run_open(&r, mr_simdisk_open());
    struct mr_sim *sim = mr_sim_open(r.disk, &options);
    mr_fault_init(&fault);
    (void)snprintf(rule, sizeof rule, "any#%" PRIu64 "=%s", op, action);
    assert_int_equal(mr_fault_parse(&fault, mr_span_of(rule), &r.err), MR_OK);
    assert_int_equal(mr_fault_open(&r.heap, &fault, mr_sim_io(sim, "control"), &r.io, &r.err),
                     MR_OK);
    mr_status status = go(&r, 1);
    *out_has_hit = fault.hits > 0;
    mr_io_close(r.io);
    mr_sim_close(sim);
    /* The folder's sync failing poisons it for this process: then only a new one goes on. Making
     * or opening the table is not tried again either. */
    if (status != MR_OK) {
        assert_true(*out_has_hit);
        assert_int_equal(process(&r, &options, NULL), MR_OK);
    }
    verify(&r, EPOCHS, 0);
    mr_simdisk_close(r.disk);
    run_close(&r);
}

static void test_fail_everywhere(void **state)
{
    static const char *const actions[] = {"EIO",      "ENOSPC",     "EAGAIN",
                                          "lost:EIO", "lost:EINTR", "short:1"};
    (void)state;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        bool has_hit = true;
        for (uint64_t op = 1; has_hit; op++) fail_at(op, actions[i], &has_hit);
    }
}

/* The n-th allocation of a run fails: what was being done fails with MR_E_NOMEM, or a commit that
 * is in the log already is reported as such; nothing leaks. n grows with its size. */
static void test_no_memory(void **state)
{
    bool has_hit = true;
    (void)state;
    for (uint64_t n = 1; has_hit; n += 1 + n / 40) {
        struct run r;
        const struct mr_sim_options options = {.seed = n};
        run_open(&r, mr_simdisk_open());
        mr_heap_fail_at(&r.heap, n);
        mr_status status = process(&r, &options, NULL);
        has_hit = r.heap.fail_at == 0;
        r.heap.fail_at = 0;
        if (status != MR_OK) {
            assert_int_equal(status, MR_E_NOMEM);
            assert_int_equal(process(&r, &options, NULL), MR_OK);
        }
        verify(&r, EPOCHS, 0);
        mr_simdisk_close(r.disk);
        run_close(&r);
    }
}

/* A link that is done and whose answer is lost is a commit, and is reported as one. */
static void test_lost_link(void **state)
{
    struct run r;
    struct mr_fault fault;
    const struct mr_sim_options options = {.seed = 3};
    (void)state;
    run_open(&r, mr_simdisk_open());
    struct mr_sim *sim = mr_sim_open(r.disk, &options);
    mr_fault_init(&fault);
    assert_int_equal(mr_fault_parse(&fault, MR_SPAN("link@*/_delta_log/*=lost:EIO"), &r.err),
                     MR_OK);
    assert_int_equal(mr_fault_open(&r.heap, &fault, mr_sim_io(sim, "control"), &r.io, &r.err),
                     MR_OK);
    assert_int_equal(go(&r, 0), MR_OK);
    assert_true(fault.hits > EPOCHS);
    assert_int_equal(r.retries, 0);
    mr_io_close(r.io);
    mr_sim_close(sim);
    verify(&r, EPOCHS, 0);
    mr_simdisk_close(r.disk);
    run_close(&r);
}

/* ---- another writer, at the last moment ---- */

/* A driver over the simulation's that lets another writer commit right before our link. */
struct rival {
    struct mr_io io;
    struct mr_io *inner;
    struct mr_simdisk *disk;
    const char *content; /* of its commit; null = it stays away */
    int32_t versions;    /* how many it takes in a row */
};

static void rival_submit(struct mr_io *io, struct mr_io_op *op)
{
    struct rival *rival = (struct rival *)io;
    if (op->kind == MR_IO_LINK && strstr(op->path2, ".json") != NULL && rival->versions > 0) {
        rival->versions--;
        mr_simdisk_put(rival->disk, op->path2, mr_span_of(rival->content));
    }
    mr_io_submit(rival->inner, op);
}

static struct mr_io_op *rival_poll(struct mr_io *io, int64_t wait_us)
{
    struct rival *rival = (struct rival *)io;
    return rival->inner->driver->poll(rival->inner, wait_us);
}

static int64_t rival_now_us(struct mr_io *io)
{
    return mr_io_now_us(((struct rival *)io)->inner);
}

static int64_t rival_mono_us(struct mr_io *io)
{
    return mr_io_mono_us(((struct rival *)io)->inner);
}

static uint64_t rival_random(struct mr_io *io)
{
    return mr_io_random(((struct rival *)io)->inner);
}

static const struct mr_io_driver rival_driver = {
    .name = "rival",
    .submit = rival_submit,
    .poll = rival_poll,
    .now_us = rival_now_us,
    .mono_us = rival_mono_us,
    .random = rival_random,
};

#define ADD(path)                                                                                  \
    "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"    \
    "\"dataChange\":true}}\n"
#define METADATA(fields, partition)                                                                \
    "{\"metaData\":{\"id\":\"other\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"        \
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields "]}\","              \
    "\"partitionColumns\":[" partition "],\"configuration\":{}}}\n"
#define COLUMN(name, type)                                                                         \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\",\\\"nullable\\\":true,"          \
    "\\\"metadata\\\":{}}"

struct race {
    const char *content;
    int32_t versions;
    mr_status status;
    uint32_t code;
    bool was_there;
    int64_t version; /* that the commit gets, when it does */
};

static void race(const struct race *race)
{
    struct run r;
    struct mr_table *table = NULL;
    struct mr_table_committed done = {.version = -1};
    const struct mr_sim_options options = {.seed = 5};
    run_open(&r, mr_simdisk_open());
    struct mr_sim *sim = mr_sim_open(r.disk, &options);
    struct rival rival = {
        .io = {&rival_driver}, .inner = mr_sim_io(sim, "control"), .disk = r.disk};
    r.io = &rival.io;
    assert_int_equal(create(&r, &table), MR_OK);
    assert_int_equal(commit_epoch(&r, table, 0, schema_of(&r), &done), MR_OK);
    rival.content = race->content;
    rival.versions = race->versions;
    mr_status status = commit_epoch(&r, table, 2, schema_of(&r), &done);
    if (status != race->status) print_error("%s: %s\n", race->content, r.err.message);
    assert_int_equal(status, race->status);
    if (status == MR_OK) {
        assert_int_equal(done.version, race->version);
        assert_int_equal(done.was_there, race->was_there);
        assert_int_equal(done.conflicts, race->versions);
    } else {
        assert_int_equal(r.err.code, race->code);
    }
    mr_table_close(table);
    mr_io_close(rival.inner);
    mr_sim_close(sim);
    mr_simdisk_close(r.disk);
    run_close(&r);
}

static void test_races(void **state)
{
    static const struct race races[] = {
        {ADD("theirs"), 1, MR_OK, 0, false, 3},
        {ADD("theirs"), 9, MR_OK, 0, false, 11},
        {"{\"remove\":{\"path\":\"epoch-0.parquet\",\"deletionTimestamp\":1,"
         "\"dataChange\":true}}\n",
         1, MR_OK, 0, false, 3},
        {"{\"txn\":{\"appId\":\"another\",\"version\":2}}\n", 1, MR_OK, 0, false, 3},
        {"{\"txn\":{\"appId\":\"stream\",\"version\":2}}\n", 1, MR_OK, 0, true, 2},
        {"{\"txn\":{\"appId\":\"stream\",\"version\":1}}\n", 1, MR_E_CONFLICT, 3113, false, 0},
        {METADATA(COLUMN("id", "long") "," COLUMN("more", "string"), ""), 1, MR_OK, 0, false, 3},
        {METADATA(COLUMN("id", "string"), ""), 1, MR_E_CONFLICT, 3105, false, 0},
        {METADATA(COLUMN("other", "long"), ""), 1, MR_E_CONFLICT, 3105, false, 0},
        {METADATA(COLUMN("id", "long") "," COLUMN("p", "string"), "\"p\""), 1, MR_E_CONFLICT, 3105,
         false, 0},
        {"{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":4}}\n", 1, MR_OK, 0, false, 3},
        {"{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":"
         "[\"rowTracking\"]}}\n",
         1, MR_E_CONFLICT, 3105, false, 0},
        {"{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
         "[\"brandNew\"],\"writerFeatures\":[\"brandNew\"]}}\n",
         1, MR_E_UNSUPPORTED, 3103, false, 0},
        {"{\"newAction\":{}}\n", 1, MR_OK, 0, false, 3},
        {"{\"add\":{\"pa", 1, MR_E_CORRUPT, 3102, false, 0},
        {ADD("theirs"), 100000, MR_E_CONFLICT, 3112, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof races / sizeof *races; i++) race(&races[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill_everywhere), cmocka_unit_test(test_fail_everywhere),
        cmocka_unit_test(test_no_memory),       cmocka_unit_test(test_lost_link),
        cmocka_unit_test(test_races),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

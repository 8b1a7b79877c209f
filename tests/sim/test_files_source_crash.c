/* The file source against a model, on the simulated disk.
 *
 * A small driver keeps offsets, a table and commits as the real one does: plan, offsets/N, table/N
 * (put if absent), commits/N, source.commit. An epoch that runs again is planned again until the
 * table has it; from then on its batch must be the same. A producer adds, rewrites, renames and
 * removes files between plans and between lives, with modification times in no order. The process
 * is killed before or after operations, the power cut, operations fail; then it starts again.
 * Claim: in the end each file version that is there is in the table exactly once, and nothing ever
 * is twice, whichever operation it was. Files that an epoch has taken and that are mended before it
 * is in the table are there as they were mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/port/files.h"
#include "io/fault/fault.h"
#include "io/files/files_source.h"
#include "tests/support/sim.h"

enum { FILES_PER_EPOCH = 4, PRODUCER = 4711, PATHS_MAX = 64 };

struct world {
    uint64_t seed;
    struct mr_simdisk *disk;
    struct mr_rng rng;
    int64_t next_us; /* all modification times differ */
    uint32_t next_name;
    bool overwrites;
    uint32_t mended;
};

/* ---- the producer ---------------------------------------------------------------------- */

static int64_t producer_call(struct world *w, mr_io_kind kind, const char *path, const char *path2)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.path = path;
    op.path2 = path2;
    return mr_simdisk_perform(w->disk, PRODUCER, &op, w->next_us);
}

/* Complete and durable at once; older or newer than what is there, by chance. */
static void produce_file(struct world *w, const char *path)
{
    char content[64];
    int bytes = snprintf(content, sizeof content, "%.*s", (int)mr_rng_below(&w->rng, 60),
                         "................................................................");
    int64_t modified_us = w->next_us++ + (int64_t)mr_rng_below(&w->rng, 5) * 1000000;
    mr_simdisk_put(w->disk, path, (struct mr_span){content, (size_t)bytes});
    mr_simdisk_touch(w->disk, path, modified_us);
    w->next_us += 5;
}

static void name_of(struct world *w, uint32_t number, char *out, size_t room)
{
    snprintf(out, room, "/in/%s%u.json",
             number % 3 == 0   ? "deep/er/"
             : number % 3 == 1 ? ""
                               : "d=1/",
             number);
    (void)w;
}

static void produce(struct world *w, uint32_t changes)
{
    char path[64], other[64];
    for (uint32_t i = 0; i < changes; i++) {
        uint64_t what = mr_rng_below(&w->rng, 10);
        uint32_t old = w->next_name == 0 ? 0 : (uint32_t)mr_rng_below(&w->rng, w->next_name);
        struct mr_span content;
        name_of(w, old, path, sizeof path);
        bool is_there = mr_simdisk_get(w->disk, path, &content);
        if (what < 6 || !is_there) {
            name_of(w, w->next_name++, path, sizeof path);
            produce_file(w, path);
        } else if (what < 8) {
            produce_file(w, path);
        } else if (what == 8) {
            name_of(w, w->next_name, other, sizeof other);
            if (producer_call(w, MR_IO_RENAME, path, other) == 0) w->next_name++;
        } else {
            (void)producer_call(w, MR_IO_UNLINK, path, NULL);
        }
    }
}

/* ---- the driver ------------------------------------------------------------------------ */

struct process {
    struct world *world;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_sim *sim;
    struct mr_io *io;
    struct mr_source_options options;
    struct mr_source *source;
    struct mr_err err;
    int64_t epoch;     /* newest in offsets */
    int64_t offset;    /* its end */
    int64_t before;    /* end of the one before */
    bool is_committed; /* epoch is in commits */
};

static mr_status number_read(struct process *p, const char *path, int64_t *out)
{
    struct mr_span content;
    mr_status status = mr_file_read(p->io, &p->arena, path, 100, &content, &p->err);
    if (status == MR_OK) *out = strtoll(content.text, NULL, 10);
    return status;
}

static mr_status offset_read(struct process *p, int64_t epoch, int64_t *out)
{
    char path[64];
    *out = -1;
    if (epoch < 0) return MR_OK;
    snprintf(path, sizeof path, "/cp/offsets/%d", (int)epoch);
    return number_read(p, path, out);
}

static mr_status state_read(struct process *p)
{
    struct mr_dir_list list;
    char path[64];
    MR_TRY(mr_dir_make(p->io, "/cp/offsets", &p->err));
    MR_TRY(mr_dir_make(p->io, "/cp/commits", &p->err));
    MR_TRY(mr_dir_make(p->io, "/table", &p->err));
    MR_TRY(mr_dir_sync(p->io, "/cp/offsets", &p->err));
    MR_TRY(mr_dir_sync(p->io, "/cp/commits", &p->err));
    MR_TRY(mr_dir_sync(p->io, "/table", &p->err));
    MR_TRY(mr_dir_list(p->io, &p->arena, "/cp/offsets", false, &list, &p->err));
    p->epoch = -1;
    for (uint32_t i = 0; i < list.count; i++) {
        if (list.entries[i].name.text[0] == '.') continue;
        p->epoch = MR_MAX(p->epoch, (int64_t)strtoll(list.entries[i].name.text, NULL, 10));
    }
    MR_TRY(offset_read(p, p->epoch, &p->offset));
    MR_TRY(offset_read(p, p->epoch - 1, &p->before));
    snprintf(path, sizeof path, "/cp/commits/%d", (int)p->epoch);
    p->is_committed = p->epoch < 0;
    return p->epoch < 0 ? MR_OK : mr_file_exists(p->io, path, &p->is_committed, &p->err);
}

static mr_status put_number(struct process *p, const char *folder, int64_t epoch, int64_t number)
{
    char path[64], text[32];
    snprintf(path, sizeof path, "%s/%d", folder, (int)epoch);
    int bytes = snprintf(text, sizeof text, "%d", (int)number);
    return mr_file_put_new(p->io, path, (struct mr_span){text, (size_t)bytes}, &p->err);
}

/* table/N; written by an earlier try of this epoch, it must say the same. */
static mr_status table_put(struct process *p, const struct mr_source_list *list)
{
    struct mr_text text;
    char path[64];
    mr_text_init(&text, &p->heap);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct mr_source_file *file = &list->files[i];
        mr_text_addf(&text, "%s %lld %llu\n", file->path, (long long)file->modified_us,
                     (unsigned long long)file->bytes);
    }
    snprintf(path, sizeof path, "/table/%d", (int)p->epoch);
    mr_status status = mr_text_end(&text, &p->err);
    if (status == MR_OK) status = mr_file_put_new(p->io, path, mr_text_span(&text), &p->err);
    if (status == MR_E_EXISTS) {
        struct mr_span content;
        status = mr_file_read(p->io, &p->arena, path, 100000, &content, &p->err);
        if (status == MR_OK) assert_true(mr_span_eq(content, mr_text_span(&text)));
    }
    mr_text_fini(&text);
    return status;
}

static mr_status epoch_run(struct process *p, const struct mr_source_list *list)
{
    MR_TRY(table_put(p, list));
    MR_TRY(put_number(p, "/cp/commits", p->epoch, 0));
    MR_TRY(p->source->driver->commit(p->source, list->offset, &p->err));
    p->is_committed = true;
    return MR_OK;
}

static mr_status epoch_next(struct process *p, bool *out_has_more)
{
    const struct mr_source_limits limits = {0};
    struct mr_source_list list;
    MR_TRY(p->source->driver->plan(p->source, &limits, &p->arena, &list, &p->err));
    *out_has_more = list.count > 0;
    if (list.count == 0) return MR_OK;
    MR_TRY(p->source->driver->harden(p->source, &p->err));
    assert_true(list.count <= FILES_PER_EPOCH);
    p->before = p->offset;
    p->offset = list.offset;
    p->is_committed = false;
    MR_TRY(put_number(p, "/cp/offsets", ++p->epoch, p->offset));
    return epoch_run(p, &list);
}

static mr_status source_start(struct process *p)
{
    static const struct mr_source_pair pairs[] = {
        {{"maxFilesPerTrigger", 18}, {"4", 1}},
        {{"allowOverwrites", 15}, {"true", 4}},
    };
    struct mr_source_list list;
    MR_TRY(state_read(p));
    uint32_t count = p->world->overwrites ? 2 : 1;
    MR_TRY(mr_source_options_read(&p->arena, pairs, count, &p->options, &p->err));
    const struct mr_source_spec spec = {
        .heap = &p->heap,
        .io = p->io,
        .path = MR_SPAN("/in"),
        .options = &p->options,
        .log_folder = "/cp/sources/0",
        .own_folder = "/cp/millrace",
        .offset = p->offset,
        .committed = p->is_committed ? p->offset : p->before,
    };
    MR_TRY(mr_files_source_open(&spec, &p->source, &p->err));
    if (p->is_committed) return MR_OK;
    const struct mr_source_driver *driver = p->source->driver;
    bool is_in_table;
    char path[64];
    snprintf(path, sizeof path, "/table/%d", (int)p->epoch);
    MR_TRY(mr_file_exists(p->io, path, &is_in_table, &p->err));
    MR_TRY((is_in_table ? driver->batch : driver->replan)(p->source, p->before, p->offset,
                                                          &p->arena, &list, &p->err));
    return epoch_run(p, &list);
}

static mr_status process_work(struct process *p, uint32_t rounds)
{
    bool has_more = true;
    MR_TRY(source_start(p));
    for (uint32_t round = 0; round < rounds || has_more; round++) {
        if (round < rounds) produce(p->world, 3);
        MR_TRY(epoch_next(p, &has_more));
        mr_arena_reset(&p->arena);
    }
    return p->source->driver->stop(p->source, &p->err);
}

struct fate {
    uint64_t seed;
    uint64_t kill_at;
    bool kill_after;
    const char *fault;  /* rules, or null */
    uint64_t fail_take; /* allocation that fails; 0 = none */
};

/* One life of the process: `rounds` times the producer, then until nothing is left. */
static mr_status process_run(struct world *w, const struct fate *fate, uint32_t rounds,
                             uint64_t *out_ops)
{
    struct process p = {.world = w};
    const struct mr_sim_options options = {
        .seed = fate->seed, .kill_at = fate->kill_at, .kill_after = fate->kill_after};
    struct mr_fault *fault = NULL;
    mr_heap_init(&p.heap, 0);
    mr_arena_init(&p.arena, &p.heap, 0);
    p.sim = mr_sim_open(w->disk, &options);
    p.io = mr_sim_io(p.sim, "control");
    if (fate->fault != NULL) {
        fault = calloc(1, sizeof *fault);
        assert_non_null(fault);
        mr_fault_init(fault);
        assert_int_equal(mr_fault_parse(fault, mr_span_of(fate->fault), &p.err), MR_OK);
        assert_int_equal(mr_fault_open(&p.heap, fault, p.io, &p.io, &p.err), MR_OK);
    }
    if (fate->fail_take > 0) mr_heap_fail_at(&p.heap, fate->fail_take);
    mr_status status = process_work(&p, rounds);
    if (mr_sim_is_dead(p.sim)) assert_int_equal(status, MR_E_KILLED);
    if (p.source != NULL) p.source->driver->close(p.source);
    if (status != MR_OK && fate->kill_at == 0 && fate->fault == NULL && fate->fail_take == 0) {
        fail_msg("clean run: %s", p.err.message);
    }
    if (out_ops != NULL) *out_ops = mr_sim_op_count(p.sim);
    mr_io_close(p.io);
    mr_sim_close(p.sim);
    free(fault);
    mr_arena_fini(&p.arena);
    assert_int_equal(p.heap.used_bytes, 0);
    return status;
}

/* ---- the claim ------------------------------------------------------------------------- */

static uint32_t count_in_table(struct world *w, const char *line_start)
{
    uint32_t count = 0;
    for (int epoch = 0;; epoch++) {
        char path[32];
        struct mr_span content;
        snprintf(path, sizeof path, "/table/%d", epoch);
        if (!mr_simdisk_get(w->disk, path, &content)) return count;
        char *text = strndup(content.text, content.bytes);
        assert_non_null(text);
        for (char *at = strstr(text, line_start); at != NULL; at = strstr(at + 1, line_start)) {
            count += at == text || at[-1] == '\n';
        }
        free(text);
    }
}

static void assert_claim(struct world *w)
{
    for (uint32_t i = 0; i < w->next_name; i++) {
        char path[64], line[128];
        struct mr_io_stat stat = {0};
        struct mr_io_op op;
        name_of(w, i, path, sizeof path);
        mr_io_op_init(&op, MR_IO_STAT);
        op.path = path;
        op.stat = &stat;
        bool is_there = mr_simdisk_perform(w->disk, PRODUCER, &op, 0) == 0;
        if (!w->overwrites) {
            snprintf(line, sizeof line, "%s ", path);
            uint32_t count = count_in_table(w, line);
            if (count > 1 || (is_there && count != 1)) {
                fail_msg("%s is there %u times (MR_SEED=%d)", path, count, (int)w->seed);
            }
            continue;
        }
        if (!is_there) continue;
        snprintf(line, sizeof line, "%s %lld %llu\n", path, (long long)stat.modified_us,
                 (unsigned long long)stat.bytes);
        uint32_t count = count_in_table(w, line);
        if (count != 1) {
            fail_msg("%s is there %u times (MR_SEED=%d)", line, count, (int)w->seed);
        }
    }
    /* No version twice, also of files that are gone: every line of the table is different. */
    for (int epoch = 0; w->overwrites; epoch++) {
        char path[32];
        struct mr_span content;
        snprintf(path, sizeof path, "/table/%d", epoch);
        if (!mr_simdisk_get(w->disk, path, &content)) break;
        char *text = strndup(content.text, content.bytes), *save = NULL;
        assert_non_null(text);
        for (char *line = strtok_r(text, "\n", &save); line != NULL;
             line = strtok_r(NULL, "\n", &save)) {
            assert_int_equal(count_in_table(w, line), 1);
        }
        free(text);
    }
}

static struct world world_make(uint64_t seed, bool overwrites)
{
    struct world w = {.seed = seed,
                      .disk = mr_simdisk_open(),
                      .next_us = 1700000000000000,
                      .overwrites = overwrites};
    mr_rng_init(&w.rng, seed);
    produce(&w, 9);
    return w;
}

static struct world world_copy(const struct world *w)
{
    struct world copy = *w;
    copy.disk = mr_simdisk_clone(w->disk);
    return copy;
}

/* A clean life at the end; then the claim. */
static void finish(struct world *w, uint64_t seed)
{
    const struct fate clean = {.seed = seed};
    assert_int_equal(process_run(w, &clean, 0, NULL), MR_OK);
    assert_claim(w);
    mr_simdisk_close(w->disk);
}

/* ---- tests ----------------------------------------------------------------------------- */

static void test_no_faults(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world w = world_make(seed, seed % 2 == 0);
        const struct fate clean = {.seed = seed};
        assert_int_equal(process_run(&w, &clean, 4, NULL), MR_OK);
        finish(&w, seed);
    }
}

/* The second life of a source dies at each operation, before or after it, with the power cut in a
 * way that goes round. */
static void test_kill_everywhere(void **state)
{
    const struct fate clean = {.seed = 3};
    struct world base = world_make(3, true);
    assert_int_equal(process_run(&base, &clean, 2, NULL), MR_OK);
    uint32_t deaths = 0;
    uint64_t ops = 0;
    struct world probe = world_copy(&base);
    const struct fate whole = {.seed = 3};
    assert_int_equal(process_run(&probe, &whole, 2, &ops), MR_OK);
    mr_simdisk_close(probe.disk);
    for (uint64_t point = 0;; point++) {
        struct world w = world_copy(&base);
        const struct fate fate = {
            .seed = 3 + point, .kill_at = point / 2 + 1, .kill_after = point % 2 == 1};
        mr_status status = process_run(&w, &fate, 2, NULL);
        deaths += status == MR_E_KILLED;
        if (point % (MR_CUT_COUNT + 1) < MR_CUT_COUNT) {
            mr_simdisk_cut(w.disk, (mr_cut)(point % (MR_CUT_COUNT + 1)), point);
        }
        finish(&w, point);
        assert_true(status == MR_OK || status == MR_E_KILLED);
        if (fate.kill_at > ops + 20) break; /* the seed moves the number of operations a little */
    }
    assert_true(deaths > 100);
    mr_simdisk_close(base.disk);
}

/* Every operation fails once, and from then on, with errors that go round. The process ends with an
 * error or copes; the next life finds everything in order. */
static void test_fail_everywhere(void **state)
{
    static const char *const errors[] = {"EIO", "ENOSPC", "EINTR", "EACCES", "short:1", "lost:EIO"};
    const struct fate clean = {.seed = 4};
    struct world base = world_make(4, false);
    uint64_t ops = 0;
    assert_int_equal(process_run(&base, &clean, 1, NULL), MR_OK);
    struct world probe = world_copy(&base);
    assert_int_equal(process_run(&probe, &clean, 2, &ops), MR_OK);
    mr_simdisk_close(probe.disk);
    assert_true(ops > 100);
    uint32_t failures = 0;
    for (uint64_t op = 1; op <= ops; op++) {
        char rule[64];
        const char *error = errors[op % MR_COUNT_OF(errors)];
        bool persists = op % 4 == 3 && strncmp(error, "EINTR", 5) != 0;
        struct world w = world_copy(&base);
        snprintf(rule, sizeof rule, "any#%d%s=%s", (int)op, persists ? "+" : "", error);
        const struct fate fate = {.seed = 4, .fault = rule};
        failures += process_run(&w, &fate, 2, NULL) != MR_OK;
        finish(&w, op);
    }
    assert_true(failures > 50);
    mr_simdisk_close(base.disk);
}

/* Every allocation fails once. */
static void test_memory(void **state)
{
    const struct fate clean = {.seed = 6};
    struct world base = world_make(6, true);
    assert_int_equal(process_run(&base, &clean, 1, NULL), MR_OK);
    uint32_t failures = 0;
    for (uint64_t take = 1;; take++) {
        struct world w = world_copy(&base);
        const struct fate fate = {.seed = 6, .fail_take = take};
        mr_status status = process_run(&w, &fate, 1, NULL);
        if (status != MR_OK) assert_int_equal(status, MR_E_NOMEM);
        failures += status != MR_OK;
        finish(&w, take);
        if (status == MR_OK && take > failures + 5) break;
    }
    assert_true(failures > 10);
    mr_simdisk_close(base.disk);
}

/* ---- mended files ---------------------------------------------------------------------- */

static bool is_there(struct world *w, const char *folder, int epoch)
{
    char path[64];
    struct mr_span content;
    snprintf(path, sizeof path, "%s/%d", folder, epoch);
    return mr_simdisk_get(w->disk, path, &content);
}

static int newest_epoch(struct world *w)
{
    int epoch = -1;
    while (is_there(w, "/cp/offsets", epoch + 1)) epoch++;
    return epoch;
}

/* Calls `file` for those files of the newest epoch that are there. */
static void newest_files(struct world *w, void (*file)(struct world *w, const char *path))
{
    struct mr_span content;
    char path[64];
    snprintf(path, sizeof path, "/cp/offsets/%d", newest_epoch(w));
    if (!mr_simdisk_get(w->disk, path, &content)) return;
    snprintf(path, sizeof path, "/cp/sources/0/%.*s", (int)content.bytes, content.text);
    if (!mr_simdisk_get(w->disk, path, &content)) return;
    char *text = strndup(content.text, content.bytes);
    assert_non_null(text);
    for (uint32_t i = 0; i < w->next_name; i++) {
        char uri[80];
        name_of(w, i, path, sizeof path);
        snprintf(uri, sizeof uri, "file://%s\"", path);
        if (strstr(text, uri) != NULL && mr_simdisk_get(w->disk, path, &content)) file(w, path);
    }
    free(text);
}

static void file_mend(struct world *w, const char *path)
{
    w->mended++;
    produce_file(w, path);
}

/* The epoch has the file as it is now and in no other version. */
static void file_assert_mended(struct world *w, const char *path)
{
    char line[128], table[64];
    struct mr_io_stat stat = {0};
    struct mr_io_op op;
    struct mr_span content;
    mr_io_op_init(&op, MR_IO_STAT);
    op.path = path;
    op.stat = &stat;
    assert_int_equal(mr_simdisk_perform(w->disk, PRODUCER, &op, 0), 0);
    snprintf(line, sizeof line, "%s %lld %llu\n", path, (long long)stat.modified_us,
             (unsigned long long)stat.bytes);
    snprintf(table, sizeof table, "/table/%d", newest_epoch(w));
    assert_true(mr_simdisk_get(w->disk, table, &content));
    assert_non_null(memmem(content.text, content.bytes, line, strlen(line)));
    if (count_in_table(w, line) != 1) fail_msg("%s (MR_SEED=%d)", line, (int)w->seed);
}

/* A world where an epoch was begun and not finished, and its files were mended then. */
static struct world world_mended(uint64_t seed, bool overwrites)
{
    const struct fate clean = {.seed = seed};
    struct world base = world_make(seed, overwrites);
    assert_int_equal(process_run(&base, &clean, 1, NULL), MR_OK);
    produce(&base, 6);
    for (uint64_t kill = 1;; kill++) {
        struct world w = world_copy(&base);
        const struct fate fate = {.seed = seed, .kill_at = kill};
        assert_int_equal(process_run(&w, &fate, 0, NULL), MR_E_KILLED);
        int epoch = newest_epoch(&w);
        if (epoch > newest_epoch(&base) && !is_there(&w, "/table", epoch)) {
            mr_simdisk_close(base.disk);
            newest_files(&w, file_mend);
            assert_true(w.mended > 0);
            return w;
        }
        mr_simdisk_close(w.disk);
    }
}

/* The life that plans the epoch again dies at each operation; half of the time what is still not
 * in the table is mended once more. Nothing else happens, so the epoch stays the newest. */
static uint32_t mended_kills(const struct world *base, bool kill_after)
{
    uint32_t deaths = 0;
    for (uint64_t point = 1;; point++) {
        struct world w = world_copy(base);
        const struct fate fate = {.seed = base->seed, .kill_at = point, .kill_after = kill_after};
        mr_status status = process_run(&w, &fate, 0, NULL);
        if (point % (MR_CUT_COUNT + 1) < MR_CUT_COUNT) {
            mr_simdisk_cut(w.disk, (mr_cut)(point % (MR_CUT_COUNT + 1)), point);
        }
        bool is_open = !is_there(&w, "/table", newest_epoch(&w));
        if (is_open && point % 2 == 0) newest_files(&w, file_mend);
        const struct fate clean = {.seed = point};
        assert_int_equal(process_run(&w, &clean, 0, NULL), MR_OK);
        assert_claim(&w);
        newest_files(&w, file_assert_mended);
        mr_simdisk_close(w.disk);
        if (status == MR_OK) return deaths;
        assert_int_equal(status, MR_E_KILLED);
        deaths++;
    }
}

static void test_kill_while_mended(void **state)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct world w = world_mended(seed, seed % 2 == 0);
        assert_true(mended_kills(&w, seed % 4 < 2) > 30);
        mr_simdisk_close(w.disk);
    }
}

/* Every operation of that life fails once, or an allocation does. */
static void test_fail_while_mended(void **state)
{
    static const char *const errors[] = {"EIO", "ENOSPC", "EINTR", "EACCES", "short:1", "lost:EIO"};
    struct world base = world_mended(5, true);
    uint32_t failures = 0;
    for (uint64_t point = 1; point <= 300; point++) {
        char rule[64];
        struct world w = world_copy(&base);
        snprintf(rule, sizeof rule, "any#%d=%s", (int)point, errors[point % MR_COUNT_OF(errors)]);
        const struct fate faulty = {.seed = 5, .fault = rule};
        const struct fate short_of_memory = {.seed = 5, .fail_take = point / 2 + 1};
        failures += process_run(&w, point % 2 == 0 ? &faulty : &short_of_memory, 0, NULL) != MR_OK;
        finish(&w, point);
    }
    assert_true(failures > 50);
    mr_simdisk_close(base.disk);
}

/* Several lives, each ended by a kill at a random operation and perhaps a power cut; in between the
 * newest epoch's files may be mended. */
static void many_lives(uint64_t seed)
{
    struct world w = world_make(seed, seed % 2 == 0);
    struct mr_rng rng;
    mr_rng_init(&rng, seed * 77);
    for (int life = 0; life < 5; life++) {
        const struct fate fate = {
            .seed = mr_rng_next(&rng),
            .kill_at = 1 + mr_rng_below(&rng, 250 + life * 50),
            .kill_after = mr_rng_below(&rng, 2) == 0,
        };
        (void)process_run(&w, &fate, 2, NULL);
        if (mr_rng_below(&rng, 2) == 0) {
            mr_simdisk_cut(w.disk, (mr_cut)mr_rng_below(&rng, MR_CUT_COUNT), seed);
        }
        if (mr_rng_below(&rng, 2) == 0) newest_files(&w, file_mend);
    }
    finish(&w, seed);
}

/* MR_SEED runs one seed, MR_SEEDS that many. */
static void test_many_lives(void **state)
{
    const char *seeds = getenv("MR_SEEDS"), *one = getenv("MR_SEED");
    uint64_t first = one == NULL ? 1 : strtoull(one, NULL, 10);
    uint64_t last = one != NULL ? first : seeds == NULL ? 100 : strtoull(seeds, NULL, 10);
    for (uint64_t seed = first; seed <= last; seed++) many_lives(seed);
}

/* Two lives take different files as entry 0; the power fails after the second. An index that comes
 * back must not be the first one's: what has been taken back is synced before the number is used
 * again. */
static void test_entry_number_used_again(void **state)
{
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct world w = world_make(seed, false);
        uint64_t ops = 0;
        const struct fate probe_fate = {.seed = seed};
        struct world probe = world_copy(&w);
        assert_int_equal(process_run(&probe, &probe_fate, 0, &ops), MR_OK);
        mr_simdisk_close(probe.disk);
        for (uint64_t kill = ops / 4; kill < ops; kill += 3) {
            struct world copy = world_copy(&w);
            const struct fate first = {.seed = seed, .kill_at = kill};
            (void)process_run(&copy, &first, 0, NULL);
            produce_file(&copy, "/in/0.json"); /* older or newer: another choice */
            copy.next_us -= 2000000;
            produce(&copy, 3);
            const struct fate second = {.seed = seed + 1, .kill_at = kill + 20 + kill % 17};
            (void)process_run(&copy, &second, 0, NULL);
            mr_simdisk_cut(copy.disk, (mr_cut)(kill % MR_CUT_COUNT), kill + seed);
            finish(&copy, seed);
        }
        mr_simdisk_close(w.disk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_faults),       cmocka_unit_test(test_kill_everywhere),
        cmocka_unit_test(test_fail_everywhere), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_many_lives),      cmocka_unit_test(test_entry_number_used_again),
        cmocka_unit_test(test_kill_while_mended), cmocka_unit_test(test_fail_while_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

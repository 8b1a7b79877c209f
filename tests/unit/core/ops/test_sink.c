/* Shown, on the simulated disk and in little memory: rows of many partitions, mixed, become one
 * file for each partition, whose rows are all there in the order in which they came; rows beyond
 * the memory go through the spill file, of which nothing stays. Killed before any operation, every
 * file that is there is named by the staged list, and a second attempt is complete. Giving up after
 * any operation, or after any failing one, leaves no file and no memory behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/format/parquet/pq_reader.h"
#include "core/ops/sink.h"
#include "io/fault/fault.h"
#include "kernels/codec/codec.h"
#include "tests/support/sim.h"

#define TABLE "/data/t"
#define STAGED "/data/staged"
#define LIST STAGED "/7.3"

enum {
    EPOCH = 7,
    SHARD = 3,
    BATCHES = 12,
    ROWS = 400,
    PARTITIONS = 40,
    TEXT_BYTES = 300,
    MEMORY = 2 << 20,
    FILES_MAX = 512,
    STRIDE = 11, /* of the points that are tried */
};

struct fixture {
    struct mr_simdisk *disk;
    struct mr_sim *sim;
    struct mr_fault fault;
    struct mr_heap heap;
    struct mr_io *io;
    struct mr_arena types;
    struct mr_codec *codec;
    void *codec_memory;
    const struct mr_type *schema;
    const struct mr_type *file_schema;
    struct mr_sink_config config;
    struct mr_sink sink;
    struct mr_arena arena; /* of the batch at hand */
    struct mr_batch batch;
    bool has_batch;
    uint32_t batches; /* given to the sink so far */
    bool is_sealing;
    struct mr_err err;
};

/* Rows belong to partitions by chance, but the same each time. */
static uint32_t partition_of(uint32_t row)
{
    struct mr_rng rng;
    mr_rng_init(&rng, row + 1);
    return (uint32_t)mr_rng_below(&rng, PARTITIONS);
}

static void wake(void *ctx)
{
    (void)ctx;
}

static mr_status partition_text(void *ctx, const struct mr_batch *batch, uint32_t row,
                                struct mr_text *out_folder, struct mr_text *out_values,
                                struct mr_err *err)
{
    int32_t p = ((const int32_t *)batch->cols[1].values)[row];
    (void)ctx;
    mr_text_addf(out_folder, "p=%d/", p);
    mr_text_addf(out_values, "{\"p\":\"%d\"}", p);
    MR_TRY(mr_text_end(out_folder, err));
    return mr_text_end(out_values, err);
}

static mr_status file_stats(void *ctx, const struct mr_pq_writer *writer, struct mr_arena *scratch,
                            struct mr_text *out_stats, struct mr_err *err)
{
    (void)ctx;
    (void)writer;
    (void)scratch;
    mr_text_adds(out_stats, "{}");
    return mr_text_end(out_stats, err);
}

static void open_sink(struct fixture *f)
{
    static const uint32_t file_columns[] = {0, 2}, partition_columns[] = {1};
    const struct mr_field fields[] = {
        {MR_SPAN("id"), mr_type_of(MR_TYPE_INT), true, {0}},
        {MR_SPAN("p"), mr_type_of(MR_TYPE_INT), true, {0}},
        {MR_SPAN("text"), mr_type_of(MR_TYPE_STRING), true, {0}},
    };
    const struct mr_field kept[] = {fields[0], fields[2]};
    f->schema = mr_type_struct(&f->types, fields, 3);
    f->file_schema = mr_type_struct(&f->types, kept, 2);
    f->config = (struct mr_sink_config){
        .io = f->io,
        .heap = &f->heap,
        .waker = {wake, NULL},
        .table_path = TABLE,
        .staged_folder = STAGED,
        .shard = SHARD,
        .schema = f->schema,
        .file_schema = f->file_schema,
        .file_columns = file_columns,
        .partition_columns = partition_columns,
        .partition_count = 1,
        .options = {.codec = f->codec, .codec_id = MR_CODEC_NONE},
        .memory_bytes = MEMORY,
        .target_bytes = 1 << 30,
        .partition_text = partition_text,
        .file_stats = file_stats,
    };
    mr_sink_init(&f->sink, &f->config);
}

/* A process on `disk`. `rule` of the fault filter, or null. */
static void fixture_init(struct fixture *f, struct mr_simdisk *disk, const char *rule,
                         uint64_t kill_at)
{
    const struct mr_sim_options options = {
        .seed = 1, .kill_at = kill_at, .turns_max = 10 * 1000 * 1000};
    const struct mr_codec_limits limits = {0};
    memset(f, 0, sizeof *f);
    f->disk = disk;
    f->sim = mr_sim_open(f->disk, &options);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->types, &f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    f->codec_memory = mr_heap_take(&f->heap, mr_codec_footprint(&limits));
    assert_non_null(f->codec_memory);
    assert_int_equal(mr_codec_init(f->codec_memory, &limits, &f->codec, NULL), MR_OK);
    f->io = mr_sim_io(f->sim, "shard");
    mr_fault_init(&f->fault);
    if (rule != NULL) {
        assert_int_equal(mr_fault_parse(&f->fault, mr_span_of(rule), &f->err), MR_OK);
        assert_int_equal(mr_fault_open(&f->heap, &f->fault, f->io, &f->io, &f->err), MR_OK);
    }
    open_sink(f);
    assert_int_equal(mr_sink_begin(&f->sink, EPOCH, &f->err), MR_OK);
}

static void fixture_fini(struct fixture *f)
{
    const struct mr_codec_limits limits = {0};
    mr_sink_reset(&f->sink);
    mr_sink_fini(&f->sink);
    if (f->has_batch) mr_batch_fini(&f->batch);
    mr_arena_fini(&f->arena);
    mr_arena_fini(&f->types);
    mr_heap_give(&f->heap, f->codec_memory, mr_codec_footprint(&limits));
    mr_io_close(f->io);
    mr_sim_close(f->sim);
    assert_int_equal(f->heap.used_bytes, 0);
}

static struct mr_simdisk *disk_open(void)
{
    struct mr_simdisk *disk = mr_simdisk_open();
    mr_simdisk_put(disk, TABLE "/keep", MR_SPAN("x"));
    mr_simdisk_put(disk, STAGED "/keep", MR_SPAN("x"));
    return disk;
}

static void make_batch(struct fixture *f)
{
    struct mr_batch *batch = &f->batch;
    struct mr_rng rng;
    mr_batch_init(batch, &f->arena, f->schema);
    mr_rng_init(&rng, f->batches);
    batch->cols = MR_ARENA_ARRAY(&f->arena, struct mr_vec, 3);
    assert_non_null(batch->cols);
    for (uint32_t c = 0; c < 3; c++) {
        assert_int_equal(mr_vec_alloc(&batch->cols[c], &f->arena, f->schema->fields[c].type, ROWS,
                                      false, &batch->bufs, NULL),
                         MR_OK);
    }
    char *text = mr_arena_alloc(&f->arena, (size_t)ROWS * TEXT_BYTES + MR_PAD, 64);
    assert_non_null(text);
    for (size_t i = 0; i < (size_t)ROWS * TEXT_BYTES; i += 8) {
        uint64_t word = mr_rng_next(&rng) & UINT64_C(0x7f7f7f7f7f7f7f7f);
        memcpy(text + i, &word, sizeof word);
    }
    (void)mr_batch_add_buf(batch, text);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t row = f->batches * ROWS + i;
        ((int32_t *)batch->cols[0].values)[i] = (int32_t)row;
        ((int32_t *)batch->cols[1].values)[i] = (int32_t)partition_of(row);
        ((struct mr_view *)batch->cols[2].values)[i] =
            mr_view_of(text + (size_t)i * TEXT_BYTES, TEXT_BYTES, 0, i * TEXT_BYTES);
    }
    batch->rows = batch->sel_count = ROWS;
    f->has_batch = true;
    f->batches++;
}

/* One step of the epoch, as a worker makes it. returns MR_OK to go on, MR_E_AGAIN to wait */
static mr_status step(struct fixture *f)
{
    MR_TRY(mr_sink_step(&f->sink, &f->err));
    if (f->is_sealing) return MR_OK;
    if (f->has_batch) {
        if (mr_sink_has_batch(&f->sink)) return MR_E_AGAIN;
        mr_batch_fini(&f->batch);
        f->has_batch = false;
    }
    if (f->batches == BATCHES) {
        f->is_sealing = true;
        return mr_sink_seal(&f->sink, &f->err);
    }
    if (mr_sink_is_busy(&f->sink)) return MR_E_AGAIN;
    make_batch(f);
    return mr_sink_append(&f->sink, &f->batch, &f->err);
}

/* Runs the epoch until `ops` operations are done, or to its seal. */
static mr_status run_until(struct fixture *f, uint64_t ops)
{
    while (f->sink.state != MR_SINK_SEALED && mr_sim_op_count(f->sim) < ops) {
        mr_status status = step(f);
        if (status == MR_E_AGAIN) {
            (void)mr_io_run(f->io, -1);
        } else if (status != MR_OK) {
            return status;
        }
    }
    return MR_OK;
}

static void stop(struct fixture *f)
{
    mr_sink_stop(&f->sink, false);
    while (f->sink.state != MR_SINK_STOPPED) {
        mr_status status = mr_sink_step(&f->sink, &f->err);
        if (status == MR_E_AGAIN) (void)mr_io_run(f->io, -1);
    }
}

/* ---- what is on the disk --------------------------------------------------------------------- */

struct found {
    struct mr_simdisk *disk;
    const char *folder;
    char (*paths)[200]; /* below the table's folder */
    uint32_t *count;
};

static void look(const struct found *found);

static int see(void *ctx, const char *name, const struct mr_io_stat *stat)
{
    const struct found *found = ctx;
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", found->folder, name);
    if (stat->kind == MR_FILE_DIRECTORY) {
        struct found below = *found;
        below.folder = path;
        look(&below);
    } else if (strcmp(name, "keep") != 0) {
        assert_true(*found->count < FILES_MAX);
        (void)snprintf(found->paths[(*found->count)++], 200, "%s", path + sizeof TABLE);
    }
    return 0;
}

static void look(const struct found *found)
{
    struct mr_io_list list = {.entry = see, .ctx = (void *)(uintptr_t)found};
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_LIST);
    op.path = found->folder;
    op.list = &list;
    assert_true(mr_simdisk_perform(found->disk, 99, &op, 0) >= 0);
}

static uint32_t files(struct mr_simdisk *disk, char paths[FILES_MAX][200])
{
    uint32_t count = 0;
    const struct found found = {.disk = disk, .folder = TABLE, .paths = paths, .count = &count};
    look(&found);
    return count;
}

/* Rows of one file: of its partition, ascending; `seen` counts them. */
static void check_file(struct mr_simdisk *disk, const struct mr_sink_file *file, uint8_t *seen)
{
    const struct mr_pq_reader_limits bounds = {0};
    const struct mr_codec_limits limits = {0};
    struct mr_pq_reader *reader;
    struct mr_codec *codec;
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_span content;
    struct mr_err err;
    char path[300], folder[32];
    int32_t before = -1;
    uint32_t rows = 0;
    bool has_rows;
    (void)snprintf(path, sizeof path, TABLE "/%s", file->relative);
    assert_true(mr_simdisk_get(disk, path, &content));
    assert_int_equal(content.bytes, file->bytes);
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    char *copy = mr_heap_take(&heap, content.bytes);
    void *memory = mr_heap_take(&heap, mr_codec_footprint(&limits));
    memcpy(copy, content.text, content.bytes);
    assert_int_equal(mr_codec_init(memory, &limits, &codec, &err), MR_OK);
    assert_int_equal(mr_pq_reader_open(&heap, codec, (struct mr_span){copy, content.bytes},
                                       &bounds, &reader, &err), MR_OK);
    for (;;) {
        assert_int_equal(mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err), MR_OK);
        if (!has_rows) break;
        for (uint32_t i = 0; i < batch.rows; i++, rows++) {
            int32_t id = ((const int32_t *)batch.cols[0].values)[i];
            assert_in_range(id, before + 1, BATCHES * ROWS - 1);
            before = id;
            seen[id]++;
            (void)snprintf(folder, sizeof folder, "p=%u/", partition_of((uint32_t)id));
            assert_memory_equal(file->relative, folder, strlen(folder));
            assert_int_equal(mr_vec_span(&batch.cols[1], i).bytes, TEXT_BYTES);
        }
        mr_batch_fini(&batch);
    }
    assert_int_equal(rows, file->rows);
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
    mr_heap_give(&heap, copy, content.bytes);
    mr_heap_give(&heap, memory, mr_codec_footprint(&limits));
}

/* The epoch is sealed: one file a partition, every row in one of them, nothing else. */
static void check_complete(struct fixture *f)
{
    static char paths[FILES_MAX][200];
    static uint8_t seen[BATCHES * ROWS];
    uint32_t count = 0;
    memset(seen, 0, sizeof seen);
    for (const struct mr_sink_file *file = f->sink.files; file != NULL; file = file->next) {
        check_file(f->disk, file, seen);
        count++;
    }
    assert_int_equal(count, PARTITIONS);
    assert_int_equal(files(f->disk, paths), PARTITIONS);
    for (uint32_t i = 0; i < BATCHES * ROWS; i++) assert_int_equal(seen[i], 1);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void test_complete(void **state)
{
    struct fixture f;
    struct mr_simdisk *disk = disk_open();
    (void)state;
    fixture_init(&f, disk, NULL, 0);
    assert_in_range(f.sink.open_max, 4, PARTITIONS / 2);
    while (!f.is_sealing) {
        assert_int_equal(run_until(&f, mr_sim_op_count(f.sim) + 1), MR_OK);
        assert_true(f.sink.memory.heap.used_bytes <= MEMORY + MEMORY / 2);
    }
    assert_true(f.sink.runs.run_count >= 2);
    assert_int_equal(run_until(&f, UINT64_MAX), MR_OK);
    check_complete(&f);
    fixture_fini(&f);
    mr_simdisk_close(disk);
}

/* Partitions that come one after the other are written as they come. */
static void test_in_turn(void **state)
{
    struct fixture f;
    struct mr_simdisk *disk = disk_open();
    (void)state;
    fixture_init(&f, disk, NULL, 0);
    f.sink.open_max = 2;
    for (uint32_t p = 0; p < 400; p++) { /* for longer than an open file may idle */
        while (f.sink.state == MR_SINK_OPENING || mr_sink_is_busy(&f.sink)) {
            assert_int_not_equal(mr_sink_step(&f.sink, &f.err), MR_E_NOMEM);
            (void)mr_io_run(f.io, -1);
        }
        make_batch(&f);
        f.batches = 0;
        for (uint32_t i = 0; i < ROWS; i++) {
            ((int32_t *)f.batch.cols[1].values)[i] = (int32_t)(p / 100);
        }
        assert_int_equal(mr_sink_append(&f.sink, &f.batch, &f.err), MR_OK);
        while (mr_sink_has_batch(&f.sink)) {
            mr_status status = mr_sink_step(&f.sink, &f.err);
            if (status == MR_E_AGAIN) (void)mr_io_run(f.io, -1);
        }
        mr_batch_fini(&f.batch);
        f.has_batch = false;
    }
    /* The third one took the place of the first, the fourth that of the second. */
    assert_int_equal(f.sink.runs.rows, 0);
    stop(&f);
    fixture_fini(&f);
    mr_simdisk_close(disk);
}

static void test_kill_anywhere(void **state)
{
    static char paths[FILES_MAX][200];
    bool is_dead = true;
    uint32_t left = 0, spills = 0;
    (void)state;
    for (uint64_t kill_at = 1; is_dead; kill_at += STRIDE) {
        struct fixture f;
        struct mr_simdisk *disk = disk_open();
        struct mr_span list = MR_SPAN("");
        char path[300];
        fixture_init(&f, disk, NULL, kill_at);
        mr_status status = run_until(&f, UINT64_MAX);
        is_dead = mr_sim_is_dead(f.sim);
        assert_true(is_dead || status == MR_OK);
        stop(&f);
        fixture_fini(&f);
        (void)mr_simdisk_get(disk, LIST, &list);
        uint32_t count = is_dead ? files(disk, paths) : 0;
        for (uint32_t i = 0; i < count; i++) {
            if (memmem(list.text, list.bytes, paths[i], strlen(paths[i])) == NULL) {
                fail_msg("killed at %d: %s is not listed", (int)kill_at, paths[i]);
            }
            spills += strncmp(paths[i], "runs-", 5) == 0;
            struct mr_io_op op;
            mr_io_op_init(&op, MR_IO_UNLINK);
            (void)snprintf(path, sizeof path, TABLE "/%s", paths[i]);
            op.path = path;
            assert_int_equal(mr_simdisk_perform(disk, 99, &op, 0), 0);
        }
        left += count;
        if (is_dead && kill_at % 3 == 0) { /* the next start */
            fixture_init(&f, disk, NULL, 0);
            assert_int_equal(run_until(&f, UINT64_MAX), MR_OK);
            check_complete(&f);
            fixture_fini(&f);
        }
        mr_simdisk_close(disk);
    }
    assert_true(left > 50);
    assert_true(spills <= 2); /* there is a name for an operation or two */
}

static void test_stop_anywhere(void **state)
{
    static char paths[FILES_MAX][200];
    bool is_through = false;
    (void)state;
    for (uint64_t ops = 0; !is_through; ops += STRIDE) {
        struct fixture f;
        struct mr_simdisk *disk = disk_open();
        fixture_init(&f, disk, NULL, 0);
        assert_int_equal(run_until(&f, ops), MR_OK);
        is_through = f.sink.state == MR_SINK_SEALED;
        stop(&f);
        assert_int_equal(files(disk, paths), 0);
        fixture_fini(&f);
        mr_simdisk_close(disk);
    }
}

static void test_failures(void **state)
{
    static const char *const faults[] = {"EIO", "ENOSPC", "EACCES"};
    static char paths[FILES_MAX][200];
    bool is_through = false;
    (void)state;
    for (uint32_t point = 1; !is_through; point += STRIDE) {
        struct fixture f;
        struct mr_simdisk *disk = disk_open();
        char rule[64];
        (void)snprintf(rule, sizeof rule, "any#%u=%s", point, faults[point % MR_COUNT_OF(faults)]);
        fixture_init(&f, disk, rule, 0);
        mr_status status = run_until(&f, UINT64_MAX);
        is_through = status == MR_OK;
        if (is_through) check_complete(&f);
        if (!is_through) {
            assert_true(f.err.code == 5101 || f.err.code == 5102 || f.err.code == 5107);
            assert_non_null(strstr(f.err.message, "/data/"));
        }
        stop(&f);
        if (!is_through) assert_int_equal(files(disk, paths), 0);
        fixture_fini(&f);
        mr_simdisk_close(disk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),      cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_kill_anywhere), cmocka_unit_test(test_stop_anywhere),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Shown: a scan of a Parquet file over the simulated disk gives the rows that a reader of the same
 * bytes in memory gives, in whatever order reads complete: with footers inside and in front of the
 * tail that is guessed, with the size known or asked for, with metadata of an earlier scan, with
 * predicates, with reads that come short or interrupted. Every operation fails in turn; a file cut
 * anywhere, or shorter than it was said to be, is an error; a scan stopped at any moment leaves
 * nothing behind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/format/parquet/pq_writer.h"
#include "core/ops/pq_scan.h"
#include "io/fault/fault.h"
#include "tests/support/batch_gen.h"
#include "tests/support/sim.h"

#define PATH "/t/a.parquet"

enum { SEED = 3, ROWS = 3000, SEEDS = 6, CUTS = 60 };

static struct mr_heap outer;
static struct mr_codec *codec;
static const struct mr_codec_limits codec_limits = {0};

/* What a scan came to. */
struct outcome {
    mr_status status;
    struct mr_err err;
    struct mr_text rows; /* as JSON */
    uint64_t bytes_read;
    bool is_stopped; /* early, by the test */
};

struct plan {
    uint64_t seed;
    const char *fault;                       /* rules of io/fault, or null */
    uint64_t bytes;                          /* of mr_pq_scan_file */
    uint32_t stop_after;                     /* turns of the loop, 0 = never */
    const struct mr_pq_predicate *predicate; /* or null */
    bool is_meta_known; /* a first scan gives the metadata to the one that is looked at */
};

static void wake_nobody(void *ctx)
{
    (void)ctx;
}

static void rows_add(const struct mr_batch *batch, struct mr_text *out)
{
    mr_batch_check(batch);
    for (uint32_t i = 0; i < batch->rows; i++) {
        for (uint32_t c = 0; c < batch->schema->field_count; c++) {
            mr_value_write_json(&batch->cols[c], i, out);
        }
        mr_text_addc(out, '\n');
    }
}

static mr_status scan_open(struct mr_pq_scan *scan, struct mr_io *io, struct mr_pq_reader **out,
                           struct mr_err *err)
{
    mr_status status;
    while ((status = mr_pq_scan_open(scan, out, err)) == MR_E_AGAIN) (void)mr_io_run(io, -1);
    return status;
}

/* One file, until its end, an error, or `stop_after` turns. */
static void scan_file(struct mr_pq_scan *scan, struct mr_io *io, const struct plan *plan,
                      struct outcome *out)
{
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    bool has_rows = true;
    uint32_t turns = 0;
    mr_arena_init(&arena, scan->heap, 0);
    do {
        out->is_stopped = plan->stop_after > 0 && ++turns > plan->stop_after;
        if (out->is_stopped) break;
        out->status = mr_pq_scan_open(scan, &reader, &out->err);
        if (out->status == MR_E_AGAIN) (void)mr_io_run(io, -1);
    } while (out->status == MR_E_AGAIN);
    if (!out->is_stopped && out->status == MR_OK && plan->predicate != NULL) {
        out->status = mr_pq_reader_filter(reader, plan->predicate, &out->err);
    }
    while (!out->is_stopped && out->status == MR_OK && has_rows) {
        struct mr_batch batch;
        out->is_stopped = plan->stop_after > 0 && ++turns > plan->stop_after;
        if (out->is_stopped) break;
        out->status = mr_pq_scan_next(scan, &arena, &batch, &has_rows, &out->err);
        if (out->status == MR_E_AGAIN) {
            (void)mr_io_run(io, -1);
            out->status = MR_OK;
        } else if (out->status == MR_OK && has_rows) {
            rows_add(&batch, &out->rows);
            mr_batch_fini(&batch);
        }
    }
    mr_arena_fini(&arena);
}

static void scan_stop(struct mr_pq_scan *scan, struct mr_io *io)
{
    while (!mr_pq_scan_stop(scan)) (void)mr_io_run(io, -1);
}

static void scan_run(struct mr_simdisk *disk, const struct plan *plan, struct outcome *out)
{
    const struct mr_sim_options options = {.seed = plan->seed};
    const struct mr_pq_reader_limits limits = {.request_bytes = 20000, .batch_rows = 700};
    const struct mr_waker waker = {wake_nobody, NULL};
    struct mr_sim *sim = mr_sim_open(disk, &options);
    struct mr_io *io = mr_sim_io(sim, "scan");
    struct mr_pq_scan first, scan;
    struct mr_pq_reader *reader;
    struct mr_fault fault;
    struct mr_heap heap;
    mr_heap_init(&heap, 0);
    *out = (struct outcome){0};
    mr_text_init(&out->rows, &outer);
    mr_fault_init(&fault);
    if (plan->fault != NULL) {
        assert_int_equal(mr_fault_parse(&fault, mr_span_of(plan->fault), &out->err), MR_OK);
        assert_int_equal(mr_fault_open(&outer, &fault, io, &io, &out->err), MR_OK);
    }
    struct mr_pq_scan_file file = {.path = PATH, .bytes = plan->bytes};
    mr_pq_scan_init(&first, io, &heap, codec, &limits, waker);
    mr_pq_scan_init(&scan, io, &heap, codec, &limits, waker);
    if (plan->is_meta_known) {
        mr_pq_scan_begin(&first, &file);
        assert_int_equal(scan_open(&first, io, &reader, NULL), MR_OK);
        file.meta = mr_pq_reader_meta(reader);
    }
    mr_pq_scan_begin(&scan, &file);
    scan_file(&scan, io, plan, out);
    out->bytes_read = scan.bytes_read;
    scan_stop(&scan, io);
    scan_stop(&first, io);
    mr_pq_scan_fini(&scan);
    mr_pq_scan_fini(&first);
    mr_io_close(io);
    mr_sim_close(sim);
    assert_int_equal(heap.used_bytes, 0);
}

/* A file with many columns, so that its footer is longer than what is read first when `is_wide`. */
static void file_make(bool is_wide, struct mr_text *out)
{
    struct mr_arena schema_arena, arena;
    struct mr_batch_gen gen = {.nulls = MR_GEN_NULLS_SOME,
                               .distinct = 60,
                               .list_max = 2,
                               .text_max = 40,
                               .is_sorted = true};
    const struct mr_pq_writer_options options = {.codec = codec,
                                                 .codec_id = MR_CODEC_ZSTD,
                                                 .kernels = mr_encode_kernels(mr_isa_best()),
                                                 .row_group_rows = is_wide ? 100 : 1000,
                                                 .page_rows = 100};
    struct mr_pq_writer *writer;
    struct mr_pq_piece piece;
    struct mr_batch batch;
    mr_rng_init(&gen.rng, SEED);
    mr_arena_init(&schema_arena, &outer, 0);
    mr_arena_init(&arena, &outer, 0);
    mr_text_init(out, &outer);
    const struct mr_type *schema = mr_batch_gen_schema(&gen, &schema_arena, 1);
    assert_int_equal(mr_pq_writer_open(&outer, schema, &options, &writer, NULL), MR_OK);
    for (uint32_t rows = 0; rows < ROWS; rows += 500) {
        mr_batch_gen_make(&gen, &arena, schema, 500, &batch);
        for (uint32_t i = 0; i < (is_wide ? 5u : 1u); i++) {
            uint32_t sel[100];
            for (uint32_t k = 0; k < 100; k++) sel[k] = i * 100 + k;
            if (is_wide) batch.sel = sel;
            if (is_wide) batch.sel_count = 100;
            assert_int_equal(mr_pq_writer_append(writer, &batch, NULL, NULL), MR_OK);
            while (mr_pq_writer_take(writer, &piece, 1) > 0) {
                mr_text_add(out, piece.at, piece.bytes);
                mr_pq_writer_give(writer, &piece);
            }
        }
        mr_batch_fini(&batch);
    }
    assert_int_equal(mr_pq_writer_seal(writer, NULL), MR_OK);
    while (mr_pq_writer_take(writer, &piece, 1) > 0) {
        mr_text_add(out, piece.at, piece.bytes);
        mr_pq_writer_give(writer, &piece);
    }
    mr_pq_writer_close(writer);
    mr_arena_fini(&arena);
    mr_arena_fini(&schema_arena);
}

static void memory_read(struct mr_span file, struct mr_text *out)
{
    const struct mr_pq_reader_limits limits = {0};
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    bool has_rows = true;
    mr_arena_init(&arena, &outer, 0);
    mr_text_init(out, &outer);
    assert_int_equal(mr_pq_reader_open(&outer, codec, file, &limits, &reader, NULL), MR_OK);
    for (;;) {
        struct mr_batch batch;
        assert_int_equal(mr_pq_reader_next(reader, &arena, &batch, &has_rows, NULL), MR_OK);
        if (!has_rows) break;
        rows_add(&batch, out);
        mr_batch_fini(&batch);
    }
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
}

static void same_rows(const struct outcome *got, const struct mr_text *want)
{
    if (got->status != MR_OK) printf("%s\n", got->err.message);
    assert_int_equal(got->status, MR_OK);
    assert_int_equal(got->rows.used, want->used);
    assert_memory_equal(got->rows.at, want->at, want->used);
}

static void test_reads(void **state)
{
    static const char *const faults[] = {NULL, "read=short:1000", "read#3=EINTR;read#7=EAGAIN",
                                         "read#2=short:1;read#5+=short:3000"};
    (void)state;
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        struct mr_simdisk *disk = mr_simdisk_open();
        struct mr_text file, want;
        file_make(is_wide, &file);
        struct mr_span span = mr_text_span(&file);
        struct mr_pq_place place;
        assert_int_equal(mr_pq_footer_place(span, span.bytes, &place, NULL), MR_OK);
        assert_true((span.bytes - place.off > MR_PQ_TAIL_GUESS) == (is_wide == 1));
        memory_read(span, &want);
        mr_simdisk_put(disk, PATH, span);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            const struct plan plan = {.seed = seed,
                                      .fault = faults[seed % MR_COUNT_OF(faults)],
                                      .bytes = seed % 2 == 0 ? 0 : span.bytes,
                                      .is_meta_known = seed % 3 == 2};
            struct outcome out;
            scan_run(disk, &plan, &out);
            same_rows(&out, &want);
            mr_text_fini(&out.rows);
        }
        mr_text_fini(&file);
        mr_text_fini(&want);
        mr_simdisk_close(disk);
    }
}

/* The largest value of the long column c4 among the first rows. */
static int64_t long_among(struct mr_span file, uint32_t rows)
{
    const struct mr_pq_reader_limits limits = {.batch_rows = rows};
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    struct mr_batch batch;
    int64_t most = INT64_MIN;
    bool has_rows;
    mr_arena_init(&arena, &outer, 0);
    assert_int_equal(mr_pq_reader_open(&outer, codec, file, &limits, &reader, NULL), MR_OK);
    assert_int_equal(mr_pq_reader_next(reader, &arena, &batch, &has_rows, NULL), MR_OK);
    for (uint32_t i = 0; i < batch.rows; i++) {
        if (!mr_vec_is_null(&batch.cols[4], i)) most = MR_MAX(most, mr_vec_i64(&batch.cols[4], i));
    }
    assert_int_equal(batch.cols[4].type->id, MR_TYPE_LONG);
    mr_batch_fini(&batch);
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
    return most;
}

/* A predicate that few pages can match: fewer bytes are read, and the rows are some of all. */
static void test_predicate(void **state)
{
    (void)state;
    const struct mr_span path = MR_SPAN("c4"); /* it ascends */
    union mr_pq_constant low;
    const struct mr_pq_term term = {
        .path = &path, .path_count = 1, .op = MR_PQ_LT, .constants = &low, .constant_count = 1};
    const struct mr_pq_predicate predicate = {.terms = &term, .count = 1};
    struct mr_simdisk *disk = mr_simdisk_open();
    struct mr_text file;
    file_make(false, &file);
    low.i64 = long_among(mr_text_span(&file), 150);
    mr_simdisk_put(disk, PATH, mr_text_span(&file));
    struct outcome all, some;
    scan_run(disk, &(const struct plan){.seed = 1}, &all);
    scan_run(disk, &(const struct plan){.seed = 1, .predicate = &predicate}, &some);
    assert_int_equal(all.status, MR_OK);
    assert_int_equal(some.status, MR_OK);
    printf("%llu bytes of %llu read\n", (unsigned long long)some.bytes_read,
           (unsigned long long)all.bytes_read);
    assert_true(some.bytes_read < all.bytes_read * 3 / 4);
    assert_true(some.rows.used > 0 && some.rows.used < all.rows.used / 8);
    assert_memory_equal(some.rows.at, all.rows.at, some.rows.used);
    mr_text_fini(&all.rows);
    mr_text_fini(&some.rows);
    mr_text_fini(&file);
    mr_simdisk_close(disk);
}

static void test_failures(void **state)
{
    (void)state;
    struct mr_simdisk *disk = mr_simdisk_open();
    struct mr_text file, want;
    uint32_t n = 1;
    file_make(false, &file);
    memory_read(mr_text_span(&file), &want);
    mr_simdisk_put(disk, PATH, mr_text_span(&file));
    for (bool has_failed = true; has_failed; n++) {
        char rule[32];
        struct outcome out;
        (void)snprintf(rule, sizeof rule, "any#%u=EIO", n);
        scan_run(disk, &(const struct plan){.seed = n, .fault = rule}, &out);
        has_failed = out.status != MR_OK;
        if (has_failed) {
            assert_int_equal(out.err.code, 2001);
            assert_non_null(strstr(out.err.message, PATH));
        } else { /* the one that failed was the close, or there was none */
            same_rows(&out, &want);
        }
        mr_text_fini(&out.rows);
    }
    printf("%u operations failed in turn\n", n);
    assert_true(n > 5);
    mr_text_fini(&file);
    mr_text_fini(&want);
    mr_simdisk_close(disk);
}

static void test_cut_files(void **state)
{
    (void)state;
    struct mr_text file;
    struct mr_rng rng;
    mr_rng_init(&rng, SEED);
    file_make(false, &file);
    struct mr_span whole = mr_text_span(&file);
    for (uint32_t i = 0; i < CUTS; i++) {
        struct mr_simdisk *disk = mr_simdisk_open();
        struct mr_span cut = {whole.text, i < 20 ? i : mr_rng_below(&rng, whole.bytes)};
        struct outcome out;
        mr_simdisk_put(disk, PATH, cut);
        /* Its own size, and the one that it should have. */
        scan_run(disk, &(const struct plan){.seed = i, .bytes = i % 2 == 0 ? 0 : whole.bytes},
                 &out);
        assert_int_equal(out.status, MR_E_CORRUPT);
        assert_int_equal(out.err.code, 2510);
        mr_text_fini(&out.rows);
        mr_simdisk_close(disk);
    }
    mr_text_fini(&file);
}

static void test_stopped(void **state)
{
    (void)state;
    struct mr_simdisk *disk = mr_simdisk_open();
    struct mr_text file;
    struct outcome out = {.is_stopped = true};
    uint32_t turns = 1;
    file_make(false, &file);
    mr_simdisk_put(disk, PATH, mr_text_span(&file));
    for (; out.is_stopped; turns++) {
        scan_run(disk, &(const struct plan){.seed = turns, .stop_after = turns}, &out);
        mr_text_fini(&out.rows);
    }
    printf("stopped after up to %u turns\n", turns);
    assert_true(turns > 5);
    mr_text_fini(&file);
    mr_simdisk_close(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),     cmocka_unit_test(test_predicate),
        cmocka_unit_test(test_failures),  cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_stopped),
    };
    printf("seed %d\n", SEED);
    mr_heap_init(&outer, 0);
    void *memory = mr_heap_take(&outer, mr_codec_footprint(&codec_limits));
    if (memory == NULL || mr_codec_init(memory, &codec_limits, &codec, NULL) != MR_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mr_heap_give(&outer, memory, mr_codec_footprint(&codec_limits));
    return failed;
}

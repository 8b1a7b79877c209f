/* The path without its ends: lines of JSON in memory to the bytes of a Parquet file, one core, and
 * what decoding, encoding and the codec take of it. Unit: bytes of JSON, processor time. One JSON
 * line per codec: none (decode and encode alone), zstd (every page), adaptive (what tables get).
 * With `none` comes zstd-1 over the file's bytes in pieces of a page, which is what the codec costs
 * when nothing else is done. Before a speed is printed, each file is read back and its columns
 * have the sums of the reader's (column_sums.h).
 *
 *     bench_path --work clickstream --bytes 64MB --runs 5 [--isa avx2] [--only none]
 */
#include <stdlib.h>
#include <string.h>

#include "bench/kernel/bench_run.h"
#include "bench/kernel/column_sums.h"
#include "bench/kernel/json_input.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "core/format/parquet/pq_writer.h"

enum { RUNS = 5, PAGE_BYTES = 1 << 20 };

static const struct mode {
    const char *name;
    mr_codec_id codec;
    bool is_adaptive;
} modes[] = {{"none", MR_CODEC_NONE, false},
             {"zstd", MR_CODEC_ZSTD, false},
             {"adaptive", MR_CODEC_ZSTD, true}};

struct path {
    struct mr_json_input in;
    const struct mr_json_kernels *kernels;
    struct mr_codec *codec;
    const struct mode *mode;
    struct mr_pq_writer *writer; /* of the run */
    double encode_s;
    uint64_t file_bytes;
    struct mr_text *file;        /* when set, it gets the file's bytes */
    struct mr_column_sums *sums; /* when set, those of the reader */
};

struct path_times {
    struct mr_bench_times total;
    struct mr_bench_times decode;
    struct mr_bench_times encode; /* with the codec */
    struct mr_bench_times codec;  /* none: zstd-1 over the file's bytes */
};

/* ---- one run ---- */

static void open_writer(struct path *path, const struct mr_type *schema)
{
    struct mr_err err = {0};
    const struct mr_pq_writer_options options = {.codec = path->codec,
                                                 .kernels = mr_encode_kernels(path->kernels->isa),
                                                 .codec_id = path->mode->codec,
                                                 .is_adaptive = path->mode->is_adaptive};
    if (mr_pq_writer_open(&path->in.heap, schema, &options, &path->writer, &err) != MR_OK) {
        mr_bench_die(err.message);
    }
}

static void drain(struct path *path)
{
    struct mr_pq_piece piece;
    while (mr_pq_writer_take(path->writer, &piece, 1) == 1) {
        if (path->file != NULL) mr_text_add(path->file, (const char *)piece.at, piece.bytes);
        mr_pq_writer_give(path->writer, &piece);
    }
}

/* These two are functions of their own, for callgrind to count in them alone (bench/callgrind). */
__attribute__((noinline)) static void timed_append(struct path *path, struct mr_batch *batch)
{
    struct mr_err err = {0};
    if (path->writer == NULL) open_writer(path, batch->schema);
    if (mr_pq_writer_append(path->writer, batch, NULL, &err) != MR_OK) mr_bench_die(err.message);
    drain(path);
}

__attribute__((noinline)) static void timed_seal(struct path *path)
{
    struct mr_err err = {0};
    if (mr_pq_writer_seal(path->writer, &err) != MR_OK) mr_bench_die(err.message);
    drain(path);
    path->file_bytes = mr_pq_writer_bytes(path->writer);
    mr_pq_writer_close(path->writer);
    path->writer = NULL;
}

static void encode(void *ctx, struct mr_batch *batch)
{
    struct path *path = ctx;
    double from = mr_bench_cpu_s();
    timed_append(path, batch);
    path->encode_s += mr_bench_cpu_s() - from;
    if (path->sums != NULL) mr_column_sums_add(path->sums, batch);
}

static void run_once(struct path *path, struct path_times *times)
{
    double from = mr_bench_cpu_s();
    path->encode_s = 0;
    (void)mr_json_input_read(&path->in, path->kernels, encode, path);
    double sealed = mr_bench_cpu_s();
    timed_seal(path);
    double to = mr_bench_cpu_s();
    path->encode_s += to - sealed;
    if (times == NULL) return;
    mr_bench_times_add(&times->total, to - from);
    mr_bench_times_add(&times->encode, path->encode_s);
    mr_bench_times_add(&times->decode, to - from - path->encode_s);
}

/* ---- checking ---- */

static void read_back(struct path *path, struct mr_span file, struct mr_column_sums *sums)
{
    const struct mr_pq_reader_limits limits = {.memory_bytes = (size_t)4 << 30};
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_err err = {0};
    bool has_rows = true;
    mr_arena_init(&arena, &path->in.heap, 0);
    if (mr_pq_reader_open(&path->in.heap, path->codec, file, &limits, &reader, &err) != MR_OK) {
        mr_bench_die(err.message);
    }
    while (mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err) == MR_OK && has_rows) {
        mr_column_sums_add(sums, &batch);
        mr_batch_fini(&batch);
    }
    if (has_rows) mr_bench_die(err.message);
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
}

/* Makes the file once; its bytes stay in `file`. */
static void check(struct path *path, struct mr_text *file)
{
    struct mr_column_sums *sums = mr_bench_must(calloc(2, sizeof *sums));
    path->sums = &sums[0];
    path->file = file;
    run_once(path, NULL);
    path->sums = NULL;
    path->file = NULL;
    read_back(path, mr_text_span(file), &sums[1]);
    if (!mr_column_sums_equal(&sums[0], &sums[1])) mr_bench_die("the file's columns differ");
    free(sums);
}

/* ---- measuring ---- */

static double compress_all(struct path *path, struct mr_span file)
{
    static char out[2 * PAGE_BYTES];
    size_t bytes;
    double from = mr_bench_cpu_s();
    for (size_t at = 0; at < file.bytes; at += PAGE_BYTES) {
        size_t piece = MR_MIN(file.bytes - at, (size_t)PAGE_BYTES);
        if (mr_codec_compress(path->codec, MR_CODEC_ZSTD, file.text + at, piece, out, sizeof out,
                              &bytes, NULL) != MR_OK) {
            mr_bench_die("zstd");
        }
    }
    return mr_bench_cpu_s() - from;
}

static void print_mode(struct path *path, struct path_times *times, uint32_t runs)
{
    double megabytes = (double)path->in.bytes * 1e-6, gigabytes = megabytes * 1e-3;
    mr_bench_head("path");
    (void)printf(",\"codec\":\"%s\",\"isa\":\"%s\",\"work\":\"%s\",\"bytes\":%zu,\"lines\":%llu,"
                 "\"distinct\":%llu,\"file_bytes\":%llu",
                 path->mode->name, mr_isa_name(path->kernels->isa),
                 mr_work_name(path->in.work.kind), path->in.bytes,
                 (unsigned long long)path->in.lines, (unsigned long long)path->in.work.distinct,
                 (unsigned long long)path->file_bytes);
    mr_bench_rate(&times->total, "mb_s", megabytes);
    mr_bench_cost(&times->decode, "decode_s_gb", gigabytes);
    mr_bench_cost(&times->encode, "encode_s_gb", gigabytes);
    if (times->codec.count > 0) mr_bench_cost(&times->codec, "zstd_s_gb", gigabytes);
    (void)printf(",\"runs\":%u,\"is_checked\":true}\n", runs);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"only", "isa", "runs", MR_JSON_INPUT_NAMES, NULL};
    static struct path_times times[MR_COUNT_OF(modes)];
    const struct mr_codec_limits limits = {0};
    struct path path = {0};
    struct mr_text files[MR_COUNT_OF(modes)];
    mr_isa isas[MR_ISA_COUNT];
    mr_bench_check_arguments(argc, argv, names);
    const char *only = mr_bench_argument(argc, argv, "only");
    uint32_t isa_count = mr_bench_isas(argc, argv, isas);
    uint32_t runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    mr_json_input_open(&path.in, argc, argv);
    path.kernels = mr_json_kernels(isas[isa_count - 1]);
    void *memory = mr_bench_must(mr_heap_take(&path.in.heap, mr_codec_footprint(&limits)));
    if (mr_codec_init(memory, &limits, &path.codec, NULL) != MR_OK) mr_bench_die("codec");
    for (uint32_t run = 0; run <= runs; run++) {
        for (size_t i = 0; i < MR_COUNT_OF(modes); i++) {
            path.mode = &modes[i];
            if (only != NULL && strcmp(only, modes[i].name) != 0) continue;
            if (run == 0) {
                mr_text_init(&files[i], &path.in.heap);
                check(&path, &files[i]);
                continue;
            }
            run_once(&path, &times[i]);
            if (modes[i].codec == MR_CODEC_NONE) {
                mr_bench_times_add(&times[i].codec, compress_all(&path, mr_text_span(&files[i])));
            }
            if (run < runs) continue;
            print_mode(&path, &times[i], runs);
            mr_text_fini(&files[i]);
        }
    }
    mr_heap_give(&path.in.heap, memory, mr_codec_footprint(&limits));
    mr_json_input_close(&path.in);
    return 0;
}

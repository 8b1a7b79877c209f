/* Nanoseconds a value takes from a record batch to Parquet pages, by type and number of distinct
 * values, before the codec and with zstd-1. Unit of work: one value of one column, 1,000,000 rows
 * in batches of 4,096. Prints a JSON line for each; a repetition's file has to be the same to the
 * byte as the first one's before its time counts.
 *
 *     bench_segment [FOLDER]      with a folder: the files are left there, for size and read times
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/format/parquet/pq_writer.h"
#include "kernels/codec/crc.h"

enum { ROWS = 1000 * 1000, REPEATS = 5, TEXT_BYTES = 24, SEED = 3 };

struct bench_case {
    const char *name;
    mr_type_id type;
    uint32_t distinct;   /* 0 = every row its own */
    uint32_t null_parts; /* one in this many is null; 0 = none */
};

static const struct bench_case cases[] = {
    {"long-2", MR_TYPE_LONG, 2, 0},
    {"long-100", MR_TYPE_LONG, 100, 0},
    {"long-10000", MR_TYPE_LONG, 10000, 0},
    {"long-unique", MR_TYPE_LONG, 0, 0},
    {"double-unique", MR_TYPE_DOUBLE, 0, 0},
    {"int-100-nulls", MR_TYPE_INT, 100, 10},
    {"boolean", MR_TYPE_BOOLEAN, 2, 0},
    {"timestamp-unique", MR_TYPE_TIMESTAMP, 0, 0},
    {"string-2", MR_TYPE_STRING, 2, 0},
    {"string-100", MR_TYPE_STRING, 100, 0},
    {"string-10000", MR_TYPE_STRING, 10000, 0},
    {"string-unique", MR_TYPE_STRING, 0, 0},
};

struct bench_data {
    struct mr_arena arena;
    const struct mr_type *schema;
    struct mr_batch *batches;
    uint32_t batch_count;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_segment: %s\n", what);
    exit(1);
}

static void *must(void *at)
{
    if (at == NULL) die("out of memory");
    return at;
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t scrambled(uint64_t value)
{
    struct mr_rng one;
    mr_rng_init(&one, value);
    return mr_rng_next(&one);
}

static void fill_text(struct mr_vec *vec, uint32_t row, uint64_t value, char *texts)
{
    char *at = texts + (size_t)row * TEXT_BYTES;
    int bytes = snprintf(at, TEXT_BYTES, "user-%llu", (unsigned long long)(value % 100000000000));
    ((struct mr_view *)vec->values)[row] = mr_view_of(at, (uint32_t)bytes, 0, row * TEXT_BYTES);
}

static void fill_batch(struct bench_data *data, const struct bench_case *one, struct mr_rng *rng,
                       uint64_t first_row, uint32_t rows, struct mr_batch *batch)
{
    mr_batch_init(batch, NULL, data->schema);
    batch->rows = batch->sel_count = rows;
    batch->cols = must(MR_ARENA_NEW(&data->arena, struct mr_vec));
    struct mr_vec *vec = batch->cols;
    bool has_nulls = one->null_parts > 0;
    if (mr_vec_alloc(vec, &data->arena, data->schema->fields[0].type, rows, has_nulls, &batch->bufs,
                     NULL) != MR_OK) {
        die("out of memory");
    }
    char *texts = must(mr_arena_alloc(&data->arena, (size_t)rows * TEXT_BYTES + MR_PAD, 64));
    (void)mr_batch_add_buf(batch, texts);
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t pick = one->distinct == 0 ? first_row + i : mr_rng_below(rng, one->distinct);
        uint64_t value = scrambled(pick);
        switch (one->type) {
        case MR_TYPE_LONG: ((int64_t *)vec->values)[i] = (int64_t)value; break;
        case MR_TYPE_INT: ((int32_t *)vec->values)[i] = (int32_t)value; break;
        case MR_TYPE_DOUBLE: ((double *)vec->values)[i] = (double)(value >> 40) / 100; break;
        case MR_TYPE_TIMESTAMP:
            ((int64_t *)vec->values)[i] =
                INT64_C(1700000000000000) + (int64_t)pick * 1000 + (int64_t)(value % 1000);
            break;
        case MR_TYPE_BOOLEAN:
            mr_bit_clear(vec->values, i);
            if (value % 2 == 0) mr_bit_set(vec->values, i);
            break;
        default: fill_text(vec, i, value, texts); break;
        }
        if (has_nulls && mr_rng_below(rng, one->null_parts) != 0) mr_bit_set(vec->validity, i);
    }
    if (has_nulls) vec->null_count = mr_vec_nulls(vec->validity, rows);
}

static void data_make(struct bench_data *data, struct mr_heap *heap, const struct bench_case *one)
{
    struct mr_rng rng;
    struct mr_field field = {
        .name = MR_SPAN("v"), .type = mr_type_of(one->type), .is_nullable = true};
    mr_rng_init(&rng, SEED);
    mr_arena_init(&data->arena, heap, 1 << 20);
    data->schema = must((void *)(uintptr_t)mr_type_struct(&data->arena, &field, 1));
    data->batch_count = (ROWS + MR_BATCH_ROWS_MAX - 1) / MR_BATCH_ROWS_MAX;
    data->batches = must(MR_ARENA_ARRAY(&data->arena, struct mr_batch, data->batch_count));
    for (uint32_t i = 0; i < data->batch_count; i++) {
        uint32_t from = i * MR_BATCH_ROWS_MAX, rows = MR_MIN(ROWS - from, MR_BATCH_ROWS_MAX);
        fill_batch(data, one, &rng, from, rows, &data->batches[i]);
    }
}

/* One file; *out_crc over its bytes, which go to `file` unless that is null. */
static uint64_t segment_write(struct mr_heap *heap, const struct bench_data *data,
                              struct mr_codec *codec, mr_codec_id codec_id, FILE *file,
                              double *out_s, uint32_t *out_crc)
{
    struct mr_pq_writer_options options = {.codec = codec, .codec_id = codec_id};
    struct mr_pq_writer *writer;
    struct mr_pq_piece piece;
    *out_crc = 0;
    double from = now_s();
    if (mr_pq_writer_open(heap, data->schema, &options, &writer, NULL) != MR_OK) die("open");
    for (uint32_t i = 0; i < data->batch_count; i++) {
        if (mr_pq_writer_append(writer, &data->batches[i], NULL, NULL) != MR_OK) die("append");
    }
    if (mr_pq_writer_seal(writer, NULL) != MR_OK) die("seal");
    *out_s = now_s() - from;
    uint64_t bytes = mr_pq_writer_bytes(writer);
    while (mr_pq_writer_take(writer, &piece, 1) == 1) {
        *out_crc = mr_crc32(*out_crc, piece.at, piece.bytes);
        if (file != NULL && fwrite(piece.at, 1, piece.bytes, file) != piece.bytes) die("write");
        mr_pq_writer_give(writer, &piece);
    }
    mr_pq_writer_close(writer);
    return bytes;
}

static void case_run(struct mr_heap *heap, struct mr_codec *codec, mr_codec_id codec_id,
                     const struct bench_case *one, const char *folder)
{
    struct bench_data data;
    double best = 1e9, worst = 0, seconds;
    uint32_t crc, again;
    uint64_t bytes = 0;
    FILE *file = NULL;
    char path[512];
    data_make(&data, heap, one);
    if (folder != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s-%s.parquet", folder, one->name,
                       mr_codec_name(codec_id));
        file = fopen(path, "wb");
        if (file == NULL) die(path);
    }
    (void)segment_write(heap, &data, codec, codec_id, file, &seconds, &crc);
    if (file != NULL && fclose(file) != 0) die(path);
    for (int i = 0; i < REPEATS; i++) {
        bytes = segment_write(heap, &data, codec, codec_id, NULL, &seconds, &again);
        if (again != crc) die("two files of the same rows differ");
        best = MR_MIN(best, seconds);
        worst = MR_MAX(worst, seconds);
    }
    printf("{\"bench\":\"segment\",\"case\":\"%s\",\"codec\":\"%s\",\"rows\":%d,"
           "\"ns_per_value_min\":%.2f,\"ns_per_value_max\":%.2f,\"bytes\":%llu}\n",
           one->name, mr_codec_name(codec_id), ROWS, best * 1e9 / ROWS, worst * 1e9 / ROWS,
           (unsigned long long)bytes);
    mr_arena_fini(&data.arena);
}

int main(int argc, char **argv)
{
    const struct mr_codec_limits limits = {0};
    struct mr_codec *codec;
    struct mr_heap heap;
    mr_heap_init(&heap, 0);
    void *memory = must(mr_heap_take(&heap, mr_codec_footprint(&limits)));
    if (mr_codec_init(memory, &limits, &codec, NULL) != MR_OK) die("codec");
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        case_run(&heap, codec, MR_CODEC_NONE, &cases[i], argc > 1 ? argv[1] : NULL);
        case_run(&heap, codec, MR_CODEC_ZSTD, &cases[i], argc > 1 ? argv[1] : NULL);
    }
    mr_heap_give(&heap, memory, mr_codec_footprint(&limits));
    return 0;
}

/* A Parquet file in memory to record batches, one core: what a scan costs before anything is asked
 * of its rows. Unit: values (rows times leaf columns), processor time. One JSON line per level of
 * instructions; before a speed is printed, the columns of every level have the same sums
 * (column_sums.h), and as many rows as the footer says. With --columns only those at the top.
 *
 *     bench_scan --file FILE [--columns a,b] [--runs 5] [--isa avx2]
 */
#include <stdlib.h>
#include <string.h>

#include "bench/kernel/bench_run.h"
#include "bench/kernel/column_sums.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"

enum { RUNS = 5, COLUMNS_MAX = 64 };

struct scan {
    struct mr_heap heap;
    struct mr_codec *codec;
    struct mr_span file;
    struct mr_span names[COLUMNS_MAX];
    struct mr_pq_projection paths[COLUMNS_MAX];
    uint32_t path_count; /* 0 = all */
    uint32_t leaves;
    uint64_t rows;
};

static void file_load(struct scan *scan, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) mr_bench_die(path);
    size_t bytes = (size_t)ftell(file);
    char *at = mr_bench_must(mr_heap_take(&scan->heap, bytes));
    rewind(file);
    if (fread(at, 1, bytes, file) != bytes) mr_bench_die(path);
    (void)fclose(file);
    scan->file = (struct mr_span){at, bytes};
}

static void columns_split(struct scan *scan, const char *names)
{
    for (const char *at = names; at != NULL && *at != '\0';) {
        const char *comma = strchrnul(at, ',');
        if (scan->path_count == COLUMNS_MAX) mr_bench_die("too many columns");
        scan->names[scan->path_count] = (struct mr_span){at, (size_t)(comma - at)};
        scan->paths[scan->path_count] = (struct mr_pq_projection){
            .names = &scan->names[scan->path_count], .count = 1};
        scan->path_count++;
        at = *comma == '\0' ? comma : comma + 1;
    }
}

static double run_once(struct scan *scan, mr_isa isa, struct mr_column_sums *sums)
{
    const struct mr_pq_reader_limits limits = {.memory_bytes = (size_t)4 << 30,
                                               .kernels = mr_decode_kernels(isa)};
    struct mr_pq_reader *reader;
    const struct mr_type *schema;
    struct mr_arena arena;
    struct mr_err err = {0};
    bool has_rows = true;
    mr_arena_init(&arena, &scan->heap, 0);
    arena.keep_bytes = 16 << 20;
    scan->rows = 0;
    double from = mr_bench_cpu_s();
    if (mr_pq_reader_open(&scan->heap, scan->codec, scan->file, &limits, &reader, &err) != MR_OK ||
        (scan->path_count > 0 &&
         mr_pq_reader_project(reader, scan->paths, scan->path_count, &err) != MR_OK) ||
        mr_pq_reader_schema(reader, &schema, &err) != MR_OK) {
        mr_bench_die(err.message);
    }
    for (;;) {
        struct mr_batch batch;
        if (mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err) != MR_OK) {
            mr_bench_die(err.message);
        }
        if (!has_rows) break;
        scan->rows += batch.rows;
        if (sums != NULL) mr_column_sums_add(sums, &batch);
        mr_batch_fini(&batch);
    }
    double seconds = mr_bench_cpu_s() - from;
    if (scan->rows != mr_pq_reader_rows(reader)) mr_bench_die("rows are missing");
    scan->leaves = mr_type_leaves(schema);
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
    return seconds;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"file", "columns", "runs", "isa", NULL};
    static struct mr_column_sums sums[MR_ISA_COUNT];
    static struct mr_bench_times times[MR_ISA_COUNT];
    const struct mr_codec_limits limits = {0};
    struct scan scan = {0};
    mr_isa isas[MR_ISA_COUNT];
    mr_bench_check_arguments(argc, argv, names);
    uint32_t isa_count = mr_bench_isas(argc, argv, isas);
    uint32_t runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    mr_heap_init(&scan.heap, 0);
    void *memory = mr_bench_must(mr_heap_take(&scan.heap, mr_codec_footprint(&limits)));
    if (mr_codec_init(memory, &limits, &scan.codec, NULL) != MR_OK) mr_bench_die("codec");
    file_load(&scan, mr_bench_must((void *)(uintptr_t)mr_bench_argument(argc, argv, "file")));
    columns_split(&scan, mr_bench_argument(argc, argv, "columns"));
    for (uint32_t run = 0; run <= runs; run++) {
        for (uint32_t i = 0; i < isa_count; i++) {
            double seconds = run_once(&scan, isas[i], run == 0 ? &sums[i] : NULL);
            if (run > 0) mr_bench_times_add(&times[i], seconds);
            if (!mr_column_sums_equal(&sums[0], &sums[run == 0 ? i : 0])) {
                mr_bench_die("the levels differ");
            }
        }
    }
    for (uint32_t i = 0; i < isa_count; i++) {
        double values = (double)scan.rows * scan.leaves;
        mr_bench_head("scan");
        (void)printf(",\"isa\":\"%s\",\"file_bytes\":%zu,\"rows\":%llu,\"leaves\":%u,\"runs\":%u",
                     mr_isa_name(isas[i]), scan.file.bytes, (unsigned long long)scan.rows,
                     scan.leaves, runs);
        mr_bench_cost(&times[i], "ns_per_value", values * 1e-9);
        mr_bench_cost(&times[i], "s", 1);
        (void)printf("}\n");
    }
    mr_heap_give(&scan.heap, (void *)(uintptr_t)scan.file.text, scan.file.bytes);
    mr_heap_give(&scan.heap, memory, mr_codec_footprint(&limits));
    return 0;
}

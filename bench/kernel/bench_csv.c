/* Megabytes per second of processor time of the CSV path on one core: the index alone, and the
 * reader into typed columns, each on every instruction set of the machine, in turn. Unit: input
 * bytes. One JSON line per measurement. Before a speed is printed, counts and the sums of all
 * columns (column_sums.h) have to be those of the reference, read without the lane.
 *
 *     bench_csv --bytes 64MB                       flat records made on the spot, ten columns
 *     bench_csv --file FILE.csv                    a file with a header, by the schema inferred
 *     ... --only reader --isa avx2 --runs 5        part of it
 *     ... --only text > FILE.csv                   prints the text instead, for other programs
 */
#include <stdlib.h>
#include <string.h>

#include "bench/kernel/bench_run.h"
#include "bench/kernel/column_sums.h"
#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/format/csv/csv_infer.h"
#include "core/port/source_options.h"

enum { RUNS = 7, TILE = 16 << 10, WINDOW = 256 << 10 };

struct input {
    char *text; /* readable MR_PAD further */
    size_t bytes;
    struct mr_heap heap;
    struct mr_arena types;
    struct mr_csv_options options;
    const struct mr_type *schema;
};

/* ---- the input ---- */

static void add_record(struct mr_text *out, struct mr_rng *rng, uint64_t id)
{
    static const char *const words[] = {"click", "view", "cart", "purchase", "search, found"};
    uint64_t bits = mr_rng_next(rng), more = mr_rng_next(rng);
    const char *word = words[bits % 5];
    mr_text_addf(out, "%llu,user%llu,%016llx,%llu.%02llu,%llu,", (unsigned long long)id,
                 (unsigned long long)(bits >> 8 & 0xffff), (unsigned long long)more,
                 (unsigned long long)(bits >> 24 & 0x3fff), (unsigned long long)(bits >> 40 & 63),
                 (unsigned long long)(more & 1023));
    mr_text_addf(out, "2024-05-%02llu,2024-05-%02llu %02llu:%02llu:%02llu,%s,",
                 (unsigned long long)(1 + id / 100000 % 28),
                 (unsigned long long)(1 + id / 100000 % 28), (unsigned long long)(id / 3600 % 24),
                 (unsigned long long)(id / 60 % 60), (unsigned long long)(id % 60),
                 (more >> 20 & 1) != 0 ? "true" : "false");
    mr_text_addf(out, bits % 5 == 4 ? "\"%s\",note %llu of this record\n"
                                    : "%s,note %llu of this record\n",
                 word, (unsigned long long)(more >> 30 & 0xffffff));
}

static void make_text(struct input *in, size_t bytes)
{
    struct mr_text out;
    struct mr_rng rng;
    mr_rng_init(&rng, 1);
    mr_text_init(&out, &in->heap);
    mr_text_adds(&out, "id,user,session,amount,quantity,day,at,is_new,kind,note\n");
    for (uint64_t id = 1; out.used < bytes; id++) add_record(&out, &rng, id);
    in->bytes = out.used;
    in->text = mr_bench_must(calloc(1, in->bytes + MR_PAD));
    memcpy(in->text, out.at, out.used);
    mr_text_fini(&out);
}

static void load_text(struct input *in, const char *path)
{
    FILE *file = mr_bench_must(fopen(path, "rb"));
    (void)fseek(file, 0, SEEK_END);
    in->bytes = (size_t)ftell(file);
    (void)fseek(file, 0, SEEK_SET);
    in->text = mr_bench_must(calloc(1, in->bytes + MR_PAD));
    if (fread(in->text, 1, in->bytes, file) != in->bytes) mr_bench_die("the file cannot be read");
    (void)fclose(file);
}

static void infer_schema(struct input *in)
{
    struct mr_csv_infer *infer;
    struct mr_err err = {0};
    size_t consumed, bytes = MR_MIN(in->bytes, (size_t)1 << 20);
    bool is_done = mr_csv_infer_open(&in->heap, &in->options, mr_csv_kernels(MR_ISA_REF), &infer,
                                     &err) == MR_OK &&
                   mr_csv_infer_begin(infer, &err) == MR_OK &&
                   mr_csv_infer_feed(infer, in->text, bytes, bytes == in->bytes, &consumed, &err) ==
                       MR_OK &&
                   mr_csv_infer_type(infer, &in->types, &in->schema, &err) == MR_OK;
    if (!is_done) mr_bench_die(err.message);
    mr_csv_infer_close(infer);
}

/* ---- what is measured ---- */

static uint64_t run_index(struct input *in, mr_isa isa, struct mr_column_sums *sums)
{
    static uint32_t pos[TILE + MR_CSV_POS_SLACK];
    const struct mr_csv_marks marks = {{',', '"', '"', '\n', '\r'}};
    uint64_t count = 0;
    bool is_wide = false;
    (void)sums;
    for (size_t at = 0; at < in->bytes; at += TILE) {
        uint32_t bytes = (uint32_t)MR_MIN(in->bytes - at, (size_t)TILE);
        count += mr_csv_kernels(isa)->index(in->text + at, bytes, &marks, 0, pos, &is_wide);
    }
    return count + is_wide;
}

/* All rows, in windows as a worker gets them. */
static uint64_t run_reader(struct input *in, mr_isa isa, struct mr_column_sums *sums)
{
    struct mr_csv_reader *reader;
    struct mr_arena arena;
    struct mr_err err = {0};
    uint64_t rows = 0;
    mr_arena_init(&arena, &in->heap, 64 << 10);
    arena.keep_bytes = 64 << 20;
    if (mr_csv_reader_open(&in->heap, in->schema, &in->options, mr_csv_kernels(isa), NULL, &reader,
                           &err) != MR_OK ||
        mr_csv_reader_begin(reader, MR_SPAN("file:/bench"), &err) != MR_OK) {
        mr_bench_die(err.message);
    }
    for (size_t at = 0, consumed = 0; at < in->bytes; at += consumed) {
        struct mr_batch batch;
        size_t bytes = MR_MIN(in->bytes - at, (size_t)WINDOW);
        mr_batch_init(&batch, &arena, mr_csv_reader_schema(reader));
        if (mr_csv_reader_decode(reader, in->text + at, bytes, at + bytes == in->bytes, &batch,
                                 &consumed, &err) != MR_OK) {
            mr_bench_die(err.message);
        }
        if (consumed == 0) mr_bench_die("a record is longer than a window");
        if (sums != NULL) mr_column_sums_add(sums, &batch);
        rows += batch.rows;
        mr_batch_fini(&batch);
    }
    mr_csv_reader_close(reader);
    mr_arena_fini(&arena);
    return rows;
}

typedef uint64_t (*work_fn)(struct input *in, mr_isa isa, struct mr_column_sums *sums);

static const struct bench {
    const char *name;
    work_fn work;
} benches[] = {{"index", run_index}, {"reader", run_reader}};

/* A function of its own, for callgrind to count in it alone (bench/callgrind). */
__attribute__((noinline)) static uint64_t timed_work(struct input *in, work_fn work, mr_isa isa)
{
    return work(in, isa, NULL);
}

static void check(struct input *in, const mr_isa *isas, uint32_t isa_count)
{
    struct mr_column_sums *wanted = mr_bench_must(calloc(1, sizeof *wanted));
    in->options.has_no_lane = true;
    (void)run_reader(in, MR_ISA_REF, wanted);
    in->options.has_no_lane = false;
    for (uint32_t i = 0; i < isa_count; i++) {
        struct mr_column_sums *sums = mr_bench_must(calloc(1, sizeof *sums));
        (void)run_reader(in, isas[i], sums);
        if (!mr_column_sums_equal(sums, wanted)) mr_bench_die("columns differ from the reference");
        free(sums);
    }
    free(wanted);
}

static void measure(struct input *in, const struct bench *bench, const mr_isa *isas,
                    uint32_t isa_count, uint32_t runs)
{
    struct mr_bench_times times[MR_ISA_COUNT] = {0};
    uint64_t wanted = bench->work(in, MR_ISA_REF, NULL);
    for (uint32_t run = 0; run < runs; run++) {
        for (uint32_t i = 0; i < isa_count; i++) {
            double from = mr_bench_cpu_s();
            uint64_t count = timed_work(in, bench->work, isas[i]);
            mr_bench_times_add(&times[i], mr_bench_cpu_s() - from);
            if (count != wanted) mr_bench_die("a count differs from the reference");
        }
    }
    for (uint32_t i = 0; i < isa_count; i++) {
        mr_bench_head("csv");
        (void)printf(",\"what\":\"%s\",\"isa\":\"%s\",\"bytes\":%zu,\"columns\":%u,\"count\":%llu",
                     bench->name, mr_isa_name(isas[i]), in->bytes, in->schema->field_count,
                     (unsigned long long)wanted);
        mr_bench_rate(&times[i], "mb_s", (double)in->bytes * 1e-6);
        (void)printf(",\"runs\":%u,\"is_checked\":true}\n", times[i].count);
        (void)fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"only", "isa", "runs", "bytes", "file", NULL};
    struct input in = {0};
    mr_isa isas[MR_ISA_COUNT];
    int64_t bytes = 64 << 20;
    mr_bench_check_arguments(argc, argv, names);
    uint32_t isa_count = mr_bench_isas(argc, argv, isas);
    uint32_t runs = mr_bench_count(argc, argv, "runs", RUNS, MR_BENCH_RUNS_MAX);
    const char *only = mr_bench_argument(argc, argv, "only");
    const char *file = mr_bench_argument(argc, argv, "file");
    const char *size = mr_bench_argument(argc, argv, "bytes");
    if (size != NULL && !mr_source_bytes_read(mr_span_of(size), &bytes)) mr_bench_die("--bytes");
    mr_heap_init(&in.heap, 0);
    mr_arena_init(&in.types, &in.heap, 0);
    mr_csv_options_init(&in.options);
    in.options.has_header = in.options.infers_column_types = true;
    in.options.escape = '"';
    in.options.escape_escape = '\0';
    if (file != NULL) {
        load_text(&in, file);
    } else {
        make_text(&in, (size_t)bytes);
    }
    if (only != NULL && strcmp(only, "text") == 0) {
        (void)fwrite(in.text, 1, in.bytes, stdout);
    } else {
        infer_schema(&in);
        check(&in, isas, isa_count);
        for (size_t i = 0; i < MR_COUNT_OF(benches); i++) {
            if (only != NULL && strcmp(only, benches[i].name) != 0) continue;
            measure(&in, &benches[i], isas, isa_count, runs);
        }
    }
    free(in.text);
    mr_arena_fini(&in.types);
    return 0;
}

/* Nanoseconds of CPU that a value takes from a record batch to Parquet pages, by type, number of
 * distinct values and share of nulls, before the codec, with the codec of tables, and with all of
 * zstd level 1.
 *
 *     bench_segment [--isa NAME] [--runs N] [--only TEXT] [--folder DIR] [--json FILE]
 *
 * Unit of work: one value of one leaf, nulls too; a list without elements counts as one. Columns of
 * their own have 1,000,000 rows in batches of 4,096; w1 is the flat row of TECHNIQUES.md with 12
 * columns; --json adds the records of a file of lines, whole and each column alone. Before its time
 * counts, a file is read back and compared with the batches value by value, and each repetition's
 * file has to be the same to the byte. Each batch is read once before its time begins, so that it
 * is in the caches as far as it goes, as a decoder leaves it; memory is kept from run to run, so
 * that page faults are not in the figures. Prints a JSON line for each case and codec; --folder
 * leaves the files there. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/kernel/segment_input.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_reader.h"
#include "core/format/parquet/pq_writer.h"
#include "kernels/codec/crc.h"
#include "tests/support/batch_gen.h"

enum { ROWS = 1000 * 1000, RUNS_MAX = 99 };

struct bench {
    struct mr_heap heap;
    struct mr_codec *codec;
    const struct mr_encode_kernels *kernels;
    char machine[128];
    uint32_t runs;
    const char *only;
    const char *folder;
    uint64_t touched;
};

#define NUMBER(name_, type_, distinct_, nulls_)                                                    \
    {                                                                                              \
        .name = name_, .type = type_, .distinct = distinct_, .null_percent = nulls_                \
    }
#define TEXT(name_, text_, distinct_, nulls_)                                                      \
    {                                                                                              \
        .name = name_, .type = MR_TYPE_STRING, .text = text_, .distinct = distinct_,               \
        .null_percent = nulls_                                                                     \
    }

static const struct bench_column columns[] = {
    NUMBER("boolean-2", MR_TYPE_BOOLEAN, 2, 0),
    NUMBER("boolean-2-null-10", MR_TYPE_BOOLEAN, 2, 10),
    NUMBER("int-2", MR_TYPE_INT, 2, 0),
    NUMBER("int-100", MR_TYPE_INT, 100, 0),
    NUMBER("int-10000", MR_TYPE_INT, 10000, 0),
    NUMBER("int-unique", MR_TYPE_INT, 0, 0),
    NUMBER("long-2", MR_TYPE_LONG, 2, 0),
    NUMBER("long-100", MR_TYPE_LONG, 100, 0),
    NUMBER("long-100-null-1", MR_TYPE_LONG, 100, 1),
    NUMBER("long-100-null-10", MR_TYPE_LONG, 100, 10),
    NUMBER("long-100-null-50", MR_TYPE_LONG, 100, 50),
    NUMBER("long-100-null-100", MR_TYPE_LONG, 100, 100),
    NUMBER("long-10000", MR_TYPE_LONG, 10000, 0),
    NUMBER("long-unique", MR_TYPE_LONG, 0, 0),
    NUMBER("long-unique-null-10", MR_TYPE_LONG, 0, 10),
    NUMBER("double-100", MR_TYPE_DOUBLE, 100, 0),
    NUMBER("double-10000", MR_TYPE_DOUBLE, 10000, 0),
    NUMBER("double-unique", MR_TYPE_DOUBLE, 0, 0),
    NUMBER("timestamp-unique", MR_TYPE_TIMESTAMP, 0, 0),
    TEXT("short-2", BENCH_TEXT_SHORT, 2, 0),
    TEXT("short-100", BENCH_TEXT_SHORT, 100, 0),
    TEXT("short-100-null-10", BENCH_TEXT_SHORT, 100, 10),
    TEXT("short-100-null-50", BENCH_TEXT_SHORT, 100, 50),
    TEXT("short-10000", BENCH_TEXT_SHORT, 10000, 0),
    TEXT("short-unique", BENCH_TEXT_SHORT, 0, 0),
    TEXT("text-2", BENCH_TEXT_PATH, 2, 0),
    TEXT("text-100", BENCH_TEXT_PATH, 100, 0),
    TEXT("text-100-null-10", BENCH_TEXT_PATH, 100, 10),
    TEXT("text-10000", BENCH_TEXT_PATH, 10000, 0),
    TEXT("text-unique", BENCH_TEXT_PATH, 0, 0),
    TEXT("uuid-unique", BENCH_TEXT_UUID, 0, 0),
    TEXT("uuid-unique-null-10", BENCH_TEXT_UUID, 0, 10),
};

/* W1: what an event of a shop or a device has. */
static const struct bench_column w1[] = {
    TEXT("event_id", BENCH_TEXT_UUID, 0, 0),       TEXT("user_id", BENCH_TEXT_SHORT, 10000, 0),
    TEXT("kind", BENCH_TEXT_SHORT, 8, 0),          TEXT("page", BENCH_TEXT_PATH, 500, 10),
    NUMBER("status", MR_TYPE_INT, 6, 0),           NUMBER("quantity", MR_TYPE_INT, 50, 20),
    NUMBER("session", MR_TYPE_LONG, 100000, 0),    NUMBER("bytes", MR_TYPE_LONG, 0, 0),
    NUMBER("event_time", MR_TYPE_TIMESTAMP, 0, 0), NUMBER("sent_time", MR_TYPE_TIMESTAMP, 0, 5),
    NUMBER("price", MR_TYPE_DOUBLE, 3000, 10),     NUMBER("score", MR_TYPE_DOUBLE, 0, 0),
};

/* Before the codec; as tables have it; and zstd level 1 on every page. */
struct bench_codec {
    const char *name;
    mr_codec_id id;
    bool is_adaptive;
};

static const struct bench_codec codecs[] = {
    {"none", MR_CODEC_NONE, false},
    {"zstd", MR_CODEC_ZSTD, true},
    {"zstd-full", MR_CODEC_ZSTD, false},
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_segment: %s\n", what);
    exit(1);
}

static double cpu_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One file. Its bytes go into `out`, unless that is null; *out_crc is over them. */
static double segment_write(struct bench *bench, const struct bench_input *input,
                            const struct bench_codec *codec, struct mr_text *out, uint32_t *out_crc)
{
    struct mr_pq_writer_options options = {
        .codec = bench->codec,
        .kernels = bench->kernels,
        .codec_id = codec->id,
        .is_adaptive = codec->is_adaptive,
    };
    struct mr_pq_writer *writer;
    struct mr_pq_piece piece;
    *out_crc = 0;
    double from = cpu_s(), seconds;
    if (mr_pq_writer_open(&bench->heap, input->schema, &options, &writer, NULL) != MR_OK) {
        die("open");
    }
    seconds = cpu_s() - from;
    for (uint32_t i = 0; i < input->batch_count; i++) {
        bench->touched += bench_input_touch(input, i);
        from = cpu_s();
        if (mr_pq_writer_append(writer, &input->batches[i], input->cols, NULL) != MR_OK) {
            die("append");
        }
        seconds += cpu_s() - from;
    }
    from = cpu_s();
    if (mr_pq_writer_seal(writer, NULL) != MR_OK) die("seal");
    seconds += cpu_s() - from;
    while (mr_pq_writer_take(writer, &piece, 1) == 1) {
        *out_crc = mr_crc32(*out_crc, piece.at, piece.bytes);
        if (out != NULL) mr_text_add(out, piece.at, piece.bytes);
        mr_pq_writer_give(writer, &piece);
    }
    mr_pq_writer_close(writer);
    return seconds;
}

/* CRC of a batch's rows as text, in order. */
static uint32_t rows_crc(const struct mr_batch *batch, const uint32_t *cols, uint32_t col_count,
                         struct mr_text *room, uint32_t crc)
{
    mr_text_reset(room);
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        for (uint32_t c = 0; c < col_count; c++) {
            mr_value_write_json(&batch->cols[cols == NULL ? c : cols[c]], mr_batch_row(batch, i),
                                room);
        }
    }
    return mr_crc32(crc, room->at, room->used);
}

/* Reads the file back and compares it with the batches. */
static void segment_check(struct bench *bench, const struct bench_input *input, struct mr_span file)
{
    const struct mr_pq_reader_limits limits = {.memory_bytes = (size_t)1 << 30};
    uint32_t wanted = 0, got = 0, columns_read = input->schema->field_count;
    struct mr_pq_reader *reader;
    struct mr_arena arena;
    struct mr_batch batch;
    struct mr_text room;
    struct mr_err err = {0};
    bool has_rows = true;
    mr_text_init(&room, &bench->heap);
    mr_arena_init(&arena, &bench->heap, 1 << 20);
    for (uint32_t i = 0; i < input->batch_count; i++) {
        wanted = rows_crc(&input->batches[i], input->cols, columns_read, &room, wanted);
    }
    if (mr_pq_reader_open(&bench->heap, bench->codec, file, &limits, &reader, &err) != MR_OK) {
        die(err.message);
    }
    for (;;) {
        if (mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err) != MR_OK) die(err.message);
        if (!has_rows) break;
        got = rows_crc(&batch, NULL, columns_read, &room, got);
        mr_batch_fini(&batch);
    }
    mr_pq_reader_close(reader);
    mr_arena_fini(&arena);
    mr_text_fini(&room);
    if (got != wanted) die("a file's rows are not those of the batches");
}

static void segment_keep(const struct bench *bench, const char *name, const char *codec,
                         struct mr_span bytes)
{
    char path[512];
    if (bench->folder == NULL) return;
    (void)snprintf(path, sizeof path, "%s/%s-%s.parquet", bench->folder, name, codec);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.text, 1, bytes.bytes, file) != bytes.bytes) die(path);
    if (fclose(file) != 0) die(path);
}

static int time_compare(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return one < other ? -1 : one > other;
}

static void input_run(struct bench *bench, const struct bench_input *input, const char *name,
                      const struct bench_codec *codec)
{
    double times[RUNS_MAX];
    uint32_t crc, again;
    struct mr_text file;
    mr_text_init(&file, &bench->heap);
    (void)segment_write(bench, input, codec, &file, &crc);
    segment_check(bench, input, mr_text_span(&file));
    segment_keep(bench, name, codec->name, mr_text_span(&file));
    for (uint32_t i = 0; i < bench->runs; i++) {
        times[i] = segment_write(bench, input, codec, NULL, &again) * 1e9;
        if (again != crc) die("two files of the same rows differ");
    }
    qsort(times, bench->runs, sizeof times[0], time_compare);
    double values = (double)input->value_count;
    printf("{\"bench\":\"segment\",\"case\":\"%s\",\"codec\":\"%s\",\"isa\":\"%s\","
           "\"machine\":\"%s\",\"compiler\":\"" __VERSION__
           "\",\"flags\":\"%s\",\"rows\":%llu,\"values\":%llu,"
           "\"ns_per_value_min\":%.2f,\"ns_per_value_median\":%.2f,\"ns_per_value_max\":%.2f,"
           "\"ns_per_row_min\":%.1f,\"bytes\":%zu,\"is_checked\":true}\n",
           name, codec->name, mr_isa_name(bench->kernels->isa), bench->machine, MR_BENCH_FLAGS,
           (unsigned long long)input->rows, (unsigned long long)input->value_count,
           times[0] / values, times[bench->runs / 2] / values, times[bench->runs - 1] / values,
           times[0] / (double)input->rows, mr_text_span(&file).bytes);
    (void)fflush(stdout);
    mr_text_fini(&file);
}

static void case_run(struct bench *bench, const struct bench_input *input, const char *name)
{
    if (bench->only != NULL && strstr(name, bench->only) == NULL) return;
    for (size_t i = 0; i < MR_COUNT_OF(codecs); i++) input_run(bench, input, name, &codecs[i]);
}

static void made_run(struct bench *bench, const char *name, const struct bench_column *list,
                     uint32_t count)
{
    struct bench_input input;
    if (bench->only != NULL && strstr(name, bench->only) == NULL) return;
    bench_input_make(&input, &bench->heap, list, count, ROWS);
    case_run(bench, &input, name);
    bench_input_fini(&input);
}

/* The whole record, then each of its columns as a file of its own. */
static void json_run(struct bench *bench, const char *path)
{
    struct bench_input all, one;
    char name[256];
    bench_input_json(&all, &bench->heap, path);
    case_run(bench, &all, "json");
    for (uint32_t i = 0; i < all.schema->field_count; i++) {
        const struct mr_field *field = &all.schema->fields[i];
        (void)snprintf(name, sizeof name, "json.%.*s", (int)field->name.bytes, field->name.text);
        bench_input_column(&all, &i, &one);
        case_run(bench, &one, name);
    }
    bench_input_fini(&all);
}

static void machine_name(char *out, size_t room)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    (void)snprintf(out, room, "?");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        (void)snprintf(out, room, "%.*s", (int)strcspn(colon + 2, "\n\""), colon + 2);
        break;
    }
    if (file != NULL) (void)fclose(file);
}

int main(int argc, char **argv)
{
    static struct bench bench = {.runs = 5};
    const struct mr_codec_limits limits = {0};
    const char *json = NULL;
    mr_isa isa = mr_isa_best();
    struct mr_err err;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *option = argv[i], *value = argv[i + 1];
        if (strcmp(option, "--runs") == 0) bench.runs = (uint32_t)strtoul(value, NULL, 10);
        if (strcmp(option, "--only") == 0) bench.only = value;
        if (strcmp(option, "--folder") == 0) bench.folder = value;
        if (strcmp(option, "--json") == 0) json = value;
        if (strcmp(option, "--isa") == 0 && mr_isa_parse(mr_span_of(value), &isa, &err) != MR_OK) {
            die(err.message);
        }
    }
    if (bench.runs < 1 || bench.runs > RUNS_MAX) die("--runs is 1 to 99");
    (void)mallopt(M_MMAP_MAX, 0);
    (void)mallopt(M_TRIM_THRESHOLD, INT32_MAX);
    mr_heap_init(&bench.heap, 0);
    machine_name(bench.machine, sizeof bench.machine);
    bench.kernels = mr_encode_kernels(isa);
    void *memory = mr_heap_take(&bench.heap, mr_codec_footprint(&limits));
    if (memory == NULL || mr_codec_init(memory, &limits, &bench.codec, NULL) != MR_OK) die("codec");
    if (json != NULL) json_run(&bench, json);
    made_run(&bench, "w1", w1, MR_COUNT_OF(w1));
    for (size_t i = 0; i < MR_COUNT_OF(columns); i++) {
        made_run(&bench, columns[i].name, &columns[i], 1);
    }
    mr_heap_give(&bench.heap, memory, mr_codec_footprint(&limits));
    return 0;
}

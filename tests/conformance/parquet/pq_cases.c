/* Writes Parquet files of every type, codec, nesting and null pattern into a directory, with what
 * they hold beside them, for test_parquet.py to compare with what other readers see.
 *
 *     pq_cases DIR      case-NNN.parquet, case-NNN.rows (a JSON array per row), case-NNN.stats (a
 *                       JSON object per column of the statistics), case-NNN.options (JSON)
 *                       size-N.parquet: 60,000 rows with default options and zstd;
 *                       adaptive-N.parquet: the same, the codec as tables have it
 *
 * The cases follow from their number alone. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/format/parquet/pq_writer.h"
#include "tests/support/batch_gen.h"

enum { CASES = 40, SIZES = 4, SIZE_BATCHES = 15, PATH_ROOM = 512 };

struct case_out {
    FILE *file;
    struct mr_text rows;
};

static void die(const char *what, const struct mr_err *err)
{
    (void)fprintf(stderr, "pq_cases: %s: %s\n", what, err == NULL ? "failed" : err->message);
    exit(1);
}

static void drain(struct mr_pq_writer *writer, FILE *file)
{
    struct mr_pq_piece pieces[3];
    uint32_t count;
    while ((count = mr_pq_writer_take(writer, pieces, MR_COUNT_OF(pieces))) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            if ((uint64_t)ftell(file) != pieces[i].off) die("offsets do not ascend", NULL);
            if (fwrite(pieces[i].at, 1, pieces[i].bytes, file) != pieces[i].bytes) {
                die("cannot write", NULL);
            }
            mr_pq_writer_give(writer, &pieces[i]);
        }
    }
}

static void write_rows(const struct mr_batch *batch, struct mr_text *out)
{
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        const char *comma = "";
        mr_text_addc(out, '[');
        for (uint32_t c = 0; c < batch->schema->field_count; c++) {
            if (batch->cols[c].type->id == MR_TYPE_VOID) continue;
            mr_text_adds(out, comma);
            mr_value_write_json(&batch->cols[c], mr_batch_row(batch, i), out);
            comma = ",";
        }
        mr_text_adds(out, "]\n");
    }
}

/* A bound through a vector of one row, so that it is written as the rows are. */
static void write_bound(const struct mr_type *type, const union mr_pq_bound *bound,
                        struct mr_text *out)
{
    union {
        int64_t i64;
        int32_t i32;
        int16_t i16;
        int8_t i8;
        float f32;
        double f64;
        __int128 i128;
        struct mr_view view;
    } value;
    struct mr_bufs bufs = {.at = {bound->text.at}, .count = 1};
    struct mr_vec vec = {.type = type, .rows = 1, .values = &value, .bufs = &bufs};
    bool is_text = type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
    if (is_text && bound->text.bytes > MR_PQ_BOUND_BYTES) {
        mr_text_adds(out, "null");
        return;
    }
    value.i64 = bound->i64;
    if (type->id == MR_TYPE_FLOAT) value.f32 = (float)bound->f64;
    if (type->id == MR_TYPE_DOUBLE) value.f64 = bound->f64;
    if (mr_type_width(type) == 16 && !is_text) value.i128 = bound->i128;
    if (is_text) value.view = mr_view_of(bound->text.at, bound->text.bytes, 0, 0);
    mr_value_write_json(&vec, 0, out);
}

static void write_stats(const struct mr_pq_writer *writer, struct mr_text *out)
{
    for (uint32_t i = 0; i < mr_pq_writer_stat_count(writer); i++) {
        struct mr_pq_stats stats;
        mr_pq_writer_stats(writer, i, &stats);
        mr_text_adds(out, "{\"path\":[");
        for (uint32_t p = 0; p < stats.path_count; p++) {
            if (p > 0) mr_text_addc(out, ',');
            mr_text_add_json(out, stats.path[p]);
        }
        mr_text_addf(out,
                     "],\"type\":\"%s\",\"null_count\":%llu,\"min\":", mr_type_name(stats.type->id),
                     (unsigned long long)stats.null_count);
        if (stats.bounds != NULL) write_bound(stats.type, &stats.bounds->min, out);
        if (stats.bounds == NULL) mr_text_adds(out, "null");
        mr_text_adds(out, ",\"max\":");
        if (stats.bounds != NULL) write_bound(stats.type, &stats.bounds->max, out);
        if (stats.bounds == NULL) mr_text_adds(out, "null");
        mr_text_adds(out, "}\n");
    }
}

static void save(const char *dir, uint32_t number, const char *suffix, const struct mr_text *text)
{
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/case-%03u.%s", dir, number, suffix);
    FILE *file = fopen(path, "wb");
    struct mr_span span = mr_text_span(text);
    if (file == NULL || fwrite(span.text, 1, span.bytes, file) != span.bytes || fclose(file) != 0) {
        die(path, NULL);
    }
}

static struct mr_pq_writer_options case_options(uint32_t number, struct mr_codec *codec)
{
    static const struct mr_pq_pair pairs[] = {{MR_SPAN("millrace.case"), MR_SPAN("\xc3\xa4 = 1")}};
    struct mr_pq_writer_options options = {
        .codec = codec,
        .codec_id = (mr_codec_id)(number % MR_CODEC_COUNT),
        .kernels = mr_encode_kernels(number % 3 == 0 ? MR_ISA_REF : mr_isa_best()),
        .is_adaptive = number % 7 >= 4,
        .row_group_rows = number % 3 == 0 ? 0 : 1500,
        .page_rows = number % 4 == 0 ? 0 : 300,
        .page_bytes = number % 4 == 3 ? 2000 : 0,
        .has_no_dictionary = number % 6 == 5,
        .dictionary_bytes = number % 5 == 4 ? 1000 : 0,
        .piece_bytes = number % 2 == 0 ? 4096 : 0,
        .pairs = pairs,
        .pair_count = number % 2,
    };
    return options;
}

static void write_case(const char *dir, uint32_t number, struct mr_codec *codec)
{
    static const uint32_t distinct[] = {0, 3, 400};
    char path[PATH_ROOM];
    struct mr_heap heap;
    struct mr_arena schema_arena, arena;
    struct mr_text rows, stats, note;
    struct mr_err err;
    struct mr_pq_writer *writer;
    struct mr_batch_gen gen = {
        .nulls = (mr_gen_nulls)(number / 5 % MR_GEN_NULLS_COUNT),
        .distinct = distinct[number % MR_COUNT_OF(distinct)],
        .list_max = 1 + number % 5,
        .text_max = number % 9 == 8 ? 5000 : 90,
        .has_selection = number % 2 == 1,
        .is_sorted = number % 3 == 0,
    };
    mr_rng_init(&gen.rng, number);
    mr_heap_init(&heap, 0);
    mr_arena_init(&schema_arena, &heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_text_init(&rows, &heap);
    mr_text_init(&stats, &heap);
    mr_text_init(&note, &heap);
    const struct mr_type *schema = mr_batch_gen_schema(&gen, &schema_arena, number % 4);
    struct mr_pq_writer_options options = case_options(number, codec);
    if (mr_pq_writer_open(&heap, schema, &options, &writer, &err) != MR_OK) die("open", &err);
    (void)snprintf(path, sizeof path, "%s/case-%03u.parquet", dir, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL) die(path, NULL);
    uint32_t batches = number % 8 == 7 ? 0 : 1 + number % 4;
    for (uint32_t i = 0; i < batches; i++) {
        struct mr_batch batch;
        mr_batch_gen_make(&gen, &arena, schema, i == 2 ? 1 : 900, &batch);
        if (mr_pq_writer_append(writer, &batch, NULL, &err) != MR_OK) die("append", &err);
        write_rows(&batch, &rows);
        mr_batch_fini(&batch);
        drain(writer, file);
    }
    if (mr_pq_writer_seal(writer, &err) != MR_OK) die("seal", &err);
    drain(writer, file);
    if ((uint64_t)ftell(file) != mr_pq_writer_bytes(writer) || fclose(file) != 0) die(path, NULL);
    write_stats(writer, &stats);
    mr_text_addf(&note, "{\"codec\":\"%s\",\"pairs\":%u,\"dictionary\":%s,\"adaptive\":%s}",
                 mr_codec_name(options.codec_id), options.pair_count,
                 options.has_no_dictionary ? "false" : "true",
                 options.is_adaptive ? "true" : "false");
    save(dir, number, "rows", &rows);
    save(dir, number, "stats", &stats);
    save(dir, number, "options", &note);
    mr_pq_writer_close(writer);
    mr_text_fini(&rows);
    mr_text_fini(&stats);
    mr_text_fini(&note);
    mr_arena_fini(&arena);
    mr_arena_fini(&schema_arena);
    MR_ASSERT(heap.used_bytes == 0);
}

/* Rows enough for what a column costs to show over what a file costs. */
static void write_size(const char *dir, uint32_t number, bool is_adaptive, struct mr_codec *codec)
{
    static const uint32_t distinct[SIZES] = {0, 2, 100, 10000};
    const struct mr_pq_writer_options options = {.codec = codec,
                                                 .kernels = mr_encode_kernels(mr_isa_best()),
                                                 .codec_id = MR_CODEC_ZSTD,
                                                 .is_adaptive = is_adaptive};
    struct mr_batch_gen gen = {.nulls = number == 2 ? MR_GEN_NULLS_SOME : MR_GEN_NULLS_NONE,
                               .distinct = distinct[number],
                               .list_max = 3,
                               .text_max = 40,
                               .is_sorted = number == 3};
    char path[PATH_ROOM];
    struct mr_heap heap;
    struct mr_arena schema_arena, arena;
    struct mr_pq_writer *writer;
    struct mr_err err;
    mr_rng_init(&gen.rng, number);
    mr_heap_init(&heap, 0);
    mr_arena_init(&schema_arena, &heap, 0);
    mr_arena_init(&arena, &heap, 0);
    const struct mr_type *schema = mr_batch_gen_schema(&gen, &schema_arena, 1);
    if (mr_pq_writer_open(&heap, schema, &options, &writer, &err) != MR_OK) die("open", &err);
    (void)snprintf(path, sizeof path, "%s/%s-%u.parquet", dir, is_adaptive ? "adaptive" : "size",
                   number);
    FILE *file = fopen(path, "wb");
    if (file == NULL) die(path, NULL);
    for (uint32_t i = 0; i < SIZE_BATCHES; i++) {
        struct mr_batch batch;
        mr_batch_gen_make(&gen, &arena, schema, 4000, &batch);
        if (mr_pq_writer_append(writer, &batch, NULL, &err) != MR_OK) die("append", &err);
        mr_batch_fini(&batch);
        drain(writer, file);
    }
    if (mr_pq_writer_seal(writer, &err) != MR_OK) die("seal", &err);
    drain(writer, file);
    if (fclose(file) != 0) die(path, NULL);
    mr_pq_writer_close(writer);
    mr_arena_fini(&arena);
    mr_arena_fini(&schema_arena);
}

int main(int argc, char **argv)
{
    struct mr_codec_limits limits = {.gzip_level = 1};
    struct mr_codec *codec = NULL;
    struct mr_err err;
    struct mr_heap heap;
    if (argc != 2) die("usage: pq_cases DIR", NULL);
    mr_heap_init(&heap, 0);
    void *memory = mr_heap_take(&heap, mr_codec_footprint(&limits));
    if (memory == NULL || mr_codec_init(memory, &limits, &codec, &err) != MR_OK) die("codec", &err);
    for (uint32_t i = 0; i < CASES; i++) write_case(argv[1], i, codec);
    for (uint32_t i = 0; i < SIZES; i++) {
        write_size(argv[1], i, false, codec);
        write_size(argv[1], i, true, codec);
    }
    mr_heap_give(&heap, memory, mr_codec_footprint(&limits));
    return 0;
}

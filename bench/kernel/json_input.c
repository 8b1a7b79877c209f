#include "bench/kernel/json_input.h"

#include <stdlib.h>
#include <string.h>

#include "bench/kernel/bench_run.h"
#include "core/base/checked.h"
#include "core/format/json/json_infer.h"
#include "core/sql/parse.h"

enum {
    SAMPLE = 1 << 20,
    DECODE_BYTES = 2 << 20,
    ARENA_KEEP_BYTES = 256 << 20, /* from batch to batch, as a worker does */
};

static char *text_alloc(size_t bytes)
{
    return mr_bench_must(aligned_alloc(64, (bytes + 2 * MR_PAD + 63) & ~(size_t)63));
}

static void make_work(struct mr_json_input *in)
{
    struct mr_err err = {0};
    char ddl[MR_WORK_DDL_MAX];
    struct mr_work *work = mr_bench_must(malloc(sizeof *work));
    size_t room = in->work.bytes + 2 * MR_WORK_LINE_MAX, bytes;
    in->text = text_alloc(room);
    mr_work_init(work, &in->work);
    while ((bytes = mr_work_fill(work, in->text + in->bytes, room - in->bytes)) > 0) {
        in->bytes += bytes;
    }
    in->lines = work->lines;
    free(work);
    mr_work_ddl(&in->work, ddl);
    if (mr_sql_parse_schema(&in->types, mr_span_of(ddl), &in->schema, &err) != MR_OK) {
        mr_bench_die(err.message);
    }
    if (in->work.kind == MR_WORK_W5) {
        (void)snprintf(in->options.rescued_column, MR_JSON_NAME_MAX, "_rescued_data");
    }
}

static void read_file(struct mr_json_input *in, const char *path)
{
    struct mr_json_infer *infer;
    size_t consumed;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) mr_bench_die(path);
    in->bytes = (size_t)ftell(file);
    rewind(file);
    in->text = text_alloc(in->bytes);
    if (fread(in->text, 1, in->bytes, file) != in->bytes) mr_bench_die(path);
    (void)fclose(file);
    in->options.infers_column_types = in->options.infers_timestamp = true;
    if (mr_json_infer_open(&in->heap, &in->options, mr_json_kernels(MR_ISA_REF), &infer, NULL) !=
            MR_OK ||
        mr_json_infer_feed(infer, in->text, MR_MIN(in->bytes, (size_t)SAMPLE), false, &consumed,
                           NULL) != MR_OK ||
        mr_json_infer_type(infer, &in->types, &in->schema, NULL) != MR_OK) {
        mr_bench_die("no schema can be inferred");
    }
    mr_json_infer_close(infer);
}

void mr_json_input_open(struct mr_json_input *in, int argc, char **argv)
{
    static const char *const names[] = {MR_JSON_INPUT_NAMES};
    const char *path = mr_bench_argument(argc, argv, "file");
    memset(in, 0, sizeof *in);
    mr_heap_init(&in->heap, 0);
    mr_arena_init(&in->types, &in->heap, 0);
    mr_json_options_init(&in->options);
    mr_work_options_init(&in->work);
    for (size_t i = 1; i < MR_COUNT_OF(names); i++) {
        const char *value = mr_bench_argument(argc, argv, names[i]);
        if (value != NULL && !mr_work_set(&in->work, names[i], value)) mr_bench_die(value);
    }
    if (path != NULL) {
        read_file(in, path);
    } else {
        make_work(in);
    }
}

void mr_json_input_close(struct mr_json_input *in)
{
    mr_arena_fini(&in->types);
    free(in->text);
}

uint64_t mr_json_input_read(struct mr_json_input *in, const struct mr_json_kernels *kernels,
                            mr_json_input_fn *use, void *ctx)
{
    struct mr_json_reader *reader;
    struct mr_arena arena;
    struct mr_err err = {0};
    size_t at = 0;
    if (mr_json_reader_open(&in->heap, in->schema, &in->options, kernels, NULL, &reader, &err) !=
        MR_OK) {
        mr_bench_die(err.message);
    }
    mr_arena_init(&arena, &in->heap, 0);
    arena.keep_bytes = ARENA_KEEP_BYTES;
    while (at < in->bytes) {
        struct mr_batch batch;
        size_t bytes = MR_MIN(in->bytes - at, (size_t)DECODE_BYTES), consumed;
        mr_batch_init(&batch, &arena, mr_json_reader_schema(reader));
        if (mr_json_reader_decode(reader, in->text + at, bytes, at + bytes == in->bytes, &batch,
                                  &consumed, &err) != MR_OK) {
            mr_bench_die(err.message);
        }
        if (use != NULL) use(ctx, &batch);
        at += consumed;
        mr_batch_fini(&batch);
    }
    uint64_t rows = mr_json_reader_counters(reader)->rows;
    mr_arena_fini(&arena);
    mr_json_reader_close(reader);
    return rows;
}

/* Prints the rows of a Parquet file as the reader sees them, a canonical JSON array each
 * (tests/support/batch_gen.h), for test_parquet.py to compare with what pyarrow wrote.
 *
 *     pq_dump FILE       exit code 1 and the error's text when the file cannot be read */
#include <stdio.h>
#include <stdlib.h>

#include "core/format/parquet/pq_reader.h"
#include "tests/support/batch_gen.h"

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "pq_dump: %s: %s\n", what, why);
    exit(1);
}

static char *file_load(const char *path, struct mr_heap *heap, size_t *out_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) die(path, "cannot open");
    long bytes = ftell(file);
    char *at = bytes < 0 ? NULL : mr_heap_take(heap, (size_t)bytes);
    if (at == NULL || fseek(file, 0, SEEK_SET) != 0) die(path, "cannot read");
    if (fread(at, 1, (size_t)bytes, file) != (size_t)bytes) die(path, "cannot read");
    (void)fclose(file);
    *out_bytes = (size_t)bytes;
    return at;
}

static void batch_print(const struct mr_batch *batch, struct mr_text *line)
{
    for (uint32_t row = 0; row < batch->rows; row++) {
        mr_text_reset(line);
        mr_text_addc(line, '[');
        for (uint32_t c = 0; c < batch->schema->field_count; c++) {
            if (c > 0) mr_text_addc(line, ',');
            mr_value_write_json(&batch->cols[c], row, line);
        }
        mr_text_adds(line, "]");
        if (puts(mr_text_span(line).text) < 0) die("stdout", "cannot write");
    }
}

int main(int argc, char **argv)
{
    const struct mr_codec_limits levels = {0};
    const struct mr_pq_reader_limits limits = {.batch_rows = 1000};
    struct mr_pq_reader *reader;
    struct mr_codec *codec = NULL;
    struct mr_arena arena;
    struct mr_heap heap;
    struct mr_text line;
    struct mr_err err;
    bool has_rows = true;
    if (argc != 2) die("usage", "pq_dump FILE");
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_text_init(&line, &heap);
    void *memory = mr_heap_take(&heap, mr_codec_footprint(&levels));
    if (memory == NULL || mr_codec_init(memory, &levels, &codec, &err) != MR_OK) die("codec", "");
    size_t bytes;
    char *at = file_load(argv[1], &heap, &bytes);
    struct mr_span file = {at, bytes};
    mr_status status = mr_pq_reader_open(&heap, codec, file, &limits, &reader, &err);
    if (status != MR_OK) die(argv[1], err.message);
    for (;;) {
        struct mr_batch batch;
        status = mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err);
        if (status != MR_OK) die(argv[1], err.message);
        if (!has_rows) break;
        mr_batch_check(&batch);
        batch_print(&batch, &line);
        mr_batch_fini(&batch);
    }
    mr_pq_reader_close(reader);
    mr_text_fini(&line);
    mr_arena_fini(&arena);
    mr_heap_give(&heap, at, bytes);
    mr_heap_give(&heap, memory, mr_codec_footprint(&levels));
    return 0;
}

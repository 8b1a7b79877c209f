/* Prints the rows of a Parquet file as the reader sees them, a canonical JSON array each
 * (tests/support/batch_gen.h), for test_parquet.py to compare with what pyarrow wrote.
 *
 *     pq_dump FILE                      exit code 1 and the error's text when it cannot be read
 *     pq_dump FILE COLUMN OP [VALUE...] only what is read with a predicate: eq, lt, le, gt, ge, in,
 *                                       null or notnull; one row more in front, the row's number
 *                                       in the file. Values as numbers, or the text itself */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void batch_print(const struct mr_batch *batch, bool has_numbers, struct mr_text *line)
{
    for (uint32_t row = 0; row < batch->rows; row++) {
        mr_text_reset(line);
        mr_text_addc(line, '[');
        if (has_numbers) {
            mr_text_addf(line, "%llu,", (unsigned long long)(batch->first_record + row));
        }
        for (uint32_t c = 0; c < batch->schema->field_count; c++) {
            if (c > 0) mr_text_addc(line, ',');
            mr_value_write_json(&batch->cols[c], row, line);
        }
        mr_text_adds(line, "]");
        if (puts(mr_text_span(line).text) < 0) die("stdout", "cannot write");
    }
}

enum { CONSTANTS_MAX = 16 };

struct filter {
    struct mr_span path;
    union mr_pq_constant constants[CONSTANTS_MAX];
    struct mr_pq_term term;
    struct mr_pq_predicate predicate;
};

static mr_pq_compare op_of(const char *name)
{
    static const char *const names[] = {"eq", "lt", "le", "gt", "ge", "in", "null", "notnull"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) return (mr_pq_compare)i;
    }
    die(name, "no comparison");
    return MR_PQ_EQ;
}

/* The words behind the file's name as a predicate on a column at the top. */
static void filter_set(struct mr_pq_reader *reader, int argc, char **argv, struct filter *out)
{
    const struct mr_type *schema;
    struct mr_err err;
    if (argc < 2 || argc - 2 > CONSTANTS_MAX) die("usage", "pq_dump FILE COLUMN OP [VALUE...]");
    if (mr_pq_reader_schema(reader, &schema, &err) != MR_OK) die(argv[0], err.message);
    int32_t at = mr_type_find(schema, mr_span_of(argv[0]), true);
    if (at < 0) die(argv[0], "no such column");
    const struct mr_type *type = schema->fields[at].type;
    for (int i = 2; i < argc; i++) {
        union mr_pq_constant *constant = &out->constants[i - 2];
        switch (type->id) {
        case MR_TYPE_FLOAT:
        case MR_TYPE_DOUBLE: constant->f64 = strtod(argv[i], NULL); break;
        case MR_TYPE_STRING:
        case MR_TYPE_BINARY: constant->text = mr_span_of(argv[i]); break;
        case MR_TYPE_DECIMAL:
            constant->i64 = strtoll(argv[i], NULL, 10);
            if (!mr_decimal_is_long(type)) constant->i128 = strtoll(argv[i], NULL, 10);
            break;
        default: constant->i64 = strtoll(argv[i], NULL, 10); break;
        }
    }
    out->path = mr_span_of(argv[0]);
    out->term = (struct mr_pq_term){.path = &out->path,
                                    .path_count = 1,
                                    .op = op_of(argv[1]),
                                    .constants = out->constants,
                                    .constant_count = (uint32_t)argc - 2};
    out->predicate = (struct mr_pq_predicate){.terms = &out->term, .count = 1};
    if (mr_pq_reader_filter(reader, &out->predicate, &err) != MR_OK) die(argv[0], err.message);
}

int main(int argc, char **argv)
{
    static struct filter filter;
    const struct mr_codec_limits levels = {0};
    const struct mr_pq_reader_limits limits = {.batch_rows = 1000};
    struct mr_pq_reader *reader;
    struct mr_codec *codec = NULL;
    struct mr_arena arena;
    struct mr_heap heap;
    struct mr_text line;
    struct mr_err err;
    bool has_rows = true;
    if (argc < 2) die("usage", "pq_dump FILE [COLUMN OP VALUE...]");
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
    if (argc > 2) filter_set(reader, argc - 2, argv + 2, &filter);
    for (;;) {
        struct mr_batch batch;
        status = mr_pq_reader_next(reader, &arena, &batch, &has_rows, &err);
        if (status != MR_OK) die(argv[1], err.message);
        if (!has_rows) break;
        mr_batch_check(&batch);
        batch_print(&batch, argc > 2, &line);
        mr_batch_fini(&batch);
    }
    mr_pq_reader_close(reader);
    mr_text_fini(&line);
    mr_arena_fini(&arena);
    mr_heap_give(&heap, at, bytes);
    mr_heap_give(&heap, memory, mr_codec_footprint(&levels));
    return 0;
}

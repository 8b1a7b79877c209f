#include "bench/kernel/segment_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/format/json/json_infer.h"

enum { SEED = 3, TEXT_STRIDE = 48, SAMPLE = 1 << 20, PUSH = 2 << 20, BATCHES_MAX = 1 << 16 };

static void *must(void *at)
{
    if (at == NULL) abort();
    return at;
}

static void must_do(mr_status status, const struct mr_err *err)
{
    if (status == MR_OK) return;
    (void)fprintf(stderr, "bench_segment: %s\n", err->message);
    abort();
}

static uint64_t scrambled(uint64_t value)
{
    struct mr_rng one;
    mr_rng_init(&one, value);
    return mr_rng_next(&one);
}

/* ---- counting -------------------------------------------------------------------------------- */

static uint64_t leaf_count(const struct mr_type *type)
{
    uint64_t count = 0;
    if (!mr_type_is_nested(type)) return 1;
    for (uint32_t i = 0; i < type->field_count; i++) count += leaf_count(type->fields[i].type);
    return count;
}

static uint64_t row_values(const struct mr_vec *vec, uint32_t row)
{
    uint64_t count = 0;
    if (!mr_type_is_nested(vec->type)) return 1;
    if (mr_vec_is_null(vec, row)) return leaf_count(vec->type);
    bool is_struct = vec->type->id == MR_TYPE_STRUCT;
    uint32_t from = is_struct ? row : vec->offsets[row];
    uint32_t to = is_struct ? row + 1 : vec->offsets[row + 1];
    if (from == to) return leaf_count(vec->type);
    for (uint32_t c = 0; c < vec->type->field_count; c++) {
        for (uint32_t i = from; i < to; i++) count += row_values(&vec->children[c], i);
    }
    return count;
}

static void count_all(struct bench_input *input)
{
    input->rows = input->value_count = 0;
    for (uint32_t b = 0; b < input->batch_count; b++) {
        const struct mr_batch *batch = &input->batches[b];
        input->rows += batch->rows;
        for (uint32_t c = 0; c < input->schema->field_count; c++) {
            const struct mr_vec *vec = &batch->cols[input->cols == NULL ? c : input->cols[c]];
            for (uint32_t i = 0; i < batch->rows; i++) input->value_count += row_values(vec, i);
        }
    }
}

/* ---- made ------------------------------------------------------------------------------------ */

static void fill_text(struct mr_vec *vec, uint32_t row, bench_text kind, uint64_t value,
                      char *texts, uint32_t buffer)
{
    char *at = texts + (size_t)row * TEXT_STRIDE;
    int bytes = 0;
    switch (kind) {
    case BENCH_TEXT_SHORT:
        bytes =
            snprintf(at, TEXT_STRIDE, "u-%0*" PRIu64, (int)(value % 6), value / 8 % 10000000000);
        break;
    case BENCH_TEXT_PATH:
        bytes = snprintf(at, TEXT_STRIDE, "/products/%" PRIu64 "/reviews?page=%u",
                         value / 16 % 1000000000, (unsigned)(value % 16));
        break;
    case BENCH_TEXT_UUID:
        bytes =
            snprintf(at, TEXT_STRIDE, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned)(value >> 32),
                     (unsigned)(value >> 16 & 0xffff), (unsigned)(value & 0xfff),
                     (unsigned)(value >> 20 & 0xfff), scrambled(value) >> 16);
        break;
    }
    ((struct mr_view *)vec->values)[row] =
        mr_view_of(at, (uint32_t)bytes, buffer, row * TEXT_STRIDE);
}

static void fill_value(struct mr_vec *vec, uint32_t i, uint64_t pick, uint64_t value)
{
    switch (vec->type->id) {
    case MR_TYPE_LONG: ((int64_t *)vec->values)[i] = (int64_t)value; break;
    case MR_TYPE_INT: ((int32_t *)vec->values)[i] = (int32_t)value; break;
    case MR_TYPE_DOUBLE: ((double *)vec->values)[i] = (double)(value >> 40) / 100; break;
    case MR_TYPE_TIMESTAMP:
        ((int64_t *)vec->values)[i] =
            INT64_C(1700000000000000) + (int64_t)pick * 1000 + (int64_t)(value % 1000);
        break;
    default:
        mr_bit_clear(vec->values, i);
        if (value % 2 == 0) mr_bit_set(vec->values, i);
        break;
    }
}

static void fill_column(struct bench_input *input, const struct bench_column *column,
                        struct mr_rng *rng, uint64_t first_row, struct mr_batch *batch,
                        struct mr_vec *vec)
{
    bool has_nulls = column->null_percent > 0, is_text = column->type == MR_TYPE_STRING;
    char *texts = NULL;
    uint32_t buffer = 0;
    struct mr_err err;
    must_do(mr_vec_alloc(vec, &input->arena, mr_type_of(column->type), batch->rows, has_nulls,
                         &batch->bufs, &err),
            &err);
    if (is_text) {
        texts = must(mr_arena_alloc(&input->arena, (size_t)batch->rows * TEXT_STRIDE + MR_PAD, 64));
        buffer = mr_batch_add_buf(batch, texts);
    }
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint64_t pick = column->distinct == 0 ? first_row + i : mr_rng_below(rng, column->distinct);
        uint64_t value = scrambled(pick);
        if (is_text) fill_text(vec, i, column->text, value, texts, buffer);
        if (!is_text) fill_value(vec, i, pick, value);
        if (has_nulls && mr_rng_below(rng, 100) >= column->null_percent) {
            mr_bit_set(vec->validity, i);
        }
    }
    if (has_nulls) vec->null_count = mr_vec_nulls(vec->validity, batch->rows);
}

void bench_input_make(struct bench_input *input, struct mr_heap *heap,
                      const struct bench_column *columns, uint32_t count, uint64_t rows)
{
    struct mr_field fields[64];
    struct mr_rng rng;
    MR_ASSERT(count <= MR_COUNT_OF(fields));
    *input = (struct bench_input){.rows = rows};
    mr_rng_init(&rng, SEED);
    mr_arena_init(&input->arena, heap, 1 << 20);
    for (uint32_t c = 0; c < count; c++) {
        fields[c] = (struct mr_field){.name = mr_span_of(columns[c].name),
                                      .type = mr_type_of(columns[c].type),
                                      .is_nullable = true};
    }
    input->schema = must((void *)(uintptr_t)mr_type_struct(&input->arena, fields, count));
    input->batch_count = (uint32_t)((rows + MR_BATCH_ROWS_MAX - 1) / MR_BATCH_ROWS_MAX);
    input->batches = must(MR_ARENA_ARRAY(&input->arena, struct mr_batch, input->batch_count));
    for (uint32_t b = 0; b < input->batch_count; b++) {
        struct mr_batch *batch = &input->batches[b];
        uint64_t from = (uint64_t)b * MR_BATCH_ROWS_MAX;
        mr_batch_init(batch, NULL, input->schema);
        batch->rows = batch->sel_count = (uint32_t)MR_MIN(rows - from, (uint64_t)MR_BATCH_ROWS_MAX);
        batch->cols = must(MR_ARENA_ARRAY(&input->arena, struct mr_vec, count));
        for (uint32_t c = 0; c < count; c++) {
            fill_column(input, &columns[c], &rng, from, batch, &batch->cols[c]);
        }
    }
    count_all(input);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static size_t file_read(struct bench_input *input, struct mr_heap *heap, const char *path)
{
    FILE *file = must(fopen(path, "rb"));
    if (fseek(file, 0, SEEK_END) != 0) abort();
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    input->text = must(mr_arena_alloc(&input->arena, bytes + MR_PAD, 64));
    if (fread(input->text, 1, bytes, file) != bytes) abort();
    (void)fclose(file);
    return bytes;
}

void bench_input_json(struct bench_input *input, struct mr_heap *heap, const char *path)
{
    const struct mr_json_kernels *kernels = mr_json_kernels(mr_isa_best());
    struct mr_json_options options;
    struct mr_json_infer *infer;
    struct mr_json_reader *reader;
    struct mr_err err;
    size_t consumed, bytes;
    *input = (struct bench_input){0};
    mr_arena_init(&input->arena, heap, 1 << 20);
    bytes = file_read(input, heap, path);
    mr_json_options_init(&options);
    options.infers_column_types = options.infers_timestamp = true;
    must_do(mr_json_infer_open(heap, &options, kernels, &infer, &err), &err);
    must_do(mr_json_infer_feed(infer, input->text, MR_MIN(bytes, (size_t)SAMPLE), false, &consumed,
                               &err),
            &err);
    must_do(mr_json_infer_type(infer, &input->arena, &input->schema, &err), &err);
    mr_json_infer_close(infer);
    must_do(mr_json_reader_open(heap, input->schema, &options, kernels, NULL, &reader, &err), &err);
    input->batches = must(MR_ARENA_ARRAY(&input->arena, struct mr_batch, BATCHES_MAX));
    for (size_t at = 0; at < bytes; at += consumed) {
        struct mr_batch *batch = &input->batches[input->batch_count++];
        MR_ASSERT(input->batch_count < BATCHES_MAX);
        size_t push = MR_MIN(bytes - at, (size_t)PUSH);
        mr_batch_init(batch, &input->arena, input->schema);
        must_do(mr_json_reader_decode(reader, input->text + at, push, at + push == bytes, batch,
                                      &consumed, &err),
                &err);
    }
    input->reader = reader;
    count_all(input);
}

void bench_input_column(struct bench_input *all, const uint32_t *col, struct bench_input *one)
{
    *one = *all;
    one->cols = col;
    one->schema =
        must((void *)(uintptr_t)mr_type_struct(&all->arena, &all->schema->fields[*col], 1));
    count_all(one);
}

static uint64_t touch_bytes(const void *at, size_t bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes; i += 64) sum += ((const uint8_t *)at)[i];
    return sum;
}

static uint64_t touch_vec(const struct mr_vec *vec, uint32_t rows)
{
    uint64_t sum = 0;
    if (vec->validity != NULL) sum += touch_bytes(vec->validity, mr_bit_words(rows) * 8);
    if (vec->offsets != NULL) sum += touch_bytes(vec->offsets, ((size_t)rows + 1) * 4);
    if (vec->values != NULL) {
        sum += touch_bytes(vec->values, (size_t)rows * mr_type_width(vec->type));
    }
    for (uint32_t i = 0; vec->type->id == MR_TYPE_STRING && i < rows; i++) {
        if (mr_vec_is_null(vec, i)) continue;
        struct mr_span text = mr_vec_span(vec, i);
        sum += touch_bytes(text.text, text.bytes);
    }
    for (uint32_t c = 0; c < vec->type->field_count; c++) {
        sum += touch_vec(&vec->children[c], vec->offsets == NULL ? rows : vec->offsets[rows]);
    }
    return sum;
}

uint64_t bench_input_touch(const struct bench_input *input, uint32_t batch)
{
    const struct mr_batch *one = &input->batches[batch];
    uint64_t sum = 0;
    for (uint32_t c = 0; c < input->schema->field_count; c++) {
        sum += touch_vec(&one->cols[input->cols == NULL ? c : input->cols[c]], one->rows);
    }
    return sum;
}

void bench_input_fini(struct bench_input *input)
{
    mr_json_reader_close(input->reader);
    mr_arena_fini(&input->arena);
}

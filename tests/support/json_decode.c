#include "tests/support/json_decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"

static void write_real(double value, bool is_float, struct mr_text *out)
{
    char text[MR_NUMBER_TEXT_MAX];
    if (is_float) {
        (void)mr_float_format((float)value, text);
    } else {
        (void)mr_double_format(value, text);
    }
    if (isfinite(value)) {
        mr_text_adds(out, text);
    } else {
        mr_text_addf(out, "\"%s\"", text);
    }
}

static void write_binary(struct mr_span bytes, struct mr_text *out)
{
    mr_text_adds(out, "\"0x");
    for (size_t i = 0; i < bytes.bytes; i++)
        mr_text_addf(out, "%02x", (unsigned char)bytes.text[i]);
    mr_text_addc(out, '"');
}

static void write_list(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    bool is_map = vec->type->id == MR_TYPE_MAP;
    mr_text_addc(out, '[');
    for (uint32_t i = vec->offsets[row]; i < vec->offsets[row + 1]; i++) {
        if (i > vec->offsets[row]) mr_text_addc(out, ',');
        if (is_map) mr_text_addc(out, '[');
        mr_vec_write_json(&vec->children[0], i, out);
        if (!is_map) continue;
        mr_text_addc(out, ',');
        mr_vec_write_json(&vec->children[1], i, out);
        mr_text_addc(out, ']');
    }
    mr_text_addc(out, ']');
}

static void write_struct(const struct mr_type *type, const struct mr_vec *cols, uint32_t row,
                         struct mr_text *out)
{
    mr_text_addc(out, '{');
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_add_json(out, type->fields[i].name);
        mr_text_addc(out, ':');
        mr_vec_write_json(&cols[i], row, out);
    }
    mr_text_addc(out, '}');
}

static void write_decimal(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    char text[MR_NUMBER_TEXT_MAX];
    bool is_long = mr_decimal_is_long(vec->type);
    __int128 value =
        is_long ? ((const int64_t *)vec->values)[row] : ((const __int128 *)vec->values)[row];
    (void)mr_decimal_format(value, vec->type->scale, text);
    mr_text_addf(out, "\"%s\"", text);
}

static void write_time(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    char text[MR_TIME_TEXT_MAX];
    int64_t value = mr_vec_i64(vec, row);
    if (vec->type->id == MR_TYPE_DATE) {
        (void)mr_date_format(value, text);
    } else {
        (void)mr_time_format(value, 6, vec->type->id == MR_TYPE_TIMESTAMP ? "Z" : "", text);
    }
    mr_text_addf(out, "\"%s\"", text);
}

void mr_vec_write_json(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    if (mr_vec_is_null(vec, row)) {
        mr_text_adds(out, "null");
        return;
    }
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: mr_text_adds(out, mr_bit_get(vec->values, row) ? "true" : "false"); break;
    case MR_TYPE_FLOAT: write_real(((const float *)vec->values)[row], true, out); break;
    case MR_TYPE_DOUBLE: write_real(((const double *)vec->values)[row], false, out); break;
    case MR_TYPE_DECIMAL: write_decimal(vec, row, out); break;
    case MR_TYPE_STRING: mr_text_add_json(out, mr_vec_span(vec, row)); break;
    case MR_TYPE_BINARY: write_binary(mr_vec_span(vec, row), out); break;
    case MR_TYPE_DATE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: write_time(vec, row, out); break;
    case MR_TYPE_STRUCT: write_struct(vec->type, vec->children, row, out); break;
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: write_list(vec, row, out); break;
    default: mr_text_addf(out, "%lld", (long long)mr_vec_i64(vec, row));
    }
}

void mr_batch_write_json(const struct mr_batch *batch, struct mr_text *out)
{
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        write_struct(batch->schema, batch->cols, mr_batch_row(batch, i), out);
        mr_text_addc(out, '\n');
    }
}

/* ordinals_check: ascending, within the records of this batch. */
static void ordinals_check(const struct mr_json_reader *reader, const struct mr_batch *batch)
{
    uint32_t records = mr_json_reader_records(reader);
    MR_ASSERT(batch->ordinals != NULL || records == batch->rows);
    for (uint32_t i = 0; batch->ordinals != NULL && i < batch->rows; i++) {
        MR_ASSERT(batch->ordinals[i] < records);
        MR_ASSERT(i == 0 || batch->ordinals[i - 1] < batch->ordinals[i]);
    }
}

/* One line for each record that the decode gave no row, and none else. */
static void bad_take(const struct mr_json_reader *reader, const struct mr_batch *batch,
                     struct mr_text *bad)
{
    struct mr_span lines = mr_json_reader_bad_records(reader);
    uint32_t count = 0;
    for (size_t i = 0; i < lines.bytes; i++) count += lines.text[i] == '\n';
    MR_ASSERT(count == 0 || count == mr_json_reader_records(reader) - batch->rows);
    if (bad != NULL) mr_text_add(bad, lines.text, lines.bytes);
}

mr_status mr_json_push_all(struct mr_json_reader *reader, struct mr_heap *heap,
                           struct mr_span input, size_t step, struct mr_text *out,
                           struct mr_err *err)
{
    return mr_json_push_bad(reader, heap, input, step, out, NULL, err);
}

mr_status mr_json_push_bad(struct mr_json_reader *reader, struct mr_heap *heap,
                           struct mr_span input, size_t step, struct mr_text *out,
                           struct mr_text *bad, struct mr_err *err)
{
    struct mr_arena arena;
    mr_status status = MR_OK;
    size_t at = 0, bytes = step == 0 ? input.bytes : MR_MIN(step, input.bytes);
    bool is_done = false;
    mr_arena_init(&arena, heap, 0);
    while (status == MR_OK && !is_done) {
        struct mr_batch batch;
        size_t consumed = 0;
        bool is_last = at + bytes == input.bytes;
        char *copy = malloc(bytes + MR_PAD);
        MR_ASSERT(copy != NULL);
        if (bytes > 0) memcpy(copy, input.text + at, bytes);
        memset(copy + bytes, ',', MR_PAD);
        mr_batch_init(&batch, &arena, mr_json_reader_schema(reader));
        status = mr_json_reader_decode(reader, copy, bytes, is_last, &batch, &consumed, err);
        if (status == MR_OK) {
            mr_batch_check(&batch);
            ordinals_check(reader, &batch);
            mr_batch_write_json(&batch, out);
            bad_take(reader, &batch, bad);
            bool is_moving = consumed > 0 || mr_json_reader_records(reader) > 0;
            MR_ASSERT(consumed <= bytes && (!is_last || is_moving || bytes == 0));
            at += consumed;
            is_done = at == input.bytes;
            if (consumed > 0) bytes = step == 0 ? input.bytes - at : MR_MIN(step, input.bytes - at);
            if (!is_moving) bytes = MR_MIN(bytes + step, input.bytes - at);
        }
        mr_batch_fini(&batch);
        free(copy);
    }
    mr_arena_fini(&arena);
    return status;
}

#include "core/stream/constants.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

enum { ERR_CONSTANT = 5104, METADATA_FIELDS = 6 };

const struct mr_type *mr_metadata_type(struct mr_arena *arena)
{
    static const struct mr_span names[METADATA_FIELDS] = {
        {"file_path", 9},         {"file_name", 9},          {"file_size", 9},
        {"file_block_start", 16}, {"file_block_length", 17}, {"file_modification_time", 22},
    };
    static const mr_type_id ids[METADATA_FIELDS] = {MR_TYPE_STRING, MR_TYPE_STRING,
                                                    MR_TYPE_LONG,   MR_TYPE_LONG,
                                                    MR_TYPE_LONG,   MR_TYPE_TIMESTAMP};
    struct mr_field fields[METADATA_FIELDS] = {0};
    for (int i = 0; i < METADATA_FIELDS; i++) {
        fields[i].name = names[i];
        fields[i].type = mr_type_of(ids[i]);
        fields[i].is_nullable = true;
    }
    return mr_type_struct(arena, fields, METADATA_FIELDS);
}

static mr_status constant_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_CONSTANT, "out of memory for a file's constants");
}

static mr_status fill_text(struct mr_vec *vec, struct mr_batch *batch, struct mr_span text,
                           struct mr_err *err)
{
    struct mr_view *views = vec->values;
    uint32_t buffer = text.bytes > MR_VIEW_INLINE_MAX ? mr_batch_add_buf(batch, text.text) : 0;
    if (buffer == MR_BUFS_MAX) {
        return mr_err_set(err, MR_E_LIMIT, ERR_CONSTANT, "a batch refers to more than %d buffers",
                          MR_BUFS_MAX);
    }
    struct mr_view view = mr_view_of(text.text, (uint32_t)text.bytes, buffer, 0);
    for (uint32_t i = 0; i < vec->rows; i++) views[i] = view;
    return MR_OK;
}

static void fill_long(struct mr_vec *vec, int64_t value)
{
    int64_t *values = vec->values;
    for (uint32_t i = 0; i < vec->rows; i++) values[i] = value;
}

static void fill_bytes(struct mr_vec *vec, const void *value, size_t width)
{
    for (uint32_t i = 0; i < vec->rows; i++) {
        memcpy((char *)vec->values + i * width, value, width);
    }
}

static mr_status add_metadata(struct mr_vec *vec, struct mr_batch *batch,
                              const struct mr_source_file *file, struct mr_err *err)
{
    MR_TRY(fill_text(&vec->children[0], batch, file->uri, err));
    MR_TRY(fill_text(&vec->children[1], batch, file->name, err));
    fill_long(&vec->children[2], (int64_t)file->bytes);
    fill_long(&vec->children[3], (int64_t)file->start);
    fill_long(&vec->children[4], (int64_t)file->length);
    fill_long(&vec->children[5], file->modified_us);
    return MR_OK;
}

/* The value of a partition text in a column's physical form. returns false when it misfits. */
static bool parse_value(const struct mr_type *type, struct mr_span text, const struct mr_zone *zone,
                        void *out)
{
    int64_t number;
    switch (type->id) {
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG: {
        uint32_t bits = mr_type_width(type) * 8;
        if (mr_i64_parse(text.text, text.bytes, &number) != MR_PARSE_OK) return false;
        if (bits < 64 &&
            (number < -(INT64_C(1) << (bits - 1)) || number >= INT64_C(1) << (bits - 1))) {
            return false;
        }
        memcpy(out, &number, sizeof number);
        return true;
    }
    case MR_TYPE_FLOAT: return mr_float_parse(text.text, text.bytes, out) == MR_PARSE_OK;
    case MR_TYPE_DOUBLE: return mr_double_parse_word(text.text, text.bytes, out) == MR_PARSE_OK;
    case MR_TYPE_DATE: return mr_date_parse(text.text, text.bytes, out) == MR_PARSE_OK;
    case MR_TYPE_TIMESTAMP:
        return mr_timestamp_parse(text.text, text.bytes, zone, out) == MR_PARSE_OK;
    case MR_TYPE_TIMESTAMP_NTZ:
        return mr_timestamp_ntz_parse(text.text, text.bytes, false, out) == MR_PARSE_OK;
    case MR_TYPE_DECIMAL: {
        __int128 wide;
        mr_parse parsed =
            mr_decimal_parse(text.text, text.bytes, type->precision, type->scale, &wide);
        if (parsed != MR_PARSE_OK) return false;
        memcpy(out, &wide, mr_type_width(type));
        return true;
    }
    default: return false;
    }
}

static const struct mr_span *find_part(const struct mr_source_file *file, struct mr_span name)
{
    for (uint32_t i = 0; i < file->part_count; i++) {
        if (mr_span_ieq(file->parts[i].name, name)) return &file->parts[i].value;
    }
    return NULL;
}

static mr_status add_partition(struct mr_vec *vec, struct mr_batch *batch,
                               const struct mr_span *text, const struct mr_zone *zone,
                               struct mr_err *err)
{
    char value[16] = {0};
    bool is_true;
    bool is_present = text != NULL && text->text != NULL;
    if (is_present && vec->type->id == MR_TYPE_STRING) {
        MR_TRY(fill_text(vec, batch, *text, err));
    } else if (is_present && vec->type->id == MR_TYPE_BOOLEAN) {
        is_true = mr_span_ieq(*text, MR_SPAN("true"));
        is_present = is_true || mr_span_ieq(*text, MR_SPAN("false"));
        memset(vec->values, is_true ? 0xff : 0, mr_bit_words(vec->rows) * sizeof(uint64_t));
    } else if (is_present) {
        is_present = parse_value(vec->type, *text, zone, value);
        if (is_present) fill_bytes(vec, value, mr_type_width(vec->type));
    }
    if (is_present) return MR_OK;
    /* All null: a bitmap of zeros, and values that are safe to look at. */
    vec->validity = mr_arena_zeroed(batch->arena, mr_bit_words(vec->rows) * sizeof(uint64_t), 64);
    if (vec->validity == NULL) return constant_nomem(err);
    vec->null_count = vec->rows;
    size_t bytes = vec->type->id == MR_TYPE_BOOLEAN ? mr_bit_words(vec->rows) * sizeof(uint64_t)
                                                    : (size_t)vec->rows * mr_type_width(vec->type);
    memset(vec->values, 0, bytes);
    return MR_OK;
}

mr_status mr_constants_add(const struct mr_flow_plan *plan, const struct mr_range *range,
                           struct mr_batch *batch, struct mr_err *err)
{
    const struct mr_source_file *file = range->file;
    uint32_t read_count = batch->schema->field_count;
    if (plan->constant_count == 0) return MR_OK;
    MR_ASSERT(read_count + plan->constant_count == plan->scan_schema->field_count);
    struct mr_vec *cols =
        MR_ARENA_ARRAY(batch->arena, struct mr_vec, plan->scan_schema->field_count);
    if (cols == NULL) return constant_nomem(err);
    memcpy(cols, batch->cols, read_count * sizeof *cols);
    for (uint32_t i = 0; i < plan->constant_count; i++) {
        const struct mr_constant *constant = &plan->constants[i];
        struct mr_vec *vec = &cols[constant->column];
        const struct mr_type *type = plan->scan_schema->fields[constant->column].type;
        MR_TRY(mr_vec_alloc(vec, batch->arena, type, batch->rows, false, &batch->bufs, err));
        mr_status status =
            constant->kind == MR_CONSTANT_METADATA
                ? add_metadata(vec, batch, file, err)
                : add_partition(vec, batch, find_part(file, constant->name), plan->zone, err);
        if (status != MR_OK) return status;
    }
    batch->cols = cols;
    batch->schema = plan->scan_schema;
    return MR_OK;
}

#include "core/format/parquet/pq_footer.h"

/* SchemaElement: 1 type, 2 type_length, 3 repetition_type, 4 name, 5 num_children, 6
 * converted_type, 7 scale, 8 precision, 9 field_id, 10 logicalType. A union member without fields
 * is an empty struct. */
struct schema_walk {
    struct mr_thrift_out *out;
    struct mr_arena *arena; /* for reading metadata */
    bool has_field_ids;
    struct mr_err *err;
};

static uint32_t element_count(const struct mr_type *type)
{
    uint32_t count = 1;
    if (type->id == MR_TYPE_VOID) return 0;
    if (type->id == MR_TYPE_ARRAY || type->id == MR_TYPE_MAP) count++;
    for (uint32_t i = 0; i < type->field_count; i++) count += element_count(type->fields[i].type);
    return count;
}

static uint32_t stored_members(const struct mr_type *type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < type->field_count; i++) {
        count += type->fields[i].type->id != MR_TYPE_VOID;
    }
    return count;
}

static mr_pq_converted converted_of(const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BYTE: return MR_PQ_INT_8;
    case MR_TYPE_SHORT: return MR_PQ_INT_16;
    case MR_TYPE_DECIMAL: return MR_PQ_DECIMAL;
    case MR_TYPE_STRING: return MR_PQ_UTF8;
    case MR_TYPE_DATE: return MR_PQ_DATE;
    case MR_TYPE_TIMESTAMP: return MR_PQ_TIMESTAMP_MICROS;
    case MR_TYPE_ARRAY: return MR_PQ_LIST;
    case MR_TYPE_MAP: return MR_PQ_MAP;
    default: return MR_PQ_CONVERTED_NONE; /* the old name says "adjusted to UTC": not for NTZ */
    }
}

static void empty_member(struct mr_thrift_out *out, int16_t member)
{
    mr_thrift_begin_field(out, member);
    mr_thrift_end(out);
}

static void logical_timestamp(struct mr_thrift_out *out, bool is_utc)
{
    mr_thrift_begin_field(out, MR_PQ_LOGICAL_TIMESTAMP);
    mr_thrift_bool(out, 1, is_utc);
    mr_thrift_begin_field(out, 2);
    empty_member(out, MR_PQ_MICROS);
    mr_thrift_end(out);
    mr_thrift_end(out);
}

static void logical_write(struct mr_thrift_out *out, const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
        mr_thrift_begin_field(out, MR_PQ_LOGICAL_INTEGER);
        mr_thrift_i8(out, 1, type->id == MR_TYPE_BYTE ? 8 : 16);
        mr_thrift_bool(out, 2, true);
        mr_thrift_end(out);
        break;
    case MR_TYPE_DECIMAL:
        mr_thrift_begin_field(out, MR_PQ_LOGICAL_DECIMAL);
        mr_thrift_i32(out, 1, type->scale);
        mr_thrift_i32(out, 2, type->precision);
        mr_thrift_end(out);
        break;
    case MR_TYPE_STRING: empty_member(out, MR_PQ_LOGICAL_STRING); break;
    case MR_TYPE_DATE: empty_member(out, MR_PQ_LOGICAL_DATE); break;
    case MR_TYPE_ARRAY: empty_member(out, MR_PQ_LOGICAL_LIST); break;
    case MR_TYPE_MAP: empty_member(out, MR_PQ_LOGICAL_MAP); break;
    default: logical_timestamp(out, type->id == MR_TYPE_TIMESTAMP); break;
    }
}

static bool has_logical(const struct mr_type *type)
{
    return converted_of(type) != MR_PQ_CONVERTED_NONE || type->id == MR_TYPE_TIMESTAMP_NTZ;
}

/* A member's field id from its metadata; -1 = none. */
static mr_status field_id_of(struct schema_walk *walk, const struct mr_field *field,
                             int64_t *out_id)
{
    const struct mr_doc *doc;
    *out_id = -1;
    if (!walk->has_field_ids || field->metadata.bytes == 0) return MR_OK;
    MR_TRY(mr_doc_read(walk->arena, field->metadata, &doc, walk->err));
    *out_id = mr_doc_int(mr_doc_get(doc, "delta.columnMapping.id"),
                         mr_doc_int(mr_doc_get(doc, "parquet.field.id"), -1));
    return MR_OK;
}

static mr_status field_write(struct schema_walk *walk, const struct mr_field *field,
                             struct mr_span name);

/* The repeated node between an array or map and what is in it. */
static mr_status repeated_write(struct schema_walk *walk, const struct mr_type *type)
{
    struct mr_thrift_out *out = walk->out;
    bool is_array = type->id == MR_TYPE_ARRAY;
    mr_thrift_begin(out);
    mr_thrift_i32(out, 3, MR_PQ_REPEATED);
    mr_thrift_bytes(out, 4, is_array ? MR_SPAN("list") : MR_SPAN("key_value"));
    mr_thrift_i32(out, 5, (int32_t)type->field_count);
    mr_thrift_end(out);
    if (is_array) return field_write(walk, &type->fields[0], MR_SPAN("element"));
    MR_TRY(field_write(walk, &type->fields[0], MR_SPAN("key")));
    return field_write(walk, &type->fields[1], MR_SPAN("value"));
}

static mr_status field_write(struct schema_walk *walk, const struct mr_field *field,
                             struct mr_span name)
{
    struct mr_thrift_out *out = walk->out;
    const struct mr_type *type = field->type;
    bool is_repeated = type->id == MR_TYPE_ARRAY || type->id == MR_TYPE_MAP;
    uint32_t fixed_bytes = 0;
    int64_t id;
    if (type->id == MR_TYPE_VOID) return MR_OK;
    MR_TRY(field_id_of(walk, field, &id));
    mr_thrift_begin(out);
    if (!mr_type_is_nested(type)) {
        mr_thrift_i32(out, 1, mr_pq_kind_of(type, &fixed_bytes));
        if (fixed_bytes > 0) mr_thrift_i32(out, 2, (int32_t)fixed_bytes);
    }
    mr_thrift_i32(out, 3, field->is_nullable ? MR_PQ_OPTIONAL : MR_PQ_REQUIRED);
    mr_thrift_bytes(out, 4, name);
    if (mr_type_is_nested(type)) {
        mr_thrift_i32(out, 5, is_repeated ? 1 : (int32_t)stored_members(type));
    }
    if (converted_of(type) != MR_PQ_CONVERTED_NONE) mr_thrift_i32(out, 6, converted_of(type));
    if (type->id == MR_TYPE_DECIMAL) {
        mr_thrift_i32(out, 7, type->scale);
        mr_thrift_i32(out, 8, type->precision);
    }
    if (id >= 0 && id <= INT32_MAX) mr_thrift_i32(out, 9, (int32_t)id);
    if (has_logical(type)) {
        mr_thrift_begin_field(out, 10);
        logical_write(out, type);
        mr_thrift_end(out);
    }
    mr_thrift_end(out);
    if (is_repeated) return repeated_write(walk, type);
    for (uint32_t i = 0; i < type->field_count; i++) {
        MR_TRY(field_write(walk, &type->fields[i], type->fields[i].name));
    }
    return MR_OK;
}

mr_status mr_pq_schema_write(struct mr_thrift_out *out, int16_t id, const struct mr_type *schema,
                             bool has_field_ids, struct mr_heap *heap, struct mr_err *err)
{
    struct mr_arena arena;
    struct schema_walk walk = {
        .out = out, .arena = &arena, .has_field_ids = has_field_ids, .err = err};
    mr_status status = MR_OK;
    mr_arena_init(&arena, heap, 0);
    mr_thrift_list(out, id, MR_THRIFT_STRUCT, element_count(schema));
    mr_thrift_begin(out);
    mr_thrift_bytes(out, 4, MR_SPAN("schema"));
    mr_thrift_i32(out, 5, (int32_t)stored_members(schema));
    mr_thrift_end(out);
    for (uint32_t i = 0; i < schema->field_count && status == MR_OK; i++) {
        status = field_write(&walk, &schema->fields[i], schema->fields[i].name);
    }
    mr_arena_fini(&arena);
    return status;
}

#include "core/format/delta/delta_layout.h"

#include <inttypes.h>

#include "core/base/checked.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

enum { ERR_LOG = 3102, ERR_FEATURE = 3103 };

static mr_status layout_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the layout of a table");
}

/* ---- the physical schema ---- */

struct walk {
    struct mr_arena *arena;
    mr_delta_mapping mapping;
    struct mr_err *err;
};

static mr_status mapped_field(const struct walk *w, const struct mr_field *field,
                              struct mr_field *out)
{
    const struct mr_doc *doc = NULL;
    struct mr_span none = {NULL, 0};
    if (field->metadata.bytes > 0) MR_TRY(mr_doc_read(w->arena, field->metadata, &doc, w->err));
    out->name =
        mr_doc_string(mr_doc_get(doc, "delta.columnMapping.physicalName"), none);
    int64_t id = mr_doc_int(mr_doc_get(doc, "delta.columnMapping.id"), -1);
    bool has_id = w->mapping != MR_DELTA_MAPPING_ID || (id >= 0 && id <= INT32_MAX);
    if (out->name.bytes == 0 || !has_id) {
        return mr_err_set(w->err, MR_E_CORRUPT, ERR_LOG,
                          "column %.*s has no %s, which the table's column mapping needs",
                          (int)MR_MIN(field->name.bytes, (size_t)200), field->name.text,
                          has_id ? "physical name" : "id");
    }
    if (w->mapping != MR_DELTA_MAPPING_ID) return MR_OK;
    const char *text = mr_arena_format(w->arena, "{\"parquet.field.id\":%" PRId64 "}", id);
    if (text == NULL) return layout_nomem(w->err);
    out->metadata = mr_span_of(text);
    return MR_OK;
}

static mr_status map_type(const struct walk *w, const struct mr_type *type,
                          const struct mr_type **out);

static mr_status map_field(const struct walk *w, const struct mr_type *parent,
                           const struct mr_field *field, struct mr_field *out)
{
    *out = *field;
    out->metadata = (struct mr_span){NULL, 0};
    if (w->mapping != MR_DELTA_MAPPING_NONE && parent->id == MR_TYPE_STRUCT) {
        MR_TRY(mapped_field(w, field, out));
    }
    return map_type(w, field->type, &out->type);
}

/* The depth is the schema's, which its reader limits. */
static mr_status map_type(const struct walk *w, const struct mr_type *type,
                          const struct mr_type **out)
{
    *out = type;
    if (!mr_type_is_nested(type)) return MR_OK;
    struct mr_type *copy = MR_ARENA_NEW(w->arena, struct mr_type);
    struct mr_field *fields =
        MR_ARENA_ARRAY(w->arena, struct mr_field, (size_t)type->field_count + 1);
    if (copy == NULL || fields == NULL) return layout_nomem(w->err);
    for (uint32_t i = 0; i < type->field_count; i++) {
        MR_TRY(map_field(w, type, &type->fields[i], &fields[i]));
    }
    *copy = *type;
    copy->fields = fields;
    *out = copy;
    return MR_OK;
}

static mr_status mapping_of(const struct mr_delta_metadata *metadata, mr_delta_mapping *out,
                            struct mr_err *err)
{
    struct mr_span mode = mr_delta_property(metadata, "delta.columnMapping.mode");
    if (mode.bytes == 0 || mr_span_ieq(mode, MR_SPAN("none"))) {
        *out = MR_DELTA_MAPPING_NONE;
    } else if (mr_span_ieq(mode, MR_SPAN("name"))) {
        *out = MR_DELTA_MAPPING_NAME;
    } else if (mr_span_ieq(mode, MR_SPAN("id"))) {
        *out = MR_DELTA_MAPPING_ID;
    } else {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_FEATURE,
                          "the table's columns are mapped by \"%.*s\", which is unknown",
                          (int)MR_MIN(mode.bytes, (size_t)40), mode.text);
    }
    return MR_OK;
}

mr_status mr_delta_layout_make(struct mr_arena *arena, const struct mr_delta_snapshot *snapshot,
                               struct mr_delta_layout *out_layout, struct mr_err *err)
{
    const struct mr_delta_metadata *metadata = &snapshot->metadata;
    struct mr_delta_layout layout = {.schema = snapshot->schema,
                                     .partition_count = metadata->partition_count};
    struct walk w = {.arena = arena, .err = err};
    uint32_t *partitions =
        MR_ARENA_ARRAY(arena, uint32_t, (size_t)metadata->partition_count + 1);
    if (partitions == NULL) return layout_nomem(err);
    MR_TRY(mapping_of(metadata, &layout.mapping, err));
    w.mapping = layout.mapping;
    MR_TRY(map_type(&w, snapshot->schema, &layout.physical));
    for (uint32_t i = 0; i < metadata->partition_count; i++) {
        struct mr_span name = metadata->partition_columns[i];
        int32_t at = mr_type_find(snapshot->schema, name, true);
        if (at < 0) at = mr_type_find(snapshot->schema, name, false);
        if (at < 0 || mr_type_is_nested(snapshot->schema->fields[at].type)) {
            return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                              "partition column %.*s is no simple column of the table's schema",
                              (int)MR_MIN(name.bytes, (size_t)200), name.text);
        }
        partitions[i] = (uint32_t)at;
    }
    layout.partitions = partitions;
    *out_layout = layout;
    return MR_OK;
}

int32_t mr_delta_layout_partition(const struct mr_delta_layout *layout, uint32_t column)
{
    for (uint32_t i = 0; i < layout->partition_count; i++) {
        if (layout->partitions[i] == column) return (int32_t)i;
    }
    return -1;
}

mr_status mr_delta_layout_wanted(struct mr_arena *arena, const struct mr_delta_layout *layout,
                                 const uint32_t *columns, uint32_t column_count,
                                 const struct mr_type **out_wanted, struct mr_err *err)
{
    uint32_t all = columns == NULL ? layout->schema->field_count : column_count, count = 0;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, (size_t)all + 1);
    if (fields == NULL) return layout_nomem(err);
    for (uint32_t i = 0; i < all; i++) {
        uint32_t column = columns == NULL ? i : columns[i];
        if (mr_delta_layout_partition(layout, column) >= 0) continue;
        fields[count++] = layout->physical->fields[column];
    }
    const struct mr_type *wanted = mr_type_struct(arena, fields, count);
    if (wanted == NULL) return layout_nomem(err);
    *out_wanted = wanted;
    return MR_OK;
}

/* ---- partition values ---- */

static bool integer_of(struct mr_span text, const struct mr_type *type, int64_t *out)
{
    int64_t bits = (int64_t)mr_type_width(type) * 8;
    if (mr_i64_parse(text.text, text.bytes, out) != MR_PARSE_OK) return false;
    return bits == 64 || (*out >= -(INT64_C(1) << (bits - 1)) && *out < INT64_C(1) << (bits - 1));
}

static bool float_of(struct mr_span text, const struct mr_type *type, double *out)
{
    mr_parse parsed = mr_double_parse_word(text.text, text.bytes, out);
    if (type->id == MR_TYPE_FLOAT) *out = (double)(float)*out;
    return parsed == MR_PARSE_OK || parsed == MR_PARSE_INEXACT || parsed == MR_PARSE_OVERFLOW;
}

static bool time_of(struct mr_span text, const struct mr_type *type, int64_t *out)
{
    int32_t days = 0;
    switch (type->id) {
    case MR_TYPE_DATE:
        if (mr_date_parse(text.text, text.bytes, &days) != MR_PARSE_OK) return false;
        *out = days;
        return true;
    case MR_TYPE_TIMESTAMP_NTZ:
        return mr_timestamp_ntz_parse(text.text, text.bytes, true, out) == MR_PARSE_OK;
    default: return mr_timestamp_parse(text.text, text.bytes, NULL, out) == MR_PARSE_OK;
    }
}

static bool boolean_of(struct mr_span text, bool *out)
{
    *out = mr_span_ieq(text, MR_SPAN("true"));
    return *out || mr_span_ieq(text, MR_SPAN("false"));
}

static bool value_of(struct mr_span text, const struct mr_type *type, struct mr_value *out)
{
    switch (type->id) {
    case MR_TYPE_BOOLEAN: return boolean_of(text, &out->u.boolean);
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG: return integer_of(text, type, &out->u.i64);
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: return float_of(text, type, &out->u.f64);
    case MR_TYPE_DECIMAL:
        return mr_decimal_parse(text.text, text.bytes, type->precision, type->scale,
                                &out->u.i128) == MR_PARSE_OK;
    case MR_TYPE_DATE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: return time_of(text, type, &out->u.i64);
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: out->u.text = text; return true;
    default: return false;
    }
}

mr_status mr_delta_partition_value(struct mr_span text, const struct mr_type *type,
                                   struct mr_value *out_value, struct mr_err *err)
{
    struct mr_value value = {.type = type, .is_null = text.bytes == 0};
    if (!value.is_null && !value_of(text, type, &value)) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the partition value \"%.*s\" is no %s",
                          (int)MR_MIN(text.bytes, (size_t)100), text.text,
                          mr_type_name(type->id));
    }
    *out_value = value;
    return MR_OK;
}

/* The member by its exact name, else without regard to case. */
static const struct mr_doc *member_of(const struct mr_doc *object, struct mr_span name)
{
    const struct mr_doc *found = NULL;
    bool is_exact = false;
    for (const struct mr_doc *m = object == NULL ? NULL : object->first; m != NULL; m = m->next) {
        bool is_same = mr_span_eq(m->key, name);
        if (!is_same && (is_exact || !mr_span_ieq(m->key, name))) continue;
        found = m;
        is_exact = is_same;
    }
    return found;
}

mr_status mr_delta_layout_values(struct mr_arena *arena, const struct mr_delta_layout *layout,
                                 struct mr_span partition_values, struct mr_value *out_values,
                                 struct mr_err *err)
{
    const struct mr_doc *object = NULL;
    if (layout->partition_count == 0) return MR_OK;
    if (partition_values.bytes > 0) MR_TRY(mr_doc_read(arena, partition_values, &object, err));
    for (uint32_t i = 0; i < layout->partition_count; i++) {
        const struct mr_field *field = &layout->physical->fields[layout->partitions[i]];
        const struct mr_doc *member = member_of(object, field->name);
        struct mr_span text = mr_doc_string(member, (struct mr_span){NULL, 0});
        MR_TRY(mr_delta_partition_value(text, field->type, &out_values[i], err));
    }
    return MR_OK;
}

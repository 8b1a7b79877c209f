#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/schema/type.h"

/* Names in the JSON form; they differ from SQL's for the integers. */
static const char *const json_names[MR_TYPE_STRUCT] = {
    [MR_TYPE_VOID] = "void",           [MR_TYPE_BOOLEAN] = "boolean",
    [MR_TYPE_BYTE] = "byte",           [MR_TYPE_SHORT] = "short",
    [MR_TYPE_INT] = "integer",         [MR_TYPE_LONG] = "long",
    [MR_TYPE_FLOAT] = "float",         [MR_TYPE_DOUBLE] = "double",
    [MR_TYPE_DECIMAL] = "decimal",     [MR_TYPE_STRING] = "string",
    [MR_TYPE_BINARY] = "binary",       [MR_TYPE_DATE] = "date",
    [MR_TYPE_TIMESTAMP] = "timestamp", [MR_TYPE_TIMESTAMP_NTZ] = "timestamp_ntz",
};

static void write_fields(const struct mr_type *type, struct mr_text *out)
{
    mr_text_adds(out, "{\"type\":\"struct\",\"fields\":[");
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct mr_field *field = &type->fields[i];
        mr_text_adds(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        mr_text_add_json(out, field->name);
        mr_text_adds(out, ",\"type\":");
        mr_type_write_json(field->type, out);
        mr_text_addf(out, ",\"nullable\":%s,\"metadata\":", field->is_nullable ? "true" : "false");
        if (field->metadata.bytes == 0) {
            mr_text_adds(out, "{}");
        } else {
            mr_text_add(out, field->metadata.text, field->metadata.bytes);
        }
        mr_text_addc(out, '}');
    }
    mr_text_adds(out, "]}");
}

void mr_type_write_json(const struct mr_type *type, struct mr_text *out)
{
    switch (type->id) {
    case MR_TYPE_DECIMAL:
        mr_text_addf(out, "\"decimal(%u,%u)\"", type->precision, type->scale);
        return;
    case MR_TYPE_STRUCT: write_fields(type, out); return;
    case MR_TYPE_ARRAY:
        mr_text_adds(out, "{\"type\":\"array\",\"elementType\":");
        mr_type_write_json(type->fields[0].type, out);
        mr_text_addf(out, ",\"containsNull\":%s}", type->fields[0].is_nullable ? "true" : "false");
        return;
    case MR_TYPE_MAP:
        mr_text_adds(out, "{\"type\":\"map\",\"keyType\":");
        mr_type_write_json(type->fields[0].type, out);
        mr_text_adds(out, ",\"valueType\":");
        mr_type_write_json(type->fields[1].type, out);
        mr_text_addf(out, ",\"valueContainsNull\":%s}",
                     type->fields[1].is_nullable ? "true" : "false");
        return;
    default: mr_text_addf(out, "\"%s\"", json_names[type->id]); return;
    }
}

static mr_status json_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a schema");
}

static mr_status read_simple(struct mr_arena *arena, struct mr_span name,
                             const struct mr_type **out_type, struct mr_err *err)
{
    unsigned precision = 10, scale = 0;
    char text[32], tail;
    for (mr_type_id id = MR_TYPE_VOID; id < MR_TYPE_STRUCT; id++) {
        if (id == MR_TYPE_DECIMAL || !mr_span_is(name, json_names[id])) continue;
        *out_type = mr_type_of(id);
        return MR_OK;
    }
    if (mr_span_is(name, "null")) {
        *out_type = mr_type_of(MR_TYPE_VOID);
        return MR_OK;
    }
    if (name.bytes < sizeof text) {
        memcpy(text, name.text, name.bytes);
        text[name.bytes] = '\0';
        bool is_decimal = strcmp(text, "decimal") == 0 ||
                          (sscanf(text, "decimal(%2u,%2u%c", &precision, &scale, &tail) == 3 &&
                           tail == ')' && text[name.bytes - 1] == ')');
        if (is_decimal && precision >= 1 && precision <= MR_DECIMAL_PRECISION_MAX &&
            scale <= precision) {
            *out_type = mr_type_decimal(arena, precision, scale);
            return *out_type == NULL ? json_nomem(err) : MR_OK;
        }
    }
    return mr_err_set(err, MR_E_UNSUPPORTED, 3001, "type \"%.*s\" is not supported",
                      (int)MR_MIN(name.bytes, (size_t)60), name.text);
}

static mr_status read_type(struct mr_arena *arena, const struct mr_doc *doc, int depth,
                           const struct mr_type **out_type, struct mr_err *err);

static mr_status read_field(struct mr_arena *arena, const struct mr_doc *doc, int depth,
                            struct mr_field *field, struct mr_err *err)
{
    const struct mr_doc *name = mr_doc_get(doc, "name");
    const struct mr_doc *metadata = mr_doc_get(doc, "metadata");
    if (name == NULL || name->kind != MR_DOC_STRING) {
        return mr_err_set(err, MR_E_CORRUPT, 3002, "a schema field has no name");
    }
    field->name = name->text;
    field->is_nullable = mr_doc_bool(mr_doc_get(doc, "nullable"), true);
    if (metadata != NULL && metadata->count > 0) {
        struct mr_span source = {metadata->from, (size_t)(metadata->to - metadata->from)};
        field->metadata = (struct mr_span){mr_arena_copy(arena, source), source.bytes};
        if (field->metadata.text == NULL) return json_nomem(err);
    }
    return read_type(arena, mr_doc_get(doc, "type"), depth + 1, &field->type, err);
}

static mr_status read_struct(struct mr_arena *arena, const struct mr_doc *doc, int depth,
                             const struct mr_type **out_type, struct mr_err *err)
{
    const struct mr_doc *list = mr_doc_get(doc, "fields");
    if (list == NULL || list->kind != MR_DOC_ARRAY) {
        return mr_err_set(err, MR_E_CORRUPT, 3002, "a struct type has no list of fields");
    }
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, list->count);
    if (fields == NULL && list->count > 0) return json_nomem(err);
    uint32_t count = 0;
    for (const struct mr_doc *item = list->first; item != NULL; item = item->next) {
        MR_TRY(read_field(arena, item, depth, &fields[count++], err));
    }
    *out_type = mr_type_struct(arena, fields, count);
    return *out_type == NULL ? json_nomem(err) : MR_OK;
}

static mr_status read_nested(struct mr_arena *arena, const struct mr_doc *doc, int depth,
                             const struct mr_type **out_type, struct mr_err *err)
{
    struct mr_span kind = mr_doc_string(mr_doc_get(doc, "type"), MR_SPAN(""));
    const struct mr_type *key = NULL, *value = NULL;
    if (mr_span_is(kind, "struct")) return read_struct(arena, doc, depth, out_type, err);
    if (mr_span_is(kind, "array")) {
        MR_TRY(read_type(arena, mr_doc_get(doc, "elementType"), depth + 1, &value, err));
        bool has_nulls = mr_doc_bool(mr_doc_get(doc, "containsNull"), true);
        *out_type = mr_type_array(arena, value, has_nulls);
        return *out_type == NULL ? json_nomem(err) : MR_OK;
    }
    if (mr_span_is(kind, "map")) {
        MR_TRY(read_type(arena, mr_doc_get(doc, "keyType"), depth + 1, &key, err));
        MR_TRY(read_type(arena, mr_doc_get(doc, "valueType"), depth + 1, &value, err));
        bool has_nulls = mr_doc_bool(mr_doc_get(doc, "valueContainsNull"), true);
        *out_type = mr_type_map(arena, key, value, has_nulls);
        return *out_type == NULL ? json_nomem(err) : MR_OK;
    }
    return mr_err_set(err, MR_E_UNSUPPORTED, 3001, "type \"%.*s\" is not supported",
                      (int)MR_MIN(kind.bytes, (size_t)60), kind.text);
}

static mr_status read_type(struct mr_arena *arena, const struct mr_doc *doc, int depth,
                           const struct mr_type **out_type, struct mr_err *err)
{
    if (depth > MR_TYPE_DEPTH_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 3003, "a schema nests deeper than %d",
                          MR_TYPE_DEPTH_MAX);
    }
    if (doc == NULL) return mr_err_set(err, MR_E_CORRUPT, 3002, "a schema field has no type");
    if (doc->kind == MR_DOC_STRING) return read_simple(arena, doc->text, out_type, err);
    if (doc->kind == MR_DOC_OBJECT) return read_nested(arena, doc, depth, out_type, err);
    return mr_err_set(err, MR_E_CORRUPT, 3002, "a schema type is neither a name nor an object");
}

mr_status mr_type_read_json(struct mr_arena *arena, const struct mr_doc *doc,
                            const struct mr_type **out_type, struct mr_err *err)
{
    return read_type(arena, doc, 0, out_type, err);
}

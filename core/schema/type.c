#include "core/schema/type.h"

#include <string.h>

#include "core/base/assert.h"

static const struct mr_type simple_types[] = {
    [MR_TYPE_VOID] = {.id = MR_TYPE_VOID},
    [MR_TYPE_BOOLEAN] = {.id = MR_TYPE_BOOLEAN},
    [MR_TYPE_BYTE] = {.id = MR_TYPE_BYTE},
    [MR_TYPE_SHORT] = {.id = MR_TYPE_SHORT},
    [MR_TYPE_INT] = {.id = MR_TYPE_INT},
    [MR_TYPE_LONG] = {.id = MR_TYPE_LONG},
    [MR_TYPE_FLOAT] = {.id = MR_TYPE_FLOAT},
    [MR_TYPE_DOUBLE] = {.id = MR_TYPE_DOUBLE},
    [MR_TYPE_STRING] = {.id = MR_TYPE_STRING},
    [MR_TYPE_BINARY] = {.id = MR_TYPE_BINARY},
    [MR_TYPE_DATE] = {.id = MR_TYPE_DATE},
    [MR_TYPE_TIMESTAMP] = {.id = MR_TYPE_TIMESTAMP},
    [MR_TYPE_TIMESTAMP_NTZ] = {.id = MR_TYPE_TIMESTAMP_NTZ},
    [MR_TYPE_MONTHS] = {MR_TYPE_MONTHS, MR_UNIT_YEAR, MR_UNIT_MONTH, 0, NULL},
    [MR_TYPE_SPAN] = {MR_TYPE_SPAN, MR_UNIT_DAY, MR_UNIT_SECOND, 0, NULL},
};

static const char *const type_names[MR_TYPE_COUNT] = {
    [MR_TYPE_VOID] = "void",
    [MR_TYPE_BOOLEAN] = "boolean",
    [MR_TYPE_BYTE] = "tinyint",
    [MR_TYPE_SHORT] = "smallint",
    [MR_TYPE_INT] = "int",
    [MR_TYPE_LONG] = "bigint",
    [MR_TYPE_FLOAT] = "float",
    [MR_TYPE_DOUBLE] = "double",
    [MR_TYPE_DECIMAL] = "decimal",
    [MR_TYPE_STRING] = "string",
    [MR_TYPE_BINARY] = "binary",
    [MR_TYPE_DATE] = "date",
    [MR_TYPE_TIMESTAMP] = "timestamp",
    [MR_TYPE_TIMESTAMP_NTZ] = "timestamp_ntz",
    [MR_TYPE_MONTHS] = "interval",
    [MR_TYPE_SPAN] = "interval",
    [MR_TYPE_STRUCT] = "struct",
    [MR_TYPE_ARRAY] = "array",
    [MR_TYPE_MAP] = "map",
};

const struct mr_type *mr_type_of(mr_type_id id)
{
    MR_ASSERT(id < MR_TYPE_STRUCT && id != MR_TYPE_DECIMAL);
    return &simple_types[id];
}

#define MONTHS(first_, last_) {MR_TYPE_MONTHS, first_, last_, 0, NULL}
#define SPAN(first_, last_) {MR_TYPE_SPAN, first_, last_, 0, NULL}

const struct mr_type *mr_type_interval(unsigned first, unsigned last)
{
    static const struct mr_type intervals[] = {
        MONTHS(MR_UNIT_YEAR, MR_UNIT_YEAR),     MONTHS(MR_UNIT_YEAR, MR_UNIT_MONTH),
        MONTHS(MR_UNIT_MONTH, MR_UNIT_MONTH),   SPAN(MR_UNIT_DAY, MR_UNIT_DAY),
        SPAN(MR_UNIT_DAY, MR_UNIT_HOUR),        SPAN(MR_UNIT_DAY, MR_UNIT_MINUTE),
        SPAN(MR_UNIT_DAY, MR_UNIT_SECOND),      SPAN(MR_UNIT_HOUR, MR_UNIT_HOUR),
        SPAN(MR_UNIT_HOUR, MR_UNIT_MINUTE),     SPAN(MR_UNIT_HOUR, MR_UNIT_SECOND),
        SPAN(MR_UNIT_MINUTE, MR_UNIT_MINUTE),   SPAN(MR_UNIT_MINUTE, MR_UNIT_SECOND),
        SPAN(MR_UNIT_SECOND, MR_UNIT_SECOND),
    };
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        if (intervals[i].precision == first && intervals[i].scale == last) return &intervals[i];
    }
    MR_ASSERT(!"the units are of one kind and in order");
    return NULL;
}

const struct mr_type *mr_type_decimal(struct mr_arena *arena, unsigned precision, unsigned scale)
{
    MR_ASSERT(precision >= 1 && precision <= MR_DECIMAL_PRECISION_MAX && scale <= precision);
    struct mr_type *type = MR_ARENA_NEW(arena, struct mr_type);
    if (type == NULL) return NULL;
    type->id = MR_TYPE_DECIMAL;
    type->precision = (uint8_t)precision;
    type->scale = (uint8_t)scale;
    return type;
}

static const struct mr_type *type_nested(struct mr_arena *arena, mr_type_id id,
                                         const struct mr_field *fields, uint32_t count)
{
    struct mr_type *type = MR_ARENA_NEW(arena, struct mr_type);
    struct mr_field *copy = MR_ARENA_ARRAY(arena, struct mr_field, count);
    if (type == NULL || (copy == NULL && count > 0)) return NULL;
    if (count > 0) memcpy(copy, fields, count * sizeof *fields);
    *type = (struct mr_type){.id = id, .field_count = count, .fields = copy};
    return type;
}

const struct mr_type *mr_type_struct(struct mr_arena *arena, const struct mr_field *fields,
                                     uint32_t count)
{
    return type_nested(arena, MR_TYPE_STRUCT, fields, count);
}

const struct mr_type *mr_type_array(struct mr_arena *arena, const struct mr_type *element,
                                    bool has_nulls)
{
    struct mr_field field = {.name = MR_SPAN("element"), .type = element, .is_nullable = has_nulls};
    return type_nested(arena, MR_TYPE_ARRAY, &field, 1);
}

const struct mr_type *mr_type_map(struct mr_arena *arena, const struct mr_type *key,
                                  const struct mr_type *value, bool has_nulls)
{
    struct mr_field fields[2] = {
        {.name = MR_SPAN("key"), .type = key, .is_nullable = false},
        {.name = MR_SPAN("value"), .type = value, .is_nullable = has_nulls},
    };
    return type_nested(arena, MR_TYPE_MAP, fields, 2);
}

static bool span_clone(struct mr_arena *arena, struct mr_span from, struct mr_span *out)
{
    const char *copy = mr_arena_copy(arena, from);
    *out = (struct mr_span){copy, from.bytes};
    return copy != NULL;
}

const struct mr_type *mr_type_clone(struct mr_arena *arena, const struct mr_type *type)
{
    struct mr_type *copy = MR_ARENA_NEW(arena, struct mr_type);
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, type->field_count);
    if (copy == NULL || (fields == NULL && type->field_count > 0)) return NULL;
    *copy = *type;
    copy->fields = fields;
    for (uint32_t i = 0; i < type->field_count; i++) {
        fields[i] = type->fields[i];
        fields[i].type = mr_type_clone(arena, type->fields[i].type);
        if (fields[i].type == NULL || !span_clone(arena, fields[i].name, &fields[i].name) ||
            !span_clone(arena, fields[i].metadata, &fields[i].metadata)) {
            return NULL;
        }
    }
    return copy;
}

bool mr_type_equal(const struct mr_type *a, const struct mr_type *b)
{
    if (a == b) return true;
    if (a->id != b->id || a->precision != b->precision || a->scale != b->scale ||
        a->field_count != b->field_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->field_count; i++) {
        if (a->id == MR_TYPE_STRUCT && !mr_span_eq(a->fields[i].name, b->fields[i].name)) {
            return false;
        }
        if (!mr_type_equal(a->fields[i].type, b->fields[i].type)) return false;
    }
    return true;
}

int32_t mr_type_find(const struct mr_type *type, struct mr_span name, bool is_case_sensitive)
{
    MR_ASSERT(type->id == MR_TYPE_STRUCT);
    for (uint32_t i = 0; i < type->field_count; i++) {
        bool is_same = is_case_sensitive ? mr_span_eq(type->fields[i].name, name)
                                         : mr_span_ieq(type->fields[i].name, name);
        if (is_same) return (int32_t)i;
    }
    return -1;
}

uint32_t mr_type_width(const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BYTE: return 1;
    case MR_TYPE_SHORT: return 2;
    case MR_TYPE_INT:
    case MR_TYPE_DATE:
    case MR_TYPE_MONTHS:
    case MR_TYPE_FLOAT: return 4;
    case MR_TYPE_LONG:
    case MR_TYPE_DOUBLE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ:
    case MR_TYPE_SPAN: return 8;
    case MR_TYPE_DECIMAL: return mr_decimal_is_long(type) ? 8 : 16;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return 16;
    default: return 0;
    }
}

uint32_t mr_type_leaves(const struct mr_type *type)
{
    uint32_t leaves = 0;
    if (!mr_type_is_nested(type)) return 1;
    for (uint32_t i = 0; i < type->field_count; i++) leaves += mr_type_leaves(type->fields[i].type);
    return leaves;
}

uint32_t mr_type_below(const struct mr_type *type)
{
    uint32_t count = 0;
    if (!mr_type_is_nested(type)) return 0;
    for (uint32_t i = 0; i < type->field_count; i++) {
        count += 1 + mr_type_below(type->fields[i].type);
    }
    return count;
}

const char *mr_unit_name(unsigned unit)
{
    static const char *const names[] = {"year", "month", "day", "hour", "minute", "second"};
    MR_ASSERT(unit <= MR_UNIT_SECOND);
    return names[unit];
}

const char *mr_type_name(mr_type_id id)
{
    return (unsigned)id < MR_TYPE_COUNT ? type_names[id] : "?";
}

static void write_identifier(struct mr_span name, struct mr_text *out)
{
    bool is_plain = name.bytes > 0 && !(name.text[0] >= '0' && name.text[0] <= '9');
    for (size_t i = 0; i < name.bytes && is_plain; i++) {
        char c = name.text[i];
        is_plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    if (is_plain) {
        mr_text_add(out, name.text, name.bytes);
        return;
    }
    mr_text_addc(out, '`');
    for (size_t i = 0; i < name.bytes; i++) {
        if (name.text[i] == '`') mr_text_addc(out, '`');
        mr_text_addc(out, name.text[i]);
    }
    mr_text_addc(out, '`');
}

void mr_type_write_sql(const struct mr_type *type, struct mr_text *out)
{
    mr_text_adds(out, mr_type_name(type->id));
    if (type->id == MR_TYPE_DECIMAL) mr_text_addf(out, "(%u,%u)", type->precision, type->scale);
    if (type->id == MR_TYPE_MONTHS || type->id == MR_TYPE_SPAN) {
        mr_text_addf(out, " %s", mr_unit_name(type->precision));
        if (type->precision != type->scale) mr_text_addf(out, " to %s", mr_unit_name(type->scale));
    }
    if (!mr_type_is_nested(type)) return;
    mr_text_addc(out, '<');
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        if (type->id == MR_TYPE_STRUCT) {
            write_identifier(type->fields[i].name, out);
            mr_text_addc(out, ':');
        }
        mr_type_write_sql(type->fields[i].type, out);
    }
    mr_text_addc(out, '>');
}

void mr_schema_write_ddl(const struct mr_type *schema, struct mr_text *out)
{
    MR_ASSERT(schema->id == MR_TYPE_STRUCT);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        if (i > 0) mr_text_adds(out, ", ");
        write_identifier(schema->fields[i].name, out);
        mr_text_addc(out, ' ');
        mr_type_write_sql(schema->fields[i].type, out);
        if (!schema->fields[i].is_nullable) mr_text_adds(out, " NOT NULL");
    }
}

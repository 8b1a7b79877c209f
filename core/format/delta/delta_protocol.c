#include "core/format/delta/delta_protocol.h"

#include "core/base/checked.h"

enum { ERR_FEATURE = 3103, READER_LISTS = 3, WRITER_LISTS = 7 };

struct feature {
    const char *name;
    bool is_reader;
    bool can_read;
    bool can_write;
};

static const struct feature features[] = {
#define MR_DELTA_FEATURE(name, is_reader, can_read, can_write)                                     \
    {name, is_reader, can_read, can_write},
#include "core/format/delta/features.def"
#undef MR_DELTA_FEATURE
};

/* Features that versions below the lists stand for. */
static const struct {
    const char *name;
    int32_t min_reader; /* 0 = no reader feature */
    int32_t min_writer;
} legacy[] = {
    {"appendOnly", 0, 2},      {"invariants", 0, 2},       {"checkConstraints", 0, 3},
    {"changeDataFeed", 0, 4},  {"generatedColumns", 0, 4}, {"columnMapping", 2, 5},
    {"identityColumns", 0, 6},
};

static const struct feature *feature_find(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(features); i++) {
        if (mr_span_is(name, features[i].name)) return &features[i];
    }
    return NULL;
}

static mr_status refuse(struct mr_span name, const char *verb, struct mr_err *err)
{
    mr_err_set(err, MR_E_UNSUPPORTED, ERR_FEATURE,
               "the table has the feature \"%.*s\", which this version cannot %s",
               (int)MR_MIN(name.bytes, (size_t)80), name.text, verb);
    return MR_E_UNSUPPORTED;
}

mr_status mr_delta_can_read(const struct mr_delta_protocol *protocol, struct mr_err *err)
{
    if (protocol->min_reader > READER_LISTS) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_FEATURE,
                          "the table needs reader version %d; this version reads up to %d",
                          protocol->min_reader, READER_LISTS);
    }
    /* A feature that only writers list and that readers must know all the same. */
    for (uint32_t i = 0; i < protocol->writer_count; i++) {
        const struct feature *feature = feature_find(protocol->writer_features[i]);
        if (feature != NULL && !feature->is_reader && !feature->can_read) {
            return refuse(protocol->writer_features[i], "read", err);
        }
    }
    if (protocol->min_reader < READER_LISTS) return MR_OK;
    for (uint32_t i = 0; i < protocol->reader_count; i++) {
        const struct feature *feature = feature_find(protocol->reader_features[i]);
        if (feature == NULL || !feature->can_read) {
            return refuse(protocol->reader_features[i], "read", err);
        }
    }
    return MR_OK;
}

static bool list_has(const struct mr_span *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (mr_span_is(list[i], name)) return true;
    }
    return false;
}

bool mr_delta_has_feature(const struct mr_delta_protocol *protocol, const char *name)
{
    if (protocol->min_writer >= WRITER_LISTS) {
        return list_has(protocol->writer_features, protocol->writer_count, name) ||
               list_has(protocol->reader_features, protocol->reader_count, name);
    }
    for (size_t i = 0; i < MR_COUNT_OF(legacy); i++) {
        if (strcmp(name, legacy[i].name) != 0) continue;
        return protocol->min_writer >= legacy[i].min_writer &&
               protocol->min_reader >= legacy[i].min_reader;
    }
    return false;
}

bool mr_delta_may_widen(const struct mr_delta_snapshot *snapshot)
{
    struct mr_span on = mr_delta_property(&snapshot->metadata, "delta.enableTypeWidening");
    return mr_span_ieq(on, MR_SPAN("true")) &&
           mr_delta_has_feature(&snapshot->protocol, "typeWidening");
}

static bool text_has(struct mr_span text, const char *part)
{
    return text.bytes > 0 && memmem(text.text, text.bytes, part, strlen(part)) != NULL;
}

/* The first field, at any depth, whose metadata has the key; null when none has. */
static const struct mr_field *field_with(const struct mr_type *type, const char *quoted_key)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct mr_field *field = &type->fields[i];
        if (text_has(field->metadata, quoted_key)) return field;
        const struct mr_field *inner = field_with(field->type, quoted_key);
        if (inner != NULL) return inner;
    }
    return NULL;
}

/* Marks in field metadata that ask a writer for values or checks it does not make. */
static const struct {
    const char *key;
    const char *feature;
} field_marks[] = {
    {"\"delta.invariants\"", "invariants"},
    {"\"delta.generationExpression\"", "generatedColumns"},
    {"\"delta.identity.", "identityColumns"},
    {"\"CURRENT_DEFAULT\"", "allowColumnDefaults"},
    {"\"__CHAR_VARCHAR_TYPE_STRING\"", "char and varchar columns"},
};

static mr_status check_use(const struct mr_delta_snapshot *s, struct mr_err *err)
{
    for (size_t i = 0; i < MR_COUNT_OF(field_marks); i++) {
        const struct mr_field *field = field_with(s->schema, field_marks[i].key);
        if (field == NULL) continue;
        return mr_err_set(
            err, MR_E_UNSUPPORTED, ERR_FEATURE,
            "column \"%.*s\" uses the feature \"%s\", which this version cannot write",
            (int)MR_MIN(field->name.bytes, (size_t)80), field->name.text, field_marks[i].feature);
    }
    for (uint32_t i = 0; i < s->metadata.property_count; i++) {
        struct mr_span key = s->metadata.properties[i].key;
        if (!mr_span_starts(key, MR_SPAN("delta.constraints."))) continue;
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_FEATURE,
                          "the table has the check constraint \"%.*s\" (feature "
                          "\"checkConstraints\"), which this version cannot evaluate",
                          (int)MR_MIN(key.bytes - 18, (size_t)80), key.text + 18);
    }
    struct mr_span mapping = mr_delta_property(&s->metadata, "delta.columnMapping.mode");
    if (mapping.bytes > 0 && !mr_span_is(mapping, "none")) {
        return refuse(MR_SPAN("columnMapping"), "write", err);
    }
    return MR_OK;
}

mr_status mr_delta_can_append(const struct mr_delta_snapshot *snapshot, struct mr_err *err)
{
    const struct mr_delta_protocol *protocol = &snapshot->protocol;
    MR_TRY(mr_delta_can_read(protocol, err));
    if (protocol->min_writer > WRITER_LISTS) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_FEATURE,
                          "the table needs writer version %d; this version writes up to %d",
                          protocol->min_writer, WRITER_LISTS);
    }
    for (uint32_t i = 0; protocol->min_writer == WRITER_LISTS && i < protocol->writer_count; i++) {
        const struct feature *feature = feature_find(protocol->writer_features[i]);
        if (feature == NULL || !feature->can_write) {
            return refuse(protocol->writer_features[i], "write", err);
        }
    }
    return check_use(snapshot, err);
}

bool mr_delta_schema_has(const struct mr_type *schema, mr_type_id id)
{
    if (schema->id == id) return true;
    for (uint32_t i = 0; i < schema->field_count; i++) {
        if (mr_delta_schema_has(schema->fields[i].type, id)) return true;
    }
    return false;
}

/* ---- new tables ---- */

/* Properties that need a table feature when they are on. */
static const struct {
    const char *property;
    const char *feature;
} property_features[] = {
    {"delta.enableChangeDataFeed", "changeDataFeed"},
    {"delta.enableDeletionVectors", "deletionVectors"},
    {"delta.enableInCommitTimestamps", "inCommitTimestamp"},
    {"delta.enableRowTracking", "rowTracking"},
    {"delta.enableTypeWidening", "typeWidening"},
    {"delta.enableVariantShredding", "variantShredding"},
    {"delta.enableIcebergCompatV1", "icebergCompatV1"},
    {"delta.enableIcebergCompatV2", "icebergCompatV2"},
    {"delta.enableIcebergCompatV3", "icebergCompatV3"},
};

/* Features of a table to be, as a set over the list of known ones. */
struct wishes {
    bool has[MR_COUNT_OF(features)];
};

static mr_status wish(struct wishes *wishes, struct mr_span name, struct mr_err *err)
{
    const struct feature *feature = feature_find(name);
    if (feature == NULL || !feature->can_read || !feature->can_write) {
        return refuse(name, "write", err);
    }
    wishes->has[feature - features] = true;
    return MR_OK;
}

static mr_status wish_property(struct wishes *wishes, const struct mr_delta_property *property,
                               struct mr_err *err)
{
    const struct mr_span prefix = MR_SPAN("delta.feature.");
    struct mr_span key = property->key;
    if (mr_span_starts(key, prefix)) {
        struct mr_span name = {key.text + prefix.bytes, key.bytes - prefix.bytes};
        return wish(wishes, name, err);
    }
    bool is_mapping = mr_span_is(key, "delta.columnMapping.mode");
    if ((is_mapping && !mr_span_ieq(property->value, MR_SPAN("none"))) ||
        mr_span_starts(key, MR_SPAN("delta.constraints.")) ||
        mr_span_is(key, "delta.minReaderVersion") || mr_span_is(key, "delta.minWriterVersion")) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_FEATURE,
                          "the table property \"%.*s\" asks for what this version cannot write",
                          (int)MR_MIN(key.bytes, (size_t)80), key.text);
    }
    for (size_t i = 0; i < MR_COUNT_OF(property_features); i++) {
        if (!mr_span_is(key, property_features[i].property)) continue;
        if (!mr_span_ieq(property->value, MR_SPAN("true"))) return MR_OK;
        return wish(wishes, mr_span_of(property_features[i].feature), err);
    }
    return MR_OK;
}

/* The version pair for wishes that versions below the lists stand for; false when there is none. */
static bool legacy_protocol(const struct wishes *wishes, struct mr_delta_protocol *out)
{
    *out = (struct mr_delta_protocol){.min_reader = 1, .min_writer = 2};
    for (size_t i = 0; i < MR_COUNT_OF(features); i++) {
        bool is_basic = strcmp(features[i].name, "appendOnly") == 0 ||
                        strcmp(features[i].name, "invariants") == 0;
        if (!wishes->has[i] || is_basic) continue;
        if (strcmp(features[i].name, "changeDataFeed") != 0) return false;
        out->min_writer = 4;
    }
    return true;
}

mr_status mr_delta_protocol_for(struct mr_arena *arena, const struct mr_type *schema,
                                const struct mr_delta_property *properties, uint32_t property_count,
                                struct mr_delta_protocol *out, struct mr_err *err)
{
    struct wishes wishes = {.has = {false}};
    uint32_t count = 0;
    for (uint32_t i = 0; i < property_count; i++) {
        MR_TRY(wish_property(&wishes, &properties[i], err));
    }
    if (mr_delta_schema_has(schema, MR_TYPE_TIMESTAMP_NTZ)) {
        MR_TRY(wish(&wishes, MR_SPAN("timestampNtz"), err));
    }
    if (legacy_protocol(&wishes, out)) return MR_OK;
    MR_TRY(wish(&wishes, MR_SPAN("appendOnly"), err));
    MR_TRY(wish(&wishes, MR_SPAN("invariants"), err));
    struct mr_span *reader = MR_ARENA_ARRAY(arena, struct mr_span, MR_COUNT_OF(features));
    struct mr_span *writer = MR_ARENA_ARRAY(arena, struct mr_span, MR_COUNT_OF(features));
    if (reader == NULL || writer == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a protocol");
    }
    *out = (struct mr_delta_protocol){
        .min_reader = 1, .min_writer = WRITER_LISTS, .writer_features = writer};
    for (size_t i = 0; i < MR_COUNT_OF(features); i++) {
        if (!wishes.has[i]) continue;
        writer[out->writer_count++] = mr_span_of(features[i].name);
        if (features[i].is_reader) reader[count++] = mr_span_of(features[i].name);
    }
    if (count == 0) return MR_OK;
    out->min_reader = READER_LISTS;
    out->reader_features = reader;
    out->reader_count = count;
    return MR_OK;
}

bool mr_delta_property_is_stored(const struct mr_delta_property *property)
{
    return !mr_span_starts(property->key, MR_SPAN("delta.feature."));
}

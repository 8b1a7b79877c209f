#include "core/format/delta/delta_action.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_LOG = 3102 };

static mr_status action_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for an action of a table's log");
}

static mr_status action_lacks(const char *action, const char *field, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the %s action has no valid %s", action, field);
}

static struct mr_span doc_source(const struct mr_doc *doc)
{
    if (doc == NULL) return (struct mr_span){NULL, 0};
    return (struct mr_span){doc->from, (size_t)(doc->to - doc->from)};
}

/* An object of strings, kept as text. */
static struct mr_span object_source(const struct mr_doc *doc)
{
    if (doc == NULL || doc->kind != MR_DOC_OBJECT) return (struct mr_span){NULL, 0};
    return doc_source(doc);
}

static bool is_number(const struct mr_doc *doc)
{
    return doc != NULL && doc->kind == MR_DOC_NUMBER;
}

static mr_status decode_strings(struct mr_arena *arena, const struct mr_doc *list,
                                const struct mr_span **out_items, uint32_t *out_count,
                                struct mr_err *err)
{
    *out_items = NULL;
    *out_count = 0;
    if (list == NULL || list->kind != MR_DOC_ARRAY) return MR_OK;
    /* One more, so that an empty list differs from none. */
    struct mr_span *items = MR_ARENA_ARRAY(arena, struct mr_span, (size_t)list->count + 1);
    if (items == NULL) return action_nomem(err);
    uint32_t count = 0;
    for (const struct mr_doc *item = list->first; item != NULL; item = item->next) {
        if (item->kind != MR_DOC_STRING) {
            return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "a list of names holds another value");
        }
        items[count++] = item->text;
    }
    *out_items = items;
    *out_count = count;
    return MR_OK;
}

static mr_status decode_protocol(struct mr_arena *arena, const struct mr_doc *doc,
                                 struct mr_delta_protocol *out, struct mr_err *err)
{
    const struct mr_doc *reader = mr_doc_get(doc, "minReaderVersion");
    const struct mr_doc *writer = mr_doc_get(doc, "minWriterVersion");
    int64_t min_reader = mr_doc_int(reader, -1), min_writer = mr_doc_int(writer, -1);
    if (min_reader < 0 || min_reader > INT32_MAX) {
        return action_lacks("protocol", "minReaderVersion", err);
    }
    if (min_writer < 0 || min_writer > INT32_MAX) {
        return action_lacks("protocol", "minWriterVersion", err);
    }
    out->min_reader = (int32_t)min_reader;
    out->min_writer = (int32_t)min_writer;
    MR_TRY(decode_strings(arena, mr_doc_get(doc, "readerFeatures"), &out->reader_features,
                          &out->reader_count, err));
    return decode_strings(arena, mr_doc_get(doc, "writerFeatures"), &out->writer_features,
                          &out->writer_count, err);
}

static mr_status decode_properties(struct mr_arena *arena, const struct mr_doc *map,
                                   struct mr_delta_metadata *out, struct mr_err *err)
{
    if (map == NULL || map->kind != MR_DOC_OBJECT || map->count == 0) return MR_OK;
    struct mr_delta_property *list = MR_ARENA_ARRAY(arena, struct mr_delta_property, map->count);
    if (list == NULL) return action_nomem(err);
    uint32_t count = 0;
    for (const struct mr_doc *m = map->first; m != NULL; m = m->next) {
        if (m->kind != MR_DOC_STRING) continue;
        list[count++] = (struct mr_delta_property){m->key, m->text};
    }
    out->properties = list;
    out->property_count = count;
    return MR_OK;
}

static mr_status decode_metadata(struct mr_arena *arena, const struct mr_doc *doc,
                                 struct mr_delta_metadata *out, struct mr_err *err)
{
    const struct mr_span none = {NULL, 0};
    out->id = mr_doc_string(mr_doc_get(doc, "id"), none);
    out->name = mr_doc_string(mr_doc_get(doc, "name"), none);
    out->description = mr_doc_string(mr_doc_get(doc, "description"), none);
    out->schema = mr_doc_string(mr_doc_get(doc, "schemaString"), none);
    out->created_ms = mr_doc_int(mr_doc_get(doc, "createdTime"), MR_DELTA_NONE);
    if (out->id.bytes == 0) return action_lacks("metaData", "id", err);
    if (out->schema.bytes == 0) return action_lacks("metaData", "schemaString", err);
    struct mr_span provider =
        mr_doc_string(mr_doc_get(mr_doc_get(doc, "format"), "provider"), MR_SPAN("parquet"));
    if (!mr_span_is(provider, "parquet")) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 3103,
                          "the table's files are \"%.*s\", not parquet",
                          (int)MR_MIN(provider.bytes, (size_t)60), provider.text);
    }
    MR_TRY(decode_strings(arena, mr_doc_get(doc, "partitionColumns"), &out->partition_columns,
                          &out->partition_count, err));
    return decode_properties(arena, mr_doc_get(doc, "configuration"), out, err);
}

static mr_status decode_dv(const struct mr_doc *doc, struct mr_delta_dv *out, struct mr_err *err)
{
    if (doc == NULL || doc->kind != MR_DOC_OBJECT) return MR_OK;
    struct mr_span storage = mr_doc_string(mr_doc_get(doc, "storageType"), MR_SPAN(""));
    if (storage.bytes != 1 || strchr("uip", storage.text[0]) == NULL) {
        return action_lacks("add or remove", "storageType of its deletion vector", err);
    }
    out->storage = storage.text[0];
    out->place = mr_doc_string(mr_doc_get(doc, "pathOrInlineDv"), (struct mr_span){NULL, 0});
    out->off = mr_doc_int(mr_doc_get(doc, "offset"), MR_DELTA_NONE);
    out->bytes = mr_doc_int(mr_doc_get(doc, "sizeInBytes"), 0);
    out->cardinality = mr_doc_int(mr_doc_get(doc, "cardinality"), 0);
    if (out->place.text == NULL) {
        return action_lacks("add or remove", "pathOrInlineDv of its deletion vector", err);
    }
    return MR_OK;
}

static mr_status decode_file(mr_delta_kind kind, const char *name, const struct mr_doc *doc,
                             struct mr_delta_file *out, struct mr_err *err)
{
    const struct mr_span none = {NULL, 0};
    const struct mr_doc *bytes = mr_doc_get(doc, kind == MR_DELTA_SIDECAR ? "sizeInBytes" : "size");
    out->path = mr_doc_string(mr_doc_get(doc, "path"), none);
    if (out->path.bytes == 0) return action_lacks(name, "path", err);
    out->bytes = mr_doc_int(bytes, MR_DELTA_NONE);
    if (kind != MR_DELTA_REMOVE && (!is_number(bytes) || out->bytes < 0)) {
        return action_lacks(name, kind == MR_DELTA_SIDECAR ? "sizeInBytes" : "size", err);
    }
    const char *time = kind == MR_DELTA_REMOVE ? "deletionTimestamp" : "modificationTime";
    out->time_ms = mr_doc_int(mr_doc_get(doc, time), kind == MR_DELTA_REMOVE ? 0 : MR_DELTA_NONE);
    out->partition_values = object_source(mr_doc_get(doc, "partitionValues"));
    out->is_data_change = mr_doc_bool(mr_doc_get(doc, "dataChange"), kind != MR_DELTA_CDC);
    out->stats = mr_doc_string(mr_doc_get(doc, "stats"), none);
    out->tags = object_source(mr_doc_get(doc, "tags"));
    out->base_row_id = mr_doc_int(mr_doc_get(doc, "baseRowId"), MR_DELTA_NONE);
    out->row_commit_version = mr_doc_int(mr_doc_get(doc, "defaultRowCommitVersion"), MR_DELTA_NONE);
    return decode_dv(mr_doc_get(doc, "deletionVector"), &out->dv, err);
}

static mr_status decode_txn(const struct mr_doc *doc, struct mr_delta_txn *out, struct mr_err *err)
{
    const struct mr_doc *version = mr_doc_get(doc, "version");
    out->app_id = mr_doc_string(mr_doc_get(doc, "appId"), (struct mr_span){NULL, 0});
    out->version = mr_doc_int(version, 0);
    out->updated_ms = mr_doc_int(mr_doc_get(doc, "lastUpdated"), MR_DELTA_NONE);
    if (out->app_id.text == NULL) return action_lacks("txn", "appId", err);
    return is_number(version) ? MR_OK : action_lacks("txn", "version", err);
}

static mr_status decode_domain(const struct mr_doc *doc, struct mr_delta_domain *out,
                               struct mr_err *err)
{
    out->domain = mr_doc_string(mr_doc_get(doc, "domain"), (struct mr_span){NULL, 0});
    out->configuration = mr_doc_string(mr_doc_get(doc, "configuration"), MR_SPAN(""));
    out->is_removed = mr_doc_bool(mr_doc_get(doc, "removed"), false);
    return out->domain.text == NULL ? action_lacks("domainMetadata", "domain", err) : MR_OK;
}

static void decode_commit_info(const struct mr_doc *doc, struct mr_delta_commit_info *out)
{
    out->json = doc_source(doc);
    out->txn_id = mr_doc_string(mr_doc_get(doc, "txnId"), (struct mr_span){NULL, 0});
    out->in_commit_ms = mr_doc_int(mr_doc_get(doc, "inCommitTimestamp"), MR_DELTA_NONE);
}

static const struct {
    const char *name;
    mr_delta_kind kind;
} action_names[] = {
    {"add", MR_DELTA_ADD},
    {"remove", MR_DELTA_REMOVE},
    {"metaData", MR_DELTA_METADATA},
    {"protocol", MR_DELTA_PROTOCOL},
    {"txn", MR_DELTA_TXN},
    {"domainMetadata", MR_DELTA_DOMAIN},
    {"commitInfo", MR_DELTA_COMMIT_INFO},
    {"cdc", MR_DELTA_CDC},
    {"sidecar", MR_DELTA_SIDECAR},
};

static mr_status decode_member(struct mr_arena *arena, const char *name, const struct mr_doc *doc,
                               struct mr_delta_action *out, struct mr_err *err)
{
    switch (out->kind) {
    case MR_DELTA_PROTOCOL: return decode_protocol(arena, doc, &out->u.protocol, err);
    case MR_DELTA_METADATA: return decode_metadata(arena, doc, &out->u.metadata, err);
    case MR_DELTA_ADD:
    case MR_DELTA_REMOVE:
    case MR_DELTA_SIDECAR:
    case MR_DELTA_CDC: return decode_file(out->kind, name, doc, &out->u.file, err);
    case MR_DELTA_TXN: return decode_txn(doc, &out->u.txn, err);
    case MR_DELTA_DOMAIN: return decode_domain(doc, &out->u.domain, err);
    case MR_DELTA_COMMIT_INFO: decode_commit_info(doc, &out->u.commit_info); return MR_OK;
    case MR_DELTA_OTHER: break;
    }
    return MR_OK;
}

mr_status mr_delta_action_decode(struct mr_arena *arena, struct mr_span line,
                                 struct mr_delta_action *out_action, struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    struct mr_delta_action action = {.kind = MR_DELTA_OTHER};
    mr_status status = mr_doc_read(arena, line, &doc, err);
    if (status == MR_E_CORRUPT && err != NULL) err->code = ERR_LOG;
    if (status != MR_OK) return status;
    if (doc->kind != MR_DOC_OBJECT) {
        return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "a line of the log is no JSON object");
    }
    for (size_t i = 0; i < MR_COUNT_OF(action_names); i++) {
        const struct mr_doc *member = mr_doc_get(doc, action_names[i].name);
        if (member == NULL || member->kind != MR_DOC_OBJECT) continue;
        action.kind = action_names[i].kind;
        MR_TRY(decode_member(arena, action_names[i].name, member, &action, err));
        break;
    }
    *out_action = action;
    return MR_OK;
}

/* ---- encoding ---- */

static void encode_strings(const struct mr_span *items, uint32_t count, struct mr_text *out)
{
    mr_text_addc(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_add_json(out, items[i]);
    }
    mr_text_addc(out, ']');
}

/* ,"key":"value" unless the value is absent. */
static void encode_string(const char *key, struct mr_span value, struct mr_text *out)
{
    if (value.text == NULL) return;
    mr_text_addf(out, ",\"%s\":", key);
    mr_text_add_json(out, value);
}

static void encode_raw(const char *key, struct mr_span json, struct mr_text *out)
{
    if (json.bytes == 0) return;
    mr_text_addf(out, ",\"%s\":", key);
    mr_text_add(out, json.text, json.bytes);
}

static void encode_int(const char *key, int64_t value, struct mr_text *out)
{
    if (value != MR_DELTA_NONE) mr_text_addf(out, ",\"%s\":%" PRId64, key, value);
}

void mr_delta_protocol_encode(const struct mr_delta_protocol *protocol, struct mr_text *out)
{
    mr_text_addf(out, "{\"minReaderVersion\":%d,\"minWriterVersion\":%d", protocol->min_reader,
                 protocol->min_writer);
    if (protocol->reader_features != NULL) {
        mr_text_adds(out, ",\"readerFeatures\":");
        encode_strings(protocol->reader_features, protocol->reader_count, out);
    }
    if (protocol->writer_features != NULL) {
        mr_text_adds(out, ",\"writerFeatures\":");
        encode_strings(protocol->writer_features, protocol->writer_count, out);
    }
    mr_text_addc(out, '}');
}

void mr_delta_metadata_encode(const struct mr_delta_metadata *metadata, struct mr_text *out)
{
    mr_text_adds(out, "{\"id\":");
    mr_text_add_json(out, metadata->id);
    if (metadata->name.bytes > 0) encode_string("name", metadata->name, out);
    if (metadata->description.bytes > 0) encode_string("description", metadata->description, out);
    mr_text_adds(out, ",\"format\":{\"provider\":\"parquet\",\"options\":{}}");
    encode_string("schemaString", metadata->schema, out);
    mr_text_adds(out, ",\"partitionColumns\":");
    encode_strings(metadata->partition_columns, metadata->partition_count, out);
    mr_text_adds(out, ",\"configuration\":{");
    for (uint32_t i = 0; i < metadata->property_count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_add_json(out, metadata->properties[i].key);
        mr_text_addc(out, ':');
        mr_text_add_json(out, metadata->properties[i].value);
    }
    mr_text_addc(out, '}');
    encode_int("createdTime", metadata->created_ms, out);
    mr_text_addc(out, '}');
}

static void encode_dv(const struct mr_delta_dv *dv, struct mr_text *out)
{
    if (dv->storage == 0) return;
    mr_text_addf(out, ",\"deletionVector\":{\"storageType\":\"%c\"", dv->storage);
    encode_string("pathOrInlineDv", dv->place, out);
    encode_int("offset", dv->off, out);
    encode_int("sizeInBytes", dv->bytes, out);
    encode_int("cardinality", dv->cardinality, out);
    mr_text_addc(out, '}');
}

static void encode_file(mr_delta_kind kind, const struct mr_delta_file *file, struct mr_text *out)
{
    bool is_remove = kind == MR_DELTA_REMOVE;
    mr_text_adds(out, "{\"path\":");
    mr_text_add_json(out, file->path);
    if (is_remove) {
        encode_int("deletionTimestamp", file->time_ms, out);
        mr_text_addf(out, ",\"dataChange\":%s", file->is_data_change ? "true" : "false");
        if (file->partition_values.bytes > 0 && file->bytes != MR_DELTA_NONE) {
            mr_text_adds(out, ",\"extendedFileMetadata\":true");
        }
        encode_raw("partitionValues", file->partition_values, out);
        encode_int("size", file->bytes, out);
    } else {
        bool has_values = file->partition_values.bytes > 0;
        encode_raw("partitionValues", has_values ? file->partition_values : MR_SPAN("{}"), out);
        encode_int("size", file->bytes, out);
        if (kind == MR_DELTA_ADD) encode_int("modificationTime", file->time_ms, out);
        mr_text_addf(out, ",\"dataChange\":%s", file->is_data_change ? "true" : "false");
        if (file->stats.bytes > 0) encode_string("stats", file->stats, out);
    }
    encode_raw("tags", file->tags, out);
    encode_dv(&file->dv, out);
    encode_int("baseRowId", file->base_row_id, out);
    encode_int("defaultRowCommitVersion", file->row_commit_version, out);
    mr_text_addc(out, '}');
}

static void encode_txn(const struct mr_delta_txn *txn, struct mr_text *out)
{
    mr_text_adds(out, "{\"appId\":");
    mr_text_add_json(out, txn->app_id);
    mr_text_addf(out, ",\"version\":%" PRId64, txn->version);
    encode_int("lastUpdated", txn->updated_ms, out);
    mr_text_addc(out, '}');
}

static void encode_domain(const struct mr_delta_domain *domain, struct mr_text *out)
{
    mr_text_adds(out, "{\"domain\":");
    mr_text_add_json(out, domain->domain);
    encode_string("configuration", domain->configuration, out);
    mr_text_addf(out, ",\"removed\":%s}", domain->is_removed ? "true" : "false");
}

void mr_delta_action_encode(const struct mr_delta_action *action, struct mr_text *out)
{
    const char *name = NULL;
    for (size_t i = 0; i < MR_COUNT_OF(action_names); i++) {
        if (action_names[i].kind == action->kind) name = action_names[i].name;
    }
    MR_ASSERT(name != NULL && action->kind != MR_DELTA_SIDECAR);
    mr_text_addf(out, "{\"%s\":", name);
    switch (action->kind) {
    case MR_DELTA_PROTOCOL: mr_delta_protocol_encode(&action->u.protocol, out); break;
    case MR_DELTA_METADATA: mr_delta_metadata_encode(&action->u.metadata, out); break;
    case MR_DELTA_TXN: encode_txn(&action->u.txn, out); break;
    case MR_DELTA_DOMAIN: encode_domain(&action->u.domain, out); break;
    case MR_DELTA_COMMIT_INFO:
        mr_text_add(out, action->u.commit_info.json.text, action->u.commit_info.json.bytes);
        break;
    default: encode_file(action->kind, &action->u.file, out); break;
    }
    mr_text_adds(out, "}\n");
}

bool mr_delta_line(struct mr_span *text, struct mr_span *out_line)
{
    while (text->bytes > 0) {
        const char *feed = memchr(text->text, '\n', text->bytes);
        size_t bytes = feed == NULL ? text->bytes : (size_t)(feed - text->text);
        struct mr_span line = mr_span_trim((struct mr_span){text->text, bytes});
        size_t taken = MR_MIN(bytes + 1, text->bytes);
        *text = (struct mr_span){text->text + taken, text->bytes - taken};
        if (line.bytes == 0) continue;
        *out_line = line;
        return true;
    }
    return false;
}

struct mr_span mr_delta_property(const struct mr_delta_metadata *metadata, const char *key)
{
    for (uint32_t i = 0; i < metadata->property_count; i++) {
        if (mr_span_is(metadata->properties[i].key, key)) return metadata->properties[i].value;
    }
    return (struct mr_span){NULL, 0};
}

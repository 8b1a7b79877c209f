#include "core/stream/prepared.h"

#include <inttypes.h>

enum { ERR_PREPARED = 4005 };

void mr_counts_add(struct mr_counts *counts, const struct mr_counts *more)
{
#define MR_COUNT(name, help) counts->name += more->name;
#include "core/stream/counts.def"
#undef MR_COUNT
}

int64_t mr_counts_unaccounted(const struct mr_counts *counts)
{
    return (int64_t)(counts->records_in - counts->rows_out - counts->rows_filtered -
                     counts->rows_malformed_dropped);
}

static void write_counts(const struct mr_counts *counts, struct mr_text *out)
{
    bool is_first = true;
#define MR_COUNT(name, help)                                                                       \
    if (counts->name != 0) {                                                                       \
        mr_text_addf(out, "%s\"" #name "\":%" PRIu64, is_first ? "" : ",", counts->name);          \
        is_first = false;                                                                          \
    }
#include "core/stream/counts.def"
#undef MR_COUNT
}

static void write_file(const struct mr_staged_file *file, struct mr_text *out)
{
    mr_text_adds(out, "{\"path\":");
    mr_text_add_json(out, file->path);
    mr_text_adds(out, ",\"partitionValues\":");
    mr_text_add(out, file->partition_values.text, file->partition_values.bytes);
    mr_text_addf(out, ",\"size\":%" PRIu64 ",\"modificationTime\":%" PRId64 ",\"rows\":%" PRIu64,
                 file->bytes, file->modified_ms, file->rows);
    if (file->stats.bytes > 0) {
        mr_text_adds(out, ",\"stats\":");
        mr_text_add(out, file->stats.text, file->stats.bytes);
    }
    mr_text_addc(out, '}');
}

void mr_prepared_write(const struct mr_prepared *prepared, struct mr_text *out)
{
    mr_text_addf(out, "{\"epoch\":%" PRId64 ",\"appId\":", prepared->epoch);
    mr_text_add_json(out, prepared->app_id);
    mr_text_adds(out, ",\"tableId\":");
    mr_text_add_json(out, prepared->table_id);
    mr_text_addf(out,
                 ",\"batchTimestampMs\":%" PRId64 ",\"nextWatermarkMs\":%" PRId64
                 ",\"schemaVersion\":%" PRId64,
                 prepared->batch_time_ms, prepared->next_watermark_ms, prepared->schema_version);
    if (prepared->schema.bytes > 0) {
        mr_text_adds(out, ",\"schema\":");
        mr_text_add(out, prepared->schema.text, prepared->schema.bytes);
    }
    if (prepared->source.bytes > 0) {
        mr_text_adds(out, ",\"source\":");
        mr_text_add(out, prepared->source.text, prepared->source.bytes);
    }
    mr_text_adds(out, ",\"counts\":{");
    write_counts(&prepared->counts, out);
    mr_text_adds(out, "},\"files\":[");
    for (uint32_t i = 0; i < prepared->file_count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        write_file(&prepared->files[i], out);
    }
    mr_text_adds(out, "]}");
}

static mr_status prepared_corrupt(const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, ERR_PREPARED, "a prepared record lacks %s", what);
}

static struct mr_span source_text(const struct mr_doc *doc)
{
    if (doc == NULL) return MR_SPAN("");
    return (struct mr_span){doc->from, (size_t)(doc->to - doc->from)};
}

static bool read_number(const struct mr_doc *doc, const char *name, int64_t *out)
{
    const struct mr_doc *value = mr_doc_get(doc, name);
    if (value == NULL || value->kind != MR_DOC_NUMBER) return false;
    *out = mr_doc_int(value, 0);
    return true;
}

static mr_status read_file(const struct mr_doc *doc, struct mr_staged_file *file,
                           struct mr_err *err)
{
    int64_t bytes, rows;
    const struct mr_doc *path = mr_doc_get(doc, "path");
    const struct mr_doc *values = mr_doc_get(doc, "partitionValues");
    if (path == NULL || path->kind != MR_DOC_STRING) return prepared_corrupt("a file's path", err);
    if (values == NULL || values->kind != MR_DOC_OBJECT) {
        return prepared_corrupt("a file's partition values", err);
    }
    if (!read_number(doc, "size", &bytes) || !read_number(doc, "rows", &rows) ||
        !read_number(doc, "modificationTime", &file->modified_ms)) {
        return prepared_corrupt("a file's size, rows or time", err);
    }
    file->path = path->text;
    file->partition_values = source_text(values);
    file->bytes = (uint64_t)bytes;
    file->rows = (uint64_t)rows;
    file->stats = source_text(mr_doc_get(doc, "stats"));
    return MR_OK;
}

static mr_status read_files(struct mr_arena *arena, const struct mr_doc *list,
                            struct mr_prepared *prepared, struct mr_err *err)
{
    if (list == NULL || list->kind != MR_DOC_ARRAY) return prepared_corrupt("its files", err);
    struct mr_staged_file *files = MR_ARENA_ARRAY(arena, struct mr_staged_file, list->count);
    if (files == NULL && list->count > 0) {
        return mr_err_set(err, MR_E_NOMEM, ERR_PREPARED, "out of memory for a prepared record");
    }
    for (const struct mr_doc *item = list->first; item != NULL; item = item->next) {
        MR_TRY(read_file(item, &files[prepared->file_count++], err));
    }
    prepared->files = files;
    return MR_OK;
}

mr_status mr_prepared_read(struct mr_arena *arena, struct mr_span json,
                           struct mr_prepared *out_prepared, struct mr_err *err)
{
    const struct mr_doc *doc;
    struct mr_prepared prepared = {0};
    MR_TRY(mr_doc_read(arena, json, &doc, err));
    if (!read_number(doc, "epoch", &prepared.epoch)) return prepared_corrupt("its epoch", err);
    if (!read_number(doc, "batchTimestampMs", &prepared.batch_time_ms) ||
        !read_number(doc, "nextWatermarkMs", &prepared.next_watermark_ms) ||
        !read_number(doc, "schemaVersion", &prepared.schema_version)) {
        return prepared_corrupt("a time, watermark or schema version", err);
    }
    prepared.app_id = mr_doc_string(mr_doc_get(doc, "appId"), MR_SPAN(""));
    prepared.table_id = mr_doc_string(mr_doc_get(doc, "tableId"), MR_SPAN(""));
    if (prepared.app_id.bytes == 0 || prepared.table_id.bytes == 0) {
        return prepared_corrupt("the ids of its query and table", err);
    }
    prepared.schema = source_text(mr_doc_get(doc, "schema"));
    prepared.source = source_text(mr_doc_get(doc, "source"));
    const struct mr_doc *counts = mr_doc_get(doc, "counts");
#define MR_COUNT(name, help)                                                                       \
    prepared.counts.name = (uint64_t)mr_doc_int(mr_doc_get(counts, #name), 0);
#include "core/stream/counts.def"
#undef MR_COUNT
    MR_TRY(read_files(arena, mr_doc_get(doc, "files"), &prepared, err));
    *out_prepared = prepared;
    return MR_OK;
}

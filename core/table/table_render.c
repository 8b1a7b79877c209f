#include "core/table/table_render.h"

#include <inttypes.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_schema.h"

void rendered_init(struct rendered *rendered, struct mr_heap *heap)
{
    *rendered = (struct rendered){.part_count = 0};
    mr_text_init(&rendered->info, heap);
    mr_text_init(&rendered->body, heap);
}

void rendered_fini(struct rendered *rendered)
{
    mr_text_fini(&rendered->info);
    mr_text_fini(&rendered->body);
}

/* ---- commitInfo ---- */

bool table_has_times(const struct mr_table *table)
{
    const struct mr_delta_snapshot *s = &table->snapshot;
    struct mr_span on = mr_delta_property(&s->metadata, "delta.enableInCommitTimestamps");
    return mr_span_ieq(on, MR_SPAN("true")) &&
           mr_delta_has_feature(&s->protocol, "inCommitTimestamp");
}

mr_status table_render_info(struct mr_table *table, const struct mr_table_commit *commit,
                            struct rendered *out, struct mr_err *err)
{
    const struct mr_delta_snapshot *s = &table->snapshot;
    struct mr_text *info = &out->info;
    int64_t now_ms = mr_floor_div(mr_io_now_us(table->io), MR_US_PER_MS);
    mr_uuid_make(table->io, out->txn_id);
    mr_text_reset(info);
    mr_text_adds(info, "{\"commitInfo\":{");
    if (table_has_times(table)) {
        int64_t in_commit_ms = now_ms;
        if (s->in_commit_ms != MR_DELTA_NONE) in_commit_ms = MR_MAX(now_ms, s->in_commit_ms + 1);
        mr_text_addf(info, "\"inCommitTimestamp\":%" PRId64 ",", in_commit_ms);
    }
    mr_text_addf(info, "\"timestamp\":%" PRId64 ",\"operation\":", now_ms);
    mr_text_add_json(info, commit->operation);
    mr_text_adds(info, ",\"operationParameters\":");
    struct mr_span parameters = commit->parameters.bytes > 0 ? commit->parameters : MR_SPAN("{}");
    mr_text_add(info, parameters.text, parameters.bytes);
    mr_text_addf(info, ",\"readVersion\":%" PRId64 ",\"isBlindAppend\":true", s->version);
    if (commit->metrics.bytes > 0) {
        mr_text_adds(info, ",\"operationMetrics\":");
        mr_text_add(info, commit->metrics.text, commit->metrics.bytes);
    }
    mr_text_adds(info, ",\"engineInfo\":");
    mr_text_add_json(info, commit->engine);
    mr_text_addf(info, ",\"txnId\":\"%s\"", out->txn_id);
    if (commit->extra.bytes > 0) {
        mr_text_addc(info, ',');
        mr_text_add(info, commit->extra.text, commit->extra.bytes);
    }
    mr_text_adds(info, "}}\n");
    return mr_text_end(info, err);
}

/* ---- schema ---- */

/* Old version numbers spelled out as feature lists, with one more feature that readers need. */
static mr_status upgrade_protocol(struct mr_arena *arena, const struct mr_delta_protocol *old,
                                  const char *feature, struct mr_delta_protocol *out,
                                  struct mr_err *err)
{
    static const char *const kept[] = {"appendOnly",     "invariants",    "checkConstraints",
                                       "changeDataFeed", "columnMapping", "generatedColumns",
                                       "identityColumns"};
    uint32_t reader_room = old->reader_count + 2;
    uint32_t writer_room = old->writer_count + (uint32_t)MR_COUNT_OF(kept) + 1;
    struct mr_span *reader = MR_ARENA_ARRAY(arena, struct mr_span, reader_room);
    struct mr_span *writer = MR_ARENA_ARRAY(arena, struct mr_span, writer_room);
    if (reader == NULL || writer == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a protocol");
    }
    *out = (struct mr_delta_protocol){
        .min_reader = 3, .min_writer = 7, .reader_features = reader, .writer_features = writer};
    for (uint32_t i = 0; i < old->reader_count; i++) {
        reader[out->reader_count++] = old->reader_features[i];
    }
    for (uint32_t i = 0; i < old->writer_count; i++) {
        writer[out->writer_count++] = old->writer_features[i];
    }
    bool maps_columns = mr_delta_has_feature(old, "columnMapping");
    if (old->min_reader < 3 && maps_columns) {
        reader[out->reader_count++] = mr_span_of("columnMapping");
    }
    for (size_t i = 0; old->min_writer < 7 && i < MR_COUNT_OF(kept); i++) {
        if (!mr_delta_has_feature(old, kept[i])) continue;
        writer[out->writer_count++] = mr_span_of(kept[i]);
    }
    reader[out->reader_count++] = mr_span_of(feature);
    writer[out->writer_count++] = mr_span_of(feature);
    return MR_OK;
}

static mr_status render_schema(struct mr_table *table, struct mr_arena *arena,
                               const struct mr_type *merged, struct rendered *out,
                               struct mr_err *err)
{
    const struct mr_delta_snapshot *s = &table->snapshot;
    struct mr_delta_action action = {.kind = MR_DELTA_METADATA, .u.metadata = s->metadata};
    struct mr_text json;
    MR_TRY(mr_delta_schema_check(merged, s->metadata.partition_columns, s->metadata.partition_count,
                                 err));
    if (mr_delta_schema_has(merged, MR_TYPE_TIMESTAMP_NTZ) &&
        !mr_delta_has_feature(&s->protocol, "timestampNtz")) {
        struct mr_delta_action protocol = {.kind = MR_DELTA_PROTOCOL};
        MR_TRY(upgrade_protocol(arena, &s->protocol, "timestampNtz", &protocol.u.protocol, err));
        mr_delta_action_encode(&protocol, &out->body);
    }
    mr_text_init(&json, table->heap);
    mr_type_write_json(merged, &json);
    action.u.metadata.schema = mr_text_span(&json);
    mr_delta_action_encode(&action, &out->body);
    out->changes_schema = true;
    mr_status status = mr_text_end(&json, err);
    mr_text_fini(&json);
    return status;
}

/* Names in files must be spelled as in the table: most readers compare them exactly. */
static mr_status check_spelling(const struct mr_type *incoming, const struct mr_type *written,
                                struct mr_err *err)
{
    for (uint32_t i = 0, k = 0; i < incoming->field_count; i++) {
        const struct mr_field *field = &incoming->fields[i];
        if (field->type->id == MR_TYPE_VOID) continue;
        MR_ASSERT(k < written->field_count);
        const struct mr_field *right = &written->fields[k++];
        if (!mr_span_eq(field->name, right->name)) {
            return mr_err_set(err, MR_E_SCHEMA, ERR_SPELLING,
                              "column \"%.*s\" is spelled \"%.*s\" in the table",
                              (int)MR_MIN(field->name.bytes, (size_t)80), field->name.text,
                              (int)MR_MIN(right->name.bytes, (size_t)80), right->name.text);
        }
        MR_TRY(check_spelling(field->type, right->type, err));
    }
    return MR_OK;
}

static mr_status render_fit(struct mr_table *table, struct mr_arena *arena,
                            const struct mr_table_commit *commit, struct rendered *out,
                            struct mr_err *err)
{
    struct mr_delta_fit fit;
    unsigned allowed = MR_DELTA_ALLOW_NOTHING;
    if (commit->schema == NULL) return MR_OK;
    if (commit->may_add_columns) allowed = MR_DELTA_ALLOW_COLUMNS;
    if (commit->may_add_columns && mr_delta_may_widen(&table->snapshot)) {
        allowed |= MR_DELTA_ALLOW_WIDER;
    }
    MR_TRY(mr_delta_schema_fit(arena, table->snapshot.schema, commit->schema, allowed, &fit, err));
    MR_TRY(check_spelling(commit->schema, fit.written, err));
    if (fit.merged == table->snapshot.schema) return MR_OK;
    return render_schema(table, arena, fit.merged, out, err);
}

/* ---- files ---- */

static mr_status check_path(const struct mr_table_add *add, struct mr_err *err)
{
    if (mr_delta_path_is_inside(add->path)) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, ERR_OUTSIDE, "\"%.*s\" is not a path below the table",
                      (int)MR_MIN(add->path.bytes, (size_t)200), add->path.text);
}

static mr_status check_partition(struct mr_table *table, const struct mr_table_add *add,
                                 struct mr_err *err)
{
    const struct mr_delta_metadata *m = &table->snapshot.metadata;
    const struct mr_doc *doc = NULL;
    uint32_t found = 0;
    if (add->partition_values.bytes > 0) {
        MR_TRY(mr_doc_read(&table->scratch, add->partition_values, &doc, err));
    }
    for (const struct mr_doc *v = doc == NULL ? NULL : doc->first; v != NULL; v = v->next) {
        for (uint32_t i = 0; i < m->partition_count; i++) {
            found += mr_span_eq(v->key, m->partition_columns[i]);
        }
    }
    if (found == m->partition_count && (doc == NULL ? 0 : doc->count) == found) return MR_OK;
    return mr_err_set(err, MR_E_CONFLICT, ERR_CHANGED,
                      "\"%.*s\" was written for other partition columns than the table has",
                      (int)MR_MIN(add->path.bytes, (size_t)200), add->path.text);
}

static bool is_partition_column(const struct mr_delta_metadata *m, struct mr_span name)
{
    for (uint32_t i = 0; i < m->partition_count; i++) {
        if (mr_span_eq(m->partition_columns[i], name)) return true;
    }
    return false;
}

/* The first NOT NULL column, walking structs, that the file's statistics do not show free of
 * nulls; members of a nullable struct are left to readers. */
static mr_status check_nulls(const struct mr_delta_metadata *m, const struct mr_type *schema,
                             const struct mr_doc *counts, const struct mr_table_add *add,
                             bool is_top, struct mr_err *err)
{
    for (uint32_t i = 0; i < schema->field_count; i++) {
        const struct mr_field *field = &schema->fields[i];
        char name[128];
        if (field->is_nullable || (is_top && is_partition_column(m, field->name))) continue;
        if (field->name.bytes >= sizeof name) continue;
        memcpy(name, field->name.text, field->name.bytes);
        name[field->name.bytes] = '\0';
        const struct mr_doc *count = mr_doc_get(counts, name);
        if (field->type->id == MR_TYPE_STRUCT) {
            MR_TRY(check_nulls(m, field->type, count, add, false, err));
        } else if (mr_doc_int(count, 0) > 0) {
            return mr_err_set(err, MR_E_SCHEMA, ERR_NULLS,
                              "column \"%s\" is NOT NULL in the table, but %" PRId64
                              " rows of \"%.*s\" have null there",
                              name, mr_doc_int(count, 0), (int)MR_MIN(add->path.bytes, (size_t)200),
                              add->path.text);
        }
    }
    return MR_OK;
}

static mr_status check_stats(struct mr_table *table, const struct mr_type *schema,
                             const struct mr_table_add *add, struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    if (add->stats.bytes == 0) return MR_OK;
    MR_TRY(mr_doc_read(&table->scratch, add->stats, &doc, err));
    return check_nulls(&table->snapshot.metadata, schema, mr_doc_get(doc, "nullCount"), add, true,
                       err);
}

static mr_status render_add(struct mr_table *table, const struct mr_table_add *add,
                            struct rendered *out, struct mr_err *err)
{
    struct mr_text uri;
    mr_arena_reset(&table->scratch);
    MR_TRY(check_path(add, err));
    MR_TRY(check_partition(table, add, err));
    MR_TRY(check_stats(table, table->snapshot.schema, add, err));
    if (add->bytes > INT64_MAX) return mr_err_set(err, MR_E_INVALID, 0, "a file has a wrong size");
    mr_text_init(&uri, table->heap);
    mr_delta_path_encode(add->path, &uri);
    struct mr_delta_action action = {.kind = MR_DELTA_ADD,
                                     .u.file = {.path = mr_text_span(&uri),
                                                .partition_values = add->partition_values,
                                                .bytes = (int64_t)add->bytes,
                                                .time_ms = add->modified_ms,
                                                .is_data_change = true,
                                                .stats = add->stats,
                                                .base_row_id = MR_DELTA_NONE,
                                                .row_commit_version = MR_DELTA_NONE}};
    mr_delta_action_encode(&action, &out->body);
    mr_status status = mr_text_end(&uri, err);
    mr_text_fini(&uri);
    return status;
}

static mr_status render_part(struct mr_table *table, const struct mr_table_part *part,
                             struct rendered *out, struct mr_err *err)
{
    int64_t now_ms = mr_floor_div(mr_io_now_us(table->io), MR_US_PER_MS);
    if (part->app_id.bytes > 0) {
        struct mr_delta_action txn = {.kind = MR_DELTA_TXN,
                                      .u.txn = {part->app_id, part->version, now_ms}};
        mr_delta_action_encode(&txn, &out->body);
    }
    for (uint32_t i = 0; i < part->add_count; i++) {
        MR_TRY(render_add(table, &part->adds[i], out, err));
    }
    return MR_OK;
}

static bool has_part(const struct mr_table *table, const struct mr_table_part *part)
{
    if (part->app_id.bytes == 0) return false;
    int64_t stored = mr_delta_snapshot_txn(&table->snapshot, part->app_id);
    return stored != MR_DELTA_NONE && stored >= part->version;
}

mr_status table_render(struct mr_table *table, const struct mr_table_commit *commit,
                       struct rendered *out, struct mr_err *err)
{
    struct mr_arena arena;
    mr_text_reset(&out->body);
    out->part_count = 0;
    out->changes_schema = false;
    for (uint32_t i = 0; i < commit->part_count; i++) {
        out->part_count += !has_part(table, &commit->parts[i]);
    }
    if (out->part_count == 0 && commit->part_count > 0) return MR_OK;
    MR_TRY(mr_delta_can_append(&table->snapshot, err));
    mr_arena_init(&arena, table->heap, 0);
    mr_status status = render_fit(table, &arena, commit, out, err);
    mr_arena_fini(&arena);
    for (uint32_t i = 0; i < commit->part_count && status == MR_OK; i++) {
        if (has_part(table, &commit->parts[i])) continue;
        status = render_part(table, &commit->parts[i], out, err);
    }
    if (status == MR_OK) status = mr_text_end(&out->body, err);
    return status;
}

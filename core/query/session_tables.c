/* Statements that tell about one table: DESCRIBE, SHOW COLUMNS, TBLPROPERTIES, CREATE TABLE,
 * PARTITIONS. */
#include <inttypes.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/query/relation.h"
#include "core/query/session_impl.h"
#include "core/table/table_history.h"

/* ---- DESCRIBE TABLE ---- */

static void row_of(struct mr_rows *rows, const char *a, const char *b, const char *c)
{
    mr_rows_string(rows, a);
    mr_rows_string(rows, b);
    mr_rows_string(rows, c);
}

/* The comment in a field's metadata; null when it has none. */
static struct mr_span comment_of(struct mr_arena *arena, const struct mr_field *field)
{
    const struct mr_doc *doc;
    if (field->metadata.bytes == 0) return (struct mr_span){0};
    if (mr_doc_read(arena, field->metadata, &doc, NULL) != MR_OK) return (struct mr_span){0};
    return mr_doc_string(mr_doc_get(doc, "comment"), (struct mr_span){0});
}

static mr_status write_type(struct mr_query *query, const struct mr_type *type,
                            const char **out_text, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, &query->heap);
    mr_type_write_sql(type, &text);
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) {
        *out_text = mr_arena_copy(&query->arena, mr_text_span(&text));
        if (*out_text == NULL) status = mr_query_nomem(err);
    }
    mr_text_fini(&text);
    return status;
}

static mr_status column_rows(struct mr_query *query, struct mr_rows *rows,
                             const struct mr_delta_metadata *metadata,
                             const struct mr_type *schema, struct mr_err *err)
{
    for (uint32_t i = 0; i < schema->field_count; i++) {
        const struct mr_field *field = &schema->fields[i];
        const char *type;
        MR_TRY(write_type(query, field->type, &type, err));
        mr_rows_text(rows, field->name);
        mr_rows_string(rows, type);
        mr_rows_text(rows, comment_of(&query->arena, field));
    }
    if (metadata->partition_count == 0) return MR_OK;
    row_of(rows, "# Partition Information", "", "");
    row_of(rows, "# col_name", "data_type", "comment");
    for (uint32_t i = 0; i < metadata->partition_count; i++) {
        const char *type;
        int32_t at = mr_type_find(schema, metadata->partition_columns[i], false);
        if (at < 0) continue;
        MR_TRY(write_type(query, schema->fields[at].type, &type, err));
        mr_rows_text(rows, metadata->partition_columns[i]);
        mr_rows_string(rows, type);
        mr_rows_text(rows, comment_of(&query->arena, &schema->fields[at]));
    }
    return MR_OK;
}

static mr_status properties_text(struct mr_query *query, const struct mr_table_detail *detail,
                                 const char **out_text, struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, &query->heap);
    mr_text_addc(&text, '[');
    for (uint32_t i = 0; i < detail->property_count; i++) {
        const struct mr_delta_property *p = &detail->properties[i];
        mr_text_addf(&text, "%s%.*s=%.*s", i == 0 ? "" : ",", (int)p->key.bytes, p->key.text,
                     (int)p->value.bytes, p->value.text);
    }
    mr_text_addc(&text, ']');
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) {
        *out_text = mr_arena_copy(&query->arena, mr_text_span(&text));
        if (*out_text == NULL) status = mr_query_nomem(err);
    }
    mr_text_fini(&text);
    return status;
}

static mr_status extended_rows(struct mr_query *query, struct mr_rows *rows,
                               struct mr_table *table, struct mr_err *err)
{
    struct mr_table_detail detail;
    const char *properties, *bytes;
    MR_TRY(mr_table_detail_read(table, &query->arena, &detail, err));
    MR_TRY(properties_text(query, &detail, &properties, err));
    bytes = mr_arena_format(&query->arena, "%" PRIu64 " bytes in %" PRIu64 " files", detail.bytes,
                            detail.file_count);
    if (bytes == NULL) return mr_query_nomem(err);
    row_of(rows, "", "", "");
    row_of(rows, "# Detailed Table Information", "", "");
    row_of(rows, "Location", detail.location, "");
    row_of(rows, "Provider", "delta", "");
    row_of(rows, "Statistics", bytes, "");
    mr_rows_string(rows, "Comment");
    mr_rows_text(rows, detail.description);
    mr_rows_string(rows, "");
    row_of(rows, "Table Properties", properties, "");
    return MR_OK;
}

static mr_status describe_table(struct mr_query *query, const struct mr_sql_describe *describe,
                                struct mr_table *table, struct mr_err *err)
{
    const struct mr_delta_snapshot *snapshot = mr_table_snapshot(table);
    struct mr_rows rows;
    mr_rows_begin(&rows, query, "col_name STRING NOT NULL, data_type STRING, comment STRING", err);
    MR_TRY(column_rows(query, &rows, &snapshot->metadata, snapshot->schema, err));
    if (describe->is_extended) MR_TRY(extended_rows(query, &rows, table, err));
    return mr_rows_end(&rows);
}

/* ---- DESCRIBE HISTORY and DETAIL ---- */

/* A JSON object of strings as a map<string,string>; null for none. */
static void map_cell(struct mr_rows *rows, struct mr_span object)
{
    struct mr_arena *arena = &rows->query->arena;
    const struct mr_doc *doc;
    const struct mr_expr *map;
    if (rows->status != MR_OK) return;
    if (object.text == NULL || mr_doc_read(arena, object, &doc, NULL) != MR_OK ||
        doc->kind != MR_DOC_OBJECT) {
        mr_rows_null(rows);
        return;
    }
    const struct mr_expr **args =
        MR_ARENA_ARRAY(arena, const struct mr_expr *, (size_t)doc->count * 2 + 1);
    uint32_t count = 0;
    if (args == NULL) rows->status = mr_query_nomem(rows->err);
    for (const struct mr_doc *m = doc->first; m != NULL && rows->status == MR_OK; m = m->next) {
        struct mr_span value =
            m->kind == MR_DOC_STRING
                ? m->text
                : (struct mr_span){m->from, (size_t)(m->to - m->from)};
        rows->status = mr_expr_string(&rows->builder, m->key, &args[count++], rows->err);
        if (rows->status != MR_OK) return;
        rows->status = mr_expr_string(&rows->builder, value, &args[count++], rows->err);
    }
    if (rows->status != MR_OK) return;
    rows->status = mr_expr_call(&rows->builder, MR_SPAN("map"), args, count, &map, rows->err);
    mr_rows_cell(rows, map);
}

static void list_cell(struct mr_rows *rows, const struct mr_span *texts, uint32_t count)
{
    struct mr_arena *arena = &rows->query->arena;
    const struct mr_expr *array;
    const struct mr_expr **args = MR_ARENA_ARRAY(arena, const struct mr_expr *, (size_t)count + 1);
    if (rows->status != MR_OK) return;
    if (args == NULL) rows->status = mr_query_nomem(rows->err);
    for (uint32_t i = 0; i < count && rows->status == MR_OK; i++) {
        rows->status = mr_expr_string(&rows->builder, texts[i], &args[i], rows->err);
    }
    if (rows->status != MR_OK) return;
    rows->status = mr_expr_call(&rows->builder, MR_SPAN("array"), args, count, &array, rows->err);
    mr_rows_cell(rows, array);
}

static const char history_ddl[] =
    "version BIGINT NOT NULL, timestamp TIMESTAMP, userId STRING, userName STRING, operation "
    "STRING, operationParameters MAP<STRING, STRING>, job STRING, notebook STRING, clusterId "
    "STRING, readVersion BIGINT, isolationLevel STRING, isBlindAppend BOOLEAN, operationMetrics "
    "MAP<STRING, STRING>, userMetadata STRING, engineInfo STRING";

static void history_row(struct mr_rows *rows, const struct mr_table_commit_entry *e)
{
    mr_rows_i64(rows, e->version);
    mr_rows_i64(rows, e->time_us);
    mr_rows_text(rows, e->user_id);
    mr_rows_text(rows, e->user_name);
    mr_rows_text(rows, e->operation);
    map_cell(rows, e->parameters);
    mr_rows_text(rows, e->job);
    mr_rows_text(rows, e->notebook);
    mr_rows_text(rows, e->cluster_id);
    if (e->read_version == MR_DELTA_NONE) mr_rows_null(rows);
    else mr_rows_i64(rows, e->read_version);
    mr_rows_text(rows, e->isolation_level);
    if (e->has_blind_append) mr_rows_bool(rows, e->is_blind_append);
    else mr_rows_null(rows);
    map_cell(rows, e->metrics);
    mr_rows_text(rows, e->user_metadata);
    mr_rows_text(rows, e->engine);
}

static mr_status limit_of(struct mr_query *query, const struct mr_sql_expr *limit,
                          int64_t *out_limit, struct mr_err *err)
{
    struct mr_expr_builder builder;
    const struct mr_type *none = mr_type_struct(&query->arena, NULL, 0);
    const struct mr_bind_scope scope = {.columns = none};
    const struct mr_expr *expr;
    *out_limit = INT64_MAX;
    if (limit == NULL) return MR_OK;
    if (none == NULL) return mr_query_nomem(err);
    mr_query_builder(query, &builder);
    MR_TRY(mr_sql_bind_expr(&builder, limit, &scope, &expr, err));
    if (expr->kind != MR_EXPR_LITERAL || expr->value.is_null || expr->type->id > MR_TYPE_LONG ||
        expr->type->id < MR_TYPE_BYTE) {
        mr_err_set(err, MR_E_INVALID, 1216, "LIMIT takes a constant whole number");
        return mr_sql_locate(&limit->pos, MR_E_INVALID, err);
    }
    *out_limit = expr->value.u.i64;
    return MR_OK;
}

static mr_status describe_history(struct mr_query *query, const struct mr_sql_describe *describe,
                                  struct mr_table *table, struct mr_err *err)
{
    struct mr_table_history *history;
    struct mr_rows rows;
    int64_t limit;
    bool has_entry = true;
    MR_TRY(limit_of(query, describe->limit, &limit, err));
    mr_rows_begin(&rows, query, history_ddl, err);
    MR_TRY(mr_table_history_open(table, &history, err));
    mr_status status = MR_OK;
    for (int64_t i = 0; i < limit && status == MR_OK && rows.status == MR_OK; i++) {
        struct mr_table_commit_entry entry;
        status = mr_table_history_next(history, &query->arena, &entry, &has_entry, err);
        if (status != MR_OK || !has_entry) break;
        history_row(&rows, &entry);
    }
    mr_table_history_close(history);
    return status == MR_OK ? mr_rows_end(&rows) : status;
}

static const char detail_ddl[] =
    "format STRING NOT NULL, id STRING, name STRING, description STRING, location STRING NOT NULL, "
    "createdAt TIMESTAMP, lastModified TIMESTAMP, partitionColumns ARRAY<STRING>, "
    "clusteringColumns ARRAY<STRING>, numFiles BIGINT NOT NULL, sizeInBytes BIGINT NOT NULL, "
    "properties MAP<STRING, STRING>, minReaderVersion INT NOT NULL, minWriterVersion INT NOT NULL, "
    "tableFeatures ARRAY<STRING>";

static void time_cell(struct mr_rows *rows, int64_t time_us)
{
    if (time_us == MR_DELTA_NONE) mr_rows_null(rows);
    else mr_rows_i64(rows, time_us);
}

static mr_status describe_detail(struct mr_query *query, struct mr_table *table,
                                 struct mr_err *err)
{
    struct mr_table_detail d;
    struct mr_rows rows;
    struct mr_text properties;
    MR_TRY(mr_table_detail_read(table, &query->arena, &d, err));
    mr_rows_begin(&rows, query, detail_ddl, err);
    mr_rows_string(&rows, "delta");
    mr_rows_text(&rows, d.id);
    mr_rows_text(&rows, d.name.bytes == 0 ? (struct mr_span){0} : d.name);
    mr_rows_text(&rows, d.description.bytes == 0 ? (struct mr_span){0} : d.description);
    mr_rows_string(&rows, d.location);
    time_cell(&rows, d.created_us);
    time_cell(&rows, d.modified_us);
    list_cell(&rows, d.partition_columns, d.partition_count);
    list_cell(&rows, d.clustering_columns, d.clustering_count);
    mr_rows_i64(&rows, (int64_t)d.file_count);
    mr_rows_i64(&rows, (int64_t)d.bytes);
    mr_text_init(&properties, &query->heap);
    mr_text_addc(&properties, '{');
    for (uint32_t i = 0; i < d.property_count; i++) {
        if (i > 0) mr_text_addc(&properties, ',');
        mr_text_add_json(&properties, d.properties[i].key);
        mr_text_addc(&properties, ':');
        mr_text_add_json(&properties, d.properties[i].value);
    }
    mr_text_addc(&properties, '}');
    map_cell(&rows, mr_text_span(&properties));
    mr_rows_i64(&rows, d.min_reader);
    mr_rows_i64(&rows, d.min_writer);
    list_cell(&rows, d.features, d.feature_count);
    mr_text_fini(&properties);
    return mr_rows_end(&rows);
}

mr_status mr_query_describe(struct mr_query *query, const struct mr_sql_describe *describe,
                            struct mr_err *err)
{
    struct mr_table *table;
    MR_TRY(mr_query_open_table(query, &describe->name, &table, err));
    mr_status status = MR_E_INTERNAL;
    switch (describe->what) {
    case MR_SQL_DESCRIBE_TABLE: status = describe_table(query, describe, table, err); break;
    case MR_SQL_DESCRIBE_HISTORY: status = describe_history(query, describe, table, err); break;
    case MR_SQL_DESCRIBE_DETAIL: status = describe_detail(query, table, err); break;
    }
    mr_table_close(table);
    return status;
}

/* ---- SHOW of one table ---- */

static mr_status show_columns(struct mr_query *query, const struct mr_type *schema,
                              struct mr_err *err)
{
    struct mr_rows rows;
    mr_rows_begin(&rows, query, "col_name STRING NOT NULL", err);
    for (uint32_t i = 0; i < schema->field_count; i++) {
        mr_rows_text(&rows, schema->fields[i].name);
    }
    return mr_rows_end(&rows);
}

static mr_status show_properties(struct mr_query *query, const struct mr_sql_show *show,
                                 struct mr_table *table, struct mr_err *err)
{
    struct mr_table_detail detail;
    struct mr_rows rows;
    bool is_found = show->key.bytes == 0;
    MR_TRY(mr_table_detail_read(table, &query->arena, &detail, err));
    mr_rows_begin(&rows, query, "key STRING NOT NULL, value STRING NOT NULL", err);
    for (uint32_t i = 0; i < detail.property_count; i++) {
        const struct mr_delta_property *p = &detail.properties[i];
        if (show->key.bytes > 0 && !mr_span_eq(p->key, show->key)) continue;
        is_found = true;
        mr_rows_text(&rows, p->key);
        mr_rows_text(&rows, p->value);
    }
    if (!is_found) {
        mr_rows_text(&rows, show->key);
        mr_rows_string(&rows, "the table does not have this property");
    }
    return mr_rows_end(&rows);
}

static void write_quoted(struct mr_text *out, struct mr_span text)
{
    mr_text_addc(out, '\'');
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] == '\'' || text.text[i] == '\\') mr_text_addc(out, '\\');
        mr_text_addc(out, text.text[i]);
    }
    mr_text_addc(out, '\'');
}

static void write_names(struct mr_text *out, const char *clause, const struct mr_span *names,
                        uint32_t count)
{
    if (count == 0) return;
    mr_text_addf(out, "\n%s (", clause);
    for (uint32_t i = 0; i < count; i++) {
        mr_text_addf(out, "%s`%.*s`", i == 0 ? "" : ", ", (int)names[i].bytes, names[i].text);
    }
    mr_text_addc(out, ')');
}

static mr_status show_create(struct mr_query *query, const struct mr_sql_show *show,
                             struct mr_table *table, struct mr_err *err)
{
    struct mr_table_detail d;
    struct mr_rows rows;
    struct mr_text sql;
    MR_TRY(mr_table_detail_read(table, &query->arena, &d, err));
    mr_text_init(&sql, &query->heap);
    mr_text_adds(&sql, "CREATE TABLE ");
    for (const struct mr_sql_name *n = show->name.first; n != NULL; n = n->next) {
        mr_text_addf(&sql, "%s`%.*s`", n == show->name.first ? "" : ".", (int)n->text.bytes,
                     n->text.text);
    }
    mr_text_adds(&sql, " (");
    mr_schema_write_ddl(mr_table_snapshot(table)->schema, &sql);
    mr_text_adds(&sql, ")\nUSING delta");
    write_names(&sql, "PARTITIONED BY", d.partition_columns, d.partition_count);
    write_names(&sql, "CLUSTER BY", d.clustering_columns, d.clustering_count);
    if (d.description.bytes > 0) {
        mr_text_adds(&sql, "\nCOMMENT ");
        write_quoted(&sql, d.description);
    }
    for (uint32_t i = 0; i < d.property_count; i++) {
        mr_text_adds(&sql, i == 0 ? "\nTBLPROPERTIES (" : ", ");
        write_quoted(&sql, d.properties[i].key);
        mr_text_adds(&sql, " = ");
        write_quoted(&sql, d.properties[i].value);
    }
    if (d.property_count > 0) mr_text_addc(&sql, ')');
    mr_rows_begin(&rows, query, "createtab_stmt STRING NOT NULL", err);
    mr_rows_text(&rows, mr_text_span(&sql));
    mr_status status = mr_text_end(&sql, err);
    mr_text_fini(&sql);
    return status == MR_OK ? mr_rows_end(&rows) : status;
}

mr_status mr_query_show_table(struct mr_query *query, const struct mr_sql_show *show,
                              struct mr_err *err)
{
    struct mr_table *table;
    MR_TRY(mr_query_open_table(query, &show->name, &table, err));
    mr_status status = MR_E_INTERNAL;
    switch (show->what) {
    case MR_SQL_SHOW_COLUMNS:
        status = show_columns(query, mr_table_snapshot(table)->schema, err);
        break;
    case MR_SQL_SHOW_PROPERTIES: status = show_properties(query, show, table, err); break;
    case MR_SQL_SHOW_CREATE: status = show_create(query, show, table, err); break;
    default: status = mr_query_refuse(err, &show->name.pos, "SHOW PARTITIONS"); break;
    }
    mr_table_close(table);
    return status;
}

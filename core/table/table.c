#include "core/table/table_impl.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_schema.h"

void table_log_path(const struct mr_table *table, const char *name, char *out)
{
    int bytes = snprintf(out, MR_PATH_MAX, "%s/_delta_log%s%s", table->path,
                         name[0] == '\0' ? "" : "/", name);
    MR_ASSERT(bytes > 0 && bytes < MR_PATH_MAX); /* table_new leaves room for any name */
}

void table_commit_path(const struct mr_table *table, int64_t version, char *out)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%020" PRId64 ".json", version);
    table_log_path(table, name, out);
}

mr_status table_new(struct mr_io *io, struct mr_heap *heap, const char *path,
                    struct mr_table **out_table, struct mr_err *err)
{
    size_t bytes = strlen(path);
    while (bytes > 1 && path[bytes - 1] == '/') bytes--;
    if (bytes == 0 || bytes > MR_PATH_MAX - 256) {
        return mr_err_set(err, MR_E_LIMIT, 5002, "path of the table is empty or too long");
    }
    struct mr_table *table = mr_heap_zeroed(heap, sizeof *table);
    char *copy = mr_heap_take(heap, bytes + 1);
    if (table == NULL || copy == NULL) {
        mr_heap_give(heap, copy, bytes + 1);
        mr_heap_give(heap, table, sizeof *table);
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the table %s", path);
    }
    memcpy(copy, path, bytes);
    copy[bytes] = '\0';
    *table = (struct mr_table){.io = io,
                               .heap = heap,
                               .path = copy,
                               .path_bytes = bytes,
                               .checkpoint_version = -1,
                               .crc_version = -1,
                               .own_newest = -1,
                               .pinned = INT64_MAX};
    for (uint32_t i = 0; i < OWN_COMMITS; i++) table->own[i].version = -1;
    mr_delta_snapshot_init(&table->snapshot, heap);
    mr_arena_init(&table->scratch, heap, 0);
    mr_text_init(&table->crc, heap);
    *out_table = table;
    return MR_OK;
}

void mr_table_close(struct mr_table *table)
{
    if (table == NULL) return;
    struct mr_heap *heap = table->heap;
    for (uint32_t i = 0; i < OWN_COMMITS; i++) {
        mr_heap_give(heap, table->own[i].body, table->own[i].body_bytes);
    }
    mr_delta_snapshot_fini(&table->snapshot);
    mr_arena_fini(&table->scratch);
    mr_text_fini(&table->crc);
    mr_heap_give(heap, table->path, table->path_bytes + 1);
    mr_heap_give(heap, table, sizeof *table);
}

mr_status mr_table_open(struct mr_io *io, struct mr_heap *heap, const char *path,
                        struct mr_table **out_table, struct mr_err *err)
{
    struct mr_table *table = NULL;
    MR_TRY(table_new(io, heap, path, &table, err));
    mr_status status = table_load(table, err);
    if (status != MR_OK) {
        mr_err_origin(err, path);
        mr_table_close(table);
        return status;
    }
    *out_table = table;
    return MR_OK;
}

const struct mr_delta_snapshot *mr_table_snapshot(const struct mr_table *table)
{
    return &table->snapshot;
}

const char *mr_table_path(const struct mr_table *table)
{
    return table->path;
}

int64_t mr_table_txn(const struct mr_table *table, struct mr_span app_id)
{
    return mr_delta_snapshot_txn(&table->snapshot, app_id);
}

mr_status mr_table_can_append(const struct mr_table *table, struct mr_err *err)
{
    mr_status status = mr_delta_can_append(&table->snapshot, err);
    if (status != MR_OK) mr_err_origin(err, table->path);
    return status;
}

/* ---- creation ---- */

static mr_status create_properties(struct mr_table *table, const struct mr_table_spec *spec,
                                   struct mr_delta_metadata *out, struct mr_err *err)
{
    struct mr_delta_property *kept =
        MR_ARENA_ARRAY(&table->scratch, struct mr_delta_property, (size_t)spec->property_count + 1);
    if (kept == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for table properties");
    out->properties = kept;
    for (uint32_t i = 0; i < spec->property_count; i++) {
        if (!mr_delta_property_is_stored(&spec->properties[i])) continue;
        kept[out->property_count++] = spec->properties[i];
    }
    return MR_OK;
}

/* Version 0: commitInfo, protocol, metaData. */
static mr_status create_body(struct mr_table *table, const struct mr_table_spec *spec,
                             const char *table_id, struct mr_text *out, struct mr_err *err)
{
    struct mr_text schema;
    int64_t now_ms = mr_floor_div(mr_io_now_us(table->io), MR_US_PER_MS);
    struct mr_delta_action protocol = {.kind = MR_DELTA_PROTOCOL};
    struct mr_delta_action metadata = {.kind = MR_DELTA_METADATA};
    MR_TRY(mr_delta_protocol_for(&table->scratch, spec->schema, spec->properties,
                                 spec->property_count, &protocol.u.protocol, err));
    mr_text_init(&schema, table->heap);
    mr_type_write_json(spec->schema, &schema);
    metadata.u.metadata = (struct mr_delta_metadata){
        .id = mr_span_of(table_id),
        .name = spec->name,
        .description = spec->comment,
        .schema = mr_text_span(&schema),
        .partition_columns = spec->partition_columns,
        .partition_count = spec->partition_count,
        .created_ms = now_ms,
    };
    mr_status status = create_properties(table, spec, &metadata.u.metadata, err);
    mr_text_adds(out, "{\"commitInfo\":{");
    struct mr_span timed =
        mr_delta_property(&metadata.u.metadata, "delta.enableInCommitTimestamps");
    if (mr_span_ieq(timed, MR_SPAN("true"))) {
        mr_text_addf(out, "\"inCommitTimestamp\":%" PRId64 ",", now_ms);
    }
    mr_text_addf(out, "\"timestamp\":%" PRId64 ",\"operation\":\"CREATE TABLE\"", now_ms);
    mr_text_adds(out, ",\"operationParameters\":{},\"isBlindAppend\":true,\"engineInfo\":");
    mr_text_add_json(out, spec->engine);
    mr_text_addf(out, ",\"txnId\":\"%s\"}}\n", table_id);
    mr_delta_action_encode(&protocol, out);
    mr_delta_action_encode(&metadata, out);
    if (status == MR_OK) status = mr_text_end(&schema, err);
    if (status == MR_OK) status = mr_text_end(out, err);
    mr_text_fini(&schema);
    return status;
}

/* Opens what lies at the path after version 0 was put, or after the attempt went wrong. The table
 * is ours if it has our id. `status` and *err are those of the attempt. */
static mr_status create_settle(struct mr_table *table, const char *table_id, mr_status status,
                               struct mr_err *err)
{
    char log[MR_PATH_MAX];
    if (status == MR_E_KILLED) return status;
    mr_status loaded = table_load(table, status == MR_OK ? err : NULL);
    bool is_ours = loaded == MR_OK && mr_span_is(table->snapshot.metadata.id, table_id);
    if (status == MR_OK && loaded != MR_OK) return loaded;
    if (status == MR_E_EXISTS || (loaded == MR_OK && !is_ours)) {
        return mr_err_set(err, MR_E_EXISTS, ERR_TABLE_EXISTS, "there is a table at %s already",
                          table->path);
    }
    if (status == MR_OK || !is_ours) return status;
    table_log_path(table, "", log);
    return mr_dir_sync(table->io, log, err);
}

static mr_status create_put(struct mr_table *table, const char *table_id, struct mr_span body,
                            struct mr_err *err)
{
    char path[MR_PATH_MAX];
    bool is_there = false;
    table_commit_path(table, 0, path);
    MR_TRY(mr_file_exists(table->io, path, &is_there, err));
    if (is_there) {
        return mr_err_set(err, MR_E_EXISTS, ERR_TABLE_EXISTS, "there is a table at %s already",
                          table->path);
    }
    table_log_path(table, "", path);
    MR_TRY(mr_dir_make(table->io, path, err));
    table_commit_path(table, 0, path);
    mr_status status = mr_file_put_new(table->io, path, body, err);
    return create_settle(table, table_id, status, err);
}

static mr_status create_write(struct mr_table *table, const struct mr_table_spec *spec,
                              struct mr_err *err)
{
    char table_id[MR_UUID_TEXT];
    struct mr_text body;
    mr_uuid_make(table->io, table_id);
    mr_text_init(&body, table->heap);
    mr_status status = create_body(table, spec, table_id, &body, err);
    if (status == MR_OK) status = create_put(table, table_id, mr_text_span(&body), err);
    mr_text_fini(&body);
    return status;
}

mr_status mr_table_create(struct mr_io *io, struct mr_heap *heap, const char *path,
                          const struct mr_table_spec *spec, struct mr_table **out_table,
                          struct mr_err *err)
{
    struct mr_table *table = NULL;
    MR_TRY(
        mr_delta_schema_check(spec->schema, spec->partition_columns, spec->partition_count, err));
    MR_TRY(table_new(io, heap, path, &table, err));
    mr_status status = create_write(table, spec, err);
    if (status != MR_OK) {
        mr_err_origin(err, path);
        mr_table_close(table);
        return status;
    }
    *out_table = table;
    return MR_OK;
}

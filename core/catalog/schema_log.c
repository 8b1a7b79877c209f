#include "core/catalog/schema_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/files.h"

enum { ERR_LOG = 2203, ERR_IN_USE = 2113 };

#define SCHEMA_BYTES_MAX (UINT64_C(256) << 20)

static const struct mr_span version_line = {"v1\n", 3};

static mr_status damaged(const char *path, const char *why, struct mr_err *err)
{
    mr_status status = mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "%s %s", path, why);
    mr_err_help(err, "restore it from a copy; without the schema log the schema is inferred anew");
    return status;
}

static mr_status path_of(const char *folder, int64_t n, char *out, struct mr_err *err)
{
    int bytes = snprintf(out, MR_PATH_MAX, "%s/%" PRId64, folder, n);
    if (bytes > 0 && bytes < MR_PATH_MAX) return MR_OK;
    return mr_err_set(err, MR_E_LIMIT, ERR_LOG, "path is too long: %.200s", folder);
}

/* A version's number from its file name; -1 for other names. */
static int64_t number_of(struct mr_span name)
{
    int64_t n = 0;
    if (name.bytes == 0 || name.bytes > 15 || (name.bytes > 1 && name.text[0] == '0')) return -1;
    for (size_t i = 0; i < name.bytes; i++) {
        if (name.text[i] < '0' || name.text[i] > '9') return -1;
        n = n * 10 + (name.text[i] - '0');
    }
    return n;
}

/* The number of the newest version; -1 = none. All up to it must be there. */
static mr_status newest_number(struct mr_io *io, struct mr_arena *arena, const char *folder,
                               int64_t *out_n, struct mr_err *err)
{
    struct mr_dir_list list;
    struct mr_err failure;
    int64_t newest = -1, count = 0;
    char path[MR_PATH_MAX];
    mr_status status = mr_dir_list(io, arena, folder, false, &list, &failure);
    if (status == MR_E_NOT_FOUND) {
        *out_n = -1;
        return MR_OK;
    }
    if (status != MR_OK) {
        if (err != NULL) *err = failure;
        return status;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        int64_t n = number_of(list.entries[i].name);
        newest = MR_MAX(newest, n);
        count += n >= 0;
    }
    if (count != newest + 1) {
        MR_TRY(path_of(folder, newest, path, err));
        return damaged(path, "has a gap in the versions before it", err);
    }
    *out_n = newest;
    return MR_OK;
}

/* ---- reading --------------------------------------------------------------------------- */

static mr_status type_read(struct mr_arena *arena, const char *path, const struct mr_doc *doc,
                           const struct mr_type **out, struct mr_err *err)
{
    struct mr_err failure;
    mr_status status = mr_type_read_json(arena, doc, out, &failure);
    if (status == MR_OK && (*out)->id != MR_TYPE_STRUCT) status = MR_E_CORRUPT;
    if (status == MR_OK) return MR_OK;
    if (status == MR_E_CORRUPT) return damaged(path, "holds no valid schema", err);
    if (err != NULL) *err = failure;
    mr_err_origin(err, path);
    return status;
}

static mr_status content_read(struct mr_arena *arena, const char *path, struct mr_span content,
                              int64_t n, struct mr_schema_version *out, struct mr_err *err)
{
    const struct mr_doc *doc;
    struct mr_err failure;
    if (!mr_span_starts(content, version_line)) {
        return damaged(path, "does not start with the line v1", err);
    }
    struct mr_span json = {content.text + version_line.bytes, content.bytes - version_line.bytes};
    mr_status status = mr_doc_read(arena, json, &doc, &failure);
    if (status == MR_E_NOMEM) return mr_err_set(err, status, ERR_LOG, "out of memory for %s", path);
    if (status != MR_OK) return damaged(path, "is no JSON document", err);
    const struct mr_doc *schema = mr_doc_get(doc, "schema");
    const struct mr_doc *partitions = mr_doc_get(doc, "partitions");
    struct mr_schema_version version = {
        .version = mr_doc_int(mr_doc_get(doc, "version"), -1),
        .from_epoch = mr_doc_int(mr_doc_get(doc, "from_epoch"), -1),
        .at_us = mr_doc_int(mr_doc_get(doc, "at_us"), 0),
        .reason = mr_doc_string(mr_doc_get(doc, "reason"), MR_SPAN("")),
    };
    if (version.version != n) return damaged(path, "holds another version than its name", err);
    if (version.from_epoch < 0) return damaged(path, "lacks from_epoch", err);
    if (schema == NULL || partitions == NULL) return damaged(path, "lacks a schema", err);
    MR_TRY(type_read(arena, path, schema, &version.schema, err));
    MR_TRY(type_read(arena, path, partitions, &version.partitions, err));
    *out = version;
    return MR_OK;
}

mr_status mr_schema_log_read(struct mr_io *io, struct mr_arena *arena, const char *folder,
                             int64_t n, struct mr_schema_version *out_version, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_span content;
    MR_TRY(path_of(folder, n, path, err));
    MR_TRY(mr_file_read(io, arena, path, SCHEMA_BYTES_MAX, &content, err));
    return content_read(arena, path, content, n, out_version, err);
}

mr_status mr_schema_log_newest(struct mr_io *io, struct mr_arena *arena, const char *folder,
                               struct mr_schema_version *out_version, struct mr_err *err)
{
    int64_t newest;
    MR_TRY(newest_number(io, arena, folder, &newest, err));
    if (newest >= 0) {
        MR_TRY(mr_dir_sync(io, folder, err)); /* its writer may have died before that */
        return mr_schema_log_read(io, arena, folder, newest, out_version, err);
    }
    *out_version = (struct mr_schema_version){.version = -1, .from_epoch = -1};
    return MR_OK;
}

mr_status mr_schema_log_at(struct mr_io *io, struct mr_arena *arena, const char *folder,
                           int64_t epoch, struct mr_schema_version *out_version, struct mr_err *err)
{
    int64_t newest;
    MR_TRY(newest_number(io, arena, folder, &newest, err));
    for (int64_t n = newest; n >= 0; n--) {
        struct mr_schema_version version;
        MR_TRY(mr_schema_log_read(io, arena, folder, n, &version, err));
        if (version.from_epoch > epoch) continue;
        *out_version = version;
        return MR_OK;
    }
    *out_version = (struct mr_schema_version){.version = -1, .from_epoch = -1};
    return MR_OK;
}

/* ---- writing --------------------------------------------------------------------------- */

static void version_write(const struct mr_schema_version *v, struct mr_text *out)
{
    static const struct mr_type no_columns = {.id = MR_TYPE_STRUCT};
    char time[MR_TIME_TEXT_MAX];
    mr_time_format(v->at_us, 3, "Z", time);
    mr_text_add(out, version_line.text, version_line.bytes);
    mr_text_addf(out, "{\n\"version\":%" PRId64 ",\n\"from_epoch\":%" PRId64 ",\n\"at\":\"%s\",\n",
                 v->version, v->from_epoch, time);
    mr_text_addf(out, "\"at_us\":%" PRId64 ",\n\"reason\":", v->at_us);
    mr_text_add_json(out, v->reason);
    mr_text_adds(out, ",\n\"schema\":");
    mr_type_write_json(v->schema, out);
    mr_text_adds(out, ",\n\"partitions\":");
    mr_type_write_json(v->partitions == NULL ? &no_columns : v->partitions, out);
    mr_text_adds(out, "\n}\n");
}

mr_status mr_schema_log_put(struct mr_io *io, struct mr_heap *heap, const char *folder,
                            const struct mr_schema_version *version, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_text text;
    struct mr_err failure;
    MR_ASSERT(version->version >= 0);
    MR_ASSERT(version->from_epoch >= 0);
    MR_ASSERT(version->schema->id == MR_TYPE_STRUCT);
    MR_TRY(path_of(folder, version->version, path, err));
    MR_TRY(mr_dir_make(io, folder, err));
    mr_text_init(&text, heap);
    version_write(version, &text);
    mr_status status = mr_text_end(&text, &failure);
    if (status == MR_OK) status = mr_file_put_new(io, path, mr_text_span(&text), &failure);
    mr_text_fini(&text);
    if (status == MR_E_EXISTS) {
        return mr_err_set(err, MR_E_LOCKED, ERR_IN_USE, "%s was written by another process", path);
    }
    if (status != MR_OK && err != NULL) *err = failure;
    return status;
}

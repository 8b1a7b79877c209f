#include "io/files/file_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/doc/doc.h"
#include "core/port/files.h"
#include "io/files/file_uri.h"

enum { ERR_LOG = 2111, ERR_IN_USE = 2113 };

#define LOG_BYTES_MAX (UINT64_C(8) << 30)

static const struct mr_span version_line = {"v1\n", 3};
static const struct mr_span compact_suffix = {".compact", 8};

static mr_status path_of(const struct mr_file_log *log, int64_t n, bool is_compact, char *out,
                         struct mr_err *err)
{
    int bytes = snprintf(out, MR_PATH_MAX, "%s/%" PRId64 "%s", log->folder, n,
                         is_compact ? compact_suffix.text : "");
    if (bytes > 0 && bytes < MR_PATH_MAX) return MR_OK;
    return mr_err_set(err, MR_E_LIMIT, ERR_LOG, "path is too long: %.200s", log->folder);
}

/* ---- the folder ------------------------------------------------------------------------ */

/* "12" or "12.compact"; other names (temporary ones, checksums) are none of ours. */
static bool name_read(struct mr_span name, int64_t *out_n, bool *out_is_compact)
{
    int64_t n = 0;
    *out_is_compact = mr_span_ends(name, compact_suffix);
    if (*out_is_compact) name.bytes -= compact_suffix.bytes;
    if (name.bytes == 0 || name.bytes > 18) return false;
    for (size_t i = 0; i < name.bytes; i++) {
        if (name.text[i] < '0' || name.text[i] > '9') return false;
        n = n * 10 + (name.text[i] - '0');
    }
    if (name.bytes > 1 && name.text[0] == '0') return false;
    *out_n = n;
    return true;
}

static mr_status folder_list(const struct mr_file_log *log, struct mr_arena *arena,
                             struct mr_dir_list *out_list, struct mr_err *err)
{
    struct mr_err failure;
    mr_status status = mr_dir_list(log->io, arena, log->folder, false, out_list, &failure);
    if (status == MR_OK) return MR_OK;
    if (status == MR_E_NOT_FOUND) {
        *out_list = (struct mr_dir_list){0};
        return MR_OK;
    }
    if (err != NULL) *err = failure;
    return status;
}

mr_status mr_file_log_look(const struct mr_file_log *log, int64_t end,
                           struct mr_log_extent *out_extent, struct mr_err *err)
{
    struct mr_log_extent extent = {-1, -1, -1, 0};
    struct mr_dir_list list;
    struct mr_arena arena;
    mr_arena_init(&arena, log->heap, 0);
    mr_status status = folder_list(log, &arena, &list, err);
    for (uint32_t i = 0; status == MR_OK && i < list.count; i++) {
        int64_t n;
        bool is_compact;
        if (!name_read(list.entries[i].name, &n, &is_compact)) continue;
        extent.newest = MR_MAX(extent.newest, n);
        if (is_compact) {
            if (n <= end) extent.newest_compact = MR_MAX(extent.newest_compact, n);
            continue;
        }
        if (extent.oldest_plain < 0 || n < extent.oldest_plain) extent.oldest_plain = n;
        extent.plain_count++;
    }
    mr_arena_fini(&arena);
    if (status == MR_OK) *out_extent = extent;
    return status;
}

/* ---- writing --------------------------------------------------------------------------- */

void mr_file_log_write_line(struct mr_text *out, const struct mr_log_file *file)
{
    struct mr_text uri;
    mr_text_init(&uri, out->heap);
    mr_file_uri_write(&uri, file->path);
    mr_text_adds(out, "\n{\"path\":");
    mr_text_add_json(out, mr_text_span(&uri));
    out->is_failed |= uri.is_failed;
    mr_text_fini(&uri);
    mr_text_addf(out, ",\"timestamp\":%" PRId64 ",\"batchId\":%" PRId64,
                 mr_floor_div(file->modified_us, MR_US_PER_MS), file->entry);
    if (file->has_bytes) mr_text_addf(out, ",\"bytes\":%" PRIu64, file->bytes);
    if (!file->is_coarse) mr_text_addf(out, ",\"modifiedUs\":%" PRId64, file->modified_us);
    mr_text_addc(out, '}');
}

mr_status mr_file_log_begin(const struct mr_file_log *log, int64_t n, bool is_compact,
                            struct mr_span content, struct mr_file_put *put, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    MR_TRY(path_of(log, n, is_compact, path, err));
    return mr_file_put_begin(put, log->io, path, content, err);
}

mr_status mr_file_log_end(struct mr_file_put *put, struct mr_err *err)
{
    struct mr_err failure;
    mr_status status = mr_file_put_end(put, &failure);
    if (status == MR_OK) return MR_OK;
    if (status == MR_E_EXISTS) {
        status = mr_err_set(err, MR_E_LOCKED, ERR_IN_USE, "%s was written by another process",
                            put->path);
        mr_err_help(err, "two processes share this checkpoint; stop one of them");
        return status;
    }
    if (err != NULL) *err = failure;
    return status;
}

mr_status mr_file_log_put(const struct mr_file_log *log, int64_t n, bool is_compact,
                          struct mr_span content, struct mr_err *err)
{
    struct mr_file_put put;
    MR_TRY(mr_file_log_begin(log, n, is_compact, content, &put, err));
    return mr_file_log_end(&put, err);
}

/* ---- reading --------------------------------------------------------------------------- */

static mr_status damaged(const char *path, const char *why, struct mr_err *err)
{
    mr_status status = mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "%s %s", path, why);
    mr_err_help(err, "restore it from a copy of the checkpoint, or start over with --full-refresh");
    return status;
}

static mr_status line_read(struct mr_arena *arena, const char *path, struct mr_span line,
                           struct mr_log_file *out_file, struct mr_err *err)
{
    const struct mr_doc *doc;
    struct mr_err failure;
    mr_status status = mr_doc_read(arena, line, &doc, &failure);
    if (status == MR_E_NOMEM) {
        return mr_err_set(err, status, ERR_LOG, "out of memory while reading %s", path);
    }
    if (status != MR_OK) return damaged(path, "has a line that is no JSON", err);
    const struct mr_doc *uri = mr_doc_get(doc, "path"), *ms = mr_doc_get(doc, "timestamp");
    const struct mr_doc *entry = mr_doc_get(doc, "batchId"), *bytes = mr_doc_get(doc, "bytes");
    const struct mr_doc *us = mr_doc_get(doc, "modifiedUs");
    if (uri == NULL || uri->kind != MR_DOC_STRING) return damaged(path, "lacks a path", err);
    if (ms == NULL || ms->kind != MR_DOC_NUMBER) return damaged(path, "lacks a timestamp", err);
    if (entry == NULL || entry->kind != MR_DOC_NUMBER) return damaged(path, "lacks a batchId", err);
    struct mr_log_file file = {
        .is_coarse = us == NULL,
        .has_bytes = bytes != NULL,
        .bytes = (uint64_t)mr_doc_int(bytes, 0),
        .entry = mr_doc_int(entry, -1),
    };
    int64_t millis = mr_doc_int(ms, INT64_MAX);
    if (file.entry < 0 || millis > INT64_MAX / 1000 || millis < INT64_MIN / 1000) {
        return damaged(path, "has a number out of range", err);
    }
    file.modified_us = mr_doc_int(us, millis * MR_US_PER_MS);
    status = mr_file_uri_read(arena, uri->text, &file.path, &failure);
    if (status == MR_E_INVALID) return damaged(path, failure.message, err);
    if (status != MR_OK) return status;
    *out_file = file;
    return MR_OK;
}

/* Visits the lines of one file; `only` >= 0 leaves out the files of other entries. */
static mr_status content_read(const struct mr_file_log *log, const char *path,
                              struct mr_span content, int64_t only, mr_log_visit visit, void *ctx,
                              struct mr_err *err)
{
    struct mr_arena arena;
    mr_status status = MR_OK;
    bool has_version = mr_span_starts(content, version_line) || mr_span_is(content, "v1");
    if (!has_version) return damaged(path, "does not start with the line v1", err);
    mr_arena_init(&arena, log->heap, 0);
    const char *at = content.text + MR_MIN(version_line.bytes, content.bytes);
    const char *end = content.text + content.bytes;
    while (status == MR_OK && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        struct mr_span line = mr_span_trim((struct mr_span){at, (size_t)(stop - at)});
        struct mr_log_file file;
        at = stop + 1;
        if (line.bytes == 0) continue;
        status = line_read(&arena, path, line, &file, err);
        if (status == MR_OK && (only < 0 || file.entry == only)) status = visit(ctx, &file, err);
        mr_arena_reset(&arena);
    }
    mr_arena_fini(&arena);
    return status;
}

static mr_status file_read(const struct mr_file_log *log, const char *path, int64_t only,
                           mr_log_visit visit, void *ctx, struct mr_err *err)
{
    struct mr_arena arena;
    struct mr_span content;
    mr_arena_init(&arena, log->heap, 0);
    mr_status status = mr_file_read(log->io, &arena, path, LOG_BYTES_MAX, &content, err);
    if (status == MR_OK) status = content_read(log, path, content, only, visit, ctx, err);
    mr_arena_fini(&arena);
    return status;
}

mr_status mr_file_log_read_file(const struct mr_file_log *log, const char *path, mr_log_visit visit,
                                void *ctx, struct mr_err *err)
{
    return file_read(log, path, -1, visit, ctx, err);
}

/* Entry n from its own file, or else from a compact form that ends with it. */
mr_status mr_file_log_read_entry(const struct mr_file_log *log, int64_t n, mr_log_visit visit,
                                 void *ctx, struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_err failure;
    for (int is_compact = 0; is_compact <= 1; is_compact++) {
        MR_TRY(path_of(log, n, is_compact == 1, path, err));
        mr_status status = file_read(log, path, n, visit, ctx, &failure);
        if (status == MR_E_NOT_FOUND) continue;
        if (status != MR_OK && err != NULL) *err = failure;
        return status;
    }
    MR_TRY(path_of(log, n, false, path, err));
    return damaged(path, "is missing, although offsets name it", err);
}

mr_status mr_file_log_read(const struct mr_file_log *log, int64_t start, int64_t end,
                           mr_log_visit visit, void *ctx, struct mr_err *err)
{
    struct mr_log_extent extent = {.newest_compact = -1};
    if (start < 0 && end >= 0) {
        MR_TRY(mr_file_log_look(log, end, &extent, err));
        if (extent.newest_compact >= 0) {
            char path[MR_PATH_MAX];
            MR_TRY(path_of(log, extent.newest_compact, true, path, err));
            MR_TRY(mr_file_log_read_file(log, path, visit, ctx, err));
            start = extent.newest_compact;
        }
    }
    for (int64_t n = start + 1; n <= end; n++) {
        MR_TRY(mr_file_log_read_entry(log, n, visit, ctx, err));
    }
    return MR_OK;
}

/* ---- rewriting ------------------------------------------------------------------------- */

struct older {
    struct mr_text *text;
    int64_t start;
};

static mr_status older_copy(void *ctx, const struct mr_log_file *file, struct mr_err *err)
{
    struct older *o = ctx;
    if (file->entry <= o->start) mr_file_log_write_line(o->text, file);
    return mr_text_end(o->text, err);
}

/* One form of entry n anew, when it is there. */
static mr_status form_rewrite(const struct mr_file_log *log, int64_t start, int64_t n,
                              bool is_compact, const struct mr_log_file *files, uint32_t count,
                              struct mr_err *err)
{
    char path[MR_PATH_MAX];
    struct mr_text text;
    bool is_there;
    MR_TRY(path_of(log, n, is_compact, path, err));
    MR_TRY(mr_file_exists(log->io, path, &is_there, err));
    if (!is_there) return MR_OK;
    mr_text_init(&text, log->heap);
    mr_text_adds(&text, "v1");
    mr_status status = MR_OK;
    struct older older = {&text, start};
    if (is_compact) status = mr_file_log_read_file(log, path, older_copy, &older, err);
    for (uint32_t i = 0; i < count; i++) {
        bool is_inside = is_compact ? files[i].entry <= n : files[i].entry == n;
        if (is_inside) mr_file_log_write_line(&text, &files[i]);
    }
    if (status == MR_OK) status = mr_text_end(&text, err);
    if (status == MR_OK) status = mr_file_replace(log->io, path, mr_text_span(&text), err);
    mr_text_fini(&text);
    return status;
}

mr_status mr_file_log_rewrite(const struct mr_file_log *log, int64_t start, int64_t end,
                              const struct mr_log_file *files, uint32_t count, struct mr_err *err)
{
    for (int is_compact = 1; is_compact >= 0; is_compact--) {
        for (int64_t n = start + 1; n <= end; n++) {
            MR_TRY(form_rewrite(log, start, n, is_compact == 1, files, count, err));
        }
    }
    return MR_OK;
}

/* ---- removing -------------------------------------------------------------------------- */

struct doomed {
    int64_t n;
    bool is_compact;
};

static int doomed_order(const void *a, const void *b)
{
    const struct doomed *x = a, *y = b;
    return (y->n > x->n) - (y->n < x->n); /* the newest first */
}

/* Removes the entries that `is_doomed` names; a removal that a crash undoes is done again. */
static mr_status remove_some(const struct mr_file_log *log,
                             bool (*is_doomed)(int64_t n, bool is_compact, int64_t bound),
                             int64_t bound, struct mr_err *err)
{
    struct mr_arena arena;
    struct mr_dir_list list;
    char path[MR_PATH_MAX];
    uint32_t count = 0;
    mr_arena_init(&arena, log->heap, 0);
    mr_status status = folder_list(log, &arena, &list, err);
    if (status != MR_OK) goto out;
    struct doomed *doomed = MR_ARENA_ARRAY(&arena, struct doomed, list.count + 1u);
    if (doomed == NULL) {
        status = mr_err_set(err, MR_E_NOMEM, ERR_LOG, "out of memory for %s", log->folder);
        goto out;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        struct doomed *d = &doomed[count];
        if (!name_read(list.entries[i].name, &d->n, &d->is_compact)) continue;
        count += is_doomed(d->n, d->is_compact, bound);
    }
    if (count > 0) qsort(doomed, count, sizeof *doomed, doomed_order);
    for (uint32_t i = 0; i < count && status == MR_OK; i++) {
        status = path_of(log, doomed[i].n, doomed[i].is_compact, path, err);
        if (status == MR_OK) status = mr_file_remove(log->io, path, err);
    }
    if (count > 0 && status == MR_OK) status = mr_dir_sync(log->io, log->folder, err);
out:
    mr_arena_fini(&arena);
    return status;
}

static bool is_above(int64_t n, bool is_compact, int64_t bound)
{
    (void)is_compact;
    return n > bound;
}

static bool is_compacted(int64_t n, bool is_compact, int64_t bound)
{
    if (is_compact) return n < bound - MR_FILE_LOG_COMPACT_EVERY;
    return n <= bound - MR_FILE_LOG_KEEP;
}

mr_status mr_file_log_trim(const struct mr_file_log *log, int64_t end, struct mr_err *err)
{
    return remove_some(log, is_above, end, err);
}

mr_status mr_file_log_shorten(const struct mr_file_log *log, int64_t compact, struct mr_err *err)
{
    return remove_some(log, is_compacted, compact, err);
}

/* After the commit: cleanSource, and at a clean stop the form that Spark reads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "io/files/source_impl.h"

enum { ERR_CLEAN = 5001 };

static int64_t path_call(struct files_source *s, mr_io_kind kind, const char *path,
                         const char *path2)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.path = path;
    op.path2 = path2;
    return mr_io_call(s->io, &op);
}

/* moveDestination + the file's path below the source's folder. */
static mr_status move_target(struct files_source *s, const char *path, char *out, char *out_folder,
                             struct mr_err *err)
{
    const char *below = path + s->root_bytes;
    if (*below == '\0') below = strrchr(path, '/'); /* the source is one file */
    int bytes = snprintf(out, MR_PATH_MAX, "%s%s%s", s->move_to, *below == '/' ? "" : "/", below);
    if (bytes < 0 || bytes >= MR_PATH_MAX) {
        return mr_err_set(err, MR_E_LIMIT, ERR_CLEAN, "path is too long: %.200s", path);
    }
    strcpy(out_folder, out);
    *strrchr(out_folder, '/') = '\0';
    return MR_OK;
}

/* Deletes or moves one file. What stands in the way is told, and the file stays: nothing depends on
 * its going. */
static mr_status file_clean(struct files_source *s, const char *path, bool *out_is_gone,
                            struct mr_err *err)
{
    char target[MR_PATH_MAX], folder[MR_PATH_MAX], why[160];
    int64_t result;
    if (s->clean == FILES_CLEAN_DELETE) {
        result = path_call(s, MR_IO_UNLINK, path, NULL);
    } else {
        MR_TRY(move_target(s, path, target, folder, err));
        MR_TRY(mr_dir_make(s->io, folder, err));
        result = path_call(s, MR_IO_RENAME_NEW, path, target);
    }
    *out_is_gone = result >= 0 || result == -ENOENT;
    if (*out_is_gone) return MR_OK;
    if (result == -EOWNERDEAD || result == -EIO) {
        return mr_err_os(err, (int)-result, ERR_CLEAN, "cleanSource cannot remove %s", path);
    }
    snprintf(why, sizeof why, "cleanSource leaves it: %s",
             result == -EEXIST  ? "the destination has a file of this name"
             : result == -EXDEV ? "the destination is on another file system"
                                : "the system refuses");
    files_notice(s, path, why);
    return MR_OK;
}

static mr_status row_clean(struct files_source *s, const struct mr_known_row *row, int64_t now_us,
                           struct mr_err *err)
{
    struct mr_io_stat stat = {0};
    struct mr_err failure;
    bool is_gone = false;
    mr_status status = files_stat(s, row->path.text, &stat, &failure);
    if (status != MR_OK && status != MR_E_NOT_FOUND) {
        if (err != NULL) *err = failure;
        return status;
    }
    int64_t modified_us = stat.modified_us;
    if (row->is_coarse) modified_us = mr_floor_div(modified_us, MR_US_PER_MS) * MR_US_PER_MS;
    if (status == MR_E_NOT_FOUND) {
        is_gone = true;
    } else if (modified_us != row->modified_us || stat.bytes != row->bytes) {
        files_notice(s, row->path.text, "cleanSource leaves it: it has changed since it was read");
    } else {
        MR_TRY(file_clean(s, row->path.text, &is_gone, err));
    }
    if (!is_gone) return MR_OK;
    return mr_known_archive(s->known, row, now_us,
                            s->clean == FILES_CLEAN_DELETE ? "DELETE" : "MOVE", err);
}

static mr_status clean_some(struct files_source *s, struct mr_err *err)
{
    int64_t now_us = mr_io_now_us(s->io), after_us = INT64_MIN;
    char after[MR_PATH_MAX] = "";
    struct mr_span after_path = {after, 0};
    for (int i = 0; i < MR_FILES_CLEAN_MAX; i++) {
        struct mr_known_row row;
        MR_TRY(mr_known_due(s->known, now_us - s->retention_us, &after_us, after_path, &row, err));
        if (row.path.text == NULL) break;
        memcpy(after, row.path.text, row.path.bytes + 1);
        row.path.text = after;
        after_path = row.path;
        MR_TRY(row_clean(s, &row, now_us, err));
    }
    return MR_OK;
}

mr_status files_clean_run(struct files_source *s, struct mr_err *err)
{
    if (s->clean == FILES_CLEAN_OFF) return MR_OK;
    MR_TRY(mr_known_begin(s->known, err));
    mr_status status = clean_some(s, err);
    if (status == MR_OK) status = mr_known_end(s->known, err);
    if (status != MR_OK) mr_known_rollback(s->known); /* a file gone already is found so again */
    return status;
}

/* ---- the compact form ------------------------------------------------------------------ */

static bool compact_row(void *ctx, const struct mr_known_row *row, int64_t entry)
{
    struct mr_text *text = ctx;
    struct mr_log_file file = {
        .path = row->path,
        .modified_us = row->modified_us,
        .is_coarse = row->is_coarse,
        .has_bytes = true,
        .bytes = row->bytes,
        .entry = entry,
    };
    mr_file_log_write_line(text, &file);
    return !text->is_failed;
}

mr_status files_compact(struct files_source *s, int64_t end, struct mr_err *err)
{
    struct mr_log_extent extent;
    struct mr_text text;
    int64_t compact = (end + 1) / MR_FILE_LOG_COMPACT_EVERY * MR_FILE_LOG_COMPACT_EVERY - 1;
    if (compact < 0) return MR_OK;
    MR_TRY(mr_file_log_look(&s->log, compact, &extent, err));
    s->compacted = extent.newest_compact;
    if (extent.newest_compact == compact) return MR_OK;
    mr_text_init(&text, s->heap);
    mr_text_adds(&text, "v1");
    mr_status status = mr_known_entries(s->known, compact, compact_row, &text, err);
    if (status == MR_OK) status = mr_text_end(&text, err);
    if (status == MR_OK) {
        status = mr_file_log_put(&s->log, compact, true, mr_text_span(&text), err);
    }
    mr_text_fini(&text);
    if (status == MR_OK) s->compacted = compact;
    if (status == MR_OK) status = mr_file_log_shorten(&s->log, compact, err);
    return status;
}

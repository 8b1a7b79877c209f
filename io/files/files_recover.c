/* Bringing list, index and checkpoint to one state. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "io/files/source_impl.h"

enum { ERR_RECOVER = 2112, LAST_UNSET = -2, ROWS_PER_TRANSACTION = 20000 };

/* ---- the first start ------------------------------------------------------------------- */

struct existing {
    struct mr_text text;
};

static mr_status existing_add(void *ctx, const char *path, const struct mr_io_stat *stat,
                              struct mr_err *err)
{
    struct existing *e = ctx;
    struct mr_log_file file = {
        .path = mr_span_of(path),
        .modified_us = stat->modified_us,
        .has_bytes = true,
        .bytes = stat->bytes,
    };
    mr_file_log_write_line(&e->text, &file);
    return mr_text_end(&e->text, err);
}

/* Writes files.existing, once: what includeExistingFiles => false leaves out, or nothing. */
static mr_status existing_write(struct files_source *s, int64_t offset, struct mr_err *err)
{
    struct existing e;
    bool leaves_out = !mr_source_bool(s->options, MR_SOURCE_INCLUDE_EXISTING) && offset < 0;
    mr_text_init(&e.text, s->heap);
    mr_text_adds(&e.text, "v1");
    mr_status status = MR_OK;
    if (leaves_out) status = files_walk(s, true, existing_add, &e, err);
    if (status == MR_OK) status = mr_text_end(&e.text, err);
    if (status == MR_OK) {
        status = mr_file_put_new(s->io, s->existing_path, mr_text_span(&e.text), err);
    }
    mr_text_fini(&e.text);
    return status;
}

static mr_status existing_ensure(struct files_source *s, int64_t offset, struct mr_err *err)
{
    bool is_there;
    MR_TRY(mr_file_exists(s->io, s->existing_path, &is_there, err));
    if (is_there) return mr_dir_sync(s->io, s->own_folder, err);
    MR_TRY(mr_known_remove(s->io, s->index_path, err)); /* an index without it is another's */
    return existing_write(s, offset, err);
}

/* ---- the index ------------------------------------------------------------------------- */

struct replay {
    struct files_source *source;
    int64_t offset_override; /* MR_KNOWN_EXISTING for files.existing, else MR_KNOWN_NONE */
    int64_t newest_us;
    int64_t count;
    uint32_t rows;
};

static mr_status replay_file(void *ctx, const struct mr_log_file *file, struct mr_err *err)
{
    struct replay *r = ctx;
    struct files_source *s = r->source;
    struct mr_known_row row = {
        .path = file->path,
        .modified_us = file->modified_us,
        .bytes = file->bytes,
        .is_coarse = file->is_coarse,
    };
    bool is_existing = r->offset_override == MR_KNOWN_EXISTING;
    int64_t offset = is_existing ? MR_KNOWN_EXISTING : file->entry;
    MR_TRY(mr_known_take(s->known, &row, offset, mr_io_now_us(s->io), err));
    if (!is_existing) {
        r->newest_us = MR_MAX(r->newest_us, file->modified_us);
        r->count++;
    }
    if (++r->rows < ROWS_PER_TRANSACTION) return MR_OK;
    r->rows = 0;
    MR_TRY(mr_known_end(s->known, err));
    MR_TRY(mr_known_tidy(s->known, err));
    return mr_known_begin(s->known, err);
}

/* Entries (last, offset] of the list into the index; from the start for a fresh one. `last` is set
 * in the final transaction, so that a crash half-way only means doing it again. */
mr_status files_index_replay(struct files_source *s, int64_t last, int64_t offset,
                             struct mr_err *err)
{
    struct replay r = {.source = s, .offset_override = MR_KNOWN_NONE, .newest_us = INT64_MIN};
    int64_t seen;
    if (last == LAST_UNSET) {
        r.offset_override = MR_KNOWN_EXISTING;
        MR_TRY(mr_file_log_read_file(&s->log, s->existing_path, replay_file, &r, err));
        r.offset_override = MR_KNOWN_NONE;
    }
    MR_TRY(mr_file_log_read(&s->log, MR_MAX(last, INT64_C(-1)), offset, replay_file, &r, err));
    MR_TRY(mr_known_get(s->known, MR_KNOWN_SEEN, 0, &seen, err));
    MR_TRY(mr_known_set(s->known, MR_KNOWN_SEEN, seen + r.count, err));
    /* A compact form has no expired files any more: the floor must not let them in again. */
    if (last == LAST_UNSET && s->max_age_us > 0 && r.newest_us > INT64_MIN + s->max_age_us) {
        MR_TRY(mr_known_set(s->known, MR_KNOWN_AGE_FLOOR, r.newest_us - s->max_age_us, err));
    }
    return mr_known_set(s->known, MR_KNOWN_LAST, offset, err);
}

static mr_status index_align(struct files_source *s, int64_t offset, int64_t committed,
                             struct mr_err *err)
{
    int64_t last, known_committed;
    MR_TRY(mr_known_get(s->known, MR_KNOWN_LAST, LAST_UNSET, &last, err));
    MR_TRY(mr_known_begin(s->known, err));
    if (last < offset || last == LAST_UNSET) {
        MR_TRY(files_index_replay(s, last, offset, err));
    } else if (last > offset) {
        MR_TRY(mr_known_untake(s->known, offset, err));
    }
    MR_TRY(mr_known_get(s->known, MR_KNOWN_COMMITTED, -1, &known_committed, err));
    if (known_committed < committed) {
        MR_TRY(mr_known_commit(s->known, committed, mr_io_now_us(s->io), err));
    }
    MR_TRY(mr_known_end(s->known, err));
    if (last > offset) MR_TRY(mr_known_harden(s->known, err));
    MR_TRY(mr_known_get(s->known, MR_KNOWN_AGE_FLOOR, INT64_MIN, &s->age_floor_us, err));
    return mr_known_pending_sum(s->known, &s->pending_files, &s->pending_bytes, err);
}

static mr_status index_try(struct files_source *s, int64_t offset, int64_t committed,
                           struct mr_err *err)
{
    MR_TRY(mr_known_open(s->heap, s->io, s->index_path, &s->known, err));
    mr_status status = index_align(s, offset, committed, err);
    if (status != MR_OK) {
        mr_known_close(s->known);
        s->known = NULL;
    }
    return status;
}

mr_status files_recover(struct files_source *s, int64_t offset, int64_t committed,
                        struct mr_err *err)
{
    struct mr_log_extent extent;
    struct mr_err failure;
    MR_ASSERT(committed <= offset);
    MR_TRY(mr_dir_make(s->io, s->log.folder, err));
    MR_TRY(existing_ensure(s, offset, err));
    /* Entries that are seen are built on; who wrote them may have died before the sync. */
    MR_TRY(mr_dir_sync(s->io, s->log.folder, err));
    MR_TRY(mr_file_log_trim(&s->log, offset, err));
    s->offset = offset;
    MR_TRY(mr_file_log_look(&s->log, offset, &extent, err));
    s->compacted = extent.newest_compact;
    mr_status status = index_try(s, offset, committed, &failure);
    if (status == MR_E_CORRUPT && failure.code == ERR_RECOVER) {
        files_notice(s, s->index_path, "the index of known files is damaged: it is made anew");
        MR_TRY(mr_known_remove(s->io, s->index_path, err));
        status = index_try(s, offset, committed, &failure);
    }
    if (status != MR_OK && err != NULL) *err = failure;
    return status;
}

mr_status files_trim(struct files_source *s, int64_t end, struct mr_err *err)
{
    MR_ASSERT(end <= s->offset);
    mr_file_put_drop(&s->entry);
    MR_TRY(mr_file_log_trim(&s->log, end, err));
    MR_TRY(mr_known_begin(s->known, err));
    mr_status status = mr_known_untake(s->known, end, err);
    if (status == MR_OK) status = mr_known_end(s->known, err);
    if (status == MR_OK) status = mr_known_harden(s->known, err);
    if (status != MR_OK) {
        mr_known_rollback(s->known);
        s->has_loose_end = true;
        return status;
    }
    s->offset = end;
    s->has_loose_end = false;
    return mr_known_pending_sum(s->known, &s->pending_files, &s->pending_bytes, err);
}

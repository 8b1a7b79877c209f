/* An epoch runs again: files that have changed since it was planned are planned anew. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "io/files/source_impl.h"

enum { ERR_REPLAN = 2110 };

struct replan_line {
    struct mr_log_file file; /* as it will be */
    bool is_changed;
    bool is_dropped;
};

/* The lines of the epoch's entries, in their order. */
struct replan {
    struct files_source *source;
    struct mr_arena *arena;
    struct replan_line *lines;
    uint32_t count;
    uint32_t capacity;
    bool has_changed;
};

static mr_status replan_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_REPLAN, "out of memory for a list of files");
}

/* ---- looking --------------------------------------------------------------------------- */

/* Spark's lines have milliseconds and no size: what is not known cannot differ. */
static bool has_changed(const struct mr_log_file *line, const struct mr_io_stat *stat)
{
    int64_t modified_us = stat->modified_us;
    if (line->is_coarse) modified_us = mr_floor_div(modified_us, MR_US_PER_MS) * MR_US_PER_MS;
    return modified_us != line->modified_us || (line->has_bytes && stat->bytes != line->bytes);
}

static mr_status line_add(struct replan *r, const struct replan_line *line, struct mr_err *err)
{
    if (r->count == r->capacity) {
        uint32_t capacity = MR_MAX(r->capacity * 2, 64u);
        struct replan_line *grown = MR_ARENA_ARRAY(r->arena, struct replan_line, capacity);
        if (grown == NULL) return replan_nomem(err);
        if (r->count > 0) memcpy(grown, r->lines, r->count * sizeof *grown);
        r->lines = grown;
        r->capacity = capacity;
    }
    struct replan_line *added = &r->lines[r->count];
    *added = *line;
    added->file.path.text = mr_arena_copy(r->arena, line->file.path);
    if (added->file.path.text == NULL) return replan_nomem(err);
    r->count++;
    r->has_changed |= line->is_changed;
    return MR_OK;
}

/* A file that is gone keeps its line: reading it says so, or passes over it, as options want. */
static mr_status line_look(void *ctx, const struct mr_log_file *file, struct mr_err *err)
{
    struct replan *r = ctx;
    struct mr_io_stat stat = {0};
    struct mr_err failure;
    struct replan_line line = {.file = *file};
    mr_status status = files_stat(r->source, file->path.text, &stat, &failure);
    if (status != MR_OK && status != MR_E_NOT_FOUND) {
        if (err != NULL) *err = failure;
        return status;
    }
    bool is_there = status == MR_OK && stat.kind == MR_FILE_REGULAR;
    if (is_there && has_changed(file, &stat)) {
        line.is_changed = true;
        line.file.modified_us = stat.modified_us;
        line.file.is_coarse = false;
        line.file.has_bytes = true;
        line.file.bytes = stat.bytes;
    }
    return line_add(r, &line, err);
}

/* ---- deciding -------------------------------------------------------------------------- */

/* Whether a later line is about the same path: two entries of one epoch named two versions, and
 * there is only one to be read now. Only Spark leaves an epoch of several entries. */
static bool has_later(const struct replan *r, uint32_t index)
{
    const struct mr_log_file *file = &r->lines[index].file;
    if (r->lines[r->count - 1].file.entry == file->entry) return false;
    for (uint32_t i = index + 1; i < r->count; i++) {
        if (mr_span_eq(r->lines[i].file.path, file->path)) return true;
    }
    return false;
}

/* Takes the entries back from the index, and drops changed files whose version of now was read in
 * an entry before: an older file was put back in their place. */
static mr_status lines_untake(struct replan *r, int64_t start, struct mr_err *err)
{
    struct mr_known *known = r->source->known;
    MR_TRY(mr_known_untake(known, start, err));
    for (uint32_t i = 0; i < r->count; i++) {
        struct replan_line *line = &r->lines[i];
        mr_known_answer answer;
        if (!line->is_changed) continue;
        MR_TRY(mr_known_ask(known, line->file.path.text, line->file.modified_us, false, &answer,
                            err));
        line->is_dropped = answer == MR_KNOWN_TAKEN || has_later(r, i);
        MR_TRY(mr_known_forget(known, line->file.path.text, err));
        files_notice(r->source, line->file.path.text,
                     line->is_dropped ? "changed since it was planned; this version was read before"
                                      : "changed since it was planned; it is read as it is now");
    }
    return MR_OK;
}

/* ---- changing -------------------------------------------------------------------------- */

static mr_status list_rewrite(struct replan *r, int64_t start, int64_t end, struct mr_err *err)
{
    struct mr_log_file *files = MR_ARENA_ARRAY(r->arena, struct mr_log_file, r->count);
    uint32_t count = 0;
    if (files == NULL) return replan_nomem(err);
    for (uint32_t i = 0; i < r->count; i++) {
        if (!r->lines[i].is_dropped) files[count++] = r->lines[i].file;
    }
    return mr_file_log_rewrite(&r->source->log, start, end, files, count, err);
}

/* The index first forgets the entries, durably, then they change, then it learns them again. A
 * death in between leaves an index that is behind the list, old or new, which every start mends; in
 * any other order a power cut could leave one that knows another version under the same number, and
 * a file that is there twice. */
static mr_status entries_change(struct replan *r, int64_t start, int64_t end, struct mr_err *err)
{
    struct files_source *s = r->source;
    MR_TRY(mr_known_begin(s->known, err));
    MR_TRY(lines_untake(r, start, err));
    MR_TRY(mr_known_end(s->known, err));
    MR_TRY(mr_known_harden(s->known, err));
    MR_TRY(list_rewrite(r, start, end, err));
    MR_TRY(mr_known_begin(s->known, err));
    MR_TRY(files_index_replay(s, start, end, err));
    MR_TRY(mr_known_end(s->known, err));
    return mr_known_pending_sum(s->known, &s->pending_files, &s->pending_bytes, err);
}

mr_status files_replan(struct files_source *s, int64_t start, int64_t end, struct mr_arena *arena,
                       struct mr_source_list *out_list, struct mr_err *err)
{
    struct replan r = {.source = s, .arena = arena};
    MR_ASSERT(start >= -1 && start <= end);
    MR_ASSERT(end == s->offset); /* nothing is planned beyond an epoch that is at work */
    for (int64_t n = start + 1; n <= end; n++) {
        MR_TRY(mr_file_log_read_entry(&s->log, n, line_look, &r, err));
    }
    if (r.has_changed) {
        mr_status status = entries_change(&r, start, end, err);
        if (status != MR_OK) {
            mr_known_rollback(s->known);
            return status;
        }
    }
    return files_batch(s, start, end, arena, out_list, err);
}

/* Choosing the next files, and giving chosen ones again. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "io/files/file_uri.h"
#include "io/files/source_impl.h"

enum { ERR_PLAN = 2110 };

/* A list that grows in the caller's arena. */
struct chooser {
    struct files_source *source;
    struct mr_arena *arena;
    struct mr_source_list list;
    uint32_t capacity;
    struct mr_text lines; /* the entry to be written */
    uint64_t files_left;  /* pending when all of this is committed */
    uint64_t bytes_left;
};

static mr_status plan_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_PLAN, "out of memory for a list of files");
}

mr_status files_fill(struct files_source *s, struct mr_arena *arena, struct mr_source_file *file,
                     struct mr_err *err)
{
    file->uri = mr_file_uri_short(arena, mr_span_of(file->path));
    if (file->uri.text == NULL) return plan_nomem(err);
    file->name = mr_span_of(strrchr(file->uri.text, '/') + 1);
    file->refuses_links = strcmp(file->path, s->root) != 0;
    file->start = 0;
    file->length = file->bytes;
    return mr_parts_read(arena, &s->parts, s->root_bytes, file, err);
}

static mr_status list_add(struct chooser *c, struct mr_span path, const struct mr_source_file *file,
                          struct mr_err *err)
{
    struct mr_source_list *list = &c->list;
    if (list->count == c->capacity) {
        uint32_t capacity = MR_MAX(c->capacity * 2, 64u);
        struct mr_source_file *grown = MR_ARENA_ARRAY(c->arena, struct mr_source_file, capacity);
        if (grown == NULL) return plan_nomem(err);
        if (list->count > 0) memcpy(grown, list->files, list->count * sizeof *grown);
        list->files = grown;
        c->capacity = capacity;
    }
    struct mr_source_file *added = &list->files[list->count];
    *added = *file;
    added->path = mr_arena_copy(c->arena, path);
    if (added->path == NULL) return plan_nomem(err);
    MR_TRY(files_fill(c->source, c->arena, added, err));
    list->count++;
    list->bytes += added->bytes;
    return MR_OK;
}

/* ---- plan ------------------------------------------------------------------------------ */

/* A pending file as it is now: gone, no longer wanted or read already are dropped (false). */
static mr_status pending_look(struct chooser *c, const struct mr_known_row *row,
                              struct mr_io_stat *out_stat, bool *out_is_there, struct mr_err *err)
{
    struct files_source *s = c->source;
    struct mr_err failure;
    mr_known_answer answer = MR_KNOWN_PENDING;
    mr_status status = files_stat(s, row->path.text, out_stat, &failure);
    if (status != MR_OK && status != MR_E_NOT_FOUND) {
        if (err != NULL) *err = failure;
        return status;
    }
    bool is_there = status == MR_OK && out_stat->kind == MR_FILE_REGULAR;
    if (!is_there) {
        s->vanished++;
        files_notice(s, row->path.text, "gone before it was read");
    } else if (out_stat->modified_us != row->modified_us) {
        MR_TRY(mr_known_ask(s->known, row->path.text, out_stat->modified_us, !s->allows_overwrites,
                            &answer, err));
        is_there = answer != MR_KNOWN_TAKEN && files_wants(s, out_stat);
    }
    *out_is_there = is_there;
    return MR_OK;
}

static mr_status pending_choose(struct chooser *c, const struct mr_known_row *row,
                                struct mr_err *err)
{
    struct files_source *s = c->source;
    struct mr_io_stat stat = {0};
    bool is_there = false;
    MR_TRY(pending_look(c, row, &stat, &is_there, err));
    c->files_left--;
    c->bytes_left -= MR_MIN(row->bytes, c->bytes_left);
    if (!is_there || stat.modified_us != row->modified_us) {
        MR_TRY(mr_known_forget(s->known, row->path.text, err));
    }
    if (!is_there) return MR_OK;
    struct mr_source_file file = {
        .bytes = stat.bytes,
        .modified_us = stat.modified_us,
        .offset = s->offset + 1,
        .index = c->list.count,
    };
    struct mr_log_file line = {
        .path = row->path,
        .modified_us = stat.modified_us,
        .has_bytes = true,
        .bytes = stat.bytes,
        .entry = file.offset,
    };
    MR_TRY(list_add(c, row->path, &file, err));
    mr_file_log_write_line(&c->lines, &line);
    return MR_OK;
}

static mr_status choose(struct chooser *c, const struct mr_source_limits *limits,
                        struct mr_err *err)
{
    struct files_source *s = c->source;
    struct mr_known_row row = {0};
    char after[MR_PATH_MAX];
    int64_t after_us = 0;
    struct mr_span after_path = {NULL, 0};
    mr_text_adds(&c->lines, "v1");
    while (c->list.count < limits->files_max && c->list.bytes < limits->bytes_max) {
        MR_TRY(mr_known_pending(s->known, s->is_latest_first, after_us, after_path, &row, err));
        if (row.path.text == NULL) break;
        memcpy(after, row.path.text, row.path.bytes + 1);
        row.path.text = after;
        after_path = row.path;
        after_us = row.modified_us;
        MR_TRY(pending_choose(c, &row, err));
    }
    return mr_text_end(&c->lines, err);
}

/* The index takes note of the entry, and may do so before that is durable: what it says beyond
 * offsets' end is taken back at a start. */
static mr_status chosen_take(struct chooser *c, struct mr_err *err)
{
    struct files_source *s = c->source;
    int64_t seen, now_us = mr_io_now_us(s->io);
    for (uint32_t i = 0; i < c->list.count; i++) {
        const struct mr_source_file *file = &c->list.files[i];
        struct mr_known_row row = {
            .path = mr_span_of(file->path),
            .modified_us = file->modified_us,
            .bytes = file->bytes,
        };
        MR_TRY(mr_known_take(s->known, &row, file->offset, now_us, err));
    }
    if (c->list.count == 0) return MR_OK;
    MR_TRY(mr_known_get(s->known, MR_KNOWN_SEEN, 0, &seen, err));
    MR_TRY(mr_known_set(s->known, MR_KNOWN_SEEN, seen + c->list.count, err));
    return mr_known_set(s->known, MR_KNOWN_LAST, s->offset + 1, err);
}

static mr_status choose_and_write(struct chooser *c, const struct mr_source_limits *limits,
                                  struct mr_err *err)
{
    struct files_source *s = c->source;
    MR_TRY(mr_known_begin(s->known, err));
    MR_TRY(choose(c, limits, err));
    if (c->list.count > 0) {
        MR_TRY(mr_file_log_begin(&s->log, s->offset + 1, false, mr_text_span(&c->lines), &s->entry,
                                 err));
    }
    MR_TRY(chosen_take(c, err));
    return mr_known_end(s->known, err);
}

static struct mr_source_limits limits_of(const struct files_source *s,
                                         const struct mr_source_limits *limits)
{
    struct mr_source_limits own = *limits;
    if (own.files_max == 0) {
        own.files_max = (uint64_t)mr_source_number(s->options, MR_SOURCE_MAX_FILES);
    }
    if (own.bytes_max == 0) {
        own.bytes_max = mr_source_has(s->options, MR_SOURCE_MAX_BYTES)
                            ? (uint64_t)mr_source_number(s->options, MR_SOURCE_MAX_BYTES)
                            : UINT64_MAX;
    }
    own.files_max = MR_MIN(own.files_max, (uint64_t)UINT32_MAX / 2);
    return own;
}

mr_status files_plan(struct files_source *s, const struct mr_source_limits *limits,
                     struct mr_arena *arena, struct mr_source_list *out_list, struct mr_err *err)
{
    struct mr_source_limits own = limits_of(s, limits);
    MR_ASSERT(s->entry.state == MR_FILE_PUT_EMPTY);
    if (s->has_loose_end) MR_TRY(files_trim(s, s->offset, err));
    bool has_enough = s->pending_files >= own.files_max || s->pending_bytes >= own.bytes_max;
    if (!s->is_fixed && (!has_enough || s->is_latest_first)) MR_TRY(files_discover(s, err));
    struct chooser c = {
        .source = s,
        .arena = arena,
        .files_left = s->pending_files,
        .bytes_left = s->pending_bytes,
        .list.offset = s->offset,
    };
    mr_text_init(&c.lines, s->heap);
    mr_status status = MR_OK;
    if (s->pending_files > 0) status = choose_and_write(&c, &own, err);
    mr_text_fini(&c.lines);
    if (status != MR_OK) {
        mr_file_put_drop(&s->entry);
        mr_known_rollback(s->known);
        s->has_loose_end = true; /* the index may know an entry that is not there */
        return status;
    }
    if (c.list.count > 0) c.list.offset = ++s->offset;
    s->pending_files = c.files_left;
    s->pending_bytes = c.bytes_left;
    *out_list = c.list;
    return MR_OK;
}

mr_status files_harden(struct files_source *s, struct mr_err *err)
{
    if (s->entry.state == MR_FILE_PUT_EMPTY) return MR_OK;
    mr_status status = mr_file_log_end(&s->entry, err);
    if (status == MR_OK) return MR_OK;
    s->offset--;
    s->has_loose_end = true; /* the entry may be there, and the index knows it */
    return status;
}

/* ---- batch ----------------------------------------------------------------------------- */

static mr_status batch_add(void *ctx, const struct mr_log_file *line, struct mr_err *err)
{
    struct chooser *c = ctx;
    struct files_source *s = c->source;
    uint32_t count = c->list.count;
    struct mr_source_file file = {
        .bytes = line->bytes,
        .modified_us = line->modified_us,
        .offset = line->entry,
    };
    if (count > 0 && c->list.files[count - 1].offset == line->entry) {
        file.index = c->list.files[count - 1].index + 1;
    }
    if (!line->has_bytes) { /* Spark's entry: the file as it is now; an absent one fails when read
                             */
        struct mr_io_stat stat = {0};
        struct mr_err failure;
        mr_status status = files_stat(s, line->path.text, &stat, &failure);
        if (status != MR_OK && status != MR_E_NOT_FOUND) {
            if (err != NULL) *err = failure;
            return status;
        }
        file.bytes = stat.bytes;
    }
    return list_add(c, line->path, &file, err);
}

mr_status files_batch(struct files_source *s, int64_t start, int64_t end, struct mr_arena *arena,
                      struct mr_source_list *out_list, struct mr_err *err)
{
    struct chooser c = {.source = s, .arena = arena, .list.offset = end};
    MR_ASSERT(start >= -1);
    MR_ASSERT(start <= end);
    for (int64_t n = start + 1; n <= end; n++) {
        MR_TRY(mr_file_log_read_entry(&s->log, n, batch_add, &c, err));
    }
    *out_list = c.list;
    return MR_OK;
}

/* Discovery: what is in the tree and not in the index. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "io/files/source_impl.h"

enum { ERR_DISCOVER = 2110, ROWS_PER_TRANSACTION = 20000, HINTED_FOLDERS_MAX = 1024 };

/* Where a watch tells of new files, listing is for what it cannot see (another machine's writes on
 * a network file system): so seldom that it takes one part in a hundred of a core's time at 3 us a
 * file, at most once in MIN, at least once in MAX. */
#define HINTED_FILE_US 300
#define HINTED_MIN_US UINT64_C(50000)
#define HINTED_NEWS_PERIODS 4 /* a listing may be put off so far while there are files to read */
#define HINTED_MAX_US ((uint64_t)60 * MR_US_PER_S)

/* ---- notices --------------------------------------------------------------------------- */

static uint64_t path_hash(const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *at = path; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
    }
    return hash == 0 ? 1 : hash;
}

void files_notice(struct files_source *s, const char *path, const char *what)
{
    uint64_t hash = path_hash(path);
    uint32_t at = (uint32_t)(hash % MR_FILES_NOTICES_MAX);
    char text[MR_PATH_MAX + 128];
    if (s->notice == NULL || s->noticed_count >= MR_FILES_NOTICES_MAX / 2) return;
    while (s->noticed[at] != 0) {
        if (s->noticed[at] == hash) return;
        at = (at + 1) % MR_FILES_NOTICES_MAX;
    }
    s->noticed[at] = hash;
    s->noticed_count++;
    snprintf(text, sizeof text, "%s: %s", path, what);
    s->notice(s->notice_ctx, text);
    if (s->noticed_count == MR_FILES_NOTICES_MAX / 2) {
        s->notice(s->notice_ctx, "more such files are counted and no longer named");
    }
}

static void skipped(void *ctx, const char *path, const char *why)
{
    struct files_source *s = ctx;
    char what[96];
    snprintf(what, sizeof what, "left out: it is %s", why);
    s->skipped++;
    files_notice(s, path, what);
}

/* ---- walking --------------------------------------------------------------------------- */

mr_status files_stat(struct files_source *s, const char *path, struct mr_io_stat *out_stat,
                     struct mr_err *err)
{
    struct mr_io_stat stat = {0};
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_STAT);
    op.path = path;
    /* Only what the user named may be a link. */
    if (strcmp(path, s->root) != 0) op.flags = MR_OPEN_NOFOLLOW;
    op.stat = &stat;
    int64_t result = mr_io_call(s->io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_DISCOVER, "cannot look at %s", path);
    *out_stat = stat;
    return MR_OK;
}

bool files_wants(const struct files_source *s, const struct mr_io_stat *stat)
{
    if (stat->modified_us <= s->after_us || stat->modified_us >= s->before_us) return false;
    return s->is_latest_first || stat->modified_us >= s->age_floor_us;
}

/* Nobody asked for the watch, so it takes no more of the system than it is worth. */
static void hint_give_up(struct files_source *s)
{
    s->is_notified = s->is_hinted = false;
    mr_file_watch_fini(&s->watch);
    mr_file_watch_init(&s->watch, s->heap, s->io);
}

/* A folder is watched before it is listed. Where the system cannot, listing has to do. */
static mr_status folder_watch(void *ctx, const char *path, struct mr_err *err)
{
    struct files_source *s = ctx;
    struct mr_err failure;
    char why[MR_ERR_MESSAGE_MAX + 64];
    if (!s->is_notified) return MR_OK;
    mr_status status = mr_file_watch_add(&s->watch, path, &failure);
    bool is_enough = s->is_hinted && s->watch.folder_count > HINTED_FOLDERS_MAX;
    if (status == MR_OK && !is_enough) return MR_OK;
    if (s->is_hinted && status != MR_E_KILLED) {
        hint_give_up(s);
        return MR_OK;
    }
    if (status == MR_E_UNSUPPORTED || status == MR_E_LIMIT || status == MR_E_NOSPACE) {
        snprintf(why, sizeof why, "useNotifications: %s; listing instead", failure.message);
        s->is_notified = false;
        files_notice(s, path, why);
        return MR_OK;
    }
    if (err != NULL) *err = failure;
    return status;
}

static struct mr_walk walk_of(struct files_source *s)
{
    return (struct mr_walk){
        .heap = s->heap,
        .io = s->io,
        .root = s->root,
        .glob = s->glob.count == 0 ? NULL : &s->glob,
        .extent = s->glob.star_crosses ? MR_GLOB_PREFIX : MR_GLOB_ANCESTOR,
        .name_filter = s->name_filter.count == 0 ? NULL : &s->name_filter,
        .folder = folder_watch,
        .skipped = skipped,
        .ctx = s,
    };
}

/* Gives the caller's context to its callback, and ours to the others. */
struct walk_call {
    struct files_source *source;
    mr_status (*file)(void *ctx, const char *path, const struct mr_io_stat *stat,
                      struct mr_err *err);
    void *ctx;
};

static mr_status call_file(void *ctx, const char *path, const struct mr_io_stat *stat,
                           struct mr_err *err)
{
    struct walk_call *call = ctx;
    return call->file(call->ctx, path, stat, err);
}

static mr_status call_folder(void *ctx, const char *path, struct mr_err *err)
{
    return folder_watch(((struct walk_call *)ctx)->source, path, err);
}

static void call_skipped(void *ctx, const char *path, const char *why)
{
    skipped(((struct walk_call *)ctx)->source, path, why);
}

mr_status files_walk(struct files_source *s, bool wants_stat,
                     mr_status (*file)(void *ctx, const char *path, const struct mr_io_stat *stat,
                                       struct mr_err *err),
                     void *ctx, struct mr_err *err)
{
    struct walk_call call = {s, file, ctx};
    struct mr_walk walk = walk_of(s);
    walk.wants_stat = wants_stat;
    walk.file = call_file;
    walk.folder = call_folder;
    walk.skipped = call_skipped;
    walk.ctx = &call;
    return mr_walk_run(&walk, err);
}

/* ---- new files ------------------------------------------------------------------------- */

struct finder {
    struct files_source *source;
    uint32_t rows; /* in the open transaction */
    uint64_t met;
};

static mr_status finder_add(struct finder *f, const char *path, const struct mr_io_stat *stat,
                            struct mr_err *err)
{
    struct files_source *s = f->source;
    struct mr_known_row row = {
        .path = mr_span_of(path), .modified_us = stat->modified_us, .bytes = stat->bytes};
    MR_TRY(mr_known_discover(s->known, &row, mr_io_now_us(s->io), err));
    s->pending_files++;
    s->pending_bytes += stat->bytes;
    if (++f->rows < ROWS_PER_TRANSACTION) return MR_OK;
    f->rows = 0;
    MR_TRY(mr_known_end(s->known, err));
    MR_TRY(mr_known_tidy(s->known, err));
    return mr_known_begin(s->known, err);
}

/* With allowOverwrites `stat` is complete and the version decides; otherwise the path decides, and
 * only a path that is new costs a look at the file. */
static mr_status finder_file(void *ctx, const char *path, const struct mr_io_stat *stat,
                             struct mr_err *err)
{
    struct finder *f = ctx;
    struct files_source *s = f->source;
    struct mr_io_stat own = *stat;
    mr_known_answer answer;
    f->met++;
    MR_TRY(mr_known_ask(s->known, path, stat->modified_us, !s->allows_overwrites, &answer, err));
    if (answer != MR_KNOWN_NEW && answer != MR_KNOWN_CHANGED) return MR_OK;
    if (!s->allows_overwrites) {
        struct mr_err failure;
        mr_status status = files_stat(s, path, &own, &failure);
        if (status == MR_E_NOT_FOUND) return MR_OK; /* gone again: it never was there */
        if (status != MR_OK) {
            if (err != NULL) *err = failure;
            return status;
        }
    }
    if (own.kind != MR_FILE_REGULAR || !files_wants(s, &own)) return MR_OK;
    return finder_add(f, path, &own, err);
}

/* A path that a notification brought. */
static mr_status finder_news(void *ctx, const char *path, struct mr_err *err)
{
    struct finder *f = ctx;
    struct files_source *s = f->source;
    struct mr_walk walk = walk_of(s);
    struct mr_io_stat stat;
    struct mr_err failure;
    if (!mr_walk_wants(&walk, path)) return MR_OK;
    mr_status status = files_stat(s, path, &stat, &failure);
    if (status == MR_E_NOT_FOUND) return MR_OK;
    if (status != MR_OK) {
        if (err != NULL) *err = failure;
        return status;
    }
    if (stat.kind != MR_FILE_REGULAR) {
        if (stat.kind != MR_FILE_DIRECTORY) {
            skipped(s, path, stat.kind == MR_FILE_LINK ? "a symbolic link" : "no regular file");
        }
        return MR_OK;
    }
    return finder_file(f, path, &stat, err);
}

static bool listing_is_due(const struct files_source *s)
{
    if (!s->is_notified || s->watch.wants_listing || s->watch.file < 0) return true;
    int64_t since_us = mr_io_mono_us(s->io) - s->listed_mono_us;
    if (s->is_hinted) {
        uint64_t pause_us = MR_MIN(s->listed_files, HINTED_MAX_US) * HINTED_FILE_US;
        uint64_t period_us = MR_MAX(MR_MIN(pause_us, HINTED_MAX_US), HINTED_MIN_US);
        return since_us >= (int64_t)(period_us * (s->pending_files > 0 ? HINTED_NEWS_PERIODS : 1));
    }
    if (!mr_source_has(s->options, MR_SOURCE_BACKFILL)) return false;
    return since_us >= mr_source_number(s->options, MR_SOURCE_BACKFILL);
}

static mr_status find(struct finder *f, struct mr_err *err)
{
    struct files_source *s = f->source;
    if (s->is_notified && s->watch.file >= 0) {
        MR_TRY(mr_file_watch_drain(&s->watch, finder_news, f, err));
    }
    if (!listing_is_due(s)) return MR_OK;
    s->watch.wants_listing = false;
    f->met = 0;
    mr_status status = files_walk(s, s->allows_overwrites, finder_file, f, err);
    if (status == MR_OK) s->listed_files = f->met;
    if (status == MR_OK) s->listed_mono_us = mr_io_mono_us(s->io);
    if (status != MR_OK) s->watch.wants_listing = true;
    return status;
}

mr_status files_discover(struct files_source *s, struct mr_err *err)
{
    struct finder f = {.source = s};
    uint64_t files = s->pending_files, bytes = s->pending_bytes;
    MR_TRY(mr_known_begin(s->known, err));
    mr_status status = find(&f, err);
    if (status == MR_OK) status = mr_known_end(s->known, err);
    if (status != MR_OK) {
        mr_known_rollback(s->known);
        s->watch.wants_listing = true; /* what was drained must be found again */
        if (mr_known_pending_sum(s->known, &s->pending_files, &s->pending_bytes, NULL) != MR_OK) {
            s->pending_files = files;
            s->pending_bytes = bytes;
        }
    }
    return status;
}

/* ---- sampling -------------------------------------------------------------------------- */

struct sample_file {
    char *path;
    size_t path_bytes;
    struct mr_io_stat stat;
};

/* The newest files seen so far, the oldest of them on top of a heap. */
struct sampler {
    struct files_source *source;
    struct sample_file *files;
    uint32_t count;
    uint32_t capacity;
};

static bool is_older(const struct sample_file *a, const struct sample_file *b)
{
    if (a->stat.modified_us != b->stat.modified_us) {
        return a->stat.modified_us < b->stat.modified_us;
    }
    return strcmp(a->path, b->path) > 0; /* of equals the first by path is the newest */
}

static void heap_sink(struct sample_file *files, uint32_t count, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && is_older(&files[child + 1], &files[child])) child++;
        if (!is_older(&files[child], &files[at])) return;
        struct sample_file swap = files[at];
        files[at] = files[child];
        files[child] = swap;
        at = child;
    }
}

static void heap_rise(struct sample_file *files, uint32_t at)
{
    while (at > 0 && is_older(&files[at], &files[(at - 1) / 2])) {
        struct sample_file swap = files[at];
        files[at] = files[(at - 1) / 2];
        files[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
}

static mr_status sampler_file(void *ctx, const char *path, const struct mr_io_stat *stat,
                              struct mr_err *err)
{
    struct sampler *p = ctx;
    struct sample_file file = {.path_bytes = strlen(path) + 1, .stat = *stat};
    struct files_source *s = p->source;
    if (stat->kind != MR_FILE_REGULAR || !files_wants(s, stat)) return MR_OK;
    bool is_full = p->count == p->capacity;
    if (is_full && stat->modified_us < p->files[0].stat.modified_us) return MR_OK;
    file.path = mr_heap_take(s->heap, file.path_bytes);
    if (file.path == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_DISCOVER, "out of memory for a sample of files");
    }
    memcpy(file.path, path, file.path_bytes);
    if (!is_full) {
        p->files[p->count] = file;
        heap_rise(p->files, p->count++);
        return MR_OK;
    }
    struct sample_file *loser = &file;
    if (is_older(&p->files[0], &file)) loser = &p->files[0];
    mr_heap_give(s->heap, loser->path, loser->path_bytes);
    if (loser == &file) return MR_OK;
    p->files[0] = file;
    heap_sink(p->files, p->count, 0);
    return MR_OK;
}

/* Empties the heap into the list, from the back: the newest comes first. */
static mr_status sampler_list(struct sampler *p, const struct mr_source_limits *limits,
                              struct mr_arena *arena, struct mr_source_list *out_list,
                              struct mr_err *err)
{
    struct files_source *s = p->source;
    struct mr_source_list list = {.offset = s->offset};
    uint32_t found = p->count;
    list.files = MR_ARENA_ARRAY(arena, struct mr_source_file, found + 1u);
    if (list.files == NULL) goto nomem;
    while (p->count > 0) {
        struct sample_file file = p->files[0];
        struct mr_source_file *out = &list.files[p->count - 1];
        out->path = mr_arena_copy(arena, (struct mr_span){file.path, file.path_bytes - 1});
        if (out->path == NULL) goto nomem;
        out->bytes = file.stat.bytes;
        out->modified_us = file.stat.modified_us;
        out->index = p->count - 1;
        mr_heap_give(s->heap, file.path, file.path_bytes);
        p->files[0] = p->files[--p->count];
        heap_sink(p->files, p->count, 0);
    }
    uint64_t bytes_max = limits->bytes_max == 0 ? UINT64_MAX : limits->bytes_max;
    while (list.count < found && (list.count == 0 || list.bytes < bytes_max)) {
        struct mr_source_file *file = &list.files[list.count++];
        MR_TRY(files_fill(s, arena, file, err));
        list.bytes += file->bytes;
    }
    MR_TRY(mr_parts_type(arena, &s->parts, list.files, list.count, &list.partitions, err));
    *out_list = list;
    return MR_OK;
nomem:
    return mr_err_set(err, MR_E_NOMEM, ERR_DISCOVER, "out of memory for a sample of files");
}

mr_status files_sample(struct files_source *s, const struct mr_source_limits *limits,
                       struct mr_arena *arena, struct mr_source_list *out_list, struct mr_err *err)
{
    struct sampler p = {.source = s};
    uint64_t files_max = limits->files_max;
    struct mr_source_limits own = *limits;
    if (files_max == 0) files_max = (uint64_t)mr_source_number(s->options, MR_SOURCE_SAMPLE_FILES);
    if (own.bytes_max == 0) {
        own.bytes_max = (uint64_t)mr_source_number(s->options, MR_SOURCE_SAMPLE_BYTES);
    }
    p.capacity = (uint32_t)MR_MIN(files_max, (uint64_t)1000000);
    p.files = mr_heap_zeroed(s->heap, p.capacity * sizeof *p.files);
    if (p.files == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_DISCOVER, "out of memory for a sample of files");
    }
    mr_status status = files_walk(s, true, sampler_file, &p, err);
    if (status == MR_OK) status = sampler_list(&p, &own, arena, out_list, err);
    while (p.count > 0) {
        p.count--;
        mr_heap_give(s->heap, p.files[p.count].path, p.files[p.count].path_bytes);
    }
    mr_heap_give(s->heap, p.files, p.capacity * sizeof *p.files);
    return status;
}

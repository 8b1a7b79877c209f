#include "io/files/files_source.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "io/files/source_impl.h"

enum { ERR_OPEN = 2110, ERR_OPTIONS = 2103 };

static struct files_source *source_of(struct mr_source *base)
{
    return (struct files_source *)base;
}

/* ---- the driver ------------------------------------------------------------------------ */

static mr_status source_plan(struct mr_source *base, const struct mr_source_limits *limits,
                             struct mr_arena *arena, struct mr_source_list *out_list,
                             struct mr_err *err)
{
    MR_ASSERT(source_of(base)->known != NULL);
    return files_plan(source_of(base), limits, arena, out_list, err);
}

static mr_status source_harden(struct mr_source *base, struct mr_err *err)
{
    return files_harden(source_of(base), err);
}

static mr_status source_batch(struct mr_source *base, int64_t start, int64_t end,
                              struct mr_arena *arena, struct mr_source_list *out_list,
                              struct mr_err *err)
{
    return files_batch(source_of(base), start, end, arena, out_list, err);
}

static mr_status source_replan(struct mr_source *base, int64_t start, int64_t end,
                               struct mr_arena *arena, struct mr_source_list *out_list,
                               struct mr_err *err)
{
    return files_replan(source_of(base), start, end, arena, out_list, err);
}

/* maxFileAge counts from the newest file that is committed; the floor never goes back, so what is
 * forgotten is not found again. */
static mr_status age_apply(struct files_source *s, const struct mr_io_stat *newest,
                           struct mr_err *err)
{
    int64_t floor_us = newest->modified_us - s->max_age_us;
    if (s->max_age_us == 0 || floor_us <= s->age_floor_us) return MR_OK;
    MR_TRY(mr_known_expire(s->known, floor_us, err));
    s->age_floor_us = floor_us;
    return MR_OK;
}

struct newest {
    struct mr_io_stat stat;
};

static mr_status newest_of(void *ctx, const struct mr_log_file *file, struct mr_err *err)
{
    struct newest *n = ctx;
    (void)err;
    n->stat.modified_us = MR_MAX(n->stat.modified_us, file->modified_us);
    return MR_OK;
}

static mr_status commit_rows(struct files_source *s, int64_t end, struct mr_err *err)
{
    struct newest newest = {.stat.modified_us = INT64_MIN / 2};
    int64_t committed;
    MR_TRY(mr_known_get(s->known, MR_KNOWN_COMMITTED, -1, &committed, err));
    if (committed >= end) return MR_OK;
    MR_TRY(mr_known_commit(s->known, end, mr_io_now_us(s->io), err));
    if (s->max_age_us == 0) return MR_OK;
    for (int64_t n = committed + 1; n <= end; n++) {
        MR_TRY(mr_file_log_read_entry(&s->log, n, newest_of, &newest, err));
    }
    return age_apply(s, &newest.stat, err);
}

static mr_status source_commit(struct mr_source *base, int64_t end, struct mr_err *err)
{
    struct files_source *s = source_of(base);
    MR_ASSERT(end <= s->offset);
    MR_TRY(mr_known_begin(s->known, err));
    mr_status status = commit_rows(s, end, err);
    if (status == MR_OK) status = mr_known_end(s->known, err);
    if (status != MR_OK) {
        mr_known_rollback(s->known);
        return status;
    }
    MR_TRY(mr_known_tidy(s->known, err));
    MR_TRY(files_clean_run(s, err));
    return end - s->compacted > MR_FILE_LOG_LOOSE_MAX ? files_compact(s, end, err) : MR_OK;
}

static mr_status source_trim(struct mr_source *base, int64_t end, struct mr_err *err)
{
    return files_trim(source_of(base), end, err);
}

static mr_status source_fix_end(struct mr_source *base, struct mr_err *err)
{
    struct files_source *s = source_of(base);
    MR_TRY(files_discover(s, err));
    s->is_fixed = true;
    return MR_OK;
}

static mr_status source_backlog(struct mr_source *base, struct mr_source_backlog *out_backlog,
                                struct mr_err *err)
{
    struct files_source *s = source_of(base);
    int64_t seen;
    MR_TRY(mr_known_get(s->known, MR_KNOWN_SEEN, 0, &seen, err));
    *out_backlog = (struct mr_source_backlog){
        .files = s->pending_files,
        .bytes = s->pending_bytes,
        .seen = (uint64_t)seen,
        .queued = s->watch.held_count,
        .vanished = s->vanished,
        .skipped = s->skipped,
    };
    return MR_OK;
}

static mr_status source_sample(struct mr_source *base, const struct mr_source_limits *limits,
                               struct mr_arena *arena, struct mr_source_list *out_list,
                               struct mr_err *err)
{
    return files_sample(source_of(base), limits, arena, out_list, err);
}

static mr_status source_states(struct mr_source *base,
                               bool (*row)(void *ctx, const struct mr_source_state *state),
                               void *ctx, struct mr_err *err)
{
    return mr_known_states(source_of(base)->known, row, ctx, err);
}

static mr_status source_stop(struct mr_source *base, struct mr_err *err)
{
    struct files_source *s = source_of(base);
    int64_t committed;
    MR_TRY(mr_known_get(s->known, MR_KNOWN_COMMITTED, -1, &committed, err));
    return files_compact(s, committed, err);
}

static void source_close(struct mr_source *base)
{
    struct files_source *s = source_of(base);
    if (s == NULL) return;
    mr_file_put_drop(&s->entry);
    mr_known_close(s->known);
    mr_file_watch_fini(&s->watch);
    mr_arena_fini(&s->arena);
    mr_heap_give(s->heap, s, sizeof *s);
}

static const struct mr_source_driver files_driver = {
    .name = "files",
    .plan = source_plan,
    .harden = source_harden,
    .batch = source_batch,
    .replan = source_replan,
    .commit = source_commit,
    .trim = source_trim,
    .fix_end = source_fix_end,
    .backlog = source_backlog,
    .sample = source_sample,
    .states = source_states,
    .stop = source_stop,
    .close = source_close,
};

/* ---- opening --------------------------------------------------------------------------- */

static mr_status open_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_OPEN, "out of memory for a file source");
}

static bool has_parent_part(struct mr_span path)
{
    for (size_t i = 0; i + 3 <= path.bytes; i++) {
        bool is_part = memcmp(path.text + i, "/..", 3) == 0;
        if (is_part && (i + 3 == path.bytes || path.text[i + 3] == '/')) return true;
    }
    return false;
}

/* The path as a root to walk and, when it has magic, a glob over whole paths. */
static mr_status path_take(struct files_source *s, struct mr_span path, struct mr_err *err)
{
    bool is_strict = mr_source_bool(s->options, MR_SOURCE_STRICT_GLOB);
    if (path.bytes == 0 || path.text[0] != '/' || memchr(path.text, '\0', path.bytes) != NULL ||
        path.bytes >= MR_PATH_MAX || has_parent_part(path)) {
        return mr_err_set(err, MR_E_INVALID, ERR_OPEN, "\"%.*s\" is no usable absolute path",
                          (int)MR_MIN(path.bytes, (size_t)300), path.text);
    }
    if (mr_glob_has_magic(path)) {
        MR_TRY(mr_glob_compile(&s->arena, path, !is_strict, &s->glob, err));
        s->root = mr_glob_base(&s->arena, path);
    } else {
        while (path.bytes > 1 && path.text[path.bytes - 1] == '/') path.bytes--;
        s->root = mr_arena_copy(&s->arena, path);
    }
    if (s->root == NULL) return open_nomem(err);
    s->root_bytes = strlen(s->root);
    return MR_OK;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t bytes = strlen(folder);
    return strncmp(path, folder, bytes) == 0 && (path[bytes] == '/' || path[bytes] == '\0');
}

static mr_status clean_take(struct files_source *s, struct mr_err *err)
{
    struct mr_span to = mr_source_text(s->options, MR_SOURCE_CLEAN_MOVE_TO);
    s->clean = (files_clean)mr_source_number(s->options, MR_SOURCE_CLEAN);
    s->retention_us = mr_source_number(s->options, MR_SOURCE_CLEAN_RETENTION);
    if (s->clean != FILES_CLEAN_MOVE) return MR_OK;
    while (to.bytes > 1 && to.text[to.bytes - 1] == '/') to.bytes--;
    s->move_to = mr_arena_copy(&s->arena, to);
    if (s->move_to == NULL) return open_nomem(err);
    if (to.text[0] != '/' || has_parent_part(to)) {
        return mr_err_set(err, MR_E_INVALID, ERR_OPTIONS,
                          "cleanSource.moveDestination must be an absolute path");
    }
    if (is_inside(s->move_to, s->root)) {
        return mr_err_set(
            err, MR_E_INVALID, ERR_OPTIONS,
            "cleanSource.moveDestination %s lies in the source's folder %s: moved files "
            "would be found again",
            s->move_to, s->root);
    }
    return MR_OK;
}

static mr_status options_take(struct files_source *s, bool is_followed, struct mr_err *err)
{
    const struct mr_source_options *o = s->options;
    struct mr_span filter = mr_source_text(o, MR_SOURCE_GLOB_FILTER);
    s->allows_overwrites = mr_source_bool(o, MR_SOURCE_ALLOW_OVERWRITES);
    s->is_latest_first = mr_source_bool(o, MR_SOURCE_LATEST_FIRST);
    s->is_hinted = is_followed && !mr_source_bool(o, MR_SOURCE_NOTIFICATIONS);
    s->is_notified = s->is_hinted || mr_source_bool(o, MR_SOURCE_NOTIFICATIONS);
    s->max_age_us = mr_source_number(o, MR_SOURCE_MAX_FILE_AGE);
    s->age_floor_us = INT64_MIN;
    s->after_us = INT64_MIN;
    s->before_us = INT64_MAX;
    if (mr_source_has(o, MR_SOURCE_MODIFIED_AFTER)) {
        s->after_us = mr_source_number(o, MR_SOURCE_MODIFIED_AFTER);
    }
    if (mr_source_has(o, MR_SOURCE_MODIFIED_BEFORE)) {
        s->before_us = mr_source_number(o, MR_SOURCE_MODIFIED_BEFORE);
    }
    if (filter.bytes > 0) {
        MR_TRY(mr_glob_compile(&s->arena, filter, false, &s->name_filter, err));
    }
    MR_TRY(mr_parts_rule_of(&s->arena, o, &s->parts, err));
    return clean_take(s, err);
}

static mr_status checkpoint_take(struct files_source *s, const struct mr_source_spec *spec,
                                 struct mr_err *err)
{
    MR_ASSERT(spec->own_folder != NULL);
    s->log = (struct mr_file_log){s->heap, s->io,
                                  mr_arena_copy(&s->arena, mr_span_of(spec->log_folder))};
    s->own_folder = mr_arena_copy(&s->arena, mr_span_of(spec->own_folder));
    s->index_path = mr_arena_format(&s->arena, "%s/files.db", spec->own_folder);
    s->existing_path = mr_arena_format(&s->arena, "%s/files.existing", spec->own_folder);
    if (s->log.folder == NULL || s->own_folder == NULL || s->index_path == NULL ||
        s->existing_path == NULL) {
        return open_nomem(err);
    }
    MR_TRY(mr_dir_make(s->io, spec->own_folder, err));
    return files_recover(s, spec->offset, spec->committed, err);
}

static mr_status root_check(struct files_source *s, struct mr_err *err)
{
    struct mr_io_stat stat;
    mr_status status = mr_file_stat(s->io, s->root, &stat, err);
    if (status == MR_E_NOT_FOUND) {
        status =
            mr_err_set(err, status, ERR_OPEN, "the source's folder %s does not exist", s->root);
        mr_err_help(err, "make the folder first, or correct the path in read_files");
    }
    return status;
}

mr_status mr_files_source_open(const struct mr_source_spec *spec, struct mr_source **out_source,
                               struct mr_err *err)
{
    struct files_source *s = mr_heap_zeroed(spec->heap, sizeof *s);
    if (s == NULL) return open_nomem(err);
    s->base.driver = &files_driver;
    s->heap = spec->heap;
    s->io = spec->io;
    s->options = spec->options;
    s->notice = spec->notice;
    s->notice_ctx = spec->notice_ctx;
    s->offset = -1;
    mr_arena_init(&s->arena, s->heap, 0);
    mr_file_watch_init(&s->watch, s->heap, s->io);
    mr_status status = path_take(s, spec->path, err);
    if (status == MR_OK) status = options_take(s, spec->is_followed, err);
    if (status == MR_OK) status = root_check(s, err);
    if (status == MR_OK && spec->log_folder != NULL) status = checkpoint_take(s, spec, err);
    if (status != MR_OK) {
        source_close(&s->base);
        return status;
    }
    *out_source = &s->base;
    return MR_OK;
}

/* ---- formats --------------------------------------------------------------------------- */

const char *mr_files_format_of(struct mr_span name)
{
    static const char *const codecs[] = {".gz",     ".gzip", ".zst", ".zstd",
                                         ".snappy", ".lz4",  ".bz2"};
    static const struct {
        const char *suffix;
        const char *format;
    } formats[] = {
        {".json", "json"}, {".jsonl", "json"}, {".ndjson", "json"},     {".csv", "csv"},
        {".tsv", "csv"},   {".txt", "text"},   {".parquet", "parquet"}, {".avro", "avro"},
        {".orc", "orc"},   {".xml", "xml"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(codecs); i++) {
        struct mr_span codec = mr_span_of(codecs[i]);
        if (mr_span_ends(name, codec)) {
            name.bytes -= codec.bytes;
            break;
        }
    }
    for (size_t i = 0; i < MR_COUNT_OF(formats); i++) {
        if (mr_span_ends(name, mr_span_of(formats[i].suffix))) return formats[i].format;
    }
    return NULL;
}

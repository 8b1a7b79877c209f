/* The SQL files of a pipeline: its libraries, walked. */
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/pipeline/spec_impl.h"

struct library_walk {
    struct mr_arena *arena;
    struct mr_io *io;
    const struct mr_pipeline_spec *spec;
    const struct mr_library *library;
    struct mr_library_file *files;
    uint32_t count;
    uint32_t capacity;
    struct mr_err *err;
};

static mr_status walk_nomem(struct library_walk *walk)
{
    return mr_err_set(walk->err, MR_E_NOMEM, 0, "out of memory while listing the libraries");
}

/* Puts the place of the library in the spec behind an error about it. */
static mr_status fail_at_library(struct library_walk *walk, mr_status status)
{
    mr_err_origin(walk->err, walk->spec->origin);
    if (walk->err != NULL) {
        walk->err->line = walk->library->line;
        walk->err->column = walk->library->column;
        walk->err->width = 1;
    }
    return status;
}

static const char *label_of(const struct mr_pipeline_spec *spec, const char *path)
{
    size_t bytes = strlen(spec->folder);
    if (strncmp(path, spec->folder, bytes) == 0 && path[bytes] == '/') return path + bytes + 1;
    return path;
}

static mr_status add_file(struct library_walk *walk, const char *path)
{
    struct mr_span name = mr_span_of(path);
    if (!mr_span_ends(name, MR_SPAN(".sql"))) {
        bool is_python = mr_span_ends(name, MR_SPAN(".py"));
        mr_status status = mr_err_set(walk->err, MR_E_UNSUPPORTED, is_python ? 6111 : 6109,
                                      is_python ? "Python library %s is not supported"
                                                : "library %s is no .sql file",
                                      label_of(walk->spec, path));
        mr_err_help(walk->err, is_python ? "write its datasets in SQL, or leave it out of libraries"
                                         : "keep only .sql files in the folders of libraries");
        return fail_at_library(walk, status);
    }
    if (walk->count == walk->capacity) {
        uint32_t capacity = MR_MAX(walk->capacity * 2, 16u);
        struct mr_library_file *grown =
            MR_ARENA_ARRAY(walk->arena, struct mr_library_file, capacity);
        if (grown == NULL) return walk_nomem(walk);
        if (walk->count > 0) memcpy(grown, walk->files, walk->count * sizeof *grown);
        walk->files = grown;
        walk->capacity = capacity;
    }
    walk->files[walk->count++] = (struct mr_library_file){path, label_of(walk->spec, path)};
    return MR_OK;
}

static mr_status walk_tree(struct library_walk *walk, const char *path, uint32_t depth)
{
    struct mr_dir_list list;
    if (depth > MR_SPEC_LIBRARY_DEPTH_MAX) {
        mr_status status =
            mr_err_set(walk->err, MR_E_LIMIT, 6109, "folders of libraries nest deeper than %d: %s",
                       MR_SPEC_LIBRARY_DEPTH_MAX, path);
        return fail_at_library(walk, status);
    }
    MR_TRY(mr_dir_list(walk->io, walk->arena, path, false, &list, walk->err));
    for (uint32_t i = 0; i < list.count; i++) {
        const struct mr_dir_entry *entry = &list.entries[i];
        if (entry->name.text[0] == '.') continue;
        const char *child = mr_spec_join(walk->arena, path, entry->name.text);
        if (child == NULL) return walk_nomem(walk);
        if (entry->stat.kind == MR_FILE_DIRECTORY) {
            MR_TRY(walk_tree(walk, child, depth + 1));
        } else if (entry->stat.kind == MR_FILE_REGULAR || entry->stat.kind == MR_FILE_LINK) {
            MR_TRY(add_file(walk, child));
        }
    }
    return MR_OK;
}

static mr_status walk_library(struct library_walk *walk)
{
    struct mr_io_stat stat;
    const char *path = walk->library->path;
    mr_status status = mr_file_stat(walk->io, path, &stat, walk->err);
    bool is_wanted_kind =
        status == MR_OK && (stat.kind == MR_FILE_DIRECTORY) == walk->library->is_tree;
    if (status == MR_E_NOT_FOUND || (status == MR_OK && !is_wanted_kind)) {
        status = mr_err_set(walk->err, MR_E_NOT_FOUND, 6113, "library %s is no %s",
                            label_of(walk->spec, path), walk->library->is_tree ? "folder" : "file");
        mr_err_help(walk->err, "name a file, or a folder followed by /**");
        return fail_at_library(walk, status);
    }
    if (status != MR_OK) return status;
    return walk->library->is_tree ? walk_tree(walk, path, 0) : add_file(walk, path);
}

static int path_order(const void *a, const void *b)
{
    const struct mr_library_file *x = a, *y = b;
    return mr_span_compare(mr_span_of(x->path), mr_span_of(y->path));
}

mr_status mr_pipeline_library_files(struct mr_arena *arena, struct mr_io *io,
                                    const struct mr_pipeline_spec *spec,
                                    const struct mr_library_file **out_files, uint32_t *out_count,
                                    struct mr_err *err)
{
    struct library_walk walk = {.arena = arena, .io = io, .spec = spec, .err = err};
    for (uint32_t i = 0; i < spec->library_count; i++) {
        walk.library = &spec->libraries[i];
        MR_TRY(walk_library(&walk));
    }
    if (walk.count == 0) {
        mr_status status = mr_err_set(err, MR_E_NOT_FOUND, 6113, "the pipeline has no SQL file");
        mr_err_origin(err, spec->origin);
        mr_err_help(err, "add: libraries: [{glob: {include: transformations/**}}]");
        return status;
    }
    qsort(walk.files, walk.count, sizeof *walk.files, path_order);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < walk.count; i++) {
        if (strcmp(walk.files[i].path, walk.files[kept - 1].path) == 0) continue;
        walk.files[kept++] = walk.files[i];
    }
    *out_files = walk.files;
    *out_count = kept;
    return MR_OK;
}

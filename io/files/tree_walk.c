#include "io/files/tree_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/port/files.h"

enum { ERR_WALK = 2110, NAMES_BYTES_MAX = 1 << 30 };

/* Growing bytes of a heap. */
struct bag {
    struct mr_heap *heap;
    char *at;
    size_t used;
    size_t capacity;
};

static bool bag_add(struct bag *bag, const void *bytes, size_t count)
{
    if (bag->used + count > bag->capacity) {
        size_t capacity = MR_MAX(bag->capacity * 2, MR_MAX(bag->used + count, (size_t)1024));
        char *grown = mr_heap_resize(bag->heap, bag->at, bag->capacity, capacity);
        if (grown == NULL) return false;
        bag->at = grown;
        bag->capacity = capacity;
    }
    memcpy(bag->at + bag->used, bytes, count);
    bag->used += count;
    return true;
}

static void bag_fini(struct bag *bag)
{
    mr_heap_give(bag->heap, bag->at, bag->capacity);
    bag->at = NULL;
}

/* One folder's entries: in `bytes`, each an entry header followed by its name and a zero. */
struct entry {
    struct mr_io_stat stat;
    uint32_t name_bytes;
};

struct names {
    struct bag bytes;
    struct bag offs; /* uint32_t each: where an entry starts */
    bool has_stat;
};

static size_t entry_head_bytes(const struct names *names)
{
    return names->has_stat ? sizeof(struct entry) : 1;
}

static int names_add(void *ctx, const char *name, const struct mr_io_stat *stat)
{
    struct names *names = ctx;
    size_t bytes = strlen(name);
    uint32_t off = (uint32_t)names->bytes.used;
    struct entry entry = {*stat, (uint32_t)bytes};
    char kind = (char)stat->kind;
    if (mr_walk_name_is_hidden((struct mr_span){name, bytes})) return 0;
    if (names->bytes.used > NAMES_BYTES_MAX) return -E2BIG;
    bool is_added = names->has_stat ? bag_add(&names->bytes, &entry, sizeof entry)
                                    : bag_add(&names->bytes, &kind, 1);
    is_added = is_added && bag_add(&names->bytes, name, bytes + 1) &&
               bag_add(&names->offs, &off, sizeof off);
    return is_added ? 0 : -ENOMEM;
}

static uint32_t names_count(const struct names *names)
{
    return (uint32_t)(names->offs.used / sizeof(uint32_t));
}

static const char *names_get(const struct names *names, uint32_t index, struct mr_io_stat *out_stat)
{
    uint32_t off;
    struct entry entry;
    memcpy(&off, names->offs.at + index * sizeof off, sizeof off);
    *out_stat = (struct mr_io_stat){.kind = (mr_file_kind)names->bytes.at[off]};
    if (names->has_stat) {
        memcpy(&entry, names->bytes.at + off, sizeof entry);
        *out_stat = entry.stat;
    }
    return names->bytes.at + off + entry_head_bytes(names);
}

static int off_order(const void *a, const void *b, void *ctx)
{
    const struct names *names = ctx;
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    size_t head = entry_head_bytes(names);
    return strcmp(names->bytes.at + x + head, names->bytes.at + y + head);
}

static mr_status names_list(struct names *names, struct mr_io *io, const char *path,
                            struct mr_err *err)
{
    struct mr_io_list list = {.entry = names_add, .ctx = names, .wants_stat = names->has_stat};
    struct mr_io_op op;
    names->bytes.used = names->offs.used = 0;
    mr_io_op_init(&op, MR_IO_LIST);
    op.path = path;
    op.list = &list;
    int64_t result = mr_io_call(io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_WALK, "cannot list %s", path);
    uint32_t count = names_count(names);
    if (count > 1) qsort_r(names->offs.at, count, sizeof(uint32_t), off_order, names);
    return MR_OK;
}

bool mr_walk_name_is_hidden(struct mr_span name)
{
    if (name.bytes == 0 || name.text[0] == '.') return true;
    if (name.text[0] == '_' && memchr(name.text, '=', name.bytes) == NULL) return true;
    return mr_span_ends(name, MR_SPAN("._COPYING_"));
}

static bool path_is_meant(const struct mr_walk *walk, const char *path)
{
    return walk->glob == NULL || mr_glob_match(walk->glob, mr_span_of(path), walk->extent);
}

static bool name_is_meant(const struct mr_walk *walk, const char *name)
{
    return walk->name_filter == NULL ||
           mr_glob_match(walk->name_filter, mr_span_of(name), MR_GLOB_WHOLE);
}

bool mr_walk_wants(const struct mr_walk *walk, const char *path)
{
    struct mr_span root = mr_span_of(walk->root);
    const char *name = strrchr(path, '/');
    if (name == NULL || strncmp(path, root.text, root.bytes) != 0) return false;
    const char *at = path + root.bytes;
    if (*at != '/' && !mr_span_ends(root, MR_SPAN("/"))) return false;
    while (*at != '\0') {
        while (*at == '/') at++;
        size_t bytes = strcspn(at, "/");
        if (mr_walk_name_is_hidden((struct mr_span){at, bytes})) return false;
        at += bytes;
    }
    return path_is_meant(walk, path) && name_is_meant(walk, name + 1);
}

/* The state of a walk: the folder at hand and, on a stack of zero-terminated paths, the next. */
struct walker {
    const struct mr_walk *walk;
    struct names names;
    struct bag stack;
    char path[MR_PATH_MAX];
};

static mr_status walker_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_WALK, "out of memory while listing");
}

static bool stack_push(struct bag *stack, const char *path)
{
    return bag_add(stack, path, strlen(path) + 1);
}

static void stack_pop(struct bag *stack, char *out_path)
{
    size_t start = stack->used - 1;
    while (start > 0 && stack->at[start - 1] != '\0') start--;
    memcpy(out_path, stack->at + start, stack->used - start);
    stack->used = start;
}

/* folder + '/' + name into out; false when it gets too long. */
static bool path_join(const char *folder, const char *name, char *out)
{
    size_t bytes = strlen(folder), more = strlen(name);
    bool has_slash = bytes > 0 && folder[bytes - 1] == '/';
    if (bytes + !has_slash + more >= MR_PATH_MAX) return false;
    memcpy(out, folder, bytes);
    if (!has_slash) out[bytes++] = '/';
    memcpy(out + bytes, name, more + 1);
    return true;
}

static void walker_skip(struct walker *w, const char *path, const char *why)
{
    if (w->walk->skipped != NULL) w->walk->skipped(w->walk->ctx, path, why);
}

/* One entry that is no folder. */
static mr_status walker_offer(struct walker *w, const char *path, const char *name,
                              const struct mr_io_stat *stat, struct mr_err *err)
{
    if (!name_is_meant(w->walk, name) || !path_is_meant(w->walk, path)) return MR_OK;
    if (stat->kind == MR_FILE_REGULAR) return w->walk->file(w->walk->ctx, path, stat, err);
    walker_skip(w, path, stat->kind == MR_FILE_LINK ? "a symbolic link" : "no regular file");
    return MR_OK;
}

static mr_status walker_folder(struct walker *w, struct mr_err *err)
{
    const struct mr_walk *walk = w->walk;
    char path[MR_PATH_MAX];
    if (walk->folder != NULL) MR_TRY(walk->folder(walk->ctx, w->path, err));
    MR_TRY(names_list(&w->names, walk->io, w->path, err));
    uint32_t count = names_count(&w->names);
    struct mr_io_stat stat;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = names_get(&w->names, i, &stat);
        if (stat.kind == MR_FILE_DIRECTORY) continue;
        if (!path_join(w->path, name, path)) {
            walker_skip(w, w->path, "a path that is too long");
            continue;
        }
        MR_TRY(walker_offer(w, path, name, &stat, err));
    }
    for (uint32_t i = count; i-- > 0;) {
        const char *name = names_get(&w->names, i, &stat);
        if (stat.kind != MR_FILE_DIRECTORY) continue;
        if (!path_join(w->path, name, path)) {
            walker_skip(w, w->path, "a path that is too long");
            continue;
        }
        if (walk->glob != NULL && !mr_glob_may_hold(walk->glob, mr_span_of(path))) continue;
        if (!stack_push(&w->stack, path)) return walker_nomem(err);
    }
    return MR_OK;
}

static mr_status walker_run(struct walker *w, struct mr_err *err)
{
    struct mr_io_stat stat;
    MR_TRY(mr_file_stat(w->walk->io, w->walk->root, &stat, err));
    if (stat.kind == MR_FILE_REGULAR) {
        return w->walk->file(w->walk->ctx, w->walk->root, &stat, err);
    }
    if (stat.kind != MR_FILE_DIRECTORY) {
        return mr_err_set(err, MR_E_INVALID, ERR_WALK, "%s is neither a folder nor a regular file",
                          w->walk->root);
    }
    if (!stack_push(&w->stack, w->walk->root)) return walker_nomem(err);
    bool is_root = true;
    while (w->stack.used > 0) {
        struct mr_err failure;
        stack_pop(&w->stack, w->path);
        mr_status status = walker_folder(w, &failure);
        if (status != MR_OK && (status != MR_E_NOT_FOUND || is_root)) {
            if (err != NULL) *err = failure;
            return status;
        }
        is_root = false;
    }
    return MR_OK;
}

mr_status mr_walk_run(const struct mr_walk *walk, struct mr_err *err)
{
    struct walker w = {.walk = walk};
    MR_ASSERT(strlen(walk->root) < MR_PATH_MAX);
    w.names.has_stat = walk->wants_stat;
    w.names.bytes.heap = w.names.offs.heap = w.stack.heap = walk->heap;
    mr_status status = walker_run(&w, err);
    bag_fini(&w.names.bytes);
    bag_fini(&w.names.offs);
    bag_fini(&w.stack);
    return status;
}

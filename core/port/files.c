#include "core/port/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_FILE = 5001, IO_BYTES_MAX = 1 << 30, TEMPORARY_TRIES = 8 };

static mr_status files_nomem(const char *path, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_FILE, "out of memory at %s", path);
}

static mr_status file_open(struct mr_io *io, const char *path, uint32_t flags, int32_t *out_file,
                           struct mr_err *err)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = path;
    op.flags = flags;
    int64_t result = mr_io_call(io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot open %s", path);
    *out_file = (int32_t)result;
    return MR_OK;
}

static void file_close(struct mr_io *io, int32_t file)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = file;
    (void)mr_io_call(io, &op);
}

/* One operation on paths, with its verb for the message. */
static mr_status path_call(struct mr_io *io, mr_io_kind kind, const char *path, const char *path2,
                           const char *verb, struct mr_err *err)
{
    struct mr_io_op op;
    mr_io_op_init(&op, kind);
    op.path = path;
    op.path2 = path2;
    int64_t result = mr_io_call(io, &op);
    if (result >= 0) return MR_OK;
    return mr_err_os(err, (int)-result, ERR_FILE, "cannot %s %s", verb,
                     path2 == NULL ? path : path2);
}

mr_status mr_file_stat(struct mr_io *io, const char *path, struct mr_io_stat *out_stat,
                       struct mr_err *err)
{
    struct mr_io_op op;
    struct mr_io_stat stat = {0};
    mr_io_op_init(&op, MR_IO_STAT);
    op.path = path;
    op.stat = &stat;
    int64_t result = mr_io_call(io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot look at %s", path);
    *out_stat = stat;
    return MR_OK;
}

mr_status mr_file_exists(struct mr_io *io, const char *path, bool *out_exists, struct mr_err *err)
{
    struct mr_io_stat stat;
    mr_status status = mr_file_stat(io, path, &stat, err);
    if (status != MR_OK && status != MR_E_NOT_FOUND) return status;
    *out_exists = status == MR_OK;
    return MR_OK;
}

static mr_status file_fill(struct mr_io *io, int32_t file, const char *path, char *to,
                           uint64_t bytes, uint64_t *out_used, struct mr_err *err)
{
    uint64_t used = 0;
    while (used < bytes) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_READ);
        op.file = file;
        op.buf = to + used;
        op.bytes = (uint32_t)MR_MIN(bytes - used, (uint64_t)IO_BYTES_MAX);
        op.off = used;
        int64_t result = mr_io_call_again(io, &op);
        if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot read %s", path);
        if (result == 0) break;
        used += (uint64_t)result;
    }
    *out_used = used;
    return MR_OK;
}

mr_status mr_file_read(struct mr_io *io, struct mr_arena *arena, const char *path,
                       uint64_t max_bytes, struct mr_span *out_content, struct mr_err *err)
{
    struct mr_io_stat stat;
    int32_t file = -1;
    uint64_t used = 0;
    MR_TRY(mr_file_stat(io, path, &stat, err));
    if (stat.bytes > max_bytes) {
        return mr_err_set(err, MR_E_LIMIT, 5002, "%s has %" PRIu64 " bytes, more than %" PRIu64,
                          path, stat.bytes, max_bytes);
    }
    char *content = mr_arena_alloc(arena, stat.bytes + MR_PAD, 64);
    if (content == NULL) return files_nomem(path, err);
    memset(content + stat.bytes, 0, MR_PAD);
    MR_TRY(file_open(io, path, MR_OPEN_READ, &file, err));
    mr_status status = file_fill(io, file, path, content, stat.bytes, &used, err);
    file_close(io, file);
    if (status != MR_OK) return status;
    *out_content = (struct mr_span){content, used};
    return MR_OK;
}

static mr_status file_write(struct mr_io *io, int32_t file, const char *path,
                            struct mr_span content, struct mr_err *err)
{
    size_t used = 0;
    while (used < content.bytes) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_WRITE);
        op.file = file;
        op.buf = (void *)(uintptr_t)(content.text + used);
        op.bytes = (uint32_t)MR_MIN(content.bytes - used, (size_t)IO_BYTES_MAX);
        op.off = used;
        int64_t result = mr_io_call_again(io, &op);
        if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot write %s", path);
        if (result == 0) return mr_err_os(err, EIO, ERR_FILE, "cannot write %s", path);
        used += (size_t)result;
    }
    return MR_OK;
}

static void parent_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == path) bytes = 1;
    if (bytes == 0) {
        strcpy(out, ".");
        return;
    }
    memcpy(out, path, bytes);
    out[bytes] = '\0';
}

static mr_status path_check(const char *path, size_t extra, struct mr_err *err)
{
    if (strlen(path) + extra < MR_PATH_MAX) return MR_OK;
    return mr_err_set(err, MR_E_LIMIT, 5002, "path is too long: %.200s...", path);
}

/* Makes a fresh temporary file beside `path`. Its name is random, and still taken when a process
 * with the same seed died here before: then the next one is tried. */
static mr_status temporary_open(struct mr_io *io, const char *path, char *out_temporary,
                                int32_t *out_file, struct mr_err *err)
{
    const uint32_t flags = MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_EXCLUSIVE;
    char directory[MR_PATH_MAX];
    const char *slash = strrchr(path, '/');
    mr_status status = MR_E_EXISTS;
    parent_of(path, directory);
    for (int i = 0; i < TEMPORARY_TRIES && status == MR_E_EXISTS; i++) {
        int bytes = snprintf(out_temporary, MR_PATH_MAX, "%s/.%s.%016" PRIx64 ".tmp", directory,
                             slash == NULL ? path : slash + 1, mr_io_random(io));
        MR_ASSERT(bytes > 0 && bytes < MR_PATH_MAX);
        status = file_open(io, out_temporary, flags, out_file, err);
    }
    if (status != MR_E_EXISTS) return status;
    return mr_err_set(err, MR_E_IO, ERR_FILE, "no temporary name is free beside %s", path);
}

/* ---- putting a file ---- */

static void sync_done(struct mr_io_op *op, void *ctx)
{
    (void)op;
    *(bool *)ctx = false;
}

static void submit_sync(struct mr_file_put *put, mr_io_kind kind)
{
    MR_ASSERT(!put->is_busy);
    mr_io_op_init(&put->sync, kind);
    put->sync.file = kind == MR_IO_SYNC ? put->file : -1;
    put->sync.path = kind == MR_IO_SYNC ? NULL : put->folder;
    put->sync.done = sync_done;
    put->sync.ctx = &put->is_busy;
    put->is_busy = true;
    mr_io_submit(put->io, &put->sync);
}

static mr_status await_sync(struct mr_file_put *put, const char *verb, const char *path,
                            struct mr_err *err)
{
    while (put->is_busy) (void)mr_io_run(put->io, -1);
    if (put->sync.result >= 0) return MR_OK;
    return mr_err_os(err, (int)-put->sync.result, ERR_FILE, "cannot %s %s", verb, path);
}

/* A leftover temporary file starts with a dot and ends in .tmp, and nobody reads it. */
static void remove_temporary(struct mr_file_put *put)
{
    (void)path_call(put->io, MR_IO_UNLINK, put->temporary, NULL, "remove", NULL);
}

mr_status mr_file_put_begin(struct mr_file_put *put, struct mr_io *io, const char *path,
                            struct mr_span content, struct mr_err *err)
{
    put->io = io;
    put->state = MR_FILE_PUT_EMPTY;
    put->is_busy = put->existed = false;
    MR_TRY(path_check(path, 40, err));
    strcpy(put->path, path);
    parent_of(path, put->folder);
    MR_TRY(temporary_open(io, path, put->temporary, &put->file, err));
    mr_status status = file_write(io, put->file, put->temporary, content, err);
    if (status != MR_OK) {
        file_close(io, put->file);
        remove_temporary(put);
        return status;
    }
    submit_sync(put, MR_IO_SYNC);
    put->state = MR_FILE_PUT_WRITTEN;
    return MR_OK;
}

/* The content is durable, or the temporary file is removed again. */
static mr_status finish_content(struct mr_file_put *put, struct mr_err *err)
{
    MR_ASSERT(put->state == MR_FILE_PUT_WRITTEN);
    put->state = MR_FILE_PUT_EMPTY;
    mr_status status = await_sync(put, "sync", put->temporary, err);
    file_close(put->io, put->file);
    if (status != MR_OK) remove_temporary(put);
    return status;
}

mr_status mr_file_put_name(struct mr_file_put *put, struct mr_err *err)
{
    MR_TRY(finish_content(put, err));
    mr_status status =
        path_call(put->io, MR_IO_LINK, put->temporary, put->path, "create", &put->failure);
    /* The link is what counts; a leftover temporary name is harmless. */
    remove_temporary(put);
    put->existed = status == MR_E_EXISTS;
    if (status != MR_OK && !put->existed) {
        if (err != NULL) *err = put->failure;
        return status;
    }
    /* Also for a file that exists: who put it may have died before this. */
    submit_sync(put, MR_IO_SYNC_DIR);
    put->state = MR_FILE_PUT_NAMED;
    return MR_OK;
}

mr_status mr_file_put_end(struct mr_file_put *put, struct mr_err *err)
{
    if (put->state == MR_FILE_PUT_WRITTEN) MR_TRY(mr_file_put_name(put, err));
    if (put->state == MR_FILE_PUT_EMPTY) return MR_OK;
    put->state = MR_FILE_PUT_EMPTY;
    MR_TRY(await_sync(put, "sync directory", put->folder, err));
    if (!put->existed) return MR_OK;
    if (err != NULL) *err = put->failure;
    return MR_E_EXISTS;
}

void mr_file_put_drop(struct mr_file_put *put)
{
    if (put->state == MR_FILE_PUT_WRITTEN && finish_content(put, NULL) == MR_OK) {
        remove_temporary(put);
    }
    if (put->state == MR_FILE_PUT_NAMED) (void)await_sync(put, "sync", put->folder, NULL);
    put->state = MR_FILE_PUT_EMPTY;
}

mr_status mr_dir_sync(struct mr_io *io, const char *path, struct mr_err *err)
{
    return path_call(io, MR_IO_SYNC_DIR, path, NULL, "sync directory", err);
}

mr_status mr_file_put_new(struct mr_io *io, const char *path, struct mr_span content,
                          struct mr_err *err)
{
    struct mr_file_put put;
    MR_TRY(mr_file_put_begin(&put, io, path, content, err));
    return mr_file_put_end(&put, err);
}

mr_status mr_file_replace(struct mr_io *io, const char *path, struct mr_span content,
                          struct mr_err *err)
{
    struct mr_file_put put;
    MR_TRY(mr_file_put_begin(&put, io, path, content, err));
    MR_TRY(finish_content(&put, err));
    mr_status status = path_call(io, MR_IO_RENAME, put.temporary, path, "replace", err);
    if (status != MR_OK) {
        remove_temporary(&put);
        return status;
    }
    return mr_dir_sync(io, put.folder, err);
}

mr_status mr_file_remove(struct mr_io *io, const char *path, struct mr_err *err)
{
    struct mr_err failure;
    mr_status status = path_call(io, MR_IO_UNLINK, path, NULL, "remove", &failure);
    if (status == MR_OK || status == MR_E_NOT_FOUND) return MR_OK;
    if (err != NULL) *err = failure;
    return status;
}

/* Makes the name of a directory that exists durable: who made it may have died before the sync. One
 * level is enough, because the one above was synced before this one was made. A parent that may not
 * be read is somebody else's. */
static mr_status parent_sync(struct mr_io *io, const char *parent, struct mr_err *err)
{
    struct mr_err failure;
    mr_status status = mr_dir_sync(io, parent, &failure);
    if (status == MR_OK || status == MR_E_PERMISSION) return MR_OK;
    if (err != NULL) *err = failure;
    return status;
}

mr_status mr_dir_make(struct mr_io *io, const char *path, struct mr_err *err)
{
    struct mr_io_stat stat;
    char parent[MR_PATH_MAX];
    MR_TRY(path_check(path, 0, err));
    mr_status status = mr_file_stat(io, path, &stat, err);
    parent_of(path, parent);
    if (status == MR_OK && stat.kind == MR_FILE_DIRECTORY) return parent_sync(io, parent, err);
    if (status == MR_OK) return mr_err_os(err, ENOTDIR, ERR_FILE, "cannot make directory %s", path);
    if (status != MR_E_NOT_FOUND) return status;
    if (strcmp(parent, path) != 0 && strcmp(parent, ".") != 0) MR_TRY(mr_dir_make(io, parent, err));
    status = path_call(io, MR_IO_MKDIR, path, NULL, "make directory", err);
    if (status != MR_OK && status != MR_E_EXISTS) return status;
    return mr_dir_sync(io, parent, err);
}

struct list_builder {
    struct mr_arena *arena;
    struct mr_dir_list list;
    uint32_t capacity;
};

static int list_entry(void *ctx, const char *name, const struct mr_io_stat *stat)
{
    struct list_builder *b = ctx;
    if (b->list.count == b->capacity) {
        uint32_t capacity = MR_MAX(b->capacity * 2, 64u);
        struct mr_dir_entry *grown = MR_ARENA_ARRAY(b->arena, struct mr_dir_entry, capacity);
        if (grown == NULL) return -ENOMEM;
        if (b->list.count > 0) {
            memcpy(grown, b->list.entries, b->list.count * sizeof *grown);
        }
        b->list.entries = grown;
        b->capacity = capacity;
    }
    struct mr_span text = mr_span_of(name);
    const char *copy = mr_arena_copy(b->arena, text);
    if (copy == NULL) return -ENOMEM;
    b->list.entries[b->list.count++] =
        (struct mr_dir_entry){.name = {copy, text.bytes}, .stat = *stat};
    return 0;
}

static int entry_order(const void *a, const void *b)
{
    const struct mr_dir_entry *x = a, *y = b;
    return mr_span_compare(x->name, y->name);
}

mr_status mr_dir_list(struct mr_io *io, struct mr_arena *arena, const char *path, bool with_stat,
                      struct mr_dir_list *out_list, struct mr_err *err)
{
    struct list_builder builder = {.arena = arena};
    struct mr_io_list list = {.entry = list_entry, .ctx = &builder, .wants_stat = with_stat};
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_LIST);
    op.path = path;
    op.list = &list;
    int64_t result = mr_io_call(io, &op);
    if (result < 0) return mr_err_os(err, (int)-result, ERR_FILE, "cannot list %s", path);
    if (builder.list.count > 1) {
        qsort(builder.list.entries, builder.list.count, sizeof *builder.list.entries, entry_order);
    }
    *out_list = builder.list;
    return MR_OK;
}

const char *mr_dir_of(struct mr_arena *arena, const char *path)
{
    char parent[MR_PATH_MAX];
    if (strlen(path) >= sizeof parent) return NULL;
    parent_of(path, parent);
    return mr_arena_copy(arena, mr_span_of(parent));
}

/* The running side of the simulated disk: paths, handles and the operations of the seam. */
#include "tests/support/simdisk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "tests/support/simdisk_impl.h"

enum { DIRECT_ALIGN = 512, DEPTH_MAX = 64 };

/* ---- paths ---- */

/* The next component of *path; false at its end. Names are at most 255 bytes, as on Linux. */
static bool next_component(const char **path, char *out_name, bool *is_too_long)
{
    while (**path == '/') ++*path;
    size_t bytes = strcspn(*path, "/");
    if (bytes == 0) return false;
    *is_too_long = bytes >= NAME_BYTES_MAX;
    if (*is_too_long) return false;
    memcpy(out_name, *path, bytes);
    out_name[bytes] = '\0';
    *path += bytes;
    return true;
}

static bool is_last(const char *rest)
{
    return rest[strspn(rest, "/")] == '\0';
}

/* Walks to the end, or with out_name to the directory before it. */
static int64_t walk(const struct mr_simdisk *disk, const char *path, char *out_name)
{
    uint32_t node = 0, above[DEPTH_MAX], depth = 0;
    char name[NAME_BYTES_MAX];
    bool is_too_long = false, has_name = false;
    while (next_component(&path, name, &is_too_long)) {
        if (strcmp(name, ".") == 0) continue;
        if (disk->nodes[node].kind != MR_FILE_DIRECTORY) return -ENOTDIR;
        if (strcmp(name, "..") == 0) {
            node = depth > 0 ? above[--depth] : 0;
            continue;
        }
        if (out_name != NULL && is_last(path)) {
            strcpy(out_name, name);
            has_name = true;
            break;
        }
        MR_ASSERT(depth < DEPTH_MAX);
        above[depth++] = node;
        node = sim_names_find(&disk->nodes[node].names, name);
        if (node == NODE_NONE) return -ENOENT;
    }
    if (is_too_long) return -ENAMETOOLONG;
    if (out_name != NULL && !has_name) return -EBUSY; /* the root itself */
    return node;
}

int64_t sim_lookup(const struct mr_simdisk *disk, const char *path)
{
    return walk(disk, path, NULL);
}

int64_t sim_parent(const struct mr_simdisk *disk, const char *path, char *out_name)
{
    return walk(disk, path, out_name);
}

uint32_t sim_node_new(struct mr_simdisk *disk, mr_file_kind kind, int64_t now_us)
{
    disk->nodes =
        sim_grow(disk->nodes, disk->node_count, &disk->node_capacity, sizeof *disk->nodes);
    disk->nodes[disk->node_count] =
        (struct sim_node){.kind = kind, .locked_by = -1, .modified_us = now_us};
    return disk->node_count++;
}

static void record_name(struct mr_simdisk *disk, sim_change_kind kind, uint32_t dir,
                        const char *name, uint32_t child)
{
    struct sim_change change = {
        .kind = kind, .node = dir, .name = sim_copy_text(name), .child = child};
    sim_change_record(disk, &change);
}

static void add_name(struct mr_simdisk *disk, uint32_t dir, const char *name, uint32_t child)
{
    sim_names_set(&disk->nodes[dir].names, name, child);
    disk->nodes[child].links++;
    record_name(disk, CHANGE_SET, dir, name, child);
}

static void maybe_free_space(struct mr_simdisk *disk, const struct sim_node *node)
{
    if (node->links == 0 && node->opens == 0) disk->used_bytes -= node->now.bytes;
}

static void lose_name(struct mr_simdisk *disk, uint32_t child)
{
    struct sim_node *node = &disk->nodes[child];
    MR_ASSERT(node->links > 0);
    node->links--;
    maybe_free_space(disk, node);
}

/* ---- handles ---- */

static struct sim_handle *handle_of(struct mr_simdisk *disk, int32_t file)
{
    if (file < 3 || (uint32_t)file - 3 >= disk->handle_count) return NULL;
    struct sim_handle *handle = &disk->handles[file - 3];
    return handle->is_open ? handle : NULL;
}

static int64_t handle_open(struct mr_simdisk *disk, uint32_t owner, uint32_t node, uint32_t flags)
{
    disk->handles =
        sim_grow(disk->handles, disk->handle_count, &disk->handle_capacity, sizeof *disk->handles);
    disk->handles[disk->handle_count] = (struct sim_handle){node, owner, flags, true};
    disk->nodes[node].opens++;
    return 3 + (int64_t)disk->handle_count++;
}

static void handle_close(struct mr_simdisk *disk, struct sim_handle *handle)
{
    struct sim_node *node = &disk->nodes[handle->node];
    int32_t file = 3 + (int32_t)(handle - disk->handles);
    handle->is_open = false;
    if (node->locked_by == file) node->locked_by = -1;
    node->opens--;
    maybe_free_space(disk, node);
}

void mr_simdisk_release(struct mr_simdisk *disk, uint32_t owner)
{
    for (uint32_t i = 0; i < disk->handle_count; i++) {
        struct sim_handle *handle = &disk->handles[i];
        if (handle->is_open && handle->owner == owner) handle_close(disk, handle);
    }
}

/* ---- operations on files ---- */

static void resize_now(struct mr_simdisk *disk, uint32_t node, uint64_t bytes)
{
    struct sim_content *now = &disk->nodes[node].now;
    disk->used_bytes = disk->used_bytes - now->bytes + bytes;
    sim_content_resize(now, bytes);
}

static void truncate_node(struct mr_simdisk *disk, uint32_t node, uint64_t bytes, int64_t now_us)
{
    resize_now(disk, node, bytes);
    disk->nodes[node].modified_us = now_us;
    struct sim_change change = {.kind = CHANGE_TRUNCATE, .node = node, .off = bytes};
    sim_change_record(disk, &change);
}

static int64_t do_open(struct mr_simdisk *disk, uint32_t owner, struct mr_io_op *op, int64_t now_us)
{
    char name[NAME_BYTES_MAX];
    int64_t found = sim_lookup(disk, op->path);
    if (found == -ENOENT && (op->flags & MR_OPEN_CREATE) != 0) {
        int64_t dir = sim_parent(disk, op->path, name);
        if (dir < 0) return dir;
        if (disk->used_bytes >= disk->limit_bytes) return -ENOSPC;
        uint32_t node = sim_node_new(disk, MR_FILE_REGULAR, now_us);
        add_name(disk, (uint32_t)dir, name, node);
        return handle_open(disk, owner, node, op->flags);
    }
    if (found < 0) return found;
    uint32_t node = (uint32_t)found;
    if ((op->flags & MR_OPEN_EXCLUSIVE) != 0) return -EEXIST;
    bool is_directory = disk->nodes[node].kind == MR_FILE_DIRECTORY;
    if (is_directory && (op->flags & MR_OPEN_WRITE) != 0) return -EISDIR;
    if ((op->flags & MR_OPEN_TRUNCATE) != 0) truncate_node(disk, node, 0, now_us);
    return handle_open(disk, owner, node, op->flags);
}

static bool is_misaligned(const struct sim_handle *handle, const struct mr_io_op *op)
{
    if ((handle->flags & MR_OPEN_DIRECT) == 0) return false;
    return (op->off | op->bytes | (uintptr_t)op->buf) % DIRECT_ALIGN != 0;
}

static int64_t do_read(struct mr_simdisk *disk, const struct sim_handle *handle,
                       struct mr_io_op *op)
{
    const struct sim_node *node = &disk->nodes[handle->node];
    if ((handle->flags & MR_OPEN_READ) == 0) return -EBADF;
    if (node->kind == MR_FILE_DIRECTORY) return -EISDIR;
    if (is_misaligned(handle, op)) return -EINVAL;
    if (op->off >= node->now.bytes) return 0;
    uint64_t bytes = MR_MIN((uint64_t)op->bytes, node->now.bytes - op->off);
    if (bytes > 0) memcpy(op->buf, node->now.at + op->off, bytes);
    return (int64_t)bytes;
}

static int64_t do_write(struct mr_simdisk *disk, const struct sim_handle *handle,
                        struct mr_io_op *op, int64_t now_us)
{
    struct sim_node *node = &disk->nodes[handle->node];
    uint64_t bytes = op->bytes, end = op->off + bytes;
    if ((handle->flags & MR_OPEN_WRITE) == 0) return -EBADF;
    if (is_misaligned(handle, op)) return -EINVAL;
    if (bytes == 0) return 0;
    uint64_t room = disk->limit_bytes - MR_MIN(disk->limit_bytes, disk->used_bytes);
    if (end > node->now.bytes && end - node->now.bytes > room) {
        end = node->now.bytes + room;
        if (end <= op->off) return -ENOSPC;
        bytes = end - op->off; /* the rest will find the disk full */
    }
    if (end > node->now.bytes) resize_now(disk, handle->node, end);
    sim_content_write(&node->now, op->off, op->buf, bytes);
    node->modified_us = now_us;
    struct sim_change change = {.kind = CHANGE_WRITE,
                                .node = handle->node,
                                .off = op->off,
                                .bytes = bytes,
                                .data = sim_copy(op->buf, bytes)};
    sim_change_record(disk, &change);
    return (int64_t)bytes;
}

static int64_t do_lock(struct mr_simdisk *disk, const struct sim_handle *handle, int32_t file)
{
    struct sim_node *node = &disk->nodes[handle->node];
    if (node->locked_by >= 0 && node->locked_by != file) return -EWOULDBLOCK;
    node->locked_by = file;
    return 0;
}

static int64_t file_perform(struct mr_simdisk *disk, uint32_t owner, struct mr_io_op *op,
                            int64_t now_us)
{
    struct sim_handle *handle = handle_of(disk, op->file);
    if (handle == NULL || handle->owner != owner) return -EBADF;
    switch (op->kind) {
    case MR_IO_CLOSE: handle_close(disk, handle); return 0;
    case MR_IO_READ: return do_read(disk, handle, op);
    case MR_IO_WRITE: return do_write(disk, handle, op, now_us);
    case MR_IO_SYNC: sim_sync_content(disk, handle->node); return 0;
    case MR_IO_LOCK: return do_lock(disk, handle, op->file);
    default:
        if ((handle->flags & MR_OPEN_WRITE) == 0) return -EINVAL;
        truncate_node(disk, handle->node, op->off, now_us);
        return 0;
    }
}

/* ---- operations on names ---- */

static struct mr_io_stat stat_of(const struct mr_simdisk *disk, uint32_t index)
{
    const struct sim_node *node = &disk->nodes[index];
    return (struct mr_io_stat){.kind = node->kind,
                               .bytes = node->now.bytes,
                               .modified_us = node->modified_us,
                               .device = 1,
                               .inode = index + 1};
}

static int64_t do_stat(struct mr_simdisk *disk, struct mr_io_op *op)
{
    int64_t node = sim_lookup(disk, op->path);
    if (node < 0) return node;
    *op->stat = stat_of(disk, (uint32_t)node);
    return 0;
}

static int64_t do_sync_dir(struct mr_simdisk *disk, const struct mr_io_op *op)
{
    int64_t node = sim_lookup(disk, op->path);
    if (node < 0) return node;
    if (disk->nodes[node].kind != MR_FILE_DIRECTORY) return -ENOTDIR;
    sim_sync_names(disk, (uint32_t)node);
    return 0;
}

static int64_t do_link(struct mr_simdisk *disk, const struct mr_io_op *op)
{
    char name[NAME_BYTES_MAX];
    int64_t node = sim_lookup(disk, op->path);
    if (node < 0) return node;
    int64_t dir = sim_parent(disk, op->path2, name);
    if (dir < 0) return dir;
    if (sim_names_find(&disk->nodes[dir].names, name) != NODE_NONE) return -EEXIST;
    if (disk->nodes[node].kind == MR_FILE_DIRECTORY) return -EPERM;
    add_name(disk, (uint32_t)dir, name, (uint32_t)node);
    return 0;
}

/* Whether `target` may be replaced by `source`; 0 or a negative errno. */
static int64_t may_replace(const struct mr_simdisk *disk, uint32_t source, uint32_t target)
{
    bool from_dir = disk->nodes[source].kind == MR_FILE_DIRECTORY;
    bool to_dir = disk->nodes[target].kind == MR_FILE_DIRECTORY;
    if (from_dir && !to_dir) return -ENOTDIR;
    if (!from_dir && to_dir) return -EISDIR;
    if (to_dir && disk->nodes[target].names.count > 0) return -ENOTEMPTY;
    return 0;
}

static int64_t do_rename(struct mr_simdisk *disk, const struct mr_io_op *op)
{
    char from[NAME_BYTES_MAX], to[NAME_BYTES_MAX];
    int64_t from_dir = sim_parent(disk, op->path, from);
    if (from_dir < 0) return from_dir;
    int64_t to_dir = sim_parent(disk, op->path2, to);
    if (to_dir < 0) return to_dir;
    uint32_t child = sim_names_find(&disk->nodes[from_dir].names, from);
    if (child == NODE_NONE) return -ENOENT;
    uint32_t target = sim_names_find(&disk->nodes[to_dir].names, to);
    if (target != NODE_NONE) {
        if (op->kind == MR_IO_RENAME_NEW) return -EEXIST;
        if (target == child) return 0; /* two names of one file: POSIX does nothing */
        int64_t may = may_replace(disk, child, target);
        if (may < 0) return may;
        lose_name(disk, target);
    }
    size_t bytes = strlen(op->path);
    if (strncmp(op->path, op->path2, bytes) == 0 && op->path2[bytes] == '/') return -EINVAL;
    sim_names_drop(&disk->nodes[from_dir].names, from);
    sim_names_set(&disk->nodes[to_dir].names, to, child);
    struct sim_change change = {.kind = CHANGE_RENAME,
                                .node = (uint32_t)from_dir,
                                .to_node = (uint32_t)to_dir,
                                .child = child,
                                .name = sim_copy_text(from),
                                .to_name = sim_copy_text(to)};
    sim_change_record(disk, &change);
    return 0;
}

static int64_t do_remove(struct mr_simdisk *disk, const struct mr_io_op *op)
{
    char name[NAME_BYTES_MAX];
    int64_t dir = sim_parent(disk, op->path, name);
    if (dir < 0) return dir;
    uint32_t child = sim_names_find(&disk->nodes[dir].names, name);
    if (child == NODE_NONE) return -ENOENT;
    bool is_directory = disk->nodes[child].kind == MR_FILE_DIRECTORY;
    if (op->kind == MR_IO_UNLINK && is_directory) return -EISDIR;
    if (op->kind == MR_IO_RMDIR && !is_directory) return -ENOTDIR;
    if (is_directory && disk->nodes[child].names.count > 0) return -ENOTEMPTY;
    sim_names_drop(&disk->nodes[dir].names, name);
    record_name(disk, CHANGE_DROP, (uint32_t)dir, name, child);
    lose_name(disk, child);
    return 0;
}

static int64_t do_mkdir(struct mr_simdisk *disk, const struct mr_io_op *op, int64_t now_us)
{
    char name[NAME_BYTES_MAX];
    int64_t dir = sim_parent(disk, op->path, name);
    if (dir == -EBUSY) return -EEXIST;
    if (dir < 0) return dir;
    if (sim_names_find(&disk->nodes[dir].names, name) != NODE_NONE) return -EEXIST;
    uint32_t node = sim_node_new(disk, MR_FILE_DIRECTORY, now_us);
    add_name(disk, (uint32_t)dir, name, node);
    return 0;
}

/* Entries start somewhere else each time: nobody may rely on an order. */
static int64_t do_list(struct mr_simdisk *disk, const struct mr_io_op *op)
{
    int64_t dir = sim_lookup(disk, op->path);
    if (dir < 0) return dir;
    if (disk->nodes[dir].kind != MR_FILE_DIRECTORY) return -ENOTDIR;
    const struct sim_names *names = &disk->nodes[dir].names;
    uint64_t start = ++disk->turn * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (uint32_t i = 0; i < names->count; i++) {
        const struct sim_name *name = &names->list[(start + i) % names->count];
        struct mr_io_stat stat = stat_of(disk, name->node);
        if (!op->list->wants_stat) stat = (struct mr_io_stat){.kind = stat.kind};
        int stop = op->list->entry(op->list->ctx, name->text, &stat);
        if (stop < 0) return stop;
    }
    return names->count;
}

int64_t mr_simdisk_perform(struct mr_simdisk *disk, uint32_t owner, struct mr_io_op *op,
                           int64_t now_us)
{
    switch (op->kind) {
    case MR_IO_NOP: return 0;
    case MR_IO_OPEN: return do_open(disk, owner, op, now_us);
    case MR_IO_SYNC_DIR: return do_sync_dir(disk, op);
    case MR_IO_STAT: return do_stat(disk, op);
    case MR_IO_LINK: return do_link(disk, op);
    case MR_IO_RENAME:
    case MR_IO_RENAME_NEW: return do_rename(disk, op);
    case MR_IO_UNLINK:
    case MR_IO_RMDIR: return do_remove(disk, op);
    case MR_IO_MKDIR: return do_mkdir(disk, op, now_us);
    case MR_IO_LIST: return do_list(disk, op);
    case MR_IO_WATCH: return -ENOSYS;
    default: return file_perform(disk, owner, op, now_us);
    }
}

/* ---- open and close ---- */

struct mr_simdisk *mr_simdisk_open(void)
{
    struct mr_simdisk *disk = calloc(1, sizeof *disk);
    MR_ASSERT(disk != NULL);
    disk->limit_bytes = UINT64_MAX;
    uint32_t root = sim_node_new(disk, MR_FILE_DIRECTORY, 0);
    MR_ASSERT(root == 0);
    disk->nodes[0].links = 1;
    return disk;
}

void mr_simdisk_close(struct mr_simdisk *disk)
{
    if (disk == NULL) return;
    for (uint32_t i = 0; i < disk->node_count; i++) sim_node_free(&disk->nodes[i]);
    for (uint32_t i = 0; i < disk->change_count; i++) sim_change_free(&disk->changes[i]);
    free(disk->nodes);
    free(disk->handles);
    free(disk->changes);
    free(disk);
}

void mr_simdisk_limit(struct mr_simdisk *disk, uint64_t bytes)
{
    disk->limit_bytes = bytes;
}

uint64_t mr_simdisk_used(const struct mr_simdisk *disk)
{
    return disk->used_bytes;
}

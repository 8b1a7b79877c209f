#include "io/files/file_watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_WATCH = 2110, EVENTS_BYTES = 16384 };

void mr_file_watch_init(struct mr_file_watch *watch, struct mr_heap *heap, struct mr_io *io)
{
    memset(watch, 0, sizeof *watch);
    watch->heap = heap;
    watch->io = io;
    watch->file = -1;
    watch->wants_listing = true;
}

static void held_drop(struct mr_file_watch *watch, uint32_t index)
{
    mr_heap_give(watch->heap, watch->held[index].path, watch->held[index].bytes);
    watch->held[index] = watch->held[--watch->held_count];
}

void mr_file_watch_fini(struct mr_file_watch *watch)
{
    if (watch->file >= 0) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_CLOSE);
        op.file = watch->file;
        (void)mr_io_call(watch->io, &op); /* only a descriptor: nothing can be lost */
        watch->file = -1;
    }
    while (watch->held_count > 0) held_drop(watch, 0);
    for (uint32_t i = 0; i < watch->folder_count; i++) {
        mr_heap_give(watch->heap, watch->folders[i].path, watch->folders[i].bytes);
    }
    mr_heap_give(watch->heap, watch->folders, watch->folder_capacity * sizeof *watch->folders);
    watch->folders = NULL;
    watch->folder_count = watch->folder_capacity = 0;
}

static mr_status watch_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_WATCH, "out of memory for watching folders");
}

static char *text_keep(struct mr_heap *heap, const char *text, size_t bytes)
{
    char *copy = mr_heap_take(heap, bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

static struct mr_watch_folder *folder_find(struct mr_file_watch *watch, uint64_t number)
{
    for (uint32_t i = 0; i < watch->folder_count; i++) {
        if (watch->folders[i].number == number) return &watch->folders[i];
    }
    return NULL;
}

static mr_status folder_keep(struct mr_file_watch *watch, uint64_t number, const char *path,
                             struct mr_err *err)
{
    struct mr_watch_folder *known = folder_find(watch, number);
    size_t bytes = strlen(path) + 1;
    if (known != NULL && strcmp(known->path, path) == 0) return MR_OK;
    char *copy = text_keep(watch->heap, path, bytes);
    if (copy == NULL) return watch_nomem(err);
    if (known != NULL) { /* the folder was renamed: same watch, new path */
        mr_heap_give(watch->heap, known->path, known->bytes);
        *known = (struct mr_watch_folder){number, copy, bytes};
        return MR_OK;
    }
    if (watch->folder_count == watch->folder_capacity) {
        uint32_t capacity = MR_MAX(watch->folder_capacity * 2, 16u);
        struct mr_watch_folder *grown =
            mr_heap_resize(watch->heap, watch->folders, watch->folder_capacity * sizeof *grown,
                           capacity * sizeof *grown);
        if (grown == NULL) {
            mr_heap_give(watch->heap, copy, bytes);
            return watch_nomem(err);
        }
        watch->folders = grown;
        watch->folder_capacity = capacity;
    }
    watch->folders[watch->folder_count++] = (struct mr_watch_folder){number, copy, bytes};
    return MR_OK;
}

mr_status mr_file_watch_add(struct mr_file_watch *watch, const char *folder, struct mr_err *err)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_WATCH);
    op.path = folder;
    op.file = watch->file;
    int64_t result = mr_io_call(watch->io, &op);
    if (result == -ENOENT) return MR_OK; /* gone since it was listed */
    if (result < 0) return mr_err_os(err, (int)-result, ERR_WATCH, "cannot watch %s", folder);
    watch->file = (int32_t)result;
    return folder_keep(watch, op.off, folder, err);
}

/* ---- events ---------------------------------------------------------------------------- */

struct drainer {
    struct mr_file_watch *watch;
    mr_status (*path)(void *ctx, const char *path, struct mr_err *err);
    void *ctx;
};

static void held_remove(struct mr_file_watch *watch, const char *path)
{
    for (uint32_t i = 0; i < watch->held_count; i++) {
        if (strcmp(watch->held[i].path, path) != 0) continue;
        held_drop(watch, i);
        return;
    }
}

static void held_add(struct mr_file_watch *watch, const char *path)
{
    size_t bytes = strlen(path) + 1;
    char *copy = NULL;
    held_remove(watch, path);
    if (watch->held_count < MR_WATCH_HELD_MAX) copy = text_keep(watch->heap, path, bytes);
    if (copy == NULL) { /* no room to remember it: find it by listing */
        watch->wants_listing = true;
        return;
    }
    watch->held[watch->held_count++] =
        (struct mr_watch_held){copy, bytes, mr_io_mono_us(watch->io)};
}

static mr_status event_take(struct drainer *d, const struct inotify_event *event, const char *name,
                            struct mr_err *err)
{
    struct mr_file_watch *watch = d->watch;
    char path[MR_PATH_MAX];
    const uint32_t lost = IN_Q_OVERFLOW | IN_MOVE_SELF | IN_DELETE_SELF;
    if ((event->mask & lost) != 0 || (event->mask & IN_ISDIR) != 0) {
        watch->wants_listing = true;
        return MR_OK;
    }
    const struct mr_watch_folder *folder = folder_find(watch, (uint64_t)event->wd);
    if (event->len == 0 || folder == NULL) return MR_OK;
    size_t folder_bytes = folder->bytes - 1, name_bytes = strlen(name);
    if (folder_bytes + name_bytes + 2 > sizeof path) return MR_OK; /* a listing names it */
    memcpy(path, folder->path, folder_bytes);
    path[folder_bytes] = '/';
    memcpy(path + folder_bytes + 1, name, name_bytes + 1);
    if ((event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) {
        held_remove(watch, path);
        return d->path(d->ctx, path, err);
    }
    if ((event->mask & IN_CREATE) != 0) held_add(watch, path);
    return MR_OK;
}

static mr_status events_take(struct drainer *d, const char *bytes, size_t count, struct mr_err *err)
{
    size_t at = 0;
    while (at + sizeof(struct inotify_event) <= count) {
        struct inotify_event event;
        memcpy(&event, bytes + at, sizeof event);
        const char *name = bytes + at + sizeof event;
        at += sizeof event + event.len;
        if (at > count) break;
        if (event.len > 0 && memchr(name, '\0', event.len) == NULL) continue;
        MR_TRY(event_take(d, &event, name, err));
    }
    return MR_OK;
}

/* Names that appeared and have been left alone since. */
static mr_status held_take(struct drainer *d, struct mr_err *err)
{
    struct mr_file_watch *watch = d->watch;
    int64_t now_us = mr_io_mono_us(watch->io);
    for (uint32_t i = 0; i < watch->held_count;) {
        if (now_us - watch->held[i].since_us < MR_WATCH_SETTLE_US) {
            i++;
            continue;
        }
        MR_TRY(d->path(d->ctx, watch->held[i].path, err));
        held_drop(watch, i);
    }
    return MR_OK;
}

mr_status mr_file_watch_drain(struct mr_file_watch *watch,
                              mr_status (*path)(void *ctx, const char *path, struct mr_err *err),
                              void *ctx, struct mr_err *err)
{
    struct drainer d = {watch, path, ctx};
    char bytes[EVENTS_BYTES];
    for (;;) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_READ);
        op.file = watch->file;
        op.buf = bytes;
        op.bytes = sizeof bytes;
        int64_t result = mr_io_call(watch->io, &op);
        /* What is still there is read the next time. */
        if (result == -EINTR || result == -EAGAIN || result == 0) break;
        if (result < 0) return mr_err_os(err, (int)-result, ERR_WATCH, "cannot read notifications");
        MR_TRY(events_take(&d, bytes, (size_t)result, err));
    }
    return held_take(&d, err);
}

/* Learning of new files from the kernel: inotify through the seam.
 *
 * Every folder of the tree is watched by one watch file. Draining it gives paths that were closed
 * after writing or moved in. A name that only appeared (being written, or given by link(2)) is held
 * back until it has been left alone for MR_WATCH_SETTLE_US. Whatever the kernel cannot tell (its
 * queue overflowed, a folder appeared or moved) asks for a full listing, which also adds the
 * watches of new folders: a folder is watched before it is listed, so nothing falls between.
 * Source: inotify(7). */
#ifndef MR_IO_FILES_FILE_WATCH_H
#define MR_IO_FILES_FILE_WATCH_H

#include "core/mem/heap.h"
#include "core/port/io.h"

enum { MR_WATCH_HELD_MAX = 1024 };
#define MR_WATCH_SETTLE_US INT64_C(1000000)

struct mr_watch_folder {
    uint64_t number; /* what its events carry */
    char *path;
    size_t bytes;
};

struct mr_watch_held {
    char *path;
    size_t bytes;
    int64_t since_us;
};

struct mr_file_watch {
    struct mr_heap *heap;
    struct mr_io *io;
    int32_t file; /* -1 = not watching */
    bool wants_listing;
    struct mr_watch_folder *folders;
    uint32_t folder_count;
    uint32_t folder_capacity;
    struct mr_watch_held held[MR_WATCH_HELD_MAX];
    uint32_t held_count;
};

void mr_file_watch_init(struct mr_file_watch *watch, struct mr_heap *heap, struct mr_io *io);
void mr_file_watch_fini(struct mr_file_watch *watch);

/* mr_file_watch_add: watches a folder; one that is watched already is fine.
 * returns MR_E_UNSUPPORTED, MR_E_LIMIT or MR_E_NOSPACE where the system cannot */
MR_MUST_USE mr_status mr_file_watch_add(struct mr_file_watch *watch, const char *folder,
                                        struct mr_err *err);

/* mr_file_watch_drain: calls `path` for each file that is news; sets wants_listing when a listing
 * must follow. */
MR_MUST_USE mr_status mr_file_watch_drain(struct mr_file_watch *watch,
                                          mr_status (*path)(void *ctx, const char *path,
                                                            struct mr_err *err),
                                          void *ctx, struct mr_err *err);

#endif

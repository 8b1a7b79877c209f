/* Whole files for the control plane, over the seam, one call each.
 *
 * These wait (mr_io_call): the control thread uses them, shards never do. Every failure names the
 * path and what was being done. Durability order is always: write all, sync the file, give it its
 * name, sync the directory; a file that is visible under its name is complete. */
#ifndef MR_CORE_PORT_FILES_H
#define MR_CORE_PORT_FILES_H

#include "core/base/span.h"
#include "core/mem/arena.h"
#include "core/port/io.h"

/* mr_file_read: the whole file into `arena`, with MR_PAD readable bytes behind.
 * returns MR_E_NOT_FOUND when absent, MR_E_LIMIT when larger than max_bytes */
MR_MUST_USE mr_status mr_file_read(struct mr_io *io, struct mr_arena *arena, const char *path,
                                   uint64_t max_bytes, struct mr_span *out_content,
                                   struct mr_err *err);

/* mr_file_put_new: makes `path` durably with this content, unless it exists (MR_E_EXISTS, nothing
 * changed). Through a temporary name in the same directory and link(2), so that two processes can
 * race and exactly one wins; MR_E_EXISTS says that the winner's file is durable. After any other
 * error the file may or may not be there: look.
 * A file that is merely seen may have a name that is not durable yet, when its writer died between
 * link and sync: who finds one at a start and builds on it calls mr_dir_sync first. */
MR_MUST_USE mr_status mr_file_put_new(struct mr_io *io, const char *path, struct mr_span content,
                                      struct mr_err *err);

/* The same in steps, so that several files are put in the time of one: their contents are synced
 * together, and so are their folders.
 *
 *   EMPTY --begin--> WRITTEN --name--> NAMED --end--> EMPTY
 *                       |                 |
 *                       +------ drop -----+--> EMPTY
 *
 * begin writes the temporary file and submits its sync. name waits for that, gives the file its
 * name and submits the sync of the folder. end waits for that: what it returns is what
 * mr_file_put_new does. One that is begun must be ended or dropped; both are fine on an EMPTY one,
 * and a failed step leaves it EMPTY, with nothing in flight. drop takes no name back. */
typedef enum mr_file_put_state {
    MR_FILE_PUT_EMPTY,
    MR_FILE_PUT_WRITTEN,
    MR_FILE_PUT_NAMED,
} mr_file_put_state;

struct mr_file_put {
    struct mr_io *io;
    mr_file_put_state state;
    int32_t file;
    bool is_busy;          /* the sync is in flight */
    bool existed;          /* another file had the name */
    struct mr_io_op sync;  /* of the content, then of the folder */
    struct mr_err failure; /* the answer to a name that is taken */
    char path[MR_PATH_MAX];
    char temporary[MR_PATH_MAX];
    char folder[MR_PATH_MAX];
};

MR_MUST_USE mr_status mr_file_put_begin(struct mr_file_put *put, struct mr_io *io, const char *path,
                                        struct mr_span content, struct mr_err *err);
MR_MUST_USE mr_status mr_file_put_name(struct mr_file_put *put, struct mr_err *err);
MR_MUST_USE mr_status mr_file_put_end(struct mr_file_put *put, struct mr_err *err);
void mr_file_put_drop(struct mr_file_put *put);

/* mr_file_replace: the same, but takes the place of an existing file, atomically. */
MR_MUST_USE mr_status mr_file_replace(struct mr_io *io, const char *path, struct mr_span content,
                                      struct mr_err *err);

/* mr_file_stat: MR_E_NOT_FOUND when absent. */
MR_MUST_USE mr_status mr_file_stat(struct mr_io *io, const char *path, struct mr_io_stat *out_stat,
                                   struct mr_err *err);

/* mr_file_exists: whether there is something at the path; other failures are errors. */
MR_MUST_USE mr_status mr_file_exists(struct mr_io *io, const char *path, bool *out_exists,
                                     struct mr_err *err);

/* mr_file_remove: unlinks; an absent file is fine. */
MR_MUST_USE mr_status mr_file_remove(struct mr_io *io, const char *path, struct mr_err *err);

/* mr_dir_make: the directory and its parents, durably; existing ones are fine. */
MR_MUST_USE mr_status mr_dir_make(struct mr_io *io, const char *path, struct mr_err *err);

/* mr_dir_sync: the names in the directory are durable. */
MR_MUST_USE mr_status mr_dir_sync(struct mr_io *io, const char *path, struct mr_err *err);

struct mr_dir_entry {
    struct mr_span name; /* zero-terminated, in the arena */
    struct mr_io_stat stat;
};

struct mr_dir_list {
    struct mr_dir_entry *entries; /* sorted by name, by bytes */
    uint32_t count;
};

/* mr_dir_list: the entries of a directory, sorted; with_stat fills sizes and times.
 * returns MR_E_NOT_FOUND when there is no such directory */
MR_MUST_USE mr_status mr_dir_list(struct mr_io *io, struct mr_arena *arena, const char *path,
                                  bool with_stat, struct mr_dir_list *out_list, struct mr_err *err);

/* mr_dir_of: the parent directory's path ("." when there is none), in the arena or null. */
const char *mr_dir_of(struct mr_arena *arena, const char *path);

#endif

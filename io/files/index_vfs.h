/* SQLite on the seam: a VFS whose files, clock and randomness are a struct mr_io's.
 *
 * So the index of known files meets the same faults, crashes and virtual time as everything else.
 * One VFS serves one connection of one thread that has its database for itself: locks do nothing
 * (the checkpoint's lock keeps other processes out), and there is no shared memory (write-ahead
 * logging works without it in exclusive mode).
 *
 * Pages of the main database end in a CRC-32C of the rest, in SQLite's reserved bytes; it is set on
 * every write and checked on every whole-page read, so that a flipped bit is an error
 * (SQLITE_IOERR_DATA) and not a file read twice. The write-ahead log has SQLite's own checksums.
 *
 * SQLite keeps its VFS list and its allocator per process; the name registered here is unique. */
#ifndef MR_IO_FILES_INDEX_VFS_H
#define MR_IO_FILES_INDEX_VFS_H

#include <sqlite3.h>

#include "core/mem/heap.h"
#include "core/port/io.h"

enum { MR_INDEX_PAGE_BYTES = 8192, MR_INDEX_RESERVED_BYTES = 8 };

struct mr_index_vfs {
    sqlite3_vfs vfs;
    struct mr_io *io;
    char name[32];
    int os_error; /* of the last operation that failed, for the message */
    uint8_t page[MR_INDEX_PAGE_BYTES];
};

/* mr_index_vfs_open: registers; the struct stays where it is until close. */
MR_MUST_USE mr_status mr_index_vfs_open(struct mr_index_vfs *vfs, struct mr_io *io,
                                        struct mr_err *err);
void mr_index_vfs_close(struct mr_index_vfs *vfs); /* every connection is closed */

#endif

/* The seam: every file, clock and random number of the engine goes through a `struct mr_io`.
 *
 * A thread has one. It submits operations and polls for their completions; the completion record
 * lies inside the object that started the operation. `submit` never runs a callback: finished
 * operations come back from `poll` as a list and their owner runs `done` on each. Drivers: io/uring
 * and io/posix on a real machine, the simulated disk in tests/support, and io/fault as a filter
 * over any of them that fails, shortens, tears, delays or kills at operation k.
 *
 *   idle --submit--> in flight --poll--> done (op->result set, op->done called by the poller)
 *
 * An operation in flight belongs to the driver: neither it nor the memory it names may be touched.
 * Operations of one thread complete in any order; who needs an order waits (reap all writes, then
 * sync, then link). A driver answers every operation exactly once, also when it is being shut down
 * (ECANCELED), and after a simulated death with EOWNERDEAD.
 *
 * A file is used through the mr_io that opened it and belongs to its thread. After a SYNC of it has
 * failed a file is poisoned: the page cache may have dropped what was not written, so every later
 * WRITE and SYNC of it answers EIO without asking the system again (a directory likewise).
 *
 * Paths are absolute or relative to the process's folder, zero-terminated, at most MR_PATH_MAX. */
#ifndef MR_CORE_PORT_IO_H
#define MR_CORE_PORT_IO_H

#include <stddef.h>

#include "core/base/err.h"

/* A read or write that answers EINTR or EAGAIN is tried again so often before that is a failure. */
enum { MR_PATH_MAX = 4096, MR_IO_AGAIN_MAX = 100 };

typedef enum mr_io_kind {
    MR_IO_NOP,
    MR_IO_OPEN,       /* path, flags -> result: file */
    MR_IO_CLOSE,      /* file */
    MR_IO_READ,       /* file, buf, bytes, off -> bytes read, may be short; 0 = end of file */
    MR_IO_WRITE,      /* file, buf, bytes, off -> bytes written, may be short */
    MR_IO_SYNC,       /* file: content and length are durable (fdatasync) */
    MR_IO_SYNC_DIR,   /* path: the names in this directory are durable (fsync of the directory) */
    MR_IO_STAT,       /* path -> stat; follows links unless flags has MR_OPEN_NOFOLLOW */
    MR_IO_LINK,       /* path, path2: a second name; EEXIST when path2 exists */
    MR_IO_RENAME,     /* path, path2: replaces path2 */
    MR_IO_RENAME_NEW, /* path, path2: EEXIST when path2 exists */
    MR_IO_UNLINK,     /* path: a file */
    MR_IO_RMDIR,      /* path: an empty directory */
    MR_IO_MKDIR,      /* path: EEXIST when it exists */
    MR_IO_LIST,       /* path -> entries of a directory, see mr_io_list */
    MR_IO_TRUNCATE,   /* file, off = new length */
    MR_IO_LOCK,       /* file: exclusive advisory lock until closed; EWOULDBLOCK when held */
    MR_IO_WATCH, /* path: a directory, file: -1 or an earlier watch file to add it to -> result:
                  * file that reads as inotify events (EAGAIN when there are none now, off is
                  * ignored), op->off: the number its events carry (wd); ENOSYS where absent */
    MR_IO_TIMER, /* off = microseconds from now: completes then with 0 */
    MR_IO_KIND_COUNT
} mr_io_kind;

enum {
    MR_OPEN_READ = 1,
    MR_OPEN_WRITE = 2,
    MR_OPEN_CREATE = 4,    /* with WRITE */
    MR_OPEN_EXCLUSIVE = 8, /* with CREATE: EEXIST when it exists */
    MR_OPEN_TRUNCATE = 16,
    MR_OPEN_DIRECT = 32,   /* O_DIRECT where the file system has it */
    MR_OPEN_NOFOLLOW = 64, /* ELOOP when the last component is a symbolic link */
};

typedef enum mr_file_kind {
    MR_FILE_REGULAR,
    MR_FILE_DIRECTORY,
    MR_FILE_LINK,
    MR_FILE_OTHER,
} mr_file_kind;

struct mr_io_stat {
    mr_file_kind kind;
    uint64_t bytes;
    int64_t modified_us; /* since 1970 */
    uint64_t device;
    uint64_t inode;
};

/* Directory listing: `entry` is called once per name while the operation is in flight, on the
 * driver's thread or another one, never two at a time; "." and ".." are left out, links are not
 * followed, order is the file system's; the result is the number of names. It copies what it keeps
 * and returns 0, or a negative errno to stop. */
struct mr_io_list {
    int (*entry)(void *ctx, const char *name, const struct mr_io_stat *stat);
    void *ctx;
    bool wants_stat; /* otherwise only stat->kind is filled */
};

struct mr_io_op {
    mr_io_kind kind;
    int32_t file;
    uint32_t flags;
    uint32_t bytes;
    uint64_t off;
    void *buf;
    const char *path;
    const char *path2;
    struct mr_io_stat *stat;
    struct mr_io_list *list;
    int64_t result; /* >= 0, or a negative errno */
    void (*done)(struct mr_io_op *op, void *ctx);
    void *ctx;
    struct mr_io_op *next; /* the driver's while in flight, the poller's afterwards */
    int32_t buf_index;     /* registered buffer that buf lies in, -1 = none; a hint */
};

struct mr_io;

struct mr_io_driver {
    const char *name;
    void (*submit)(struct mr_io *io, struct mr_io_op *op);
    /* Gives the finished operations in order of completion, linked by next; sleeps at most
     * `wait_us` (0 = not at all, -1 = until something happens) while there is none. Returns early,
     * with nothing, when another thread called wake; a driver may also do so when a watch file of
     * its own has news, once until that has been read to its end. */
    struct mr_io_op *(*poll)(struct mr_io *io, int64_t wait_us);
    void (*wake)(struct mr_io *io);                        /* any thread */
    void (*cancel)(struct mr_io *io, struct mr_io_op *op); /* op is in flight */
    int64_t (*now_us)(struct mr_io *io);                   /* wall clock since 1970 */
    int64_t (*mono_us)(struct mr_io *io);                  /* never goes back */
    uint64_t (*random)(struct mr_io *io);
    void (*close)(struct mr_io *io); /* every operation has completed */
};

struct mr_io {
    const struct mr_io_driver *driver;
};

static inline void mr_io_submit(struct mr_io *io, struct mr_io_op *op)
{
    io->driver->submit(io, op);
}

static inline int64_t mr_io_now_us(struct mr_io *io)
{
    return io->driver->now_us(io);
}

static inline int64_t mr_io_mono_us(struct mr_io *io)
{
    return io->driver->mono_us(io);
}

static inline uint64_t mr_io_random(struct mr_io *io)
{
    return io->driver->random(io);
}

/* mr_io_wake: the poll that sleeps now, or the next one, returns at once. Any thread. */
static inline void mr_io_wake(struct mr_io *io)
{
    io->driver->wake(io);
}

/* mr_io_cancel: asks for an early end of an operation in flight. A TIMER completes with ECANCELED;
 * anything else completes as if nothing had been asked. */
static inline void mr_io_cancel(struct mr_io *io, struct mr_io_op *op)
{
    io->driver->cancel(io, op);
}

/* mr_io_close: ends the driver; nothing may be in flight. Null is allowed. */
static inline void mr_io_close(struct mr_io *io)
{
    if (io != NULL) io->driver->close(io);
}

/* mr_io_run: polls once and runs the callbacks of what has finished.
 * returns how many that were */
uint32_t mr_io_run(struct mr_io *io, int64_t wait_us);

/* mr_io_call: submits `op` and runs completions, its own and others', until it is done. For the
 * control thread and for tests; never on a shard. op->done and op->ctx are overwritten.
 * returns op->result */
int64_t mr_io_call(struct mr_io *io, struct mr_io_op *op);

/* mr_io_call_again: the same for a read or write of a file, tried again, up to MR_IO_AGAIN_MAX
 * times, when it was interrupted (EINTR, EAGAIN). */
int64_t mr_io_call_again(struct mr_io *io, struct mr_io_op *op);

/* mr_io_op_init: an operation of `kind` with file -1 and nothing else set. */
void mr_io_op_init(struct mr_io_op *op, mr_io_kind kind);

#endif

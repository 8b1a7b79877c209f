#include "io/uring/uring_entry.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "io/posix/posix_call.h"

int mr_uring_opcode(const struct mr_io_op *op)
{
    static const int opcodes[MR_IO_KIND_COUNT] = {
        [MR_IO_NOP] = IORING_OP_NOP,
        [MR_IO_OPEN] = IORING_OP_OPENAT,
        [MR_IO_CLOSE] = IORING_OP_CLOSE,
        [MR_IO_READ] = IORING_OP_READ,
        [MR_IO_WRITE] = IORING_OP_WRITE,
        [MR_IO_SYNC] = IORING_OP_FSYNC,
        [MR_IO_SYNC_DIR] = -1,
        [MR_IO_STAT] = IORING_OP_STATX,
        [MR_IO_LINK] = IORING_OP_LINKAT,
        [MR_IO_RENAME] = IORING_OP_RENAMEAT,
        [MR_IO_RENAME_NEW] = IORING_OP_RENAMEAT,
        [MR_IO_UNLINK] = IORING_OP_UNLINKAT,
        [MR_IO_RMDIR] = IORING_OP_UNLINKAT,
        [MR_IO_MKDIR] = IORING_OP_MKDIRAT,
        [MR_IO_LIST] = -1,
        [MR_IO_TRUNCATE] = -1,
        [MR_IO_LOCK] = -1,
        [MR_IO_WATCH] = -1,
        [MR_IO_TIMER] = -1,
    };
    MR_ASSERT(op->kind < MR_IO_KIND_COUNT);
    /* Direct I/O is switched on after the open, see posix_call.c. */
    if (op->kind == MR_IO_OPEN && (op->flags & MR_OPEN_DIRECT) != 0) return -1;
    return opcodes[op->kind];
}

static void fill_bytes(struct io_uring_sqe *sqe, const struct mr_io_op *op, int32_t buffer)
{
    bool reads = op->kind == MR_IO_READ;
    if (buffer >= 0 && reads) {
        io_uring_prep_read_fixed(sqe, op->file, op->buf, op->bytes, op->off, buffer);
    } else if (buffer >= 0) {
        io_uring_prep_write_fixed(sqe, op->file, op->buf, op->bytes, op->off, buffer);
    } else if (reads) {
        io_uring_prep_read(sqe, op->file, op->buf, op->bytes, op->off);
    } else {
        io_uring_prep_write(sqe, op->file, op->buf, op->bytes, op->off);
    }
}

static void fill_stat(struct io_uring_sqe *sqe, const struct mr_io_op *op,
                      struct mr_statx_slot *slot)
{
    int at = (op->flags & MR_OPEN_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
    MR_ASSERT(slot != NULL);
    io_uring_prep_statx(sqe, AT_FDCWD, op->path, at, STATX_BASIC_STATS, &slot->answer);
}

void mr_uring_fill(struct io_uring_sqe *sqe, const struct mr_io_op *op, struct mr_statx_slot *slot,
                   int32_t buffer)
{
    const int cwd = AT_FDCWD;
    switch (op->kind) {
    case MR_IO_OPEN:
        io_uring_prep_openat(sqe, cwd, op->path, mr_posix_open_flags(op->flags),
                             MR_POSIX_FILE_MODE);
        break;
    case MR_IO_CLOSE: io_uring_prep_close(sqe, op->file); break;
    case MR_IO_READ:
    case MR_IO_WRITE: fill_bytes(sqe, op, buffer); break;
    case MR_IO_SYNC: io_uring_prep_fsync(sqe, op->file, IORING_FSYNC_DATASYNC); break;
    case MR_IO_STAT: fill_stat(sqe, op, slot); break;
    case MR_IO_LINK: io_uring_prep_linkat(sqe, cwd, op->path, cwd, op->path2, 0); break;
    case MR_IO_RENAME: io_uring_prep_renameat(sqe, cwd, op->path, cwd, op->path2, 0); break;
    case MR_IO_RENAME_NEW:
        io_uring_prep_renameat(sqe, cwd, op->path, cwd, op->path2, RENAME_NOREPLACE);
        break;
    case MR_IO_UNLINK: io_uring_prep_unlinkat(sqe, cwd, op->path, 0); break;
    case MR_IO_RMDIR: io_uring_prep_unlinkat(sqe, cwd, op->path, AT_REMOVEDIR); break;
    case MR_IO_MKDIR: io_uring_prep_mkdirat(sqe, cwd, op->path, MR_POSIX_DIR_MODE); break;
    default: MR_ASSERT(op->kind == MR_IO_NOP); io_uring_prep_nop(sqe);
    }
}

struct mr_io_stat mr_uring_stat(const struct statx *answer)
{
    mr_file_kind kind = S_ISREG(answer->stx_mode)   ? MR_FILE_REGULAR
                        : S_ISDIR(answer->stx_mode) ? MR_FILE_DIRECTORY
                        : S_ISLNK(answer->stx_mode) ? MR_FILE_LINK
                                                    : MR_FILE_OTHER;
    return (struct mr_io_stat){
        .kind = kind,
        .bytes = answer->stx_size,
        .modified_us = answer->stx_mtime.tv_sec * MR_US_PER_S + answer->stx_mtime.tv_nsec / 1000,
        .device = makedev(answer->stx_dev_major, answer->stx_dev_minor),
        .inode = answer->stx_ino,
    };
}

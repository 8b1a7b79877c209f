#include "io/posix/posix_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"

static int64_t answer(int64_t result)
{
    return result < 0 ? -(int64_t)errno : result;
}

/* Repeats a call that a signal interrupted. */
#define AGAIN(out, call)                                                                           \
    do {                                                                                           \
        (out) = (call);                                                                            \
    } while ((out) < 0 && errno == EINTR)

int mr_posix_open_flags(uint32_t flags)
{
    bool reads = (flags & MR_OPEN_READ) != 0, writes = (flags & MR_OPEN_WRITE) != 0;
    int out = O_CLOEXEC | (writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY);
    if (flags & MR_OPEN_CREATE) out |= O_CREAT;
    if (flags & MR_OPEN_EXCLUSIVE) out |= O_EXCL;
    if (flags & MR_OPEN_TRUNCATE) out |= O_TRUNC;
    if (flags & MR_OPEN_DIRECT) out |= O_DIRECT;
    if (flags & MR_OPEN_NOFOLLOW) out |= O_NOFOLLOW;
    return out;
}

static int64_t do_nop(struct mr_io_op *op)
{
    (void)op;
    return 0;
}

/* Direct I/O is switched on afterwards: where the file system has none the open would fail, and
 * could leave an exclusively created file behind. */
static int64_t do_open(struct mr_io_op *op)
{
    int flags = mr_posix_open_flags(op->flags), file;
    AGAIN(file, open(op->path, flags & ~O_DIRECT, MR_POSIX_FILE_MODE));
    if (file < 0) return -(int64_t)errno;
    if ((flags & O_DIRECT) != 0) {
        int set = fcntl(file, F_SETFL, O_DIRECT);
        MR_ASSERT(set == 0 || errno == EINVAL);
    }
    return file;
}

static int64_t do_close(struct mr_io_op *op)
{
    /* Linux frees the number even when close is interrupted: never repeat it. */
    int64_t result = answer(close(op->file));
    return result == -EINTR ? 0 : result;
}

static int64_t do_read(struct mr_io_op *op)
{
    ssize_t count;
    AGAIN(count, pread(op->file, op->buf, op->bytes, (off_t)op->off));
    if (count < 0 && errno == ESPIPE) { /* a watch has no positions */
        AGAIN(count, read(op->file, op->buf, op->bytes));
    }
    return answer(count);
}

static int64_t do_write(struct mr_io_op *op)
{
    ssize_t count;
    AGAIN(count, pwrite(op->file, op->buf, op->bytes, (off_t)op->off));
    return answer(count);
}

static int64_t do_sync(struct mr_io_op *op)
{
    return answer(fdatasync(op->file));
}

static int64_t do_sync_dir(struct mr_io_op *op)
{
    int file;
    AGAIN(file, open(op->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (file < 0) return answer(file);
    int64_t result = answer(fsync(file));
    (void)close(file); /* read-only: nothing to lose */
    return result;
}

static mr_file_kind kind_of_mode(mode_t mode)
{
    if (S_ISREG(mode)) return MR_FILE_REGULAR;
    if (S_ISDIR(mode)) return MR_FILE_DIRECTORY;
    if (S_ISLNK(mode)) return MR_FILE_LINK;
    return MR_FILE_OTHER;
}

static struct mr_io_stat stat_of(const struct stat *st)
{
    return (struct mr_io_stat){
        .kind = kind_of_mode(st->st_mode),
        .bytes = (uint64_t)st->st_size,
        .modified_us = (int64_t)st->st_mtim.tv_sec * MR_US_PER_S + st->st_mtim.tv_nsec / 1000,
        .device = st->st_dev,
        .inode = st->st_ino,
    };
}

static int64_t do_stat(struct mr_io_op *op)
{
    struct stat st;
    int at = (op->flags & MR_OPEN_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
    if (fstatat(AT_FDCWD, op->path, &st, at) < 0) return -(int64_t)errno;
    *op->stat = stat_of(&st);
    return 0;
}

static int64_t do_link(struct mr_io_op *op)
{
    return answer(linkat(AT_FDCWD, op->path, AT_FDCWD, op->path2, 0));
}

static int64_t do_rename(struct mr_io_op *op)
{
    return answer(rename(op->path, op->path2));
}

static int64_t do_rename_new(struct mr_io_op *op)
{
    return answer(renameat2(AT_FDCWD, op->path, AT_FDCWD, op->path2, RENAME_NOREPLACE));
}

static int64_t do_unlink(struct mr_io_op *op)
{
    return answer(unlink(op->path));
}

static int64_t do_rmdir(struct mr_io_op *op)
{
    return answer(rmdir(op->path));
}

static int64_t do_mkdir(struct mr_io_op *op)
{
    return answer(mkdir(op->path, MR_POSIX_DIR_MODE));
}

static mr_file_kind kind_of_entry(unsigned char type)
{
    if (type == DT_REG) return MR_FILE_REGULAR;
    if (type == DT_DIR) return MR_FILE_DIRECTORY;
    if (type == DT_LNK) return MR_FILE_LINK;
    return MR_FILE_OTHER;
}

/* One name to the caller; a name that vanished since it was read is left out.
 * returns 1 when passed on, 0 when left out, or a negative errno */
static int64_t list_one(DIR *dir, const struct dirent *entry, struct mr_io_list *list)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) return 0;
    struct mr_io_stat stat = {.kind = kind_of_entry(entry->d_type)};
    if (list->wants_stat || entry->d_type == DT_UNKNOWN) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            return errno == ENOENT ? 0 : -(int64_t)errno;
        }
        stat = stat_of(&st);
    }
    int stop = list->entry(list->ctx, entry->d_name, &stat);
    return stop < 0 ? stop : 1;
}

static int64_t do_list(struct mr_io_op *op)
{
    DIR *dir = opendir(op->path);
    if (dir == NULL) return -(int64_t)errno;
    int64_t count = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno != 0) count = -(int64_t)errno;
            break;
        }
        int64_t one = list_one(dir, entry, op->list);
        count = one < 0 ? one : count + one;
        if (one < 0) break;
    }
    (void)closedir(dir);
    return count;
}

static int64_t do_truncate(struct mr_io_op *op)
{
    int result;
    AGAIN(result, ftruncate(op->file, (off_t)op->off));
    return answer(result);
}

/* flock belongs to the open file, so two opens in one process exclude each other as well, and the
 * lock goes with the last descriptor, also when the process is killed. */
static int64_t do_lock(struct mr_io_op *op)
{
    int result;
    AGAIN(result, flock(op->file, LOCK_EX | LOCK_NB));
    return answer(result);
}

static int64_t do_watch(struct mr_io_op *op)
{
    const uint32_t mask = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                          IN_ONLYDIR | IN_EXCL_UNLINK;
    int file = op->file >= 0 ? op->file : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (file < 0) return -(int64_t)errno;
    int number = inotify_add_watch(file, op->path, mask);
    if (number < 0) {
        int64_t result = -(int64_t)errno;
        if (op->file < 0) (void)close(file);
        return result;
    }
    op->off = (uint64_t)number;
    return file;
}

int64_t mr_posix_perform(struct mr_io_op *op)
{
    static int64_t (*const calls[MR_IO_KIND_COUNT])(struct mr_io_op *) = {
        [MR_IO_NOP] = do_nop,
        [MR_IO_OPEN] = do_open,
        [MR_IO_CLOSE] = do_close,
        [MR_IO_READ] = do_read,
        [MR_IO_WRITE] = do_write,
        [MR_IO_SYNC] = do_sync,
        [MR_IO_SYNC_DIR] = do_sync_dir,
        [MR_IO_STAT] = do_stat,
        [MR_IO_LINK] = do_link,
        [MR_IO_RENAME] = do_rename,
        [MR_IO_RENAME_NEW] = do_rename_new,
        [MR_IO_UNLINK] = do_unlink,
        [MR_IO_RMDIR] = do_rmdir,
        [MR_IO_MKDIR] = do_mkdir,
        [MR_IO_LIST] = do_list,
        [MR_IO_TRUNCATE] = do_truncate,
        [MR_IO_LOCK] = do_lock,
        [MR_IO_WATCH] = do_watch,
    };
    MR_ASSERT(op->kind < MR_IO_KIND_COUNT);
    MR_ASSERT(calls[op->kind] != NULL);
    return calls[op->kind](op);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec ts;
    int failed = clock_gettime(clock, &ts);
    MR_ASSERT(failed == 0);
    return (int64_t)ts.tv_sec * MR_US_PER_S + ts.tv_nsec / 1000;
}

int64_t mr_posix_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t mr_posix_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

uint64_t mr_posix_seed(uint64_t seed)
{
    while (seed == 0) {
        ssize_t got = getrandom(&seed, sizeof seed, 0);
        MR_ASSERT(got == (ssize_t)sizeof seed || errno == EINTR);
    }
    return seed;
}

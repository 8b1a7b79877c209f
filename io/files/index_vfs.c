#include "io/files/index_vfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "kernels/codec/crc.h"

enum { ERR_VFS = 2112 };

/* Julian day number of 1970-01-01T00:00Z in milliseconds, SQLite's way to tell time. */
#define JULIAN_EPOCH_MS INT64_C(210866760000000)

struct index_file {
    sqlite3_file base;
    struct mr_index_vfs *owner;
    int32_t file;
    bool is_database;    /* its pages carry checksums */
    bool wants_dir_sync; /* may have been created: the first sync makes its name durable too */
    char path[MR_PATH_MAX];
};

static struct index_file *file_of(sqlite3_file *base)
{
    return (struct index_file *)base;
}

static struct mr_index_vfs *vfs_of(sqlite3_vfs *base)
{
    return (struct mr_index_vfs *)base;
}

/* Runs `op`; a failure is remembered for the message. */
static int64_t vfs_call(struct mr_index_vfs *vfs, struct mr_io_op *op)
{
    int64_t result = mr_io_call_again(vfs->io, op);
    if (result < 0 && result != -ENOENT) vfs->os_error = (int)-result;
    return result;
}

static int write_code(int64_t result)
{
    return result == -ENOSPC || result == -EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

/* Makes the names in the folder of `path` durable. */
static int folder_sync(struct mr_index_vfs *vfs, const char *path)
{
    char folder[MR_PATH_MAX];
    struct mr_io_op op;
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 0 : MR_MAX((size_t)(slash - path), (size_t)1);
    if (bytes >= sizeof folder) return SQLITE_CANTOPEN;
    memcpy(folder, bytes == 0 ? "." : path, MR_MAX(bytes, (size_t)1));
    folder[MR_MAX(bytes, (size_t)1)] = '\0';
    mr_io_op_init(&op, MR_IO_SYNC_DIR);
    op.path = folder;
    return vfs_call(vfs, &op) < 0 ? SQLITE_IOERR_DIR_FSYNC : SQLITE_OK;
}

/* ---- files ----------------------------------------------------------------------------- */

static int file_close(sqlite3_file *base)
{
    struct index_file *f = file_of(base);
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = f->file;
    (void)mr_io_call(f->owner->io,
                     &op); /* what matters was synced; nothing follows from a failure */
    f->file = -1;
    return SQLITE_OK;
}

static uint32_t page_crc(const uint8_t *page)
{
    return mr_crc32c(0, page, MR_INDEX_PAGE_BYTES - MR_INDEX_RESERVED_BYTES);
}

static bool is_whole_page(const struct index_file *f, int bytes, sqlite3_int64 off)
{
    return f->is_database && bytes == MR_INDEX_PAGE_BYTES && off % MR_INDEX_PAGE_BYTES == 0;
}

static int file_read(sqlite3_file *base, void *to, int bytes, sqlite3_int64 off)
{
    struct index_file *f = file_of(base);
    int used = 0;
    while (used < bytes) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_READ);
        op.file = f->file;
        op.buf = (char *)to + used;
        op.bytes = (uint32_t)(bytes - used);
        op.off = (uint64_t)(off + used);
        int64_t result = vfs_call(f->owner, &op);
        if (result < 0) return SQLITE_IOERR_READ;
        if (result == 0) break;
        used += (int)result;
    }
    if (used < bytes) {
        memset((char *)to + used, 0, (size_t)(bytes - used));
        return SQLITE_IOERR_SHORT_READ;
    }
    if (is_whole_page(f, bytes, off)) {
        uint32_t stored;
        memcpy(&stored, (char *)to + bytes - MR_INDEX_RESERVED_BYTES, sizeof stored);
        if (stored != page_crc(to)) return SQLITE_IOERR_DATA;
    }
    return SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *from, int bytes, sqlite3_int64 off)
{
    struct index_file *f = file_of(base);
    int used = 0;
    if (is_whole_page(f, bytes, off)) {
        uint8_t *page = f->owner->page;
        memcpy(page, from, MR_INDEX_PAGE_BYTES);
        uint32_t crc = page_crc(page);
        memset(page + bytes - MR_INDEX_RESERVED_BYTES, 0, MR_INDEX_RESERVED_BYTES);
        memcpy(page + bytes - MR_INDEX_RESERVED_BYTES, &crc, sizeof crc);
        from = page;
    }
    while (used < bytes) {
        struct mr_io_op op;
        mr_io_op_init(&op, MR_IO_WRITE);
        op.file = f->file;
        op.buf = (void *)((uintptr_t)from + (size_t)used);
        op.bytes = (uint32_t)(bytes - used);
        op.off = (uint64_t)(off + used);
        int64_t result = vfs_call(f->owner, &op);
        if (result <= 0) return write_code(result);
        used += (int)result;
    }
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 bytes)
{
    struct index_file *f = file_of(base);
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_TRUNCATE);
    op.file = f->file;
    op.off = (uint64_t)bytes;
    return vfs_call(f->owner, &op) < 0 ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct index_file *f = file_of(base);
    struct mr_io_op op;
    (void)flags;
    mr_io_op_init(&op, MR_IO_SYNC);
    op.file = f->file;
    if (vfs_call(f->owner, &op) < 0) return SQLITE_IOERR_FSYNC;
    int code = f->wants_dir_sync ? folder_sync(f->owner, f->path) : SQLITE_OK;
    if (code == SQLITE_OK) f->wants_dir_sync = false;
    return code;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct index_file *f = file_of(base);
    struct mr_io_stat stat = {0};
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_STAT);
    op.path = f->path;
    op.stat = &stat;
    if (vfs_call(f->owner, &op) < 0) return SQLITE_IOERR_FSTAT;
    *out = (sqlite3_int64)stat.bytes;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *base, int *out)
{
    (void)base;
    *out = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int verb, void *arg)
{
    (void)base;
    (void)verb;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int file_traits(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

/* ---- the file system ------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *base, sqlite3_filename name, sqlite3_file *out, int flags,
                    int *out_flags)
{
    struct mr_index_vfs *vfs = vfs_of(base);
    struct index_file *f = file_of(out);
    struct mr_io_op op;
    out->pMethods = NULL; /* not open: SQLite calls no close */
    if (name == NULL || strlen(name) >= MR_PATH_MAX) return SQLITE_CANTOPEN;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = name;
    op.flags = MR_OPEN_READ;
    if (flags & SQLITE_OPEN_READWRITE) op.flags |= MR_OPEN_WRITE;
    if (flags & SQLITE_OPEN_CREATE) op.flags |= MR_OPEN_CREATE;
    int64_t result = vfs_call(vfs, &op);
    if (result < 0) return SQLITE_CANTOPEN;
    memset(f, 0, sizeof *f);
    f->owner = vfs;
    f->file = (int32_t)result;
    f->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    f->wants_dir_sync = (flags & SQLITE_OPEN_CREATE) != 0;
    strcpy(f->path, name);
    f->base.pMethods = &file_methods;
    if (out_flags != NULL) *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int wants_sync)
{
    struct mr_index_vfs *vfs = vfs_of(base);
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_UNLINK);
    op.path = name;
    int64_t result = vfs_call(vfs, &op);
    if (result == -ENOENT) return SQLITE_IOERR_DELETE_NOENT;
    if (result < 0) return SQLITE_IOERR_DELETE;
    return wants_sync ? folder_sync(vfs, name) : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
    struct mr_io_stat stat = {0};
    struct mr_io_op op;
    (void)flags;
    mr_io_op_init(&op, MR_IO_STAT);
    op.path = name;
    op.stat = &stat;
    int64_t result = vfs_call(vfs_of(base), &op);
    if (result < 0 && result != -ENOENT) return SQLITE_IOERR_ACCESS;
    /* An empty journal or log counts as none, as in SQLite's own VFS. */
    *out = result >= 0 && (flags != SQLITE_ACCESS_EXISTS || stat.bytes > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base, const char *name, int room, char *out)
{
    (void)base;
    int bytes = snprintf(out, (size_t)room, "%s", name);
    return bytes < 0 || bytes >= room ? SQLITE_CANTOPEN : SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *base, int bytes, char *out)
{
    for (int i = 0; i < bytes; i += 8) {
        uint64_t word = mr_io_random(vfs_of(base)->io);
        memcpy(out + i, &word, (size_t)MR_MIN(bytes - i, 8));
    }
    return bytes;
}

static int vfs_sleep(sqlite3_vfs *base, int us)
{
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_TIMER);
    op.off = (uint64_t)MR_MAX(us, 0);
    (void)vfs_call(vfs_of(base), &op);
    return us;
}

static int vfs_time(sqlite3_vfs *base, double *out_days)
{
    int64_t ms = mr_io_now_us(vfs_of(base)->io) / MR_US_PER_MS + JULIAN_EPOCH_MS;
    *out_days = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *base, int bytes, char *out)
{
    (void)bytes;
    (void)out;
    return vfs_of(base)->os_error;
}

mr_status mr_index_vfs_open(struct mr_index_vfs *vfs, struct mr_io *io, struct mr_err *err)
{
    memset(vfs, 0, sizeof *vfs);
    vfs->io = io;
    snprintf(vfs->name, sizeof vfs->name, "mr-%" PRIxPTR, (uintptr_t)vfs);
    vfs->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = sizeof(struct index_file),
        .mxPathname = MR_PATH_MAX - 1,
        .zName = vfs->name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_error,
    };
    if (sqlite3_vfs_register(&vfs->vfs, 0) == SQLITE_OK) return MR_OK;
    return mr_err_set(err, MR_E_NOMEM, ERR_VFS, "cannot set up SQLite");
}

void mr_index_vfs_close(struct mr_index_vfs *vfs)
{
    int code = sqlite3_vfs_unregister(&vfs->vfs);
    MR_ASSERT(code == SQLITE_OK);
}

/* The simulated disk: a file system in memory that can lose power.
 *
 * It keeps two copies of everything: what the running system sees (now) and what is on the platter
 * (durable), and between them a log of changes that no fsync has covered yet. Changes are writes
 * and truncations of a file, and names set or dropped in a directory; a rename is one change of two
 * directories. SYNC makes all changes of a file's content durable, SYNC_DIR all changes of a
 * directory's names, and nothing else does: a synced file whose directory was not synced may have
 * no name after a cut, as POSIX allows (Pillai et al., "All File Systems Are Not Created Equal",
 * OSDI '14).
 *
 * A power cut keeps some of the log: nothing, all, a prefix, a random subset, all but one, or a
 * subset whose writes are torn at 512 B or 4 KiB. Kept changes apply in their order. A process kill
 * is no cut: mr_simdisk_release gives up the process's files and locks, what it wrote stays.
 *
 * Test code: out of memory aborts. One thread. */
#ifndef MR_TESTS_SUPPORT_SIMDISK_H
#define MR_TESTS_SUPPORT_SIMDISK_H

#include "core/base/span.h"
#include "core/port/io.h"

struct mr_simdisk;

typedef enum mr_cut {
    MR_CUT_KEEP_NONE,
    MR_CUT_KEEP_ALL,
    MR_CUT_PREFIX,
    MR_CUT_SUBSET,
    MR_CUT_DROP_ONE,
    MR_CUT_TORN_512,
    MR_CUT_TORN_4096,
    MR_CUT_COUNT
} mr_cut;

struct mr_simdisk *mr_simdisk_open(void);
struct mr_simdisk *mr_simdisk_clone(const struct mr_simdisk *disk); /* no open files or locks */
void mr_simdisk_close(struct mr_simdisk *disk);

/* mr_simdisk_limit: writes that would need more than `bytes` end short or with ENOSPC.
 * mr_simdisk_used: bytes of all files that have a name or are open. */
void mr_simdisk_limit(struct mr_simdisk *disk, uint64_t bytes);
uint64_t mr_simdisk_used(const struct mr_simdisk *disk);

/* mr_simdisk_perform: one operation of process `owner` at wall time now_us; any kind but TIMER.
 * returns its result, >= 0 or a negative errno */
int64_t mr_simdisk_perform(struct mr_simdisk *disk, uint32_t owner, struct mr_io_op *op,
                           int64_t now_us);

/* mr_simdisk_release: process `owner` has died: its files are closed, its locks free. */
void mr_simdisk_release(struct mr_simdisk *disk, uint32_t owner);

/* mr_simdisk_cut: the power fails and comes back. mr_simdisk_pending: changes a cut could lose. */
void mr_simdisk_cut(struct mr_simdisk *disk, mr_cut how, uint64_t seed);
uint64_t mr_simdisk_pending(const struct mr_simdisk *disk);

/* For the test itself. put: a durable file with its directories. get: what a reader sees now,
 * borrowed until the next change; false when there is no such file. hash: of all names and
 * contents as seen now, in an order of its own. touch: sets the modification time. */
void mr_simdisk_put(struct mr_simdisk *disk, const char *path, struct mr_span content);
bool mr_simdisk_get(struct mr_simdisk *disk, const char *path, struct mr_span *out_content);
void mr_simdisk_touch(struct mr_simdisk *disk, const char *path, int64_t modified_us);
uint64_t mr_simdisk_hash(const struct mr_simdisk *disk);

/* mr_simdisk_import: a real file, durable. mr_simdisk_export: the tree at `path` into an existing
 * real directory, for readers that know only real ones. Both return false when a call failed. */
bool mr_simdisk_import(struct mr_simdisk *disk, const char *real_path, const char *path);
bool mr_simdisk_export(struct mr_simdisk *disk, const char *path, const char *real_dir);

#endif

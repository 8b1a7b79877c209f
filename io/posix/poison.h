/* Poisoned files: what a failed fsync leaves behind.
 *
 * After fsync has failed, Linux marks the pages clean although they were never written, and the
 * next fsync may well say "fine" (Rebello et al., "Can Applications Recover from fsync Failures?",
 * ATC '20). So a driver never asks twice: the file, or directory, is remembered here until it is
 * closed (a directory: for good), and WRITE and SYNC on it are answered EIO on the spot. One that
 * was not there has not failed.
 *
 * Files are bits by descriptor, directories hashes of their path; when more directories have failed
 * than there is room for, all of them count as poisoned. One thread. */
#ifndef MR_IO_POSIX_POISON_H
#define MR_IO_POSIX_POISON_H

#include "core/mem/heap.h"
#include "core/port/io.h"

enum { MR_POISON_DIRS_MAX = 16 };

struct mr_poison {
    struct mr_heap *heap;
    uint64_t *bits; /* bits[words], one per descriptor */
    uint32_t words;
    uint32_t dirs; /* may exceed MR_POISON_DIRS_MAX: then every directory is poisoned */
    uint64_t dir_hashes[MR_POISON_DIRS_MAX];
};

void mr_poison_init(struct mr_poison *poison, struct mr_heap *heap);
void mr_poison_fini(struct mr_poison *poison);

/* mr_poison_refuses: whether `op` must be answered EIO without a system call. A CLOSE lifts the
 * poison of its file. To be asked at submit, by the owner. */
bool mr_poison_refuses(struct mr_poison *poison, const struct mr_io_op *op);

/* mr_poison_learn: takes note of a finished operation; result and file are still set.
 * returns false when there is no memory to follow a newly opened file: the OPEN must be undone */
bool mr_poison_learn(struct mr_poison *poison, const struct mr_io_op *op);

#endif

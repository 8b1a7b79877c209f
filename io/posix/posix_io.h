/* The POSIX driver of the seam: plain system calls, for every kernel and container.
 *
 * Two modes. Direct: `submit` performs the operation in the calling thread and the next poll hands
 * it out; for the control thread, which waits for its operations anyway, and for tests. With a
 * crew (crew.h): `submit` hands the operation to a helper thread, so that a shard never waits.
 *
 * poll sleeps in ppoll(2) on one eventfd, which peers and crew members write, and on watch files:
 * it returns early when one that was read to its end has news. Timers are a sorted list of the
 * driver's. A failed fsync poisons its file (poison.h). */
#ifndef MR_IO_POSIX_POSIX_IO_H
#define MR_IO_POSIX_POSIX_IO_H

#include "core/mem/heap.h"
#include "core/port/io.h"
#include "io/posix/crew.h"

struct mr_posix_options {
    struct mr_crew *crew; /* borrowed, shared with others; null: see helpers */
    uint32_t helpers;     /* without a crew: members of an own one; 0 = direct mode */
    uint64_t seed;        /* of random(); 0 = from the system */
};

/* mr_posix_open: a driver for one thread. The heap is used at open, close and now and then when a
 * file is opened. Closed with mr_io_close.
 * returns MR_E_NOMEM, or what eventfd(2) or the thread start says */
MR_MUST_USE mr_status mr_posix_open(struct mr_heap *heap, const struct mr_posix_options *options,
                                    struct mr_io **out_io, struct mr_err *err);

/* mr_posix_lend_syncs: from now on a driver in direct mode gives SYNC and SYNC_DIR to `crew`, so
 * that several of them, or one and other work, take the time of one. Null: direct again. Nothing is
 * in flight. */
void mr_posix_lend_syncs(struct mr_io *io, struct mr_crew *crew);

#endif

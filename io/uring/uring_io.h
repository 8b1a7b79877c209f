/* The io_uring driver of the seam: one ring per thread.
 *
 * An operation becomes a submission entry; entries are handed to the kernel together, once per
 * poll, and completions are read from shared memory. Where the kernel has them the ring is set up
 * with SINGLE_ISSUER and DEFER_TASKRUN (Linux 6.1): completions are then prepared in the polling
 * thread, in poll, and never interrupt a step. What a ring cannot do (listing, locks, watches,
 * truncation, syncing a directory, O_DIRECT opens) goes to the crew (io/posix/crew.h).
 *
 * Reads and writes with buf_index >= 0 whose bytes lie in `region` use it as registered memory:
 * the kernel has mapped it once and does not per operation. wake is an eventfd that the ring always
 * reads. Timers are a sorted list of the driver's and bound the sleep.
 *
 * Many containers refuse io_uring: then mr_uring_open says MR_E_UNSUPPORTED, and the caller takes
 * io/posix instead and says so once. It says the same in a build without liburing. The thread that
 * opens a driver must be the one that uses and closes it. */
#ifndef MR_IO_URING_URING_IO_H
#define MR_IO_URING_URING_IO_H

#include "core/mem/heap.h"
#include "core/port/io.h"
#include "io/posix/crew.h"

struct mr_uring_options {
    struct mr_crew *crew; /* borrowed, shared with others; null: an own one of one member */
    void *region;         /* region[region_bytes], registered with the ring; null: none */
    size_t region_bytes;
    uint32_t entries; /* of the submission queue, a power of two; 0 = 256 */
    uint64_t seed;    /* of random(); 0 = from the system */
    bool is_plain;    /* without the newer set-up flags, as on an old kernel; for tests */
};

/* mr_uring_open: a driver for the calling thread. A region that cannot be registered (the limit on
 * locked memory) is used as plain memory.
 * returns MR_E_UNSUPPORTED when the kernel or its policy refuses io_uring */
MR_MUST_USE mr_status mr_uring_open(struct mr_heap *heap, const struct mr_uring_options *options,
                                    struct mr_io **out_io, struct mr_err *err);

/* mr_uring_has_region: whether the region has been registered. io is one of this driver's. */
bool mr_uring_has_region(const struct mr_io *io);

#endif

/* Submission entries: the seam's operations in the ring's words. */
#ifndef MR_IO_URING_URING_ENTRY_H
#define MR_IO_URING_URING_ENTRY_H

#include <liburing.h>
#include <sys/stat.h>

#include "core/port/io.h"

/* Where the kernel puts the answer to a STAT. */
struct mr_statx_slot {
    struct statx answer;
    struct mr_io_op *op;
    struct mr_statx_slot *next_free;
};

/* mr_uring_opcode: the ring's operation for a kind, or -1 when the crew must do it. */
int mr_uring_opcode(const struct mr_io_op *op);

/* mr_uring_fill: an entry for `op`, whose kind has an opcode. `slot` for a STAT; `buffer` is the
 * number of the registered buffer that holds its bytes, or -1. user_data is left to the caller. */
void mr_uring_fill(struct io_uring_sqe *sqe, const struct mr_io_op *op, struct mr_statx_slot *slot,
                   int32_t buffer);

/* mr_uring_stat: the kernel's answer in the seam's words. */
struct mr_io_stat mr_uring_stat(const struct statx *answer);

#endif

/* One operation of the seam as system calls, in the calling thread.
 *
 * This is where the seam's words meet POSIX: both real drivers end here for everything they
 * cannot or need not do asynchronously. Stateless and safe from any thread; interrupted calls are
 * repeated, except fsync, whose answer is never asked for twice. */
#ifndef MR_IO_POSIX_POSIX_CALL_H
#define MR_IO_POSIX_POSIX_CALL_H

#include "core/port/io.h"

/* mr_posix_perform: does `op` (any kind but TIMER) and returns its result, >= 0 or a negative
 * errno; op->result is left alone. May sleep. */
int64_t mr_posix_perform(struct mr_io_op *op);

/* mr_posix_open_flags: open(2)'s flags for a set of MR_OPEN_*. */
int mr_posix_open_flags(uint32_t flags);

/* mr_posix_now_us, mr_posix_mono_us: the wall clock and the monotonic clock. */
int64_t mr_posix_now_us(void);
int64_t mr_posix_mono_us(void);

/* mr_posix_seed: `seed`, or one from the system when it is 0. */
uint64_t mr_posix_seed(uint64_t seed);

enum { MR_POSIX_FILE_MODE = 0666, MR_POSIX_DIR_MODE = 0777 }; /* the umask narrows them */

#endif

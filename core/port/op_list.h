/* Lists of operations, for drivers: finished ones in order, and timers by deadline.
 *
 * Both link through op->next, which belongs to the driver while an operation is in flight. A
 * timer keeps its deadline in op->off meanwhile (microseconds of the driver's monotonic clock).
 * Timers are a sorted list: a thread has a handful. */
#ifndef MR_CORE_PORT_OP_LIST_H
#define MR_CORE_PORT_OP_LIST_H

#include "core/port/io.h"

struct mr_op_list {
    struct mr_io_op *first;
    struct mr_io_op *last;
};

/* mr_op_list_add: appends one operation. mr_op_list_take: empties the list, returns its first. */
void mr_op_list_add(struct mr_op_list *list, struct mr_io_op *op);
struct mr_io_op *mr_op_list_take(struct mr_op_list *list);

/* mr_op_list_join: appends a chain linked by next; null is allowed. */
void mr_op_list_join(struct mr_op_list *list, struct mr_io_op *chain);

/* mr_timers_add: puts a TIMER in its place; op->off turns from a delay into a deadline. */
void mr_timers_add(struct mr_io_op **timers, struct mr_io_op *op, int64_t now_us);

/* mr_timers_due: moves every timer whose deadline is not after now_us to `out`, with result 0. */
void mr_timers_due(struct mr_io_op **timers, int64_t now_us, struct mr_op_list *out);

/* mr_timers_cancel: moves `op` to `out` with ECANCELED; false when it is not among the timers. */
bool mr_timers_cancel(struct mr_io_op **timers, struct mr_io_op *op, struct mr_op_list *out);

/* mr_timers_wait: the shorter of wait_us (-1 = for ever) and the time until the next deadline. */
int64_t mr_timers_wait(const struct mr_io_op *timers, int64_t now_us, int64_t wait_us);

#endif

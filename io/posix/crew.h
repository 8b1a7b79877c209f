/* The crew: a few threads that perform operations which would make a shard wait.
 *
 * A shard never blocks. What its driver cannot hand to the kernel asynchronously (everything
 * under --io=poll, listing and locks under io_uring) goes to the crew, which is shared by all
 * shards. Each mr_io has a port at it: operations go in through the port, performed ones come out
 * of it in order of completion and an eventfd is written when the first one is there. Members
 * serve the ports in turn, so that a busy shard does not starve the others.
 *
 * One mutex guards all of it. This is a driver, not the data path: an operation here costs system
 * calls anyway. Members block every signal; the main thread gets them. */
#ifndef MR_IO_POSIX_CREW_H
#define MR_IO_POSIX_CREW_H

#include "core/mem/heap.h"
#include "core/port/op_list.h"

struct mr_crew;

/* A port's lists belong to the crew's mutex; the rest is constant. Not to be copied or moved. */
struct mr_crew_port {
    struct mr_crew *crew;
    struct mr_op_list waiting;
    struct mr_op_list finished;
    int wake_file;             /* eventfd of the owner */
    struct mr_crew_port *next; /* ports that have something waiting: a queue */
    bool is_queued;
};

enum { MR_CREW_MEMBERS_MAX = 64 };

/* mr_crew_open: starts `members` threads (1..MR_CREW_MEMBERS_MAX).
 * returns MR_E_NOMEM, MR_E_INVALID, or the status of the failed thread start */
MR_MUST_USE mr_status mr_crew_open(struct mr_heap *heap, uint32_t members,
                                   struct mr_crew **out_crew, struct mr_err *err);

/* mr_crew_close: joins the threads; every port is idle. Null is allowed. */
void mr_crew_close(struct mr_crew *crew);

void mr_crew_port_init(struct mr_crew_port *port, struct mr_crew *crew, int wake_file);

/* mr_crew_submit: by the port's owner. mr_crew_reap: what has been performed, linked by next. */
void mr_crew_submit(struct mr_crew_port *port, struct mr_io_op *op);
struct mr_io_op *mr_crew_reap(struct mr_crew_port *port);

#endif

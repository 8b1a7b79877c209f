/* A shard: one pinned thread with everything it touches, and its loop, the reactor.
 *
 * Work on a shard is objects with a step function that does a bounded amount and returns; nothing
 * on a shard blocks. One turn of the loop:
 *
 *   poll -> callbacks of finished operations -> descriptors from control and peers -> timers
 *        -> steps: stream (up to 16), query (up to 4), background (1) -> ring the peers' bells
 *
 * A class with work is never starved by the others, it only waits longer. Each step is timed; one
 * that takes longer than `step_limit_us` is counted, and the worst is named in the statistics.
 * A shard with nothing to do looks around for `idle_us`, then sleeps in its driver's poll until an
 * operation, a timer or a bell (bell.h). Time within a turn stands still: `mr_shard_now_us`.
 *
 * With the control thread a shard has a ring in each direction. Its begin, turns and end run on a
 * thread of its own (mr_shard_start) or are called by a simulation, which is the same code:
 *
 *   idle --mr_shard_begin--> running --mr_shard_stop, seen by a turn--> stopped
 *
 * It stops when it has been asked to; whoever asks has seen to it that no work is left: operations
 * in flight are waited for by nobody. */
#ifndef MR_CORE_SHARD_SHARD_H
#define MR_CORE_SHARD_SHARD_H

#include <pthread.h>

#include "core/mem/share.h"
#include "core/port/io.h"
#include "core/shard/bell.h"
#include "core/shard/ring.h"

typedef enum mr_class {
    MR_CLASS_STREAM,
    MR_CLASS_QUERY,
    MR_CLASS_BACKGROUND,
    MR_CLASS_COUNT
} mr_class;

struct mr_shard;

/* A piece of work; lies inside the object it works for. Queued at most once. */
struct mr_step {
    bool (*step)(struct mr_step *self, struct mr_shard *shard); /* true = has more to do now */
    mr_class class_of;
    const char *name;     /* of the kind of work, for the watchdog; static */
    struct mr_step *next; /* the reactor's */
    bool is_queued;
};

/* Fires once at or after due_us; lies inside the object it is for. */
struct mr_timer {
    void (*fire)(struct mr_timer *self, struct mr_shard *shard);
    int64_t due_us; /* monotonic clock; the reactor's while is_set */
    struct mr_timer *next;
    bool is_set;
};

/* What brings descriptors from peers (exchange.h): drained in every turn, flushed at its end. */
struct mr_intake {
    bool (*drain)(struct mr_intake *self, struct mr_shard *shard); /* true = something came */
    void (*flush)(struct mr_intake *self, struct mr_shard *shard);
    struct mr_intake *next;
};

/* Written by the shard alone, relaxed; read by anyone at any time. */
struct mr_shard_stats {
    _Atomic uint64_t turns;
    _Atomic uint64_t completions;
    _Atomic uint64_t steps[MR_CLASS_COUNT];
    _Atomic uint64_t steps_over; /* longer than step_limit_us */
    _Atomic uint64_t step_us_max;
    _Atomic(const char *) step_worst; /* name of the step behind step_us_max */
    _Atomic uint64_t sleeps;
};

struct mr_shard_options {
    uint32_t index;
    int32_t cpu;             /* to pin its thread to, or MR_CPU_ANY */
    uint32_t ring_slots;     /* of the rings from and to control, a power of two; 0 = 256 */
    int64_t idle_us;         /* 0 = 20 */
    int64_t step_limit_us;   /* 0 = 500 */
    struct mr_bell *control; /* rung when something was reported; may be null */
    /* For each descriptor that control posted, on the shard, in order. */
    void (*receive)(struct mr_shard *shard, const struct mr_desc *desc, void *ctx);
    void *ctx;
};

struct mr_step_queue {
    struct mr_step *first;
    struct mr_step *last;
};

struct mr_shard {
    struct mr_shard_options options;
    struct mr_io *io; /* the shard's own, from begin on */
    /* Its memory, set by the program before it starts. Null: workers take theirs from the system,
     * as simulations do. */
    struct mr_shares *shares;
    void *owner;      /* whatever the program hangs here */
    struct mr_bell bell;
    struct mr_ring inbox;  /* control -> shard */
    struct mr_ring outbox; /* shard -> control */
    struct mr_step_queue queues[MR_CLASS_COUNT];
    struct mr_timer *timers; /* by due_us */
    struct mr_intake *intakes;
    int64_t now_us;
    int64_t busy_us; /* when something last happened */
    bool has_reported;
    bool is_running;
    _Atomic bool stop_asked; /* set by control: release; read by the shard: acquire */
    struct mr_shard_stats stats;
    struct mr_shard_thread *thread;
    struct mr_heap *heap;
};

/* mr_shard_init: rings from `heap`, by the control thread, which also calls fini: when all shards
 * have been joined, and before control's own mr_io is closed. */
MR_MUST_USE mr_status mr_shard_init(struct mr_shard *shard, struct mr_heap *heap,
                                    const struct mr_shard_options *options, struct mr_err *err);
void mr_shard_fini(struct mr_shard *shard);

/* ---- on a thread of its own: by control ---- */

/* mr_shard_start: starts the thread, pins it, has it open its driver with `open` (which runs there,
 * as a ring wants), and waits until it is running or has failed. The thread closes the driver when
 * it is released; the driver's heap is the shard's own. */
typedef mr_status (*mr_shard_open_io)(struct mr_shard *shard, void *ctx, struct mr_io **out_io,
                                      struct mr_err *err);
MR_MUST_USE mr_status mr_shard_start(struct mr_shard *shard, mr_shard_open_io open, void *ctx,
                                     struct mr_err *err);

/* mr_shard_join: waits until a started shard has left its loop, after mr_shard_stop. Its driver is
 * still open, because others may be ringing its bell; when all shards have been joined,
 * mr_shard_release closes it and ends the thread. fini releases too. */
void mr_shard_join(struct mr_shard *shard);
void mr_shard_release(struct mr_shard *shard);

/* ---- stepped by a simulation, or by the thread above ---- */

void mr_shard_begin(struct mr_shard *shard, struct mr_io *io);

/* mr_shard_turn: one turn of the loop; false when the shard has stopped. */
bool mr_shard_turn(struct mr_shard *shard);

/* ---- by control, at any time ---- */

/* mr_shard_post: a descriptor to the shard; false when its inbox is full: try again after it has
 * answered something. mr_shard_next: what it has reported; false when there is nothing. */
bool mr_shard_post(struct mr_shard *shard, const struct mr_desc *desc);
bool mr_shard_next(struct mr_shard *shard, struct mr_desc *out_desc);
void mr_shard_stop(struct mr_shard *shard);

/* ---- on the shard ---- */

/* mr_shard_report: a descriptor to control, visible at the end of the turn; false when the outbox
 * is full: keep it and try again in a later step. */
bool mr_shard_report(struct mr_shard *shard, const struct mr_desc *desc);

/* mr_shard_ready: the step will run soon, and again as long as it returns true. */
void mr_shard_ready(struct mr_shard *shard, struct mr_step *step);

/* mr_shard_withdraw: the step will not run, if it was queued; cost: length of its queue. */
void mr_shard_withdraw(struct mr_shard *shard, struct mr_step *step);

void mr_shard_timer_set(struct mr_shard *shard, struct mr_timer *timer, int64_t due_us);
void mr_shard_timer_clear(struct mr_shard *shard, struct mr_timer *timer);

/* mr_shard_attach: adds an intake, before the shard begins; it stays to the end. */
void mr_shard_attach(struct mr_shard *shard, struct mr_intake *intake);

static inline int64_t mr_shard_now_us(const struct mr_shard *shard)
{
    return shard->now_us;
}

#endif

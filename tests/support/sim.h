/* The simulation: a process with several mr_io, all on one thread, seeded, under a virtual clock.
 *
 * Each mr_io belongs to an actor: control and one per shard. An operation submitted gets a seeded
 * delay; it takes effect on the simulated disk and completes when the clock gets there, so that
 * operations overtake each other as they would on a real machine. Actors with a step function (a
 * shard's mr_shard_turn) are stepped in seeded order. Nobody but the clock moves time.
 *
 * The scheduler has no loop of its own: it runs inside poll. When an actor that is not being
 * stepped (control, inside mr_io_call) waits, its poll steps the others, completes operations and
 * moves the clock until it has something. When an actor that is being stepped polls, it gets what
 * it has; if that is nothing and it wanted to sleep, it counts as asleep until an operation of its
 * own, a wake or its time. So the same shard code runs here and on a thread.
 *
 * Death: at operation k (before or after it takes effect) the process is dead. Each operation in
 * flight still takes effect or not, by seed; files and locks are gone; from then on every operation
 * answers EOWNERDEAD and the code under test unwinds through its error paths. A new mr_sim over the
 * same disk, with mr_simdisk_cut between them if the power failed too, is the restart.
 *
 * When all actors sleep, nothing is in flight and no timer runs, nobody will ever wake: that is a
 * deadlock, and the program aborts with the last events. A trace hash over all logical events
 * tells whether two runs were the same. */
#ifndef MR_TESTS_SUPPORT_SIM_H
#define MR_TESTS_SUPPORT_SIM_H

#include "tests/support/simdisk.h"

struct mr_sim;

struct mr_sim_options {
    uint64_t seed;
    int64_t start_us;     /* wall clock at the start; 0 = 2025-01-01 */
    int64_t turns_max;    /* scheduler turns before the run counts as hanging; 0 = 20 million */
    uint64_t kill_at;     /* the operation, from 1, at which the process dies; 0 = never */
    bool kill_after;      /* after it has taken effect; else before */
    int64_t delay_max_us; /* longest delay of an operation; 0 = 5000 */
    /* Called before an operation takes effect: another process may change the disk. Null = nobody.
     */
    void (*before)(void *ctx, const struct mr_io_op *op);
    void *before_ctx;
};

/* mr_sim_open: a process on `disk`, which outlives it. mr_sim_close: also when it is dead; every
 * mr_io of it has been closed. */
struct mr_sim *mr_sim_open(struct mr_simdisk *disk, const struct mr_sim_options *options);
void mr_sim_close(struct mr_sim *sim);

/* mr_sim_io: the mr_io of a new actor; `name` is static. mr_sim_steps: gives an actor its step
 * function, which returns false when it has ended; until then, and without one, it is never
 * stepped. */
struct mr_io *mr_sim_io(struct mr_sim *sim, const char *name);
void mr_sim_steps(struct mr_io *io, bool (*step)(void *ctx), void *ctx);

/* mr_sim_kill: the process dies now. mr_sim_jump: the wall clock is set by `us`. */
void mr_sim_kill(struct mr_sim *sim);
void mr_sim_jump(struct mr_sim *sim, int64_t us);

bool mr_sim_is_dead(const struct mr_sim *sim);
uint64_t mr_sim_op_count(const struct mr_sim *sim);   /* that have taken effect, without timers */
uint64_t mr_sim_trace_hash(const struct mr_sim *sim); /* of all events so far */
int64_t mr_sim_mono_us(const struct mr_sim *sim);

/* mr_sim_print_trace: the last events, to stderr. */
void mr_sim_print_trace(const struct mr_sim *sim);

#endif

#include "tests/support/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/rng.h"
#include "core/port/op_list.h"

enum { ACTORS_MAX = 64, EVENTS_KEPT = 64, EVENT_TEXT_MAX = 160, TURN_US_MAX = 20 };

static const int64_t wall_start_us = INT64_C(1735689600000000); /* 2025-01-01 */

struct actor {
    struct mr_io io; /* first */
    struct mr_sim *sim;
    const char *name;
    uint32_t index;
    bool (*step)(void *ctx); /* null: never stepped */
    void *ctx;
    struct mr_op_list done;
    struct mr_rng rng;
    uint32_t in_flight;
    bool is_stepping;
    bool is_woken;
    bool is_asleep;
    bool is_closed;
    int64_t asleep_until;
};

struct flight {
    struct mr_io_op *op;
    struct actor *actor;
    int64_t due_us;
};

struct mr_sim {
    struct mr_simdisk *disk;
    struct mr_sim_options options;
    struct mr_rng rng;
    uint32_t owner; /* of files and locks on the disk */
    int64_t mono_us;
    int64_t wall_off_us;
    struct actor *actors[ACTORS_MAX];
    uint32_t actor_count;
    struct flight *flights; /* in order of submission */
    uint32_t flight_count, flight_capacity;
    uint64_t op_count;
    int64_t turns;
    bool is_dead;
    uint64_t hash;
    char events[EVENTS_KEPT][EVENT_TEXT_MAX];
    uint64_t event_count;
};

static struct actor *actor_of(struct mr_io *io)
{
    return (struct actor *)io;
}

/* ---- trace ---- */

static const char *const kind_names[MR_IO_KIND_COUNT] = {
    [MR_IO_NOP] = "nop",
    [MR_IO_OPEN] = "open",
    [MR_IO_CLOSE] = "close",
    [MR_IO_READ] = "read",
    [MR_IO_WRITE] = "write",
    [MR_IO_SYNC] = "sync",
    [MR_IO_SYNC_DIR] = "sync_dir",
    [MR_IO_STAT] = "stat",
    [MR_IO_LINK] = "link",
    [MR_IO_RENAME] = "rename",
    [MR_IO_RENAME_NEW] = "rename_new",
    [MR_IO_UNLINK] = "unlink",
    [MR_IO_RMDIR] = "rmdir",
    [MR_IO_MKDIR] = "mkdir",
    [MR_IO_LIST] = "list",
    [MR_IO_TRUNCATE] = "truncate",
    [MR_IO_LOCK] = "lock",
    [MR_IO_WATCH] = "watch",
    [MR_IO_TIMER] = "timer",
};

static void trace(struct mr_sim *sim, const struct actor *actor, const char *what,
                  const struct mr_io_op *op, int64_t result)
{
    char *text = sim->events[sim->event_count++ % EVENTS_KEPT];
    if (op == NULL) {
        (void)snprintf(text, EVENT_TEXT_MAX, "%9" PRId64 " %s %s %" PRId64, sim->mono_us,
                       actor->name, what, result);
    } else {
        const char *path = op->path == NULL ? "" : op->path;
        size_t bytes = strlen(path);
        (void)snprintf(text, EVENT_TEXT_MAX,
                       "%9" PRId64 " %s %s %s f%d %" PRIu64 "+%u ..%s = %" PRId64, sim->mono_us,
                       actor->name, what, kind_names[op->kind], op->file, op->off, op->bytes,
                       path + (bytes > 60 ? bytes - 60 : 0), result);
    }
    for (; *text != '\0'; text++) {
        sim->hash = (sim->hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
}

void mr_sim_print_trace(const struct mr_sim *sim)
{
    uint64_t first = sim->event_count > EVENTS_KEPT ? sim->event_count - EVENTS_KEPT : 0;
    fprintf(stderr, "simulation with seed %" PRIu64 ", last events:\n", sim->options.seed);
    for (uint64_t i = first; i < sim->event_count; i++) {
        fprintf(stderr, "  %s\n", sim->events[i % EVENTS_KEPT]);
    }
    for (uint32_t i = 0; i < sim->actor_count; i++) {
        const struct actor *actor = sim->actors[i];
        fprintf(stderr, "  actor %s: %u in flight%s%s\n", actor->name, actor->in_flight,
                actor->is_asleep ? ", asleep" : "", actor->step == NULL ? ", not stepped" : "");
    }
}

_Noreturn static void give_up(const struct mr_sim *sim, const char *why)
{
    mr_sim_print_trace(sim);
    fprintf(stderr, "simulation with seed %" PRIu64 ": %s\n", sim->options.seed, why);
    abort();
}

/* ---- operations ---- */

static void finish(struct actor *actor, struct mr_io_op *op, int64_t result)
{
    op->result = result;
    mr_op_list_add(&actor->done, op);
}

static int64_t wall_us(const struct mr_sim *sim)
{
    return sim->options.start_us + sim->mono_us + sim->wall_off_us;
}

static int64_t take_effect(struct mr_sim *sim, struct mr_io_op *op)
{
    if (op->kind == MR_IO_TIMER) return 0;
    return mr_simdisk_perform(sim->disk, sim->owner, op, wall_us(sim));
}

/* Takes a flight out, keeping the order of submission of the rest. */
static struct flight remove_flight(struct mr_sim *sim, uint32_t index)
{
    struct flight flight = sim->flights[index];
    sim->flight_count--;
    memmove(&sim->flights[index], &sim->flights[index + 1],
            (sim->flight_count - index) * sizeof *sim->flights);
    flight.actor->in_flight--;
    return flight;
}

void mr_sim_kill(struct mr_sim *sim)
{
    if (sim->is_dead) return;
    sim->is_dead = true;
    while (sim->flight_count > 0) {
        struct flight flight = remove_flight(sim, 0);
        bool happens = mr_rng_below(&sim->rng, 2) == 1;
        if (happens && flight.op->kind != MR_IO_LIST) (void)take_effect(sim, flight.op);
        finish(flight.actor, flight.op, -EOWNERDEAD);
    }
    mr_simdisk_release(sim->disk, sim->owner);
    if (sim->actor_count > 0) trace(sim, sim->actors[0], "killed", NULL, (int64_t)sim->op_count);
}

static void land(struct mr_sim *sim, uint32_t index)
{
    struct mr_io_op *op = sim->flights[index].op;
    struct actor *actor = sim->flights[index].actor;
    bool counts = op->kind != MR_IO_TIMER && op->kind != MR_IO_NOP;
    bool is_last = counts && sim->op_count + 1 == sim->options.kill_at;
    if (is_last && !sim->options.kill_after) {
        sim->flights[index].due_us = 0;
        mr_sim_kill(sim);
        return;
    }
    (void)remove_flight(sim, index);
    if (sim->options.before != NULL) sim->options.before(sim->options.before_ctx, op);
    int64_t result = take_effect(sim, op);
    if (counts) sim->op_count++;
    trace(sim, actor, "did", op, result);
    if (is_last) mr_sim_kill(sim);
    finish(actor, op, sim->is_dead ? -EOWNERDEAD : result);
}

/* The flight that is due first; the earlier submitted of equals. */
static bool next_flight(const struct mr_sim *sim, uint32_t *out_index)
{
    bool has_one = false;
    for (uint32_t i = 0; i < sim->flight_count; i++) {
        if (has_one && sim->flights[i].due_us >= sim->flights[*out_index].due_us) continue;
        *out_index = i;
        has_one = true;
    }
    return has_one;
}

static void land_due(struct mr_sim *sim)
{
    uint32_t index;
    while (next_flight(sim, &index) && sim->flights[index].due_us <= sim->mono_us) {
        land(sim, index);
    }
}

/* Most operations are quick, one in eight is not. */
static int64_t delay_of(struct mr_sim *sim, const struct mr_io_op *op)
{
    if (op->kind == MR_IO_TIMER) return (int64_t)MR_MIN(op->off, (uint64_t)INT64_MAX / 2);
    uint64_t max = (uint64_t)sim->options.delay_max_us;
    if (mr_rng_below(&sim->rng, 8) > 0) max = MR_MAX(max / 50, 1u);
    return 1 + (int64_t)mr_rng_below(&sim->rng, max);
}

static void sim_submit(struct mr_io *io, struct mr_io_op *op)
{
    struct actor *actor = actor_of(io);
    struct mr_sim *sim = actor->sim;
    if (sim->is_dead) {
        finish(actor, op, -EOWNERDEAD);
        return;
    }
    if (sim->flight_count == sim->flight_capacity) {
        sim->flight_capacity = MR_MAX(sim->flight_capacity * 2, 64u);
        sim->flights = realloc(sim->flights, sim->flight_capacity * sizeof *sim->flights);
        MR_ASSERT(sim->flights != NULL);
    }
    sim->flights[sim->flight_count++] =
        (struct flight){op, actor, sim->mono_us + delay_of(sim, op)};
    actor->in_flight++;
}

static void sim_cancel(struct mr_io *io, struct mr_io_op *op)
{
    struct mr_sim *sim = actor_of(io)->sim;
    if (op->kind != MR_IO_TIMER) return;
    for (uint32_t i = 0; i < sim->flight_count; i++) {
        if (sim->flights[i].op != op) continue;
        struct flight flight = remove_flight(sim, i);
        finish(flight.actor, op, -ECANCELED);
        return;
    }
}

/* ---- the scheduler ---- */

static bool is_runnable(const struct mr_sim *sim, const struct actor *actor)
{
    if (actor->step == NULL || actor->is_stepping || actor->is_closed) return false;
    if (!actor->is_asleep || actor->is_woken || actor->done.first != NULL) return true;
    return actor->asleep_until <= sim->mono_us;
}

static bool step_someone(struct mr_sim *sim)
{
    struct actor *runnable[ACTORS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->actor_count; i++) {
        if (is_runnable(sim, sim->actors[i])) runnable[count++] = sim->actors[i];
    }
    if (count == 0) return false;
    struct actor *actor = runnable[mr_rng_below(&sim->rng, count)];
    actor->is_asleep = false;
    actor->is_stepping = true;
    bool goes_on = actor->step(actor->ctx);
    actor->is_stepping = false;
    if (!goes_on) {
        actor->step = NULL;
        trace(sim, actor, "ended", NULL, 0);
    }
    sim->mono_us += 1 + (int64_t)mr_rng_below(&sim->rng, TURN_US_MAX);
    return true;
}

/* Moves the clock to the next thing that will happen by itself, at most to `deadline`. */
static void move_clock(struct mr_sim *sim, int64_t deadline)
{
    int64_t next = deadline;
    uint32_t index;
    if (next_flight(sim, &index)) next = MR_MIN(next, sim->flights[index].due_us);
    for (uint32_t i = 0; i < sim->actor_count; i++) {
        const struct actor *actor = sim->actors[i];
        if (actor->step == NULL || actor->is_stepping || !actor->is_asleep) continue;
        next = MR_MIN(next, actor->asleep_until);
    }
    if (next == INT64_MAX) give_up(sim, "deadlock: everybody waits and nothing is in flight");
    sim->mono_us = MR_MAX(sim->mono_us, next);
}

static void run_others(struct actor *self, int64_t deadline)
{
    struct mr_sim *sim = self->sim;
    for (;;) {
        land_due(sim);
        if (self->done.first != NULL || self->is_woken || sim->mono_us >= deadline) return;
        if (++sim->turns > sim->options.turns_max) give_up(sim, "hanging: too many turns");
        if (!step_someone(sim)) move_clock(sim, deadline);
    }
}

/* A poll that does not sleep lets one other actor have its turn, so that a loop of such polls goes
 * on in time, as it would on a machine. */
static void run_one_turn(struct mr_sim *sim)
{
    land_due(sim);
    if (++sim->turns > sim->options.turns_max) give_up(sim, "hanging: too many turns");
    if (!step_someone(sim)) sim->mono_us++;
    land_due(sim);
}

static struct mr_io_op *sim_poll(struct mr_io *io, int64_t wait_us)
{
    struct actor *self = actor_of(io);
    struct mr_sim *sim = self->sim;
    int64_t until = wait_us < 0 ? INT64_MAX : sim->mono_us + MR_MIN(wait_us, INT64_MAX / 4);
    if (!self->is_stepping) {
        if (wait_us == 0) {
            run_one_turn(sim);
        } else {
            run_others(self, until);
        }
    } else if (self->done.first == NULL && !self->is_woken && wait_us != 0) {
        self->is_asleep = true;
        self->asleep_until = until;
    }
    if (wait_us != 0) self->is_woken = false; /* a poll that does not sleep keeps the wake */
    return mr_op_list_take(&self->done);
}

static void sim_wake(struct mr_io *io)
{
    actor_of(io)->is_woken = true;
}

static int64_t sim_now_us(struct mr_io *io)
{
    return wall_us(actor_of(io)->sim);
}

static int64_t sim_mono(struct mr_io *io)
{
    return actor_of(io)->sim->mono_us;
}

static uint64_t sim_random(struct mr_io *io)
{
    return mr_rng_next(&actor_of(io)->rng);
}

static void sim_io_close(struct mr_io *io)
{
    struct actor *actor = actor_of(io);
    MR_ASSERT(actor->in_flight == 0);
    MR_ASSERT(actor->done.first == NULL);
    actor->is_closed = true;
}

static const struct mr_io_driver sim_driver = {
    .name = "sim",
    .submit = sim_submit,
    .poll = sim_poll,
    .wake = sim_wake,
    .cancel = sim_cancel,
    .now_us = sim_now_us,
    .mono_us = sim_mono,
    .random = sim_random,
    .close = sim_io_close,
};

/* ---- open and close ---- */

struct mr_sim *mr_sim_open(struct mr_simdisk *disk, const struct mr_sim_options *options)
{
    struct mr_sim *sim = calloc(1, sizeof *sim);
    MR_ASSERT(sim != NULL);
    sim->disk = disk;
    sim->options = *options;
    if (sim->options.start_us == 0) sim->options.start_us = wall_start_us;
    if (sim->options.turns_max == 0) sim->options.turns_max = 20000000;
    if (sim->options.delay_max_us == 0) sim->options.delay_max_us = 5000;
    sim->hash = UINT64_C(0xcbf29ce484222325);
    sim->mono_us = 1000000;
    mr_rng_init(&sim->rng, options->seed);
    sim->owner = (uint32_t)(mr_rng_next(&sim->rng) >> 33) + 1;
    return sim;
}

void mr_sim_close(struct mr_sim *sim)
{
    mr_simdisk_release(sim->disk, sim->owner);
    for (uint32_t i = 0; i < sim->actor_count; i++) {
        MR_ASSERT(sim->actors[i]->is_closed);
        free(sim->actors[i]);
    }
    free(sim->flights);
    free(sim);
}

struct mr_io *mr_sim_io(struct mr_sim *sim, const char *name)
{
    MR_ASSERT(sim->actor_count < ACTORS_MAX);
    struct actor *actor = calloc(1, sizeof *actor);
    MR_ASSERT(actor != NULL);
    actor->io.driver = &sim_driver;
    actor->sim = sim;
    actor->name = name;
    actor->index = sim->actor_count;
    mr_rng_init(&actor->rng, sim->options.seed * 1000003 + actor->index);
    sim->actors[sim->actor_count++] = actor;
    return &actor->io;
}

void mr_sim_steps(struct mr_io *io, bool (*step)(void *ctx), void *ctx)
{
    struct actor *actor = actor_of(io);
    actor->step = step;
    actor->ctx = ctx;
}

void mr_sim_jump(struct mr_sim *sim, int64_t us)
{
    sim->wall_off_us += us;
}

bool mr_sim_is_dead(const struct mr_sim *sim)
{
    return sim->is_dead;
}

uint64_t mr_sim_op_count(const struct mr_sim *sim)
{
    return sim->op_count;
}

uint64_t mr_sim_trace_hash(const struct mr_sim *sim)
{
    return sim->hash;
}

int64_t mr_sim_mono_us(const struct mr_sim *sim)
{
    return sim->mono_us;
}

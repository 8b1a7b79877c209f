#include "core/shard/shard.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { RING_SLOTS = 256, IDLE_US = 20, STEP_LIMIT_US = 500 };

/* Steps of each class in one turn. */
static const uint32_t turn_share[MR_CLASS_COUNT] = {16, 4, 1};

mr_status mr_shard_init(struct mr_shard *shard, struct mr_heap *heap,
                        const struct mr_shard_options *options, struct mr_err *err)
{
    memset(shard, 0, sizeof *shard);
    shard->options = *options;
    shard->heap = heap;
    mr_bell_init(&shard->bell, NULL);
    if (shard->options.ring_slots == 0) shard->options.ring_slots = RING_SLOTS;
    if (shard->options.idle_us == 0) shard->options.idle_us = IDLE_US;
    if (shard->options.step_limit_us == 0) shard->options.step_limit_us = STEP_LIMIT_US;
    mr_status status = mr_ring_init(&shard->inbox, heap, shard->options.ring_slots, err);
    if (status == MR_OK) {
        status = mr_ring_init(&shard->outbox, heap, shard->options.ring_slots, err);
    }
    if (status != MR_OK) mr_shard_fini(shard);
    return status;
}

void mr_shard_fini(struct mr_shard *shard)
{
    mr_shard_release(shard);
    mr_ring_fini(&shard->inbox);
    mr_ring_fini(&shard->outbox);
}

/* Statistics have one writer: a relaxed load and store are enough, and cost no locked instruction.
 * Pairs with relaxed loads by whoever reads. */
static void count(_Atomic uint64_t *counter, uint64_t by)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + by, memory_order_relaxed);
}

/* ---- steps ---- */

void mr_shard_ready(struct mr_shard *shard, struct mr_step *step)
{
    MR_ASSERT(step->class_of < MR_CLASS_COUNT);
    if (step->is_queued) return;
    struct mr_step_queue *queue = &shard->queues[step->class_of];
    step->is_queued = true;
    step->next = NULL;
    if (queue->first == NULL) {
        queue->first = step;
    } else {
        queue->last->next = step;
    }
    queue->last = step;
}

void mr_shard_withdraw(struct mr_shard *shard, struct mr_step *step)
{
    if (!step->is_queued) return;
    struct mr_step_queue *queue = &shard->queues[step->class_of];
    struct mr_step *before = NULL, *at = queue->first;
    while (at != step) {
        before = at;
        at = at->next;
        MR_ASSERT(at != NULL);
    }
    if (before == NULL) {
        queue->first = step->next;
    } else {
        before->next = step->next;
    }
    if (queue->last == step) queue->last = before;
    step->is_queued = false;
}

static void note_duration(struct mr_shard *shard, const char *name, int64_t took_us)
{
    struct mr_shard_stats *stats = &shard->stats;
    uint64_t took = took_us < 0 ? 0 : (uint64_t)took_us;
    if (took > (uint64_t)shard->options.step_limit_us) count(&stats->steps_over, 1);
    if (took <= atomic_load_explicit(&stats->step_us_max, memory_order_relaxed)) return;
    atomic_store_explicit(&stats->step_us_max, took, memory_order_relaxed);
    atomic_store_explicit(&stats->step_worst, name, memory_order_relaxed);
}

/* The step may have ceased to exist when it returns false: it is not looked at again. */
static void run_one(struct mr_shard *shard, struct mr_step_queue *queue, int64_t *clock_us)
{
    struct mr_step *step = queue->first;
    const char *name = step->name;
    mr_class class_of = step->class_of;
    queue->first = step->next;
    step->is_queued = false;
    bool has_more = step->step(step, shard);
    if (has_more) mr_shard_ready(shard, step);
    int64_t end_us = mr_io_mono_us(shard->io);
    note_duration(shard, name, end_us - *clock_us);
    count(&shard->stats.steps[class_of], 1);
    *clock_us = end_us;
}

static bool run_steps(struct mr_shard *shard)
{
    int64_t clock_us = shard->now_us;
    bool has_run = false;
    for (uint32_t c = 0; c < MR_CLASS_COUNT; c++) {
        struct mr_step_queue *queue = &shard->queues[c];
        for (uint32_t i = 0; i < turn_share[c] && queue->first != NULL; i++) {
            run_one(shard, queue, &clock_us);
            has_run = true;
        }
    }
    return has_run;
}

/* ---- timers ---- */

void mr_shard_timer_set(struct mr_shard *shard, struct mr_timer *timer, int64_t due_us)
{
    mr_shard_timer_clear(shard, timer);
    struct mr_timer **link = &shard->timers;
    while (*link != NULL && (*link)->due_us <= due_us) link = &(*link)->next;
    timer->due_us = due_us;
    timer->is_set = true;
    timer->next = *link;
    *link = timer;
}

void mr_shard_timer_clear(struct mr_shard *shard, struct mr_timer *timer)
{
    if (!timer->is_set) return;
    struct mr_timer **link = &shard->timers;
    while (*link != timer) {
        MR_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = timer->next;
    timer->is_set = false;
}

static bool fire_timers(struct mr_shard *shard)
{
    bool has_fired = false;
    while (shard->timers != NULL && shard->timers->due_us <= shard->now_us) {
        struct mr_timer *timer = shard->timers;
        shard->timers = timer->next;
        timer->is_set = false;
        timer->fire(timer, shard);
        has_fired = true;
    }
    return has_fired;
}

/* ---- descriptors ---- */

void mr_shard_attach(struct mr_shard *shard, struct mr_intake *intake)
{
    MR_ASSERT(!shard->is_running);
    intake->next = shard->intakes;
    shard->intakes = intake;
}

static bool take_in(struct mr_shard *shard)
{
    struct mr_desc desc;
    bool has_come = false;
    while (mr_ring_take(&shard->inbox, &desc)) {
        mr_ring_give_back(&shard->inbox);
        shard->options.receive(shard, &desc, shard->options.ctx);
        has_come = true;
    }
    for (struct mr_intake *in = shard->intakes; in != NULL; in = in->next) {
        has_come |= in->drain(in, shard);
    }
    return has_come;
}

static void send_out(struct mr_shard *shard)
{
    for (struct mr_intake *in = shard->intakes; in != NULL; in = in->next) in->flush(in, shard);
    if (!shard->has_reported) return;
    shard->has_reported = false;
    mr_ring_publish(&shard->outbox);
    if (shard->options.control != NULL) mr_bell_ring(shard->options.control);
}

bool mr_shard_report(struct mr_shard *shard, const struct mr_desc *desc)
{
    if (!mr_ring_put(&shard->outbox, desc)) return false;
    shard->has_reported = true;
    return true;
}

/* ---- by control ---- */

bool mr_shard_post(struct mr_shard *shard, const struct mr_desc *desc)
{
    if (!mr_ring_put(&shard->inbox, desc)) return false;
    mr_ring_publish(&shard->inbox);
    mr_bell_ring(&shard->bell);
    return true;
}

bool mr_shard_next(struct mr_shard *shard, struct mr_desc *out_desc)
{
    if (!mr_ring_take(&shard->outbox, out_desc)) return false;
    mr_ring_give_back(&shard->outbox);
    return true;
}

void mr_shard_stop(struct mr_shard *shard)
{
    /* Pairs with the acquire in mr_shard_turn. */
    atomic_store_explicit(&shard->stop_asked, true, memory_order_release);
    mr_bell_ring(&shard->bell);
}

/* ---- the loop ---- */

void mr_shard_begin(struct mr_shard *shard, struct mr_io *io)
{
    MR_ASSERT(!shard->is_running);
    shard->io = io;
    shard->bell.io = io;
    shard->now_us = mr_io_mono_us(io);
    shard->busy_us = shard->now_us;
    shard->is_running = true;
}

static bool has_steps(const struct mr_shard *shard)
{
    for (uint32_t c = 0; c < MR_CLASS_COUNT; c++) {
        if (shard->queues[c].first != NULL) return true;
    }
    return false;
}

static int64_t sleep_us(const struct mr_shard *shard)
{
    if (shard->timers == NULL) return -1;
    return MR_MAX(shard->timers->due_us - mr_io_mono_us(shard->io), INT64_C(0));
}

/* Runs completions, sleeping for them when there has been nothing else for a while.
 * returns whether anything happened */
static bool poll_io(struct mr_shard *shard)
{
    bool is_idle = !has_steps(shard) && shard->now_us - shard->busy_us >= shard->options.idle_us;
    uint32_t completions;
    bool has_come = false;
    if (!is_idle) {
        completions = mr_io_run(shard->io, 0);
    } else {
        mr_bell_arm(&shard->bell);
        /* The second look: see bell.h. The acquire pairs with the release in mr_shard_stop. */
        bool is_stopping = atomic_load_explicit(&shard->stop_asked, memory_order_acquire);
        has_come = take_in(shard);
        bool must_stay = has_come || is_stopping || has_steps(shard);
        if (!must_stay) count(&shard->stats.sleeps, 1);
        completions = mr_io_run(shard->io, must_stay ? 0 : sleep_us(shard));
        /* When nothing completed the bell was rung (and is disarmed), or a timer ran out, or a
         * simulation has only noted that this shard sleeps: then it must stay armed. */
        if (must_stay || completions > 0) mr_bell_disarm(&shard->bell);
    }
    if (completions > 0) count(&shard->stats.completions, completions);
    return has_come || completions > 0;
}

bool mr_shard_turn(struct mr_shard *shard)
{
    MR_ASSERT(shard->is_running);
    bool has_happened = poll_io(shard);
    shard->now_us = mr_io_mono_us(shard->io);
    has_happened |= take_in(shard);
    has_happened |= fire_timers(shard);
    has_happened |= run_steps(shard);
    send_out(shard);
    if (has_happened) shard->busy_us = shard->now_us;
    count(&shard->stats.turns, 1);
    /* Pairs with the release in mr_shard_stop. */
    if (!atomic_load_explicit(&shard->stop_asked, memory_order_acquire)) return true;
    shard->is_running = false;
    return false;
}

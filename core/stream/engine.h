/* The engine: shards, and the control loop that steps flows.
 *
 * The control thread owns flows and talks to shards through rings only. One turn hands reports to
 * their flows and steps every flow; when nothing moved it sleeps in its own io until a shard rings
 * its bell, an idle flow is due or somebody wakes it. Shards run on threads of their own, or are
 * stepped by a simulation from the control io's poll: the loop is the same.
 *
 *   init ─▶ start (threads) or begin (simulation) ─▶ run ... run ─▶ stop ─▶ fini */
#ifndef MR_CORE_STREAM_ENGINE_H
#define MR_CORE_STREAM_ENGINE_H

#include "core/stream/flow.h"

struct mr_engine {
    struct mr_heap *heap;
    struct mr_io *io; /* the control thread's */
    struct mr_bell bell;
    struct mr_shard **shards;
    uint32_t shard_count;
    bool are_threads;
};

/* mr_engine_init: `count` shards, none of them running. `cpus[count]` to pin them to, or null. */
MR_MUST_USE mr_status mr_engine_init(struct mr_engine *engine, struct mr_heap *heap,
                                     struct mr_io *io, uint32_t count, const int32_t *cpus,
                                     struct mr_err *err);

/* mr_engine_start: starts a thread for every shard; `open` gives each its io, on that thread. */
MR_MUST_USE mr_status mr_engine_start(struct mr_engine *engine, mr_shard_open_io open, void *ctx,
                                      struct mr_err *err);

/* mr_engine_stop: ends the threads. No flow is open. mr_engine_fini. Both also after a failed init.
 */
void mr_engine_stop(struct mr_engine *engine);
void mr_engine_fini(struct mr_engine *engine);

/* mr_engine_run: steps the flows until each is DONE or FAILED.
 * tick   called about every 100 ms and after every epoch, for progress and signals; it may call
 *        mr_flow_stop. null = none
 * returns how many flows failed */
typedef void (*mr_engine_tick)(void *ctx, struct mr_flow *flows, uint32_t count);
uint32_t mr_engine_run(struct mr_engine *engine, struct mr_flow *flows, uint32_t count,
                       mr_engine_tick tick, void *ctx);

#endif

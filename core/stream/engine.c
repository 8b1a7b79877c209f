#include "core/stream/engine.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "numa/topology.h"

enum { TICK_US = 100000 };

static void shard_receive(struct mr_shard *shard, const struct mr_desc *desc, void *ctx)
{
    (void)shard;
    (void)ctx;
    mr_worker_receive(desc->object, desc);
}

mr_status mr_engine_init(struct mr_engine *engine, struct mr_heap *heap, struct mr_io *io,
                         uint32_t count, const int32_t *cpus, struct mr_err *err)
{
    MR_ASSERT(count > 0);
    *engine = (struct mr_engine){.heap = heap, .io = io};
    mr_bell_init(&engine->bell, io);
    engine->shards = mr_heap_zeroed(heap, count * sizeof *engine->shards);
    if (engine->shards == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for shards");
    engine->shard_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct mr_shard_options options = {.index = i,
                                           .cpu = cpus == NULL ? MR_CPU_ANY : cpus[i],
                                           .control = &engine->bell,
                                           .receive = shard_receive};
        struct mr_shard *shard = mr_heap_zeroed(heap, sizeof *shard);
        if (shard == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for shards");
        mr_status status = mr_shard_init(shard, heap, &options, err);
        if (status != MR_OK) {
            mr_heap_give(heap, shard, sizeof *shard);
            return status;
        }
        engine->shards[i] = shard;
    }
    return MR_OK;
}

mr_status mr_engine_start(struct mr_engine *engine, mr_shard_open_io open, void *ctx,
                          struct mr_err *err)
{
    for (uint32_t i = 0; i < engine->shard_count; i++) {
        mr_status status = mr_shard_start(engine->shards[i], open, ctx, err);
        if (status != MR_OK) {
            while (i-- > 0) {
                mr_shard_stop(engine->shards[i]);
                mr_shard_join(engine->shards[i]);
            }
            return status;
        }
    }
    engine->are_threads = true;
    return MR_OK;
}

void mr_engine_stop(struct mr_engine *engine)
{
    for (uint32_t i = 0; i < engine->shard_count; i++) {
        if (engine->shards[i] != NULL) mr_shard_stop(engine->shards[i]);
    }
    for (uint32_t i = 0; engine->are_threads && i < engine->shard_count; i++) {
        mr_shard_join(engine->shards[i]);
    }
    engine->are_threads = false;
}

void mr_engine_fini(struct mr_engine *engine)
{
    if (engine->shards == NULL) return;
    for (uint32_t i = 0; i < engine->shard_count; i++) {
        if (engine->shards[i] == NULL) continue;
        mr_shard_fini(engine->shards[i]);
        mr_heap_give(engine->heap, engine->shards[i], sizeof *engine->shards[i]);
    }
    mr_heap_give(engine->heap, engine->shards, engine->shard_count * sizeof *engine->shards);
    engine->shards = NULL;
}

static bool hand_out_reports(struct mr_engine *engine)
{
    struct mr_desc desc;
    bool did = false;
    for (uint32_t i = 0; i < engine->shard_count; i++) {
        while (mr_shard_next(engine->shards[i], &desc)) {
            struct mr_worker *worker = desc.object;
            mr_flow_report(worker->flow, &desc);
            did = true;
        }
    }
    return did;
}

/* Steps every flow once. *due_us is the earliest time an idle one wants to be stepped again. */
static bool step_flows(struct mr_flow *flows, uint32_t count, uint32_t *open, int64_t *due_us)
{
    bool did = false;
    *open = 0;
    *due_us = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        switch (mr_flow_step(&flows[i])) {
        case MR_FLOW_BUSY:
            did = true;
            (*open)++;
            break;
        case MR_FLOW_WAITING: (*open)++; break;
        case MR_FLOW_IDLE:
            (*open)++;
            *due_us = MR_MIN(*due_us, flows[i].due_us);
            break;
        case MR_FLOW_DONE:
        case MR_FLOW_FAILED: break;
        }
    }
    return did;
}

static void rest(struct mr_engine *engine, int64_t until_us)
{
    mr_bell_arm(&engine->bell);
    int64_t wait_us = until_us - mr_io_mono_us(engine->io);
    if (!hand_out_reports(engine) && wait_us > 0) (void)mr_io_run(engine->io, wait_us);
    mr_bell_disarm(&engine->bell);
}

uint32_t mr_engine_run(struct mr_engine *engine, struct mr_flow *flows, uint32_t count,
                       mr_engine_tick tick, void *ctx)
{
    uint32_t open = count, failed = 0;
    int64_t due_us, tick_us = 0;
    while (open > 0) {
        bool did = hand_out_reports(engine);
        did = step_flows(flows, count, &open, &due_us) || did;
        int64_t now_us = mr_io_mono_us(engine->io);
        if (tick != NULL && now_us >= tick_us) {
            tick(ctx, flows, count);
            tick_us = now_us + TICK_US;
        }
        if (!did && open > 0) rest(engine, MR_MIN(due_us, now_us + TICK_US));
    }
    for (uint32_t i = 0; i < count; i++) failed += flows[i].has_failed;
    return failed;
}

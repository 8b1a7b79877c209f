#include "tools/millrace/runtime.h"

#include <signal.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "io/posix/posix_io.h"
#include "io/uring/uring_io.h"
#include "numa/topology.h"
#include "tools/millrace/cgroup.h"

enum { CREW_MEMBERS = 4 }; /* syncs of the control thread go together */

/* Set by the handler alone; a signal handler has no other way to say anything. */
static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    if (stop_signal != 0) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    stop_signal = number;
}

int mr_runtime_stop_asked(void)
{
    return stop_signal;
}

void mr_runtime_forget_stop(void)
{
    stop_signal = 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static mr_status read_fault(struct mr_runtime *r, struct mr_err *err)
{
    const char *text = mr_cli_text(r->cli, "fault");
    mr_fault_init(&r->fault);
    if (text == NULL) return MR_OK;
    r->has_fault = true;
    return mr_fault_parse(&r->fault, mr_span_of(text), err);
}

static mr_status wrap_fault(struct mr_runtime *r, struct mr_heap *heap, struct mr_io **io,
                            struct mr_err *err)
{
    struct mr_io *inner = *io;
    if (!r->has_fault) return MR_OK;
    mr_status status = mr_fault_open(heap, &r->fault, inner, io, err);
    if (status != MR_OK) mr_io_close(inner);
    return status;
}

mr_status mr_runtime_open(struct mr_runtime *runtime, struct mr_cli *cli, struct mr_err *err)
{
    struct mr_posix_options direct = {0};
    *runtime = (struct mr_runtime){.cli = cli};
    runtime->wants_uring = strcmp(mr_cli_text(cli, "io"), "poll") != 0;
    mr_heap_init(&runtime->heap, 0);
    MR_TRY(read_fault(runtime, err));
    catch_signals();
    MR_TRY(mr_posix_open(&runtime->heap, &direct, &runtime->control, err));
    runtime->io = runtime->control;
    return wrap_fault(runtime, &runtime->heap, &runtime->io, err);
}

/* On the shard's thread. */
static mr_status open_shard_io(struct mr_shard *shard, void *ctx, struct mr_io **out_io,
                               struct mr_err *err)
{
    struct mr_runtime *r = ctx;
    struct mr_shares *shares = shard->shares;
    struct mr_heap *heap = &shares->own.heap;
    mr_status status = MR_E_UNSUPPORTED;
    if (r->wants_uring) {
        /* Without the pools as registered memory, which gains nothing: docs/decisions.md, 20. */
        struct mr_uring_options options = {.crew = r->crew};
        status = mr_uring_open(heap, &options, out_io, err);
        if (status == MR_E_UNSUPPORTED) r->is_polling = true;
    }
    if (status == MR_E_UNSUPPORTED) {
        struct mr_posix_options options = {.crew = r->crew};
        status = mr_posix_open(heap, &options, out_io, err);
    }
    return status == MR_OK ? wrap_fault(r, heap, out_io, err) : status;
}

static mr_status shard_count(struct mr_runtime *r, uint32_t *out_count, struct mr_err *err)
{
    int64_t wanted = mr_cli_text(r->cli, "threads") == NULL ? 0 : mr_cli_int(r->cli, "threads");
    if (wanted == 0) {
        uint32_t cores;
        MR_TRY(mr_topology_cores(&cores, err));
        *out_count = MR_MIN(cores, mr_cgroup_cpus(""));
        return MR_OK;
    }
    *out_count = (uint32_t)wanted;
    return MR_OK;
}

/* The memory of each shard, on its node. */
static mr_status map_regions(struct mr_runtime *r, const struct mr_place *places, uint32_t count,
                             uint32_t flows, struct mr_err *err)
{
    size_t bytes = (size_t)mr_cli_int(r->cli, "memory") & ~(size_t)(MR_REGION_ALIGN - 1);
    for (uint32_t i = 0; i < count; i++) {
        struct mr_region *region = &r->regions[i];
        MR_TRY(mr_region_map(MR_MAX(bytes, (size_t)MR_REGION_ALIGN), places[i].node, region, err));
        MR_TRY(mr_shares_init(&r->shares[i], region->at, region->bytes, flows,
                              mr_worker_pool_bytes(), MR_WORKER_HEAP_MIN, err));
    }
    return MR_OK;
}

static void unmap_regions(struct mr_runtime *r)
{
    for (uint32_t i = 0; i < MR_RUNTIME_SHARDS_MAX; i++) {
        mr_shares_fini(&r->shares[i]);
        mr_region_unmap(&r->regions[i]);
    }
}

mr_status mr_runtime_start(struct mr_runtime *runtime, uint32_t flows, struct mr_err *err)
{
    struct mr_place places[MR_RUNTIME_SHARDS_MAX];
    int32_t cpus[MR_RUNTIME_SHARDS_MAX];
    uint32_t count;
    MR_TRY(shard_count(runtime, &count, err));
    count = MR_MIN(count, (uint32_t)MR_RUNTIME_SHARDS_MAX);
    MR_TRY(mr_topology_place(count, places, err));
    for (uint32_t i = 0; i < count; i++) cpus[i] = places[i].cpu;
    MR_TRY(map_regions(runtime, places, count, flows, err));
    mr_heap_init(&runtime->crew_heap, 0);
    MR_TRY(mr_crew_open(&runtime->crew_heap, CREW_MEMBERS, &runtime->crew, err));
    mr_posix_lend_syncs(runtime->control, runtime->crew);
    runtime->has_engine = true;
    MR_TRY(mr_engine_init(&runtime->engine, &runtime->heap, runtime->io, count, cpus, err));
    for (uint32_t i = 0; i < count; i++) runtime->engine.shards[i]->shares = &runtime->shares[i];
    MR_TRY(mr_engine_start(&runtime->engine, open_shard_io, runtime, err));
    if (runtime->is_polling) {
        mr_cli_say(runtime->cli, MR_SAY_WARN,
                   "the kernel refuses io_uring; going on with system calls (--io=poll)");
    }
    return MR_OK;
}

void mr_runtime_close(struct mr_runtime *runtime)
{
    if (runtime->has_engine) {
        mr_engine_stop(&runtime->engine);
        mr_engine_fini(&runtime->engine);
    }
    unmap_regions(runtime);
    if (runtime->crew != NULL) mr_posix_lend_syncs(runtime->control, NULL);
    mr_crew_close(runtime->crew);
    if (runtime->io != NULL) mr_io_close(runtime->io);
    runtime->io = NULL;
}

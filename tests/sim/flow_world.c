#include "tests/sim/flow_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/pipeline/flow_setup.h"
#include "core/stream/engine.h"
#include "io/fault/fault.h"
#include "io/files/files_source.h"
#include "kernels/codec/codec.h"

enum {
    SHARDS_MAX = 4,
    WORKER_BYTES = 96 << 20,
    FILE_BYTES_MAX = 1 << 20,
    STOP_TICKS = 12,
    CROWD = 60, /* partitions of a crowded world */
};

static const char spec_text[] = "name: world\nstorage: storage\n"
                                "libraries:\n  - glob: {include: transformations/**}\n";

/* ---- the input ---- */

static void add_record(struct mr_world *w, struct mr_text *text, uint64_t id, bool is_wide)
{
    static const char *const partitions[] = {"\"a\"", "\"b/c d=é\"", "null", "\"\""};
    char many[16];
    uint64_t p = mr_rng_below(&w->rng, MR_COUNT_OF(partitions));
    const char *partition = partitions[p];
    if (w->shape.is_crowded) {
        (void)snprintf(many, sizeof many, "\"p%u\"", (unsigned)mr_rng_below(&w->rng, CROWD));
        partition = many;
    }
    mr_text_addf(text, "{\"id\":%llu,\"p\":%s,\"v\":\"%.*s\"", (unsigned long long)id, partition,
                 (int)mr_rng_below(&w->rng, 40),
                 "some text that is long enough to be cut anywhere");
    if (is_wide) mr_text_addf(text, ",\"extra\":%llu", (unsigned long long)id * 2);
    mr_text_adds(text, "}\n");
}

static void put_packed(struct mr_world *w, struct mr_heap *heap, const char *path,
                       struct mr_span text)
{
    const struct mr_codec_limits limits = {0};
    struct mr_codec *codec;
    size_t bytes = mr_codec_footprint(&limits), packed = 0;
    size_t room = mr_codec_bound(MR_CODEC_GZIP, text.bytes);
    void *memory = mr_heap_take(heap, bytes);
    char *out = mr_heap_take(heap, room);
    MR_ASSERT(memory != NULL && out != NULL);
    mr_status status = mr_codec_init(memory, &limits, &codec, NULL);
    MR_ASSERT(status == MR_OK);
    status =
        mr_codec_compress(codec, MR_CODEC_GZIP, text.text, text.bytes, out, room, &packed, NULL);
    MR_ASSERT(status == MR_OK);
    mr_simdisk_put(w->disk, path, (struct mr_span){out, packed});
    mr_heap_give(heap, out, room);
    mr_heap_give(heap, memory, bytes);
}

void mr_world_produce(struct mr_world *world)
{
    struct mr_heap heap;
    struct mr_text text;
    char path[96];
    uint32_t all = world->shape.files + world->shape.late_files;
    bool is_wide = world->files >= all / 2;
    if (world->shape.is_column_hidden) {
        is_wide = world->files >= all / 3 && world->files < all * 2 / 3;
    }
    bool is_packed = world->shape.has_gzip && mr_rng_below(&world->rng, 3) == 0;
    /* So many that epochs that are cut have some. */
    uint64_t rarity = world->shape.has_bad_path ? 4 : 16;
    uint64_t records = 1 + mr_rng_below(&world->rng, 2 * (uint64_t)world->shape.records);
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    for (uint64_t i = 0; i < records; i++) {
        add_record(world, &text, ++world->ids, is_wide && world->shape.has_new_column);
        if (!world->shape.has_malformed || mr_rng_below(&world->rng, rarity) > 0) continue;
        mr_text_addf(&text, "{\"bad\": %llu, no JSON\n", (unsigned long long)++world->malformed);
    }
    MR_ASSERT(mr_text_end(&text, NULL) == MR_OK && text.used < FILE_BYTES_MAX);
    (void)snprintf(path, sizeof path, MR_WORLD_LANDING "/%s%04u.json%s",
                   world->files % 3 == 1 ? "sub/" : "", world->files, is_packed ? ".gz" : "");
    if (is_packed) {
        put_packed(world, &heap, path, mr_text_span(&text));
    } else {
        mr_simdisk_put(world->disk, path, mr_text_span(&text));
    }
    mr_simdisk_touch(world->disk, path, INT64_C(1735000000000000) + world->files * INT64_C(1000));
    world->files++;
    mr_text_fini(&text);
    MR_ASSERT(heap.used_bytes == 0);
}

bool mr_world_mend(struct mr_world *world, uint32_t file)
{
    struct mr_heap heap;
    struct mr_text text;
    struct mr_span content;
    char path[96];
    uint64_t records = 1 + mr_rng_below(&world->rng, world->shape.records);
    (void)snprintf(path, sizeof path, MR_WORLD_LANDING "/%s%04u.json", file % 3 == 1 ? "sub/" : "",
                   file);
    if (!mr_simdisk_get(world->disk, path, &content)) return false;
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    mr_text_add(&text, content.text, content.bytes);
    for (uint64_t i = 0; i < records; i++) {
        add_record(world, &text, ++world->ids, world->shape.has_new_column);
    }
    MR_ASSERT(mr_text_end(&text, NULL) == MR_OK && text.used < FILE_BYTES_MAX);
    mr_simdisk_put(world->disk, path, mr_text_span(&text));
    mr_simdisk_touch(world->disk, path,
                     INT64_C(1736000000000000) + (int64_t)world->ids * INT64_C(1000));
    mr_text_fini(&text);
    MR_ASSERT(heap.used_bytes == 0);
    return true;
}

/* ---- another writer ---- */

void mr_world_rival(struct mr_world *world, int64_t version, bool is_text)
{
    static const char text_of_v[] = "\\\"name\\\":\\\"v\\\",\\\"type\\\":\\\"string\\\"";
    static const char number_of_v[] = "\\\"name\\\":\\\"v\\\",\\\"type\\\":\\\"long\\\"";
    struct mr_heap heap;
    struct mr_text text;
    struct mr_span log;
    char path[160];
    bool is_there =
        mr_simdisk_get(world->disk, MR_WORLD_TABLE "/_delta_log/00000000000000000000.json", &log);
    MR_ASSERT(is_there);
    const char *action = memmem(log.text, log.bytes, "{\"metaData\"", 11);
    MR_ASSERT(action != NULL);
    const char *end = memchr(action, '\n', log.bytes - (size_t)(action - log.text));
    const char *at = memmem(action, (size_t)(end - action), text_of_v, sizeof text_of_v - 1);
    MR_ASSERT(end != NULL && at != NULL);
    mr_heap_init(&heap, 0);
    mr_text_init(&text, &heap);
    mr_text_adds(&text, "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"REPLACE COLUMNS\","
                        "\"operationParameters\":{}}}\n");
    mr_text_add(&text, action, (size_t)(at - action));
    mr_text_adds(&text, is_text ? text_of_v : number_of_v);
    at += sizeof text_of_v - 1;
    mr_text_add(&text, at, (size_t)(end + 1 - at));
    MR_ASSERT(mr_text_end(&text, NULL) == MR_OK);
    (void)snprintf(path, sizeof path, MR_WORLD_TABLE "/_delta_log/%020lld.json",
                   (long long)version);
    mr_simdisk_put(world->disk, path, mr_text_span(&text));
    mr_text_fini(&text);
    MR_ASSERT(heap.used_bytes == 0);
}

/* ---- the world ---- */

void mr_world_open(struct mr_world *world, const struct mr_world_shape *shape, uint64_t seed)
{
    char sql[640], limit[64] = "";
    *world = (struct mr_world){.shape = *shape, .disk = mr_simdisk_open()};
    mr_rng_init(&world->rng, seed);
    if (shape->files_per_trigger > 0) {
        (void)snprintf(limit, sizeof limit, ", maxFilesPerTrigger => %u", shape->files_per_trigger);
    }
    (void)snprintf(sql, sizeof sql,
                   "CREATE OR REFRESH STREAMING TABLE t %s\n"
                   "TBLPROPERTIES ('millrace.epoch.minInterval' = '%u milliseconds')\n"
                   "AS SELECT * FROM STREAM read_files('landing', format => 'json',\n"
                   "  schemaHints => 'id BIGINT, p STRING, v STRING, extra BIGINT'%s%s%s%s%s)%s;\n",
                   shape->is_partitioned ? "PARTITIONED BY (p)" : "", shape->is_eager ? 0 : 50,
                   shape->has_new_column ? ", schemaEvolutionMode => 'addNewColumns'" : "",
                   shape->allows_overwrites ? ", allowOverwrites => true" : "", limit,
                   shape->has_bad_path ? ", badRecordsPath => 'bad'" : "",
                   shape->is_column_hidden ? ", `schemaInference.sampleSize.numFiles` => 1" : "",
                   shape->has_filter ? " WHERE id % 5 <> 0" : "");
    /* Without the hint the column is new when it comes. */
    if (shape->has_new_column) memset(strstr(sql, ", extra BIGINT"), ' ', 14);
    mr_simdisk_put(world->disk, MR_WORLD_FOLDER "/spark-pipeline.yml", MR_SPAN(spec_text));
    mr_simdisk_put(world->disk, MR_WORLD_FOLDER "/transformations/t.sql", mr_span_of(sql));
    for (uint32_t i = 0; i < shape->files; i++) mr_world_produce(world);
}

void mr_world_copy(const struct mr_world *world, struct mr_world *out_copy)
{
    *out_copy = *world;
    out_copy->disk = mr_simdisk_clone(world->disk);
}

void mr_world_close(struct mr_world *world)
{
    mr_simdisk_close(world->disk);
    world->disk = NULL;
}

/* ---- one life ---- */

struct process {
    struct mr_world *world;
    const struct mr_fate *fate;
    struct mr_heap heap;  /* the control thread's */
    struct mr_heap outer; /* of what stands outside of the process */
    struct mr_arena arena;
    struct mr_sim *sim;
    struct mr_fault fault;
    bool has_fault;
    struct mr_io *io;
    uint32_t shard_count;
    struct mr_io *bare_ios[SHARDS_MAX]; /* the simulation's own */
    struct mr_io *shard_ios[SHARDS_MAX];
    struct mr_engine engine;
    struct mr_pipeline pipeline;
    struct mr_setup_env env;
    struct mr_flow_setup setup;
    struct mr_flow flow;
    bool has_setup, has_flow;
    uint32_t ticks;
    uint32_t quiet_ticks;
    struct mr_err err;
};

static void kill_sim(void *ctx)
{
    mr_sim_kill(ctx);
}

static struct mr_io *filtered(struct process *p, struct mr_io *io)
{
    struct mr_io *filter = io;
    if (!p->has_fault) return io;
    mr_status status = mr_fault_open(&p->outer, &p->fault, io, &filter, &p->err);
    MR_ASSERT(status == MR_OK);
    return filter;
}

static bool turn(void *ctx)
{
    return mr_shard_turn(ctx);
}

/* Takes the version just before the flow names its own. */
static void rival(void *ctx, const struct mr_io_op *op)
{
    struct process *p = ctx;
    char path[160];
    struct mr_span content;
    if (op->kind != MR_IO_LINK || op->path2 == NULL) return;
    (void)snprintf(path, sizeof path, MR_WORLD_TABLE "/_delta_log/%020lld.json",
                   (long long)p->fate->rival_version);
    if (strcmp(op->path2, path) != 0 || mr_simdisk_get(p->world->disk, path, &content)) return;
    mr_world_rival(p->world, p->fate->rival_version, false);
}

static void open_process(struct process *p)
{
    static const char *const names[SHARDS_MAX] = {"shard 0", "shard 1", "shard 2", "shard 3"};
    const struct mr_fate *fate = p->fate;
    const struct mr_sim_options options = {.seed = fate->seed,
                                           .kill_at = fate->kill_at,
                                           .kill_after = fate->kill_after,
                                           .turns_max = 3000000,
                                           .before = fate->rival_version > 0 ? rival : NULL,
                                           .before_ctx = p};
    mr_heap_init(&p->heap, 0);
    mr_heap_init(&p->outer, 0);
    mr_arena_init(&p->arena, &p->heap, 0);
    p->sim = mr_sim_open(p->world->disk, &options);
    mr_fault_init(&p->fault);
    p->fault.kill = kill_sim;
    p->fault.ctx = p->sim;
    p->has_fault = fate->fault != NULL;
    if (p->has_fault) {
        mr_status status = mr_fault_parse(&p->fault, mr_span_of(fate->fault), &p->err);
        MR_ASSERT(status == MR_OK);
    }
    p->io = filtered(p, mr_sim_io(p->sim, "control"));
    p->shard_count = fate->shards == 0 ? p->world->shape.shards : fate->shards;
    for (uint32_t i = 0; i < p->shard_count; i++) {
        p->bare_ios[i] = mr_sim_io(p->sim, names[i]);
        p->shard_ios[i] = filtered(p, p->bare_ios[i]);
    }
    if (fate->room_bytes > 0) {
        mr_simdisk_limit(p->world->disk, mr_simdisk_used(p->world->disk) + fate->room_bytes);
    }
    if (fate->take_fails > 0) mr_heap_fail_at(&p->heap, fate->take_fails);
}

static const char *no_variable(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return NULL;
}

static mr_status set_up(struct process *p)
{
    const struct mr_variables variables = {no_variable, NULL};
    struct mr_flow_config config;
    MR_TRY(mr_pipeline_load(&p->arena, p->io, MR_WORLD_FOLDER, &variables, NULL, 0, &p->pipeline,
                            &p->err));
    p->env = (struct mr_setup_env){
        .heap = &p->heap,
        .io = p->io,
        .pipeline = &p->pipeline,
        .kernels = mr_json_kernels(MR_ISA_REF),
        .open_source = mr_files_source_open,
        .engine = MR_SPAN("millrace/test"),
        .worker_bytes_max = WORKER_BYTES,
        .is_continuous = p->fate->is_continuous,
    };
    MR_TRY(mr_flow_setup_open(&p->setup, &p->env, &p->pipeline.datasets[0], &p->err));
    p->has_setup = true;
    MR_TRY(mr_engine_init(&p->engine, &p->heap, p->io, p->shard_count, NULL, &p->err));
    for (uint32_t i = 0; i < p->shard_count; i++) {
        mr_shard_begin(p->engine.shards[i], p->shard_ios[i]);
        mr_sim_steps(p->bare_ios[i], turn, p->engine.shards[i]);
    }
    mr_flow_setup_config(&p->setup, p->engine.shards, p->shard_count, &config);
    if (p->world->shape.range_bytes > 0) config.range_bytes = p->world->shape.range_bytes;
    MR_TRY(mr_flow_open(&p->flow, &config, &p->err));
    p->has_flow = true;
    return MR_OK;
}

/* Every 100 ms: late files come, the clock jumps, and a continuous life is asked to stop. */
static void tick(void *ctx, struct mr_flow *flows, uint32_t count)
{
    struct process *p = ctx;
    struct mr_world *w = p->world;
    uint32_t all = w->shape.files + w->shape.late_files;
    p->ticks++;
    MR_ASSERT(count == 1);
    if (p->fate->jump_us != 0) {
        mr_sim_jump(p->sim, p->ticks % 2 == 0 ? p->fate->jump_us : -p->fate->jump_us);
    }
    if (!p->fate->is_continuous) return;
    /* On a full disk nobody else can put files either. */
    if (w->files < all && p->fate->room_bytes == 0) {
        mr_world_produce(w);
    } else if (++p->quiet_ticks >= (p->fate->stop_ticks == 0 ? STOP_TICKS : p->fate->stop_ticks)) {
        mr_flow_stop(&flows[0]);
    }
}

static void close_process(struct process *p)
{
    if (p->has_flow) mr_flow_close(&p->flow);
    if (p->has_setup) mr_flow_setup_close(&p->setup);
    if (p->engine.shards != NULL) {
        mr_engine_stop(&p->engine);
        for (uint32_t i = 0; i < p->engine.shard_count; i++) {
            struct mr_shard *shard = p->engine.shards[i];
            while (shard != NULL && shard->is_running) (void)mr_io_run(p->io, 1000);
        }
    }
    for (uint32_t i = 0; i < p->shard_count; i++) mr_io_close(p->shard_ios[i]);
    mr_engine_fini(&p->engine);
    mr_io_close(p->io);
    mr_sim_close(p->sim);
    mr_arena_fini(&p->arena);
    MR_ASSERT(p->heap.used_bytes == 0);
    MR_ASSERT(p->outer.used_bytes == 0);
}

void mr_world_live(struct mr_world *world, const struct mr_fate *fate, struct mr_life *out_life)
{
    struct process *p = calloc(1, sizeof *p);
    MR_ASSERT(p != NULL);
    p->world = world;
    p->fate = fate;
    *out_life = (struct mr_life){0};
    open_process(p);
    mr_status status = set_up(p);
    if (status == MR_OK && mr_engine_run(&p->engine, &p->flow, 1, tick, p) > 0) {
        p->err = p->flow.err;
        status = p->flow.err.status;
        MR_ASSERT(status != MR_OK);
    }
    if (p->has_flow) {
        out_life->counts = p->flow.totals;
        out_life->epochs = p->flow.epochs;
        out_life->epochs_ahead = p->flow.epochs_ahead;
        out_life->ahead_cuts = p->flow.ahead_cuts;
        out_life->ends_ahead = p->flow.epoch.ahead != MR_AHEAD_NONE;
    }
    out_life->is_dead = mr_sim_is_dead(p->sim);
    out_life->status = status;
    out_life->err = p->err;
    out_life->ops = mr_sim_op_count(p->sim);
    out_life->trace = mr_sim_trace_hash(p->sim);
    out_life->hits = p->fault.hits;
    close_process(p);
    free(p);
    mr_simdisk_limit(world->disk, UINT64_MAX);
}

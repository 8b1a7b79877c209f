/* What an epoch reads: planning it, cutting it into ranges, giving those to the workers. */
#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/stream/flow_impl.h"

enum {
    ERR_READ = 4102,
    RANGES_OUT_MAX = 2,       /* a worker has so many ranges, or ... */
    BYTES_OUT_MAX = 4 << 20,  /* ... as many small ones as hold this: control may be committing */
    LOOK_BYTES_MIN = 1 << 20, /* an epoch below is over before the look ahead would be of use */
    LOOK_US = 50000,
};

static mr_status read_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_READ, "out of memory for an epoch");
}

/* ---- ranges ---- */

/* Whether a large file may be read in ranges: not when it is compressed. A file that cannot be
 * looked at is one range; reading it will say why. */
static bool is_plain_file(struct mr_io *io, const struct mr_source_file *source)
{
    char first[MR_STREAM_MAGIC_BYTES];
    struct mr_io_op op;
    mr_io_op_init(&op, MR_IO_OPEN);
    op.path = source->path;
    op.flags = MR_OPEN_READ | (source->refuses_links ? MR_OPEN_NOFOLLOW : 0);
    int64_t file = mr_io_call(io, &op);
    if (file < 0) return false;
    mr_io_op_init(&op, MR_IO_READ);
    op.file = (int32_t)file;
    op.buf = first;
    op.bytes = sizeof first;
    int64_t bytes = mr_io_call(io, &op);
    mr_io_op_init(&op, MR_IO_CLOSE);
    op.file = (int32_t)file;
    (void)mr_io_call(io, &op);
    return bytes == (int64_t)sizeof first &&
           mr_codec_stream_detect(first, sizeof first) == MR_STREAM_PLAIN;
}

static uint32_t count_ranges(const struct mr_flow *flow, const struct mr_source_file *file)
{
    uint64_t size = flow->config.range_bytes;
    if (!flow->config.may_split || file->length <= size) return 1;
    if (!is_plain_file(flow->config.io, file)) return 1;
    return (uint32_t)((file->length + size - 1) / size);
}

/* Cuts the list into ranges. */
static mr_status make_ranges(struct mr_flow *flow, struct mr_flow_reading *reading,
                             struct mr_err *err)
{
    uint64_t count = 0, size = flow->config.range_bytes;
    uint32_t *pieces = MR_ARENA_ARRAY(&reading->arena, uint32_t, reading->list.count);
    if (pieces == NULL && reading->list.count > 0) return read_nomem(err);
    for (uint32_t i = 0; i < reading->list.count; i++) {
        pieces[i] = count_ranges(flow, &reading->list.files[i]);
        count += pieces[i];
    }
    if (count > UINT32_MAX / 2) {
        return mr_err_set(err, MR_E_LIMIT, ERR_READ, "an epoch has too many ranges");
    }
    reading->ranges = MR_ARENA_ARRAY(&reading->arena, struct mr_range, count);
    if (reading->ranges == NULL && count > 0) return read_nomem(err);
    reading->range_count = 0;
    for (uint32_t i = 0; i < reading->list.count; i++) {
        const struct mr_source_file *file = &reading->list.files[i];
        for (uint32_t p = 0; p < pieces[i]; p++) {
            uint64_t off = p * size;
            reading->ranges[reading->range_count] = (struct mr_range){
                .index = reading->range_count,
                .path = file->path,
                .off = file->start + off,
                .bytes = pieces[i] == 1 ? file->length : MR_MIN(size, file->length - off),
                .is_split = pieces[i] > 1,
                .refuses_links = file->refuses_links,
                .may_vanish = flow->config.may_vanish,
                .may_be_corrupt = flow->config.may_be_corrupt,
                .file = file,
            };
            reading->range_count++;
        }
    }
    return MR_OK;
}

/* ---- plans ---- */

mr_status mr_flow_plan(struct mr_flow *flow, int64_t epoch, bool *out_has_files,
                       struct mr_err *err)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, epoch);
    struct mr_source_limits limits = {0};
    int64_t now_us = mr_io_mono_us(flow->config.io);
    mr_arena_reset(&reading->arena);
    MR_TRY(flow->source->driver->plan(flow->source, &limits, &reading->arena, &reading->list, err));
    *out_has_files = reading->list.count > 0;
    if (!*out_has_files) return MR_OK;
    reading->epoch = epoch;
    reading->batch_us = mr_io_now_us(flow->config.io) / MR_US_PER_MS * MR_US_PER_MS;
    reading->end_offset = flow->planned_offset = reading->list.offset;
    flow->started_us = now_us;
    return make_ranges(flow, reading, err);
}

mr_status mr_flow_plan_again(struct mr_flow *flow, struct mr_err *err)
{
    struct mr_span app_id = mr_span_of(flow->checkpoint.id);
    const struct mr_source_driver *driver = flow->source->driver;
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, flow->epoch.number);
    /* Only Spark, which prepares nothing, dies between its table's commit and commits/N. */
    bool is_in_table = mr_table_txn(flow->config.table, app_id) >= flow->epoch.number;
    if (flow->planned_offset > reading->end_offset) {
        MR_TRY(driver->trim(flow->source, reading->end_offset, err));
        flow->planned_offset = reading->end_offset;
        flow->is_drained = false;
    }
    MR_TRY((is_in_table ? driver->batch : driver->replan)(flow->source, flow->start_offset,
                                                          reading->end_offset, &reading->arena,
                                                          &reading->list, err));
    return make_ranges(flow, reading, err);
}

/* Whether the source knows of more than it has planned, without looking. */
static bool has_backlog(struct mr_flow *flow)
{
    struct mr_source_backlog backlog = {0};
    struct mr_err ignored;
    mr_status status = flow->source->driver->backlog(flow->source, &backlog, &ignored);
    return status == MR_OK && backlog.files > 0;
}

/* A flow that runs on for ever has small epochs most of the time, whose commit somebody waits for:
 * no folder is listed before that. */
bool mr_flow_may_look(struct mr_flow *flow)
{
    const struct mr_flow_reading *now = mr_flow_reading_of(flow, flow->epoch.number);
    if (flow->epoch.state != MR_EPOCH_OPENED || flow->epoch.ahead != MR_AHEAD_NONE) return false;
    if (!now->is_sealing || flow->must_stop || flow->has_failed) return false;
    if (flow->has_plan_failed || flow->is_drained) return false;
    if (!flow->config.is_continuous) return true;
    int64_t now_us = mr_io_mono_us(flow->config.io);
    if (now_us < MR_MAX(flow->look_us, flow->started_us + flow->config.interval_us)) return false;
    flow->look_us = now_us + LOOK_US;
    return now->list.bytes >= LOOK_BYTES_MIN || has_backlog(flow);
}

/* ---- giving out ---- */

static bool has_room(const struct mr_flow_link *link, uint32_t slot)
{
    if (link->ranges_out[slot] < RANGES_OUT_MAX) return true;
    return link->ranges_out[slot] < MR_WORKER_RANGES && link->bytes_out[slot] < BYTES_OUT_MAX;
}

/* The worker with room that has least to do, of both epochs: an epoch of one file and the next one
 * are read on two shards. Null when none has room. */
static struct mr_flow_link *least_busy(struct mr_flow *flow, uint32_t slot)
{
    struct mr_flow_link *found = NULL;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        struct mr_flow_link *link = &flow->links[i];
        uint64_t bytes = link->bytes_out[0] + link->bytes_out[1];
        if (!has_room(link, slot) || bytes >= least) continue;
        found = link;
        least = bytes;
    }
    return found;
}

/* returns whether there was a range and somebody to take it */
static bool deal(struct mr_flow *flow, struct mr_flow_reading *reading)
{
    uint32_t slot = (uint32_t)((uint64_t)reading->epoch % MR_WORKER_EPOCHS);
    if (reading->range_next == reading->range_count) return false;
    struct mr_flow_link *link = least_busy(flow, slot);
    if (link == NULL) return false;
    const struct mr_range *range = &reading->ranges[reading->range_next++];
    link->ranges_out[slot]++;
    link->bytes_out[slot] += range->bytes;
    mr_flow_order(link, MR_ORDER_RANGE, reading->epoch, (uint64_t)(uintptr_t)range);
    return true;
}

bool mr_flow_feed(struct mr_flow *flow, int64_t epoch, bool may_seal)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, epoch);
    bool did = false;
    while (deal(flow, reading)) did = true;
    if (!may_seal || reading->is_sealing || reading->range_next < reading->range_count) return did;
    reading->is_sealing = true;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        mr_flow_order(&flow->links[i], MR_ORDER_SEAL, epoch, 0);
    }
    return true;
}

void mr_flow_begin(struct mr_flow *flow, int64_t epoch, bool may_seal)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, epoch);
    uint32_t slot = (uint32_t)((uint64_t)epoch % MR_WORKER_EPOCHS);
    MR_ASSERT(flow->has_workers && reading->epoch == epoch);
    reading->range_next = 0;
    reading->is_sealing = false;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        struct mr_flow_link *link = &flow->links[i];
        if (may_seal) link->ranges_out[!slot] = link->bytes_out[!slot] = 0; /* of what was ahead */
        link->ranges_out[slot] = 0;
        link->bytes_out[slot] = 0;
        mr_flow_order(link, MR_ORDER_BEGIN, epoch, (uint64_t)reading->batch_us);
    }
    (void)mr_flow_feed(flow, epoch, may_seal);
}

#include "core/stream/worker.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/stream/constants.h"

enum {
    ERR_WORKER = 5103,
    POOL_BUFS = MR_SCAN_AHEAD + 4, /* read ahead, compressed, inflated, window, one to spare */
    WINDOW_BYTES = 256 << 10,      /* text per step, so that a step stays short */
    SINK_SHARE = 2,                /* the sink's writers get this part of the heap */
    ARENA_SHARE = 4,               /* a batch's columns keep up to this part from batch to batch */
};

static bool worker_step(struct mr_step *self, struct mr_shard *shard);

static void worker_wake(void *ctx)
{
    struct mr_worker *w = ctx;
    mr_shard_ready(w->shard, &w->step);
}

/* ---- reports ---- */

static void flush_reports(struct mr_worker *w)
{
    uint32_t sent = 0;
    while (sent < w->report_count && mr_shard_report(w->shard, &w->reports[sent])) sent++;
    w->report_count -= sent;
    memmove(w->reports, w->reports + sent, w->report_count * sizeof *w->reports);
}

static void report(struct mr_worker *w, mr_worker_report kind, const void *object)
{
    MR_ASSERT(w->report_count < MR_WORKER_REPORTS);
    struct mr_desc *desc = &w->reports[w->report_count++];
    *desc = (struct mr_desc){.kind = kind, .from = w->shard->options.index, .object = w};
    desc->words[0] = (uint64_t)(uintptr_t)object;
    flush_reports(w);
}

/* The first failure of the epoch; the worker does nothing more until the abort. */
static void halt(struct mr_worker *w, mr_worker_report kind)
{
    MR_ASSERT(w->state == MR_WORKER_RUNNING || w->state == MR_WORKER_SEALING);
    if (kind == MR_REPORT_FAILED && w->err.status == MR_E_NOMEM && w->err.help[0] == '\0') {
        mr_err_help(&w->err, "the flow has %zu MiB of each shard's memory: raise --memory",
                    (w->heap.limit_bytes + w->share.pool_bytes) >> 20);
    }
    w->state = MR_WORKER_HALTED;
    w->has_failed = kind == MR_REPORT_FAILED;
    report(w, kind, NULL);
}

/* ---- a batch's way ---- */

static void count_reader(struct mr_worker *w)
{
    const struct mr_json_counters *now = mr_json_reader_counters(w->reader);
    struct mr_json_counters *then = &w->reader_counts;
    w->counts.records_in += now->records - then->records;
    w->counts.rows_malformed_dropped += now->dropped - then->dropped;
    w->counts.rows_rescued += now->rescued - then->rescued;
    w->counts.values_misfit += now->misfits - then->misfits;
    w->counts.rows_malformed_kept +=
        now->malformed - then->malformed -
        MR_MIN(now->malformed - then->malformed, now->dropped - then->dropped);
    *then = *now;
}

static mr_status append_batch(struct mr_worker *w)
{
    const struct mr_flow_plan *plan = w->plan;
    struct mr_batch *batch = &w->batch;
    MR_TRY(mr_constants_add(plan, w->ranges[0], batch, &w->err));
    if (plan->filter != NULL) {
        uint32_t before = batch->sel_count;
        MR_TRY(mr_program_filter(plan->filter, &w->context, batch, &w->err));
        w->counts.rows_filtered += before - batch->sel_count;
    }
    if (batch->sel_count == 0) return MR_OK;
    struct mr_vec *cols =
        MR_ARENA_ARRAY(batch->arena, struct mr_vec, plan->output_schema->field_count);
    if (cols == NULL) return mr_err_set(&w->err, MR_E_NOMEM, ERR_WORKER, "out of memory");
    MR_TRY(mr_program_run(plan->project, &w->context, batch, cols, &w->err));
    w->output = *batch;
    w->output.schema = plan->output_schema;
    w->output.cols = cols;
    w->counts.rows_out += w->output.sel_count;
    return mr_sink_append(&w->sink, &w->output, &w->err);
}

static void drop_batch(struct mr_worker *w)
{
    if (w->has_batch) mr_batch_fini(&w->batch);
    w->has_batch = false;
}

/* The sink has all of the batch: its text may go. */
static mr_status end_batch(struct mr_worker *w)
{
    drop_batch(w);
    return mr_scan_consume(&w->scan, w->batch_bytes, w->wants_more, &w->err);
}

static mr_status decode_batch(struct mr_worker *w, const struct mr_scan_window *window)
{
    size_t consumed = 0, bytes = MR_MIN(window->bytes, w->window_bytes);
    bool is_last = window->is_last && bytes == window->bytes;
    mr_batch_init(&w->batch, &w->arena, mr_json_reader_schema(w->reader));
    w->has_batch = true;
    mr_status status = mr_json_reader_decode(w->reader, window->text, bytes, is_last, &w->batch,
                                             &consumed, &w->err);
    if (status == MR_OK) {
        w->batch.range = w->ranges[0]->index;
        w->batch.first_record = w->first_record;
        w->first_record += mr_json_reader_records(w->reader);
        count_reader(w);
        status = mr_bad_records_push(&w->bad, mr_json_reader_bad_records(w->reader), &w->err);
        if (status == MR_OK && w->batch.rows > 0) status = append_batch(w);
    }
    if (status != MR_OK) {
        mr_err_origin(&w->err, w->ranges[0]->path);
        return status;
    }
    bool is_stuck = consumed == 0 && mr_json_reader_records(w->reader) == 0 && !is_last;
    w->counts.text_bytes_in += consumed;
    w->window_bytes = is_stuck && bytes < window->bytes ? w->window_bytes * 2 : WINDOW_BYTES;
    w->batch_bytes = consumed;
    w->wants_more = is_stuck && bytes == window->bytes;
    return mr_sink_has_batch(&w->sink) ? MR_OK : end_batch(w);
}

/* ---- ranges ---- */

static mr_status begin_range(struct mr_worker *w)
{
    const struct mr_range *range = w->ranges[0];
    const struct mr_source_file *file = range->file;
    MR_TRY(mr_json_reader_begin(w->reader, file->uri, &w->err));
    w->first_record = 0;
    w->is_scanning = true;
    mr_scan_begin(&w->scan, range);
    return MR_OK;
}

static void end_range(struct mr_worker *w)
{
    const struct mr_range *range = w->ranges[0];
    w->counts.bytes_in += w->scan.bytes_read;
    w->counts.files_corrupt += w->scan.is_corrupt;
    w->counts.files_missing += w->scan.is_missing;
    w->scan.bytes_read = 0;
    w->is_scanning = false;
    w->range_count--;
    memmove(w->ranges, w->ranges + 1, w->range_count * sizeof *w->ranges);
    report(w, MR_REPORT_RANGE_DONE, range);
}

static mr_status begin_seal(struct mr_worker *w)
{
    w->state = MR_WORKER_SEALING;
    mr_bad_records_seal(&w->bad);
    return mr_sink_seal(&w->sink, &w->err);
}

/* One step of RUNNING. returns MR_E_AGAIN when it has to wait */
static mr_status run(struct mr_worker *w)
{
    struct mr_scan_window window;
    MR_TRY(mr_sink_step(&w->sink, &w->err));
    MR_TRY(mr_bad_records_step(&w->bad, &w->err));
    if (w->has_batch) return mr_sink_has_batch(&w->sink) ? MR_E_AGAIN : end_batch(w);
    if (w->range_count == 0) return w->must_seal ? begin_seal(w) : MR_E_AGAIN;
    if (!w->is_scanning) MR_TRY(begin_range(w));
    if (mr_sink_is_busy(&w->sink) || mr_bad_records_is_busy(&w->bad)) return MR_E_AGAIN;
    mr_status status = mr_scan_window(&w->scan, &window, &w->err);
    if (status != MR_OK) return status;
    if (!window.is_over) return decode_batch(w, &window);
    end_range(w);
    return MR_OK;
}

/* Whether the epoch has to be read again under another schema. */
static bool needs_cut(const struct mr_worker *w)
{
    return (w->plan->wants_new_columns && mr_json_reader_has_unknown(w->reader)) ||
           (w->plan->wants_wider && mr_json_reader_has_misfits(w->reader));
}

static bool step_running(struct mr_worker *w)
{
    mr_status status = run(w);
    if (status == MR_E_AGAIN) return false;
    if (status != MR_OK) {
        halt(w, MR_REPORT_FAILED);
        return false;
    }
    if (needs_cut(w)) {
        halt(w, MR_REPORT_CUT);
        return false;
    }
    return true;
}

static bool step_sealing(struct mr_worker *w)
{
    mr_status status = mr_sink_step(&w->sink, &w->err);
    bool is_sunk = status == MR_OK && w->sink.state == MR_SINK_SEALED;
    if (is_sunk) status = mr_bad_records_step(&w->bad, &w->err);
    if (status == MR_E_AGAIN) return false;
    if (status != MR_OK) {
        halt(w, MR_REPORT_FAILED);
    } else if (is_sunk) {
        w->counts.bad_records = w->bad.records;
        w->state = MR_WORKER_SEALED;
        report(w, MR_REPORT_SEALED, NULL);
    }
    return w->state == MR_WORKER_SEALING;
}

static bool step_aborting(struct mr_worker *w)
{
    bool is_scan_idle = mr_scan_stop(&w->scan);
    mr_status status = mr_sink_step(&w->sink, NULL);
    mr_status bad = mr_bad_records_step(&w->bad, w->has_failed ? NULL : &w->err);
    if (!is_scan_idle || status == MR_E_AGAIN || bad == MR_E_AGAIN) return false;
    if (w->sink.state != MR_SINK_STOPPED) return true;
    if (bad != MR_OK && !w->has_failed) {
        /* A bad record may have stayed: were the epoch cut, it would be there twice. */
        w->has_failed = true;
        report(w, MR_REPORT_FAILED, NULL);
    }
    drop_batch(w);
    mr_sink_reset(&w->sink);
    w->is_scanning = false;
    w->range_count = 0;
    bool is_dropping = w->state == MR_WORKER_DROPPING;
    w->state = MR_WORKER_IDLE;
    report(w, is_dropping ? MR_REPORT_CLOSED : MR_REPORT_ABORTED, NULL);
    return false;
}

static bool worker_step(struct mr_step *self, struct mr_shard *shard)
{
    struct mr_worker *w = (struct mr_worker *)self;
    bool has_more = false;
    (void)shard;
    switch (w->state) {
    case MR_WORKER_RUNNING: has_more = step_running(w); break;
    case MR_WORKER_SEALING: has_more = step_sealing(w); break;
    case MR_WORKER_ABORTING:
    case MR_WORKER_DROPPING: has_more = step_aborting(w); break;
    case MR_WORKER_IDLE:
    case MR_WORKER_SEALED:
    case MR_WORKER_HALTED: break;
    }
    flush_reports(w);
    return has_more || w->report_count > 0;
}

/* ---- orders ---- */

static void order_begin(struct mr_worker *w, const struct mr_desc *desc)
{
    MR_ASSERT(w->state == MR_WORKER_IDLE || w->state == MR_WORKER_SEALED);
    if (w->state == MR_WORKER_SEALED) mr_sink_reset(&w->sink);
    w->epoch = (int64_t)desc->words[0];
    w->context = (struct mr_program_context){
        .now_us = (int64_t)desc->words[1], .zone = w->plan->zone, .select = w->plan->select};
    w->counts = (struct mr_counts){0};
    w->has_failed = w->must_seal = false;
    mr_bad_records_begin(&w->bad, w->epoch, w->context.now_us);
    w->reader_counts = *mr_json_reader_counters(w->reader);
    w->window_bytes = WINDOW_BYTES;
    w->state = MR_WORKER_RUNNING;
    if (mr_sink_begin(&w->sink, w->epoch, &w->err) != MR_OK) halt(w, MR_REPORT_FAILED);
}

static void order_seal(struct mr_worker *w)
{
    if (w->state == MR_WORKER_HALTED) return;
    MR_ASSERT(w->state == MR_WORKER_RUNNING && !w->must_seal);
    w->must_seal = true;
}

static void order_range(struct mr_worker *w, const struct mr_desc *desc)
{
    if (w->state == MR_WORKER_HALTED) return;
    MR_ASSERT(w->state == MR_WORKER_RUNNING && w->range_count < MR_WORKER_RANGES);
    w->ranges[w->range_count++] = (const struct mr_range *)(uintptr_t)desc->words[0];
}

static void order_stop(struct mr_worker *w, mr_worker_state state)
{
    MR_ASSERT(w->state != MR_WORKER_DROPPING);
    w->state = state;
    mr_sink_stop(&w->sink, state == MR_WORKER_DROPPING);
    mr_bad_records_stop(&w->bad, state == MR_WORKER_DROPPING);
}

void mr_worker_receive(struct mr_worker *worker, const struct mr_desc *desc)
{
    switch ((mr_worker_order)desc->kind) {
    case MR_ORDER_BEGIN: order_begin(worker, desc); break;
    case MR_ORDER_RANGE: order_range(worker, desc); break;
    case MR_ORDER_SEAL: order_seal(worker); break;
    case MR_ORDER_ABORT: order_stop(worker, MR_WORKER_ABORTING); break;
    case MR_ORDER_DROP: order_stop(worker, MR_WORKER_DROPPING); break;
    case MR_ORDER_CLOSE:
        MR_ASSERT(worker->state == MR_WORKER_IDLE || worker->state == MR_WORKER_SEALED);
        if (worker->state == MR_WORKER_SEALED) mr_sink_reset(&worker->sink);
        worker->state = MR_WORKER_IDLE;
        report(worker, MR_REPORT_CLOSED, NULL);
        break;
    default: MR_ASSERT(!"an order is one of those above");
    }
    mr_shard_ready(worker->shard, &worker->step);
}

/* ---- life ---- */

size_t mr_worker_pool_bytes(void)
{
    return mr_pool_footprint(POOL_BUFS, MR_SCAN_BUF);
}

static mr_status init_memory(struct mr_worker *w, size_t memory_limit, struct mr_err *err)
{
    struct mr_shares *shares = w->shard->shares;
    static_assert(offsetof(struct mr_buddy, heap) == 0, "both members of the union are the heap");
    if (shares == NULL) {
        mr_heap_init(&w->heap, memory_limit);
        return MR_OK;
    }
    if (!mr_shares_take(shares, &w->share)) {
        return mr_err_set(err, MR_E_LIMIT, ERR_WORKER,
                          "all %u shares of a shard's memory are taken", shares->count);
    }
    return mr_buddy_init(&w->buddy, w->share.heap, w->share.heap_bytes, err);
}

static void fini_memory(struct mr_worker *w)
{
    MR_ASSERT(w->heap.used_bytes == 0);
    if (w->share.heap == NULL) return;
    mr_buddy_fini(&w->buddy);
    mr_shares_give(w->shard->shares, &w->share);
    w->share = (struct mr_share){0};
}

static mr_status init_pool(struct mr_worker *w, struct mr_err *err)
{
    if (w->share.pool == NULL) {
        return mr_pool_init(&w->pool, &w->heap, POOL_BUFS, MR_SCAN_BUF, err);
    }
    MR_ASSERT(w->share.pool_bytes >= mr_worker_pool_bytes());
    return mr_pool_init_at(&w->pool, &w->heap, w->share.pool, POOL_BUFS, MR_SCAN_BUF, err);
}

static mr_status init_codec(struct mr_worker *w, struct mr_err *err)
{
    w->codec_bytes = mr_codec_footprint(&w->plan->codec);
    MR_ASSERT(w->codec_bytes > 0);
    w->codec_memory = mr_heap_take(&w->heap, w->codec_bytes);
    if (w->codec_memory == NULL) {
        return mr_err_set(err, MR_E_NOMEM, ERR_WORKER, "no memory for a codec");
    }
    return mr_codec_init(w->codec_memory, &w->plan->codec, &w->sink_config.options.codec, err);
}

mr_status mr_worker_init(struct mr_worker *worker, struct mr_shard *shard,
                         const struct mr_flow_plan *plan, const struct mr_worker_place *place,
                         size_t memory_limit, struct mr_err *err)
{
    *worker = (struct mr_worker){.shard = shard, .plan = plan};
    worker->step =
        (struct mr_step){.step = worker_step, .class_of = MR_CLASS_STREAM, .name = "worker"};
    mr_status status = init_memory(worker, memory_limit, err);
    if (status != MR_OK) {
        worker->shard = NULL;
        return status;
    }
    mr_arena_init(&worker->arena, &worker->heap, 64 << 10);
    worker->arena.keep_bytes = worker->heap.limit_bytes / ARENA_SHARE;
    struct mr_waker waker = {worker_wake, worker};
    worker->sink_config = (struct mr_sink_config){
        .io = shard->io,
        .heap = &worker->heap,
        .waker = waker,
        .table_path = place->table_path,
        .staged_folder = place->staged_folder,
        .shard = shard->options.index,
        .schema = plan->output_schema,
        .file_schema = plan->file_schema,
        .file_columns = plan->file_columns,
        .partition_columns = plan->partition_columns,
        .partition_count = plan->partition_count,
        .options = plan->parquet,
        .target_bytes = plan->target_bytes,
        .partition_text = place->partition_text,
        .partition_ctx = place->partition_ctx,
        .file_stats = mr_file_stats_write,
        .stats_ctx = place->stats,
        .memory_bytes = worker->heap.limit_bytes / SINK_SHARE,
    };
    mr_sink_init(&worker->sink, &worker->sink_config);
    worker->bad_config = (struct mr_bad_records_config){.io = shard->io,
                                                        .heap = &worker->heap,
                                                        .waker = waker,
                                                        .folder = place->bad_folder,
                                                        .staged_folder = place->staged_folder,
                                                        .shard = shard->options.index};
    mr_bad_records_init(&worker->bad, &worker->bad_config);
    status = init_codec(worker, err);
    if (status == MR_OK) status = init_pool(worker, err);
    if (status == MR_OK) {
        mr_scan_init(&worker->scan, shard->io, &worker->heap, &worker->pool, waker);
        status = mr_json_reader_open(&worker->heap, plan->read_schema, &plan->json, plan->kernels,
                                     plan->read_zone, &worker->reader, err);
    }
    if (status != MR_OK) {
        mr_worker_fini(worker);
        return status;
    }
    mr_json_reader_want(worker->reader, plan->wanted, plan->wants_new_columns);
    return MR_OK;
}

void mr_worker_fini(struct mr_worker *worker)
{
    if (worker->shard == NULL) return;
    MR_ASSERT(worker->state == MR_WORKER_IDLE);
    mr_json_reader_close(worker->reader);
    if (worker->scan.pool != NULL) mr_scan_fini(&worker->scan);
    if (worker->pool.bufs != NULL) mr_pool_fini(&worker->pool);
    mr_sink_fini(&worker->sink);
    mr_bad_records_fini(&worker->bad);
    mr_heap_give(&worker->heap, worker->codec_memory, worker->codec_bytes);
    mr_arena_fini(&worker->arena);
    fini_memory(worker);
    worker->shard = NULL;
}

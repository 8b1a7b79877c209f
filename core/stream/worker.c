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
    AHEAD_SHARE = 2,               /* and the epoch ahead this part of that, while N has some */
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

static void report(struct mr_worker *w, mr_worker_report kind, int64_t epoch, uint64_t value)
{
    MR_ASSERT(w->report_count < MR_WORKER_REPORTS);
    struct mr_desc *desc = &w->reports[w->report_count++];
    *desc = (struct mr_desc){.kind = kind, .from = w->shard->options.index, .object = w};
    desc->words[0] = (uint64_t)epoch;
    desc->words[1] = value;
    flush_reports(w);
}

/* The first failure of the epoch; the worker does nothing more for it until the abort. */
static void halt(struct mr_worker *w, struct mr_worker_epoch *e, mr_worker_report kind)
{
    MR_ASSERT(e->state == MR_WORKER_RUNNING || e->state == MR_WORKER_SEALING);
    if (kind == MR_REPORT_FAILED && e->err.status == MR_E_NOMEM && e->err.help[0] == '\0') {
        mr_err_help(&e->err, "the flow has %zu MiB of each shard's memory: raise --memory",
                    (w->heap.limit_bytes + w->share.pool_bytes) >> 20);
    }
    e->state = MR_WORKER_HALTED;
    e->has_failed = kind == MR_REPORT_FAILED;
    report(w, kind, e->epoch, 0);
}

/* ---- a batch's way ---- */

static void count_decoded(struct mr_worker *w, struct mr_worker_epoch *e)
{
    struct mr_decoder_counters now, *then = &w->decoded;
    mr_decoder_count(&w->decoder, &now);
    e->counts.records_in += now.records - then->records;
    e->counts.rows_malformed_dropped += now.dropped - then->dropped;
    e->counts.rows_rescued += now.rescued - then->rescued;
    e->counts.values_misfit += now.misfits - then->misfits;
    e->counts.rows_malformed_kept +=
        now.malformed - then->malformed -
        MR_MIN(now.malformed - then->malformed, now.dropped - then->dropped);
    *then = now;
}

static mr_status append_batch(struct mr_worker *w, struct mr_worker_epoch *e)
{
    const struct mr_flow_plan *plan = w->plan;
    struct mr_batch *batch = &w->batch;
    MR_TRY(mr_constants_add(plan, e->ranges[0], batch, &e->err));
    if (plan->filter != NULL) {
        uint32_t before = batch->sel_count;
        MR_TRY(mr_program_filter(plan->filter, &e->context, batch, &e->err));
        e->counts.rows_filtered += before - batch->sel_count;
    }
    if (batch->sel_count == 0) return MR_OK;
    struct mr_vec *cols =
        MR_ARENA_ARRAY(batch->arena, struct mr_vec, plan->output_schema->field_count);
    if (cols == NULL) return mr_err_set(&e->err, MR_E_NOMEM, ERR_WORKER, "out of memory");
    MR_TRY(mr_program_run(plan->project, &e->context, batch, cols, &e->err));
    w->output = *batch;
    w->output.schema = plan->output_schema;
    w->output.cols = cols;
    e->counts.rows_out += w->output.sel_count;
    return mr_sink_append(&e->sink, &w->output, &e->err);
}

static void drop_batch(struct mr_worker *w)
{
    if (w->has_batch) mr_batch_fini(&w->batch);
    w->has_batch = false;
}

/* The sink has all of the batch: its text may go. */
static mr_status end_batch(struct mr_worker *w, struct mr_worker_epoch *e)
{
    drop_batch(w);
    return mr_scan_consume(&w->scan, w->batch_bytes, w->wants_more, &e->err);
}

static mr_status decode_batch(struct mr_worker *w, struct mr_worker_epoch *e,
                              const struct mr_scan_window *window)
{
    size_t consumed = 0, bytes = MR_MIN(window->bytes, w->window_bytes);
    bool is_last = window->is_last && bytes == window->bytes;
    mr_batch_init(&w->batch, &w->arena, mr_decoder_schema(&w->decoder));
    w->has_batch = true;
    mr_status status = mr_decoder_decode(&w->decoder, window->text, bytes, is_last, &w->batch,
                                         &consumed, &e->err);
    if (status == MR_OK) {
        w->batch.range = e->ranges[0]->index;
        w->batch.first_record = w->first_record;
        w->first_record += mr_decoder_records(&w->decoder);
        count_decoded(w, e);
        status = mr_bad_records_push(&e->bad, mr_decoder_bad_records(&w->decoder), &e->err);
        if (status == MR_OK && w->batch.rows > 0) status = append_batch(w, e);
    }
    if (status != MR_OK) {
        mr_err_origin(&e->err, e->ranges[0]->path);
        return status;
    }
    bool is_stuck = consumed == 0 && mr_decoder_records(&w->decoder) == 0 && !is_last;
    e->counts.text_bytes_in += consumed;
    w->window_bytes = is_stuck && bytes < window->bytes ? w->window_bytes * 2 : WINDOW_BYTES;
    w->batch_bytes = consumed;
    w->wants_more = is_stuck && bytes == window->bytes;
    return mr_sink_has_batch(&e->sink) ? MR_OK : end_batch(w, e);
}

/* ---- ranges ---- */

static mr_status begin_range(struct mr_worker *w, struct mr_worker_epoch *e)
{
    const struct mr_range *range = e->ranges[0];
    const struct mr_source_file *file = range->file;
    MR_TRY(mr_decoder_begin(&w->decoder, file, &e->err));
    w->first_record = 0;
    w->is_scanning = true;
    mr_scan_begin(&w->scan, range);
    return MR_OK;
}

static void end_range(struct mr_worker *w, struct mr_worker_epoch *e)
{
    uint64_t bytes = e->ranges[0]->bytes;
    e->counts.bytes_in += w->scan.bytes_read;
    e->counts.files_corrupt += w->scan.is_corrupt;
    e->counts.files_missing += w->scan.is_missing;
    w->scan.bytes_read = 0;
    w->is_scanning = false;
    e->range_count--;
    memmove(e->ranges, e->ranges + 1, e->range_count * sizeof *e->ranges);
    report(w, MR_REPORT_RANGE_DONE, e->epoch, bytes);
}

static mr_status begin_seal(struct mr_worker *w, struct mr_worker_epoch *e)
{
    e->state = MR_WORKER_SEALING;
    mr_bad_records_seal(&e->bad);
    return mr_sink_seal(&e->sink, &e->err);
}

/* The epoch before, while it is being sealed; or null. */
static const struct mr_worker_epoch *sealing_before(struct mr_worker *w,
                                                    const struct mr_worker_epoch *e)
{
    const struct mr_worker_epoch *other = mr_worker_epoch_of(w, e->epoch + 1);
    return other->state == MR_WORKER_SEALING ? other : NULL;
}

/* Whether the writers of the epoch before have so much memory still that this one has to wait. They
 * give it back by themselves: their files are being written. */
static bool is_crowded(struct mr_worker *w, const struct mr_worker_epoch *e)
{
    const struct mr_worker_epoch *before = sealing_before(w, e);
    uint64_t limit = w->sink_config.memory_bytes, own = mr_sink_memory(&e->sink);
    uint64_t others = before == NULL ? 0 : mr_sink_memory(&before->sink);
    return others > 0 && (own >= limit / AHEAD_SHARE || own + others >= limit);
}

/* Whether bad records of the epoch before are still in the reader's memory. */
static bool is_reader_lent(struct mr_worker *w, const struct mr_worker_epoch *e)
{
    const struct mr_worker_epoch *before = sealing_before(w, e);
    return before != NULL && mr_bad_records_is_busy(&before->bad);
}

/* Whether the file was read to its end and the decoder waits for the text that is the last. */
static bool ends_without_text(const struct mr_worker *w)
{
    return !w->scan.is_missing && !w->scan.is_corrupt && mr_decoder_wants_end(&w->decoder);
}

/* One step of RUNNING. returns MR_E_AGAIN when it has to wait */
static mr_status run(struct mr_worker *w, struct mr_worker_epoch *e)
{
    static const char nothing[MR_PAD] = {0};
    struct mr_scan_window window;
    MR_TRY(mr_sink_step(&e->sink, &e->err));
    MR_TRY(mr_bad_records_step(&e->bad, &e->err));
    if (w->has_batch) return mr_sink_has_batch(&e->sink) ? MR_E_AGAIN : end_batch(w, e);
    if (e->range_count == 0) return e->must_seal ? begin_seal(w, e) : MR_E_AGAIN;
    if (is_reader_lent(w, e)) return MR_E_AGAIN;
    if (!w->is_scanning) MR_TRY(begin_range(w, e));
    if (mr_sink_is_busy(&e->sink) || mr_bad_records_is_busy(&e->bad)) return MR_E_AGAIN;
    if (is_crowded(w, e)) return MR_E_AGAIN;
    mr_status status = mr_scan_window(&w->scan, &window, &e->err);
    if (status != MR_OK) return status;
    if (window.is_over && ends_without_text(w)) {
        window = (struct mr_scan_window){.text = nothing, .is_last = true};
    } else if (window.is_over) {
        end_range(w, e);
        return MR_OK;
    }
    return decode_batch(w, e, &window);
}

/* Whether the epoch has to be read again under another schema. */
static bool needs_cut(const struct mr_worker *w)
{
    return (w->plan->wants_new_columns && mr_decoder_has_unknown(&w->decoder)) ||
           (w->plan->wants_wider && mr_decoder_has_misfits(&w->decoder));
}

static bool step_running(struct mr_worker *w, struct mr_worker_epoch *e)
{
    mr_status status = run(w, e);
    if (status == MR_E_AGAIN) return false;
    if (status != MR_OK) {
        halt(w, e, MR_REPORT_FAILED);
        return false;
    }
    if (needs_cut(w)) {
        halt(w, e, MR_REPORT_CUT);
        return false;
    }
    return true;
}

static bool step_sealing(struct mr_worker *w, struct mr_worker_epoch *e)
{
    mr_status status = mr_sink_step(&e->sink, &e->err);
    bool is_sunk = status == MR_OK && e->sink.state == MR_SINK_SEALED;
    if (is_sunk) status = mr_bad_records_step(&e->bad, &e->err);
    if (status == MR_E_AGAIN) return false;
    if (status != MR_OK) {
        halt(w, e, MR_REPORT_FAILED);
    } else if (is_sunk) {
        e->counts.bad_records = e->bad.records;
        e->state = MR_WORKER_SEALED;
        report(w, MR_REPORT_SEALED, e->epoch, 0);
    }
    return e->state == MR_WORKER_SEALING;
}

/* ---- giving up ---- */

/* A bad record of an aborted epoch may have stayed: were it cut, the record would be there twice.
 */
static void report_abort_failure(struct mr_worker *w, const struct mr_err *failure)
{
    struct mr_worker_epoch *first = mr_worker_epoch_of(w, w->stopping_from);
    if (w->stopping != MR_ORDER_ABORT || first->has_failed) return;
    first->err = *failure;
    first->has_failed = true;
    report(w, MR_REPORT_FAILED, w->stopping_from, 0);
}

/* returns whether the epoch is EMPTY; false when something is in flight */
static bool stop_epoch(struct mr_worker *w, struct mr_worker_epoch *e)
{
    struct mr_err failure = {0};
    if (e->state == MR_WORKER_EMPTY) return true;
    mr_status status = mr_sink_step(&e->sink, NULL);
    mr_status bad = mr_bad_records_step(&e->bad, &failure);
    if (status == MR_E_AGAIN || bad == MR_E_AGAIN) return false;
    MR_ASSERT(e->sink.state == MR_SINK_STOPPED);
    if (bad != MR_OK && e->epoch >= w->stopping_from) report_abort_failure(w, &failure);
    mr_sink_reset(&e->sink);
    e->range_count = 0;
    e->state = MR_WORKER_EMPTY;
    return true;
}

static void step_stopping(struct mr_worker *w)
{
    bool is_done = mr_scan_stop(&w->scan);
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) {
        is_done = stop_epoch(w, &w->epochs[i]) && is_done;
    }
    if (!is_done) return;
    drop_batch(w);
    bool is_dropping = w->stopping == MR_ORDER_DROP;
    w->stopping = 0;
    w->is_scanning = false;
    mr_decoder_count(&w->decoder, &w->decoded);
    w->window_bytes = WINDOW_BYTES;
    report(w, is_dropping ? MR_REPORT_CLOSED : MR_REPORT_ABORTED, w->stopping_from, 0);
}

/* ---- a step ---- */

/* The epoch to read now: the older one, or the one ahead behind it. */
static struct mr_worker_epoch *reading(struct mr_worker *w)
{
    struct mr_worker_epoch *older = &w->epochs[0], *newer = &w->epochs[1];
    if (newer->state == MR_WORKER_EMPTY || (older->epoch > newer->epoch)) {
        older = &w->epochs[1];
        newer = &w->epochs[0];
    }
    if (older->state == MR_WORKER_RUNNING) return older;
    return older->state != MR_WORKER_HALTED && newer->state == MR_WORKER_RUNNING ? newer : NULL;
}

static bool step_epochs(struct mr_worker *w)
{
    bool has_more = false;
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) {
        struct mr_worker_epoch *e = &w->epochs[i];
        if (e->state == MR_WORKER_SEALING) has_more = step_sealing(w, e) || has_more;
    }
    struct mr_worker_epoch *e = reading(w);
    return (e != NULL && step_running(w, e)) || has_more;
}

static bool worker_step(struct mr_step *self, struct mr_shard *shard)
{
    struct mr_worker *w = (struct mr_worker *)self;
    bool has_more = false;
    (void)shard;
    if (w->stopping != 0) {
        step_stopping(w);
    } else {
        has_more = step_epochs(w);
    }
    flush_reports(w);
    return has_more || w->report_count > 0;
}

/* ---- orders ---- */

static void order_begin(struct mr_worker *w, int64_t epoch, int64_t batch_us)
{
    struct mr_worker_epoch *e = mr_worker_epoch_of(w, epoch);
    MR_ASSERT(w->stopping == 0);
    MR_ASSERT(e->state == MR_WORKER_EMPTY || e->state == MR_WORKER_SEALED);
    if (e->state == MR_WORKER_SEALED) mr_sink_reset(&e->sink);
    e->epoch = epoch;
    e->context = (struct mr_program_context){
        .now_us = batch_us, .zone = w->plan->zone, .select = w->plan->select};
    e->counts = (struct mr_counts){0};
    e->has_failed = e->must_seal = false;
    mr_bad_records_begin(&e->bad, epoch, batch_us);
    e->state = MR_WORKER_RUNNING;
    if (mr_sink_begin(&e->sink, epoch, &e->err) != MR_OK) halt(w, e, MR_REPORT_FAILED);
}

static void order_seal(struct mr_worker_epoch *e)
{
    if (e->state == MR_WORKER_HALTED) return;
    MR_ASSERT(e->state == MR_WORKER_RUNNING && !e->must_seal);
    e->must_seal = true;
}

static void order_range(struct mr_worker_epoch *e, const struct mr_range *range)
{
    if (e->state == MR_WORKER_HALTED) return;
    MR_ASSERT(e->state == MR_WORKER_RUNNING && e->range_count < MR_WORKER_RANGES);
    e->ranges[e->range_count++] = range;
}

static void order_stop(struct mr_worker *w, mr_worker_order order, int64_t from)
{
    MR_ASSERT(w->stopping != MR_ORDER_DROP);
    w->stopping = order;
    w->stopping_from = from;
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) {
        struct mr_worker_epoch *e = &w->epochs[i];
        if (e->state == MR_WORKER_EMPTY) continue;
        e->state = MR_WORKER_STOPPING;
        mr_sink_stop(&e->sink, e->epoch < from);
        mr_bad_records_stop(&e->bad, e->epoch < from);
    }
}

void mr_worker_receive(struct mr_worker *worker, const struct mr_desc *desc)
{
    int64_t epoch = (int64_t)desc->words[0];
    struct mr_worker_epoch *e = mr_worker_epoch_of(worker, epoch);
    switch ((mr_worker_order)desc->kind) {
    case MR_ORDER_BEGIN: order_begin(worker, epoch, (int64_t)desc->words[1]); break;
    case MR_ORDER_RANGE:
        order_range(e, (const struct mr_range *)(uintptr_t)desc->words[1]);
        break;
    case MR_ORDER_SEAL: order_seal(e); break;
    case MR_ORDER_ABORT:
    case MR_ORDER_DROP: order_stop(worker, (mr_worker_order)desc->kind, epoch); break;
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
    *worker = (struct mr_worker){.shard = shard, .plan = plan, .window_bytes = WINDOW_BYTES};
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
    worker->bad_config = (struct mr_bad_records_config){.io = shard->io,
                                                        .heap = &worker->heap,
                                                        .waker = waker,
                                                        .folder = place->bad_folder,
                                                        .staged_folder = place->staged_folder,
                                                        .shard = shard->options.index};
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) {
        mr_sink_init(&worker->epochs[i].sink, &worker->sink_config);
        mr_bad_records_init(&worker->epochs[i].bad, &worker->bad_config);
    }
    status = init_codec(worker, err);
    if (status == MR_OK) status = init_pool(worker, err);
    if (status == MR_OK) {
        mr_scan_init(&worker->scan, shard->io, &worker->heap, &worker->pool, waker);
        worker->scan.is_raw = mr_format_is_raw(&plan->format);
        status = mr_decoder_open(&worker->decoder, &worker->heap, plan->read_schema, &plan->format,
                                 plan->kernels->isa, plan->read_zone, err);
    }
    if (status != MR_OK) {
        mr_worker_fini(worker);
        return status;
    }
    mr_decoder_want(&worker->decoder, plan->wanted, plan->wants_new_columns);
    return MR_OK;
}

void mr_worker_fini(struct mr_worker *worker)
{
    if (worker->shard == NULL) return;
    mr_decoder_close(&worker->decoder);
    if (worker->scan.pool != NULL) mr_scan_fini(&worker->scan);
    if (worker->pool.bufs != NULL) mr_pool_fini(&worker->pool);
    for (uint32_t i = 0; i < MR_WORKER_EPOCHS; i++) {
        MR_ASSERT(worker->epochs[i].state == MR_WORKER_EMPTY);
        mr_sink_fini(&worker->epochs[i].sink);
        mr_bad_records_fini(&worker->epochs[i].bad);
    }
    mr_heap_give(&worker->heap, worker->codec_memory, worker->codec_bytes);
    mr_arena_fini(&worker->arena);
    fini_memory(worker);
    worker->shard = NULL;
}

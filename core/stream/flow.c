#include "core/stream/flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/port/files.h"
#include "core/stream/flow_impl.h"

enum { ERR_FLOW = 4101, IDLE_US = 50000 };

/* ---- orders ---- */

void mr_flow_flush(struct mr_flow_link *link)
{
    uint32_t sent = 0;
    while (sent < link->order_count && mr_shard_post(link->worker.shard, &link->orders[sent])) {
        sent++;
    }
    link->order_count -= sent;
    memmove(link->orders, link->orders + sent, link->order_count * sizeof *link->orders);
}

void mr_flow_order(struct mr_flow_link *link, mr_worker_order kind, int64_t epoch, uint64_t value)
{
    MR_ASSERT(link->order_count < MR_COUNT_OF(link->orders));
    struct mr_desc *desc = &link->orders[link->order_count++];
    *desc = (struct mr_desc){.kind = kind, .object = &link->worker};
    desc->words[0] = (uint64_t)epoch;
    desc->words[1] = value;
    mr_flow_flush(link);
}

static void order_all(struct mr_flow *flow, mr_worker_order kind, int64_t epoch)
{
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        mr_flow_order(&flow->links[i], kind, epoch, 0);
    }
}

/* ---- failures ---- */

/* The flow ends as if the process had died: nothing is removed, the next start decides. */
static void stop_hard(struct mr_flow *flow)
{
    flow->has_failed = true;
    flow->request = MR_EPOCH_DO_STOP;
}

/* The epoch is given up; workers remove what they staged. flow->err is set. */
static void fail_epoch(struct mr_flow *flow)
{
    if (flow->has_failed) return;
    flow->has_failed = true;
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_FAIL);
}

/* ---- workers ---- */

static void fini_workers(struct mr_flow *flow)
{
    for (uint32_t i = 0; i < flow->config.shard_count; i++) mr_worker_fini(&flow->links[i].worker);
    flow->has_workers = false;
}

/* By which rules files get their statistics; the table's metadata may be replaced meanwhile. */
static mr_status plan_stats(struct mr_flow *flow)
{
    const struct mr_delta_snapshot *table = mr_table_snapshot(flow->config.table);
    flow->stats = (struct mr_stats_plan){.schema = flow->plan->file_schema,
                                         .rules = mr_delta_stats_rules_of(&table->metadata)};
    struct mr_span *columns = &flow->stats.rules.columns;
    if (columns->text == NULL) return MR_OK;
    columns->text = mr_arena_copy(&flow->own, *columns);
    return columns->text != NULL
               ? MR_OK
               : mr_err_set(&flow->err, MR_E_NOMEM, ERR_FLOW, "out of memory for statistics");
}

static mr_status open_workers(struct mr_flow *flow)
{
    struct mr_worker_place place = {
        .table_path = mr_table_path(flow->config.table),
        .staged_folder = mr_checkpoint_path(&flow->checkpoint, &flow->own, "millrace/staged"),
        .bad_folder = flow->config.bad_folder,
        .partition_text = mr_flow_partition_text,
        .partition_ctx = (void *)(uintptr_t)flow->plan,
        .stats = &flow->stats,
    };
    mr_status status = plan_stats(flow);
    if (place.staged_folder == NULL)
        return mr_err_set(&flow->err, MR_E_NOMEM, ERR_FLOW, "out of memory");
    for (uint32_t i = 0; status == MR_OK && i < flow->config.shard_count; i++) {
        struct mr_flow_link *link = &flow->links[i];
        status = mr_worker_init(&link->worker, flow->config.shards[i], flow->plan, &place,
                                flow->config.worker_bytes_max, &flow->err);
        link->worker.flow = flow;
        link->is_closed = false;
    }
    flow->has_workers = status == MR_OK;
    if (status != MR_OK) fini_workers(flow);
    return status;
}

static bool are_all_closed(const struct mr_flow *flow)
{
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        if (!flow->links[i].is_closed) return false;
    }
    return true;
}

/* ---- what the machine requests ---- */

/* The shards begin the epoch at work and get their first ranges. */
static mr_status begin_shards(struct mr_flow *flow)
{
    if (!flow->has_workers) MR_TRY(open_workers(flow));
    mr_flow_begin(flow, flow->epoch.number, true);
    return MR_OK;
}

static mr_status begin_offsets(struct mr_flow *flow)
{
    const struct mr_flow_reading *now = mr_flow_reading_of(flow, flow->epoch.number);
    char line[48];
    (void)snprintf(line, sizeof line, "{\"logOffset\":%" PRId64 "}", now->end_offset);
    struct mr_offsets_entry entry = {.watermark_ms = flow->watermark_ms,
                                     .batch_time_ms = now->batch_us / MR_US_PER_MS,
                                     .source_count = 1,
                                     .sources = {mr_span_of(line)}};
    return mr_checkpoint_begin_offsets(&flow->checkpoint, flow->epoch.number, &entry, &flow->err);
}

/* What shards found while the epoch was ahead counts now that it is opened. */
static void take_early(struct mr_flow *flow)
{
    flow->is_cutting = flow->epoch.early == MR_AHEAD_CUT;
    flow->has_failed = flow->epoch.early == MR_AHEAD_FAILED;
    if (flow->has_failed) flow->err = flow->ahead_err;
    flow->ahead_cuts++;
}

/* The entry of the source's list and offsets/N. Meanwhile the shards read: what they stage has its
 * lists, which a start goes through whether or not offsets/N is there. The source's entry and
 * offsets/N are synced together, the names appear one after the other: an offset never without its
 * entry. That offsets/N is durable is waited for when prepared/N is to get its name. */
static void write_offsets(struct mr_flow *flow)
{
    bool was_ahead = flow->epoch.early != MR_AHEAD_NONE;
    mr_status status = MR_OK;
    flow->epochs_ahead += was_ahead;
    if (was_ahead) {
        (void)mr_flow_feed(flow, flow->epoch.number, true);
    } else {
        status = begin_shards(flow);
    }
    if (status == MR_OK) status = begin_offsets(flow);
    if (status == MR_OK) status = flow->source->driver->harden(flow->source, &flow->err);
    if (status == MR_OK) status = mr_checkpoint_name_offsets(&flow->checkpoint, &flow->err);
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_OFFSETS_DONE);
    if (flow->request == MR_EPOCH_DO_ABORT_SHARDS) {
        take_early(flow);
        return;
    }
    MR_ASSERT(flow->request == MR_EPOCH_DO_START_SHARDS); /* they have been */
    flow->request = MR_EPOCH_DO_NOTHING;
}

/* Of an epoch that runs again. */
static void start_shards(struct mr_flow *flow)
{
    /* When workers cannot be made nothing runs yet, so there is nothing to abort. */
    if (begin_shards(flow) != MR_OK) {
        stop_hard(flow);
        return;
    }
    flow->request = MR_EPOCH_DO_NOTHING;
}

/* Called when the version is written and nobody sees it yet. */
static mr_status name_prepared(void *ctx, struct mr_err *err)
{
    struct mr_flow *flow = ctx;
    if (flow->checkpoint.is_prepared) return MR_OK;
    mr_status status = mr_checkpoint_end_prepared(&flow->checkpoint, err);
    if (status == MR_E_EXISTS) {
        return mr_err_set(err, MR_E_LOCKED, ERR_FLOW,
                          "another process has prepared epoch %" PRId64 " of %s",
                          flow->epoch.number, flow->config.name);
    }
    if (status == MR_OK) flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_PREPARED_DONE);
    return status;
}

/* The contents of prepared/N, the version and commits/N are synced together. Then prepared/N gets
 * its name, durably, only then the version, and when that is durable, commits/N (write_commit). */
static void write_prepared(struct mr_flow *flow)
{
    mr_status status = mr_flow_collect(flow, &flow->err);
    if (status != MR_OK) {
        fail_epoch(flow);
        return;
    }
    status = mr_checkpoint_begin_prepared(&flow->checkpoint, flow->epoch.number,
                                          mr_text_span(&flow->json), &flow->err);
    if (status == MR_OK) {
        status = mr_checkpoint_begin_commit(&flow->checkpoint, flow->epoch.number,
                                            flow->watermark_ms, &flow->err);
    }
    if (status == MR_OK) status = mr_flow_commit(flow, name_prepared, &flow->err);
    /* A table that has the epoch already was not written to. */
    if (status == MR_OK) status = name_prepared(flow, &flow->err);
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_TABLE_DONE);
}

static void commit_tables(struct mr_flow *flow)
{
    mr_status status = mr_flow_commit(flow, NULL, &flow->err);
    if (status == MR_OK) {
        status = mr_checkpoint_begin_commit(&flow->checkpoint, flow->epoch.number,
                                            flow->watermark_ms, &flow->err);
    }
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_TABLE_DONE);
}

static void write_commit(struct mr_flow *flow)
{
    mr_status status = mr_flow_settle(flow, &flow->err); /* of the epoch before */
    if (status == MR_OK) status = mr_checkpoint_end_commit(&flow->checkpoint, &flow->err);
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    mr_counts_add(&flow->totals, &flow->prepared.counts);
    flow->epochs++;
    flow->start_offset = mr_flow_reading_of(flow, flow->epoch.number)->end_offset;
    flow->unsettled = flow->epoch.number;
    if (flow->must_stop && flow->epoch.ahead != MR_AHEAD_NONE) {
        (void)mr_epoch_step(&flow->epoch, MR_EPOCH_EV_DROP_AHEAD);
    }
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_COMMIT_DONE);
    /* Before anything else is heard of its shards. */
    if (flow->request == MR_EPOCH_DO_WRITE_OFFSETS) write_offsets(flow);
}

static void perform(struct mr_flow *flow)
{
    switch (flow->request) {
    case MR_EPOCH_DO_NOTHING: return;
    case MR_EPOCH_DO_WRITE_OFFSETS: write_offsets(flow); return;
    case MR_EPOCH_DO_START_SHARDS: start_shards(flow); return;
    case MR_EPOCH_DO_WRITE_PREPARED: write_prepared(flow); return;
    case MR_EPOCH_DO_COMMIT_TABLES: commit_tables(flow); return;
    case MR_EPOCH_DO_WRITE_COMMIT: write_commit(flow); return;
    case MR_EPOCH_DO_START_AHEAD:
        mr_flow_begin(flow, flow->epoch.number + 1, false);
        flow->request = MR_EPOCH_DO_NOTHING;
        return;
    case MR_EPOCH_DO_ABORT_SHARDS:
        order_all(flow, MR_ORDER_ABORT, flow->epoch.number);
        flow->request = MR_EPOCH_DO_NOTHING;
        return;
    case MR_EPOCH_DO_STOP: break;
    }
    flow->must_stop = true;
    flow->stage = MR_FLOW_CLOSING;
    flow->request = MR_EPOCH_DO_NOTHING;
}

/* ---- reports ---- */

/* All workers have given the epoch back and their readers know the new fields: make a wider plan
 * and workers for it. The machine has asked to start the shards already. */
static void widen_plan(struct mr_flow *flow)
{
    struct mr_arena *arena = &mr_flow_reading_of(flow, flow->epoch.number)->arena;
    const struct mr_type **seen =
        MR_ARENA_ARRAY(arena, const struct mr_type *, 2 * (size_t)flow->config.shard_count);
    uint32_t count = 0;
    mr_status status = MR_OK;
    if (seen == NULL) status = mr_err_set(&flow->err, MR_E_NOMEM, ERR_FLOW, "out of memory");
    for (uint32_t i = 0; status == MR_OK && i < flow->config.shard_count; i++) {
        const struct mr_decoder *decoder = &flow->links[i].worker.decoder;
        if (flow->plan->wants_new_columns && mr_decoder_has_unknown(decoder)) {
            status = mr_decoder_unknown(decoder, arena, &seen[count++], &flow->err);
        }
        if (status == MR_OK && flow->plan->wants_wider && mr_decoder_has_misfits(decoder)) {
            status = mr_decoder_misfits(decoder, arena, &seen[count++], &flow->err);
        }
    }
    if (status == MR_OK) {
        status = flow->config.planner.widen(flow->config.planner.ctx, seen, count,
                                            flow->epoch.number, &flow->plan, &flow->err);
    }
    /* It may rewrite what offsets/N names. */
    if (status == MR_OK) status = mr_checkpoint_end_offsets(&flow->checkpoint, &flow->err);
    /* As after a crash: who writes a file while it is read loses nothing by the second look. */
    if (status == MR_OK) status = mr_flow_plan_again(flow, &flow->err);
    flow->is_cutting = false;
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    fini_workers(flow);
}

static void report_cut(struct mr_flow *flow, int64_t epoch)
{
    if (flow->is_cutting || flow->has_failed) return;
    if (epoch > flow->epoch.number) {
        if (flow->epoch.ahead != MR_AHEAD_NONE) {
            (void)mr_epoch_step(&flow->epoch, MR_EPOCH_EV_AHEAD_CUT);
        }
        return;
    }
    if (flow->epoch.state != MR_EPOCH_OPENED) return; /* it was ahead and has been dropped */
    flow->is_cutting = true;
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_CUT);
}

static void report_failed(struct mr_flow *flow, struct mr_worker *worker, int64_t epoch)
{
    const struct mr_err *err = &mr_worker_epoch_of(worker, epoch)->err;
    if (flow->has_failed) return;
    if (epoch > flow->epoch.number) {
        if (flow->epoch.ahead == MR_AHEAD_NONE) return;
        if (flow->epoch.ahead != MR_AHEAD_FAILED) flow->ahead_err = *err;
        (void)mr_epoch_step(&flow->epoch, MR_EPOCH_EV_AHEAD_FAIL);
        return;
    }
    if (!mr_epoch_can_fail(&flow->epoch)) return; /* it was ahead and has been dropped */
    flow->err = *err;
    if (flow->is_cutting) {
        flow->is_cutting = false;
        flow->has_failed = true;
        (void)mr_epoch_step(&flow->epoch, MR_EPOCH_EV_FAIL);
        return;
    }
    fail_epoch(flow);
}

static void report_aborted(struct mr_flow *flow)
{
    mr_epoch_request request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_SHARD_ABORTED);
    if (request == MR_EPOCH_DO_NOTHING) return;
    flow->request = request;
    if (flow->is_cutting && request == MR_EPOCH_DO_START_SHARDS) widen_plan(flow);
}

/* A report that changes what the epochs are about. */
static void report_epoch(struct mr_flow *flow, const struct mr_desc *desc, int64_t epoch)
{
    switch ((mr_worker_report)desc->kind) {
    case MR_REPORT_SEALED:
        if (flow->epoch.state != MR_EPOCH_OPENED) return; /* the abort is on its way */
        MR_ASSERT(epoch == flow->epoch.number);
        flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_SHARD_SEALED);
        return;
    case MR_REPORT_FAILED: report_failed(flow, desc->object, epoch); return;
    case MR_REPORT_CUT: report_cut(flow, epoch); return;
    case MR_REPORT_ABORTED: report_aborted(flow); return;
    case MR_REPORT_RANGE_DONE:
    case MR_REPORT_CLOSED: break;
    }
    MR_ASSERT(!"a report is one of those above");
}

void mr_flow_report(struct mr_flow *flow, const struct mr_desc *desc)
{
    struct mr_flow_link *link = (struct mr_flow_link *)desc->object;
    static_assert(offsetof(struct mr_flow_link, worker) == 0, "a worker's link is where it is");
    int64_t epoch = (int64_t)desc->words[0];
    uint32_t slot = (uint32_t)((uint64_t)epoch % MR_WORKER_EPOCHS);
    /* Once the flow is to stop, nothing that an epoch's shards have to say changes that. */
    bool is_stopping = flow->stage != MR_FLOW_RUNNING || flow->request == MR_EPOCH_DO_STOP;
    if (desc->kind == MR_REPORT_RANGE_DONE) {
        link->ranges_out[slot]--;
        link->bytes_out[slot] -= desc->words[1];
    } else if (desc->kind == MR_REPORT_CLOSED) {
        link->is_closed = true;
    } else if (!is_stopping) {
        report_epoch(flow, desc, epoch);
    }
}

/* ---- planning ---- */

static mr_flow_verdict plan_epoch(struct mr_flow *flow)
{
    int64_t now_us = mr_io_mono_us(flow->config.io);
    bool has_files = false;
    mr_status status = MR_OK;
    if (flow->has_plan_failed) {
        flow->err = flow->ahead_err;
        stop_hard(flow);
        return MR_FLOW_BUSY;
    }
    if (flow->config.is_continuous && flow->epochs > 0 &&
        now_us < flow->started_us + flow->config.interval_us) {
        flow->due_us = flow->started_us + flow->config.interval_us;
        return MR_FLOW_IDLE;
    }
    if (!flow->is_drained) {
        status = mr_flow_plan(flow, flow->epoch.number, &has_files, &flow->err);
    }
    if (status != MR_OK) {
        stop_hard(flow);
        return MR_FLOW_BUSY;
    }
    if (has_files) {
        flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_PLAN);
        return MR_FLOW_BUSY;
    }
    if (!flow->config.is_continuous) {
        flow->must_stop = true;
        return MR_FLOW_BUSY;
    }
    flow->due_us = now_us + IDLE_US;
    return MR_FLOW_IDLE;
}

/* Plans the epoch ahead. What goes wrong does not harm the one at work. */
static bool look_ahead(struct mr_flow *flow)
{
    bool has_files = false;
    if (!mr_flow_may_look(flow)) return false;
    mr_status status =
        mr_flow_plan(flow, flow->epoch.number + 1, &has_files, &flow->ahead_err);
    flow->has_plan_failed = status != MR_OK;
    if (status != MR_OK) return false;
    flow->is_drained = !has_files && !flow->config.is_continuous;
    if (!has_files) return false;
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_PLAN_AHEAD);
    perform(flow); /* before the next report asks for something else */
    return true;
}

/* The epoch at work is opened: ranges for it, then for the one ahead. */
static bool read_on(struct mr_flow *flow)
{
    int64_t epoch = flow->epoch.number;
    bool did = mr_flow_feed(flow, epoch, true);
    if (flow->epoch.ahead == MR_AHEAD_NONE) return look_ahead(flow) || did;
    return mr_flow_feed(flow, epoch + 1, false) || did;
}

/* ---- closing ---- */

/* A clean stop leaves nothing planned: what was ahead will be found again. */
static mr_status forget_ahead(struct mr_flow *flow)
{
    if (flow->planned_offset == flow->start_offset) return MR_OK;
    flow->planned_offset = flow->start_offset;
    mr_arena_reset(&flow->arena);
    MR_TRY(flow->source->driver->trim(flow->source, flow->start_offset, &flow->err));
    return mr_flow_clean_staged(flow, flow->epoch.number - 1, &flow->err);
}

static mr_flow_verdict close_workers(struct mr_flow *flow)
{
    if (flow->has_workers && flow->stage == MR_FLOW_RUNNING) {
        flow->stage = MR_FLOW_CLOSING;
    }
    if (flow->has_workers && !flow->is_closing) {
        flow->is_closing = true;
        /* What a prepared record may name stays: between two epochs that is what is committed, and
         * after a hard stop also what belongs to the one at work. */
        bool is_between = flow->epoch.state == MR_EPOCH_IDLE;
        order_all(flow, MR_ORDER_DROP, flow->epoch.number + !is_between);
    }
    if (flow->has_workers && !are_all_closed(flow)) return MR_FLOW_WAITING;
    if (flow->has_workers) fini_workers(flow);
    if (!flow->has_failed && forget_ahead(flow) != MR_OK) flow->has_failed = true;
    if (!flow->has_failed) mr_flow_upkeep(flow);
    flow->stage = MR_FLOW_CLOSED;
    if (flow->has_failed) return MR_FLOW_FAILED;
    if (flow->source->driver->stop(flow->source, &flow->err) != MR_OK) {
        flow->has_failed = true;
        return MR_FLOW_FAILED;
    }
    return MR_FLOW_DONE;
}

/* Nothing to do for the epoch: what is left of the one before is done now. */
static mr_flow_verdict settle_or(struct mr_flow *flow, mr_flow_verdict verdict)
{
    struct mr_err failure;
    if (flow->inherits) {
        flow->inherits = false;
        mr_flow_upkeep(flow);
        return MR_FLOW_BUSY;
    }
    if (flow->unsettled == MR_EPOCH_NONE) return verdict;
    if (mr_flow_settle(flow, &failure) == MR_OK) return MR_FLOW_BUSY;
    if (!flow->has_failed) flow->err = failure; /* else the epoch at work has, and that says why */
    stop_hard(flow);
    return MR_FLOW_BUSY;
}

static mr_flow_verdict step_idle(struct mr_flow *flow)
{
    if (!flow->must_stop) return plan_epoch(flow);
    if (flow->unsettled == MR_EPOCH_NONE) flow->stage = MR_FLOW_CLOSING;
    return flow->unsettled == MR_EPOCH_NONE ? MR_FLOW_BUSY : MR_FLOW_WAITING;
}

mr_flow_verdict mr_flow_step(struct mr_flow *flow)
{
    mr_flow_verdict verdict = MR_FLOW_WAITING;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        if (flow->has_workers) mr_flow_flush(&flow->links[i]);
    }
    if (flow->stage == MR_FLOW_CLOSED) return flow->has_failed ? MR_FLOW_FAILED : MR_FLOW_DONE;
    if (flow->stage == MR_FLOW_CLOSING) return close_workers(flow);
    if (flow->request != MR_EPOCH_DO_NOTHING) {
        perform(flow);
        return MR_FLOW_BUSY;
    }
    if (flow->epoch.state == MR_EPOCH_IDLE) verdict = step_idle(flow);
    if (flow->epoch.state == MR_EPOCH_OPENED && read_on(flow)) verdict = MR_FLOW_BUSY;
    return verdict == MR_FLOW_BUSY ? verdict : settle_or(flow, verdict);
}

void mr_flow_stop(struct mr_flow *flow)
{
    flow->must_stop = true;
}

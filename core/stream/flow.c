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

enum { ERR_FLOW = 4101, RANGES_OUT_MAX = 2, IDLE_US = 50000, UPKEEP_US = 210000 };

/* ---- orders ---- */

static void flush_orders(struct mr_flow_link *link)
{
    uint32_t sent = 0;
    while (sent < link->order_count && mr_shard_post(link->worker.shard, &link->orders[sent])) {
        sent++;
    }
    link->order_count -= sent;
    memmove(link->orders, link->orders + sent, link->order_count * sizeof *link->orders);
}

static void order(struct mr_flow_link *link, mr_worker_order kind, uint64_t first, uint64_t second)
{
    MR_ASSERT(link->order_count < MR_COUNT_OF(link->orders));
    struct mr_desc *desc = &link->orders[link->order_count++];
    *desc = (struct mr_desc){.kind = kind, .object = &link->worker};
    desc->words[0] = first;
    desc->words[1] = second;
    flush_orders(link);
}

static void order_all(struct mr_flow *flow, mr_worker_order kind, uint64_t first, uint64_t second)
{
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        order(&flow->links[i], kind, first, second);
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

static bool feed(struct mr_flow *flow);

/* The shards begin the epoch and get their first ranges. */
static mr_status begin_shards(struct mr_flow *flow)
{
    if (!flow->has_workers) MR_TRY(open_workers(flow));
    flow->range_next = 0;
    flow->is_sealing = false;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) flow->links[i].ranges_out = 0;
    order_all(flow, MR_ORDER_BEGIN, (uint64_t)flow->epoch.number, (uint64_t)flow->batch_us);
    (void)feed(flow);
    return MR_OK;
}

static mr_status begin_offsets(struct mr_flow *flow)
{
    char line[48];
    (void)snprintf(line, sizeof line, "{\"logOffset\":%" PRId64 "}", flow->end_offset);
    struct mr_offsets_entry entry = {.watermark_ms = flow->watermark_ms,
                                     .batch_time_ms = flow->batch_us / MR_US_PER_MS,
                                     .source_count = 1,
                                     .sources = {mr_span_of(line)}};
    return mr_checkpoint_begin_offsets(&flow->checkpoint, flow->epoch.number, &entry, &flow->err);
}

/* The entry of the source's list and offsets/N. Meanwhile the shards read: what they stage has its
 * lists, which a start goes through whether or not offsets/N is there. The source's entry and
 * offsets/N are synced together, the names appear one after the other: an offset never without its
 * entry. That offsets/N is durable is waited for when prepared/N is to get its name. */
static void write_offsets(struct mr_flow *flow)
{
    mr_status status = begin_shards(flow);
    if (status == MR_OK) status = begin_offsets(flow);
    if (status == MR_OK) status = flow->source->driver->harden(flow->source, &flow->err);
    if (status == MR_OK) status = mr_checkpoint_name_offsets(&flow->checkpoint, &flow->err);
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    mr_epoch_request request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_OFFSETS_DONE);
    MR_ASSERT(request == MR_EPOCH_DO_START_SHARDS); /* they have been */
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
    int64_t epoch = flow->epoch.number;
    mr_status status = mr_checkpoint_end_commit(&flow->checkpoint, &flow->err);
    if (status != MR_OK) {
        stop_hard(flow);
        return;
    }
    mr_counts_add(&flow->totals, &flow->prepared.counts);
    flow->epochs++;
    flow->committed_us = mr_io_mono_us(flow->config.io);
    flow->start_offset = flow->end_offset;
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_COMMIT_DONE);
    status = mr_flow_settle(flow, epoch, &flow->err);
    if (status != MR_OK) stop_hard(flow);
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
    case MR_EPOCH_DO_ABORT_SHARDS:
        order_all(flow, MR_ORDER_ABORT, 0, 0);
        flow->request = MR_EPOCH_DO_NOTHING;
        return;
    case MR_EPOCH_DO_STOP: break;
    }
    flow->must_stop = true;
    flow->stage = MR_FLOW_CLOSING;
    flow->request = MR_EPOCH_DO_NOTHING;
}

/* ---- reading ---- */

static bool feed(struct mr_flow *flow)
{
    bool did = false;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        struct mr_flow_link *link = &flow->links[i];
        while (link->ranges_out < RANGES_OUT_MAX && flow->range_next < flow->range_count) {
            link->ranges_out++;
            order(link, MR_ORDER_RANGE, (uint64_t)(uintptr_t)&flow->ranges[flow->range_next++], 0);
            did = true;
        }
    }
    if (flow->range_next == flow->range_count && !flow->is_sealing) {
        flow->is_sealing = true;
        order_all(flow, MR_ORDER_SEAL, 0, 0);
        did = true;
    }
    return did;
}

/* All workers have given the epoch back and their readers know the new fields: make a wider plan
 * and workers for it. The machine has asked to start the shards already. */
static void widen_plan(struct mr_flow *flow)
{
    const struct mr_type **seen =
        MR_ARENA_ARRAY(&flow->arena, const struct mr_type *, 2 * (size_t)flow->config.shard_count);
    uint32_t count = 0;
    mr_status status = MR_OK;
    if (seen == NULL) status = mr_err_set(&flow->err, MR_E_NOMEM, ERR_FLOW, "out of memory");
    for (uint32_t i = 0; status == MR_OK && i < flow->config.shard_count; i++) {
        const struct mr_json_reader *reader = flow->links[i].worker.reader;
        if (flow->plan->wants_new_columns && mr_json_reader_has_unknown(reader)) {
            status = mr_json_reader_unknown(reader, &flow->arena, &seen[count++], &flow->err);
        }
        if (status == MR_OK && flow->plan->wants_wider && mr_json_reader_has_misfits(reader)) {
            status = mr_json_reader_misfits(reader, &flow->arena, &seen[count++], &flow->err);
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

static void report_cut(struct mr_flow *flow)
{
    if (flow->is_cutting || flow->has_failed) return;
    flow->is_cutting = true;
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_CUT);
}

static void report_failed(struct mr_flow *flow, const struct mr_worker *worker)
{
    if (flow->has_failed) return;
    flow->err = worker->err;
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

void mr_flow_report(struct mr_flow *flow, const struct mr_desc *desc)
{
    struct mr_worker *worker = desc->object;
    struct mr_flow_link *link = (struct mr_flow_link *)worker;
    static_assert(offsetof(struct mr_flow_link, worker) == 0, "a worker's link is where it is");
    bool is_open = flow->epoch.state == MR_EPOCH_OPENED;
    switch ((mr_worker_report)desc->kind) {
    case MR_REPORT_RANGE_DONE:
        link->ranges_out--;
        return;
    case MR_REPORT_SEALED:
        if (is_open) flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_SHARD_SEALED);
        return;
    case MR_REPORT_FAILED: report_failed(flow, worker); return;
    case MR_REPORT_CUT: report_cut(flow); return;
    case MR_REPORT_ABORTED: report_aborted(flow); return;
    case MR_REPORT_CLOSED: link->is_closed = true; return;
    }
    MR_ASSERT(!"a report is one of those above");
}

/* ---- planning ---- */

static mr_flow_verdict plan_epoch(struct mr_flow *flow)
{
    struct mr_source_limits limits = {0};
    int64_t now_us = mr_io_mono_us(flow->config.io);
    if (flow->config.is_continuous && flow->epochs > 0 &&
        now_us < flow->started_us + flow->config.interval_us) {
        flow->due_us = flow->started_us + flow->config.interval_us;
        return MR_FLOW_IDLE;
    }
    mr_arena_reset(&flow->arena);
    mr_status status =
        flow->source->driver->plan(flow->source, &limits, &flow->arena, &flow->list, &flow->err);
    if (status != MR_OK) {
        stop_hard(flow);
        return MR_FLOW_BUSY;
    }
    if (flow->list.count == 0) {
        if (!flow->config.is_continuous) {
            flow->must_stop = true;
            return MR_FLOW_BUSY;
        }
        flow->due_us = now_us + IDLE_US;
        return MR_FLOW_IDLE;
    }
    flow->started_us = now_us;
    flow->batch_us = mr_io_now_us(flow->config.io) / MR_US_PER_MS * MR_US_PER_MS;
    flow->end_offset = flow->list.offset;
    if (mr_flow_make_ranges(flow, &flow->err) != MR_OK) {
        stop_hard(flow);
        return MR_FLOW_BUSY;
    }
    flow->request = mr_epoch_step(&flow->epoch, MR_EPOCH_EV_PLAN);
    return MR_FLOW_BUSY;
}

/* ---- closing ---- */

static mr_flow_verdict close_workers(struct mr_flow *flow)
{
    if (flow->has_workers && flow->stage == MR_FLOW_RUNNING) {
        flow->stage = MR_FLOW_CLOSING;
    }
    if (flow->has_workers && !flow->is_closing) {
        flow->is_closing = true;
        /* After a hard stop workers may be at work: they are aborted without being told to remove
         * anything that a prepared record could name. */
        bool is_safe = flow->epoch.state == MR_EPOCH_IDLE || flow->epoch.state == MR_EPOCH_FAILED;
        order_all(flow, is_safe ? MR_ORDER_CLOSE : MR_ORDER_DROP, 0, 0);
    }
    if (flow->has_workers && !are_all_closed(flow)) return MR_FLOW_WAITING;
    if (flow->has_workers) fini_workers(flow);
    /* The last version's checksum waits for its commit to be old enough. */
    int64_t settled_us = flow->committed_us + UPKEEP_US;
    if (!flow->has_failed && flow->epochs > 0 && mr_io_mono_us(flow->config.io) < settled_us) {
        flow->due_us = settled_us;
        return MR_FLOW_IDLE;
    }
    if (!flow->has_failed && flow->epochs > 0) mr_flow_upkeep(flow);
    flow->stage = MR_FLOW_CLOSED;
    if (flow->has_failed) return MR_FLOW_FAILED;
    if (flow->source->driver->stop(flow->source, &flow->err) != MR_OK) {
        flow->has_failed = true;
        return MR_FLOW_FAILED;
    }
    return MR_FLOW_DONE;
}

mr_flow_verdict mr_flow_step(struct mr_flow *flow)
{
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        if (flow->has_workers) flush_orders(&flow->links[i]);
    }
    if (flow->stage == MR_FLOW_CLOSED) return flow->has_failed ? MR_FLOW_FAILED : MR_FLOW_DONE;
    if (flow->stage == MR_FLOW_CLOSING) return close_workers(flow);
    if (flow->request != MR_EPOCH_DO_NOTHING) {
        perform(flow);
        return MR_FLOW_BUSY;
    }
    switch (flow->epoch.state) {
    case MR_EPOCH_IDLE:
        if (!flow->must_stop) return plan_epoch(flow);
        flow->stage = MR_FLOW_CLOSING;
        return MR_FLOW_BUSY;
    case MR_EPOCH_OPENED: return feed(flow) ? MR_FLOW_BUSY : MR_FLOW_WAITING;
    default: return MR_FLOW_WAITING;
    }
}

void mr_flow_stop(struct mr_flow *flow)
{
    flow->must_stop = true;
}

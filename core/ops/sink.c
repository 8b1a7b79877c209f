#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/ops/sink_impl.h"

enum {
    ERR_SINK = 5102,
    IDLE_BATCHES = 64,           /* after which an open file may go for another partition's */
    OPEN_LEAF_BYTES = 96 << 10,  /* of each column of an open file: a tile of pages, and a page */
    RUNS_SHARE = 4,              /* rows that wait may take this part of the memory */
    SPILL_BYTES_MIN = 256 << 10, /* of them that are worth a run of their own */
};

mr_status mr_sink_nomem(struct mr_err *err)
{
    mr_err_set(err, MR_E_NOMEM, ERR_SINK, "out of memory for a table's segments");
    mr_err_help(err, "raise --memory, or let epochs be smaller (maxFilesPerTrigger): each file of "
                     "an epoch takes some memory until it is committed");
    return MR_E_NOMEM;
}

void mr_sink_init(struct mr_sink *sink, const struct mr_sink_config *config)
{
    *sink = (struct mr_sink){
        .config = config, .files_end = &sink->files, .writing_end = &sink->writing};
    sink->staged.file = -1;
    mr_pq_heap_init(&sink->memory, config->heap, 0);
    mr_arena_init(&sink->arena, config->heap, 0);
    mr_router_init(&sink->router, config->heap, config->partition_columns, config->partition_count);
    uint32_t leaves = MR_MAX(mr_type_leaves(config->file_schema), 1u);
    uint64_t open_max = config->memory_bytes / 2 / leaves / OPEN_LEAF_BYTES;
    sink->open_max = (uint32_t)MR_MIN(MR_MAX(open_max, UINT64_C(1)), (uint64_t)MR_SINK_OPEN_MAX);
    const struct mr_kept_config runs = {.io = config->io,
                                        .heap = &sink->memory.heap,
                                        .waker = config->waker,
                                        .table_path = config->table_path,
                                        .shard = config->shard,
                                        .schema = config->schema};
    mr_kept_init(&sink->runs, &runs);
}

void mr_sink_fini(struct mr_sink *sink)
{
    if (sink->config == NULL) return;
    MR_ASSERT(sink->state == MR_SINK_IDLE);
    mr_kept_fini(&sink->runs);
    mr_router_fini(&sink->router);
    mr_arena_fini(&sink->arena);
    mr_heap_give(sink->config->heap, sink->open, sink->open_capacity * sizeof *sink->open);
    sink->config = NULL;
}

static void control_done(struct mr_io_op *op, void *ctx)
{
    struct mr_sink *sink = ctx;
    const struct mr_waker *waker = &sink->config->waker;
    sink->is_control_busy = false;
    waker->wake(waker->ctx);
    if (op->kind == MR_IO_CLOSE) sink->staged.file = -1;
    if (op->kind != MR_IO_OPEN || op->result < 0) return;
    sink->staged.file = (int32_t)op->result;
    if (sink->state == MR_SINK_OPENING) {
        sink->state = sink->must_seal ? MR_SINK_SEALING : MR_SINK_TAKING;
    }
}

static void submit_control(struct mr_sink *sink, mr_io_kind kind, const char *path)
{
    MR_ASSERT(!sink->is_control_busy);
    mr_io_op_init(&sink->control, kind);
    sink->control.path = path;
    sink->control.file = sink->staged.file;
    sink->control.done = control_done;
    sink->control.ctx = sink;
    if (kind == MR_IO_OPEN) {
        sink->control.flags = MR_OPEN_WRITE | MR_OPEN_CREATE | MR_OPEN_TRUNCATE;
    }
    sink->is_control_busy = true;
    mr_io_submit(sink->config->io, &sink->control);
}

/* A failed control operation, taken note of once. */
static mr_status control_status(struct mr_sink *sink, const char *verb, struct mr_err *err)
{
    int64_t result = sink->control.result;
    if (sink->control.kind == MR_IO_NOP || result >= 0) return MR_OK;
    sink->control.kind = MR_IO_NOP;
    return mr_err_os(err, (int)-result, ERR_SINK, "cannot %s %s", verb, sink->control.path);
}

mr_status mr_sink_begin(struct mr_sink *sink, int64_t epoch, struct mr_err *err)
{
    MR_ASSERT(sink->state == MR_SINK_IDLE && sink->files == NULL && sink->writing == NULL);
    mr_arena_reset(&sink->arena);
    mr_router_reset(&sink->router);
    sink->epoch = epoch;
    sink->open_count = sink->folder_count = sink->folder_capacity = sink->folder_at = 0;
    sink->folders = NULL;
    sink->must_seal = false;
    sink->control.kind = MR_IO_NOP;
    sink->staged = (struct mr_staged_list){.file = -1};
    mr_kept_begin(&sink->runs, &sink->staged);
    sink->merged = NULL;
    sink->staged_path = mr_arena_format(&sink->arena, "%s/%" PRId64 ".%u",
                                        sink->config->staged_folder, epoch, sink->config->shard);
    if (sink->staged_path == NULL) return mr_sink_nomem(err);
    if (sink->open != NULL) memset(sink->open, 0, sink->open_capacity * sizeof *sink->open);
    sink->state = MR_SINK_OPENING;
    submit_control(sink, MR_IO_OPEN, sink->staged_path);
    return MR_OK;
}

/* Whether a completion will come that may free memory or a place. */
static bool is_moving(const struct mr_sink *sink)
{
    if (mr_kept_is_busy(&sink->runs)) return true;
    for (const struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        if (mr_segment_is_moving(&f->segment)) return true;
    }
    return false;
}

static bool is_full(const struct mr_sink *sink)
{
    return sink->memory.heap.used_bytes >= sink->config->memory_bytes;
}

bool mr_sink_is_busy(const struct mr_sink *sink)
{
    if (sink->state == MR_SINK_OPENING || sink->batch != NULL) return true;
    return is_full(sink) && is_moving(sink);
}

/* ---- making room ---- */

static struct mr_sink_writing *oldest_open(const struct mr_sink *sink)
{
    struct mr_sink_writing *oldest = NULL;
    for (struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        if (f->partition == MR_SINK_CLOSED) continue;
        if (oldest == NULL || f->used_at < oldest->used_at) oldest = f;
    }
    MR_ASSERT(oldest != NULL);
    return oldest;
}

/* What still comes to its partition waits, so that it makes one more file and not many. */
static mr_status seal_oldest(struct mr_sink *sink, struct mr_err *err)
{
    struct mr_sink_writing *oldest = oldest_open(sink);
    bool is_taking = sink->state == MR_SINK_TAKING && sink->config->partition_count > 0;
    if (is_taking) MR_TRY(mr_kept_keep(&sink->runs, oldest->partition, err));
    return mr_sink_seal_file(sink, oldest, err);
}

/* The open file that holds most, of those whose row group can be ended. */
static struct mr_sink_writing *largest(const struct mr_sink *sink)
{
    struct mr_sink_writing *found = NULL;
    size_t bytes = 0;
    for (struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        if (f->partition == MR_SINK_CLOSED || f->is_flushed) continue;
        size_t its = mr_pq_writer_memory(f->writer);
        if (found != NULL && its <= bytes) continue;
        found = f;
        bytes = its;
    }
    return found;
}

/* Memory is used up and nothing is on its way out: one file gives up what it can.
 * returns MR_OK also when nobody has anything to give: then the heap decides */
static mr_status give_up_some(struct mr_sink *sink, bool *out_did, struct mr_err *err)
{
    struct mr_sink_writing *file = largest(sink);
    *out_did = true;
    if (sink->state == MR_SINK_TAKING && sink->runs.bytes >= SPILL_BYTES_MIN) {
        mr_status status = mr_kept_spill(&sink->runs, err);
        return status == MR_E_AGAIN ? MR_OK : status;
    }
    if (file != NULL) {
        file->is_flushed = true;
        MR_TRY(mr_pq_writer_flush(file->writer, mr_sink_sharers(sink->open_count), err));
        mr_segment_push(&file->segment);
        return MR_OK;
    }
    if (sink->open_count > 1) return seal_oldest(sink, err);
    *out_did = false;
    return MR_OK;
}

/* Room for one part of a batch. returns MR_E_AGAIN when a completion has to come first */
static mr_status make_room(struct mr_sink *sink, bool is_new, struct mr_err *err)
{
    for (;;) {
        bool did = true;
        bool is_crowded = is_new && sink->writing_count == MR_SINK_WRITING_MAX;
        if (is_new && sink->open_count >= sink->open_max) {
            MR_TRY(seal_oldest(sink, err));
        } else if (!is_crowded && !is_full(sink)) {
            return MR_OK;
        } else if (is_moving(sink)) {
            return MR_E_AGAIN;
        } else {
            MR_ASSERT(!is_crowded); /* those that are not open are moving */
            MR_TRY(give_up_some(sink, &did, err));
        }
        if (!did) return MR_OK;
    }
}

/* ---- batches ---- */

/* Whether rows may wait for the end of the epoch instead of getting a file. */
static bool may_wait(const struct mr_sink *sink)
{
    return sink->state == MR_SINK_TAKING && sink->config->partition_count > 0;
}

/* A file for the partition, as soon as there is room for one. The budget is kept by then, but what
 * is free may lie in crumbs too small for a file: then the rows wait, or others give up theirs.
 * *out_file is null when they have to wait. returns MR_E_AGAIN as make_room */
static mr_status open_part(struct mr_sink *sink, const struct mr_batch *batch,
                           const struct mr_routed *part, struct mr_sink_writing **out_file,
                           struct mr_err *err)
{
    for (;;) {
        bool did;
        MR_TRY(make_room(sink, true, err));
        mr_status status = mr_sink_open_file(sink, batch, part, out_file, err);
        if (status != MR_E_NOMEM) return status;
        if (is_moving(sink)) return MR_E_AGAIN;
        *out_file = NULL;
        if (may_wait(sink) && sink->open_count > 0) return MR_OK;
        MR_TRY(give_up_some(sink, &did, err));
        if (!did) return status;
    }
}

/* Rows that are kept aside, in steps: *row_at of them are. */
static mr_status append_aside(struct mr_sink *sink, const struct mr_batch *batch,
                              const struct mr_routed *part, struct mr_err *err)
{
    const uint64_t most = sink->config->memory_bytes / RUNS_SHARE;
    MR_TRY(mr_kept_keep(&sink->runs, part->partition, err));
    while (sink->row_at < part->sel_count) {
        bool did = true;
        if (mr_kept_is_busy(&sink->runs)) return MR_E_AGAIN;
        bool is_too_much = sink->runs.bytes >= most && sink->runs.bytes >= SPILL_BYTES_MIN;
        mr_status status = MR_OK;
        if (!is_too_much && !is_full(sink)) {
            status = mr_kept_add(&sink->runs, batch, part->partition, part->sel, part->sel_count,
                                 &sink->row_at, err);
            if (status != MR_E_NOMEM) {
                MR_TRY(status);
                continue;
            }
        }
        if (!is_too_much && is_moving(sink)) return MR_E_AGAIN;
        MR_TRY(give_up_some(sink, &did, err));
        if (did) continue;
        MR_TRY(status);
        MR_TRY(mr_kept_add(&sink->runs, batch, part->partition, part->sel, part->sel_count,
                           &sink->row_at, err));
    }
    sink->row_at = 0;
    return MR_OK;
}

static struct mr_sink_writing *find_open(const struct mr_sink *sink, uint32_t partition)
{
    return partition < sink->open_capacity ? sink->open[partition] : NULL;
}

/* Whether the rows of a partition without an open file wait: as many are open as may be, and all of
 * them are in use. */
static bool has_to_wait(const struct mr_sink *sink, uint32_t partition)
{
    if (!may_wait(sink)) return false;
    if (mr_kept_has(&sink->runs, partition)) return true;
    if (sink->open_count == 0) return false;
    if (sink->open_count < sink->open_max) return is_full(sink);
    return sink->batches - oldest_open(sink)->used_at < IDLE_BATCHES;
}

static mr_status append_part(struct mr_sink *sink, const struct mr_batch *batch,
                             const struct mr_routed *part, struct mr_err *err)
{
    struct mr_sink_writing *file = find_open(sink, part->partition);
    if (file != NULL) {
        MR_TRY(make_room(sink, false, err));
        file = find_open(sink, part->partition); /* sealed to make room, perhaps */
    } else if (is_full(sink) && is_moving(sink)) {
        return MR_E_AGAIN;
    }
    if (file == NULL && has_to_wait(sink, part->partition)) {
        return append_aside(sink, batch, part, err);
    }
    if (file == NULL) MR_TRY(open_part(sink, batch, part, &file, err));
    if (file == NULL) return append_aside(sink, batch, part, err);
    struct mr_batch rows = *batch;
    rows.sel = part->sel;
    rows.sel_count = part->sel_count;
    MR_TRY(mr_pq_writer_append(file->writer, &rows, sink->config->file_columns, err));
    file->is_flushed = false;
    file->used_at = sink->batches;
    file->rows += part->sel_count;
    mr_segment_push(&file->segment);
    if (mr_pq_writer_bytes(file->writer) >= sink->config->target_bytes) {
        return mr_sink_seal_file(sink, file, err);
    }
    return MR_OK;
}

/* Takes as much of the batch at hand as there is room for. */
static mr_status take_batch(struct mr_sink *sink, struct mr_err *err)
{
    for (; sink->part_at < sink->part_count; sink->part_at++) {
        mr_status status = append_part(sink, sink->batch, &sink->parts[sink->part_at], err);
        if (status == MR_E_AGAIN) return MR_OK;
        MR_TRY(status);
    }
    sink->batch = NULL;
    return MR_OK;
}

mr_status mr_sink_append(struct mr_sink *sink, struct mr_batch *batch, struct mr_err *err)
{
    MR_ASSERT(sink->state == MR_SINK_TAKING && sink->batch == NULL);
    if (batch->sel_count == 0) return MR_OK;
    sink->batches++;
    MR_TRY(mr_router_split(&sink->router, batch, &sink->parts, &sink->part_count, err));
    sink->batch = batch;
    sink->part_at = sink->row_at = 0;
    return take_batch(sink, err);
}

mr_status mr_sink_seal(struct mr_sink *sink, struct mr_err *err)
{
    MR_ASSERT(sink->state == MR_SINK_OPENING || sink->state == MR_SINK_TAKING);
    MR_ASSERT(sink->batch == NULL);
    for (struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        if (f->partition != MR_SINK_CLOSED) MR_TRY(mr_sink_seal_file(sink, f, err));
    }
    sink->must_seal = true;
    sink->merged_part = (struct mr_routed){.partition = MR_SINK_CLOSED};
    bool has_rows = sink->runs.rows > 0;
    if (sink->state == MR_SINK_TAKING) sink->state = has_rows ? MR_SINK_MERGING : MR_SINK_SEALING;
    return MR_OK;
}

static mr_status step_taking(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(mr_sink_reap(sink, err));
    mr_status status = mr_kept_step(&sink->runs, err);
    if (status != MR_OK && status != MR_E_AGAIN) return status;
    return sink->batch == NULL ? MR_OK : take_batch(sink, err);
}

/* ---- rows that waited ---- */

static mr_status seal_merged(struct mr_sink *sink, struct mr_err *err)
{
    struct mr_sink_writing *file = find_open(sink, sink->merged_part.partition);
    return file == NULL ? MR_OK : mr_sink_seal_file(sink, file, err);
}

/* Some rows that waited go into the file of their partition, which is sealed behind its last. */
static mr_status step_merging(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(mr_sink_reap(sink, err));
    if (sink->merged == NULL) {
        struct mr_batch *batch;
        uint32_t partition = MR_SINK_CLOSED;
        mr_status status = mr_kept_step(&sink->runs, err);
        if (status == MR_OK) status = mr_kept_next(&sink->runs, &batch, &partition, err);
        MR_TRY(status);
        if (partition != sink->merged_part.partition) MR_TRY(seal_merged(sink, err));
        sink->merged_part = (struct mr_routed){.partition = partition, .sel_count = batch->rows};
        if (batch->rows == 0) {
            sink->state = MR_SINK_MERGED;
            return MR_OK;
        }
        sink->merged = batch;
    }
    MR_TRY(append_part(sink, sink->merged, &sink->merged_part, err));
    sink->merged = NULL;
    return MR_OK;
}

static mr_status step_merged(struct mr_sink *sink)
{
    if (!mr_kept_stop(&sink->runs)) return MR_E_AGAIN;
    sink->state = MR_SINK_SEALING;
    return MR_OK;
}

/* Whether every file has its name, so that folders can be synced while contents are. */
static bool are_named(const struct mr_sink *sink)
{
    for (const struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        if (f->segment.state < MR_SEGMENT_OPEN) return false;
    }
    return true;
}

/* Contents and folders: nobody names the files before both are durable, so their order is free. */
static mr_status step_sealing(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(control_status(sink, "sync directory", err));
    MR_TRY(mr_sink_reap(sink, err));
    if (are_named(sink) && sink->folder_at < sink->folder_count) {
        submit_control(sink, MR_IO_SYNC_DIR, sink->folders[sink->folder_at++]);
        return MR_E_AGAIN;
    }
    if (sink->writing != NULL) return MR_E_AGAIN;
    sink->state = MR_SINK_CLOSING;
    submit_control(sink, MR_IO_CLOSE, sink->staged_path);
    return MR_E_AGAIN;
}

static mr_status step_closing(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(control_status(sink, "close", err));
    sink->state = MR_SINK_SEALED;
    return MR_OK;
}

static mr_status step_stopping(struct mr_sink *sink)
{
    bool is_done = true;
    for (struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        is_done = mr_segment_stop(&f->segment) && is_done;
    }
    if (!mr_kept_stop(&sink->runs) || !is_done) return MR_E_AGAIN;
    if (sink->staged.file >= 0) {
        submit_control(sink, MR_IO_CLOSE, sink->staged_path);
        return MR_E_AGAIN;
    }
    sink->state = MR_SINK_UNLINKING;
    sink->unlink_done = sink->keeps_files ? NULL : sink->files;
    sink->unlink_writing = sink->keeps_files ? NULL : sink->writing;
    return MR_OK;
}

/* Failures to unlink are not failures of the abort: the staged list still has the names. */
static mr_status step_unlinking(struct mr_sink *sink)
{
    const char *relative;
    if (sink->unlink_done != NULL) {
        relative = sink->unlink_done->relative;
        sink->unlink_done = sink->unlink_done->next;
    } else if (sink->unlink_writing != NULL) {
        relative = sink->unlink_writing->relative;
        sink->unlink_writing = sink->unlink_writing->next;
    } else {
        sink->state = MR_SINK_STOPPED;
        return MR_OK;
    }
    (void)snprintf(sink->unlink_path, sizeof sink->unlink_path, "%s/%s", sink->config->table_path,
                   relative);
    submit_control(sink, MR_IO_UNLINK, sink->unlink_path);
    return MR_E_AGAIN;
}

mr_status mr_sink_step(struct mr_sink *sink, struct mr_err *err)
{
    if (sink->is_control_busy) return MR_E_AGAIN;
    switch (sink->state) {
    case MR_SINK_OPENING: return control_status(sink, "create", err);
    case MR_SINK_TAKING: return step_taking(sink, err);
    case MR_SINK_MERGING: return step_merging(sink, err);
    case MR_SINK_MERGED: return step_merged(sink);
    case MR_SINK_SEALING: return step_sealing(sink, err);
    case MR_SINK_CLOSING: return step_closing(sink, err);
    case MR_SINK_STOPPING: {
        mr_status status = step_stopping(sink);
        return status == MR_OK ? step_unlinking(sink) : status;
    }
    case MR_SINK_UNLINKING: return step_unlinking(sink);
    case MR_SINK_IDLE:
    case MR_SINK_SEALED:
    case MR_SINK_STOPPED: break;
    }
    return MR_OK;
}

void mr_sink_stop(struct mr_sink *sink, bool keeps_files)
{
    sink->keeps_files = keeps_files;
    sink->batch = NULL;
    if (sink->state == MR_SINK_IDLE) {
        sink->state = MR_SINK_STOPPED;
    } else if (sink->state < MR_SINK_STOPPING) {
        sink->state = MR_SINK_STOPPING;
    }
}

void mr_sink_reset(struct mr_sink *sink)
{
    MR_ASSERT(sink->state == MR_SINK_SEALED || sink->state == MR_SINK_STOPPED);
    mr_sink_forget(sink);
    sink->state = MR_SINK_IDLE;
}

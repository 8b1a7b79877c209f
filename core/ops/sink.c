#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/ops/sink_impl.h"

enum { ERR_SINK = 5102 };

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
}

void mr_sink_fini(struct mr_sink *sink)
{
    if (sink->config == NULL) return;
    MR_ASSERT(sink->state == MR_SINK_IDLE);
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

static mr_status seal_oldest(struct mr_sink *sink, struct mr_err *err)
{
    struct mr_sink_writing *oldest = NULL;
    for (struct mr_sink_writing *f = sink->writing; f != NULL; f = f->next) {
        if (f->partition == MR_SINK_CLOSED) continue;
        if (oldest == NULL || f->used_at < oldest->used_at) oldest = f;
    }
    MR_ASSERT(oldest != NULL);
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
        if (is_new && sink->open_count == MR_SINK_OPEN_MAX) {
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

/* A file for the partition, as soon as there is room for one. The budget is kept by then, but what
 * is free may lie in crumbs too small for a file: then others give up theirs as well.
 * returns MR_E_AGAIN as make_room */
static mr_status open_part(struct mr_sink *sink, struct mr_batch *batch,
                           const struct mr_routed *part, struct mr_sink_writing **out_file,
                           struct mr_err *err)
{
    for (;;) {
        bool did;
        MR_TRY(make_room(sink, true, err));
        mr_status status = mr_sink_open_file(sink, batch, part, out_file, err);
        if (status != MR_E_NOMEM) return status;
        if (is_moving(sink)) return MR_E_AGAIN;
        MR_TRY(give_up_some(sink, &did, err));
        if (!did) return status;
    }
}

static mr_status append_part(struct mr_sink *sink, struct mr_batch *batch,
                             const struct mr_routed *part, struct mr_err *err)
{
    struct mr_sink_writing *file =
        part->partition < sink->open_capacity ? sink->open[part->partition] : NULL;
    if (file != NULL) MR_TRY(make_room(sink, false, err));
    if (file == NULL || file->partition == MR_SINK_CLOSED) { /* sealed to make room, perhaps */
        MR_TRY(open_part(sink, batch, part, &file, err));
    }
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
    sink->part_at = 0;
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
    if (sink->state == MR_SINK_TAKING) sink->state = MR_SINK_SEALING;
    return MR_OK;
}

static mr_status step_taking(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(mr_sink_reap(sink, err));
    return sink->batch == NULL ? MR_OK : take_batch(sink, err);
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
    if (!is_done) return MR_E_AGAIN;
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

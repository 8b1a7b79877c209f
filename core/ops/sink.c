#include "core/ops/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/checked.h"

enum { ERR_SINK = 5102 };

static mr_status sink_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_SINK, "out of memory for a table's segments");
}

void mr_sink_init(struct mr_sink *sink, const struct mr_sink_config *config)
{
    *sink = (struct mr_sink){.config = config, .files_end = &sink->files};
    sink->staged.file = -1;
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
    MR_ASSERT(sink->state == MR_SINK_IDLE && sink->files == NULL);
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
    if (sink->staged_path == NULL) return sink_nomem(err);
    if (sink->open != NULL) memset(sink->open, 0, sink->open_capacity * sizeof *sink->open);
    sink->state = MR_SINK_OPENING;
    submit_control(sink, MR_IO_OPEN, sink->staged_path);
    return MR_OK;
}

bool mr_sink_is_busy(const struct mr_sink *sink)
{
    if (sink->state == MR_SINK_OPENING) return true;
    for (const struct mr_sink_file *f = sink->files; f != NULL; f = f->next) {
        if (f->segment.is_backed_up && f->segment.state == MR_SEGMENT_OPEN) return true;
    }
    return false;
}

static mr_status reserve_open(struct mr_sink *sink, uint32_t partition, struct mr_err *err)
{
    if (partition < sink->open_capacity) return MR_OK;
    uint32_t capacity = MR_MAX(sink->open_capacity * 2, 16u);
    while (capacity <= partition) capacity *= 2;
    size_t old_bytes = sink->open_capacity * sizeof *sink->open;
    size_t new_bytes = capacity * sizeof *sink->open;
    void *grown = mr_heap_resize(sink->config->heap, sink->open, old_bytes, new_bytes);
    if (grown == NULL) return sink_nomem(err);
    memset((char *)grown + old_bytes, 0, new_bytes - old_bytes);
    sink->open = grown;
    sink->open_capacity = capacity;
    return MR_OK;
}

/* Adds a folder whose names must be durable, once. */
static mr_status add_folder(struct mr_sink *sink, const char *path, size_t bytes,
                            struct mr_err *err)
{
    struct mr_span folder = {path, bytes};
    for (uint32_t i = 0; i < sink->folder_count; i++) {
        if (mr_span_eq(mr_span_of(sink->folders[i]), folder)) return MR_OK;
    }
    if (sink->folder_count == sink->folder_capacity) {
        uint32_t capacity = MR_MAX(sink->folder_capacity * 2, 16u);
        const char **grown = MR_ARENA_ARRAY(&sink->arena, const char *, capacity);
        if (grown == NULL) return sink_nomem(err);
        if (sink->folder_count > 0) {
            memcpy(grown, sink->folders, sink->folder_count * sizeof *grown);
        }
        sink->folders = grown;
        sink->folder_capacity = capacity;
    }
    const char *copy = mr_arena_copy(&sink->arena, folder);
    if (copy == NULL) return sink_nomem(err);
    sink->folders[sink->folder_count++] = copy;
    return MR_OK;
}

/* The folders of a path from the table's own down to the file's. */
static mr_status add_folders(struct mr_sink *sink, const char *path, size_t root_bytes,
                             struct mr_err *err)
{
    MR_TRY(add_folder(sink, path, root_bytes, err));
    for (const char *at = strchr(path + root_bytes + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        MR_TRY(add_folder(sink, path, (size_t)(at - path), err));
    }
    return MR_OK;
}

static mr_status seal_file(struct mr_sink *sink, struct mr_sink_file *file, struct mr_err *err)
{
    MR_TRY(mr_pq_writer_seal(file->writer, err));
    sink->open[file->partition] = NULL;
    sink->open_count--;
    file->partition = MR_SINK_CLOSED;
    mr_segment_seal(&file->segment);
    return MR_OK;
}

static mr_status seal_oldest(struct mr_sink *sink, struct mr_err *err)
{
    struct mr_sink_file *oldest = NULL;
    for (struct mr_sink_file *f = sink->files; f != NULL; f = f->next) {
        if (f->partition == MR_SINK_CLOSED) continue;
        if (oldest == NULL || f->used_at < oldest->used_at) oldest = f;
    }
    MR_ASSERT(oldest != NULL);
    return seal_file(sink, oldest, err);
}

/* The codec's part of a file name, as Spark writes it. */
static const char *codec_suffix(mr_codec_id codec)
{
    static const char *const suffixes[MR_CODEC_COUNT] = {
        [MR_CODEC_NONE] = "",           [MR_CODEC_SNAPPY] = "snappy.", [MR_CODEC_GZIP] = "gz.",
        [MR_CODEC_LZ4_RAW] = "lz4raw.", [MR_CODEC_ZSTD] = "zstd.",
    };
    return suffixes[codec];
}

/* Where the file goes: table/partition folders/part-<shard>-<uuid>.c000.<codec>.parquet. */
static mr_status name_file(struct mr_sink *sink, struct mr_sink_file *file,
                           const struct mr_batch *batch, uint32_t row, char **out_path,
                           char **out_line, struct mr_err *err)
{
    const struct mr_sink_config *config = sink->config;
    struct mr_text folder, values;
    uint64_t a = mr_io_random(config->io), b = mr_io_random(config->io);
    mr_text_init(&folder, config->heap);
    mr_text_init(&values, config->heap);
    mr_status status =
        config->partition_text(config->partition_ctx, batch, row, &folder, &values, err);
    if (status == MR_OK) {
        *out_path = mr_arena_format(
            &file->arena, "%s/%.*spart-%05u-%08x-%04x-4%03x-a%03x-%012" PRIx64 ".c000.%sparquet",
            config->table_path, (int)folder.used, mr_text_span(&folder).text, config->shard,
            (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
            (unsigned)(b >> 48 & 0xfff), b & UINT64_C(0xffffffffffff),
            codec_suffix(config->options.codec_id));
        *out_line = *out_path == NULL ? NULL
                                      : mr_arena_format(&file->arena, "%s\n",
                                                        *out_path + strlen(config->table_path) + 1);
        file->partition_values = mr_arena_copy(&file->arena, mr_text_span(&values));
        if (*out_line == NULL || file->partition_values == NULL) status = sink_nomem(err);
    }
    mr_text_fini(&folder);
    mr_text_fini(&values);
    return status;
}

static void free_file(struct mr_sink *sink, struct mr_sink_file *file)
{
    mr_pq_writer_close(file->writer);
    mr_arena_fini(&file->arena);
    mr_heap_give(sink->config->heap, file, sizeof *file);
}

static mr_status open_file(struct mr_sink *sink, const struct mr_batch *batch,
                           const struct mr_routed *part, struct mr_sink_file **out_file,
                           struct mr_err *err)
{
    const struct mr_sink_config *config = sink->config;
    char *path = NULL, *line = NULL;
    size_t root_bytes = strlen(config->table_path);
    MR_TRY(reserve_open(sink, part->partition, err));
    if (sink->open_count == MR_SINK_OPEN_MAX) MR_TRY(seal_oldest(sink, err));
    struct mr_sink_file *file = mr_heap_zeroed(config->heap, sizeof *file);
    if (file == NULL) return sink_nomem(err);
    mr_arena_init(&file->arena, config->heap, 1024);
    uint32_t row = part->sel == NULL ? 0 : part->sel[0];
    mr_status status = name_file(sink, file, batch, row, &path, &line, err);
    if (status == MR_OK) status = add_folders(sink, path, root_bytes, err);
    if (status == MR_OK) {
        status = mr_pq_writer_open(config->heap, config->file_schema, &config->options,
                                   &file->writer, err);
    }
    if (status != MR_OK) {
        free_file(sink, file);
        return status;
    }
    file->relative = path + root_bytes + 1;
    file->partition = part->partition;
    *sink->files_end = file;
    sink->files_end = &file->next;
    sink->open[part->partition] = file;
    sink->open_count++;
    mr_segment_begin(&file->segment, config->io, config->waker, file->writer, &sink->staged, path,
                     root_bytes, line);
    *out_file = file;
    return MR_OK;
}

static mr_status append_part(struct mr_sink *sink, struct mr_batch *batch,
                             const struct mr_routed *part, struct mr_err *err)
{
    struct mr_sink_file *file =
        part->partition < sink->open_capacity ? sink->open[part->partition] : NULL;
    if (file == NULL) MR_TRY(open_file(sink, batch, part, &file, err));
    struct mr_batch rows = *batch;
    rows.sel = part->sel;
    rows.sel_count = part->sel_count;
    MR_TRY(mr_pq_writer_append(file->writer, &rows, sink->config->file_columns, err));
    file->used_at = sink->batches;
    file->rows += part->sel_count;
    mr_segment_push(&file->segment);
    if (mr_pq_writer_bytes(file->writer) >= sink->config->target_bytes) {
        return seal_file(sink, file, err);
    }
    return MR_OK;
}

mr_status mr_sink_append(struct mr_sink *sink, struct mr_batch *batch, struct mr_err *err)
{
    struct mr_routed *parts;
    uint32_t count;
    MR_ASSERT(sink->state == MR_SINK_TAKING);
    if (batch->sel_count == 0) return MR_OK;
    sink->batches++;
    MR_TRY(mr_router_split(&sink->router, batch, &parts, &count, err));
    for (uint32_t i = 0; i < count; i++) MR_TRY(append_part(sink, batch, &parts[i], err));
    return MR_OK;
}

mr_status mr_sink_seal(struct mr_sink *sink, struct mr_err *err)
{
    MR_ASSERT(sink->state == MR_SINK_OPENING || sink->state == MR_SINK_TAKING);
    for (struct mr_sink_file *f = sink->files; f != NULL; f = f->next) {
        if (f->partition != MR_SINK_CLOSED) MR_TRY(seal_file(sink, f, err));
    }
    sink->must_seal = true;
    if (sink->state == MR_SINK_TAKING) sink->state = MR_SINK_SEALING;
    return MR_OK;
}

/* All files are through: MR_OK; one failed: its error; otherwise MR_E_AGAIN. */
static mr_status files_status(struct mr_sink *sink, struct mr_err *err)
{
    bool is_done = true;
    for (struct mr_sink_file *f = sink->files; f != NULL; f = f->next) {
        if (f->segment.state == MR_SEGMENT_FAILED) return mr_segment_error(&f->segment, err);
        is_done = is_done && f->segment.state == MR_SEGMENT_DONE;
    }
    return is_done ? MR_OK : MR_E_AGAIN;
}

static mr_status step_sealing(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(files_status(sink, err));
    sink->state = MR_SINK_SYNCING;
    submit_control(sink, MR_IO_CLOSE, sink->staged_path);
    return MR_E_AGAIN;
}

static mr_status step_syncing(struct mr_sink *sink, struct mr_err *err)
{
    MR_TRY(control_status(sink, "sync directory", err));
    if (sink->folder_at < sink->folder_count) {
        submit_control(sink, MR_IO_SYNC_DIR, sink->folders[sink->folder_at++]);
        return MR_E_AGAIN;
    }
    sink->state = MR_SINK_SEALED;
    return MR_OK;
}

static mr_status step_stopping(struct mr_sink *sink)
{
    bool is_done = true;
    for (struct mr_sink_file *f = sink->files; f != NULL; f = f->next) {
        is_done = mr_segment_stop(&f->segment) && is_done;
    }
    if (!is_done) return MR_E_AGAIN;
    if (sink->staged.file >= 0) {
        submit_control(sink, MR_IO_CLOSE, sink->staged_path);
        return MR_E_AGAIN;
    }
    sink->state = MR_SINK_UNLINKING;
    sink->unlink_at = sink->keeps_files ? NULL : sink->files;
    return MR_OK;
}

/* Failures to unlink are not failures of the abort: the staged list still has the names. */
static mr_status step_unlinking(struct mr_sink *sink)
{
    if (sink->unlink_at == NULL) {
        sink->state = MR_SINK_STOPPED;
        return MR_OK;
    }
    submit_control(sink, MR_IO_UNLINK, sink->unlink_at->segment.path);
    sink->unlink_at = sink->unlink_at->next;
    return MR_E_AGAIN;
}

mr_status mr_sink_step(struct mr_sink *sink, struct mr_err *err)
{
    if (sink->is_control_busy) return MR_E_AGAIN;
    switch (sink->state) {
    case MR_SINK_OPENING: return control_status(sink, "create", err);
    case MR_SINK_TAKING: {
        mr_status status = files_status(sink, err);
        return status == MR_E_AGAIN ? MR_OK : status;
    }
    case MR_SINK_SEALING: return step_sealing(sink, err);
    case MR_SINK_SYNCING: return step_syncing(sink, err);
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
    if (sink->state == MR_SINK_IDLE) {
        sink->state = MR_SINK_STOPPED;
    } else if (sink->state < MR_SINK_STOPPING) {
        sink->state = MR_SINK_STOPPING;
    }
}

void mr_sink_reset(struct mr_sink *sink)
{
    MR_ASSERT(sink->state == MR_SINK_SEALED || sink->state == MR_SINK_STOPPED);
    while (sink->files != NULL) {
        struct mr_sink_file *file = sink->files;
        sink->files = file->next;
        free_file(sink, file);
    }
    sink->files_end = &sink->files;
    sink->state = MR_SINK_IDLE;
}

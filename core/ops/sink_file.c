#include <inttypes.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/ops/sink_impl.h"

/* ---- names and folders ---- */

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
        if (grown == NULL) return mr_sink_nomem(err);
        if (sink->folder_count > 0) {
            memcpy(grown, sink->folders, sink->folder_count * sizeof *grown);
        }
        sink->folders = grown;
        sink->folder_capacity = capacity;
    }
    const char *copy = mr_arena_copy(&sink->arena, folder);
    if (copy == NULL) return mr_sink_nomem(err);
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
static mr_status name_file(struct mr_sink *sink, struct mr_sink_writing *file,
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
        if (*out_line == NULL || file->partition_values == NULL) status = mr_sink_nomem(err);
    }
    mr_text_fini(&folder);
    mr_text_fini(&values);
    return status;
}

/* ---- the life of a file ---- */

uint32_t mr_sink_sharers(uint32_t open_count)
{
    uint32_t sharers = 1;
    while (sharers < open_count) sharers *= 2;
    return MR_MIN(sharers, (uint32_t)MR_SINK_OPEN_MAX);
}

static mr_status reserve_open(struct mr_sink *sink, uint32_t partition, struct mr_err *err)
{
    if (partition < sink->open_capacity) return MR_OK;
    uint32_t capacity = MR_MAX(sink->open_capacity * 2, 16u);
    while (capacity <= partition) capacity *= 2;
    size_t old_bytes = sink->open_capacity * sizeof *sink->open;
    size_t new_bytes = capacity * sizeof *sink->open;
    void *grown = mr_heap_resize(sink->config->heap, sink->open, old_bytes, new_bytes);
    if (grown == NULL) return mr_sink_nomem(err);
    memset((char *)grown + old_bytes, 0, new_bytes - old_bytes);
    sink->open = grown;
    sink->open_capacity = capacity;
    return MR_OK;
}

static void free_writing(struct mr_sink *sink, struct mr_sink_writing *file)
{
    mr_pq_writer_close(file->writer);
    mr_arena_fini(&file->arena);
    mr_heap_give(sink->config->heap, file, sizeof *file);
}

mr_status mr_sink_open_file(struct mr_sink *sink, const struct mr_batch *batch,
                           const struct mr_routed *part, struct mr_sink_writing **out_file,
                           struct mr_err *err)
{
    const struct mr_sink_config *config = sink->config;
    char *path = NULL, *line = NULL;
    size_t root_bytes = strlen(config->table_path);
    MR_TRY(reserve_open(sink, part->partition, err));
    struct mr_sink_writing *file = mr_heap_zeroed(config->heap, sizeof *file);
    if (file == NULL) return mr_sink_nomem(err);
    mr_arena_init(&file->arena, config->heap, 1024);
    uint32_t row = part->sel == NULL ? 0 : part->sel[0];
    mr_status status = name_file(sink, file, batch, row, &path, &line, err);
    if (status == MR_OK) status = add_folders(sink, path, root_bytes, err);
    if (status == MR_OK) {
        struct mr_pq_writer_options options = config->options;
        options.memory_bytes = config->memory_bytes / 2;
        options.sharers = mr_sink_sharers(sink->open_count + 1);
        status = mr_pq_writer_open(&sink->memory.heap, config->file_schema, &options,
                                   &file->writer, err);
    }
    if (status != MR_OK) {
        free_writing(sink, file);
        return status;
    }
    file->relative = path + root_bytes + 1;
    file->partition = part->partition;
    *sink->writing_end = file;
    sink->writing_end = &file->next;
    sink->writing_count++;
    sink->open[part->partition] = file;
    sink->open_count++;
    mr_segment_begin(&file->segment, config->io, config->waker, file->writer, &sink->staged, path,
                     root_bytes, line);
    *out_file = file;
    return MR_OK;
}

mr_status mr_sink_seal_file(struct mr_sink *sink, struct mr_sink_writing *file, struct mr_err *err)
{
    MR_TRY(mr_pq_writer_seal(file->writer, err));
    sink->open[file->partition] = NULL;
    sink->open_count--;
    file->partition = MR_SINK_CLOSED;
    mr_segment_seal(&file->segment);
    return MR_OK;
}

/* What the commit wants to know of a file that is done, in the epoch's arena. */
static mr_status note_done(struct mr_sink *sink, struct mr_sink_writing *file, struct mr_err *err)
{
    const struct mr_sink_config *config = sink->config;
    struct mr_text stats;
    mr_text_init(&stats, config->heap);
    mr_status status =
        config->file_stats(config->stats_ctx, file->writer, &file->arena, &stats, err);
    if (status == MR_OK) {
        struct mr_sink_file *done = MR_ARENA_NEW(&sink->arena, struct mr_sink_file);
        const char *relative = mr_arena_copy(&sink->arena, mr_span_of(file->relative));
        const char *values = mr_arena_copy(&sink->arena, mr_span_of(file->partition_values));
        const char *text = mr_arena_copy(&sink->arena, mr_text_span(&stats));
        if (done == NULL || relative == NULL || values == NULL || text == NULL) {
            status = mr_sink_nomem(err);
        } else {
            *done = (struct mr_sink_file){.relative = relative,
                                          .partition_values = values,
                                          .stats = {text, stats.used},
                                          .bytes = file->segment.bytes,
                                          .rows = file->rows};
            *sink->files_end = done;
            sink->files_end = &done->next;
        }
    }
    mr_text_fini(&stats);
    return status;
}

mr_status mr_sink_reap(struct mr_sink *sink, struct mr_err *err)
{
    struct mr_sink_writing **link = &sink->writing;
    while (*link != NULL) {
        struct mr_sink_writing *file = *link;
        if (file->segment.state == MR_SEGMENT_FAILED) {
            return mr_segment_error(&file->segment, err);
        }
        if (file->segment.state != MR_SEGMENT_DONE) {
            link = &file->next;
            continue;
        }
        MR_TRY(note_done(sink, file, err));
        *link = file->next;
        sink->writing_count--;
        free_writing(sink, file);
    }
    sink->writing_end = link;
    return MR_OK;
}

void mr_sink_forget(struct mr_sink *sink)
{
    while (sink->writing != NULL) {
        struct mr_sink_writing *file = sink->writing;
        sink->writing = file->next;
        free_writing(sink, file);
    }
    sink->writing_end = &sink->writing;
    sink->writing_count = 0;
    sink->files = NULL; /* they lie in the epoch's arena */
    sink->files_end = &sink->files;
}

/* rescue list, rescue show: what did not fit the schema, kept in the tables' rescued-data columns.
 *
 * list counts the rows of each table from the statistics of its files, without reading them; a file
 * without statistics is read. show prints the rescued data itself, one JSON object a line. */
#include <inttypes.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/format/parquet/pq_reader.h"
#include "core/table/table.h"
#include "io/posix/posix_io.h"
#include "tools/millrace/folder.h"

enum { ERR_RESCUE = 6205 };

struct rescue_run {
    struct mr_cli *cli;
    struct mr_io *io;
    struct mr_pipeline pipeline;
    struct mr_span column;
    void *codec_memory;
    size_t codec_bytes;
    struct mr_codec *codec;
    uint64_t shown;
    uint64_t limit;
    struct mr_err *err;
};

/* Rows of a file with rescued data, from its statistics; false when they do not say. */
static bool count_from_stats(struct rescue_run *run, struct mr_arena *arena,
                             const struct mr_delta_file *file, uint64_t *out_rows)
{
    const struct mr_doc *doc;
    char name[256];
    if (file->stats.bytes == 0 || run->column.bytes >= sizeof name) return false;
    memcpy(name, run->column.text, run->column.bytes);
    name[run->column.bytes] = '\0';
    if (mr_doc_read(arena, file->stats, &doc, NULL) != MR_OK) return false;
    const struct mr_doc *rows = mr_doc_get(doc, "numRecords");
    const struct mr_doc *nulls = mr_doc_get(mr_doc_get(doc, "nullCount"), name);
    if (rows == NULL || nulls == NULL || file->dv.storage != 0) return false;
    *out_rows = (uint64_t)(mr_doc_int(rows, 0) - mr_doc_int(nulls, 0));
    return true;
}

static void show_batch(struct rescue_run *run, const struct mr_batch *batch, uint64_t *rows)
{
    const struct mr_vec *vec = &batch->cols[0];
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (mr_vec_is_null(vec, i)) continue;
        (*rows)++;
        if (strcmp(run->cli->action, "show") != 0 || run->shown >= run->limit) continue;
        struct mr_span text = mr_vec_span(vec, i);
        (void)fprintf(run->cli->out, "%.*s\n", (int)text.bytes, text.text);
        run->shown++;
    }
}

/* Reads the rescued column of one data file. */
static mr_status read_file(struct rescue_run *run, struct mr_arena *arena, const char *path,
                           uint64_t *rows)
{
    struct mr_span content;
    struct mr_pq_reader *reader = NULL;
    struct mr_pq_projection projection = {.names = &run->column, .count = 1};
    struct mr_pq_reader_limits limits = {0};
    struct mr_arena batch_arena;
    bool has_rows = true;
    MR_TRY(mr_file_read(run->io, arena, path, UINT64_C(1) << 32, &content, run->err));
    mr_arena_init(&batch_arena, &run->cli->heap, 0);
    mr_status status =
        mr_pq_reader_open(&run->cli->heap, run->codec, content, &limits, &reader, run->err);
    if (status == MR_OK) status = mr_pq_reader_project(reader, &projection, 1, run->err);
    while (status == MR_OK && has_rows) {
        struct mr_batch batch;
        status = mr_pq_reader_next(reader, &batch_arena, &batch, &has_rows, run->err);
        if (status == MR_OK && has_rows) {
            show_batch(run, &batch, rows);
            mr_batch_fini(&batch);
        }
    }
    mr_pq_reader_close(reader);
    mr_arena_fini(&batch_arena);
    return status;
}

static mr_status visit_file(struct rescue_run *run, const struct mr_table *table,
                            const struct mr_delta_file *file, uint64_t *rows)
{
    struct mr_arena arena;
    struct mr_text path;
    uint64_t counted = 0;
    bool is_list = strcmp(run->cli->action, "list") == 0;
    mr_arena_init(&arena, &run->cli->heap, 0);
    bool is_known = count_from_stats(run, &arena, file, &counted);
    if (is_known && (is_list || counted == 0)) {
        *rows += counted;
        mr_arena_fini(&arena);
        return MR_OK;
    }
    mr_text_init(&path, &run->cli->heap);
    mr_text_addf(&path, "%s/", mr_table_path(table));
    mr_delta_path_decode(file->path, &path);
    mr_status status = mr_text_end(&path, run->err);
    if (status == MR_OK) status = read_file(run, &arena, path.at, rows);
    mr_text_fini(&path);
    mr_arena_fini(&arena);
    return status;
}

static mr_status visit(struct rescue_run *run, const struct mr_dataset *dataset)
{
    struct mr_table *table = NULL;
    struct mr_delta_action action;
    uint32_t cursor = 0;
    uint64_t rows = 0;
    mr_status status =
        mr_table_open(run->io, &run->cli->heap, dataset->table_path, &table, run->err);
    if (status == MR_E_NOT_FOUND) {
        *run->err = (struct mr_err){0};
        return MR_OK;
    }
    if (status != MR_OK) return status;
    const struct mr_delta_snapshot *snapshot = mr_table_snapshot(table);
    bool has_column = mr_type_find(snapshot->schema, run->column, false) >= 0;
    while (status == MR_OK && has_column && mr_delta_snapshot_next(snapshot, &cursor, &action)) {
        if (action.kind == MR_DELTA_ADD) status = visit_file(run, table, &action.u.file, &rows);
    }
    if (status == MR_OK && strcmp(run->cli->action, "list") == 0) {
        if (has_column) {
            (void)fprintf(run->cli->out, "%s: %" PRIu64 " rows\n", dataset->full_name, rows);
        } else {
            (void)fprintf(run->cli->out, "%s: no column %.*s\n", dataset->full_name,
                          (int)run->column.bytes, run->column.text);
        }
    }
    mr_table_close(table);
    return status;
}

static mr_status visit_all(struct rescue_run *run)
{
    struct mr_cli *cli = run->cli;
    const struct mr_dataset *only = NULL;
    struct mr_codec_limits limits = {0};
    MR_TRY(mr_folder_load(cli, run->io, mr_cli_text(cli, "folder"), &run->pipeline, run->err));
    if (cli->arg_count > 0) {
        MR_TRY(mr_folder_dataset(&run->pipeline, cli->args[0], &only, run->err));
    } else if (strcmp(cli->action, "show") == 0) {
        return mr_cli_usage(cli, run->err, "rescue show needs the name of a table");
    }
    run->codec_bytes = mr_codec_footprint(&limits);
    run->codec_memory = mr_heap_take(&cli->heap, run->codec_bytes);
    if (run->codec_memory == NULL) {
        return mr_err_set(run->err, MR_E_NOMEM, ERR_RESCUE, "out of memory for a codec");
    }
    MR_TRY(mr_codec_init(run->codec_memory, &limits, &run->codec, run->err));
    for (uint32_t i = 0; i < run->pipeline.dataset_count; i++) {
        const struct mr_dataset *dataset = &run->pipeline.datasets[i];
        if (only == NULL || only == dataset) MR_TRY(visit(run, dataset));
    }
    return MR_OK;
}

int mr_verb_rescue(struct mr_cli *cli, struct mr_err *err)
{
    struct mr_posix_options options = {0};
    struct rescue_run run = {.cli = cli,
                             .err = err,
                             .column = mr_span_of(mr_cli_text(cli, "column")),
                             .limit = (uint64_t)mr_cli_int(cli, "limit")};
    if (mr_posix_open(&cli->heap, &options, &run.io, err) != MR_OK) return mr_cli_exit_of(err);
    mr_status status = visit_all(&run);
    mr_heap_give(&cli->heap, run.codec_memory, run.codec_bytes);
    mr_io_close(run.io);
    return status == MR_OK ? MR_EXIT_OK : mr_cli_exit_of(err);
}

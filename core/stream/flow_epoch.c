#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_path.h"
#include "core/port/files.h"
#include "core/stream/flow_impl.h"

enum { ERR_EPOCH = 4102, ERR_UNACCOUNTED = 5105, REFRESH_MAX = 5, RETAIN_EVERY = 16 };

static mr_status epoch_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, ERR_EPOCH, "out of memory for an epoch");
}

/* ---- partitions ---- */

mr_status mr_flow_partition_text(void *ctx, const struct mr_batch *batch, uint32_t row,
                                 struct mr_text *out_folder, struct mr_text *out_values,
                                 struct mr_err *err)
{
    const struct mr_flow_plan *plan = ctx;
    struct mr_span columns[MR_PARTITION_COLUMNS_MAX], values[MR_PARTITION_COLUMNS_MAX];
    struct mr_text text;
    size_t starts[MR_PARTITION_COLUMNS_MAX];
    bool is_present[MR_PARTITION_COLUMNS_MAX];
    mr_text_init(&text, out_folder->heap);
    for (uint32_t i = 0; i < plan->partition_count; i++) {
        uint32_t column = plan->partition_columns[i];
        starts[i] = text.used;
        is_present[i] = mr_delta_partition_text(&batch->cols[column], row, &text);
        values[i].bytes = text.used - starts[i];
        columns[i] = plan->output_schema->fields[column].name;
    }
    mr_status status = mr_text_end(&text, err);
    for (uint32_t i = 0; status == MR_OK && i < plan->partition_count; i++) {
        values[i].text = is_present[i] ? text.at + starts[i] : NULL;
        mr_delta_partition_dir(columns[i], values[i], out_folder);
        mr_text_addc(out_folder, '/');
    }
    if (status == MR_OK) {
        mr_delta_partition_json(columns, values, plan->partition_count, out_values);
        status = mr_text_end(out_folder, err);
    }
    if (status == MR_OK) status = mr_text_end(out_values, err);
    mr_text_fini(&text);
    return status;
}

/* ---- the prepared record ---- */

static mr_status collect_files(struct mr_flow *flow, struct mr_arena *arena, struct mr_err *err)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        struct mr_worker *worker = &flow->links[i].worker;
        const struct mr_sink_file *file =
            mr_worker_epoch_of(worker, flow->epoch.number)->sink.files;
        for (; file != NULL; file = file->next) count++;
    }
    struct mr_staged_file *files = MR_ARENA_ARRAY(arena, struct mr_staged_file, count);
    if (files == NULL && count > 0) return epoch_nomem(err);
    flow->prepared.files = files;
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        const struct mr_worker_epoch *sealed =
            mr_worker_epoch_of(&flow->links[i].worker, flow->epoch.number);
        MR_ASSERT(sealed->state == MR_WORKER_SEALED && sealed->epoch == flow->epoch.number);
        mr_counts_add(&flow->prepared.counts, &sealed->counts);
        for (const struct mr_sink_file *f = sealed->sink.files; f != NULL; f = f->next) {
            files[flow->prepared.file_count++] = (struct mr_staged_file){
                .path = mr_span_of(f->relative),
                .partition_values = mr_span_of(f->partition_values),
                .bytes = f->bytes,
                .modified_ms = mr_io_now_us(flow->config.io) / MR_US_PER_MS,
                .rows = f->rows,
                .stats = f->stats,
            };
            flow->prepared.counts.files_out++;
            flow->prepared.counts.bytes_out += f->bytes;
        }
    }
    return MR_OK;
}

/* R31: every record that came in is staged or counted as dropped, and the files hold what the
 * counters say; with badRecordsPath nothing is dropped that was not written there. */
static mr_status check_conservation(const struct mr_flow *flow, struct mr_err *err)
{
    const struct mr_counts *counts = &flow->prepared.counts;
    int64_t lost = mr_counts_unaccounted(counts);
    uint64_t rows = 0;
    for (uint32_t i = 0; i < flow->prepared.file_count; i++) rows += flow->prepared.files[i].rows;
    uint64_t bad = flow->config.bad_folder == NULL ? 0 : counts->rows_malformed_dropped;
    if (lost == 0 && rows == counts->rows_out && bad == counts->bad_records) return MR_OK;
    mr_err_set(err, MR_E_INTERNAL, ERR_UNACCOUNTED,
               "epoch %" PRId64 " of %s does not add up: %" PRIu64 " records in, %" PRIu64
               " rows out, %" PRIu64 " filtered, %" PRIu64 " dropped as malformed, %" PRIu64
               " rows in files, %" PRIu64 " below badRecordsPath",
               flow->epoch.number, flow->config.name, counts->records_in, counts->rows_out,
               counts->rows_filtered, counts->rows_malformed_dropped, rows, counts->bad_records);
    mr_err_help(err, "nothing was committed; this is a fault of the program, please report it");
    return MR_E_INTERNAL;
}

mr_status mr_flow_collect(struct mr_flow *flow, struct mr_err *err)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, flow->epoch.number);
    const struct mr_delta_snapshot *table = mr_table_snapshot(flow->config.table);
    struct mr_text schema;
    flow->prepared = (struct mr_prepared){
        .epoch = flow->epoch.number,
        .app_id = mr_span_of(flow->checkpoint.id),
        .table_id = table->metadata.id,
        .batch_time_ms = reading->batch_us / MR_US_PER_MS,
        .next_watermark_ms = flow->watermark_ms,
        .schema_version = flow->plan->schema_version,
    };
    flow->prepared.counts.files_in = reading->list.count;
    MR_TRY(collect_files(flow, &reading->arena, err));
    MR_TRY(check_conservation(flow, err));
    const char *source =
        mr_arena_format(&reading->arena, "{\"logOffset\":%" PRId64 "}", reading->end_offset);
    mr_text_init(&schema, flow->config.heap);
    /* Also when it is the table's: the table may be another one by the time this is committed. */
    mr_type_write_json(flow->plan->output_schema, &schema);
    mr_status status = source == NULL ? epoch_nomem(err) : mr_text_end(&schema, err);
    if (status == MR_OK) {
        const char *copy = mr_arena_copy(&reading->arena, mr_text_span(&schema));
        flow->prepared.schema = (struct mr_span){copy, schema.used};
        flow->prepared.source = mr_span_of(source);
        mr_text_reset(&flow->json);
        mr_prepared_write(&flow->prepared, &flow->json);
        status = copy == NULL ? epoch_nomem(err) : mr_text_end(&flow->json, err);
    }
    mr_text_fini(&schema);
    return status;
}

/* ---- the commit ---- */

static mr_status read_schema(struct mr_flow *flow, const struct mr_type **out_schema,
                             struct mr_err *err)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, flow->epoch.number);
    const struct mr_doc *doc;
    *out_schema = NULL;
    if (flow->prepared.schema.bytes == 0) return MR_OK;
    MR_TRY(mr_doc_read(&reading->arena, flow->prepared.schema, &doc, err));
    return mr_type_read_json(&reading->arena, doc, out_schema, err);
}

static mr_status fill_part(struct mr_flow *flow, struct mr_table_part *part, struct mr_err *err)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, flow->epoch.number);
    const struct mr_prepared *prepared = &flow->prepared;
    struct mr_table_add *adds =
        MR_ARENA_ARRAY(&reading->arena, struct mr_table_add, prepared->file_count);
    if (adds == NULL && prepared->file_count > 0) return epoch_nomem(err);
    for (uint32_t i = 0; i < prepared->file_count; i++) {
        const struct mr_staged_file *file = &prepared->files[i];
        adds[i] = (struct mr_table_add){.path = file->path,
                                        .partition_values = file->partition_values,
                                        .bytes = file->bytes,
                                        .modified_ms = file->modified_ms,
                                        .stats = file->stats};
    }
    *part = (struct mr_table_part){.app_id = prepared->app_id,
                                   .version = prepared->epoch,
                                   .adds = adds,
                                   .add_count = prepared->file_count};
    return MR_OK;
}

static mr_status fill_commit(struct mr_flow *flow, struct mr_table_commit *commit,
                             struct mr_err *err)
{
    struct mr_flow_reading *reading = mr_flow_reading_of(flow, flow->epoch.number);
    const struct mr_prepared *prepared = &flow->prepared;
    const char *parameters = mr_arena_format(
        &reading->arena,
        "{\"outputMode\":\"Append\",\"queryId\":\"%.*s\",\"epochId\":\"%" PRId64 "\"}",
        (int)prepared->app_id.bytes, prepared->app_id.text, prepared->epoch);
    const char *metrics = mr_arena_format(
        &reading->arena,
        "{\"numAddedFiles\":\"%u\",\"numRemovedFiles\":\"0\",\"numOutputRows\":\"%" PRIu64
        "\",\"numOutputBytes\":\"%" PRIu64 "\"}",
        prepared->file_count, prepared->counts.rows_out, prepared->counts.bytes_out);
    const char *extra = mr_arena_format(&reading->arena, "\"millraceSource\":%.*s",
                                        (int)prepared->source.bytes, prepared->source.text);
    if (parameters == NULL || metrics == NULL || extra == NULL) return epoch_nomem(err);
    commit->may_add_columns = true;
    commit->operation = MR_SPAN("STREAMING UPDATE");
    commit->parameters = mr_span_of(parameters);
    commit->metrics = mr_span_of(metrics);
    commit->engine = flow->config.engine;
    commit->extra = prepared->source.bytes == 0 ? MR_SPAN("") : mr_span_of(extra);
    return read_schema(flow, &commit->schema, err);
}

mr_status mr_flow_commit(struct mr_flow *flow, mr_status (*before)(void *flow, struct mr_err *err),
                         struct mr_err *err)
{
    struct mr_table_part part;
    struct mr_table_commit commit = {
        .parts = &part, .part_count = 1, .before = before, .before_ctx = flow};
    struct mr_table_committed committed;
    MR_TRY(fill_part(flow, &part, err));
    MR_TRY(fill_commit(flow, &commit, err));
    mr_status status = mr_table_commit(flow->config.table, &commit, &committed, err);
    for (int i = 0; status == MR_E_CONFLICT && i < REFRESH_MAX; i++) {
        /* Another writer changed the table under us: look again, perhaps the rows still fit. */
        MR_TRY(mr_table_refresh(flow->config.table, err));
        status = mr_table_commit(flow->config.table, &commit, &committed, err);
    }
    if (status == MR_OK) {
        flow->version = committed.version;
        return MR_OK;
    }
    bool is_refused = status == MR_E_CONFLICT || status == MR_E_SCHEMA;
    if (is_refused && flow->checkpoint.is_prepared) {
        struct mr_err ignored;
        mr_status withdrawn =
            mr_checkpoint_withdraw(&flow->checkpoint, flow->epoch.number, &ignored);
        if (withdrawn != MR_OK && err != NULL) *err = ignored;
    }
    return status;
}

/* ---- after the commit ---- */

static mr_status remove_staged(struct mr_flow *flow, int64_t epoch, struct mr_err *err)
{
    for (uint32_t i = 0; i < flow->config.shard_count; i++) {
        const char *path = mr_checkpoint_path(&flow->checkpoint, &flow->arena,
                                              "millrace/staged/%" PRId64 ".%u", epoch, i);
        if (path == NULL) return epoch_nomem(err);
        MR_TRY(mr_file_remove(flow->config.io, path, err));
        if (flow->config.bad_folder == NULL) continue;
        path = mr_checkpoint_path(&flow->checkpoint, &flow->arena,
                                  "millrace/staged/%" PRId64 ".%u.bad", epoch, i);
        if (path == NULL) return epoch_nomem(err);
        MR_TRY(mr_file_remove(flow->config.io, path, err));
    }
    return MR_OK;
}

void mr_flow_upkeep(struct mr_flow *flow)
{
    struct mr_err ignored;
    flow->upkeep_failures += mr_table_upkeep(flow->config.table, &ignored) != MR_OK;
}

mr_status mr_flow_settle(struct mr_flow *flow, struct mr_err *err)
{
    int64_t epoch = flow->unsettled;
    if (epoch == MR_EPOCH_NONE) return MR_OK;
    flow->unsettled = MR_EPOCH_NONE;
    mr_arena_reset(&flow->arena);
    MR_TRY(flow->source->driver->commit(flow->source, flow->start_offset, err));
    /* The process that staged it may have had more shards. Files of epochs under way stay. */
    MR_TRY(epoch == flow->finished ? mr_flow_clean_staged(flow, INT64_MAX, err)
                                   : remove_staged(flow, epoch, err));
    if (epoch % RETAIN_EVERY == 0) MR_TRY(mr_checkpoint_retain(&flow->checkpoint, err));
    mr_flow_upkeep(flow);
    return MR_OK;
}

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/catalog/schema_log.h"
#include "core/format/delta/delta_protocol.h"
#include "core/ops/decoder.h"
#include "core/ops/scan.h"
#include "core/pipeline/flow_setup_impl.h"
#include "core/schema/merge.h"

enum {
    ERR_SCHEMA = 1405,
    FILES_FOR_PARTITIONS = 100, /* looked at when only the path's columns are wanted */
    SAMPLE_BUFS = MR_SCAN_AHEAD + 4,
};

static mr_status schema_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a schema");
}

/* ---- the given schema, and hints ---- */

/* The place within a text of an option becomes a line of help; the place is the option's. */
static mr_status locate_in(struct mr_flow_setup *s, const char *option, mr_status status,
                           struct mr_err *err)
{
    if (status == MR_OK || err == NULL) return status;
    if (err->help[0] == '\0' && err->line > 0) {
        mr_err_help(err, "at line %u, column %u of %s", err->line, err->column, option);
    }
    return mr_setup_locate(s, option, status, err);
}

static mr_status read_given(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_span ddl = mr_source_text(&s->options, MR_SOURCE_SCHEMA);
    return locate_in(s, "schema", mr_sql_parse_schema(&s->arena, ddl, &s->data, err), err);
}

static mr_status read_hints(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_sql_hints hints = {0};
    struct mr_span text = mr_source_text(&s->options, MR_SOURCE_SCHEMA_HINTS);
    MR_TRY(locate_in(s, "schemaHints", mr_sql_parse_hints(&s->arena, text, &hints, err), err));
    s->hints = MR_ARENA_ARRAY(&s->arena, struct mr_schema_hint, hints.count);
    if (s->hints == NULL && hints.count > 0) return schema_nomem(err);
    for (uint32_t i = 0; i < hints.count; i++) {
        s->hints[i] = (struct mr_schema_hint){.path = hints.hints[i].path,
                                              .path_count = hints.hints[i].path_count,
                                              .type = hints.hints[i].type};
    }
    s->hint_count = hints.count;
    return MR_OK;
}

/* ---- the sample ---- */

static void wake_nobody(void *ctx)
{
    (void)ctx;
}

struct sample {
    struct mr_flow_setup *setup;
    struct mr_pool pool;
    struct mr_scan scan;
    struct mr_sampler sampler;
    struct mr_err *err;
};

static mr_status feed_window(struct sample *sample, bool *out_is_over)
{
    struct mr_scan_window window;
    size_t consumed = 0;
    mr_status status = mr_scan_window(&sample->scan, &window, sample->err);
    if (status == MR_E_AGAIN) {
        (void)mr_io_run(sample->setup->env->io, -1);
        return MR_OK;
    }
    if (status != MR_OK) return status;
    *out_is_over = window.is_over;
    if (window.is_over) return MR_OK;
    MR_TRY(mr_sampler_feed(&sample->sampler, window.text, window.bytes, window.is_last, &consumed,
                           sample->err));
    bool is_stuck = consumed == 0 && !window.is_last;
    return mr_scan_consume(&sample->scan, window.is_last ? window.bytes : consumed, is_stuck,
                           sample->err);
}

static mr_status feed_file(struct sample *sample, const struct mr_source_file *file)
{
    struct mr_range range = {.path = file->path,
                             .bytes = file->length,
                             .refuses_links = file->refuses_links,
                             .may_vanish = true,
                             .may_be_corrupt = true,
                             .file = file};
    mr_status status = mr_sampler_begin(&sample->sampler, sample->err);
    if (status != MR_OK) return status;
    mr_scan_begin(&sample->scan, &range);
    bool is_over = false;
    while (status == MR_OK && !is_over) status = feed_window(sample, &is_over);
    while (!mr_scan_stop(&sample->scan)) (void)mr_io_run(sample->setup->env->io, -1);
    return status;
}

static mr_status feed_files(struct sample *sample, const struct mr_source_list *list)
{
    struct mr_flow_setup *s = sample->setup;
    struct mr_waker waker = {wake_nobody, NULL};
    MR_TRY(mr_sampler_open(&sample->sampler, s->env->heap, &s->format, s->env->kernels->isa,
                           sample->err));
    MR_TRY(mr_pool_init(&sample->pool, s->env->heap, SAMPLE_BUFS, MR_SCAN_BUF, sample->err));
    mr_scan_init(&sample->scan, s->env->io, s->env->heap, &sample->pool, waker);
    for (uint32_t i = 0; i < list->count; i++) MR_TRY(feed_file(sample, &list->files[i]));
    return MR_OK;
}

static mr_status apply_hints(struct mr_flow_setup *s, const struct mr_type *type,
                             struct mr_err *err)
{
    mr_status status =
        mr_schema_apply_hints(&s->arena, type, s->hints, s->hint_count, &s->data, err);
    return locate_in(s, "schemaHints", status, err);
}

/* The type of the sampled records, or the one that the format always has, hints applied. */
static mr_status infer_data(struct mr_flow_setup *s, const struct mr_source_list *list,
                            struct mr_err *err)
{
    const struct mr_type *type = mr_format_fixed_schema(&s->format);
    struct sample sample = {.setup = s, .err = err};
    if (type != NULL) return apply_hints(s, type, err);
    mr_status status = feed_files(&sample, list);
    if (status == MR_OK) status = mr_sampler_type(&sample.sampler, &s->arena, &type, err);
    if (sample.scan.pool != NULL) mr_scan_fini(&sample.scan);
    if (sample.pool.bufs != NULL) mr_pool_fini(&sample.pool);
    mr_sampler_close(&sample.sampler);
    return status == MR_OK ? apply_hints(s, type, err) : status;
}

static mr_status open_sample(struct mr_flow_setup *s, struct mr_source **out_source,
                             struct mr_err *err)
{
    struct mr_source_spec spec = {.heap = s->env->heap,
                                  .io = s->env->io,
                                  .path = s->path,
                                  .options = &s->options,
                                  .offset = -1,
                                  .committed = -1};
    mr_status status = s->env->open_source(&spec, out_source, err);
    return status == MR_OK ? MR_OK : mr_setup_locate(s, NULL, status, err);
}

static mr_status list_sample(struct mr_flow_setup *s, uint64_t files_max,
                             struct mr_source_list *out_list, struct mr_err *err)
{
    struct mr_source *source = NULL;
    struct mr_source_limits limits = {.files_max = files_max};
    MR_TRY(open_sample(s, &source, err));
    mr_status status = source->driver->sample(source, &limits, &s->arena, out_list, err);
    source->driver->close(source);
    if (status != MR_OK) return status;
    if (out_list->partitions == NULL) return MR_OK;
    s->partitions = mr_type_clone(&s->arena, out_list->partitions);
    return s->partitions == NULL ? schema_nomem(err) : MR_OK;
}

static mr_status put_version(struct mr_flow_setup *s, int64_t epoch, const char *reason,
                             struct mr_err *err)
{
    struct mr_schema_version version = {
        .version = s->schema_version,
        .from_epoch = epoch,
        .at_us = mr_io_now_us(s->env->io),
        .schema = s->data,
        .partitions = s->partitions == NULL ? mr_type_struct(&s->arena, NULL, 0) : s->partitions,
        .reason = mr_span_of(reason),
    };
    if (s->env->is_dry) return MR_OK;
    if (version.partitions == NULL) return schema_nomem(err);
    MR_TRY(mr_dir_make(s->env->io, s->schema_folder, err));
    return mr_schema_log_put(s->env->io, s->env->heap, s->schema_folder, &version, err);
}

static mr_status infer(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_source_list list = {0};
    MR_TRY(list_sample(s, 0, &list, err));
    if (list.count > 0) MR_TRY(infer_data(s, &list, err));
    if (list.count == 0 || s->data->field_count == 0) {
        mr_err_set(err, MR_E_NOT_FOUND, ERR_SCHEMA, "no schema can be inferred: %s holds no %s",
                   s->path.text, list.count == 0 ? "file to read" : "record with a field");
        mr_err_help(err, "give schema => '...', or start when there is data");
        return mr_setup_locate(s, NULL, MR_E_NOT_FOUND, err);
    }
    s->schema_version = 0;
    char reason[64];
    (void)snprintf(reason, sizeof reason, "inferred from %u files", list.count);
    return put_version(s, 0, reason, err);
}

/* ---- the schema ---- */

static mr_status load_or_infer(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_schema_version newest;
    MR_TRY(mr_schema_log_newest(s->env->io, &s->arena, s->schema_folder, &newest, err));
    if (newest.version < 0) return infer(s, err);
    s->schema_version = newest.version;
    s->data = newest.schema;
    s->partitions = newest.partitions;
    return MR_OK;
}

/* What read_files and cloud_files differ in, and what an inferred schema brings along. */
static void apply_defaults(struct mr_flow_setup *s)
{
    const struct mr_source_options *o = &s->options;
    bool is_set =
        o->values[MR_SOURCE_INFER_TYPES].is_set || o->values[MR_SOURCE_INFER_SCHEMA].is_set;
    bool infers = is_set ? mr_source_bool(o, MR_SOURCE_INFER_TYPES) &&
                               mr_source_bool(o, MR_SOURCE_INFER_SCHEMA)
                         : !s->call.is_cloud_files;
    mr_format_set_schema(&s->format, s->is_schema_given, infers);
}

mr_status mr_setup_schema(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_source_list list = {0};
    s->is_schema_given = mr_source_has(&s->options, MR_SOURCE_SCHEMA);
    apply_defaults(s);
    mr_status status = mr_evolution_of(&s->options, s->is_schema_given, &s->evolution, err);
    MR_TRY(mr_setup_locate(s, "schemaEvolutionMode", status, err));
    if (!s->is_schema_given) {
        MR_TRY(read_hints(s, err));
        return load_or_infer(s, err);
    }
    MR_TRY(read_given(s, err));
    return list_sample(s, FILES_FOR_PARTITIONS, &list, err);
}

bool mr_setup_wants_new_columns(const struct mr_flow_setup *s)
{
    if (s->is_settled) return false;
    return s->evolution == MR_EVOLVE_ADD || s->evolution == MR_EVOLVE_ADD_AND_WIDEN ||
           s->evolution == MR_EVOLVE_FAIL;
}

bool mr_setup_wants_wider(const struct mr_flow_setup *s)
{
    /* Types can only grow where the table may follow; elsewhere what misfits is rescued. A table
     * that is there decides, since TBLPROPERTIES are for the one who makes it. */
    struct mr_span wish =
        mr_dataset_property(s->dataset, "delta.enableTypeWidening", MR_SPAN("false"));
    bool is_allowed = s->table == NULL ? mr_span_ieq(wish, MR_SPAN("true"))
                                       : mr_delta_may_widen(mr_table_snapshot(s->table));
    return s->evolution == MR_EVOLVE_ADD_AND_WIDEN && !s->is_wide_settled && is_allowed;
}

/* ---- evolution ---- */

static mr_status merge_unknown(struct mr_flow_setup *s, const struct mr_type *const *unknown,
                               uint32_t count, const struct mr_type **out_type, struct mr_err *err)
{
    const struct mr_type *merged = unknown[0];
    for (uint32_t i = 1; i < count; i++) {
        MR_TRY(mr_type_merge(&s->arena, merged, unknown[i], &merged, err));
    }
    /* The workers' types live as long as the epoch; the schema longer. */
    *out_type = mr_type_clone(&s->arena, merged);
    return *out_type == NULL ? schema_nomem(err) : MR_OK;
}

mr_status mr_setup_widen(void *ctx, const struct mr_type *const *unknown, uint32_t count,
                         int64_t epoch, const struct mr_flow_plan **out_plan, struct mr_err *err)
{
    struct mr_flow_setup *s = ctx;
    const char *rescued = mr_format_rescued_column(&s->format);
    struct mr_evolve_result result;
    const struct mr_type *seen = NULL;
    MR_ASSERT(count > 0);
    MR_TRY(merge_unknown(s, unknown, count, &seen, err));
    struct mr_evolve_input input = {.mode = s->evolution,
                                    .current = s->data,
                                    .seen = seen,
                                    .partitions = s->partitions,
                                    .hints = s->hints,
                                    .hint_count = s->hint_count,
                                    .has_rescued_column = rescued[0] != '\0'};
    mr_status status = mr_schema_evolve(&s->arena, &input, &result, err);
    if (status != MR_OK) {
        mr_err_origin(err, s->dataset->full_name);
        return status;
    }
    const char *text = mr_arena_copy(&s->arena, result.text);
    if (text == NULL) return schema_nomem(err);
    if (result.action == MR_EVOLVE_NEXT) {
        MR_ASSERT(!s->is_schema_given);
        s->data = result.schema;
        s->schema_version++;
        MR_TRY(put_version(s, epoch, text, err));
    } else {
        /* Nothing of it changes the schema: read on, and do not cut for the like again. */
        s->is_settled = !s->plan->wants_wider;
        s->is_wide_settled = true;
    }
    if (text[0] != '\0' && s->env->notice != NULL) s->env->notice(s->env->notice_ctx, text);
    MR_TRY(mr_setup_plan(s, err));
    *out_plan = s->plan;
    return MR_OK;
}

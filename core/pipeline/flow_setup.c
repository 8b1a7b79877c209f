#include "core/pipeline/flow_setup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/pipeline/flow_setup_impl.h"

enum { ERR_SETUP = 1404, RANGE_BYTES = 32 << 20 };

/* ---- errors ---- */

mr_status mr_setup_error_at(const struct mr_flow_setup *setup, const struct mr_sql_pos *pos,
                            mr_status status, uint32_t code, struct mr_err *err, const char *fmt,
                            ...)
{
    char text[MR_ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)mr_sql_error_at(err, pos, status, code, "%s", text);
    mr_err_origin(err, setup->dataset->script->origin.text);
    return status;
}

mr_status mr_setup_locate(const struct mr_flow_setup *setup, const char *option, mr_status status,
                          struct mr_err *err)
{
    const struct mr_sql_pos *pos = &setup->call.pos;
    if (status == MR_OK || err == NULL) return status;
    for (uint32_t i = 0; i < setup->call.count; i++) {
        if (option != NULL && mr_span_ieq(setup->call.pairs[i].name, mr_span_of(option))) {
            pos = &setup->call.pair_pos[i];
        }
    }
    err->line = pos->line;
    err->column = pos->column;
    err->width = pos->width == 0 ? 1 : pos->width;
    err->origin[0] = '\0';
    mr_err_origin(err, setup->dataset->script->origin.text);
    return status;
}

/* ---- the source ---- */

static mr_status find_call(struct mr_flow_setup *s, struct mr_err *err)
{
    const struct mr_sql_query *query = s->dataset->statement->query;
    const struct mr_sql_relation *from = query->from;
    if (query->kind != MR_SQL_QUERY_SELECT || from == NULL) {
        return mr_setup_error_at(s, &query->pos, MR_E_UNSUPPORTED, ERR_SETUP, err,
                                 "a streaming table needs SELECT ... FROM STREAM read_files(...)");
    }
    bool is_cloud = from->kind == MR_SQL_RELATION_FUNCTION &&
                    mr_span_ieq(from->name.first->text, MR_SPAN("cloud_files"));
    if (!from->is_stream && !is_cloud) {
        mr_status status =
            mr_setup_error_at(s, &from->pos, MR_E_INVALID, ERR_SETUP, err,
                              "a streaming table is fed by a stream, and this relation is none");
        mr_err_help(err, "write STREAM before it");
        return status;
    }
    if (from->watermark != NULL || from->dedup != NULL) {
        return mr_setup_error_at(s, &from->pos, MR_E_UNSUPPORTED, ERR_SETUP, err,
                                 "WATERMARK and DEDUPLICATE are not supported in this version");
    }
    mr_status status = mr_source_call_read(&s->arena, from, &s->call, err);
    if (status != MR_OK) mr_err_origin(err, s->dataset->script->origin.text);
    return status;
}

mr_status mr_setup_place(struct mr_flow_setup *s, struct mr_span path, const char **out_path,
                         struct mr_err *err)
{
    if (mr_span_starts(path, MR_SPAN("file://"))) {
        path.text += 7;
        path.bytes -= 7;
    } else if (mr_span_starts(path, MR_SPAN("file:/"))) {
        path.text += 5;
        path.bytes -= 5;
    } else if (memmem(path.text, path.bytes, "://", 3) != NULL) {
        return mr_err_set(err, MR_E_UNSUPPORTED, ERR_SETUP,
                          "only local paths are supported in this version");
    }
    if (path.bytes > 0 && path.text[0] == '/') {
        *out_path = mr_arena_copy(&s->arena, path);
    } else {
        *out_path = mr_arena_format(&s->arena, "%s/%.*s", s->env->pipeline->spec.folder,
                                    (int)path.bytes, path.text);
    }
    if (*out_path != NULL) return MR_OK;
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a path");
}

static mr_status place_path(struct mr_flow_setup *s, struct mr_err *err)
{
    const char *path;
    mr_status status = mr_setup_place(s, s->call.path, &path, err);
    if (status == MR_E_UNSUPPORTED) {
        return mr_setup_error_at(s, &s->call.path_pos, status, ERR_SETUP, err, "%s", err->message);
    }
    if (status == MR_OK) s->path = mr_span_of(path);
    return status;
}

static void tell_ignored(struct mr_flow_setup *s)
{
    char text[512];
    for (uint32_t i = 0; i < s->options.ignored_count && s->env->notice != NULL; i++) {
        struct mr_span name = s->options.ignored[i];
        (void)snprintf(text, sizeof text, "%s: option %.*s has no effect on a file system",
                       s->dataset->full_name, (int)name.bytes, name.text);
        s->env->notice(s->env->notice_ctx, text);
    }
}

static mr_status read_options(struct mr_flow_setup *s, struct mr_err *err)
{
    MR_TRY(mr_setup_locate(
        s, NULL, mr_source_options_read(&s->arena, s->call.pairs, s->call.count, &s->options, err),
        err));
    tell_ignored(s);
    struct mr_span name = mr_source_text(&s->options, MR_SOURCE_FORMAT);
    mr_status known = mr_format_init(&s->format, name, err);
    if (known != MR_OK) return mr_setup_locate(s, "format", known, err);
    for (uint32_t i = 0; i < s->call.count; i++) {
        const struct mr_source_pair *pair = &s->call.pairs[i];
        mr_status status = mr_format_set(&s->format, pair->name, pair->value, err);
        if (status != MR_OK) {
            return mr_setup_error_at(s, &s->call.pair_pos[i], status, err->code, err, "%s",
                                     err->message);
        }
    }
    MR_TRY(mr_setup_locate(s, NULL, mr_format_check(&s->format, err), err));
    if (mr_source_has(&s->options, MR_SOURCE_SCHEMA_LOCATION)) {
        mr_err_set(err, MR_E_INVALID, ERR_SETUP,
                   "the pipeline keeps the schema log itself; leave schemaLocation out");
        return mr_setup_locate(s, "schemaLocation", MR_E_INVALID, err);
    }
    return MR_OK;
}

/* ---- the checkpoint ---- */

/* The newest generation of the flow's checkpoint: the highest number there, or 0. */
static mr_status find_checkpoint(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_dir_list list = {0};
    long newest = 0;
    mr_status status =
        mr_dir_list(s->env->io, &s->arena, s->dataset->checkpoint_root, false, &list, err);
    if (status != MR_OK && status != MR_E_NOT_FOUND) return status;
    for (uint32_t i = 0; i < list.count; i++) {
        char *end;
        long number = strtol(list.entries[i].name.text, &end, 10);
        if (*end == '\0' && end != list.entries[i].name.text && number > newest) newest = number;
    }
    s->checkpoint_path = mr_arena_format(&s->arena, "%s/%ld", s->dataset->checkpoint_root, newest);
    s->schema_folder =
        mr_arena_format(&s->arena, "%s/%ld/_schemas", s->dataset->checkpoint_root, newest);
    if (s->checkpoint_path == NULL || s->schema_folder == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a path");
    }
    return MR_OK;
}

/* ---- life ---- */

static mr_status setup(struct mr_flow_setup *s, struct mr_err *err)
{
    MR_TRY(find_call(s, err));
    MR_TRY(place_path(s, err));
    MR_TRY(read_options(s, err));
    MR_TRY(mr_setup_zones(s, err));
    MR_TRY(mr_setup_bad_records(s, err));
    MR_TRY(find_checkpoint(s, err));
    MR_TRY(mr_setup_open_table(s, err));
    MR_TRY(mr_setup_schema(s, err));
    MR_TRY(mr_setup_plan(s, err));
    MR_TRY(mr_setup_make_bad_folder(s, err));
    return mr_setup_create_table(s, err);
}

mr_status mr_flow_setup_open(struct mr_flow_setup *setup_at, const struct mr_setup_env *env,
                             const struct mr_dataset *dataset, struct mr_err *err)
{
    *setup_at = (struct mr_flow_setup){.env = env, .dataset = dataset, .schema_version = -1};
    mr_arena_init(&setup_at->arena, env->heap, 0);
    mr_status status = setup(setup_at, err);
    if (status != MR_OK) mr_flow_setup_close(setup_at);
    return status;
}

void mr_flow_setup_close(struct mr_flow_setup *setup_at)
{
    if (setup_at->env == NULL) return;
    mr_table_close(setup_at->table);
    for (struct mr_flow_plan *plan = setup_at->plan; plan != NULL; plan = plan->older) {
        mr_program_fini(plan->filter);
        mr_program_fini(plan->project);
    }
    mr_arena_fini(&setup_at->arena);
    *setup_at = (struct mr_flow_setup){0};
}

/* "1 second", "500 milliseconds", "0": from a property. */
static int64_t interval_of(const struct mr_dataset *dataset, const char *name, int64_t fallback_us)
{
    int64_t us;
    struct mr_span text = mr_dataset_property(dataset, name, MR_SPAN(""));
    if (mr_span_is(text, "0")) return 0;
    return mr_source_interval_read(text, &us) ? us : fallback_us;
}

void mr_flow_setup_config(struct mr_flow_setup *s, struct mr_shard *const *shards,
                          uint32_t shard_count, struct mr_flow_config *out_config)
{
    int64_t interval_us = interval_of(s->dataset, "millrace.epoch.minInterval", 1000000);
    interval_us = interval_of(s->dataset, "pipelines.trigger.interval", interval_us);
    *out_config = (struct mr_flow_config){
        .heap = s->env->heap,
        .io = s->env->io,
        .name = s->dataset->full_name,
        .checkpoint_path = s->checkpoint_path,
        .plan = s->plan,
        .planner = {mr_setup_widen, s},
        .bad_folder = s->bad_folder,
        .table = s->table,
        .open_source = s->env->open_source,
        .source = {.path = s->path,
                   .options = &s->options,
                   .notice = s->env->notice,
                   .notice_ctx = s->env->notice_ctx},
        .shards = shards,
        .shard_count = shard_count,
        .engine = s->env->engine,
        .worker_bytes_max = s->env->worker_bytes_max,
        .range_bytes = RANGE_BYTES,
        .is_continuous = s->env->is_continuous,
        .interval_us = interval_us,
        .may_vanish = mr_source_bool(&s->options, MR_SOURCE_IGNORE_MISSING),
        .may_be_corrupt = mr_source_bool(&s->options, MR_SOURCE_IGNORE_CORRUPT),
        .may_split = mr_format_may_split(&s->format),
    };
}

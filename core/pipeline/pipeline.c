#include "core/pipeline/pipeline.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { SQL_FILE_BYTES_MAX = 16 << 20, ERR_UNSUPPORTED = 6201, ERR_DUPLICATE = 6202 };

struct loader {
    struct mr_arena *arena;
    struct mr_io *io;
    struct mr_pipeline *pipeline;
    struct mr_dataset *datasets;
    uint32_t count;
    uint32_t capacity;
    struct mr_setting *settings; /* configuration, SET so far, then overrides always win */
    uint32_t setting_count;
    uint32_t override_count;
    const char *catalog; /* of the file at hand */
    const char *schema;
    struct mr_err *err;
};

static mr_status load_nomem(struct loader *l)
{
    return mr_err_set(l->err, MR_E_NOMEM, 0, "out of memory for a pipeline");
}

/* An error at a place of a script. */
static mr_status error_at(struct loader *l, const struct mr_sql_script *script,
                          const struct mr_sql_pos *pos, mr_status status, uint32_t code,
                          const char *text)
{
    mr_err_set(l->err, status, code, "%s", text);
    if (l->err != NULL) {
        mr_err_origin(l->err, script->origin.text);
        l->err->line = pos->line;
        l->err->column = pos->column;
        l->err->width = MR_MAX(pos->width, 1u);
    }
    return status;
}

static mr_status refuse(struct loader *l, const struct mr_sql_script *script,
                        const struct mr_sql_pos *pos, const char *construct)
{
    const char *text = mr_arena_format(l->arena, "%s is not supported in this version", construct);
    if (text == NULL) return load_nomem(l);
    return error_at(l, script, pos, MR_E_UNSUPPORTED, ERR_UNSUPPORTED, text);
}

/* Settings are shared by reference, so a SET makes a new list. The overrides stay at its end. */
static mr_status add_setting(struct loader *l, struct mr_span name, struct mr_span value)
{
    uint32_t plain = l->setting_count - l->override_count;
    struct mr_setting *list =
        MR_ARENA_ARRAY(l->arena, struct mr_setting, (size_t)l->setting_count + 1);
    const char *name_copy = mr_arena_copy(l->arena, name);
    const char *value_copy = mr_arena_copy(l->arena, value);
    if (list == NULL || name_copy == NULL || value_copy == NULL) return load_nomem(l);
    if (plain > 0) memcpy(list, l->settings, plain * sizeof *list);
    list[plain].name = (struct mr_span){name_copy, name.bytes};
    list[plain].value = (struct mr_span){value_copy, value.bytes};
    if (l->override_count > 0) {
        memcpy(list + plain + 1, l->settings + plain, l->override_count * sizeof *list);
    }
    l->settings = list;
    l->setting_count++;
    return MR_OK;
}

static mr_status init_settings(struct loader *l, const struct mr_setting *overrides, uint32_t count)
{
    const struct mr_pipeline_spec *spec = &l->pipeline->spec;
    size_t total = (size_t)spec->configuration_count + count;
    l->settings = MR_ARENA_ARRAY(l->arena, struct mr_setting, total);
    if (l->settings == NULL && total > 0) return load_nomem(l);
    for (uint32_t i = 0; i < spec->configuration_count; i++) {
        l->settings[i] = spec->configuration[i];
    }
    for (uint32_t i = 0; i < count; i++) l->settings[spec->configuration_count + i] = overrides[i];
    l->setting_count = (uint32_t)total;
    l->override_count = count;
    return MR_OK;
}

static struct mr_span find_setting(const struct mr_setting *settings, uint32_t count,
                                   const char *name, struct mr_span fallback)
{
    for (uint32_t i = count; i-- > 0;) {
        if (mr_span_is(settings[i].name, name)) return settings[i].value;
    }
    return fallback;
}

static mr_status refuse_parts(struct loader *l, const struct mr_sql_script *script,
                              const struct mr_sql_statement *statement)
{
    const struct mr_sql_dataset *d = statement->dataset;
    const struct mr_sql_pos *pos = &statement->pos;
    switch (d->kind) {
    case MR_SQL_DATASET_STREAMING_TABLE: break;
    case MR_SQL_DATASET_MATERIALIZED_VIEW: return refuse(l, script, pos, "a materialized view");
    case MR_SQL_DATASET_VIEW:
    case MR_SQL_DATASET_STREAMING_VIEW: return refuse(l, script, pos, "a view in a pipeline");
    case MR_SQL_DATASET_TABLE: return refuse(l, script, pos, "CREATE TABLE in a pipeline");
    }
    if (d->cdc != NULL) return refuse(l, script, &d->cdc->pos, "AUTO CDC");
    if (d->constraints.count > 0) {
        return refuse(l, script, &d->constraints.first->pos, "a constraint of a streaming table");
    }
    if (d->is_once) return refuse(l, script, pos, "FLOW INSERT ONCE");
    if (d->is_temporary) return refuse(l, script, pos, "a temporary streaming table");
    if (d->location_pos.line > 0) return refuse(l, script, &d->location_pos, "LOCATION");
    if (d->schedule.bytes > 0) return refuse(l, script, &d->schedule_pos, "SCHEDULE");
    if (d->row_filter.count > 0) return refuse(l, script, &d->row_filter.pos, "a row filter");
    if (d->options.count > 0) {
        return refuse(l, script, &d->options.first->key_pos, "OPTIONS of a dataset");
    }
    if (d->using_format.bytes > 0 && !mr_span_ieq(d->using_format, MR_SPAN("delta"))) {
        return refuse(l, script, &d->using_pos, "a table format other than delta");
    }
    if (d->query == NULL) return refuse(l, script, pos, "a streaming table without AS query");
    return MR_OK;
}

static const char *copy_name(struct loader *l, const struct mr_sql_name *name)
{
    return mr_arena_copy(l->arena, name->text);
}

static mr_status resolve_name(struct loader *l, const struct mr_sql_script *script,
                              const struct mr_sql_dataset *statement, struct mr_dataset *dataset)
{
    const struct mr_sql_names *names = &statement->name;
    const struct mr_sql_name *part = names->first;
    if (names->count > 3) {
        return error_at(l, script, &names->pos, MR_E_SYNTAX, ERR_DUPLICATE,
                        "a table name has at most three parts, catalog.schema.name");
    }
    dataset->catalog = l->catalog;
    dataset->schema = l->schema;
    if (names->count == 3) {
        dataset->catalog = copy_name(l, part);
        part = part->next;
    }
    if (names->count >= 2) {
        /* LIVE.name is the legacy way to say "of this pipeline". */
        if (!mr_span_ieq(part->text, MR_SPAN("live"))) dataset->schema = copy_name(l, part);
        part = part->next;
    }
    dataset->name = copy_name(l, part);
    if (dataset->catalog == NULL || dataset->schema == NULL || dataset->name == NULL) {
        return load_nomem(l);
    }
    const char *parts[] = {dataset->catalog, dataset->schema, dataset->name};
    for (size_t i = 0; i < MR_COUNT_OF(parts); i++) {
        if (parts[i][0] != '\0' && parts[i][0] != '.' && strchr(parts[i], '/') == NULL) continue;
        return error_at(l, script, &names->pos, MR_E_INVALID, ERR_DUPLICATE,
                        "a name is empty, starts with a dot or contains a slash: it would lie "
                        "outside the warehouse");
    }
    return MR_OK;
}

static mr_status place(struct loader *l, struct mr_dataset *dataset)
{
    const char *storage = l->pipeline->spec.storage;
    dataset->full_name =
        mr_arena_format(l->arena, "%s.%s.%s", dataset->catalog, dataset->schema, dataset->name);
    dataset->table_path = mr_arena_format(l->arena, "%s/%s/%s/%s", l->pipeline->warehouse,
                                          dataset->catalog, dataset->schema, dataset->name);
    dataset->checkpoint_root =
        mr_arena_format(l->arena, "%s/_checkpoints/%s/%s/%s/%s", storage, dataset->catalog,
                        dataset->schema, dataset->name, dataset->name);
    if (dataset->full_name == NULL || dataset->table_path == NULL ||
        dataset->checkpoint_root == NULL) {
        return load_nomem(l);
    }
    return MR_OK;
}

static mr_status add_dataset(struct loader *l, const struct mr_sql_script *script,
                             const struct mr_sql_statement *statement)
{
    struct mr_dataset dataset = {.script = script,
                                 .statement = statement->dataset,
                                 .settings = {l->settings, l->setting_count}};
    MR_TRY(refuse_parts(l, script, statement));
    MR_TRY(resolve_name(l, script, statement->dataset, &dataset));
    MR_TRY(place(l, &dataset));
    for (uint32_t i = 0; i < l->count; i++) {
        if (!mr_span_ieq(mr_span_of(l->datasets[i].full_name), mr_span_of(dataset.full_name))) {
            continue;
        }
        const char *text = mr_arena_format(l->arena, "%s is declared twice, first in %s",
                                           dataset.full_name, l->datasets[i].script->origin.text);
        if (text == NULL) return load_nomem(l);
        return error_at(l, script, &statement->dataset->name.pos, MR_E_EXISTS, ERR_DUPLICATE, text);
    }
    if (l->count == l->capacity) {
        uint32_t capacity = MR_MAX(l->capacity * 2, 16u);
        struct mr_dataset *grown = MR_ARENA_ARRAY(l->arena, struct mr_dataset, capacity);
        if (grown == NULL) return load_nomem(l);
        if (l->count > 0) memcpy(grown, l->datasets, l->count * sizeof *grown);
        l->datasets = grown;
        l->capacity = capacity;
    }
    l->datasets[l->count++] = dataset;
    return MR_OK;
}

static mr_status use_name(struct loader *l, const struct mr_sql_script *script,
                          const struct mr_sql_names *names, bool is_catalog)
{
    const char *first = copy_name(l, names->first);
    if (first == NULL) return load_nomem(l);
    if (is_catalog) {
        l->catalog = first;
    } else if (names->count == 1) {
        l->schema = first;
    } else if (names->count == 2) {
        l->catalog = first;
        l->schema = copy_name(l, names->first->next);
        if (l->schema == NULL) return load_nomem(l);
    } else {
        return error_at(l, script, &names->pos, MR_E_SYNTAX, ERR_DUPLICATE,
                        "USE takes a schema or catalog.schema");
    }
    return MR_OK;
}

static mr_status run_statement(struct loader *l, const struct mr_sql_script *script,
                               const struct mr_sql_statement *s)
{
    switch (s->kind) {
    case MR_SQL_STATEMENT_DATASET: return add_dataset(l, script, s);
    case MR_SQL_STATEMENT_SET: return add_setting(l, s->set->key, s->set->value);
    case MR_SQL_STATEMENT_SET_CATALOG:
    case MR_SQL_STATEMENT_USE_CATALOG: return use_name(l, script, &s->name, true);
    case MR_SQL_STATEMENT_USE: return use_name(l, script, &s->name, false);
    case MR_SQL_STATEMENT_FLOW: return refuse(l, script, &s->pos, "CREATE FLOW");
    case MR_SQL_STATEMENT_SINK: return refuse(l, script, &s->pos, "CREATE SINK");
    case MR_SQL_STATEMENT_QUERY: return refuse(l, script, &s->pos, "a query in a pipeline's file");
    case MR_SQL_STATEMENT_EXPLAIN:
    case MR_SQL_STATEMENT_SHOW:
    case MR_SQL_STATEMENT_DESCRIBE:
    case MR_SQL_STATEMENT_INSERT:
    case MR_SQL_STATEMENT_DROP:
    case MR_SQL_STATEMENT_CREATE_SCHEMA:
    case MR_SQL_STATEMENT_ALTER:
        return refuse(l, script, &s->pos, "a statement of a session in a pipeline's file");
    }
    MR_ASSERT(!"every kind of statement is handled above");
    return MR_E_INTERNAL;
}

static mr_status load_file(struct loader *l, const struct mr_library_file *file)
{
    struct mr_span text;
    const struct mr_sql_script *script;
    MR_TRY(mr_file_read(l->io, l->arena, file->path, SQL_FILE_BYTES_MAX, &text, l->err));
    MR_TRY(mr_sql_parse(l->arena, text, file->label, &script, l->err));
    l->catalog = l->pipeline->spec.catalog;
    l->schema = l->pipeline->spec.database;
    for (const struct mr_sql_statement *s = script->first; s != NULL; s = s->next) {
        MR_TRY(run_statement(l, script, s));
    }
    return MR_OK;
}

static mr_status find_warehouse(struct loader *l)
{
    struct mr_pipeline *p = l->pipeline;
    struct mr_span set =
        find_setting(l->settings, l->setting_count, "millrace.warehouse", MR_SPAN(""));
    if (set.bytes == 0) {
        p->warehouse = mr_arena_format(l->arena, "%s/tables", p->spec.storage);
    } else if (set.text[0] == '/') {
        p->warehouse = mr_arena_copy(l->arena, set);
    } else if (mr_span_starts(set, MR_SPAN("file://"))) {
        struct mr_span path = {set.text + 7, set.bytes - 7};
        p->warehouse = mr_arena_copy(l->arena, path);
    } else {
        p->warehouse =
            mr_arena_format(l->arena, "%s/%.*s", p->spec.folder, (int)set.bytes, set.text);
    }
    return p->warehouse == NULL ? load_nomem(l) : MR_OK;
}

mr_status mr_pipeline_load(struct mr_arena *arena, struct mr_io *io, const char *folder,
                           const struct mr_variables *variables, const struct mr_setting *overrides,
                           uint32_t override_count, struct mr_pipeline *out_pipeline,
                           struct mr_err *err)
{
    struct mr_pipeline pipeline = {0};
    struct loader l = {.arena = arena, .io = io, .pipeline = &pipeline, .err = err};
    const struct mr_library_file *files;
    uint32_t file_count;
    MR_TRY(mr_pipeline_spec_load(arena, io, folder, variables, &pipeline.spec, err));
    MR_TRY(init_settings(&l, overrides, override_count));
    MR_TRY(find_warehouse(&l));
    MR_TRY(mr_pipeline_library_files(arena, io, &pipeline.spec, &files, &file_count, err));
    for (uint32_t i = 0; i < file_count; i++) MR_TRY(load_file(&l, &files[i]));
    if (l.count == 0) {
        mr_err_set(err, MR_E_INVALID, ERR_DUPLICATE, "the pipeline %s declares no table",
                   pipeline.spec.name);
        mr_err_origin(err, pipeline.spec.origin);
        return MR_E_INVALID;
    }
    pipeline.datasets = l.datasets;
    pipeline.dataset_count = l.count;
    *out_pipeline = pipeline;
    return MR_OK;
}

struct mr_span mr_dataset_setting(const struct mr_dataset *dataset, const char *name,
                                  struct mr_span fallback)
{
    return find_setting(dataset->settings.settings, dataset->settings.count, name, fallback);
}

struct mr_span mr_dataset_property(const struct mr_dataset *dataset, const char *name,
                                   struct mr_span fallback)
{
    struct mr_span found = fallback;
    const struct mr_sql_property *p = dataset->statement->properties.first;
    for (; p != NULL; p = p->next) {
        if (mr_span_is(p->key, name)) found = p->value;
    }
    return found;
}

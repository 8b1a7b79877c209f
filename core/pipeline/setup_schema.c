#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/pipeline/flow_setup_impl.h"

enum { ERR_SCHEMA = 1405, SAMPLE_FILES_FOR_PARTITIONS = 100 };

static mr_status schema_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a schema");
}

/* ---- the sample ---- */

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

/* Columns that the paths give, from a few of the files. */
static mr_status find_partitions(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_source *source = NULL;
    struct mr_source_list list = {0};
    struct mr_source_limits limits = {.files_max = SAMPLE_FILES_FOR_PARTITIONS};
    MR_TRY(open_sample(s, &source, err));
    mr_status status = source->driver->sample(source, &limits, &s->arena, &list, err);
    source->driver->close(source);
    if (status != MR_OK) return status;
    s->partitions = list.partitions == NULL ? NULL : mr_type_clone(&s->arena, list.partitions);
    return list.partitions != NULL && s->partitions == NULL ? schema_nomem(err) : MR_OK;
}

static mr_status read_given(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_span ddl = mr_source_text(&s->options, MR_SOURCE_SCHEMA);
    mr_status status = mr_sql_parse_schema(&s->arena, ddl, &s->data, err);
    if (status == MR_OK) return MR_OK;
    /* The position within the DDL is in the message; the place is the option's. */
    char help[MR_ERR_HELP_MAX];
    (void)snprintf(help, sizeof help, "at line %u, column %u of the schema", err->line,
                   err->column);
    if (err->help[0] == '\0') mr_err_help(err, "%s", help);
    return mr_setup_locate(s, "schema", status, err);
}

mr_status mr_setup_schema(struct mr_flow_setup *s, struct mr_err *err)
{
    s->is_schema_given = mr_source_has(&s->options, MR_SOURCE_SCHEMA);
    if (s->is_schema_given) MR_TRY(read_given(s, err));
    if (!s->is_schema_given) return mr_err_set(err, MR_E_UNSUPPORTED, ERR_SCHEMA, "inference");
    return find_partitions(s, err);
}

bool mr_setup_wants_new_columns(const struct mr_flow_setup *s)
{
    (void)s;
    return false;
}

mr_status mr_setup_widen(void *ctx, const struct mr_type *const *unknown, uint32_t count,
                         int64_t epoch, const struct mr_flow_plan **out_plan, struct mr_err *err)
{
    (void)ctx;
    (void)unknown;
    (void)count;
    (void)epoch;
    (void)out_plan;
    return mr_err_set(err, MR_E_INTERNAL, ERR_SCHEMA, "no evolution");
}

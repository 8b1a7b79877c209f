#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/delta/delta_protocol.h"
#include "core/format/delta/delta_schema.h"
#include "core/pipeline/flow_setup_impl.h"

enum { ERR_TABLE = 3201 };

static const char *const pipeline_key = "pipelines.pipelineId";

static mr_status table_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a table");
}

/* What a pipeline is known by in its tables' properties: the name in its spec. */
static struct mr_span pipeline_id(const struct mr_flow_setup *s)
{
    return mr_span_of(s->env->pipeline->spec.name);
}

/* ---- a table that is there ---- */

static mr_status check_owner(struct mr_flow_setup *s, const struct mr_delta_metadata *metadata,
                             struct mr_err *err)
{
    struct mr_span owner = mr_delta_property(metadata, pipeline_key);
    if (owner.text == NULL || mr_span_eq(owner, pipeline_id(s))) return MR_OK;
    mr_err_set(err, MR_E_CONFLICT, ERR_TABLE, "table %s belongs to pipeline \"%.*s\"",
               s->dataset->full_name, (int)owner.bytes, owner.text);
    mr_err_help(err, "a table is fed by one pipeline; give this one another name or schema");
    return MR_E_CONFLICT;
}

static mr_status check_partitions(struct mr_flow_setup *s, const struct mr_delta_metadata *metadata,
                                  struct mr_err *err)
{
    const struct mr_sql_exprs *wanted = &s->dataset->statement->partitioned_by;
    const struct mr_sql_expr *e = wanted->first;
    bool is_same = wanted->count == metadata->partition_count;
    for (uint32_t i = 0; is_same && e != NULL; e = e->next, i++) {
        is_same = e->kind == MR_SQL_EXPR_COLUMN && e->name.count == 1 &&
                  mr_span_ieq(e->name.first->text, metadata->partition_columns[i]);
    }
    if (is_same) return MR_OK;
    mr_status status = mr_setup_error_at(
        s, &s->dataset->statement->name.pos, MR_E_SCHEMA, ERR_TABLE, err,
        "table %s is partitioned by other columns than PARTITIONED BY says", s->dataset->full_name);
    mr_err_help(err, "the partitioning of a table cannot be changed; make a new table");
    return status;
}

mr_status mr_setup_open_table(struct mr_flow_setup *s, struct mr_err *err)
{
    mr_status status =
        mr_table_open(s->env->io, s->env->heap, s->dataset->table_path, &s->table, err);
    if (status == MR_E_NOT_FOUND) return MR_OK;
    if (status != MR_OK) return status;
    MR_TRY(mr_table_can_append(s->table, err));
    const struct mr_delta_snapshot *snapshot = mr_table_snapshot(s->table);
    MR_TRY(check_owner(s, &snapshot->metadata, err));
    return check_partitions(s, &snapshot->metadata, err);
}

mr_status mr_setup_fit_table(struct mr_flow_setup *s, struct mr_flow_plan *plan, struct mr_err *err)
{
    struct mr_delta_fit fit;
    if (s->table == NULL) return MR_OK;
    const struct mr_delta_snapshot *table = mr_table_snapshot(s->table);
    unsigned allowed = MR_DELTA_ALLOW_COLUMNS;
    if (mr_delta_may_widen(table)) allowed |= MR_DELTA_ALLOW_WIDER;
    mr_status status =
        mr_delta_schema_fit(&s->arena, table->schema, plan->output_schema, allowed, &fit, err);
    if (status != MR_OK) {
        mr_err_origin(err, s->dataset->full_name);
        return status;
    }
    plan->output_schema = fit.written;
    return MR_OK;
}

/* ---- a new table ---- */

static mr_status collect_properties(struct mr_flow_setup *s, struct mr_table_spec *spec,
                                    struct mr_err *err)
{
    const struct mr_sql_dataset *d = s->dataset->statement;
    struct mr_delta_property *list =
        MR_ARENA_ARRAY(&s->arena, struct mr_delta_property, (size_t)d->properties.count + 2);
    struct mr_text clustering;
    uint32_t count = 0;
    if (list == NULL) return table_nomem(err);
    for (const struct mr_sql_property *p = d->properties.first; p != NULL; p = p->next) {
        list[count++] = (struct mr_delta_property){p->key, p->value};
    }
    list[count++] = (struct mr_delta_property){mr_span_of(pipeline_key), pipeline_id(s)};
    mr_status status = MR_OK;
    if (d->cluster_by.count > 0) {
        mr_text_init(&clustering, s->env->heap);
        for (const struct mr_sql_name *n = d->cluster_by.first; n != NULL; n = n->next) {
            if (n != d->cluster_by.first) mr_text_addc(&clustering, ',');
            mr_text_add(&clustering, n->text.text, n->text.bytes);
        }
        const char *copy = mr_arena_copy(&s->arena, mr_text_span(&clustering));
        list[count++] =
            (struct mr_delta_property){MR_SPAN("millrace.clusterBy"), {copy, clustering.used}};
        if (copy == NULL) status = table_nomem(err);
        mr_text_fini(&clustering);
    }
    spec->properties = list;
    spec->property_count = count;
    return status;
}

mr_status mr_setup_create_table(struct mr_flow_setup *s, struct mr_err *err)
{
    const struct mr_flow_plan *plan = s->plan;
    struct mr_table_spec spec = {.schema = plan->output_schema,
                                 .partition_count = plan->partition_count,
                                 .name = mr_span_of(s->dataset->name),
                                 .comment = s->dataset->statement->comment,
                                 .engine = s->env->engine};
    if (s->table != NULL || s->env->is_dry) return MR_OK;
    struct mr_span *columns = MR_ARENA_ARRAY(&s->arena, struct mr_span, plan->partition_count);
    if (columns == NULL && plan->partition_count > 0) return table_nomem(err);
    for (uint32_t i = 0; i < plan->partition_count; i++) {
        columns[i] = plan->output_schema->fields[plan->partition_columns[i]].name;
    }
    spec.partition_columns = columns;
    MR_TRY(collect_properties(s, &spec, err));
    mr_status status =
        mr_table_create(s->env->io, s->env->heap, s->dataset->table_path, &spec, &s->table, err);
    if (status != MR_OK) mr_err_origin(err, s->dataset->full_name);
    return status;
}

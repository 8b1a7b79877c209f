#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/pipeline/flow_setup_impl.h"
#include "core/stream/constants.h"
#include "kernels/select/select.h"

enum { ERR_PLAN = 1403, DEFAULT_TARGET_BYTES = 128 << 20 };

static mr_status plan_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a plan");
}

/* ---- the schema a worker's batches have ---- */

static bool has_rescue(const struct mr_flow_setup *s)
{
    return mr_format_rescued_column(&s->format)[0] != '\0';
}

/* data columns, then the rescued-data column unless the user's schema has it. */
static const struct mr_type *make_read_schema(struct mr_flow_setup *s)
{
    uint32_t count = s->data->field_count;
    struct mr_span rescued = mr_span_of(mr_format_rescued_column(&s->format));
    struct mr_field *fields = MR_ARENA_ARRAY(&s->arena, struct mr_field, (size_t)count + 1);
    if (fields == NULL) return NULL;
    if (count > 0) memcpy(fields, s->data->fields, count * sizeof *fields);
    if (has_rescue(s) && mr_type_find(s->data, rescued, true) < 0) {
        fields[count++] = (struct mr_field){
            .name = rescued, .type = mr_type_of(MR_TYPE_STRING), .is_nullable = true};
    }
    return mr_type_struct(&s->arena, fields, count);
}

static mr_status make_scan_schema(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                                  struct mr_err *err)
{
    const struct mr_type *read = plan->read_schema, *parts = s->partitions;
    uint32_t count = read->field_count, part_count = parts == NULL ? 0 : parts->field_count;
    struct mr_field *fields =
        MR_ARENA_ARRAY(&s->arena, struct mr_field, (size_t)count + part_count + 1);
    struct mr_constant *constants =
        MR_ARENA_ARRAY(&s->arena, struct mr_constant, (size_t)part_count + 1);
    const struct mr_type *metadata = mr_metadata_type(&s->arena);
    if (fields == NULL || constants == NULL || metadata == NULL) return plan_nomem(err);
    memcpy(fields, read->fields, count * sizeof *fields);
    for (uint32_t i = 0; i < part_count; i++) {
        /* A column that the records have too keeps the records' value. */
        if (mr_type_find(read, parts->fields[i].name, false) >= 0) continue;
        constants[plan->constant_count++] =
            (struct mr_constant){MR_CONSTANT_PARTITION, parts->fields[i].name, count};
        fields[count] = parts->fields[i];
        fields[count++].is_nullable = true;
    }
    s->visible_count = count;
    constants[plan->constant_count++] =
        (struct mr_constant){MR_CONSTANT_METADATA, MR_SPAN("_metadata"), count};
    fields[count++] =
        (struct mr_field){.name = MR_SPAN("_metadata"), .type = metadata, .is_nullable = false};
    plan->constants = constants;
    plan->scan_schema = mr_type_struct(&s->arena, fields, count);
    return plan->scan_schema == NULL ? plan_nomem(err) : MR_OK;
}

/* `_metadata` is the last constant; a query that does not read it does without. */
static mr_status drop_metadata(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                               const struct mr_bound_query *bound, struct mr_err *err)
{
    uint32_t last = plan->scan_schema->field_count - 1;
    if (bound->used[last / 64] >> (last % 64) & 1) return MR_OK;
    plan->constant_count--;
    plan->scan_schema = mr_type_struct(&s->arena, plan->scan_schema->fields, last);
    return plan->scan_schema == NULL ? plan_nomem(err) : MR_OK;
}

/* ---- the query ---- */

static mr_status bind_query(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                            struct mr_bound_query *bound, struct mr_err *err)
{
    struct mr_expr_builder builder;
    const struct mr_sql_query *query = s->dataset->statement->query;
    const struct mr_sql_relation *from = query->from;
    bool is_ansi =
        !mr_span_ieq(mr_dataset_setting(s->dataset, "spark.sql.ansi.enabled", MR_SPAN("true")),
                     MR_SPAN("false"));
    struct mr_bind_scope scope = {
        .columns = plan->scan_schema,
        .visible_count = s->visible_count,
        .alias = from->alias == NULL ? MR_SPAN("") : from->alias->text,
        .relation = from->name.first->text,
    };
    const struct mr_zone_finder zones = {mr_setup_zone_find, s};
    mr_expr_builder_init(&builder, &s->arena, s->zone, is_ansi);
    builder.zones = &zones;
    return mr_sql_bind_query(&builder, s->dataset->script, query, &scope, bound, err);
}

static bool has_interval(const struct mr_type *type)
{
    if (type->id == MR_TYPE_MONTHS || type->id == MR_TYPE_SPAN) return true;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (has_interval(type->fields[i].type)) return true;
    }
    return false;
}

/* Intervals are values of queries: no table holds them. */
static mr_status check_storable(const struct mr_type *output, struct mr_err *err)
{
    for (uint32_t i = 0; i < output->field_count; i++) {
        const struct mr_field *field = &output->fields[i];
        if (!has_interval(field->type)) continue;
        mr_err_set(err, MR_E_TYPE, 1308, "column \"%.*s\" is an interval, which no table holds",
                   (int)field->name.bytes, field->name.text);
        mr_err_help(err, "cast it to a string, or take a part of it with EXTRACT");
        return MR_E_TYPE;
    }
    return MR_OK;
}

/* Columns declared with the table: by name, same types; they give comments and NOT NULL. */
static mr_status apply_columns(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                               struct mr_err *err)
{
    const struct mr_type *output = plan->output_schema;
    const struct mr_sql_column *column = s->dataset->statement->columns.first;
    struct mr_field *fields = MR_ARENA_ARRAY(&s->arena, struct mr_field, output->field_count);
    if (fields == NULL && output->field_count > 0) return plan_nomem(err);
    memcpy(fields, output->fields, output->field_count * sizeof *fields);
    /* As in Spark a table made from a query allows nulls everywhere unless it is declared not to.
     */
    for (uint32_t i = 0; i < output->field_count; i++) fields[i].is_nullable = true;
    for (; column != NULL; column = column->next) {
        int32_t at = mr_type_find(output, column->name->text, false);
        if (at < 0) {
            return mr_setup_error_at(s, &column->name->pos, MR_E_SCHEMA, ERR_PLAN, err,
                                     "the query gives no column \"%.*s\"",
                                     (int)column->name->text.bytes, column->name->text.text);
        }
        if (column->type != NULL && !mr_type_equal(column->type, fields[at].type)) {
            return mr_setup_error_at(s, &column->pos, MR_E_SCHEMA, ERR_PLAN, err,
                                     "column \"%.*s\" is declared as %s, the query gives %s",
                                     (int)column->name->text.bytes, column->name->text.text,
                                     mr_type_name(column->type->id),
                                     mr_type_name(fields[at].type->id));
        }
        if (column->is_not_null) fields[at].is_nullable = false;
        if (column->comment.bytes > 0) {
            struct mr_text text;
            mr_text_init(&text, s->env->heap);
            mr_text_adds(&text, "{\"comment\":");
            mr_text_add_json(&text, column->comment);
            mr_text_addc(&text, '}');
            const char *copy = mr_arena_copy(&s->arena, mr_text_span(&text));
            fields[at].metadata = (struct mr_span){copy, text.used};
            mr_text_fini(&text);
            if (copy == NULL) return plan_nomem(err);
        }
    }
    plan->output_schema = mr_type_struct(&s->arena, fields, output->field_count);
    return plan->output_schema == NULL ? plan_nomem(err) : MR_OK;
}

/* ---- partitions ---- */

static mr_status find_partitions(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                                 uint32_t *columns, struct mr_err *err)
{
    const struct mr_sql_exprs *list = &s->dataset->statement->partitioned_by;
    for (const struct mr_sql_expr *e = list->first; e != NULL; e = e->next) {
        if (e->kind != MR_SQL_EXPR_COLUMN || e->name.count != 1) {
            return mr_setup_error_at(s, &e->pos, MR_E_UNSUPPORTED, ERR_PLAN, err,
                                     "a table is partitioned by columns only");
        }
        struct mr_span name = e->name.first->text;
        int32_t at = mr_type_find(plan->output_schema, name, false);
        if (at < 0) {
            return mr_setup_error_at(s, &e->pos, MR_E_NOT_FOUND, 1203, err,
                                     "partition column \"%.*s\" is no column of the query",
                                     (int)name.bytes, name.text);
        }
        if (plan->partition_count == MR_PARTITION_COLUMNS_MAX) {
            return mr_setup_error_at(s, &e->pos, MR_E_LIMIT, ERR_PLAN, err,
                                     "a table has at most %d partition columns",
                                     MR_PARTITION_COLUMNS_MAX);
        }
        columns[plan->partition_count++] = (uint32_t)at;
    }
    plan->partition_columns = columns;
    return MR_OK;
}

static bool is_partition(const struct mr_flow_plan *plan, uint32_t column)
{
    for (uint32_t i = 0; i < plan->partition_count; i++) {
        if (plan->partition_columns[i] == column) return true;
    }
    return false;
}

static mr_status split_columns(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                               struct mr_err *err)
{
    uint32_t total = plan->output_schema->field_count, count = 0;
    uint32_t *partitions = MR_ARENA_ARRAY(&s->arena, uint32_t, MR_PARTITION_COLUMNS_MAX);
    uint32_t *columns = MR_ARENA_ARRAY(&s->arena, uint32_t, total);
    struct mr_field *fields = MR_ARENA_ARRAY(&s->arena, struct mr_field, total);
    if (partitions == NULL || columns == NULL || fields == NULL) return plan_nomem(err);
    MR_TRY(find_partitions(s, plan, partitions, err));
    for (uint32_t i = 0; i < total; i++) {
        if (is_partition(plan, i)) continue;
        columns[count] = i;
        fields[count++] = plan->output_schema->fields[i];
    }
    if (count == 0) {
        return mr_setup_error_at(s, &s->dataset->statement->name.pos, MR_E_SCHEMA, ERR_PLAN, err,
                                 "all columns are partition columns: nothing is left to store");
    }
    plan->file_columns = columns;
    plan->file_schema = mr_type_struct(&s->arena, fields, count);
    return plan->file_schema == NULL ? plan_nomem(err) : MR_OK;
}

/* ---- the plan ---- */

/* How hard the codec works: as far as it gains something, or on every page. */
static mr_status choose_effort(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                               struct mr_err *err)
{
    struct mr_span effort =
        mr_dataset_property(s->dataset, "millrace.parquet.compression", MR_SPAN("adaptive"));
    plan->parquet.is_adaptive = mr_span_is(effort, "adaptive");
    if (plan->parquet.is_adaptive || mr_span_is(effort, "full")) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, ERR_PLAN,
                      "millrace.parquet.compression of %s: \"%.*s\" is neither adaptive nor full",
                      s->dataset->full_name, (int)effort.bytes, effort.text);
}

static mr_status choose_codec(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                              struct mr_err *err)
{
    struct mr_span name =
        mr_dataset_property(s->dataset, "delta.parquet.compression.codec", MR_SPAN("zstd"));
    const char *text = mr_arena_copy(&s->arena, name);
    if (text == NULL) return plan_nomem(err);
    int codec = mr_codec_find(text);
    if (codec < 0) {
        return mr_err_set(err, MR_E_INVALID, ERR_PLAN,
                          "delta.parquet.compression.codec of %s: \"%s\" is none of zstd, snappy, "
                          "gzip, lz4_raw, none",
                          s->dataset->full_name, text);
    }
    plan->parquet.codec_id = (mr_codec_id)codec;
    return choose_effort(s, plan, err);
}

static mr_status compile(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                         const struct mr_bound_query *bound, struct mr_err *err)
{
    if (bound->filter != NULL) {
        MR_TRY(mr_program_compile(s->env->heap, &bound->filter, 1, &plan->filter, err));
    }
    return mr_program_compile(s->env->heap, bound->exprs, bound->count, &plan->project, err);
}

/* choose_wanted: what of the input the query reads. Where a value that misfits is to be rescued or
 * to widen its column, that is everything. */
static mr_status choose_wanted(struct mr_flow_setup *s, struct mr_flow_plan *plan,
                               const struct mr_bound_query *bound, struct mr_err *err)
{
    uint32_t count = mr_type_below(plan->read_schema), columns = plan->read_schema->field_count;
    if (has_rescue(s) || plan->wants_wider || count == 0) return MR_OK;
    bool *wanted = MR_ARENA_ARRAY(&s->arena, bool, count);
    if (wanted == NULL) return plan_nomem(err);
    if (bound->filter != NULL) {
        mr_expr_reads(bound->filter, plan->read_schema, columns, wanted);
    }
    for (uint32_t i = 0; i < bound->count; i++) {
        mr_expr_reads(bound->exprs[i], plan->read_schema, columns, wanted);
    }
    plan->wanted = wanted;
    return MR_OK;
}

mr_status mr_setup_plan(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_bound_query bound;
    struct mr_flow_plan *plan = MR_ARENA_NEW(&s->arena, struct mr_flow_plan);
    if (plan == NULL) return plan_nomem(err);
    plan->format = s->format;
    plan->kernels = s->env->kernels;
    plan->select = s->env->select;
    plan->zone = s->zone;
    plan->read_zone = s->read_zone;
    plan->wants_new_columns = mr_setup_wants_new_columns(s);
    plan->wants_wider = mr_setup_wants_wider(s);
    plan->target_bytes = DEFAULT_TARGET_BYTES;
    plan->schema_version = s->schema_version;
    plan->parquet.kernels = mr_encode_kernels(s->env->kernels->isa);
    plan->parquet.piece_bytes = 256 << 10;
    plan->read_schema = make_read_schema(s);
    if (plan->read_schema == NULL) return plan_nomem(err);
    MR_TRY(make_scan_schema(s, plan, err));
    MR_TRY(bind_query(s, plan, &bound, err));
    MR_TRY(drop_metadata(s, plan, &bound, err));
    MR_TRY(choose_wanted(s, plan, &bound, err));
    plan->output_schema = bound.schema;
    MR_TRY(check_storable(bound.schema, err));
    MR_TRY(apply_columns(s, plan, err));
    MR_TRY(mr_setup_fit_table(s, plan, err));
    MR_TRY(split_columns(s, plan, err));
    MR_TRY(choose_codec(s, plan, err));
    mr_status status = compile(s, plan, &bound, err);
    plan->older = s->plan;
    s->plan = plan;
    return status;
}

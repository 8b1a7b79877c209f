#include "tests/sql/eval_sql.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "core/expr/generator.h"
#include "core/expr/program.h"
#include "core/sql/bind.h"
#include "core/sql/parse.h"
#include "kernels/select/select.h"
#include "kernels/text/zone.h"

enum { NOW_US_S = 1700000000 };

static const char hidden_ddl[] =
    "_metadata STRUCT<file_path: STRING, file_name: STRING, file_size: BIGINT>";

static mr_status out_of_memory(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a test");
}

/* Zones of the system's database, kept in the arena. */
static mr_status find_zone(void *state, struct mr_span name, const struct mr_zone **out_zone,
                           struct mr_err *err)
{
    struct mr_arena *arena = state;
    char path[128];
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", (int)name.bytes, name.text);
    FILE *file = fopen(path, "rb");
    struct mr_zone *zone = MR_ARENA_NEW(arena, struct mr_zone);
    uint8_t *tzif = mr_arena_alloc(arena, 1 << 16, 8);
    if (zone == NULL || tzif == NULL) {
        if (file != NULL) fclose(file);
        return out_of_memory(err);
    }
    if (file == NULL) {
        return mr_err_set(err, MR_E_INVALID, 1315, "time zone \"%.*s\" is not known",
                          (int)name.bytes, name.text);
    }
    size_t bytes = fread(tzif, 1, 1 << 16, file);
    fclose(file);
    MR_TRY(mr_zone_read(zone, tzif, bytes, err));
    *out_zone = zone;
    return MR_OK;
}

static mr_status parse_query(struct mr_arena *arena, struct mr_span sql,
                             const struct mr_sql_script **out_script, struct mr_err *err)
{
    MR_TRY(mr_sql_parse(arena, sql, "test.sql", out_script, err));
    MR_ASSERT((*out_script)->count == 1);
    MR_ASSERT((*out_script)->first->kind == MR_SQL_STATEMENT_QUERY);
    return MR_OK;
}

/* ---- binding ---- */

static const struct mr_type *with_hidden(struct mr_arena *arena, const struct mr_type *columns)
{
    const struct mr_type *hidden;
    mr_status status = mr_sql_parse_schema(arena, MR_SPAN(hidden_ddl), &hidden, NULL);
    MR_ASSERT(status == MR_OK);
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, columns->field_count + 1);
    MR_ASSERT(fields != NULL);
    memcpy(fields, columns->fields, columns->field_count * sizeof *fields);
    fields[columns->field_count] = hidden->fields[0];
    return mr_type_struct(arena, fields, columns->field_count + 1);
}

static void write_field(const struct mr_field *field, struct mr_text *out)
{
    mr_text_addf(out, "%.*s: ", (int)field->name.bytes, field->name.text);
    mr_type_write_sql(field->type, out);
    if (!field->is_nullable) mr_text_adds(out, " NOT NULL");
}

static void write_bound(const struct mr_bound_query *bound, const struct mr_type *columns,
                        struct mr_text *out)
{
    for (uint32_t i = 0; i < bound->count; i++) {
        write_field(&bound->schema->fields[i], out);
        mr_text_addc(out, '\n');
    }
    if (bound->filter != NULL) {
        mr_text_adds(out, "where: ");
        mr_expr_write_sql(bound->filter, out);
        mr_text_addc(out, '\n');
    }
    mr_text_adds(out, "reads:");
    for (uint32_t i = 0; i < columns->field_count; i++) {
        struct mr_span name = columns->fields[i].name;
        if (bound->used[i / 64] >> (i % 64) & 1) {
            mr_text_addf(out, " %.*s", (int)name.bytes, name.text);
        }
    }
}

/* The columns of the first line, and the text behind it. */
static mr_status read_columns(struct mr_arena *arena, struct mr_span *sql,
                              const struct mr_type **out_columns, struct mr_err *err)
{
    const char *end = memchr(sql->text, '\n', sql->bytes);
    MR_ASSERT(mr_span_starts(*sql, MR_SPAN("--")) && end != NULL);
    struct mr_span ddl = {sql->text + 2, (size_t)(end - sql->text) - 2};
    *sql = (struct mr_span){end + 1, sql->bytes - (size_t)(end + 1 - sql->text)};
    return mr_sql_parse_schema(arena, ddl, out_columns, err);
}

static mr_status bind_one(struct mr_arena *arena, struct mr_span sql, const struct mr_type *columns,
                          struct mr_bound_query *out_bound, struct mr_err *err)
{
    const struct mr_sql_script *script;
    struct mr_expr_builder builder;
    MR_TRY(parse_query(arena, sql, &script, err));
    const struct mr_sql_query *query = script->first->query;
    const struct mr_sql_relation *from = query->from;
    MR_ASSERT(from != NULL && from->kind == MR_SQL_RELATION_TABLE);
    struct mr_bind_scope scope = {.columns = columns,
                                  .visible_count = columns->field_count - 1,
                                  .alias =
                                      (from->alias == NULL ? from->name.last : from->alias)->text,
                                  .relation = from->name.last->text};
    mr_expr_builder_init(&builder, arena, NULL, true);
    return mr_sql_bind_query(&builder, script, query, &scope, out_bound, err);
}

mr_status bind_names(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                     struct mr_err *err)
{
    const struct mr_type *columns;
    struct mr_bound_query bound;
    MR_TRY(read_columns(arena, &sql, &columns, err));
    columns = with_hidden(arena, columns);
    MR_TRY(bind_one(arena, sql, columns, &bound, err));
    write_bound(&bound, columns, out);
    return MR_OK;
}

mr_status bind_items(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                     struct mr_err *err)
{
    const struct mr_type *columns;
    struct mr_bound_query bound;
    MR_TRY(read_columns(arena, &sql, &columns, err));
    columns = with_hidden(arena, columns);
    for (const char *at = sql.text, *end = sql.text + sql.bytes; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL) line_end = end;
        const char *query = mr_arena_format(arena, "SELECT %.*s FROM t", (int)(line_end - at), at);
        MR_ASSERT(query != NULL);
        if (at > sql.text) mr_text_addc(out, '\n');
        mr_status status = bind_one(arena, mr_span_of(query), columns, &bound, err);
        if (status == MR_OK) {
            write_field(&bound.schema->fields[0], out);
        } else {
            mr_text_addf(out, "error[MR%04u]: %s", err->code, err->message);
        }
        at = line_end + 1;
    }
    return MR_OK;
}

/* ---- running ---- */

struct eval {
    struct mr_arena *arena;
    struct mr_expr_builder builder;
    struct mr_program_context context;
    struct mr_batch batch;
    const struct mr_sql_script *script;
    struct mr_err *err;
};

static mr_status run(struct eval *e, const struct mr_expr *const *exprs, uint32_t count,
                     struct mr_vec **out_cols)
{
    struct mr_program *program;
    struct mr_vec *cols = MR_ARENA_ARRAY(e->arena, struct mr_vec, count);
    if (cols == NULL) return out_of_memory(e->err);
    MR_TRY(mr_program_compile(e->arena->heap, exprs, count, &program, e->err));
    mr_status status = mr_program_run(program, &e->context, &e->batch, cols, e->err);
    mr_program_fini(program);
    *out_cols = cols;
    return status;
}

/* The cell of a row of VALUES: a row of one column is no ROW. */
static const struct mr_sql_expr *cell(const struct mr_sql_expr *row, uint32_t column)
{
    if (row->kind != MR_SQL_EXPR_ROW) return row;
    const struct mr_sql_expr *e = row->args.first;
    for (uint32_t i = 0; i < column; i++) e = e->next;
    return e;
}

/* Column `column` of VALUES as CASE row WHEN 0 THEN .. WHEN 1 THEN .. END, which gives it the type
 * that all its cells meet in. */
static mr_status values_column(struct eval *e, const struct mr_sql_query *values, uint32_t column,
                               const struct mr_expr *row_number, const struct mr_expr **out_expr)
{
    static const struct mr_type nothing = {.id = MR_TYPE_STRUCT};
    const struct mr_bind_scope scope = {.columns = &nothing};
    uint32_t rows = values->rows.count, i = 0;
    const struct mr_expr **whens = MR_ARENA_ARRAY(e->arena, const struct mr_expr *, rows);
    const struct mr_expr **thens = MR_ARENA_ARRAY(e->arena, const struct mr_expr *, rows);
    if (whens == NULL || thens == NULL) return out_of_memory(e->err);
    for (const struct mr_sql_expr *row = values->rows.first; row != NULL; row = row->next, i++) {
        const char *number = mr_arena_format(e->arena, "%u", i);
        if (number == NULL) return out_of_memory(e->err);
        MR_TRY(mr_expr_number(&e->builder, mr_span_of(number), &whens[i], e->err));
        MR_TRY(mr_sql_bind_expr(&e->builder, cell(row, column), &scope, &thens[i], e->err));
    }
    return mr_expr_case(&e->builder, row_number, whens, thens, rows, NULL, out_expr, e->err);
}

/* Makes the batch one with the columns of VALUES. */
static mr_status load_values(struct eval *e, const struct mr_sql_relation *from)
{
    const struct mr_sql_query *values = from->query;
    const struct mr_sql_name *name = from->columns.first;
    const struct mr_sql_expr *first = values->rows.first;
    uint32_t rows = values->rows.count;
    uint32_t columns = first->kind == MR_SQL_EXPR_ROW ? first->args.count : 1;
    struct mr_field *fields = MR_ARENA_ARRAY(e->arena, struct mr_field, columns);
    const struct mr_expr **exprs = MR_ARENA_ARRAY(e->arena, const struct mr_expr *, columns);
    const struct mr_expr *row_number;
    struct mr_field row = {.name = MR_SPAN("row"), .type = mr_type_of(MR_TYPE_INT)};
    MR_ASSERT(rows <= MR_BATCH_ROWS_MAX);
    if (fields == NULL || exprs == NULL) return out_of_memory(e->err);
    const struct mr_type *schema = mr_type_struct(e->arena, &row, 1);
    if (schema == NULL) return out_of_memory(e->err);
    struct mr_vec numbers;
    MR_TRY(mr_vec_alloc(&numbers, e->arena, row.type, rows, false, &e->batch.bufs, e->err));
    for (uint32_t i = 0; i < rows; i++) ((int32_t *)numbers.values)[i] = (int32_t)i;
    e->batch.schema = schema;
    e->batch.cols = &numbers;
    e->batch.rows = e->batch.sel_count = rows;
    MR_TRY(mr_expr_column(&e->builder, schema, 0, &row_number, e->err));
    for (uint32_t i = 0; i < columns; i++) {
        MR_TRY(values_column(e, values, i, row_number, &exprs[i]));
        const char *plain = mr_arena_format(e->arena, "col%u", i + 1);
        if (plain == NULL) return out_of_memory(e->err);
        fields[i] = (struct mr_field){.name = name != NULL ? name->text : mr_span_of(plain),
                                      .type = exprs[i]->type,
                                      .is_nullable = true};
        if (name != NULL) name = name->next;
    }
    struct mr_vec *cols;
    MR_TRY(run(e, exprs, columns, &cols));
    e->batch.schema = mr_type_struct(e->arena, fields, columns);
    e->batch.cols = cols;
    return e->batch.schema == NULL ? out_of_memory(e->err) : MR_OK;
}

static mr_status filter(struct eval *e, const struct mr_expr *where)
{
    struct mr_program *program;
    if (where == NULL) return MR_OK;
    MR_TRY(mr_program_compile(e->arena->heap, &where, 1, &program, e->err));
    mr_status status = mr_program_filter(program, &e->context, &e->batch, e->err);
    mr_program_fini(program);
    return status;
}

/* write_rows: exprs[count] as text, a line for each selected row. */
static mr_status write_rows(struct eval *e, const struct mr_expr *const *exprs, uint32_t count,
                            struct mr_text *out)
{
    const struct mr_expr **texts = MR_ARENA_ARRAY(e->arena, const struct mr_expr *, count);
    struct mr_vec *cols;
    if (texts == NULL) return out_of_memory(e->err);
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(mr_expr_cast(&e->builder, exprs[i], mr_type_of(MR_TYPE_STRING), MR_MODE_ANSI,
                            &texts[i], e->err));
    }
    MR_TRY(run(e, texts, count, &cols));
    for (uint32_t k = 0; k < e->batch.sel_count; k++) {
        uint32_t row = mr_batch_row(&e->batch, k);
        if (k > 0) mr_text_addc(out, '\n');
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0) mr_text_adds(out, " | ");
            struct mr_span text =
                mr_vec_is_null(&cols[i], row) ? MR_SPAN("NULL") : mr_vec_span(&cols[i], row);
            mr_text_add(out, text.text, text.bytes);
        }
    }
    if (e->batch.sel_count == 0) mr_text_adds(out, "no rows");
    return mr_text_end(out, e->err);
}

/* begin: the query, its builder and the batch it reads. */
static mr_status begin(struct eval *e, struct mr_span sql, const struct mr_zone_finder *zones,
                       struct mr_bind_scope *out_scope)
{
    static const struct mr_type nothing = {.id = MR_TYPE_STRUCT};
    MR_TRY(parse_query(e->arena, sql, &e->script, e->err));
    const struct mr_sql_query *query = e->script->first->query;
    mr_expr_builder_init(&e->builder, e->arena, NULL, true);
    e->builder.zones = zones;
    e->context = (struct mr_program_context){.now_us = NOW_US_S * INT64_C(1000000),
                                             .select = mr_select_kernels(mr_isa_best())};
    mr_batch_init(&e->batch, e->arena, &nothing);
    e->batch.rows = e->batch.sel_count = 1;
    *out_scope = (struct mr_bind_scope){.relation = MR_SPAN("values")};
    if (query->from != NULL) {
        MR_TRY(load_values(e, query->from));
        if (query->from->alias != NULL) out_scope->alias = query->from->alias->text;
    }
    out_scope->columns = e->batch.schema;
    out_scope->visible_count = out_scope->columns->field_count;
    return MR_OK;
}

mr_status eval_query(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                     struct mr_err *err)
{
    const struct mr_zone_finder zones = {find_zone, arena};
    struct eval e = {.arena = arena, .err = err};
    struct mr_bind_scope scope;
    struct mr_bound_query bound;
    MR_TRY(begin(&e, sql, &zones, &scope));
    const struct mr_sql_query *query = e.script->first->query;
    MR_TRY(mr_sql_bind_query(&e.builder, e.script, query, &scope, &bound, err));
    MR_TRY(filter(&e, bound.filter));
    return write_rows(&e, bound.exprs, bound.count, out);
}

/* ---- generators ---- */

/* bind_generator: the only item, a call of a generator. */
static mr_status bind_generator(struct eval *e, const struct mr_bind_scope *scope,
                                const struct mr_generator **out_generator)
{
    const struct mr_sql_expr *call = e->script->first->query->items.first->expr;
    MR_ASSERT(call->kind == MR_SQL_EXPR_CALL && mr_generator_is(call->name.first->text));
    const struct mr_expr **args =
        MR_ARENA_ARRAY(e->arena, const struct mr_expr *, call->args.count);
    uint32_t k = 0;
    if (args == NULL) return out_of_memory(e->err);
    for (const struct mr_sql_expr *arg = call->args.first; arg != NULL; arg = arg->next) {
        MR_TRY(mr_sql_bind_expr(&e->builder, arg, scope, &args[k++], e->err));
    }
    return mr_generator_bind(&e->builder, call->name.first->text, args, k, false, out_generator,
                             e->err);
}

/* take_rows: the batch becomes what the generator gave. */
static mr_status take_rows(struct eval *e, const struct mr_generator *generator,
                           const struct mr_generated *rows, const struct mr_expr ***out_exprs)
{
    uint32_t count = generator->columns->field_count;
    const struct mr_expr **exprs = MR_ARENA_ARRAY(e->arena, const struct mr_expr *, count);
    if (exprs == NULL) return out_of_memory(e->err);
    for (uint32_t i = 0; i < rows->rows; i++) {
        MR_ASSERT(rows->source[i] < e->batch.rows);
        MR_ASSERT(i == 0 || rows->source[i - 1] <= rows->source[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        MR_ASSERT(rows->cols[i].rows == rows->rows);
        mr_vec_check(&rows->cols[i]);
        MR_TRY(mr_expr_column(&e->builder, generator->columns, i, &exprs[i], e->err));
    }
    e->batch.schema = generator->columns;
    e->batch.cols = rows->cols;
    e->batch.rows = e->batch.sel_count = rows->rows;
    e->batch.sel = NULL;
    *out_exprs = exprs;
    return MR_OK;
}

mr_status eval_generate(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                        struct mr_err *err)
{
    struct eval e = {.arena = arena, .err = err};
    struct mr_bind_scope scope;
    const struct mr_generator *generator;
    const struct mr_expr *where, **exprs;
    struct mr_generated rows;
    struct mr_vec *inputs;
    MR_TRY(begin(&e, sql, NULL, &scope));
    MR_TRY(bind_generator(&e, &scope, &generator));
    if (e.script->first->query->where != NULL) {
        MR_TRY(mr_sql_bind_expr(&e.builder, e.script->first->query->where, &scope, &where, err));
        MR_TRY(filter(&e, where));
    }
    MR_TRY(run(&e, generator->inputs, generator->input_count, &inputs));
    MR_TRY(mr_generator_run(generator, &e.batch, inputs, &rows, err));
    MR_TRY(take_rows(&e, generator, &rows, &exprs));
    return write_rows(&e, exprs, generator->columns->field_count, out);
}

#include "tests/sql/rows_sql.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/plan/optimize.h"
#include "core/plan/physical.h"

enum { TABLES_MAX = 8 };

struct table {
    struct mr_relation relation; /* first */
    const struct mr_plan *plan;
};

struct tables {
    struct mr_expr_builder builder;
    struct mr_scan_sources sources;
    struct table at[TABLES_MAX];
    uint32_t count;
};

static mr_status find(void *ctx, const struct mr_sql_relation *relation,
                      struct mr_relation **out_relation, struct mr_err *err)
{
    struct tables *tables = ctx;
    struct mr_span name = relation->name.last->text;
    for (uint32_t i = 0; i < tables->count; i++) {
        if (!mr_span_ieq(tables->at[i].relation.name, name)) continue;
        *out_relation = &tables->at[i].relation;
        return MR_OK;
    }
    return mr_err_set(err, MR_E_NOT_FOUND, 1210, "table \"%.*s\" not found", (int)name.bytes,
                      name.text);
}

/* open_scan: a table is the query that defines it, of which a scan takes some columns. */
static mr_status open_scan(void *ctx, struct mr_query_env *env, const struct mr_plan *scan,
                           struct mr_operator **out_op, struct mr_err *err)
{
    struct tables *tables = ctx;
    const struct table *table = (const struct table *)scan->relation;
    uint32_t count = scan->schema->field_count;
    struct mr_operator *op;
    MR_TRY(mr_physical_open(env, &tables->builder, &tables->sources, table->plan, &op, err));
    if (scan->columns == NULL) {
        *out_op = op;
        return MR_OK;
    }
    const struct mr_expr **exprs =
        MR_ARENA_ARRAY(tables->builder.arena, const struct mr_expr *, count);
    MR_ASSERT(exprs != NULL);
    for (uint32_t k = 0; k < count; k++) {
        mr_status status = mr_expr_column(&tables->builder, table->relation.schema,
                                          scan->columns[k], &exprs[k], err);
        MR_ASSERT(status == MR_OK);
    }
    return mr_op_project(env, op, scan->schema, exprs, out_op, err);
}

static mr_status plan_text(struct tables *tables, struct mr_span sql, struct mr_plan **out_plan,
                           struct mr_err *err)
{
    const struct mr_sql_script *script;
    struct mr_plan_catalog catalog = {.find = find, .ctx = tables};
    MR_TRY(mr_sql_parse(tables->builder.arena, sql, "test.sql", &script, err));
    MR_ASSERT(script->count == 1 && script->first->kind == MR_SQL_STATEMENT_QUERY);
    return mr_plan_query(&tables->builder, &catalog, script, script->first->query, out_plan, err);
}

/* read_tables: takes the lines `-- name QUERY` from the front of the text. */
static mr_status read_tables(struct tables *tables, struct mr_span *sql, struct mr_err *err)
{
    double rows = 10;
    while (mr_span_starts(*sql, MR_SPAN("-- "))) {
        const char *end = memchr(sql->text, '\n', sql->bytes);
        MR_ASSERT(end != NULL && tables->count < TABLES_MAX);
        const char *name = sql->text + 3, *space = memchr(name, ' ', (size_t)(end - name));
        MR_ASSERT(space != NULL);
        struct table *table = &tables->at[tables->count];
        struct mr_plan *plan;
        MR_TRY(plan_text(tables, (struct mr_span){space + 1, (size_t)(end - space) - 1}, &plan,
                         err));
        table->plan = plan;
        table->relation = (struct mr_relation){
            .schema = plan->schema, .visible_count = plan->schema->field_count,
            .name = {name, (size_t)(space - name)}, .rows_expected = rows};
        rows *= 10; /* of several tables the last is taken for the largest */
        tables->count++;
        *sql = (struct mr_span){end + 1, sql->bytes - (size_t)(end + 1 - sql->text)};
    }
    return MR_OK;
}

struct lines {
    struct mr_span *at;
    uint32_t count, capacity;
};

static void lines_add(struct mr_arena *arena, struct lines *lines, struct mr_span line)
{
    if (lines->count == lines->capacity) {
        uint32_t capacity = lines->capacity * 2 + 16;
        struct mr_span *at = MR_ARENA_ARRAY(arena, struct mr_span, capacity);
        MR_ASSERT(at != NULL);
        for (uint32_t i = 0; i < lines->count; i++) at[i] = lines->at[i];
        lines->at = at;
        lines->capacity = capacity;
    }
    lines->at[lines->count++] = (struct mr_span){mr_arena_copy(arena, line), line.bytes};
}

static void add_rows(struct mr_arena *arena, const struct mr_batch *batch, struct lines *lines)
{
    struct mr_text line;
    mr_text_init(&line, arena->heap);
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        mr_text_reset(&line);
        for (uint32_t k = 0; k < batch->schema->field_count; k++) {
            uint32_t row = mr_batch_row(batch, i);
            struct mr_span value = MR_SPAN("NULL");
            if (!mr_vec_is_null(&batch->cols[k], row)) value = mr_vec_span(&batch->cols[k], row);
            if (k > 0) mr_text_adds(&line, " | ");
            mr_text_add(&line, value.text, value.bytes);
        }
        lines_add(arena, lines, mr_text_span(&line));
    }
    mr_text_fini(&line);
}

/* as_text: the operator's columns, cast to string. */
static mr_status as_text(struct tables *tables, struct mr_query_env *env, struct mr_operator *op,
                         const struct mr_type *schema, struct mr_operator **out_op,
                         struct mr_err *err)
{
    struct mr_arena *arena = tables->builder.arena;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, schema->field_count);
    const struct mr_expr **exprs =
        MR_ARENA_ARRAY(arena, const struct mr_expr *, schema->field_count);
    MR_ASSERT(fields != NULL && exprs != NULL);
    for (uint32_t k = 0; k < schema->field_count; k++) {
        MR_TRY(mr_expr_column(&tables->builder, schema, k, &exprs[k], err));
        MR_TRY(mr_expr_cast(&tables->builder, exprs[k], mr_type_of(MR_TYPE_STRING), MR_MODE_ANSI,
                            &exprs[k], err));
        fields[k] = (struct mr_field){.name = schema->fields[k].name, .is_nullable = true,
                                      .type = mr_type_of(MR_TYPE_STRING)};
    }
    const struct mr_type *texts = mr_type_struct(arena, fields, schema->field_count);
    MR_ASSERT(texts != NULL);
    return mr_op_project(env, op, texts, exprs, out_op, err);
}

static mr_status run(struct tables *tables, const struct mr_plan *plan, uint32_t batch_rows,
                     struct lines *out_lines, struct mr_err *err)
{
    struct mr_arena *arena = tables->builder.arena;
    struct mr_query_env env = {.heap = arena->heap, .batch_rows = batch_rows};
    struct mr_operator *op;
    mr_pull pull = MR_PULL_AGAIN;
    MR_TRY(mr_physical_open(&env, &tables->builder, &tables->sources, plan, &op, err));
    MR_TRY(as_text(tables, &env, op, plan->schema, &op, err));
    mr_status status = MR_OK;
    while (status == MR_OK && pull != MR_PULL_END) {
        struct mr_batch *batch;
        status = mr_operator_next(op, &batch, &pull, err);
        if (status == MR_OK && pull == MR_PULL_ROWS) add_rows(arena, batch, out_lines);
    }
    mr_operator_fini(op);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return mr_span_compare(*(const struct mr_span *)a, *(const struct mr_span *)b);
}

/* check_same: whether another way gave the same lines; says so in the text when not. */
static bool check_same(const struct lines *a, struct lines *b, const char *way, bool is_ordered,
                       struct mr_text *out)
{
    if (!is_ordered && b->count > 0) qsort(b->at, b->count, sizeof *b->at, by_text);
    bool is_same = a->count == b->count;
    for (uint32_t i = 0; is_same && i < a->count; i++) is_same = mr_span_eq(a->at[i], b->at[i]);
    if (!is_same) mr_text_addf(out, "%s gives other rows: %u, not %u\n", way, b->count, a->count);
    return is_same;
}

mr_status query_rows(struct mr_arena *arena, struct mr_span sql, bool is_ordered,
                     struct mr_text *out, struct mr_err *err)
{
    struct tables tables = {.sources = {.open = open_scan, .ctx = &tables}};
    struct mr_plan *plan, *optimized;
    struct lines first = {0}, small = {0}, other = {0};
    mr_expr_builder_init(&tables.builder, arena, NULL, true);
    MR_TRY(read_tables(&tables, &sql, err));
    MR_TRY(plan_text(&tables, sql, &plan, err));
    MR_TRY(run(&tables, plan, 0, &first, err));
    MR_TRY(run(&tables, plan, 2, &small, err));
    MR_TRY(plan_text(&tables, sql, &plan, err)); /* the optimizer may use the nodes up */
    MR_TRY(mr_plan_optimize(&tables.builder, plan, &optimized, err));
    MR_TRY(run(&tables, optimized, 0, &other, err));
    if (!is_ordered && first.count > 0) qsort(first.at, first.count, sizeof *first.at, by_text);
    (void)check_same(&first, &small, "batches of two rows", is_ordered, out);
    (void)check_same(&first, &other, "the optimizer", is_ordered, out);
    if (first.count == 0) mr_text_adds(out, "no rows");
    for (uint32_t i = 0; i < first.count; i++) {
        if (i > 0) mr_text_addc(out, '\n');
        mr_text_add(out, first.at[i].text, first.at[i].bytes);
    }
    return MR_OK;
}

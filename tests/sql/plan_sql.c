#include "tests/sql/plan_sql.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/plan/optimize.h"

enum { TABLES_MAX = 8, ROWS_EACH = 1000 };

struct tables {
    struct mr_relation at[TABLES_MAX];
    uint32_t count;
};

static mr_status find(void *ctx, const struct mr_sql_relation *relation,
                      struct mr_relation **out_relation, struct mr_err *err)
{
    struct tables *tables = ctx;
    struct mr_span name = relation->name.last->text;
    for (uint32_t i = 0; i < tables->count; i++) {
        if (!mr_span_ieq(tables->at[i].name, name)) continue;
        *out_relation = &tables->at[i];
        return MR_OK;
    }
    return mr_err_set(err, MR_E_NOT_FOUND, 1210, "table \"%.*s\" not found", (int)name.bytes,
                      name.text);
}

/* Takes the lines `-- name DDL` from the front of the text. */
static mr_status read_tables(struct mr_arena *arena, struct mr_span *sql, struct tables *tables,
                             struct mr_err *err)
{
    double rows = ROWS_EACH;
    while (mr_span_starts(*sql, MR_SPAN("-- "))) {
        const char *end = memchr(sql->text, '\n', sql->bytes);
        MR_ASSERT(end != NULL && tables->count < TABLES_MAX);
        struct mr_span line = {sql->text + 3, (size_t)(end - sql->text) - 3};
        const char *space = memchr(line.text, ' ', line.bytes);
        MR_ASSERT(space != NULL);
        struct mr_relation *table = &tables->at[tables->count++];
        table->name = (struct mr_span){line.text, (size_t)(space - line.text)};
        struct mr_span ddl = {space + 1, (size_t)(end - space) - 1};
        MR_TRY(mr_sql_parse_schema(arena, ddl, &table->schema, err));
        table->visible_count = table->schema->field_count;
        table->rows_expected = rows; /* each table ten times the one before */
        rows *= 10;
        *sql = (struct mr_span){end + 1, sql->bytes - (size_t)(end + 1 - sql->text)};
    }
    return MR_OK;
}

mr_status plan_query(struct mr_arena *arena, struct mr_span sql, bool is_optimized,
                     struct mr_text *out, struct mr_err *err)
{
    struct tables tables = {0};
    struct mr_expr_builder builder;
    const struct mr_sql_script *script;
    struct mr_plan *plan;
    MR_TRY(read_tables(arena, &sql, &tables, err));
    MR_TRY(mr_sql_parse(arena, sql, "test.sql", &script, err));
    MR_ASSERT(script->count == 1 && script->first->kind == MR_SQL_STATEMENT_QUERY);
    mr_expr_builder_init(&builder, arena, NULL, true);
    struct mr_plan_catalog catalog = {.find = find, .ctx = &tables};
    MR_TRY(mr_plan_query(&builder, &catalog, script, script->first->query, &plan, err));
    if (is_optimized) MR_TRY(mr_plan_optimize(&builder, plan, &plan, err));
    mr_plan_write(plan, out);
    mr_text_adds(out, "gives: ");
    mr_schema_write_ddl(plan->schema, out);
    return MR_OK;
}

/* Fuzz target: any bytes through the SQL parser and the binder. The first byte chooses what is
 * parsed: a script, an expression, a type, a schema, hints. What is asserted: nothing reads or
 * writes outside its bounds, a failure is a syntax error or an unsupported construct and its
 * position lies in the text, a tree's positions do too, a query that binds compiles, a second run
 * gives the same, and no memory is left.
 *
 * With clang and -Dfuzz=true it is a libFuzzer target; otherwise see replay.h. */
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/expr/program.h"
#include "core/sql/bind.h"
#include "core/sql/parse.h"
#include "tests/fuzz/replay.h"

static const char columns_ddl[] =
    "a INT, b STRING, c DOUBLE NOT NULL, d DECIMAL(10,2), ts TIMESTAMP, t DATE, s STRUCT<x: INT, "
    "y: "
    "ARRAY<STRING>>, m MAP<STRING,INT>, f BOOLEAN, _metadata STRUCT<file_path: STRING>";

static void check_error(mr_status status, const struct mr_err *err, struct mr_span text)
{
    MR_ASSERT(status == err->status);
    MR_ASSERT(status == MR_E_SYNTAX || status == MR_E_UNSUPPORTED);
    MR_ASSERT(err->code != 0 && err->message[0] != '\0');
    MR_ASSERT(err->line >= 1 && err->column >= 1 && err->width >= 1);
    MR_ASSERT(err->has_at && err->at <= text.bytes);
}

static void check_pos(const struct mr_sql_pos *pos, struct mr_span text)
{
    MR_ASSERT(pos->line >= 1 && pos->column >= 1);
    MR_ASSERT(pos->off <= text.bytes && pos->bytes <= text.bytes - pos->off);
}

static void check_expr(const struct mr_sql_expr *expr, unsigned depth, struct mr_span text)
{
    check_pos(&expr->pos, text);
    MR_ASSERT(expr->depth >= 1 && expr->depth + depth <= MR_SQL_DEPTH_MAX + 1);
    uint32_t count = 0;
    for (const struct mr_sql_expr *e = expr->args.first; e != NULL; e = e->next, count++) {
        MR_ASSERT(e->depth < expr->depth);
        check_expr(e, depth + 1, text);
    }
    MR_ASSERT(count == expr->args.count);
}

static void bind_query(struct mr_arena *arena, const struct mr_sql_script *script,
                       const struct mr_sql_query *query)
{
    const struct mr_type *columns;
    struct mr_expr_builder builder;
    struct mr_bound_query bound;
    struct mr_program *program;
    struct mr_err err = {0};
    MR_ASSERT(mr_sql_parse_schema(arena, MR_SPAN(columns_ddl), &columns, NULL) == MR_OK);
    struct mr_bind_scope scope = {.columns = columns,
                                  .visible_count = columns->field_count - 1,
                                  .alias = MR_SPAN("t"),
                                  .relation = MR_SPAN("t")};
    mr_expr_builder_init(&builder, arena, NULL, true);
    mr_status status = mr_sql_bind_query(&builder, script, query, &scope, &bound, &err);
    if (status != MR_OK) {
        MR_ASSERT(status == err.status && err.code != 0 && err.line != 0);
        return;
    }
    MR_ASSERT(bound.count == bound.schema->field_count);
    status = mr_program_compile(arena->heap, bound.exprs, bound.count, &program, &err);
    if (status == MR_OK)
        mr_program_fini(program);
    else
        MR_ASSERT(status == MR_E_TYPE);
}

static mr_status parse_script(struct mr_arena *arena, struct mr_span text, struct mr_err *err)
{
    const struct mr_sql_script *script;
    MR_TRY(mr_sql_parse(arena, text, "fuzz.sql", &script, err));
    uint32_t count = 0;
    for (const struct mr_sql_statement *s = script->first; s != NULL; s = s->next, count++) {
        const struct mr_sql_query *query = s->kind == MR_SQL_STATEMENT_QUERY     ? s->query
                                           : s->kind == MR_SQL_STATEMENT_DATASET ? s->dataset->query
                                                                                 : NULL;
        check_pos(&s->pos, text);
        if (query == NULL) continue;
        for (const struct mr_sql_item *i = query->items.first; i != NULL; i = i->next) {
            check_expr(i->expr, 1, text);
        }
        bind_query(arena, script, query);
    }
    MR_ASSERT(count == script->count);
    return MR_OK;
}

static mr_status parse_any(struct mr_arena *arena, uint8_t what, struct mr_span text,
                           struct mr_err *err)
{
    const struct mr_sql_expr *expr;
    const struct mr_type *type;
    struct mr_sql_hints hints;
    switch (what) {
    case 'e':
        MR_TRY(mr_sql_parse_expr(arena, text, "fuzz.sql", &expr, err));
        check_expr(expr, 0, text);
        return MR_OK;
    case 't': return mr_sql_parse_type(arena, text, &type, err);
    case 'd': return mr_sql_parse_schema(arena, text, &type, err);
    case 'h': return mr_sql_parse_hints(arena, text, &hints, err);
    default: return parse_script(arena, text, err);
    }
}

static mr_status run_once(uint8_t what, struct mr_span text, struct mr_err *err)
{
    struct mr_heap heap;
    struct mr_arena arena;
    mr_heap_init(&heap, 0);
    mr_arena_init(&arena, &heap, 0);
    mr_status status = parse_any(&arena, what, text, err);
    if (status != MR_OK) check_error(status, err, text);
    mr_arena_fini(&arena);
    MR_ASSERT(heap.used_bytes == 0);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) return 0;
    struct mr_err first = {0}, second = {0};
    struct mr_span text = {(const char *)bytes + 1, count - 1};
    mr_status status = run_once(bytes[0], text, &first);
    MR_ASSERT(run_once(bytes[0], text, &second) == status);
    MR_ASSERT(strcmp(first.message, second.message) == 0 && first.at == second.at);
    return 0;
}

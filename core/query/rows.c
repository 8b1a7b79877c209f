/* Rows that statements make up: a VALUES of literals. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/query/session_impl.h"
#include "core/sql/parse.h"

enum { CELLS_FIRST = 64 };

void mr_rows_begin(struct mr_rows *rows, struct mr_query *query, const char *ddl,
                   struct mr_err *err)
{
    const struct mr_type *schema = NULL;
    *rows = (struct mr_rows){.query = query, .err = err};
    mr_query_builder(query, &rows->builder);
    rows->status = mr_sql_parse_schema(&query->arena, mr_span_of(ddl), &schema, err);
    if (rows->status != MR_OK) return;
    rows->fields = schema->fields;
    rows->width = schema->field_count;
    query->schema = schema;
}

static const struct mr_type *type_of_next(const struct mr_rows *rows)
{
    return rows->fields[rows->count % rows->width].type;
}

static void add(struct mr_rows *rows, const struct mr_expr *expr)
{
    if (rows->status != MR_OK) return;
    if (rows->count == rows->capacity) {
        uint32_t capacity = MR_MAX(rows->capacity * 2, (uint32_t)CELLS_FIRST);
        const struct mr_expr **cells =
            MR_ARENA_ARRAY(&rows->query->arena, const struct mr_expr *, capacity);
        if (cells == NULL) {
            rows->status = mr_query_nomem(rows->err);
            return;
        }
        if (rows->count > 0) memcpy(cells, rows->cells, rows->count * sizeof(*cells));
        rows->cells = cells;
        rows->capacity = capacity;
    }
    rows->cells[rows->count++] = expr;
}

static void literal(struct mr_rows *rows, struct mr_value value)
{
    const struct mr_expr *expr = NULL;
    if (rows->status != MR_OK) return;
    value.type = type_of_next(rows);
    rows->status = mr_expr_literal(&rows->builder, &value, &expr, rows->err);
    add(rows, expr);
}

void mr_rows_null(struct mr_rows *rows)
{
    literal(rows, (struct mr_value){.is_null = true});
}

void mr_rows_text(struct mr_rows *rows, struct mr_span text)
{
    if (rows->status != MR_OK) return;
    if (text.text == NULL) {
        mr_rows_null(rows);
        return;
    }
    const char *copy = mr_arena_copy(&rows->query->arena, text);
    if (copy == NULL) rows->status = mr_query_nomem(rows->err);
    literal(rows, (struct mr_value){.u.text = {copy, text.bytes}});
}

void mr_rows_string(struct mr_rows *rows, const char *text)
{
    mr_rows_text(rows, text == NULL ? (struct mr_span){0} : mr_span_of(text));
}

void mr_rows_i64(struct mr_rows *rows, int64_t value)
{
    literal(rows, (struct mr_value){.u.i64 = value});
}

void mr_rows_bool(struct mr_rows *rows, bool value)
{
    literal(rows, (struct mr_value){.u.boolean = value});
}

void mr_rows_cell(struct mr_rows *rows, const struct mr_expr *expr)
{
    if (rows->status != MR_OK) return;
    rows->status = mr_expr_cast(&rows->builder, expr, type_of_next(rows), MR_MODE_ANSI, &expr,
                                rows->err);
    add(rows, expr);
}

mr_status mr_rows_end(struct mr_rows *rows)
{
    struct mr_query *query = rows->query;
    if (rows->status != MR_OK) return rows->status;
    MR_ASSERT(rows->count % rows->width == 0);
    query->plan = mr_plan_new(&query->arena, MR_PLAN_VALUES, NULL, NULL);
    if (query->plan == NULL) return mr_query_nomem(rows->err);
    query->plan->schema = query->schema;
    query->plan->exprs = rows->cells;
    query->plan->expr_count = rows->count;
    query->plan->row_count = rows->count / rows->width;
    return mr_query_run(query, rows->err);
}

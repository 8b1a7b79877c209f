#include "tests/unit/core/expr/expr_table.h"

#include <string.h>

#include "core/base/assert.h"
#include "kernels/select/select.h"
#include "tests/unit/core/expr/sexpr.h"

void expr_table_init(struct expr_table *table, struct mr_heap *heap, uint32_t rows)
{
    static const struct mr_type none = {.id = MR_TYPE_STRUCT};
    *table = (struct expr_table){.heap = heap};
    mr_arena_init(&table->types, heap, 0);
    mr_arena_init(&table->arena, heap, 0);
    mr_expr_builder_init(&table->builder, &table->types, NULL, true);
    table->context.now_us = INT64_C(1700000000123456);
    table->context.select = mr_select_kernels(mr_isa_best());
    mr_batch_init(&table->batch, &table->arena, &none);
    table->batch.cols = table->cols;
    table->batch.rows = table->batch.sel_count = rows;
}

void expr_table_fini(struct expr_table *table)
{
    mr_arena_fini(&table->types);
    mr_arena_fini(&table->arena);
}

const struct mr_type *expr_table_schema(struct expr_table *table)
{
    const struct mr_type *schema =
        mr_type_struct(&table->types, table->fields, table->col_count);
    MR_ASSERT(schema != NULL);
    table->batch.schema = schema;
    return schema;
}

static void table_put(struct expr_table *table, const char *name, const struct mr_type *type,
                      const struct mr_vec *vec)
{
    MR_ASSERT(table->col_count < EXPR_TABLE_COLS_MAX);
    table->fields[table->col_count] =
        (struct mr_field){.name = mr_span_of(mr_arena_copy(&table->types, mr_span_of(name))),
                          .type = type, .is_nullable = true};
    table->cols[table->col_count++] = *vec;
    expr_table_schema(table);
}

void expr_table_add_text(struct expr_table *table, const char *name, const char *const *cells)
{
    struct mr_vec vec;
    uint32_t rows = table->batch.rows;
    const struct mr_type *type = mr_type_of(MR_TYPE_STRING);
    mr_status status =
        mr_vec_alloc(&vec, &table->arena, type, rows, true, &table->batch.bufs, NULL);
    size_t bytes = 1, used = 0;
    for (uint32_t i = 0; i < rows; i++) bytes += cells[i] == NULL ? 0 : strlen(cells[i]);
    char *at = mr_arena_alloc(&table->arena, bytes, 64);
    MR_ASSERT(status == MR_OK && at != NULL);
    uint32_t buffer = mr_batch_add_buf(&table->batch, at);
    memset(vec.values, 0, rows * sizeof(struct mr_view));
    for (uint32_t i = 0; i < rows; i++) {
        if (cells[i] == NULL) continue;
        size_t length = strlen(cells[i]);
        memcpy(at + used, cells[i], length);
        ((struct mr_view *)vec.values)[i] =
            mr_view_of(at + used, (uint32_t)length, buffer, (uint32_t)used);
        used += length;
        mr_bit_set(vec.validity, i);
    }
    vec.null_count = mr_vec_nulls(vec.validity, rows);
    table_put(table, name, type, &vec);
}

static mr_status run_one(struct expr_table *table, const struct mr_expr *expr, struct mr_vec *out,
                         struct mr_err *err)
{
    struct mr_program *program;
    MR_TRY(mr_program_compile(table->heap, &expr, 1, &program, err));
    mr_status status = mr_program_run(program, &table->context, &table->batch, out, err);
    mr_program_fini(program);
    return status;
}

mr_status expr_table_add(struct expr_table *table, const char *name, const char *sexpr,
                         struct mr_err *err)
{
    const struct mr_expr *expr;
    struct mr_vec vec;
    MR_TRY(sexpr_read(&table->builder, expr_table_schema(table), sexpr, &expr, err));
    MR_TRY(run_one(table, expr, &vec, err));
    table_put(table, name, expr->type, &vec);
    return MR_OK;
}

mr_status expr_table_run(struct expr_table *table, const struct mr_expr *expr, const uint32_t *sel,
                         uint32_t sel_count, const char **out_texts, struct mr_err *err)
{
    const struct mr_expr *as_text;
    struct mr_vec value, text;
    struct mr_batch *batch = &table->batch;
    uint32_t rows = batch->rows, bufs = batch->bufs.count;
    MR_TRY(mr_expr_cast(&table->builder, expr, mr_type_of(MR_TYPE_STRING), MR_MODE_ANSI, &as_text,
                        err));
    batch->sel = sel;
    batch->sel_count = sel == NULL ? rows : sel_count;
    mr_status status = run_one(table, expr, &value, err);
    if (status == MR_OK) mr_vec_check(&value);
    if (status == MR_OK) status = run_one(table, as_text, &text, err);
    if (status == MR_OK) mr_vec_check(&text);
    for (uint32_t i = 0; status == MR_OK && i < rows; i++) out_texts[i] = NULL;
    for (uint32_t k = 0; status == MR_OK && k < batch->sel_count; k++) {
        uint32_t row = mr_batch_row(batch, k);
        if (mr_vec_is_null(&text, row)) continue;
        out_texts[row] = mr_arena_copy(&table->arena, mr_vec_span(&text, row));
        MR_ASSERT(out_texts[row] != NULL);
    }
    batch->sel = NULL;
    batch->sel_count = rows;
    batch->bufs.count = bufs;
    return status;
}

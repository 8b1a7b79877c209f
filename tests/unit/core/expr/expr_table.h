/* A small table for expression tests, and expressions run over it, with results as text.
 *
 * The table is made by millrace itself: text cells, then columns computed from them by prefix
 * expressions (sexpr.h), so that one file describes it to Spark and to this. */
#ifndef MR_TESTS_UNIT_CORE_EXPR_EXPR_TABLE_H
#define MR_TESTS_UNIT_CORE_EXPR_EXPR_TABLE_H

#include "core/batch/batch.h"
#include "core/expr/program.h"
#include "kernels/text/zone.h"

enum { EXPR_TABLE_ROWS_MAX = 128, EXPR_TABLE_COLS_MAX = 64 };

struct expr_table {
    struct mr_heap *heap;
    struct mr_arena types;  /* schema, expressions */
    struct mr_arena arena;  /* the batch's */
    struct mr_expr_builder builder;
    struct mr_program_context context;
    struct mr_batch batch;
    struct mr_field fields[EXPR_TABLE_COLS_MAX];
    struct mr_vec cols[EXPR_TABLE_COLS_MAX];
    uint32_t col_count;
};

void expr_table_init(struct expr_table *table, struct mr_heap *heap, uint32_t rows);
void expr_table_fini(struct expr_table *table);

/* expr_table_add_text: a string column from cells[rows]; null pointers are nulls.
 * expr_table_add: a column computed from those before it. */
void expr_table_add_text(struct expr_table *table, const char *name, const char *const *cells);
mr_status expr_table_add(struct expr_table *table, const char *name, const char *sexpr,
                         struct mr_err *err);

/* expr_table_run: evaluates over the given rows (null: all). `out_texts[rows]` are the values cast
 * to string, null pointers for nulls and rows not selected; they lie in table->arena. */
mr_status expr_table_run(struct expr_table *table, const struct mr_expr *expr, const uint32_t *sel,
                         uint32_t sel_count, const char **out_texts, struct mr_err *err);

/* expr_table_schema: of the columns so far. */
const struct mr_type *expr_table_schema(struct expr_table *table);

#endif

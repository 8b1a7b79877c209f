/* What tests of operators share: random tables, expressions over them, and one check that an
 * operator gives the expected rows, whatever the batch size, wherever memory runs out, and whenever
 * it is stopped.
 *
 * Rows are compared as JSON text (batch_gen.h), so that nothing is lost. */
#ifndef MR_TESTS_UNIT_CORE_OPS_OP_CHECK_H
#define MR_TESTS_UNIT_CORE_OPS_OP_CHECK_H

#include "core/ops/op_query.h"
#include "core/ops/row_store.h"
#include "tests/support/batch_gen.h"

enum { OP_TABLE_BATCHES = 4 };

struct op_table {
    const struct mr_type *schema;
    struct mr_batch batches[OP_TABLE_BATCHES];
    struct mr_arena arenas[OP_TABLE_BATCHES];
    uint32_t count;
    struct mr_row_store all; /* the selected rows, in order */
};

struct op_world {
    struct mr_heap heap;
    struct mr_arena arena; /* types, expressions, texts of rows */
    struct mr_expr_builder builder;
    struct mr_query_env env;
    struct mr_batch_gen gen;
};

void op_world_init(struct op_world *world, uint64_t seed);
void op_world_fini(struct op_world *world);

/* op_table_init: `batches` batches of `rows` random rows each, about half selected where
 * world->gen says so. */
void op_table_init(struct op_world *world, struct op_table *table, const char *schema,
                   uint32_t batches, uint32_t rows);
void op_table_fini(struct op_table *table);

/* op_expr: a prefix expression (sexpr.h) over a schema; the test ends when there is no such. */
const struct mr_expr *op_expr(struct op_world *world, const struct mr_type *schema,
                              const char *text);
const struct mr_expr *const *op_exprs(struct op_world *world, const struct mr_type *schema,
                                      const char *const *texts, uint32_t count);

/* op_schema: columns c0, c1, ... of these types; behind those of `before`, which may be null. */
const struct mr_type *op_schema(struct op_world *world, const struct mr_type *before,
                                const struct mr_expr *const *exprs, uint32_t count);

/* op_call: name(args[count]), resolved. */
struct mr_aggregate_call op_call(struct op_world *world, const struct mr_type *schema,
                                 const char *name, const char *const *args, uint32_t count,
                                 bool is_distinct);

/* op_concat: both schemas' members. */
const struct mr_type *op_concat(struct op_world *world, const struct mr_type *a,
                                const struct mr_type *b);

/* Rows as text; "" ends. */
struct op_rows {
    char **at;
    uint32_t count, capacity;
    struct mr_arena *arena;
};

void op_rows_add(struct op_rows *rows, const struct mr_vec *cols, uint32_t col_count,
                 uint32_t row);
/* op_rows_add_store: the row of the store, nulls for MR_STORE_NO_ROW; begins or goes on with a
 * text of several parts. */
void op_rows_put(struct op_world *world, struct op_rows *rows, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
char *op_row_text(struct op_world *world, const struct mr_row_store *store, uint32_t row);
char *op_null_text(struct op_world *world, uint32_t columns);
char *op_value_text(struct op_world *world, const struct mr_vec *vec, uint32_t row);
void op_rows_sort(struct op_rows *rows);

/* Makes the operator under test. */
struct op_case {
    mr_status (*make)(struct op_case *self, struct op_world *world, struct mr_operator **out_op,
                      struct mr_err *err);
    bool is_ordered; /* rows come in the order of `expected` */
    struct op_rows expected;
    bool skips_faults; /* only the rows are checked */
};

void op_check(struct op_world *world, struct op_case *of);

/* op_run: all rows of an operator, which is ended. */
mr_status op_run(struct op_world *world, struct mr_operator *op, struct op_rows *out_rows,
                 struct mr_err *err);

#endif

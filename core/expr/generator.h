/* Generators: functions that make rows out of a row (explode, inline, stack, json_tuple).
 *
 * A generator stands in the SELECT list or behind LATERAL VIEW, never inside an expression. Binding
 * gives the expressions it reads, which the caller compiles and runs like any other of the row, and
 * the columns it gives. Running it over the results says for every new row which row of the batch
 * it came from, and the new columns; what the query keeps of the old row is gathered by that list.
 * `source` is ascending: rows stay in input order, and new rows of one row in the order of its
 * elements.
 *
 *   explode(array)             col            posexplode(array)   pos, col
 *   explode(map)               key, value     posexplode(map)     pos, key, value
 *   inline(array of structs)   the members    stack(n, a, b, ..)  col0, col1, ..
 *   json_tuple(s, k, ..)       c0, c1, ..
 *
 * A row whose list is null or empty gives no row; of an _outer form, or with is_outer (LATERAL VIEW
 * OUTER), one row of nulls. A batch may become larger than MR_BATCH_ROWS_MAX: the operator cuts it.
 * Source: Spark 4 generators (behaviour); SEMANTICS 5.2. */
#ifndef MR_CORE_EXPR_GENERATOR_H
#define MR_CORE_EXPR_GENERATOR_H

#include "core/batch/batch.h"
#include "core/expr/expr.h"

typedef enum mr_generator_kind {
    MR_GENERATOR_EXPLODE,
    MR_GENERATOR_POSEXPLODE,
    MR_GENERATOR_INLINE,
    MR_GENERATOR_STACK,
    MR_GENERATOR_TUPLE,
} mr_generator_kind;

struct mr_generator {
    mr_generator_kind kind;
    bool is_outer;
    uint32_t rows_each;                 /* STACK: rows per row */
    const struct mr_type *columns;      /* struct: what it gives, named as Spark names it */
    const struct mr_expr *const *inputs; /* to be evaluated for the batch's selected rows */
    uint32_t input_count;
};

/* What one run gave, in the batch's arena. */
struct mr_generated {
    uint32_t rows;
    const uint32_t *source; /* [rows] row of the batch, ascending */
    struct mr_vec *cols;    /* one per member of generator->columns, of `rows` rows each */
};

/* mr_generator_is: whether a function's name, in any case, is a generator's. */
bool mr_generator_is(struct mr_span name);

/* mr_generator_bind: name(args). `is_outer` is added to what the name says.
 * fails MR_E_TYPE 1301, 1303; MR_E_NOT_FOUND 1302 when the name is no generator's */
MR_MUST_USE mr_status mr_generator_bind(struct mr_expr_builder *builder, struct mr_span name,
                                        const struct mr_expr *const *args, uint32_t arg_count,
                                        bool is_outer, const struct mr_generator **out_generator,
                                        struct mr_err *err);

/* mr_generator_run: over the batch's selected rows.
 * inputs  [input_count] what a program gave for generator->inputs, of batch->rows rows each
 * fails   MR_E_LIMIT 1310 when a batch's lists are too long, MR_E_NOMEM */
MR_MUST_USE mr_status mr_generator_run(const struct mr_generator *generator,
                                       struct mr_batch *batch, const struct mr_vec *inputs,
                                       struct mr_generated *out_generated, struct mr_err *err);

#endif

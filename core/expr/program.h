/* Programs: expressions compiled once per flow and run on every record batch.
 *
 * Compiling merges equal subexpressions into one node of a graph and prepares what depends on
 * constants alone (LIKE patterns, IN sets, time formats). A program is immutable afterwards and may
 * be shared by shards; each run keeps its state in the batch's arena.
 *
 * A run walks the graph over the batch's selection. Column references cost nothing: the output is
 * the column. Everything else is one typed loop per node and batch, over all rows when that is safe
 * and cheaper, over the selected rows otherwise; nulls travel as bitmaps. A shared node runs once
 * per batch. CASE, AND, OR, coalesce and if run each branch only for the rows that reach it, so an
 * error is raised only for a row whose value is asked for.
 *
 * Output vectors have batch->rows rows. Rows outside the selection hold no meaningful value but are
 * safe to look at (mr_vec_check passes). They live as long as the batch's columns.
 *
 * An evaluation error (MR_E_ARITHMETIC, code 131x) names the expression, the offending value and
 * the record's ordinal; the batch is then unusable. The first bad row in row order of the node that
 * fails first is reported: the same input gives the same error on every machine. */
#ifndef MR_CORE_EXPR_PROGRAM_H
#define MR_CORE_EXPR_PROGRAM_H

#include "core/batch/batch.h"
#include "core/expr/expr.h"

struct mr_program;
struct mr_select_kernels;

struct mr_program_context {
    int64_t now_us;             /* current_timestamp: one instant per epoch */
    const struct mr_zone *zone; /* session time zone; null = UTC */
    const struct mr_select_kernels *select; /* kernels/select; null = the reference */
};

/* mr_program_compile: exprs[count] over one schema; borrowed, with their arena, until fini.
 * Memory comes from `heap`. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_program_compile(struct mr_heap *heap, const struct mr_expr *const *exprs,
                                         uint32_t count, struct mr_program **out_program,
                                         struct mr_err *err);
void mr_program_fini(struct mr_program *program); /* null is allowed */

/* mr_program_run: evaluates all expressions for the batch's selected rows.
 * out_cols  room for `count` vectors; filled on success; they may share memory with batch columns
 */
MR_MUST_USE mr_status mr_program_run(const struct mr_program *program,
                                     const struct mr_program_context *context,
                                     struct mr_batch *batch, struct mr_vec *out_cols,
                                     struct mr_err *err);

/* mr_program_filter: narrows the batch's selection to the rows for which every expression of the
 * program (all boolean) is true; a later one runs only on rows that passed the earlier. */
MR_MUST_USE mr_status mr_program_filter(const struct mr_program *program,
                                        const struct mr_program_context *context,
                                        struct mr_batch *batch, struct mr_err *err);

#endif

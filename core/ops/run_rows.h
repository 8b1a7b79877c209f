/* Rows as bytes, for what a sink keeps aside: written by a row, read back as columns.
 *
 * A record batch is columns of views into text that goes with the batch. Rows that have to stay
 * longer are copied out one behind the other, each with all it needs, in the order of the schema:
 *
 *     row    = value*                  one for each column
 *     value  = 0                       null
 *            | 1 bytes                 a fixed width, as in the column; booleans one byte
 *            | 1 length:u32 bytes      string, binary
 *            | 1 value*                struct: one for each member
 *            | 1 count:u32 value*      array, map: for each element its value, or key and value
 *
 * A value of type void is nothing at all. Integers are the machine's own: the bytes live no longer
 * than the process. They are read back as a batch whose texts are views into them. */
#ifndef MR_CORE_OPS_RUN_ROWS_H
#define MR_CORE_OPS_RUN_ROWS_H

#include "core/batch/batch.h"
#include "core/mem/text.h"

/* mr_run_row_put: row `row` of the batch, behind what is in `out`; mr_text_end tells of failures.
 */
void mr_run_row_put(const struct mr_batch *batch, uint32_t row, struct mr_text *out);

/* mr_run_rows_read: the columns of `rows` rows of batch->schema. The batch is initialised and
 * empty, its arena takes the columns; `bytes`, MR_PAD readable further, are the caller's and stay
 * until the batch goes. returns MR_E_CORRUPT when they are not exactly these rows, MR_E_NOMEM */
MR_MUST_USE mr_status mr_run_rows_read(struct mr_span bytes, uint32_t rows, struct mr_batch *batch,
                                       struct mr_err *err);

#endif

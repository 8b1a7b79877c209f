/* The case `query` of run_sql_test: statements run by a session without a warehouse; the rows of
 * the last one are shown, a line each, or "no rows". */
#ifndef MR_TESTS_SQL_QUERY_SQL_H
#define MR_TESTS_SQL_QUERY_SQL_H

#include "core/mem/text.h"
#include "core/sql/parse.h"

/* query_run: `batch_rows` rows a batch at most, 0 = as many as there can be. */
mr_status query_run(struct mr_arena *arena, struct mr_span sql, uint32_t batch_rows,
                    struct mr_text *out, struct mr_err *err);

#endif

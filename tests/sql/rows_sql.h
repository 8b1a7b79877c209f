/* The cases `rows` and `set` of run_sql_test: lines `-- name QUERY` say which tables there are, the
 * query behind them is run; what comes out is a line for each row, values cast to text and parted
 * by " | ", for `set` in the order of their text.
 *
 * Each query is run as planned and as optimized, in small batches and in large ones; all have to
 * give the same rows. rows_spark.py compares a file with what Spark gives. */
#ifndef MR_TESTS_SQL_ROWS_SQL_H
#define MR_TESTS_SQL_ROWS_SQL_H

#include "core/mem/text.h"
#include "core/sql/parse.h"

mr_status query_rows(struct mr_arena *arena, struct mr_span sql, bool is_ordered,
                     struct mr_text *out, struct mr_err *err);

#endif

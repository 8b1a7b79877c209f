/* The case `plan` of run_sql_test: lines `-- name DDL` say which tables there are, the query behind
 * them is planned; what comes out is the plan's text and the columns that it gives. With
 * `optimize`, after the optimizer. */
#ifndef MR_TESTS_SQL_PLAN_SQL_H
#define MR_TESTS_SQL_PLAN_SQL_H

#include "core/mem/text.h"
#include "core/sql/parse.h"

mr_status plan_query(struct mr_arena *arena, struct mr_span sql, bool is_optimized,
                     struct mr_text *out, struct mr_err *err);

#endif

/* What a query means and gives, for expectations in *.test files. */
#ifndef MR_TESTS_SQL_EVAL_SQL_H
#define MR_TESTS_SQL_EVAL_SQL_H

#include "core/mem/arena.h"
#include "core/mem/text.h"
#include "core/sql/ast.h"

/* bind_names: the first line of `sql` is a comment with the columns of relation t in DDL, to which
 * a hidden `_metadata` is added; the rest is one query. Gives a line for each output: its name, its
 * type, NOT NULL; then the filter and the columns that are read. */
MR_MUST_USE mr_status bind_names(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                                 struct mr_err *err);

/* bind_items: the same first line; each further line is one item of a SELECT list, bound alone.
 * Gives a line for each: the output's name, type, NOT NULL. */
MR_MUST_USE mr_status bind_items(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                                 struct mr_err *err);

/* eval_query: a query over nothing or over VALUES; gives a line for each row, values cast to text
 * and parted by " | ". */
MR_MUST_USE mr_status eval_query(struct mr_arena *arena, struct mr_span sql, struct mr_text *out,
                                 struct mr_err *err);

/* eval_generate: a query whose only item is a generator; the same of the rows it gives. */
MR_MUST_USE mr_status eval_generate(struct mr_arena *arena, struct mr_span sql,
                                    struct mr_text *out, struct mr_err *err);

#endif

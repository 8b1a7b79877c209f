/* The syntax tree as text, for expectations in *.test files: one S-expression per statement.
 *
 * Structure is shown, spelling is not: `a+b*c` and `(a + (b * c))` print alike. Names that are not
 * plain are in backticks, strings in quotes; absent clauses are left out. */
#ifndef MR_TESTS_SQL_DUMP_AST_H
#define MR_TESTS_SQL_DUMP_AST_H

#include "core/mem/text.h"
#include "core/sql/ast.h"

void dump_script(const struct mr_sql_script *script, struct mr_text *out);
void dump_expr(const struct mr_sql_expr *expr, struct mr_text *out);
void dump_command(const struct mr_sql_statement *statement, struct mr_text *out);
void dump_query(const struct mr_sql_query *query, struct mr_text *out);
void dump_relation(const struct mr_sql_relation *relation, struct mr_text *out);
void dump_name(struct mr_span name, struct mr_text *out);
void dump_names(const struct mr_sql_names *names, const char *between, struct mr_text *out);
void dump_string(struct mr_span text, struct mr_text *out);

#endif

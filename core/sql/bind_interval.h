/* INTERVAL literals as values: which units they have is what their type is made of. */
#ifndef MR_CORE_SQL_BIND_INTERVAL_H
#define MR_CORE_SQL_BIND_INTERVAL_H

#include "core/expr/expr.h"
#include "core/sql/ast.h"

/* mr_bind_interval: years and months are one type, days and times the other; never both.
 * fails MR_E_SYNTAX 1307 */
MR_MUST_USE mr_status mr_bind_interval(struct mr_expr_builder *builder,
                                       const struct mr_sql_expr *literal,
                                       const struct mr_expr **out_expr, struct mr_err *err);

#endif

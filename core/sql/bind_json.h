/* Paths into JSON text: `s:a.b[0]`, `s:['a b']`. The first step has the colon; those behind it are
 * steps of the same path. Names are matched exactly. */
#ifndef MR_CORE_SQL_BIND_JSON_H
#define MR_CORE_SQL_BIND_JSON_H

#include "core/mem/arena.h"
#include "core/sql/ast.h"

/* mr_bind_is_json_path: whether the expression is such a path. */
bool mr_bind_is_json_path(const struct mr_sql_expr *expr);

/* mr_bind_json_path: what the path starts from, and its text for get_json_object.
 * fails MR_E_SYNTAX 1005: an index that is no constant, or a name with an apostrophe */
MR_MUST_USE mr_status mr_bind_json_path(struct mr_arena *arena, const struct mr_sql_expr *expr,
                                        const struct mr_sql_expr **out_base,
                                        struct mr_span *out_path, struct mr_err *err);

#endif

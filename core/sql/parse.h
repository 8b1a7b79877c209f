/* Parsing: SQL text to a syntax tree, DDL text to a schema.
 *
 * Each function reads the whole text or fails; the first fault is reported with the token's line,
 * column and width, what was expected there, and a guess at what was meant. Everything made lies
 * in `arena`; nothing refers to the caller's text afterwards. `origin` names the text in errors (a
 * file's path, or "schemaHints"), and may be empty. Positions count from the text's start.
 *
 * Limits: MR_SQL_TEXT_MAX bytes, MR_SQL_DEPTH_MAX brackets or nested operators (MR1003); the C
 * stack is not used by depth.
 *
 * failures  MR_E_SYNTAX with MR1001 (characters), MR1002 (grammar), MR1003 (depth, size), MR1005
 *           (literals), MR1006 (types), MR1004 for constructs known but not in this version
 *           (MR_E_UNSUPPORTED); MR_E_NOMEM when the arena's heap has no more */
#ifndef MR_CORE_SQL_PARSE_H
#define MR_CORE_SQL_PARSE_H

#include "core/sql/ast.h"

enum { MR_SQL_TEXT_MAX = 16 << 20 };

/* mr_sql_parse: statements separated by semicolons; an empty script is no error. */
MR_MUST_USE mr_status mr_sql_parse(struct mr_arena *arena, struct mr_span text, const char *origin,
                                   const struct mr_sql_script **out_script, struct mr_err *err);

/* mr_sql_parse_expr: one expression, such as an expectation's rule. */
MR_MUST_USE mr_status mr_sql_parse_expr(struct mr_arena *arena, struct mr_span text,
                                        const char *origin, const struct mr_sql_expr **out_expr,
                                        struct mr_err *err);

/* mr_sql_parse_type: "STRUCT<x: DOUBLE, y ARRAY<STRING>>". Names of types are Spark's with their
 * aliases; varchar(n) and char(n) are string; DECIMAL is decimal(10,0). */
MR_MUST_USE mr_status mr_sql_parse_type(struct mr_arena *arena, struct mr_span text,
                                        const struct mr_type **out_type, struct mr_err *err);

/* mr_sql_parse_schema: "a INT, b STRING NOT NULL COMMENT 'c'", also with ':' between name and type,
 * or as one STRUCT<..>. Comments go to the fields' metadata. Two equal names (in any case) are an
 * error, nested ones too. */
MR_MUST_USE mr_status mr_sql_parse_schema(struct mr_arena *arena, struct mr_span ddl,
                                          const struct mr_type **out_schema, struct mr_err *err);

/* mr_sql_interval_read: "1 day 2 hours", "interval 10 minutes", "-1.5 seconds": what options and
 * properties take; false when it is none. */
bool mr_sql_interval_read(struct mr_span text, struct mr_sql_interval *out_interval);

/* One schema hint: a path into nested types (`element`, `key` and `value` walk into arrays and
 * maps; a part may have dots when it was quoted) and the type to use there. */
struct mr_sql_hint {
    const struct mr_span *path; /* path[path_count] */
    uint32_t path_count;
    const struct mr_type *type;
    bool is_not_null;
    struct mr_sql_pos pos; /* of the path */
};

struct mr_sql_hints {
    const struct mr_sql_hint *hints; /* in the order written */
    uint32_t count;
};

/* mr_sql_parse_hints: "geo.lat DOUBLE, tags.element INT, m.value.x DATE"; empty text, no hints. */
MR_MUST_USE mr_status mr_sql_parse_hints(struct mr_arena *arena, struct mr_span text,
                                         struct mr_sql_hints *out_hints, struct mr_err *err);

#endif

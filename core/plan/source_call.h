/* A source in SQL: read_files('path', name => value, ...) or cloud_files('path', 'format',
 * map(...)).
 *
 * Turns the call's arguments into a path and pairs of text, which is what sources and formats take;
 * what the names mean is theirs to say (core/port/source_options.h). Values are literals: a
 * stream's source may not depend on anything. Source: SEMANTICS.md 1.9. */
#ifndef MR_CORE_PLAN_SOURCE_CALL_H
#define MR_CORE_PLAN_SOURCE_CALL_H

#include "core/port/source_options.h"
#include "core/sql/ast.h"

struct mr_source_call {
    struct mr_span path;
    struct mr_sql_pos path_pos;
    const struct mr_source_pair *pairs; /* [count], in the order written */
    const struct mr_sql_pos *pair_pos;  /* [count], of each value */
    uint32_t count;
    bool is_cloud_files;   /* the legacy spelling, with defaults of its own */
    struct mr_sql_pos pos; /* of the whole call */
};

/* mr_source_call_read: the call behind a STREAM relation.
 * fails MR_E_UNSUPPORTED for other functions and relations, MR_E_INVALID for arguments that are
 * missing, doubled or no literals; with position, the caller adds the origin */
MR_MUST_USE mr_status mr_source_call_read(struct mr_arena *arena,
                                          const struct mr_sql_relation *relation,
                                          struct mr_source_call *out_call, struct mr_err *err);

/* mr_sql_error_at: fills *err with a message and a position of SQL text; returns `status`. */
mr_status mr_sql_error_at(struct mr_err *err, const struct mr_sql_pos *pos, mr_status status,
                          uint32_t code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif

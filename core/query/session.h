/* Sessions: SQL statements, one after another, against a warehouse.
 *
 *   mr_session_begin(statement) ─▶ mr_query_next* ─▶ mr_query_end
 *
 * A session knows where unqualified names go (USE), its time zone and its settings (SET). A
 * statement becomes a query: a plan, operators, and batches of rows, or no rows at all. Statements
 * that look at the catalog (SHOW, DESCRIBE, EXPLAIN) give rows like any other. Each query reads one
 * snapshot of each table, taken when it begins; whoever commits meanwhile does not disturb it.
 *
 * The session belongs to the control thread, and everything but `next` waits for I/O. A query's
 * memory is bounded by the session's limit: an operator that needs more fails by name. */
#ifndef MR_CORE_QUERY_SESSION_H
#define MR_CORE_QUERY_SESSION_H

#include "core/catalog/warehouse.h"
#include "core/ops/operator.h"
#include "core/plan/plan_query.h"
#include "core/sql/ast.h"
#include "kernels/text/zone.h"

struct mr_session_config {
    struct mr_heap *heap;
    struct mr_io *io;
    const char *warehouse; /* null = none: tables by path only */
    const char *catalog;   /* current ones at the start */
    const char *schema;
    const char *zone_folder; /* of time zones: the system's database */
    const char *zone;        /* of the session; null = UTC */
    struct mr_span engine;   /* engineInfo of commits */
    size_t memory_bytes;     /* of one query */
    const struct mr_select_kernels *select;
};

struct mr_session {
    struct mr_session_config config;
    struct mr_arena arena; /* names and settings */
    struct mr_warehouse warehouse;
    const struct mr_zone *zone;       /* null = UTC */
    struct mr_zone_finder zones;      /* named ones */
    struct mr_sql_property *settings; /* newest first */
    bool is_ansi;
};

struct mr_query_relation;

/* One statement at work. */
struct mr_query {
    struct mr_session *session;
    struct mr_heap heap;   /* with the query's limit */
    struct mr_arena arena; /* plan, names, what is said */
    struct mr_query_env env;
    struct mr_query_relation *relations;
    struct mr_plan *plan;         /* null: the statement gives no rows */
    const struct mr_type *schema; /* of the rows */
    struct mr_operator *root;
    const char *note; /* what a statement without rows did, for a person; null = nothing to say */
    uint64_t rows;    /* given so far */
};

/* mr_session_init: fails MR_E_INVALID 1406 for an unknown time zone. */
MR_MUST_USE mr_status mr_session_init(struct mr_session *session,
                                      const struct mr_session_config *config, struct mr_err *err);
void mr_session_fini(struct mr_session *session);

/* mr_session_set_zone: for statements from now on. fails MR_E_INVALID 1406 */
MR_MUST_USE mr_status mr_session_set_zone(struct mr_session *session, struct mr_span name,
                                          struct mr_err *err);

/* mr_session_begin: `script` and its statement are borrowed until the query's end, and the query is
 * the caller's. What fails leaves nothing behind. */
MR_MUST_USE mr_status mr_session_begin(struct mr_session *session,
                                       const struct mr_sql_script *script,
                                       const struct mr_sql_statement *statement,
                                       struct mr_query *out_query, struct mr_err *err);

/* mr_query_next: as mr_operator_next of the query's rows; END at once for one without. */
MR_MUST_USE mr_status mr_query_next(struct mr_query *query, struct mr_batch **out_batch,
                                    mr_pull *out_pull, struct mr_err *err);

/* mr_query_end: gives up what is in flight, and everything. Waits for I/O. */
void mr_query_end(struct mr_query *query);

#endif

/* The schema log: every read schema a flow has had, in order.
 *
 *   <folder>/<n>      v1 \n
 *                     { "version": n, "from_epoch": e, "at": "2024-05-01T10:00:00.000Z",
 *                       "reason": "inferred from 12 files",
 *                       "schema": {"type":"struct","fields":[…]},
 *                       "partitions": {"type":"struct","fields":[…]} }
 *
 * `folder` is `<schemaLocation>/_schemas`. Versions count from 0; one is written once, durably, and
 * never changed; the newest is the schema of every epoch from `from_epoch` on, older epochs belong
 * to the version before. Read back at every start, so a schema is inferred once. The JSON is for
 * people too: one member a line, field names and types as Spark writes them.
 * Source: SEMANTICS.md 1.5 (layout; the content is our own). */
#ifndef MR_CORE_CATALOG_SCHEMA_LOG_H
#define MR_CORE_CATALOG_SCHEMA_LOG_H

#include "core/port/io.h"
#include "core/schema/type.h"

struct mr_schema_version {
    int64_t version;                  /* from 0; -1 = the log is empty */
    int64_t from_epoch;               /* first epoch that is read with it */
    int64_t at_us;                    /* when it was written */
    const struct mr_type *schema;     /* struct: columns of the records */
    const struct mr_type *partitions; /* struct: columns from the path; may have none */
    struct mr_span reason;            /* why, for people */
};

/* mr_schema_log_newest: the newest version into `arena`; version -1 when there is no log yet.
 * returns MR_E_CORRUPT naming a file that is damaged or missing among the versions */
MR_MUST_USE mr_status mr_schema_log_newest(struct mr_io *io, struct mr_arena *arena,
                                           const char *folder,
                                           struct mr_schema_version *out_version,
                                           struct mr_err *err);

/* mr_schema_log_at: the version that `epoch` is read with; -1 when there is none.
 * mr_schema_log_read: version `n`. */
MR_MUST_USE mr_status mr_schema_log_at(struct mr_io *io, struct mr_arena *arena, const char *folder,
                                       int64_t epoch, struct mr_schema_version *out_version,
                                       struct mr_err *err);
MR_MUST_USE mr_status mr_schema_log_read(struct mr_io *io, struct mr_arena *arena,
                                         const char *folder, int64_t n,
                                         struct mr_schema_version *out_version, struct mr_err *err);

/* mr_schema_log_put: writes version->version, which must be the next, durably.
 * returns MR_E_LOCKED when somebody else has written it meanwhile. A log entry left by a crash just
 * before its use is used at the next start: schemas only grow. */
MR_MUST_USE mr_status mr_schema_log_put(struct mr_io *io, struct mr_heap *heap, const char *folder,
                                        const struct mr_schema_version *version,
                                        struct mr_err *err);

#endif

/* Tables: a Delta table on disk, as one process knows it, and commits into it.
 *
 * A table is a folder with data files and `_delta_log`. Opening folds its log into a snapshot;
 * `refresh` reads what has been committed since. A commit writes the next version by put-if-absent
 * (temporary file, sync, link, sync of the directory), so that of any number of processes exactly
 * one gets a version; the others read the winner's actions, check that theirs still hold, and try
 * the next one, after a pause that grows.
 *
 *   commit:  refresh -> fold out parts the table has -> fit the schema -> put N+1.json
 *               ^                                                             | EEXIST
 *               +---------------- conflict? fail : pause ---------------------+
 *
 * What holds:
 *  - A commit that is reported is durable, and a commit that is durable and known is never reported
 *    as failed: after an error the version is looked at, and found ours by its txnId.
 *  - A part with an appId is committed once, however often it is tried: the table stores the newest
 *    version per appId in the same commit, and parts at or below it are left out.
 *  - A version of ours that another program replaced later (Spark on a local disk can) is noticed
 *    by the file's identity at the next refresh, counted, and committed once more.
 *  - Data files are synced by the caller, with their directories, before they are named here.
 *
 * One thread uses a table; its calls wait for I/O (core/port/files.h). Schemas and spans that it
 * hands out live until its next refresh or commit. Source: DELTA.md 1.2; PROTOCOL.md. */
#ifndef MR_CORE_TABLE_TABLE_H
#define MR_CORE_TABLE_TABLE_H

#include "core/format/delta/delta_snapshot.h"
#include "core/port/io.h"

struct mr_table;

/* What a new table is like. Spans are borrowed during the call. */
struct mr_table_spec {
    const struct mr_type *schema; /* with partition columns, anywhere in it */
    const struct mr_span *partition_columns;
    uint32_t partition_count;
    struct mr_span name;                        /* empty = none */
    struct mr_span comment;                     /* empty = none */
    const struct mr_delta_property *properties; /* TBLPROPERTIES; clustering goes here too */
    uint32_t property_count;
    struct mr_span engine; /* engineInfo: "millrace/0.1.0" */
};

/* One data file. */
struct mr_table_add {
    struct mr_span path;             /* below the table's folder, not percent-encoded */
    struct mr_span partition_values; /* JSON object (delta_path.h); empty = {} */
    uint64_t bytes;
    int64_t modified_ms;
    struct mr_span stats; /* JSON object (delta_stats.h); empty = none */
};

/* What belongs together: the files of one epoch of one flow, and the transaction that says so. */
struct mr_table_part {
    struct mr_span app_id; /* empty = no transaction */
    int64_t version;       /* the epoch */
    const struct mr_table_add *adds;
    uint32_t add_count;
};

struct mr_table_commit {
    const struct mr_table_part *parts;
    uint32_t part_count;
    /* Schema of the rows, partition columns included; null = the table's. Its spelling of names
     * must be the table's: use delta_schema.h's `written`. */
    const struct mr_type *schema;
    bool may_add_columns;      /* columns that the table lacks are added in the same version; where
                                * the table allows it (mr_delta_may_widen) types grow too */
    struct mr_span operation;  /* "STREAMING UPDATE" */
    struct mr_span parameters; /* operationParameters: JSON object of strings; empty = {} */
    struct mr_span metrics;    /* operationMetrics: JSON object of strings; empty = none */
    struct mr_span engine;     /* engineInfo */
    struct mr_span extra;      /* more members of commitInfo, `"a":1,"b":{}`; empty = none */
    /* Called when the version is written and before it gets its name, at each attempt: what it
     * makes durable is so before anybody sees the version, and while that is being synced. Not
     * called when the table had all parts. Anything but MR_OK, and never MR_E_EXISTS, ends the
     * commit with it. May be null. */
    mr_status (*before)(void *ctx, struct mr_err *err);
    void *before_ctx;
};

struct mr_table_committed {
    int64_t version;      /* that holds the parts; the newest one when all were there before */
    bool was_there;       /* nothing was written: the table had every part already */
    uint32_t conflicts;   /* versions lost to other writers on the way */
    uint32_t overwritten; /* earlier versions of ours found replaced, and committed again */
};

/* mr_table_open: the newest snapshot of the table at `path` (a folder).
 * returns MR_E_NOT_FOUND (3101) when there is no table; MR_E_CORRUPT (3102, 3104);
 * MR_E_UNSUPPORTED (3103) for a table whose state cannot be read */
MR_MUST_USE mr_status mr_table_open(struct mr_io *io, struct mr_heap *heap, const char *path,
                                    struct mr_table **out_table, struct mr_err *err);

/* mr_table_create: makes the folder and version 0.
 * returns MR_E_EXISTS (3109) when there is a table already, also when another process was faster */
MR_MUST_USE mr_status mr_table_create(struct mr_io *io, struct mr_heap *heap, const char *path,
                                      const struct mr_table_spec *spec, struct mr_table **out_table,
                                      struct mr_err *err);

/* mr_table_close: null is allowed. */
void mr_table_close(struct mr_table *table);

/* mr_table_refresh: reads the commits since the last look. */
MR_MUST_USE mr_status mr_table_refresh(struct mr_table *table, struct mr_err *err);

/* mr_table_snapshot: version, id, schema, files, properties as of the last look; borrowed. */
const struct mr_delta_snapshot *mr_table_snapshot(const struct mr_table *table);

/* mr_table_path: the folder; zero-terminated. */
const char *mr_table_path(const struct mr_table *table);

/* mr_table_txn: the epoch stored for an appId; MR_DELTA_NONE when there is none. */
int64_t mr_table_txn(const struct mr_table *table, struct mr_span app_id);

/* mr_table_can_append: whether this program may write to the table.
 * returns MR_E_UNSUPPORTED (3103) with the feature's name */
MR_MUST_USE mr_status mr_table_can_append(const struct mr_table *table, struct mr_err *err);

/* mr_table_commit: one version with all parts that the table does not have yet.
 * returns MR_E_CONFLICT (3105, 3112, 3113), MR_E_SCHEMA (3106 to 3108, 3114): nothing was
 * committed; MR_E_IO (3115): the version is there but may not survive a power cut; any other
 * failure: the version may or may not be there, and trying again with the same parts is safe if
 * they have an appId */
MR_MUST_USE mr_status mr_table_commit(struct mr_table *table, const struct mr_table_commit *commit,
                                      struct mr_table_committed *out_committed, struct mr_err *err);

/* mr_table_inherit: what the last process of the program `engine` (its name up to the slash counts)
 * ended too early for: the checksum of its commit. If the newest version is one and has none, an
 * upkeep will write it. Costs a look at a name, and reading the commit when that is not there. */
MR_MUST_USE mr_status mr_table_inherit(struct mr_table *table, struct mr_span engine,
                                       struct mr_err *err);

/* mr_table_upkeep: what may follow a commit, off its path: the version checksum of a commit of ours
 * that is old enough by now, and a log checkpoint when one is due. Nothing depends on it: a
 * failure may be counted and forgotten, the next call makes up for it. */
MR_MUST_USE mr_status mr_table_upkeep(struct mr_table *table, struct mr_err *err);

/* mr_table_checkpoint_due: whether the newest version is delta.checkpointInterval (10) commits past
 * the newest log checkpoint known, and it is on this process to write the next one.
 * mr_table_checkpoint_write: writes it for the snapshot's version, and `_last_checkpoint`, unless
 * another process was faster. Memory: 64 MiB beside the snapshot at most. */
bool mr_table_checkpoint_due(const struct mr_table *table);
MR_MUST_USE mr_status mr_table_checkpoint_write(struct mr_table *table, struct mr_err *err);

#endif

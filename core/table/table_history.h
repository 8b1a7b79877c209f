/* What is told about a table: its commits (DESCRIBE HISTORY) and what it is now (DESCRIBE DETAIL).
 *
 * A commit says in its commitInfo who made it and why; every field may be missing, also all of
 * them. Times are those of time travel (table_travel.h): what a history shows can be travelled to.
 * Source: SEMANTICS.md 5.1; PROTOCOL.md "Commit Provenance Information". */
#ifndef MR_CORE_TABLE_TABLE_HISTORY_H
#define MR_CORE_TABLE_TABLE_HISTORY_H

#include "core/table/table.h"

/* One commit. Texts that are missing have a null pointer; objects are JSON. */
struct mr_table_commit_entry {
    int64_t version;
    int64_t time_us;
    int64_t read_version; /* or MR_DELTA_NONE */
    bool has_blind_append;
    bool is_blind_append;
    struct mr_span user_id;
    struct mr_span user_name;
    struct mr_span operation;
    struct mr_span parameters; /* object */
    struct mr_span job;        /* object */
    struct mr_span notebook;   /* object */
    struct mr_span cluster_id;
    struct mr_span isolation_level;
    struct mr_span metrics; /* object */
    struct mr_span user_metadata;
    struct mr_span engine;
};

struct mr_table_history;

/* mr_table_history_open: of the commits up to the table's version that are still there. Waits for
 * I/O, as next does. The table outlives the history and is not refreshed meanwhile. */
MR_MUST_USE mr_status mr_table_history_open(struct mr_table *table,
                                            struct mr_table_history **out_history,
                                            struct mr_err *err);

/* mr_table_history_next: the newest that was not given yet; its texts lie in `arena`.
 * *out_has_entry false: no more. returns MR_E_CORRUPT for a commit that does not read */
MR_MUST_USE mr_status mr_table_history_next(struct mr_table_history *history,
                                            struct mr_arena *arena,
                                            struct mr_table_commit_entry *out_entry,
                                            bool *out_has_entry, struct mr_err *err);
void mr_table_history_close(struct mr_table_history *history); /* null is allowed */

struct mr_table_detail {
    struct mr_span id;
    struct mr_span name;        /* empty = none */
    struct mr_span description; /* empty = none */
    const char *location;
    int64_t created_us;  /* or MR_DELTA_NONE */
    int64_t modified_us; /* time of the newest commit; MR_DELTA_NONE when it is gone */
    const struct mr_span *partition_columns;
    uint32_t partition_count;
    const struct mr_span *clustering_columns; /* members of structs with dots */
    uint32_t clustering_count;
    uint64_t file_count;
    uint64_t bytes;
    const struct mr_delta_property *properties;
    uint32_t property_count;
    int32_t min_reader;
    int32_t min_writer;
    const struct mr_span *features; /* sorted; those that old versions stand for too */
    uint32_t feature_count;
};

/* mr_table_detail_read: of the table's snapshot; spans are its or lie in `arena`. */
MR_MUST_USE mr_status mr_table_detail_read(struct mr_table *table, struct mr_arena *arena,
                                           struct mr_table_detail *out_detail,
                                           struct mr_err *err);

#endif

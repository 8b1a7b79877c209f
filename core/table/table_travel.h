/* Time travel: a table as it was at a version, or at a moment.
 *
 * A table that is opened so stays there: it is never refreshed and takes no commits, so whoever
 * reads from it sees one state whatever others commit meanwhile. A version can be read as long as
 * its commit and those before it, or a log checkpoint at or before it, are there.
 *
 *   moment  --> the newest version whose commit is not after it --> snapshot of that version
 *
 * A moment before the first readable version, or after the newest commit, is an error, as in Spark:
 * an answer for a time that has not come would change later. Source: SEMANTICS.md 5.1. */
#ifndef MR_CORE_TABLE_TABLE_TRAVEL_H
#define MR_CORE_TABLE_TABLE_TRAVEL_H

#include "core/table/table.h"

typedef enum mr_table_when_kind {
    MR_TABLE_NEWEST,
    MR_TABLE_AT_VERSION,
    MR_TABLE_AT_TIME,
} mr_table_when_kind;

struct mr_table_when {
    mr_table_when_kind kind;
    int64_t version;
    int64_t time_us; /* since 1970, UTC */
};

/* mr_table_open_at: NEWEST is mr_table_open: such a table goes on with mr_table_refresh.
 * returns what mr_table_open does; MR_E_NOT_FOUND for a version (3121) or a moment (3122) that
 * cannot be read, with what can */
MR_MUST_USE mr_status mr_table_open_at(struct mr_io *io, struct mr_heap *heap, const char *path,
                                       const struct mr_table_when *when,
                                       struct mr_table **out_table, struct mr_err *err);

#endif

/* The change feed: which rows came and went between two versions.
 *
 *   open(from, to) --> next* (false: no more pieces) --> close
 *
 * For each version of the range, in order, pieces of which each is a file to read and what its rows
 * mean:
 *
 *   the commit has cdc actions    CHANGES: their files, whose column _change_type says which
 *   otherwise, an add             INSERT: the rows that it has
 *              a remove           DELETE: the rows that it had
 *              both of one path   the file is rewritten by its deletion vector alone: DELETE of the
 *                                 rows that only the new vector names, INSERT of those that only
 *                                 the old one named
 *
 * Actions without dataChange moved rows and changed none: they give nothing. Rows also get the
 * columns _commit_version and _commit_timestamp. The columns are those of the last version; a table
 * that was re-partitioned in between, or has other types that do not widen, cannot be read as one
 * feed. The feed must have been on (delta.enableChangeDataFeed) at every version of the range.
 * Source: PROTOCOL.md "Change Data Files", "Reader Requirements for AddCDCFile"; SEMANTICS.md 5.1;
 * Spark's CDCReader (behaviour). */
#ifndef MR_CORE_TABLE_TABLE_CHANGES_H
#define MR_CORE_TABLE_TABLE_CHANGES_H

#include "core/table/table_scan.h"
#include "core/table/table_travel.h"

struct mr_table_changes;

typedef enum mr_table_change {
    MR_TABLE_CHANGES, /* the file has a column _change_type */
    MR_TABLE_INSERT,
    MR_TABLE_DELETE,
} mr_table_change;

struct mr_table_piece {
    mr_table_change kind;
    int64_t version;
    int64_t time_us;           /* of the commit */
    struct mr_table_file file; /* `deleted`: rows that do not count */
    struct mr_delta_dv only;   /* storage 0 = all rows; else those of this vector, less `deleted` */
};

/* mr_table_changes_open: from AT_VERSION or AT_TIME, where the first commit at or after the moment
 * begins; `to` the same, where the last one at or before it ends; NEWEST, or what is after it, is
 * the newest version.
 * returns MR_E_NOT_FOUND (3121, 3122) for versions and moments that are not there, MR_E_INVALID
 * (3123) when `to` is before `from`, the feed was off, or its columns do not go together */
MR_MUST_USE mr_status mr_table_changes_open(struct mr_io *io, struct mr_heap *heap,
                                            const char *path, const struct mr_table_when *from,
                                            const struct mr_table_when *to,
                                            struct mr_table_changes **out_changes,
                                            struct mr_err *err);
void mr_table_changes_close(struct mr_table_changes *changes); /* null is allowed */

/* mr_table_changes_table: the table at the last version; its vectors are read with it.
 * mr_table_changes_layout: of its columns. Both live until close. */
const struct mr_table *mr_table_changes_table(const struct mr_table_changes *changes);
const struct mr_delta_layout *mr_table_changes_layout(const struct mr_table_changes *changes);

/* mr_table_changes_next: what *out_piece points to lies in `arena` or lives until the next call.
 * returns MR_E_INVALID (3123) with the version at which the feed was turned off, or the columns
 * changed too much */
MR_MUST_USE mr_status mr_table_changes_next(struct mr_table_changes *changes,
                                            struct mr_arena *arena,
                                            struct mr_table_piece *out_piece, bool *out_has_piece,
                                            struct mr_err *err);

#endif

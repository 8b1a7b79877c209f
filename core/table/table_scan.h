/* Scans: the files of a snapshot that a query has to read, one by one.
 *
 *   open --> next* (false: no more files) --> close
 *
 *   for each file: where it lies, its partition values, how many rows it has, which of them are
 *   deleted; and once for all of them: the schema to read files with (delta_layout.h)
 *
 * Files that cannot have a row for the predicate are passed over and counted (delta_skip.h). The
 * predicate stays a hint: rows of the others still have to be filtered. Nothing of a data file is
 * read here. The snapshot must stay as it is while the scan is open: a query scans a table that is
 * pinned (table_travel.h), or that nobody refreshes meanwhile. The order of files says nothing. */
#ifndef MR_CORE_TABLE_TABLE_SCAN_H
#define MR_CORE_TABLE_TABLE_SCAN_H

#include "core/format/delta/delta_dv.h"
#include "core/format/delta/delta_skip.h"
#include "core/table/table.h"

struct mr_table_scan;

struct mr_table_file {
    const char *path; /* to open: the table's folder is in it; zero-terminated */
    uint64_t bytes;
    int64_t modified_ms;
    int64_t rows;                  /* in the file, deleted ones too; -1 = not known */
    const struct mr_value *values; /* [layout->partition_count] */
    const struct mr_doc *stats;    /* null = none, or they did not parse */
    struct mr_delta_dv deleted;    /* storage 0 = no row is deleted */
    int64_t base_row_id;           /* or MR_DELTA_NONE */
    int64_t row_commit_version;    /* or MR_DELTA_NONE */
};

struct mr_table_scan_counts {
    uint64_t files; /* handed out */
    uint64_t bytes; /* of them */
    uint64_t skipped_files;
    uint64_t skipped_bytes;
};

/* mr_table_scan_open: `predicate` may be null; it is borrowed until close.
 * returns MR_E_CORRUPT, MR_E_UNSUPPORTED as mr_delta_layout_make; MR_E_NOMEM */
MR_MUST_USE mr_status mr_table_scan_open(const struct mr_table *table,
                                         const struct mr_predicate *predicate,
                                         struct mr_table_scan **out_scan, struct mr_err *err);
void mr_table_scan_close(struct mr_table_scan *scan); /* null is allowed */

/* mr_table_scan_layout: of the table's columns; valid until close. */
const struct mr_delta_layout *mr_table_scan_layout(const struct mr_table_scan *scan);

/* mr_table_scan_predicate: the predicate for columns in data files, by the files' names; valid
 * until close. */
const struct mr_predicate *mr_table_scan_predicate(const struct mr_table_scan *scan);

/* mr_table_scan_next: what *out_file points to lies in `arena`, but for the deletion vector's place
 * and the texts of statistics, which are the snapshot's. *out_has_file false: no more.
 * returns MR_E_CORRUPT for partition values that are none of their type, MR_E_UNSUPPORTED (3124)
 * for a file that lies elsewhere */
MR_MUST_USE mr_status mr_table_scan_next(struct mr_table_scan *scan, struct mr_arena *arena,
                                         struct mr_table_file *out_file, bool *out_has_file,
                                         struct mr_err *err);

struct mr_table_scan_counts mr_table_scan_counts(const struct mr_table_scan *scan);

/* mr_table_deleted: the rows that a deletion vector of the table names, over bytes in `arena`.
 * Waits for I/O. returns MR_E_CORRUPT (3120), MR_E_NOT_FOUND when its file is gone */
MR_MUST_USE mr_status mr_table_deleted(const struct mr_table *table, const struct mr_delta_dv *dv,
                                       struct mr_arena *arena, struct mr_delta_row_set *out_set,
                                       struct mr_err *err);

#endif

/* The prepared record: all that is needed to finish an epoch without its input.
 *
 * Written once, synced, between the last segment and the first commit. From then on the epoch is
 * finished exactly as it says and never run again. As JSON, one object:
 *
 *   epoch, appId, tableId    which epoch of which query, into which table
 *   batchTimestampMs         current_timestamp() of the epoch
 *   nextWatermarkMs          what commits/N will say
 *   schemaVersion            of the schema log the input was read under; -1 = fixed schema
 *   schema                   of the rows in the files (Delta's JSON), to be fitted into the table's
 *   source                   end offset of the source, as in offsets/N
 *   counts                   one number per line of counts.def, those that are not zero
 *   files                    [{path, partitionValues, size, modificationTime, rows, stats}, ...]
 *
 * Paths are relative to the table and not percent-encoded; partitionValues and stats are JSON text
 * as the add action takes it. Source: DESIGN.md 3. */
#ifndef MR_CORE_STREAM_PREPARED_H
#define MR_CORE_STREAM_PREPARED_H

#include "core/doc/doc.h"
#include "core/mem/text.h"

struct mr_counts {
#define MR_COUNT(name, help) uint64_t name;
#include "core/stream/counts.def"
#undef MR_COUNT
};

/* mr_counts_add: adds `more` to `counts`, member by member. */
void mr_counts_add(struct mr_counts *counts, const struct mr_counts *more);

/* mr_counts_unaccounted: records that came in and are neither staged nor counted as dropped.
 * returns 0 when every record is accounted for (R31); a negative number means doubled rows */
int64_t mr_counts_unaccounted(const struct mr_counts *counts);

struct mr_staged_file {
    struct mr_span path;
    struct mr_span partition_values; /* JSON object */
    uint64_t bytes;
    int64_t modified_ms;
    uint64_t rows;
    struct mr_span stats; /* JSON object; empty = none */
};

struct mr_prepared {
    int64_t epoch;
    struct mr_span app_id;
    struct mr_span table_id;
    int64_t batch_time_ms;
    int64_t next_watermark_ms;
    int64_t schema_version;
    struct mr_span schema; /* empty = whatever the table's is */
    struct mr_span source; /* JSON value; empty = none */
    struct mr_counts counts;
    const struct mr_staged_file *files; /* files[file_count] */
    uint32_t file_count;
};

/* mr_prepared_write: the record as JSON. The caller checks mr_text_end. */
void mr_prepared_write(const struct mr_prepared *prepared, struct mr_text *out);

/* mr_prepared_read: the reverse, into `arena`; spans may borrow `json`.
 * fails MR_E_CORRUPT with what is missing */
MR_MUST_USE mr_status mr_prepared_read(struct mr_arena *arena, struct mr_span json,
                                       struct mr_prepared *out_prepared, struct mr_err *err);

#endif

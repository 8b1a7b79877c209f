/* Statistics of a staged file, from the segment writer's bounds to the text of an add action. Made
 * on the shard as soon as the file is done, so that its writer can go. */
#ifndef MR_CORE_STREAM_FILE_STATS_H
#define MR_CORE_STREAM_FILE_STATS_H

#include "core/format/delta/delta_stats.h"
#include "core/format/parquet/pq_writer.h"

/* What they are made by; constant while workers run. */
struct mr_stats_plan {
    const struct mr_type *schema;      /* of the files */
    struct mr_delta_stats_rules rules; /* of the table */
};

/* mr_file_stats_write: struct mr_sink_config's hook; ctx is a struct mr_stats_plan. The JSON object
 * of a sealed writer's file, for the columns that the table's properties ask for.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_file_stats_write(void *ctx, const struct mr_pq_writer *writer,
                                          struct mr_arena *scratch, struct mr_text *out,
                                          struct mr_err *err);

#endif

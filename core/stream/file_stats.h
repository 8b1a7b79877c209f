/* Statistics of a staged file, from the segment writer's bounds to the text of an add action. */
#ifndef MR_CORE_STREAM_FILE_STATS_H
#define MR_CORE_STREAM_FILE_STATS_H

#include "core/format/delta/delta_snapshot.h"
#include "core/format/parquet/pq_writer.h"

/* mr_file_stats_write: the JSON object of a sealed writer's file, for the columns that the table's
 * properties ask for; `arena` is scratch. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_file_stats_write(const struct mr_pq_writer *writer,
                                          const struct mr_type *schema,
                                          const struct mr_delta_snapshot *table,
                                          struct mr_arena *arena, struct mr_text *out,
                                          struct mr_err *err);

#endif

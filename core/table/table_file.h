/* Inside of core/table: a file action as something to read. See table_scan.h. */
#ifndef MR_CORE_TABLE_TABLE_FILE_H
#define MR_CORE_TABLE_TABLE_FILE_H

#include "core/table/table_impl.h"
#include "core/table/table_scan.h"

/* table_file_path: where a file of the log lies, into `arena`.
 * returns MR_E_UNSUPPORTED (3124) when that is no local path */
mr_status table_file_path(const struct mr_table *table, struct mr_span uri, struct mr_arena *arena,
                          const char **out_path, struct mr_err *err);

/* table_file_make: what a reader needs of an add, remove or cdc action, into `arena`. */
mr_status table_file_make(const struct mr_table *table, const struct mr_delta_layout *layout,
                          const struct mr_delta_file *file, struct mr_arena *arena,
                          struct mr_table_file *out, struct mr_err *err);

#endif

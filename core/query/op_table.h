/* A Delta table as an operator: the rows of one snapshot.
 *
 *   files of the snapshot that may match ─▶ Parquet ─▶ deleted rows left out ─▶ table's columns
 *
 * Columns come by their place in files (column mapping), widened where a file is older than the
 * table, null where a file lacks them; partition columns are the log's. Files, row groups and pages
 * that cannot hold a row for the predicate are left out; rows of the others come as they are. A
 * scan that asks for no column of a file whose rows are known reads nothing of it. */
#ifndef MR_CORE_QUERY_OP_TABLE_H
#define MR_CORE_QUERY_OP_TABLE_H

#include "core/ops/operator.h"
#include "core/schema/predicate.h"
#include "core/table/table.h"

struct mr_op_table_spec {
    const struct mr_table *table; /* stays as it is until the operator's fini */
    const struct mr_type *schema; /* of the batches */
    const uint32_t *columns;      /* [schema->field_count] columns of the table's schema */
    const struct mr_predicate *predicate;
    int64_t rows_wanted; /* no more are needed; -1 = all */
};

MR_MUST_USE mr_status mr_op_table(struct mr_query_env *env, const struct mr_op_table_spec *spec,
                                  struct mr_operator **out_op, struct mr_err *err);

#endif

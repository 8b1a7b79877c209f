/* Layout: a table's columns as its files have them.
 *
 * A table's schema names columns and gives their types. In data files, statistics and partition
 * values a column may have another name, and an older file another type:
 *
 *   column mapping   none: the names are the same
 *                    name: the file's name is in the field's metadata, at every depth
 *                    id: the field's id is there too, and decides for what lies in Parquet
 *   type widening    the file's type is narrower and every value of it is one of the table's
 *   partition        the column is not in the file (or not looked at there): its value is the log's
 *   new column       the file lacks it: null
 *
 * The layout is made once a snapshot and gives who reads files what to look for: a schema whose
 * names are the file's, whose types are the table's, and whose members carry
 * {"parquet.field.id":n} where ids decide. Source: PROTOCOL.md "Column Mapping", "Type Widening",
 * "Partition Value Serialization"; DELTA.md 1.5. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_LAYOUT_H
#define MR_CORE_FORMAT_DELTA_DELTA_LAYOUT_H

#include "core/format/delta/delta_snapshot.h"
#include "core/schema/value.h"

typedef enum mr_delta_mapping {
    MR_DELTA_MAPPING_NONE,
    MR_DELTA_MAPPING_NAME,
    MR_DELTA_MAPPING_ID,
} mr_delta_mapping;

struct mr_delta_layout {
    mr_delta_mapping mapping;
    const struct mr_type *schema;   /* the table's; borrowed from the snapshot */
    const struct mr_type *physical; /* the same shape and types with the files' names; members have
                                     * an id as metadata in mode id, else none */
    const uint32_t *partitions;     /* [partition_count] positions of the partition columns */
    uint32_t partition_count;
};

/* mr_delta_layout_make: of a settled snapshot, into `arena`.
 * returns MR_E_CORRUPT (3102): a member has no physical name or id where it needs one, a partition
 * column is not in the schema; MR_E_UNSUPPORTED (3103): an unknown mapping mode */
MR_MUST_USE mr_status mr_delta_layout_make(struct mr_arena *arena,
                                           const struct mr_delta_snapshot *snapshot,
                                           struct mr_delta_layout *out_layout,
                                           struct mr_err *err);

/* mr_delta_layout_partition: which partition column a column of the schema is; -1 = none. */
int32_t mr_delta_layout_partition(const struct mr_delta_layout *layout, uint32_t column);

/* mr_delta_layout_wanted: those of the columns that lie in data files, in their order, as a reader
 * of files has to look for them. Null columns: all of the schema's.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_delta_layout_wanted(struct mr_arena *arena,
                                             const struct mr_delta_layout *layout,
                                             const uint32_t *columns, uint32_t column_count,
                                             const struct mr_type **out_wanted,
                                             struct mr_err *err);

/* mr_delta_partition_value: a partition value's text as a value of the column's type. The empty
 * text is null; timestamps without a zone are UTC.
 * returns MR_E_CORRUPT (3102) when it is none of the type */
MR_MUST_USE mr_status mr_delta_partition_value(struct mr_span text, const struct mr_type *type,
                                               struct mr_value *out_value, struct mr_err *err);

/* mr_delta_layout_values: the partition values of a file, [partition_count], from the JSON object
 * in its action; absent ones are null. Texts lie in `arena`. */
MR_MUST_USE mr_status mr_delta_layout_values(struct mr_arena *arena,
                                             const struct mr_delta_layout *layout,
                                             struct mr_span partition_values,
                                             struct mr_value *out_values, struct mr_err *err);

#endif

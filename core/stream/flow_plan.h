/* The plan of a flow: everything a worker needs to know, fixed for one read schema.
 *
 * Columns of a batch, in order: what the decoder gives (data columns in schema order, then
 * the rescued-data and corrupt-record columns where there are any), then the constants of a file:
 * partition columns from its path, then `_metadata` when the query uses it. The filter and the
 * projections are programs over that schema; their output columns are the table's.
 *
 * Made by the control thread when a flow starts and again when its read schema changes; immutable
 * in between, shared by all workers of the flow. */
#ifndef MR_CORE_STREAM_FLOW_PLAN_H
#define MR_CORE_STREAM_FLOW_PLAN_H

#include "core/expr/program.h"
#include "core/format/json/json_reader.h"
#include "core/format/parquet/pq_writer.h"
#include "core/ops/decoder.h"
#include "core/port/source.h"

/* Fields of a file that `_metadata` and partition columns are made of. */
typedef enum mr_constant_kind {
    MR_CONSTANT_PARTITION, /* part `part` of the path, cast to the column's type */
    MR_CONSTANT_METADATA,  /* the whole struct */
} mr_constant_kind;

struct mr_constant {
    mr_constant_kind kind;
    struct mr_span name; /* of the partition column */
    uint32_t column;     /* in scan_schema */
};

struct mr_flow_plan {
    const struct mr_type *read_schema; /* what the decoder gives */
    const bool *wanted;                /* of read_schema, see mr_decoder_want; null = all */
    const struct mr_type *scan_schema; /* read_schema and the constants */
    const struct mr_constant *constants;
    uint32_t constant_count;
    struct mr_format format;
    const struct mr_json_kernels *kernels;
    const struct mr_select_kernels *select;
    const struct mr_zone *zone;      /* session time zone; null = UTC */
    const struct mr_zone *read_zone; /* of text in the input that names none */
    bool wants_new_columns;          /* fields the schema lacks cut the epoch */
    bool wants_wider;                /* values that misfit cut the epoch */
    bool is_case_sensitive;
    struct mr_program *filter; /* null = no WHERE */
    struct mr_program *project;
    const struct mr_type *output_schema; /* of the flow: one member per projection */
    const struct mr_type *file_schema;   /* output_schema without the partition columns */
    const uint32_t *file_columns;
    const uint32_t *partition_columns;
    uint32_t partition_count;
    struct mr_pq_writer_options parquet; /* without codec and memory, which are a worker's */
    struct mr_codec_limits codec;
    uint64_t target_bytes;
    int64_t schema_version;     /* of the schema log; -1 = fixed */
    struct mr_flow_plan *older; /* the one this replaced, for its owner */
};

#endif

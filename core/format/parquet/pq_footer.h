/* The footer: everything that is written behind the last row group.
 *
 * While row groups are sealed, each column chunk leaves a record here and its two indexes, already
 * in their final form; at the end the column indexes, the offset indexes and the file metadata
 * follow each other. Source: parquet.thrift, FileMetaData and below; PageIndex.md. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_FOOTER_H
#define MR_CORE_FORMAT_PARQUET_PQ_FOOTER_H

#include "core/format/parquet/pq_column.h"
#include "core/format/parquet/thrift.h"

struct mr_pq_pair {
    struct mr_span key;
    struct mr_span value;
};

/* One column chunk: bytes of its part of the texts below, and its sizes. */
struct mr_pq_chunk {
    uint32_t meta_bytes;
    uint32_t column_index_bytes; /* 0 = none */
    uint32_t offset_index_bytes;
    uint64_t off;
    uint64_t stored_bytes;
    uint64_t raw_bytes;
};

struct mr_pq_group {
    uint64_t rows;
    uint32_t chunk_count;
};

struct mr_pq_footer {
    struct mr_text metas; /* ColumnMetaData of each chunk */
    struct mr_text column_indexes;
    struct mr_text offset_indexes;
    struct mr_pq_grow chunks; /* struct mr_pq_chunk */
    struct mr_pq_grow groups; /* struct mr_pq_group */
};

void mr_pq_footer_init(struct mr_pq_footer *footer, struct mr_heap *heap);
void mr_pq_footer_fini(struct mr_pq_footer *footer);

/* mr_pq_footer_chunk: notes a sealed column whose dictionary page goes to file offset `off`, the
 * data pages behind it. Columns come in schema order. */
MR_MUST_USE mr_status mr_pq_footer_chunk(struct mr_pq_footer *footer,
                                         const struct mr_pq_column *column, uint64_t off,
                                         struct mr_err *err);

/* mr_pq_footer_group: ends the row group whose chunks were noted. */
MR_MUST_USE mr_status mr_pq_footer_group(struct mr_pq_footer *footer, uint64_t rows,
                                         struct mr_err *err);

/* mr_pq_schema_write: field `id` of FileMetaData: list<SchemaElement> for a schema; in
 * pq_schema_write.c. Field ids are those of the members' metadata (delta.columnMapping.id or
 * parquet.field.id), where they have one. returns MR_E_CORRUPT when metadata is no JSON object. */
MR_MUST_USE mr_status mr_pq_schema_write(struct mr_thrift_out *out, int16_t id,
                                         const struct mr_type *schema, bool has_field_ids,
                                         struct mr_heap *heap, struct mr_err *err);

/* mr_pq_footer_write: adds indexes, file metadata and the final magic, which go to offset `off`. */
MR_MUST_USE mr_status mr_pq_footer_write(struct mr_pq_footer *footer, const struct mr_type *schema,
                                         uint32_t leaf_count, bool has_field_ids,
                                         const struct mr_pq_pair *pairs, uint32_t pair_count,
                                         uint64_t off, struct mr_text *text, struct mr_err *err);

#endif

/* A file's metadata as read: schema nodes, row groups, column chunks; page headers.
 *
 * Everything is checked against the file's bytes on the way in: offsets lie inside, counts are not
 * negative, the schema list is one tree of bounded depth. Nothing else about it is believed: what
 * pages hold is checked when they are read. Names are borrowed from the file's bytes. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_META_H
#define MR_CORE_FORMAT_PARQUET_PQ_META_H

#include "core/format/parquet/pq_format.h"
#include "core/mem/arena.h"

struct mr_pq_node {
    struct mr_span name;
    mr_pq_repetition repetition;
    bool is_leaf;
    uint32_t children; /* the first follows the node itself */
    uint32_t next;     /* index behind the node's whole subtree */
    uint32_t leaf;     /* index among the leaves in or behind this node */
    mr_pq_kind kind;   /* leaf */
    uint32_t fixed_bytes;
    int32_t converted; /* MR_PQ_CONVERTED_NONE */
    int32_t scale;
    int32_t precision;
    uint8_t logical; /* field id of the LogicalType union; 0 = none */
    uint8_t unit;    /* of a TIME or TIMESTAMP */
    bool is_utc;
    bool is_signed;    /* of an INTEGER */
    uint8_t bit_width; /* of an INTEGER */
};

struct mr_pq_column_meta {
    mr_pq_kind kind;
    mr_codec_id codec;
    int64_t codec_number;
    uint64_t entries;
    uint64_t off; /* of the first page; off + bytes lies in the file */
    uint64_t bytes;
};

struct mr_pq_group_meta {
    uint64_t rows;
    struct mr_pq_column_meta *columns; /* leaf_count of them */
};

struct mr_pq_meta {
    uint32_t node_count;
    struct mr_pq_node *nodes; /* nodes[0] is the root */
    uint32_t leaf_count;
    uint64_t rows;
    uint32_t group_count;
    struct mr_pq_group_meta *groups;
    struct mr_span created_by;
};

/* mr_pq_meta_read: the footer of a whole file in memory.
 * returns MR_E_CORRUPT, MR_E_UNSUPPORTED for encrypted files, MR_E_LIMIT when the schema nests
 * deeper than MR_TYPE_DEPTH_MAX, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_meta_read(struct mr_arena *arena, struct mr_span file,
                                      struct mr_pq_meta *out, struct mr_err *err);

struct mr_pq_page_header {
    mr_pq_page_type type;
    uint32_t raw_bytes;
    uint32_t stored_bytes;
    bool has_crc;
    uint32_t crc;
    uint32_t entries;
    int32_t encoding;
    int32_t def_encoding; /* v1 */
    int32_t rep_encoding;
    uint32_t def_bytes; /* v2 */
    uint32_t rep_bytes;
    bool is_compressed;
    uint32_t header_bytes;
};

/* mr_pq_page_header_read: the header at at[bytes]; the page behind it lies in there too. */
MR_MUST_USE mr_status mr_pq_page_header_read(const uint8_t *at, size_t bytes,
                                             struct mr_pq_page_header *out, struct mr_err *err);

#endif

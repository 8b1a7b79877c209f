/* A file's metadata as read: schema nodes, row groups, column chunks; page headers.
 *
 * Everything is checked against the file's bytes on the way in: offsets lie inside, counts are not
 * negative, the schema list is one tree of bounded depth. Nothing else about it is believed: what
 * pages hold is checked when they are read. Names and bounds are borrowed from the footer's bytes.
 * Once read, metadata is constant: any number of readers, also of other shards, may share it.
 *
 * The footer is found from the file's end: the caller reads the last MR_PQ_TAIL_GUESS bytes, asks
 * mr_pq_footer_place where the footer begins, and reads again when that lies before what it has. */
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
    int32_t field_id;  /* -1 = none */
    uint8_t order;     /* leaf: of its bounds, field id of the ColumnOrder union; 0 = not said */
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

enum { MR_PQ_ORDER_TYPE = 1, MR_PQ_ORDER_IEEE = 2 }; /* ColumnOrder union */

/* What the footer says of the values of a chunk. Bounds are PLAIN without a length, and as
 * trustworthy as their writer: pq_prune.h decides which may be used. */
struct mr_pq_summary {
    struct mr_span min; /* null text = none */
    struct mr_span max;
    int64_t null_count; /* -1 = not said */
    int64_t nan_count;  /* -1 = not said */
    bool is_deprecated; /* the bounds are the old fields, of signed order whatever the type */
};

struct mr_pq_place {
    uint64_t off; /* off + bytes lies in the file */
    uint32_t bytes; /* 0 = there is none */
};

struct mr_pq_column_meta {
    mr_pq_kind kind;
    mr_codec_id codec;
    int32_t codec_number;
    uint64_t entries;
    uint64_t off; /* of the first page; off + bytes lies in the file */
    uint64_t bytes;
    struct mr_pq_summary summary;
    struct mr_pq_place column_index;
    struct mr_pq_place offset_index;
    uint64_t bloom_off; /* 0 = none */
    uint32_t bloom_bytes; /* 0 = not said */
};

struct mr_pq_group_meta {
    uint64_t first_row; /* in the file */
    uint64_t rows;
    uint64_t bytes; /* decompressed, as the writer says */
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

enum { MR_PQ_TAIL_GUESS = 64 << 10 }; /* bytes from the end that hold most footers */

/* mr_pq_footer_place: where the file metadata of a file of `file_bytes` lies, by its last bytes.
 * tail     the end of the file, at least min(file_bytes, 12) bytes of it
 * returns  MR_E_CORRUPT when this is no whole Parquet file, MR_E_UNSUPPORTED when the footer is
 *          encrypted */
MR_MUST_USE mr_status mr_pq_footer_place(struct mr_span tail, uint64_t file_bytes,
                                         struct mr_pq_place *out, struct mr_err *err);

/* mr_pq_footer_read: the metadata from the bytes of that place, which are borrowed by `out`.
 * footer_off  where they begin in the file: everything else lies before
 * returns     MR_E_CORRUPT, MR_E_UNSUPPORTED for encrypted files, MR_E_LIMIT when the schema nests
 *             deeper than MR_TYPE_DEPTH_MAX, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_footer_read(struct mr_arena *arena, struct mr_span footer,
                                        uint64_t footer_off, struct mr_pq_meta *out,
                                        struct mr_err *err);

/* mr_pq_meta_read: both, for a whole file in memory. */
MR_MUST_USE mr_status mr_pq_meta_read(struct mr_arena *arena, struct mr_span file,
                                      struct mr_pq_meta *out, struct mr_err *err);

#endif

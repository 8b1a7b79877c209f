/* A file's schema as types, with what is needed to put leaves back together.
 *
 * The nodes of the file become a tree of logical types: annotated lists and maps lose their middle
 * nodes, older two-level lists and bare repeated fields become arrays too, as parquet-format's
 * LogicalTypes.md has it under "Backward-compatibility rules". A projection keeps what lies on its
 * paths. Leaves that have no type here (nanosecond times, intervals, ...) are an error only when
 * they are kept. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_TREE_H
#define MR_CORE_FORMAT_PARQUET_PQ_TREE_H

#include "core/format/parquet/pq_meta.h"
#include "core/schema/type.h"

/* How a leaf's physical values become values of a column. */
typedef enum mr_pq_convert {
    MR_PQ_TO_BITS, /* BOOLEAN */
    MR_PQ_TO_I8,   /* INT32, narrowed; so is _I16 */
    MR_PQ_TO_I16,
    MR_PQ_TO_SAME,        /* INT32, INT64, FLOAT, DOUBLE as they are */
    MR_PQ_TO_I64,         /* INT32, sign-extended (decimals) */
    MR_PQ_TO_U32_I64,     /* INT32, zero-extended */
    MR_PQ_TO_U64_I128,    /* INT64, zero-extended to decimal(20, 0) */
    MR_PQ_TO_I128,        /* INT32 or INT64, sign-extended (decimals above 18 digits) */
    MR_PQ_TO_MICROS_1000, /* INT64 milliseconds, times 1,000 */
    MR_PQ_TO_MICROS_NANO, /* INT64 nanoseconds, divided by 1,000 rounding down */
    MR_PQ_TO_MICROS_96,   /* INT96 */
    MR_PQ_TO_BIG_ENDIAN,  /* decimal in FIXED or BYTES */
    MR_PQ_TO_TEXT,        /* BYTES or FIXED to string or binary */
} mr_pq_convert;

struct mr_pq_branch {
    const struct mr_type *type;
    uint8_t def;                   /* a value with this level or more is not null here */
    uint8_t slot_def;              /* an entry with this level or more has a place here */
    uint8_t rep;                   /* an entry with this level or less begins a place here */
    uint32_t leaf;                 /* first kept leaf at or below, index among the file's leaves */
    struct mr_pq_branch *children; /* type->field_count */
};

struct mr_pq_reading_leaf {
    bool is_kept;
    mr_pq_kind kind;
    uint32_t fixed_bytes;
    uint8_t max_def;
    uint8_t max_rep;
    mr_pq_convert convert;
    const struct mr_type *type;
    struct mr_span name;
};

struct mr_pq_projection {
    const struct mr_span *names; /* of struct members from the top; what is below comes along */
    uint32_t count;
};

struct mr_pq_tree {
    struct mr_pq_branch root;          /* type: the struct of kept columns */
    struct mr_pq_reading_leaf *leaves; /* one per leaf of the file */
};

/* mr_pq_tree_make: the kept part of a file's schema; all of it when `paths` is null. Paths that the
 * file has not are left out.
 * returns MR_E_UNSUPPORTED naming a kept column of an unknown type, MR_E_CORRUPT, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_tree_make(struct mr_arena *arena, const struct mr_pq_meta *meta,
                                      const struct mr_pq_projection *paths, uint32_t path_count,
                                      struct mr_pq_tree *out, struct mr_err *err);

#endif

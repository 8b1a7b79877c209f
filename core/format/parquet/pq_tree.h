/* A file's schema as types, with what is needed to put leaves back together.
 *
 * The nodes of the file become a tree of logical types: annotated lists and maps lose their middle
 * nodes, older two-level lists and bare repeated fields become arrays too, as parquet-format's
 * LogicalTypes.md has it under "Backward-compatibility rules". A projection keeps what lies on its
 * paths. Leaves that have no type here (times of day, intervals, ...) are an error only when they
 * are kept.
 *
 * A table's files were written under its schema of their time. Read as a wanted schema, members are
 * found by name or field id at every level, those that a file has not are null, and values are
 * widened: integers to wider ones, to double and to decimals, float to double, decimals to more
 * digits, dates to timestamps without zone (Delta's type widening), texts to binary and back. A
 * struct of which nothing wanted is in the file still says where it is null: by the levels of one
 * of its leaves, whose values nobody reads. */
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
    MR_PQ_TO_HALF,        /* FIXED of two bytes, a half float, to float */
    MR_PQ_TO_TEXT,        /* BYTES or FIXED to string or binary */
    MR_PQ_TO_UUID,        /* FIXED of 16 bytes to its text */
} mr_pq_convert;

/* How values of the file's type become such of the wanted one, behind the conversion above. */
typedef enum mr_pq_widen {
    MR_PQ_WIDEN_NONE,
    MR_PQ_WIDEN_INT,     /* to an integer of more bytes */
    MR_PQ_WIDEN_DOUBLE,  /* integer to double */
    MR_PQ_WIDEN_FLOAT,   /* float to double */
    MR_PQ_WIDEN_DECIMAL, /* integer or decimal, times 10^scale_up */
    MR_PQ_WIDEN_DAYS,    /* date to microseconds */
} mr_pq_widen;

struct mr_pq_branch {
    const struct mr_type *type;
    uint8_t def;                   /* a value with this level or more is not null here */
    uint8_t slot_def;              /* an entry with this level or more has a place here */
    uint8_t rep;                   /* an entry with this level or less begins a place here */
    uint32_t leaf;    /* first kept leaf at or below, index among the file's leaves */
    bool is_missing;  /* the file has it not: all null */
    struct mr_pq_branch *children; /* type->field_count */
};

struct mr_pq_reading_leaf {
    bool is_kept;
    bool is_levels_only; /* kept to tell where a struct is null */
    mr_pq_kind kind;
    uint32_t fixed_bytes;
    uint8_t max_def;
    uint8_t max_rep;
    mr_pq_convert convert;
    mr_pq_widen widen;
    uint8_t scale_up;
    uint8_t text_slot;               /* texts: the batch's buffer for the dictionary, 0 = none */
    const struct mr_type *file_type; /* of values when converted */
    const struct mr_type *type;      /* ... and widened */
    uint32_t node;
    struct mr_span name;
};

/* What is wanted of a file. */
struct mr_pq_wanted {
    const struct mr_type *schema; /* borrowed: it becomes the reader's */
    bool by_field_id;             /* members with an id in their metadata are found by that alone */
    bool is_case_sensitive;
};

struct mr_pq_projection {
    const struct mr_span *names; /* of struct members from the top; what is below comes along */
    uint32_t count;
};

struct mr_pq_tree {
    struct mr_pq_branch root;          /* type: the struct of kept columns */
    struct mr_pq_reading_leaf *leaves; /* one per leaf of the file */
    uint32_t text_slots;               /* highest text_slot */
};

/* mr_pq_tree_make: the kept part of a file's schema; all of it when `paths` is null. Paths that the
 * file has not are left out.
 * returns MR_E_UNSUPPORTED naming a kept column of an unknown type, MR_E_CORRUPT, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_tree_make(struct mr_arena *arena, const struct mr_pq_meta *meta,
                                      const struct mr_pq_projection *paths, uint32_t path_count,
                                      struct mr_pq_tree *out, struct mr_err *err);

/* mr_pq_tree_make_as: the file read as the wanted schema.
 * returns MR_E_SCHEMA naming a column whose type in the file does not widen to the wanted one, and
 * what mr_pq_tree_make returns */
MR_MUST_USE mr_status mr_pq_tree_make_as(struct mr_arena *arena, const struct mr_pq_meta *meta,
                                         const struct mr_pq_wanted *wanted, struct mr_pq_tree *out,
                                         struct mr_err *err);

/* mr_pq_leaf_type: kind, conversion and type of a leaf by its node; in pq_leaf_type.c.
 * mr_pq_leaf_widen: its way to another type; false when there is none. */
MR_MUST_USE mr_status mr_pq_leaf_type(struct mr_arena *arena, const struct mr_pq_node *node,
                                      struct mr_pq_reading_leaf *leaf, struct mr_err *err);
bool mr_pq_leaf_widen(const struct mr_pq_node *node, const struct mr_type *wanted,
                      struct mr_pq_reading_leaf *leaf);

#endif

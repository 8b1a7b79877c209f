/* A schema seen as Parquet's leaves.
 *
 * Parquet stores leaves only; everything above them is levels. This list has, for each leaf in
 * schema order, its path (with the `list`/`element` and `key_value` nodes the format puts in), its
 * physical type and its highest levels. Void columns are in a table's schema and never in its
 * files: they have no leaf; an array, map or struct of nothing but void cannot be written at all.
 *
 * The columns of Delta's statistics are a second list: struct members are walked into, while an
 * array or a map counts as one column of its own, with a null count and no bounds.
 *
 * Both are made once per writer in an arena and never change. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_LEAVES_H
#define MR_CORE_FORMAT_PARQUET_PQ_LEAVES_H

#include "core/format/parquet/pq_format.h"
#include "core/schema/type.h"

struct mr_pq_leaf {
    const struct mr_type *type; /* never nested, never void */
    mr_pq_kind kind;
    uint32_t fixed_bytes; /* MR_PQ_FIXED: bytes of a value, at most 16 */
    uint8_t max_def;
    uint8_t max_rep;
    uint32_t path_count;
    const struct mr_span *path; /* from the root's member down to the leaf */
};

struct mr_pq_stat_column {
    const struct mr_type *type;
    uint32_t leaf; /* index of the leaf; UINT32_MAX for void, array and map */
    uint32_t path_count;
    const struct mr_span *path; /* names of the schema's members only */
};

struct mr_pq_leaves {
    uint32_t count;
    struct mr_pq_leaf *at;
    uint32_t stat_count;
    struct mr_pq_stat_column *stats;
};

/* mr_pq_leaves_init: the leaves of a schema (a struct type, borrowed).
 * returns MR_E_UNSUPPORTED naming a column that cannot be stored, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_leaves_init(struct mr_pq_leaves *leaves, struct mr_arena *arena,
                                        const struct mr_type *schema, struct mr_err *err);

/* mr_pq_is_stored: whether a column of this type has leaves (no void, not only void inside). */
bool mr_pq_is_stored(const struct mr_type *type);

/* mr_pq_kind_of: physical type of a leaf type; *out_fixed_bytes for MR_PQ_FIXED, else 0. */
mr_pq_kind mr_pq_kind_of(const struct mr_type *type, uint32_t *out_fixed_bytes);

/* mr_pq_path_text: "a.b.element" into out[room], cut where it does not fit; returns out. */
const char *mr_pq_path_text(const struct mr_span *path, uint32_t count, char *out, size_t room);

#endif

/* Shredding: a column of a batch into levels and rows of its leaves (Melnik et al., "Dremel").
 *
 * A path is the set of entries that a node of the schema has in this batch. It starts with one
 * entry per selected row and changes on the way down: an optional node ends the entries that are
 * null in it, a repeated node turns each entry into as many as it has elements. Whole arrays are
 * processed per node, never a row at a time through the tree, and what is not there is not stored:
 * a path without a selection, nulls or lists needs no array at all and costs nothing (`rows`,
 * `def`, `rep` are null), which is the common case.
 *
 * Everything lies in the caller's arena until it is reset. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_SHRED_H
#define MR_CORE_FORMAT_PARQUET_PQ_SHRED_H

#include "core/batch/batch.h"

struct mr_encode_kernels;

struct mr_pq_path {
    uint32_t count;       /* entries */
    uint32_t live;        /* entries that did not end above */
    const uint32_t *rows; /* [count] row in the vector, MR_LEVEL_ENDED; null: entry i is row i */
    const uint8_t *def;   /* [count] level of the ended entries; null when none has ended */
    const uint8_t *rep;   /* [count]; null: all 0, every entry begins a row */
};

/* What a leaf writer gets. */
struct mr_pq_shred {
    const struct mr_vec *vec;
    uint32_t count;       /* entries = levels */
    uint32_t live;        /* values */
    const uint32_t *rows; /* [live] rows of the values, ascending; null: rows 0 to live - 1 */
    const uint8_t *def;   /* [count]; null: all at the leaf's maximum */
    const uint8_t *rep;   /* [count]; null: all 0 */
};

struct mr_pq_shredder {
    struct mr_arena *arena;
    const struct mr_encode_kernels *kernels;
    /* Called for each leaf and, with vec of an array or map, for each column of Delta's statistics
     * that has no leaf of its own: null_count is the number of rows where it or an ancestor is
     * null. */
    mr_status (*on_leaf)(void *ctx, uint32_t leaf, const struct mr_pq_shred *shred,
                         struct mr_err *err);
    void (*on_stat)(void *ctx, uint32_t stat, uint32_t null_count);
    void *ctx;
    uint32_t leaf; /* next leaf, counted in schema order */
    uint32_t stat; /* next statistics column */
};

/* mr_pq_shred_column: walks one member of the schema; `root` holds the selected rows. Leaves and
 * statistics columns are counted on from call to call, in schema order.
 * returns MR_E_SCHEMA naming a column that is null where its type says it cannot be, MR_E_NOMEM, or
 * what a callback returned */
MR_MUST_USE mr_status mr_pq_shred_column(struct mr_pq_shredder *shredder,
                                         const struct mr_field *field, const struct mr_vec *vec,
                                         const struct mr_pq_path *root, struct mr_err *err);

#endif

/* Row stores: the rows that an operator keeps.
 *
 * A batch is gone with the next call on the operator that gave it, so who needs rows longer copies
 * them in here: groups of an aggregate, the build side of a join, everything of a sort. Rows lie in
 * chunks of column vectors and are numbered from 0 in the order in which they came; a number never
 * changes. All memory is one arena over the query's heap, given up at once. A store may be moved.
 *
 *   append(batch's selected rows) ─▶ row numbers ─▶ gather(numbers) ─▶ columns of a batch
 *
 * Comparisons work on the vectors where they lie: mr_row_store_vec. A store is limited to 2^32 - 2
 * rows. */
#ifndef MR_CORE_OPS_ROW_STORE_H
#define MR_CORE_OPS_ROW_STORE_H

#include "core/batch/column.h"

enum { MR_STORE_CHUNK_BITS = 10, MR_STORE_CHUNK_ROWS = 1 << MR_STORE_CHUNK_BITS };

#define MR_STORE_ROWS_MAX (UINT32_MAX - 1)
#define MR_STORE_NO_ROW UINT32_MAX

struct mr_store_column {
    const struct mr_type *type;
    struct mr_vec *vecs; /* one per chunk */
    uint32_t null_count;
};

struct mr_row_store {
    struct mr_arena arena;
    struct mr_heap *heap;
    struct mr_store_column *columns;
    uint32_t column_count;
    uint32_t rows;
    uint32_t chunk_count;
    uint32_t chunk_capacity; /* of columns[].vecs */
    struct mr_text_area text;
};

/* mr_row_store_init: for rows of these types, which are borrowed. fini: as before init, cleared to
 * zero, is fine. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_row_store_init(struct mr_row_store *store, struct mr_heap *heap,
                                        const struct mr_type *const *types, uint32_t count,
                                        struct mr_err *err);
void mr_row_store_fini(struct mr_row_store *store);

/* mr_row_store_append: rows at[count] (null pointer = 0 .. count - 1) of cols[column_count]; the
 * first gets number store->rows. After a failure the store may only be given up.
 * returns MR_E_NOMEM, MR_E_LIMIT 1310 */
MR_MUST_USE mr_status mr_row_store_append(struct mr_row_store *store, const struct mr_vec *cols,
                                          const uint32_t *at, uint32_t count, struct mr_err *err);

/* mr_row_store_copy: rows of another store of the same types, behind those that are there. */
MR_MUST_USE mr_status mr_row_store_copy(struct mr_row_store *store,
                                        const struct mr_row_store *from, const uint32_t *rows,
                                        uint32_t count, struct mr_err *err);

/* mr_row_store_vec: the vector that holds a row's value, and its row there. */
static inline const struct mr_vec *mr_row_store_vec(const struct mr_row_store *store,
                                                    uint32_t column, uint32_t row,
                                                    uint32_t *out_at)
{
    MR_DCHECK(row < store->rows);
    *out_at = row & (MR_STORE_CHUNK_ROWS - 1);
    return &store->columns[column].vecs[row >> MR_STORE_CHUNK_BITS];
}

/* mr_row_store_gather: appends column `column` of rows ids[count] to `out`, a column of its type
 * with room; MR_STORE_NO_ROW gives null. */
MR_MUST_USE mr_status mr_row_store_gather(const struct mr_row_store *store, uint32_t column,
                                          const uint32_t *ids, uint32_t count, struct mr_vec *out,
                                          struct mr_text_area *area, struct mr_err *err);

/* mr_row_store_bytes: memory held now. */
size_t mr_row_store_bytes(const struct mr_row_store *store);

#endif

/* Row indexes: from a key to the row of a store that has it.
 *
 * The first columns of a row store are the key; two nulls are the same key, and so are two NaNs and
 * the zeros of both signs. The index is a table of open addressing whose slots hold 32 bits of the
 * hash and the row's number: one look at one cache line finds a candidate or says that there is
 * none, growing needs nothing but the slots, and the keys are compared a column at a time for all
 * candidates of a batch.
 *
 *   add    rows whose key is new become rows of the store          groups, DISTINCT
 *   find   nothing is added                                         joins, INTERSECT, EXCEPT
 *   link   rows that are in the store already; those of one key are chained        build of a join
 *
 * Rows of a batch come as vectors with row numbers at[count] (null pointer = 0 .. count - 1) and
 * hashes[count] of their keys (mr_row_index_hash). Source: TECHNIQUES 5. */
#ifndef MR_CORE_OPS_ROW_STORE_INDEX_H
#define MR_CORE_OPS_ROW_STORE_INDEX_H

#include "core/ops/row_store.h"

struct mr_row_index {
    struct mr_row_store *store;
    struct mr_heap *heap;
    uint64_t seed;
    uint32_t key_count;
    uint32_t used;      /* slots that are taken */
    uint64_t *slots;    /* high half: of the hash; low half: row + 1; 0 = free */
    size_t slot_count;  /* a power of two */
    uint32_t *scratch;  /* 4 lists of scratch_rows */
    uint32_t scratch_rows;
};

/* mr_row_index_init: over the store's first key_count columns. fini: cleared to zero is fine. */
void mr_row_index_init(struct mr_row_index *index, struct mr_heap *heap,
                       struct mr_row_store *store, uint32_t key_count, uint64_t seed);
void mr_row_index_fini(struct mr_row_index *index);

/* mr_row_index_hash: of the keys cols[key_count]. */
void mr_row_index_hash(const struct mr_row_index *index, const struct mr_vec *cols,
                       const uint32_t *at, uint32_t count, uint64_t *out_hashes);

/* mr_row_index_add: out_ids[i] is the row of the store with the key of the i-th row, which may be
 * new; cols are all columns of the store. out_new[out_new_count] lists those i that made a row, in
 * the order in which they did. Both have room for `count`. returns MR_E_NOMEM, MR_E_LIMIT 1310 */
MR_MUST_USE mr_status mr_row_index_add(struct mr_row_index *index, const struct mr_vec *cols,
                                       const uint32_t *at, uint32_t count, const uint64_t *hashes,
                                       uint32_t *out_ids, uint32_t *out_new,
                                       uint32_t *out_new_count, struct mr_err *err);

/* mr_row_index_find: MR_STORE_NO_ROW where there is none. */
MR_MUST_USE mr_status mr_row_index_find(struct mr_row_index *index, const struct mr_vec *cols,
                                        const uint32_t *at, uint32_t count,
                                        const uint64_t *hashes, uint32_t *out_ids,
                                        struct mr_err *err);

/* mr_row_index_link: the i-th row is row first + i of the store. find gives the first row of a key,
 * next[row] the following ones, MR_STORE_NO_ROW ends them; next[] has room for all rows. */
MR_MUST_USE mr_status mr_row_index_link(struct mr_row_index *index, const struct mr_vec *cols,
                                        const uint32_t *at, uint32_t count,
                                        const uint64_t *hashes, uint32_t first, uint32_t *next,
                                        struct mr_err *err);

/* mr_row_index_bytes: memory held now, without the store. */
size_t mr_row_index_bytes(const struct mr_row_index *index);

#endif

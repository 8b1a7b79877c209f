#include "core/ops/row_store_index.h"

#include "core/base/checked.h"
#include "core/expr/order.h"

enum {
    SLOTS_MIN = 64,
    SLOTS_PER_ROW_10 = 17,          /* grow above 10 rows for 17 slots */
    PREFETCH_ABOVE_BYTES = 1 << 18, /* smaller tables stay in the cache */
    PREFETCH_AHEAD = 16,
};

/* One batch on its way through the index. */
struct lookup {
    struct mr_row_index *index;
    const struct mr_vec *cols;
    const uint32_t *at;
    const uint64_t *hashes;
    uint32_t *ids;     /* [count] out */
    uint32_t *pending; /* positions in the batch still without an answer */
    uint32_t *slots;   /* [count] where the position goes on looking */
    uint32_t *wanted;  /* candidates: position */
    uint32_t *found;   /* candidates: row of the store */
    uint32_t pending_count, candidate_count;
    bool has_grown; /* in this pass: slots[] are those of the smaller table */
    bool restarts;  /* in the pass before: all look from the start again */
    bool adds, links;
    uint32_t first;       /* links: the row of position 0 */
    uint32_t *new_rows;   /* adds: positions that made a row */
    uint32_t new_count, new_done;
};

static mr_status index_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for an index of rows");
}

void mr_row_index_init(struct mr_row_index *index, struct mr_heap *heap,
                       struct mr_row_store *store, uint32_t key_count, uint64_t seed)
{
    *index = (struct mr_row_index){.store = store, .heap = heap, .key_count = key_count,
                                   .seed = seed};
}

void mr_row_index_fini(struct mr_row_index *index)
{
    if (index->heap == NULL) return;
    mr_heap_give(index->heap, index->slots, index->slot_count * sizeof *index->slots);
    mr_heap_give(index->heap, index->scratch, 4 * sizeof(uint32_t) * (size_t)index->scratch_rows);
    *index = (struct mr_row_index){0};
}

size_t mr_row_index_bytes(const struct mr_row_index *index)
{
    return index->slot_count * sizeof *index->slots +
           4 * sizeof(uint32_t) * (size_t)index->scratch_rows;
}

void mr_row_index_hash(const struct mr_row_index *index, const struct mr_vec *cols,
                       const uint32_t *at, uint32_t count, uint64_t *out_hashes)
{
    for (uint32_t i = 0; i < count; i++) out_hashes[i] = index->seed;
    for (uint32_t k = 0; k < index->key_count; k++) mr_hash_rows(&cols[k], at, count, out_hashes);
}

static mr_status index_grow(struct mr_row_index *index, struct mr_err *err)
{
    size_t count = MR_MAX(index->slot_count * 2, (size_t)SLOTS_MIN), mask = count - 1;
    if (count > (size_t)UINT32_MAX + 1) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "more keys than an index holds");
    }
    uint64_t *slots = mr_heap_zeroed(index->heap, count * sizeof *slots);
    if (slots == NULL) return index_nomem(err);
    for (size_t i = 0; i < index->slot_count; i++) {
        if (index->slots[i] == 0) continue;
        size_t to = (index->slots[i] >> 32) & mask;
        while (slots[to] != 0) to = (to + 1) & mask;
        slots[to] = index->slots[i];
    }
    mr_heap_give(index->heap, index->slots, index->slot_count * sizeof *slots);
    index->slots = slots;
    index->slot_count = count;
    return MR_OK;
}

/* scratch_for: the lists of a lookup. */
static mr_status scratch_for(struct lookup *lookup, uint32_t count, struct mr_err *err)
{
    struct mr_row_index *index = lookup->index;
    if (count > index->scratch_rows) {
        uint32_t *lists = mr_heap_take(index->heap, 4 * sizeof *lists * (size_t)count);
        if (lists == NULL) return index_nomem(err);
        mr_heap_give(index->heap, index->scratch,
                     4 * sizeof *lists * (size_t)index->scratch_rows);
        index->scratch = lists;
        index->scratch_rows = count;
    }
    lookup->pending = index->scratch;
    lookup->slots = index->scratch + index->scratch_rows;
    lookup->wanted = lookup->slots + index->scratch_rows;
    lookup->found = lookup->wanted + index->scratch_rows;
    lookup->pending_count = count;
    return MR_OK;
}

static inline uint32_t home_of(const struct lookup *lookup, uint32_t position)
{
    return (uint32_t)((lookup->hashes[position] >> 32) & (lookup->index->slot_count - 1));
}

/* take_slot: the position's row goes into the free slot where its search ended. */
static mr_status take_slot(struct lookup *lookup, uint32_t position, size_t slot,
                           struct mr_err *err)
{
    struct mr_row_index *index = lookup->index;
    uint64_t tag = lookup->hashes[position] >> 32 << 32;
    if (((size_t)index->used + 1) * SLOTS_PER_ROW_10 > index->slot_count * 10) {
        MR_TRY(index_grow(index, err));
        lookup->has_grown = true;
        slot = home_of(lookup, position);
        while (index->slots[slot] != 0) slot = (slot + 1) & (index->slot_count - 1);
    }
    uint32_t row = lookup->first + position;
    if (lookup->adds) {
        row = index->store->rows + (lookup->new_count - lookup->new_done);
        lookup->new_rows[lookup->new_count++] = position;
    }
    index->slots[slot] = tag | (row + 1);
    index->used++;
    lookup->ids[position] = row;
    return MR_OK;
}

/* prefetch_key: the stored value that a candidate is compared with first. */
static inline void prefetch_key(const struct mr_row_index *index, uint32_t row)
{
    const struct mr_store_column *column = &index->store->columns[0];
    if (index->key_count == 0 || row >= index->store->rows) return;
    const struct mr_vec *vec = &column->vecs[row >> MR_STORE_CHUNK_BITS];
    size_t width = mr_type_width(column->type);
    __builtin_prefetch((const char *)vec->values + (row & (MR_STORE_CHUNK_ROWS - 1)) * width);
}

/* search: each pending position finds a free slot, or a candidate with its bits of the hash. */
static mr_status search(struct lookup *lookup, struct mr_err *err)
{
    struct mr_row_index *index = lookup->index;
    bool is_large = index->slot_count * sizeof *index->slots > PREFETCH_ABOVE_BYTES;
    lookup->candidate_count = 0;
    for (uint32_t i = 0; i < lookup->pending_count; i++) {
        uint32_t position = lookup->pending[i];
        if (is_large && i + PREFETCH_AHEAD < lookup->pending_count) {
            uint32_t ahead = lookup->pending[i + PREFETCH_AHEAD];
            __builtin_prefetch(&index->slots[home_of(lookup, ahead)]);
        }
        uint32_t tag = (uint32_t)(lookup->hashes[position] >> 32);
        size_t slot = lookup->slots[position];
        if (lookup->has_grown || lookup->restarts) slot = home_of(lookup, position);
        while (index->slots[slot] != 0 && (uint32_t)(index->slots[slot] >> 32) != tag) {
            slot = (slot + 1) & (index->slot_count - 1);
        }
        if (index->slots[slot] != 0) {
            lookup->slots[position] = (uint32_t)slot;
            lookup->wanted[lookup->candidate_count] = position;
            lookup->found[lookup->candidate_count++] = (uint32_t)index->slots[slot] - 1;
            if (is_large) prefetch_key(index, (uint32_t)index->slots[slot] - 1);
        } else if (lookup->adds || lookup->links) {
            MR_TRY(take_slot(lookup, position, slot, err));
        } else {
            lookup->ids[position] = MR_STORE_NO_ROW;
        }
    }
    return MR_OK;
}

/* SAME_EACH: candidates whose values are the same stay candidates; `a` is the batch's value, `b`
 * the store's. The others are pending again, one slot further. */
#define SAME_EACH(type_, same_)                                                                    \
    do {                                                                                           \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            uint32_t p = lookup->wanted[i], row = lookup->found[i];                                \
            uint32_t r = lookup->at == NULL ? p : lookup->at[p];                                   \
            uint32_t at = row & (MR_STORE_CHUNK_ROWS - 1);                                         \
            const struct mr_vec *vec = &column->vecs[row >> MR_STORE_CHUNK_BITS];                  \
            bool is_same;                                                                          \
            if (has_nulls && (mr_vec_is_null(col, r) || !mr_bit_get(vec->validity, at))) {         \
                is_same = mr_vec_is_null(col, r) && !mr_bit_get(vec->validity, at);                \
            } else {                                                                               \
                type_ a = ((const type_ *)col->values)[r], b = ((const type_ *)vec->values)[at];   \
                is_same = (same_);                                                                 \
            }                                                                                      \
            lookup->wanted[kept] = p;                                                              \
            lookup->found[kept] = row;                                                             \
            kept += is_same;                                                                       \
            if (!is_same) lookup->pending[lookup->pending_count++] = p;                            \
        }                                                                                          \
    } while (0)

/* same_text: two short texts are their views' two words; others are looked at where the first word,
 * length and first bytes, is the same. */
static uint32_t same_text(struct lookup *lookup, const struct mr_vec *col,
                          const struct mr_store_column *column, uint32_t count, bool has_nulls)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = lookup->wanted[i], row = lookup->found[i];
        uint32_t r = lookup->at == NULL ? p : lookup->at[p], at = row & (MR_STORE_CHUNK_ROWS - 1);
        const struct mr_vec *vec = &column->vecs[row >> MR_STORE_CHUNK_BITS];
        const struct mr_view *a = (const struct mr_view *)col->values + r;
        const struct mr_view *b = (const struct mr_view *)vec->values + at;
        bool is_same;
        if (has_nulls && (mr_vec_is_null(col, r) || !mr_bit_get(vec->validity, at))) {
            is_same = mr_vec_is_null(col, r) && !mr_bit_get(vec->validity, at);
        } else if (a->bytes <= MR_VIEW_INLINE_MAX) {
            is_same = memcmp(a, b, sizeof *a) == 0;
        } else {
            is_same = memcmp(a, b, 8) == 0 &&
                      mr_span_eq(mr_view_span(col->bufs, a), mr_view_span(vec->bufs, b));
        }
        lookup->wanted[kept] = p;
        lookup->found[kept] = row;
        kept += is_same;
        if (!is_same) lookup->pending[lookup->pending_count++] = p;
    }
    return kept;
}

/* same_slow: types whose values are no plain words. */
static uint32_t same_slow(struct lookup *lookup, const struct mr_vec *col,
                          const struct mr_store_column *column, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = lookup->wanted[i], row = lookup->found[i];
        uint32_t r = lookup->at == NULL ? p : lookup->at[p];
        bool is_same = mr_same_at(col, r, &column->vecs[row >> MR_STORE_CHUNK_BITS],
                                  row & (MR_STORE_CHUNK_ROWS - 1));
        lookup->wanted[kept] = p;
        lookup->found[kept] = row;
        kept += is_same;
        if (!is_same) lookup->pending[lookup->pending_count++] = p;
    }
    return kept;
}

static uint32_t same_column(struct lookup *lookup, uint32_t k, uint32_t count)
{
    const struct mr_vec *col = &lookup->cols[k];
    const struct mr_store_column *column = &lookup->index->store->columns[k];
    bool has_nulls = col->null_count > 0 || column->null_count > 0;
    uint32_t kept = 0;
    switch (column->type->id) {
    case MR_TYPE_VOID:
    case MR_TYPE_BOOLEAN:
    case MR_TYPE_STRUCT:
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: return same_slow(lookup, col, column, count);
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return same_text(lookup, col, column, count, has_nulls);
    case MR_TYPE_FLOAT: SAME_EACH(float, a == b || (a != a && b != b)); return kept;
    case MR_TYPE_DOUBLE: SAME_EACH(double, a == b || (a != a && b != b)); return kept;
    default: break;
    }
    switch (mr_type_width(column->type)) {
    case 1: SAME_EACH(int8_t, a == b); break;
    case 2: SAME_EACH(int16_t, a == b); break;
    case 4: SAME_EACH(int32_t, a == b); break;
    case 8: SAME_EACH(int64_t, a == b); break;
    default: SAME_EACH(__int128, a == b); break;
    }
    return kept;
}

/* settle: candidates that are the same in all columns have their row; the rest looks further. */
static void settle(struct lookup *lookup, uint32_t *next)
{
    uint32_t count = lookup->candidate_count;
    lookup->pending_count = 0;
    for (uint32_t k = 0; k < lookup->index->key_count; k++) count = same_column(lookup, k, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t position = lookup->wanted[i], row = lookup->found[i];
        lookup->ids[position] = row;
        if (!lookup->links) continue;
        uint32_t own = lookup->first + position;
        next[own] = next[row];
        next[row] = own;
    }
    size_t mask = lookup->index->slot_count - 1;
    for (uint32_t i = 0; i < lookup->pending_count; i++) {
        uint32_t position = lookup->pending[i];
        lookup->slots[position] = (uint32_t)((lookup->slots[position] + 1) & mask);
    }
}

/* append_new: the rows that this pass made, before they are compared with. */
static mr_status append_new(struct lookup *lookup, struct mr_err *err)
{
    uint32_t count = lookup->new_count - lookup->new_done;
    uint32_t *rows = lookup->pending; /* done with until candidates are settled */
    if (count == 0) return MR_OK;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t position = lookup->new_rows[lookup->new_done + i];
        rows[i] = lookup->at == NULL ? position : lookup->at[position];
    }
    MR_TRY(mr_row_store_append(lookup->index->store, lookup->cols, rows, count, err));
    lookup->new_done = lookup->new_count;
    return MR_OK;
}

static mr_status run(struct lookup *lookup, uint32_t count, uint32_t *next, struct mr_err *err)
{
    struct mr_row_index *index = lookup->index;
    if (index->slot_count == 0) MR_TRY(index_grow(index, err));
    MR_TRY(scratch_for(lookup, count, err));
    for (uint32_t i = 0; i < count; i++) {
        lookup->pending[i] = i;
        lookup->slots[i] = home_of(lookup, i);
    }
    while (lookup->pending_count > 0) {
        MR_TRY(search(lookup, err));
        if (lookup->adds) MR_TRY(append_new(lookup, err));
        settle(lookup, next);
        lookup->restarts = lookup->has_grown;
        lookup->has_grown = false;
    }
    return MR_OK;
}

mr_status mr_row_index_add(struct mr_row_index *index, const struct mr_vec *cols,
                           const uint32_t *at, uint32_t count, const uint64_t *hashes,
                           uint32_t *out_ids, uint32_t *out_new, uint32_t *out_new_count,
                           struct mr_err *err)
{
    struct lookup lookup = {.index = index, .cols = cols, .at = at, .hashes = hashes,
                            .ids = out_ids, .adds = true, .new_rows = out_new};
    MR_TRY(run(&lookup, count, NULL, err));
    *out_new_count = lookup.new_count;
    return MR_OK;
}

mr_status mr_row_index_find(struct mr_row_index *index, const struct mr_vec *cols,
                            const uint32_t *at, uint32_t count, const uint64_t *hashes,
                            uint32_t *out_ids, struct mr_err *err)
{
    struct lookup lookup = {.index = index, .cols = cols, .at = at, .hashes = hashes,
                            .ids = out_ids};
    return run(&lookup, count, NULL, err);
}

mr_status mr_row_index_link(struct mr_row_index *index, const struct mr_vec *cols,
                            const uint32_t *at, uint32_t count, const uint64_t *hashes,
                            uint32_t first, uint32_t *next, struct mr_err *err)
{
    uint32_t *ids = mr_heap_take(index->heap, ((size_t)count + 1) * sizeof *ids);
    if (ids == NULL) return index_nomem(err);
    for (uint32_t i = 0; i < count; i++) next[first + i] = MR_STORE_NO_ROW;
    struct lookup lookup = {.index = index, .cols = cols, .at = at, .hashes = hashes, .ids = ids,
                            .links = true, .first = first};
    mr_status status = run(&lookup, count, next, err);
    mr_heap_give(index->heap, ids, ((size_t)count + 1) * sizeof *ids);
    return status;
}

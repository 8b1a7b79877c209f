#include "core/ops/row_store.h"

#include "core/base/checked.h"

static mr_status store_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for rows");
}

mr_status mr_row_store_init(struct mr_row_store *store, struct mr_heap *heap,
                            const struct mr_type *const *types, uint32_t count, struct mr_err *err)
{
    *store = (struct mr_row_store){.heap = heap, .column_count = count};
    mr_arena_init(&store->arena, heap, 0);
    mr_text_area_init(&store->text, &store->arena, NULL);
    store->columns = MR_ARENA_ARRAY(&store->arena, struct mr_store_column, count);
    if (store->columns == NULL) {
        mr_row_store_fini(store);
        return store_nomem(err);
    }
    for (uint32_t k = 0; k < count; k++) store->columns[k].type = types[k];
    return MR_OK;
}

void mr_row_store_fini(struct mr_row_store *store)
{
    if (store->heap == NULL) return;
    mr_arena_fini(&store->arena);
    *store = (struct mr_row_store){0};
}

/* grow_chunks: room for more vectors; the old list stays in the arena, half of the new one. */
static mr_status grow_chunks(struct mr_row_store *store, struct mr_err *err)
{
    uint32_t capacity = MR_MAX(store->chunk_capacity * 2, 8u);
    for (uint32_t k = 0; k < store->column_count; k++) {
        struct mr_vec *vecs = MR_ARENA_ARRAY(&store->arena, struct mr_vec, capacity);
        if (vecs == NULL) return store_nomem(err);
        if (store->chunk_count > 0) {
            memcpy(vecs, store->columns[k].vecs, store->chunk_count * sizeof *vecs);
        }
        store->columns[k].vecs = vecs;
    }
    store->chunk_capacity = capacity;
    return MR_OK;
}

static mr_status add_chunk(struct mr_row_store *store, struct mr_err *err)
{
    if (store->chunk_count == store->chunk_capacity) MR_TRY(grow_chunks(store, err));
    struct mr_bufs *bufs = MR_ARENA_NEW(&store->arena, struct mr_bufs);
    if (bufs == NULL) return store_nomem(err);
    for (uint32_t k = 0; k < store->column_count; k++) {
        MR_TRY(mr_column_alloc(&store->columns[k].vecs[store->chunk_count], &store->arena,
                               store->columns[k].type, MR_STORE_CHUNK_ROWS, bufs, err));
    }
    mr_text_area_move(&store->text, bufs);
    store->chunk_count++;
    return MR_OK;
}

mr_status mr_row_store_append(struct mr_row_store *store, const struct mr_vec *cols,
                              const uint32_t *at, uint32_t count, struct mr_err *err)
{
    if (count > MR_STORE_ROWS_MAX - store->rows) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "more than %u rows to keep", MR_STORE_ROWS_MAX);
    }
    uint32_t sequence[MR_STORE_CHUNK_ROWS];
    store->text.arena = &store->arena; /* the store may have been moved */
    for (uint32_t done = 0; done < count;) {
        uint32_t used = store->rows & (MR_STORE_CHUNK_ROWS - 1);
        if (used == 0) MR_TRY(add_chunk(store, err));
        uint32_t now = MR_MIN(count - done, MR_STORE_CHUNK_ROWS - used);
        const uint32_t *rows = at == NULL ? NULL : at + done;
        if (at == NULL && done > 0) {
            for (uint32_t i = 0; i < now; i++) sequence[i] = done + i;
            rows = sequence;
        }
        for (uint32_t k = 0; k < store->column_count; k++) {
            struct mr_vec *vec = &store->columns[k].vecs[store->chunk_count - 1];
            store->columns[k].null_count -= vec->null_count;
            MR_TRY(mr_column_append(vec, &store->text, &cols[k], rows, now, err));
            store->columns[k].null_count += vec->null_count;
        }
        store->rows += now;
        done += now;
    }
    return MR_OK;
}

mr_status mr_row_store_copy(struct mr_row_store *store, const struct mr_row_store *from,
                            const uint32_t *rows, uint32_t count, struct mr_err *err)
{
    store->text.arena = &store->arena;
    for (uint32_t i = 0; i < count; i++) {
        if (store->rows == MR_STORE_ROWS_MAX) {
            return mr_err_set(err, MR_E_LIMIT, 1310, "more than %u rows to keep",
                              MR_STORE_ROWS_MAX);
        }
        if ((store->rows & (MR_STORE_CHUNK_ROWS - 1)) == 0) MR_TRY(add_chunk(store, err));
        for (uint32_t k = 0; k < store->column_count; k++) {
            uint32_t at;
            const struct mr_vec *vec = mr_row_store_vec(from, k, rows[i], &at);
            struct mr_vec *to = &store->columns[k].vecs[store->chunk_count - 1];
            MR_TRY(mr_column_append(to, &store->text, vec, &at, 1, err));
            store->columns[k].null_count += mr_vec_is_null(vec, at);
        }
        store->rows++;
    }
    return MR_OK;
}

#define GATHER_FIXED(type_)                                                                        \
    do {                                                                                           \
        type_ *to = (type_ *)out->values + out->rows;                                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            if (ids[i] == MR_STORE_NO_ROW) continue;                                               \
            const struct mr_vec *vec = &vecs[ids[i] >> MR_STORE_CHUNK_BITS];                       \
            to[i] = ((const type_ *)vec->values)[ids[i] & (MR_STORE_CHUNK_ROWS - 1)];              \
        }                                                                                          \
    } while (0)

/* gather_validity: where no row has a null only the rows themselves may be missing. */
static void gather_validity(const struct mr_store_column *column, const uint32_t *ids,
                            uint32_t count, struct mr_vec *out)
{
    const struct mr_vec *vecs = column->vecs;
    uint32_t present = 0;
    for (uint32_t i = 0; i < count && column->null_count == 0; i++) {
        uint32_t to = out->rows + i;
        bool is_there = ids[i] != MR_STORE_NO_ROW;
        out->validity[to / 64] |= (uint64_t)is_there << to % 64;
        present += is_there;
    }
    for (uint32_t i = 0; i < count && column->null_count > 0; i++) {
        uint32_t to = out->rows + i;
        bool is_there = ids[i] != MR_STORE_NO_ROW &&
                        mr_bit_get(vecs[ids[i] >> MR_STORE_CHUNK_BITS].validity,
                                   ids[i] & (MR_STORE_CHUNK_ROWS - 1));
        out->validity[to / 64] |= (uint64_t)is_there << to % 64;
        present += is_there;
    }
    out->null_count += count - present;
    out->rows += count;
}

/* gather_rows: row by row, for types whose values are no plain words. */
static mr_status gather_rows(const struct mr_vec *vecs, const uint32_t *ids, uint32_t count,
                             struct mr_vec *out, struct mr_text_area *area, struct mr_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i] == MR_STORE_NO_ROW) {
            MR_TRY(mr_column_append_nulls(out, area, 1, err));
            continue;
        }
        uint32_t at = ids[i] & (MR_STORE_CHUNK_ROWS - 1);
        MR_TRY(mr_column_append(out, area, &vecs[ids[i] >> MR_STORE_CHUNK_BITS], &at, 1, err));
    }
    return MR_OK;
}

static mr_status gather_text(const struct mr_vec *vecs, const uint32_t *ids, uint32_t count,
                             struct mr_vec *out, struct mr_text_area *area, struct mr_err *err)
{
    struct mr_view *to = (struct mr_view *)out->values + out->rows;
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i] == MR_STORE_NO_ROW) continue;
        const struct mr_vec *vec = &vecs[ids[i] >> MR_STORE_CHUNK_BITS];
        const struct mr_view *view =
            (const struct mr_view *)vec->values + (ids[i] & (MR_STORE_CHUNK_ROWS - 1));
        if (view->bytes <= MR_VIEW_INLINE_MAX) to[i] = *view;
        else MR_TRY(mr_text_area_put(area, mr_view_span(vec->bufs, view), &to[i], err));
    }
    return MR_OK;
}

mr_status mr_row_store_gather(const struct mr_row_store *store, uint32_t column,
                              const uint32_t *ids, uint32_t count, struct mr_vec *out,
                              struct mr_text_area *area, struct mr_err *err)
{
    const struct mr_vec *vecs = store->columns[column].vecs;
    const struct mr_type *type = store->columns[column].type;
    bool is_text = type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
    if (type->id == MR_TYPE_VOID) return mr_column_append_nulls(out, area, count, err);
    if (mr_type_is_nested(type) || type->id == MR_TYPE_BOOLEAN) {
        return gather_rows(vecs, ids, count, out, area, err);
    }
    if (is_text) {
        MR_TRY(gather_text(vecs, ids, count, out, area, err));
    } else {
        switch (mr_type_width(type)) {
        case 1: GATHER_FIXED(int8_t); break;
        case 2: GATHER_FIXED(int16_t); break;
        case 4: GATHER_FIXED(int32_t); break;
        case 8: GATHER_FIXED(int64_t); break;
        default: GATHER_FIXED(__int128); break;
        }
    }
    gather_validity(&store->columns[column], ids, count, out);
    return MR_OK;
}

size_t mr_row_store_bytes(const struct mr_row_store *store)
{
    return store->heap == NULL ? 0 : mr_arena_bytes(&store->arena);
}

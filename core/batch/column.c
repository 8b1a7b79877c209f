#include "core/batch/column.h"

#include "core/base/checked.h"

enum {
    TEXT_FIRST_BYTES = 4096,
    TEXT_BLOCK_BYTES = 1 << 20,
    CHILD_ROWS_MIN = 16,
    BUFS_BEFORE_DOUBLING = 32
};

static mr_status column_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the rows of a batch");
}

void mr_text_area_init(struct mr_text_area *area, struct mr_arena *arena, struct mr_bufs *bufs)
{
    *area = (struct mr_text_area){.arena = arena, .bufs = bufs, .buffer = MR_BUFS_MAX,
                                  .next_bytes = TEXT_FIRST_BYTES};
}

void mr_text_area_move(struct mr_text_area *area, struct mr_bufs *bufs)
{
    area->bufs = bufs;
    area->buffer = MR_BUFS_MAX;
}

/* area_block: a new block with room for `bytes`. Blocks stop growing at a size, but not when a
 * batch of huge values would run out of buffers. */
static mr_status area_block(struct mr_text_area *area, size_t bytes, struct mr_err *err)
{
    size_t wanted = MR_MAX(bytes, area->next_bytes);
    char *base = mr_arena_alloc(area->arena, wanted, 64);
    if (base == NULL) return column_nomem(err);
    area->base = area->at = base;
    area->end = base + wanted;
    area->buffer = MR_BUFS_MAX;
    bool may_double =
        area->next_bytes < TEXT_BLOCK_BYTES || area->bufs->count >= BUFS_BEFORE_DOUBLING;
    if (may_double && area->next_bytes < UINT32_MAX / 4) area->next_bytes *= 2;
    return MR_OK;
}

mr_status mr_text_area_put(struct mr_text_area *area, struct mr_span text,
                           struct mr_view *out_view, struct mr_err *err)
{
    if (text.bytes <= MR_VIEW_INLINE_MAX) {
        *out_view = mr_view_of(text.text, (uint32_t)text.bytes, 0, 0);
        return MR_OK;
    }
    if (text.bytes > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "a text of %zu bytes is too long", text.bytes);
    }
    if (area->base == NULL || (size_t)(area->end - area->at) < text.bytes) {
        MR_TRY(area_block(area, text.bytes, err));
    }
    if (area->buffer == MR_BUFS_MAX) {
        if (area->bufs->count == MR_BUFS_MAX) {
            return mr_err_set(err, MR_E_LIMIT, 1310, "the strings of one batch are too long");
        }
        area->buffer = area->bufs->count;
        area->bufs->at[area->bufs->count++] = area->base;
    }
    memcpy(area->at, text.text, text.bytes);
    *out_view = mr_view_of(area->at, (uint32_t)text.bytes, area->buffer,
                           (uint32_t)(area->at - area->base));
    area->at += text.bytes;
    return MR_OK;
}

static size_t value_bytes(const struct mr_type *type, uint32_t rows)
{
    if (type->id == MR_TYPE_BOOLEAN) return mr_bit_words(rows) * sizeof(uint64_t);
    return (size_t)rows * mr_type_width(type);
}

/* room_of: arrays for `capacity` rows, with the first vec->rows rows copied over. */
static mr_status room_of(struct mr_vec *vec, struct mr_arena *arena, uint32_t capacity,
                         struct mr_err *err)
{
    const struct mr_type *type = vec->type;
    if (type->id == MR_TYPE_VOID) return MR_OK;
    uint64_t *validity = mr_arena_zeroed(arena, mr_bit_words(capacity) * sizeof(uint64_t), 64);
    if (validity == NULL) return column_nomem(err);
    if (vec->rows > 0) memcpy(validity, vec->validity, mr_bit_words(vec->rows) * sizeof(uint64_t));
    vec->validity = validity;
    if (type->id == MR_TYPE_STRUCT) return MR_OK;
    size_t bytes = mr_type_is_nested(type) ? ((size_t)capacity + 1) * sizeof(uint32_t)
                                           : value_bytes(type, capacity);
    void *room = mr_arena_zeroed(arena, bytes, 64);
    if (room == NULL) return column_nomem(err);
    if (mr_type_is_nested(type)) {
        if (vec->rows > 0) memcpy(room, vec->offsets, ((size_t)vec->rows + 1) * sizeof(uint32_t));
        vec->offsets = room;
    } else {
        if (vec->rows > 0) memcpy(room, vec->values, value_bytes(type, vec->rows));
        vec->values = room;
    }
    return MR_OK;
}

mr_status mr_column_alloc(struct mr_vec *vec, struct mr_arena *arena, const struct mr_type *type,
                          uint32_t capacity, const struct mr_bufs *bufs, struct mr_err *err)
{
    *vec = (struct mr_vec){.type = type, .bufs = bufs};
    if (mr_type_is_nested(type) && type->field_count > 0) {
        vec->children = MR_ARENA_ARRAY(arena, struct mr_vec, type->field_count);
        if (vec->children == NULL) return column_nomem(err);
    }
    MR_TRY(room_of(vec, arena, capacity, err));
    for (uint32_t k = 0; k < (mr_type_is_nested(type) ? type->field_count : 0); k++) {
        uint32_t below = type->id == MR_TYPE_STRUCT ? capacity : CHILD_ROWS_MIN;
        MR_TRY(mr_column_alloc(&vec->children[k], arena, type->fields[k].type, below, bufs, err));
    }
    return MR_OK;
}

/* child_capacity: of an element column that has come to so many rows: it follows from them. */
static uint32_t child_capacity(uint32_t rows)
{
    uint32_t capacity = CHILD_ROWS_MIN;
    while (capacity < rows) capacity *= 2;
    return capacity;
}

mr_status mr_column_grow(struct mr_vec *child, struct mr_arena *arena, uint32_t count,
                         struct mr_err *err)
{
    if (count > (uint32_t)INT32_MAX || child->rows > (uint32_t)INT32_MAX - count) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
    }
    uint32_t capacity = child_capacity(child->rows + count);
    if (capacity > child_capacity(child->rows)) MR_TRY(room_of(child, arena, capacity, err));
    if (child->type->id != MR_TYPE_STRUCT) return MR_OK;
    for (uint32_t k = 0; k < child->type->field_count; k++) {
        MR_TRY(mr_column_grow(&child->children[k], arena, count, err));
    }
    return MR_OK;
}

/* append_validity: the presence of `count` rows behind the vector's; counts the nulls. */
static void append_validity(struct mr_vec *vec, const struct mr_vec *from, const uint32_t *at,
                            uint32_t count)
{
    uint32_t present = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t r = at == NULL ? i : at[i], to = vec->rows + i;
        bool is_there = from->validity == NULL || mr_bit_get(from->validity, r);
        vec->validity[to / 64] |= (uint64_t)is_there << to % 64;
        present += is_there;
    }
    vec->null_count += count - present;
}

#define APPEND_FIXED(type_)                                                                        \
    do {                                                                                           \
        type_ *to = (type_ *)vec->values + vec->rows;                                              \
        const type_ *values = from->values;                                                        \
        for (uint32_t i = 0; i < count; i++) to[i] = values[at == NULL ? i : at[i]];               \
    } while (0)

static mr_status append_views(struct mr_vec *vec, struct mr_text_area *area,
                              const struct mr_vec *from, const uint32_t *at, uint32_t count,
                              struct mr_err *err)
{
    const struct mr_view *views = from->values;
    struct mr_view *to = (struct mr_view *)vec->values + vec->rows;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t r = at == NULL ? i : at[i];
        if (from->validity != NULL && !mr_bit_get(from->validity, r)) {
            to[i] = (struct mr_view){0};
        } else if (views[r].bytes <= MR_VIEW_INLINE_MAX || area->is_shared) {
            to[i] = views[r];
        } else {
            MR_TRY(mr_text_area_put(area, mr_vec_span(from, r), &to[i], err));
        }
    }
    return MR_OK;
}

static mr_status append_lists(struct mr_vec *vec, struct mr_text_area *area,
                              const struct mr_vec *from, const uint32_t *at, uint32_t count,
                              struct mr_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t r = at == NULL ? i : at[i];
        uint32_t first = from->offsets[r], length = from->offsets[r + 1] - first;
        if (from->validity != NULL && !mr_bit_get(from->validity, r)) length = 0;
        for (uint32_t k = 0; k < vec->type->field_count && length > 0; k++) {
            struct mr_vec *child = &vec->children[k];
            MR_TRY(mr_column_grow(child, area->arena, length, err));
            for (uint32_t e = 0; e < length; e++) {
                uint32_t row = first + e;
                MR_TRY(mr_column_append(child, area, &from->children[k], &row, 1, err));
            }
        }
        vec->offsets[vec->rows + i + 1] = vec->offsets[vec->rows + i] + length;
    }
    return MR_OK;
}

static mr_status append_nested(struct mr_vec *vec, struct mr_text_area *area,
                               const struct mr_vec *from, const uint32_t *at, uint32_t count,
                               struct mr_err *err)
{
    if (vec->type->id != MR_TYPE_STRUCT) return append_lists(vec, area, from, at, count, err);
    for (uint32_t k = 0; k < vec->type->field_count; k++) {
        MR_TRY(mr_column_append(&vec->children[k], area, &from->children[k], at, count, err));
    }
    return MR_OK;
}

mr_status mr_column_append(struct mr_vec *vec, struct mr_text_area *area,
                           const struct mr_vec *from, const uint32_t *at, uint32_t count,
                           struct mr_err *err)
{
    if (vec->type->id == MR_TYPE_VOID || from->type->id == MR_TYPE_VOID) {
        return mr_column_append_nulls(vec, area, count, err);
    }
    if (mr_type_is_nested(vec->type)) {
        MR_TRY(append_nested(vec, area, from, at, count, err));
    } else if (vec->type->id == MR_TYPE_BOOLEAN) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t r = at == NULL ? i : at[i], to = vec->rows + i;
            if (mr_bit_get(from->values, r)) mr_bit_set(vec->values, to);
        }
    } else if (vec->type->id == MR_TYPE_STRING || vec->type->id == MR_TYPE_BINARY) {
        MR_TRY(append_views(vec, area, from, at, count, err));
    } else {
        switch (mr_type_width(vec->type)) {
        case 1: APPEND_FIXED(int8_t); break;
        case 2: APPEND_FIXED(int16_t); break;
        case 4: APPEND_FIXED(int32_t); break;
        case 8: APPEND_FIXED(int64_t); break;
        default: APPEND_FIXED(__int128); break;
        }
    }
    append_validity(vec, from, at, count);
    vec->rows += count;
    return MR_OK;
}

mr_status mr_column_append_nulls(struct mr_vec *vec, struct mr_text_area *area, uint32_t count,
                                 struct mr_err *err)
{
    if (vec->type->id == MR_TYPE_STRUCT) {
        for (uint32_t k = 0; k < vec->type->field_count; k++) {
            MR_TRY(mr_column_append_nulls(&vec->children[k], area, count, err));
        }
    } else if (mr_type_is_nested(vec->type)) {
        for (uint32_t i = 0; i < count; i++) {
            vec->offsets[vec->rows + i + 1] = vec->offsets[vec->rows];
        }
    }
    vec->null_count += vec->type->id == MR_TYPE_VOID ? 0 : count;
    vec->rows += count;
    return MR_OK;
}

void mr_column_append_fixed(struct mr_vec *vec, const void *value)
{
    uint32_t width = mr_type_width(vec->type);
    memcpy((char *)vec->values + (size_t)vec->rows * width, value, width);
    mr_bit_set(vec->validity, vec->rows++);
}

void mr_column_append_bool(struct mr_vec *vec, bool value)
{
    if (value) mr_bit_set(vec->values, vec->rows);
    mr_bit_set(vec->validity, vec->rows++);
}

mr_status mr_column_append_text(struct mr_vec *vec, struct mr_text_area *area, struct mr_span text,
                                struct mr_err *err)
{
    struct mr_view *view = (struct mr_view *)vec->values + vec->rows;
    MR_TRY(mr_text_area_put(area, text, view, err));
    mr_bit_set(vec->validity, vec->rows++);
    return MR_OK;
}

void mr_column_close_list(struct mr_vec *vec)
{
    vec->offsets[vec->rows + 1] = vec->children[0].rows;
    mr_bit_set(vec->validity, vec->rows++);
}

void mr_column_close_struct(struct mr_vec *vec)
{
    mr_bit_set(vec->validity, vec->rows++);
}

#include "core/batch/vec.h"

#include "core/base/checked.h"

static mr_status vec_nomem(uint32_t rows, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a column of %u rows", rows);
}

static mr_status vec_alloc_values(struct mr_vec *vec, struct mr_arena *arena, struct mr_err *err)
{
    size_t bytes = vec->type->id == MR_TYPE_BOOLEAN ? mr_bit_words(vec->rows) * sizeof(uint64_t)
                                                    : (size_t)vec->rows * mr_type_width(vec->type);
    if (vec->type->id == MR_TYPE_VOID) return MR_OK;
    vec->values = mr_arena_alloc(arena, bytes, 64);
    return vec->values == NULL ? vec_nomem(vec->rows, err) : MR_OK;
}

static mr_status vec_alloc_nested(struct mr_vec *vec, struct mr_arena *arena, bool has_validity,
                                  struct mr_err *err)
{
    bool is_struct = vec->type->id == MR_TYPE_STRUCT;
    vec->children = MR_ARENA_ARRAY(arena, struct mr_vec, vec->type->field_count);
    if (vec->children == NULL && vec->type->field_count > 0) return vec_nomem(vec->rows, err);
    for (uint32_t i = 0; i < vec->type->field_count; i++) {
        MR_TRY(mr_vec_alloc(&vec->children[i], arena, vec->type->fields[i].type,
                            is_struct ? vec->rows : 0, has_validity, vec->bufs, err));
    }
    if (is_struct) return MR_OK;
    vec->offsets = mr_arena_zeroed(arena, ((size_t)vec->rows + 1) * sizeof(uint32_t), 64);
    return vec->offsets == NULL ? vec_nomem(vec->rows, err) : MR_OK;
}

mr_status mr_vec_alloc(struct mr_vec *vec, struct mr_arena *arena, const struct mr_type *type,
                       uint32_t rows, bool has_validity, const struct mr_bufs *bufs,
                       struct mr_err *err)
{
    *vec = (struct mr_vec){.type = type, .rows = rows, .bufs = bufs};
    if (has_validity) {
        vec->validity = mr_arena_zeroed(arena, mr_bit_words(rows) * sizeof(uint64_t), 64);
        if (vec->validity == NULL) return vec_nomem(rows, err);
    }
    if (mr_type_is_nested(type)) return vec_alloc_nested(vec, arena, has_validity, err);
    return vec_alloc_values(vec, arena, err);
}

uint32_t mr_vec_nulls(const uint64_t *validity, uint32_t rows)
{
    uint32_t present = 0;
    for (uint32_t i = 0; i < rows / 64; i++) {
        present += (uint32_t)__builtin_popcountll(validity[i]);
    }
    if (rows % 64 != 0) {
        uint64_t last = validity[rows / 64] & ((UINT64_C(1) << (rows % 64)) - 1);
        present += (uint32_t)__builtin_popcountll(last);
    }
    return rows - present;
}

void mr_vec_check(const struct mr_vec *vec)
{
    MR_ASSERT(vec->type != NULL);
    if (vec->type->id != MR_TYPE_VOID) {
        uint32_t nulls = vec->validity == NULL ? 0 : mr_vec_nulls(vec->validity, vec->rows);
        MR_ASSERT(vec->null_count == nulls);
    }
    if (vec->type->id == MR_TYPE_STRING || vec->type->id == MR_TYPE_BINARY) {
        for (uint32_t i = 0; i < vec->rows; i++) {
            const struct mr_view *view = (const struct mr_view *)vec->values + i;
            if (mr_vec_is_null(vec, i) || view->bytes <= MR_VIEW_INLINE_MAX) continue;
            MR_ASSERT(view->u.ref.buffer < vec->bufs->count);
            MR_ASSERT(memcmp(view->u.ref.prefix, mr_vec_span(vec, i).text, 4) == 0);
        }
    }
    if (!mr_type_is_nested(vec->type)) return;
    uint32_t child_rows = vec->rows;
    if (vec->type->id != MR_TYPE_STRUCT) {
        MR_ASSERT(vec->offsets[0] == 0);
        for (uint32_t i = 0; i < vec->rows; i++) {
            MR_ASSERT(vec->offsets[i] <= vec->offsets[i + 1]);
        }
        child_rows = vec->offsets[vec->rows];
    }
    for (uint32_t i = 0; i < vec->type->field_count; i++) {
        MR_ASSERT(vec->children[i].rows == child_rows);
        mr_vec_check(&vec->children[i]);
    }
}

#include "core/expr/order.h"

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"

bool mr_type_is_orderable(const struct mr_type *type)
{
    if (type->id == MR_TYPE_MAP) return false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (!mr_type_is_orderable(type->fields[i].type)) return false;
    }
    return true;
}

bool mr_same_at(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b, uint32_t row_b)
{
    bool null_a = mr_vec_is_null(a, row_a), null_b = mr_vec_is_null(b, row_b);
    if (null_a || null_b) return null_a && null_b;
    if (a->type->id != MR_TYPE_STRING && a->type->id != MR_TYPE_BINARY) {
        return mr_compare_at(a, row_a, b, row_b) == 0;
    }
    const struct mr_view *va = (const struct mr_view *)a->values + row_a;
    const struct mr_view *vb = (const struct mr_view *)b->values + row_b;
    if (memcmp(va, vb, 8) != 0) return false; /* length and first bytes */
    return mr_span_eq(mr_view_span(a->bufs, va), mr_view_span(b->bufs, vb));
}

uint64_t mr_hash_bytes(const char *text, size_t bytes, uint64_t seed)
{
    uint64_t hash = mr_hash_mix(seed, bytes);
    uint64_t a, b;
    for (; bytes > 16; bytes -= 16, text += 16) {
        memcpy(&a, text, 8);
        memcpy(&b, text + 8, 8);
        hash = mr_hash_mix(hash ^ a, b);
    }
    if (bytes >= 8) {
        memcpy(&a, text, 8);
        memcpy(&b, text + bytes - 8, 8);
        return mr_hash_mix(hash ^ a, b);
    }
    a = 0;
    memcpy(&a, text, bytes);
    return mr_hash_mix(hash, a);
}

enum { NULL_WORD = 0x6e756c6c };

/* HASH_EACH: `word_` of row r folded in for each row that is present. */
#define HASH_EACH(word_)                                                                           \
    do {                                                                                           \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            uint32_t r = at == NULL ? i : at[i];                                                   \
            bool is_null = vec->validity != NULL && !mr_bit_get(vec->validity, r);                 \
            hashes[i] = mr_hash_mix(hashes[i], is_null ? NULL_WORD : (uint64_t)(word_));           \
        }                                                                                          \
    } while (0)

/* One word for all zeros and one for all NaNs. */
static inline uint64_t double_word(double value)
{
    uint64_t word = UINT64_C(0x7ff8000000000000);
    value += 0.0; /* -0.0 becomes 0.0 */
    if (value == value) memcpy(&word, &value, sizeof word);
    return word;
}

/* view_word: a short view's bytes are all in it. */
static inline uint64_t view_word(const struct mr_vec *vec, uint32_t row)
{
    const struct mr_view *view = (const struct mr_view *)vec->values + row;
    uint64_t head, rest;
    if (view->bytes > MR_VIEW_INLINE_MAX) {
        return mr_hash_bytes(vec->bufs->at[view->u.ref.buffer] + view->u.ref.off, view->bytes, 0);
    }
    memcpy(&head, view, 8);
    memcpy(&rest, (const char *)view + 8, 8);
    return mr_hash_mix(head, rest);
}

static uint64_t nested_word(const struct mr_vec *vec, uint32_t row)
{
    uint32_t from = row, to = row + 1;
    if (vec->type->id != MR_TYPE_STRUCT) {
        from = vec->offsets[row];
        to = vec->offsets[row + 1];
    }
    uint64_t hash = to - from;
    for (uint32_t r = from; r < to; r++) {
        for (uint32_t k = 0; k < vec->type->field_count; k++) {
            mr_hash_rows(&vec->children[k], &r, 1, &hash);
        }
    }
    return hash;
}

static inline uint64_t wide_word(mr_i128 value)
{
    return mr_hash_mix((uint64_t)value, (uint64_t)((unsigned __int128)value >> 64));
}

void mr_hash_rows(const struct mr_vec *vec, const uint32_t *at, uint32_t count, uint64_t *hashes)
{
    switch (vec->type->id) {
    case MR_TYPE_VOID:
        for (uint32_t i = 0; i < count; i++) hashes[i] = mr_hash_mix(hashes[i], NULL_WORD);
        return;
    case MR_TYPE_BOOLEAN: HASH_EACH(mr_bit_get(vec->values, r)); return;
    case MR_TYPE_FLOAT: HASH_EACH(double_word(((const float *)vec->values)[r])); return;
    case MR_TYPE_DOUBLE: HASH_EACH(double_word(((const double *)vec->values)[r])); return;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: HASH_EACH(view_word(vec, r)); return;
    case MR_TYPE_STRUCT:
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: HASH_EACH(nested_word(vec, r)); return;
    default: break;
    }
    switch (mr_type_width(vec->type)) {
    case 1: HASH_EACH(((const int8_t *)vec->values)[r]); return;
    case 2: HASH_EACH(((const int16_t *)vec->values)[r]); return;
    case 4: HASH_EACH(((const int32_t *)vec->values)[r]); return;
    case 8: HASH_EACH(((const int64_t *)vec->values)[r]); return;
    default: HASH_EACH(wide_word(((const mr_i128 *)vec->values)[r])); return;
    }
}

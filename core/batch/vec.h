/* Column vectors: one column of a record batch, in Arrow's layout.
 *
 * Fixed-width values lie in `values`, one per row, undefined where the row is null; booleans are
 * bits. A string or binary value is a 16-byte view (Arrow's BinaryView): up to 12 bytes lie in the
 * view itself, longer ones hold their first four bytes and a place in one of the batch's buffers.
 * A list or map has offsets[rows + 1] into its children; a map has two children, key and value; a
 * struct has one child per member, of the same length. All memory belongs to the batch: to its
 * arena, or to the input buffer that the views point into. Arrays are 64-byte aligned and readable
 * MR_PAD bytes past their end.
 *
 * Source: Arrow columnar format 1.4, "Variable-size Binary View Layout". Decimals of 18 digits or
 * less are 8 bytes wide here and widened on export. */
#ifndef MR_CORE_BATCH_VEC_H
#define MR_CORE_BATCH_VEC_H

#include <string.h>

#include "core/base/assert.h"
#include "core/schema/type.h"

enum { MR_VIEW_INLINE_MAX = 12 };

struct mr_view {
    uint32_t bytes;
    union {
        char inlined[MR_VIEW_INLINE_MAX]; /* bytes <= 12; the rest is zero */
        struct {
            char prefix[4];
            uint32_t buffer; /* index into mr_bufs */
            uint32_t off;
        } ref;
    } u;
};

static_assert(sizeof(struct mr_view) == 16, "a view is two words");

/* The buffers that the views of one batch point into. Index 0 is the input text, if there is one;
 * the others are blocks for rewritten (unescaped, computed) strings. */
enum { MR_BUFS_MAX = 64 };

struct mr_bufs {
    const char *at[MR_BUFS_MAX];
    uint32_t count;
};

struct mr_vec {
    const struct mr_type *type;
    uint32_t rows;
    uint32_t null_count;     /* exact */
    uint64_t *validity;      /* bit 1 = present, ceil(rows/64) words; null pointer = all present */
    void *values;            /* as type says; null pointer for nested types and void */
    uint32_t *offsets;       /* array and map: [rows + 1], ascending, offsets[0] = 0 */
    struct mr_vec *children; /* struct: one per member; array: 1; map: 2 */
    const struct mr_bufs *bufs; /* of the batch; for string and binary */
};

static inline bool mr_bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static inline void mr_bit_set(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void mr_bit_clear(uint64_t *bits, uint32_t i)
{
    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline uint32_t mr_bit_words(uint32_t rows)
{
    return (rows + 63) / 64;
}

static inline bool mr_vec_is_null(const struct mr_vec *vec, uint32_t row)
{
    if (vec->type->id == MR_TYPE_VOID) return true;
    return vec->validity != NULL && !mr_bit_get(vec->validity, row);
}

/* mr_view_span: the bytes behind a view; those of a short one lie in the view itself. */
static inline struct mr_span mr_view_span(const struct mr_bufs *bufs, const struct mr_view *view)
{
    if (view->bytes <= MR_VIEW_INLINE_MAX) return (struct mr_span){view->u.inlined, view->bytes};
    MR_DCHECK(view->u.ref.buffer < bufs->count);
    return (struct mr_span){bufs->at[view->u.ref.buffer] + view->u.ref.off, view->bytes};
}

/* mr_view_of: the view of `bytes` bytes at `off` of buffer `buffer`; `at` is where they lie. */
static inline struct mr_view mr_view_of(const char *at, uint32_t bytes, uint32_t buffer,
                                        uint32_t off)
{
    struct mr_view view = {.bytes = bytes};
    if (bytes <= MR_VIEW_INLINE_MAX) {
        if (bytes > 0) memcpy(view.u.inlined, at, bytes);
    } else {
        memcpy(view.u.ref.prefix, at, 4);
        view.u.ref.buffer = buffer;
        view.u.ref.off = off;
    }
    return view;
}

static inline struct mr_span mr_vec_span(const struct mr_vec *vec, uint32_t row)
{
    return mr_view_span(vec->bufs, (const struct mr_view *)vec->values + row);
}

/* mr_vec_i64: an integer-like value (byte to long, date, timestamps, short decimals), widened. */
static inline int64_t mr_vec_i64(const struct mr_vec *vec, uint32_t row)
{
    switch (mr_type_width(vec->type)) {
    case 1: return ((const int8_t *)vec->values)[row];
    case 2: return ((const int16_t *)vec->values)[row];
    case 4: return ((const int32_t *)vec->values)[row];
    default: return ((const int64_t *)vec->values)[row];
    }
}

/* mr_vec_alloc: room in `arena` for `rows` rows of `type`: values and, with has_validity, a bitmap
 * of zeros; struct members get their own room of the same kind, lists get offsets and children of
 * zero rows. `bufs` is borrowed. Nothing is initialised but bitmaps and pointers.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_vec_alloc(struct mr_vec *vec, struct mr_arena *arena,
                                   const struct mr_type *type, uint32_t rows, bool has_validity,
                                   const struct mr_bufs *bufs, struct mr_err *err);

/* mr_vec_nulls: counts the cleared bits of the first `rows` of a bitmap. */
uint32_t mr_vec_nulls(const uint64_t *validity, uint32_t rows);

/* mr_vec_check: asserts the invariants above, recursively; for tests and debug builds. */
void mr_vec_check(const struct mr_vec *vec);

#endif

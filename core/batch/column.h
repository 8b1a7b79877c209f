/* Columns being built: rows appended to a column vector, of every type.
 *
 * A column is made empty with room for so many rows and is a valid vector after every append. It
 * owns its bytes: text that does not fit a view is copied into a text area, which hands out room in
 * blocks and registers them with the buffers of the batch that is being built; elements of lists
 * and maps grow as they come. All memory is the arena's.
 *
 * Text may be shared instead of copied when the batch that is built begins with the same buffers
 * as the source's: then views are taken as they are (area->is_shared). */
#ifndef MR_CORE_BATCH_COLUMN_H
#define MR_CORE_BATCH_COLUMN_H

#include "core/batch/batch.h"

struct mr_text_area {
    struct mr_arena *arena;
    struct mr_bufs *bufs; /* of what is being built */
    char *base;           /* the newest block */
    char *at;
    char *end;
    uint32_t buffer; /* the block's index in bufs; MR_BUFS_MAX = not registered there yet */
    size_t next_bytes;
    bool is_shared; /* bufs begins with the buffers of every source: copy no text */
};

void mr_text_area_init(struct mr_text_area *area, struct mr_arena *arena, struct mr_bufs *bufs);

/* mr_text_area_move: what is put from now on is for the columns over `bufs`; the block stays in
 * use. */
void mr_text_area_move(struct mr_text_area *area, struct mr_bufs *bufs);

/* mr_text_area_put: the view of a copy of the text. returns MR_E_NOMEM, MR_E_LIMIT 1310: there are
 * no more buffers, or the text has 4 GiB */
MR_MUST_USE mr_status mr_text_area_put(struct mr_text_area *area, struct mr_span text,
                                       struct mr_view *out_view, struct mr_err *err);

/* mr_column_alloc: an empty column with room for `capacity` rows. */
MR_MUST_USE mr_status mr_column_alloc(struct mr_vec *vec, struct mr_arena *arena,
                                      const struct mr_type *type, uint32_t capacity,
                                      const struct mr_bufs *bufs, struct mr_err *err);

/* mr_column_append: rows at[count] of `from` (null pointer = 0 .. count - 1), of the same type.
 * mr_column_append_nulls: so many nulls. Both stay within the capacity. */
MR_MUST_USE mr_status mr_column_append(struct mr_vec *vec, struct mr_text_area *area,
                                       const struct mr_vec *from, const uint32_t *at,
                                       uint32_t count, struct mr_err *err);
MR_MUST_USE mr_status mr_column_append_nulls(struct mr_vec *vec, struct mr_text_area *area,
                                             uint32_t count, struct mr_err *err);

/* mr_column_append_fixed: one present value of a type of fixed width, as it lies in a column.
 * mr_column_append_text: one present string or binary. mr_column_append_bool: one boolean. */
void mr_column_append_fixed(struct mr_vec *vec, const void *value);
void mr_column_append_bool(struct mr_vec *vec, bool value);
MR_MUST_USE mr_status mr_column_append_text(struct mr_vec *vec, struct mr_text_area *area,
                                            struct mr_span text, struct mr_err *err);

/* Elements of lists and maps: mr_column_grow makes room for `count` more rows in a child, which are
 * then appended to it; mr_column_close_list ends the list, mr_column_close_struct a struct whose
 * members were appended. */
MR_MUST_USE mr_status mr_column_grow(struct mr_vec *child, struct mr_arena *arena, uint32_t count,
                                     struct mr_err *err);
void mr_column_close_list(struct mr_vec *vec);
void mr_column_close_struct(struct mr_vec *vec);

#endif

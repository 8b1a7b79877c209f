/* Deletion vectors: the rows of a data file that are not there any more.
 *
 * A descriptor in the log says where the vector lies: in the log itself (`i`), in a file below the
 * table whose name is made from a UUID (`u`), or at any URI (`p`). In a file it is framed:
 *
 *   file   byte 0: version 1; then vectors, each at the `offset` of its descriptors:
 *          int32 big-endian size, `size` bytes, int32 big-endian CRC-32 of them
 *   bytes  int32 magic, then bitmaps of 32 bits in ascending order, all little-endian
 *          1681511377  int64 count, each: int32 high part of the row, bitmap     (portable)
 *          1681511376  int32 count, each: int32 size, bitmap; the position is the high part
 *   bitmap Roaring's portable form: array, bit set and run containers of 65,536 rows each
 *
 * A decoded vector is an index of the containers over the bytes, so that a vector of millions of
 * rows takes what it takes on disk; it is asked for a window of rows at a time. Bytes come from
 * outside: everything is checked once when decoding, down to the order of every entry.
 * Source: PROTOCOL.md "Deletion Vectors", "Deletion Vector Format"; the Roaring format. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_DV_H
#define MR_CORE_FORMAT_DELTA_DELTA_DV_H

#include "core/format/delta/delta_action.h"

struct mr_delta_rows_part; /* one container: 65,536 rows */

/* Rows of a file, by their position in it. The bytes it was decoded from outlive it. */
struct mr_delta_row_set {
    const struct mr_delta_rows_part *parts; /* [part_count], ascending */
    uint32_t part_count;
    uint64_t cardinality;
};

/* mr_delta_dv_path: appends the path of the vector's file: below the table's folder for `u`, as the
 * URI says for `p`, where *out_is_absolute tells whether that leads from the root.
 * returns MR_E_CORRUPT (3120), MR_E_UNSUPPORTED for a URI of another scheme than file */
MR_MUST_USE mr_status mr_delta_dv_path(const struct mr_delta_dv *dv, struct mr_text *out,
                                       bool *out_is_absolute, struct mr_err *err);

/* mr_delta_dv_range: where the frame of an `u` or `p` vector lies in its file.
 * returns MR_E_CORRUPT (3120) for sizes that cannot be */
MR_MUST_USE mr_status mr_delta_dv_range(const struct mr_delta_dv *dv, uint64_t *out_off,
                                        uint32_t *out_bytes, struct mr_err *err);

/* mr_delta_dv_read: the rows of a vector. `frame` is the range above of the file, or empty for an
 * inline one. The set is over bytes in `arena` or in `frame`.
 * returns MR_E_CORRUPT (3120): sizes, checksum, form or number of rows are not as they should be */
MR_MUST_USE mr_status mr_delta_dv_read(struct mr_arena *arena, const struct mr_delta_dv *dv,
                                       struct mr_span frame, struct mr_delta_row_set *out_set,
                                       struct mr_err *err);

/* mr_delta_row_set_decode: the bytes alone; for fuzzing too. */
MR_MUST_USE mr_status mr_delta_row_set_decode(struct mr_arena *arena, struct mr_span bytes,
                                              struct mr_delta_row_set *out_set,
                                              struct mr_err *err);

/* mr_delta_row_set_add: sets the bits of those of the rows first .. first + rows - 1 that are in
 * the set; others stay as they are. bits[ceil(rows/64)]. */
void mr_delta_row_set_add(const struct mr_delta_row_set *set, uint64_t first, uint32_t rows,
                          uint64_t *bits);

#endif

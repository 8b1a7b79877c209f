/* Decoding a page's values: every encoding into PLAIN form, and PLAIN into values of a column.
 *
 * Two steps keep encodings and types apart. What is not PLAIN (but for dictionary codes) is turned
 * into it when the page is loaded; then values are taken from PLAIN bytes one run at a time.
 * Booleans become one byte each. All lengths come from outside and are checked before use. Source:
 * parquet-format, Encodings.md. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_DECODE_H
#define MR_CORE_FORMAT_PARQUET_PQ_DECODE_H

#include "core/batch/vec.h"
#include "core/format/parquet/pq_grow.h"
#include "core/format/parquet/pq_tree.h"

/* mr_pq_decode_plain: `count` values of `encoding` in at[bytes] become PLAIN: *out points into the
 * page for PLAIN itself, else into `room`.
 * returns MR_E_CORRUPT, MR_E_UNSUPPORTED for an encoding unknown here, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_decode_plain(const struct mr_pq_reading_leaf *leaf, int32_t encoding,
                                         uint32_t count, struct mr_span page,
                                         struct mr_pq_grow *room, struct mr_span *out,
                                         struct mr_err *err);

/* mr_pq_decode_delta: DELTA_BINARY_PACKED integers; *taken is the bytes they took. */
MR_MUST_USE mr_status mr_pq_decode_delta(struct mr_span page, uint32_t count,
                                         struct mr_pq_grow *out_i64, size_t *taken,
                                         struct mr_err *err);

/* mr_pq_value_bytes: bytes of one value in a column of the leaf's type; booleans one, texts a view.
 */
uint32_t mr_pq_value_bytes(const struct mr_pq_reading_leaf *leaf);

/* mr_pq_take_values: the next `count` PLAIN values at *plain, which moves on, go behind `values` in
 * the form of a column. Texts longer than a view go behind `texts` and are views of buffer 0 at
 * their place there. returns MR_E_CORRUPT when the bytes end before, MR_E_NOMEM, MR_E_LIMIT beyond
 * 4 GiB of texts */
MR_MUST_USE mr_status mr_pq_take_values(const struct mr_pq_reading_leaf *leaf,
                                        struct mr_span *plain, uint32_t count,
                                        struct mr_pq_grow *values, struct mr_pq_grow *texts,
                                        struct mr_err *err);

/* mr_pq_take_text: one text behind `texts` unless its view holds it. */
MR_MUST_USE mr_status mr_pq_take_text(struct mr_span text, struct mr_pq_grow *texts,
                                      struct mr_view *out, struct mr_err *err);

#endif

/* PLAIN bytes to values of a column, in the column's own form.
 *
 * Fixed-width values are converted and widened for a whole run at a time, the choice of how made
 * once; texts become views of the bytes where they lie. Outputs are arrays of mr_pq_value_bytes
 * each; booleans are not PLAIN here but bits (kernels/decode/runs.h). */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_CONVERT_H
#define MR_CORE_FORMAT_PARQUET_PQ_CONVERT_H

#include "core/batch/vec.h"
#include "core/format/parquet/pq_grow.h"
#include "core/format/parquet/pq_tree.h"

enum { MR_PQ_UUID_TEXT = 36 };

/* mr_pq_value_bytes: of one value in a column of the leaf's type; 0 for booleans. */
uint32_t mr_pq_value_bytes(const struct mr_pq_reading_leaf *leaf);

static inline bool mr_pq_is_viewed(const struct mr_pq_reading_leaf *leaf)
{
    return leaf->convert == MR_PQ_TO_TEXT;
}

/* mr_pq_convert_values: the next `count` PLAIN values at *plain, which moves on, to out[count], for
 * all but texts and booleans. returns MR_E_CORRUPT when the bytes end before or a value is beyond
 * its type */
MR_MUST_USE mr_status mr_pq_convert_values(const struct mr_pq_reading_leaf *leaf,
                                           struct mr_span *plain, uint32_t count, void *out,
                                           struct mr_err *err);

/* mr_pq_convert_texts: views of the next `count` texts: of buffer `buffer`, which begins at `base`,
 * where *plain lies in. With `lengths` these say how long each is, and there are as many. */
MR_MUST_USE mr_status mr_pq_convert_texts(const struct mr_pq_reading_leaf *leaf,
                                          struct mr_span *plain, const uint32_t *lengths,
                                          uint32_t count, const char *base, uint32_t buffer,
                                          struct mr_view *out, struct mr_err *err);

/* mr_pq_skip_plain: passes `count` values without looking at them. */
MR_MUST_USE mr_status mr_pq_skip_plain(const struct mr_pq_reading_leaf *leaf,
                                       struct mr_span *plain, const uint32_t *lengths,
                                       uint32_t count, struct mr_err *err);

/* mr_pq_uuid_write: the 36 characters of a UUID's 16 bytes. */
void mr_pq_uuid_write(const uint8_t *bytes, char *out);

#endif

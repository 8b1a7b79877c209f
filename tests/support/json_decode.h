/* JSON text through the reader, for tests: whole or in small pushes, rows out as canonical JSON.
 *
 * Canonical rows are one JSON object a line with the columns in schema order, as the README of the
 * conformance data describes: doubles as the shortest number that reads back, decimals as text with
 * all their digits, binary as "0x" and hex, timestamps with six fraction digits and Z, maps as
 * lists of pairs. Every push is copied into memory of its exact size plus MR_PAD, so that a
 * sanitizer sees a read beyond. */
#ifndef MR_TESTS_SUPPORT_JSON_DECODE_H
#define MR_TESTS_SUPPORT_JSON_DECODE_H

#include "core/format/json/json_reader.h"
#include "core/mem/text.h"

void mr_vec_write_json(const struct mr_vec *vec, uint32_t row, struct mr_text *out);
void mr_batch_write_json(const struct mr_batch *batch, struct mr_text *out);

/* mr_json_push_all: the input in pushes that grow by `step` bytes until they are consumed (0 = all
 * at once), rows appended to `out`. Asserts what every batch must hold. */
MR_MUST_USE mr_status mr_json_push_all(struct mr_json_reader *reader, struct mr_heap *heap,
                                       struct mr_span input, size_t step, struct mr_text *out,
                                       struct mr_err *err);

/* mr_json_push_bad: the same, and the lines for badRecordsPath appended to `bad`. */
MR_MUST_USE mr_status mr_json_push_bad(struct mr_json_reader *reader, struct mr_heap *heap,
                                       struct mr_span input, size_t step, struct mr_text *out,
                                       struct mr_text *bad, struct mr_err *err);

#endif

/* CSV text through the reader, for tests: whole or in small pushes, rows out as canonical JSON (see
 * json_decode.h). Every push is copied into memory of its exact size plus MR_PAD, so that a
 * sanitizer sees a read beyond. */
#ifndef MR_TESTS_SUPPORT_CSV_DECODE_H
#define MR_TESTS_SUPPORT_CSV_DECODE_H

#include "core/format/csv/csv_reader.h"
#include "core/mem/text.h"

/* mr_csv_push_all: one file in pushes that grow by `step` bytes until they are consumed (0 = all at
 * once), rows appended to `out`, lines for badRecordsPath to `bad`. Asserts what every batch must
 * hold. */
MR_MUST_USE mr_status mr_csv_push_all(struct mr_csv_reader *reader, struct mr_heap *heap,
                                      struct mr_span input, size_t step, struct mr_text *out,
                                      struct mr_text *bad, struct mr_err *err);

#endif

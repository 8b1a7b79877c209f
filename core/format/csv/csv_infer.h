/* Schema inference over a sample of CSV text.
 *
 * The sample is pushed like a reader's input, file by file, and read by the same rules. Columns of
 * all files are merged by name, in the order in which they were first met; without a header they
 * are _c0, _c1 and so on, as many as the first record of a file has values. Their types are those
 * of csv_guess_impl.h; without inferColumnTypes every column is a string. Of malformed records the
 * values count that they have. A file that has a header and nothing else has columns, too. */
#ifndef MR_CORE_FORMAT_CSV_CSV_INFER_H
#define MR_CORE_FORMAT_CSV_CSV_INFER_H

#include "core/format/csv/csv_reader.h"

struct mr_csv_infer;

/* mr_csv_infer_open: `options` is copied, `kernels` borrowed. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_csv_infer_open(struct mr_heap *heap, const struct mr_csv_options *options,
                                        const struct mr_csv_kernels *kernels,
                                        struct mr_csv_infer **out_infer, struct mr_err *err);
void mr_csv_infer_close(struct mr_csv_infer *infer); /* null is allowed */

/* mr_csv_infer_begin: the next file of the sample starts. */
MR_MUST_USE mr_status mr_csv_infer_begin(struct mr_csv_infer *infer, struct mr_err *err);

/* mr_csv_infer_feed: as mr_csv_reader_decode, all that is whole in the text at once.
 * *out_consumed  0: more text is needed
 * returns        MR_E_CORRUPT in mode FAILFAST for a malformed record, MR_E_NOMEM */
MR_MUST_USE mr_status mr_csv_infer_feed(struct mr_csv_infer *infer, const char *text, size_t bytes,
                                        bool is_last, size_t *out_consumed, struct mr_err *err);

/* mr_csv_infer_type: a struct type in `arena` of what was fed so far. */
MR_MUST_USE mr_status mr_csv_infer_type(const struct mr_csv_infer *infer, struct mr_arena *arena,
                                        const struct mr_type **out_type, struct mr_err *err);

/* mr_csv_infer_records: what the sample had. */
uint64_t mr_csv_infer_records(const struct mr_csv_infer *infer);

#endif

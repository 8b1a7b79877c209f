/* Plain text to record batches: a line, or a whole file, is a record of one column.
 *
 * Lines end at \n, \r\n or \r, or at lineSep alone. Empty lines are records, as in Spark's text
 * source; what follows the last line end is one only if it is not empty. Values are views of the
 * text; bytes that are not UTF-8 become U+FFFD. Nothing can be malformed; a record longer than
 * maxRecordBytes ends the flow, because no part of it would be right.
 *
 * The column is called `value` unless the schema, one string, calls it otherwise. */
#ifndef MR_CORE_FORMAT_TEXT_TEXT_READER_H
#define MR_CORE_FORMAT_TEXT_TEXT_READER_H

#include "core/batch/batch.h"
#include "core/mem/heap.h"

enum { MR_TEXT_SEP_MAX = 256, MR_TEXT_RECORD_BYTES_DEFAULT = 16 << 20 };

struct mr_text_options {
    bool is_whole;                  /* wholeText: the file is the record */
    uint32_t record_bytes_max;      /* maxRecordBytes */
    char line_sep[MR_TEXT_SEP_MAX]; /* empty = \n, \r\n or \r */
};

struct mr_text_reader;

void mr_text_options_init(struct mr_text_options *options);

/* mr_text_options_set: wholeText, lineSep, maxRecordBytes, encoding, charset.
 * returns MR_E_INVALID for another name or a bad value, MR_E_UNSUPPORTED for other encodings than
 * UTF-8 */
MR_MUST_USE mr_status mr_text_options_set(struct mr_text_options *options, struct mr_span name,
                                          struct mr_span value, struct mr_err *err);
bool mr_text_option_is_known(struct mr_span name);

/* mr_text_schema: struct<value: string>; lives for ever. */
const struct mr_type *mr_text_schema(void);

/* mr_text_reader_open: `schema` and `options` are copied.
 * returns MR_E_TYPE for a schema that is not one string column, MR_E_NOMEM */
MR_MUST_USE mr_status mr_text_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                                          const struct mr_text_options *options,
                                          struct mr_text_reader **out_reader, struct mr_err *err);
void mr_text_reader_close(struct mr_text_reader *reader); /* null is allowed */
const struct mr_type *mr_text_reader_schema(const struct mr_text_reader *reader);
void mr_text_reader_begin(struct mr_text_reader *reader);

/* mr_text_reader_decode: as mr_json_reader_decode.
 * returns MR_E_LIMIT for a record that is too long, MR_E_NOMEM */
MR_MUST_USE mr_status mr_text_reader_decode(struct mr_text_reader *reader, const char *text,
                                            size_t bytes, bool is_last, struct mr_batch *batch,
                                            size_t *out_consumed, struct mr_err *err);
/* mr_text_reader_wants_end: with wholeText, an empty file's record is not out: decode is called
 * with no bytes and is_last. */
bool mr_text_reader_wants_end(const struct mr_text_reader *reader);
uint32_t mr_text_reader_records(const struct mr_text_reader *reader); /* of the last decode */
uint64_t mr_text_reader_rows(const struct mr_text_reader *reader);    /* since open */

#endif

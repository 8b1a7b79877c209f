/* CSV text to record batches.
 *
 * A reader turns the bytes of one file after another into batches of a fixed schema. It does no
 * I/O: the caller pushes contiguous text and keeps what was not consumed. In front is an index of
 * the bytes that mean something (kernels/csv); a walk over it gives each record's values as places
 * in the text, column by column, and each column is then converted at once. Strings are views of
 * the text; only those with escapes are rewritten, into the batch's arena.
 *
 * A record is a line, or with multiLine what lies between line ends outside quotes. Blank lines and
 * comments are no records. What comes out never depends on how the text was cut.
 *
 * Columns of a file are found in the schema by the names of its header. Without one they go by
 * their place; where the schema was inferred from such files, whose columns are _c0, _c1 and so on,
 * a file's width is that of its first record. A column that the schema lacks is unknown.
 *
 *   case               PERMISSIVE                              DROPMALFORMED   FAILFAST
 *   malformed          row of what there is; the text in the   dropped         error
 *                      corrupt column if it exists
 *   misfit, rescue     field null, value in the rescued one    the same        the same
 *   misfit, none       field null, text in the corrupt column  dropped         error
 *
 * Malformed are a record with fewer or more values than the file has columns, one beyond a limit,
 * and one whose quotes are refused. Of the last two kinds nothing but the text is kept; values too
 * many are rescued as _c<place>. With badRecordsPath the mode is not looked at: malformed records,
 * and misfits that nothing rescues, have no row and leave through mr_csv_reader_bad_records.
 * Bytes that are not UTF-8 become U+FFFD. A row that is dropped is left out of the selection.
 *
 * Source: SEMANTICS.md 1.3, 1.6; RFC 4180; Spark 4 UnivocityParser. */
#ifndef MR_CORE_FORMAT_CSV_CSV_READER_H
#define MR_CORE_FORMAT_CSV_CSV_READER_H

#include "core/batch/batch.h"
#include "core/format/csv/csv_options.h"
#include "core/mem/heap.h"
#include "kernels/csv/csv_index.h"
#include "kernels/text/zone.h"

struct mr_csv_reader;

/* records = rows + dropped; rescued and misfits count records, not values. */
struct mr_csv_counters {
    uint64_t records;
    uint64_t rows;
    uint64_t malformed;
    uint64_t misfits; /* records with a misfit while rescue is off */
    uint64_t rescued; /* records with rescued data */
    uint64_t dropped; /* records without a row */
};

/* mr_csv_reader_open: a reader for batches of `schema`, a struct of plain types; its members named
 * by the options columnNameOfCorruptRecord and rescuedDataColumn must be strings. A rescued column
 * that the schema lacks is added at its end. `options` is copied; `zone` (null = UTC) and `kernels`
 * are borrowed.
 * returns MR_E_TYPE for a nested type and for those columns, MR_E_NOMEM */
MR_MUST_USE mr_status mr_csv_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                                         const struct mr_csv_options *options,
                                         const struct mr_csv_kernels *kernels,
                                         const struct mr_zone *zone,
                                         struct mr_csv_reader **out_reader, struct mr_err *err);
void mr_csv_reader_close(struct mr_csv_reader *reader); /* null is allowed */

/* mr_csv_reader_want: before the first input: which members somebody asks for. The others are null
 * in every row, and what their values are is not looked at. When a rescued-data column collects
 * what misfits, nothing is left out.
 * wanted         a flag for each member; null = all
 * wants_unknown  false: columns that the schema lacks are not collected */
void mr_csv_reader_want(struct mr_csv_reader *reader, const bool *wanted, bool wants_unknown);

/* mr_csv_reader_schema: of the batches; lives as long as the reader. */
const struct mr_type *mr_csv_reader_schema(const struct mr_csv_reader *reader);

/* mr_csv_reader_begin: a new file starts. `file_path` is what rescued data names; copied.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_csv_reader_begin(struct mr_csv_reader *reader, struct mr_span file_path,
                                          struct mr_err *err);

/* mr_csv_reader_decode: up to MR_BATCH_ROWS_MAX records from the front of the text.
 * text          bytes[bytes], readable MR_PAD further; the part of the file that starts where the
 *               last call's consumed part ended; below 1 GiB; kept until the batch is done with
 * is_last       nothing follows in this file
 * batch         made by mr_batch_init over an arena; gets columns, rows, selection and bufs, where
 *               bufs.at[0] is `text`. Row i is record i. Range and first_record are the caller's
 * out_consumed  bytes done with. 0 and no records: more text is needed; that never happens when
 *               is_last or when `bytes` exceeds the record limit and a line end
 * returns       MR_OK; MR_E_CORRUPT in mode FAILFAST, `at` being an offset in `text`; MR_E_SCHEMA
 *               for a header that enforceSchema => false refuses; MR_E_NOMEM. After an error
 *               begin a new file. */
MR_MUST_USE mr_status mr_csv_reader_decode(struct mr_csv_reader *reader, const char *text,
                                           size_t bytes, bool is_last, struct mr_batch *batch,
                                           size_t *out_consumed, struct mr_err *err);

/* mr_csv_reader_records: records that the last decode took, rows or not. */
uint32_t mr_csv_reader_records(const struct mr_csv_reader *reader);

const struct mr_csv_counters *mr_csv_reader_counters(const struct mr_csv_reader *reader);

/* mr_csv_reader_has_unknown: whether columns that the schema lacks were seen since open, other than
 * ones that differ from known names in case only.
 * mr_csv_reader_unknown: a struct type of these columns, types inferred from the values that were
 * seen, in `arena`; merge it with mr_type_add_columns. */
bool mr_csv_reader_has_unknown(const struct mr_csv_reader *reader);
MR_MUST_USE mr_status mr_csv_reader_unknown(const struct mr_csv_reader *reader,
                                            struct mr_arena *arena,
                                            const struct mr_type **out_type, struct mr_err *err);

/* mr_csv_reader_misfits: the same for members whose values their columns could not hold, with the
 * types that these values have, for a schema that may widen. */
bool mr_csv_reader_has_misfits(const struct mr_csv_reader *reader);
MR_MUST_USE mr_status mr_csv_reader_misfits(const struct mr_csv_reader *reader,
                                            struct mr_arena *arena,
                                            const struct mr_type **out_type, struct mr_err *err);

/* mr_csv_reader_bad_records: with badRecordsPath, one JSON line {"path","reason","record"} per
 * record of the last decode that has no row; until the next one. */
struct mr_span mr_csv_reader_bad_records(const struct mr_csv_reader *reader);

#endif

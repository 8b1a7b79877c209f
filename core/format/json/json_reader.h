/* JSON text to record batches.
 *
 * A reader turns the bytes of one input after another into batches of a fixed schema. It does no
 * I/O: the caller pushes contiguous text and keeps what was not consumed. In front is the
 * structural index (kernels/json); a cursor walks it record by record into typed columns. Strings
 * are views of the text itself; only those with escapes are rewritten, into the batch's arena.
 * The order of keys is predicted from the last record. Nothing is allocated per row.
 *
 * Records are lines, or with multiLine the elements of the document's array or the document
 * itself. An array in a line gives a record per element. Blank lines are no records. A record that
 * is not JSON, exceeds maxRecordBytes or nests deeper than 256 is malformed: it is data, not an
 * error, and the stream goes on behind it. What comes out never depends on how the text was cut.
 *
 *   case              PERMISSIVE                               DROPMALFORMED   FAILFAST
 *   malformed         row of nulls; its text in the corrupt    dropped         error
 *                     and the rescued column if they exist
 *   misfit, rescue    field null, value in the rescued column  the same        the same
 *   misfit, none      field null, text in the corrupt column   dropped         error
 *
 * A misfit is a value that its column's type cannot hold. Rescue is on when the option names the
 * column. With badRecordsPath the mode is not looked at: malformed records, and misfits that
 * nothing rescues, have no row and leave through mr_json_reader_bad_records.
 * In multiLine mode records before the first break of the document's outer form are kept, where
 * Spark makes the whole file one malformed record: here records stream. A break, and a record over
 * the limit, make the rest of a document one malformed record.
 *
 * An array or map with an item that misfits is null as a whole, as in Spark; a struct inside one
 * loses its misfit members only. Either way the outermost array or map is rescued whole.
 *
 * Source: SEMANTICS.md 1.3, 1.6; RFC 8259; Spark 4 JacksonParser. */
#ifndef MR_CORE_FORMAT_JSON_JSON_READER_H
#define MR_CORE_FORMAT_JSON_JSON_READER_H

#include "core/batch/batch.h"
#include "core/format/json/json_options.h"
#include "core/mem/heap.h"
#include "kernels/json/json_index.h"
#include "kernels/text/zone.h"

struct mr_json_reader;

/* records = rows + dropped; rescued and misfits count records, not values. */
struct mr_json_counters {
    uint64_t documents; /* lines or documents that were looked at */
    uint64_t records;
    uint64_t rows;
    uint64_t malformed; /* records that are not JSON or over a limit */
    uint64_t misfits;   /* records with a misfit while rescue is off */
    uint64_t rescued;   /* records with rescued data */
    uint64_t dropped;   /* records without a row */
};

/* mr_json_reader_open: a reader for batches of `schema`, a struct; its members named by the options
 * columnNameOfCorruptRecord and rescuedDataColumn must be strings. A rescued column that the schema
 * lacks is added at its end. `options` is copied; `zone` (null = UTC) and `kernels` are borrowed.
 * returns MR_E_INVALID for a map whose key is no string, MR_E_TYPE for those columns, MR_E_NOMEM */
MR_MUST_USE mr_status mr_json_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                                          const struct mr_json_options *options,
                                          const struct mr_json_kernels *kernels,
                                          const struct mr_zone *zone,
                                          struct mr_json_reader **out_reader, struct mr_err *err);
void mr_json_reader_close(struct mr_json_reader *reader); /* null is allowed */

/* mr_json_reader_want: before the first input: what of the schema somebody asks for. A member that
 * nobody wants is null in every row; its values have to be JSON but need not fit its type, as where
 * Spark prunes columns. When a rescued-data column collects what misfits, nothing is left out.
 * wanted         a flag for each type below the schema, in pre-order; those of a wanted member's
 *                parents are set, too. Null = all
 * wants_unknown  false: fields that the schema lacks are not collected */
void mr_json_reader_want(struct mr_json_reader *reader, const bool *wanted, bool wants_unknown);

/* mr_json_reader_schema: of the batches; lives as long as the reader. */
const struct mr_type *mr_json_reader_schema(const struct mr_json_reader *reader);

/* mr_json_reader_begin: a new input starts. `file_path` is what rescued data names; copied.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_json_reader_begin(struct mr_json_reader *reader, struct mr_span file_path,
                                           struct mr_err *err);

/* mr_json_reader_decode: up to MR_BATCH_ROWS_MAX records from the front of the text.
 * text          bytes[bytes], readable MR_PAD further; the part of the input that starts where the
 *               last call's consumed part ended; below 4 GiB; kept until the batch is done with
 * is_last       nothing follows in this input
 * batch         made by mr_batch_init over an arena; gets columns, rows, ordinals and bufs, where
 *               bufs.at[0] is `text`. Its range and first_record are the caller's
 * out_consumed  bytes done with. 0 and no records: more text is needed; that never happens when
 *               is_last or when `bytes` exceeds the record limit
 * returns       MR_OK; MR_E_CORRUPT in mode FAILFAST, `at` being an offset in `text`; MR_E_NOMEM.
 *               After an error begin a new input. */
MR_MUST_USE mr_status mr_json_reader_decode(struct mr_json_reader *reader, const char *text,
                                            size_t bytes, bool is_last, struct mr_batch *batch,
                                            size_t *out_consumed, struct mr_err *err);

/* mr_json_reader_records: records that the last decode took, rows or not; the next batch's
 * first_record is the last one's plus this. */
uint32_t mr_json_reader_records(const struct mr_json_reader *reader);

const struct mr_json_counters *mr_json_reader_counters(const struct mr_json_reader *reader);

/* mr_json_reader_has_unknown: whether fields that the schema lacks were seen since open, other than
 * ones that differ from known names in case only.
 * mr_json_reader_unknown: a struct type of these fields, nested ones inside the structs they belong
 * to, types inferred from what was seen, in `arena`; merge it with mr_type_add_columns. Fields
 * beyond a limit of 10,000 are left for the next epoch. */
bool mr_json_reader_has_unknown(const struct mr_json_reader *reader);
MR_MUST_USE mr_status mr_json_reader_unknown(const struct mr_json_reader *reader,
                                             struct mr_arena *arena,
                                             const struct mr_type **out_type, struct mr_err *err);

/* mr_json_reader_misfits: the same for members whose values their columns could not hold, with the
 * types that these values have, for a schema that may widen. */
bool mr_json_reader_has_misfits(const struct mr_json_reader *reader);
MR_MUST_USE mr_status mr_json_reader_misfits(const struct mr_json_reader *reader,
                                             struct mr_arena *arena,
                                             const struct mr_type **out_type, struct mr_err *err);

/* mr_json_reader_bad_records: with badRecordsPath, one JSON line {"path","reason","record"} per
 * record of the last decode that has no row; until the next one. A batch ends when there are
 * 256 KiB of them, so it is that and one record at most. */
struct mr_span mr_json_reader_bad_records(const struct mr_json_reader *reader);

#endif

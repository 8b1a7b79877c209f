/* Whole files to record batches: format binaryFile.
 *
 * A file is a record of four columns, of which a schema may have some:
 *
 *   path              string     as Spark spells it: file:/in/a.png
 *   modificationTime  timestamp
 *   length            bigint     bytes when the file was planned
 *   content           binary     null in every row when nobody wants it: then a file may be of any
 *                                size and its bytes just pass
 *
 * Content is one piece of memory; a file of more than 1 GiB is refused by name, and one that the
 * flow's share of memory cannot hold fails there. Bytes are those of the file: nothing is
 * decompressed. */
#ifndef MR_CORE_FORMAT_BINARY_BINARY_READER_H
#define MR_CORE_FORMAT_BINARY_BINARY_READER_H

#include "core/batch/batch.h"
#include "core/mem/heap.h"

enum { MR_BINARY_BYTES_MAX = 1 << 30 };

struct mr_binary_reader;

/* mr_binary_schema: all four columns; lives for ever. */
const struct mr_type *mr_binary_schema(void);

/* mr_binary_reader_open: returns MR_E_TYPE for a schema with another column or type, MR_E_NOMEM */
MR_MUST_USE mr_status mr_binary_reader_open(struct mr_heap *heap, const struct mr_type *schema,
                                            struct mr_binary_reader **out_reader,
                                            struct mr_err *err);
void mr_binary_reader_close(struct mr_binary_reader *reader); /* null is allowed */

/* mr_binary_reader_want: a flag for each member of the schema; null = all. */
void mr_binary_reader_want(struct mr_binary_reader *reader, const bool *wanted);
const struct mr_type *mr_binary_reader_schema(const struct mr_binary_reader *reader);

/* mr_binary_reader_begin: a file starts; `path` is absolute and borrowed until the next one. */
void mr_binary_reader_begin(struct mr_binary_reader *reader, struct mr_span path,
                            int64_t modified_us, uint64_t bytes);

/* mr_binary_reader_decode: as mr_json_reader_decode: one record, when the text is the last.
 * returns MR_E_LIMIT for a file that is too large, MR_E_NOMEM */
MR_MUST_USE mr_status mr_binary_reader_decode(struct mr_binary_reader *reader, const char *text,
                                              size_t bytes, bool is_last, struct mr_batch *batch,
                                              size_t *out_consumed, struct mr_err *err);
/* mr_binary_reader_wants_end: the file's record is not out: an empty file has no text that is the
 * last; then decode is called with no bytes and is_last. */
bool mr_binary_reader_wants_end(const struct mr_binary_reader *reader);
uint32_t mr_binary_reader_records(const struct mr_binary_reader *reader); /* of the last decode */
uint64_t mr_binary_reader_rows(const struct mr_binary_reader *reader);    /* since open */

#endif

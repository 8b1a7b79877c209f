/* Paths and partition values as text.
 *
 * A file's `path` in the log is a URI (RFC 2396), relative to the table or absolute: encoded once
 * on write, decoded once on read. What names a file is the decoded path without "file:" and empty
 * authority, so that "/a%20b", "file:/a b" and "file:///a%20b" are one file.
 *
 * A partition value is text or null; the empty string means null. Directory names mean nothing to a
 * reader, but ours are what Hive and Spark make: column=value, with characters that a file system
 * or a URI could trip over as %XX. So a blank in a partition value stays itself in the directory
 * name and is "%20" in the log; a colon is "%3A" in the directory name and "%253A" in the log.
 * Source: PROTOCOL.md "Partition Value Serialization"; Hive's FileUtils.escapePathName; DELTA.md
 * 1.5. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_PATH_H
#define MR_CORE_FORMAT_DELTA_DELTA_PATH_H

#include "core/batch/vec.h"
#include "core/mem/text.h"

#define MR_DELTA_NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"

/* mr_delta_path_encode: appends the URI of a path. mr_delta_path_decode: appends the path that the
 * URI names, canonical as above; a "%" without two hexadecimal digits stands for itself. */
void mr_delta_path_encode(struct mr_span path, struct mr_text *out);
void mr_delta_path_decode(struct mr_span uri, struct mr_text *out);

/* mr_delta_path_is_inside: whether a decoded path is relative and stays below the table's folder:
 * no "..", no scheme, no zero byte. */
bool mr_delta_path_is_inside(struct mr_span path);

/* mr_delta_partition_type_ok: whether a column of the type can partition a table: boolean, numbers,
 * strings, dates and timestamps. */
bool mr_delta_partition_type_ok(const struct mr_type *type);

/* mr_delta_partition_text: appends the value's text. Dates as yyyy-mm-dd; timestamps in ISO 8601 in
 * UTC with microseconds ("2021-09-08T11:11:11.000000Z"), without zone for timestamp_ntz.
 * returns false, and appends nothing, when the value is null or an empty string */
bool mr_delta_partition_text(const struct mr_vec *vec, uint32_t row, struct mr_text *out);

/* mr_delta_partition_dir: appends "column=value"; null text = null value. */
void mr_delta_partition_dir(struct mr_span column, struct mr_span value, struct mr_text *out);

/* mr_delta_partition_json: the partitionValues object of a file; null text = null value. */
void mr_delta_partition_json(const struct mr_span *columns, const struct mr_span *values,
                             uint32_t count, struct mr_text *out);

#endif

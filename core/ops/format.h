/* Formats of input: which one a source has, and its options.
 *
 *   json, csv     records of columns, with inference, rescued data and parser modes
 *   text          a line, or with wholeText a file, is a record of one column, `value`
 *   binaryFile    a file is a record: path, modificationTime, length, content
 *
 * The other formats of Auto Loader are refused by name. Each reader has its own options under
 * core/format; here they are set by name whatever the format is, and what the formats share is
 * asked for in one way. What reads them is a decoder (core/ops/decoder.h). */
#ifndef MR_CORE_OPS_FORMAT_H
#define MR_CORE_OPS_FORMAT_H

#include "core/format/binary/binary_reader.h"
#include "core/format/csv/csv_options.h"
#include "core/format/json/json_options.h"
#include "core/format/text/text_reader.h"
#include "core/schema/type.h"

typedef enum mr_format_id {
    MR_FORMAT_JSON,
    MR_FORMAT_CSV,
    MR_FORMAT_TEXT,
    MR_FORMAT_BINARY,
} mr_format_id;

struct mr_format {
    mr_format_id id;
    struct mr_json_options json; /* these three by id */
    struct mr_csv_options csv;
    struct mr_text_options text;
};

/* mr_format_init: the format of a name ("csv"; empty = json) with its defaults.
 * returns MR_E_UNSUPPORTED, by name, for a format that cannot be read */
MR_MUST_USE mr_status mr_format_init(struct mr_format *format, struct mr_span name,
                                     struct mr_err *err);

/* mr_format_set: one option. One that the format has no use for is passed over, since the table of
 * source options has checked its name and type.
 * mr_format_check: after the last one: options that contradict each other. */
MR_MUST_USE mr_status mr_format_set(struct mr_format *format, struct mr_span name,
                                    struct mr_span value, struct mr_err *err);
MR_MUST_USE mr_status mr_format_check(const struct mr_format *format, struct mr_err *err);

/* What formats share; "" where the format has no such thing. */
const char *mr_format_rescued_column(const struct mr_format *format);
const char *mr_format_bad_records_path(const struct mr_format *format);
const char *mr_format_time_zone(const struct mr_format *format);

/* mr_format_may_split: files may be cut into ranges at line feeds.
 * mr_format_is_raw: bytes are taken as they are in the file, compressed or not. */
bool mr_format_may_split(const struct mr_format *format);
bool mr_format_is_raw(const struct mr_format *format);

/* mr_format_fixed_schema: the columns that a format always has; null when they are the files'
 * matter. */
const struct mr_type *mr_format_fixed_schema(const struct mr_format *format);

/* mr_format_set_schema: what depends on where the schema comes from: `is_given` by the user or
 * inferred; `infers_types` for columns that are found. An inferred schema has a rescued-data
 * column, and CSV files then have headers unless a user says otherwise. */
void mr_format_set_schema(struct mr_format *format, bool is_given, bool infers_types);

#endif

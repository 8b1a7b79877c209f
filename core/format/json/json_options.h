/* Options of the JSON format, set by name as in Spark and Auto Loader.
 *
 * Every JSON row of SEMANTICS.md 1.3 is here. Names are matched without regard to case; a name
 * that is not in the table is an error, so that a misspelled option never goes unnoticed. Options
 * whose effect lies outside the decoder are checked and kept for whoever acts on them: timeZone
 * (resolve the name, pass the zone to the reader), badRecordsPath (write what
 * mr_json_reader_bad_records hands out), mode addNewColumns and the like are the source's own. */
#ifndef MR_CORE_FORMAT_JSON_JSON_OPTIONS_H
#define MR_CORE_FORMAT_JSON_JSON_OPTIONS_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "kernels/text/pattern.h"

typedef enum mr_json_parse_mode {
    MR_JSON_PERMISSIVE,
    MR_JSON_DROPMALFORMED,
    MR_JSON_FAILFAST,
} mr_json_parse_mode;

enum {
    MR_JSON_NAME_MAX = 256,
    MR_JSON_PATH_MAX = 1024,
    MR_JSON_RECORD_BYTES_DEFAULT = 16 << 20,
    MR_JSON_DEPTH_MAX = 256,
};

struct mr_json_options {
    mr_json_parse_mode mode;
    bool is_multi_line;
    bool infers_column_types; /* false: every inferred column is a string */
    bool infers_timestamp;
    bool prefers_decimal;
    bool primitives_as_string;
    bool drops_all_null_fields;
    bool allows_comments;
    bool allows_single_quotes;
    bool allows_words; /* NaN, Infinity, INF with signs, unquoted */
    bool allows_leading_zeros;
    bool allows_unquoted_names;
    bool allows_control_chars;
    bool allows_any_escape;
    bool is_case_sensitive;
    bool keeps_file_path;      /* "_file_path" in rescued data */
    bool has_no_lane;          /* no option of a user's: every record by the cursor, to compare */
    uint32_t record_bytes_max; /* a longer record is malformed */
    char corrupt_column[MR_JSON_NAME_MAX];
    char rescued_column[MR_JSON_NAME_MAX]; /* empty = no rescue */
    char time_zone[MR_JSON_NAME_MAX];      /* empty = the session's */
    char bad_records_path[MR_JSON_PATH_MAX];
    char line_sep[MR_JSON_NAME_MAX]; /* empty = \n, \r\n or \r */
    bool has_date_format;
    bool has_timestamp_format;
    bool has_ntz_format;
    struct mr_pattern date_format; /* these three when not the default */
    struct mr_pattern timestamp_format;
    struct mr_pattern ntz_format;
};

/* mr_json_options_init: the defaults of SEMANTICS.md 1.3. */
void mr_json_options_init(struct mr_json_options *options);

/* mr_json_options_set: one option by its name.
 * returns MR_E_INVALID for an unknown name or a bad value, MR_E_UNSUPPORTED, by name, for what is
 * not offered: singleVariantColumn, encodings other than UTF-8, locales other than English */
MR_MUST_USE mr_status mr_json_options_set(struct mr_json_options *options, struct mr_span name,
                                          struct mr_span value, struct mr_err *err);

/* mr_json_option_is_known: whether mr_json_options_set has a row for the name. */
bool mr_json_option_is_known(struct mr_span name);

#endif

/* Options of the CSV format, set by name as in Spark and Auto Loader.
 *
 * Every CSV row of SEMANTICS.md 1.3 is here. Names are matched without regard to case; a name that
 * is not in the table is an error. Options whose effect lies outside the decoder are checked and
 * kept for whoever acts on them: timeZone (resolve the name, pass the zone to the reader),
 * badRecordsPath (write what mr_csv_reader_bad_records hands out).
 *
 * The dialect is univocity's, which Spark reads with. Quote, escape and comment are one ASCII
 * character or, as empty text, off; a separator may have several bytes and escapes such as \t. The
 * character that escapes the escape is, when not given, the escape itself unless that is the quote.
 *
 * Whether the first line names columns is `has_header`; `is_header_set` says that a user decided,
 * since the default depends on whether the schema is inferred. The same goes for enforceSchema. */
#ifndef MR_CORE_FORMAT_CSV_CSV_OPTIONS_H
#define MR_CORE_FORMAT_CSV_CSV_OPTIONS_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "kernels/text/pattern.h"

typedef enum mr_csv_parse_mode {
    MR_CSV_PERMISSIVE,
    MR_CSV_DROPMALFORMED,
    MR_CSV_FAILFAST,
} mr_csv_parse_mode;

/* What a value is that goes on behind its closing quote. */
typedef enum mr_csv_stray_quote {
    MR_CSV_STOP_AT_DELIMITER,     /* the text up to the separator, opening quote and all */
    MR_CSV_STOP_AT_CLOSING_QUOTE, /* the quotes are part of it; it ends at one before a separator */
    MR_CSV_BACK_TO_DELIMITER,     /* as if there had been no opening quote */
    MR_CSV_SKIP_VALUE,            /* null */
    MR_CSV_RAISE_ERROR,           /* the record is malformed */
} mr_csv_stray_quote;

enum {
    MR_CSV_NAME_MAX = 256,
    MR_CSV_PATH_MAX = 1024,
    MR_CSV_RECORD_BYTES_DEFAULT = 16 << 20,
    MR_CSV_COLUMNS_DEFAULT = 20480,
};

struct mr_csv_options {
    mr_csv_parse_mode mode;
    mr_csv_stray_quote stray_quote;
    bool is_multi_line;
    bool has_header;
    bool is_header_set;
    bool enforces_schema; /* the header is not looked at: columns go by their place */
    bool is_enforce_set;
    bool infers_column_types; /* false: every inferred column is a string */
    bool prefers_date;
    bool trims_leading;
    bool trims_trailing;
    bool is_case_sensitive;
    bool keeps_file_path;      /* "_file_path" in rescued data */
    bool has_no_lane;          /* no option of a user's: every record the careful way, to compare */
    char quote;                /* these four: '\0' = off */
    char escape;
    char escape_escape;
    char comment;
    bool is_escape_escape_set;
    uint32_t record_bytes_max; /* a longer record is malformed */
    uint32_t columns_max;
    int64_t value_chars_max; /* -1 = no limit of its own */
    uint32_t skip_rows;      /* lines at the start of a file that are no records */
    double sampling_ratio;   /* of the records of a sample that inference looks at */
    uint32_t sep_bytes;
    char sep[MR_CSV_NAME_MAX];
    char line_sep[MR_CSV_NAME_MAX]; /* empty = \n, \r\n or \r */
    char null_value[MR_CSV_NAME_MAX];
    char empty_value[MR_CSV_NAME_MAX];
    char nan_value[MR_CSV_NAME_MAX];
    char positive_inf[MR_CSV_NAME_MAX];
    char negative_inf[MR_CSV_NAME_MAX];
    char corrupt_column[MR_CSV_NAME_MAX];
    char rescued_column[MR_CSV_NAME_MAX]; /* empty = no rescue */
    char time_zone[MR_CSV_NAME_MAX];      /* empty = the session's */
    char bad_records_path[MR_CSV_PATH_MAX];
    bool has_date_format;
    bool has_timestamp_format;
    bool has_ntz_format;
    struct mr_pattern date_format; /* these three when not the default */
    struct mr_pattern timestamp_format;
    struct mr_pattern ntz_format;
};

/* mr_csv_options_init: the defaults of SEMANTICS.md 1.3. */
void mr_csv_options_init(struct mr_csv_options *options);

/* mr_csv_options_set: one option by its name.
 * returns MR_E_INVALID for an unknown name or a bad value, MR_E_UNSUPPORTED, by name, for what is
 * not offered: singleVariantColumn, encodings other than UTF-8, locales other than English */
MR_MUST_USE mr_status mr_csv_options_set(struct mr_csv_options *options, struct mr_span name,
                                         struct mr_span value, struct mr_err *err);

/* mr_csv_option_is_known: whether mr_csv_options_set has a row for the name. */
bool mr_csv_option_is_known(struct mr_span name);

/* mr_csv_options_check: what several options together cannot be. Call after the last set.
 * returns MR_E_INVALID when separator, quote, comment and line end are not told apart,
 * MR_E_UNSUPPORTED for BACK_TO_DELIMITER with multiLine */
MR_MUST_USE mr_status mr_csv_options_check(const struct mr_csv_options *options,
                                           struct mr_err *err);

#endif

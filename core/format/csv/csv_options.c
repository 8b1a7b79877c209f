#include "core/format/csv/csv_options.h"

#include <string.h>

#include "core/base/checked.h"
#include "kernels/text/number.h"

enum { CODE_OPTION = 2311, CODE_UNSUPPORTED = 2312, COLUMNS_MAX = 1 << 20 };

enum option_kind {
    OPTION_BOOL,
    OPTION_TEXT,
    OPTION_PATTERN, /* the bool that says it is set lies at `flag` */
    OPTION_MODE,
    OPTION_STRAY,
    OPTION_CHAR,
    OPTION_SEP,
    OPTION_BYTES,
    OPTION_COLUMNS,
    OPTION_CHARS,
    OPTION_ROWS,
    OPTION_RATIO,
    OPTION_ENCODING,
    OPTION_LOCALE,
    OPTION_IGNORED, /* checked to be true or false; holds in any case */
    OPTION_REFUSED,
};

struct option {
    const char *name;
    enum option_kind kind;
    uint32_t room; /* OPTION_TEXT */
    size_t at;
    size_t flag; /* a bool that is set with the option; 0 = none */
};

#define AT(member) offsetof(struct mr_csv_options, member)
#define TEXT(name, member)                                                                         \
    {                                                                                              \
        name, OPTION_TEXT, sizeof(((struct mr_csv_options *)0)->member), AT(member)                \
    }

static const struct option table[] = {
    {"multiLine", OPTION_BOOL, 0, AT(is_multi_line)},
    {"header", OPTION_BOOL, 0, AT(has_header), AT(is_header_set)},
    {"enforceSchema", OPTION_BOOL, 0, AT(enforces_schema), AT(is_enforce_set)},
    {"inferColumnTypes", OPTION_BOOL, 0, AT(infers_column_types)},
    {"inferSchema", OPTION_BOOL, 0, AT(infers_column_types)},
    {"preferDate", OPTION_BOOL, 0, AT(prefers_date)},
    {"prefersDate", OPTION_BOOL, 0, AT(prefers_date)},
    {"ignoreLeadingWhiteSpace", OPTION_BOOL, 0, AT(trims_leading)},
    {"ignoreTrailingWhiteSpace", OPTION_BOOL, 0, AT(trims_trailing)},
    {"readerCaseSensitive", OPTION_BOOL, 0, AT(is_case_sensitive)},
    {"rescuedDataColumn.filePath.enabled", OPTION_BOOL, 0, AT(keeps_file_path)},
    {"mergeSchema", OPTION_IGNORED},
    {"mode", OPTION_MODE},
    {"unescapedQuoteHandling", OPTION_STRAY},
    {"sep", OPTION_SEP},
    {"delimiter", OPTION_SEP},
    {"quote", OPTION_CHAR, 0, AT(quote)},
    {"escape", OPTION_CHAR, 0, AT(escape)},
    {"charToEscapeQuoteEscaping", OPTION_CHAR, 0, AT(escape_escape), AT(is_escape_escape_set)},
    {"comment", OPTION_CHAR, 0, AT(comment)},
    {"maxRecordBytes", OPTION_BYTES},
    {"maxColumns", OPTION_COLUMNS},
    {"maxCharsPerColumn", OPTION_CHARS},
    {"skipRows", OPTION_ROWS},
    {"samplingRatio", OPTION_RATIO},
    TEXT("lineSep", line_sep),
    TEXT("nullValue", null_value),
    TEXT("emptyValue", empty_value),
    TEXT("nanValue", nan_value),
    TEXT("positiveInf", positive_inf),
    TEXT("negativeInf", negative_inf),
    TEXT("columnNameOfCorruptRecord", corrupt_column),
    TEXT("rescuedDataColumn", rescued_column),
    TEXT("timeZone", time_zone),
    TEXT("badRecordsPath", bad_records_path),
    {"dateFormat", OPTION_PATTERN, 0, AT(date_format), AT(has_date_format)},
    {"timestampFormat", OPTION_PATTERN, 0, AT(timestamp_format), AT(has_timestamp_format)},
    {"timestampNTZFormat", OPTION_PATTERN, 0, AT(ntz_format), AT(has_ntz_format)},
    {"encoding", OPTION_ENCODING},
    {"charset", OPTION_ENCODING},
    {"locale", OPTION_LOCALE},
    {"singleVariantColumn", OPTION_REFUSED},
};

void mr_csv_options_init(struct mr_csv_options *options)
{
    *options = (struct mr_csv_options){
        .mode = MR_CSV_PERMISSIVE,
        .stray_quote = MR_CSV_STOP_AT_DELIMITER,
        .enforces_schema = true,
        .prefers_date = true,
        .is_case_sensitive = true,
        .keeps_file_path = true,
        .quote = '"',
        .escape = '\\',
        .escape_escape = '\\',
        .record_bytes_max = MR_CSV_RECORD_BYTES_DEFAULT,
        .columns_max = MR_CSV_COLUMNS_DEFAULT,
        .value_chars_max = -1,
        .sampling_ratio = 1,
        .sep_bytes = 1,
        .sep = ",",
        .nan_value = "NaN",
        .positive_inf = "Inf",
        .negative_inf = "-Inf",
        .corrupt_column = "_corrupt_record",
    };
}

static const struct option *option_find(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(table); i++) {
        if (mr_span_ieq(name, mr_span_of(table[i].name))) return &table[i];
    }
    return NULL;
}

bool mr_csv_option_is_known(struct mr_span name)
{
    return option_find(name) != NULL;
}

static mr_status value_error(const struct option *option, struct mr_span value, const char *wanted,
                             struct mr_err *err)
{
    return mr_err_set(err, MR_E_INVALID, CODE_OPTION, "the CSV option %s cannot be \"%.*s\": %s",
                      option->name, (int)MR_MIN(value.bytes, (size_t)100), value.text, wanted);
}

static mr_status set_bool(bool *out, const struct option *option, struct mr_span value,
                          struct mr_err *err)
{
    bool is_true = mr_span_ieq(value, MR_SPAN("true"));
    if (!is_true && !mr_span_ieq(value, MR_SPAN("false"))) {
        return value_error(option, value, "it is true or false", err);
    }
    *out = is_true;
    return MR_OK;
}

static mr_status set_text(char *out, const struct option *option, struct mr_span value,
                          struct mr_err *err)
{
    if (value.bytes >= option->room || memchr(value.text, '\0', value.bytes) != NULL) {
        return value_error(option, value, "the text is too long or has a zero byte", err);
    }
    memcpy(out, value.text, value.bytes);
    out[value.bytes] = '\0';
    return MR_OK;
}

/* The position of the value in a list of words; the enums are in the lists' order. */
static mr_status set_word(unsigned *out, const struct option *option, struct mr_span value,
                          const char *const *words, unsigned count, const char *wanted,
                          struct mr_err *err)
{
    for (unsigned i = 0; i < count; i++) {
        if (!mr_span_ieq(value, mr_span_of(words[i]))) continue;
        *out = i;
        return MR_OK;
    }
    return value_error(option, value, wanted, err);
}

/* -- characters ---------------------------------------------------------------------------- */

/* The byte that an escape such as \t stands for; -1 for another one. */
static int escaped_byte(struct mr_span value, size_t *used)
{
    static const char letters[] = "trbf\"'\\|", bytes[] = "\t\r\b\f\"'\\|";
    *used = 2;
    if (value.bytes >= 6 && memcmp(value.text, "\\u0000", 6) == 0) {
        *used = 6;
        return '\0';
    }
    const char *found = value.bytes < 2 ? NULL : memchr(letters, value.text[1], 8);
    return found == NULL ? -1 : bytes[found - letters];
}

static mr_status set_char(char *out, const struct option *option, struct mr_span value,
                          struct mr_err *err)
{
    size_t used = value.bytes;
    int byte = value.bytes == 0 ? '\0' : (unsigned char)value.text[0];
    if (value.bytes > 1) byte = value.text[0] == '\\' ? escaped_byte(value, &used) : -1;
    if (byte < 0 || byte > 0x7f || used != value.bytes || byte == '\n' || byte == '\r') {
        return value_error(option, value, "it is one ASCII character, or empty for none", err);
    }
    *out = (char)byte;
    return MR_OK;
}

/* As Spark reads a separator: \t and the like are one character each. */
static mr_status set_sep(struct mr_csv_options *options, const struct option *option,
                         struct mr_span value, struct mr_err *err)
{
    char sep[MR_CSV_NAME_MAX];
    uint32_t bytes = 0;
    struct mr_span rest = value;
    while (rest.bytes > 0) {
        size_t used = 1;
        int byte = (unsigned char)rest.text[0];
        if (byte == '\\' && value.bytes > 1) byte = escaped_byte(rest, &used);
        if (byte < 0) return value_error(option, value, "it has an escape that is not known", err);
        if (byte == '\n' || byte == '\r' || bytes + 1 >= sizeof sep) {
            return value_error(option, value, "it is too long or has an end of line", err);
        }
        sep[bytes++] = (char)byte;
        rest = (struct mr_span){rest.text + used, rest.bytes - used};
    }
    if (bytes == 0) return value_error(option, value, "it has at least one character", err);
    memcpy(options->sep, sep, bytes);
    options->sep[bytes] = '\0';
    options->sep_bytes = bytes;
    return MR_OK;
}

/* -- numbers ------------------------------------------------------------------------------- */

static mr_status set_number(int64_t *out, const struct option *option, struct mr_span value,
                            int64_t least, int64_t most, const char *wanted, struct mr_err *err)
{
    int64_t number;
    if (mr_i64_parse(value.text, value.bytes, &number) != MR_PARSE_OK || number < least ||
        number > most) {
        return value_error(option, value, wanted, err);
    }
    *out = number;
    return MR_OK;
}

static mr_status set_count(struct mr_csv_options *options, const struct option *option,
                           struct mr_span value, struct mr_err *err)
{
    int64_t number = 0;
    switch (option->kind) {
    case OPTION_BYTES:
        MR_TRY(set_number(&number, option, value, 1024, INT64_C(1) << 30,
                          "it is a number of bytes from 1024 to 1 GiB", err));
        options->record_bytes_max = (uint32_t)number;
        return MR_OK;
    case OPTION_COLUMNS:
        MR_TRY(set_number(&number, option, value, 1, COLUMNS_MAX, "it is 1 to 1048576", err));
        options->columns_max = (uint32_t)number;
        return MR_OK;
    case OPTION_ROWS:
        MR_TRY(set_number(&number, option, value, 0, INT32_MAX, "it is a number of lines", err));
        options->skip_rows = (uint32_t)number;
        return MR_OK;
    default:
        return set_number(&options->value_chars_max, option, value, -1, INT32_MAX,
                          "it is a number of characters, or -1 for no limit", err);
    }
}

static mr_status set_ratio(double *out, const struct option *option, struct mr_span value,
                           struct mr_err *err)
{
    double ratio;
    if (mr_double_parse(value.text, value.bytes, &ratio) != MR_PARSE_OK || !(ratio > 0) ||
        ratio > 1) {
        return value_error(option, value, "it is above 0 and at most 1", err);
    }
    *out = ratio;
    return MR_OK;
}

/* -- all ----------------------------------------------------------------------------------- */

static mr_status check_word(const struct option *option, struct mr_span value,
                            const char *const *allowed, size_t count, struct mr_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (mr_span_ieq(value, mr_span_of(allowed[i]))) return MR_OK;
    }
    return mr_err_set(err, MR_E_UNSUPPORTED, CODE_UNSUPPORTED,
                      "the CSV option %s does not support \"%.*s\", only %s", option->name,
                      (int)MR_MIN(value.bytes, (size_t)100), value.text, allowed[0]);
}

static mr_status set_words(struct mr_csv_options *options, const struct option *option,
                           struct mr_span value, struct mr_err *err)
{
    static const char *const encodings[] = {"UTF-8", "UTF8", "US-ASCII", "ASCII"};
    static const char *const locales[] = {"en-US", "US", "en", "en-GB", "en_US", "en_GB"};
    static const char *const modes[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
    static const char *const stray[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE",
                                        "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"};
    unsigned word = 0;
    switch (option->kind) {
    case OPTION_MODE:
        MR_TRY(set_word(&word, option, value, modes, MR_COUNT_OF(modes),
                        "it is PERMISSIVE, DROPMALFORMED or FAILFAST", err));
        options->mode = (mr_csv_parse_mode)word;
        return MR_OK;
    case OPTION_STRAY:
        MR_TRY(set_word(&word, option, value, stray, MR_COUNT_OF(stray),
                        "it is STOP_AT_DELIMITER, STOP_AT_CLOSING_QUOTE, BACK_TO_DELIMITER, "
                        "SKIP_VALUE or RAISE_ERROR",
                        err));
        options->stray_quote = (mr_csv_stray_quote)word;
        return MR_OK;
    case OPTION_ENCODING: return check_word(option, value, encodings, MR_COUNT_OF(encodings), err);
    default: return check_word(option, value, locales, MR_COUNT_OF(locales), err);
    }
}

static mr_status set_value(struct mr_csv_options *options, const struct option *option,
                           struct mr_span value, struct mr_err *err)
{
    char *at = (char *)options + option->at;
    bool is_ignored;
    switch (option->kind) {
    case OPTION_BOOL: return set_bool((bool *)at, option, value, err);
    case OPTION_IGNORED: return set_bool(&is_ignored, option, value, err);
    case OPTION_TEXT: return set_text(at, option, value, err);
    case OPTION_PATTERN: return mr_pattern_compile((struct mr_pattern *)at, value, err);
    case OPTION_CHAR: return set_char(at, option, value, err);
    case OPTION_SEP: return set_sep(options, option, value, err);
    case OPTION_BYTES:
    case OPTION_COLUMNS:
    case OPTION_CHARS:
    case OPTION_ROWS: return set_count(options, option, value, err);
    case OPTION_RATIO: return set_ratio(&options->sampling_ratio, option, value, err);
    case OPTION_MODE:
    case OPTION_STRAY:
    case OPTION_ENCODING:
    case OPTION_LOCALE: return set_words(options, option, value, err);
    case OPTION_REFUSED: break;
    }
    return mr_err_set(err, MR_E_UNSUPPORTED, CODE_UNSUPPORTED, "the CSV option %s is not supported",
                      option->name);
}

mr_status mr_csv_options_set(struct mr_csv_options *options, struct mr_span name,
                             struct mr_span value, struct mr_err *err)
{
    const struct option *option = option_find(name);
    if (option == NULL) {
        return mr_err_set(err, MR_E_INVALID, CODE_OPTION, "there is no CSV option \"%.*s\"",
                          (int)MR_MIN(name.bytes, (size_t)100), name.text);
    }
    MR_TRY(set_value(options, option, value, err));
    if (option->flag != 0) *(bool *)((char *)options + option->flag) = true;
    if (!options->is_escape_escape_set) {
        options->escape_escape = options->quote == options->escape ? '\0' : options->escape;
    }
    return MR_OK;
}

mr_status mr_csv_options_check(const struct mr_csv_options *options, struct mr_err *err)
{
    const char chars[] = {options->quote, options->comment};
    const char *names[] = {"quote", "comment"};
    if (options->is_multi_line && options->stray_quote == MR_CSV_BACK_TO_DELIMITER) {
        /* Going back may make several records of one. */
        return mr_err_set(err, MR_E_UNSUPPORTED, CODE_UNSUPPORTED,
                          "the CSV option unescapedQuoteHandling does not support "
                          "\"BACK_TO_DELIMITER\" with multiLine");
    }
    if (options->line_sep[0] != '\0' && strstr(options->sep, options->line_sep) != NULL) {
        return mr_err_set(err, MR_E_INVALID, CODE_OPTION,
                          "the CSV option lineSep is a part of sep: records have no end");
    }
    for (int i = 0; i < 2; i++) {
        if (chars[i] == '\0') continue;
        if (options->sep_bytes == 1 && options->sep[0] == chars[i]) {
            return mr_err_set(err, MR_E_INVALID, CODE_OPTION,
                              "the CSV options sep and %s are the same character", names[i]);
        }
        if (strchr(options->line_sep, chars[i]) != NULL) {
            return mr_err_set(err, MR_E_INVALID, CODE_OPTION,
                              "the CSV options lineSep and %s share a character", names[i]);
        }
    }
    return MR_OK;
}

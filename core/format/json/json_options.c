#include "core/format/json/json_options.h"

#include <string.h>

#include "core/base/checked.h"
#include "kernels/text/number.h"

enum { CODE_OPTION = 2301, CODE_UNSUPPORTED = 2302 };

enum option_kind {
    OPTION_BOOL,
    OPTION_TEXT,
    OPTION_PATTERN, /* the bool that says it is set lies at `flag` */
    OPTION_MODE,
    OPTION_BYTES,
    OPTION_ENCODING,
    OPTION_LOCALE,
    OPTION_REFUSED,
};

struct option {
    const char *name;
    enum option_kind kind;
    uint32_t room; /* OPTION_TEXT */
    size_t at;
    size_t flag;
};

#define AT(member) offsetof(struct mr_json_options, member)
#define ROOM(member) sizeof(((struct mr_json_options *)0)->member)

static const struct option table[] = {
    {"multiLine", OPTION_BOOL, 0, AT(is_multi_line)},
    {"mode", OPTION_MODE, 0, AT(mode)},
    {"columnNameOfCorruptRecord", OPTION_TEXT, ROOM(corrupt_column), AT(corrupt_column)},
    {"badRecordsPath", OPTION_TEXT, ROOM(bad_records_path), AT(bad_records_path)},
    {"dateFormat", OPTION_PATTERN, 0, AT(date_format), AT(has_date_format)},
    {"timestampFormat", OPTION_PATTERN, 0, AT(timestamp_format), AT(has_timestamp_format)},
    {"timestampNTZFormat", OPTION_PATTERN, 0, AT(ntz_format), AT(has_ntz_format)},
    {"timeZone", OPTION_TEXT, ROOM(time_zone), AT(time_zone)},
    {"inferColumnTypes", OPTION_BOOL, 0, AT(infers_column_types)},
    {"inferTimestamp", OPTION_BOOL, 0, AT(infers_timestamp)},
    {"prefersDecimal", OPTION_BOOL, 0, AT(prefers_decimal)},
    {"primitivesAsString", OPTION_BOOL, 0, AT(primitives_as_string)},
    {"dropFieldIfAllNull", OPTION_BOOL, 0, AT(drops_all_null_fields)},
    {"allowComments", OPTION_BOOL, 0, AT(allows_comments)},
    {"allowSingleQuotes", OPTION_BOOL, 0, AT(allows_single_quotes)},
    {"allowNonNumericNumbers", OPTION_BOOL, 0, AT(allows_words)},
    {"allowNumericLeadingZeros", OPTION_BOOL, 0, AT(allows_leading_zeros)},
    {"allowUnquotedFieldNames", OPTION_BOOL, 0, AT(allows_unquoted_names)},
    {"allowUnquotedControlChars", OPTION_BOOL, 0, AT(allows_control_chars)},
    {"allowBackslashEscapingAnyCharacter", OPTION_BOOL, 0, AT(allows_any_escape)},
    {"readerCaseSensitive", OPTION_BOOL, 0, AT(is_case_sensitive)},
    {"rescuedDataColumn", OPTION_TEXT, ROOM(rescued_column), AT(rescued_column)},
    {"rescuedDataColumn.filePath.enabled", OPTION_BOOL, 0, AT(keeps_file_path)},
    {"maxRecordBytes", OPTION_BYTES, 0, AT(record_bytes_max)},
    {"lineSep", OPTION_TEXT, ROOM(line_sep), AT(line_sep)},
    {"encoding", OPTION_ENCODING},
    {"charset", OPTION_ENCODING},
    {"locale", OPTION_LOCALE},
    {"singleVariantColumn", OPTION_REFUSED},
};

void mr_json_options_init(struct mr_json_options *options)
{
    *options = (struct mr_json_options){
        .mode = MR_JSON_PERMISSIVE,
        .allows_single_quotes = true,
        .allows_words = true,
        .is_case_sensitive = true,
        .keeps_file_path = true,
        .record_bytes_max = MR_JSON_RECORD_BYTES_DEFAULT,
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

bool mr_json_option_is_known(struct mr_span name)
{
    return option_find(name) != NULL;
}

static mr_status value_error(const struct option *option, struct mr_span value, const char *wanted,
                             struct mr_err *err)
{
    return mr_err_set(err, MR_E_INVALID, CODE_OPTION, "the JSON option %s cannot be \"%.*s\": %s",
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

static mr_status set_mode(mr_json_parse_mode *out, const struct option *option,
                          struct mr_span value, struct mr_err *err)
{
    static const char *const names[] = {"PERMISSIVE", "DROPMALFORMED", "FAILFAST"};
    for (int i = 0; i < 3; i++) {
        if (!mr_span_ieq(value, mr_span_of(names[i]))) continue;
        *out = (mr_json_parse_mode)i;
        return MR_OK;
    }
    return value_error(option, value, "it is PERMISSIVE, DROPMALFORMED or FAILFAST", err);
}

static mr_status set_bytes(uint32_t *out, const struct option *option, struct mr_span value,
                           struct mr_err *err)
{
    int64_t bytes;
    if (mr_i64_parse(value.text, value.bytes, &bytes) != MR_PARSE_OK || bytes < 1024 ||
        bytes > INT64_C(1) << 30) {
        return value_error(option, value, "it is a number of bytes from 1024 to 1 GiB", err);
    }
    *out = (uint32_t)bytes;
    return MR_OK;
}

static mr_status check_word(const struct option *option, struct mr_span value,
                            const char *const *allowed, size_t count, struct mr_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (mr_span_ieq(value, mr_span_of(allowed[i]))) return MR_OK;
    }
    return mr_err_set(err, MR_E_UNSUPPORTED, CODE_UNSUPPORTED,
                      "the JSON option %s does not support \"%.*s\", only %s", option->name,
                      (int)MR_MIN(value.bytes, (size_t)100), value.text, allowed[0]);
}

mr_status mr_json_options_set(struct mr_json_options *options, struct mr_span name,
                              struct mr_span value, struct mr_err *err)
{
    static const char *const encodings[] = {"UTF-8", "UTF8", "US-ASCII", "ASCII"};
    static const char *const locales[] = {"en-US", "US", "en", "en-GB", "en_US", "en_GB"};
    const struct option *option = option_find(name);
    if (option == NULL) {
        return mr_err_set(err, MR_E_INVALID, CODE_OPTION, "there is no JSON option \"%.*s\"",
                          (int)MR_MIN(name.bytes, (size_t)100), name.text);
    }
    char *at = (char *)options + option->at;
    switch (option->kind) {
    case OPTION_BOOL: return set_bool((bool *)at, option, value, err);
    case OPTION_TEXT: return set_text(at, option, value, err);
    case OPTION_MODE: return set_mode((mr_json_parse_mode *)at, option, value, err);
    case OPTION_BYTES: return set_bytes((uint32_t *)at, option, value, err);
    case OPTION_PATTERN:
        MR_TRY(mr_pattern_compile((struct mr_pattern *)at, value, err));
        *((bool *)((char *)options + option->flag)) = true;
        return MR_OK;
    case OPTION_ENCODING: return check_word(option, value, encodings, MR_COUNT_OF(encodings), err);
    case OPTION_LOCALE: return check_word(option, value, locales, MR_COUNT_OF(locales), err);
    case OPTION_REFUSED: break;
    }
    return mr_err_set(err, MR_E_UNSUPPORTED, CODE_UNSUPPORTED,
                      "the JSON option %s is not supported yet", option->name);
}

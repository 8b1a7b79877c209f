#include "core/ops/format.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { CODE_FORMAT = 2320 };

mr_status mr_format_init(struct mr_format *format, struct mr_span name, struct mr_err *err)
{
    static const char *const names[] = {"json", "csv", "text", "binaryFile"};
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (!mr_span_ieq(name, mr_span_of(names[i])) && (i > 0 || name.bytes > 0)) continue;
        *format = (struct mr_format){.id = (mr_format_id)i};
        mr_json_options_init(&format->json);
        mr_csv_options_init(&format->csv);
        mr_text_options_init(&format->text);
        return MR_OK;
    }
    mr_err_set(err, MR_E_UNSUPPORTED, CODE_FORMAT,
               "format %.*s cannot be read in this version, only json, csv, text and binaryFile",
               (int)name.bytes, name.text);
    mr_err_help(err, "convert the files, or read them with another program into a Delta table");
    return MR_E_UNSUPPORTED;
}

mr_status mr_format_set(struct mr_format *f, struct mr_span name, struct mr_span value,
                        struct mr_err *err)
{
    switch (f->id) {
    case MR_FORMAT_JSON:
        return mr_json_option_is_known(name) ? mr_json_options_set(&f->json, name, value, err)
                                             : MR_OK;
    case MR_FORMAT_CSV:
        return mr_csv_option_is_known(name) ? mr_csv_options_set(&f->csv, name, value, err) : MR_OK;
    case MR_FORMAT_TEXT:
        return mr_text_option_is_known(name) ? mr_text_options_set(&f->text, name, value, err)
                                             : MR_OK;
    case MR_FORMAT_BINARY: break;
    }
    return MR_OK;
}

mr_status mr_format_check(const struct mr_format *f, struct mr_err *err)
{
    return f->id == MR_FORMAT_CSV ? mr_csv_options_check(&f->csv, err) : MR_OK;
}

const char *mr_format_rescued_column(const struct mr_format *f)
{
    if (f->id == MR_FORMAT_JSON) return f->json.rescued_column;
    return f->id == MR_FORMAT_CSV ? f->csv.rescued_column : "";
}

const char *mr_format_bad_records_path(const struct mr_format *f)
{
    if (f->id == MR_FORMAT_JSON) return f->json.bad_records_path;
    return f->id == MR_FORMAT_CSV ? f->csv.bad_records_path : "";
}

const char *mr_format_time_zone(const struct mr_format *f)
{
    if (f->id == MR_FORMAT_JSON) return f->json.time_zone;
    return f->id == MR_FORMAT_CSV ? f->csv.time_zone : "";
}

bool mr_format_may_split(const struct mr_format *f)
{
    switch (f->id) {
    case MR_FORMAT_JSON: return !f->json.is_multi_line && f->json.line_sep[0] == '\0';
    case MR_FORMAT_CSV:
        /* What stands in front of a file's records holds for all of them. */
        return !f->csv.is_multi_line && f->csv.line_sep[0] == '\0' && !f->csv.has_header &&
               f->csv.skip_rows == 0;
    case MR_FORMAT_TEXT: return !f->text.is_whole && f->text.line_sep[0] == '\0';
    case MR_FORMAT_BINARY: break;
    }
    return false;
}

bool mr_format_is_raw(const struct mr_format *f)
{
    return f->id == MR_FORMAT_BINARY;
}

const struct mr_type *mr_format_fixed_schema(const struct mr_format *f)
{
    if (f->id == MR_FORMAT_TEXT) return mr_text_schema();
    return f->id == MR_FORMAT_BINARY ? mr_binary_schema() : NULL;
}

void mr_format_set_schema(struct mr_format *f, bool is_given, bool infers_types)
{
    static const char rescued[] = "_rescued_data";
    f->json.infers_column_types = f->csv.infers_column_types = infers_types;
    if (!is_given && f->json.rescued_column[0] == '\0') {
        memcpy(f->json.rescued_column, rescued, sizeof rescued);
    }
    if (!is_given && f->csv.rescued_column[0] == '\0') {
        memcpy(f->csv.rescued_column, rescued, sizeof rescued);
    }
    if (!f->csv.is_header_set) f->csv.has_header = !is_given;
    /* Where the schema follows the files, or what does not fit is rescued, columns go by name. */
    if (!is_given || f->csv.rescued_column[0] != '\0') f->csv.is_enforce_set = false;
}

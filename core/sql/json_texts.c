#include "core/sql/json_texts.h"

#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_infer.h"
#include "core/format/json/json_reader.h"
#include "core/sql/parse.h"
#include "kernels/json/json_index.h"

static mr_status read_type(struct mr_arena *arena, struct mr_span text,
                           const struct mr_type **out_type, struct mr_err *err)
{
    mr_status status = mr_sql_parse_type(arena, text, out_type, err);
    if (status == MR_OK || status == MR_E_NOMEM) return status;
    return mr_sql_parse_schema(arena, text, out_type, err);
}

/* is_elsewhere: options that are about files, or that would change how texts become records. */
static bool is_elsewhere(struct mr_span name)
{
    static const char *const names[] = {"multiLine",        "lineSep",
                                        "encoding",         "badRecordsPath",
                                        "rescuedDataColumn", "allowUnquotedControlChars"};
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (mr_span_ieq(name, mr_span_of(names[i]))) return true;
    }
    return false;
}

static mr_status read_options(const struct mr_json_settings *settings,
                              struct mr_json_options *options, struct mr_err *err)
{
    mr_json_options_init(options);
    for (uint32_t i = 0; i < settings->count; i++) {
        struct mr_span name = settings->texts[2 * i], value = settings->texts[2 * i + 1];
        bool drops = mr_span_ieq(name, MR_SPAN("mode")) &&
                     mr_span_ieq(value, MR_SPAN("DROPMALFORMED"));
        if (drops || is_elsewhere(name)) {
            return mr_err_set(err, MR_E_UNSUPPORTED, 1004,
                              "from_json does not support the option \"%.*s\" = \"%.*s\"",
                              (int)name.bytes, name.text, (int)value.bytes, value.text);
        }
        MR_TRY(mr_json_options_set(options, name, value, err));
    }
    return MR_OK;
}

static mr_status check(const struct mr_json_settings *settings, struct mr_err *err)
{
    struct mr_json_options options;
    return read_options(settings, &options, err);
}

/* infer_text: the type of `{"value":text}`, whose only member's it is. */
static mr_status infer_text(struct mr_arena *arena, const struct mr_json_options *options,
                            struct mr_span text, const struct mr_type **out_type,
                            struct mr_err *err)
{
    struct mr_json_infer *infer = NULL;
    size_t consumed, bytes = text.bytes + 11;
    char *line = mr_arena_alloc(arena, bytes + MR_PAD, 64);
    if (line == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a type");
    memcpy(line, "{\"value\":", 9);
    memcpy(line + 9, text.text, text.bytes);
    memcpy(line + 9 + text.bytes, "}\n", 2);
    for (size_t i = 0; i < bytes - 1; i++) {
        if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    }
    MR_TRY(mr_json_infer_open(arena->heap, options, mr_json_kernels(MR_ISA_REF), &infer, err));
    mr_status status = mr_json_infer_begin(infer, err);
    if (status == MR_OK) status = mr_json_infer_feed(infer, line, bytes, true, &consumed, err);
    if (status == MR_OK && mr_json_infer_malformed(infer) > 0) {
        status = mr_err_set(err, MR_E_CORRUPT, 1318, "this is not JSON: '%.*s'",
                            (int)MR_MIN(text.bytes, 100u), text.text);
    }
    if (status == MR_OK) status = mr_json_infer_type(infer, arena, out_type, err);
    mr_json_infer_close(infer);
    return status;
}

static mr_status infer(struct mr_arena *arena, const struct mr_json_settings *settings,
                       struct mr_span text, const struct mr_type **out_type, struct mr_err *err)
{
    struct mr_json_options options;
    const struct mr_type *type;
    MR_TRY(read_options(settings, &options, err));
    options.infers_column_types = true;
    MR_TRY(infer_text(arena, &options, text, &type, err));
    *out_type = type->field_count == 1 ? type->fields[0].type : mr_type_of(MR_TYPE_STRING);
    return MR_OK;
}

static mr_status open_reader(struct mr_heap *heap, const struct mr_type *schema,
                             const struct mr_json_settings *settings, mr_isa isa,
                             const struct mr_zone *zone, void **out_reader, struct mr_err *err)
{
    struct mr_json_options options;
    struct mr_json_reader *reader;
    MR_TRY(read_options(settings, &options, err));
    MR_TRY(mr_json_reader_open(heap, schema, &options, mr_json_kernels(isa), zone, &reader, err));
    mr_status status = mr_json_reader_begin(reader, MR_SPAN(""), err);
    if (status == MR_OK) *out_reader = reader;
    else mr_json_reader_close(reader);
    return status;
}

static mr_status decode(void *reader, struct mr_span text, struct mr_batch *batch,
                        size_t *out_consumed, struct mr_err *err)
{
    return mr_json_reader_decode(reader, text.text, text.bytes, true, batch, out_consumed, err);
}

static void close_reader(void *reader)
{
    mr_json_reader_close(reader);
}

const struct mr_json_codec *mr_sql_json_codec(void)
{
    static const struct mr_json_codec codec = {read_type, check, infer, open_reader, decode,
                                               close_reader};
    return &codec;
}

#include <math.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/json_text.h"
#include "kernels/text/base64.h"
#include "kernels/text/number.h"

static void write_double(double value, size_t bytes, const char *digits, struct mr_text *out)
{
    bool is_word = isnan(value) || isinf(value);
    if (is_word) mr_text_addc(out, '"');
    mr_text_add(out, digits, bytes);
    if (is_word) mr_text_addc(out, '"');
}

/* write_time: 2021-09-08T11:11:11.000Z, with the zone's offset. */
static void write_time(int64_t us, const struct mr_zone *zone, bool has_zone, struct mr_text *out)
{
    char text[MR_TIME_TEXT_MAX];
    int64_t local = us;
    if (has_zone && !mr_zone_to_local(zone, us, &local)) local = us;
    mr_text_addc(out, '"');
    mr_text_add(out, text, mr_time_format(local, 3, "", text));
    if (has_zone) {
        int32_t offset = mr_zone_offset(zone, us), size = offset < 0 ? -offset : offset;
        if (offset == 0) mr_text_addc(out, 'Z');
        else mr_text_addf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 3600,
                          size / 60 % 60);
    }
    mr_text_addc(out, '"');
}

static void write_binary(struct mr_span bytes, struct mr_text *out)
{
    char four[8];
    mr_text_addc(out, '"');
    for (size_t at = 0; at < bytes.bytes; at += 3) {
        size_t count = MR_MIN(bytes.bytes - at, 3u);
        mr_text_add(out, four, mr_base64_encode((const uint8_t *)bytes.text + at, count, four));
    }
    mr_text_addc(out, '"');
}

static void write_scalar(const struct mr_vec *vec, uint32_t row, const struct mr_zone *zone,
                         struct mr_text *out)
{
    const struct mr_operand operand = {.vec = *vec};
    char text[MR_NUMBER_TEXT_MAX];
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN:
        mr_text_adds(out, mr_bit_get(vec->values, row) ? "true" : "false");
        break;
    case MR_TYPE_FLOAT: {
        float value = ((const float *)vec->values)[row];
        write_double(value, mr_float_format(value, text), text, out);
        break;
    }
    case MR_TYPE_DOUBLE: {
        double value = ((const double *)vec->values)[row];
        write_double(value, mr_double_format(value, text), text, out);
        break;
    }
    case MR_TYPE_DECIMAL:
        mr_text_add(out, text,
                    mr_decimal_format(mr_operand_decimal(&operand, row), vec->type->scale, text));
        break;
    case MR_TYPE_STRING: mr_text_add_json(out, mr_vec_span(vec, row)); break;
    case MR_TYPE_BINARY: write_binary(mr_vec_span(vec, row), out); break;
    case MR_TYPE_DATE:
        mr_text_addc(out, '"');
        mr_text_add(out, text, mr_date_format(mr_vec_i64(vec, row), text));
        mr_text_addc(out, '"');
        break;
    case MR_TYPE_TIMESTAMP: write_time(mr_vec_i64(vec, row), zone, true, out); break;
    case MR_TYPE_TIMESTAMP_NTZ: write_time(mr_vec_i64(vec, row), NULL, false, out); break;
    default: mr_text_add(out, text, mr_i64_format(mr_vec_i64(vec, row), text)); break;
    }
}

/* write_key: a map's key is a string, whatever it is. */
static void write_key(const struct mr_vec *keys, uint32_t row, const struct mr_zone *zone,
                      struct mr_text *out)
{
    bool is_text = keys->type->id == MR_TYPE_STRING;
    if (is_text) {
        mr_text_add_json(out, mr_vec_span(keys, row));
        return;
    }
    struct mr_text plain;
    mr_text_init(&plain, out->heap);
    mr_json_write(keys, row, zone, true, &plain);
    struct mr_span span = mr_text_span(&plain);
    bool is_quoted = span.bytes > 1 && span.text[0] == '"';
    if (is_quoted) span = (struct mr_span){span.text + 1, span.bytes - 2};
    mr_text_add_json(out, span);
    out->is_failed = out->is_failed || plain.is_failed;
    mr_text_fini(&plain);
}

void mr_json_write(const struct mr_vec *vec, uint32_t row, const struct mr_zone *zone,
                   bool keeps_nulls, struct mr_text *out)
{
    bool is_first = true;
    if (mr_vec_is_null(vec, row)) {
        mr_text_adds(out, "null");
        return;
    }
    switch (vec->type->id) {
    case MR_TYPE_STRUCT:
        mr_text_addc(out, '{');
        for (uint32_t k = 0; k < vec->type->field_count; k++) {
            if (!keeps_nulls && mr_vec_is_null(&vec->children[k], row)) continue;
            if (!is_first) mr_text_addc(out, ',');
            is_first = false;
            mr_text_add_json(out, vec->type->fields[k].name);
            mr_text_addc(out, ':');
            mr_json_write(&vec->children[k], row, zone, keeps_nulls, out);
        }
        mr_text_addc(out, '}');
        break;
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: {
        bool is_map = vec->type->id == MR_TYPE_MAP;
        mr_text_addc(out, is_map ? '{' : '[');
        for (uint32_t at = vec->offsets[row]; at < vec->offsets[row + 1]; at++) {
            if (at > vec->offsets[row]) mr_text_addc(out, ',');
            if (is_map) {
                write_key(&vec->children[0], at, zone, out);
                mr_text_addc(out, ':');
            }
            mr_json_write(&vec->children[is_map], at, zone, keeps_nulls, out);
        }
        mr_text_addc(out, is_map ? '}' : ']');
        break;
    }
    default: write_scalar(vec, row, zone, out); break;
    }
}

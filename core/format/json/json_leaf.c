/* Scalars into columns: which token or text a type takes, as Spark's JacksonParser has it. */
#include <string.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/json/json_decoder_impl.h"
#include "kernels/text/base64.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"
#include "kernels/text/swift.h"

enum { SPACE_BYTES_MIN = 16 << 10, SPACE_BYTES_MAX = 64 << 20 };

char *json_space_take(struct json_decoder *d, uint32_t bytes)
{
    struct json_space *space = &d->space;
    if (space->at == NULL || bytes > space->room - space->used) {
        uint32_t room = MR_MAX(bytes, MR_MAX(d->space_bytes_next, (uint32_t)SPACE_BYTES_MIN));
        char *at = mr_arena_alloc(d->arena, room, 64);
        uint32_t buffer = d->bufs->count;
        if (at == NULL || buffer == MR_BUFS_MAX) {
            d->status = MR_E_NOMEM;
            return NULL;
        }
        d->bufs->at[d->bufs->count++] = at;
        *space = (struct json_space){.at = at, .room = room, .buffer = buffer};
        d->space_bytes_next = MR_MIN(room, (uint32_t)SPACE_BYTES_MAX / 2) * 2;
    }
    char *found = space->at + space->used;
    space->used += bytes;
    return found;
}

struct mr_view json_space_view(const struct json_decoder *d, const char *at, uint32_t bytes)
{
    return mr_view_of(at, bytes, d->space.buffer, (uint32_t)(at - d->space.at));
}

uint32_t json_decoder_string(struct json_decoder *d, uint32_t from, uint32_t to,
                             const char **out_text)
{
    *out_text = d->cursor.text + from;
    if (!json_needs_care(&d->cursor, from, to)) return to - from;
    char *at = json_space_take(d, to - from);
    if (at == NULL) return JSON_FAIL;
    uint32_t bytes = json_unescape(&d->cursor, from, to, at);
    if (bytes == JSON_FAIL) return JSON_FAIL;
    d->space.used -= to - from - bytes;
    *out_text = at;
    return bytes;
}

bool json_put_string(struct json_decoder *d, struct json_node *node, uint32_t row,
                     struct mr_span text)
{
    struct mr_view *values = node->vec->values;
    char *at = json_space_take(d, (uint32_t)text.bytes);
    if (at == NULL) return false;
    if (text.bytes > 0) memcpy(at, text.text, text.bytes);
    values[row] = json_space_view(d, at, (uint32_t)text.bytes);
    mr_bit_set(node->vec->validity, row);
    return true;
}

/* -- tokens -------------------------------------------------------------------------------- */

static bool put_integer(struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    int64_t value;
    if (!mr_swift_i64(text.text, (uint32_t)text.bytes, &value) &&
        mr_i64_parse(text.text, text.bytes, &value) != MR_PARSE_OK) {
        return false;
    }
    switch (vec->type->id) {
    case MR_TYPE_BYTE:
        if (value < INT8_MIN || value > INT8_MAX) return false;
        ((int8_t *)vec->values)[row] = (int8_t)value;
        return true;
    case MR_TYPE_SHORT:
        if (value < INT16_MIN || value > INT16_MAX) return false;
        ((int16_t *)vec->values)[row] = (int16_t)value;
        return true;
    case MR_TYPE_INT:
        if (value < INT32_MIN || value > INT32_MAX) return false;
        ((int32_t *)vec->values)[row] = (int32_t)value;
        return true;
    case MR_TYPE_TIMESTAMP: /* seconds */
        return !__builtin_mul_overflow(value, MR_US_PER_S, (int64_t *)vec->values + row);
    default: ((int64_t *)vec->values)[row] = value; return true;
    }
}

static bool put_real(struct mr_vec *vec, uint32_t row, struct mr_span text, bool is_word)
{
    double value;
    float narrow;
    if (vec->type->id == MR_TYPE_DOUBLE && !is_word &&
        mr_swift_double(text.text, (uint32_t)text.bytes, (double *)vec->values + row)) {
        return true;
    }
    if (vec->type->id == MR_TYPE_FLOAT && !is_word) {
        if (mr_float_parse(text.text, text.bytes, &narrow) != MR_PARSE_OK) return false;
        ((float *)vec->values)[row] = narrow;
        return true;
    }
    mr_parse status = is_word ? mr_double_parse_word(text.text, text.bytes, &value)
                              : mr_double_parse(text.text, text.bytes, &value);
    if (status != MR_PARSE_OK) return false;
    if (vec->type->id == MR_TYPE_FLOAT) {
        ((float *)vec->values)[row] = (float)value;
    } else {
        ((double *)vec->values)[row] = value;
    }
    return true;
}

static bool put_decimal(struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    __int128 value;
    mr_parse status =
        mr_decimal_parse(text.text, text.bytes, vec->type->precision, vec->type->scale, &value);
    if (status != MR_PARSE_OK && status != MR_PARSE_INEXACT) return false;
    if (mr_decimal_is_long(vec->type)) {
        ((int64_t *)vec->values)[row] = (int64_t)value;
    } else {
        ((__int128 *)vec->values)[row] = value;
    }
    return true;
}

static void put_boolean(struct mr_vec *vec, uint32_t row, bool value)
{
    if (value) {
        mr_bit_set(vec->values, row);
    } else {
        mr_bit_clear(vec->values, row);
    }
}

static bool token_fits(struct json_decoder *d, struct mr_vec *vec, uint32_t row, json_token token,
                       struct mr_span text)
{
    bool is_integer = token == JSON_TOKEN_INTEGER;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN:
        if (token != JSON_TOKEN_TRUE && token != JSON_TOKEN_FALSE) return false;
        put_boolean(vec, row, token == JSON_TOKEN_TRUE);
        return true;
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG:
    case MR_TYPE_TIMESTAMP: return is_integer && put_integer(vec, row, text);
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE:
        return (is_integer || token == JSON_TOKEN_REAL || token == JSON_TOKEN_WORD) &&
               put_real(vec, row, text, token == JSON_TOKEN_WORD);
    case MR_TYPE_DECIMAL:
        return (is_integer || token == JSON_TOKEN_REAL) && put_decimal(vec, row, text);
    case MR_TYPE_STRING:
        ((struct mr_view *)vec->values)[row] =
            json_text_view(d, (uint32_t)(text.text - d->cursor.text), (uint32_t)text.bytes);
        return true;
    default: return false;
    }
}

bool json_put_scalar(struct json_decoder *d, struct json_node *node, uint32_t row, json_token token,
                     struct mr_span text)
{
    struct mr_vec *vec = node->vec;
    if (token == JSON_TOKEN_NULL) return true; /* rows start as null */
    if (!token_fits(d, vec, row, token, text)) return false;
    mr_bit_set(vec->validity, row);
    return true;
}

/* -- text ---------------------------------------------------------------------------------- */

static bool put_date(struct json_decoder *d, struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    int32_t days;
    struct mr_pattern_time time;
    if (!d->options->has_date_format) {
        if (mr_date_parse(text.text, text.bytes, &days) != MR_PARSE_OK) return false;
    } else {
        mr_parse status = mr_pattern_parse(&d->options->date_format, text.text, text.bytes, &time);
        if (status != MR_PARSE_OK) return false;
        days = (int32_t)mr_floor_div(time.local_us, MR_US_PER_DAY);
    }
    ((int32_t *)vec->values)[row] = days;
    return true;
}

/* time_swift: "yyyy-mm-ddThh:mm:ss[.f]" of the day that was last looked up, with Z or in UTC. */
static bool time_swift(const struct json_decoder *d, struct mr_span text, bool is_ntz, int64_t *out)
{
    int64_t us;
    if (text.bytes < 19 || text.bytes > 29) return false;
    bool is_zulu = text.text[text.bytes - 1] == 'Z';
    if (is_zulu ? is_ntz : !is_ntz && d->zone != NULL) return false;
    if (text.text[10] != 'T' && text.text[10] != ' ') return false;
    if (!mr_swift_day_is(&d->date, text.text)) return false;
    if (!mr_swift_clock(text.text + 11, (uint32_t)text.bytes - 11 - is_zulu, &us)) return false;
    *out = d->date.days * MR_US_PER_DAY + us;
    return true;
}

static bool put_timestamp(struct json_decoder *d, struct mr_vec *vec, uint32_t row,
                          struct mr_span text)
{
    int64_t *out = (int64_t *)vec->values + row;
    const struct mr_json_options *options = d->options;
    mr_parse status;
    if (!options->has_timestamp_format && time_swift(d, text, false, out)) return true;
    if (options->has_timestamp_format) {
        status =
            mr_pattern_parse_utc(&options->timestamp_format, text.text, text.bytes, d->zone, out);
    } else {
        status = mr_timestamp_parse(text.text, text.bytes, d->zone, out);
    }
    return status == MR_PARSE_OK;
}

static bool put_ntz(struct json_decoder *d, struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    struct mr_pattern_time time;
    int64_t *out = (int64_t *)vec->values + row;
    if (!d->options->has_ntz_format) {
        if (time_swift(d, text, true, out)) return true;
        return mr_timestamp_ntz_parse(text.text, text.bytes, false, out) == MR_PARSE_OK;
    }
    mr_parse status = mr_pattern_parse(&d->options->ntz_format, text.text, text.bytes, &time);
    if (status != MR_PARSE_OK || time.has_offset) return false;
    *out = time.local_us;
    return true;
}

static bool put_binary(struct json_decoder *d, struct mr_vec *vec, uint32_t row,
                       struct mr_span text)
{
    size_t bytes;
    char *at = json_space_take(d, (uint32_t)mr_base64_room(text.bytes));
    if (at == NULL || !mr_base64_decode(text.text, text.bytes, (uint8_t *)at, &bytes)) return false;
    ((struct mr_view *)vec->values)[row] = json_space_view(d, at, (uint32_t)bytes);
    return true;
}

static bool text_fits(struct json_decoder *d, struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    switch (vec->type->id) {
    case MR_TYPE_BINARY: return put_binary(d, vec, row, text);
    case MR_TYPE_DATE: return put_date(d, vec, row, text);
    case MR_TYPE_TIMESTAMP: return put_timestamp(d, vec, row, text);
    case MR_TYPE_TIMESTAMP_NTZ: return put_ntz(d, vec, row, text);
    case MR_TYPE_DECIMAL: return put_decimal(vec, row, text);
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: {
        bool is_word = text.bytes > 0 && text.text[text.bytes - 1] > '9';
        return is_word && d->options->allows_words && put_real(vec, row, text, true);
    }
    default: return false;
    }
}

bool json_put_text(struct json_decoder *d, struct json_node *node, uint32_t row,
                   struct mr_span text)
{
    if (!text_fits(d, node->vec, row, text)) return false;
    mr_bit_set(node->vec->validity, row);
    return true;
}

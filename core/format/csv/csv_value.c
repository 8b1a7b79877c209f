/* One value into its column: which text a type takes, as Spark's UnivocityParser has it. */
#include "core/base/calendar.h"
#include "core/format/csv/csv_reader_impl.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

enum { NUMBER_BYTES_MAX = 512 };

static bool put_integer(struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    int64_t value;
    if (mr_i64_parse(text.text, text.bytes, &value) != MR_PARSE_OK) return false;
    switch (vec->type->id) {
    case MR_TYPE_BYTE:
        if (value != (int8_t)value) return false;
        ((int8_t *)vec->values)[row] = (int8_t)value;
        return true;
    case MR_TYPE_SHORT:
        if (value != (int16_t)value) return false;
        ((int16_t *)vec->values)[row] = (int16_t)value;
        return true;
    case MR_TYPE_INT:
        if (value != (int32_t)value) return false;
        ((int32_t *)vec->values)[row] = (int32_t)value;
        return true;
    default: ((int64_t *)vec->values)[row] = value; return true;
    }
}

static bool put_real(const struct mr_csv_reader *r, struct mr_vec *vec, uint32_t row,
                     struct mr_span text)
{
    double value;
    float narrow;
    if (vec->type->id == MR_TYPE_DOUBLE) {
        if (!csv_real(&r->options, text, &value)) return false;
        ((double *)vec->values)[row] = value;
        return true;
    }
    if (mr_float_parse(text.text, text.bytes, &narrow) != MR_PARSE_OK) {
        if (!csv_real(&r->options, text, &value)) return false;
        narrow = (float)value;
    }
    ((float *)vec->values)[row] = narrow;
    return true;
}

static bool put_decimal(struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    char room[NUMBER_BYTES_MAX];
    __int128 value;
    struct mr_span plain = csv_number_plain(text, room, sizeof room);
    if (plain.text == NULL) return false;
    mr_parse status =
        mr_decimal_parse(plain.text, plain.bytes, vec->type->precision, vec->type->scale, &value);
    if (status != MR_PARSE_OK && status != MR_PARSE_INEXACT) return false;
    if (mr_decimal_is_long(vec->type)) {
        ((int64_t *)vec->values)[row] = (int64_t)value;
    } else {
        ((__int128 *)vec->values)[row] = value;
    }
    return true;
}

static bool put_boolean(struct mr_vec *vec, uint32_t row, struct mr_span text)
{
    if (mr_span_ieq(text, MR_SPAN("true"))) {
        mr_bit_set(vec->values, row);
        return true;
    }
    if (!mr_span_ieq(text, MR_SPAN("false"))) return false;
    mr_bit_clear(vec->values, row);
    return true;
}

static bool put_date(const struct mr_csv_reader *r, struct mr_vec *vec, uint32_t row,
                     struct mr_span text)
{
    int32_t days;
    struct mr_pattern_time time;
    if (!r->options.has_date_format) {
        if (mr_date_parse(text.text, text.bytes, &days) != MR_PARSE_OK) return false;
    } else {
        mr_parse status = mr_pattern_parse(&r->options.date_format, text.text, text.bytes, &time);
        if (status != MR_PARSE_OK) return false;
        days = (int32_t)mr_floor_div(time.local_us, MR_US_PER_DAY);
    }
    ((int32_t *)vec->values)[row] = days;
    return true;
}

static bool put_timestamp(const struct mr_csv_reader *r, struct mr_vec *vec, uint32_t row,
                          struct mr_span text)
{
    int64_t *out = (int64_t *)vec->values + row;
    if (!r->options.has_timestamp_format) {
        return mr_timestamp_parse(text.text, text.bytes, r->zone, out) == MR_PARSE_OK;
    }
    return mr_pattern_parse_utc(&r->options.timestamp_format, text.text, text.bytes, r->zone,
                                out) == MR_PARSE_OK;
}

static bool put_ntz(const struct mr_csv_reader *r, struct mr_vec *vec, uint32_t row,
                    struct mr_span text)
{
    struct mr_pattern_time time;
    int64_t *out = (int64_t *)vec->values + row;
    if (!r->options.has_ntz_format) {
        return mr_timestamp_ntz_parse(text.text, text.bytes, false, out) == MR_PARSE_OK;
    }
    mr_parse status = mr_pattern_parse(&r->options.ntz_format, text.text, text.bytes, &time);
    if (status != MR_PARSE_OK || time.has_offset) return false;
    *out = time.local_us;
    return true;
}

bool csv_value_put(struct mr_csv_reader *r, struct csv_member *member, struct mr_vec *vec,
                   uint32_t row, struct mr_span text)
{
    switch (member->type->id) {
    case MR_TYPE_BOOLEAN: return put_boolean(vec, row, text);
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG: return put_integer(vec, row, text);
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: return put_real(r, vec, row, text);
    case MR_TYPE_DECIMAL: return put_decimal(vec, row, text);
    case MR_TYPE_DATE: return put_date(r, vec, row, text);
    case MR_TYPE_TIMESTAMP: return put_timestamp(r, vec, row, text);
    case MR_TYPE_TIMESTAMP_NTZ: return put_ntz(r, vec, row, text);
    default: return false;
    }
}

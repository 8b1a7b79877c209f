#include "core/format/csv/csv_guess_impl.h"

#include "core/base/checked.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

struct mr_span csv_number_plain(struct mr_span text, char *room, size_t room_bytes)
{
    size_t used = 0;
    if (memchr(text.text, ',', text.bytes) == NULL) return text;
    if (text.bytes > room_bytes) return (struct mr_span){NULL, 0};
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] != ',') room[used++] = text.text[i];
    }
    return (struct mr_span){room, used};
}

static struct mr_span java_trim(struct mr_span text)
{
    while (text.bytes > 0 && (unsigned char)text.text[0] <= ' ') text.text++, text.bytes--;
    while (text.bytes > 0 && (unsigned char)text.text[text.bytes - 1] <= ' ') text.bytes--;
    return text;
}

/* NaN and Infinity as Java spells them, with a sign. */
static bool java_word(struct mr_span text, double *out)
{
    bool is_negative = text.bytes > 0 && text.text[0] == '-';
    if (is_negative || (text.bytes > 0 && text.text[0] == '+')) text.text++, text.bytes--;
    if (mr_span_is(text, "NaN")) {
        *out = __builtin_nan("");
    } else if (mr_span_is(text, "Infinity")) {
        *out = is_negative ? -__builtin_inf() : __builtin_inf();
    } else {
        return false;
    }
    return true;
}

bool csv_real(const struct mr_csv_options *options, struct mr_span text, double *out)
{
    if (mr_span_is(text, options->nan_value)) {
        *out = __builtin_nan("");
        return true;
    }
    if (mr_span_is(text, options->positive_inf) || mr_span_is(text, options->negative_inf)) {
        *out = mr_span_is(text, options->negative_inf) ? -__builtin_inf() : __builtin_inf();
        return true;
    }
    text = java_trim(text);
    if (text.bytes == 0) return false;
    char last = text.text[text.bytes - 1] | 32;
    if (text.bytes > 1 && (last == 'd' || last == 'f')) text.bytes--;
    return mr_double_parse(text.text, text.bytes, out) == MR_PARSE_OK || java_word(text, out);
}

static bool is_date(const struct csv_guesser *g, struct mr_span text)
{
    const struct mr_csv_options *o = g->options;
    struct mr_pattern_time time;
    int32_t days;
    if (!o->prefers_date) return false;
    if (!o->has_date_format) return mr_date_parse(text.text, text.bytes, &days) == MR_PARSE_OK;
    return mr_pattern_parse(&o->date_format, text.text, text.bytes, &time) == MR_PARSE_OK;
}

/* The default form of dates takes a time of day behind them, which is then lost. */
static bool is_date_only(struct mr_span text)
{
    text = java_trim(text);
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] == ':' || text.text[i] == 'T' || text.text[i] == ' ') return false;
    }
    return true;
}

static bool is_timestamp(const struct csv_guesser *g, struct mr_span text)
{
    const struct mr_csv_options *o = g->options;
    int64_t us;
    if (o->has_timestamp_format) {
        return mr_pattern_parse_utc(&o->timestamp_format, text.text, text.bytes, NULL, &us) ==
               MR_PARSE_OK;
    }
    return mr_timestamp_parse(text.text, text.bytes, NULL, &us) == MR_PARSE_OK;
}

static bool whole_number(struct mr_span text, struct mr_leaf_type *out)
{
    int64_t value, precision, scale;
    if (mr_i64_parse(text.text, text.bytes, &value) == MR_PARSE_OK) {
        out->id = value == (int32_t)value ? MR_TYPE_INT : MR_TYPE_LONG;
        return true;
    }
    /* Commas between thousands are for a column that is known to be a decimal. */
    if (mr_decimal_digits(text.text, text.bytes, &precision, &scale) != MR_PARSE_OK) return false;
    /* With a scale, even 1.0, it is left to double; 1e5 has a negative one, which Spark refuses. */
    if (scale != 0 || precision > MR_DECIMAL_PRECISION_MAX) return false;
    *out = (struct mr_leaf_type){MR_TYPE_DECIMAL, (uint8_t)MR_MAX(precision, 1), 0};
    return true;
}

static struct mr_leaf_type type_of(const struct csv_guesser *g, struct mr_span text)
{
    struct mr_leaf_type type = {.id = MR_TYPE_STRING};
    double real;
    bool is_date_like;
    if (whole_number(text, &type)) return type;
    is_date_like = is_date(g, text) && (g->options->has_date_format || is_date_only(text));
    if (csv_real(g->options, text, &real)) {
        type.id = MR_TYPE_DOUBLE;
    } else if (is_date_like) {
        type.id = MR_TYPE_DATE;
    } else if (is_timestamp(g, text)) {
        type.id = MR_TYPE_TIMESTAMP;
    } else if (mr_span_ieq(text, MR_SPAN("true")) || mr_span_ieq(text, MR_SPAN("false"))) {
        type.id = MR_TYPE_BOOLEAN;
    }
    return type;
}

static bool is_number(mr_type_id id)
{
    return id == MR_TYPE_INT || id == MR_TYPE_LONG || id == MR_TYPE_DOUBLE || id == MR_TYPE_DECIMAL;
}

static struct mr_leaf_type merge(const struct csv_guesser *g, struct mr_leaf_type a,
                                 struct mr_leaf_type b)
{
    const struct mr_leaf_type string = {.id = MR_TYPE_STRING};
    if (a.id == MR_TYPE_VOID) return b;
    if (a.id == b.id && a.id != MR_TYPE_DECIMAL) return a;
    if (is_number(a.id) && is_number(b.id)) {
        if (a.id == MR_TYPE_INT && b.id == MR_TYPE_LONG) return b;
        if (b.id == MR_TYPE_INT && a.id == MR_TYPE_LONG) return a;
        if (a.id == MR_TYPE_DOUBLE || b.id == MR_TYPE_DOUBLE) {
            return (struct mr_leaf_type){.id = MR_TYPE_DOUBLE};
        }
        struct mr_leaf_type sides[] = {a, b};
        uint8_t digits = 0;
        for (int i = 0; i < 2; i++) {
            uint8_t own = sides[i].id == MR_TYPE_INT    ? 10
                          : sides[i].id == MR_TYPE_LONG ? 20
                                                        : sides[i].precision;
            digits = MR_MAX(digits, own);
        }
        return (struct mr_leaf_type){MR_TYPE_DECIMAL, digits, 0};
    }
    bool is_time = (a.id == MR_TYPE_DATE && b.id == MR_TYPE_TIMESTAMP) ||
                   (a.id == MR_TYPE_TIMESTAMP && b.id == MR_TYPE_DATE);
    if (is_time && !g->options->has_date_format && !g->options->has_timestamp_format) {
        return (struct mr_leaf_type){.id = MR_TYPE_TIMESTAMP};
    }
    return string;
}

void csv_guess_add(const struct csv_guesser *g, struct mr_leaf_type *type, struct mr_span text)
{
    if (type->id == MR_TYPE_STRING) return;
    *type = g->infers ? merge(g, *type, type_of(g, text))
                      : (struct mr_leaf_type){.id = MR_TYPE_STRING};
}

const struct mr_type *csv_guess_type(struct mr_arena *arena, struct mr_leaf_type type)
{
    if (type.id == MR_TYPE_VOID) return mr_type_of(MR_TYPE_STRING);
    if (type.id == MR_TYPE_DECIMAL) return mr_type_decimal(arena, type.precision, type.scale);
    return mr_type_of(type.id);
}

#include "core/expr/value_code.h"

#include "core/base/checked.h"
#include "core/expr/coerce.h"
#include "core/expr/eval_impl.h"

enum { CODE_NULL = 0, CODE_PRESENT = 1, CODE_END = 0, CODE_MORE = 1 };

static void put_word(struct mr_text *out, uint64_t word, uint32_t bytes)
{
    char code[8];
    for (uint32_t i = 0; i < bytes; i++) code[i] = (char)(word >> 8 * (bytes - 1 - i));
    mr_text_add(out, code, bytes);
}

static uint64_t take_word(const char **at, uint32_t bytes)
{
    uint64_t word = 0;
    for (uint32_t i = 0; i < bytes; i++) word = word << 8 | (uint8_t)*(*at)++;
    return word;
}

static uint64_t sign_of(uint32_t bytes)
{
    return UINT64_C(1) << (8 * bytes - 1);
}

/* float_word: bits that order as the numbers do. */
static uint64_t float_word(double value, uint32_t bytes)
{
    uint64_t word = UINT64_C(0x7ff8000000000000);
    value += 0.0;
    if (bytes == 4) {
        float narrow = (float)value;
        uint32_t bits = 0x7fc00000;
        if (value == value) memcpy(&bits, &narrow, sizeof bits);
        word = bits;
    } else if (value == value) {
        memcpy(&word, &value, sizeof word);
    }
    bool is_negative = word & sign_of(bytes);
    return is_negative ? ~word : word ^ sign_of(bytes);
}

static void put_text(struct mr_text *out, struct mr_span text)
{
    const char *from = text.text, *end = text.text + text.bytes;
    while (from < end) {
        const char *zero = memchr(from, 0, (size_t)(end - from));
        const char *until = zero == NULL ? end : zero + 1;
        mr_text_add(out, from, (size_t)(until - from));
        if (zero != NULL) mr_text_addc(out, (char)0xff);
        from = until;
    }
    mr_text_add(out, "\0\0", 2);
}

static void encode_nested(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    uint32_t from = row, to = row + 1;
    bool is_list = vec->type->id != MR_TYPE_STRUCT;
    if (is_list) {
        from = vec->offsets[row];
        to = vec->offsets[row + 1];
    }
    for (uint32_t r = from; r < to; r++) {
        if (is_list) mr_text_addc(out, CODE_MORE);
        for (uint32_t k = 0; k < vec->type->field_count; k++) {
            mr_value_encode(&vec->children[k], r, out);
        }
    }
    if (is_list) mr_text_addc(out, CODE_END);
}

static void encode_fixed(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    uint32_t width = mr_type_width(vec->type);
    if (vec->type->id == MR_TYPE_FLOAT) {
        put_word(out, float_word(((const float *)vec->values)[row], 4), 4);
    } else if (vec->type->id == MR_TYPE_DOUBLE) {
        put_word(out, float_word(((const double *)vec->values)[row], 8), 8);
    } else if (width == 16) {
        mr_i128 value = ((const mr_i128 *)vec->values)[row];
        put_word(out, (uint64_t)(value >> 64) ^ sign_of(8), 8);
        put_word(out, (uint64_t)value, 8);
    } else {
        put_word(out, (uint64_t)mr_vec_i64(vec, row) ^ sign_of(width), width);
    }
}

void mr_value_encode(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    if (mr_vec_is_null(vec, row)) {
        mr_text_addc(out, CODE_NULL);
        return;
    }
    mr_text_addc(out, CODE_PRESENT);
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: mr_text_addc(out, mr_bit_get(vec->values, row)); break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: put_text(out, mr_vec_span(vec, row)); break;
    case MR_TYPE_STRUCT:
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: encode_nested(vec, row, out); break;
    default: encode_fixed(vec, row, out); break;
    }
}

/* decode_text: takes the escapes out into the text area; a text without any is copied at once. */
static mr_status decode_text(const char **at, struct mr_vec *vec, struct mr_text_area *area,
                             struct mr_err *err)
{
    const char *from = *at, *end = from;
    size_t escapes = 0;
    while (end[0] != 0 || end[1] != 0) {
        escapes += end[0] == 0;
        end += end[0] == 0 ? 2 : 1;
    }
    struct mr_span text = {from, (size_t)(end - from)};
    *at = end + 2;
    if (escapes > 0) {
        char *clean = mr_arena_alloc(area->arena, text.bytes, 1);
        if (clean == NULL) return mr_eval_nomem(err);
        size_t used = 0;
        for (const char *c = from; c < end; c += *c == 0 ? 2 : 1) clean[used++] = *c;
        text = (struct mr_span){clean, used};
    }
    return mr_column_append_text(vec, area, text, err);
}

static mr_status decode_nested(const char **at, struct mr_vec *vec, struct mr_text_area *area,
                               struct mr_err *err)
{
    bool is_list = vec->type->id != MR_TYPE_STRUCT;
    while (!is_list || *(*at)++ == CODE_MORE) {
        for (uint32_t k = 0; k < vec->type->field_count; k++) {
            if (is_list) MR_TRY(mr_column_grow(&vec->children[k], area->arena, 1, err));
            MR_TRY(mr_value_decode(at, &vec->children[k], area, err));
        }
        if (!is_list) break;
    }
    if (is_list) mr_column_close_list(vec);
    else mr_column_close_struct(vec);
    return MR_OK;
}

static void decode_float(const char **at, struct mr_vec *vec)
{
    uint32_t width = mr_type_width(vec->type);
    uint64_t word = take_word(at, width);
    word = word & sign_of(width) ? word ^ sign_of(width) : ~word;
    mr_column_append_fixed(vec, &word); /* the low bytes: little endian */
}

static void decode_fixed(const char **at, struct mr_vec *vec)
{
    uint32_t width = mr_type_width(vec->type);
    if (mr_type_is_float(vec->type)) {
        decode_float(at, vec);
    } else if (width == 16) {
        uint64_t high = take_word(at, 8) ^ sign_of(8);
        mr_i128 value = (mr_i128)((unsigned __int128)high << 64 | take_word(at, 8));
        mr_column_append_fixed(vec, &value);
    } else {
        uint64_t word = take_word(at, width) ^ sign_of(width);
        mr_column_append_fixed(vec, &word);
    }
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "narrow values are a word's first bytes");

mr_status mr_value_decode(const char **at, struct mr_vec *vec, struct mr_text_area *area,
                          struct mr_err *err)
{
    if (*(*at)++ == CODE_NULL) return mr_column_append_nulls(vec, area, 1, err);
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: mr_column_append_bool(vec, *(*at)++); return MR_OK;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return decode_text(at, vec, area, err);
    case MR_TYPE_STRUCT:
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: return decode_nested(at, vec, area, err);
    default: decode_fixed(at, vec); return MR_OK;
    }
}

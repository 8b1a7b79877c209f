/* Strings as bytes and bytes as strings: digits, encodings, digests. */
#include <math.h>
#include <stdio.h>

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/utf8.h"
#include "kernels/codec/crc.h"
#include "kernels/hash/md5.h"
#include "kernels/hash/row_hash.h"
#include "kernels/hash/sha.h"
#include "kernels/text/base64.h"

static void put_done(struct mr_call *call, uint32_t row, const char *room, size_t bytes)
{
    ((struct mr_view *)call->out->values)[row] = mr_text_done(call->eval, room, bytes);
}

/* hex: of a number its digits without leading zeros, of bytes two digits each. */
mr_status mr_eval_hex(struct mr_call *call, struct mr_err *err)
{
    static const char digits[] = "0123456789ABCDEF";
    bool is_number = call->args[0].vec.type->id == MR_TYPE_LONG;
    MR_EACH_ROW(call->rows, i) {
        if (is_number) {
            char text[24];
            int bytes = snprintf(text, sizeof text, "%llX",
                                 (unsigned long long)mr_operand_i64(&call->args[0], i));
            MR_TRY(mr_eval_put_text(call, i, (struct mr_span){text, (size_t)bytes}, err));
            continue;
        }
        struct mr_span from = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, from.bytes * 2, err);
        if (room == NULL) return err->status;
        for (size_t k = 0; k < from.bytes; k++) {
            unsigned char c = (unsigned char)from.text[k];
            room[2 * k] = digits[c >> 4];
            room[2 * k + 1] = digits[c & 15];
        }
        put_done(call, i, room, from.bytes * 2);
    }
    return MR_OK;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

mr_status mr_eval_unhex(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        size_t bytes = (from.bytes + 1) / 2, odd = from.bytes % 2;
        char *room = mr_text_room(call->eval, bytes, err);
        bool is_hex = true;
        if (room == NULL) return err->status;
        memset(room, 0, bytes);
        for (size_t k = 0; k < from.bytes && is_hex; k++) {
            int digit = digit_of(from.text[k]);
            is_hex = digit >= 0;
            char *at = &room[(k + odd) / 2];
            *at = (char)((unsigned char)*at << 4 | (digit & 15));
        }
        if (is_hex) put_done(call, i, room, bytes);
        else MR_TRY(mr_call_null(call, i, err));
    }
    return MR_OK;
}

mr_status mr_eval_base64(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, (from.bytes + 2) / 3 * 4, err);
        if (room == NULL) return err->status;
        put_done(call, i, room, mr_base64_encode((const uint8_t *)from.text, from.bytes, room));
    }
    return MR_OK;
}

/* unbase64 passes over blanks, as the MIME form does, and takes text without its padding. */
mr_status mr_eval_unbase64(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, mr_base64_room(from.bytes + 3) + from.bytes + 3, err);
        size_t count = 0, bytes;
        if (room == NULL) return err->status;
        char *clean = room + mr_base64_room(from.bytes + 3);
        for (size_t k = 0; k < from.bytes; k++) {
            char c = from.text[k];
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') clean[count++] = c;
        }
        while (count > 0 && clean[count - 1] == '=') count--;
        bool is_good = count % 4 != 1;
        while (count % 4 != 0) clean[count++] = '=';
        is_good = is_good && mr_base64_decode(clean, count, (uint8_t *)room, &bytes);
        if (is_good) put_done(call, i, room, bytes);
        else MR_TRY(mr_call_bad(call, i, 1312, err, "text that is not base64"));
    }
    return MR_OK;
}

mr_status mr_eval_digest(struct mr_call *call, struct mr_err *err)
{
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        char text[MR_SHA_TEXT_MAX];
        size_t bytes = 32;
        int64_t bits = op == MR_OP_SHA1 ? 160 : 256;
        if (op == MR_OP_SHA2) bits = mr_operand_i64(&call->args[1], i);
        if (bits == 0) bits = 256;
        bool is_known = bits == 160 || bits == 224 || bits == 256 || bits == 384 || bits == 512;
        if (op == MR_OP_SHA2 && (!is_known || bits == 160)) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        if (op == MR_OP_MD5) mr_md5_text(from.text, from.bytes, text);
        else bytes = mr_sha_text((unsigned)bits, from.text, from.bytes, text);
        MR_TRY(mr_eval_put_text(call, i, (struct mr_span){text, bytes}, err));
    }
    return MR_OK;
}

mr_status mr_eval_crc32(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        ((int64_t *)call->out->values)[i] = mr_crc32(0, from.text, from.bytes);
    }
    return MR_OK;
}

/* ---- hash, xxhash64 ---- */

/* One of the two hashes: the next seed. */
struct hasher {
    bool is_wide;
    uint64_t seed;
};

static void hash_i32(struct hasher *h, int32_t value)
{
    h->seed = h->is_wide ? mr_xxh64_i32(value, h->seed)
                         : mr_murmur3_i32(value, (uint32_t)h->seed);
}

static void hash_i64(struct hasher *h, int64_t value)
{
    h->seed = h->is_wide ? mr_xxh64_i64(value, h->seed)
                         : mr_murmur3_i64(value, (uint32_t)h->seed);
}

static void hash_bytes(struct hasher *h, const void *bytes, size_t count)
{
    h->seed = h->is_wide ? mr_xxh64_bytes(bytes, count, h->seed)
                         : mr_murmur3_bytes(bytes, count, (uint32_t)h->seed);
}

static void hash_real(struct hasher *h, double value, bool is_float)
{
    float narrow = (float)value;
    int32_t bits32;
    int64_t bits64;
    if (value == 0) narrow = 0, value = 0;
    memcpy(&bits32, &narrow, sizeof bits32);
    memcpy(&bits64, &value, sizeof bits64);
    if (isnan(value)) bits32 = 0x7fc00000, bits64 = INT64_C(0x7ff8000000000000);
    if (is_float) hash_i32(h, bits32);
    else hash_i64(h, bits64);
}

/* hash_decimal: above 18 digits the shortest big-endian bytes of the unscaled value. */
static void hash_decimal(struct hasher *h, mr_i128 value, bool is_long)
{
    uint8_t bytes[16];
    size_t first = 0;
    if (is_long) {
        hash_i64(h, (int64_t)value);
        return;
    }
    for (int i = 0; i < 16; i++) bytes[i] = (uint8_t)((unsigned __int128)value >> 8 * (15 - i));
    uint8_t sign = value < 0 ? 0xff : 0;
    while (first < 15 && bytes[first] == sign && (bytes[first + 1] & 0x80) == (sign & 0x80)) {
        first++;
    }
    hash_bytes(h, bytes + first, 16 - first);
}

static void hash_value(struct hasher *h, const struct mr_vec *vec, uint32_t row)
{
    const struct mr_operand operand = {.vec = *vec};
    if (mr_vec_is_null(vec, row)) return;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: hash_i32(h, mr_bit_get(vec->values, row)); break;
    case MR_TYPE_FLOAT: hash_real(h, ((const float *)vec->values)[row], true); break;
    case MR_TYPE_DOUBLE: hash_real(h, ((const double *)vec->values)[row], false); break;
    case MR_TYPE_DECIMAL:
        hash_decimal(h, mr_operand_decimal(&operand, row), mr_decimal_is_long(vec->type));
        break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        struct mr_span text = mr_vec_span(vec, row);
        hash_bytes(h, text.text, text.bytes);
        break;
    }
    case MR_TYPE_STRUCT:
        for (uint32_t k = 0; k < vec->type->field_count; k++) hash_value(h, &vec->children[k], row);
        break;
    case MR_TYPE_ARRAY:
        for (uint32_t at = vec->offsets[row]; at < vec->offsets[row + 1]; at++) {
            hash_value(h, &vec->children[0], at);
        }
        break;
    default:
        if (mr_type_width(vec->type) == 8) hash_i64(h, mr_vec_i64(vec, row));
        else hash_i32(h, (int32_t)mr_vec_i64(vec, row));
        break;
    }
}

mr_status mr_eval_row_hash(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    struct hasher h = {.is_wide = call->expr->type->id == MR_TYPE_LONG};
    MR_EACH_ROW(call->rows, i) {
        h.seed = 42;
        for (uint32_t k = 0; k < call->expr->arg_count; k++) {
            hash_value(&h, &call->args[k].vec, i & mr_operand_mask(&call->args[k]));
        }
        mr_vec_put_i64(call->out, i, (int64_t)h.seed);
    }
    return MR_OK;
}

/* ---- URLs ---- */

mr_status mr_eval_url_encode(struct mr_call *call, struct mr_err *err)
{
    static const char digits[] = "0123456789ABCDEF", kept[] = "-_.*";
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, from.bytes * 3, err);
        size_t used = 0;
        if (room == NULL) return err->status;
        for (size_t k = 0; k < from.bytes; k++) {
            unsigned char c = (unsigned char)from.text[k];
            bool is_kept = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                           (c != 0 && strchr(kept, c) != NULL);
            if (is_kept || c == ' ') {
                room[used++] = c == ' ' ? '+' : (char)c;
                continue;
            }
            room[used++] = '%';
            room[used++] = digits[c >> 4];
            room[used++] = digits[c & 15];
        }
        put_done(call, i, room, used);
    }
    return MR_OK;
}

mr_status mr_eval_url_decode(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, from.bytes, err);
        size_t used = 0;
        bool is_good = true;
        if (room == NULL) return err->status;
        for (size_t k = 0; k < from.bytes && is_good; k++) {
            char c = from.text[k];
            if (c == '%') {
                is_good = k + 2 < from.bytes && digit_of(from.text[k + 1]) >= 0 &&
                          digit_of(from.text[k + 2]) >= 0;
                int high = is_good ? digit_of(from.text[k + 1]) : 0;
                if (is_good) c = (char)(high << 4 | digit_of(from.text[k + 2]));
                k += 2;
            } else if (c == '+') {
                c = ' ';
            }
            if (is_good) room[used++] = c;
        }
        if (is_good) put_done(call, i, room, used);
        else MR_TRY(mr_call_bad(call, i, 1312, err, "text that is no encoded URL"));
    }
    return MR_OK;
}

/* ---- character sets ---- */

typedef enum charset {
    CHARSET_NONE,
    CHARSET_UTF8,
    CHARSET_ASCII,
    CHARSET_LATIN1,
    CHARSET_UTF16,
    CHARSET_UTF16BE,
    CHARSET_UTF16LE,
    CHARSET_UTF32,
} charset;

static charset charset_of(struct mr_span name)
{
    static const struct {
        const char *name;
        charset set;
    } names[] = {{"utf-8", CHARSET_UTF8},       {"us-ascii", CHARSET_ASCII},
                 {"iso-8859-1", CHARSET_LATIN1}, {"utf-16", CHARSET_UTF16},
                 {"utf-16be", CHARSET_UTF16BE}, {"utf-16le", CHARSET_UTF16LE},
                 {"utf-32", CHARSET_UTF32}};
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (mr_span_ieq(name, mr_span_of(names[i].name))) return names[i].set;
    }
    return CHARSET_NONE;
}

static mr_status charset_unknown(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    char text[MR_VALUE_TEXT_MAX];
    return mr_call_fail(call, row, 1315, err, "%s is not a character set that is known here",
                        mr_value_text(&call->args[1], row, text, sizeof text));
}

static size_t unit16(charset set, uint32_t unit, char *out)
{
    bool is_little = set == CHARSET_UTF16LE;
    out[is_little ? 1 : 0] = (char)(unit >> 8);
    out[is_little ? 0 : 1] = (char)unit;
    return 2;
}

/* encode_char: at most four bytes; false when the set lacks the character. */
static bool encode_char(charset set, uint32_t c, char *out, size_t *used)
{
    switch (set) {
    case CHARSET_ASCII:
    case CHARSET_LATIN1:
        if (c > (set == CHARSET_ASCII ? 0x7fu : 0xffu)) return false;
        out[(*used)++] = (char)c;
        return true;
    case CHARSET_UTF32:
        for (int k = 3; k >= 0; k--) out[(*used)++] = (char)(c >> 8 * k);
        return true;
    default:
        if (c >= 0x10000) {
            *used += unit16(set, 0xd800 + ((c - 0x10000) >> 10), out + *used);
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        *used += unit16(set, c, out + *used);
        return true;
    }
}

mr_status mr_eval_encode(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        charset set = charset_of(mr_operand_span(&call->args[1], i));
        if (set == CHARSET_NONE) return charset_unknown(call, i, err);
        char *room = mr_text_room(call->eval, from.bytes * 4 + 4, err);
        size_t used = 0;
        bool is_good = true;
        if (room == NULL) return err->status;
        if (set == CHARSET_UTF8) {
            if (from.bytes > 0) memcpy(room, from.text, from.bytes);
            put_done(call, i, room, from.bytes);
            continue;
        }
        if (set == CHARSET_UTF16) used += unit16(set, 0xfeff, room);
        for (size_t at = 0; at < from.bytes && is_good;) {
            size_t step = mr_utf8_step(from.text + at, from.bytes - at);
            is_good = encode_char(set, mr_utf8_read(from.text + at, step), room, &used);
            at += step;
        }
        if (!is_good) {
            return mr_call_fail(call, i, 1312, err, "a character that the character set lacks");
        }
        put_done(call, i, room, used);
    }
    return MR_OK;
}

static uint32_t read16(struct mr_span from, size_t at, bool is_little)
{
    unsigned char a = (unsigned char)from.text[at], b = (unsigned char)from.text[at + 1];
    return is_little ? (uint32_t)b << 8 | a : (uint32_t)a << 8 | b;
}

/* decode_char: the character at *at, which moves behind it; UINT32_MAX when there is none. */
static uint32_t decode_char(charset set, struct mr_span from, size_t *at)
{
    const unsigned char *u = (const unsigned char *)from.text + *at;
    size_t left = from.bytes - *at;
    bool is_little = set == CHARSET_UTF16LE;
    if (set == CHARSET_ASCII || set == CHARSET_LATIN1) {
        (*at)++;
        return set == CHARSET_ASCII && *u > 0x7f ? UINT32_MAX : *u;
    }
    if (set == CHARSET_UTF32) {
        if (left < 4) return UINT32_MAX;
        *at += 4;
        uint32_t c = (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
        return c > 0x10ffff ? UINT32_MAX : c;
    }
    if (left < 2) return UINT32_MAX;
    uint32_t c = read16(from, *at, is_little);
    *at += 2;
    if (c < 0xd800 || c > 0xdfff) return c;
    if (c > 0xdbff || left < 4) return UINT32_MAX;
    uint32_t low = read16(from, *at, is_little);
    *at += 2;
    if (low < 0xdc00 || low > 0xdfff) return UINT32_MAX;
    return 0x10000 + ((c - 0xd800) << 10) + low - 0xdc00;
}

/* decode_text: false at bytes that the set does not have. */
static bool decode_text(charset set, struct mr_span from, char *out, size_t *used)
{
    size_t at = 0;
    if (set == CHARSET_UTF16 && from.bytes >= 2) {
        uint32_t mark = read16(from, 0, false);
        if (mark == 0xfffe) set = CHARSET_UTF16LE;
        if (mark == 0xfffe || mark == 0xfeff) at = 2;
    }
    while (at < from.bytes) {
        if (set == CHARSET_UTF8) {
            size_t step = mr_utf8_step(from.text + at, from.bytes - at);
            if (step == 1 && (unsigned char)from.text[at] >= 0x80) return false;
            memcpy(out + *used, from.text + at, step);
            *used += step;
            at += step;
            continue;
        }
        uint32_t c = decode_char(set, from, &at);
        if (c == UINT32_MAX) return false;
        *used += mr_utf8_write(c, out + *used);
    }
    return true;
}

mr_status mr_eval_decode(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span from = mr_operand_span(&call->args[0], i);
        charset set = charset_of(mr_operand_span(&call->args[1], i));
        if (set == CHARSET_NONE) return charset_unknown(call, i, err);
        char *room = mr_text_room(call->eval, from.bytes * 2 + 4, err);
        size_t used = 0;
        if (room == NULL) return err->status;
        if (!decode_text(set, from, room, &used)) {
            return mr_call_fail(call, i, 1312, err, "bytes that the character set does not have");
        }
        put_done(call, i, room, used);
    }
    return MR_OK;
}

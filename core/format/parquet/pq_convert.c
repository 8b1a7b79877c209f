#include "core/format/parquet/pq_convert.h"

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/parquet/pq_decode.h"

enum { JULIAN_EPOCH = 2440588 }; /* Julian day number of 1970-01-01 */

static mr_status convert_corrupt(const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, 2510, "a page's values are corrupt: %s", what);
}

uint32_t mr_pq_value_bytes(const struct mr_pq_reading_leaf *leaf)
{
    return mr_type_width(leaf->type);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* The first `bytes` of twelve bytes of text, as the last three quarters of a view. */
static const uint32_t inline_masks[MR_VIEW_INLINE_MAX + 1][3] = {
    {0, 0, 0},
    {0xff, 0, 0},
    {0xffff, 0, 0},
    {0xffffff, 0, 0},
    {~0u, 0, 0},
    {~0u, 0xff, 0},
    {~0u, 0xffff, 0},
    {~0u, 0xffffff, 0},
    {~0u, ~0u, 0},
    {~0u, ~0u, 0xff},
    {~0u, ~0u, 0xffff},
    {~0u, ~0u, 0xffffff},
    {~0u, ~0u, ~0u},
};

/* mr_view_of without a copy of variable length, where twelve bytes may be read. */
static inline void view_write(struct mr_view *out, const char *at, uint32_t bytes, const char *base,
                              uint32_t buffer, size_t readable)
{
    uint32_t words[4] = {bytes};
    if (readable < MR_VIEW_INLINE_MAX) {
        *out = mr_view_of(at, bytes, buffer, (uint32_t)(at - base));
        return;
    }
    if (bytes <= MR_VIEW_INLINE_MAX) {
        memcpy(words + 1, at, MR_VIEW_INLINE_MAX);
        for (unsigned i = 0; i < 3; i++) words[i + 1] &= inline_masks[bytes][i];
    } else {
        memcpy(words + 1, at, sizeof *words);
        words[2] = buffer;
        words[3] = (uint32_t)(at - base);
    }
    memcpy(out, words, sizeof words);
}

static mr_status texts_plain(struct mr_span *plain, uint32_t count, const char *base,
                             uint32_t buffer, struct mr_view *out, struct mr_err *err)
{
    const char *at = plain->text, *end = at + plain->bytes;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bytes;
        if ((size_t)(end - at) < sizeof bytes) return convert_corrupt("a text is missing", err);
        memcpy(&bytes, at, sizeof bytes);
        at += sizeof bytes;
        if (bytes > (size_t)(end - at)) return convert_corrupt("a text ends too early", err);
        view_write(&out[i], at, bytes, base, buffer, (size_t)(end - at));
        at += bytes;
    }
    *plain = (struct mr_span){at, (size_t)(end - at)};
    return MR_OK;
}

static mr_status texts_known(struct mr_span *plain, const uint32_t *lengths, uint32_t fixed_bytes,
                             uint32_t count, const char *base, uint32_t buffer,
                             struct mr_view *out, struct mr_err *err)
{
    const char *at = plain->text, *end = at + plain->bytes;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bytes = lengths == NULL ? fixed_bytes : lengths[i];
        if (bytes > (size_t)(end - at)) return convert_corrupt("a text ends too early", err);
        view_write(&out[i], at, bytes, base, buffer, (size_t)(end - at));
        at += bytes;
    }
    *plain = (struct mr_span){at, (size_t)(end - at)};
    return MR_OK;
}

mr_status mr_pq_convert_texts(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                              const uint32_t *lengths, uint32_t count, const char *base,
                              uint32_t buffer, struct mr_view *out, struct mr_err *err)
{
    if (leaf->kind == MR_PQ_BYTES && lengths == NULL) {
        return texts_plain(plain, count, base, buffer, out, err);
    }
    return texts_known(plain, lengths, leaf->fixed_bytes, count, base, buffer, out, err);
}

mr_status mr_pq_skip_plain(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                           const uint32_t *lengths, uint32_t count, struct mr_err *err)
{
    uint64_t width = mr_pq_plain_bytes(leaf), bytes = width * count;
    if (leaf->kind == MR_PQ_BYTES) {
        bytes = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t one = 0;
            if (lengths == NULL && bytes + sizeof one > plain->bytes) {
                return convert_corrupt("a text is missing", err);
            }
            if (lengths == NULL) memcpy(&one, plain->text + bytes, sizeof one);
            bytes += lengths == NULL ? sizeof one + (uint64_t)one : lengths[i];
        }
    }
    if (bytes > plain->bytes) return convert_corrupt("values are missing", err);
    plain->text += bytes;
    plain->bytes -= bytes;
    return MR_OK;
}

void mr_pq_uuid_write(const uint8_t *bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
}

/* ---- decimals as bytes ----------------------------------------------------------------------- */

/* Two's complement, most significant byte first. False when it has more digits than `width` bytes
 * of the type hold. */
static bool big_endian(const uint8_t *at, uint32_t bytes, uint32_t width, unsigned __int128 *out)
{
    bool is_negative = bytes > 0 && (at[0] & 0x80) != 0;
    unsigned __int128 value = is_negative ? ~(unsigned __int128)0 : 0;
    for (; bytes > width; bytes--, at++) {
        if (at[0] != (is_negative ? 0xff : 0)) return false;
        if ((at[1] & 0x80) != (is_negative ? 0x80 : 0)) return false;
    }
    for (uint32_t k = 0; k < bytes; k++) value = value << 8 | at[k];
    *out = value;
    return true;
}

static uint64_t load_big(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap64(value);
}

/* Decimals of up to as many bytes as their type has, of one length: sixteen bytes are read and
 * those behind the value shifted out. returns how many were done; the last ones may not be read so.
 */
static uint32_t decimals_fixed(const uint8_t *at, size_t readable, uint32_t bytes, uint32_t width,
                               uint32_t count, uint8_t *out)
{
    uint32_t i = 0;
    if (bytes == 0 || bytes > width) return 0;
    for (; i < count && readable >= sizeof(__int128); i++, at += bytes, readable -= bytes) {
        if (width == sizeof(int64_t)) {
            int64_t value = (int64_t)load_big(at) >> (64 - 8 * bytes);
            memcpy(out + (size_t)i * sizeof value, &value, sizeof value);
        } else {
            unsigned __int128 whole = (unsigned __int128)load_big(at) << 64 | load_big(at + 8);
            __int128 value = (__int128)whole >> (128 - 8 * bytes);
            memcpy(out + (size_t)i * sizeof value, &value, sizeof value);
        }
    }
    return i;
}

static mr_status decimals(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                          uint32_t count, uint8_t *out, struct mr_err *err)
{
    uint32_t width = mr_type_width(leaf->file_type);
    const uint8_t *at = (const uint8_t *)plain->text, *end = at + plain->bytes;
    uint32_t done = 0;
    if (leaf->kind == MR_PQ_FIXED) {
        done = decimals_fixed(at, plain->bytes, leaf->fixed_bytes, width, count, out);
        at += (size_t)done * leaf->fixed_bytes;
        out += (size_t)done * width;
    }
    for (uint32_t i = done; i < count; i++, out += width) {
        uint32_t bytes = leaf->fixed_bytes;
        unsigned __int128 value;
        if (leaf->kind == MR_PQ_BYTES) {
            if ((size_t)(end - at) < sizeof bytes) return convert_corrupt("no decimal", err);
            memcpy(&bytes, at, sizeof bytes);
            at += sizeof bytes;
        }
        if (bytes > (size_t)(end - at)) return convert_corrupt("a decimal ends too early", err);
        if (!big_endian(at, bytes, width, &value)) {
            return convert_corrupt("a decimal has more digits than its type", err);
        }
        memcpy(out, &value, width);
        at += bytes;
    }
    *plain = (struct mr_span){(const char *)at, (size_t)(end - at)};
    return MR_OK;
}

/* ---- values of a fixed width ----------------------------------------------------------------- */

/* INT96 is the one that wraps around: what Spark wrote beyond the range of microseconds reads as
 * Spark reads it. */
static bool take_micros(mr_pq_convert convert, const uint8_t *in, int64_t *out)
{
    int64_t value;
    memcpy(&value, in, sizeof value);
    if (convert == MR_PQ_TO_MICROS_1000) return !__builtin_mul_overflow(value, INT64_C(1000), out);
    *out = mr_floor_div(value, 1000);
    if (convert == MR_PQ_TO_MICROS_NANO) return true;
    int32_t day;
    memcpy(&day, in + sizeof value, sizeof day);
    uint64_t days = (uint64_t)((int64_t)day - JULIAN_EPOCH);
    *out = (int64_t)(days * (uint64_t)MR_US_PER_DAY + (uint64_t)*out);
    return true;
}

static mr_status stamps(const struct mr_pq_reading_leaf *leaf, const uint8_t *in, uint32_t count,
                        int64_t *out, struct mr_err *err)
{
    size_t width = mr_pq_plain_bytes(leaf);
    for (uint32_t i = 0; i < count; i++) {
        if (!take_micros(leaf->convert, in + i * width, &out[i])) {
            return convert_corrupt("a timestamp is beyond all bounds", err);
        }
    }
    return MR_OK;
}

static float half_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half >> 15) << 31, exponent = half >> 10 & 31, part = half & 1023;
    uint32_t bits = sign | (exponent + 112) << 23 | part << 13;
    float value;
    if (exponent == 31) bits = sign | 0xffu << 23 | part << 13;
    memcpy(&value, &bits, sizeof value);
    if (exponent > 0) return value;
    float tiny = (float)part * 0x1p-24f; /* subnormal */
    return sign != 0 ? -tiny : tiny;
}

static void halves(const uint8_t *in, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, in + (size_t)i * sizeof half, sizeof half);
        out[i] = half_float(half);
    }
}

#define CONVERT_EACH(from_type, to_type)                                                           \
    do {                                                                                           \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            from_type one;                                                                         \
            memcpy(&one, in + (size_t)i * sizeof one, sizeof one);                                 \
            ((to_type *)out)[i] = (to_type)one;                                                    \
        }                                                                                          \
    } while (0)

static mr_status fixed_values(const struct mr_pq_reading_leaf *leaf, const uint8_t *in,
                              uint32_t count, void *out, struct mr_err *err)
{
    switch (leaf->convert) {
    case MR_PQ_TO_I8: CONVERT_EACH(int32_t, int8_t); break;
    case MR_PQ_TO_I16: CONVERT_EACH(int32_t, int16_t); break;
    case MR_PQ_TO_I64: CONVERT_EACH(int32_t, int64_t); break;
    case MR_PQ_TO_U32_I64: CONVERT_EACH(uint32_t, int64_t); break;
    case MR_PQ_TO_U64_I128: CONVERT_EACH(uint64_t, __int128); break;
    case MR_PQ_TO_I128:
        if (leaf->kind == MR_PQ_INT32) CONVERT_EACH(int32_t, __int128);
        if (leaf->kind == MR_PQ_INT64) CONVERT_EACH(int64_t, __int128);
        break;
    case MR_PQ_TO_MICROS_1000:
    case MR_PQ_TO_MICROS_NANO:
    case MR_PQ_TO_MICROS_96: return stamps(leaf, in, count, out, err);
    case MR_PQ_TO_HALF: halves(in, count, out); break;
    default: memcpy(out, in, (size_t)count * mr_pq_plain_bytes(leaf)); break; /* SAME */
    }
    return MR_OK;
}

/* ---- widening -------------------------------------------------------------------------------- */

/* In place from the last value to the first: what is written never lies before what is read. */
#define WIDEN_EACH(from_type, to_type, value)                                                      \
    do {                                                                                           \
        for (uint32_t i = count; i-- > 0;) {                                                       \
            from_type one;                                                                         \
            memcpy(&one, (char *)values + (size_t)i * sizeof one, sizeof one);                     \
            to_type wide = (to_type)(value);                                                       \
            memcpy((char *)values + (size_t)i * sizeof wide, &wide, sizeof wide);                  \
        }                                                                                          \
    } while (0)

#define WIDEN_INTEGER(to_type, value)                                                              \
    switch (mr_type_width(leaf->file_type)) {                                                      \
    case 1: WIDEN_EACH(int8_t, to_type, value); break;                                             \
    case 2: WIDEN_EACH(int16_t, to_type, value); break;                                            \
    case 4: WIDEN_EACH(int32_t, to_type, value); break;                                            \
    case 8: WIDEN_EACH(int64_t, to_type, value); break;                                            \
    default: WIDEN_EACH(__int128, to_type, value); break;                                          \
    }

static mr_status widen_decimals(const struct mr_pq_reading_leaf *leaf, void *values, uint32_t count,
                                struct mr_err *err)
{
    __int128 factor = 1;
    bool is_over = false;
    for (unsigned i = 0; i < leaf->scale_up; i++) factor *= 10;
    if (mr_type_width(leaf->type) == sizeof(int64_t)) {
        int64_t by = (int64_t)factor, product = 0;
        WIDEN_INTEGER(int64_t,
                      (is_over |= __builtin_mul_overflow((int64_t)one, by, &product), product));
    } else {
        __int128 product = 0;
        WIDEN_INTEGER(__int128, (is_over |= __builtin_mul_overflow((__int128)one, factor, &product),
                                 product));
    }
    return is_over ? convert_corrupt("a decimal has more digits than its type", err) : MR_OK;
}

static mr_status widen(const struct mr_pq_reading_leaf *leaf, void *values, uint32_t count,
                       struct mr_err *err)
{
    switch (leaf->widen) {
    case MR_PQ_WIDEN_INT:
        switch (mr_type_width(leaf->type)) {
        case 2: WIDEN_INTEGER(int16_t, one); break;
        case 4: WIDEN_INTEGER(int32_t, one); break;
        default: WIDEN_INTEGER(int64_t, one); break;
        }
        return MR_OK;
    case MR_PQ_WIDEN_DOUBLE: WIDEN_INTEGER(double, one); return MR_OK;
    case MR_PQ_WIDEN_FLOAT: WIDEN_EACH(float, double, one); return MR_OK;
    case MR_PQ_WIDEN_DECIMAL: return widen_decimals(leaf, values, count, err);
    case MR_PQ_WIDEN_DAYS: WIDEN_EACH(int32_t, int64_t, one * MR_US_PER_DAY); return MR_OK;
    default: return MR_OK;
    }
}

mr_status mr_pq_convert_values(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                               uint32_t count, void *out, struct mr_err *err)
{
    if (count == 0) return MR_OK;
    if (leaf->convert == MR_PQ_TO_BIG_ENDIAN) {
        MR_TRY(decimals(leaf, plain, count, out, err));
    } else {
        size_t bytes = (size_t)count * mr_pq_plain_bytes(leaf);
        if (bytes > plain->bytes) return convert_corrupt("values are missing", err);
        MR_TRY(fixed_values(leaf, (const uint8_t *)plain->text, count, out, err));
        plain->text += bytes;
        plain->bytes -= bytes;
    }
    return leaf->widen == MR_PQ_WIDEN_NONE ? MR_OK : widen(leaf, out, count, err);
}

#include "core/format/parquet/pq_decode.h"

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "kernels/encode/bitpack.h"
#include "kernels/encode/rle.h"

enum { JULIAN_EPOCH = 2440588 }; /* Julian day number of 1970-01-01 */

static mr_status decode_corrupt(const char *what, struct mr_err *err)
{
    return mr_err_set(err, MR_E_CORRUPT, 2510, "a page's values are corrupt: %s", what);
}

/* ---- encodings to PLAIN ---------------------------------------------------------------------- */

static bool get_varint(struct mr_span *page, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && page->bytes > 0; shift += 7) {
        uint8_t byte = (uint8_t)*page->text++;
        page->bytes--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static uint64_t unpack_u64(const uint8_t *in, size_t bit, unsigned width)
{
    uint64_t value = 0;
    for (unsigned got = 0; got < width;) {
        unsigned skip = (unsigned)(bit % 8), take = MR_MIN(8 - skip, width - got);
        uint64_t part = (uint64_t)(in[bit / 8] >> skip) & ((1u << take) - 1);
        value |= part << got;
        got += take;
        bit += take;
    }
    return value;
}

/* One block: min delta, a width per miniblock, the miniblocks. *value is the running value. */
static mr_status delta_block(struct mr_span *page, uint64_t minis, uint64_t mini_values,
                             uint64_t *value, int64_t *out, uint32_t count, uint32_t *done,
                             struct mr_err *err)
{
    uint64_t raw;
    if (!get_varint(page, &raw) || page->bytes < minis) {
        return decode_corrupt("a block of deltas ends too early", err);
    }
    uint64_t min_delta = (raw >> 1) ^ (0 - (raw & 1));
    const uint8_t *widths = (const uint8_t *)page->text;
    page->text += minis;
    page->bytes -= minis;
    for (uint64_t m = 0; m < minis && *done < count; m++) {
        unsigned width = widths[m];
        size_t mini_bytes = mini_values / 8 * width;
        if (width > 64 || mini_bytes > page->bytes) {
            return decode_corrupt("a miniblock of deltas ends too early", err);
        }
        const uint8_t *in = (const uint8_t *)page->text;
        for (uint64_t i = 0; i < mini_values && *done < count; i++) {
            *value += min_delta + unpack_u64(in, i * width, width);
            out[(*done)++] = (int64_t)*value;
        }
        page->text += mini_bytes;
        page->bytes -= mini_bytes;
    }
    return MR_OK;
}

mr_status mr_pq_decode_delta(struct mr_span page, uint32_t count, struct mr_pq_grow *out_i64,
                             size_t *taken, struct mr_err *err)
{
    uint64_t block, minis, total, first;
    size_t page_bytes = page.bytes;
    if (!get_varint(&page, &block) || !get_varint(&page, &minis) || !get_varint(&page, &total) ||
        !get_varint(&page, &first)) {
        return decode_corrupt("the head of deltas ends too early", err);
    }
    if (block == 0 || block > 1 << 20 || minis == 0 || minis > block || block % minis != 0 ||
        block / minis % 8 != 0 || total < count) {
        return decode_corrupt("the head of deltas contradicts itself", err);
    }
    out_i64->used = 0;
    MR_TRY(mr_pq_grow_reserve(out_i64, (size_t)count * sizeof(int64_t), err));
    int64_t *out = (int64_t *)out_i64->at;
    uint64_t value = (first >> 1) ^ (0 - (first & 1));
    uint32_t done = 0;
    if (count > 0) out[done++] = (int64_t)value;
    while (done < count) {
        MR_TRY(delta_block(&page, minis, block / minis, &value, out, count, &done, err));
    }
    out_i64->used = (size_t)count * sizeof(int64_t);
    *taken = page_bytes - page.bytes;
    return MR_OK;
}

static mr_status delta_integers(const struct mr_pq_reading_leaf *leaf, struct mr_span page,
                                uint32_t count, struct mr_pq_grow *room, struct mr_err *err)
{
    size_t taken;
    if (leaf->kind != MR_PQ_INT32 && leaf->kind != MR_PQ_INT64) {
        return decode_corrupt("deltas of something that is no integer", err);
    }
    MR_TRY(mr_pq_decode_delta(page, count, room, &taken, err));
    if (leaf->kind == MR_PQ_INT64) return MR_OK;
    for (uint32_t i = 0; i < count; i++) { /* narrowed in place: the front is read before */
        int32_t narrow = (int32_t)((const int64_t *)room->at)[i];
        memcpy(room->at + (size_t)i * sizeof narrow, &narrow, sizeof narrow);
    }
    room->used = (size_t)count * sizeof(int32_t);
    return MR_OK;
}

static mr_status text_add(struct mr_pq_grow *room, size_t shared_from, size_t shared,
                          struct mr_span suffix, bool has_length, struct mr_err *err)
{
    uint32_t bytes = (uint32_t)(shared + suffix.bytes);
    MR_TRY(mr_pq_grow_reserve(room, sizeof bytes + shared + suffix.bytes, err));
    if (has_length) {
        memcpy(room->at + room->used, &bytes, sizeof bytes);
        room->used += sizeof bytes;
    }
    memcpy(room->at + room->used, room->at + shared_from, shared);
    memcpy(room->at + room->used + shared, suffix.text, suffix.bytes);
    room->used += bytes;
    return MR_OK;
}

/* DELTA_LENGTH_BYTE_ARRAY: lengths, then the bytes; with has_prefixes DELTA_BYTE_ARRAY: lengths
 * shared with the value before come first of all. */
static mr_status delta_texts(const struct mr_pq_reading_leaf *leaf, struct mr_span page,
                             uint32_t count, bool has_prefixes, struct mr_pq_grow *room,
                             struct mr_err *err)
{
    struct mr_pq_grow prefixes = {.heap = room->heap}, lengths = {.heap = room->heap};
    size_t taken = 0, before = 0, before_bytes = 0;
    bool is_fixed = leaf->kind == MR_PQ_FIXED;
    mr_status status = MR_OK;
    if (leaf->kind != MR_PQ_BYTES && !is_fixed) {
        return decode_corrupt("text deltas of something that is no text", err);
    }
    if (has_prefixes) status = mr_pq_decode_delta(page, count, &prefixes, &taken, err);
    page.text += taken;
    page.bytes -= taken;
    taken = 0;
    if (status == MR_OK) status = mr_pq_decode_delta(page, count, &lengths, &taken, err);
    page.text += taken;
    page.bytes -= taken;
    room->used = 0;
    for (uint32_t i = 0; i < count && status == MR_OK; i++) {
        int64_t length = ((const int64_t *)lengths.at)[i];
        int64_t shared = has_prefixes ? ((const int64_t *)prefixes.at)[i] : 0;
        if (length < 0 || (uint64_t)length > page.bytes || shared < 0 ||
            (uint64_t)shared > before_bytes ||
            (is_fixed && (uint64_t)(shared + length) != leaf->fixed_bytes)) {
            status = decode_corrupt("a text's length is wrong", err);
            break;
        }
        struct mr_span suffix = {page.text, (size_t)length};
        status = text_add(room, before, (size_t)shared, suffix, !is_fixed, err);
        before_bytes = (size_t)(shared + length);
        before = room->used - before_bytes;
        page.text += length;
        page.bytes -= (size_t)length;
    }
    mr_pq_grow_fini(&prefixes);
    mr_pq_grow_fini(&lengths);
    return status;
}

static uint32_t plain_bytes(const struct mr_pq_reading_leaf *leaf)
{
    switch (leaf->kind) {
    case MR_PQ_BOOLEAN: return 1;
    case MR_PQ_INT32:
    case MR_PQ_FLOAT: return 4;
    case MR_PQ_INT96: return 12;
    case MR_PQ_FIXED: return leaf->fixed_bytes;
    default: return 8;
    }
}

/* BYTE_STREAM_SPLIT: first bytes of all values, then second bytes, ... */
static mr_status unsplit(const struct mr_pq_reading_leaf *leaf, struct mr_span page, uint32_t count,
                         struct mr_pq_grow *room, struct mr_err *err)
{
    size_t width = plain_bytes(leaf);
    if (leaf->kind == MR_PQ_BOOLEAN || leaf->kind == MR_PQ_BYTES || leaf->kind == MR_PQ_INT96 ||
        page.bytes < count * width) {
        return decode_corrupt("split bytes of a wrong type or length", err);
    }
    room->used = 0;
    MR_TRY(mr_pq_grow_reserve(room, count * width, err));
    for (size_t k = 0; k < width; k++) {
        for (size_t i = 0; i < count; i++) {
            room->at[i * width + k] = (uint8_t)page.text[k * count + i];
        }
    }
    room->used = count * width;
    return MR_OK;
}

static mr_status booleans(struct mr_span page, uint32_t count, bool is_rle, struct mr_pq_grow *room,
                          struct mr_err *err)
{
    uint32_t bytes = 0;
    const uint8_t *in = (const uint8_t *)page.text;
    room->used = 0;
    MR_TRY(mr_pq_grow_reserve(room, count, err));
    if (!is_rle) {
        if (page.bytes < mr_bitpack_bytes(count, 1)) return decode_corrupt("bits are missing", err);
        mr_bitunpack_u8(in, count, 1, room->at);
    } else {
        if (page.bytes < sizeof bytes) return decode_corrupt("runs of bits are missing", err);
        memcpy(&bytes, in, sizeof bytes);
        if (bytes > page.bytes - sizeof bytes ||
            !mr_rle_decode_u8(in + sizeof bytes, bytes, 1, room->at, count)) {
            return decode_corrupt("runs of bits end too early", err);
        }
    }
    room->used = count;
    return MR_OK;
}

mr_status mr_pq_decode_plain(const struct mr_pq_reading_leaf *leaf, int32_t encoding,
                             uint32_t count, struct mr_span page, struct mr_pq_grow *room,
                             struct mr_span *out, struct mr_err *err)
{
    mr_status status = MR_OK;
    bool is_boolean = leaf->kind == MR_PQ_BOOLEAN;
    if (encoding == MR_PQ_PLAIN && !is_boolean) {
        *out = page;
        return MR_OK;
    }
    if (is_boolean && (encoding == MR_PQ_PLAIN || encoding == MR_PQ_RLE)) {
        status = booleans(page, count, encoding == MR_PQ_RLE, room, err);
    } else if (encoding == MR_PQ_DELTA_BINARY_PACKED) {
        status = delta_integers(leaf, page, count, room, err);
    } else if (encoding == MR_PQ_DELTA_LENGTH_BYTES || encoding == MR_PQ_DELTA_BYTES) {
        status = delta_texts(leaf, page, count, encoding == MR_PQ_DELTA_BYTES, room, err);
    } else if (encoding == MR_PQ_BYTE_STREAM_SPLIT) {
        status = unsplit(leaf, page, count, room, err);
    } else {
        return mr_err_set(err, MR_E_UNSUPPORTED, 2511, "a page has encoding %d, unknown here",
                          encoding);
    }
    if (status == MR_OK) *out = (struct mr_span){(const char *)room->at, room->used};
    return status;
}

/* ---- PLAIN to values ------------------------------------------------------------------------- */

uint32_t mr_pq_value_bytes(const struct mr_pq_reading_leaf *leaf)
{
    return leaf->type->id == MR_TYPE_BOOLEAN ? 1 : mr_type_width(leaf->type);
}

mr_status mr_pq_take_text(struct mr_span text, struct mr_pq_grow *texts, struct mr_view *out,
                          struct mr_err *err)
{
    if (text.bytes > MR_VIEW_INLINE_MAX) {
        if (texts->used > UINT32_MAX - text.bytes) {
            return mr_err_set(err, MR_E_LIMIT, 2512, "a batch holds more than 4 GiB of texts");
        }
        MR_TRY(mr_pq_grow_add(texts, text.text, text.bytes, err));
        *out = mr_view_of(text.text, (uint32_t)text.bytes, 0, (uint32_t)(texts->used - text.bytes));
        return MR_OK;
    }
    *out = mr_view_of(text.text, (uint32_t)text.bytes, 0, 0);
    return MR_OK;
}

static bool take_span(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                      struct mr_span *out)
{
    uint32_t bytes = leaf->fixed_bytes;
    if (leaf->kind == MR_PQ_BYTES) {
        if (plain->bytes < sizeof bytes) return false;
        memcpy(&bytes, plain->text, sizeof bytes);
        plain->text += sizeof bytes;
        plain->bytes -= sizeof bytes;
    }
    if (bytes > plain->bytes) return false;
    *out = (struct mr_span){plain->text, bytes};
    plain->text += bytes;
    plain->bytes -= bytes;
    return true;
}

static mr_status take_texts(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                            uint32_t count, struct mr_view *out, struct mr_pq_grow *texts,
                            struct mr_err *err)
{
    struct mr_span text;
    for (uint32_t i = 0; i < count; i++) {
        if (!take_span(leaf, plain, &text)) return decode_corrupt("a text ends too early", err);
        MR_TRY(mr_pq_take_text(text, texts, &out[i], err));
    }
    return MR_OK;
}

/* Two's complement, most significant byte first, of any length that fits the type. */
static mr_status take_big_endian(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                                 uint32_t count, uint8_t *out, struct mr_err *err)
{
    uint32_t width = mr_pq_value_bytes(leaf);
    struct mr_span bytes;
    for (uint32_t i = 0; i < count; i++, out += width) {
        if (!take_span(leaf, plain, &bytes)) return decode_corrupt("a decimal ends too early", err);
        bool is_negative = bytes.bytes > 0 && (bytes.text[0] & 0x80) != 0;
        unsigned __int128 value = is_negative ? ~(unsigned __int128)0 : 0;
        for (size_t k = 0; k < bytes.bytes; k++) {
            bool is_sign = (uint8_t)bytes.text[k] == (is_negative ? 0xff : 0);
            if (bytes.bytes - k > width && !is_sign) {
                return decode_corrupt("a decimal has more digits than its type", err);
            }
            value = value << 8 | (uint8_t)bytes.text[k];
        }
        memcpy(out, &value, width);
    }
    return MR_OK;
}

static bool take_micros(mr_pq_convert convert, const uint8_t *in, int64_t *out)
{
    int64_t value;
    memcpy(&value, in, sizeof value);
    if (convert == MR_PQ_TO_MICROS_1000) return !__builtin_mul_overflow(value, INT64_C(1000), out);
    if (convert == MR_PQ_TO_MICROS_NANO) {
        *out = mr_floor_div(value, 1000);
        return true;
    }
    uint32_t day;
    memcpy(&day, in + sizeof value, sizeof day);
    int64_t days_us;
    return !__builtin_mul_overflow((int64_t)day - JULIAN_EPOCH, MR_US_PER_DAY, &days_us) &&
           !__builtin_add_overflow(days_us, mr_floor_div(value, 1000), out);
}

#define TAKE_EACH(from_type, to_type)                                                              \
    do {                                                                                           \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            from_type one;                                                                         \
            memcpy(&one, in + (size_t)i * sizeof one, sizeof one);                                 \
            to_type value = (to_type)one;                                                          \
            memcpy(out + (size_t)i * sizeof value, &value, sizeof value);                          \
        }                                                                                          \
    } while (0)

static mr_status take_fixed(const struct mr_pq_reading_leaf *leaf, const uint8_t *in,
                            uint32_t count, uint8_t *out, struct mr_err *err)
{
    size_t width = plain_bytes(leaf);
    switch (leaf->convert) {
    case MR_PQ_TO_I8: TAKE_EACH(int32_t, int8_t); break;
    case MR_PQ_TO_I16: TAKE_EACH(int32_t, int16_t); break;
    case MR_PQ_TO_I64: TAKE_EACH(int32_t, int64_t); break;
    case MR_PQ_TO_U32_I64: TAKE_EACH(uint32_t, int64_t); break;
    case MR_PQ_TO_U64_I128: TAKE_EACH(uint64_t, __int128); break;
    case MR_PQ_TO_I128:
        if (leaf->kind == MR_PQ_INT32) TAKE_EACH(int32_t, __int128);
        if (leaf->kind == MR_PQ_INT64) TAKE_EACH(int64_t, __int128);
        break;
    case MR_PQ_TO_MICROS_1000:
    case MR_PQ_TO_MICROS_NANO:
    case MR_PQ_TO_MICROS_96:
        for (uint32_t i = 0; i < count; i++) {
            int64_t us;
            if (!take_micros(leaf->convert, in + i * width, &us)) {
                return decode_corrupt("a timestamp is beyond all bounds", err);
            }
            memcpy(out + (size_t)i * sizeof us, &us, sizeof us);
        }
        break;
    default: memcpy(out, in, count * width); break; /* BITS and SAME */
    }
    return MR_OK;
}

mr_status mr_pq_take_values(const struct mr_pq_reading_leaf *leaf, struct mr_span *plain,
                            uint32_t count, struct mr_pq_grow *values, struct mr_pq_grow *texts,
                            struct mr_err *err)
{
    if (count == 0) return MR_OK;
    size_t out_bytes = (size_t)count * mr_pq_value_bytes(leaf);
    MR_TRY(mr_pq_grow_reserve(values, out_bytes, err));
    uint8_t *out = values->at + values->used;
    if (leaf->convert == MR_PQ_TO_TEXT) {
        MR_TRY(take_texts(leaf, plain, count, (struct mr_view *)out, texts, err));
    } else if (leaf->convert == MR_PQ_TO_BIG_ENDIAN) {
        MR_TRY(take_big_endian(leaf, plain, count, out, err));
    } else {
        size_t in_bytes = (size_t)count * plain_bytes(leaf);
        if (in_bytes > plain->bytes) return decode_corrupt("values are missing", err);
        MR_TRY(take_fixed(leaf, (const uint8_t *)plain->text, count, out, err));
        plain->text += in_bytes;
        plain->bytes -= in_bytes;
    }
    values->used += out_bytes;
    return MR_OK;
}

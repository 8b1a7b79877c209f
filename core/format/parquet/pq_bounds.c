#include "core/format/parquet/pq_bounds.h"

#include "core/base/checked.h"

static int text_compare(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t shared = MR_MIN(MR_MIN(a_bytes, b_bytes), (size_t)MR_PQ_BOUND_BYTES);
    int order = shared == 0 ? 0 : memcmp(a, b, shared);
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static void text_set(struct mr_pq_bound_text *text, struct mr_span value)
{
    size_t kept = MR_MIN(value.bytes, (size_t)MR_PQ_BOUND_BYTES);
    text->bytes = (uint32_t)value.bytes;
    if (kept > 0) memcpy(text->at, value.text, kept);
}

void mr_pq_bounds_add_i64(struct mr_pq_bounds *bounds, int64_t min, int64_t max)
{
    if (!bounds->has_any || min < bounds->min.i64) bounds->min.i64 = min;
    if (!bounds->has_any || max > bounds->max.i64) bounds->max.i64 = max;
    bounds->has_any = true;
}

void mr_pq_bounds_add_i128(struct mr_pq_bounds *bounds, __int128 value)
{
    if (!bounds->has_any || value < bounds->min.i128) bounds->min.i128 = value;
    if (!bounds->has_any || value > bounds->max.i128) bounds->max.i128 = value;
    bounds->has_any = true;
}

void mr_pq_bounds_add_f64(struct mr_pq_bounds *bounds, double min, double max)
{
    if (!bounds->has_any || min < bounds->min.f64) bounds->min.f64 = min;
    if (!bounds->has_any || max > bounds->max.f64) bounds->max.f64 = max;
    bounds->has_any = true;
}

void mr_pq_bounds_add_text(struct mr_pq_bounds *bounds, struct mr_span value)
{
    struct mr_pq_bound_text *min = &bounds->min.text, *max = &bounds->max.text;
    if (!bounds->has_any || text_compare(value.text, value.bytes, min->at, min->bytes) < 0) {
        text_set(min, value);
    }
    if (!bounds->has_any || text_compare(value.text, value.bytes, max->at, max->bytes) > 0) {
        text_set(max, value);
    }
    bounds->has_any = true;
}

static bool is_text(const struct mr_pq_leaf *leaf)
{
    return leaf->kind == MR_PQ_BYTES;
}

static bool is_float(const struct mr_pq_leaf *leaf)
{
    return leaf->kind == MR_PQ_FLOAT || leaf->kind == MR_PQ_DOUBLE;
}

int mr_pq_bound_compare(const union mr_pq_bound *a, const union mr_pq_bound *b,
                        const struct mr_pq_leaf *leaf)
{
    if (is_text(leaf)) return text_compare(a->text.at, a->text.bytes, b->text.at, b->text.bytes);
    if (is_float(leaf)) return (a->f64 > b->f64) - (a->f64 < b->f64);
    if (leaf->kind == MR_PQ_FIXED) return (a->i128 > b->i128) - (a->i128 < b->i128);
    return (a->i64 > b->i64) - (a->i64 < b->i64);
}

void mr_pq_bounds_merge(struct mr_pq_bounds *into, const struct mr_pq_bounds *from,
                        const struct mr_pq_leaf *leaf)
{
    into->has_nan = into->has_nan || from->has_nan;
    if (!from->has_any) return;
    if (!into->has_any || mr_pq_bound_compare(&from->min, &into->min, leaf) < 0) {
        into->min = from->min;
    }
    if (!into->has_any || mr_pq_bound_compare(&from->max, &into->max, leaf) > 0) {
        into->max = from->max;
    }
    into->has_any = true;
}

/* Where a cut at `limit` has to be so that no character is split; `limit` < bytes of the value. */
static uint32_t cut_at(const struct mr_pq_bound_text *text, uint32_t limit, bool is_utf8)
{
    uint32_t cut = limit;
    while (is_utf8 && cut > limit - 4 && ((uint8_t)text->at[cut] & 0xc0) == 0x80) cut--;
    return ((uint8_t)text->at[cut] & 0xc0) == 0x80 ? limit : cut;
}

static bool raise_bytes(struct mr_pq_plain_bound *out)
{
    while (out->bytes > 0 && out->at[out->bytes - 1] == 0xff) out->bytes--;
    if (out->bytes == 0) return false;
    out->at[out->bytes - 1]++;
    return true;
}

static uint32_t utf8_put(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    uint32_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (uint32_t i = length; i-- > 1; c >>= 6) out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)((0xf00 >> length) | c);
    return length;
}

/* Raises the last character that can be, dropping those behind it: order by bytes is order by code
 * point, so the result is above every text that begins with what was there, and stays valid. */
static bool raise_utf8(struct mr_pq_plain_bound *out)
{
    while (out->bytes > 0) {
        uint32_t from = out->bytes - 1;
        while (from > 0 && out->bytes - from < 4 && (out->at[from] & 0xc0) == 0x80) from--;
        uint32_t length = out->bytes - from;
        uint32_t c = length == 1 ? out->at[from] : out->at[from] & (0xffu >> (length + 1));
        for (uint32_t i = from + 1; i < out->bytes; i++) c = c << 6 | (out->at[i] & 0x3f);
        out->bytes = from;
        if (c >= 0x10ffff) continue;
        c = c + 1 == 0xd800 ? 0xe000 : c + 1;
        out->bytes += utf8_put(out->at + from, c);
        return true;
    }
    return false;
}

static bool encode_text(const struct mr_pq_bound_text *text, bool is_max, bool is_utf8,
                        struct mr_pq_plain_bound *out)
{
    out->is_exact = text->bytes <= MR_PQ_BOUND_WRITTEN_MAX;
    out->bytes = out->is_exact ? text->bytes : cut_at(text, MR_PQ_BOUND_WRITTEN_MAX, is_utf8);
    memcpy(out->at, text->at, out->bytes);
    if (out->is_exact || !is_max) return true;
    return is_utf8 ? raise_utf8(out) : raise_bytes(out);
}

static void encode_float(double value, bool is_max, bool is_single, struct mr_pq_plain_bound *out)
{
    if (value == 0) value = is_max ? 0.0 : -0.0;
    float single = (float)value;
    out->bytes = is_single ? 4 : 8;
    memcpy(out->at, is_single ? (const void *)&single : (const void *)&value, out->bytes);
}

bool mr_pq_bound_encode(const union mr_pq_bound *bound, bool is_max, const struct mr_pq_leaf *leaf,
                        struct mr_pq_plain_bound *out)
{
    out->is_exact = true;
    switch (leaf->kind) {
    case MR_PQ_BYTES:
        return encode_text(&bound->text, is_max, leaf->type->id == MR_TYPE_STRING, out);
    case MR_PQ_FLOAT:
    case MR_PQ_DOUBLE:
        encode_float(bound->f64, is_max, leaf->kind == MR_PQ_FLOAT, out);
        return true;
    case MR_PQ_FIXED:
        out->bytes = leaf->fixed_bytes;
        for (uint32_t i = 0; i < out->bytes; i++) {
            out->at[i] = (uint8_t)(bound->i128 >> (8 * (out->bytes - 1 - i)));
        }
        return true;
    default:
        out->bytes = leaf->kind == MR_PQ_BOOLEAN ? 1 : leaf->kind == MR_PQ_INT32 ? 4 : 8;
        memcpy(out->at, &bound->i64, out->bytes);
        return true;
    }
}

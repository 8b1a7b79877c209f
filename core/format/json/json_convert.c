/* The lane's second phase: slots to values, one column at a time.
 *
 * Every type has its plain form, which is converted in a tight loop; a slot that has another goes
 * through the cursor's own leaf functions, and what those refuse ends the run. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"
#include "kernels/text/swift.h"

/* What the loops below need; passed by value, so that nothing that is stored can change it. */
struct converter {
    struct mr_json_reader *r;
    struct json_node *node;
    const char *text;
    void *values;
    uint32_t buffer; /* where views of the text point */
    uint32_t buffer_off;
};

/* -- the general way ----------------------------------------------------------------------- */

static bool text_put(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    struct json_decoder *d = &v.r->d;
    uint32_t bytes = slot->flags & MR_JSON_SLOT_BYTES_MAX;
    const char *text = v.text + slot->at;
    bool is_view = (slot->flags & MR_JSON_SLOT_CARE) == 0;
    if (!is_view) {
        bytes = json_decoder_string(d, slot->at, slot->at + bytes, &text);
        if (bytes == JSON_FAIL) return false;
    }
    if (v.node->type->id != MR_TYPE_STRING) {
        return json_put_text(d, v.node, row, (struct mr_span){text, bytes});
    }
    ((struct mr_view *)v.values)[row] =
        is_view ? json_text_view(d, slot->at, bytes) : json_space_view(d, text, bytes);
    mr_bit_set(v.node->vec->validity, row);
    return true;
}

/* slot_put: any slot, with its bit; false when the cursor has to look at the record. */
static bool slot_put(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    struct json_decoder *d = &v.r->d;
    if ((slot->flags & MR_JSON_SLOT_STRING) != 0) return text_put(v, row, slot);
    struct mr_span text = {v.text + slot->at, slot->flags};
    while (text.bytes > 0 && json_is_blank(&d->cursor, text.text[text.bytes - 1])) text.bytes--;
    if (text.bytes == 0) return false;
    json_token token = json_token_of(&d->cursor, text);
    if (token == JSON_TOKEN_BAD) return false;
    return json_put_scalar(d, v.node, row, token, text);
}

/* -- plain forms --------------------------------------------------------------------------- */

/* What of a view's bytes behind its length belongs to a string of up to 12 bytes; the last row is
 * for longer ones, which have a prefix and a place. */
struct view_masks {
    uint64_t first; /* of the four bytes that every view has, in the upper half */
    uint64_t rest;
    uint64_t place;
};

#define VIEW_FIRST(bytes) ((UINT64_C(0xffffffff) >> (32 - 8 * (bytes))) << 32)

static const struct view_masks view_masks[MR_VIEW_INLINE_MAX + 2] = {
    {0, 0, 0},
    {VIEW_FIRST(1), 0, 0},
    {VIEW_FIRST(2), 0, 0},
    {VIEW_FIRST(3), 0, 0},
    {VIEW_FIRST(4), 0, 0},
    {VIEW_FIRST(4), UINT64_C(0xff), 0},
    {VIEW_FIRST(4), UINT64_C(0xffff), 0},
    {VIEW_FIRST(4), UINT64_C(0xffffff), 0},
    {VIEW_FIRST(4), UINT64_C(0xffffffff), 0},
    {VIEW_FIRST(4), UINT64_C(0xffffffffff), 0},
    {VIEW_FIRST(4), UINT64_C(0xffffffffffff), 0},
    {VIEW_FIRST(4), UINT64_C(0xffffffffffffff), 0},
    {VIEW_FIRST(4), UINT64_MAX, 0},
    {VIEW_FIRST(4), 0, UINT64_MAX},
};

/* view_put: a string that needs no care, as Arrow's view of the pushed text. Without a branch,
 * since lengths are what a predictor knows least. */
static inline void view_put(struct mr_view *out, const char *text, uint32_t off, uint32_t buffer,
                            uint32_t buffer_off, uint32_t bytes)
{
    const struct view_masks *kept = &view_masks[MR_MIN(bytes, (uint32_t)MR_VIEW_INLINE_MAX + 1)];
    uint64_t words[2];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t place = (uint64_t)(buffer_off + off) << 32 | buffer;
    words[0] = bytes | ((mr_swift_load(text + off) << 32) & kept->first);
    words[1] = (mr_swift_load(text + off + 4) & kept->rest) | (place & kept->place);
    memcpy(out, words, sizeof words);
#else
    (void)kept, (void)words;
    *out = mr_view_of(text + off, bytes, buffer, buffer_off + off);
#endif
}

static inline bool string_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    if ((slot->flags & (MR_JSON_SLOT_STRING | MR_JSON_SLOT_CARE)) != MR_JSON_SLOT_STRING) {
        return false;
    }
    view_put((struct mr_view *)v.values + row, v.text, slot->at, v.buffer, v.buffer_off,
             slot->flags & MR_JSON_SLOT_BYTES_MAX);
    return true;
}

static inline bool boolean_plain(struct converter v, uint32_t row,
                                 const struct mr_json_slot *slot)
{
    uint64_t *values = v.values;
    const char *text = v.text + slot->at;
    if (slot->flags == 4 && memcmp(text, "true", 4) == 0) {
        mr_bit_set(values, row);
        return true;
    }
    if (slot->flags != 5 || memcmp(text, "false", 5) != 0) return false;
    mr_bit_clear(values, row);
    return true;
}

static inline bool integer_plain(struct converter v, const struct mr_json_slot *slot, int64_t *out)
{
    if (slot->flags > 19) return false; /* strings have a flag among the bits */
    return mr_swift_i64(v.text + slot->at, slot->flags, out);
}

static inline bool int_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    int64_t value;
    if (!integer_plain(v, slot, &value) || value != (int32_t)value) return false;
    ((int32_t *)v.values)[row] = (int32_t)value;
    return true;
}

static inline bool long_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    return integer_plain(v, slot, (int64_t *)v.values + row);
}

static inline bool double_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    if (slot->flags > 20) return false;
    return mr_swift_double(v.text + slot->at, slot->flags, (double *)v.values + row);
}

/* decimal_plain: no more digits behind the point than the column has: nothing is rounded. */
static inline bool decimal_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    static const int64_t powers[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};
    const struct mr_type *type = v.node->type;
    uint32_t bytes = slot->flags & MR_JSON_SLOT_BYTES_MAX, scale;
    bool is_negative;
    uint64_t digits;
    int64_t value;
    if (bytes > 20 || (slot->flags & MR_JSON_SLOT_CARE) != 0) return false;
    if (!mr_decimal_is_long(type)) return false;
    if (!mr_swift_fixed(v.text + slot->at, bytes, &is_negative, &digits, &scale)) return false;
    if (scale > type->scale ||
        __builtin_mul_overflow((int64_t)digits, powers[type->scale - scale], &value) ||
        value >= powers[type->precision]) {
        return false;
    }
    ((int64_t *)v.values)[row] = is_negative ? -value : value;
    return true;
}

/* day_at: the days of the ten bytes "yyyy-mm-dd". */
static inline bool day_at(struct converter v, const char *text, int32_t *out_days)
{
    struct mr_swift_date *date = &v.r->lane.date;
    if (!mr_swift_day_is(date, text)) {
        int32_t days;
        if (text[4] != '-' || text[7] != '-') return false;
        if (mr_date_parse(text, 10, &days) != MR_PARSE_OK) return false;
        mr_swift_day_keep(date, text, days);
    }
    *out_days = date->days;
    return true;
}

static inline bool date_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    return slot->flags == (MR_JSON_SLOT_STRING | 10) && !v.r->options.has_date_format &&
           day_at(v, v.text + slot->at, (int32_t *)v.values + row);
}

/* time_plain: "yyyy-mm-ddThh:mm:ss[.f]" and, for instants, Z, or nothing when the zone is UTC. */
static inline bool time_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    bool is_ntz = v.node->type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_json_options *options = &v.r->options;
    const char *text = v.text + slot->at;
    uint32_t bytes = slot->flags & MR_JSON_SLOT_BYTES_MAX;
    int32_t days;
    int64_t us;
    if (slot->flags != (MR_JSON_SLOT_STRING | bytes) || bytes < 19 || bytes > 29 ||
        (is_ntz ? options->has_ntz_format : options->has_timestamp_format)) {
        return false;
    }
    bool is_utc = text[bytes - 1] == 'Z';
    if (is_utc ? is_ntz : !is_ntz && v.r->d.zone != NULL) return false;
    if ((text[10] != 'T' && text[10] != ' ') || !day_at(v, text, &days)) return false;
    if (!mr_swift_clock(text + 11, bytes - 11 - is_utc, &us)) return false;
    ((int64_t *)v.values)[row] = days * MR_US_PER_DAY + us;
    return true;
}

/* no_plain: types whose values all go the general way. */
static inline bool no_plain(struct converter v, uint32_t row, const struct mr_json_slot *slot)
{
    (void)v, (void)row, (void)slot;
    return false;
}

/* -- the loop ------------------------------------------------------------------------------ */

/* The first `count` slots, by one plain form; `base` is the row of the first. A copy of the loop
 * for each form. Validity is written a word at a time. */
#define LOOP(name, plain)                                                                          \
    static uint32_t name(struct converter v, const struct mr_json_slot *slots, uint32_t base,      \
                         uint32_t count)                                                           \
    {                                                                                              \
        uint64_t *validity = v.node->vec->validity;                                                \
        for (uint32_t k = 0; k < count;) {                                                         \
            uint32_t row = base + k, word = row / 64;                                              \
            uint32_t end = MR_MIN(count, k + 64 - row % 64);                                       \
            uint64_t bits = 0;                                                                     \
            for (; k < end; k++, row++) {                                                          \
                if (slots[k].flags == MR_JSON_SLOT_ABSENT) continue;                               \
                if (__builtin_expect(plain(v, row, &slots[k]), 1)) {                               \
                    bits |= UINT64_C(1) << (row % 64);                                             \
                } else if (!slot_put(v, row, &slots[k])) {                                         \
                    validity[word] |= bits;                                                        \
                    return k;                                                                      \
                }                                                                                  \
            }                                                                                      \
            validity[word] |= bits;                                                                \
        }                                                                                          \
        return count;                                                                              \
    }

LOOP(strings, string_plain)
LOOP(booleans, boolean_plain)
LOOP(ints, int_plain)
LOOP(longs, long_plain)
LOOP(doubles, double_plain)
LOOP(decimals, decimal_plain)
LOOP(dates, date_plain)
LOOP(times, time_plain)
LOOP(others, no_plain)

uint32_t json_lane_convert(struct mr_json_reader *r, uint32_t number, uint32_t count)
{
    struct json_lane *lane = &r->lane;
    struct json_node *node = lane->columns[number].node;
    const struct mr_json_slot *slots = lane->walk.columns[number].slots;
    uint32_t base = lane->columns[number].base;
    struct converter v = {r,          node, lane->walk.text, node->vec->values,
                          r->d.buffer, r->d.buffer_off};
    switch (node->type->id) {
    case MR_TYPE_STRING: return strings(v, slots, base, count);
    case MR_TYPE_BOOLEAN: return booleans(v, slots, base, count);
    case MR_TYPE_INT: return ints(v, slots, base, count);
    case MR_TYPE_LONG: return longs(v, slots, base, count);
    case MR_TYPE_DOUBLE: return doubles(v, slots, base, count);
    case MR_TYPE_DECIMAL: return decimals(v, slots, base, count);
    case MR_TYPE_DATE: return dates(v, slots, base, count);
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: return times(v, slots, base, count);
    default: return others(v, slots, base, count);
    }
}

/* token_is_json: a slot that was not in quotes. */
static bool token_is_json(const struct mr_json_reader *r, const struct mr_json_slot *slot)
{
    const struct json_cursor *c = &r->d.cursor;
    bool is_negative;
    uint64_t digits;
    uint32_t scale;
    struct mr_span text = {r->lane.walk.text + slot->at, slot->flags};
    if (text.bytes <= 20 &&
        mr_swift_fixed(text.text, slot->flags, &is_negative, &digits, &scale)) {
        return true;
    }
    while (text.bytes > 0 && json_is_blank(c, text.text[text.bytes - 1])) text.bytes--;
    return text.bytes > 0 && json_token_of(c, text) != JSON_TOKEN_BAD;
}

uint32_t json_lane_check(struct mr_json_reader *r, uint32_t number, uint32_t count)
{
    const struct mr_json_slot *slots = r->lane.walk.columns[number].slots;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t flags = slots[k].flags, bytes = flags & MR_JSON_SLOT_BYTES_MAX;
        /* Nothing in a plain string can be wrong; a value that the cursor passed has no length. */
        if (flags == MR_JSON_SLOT_ABSENT || flags == (bytes | MR_JSON_SLOT_STRING)) continue;
        if (flags == 0) continue;
        bool is_string = (flags & MR_JSON_SLOT_STRING) != 0;
        bool is_json = is_string
                           ? json_escapes_check(&r->d.cursor, slots[k].at, slots[k].at + bytes)
                           : token_is_json(r, &slots[k]);
        if (!is_json) return k;
    }
    return count;
}

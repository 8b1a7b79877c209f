/* A column of slots into a vector. Each type has a plain form that nearly all values have, decided
 * on eight bytes at a time; what has another is left to csv_value_put. */
#include <string.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/format/csv/csv_reader_impl.h"
#include "kernels/json/json_index.h"
#include "kernels/text/datetime.h"

struct converter {
    struct mr_csv_reader *r;
    struct csv_member *member;
    struct mr_vec *vec;
    void *values;
};

/* -- plain forms --------------------------------------------------------------------------- */

static inline bool int_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    int64_t value;
    if (bytes > 11 || !mr_swift_i64(at, bytes, &value) || value != (int32_t)value) return false;
    ((int32_t *)v.values)[row] = (int32_t)value;
    return true;
}

static inline bool long_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    return bytes <= 19 && mr_swift_i64(at, bytes, (int64_t *)v.values + row);
}

static inline bool double_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    return bytes <= 18 && mr_swift_double(at, bytes, (double *)v.values + row);
}

/* No more digits behind the point than the column has: nothing is rounded. */
static inline bool decimal_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    static const int64_t powers[] = {1,       10,       100,       1000,       10000,
                                     100000,  1000000,  10000000,  100000000,  1000000000,
                                     10000000000};
    const struct mr_type *type = v.member->type;
    bool is_negative;
    uint64_t digits;
    uint32_t scale;
    if (bytes > 18 || !mr_decimal_is_long(type) ||
        !mr_swift_fixed(at, bytes, &is_negative, &digits, &scale)) {
        return false;
    }
    if (scale > type->scale || type->scale - scale >= MR_COUNT_OF(powers)) return false;
    int64_t value;
    if (__builtin_mul_overflow((int64_t)digits, powers[type->scale - scale], &value) ||
        value >= (int64_t)mr_decimal_pow10(type->precision)) {
        return false;
    }
    ((int64_t *)v.values)[row] = is_negative ? -value : value;
    return true;
}

static inline bool day_at(struct converter v, const char *at, int32_t *out_days)
{
    struct mr_swift_date *date = &v.member->date;
    if (!mr_swift_day_is(date, at)) {
        int32_t days;
        if (at[4] != '-' || at[7] != '-') return false;
        if (mr_date_parse(at, 10, &days) != MR_PARSE_OK) return false;
        mr_swift_day_keep(date, at, days);
    }
    *out_days = date->days;
    return true;
}

static inline bool date_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    return bytes == 10 && !v.r->options.has_date_format &&
           day_at(v, at, (int32_t *)v.values + row);
}

/* "yyyy-mm-ddThh:mm:ss[.f]" and, for instants, Z, or nothing when the zone is UTC. */
static inline bool time_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    const struct mr_csv_options *o = &v.r->options;
    bool is_ntz = v.member->type->id == MR_TYPE_TIMESTAMP_NTZ;
    int32_t days;
    int64_t us;
    if (bytes < 19 || bytes > 29 || (is_ntz ? o->has_ntz_format : o->has_timestamp_format)) {
        return false;
    }
    bool is_utc = at[bytes - 1] == 'Z';
    if (is_utc ? is_ntz : !is_ntz && v.r->zone != NULL) return false;
    if ((at[10] != 'T' && at[10] != ' ') || !day_at(v, at, &days)) return false;
    if (!mr_swift_clock(at + 11, bytes - 11 - is_utc, &us)) return false;
    ((int64_t *)v.values)[row] = days * MR_US_PER_DAY + us;
    return true;
}

static inline bool boolean_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    static const uint32_t word_true = 0x65757274, word_fals = 0x736c6166; /* little-endian */
    uint32_t word = (uint32_t)mr_swift_load(at);
    if (bytes == 4 && word == word_true) {
        mr_bit_set(v.values, row);
        return true;
    }
    if (bytes != 5 || word != word_fals || at[4] != 'e') return false;
    mr_bit_clear(v.values, row);
    return true;
}

static inline bool no_plain(struct converter v, uint32_t row, const char *at, uint32_t bytes)
{
    (void)v, (void)row, (void)at, (void)bytes;
    return false;
}

/* -- the loop ------------------------------------------------------------------------------ */

struct mr_span csv_slot_text(const struct mr_csv_reader *r, const struct csv_slot *slot)
{
    const struct mr_span none = {NULL, 0};
    if (slot->flags == 0) return none;
    if ((slot->flags & CSV_SLOT_EMPTY) != 0) return r->is_empty_null ? none : r->empty_text;
    const char *base = (slot->flags & CSV_SLOT_SPACE) != 0 ? r->space : r->text;
    struct mr_span text = {base + slot->at, slot->flags & CSV_SLOT_BYTES};
    return mr_span_eq(text, r->null_text) ? none : text;
}

/* A value that is not plain. True when the row has one. */
static bool slot_put(struct converter v, uint32_t row, const struct csv_slot *slot)
{
    struct mr_span text = csv_slot_text(v.r, slot);
    if (text.text == NULL) return false;
    if (csv_value_put(v.r, v.member, v.vec, row, text)) return true;
    v.r->fates[row] |= CSV_FATE_MISFIT;
    v.r->has_fates = true;
    return false;
}

/* All rows, by one plain form; a copy of the loop for each. Validity is written a word at a time. A
 * null that has a text of its own is never plain by chance: then nothing is. */
#define LOOP(name, plain)                                                                          \
    static void name(struct converter v, const struct csv_slot *slots, uint32_t rows)              \
    {                                                                                              \
        const char *text = v.r->text, *space = v.r->space;                                         \
        const bool has_plain = v.r->null_text.bytes == 0;                                          \
        for (uint32_t row = 0; row < rows;) {                                                      \
            uint32_t word = row / 64, end = MR_MIN(rows, row + 64);                                \
            uint64_t bits = 0;                                                                     \
            for (; row < end; row++) {                                                             \
                uint32_t flags = slots[row].flags, bytes = flags & ~CSV_SLOT_SPACE;                \
                const char *at = ((flags & CSV_SLOT_SPACE) != 0 ? space : text) + slots[row].at;   \
                if (flags == 0) continue;                                                          \
                bool is_there = (has_plain && plain(v, row, at, bytes)) ||                         \
                                slot_put(v, row, &slots[row]);                                     \
                bits |= (uint64_t)is_there << (row % 64);                                          \
            }                                                                                      \
            v.vec->validity[word] = bits;                                                          \
        }                                                                                          \
    }

LOOP(booleans, boolean_plain)
LOOP(ints, int_plain)
LOOP(longs, long_plain)
LOOP(doubles, double_plain)
LOOP(decimals, decimal_plain)
LOOP(dates, date_plain)
LOOP(times, time_plain)
LOOP(others, no_plain)

/* -- texts --------------------------------------------------------------------------------- */

/* What of a view's two words is text and what its place, by the text's length up to 13. */
static const struct view_masks {
    uint64_t first; /* behind the length in the first word */
    uint64_t rest, place;
} view_masks[] = {
#define TEXT(first, rest) {UINT64_C(first), UINT64_C(rest), 0}
    TEXT(0, 0),
    TEXT(0x000000ff00000000, 0),
    TEXT(0x0000ffff00000000, 0),
    TEXT(0x00ffffff00000000, 0),
    TEXT(0xffffffff00000000, 0),
    TEXT(0xffffffff00000000, 0xff),
    TEXT(0xffffffff00000000, 0xffff),
    TEXT(0xffffffff00000000, 0xffffff),
    TEXT(0xffffffff00000000, 0xffffffff),
    TEXT(0xffffffff00000000, 0xffffffffff),
    TEXT(0xffffffff00000000, 0xffffffffffff),
    TEXT(0xffffffff00000000, 0xffffffffffffff),
    TEXT(0xffffffff00000000, 0xffffffffffffffff),
#undef TEXT
    {UINT64_C(0xffffffff00000000), 0, UINT64_C(0xffffffffffffffff)},
};

static inline void view_put(struct mr_view *out, const char *at, uint32_t bytes, uint32_t buffer,
                            uint32_t off)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const struct view_masks *kept = &view_masks[MR_MIN(bytes, (uint32_t)MR_VIEW_INLINE_MAX + 1)];
    uint64_t place = (uint64_t)off << 32 | buffer;
    uint64_t words[] = {bytes | (mr_swift_load(at) << 32 & kept->first),
                        (mr_swift_load(at + 4) & kept->rest) | (place & kept->place)};
    memcpy(out, words, sizeof words);
#else
    *out = mr_view_of(at, bytes, buffer, off);
#endif
}

static void strings(struct converter v, const struct csv_slot *slots, uint32_t rows)
{
    const char *text = v.r->text, *space = v.r->space;
    const uint32_t space_buffer = v.r->space_buffer;
    const bool has_null_text = v.r->null_text.bytes > 0;
    struct mr_view *views = v.values;
    for (uint32_t row = 0; row < rows;) {
        uint32_t word = row / 64, end = MR_MIN(rows, row + 64);
        uint64_t bits = 0;
        for (; row < end; row++) {
            uint32_t flags = slots[row].flags, at = slots[row].at;
            bool is_space = (flags & CSV_SLOT_SPACE) != 0;
            if (flags == 0) continue;
            if ((flags & CSV_SLOT_EMPTY) != 0) {
                if (v.r->is_empty_null) continue;
                if (!csv_build(v.r, (uint32_t)(v.member - v.r->members), row, v.r->empty_text)) {
                    return;
                }
                continue;
            }
            if (has_null_text && csv_slot_text(v.r, &slots[row]).text == NULL) continue;
            view_put(&views[row], (is_space ? space : text) + at, flags & CSV_SLOT_BYTES,
                     is_space ? space_buffer : 0, at);
            bits |= UINT64_C(1) << (row % 64);
        }
        v.vec->validity[word] = bits;
    }
}

/* The same where some of the text is not UTF-8: what is not is written anew. */
static void strings_cleaned(struct converter v, const struct csv_slot *slots, uint32_t rows)
{
    strings(v, slots, rows);
    for (uint32_t row = 0; row < rows; row++) {
        struct mr_span text = csv_slot_text(v.r, &slots[row]);
        if (text.text == NULL || mr_utf8_check_ref(text.text, text.bytes)) continue;
        if (!csv_build(v.r, (uint32_t)(v.member - v.r->members), row, text)) return;
    }
}

void csv_convert(struct mr_csv_reader *r, struct csv_member *member, struct mr_vec *vec)
{
    const struct csv_slot *slots = csv_slots_of(r, (uint32_t)member->column);
    struct converter v = {r, member, vec, vec->values};
    switch (member->type->id) {
    case MR_TYPE_STRING:
        if (r->is_dirty) {
            strings_cleaned(v, slots, r->rows);
        } else {
            strings(v, slots, r->rows);
        }
        break;
    case MR_TYPE_BINARY: strings(v, slots, r->rows); break;
    case MR_TYPE_BOOLEAN: booleans(v, slots, r->rows); break;
    case MR_TYPE_INT: ints(v, slots, r->rows); break;
    case MR_TYPE_LONG: longs(v, slots, r->rows); break;
    case MR_TYPE_DOUBLE: doubles(v, slots, r->rows); break;
    case MR_TYPE_DECIMAL: decimals(v, slots, r->rows); break;
    case MR_TYPE_DATE: dates(v, slots, r->rows); break;
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: times(v, slots, r->rows); break;
    default: others(v, slots, r->rows); break;
    }
}

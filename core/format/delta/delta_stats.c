#include "core/format/delta/delta_stats.h"

#include <inttypes.h>
#include <math.h>

#include "core/base/assert.h"
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "kernels/text/number.h"

/* ---- rules ---- */

static int64_t property_int(const struct mr_delta_metadata *m, const char *key, int64_t min,
                            int64_t fallback)
{
    struct mr_span text = mr_delta_property(m, key);
    int64_t value;
    if (mr_i64_parse(text.text, text.bytes, &value) != MR_PARSE_OK || value < min) return fallback;
    return value;
}

struct mr_delta_stats_rules mr_delta_stats_rules_of(const struct mr_delta_metadata *metadata)
{
    int64_t units =
        property_int(metadata, "delta.dataSkippingStringPrefixLength", 1, MR_DELTA_STRING_UNITS);
    return (struct mr_delta_stats_rules){
        .indexed_leaves =
            property_int(metadata, "delta.dataSkippingNumIndexedCols", -1, MR_DELTA_INDEXED_LEAVES),
        .string_units = (uint32_t)MR_MIN(units, INT64_C(1024)),
        .columns = mr_delta_property(metadata, "delta.dataSkippingStatsColumns"),
    };
}

/* ---- which leaves ---- */

struct stats_writer {
    const struct mr_delta_stats_rules *rules;
    const struct mr_delta_leaf_stats *leaves;
    enum { WRITE_MIN, WRITE_MAX, WRITE_NULLS } what;
    uint32_t leaf; /* next of `leaves` */
};

/* Takes the next name off a dotted path; backticks quote, two of them stand for one. */
static bool path_next(struct mr_span *path, char *name, size_t room, size_t *out_bytes)
{
    size_t used = 0, i = 0;
    bool is_quoted = false;
    if (path->bytes == 0) return false;
    for (; i < path->bytes; i++) {
        char c = path->text[i];
        if (c == '`') {
            bool is_pair = is_quoted && i + 1 < path->bytes && path->text[i + 1] == '`';
            i += is_pair;
            if (!is_pair) {
                is_quoted = !is_quoted;
                continue;
            }
        } else if (c == '.' && !is_quoted) {
            break;
        }
        if (used < room) name[used++] = c;
    }
    size_t taken = MR_MIN(i + 1, path->bytes);
    *path = (struct mr_span){path->text + taken, path->bytes - taken};
    *out_bytes = used;
    return true;
}

struct stats_place {
    const struct stats_place *outer;
    struct mr_span name;
};

/* Whether the dotted path `listed` names the place or a struct around it. */
static bool path_covers(struct mr_span listed, const struct stats_place *place)
{
    const struct stats_place *steps[MR_TYPE_DEPTH_MAX];
    uint32_t depth = 0;
    for (; place != NULL && depth < MR_TYPE_DEPTH_MAX; place = place->outer) steps[depth++] = place;
    char name[256];
    size_t bytes;
    while (path_next(&listed, name, sizeof name, &bytes)) {
        if (depth == 0) return false;
        if (!mr_span_ieq(steps[--depth]->name, (struct mr_span){name, bytes})) return false;
    }
    return true;
}

static bool is_listed(struct mr_span columns, const struct stats_place *place)
{
    bool is_quoted = false;
    size_t from = 0;
    for (size_t i = 0; i <= columns.bytes; i++) {
        if (i < columns.bytes && columns.text[i] == '`') is_quoted = !is_quoted;
        if (i < columns.bytes && (columns.text[i] != ',' || is_quoted)) continue;
        struct mr_span one = mr_span_trim((struct mr_span){columns.text + from, i - from});
        if (one.bytes > 0 && path_covers(one, place)) return true;
        from = i + 1;
    }
    return false;
}

/* Counts the column and says whether it has statistics. */
static bool is_indexed(struct stats_writer *w, const struct stats_place *place)
{
    uint32_t index = w->leaf++;
    if (w->rules->columns.text != NULL) return is_listed(w->rules->columns, place);
    return w->rules->indexed_leaves < 0 || index < (uint64_t)w->rules->indexed_leaves;
}

/* ---- strings ---- */

/* One character of UTF-8 at the span's start: its bytes, or 0 when there is none; *units is what it
 * takes in UTF-16. Overlong forms and surrogates do not matter here: their length is right. */
static uint32_t char_at(struct mr_span text, uint32_t *units)
{
    if (text.bytes == 0) return 0;
    unsigned char c = (unsigned char)text.text[0];
    uint32_t bytes = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || bytes > text.bytes) return 0;
    for (uint32_t i = 1; i < bytes; i++) {
        if (((unsigned char)text.text[i] & 0xc0) != 0x80) return 0;
    }
    *units = bytes == 4 ? 2 : 1;
    return bytes;
}

static struct mr_span span_from(struct mr_span text, size_t at)
{
    return (struct mr_span){text.text + at, text.bytes - at};
}

bool mr_delta_stats_cut(struct mr_span text, uint64_t whole_bytes, uint32_t units, bool is_max,
                        struct mr_text *out)
{
    size_t at = 0;
    uint32_t used = 0, width = 0;
    /* The prefix; for a maximum with the character that straddles its end. */
    while (used < units && at < whole_bytes) {
        uint32_t bytes = char_at(span_from(text, at), &width);
        if (bytes == 0) return false;
        if (!is_max && used + width > units) break;
        used += width;
        at += bytes;
    }
    if (at == whole_bytes || !is_max) {
        mr_text_add(out, text.text, at);
        return true;
    }
    while (used <= 2 * units && at < whole_bytes) {
        uint32_t bytes = char_at(span_from(text, at), &width);
        if (bytes == 0) return false;
        if (bytes < 4 || memcmp(text.text + at, "\xf4\x8f\xbf\xbf", 4) != 0) {
            mr_text_add(out, text.text, at);
            mr_text_adds(out, (unsigned char)text.text[at] < 0x7f ? "\x7f" : "\xf4\x8f\xbf\xbf");
            return true;
        }
        used += width;
        at += bytes;
    }
    if (at < whole_bytes || used > 2 * units) return false;
    mr_text_add(out, text.text, at);
    return true;
}

/* ---- bounds ---- */

static bool add_string(const struct stats_writer *w, const struct mr_delta_bound *bound,
                       struct mr_text *out)
{
    struct mr_text cut;
    mr_text_init(&cut, out->heap);
    bool has_bound = mr_delta_stats_cut(bound->text, bound->text_bytes, w->rules->string_units,
                                        w->what == WRITE_MAX, &cut);
    if (has_bound) mr_text_add_json(out, mr_text_span(&cut));
    out->is_failed = out->is_failed || cut.is_failed;
    mr_text_fini(&cut);
    return has_bound;
}

/* Years that every reader parses. */
static bool is_common_day(int64_t days)
{
    return days >= -719162 && days <= 2932896; /* 0001-01-01 to 9999-12-31 */
}

static bool add_time(const struct stats_writer *w, int64_t us, const char *suffix,
                     struct mr_text *out)
{
    char text[MR_TIME_TEXT_MAX];
    int64_t ms = mr_floor_div(us, MR_US_PER_MS);
    if (w->what == WRITE_MAX && mr_floor_mod(us, MR_US_PER_MS) != 0) ms++;
    if (!is_common_day(mr_floor_div(ms, MR_US_PER_DAY / MR_US_PER_MS))) return false;
    size_t bytes = mr_time_format(ms * MR_US_PER_MS, 3, suffix, text);
    mr_text_add_json(out, (struct mr_span){text, bytes});
    return true;
}

static bool add_number(const struct mr_type *type, const struct mr_delta_bound *bound,
                       struct mr_text *out)
{
    char text[MR_NUMBER_TEXT_MAX];
    size_t bytes;
    switch (type->id) {
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE:
        if (!isfinite(bound->f64)) return false;
        bytes = type->id == MR_TYPE_FLOAT ? mr_float_format((float)bound->f64, text)
                                          : mr_double_format(bound->f64, text);
        break;
    case MR_TYPE_DECIMAL:
        bytes = mr_decimal_format(mr_decimal_is_long(type) ? bound->i64 : bound->i128, type->scale,
                                  text);
        break;
    default: bytes = mr_i64_format(bound->i64, text); break;
    }
    mr_text_add(out, text, bytes);
    return true;
}

/* The value after its key; false, with nothing written, when the column has none. */
static bool add_bound(const struct stats_writer *w, const struct mr_type *type,
                      const struct mr_delta_leaf_stats *leaf, struct mr_text *out)
{
    const struct mr_delta_bound *bound = w->what == WRITE_MIN ? &leaf->min : &leaf->max;
    if (!leaf->has_bounds || (leaf->has_nan && w->what == WRITE_MAX)) return false;
    switch (type->id) {
    case MR_TYPE_STRING: return add_string(w, bound, out);
    case MR_TYPE_DATE: {
        char text[MR_TIME_TEXT_MAX];
        if (!is_common_day(bound->i64)) return false;
        size_t bytes = mr_date_format(bound->i64, text);
        mr_text_add_json(out, (struct mr_span){text, bytes});
        return true;
    }
    case MR_TYPE_TIMESTAMP: return add_time(w, bound->i64, "Z", out);
    case MR_TYPE_TIMESTAMP_NTZ: return add_time(w, bound->i64, "", out);
    case MR_TYPE_BYTE:
    case MR_TYPE_SHORT:
    case MR_TYPE_INT:
    case MR_TYPE_LONG:
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE:
    case MR_TYPE_DECIMAL: return add_number(type, bound, out);
    default: return false;
    }
}

/* ---- the tree ---- */

static bool add_value(struct stats_writer *w, const struct mr_field *field,
                      const struct stats_place *place, struct mr_text *out)
{
    const struct mr_delta_leaf_stats *leaf = &w->leaves[w->leaf];
    bool has_stats = is_indexed(w, place);
    if (w->what != WRITE_NULLS) return has_stats && add_bound(w, field->type, leaf, out);
    if (!leaf->has_null_count || !(has_stats || !field->is_nullable)) return false;
    mr_text_addf(out, "%" PRIu64, leaf->null_count);
    return true;
}

/* The members of a struct that have something to say, as one object; nothing at all if none has. */
static bool add_struct(struct stats_writer *w, const struct mr_type *type,
                       const struct stats_place *outer, struct mr_text *out)
{
    bool has_any = false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct mr_field *field = &type->fields[i];
        struct stats_place place = {outer, field->name};
        size_t before = out->used;
        mr_text_addc(out, has_any ? ',' : '{');
        mr_text_add_json(out, field->name);
        mr_text_addc(out, ':');
        bool is_there = field->type->id == MR_TYPE_STRUCT ? add_struct(w, field->type, &place, out)
                                                          : add_value(w, field, &place, out);
        if (!is_there && !out->is_failed) out->used = before;
        has_any = has_any || is_there;
    }
    if (has_any) mr_text_addc(out, '}');
    return has_any;
}

uint32_t mr_delta_stats_leaves(const struct mr_type *schema)
{
    uint32_t leaves = 0;
    if (schema->id != MR_TYPE_STRUCT) return 1;
    for (uint32_t i = 0; i < schema->field_count; i++) {
        leaves += mr_delta_stats_leaves(schema->fields[i].type);
    }
    return leaves;
}

void mr_delta_stats_write(const struct mr_delta_stats_rules *rules, const struct mr_type *schema,
                          uint64_t rows, const struct mr_delta_leaf_stats *leaves,
                          struct mr_text *out)
{
    static const char *const names[] = {"minValues", "maxValues", "nullCount"};
    MR_ASSERT(schema->id == MR_TYPE_STRUCT);
    mr_text_addf(out, "{\"numRecords\":%" PRIu64, rows);
    for (int what = WRITE_MIN; what <= WRITE_NULLS; what++) {
        struct stats_writer w = {.rules = rules, .leaves = leaves, .what = what};
        size_t before = out->used;
        mr_text_addf(out, ",\"%s\":", names[what]);
        if (!add_struct(&w, schema, NULL, out) && !out->is_failed) out->used = before;
    }
    mr_text_addc(out, '}');
}

/* The keyed walk: a record's slots found by its keys, not by what earlier records looked like.
 *
 * Where keys come in any order, with blanks here and there, more pieces of text lie between values
 * than are worth learning. This walk follows the structural index member by member, as the cursor
 * does, but only puts slots, which are converted column by column like those of the other walk. It
 * can begin in the middle of a record, behind a value. What is not plain is the cursor's: escapes
 * in names, containers where a scalar should be and the other way round, objects that repeat, and
 * whatever is wrong. */
#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"

enum { BITS_SURE = 57 };

/* Where the walk is. */
struct keyed {
    struct mr_json_reader *r;
    struct json_lane *lane;
    struct mr_json_walk *w;
    const char *text;
    const uint32_t *pos;
    uint32_t p;
    uint32_t i;
    uint32_t row;
    uint32_t object; /* the column whose members are next; JSON_LANE_NONE = the record */
};

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static inline void pass_blanks(struct keyed *k)
{
    while (__builtin_expect((unsigned char)k->text[k->p] <= ' ', 0) && is_blank(k->text[k->p])) {
        k->p++;
    }
}

/* mark_from: the first quote, backslash or control byte at or behind `at`, of the next BITS_SURE
 * bytes; UINT32_MAX when there is none, or when a terminator comes first. */
static inline uint32_t mark_from(const struct keyed *k, uint32_t at)
{
    const struct mr_json_walk *w = k->w;
    uint64_t marks = mr_json_bits(w->quotes, at - w->first) | mr_json_bits(w->care, at - w->first);
    marks <<= 64 - BITS_SURE;
    if (__builtin_expect(marks == 0, 0)) return UINT32_MAX;
    at += (uint32_t)__builtin_ctzll(marks) - (64 - BITS_SURE);
    return at < k->pos[k->i] ? at : UINT32_MAX;
}

/* care_in: whether a backslash or control byte lies in the next `bytes` bytes from `at` on. */
static inline bool care_in(const struct keyed *k, uint32_t at, uint32_t bytes)
{
    const struct mr_json_walk *w = k->w;
    for (; bytes > BITS_SURE; at += BITS_SURE, bytes -= BITS_SURE) {
        if (mr_json_bits(w->care, at - w->first) << (64 - BITS_SURE) != 0) return true;
    }
    return bytes > 0 && mr_json_bits(w->care, at - w->first) << (64 - bytes) != 0;
}

/* quote_from: the first quote at or behind `at` that lies before the next terminator; that
 * terminator when there is none. */
static inline uint32_t quote_from(const struct keyed *k, uint32_t at)
{
    const struct mr_json_walk *w = k->w;
    uint32_t end = k->pos[k->i];
    for (; at < end; at += BITS_SURE) {
        uint64_t bits = mr_json_bits(w->quotes, at - w->first) << (64 - BITS_SURE);
        if (bits == 0) continue;
        return MR_MIN(at + (uint32_t)__builtin_ctzll(bits) - (64 - BITS_SURE), end);
    }
    return end;
}

/* string_take: the string whose opening quote is at p, as a slot; p moves behind it. */
static inline bool string_take(struct keyed *k, struct mr_json_slot *out)
{
    uint32_t from = k->p + 1, end = mark_from(k, from), bytes = end - from;
    if (__builtin_expect(end != UINT32_MAX && k->text[end] == '"', 1)) {
        *out = (struct mr_json_slot){from, bytes | MR_JSON_SLOT_STRING};
        k->p = end + 1;
        return true;
    }
    end = quote_from(k, from);
    bytes = end - from;
    if (end >= k->pos[k->i] || bytes > MR_JSON_SLOT_BYTES_MAX) return false;
    out->at = from;
    out->flags = bytes | MR_JSON_SLOT_STRING | (care_in(k, from, bytes) ? MR_JSON_SLOT_CARE : 0);
    k->p = end + 1;
    return true;
}

/* scalar_take: the token at p, without the blanks behind it. */
static inline bool scalar_take(struct keyed *k, struct mr_json_slot *out)
{
    uint32_t end = k->pos[k->i], last = end;
    if (end == UINT32_MAX || end <= k->p) return false;
    while (__builtin_expect(is_blank(k->text[last - 1]), 0)) last--;
    if (last <= k->p || last - k->p > MR_JSON_SLOT_BYTES_MAX) return false;
    *out = (struct mr_json_slot){k->p, last - k->p};
    k->p = end;
    return true;
}

static inline bool is_null(const struct keyed *k, struct mr_json_slot slot)
{
    return slot.flags == 4 && memcmp(k->text + slot.at, "null", 4) == 0;
}

/* items_take: the strings and scalars of the array at p; p and i move behind it. */
static bool items_take(struct keyed *k, struct mr_json_walk_column *list)
{
    struct mr_json_walk_column *items = &k->w->columns[list->item_column];
    struct mr_json_slot *slot = &list->slots[k->row];
    if (slot->flags != MR_JSON_SLOT_ABSENT || k->pos[k->i] != k->p) return false;
    *slot = (struct mr_json_slot){items->items, 0};
    k->i++;
    k->p++;
    pass_blanks(k);
    if (k->pos[k->i] == k->p) {
        k->i++;
        return k->text[k->p++] == ']';
    }
    for (;;) {
        if (items->items == items->items_max) return false;
        struct mr_json_slot *item = &items->slots[items->items];
        bool is_taken = k->text[k->p] == '"' ? string_take(k, item) : scalar_take(k, item);
        if (!is_taken) return false;
        items->items++;
        slot->flags++;
        pass_blanks(k);
        if (k->pos[k->i] != k->p) return false;
        k->i++;
        if (k->text[k->p++] != ',') return k->text[k->p - 1] == ']';
        pass_blanks(k);
    }
}

/* slot_again: a scalar of a member that has one already. The last one counts, but the one before
 * has to fit as well. */
static bool slot_again(struct keyed *k, uint32_t column, struct mr_json_slot *slot)
{
    if (k->lane->columns[column].kind != JSON_LANE_VALUE) return false;
    if (!json_lane_try(k->r, column, k->row)) return false;
    *slot = (struct mr_json_slot){MR_JSON_SLOT_ABSENT, MR_JSON_SLOT_ABSENT};
    return true;
}

/* scalar_put: a string or scalar for a column that has slots of such. */
static inline bool scalar_put(struct keyed *k, uint32_t column)
{
    struct mr_json_slot found, *slot = &k->w->columns[column].slots[k->row];
    if (!(k->text[k->p] == '"' ? string_take(k, &found) : scalar_take(k, &found))) return false;
    if (__builtin_expect(slot->flags != MR_JSON_SLOT_ABSENT, 0) && !slot_again(k, column, slot)) {
        return false;
    }
    if (!is_null(k, found)) *slot = found;
    return true;
}

/* unknown_pass: a member that the object lacks; noted when somebody collects them. */
static bool unknown_pass(struct keyed *k, const struct json_node *node, struct mr_span name)
{
    struct json_lane *lane = k->lane;
    struct json_cursor *c = &k->r->d.cursor;
    uint32_t depth = k->object == JSON_LANE_NONE ? 1 : lane->columns[k->object].depth + 1u;
    uint32_t q = k->p, first = k->i;
    if (lane->is_probe) return false;
    c->i = k->i;
    k->p = json_skip(c, k->p, depth);
    k->i = c->i;
    if (k->p == JSON_FAIL) return false;
    if (node->is_skipped) return true; /* nobody looks into it */
    bool is_new = mr_type_find(node->type, name, false) < 0;
    if (!k->r->d.is_rescuing && (k->r->d.ignores_unknown || !is_new)) return true;
    if (lane->found_count == JSON_LANE_FOUND_MAX) return false;
    lane->found[lane->found_count++] = (struct json_lane_found){.row = k->row,
                                                                .object = k->object,
                                                                .name = name,
                                                                .q = q,
                                                                .end = k->p,
                                                                .i = first,
                                                                .is_new = is_new};
    return true;
}

/* value_put: the value at p of the member `node`; an object goes on with its members. */
static inline bool value_put(struct keyed *k, const struct json_node *node)
{
    uint32_t number = node->number;
    const struct json_lane_column *column = &k->lane->columns[number];
    bool is_container = k->text[k->p] == '{' || k->text[k->p] == '[';
    struct mr_json_walk_column *slots = &k->w->columns[number];
    struct mr_json_slot found;
    if (column->kind == JSON_LANE_VALUE || (column->kind == JSON_LANE_SKIP && !is_container)) {
        return !is_container && scalar_put(k, number);
    }
    if (column->kind == JSON_LANE_OBJECT && k->text[k->p] == '{') {
        if (slots->slots[k->row].flags != MR_JSON_SLOT_ABSENT) return false;
        slots->slots[k->row] = (struct mr_json_slot){0, 0};
        return true;
    }
    if (column->kind == JSON_LANE_LIST && k->text[k->p] == '[') return items_take(k, slots);
    if (is_container && (column->kind == JSON_LANE_CURSOR || column->kind == JSON_LANE_SKIP)) {
        if (k->lane->is_probe && node->type->id != MR_TYPE_STRING) return false;
        if (slots->slots[k->row].flags != MR_JSON_SLOT_ABSENT) return false;
        slots->slots[k->row] = (struct mr_json_slot){0, 0};
        k->w->p = k->p;
        k->w->i = k->i;
        bool is_taken = json_lane_other(k->r, number);
        k->p = k->w->p;
        k->i = k->w->i;
        return is_taken;
    }
    return slots->slots[k->row].flags == MR_JSON_SLOT_ABSENT && !is_container &&
           scalar_take(k, &found) && is_null(k, found);
}

/* key_pass: the name at p and its colon; p moves to the value. */
static inline bool key_pass(struct keyed *k, struct mr_span *out_name)
{
    if (k->text[k->p] != '"') return false;
    uint32_t from = k->p + 1, end = mark_from(k, from);
    if (end == UINT32_MAX || k->text[end] != '"') return false;
    *out_name = (struct mr_span){k->text + from, end - from};
    k->p = end;
    k->p++;
    pass_blanks(k);
    if (k->text[k->p] != ':') return false;
    k->p++;
    pass_blanks(k);
    return true;
}

/* object_open: passes the bracket at p; *out_is_empty is whether the one that closes it follows. */
static inline bool object_open(struct keyed *k, bool *out_is_empty)
{
    if (k->pos[k->i] != k->p) return false;
    k->i++;
    k->p++;
    pass_blanks(k);
    *out_is_empty = k->pos[k->i] == k->p && k->text[k->p] == '}';
    return true;
}

/* members_walk: from a key on, or from behind a value, to behind the record's last bracket. */
static bool members_walk(struct keyed *k, bool is_behind)
{
    for (;;) {
        while (is_behind) {
            pass_blanks(k);
            if (k->pos[k->i] != k->p) return false;
            char end = k->text[k->p++];
            k->i++;
            is_behind = end == '}';
            if (!is_behind && end != ',') return false;
            if (is_behind && k->object == JSON_LANE_NONE) return true;
            if (is_behind) k->object = k->lane->columns[k->object].parent;
        }
        pass_blanks(k);
        const struct json_node *node =
            k->object == JSON_LANE_NONE ? k->lane->root : k->lane->columns[k->object].node;
        struct mr_span name;
        if (!key_pass(k, &name)) return false;
        int32_t member = json_node_find_swift(node, name);
        is_behind = true;
        if (member < 0 || node->children[member].is_hidden) {
            if (!unknown_pass(k, node, name)) return false;
            continue;
        }
        const struct json_node *child = &node->children[member];
        bool is_object =
            k->text[k->p] == '{' && k->lane->columns[child->number].kind == JSON_LANE_OBJECT;
        if (!value_put(k, child)) return false;
        if (!is_object) continue;
        k->object = child->number;
        if (!object_open(k, &is_behind)) return false;
    }
}

/* keyed_start: what comes first, by the edge that was taken last: the record itself, or what is
 * behind a value. */
static bool keyed_start(struct keyed *k, bool *out_is_behind)
{
    uint32_t state = k->w->edges[k->w->edge].to;
    k->object = JSON_LANE_NONE;
    *out_is_behind = true;
    if (state == 0) {
        pass_blanks(k);
        return k->text[k->p] == '{' && object_open(k, out_is_behind);
    }
    k->object = k->lane->columns[(state - 1) / 2].parent;
    if ((state - 1) % 2 == 0) return true;
    return k->text[k->p++] == '"';
}

bool json_lane_keyed(struct mr_json_reader *r)
{
    struct mr_json_walk *w = &r->lane.walk;
    struct keyed k = {.r = r, .lane = &r->lane, .w = w, .text = w->text, .pos = w->pos, .p = w->p,
                      .i = w->i, .row = w->row};
    bool is_behind;
    if (!keyed_start(&k, &is_behind) || !members_walk(&k, is_behind)) return false;
    pass_blanks(&k);
    if (k.pos[k.i] != k.p || k.text[k.p] != '\n') return false;
    if (k.p - w->record_at > w->record_bytes_max) return false;
    w->p = k.p + 1;
    w->i = k.i + 1;
    w->edge = MR_JSON_START;
    w->row++;
    return true;
}

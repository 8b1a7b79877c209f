/* The walk's one body. The variants differ in LITERAL_IS, which they define before including it:
 * whether the 64 bytes at a place agree with an edge's literal where its mask has bits.
 * tidy: long - one loop and its leaves, which only make sense together. */
#ifndef MR_KERNELS_JSON_JSON_WALK_INL_H
#define MR_KERNELS_JSON_JSON_WALK_INL_H

#include "kernels/json/json_walk.h"

enum { BITS_SURE = 57 };

/* range_bits: whether a bitmap has a bit in [from, from + count). */
static bool range_bits(const uint64_t *bits, uint32_t from, uint32_t count)
{
    for (; count > BITS_SURE; from += BITS_SURE, count -= BITS_SURE) {
        if (mr_json_bits(bits, from) << (64 - BITS_SURE) != 0) return true;
    }
    return count > 0 && mr_json_bits(bits, from) << (64 - count) != 0;
}

/* string_flags: of the string [q, q + bytes) whose opening quote is at q - 1 and whose end has a
 * terminator outside strings two bytes further. UINT32_MAX when another quote lies between: then
 * the byte before the terminator does not close it. */
static inline uint32_t string_flags(const struct mr_json_walk *w, uint32_t q, uint32_t bytes)
{
    uint32_t bit = q - w->first;
    if (__builtin_expect(bytes <= BITS_SURE, 1)) {
        uint64_t quotes = mr_json_bits(w->quotes, bit), care = mr_json_bits(w->care, bit);
        if (__builtin_expect(bytes == 0 || (quotes | care) << (64 - bytes) == 0, 1)) {
            return bytes | MR_JSON_SLOT_STRING;
        }
    }
    if (range_bits(w->quotes, bit, bytes)) return UINT32_MAX;
    bool needs_care = range_bits(w->care, bit, bytes);
    return bytes | MR_JSON_SLOT_STRING | (needs_care ? MR_JSON_SLOT_CARE : 0);
}

static inline bool edge_fits(const struct mr_json_walk *w, const struct mr_json_edge *edge,
                             uint32_t p, uint32_t i)
{
    if (!LITERAL_IS(w->text + p, edge)) return false;
    if (edge->kind != MR_JSON_SLOT_IS_SCALAR) return true;
    uint32_t q = p + edge->bytes;
    return w->text[q] != '"' && w->pos[i + edge->terminators] != q;
}

/* edge_look: the edge of a state that fits by the first key behind `p`; MR_JSON_NO_EDGE when there
 * is none. */
static uint32_t edge_look(const struct mr_json_walk *w, uint32_t state, uint32_t p, uint32_t i)
{
    uint32_t e = w->table[mr_json_walk_place(w, state, p)];
    while (e != MR_JSON_NO_EDGE) {
        const struct mr_json_edge *edge = &w->edges[e];
        if (edge->from == state && edge_fits(w, edge, p, i)) return e;
        e = edge->next;
    }
    return MR_JSON_NO_EDGE;
}

/* edge_find: what follows `last` when it is not what followed last time. */
static uint32_t edge_find(const struct mr_json_walk *w, struct mr_json_edge *last, uint32_t p,
                          uint32_t i)
{
    uint32_t e = last->second;
    if (!edge_fits(w, &w->edges[e], p, i)) e = edge_look(w, last->to, p, i);
    if (e == MR_JSON_NO_EDGE || e == last->first) return e;
    last->second = last->first;
    last->first = (uint16_t)e;
    return e;
}

/* items_take: the items from `q` on, the next terminator being `*i`; both move behind the bracket.
 * False when one is neither string nor scalar, or when they are too many. */
static bool items_take(const struct mr_json_walk *w, struct mr_json_walk_column *list, uint32_t *q,
                       uint32_t *i)
{
    struct mr_json_walk_column *column = &w->columns[list->item_column];
    uint32_t at = *q, k = *i;
    while (w->text[at] == ' ') at++;
    if (w->pos[k] == at) { /* it is the bracket, or something that is no scalar */
        *q = at + 1;
        *i = k + 1;
        return w->text[at] == ']';
    }
    for (;;) {
        if (column->items == column->items_max) return false;
        struct mr_json_slot *slot = &column->slots[column->items];
        uint32_t end = w->pos[k];
        if (w->text[at] == '"') {
            if (end < at + 2 || w->text[end - 1] != '"') return false;
            *slot = (struct mr_json_slot){at + 1, string_flags(w, at + 1, end - at - 2)};
            if (slot->flags == UINT32_MAX) return false;
        } else {
            if (end == at) return false;
            *slot = (struct mr_json_slot){at, end - at};
        }
        column->items++;
        k++;
        at = end + 1;
        if (w->text[end] != ',') break;
        while (w->text[at] == ' ') at++;
    }
    *q = at;
    *i = k;
    return w->text[at - 1] == ']';
}

static inline mr_json_walk_stop stop_at(struct mr_json_walk *w, uint32_t p, uint32_t i,
                                        const struct mr_json_edge *edge, mr_json_walk_stop stop)
{
    w->p = p;
    w->i = i;
    w->edge = (uint32_t)(edge - w->edges);
    return stop;
}

/* slot_put: a column's slot in a row. False when it has one. */
static inline bool slot_put(struct mr_json_walk_column *columns, uint32_t column, uint32_t row,
                            struct mr_json_slot slot)
{
    struct mr_json_slot *at = &columns[column].slots[row];
    bool is_absent = at->flags == MR_JSON_SLOT_ABSENT;
    *at = slot;
    return is_absent;
}

static inline bool opens_put(struct mr_json_walk_column *columns, const struct mr_json_edge *edge,
                             uint32_t row)
{
    for (uint32_t k = 0; k < edge->open_count; k++) {
        if (!slot_put(columns, edge->opens[k], row, (struct mr_json_slot){0, 0})) return false;
    }
    return true;
}

/* list_put: an array of scalars from `*p` on; `*p` and `*i` move behind it. */
static bool list_put(const struct mr_json_walk *w, struct mr_json_walk_column *list, uint32_t row,
                     uint32_t *p, uint32_t *i)
{
    struct mr_json_slot *slot = &list->slots[row];
    const struct mr_json_walk_column *items = &w->columns[list->item_column];
    if (slot->flags != MR_JSON_SLOT_ABSENT) return false;
    slot->at = items->items;
    bool is_taken = items_take(w, list, p, i);
    slot->flags = items->items - slot->at;
    return is_taken;
}

/* What an edge that ends in no scalar came to. */
typedef enum after_edge {
    GO_ON,
    NEXT_RECORD,
    LEAVE,
    OTHER,
} after_edge;

static after_edge edge_rest(struct mr_json_walk *w, const struct mr_json_edge *edge, uint32_t row,
                            uint32_t *p, uint32_t *i)
{
    switch ((mr_json_slot_kind)edge->kind) {
    case MR_JSON_SLOT_IS_END:
        w->row = row + 1;
        return *p - 1 - w->record_at > w->record_bytes_max ? LEAVE : NEXT_RECORD;
    case MR_JSON_SLOT_IS_ITEMS:
        return list_put(w, &w->columns[edge->column], row, p, i) ? GO_ON : LEAVE;
    case MR_JSON_SLOT_IS_NONE:
        if (edge->column == MR_JSON_NO_COLUMN) return GO_ON;
        return w->columns[edge->column].slots[row].flags == MR_JSON_SLOT_ABSENT ? GO_ON : LEAVE;
    case MR_JSON_SLOT_IS_OTHER:
        return slot_put(w->columns, edge->column, row, (struct mr_json_slot){0, 0}) ? OTHER : LEAVE;
    default: return LEAVE;
    }
}

/* tidy: long - one loop over the records' bytes: its branches are what a record can meet. Fields
 * are copied, since what is stored could otherwise be them, and they would be loaded each time. */
static inline mr_json_walk_stop walk_records(struct mr_json_walk *w)
{
    const char *const text = w->text;
    const uint32_t *const pos = w->pos;
    const uint64_t *const quotes = w->quotes, *const care = w->care;
    struct mr_json_edge *const edges = w->edges, *edge = &edges[w->edge];
    struct mr_json_walk_column *const columns = w->columns;
    const uint32_t first = w->first;
    uint32_t p = w->p, i = w->i, row = w->row;
    if (edge->to == 0) goto next_record;
    for (;;) {
        struct mr_json_edge *last = edge;
        edge = &edges[last->first];
        if (__builtin_expect(!LITERAL_IS(text + p, edge), 0)) {
        find:
            edge = &edges[edge_find(w, last, p, i)];
            if (edge == &edges[MR_JSON_NO_EDGE]) return stop_at(w, p, i, last, MR_JSON_WALK_MISS);
        }
        uint32_t q = p + edge->bytes, end = pos[i + edge->terminators], flags;
        if (__builtin_expect(edge->kind == MR_JSON_SLOT_IS_STRING, 1)) {
            p = end - 1;
            flags = p - q;
            if (__builtin_expect(flags > MR_JSON_SLOT_BYTES_MAX, 0)) break;
            uint64_t marks = mr_json_bits(quotes, q - first) | mr_json_bits(care, q - first);
            if (flags > BITS_SURE || (marks & ((UINT64_C(1) << flags) - 1)) != 0) {
                flags = string_flags(w, q, flags);
                if (flags == UINT32_MAX) break;
            }
            flags |= MR_JSON_SLOT_STRING;
        } else if (edge->kind == MR_JSON_SLOT_IS_SCALAR) {
            /* An edge may be predicted for a number while the value is a string or an object; one
             * that was looked up has been asked that already. */
            if (__builtin_expect(text[q] == '"' || end == q, 0)) goto find;
            p = end;
            flags = p - q;
            if (__builtin_expect(flags > MR_JSON_SLOT_BYTES_MAX, 0)) break;
        } else {
            i += edge->terminators;
            if (!opens_put(columns, edge, row)) break;
            after_edge after = edge_rest(w, edge, row, &q, &i);
            p = q;
            if (after == GO_ON) continue;
            if (after == LEAVE) break;
            if (after == OTHER) return stop_at(w, p, i, edge, MR_JSON_WALK_OTHER);
        next_record:
            row = w->row;
            if (i >= w->pos_end || row == w->row_end) {
                return stop_at(w, p, i, edge, MR_JSON_WALK_DONE);
            }
            w->record_at = w->row_at[row] = p;
            w->row_i[row] = i;
            continue;
        }
        i += edge->terminators;
        if (__builtin_expect(edge->open_count != 0, 0) && !opens_put(columns, edge, row)) break;
        if (!slot_put(columns, edge->column, row, (struct mr_json_slot){q, flags})) break;
    }
    w->row = row;
    return stop_at(w, p, i, edge, MR_JSON_WALK_LEAVE);
}

#endif

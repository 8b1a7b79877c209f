/* Learning edges: what lies between two values, parsed once to be compared from then on.
 *
 * Only what is plain is learned: keys without escapes that the schema has, and blanks where they
 * happen to stand, as part of the literal. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/json/json_lane_impl.h"

enum { CHAIN_MAX = 8 };

/* The edge in work. */
struct learner {
    struct json_lane *lane;
    const char *text;
    uint32_t at;
    uint32_t end; /* a literal cannot be longer */
    struct mr_json_edge edge;
};

static void pass_blanks(struct learner *l)
{
    while (l->text[l->at] == ' ' || l->text[l->at] == '\t' || l->text[l->at] == '\r') l->at++;
}

static bool pass(struct learner *l, char c)
{
    pass_blanks(l);
    if (l->at >= l->end || l->text[l->at] != c) return false;
    l->at++;
    return true;
}

/* pass_key: a name in quotes and its colon; returns the member, or null when it is not to learn. */
static struct json_node *pass_key(struct learner *l, uint32_t object)
{
    const struct json_node *node =
        object == JSON_LANE_NONE ? l->lane->root : l->lane->columns[object].node;
    if (!pass(l, '"')) return NULL;
    uint32_t from = l->at;
    while (l->at < l->end && l->text[l->at] != '"') {
        if (l->text[l->at] == '\\' || (unsigned char)l->text[l->at] < 0x20) return NULL;
        l->at++;
    }
    struct mr_span name = {l->text + from, l->at - from};
    if (!pass(l, '"') || !pass(l, ':')) return NULL;
    int32_t member = json_node_find(node, name);
    if (member >= 0 && !node->children[member].is_hidden) return &node->children[member];
    return l->lane->ignores_unknown ? json_lane_extra(l->lane, object, name) : NULL;
}

static bool end_with(struct learner *l, mr_json_slot_kind kind, uint32_t column, bool is_string)
{
    l->edge.kind = (uint8_t)kind;
    l->edge.column = (uint16_t)column;
    l->edge.to = (uint16_t)(1 + 2 * column + is_string);
    return true;
}

static bool end_with_nothing(struct learner *l, const struct json_node *node, bool must_be_absent)
{
    (void)end_with(l, MR_JSON_SLOT_IS_NONE, node->number, false);
    if (!must_be_absent) l->edge.column = MR_JSON_NO_COLUMN;
    return true;
}

/* learn_value: the value of the member `node`; true when the edge ends there. An object goes on:
 * *out_next is whose first member follows. */
static bool learn_value(struct learner *l, struct json_node *node, struct json_node **out_next)
{
    json_lane_kind kind = l->lane->columns[node->number].kind;
    bool is_nested = mr_type_is_nested(node->type);
    pass_blanks(l);
    *out_next = NULL;
    if (l->at >= l->end) return false;
    char first = l->text[l->at];
    if ((first == '{' || first == '[') && (kind == JSON_LANE_CURSOR || kind == JSON_LANE_SKIP)) {
        if (l->lane->is_probe && node->type->id != MR_TYPE_STRING) return false;
        return end_with(l, MR_JSON_SLOT_IS_OTHER, node->number, false);
    }
    if (kind == JSON_LANE_SKIP) {
        l->at += first == '"';
        mr_json_slot_kind slot = first == '"' ? MR_JSON_SLOT_IS_STRING : MR_JSON_SLOT_IS_SCALAR;
        return end_with(l, slot, node->number, first == '"');
    }
    switch (first) {
    case '"':
        if (is_nested) return false;
        l->at++;
        return end_with(l, MR_JSON_SLOT_IS_STRING, node->number, true);
    case '{':
        if (kind != JSON_LANE_OBJECT || l->edge.open_count == MR_JSON_OPENS_MAX) return false;
        l->edge.opens[l->edge.open_count++] = node->number;
        l->at++;
        if (pass(l, '}')) return end_with_nothing(l, node, false);
        *out_next = node;
        return false;
    case '[':
        if (kind != JSON_LANE_LIST) return false;
        l->at++;
        return end_with(l, MR_JSON_SLOT_IS_ITEMS, node->number, false);
    case 'n':
        if (is_nested || node->type->id == MR_TYPE_STRING) {
            if (memcmp(l->text + l->at, "null", 4) != 0) return false;
            l->at += 4;
            return end_with_nothing(l, node, true);
        }
        break;
    default:
        if (is_nested) return false;
    }
    return end_with(l, MR_JSON_SLOT_IS_SCALAR, node->number, false);
}

/* learn_member: from a key of `object` to the value it leads to, through objects that open. */
static bool learn_member(struct learner *l, uint32_t object)
{
    for (;;) {
        struct json_node *next, *node = pass_key(l, object);
        if (node == NULL) return false;
        if (learn_value(l, node, &next)) return true;
        if (next == NULL) return false;
        object = next->number;
    }
}

/* learn_after: behind a value of a member of `parent`. */
static bool learn_after(struct learner *l, uint32_t parent)
{
    while (pass(l, '}')) {
        if (parent == JSON_LANE_NONE) {
            if (!pass(l, '\n')) return false;
            l->edge.kind = MR_JSON_SLOT_IS_END;
            l->edge.to = 0;
            return true;
        }
        parent = l->lane->columns[parent].parent;
    }
    return pass(l, ',') && learn_member(l, parent);
}

static bool learn_start(struct learner *l)
{
    return pass(l, '{') && learn_member(l, JSON_LANE_NONE);
}

static bool learn_parse(struct learner *l, uint32_t state)
{
    if (state == 0) return learn_start(l);
    uint32_t column = (state - 1) / 2;
    bool is_string = (state - 1) % 2 == 1;
    if (is_string && l->text[l->at] != '"') return false;
    l->at += is_string;
    return learn_after(l, l->lane->columns[column].parent);
}

/* -- the edges ----------------------------------------------------------------------------- */

void json_lane_forget(struct json_lane *lane)
{
    memset(lane->table, 0, (lane->walk.table_mask + 1) * sizeof *lane->table);
    memset(lane->edges, 0, MR_JSON_EDGES_OWN * sizeof *lane->edges);
    lane->edges[MR_JSON_NO_EDGE].bytes = 1;
    lane->edges[MR_JSON_NO_EDGE].mask = 1;
    lane->edges[MR_JSON_NO_EDGE].literal[0] = (char)0xff;
    lane->edge_count = MR_JSON_EDGES_OWN;
}

/* chain_is_long: so many edges share a first key that looking through them is no gain. */
static bool chain_is_long(const struct json_lane *lane, uint32_t place)
{
    uint32_t count = 0;
    for (uint32_t e = lane->table[place]; e != MR_JSON_NO_EDGE; e = lane->edges[e].next) count++;
    return count >= CHAIN_MAX;
}

bool json_lane_learn(struct json_lane *lane)
{
    struct mr_json_walk *w = &lane->walk;
    struct mr_json_edge *last = &lane->edges[w->edge];
    struct learner l = {.lane = lane,
                        .text = w->text,
                        .at = w->p,
                        .end = w->p + MR_JSON_LITERAL_MAX};
    if (lane->edge_count == lane->edge_room || !learn_parse(&l, last->to)) return false;
    uint32_t bytes = l.at - w->p, i = w->i;
    MR_ASSERT(bytes > 0 && bytes <= MR_JSON_LITERAL_MAX);
    while (w->pos[i] < l.at) i++;
    uint32_t place = mr_json_walk_place(w, last->to, w->p);
    if (chain_is_long(lane, place)) return false;
    uint32_t e = lane->edge_count++;
    l.edge.bytes = (uint8_t)bytes;
    l.edge.mask = bytes == 64 ? UINT64_MAX : (UINT64_C(1) << bytes) - 1;
    l.edge.terminators = (uint8_t)(i - w->i);
    l.edge.from = last->to;
    l.edge.next = lane->table[place];
    memcpy(l.edge.literal, w->text + w->p, bytes);
    lane->edges[e] = l.edge;
    lane->table[place] = (uint16_t)e;
    last->second = last->first;
    last->first = (uint16_t)e;
    return true;
}

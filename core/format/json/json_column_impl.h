/* Columns under construction: a tree of nodes beside the schema's types.
 *
 * Struct members share their parent's row numbers; items of arrays and maps are appended. A row
 * that nobody writes is null: validity starts as zeros. Rows are written in order, and the last
 * one can be taken back (a broken record, a repeated key). List ends are filled in late: `filled`
 * rows have theirs. */
#ifndef MR_CORE_FORMAT_JSON_JSON_COLUMN_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_COLUMN_IMPL_H

#include "core/batch/vec.h"
#include "core/mem/arena.h"

/* A name by the words at its ends, which are all of it up to 16 bytes. */
struct json_key {
    uint64_t first, last;
    uint32_t bytes;
    uint32_t member; /* + 1; 0 = free */
};

/* Names of a struct's members: open-addressed tables, by the name and without regard to case, and
 * what usually comes after what. */
struct json_keys {
    struct json_key *exact; /* slot_mask + 1 entries */
    uint32_t *slots; /* member + 1, 0 = free; slot_mask + 1 entries */
    uint32_t slot_mask;
    uint32_t *follow; /* follow[k]: member seen last behind member k - 1; follow[0]: first */
    bool is_case_sensitive;
};

struct json_node {
    const struct mr_type *type;
    struct mr_span name;
    struct mr_span quoted; /* "name": as compact text; empty when the name needs escapes */
    bool is_hidden;        /* the reader's own column: no key of the input names it */
    bool is_skipped;       /* nobody asks for it: its values are checked and left out */
    uint16_t number;       /* among the lane's columns; see json_lane_impl.h */
    struct mr_vec *vec;
    uint32_t room;        /* rows */
    uint32_t filled;      /* array, map: rows whose end is known */
    uint32_t items;       /* array, map: rows of the children */
    uint32_t items_hint;  /* what earlier batches needed */
    bool has_item_misfit; /* of the array or map in work: it is null as a whole */
    struct json_node *children;
    uint32_t child_count;
    struct json_keys keys; /* struct */
};

/* json_node_init: the tree for a type, in `arena`.
 * returns MR_E_INVALID for a map whose key is no string, MR_E_NOMEM */
MR_MUST_USE mr_status json_node_init(struct json_node *node, struct mr_arena *arena,
                                     const struct mr_type *type, bool is_case_sensitive,
                                     struct mr_err *err);

/* json_node_find: the member of that name, or -1. */
int32_t json_node_find(const struct json_node *node, struct mr_span name);

/* json_low_bytes: the first `bytes` bytes, 0..7, of a word as it was loaded. */
static inline uint64_t json_low_bytes(uint64_t word, uint32_t bytes)
{
    if (bytes == 0) return 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return word & ~(UINT64_MAX >> (8 * bytes));
#else
    return word & UINT64_MAX >> (64 - 8 * bytes);
#endif
}

/* json_key_of: of a name that is readable eight bytes past its start. */
static inline struct json_key json_key_of(struct mr_span name)
{
    struct json_key key = {.bytes = (uint32_t)name.bytes};
    memcpy(&key.first, name.text, sizeof key.first);
    if (name.bytes >= sizeof key.first) {
        memcpy(&key.last, name.text + name.bytes - sizeof key.last, sizeof key.last);
    } else {
        key.first = json_low_bytes(key.first, (uint32_t)name.bytes);
    }
    return key;
}

static inline uint32_t json_key_slot(const struct json_key *key)
{
    uint64_t hash = (key->first ^ (uint64_t)key->bytes << 56) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((hash ^ key->last * UINT64_C(0xbf58476d1ce4e5b9)) >> 32);
}

/* json_node_find_swift: the same for a name that is readable eight bytes past its start. */
static inline int32_t json_node_find_swift(const struct json_node *node, struct mr_span name)
{
    const struct json_keys *keys = &node->keys;
    const struct json_key key = json_key_of(name);
    for (uint32_t slot = json_key_slot(&key) & keys->slot_mask; keys->exact[slot].member != 0;
         slot = (slot + 1) & keys->slot_mask) {
        const struct json_key *known = &keys->exact[slot];
        if (known->first != key.first || known->last != key.last || known->bytes != key.bytes) {
            continue;
        }
        uint32_t member = known->member - 1;
        if (key.bytes > 16 && !mr_span_eq(node->children[member].name, name)) continue;
        return (int32_t)member;
    }
    return keys->is_case_sensitive ? -1 : json_node_find(node, name);
}

/* json_node_begin: binds the tree to `vec`, made here with `room` rows. */
MR_MUST_USE mr_status json_node_begin(struct json_node *node, struct mr_vec *vec,
                                      struct mr_arena *arena, uint32_t room,
                                      const struct mr_bufs *bufs, struct mr_err *err);

/* json_node_reserve: room for `rows` rows; what is there stays. */
MR_MUST_USE mr_status json_node_reserve(struct json_node *node, struct mr_arena *arena,
                                        uint32_t rows, struct mr_err *err);

/* json_node_truncate: takes back rows from `rows` on, of which there are `used` at most. */
void json_node_truncate(struct json_node *node, uint32_t rows, uint32_t used);

/* json_node_list_begin: row `row` of an array or map starts here.
 * json_node_list_end: and ends with the items there are. */
void json_node_list_begin(struct json_node *node, uint32_t row);
void json_node_list_end(struct json_node *node, uint32_t row);

/* json_node_seal: the column has `rows` rows. */
void json_node_seal(struct json_node *node, uint32_t rows);

#endif

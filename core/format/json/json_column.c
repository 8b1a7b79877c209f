#include "core/format/json/json_column_impl.h"

#include "core/base/checked.h"

enum { ITEMS_MIN = 64 };

/* -- names --------------------------------------------------------------------------------- */

/* name_hash: of the length and up to eight bytes at either end; letters count without their case,
 * which some other bytes lose as well: they only collide. */
static uint32_t name_hash(struct mr_span name)
{
    const uint64_t case_bits = UINT64_C(0x2020202020202020);
    uint64_t first = 0, last = 0;
    size_t bytes = MR_MIN(name.bytes, sizeof first);
    if (bytes > 0) {
        memcpy(&first, name.text, bytes);
        memcpy(&last, name.text + name.bytes - bytes, bytes);
    }
    uint64_t hash = ((first | case_bits) ^ name.bytes << 56) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 29 ^ (last | case_bits)) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(hash >> 32);
}

int32_t json_node_find(const struct json_node *node, struct mr_span name)
{
    const struct json_keys *keys = &node->keys;
    uint32_t slot = name_hash(name) & keys->slot_mask;
    for (; keys->slots[slot] != 0; slot = (slot + 1) & keys->slot_mask) {
        uint32_t member = keys->slots[slot] - 1;
        struct mr_span known = node->children[member].name;
        if (keys->is_case_sensitive ? mr_span_eq(known, name) : mr_span_ieq(known, name)) {
            return (int32_t)member;
        }
    }
    return -1;
}

/* key_add: the member of that name that json_node_find gives. */
static void key_add(struct json_node *node, uint32_t member)
{
    char padded[16] = {0};
    struct mr_span name = node->children[member].name;
    if (name.bytes < 8) {
        if (name.bytes > 0) memcpy(padded, name.text, name.bytes);
        name.text = padded;
    }
    struct json_key key = json_key_of(name);
    uint32_t slot = json_key_slot(&key) & node->keys.slot_mask;
    while (node->keys.exact[slot].member != 0) slot = (slot + 1) & node->keys.slot_mask;
    key.member = member + 1;
    node->keys.exact[slot] = key;
}

static bool name_is_plain(struct mr_span name)
{
    for (size_t i = 0; i < name.bytes; i++) {
        unsigned char byte = (unsigned char)name.text[i];
        if (byte < 0x20 || byte == '"' || byte == '\\') return false;
    }
    return true;
}

static mr_status nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the columns of JSON records");
}

static mr_status keys_init(struct json_node *node, struct mr_arena *arena, bool is_case_sensitive,
                           struct mr_err *err)
{
    uint32_t slots = 8;
    while (slots < node->child_count * 2) slots *= 2;
    node->keys.slots = MR_ARENA_ARRAY(arena, uint32_t, slots);
    node->keys.exact = MR_ARENA_ARRAY(arena, struct json_key, slots);
    node->keys.follow = MR_ARENA_ARRAY(arena, uint32_t, node->child_count + 1);
    node->keys.slot_mask = slots - 1;
    node->keys.is_case_sensitive = is_case_sensitive;
    if (node->keys.slots == NULL || node->keys.exact == NULL || node->keys.follow == NULL) {
        return nomem(err);
    }
    for (uint32_t i = 0; i < node->child_count; i++) {
        struct json_node *child = &node->children[i];
        child->name = node->type->fields[i].name;
        if (name_is_plain(child->name)) {
            char *quoted =
                mr_arena_format(arena, "\"%.*s\":", (int)child->name.bytes, child->name.text);
            if (quoted == NULL) return nomem(err);
            child->quoted = (struct mr_span){quoted, child->name.bytes + 3};
        }
        node->keys.follow[i] = i;
        if (json_node_find(node, child->name) >= 0) continue;
        uint32_t slot = name_hash(child->name) & node->keys.slot_mask;
        while (node->keys.slots[slot] != 0) slot = (slot + 1) & node->keys.slot_mask;
        node->keys.slots[slot] = i + 1;
        key_add(node, i);
    }
    return MR_OK;
}

mr_status json_node_init(struct json_node *node, struct mr_arena *arena, const struct mr_type *type,
                         bool is_case_sensitive, struct mr_err *err)
{
    node->type = type;
    if (!mr_type_is_nested(type)) return MR_OK;
    if (type->id == MR_TYPE_MAP && type->fields[0].type->id != MR_TYPE_STRING) {
        return mr_err_set(err, MR_E_INVALID, 2305,
                          "a map read from JSON has strings as keys, not %s",
                          mr_type_name(type->fields[0].type->id));
    }
    node->child_count = type->field_count;
    node->children = MR_ARENA_ARRAY(arena, struct json_node, MR_MAX(type->field_count, 1u));
    if (node->children == NULL) return nomem(err);
    for (uint32_t i = 0; i < type->field_count; i++) {
        MR_TRY(json_node_init(&node->children[i], arena, type->fields[i].type, is_case_sensitive,
                              err));
    }
    return type->id == MR_TYPE_STRUCT ? keys_init(node, arena, is_case_sensitive, err) : MR_OK;
}

/* -- rows ---------------------------------------------------------------------------------- */

/* node_bind: the node's vectors are there, with `room` rows; those of list items are made. */
static mr_status node_bind(struct json_node *node, struct mr_vec *vec, struct mr_arena *arena,
                           uint32_t room, struct mr_err *err)
{
    node->vec = vec;
    node->room = room;
    node->filled = node->items = 0;
    for (uint32_t i = 0; i < node->child_count; i++) {
        struct json_node *child = &node->children[i];
        struct mr_vec *child_vec = &vec->children[i];
        if (node->type->id == MR_TYPE_STRUCT) {
            MR_TRY(node_bind(child, child_vec, arena, room, err));
        } else {
            uint32_t items = MR_MAX(node->items_hint, (uint32_t)ITEMS_MIN);
            MR_TRY(json_node_begin(child, child_vec, arena, items, vec->bufs, err));
        }
    }
    return MR_OK;
}

mr_status json_node_begin(struct json_node *node, struct mr_vec *vec, struct mr_arena *arena,
                          uint32_t room, const struct mr_bufs *bufs, struct mr_err *err)
{
    MR_TRY(mr_vec_alloc(vec, arena, node->type, room, true, bufs, err));
    return node_bind(node, vec, arena, room, err);
}

/* array_grow: a copy with more room; new bytes are zero. */
static void *array_grow(struct mr_arena *arena, const void *old, size_t old_bytes, size_t new_bytes)
{
    char *grown = mr_arena_alloc(arena, new_bytes, 64);
    if (grown == NULL) return NULL;
    if (old_bytes > 0) memcpy(grown, old, old_bytes);
    memset(grown + old_bytes, 0, new_bytes - old_bytes);
    return grown;
}

static mr_status node_grow(struct json_node *node, struct mr_arena *arena, uint32_t room,
                           struct mr_err *err)
{
    struct mr_vec *vec = node->vec;
    size_t old_words = mr_bit_words(node->room), new_words = mr_bit_words(room);
    vec->validity = array_grow(arena, vec->validity, old_words * 8, new_words * 8);
    if (vec->validity == NULL) return nomem(err);
    if (vec->offsets != NULL) {
        vec->offsets =
            array_grow(arena, vec->offsets, ((size_t)node->room + 1) * 4, ((size_t)room + 1) * 4);
        if (vec->offsets == NULL) return nomem(err);
    }
    if (vec->values != NULL) {
        bool is_bits = node->type->id == MR_TYPE_BOOLEAN;
        size_t width = mr_type_width(node->type);
        vec->values = array_grow(arena, vec->values, is_bits ? old_words * 8 : node->room * width,
                                 is_bits ? new_words * 8 : room * width);
        if (vec->values == NULL) return nomem(err);
    }
    node->room = room;
    for (uint32_t i = 0; node->type->id == MR_TYPE_STRUCT && i < node->child_count; i++) {
        MR_TRY(node_grow(&node->children[i], arena, room, err));
    }
    return MR_OK;
}

mr_status json_node_reserve(struct json_node *node, struct mr_arena *arena, uint32_t rows,
                            struct mr_err *err)
{
    if (rows <= node->room) return MR_OK;
    return node_grow(node, arena, MR_MAX(rows, node->room * 2), err);
}

void json_node_truncate(struct json_node *node, uint32_t rows, uint32_t used)
{
    for (uint32_t row = rows; row < used; row++) mr_bit_clear(node->vec->validity, row);
    if (node->type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < node->child_count; i++) {
            json_node_truncate(&node->children[i], rows, used);
        }
    } else if (node->child_count > 0 && node->filled > rows) {
        uint32_t items = node->vec->offsets[rows];
        for (uint32_t i = 0; i < node->child_count; i++) {
            json_node_truncate(&node->children[i], items, node->items);
        }
        node->filled = rows;
        node->items = items;
    }
}

void json_node_list_begin(struct json_node *node, uint32_t row)
{
    while (node->filled < row) node->vec->offsets[++node->filled] = node->items;
    node->vec->offsets[row] = node->items;
}

void json_node_list_end(struct json_node *node, uint32_t row)
{
    node->vec->offsets[row + 1] = node->items;
    node->filled = row + 1;
}

void json_node_seal(struct json_node *node, uint32_t rows)
{
    struct mr_vec *vec = node->vec;
    bool is_struct = node->type->id == MR_TYPE_STRUCT;
    vec->rows = rows;
    vec->null_count = mr_vec_nulls(vec->validity, rows);
    if (vec->null_count == 0 && node->type->id != MR_TYPE_VOID) vec->validity = NULL;
    if (node->child_count == 0 && !is_struct) return;
    if (!is_struct) {
        json_node_list_begin(node, rows);
        node->items_hint = MR_MAX(node->items_hint, node->items);
    }
    for (uint32_t i = 0; i < node->child_count; i++) {
        json_node_seal(&node->children[i], is_struct ? rows : node->items);
    }
}

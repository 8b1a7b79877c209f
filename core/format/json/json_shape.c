#include "core/format/json/json_shape_impl.h"

#include <string.h>

#include "core/base/checked.h"
#include "core/schema/merge.h"
#include "kernels/text/datetime.h"
#include "kernels/text/number.h"

enum { SLOTS_MIN = 8, LONG_DIGITS = 18 };

struct json_shape_node {
    struct mr_span name;
    struct mr_leaf_type leaf;      /* also MR_TYPE_STRUCT and MR_TYPE_ARRAY */
    struct json_shape_node *next;  /* sibling, in order of appearance */
    struct json_shape_node *first; /* struct: members; array: its element */
    struct json_shape_node *last;
    struct json_shape_node *guess;  /* member that came after the last one found */
    struct json_shape_node **slots; /* struct: open-addressed by name */
    uint32_t slot_count;
    uint32_t member_count;
};

mr_status json_shape_init(struct json_shape *shape, struct mr_heap *heap,
                          const struct mr_json_options *options, bool keeps_types,
                          struct mr_err *err)
{
    *shape = (struct json_shape){
        .options = options, .node_max = JSON_SHAPE_NODES_MAX, .keeps_types = keeps_types};
    mr_arena_init(&shape->arena, heap, 0);
    mr_text_init(&shape->key, heap);
    shape->root = MR_ARENA_NEW(&shape->arena, struct json_shape_node);
    if (shape->root == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a schema");
    shape->root->leaf.id = MR_TYPE_STRUCT;
    return MR_OK;
}

void json_shape_fini(struct json_shape *shape)
{
    mr_text_fini(&shape->key);
    mr_arena_fini(&shape->arena);
    shape->root = NULL;
}

bool json_shape_is_empty(const struct json_shape *shape)
{
    return shape->root->first == NULL;
}

/* -- members ------------------------------------------------------------------------------- */

static uint32_t name_hash(struct mr_span name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.bytes; i++) {
        unsigned char byte = (unsigned char)name.text[i];
        if (byte >= 'A' && byte <= 'Z') byte |= 32;
        hash = (hash ^ byte) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static struct json_shape_node **slot_of(struct json_shape_node *node, struct mr_span name)
{
    uint32_t slot = name_hash(name) & (node->slot_count - 1);
    while (node->slots[slot] != NULL && !mr_span_ieq(node->slots[slot]->name, name)) {
        slot = (slot + 1) & (node->slot_count - 1);
    }
    return &node->slots[slot];
}

static bool slots_grow(struct json_shape *shape, struct json_shape_node *node)
{
    uint32_t count = MR_MAX(node->slot_count * 2, (uint32_t)SLOTS_MIN);
    struct json_shape_node **slots = MR_ARENA_ARRAY(&shape->arena, struct json_shape_node *, count);
    if (slots == NULL) return false;
    node->slots = slots;
    node->slot_count = count;
    for (struct json_shape_node *m = node->first; m != NULL; m = m->next)
        *slot_of(node, m->name) = m;
    return true;
}

static struct json_shape_node *node_new(struct json_shape *shape, struct mr_span name)
{
    struct json_shape_node *node = MR_ARENA_NEW(&shape->arena, struct json_shape_node);
    char *copy = node == NULL ? NULL : mr_arena_copy(&shape->arena, name);
    if (copy == NULL) return NULL;
    node->name = (struct mr_span){copy, name.bytes};
    shape->node_count++;
    shape->version++;
    return node;
}

/* member_of: the member of that name, made if needed; *out is null when the limit forbids it.
 * returns false when out of memory */
static bool member_of(struct json_shape *shape, struct json_shape_node *node, struct mr_span name,
                      struct json_shape_node **out)
{
    *out = node->guess;
    if (*out != NULL && mr_span_eq((*out)->name, name)) {
        node->guess = (*out)->next != NULL ? (*out)->next : node->first;
        return true;
    }
    *out = node->slot_count == 0 ? NULL : *slot_of(node, name);
    if (*out == NULL) {
        shape->is_full |= shape->node_count >= shape->node_max;
        if (shape->is_full) return true;
        if (node->member_count * 2 >= node->slot_count && !slots_grow(shape, node)) return false;
        *out = node_new(shape, name);
        if (*out == NULL) return false;
        *slot_of(node, name) = *out;
        if (node->first == NULL) {
            node->first = *out;
        } else {
            node->last->next = *out;
        }
        node->last = *out;
        node->member_count++;
    }
    node->guess = (*out)->next != NULL ? (*out)->next : node->first;
    return true;
}

/* element_of: an array's element node, made if needed. Null when out of memory. */
static struct json_shape_node *element_of(struct json_shape *shape, struct json_shape_node *node)
{
    if (node->first == NULL) node->first = node_new(shape, (struct mr_span){0});
    return node->first;
}

/* -- values -------------------------------------------------------------------------------- */

static void node_widen(struct json_shape *shape, struct json_shape_node *node,
                       struct mr_leaf_type leaf)
{
    const struct mr_leaf_type before = node->leaf;
    bool is_nested = node->leaf.id >= MR_TYPE_STRUCT || leaf.id >= MR_TYPE_STRUCT;
    if (leaf.id == MR_TYPE_VOID || node->leaf.id == leaf.id) {
        if (!is_nested) node->leaf = mr_leaf_merge(node->leaf, leaf);
    } else if (is_nested && node->leaf.id != MR_TYPE_VOID) {
        node->leaf = (struct mr_leaf_type){MR_TYPE_STRING};
    } else if (is_nested) {
        node->leaf = leaf;
    } else {
        node->leaf = mr_leaf_merge(node->leaf, leaf);
    }
    shape->version += before.id != node->leaf.id || before.precision != node->leaf.precision ||
                      before.scale != node->leaf.scale;
}

/* decimal_leaf: the decimal that holds a number exactly, double when it has too many digits. */
static bool decimal_leaf(struct mr_span text, struct mr_leaf_type *out)
{
    int64_t precision, scale;
    if (mr_decimal_digits(text.text, text.bytes, &precision, &scale) != MR_PARSE_OK) return false;
    if (scale < 0) precision -= scale;
    scale = MR_MAX(scale, (int64_t)0);
    precision = MR_MAX(precision, scale);
    *out = (struct mr_leaf_type){MR_TYPE_DOUBLE};
    if (precision <= MR_DECIMAL_PRECISION_MAX) {
        *out = (struct mr_leaf_type){MR_TYPE_DECIMAL, (uint8_t)precision, (uint8_t)scale};
    }
    return true;
}

static struct mr_leaf_type token_leaf(const struct json_shape *shape, json_token token,
                                      struct mr_span text)
{
    struct mr_leaf_type leaf = {MR_TYPE_VOID};
    int64_t value;
    if (token == JSON_TOKEN_NULL) return leaf;
    if (!shape->keeps_types || shape->options->primitives_as_string) {
        return (struct mr_leaf_type){MR_TYPE_STRING};
    }
    switch (token) {
    case JSON_TOKEN_TRUE:
    case JSON_TOKEN_FALSE: leaf.id = MR_TYPE_BOOLEAN; break;
    case JSON_TOKEN_INTEGER:
        leaf.id = MR_TYPE_LONG;
        if (text.bytes <= LONG_DIGITS) break;
        if (mr_i64_parse(text.text, text.bytes, &value) == MR_PARSE_OVERFLOW) {
            (void)decimal_leaf(text, &leaf);
        }
        break;
    default:
        leaf.id = MR_TYPE_DOUBLE;
        if (shape->options->prefers_decimal && token == JSON_TOKEN_REAL) {
            (void)decimal_leaf(text, &leaf);
        }
    }
    return leaf;
}

static struct mr_leaf_type text_leaf(const struct json_shape *shape, struct mr_span text)
{
    struct mr_leaf_type leaf = {MR_TYPE_STRING};
    const struct mr_json_options *options = shape->options;
    struct mr_timestamp_scan scan;
    struct mr_pattern_time time;
    if (text.bytes == 0) return (struct mr_leaf_type){MR_TYPE_VOID};
    if (!shape->keeps_types || options->primitives_as_string) return leaf;
    if (options->prefers_decimal && decimal_leaf(text, &leaf)) return leaf;
    if (!options->infers_timestamp) return leaf;
    bool is_time =
        options->has_timestamp_format
            ? mr_pattern_parse(&options->timestamp_format, text.text, text.bytes, &time) ==
                  MR_PARSE_OK
            : mr_timestamp_scan(text.text, text.bytes, &scan) == MR_PARSE_OK && scan.region == NULL;
    if (is_time) leaf.id = MR_TYPE_TIMESTAMP;
    return leaf;
}

/* string_read: the string at `q` without quotes, resolved in shape->key when it has escapes. */
static uint32_t string_read(struct json_shape *shape, struct json_cursor *c, uint32_t q,
                            struct mr_span *out)
{
    uint32_t end = json_string_end(c, q);
    if (end == JSON_FAIL) return JSON_FAIL;
    *out = (struct mr_span){c->text + q + 1, end - q - 2};
    if (!json_needs_care(c, q + 1, end - 1)) return end;
    mr_text_reset(&shape->key);
    mr_text_add(&shape->key, out->text, out->bytes);
    if (shape->key.is_failed) return JSON_FAIL;
    out->bytes = json_unescape(c, q + 1, end - 1, shape->key.at);
    out->text = shape->key.at;
    return out->bytes == JSON_FAIL ? JSON_FAIL : end;
}

static uint32_t value_merge(struct json_shape *shape, struct json_shape_node *node,
                            struct json_cursor *c, uint32_t q, uint32_t depth);

static uint32_t object_merge(struct json_shape *shape, struct json_shape_node *node,
                             struct json_cursor *c, uint32_t q, uint32_t depth)
{
    bool is_closed = false;
    uint32_t p = json_open(c, q);
    if (p == JSON_FAIL) return JSON_FAIL;
    if (json_close(c, p, '}')) return p + 1;
    while (!is_closed && p != JSON_FAIL) {
        struct mr_span name;
        struct json_shape_node *member;
        p = string_read(shape, c, p, &name);
        if (p == JSON_FAIL || !member_of(shape, node, name, &member)) return JSON_FAIL;
        p = json_colon(c, p);
        if (p == JSON_FAIL) return JSON_FAIL;
        p = member == NULL ? json_skip(c, p, depth) : value_merge(shape, member, c, p, depth);
        if (p == JSON_FAIL) return JSON_FAIL;
        p = json_next(c, p, '}', &is_closed);
    }
    return p;
}

static uint32_t array_merge(struct json_shape *shape, struct json_shape_node *node,
                            struct json_cursor *c, uint32_t q, uint32_t depth)
{
    bool is_closed = false;
    uint32_t p = json_open(c, q);
    if (p == JSON_FAIL) return JSON_FAIL;
    struct json_shape_node *element = element_of(shape, node);
    if (element == NULL) return JSON_FAIL;
    if (json_close(c, p, ']')) return p + 1;
    while (!is_closed && p != JSON_FAIL) {
        p = value_merge(shape, element, c, p, depth);
        if (p == JSON_FAIL) return JSON_FAIL;
        p = json_next(c, p, ']', &is_closed);
    }
    return p;
}

static uint32_t container_merge(struct json_shape *shape, struct json_shape_node *node,
                                struct json_cursor *c, uint32_t q, uint32_t depth)
{
    bool is_object = c->text[q] == '{';
    bool is_text = !shape->keeps_types || depth + 1 >= MR_TYPE_DEPTH_MAX;
    mr_type_id id = is_object ? MR_TYPE_STRUCT : MR_TYPE_ARRAY;
    node_widen(shape, node, (struct mr_leaf_type){is_text ? MR_TYPE_STRING : id});
    if (node->leaf.id != id) return json_skip(c, q, 0);
    return is_object ? object_merge(shape, node, c, q, depth + 1)
                     : array_merge(shape, node, c, q, depth + 1);
}

static uint32_t value_merge(struct json_shape *shape, struct json_shape_node *node,
                            struct json_cursor *c, uint32_t q, uint32_t depth)
{
    char first = c->text[q];
    if (first == '{' || first == '[') return container_merge(shape, node, c, q, depth);
    struct mr_span text;
    if (first == '"') {
        uint32_t end = string_read(shape, c, q, &text);
        if (end != JSON_FAIL) node_widen(shape, node, text_leaf(shape, text));
        return end;
    }
    json_token token;
    uint32_t end = json_scalar(c, q, &token);
    if (end == JSON_FAIL) return JSON_FAIL;
    text = (struct mr_span){c->text + q, end - q};
    node_widen(shape, node, token_leaf(shape, token, text));
    return end;
}

bool json_shape_object(struct json_shape *shape, struct json_cursor *c, uint32_t q)
{
    return object_merge(shape, shape->root, c, q, 1) != JSON_FAIL;
}

bool json_shape_add(struct json_shape *shape, const struct json_shape_step *path, uint32_t steps,
                    struct mr_span name, struct json_cursor *c, uint32_t q)
{
    struct json_shape_node *node = shape->root;
    for (uint32_t i = 0; i <= steps && node != NULL; i++) {
        bool is_item = i < steps && path[i].kind == JSON_STEP_ITEM;
        mr_type_id id = is_item ? MR_TYPE_ARRAY : MR_TYPE_STRUCT;
        node_widen(shape, node, (struct mr_leaf_type){id});
        if (node->leaf.id != id) return true; /* it was seen as something else: a string */
        if (is_item) {
            node = element_of(shape, node);
            if (node == NULL) return false;
        } else if (!member_of(shape, node, i < steps ? path[i].name : name, &node)) {
            return false;
        }
    }
    return node == NULL || value_merge(shape, node, c, q, steps + 1) != JSON_FAIL;
}

/* -- the type ------------------------------------------------------------------------------ */

struct typing {
    const struct json_shape *shape;
    struct mr_arena *arena;
    bool is_raw; /* as it was seen: nothing is left out, what was only null is void */
};

static const struct mr_type *node_type(const struct typing *t, const struct json_shape_node *node,
                                       bool *out_is_left_out);

static const struct mr_type *struct_type(const struct typing *t, const struct json_shape_node *node,
                                         bool *out_is_left_out)
{
    struct mr_field *fields =
        MR_ARENA_ARRAY(t->arena, struct mr_field, MR_MAX(node->member_count, 1u));
    uint32_t count = 0;
    if (fields == NULL) return NULL;
    for (const struct json_shape_node *m = node->first; m != NULL; m = m->next) {
        bool is_left_out = false;
        char *name = mr_arena_copy(t->arena, m->name);
        const struct mr_type *type = node_type(t, m, &is_left_out);
        if (type == NULL || name == NULL) return NULL;
        if (is_left_out && !t->is_raw) continue;
        fields[count++] =
            (struct mr_field){.name = {name, m->name.bytes}, .type = type, .is_nullable = true};
    }
    *out_is_left_out = count == 0;
    return mr_type_struct(t->arena, fields, count);
}

static const struct mr_type *node_type(const struct typing *t, const struct json_shape_node *node,
                                       bool *out_is_left_out)
{
    switch (node->leaf.id) {
    case MR_TYPE_STRUCT: return struct_type(t, node, out_is_left_out);
    case MR_TYPE_ARRAY: {
        const struct mr_type *element = node_type(t, node->first, out_is_left_out);
        return element == NULL ? NULL : mr_type_array(t->arena, element, true);
    }
    case MR_TYPE_DECIMAL: return mr_type_decimal(t->arena, node->leaf.precision, node->leaf.scale);
    case MR_TYPE_VOID:
        *out_is_left_out = t->shape->options->drops_all_null_fields;
        return mr_type_of(t->is_raw ? MR_TYPE_VOID : MR_TYPE_STRING);
    default: return mr_type_of(node->leaf.id);
    }
}

const struct mr_type *json_shape_raw_type(const struct json_shape *shape, struct mr_arena *arena)
{
    bool unused;
    const struct typing t = {shape, arena, true};
    return struct_type(&t, shape->root, &unused);
}

mr_status json_shape_type(const struct json_shape *shape, struct mr_arena *arena,
                          const struct mr_type **out_type, struct mr_err *err)
{
    bool unused;
    const struct typing t = {shape, arena, false};
    const struct mr_type *type = struct_type(&t, shape->root, &unused);
    if (type != NULL) type = mr_type_sorted(arena, type);
    if (type == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for an inferred schema");
    *out_type = type;
    return MR_OK;
}

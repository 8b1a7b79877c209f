#include "core/format/parquet/pq_tree.h"

#include "core/base/checked.h"

struct tree_walk {
    struct mr_arena *arena;
    const struct mr_pq_meta *meta;
    const struct mr_pq_projection *paths;
    uint32_t path_count;
    struct mr_pq_tree *tree;
    struct mr_err *err;
};

/* Where the walk stands: levels at the node and what the projection says of it. */
struct tree_place {
    uint8_t def; /* of the node's parent */
    uint8_t slot_def;
    uint8_t rep;
    uint32_t depth; /* struct members passed, for paths */
    const bool *on; /* [path_count] paths that lead here; null: everything is kept */
};

static mr_status tree_nomem(struct tree_walk *walk)
{
    return mr_err_set(walk->err, MR_E_NOMEM, 0, "out of memory for a file's schema");
}

static mr_status tree_corrupt(struct tree_walk *walk, const struct mr_pq_node *node,
                              const char *what)
{
    return mr_err_set(walk->err, MR_E_CORRUPT, 2510, "column %.*s: %s",
                      (int)MR_MIN(node->name.bytes, (size_t)100), node->name.text, what);
}

static mr_status tree_refuse(struct tree_walk *walk, const struct mr_pq_node *node,
                             const char *what)
{
    return mr_err_set(walk->err, MR_E_UNSUPPORTED, 2511, "column %.*s: %s cannot be read",
                      (int)MR_MIN(node->name.bytes, (size_t)100), node->name.text, what);
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static bool is_decimal(const struct mr_pq_node *node)
{
    return node->logical == MR_PQ_LOGICAL_DECIMAL || node->converted == MR_PQ_DECIMAL;
}

static mr_status leaf_decimal(struct tree_walk *walk, const struct mr_pq_node *node,
                              struct mr_pq_reading_leaf *leaf)
{
    int32_t digits = node->precision, scale = node->scale;
    if (digits < 1 || scale < 0 || scale > digits) {
        return tree_corrupt(walk, node, "a decimal has no valid precision and scale");
    }
    if (digits > MR_DECIMAL_PRECISION_MAX) return tree_refuse(walk, node, "a decimal this long");
    leaf->type = mr_type_decimal(walk->arena, (unsigned)digits, (unsigned)scale);
    if (leaf->type == NULL) return tree_nomem(walk);
    bool is_long = mr_decimal_is_long(leaf->type);
    switch (node->kind) {
    case MR_PQ_INT32: leaf->convert = is_long ? MR_PQ_TO_I64 : MR_PQ_TO_I128; break;
    case MR_PQ_INT64: leaf->convert = is_long ? MR_PQ_TO_SAME : MR_PQ_TO_I128; break;
    case MR_PQ_BYTES:
    case MR_PQ_FIXED: leaf->convert = MR_PQ_TO_BIG_ENDIAN; break;
    default: return tree_corrupt(walk, node, "a decimal is no integer and no bytes");
    }
    return MR_OK;
}

/* Bits of an integer annotation, negative for unsigned; 0 = none. */
static int integer_bits(const struct mr_pq_node *node)
{
    static const int8_t converted[] = {-8, -16, -32, -64, 8, 16, 32, 64};
    if (node->logical == MR_PQ_LOGICAL_INTEGER) {
        return node->is_signed ? node->bit_width : -(int)node->bit_width;
    }
    if (node->converted >= MR_PQ_UINT_8 && node->converted <= MR_PQ_INT_64) {
        return converted[node->converted - MR_PQ_UINT_8];
    }
    return 0;
}

static mr_status leaf_int32(struct tree_walk *walk, const struct mr_pq_node *node,
                            struct mr_pq_reading_leaf *leaf)
{
    leaf->convert = MR_PQ_TO_SAME;
    leaf->type = mr_type_of(MR_TYPE_INT);
    if (node->logical == MR_PQ_LOGICAL_DATE || node->converted == MR_PQ_DATE) {
        leaf->type = mr_type_of(MR_TYPE_DATE);
        return MR_OK;
    }
    if (node->logical == MR_PQ_LOGICAL_TIME || node->converted == 7) {
        return tree_refuse(walk, node, "a time of day");
    }
    switch (integer_bits(node)) {
    case 8:
        leaf->type = mr_type_of(MR_TYPE_BYTE);
        leaf->convert = MR_PQ_TO_I8;
        break;
    case 16:
    case -8:
        leaf->type = mr_type_of(MR_TYPE_SHORT);
        leaf->convert = MR_PQ_TO_I16;
        break;
    case -32:
        leaf->type = mr_type_of(MR_TYPE_LONG);
        leaf->convert = MR_PQ_TO_U32_I64;
        break;
    default: break; /* -16 fits an int */
    }
    return MR_OK;
}

static mr_status leaf_int64(struct tree_walk *walk, const struct mr_pq_node *node,
                            struct mr_pq_reading_leaf *leaf)
{
    bool is_logical = node->logical == MR_PQ_LOGICAL_TIMESTAMP;
    bool is_utc = is_logical ? node->is_utc : true;
    leaf->convert = MR_PQ_TO_SAME;
    leaf->type = mr_type_of(MR_TYPE_LONG);
    if (is_logical || node->converted == MR_PQ_TIMESTAMP_MILLIS ||
        node->converted == MR_PQ_TIMESTAMP_MICROS) {
        int unit = is_logical                                  ? node->unit
                   : node->converted == MR_PQ_TIMESTAMP_MILLIS ? MR_PQ_MILLIS
                                                               : MR_PQ_MICROS;
        leaf->type = mr_type_of(is_utc ? MR_TYPE_TIMESTAMP : MR_TYPE_TIMESTAMP_NTZ);
        if (unit == MR_PQ_MILLIS) leaf->convert = MR_PQ_TO_MICROS_1000;
        if (unit == MR_PQ_NANOS) leaf->convert = MR_PQ_TO_MICROS_NANO;
        if (unit < MR_PQ_MILLIS) return tree_corrupt(walk, node, "a timestamp has no unit");
        return MR_OK;
    }
    if (node->logical == MR_PQ_LOGICAL_TIME || node->converted == 8) {
        return tree_refuse(walk, node, "a time of day");
    }
    if (integer_bits(node) == -64) {
        leaf->type = mr_type_decimal(walk->arena, 20, 0);
        if (leaf->type == NULL) return tree_nomem(walk);
        leaf->convert = MR_PQ_TO_U64_I128;
    }
    return MR_OK;
}

static bool is_text(const struct mr_pq_node *node)
{
    return node->logical == MR_PQ_LOGICAL_STRING || node->logical == MR_PQ_LOGICAL_ENUM ||
           node->logical == MR_PQ_LOGICAL_JSON || node->converted == MR_PQ_UTF8 ||
           node->converted == MR_PQ_ENUM || node->converted == MR_PQ_JSON;
}

static mr_status leaf_type(struct tree_walk *walk, const struct mr_pq_node *node,
                           struct mr_pq_reading_leaf *leaf)
{
    if (node->kind == MR_PQ_FIXED && (node->fixed_bytes == 0 || node->fixed_bytes > INT16_MAX)) {
        return tree_corrupt(walk, node, "a fixed length is 0 or beyond all bounds");
    }
    if (is_decimal(node)) return leaf_decimal(walk, node, leaf);
    leaf->convert = MR_PQ_TO_SAME;
    switch (node->kind) {
    case MR_PQ_BOOLEAN:
        leaf->type = mr_type_of(MR_TYPE_BOOLEAN);
        leaf->convert = MR_PQ_TO_BITS;
        return MR_OK;
    case MR_PQ_INT32: return leaf_int32(walk, node, leaf);
    case MR_PQ_INT64: return leaf_int64(walk, node, leaf);
    case MR_PQ_FLOAT: leaf->type = mr_type_of(MR_TYPE_FLOAT); return MR_OK;
    case MR_PQ_DOUBLE: leaf->type = mr_type_of(MR_TYPE_DOUBLE); return MR_OK;
    case MR_PQ_INT96:
        leaf->type = mr_type_of(MR_TYPE_TIMESTAMP);
        leaf->convert = MR_PQ_TO_MICROS_96;
        return MR_OK;
    default:
        if (node->logical == MR_PQ_LOGICAL_FLOAT16 || node->converted == 21) {
            return tree_refuse(walk, node, "a half float or an interval");
        }
        leaf->type = mr_type_of(is_text(node) ? MR_TYPE_STRING : MR_TYPE_BINARY);
        leaf->convert = MR_PQ_TO_TEXT;
        return MR_OK;
    }
}

/* ---- groups ---------------------------------------------------------------------------------- */

static bool is_list(const struct mr_pq_node *node)
{
    return node->logical == MR_PQ_LOGICAL_LIST || node->converted == MR_PQ_LIST;
}

static bool is_map(const struct mr_pq_node *node)
{
    return node->logical == MR_PQ_LOGICAL_MAP || node->converted == MR_PQ_MAP ||
           node->converted == MR_PQ_MAP_KEY_VALUE;
}

/* Whether the repeated node of a list is the element itself (two-level lists of older writers). */
static bool is_element(const struct mr_pq_node *list, const struct mr_pq_node *repeated)
{
    struct mr_span name = repeated->name;
    if (repeated->is_leaf || repeated->children > 1 || mr_span_is(name, "array")) return true;
    return name.bytes == list->name.bytes + 6 && mr_span_starts(name, list->name) &&
           mr_span_ends(name, MR_SPAN("_tuple"));
}

static mr_status tree_node(struct tree_walk *walk, uint32_t index, bool is_content,
                           struct tree_place place, struct mr_pq_branch *out);

/* The branch of an array whose repeated node is `index`; out->def is set. */
static mr_status tree_array(struct tree_walk *walk, uint32_t index, bool is_element_itself,
                            struct tree_place place, struct mr_pq_branch *out)
{
    place.def = place.slot_def = (uint8_t)(out->def + 1);
    place.rep = (uint8_t)(out->rep + 1);
    place.on = NULL;
    uint32_t element = is_element_itself ? index : index + 1;
    out->children = MR_ARENA_NEW(walk->arena, struct mr_pq_branch);
    if (out->children == NULL) return tree_nomem(walk);
    MR_TRY(tree_node(walk, element, is_element_itself, place, out->children));
    const struct mr_pq_node *node = &walk->meta->nodes[element];
    bool has_nulls = !is_element_itself && node->repetition == MR_PQ_OPTIONAL;
    out->type = mr_type_array(walk->arena, out->children->type, has_nulls);
    out->leaf = out->children->leaf;
    return out->type == NULL ? tree_nomem(walk) : MR_OK;
}

static mr_status tree_map(struct tree_walk *walk, uint32_t index, struct tree_place place,
                          struct mr_pq_branch *out)
{
    const struct mr_pq_node *pair = &walk->meta->nodes[index];
    uint32_t key = index + 1, value = pair->children == 2 ? walk->meta->nodes[key].next : 0;
    if (pair->is_leaf || pair->repetition != MR_PQ_REPEATED || pair->children != 2) {
        return tree_corrupt(walk, pair, "a map has no repeated pair of key and value");
    }
    place.def = place.slot_def = (uint8_t)(out->def + 1);
    place.rep = (uint8_t)(out->rep + 1);
    place.on = NULL;
    out->children = MR_ARENA_ARRAY(walk->arena, struct mr_pq_branch, 2);
    if (out->children == NULL) return tree_nomem(walk);
    MR_TRY(tree_node(walk, key, false, place, &out->children[0]));
    MR_TRY(tree_node(walk, value, false, place, &out->children[1]));
    out->type = mr_type_map(walk->arena, out->children[0].type, out->children[1].type,
                            walk->meta->nodes[value].repetition == MR_PQ_OPTIONAL);
    out->leaf = out->children[0].leaf;
    return out->type == NULL ? tree_nomem(walk) : MR_OK;
}

/* Which paths lead on to the member `name`: false when none does. *out_on is null when one of them
 * ends here, so that everything below is kept. */
static bool paths_descend(const struct tree_walk *walk, const struct tree_place *place,
                          struct mr_span name, bool *on, const bool **out_on)
{
    bool is_any = false, is_end = false;
    *out_on = NULL;
    if (place->on == NULL) return true;
    for (uint32_t i = 0; i < walk->path_count; i++) {
        const struct mr_pq_projection *path = &walk->paths[i];
        on[i] = place->on[i] && place->depth < path->count &&
                mr_span_eq(path->names[place->depth], name);
        is_any |= on[i];
        is_end |= on[i] && path->count == place->depth + 1;
    }
    if (!is_end) *out_on = on;
    return is_any;
}

/* A struct's kept members; out->type stays null when there are none. */
static mr_status tree_struct(struct tree_walk *walk, uint32_t index, struct tree_place place,
                             struct mr_pq_branch *out)
{
    const struct mr_pq_node *node = &walk->meta->nodes[index];
    struct mr_field *fields = MR_ARENA_ARRAY(walk->arena, struct mr_field, node->children);
    bool *on = MR_ARENA_ARRAY(walk->arena, bool, walk->path_count);
    uint32_t count = 0;
    out->children = MR_ARENA_ARRAY(walk->arena, struct mr_pq_branch, node->children);
    bool has_room = fields != NULL && out->children != NULL && on != NULL;
    if (node->children > 0 && !has_room) return tree_nomem(walk);
    struct tree_place below = place;
    below.depth++;
    for (uint32_t child = index + 1; child < node->next; child = walk->meta->nodes[child].next) {
        const struct mr_pq_node *member = &walk->meta->nodes[child];
        if (!paths_descend(walk, &place, member->name, on, &below.on)) continue;
        struct mr_pq_branch *branch = &out->children[count];
        MR_TRY(tree_node(walk, child, false, below, branch));
        if (branch->type == NULL) continue;
        fields[count] = (struct mr_field){.name = member->name,
                                          .type = branch->type,
                                          .is_nullable = member->repetition == MR_PQ_OPTIONAL};
        if (count++ == 0) out->leaf = branch->leaf;
    }
    if (count == 0 && index > 0) return MR_OK;
    out->type = mr_type_struct(walk->arena, fields, count);
    return out->type == NULL ? tree_nomem(walk) : MR_OK;
}

static mr_status tree_leaf(struct tree_walk *walk, uint32_t index, struct mr_pq_branch *out)
{
    const struct mr_pq_node *node = &walk->meta->nodes[index];
    struct mr_pq_reading_leaf *leaf = &walk->tree->leaves[node->leaf];
    leaf->is_kept = true;
    leaf->kind = node->kind;
    leaf->fixed_bytes = node->fixed_bytes;
    leaf->max_def = out->def;
    leaf->max_rep = out->rep;
    leaf->name = node->name;
    MR_TRY(leaf_type(walk, node, leaf));
    out->type = leaf->type;
    out->leaf = node->leaf;
    return MR_OK;
}

/* is_content: the node is the repeated one of a list and stands for its element. */
static mr_status tree_node(struct tree_walk *walk, uint32_t index, bool is_content,
                           struct tree_place place, struct mr_pq_branch *out)
{
    const struct mr_pq_node *node = &walk->meta->nodes[index];
    *out = (struct mr_pq_branch){.def = place.def, .slot_def = place.slot_def, .rep = place.rep};
    if (place.def > MR_PQ_LEVEL_MAX - 3 || place.rep > MR_PQ_LEVEL_MAX - 3) {
        return mr_err_set(walk->err, MR_E_LIMIT, 2512, "the schema nests too deep");
    }
    if (!is_content && node->repetition == MR_PQ_REPEATED) {
        return tree_array(walk, index, true, place, out); /* a bare repeated field */
    }
    if (!is_content && node->repetition == MR_PQ_OPTIONAL) out->def++;
    place.def = out->def;
    if (node->is_leaf) return tree_leaf(walk, index, out);
    if (node->children == 1 && (is_list(node) || is_map(node))) {
        const struct mr_pq_node *repeated = &walk->meta->nodes[index + 1];
        if (is_map(node) && repeated->children == 2) return tree_map(walk, index + 1, place, out);
        if (repeated->repetition != MR_PQ_REPEATED) {
            return tree_corrupt(walk, node, "a list has no repeated node");
        }
        return tree_array(walk, index + 1, is_element(node, repeated), place, out);
    }
    return tree_struct(walk, index, place, out);
}

mr_status mr_pq_tree_make(struct mr_arena *arena, const struct mr_pq_meta *meta,
                          const struct mr_pq_projection *paths, uint32_t path_count,
                          struct mr_pq_tree *out, struct mr_err *err)
{
    struct tree_walk walk = {.arena = arena,
                             .meta = meta,
                             .paths = paths,
                             .path_count = paths == NULL ? 0 : path_count,
                             .tree = out,
                             .err = err};
    struct tree_place place = {0};
    bool *on = MR_ARENA_ARRAY(arena, bool, walk.path_count + 1);
    *out = (struct mr_pq_tree){
        .leaves = MR_ARENA_ARRAY(arena, struct mr_pq_reading_leaf, meta->leaf_count + 1)};
    if (on == NULL || out->leaves == NULL) return tree_nomem(&walk);
    for (uint32_t i = 0; i < walk.path_count; i++) on[i] = true;
    place.on = paths == NULL ? NULL : on;
    return tree_struct(&walk, 0, place, &out->root);
}

#include "core/format/parquet/pq_tree.h"

#include <strings.h>

#include "core/base/checked.h"
#include "core/batch/vec.h"
#include "core/doc/doc.h"

struct tree_walk {
    struct mr_arena *arena;
    const struct mr_pq_meta *meta;
    const struct mr_pq_projection *paths;
    uint32_t path_count;
    const struct mr_pq_wanted *wanted; /* null: types are the file's */
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
    const struct mr_type *wanted; /* null: the file's */
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

static mr_status tree_mismatch(struct tree_walk *walk, const struct mr_pq_node *node,
                               const char *has, const struct mr_type *wanted)
{
    return mr_err_set(walk->err, MR_E_SCHEMA, 2513,
                      "column %.*s is %s in the file and cannot be read as %s",
                      (int)MR_MIN(node->name.bytes, (size_t)100), node->name.text, has,
                      mr_type_name(wanted->id));
}

static const struct mr_type *wanted_below(const struct tree_place *place, uint32_t i)
{
    return place->wanted == NULL ? NULL : place->wanted->fields[i].type;
}

/* The branch of an array whose repeated node is `index`; out->def is set. */
static mr_status tree_array(struct tree_walk *walk, uint32_t index, bool is_element_itself,
                            struct tree_place place, struct mr_pq_branch *out)
{
    if (place.wanted != NULL && place.wanted->id != MR_TYPE_ARRAY) {
        return tree_mismatch(walk, &walk->meta->nodes[index], "an array", place.wanted);
    }
    const struct mr_type *wanted = place.wanted;
    place.wanted = wanted_below(&place, 0);
    place.def = place.slot_def = (uint8_t)(out->def + 1);
    place.rep = (uint8_t)(out->rep + 1);
    place.on = NULL;
    uint32_t element = is_element_itself ? index : index + 1;
    out->children = MR_ARENA_NEW(walk->arena, struct mr_pq_branch);
    if (out->children == NULL) return tree_nomem(walk);
    MR_TRY(tree_node(walk, element, is_element_itself, place, out->children));
    const struct mr_pq_node *node = &walk->meta->nodes[element];
    bool has_nulls = !is_element_itself && node->repetition == MR_PQ_OPTIONAL;
    out->type = wanted != NULL ? wanted
                               : mr_type_array(walk->arena, out->children->type, has_nulls);
    out->leaf = out->children->leaf;
    return out->type == NULL ? tree_nomem(walk) : MR_OK;
}

static mr_status tree_map(struct tree_walk *walk, uint32_t index, struct tree_place place,
                          struct mr_pq_branch *out)
{
    const struct mr_pq_node *pair = &walk->meta->nodes[index];
    const struct mr_type *wanted = place.wanted;
    uint32_t key = index + 1, value = pair->children == 2 ? walk->meta->nodes[key].next : 0;
    if (pair->is_leaf || pair->repetition != MR_PQ_REPEATED || pair->children != 2) {
        return tree_corrupt(walk, pair, "a map has no repeated pair of key and value");
    }
    if (wanted != NULL && wanted->id != MR_TYPE_MAP) {
        return tree_mismatch(walk, pair, "a map", wanted);
    }
    place.def = place.slot_def = (uint8_t)(out->def + 1);
    place.rep = (uint8_t)(out->rep + 1);
    place.on = NULL;
    out->children = MR_ARENA_ARRAY(walk->arena, struct mr_pq_branch, 2);
    if (out->children == NULL) return tree_nomem(walk);
    struct tree_place below = place;
    below.wanted = wanted_below(&place, 0);
    MR_TRY(tree_node(walk, key, false, below, &out->children[0]));
    below.wanted = wanted_below(&place, 1);
    MR_TRY(tree_node(walk, value, false, below, &out->children[1]));
    out->type = wanted != NULL
                    ? wanted
                    : mr_type_map(walk->arena, out->children[0].type, out->children[1].type,
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

/* ---- members of a wanted struct -------------------------------------------------------------- */

/* The id that a member's metadata has, -1 for none. */
static mr_status member_id(struct tree_walk *walk, const struct mr_field *field, int64_t *out)
{
    const struct mr_doc *doc;
    *out = -1;
    if (!walk->wanted->by_field_id || field->metadata.bytes == 0) return MR_OK;
    MR_TRY(mr_doc_read(walk->arena, field->metadata, &doc, walk->err));
    *out = mr_doc_int(mr_doc_get(doc, "delta.columnMapping.id"),
                      mr_doc_int(mr_doc_get(doc, "parquet.field.id"), -1));
    return MR_OK;
}

/* The file's node for a member of the group at `index`; 0 when there is none. A name that differs
 * in case alone is taken when nothing matches exactly. */
static mr_status member_find(struct tree_walk *walk, uint32_t index, const struct mr_field *field,
                             uint32_t *out)
{
    const struct mr_pq_node *nodes = walk->meta->nodes;
    int64_t id;
    *out = 0;
    MR_TRY(member_id(walk, field, &id));
    for (uint32_t child = index + 1; child < nodes[index].next; child = nodes[child].next) {
        bool is_it = id >= 0 ? nodes[child].field_id == id
                             : mr_span_eq(nodes[child].name, field->name);
        bool is_alike = id < 0 && !walk->wanted->is_case_sensitive && *out == 0 &&
                        nodes[child].name.bytes == field->name.bytes &&
                        strncasecmp(nodes[child].name.text, field->name.text,
                                    field->name.bytes) == 0;
        if (is_it || is_alike) *out = child;
        if (is_it) break;
    }
    return MR_OK;
}

/* A struct of which no wanted member is there: the levels of its first leaf tell where it is. */
static mr_status tree_witness(struct tree_walk *walk, uint32_t index, struct mr_pq_branch *out)
{
    const struct mr_pq_node *nodes = walk->meta->nodes;
    uint8_t def = out->def, rep = out->rep;
    uint32_t at = index;
    while (!nodes[at].is_leaf) {
        if (nodes[at].children == 0) return tree_corrupt(walk, &nodes[at], "it has no members");
        at++;
        def = (uint8_t)(def + (nodes[at].repetition != MR_PQ_REQUIRED));
        rep = (uint8_t)(rep + (nodes[at].repetition == MR_PQ_REPEATED));
    }
    struct mr_pq_reading_leaf *leaf = &walk->tree->leaves[nodes[at].leaf];
    *leaf = (struct mr_pq_reading_leaf){.is_kept = true,
                                        .is_levels_only = true,
                                        .kind = nodes[at].kind,
                                        .fixed_bytes = nodes[at].fixed_bytes,
                                        .max_def = def,
                                        .max_rep = rep,
                                        .type = mr_type_of(MR_TYPE_BYTE),
                                        .file_type = mr_type_of(MR_TYPE_BYTE),
                                        .convert = MR_PQ_TO_SAME,
                                        .node = at,
                                        .name = nodes[at].name};
    out->leaf = nodes[at].leaf;
    return MR_OK;
}

static mr_status tree_struct_as(struct tree_walk *walk, uint32_t index, struct tree_place place,
                                struct mr_pq_branch *out)
{
    const struct mr_pq_node *node = &walk->meta->nodes[index];
    const struct mr_type *wanted = place.wanted;
    bool has_any = false;
    if (wanted->id != MR_TYPE_STRUCT) return tree_mismatch(walk, node, "a struct", wanted);
    out->type = wanted;
    out->children = MR_ARENA_ARRAY(walk->arena, struct mr_pq_branch, wanted->field_count);
    if (out->children == NULL && wanted->field_count > 0) return tree_nomem(walk);
    for (uint32_t i = 0; i < wanted->field_count; i++) {
        struct mr_pq_branch *branch = &out->children[i];
        uint32_t child;
        MR_TRY(member_find(walk, index, &wanted->fields[i], &child));
        *branch = (struct mr_pq_branch){.type = wanted->fields[i].type, .is_missing = child == 0};
        if (child == 0 || branch->type->id == MR_TYPE_VOID) {
            branch->is_missing = true;
            continue;
        }
        struct tree_place below = place;
        below.wanted = branch->type;
        MR_TRY(tree_node(walk, child, false, below, branch));
        if (!has_any) out->leaf = branch->leaf;
        has_any = true;
    }
    if (has_any || index == 0) return MR_OK;
    return tree_witness(walk, index, out);
}

static mr_status tree_leaf(struct tree_walk *walk, uint32_t index, const struct tree_place *place,
                           struct mr_pq_branch *out)
{
    enum { SLOTS_MAX = MR_BUFS_MAX / 2 };
    const struct mr_pq_node *node = &walk->meta->nodes[index];
    struct mr_pq_reading_leaf *leaf = &walk->tree->leaves[node->leaf];
    if (leaf->is_kept) {
        return mr_err_set(walk->err, MR_E_SCHEMA, 2513, "column %.*s is wanted twice",
                          (int)MR_MIN(node->name.bytes, (size_t)100), node->name.text);
    }
    leaf->is_kept = true;
    leaf->max_def = out->def;
    leaf->max_rep = out->rep;
    leaf->node = index;
    MR_TRY(mr_pq_leaf_type(walk->arena, node, leaf, walk->err));
    if (place->wanted != NULL && !mr_pq_leaf_widen(node, place->wanted, leaf)) {
        return tree_mismatch(walk, node, mr_type_name(leaf->file_type->id), place->wanted);
    }
    bool is_viewed = leaf->convert == MR_PQ_TO_TEXT && walk->tree->text_slots < SLOTS_MAX;
    if (is_viewed) leaf->text_slot = (uint8_t)++walk->tree->text_slots;
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
    if (node->is_leaf) return tree_leaf(walk, index, &place, out);
    if (node->children == 1 && (is_list(node) || is_map(node))) {
        const struct mr_pq_node *repeated = &walk->meta->nodes[index + 1];
        if (is_map(node) && repeated->children == 2) return tree_map(walk, index + 1, place, out);
        if (repeated->repetition != MR_PQ_REPEATED) {
            return tree_corrupt(walk, node, "a list has no repeated node");
        }
        return tree_array(walk, index + 1, is_element(node, repeated), place, out);
    }
    if (place.wanted != NULL) return tree_struct_as(walk, index, place, out);
    return tree_struct(walk, index, place, out);
}

static mr_status tree_begin(struct tree_walk *walk)
{
    *walk->tree = (struct mr_pq_tree){
        .leaves =
            MR_ARENA_ARRAY(walk->arena, struct mr_pq_reading_leaf, walk->meta->leaf_count + 1)};
    return walk->tree->leaves == NULL ? tree_nomem(walk) : MR_OK;
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
    MR_TRY(tree_begin(&walk));
    if (on == NULL) return tree_nomem(&walk);
    for (uint32_t i = 0; i < walk.path_count; i++) on[i] = true;
    place.on = paths == NULL ? NULL : on;
    return tree_struct(&walk, 0, place, &out->root);
}

mr_status mr_pq_tree_make_as(struct mr_arena *arena, const struct mr_pq_meta *meta,
                             const struct mr_pq_wanted *wanted, struct mr_pq_tree *out,
                             struct mr_err *err)
{
    struct tree_walk walk = {.arena = arena,
                             .meta = meta,
                             .wanted = wanted,
                             .tree = out,
                             .err = err};
    MR_TRY(tree_begin(&walk));
    return tree_struct_as(&walk, 0, (struct tree_place){.wanted = wanted->schema}, &out->root);
}

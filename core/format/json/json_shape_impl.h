/* Shapes: the types of JSON values seen so far, merged value by value.
 *
 * One tree serves inference over a sample and the collection of fields that a reader's schema
 * lacks. A node widens in place by the rules of core/schema/merge.h and never narrows, so the
 * result does not depend on how the input was cut. Names that differ in case only are one field,
 * spelled as first seen. Memory is bounded by the number of nodes. */
#ifndef MR_CORE_FORMAT_JSON_JSON_SHAPE_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_SHAPE_IMPL_H

#include "core/format/json/json_cursor_impl.h"
#include "core/mem/arena.h"
#include "core/mem/text.h"
#include "core/schema/type.h"

enum { JSON_SHAPE_NODES_MAX = 10000, JSON_SHAPE_SAMPLE_NODES_MAX = 100000 };

typedef enum json_step_kind {
    JSON_STEP_FIELD,
    JSON_STEP_ITEM, /* an array's element or a map's value */
} json_step_kind;

struct json_shape_step {
    json_step_kind kind;
    struct mr_span name; /* JSON_STEP_FIELD */
};

struct json_shape_node;

struct json_shape {
    struct mr_arena arena;
    const struct mr_json_options *options;
    struct json_shape_node *root; /* a struct */
    uint32_t node_count;
    uint32_t node_max;
    uint64_t version; /* counts what has changed it */
    bool is_full;       /* the limit was met: what came after is not in it */
    bool keeps_types;   /* false: every leaf and container of a field is a string */
    struct mr_text key; /* a key whose escapes were resolved */
};

MR_MUST_USE mr_status json_shape_init(struct json_shape *shape, struct mr_heap *heap,
                                      const struct mr_json_options *options, bool keeps_types,
                                      struct mr_err *err);
void json_shape_fini(struct json_shape *shape);

/* json_shape_object: merges the object at `q`, which json_skip has passed once; the cursor's next
 * terminator is the object's own. False when out of memory. */
bool json_shape_object(struct json_shape *shape, struct json_cursor *c, uint32_t q);

/* json_shape_add: merges the value at `q` as the member `name` of the struct at `path`. */
bool json_shape_add(struct json_shape *shape, const struct json_shape_step *path, uint32_t steps,
                    struct mr_span name, struct json_cursor *c, uint32_t q);

/* json_shape_is_empty: no field yet. */
bool json_shape_is_empty(const struct json_shape *shape);

/* json_shape_type: what was seen as a struct type with sorted names; empty structs are left out,
 * nulls are strings, or left out with dropFieldIfAllNull. */
MR_MUST_USE mr_status json_shape_type(const struct json_shape *shape, struct mr_arena *arena,
                                      const struct mr_type **out_type, struct mr_err *err);

/* json_shape_raw_type: the same as it was seen: in order of appearance, with all fields, those that
 * were only null void. Null when out of memory. */
const struct mr_type *json_shape_raw_type(const struct json_shape *shape, struct mr_arena *arena);

#endif

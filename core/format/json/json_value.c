/* Values into columns, by type: objects, arrays and maps, and what to do with those that misfit. */
#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_decoder_impl.h"

static void path_push(struct json_decoder *d, json_step_kind kind, struct mr_span name)
{
    MR_DCHECK(d->path_count <= MR_TYPE_DEPTH_MAX);
    d->path[d->path_count++] = (struct json_shape_step){kind, name};
}

static void path_pop(struct json_decoder *d)
{
    d->path_count--;
}

/* text_is_json: whether a value's source is what RFC 8259 allows, so that it can be quoted as JSON
 * again; lenient options let more through. */
static bool text_is_json(const struct json_decoder *d, uint32_t q, uint32_t end)
{
    char first = d->cursor.text[q];
    if (first == '"') return !json_needs_care(&d->cursor, q, end);
    if (first == '{' || first == '[') return true;
    uint32_t digits = q + (first == '-');
    if (d->cursor.text[digits] == '0' && end > digits + 1 && d->cursor.text[digits + 1] >= '0' &&
        d->cursor.text[digits + 1] <= '9') {
        return false;
    }
    return first != 'N' && first != 'I' && first != '+' && d->cursor.text[end - 1] <= '9';
}

void json_value_rescue(struct json_decoder *d, struct mr_span name, uint32_t q, uint32_t end)
{
    struct mr_span value = {d->cursor.text + q, end - q};
    bool is_word =
        value.bytes >= 4 && (*value.text == 't' || *value.text == 'f' || *value.text == 'n');
    if (is_word || text_is_json(d, q, end)) {
        json_rescue_add(d, name, value);
        return;
    }
    if (*value.text == '"') {
        const char *text;
        uint32_t bytes = json_decoder_string(d, q + 1, end - 1, &text);
        if (bytes == JSON_FAIL) return;
        value = (struct mr_span){text, bytes};
    }
    struct mr_text quoted;
    mr_text_init(&quoted, d->rescue.heap);
    mr_text_add_json(&quoted, value);
    if (quoted.is_failed) {
        d->status = MR_E_NOMEM;
    } else {
        json_rescue_add(d, name, mr_text_span(&quoted));
    }
    mr_text_fini(&quoted);
}

/* misfit_note: a value that has no column or does not fit its own. */
static void misfit_note(struct json_decoder *d, struct mr_span name, uint32_t q, uint32_t end)
{
    if (d->list_depth > 0) {
        d->has_list_misfit = true;
    } else if (d->is_rescuing) {
        json_value_rescue(d, name, q, end);
    }
}

/* unknown_put: a member that the struct `node` does not have. */
static uint32_t unknown_put(struct json_decoder *d, const struct json_node *node,
                            struct mr_span name, uint32_t q)
{
    uint32_t first = d->cursor.i;
    uint32_t end = json_skip(&d->cursor, q, d->depth);
    if (end == JSON_FAIL) return JSON_FAIL;
    if (d->ignores_unknown && !d->is_rescuing) return end;
    if (mr_type_find(node->type, name, false) < 0 && !json_pending_add(d, name, q, first, false)) {
        d->status = MR_E_NOMEM;
        return JSON_FAIL;
    }
    if (d->is_rescuing) misfit_note(d, name, q, end);
    return end;
}

/* -- objects ------------------------------------------------------------------------------- */

/* key_take: the member's name at `p`; *out_member is its position in the struct or -1.
 * returns the start of its value */
static uint32_t key_take(struct json_decoder *d, const struct json_node *node, uint32_t guess,
                         uint32_t p, struct mr_span *out_name, int32_t *out_member)
{
    struct json_cursor *c = &d->cursor;
    if (guess < node->child_count) {
        struct mr_span quoted = node->children[guess].quoted;
        bool is_inside = quoted.bytes > 0 && (uint64_t)p + quoted.bytes <= c->pos[c->i];
        if (is_inside && !node->children[guess].is_hidden &&
            memcmp(c->text + p, quoted.text, quoted.bytes) == 0) {
            *out_member = (int32_t)guess;
            *out_name = node->children[guess].name;
            return json_blanks(c, p + (uint32_t)quoted.bytes);
        }
    }
    if (c->text[p] != '"') return json_fail(c, p, "a member's name in quotes is missing");
    uint32_t end = json_string_end(c, p);
    if (end == JSON_FAIL) return JSON_FAIL;
    const char *text;
    uint32_t bytes = json_decoder_string(d, p + 1, end - 1, &text);
    if (bytes == JSON_FAIL) return JSON_FAIL;
    *out_name = (struct mr_span){text, bytes};
    bool is_view = text == c->text + p + 1;
    *out_member = is_view ? json_node_find_swift(node, *out_name) : json_node_find(node, *out_name);
    if (*out_member >= 0 && node->children[*out_member].is_hidden) *out_member = -1;
    return json_colon(c, end);
}

static bool container_enter(struct json_decoder *d, uint32_t q)
{
    if (d->depth < d->cursor.depth_max) {
        d->depth++;
        return true;
    }
    (void)json_fail(&d->cursor, q, "objects and arrays are nested too deep (limit 256)");
    return false;
}

/* member_put: the value at `p` of a member, known or not. */
static uint32_t member_put(struct json_decoder *d, struct json_node *node, uint32_t row,
                           int32_t member, struct mr_span name, uint32_t p)
{
    if (member < 0) return unknown_put(d, node, name, p);
    struct json_node *child = &node->children[member];
    if (child->is_skipped) return json_skip(&d->cursor, p, d->depth);
    uint32_t first = d->cursor.i;
    bool fits = true;
    bool is_nested = mr_type_is_nested(child->type);
    if (is_nested) path_push(d, JSON_STEP_FIELD, child->name);
    uint32_t end = json_decode_value(d, child, row, p, &fits);
    if (is_nested) path_pop(d);
    if (end == JSON_FAIL || fits) return end;
    d->has_misfit = true;
    misfit_note(d, name, p, end);
    if (!json_pending_add(d, name, p, first, true)) {
        d->status = MR_E_NOMEM;
        return JSON_FAIL;
    }
    return end;
}

uint32_t json_decode_object(struct json_decoder *d, struct json_node *node, uint32_t row,
                            uint32_t q)
{
    struct json_cursor *c = &d->cursor;
    uint32_t guess = node->keys.follow[0], *follow = &node->keys.follow[0];
    bool is_closed = false;
    if (!container_enter(d, q)) return JSON_FAIL;
    uint32_t p = json_open(c, q);
    if (p == JSON_FAIL) return JSON_FAIL;
    if (json_close(c, p, '}')) {
        is_closed = true;
        p++;
    }
    while (!is_closed) {
        struct mr_span name;
        int32_t member;
        p = key_take(d, node, guess, p, &name, &member);
        if (p == JSON_FAIL) return JSON_FAIL;
        p = member_put(d, node, row, member, name, p);
        if (p == JSON_FAIL || d->status != MR_OK) return JSON_FAIL;
        if (member >= 0) {
            *follow = (uint32_t)member;
            follow = &node->keys.follow[member + 1];
            guess = *follow;
        }
        p = json_next(c, p, '}', &is_closed);
        if (p == JSON_FAIL) return JSON_FAIL;
    }
    d->depth--;
    return p;
}

/* -- arrays and maps ----------------------------------------------------------------------- */

/* item_row: the row for one more item; false when out of memory. */
static bool items_reserve(struct json_decoder *d, struct json_node *node)
{
    for (uint32_t i = 0; i < node->child_count; i++) {
        if (json_node_reserve(&node->children[i], d->arena, node->items + 1, NULL) == MR_OK)
            continue;
        d->status = MR_E_NOMEM;
        return false;
    }
    return true;
}

static uint32_t item_put(struct json_decoder *d, struct json_node *node, struct json_node *child,
                         uint32_t q)
{
    bool fits = true;
    uint32_t end = json_decode_value(d, child, node->items, q, &fits);
    if (!fits) d->has_misfit = node->has_item_misfit = true;
    node->items++;
    return end;
}

static uint32_t array_put(struct json_decoder *d, struct json_node *node, uint32_t q)
{
    struct json_cursor *c = &d->cursor;
    bool is_closed = false;
    uint32_t p = json_open(c, q);
    if (p == JSON_FAIL) return JSON_FAIL;
    if (json_close(c, p, ']')) return p + 1;
    while (!is_closed) {
        if (!items_reserve(d, node)) return JSON_FAIL;
        p = item_put(d, node, &node->children[0], p);
        if (p == JSON_FAIL || d->status != MR_OK) return JSON_FAIL;
        p = json_next(c, p, ']', &is_closed);
        if (p == JSON_FAIL) return JSON_FAIL;
    }
    return p;
}

/* map_key_put: the key at `q` as the next item's; returns the start of its value. */
static uint32_t map_key_put(struct json_decoder *d, struct json_node *node, uint32_t q)
{
    struct json_cursor *c = &d->cursor;
    bool fits = true;
    if (c->text[q] != '"') return json_fail(c, q, "a member's name in quotes is missing");
    uint32_t end = json_decode_value(d, &node->children[0], node->items, q, &fits);
    return end == JSON_FAIL ? JSON_FAIL : json_colon(c, end);
}

/* map_pass: all members as items, but for those whose bit is set in `dropped` (null = none). */
static uint32_t map_pass(struct json_decoder *d, struct json_node *node, uint32_t q,
                         const uint64_t *dropped)
{
    struct json_cursor *c = &d->cursor;
    bool is_closed = false;
    uint32_t p = json_open(c, q);
    if (p == JSON_FAIL) return JSON_FAIL;
    if (json_close(c, p, '}')) return p + 1;
    for (uint32_t ordinal = 0; !is_closed; ordinal++) {
        if (!items_reserve(d, node)) return JSON_FAIL;
        p = map_key_put(d, node, p);
        if (p == JSON_FAIL || d->status != MR_OK) return JSON_FAIL;
        if (dropped != NULL && mr_bit_get(dropped, ordinal)) {
            json_node_truncate(&node->children[0], node->items, node->items + 1);
            p = json_skip(c, p, d->depth);
        } else {
            p = item_put(d, node, &node->children[1], p);
        }
        if (p == JSON_FAIL || d->status != MR_OK) return JSON_FAIL;
        p = json_next(c, p, '}', &is_closed);
        if (p == JSON_FAIL) return JSON_FAIL;
    }
    return p;
}

static uint32_t key_hash(struct mr_span key)
{
    uint64_t hash = key.bytes * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < key.bytes; i++) {
        hash = (hash ^ (unsigned char)key.text[i]) * UINT64_C(0xff51afd7ed558ccd);
    }
    return (uint32_t)(hash ^ hash >> 32);
}

/* map_repeats: which items from `first` on have a key that comes again later: a bitmap in the
 * arena, null when there are none. Most maps have a few keys, whose lengths or heads differ. */
static uint64_t *map_repeats(struct json_decoder *d, const struct json_node *node, uint32_t first)
{
    const struct mr_vec *keys = node->children[0].vec;
    uint32_t count = node->items - first, slots = 4;
    if (count < 2) return NULL;
    while (slots < count * 2) slots *= 2;
    uint32_t few[64] = {0};
    uint32_t *table = slots <= MR_COUNT_OF(few) ? few : MR_ARENA_ARRAY(d->arena, uint32_t, slots);
    uint64_t *dropped = NULL;
    if (table == NULL) d->status = MR_E_NOMEM;
    for (uint32_t i = 0; table != NULL && i < count; i++) {
        struct mr_span key = mr_vec_span(keys, first + i);
        uint32_t slot = key_hash(key) & (slots - 1);
        while (table[slot] != 0 && !mr_span_eq(key, mr_vec_span(keys, first + table[slot] - 1))) {
            slot = (slot + 1) & (slots - 1);
        }
        if (table[slot] != 0) {
            if (dropped == NULL) dropped = MR_ARENA_ARRAY(d->arena, uint64_t, mr_bit_words(count));
            if (dropped == NULL) d->status = MR_E_NOMEM;
            if (dropped == NULL) return NULL;
            mr_bit_set(dropped, table[slot] - 1);
        }
        table[slot] = i + 1;
    }
    return dropped;
}

static uint32_t map_put(struct json_decoder *d, struct json_node *node, uint32_t q)
{
    uint32_t first = node->items, start = d->cursor.i;
    uint32_t end = map_pass(d, node, q, NULL);
    if (end == JSON_FAIL) return JSON_FAIL;
    uint64_t *dropped = map_repeats(d, node, first);
    if (d->status != MR_OK) return JSON_FAIL;
    if (dropped == NULL) return end;
    for (uint32_t i = 0; i < 2; i++) json_node_truncate(&node->children[i], first, node->items);
    node->items = first;
    d->cursor.i = start;
    return map_pass(d, node, q, dropped);
}

/* list_put: an array or map into its row. With an item that misfits it is null as a whole. A struct
 * among the items may lack a member that misfits: then the outermost list stays, and is rescued
 * whole by whoever called for it; *out_is_whole says that this is not needed. */
static uint32_t list_put(struct json_decoder *d, struct json_node *node, uint32_t row, uint32_t q,
                         bool *out_fits, bool *out_is_whole)
{
    if (!container_enter(d, q)) return JSON_FAIL;
    if (d->list_depth++ == 0) d->has_list_misfit = false;
    path_push(d, JSON_STEP_ITEM, (struct mr_span){0});
    json_node_list_begin(node, row);
    node->has_item_misfit = false;
    mr_bit_set(node->vec->validity, row);
    uint32_t end = node->type->id == MR_TYPE_MAP ? map_put(d, node, q) : array_put(d, node, q);
    json_node_list_end(node, row);
    path_pop(d);
    d->list_depth--;
    d->depth--;
    *out_is_whole = d->list_depth > 0 || !d->has_list_misfit;
    *out_fits = !node->has_item_misfit;
    if (!*out_fits) json_node_truncate(node, row, row + 1);
    return end;
}

/* -- any value ----------------------------------------------------------------------------- */

static uint32_t string_put(struct json_decoder *d, struct json_node *node, uint32_t row, uint32_t q,
                           bool *out_fits)
{
    struct json_cursor *c = &d->cursor;
    uint32_t end = json_string_end(c, q);
    if (end == JSON_FAIL) return JSON_FAIL;
    const char *text;
    uint32_t bytes = json_decoder_string(d, q + 1, end - 1, &text);
    if (bytes == JSON_FAIL) return JSON_FAIL;
    if (node->type->id != MR_TYPE_STRING) {
        *out_fits = json_put_text(d, node, row, (struct mr_span){text, bytes});
        return end;
    }
    bool is_view = text == c->text + q + 1;
    ((struct mr_view *)node->vec->values)[row] =
        is_view ? json_text_view(d, q + 1, bytes) : json_space_view(d, text, bytes);
    mr_bit_set(node->vec->validity, row);
    return end;
}

/* container_as_text: an object or array into a column that is neither: its source for a string. */
static uint32_t container_as_text(struct json_decoder *d, struct json_node *node, uint32_t row,
                                  uint32_t q, bool *out_fits)
{
    uint32_t end = json_skip(&d->cursor, q, d->depth);
    *out_fits = node->type->id == MR_TYPE_STRING;
    if (end == JSON_FAIL || !*out_fits) return end;
    ((struct mr_view *)node->vec->values)[row] = json_text_view(d, q, end - q);
    mr_bit_set(node->vec->validity, row);
    return end;
}

uint32_t json_decode_value(struct json_decoder *d, struct json_node *node, uint32_t row, uint32_t q,
                           bool *out_fits)
{
    struct json_cursor *c = &d->cursor;
    char first = c->text[q];
    mr_type_id id = node->type->id;
    if (mr_bit_get(node->vec->validity, row)) json_node_truncate(node, row, row + 1);
    if (first == '"') return string_put(d, node, row, q, out_fits);
    if (first == '{' && id == MR_TYPE_STRUCT) {
        mr_bit_set(node->vec->validity, row);
        return json_decode_object(d, node, row, q);
    }
    if ((first == '{' && id == MR_TYPE_MAP) || (first == '[' && id == MR_TYPE_ARRAY)) {
        bool is_whole;
        uint32_t end = list_put(d, node, row, q, out_fits, &is_whole);
        if (end != JSON_FAIL && *out_fits && !is_whole && d->is_rescuing) {
            d->path_count--; /* the list is the last step itself, named there */
            json_value_rescue(d, d->path[d->path_count].name, q, end);
            d->path_count++;
        }
        return end;
    }
    if (first == '{' || first == '[') return container_as_text(d, node, row, q, out_fits);
    json_token token;
    uint32_t end = json_scalar(c, q, &token);
    if (end == JSON_FAIL) return JSON_FAIL;
    *out_fits = json_put_scalar(d, node, row, token, (struct mr_span){c->text + q, end - q});
    return end;
}

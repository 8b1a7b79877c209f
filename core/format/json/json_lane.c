#include "core/format/json/json_lane_impl.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/format/json/json_reader_impl.h"

enum {
    COLUMNS_MAX = 20000,
    EDGES_MIN = 256,
    EDGES_MAX = 4096,
    SLOTS_MAX = 256 << 10, /* of all columns together: wide schemas get shorter runs */
    RUN_ROWS_MIN = 4,
    LOST_MAX = 16, /* records lost in short runs before the lane rests */
    REST_MIN = 64,
    REST_MAX = 4096,
    KEYED_RECORDS = 8192, /* taken by their keys before edges are tried anew */
};

/* -- making -------------------------------------------------------------------------------- */

static mr_status lane_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the JSON reader");
}

static bool is_list(const struct json_node *node)
{
    return node->type->id == MR_TYPE_ARRAY || node->type->id == MR_TYPE_MAP;
}

/* kind_below: of a child of a column of kind `above`. */
static json_lane_kind kind_below(json_lane_kind above, const struct json_node *node)
{
    if (above == JSON_LANE_LIST) return JSON_LANE_ITEM;
    if (above != JSON_LANE_OBJECT) return JSON_LANE_INSIDE;
    if (!mr_type_is_nested(node->type)) return JSON_LANE_VALUE;
    if (!is_list(node)) return JSON_LANE_OBJECT;
    bool is_scalars =
        node->type->id == MR_TYPE_ARRAY && !mr_type_is_nested(node->children[0].type);
    return is_scalars ? JSON_LANE_LIST : JSON_LANE_CURSOR;
}

/* number_columns: gives the nodes below `node` their numbers. */
static void number_columns(struct json_lane *lane, struct json_node *node, uint32_t parent,
                           uint32_t depth)
{
    json_lane_kind above =
        parent == JSON_LANE_NONE ? JSON_LANE_OBJECT : lane->columns[parent].kind;
    for (uint32_t i = 0; i < node->child_count; i++) {
        struct json_node *child = &node->children[i];
        uint32_t number = lane->column_count++;
        child->number = (uint16_t)number;
        lane->columns[number] = (struct json_lane_column){
            .node = child,
            .kind = kind_below(above, child),
            .parent = (uint16_t)parent,
            .depth = (uint8_t)MR_MIN(depth, (uint32_t)UINT8_MAX),
        };
        lane->has_lists |= is_list(child);
        number_columns(lane, child, number, depth + 1);
    }
}

static void slots_clear(struct mr_json_slot *slots, uint32_t count)
{
    memset(slots, 0xff, count * sizeof *slots);
}

static mr_status slots_init(struct json_lane *lane, struct mr_arena *arena, struct mr_err *err)
{
    struct mr_json_walk *w = &lane->walk;
    for (uint32_t i = 0; i < lane->column_count; i++) {
        const struct json_lane_column *column = &lane->columns[i];
        if (column->kind == JSON_LANE_INSIDE) continue;
        uint32_t room =
            column->kind == JSON_LANE_ITEM ? (uint32_t)JSON_LANE_ITEMS_MAX : lane->rows_max;
        w->columns[i].slots = MR_ARENA_ARRAY(arena, struct mr_json_slot, room);
        if (w->columns[i].slots == NULL) return lane_nomem(err);
        slots_clear(w->columns[i].slots, room);
        w->columns[i].items_max = room;
        if (column->kind == JSON_LANE_LIST) {
            w->columns[i].item_column = column->node->children[0].number;
        }
    }
    return MR_OK;
}

static mr_status edges_init(struct json_lane *lane, struct mr_arena *arena, struct mr_err *err)
{
    struct mr_json_walk *w = &lane->walk;
    uint32_t places = 512;
    lane->edge_room =
        MR_MAX(MR_MIN(lane->column_count * 16, (uint32_t)EDGES_MAX), (uint32_t)EDGES_MIN);
    lane->edge_room = MR_MAX(lane->edge_room, MR_MIN(lane->column_count * 2, UINT32_C(60000)));
    while (places < lane->edge_room) places *= 2;
    lane->edges = mr_arena_alloc(arena, lane->edge_room * sizeof *lane->edges, 64);
    lane->table = MR_ARENA_ARRAY(arena, uint16_t, places);
    if (lane->edges == NULL || lane->table == NULL) return lane_nomem(err);
    w->edges = lane->edges;
    w->table = lane->table;
    w->table_mask = places - 1;
    json_lane_forget(lane);
    return MR_OK;
}

mr_status json_lane_init(struct json_lane *lane, struct mr_arena *arena, struct json_node *root,
                         struct mr_err *err)
{
    uint32_t count = mr_type_below(root->type);
    uint32_t room = count + JSON_LANE_EXTRAS_MAX;
    *lane = (struct json_lane){.arena = arena, .root = root};
    if (count == 0 || count > COLUMNS_MAX) return MR_OK;
    lane->columns = MR_ARENA_ARRAY(arena, struct json_lane_column, room);
    lane->walk.columns = MR_ARENA_ARRAY(arena, struct mr_json_walk_column, room);
    if (lane->columns == NULL || lane->walk.columns == NULL) return lane_nomem(err);
    number_columns(lane, root, JSON_LANE_NONE, 1);
    MR_ASSERT(lane->column_count == count);
    lane->schema_count = count;
    lane->rows_max = MR_MIN((uint32_t)JSON_LANE_ROWS_MAX, SLOTS_MAX / count);
    lane->run_rows = lane->rows_max;
    lane->rest_next = REST_MIN;
    lane->walk.row_at = MR_ARENA_ARRAY(arena, uint32_t, lane->rows_max);
    lane->walk.row_i = MR_ARENA_ARRAY(arena, uint32_t, lane->rows_max);
    lane->rest_slots = MR_ARENA_ARRAY(arena, uint32_t,
                                      MR_MAX(lane->rows_max, (uint32_t)JSON_LANE_ITEMS_MAX));
    lane->found = MR_ARENA_ARRAY(arena, struct json_lane_found, JSON_LANE_FOUND_MAX);
    if (lane->walk.row_at == NULL || lane->walk.row_i == NULL || lane->rest_slots == NULL ||
        lane->found == NULL) {
        return lane_nomem(err);
    }
    MR_TRY(slots_init(lane, arena, err));
    MR_TRY(edges_init(lane, arena, err));
    lane->is_on = true;
    return MR_OK;
}

void json_lane_skip(struct json_lane *lane)
{
    for (uint32_t i = 0; i < lane->schema_count && lane->is_on; i++) {
        struct json_lane_column *column = &lane->columns[i];
        json_lane_kind above = column->parent == JSON_LANE_NONE
                                   ? JSON_LANE_OBJECT
                                   : lane->columns[column->parent].kind;
        if (above == JSON_LANE_SKIP) above = JSON_LANE_INSIDE;
        column->kind = kind_below(above, column->node);
        /* Objects and arrays of scalars are walked all the same; what they hold is only checked. */
        bool is_whole = column->kind == JSON_LANE_VALUE || column->kind == JSON_LANE_CURSOR;
        if (is_whole && column->node->is_skipped) column->kind = JSON_LANE_SKIP;
    }
}

struct json_node *json_lane_extra(struct json_lane *lane, uint32_t parent, struct mr_span name)
{
    for (uint32_t i = lane->schema_count; i < lane->column_count; i++) {
        bool is_it = lane->columns[i].parent == parent &&
                     mr_span_eq(lane->columns[i].node->name, name);
        if (is_it) return lane->columns[i].node;
    }
    uint32_t number = lane->column_count;
    if (number == lane->schema_count + JSON_LANE_EXTRAS_MAX) return NULL;
    struct json_node *node = MR_ARENA_NEW(lane->arena, struct json_node);
    char *copy = mr_arena_copy(lane->arena, name);
    struct mr_json_slot *slots =
        MR_ARENA_ARRAY(lane->arena, struct mr_json_slot, lane->rows_max);
    if (node == NULL || copy == NULL || slots == NULL) return NULL;
    slots_clear(slots, lane->rows_max);
    *node = (struct json_node){.type = mr_type_of(MR_TYPE_VOID),
                               .name = {copy, name.bytes},
                               .is_skipped = true,
                               .number = (uint16_t)number};
    uint32_t depth = parent == JSON_LANE_NONE ? 1 : lane->columns[parent].depth + 1u;
    lane->columns[number] = (struct json_lane_column){
        .node = node, .kind = JSON_LANE_SKIP, .parent = (uint16_t)parent, .depth = (uint8_t)depth};
    lane->walk.columns[number] = (struct mr_json_walk_column){.slots = slots};
    lane->column_count++;
    return node;
}

/* -- a run --------------------------------------------------------------------------------- */

/* columns_begin: the columns' place in the batch. False when there is no memory for items. */
static bool columns_begin(struct mr_json_reader *r)
{
    struct json_lane *lane = &r->lane;
    for (uint32_t i = 0; i < lane->column_count; i++) {
        struct json_lane_column *column = &lane->columns[i];
        column->base = r->rows;
        if (column->kind != JSON_LANE_ITEM) continue;
        lane->walk.columns[i].items = 0;
        if (column->node->is_skipped) continue;
        column->base = lane->columns[column->parent].node->items;
        uint32_t wanted = column->base + JSON_LANE_ITEMS_MAX;
        if (json_node_reserve(column->node, r->d.arena, wanted, NULL) != MR_OK) return false;
    }
    return true;
}

static void walk_begin(struct mr_json_reader *r)
{
    const struct json_cursor *c = &r->d.cursor;
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    lane->keyed_rows = lane->found_count = 0;
    lane->row_base = r->rows;
    w->text = c->text;
    w->pos = c->pos;
    w->quotes = c->quotes;
    w->care = c->care;
    w->first = c->first;
    w->pos_end = r->window.line_count;
    w->record_bytes_max = r->options.record_bytes_max;
    w->p = r->at;
    w->i = c->i;
    w->edge = MR_JSON_START;
    w->row = 0;
    w->row_end = MR_MIN(lane->run_rows, r->row_room - 1 - r->rows);
}

/* items_are_full: whether a column of items has no room for more in this run. */
static bool items_are_full(const struct json_lane *lane)
{
    for (uint32_t i = 0; i < lane->column_count; i++) {
        const struct mr_json_walk_column *column = &lane->walk.columns[i];
        bool is_items = lane->columns[i].kind == JSON_LANE_ITEM;
        if (is_items && column->items == column->items_max) return true;
    }
    return false;
}

/* record_undo: gives back what there is of the record in work. */
static void record_undo(struct mr_json_reader *r)
{
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    uint32_t row = lane->row_base + w->row;
    for (uint32_t i = 0; i < lane->column_count; i++) {
        const struct json_lane_column *column = &lane->columns[i];
        if (column->kind == JSON_LANE_ITEM || column->kind == JSON_LANE_INSIDE) continue;
        struct mr_json_slot *slot = &w->columns[i].slots[w->row];
        if (slot->flags == MR_JSON_SLOT_ABSENT) continue;
        if (column->kind == JSON_LANE_CURSOR) json_node_truncate(column->node, row, row + 1);
        if (column->kind == JSON_LANE_LIST) w->columns[w->columns[i].item_column].items = slot->at;
        slots_clear(slot, 1);
    }
    while (lane->found_count > 0 && lane->found[lane->found_count - 1].row == w->row) {
        lane->found_count--;
    }
    w->p = w->row_at[w->row];
    w->i = w->row_i[w->row];
}

bool json_lane_other(struct mr_json_reader *r, uint32_t number)
{
    struct json_decoder *d = &r->d;
    struct mr_json_walk *w = &r->lane.walk;
    const struct json_lane_column *column = &r->lane.columns[number];
    bool fits = true;
    if (column->kind == JSON_LANE_SKIP) {
        d->cursor.i = w->i;
        w->p = json_skip(&d->cursor, w->p, column->depth);
        w->i = d->cursor.i;
        return w->p != JSON_FAIL;
    }
    d->has_misfit = d->has_list_misfit = false;
    d->depth = column->depth;
    d->list_depth = 0;
    d->path[0] = (struct json_shape_step){JSON_STEP_FIELD, column->node->name};
    d->path_count = 1;
    d->pendings.count = d->pendings.step_count = 0;
    json_rescue_begin(d);
    d->cursor.i = w->i;
    uint32_t end = json_decode_value(d, column->node, r->lane.row_base + w->row, w->p, &fits);
    w->p = end;
    w->i = d->cursor.i;
    return end != JSON_FAIL && d->status == MR_OK && fits && !d->has_misfit &&
           !d->has_list_misfit && !d->has_rescue && d->pendings.count == 0;
}

/* keyed_on: the run by keys alone; returns whether the record in work is the cursor's. */
static bool keyed_on(struct mr_json_reader *r)
{
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    while (w->row < w->row_end && w->i < w->pos_end) {
        w->record_at = w->row_at[w->row] = w->p;
        w->row_i[w->row] = w->i;
        if (!json_lane_keyed(r)) return true;
    }
    lane->keyed_rest -= MR_MIN(w->row, lane->keyed_rest);
    if (lane->keyed_rest == 0) json_lane_forget(lane);
    return false;
}

/* walk_on: walks as far as the run goes; returns whether the record in work is the cursor's. */
static bool walk_on(struct mr_json_reader *r)
{
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    if (lane->keyed_rest > 0) return keyed_on(r);
    for (;;) {
        switch (r->window.kernels->walk(w)) {
        case MR_JSON_WALK_DONE: return false;
        case MR_JSON_WALK_LEAVE:
            record_undo(r);
            w->edge = MR_JSON_START;
            if (!json_lane_keyed(r)) return true;
            lane->keyed_rows++;
            break;
        case MR_JSON_WALK_MISS:
            if (json_lane_learn(lane)) break;
            if (!json_lane_keyed(r)) return true;
            lane->keyed_rows++;
            break;
        case MR_JSON_WALK_OTHER:
            if (!json_lane_other(r, w->edges[w->edge].column)) return true;
            break;
        }
    }
}

/* row_of_item: which of the first `rows` rows of a list has the item. */
static uint32_t row_of_item(const struct mr_json_slot *slots, uint32_t rows, uint32_t item)
{
    for (uint32_t row = 0; row < rows; row++) {
        if (slots[row].flags == MR_JSON_SLOT_ABSENT) continue;
        if (item - slots[row].at < slots[row].flags) return row;
    }
    return rows;
}

/* column_check: what there is to do with a column that nobody reads. */
static uint32_t column_check(struct mr_json_reader *r, uint32_t number, uint32_t count,
                             uint64_t *misfits)
{
    return r->lane.is_probe ? json_probe_check(r, number, count, misfits)
                            : json_lane_check(r, number, count, misfits);
}

/* convert_all: returns the first row of the walk that could not be converted, or w->row; that it
 * always is where `misfits` says which those are. */
static uint32_t convert_all(struct mr_json_reader *r, uint64_t *misfits)
{
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    uint32_t to = w->row;
    for (uint32_t i = 0; i < lane->column_count && r->d.status == MR_OK; i++) {
        const struct json_lane_column *column = &lane->columns[i];
        if (column->kind == JSON_LANE_VALUE) to = json_lane_convert(r, i, to, misfits);
        if (column->kind == JSON_LANE_SKIP) to = column_check(r, i, to, misfits);
        if (column->kind != JSON_LANE_ITEM) continue;
        uint32_t items = w->columns[i].items;
        uint32_t bad = column->node->is_skipped ? column_check(r, i, items, NULL)
                                                : json_lane_convert(r, i, items, NULL);
        if (bad < items) {
            to = MR_MIN(to, row_of_item(w->columns[column->parent].slots, w->row, bad));
        }
    }
    return to;
}

static void objects_end(const struct json_lane_column *column, const struct mr_json_slot *slots,
                        uint32_t to)
{
    uint64_t *validity = column->node->vec->validity;
    for (uint32_t k = 0; k < to; k++) {
        if (slots[k].flags != MR_JSON_SLOT_ABSENT) mr_bit_set(validity, column->base + k);
    }
}

/* list_end: where the lists of the first `to` rows end. The items of other rows, up to `walked`,
 * are given back. */
static void list_end(struct json_lane *lane, uint32_t number, uint32_t to, uint32_t walked)
{
    struct json_node *node = lane->columns[number].node;
    const struct mr_json_slot *slots = lane->walk.columns[number].slots;
    uint32_t item_column = lane->walk.columns[number].item_column;
    uint32_t base = lane->columns[item_column].base, items = lane->walk.columns[item_column].items;
    for (uint32_t k = 0; k < to; k++) {
        if (slots[k].flags == MR_JSON_SLOT_ABSENT) continue;
        MR_DCHECK(base + slots[k].at == node->items);
        json_node_list_begin(node, lane->row_base + k);
        node->items += slots[k].flags;
        json_node_list_end(node, lane->row_base + k);
        mr_bit_set(node->vec->validity, lane->row_base + k);
    }
    if (to == walked) return;
    for (uint32_t k = node->items - base; k < items; k++) {
        mr_bit_clear(node->children[0].vec->validity, base + k);
    }
}

/* rows_drop: rows from number `to` of the walk on are null again. */
static void rows_drop(struct mr_json_reader *r, uint32_t to)
{
    struct json_lane *lane = &r->lane;
    for (uint32_t i = 0; i < r->root.child_count; i++) {
        json_node_truncate(&r->root.children[i], lane->row_base + to,
                           lane->row_base + lane->walk.row);
    }
}

/* rows_end: the first `to` rows of those walked stay; slots are absent again. */
static void rows_end(struct mr_json_reader *r, uint32_t to)
{
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    for (uint32_t i = 0; i < lane->column_count; i++) {
        const struct json_lane_column *column = &lane->columns[i];
        if (column->kind == JSON_LANE_ITEM || column->kind == JSON_LANE_INSIDE) continue;
        bool is_skipped = column->node->is_skipped;
        if (column->kind == JSON_LANE_OBJECT && !is_skipped) {
            objects_end(column, w->columns[i].slots, to);
        }
        if (column->kind == JSON_LANE_LIST && !is_skipped) list_end(lane, i, to, w->row);
        slots_clear(w->columns[i].slots, w->row);
    }
    if (to < w->row) rows_drop(r, to);
}

/* run_note: how the run went decides how long the next one is and whether there is one. */
static void run_note(struct json_lane *lane, uint32_t rows, bool is_left)
{
    if (lane->keyed_rows > rows / 4 && lane->edge_count == lane->edge_room) {
        lane->keyed_rest = KEYED_RECORDS;
    }
    if (!is_left) {
        lane->run_rows = MR_MIN(lane->run_rows * 2, lane->rows_max);
        lane->lost = 0;
        lane->rest_next = REST_MIN;
        return;
    }
    if (rows < lane->run_rows / 2) {
        lane->run_rows = MR_MAX(lane->run_rows / 2, MR_MIN((uint32_t)RUN_ROWS_MIN, lane->rows_max));
    }
    lane->lost = rows < RUN_ROWS_MIN ? lane->lost + 1 : 0;
    if (lane->lost < LOST_MAX) return;
    lane->lost = 0;
    lane->rest = lane->rest_next;
    lane->rest_next = MR_MIN(lane->rest_next * 2, (uint32_t)REST_MAX);
}

static void rows_add(struct mr_json_reader *r, uint32_t count)
{
    if (r->ordinals != NULL) {
        for (uint32_t i = 0; i < count; i++) r->ordinals[r->rows + i] = r->records + i;
    }
    r->rows += count;
    r->records += count;
    r->counters.records += count;
    r->counters.rows += count;
    r->counters.documents += count;
}

/* -- rows ---------------------------------------------------------------------------------- */

/* found_path: where in the schema the object of column `object` is, as the decoder's path. */
static void found_path(struct mr_json_reader *r, uint32_t object)
{
    const struct json_lane_column *columns = r->lane.columns;
    struct json_decoder *d = &r->d;
    d->path_count = 0;
    for (uint32_t o = object; o != JSON_LANE_NONE; o = columns[o].parent) d->path_count++;
    for (uint32_t o = object, k = d->path_count; k > 0; o = columns[o].parent) {
        d->path[--k] = (struct json_shape_step){JSON_STEP_FIELD, columns[o].node->name};
    }
}

/* found_row: the fields of one row, from number *at on, that the schema lacks. */
static bool found_row(struct mr_json_reader *r, uint32_t *at)
{
    struct json_lane *lane = &r->lane;
    struct json_decoder *d = &r->d;
    uint32_t row = lane->found[*at].row, rows = r->rows;
    bool is_done = true;
    json_rescue_begin(d);
    for (; *at < lane->found_count && lane->found[*at].row == row && is_done; ++*at) {
        const struct json_lane_found *found = &lane->found[*at];
        found_path(r, found->object);
        d->cursor.i = found->i;
        if (found->is_new) {
            is_done = json_shape_add(&r->unknown, d->path, d->path_count, found->name, &d->cursor,
                                     found->q);
        }
        if (d->is_rescuing) json_value_rescue(d, found->name, found->q, found->end);
    }
    r->rows = lane->row_base + row;
    is_done = is_done && d->status == MR_OK && json_row_rescued(r);
    r->rows = rows;
    if (!is_done) d->status = MR_E_NOMEM;
    return is_done;
}

/* found_add: the same of all rows below `row`; those that are not kept are passed. */
static bool found_add(struct mr_json_reader *r, uint32_t row, bool is_kept, uint32_t *at)
{
    struct json_lane *lane = &r->lane;
    while (*at < lane->found_count && lane->found[*at].row < row) {
        if (!is_kept) {
            ++*at;
        } else if (!found_row(r, at)) {
            return false;
        }
    }
    return true;
}

/* row_mend: the next row, which the lane has made, is the cursor's. False when the record is not
 * well formed or memory lacks. */
static bool row_mend(struct mr_json_reader *r, uint32_t row)
{
    struct json_cursor *c = &r->d.cursor;
    const struct mr_json_walk *w = &r->lane.walk;
    MR_DCHECK(r->rows == r->lane.row_base + row);
    json_row_undo(r);
    c->i = w->row_i[row];
    r->at = w->row_at[row];
    r->counters.documents++;
    if (json_line_rows(r, json_blanks(c, r->at), false) == JSON_LINE_DONE) return true;
    r->counters.documents--;
    return false;
}

/* rows_keep: adds the first `to` rows walked; returns how many of them it could. */
static uint32_t rows_keep(struct mr_json_reader *r, uint32_t to, const uint64_t *misfits)
{
    uint32_t done = 0, found = 0;
    for (uint32_t row = 0; misfits != NULL && row < to; row++) {
        if (!mr_bit_get(misfits, row)) continue;
        if (!found_add(r, row, true, &found)) return done;
        rows_add(r, row - done);
        done = row;
        if (!row_mend(r, row)) return done;
        (void)found_add(r, row + 1, false, &found);
        done = row + 1;
    }
    if (!found_add(r, to, true, &found)) return done;
    rows_add(r, to - done);
    return to;
}

/* can_mend: whether a record that misfits is a row like others, made by itself. */
static bool can_mend(const struct mr_json_reader *r)
{
    return (r->lane.is_probe || !r->lane.has_lists) && r->options.mode == MR_JSON_PERMISSIVE &&
           r->options.bad_records_path[0] == '\0';
}

bool json_lane_run(struct mr_json_reader *r)
{
    struct json_lane *lane = &r->lane;
    struct mr_json_walk *w = &lane->walk;
    if (lane->rest > 0) {
        lane->rest--;
        return true;
    }
    if (!columns_begin(r)) {
        r->d.status = MR_E_NOMEM;
        return true;
    }
    walk_begin(r);
    bool is_left = walk_on(r);
    /* A record that only did not fit any more begins the next run. */
    bool is_full = items_are_full(lane) || lane->found_count == JSON_LANE_FOUND_MAX;
    bool is_cut = is_left && w->row > 0 && is_full;
    if (is_left) record_undo(r);
    is_left = is_left && !is_cut;
    uint64_t *misfits = can_mend(r) ? lane->misfits : NULL;
    memset(lane->misfits, 0, sizeof lane->misfits);
    uint32_t walked = convert_all(r, misfits);
    rows_end(r, walked);
    uint32_t to = rows_keep(r, walked, misfits);
    if (to < walked) rows_drop(r, to);
    if (to < w->row) {
        is_left = true;
        w->p = w->row_at[to];
        w->i = w->row_i[to];
    }
    run_note(lane, to, is_left);
    r->at = w->p;
    r->d.cursor.i = w->i;
    return is_left;
}

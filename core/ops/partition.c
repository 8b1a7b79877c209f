#include "core/ops/partition.h"

#include <math.h>

#include "core/base/checked.h"

enum { SLOTS_MIN = 64, NO_PARTITION = UINT32_MAX };

void mr_router_init(struct mr_router *router, struct mr_heap *heap, const uint32_t *columns,
                    uint32_t column_count)
{
    MR_ASSERT(column_count <= MR_PARTITION_COLUMNS_MAX);
    *router = (struct mr_router){.heap = heap, .column_count = column_count, .last = NO_PARTITION};
    if (column_count > 0) memcpy(router->columns, columns, column_count * sizeof *columns);
    mr_arena_init(&router->arena, heap, 0);
    mr_text_init(&router->key, heap);
}

void mr_router_fini(struct mr_router *router)
{
    if (router->heap == NULL) return;
    mr_arena_fini(&router->arena);
    mr_text_fini(&router->key);
    mr_heap_give(router->heap, router->partitions, router->capacity * sizeof *router->partitions);
    mr_heap_give(router->heap, router->slots, router->slot_count * sizeof *router->slots);
    router->partitions = NULL;
    router->slots = NULL;
}

void mr_router_reset(struct mr_router *router)
{
    mr_arena_reset(&router->arena);
    router->count = 0;
    router->last = NO_PARTITION;
    if (router->slots != NULL) memset(router->slots, 0, router->slot_count * sizeof *router->slots);
}

/* FNV-1a over the key, finished by a multiply-xorshift so that the low bits are usable. Keys are
 * short and few; the table is bounded, so colliding input costs at most its own partitions. */
static uint64_t key_hash(struct mr_span key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.bytes; i++) {
        hash = (hash ^ (unsigned char)key.text[i]) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 32;
    return hash * UINT64_C(0x9e3779b97f4a7c15);
}

static void add_value(struct mr_text *key, const struct mr_vec *vec, uint32_t row)
{
    if (mr_vec_is_null(vec, row)) {
        mr_text_addc(key, 0);
        return;
    }
    mr_text_addc(key, 1);
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: mr_text_addc(key, mr_bit_get(vec->values, row)); return;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        struct mr_span text = mr_vec_span(vec, row);
        uint32_t bytes = (uint32_t)text.bytes;
        mr_text_add(key, &bytes, sizeof bytes);
        mr_text_add(key, text.text, text.bytes);
        return;
    }
    case MR_TYPE_DOUBLE: {
        double value = ((const double *)vec->values)[row];
        value = isnan(value) ? (double)NAN : value == 0 ? 0.0 : value;
        mr_text_add(key, &value, sizeof value);
        return;
    }
    case MR_TYPE_FLOAT: {
        float value = ((const float *)vec->values)[row];
        value = isnan(value) ? NAN : value == 0 ? 0.0f : value;
        mr_text_add(key, &value, sizeof value);
        return;
    }
    default: {
        uint32_t width = mr_type_width(vec->type);
        mr_text_add(key, (const char *)vec->values + (size_t)row * width, width);
    }
    }
}

static mr_status make_key(struct mr_router *router, const struct mr_batch *batch, uint32_t row,
                          struct mr_err *err)
{
    mr_text_reset(&router->key);
    for (uint32_t i = 0; i < router->column_count; i++) {
        add_value(&router->key, &batch->cols[router->columns[i]], row);
    }
    return mr_text_end(&router->key, err);
}

static mr_status router_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for partitions");
}

static mr_status grow_slots(struct mr_router *router, struct mr_err *err)
{
    uint32_t slot_count = MR_MAX(router->slot_count * 2, (uint32_t)SLOTS_MIN);
    uint32_t *slots = mr_heap_zeroed(router->heap, slot_count * sizeof *slots);
    if (slots == NULL) return router_nomem(err);
    for (uint32_t id = 0; id < router->count; id++) {
        uint32_t at = (uint32_t)router->partitions[id].hash & (slot_count - 1);
        while (slots[at] != 0) at = (at + 1) & (slot_count - 1);
        slots[at] = id + 1;
    }
    mr_heap_give(router->heap, router->slots, router->slot_count * sizeof *slots);
    router->slots = slots;
    router->slot_count = slot_count;
    return MR_OK;
}

static mr_status grow_partitions(struct mr_router *router, struct mr_err *err)
{
    uint32_t capacity = MR_MAX(router->capacity * 2, 16u);
    struct mr_partition *grown =
        mr_heap_resize(router->heap, router->partitions, router->capacity * sizeof *grown,
                       capacity * sizeof *grown);
    if (grown == NULL) return router_nomem(err);
    router->partitions = grown;
    router->capacity = capacity;
    return MR_OK;
}

static mr_status add_partition(struct mr_router *router, uint64_t hash, uint32_t *out_id,
                               struct mr_err *err)
{
    struct mr_span key = mr_text_span(&router->key);
    if (router->count == router->capacity) MR_TRY(grow_partitions(router, err));
    if ((router->count + 1) * 2 > router->slot_count) MR_TRY(grow_slots(router, err));
    const char *copy = mr_arena_copy(&router->arena, key);
    if (copy == NULL) return router_nomem(err);
    uint32_t id = router->count++;
    router->partitions[id] = (struct mr_partition){.key = {copy, key.bytes}, .hash = hash};
    uint32_t at = (uint32_t)hash & (router->slot_count - 1);
    while (router->slots[at] != 0) at = (at + 1) & (router->slot_count - 1);
    router->slots[at] = id + 1;
    *out_id = id;
    return MR_OK;
}

static mr_status find_partition(struct mr_router *router, uint32_t *out_id, struct mr_err *err)
{
    struct mr_span key = mr_text_span(&router->key);
    if (router->last != NO_PARTITION && mr_span_eq(router->partitions[router->last].key, key)) {
        *out_id = router->last;
        return MR_OK;
    }
    uint64_t hash = key_hash(key);
    if (router->slot_count > 0) {
        uint32_t mask = router->slot_count - 1;
        for (uint32_t at = (uint32_t)hash & mask; router->slots[at] != 0; at = (at + 1) & mask) {
            uint32_t id = router->slots[at] - 1;
            if (router->partitions[id].hash != hash ||
                !mr_span_eq(router->partitions[id].key, key)) {
                continue;
            }
            *out_id = id;
            return MR_OK;
        }
    }
    return add_partition(router, hash, out_id, err);
}

/* Groups the selected rows by id, keeping their order: ids[i] is the partition of selected row i.
 */
static mr_status gather(struct mr_router *router, struct mr_batch *batch, const uint32_t *ids,
                        struct mr_routed **out_parts, uint32_t *out_count, struct mr_err *err)
{
    uint32_t parts = 0, taken = 0;
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        if (router->partitions[ids[i]].rows++ == 0) parts++;
    }
    struct mr_routed *list = MR_ARENA_ARRAY(batch->arena, struct mr_routed, parts);
    uint32_t *sel = mr_arena_alloc(batch->arena, batch->sel_count * sizeof *sel, 64);
    uint32_t *part_of = mr_arena_alloc(batch->arena, router->count * sizeof *part_of, 64);
    if (list == NULL || sel == NULL || part_of == NULL) return router_nomem(err);
    parts = 0;
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        struct mr_partition *partition = &router->partitions[ids[i]];
        if (partition->rows > 0) {
            part_of[ids[i]] = parts;
            list[parts++] = (struct mr_routed){.partition = ids[i], .sel = sel + taken};
            taken += partition->rows;
            partition->rows = 0;
        }
        struct mr_routed *part = &list[part_of[ids[i]]];
        sel[(size_t)(part->sel - sel) + part->sel_count++] = mr_batch_row(batch, i);
    }
    *out_parts = list;
    *out_count = parts;
    return MR_OK;
}

static mr_status split_whole(struct mr_router *router, struct mr_batch *batch,
                             struct mr_routed **out_parts, uint32_t *out_count, struct mr_err *err)
{
    struct mr_routed *part = MR_ARENA_NEW(batch->arena, struct mr_routed);
    if (part == NULL) return router_nomem(err);
    if (router->count == 0) {
        uint32_t id;
        mr_text_reset(&router->key);
        MR_TRY(add_partition(router, 0, &id, err));
    }
    *part = (struct mr_routed){.sel = batch->sel, .sel_count = batch->sel_count};
    *out_parts = part;
    *out_count = 1;
    return MR_OK;
}

mr_status mr_router_split(struct mr_router *router, struct mr_batch *batch,
                          struct mr_routed **out_parts, uint32_t *out_count, struct mr_err *err)
{
    if (router->column_count == 0) return split_whole(router, batch, out_parts, out_count, err);
    uint32_t *ids = mr_arena_alloc(batch->arena, (batch->sel_count + 1) * sizeof *ids, 64);
    if (ids == NULL) return router_nomem(err);
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        MR_TRY(make_key(router, batch, mr_batch_row(batch, i), err));
        MR_TRY(find_partition(router, &ids[i], err));
        router->last = ids[i];
    }
    return gather(router, batch, ids, out_parts, out_count, err);
}

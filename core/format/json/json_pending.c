#include <string.h>

#include "core/base/checked.h"
#include "core/format/json/json_decoder_impl.h"

enum { ENTRIES_MIN = 32 };

/* array_grow: room for `wanted` entries of `size` bytes. */
static bool array_grow(struct mr_heap *heap, void **at, uint32_t *room, uint32_t wanted,
                       size_t size)
{
    if (wanted <= *room) return true;
    uint32_t grown_room = MR_MAX(MR_MAX(wanted, *room * 2), (uint32_t)ENTRIES_MIN);
    void *grown = mr_heap_resize(heap, *at, *room * size, grown_room * size);
    if (grown == NULL) return false;
    *at = grown;
    *room = grown_room;
    return true;
}

bool json_pending_add(struct json_decoder *d, struct mr_span name, uint32_t q, uint32_t i,
                      bool is_misfit)
{
    struct json_pendings *p = &d->pendings;
    if (p->count == d->unknown->node_max) return true; /* no more would fit into the shape */
    uint32_t step_count = p->step_count + d->path_count;
    if (!array_grow(d->heap, (void **)&p->at, &p->room, p->count + 1, sizeof *p->at) ||
        !array_grow(d->heap, (void **)&p->steps, &p->step_room, step_count, sizeof *p->steps)) {
        return false;
    }
    if (d->path_count > 0) {
        memcpy(p->steps + p->step_count, d->path, d->path_count * sizeof *p->steps);
    }
    p->at[p->count++] = (struct json_pending){name, q, i, p->step_count, d->path_count, is_misfit};
    p->step_count = step_count;
    return true;
}

bool json_pending_merge(struct json_decoder *d)
{
    struct json_pendings *p = &d->pendings;
    uint32_t passed = d->cursor.i;
    bool is_merged = true;
    for (uint32_t k = 0; k < p->count && is_merged; k++) {
        const struct json_pending *one = &p->at[k];
        d->cursor.i = one->i;
        is_merged = json_shape_add(one->is_misfit ? d->misfits : d->unknown,
                                   p->steps == NULL ? NULL : p->steps + one->first_step, one->steps,
                                   one->name, &d->cursor, one->q);
    }
    d->cursor.i = passed;
    return is_merged;
}

void json_pending_fini(struct json_decoder *d)
{
    struct json_pendings *p = &d->pendings;
    mr_heap_give(d->heap, p->at, p->room * sizeof *p->at);
    mr_heap_give(d->heap, p->steps, p->step_room * sizeof *p->steps);
    *p = (struct json_pendings){0};
}

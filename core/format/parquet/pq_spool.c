#include "core/format/parquet/pq_spool.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

void mr_pq_rack_init(struct mr_pq_rack *rack, struct mr_heap *heap, uint32_t tile_bytes)
{
    MR_ASSERT(tile_bytes >= 64);
    *rack = (struct mr_pq_rack){.heap = heap, .tile_bytes = tile_bytes};
}

void mr_pq_rack_trim(struct mr_pq_rack *rack, uint32_t keep)
{
    while (rack->free_count > keep) {
        struct mr_pq_tile *tile = rack->free_list;
        rack->free_list = tile->next;
        rack->free_count--;
        mr_heap_give(rack->heap, tile->at, rack->tile_bytes);
        mr_heap_give(rack->heap, tile, sizeof *tile);
    }
}

void mr_pq_rack_give(struct mr_pq_rack *rack, struct mr_pq_tile *tile)
{
    tile->next = rack->free_list;
    rack->free_list = tile;
    rack->free_count++;
}

static struct mr_pq_tile *rack_new(struct mr_pq_rack *rack)
{
    struct mr_pq_tile *tile = mr_heap_take(rack->heap, sizeof *tile);
    uint8_t *at = tile == NULL ? NULL : mr_heap_take(rack->heap, rack->tile_bytes);
    if (at == NULL) {
        mr_heap_give(rack->heap, tile, sizeof *tile);
        return NULL;
    }
    *tile = (struct mr_pq_tile){.at = at};
    return tile;
}

static struct mr_pq_tile *rack_take(struct mr_pq_rack *rack)
{
    struct mr_pq_tile *tile = rack->free_list;
    if (tile == NULL) return rack_new(rack);
    rack->free_list = tile->next;
    rack->free_count--;
    tile->next = NULL;
    tile->used = 0;
    return tile;
}

mr_status mr_pq_spool_add(struct mr_pq_spool *spool, struct mr_pq_rack *rack, const void *bytes,
                          size_t count, struct mr_err *err)
{
    const uint8_t *at = bytes;
    while (count > 0) {
        struct mr_pq_tile *tile = spool->last;
        if (tile == NULL || tile->used == rack->tile_bytes) {
            tile = rack_take(rack);
            if (tile == NULL) {
                return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for finished pages");
            }
            if (spool->last != NULL) spool->last->next = tile;
            if (spool->first == NULL) spool->first = tile;
            spool->last = tile;
        }
        size_t step = MR_MIN(count, (size_t)(rack->tile_bytes - tile->used));
        memcpy(tile->at + tile->used, at, step);
        tile->used += (uint32_t)step;
        spool->bytes += step;
        at += step;
        count -= step;
    }
    return MR_OK;
}

struct mr_pq_tile *mr_pq_spool_pop(struct mr_pq_spool *spool)
{
    struct mr_pq_tile *tile = spool->first;
    if (tile == NULL) return NULL;
    spool->first = tile->next;
    if (spool->first == NULL) spool->last = NULL;
    spool->bytes -= tile->used;
    tile->next = NULL;
    return tile;
}

void mr_pq_spool_clear(struct mr_pq_spool *spool, struct mr_pq_rack *rack)
{
    struct mr_pq_tile *tile;
    while ((tile = mr_pq_spool_pop(spool)) != NULL) mr_pq_rack_give(rack, tile);
}

mr_status mr_pq_spool_move(struct mr_pq_spool *to, struct mr_pq_rack *rack,
                           struct mr_pq_spool *from, struct mr_err *err)
{
    struct mr_pq_tile *tile;
    mr_status status = MR_OK;
    while (status == MR_OK && (tile = mr_pq_spool_pop(from)) != NULL) {
        status = mr_pq_spool_add(to, rack, tile->at, tile->used, err);
        mr_pq_rack_give(rack, tile);
    }
    if (status != MR_OK) mr_pq_spool_clear(from, rack);
    return status;
}

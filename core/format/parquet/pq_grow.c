#include "core/format/parquet/pq_grow.h"

#include "core/base/checked.h"

enum { GROW_FIRST = 256 };

mr_status mr_pq_grow_more(struct mr_pq_grow *grow, size_t more, struct mr_err *err)
{
    size_t needed, twice = grow->capacity * 2;
    if (!mr_size_add(grow->used, more, &needed)) {
        return mr_err_set(err, MR_E_LIMIT, 2522, "a page grows beyond all bounds");
    }
    size_t capacity = MR_MAX(MR_MAX(needed, twice), (size_t)GROW_FIRST);
    uint8_t *moved = mr_heap_resize(grow->heap, grow->at, grow->capacity, capacity);
    if (moved == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a page of %zu bytes", needed);
    }
    grow->at = moved;
    grow->capacity = capacity;
    return MR_OK;
}

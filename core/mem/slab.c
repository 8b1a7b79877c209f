#include "core/mem/slab.h"

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { CLASS_FIRST = 64 };

#ifdef __SANITIZE_ADDRESS__
enum { SMALL = 0 };
#else
enum { SMALL = MR_SLAB_SMALL };
#endif

struct mr_slab_block {
    struct mr_slab_block *next;
};

static_assert(CLASS_FIRST << (MR_SLAB_CLASSES - 1) == MR_SLAB_SMALL, "the last class is the limit");

static uint32_t class_of(size_t bytes)
{
    uint32_t c = 0;
    while ((size_t)CLASS_FIRST << c < bytes) c++;
    return c;
}

static bool slab_new(struct mr_slab *slab)
{
    struct mr_slab_block *fresh = mr_heap_take(slab->parent, MR_SLAB_BYTES);
    if (fresh == NULL) return false;
    fresh->next = slab->slabs;
    slab->slabs = fresh;
    slab->at = (char *)fresh + CLASS_FIRST;
    slab->end = (char *)fresh + MR_SLAB_BYTES;
    return true;
}

static void *slab_take(struct mr_heap *heap, size_t bytes)
{
    struct mr_slab *slab = (struct mr_slab *)heap;
    if (bytes > SMALL || SMALL == 0) return mr_heap_take(slab->parent, bytes);
    uint32_t c = class_of(bytes);
    struct mr_slab_block *block = slab->free[c];
    if (block != NULL) {
        slab->free[c] = block->next;
    } else {
        size_t size = (size_t)CLASS_FIRST << c;
        if ((size_t)(slab->end - slab->at) < size && !slab_new(slab)) return NULL;
        block = (struct mr_slab_block *)(void *)slab->at;
        slab->at += size;
    }
    slab->small_count++;
    return block;
}

static void slab_give(struct mr_heap *heap, void *at, size_t bytes)
{
    struct mr_slab *slab = (struct mr_slab *)heap;
    if (bytes > SMALL || SMALL == 0) {
        mr_heap_give(slab->parent, at, bytes);
        return;
    }
    struct mr_slab_block *block = at;
    uint32_t c = class_of(bytes);
    MR_ASSERT(slab->small_count > 0);
    slab->small_count--;
    block->next = slab->free[c];
    slab->free[c] = block;
}

void mr_slab_init(struct mr_slab *slab, struct mr_heap *parent)
{
    *slab = (struct mr_slab){
        .heap = {.take = slab_take, .give = slab_give, .limit_bytes = SIZE_MAX}, .parent = parent};
}

bool mr_slab_trim(struct mr_slab *slab)
{
    if (slab->small_count > 0) return false;
    while (slab->slabs != NULL) {
        struct mr_slab_block *block = slab->slabs;
        slab->slabs = block->next;
        mr_heap_give(slab->parent, block, MR_SLAB_BYTES);
    }
    for (int c = 0; c < MR_SLAB_CLASSES; c++) slab->free[c] = NULL;
    slab->at = slab->end = NULL;
    return true;
}

void mr_slab_fini(struct mr_slab *slab)
{
    bool is_trimmed = mr_slab_trim(slab);
    MR_ASSERT(is_trimmed && slab->heap.used_bytes == 0);
}

/* Arenas: memory that is freed all at once.
 *
 * A record batch has one for its columns, a statement one for its syntax tree, a control-plane
 * step one for what it reads. Blocks come from a heap and double in size up to 1 MiB; larger
 * requests get a block of their own. `mr_arena_reset` keeps the first block for the next round, and
 * others up to a size that its owner chose: a batch after the other then takes nothing anew.
 * Returned memory is readable MR_PAD bytes past its end. One thread. */
#ifndef MR_CORE_MEM_ARENA_H
#define MR_CORE_MEM_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/mem/heap.h"

struct mr_arena_block;

struct mr_arena {
    struct mr_heap *heap;
    struct mr_arena_block *blocks; /* newest first */
    struct mr_arena_block *spare;  /* kept by a reset, used again before the heap is asked */
    char *at;                      /* next free byte of the newest block */
    char *end;
    size_t keep_bytes; /* that a reset keeps besides the first block; 0 = none */
    size_t next_bytes;
};

/* mr_arena_init: no memory is taken before the first alloc; first_bytes 0 means 4 KiB. */
void mr_arena_init(struct mr_arena *arena, struct mr_heap *heap, size_t first_bytes);
void mr_arena_fini(struct mr_arena *arena);
void mr_arena_reset(struct mr_arena *arena);

/* mr_arena_alloc: `bytes` bytes aligned to `align` (a power of two, at most 64), not cleared; null
 * when the heap has no more. mr_arena_zeroed: cleared. */
void *mr_arena_alloc(struct mr_arena *arena, size_t bytes, size_t align);
void *mr_arena_zeroed(struct mr_arena *arena, size_t bytes, size_t align);

/* mr_arena_copy: a copy of the span with a zero byte behind it; null when out of memory. */
char *mr_arena_copy(struct mr_arena *arena, struct mr_span text);

/* mr_arena_format: printf into the arena; null when out of memory. */
char *mr_arena_format(struct mr_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* mr_arena_bytes: what the arena holds from its heap now. */
size_t mr_arena_bytes(const struct mr_arena *arena);

#define MR_ARENA_NEW(arena, type) ((type *)mr_arena_zeroed((arena), sizeof(type), alignof(type)))
#define MR_ARENA_ARRAY(arena, type, count)                                                         \
    ((type *)mr_arena_zeroed_array((arena), (count), sizeof(type), alignof(type)))

/* mr_arena_zeroed_array: count * size bytes, cleared; null on overflow or out of memory. */
void *mr_arena_zeroed_array(struct mr_arena *arena, size_t count, size_t size, size_t align);

#endif

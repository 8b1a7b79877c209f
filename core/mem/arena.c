#include "core/mem/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

struct mr_arena_block {
    struct mr_arena_block *older;
    size_t bytes; /* with this header */
};

enum { FIRST_BYTES = 4096, BLOCK_BYTES_MAX = 1 << 20, HEADER_BYTES = 64 };

static_assert(sizeof(struct mr_arena_block) <= HEADER_BYTES, "the header keeps blocks aligned");

void mr_arena_init(struct mr_arena *arena, struct mr_heap *heap, size_t first_bytes)
{
    *arena =
        (struct mr_arena){.heap = heap, .next_bytes = first_bytes == 0 ? FIRST_BYTES : first_bytes};
}

static void give_blocks(struct mr_arena *arena, struct mr_arena_block *block)
{
    while (block != NULL) {
        struct mr_arena_block *older = block->older;
        mr_heap_give(arena->heap, block, block->bytes);
        block = older;
    }
}

void mr_arena_fini(struct mr_arena *arena)
{
    give_blocks(arena, arena->blocks);
    give_blocks(arena, arena->spare);
    arena->blocks = arena->spare = NULL;
    arena->at = arena->end = NULL;
}

void mr_arena_reset(struct mr_arena *arena)
{
    struct mr_arena_block *block = arena->blocks;
    size_t kept = 0;
    if (block == NULL) return;
    for (const struct mr_arena_block *b = arena->spare; b != NULL; b = b->older) kept += b->bytes;
    while (block->older != NULL) {
        struct mr_arena_block *older = block->older;
        if (arena->keep_bytes >= kept && block->bytes <= arena->keep_bytes - kept) {
            kept += block->bytes;
            block->older = arena->spare;
            arena->spare = block;
        } else {
            mr_heap_give(arena->heap, block, block->bytes);
        }
        block = older;
    }
    arena->blocks = block;
    arena->at = (char *)block + HEADER_BYTES;
    arena->end = (char *)block + block->bytes;
}

/* The smallest spare block that holds `bytes`, out of the list; null when there is none. */
static struct mr_arena_block *take_spare(struct mr_arena *arena, size_t bytes)
{
    struct mr_arena_block **best = NULL;
    for (struct mr_arena_block **link = &arena->spare; *link != NULL; link = &(*link)->older) {
        if ((*link)->bytes >= bytes && (best == NULL || (*link)->bytes < (*best)->bytes)) {
            best = link;
        }
    }
    if (best == NULL) return NULL;
    struct mr_arena_block *block = *best;
    *best = block->older;
    return block;
}

static bool arena_grow(struct mr_arena *arena, size_t bytes)
{
    size_t wanted;
    if (!mr_size_add(bytes, HEADER_BYTES + 64, &wanted)) return false;
    struct mr_arena_block *block = take_spare(arena, wanted);
    if (block == NULL) {
        wanted = MR_MAX(wanted, arena->next_bytes);
        block = mr_heap_take(arena->heap, wanted);
        if (block == NULL) return false;
        block->bytes = wanted;
    }
    block->older = arena->blocks;
    arena->blocks = block;
    arena->at = (char *)block + HEADER_BYTES;
    arena->end = (char *)block + block->bytes;
    arena->next_bytes = MR_MIN(arena->next_bytes * 2, (size_t)BLOCK_BYTES_MAX);
    return true;
}

void *mr_arena_alloc(struct mr_arena *arena, size_t bytes, size_t align)
{
    MR_ASSERT(align > 0 && align <= 64 && (align & (align - 1)) == 0);
    for (int attempt = 0; attempt < 2; attempt++) {
        if (arena->at != NULL) {
            size_t skip = (size_t)(-(uintptr_t)arena->at & (align - 1));
            size_t room = (size_t)(arena->end - arena->at);
            if (skip <= room && bytes <= room - skip) {
                char *found = arena->at + skip;
                arena->at = found + bytes;
                return found;
            }
        }
        if (attempt == 0 && !arena_grow(arena, bytes)) return NULL;
    }
    MR_ASSERT(!"a fresh block holds the request it was made for");
    return NULL;
}

void *mr_arena_zeroed(struct mr_arena *arena, size_t bytes, size_t align)
{
    void *found = mr_arena_alloc(arena, bytes, align);
    if (found != NULL) memset(found, 0, bytes);
    return found;
}

void *mr_arena_zeroed_array(struct mr_arena *arena, size_t count, size_t size, size_t align)
{
    size_t bytes;
    if (!mr_size_mul(count, size, &bytes)) return NULL;
    return mr_arena_zeroed(arena, bytes, align);
}

char *mr_arena_copy(struct mr_arena *arena, struct mr_span text)
{
    char *copy = mr_arena_alloc(arena, text.bytes + 1, 1);
    if (copy == NULL) return NULL;
    if (text.bytes > 0) memcpy(copy, text.text, text.bytes);
    copy[text.bytes] = '\0';
    return copy;
}

char *mr_arena_format(struct mr_arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int bytes = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = bytes < 0 ? NULL : mr_arena_alloc(arena, (size_t)bytes + 1, 1);
    if (text != NULL) (void)vsnprintf(text, (size_t)bytes + 1, fmt, again);
    va_end(again);
    return text;
}

size_t mr_arena_bytes(const struct mr_arena *arena)
{
    size_t bytes = 0;
    for (const struct mr_arena_block *b = arena->blocks; b != NULL; b = b->older) bytes += b->bytes;
    for (const struct mr_arena_block *b = arena->spare; b != NULL; b = b->older) bytes += b->bytes;
    return bytes;
}

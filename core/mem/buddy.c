#include "core/mem/buddy.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/span.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

enum { PAGE = 4096, LARGE_ORDER = 13 /* 2 MiB, a huge page */ };
static_assert((size_t)MR_BUDDY_MIN << LARGE_ORDER == 2 << 20, "the order of a huge page");

/* state[i]: what begins at smallest block i. */
enum { INSIDE = 0, USED = 0x80 }; /* a free block of order o is o + 1 */

struct mr_buddy_free {
    struct mr_buddy_free *next;
    struct mr_buddy_free **link; /* what points at this one */
};
static_assert(sizeof(struct mr_buddy_free) <= MR_PAD, "links lie where the block before may read");
static_assert(MR_PAD <= MR_BUDDY_MIN, "and within the smallest block");

static void *block_at(const struct mr_buddy *buddy, size_t index)
{
    return buddy->base + index * MR_BUDDY_MIN;
}

/* Where a free block's links are: in the block itself, or for one of at least 2 MiB in the table
 * beside it, so that memory nobody has taken yet stays untouched and costs no page. */
static struct mr_buddy_free *links_at(const struct mr_buddy *buddy, size_t index, uint32_t order)
{
    return order < LARGE_ORDER ? block_at(buddy, index) : &buddy->large[index >> LARGE_ORDER];
}

static size_t index_of(const struct mr_buddy *buddy, const void *block)
{
    size_t off = (size_t)((const uint8_t *)block - buddy->base);
    MR_ASSERT(off % MR_BUDDY_MIN == 0 && off / MR_BUDDY_MIN < buddy->blocks);
    return off / MR_BUDDY_MIN;
}

/* The block that links found in the list of an order belong to. */
static size_t index_of_links(const struct mr_buddy *buddy, const struct mr_buddy_free *links,
                             uint32_t order)
{
    if (order < LARGE_ORDER) return index_of(buddy, links);
    return (size_t)(links - buddy->large) << LARGE_ORDER;
}

static uint32_t log2_floor(size_t n)
{
    return 63u - (uint32_t)__builtin_clzll(n);
}

static void list_add(struct mr_buddy *buddy, size_t index, uint32_t order)
{
    struct mr_buddy_free *block = links_at(buddy, index, order);
    ASAN_UNPOISON_MEMORY_REGION(block_at(buddy, index), MR_PAD);
    block->next = buddy->free[order];
    block->link = &buddy->free[order];
    if (block->next != NULL) block->next->link = &block->next;
    buddy->free[order] = block;
    buddy->state[index] = (uint8_t)(order + 1);
}

static void list_remove(struct mr_buddy *buddy, size_t index)
{
    struct mr_buddy_free *block = links_at(buddy, index, buddy->state[index] - 1u);
    *block->link = block->next;
    if (block->next != NULL) block->next->link = block->link;
    buddy->state[index] = INSIDE;
}

/* Frees one block of 2^order smallest ones, joined with its buddies as far as they are free. */
static void free_block(struct mr_buddy *buddy, size_t index, uint32_t order)
{
    while (order + 1 < MR_BUDDY_ORDERS) {
        size_t other = index ^ ((size_t)1 << order);
        if (other >= buddy->blocks || buddy->state[other] != order + 1) break;
        list_remove(buddy, other);
        index &= ~((size_t)1 << order);
        order++;
    }
    list_add(buddy, index, order);
}

/* Frees any run of smallest blocks as the fewest aligned powers of two. */
static void free_run(struct mr_buddy *buddy, size_t index, size_t count)
{
    if (count > 0) {
        uint8_t *at = buddy->base + index * MR_BUDDY_MIN;
        ASAN_POISON_MEMORY_REGION(at, count * MR_BUDDY_MIN);
    }
    while (count > 0) {
        uint32_t order = log2_floor(count);
        if (index != 0) order = MR_MIN(order, (uint32_t)__builtin_ctzll(index));
        free_block(buddy, index, order);
        index += (size_t)1 << order;
        count -= (size_t)1 << order;
    }
}

static size_t run_of(size_t bytes)
{
    return (MR_MAX(bytes, (size_t)1) + MR_BUDDY_MIN - 1) / MR_BUDDY_MIN;
}

/* The `count` smallest blocks from `index` on are the caller's. */
static void *hand_out(struct mr_buddy *buddy, size_t index, size_t count)
{
    buddy->state[index] = USED;
    ASAN_UNPOISON_MEMORY_REGION(block_at(buddy, index), count * MR_BUDDY_MIN);
    return block_at(buddy, index);
}

/* Takes free neighbours that together hold `count` smallest blocks, when no block alone does. Looks
 * at every block, which is slow but seldom and better than to fail. */
static void *take_neighbours(struct mr_buddy *buddy, size_t count)
{
    size_t first = 0, found = 0;
    for (size_t i = 0; i < buddy->blocks && found < count;) {
        bool is_free = buddy->state[i] != INSIDE && buddy->state[i] != USED;
        if (found == 0) first = i;
        size_t step = is_free ? (size_t)1 << (buddy->state[i] - 1) : 1;
        found = is_free ? found + step : 0;
        i += step;
    }
    if (found < count) return NULL;
    for (size_t i = first; i < first + found;) {
        size_t step = (size_t)1 << (buddy->state[i] - 1);
        list_remove(buddy, i);
        i += step;
    }
    free_run(buddy, first + count, found - count);
    return hand_out(buddy, first, count);
}

static void *buddy_take(struct mr_heap *heap, size_t bytes)
{
    struct mr_buddy *buddy = (struct mr_buddy *)heap;
    if (bytes > buddy->blocks * MR_BUDDY_MIN) return NULL;
    size_t count = run_of(bytes);
    uint32_t order = log2_floor(count);
    if ((count & (count - 1)) != 0) order++;
    while (order < MR_BUDDY_ORDERS && buddy->free[order] == NULL) order++;
    if (order >= MR_BUDDY_ORDERS) return take_neighbours(buddy, count);
    size_t index = index_of_links(buddy, buddy->free[order], order);
    MR_ASSERT(buddy->state[index] == order + 1);
    list_remove(buddy, index);
    free_run(buddy, index + count, ((size_t)1 << order) - count);
    return hand_out(buddy, index, count);
}

static void buddy_give(struct mr_heap *heap, void *block, size_t bytes)
{
    struct mr_buddy *buddy = (struct mr_buddy *)heap;
    size_t index = index_of(buddy, block);
    MR_ASSERT(buddy->state[index] == USED);
    buddy->state[index] = INSIDE;
    free_run(buddy, index, run_of(bytes));
}

mr_status mr_buddy_init(struct mr_buddy *buddy, void *at, size_t bytes, struct mr_err *err)
{
    const size_t align = (uintptr_t)at % PAGE == 0 ? PAGE : 64;
    MR_ASSERT((uintptr_t)at % 64 == 0);
    if (bytes < 64 * 1024) {
        return mr_err_set(err, MR_E_INVALID, 5005, "a heap of %zu bytes is too small", bytes);
    }
    size_t states = mr_align_up(bytes / (MR_BUDDY_MIN + 1) + 1, 64);
    size_t large = (bytes / MR_BUDDY_MIN >> LARGE_ORDER) * sizeof *buddy->large;
    size_t head = mr_align_up(states + large, align);
    size_t blocks = (bytes - head - MR_PAD) / MR_BUDDY_MIN;
    *buddy = (struct mr_buddy){.state = at,
                               .large = (struct mr_buddy_free *)(void *)((uint8_t *)at + states),
                               .base = (uint8_t *)at + head,
                               .blocks = blocks};
    buddy->heap = (struct mr_heap){
        .take = buddy_take, .give = buddy_give, .limit_bytes = blocks * MR_BUDDY_MIN};
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    memset(buddy->state, INSIDE, blocks);
    free_run(buddy, 0, blocks);
    return MR_OK;
}

void mr_buddy_fini(struct mr_buddy *buddy)
{
    if (buddy->base != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(buddy->base, buddy->blocks * MR_BUDDY_MIN);
    }
    *buddy = (struct mr_buddy){0};
}

size_t mr_buddy_largest(const struct mr_buddy *buddy)
{
    uint32_t order = MR_BUDDY_ORDERS;
    while (order > 0 && buddy->free[order - 1] == NULL) order--;
    if (order == 0) return 0;
    return (size_t)MR_BUDDY_MIN << (order - 1);
}

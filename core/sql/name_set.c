#include "core/base/assert.h"
#include "core/sql/name_set_impl.h"

enum { FIRST_CAPACITY = 16 };

void mr_name_set_init(struct mr_name_set *set, struct mr_heap *heap, bool is_exact)
{
    *set = (struct mr_name_set){.heap = heap, .is_exact = is_exact};
}

void mr_name_set_fini(struct mr_name_set *set)
{
    mr_heap_give(set->heap, set->slots, set->capacity * sizeof *set->slots);
    set->slots = NULL;
    set->capacity = set->count = 0;
}

/* FNV-1a over the name in lower case: the same for names that differ in case. */
static uint64_t name_hash(struct mr_span name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < name.bytes; i++) {
        unsigned char c = (unsigned char)name.text[i];
        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * UINT64_C(1099511628211);
    }
    return hash ^ hash >> 32;
}

/* The slot that holds the name, or the free one where it belongs. */
static struct mr_span *slot_of(const struct mr_name_set *set, struct mr_span name)
{
    size_t at = name_hash(name) & (set->capacity - 1);
    for (;; at = (at + 1) & (set->capacity - 1)) {
        struct mr_span *slot = &set->slots[at];
        if (slot->text == NULL) return slot;
        if (set->is_exact ? mr_span_eq(*slot, name) : mr_span_ieq(*slot, name)) return slot;
    }
}

static bool set_grow(struct mr_name_set *set)
{
    struct mr_name_set wider = *set;
    wider.capacity = set->capacity == 0 ? FIRST_CAPACITY : set->capacity * 2;
    wider.slots = mr_heap_zeroed(set->heap, wider.capacity * sizeof *wider.slots);
    if (wider.slots == NULL) return false;
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i].text != NULL) *slot_of(&wider, set->slots[i]) = set->slots[i];
    }
    mr_heap_give(set->heap, set->slots, set->capacity * sizeof *set->slots);
    *set = wider;
    return true;
}

mr_name_added mr_name_set_add(struct mr_name_set *set, struct mr_span name)
{
    if (name.text == NULL) name.text = "";
    if (set->count * 2 >= set->capacity && !set_grow(set)) return MR_NAME_NO_MEMORY;
    struct mr_span *slot = slot_of(set, name);
    if (slot->text != NULL) return MR_NAME_REPEATED;
    *slot = name;
    set->count++;
    MR_ASSERT(set->count * 2 <= set->capacity + 1);
    return MR_NAME_NEW;
}

/* Name sets: whether a name was there before, in constant time, for lists of any length.
 *
 * A hash table of spans with open addressing, at most half full; it borrows the names. Memory comes
 * from a heap and is given back by fini. */
#ifndef MR_CORE_SQL_NAME_SET_IMPL_H
#define MR_CORE_SQL_NAME_SET_IMPL_H

#include "core/base/span.h"
#include "core/mem/heap.h"

struct mr_name_set {
    struct mr_heap *heap;
    struct mr_span *slots; /* slots[capacity]; a null text is a free one */
    size_t capacity;       /* 0, or a power of two */
    size_t count;
    bool is_exact; /* else ASCII case is ignored */
};

typedef enum mr_name_added { MR_NAME_NEW, MR_NAME_REPEATED, MR_NAME_NO_MEMORY } mr_name_added;

void mr_name_set_init(struct mr_name_set *set, struct mr_heap *heap, bool is_exact);
void mr_name_set_fini(struct mr_name_set *set);
mr_name_added mr_name_set_add(struct mr_name_set *set, struct mr_span name);

#endif

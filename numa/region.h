/* Regions: the memory a shard gets once, at start.
 *
 * One mapping, a whole number of 2 MiB pages, from the shard's own memory node: explicit huge
 * pages where the administrator has set some aside, else transparent ones by request, else small
 * pages; `pages` says which. Mapping reserves addresses and, of huge pages, the pages; of others a
 * page costs memory from its first use on, so that a limit may be generous. What must be there is
 * touched first: then a missing page is an error at start and not a signal later. core/mem/share.h
 * cuts a region up, core/mem/buddy.h makes heaps of the pieces. */
#ifndef MR_NUMA_REGION_H
#define MR_NUMA_REGION_H

#include <stddef.h>

#include "core/base/err.h"

typedef enum mr_region_pages {
    MR_PAGES_SMALL,
    MR_PAGES_TRANSPARENT,
    MR_PAGES_HUGE
} mr_region_pages;

struct mr_region {
    void *at; /* at[bytes], 2 MiB aligned, zero */
    size_t bytes;
    mr_region_pages pages;
};

enum { MR_REGION_ALIGN = 2 << 20 };

/* mr_region_map: at least `bytes` bytes on `node` (MR_NODE_ANY: wherever). That the node is full
 * or cannot be chosen is no failure.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_region_map(size_t bytes, int32_t node, struct mr_region *out_region,
                                    struct mr_err *err);

/* mr_region_touch: the first `bytes` bytes have memory behind them. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_region_touch(const struct mr_region *region, size_t bytes,
                                      struct mr_err *err);
void mr_region_unmap(struct mr_region *region);

#endif

#include "numa/region.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { ERR_REGION = 5005, TOUCH_STRIDE = 4096 };

/* A mapping at a multiple of MR_REGION_ALIGN: one more is mapped and what sticks out undone. */
static void *map_aligned(size_t bytes)
{
    size_t room;
    if (!mr_size_add(bytes, MR_REGION_ALIGN, &room)) return NULL;
    char *raw = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) return NULL;
    size_t skip = mr_align_up((size_t)(uintptr_t)raw, MR_REGION_ALIGN) - (size_t)(uintptr_t)raw;
    if (skip > 0) (void)munmap(raw, skip);
    if (skip < MR_REGION_ALIGN) (void)munmap(raw + skip + bytes, MR_REGION_ALIGN - skip);
    return raw + skip;
}

/* Asks for pages of one node, which the kernel may ignore; see mbind(2). */
static void prefer_node(void *at, size_t bytes, int32_t node)
{
    unsigned long mask[16] = {0};
    const uint32_t bits = 8 * sizeof mask[0];
    if (node < 0 || (uint32_t)node >= bits * MR_COUNT_OF(mask)) return;
    mask[(uint32_t)node / bits] = 1ul << ((uint32_t)node % bits);
    (void)syscall(SYS_mbind, at, bytes, MPOL_PREFERRED, mask, 8 * sizeof mask + 1, 0u);
}

mr_status mr_region_map(size_t bytes, int32_t node, struct mr_region *out_region,
                        struct mr_err *err)
{
    size_t rounded;
    struct mr_region region = {.pages = MR_PAGES_HUGE};
    MR_ASSERT(bytes > 0);
    if (!mr_size_add(bytes, MR_REGION_ALIGN - 1, &rounded)) {
        return mr_err_set(err, MR_E_NOMEM, ERR_REGION, "a region of %zu bytes is too large", bytes);
    }
    region.bytes = rounded & ~(size_t)(MR_REGION_ALIGN - 1);
    region.at = mmap(NULL, region.bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT, -1, 0);
    if (region.at == MAP_FAILED) {
        region.at = map_aligned(region.bytes);
        if (region.at == NULL) {
            return mr_err_os(err, ENOMEM, ERR_REGION, "cannot map %zu bytes", region.bytes);
        }
        bool is_transparent = madvise(region.at, region.bytes, MADV_HUGEPAGE) == 0;
        region.pages = is_transparent ? MR_PAGES_TRANSPARENT : MR_PAGES_SMALL;
    }
    prefer_node(region.at, region.bytes, node);
    *out_region = region;
    return MR_OK;
}

/* Through the kernel, which reports a missing page instead of killing the process. */
mr_status mr_region_touch(const struct mr_region *region, size_t bytes, struct mr_err *err)
{
    MR_ASSERT(bytes <= region->bytes);
    if (bytes == 0 || madvise(region->at, bytes, MADV_POPULATE_WRITE) == 0) return MR_OK;
    if (errno != EINVAL) {
        return mr_err_os(err, errno, ERR_REGION, "cannot back %zu bytes with memory", bytes);
    }
    volatile char *at = region->at; /* EINVAL: a kernel before 5.14 */
    for (size_t i = 0; i < bytes; i += TOUCH_STRIDE) at[i] = at[i];
    return MR_OK;
}

void mr_region_unmap(struct mr_region *region)
{
    if (region->at == NULL) return;
    int failed = munmap(region->at, region->bytes);
    MR_ASSERT(failed == 0);
    region->at = NULL;
    region->bytes = 0;
}

/* Shown: shards get distinct processors as long as there are enough and none when there are not;
 * pinning moves the thread there; a region is aligned, zero, writable to its end, takes memory only
 * when it is touched, and too large a one is refused with a status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "numa/region.h"
#include "numa/topology.h"

static void test_places(void **state)
{
    (void)state;
    struct mr_place places[512];
    uint32_t cores = 0;
    cpu_set_t allowed;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    uint32_t units = (uint32_t)CPU_COUNT(&allowed);
    assert_int_equal(mr_topology_cores(&cores, NULL), MR_OK);
    assert_true(cores >= 1 && cores <= units);
    if (units > 512) skip();
    assert_int_equal(mr_topology_place(units, places, NULL), MR_OK);
    for (uint32_t i = 0; i < units; i++) {
        assert_true(CPU_ISSET((size_t)places[i].cpu, &allowed));
        for (uint32_t j = 0; j < i; j++) assert_int_not_equal(places[i].cpu, places[j].cpu);
    }
    int32_t last = places[units - 1].cpu;
    if (units < 512) {
        assert_int_equal(mr_topology_place(units + 1, places, NULL), MR_OK);
        for (uint32_t i = 0; i <= units; i++) assert_int_equal(places[i].cpu, MR_CPU_ANY);
    }
    assert_int_equal(mr_cpu_pin(MR_CPU_ANY, NULL), MR_OK);
    assert_int_equal(mr_cpu_pin(last, NULL), MR_OK);
    assert_int_equal(sched_getcpu(), last);
    assert_int_not_equal(mr_cpu_pin(CPU_SETSIZE - 1, NULL), MR_OK);
    assert_int_equal(sched_setaffinity(0, sizeof allowed, &allowed), 0);
}

/* Bytes of the region that have memory behind them. */
static size_t resident(const struct mr_region *region)
{
    const size_t page = 4096;
    unsigned char there[1024];
    size_t bytes = 0;
    assert_true(region->bytes / page <= sizeof there);
    assert_int_equal(mincore(region->at, region->bytes, there), 0);
    for (size_t i = 0; i < region->bytes / page; i++) bytes += (there[i] & 1) * page;
    return bytes;
}

static void test_region(void **state)
{
    (void)state;
    struct mr_region region = {0};
    assert_int_equal(mr_region_map(3 << 20, 0, &region, NULL), MR_OK);
    assert_int_equal(region.bytes, 4 << 20);
    assert_int_equal((uintptr_t)region.at % MR_REGION_ALIGN, 0);
    if (region.pages != MR_PAGES_HUGE) assert_int_equal(resident(&region), 0);
    assert_int_equal(mr_region_touch(&region, 0, NULL), MR_OK);
    assert_int_equal(mr_region_touch(&region, 1 << 20, NULL), MR_OK);
    assert_true(resident(&region) >= (1 << 20));
    const char *bytes = region.at;
    for (size_t i = 0; i < region.bytes; i++) assert_int_equal(bytes[i], 0);
    memset(region.at, 1, region.bytes);
    mr_region_unmap(&region);
    mr_region_unmap(&region);
    assert_int_equal(mr_region_map(SIZE_MAX, MR_NODE_ANY, &region, NULL), MR_E_NOMEM);
    assert_int_equal(mr_region_map((size_t)1 << 60, MR_NODE_ANY, &region, NULL), MR_E_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

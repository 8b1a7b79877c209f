/* Shown, on machines described by hwloc's synthetic topologies: shards are spread over nodes in
 * turn and over cores before hardware threads; processors that are offline, or that this process
 * may not use, get none and do not count; with more shards than processors nobody is pinned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "numa/topology.h"

enum { PLACES = 64 };

/* check: `count` shards on the machine that hwloc is told of get these processors and nodes, as
 * "cpu/node cpu/node ...". */
static void check(uint32_t count, const char *wanted)
{
    struct mr_place places[PLACES];
    char got[PLACES * 8] = "";
    size_t used = 0;
    assert_int_equal(mr_topology_place(count, places, NULL), MR_OK);
    for (uint32_t i = 0; i < count; i++) {
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%d/%d", i == 0 ? "" : " ",
                                 places[i].cpu, places[i].node);
    }
    assert_string_equal(got, wanted);
}

static void check_cores(uint32_t wanted)
{
    uint32_t cores = 0;
    assert_int_equal(mr_topology_cores(&cores, NULL), MR_OK);
    assert_int_equal(cores, wanted);
}

static void machine(const char *description)
{
    assert_int_equal(unsetenv("HWLOC_XMLFILE"), 0);
    assert_int_equal(setenv("HWLOC_SYNTHETIC", description, 1), 0);
}

/* machine_part: of the machine described, only the processors in `allowed` (a list like "0,2-3"):
 * what is left when others are offline or kept from this process. */
static void machine_part(const char *description, const char *allowed)
{
    hwloc_topology_t topology;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    char path[] = "/tmp/topology-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(unsetenv("HWLOC_SYNTHETIC"), 0);
    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_set_synthetic(topology, description), 0);
    assert_int_equal(hwloc_topology_load(topology), 0);
    assert_int_equal(hwloc_bitmap_list_sscanf(set, allowed), 0);
    assert_int_equal(hwloc_topology_restrict(topology, set, 0), 0);
    assert_int_equal(hwloc_topology_export_xml(topology, path, 0), 0);
    hwloc_topology_destroy(topology);
    hwloc_bitmap_free(set);
    assert_int_equal(setenv("HWLOC_XMLFILE", path, 1), 0);
}

static void machine_gone(void)
{
    const char *path = getenv("HWLOC_XMLFILE");
    if (path != NULL) (void)unlink(path);
    assert_int_equal(unsetenv("HWLOC_XMLFILE"), 0);
    assert_int_equal(unsetenv("HWLOC_SYNTHETIC"), 0);
}

/* Two nodes of two cores of two hardware threads: 0,1 are one core, 4.. the other node. */
static void test_two_nodes(void **state)
{
    (void)state;
    machine("node:2 core:2 pu:2");
    check_cores(4);
    check(1, "0/0");
    check(2, "0/0 4/1");
    check(4, "0/0 4/1 2/0 6/1");
    check(6, "0/0 4/1 2/0 6/1 1/0 5/1");
    check(8, "0/0 4/1 2/0 6/1 1/0 5/1 3/0 7/1");
    check(9, "-1/-1 -1/-1 -1/-1 -1/-1 -1/-1 -1/-1 -1/-1 -1/-1 -1/-1");
    machine_gone();
}

static void test_one_node(void **state)
{
    (void)state;
    machine("core:4 pu:2");
    check_cores(4);
    check(5, "0/0 2/0 4/0 6/0 1/0");
    machine("pu:3");
    check_cores(3);
    check(3, "0/0 1/0 2/0");
    machine_gone();
}

/* The system's numbers of processors need not follow the cores. */
static void test_numbers(void **state)
{
    (void)state;
    machine("node:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");
    check(4, "0/0 2/1 1/0 3/1");
    check(5, "0/0 2/1 1/0 3/1 4/0");
    machine_gone();
}

static void test_parts(void **state)
{
    (void)state;
    /* A core whose first thread is offline still is a core. */
    machine_part("node:2 core:2 pu:2", "1,2-7");
    check_cores(4);
    check(4, "1/0 4/1 2/0 6/1");
    machine_gone();
    /* Affinity to one node, and to one thread of each of its cores. */
    machine_part("node:2 core:2 pu:2", "4,6");
    check_cores(2);
    check(2, "4/1 6/1");
    check(3, "-1/-1 -1/-1 -1/-1");
    machine_gone();
    /* A large machine of which a container gets three hardware threads of two cores. */
    machine_part("package:2 node:2 core:8 pu:2", "31,32-33");
    check_cores(2);
    check(2, "31/1 32/2");
    check(3, "31/1 32/2 33/2");
    machine_gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_nodes),
        cmocka_unit_test(test_one_node),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

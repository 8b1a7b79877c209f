#include "numa/topology.h"

#include <hwloc.h>

#include "core/base/assert.h"

enum { ERR_TOPOLOGY = 5004 };

static mr_status topology_open(hwloc_topology_t *out_topology, struct mr_err *err)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0) {
        return mr_err_set(err, MR_E_NOMEM, ERR_TOPOLOGY, "cannot prepare the machine's topology");
    }
    if (hwloc_topology_load(topology) != 0) {
        hwloc_topology_destroy(topology);
        return mr_err_set(err, MR_E_INTERNAL, ERR_TOPOLOGY, "cannot read the machine's topology");
    }
    *out_topology = topology;
    return MR_OK;
}

/* Processors in the order shards take them: rank = how many earlier processors of the same core
 * (times many) and of the same node come before. Few enough for the plain quadratic way. */
static uint64_t rank_of(hwloc_topology_t topology, hwloc_obj_t unit)
{
    uint64_t in_core = 0, in_node = 0;
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, unit);
    hwloc_obj_t other = NULL;
    while ((other = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, other)) != unit) {
        hwloc_obj_t other_core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, other);
        in_core += core != NULL && other_core == core;
        in_node += hwloc_bitmap_isequal(other->nodeset, unit->nodeset) != 0;
    }
    return in_core << 48 | in_node << 16 | (unit->logical_index & 0xffff);
}

/* The free processor of lowest rank above `after`; null when all are taken. */
static hwloc_obj_t next_unit(hwloc_topology_t topology, uint64_t *after)
{
    hwloc_obj_t best = NULL, unit = NULL;
    uint64_t best_rank = 0;
    while ((unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != NULL) {
        uint64_t rank = rank_of(topology, unit) + 1;
        if (rank <= *after || (best != NULL && rank >= best_rank)) continue;
        best = unit;
        best_rank = rank;
    }
    if (best != NULL) *after = best_rank;
    return best;
}

mr_status mr_topology_place(uint32_t count, struct mr_place *out_places, struct mr_err *err)
{
    hwloc_topology_t topology;
    uint64_t after = 0;
    MR_TRY(topology_open(&topology, err));
    int units = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    for (uint32_t i = 0; i < count; i++) {
        out_places[i] = (struct mr_place){MR_CPU_ANY, MR_NODE_ANY};
        if (units <= 0 || count > (uint32_t)units) continue;
        hwloc_obj_t unit = next_unit(topology, &after);
        MR_ASSERT(unit != NULL);
        out_places[i].cpu = (int32_t)unit->os_index;
        out_places[i].node = hwloc_bitmap_first(unit->nodeset);
    }
    hwloc_topology_destroy(topology);
    return MR_OK;
}

mr_status mr_topology_cores(uint32_t *out_cores, struct mr_err *err)
{
    hwloc_topology_t topology;
    MR_TRY(topology_open(&topology, err));
    int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
    if (cores < 1) cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    *out_cores = cores < 1 ? 1 : (uint32_t)cores;
    hwloc_topology_destroy(topology);
    return MR_OK;
}

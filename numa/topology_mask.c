/* Placement without hwloc: processors in the order of the affinity mask, cores not told apart. */
#include <errno.h>
#include <sched.h>

#include "numa/topology.h"

enum { ERR_TOPOLOGY = 5004 };

static mr_status read_mask(cpu_set_t *out_set, struct mr_err *err)
{
    if (sched_getaffinity(0, sizeof *out_set, out_set) == 0) return MR_OK;
    return mr_err_os(err, errno, ERR_TOPOLOGY, "cannot read this process's affinity mask");
}

mr_status mr_topology_place(uint32_t count, struct mr_place *out_places, struct mr_err *err)
{
    cpu_set_t set;
    uint32_t placed = 0;
    MR_TRY(read_mask(&set, err));
    for (uint32_t i = 0; i < count; i++) {
        out_places[i] = (struct mr_place){MR_CPU_ANY, MR_NODE_ANY};
    }
    if (count > (uint32_t)CPU_COUNT(&set)) return MR_OK;
    for (int32_t cpu = 0; cpu < CPU_SETSIZE && placed < count; cpu++) {
        if (CPU_ISSET((size_t)cpu, &set)) out_places[placed++].cpu = cpu;
    }
    return MR_OK;
}

mr_status mr_topology_cores(uint32_t *out_cores, struct mr_err *err)
{
    cpu_set_t set;
    MR_TRY(read_mask(&set, err));
    *out_cores = (uint32_t)CPU_COUNT(&set);
    return MR_OK;
}

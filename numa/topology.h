/* Topology: which processor each shard gets.
 *
 * Read once at start from hwloc (Broquedis et al., PDP 2010), or in builds without it from the
 * affinity mask alone, within what this process may use. Shards are spread over physical cores
 * first, node by node in turn, and take second hardware threads only when there are more shards
 * than cores. With more shards than processors nobody is pinned: a pinned shard must have its
 * processor to itself. */
#ifndef MR_NUMA_TOPOLOGY_H
#define MR_NUMA_TOPOLOGY_H

#include "core/base/err.h"

enum { MR_CPU_ANY = -1, MR_NODE_ANY = -1 };

struct mr_place {
    int32_t cpu;  /* the system's number of the processor, or MR_CPU_ANY: not pinned */
    int32_t node; /* the system's number of its memory node, or MR_NODE_ANY */
};

/* mr_topology_place: places[count] for `count` shards.
 * returns MR_E_INTERNAL when the topology cannot be read */
MR_MUST_USE mr_status mr_topology_place(uint32_t count, struct mr_place *out_places,
                                        struct mr_err *err);

/* mr_topology_cores: physical cores this process may use, at least 1: the default shard count. */
MR_MUST_USE mr_status mr_topology_cores(uint32_t *out_cores, struct mr_err *err);

/* mr_cpu_pin: binds the calling thread to a processor; MR_CPU_ANY does nothing. */
MR_MUST_USE mr_status mr_cpu_pin(int32_t cpu, struct mr_err *err);

#endif

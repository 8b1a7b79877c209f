/* What a container may use of the machine: limits of control groups that a topology does not show.
 *
 * A processor quota gives a process so much time on any processors: with more shards than that they
 * would stand still for part of every period, each with work in its hands. Source: Linux,
 * Documentation/admin-guide/cgroup-v2.rst ("cpu.max"), scheduler/sched-bwc.rst (version 1). */
#ifndef MR_TOOLS_MILLRACE_CGROUP_H
#define MR_TOOLS_MILLRACE_CGROUP_H

#include <stdint.h>

/* mr_cgroup_cpus: whole processors that the quotas of this process's group and those above it
 * allow, at least 1; UINT32_MAX when there is none.
 * root  "" on a system; a folder with proc/self/cgroup and sys/fs/cgroup below it in tests */
uint32_t mr_cgroup_cpus(const char *root);

#endif

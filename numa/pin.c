#include <errno.h>
#include <sched.h>

#include "core/base/assert.h"
#include "numa/topology.h"

mr_status mr_cpu_pin(int32_t cpu, struct mr_err *err)
{
    if (cpu == MR_CPU_ANY) return MR_OK;
    MR_ASSERT(cpu >= 0 && cpu < CPU_SETSIZE);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) == 0) return MR_OK;
    return mr_err_os(err, errno, 5004, "cannot pin a thread to processor %d", cpu);
}

/* The runtime of a verb that moves data: the control thread's io, and shards with theirs.
 *
 * Wires ports to drivers: io_uring where the kernel has it, else system calls and a crew of helper
 * threads (said once); the fault filter over both when a test asks for it. Each shard gets one
 * region of --memory on its node, and after that nothing from the system: its driver and its
 * workers live in there. Signals ask for a clean stop; a second one ends the process at once. */
#ifndef MR_TOOLS_MILLRACE_RUNTIME_H
#define MR_TOOLS_MILLRACE_RUNTIME_H

#include "core/stream/engine.h"
#include "io/fault/fault.h"
#include "numa/region.h"
#include "tools/millrace/cli.h"

enum { MR_RUNTIME_SHARDS_MAX = 256 };

struct mr_runtime {
    struct mr_cli *cli;
    struct mr_heap heap; /* the control thread's */
    struct mr_io *io;
    struct mr_io *control; /* what io is, without the fault filter */
    struct mr_crew *crew;
    struct mr_heap crew_heap;
    struct mr_region regions[MR_RUNTIME_SHARDS_MAX];
    struct mr_shares shares[MR_RUNTIME_SHARDS_MAX]; /* of the regions */
    struct mr_fault fault;
    bool has_fault;
    bool wants_uring;
    _Atomic bool is_polling; /* a shard had to do without io_uring */
    struct mr_engine engine;
    bool has_engine;
};

/* mr_runtime_open: reads --threads, --io and --fault of the verb; starts nothing yet. */
MR_MUST_USE mr_status mr_runtime_open(struct mr_runtime *runtime, struct mr_cli *cli,
                                      struct mr_err *err);

/* mr_runtime_start: starts the shards, with memory for `flows` workers each. */
MR_MUST_USE mr_status mr_runtime_start(struct mr_runtime *runtime, uint32_t flows,
                                       struct mr_err *err);
void mr_runtime_close(struct mr_runtime *runtime);

/* mr_runtime_stop_asked: the signal that asked for a clean stop, 0 = none yet. */
int mr_runtime_stop_asked(void);

/* mr_runtime_forget_stop: it has been answered; the next signal asks anew. */
void mr_runtime_forget_stop(void);

#endif

/* What a restart does, decided from the newest entries of a checkpoint alone.
 *
 *   newest offsets | its prepared | newest commit | decision
 *   ---------------+--------------+---------------+---------------------------------------
 *   none           | -            | none          | NEXT 0
 *   L              | any          | L             | NEXT L + 1
 *   L              | yes          | L - 1 or none | FINISH L: exactly what prepared/L says
 *   L              | no           | L - 1 or none | RERUN L: same ranges, same batch time
 *   anything else                                 | corrupt: a hole, or two runs wrote here
 *
 * "None" beside L > 0 is a hole unless the retention has removed older entries, which it never does
 * to L - 1. At most one epoch is ever in offsets/ without its commit: Spark runs only the newest,
 * so a second one would be lost on a hand-over. Source: DESIGN.md 3; Spark's MicroBatchExecution,
 * "populateStartOffsets". */
#ifndef MR_CORE_CHECKPOINT_RECOVERY_H
#define MR_CORE_CHECKPOINT_RECOVERY_H

#include "core/base/err.h"

/* An epoch number, or MR_EPOCH_NONE. */
#define MR_EPOCH_NONE INT64_C(-1)

typedef enum mr_recovery_verb {
    MR_RECOVERY_NEXT,
    MR_RECOVERY_FINISH,
    MR_RECOVERY_RERUN
} mr_recovery_verb;

struct mr_recovery {
    mr_recovery_verb verb;
    int64_t epoch; /* the epoch to begin, finish or run again */
};

/* mr_recovery_decide: the table above.
 * returns MR_E_CORRUPT with what is missing and what an operator can do */
MR_MUST_USE mr_status mr_recovery_decide(int64_t newest_offsets, bool is_prepared,
                                         int64_t newest_commit, struct mr_recovery *out_recovery,
                                         struct mr_err *err);

#endif

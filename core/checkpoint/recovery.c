#include "core/checkpoint/recovery.h"

#include <inttypes.h>

#include "core/base/assert.h"

mr_status mr_recovery_decide(int64_t newest_offsets, bool is_prepared, int64_t newest_commit,
                             struct mr_recovery *out_recovery, struct mr_err *err)
{
    MR_ASSERT(newest_offsets >= MR_EPOCH_NONE && newest_commit >= MR_EPOCH_NONE);
    if (newest_commit == newest_offsets) {
        *out_recovery = (struct mr_recovery){MR_RECOVERY_NEXT, newest_offsets + 1};
        return MR_OK;
    }
    if (newest_commit == newest_offsets - 1) {
        mr_recovery_verb verb = is_prepared ? MR_RECOVERY_FINISH : MR_RECOVERY_RERUN;
        *out_recovery = (struct mr_recovery){verb, newest_offsets};
        return MR_OK;
    }
    mr_err_set(err, MR_E_CORRUPT, 4001,
               "the checkpoint has offsets up to epoch %" PRId64 " but commits up to %" PRId64,
               newest_offsets, newest_commit);
    mr_err_help(err, "entries are missing or two runs wrote here; `millrace state inspect` lists "
                     "them, a backup of the checkpoint or --full-refresh puts it right");
    return MR_E_CORRUPT;
}

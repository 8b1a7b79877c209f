#include "core/stream/epoch.h"

#include "core/base/assert.h"

void mr_epoch_init(struct mr_epoch *epoch, const struct mr_recovery *recovery, uint32_t shard_count,
                   uint32_t table_count)
{
    static const mr_epoch_state states[] = {
        [MR_RECOVERY_NEXT] = MR_EPOCH_IDLE,
        [MR_RECOVERY_FINISH] = MR_EPOCH_PREPARED,
        [MR_RECOVERY_RERUN] = MR_EPOCH_PLANNED,
    };
    MR_ASSERT(shard_count > 0 && table_count > 0);
    MR_ASSERT(recovery->epoch >= 0);
    *epoch = (struct mr_epoch){.state = states[recovery->verb],
                               .number = recovery->epoch,
                               .shard_count = shard_count,
                               .table_count = table_count,
                               .tables_open = table_count};
}

static mr_epoch_request epoch_open(struct mr_epoch *epoch)
{
    epoch->state = MR_EPOCH_OPENED;
    epoch->shards_open = epoch->shard_count;
    return MR_EPOCH_DO_START_SHARDS;
}

static mr_epoch_request epoch_abort(struct mr_epoch *epoch, bool is_cut)
{
    epoch->state = MR_EPOCH_ABORTING;
    epoch->ahead = MR_AHEAD_NONE;
    epoch->is_cut = is_cut;
    epoch->shards_open = epoch->shard_count;
    return MR_EPOCH_DO_ABORT_SHARDS;
}

static mr_epoch_request epoch_stop(struct mr_epoch *epoch)
{
    epoch->state = MR_EPOCH_FAILED;
    return MR_EPOCH_DO_STOP;
}

static mr_epoch_request epoch_plan(struct mr_epoch *epoch, mr_ahead_state early)
{
    epoch->state = MR_EPOCH_PLANNED;
    epoch->tables_open = epoch->table_count;
    epoch->early = early;
    epoch->ahead = MR_AHEAD_NONE;
    return MR_EPOCH_DO_WRITE_OFFSETS;
}

/* What a shard has found before its epoch was opened. A failure is worse than a cut. */
static mr_epoch_request take_note(mr_ahead_state *state, bool is_cut)
{
    MR_ASSERT(*state != MR_AHEAD_NONE);
    if (!is_cut || *state == MR_AHEAD_READING) *state = is_cut ? MR_AHEAD_CUT : MR_AHEAD_FAILED;
    return MR_EPOCH_DO_NOTHING;
}

static mr_epoch_request step_planned(struct mr_epoch *epoch, mr_epoch_event event)
{
    if (event == MR_EPOCH_EV_FAIL || event == MR_EPOCH_EV_CUT) {
        bool is_cut = event == MR_EPOCH_EV_CUT;
        if (epoch->early != MR_AHEAD_NONE) return take_note(&epoch->early, is_cut);
        MR_ASSERT(!is_cut);
        return epoch_stop(epoch);
    }
    MR_ASSERT(event == MR_EPOCH_EV_OFFSETS_DONE);
    mr_epoch_request request = epoch_open(epoch);
    bool is_cut = epoch->early == MR_AHEAD_CUT;
    return is_cut || epoch->early == MR_AHEAD_FAILED ? epoch_abort(epoch, is_cut) : request;
}

/* returns false when the event is not about the epoch ahead */
static bool step_ahead(struct mr_epoch *epoch, mr_epoch_event event, mr_epoch_request *out_request)
{
    bool is_at_work = epoch->state >= MR_EPOCH_OPENED && epoch->state <= MR_EPOCH_COMMITTED;
    *out_request = MR_EPOCH_DO_NOTHING;
    switch (event) {
    case MR_EPOCH_EV_PLAN_AHEAD:
        MR_ASSERT(epoch->state == MR_EPOCH_OPENED && epoch->ahead == MR_AHEAD_NONE);
        epoch->ahead = MR_AHEAD_READING;
        *out_request = MR_EPOCH_DO_START_AHEAD;
        return true;
    case MR_EPOCH_EV_AHEAD_CUT:
    case MR_EPOCH_EV_AHEAD_FAIL:
        MR_ASSERT(is_at_work);
        *out_request = take_note(&epoch->ahead, event == MR_EPOCH_EV_AHEAD_CUT);
        return true;
    case MR_EPOCH_EV_DROP_AHEAD:
        MR_ASSERT(is_at_work && epoch->ahead != MR_AHEAD_NONE);
        epoch->ahead = MR_AHEAD_NONE;
        return true;
    default: return false;
    }
}

static mr_epoch_request step_opened(struct mr_epoch *epoch, mr_epoch_event event)
{
    if (event == MR_EPOCH_EV_FAIL || event == MR_EPOCH_EV_CUT) {
        return epoch_abort(epoch, event == MR_EPOCH_EV_CUT);
    }
    MR_ASSERT(event == MR_EPOCH_EV_SHARD_SEALED);
    MR_ASSERT(epoch->shards_open > 0);
    if (--epoch->shards_open > 0) return MR_EPOCH_DO_NOTHING;
    epoch->state = MR_EPOCH_SEALED;
    return MR_EPOCH_DO_WRITE_PREPARED;
}

static mr_epoch_request step_prepared(struct mr_epoch *epoch, mr_epoch_event event)
{
    if (event == MR_EPOCH_EV_WITHDRAWN) {
        /* A conflict that cannot be rebased: the epoch runs again from its ranges. */
        MR_ASSERT(epoch->tables_open == epoch->table_count);
        return epoch_abort(epoch, true);
    }
    MR_ASSERT(event == MR_EPOCH_EV_TABLE_DONE);
    MR_ASSERT(epoch->tables_open > 0);
    if (--epoch->tables_open > 0) return MR_EPOCH_DO_NOTHING;
    epoch->state = MR_EPOCH_COMMITTED;
    return MR_EPOCH_DO_WRITE_COMMIT;
}

static mr_epoch_request step_aborting(struct mr_epoch *epoch, mr_epoch_event event)
{
    if (event == MR_EPOCH_EV_FAIL) {
        epoch->is_cut = false;
        return MR_EPOCH_DO_NOTHING;
    }
    MR_ASSERT(event == MR_EPOCH_EV_SHARD_ABORTED);
    MR_ASSERT(epoch->shards_open > 0);
    if (--epoch->shards_open > 0) return MR_EPOCH_DO_NOTHING;
    return epoch->is_cut ? epoch_open(epoch) : epoch_stop(epoch);
}

static mr_epoch_request step_committed(struct mr_epoch *epoch, mr_epoch_event event)
{
    MR_ASSERT(event == MR_EPOCH_EV_COMMIT_DONE);
    epoch->number++;
    if (epoch->ahead != MR_AHEAD_NONE) return epoch_plan(epoch, epoch->ahead);
    epoch->state = MR_EPOCH_IDLE;
    return MR_EPOCH_DO_NOTHING;
}

mr_epoch_request mr_epoch_step(struct mr_epoch *epoch, mr_epoch_event event)
{
    mr_epoch_request request;
    if (step_ahead(epoch, event, &request)) return request;
    switch (epoch->state) {
    case MR_EPOCH_IDLE:
        MR_ASSERT(event == MR_EPOCH_EV_PLAN);
        return epoch_plan(epoch, MR_AHEAD_NONE);
    case MR_EPOCH_PLANNED: return step_planned(epoch, event);
    case MR_EPOCH_OPENED: return step_opened(epoch, event);
    case MR_EPOCH_SEALED:
        if (event == MR_EPOCH_EV_FAIL) return epoch_abort(epoch, false);
        MR_ASSERT(event == MR_EPOCH_EV_PREPARED_DONE);
        epoch->state = MR_EPOCH_PREPARED;
        return MR_EPOCH_DO_COMMIT_TABLES;
    case MR_EPOCH_PREPARED: return step_prepared(epoch, event);
    case MR_EPOCH_COMMITTED: return step_committed(epoch, event);
    case MR_EPOCH_ABORTING: return step_aborting(epoch, event);
    case MR_EPOCH_FAILED: break;
    }
    MR_ASSERT(!"a failed epoch takes no more events");
    return MR_EPOCH_DO_STOP;
}

bool mr_epoch_can_fail(const struct mr_epoch *epoch)
{
    return epoch->state == MR_EPOCH_PLANNED || epoch->state == MR_EPOCH_OPENED ||
           epoch->state == MR_EPOCH_SEALED || epoch->state == MR_EPOCH_ABORTING;
}

const char *mr_epoch_state_name(mr_epoch_state state)
{
    static const char *const names[] = {"idle",     "planned",   "opened",   "sealed",
                                        "prepared", "committed", "aborting", "failed"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "?";
}

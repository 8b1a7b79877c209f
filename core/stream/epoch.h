/* The epoch machine: exactly once, as a pure state machine.
 *
 * One flow has one. It takes what happened (an event), changes state and says what to do next (a
 * request); it does no I/O, knows no clock and no threads, so every order of events can be tried.
 *
 * While epoch N is OPENED to COMMITTED, the epoch ahead, N + 1, may be planned and read:
 *
 *   NONE ── PLAN_AHEAD ──▶ READING ── AHEAD_CUT, AHEAD_FAIL ──▶ CUT, FAILED
 *                             └── COMMIT_DONE of N: N + 1 is the epoch at work, PLANNED ──┘
 *
 * It depends on nothing that is durable and nothing durable names it. What its shards find (a cut,
 * a failure) is noted and waits: N is finished first, then N + 1 is opened, and only then it is cut
 * or fails, as if it had been planned and read then. An abort of N gives it up with N.
 *
 *                 PLAN                OFFSETS_DONE           every shard SEALED
 *   IDLE ───────────────▶ PLANNED ────────────────▶ OPENED ────────────────────▶ SEALED
 *    ▲                       │                        │                             │ PREPARED_DONE
 *    │ COMMIT_DONE           │ FAIL                   │ FAIL, CUT                   ▼
 *    ├──────── COMMITTED ◀──────────── every table TABLE_DONE ────────────────── PREPARED
 *    │                       ▼                        ▼                             │ WITHDRAWN
 *    └─ (stopped: FAILED) ◀─ ABORTING ◀───────────────┴─────────────────────────────┘
 *                            every shard ABORTED: back to OPENED (CUT) or to FAILED
 *
 * What is true in each state:
 *   PLANNED    ranges chosen, shards may read and stage; nothing durable names the epoch, a crash
 *              removes what was staged and forgets it. commits/N-1 is durable
 *   OPENED     offsets/N is there, and durable before prepared/N is; shards stage segments; a crash
 *              removes them and runs N again
 *   SEALED     all segments are synced and reported; prepared/N is being written
 *   PREPARED   prepared/N is durable: N is finished exactly so, never run again
 *   COMMITTED  every table has one version with txn {appId, N}; commits/N is being written
 *   ABORTING   shards give back what they staged for N and ahead of it; nothing is ahead any more
 *   FAILED     the flow stopped; the checkpoint is as a crash would leave it
 * An abort is the same path as a crash, without the crash. Source: DESIGN.md 3. */
#ifndef MR_CORE_STREAM_EPOCH_H
#define MR_CORE_STREAM_EPOCH_H

#include "core/checkpoint/recovery.h"

typedef enum mr_epoch_state {
    MR_EPOCH_IDLE,
    MR_EPOCH_PLANNED,
    MR_EPOCH_OPENED,
    MR_EPOCH_SEALED,
    MR_EPOCH_PREPARED,
    MR_EPOCH_COMMITTED,
    MR_EPOCH_ABORTING,
    MR_EPOCH_FAILED,
} mr_epoch_state;

/* The epoch ahead; or, of one that is PLANNED, what its shards had found while it was ahead. */
typedef enum mr_ahead_state {
    MR_AHEAD_NONE,
    MR_AHEAD_READING, /* planned; shards read and stage it */
    MR_AHEAD_CUT,     /* it will have to be read again under another schema */
    MR_AHEAD_FAILED,
} mr_ahead_state;

typedef enum mr_epoch_event {
    MR_EPOCH_EV_PLAN,          /* ranges of the next epoch are chosen */
    MR_EPOCH_EV_OFFSETS_DONE,  /* offsets/N has its name */
    MR_EPOCH_EV_SHARD_SEALED,  /* one shard has synced and reported its segments */
    MR_EPOCH_EV_PREPARED_DONE, /* prepared/N is durable */
    MR_EPOCH_EV_TABLE_DONE,    /* one table has the epoch (committed now or before) */
    MR_EPOCH_EV_COMMIT_DONE,   /* commits/N is durable */
    MR_EPOCH_EV_CUT,           /* the epoch must be read again under another schema */
    MR_EPOCH_EV_FAIL,          /* something failed that running on cannot mend */
    MR_EPOCH_EV_SHARD_ABORTED, /* one shard has given back what it staged */
    MR_EPOCH_EV_WITHDRAWN,     /* prepared/N was taken back; no table has it */
    MR_EPOCH_EV_PLAN_AHEAD,    /* ranges of N + 1 are chosen, all of N's are given out */
    MR_EPOCH_EV_AHEAD_CUT,     /* as CUT and FAIL, of N + 1 */
    MR_EPOCH_EV_AHEAD_FAIL,
    MR_EPOCH_EV_DROP_AHEAD, /* N + 1 will not be finished; its files go when the shards stop */
} mr_epoch_event;

typedef enum mr_epoch_request {
    MR_EPOCH_DO_NOTHING,
    MR_EPOCH_DO_WRITE_OFFSETS,
    MR_EPOCH_DO_START_SHARDS, /* tell every shard to begin N and feed it ranges, unless it has */
    MR_EPOCH_DO_START_AHEAD,  /* the same of N + 1, which may not be sealed */
    MR_EPOCH_DO_WRITE_PREPARED,
    MR_EPOCH_DO_COMMIT_TABLES,
    MR_EPOCH_DO_WRITE_COMMIT,
    MR_EPOCH_DO_ABORT_SHARDS,
    MR_EPOCH_DO_STOP,
} mr_epoch_request;

struct mr_epoch {
    mr_epoch_state state;
    int64_t number; /* of the epoch at work; of the next one when IDLE */
    uint32_t shard_count;
    uint32_t table_count;
    uint32_t shards_open; /* shards that have not sealed or aborted yet */
    uint32_t tables_open; /* tables that have not got the epoch yet */
    bool is_cut;          /* ABORTING leads back to OPENED instead of FAILED */
    mr_ahead_state ahead; /* of number + 1; NONE unless OPENED to COMMITTED */
    mr_ahead_state early; /* of number, while PLANNED: NONE when it never was ahead */
};

/* mr_epoch_init: the machine as recovery found it: NEXT starts IDLE, RERUN starts PLANNED with
 * offsets/N already there (feed OFFSETS_DONE), FINISH starts PREPARED (do COMMIT_TABLES). */
void mr_epoch_init(struct mr_epoch *epoch, const struct mr_recovery *recovery, uint32_t shard_count,
                   uint32_t table_count);

/* mr_epoch_step: applies an event. An event that the state does not allow is a program error and
 * asserts. returns what to do now; after MR_EPOCH_DO_WRITE_COMMIT and its event `number` is one
 * higher, and the epoch IDLE, or PLANNED when it was ahead */
mr_epoch_request mr_epoch_step(struct mr_epoch *epoch, mr_epoch_event event);

/* mr_epoch_can_fail: whether FAIL is allowed now. From PREPARED on a failure leaves the epoch to
 * the next start (FINISH); the driver then stops without telling the machine. */
bool mr_epoch_can_fail(const struct mr_epoch *epoch);

const char *mr_epoch_state_name(mr_epoch_state state);

#endif

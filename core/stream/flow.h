/* A flow: one query into one table, epoch after epoch, on the control thread.
 *
 * It owns the checkpoint, the source and the epoch machine, has one worker on every shard, and does
 * what the machine requests: writes offsets, feeds ranges, collects what the workers sealed, writes
 * the prepared record, commits, writes the commit record. Its own I/O waits (core/port/files.h);
 * workers report through their shards' rings and are never waited for, so many flows share the
 * control thread.
 *
 *   open ─▶ (finish or run again what the last process left) ─▶ epochs ... ─▶ closing ─▶ DONE
 *                                                                 └─ error ─▶ closing ─▶ FAILED
 *
 * Two epochs are under way at once. When all ranges of N have been given out, N + 1 is planned, and
 * the shards read it while N is sealed, prepared and committed:
 *
 *   control  plan N+1 │ prepared/N, version, commits/N │ offsets/N+1 │ settle N │ prepared/N+1 ...
 *   shards     ... N  │ seal N, read N+1               │ seal N+1, read N+2 ...
 *
 * Until commits/N is durable N + 1 exists in memory and in files that staged lists name, and has no
 * place in the checkpoint: its entry of the source's list is written, but has no name. Whatever
 * goes wrong with N takes it away, and whatever goes wrong with N + 1 waits for N (epoch.h). What
 * is to be done after a commit and nobody waits for ("settle") is done when there is nothing else,
 * at the latest before the next commit.
 *
 * Two failures are told apart. Before prepared/N is being written, the epoch is aborted: workers
 * remove what they staged. From then on the checkpoint may already say "finish N", so nothing is
 * removed and the flow stops as if the process had died; the next start decides by what is there.
 *
 * A cut (fields that the schema lacks) aborts the epoch and the one ahead, has the planner make a
 * wider plan, and runs the same epoch over the same ranges; what was ahead is planned anew.
 * Source: DESIGN.md 3. */
#ifndef MR_CORE_STREAM_FLOW_H
#define MR_CORE_STREAM_FLOW_H

#include "core/checkpoint/checkpoint.h"
#include "core/stream/epoch.h"
#include "core/stream/worker.h"
#include "core/table/table.h"

/* Makes plans. Called on the control thread; plans live until the planner's owner drops them. */
struct mr_planner {
    /* A wider plan: `unknown` lists struct types of fields that workers met in epoch `epoch`.
     * fails MR_E_SCHEMA when the evolution mode says so */
    mr_status (*widen)(void *ctx, const struct mr_type *const *unknown, uint32_t count,
                       int64_t epoch, const struct mr_flow_plan **out_plan, struct mr_err *err);
    void *ctx;
};

struct mr_flow_config {
    struct mr_heap *heap;
    struct mr_io *io;
    const char *name;            /* of the target, for messages */
    const char *checkpoint_path; /* the generation's folder */
    const struct mr_flow_plan *plan;
    struct mr_planner planner;
    const char *bad_folder; /* of badRecordsPath, which exists; null = none */
    struct mr_table *table; /* open, with plan->output_schema or narrower */
    mr_source_open open_source;
    struct mr_source_spec source; /* without folders and offsets, which the flow fills in */
    struct mr_shard *const *shards;
    uint32_t shard_count;
    struct mr_span engine;   /* engineInfo of commits */
    size_t worker_bytes_max; /* memory of one worker */
    uint64_t range_bytes;    /* larger plain files are split into ranges of this size */
    bool is_continuous;
    int64_t interval_us; /* continuous: least time between the starts of two epochs */
    bool may_vanish;     /* ignoreMissingFiles */
    bool may_be_corrupt; /* ignoreCorruptFiles */
    bool may_split;      /* records end at line feeds, so files may be read in ranges */
};

typedef enum mr_flow_verdict {
    MR_FLOW_BUSY,    /* did something: step again */
    MR_FLOW_WAITING, /* for workers */
    MR_FLOW_IDLE,    /* for input: step at or after flow->due_us (monotonic) */
    MR_FLOW_DONE,
    MR_FLOW_FAILED, /* flow->err says why */
} mr_flow_verdict;

typedef enum mr_flow_stage {
    MR_FLOW_RUNNING,
    MR_FLOW_CLOSING, /* workers are being closed */
    MR_FLOW_CLOSED,
} mr_flow_stage;

/* Two epochs' orders and one that ends them. */
enum { MR_FLOW_ORDERS = MR_WORKER_EPOCHS * (MR_WORKER_RANGES + 2) + 2 };

/* The control side of one worker. */
struct mr_flow_link {
    struct mr_worker worker;
    struct mr_desc orders[MR_FLOW_ORDERS]; /* not yet in the shard's inbox */
    uint32_t order_count;
    uint32_t ranges_out[MR_WORKER_EPOCHS]; /* given and not reported done */
    uint64_t bytes_out[MR_WORKER_EPOCHS];  /* in them */
    bool is_closed;
};

/* What an epoch reads, from its plan until the epoch after next is planned. */
struct mr_flow_reading {
    struct mr_arena arena; /* files, ranges, staged files */
    int64_t epoch;
    struct mr_source_list list;
    int64_t end_offset; /* of its list entries */
    int64_t batch_us;   /* time of the epoch: current_timestamp() */
    struct mr_range *ranges;
    uint32_t range_count;
    uint32_t range_next; /* to be given out */
    bool is_sealing;     /* shards know that they have all */
};

struct mr_flow {
    struct mr_flow_config config;
    const struct mr_flow_plan *plan;
    struct mr_checkpoint checkpoint;
    struct mr_source *source;
    struct mr_epoch epoch;
    mr_epoch_request request; /* to do next */
    mr_flow_stage stage;
    bool must_stop; /* finish the epoch at work, then close */
    bool has_failed;
    bool inherits;   /* upkeep that the last process left */
    bool is_cutting; /* a worker met new fields; the epoch is being aborted */
    struct mr_err err;
    struct mr_err ahead_err; /* of the epoch ahead, or of its plan */
    bool has_plan_failed;    /* then the flow fails when the epoch at work is committed */
    bool is_drained;         /* not continuous: everything is planned */
    int64_t look_us;         /* continuous: no look for an epoch ahead before */
    struct mr_flow_link *links; /* [shard_count] */
    bool has_workers;
    bool is_closing;       /* workers have been told */
    struct mr_arena own;   /* of the flow's life: names of folders */
    struct mr_arena arena; /* of one call: paths and listings */
    struct mr_flow_reading readings[MR_WORKER_EPOCHS]; /* epoch e is readings[e % 2] */
    int64_t start_offset;   /* of the list entries of the epoch at work, exclusive: committed */
    int64_t planned_offset; /* of the newest plan */
    int64_t watermark_ms;
    int64_t finished;  /* epoch that the last process prepared; MR_EPOCH_NONE = none */
    int64_t unsettled; /* epoch that is committed and has to be settled; MR_EPOCH_NONE = none */
    int64_t due_us;     /* when IDLE */
    int64_t started_us; /* monotonic, of the last epoch */
    struct mr_prepared prepared;
    struct mr_text json; /* of the prepared record */
    struct mr_stats_plan stats; /* while there are workers */
    /* For progress and the summary. */
    struct mr_counts totals;
    uint64_t epochs;
    uint64_t epochs_ahead; /* of them, read while the one before was not committed */
    uint64_t ahead_cuts;   /* of those, cut or failed as soon as they were opened */
    int64_t version;          /* of the table after the last commit; -1 = none */
    uint64_t upkeep_failures; /* version checksums and log checkpoints that could not be written */
};

/* mr_flow_open: opens checkpoint and source and recovers: staged files of an epoch that will run
 * again are removed, the machine starts where the last process left it.
 * fails MR_E_LOCKED, MR_E_CORRUPT, and what the parts return; nothing is left open then */
MR_MUST_USE mr_status mr_flow_open(struct mr_flow *flow, const struct mr_flow_config *config,
                                   struct mr_err *err);

/* mr_flow_step: does what can be done now. */
mr_flow_verdict mr_flow_step(struct mr_flow *flow);

/* mr_flow_report: a descriptor from one of the flow's workers. */
void mr_flow_report(struct mr_flow *flow, const struct mr_desc *desc);

/* mr_flow_stop: finish the epoch at work, start no other. */
void mr_flow_stop(struct mr_flow *flow);

/* mr_flow_close: after DONE or FAILED. */
void mr_flow_close(struct mr_flow *flow);

#endif

/* A worker: one flow on one shard, from ranges of input to sealed segments.
 *
 *   scan ─▶ decode ─▶ filter ─▶ project ─▶ route ─▶ segments
 *              └─▶ bad records
 *
 * The control thread gives orders and reads reports, both as descriptors through the shard's rings.
 * A worker does one thing per step: decode a batch and append it, or move its sink on. What the
 * decoder gives no row goes below badRecordsPath, when that is set; it is sealed and given up
 * together with the sink.
 *
 *            BEGIN                 SEAL              all synced
 *   IDLE ───────────▶ RUNNING ───────────▶ SEALING ─────────────▶ SEALED ──BEGIN──▶ RUNNING
 *    ▲                  │  │ error, new columns  │                   │
 *    │                  │  ▼                     │ error             │
 *    │                  │ HALTED ◀───────────────┘                   │
 *    │       ABORT      ▼  ▼                       ABORT             ▼
 *    └──────────────── ABORTING ◀────────────────────────────────────┘   (reports ABORTED)
 *
 * DROP leads from any state to IDLE by way of DROPPING, which leaves staged files alone.
 * RUNNING and SEALING report at most one failure or cut, and are HALTED until the abort. What the
 * report points to lies in the worker and is constant until the next order.
 *
 * Everything a worker allocates comes from its own heap, which lies in its share of the shard's
 * region: it is there before the first order, and what it cannot hold is an error of the flow. */
#ifndef MR_CORE_STREAM_WORKER_H
#define MR_CORE_STREAM_WORKER_H

#include "core/mem/share.h"
#include "core/ops/bad_records.h"
#include "core/ops/sink.h"
#include "core/shard/shard.h"
#include "core/stream/file_stats.h"
#include "core/stream/flow_plan.h"
#include "core/stream/prepared.h"

typedef enum mr_worker_order {
    MR_ORDER_BEGIN = 1, /* words[0] = epoch, words[1] = batch time in us */
    MR_ORDER_RANGE,     /* words[0] = const struct mr_range *, borrowed until its report */
    MR_ORDER_SEAL, /* after the ranges that it was given */
    MR_ORDER_ABORT,
    MR_ORDER_CLOSE, /* of an idle or sealed worker: forgets the epoch; reports CLOSED */
    MR_ORDER_DROP,  /* in any state: stops and leaves files alone; reports CLOSED */
} mr_worker_order;

typedef enum mr_worker_report {
    MR_REPORT_RANGE_DONE = 1, /* words[0] = the range */
    MR_REPORT_SEALED,         /* worker->counts and worker->sink.files are complete */
    MR_REPORT_FAILED,         /* worker->err */
    MR_REPORT_CUT,            /* worker->reader has fields that the schema lacks */
    MR_REPORT_ABORTED,
    MR_REPORT_CLOSED,
} mr_worker_report;

typedef enum mr_worker_state {
    MR_WORKER_IDLE,
    MR_WORKER_RUNNING,
    MR_WORKER_SEALING,
    MR_WORKER_SEALED,
    MR_WORKER_HALTED,
    MR_WORKER_ABORTING,
    MR_WORKER_DROPPING,
} mr_worker_state;

/* Where the worker's files go; borrowed. See struct mr_sink_config. */
struct mr_worker_place {
    const char *table_path;
    const char *staged_folder;
    const char *bad_folder; /* badRecordsPath; null = none */
    mr_status (*partition_text)(void *ctx, const struct mr_batch *batch, uint32_t row,
                                struct mr_text *out_folder, struct mr_text *out_values,
                                struct mr_err *err);
    void *partition_ctx;
    struct mr_stats_plan *stats;
};

enum { MR_WORKER_RANGES = 4, MR_WORKER_REPORTS = 8 };

/* What a worker wants of its share: room for its pool, and a heap that even a small flow needs. */
enum { MR_WORKER_HEAP_MIN = 8 << 20 };
size_t mr_worker_pool_bytes(void);

struct mr_worker {
    struct mr_step step; /* first: found again from the reactor's pointer */
    struct mr_shard *shard;
    const struct mr_flow_plan *plan;
    void *flow; /* the control side, for whoever reads the reports */
    struct mr_share share; /* of shard->shares, while it has some */
    union {
        struct mr_heap heap;
        struct mr_buddy buddy; /* over the share's heap; begins with the heap */
    };
    mr_worker_state state;
    int64_t epoch;
    struct mr_program_context context;
    struct mr_pool pool;
    struct mr_scan scan;
    struct mr_json_reader *reader;
    void *codec_memory;
    size_t codec_bytes;
    struct mr_sink_config sink_config;
    struct mr_sink sink;
    struct mr_bad_records_config bad_config;
    struct mr_bad_records bad;
    struct mr_arena arena;                           /* of the batch at hand */
    struct mr_batch batch;                           /* as decoded, while has_batch */
    struct mr_batch output;                          /* as the sink is taking it */
    bool has_batch;
    size_t batch_bytes; /* of the window's text that it is made of */
    bool wants_more;    /* the window has no whole record behind that */
    const struct mr_range *ranges[MR_WORKER_RANGES]; /* to do, the first one at work */
    uint32_t range_count;
    bool is_scanning;
    bool must_seal; /* when the ranges are done */
    uint64_t first_record;                     /* of the range's next batch */
    struct mr_json_counters reader_counts;     /* as far as counted */
    size_t window_bytes;                       /* how much text one step is given at most */
    struct mr_counts counts;                   /* of the epoch */
    struct mr_err err;                         /* of a FAILED report */
    bool has_failed;                           /* a FAILED report of this epoch is out */
    struct mr_desc reports[MR_WORKER_REPORTS]; /* not yet in the outbox */
    uint32_t report_count;
};

/* mr_worker_init: memory and reader for `plan`, by the control thread before the first order. The
 * shard's io is used from the first order on. `memory_limit` holds where the shard has no shares.
 * fails MR_E_NOMEM and what the reader says */
MR_MUST_USE mr_status mr_worker_init(struct mr_worker *worker, struct mr_shard *shard,
                                     const struct mr_flow_plan *plan,
                                     const struct mr_worker_place *place, size_t memory_limit,
                                     struct mr_err *err);

/* mr_worker_fini: after the CLOSED report, or before any order. */
void mr_worker_fini(struct mr_worker *worker);

/* mr_worker_receive: an order, on the shard; to be called from the shard's receive hook with the
 * descriptor whose object is the worker. */
void mr_worker_receive(struct mr_worker *worker, const struct mr_desc *desc);

#endif

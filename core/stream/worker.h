/* A worker: one flow on one shard, from ranges of input to sealed segments.
 *
 *   scan ─▶ decode ─▶ filter ─▶ project ─▶ route ─▶ segments
 *              └─▶ bad records
 *
 * The control thread gives orders and reads reports, both as descriptors through the shard's rings.
 * In a step a worker decodes one batch at most and appends it, and moves its sinks on. What the
 * decoder gives no row goes below badRecordsPath, when that is set; it is sealed and given up
 * together with the sink.
 *
 * A worker has two epochs at most, N and the one ahead, each with a sink, counts and ranges of its
 * own; the reader, the scan and the batch at hand belong to one of them at a time. N + 1 is read
 * when N has all its ranges behind it, while N is sealed, and while control reads what is SEALED:
 * that is constant until the epoch after next is begun. Until N is sealed, the writers of both keep
 * to the memory of one, and those of N + 1 to half of it.
 *
 *            BEGIN                SEAL, ranges done          all synced
 *   EMPTY ───────────▶ RUNNING ───────────────────▶ SEALING ─────────────▶ SEALED ─BEGIN▶ RUNNING
 *     ▲                   │ error, new columns         │ error               │
 *     │                   ▼                            │                     │
 *     │                 HALTED ◀───────────────────────┘                     │
 *     │      ABORT, DROP  ▼                                                  ▼
 *     └──────────────── STOPPING ◀───────────────────────────────────────────┘
 *
 * ABORT and DROP stop both epochs and name the first one whose files go; those of older ones stay,
 * because a table or a prepared record may have them. RUNNING and SEALING report at most one
 * failure or cut, are HALTED until then, and nothing is read behind a HALTED epoch. What a report
 * points to lies in the worker and is constant until the next order about its epoch.
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

/* words[0] is the epoch in every order and report. */
typedef enum mr_worker_order {
    MR_ORDER_BEGIN = 1, /* words[1] = batch time in us */
    MR_ORDER_RANGE,     /* words[1] = const struct mr_range *, borrowed until its report */
    MR_ORDER_SEAL,      /* after the ranges that it was given */
    MR_ORDER_ABORT,     /* all epochs; files of this one and later ones go; reports ABORTED */
    MR_ORDER_DROP,      /* the same, and the worker is wanted no more; reports CLOSED */
} mr_worker_order;

typedef enum mr_worker_report {
    MR_REPORT_RANGE_DONE = 1, /* words[1] = bytes of the range; they are done in their order */
    MR_REPORT_SEALED, /* counts and sink.files of the epoch are complete */
    MR_REPORT_FAILED, /* err of the epoch; also of one that could not be aborted wholly */
    MR_REPORT_CUT,    /* worker->decoder has fields that the schema lacks */
    MR_REPORT_ABORTED,
    MR_REPORT_CLOSED,
} mr_worker_report;

typedef enum mr_worker_state {
    MR_WORKER_EMPTY,
    MR_WORKER_RUNNING,
    MR_WORKER_SEALING,
    MR_WORKER_SEALED,
    MR_WORKER_HALTED,
    MR_WORKER_STOPPING,
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

enum {
    MR_WORKER_EPOCHS = 2,
    MR_WORKER_RANGES = 32,                         /* to do, of one epoch */
    MR_WORKER_REPORTS = 2 * MR_WORKER_RANGES + 8, /* not taken yet */
};

/* What a worker wants of its share: room for its pool, and a heap that even a small flow needs. */
enum { MR_WORKER_HEAP_MIN = 8 << 20 };
size_t mr_worker_pool_bytes(void);

/* What a worker has of one epoch. */
struct mr_worker_epoch {
    mr_worker_state state;
    int64_t epoch;
    struct mr_program_context context;
    struct mr_sink sink;
    struct mr_bad_records bad;
    struct mr_counts counts;
    struct mr_err err;                               /* of a FAILED report */
    bool has_failed;                                 /* a FAILED report is out */
    bool must_seal;                                  /* when the ranges are done */
    const struct mr_range *ranges[MR_WORKER_RANGES]; /* to do, the first one at work */
    uint32_t range_count;
};

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
    struct mr_worker_epoch epochs[MR_WORKER_EPOCHS]; /* epoch e is epochs[e % 2] */
    mr_worker_order stopping;                        /* ABORT or DROP, at work; 0 = none */
    int64_t stopping_from;                           /* the epoch that it names */
    struct mr_pool pool;
    struct mr_scan scan;
    struct mr_decoder decoder;
    void *codec_memory;
    size_t codec_bytes;
    struct mr_sink_config sink_config;
    struct mr_bad_records_config bad_config;
    struct mr_arena arena;  /* of the batch at hand */
    struct mr_batch batch;  /* as decoded, while has_batch */
    struct mr_batch output; /* as the sink is taking it */
    bool has_batch;
    size_t batch_bytes; /* of the window's text that it is made of */
    bool wants_more;    /* the window has no whole record behind that */
    bool is_scanning;
    uint64_t first_record;                     /* of the range's next batch */
    struct mr_decoder_counters decoded;        /* as far as counted */
    size_t window_bytes;                       /* how much text one step is given at most */
    struct mr_desc reports[MR_WORKER_REPORTS]; /* not yet in the outbox */
    uint32_t report_count;
};

/* mr_worker_epoch_of: the worker's part of an epoch. For control: once SEALED is reported, until it
 * begins the epoch after next. */
static inline struct mr_worker_epoch *mr_worker_epoch_of(struct mr_worker *worker, int64_t epoch)
{
    return &worker->epochs[(uint64_t)epoch % MR_WORKER_EPOCHS];
}

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

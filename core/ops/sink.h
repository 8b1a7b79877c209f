/* The sink of a flow on one shard: output batches into segments of a table's folder.
 *
 *   idle --begin--> taking --seal--> (merging) --> sealing --(all files and folders synced)-->
 *        sealed --reset-->
 * idle └───────────────┴── stop: give up, unlink what was made ──▶ stopped --reset-->
 *
 * Each partition has at most one open segment; one that has reached the target size is sealed. At
 * most MR_SINK_OPEN_MAX are open at once, fewer where there are many columns. When no more may be,
 * a segment that no row has come to for a long time is sealed for a new partition; otherwise the
 * new one's rows wait aside (runs.h) and become its file when the epoch is sealed, and so do rows
 * that come to a partition whose segment had to go. So partitions that come in turn are written as
 * they come, and of those that come mixed each makes one file. A file that is done shrinks to what
 * the commit wants to know of it; between seal and reset the files of the epoch can be listed,
 * until then they belong to nobody but the staged list.
 *
 * All writers and what waits keep to `memory_bytes` together: pages shrink with the number of open
 * files, and when it is reached the sink waits for what is being written, writes what waits to a
 * file of its own, then ends the largest row group, then seals files. So a batch may be taken in
 * several steps: it has to stay until `has_batch` is false.
 * The sink never blocks: completions wake the owner. */
#ifndef MR_CORE_OPS_SINK_H
#define MR_CORE_OPS_SINK_H

#include "core/format/parquet/pq_heap.h"
#include "core/ops/partition.h"
#include "core/ops/row_runs.h"
#include "core/ops/segment.h"

enum { MR_SINK_OPEN_MAX = 32, MR_SINK_WRITING_MAX = 64 /* open, or sealed and not done */ };

/* What a sink writes and where; constant for the life of the sink, borrowed. */
struct mr_sink_config {
    struct mr_io *io;
    struct mr_heap *heap;
    struct mr_waker waker;
    const char *table_path;
    const char *staged_folder; /* millrace/staged of the checkpoint */
    uint32_t shard;
    const struct mr_type *schema;      /* of the batches: all columns of the table */
    const struct mr_type *file_schema; /* without the partition columns, in table order */
    const uint32_t *file_columns;      /* for each member of file_schema its column in schema */
    const uint32_t *partition_columns;
    uint32_t partition_count;
    struct mr_pq_writer_options options;
    uint64_t memory_bytes; /* of all writers */
    uint64_t target_bytes; /* a segment is sealed when it has this many */
    /* "a=1/b=x/" for a row's partition, and its values as a JSON object; by the table format. */
    mr_status (*partition_text)(void *ctx, const struct mr_batch *batch, uint32_t row,
                                struct mr_text *out_folder, struct mr_text *out_values,
                                struct mr_err *err);
    void *partition_ctx;
    /* Statistics of a sealed file as JSON; by the table format. */
    mr_status (*file_stats)(void *ctx, const struct mr_pq_writer *writer, struct mr_arena *scratch,
                            struct mr_text *out_stats, struct mr_err *err);
    void *stats_ctx;
};

/* One finished file of the epoch. */
struct mr_sink_file {
    const char *relative;         /* path below the table's folder */
    const char *partition_values; /* JSON object */
    struct mr_span stats;         /* JSON object */
    uint64_t bytes;
    uint64_t rows;
    struct mr_sink_file *next; /* in order of completion */
};

/* One that is being written. */
struct mr_sink_writing {
    struct mr_segment segment;
    struct mr_pq_writer *writer;
    struct mr_arena arena; /* path, line, partition values */
    const char *relative;
    const char *partition_values;
    uint32_t partition; /* router's id; MR_SINK_CLOSED once sealed */
    uint64_t used_at;   /* batch count when a row came last */
    uint64_t rows;
    bool is_flushed; /* no row has come since its row group was ended */
    struct mr_sink_writing *next; /* in order of creation */
};

#define MR_SINK_CLOSED UINT32_MAX

typedef enum mr_sink_state {
    MR_SINK_IDLE,
    MR_SINK_OPENING, /* the staged list is being opened; batches may come */
    MR_SINK_TAKING,
    MR_SINK_MERGING, /* rows that waited go to files, partition by partition */
    MR_SINK_MERGED,  /* their file is being closed */
    MR_SINK_SEALING, /* files and folders are being synced */
    MR_SINK_CLOSING, /* the staged list */
    MR_SINK_SEALED,
    MR_SINK_STOPPING,
    MR_SINK_UNLINKING,
    MR_SINK_STOPPED,
} mr_sink_state;

struct mr_sink {
    const struct mr_sink_config *config;
    mr_sink_state state;
    int64_t epoch;
    struct mr_router router;
    struct mr_pq_heap memory;   /* of the writers */
    struct mr_sink_file *files; /* done, of the epoch */
    struct mr_sink_file **files_end;
    struct mr_sink_writing *writing;
    struct mr_sink_writing **writing_end;
    uint32_t writing_count;
    struct mr_sink_writing **open; /* open[router id]: its open file or null; [open_capacity] */
    uint32_t open_capacity;
    uint32_t open_count;
    uint32_t open_max;
    uint64_t batches;
    struct mr_batch *batch; /* being taken; null = none */
    struct mr_routed *parts;
    uint32_t part_count;
    uint32_t part_at;
    uint32_t row_at;              /* of the part that is being kept aside */
    struct mr_kept runs;          /* rows of further partitions */
    struct mr_batch *merged;      /* of them, on its way into a file; null = none */
    struct mr_routed merged_part; /* its partition, or that of the batch before */
    struct mr_staged_list staged;
    struct mr_arena arena; /* of the epoch: names of folders and the staged list */
    const char *staged_path;
    const char **folders; /* whose names must be durable: the table's, and those below */
    uint32_t folder_count;
    uint32_t folder_capacity;
    uint32_t folder_at;
    const struct mr_sink_file *unlink_done; /* next to be unlinked */
    const struct mr_sink_writing *unlink_writing;
    char unlink_path[MR_PATH_MAX];
    struct mr_io_op control;
    bool is_control_busy;
    bool must_seal;
    bool keeps_files;
};

void mr_sink_init(struct mr_sink *sink, const struct mr_sink_config *config);
void mr_sink_fini(struct mr_sink *sink); /* must be idle */

/* mr_sink_begin: an epoch starts; files of an earlier attempt are gone already. */
MR_MUST_USE mr_status mr_sink_begin(struct mr_sink *sink, int64_t epoch, struct mr_err *err);

/* mr_sink_is_busy: so much waits to be written that the owner should not append now. */
bool mr_sink_is_busy(const struct mr_sink *sink);

/* mr_sink_memory: what its writers have of `memory_bytes` now. While sealing it only falls. */
static inline uint64_t mr_sink_memory(const struct mr_sink *sink)
{
    return sink->memory.heap.used_bytes;
}

/* mr_sink_append: begins to take the batch's selected rows; it and what it points to stay until
 * mr_sink_has_batch says that all of it has been taken over, by this call or by later steps. */
MR_MUST_USE mr_status mr_sink_append(struct mr_sink *sink, struct mr_batch *batch,
                                     struct mr_err *err);

static inline bool mr_sink_has_batch(const struct mr_sink *sink)
{
    return sink->batch != NULL;
}

/* mr_sink_seal: no more batches. mr_sink_step: moves taking, sealing or stopping on.
 * step returns MR_OK when SEALED or STOPPED, MR_E_AGAIN while operations are in flight, or the
 * failure that ends the epoch */
MR_MUST_USE mr_status mr_sink_seal(struct mr_sink *sink, struct mr_err *err);
MR_MUST_USE mr_status mr_sink_step(struct mr_sink *sink, struct mr_err *err);

/* mr_sink_stop: give the epoch up, whatever its state; then step until STOPPED. With `keeps_files`
 * nothing is unlinked: a prepared record may name the files. */
void mr_sink_stop(struct mr_sink *sink, bool keeps_files);

/* mr_sink_reset: from SEALED or STOPPED to IDLE; forgets the files. */
void mr_sink_reset(struct mr_sink *sink);

#endif

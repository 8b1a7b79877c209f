/* Rows that wait for the end of an epoch, partition by partition, in bounded memory.
 *
 * A table has more partitions than files can be open at once. Rows of the others are kept here as
 * bytes (run_rows.h), in chunks for each partition; when the chunks are more than they may be, all
 * of them go to the end of a spill file, sorted by partition: a run. When the epoch is over, runs
 * and chunks are read back side by side, one partition after the other, each in the order in which
 * its rows came, so that a partition makes one file.
 *
 *     file   = run*                                             chunk of an id
 *     run    = frame*                 ids ascending            ┌──────┬──────┐
 *     frame  = magic:u32 partition:u32 bytes:u32 rows:u32 crc:u32 rows' bytes
 *
 * The CRC-32C is over the head before it and the bytes. Only this process reads the file: its name,
 * noted in the epoch's staged list before it is made, is unlinked as soon as it is open, so that
 * whatever ends the epoch or the process frees the space.
 *
 *   RESTING ─spill─▶ NOTING ─▶ OPENING ─▶ UNLINKING ─▶ WRITING ─▶ RESTING   (the first time)
 *      │  └────────────────────spill─────────────────────▲  └────────┘      (afterwards)
 *      ├──next──▶ READING ─▶ RESTING
 *      └──stop──▶ CLOSING ─▶ RESTING
 *
 * What has to fit into memory: the chunks (the caller spills when `bytes` is beyond its limit), one
 * frame, and a few words for each run and partition. */
#ifndef MR_CORE_OPS_ROW_RUNS_H
#define MR_CORE_OPS_ROW_RUNS_H

#include "core/ops/run_rows.h"
#include "core/ops/segment.h"

enum { MR_KEPT_FRAME = 32 << 10 }; /* bytes of a frame, unless one row has more */

struct mr_kept_config {
    struct mr_io *io;
    struct mr_heap *heap; /* of chunks and buffers */
    struct mr_waker waker;
    const char *table_path;
    uint32_t shard;
    const struct mr_type *schema; /* of the batches */
};

struct mr_run_head {
    uint32_t magic;
    uint32_t partition;
    uint32_t bytes;
    uint32_t rows;
    uint32_t crc;
};
static_assert(sizeof(struct mr_run_head) == 20, "the layout above");

struct mr_run_chunk;

struct mr_run_part {
    struct mr_run_chunk *first, *last;
    bool is_kept; /* all rows to come belong here */
};

struct mr_run {
    uint64_t off, end;       /* of the frames that were not read yet */
    struct mr_run_head next; /* of the first of them */
};

typedef enum mr_kept_state {
    MR_KEPT_RESTING,
    MR_KEPT_NOTING,
    MR_KEPT_OPENING,
    MR_KEPT_UNLINKING,
    MR_KEPT_WRITING,
    MR_KEPT_READING,
    MR_KEPT_CLOSING,
} mr_kept_state;

struct mr_kept {
    struct mr_kept_config config;
    mr_kept_state state;
    struct mr_staged_list *staged;
    struct mr_run_part *parts; /* by the router's id */
    uint32_t part_count;
    size_t bytes;       /* of chunks */
    uint64_t rows;      /* in chunks and file */
    struct mr_text row; /* being copied */
    struct mr_io_op op;
    bool is_busy;
    bool is_named; /* the file may have its name */
    int32_t file;
    uint64_t file_bytes;
    char *path;
    char *line;
    struct mr_arena arena; /* of the epoch: names and runs */
    struct mr_run *runs;
    uint32_t run_count, run_capacity;
    uint32_t part_at; /* being written, or read */
    /* writing */
    struct mr_run run;           /* in progress */
    char *out;                   /* frames to write; null until the first row */
    uint32_t out_used;
    struct mr_run_chunk *direct; /* a frame of its own, larger than `out` */
    /* reading */
    uint32_t run_at;
    char *frame; /* [frame_bytes] */
    size_t frame_bytes;
    struct mr_run_chunk *held; /* chunk that the batch's texts lie in */
    struct mr_arena columns;   /* of the batch */
    struct mr_batch batch;
    uint32_t done_bytes; /* of the write or read in flight */
    uint32_t again;      /* times in a row that it was interrupted */
};

void mr_kept_init(struct mr_kept *runs, const struct mr_kept_config *config);
void mr_kept_fini(struct mr_kept *runs); /* must be at rest, its file closed */

/* mr_kept_begin: an epoch starts; nothing is kept. `staged` is where the file's name is noted. */
void mr_kept_begin(struct mr_kept *runs, struct mr_staged_list *staged);

/* mr_kept_keep: from here on the partition's rows belong here. mr_kept_has: whether they do. */
MR_MUST_USE mr_status mr_kept_keep(struct mr_kept *runs, uint32_t partition, struct mr_err *err);

static inline bool mr_kept_has(const struct mr_kept *runs, uint32_t partition)
{
    return partition < runs->part_count && runs->parts[partition].is_kept;
}

/* mr_kept_add: copies rows *row_at to part->sel_count - 1 of a part of a batch and moves *row_at
 * on; also on failure, so that it can go on from there when there is memory. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_kept_add(struct mr_kept *runs, const struct mr_batch *batch,
                                  uint32_t partition, const uint32_t *sel, uint32_t sel_count,
                                  uint32_t *row_at, struct mr_err *err);

/* mr_kept_spill: begins to write all chunks; at rest, with something to write. mr_kept_step: goes
 * on after completions. returns MR_OK at rest, MR_E_AGAIN while something is in flight, or the
 * failure */
MR_MUST_USE mr_status mr_kept_spill(struct mr_kept *runs, struct mr_err *err);
MR_MUST_USE mr_status mr_kept_step(struct mr_kept *runs, struct mr_err *err);

static inline bool mr_kept_is_busy(const struct mr_kept *runs)
{
    return runs->state != MR_KEPT_RESTING;
}

/* mr_kept_next: some rows of the first partition that has any, as a batch that is good until the
 * next call; no rows are added any more. A batch without rows is the end. returns MR_E_AGAIN while
 * it is being read, or the failure */
MR_MUST_USE mr_status mr_kept_next(struct mr_kept *runs, struct mr_batch **out_batch,
                                   uint32_t *out_partition, struct mr_err *err);

/* mr_kept_stop: gives everything up, whatever the state. returns true once the file is closed and
 * its name gone; call again after completions until then. */
bool mr_kept_stop(struct mr_kept *runs);

#endif

/* Segments: Parquet files on their way into a table's folder.
 *
 * A segment file is written by one flow on one shard in one epoch. The encoder (pq_writer) turns
 * batches into bytes; this object owns the file: it notes the name, makes the folders, opens the
 * name, keeps up to MR_SEGMENT_WRITES writes in flight, and when sealed waits for all of them
 * before it syncs.
 *
 *   begin ─▶ NOTING ─▶ FOLDERS ─▶ OPENING ─▶ OPEN ──seal──▶ SEALING ─▶ SYNCING ─▶ CLOSING ─▶ DONE
 *               │         │          │        │                │          │          │
 *               └─────────┴──────────┴────────┴── failure: FAILED once nothing is in flight
 *
 * The name goes to the epoch's staged list (millrace/staged/N.shard) before the file is opened, so
 * that a restart can remove what a killed epoch left. When a file is DONE its content is durable;
 * its name is durable once the sink has synced the folders. Nobody reads it before a commit. */
#ifndef MR_CORE_OPS_SEGMENT_H
#define MR_CORE_OPS_SEGMENT_H

#include "core/format/parquet/pq_writer.h"
#include "core/ops/scan.h"

enum { MR_SEGMENT_WRITES = 4 };

/* The list of names an epoch may leave behind: one file a shard and epoch, one path below the
 * table's folder a line. */
struct mr_staged_list {
    int32_t file; /* -1 = not open */
    uint64_t off; /* where the next line goes */
};

typedef enum mr_segment_state {
    MR_SEGMENT_NOTING,
    MR_SEGMENT_FOLDERS,
    MR_SEGMENT_OPENING,
    MR_SEGMENT_OPEN,
    MR_SEGMENT_SEALING,
    MR_SEGMENT_SYNCING,
    MR_SEGMENT_CLOSING,
    MR_SEGMENT_DONE,
    MR_SEGMENT_FAILED,
} mr_segment_state;

struct mr_segment_write {
    struct mr_io_op op;
    struct mr_segment *segment;
    struct mr_pq_piece piece; /* bytes being written */
    uint32_t done_bytes;      /* of piece */
    uint32_t again;           /* times in a row that it was interrupted */
    bool is_busy;
};

struct mr_segment {
    struct mr_io *io;
    struct mr_waker waker;
    mr_segment_state state;
    struct mr_pq_writer *writer;
    struct mr_staged_list *staged;
    char *path;        /* to open; folder levels below `root_bytes` are made when missing */
    size_t root_bytes; /* length of the table's folder within path */
    char *line;        /* for the staged list, with its line feed */
    size_t folder_at;  /* position in path behind the level being made */
    bool must_seal;
    bool is_stopping;
    int32_t file;
    uint64_t bytes;     /* handed to writes so far; the file's length once DONE */
    int64_t os_error;   /* first failure, positive errno */
    const char *failed; /* what was being done then */
    struct mr_io_op control;
    struct mr_segment_write writes[MR_SEGMENT_WRITES];
};

/* mr_segment_begin: starts the way to OPEN. `path` and `line` are borrowed until DONE or FAILED,
 * `writer` is the caller's. */
void mr_segment_begin(struct mr_segment *segment, struct mr_io *io, struct mr_waker waker,
                      struct mr_pq_writer *writer, struct mr_staged_list *staged, char *path,
                      size_t root_bytes, char *line);

/* mr_segment_push: submits what the writer has ready, as far as slots are free; after appends. */
void mr_segment_push(struct mr_segment *segment);

/* mr_segment_seal: the writer is sealed: write all it has, sync, close. */
void mr_segment_seal(struct mr_segment *segment);

/* mr_segment_is_moving: something of it is in flight, so the waker will be called. */
bool mr_segment_is_moving(const struct mr_segment *segment);

/* mr_segment_stop: gives the file up. returns true once nothing is in flight and the file is
 * closed (call again after completions until then); its name may still be there. */
bool mr_segment_stop(struct mr_segment *segment);

/* mr_segment_error: the failure of a FAILED segment. */
mr_status mr_segment_error(const struct mr_segment *segment, struct mr_err *err);

#endif

/* The checkpoint of one flow: a directory in the layout of Spark Structured Streaming.
 *
 *   metadata                {"id":"<uuid>"}          the query id, which is the tables' appId
 *   offsets/<epoch>         intent: what the epoch reads        (written before it stages anything)
 *   commits/<epoch>         done: every table has the epoch
 *   sources/<i>/            the source's own files (io/files)
 *   millrace/lock           held while a process runs the flow
 *   millrace/target         {"tableId":...}          the table this checkpoint belongs to
 *   millrace/prepared/<epoch>  everything a finish needs: add actions, counters, next watermark
 *   millrace/staged/<epoch>.<shard>  names of files an epoch may have left behind
 *
 *   offsets/N:  v1 LF {"batchWatermarkMs":..,"batchTimestampMs":..,"conf":{..}} LF source offset LF
 * ... commits/N:  v1 LF {"nextBatchWatermarkMs":..} prepared/N: v1 SP crc32c(8 hex digits) SP bytes
 * of what follows LF JSON
 *
 * offsets/N carries a CRC-32C of its other values in conf ("millrace.crc32c"); an entry that Spark
 * wrote has none and is taken as it is. commits/N says nothing that prepared/N does not, and is
 * compared with it. The last 100 epochs are kept, as Spark does.
 *
 * All calls wait for their I/O: this is the control thread's. One process at a time: open takes the
 * lock or returns MR_E_LOCKED. Source: SEMANTICS.md 2.10, DESIGN.md 3. */
#ifndef MR_CORE_CHECKPOINT_CHECKPOINT_H
#define MR_CORE_CHECKPOINT_CHECKPOINT_H

#include "core/checkpoint/recovery.h"
#include "core/mem/arena.h"
#include "core/port/files.h"

enum { MR_UUID_TEXT = 37, MR_CHECKPOINT_SOURCES_MAX = 16, MR_CHECKPOINT_RETAIN = 100 };

struct mr_checkpoint {
    struct mr_io *io;
    struct mr_heap *heap;
    char path[MR_PATH_MAX];
    char id[MR_UUID_TEXT];  /* of the query: appId of its transactions */
    int32_t lock;           /* file that holds the lock; -1 = not open */
    int64_t newest_offsets; /* MR_EPOCH_NONE when there is none */
    int64_t newest_commit;
    bool is_prepared; /* newest_offsets has its prepared record */
    struct mr_file_put offsets_put; /* under way */
    struct mr_file_put prepared_put;
    struct mr_file_put commit_put;
};

/* What an epoch set out to do. The source lines are JSON values, or "-" for none. */
struct mr_offsets_entry {
    int64_t watermark_ms;
    int64_t batch_time_ms; /* current_timestamp() of the epoch */
    uint32_t source_count;
    struct mr_span sources[MR_CHECKPOINT_SOURCES_MAX];
};

/* mr_checkpoint_open: makes the directory when it is missing, takes the lock, reads what is there.
 * returns MR_E_LOCKED when another process runs the flow; MR_E_CORRUPT when offsets or commits have
 * entries but metadata is missing, or a file does not read */
MR_MUST_USE mr_status mr_checkpoint_open(struct mr_checkpoint *checkpoint, struct mr_io *io,
                                         struct mr_heap *heap, const char *path,
                                         struct mr_err *err);

/* mr_checkpoint_look: the same without lock and without writing, for inspection.
 * returns MR_E_NOT_FOUND when there is no checkpoint */
MR_MUST_USE mr_status mr_checkpoint_look(struct mr_checkpoint *checkpoint, struct mr_io *io,
                                         struct mr_heap *heap, const char *path,
                                         struct mr_err *err);

/* mr_checkpoint_close: gives the lock back. Fine on one that failed to open. */
void mr_checkpoint_close(struct mr_checkpoint *checkpoint);

/* mr_checkpoint_target: remembers the table's id at first, compares it ever after.
 * returns MR_E_CONFLICT when the checkpoint belongs to another table */
MR_MUST_USE mr_status mr_checkpoint_target(struct mr_checkpoint *checkpoint,
                                           struct mr_span table_id, struct mr_err *err);

/* Writers, each durable on return. The epoch must be the next one in its place.
 * prepared: `json` is the record's text. */
MR_MUST_USE mr_status mr_checkpoint_put_offsets(struct mr_checkpoint *checkpoint, int64_t epoch,
                                                const struct mr_offsets_entry *entry,
                                                struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_put_prepared(struct mr_checkpoint *checkpoint, int64_t epoch,
                                                 struct mr_span json, struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_put_commit(struct mr_checkpoint *checkpoint, int64_t epoch,
                                               int64_t next_watermark_ms, struct mr_err *err);

/* The puts in steps (core/port/files.h), so that other work goes on while they
 * are being synced: after name_offsets the entry is there, after the ends they are durable.
 * end_prepared ends the offsets first, so that no prepared record is there without them. */
MR_MUST_USE mr_status mr_checkpoint_begin_offsets(struct mr_checkpoint *checkpoint, int64_t epoch,
                                                  const struct mr_offsets_entry *entry,
                                                  struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_name_offsets(struct mr_checkpoint *checkpoint,
                                                 struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_end_offsets(struct mr_checkpoint *checkpoint,
                                                struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_begin_prepared(struct mr_checkpoint *checkpoint, int64_t epoch,
                                                   struct mr_span json, struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_end_prepared(struct mr_checkpoint *checkpoint,
                                                 struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_begin_commit(struct mr_checkpoint *checkpoint, int64_t epoch,
                                                 int64_t next_watermark_ms, struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_end_commit(struct mr_checkpoint *checkpoint,
                                               struct mr_err *err);

/* mr_checkpoint_withdraw: takes back a prepared record that no table has committed, so that the
 * epoch runs again; by rename, so that it stays for inspection as <epoch>.withdrawn. */
MR_MUST_USE mr_status mr_checkpoint_withdraw(struct mr_checkpoint *checkpoint, int64_t epoch,
                                             struct mr_err *err);

/* Readers, into `arena`. MR_E_NOT_FOUND when absent, MR_E_CORRUPT when damaged. */
MR_MUST_USE mr_status mr_checkpoint_get_offsets(struct mr_checkpoint *checkpoint,
                                                struct mr_arena *arena, int64_t epoch,
                                                struct mr_offsets_entry *out_entry,
                                                struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_get_prepared(struct mr_checkpoint *checkpoint,
                                                 struct mr_arena *arena, int64_t epoch,
                                                 struct mr_span *out_json, struct mr_err *err);
MR_MUST_USE mr_status mr_checkpoint_get_commit(struct mr_checkpoint *checkpoint,
                                               struct mr_arena *arena, int64_t epoch,
                                               int64_t *out_next_watermark_ms, struct mr_err *err);

/* mr_checkpoint_retain: removes entries older than the last MR_CHECKPOINT_RETAIN epochs. */
MR_MUST_USE mr_status mr_checkpoint_retain(struct mr_checkpoint *checkpoint, struct mr_err *err);

/* mr_checkpoint_path: "<path>/<part>" with printf; null when out of memory. */
char *mr_checkpoint_path(const struct mr_checkpoint *checkpoint, struct mr_arena *arena,
                         const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* mr_uuid_make: a random (version 4) UUID as text, RFC 9562. */
void mr_uuid_make(struct mr_io *io, char out[MR_UUID_TEXT]);

#endif

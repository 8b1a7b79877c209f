/* Bad records on their way below badRecordsPath: one file a shard and epoch, JSON lines.
 *
 *   <folder>/<yyyyMMdd'T'HHmmss of the batch time, UTC>/bad_records/part-<shard>-<uuid>.json
 *
 * A line comes from the decoder as bytes and is copied into one of two buffers; a full one is
 * written while the other fills. More than that the owner has to keep until `is_busy` says no: so
 * memory is fixed, and a file of bad records only runs at the pace of the disk.
 *
 *   IDLE ─begin▶ EMPTY ─push▶ OPENING ─▶ OPEN ─seal▶ CLOSING ─▶ SEALED      (EMPTY ─seal▶ SEALED)
 *                  └────────────┴─────────┴── stop ─────┴──────────┴─▶ STOPPING ─▶ STOPPED
 *
 * The records belong to the epoch as much as its rows do. Before the file is made, its name is
 * durable in millrace/staged/<epoch>.<shard>.bad of the checkpoint: the folder in one line, the
 * path below it in the next. When SEALED, content and name are durable, and prepared/N may be
 * written. What an epoch that runs again left is removed first, by `stop` or by the next start, and
 * the removal is durable before the list goes: an orphan would be a record that is there twice.
 * That is stricter than with data files, which nobody reads before a log names them. */
#ifndef MR_CORE_OPS_BAD_RECORDS_H
#define MR_CORE_OPS_BAD_RECORDS_H

#include "core/mem/arena.h"
#include "core/ops/scan.h"

enum { MR_BAD_RECORDS_BUF = 128 << 10, MR_BAD_RECORDS_BUFS = 2, MR_BAD_RECORDS_PATHS = 6 };

/* What is written where; constant for the life of the object, borrowed. */
struct mr_bad_records_config {
    struct mr_io *io;
    struct mr_heap *heap;
    struct mr_waker waker;
    const char *folder;        /* badRecordsPath, which exists; null = the option is off */
    const char *staged_folder; /* millrace/staged of the checkpoint */
    uint32_t shard;
};

typedef enum mr_bad_records_state {
    MR_BAD_IDLE,
    MR_BAD_EMPTY, /* an epoch without a bad record so far */
    MR_BAD_OPENING,
    MR_BAD_OPEN,
    MR_BAD_CLOSING,
    MR_BAD_SEALED,
    MR_BAD_STOPPING,
    MR_BAD_STOPPED,
} mr_bad_records_state;

struct mr_bad_records_write {
    struct mr_io_op op;
    struct mr_bad_records *owner;
    char *at;            /* [MR_BAD_RECORDS_BUF] */
    uint32_t used;       /* bytes to write */
    uint32_t done_bytes; /* of them */
    uint32_t again;      /* times in a row that it was interrupted */
    uint64_t off;        /* in the file */
    bool is_busy;
};

struct mr_bad_records {
    const struct mr_bad_records_config *config;
    mr_bad_records_state state;
    int64_t epoch;
    int64_t batch_us;
    struct mr_arena arena; /* of the epoch: the paths, the list's text */
    const char *paths[MR_BAD_RECORDS_PATHS];
    struct mr_span note; /* the list's text */
    uint32_t step;       /* of the control operations */
    struct mr_io_op control;
    bool is_control_busy;
    uint32_t again;
    int32_t list;
    int32_t file;
    bool may_exist; /* the file was to be made */
    bool must_seal;
    bool keeps_files;
    struct mr_span rest; /* pushed and not taken over yet; the owner's */
    char *memory;        /* of the buffers; null before the first record */
    struct mr_bad_records_write writes[MR_BAD_RECORDS_BUFS];
    uint32_t filling;
    uint64_t bytes;   /* handed to writes */
    uint64_t records; /* lines taken over in this epoch */
    int64_t os_error; /* first failure, positive errno */
    const char *failed;
    const char *failed_path;
};

void mr_bad_records_init(struct mr_bad_records *bad, const struct mr_bad_records_config *config);
void mr_bad_records_fini(struct mr_bad_records *bad); /* idle, sealed or stopped */

/* mr_bad_records_begin: an epoch starts, from any state without something in flight. */
void mr_bad_records_begin(struct mr_bad_records *bad, int64_t epoch, int64_t batch_us);

/* mr_bad_records_push: whole lines, borrowed until is_busy says no. returns MR_E_NOMEM
 * mr_bad_records_is_busy: some of what was pushed is not taken over yet. */
MR_MUST_USE mr_status mr_bad_records_push(struct mr_bad_records *bad, struct mr_span lines,
                                          struct mr_err *err);
bool mr_bad_records_is_busy(const struct mr_bad_records *bad);

/* mr_bad_records_seal: no more records. mr_bad_records_stop: give the epoch up, whatever its state;
 * with `keeps_files` nothing is removed: a prepared record may count on the file. */
void mr_bad_records_seal(struct mr_bad_records *bad);
void mr_bad_records_stop(struct mr_bad_records *bad, bool keeps_files);

/* mr_bad_records_step: how it stands.
 * returns MR_OK when records may come, when SEALED and when STOPPED; MR_E_AGAIN while sealing or
 * stopping goes on; or the failure that ends the epoch. Of a STOPPED one a failure says that the
 * file may still be there: the epoch must not run again before the list has been worked off. */
MR_MUST_USE mr_status mr_bad_records_step(struct mr_bad_records *bad, struct mr_err *err);

/* mr_bad_records_list_read: the two lines of a staged list.
 * returns false when it is not whole, or names something that no bad record was ever written to;
 * then no file was made */
bool mr_bad_records_list_read(struct mr_span text, struct mr_span *out_folder,
                              struct mr_span *out_relative);

#endif

/* The index of known files: SQLite over what the list of taken files (file_log.h) says.
 *
 *   discovered           log_offset is null
 *   taken by entry n     log_offset = n
 *   existing at start    log_offset = MR_KNOWN_EXISTING: never read (includeExistingFiles false)
 *   committed            committed is not null
 *
 * The list is the truth; this answers "is this file new?" and "what is next?" without reading it,
 * so that a start costs the same after a million files. `last`, changed in the same transaction as
 * the rows, is the newest entry the index knows: behind the list it is caught up, ahead of it rows
 * are taken back, and when missing or damaged it is rebuilt. Write-ahead log, synced only when it
 * is folded into the database: a power cut may lose the newest transactions, never their order. */
#ifndef MR_IO_FILES_KNOWN_FILES_H
#define MR_IO_FILES_KNOWN_FILES_H

#include "core/base/span.h"
#include "core/port/source.h"

enum { MR_KNOWN_EXISTING = -2, MR_KNOWN_NONE = -1 };

struct mr_known;

struct mr_known_row {
    struct mr_span path; /* zero-terminated; borrowed from the index until its next call */
    int64_t modified_us;
    uint64_t bytes;
    bool is_coarse; /* modified_us to the millisecond only */
};

/* mr_known_open: opens or makes the index at `path`.
 * returns MR_E_CORRUPT when it is damaged: remove it (mr_known_remove) and open again */
MR_MUST_USE mr_status mr_known_open(struct mr_heap *heap, struct mr_io *io, const char *path,
                                    struct mr_known **out_known, struct mr_err *err);
void mr_known_close(struct mr_known *known); /* null is allowed; an open transaction is lost */
MR_MUST_USE mr_status mr_known_remove(struct mr_io *io, const char *path, struct mr_err *err);

/* Every change lies between begin and end; rollback may follow a failure anywhere. */
MR_MUST_USE mr_status mr_known_begin(struct mr_known *known, struct mr_err *err);
MR_MUST_USE mr_status mr_known_end(struct mr_known *known, struct mr_err *err);
void mr_known_rollback(struct mr_known *known);

/* mr_known_tidy: between transactions, where there is time: moves SQLite's log into the index when
 * it has grown long. Costs two syncs then; a transaction never does. */
MR_MUST_USE mr_status mr_known_tidy(struct mr_known *known, struct mr_err *err);

/* Named numbers that live as long as the index. */
typedef enum mr_known_fact {
    MR_KNOWN_LAST,      /* newest entry of the list that is in the index */
    MR_KNOWN_COMMITTED, /* newest committed entry */
    MR_KNOWN_AGE_FLOOR, /* files modified before are forgotten and left out; maxFileAge */
    MR_KNOWN_SEEN,      /* files ever taken, less what was taken back */
    MR_KNOWN_FACT_COUNT
} mr_known_fact;

MR_MUST_USE mr_status mr_known_get(struct mr_known *known, mr_known_fact fact, int64_t fallback,
                                   int64_t *out_value, struct mr_err *err);
MR_MUST_USE mr_status mr_known_set(struct mr_known *known, mr_known_fact fact, int64_t value,
                                   struct mr_err *err);

typedef enum mr_known_answer {
    MR_KNOWN_NEW,     /* no row of this path */
    MR_KNOWN_PENDING, /* discovered, not taken; *out_modified_us is its time */
    MR_KNOWN_TAKEN,   /* this version is taken; when any_version, any version */
    MR_KNOWN_CHANGED, /* other versions are taken, this one is not */
} mr_known_answer;

/* mr_known_ask: what is known of a path at this modification time. */
MR_MUST_USE mr_status mr_known_ask(struct mr_known *known, const char *path, int64_t modified_us,
                                   bool any_version, mr_known_answer *out_answer,
                                   struct mr_err *err);

/* mr_known_discover: a pending row, in the place of the path's earlier pending one. */
MR_MUST_USE mr_status mr_known_discover(struct mr_known *known, const struct mr_known_row *row,
                                        int64_t now_us, struct mr_err *err);
/* mr_known_forget: removes the pending row of a path. */
MR_MUST_USE mr_status mr_known_forget(struct mr_known *known, const char *path, struct mr_err *err);

/* mr_known_take: the file is in entry `offset`, whether it was pending or not seen before. */
MR_MUST_USE mr_status mr_known_take(struct mr_known *known, const struct mr_known_row *row,
                                    int64_t offset, int64_t now_us, struct mr_err *err);

/* mr_known_untake: rows of entries above `end` are pending again; `last` follows. */
MR_MUST_USE mr_status mr_known_untake(struct mr_known *known, int64_t end, struct mr_err *err);

/* mr_known_harden: what has been ended is durable. Needed after untake, before the list gets
 * another entry of the same number: a power cut could otherwise bring back an index that knows the
 * old one. */
MR_MUST_USE mr_status mr_known_harden(struct mr_known *known, struct mr_err *err);

/* mr_known_commit: rows of entries up to `end` are committed. */
MR_MUST_USE mr_status mr_known_commit(struct mr_known *known, int64_t end, int64_t now_us,
                                      struct mr_err *err);

/* mr_known_pending: the n-th next pending row after (*inout_modified_us, path), oldest first, or
 * newest first; out_row->path.text is null when there is none. Start with a null path. */
MR_MUST_USE mr_status mr_known_pending(struct mr_known *known, bool newest_first, int64_t after_us,
                                       struct mr_span after_path, struct mr_known_row *out_row,
                                       struct mr_err *err);
MR_MUST_USE mr_status mr_known_pending_sum(struct mr_known *known, uint64_t *out_files,
                                           uint64_t *out_bytes, struct mr_err *err);

/* mr_known_expire: forgets committed rows modified before `floor_us`. */
MR_MUST_USE mr_status mr_known_expire(struct mr_known *known, int64_t floor_us, struct mr_err *err);

/* mr_known_due: one committed row, committed before `before_us` and not archived, after `after`
 * (commit time, path); path null when there is none. mr_known_archive: marks it. */
MR_MUST_USE mr_status mr_known_due(struct mr_known *known, int64_t before_us,
                                   int64_t *inout_after_us, struct mr_span after_path,
                                   struct mr_known_row *out_row, struct mr_err *err);
MR_MUST_USE mr_status mr_known_archive(struct mr_known *known, const struct mr_known_row *row,
                                       int64_t now_us, const char *mode, struct mr_err *err);

/* mr_known_states: every row, by path. mr_known_entries: (path, times, entry) of all rows taken by
 * entries 0..end, in no order. Both stop when `row` answers false. */
MR_MUST_USE mr_status mr_known_states(struct mr_known *known,
                                      bool (*row)(void *ctx, const struct mr_source_state *state),
                                      void *ctx, struct mr_err *err);
MR_MUST_USE mr_status mr_known_entries(struct mr_known *known, int64_t end,
                                       bool (*row)(void *ctx, const struct mr_known_row *row,
                                                   int64_t entry),
                                       void *ctx, struct mr_err *err);

#endif

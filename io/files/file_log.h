/* The list of files a source has taken: its truth, in the form of Spark's file source.
 *
 *   <folder>/<n>            entry n:  v1 \n {"path":"file:///in/a.json","timestamp":ms,"batchId":n,
 *                                            "bytes":b,"modifiedUs":us} \n ...
 *   <folder>/<n>.compact    the same for all entries 0..n; n = 9, 19, 29, ...
 *
 * Entries are consecutive from 0, written once and synced before anybody names them. Only one that
 * nobody has committed may change after that, as a whole (mr_file_log_rewrite). `bytes` and
 * `modifiedUs` are ours; Spark reads past them, and what Spark wrote lacks them. Compact forms are
 * only needed by Spark, which reads the newest and the entries after it; they are written at a
 * clean stop, and when MR_FILE_LOG_LOOSE_MAX entries have none, so that a run without end does not
 * fill the folder. Source: FileStreamSourceLog, CompactibleFileStreamLog. */
#ifndef MR_IO_FILES_FILE_LOG_H
#define MR_IO_FILES_FILE_LOG_H

#include "core/mem/arena.h"
#include "core/mem/text.h"
#include "core/port/files.h"

enum { MR_FILE_LOG_COMPACT_EVERY = 10, MR_FILE_LOG_KEEP = 100, MR_FILE_LOG_LOOSE_MAX = 300 };

struct mr_log_file {
    struct mr_span path; /* absolute, zero-terminated when read */
    int64_t modified_us;
    bool is_coarse; /* modified_us is known to the millisecond only: Spark wrote it */
    bool has_bytes;
    uint64_t bytes; /* when has_bytes */
    int64_t entry;
};

struct mr_file_log {
    struct mr_heap *heap;
    struct mr_io *io;
    const char *folder;
};

typedef mr_status (*mr_log_visit)(void *ctx, const struct mr_log_file *file, struct mr_err *err);

/* What is in the folder; -1 = none. */
struct mr_log_extent {
    int64_t newest;         /* plain or compact */
    int64_t newest_compact; /* at or below the end asked for */
    int64_t oldest_plain;
    uint32_t plain_count;
};

/* mr_file_log_look: lists the folder; compact entries above `end` are not told. */
MR_MUST_USE mr_status mr_file_log_look(const struct mr_file_log *log, int64_t end,
                                       struct mr_log_extent *out_extent, struct mr_err *err);

/* mr_file_log_write_line: one file as a line, to build an entry in `out` that starts with "v1". */
void mr_file_log_write_line(struct mr_text *out, const struct mr_log_file *file);

/* mr_file_log_put: entry `n` with that content, durably.
 * returns MR_E_LOCKED when somebody else has written it */
MR_MUST_USE mr_status mr_file_log_put(const struct mr_file_log *log, int64_t n, bool is_compact,
                                      struct mr_span content, struct mr_err *err);

/* The same in two steps (core/port/files.h): between them the entry is being synced. */
MR_MUST_USE mr_status mr_file_log_begin(const struct mr_file_log *log, int64_t n, bool is_compact,
                                        struct mr_span content, struct mr_file_put *put,
                                        struct mr_err *err);
MR_MUST_USE mr_status mr_file_log_end(struct mr_file_put *put, struct mr_err *err);

/* mr_file_log_read: visits the files of the entries in (start, end], in order; starts at a compact
 * form when start is -1. What `visit` gets lives for the call.
 * returns MR_E_CORRUPT naming the entry that is missing or damaged */
MR_MUST_USE mr_status mr_file_log_read(const struct mr_file_log *log, int64_t start, int64_t end,
                                       mr_log_visit visit, void *ctx, struct mr_err *err);

/* mr_file_log_read_entry: the files of entry n alone, in their order. */
MR_MUST_USE mr_status mr_file_log_read_entry(const struct mr_file_log *log, int64_t n,
                                             mr_log_visit visit, void *ctx, struct mr_err *err);

/* mr_file_log_read_file: visits the lines of any file in this form. */
MR_MUST_USE mr_status mr_file_log_read_file(const struct mr_file_log *log, const char *path,
                                            mr_log_visit visit, void *ctx, struct mr_err *err);

/* mr_file_log_rewrite: entries (start, end] consist of these files from now on, in this order, each
 * entry atomically and durably. Both forms change, the one that is read first last: a death in
 * between leaves an entry that reads as before and is rewritten again. */
MR_MUST_USE mr_status mr_file_log_rewrite(const struct mr_file_log *log, int64_t start, int64_t end,
                                          const struct mr_log_file *files, uint32_t count,
                                          struct mr_err *err);

/* mr_file_log_trim: removes the entries above `end`, the newest first. */
MR_MUST_USE mr_status mr_file_log_trim(const struct mr_file_log *log, int64_t end,
                                       struct mr_err *err);

/* mr_file_log_shorten: removes plain entries that a compact form holds, all but the last
 * MR_FILE_LOG_KEEP, and compact forms older than the one before `compact`. */
MR_MUST_USE mr_status mr_file_log_shorten(const struct mr_file_log *log, int64_t compact,
                                          struct mr_err *err);

#endif

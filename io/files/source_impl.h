/* The file source's own parts; see files_source.h for how they work together. */
#ifndef MR_IO_FILES_SOURCE_IMPL_H
#define MR_IO_FILES_SOURCE_IMPL_H

#include "core/port/source.h"
#include "io/files/file_log.h"
#include "io/files/file_watch.h"
#include "io/files/known_files.h"
#include "io/files/path_parts.h"
#include "io/files/tree_walk.h"

enum { MR_FILES_NOTICES_MAX = 1024, MR_FILES_CLEAN_MAX = 1000 };

typedef enum files_clean {
    FILES_CLEAN_OFF,
    FILES_CLEAN_DELETE,
    FILES_CLEAN_MOVE,
} files_clean;

struct files_source {
    struct mr_source base;
    struct mr_heap *heap;
    struct mr_io *io;
    struct mr_arena arena; /* what lives as long as the source */
    const struct mr_source_options *options;
    void (*notice)(void *ctx, const char *text);
    void *notice_ctx;

    const char *root; /* where walks start */
    size_t root_bytes;
    struct mr_glob glob; /* count 0 = everything below root */
    struct mr_glob name_filter;
    struct mr_parts_rule parts;
    bool allows_overwrites;
    bool is_latest_first;
    int64_t after_us; /* exclusive bounds of modification times */
    int64_t before_us;
    int64_t max_age_us; /* 0 = none */
    files_clean clean;
    int64_t retention_us;
    const char *move_to;

    struct mr_file_log log;   /* folder null: no checkpoint */
    struct mr_file_put entry; /* of the last plan, until it is hardened */
    const char *own_folder;
    const char *index_path;
    const char *existing_path;
    struct mr_known *known;
    int64_t offset;    /* newest entry of the list */
    int64_t compacted; /* newest entry that a compact form ends with; -1 = none */
    int64_t age_floor_us;
    bool has_loose_end; /* a plan failed: entries above offset must go first */
    bool is_fixed;      /* available-now: nothing is discovered any more */
    bool is_notified;       /* folders are watched */
    bool is_hinted;         /* and that only makes discovery quicker: listing finds all, too */
    struct mr_file_watch watch;
    int64_t listed_mono_us; /* last full listing */
    uint64_t listed_files;  /* that it met */

    uint64_t pending_files;
    uint64_t pending_bytes;
    uint64_t vanished;
    uint64_t skipped;
    uint64_t noticed[MR_FILES_NOTICES_MAX]; /* hashes of paths told about; 0 = free */
    uint32_t noticed_count;
};

/* files_discover.c. files_discover: lists or drains notifications; new files are pending
 * afterwards. files_wants: whether a file at this time passes the time filters. files_sample: see
 * source.h. files_walk: calls `file` for everything that names and globs mean. */
MR_MUST_USE mr_status files_discover(struct files_source *s, struct mr_err *err);
bool files_wants(const struct files_source *s, const struct mr_io_stat *stat);
MR_MUST_USE mr_status files_sample(struct files_source *s, const struct mr_source_limits *limits,
                                   struct mr_arena *arena, struct mr_source_list *out_list,
                                   struct mr_err *err);
MR_MUST_USE mr_status files_walk(struct files_source *s, bool wants_stat,
                                 mr_status (*file)(void *ctx, const char *path,
                                                   const struct mr_io_stat *stat,
                                                   struct mr_err *err),
                                 void *ctx, struct mr_err *err);

/* files_stat: the file itself, not what a link leads to, unless it is the source's own path.
 * MR_E_NOT_FOUND when absent. */
MR_MUST_USE mr_status files_stat(struct files_source *s, const char *path,
                                 struct mr_io_stat *out_stat, struct mr_err *err);

/* files_notice: tells about `path` once. */
void files_notice(struct files_source *s, const char *path, const char *what);

/* files_recover.c. files_recover: list and index agree on everything up to `offset`. */
MR_MUST_USE mr_status files_recover(struct files_source *s, int64_t offset, int64_t committed,
                                    struct mr_err *err);
MR_MUST_USE mr_status files_trim(struct files_source *s, int64_t end, struct mr_err *err);
/* files_index_replay: entries (last, offset] of the list into the index, in a transaction. */
MR_MUST_USE mr_status files_index_replay(struct files_source *s, int64_t last, int64_t offset,
                                         struct mr_err *err);

/* files_replan.c. */
MR_MUST_USE mr_status files_replan(struct files_source *s, int64_t start, int64_t end,
                                   struct mr_arena *arena, struct mr_source_list *out_list,
                                   struct mr_err *err);

/* files_clean.c. files_clean_run: cleanSource, and the compact form at a clean stop. */
MR_MUST_USE mr_status files_clean_run(struct files_source *s, struct mr_err *err);
MR_MUST_USE mr_status files_compact(struct files_source *s, int64_t end, struct mr_err *err);

/* files_plan.c. */
MR_MUST_USE mr_status files_plan(struct files_source *s, const struct mr_source_limits *limits,
                                 struct mr_arena *arena, struct mr_source_list *out_list,
                                 struct mr_err *err);
MR_MUST_USE mr_status files_batch(struct files_source *s, int64_t start, int64_t end,
                                  struct mr_arena *arena, struct mr_source_list *out_list,
                                  struct mr_err *err);
/* files_harden: the entry of the last plan is durable. */
MR_MUST_USE mr_status files_harden(struct files_source *s, struct mr_err *err);
/* files_fill: name, URI, block and partition values of a file whose path is set. */
MR_MUST_USE mr_status files_fill(struct files_source *s, struct mr_arena *arena,
                                 struct mr_source_file *file, struct mr_err *err);

#endif

/* Replayable file sources, as the stream driver sees them.
 *
 * A source discovers files and cuts them into micro-batches. Its position is an offset into its own
 * append-only list of files: entry n of that list, `<log_folder>/<n>`, names the files taken at
 * once, and `{"logOffset":n}` is what the driver writes into offsets/N. Offsets start at 0; -1
 * stands before the first. An offset is not an epoch number: a list entry exists only when there
 * were files, and an epoch covers the entries in (start, end].
 *
 *   discovered --plan, harden--> planned --(driver: offsets/N durable)--> taken --commit--> done
 *        ^                            |                                     |   ^
 *        +-----------trim-------------+                                     +---+ replan
 *          a crash or abort before offsets/N was written            the epoch runs again
 *
 * `harden` makes the list entry of a plan durable, so that the driver may write offsets/N.
 * `batch` gives the same files, in the same order, with the same sizes, in this process and in
 * every later one; only `replan` changes an entry. Each file version is in exactly one entry.
 *
 * All calls come from the control thread, one at a time, and may wait for I/O (core/port/files.h).
 * The folders under io implement this; tools hands the driver an `mr_source_open`. */
#ifndef MR_CORE_PORT_SOURCE_H
#define MR_CORE_PORT_SOURCE_H

#include "core/mem/arena.h"
#include "core/port/io.h"
#include "core/port/source_options.h"
#include "core/schema/type.h"

struct mr_source;

struct mr_source_part {
    struct mr_span name;  /* the key of a `key=value` folder, as spelled there or in the option */
    struct mr_span value; /* unescaped text; text is null for a missing key or Hive's null */
};

struct mr_source_file {
    const char *path;    /* to open; zero-terminated */
    bool refuses_links;  /* open with MR_OPEN_NOFOLLOW: a link in its place leads elsewhere */
    struct mr_span uri;  /* "file:/in/a%20b.json": _metadata.file_path as Spark spells it */
    struct mr_span name; /* "a%20b.json": _metadata.file_name, its end */
    uint64_t bytes;      /* when planned: read exactly [start, start + length), never beyond */
    int64_t modified_us; /* when planned */
    uint64_t start;      /* _metadata.file_block_start: 0 here, the driver cuts ranges */
    uint64_t length;     /* _metadata.file_block_length: bytes here */
    int64_t offset;      /* list entry it is in; with `index` the file's identity for ever */
    uint32_t index;      /* position in that entry */
    uint32_t part_count;
    const struct mr_source_part *parts; /* partition values from the path */
};

struct mr_source_list {
    struct mr_source_file *files; /* in the caller's arena */
    uint32_t count;
    uint64_t bytes;                   /* sum */
    int64_t offset;                   /* end offset: what goes into offsets/N */
    const struct mr_type *partitions; /* sample only: struct of the partition columns it saw */
};

/* Limits of one micro-batch; 0 means what the options say, UINT64_MAX none (trigger once). */
struct mr_source_limits {
    uint64_t files_max; /* hard */
    uint64_t bytes_max; /* soft: files are taken until the sum passes it, at least one */
};

struct mr_source_backlog {
    uint64_t files; /* discovered and not planned */
    uint64_t bytes;
    uint64_t seen;     /* all files ever planned, as far as remembered */
    uint64_t queued;   /* notifications not looked at yet (approximateQueueSize) */
    uint64_t vanished; /* gone between discovery and plan */
    uint64_t skipped;  /* not regular files, links, names that cannot be used */
};

/* One row of cloud_files_state. Times in microseconds since 1970, INT64_MIN = null. */
struct mr_source_state {
    const char *path;
    uint64_t bytes;
    int64_t create_us; /* modification time: what a file system has of a creation time */
    int64_t discovery_us;
    int64_t processed_us;
    int64_t commit_us;
    const char *ingestion_state; /* "DISCOVERED", "PROCESSING", "COMMITTED", "EXISTING" */
    int64_t archive_us;
    const char *archive_mode; /* "DELETE", "MOVE", or null */
};

struct mr_source_driver {
    const char *name;
    /* Chooses the next files and begins to write their list entry. Nothing new: count 0, the offset
     * unchanged, nothing written. */
    mr_status (*plan)(struct mr_source *source, const struct mr_source_limits *limits,
                      struct mr_arena *arena, struct mr_source_list *out_list, struct mr_err *err);
    /* The entry of the last plan is durable when this returns; before, the files may be read, but
     * nothing that names the offset may be there. Nothing planned is fine. After a failure the
     * offset is the one before. */
    mr_status (*harden)(struct mr_source *source, struct mr_err *err);
    /* The files of the entries in (start, end], as they were planned. */
    mr_status (*batch)(struct mr_source *source, int64_t start, int64_t end, struct mr_arena *arena,
                       struct mr_source_list *out_list, struct mr_err *err);
    /* The same for an epoch of which nothing is prepared or in a table, when it runs again: files
     * that have changed since they were planned are in the list as they are now, and so in the
     * entries, durably, before it returns. A file whose version of now an older entry has is left
     * out, which may leave the list empty; one that is gone stays in it. */
    mr_status (*replan)(struct mr_source *source, int64_t start, int64_t end,
                        struct mr_arena *arena, struct mr_source_list *out_list,
                        struct mr_err *err);
    /* commits/N with this end offset is durable: marks the files, then deletes or moves those
     * that cleanSource says. */
    mr_status (*commit)(struct mr_source *source, int64_t end, struct mr_err *err);
    /* Forgets what was planned above `end`; its files are discovered again. */
    mr_status (*trim)(struct mr_source *source, int64_t end, struct mr_err *err);
    /* Available-now: what is there at this call is all that later plans choose from. */
    mr_status (*fix_end)(struct mr_source *source, struct mr_err *err);
    mr_status (*backlog)(struct mr_source *source, struct mr_source_backlog *out_backlog,
                         struct mr_err *err);
    /* Files to infer a schema from: the newest first, within limits; writes nothing. */
    mr_status (*sample)(struct mr_source *source, const struct mr_source_limits *limits,
                        struct mr_arena *arena, struct mr_source_list *out_list,
                        struct mr_err *err);
    /* Calls `row` for every remembered file, by path; what it is given lives for the call. `row`
     * returns false to stop. */
    mr_status (*states)(struct mr_source *source,
                        bool (*row)(void *ctx, const struct mr_source_state *state), void *ctx,
                        struct mr_err *err);
    /* A clean stop after the last commit: leaves the checkpoint in the form Spark reads. */
    mr_status (*stop)(struct mr_source *source, struct mr_err *err);
    void (*close)(struct mr_source *source); /* null is allowed */
};

struct mr_source {
    const struct mr_source_driver *driver;
};

struct mr_source_spec {
    struct mr_heap *heap;
    struct mr_io *io;
    struct mr_span path;                     /* absolute: a folder, a file, or a glob */
    const struct mr_source_options *options; /* borrowed for the source's life */
    const char *log_folder; /* "<checkpoint>/sources/0"; null = no checkpoint, only sample */
    const char *own_folder; /* "<checkpoint>/millrace": the index and what Spark has no place for */
    int64_t offset;    /* end offset in the newest offsets entry, -1 = none; above is trimmed */
    int64_t committed; /* end offset of the newest commits entry, -1 = none */
    bool is_followed;  /* plans go on for ever, and what is new should be found soon */
    /* Told what a person should know and what fails nothing: a FIFO skipped, a file vanished. May
     * be null. */
    void (*notice)(void *ctx, const char *text);
    void *notice_ctx;
};

/* mr_source_open: recovers the source to spec->offset and opens it.
 * returns MR_E_NOT_FOUND when the folder does not exist, MR_E_CORRUPT when a list entry at or below
 * the offset is missing or damaged, with its name */
typedef mr_status (*mr_source_open)(const struct mr_source_spec *spec,
                                    struct mr_source **out_source, struct mr_err *err);

#endif

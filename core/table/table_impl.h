/* Inside of core/table: what an open table holds. See table.h. */
#ifndef MR_CORE_TABLE_TABLE_IMPL_H
#define MR_CORE_TABLE_TABLE_IMPL_H

#include "core/checkpoint/checkpoint.h"
#include "core/port/files.h"
#include "core/table/table.h"

enum {
    ERR_NOT_TABLE = 3101,
    ERR_LOG = 3102,
    ERR_EARLY_GONE = 3104,
    ERR_CHANGED = 3105,
    ERR_SPELLING = 3106,
    ERR_NULLS = 3108,
    ERR_TABLE_EXISTS = 3109,
    ERR_OVERWRITTEN = 3111,
    ERR_CONTENTION = 3112,
    ERR_TWO_RUNS = 3113,
    ERR_OUTSIDE = 3114,
    ERR_NOT_DURABLE = 3115,
    ERR_DV = 3120,
    ERR_NO_VERSION = 3121,
    ERR_NO_TIME = 3122,
    ERR_NO_FEED = 3123,
    ERR_FAR_FILE = 3124,

    OWN_COMMITS = 4,         /* last commits of ours that are watched for replacement */
    OWN_BYTES_MAX = 4 << 20, /* longer ones are watched, but cannot be committed again */
    ATTEMPTS_MAX = 1000,     /* versions tried for one commit */
    INTERVAL_DEFAULT = 10,   /* delta.checkpointInterval */
    CRC_DELAY_US = 200000,
};

/* Which file a name stood for when we looked. */
struct identity {
    uint64_t device;
    uint64_t inode;
    uint64_t bytes;
};

struct own_commit {
    int64_t version; /* -1 = empty place */
    char txn_id[MR_UUID_TEXT];
    bool is_lost;         /* another program's file has its name now */
    struct identity file; /* inode 0 = not known: the content is looked at */
    char *body;           /* txn and add lines; null = too long to keep, or it changed the schema */
    size_t body_bytes;
};

/* Whose file has a version's name. */
typedef enum owner { OWNER_NOBODY, OWNER_US, OWNER_OTHERS } owner;

struct mr_table {
    struct mr_io *io;
    struct mr_heap *heap;
    char *path;
    size_t path_bytes;
    struct mr_delta_snapshot snapshot;
    struct identity head;       /* of the newest commit's file; inode 0 = there was none */
    int64_t checkpoint_version; /* of the newest log checkpoint known; -1 = none */
    int64_t crc_version;        /* of ours, whose N.crc is to be written; -1 = none */
    int64_t crc_after_us;       /* not before this moment: see table_checkpoint.c */
    struct mr_text crc;         /* its content */
    int64_t own_newest;         /* version of our newest commit; -1 = none */
    bool is_stale;              /* the snapshot is not to be used: load again */
    int64_t pinned;             /* the version it stays at; INT64_MAX = the newest, refreshed */
    bool ignores_compactions;   /* one did not read: the commits it stands for are read instead */
    struct own_commit own[OWN_COMMITS];
    uint32_t own_next;
    uint32_t overwritten;    /* commits of ours found replaced since the last commit */
    struct mr_arena scratch; /* lines being decoded */
    void (*seen)(void *ctx,
                 const struct mr_delta_action *action); /* gets actions as read; or null */
    void *seen_ctx;
};

/* table_log_path: "<table>/_delta_log[/<name>]" in a buffer of MR_PATH_MAX. */
void table_log_path(const struct mr_table *table, const char *name, char *out);
void table_commit_path(const struct mr_table *table, int64_t version, char *out);

/* table_new: a table without a snapshot; null when out of memory. */
mr_status table_new(struct mr_io *io, struct mr_heap *heap, const char *path,
                    struct mr_table **out_table, struct mr_err *err);

/* table_load: the snapshot from the newest log checkpoint and the commits behind it, up to the
 * version it is pinned at. */
mr_status table_load(struct mr_table *table, struct mr_err *err);

/* table_read_commit: folds the commit `version` in. returns MR_E_NOT_FOUND when there is none */
mr_status table_read_commit(struct mr_table *table, int64_t version, struct mr_err *err);

/* table_identity: of a version's file. */
mr_status table_identity(struct mr_table *table, int64_t version, struct identity *out,
                         struct mr_err *err);

/* table_owner: whether the version's file is there and has our txnId. */
mr_status table_owner(struct mr_table *table, int64_t version, const char *txn_id, owner *out,
                      struct mr_err *err);

/* table_read_info: the first commitInfo of a commit, all absent when there is none. Its JSON is
 * copied into `arena`, or left out when that is null; its other texts are in table->scratch.
 * returns MR_E_NOT_FOUND when there is no such commit */
mr_status table_read_info(struct mr_table *table, int64_t version, struct mr_arena *arena,
                          struct mr_delta_commit_info *out, struct mr_err *err);

/* table_read_time: the inCommitTimestamp of the newest commit, when the snapshot came from a log
 * checkpoint of that version. returns MR_E_NOT_FOUND when its file is gone */
mr_status table_read_time(struct mr_table *table, struct mr_err *err);

/* table_has_times: whether commits carry an inCommitTimestamp. */
bool table_has_times(const struct mr_table *table);

/* table_crc_plan: takes down the version checksum of the snapshot, to be written by an upkeep. */
void table_crc_plan(struct mr_table *table, const char *txn_id);

/* table_own_remember: watches a commit of ours from now on. */
void table_own_remember(struct mr_table *table, int64_t version, const char *txn_id,
                        struct mr_span body);

/* table_own_lost: a commit of ours that was replaced, or null. table_own_forget: stops watching. */
struct own_commit *table_own_lost(struct mr_table *table);
void table_own_forget(struct mr_table *table, struct own_commit *own);

/* table_expire_ms: removes from before are forgotten (delta.deletedFileRetentionDuration). */
int64_t table_expire_ms(struct mr_table *table);

#endif

/* Snapshots: what a table's log adds up to at one version.
 *
 * Folding actions in the order of their commits: the newest protocol and metaData count; a file is
 * live when the newest action on its key is an add; per appId and per domain the newest counts. A
 * file's key is its decoded path with its deletion vector, so one commit may remove a file with its
 * old vector and add it with the new one.
 *
 *   key --> newest action      one open-addressing table of pointers to packed records:
 *   files, txns, domains       16 bytes, 2 or 7 numbers, the texts
 *
 * Everything a log checkpoint needs is kept: live adds whole, and removes until they expire.
 * Superseded records are dead bytes in the records' arena; once they outweigh the live ones all
 * live ones move to a new arena, so memory stays proportional to live files and unexpired removes,
 * not to the length of the log. No I/O and no clock. Source: PROTOCOL.md "Action Reconciliation".
 */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_SNAPSHOT_H
#define MR_CORE_FORMAT_DELTA_DELTA_SNAPSHOT_H

#include "core/format/delta/delta_action.h"
#include "core/schema/type.h"

struct mr_delta_record;

struct mr_delta_snapshot {
    struct mr_heap *heap;
    int64_t version; /* of the newest commit folded in; -1 = none. Set by whoever feeds commits. */

    struct mr_arena protocol_arena;
    struct mr_arena metadata_arena;
    bool has_protocol;
    bool has_metadata;
    struct mr_delta_protocol protocol;
    struct mr_delta_metadata metadata;
    const struct mr_type *schema; /* of metadata; null between its change and the next settle */

    struct mr_arena records;
    struct mr_delta_record **slots; /* [slot_count], a power of two; linear probing */
    uint32_t slot_count;
    uint32_t used;
    uint64_t live_bytes; /* of records in slots */
    uint64_t dead_bytes; /* of superseded ones */
    int64_t expire_ms;   /* removes from before are dropped when records move; INT64_MIN = never */

    uint64_t file_count; /* live */
    uint64_t file_bytes; /* sum of their sizes */
    uint64_t remove_count;
    uint64_t txn_count;
    uint64_t domain_count; /* with removed ones until the next move */
    int64_t in_commit_ms;  /* of the newest commitInfo with one, or MR_DELTA_NONE */
};

void mr_delta_snapshot_init(struct mr_delta_snapshot *snapshot, struct mr_heap *heap);
void mr_delta_snapshot_fini(struct mr_delta_snapshot *snapshot);

/* mr_delta_snapshot_apply: folds one action in, after all before it.
 * returns MR_E_NOMEM; a failed snapshot is only good for fini */
MR_MUST_USE mr_status mr_delta_snapshot_apply(struct mr_delta_snapshot *snapshot,
                                              const struct mr_delta_action *action,
                                              struct mr_err *err);

/* mr_delta_snapshot_replay: all lines of one commit or JSON checkpoint, through `scratch`, which is
 * reset per line. `seen`, if not null, gets every action before it is folded in. A failure carries
 * the byte offset of the line in err->at. */
MR_MUST_USE mr_status mr_delta_snapshot_replay(struct mr_delta_snapshot *snapshot,
                                               struct mr_arena *scratch, struct mr_span text,
                                               void (*seen)(void *ctx,
                                                            const struct mr_delta_action *action),
                                               void *seen_ctx, struct mr_err *err);

/* mr_delta_snapshot_settle: to be called after the last action and before anybody looks: there is a
 * protocol and this program can read it (delta_protocol.h), there is a metaData, and its schema is
 * read. In this order, so that a refusal names the table feature and not what follows from it.
 * returns MR_E_CORRUPT, MR_E_UNSUPPORTED */
MR_MUST_USE mr_status mr_delta_snapshot_settle(struct mr_delta_snapshot *snapshot,
                                               struct mr_err *err);

/* mr_delta_snapshot_next: the actions that make up the state, in no particular order: start with
 * *cursor = 0. Live adds, unexpired removes, txns, live domains; not protocol and metaData. Spans
 * of *out_action live until the next apply. returns false at the end. */
bool mr_delta_snapshot_next(const struct mr_delta_snapshot *snapshot, uint32_t *cursor,
                            struct mr_delta_action *out_action);

/* mr_delta_snapshot_txn: the version stored for an appId; MR_DELTA_NONE when there is none. */
int64_t mr_delta_snapshot_txn(const struct mr_delta_snapshot *snapshot, struct mr_span app_id);

/* mr_delta_dv_write: the deletion vector's part of a file's key: storage, place and "@offset". */
void mr_delta_dv_write(const struct mr_delta_dv *dv, struct mr_text *out);

/* mr_delta_protocol_clone, mr_delta_metadata_clone: deep copies into `arena`; false when out of
 * memory. */
bool mr_delta_protocol_clone(struct mr_arena *arena, const struct mr_delta_protocol *from,
                             struct mr_delta_protocol *out);
bool mr_delta_metadata_clone(struct mr_arena *arena, const struct mr_delta_metadata *from,
                             struct mr_delta_metadata *out);

#endif

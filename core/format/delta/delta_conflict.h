/* Conflicts: does a commit that is on its way still hold after somebody else's commit?
 *
 * Optimistic concurrency: a commit is made against a snapshot; when another one got the version it
 * wanted, each of the winner's actions is held against what the commit read and does.
 *
 *   winner's action     conflicts with a commit that ...
 *   protocol            exists: what may be written has to be decided anew
 *   metaData            exists: the schema has to be fitted anew
 *   txn                 has a txn of the same appId
 *   domainMetadata      has the same domain
 *   remove              removes the same file, or has read it (with dataChange)
 *   add                 has read where it adds (with dataChange)
 * An append reads nothing, so appends never conflict with each other. A commit that only rearranges
 * (no dataChange) reads under snapshot isolation: others' adds do not disturb it.
 * Source: Delta's ConflictChecker as described in PROTOCOL.md; DELTA.md 1.2. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_CONFLICT_H
#define MR_CORE_FORMAT_DELTA_DELTA_CONFLICT_H

#include "core/format/delta/delta_action.h"

typedef enum mr_delta_conflict {
    MR_DELTA_CONFLICT_NONE,
    MR_DELTA_CONFLICT_PROTOCOL,
    MR_DELTA_CONFLICT_METADATA,
    MR_DELTA_CONFLICT_TXN,
    MR_DELTA_CONFLICT_DOMAIN,
    MR_DELTA_CONFLICT_REMOVED, /* a file that the commit removes or has read is gone */
    MR_DELTA_CONFLICT_ADDED,   /* files appeared where the commit has read */
} mr_delta_conflict;

/* What a commit read and does. */
struct mr_delta_intent {
    const struct mr_delta_action *actions; /* its own: txn, domainMetadata and remove count */
    uint32_t action_count;
    const struct mr_span *read_paths; /* URIs of files it has read, beyond those it removes */
    uint32_t read_count;
    bool has_read_all;   /* the whole table: every add and remove of others matters */
    bool is_data_change; /* false: it only rearranges */
};

/* mr_delta_conflict_of: the first rule above that the winner's action breaks. */
mr_delta_conflict mr_delta_conflict_of(const struct mr_delta_intent *intent,
                                       const struct mr_delta_action *winner);

/* mr_delta_conflict_text: "the table's schema or properties were changed". */
const char *mr_delta_conflict_text(mr_delta_conflict conflict);

#endif

/* A commit as text: the lines of N.json, checked against the snapshot they are for.
 *
 *   commitInfo, protocol?, metaData?, txn..., add...
 *
 * Parts that the table has already are left out. Everything that a reader or another writer relies
 * on is checked here, at the last moment before it becomes part of the table: columns and types,
 * spelling, NOT NULL against the files' null counts, partition values, paths. */
#ifndef MR_CORE_TABLE_TABLE_RENDER_H
#define MR_CORE_TABLE_TABLE_RENDER_H

#include "core/table/table_impl.h"

struct rendered {
    struct mr_text info; /* the commitInfo line */
    struct mr_text body; /* the others */
    uint32_t part_count; /* parts that are in it */
    bool changes_schema;
    char txn_id[MR_UUID_TEXT];
};

void rendered_init(struct rendered *rendered, struct mr_heap *heap);
void rendered_fini(struct rendered *rendered);

/* table_render: the commit's lines for the version after the snapshot's. */
mr_status table_render(struct mr_table *table, const struct mr_table_commit *commit,
                       struct rendered *out, struct mr_err *err);

/* table_render_info: the commitInfo line of `commit` anew, with a new txnId. */
mr_status table_render_info(struct mr_table *table, const struct mr_table_commit *commit,
                            struct rendered *out, struct mr_err *err);

#endif

/* Sorting rows: what the sort and window operators share.
 *
 * Every batch becomes a run: its rows go into a store, their keys into entries that are sorted at
 * once; at the end the runs are merged, through a tree of losers (Knuth 5.4.1), as rows are asked
 * for. So no call does more than a batch's worth of work. An entry has the first 16 bytes of the
 * row's key as numbers; longer keys are kept by row and decide where those 16 bytes do not. Equal
 * keys keep the order of the rows, because the row's number decides last.
 *
 *   key    per column: a byte that puts nulls first or last, then the value's code (value_code.h),
 *          flipped where the order is descending
 *
 * With a limit only rows that can still be among the first ones are kept: when twice as many have
 * come, the best are copied to a new store and the last of them bars the rest. */
#ifndef MR_CORE_OPS_OP_SORTER_IMPL_H
#define MR_CORE_OPS_OP_SORTER_IMPL_H

#include "core/ops/op_impl.h"
#include "core/ops/row_store.h"

struct sorter_key {
    const struct mr_type *type;
    bool is_descending;
    bool is_nulls_first;
    bool is_nullable;
};

struct sorter_entry {
    uint64_t high, low; /* the first 16 bytes of the key, big endian */
    uint32_t row;
};

struct sorter_run {
    struct sorter_entry *at;
    uint32_t count, done;
};

struct sorter_node {
    struct sorter_entry entry; /* row MR_STORE_NO_ROW: the run has ended */
    uint32_t run;
};

struct sorter {
    struct mr_query_env *env;
    struct mr_arena arena; /* entries and long keys of the rows in `store` */
    const struct mr_type *const *types;
    uint32_t type_count;
    struct mr_row_store store;
    const struct sorter_key *keys;
    uint32_t key_count;
    bool is_fixed; /* all keys of fixed width, 16 bytes together at most */
    uint64_t limit; /* UINT64_MAX = all */
    char **codes; /* long keys by row: a length, then the bytes */
    uint32_t code_capacity;
    struct sorter_run *runs;
    uint32_t run_count, run_capacity;
    struct sorter_entry *sorted; /* scratch of a run */
    struct mr_text text;
    struct sorter_node *tree; /* of losers: [1, leaves); [leaves, 2 leaves) is for its making */
    uint32_t leaves;          /* a power of two; leaf i is run i */
    struct sorter_node first; /* the winner: what comes next */
    struct sorter_entry bar; /* rows behind it are not wanted */
    struct mr_text bar_code;
    bool has_bar;
};

/* sorter_init: for rows of the given types, borrowed with the keys. fini: cleared is fine. */
MR_MUST_USE mr_status sorter_init(struct sorter *sorter, struct mr_query_env *env,
                                  const struct mr_type *const *types, uint32_t type_count,
                                  const struct sorter_key *keys, uint32_t key_count,
                                  uint64_t limit, struct mr_err *err);
void sorter_fini(struct sorter *sorter);

/* sorter_add: rows at[count] of cols; their keys are the same rows of key_cols. `arena` is a
 * batch's, for what is needed meanwhile. */
MR_MUST_USE mr_status sorter_add(struct sorter *sorter, const struct mr_vec *cols,
                                 const struct mr_vec *key_cols, const uint32_t *at,
                                 uint32_t count, struct mr_arena *arena, struct mr_err *err);

/* sorter_begin: no more rows come. sorter_next: the next row numbers, at most `count`.
 * returns their number, 0 at the end */
MR_MUST_USE mr_status sorter_begin(struct sorter *sorter, struct mr_err *err);
uint32_t sorter_next(struct sorter *sorter, uint32_t *ids, uint32_t count);

size_t sorter_bytes(const struct sorter *sorter);

#endif

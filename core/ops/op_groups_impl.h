/* Groups: the keys of an aggregate, and a state per group and aggregate function.
 *
 * Keys lie in a row store under an index; the states of group g lie together, in chunks that never
 * move. A batch's rows are resolved once to the addresses of their groups' states, which serve all
 * functions. Without keys there is one group from the beginning. */
#ifndef MR_CORE_OPS_OP_GROUPS_IMPL_H
#define MR_CORE_OPS_OP_GROUPS_IMPL_H

#include "core/ops/op_impl.h"
#include "core/ops/row_store_index.h"

struct groups {
    struct mr_arena arena; /* the chunks of states */
    struct mr_row_store keys;
    struct mr_row_index index;
    uint32_t key_count;
    size_t state_bytes; /* of one group, all functions; a multiple of 16 */
    char **chunks;      /* of MR_STORE_CHUNK_ROWS groups each */
    uint32_t chunk_count, chunk_capacity;
    uint64_t *hashes; /* scratch of a batch: [MR_BATCH_ROWS_MAX] */
    uint32_t *ids;
    uint32_t *added;
    char **states;
};

MR_MUST_USE mr_status groups_init(struct groups *groups, struct mr_query_env *env,
                                  const struct mr_type *const *key_types, uint32_t key_count,
                                  size_t state_bytes, struct mr_err *err);
void groups_fini(struct groups *groups);

/* groups_resolve: groups->ids[i] and groups->states[i] of rows at[count] of the key columns. */
MR_MUST_USE mr_status groups_resolve(struct groups *groups, const struct mr_vec *keys,
                                     const uint32_t *at, uint32_t count, struct mr_err *err);

static inline uint32_t groups_count(const struct groups *groups)
{
    return groups->key_count == 0 ? 1 : groups->keys.rows;
}

static inline char *groups_state(const struct groups *groups, uint32_t id)
{
    return groups->chunks[id >> MR_STORE_CHUNK_BITS] +
           (size_t)(id & (MR_STORE_CHUNK_ROWS - 1)) * groups->state_bytes;
}

size_t groups_bytes(const struct groups *groups);

#endif

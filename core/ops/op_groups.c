#include "core/ops/op_groups_impl.h"

static mr_status groups_scratch(struct groups *groups, struct mr_err *err)
{
    groups->hashes = MR_ARENA_ARRAY(&groups->arena, uint64_t, MR_BATCH_ROWS_MAX);
    groups->ids = MR_ARENA_ARRAY(&groups->arena, uint32_t, MR_BATCH_ROWS_MAX);
    groups->added = MR_ARENA_ARRAY(&groups->arena, uint32_t, MR_BATCH_ROWS_MAX);
    groups->states = MR_ARENA_ARRAY(&groups->arena, char *, MR_BATCH_ROWS_MAX);
    bool is_made = groups->hashes != NULL && groups->ids != NULL && groups->added != NULL &&
                   groups->states != NULL;
    return is_made ? MR_OK : op_nomem(err);
}

static mr_status add_chunk(struct groups *groups, uint32_t rows, struct mr_err *err)
{
    if (groups->chunk_count == groups->chunk_capacity) {
        uint32_t capacity = MR_MAX(groups->chunk_capacity * 2, 8u);
        char **chunks = MR_ARENA_ARRAY(&groups->arena, char *, capacity);
        if (chunks == NULL) return op_nomem(err);
        for (uint32_t i = 0; i < groups->chunk_count; i++) chunks[i] = groups->chunks[i];
        groups->chunks = chunks;
        groups->chunk_capacity = capacity;
    }
    char *chunk = mr_arena_zeroed(&groups->arena, rows * groups->state_bytes, 64);
    if (chunk == NULL) return op_nomem(err);
    groups->chunks[groups->chunk_count++] = chunk;
    return MR_OK;
}

mr_status groups_init(struct groups *groups, struct mr_query_env *env,
                      const struct mr_type *const *key_types, uint32_t key_count,
                      size_t state_bytes, struct mr_err *err)
{
    *groups = (struct groups){.key_count = key_count, .state_bytes = MR_MAX(state_bytes, 16u)};
    mr_arena_init(&groups->arena, env->heap, 0);
    if (key_count == 0) return add_chunk(groups, 1, err);
    MR_TRY(groups_scratch(groups, err));
    MR_TRY(mr_row_store_init(&groups->keys, env->heap, key_types, key_count, err));
    mr_row_index_init(&groups->index, env->heap, &groups->keys, key_count, env->seed);
    return MR_OK;
}

void groups_fini(struct groups *groups)
{
    mr_row_index_fini(&groups->index);
    mr_row_store_fini(&groups->keys);
    if (groups->arena.heap != NULL) mr_arena_fini(&groups->arena);
}

mr_status groups_resolve(struct groups *groups, const struct mr_vec *keys, const uint32_t *at,
                         uint32_t count, struct mr_err *err)
{
    uint32_t added;
    mr_row_index_hash(&groups->index, keys, at, count, groups->hashes);
    MR_TRY(mr_row_index_add(&groups->index, keys, at, count, groups->hashes, groups->ids,
                            groups->added, &added, err));
    while ((uint64_t)groups->chunk_count << MR_STORE_CHUNK_BITS < groups->keys.rows) {
        MR_TRY(add_chunk(groups, MR_STORE_CHUNK_ROWS, err));
    }
    for (uint32_t i = 0; i < count; i++) {
        groups->states[i] = groups_state(groups, groups->ids[i]);
        __builtin_prefetch(groups->states[i], 1);
    }
    return MR_OK;
}

size_t groups_bytes(const struct groups *groups)
{
    return mr_arena_bytes(&groups->arena) + mr_row_store_bytes(&groups->keys) +
           mr_row_index_bytes(&groups->index);
}

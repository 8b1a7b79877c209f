#include "core/format/parquet/pq_shred.h"

#include "core/format/parquet/pq_leaves.h"
#include "kernels/encode/encode.h"
#include "kernels/encode/levels.h"

static mr_status shred_nomem(uint32_t count, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for the levels of %u entries", count);
}

static uint32_t *rows_take(struct mr_pq_shredder *shredder, uint32_t count)
{
    return mr_arena_alloc(shredder->arena, ((size_t)count + 64) * sizeof(uint32_t), 64);
}

static uint8_t *levels_take(struct mr_pq_shredder *shredder, uint32_t count)
{
    return mr_arena_alloc(shredder->arena, (size_t)count + 64, 64);
}

/* Ends the entries that are null in an optional node; `absent` is the level they end with. */
static mr_status descend_optional(struct mr_pq_shredder *shredder, const struct mr_vec *vec,
                                  uint8_t absent, struct mr_pq_path *path, struct mr_err *err)
{
    if (vec->validity == NULL || path->live == 0) return MR_OK;
    uint32_t *rows = rows_take(shredder, path->count);
    uint8_t *def = levels_take(shredder, path->count);
    if (rows == NULL || def == NULL) return shred_nomem(path->count, err);
    uint32_t live = shredder->kernels->levels_descend(vec->validity, path->rows, path->def,
                                                      path->count, absent, rows, def);
    if (live == path->live) return MR_OK; /* the nulls are not among the selected rows */
    path->live = live;
    path->rows = rows;
    path->def = def;
    return MR_OK;
}

/* Opens the lists of a repeated node. `empty` is the level of a list without elements, `level` the
 * repetition level of the second and later elements. */
static mr_status descend_repeated(struct mr_pq_shredder *shredder, const struct mr_vec *vec,
                                  uint8_t empty, uint8_t level, struct mr_pq_path *path,
                                  struct mr_err *err)
{
    uint64_t wide = mr_levels_opened(vec->offsets, path->rows, path->count);
    if (wide >= MR_LEVEL_ENDED - 64) {
        return mr_err_set(err, MR_E_LIMIT, 2522, "a batch holds more than 4 billion list elements");
    }
    uint32_t count = (uint32_t)wide;
    uint32_t *rows = rows_take(shredder, count);
    uint8_t *def = levels_take(shredder, count), *rep = levels_take(shredder, count);
    if (rows == NULL || def == NULL || rep == NULL) return shred_nomem(count, err);
    uint32_t live = shredder->kernels->levels_open(vec->offsets, path->rows, path->def, path->rep,
                                                   path->count, empty, level, rows, def, rep);
    *path = (struct mr_pq_path){.count = count, .live = live, .rows = rows, .def = def, .rep = rep};
    if (live == count) path->def = NULL;
    return MR_OK;
}

/* A flat optional column without selection goes from its bitmap to levels in one step. */
static mr_status leaf_dense(struct mr_pq_shredder *shredder, const struct mr_vec *vec,
                            uint8_t max_def, const struct mr_pq_path *path,
                            struct mr_pq_shred *shred, struct mr_err *err)
{
    uint32_t *rows = rows_take(shredder, path->count);
    uint8_t *def = levels_take(shredder, path->count);
    if (rows == NULL || def == NULL) return shred_nomem(path->count, err);
    shred->live = shredder->kernels->levels_dense(vec->validity, path->count,
                                                  (uint8_t)(max_def - 1), max_def, def, rows);
    shred->rows = rows;
    shred->def = def;
    return MR_OK;
}

static mr_status shred_leaf(struct mr_pq_shredder *shredder, const struct mr_field *field,
                            const struct mr_vec *vec, uint8_t max_def, struct mr_pq_path path,
                            struct mr_err *err)
{
    struct mr_pq_shred shred = {
        .vec = vec, .count = path.count, .live = path.live, .rows = path.rows, .rep = path.rep};
    bool is_dense = path.rows == NULL && path.rep == NULL && field->is_nullable;
    if (is_dense && vec->validity != NULL && vec->null_count > 0) {
        MR_TRY(leaf_dense(shredder, vec, max_def, &path, &shred, err));
    } else {
        if (field->is_nullable && vec->null_count > 0) {
            MR_TRY(descend_optional(shredder, vec, (uint8_t)(max_def - 1), &path, err));
        }
        if (path.live < path.count) {
            uint32_t *rows = rows_take(shredder, path.count);
            uint8_t *def = levels_take(shredder, path.count);
            if (rows == NULL || def == NULL) return shred_nomem(path.count, err);
            memcpy(def, path.def, path.count); /* brothers still need the path's own */
            shred.live =
                shredder->kernels->levels_finish(path.rows, path.count, max_def, def, rows);
            shred.rows = rows;
            shred.def = def;
        }
    }
    return shredder->on_leaf(shredder->ctx, shredder->leaf++, &shred, err);
}

/* Null where the type allows none: an error that names the column. */
static mr_status check_required(const struct mr_field *field, const struct mr_vec *vec,
                                const struct mr_pq_path *path, struct mr_err *err)
{
    if (field->is_nullable || vec->validity == NULL || vec->null_count == 0) return MR_OK;
    for (uint32_t i = 0; i < path->count; i++) {
        uint32_t row = path->rows == NULL ? i : path->rows[i];
        if (row == MR_LEVEL_ENDED || mr_bit_get(vec->validity, row)) continue;
        return mr_err_set(err, MR_E_SCHEMA, 2521, "column %.*s is null, but its type is NOT NULL",
                          (int)field->name.bytes, field->name.text);
    }
    return MR_OK;
}

/* stats: whether this node is a column of the statistics or lies above one. */
static mr_status shred_node(struct mr_pq_shredder *shredder, const struct mr_field *field,
                            const struct mr_vec *vec, uint8_t def, uint8_t rep, bool has_stats,
                            struct mr_pq_path path, struct mr_err *err)
{
    const struct mr_type *type = field->type;
    if (type->id == MR_TYPE_VOID) {
        if (has_stats) shredder->on_stat(shredder->ctx, shredder->stat++, path.count);
        return MR_OK;
    }
    MR_TRY(check_required(field, vec, &path, err));
    if (!mr_type_is_nested(type)) {
        uint8_t max_def = (uint8_t)(def + field->is_nullable);
        if (has_stats) shredder->stat++;
        return shred_leaf(shredder, field, vec, max_def, path, err);
    }
    if (field->is_nullable) {
        if (vec->null_count > 0) MR_TRY(descend_optional(shredder, vec, def, &path, err));
        def++;
    }
    if (type->id != MR_TYPE_STRUCT) {
        if (has_stats) shredder->on_stat(shredder->ctx, shredder->stat++, path.count - path.live);
        has_stats = false;
        rep++;
        MR_TRY(descend_repeated(shredder, vec, def++, rep, &path, err));
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        MR_TRY(shred_node(shredder, &type->fields[i], &vec->children[i], def, rep, has_stats, path,
                          err));
    }
    return MR_OK;
}

mr_status mr_pq_shred_column(struct mr_pq_shredder *shredder, const struct mr_field *field,
                             const struct mr_vec *vec, const struct mr_pq_path *root,
                             struct mr_err *err)
{
    return shred_node(shredder, field, vec, 0, 0, true, *root, err);
}

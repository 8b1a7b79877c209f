/* Gathering: columns put together from rows of other columns. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"

static inline uint32_t gather_source(const struct mr_gather *gather, uint32_t row)
{
    return gather->source == NULL ? 0 : gather->source[row];
}

/* gather_present: the source vector and row of an output row; false when it is null there. */
static inline bool gather_present(const struct mr_gather *gather, uint32_t row,
                                  const struct mr_vec **out_vec, uint32_t *out_row)
{
    uint32_t source = gather_source(gather, row);
    if (source == MR_GATHER_NULL) return false;
    *out_vec = gather->sources[source];
    *out_row = gather->index[row];
    return !mr_vec_is_null(*out_vec, *out_row);
}

#define GATHER_FIXED(type_)                                                                        \
    do {                                                                                           \
        for (uint32_t i = 0; i < gather->rows; i++) {                                              \
            if (!gather_present(gather, i, &vec, &row)) continue;                                  \
            ((type_ *)out->values)[i] = ((const type_ *)vec->values)[row];                         \
            mr_bit_set(out->validity, i);                                                          \
        }                                                                                          \
    } while (0)

static void gather_values(const struct mr_gather *gather, struct mr_vec *out)
{
    const struct mr_vec *vec;
    uint32_t row;
    switch (mr_type_width(out->type)) {
    case 1: GATHER_FIXED(int8_t); break;
    case 2: GATHER_FIXED(int16_t); break;
    case 4: GATHER_FIXED(int32_t); break;
    case 8: GATHER_FIXED(int64_t); break;
    case 16: GATHER_FIXED(mr_i128); break;
    default:
        for (uint32_t i = 0; i < gather->rows; i++) {
            if (!gather_present(gather, i, &vec, &row)) continue;
            mr_vec_put_bool(out, i, mr_bit_get(vec->values, row));
            mr_bit_set(out->validity, i);
        }
    }
}

/* gather_member: child `k` of every source, gathered by the given rows. */
static mr_status gather_member(const struct mr_gather *gather, uint32_t source_count, uint32_t k,
                               const uint16_t *source, const uint32_t *index, uint32_t rows,
                               struct mr_vec *out, struct mr_err *err)
{
    const struct mr_vec **children =
        MR_ARENA_ARRAY(gather->eval->arena, const struct mr_vec *, source_count);
    if (children == NULL) return mr_eval_nomem(err);
    for (uint32_t s = 0; s < source_count; s++) children[s] = &gather->sources[s]->children[k];
    struct mr_gather inner = {.eval = gather->eval, .sources = children, .source = source,
                              .index = index, .rows = rows};
    return mr_gather_run(&inner, out->type->fields[k].type, &out->children[k], err);
}

/* gather_source_count: one more than the highest source that some row takes. */
static uint32_t gather_source_count(const struct mr_gather *gather)
{
    uint32_t count = gather->source == NULL && gather->rows > 0;
    for (uint32_t i = 0; gather->source != NULL && i < gather->rows; i++) {
        if (gather->source[i] != MR_GATHER_NULL) count = MR_MAX(count, gather->source[i] + 1u);
    }
    return count;
}

static mr_status gather_struct(const struct mr_gather *gather, struct mr_vec *out,
                               struct mr_err *err)
{
    const struct mr_vec *vec;
    uint32_t row, sources = gather_source_count(gather);
    uint16_t *source = MR_ARENA_ARRAY(gather->eval->arena, uint16_t, gather->rows);
    if (source == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < gather->rows; i++) {
        bool is_present = gather_present(gather, i, &vec, &row);
        source[i] = is_present ? (uint16_t)gather_source(gather, i) : MR_GATHER_NULL;
        if (is_present) mr_bit_set(out->validity, i);
    }
    for (uint32_t k = 0; k < out->type->field_count; k++) {
        MR_TRY(gather_member(gather, sources, k, source, gather->index, gather->rows, out, err));
    }
    return MR_OK;
}

static mr_status gather_list(const struct mr_gather *gather, struct mr_vec *out,
                             struct mr_err *err)
{
    const struct mr_vec *vec;
    uint32_t row, sources = gather_source_count(gather);
    uint64_t total = 0;
    out->offsets = MR_ARENA_ARRAY(gather->eval->arena, uint32_t, (size_t)gather->rows + 1);
    if (out->offsets == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < gather->rows; i++) {
        if (gather_present(gather, i, &vec, &row)) {
            total += vec->offsets[row + 1] - vec->offsets[row];
            mr_bit_set(out->validity, i);
        }
        if (total > INT32_MAX) {
            return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
        }
        out->offsets[i + 1] = (uint32_t)total;
    }
    uint16_t *source = MR_ARENA_ARRAY(gather->eval->arena, uint16_t, total);
    uint32_t *index = MR_ARENA_ARRAY(gather->eval->arena, uint32_t, total);
    if (source == NULL || index == NULL) return mr_eval_nomem(err);
    for (uint32_t i = 0; i < gather->rows; i++) {
        if (!gather_present(gather, i, &vec, &row)) continue;
        for (uint32_t k = 0; k < out->offsets[i + 1] - out->offsets[i]; k++) {
            source[out->offsets[i] + k] = (uint16_t)gather_source(gather, i);
            index[out->offsets[i] + k] = vec->offsets[row] + k;
        }
    }
    for (uint32_t k = 0; k < out->type->field_count; k++) {
        MR_TRY(gather_member(gather, sources, k, source, index, (uint32_t)total, out, err));
    }
    return MR_OK;
}

mr_status mr_gather_run(const struct mr_gather *gather, const struct mr_type *type,
                        struct mr_vec *out, struct mr_err *err)
{
    *out = (struct mr_vec){.type = type, .rows = gather->rows, .bufs = &gather->eval->root->bufs};
    if (type->id == MR_TYPE_VOID) return MR_OK;
    out->validity = mr_eval_bits(gather->eval, gather->rows);
    if (out->validity == NULL) return mr_eval_nomem(err);
    if (mr_type_is_nested(type)) {
        out->children = MR_ARENA_ARRAY(gather->eval->arena, struct mr_vec, type->field_count);
        if (out->children == NULL) return mr_eval_nomem(err);
        if (type->id == MR_TYPE_STRUCT) MR_TRY(gather_struct(gather, out, err));
        else MR_TRY(gather_list(gather, out, err));
    } else {
        size_t bytes = type->id == MR_TYPE_BOOLEAN ? mr_bit_words(gather->rows) * sizeof(uint64_t)
                                                   : (size_t)gather->rows * mr_type_width(type);
        out->values = mr_arena_zeroed(gather->eval->arena, bytes, 64);
        if (out->values == NULL) return mr_eval_nomem(err);
        gather_values(gather, out);
    }
    out->null_count = mr_vec_nulls(out->validity, out->rows);
    if (out->null_count == 0) out->validity = NULL;
    return MR_OK;
}

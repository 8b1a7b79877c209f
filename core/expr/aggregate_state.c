#include "core/expr/aggregate_state.h"

#include <math.h>

#include "core/base/checked.h"
#include "core/expr/aggregate_impl.h"
#include "core/expr/coerce.h"

enum { BLOCK_BYTES_MIN = 16, ACCURACY_DEFAULT = 10000 };

mr_status mr_aggregate_nomem(const struct mr_aggregate *agg, struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for %s", agg->function->name);
}

static unsigned block_class(size_t bytes)
{
    return bytes <= BLOCK_BYTES_MIN ? 4 : 64 - (unsigned)__builtin_clzll(bytes - 1);
}

void *mr_blocks_take(struct mr_blocks *blocks, size_t bytes)
{
    unsigned class_of = block_class(bytes);
    if (class_of >= MR_BLOCK_CLASSES) return NULL;
    void *block = blocks->free[class_of];
    if (block == NULL) return mr_arena_alloc(&blocks->arena, (size_t)1 << class_of, 16);
    memcpy(&blocks->free[class_of], block, sizeof(void *));
    return block;
}

void mr_blocks_give(struct mr_blocks *blocks, void *block, size_t bytes)
{
    if (block == NULL) return;
    unsigned class_of = block_class(bytes);
    memcpy(block, &blocks->free[class_of], sizeof(void *));
    blocks->free[class_of] = block;
}

mr_status mr_block_grow(struct mr_aggregate *agg, void **at, size_t *capacity, size_t used,
                        size_t wanted, struct mr_err *err)
{
    size_t bytes = MR_MAX(wanted, *capacity * 2);
    bytes = (size_t)1 << block_class(bytes);
    void *block = mr_blocks_take(&agg->blocks, bytes);
    if (block == NULL) return mr_aggregate_nomem(agg, err);
    if (used > 0) memcpy(block, *at, used);
    mr_blocks_give(&agg->blocks, *at, *capacity);
    *at = block;
    *capacity = bytes;
    return MR_OK;
}

static const struct mr_aggregate_kind *sum_kind(const struct mr_type *type)
{
    switch (type->id) {
    case MR_TYPE_BYTE: return &mr_kind_sum_i8;
    case MR_TYPE_SHORT: return &mr_kind_sum_i16;
    case MR_TYPE_INT: return &mr_kind_sum_i32;
    case MR_TYPE_LONG: return &mr_kind_sum_i64;
    case MR_TYPE_FLOAT: return &mr_kind_sum_f32;
    case MR_TYPE_DOUBLE: return &mr_kind_sum_f64;
    default:
        MR_ASSERT(type->id == MR_TYPE_DECIMAL);
        return mr_decimal_is_long(type) ? &mr_kind_sum_i64 : &mr_kind_sum_i128;
    }
}

static const struct mr_aggregate_kind *extreme_kind(const struct mr_type *type, bool is_least)
{
    switch (type->id) {
    case MR_TYPE_BOOLEAN: return &mr_kind_bool;
    case MR_TYPE_FLOAT: return is_least ? &mr_kind_least_f32 : &mr_kind_most_f32;
    case MR_TYPE_DOUBLE: return is_least ? &mr_kind_least_f64 : &mr_kind_most_f64;
    case MR_TYPE_VOID:
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return &mr_kind_kept;
    default: break;
    }
    if (mr_type_is_nested(type)) return &mr_kind_kept;
    switch (mr_type_width(type)) {
    case 1: return is_least ? &mr_kind_least_i8 : &mr_kind_most_i8;
    case 2: return is_least ? &mr_kind_least_i16 : &mr_kind_most_i16;
    case 4: return is_least ? &mr_kind_least_i32 : &mr_kind_most_i32;
    case 8: return is_least ? &mr_kind_least_i64 : &mr_kind_most_i64;
    default: return &mr_kind_kept;
    }
}

static const struct mr_aggregate_kind *kind_of(const struct mr_aggregate *agg)
{
    switch (agg->function->op) {
    case MR_AGG_COUNT: return &mr_kind_count;
    case MR_AGG_COUNT_IF: return &mr_kind_count_if;
    case MR_AGG_SUM:
    case MR_AGG_AVG: return sum_kind(agg->arg_types[0]);
    case MR_AGG_MIN: return extreme_kind(agg->arg_types[0], true);
    case MR_AGG_MAX: return extreme_kind(agg->arg_types[0], false);
    case MR_AGG_FIRST: return &mr_kind_first;
    case MR_AGG_LAST: return &mr_kind_last;
    case MR_AGG_MIN_BY:
    case MR_AGG_MAX_BY: return &mr_kind_by;
    case MR_AGG_STDDEV_SAMP:
    case MR_AGG_STDDEV_POP:
    case MR_AGG_VAR_SAMP:
    case MR_AGG_VAR_POP: return &mr_kind_variance;
    case MR_AGG_SKEWNESS:
    case MR_AGG_KURTOSIS: return &mr_kind_moments;
    case MR_AGG_APPROX_COUNT_DISTINCT: return &mr_kind_distinct_sketch;
    case MR_AGG_PERCENTILE:
    case MR_AGG_MEDIAN: return &mr_kind_percentile;
    case MR_AGG_PERCENTILE_APPROX: return &mr_kind_quantiles;
    case MR_AGG_MODE: return &mr_kind_mode;
    case MR_AGG_COLLECT_LIST: return &mr_kind_list;
    case MR_AGG_COLLECT_SET: return &mr_kind_set;
    case MR_AGG_BOOL_AND:
    case MR_AGG_BOOL_OR: return &mr_kind_bool;
    case MR_AGG_BIT_AND:
    case MR_AGG_BIT_OR:
    case MR_AGG_BIT_XOR: return &mr_kind_bits;
    case MR_AGG_STRING_AGG: return &mr_kind_text;
    default: return &mr_kind_pairs; /* covar, corr, regr */
    }
}

/* read_constants: what follows the values of rows. */
static mr_status read_constants(struct mr_aggregate *agg, const struct mr_zone *zone,
                                const struct mr_aggregate_call *call, struct mr_err *err)
{
    bool has_one = call->arg_count > agg->row_args;
    const struct mr_expr *first = has_one ? call->args[agg->row_args] : NULL;
    const struct mr_value *value = has_one ? &first->value : NULL;
    double rsd = 0.05;
    switch (agg->function->op) {
    case MR_AGG_FIRST:
    case MR_AGG_LAST: agg->ignores_nulls = has_one && value->u.boolean; break;
    case MR_AGG_STRING_AGG:
        if (has_one && !value->is_null) agg->delimiter = value->u.text;
        break;
    case MR_AGG_APPROX_COUNT_DISTINCT:
        if (has_one) rsd = value->u.f64;
        agg->hll_bits = (unsigned)MR_MAX(ceil(2 * log2(1.106 / rsd)), 4);
        agg->hll_bits = MR_MIN(agg->hll_bits, 24u);
        break;
    case MR_AGG_PERCENTILE_APPROX:
        agg->accuracy = ACCURACY_DEFAULT;
        if (call->arg_count > 2) agg->accuracy = call->args[2]->value.u.i64;
        /* fall through */
    case MR_AGG_PERCENTILE:
    case MR_AGG_MEDIAN:
        agg->percentages = MR_ARENA_NEW(&agg->blocks.arena, struct mr_percentages);
        if (agg->percentages == NULL) return mr_aggregate_nomem(agg, err);
        return mr_percentages_read(agg->blocks.arena.heap, zone, first, agg->function->name,
                                   agg->percentages, err);
    default: break;
    }
    return MR_OK;
}

mr_status mr_aggregate_open(struct mr_aggregate *agg, struct mr_heap *heap,
                            const struct mr_zone *zone, const struct mr_aggregate_call *call,
                            struct mr_err *err)
{
    *agg = (struct mr_aggregate){
        .function = call->function, .type = call->type,
        .row_args = mr_aggregate_row_args(call->function, call->arg_count)};
    for (uint32_t k = 0; k < MR_MIN(agg->row_args, 2u); k++) {
        agg->arg_types[k] = call->args[k]->type;
    }
    mr_arena_init(&agg->blocks.arena, heap, 0);
    mr_text_init(&agg->scratch, heap);
    mr_text_init(&agg->saved, heap);
    agg->kind = kind_of(agg);
    mr_status status = read_constants(agg, zone, call, err);
    if (status != MR_OK) mr_aggregate_close(agg);
    return status;
}

void mr_aggregate_close(struct mr_aggregate *agg)
{
    if (agg->kind == NULL) return;
    mr_text_fini(&agg->scratch);
    mr_text_fini(&agg->saved);
    mr_arena_fini(&agg->blocks.arena);
    *agg = (struct mr_aggregate){0};
}

void mr_aggregate_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    if (agg->kind->save != NULL) agg->kind->save(agg, state, out);
    else mr_text_add(out, state, agg->kind->state_bytes);
}

enum { PLAIN_BYTES_MAX = 64 };

mr_status mr_aggregate_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                            struct mr_err *err)
{
    if (agg->kind->load != NULL) return agg->kind->load(agg, state, saved, err);
    _Alignas(16) char other[PLAIN_BYTES_MAX];
    MR_ASSERT(saved.bytes == agg->kind->state_bytes);
    MR_ASSERT(saved.bytes <= sizeof other);
    memcpy(other, saved.text, saved.bytes);
    agg->kind->merge(agg, state, other);
    return MR_OK;
}

void mr_aggregate_drop(struct mr_aggregate *agg, void *state)
{
    if (agg->kind->drop != NULL) agg->kind->drop(agg, state);
    memset(state, 0, agg->kind->state_bytes);
}

/* What resolving and computing aggregates share. */
#ifndef MR_CORE_EXPR_AGGREGATE_IMPL_H
#define MR_CORE_EXPR_AGGREGATE_IMPL_H

#include "core/expr/aggregate_state.h"
#include "core/expr/eval_impl.h"

#define MR_HLL_RSD_MAX 0.39

enum { MR_PERCENTAGES_MAX = 256 };

struct mr_percentages {
    double at[MR_PERCENTAGES_MAX];
    uint32_t count;
    bool is_list; /* the result is an array */
};

/* mr_percentages_read: the value of a constant expression of type DOUBLE or ARRAY<DOUBLE>; `name`
 * is the function's, for messages. fails MR_E_INVALID 1315: null, not between 0 and 1, too many */
MR_MUST_USE mr_status mr_percentages_read(struct mr_heap *heap, const struct mr_zone *zone,
                                          const struct mr_expr *expr, const char *name,
                                          struct mr_percentages *out, struct mr_err *err);

/* The kinds, by who computes them. */
extern const struct mr_aggregate_kind mr_kind_count, mr_kind_count_if;
extern const struct mr_aggregate_kind mr_kind_sum_i8, mr_kind_sum_i16, mr_kind_sum_i32;
extern const struct mr_aggregate_kind mr_kind_sum_i64, mr_kind_sum_i128, mr_kind_sum_f32;
extern const struct mr_aggregate_kind mr_kind_sum_f64;
extern const struct mr_aggregate_kind mr_kind_bool, mr_kind_bits;
extern const struct mr_aggregate_kind mr_kind_least_i8, mr_kind_least_i16, mr_kind_least_i32;
extern const struct mr_aggregate_kind mr_kind_least_i64, mr_kind_least_f32, mr_kind_least_f64;
extern const struct mr_aggregate_kind mr_kind_most_i8, mr_kind_most_i16, mr_kind_most_i32;
extern const struct mr_aggregate_kind mr_kind_most_i64, mr_kind_most_f32, mr_kind_most_f64;
extern const struct mr_aggregate_kind mr_kind_kept, mr_kind_first, mr_kind_last, mr_kind_by;
extern const struct mr_aggregate_kind mr_kind_moments, mr_kind_variance, mr_kind_pairs;
extern const struct mr_aggregate_kind mr_kind_distinct_sketch;
extern const struct mr_aggregate_kind mr_kind_percentile, mr_kind_quantiles;
extern const struct mr_aggregate_kind mr_kind_list, mr_kind_set, mr_kind_mode, mr_kind_text;

/* AGG_EACH: for each row `r` of `rows` where `vec_` is present; `i` is its place among them. */
#define AGG_EACH(vec_, rows_, body_)                                                               \
    do {                                                                                           \
        const uint64_t *valid_ = (vec_)->validity;                                                 \
        for (uint32_t i = 0; i < (rows_)->count; i++) {                                            \
            uint32_t r = (rows_)->at == NULL ? i : (rows_)->at[i];                                 \
            if (valid_ != NULL && !mr_bit_get(valid_, r)) continue;                                \
            body_;                                                                                 \
        }                                                                                          \
    } while (0)

/* AGG_STATE: the state of the i-th row. */
#define AGG_STATE(type_) ((type_ *)(void *)(states[i] + off))

mr_status mr_aggregate_nomem(const struct mr_aggregate *agg, struct mr_err *err);

/* mr_block_grow: a block of `used` bytes that has to hold `wanted`; *at and *capacity change. */
MR_MUST_USE mr_status mr_block_grow(struct mr_aggregate *agg, void **at, size_t *capacity,
                                    size_t used, size_t wanted, struct mr_err *err);

/* AGG_BY_ROW: `scatter` and `reduce` of kinds that take one row at a time, by name_step. */
#define AGG_BY_ROW(name_)                                                                          \
    static mr_status name_##_scatter(struct mr_aggregate *agg, char *const *states, size_t off,    \
                                     const struct mr_aggregate_rows *rows, struct mr_err *err)     \
    {                                                                                              \
        for (uint32_t i = 0; i < rows->count; i++) {                                               \
            uint32_t r = rows->at == NULL ? i : rows->at[i];                                       \
            MR_TRY(name_##_step(agg, states[i] + off, rows->args, r, err));                        \
        }                                                                                          \
        return MR_OK;                                                                              \
    }                                                                                              \
    static mr_status name_##_reduce(struct mr_aggregate *agg, void *state,                         \
                                    const struct mr_aggregate_rows *rows, struct mr_err *err)      \
    {                                                                                              \
        for (uint32_t i = 0; i < rows->count; i++) {                                               \
            uint32_t r = rows->at == NULL ? i : rows->at[i];                                       \
            MR_TRY(name_##_step(agg, state, rows->args, r, err));                                  \
        }                                                                                          \
        return MR_OK;                                                                              \
    }

#endif

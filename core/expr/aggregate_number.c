/* Counts, sums, means, smallest and largest numbers, and what booleans and bits give. */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/aggregate_impl.h"
#include "core/expr/coerce.h"
#include "core/expr/decimal.h"

/* ---- count ---- */

struct count_state {
    int64_t count;
    int64_t pad;
};

static bool all_present(const struct mr_aggregate *agg, const struct mr_vec *args)
{
    for (uint32_t k = 0; k < agg->row_args; k++) {
        if (args[k].type->id == MR_TYPE_VOID || args[k].null_count > 0) return false;
    }
    return true;
}

static bool has_null(const struct mr_aggregate *agg, const struct mr_vec *args, uint32_t row)
{
    for (uint32_t k = 0; k < agg->row_args; k++) {
        if (mr_vec_is_null(&args[k], row)) return true;
    }
    return false;
}

static mr_status count_scatter(struct mr_aggregate *agg, char *const *states, size_t off,
                               const struct mr_aggregate_rows *rows, struct mr_err *err)
{
    (void)err;
    bool is_sure = all_present(agg, rows->args);
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t r = rows->at == NULL ? i : rows->at[i];
        if (is_sure || !has_null(agg, rows->args, r)) AGG_STATE(struct count_state)->count++;
    }
    return MR_OK;
}

static mr_status count_reduce(struct mr_aggregate *agg, void *state,
                              const struct mr_aggregate_rows *rows, struct mr_err *err)
{
    (void)err;
    struct count_state *count = state;
    if (all_present(agg, rows->args)) {
        count->count += rows->count;
        return MR_OK;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        count->count += !has_null(agg, rows->args, rows->at == NULL ? i : rows->at[i]);
    }
    return MR_OK;
}

static mr_status count_if_scatter(struct mr_aggregate *agg, char *const *states, size_t off,
                                  const struct mr_aggregate_rows *rows, struct mr_err *err)
{
    (void)agg;
    (void)err;
    const struct mr_vec *arg = &rows->args[0];
    AGG_EACH(arg, rows, AGG_STATE(struct count_state)->count += mr_bit_get(arg->values, r));
    return MR_OK;
}

static mr_status count_if_reduce(struct mr_aggregate *agg, void *state,
                                 const struct mr_aggregate_rows *rows, struct mr_err *err)
{
    (void)agg;
    (void)err;
    const struct mr_vec *arg = &rows->args[0];
    struct count_state *count = state;
    AGG_EACH(arg, rows, count->count += mr_bit_get(arg->values, r));
    return MR_OK;
}

static void count_merge(const struct mr_aggregate *agg, void *into, const void *from)
{
    (void)agg;
    ((struct count_state *)into)->count += ((const struct count_state *)from)->count;
}

static mr_status count_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                              struct mr_text_area *area, struct mr_err *err)
{
    (void)agg;
    (void)area;
    (void)err;
    mr_column_append_fixed(out, &((struct count_state *)state)->count);
    return MR_OK;
}

const struct mr_aggregate_kind mr_kind_count = {
    .state_bytes = sizeof(struct count_state), .scatter = count_scatter, .reduce = count_reduce,
    .merge = count_merge, .finish = count_finish};
const struct mr_aggregate_kind mr_kind_count_if = {
    .state_bytes = sizeof(struct count_state), .scatter = count_if_scatter,
    .reduce = count_if_reduce, .merge = count_merge, .finish = count_finish};

/* ---- sum and avg ----
 * Integers and decimals add up in 128 bits, so that only the result can be out of range, whatever
 * the order of the rows. */

struct sum_state {
    mr_i128 sum;
    int64_t count;
    bool is_over; /* 128 bits did not suffice */
};

struct double_state {
    double sum;
    int64_t count;
};

static inline void sum_add(struct sum_state *state, mr_i128 value)
{
    if (__builtin_add_overflow(state->sum, value, &state->sum)) state->is_over = true;
    state->count++;
}

static inline void double_add(struct double_state *state, double value)
{
    state->sum += value;
    state->count++;
}

#define SUM_UPDATE(name_, state_, add_, type_)                                                     \
    static mr_status name_##_scatter(struct mr_aggregate *agg, char *const *states, size_t off,    \
                                     const struct mr_aggregate_rows *rows, struct mr_err *err)     \
    {                                                                                              \
        (void)agg;                                                                                 \
        (void)err;                                                                                 \
        const type_ *values = rows->args[0].values;                                                \
        AGG_EACH(&rows->args[0], rows, add_(AGG_STATE(struct state_), values[r]));                 \
        return MR_OK;                                                                              \
    }                                                                                              \
    static mr_status name_##_reduce(struct mr_aggregate *agg, void *state,                         \
                                    const struct mr_aggregate_rows *rows, struct mr_err *err)      \
    {                                                                                              \
        (void)agg;                                                                                 \
        (void)err;                                                                                 \
        const type_ *values = rows->args[0].values;                                                \
        struct state_ own = *(struct state_ *)state;                                               \
        AGG_EACH(&rows->args[0], rows, add_(&own, values[r]));                                     \
        *(struct state_ *)state = own;                                                             \
        return MR_OK;                                                                              \
    }

static void sum_merge(const struct mr_aggregate *agg, void *into, const void *from)
{
    (void)agg;
    const struct sum_state *other = from;
    struct sum_state *state = into;
    state->is_over |= other->is_over;
    sum_add(state, other->sum);
    state->count += other->count - 1;
}

static void double_merge(const struct mr_aggregate *agg, void *into, const void *from)
{
    (void)agg;
    const struct double_state *other = from;
    struct double_state *state = into;
    state->sum += other->sum;
    state->count += other->count;
}

/* finish_over: a result out of range. */
static mr_status finish_over(const struct mr_aggregate *agg, struct mr_vec *out,
                             struct mr_text_area *area, struct mr_err *err)
{
    if (agg->function->flags & MR_AGG_TRY) return mr_column_append_nulls(out, area, 1, err);
    char type[MR_TYPE_TEXT_MAX];
    mr_status status = mr_err_set(err, MR_E_ARITHMETIC, 1310, "%s is out of the range of %s",
                                  agg->function->name,
                                  mr_type_describe(agg->type, type, sizeof type));
    mr_err_help(err, "try_%s gives null instead", agg->function->op == MR_AGG_AVG ? "avg" : "sum");
    return status;
}

static mr_status finish_decimal(struct mr_aggregate *agg, const struct sum_state *state,
                                struct mr_vec *out, struct mr_text_area *area, struct mr_err *err)
{
    unsigned scale = agg->arg_types[0]->scale;
    struct mr_decimal_shape shape = {
        .scale_a = scale, .precision = agg->type->precision, .scale = agg->type->scale,
        .digits_a = MR_DECIMAL_PRECISION_MAX, .digits_b = 19};
    mr_i128 value = state->sum;
    bool is_fit = !state->is_over;
    if (agg->function->op == MR_AGG_AVG) {
        is_fit = is_fit && mr_decimal_divide(&shape, value, state->count, &value);
    }
    if (!is_fit || !mr_decimal_fits(value, agg->type->precision)) {
        return finish_over(agg, out, area, err);
    }
    if (mr_decimal_is_long(agg->type)) {
        int64_t narrow = (int64_t)value;
        mr_column_append_fixed(out, &narrow);
    } else {
        mr_column_append_fixed(out, &value);
    }
    return MR_OK;
}

static mr_status sum_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                            struct mr_text_area *area, struct mr_err *err)
{
    const struct sum_state *sum = state;
    if (sum->count == 0) return mr_column_append_nulls(out, area, 1, err);
    if (agg->type->id == MR_TYPE_DECIMAL) return finish_decimal(agg, sum, out, area, err);
    if (agg->function->op == MR_AGG_AVG) {
        double mean = (double)sum->sum / (double)sum->count;
        mr_column_append_fixed(out, &mean);
        return MR_OK;
    }
    int64_t value = (int64_t)sum->sum;
    if (value != sum->sum) return finish_over(agg, out, area, err);
    mr_column_append_fixed(out, &value);
    return MR_OK;
}

static mr_status double_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                               struct mr_text_area *area, struct mr_err *err)
{
    const struct double_state *sum = state;
    if (sum->count == 0) return mr_column_append_nulls(out, area, 1, err);
    double value = agg->function->op == MR_AGG_AVG ? sum->sum / (double)sum->count : sum->sum;
    mr_column_append_fixed(out, &value);
    return MR_OK;
}

#define SUM_KIND(suffix_, state_, stem_, add_, type_)                                              \
    SUM_UPDATE(sum_##suffix_, state_, add_, type_)                                                 \
    const struct mr_aggregate_kind mr_kind_sum_##suffix_ = {                                       \
        .state_bytes = sizeof(struct state_), .scatter = sum_##suffix_##_scatter,                  \
        .reduce = sum_##suffix_##_reduce, .merge = stem_##_merge, .finish = stem_##_finish}

SUM_KIND(i8, sum_state, sum, sum_add, int8_t);
SUM_KIND(i16, sum_state, sum, sum_add, int16_t);
SUM_KIND(i32, sum_state, sum, sum_add, int32_t);
SUM_KIND(i64, sum_state, sum, sum_add, int64_t);
SUM_KIND(i128, sum_state, sum, sum_add, mr_i128);
SUM_KIND(f32, double_state, double, double_add, float);
SUM_KIND(f64, double_state, double, double_add, double);

/* ---- min and max of plain numbers ---- */

struct word_state {
    union {
        int64_t i64;
        double f64;
    } u;
    bool has_value;
};

/* A NaN is above all numbers. */
static inline bool is_less(double a, double b)
{
    return a < b || (b != b && a == a);
}

#define KEEP_IF(condition_, member_)                                                               \
    do {                                                                                           \
        if (!state->has_value || (condition_)) state->u.member_ = value;                           \
        state->has_value = true;                                                                   \
    } while (0)

static inline void least_i64(struct word_state *state, int64_t value)
{
    KEEP_IF(value < state->u.i64, i64);
}

static inline void most_i64(struct word_state *state, int64_t value)
{
    KEEP_IF(value > state->u.i64, i64);
}

static inline void least_f64(struct word_state *state, double value)
{
    KEEP_IF(is_less(value, state->u.f64), f64);
}

static inline void most_f64(struct word_state *state, double value)
{
    KEEP_IF(is_less(state->u.f64, value), f64);
}

#define WORD_MERGE(name_, member_)                                                                 \
    static void name_##_merge(const struct mr_aggregate *agg, void *into, const void *from)        \
    {                                                                                              \
        (void)agg;                                                                                 \
        const struct word_state *other = from;                                                     \
        if (other->has_value) name_(into, other->u.member_);                                       \
    }

WORD_MERGE(least_i64, i64)
WORD_MERGE(most_i64, i64)
WORD_MERGE(least_f64, f64)
WORD_MERGE(most_f64, f64)

/* The low bytes of the word are the narrower integer: little endian. */
static mr_status word_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                             struct mr_text_area *area, struct mr_err *err)
{
    const struct word_state *word = state;
    if (!word->has_value) return mr_column_append_nulls(out, area, 1, err);
    if (agg->type->id == MR_TYPE_FLOAT) {
        float narrow = (float)word->u.f64;
        mr_column_append_fixed(out, &narrow);
    } else if (agg->type->id == MR_TYPE_BOOLEAN) {
        mr_column_append_bool(out, word->u.i64);
    } else {
        mr_column_append_fixed(out, &word->u);
    }
    return MR_OK;
}

#define WORD_KIND(name_, suffix_, step_, type_)                                                    \
    SUM_UPDATE(name_##_##suffix_##_of, word_state, step_, type_)                                   \
    const struct mr_aggregate_kind mr_kind_##name_##_##suffix_ = {                                 \
        .state_bytes = sizeof(struct word_state),                                                  \
        .scatter = name_##_##suffix_##_of_scatter, .reduce = name_##_##suffix_##_of_reduce,        \
        .merge = step_##_merge, .finish = word_finish}

WORD_KIND(least, i8, least_i64, int8_t);
WORD_KIND(least, i16, least_i64, int16_t);
WORD_KIND(least, i32, least_i64, int32_t);
WORD_KIND(least, i64, least_i64, int64_t);
WORD_KIND(least, f32, least_f64, float);
WORD_KIND(least, f64, least_f64, double);
WORD_KIND(most, i8, most_i64, int8_t);
WORD_KIND(most, i16, most_i64, int16_t);
WORD_KIND(most, i32, most_i64, int32_t);
WORD_KIND(most, i64, most_i64, int64_t);
WORD_KIND(most, f32, most_f64, float);
WORD_KIND(most, f64, most_f64, double);

/* ---- booleans and bits ---- */

static void bits_fold(const struct mr_aggregate *agg, struct word_state *state, int64_t value)
{
    switch (agg->function->op) {
    case MR_AGG_BIT_AND:
    case MR_AGG_BOOL_AND:
    case MR_AGG_MIN: value = state->has_value ? state->u.i64 & value : value; break;
    case MR_AGG_BIT_XOR: value ^= state->u.i64; break;
    default: value |= state->u.i64; break; /* bit_or, bool_or; max of booleans */
    }
    state->u.i64 = value;
    state->has_value = true;
}

static mr_status bits_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                           uint32_t row, struct mr_err *err)
{
    (void)err;
    if (!mr_vec_is_null(&args[0], row)) bits_fold(agg, state, mr_vec_i64(&args[0], row));
    return MR_OK;
}

static mr_status bool_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                           uint32_t row, struct mr_err *err)
{
    (void)err;
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    bits_fold(agg, state, mr_bit_get(args[0].values, row));
    return MR_OK;
}

static void bits_merge(const struct mr_aggregate *agg, void *into, const void *from)
{
    const struct word_state *other = from;
    if (other->has_value) bits_fold(agg, into, other->u.i64);
}

AGG_BY_ROW(bits)
AGG_BY_ROW(bool)

const struct mr_aggregate_kind mr_kind_bits = {
    .state_bytes = sizeof(struct word_state), .scatter = bits_scatter, .reduce = bits_reduce,
    .merge = bits_merge, .finish = word_finish};
const struct mr_aggregate_kind mr_kind_bool = {
    .state_bytes = sizeof(struct word_state), .scatter = bool_scatter, .reduce = bool_reduce,
    .merge = bits_merge, .finish = word_finish};

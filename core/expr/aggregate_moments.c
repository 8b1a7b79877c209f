/* Variance, skewness, covariance, correlation, regression: moments around the running mean.
 *
 * Source: Welford (1962), Chan et al. (1979) and Pébay (2008): one pass, and states that merge. */
#include <math.h>

#include "core/expr/aggregate_impl.h"

/* n, mean, and sums of the powers of the distances from it; doubles, as in Spark. */
struct moments {
    double n, mean, m2, m3, m4, pad;
};

static inline void variance_add(struct moments *s, double value)
{
    s->n += 1;
    double delta = value - s->mean, step = delta / s->n;
    s->mean += step;
    s->m2 += delta * (delta - step);
}

static inline void moments_add(struct moments *s, double value)
{
    s->n += 1;
    double delta = value - s->mean, step = delta / s->n;
    double delta2 = delta * delta, step2 = step * step;
    s->mean += step;
    s->m2 += delta * (delta - step);
    s->m3 += -3 * step * s->m2 + delta * (delta2 - step2);
    s->m4 += -4 * step * s->m3 - 6 * step2 * s->m2 + delta * (delta * delta2 - step * step2);
}

#define MOMENTS_UPDATE(name_)                                                                      \
    static mr_status name_##_scatter(struct mr_aggregate *agg, char *const *states, size_t off,    \
                                     const struct mr_aggregate_rows *rows, struct mr_err *err)     \
    {                                                                                              \
        (void)agg;                                                                                 \
        (void)err;                                                                                 \
        const double *values = rows->args[0].values;                                               \
        AGG_EACH(&rows->args[0], rows, name_##_add(AGG_STATE(struct moments), values[r]));         \
        return MR_OK;                                                                              \
    }                                                                                              \
    static mr_status name_##_reduce(struct mr_aggregate *agg, void *state,                         \
                                    const struct mr_aggregate_rows *rows, struct mr_err *err)      \
    {                                                                                              \
        (void)agg;                                                                                 \
        (void)err;                                                                                 \
        const double *values = rows->args[0].values;                                               \
        struct moments own = *(struct moments *)state;                                             \
        AGG_EACH(&rows->args[0], rows, name_##_add(&own, values[r]));                              \
        *(struct moments *)state = own;                                                            \
        return MR_OK;                                                                              \
    }

MOMENTS_UPDATE(variance)
MOMENTS_UPDATE(moments)

static void moments_merge(const struct mr_aggregate *agg, void *into, const void *from)
{
    (void)agg;
    struct moments *a = into;
    const struct moments *b = from;
    if (b->n == 0) return;
    double n1 = a->n, n2 = b->n, n = n1 + n2;
    double delta = b->mean - a->mean, step = delta / n;
    double m2 = a->m2 + b->m2 + delta * step * n1 * n2;
    double m3 = a->m3 + b->m3 + step * step * delta * n1 * n2 * (n1 - n2) +
                3 * step * (n1 * b->m2 - n2 * a->m2);
    double m4 = a->m4 + b->m4 +
                step * step * step * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
                6 * step * step * (n1 * n1 * b->m2 + n2 * n2 * a->m2) +
                4 * step * (n1 * b->m3 - n2 * a->m3);
    *a = (struct moments){.n = n, .mean = a->mean + step * n2, .m2 = m2, .m3 = m3, .m4 = m4};
}

/* moments_value: false when there is none. */
static bool moments_value(mr_aggregate_op op, const struct moments *s, double *out)
{
    bool is_sample = op == MR_AGG_STDDEV_SAMP || op == MR_AGG_VAR_SAMP;
    if (s->n == 0 || (is_sample && s->n == 1)) return false;
    switch (op) {
    case MR_AGG_STDDEV_SAMP: *out = sqrt(s->m2 / (s->n - 1)); return true;
    case MR_AGG_STDDEV_POP: *out = sqrt(s->m2 / s->n); return true;
    case MR_AGG_VAR_SAMP: *out = s->m2 / (s->n - 1); return true;
    case MR_AGG_VAR_POP: *out = s->m2 / s->n; return true;
    case MR_AGG_SKEWNESS: *out = sqrt(s->n) * s->m3 / sqrt(s->m2 * s->m2 * s->m2); break;
    default: *out = s->n * s->m4 / (s->m2 * s->m2) - 3; break;
    }
    return s->m2 != 0;
}

static mr_status moments_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                                struct mr_text_area *area, struct mr_err *err)
{
    double value;
    if (!moments_value(agg->function->op, state, &value)) {
        return mr_column_append_nulls(out, area, 1, err);
    }
    mr_column_append_fixed(out, &value);
    return MR_OK;
}

const struct mr_aggregate_kind mr_kind_variance = {
    .state_bytes = sizeof(struct moments), .scatter = variance_scatter,
    .reduce = variance_reduce, .merge = moments_merge, .finish = moments_finish};
const struct mr_aggregate_kind mr_kind_moments = {
    .state_bytes = sizeof(struct moments), .scatter = moments_scatter, .reduce = moments_reduce,
    .merge = moments_merge, .finish = moments_finish};

/* Of pairs (a, b): means, sums of squares and of products around them. */
struct pairs {
    double n, mean_a, mean_b, aa, bb, ab;
};

static mr_status pairs_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                            uint32_t row, struct mr_err *err)
{
    (void)agg;
    (void)err;
    if (mr_vec_is_null(&args[0], row) || mr_vec_is_null(&args[1], row)) return MR_OK;
    struct pairs *s = state;
    double a = ((const double *)args[0].values)[row], b = ((const double *)args[1].values)[row];
    double da = a - s->mean_a, db = b - s->mean_b;
    s->n += 1;
    s->mean_a += da / s->n;
    s->mean_b += db / s->n;
    s->ab += da * (b - s->mean_b);
    s->aa += da * (a - s->mean_a);
    s->bb += db * (b - s->mean_b);
    return MR_OK;
}

AGG_BY_ROW(pairs)

static void pairs_merge(const struct mr_aggregate *agg, void *into, const void *from)
{
    (void)agg;
    struct pairs *s = into;
    const struct pairs *o = from;
    if (o->n == 0) return;
    double n = s->n + o->n, weight = s->n * o->n / n;
    double da = o->mean_a - s->mean_a, db = o->mean_b - s->mean_b;
    s->ab += o->ab + da * db * weight;
    s->aa += o->aa + da * da * weight;
    s->bb += o->bb + db * db * weight;
    s->mean_a += da / n * o->n;
    s->mean_b += db / n * o->n;
    s->n = n;
}

/* pairs_value: of regressions a is y, the value that depends, and b is x. */
static bool pairs_value(mr_aggregate_op op, const struct pairs *s, double *out)
{
    if (s->n == 0) return false;
    switch (op) {
    case MR_AGG_COVAR_POP: *out = s->ab / s->n; return true;
    case MR_AGG_COVAR_SAMP: *out = s->ab / (s->n - 1); return s->n > 1;
    case MR_AGG_CORR: *out = s->ab / sqrt(s->aa * s->bb); return s->aa != 0 && s->bb != 0;
    case MR_AGG_REGR_AVGX: *out = s->mean_b; return true;
    case MR_AGG_REGR_AVGY: *out = s->mean_a; return true;
    case MR_AGG_REGR_SXX: *out = s->bb; return true;
    case MR_AGG_REGR_SYY: *out = s->aa; return true;
    case MR_AGG_REGR_SXY: *out = s->ab; return true;
    case MR_AGG_REGR_R2:
        *out = s->aa == 0 ? 1 : s->ab * s->ab / s->aa / s->bb;
        return s->bb != 0;
    case MR_AGG_REGR_SLOPE: *out = s->ab / s->bb; return s->bb != 0;
    default: *out = s->mean_a - s->ab / s->bb * s->mean_b; return s->bb != 0;
    }
}

static mr_status pairs_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                              struct mr_text_area *area, struct mr_err *err)
{
    const struct pairs *s = state;
    double value = 0;
    if (agg->function->op == MR_AGG_REGR_COUNT) {
        int64_t count = (int64_t)s->n;
        mr_column_append_fixed(out, &count);
        return MR_OK;
    }
    if (!pairs_value(agg->function->op, s, &value)) {
        return mr_column_append_nulls(out, area, 1, err);
    }
    mr_column_append_fixed(out, &value);
    return MR_OK;
}

const struct mr_aggregate_kind mr_kind_pairs = {
    .state_bytes = sizeof(struct pairs), .scatter = pairs_scatter, .reduce = pairs_reduce,
    .merge = pairs_merge, .finish = pairs_finish};

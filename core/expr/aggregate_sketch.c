/* approx_count_distinct: HyperLogLog.
 *
 * A value's hash chooses one of 2^bits registers by its first bits, and the register keeps the
 * longest run of zeros that followed. Spark corrects its estimate by measured tables; here it is
 * Ertl's, which needs none and has the same error (1.04 / sqrt(2^bits)), with the number of
 * registers that Spark takes for a relative standard deviation. Hashes have a fixed seed: states
 * of different shards and runs add up.
 *
 * Source: Flajolet et al. (2007); Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches" (2017), algorithm 6. */
#include <math.h>

#include "core/expr/aggregate_impl.h"
#include "core/expr/order.h"

struct sketch_state {
    uint8_t *registers; /* [1 << bits]; null = no value yet */
    void *pad;
};

static mr_status sketch_make(struct mr_aggregate *agg, struct sketch_state *sketch,
                             struct mr_err *err)
{
    size_t count = (size_t)1 << agg->hll_bits;
    sketch->registers = mr_blocks_take(&agg->blocks, count);
    if (sketch->registers == NULL) return mr_aggregate_nomem(agg, err);
    memset(sketch->registers, 0, count);
    return MR_OK;
}

static mr_status sketch_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                             uint32_t row, struct mr_err *err)
{
    struct sketch_state *sketch = state;
    uint64_t hash = 42;
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    if (sketch->registers == NULL) MR_TRY(sketch_make(agg, sketch, err));
    mr_hash_rows(&args[0], &row, 1, &hash);
    hash = mr_hash_mix(hash, 1); /* once more: the first bits of short values need it */
    uint64_t index = hash >> (64 - agg->hll_bits);
    uint64_t rest = hash << agg->hll_bits | UINT64_C(1) << (agg->hll_bits - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
    if (rank > sketch->registers[index]) sketch->registers[index] = rank;
    return MR_OK;
}

static void sketch_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    const struct sketch_state *sketch = state;
    if (sketch->registers != NULL) {
        mr_text_add(out, sketch->registers, (size_t)1 << agg->hll_bits);
    }
}

static mr_status sketch_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                             struct mr_err *err)
{
    struct sketch_state *sketch = state;
    if (saved.bytes == 0) return MR_OK;
    if (sketch->registers == NULL) MR_TRY(sketch_make(agg, sketch, err));
    for (size_t i = 0; i < saved.bytes; i++) {
        uint8_t rank = (uint8_t)saved.text[i];
        if (rank > sketch->registers[i]) sketch->registers[i] = rank;
    }
    return MR_OK;
}

static void sketch_drop(struct mr_aggregate *agg, void *state)
{
    struct sketch_state *sketch = state;
    mr_blocks_give(&agg->blocks, sketch->registers, (size_t)1 << agg->hll_bits);
    sketch->registers = NULL;
}

static double sigma(double x)
{
    if (x == 1) return INFINITY;
    double y = 1, z = x, before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    if (x == 0 || x == 1) return 0;
    double y = 1, z = 1 - x, before;
    do {
        x = sqrt(x);
        before = z;
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

static double estimate(const uint8_t *registers, unsigned bits)
{
    uint32_t of_rank[66] = {0};
    uint32_t count = UINT32_C(1) << bits;
    double m = count, ranks = 64 - bits;
    for (uint32_t i = 0; i < count; i++) of_rank[registers[i]]++;
    double z = m * tau(1 - of_rank[(unsigned)ranks + 1] / m);
    for (unsigned k = (unsigned)ranks; k >= 1; k--) z = (z + of_rank[k]) / 2;
    z += m * sigma(of_rank[0] / m);
    return m * m / (2 * log(2) * z);
}

static mr_status sketch_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                               struct mr_text_area *area, struct mr_err *err)
{
    (void)area;
    (void)err;
    const struct sketch_state *sketch = state;
    int64_t count = 0;
    if (sketch->registers != NULL) count = llround(estimate(sketch->registers, agg->hll_bits));
    mr_column_append_fixed(out, &count);
    return MR_OK;
}

AGG_BY_ROW(sketch)

const struct mr_aggregate_kind mr_kind_distinct_sketch = {
    .state_bytes = sizeof(struct sketch_state), .scatter = sketch_scatter,
    .reduce = sketch_reduce, .save = sketch_save, .load = sketch_load, .drop = sketch_drop,
    .finish = sketch_finish};

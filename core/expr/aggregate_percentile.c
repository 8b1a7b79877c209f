/* percentile, median and percentile_approx.
 *
 * The exact ones keep all values. The approximate one is Spark's summary: samples with the number
 * of rows each stands for (g) and how far its rank may be off (delta), so that any rank is known
 * within count / accuracy. A rank that is nearer to an end than the error allows is the end.
 *
 * Values are words that order as the numbers do: integers and decimals themselves, doubles by their
 * bits. Source: Greenwald and Khanna, "Space-Efficient Online Computation of Quantile Summaries"
 * (2001). */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/aggregate_impl.h"

/* ---- exact ---- */

struct weighted {
    double value;
    int64_t rows;
};

struct percentile_state {
    struct weighted *at;
    size_t count;
    size_t capacity; /* bytes */
    bool is_sorted;
};

static bool is_before(const struct weighted *a, const struct weighted *b)
{
    return a->value < b->value || (b->value != b->value && a->value == a->value);
}

/* merge_weighted: from[0 .. half) and from[half .. count), each in order, into `to`. */
static void merge_weighted(const struct weighted *from, size_t half, size_t count,
                           struct weighted *to)
{
    size_t a = 0, b = half;
    for (size_t i = 0; i < count; i++) {
        bool takes_b = a == half || (b < count && is_before(&from[b], &from[a]));
        to[i] = takes_b ? from[b++] : from[a++];
    }
}

/* sort_weighted: by merging runs of doubling length to and fro with a second block. */
static mr_status sort_weighted(struct mr_aggregate *agg, struct percentile_state *state,
                               struct mr_err *err)
{
    struct weighted *other = mr_blocks_take(&agg->blocks, state->capacity);
    if (other == NULL) return mr_aggregate_nomem(agg, err);
    for (size_t length = 1; length < state->count; length *= 2) {
        for (size_t at = 0; at < state->count; at += 2 * length) {
            size_t both = MR_MIN(state->count - at, 2 * length);
            merge_weighted(state->at + at, MR_MIN(both, length), both, other + at);
        }
        struct weighted *sorted = other;
        other = state->at;
        state->at = sorted;
    }
    mr_blocks_give(&agg->blocks, other, state->capacity);
    state->is_sorted = true;
    return MR_OK;
}

static mr_status percentile_add(struct mr_aggregate *agg, struct percentile_state *state,
                                const struct weighted *added, size_t count, struct mr_err *err)
{
    size_t used = state->count * sizeof *added, more = count * sizeof *added;
    if (used + more > state->capacity) {
        void *at = state->at;
        MR_TRY(mr_block_grow(agg, &at, &state->capacity, used, used + more, err));
        state->at = at;
    }
    if (count > 0) memcpy(state->at + state->count, added, more);
    state->count += count;
    state->is_sorted = false;
    return MR_OK;
}

static mr_status percentile_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                                 uint32_t row, struct mr_err *err)
{
    if (mr_vec_is_null(&args[0], row) || mr_vec_is_null(&args[1], row)) return MR_OK;
    struct weighted added = {.value = ((const double *)args[0].values)[row],
                             .rows = ((const int64_t *)args[1].values)[row]};
    if (added.rows < 0) {
        return mr_err_set(err, MR_E_ARITHMETIC, 1315, "a frequency of %s is negative: %lld",
                          agg->function->name, (long long)added.rows);
    }
    return added.rows == 0 ? MR_OK : percentile_add(agg, state, &added, 1, err);
}

static void percentile_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    (void)agg;
    const struct percentile_state *own = state;
    mr_text_add(out, own->at, own->count * sizeof *own->at);
}

static mr_status percentile_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                                 struct mr_err *err)
{
    struct weighted added;
    for (size_t at = 0; at < saved.bytes; at += sizeof added) {
        memcpy(&added, saved.text + at, sizeof added);
        MR_TRY(percentile_add(agg, state, &added, 1, err));
    }
    return MR_OK;
}

static void percentile_drop(struct mr_aggregate *agg, void *state)
{
    struct percentile_state *own = state;
    mr_blocks_give(&agg->blocks, own->at, own->capacity);
    *own = (struct percentile_state){0};
}

/* value_of_rank: the value of the rank-th row, from 0. */
static double value_of_rank(const struct percentile_state *state, int64_t rank)
{
    size_t i = 0;
    for (; i + 1 < state->count && rank >= state->at[i].rows; i++) rank -= state->at[i].rows;
    return state->at[i].value;
}

static double percentile_of(const struct percentile_state *state, int64_t rows, double p)
{
    double position = (double)(rows - 1) * p, low = floor(position), high = ceil(position);
    double below = value_of_rank(state, (int64_t)low);
    if (high == low) return below;
    double above = value_of_rank(state, (int64_t)high);
    if (below == above) return below;
    return (high - position) * below + (position - low) * above;
}

static mr_status percentile_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                                   struct mr_text_area *area, struct mr_err *err)
{
    struct percentile_state *own = state;
    const struct mr_percentages *wanted = agg->percentages;
    int64_t rows = 0;
    if (own->count == 0) return mr_column_append_nulls(out, area, 1, err);
    if (!own->is_sorted) MR_TRY(sort_weighted(agg, own, err));
    for (size_t i = 0; i < own->count; i++) {
        if (__builtin_add_overflow(rows, own->at[i].rows, &rows)) {
            return mr_err_set(err, MR_E_ARITHMETIC, 1310, "the frequencies of %s add up to more "
                              "than a bigint holds", agg->function->name);
        }
    }
    struct mr_vec *to = wanted->is_list ? &out->children[0] : out;
    if (wanted->is_list) MR_TRY(mr_column_grow(to, area->arena, wanted->count, err));
    for (uint32_t i = 0; i < wanted->count; i++) {
        double value = percentile_of(own, rows, wanted->at[i]);
        mr_column_append_fixed(to, &value);
    }
    if (wanted->is_list) mr_column_close_list(out);
    return MR_OK;
}

AGG_BY_ROW(percentile)

const struct mr_aggregate_kind mr_kind_percentile = {
    .state_bytes = sizeof(struct percentile_state), .scatter = percentile_scatter,
    .reduce = percentile_reduce, .save = percentile_save, .load = percentile_load,
    .drop = percentile_drop, .finish = percentile_finish};

/* ---- approximate ---- */

enum { HEAD_MAX = 50000, COMPRESS_ABOVE = 10000 };

struct sample {
    mr_i128 value;
    uint64_t g, delta;
};

struct quantile_state {
    struct sample *samples; /* ascending */
    size_t sample_count;
    size_t samples_capacity; /* bytes */
    mr_i128 *head;           /* rows not among the samples yet */
    size_t head_count;
    size_t head_capacity; /* bytes */
    uint64_t count;       /* rows that the samples stand for */
    uint64_t pad;
};
static_assert(sizeof(struct quantile_state) % 16 == 0, "states are aligned to 16");

static mr_i128 word_of(const struct mr_vec *vec, uint32_t row)
{
    double value;
    int64_t word;
    if (vec->type->id == MR_TYPE_FLOAT) value = ((const float *)vec->values)[row];
    else if (vec->type->id == MR_TYPE_DOUBLE) value = ((const double *)vec->values)[row];
    else if (mr_type_width(vec->type) == 16) return ((const mr_i128 *)vec->values)[row];
    else return mr_vec_i64(vec, row);
    value = value == value ? value + 0.0 : (double)NAN;
    memcpy(&word, &value, sizeof word);
    return word < 0 ? word ^ INT64_MAX : word;
}

static void put_value(struct mr_vec *out, mr_i128 value)
{
    if (out->type->id == MR_TYPE_FLOAT || out->type->id == MR_TYPE_DOUBLE) {
        int64_t word = (int64_t)value;
        double number;
        word = word < 0 ? word ^ INT64_MAX : word;
        memcpy(&number, &word, sizeof number);
        float narrow = (float)number;
        mr_column_append_fixed(out, out->type->id == MR_TYPE_FLOAT ? (void *)&narrow : &number);
    } else {
        mr_column_append_fixed(out, &value); /* the low bytes: little endian */
    }
}

/* sift_words, sort_words: heapsort: needs no memory, and the head is small. */
static void sift_words(mr_i128 *at, size_t root, size_t count)
{
    mr_i128 moved = at[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && at[child] < at[child + 1]) child++;
        if (moved >= at[child]) break;
        at[root] = at[child];
    }
    at[root] = moved;
}

static void sort_words(mr_i128 *at, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) sift_words(at, i, count);
    for (size_t end = count; end > 1; end--) {
        mr_i128 last = at[end - 1];
        at[end - 1] = at[0];
        at[0] = last;
        sift_words(at, 0, end - 1);
    }
}

static double error_of(const struct mr_aggregate *agg)
{
    return 1.0 / (double)agg->accuracy;
}

/* replace_samples: the merged list takes the place of the old one. */
static void replace_samples(struct mr_aggregate *agg, struct quantile_state *own,
                            struct sample *merged, size_t count, size_t capacity)
{
    mr_blocks_give(&agg->blocks, own->samples, own->samples_capacity);
    own->samples = merged;
    own->sample_count = count;
    own->samples_capacity = capacity;
}

/* compress: neighbours that together stand for few enough rows become one, from the back. */
static void compress(const struct mr_aggregate *agg, struct quantile_state *own)
{
    if (own->sample_count < 2) return;
    double threshold = 2 * error_of(agg) * (double)own->count;
    struct sample *at = own->samples, head = at[own->sample_count - 1];
    size_t to = own->sample_count; /* kept ones are moved to the back, then down */
    for (size_t i = own->sample_count - 1; i-- > 1;) {
        if ((double)(at[i].g + head.g + head.delta) < threshold) {
            head.g += at[i].g;
        } else {
            at[--to] = head;
            head = at[i];
        }
    }
    at[--to] = head;
    if (at[0].value <= head.value) at[--to] = at[0];
    own->sample_count -= to;
    memmove(at, at + to, own->sample_count * sizeof *at);
}

/* take_head: the rows of the head become samples. */
static mr_status take_head(struct mr_aggregate *agg, struct quantile_state *own,
                           struct mr_err *err)
{
    if (own->head_count == 0) return MR_OK;
    size_t capacity = (own->sample_count + own->head_count) * sizeof(struct sample);
    struct sample *merged = mr_blocks_take(&agg->blocks, capacity);
    if (merged == NULL) return mr_aggregate_nomem(agg, err);
    sort_words(own->head, own->head_count);
    size_t from = 0, to = 0;
    for (size_t i = 0; i < own->head_count; i++) {
        while (from < own->sample_count && own->samples[from].value <= own->head[i]) {
            merged[to++] = own->samples[from++];
        }
        own->count++;
        bool is_end = to == 0 || (from == own->sample_count && i + 1 == own->head_count);
        uint64_t delta = is_end ? 0 : (uint64_t)(2 * error_of(agg) * (double)own->count);
        merged[to++] = (struct sample){.value = own->head[i], .g = 1, .delta = delta};
    }
    while (from < own->sample_count) merged[to++] = own->samples[from++];
    replace_samples(agg, own, merged, to, capacity);
    own->head_count = 0;
    if (own->sample_count >= COMPRESS_ABOVE) compress(agg, own);
    return MR_OK;
}

static mr_status quantiles_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                                uint32_t row, struct mr_err *err)
{
    struct quantile_state *own = state;
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    size_t used = own->head_count * sizeof *own->head;
    if (used + sizeof *own->head > own->head_capacity) {
        void *at = own->head;
        MR_TRY(mr_block_grow(agg, &at, &own->head_capacity, used, used + sizeof *own->head, err));
        own->head = at;
    }
    own->head[own->head_count++] = word_of(&args[0], row);
    return own->head_count == HEAD_MAX ? take_head(agg, own, err) : MR_OK;
}

static mr_status quantile_list(struct mr_aggregate *agg, struct quantile_state *own,
                               struct mr_vec *out, struct mr_text_area *area, struct mr_err *err);

static mr_status quantiles_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                                  struct mr_text_area *area, struct mr_err *err)
{
    struct quantile_state *own = state;
    MR_TRY(take_head(agg, own, err));
    compress(agg, own); /* Spark does, and so the answers are its */
    if (own->sample_count == 0) return mr_column_append_nulls(out, area, 1, err);
    return quantile_list(agg, own, out, area, err);
}

static mr_i128 quantile_of(const struct mr_aggregate *agg, const struct quantile_state *own,
                           double p)
{
    const struct sample *at = own->samples;
    size_t last = own->sample_count - 1;
    uint64_t spread = 0, rank_min = 0;
    if (p <= error_of(agg)) return at[0].value;
    if (p >= 1 - error_of(agg)) return at[last].value;
    for (size_t i = 0; i <= last; i++) spread = MR_MAX(spread, at[i].g + at[i].delta);
    double rank = ceil(p * (double)own->count), target = (double)spread / 2;
    for (size_t i = 0; i < last; i++) {
        rank_min += at[i].g;
        double rank_max = (double)(rank_min + at[i].delta);
        if (rank_max - target <= rank && rank <= (double)rank_min + target) return at[i].value;
    }
    return at[last].value;
}

static mr_status quantile_list(struct mr_aggregate *agg, struct quantile_state *own,
                               struct mr_vec *out, struct mr_text_area *area, struct mr_err *err)
{
    const struct mr_percentages *wanted = agg->percentages;
    struct mr_vec *to = wanted->is_list ? &out->children[0] : out;
    if (wanted->is_list) MR_TRY(mr_column_grow(to, area->arena, wanted->count, err));
    for (uint32_t i = 0; i < wanted->count; i++) {
        put_value(to, quantile_of(agg, own, wanted->at[i]));
    }
    if (wanted->is_list) mr_column_close_list(out);
    return MR_OK;
}

/* Saved: count, number of samples, samples, the head's rows. */
static void quantiles_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    (void)agg;
    const struct quantile_state *own = state;
    uint64_t counts[2] = {own->count, own->sample_count};
    mr_text_add(out, counts, sizeof counts);
    mr_text_add(out, own->samples, own->sample_count * sizeof *own->samples);
    mr_text_add(out, own->head, own->head_count * sizeof *own->head);
}

static struct sample sample_of(struct mr_span samples, size_t i)
{
    struct sample sample;
    memcpy(&sample, samples.text + i * sizeof sample, sizeof sample);
    return sample;
}

/* merge_samples: both lists in order; a rank within one of them is off by the other's error too. */
static mr_status merge_samples(struct mr_aggregate *agg, struct quantile_state *own,
                               struct mr_span samples, uint64_t count, struct mr_err *err)
{
    size_t others = samples.bytes / sizeof(struct sample), to = 0, i = 0, k = 0;
    size_t capacity = (own->sample_count + others) * sizeof(struct sample);
    uint64_t own_error = (uint64_t)(2 * error_of(agg) * (double)own->count);
    uint64_t other_error = (uint64_t)(2 * error_of(agg) * (double)count);
    struct sample *merged = mr_blocks_take(&agg->blocks, capacity);
    if (merged == NULL) return mr_aggregate_nomem(agg, err);
    while (i < own->sample_count || k < others) {
        struct sample other = k < others ? sample_of(samples, k) : (struct sample){0};
        bool is_own = k == others || (i < own->sample_count && own->samples[i].value < other.value);
        if (is_own) {
            merged[to] = own->samples[i++];
            if (k > 0 && k < others) merged[to].delta += other_error;
        } else {
            merged[to] = other;
            if (i > 0 && i < own->sample_count) merged[to].delta += own_error;
            k++;
        }
        to++;
    }
    replace_samples(agg, own, merged, to, capacity);
    own->count += count;
    if (own->sample_count >= COMPRESS_ABOVE) compress(agg, own);
    return MR_OK;
}

static mr_status quantiles_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                                struct mr_err *err)
{
    struct quantile_state *own = state;
    uint64_t counts[2];
    memcpy(counts, saved.text, sizeof counts);
    struct mr_span samples = {saved.text + sizeof counts, counts[1] * sizeof(struct sample)};
    if (counts[1] > 0) {
        MR_TRY(take_head(agg, own, err));
        MR_TRY(merge_samples(agg, own, samples, counts[0], err));
    }
    const char *end = saved.text + saved.bytes;
    for (const char *at = samples.text + samples.bytes; at < end; at += sizeof(mr_i128)) {
        mr_i128 value;
        memcpy(&value, at, sizeof value);
        size_t used = own->head_count * sizeof value;
        if (used + sizeof value > own->head_capacity) {
            void *head = own->head;
            MR_TRY(mr_block_grow(agg, &head, &own->head_capacity, used, used + sizeof value, err));
            own->head = head;
        }
        own->head[own->head_count++] = value;
        if (own->head_count == HEAD_MAX) MR_TRY(take_head(agg, own, err));
    }
    return MR_OK;
}

static void quantiles_drop(struct mr_aggregate *agg, void *state)
{
    struct quantile_state *own = state;
    mr_blocks_give(&agg->blocks, own->samples, own->samples_capacity);
    mr_blocks_give(&agg->blocks, own->head, own->head_capacity);
    *own = (struct quantile_state){0};
}

AGG_BY_ROW(quantiles)

const struct mr_aggregate_kind mr_kind_quantiles = {
    .state_bytes = sizeof(struct quantile_state), .scatter = quantiles_scatter,
    .reduce = quantiles_reduce, .save = quantiles_save, .load = quantiles_load,
    .drop = quantiles_drop, .finish = quantiles_finish};

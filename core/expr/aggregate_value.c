/* Aggregates that keep a value of any type, as its code (value_code.h): min and max where no plain
 * number will do, first, last, min_by, max_by. */
#include "core/base/checked.h"
#include "core/expr/aggregate_impl.h"
#include "core/expr/value_code.h"

enum { KEPT_SMALL = 24 };

/* A code; short ones lie in the state. No code is empty, so 0 bytes = nothing kept. */
struct kept {
    union {
        char small[KEPT_SMALL];
        struct {
            char *at;
            size_t capacity;
        } block;
    } u;
    size_t bytes;
};

static const char *kept_code(const struct kept *kept)
{
    return kept->bytes <= KEPT_SMALL ? kept->u.small : kept->u.block.at;
}

static void kept_drop(struct mr_aggregate *agg, struct kept *kept)
{
    if (kept->bytes > KEPT_SMALL) {
        mr_blocks_give(&agg->blocks, kept->u.block.at, kept->u.block.capacity);
    }
    kept->bytes = 0;
}

static mr_status kept_set(struct mr_aggregate *agg, struct kept *kept, struct mr_span code,
                          struct mr_err *err)
{
    bool is_small = code.bytes <= KEPT_SMALL;
    bool fits = kept->bytes > KEPT_SMALL && !is_small && code.bytes <= kept->u.block.capacity;
    if (!fits) {
        char *at = is_small ? NULL : mr_blocks_take(&agg->blocks, code.bytes);
        if (!is_small && at == NULL) return mr_aggregate_nomem(agg, err);
        kept_drop(agg, kept);
        if (!is_small) {
            kept->u.block.at = at;
            kept->u.block.capacity = code.bytes;
        }
    }
    memcpy(is_small ? kept->u.small : kept->u.block.at, code.text, code.bytes);
    kept->bytes = code.bytes;
    return MR_OK;
}

/* code_of: a row's value in the aggregate's scratch. */
static mr_status code_of(struct mr_aggregate *agg, const struct mr_vec *vec, uint32_t row,
                         struct mr_span *out_code, struct mr_err *err)
{
    mr_text_reset(&agg->scratch);
    mr_value_encode(vec, row, &agg->scratch);
    MR_TRY(mr_text_end(&agg->scratch, err));
    *out_code = mr_text_span(&agg->scratch);
    return MR_OK;
}

static mr_status kept_finish(struct mr_aggregate *agg, void *state, struct mr_vec *out,
                             struct mr_text_area *area, struct mr_err *err)
{
    (void)agg;
    const struct kept *kept = state;
    if (kept->bytes == 0) return mr_column_append_nulls(out, area, 1, err);
    const char *at = kept_code(kept);
    return mr_value_decode(&at, out, area, err);
}

static void kept_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    (void)agg;
    const struct kept *kept = state;
    mr_text_add(out, kept_code(kept), kept->bytes);
}

static void kept_drop_state(struct mr_aggregate *agg, void *state)
{
    kept_drop(agg, state);
}

/* is_better: whether a code replaces the one that min or max has. */
static bool is_better(const struct mr_aggregate *agg, const struct kept *kept, struct mr_span code)
{
    if (kept->bytes == 0) return true;
    mr_aggregate_op op = agg->function->op;
    int order = mr_span_compare(code, (struct mr_span){kept_code(kept), kept->bytes});
    return op == MR_AGG_MIN || op == MR_AGG_MIN_BY ? order < 0 : order > 0;
}

/* ---- min, max ---- */

static mr_status kept_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                           uint32_t row, struct mr_err *err)
{
    struct mr_span code;
    if (mr_vec_is_null(&args[0], row)) return MR_OK;
    MR_TRY(code_of(agg, &args[0], row, &code, err));
    return is_better(agg, state, code) ? kept_set(agg, state, code, err) : MR_OK;
}

static mr_status kept_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                           struct mr_err *err)
{
    if (saved.bytes == 0 || !is_better(agg, state, saved)) return MR_OK;
    return kept_set(agg, state, saved, err);
}

AGG_BY_ROW(kept)

const struct mr_aggregate_kind mr_kind_kept = {
    .state_bytes = sizeof(struct kept), .scatter = kept_scatter, .reduce = kept_reduce,
    .save = kept_save, .load = kept_load, .drop = kept_drop_state, .finish = kept_finish};

/* ---- first, last ---- */

static mr_status first_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                            uint32_t row, struct mr_err *err)
{
    struct mr_span code;
    if (((struct kept *)state)->bytes > 0) return MR_OK;
    if (agg->ignores_nulls && mr_vec_is_null(&args[0], row)) return MR_OK;
    MR_TRY(code_of(agg, &args[0], row, &code, err));
    return kept_set(agg, state, code, err);
}

static mr_status first_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                            struct mr_err *err)
{
    if (saved.bytes == 0 || ((struct kept *)state)->bytes > 0) return MR_OK;
    return kept_set(agg, state, saved, err);
}

static mr_status last_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                           uint32_t row, struct mr_err *err)
{
    struct mr_span code;
    if (agg->ignores_nulls && mr_vec_is_null(&args[0], row)) return MR_OK;
    MR_TRY(code_of(agg, &args[0], row, &code, err));
    return kept_set(agg, state, code, err);
}

static mr_status last_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                           struct mr_err *err)
{
    return saved.bytes == 0 ? MR_OK : kept_set(agg, state, saved, err);
}

AGG_BY_ROW(first)
AGG_BY_ROW(last)

const struct mr_aggregate_kind mr_kind_first = {
    .state_bytes = sizeof(struct kept), .scatter = first_scatter, .reduce = first_reduce,
    .save = kept_save, .load = first_load, .drop = kept_drop_state, .finish = kept_finish};
const struct mr_aggregate_kind mr_kind_last = {
    .state_bytes = sizeof(struct kept), .scatter = last_scatter, .reduce = last_reduce,
    .save = kept_save, .load = last_load, .drop = kept_drop_state, .finish = kept_finish};

/* ---- min_by, max_by: rows where the second argument is null do not count ---- */

struct by_state {
    struct kept value; /* first: what finish gives */
    struct kept key;
};

static mr_status by_step(struct mr_aggregate *agg, void *state, const struct mr_vec *args,
                         uint32_t row, struct mr_err *err)
{
    struct by_state *by = state;
    struct mr_span code;
    if (mr_vec_is_null(&args[1], row)) return MR_OK;
    MR_TRY(code_of(agg, &args[1], row, &code, err));
    if (!is_better(agg, &by->key, code)) return MR_OK;
    MR_TRY(kept_set(agg, &by->key, code, err));
    MR_TRY(code_of(agg, &args[0], row, &code, err));
    return kept_set(agg, &by->value, code, err);
}

static void by_save(struct mr_aggregate *agg, void *state, struct mr_text *out)
{
    const struct by_state *by = state;
    if (by->key.bytes == 0) return;
    mr_text_add(out, &by->key.bytes, sizeof by->key.bytes);
    mr_text_add(out, kept_code(&by->key), by->key.bytes);
    kept_save(agg, state, out);
}

static mr_status by_load(struct mr_aggregate *agg, void *state, struct mr_span saved,
                         struct mr_err *err)
{
    struct by_state *by = state;
    struct mr_span key;
    if (saved.bytes == 0) return MR_OK;
    memcpy(&key.bytes, saved.text, sizeof key.bytes);
    key.text = saved.text + sizeof key.bytes;
    if (!is_better(agg, &by->key, key)) return MR_OK;
    MR_TRY(kept_set(agg, &by->key, key, err));
    size_t before = sizeof key.bytes + key.bytes;
    return kept_set(agg, &by->value,
                    (struct mr_span){saved.text + before, saved.bytes - before}, err);
}

static void by_drop(struct mr_aggregate *agg, void *state)
{
    struct by_state *by = state;
    kept_drop(agg, &by->value);
    kept_drop(agg, &by->key);
}

AGG_BY_ROW(by)

const struct mr_aggregate_kind mr_kind_by = {
    .state_bytes = sizeof(struct by_state), .scatter = by_scatter, .reduce = by_reduce,
    .save = by_save, .load = by_load, .drop = by_drop, .finish = kept_finish};

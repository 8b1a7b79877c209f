/* Hash aggregate: groups rows by key and folds them into states, then gives a row per group, in the
 * order in which the groups came.
 *
 * Grouping sets multiply the rows: once per set, with null for the groups that do not count and the
 * set's number as one more key. DISTINCT keeps a set of (group, arguments) per function and lets a
 * row pass where that is new. While there are few groups and several functions the rows of a batch
 * are put in order of their group and each run is reduced by itself: a state that is hammered row
 * by row costs the time from store to load (TECHNIQUES 5). Putting them in order costs more than it
 * gains with two functions; one group needs no order.
 *
 * In two phases PARTIAL gives the keys and each function's saved state as binary, and FINAL, over
 * the same groups as its first columns, loads them. */
#include "core/expr/aggregate_state.h"
#include "core/ops/op_groups_impl.h"

enum { FEW_GROUPS = 64, RUNS_CALLS_MIN = 5, NO_COLUMN = UINT32_MAX };

struct call {
    struct mr_aggregate agg;
    uint32_t first_arg; /* columns of the program */
    uint32_t row_args;
    uint32_t filter; /* NO_COLUMN = none */
    size_t off;      /* of the state within a group's */
    bool is_distinct;
    struct mr_row_store seen; /* DISTINCT: group, arguments */
    struct mr_row_index index;
};

struct aggregate {
    struct mr_operator op;
    struct mr_arena arena;
    struct mr_op_aggregate_spec spec;
    struct mr_program *program; /* groups, arguments, filters */
    uint32_t column_count;      /* of the program */
    struct call *calls;
    struct groups groups;
    uint32_t *few_ids;  /* scratch: rows in order of their groups, and where each begins */
    uint32_t *few_from;
    uint32_t *rows;     /* scratch of narrowed lists: [MR_BATCH_ROWS_MAX] each */
    char **states;
    uint64_t *hashes;
    uint32_t *ids, *added;
    bool is_done; /* the input has ended */
    uint32_t given;
    struct op_out out;
};

/* ---- making one ---- */

static mr_status make_program(struct aggregate *self, struct mr_err *err)
{
    const struct mr_op_aggregate_spec *spec = &self->spec;
    bool is_final = spec->phase == MR_OP_AGGREGATE_FINAL;
    uint32_t count = spec->group_count;
    for (uint32_t i = 0; i < spec->call_count && !is_final; i++) {
        count += spec->calls[i].call.arg_count + 1;
    }
    const struct mr_expr **exprs = MR_ARENA_ARRAY(&self->arena, const struct mr_expr *, count);
    if (exprs == NULL) return op_nomem(err);
    count = 0;
    for (uint32_t i = 0; i < spec->group_count; i++) exprs[count++] = spec->groups[i];
    for (uint32_t i = 0; i < spec->call_count && !is_final; i++) {
        const struct mr_op_aggregate_call *from = &spec->calls[i];
        struct call *call = &self->calls[i];
        call->first_arg = count;
        call->filter = NO_COLUMN;
        for (uint32_t k = 0; k < call->row_args; k++) exprs[count++] = from->call.args[k];
        if (from->filter == NULL) continue;
        call->filter = count;
        exprs[count++] = from->filter;
    }
    self->column_count = count;
    return mr_program_compile(self->op.env->heap, exprs, count, &self->program, err);
}

static mr_status make_seen(struct aggregate *self, uint32_t i, struct mr_err *err)
{
    const struct mr_aggregate_call *from = &self->spec.calls[i].call;
    struct call *call = &self->calls[i];
    const struct mr_type **types =
        MR_ARENA_ARRAY(&self->arena, const struct mr_type *, call->row_args + 1);
    if (types == NULL) return op_nomem(err);
    types[0] = mr_type_of(MR_TYPE_INT);
    for (uint32_t k = 0; k < call->row_args; k++) types[k + 1] = from->args[k]->type;
    MR_TRY(mr_row_store_init(&call->seen, self->op.env->heap, types, call->row_args + 1, err));
    mr_row_index_init(&call->index, self->op.env->heap, &call->seen, call->row_args + 1,
                      self->op.env->seed);
    return MR_OK;
}

static mr_status make_calls(struct aggregate *self, size_t *out_bytes, struct mr_err *err)
{
    const struct mr_op_aggregate_spec *spec = &self->spec;
    self->calls = MR_ARENA_ARRAY(&self->arena, struct call, spec->call_count);
    if (self->calls == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < spec->call_count; i++) {
        struct call *call = &self->calls[i];
        MR_TRY(mr_aggregate_open(&call->agg, self->op.env->heap, self->op.env->context.zone,
                                 &spec->calls[i].call, err));
        call->row_args = call->agg.row_args;
        call->off = *out_bytes;
        *out_bytes += call->agg.kind->state_bytes;
        call->is_distinct = spec->calls[i].call.is_distinct;
        MR_ASSERT(!call->is_distinct || spec->phase == MR_OP_AGGREGATE_WHOLE);
        if (call->is_distinct) MR_TRY(make_seen(self, i, err));
    }
    return MR_OK;
}

static mr_status make_scratch(struct aggregate *self, struct mr_err *err)
{
    struct mr_arena *arena = &self->arena;
    self->few_ids = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->few_from = MR_ARENA_ARRAY(arena, uint32_t, FEW_GROUPS + 2);
    self->rows = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->states = MR_ARENA_ARRAY(arena, char *, MR_BATCH_ROWS_MAX);
    self->hashes = MR_ARENA_ARRAY(arena, uint64_t, MR_BATCH_ROWS_MAX);
    self->ids = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->added = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    bool is_made = self->few_ids != NULL && self->few_from != NULL && self->rows != NULL &&
                   self->states != NULL && self->hashes != NULL && self->ids != NULL &&
                   self->added != NULL;
    return is_made ? MR_OK : op_nomem(err);
}

static uint32_t key_count(const struct mr_op_aggregate_spec *spec)
{
    return spec->group_count + (spec->sets != NULL);
}

static mr_status make_aggregate(struct aggregate *self, struct mr_err *err)
{
    const struct mr_op_aggregate_spec *spec = &self->spec;
    size_t state_bytes = 0;
    MR_TRY(make_calls(self, &state_bytes, err));
    MR_TRY(make_program(self, err));
    MR_TRY(make_scratch(self, err));
    const struct mr_type **types =
        MR_ARENA_ARRAY(&self->arena, const struct mr_type *, spec->group_count + 1);
    if (types == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < spec->group_count; i++) types[i] = spec->groups[i]->type;
    types[spec->group_count] = mr_type_of(MR_TYPE_INT);
    return groups_init(&self->groups, self->op.env, types, key_count(spec), state_bytes, err);
}

/* ---- taking rows in ---- */

/* The rows of a batch that a function sees, with the states they go to. */
struct taken {
    const uint32_t *at;
    uint32_t count;
    char **states; /* null: the one group */
    uint32_t *ids; /* of the groups; null: the one group */
};

/* narrow: to positions kept[count]. */
static void narrow(struct aggregate *self, struct taken *taken, const uint32_t *kept,
                   uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t position = kept[i];
        self->rows[i] = taken->at == NULL ? position : taken->at[position];
        if (taken->states == NULL) continue;
        self->states[i] = taken->states[position];
        self->ids[i] = taken->ids[position];
    }
    taken->at = self->rows;
    taken->count = count;
    if (taken->states == NULL) return;
    taken->states = self->states;
    taken->ids = self->ids;
}

static void narrow_filter(struct aggregate *self, const struct mr_vec *filter,
                          struct taken *taken)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < taken->count; i++) {
        uint32_t row = taken->at == NULL ? i : taken->at[i];
        bool is_true = !mr_vec_is_null(filter, row) && mr_bit_get(filter->values, row);
        self->added[kept] = i;
        kept += is_true;
    }
    narrow(self, taken, self->added, kept);
}

/* narrow_distinct: to rows whose arguments are new to their group. */
static mr_status narrow_distinct(struct aggregate *self, struct call *call,
                                 struct mr_batch *batch, const struct mr_vec *args,
                                 struct taken *taken, struct mr_err *err)
{
    int32_t *of_row = mr_arena_zeroed(batch->arena, batch->rows * sizeof *of_row, 64);
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, call->row_args + 1);
    uint32_t *found = MR_ARENA_ARRAY(batch->arena, uint32_t, taken->count), added;
    if (of_row == NULL || cols == NULL || found == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < taken->count && taken->ids != NULL; i++) {
        of_row[taken->at == NULL ? i : taken->at[i]] = (int32_t)taken->ids[i];
    }
    cols[0] = (struct mr_vec){.type = mr_type_of(MR_TYPE_INT), .rows = batch->rows,
                              .values = of_row};
    for (uint32_t k = 0; k < call->row_args; k++) cols[k + 1] = args[k];
    mr_row_index_hash(&call->index, cols, taken->at, taken->count, self->hashes);
    MR_TRY(mr_row_index_add(&call->index, cols, taken->at, taken->count, self->hashes, found,
                            self->added, &added, err));
    /* Rows were made in several passes: back into the order of the rows, which some care for. */
    uint8_t *is_new = mr_arena_zeroed(batch->arena, (size_t)taken->count + 1, 1);
    if (is_new == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < added; i++) is_new[self->added[i]] = 1;
    added = 0;
    for (uint32_t i = 0; i < taken->count; i++) {
        self->added[added] = i;
        added += is_new[i];
    }
    narrow(self, taken, self->added, added);
    return MR_OK;
}

/* order_by_group: positions of the batch in order of their groups, for few groups. */
static void order_by_group(struct aggregate *self, const uint32_t *at, uint32_t count)
{
    const uint32_t *ids = self->groups.ids;
    uint32_t groups = groups_count(&self->groups), *from = self->few_from;
    memset(from, 0, (groups + 1) * sizeof *from);
    for (uint32_t i = 0; i < count; i++) from[ids[i] + 1]++;
    for (uint32_t g = 0; g < groups; g++) from[g + 1] += from[g];
    for (uint32_t i = 0; i < count; i++) {
        self->few_ids[from[ids[i]]++] = at == NULL ? i : at[i];
    }
    for (uint32_t g = groups; g > 0; g--) from[g] = from[g - 1];
    from[0] = 0;
}

static mr_status reduce_runs(struct aggregate *self, struct call *call, const struct mr_vec *args,
                             struct mr_err *err)
{
    for (uint32_t g = 0; g < groups_count(&self->groups); g++) {
        uint32_t from = self->few_from[g];
        struct mr_aggregate_rows rows = {.at = self->few_ids + from, .args = args,
                                         .count = self->few_from[g + 1] - from};
        if (rows.count == 0) continue;
        char *state = groups_state(&self->groups, g) + call->off;
        MR_TRY(call->agg.kind->reduce(&call->agg, state, &rows, err));
    }
    return MR_OK;
}

static mr_status update_call(struct aggregate *self, struct call *call, struct mr_batch *batch,
                             const struct mr_vec *cols, struct taken taken, bool has_runs,
                             struct mr_err *err)
{
    const struct mr_vec *args = cols + call->first_arg;
    bool is_plain = call->filter == NO_COLUMN && !call->is_distinct;
    if (has_runs && is_plain) return reduce_runs(self, call, args, err);
    if (call->filter != NO_COLUMN) narrow_filter(self, &cols[call->filter], &taken);
    if (call->is_distinct && taken.count > 0) {
        MR_TRY(narrow_distinct(self, call, batch, args, &taken, err));
    }
    struct mr_aggregate_rows rows = {.at = taken.at, .count = taken.count, .args = args};
    if (taken.states != NULL) {
        return call->agg.kind->scatter(&call->agg, taken.states, call->off, &rows, err);
    }
    char *state = groups_state(&self->groups, 0) + call->off;
    return call->agg.kind->reduce(&call->agg, state, &rows, err);
}

/* load_states: FINAL: the saved states of a batch of partials, which lie behind the groups. */
static mr_status load_states(struct aggregate *self, const struct mr_batch *batch,
                             const struct taken *taken, struct mr_err *err)
{
    for (uint32_t i = 0; i < self->spec.call_count; i++) {
        struct call *call = &self->calls[i];
        const struct mr_vec *saved = &batch->cols[key_count(&self->spec) + i];
        for (uint32_t k = 0; k < taken->count; k++) {
            char *state = taken->states == NULL ? groups_state(&self->groups, 0)
                                                : taken->states[k];
            MR_TRY(mr_aggregate_load(&call->agg, state + call->off,
                                     mr_vec_span(saved, taken->at == NULL ? k : taken->at[k]),
                                     err));
        }
    }
    return MR_OK;
}

/* update: the batch's selected rows under the given keys. */
static mr_status update(struct aggregate *self, struct mr_batch *batch, const struct mr_vec *keys,
                        const struct mr_vec *cols, struct mr_err *err)
{
    struct taken taken = {.at = batch->sel, .count = batch->sel_count};
    bool has_runs = false;
    if (self->groups.key_count > 0) {
        MR_TRY(groups_resolve(&self->groups, keys, taken.at, taken.count, err));
        taken.states = self->groups.states;
        taken.ids = self->groups.ids;
        uint32_t groups = groups_count(&self->groups);
        has_runs = groups <= FEW_GROUPS && self->spec.call_count >= RUNS_CALLS_MIN;
        if (groups == 1 && self->spec.phase != MR_OP_AGGREGATE_FINAL) {
            taken.states = NULL; /* as without keys: all rows go to state 0 */
            taken.ids = NULL;
            has_runs = false;
        }
    }
    if (self->spec.phase == MR_OP_AGGREGATE_FINAL) return load_states(self, batch, &taken, err);
    if (has_runs) order_by_group(self, taken.at, taken.count);
    for (uint32_t i = 0; i < self->spec.call_count; i++) {
        MR_TRY(update_call(self, &self->calls[i], batch, cols, taken, has_runs, err));
    }
    return MR_OK;
}

static mr_status null_column(const struct mr_batch *batch, const struct mr_type *type,
                             struct mr_vec *out, struct mr_err *err)
{
    struct mr_text_area area;
    mr_text_area_init(&area, batch->arena, NULL);
    MR_TRY(mr_column_alloc(out, batch->arena, type, batch->rows, &batch->bufs, err));
    return mr_column_append_nulls(out, &area, batch->rows, err);
}

/* set_keys: the groups of set `k`, null where they do not count, and its number. */
static mr_status set_keys(struct aggregate *self, const struct mr_batch *batch,
                          const struct mr_vec *cols, uint32_t k, struct mr_vec *out,
                          struct mr_err *err)
{
    uint32_t groups = self->spec.group_count;
    for (uint32_t i = 0; i < groups; i++) {
        out[i] = cols[i];
        if (self->spec.sets[k] >> i & 1) continue;
        MR_TRY(null_column(batch, self->spec.groups[i]->type, &out[i], err));
    }
    int32_t *numbers = mr_arena_alloc(batch->arena, batch->rows * sizeof *numbers, 64);
    if (numbers == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < batch->rows; i++) numbers[i] = (int32_t)k;
    out[groups] = (struct mr_vec){.type = mr_type_of(MR_TYPE_INT), .rows = batch->rows,
                                  .values = numbers};
    return MR_OK;
}

static mr_status take_batch(struct aggregate *self, struct mr_batch *batch, struct mr_err *err)
{
    const struct mr_op_aggregate_spec *spec = &self->spec;
    uint32_t keys = key_count(spec);
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, self->column_count);
    struct mr_vec *of_set = MR_ARENA_ARRAY(batch->arena, struct mr_vec, keys);
    if (cols == NULL || of_set == NULL) return op_nomem(err);
    MR_TRY(mr_program_run(self->program, &self->op.env->context, batch, cols, err));
    if (spec->sets == NULL) return update(self, batch, cols, cols, err);
    if (spec->phase == MR_OP_AGGREGATE_FINAL) return update(self, batch, batch->cols, cols, err);
    for (uint32_t k = 0; k < spec->set_count; k++) {
        MR_TRY(set_keys(self, batch, cols, k, of_set, err));
        MR_TRY(update(self, batch, of_set, cols, err));
    }
    return MR_OK;
}

/* ---- giving groups ---- */

/* give_grouping_id: Spark's: bit (count - 1 - i) is 1 where group i does not count. */
static void give_grouping_id(struct aggregate *self, const uint32_t *ids, uint32_t count,
                             struct mr_vec *out)
{
    uint32_t groups = self->spec.group_count, at;
    for (uint32_t i = 0; i < count; i++) {
        int64_t id = 0;
        uint64_t set = UINT64_MAX;
        if (self->spec.sets != NULL) {
            const struct mr_vec *sets = mr_row_store_vec(&self->groups.keys, groups, ids[i], &at);
            set = self->spec.sets[((const int32_t *)sets->values)[at]];
        }
        for (uint32_t g = 0; g < groups; g++) id = id << 1 | (~set >> g & 1);
        mr_column_append_fixed(out, &id);
    }
}

static mr_status give_states(struct aggregate *self, struct call *call, const uint32_t *ids,
                             uint32_t count, struct mr_vec *out, struct mr_err *err)
{
    bool is_partial = self->spec.phase == MR_OP_AGGREGATE_PARTIAL;
    struct mr_text *scratch = &call->agg.saved;
    for (uint32_t i = 0; i < count; i++) {
        char *state = groups_state(&self->groups, ids[i]) + call->off;
        if (!is_partial) {
            MR_TRY(call->agg.kind->finish(&call->agg, state, out, &self->out.text, err));
            continue;
        }
        mr_text_reset(scratch);
        mr_aggregate_save(&call->agg, state, scratch);
        MR_TRY(mr_text_end(scratch, err));
        MR_TRY(mr_column_append_text(out, &self->out.text, mr_text_span(scratch), err));
    }
    return MR_OK;
}

static mr_status give_batch(struct aggregate *self, uint32_t count, struct mr_err *err)
{
    uint32_t *ids = self->rows, column = 0;
    struct mr_vec *cols;
    bool is_partial = self->spec.phase == MR_OP_AGGREGATE_PARTIAL;
    uint32_t keys = is_partial ? key_count(&self->spec) : self->spec.group_count;
    MR_TRY(op_out_begin(&self->out, self->op.schema, count, err));
    cols = self->out.batch.cols;
    for (uint32_t i = 0; i < count; i++) ids[i] = self->given + i;
    for (; column < keys; column++) {
        MR_TRY(mr_row_store_gather(&self->groups.keys, column, ids, count, &cols[column],
                                   &self->out.text, err));
    }
    for (uint32_t i = 0; i < self->spec.call_count; i++) {
        MR_TRY(give_states(self, &self->calls[i], ids, count, &cols[column++], err));
    }
    if (self->spec.has_grouping_id && !is_partial) {
        give_grouping_id(self, ids, count, &cols[column]);
    }
    op_out_end(&self->out, count);
    self->given += count;
    return MR_OK;
}

static size_t aggregate_bytes(const struct aggregate *self)
{
    size_t bytes = groups_bytes(&self->groups) + mr_arena_bytes(&self->arena);
    for (uint32_t i = 0; i < self->spec.call_count; i++) {
        const struct call *call = &self->calls[i];
        bytes += mr_arena_bytes(&call->agg.blocks.arena) + mr_row_store_bytes(&call->seen) +
                 mr_row_index_bytes(&call->index);
    }
    return bytes;
}

static mr_status aggregate_next(struct mr_operator *op, struct mr_batch **out_batch,
                                mr_pull *out_pull, struct mr_err *err)
{
    struct aggregate *self = (struct aggregate *)op;
    if (!self->is_done) {
        struct mr_batch *batch;
        MR_TRY(op_pull(op, 0, &batch, out_pull, err));
        if (*out_pull == MR_PULL_ROWS) MR_TRY(take_batch(self, batch, err));
        else if (*out_pull == MR_PULL_END) self->is_done = true;
        if (*out_pull != MR_PULL_WAIT) *out_pull = MR_PULL_AGAIN;
        if (self->is_done) op_peak(op, aggregate_bytes(self));
        return MR_OK;
    }
    uint32_t count = MR_MIN(groups_count(&self->groups) - self->given, op_batch_rows(op));
    *out_pull = MR_PULL_END;
    if (count == 0) return MR_OK;
    MR_TRY(give_batch(self, count, err));
    *out_batch = &self->out.batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void aggregate_fini(struct mr_operator *op)
{
    struct aggregate *self = (struct aggregate *)op;
    for (uint32_t i = 0; self->calls != NULL && i < self->spec.call_count; i++) {
        mr_row_index_fini(&self->calls[i].index);
        mr_row_store_fini(&self->calls[i].seen);
        mr_aggregate_close(&self->calls[i].agg);
    }
    groups_fini(&self->groups);
    mr_program_fini(self->program);
    op_out_fini(&self->out);
    mr_arena_fini(&self->arena);
}

static const struct mr_operator_kind aggregate_kind = {
    .name = "HashAggregate", .next = aggregate_next, .fini = aggregate_fini};

mr_status mr_op_aggregate(struct mr_query_env *env, struct mr_operator *input,
                          const struct mr_op_aggregate_spec *spec, struct mr_operator **out_op,
                          struct mr_err *err)
{
    struct aggregate *self =
        op_new(env, &aggregate_kind, sizeof *self, spec->schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    self->spec = *spec;
    mr_arena_init(&self->arena, env->heap, 0);
    op_out_init(&self->out, env->heap);
    return op_opened(&self->op, make_aggregate(self, err), out_op);
}

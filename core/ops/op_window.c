#include "core/expr/order.h"
#include "core/ops/op_window_impl.h"

enum { NO_COLUMN = UINT32_MAX };

/* ---- making one ---- */

static mr_status make_call(struct window *self, struct window_call *call, struct mr_err *err)
{
    const struct mr_op_window_call *from = call->from;
    const struct mr_window_function *function = from->call.function;
    call->is_aggregate = function == NULL;
    call->filter = NO_COLUMN;
    call->frame_partition = UINT32_MAX;
    if (function == NULL) {
        MR_ASSERT(!from->aggregate.call.is_distinct);
        MR_TRY(mr_aggregate_open(&call->agg, self->op.env->heap, self->op.env->context.zone,
                                 &from->aggregate.call, err));
        call->arg_count = call->agg.row_args;
        mr_aggregate_op op = call->agg.function->op;
        bool is_value = (op == MR_AGG_FIRST || op == MR_AGG_LAST) && from->aggregate.filter == NULL;
        call->ignores_nulls = is_value && call->agg.ignores_nulls;
        size_t bytes = call->agg.kind->state_bytes;
        call->state = mr_arena_zeroed(&self->arena, bytes, 64);
        if (call->state == NULL) return op_nomem(err);
        call->has_blocks = call->agg.kind->merge != NULL && !is_value &&
                           from->from.kind != MR_OP_BOUND_UNBOUNDED;
        return MR_OK;
    }
    call->ignores_nulls = from->call.ignores_nulls;
    call->arg_count = MR_MIN((uint32_t)function->row_args, from->call.arg_count);
    if (from->call.arg_count > call->arg_count) {
        call->constant = from->call.args[call->arg_count]->value.u.i64;
    }
    return MR_OK;
}

/* collect: the expressions of rows: partitions, orders, arguments, filters. */
static mr_status collect(struct window *self, const struct mr_expr ***out_exprs,
                         struct mr_err *err)
{
    const struct mr_op_window_spec *spec = &self->spec;
    uint32_t count = spec->partition_count + spec->order_count;
    for (uint32_t i = 0; i < spec->call_count; i++) count += self->calls[i].arg_count + 1;
    const struct mr_expr **exprs = MR_ARENA_ARRAY(&self->arena, const struct mr_expr *, count);
    if (exprs == NULL) return op_nomem(err);
    count = 0;
    for (uint32_t i = 0; i < spec->partition_count; i++) exprs[count++] = spec->partition_by[i];
    for (uint32_t i = 0; i < spec->order_count; i++) exprs[count++] = spec->orders[i].expr;
    for (uint32_t i = 0; i < spec->call_count; i++) {
        struct window_call *call = &self->calls[i];
        const struct mr_expr *const *args =
            call->is_aggregate ? call->from->aggregate.call.args : call->from->call.args;
        call->first_arg = count - spec->partition_count;
        for (uint32_t k = 0; k < call->arg_count; k++) exprs[count++] = args[k];
        if (!call->is_aggregate || call->from->aggregate.filter == NULL) continue;
        call->filter = count - spec->partition_count;
        exprs[count++] = call->from->aggregate.filter;
    }
    self->column_count = count;
    *out_exprs = exprs;
    return MR_OK;
}

static mr_status make_keys(struct window *self, const struct sorter_key **out_keys,
                           struct mr_err *err)
{
    const struct mr_op_window_spec *spec = &self->spec;
    struct sorter_key *keys = MR_ARENA_ARRAY(&self->arena, struct sorter_key,
                                             spec->partition_count + spec->order_count);
    if (keys == NULL) return op_nomem(err);
    for (uint32_t k = 0; k < spec->partition_count; k++) {
        keys[k] = (struct sorter_key){.type = spec->partition_by[k]->type, .is_nulls_first = true,
                                      .is_nullable = spec->partition_by[k]->is_nullable};
    }
    for (uint32_t k = 0; k < spec->order_count; k++) {
        const struct mr_sort_key *order = &spec->orders[k];
        keys[spec->partition_count + k] = (struct sorter_key){
            .type = order->expr->type, .is_descending = order->is_descending,
            .is_nulls_first = order->is_nulls_first, .is_nullable = order->expr->is_nullable};
    }
    *out_keys = keys;
    return MR_OK;
}

static mr_status make_window(struct window *self, struct mr_err *err)
{
    const struct mr_op_window_spec *spec = &self->spec;
    struct mr_query_env *env = self->op.env;
    const struct mr_expr **exprs;
    const struct sorter_key *keys;
    self->calls = MR_ARENA_ARRAY(&self->arena, struct window_call, spec->call_count);
    if (self->calls == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < spec->call_count; i++) {
        self->calls[i].from = &spec->calls[i];
        MR_TRY(make_call(self, &self->calls[i], err));
    }
    MR_TRY(collect(self, &exprs, err));
    MR_TRY(make_keys(self, &keys, err));
    MR_TRY(mr_program_compile(env->heap, exprs, self->column_count, &self->program, err));
    const struct mr_type **types =
        op_schema_types(&self->arena, self->op.inputs[0]->schema, self->column_count);
    if (types == NULL) return op_nomem(err);
    for (uint32_t k = 0; k < self->column_count; k++) {
        types[self->input_count + k] = exprs[k]->type;
    }
    for (uint32_t i = 0; i < MR_STORE_CHUNK_ROWS; i++) self->sequence[i] = i;
    MR_TRY(sorter_init(&self->sorter, env, types, self->input_count + self->column_count, keys,
                       spec->partition_count + spec->order_count, UINT64_MAX, err));
    return mr_row_store_init(&self->sorted, env->heap,
                             types + self->input_count + spec->partition_count,
                             self->column_count - spec->partition_count, err);
}

/* ---- taking rows in ---- */

static mr_status take_batch(struct window *self, struct mr_batch *batch, struct mr_err *err)
{
    uint32_t count = self->input_count + self->column_count;
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, count);
    if (cols == NULL) return op_nomem(err);
    for (uint32_t k = 0; k < self->input_count; k++) cols[k] = batch->cols[k];
    struct mr_vec *own = cols + self->input_count;
    MR_TRY(mr_program_run(self->program, &self->op.env->context, batch, own, err));
    return sorter_add(&self->sorter, cols, own, batch->sel, batch->sel_count, batch->arena, err);
}

static mr_status begin_order(struct window *self, struct mr_err *err)
{
    self->rows = self->sorter.store.rows;
    uint32_t words = mr_bit_words(self->rows) + 1;
    self->ids = MR_ARENA_ARRAY(&self->arena, uint32_t, (size_t)self->rows + 1);
    self->starts_partition = MR_ARENA_ARRAY(&self->arena, uint64_t, words);
    self->starts_peers = MR_ARENA_ARRAY(&self->arena, uint64_t, words);
    bool is_made = self->ids != NULL && self->starts_partition != NULL;
    for (uint32_t i = 0; i < self->spec.call_count; i++) {
        struct window_call *call = &self->calls[i];
        if (!call->ignores_nulls) continue;
        call->present = MR_ARENA_ARRAY(&self->arena, uint32_t, (size_t)self->rows + 1);
        call->before = MR_ARENA_ARRAY(&self->arena, uint32_t, (size_t)self->rows + 1);
        is_made = is_made && call->present != NULL && call->before != NULL;
    }
    if (!is_made || self->starts_peers == NULL) return op_nomem(err);
    self->phase = WINDOW_ORDER;
    return sorter_begin(&self->sorter, err);
}

static mr_status window_take(struct window *self, mr_pull *out_pull, struct mr_err *err)
{
    struct mr_batch *batch;
    MR_TRY(op_pull(&self->op, 0, &batch, out_pull, err));
    if (*out_pull == MR_PULL_ROWS) MR_TRY(take_batch(self, batch, err));
    if (*out_pull == MR_PULL_END) MR_TRY(begin_order(self, err));
    if (*out_pull != MR_PULL_WAIT) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

/* ---- order ---- */

/* same_columns: whether two stored rows agree in columns [from, to) of the sorter's store. */
static bool same_columns(const struct window *self, uint32_t from, uint32_t to, uint32_t a,
                         uint32_t b)
{
    for (uint32_t k = from; k < to; k++) {
        uint32_t at_a, at_b;
        const struct mr_vec *x = mr_row_store_vec(&self->sorter.store, k, a, &at_a);
        const struct mr_vec *y = mr_row_store_vec(&self->sorter.store, k, b, &at_b);
        if (!mr_same_at(x, at_a, y, at_b)) return false;
    }
    return true;
}

/* mark_starts: of the rows from `first` on. */
static void mark_starts(struct window *self, uint32_t first, uint32_t count)
{
    uint32_t partition = self->input_count, order = partition + self->spec.partition_count;
    uint32_t end = order + self->spec.order_count;
    for (uint32_t i = first; i < first + count; i++) {
        bool is_first = i == 0 ||
                        !same_columns(self, partition, order, self->ids[i - 1], self->ids[i]);
        if (is_first) mr_bit_set(self->starts_partition, i);
        if (is_first || !same_columns(self, order, end, self->ids[i - 1], self->ids[i])) {
            mr_bit_set(self->starts_peers, i);
        }
    }
}

static void note_present(struct window *self, uint32_t first, uint32_t count)
{
    for (uint32_t c = 0; c < self->spec.call_count; c++) {
        struct window_call *call = &self->calls[c];
        for (uint32_t i = first; call->ignores_nulls && i < first + count; i++) {
            uint32_t at;
            const struct mr_vec *vec = mr_row_store_vec(&self->sorted, call->first_arg, i, &at);
            call->before[i] = call->present_count;
            if (!mr_vec_is_null(vec, at)) call->present[call->present_count++] = i;
            call->before[i + 1] = call->present_count;
        }
    }
}

static mr_status window_order(struct window *self, struct mr_err *err)
{
    uint32_t first = self->done, skip = self->input_count + self->spec.partition_count;
    uint32_t *ids = self->ids + first;
    uint32_t count = sorter_next(&self->sorter, ids, MR_BATCH_ROWS_MAX);
    if (count == 0) {
        op_peak(&self->op, sorter_bytes(&self->sorter) + mr_row_store_bytes(&self->sorted) +
                               mr_arena_bytes(&self->arena));
        self->phase = WINDOW_BLOCKS;
        self->done = 0;
        return MR_OK;
    }
    uint32_t columns = self->sorted.column_count;
    mr_arena_reset(&self->part.arena);
    mr_batch_init(&self->part.batch, &self->part.arena, self->op.schema);
    mr_text_area_init(&self->part.text, &self->part.arena, &self->part.batch.bufs);
    struct mr_vec *cols = MR_ARENA_ARRAY(&self->part.arena, struct mr_vec, columns);
    if (cols == NULL) return op_nomem(err);
    for (uint32_t k = 0; k < columns; k++) {
        MR_TRY(mr_column_alloc(&cols[k], &self->part.arena, self->sorted.columns[k].type, count,
                               &self->part.batch.bufs, err));
        MR_TRY(mr_row_store_gather(&self->sorter.store, skip + k, ids, count, &cols[k],
                                   &self->part.text, err));
    }
    MR_TRY(mr_row_store_append(&self->sorted, cols, NULL, count, err));
    mark_starts(self, first, count);
    note_present(self, first, count);
    self->done += count;
    return MR_OK;
}

/* ---- giving rows ---- */

uint32_t window_next_start(const struct window *self, const uint64_t *starts, uint32_t position)
{
    uint32_t at = position + 1;
    if (at >= self->rows) return self->rows;
    uint64_t word = starts[at / 64] >> (at % 64) << (at % 64);
    uint32_t words = mr_bit_words(self->rows);
    for (uint32_t w = at / 64;;) {
        if (word != 0) return MR_MIN(w * 64 + (uint32_t)__builtin_ctzll(word), self->rows);
        if (++w >= words) return self->rows;
        word = starts[w];
    }
}

/* move_to: the partition and the peers of the row at `position`. */
static void move_to(struct window *self, uint32_t position)
{
    if (mr_bit_get(self->starts_partition, position)) {
        self->partition = position;
        self->partition_end = window_next_start(self, self->starts_partition, position);
        self->dense = 0;
    }
    if (!mr_bit_get(self->starts_peers, position)) return;
    self->peers = position;
    self->peers_end = window_next_start(self, self->starts_peers, position);
    self->dense++;
}

/* give_batch: function by function would walk the partitions once each; row by row keeps them. */
static mr_status give_batch(struct window *self, uint32_t count, struct mr_err *err)
{
    uint32_t first = self->done;
    struct mr_vec *cols;
    MR_TRY(op_out_begin(&self->out, self->op.schema, count, err));
    cols = self->out.batch.cols;
    for (uint32_t k = 0; k < self->input_count; k++) {
        MR_TRY(mr_row_store_gather(&self->sorter.store, k, self->ids + first, count, &cols[k],
                                   &self->out.text, err));
    }
    for (uint32_t i = 0; i < count; i++) {
        move_to(self, first + i);
        for (uint32_t c = 0; c < self->spec.call_count; c++) {
            MR_TRY(window_value(self, &self->calls[c], first + i, &cols[self->input_count + c],
                                err));
        }
    }
    op_out_end(&self->out, count);
    self->done += count;
    return MR_OK;
}

static mr_status window_give(struct window *self, struct mr_batch **out_batch, mr_pull *out_pull,
                             struct mr_err *err)
{
    uint32_t count = MR_MIN(self->rows - self->done, op_batch_rows(&self->op));
    *out_pull = MR_PULL_END;
    if (count == 0) return MR_OK;
    MR_TRY(give_batch(self, count, err));
    *out_batch = &self->out.batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static mr_status window_step(struct mr_operator *op, struct mr_batch **out_batch,
                             mr_pull *out_pull, struct mr_err *err)
{
    struct window *self = (struct window *)op;
    bool is_done;
    *out_pull = MR_PULL_AGAIN;
    switch (self->phase) {
    case WINDOW_TAKE: return window_take(self, out_pull, err);
    case WINDOW_ORDER: return window_order(self, err);
    case WINDOW_BLOCKS:
        MR_TRY(window_blocks(self, &is_done, err));
        if (is_done) self->phase = WINDOW_GIVE;
        return MR_OK;
    default: return window_give(self, out_batch, out_pull, err);
    }
}

static void window_fini(struct mr_operator *op)
{
    struct window *self = (struct window *)op;
    for (uint32_t i = 0; self->calls != NULL && i < self->spec.call_count; i++) {
        mr_aggregate_close(&self->calls[i].agg);
    }
    sorter_fini(&self->sorter);
    mr_row_store_fini(&self->sorted);
    mr_program_fini(self->program);
    op_out_fini(&self->out);
    op_out_fini(&self->part);
    mr_arena_fini(&self->arena);
}

static const struct mr_operator_kind window_kind = {
    .name = "Window", .next = window_step, .fini = window_fini};

mr_status mr_op_window(struct mr_query_env *env, struct mr_operator *input,
                       const struct mr_op_window_spec *spec, struct mr_operator **out_op,
                       struct mr_err *err)
{
    struct window *self = op_new(env, &window_kind, sizeof *self, spec->schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    self->spec = *spec;
    self->input_count = input->schema->field_count;
    mr_arena_init(&self->arena, env->heap, 0);
    op_out_init(&self->out, env->heap);
    op_out_init(&self->part, env->heap);
    return op_opened(&self->op, make_window(self, err), out_op);
}

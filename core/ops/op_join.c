#include "core/expr/order.h"
#include "core/ops/op_join_impl.h"

/* ---- making one ---- */

static mr_status make_pair_schema(struct join *self, struct mr_err *err)
{
    const struct mr_type *left = self->op.inputs[0]->schema, *right = self->op.inputs[1]->schema;
    uint32_t count = left->field_count + right->field_count;
    struct mr_field *fields = MR_ARENA_ARRAY(&self->arena, struct mr_field, count);
    self->is_needed = MR_ARENA_ARRAY(&self->arena, bool, count);
    uint64_t *bits = MR_ARENA_ARRAY(&self->arena, uint64_t, mr_bit_words(count));
    if (fields == NULL || self->is_needed == NULL || bits == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < left->field_count; i++) fields[i] = left->fields[i];
    for (uint32_t i = 0; i < right->field_count; i++) {
        fields[left->field_count + i] = right->fields[i];
    }
    for (uint32_t i = 0; i < self->spec.residual_count; i++) {
        mr_expr_columns(self->spec.residual[i], bits);
    }
    for (uint32_t i = 0; i < count; i++) {
        self->is_needed[i] = join_gives_pairs(self) || mr_bit_get(bits, i);
    }
    self->left_count = left->field_count;
    self->right_count = right->field_count;
    self->pair_schema = mr_type_struct(&self->arena, fields, count);
    return self->pair_schema == NULL ? op_nomem(err) : MR_OK;
}

static mr_status make_scratch(struct join *self, struct mr_err *err)
{
    struct mr_arena *arena = &self->arena;
    self->heads = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->marks = MR_ARENA_ARRAY(arena, uint8_t, MR_BATCH_ROWS_MAX);
    self->hashes = MR_ARENA_ARRAY(arena, uint64_t, MR_BATCH_ROWS_MAX);
    self->rows = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->ids = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->pair_rows = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->pair_positions = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->pair_ids = MR_ARENA_ARRAY(arena, uint32_t, MR_BATCH_ROWS_MAX);
    bool is_made = self->heads != NULL && self->marks != NULL && self->hashes != NULL &&
                   self->rows != NULL && self->ids != NULL && self->pair_rows != NULL &&
                   self->pair_positions != NULL && self->pair_ids != NULL;
    return is_made ? MR_OK : op_nomem(err);
}

static mr_status make_store(struct join *self, struct mr_err *err)
{
    const struct mr_op_join_spec *spec = &self->spec;
    const struct mr_type *right = self->op.inputs[1]->schema;
    uint32_t count = spec->key_count + self->right_count;
    const struct mr_type **types = MR_ARENA_ARRAY(&self->arena, const struct mr_type *, count);
    if (types == NULL) return op_nomem(err);
    /* Keys of the index come first; that of IN comes behind them when it is none of them. */
    uint32_t used = 0;
    for (uint32_t k = self->first_key; k < spec->key_count; k++) {
        types[used++] = spec->right_keys[k]->type;
    }
    for (uint32_t k = 0; k < self->first_key; k++) types[used++] = spec->right_keys[k]->type;
    for (uint32_t k = 0; k < self->right_count; k++) types[used++] = right->fields[k].type;
    MR_TRY(mr_row_store_init(&self->store, self->op.env->heap, types, count, err));
    mr_row_index_init(&self->index, self->op.env->heap, &self->store, self->linked_keys,
                      self->op.env->seed);
    return MR_OK;
}

static mr_status make_join(struct join *self, struct mr_err *err)
{
    const struct mr_op_join_spec *spec = &self->spec;
    struct mr_heap *heap = self->op.env->heap;
    MR_ASSERT(!spec->is_null_aware || spec->key_count > 0);
    bool has_rest = spec->key_count > 1 || spec->residual_count > 0;
    self->first_key = spec->is_null_aware && has_rest;
    self->linked_keys = spec->key_count - self->first_key;
    MR_TRY(make_pair_schema(self, err));
    MR_TRY(make_scratch(self, err));
    MR_TRY(make_store(self, err));
    MR_TRY(mr_program_compile(heap, spec->left_keys, spec->key_count, &self->left_program, err));
    MR_TRY(mr_program_compile(heap, spec->right_keys, spec->key_count, &self->right_program, err));
    if (spec->residual_count == 0) return MR_OK;
    return mr_program_compile(heap, spec->residual, spec->residual_count, &self->residual, err);
}

/* ---- the right side ---- */

static mr_status room_for_next(struct join *self, uint32_t rows, struct mr_err *err)
{
    if (rows <= self->next_capacity) return MR_OK;
    uint32_t capacity = MR_MAX(rows, self->next_capacity * 2);
    uint32_t *next = mr_heap_resize(self->op.env->heap, self->next,
                                    self->next_capacity * sizeof *next, capacity * sizeof *next);
    if (next == NULL) return op_nomem(err);
    self->next = next;
    self->next_capacity = capacity;
    return MR_OK;
}

static bool has_null_key(const struct mr_vec *keys, uint32_t count, uint32_t row)
{
    for (uint32_t k = 0; k < count; k++) {
        if (mr_vec_is_null(&keys[k], row)) return true;
    }
    return false;
}

/* key_columns: what the program gave, with the keys of the index in front. */
static void key_columns(const struct join *self, const struct mr_vec *from, struct mr_vec *out)
{
    uint32_t used = 0, count = self->spec.key_count;
    for (uint32_t k = self->first_key; k < count; k++) out[used++] = from[k];
    for (uint32_t k = 0; k < self->first_key; k++) out[used++] = from[k];
}

/* add_linked: rows without a null in the keys of the index. */
static mr_status add_linked(struct join *self, const struct mr_vec *cols, uint32_t count,
                            struct mr_err *err)
{
    uint32_t first = self->store.rows;
    if (count == 0) return MR_OK;
    MR_TRY(mr_row_store_append(&self->store, cols, self->rows, count, err));
    if (self->linked_keys == 0) return MR_OK;
    MR_TRY(room_for_next(self, self->store.rows, err));
    mr_row_index_hash(&self->index, cols, self->rows, count, self->hashes);
    uint32_t known = self->index.used;
    MR_TRY(mr_row_index_link(&self->index, cols, self->rows, count, self->hashes, first,
                             self->next, err));
    self->has_duplicates |= self->index.used - known < count;
    return MR_OK;
}

/* add_unlinked: rows that cannot match, where the join gives or needs them. */
static mr_status add_unlinked(struct join *self, const struct mr_vec *cols, const uint32_t *rows,
                              uint32_t count, struct mr_err *err)
{
    self->has_null |= count > 0 && self->first_key == 0 && self->spec.is_null_aware;
    if (count == 0 || !join_keeps_right(self)) return MR_OK;
    uint32_t first = self->store.rows;
    MR_TRY(mr_row_store_append(&self->store, cols, rows, count, err));
    MR_TRY(room_for_next(self, self->store.rows, err));
    for (uint32_t i = 0; i < count; i++) self->next[first + i] = MR_STORE_NO_ROW;
    return MR_OK;
}

mr_status join_build(struct join *self, struct mr_batch *batch, struct mr_err *err)
{
    uint32_t key_count = self->spec.key_count, linked = 0, unlinked = 0;
    struct mr_vec *keys = MR_ARENA_ARRAY(batch->arena, struct mr_vec, key_count);
    struct mr_vec *cols =
        MR_ARENA_ARRAY(batch->arena, struct mr_vec, key_count + self->right_count);
    if (keys == NULL || cols == NULL) return op_nomem(err);
    MR_TRY(mr_program_run(self->right_program, &self->op.env->context, batch, keys, err));
    key_columns(self, keys, cols);
    for (uint32_t k = 0; k < self->right_count; k++) cols[key_count + k] = batch->cols[k];
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        uint32_t row = mr_batch_row(batch, i);
        if (has_null_key(cols, self->linked_keys, row)) self->ids[unlinked++] = row;
        else self->rows[linked++] = row;
    }
    MR_TRY(add_linked(self, cols, linked, err));
    return add_unlinked(self, cols, self->ids, unlinked, err);
}

mr_status join_built(struct join *self, struct mr_err *err)
{
    op_peak(&self->op, mr_row_store_bytes(&self->store) + mr_row_index_bytes(&self->index) +
                           self->next_capacity * sizeof *self->next);
    if (!join_keeps_right(self)) return MR_OK;
    self->is_matched = MR_ARENA_ARRAY(&self->arena, uint64_t, mr_bit_words(self->store.rows));
    return self->is_matched == NULL ? op_nomem(err) : MR_OK;
}

/* ---- the machine ---- */

/* pull_right, pull_left: one batch of a side, or its end. */
static mr_status pull_right(struct join *self, mr_pull *out_pull, struct mr_err *err)
{
    struct mr_batch *batch;
    MR_TRY(op_pull(&self->op, 1, &batch, out_pull, err));
    if (*out_pull == MR_PULL_ROWS) MR_TRY(join_build(self, batch, err));
    if (*out_pull == MR_PULL_END) {
        MR_TRY(join_built(self, err));
        mr_op_join_kind kind = self->spec.kind;
        bool needs_match = kind == MR_OP_JOIN_INNER || kind == MR_OP_JOIN_RIGHT ||
                           kind == MR_OP_JOIN_SEMI;
        self->phase = needs_match && self->store.rows == 0 ? JOIN_END : JOIN_PROBE;
    }
    if (*out_pull != MR_PULL_WAIT) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

static mr_status pull_left(struct join *self, mr_pull *out_pull, struct mr_err *err)
{
    struct mr_batch *batch;
    MR_TRY(op_pull(&self->op, 0, &batch, out_pull, err));
    if (*out_pull == MR_PULL_ROWS) {
        MR_TRY(join_probe(self, batch, err));
        self->phase = JOIN_PAIRS;
    } else if (*out_pull == MR_PULL_END) {
        self->phase = join_keeps_right(self) ? JOIN_RIGHT_REST : JOIN_END;
    }
    if (*out_pull != MR_PULL_WAIT) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

static mr_status join_next(struct mr_operator *op, struct mr_batch **out_batch, mr_pull *out_pull,
                           struct mr_err *err)
{
    struct join *self = (struct join *)op;
    struct mr_batch *batch = NULL;
    *out_pull = MR_PULL_AGAIN;
    switch (self->phase) {
    case JOIN_BUILD: return pull_right(self, out_pull, err);
    case JOIN_PROBE: return pull_left(self, out_pull, err);
    case JOIN_PAIRS: MR_TRY(join_pairs(self, &batch, err)); break;
    case JOIN_LEFT_REST: MR_TRY(join_left_rest(self, &batch, err)); break;
    case JOIN_RIGHT_REST: MR_TRY(join_right_rest(self, &batch, err)); break;
    default: *out_pull = MR_PULL_END; return MR_OK;
    }
    if (batch == NULL || batch->sel_count == 0) return MR_OK;
    *out_batch = batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void join_fini(struct mr_operator *op)
{
    struct join *self = (struct join *)op;
    mr_row_index_fini(&self->index);
    mr_row_store_fini(&self->store);
    mr_heap_give(op->env->heap, self->next, self->next_capacity * sizeof *self->next);
    mr_program_fini(self->left_program);
    mr_program_fini(self->right_program);
    mr_program_fini(self->residual);
    op_out_fini(&self->out);
    mr_arena_fini(&self->arena);
}

static const struct mr_operator_kind join_kind = {
    .name = "HashJoin", .next = join_next, .fini = join_fini};
static const struct mr_operator_kind loop_kind = {
    .name = "NestedLoopJoin", .next = join_next, .fini = join_fini};

mr_status mr_op_join(struct mr_query_env *env, struct mr_operator *left,
                     struct mr_operator *right, const struct mr_op_join_spec *spec,
                     struct mr_operator **out_op, struct mr_err *err)
{
    struct join *self = op_new(env, spec->key_count > 0 ? &join_kind : &loop_kind, sizeof *self,
                               spec->schema, left, right, err);
    if (self == NULL) return MR_E_NOMEM;
    self->spec = *spec;
    mr_arena_init(&self->arena, env->heap, 0);
    op_out_init(&self->out, env->heap);
    return op_opened(&self->op, make_join(self, err), out_op);
}

/* The left side of a join: pairs, and what becomes of rows when their pairs are known. */
#include "core/expr/order.h"
#include "core/ops/op_join_impl.h"

/* key_of_in: the stored column of the comparison of IN, when it is made pair by pair. */
static uint32_t key_of_in(const struct join *self)
{
    return self->linked_keys;
}

/* find_heads: the first candidate of each row of the batch. */
static mr_status find_heads(struct join *self, struct mr_err *err)
{
    struct mr_batch *batch = self->batch;
    const struct mr_vec *keys = self->keys + self->first_key;
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        uint32_t row = mr_batch_row(batch, i);
        bool has_null = false;
        for (uint32_t k = 0; k < self->linked_keys; k++) has_null |= mr_vec_is_null(&keys[k], row);
        self->heads[i] = has_null || self->store.rows == 0 ? MR_STORE_NO_ROW : 0;
        if (self->heads[i] == MR_STORE_NO_ROW) continue;
        self->pair_positions[count] = i;
        self->rows[count++] = row;
    }
    if (self->linked_keys == 0 || count == 0) return MR_OK;
    mr_row_index_hash(&self->index, keys, self->rows, count, self->hashes);
    MR_TRY(mr_row_index_find(&self->index, keys, self->rows, count, self->hashes, self->ids, err));
    for (uint32_t i = 0; i < count; i++) self->heads[self->pair_positions[i]] = self->ids[i];
    return MR_OK;
}

mr_status join_probe(struct join *self, struct mr_batch *batch, struct mr_err *err)
{
    self->batch = batch;
    self->position = 0;
    self->candidate = MR_STORE_NO_ROW;
    self->keys = MR_ARENA_ARRAY(batch->arena, struct mr_vec, self->spec.key_count);
    if (self->keys == NULL) return op_nomem(err);
    memset(self->marks, JOIN_UNMATCHED, batch->sel_count);
    MR_TRY(mr_program_run(self->left_program, &self->op.env->context, batch, self->keys, err));
    return find_heads(self, err);
}

/* next_of: the candidate behind `id`. */
static uint32_t next_of(const struct join *self, uint32_t id)
{
    if (self->linked_keys > 0) return self->next[id];
    return id + 1 < self->store.rows ? id + 1 : MR_STORE_NO_ROW;
}

/* fill_pairs: the next candidates, as many as a batch has room for. A left row that only has to
 * match once is left behind when it did. */
static uint32_t fill_pairs(struct join *self)
{
    struct mr_batch *batch = self->batch;
    uint32_t most = op_batch_rows(&self->op), count = 0;
    bool once = !join_gives_pairs(self);
    while (count < most && self->position < batch->sel_count) {
        uint32_t i = self->position, id = self->candidate;
        if (id == MR_STORE_NO_ROW) id = self->heads[i];
        if (once && self->marks[i] == JOIN_MATCHED) id = MR_STORE_NO_ROW;
        for (; id != MR_STORE_NO_ROW && count < most; id = next_of(self, id)) {
            self->pair_positions[count] = i;
            self->pair_rows[count] = mr_batch_row(batch, i);
            self->pair_ids[count++] = id;
        }
        self->candidate = id;
        if (id == MR_STORE_NO_ROW) self->position++;
    }
    return count;
}

/* pair_batch: the pairs as a batch of both sides' columns. Text of the left is not copied. */
static mr_status pair_batch(struct join *self, uint32_t count, struct mr_err *err)
{
    struct op_out *out = &self->out;
    uint32_t key_count = self->spec.key_count;
    struct mr_text_area left;
    MR_TRY(op_out_begin(out, self->pair_schema, count, err));
    out->batch.bufs = self->batch->bufs;
    mr_text_area_init(&left, &out->arena, &out->batch.bufs);
    left.is_shared = true;
    for (uint32_t k = 0; k < self->left_count + self->right_count; k++) {
        struct mr_vec *to = &out->batch.cols[k];
        if (!self->is_needed[k]) {
            MR_TRY(mr_column_append_nulls(to, &left, count, err));
        } else if (k < self->left_count) {
            MR_TRY(mr_column_append(to, &left, &self->batch->cols[k], self->pair_rows, count,
                                    err));
        } else {
            MR_TRY(mr_row_store_gather(&self->store, key_count + k - self->left_count,
                                       self->pair_ids, count, to, &out->text, err));
        }
    }
    op_out_end(out, count);
    return MR_OK;
}

static mr_status more_than_one(struct mr_err *err)
{
    return mr_err_set(err, MR_E_ARITHMETIC, 1220,
                      "a subquery that stands for a value gave more than one row");
}

/* mark_pair: a pair that counts. With a comparison of IN left to make: makes it. */
static mr_status mark_pair(struct join *self, uint32_t pair, struct mr_err *err)
{
    uint32_t position = self->pair_positions[pair], id = self->pair_ids[pair];
    uint8_t *mark = &self->marks[position];
    if (self->first_key == 0) {
        if (self->spec.kind == MR_OP_JOIN_SINGLE && *mark == JOIN_MATCHED) {
            return more_than_one(err);
        }
        *mark = JOIN_MATCHED;
        if (self->is_matched != NULL) mr_bit_set(self->is_matched, id);
        return MR_OK;
    }
    if (*mark == JOIN_MATCHED) return MR_OK;
    uint32_t row = self->pair_rows[pair], at;
    const struct mr_vec *stored = mr_row_store_vec(&self->store, key_of_in(self), id, &at);
    if (mr_vec_is_null(&self->keys[0], row) || mr_vec_is_null(stored, at)) {
        *mark = JOIN_UNKNOWN;
    } else if (mr_compare_at(&self->keys[0], row, stored, at) == 0) {
        *mark = JOIN_MATCHED;
    }
    return MR_OK;
}

/* passes_whole: each left row has one candidate at most and a pair needs no other condition: the
 * batch goes on with columns of the right beside its own, and nothing of the left is copied. */
static bool passes_whole(const struct join *self)
{
    mr_op_join_kind kind = self->spec.kind;
    bool fits = kind == MR_OP_JOIN_INNER || kind == MR_OP_JOIN_LEFT ||
                kind == MR_OP_JOIN_RIGHT || kind == MR_OP_JOIN_FULL || kind == MR_OP_JOIN_SINGLE;
    return fits && self->linked_keys > 0 && !self->has_duplicates && self->residual == NULL;
}

/* pass_whole: the columns of the right are as long as the batch, null where nothing matches. */
static mr_status pass_whole(struct join *self, struct mr_batch **out_batch, struct mr_err *err)
{
    struct mr_batch *batch = self->batch;
    struct mr_text_area area;
    uint32_t kept = 0, key_count = self->spec.key_count;
    bool keeps_left = self->spec.kind != MR_OP_JOIN_INNER && self->spec.kind != MR_OP_JOIN_RIGHT;
    uint32_t *ids = mr_arena_alloc(batch->arena, (batch->rows + 1) * sizeof *ids, 64);
    uint32_t *sel = mr_arena_alloc(batch->arena, (batch->sel_count + 1) * sizeof *sel, 64);
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec,
                                         self->left_count + self->right_count);
    if (ids == NULL || sel == NULL || cols == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < batch->rows; i++) ids[i] = MR_STORE_NO_ROW;
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        uint32_t row = mr_batch_row(batch, i), id = self->heads[i];
        ids[row] = id;
        if (id != MR_STORE_NO_ROW && self->is_matched != NULL) mr_bit_set(self->is_matched, id);
        if (id != MR_STORE_NO_ROW || keeps_left) sel[kept++] = row;
    }
    self->passed = *batch;
    mr_text_area_init(&area, batch->arena, &self->passed.bufs);
    for (uint32_t k = 0; k < self->left_count; k++) cols[k] = batch->cols[k];
    for (uint32_t k = 0; k < self->right_count; k++) {
        struct mr_vec *to = &cols[self->left_count + k];
        MR_TRY(mr_column_alloc(to, batch->arena, self->store.columns[key_count + k].type,
                               batch->rows, &self->passed.bufs, err));
        MR_TRY(mr_row_store_gather(&self->store, key_count + k, ids, batch->rows, to,
                                   &area, err));
    }
    self->passed.schema = self->op.schema;
    self->passed.cols = cols;
    self->passed.sel = kept == batch->rows ? NULL : sel;
    self->passed.sel_count = kept;
    *out_batch = &self->passed;
    self->phase = JOIN_PROBE;
    return MR_OK;
}

mr_status join_pairs(struct join *self, struct mr_batch **out_batch, struct mr_err *err)
{
    if (passes_whole(self)) return pass_whole(self, out_batch, err);
    bool gives = join_gives_pairs(self);
    bool any_will_do = !gives && self->residual == NULL && self->first_key == 0;
    for (uint32_t i = 0; any_will_do && i < self->batch->sel_count; i++) {
        self->marks[i] = self->heads[i] == MR_STORE_NO_ROW ? JOIN_UNMATCHED : JOIN_MATCHED;
    }
    uint32_t count = any_will_do ? 0 : fill_pairs(self);
    if (count == 0) {
        self->phase = JOIN_LEFT_REST;
        return MR_OK;
    }
    if (gives || self->residual != NULL) MR_TRY(pair_batch(self, count, err));
    if (self->residual == NULL) {
        for (uint32_t i = 0; i < count; i++) MR_TRY(mark_pair(self, i, err));
    } else {
        struct mr_batch *pairs = &self->out.batch;
        MR_TRY(mr_program_filter(self->residual, &self->op.env->context, pairs, err));
        for (uint32_t i = 0; i < pairs->sel_count; i++) {
            MR_TRY(mark_pair(self, mr_batch_row(pairs, i), err));
        }
    }
    if (!gives) return MR_OK;
    self->out.batch.schema = self->op.schema;
    *out_batch = &self->out.batch;
    return MR_OK;
}

/* ---- rows whose pairs are all known ---- */

/* mark_of: a row's mark with what IN says of rows that found nothing. */
static uint8_t mark_of(const struct join *self, uint32_t position)
{
    uint8_t mark = self->marks[position];
    if (!self->spec.is_null_aware || self->first_key > 0 || mark != JOIN_UNMATCHED) return mark;
    uint32_t row = mr_batch_row(self->batch, position);
    bool has_rows = self->store.rows > 0 || self->has_null;
    if (!has_rows) return JOIN_UNMATCHED;
    bool is_unknown = self->has_null || mr_vec_is_null(&self->keys[0], row);
    return is_unknown ? JOIN_UNKNOWN : JOIN_UNMATCHED;
}

/* give_narrowed: SEMI and ANTI: the left batch, narrowed. */
static mr_status give_narrowed(struct join *self, struct mr_batch **out_batch, struct mr_err *err)
{
    struct mr_batch *batch = self->batch;
    uint8_t wanted = self->spec.kind == MR_OP_JOIN_SEMI ? JOIN_MATCHED : JOIN_UNMATCHED;
    uint32_t *sel = mr_arena_alloc(batch->arena, (batch->sel_count + 1) * sizeof *sel, 64);
    uint32_t kept = 0;
    if (sel == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        if (mark_of(self, i) == wanted) sel[kept++] = mr_batch_row(batch, i);
    }
    self->passed = *batch;
    self->passed.schema = self->op.schema;
    self->passed.sel = sel;
    self->passed.sel_count = kept;
    *out_batch = &self->passed;
    return MR_OK;
}

/* give_marked: MARK: the left batch with one more column. */
static mr_status give_marked(struct join *self, struct mr_batch **out_batch, struct mr_err *err)
{
    struct mr_batch *batch = self->batch;
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, self->left_count + 1);
    if (cols == NULL) return op_nomem(err);
    struct mr_vec *mark = &cols[self->left_count];
    MR_TRY(mr_vec_alloc(mark, batch->arena, mr_type_of(MR_TYPE_BOOLEAN), batch->rows, true,
                        &batch->bufs, err));
    memset(mark->values, 0, mr_bit_words(batch->rows) * sizeof(uint64_t));
    for (uint32_t k = 0; k < self->left_count; k++) cols[k] = batch->cols[k];
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        uint32_t row = mr_batch_row(batch, i);
        uint8_t value = mark_of(self, i);
        if (value != JOIN_UNKNOWN) mr_bit_set(mark->validity, row);
        if (value == JOIN_MATCHED) mr_bit_set(mark->values, row);
    }
    mark->null_count = mr_vec_nulls(mark->validity, batch->rows);
    self->passed = *batch;
    self->passed.schema = self->op.schema;
    self->passed.cols = cols;
    *out_batch = &self->passed;
    return MR_OK;
}

/* give_unmatched: LEFT, FULL, SINGLE: left rows that matched nothing, with nulls. */
static mr_status give_unmatched(struct join *self, struct mr_batch **out_batch,
                                struct mr_err *err)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->batch->sel_count; i++) {
        if (self->marks[i] == JOIN_MATCHED) continue;
        self->pair_rows[count] = mr_batch_row(self->batch, i);
        self->pair_ids[count++] = MR_STORE_NO_ROW;
    }
    if (count == 0) return MR_OK;
    MR_TRY(pair_batch(self, count, err));
    self->out.batch.schema = self->op.schema;
    *out_batch = &self->out.batch;
    return MR_OK;
}

mr_status join_left_rest(struct join *self, struct mr_batch **out_batch, struct mr_err *err)
{
    self->phase = JOIN_PROBE;
    switch (self->spec.kind) {
    case MR_OP_JOIN_SEMI:
    case MR_OP_JOIN_ANTI: return give_narrowed(self, out_batch, err);
    case MR_OP_JOIN_MARK: return give_marked(self, out_batch, err);
    case MR_OP_JOIN_LEFT:
    case MR_OP_JOIN_FULL:
    case MR_OP_JOIN_SINGLE: return give_unmatched(self, out_batch, err);
    default: return MR_OK;
    }
}

mr_status join_right_rest(struct join *self, struct mr_batch **out_batch, struct mr_err *err)
{
    struct op_out *out = &self->out;
    uint32_t most = op_batch_rows(&self->op), count = 0;
    uint32_t until = (uint32_t)MR_MIN((uint64_t)self->store.rows,
                                      (uint64_t)self->rest_row + 16 * MR_BATCH_ROWS_MAX);
    for (; self->rest_row < until && count < most; self->rest_row++) {
        if (!mr_bit_get(self->is_matched, self->rest_row)) self->ids[count++] = self->rest_row;
    }
    if (self->rest_row == self->store.rows) self->phase = JOIN_END;
    if (count == 0) return MR_OK;
    MR_TRY(op_out_begin(out, self->op.schema, count, err));
    for (uint32_t k = 0; k < self->left_count; k++) {
        MR_TRY(mr_column_append_nulls(&out->batch.cols[k], &out->text, count, err));
    }
    for (uint32_t k = 0; k < self->right_count; k++) {
        MR_TRY(mr_row_store_gather(&self->store, self->spec.key_count + k, self->ids, count,
                                   &out->batch.cols[self->left_count + k], &out->text, err));
    }
    op_out_end(out, count);
    *out_batch = &out->batch;
    return MR_OK;
}

/* INTERSECT and EXCEPT: the right side's distinct rows and how often each comes, then the left's
 * batches, narrowed to the rows that stay. Rows are equal as in grouping: nulls too.
 *
 *   INTERSECT      rows that are there, once     each found row takes its count away
 *   INTERSECT ALL  as often as on both sides     each takes one of the count
 *   EXCEPT ALL     what the counts do not take
 *   EXCEPT         rows that are new to the store, into which they go */
#include "core/ops/op_impl.h"
#include "core/ops/row_store_index.h"

struct setop {
    struct mr_operator op;
    bool is_except, is_all;
    bool is_built; /* the right has ended */
    struct mr_arena arena;
    struct mr_row_store store;
    struct mr_row_index index;
    uint64_t *counts; /* by row of the store */
    uint32_t count_capacity;
    uint64_t *hashes;
    uint32_t *ids, *added;
    struct mr_batch batch;
};

static mr_status make_setop(struct setop *self, struct mr_err *err)
{
    struct mr_query_env *env = self->op.env;
    uint32_t columns = self->op.schema->field_count;
    const struct mr_type **types = op_schema_types(&self->arena, self->op.schema, 0);
    self->hashes = MR_ARENA_ARRAY(&self->arena, uint64_t, MR_BATCH_ROWS_MAX);
    self->ids = MR_ARENA_ARRAY(&self->arena, uint32_t, MR_BATCH_ROWS_MAX);
    self->added = MR_ARENA_ARRAY(&self->arena, uint32_t, MR_BATCH_ROWS_MAX);
    bool is_made = types != NULL && self->hashes != NULL && self->ids != NULL;
    if (!is_made || self->added == NULL) return op_nomem(err);
    MR_TRY(mr_row_store_init(&self->store, env->heap, types, columns, err));
    mr_row_index_init(&self->index, env->heap, &self->store, columns, env->seed);
    return MR_OK;
}

static mr_status room_for_counts(struct setop *self, struct mr_err *err)
{
    uint32_t before = self->count_capacity;
    if (self->store.rows <= before) return MR_OK;
    uint32_t capacity = MR_MAX(self->store.rows, before * 2);
    uint64_t *counts = mr_heap_resize(self->op.env->heap, self->counts, before * sizeof *counts,
                                      capacity * sizeof *counts);
    if (counts == NULL) return op_nomem(err);
    memset(counts + before, 0, (capacity - before) * sizeof *counts);
    self->counts = counts;
    self->count_capacity = capacity;
    return MR_OK;
}

static mr_status add_rows(struct setop *self, const struct mr_batch *batch, uint32_t *out_new,
                          struct mr_err *err)
{
    mr_row_index_hash(&self->index, batch->cols, batch->sel, batch->sel_count, self->hashes);
    MR_TRY(mr_row_index_add(&self->index, batch->cols, batch->sel, batch->sel_count, self->hashes,
                            self->ids, self->added, out_new, err));
    return room_for_counts(self, err);
}

static mr_status take_right(struct setop *self, mr_pull *out_pull, struct mr_err *err)
{
    struct mr_batch *batch;
    uint32_t added;
    MR_TRY(op_pull(&self->op, 1, &batch, out_pull, err));
    if (*out_pull == MR_PULL_ROWS) {
        MR_TRY(add_rows(self, batch, &added, err));
        for (uint32_t i = 0; i < batch->sel_count; i++) self->counts[self->ids[i]]++;
    }
    self->is_built = *out_pull == MR_PULL_END;
    if (self->is_built) {
        op_peak(&self->op, mr_row_store_bytes(&self->store) + mr_row_index_bytes(&self->index) +
                               self->count_capacity * sizeof *self->counts);
    }
    if (*out_pull != MR_PULL_WAIT) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

/* stays: whether a left row whose row of the store is `id` is given. */
static bool stays(struct setop *self, uint32_t id)
{
    bool is_there = id != MR_STORE_NO_ROW && self->counts[id] > 0;
    if (is_there) self->counts[id] = self->is_all ? self->counts[id] - 1 : 0;
    return is_there != self->is_except;
}

static mr_status find_rows(struct setop *self, const struct mr_batch *batch, struct mr_err *err)
{
    mr_row_index_hash(&self->index, batch->cols, batch->sel, batch->sel_count, self->hashes);
    return mr_row_index_find(&self->index, batch->cols, batch->sel, batch->sel_count,
                             self->hashes, self->ids, err);
}

static mr_status narrow(struct setop *self, struct mr_batch *batch, struct mr_err *err)
{
    uint32_t kept = 0, added;
    uint32_t *sel = mr_arena_alloc(batch->arena, (batch->sel_count + 1) * sizeof *sel, 64);
    uint8_t *is_new = mr_arena_zeroed(batch->arena, (size_t)batch->sel_count + 1, 1);
    bool takes_in = self->is_except && !self->is_all;
    if (sel == NULL || is_new == NULL) return op_nomem(err);
    if (takes_in) {
        MR_TRY(add_rows(self, batch, &added, err));
        for (uint32_t i = 0; i < added; i++) is_new[self->added[i]] = 1;
    } else {
        MR_TRY(find_rows(self, batch, err));
    }
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        if (takes_in ? is_new[i] : stays(self, self->ids[i])) sel[kept++] = mr_batch_row(batch, i);
    }
    self->batch = *batch;
    self->batch.schema = self->op.schema;
    self->batch.sel = sel;
    self->batch.sel_count = kept;
    return MR_OK;
}

static mr_status setop_next(struct mr_operator *op, struct mr_batch **out_batch,
                            mr_pull *out_pull, struct mr_err *err)
{
    struct setop *self = (struct setop *)op;
    struct mr_batch *batch;
    if (!self->is_built) return take_right(self, out_pull, err);
    MR_TRY(op_pull(op, 0, &batch, out_pull, err));
    if (*out_pull != MR_PULL_ROWS) return MR_OK;
    MR_TRY(narrow(self, batch, err));
    *out_batch = &self->batch;
    if (self->batch.sel_count == 0) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

static void setop_fini(struct mr_operator *op)
{
    struct setop *self = (struct setop *)op;
    mr_row_index_fini(&self->index);
    mr_row_store_fini(&self->store);
    mr_heap_give(op->env->heap, self->counts, self->count_capacity * sizeof *self->counts);
    mr_arena_fini(&self->arena);
}

static const struct mr_operator_kind intersect_kind = {
    .name = "Intersect", .next = setop_next, .fini = setop_fini};
static const struct mr_operator_kind except_kind = {
    .name = "Except", .next = setop_next, .fini = setop_fini};

mr_status mr_op_setop(struct mr_query_env *env, struct mr_operator *left,
                      struct mr_operator *right, const struct mr_type *schema, bool is_except,
                      bool is_all, struct mr_operator **out_op, struct mr_err *err)
{
    struct setop *self = op_new(env, is_except ? &except_kind : &intersect_kind, sizeof *self,
                                schema, left, right, err);
    if (self == NULL) return MR_E_NOMEM;
    self->is_except = is_except;
    self->is_all = is_all;
    mr_arena_init(&self->arena, env->heap, 0);
    return op_opened(&self->op, make_setop(self, err), out_op);
}

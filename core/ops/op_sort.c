/* Sort: everything in, then rows in order; with a limit only what can be among the first rows is
 * kept (op_sorter_impl.h). */
#include "core/ops/op_sorter_impl.h"

struct sort {
    struct mr_operator op;
    struct mr_arena arena;
    struct mr_program *program; /* the keys */
    struct sorter sorter;
    uint32_t key_count;
    uint64_t to_skip;
    uint64_t to_give; /* UINT64_MAX = all */
    bool is_done;     /* the input has ended */
    uint32_t *ids;
    struct op_out out;
};

static mr_status make_sort(struct sort *self, const struct mr_sort_key *keys, uint64_t limit,
                           struct mr_err *err)
{
    struct mr_query_env *env = self->op.env;
    const struct mr_expr **exprs =
        MR_ARENA_ARRAY(&self->arena, const struct mr_expr *, self->key_count);
    struct sorter_key *own = MR_ARENA_ARRAY(&self->arena, struct sorter_key, self->key_count);
    const struct mr_type **types = op_schema_types(&self->arena, self->op.schema, 0);
    self->ids = MR_ARENA_ARRAY(&self->arena, uint32_t, MR_BATCH_ROWS_MAX);
    if (exprs == NULL || own == NULL || types == NULL || self->ids == NULL) return op_nomem(err);
    for (uint32_t k = 0; k < self->key_count; k++) {
        exprs[k] = keys[k].expr;
        own[k] = (struct sorter_key){.type = keys[k].expr->type,
                                     .is_descending = keys[k].is_descending,
                                     .is_nulls_first = keys[k].is_nulls_first,
                                     .is_nullable = keys[k].expr->is_nullable};
    }
    MR_TRY(mr_program_compile(env->heap, exprs, self->key_count, &self->program, err));
    return sorter_init(&self->sorter, env, types, self->op.schema->field_count, own,
                       self->key_count, limit, err);
}

static mr_status take_batch(struct sort *self, struct mr_batch *batch, struct mr_err *err)
{
    struct mr_vec *keys = MR_ARENA_ARRAY(batch->arena, struct mr_vec, self->key_count);
    if (keys == NULL) return op_nomem(err);
    MR_TRY(mr_program_run(self->program, &self->op.env->context, batch, keys, err));
    return sorter_add(&self->sorter, batch->cols, keys, batch->sel, batch->sel_count,
                      batch->arena, err);
}

static mr_status take_next(struct sort *self, mr_pull *out_pull, struct mr_err *err)
{
    struct mr_batch *batch;
    MR_TRY(op_pull(&self->op, 0, &batch, out_pull, err));
    if (*out_pull == MR_PULL_ROWS) MR_TRY(take_batch(self, batch, err));
    if (*out_pull == MR_PULL_END) {
        MR_TRY(sorter_begin(&self->sorter, err));
        op_peak(&self->op, sorter_bytes(&self->sorter));
        self->is_done = true;
    }
    if (*out_pull != MR_PULL_WAIT) *out_pull = MR_PULL_AGAIN;
    return MR_OK;
}

static mr_status sort_next(struct mr_operator *op, struct mr_batch **out_batch, mr_pull *out_pull,
                           struct mr_err *err)
{
    struct sort *self = (struct sort *)op;
    *out_pull = MR_PULL_END;
    if (self->to_give == 0) return MR_OK;
    if (!self->is_done) return take_next(self, out_pull, err);
    uint64_t wanted = MR_MIN(self->to_skip > 0 ? self->to_skip : self->to_give,
                             (uint64_t)op_batch_rows(op));
    uint32_t count = sorter_next(&self->sorter, self->ids, (uint32_t)wanted);
    if (count == 0) return MR_OK;
    if (self->to_skip > 0) {
        self->to_skip -= count;
        *out_pull = MR_PULL_AGAIN;
        return MR_OK;
    }
    if (self->to_give != UINT64_MAX) self->to_give -= count;
    MR_TRY(op_out_begin(&self->out, op->schema, count, err));
    for (uint32_t k = 0; k < op->schema->field_count; k++) {
        MR_TRY(mr_row_store_gather(&self->sorter.store, k, self->ids, count,
                                   &self->out.batch.cols[k], &self->out.text, err));
    }
    op_out_end(&self->out, count);
    *out_batch = &self->out.batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void sort_fini(struct mr_operator *op)
{
    struct sort *self = (struct sort *)op;
    sorter_fini(&self->sorter);
    mr_program_fini(self->program);
    op_out_fini(&self->out);
    mr_arena_fini(&self->arena);
}

static const struct mr_operator_kind sort_kind = {
    .name = "Sort", .next = sort_next, .fini = sort_fini};
static const struct mr_operator_kind top_kind = {
    .name = "TopN", .next = sort_next, .fini = sort_fini};

mr_status mr_op_sort(struct mr_query_env *env, struct mr_operator *input,
                     const struct mr_sort_key *keys, uint32_t key_count, int64_t limit,
                     int64_t offset, struct mr_operator **out_op, struct mr_err *err)
{
    struct sort *self = op_new(env, limit < 0 ? &sort_kind : &top_kind, sizeof *self,
                               input->schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    uint64_t needed = UINT64_MAX;
    if (limit >= 0) needed = (uint64_t)limit + (uint64_t)offset;
    self->key_count = key_count;
    self->to_give = limit < 0 ? UINT64_MAX : (uint64_t)limit;
    self->to_skip = (uint64_t)offset;
    mr_arena_init(&self->arena, env->heap, 0);
    op_out_init(&self->out, env->heap);
    return op_opened(&self->op, make_sort(self, keys, needed, err), out_op);
}

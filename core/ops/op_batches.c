/* Batches: a table in memory. The vectors are not copied; selections and computed columns are those
 * of a batch of this operator's. */
#include "core/ops/op_impl.h"

struct batches {
    struct mr_operator op;
    const struct mr_batch *from;
    uint32_t count;
    uint32_t at;   /* the batch that is next */
    uint32_t done; /* its selected rows given so far */
    struct mr_arena arena;
    struct mr_batch batch;
};

/* cut: the next rows of the batch, so many as a batch of the query may have. */
static mr_status cut(struct batches *self, uint32_t rows, struct mr_err *err)
{
    struct mr_batch *batch = &self->batch;
    if (batch->sel == NULL && rows < batch->rows) {
        uint32_t *sel = mr_arena_alloc(&self->arena, (rows + 1) * sizeof *sel, 64);
        if (sel == NULL) return op_nomem(err);
        for (uint32_t i = 0; i < rows; i++) sel[i] = self->done + i;
        batch->sel = sel;
    } else if (batch->sel != NULL) {
        batch->sel += self->done;
    }
    batch->sel_count = rows;
    return MR_OK;
}

static mr_status batches_next(struct mr_operator *op, struct mr_batch **out_batch,
                              mr_pull *out_pull, struct mr_err *err)
{
    struct batches *self = (struct batches *)op;
    while (self->at < self->count && self->done == self->from[self->at].sel_count) {
        self->at++;
        self->done = 0;
    }
    *out_pull = MR_PULL_END;
    if (self->at == self->count) return MR_OK;
    const struct mr_batch *from = &self->from[self->at];
    uint32_t rows = MR_MIN(from->sel_count - self->done, op_batch_rows(op));
    mr_arena_reset(&self->arena);
    self->batch = *from;
    self->batch.schema = op->schema;
    self->batch.arena = &self->arena;
    MR_TRY(cut(self, rows, err));
    self->done += rows;
    *out_batch = &self->batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void batches_fini(struct mr_operator *op)
{
    mr_arena_fini(&((struct batches *)op)->arena);
}

static const struct mr_operator_kind batches_kind = {
    .name = "Batches", .next = batches_next, .fini = batches_fini};

mr_status mr_op_batches(struct mr_query_env *env, const struct mr_type *schema,
                        const struct mr_batch *batches, uint32_t count,
                        struct mr_operator **out_op, struct mr_err *err)
{
    struct batches *self = op_new(env, &batches_kind, sizeof *self, schema, NULL, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    self->from = batches;
    self->count = count;
    mr_arena_init(&self->arena, env->heap, 0);
    self->arena.keep_bytes = OP_KEEP_BYTES;
    *out_op = &self->op;
    return MR_OK;
}

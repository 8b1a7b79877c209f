/* Limit: so many rows behind an offset. Narrows selections; asks for nothing more than it needs. */
#include "core/ops/op_impl.h"

struct limit {
    struct mr_operator op;
    int64_t to_skip;
    int64_t to_give; /* -1 = all */
};

/* keep: only `count` selected rows from the `skip`-th on. */
static mr_status keep(struct mr_batch *batch, uint32_t skip, uint32_t count, struct mr_err *err)
{
    if (batch->sel != NULL) {
        batch->sel += skip;
    } else if (count < batch->rows) {
        uint32_t *sel = mr_arena_alloc(batch->arena, (count + 1) * sizeof *sel, 64);
        if (sel == NULL) return op_nomem(err);
        for (uint32_t i = 0; i < count; i++) sel[i] = skip + i;
        batch->sel = sel;
    }
    batch->sel_count = count;
    return MR_OK;
}

static mr_status limit_next(struct mr_operator *op, struct mr_batch **out_batch,
                            mr_pull *out_pull, struct mr_err *err)
{
    struct limit *self = (struct limit *)op;
    if (self->to_give == 0) {
        *out_pull = MR_PULL_END;
        return MR_OK;
    }
    MR_TRY(op_pull(op, 0, out_batch, out_pull, err));
    if (*out_pull != MR_PULL_ROWS) return MR_OK;
    uint32_t rows = (*out_batch)->sel_count;
    uint32_t skip = (uint32_t)MR_MIN((int64_t)rows, self->to_skip), count = rows - skip;
    if (self->to_give >= 0) count = (uint32_t)MR_MIN((int64_t)count, self->to_give);
    self->to_skip -= skip;
    if (self->to_give >= 0) self->to_give -= count;
    if (count == 0) {
        *out_pull = MR_PULL_AGAIN;
        return MR_OK;
    }
    return count == rows ? MR_OK : keep(*out_batch, skip, count, err);
}

static const struct mr_operator_kind limit_kind = {.name = "Limit", .next = limit_next};

mr_status mr_op_limit(struct mr_query_env *env, struct mr_operator *input, int64_t limit,
                      int64_t offset, struct mr_operator **out_op, struct mr_err *err)
{
    struct limit *self = op_new(env, &limit_kind, sizeof *self, input->schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    self->to_give = limit;
    self->to_skip = offset;
    *out_op = &self->op;
    return MR_OK;
}

/* range(from, to, step) as an operator. */
#include "core/base/checked.h"
#include "core/batch/column.h"
#include "core/query/relation.h"

struct range {
    struct mr_operator op;
    struct mr_arena arena;
    struct mr_batch batch;
    uint64_t left; /* rows */
    int64_t at;
    int64_t step;
};

static mr_status range_next(struct mr_operator *op, struct mr_batch **out_batch, mr_pull *out_pull,
                            struct mr_err *err)
{
    struct range *self = (struct range *)op;
    uint32_t room = op->env->batch_rows == 0 ? MR_BATCH_ROWS_MAX : op->env->batch_rows;
    uint32_t rows = (uint32_t)MR_MIN(self->left, (uint64_t)room);
    uint32_t width = op->schema->field_count; /* 0 when nobody asks for the column */
    *out_pull = MR_PULL_END;
    if (rows == 0) return MR_OK;
    mr_arena_reset(&self->arena);
    mr_batch_init(&self->batch, &self->arena, op->schema);
    self->batch.cols = MR_ARENA_ARRAY(&self->arena, struct mr_vec, (size_t)width + 1);
    if (self->batch.cols == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for rows");
    for (uint32_t i = 0; i < width; i++) {
        MR_TRY(mr_vec_alloc(&self->batch.cols[i], &self->arena, op->schema->fields[i].type, rows,
                            false, &self->batch.bufs, err));
        int64_t *values = self->batch.cols[i].values;
        for (uint32_t k = 0; k < rows; k++) {
            values[k] = (int64_t)((uint64_t)self->at + k * (uint64_t)self->step);
        }
    }
    self->batch.rows = self->batch.sel_count = rows;
    self->left -= rows;
    self->at = (int64_t)((uint64_t)self->at + rows * (uint64_t)self->step);
    *out_batch = &self->batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void range_fini(struct mr_operator *op)
{
    mr_arena_fini(&((struct range *)op)->arena);
}

static const struct mr_operator_kind range_kind = {
    .name = "Range", .next = range_next, .fini = range_fini};

/* How many steps lead from `from` to before `to`; computed without leaving 64 bits. */
uint64_t mr_range_rows(int64_t from, int64_t to, int64_t step)
{
    uint64_t distance, size;
    if (step > 0) {
        if (from >= to) return 0;
        distance = (uint64_t)to - (uint64_t)from;
        size = (uint64_t)step;
    } else {
        if (from <= to) return 0;
        distance = (uint64_t)from - (uint64_t)to;
        size = 0 - (uint64_t)step;
    }
    return (distance - 1) / size + 1;
}

mr_status mr_op_range(struct mr_query_env *env, const struct mr_type *schema, int64_t from,
                      int64_t to, int64_t step, struct mr_operator **out_op, struct mr_err *err)
{
    struct range *self = mr_heap_zeroed(env->heap, sizeof *self);
    if (self == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for rows");
    self->op = (struct mr_operator){
        .kind = &range_kind, .env = env, .schema = schema, .bytes = sizeof *self};
    mr_arena_init(&self->arena, env->heap, 0);
    self->left = mr_range_rows(from, to, step);
    self->at = from;
    self->step = step;
    *out_op = &self->op;
    return MR_OK;
}

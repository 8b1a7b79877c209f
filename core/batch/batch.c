#include "core/batch/batch.h"

void mr_batch_init(struct mr_batch *batch, struct mr_arena *arena, const struct mr_type *schema)
{
    MR_ASSERT(schema->id == MR_TYPE_STRUCT);
    *batch = (struct mr_batch){.schema = schema, .arena = arena};
}

void mr_batch_fini(struct mr_batch *batch)
{
    mr_buf_unref(batch->input);
    if (batch->arena != NULL) mr_arena_reset(batch->arena);
    *batch = (struct mr_batch){0};
}

uint32_t mr_batch_add_buf(struct mr_batch *batch, const char *at)
{
    if (batch->bufs.count == MR_BUFS_MAX) return MR_BUFS_MAX;
    batch->bufs.at[batch->bufs.count] = at;
    return batch->bufs.count++;
}

void mr_batch_check(const struct mr_batch *batch)
{
    MR_ASSERT(batch->sel != NULL || batch->sel_count == batch->rows);
    for (uint32_t i = 0; i < batch->sel_count; i++) {
        MR_ASSERT(mr_batch_row(batch, i) < batch->rows);
        MR_ASSERT(i == 0 || mr_batch_row(batch, i - 1) < mr_batch_row(batch, i));
    }
    for (uint32_t i = 0; i < batch->schema->field_count; i++) {
        MR_ASSERT(batch->cols[i].rows == batch->rows);
        MR_ASSERT(mr_type_equal(batch->cols[i].type, batch->schema->fields[i].type));
        mr_vec_check(&batch->cols[i]);
    }
}

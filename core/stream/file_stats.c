#include "core/stream/file_stats.h"

#include "core/base/assert.h"

/* A bound of the writer as the statistics want it: by the column's type. */
static struct mr_delta_bound bound_of(const struct mr_type *type, const union mr_pq_bound *from)
{
    struct mr_delta_bound bound = {0};
    switch (type->id) {
    case MR_TYPE_FLOAT:
    case MR_TYPE_DOUBLE: bound.f64 = from->f64; break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY:
        bound.text_bytes = from->text.bytes;
        bound.text = (struct mr_span){from->text.at, from->text.bytes};
        if (bound.text.bytes > MR_PQ_BOUND_BYTES) bound.text.bytes = MR_PQ_BOUND_BYTES;
        break;
    case MR_TYPE_DECIMAL:
        bound.i64 = mr_decimal_is_long(type) ? from->i64 : 0;
        bound.i128 = mr_decimal_is_long(type) ? from->i64 : from->i128;
        break;
    default: bound.i64 = from->i64; break;
    }
    return bound;
}

static struct mr_delta_leaf_stats leaf_of(const struct mr_pq_writer *writer, uint32_t index)
{
    struct mr_pq_stats stats;
    mr_pq_writer_stats(writer, index, &stats);
    struct mr_delta_leaf_stats leaf = {.has_null_count = true, .null_count = stats.null_count};
    if (stats.bounds == NULL) return leaf;
    leaf.has_nan = stats.bounds->has_nan;
    leaf.has_bounds = stats.bounds->has_any;
    leaf.min = bound_of(stats.type, &stats.bounds->min);
    leaf.max = bound_of(stats.type, &stats.bounds->max);
    return leaf;
}

mr_status mr_file_stats_write(void *ctx, const struct mr_pq_writer *writer,
                              struct mr_arena *scratch, struct mr_text *out, struct mr_err *err)
{
    const struct mr_stats_plan *plan = ctx;
    uint32_t count = mr_pq_writer_stat_count(writer);
    MR_ASSERT(count == mr_delta_stats_leaves(plan->schema));
    struct mr_delta_leaf_stats *leaves = MR_ARENA_ARRAY(scratch, struct mr_delta_leaf_stats, count);
    if (leaves == NULL && count > 0) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for statistics");
    }
    for (uint32_t i = 0; i < count; i++) leaves[i] = leaf_of(writer, i);
    mr_delta_stats_write(&plan->rules, plan->schema, mr_pq_writer_rows(writer), leaves, out);
    return mr_text_end(out, err);
}

/* Frames, and what aggregates over them are made of. */
#include "core/expr/coerce.h"
#include "core/expr/order.h"
#include "core/ops/op_window_impl.h"

/* order_value: the order's value at a position, in column 0 of `sorted`; false when null. */
static const struct mr_vec *order_value(const struct window *self, uint32_t position,
                                        uint32_t *out_at)
{
    return mr_row_store_vec(&self->sorted, 0, position, out_at);
}

static double as_double(const struct mr_vec *vec, uint32_t at)
{
    if (vec->type->id == MR_TYPE_FLOAT) return ((const float *)vec->values)[at];
    return ((const double *)vec->values)[at];
}

static mr_i128 as_integer(const struct mr_vec *vec, uint32_t at)
{
    if (mr_type_width(vec->type) == 16) return ((const mr_i128 *)vec->values)[at];
    return mr_vec_i64(vec, at);
}

/* is_in_front: whether the row at `other` lies in front of a value `distance` away from that at
 * `position`, in the direction of the order. Nulls are only with each other. */
static bool is_in_front(const struct window *self, uint32_t other, uint32_t position,
                        const struct mr_value *distance)
{
    uint32_t at_a, at_b;
    const struct mr_sort_key *order = &self->spec.orders[0];
    const struct mr_vec *a = order_value(self, other, &at_a);
    const struct mr_vec *b = order_value(self, position, &at_b);
    bool null_a = mr_vec_is_null(a, at_a), null_b = mr_vec_is_null(b, at_b);
    if (null_a || null_b) {
        if (null_a && null_b) return false;
        return null_a == order->is_nulls_first;
    }
    if (mr_type_is_float(a->type)) {
        double x = as_double(a, at_a), y = as_double(b, at_b);
        y = order->is_descending ? y - distance->u.f64 : y + distance->u.f64;
        bool is_less = x < y || (y != y && x == x), is_more = x > y || (x != x && y == y);
        return order->is_descending ? is_more : is_less;
    }
    mr_i128 x = as_integer(a, at_a), y = as_integer(b, at_b);
    mr_i128 by = a->type->id == MR_TYPE_DECIMAL ? distance->u.i128 : distance->u.i64;
    y = order->is_descending ? y - by : y + by;
    return order->is_descending ? x > y : x < y;
}

/* is_behind: the same from the other side. */
static bool is_behind(const struct window *self, uint32_t other, uint32_t position,
                      const struct mr_value *distance)
{
    uint32_t at_a, at_b;
    const struct mr_sort_key *order = &self->spec.orders[0];
    const struct mr_vec *a = order_value(self, other, &at_a);
    const struct mr_vec *b = order_value(self, position, &at_b);
    bool null_a = mr_vec_is_null(a, at_a), null_b = mr_vec_is_null(b, at_b);
    if (null_a || null_b) {
        if (null_a && null_b) return false;
        return null_a != order->is_nulls_first;
    }
    if (mr_type_is_float(a->type)) {
        double x = as_double(a, at_a), y = as_double(b, at_b);
        y = order->is_descending ? y - distance->u.f64 : y + distance->u.f64;
        bool is_less = x < y || (y != y && x == x), is_more = x > y || (x != x && y == y);
        return order->is_descending ? is_less : is_more;
    }
    mr_i128 x = as_integer(a, at_a), y = as_integer(b, at_b);
    mr_i128 by = a->type->id == MR_TYPE_DECIMAL ? distance->u.i128 : distance->u.i64;
    y = order->is_descending ? y - by : y + by;
    return order->is_descending ? x < y : x > y;
}

static uint32_t clamp(const struct window *self, int64_t position)
{
    if (position < (int64_t)self->partition) return self->partition;
    if (position > (int64_t)self->partition_end) return self->partition_end;
    return (uint32_t)position;
}

static int64_t away(uint32_t position, int64_t rows)
{
    int64_t sum;
    if (!__builtin_add_overflow((int64_t)position, rows, &sum)) return sum;
    return rows < 0 ? INT64_MIN : INT64_MAX - 1;
}

static uint32_t frame_from(struct window *self, struct window_call *call, uint32_t position)
{
    const struct mr_op_bound *bound = &call->from->from;
    if (bound->kind == MR_OP_BOUND_UNBOUNDED) return self->partition;
    bool is_range = call->from->is_range;
    if (bound->kind == MR_OP_BOUND_CURRENT) return is_range ? self->peers : position;
    if (!is_range) return clamp(self, away(position, bound->rows));
    uint32_t at = call->frame_from;
    while (at < self->partition_end && is_in_front(self, at, position, &bound->distance)) at++;
    return at;
}

static uint32_t frame_to(struct window *self, struct window_call *call, uint32_t position)
{
    const struct mr_op_bound *bound = &call->from->to;
    if (bound->kind == MR_OP_BOUND_UNBOUNDED) return self->partition_end;
    bool is_range = call->from->is_range;
    if (bound->kind == MR_OP_BOUND_CURRENT) return is_range ? self->peers_end : position + 1;
    if (!is_range) return clamp(self, away(position, bound->rows) + 1);
    uint32_t at = call->frame_to;
    while (at < self->partition_end && !is_behind(self, at, position, &bound->distance)) at++;
    return at;
}

void window_frame(struct window *self, struct window_call *call, uint32_t position,
                  uint32_t *out_from, uint32_t *out_to)
{
    if (call->frame_partition != self->partition) {
        call->frame_partition = self->partition;
        call->frame_from = call->frame_to = self->partition;
    }
    uint32_t from = frame_from(self, call, position), to = frame_to(self, call, position);
    call->frame_from = from;
    call->frame_to = to;
    *out_from = from;
    *out_to = MR_MAX(from, to);
}

/* fold_chunk: rows of one chunk of `sorted`. */
static mr_status fold_chunk(struct window *self, struct window_call *call, char *state,
                            uint32_t chunk, uint32_t from, uint32_t to, struct mr_err *err)
{
    uint32_t kept[MR_STORE_CHUNK_ROWS], count = to - from;
    struct mr_vec args[8];
    struct mr_vec *all = args;
    if (call->arg_count > MR_COUNT_OF(args)) {
        mr_arena_reset(&self->part.arena);
        all = MR_ARENA_ARRAY(&self->part.arena, struct mr_vec, call->arg_count);
        if (all == NULL) return op_nomem(err);
    }
    for (uint32_t k = 0; k < call->arg_count; k++) {
        all[k] = self->sorted.columns[call->first_arg + k].vecs[chunk];
    }
    struct mr_aggregate_rows rows = {.at = self->sequence + from, .count = count, .args = all};
    if (call->filter != UINT32_MAX) {
        const struct mr_vec *filter = &self->sorted.columns[call->filter].vecs[chunk];
        rows.at = kept;
        rows.count = 0;
        for (uint32_t r = from; r < to; r++) {
            bool is_true = !mr_vec_is_null(filter, r) && mr_bit_get(filter->values, r);
            kept[rows.count] = r;
            rows.count += is_true;
        }
    }
    return call->agg.kind->reduce(&call->agg, state, &rows, err);
}

mr_status window_fold(struct window *self, struct window_call *call, char *state, uint32_t from,
                      uint32_t to, struct mr_err *err)
{
    while (from < to) {
        uint32_t chunk = from >> MR_STORE_CHUNK_BITS, first = chunk << MR_STORE_CHUNK_BITS;
        uint32_t until = MR_MIN(to, first + MR_STORE_CHUNK_ROWS);
        MR_TRY(fold_chunk(self, call, state, chunk, from - first, until - first, err));
        from = until;
    }
    return MR_OK;
}

/* ---- blocks ---- */

static mr_status alloc_blocks(struct window *self, struct window_call *call, struct mr_err *err)
{
    uint32_t count = self->rows;
    for (uint32_t level = 0; level < LEVELS; level++) {
        count >>= BLOCK_BITS; /* whole ones only */
        call->block_count[level] = count;
        call->blocks[level] = mr_arena_zeroed(
            &self->arena, ((size_t)count + 1) * call->agg.kind->state_bytes, 64);
        if (call->blocks[level] == NULL) return op_nomem(err);
    }
    return MR_OK;
}

static mr_status make_block(struct window *self, struct window_call *call, uint32_t block,
                            struct mr_err *err)
{
    uint32_t bytes = call->agg.kind->state_bytes, above = block >> BLOCK_BITS;
    char *state = call->blocks[0] + (size_t)block * bytes;
    MR_TRY(window_fold(self, call, state, block << BLOCK_BITS, (block + 1) << BLOCK_BITS, err));
    if (above < call->block_count[1]) {
        call->agg.kind->merge(&call->agg, call->blocks[1] + (size_t)above * bytes, state);
    }
    return MR_OK;
}

mr_status window_blocks(struct window *self, bool *out_is_done, struct mr_err *err)
{
    *out_is_done = false;
    if (self->blocks_call == self->spec.call_count) {
        *out_is_done = true;
        return MR_OK;
    }
    struct window_call *call = &self->calls[self->blocks_call];
    if (call->has_blocks && call->blocks[0] == NULL) MR_TRY(alloc_blocks(self, call, err));
    uint32_t budget = MR_BATCH_ROWS_MAX / BLOCK_ROWS;
    for (; budget > 0 && self->blocks_done < call->block_count[0]; budget--) {
        MR_TRY(make_block(self, call, self->blocks_done++, err));
    }
    if (self->blocks_done < call->block_count[0]) return MR_OK;
    self->blocks_call++;
    self->blocks_done = 0;
    return MR_OK;
}

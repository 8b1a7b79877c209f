/* The value of a window function for one row. */
#include "core/ops/op_window_impl.h"

/* value_at: the argument's value at a position, appended to the column. */
static mr_status value_at(struct window *self, uint32_t column, uint32_t position,
                          struct mr_vec *out, struct mr_err *err)
{
    uint32_t at;
    const struct mr_vec *vec = mr_row_store_vec(&self->sorted, column, position, &at);
    return mr_column_append(out, &self->out.text, vec, &at, 1, err);
}

/* nth_in: the position of the n-th value (from 0) in [from, to), nulls left out where the function
 * ignores them; `to` when there is none. n < 0 counts from the end. */
static uint32_t nth_in(const struct window_call *call, uint32_t from, uint32_t to, int64_t n)
{
    if (!call->ignores_nulls) {
        int64_t at = n >= 0 ? (int64_t)from + n : (int64_t)to + n;
        return at >= from && at < to ? (uint32_t)at : to;
    }
    int64_t first = call->before[from], end = call->before[to];
    int64_t at = n >= 0 ? first + n : end + n;
    return at >= first && at < end ? call->present[at] : to;
}

/* value_shifted: lag and lead: (value, default), `rows` away. */
static mr_status value_shifted(struct window *self, struct window_call *call, uint32_t position,
                               int64_t rows, struct mr_vec *out, struct mr_err *err)
{
    uint32_t found = UINT32_MAX;
    if (rows == 0) {
        found = position;
    } else if (rows < 0) {
        found = nth_in(call, self->partition, position, rows);
        if (found == position) found = UINT32_MAX;
    } else {
        found = nth_in(call, position + 1, self->partition_end, rows - 1);
        if (found == self->partition_end) found = UINT32_MAX;
    }
    if (found == UINT32_MAX) return value_at(self, call->first_arg + 1, position, out, err);
    return value_at(self, call->first_arg, found, out, err);
}

static mr_status value_nth(struct window *self, struct window_call *call, uint32_t position,
                           int64_t n, struct mr_vec *out, struct mr_err *err)
{
    uint32_t from, to;
    window_frame(self, call, position, &from, &to);
    uint32_t found = nth_in(call, from, to, n);
    if (found == to) return mr_column_append_nulls(out, &self->out.text, 1, err);
    return value_at(self, call->first_arg, found, out, err);
}

/* ntile: the first `rest` buckets have one row more. */
static int32_t ntile(uint32_t row, uint32_t rows, int64_t buckets)
{
    int64_t size = rows / buckets, rest = rows % buckets, large = rest * (size + 1);
    if (row < large) return (int32_t)(row / (size + 1) + 1);
    return (int32_t)(rest + (row - large) / MR_MAX(size, 1) + 1);
}

static mr_status value_of_place(struct window *self, struct window_call *call, uint32_t position,
                                struct mr_vec *out, struct mr_err *err)
{
    uint32_t rows = self->partition_end - self->partition;
    int32_t number = 0;
    double share;
    switch (call->from->call.function->op) {
    case MR_WINDOW_ROW_NUMBER: number = (int32_t)(position - self->partition + 1); break;
    case MR_WINDOW_RANK: number = (int32_t)(self->peers - self->partition + 1); break;
    case MR_WINDOW_DENSE_RANK: number = (int32_t)self->dense; break;
    case MR_WINDOW_NTILE:
        number = ntile(position - self->partition, rows, call->constant);
        break;
    case MR_WINDOW_PERCENT_RANK:
        share = rows == 1 ? 0 : (double)(self->peers - self->partition) / (double)(rows - 1);
        mr_column_append_fixed(out, &share);
        return MR_OK;
    case MR_WINDOW_CUME_DIST:
        share = (double)(self->peers_end - self->partition) / (double)rows;
        mr_column_append_fixed(out, &share);
        return MR_OK;
    case MR_WINDOW_LAG:
        return value_shifted(self, call, position, -call->constant, out, err);
    case MR_WINDOW_LEAD: return value_shifted(self, call, position, call->constant, out, err);
    default: return value_nth(self, call, position, call->constant - 1, out, err);
    }
    mr_column_append_fixed(out, &number);
    return MR_OK;
}

/* add_blocks: [from, to) by rows at both ends and blocks between. */
static mr_status add_blocks(struct window *self, struct window_call *call, uint32_t from,
                            uint32_t to, struct mr_err *err)
{
    uint32_t bytes = call->agg.kind->state_bytes;
    while (from < to) {
        uint32_t level = LEVELS, step = 0;
        while (level > 0) {
            step = UINT32_C(1) << BLOCK_BITS * level;
            if (from % step == 0 && to - from >= step) break;
            level--;
        }
        if (level == 0) {
            step = MR_MIN(to - from, BLOCK_ROWS - from % BLOCK_ROWS);
            MR_TRY(window_fold(self, call, call->state, from, from + step, err));
        } else {
            size_t block = from >> BLOCK_BITS * level;
            call->agg.kind->merge(&call->agg, call->state,
                                  call->blocks[level - 1] + block * bytes);
        }
        from += step;
    }
    return MR_OK;
}

/* feed: the state holds exactly [from, to). */
static mr_status feed(struct window *self, struct window_call *call, uint32_t from, uint32_t to,
                      struct mr_err *err)
{
    bool goes_on = call->fed_from == from && call->fed_to <= to;
    if (!goes_on) {
        mr_aggregate_drop(&call->agg, call->state);
        call->fed_from = call->fed_to = from;
    }
    if (call->has_blocks) MR_TRY(add_blocks(self, call, call->fed_to, to, err));
    else MR_TRY(window_fold(self, call, call->state, call->fed_to, to, err));
    call->fed_to = to;
    return MR_OK;
}

static mr_status value_of_aggregate(struct window *self, struct window_call *call,
                                    uint32_t position, struct mr_vec *out, struct mr_err *err)
{
    mr_aggregate_op op = call->agg.function->op;
    bool has_filter = call->filter != UINT32_MAX;
    if (op == MR_AGG_FIRST && !has_filter) return value_nth(self, call, position, 0, out, err);
    if (op == MR_AGG_LAST && !has_filter) return value_nth(self, call, position, -1, out, err);
    uint32_t from, to;
    window_frame(self, call, position, &from, &to);
    bool is_same = call->fed_from == from && call->fed_to == to && out->rows > 0 && position > 0;
    if (is_same) { /* as the row before: its text is shared */
        struct mr_text_area shared = self->out.text;
        uint32_t before = out->rows - 1;
        shared.is_shared = true;
        return mr_column_append(out, &shared, out, &before, 1, err);
    }
    MR_TRY(feed(self, call, from, to, err));
    return call->agg.kind->finish(&call->agg, call->state, out, &self->out.text, err);
}

mr_status window_value(struct window *self, struct window_call *call, uint32_t position,
                       struct mr_vec *out, struct mr_err *err)
{
    if (call->is_aggregate) return value_of_aggregate(self, call, position, out, err);
    return value_of_place(self, call, position, out, err);
}

#include "core/format/parquet/pq_ranges.h"

#include <stdlib.h>

#include "core/base/checked.h"

void mr_pq_ranges_init(struct mr_pq_ranges *ranges, struct mr_heap *heap,
                       const struct mr_span *memory, const struct mr_pq_ranges_limits *limits)
{
    MR_ASSERT(limits->request_bytes > 0);
    *ranges = (struct mr_pq_ranges){.heap = heap, .limits = *limits, .waited = UINT32_MAX};
    ranges->is_memory = memory != NULL;
    if (memory != NULL) ranges->memory = *memory;
}

static void ranges_drop(struct mr_pq_ranges *ranges)
{
    MR_ASSERT(ranges->in_flight == 0);
    for (uint32_t i = 0; i < ranges->count; i++) mr_pq_block_unref(ranges->ranges[i].block);
    mr_heap_give(ranges->heap, ranges->ranges, ranges->count * sizeof *ranges->ranges);
    mr_heap_give(ranges->heap, ranges->order, ranges->count * sizeof *ranges->order);
    ranges->ranges = NULL;
    ranges->order = NULL;
    ranges->count = ranges->next = 0;
    ranges->held_bytes = 0;
    ranges->waited = UINT32_MAX;
}

void mr_pq_ranges_fini(struct mr_pq_ranges *ranges)
{
    if (ranges->heap != NULL) ranges_drop(ranges);
}

/* ---- making ---------------------------------------------------------------------------------- */

static int span_order(const void *a, const void *b)
{
    const struct mr_pq_span *x = a, *y = b;
    if (x->off != y->off) return x->off < y->off ? -1 : 1;
    return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

/* Where a byte of a span comes among all that will be wanted. */
static double urgency_at(const struct mr_pq_span *span, uint64_t off)
{
    double part = (double)(off - span->off) / (double)MR_MAX(span->bytes, UINT64_C(1));
    return span->urgency + (1 - span->urgency) * part;
}

/* The ranges of sorted spans; only counts them when `out` is null. */
static uint32_t ranges_cut(const struct mr_pq_ranges *ranges, const struct mr_pq_span *spans,
                           uint32_t span_count, struct mr_pq_range *out)
{
    uint64_t request = ranges->limits.request_bytes, gap = ranges->limits.gap_bytes;
    struct mr_pq_range last = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < span_count; i++) {
        uint64_t last_end = last.off + last.bytes, end = spans[i].off + spans[i].bytes;
        uint64_t from = MR_MAX(spans[i].off, last_end);
        if (from >= end) continue;
        if (count > 0 && from - last_end <= gap && end - last.off <= request) {
            last.bytes = (uint32_t)(end - last.off);
            last.urgency = MR_MIN(last.urgency, urgency_at(&spans[i], from));
            if (out != NULL) out[count - 1] = last;
            continue;
        }
        for (; from < end; from += last.bytes) {
            last = (struct mr_pq_range){.off = from,
                                        .bytes = (uint32_t)MR_MIN(end - from, request),
                                        .urgency = urgency_at(&spans[i], from)};
            if (out != NULL) out[count] = last;
            count++;
        }
    }
    return count;
}

static int range_order(const void *a, const void *b, void *ctx)
{
    const struct mr_pq_range *ranges = ctx;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (ranges[x].urgency != ranges[y].urgency) {
        return ranges[x].urgency < ranges[y].urgency ? -1 : 1;
    }
    return x < y ? -1 : x > y;
}

/* The first range that ends behind `off`. */
static uint32_t range_find(const struct mr_pq_ranges *ranges, uint64_t off)
{
    uint32_t low = 0, high = ranges->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct mr_pq_range *range = &ranges->ranges[middle];
        if (range->off + range->bytes > off) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

mr_status mr_pq_ranges_make(struct mr_pq_ranges *ranges, struct mr_pq_span *spans, uint32_t count,
                            struct mr_err *err)
{
    ranges_drop(ranges);
    if (ranges->is_memory || count == 0) return MR_OK;
    qsort(spans, count, sizeof *spans, span_order);
    uint32_t cut = ranges_cut(ranges, spans, count, NULL);
    if (cut == 0) return MR_OK;
    ranges->ranges = mr_heap_zeroed(ranges->heap, cut * sizeof *ranges->ranges);
    ranges->order = mr_heap_take(ranges->heap, cut * sizeof *ranges->order);
    if (ranges->ranges == NULL || ranges->order == NULL) {
        mr_heap_give(ranges->heap, ranges->ranges, cut * sizeof *ranges->ranges);
        mr_heap_give(ranges->heap, ranges->order, cut * sizeof *ranges->order);
        ranges->ranges = NULL;
        ranges->order = NULL;
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for %u ranges of a file", cut);
    }
    ranges->count = cut;
    (void)ranges_cut(ranges, spans, count, ranges->ranges);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = spans[i].off + spans[i].bytes;
        for (uint32_t r = range_find(ranges, spans[i].off); r < cut; r++) {
            if (ranges->ranges[r].off >= end) break;
            ranges->ranges[r].spans_left++;
        }
    }
    for (uint32_t i = 0; i < cut; i++) ranges->order[i] = i;
    qsort_r(ranges->order, cut, sizeof *ranges->order, range_order, ranges->ranges);
    return MR_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

static mr_status range_start(struct mr_pq_ranges *ranges, uint32_t index, struct mr_err *err)
{
    struct mr_pq_range *range = &ranges->ranges[index];
    range->block = mr_pq_block_new(ranges->heap, range->bytes);
    if (range->block == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for %u bytes of a file",
                          range->bytes);
    }
    range->state = MR_PQ_RANGE_ASKED;
    ranges->in_flight++;
    ranges->held_bytes += range->bytes;
    return MR_OK;
}

mr_status mr_pq_ranges_ask(struct mr_pq_ranges *ranges, uint32_t *out_range, struct mr_err *err)
{
    uint32_t waited = ranges->waited;
    *out_range = UINT32_MAX;
    if (waited != UINT32_MAX && ranges->ranges[waited].state == MR_PQ_RANGE_WANTED) {
        MR_TRY(range_start(ranges, waited, err));
        *out_range = waited;
        return MR_OK;
    }
    while (ranges->next < ranges->count) {
        uint32_t index = ranges->order[ranges->next];
        const struct mr_pq_range *range = &ranges->ranges[index];
        if (range->state != MR_PQ_RANGE_WANTED || range->spans_left == 0) {
            ranges->next++;
            continue;
        }
        if (ranges->held_bytes > 0 &&
            ranges->held_bytes + range->bytes > ranges->limits.budget_bytes) {
            return MR_OK;
        }
        MR_TRY(range_start(ranges, index, err));
        ranges->next++;
        *out_range = index;
        return MR_OK;
    }
    return MR_OK;
}

void mr_pq_ranges_stop(struct mr_pq_ranges *ranges)
{
    ranges->next = ranges->count;
    ranges->waited = UINT32_MAX;
}

static void range_pass(struct mr_pq_ranges *ranges, struct mr_pq_range *range)
{
    MR_ASSERT(range->spans_left > 0);
    if (--range->spans_left > 0 || range->state != MR_PQ_RANGE_THERE) return;
    range->state = MR_PQ_RANGE_PASSED;
    ranges->held_bytes -= range->bytes;
    mr_pq_block_unref(range->block);
    range->block = NULL;
}

void mr_pq_ranges_fill(struct mr_pq_ranges *ranges, uint32_t index)
{
    struct mr_pq_range *range = &ranges->ranges[index];
    MR_ASSERT(index < ranges->count && range->state == MR_PQ_RANGE_ASKED);
    range->state = MR_PQ_RANGE_THERE;
    ranges->in_flight--;
    if (ranges->waited == index) ranges->waited = UINT32_MAX;
    if (range->spans_left > 0) return;
    range->spans_left = 1; /* all were past it while it was on its way */
    range_pass(ranges, range);
}

/* ---- cursors --------------------------------------------------------------------------------- */

void mr_pq_cursor_open(struct mr_pq_cursor *cursor, struct mr_pq_ranges *ranges, uint64_t off,
                       uint64_t bytes)
{
    *cursor = (struct mr_pq_cursor){.ranges = ranges, .off = off, .end = off + bytes};
    /* An empty span is in no range, also where one is around it. */
    if (!ranges->is_memory) cursor->range = bytes == 0 ? ranges->count : range_find(ranges, off);
}

static bool range_is_there(struct mr_pq_ranges *ranges, uint32_t index)
{
    MR_ASSERT(index < ranges->count);
    MR_ASSERT(ranges->ranges[index].state != MR_PQ_RANGE_PASSED);
    if (ranges->ranges[index].state == MR_PQ_RANGE_THERE) return true;
    ranges->waited = index;
    return false;
}

/* `bytes` bytes that lie in more than one range, put together. */
static mr_status cursor_join(struct mr_pq_cursor *cursor, uint64_t bytes, struct mr_span *out,
                             struct mr_pq_block **out_block, struct mr_err *err)
{
    struct mr_pq_ranges *ranges = cursor->ranges;
    uint64_t off = cursor->off, end = off + bytes;
    for (uint32_t r = cursor->range; off < end; r++) {
        if (!range_is_there(ranges, r)) return MR_E_AGAIN;
        off = ranges->ranges[r].off + ranges->ranges[r].bytes;
    }
    struct mr_pq_block *block = mr_pq_block_new(ranges->heap, bytes);
    if (block == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a page of %llu bytes",
                          (unsigned long long)bytes);
    }
    off = cursor->off;
    for (uint32_t r = cursor->range; off < end; r++) {
        const struct mr_pq_range *range = &ranges->ranges[r];
        uint64_t part = MR_MIN(range->off + range->bytes, end) - off;
        memcpy(block->at + (off - cursor->off), range->block->at + (off - range->off), part);
        off += part;
    }
    *out = (struct mr_span){(const char *)block->at, bytes};
    *out_block = block;
    return MR_OK;
}

mr_status mr_pq_cursor_peek(struct mr_pq_cursor *cursor, uint64_t bytes, struct mr_span *out,
                            struct mr_pq_block **out_block, struct mr_err *err)
{
    struct mr_pq_ranges *ranges = cursor->ranges;
    uint64_t left = mr_pq_cursor_left(cursor);
    bytes = MR_MIN(bytes, left);
    if (ranges->is_memory || left == 0) {
        *out = (struct mr_span){left == 0 ? "" : ranges->memory.text + cursor->off, left};
        *out_block = NULL;
        return MR_OK;
    }
    if (!range_is_there(ranges, cursor->range)) return MR_E_AGAIN;
    const struct mr_pq_range *range = &ranges->ranges[cursor->range];
    uint64_t at = cursor->off - range->off, there = MR_MIN(range->bytes - at, left);
    if (there < bytes) return cursor_join(cursor, bytes, out, out_block, err);
    *out = (struct mr_span){(const char *)range->block->at + at, there};
    *out_block = mr_pq_block_ref(range->block);
    return MR_OK;
}

void mr_pq_cursor_pass(struct mr_pq_cursor *cursor, uint64_t bytes)
{
    struct mr_pq_ranges *ranges = cursor->ranges;
    MR_ASSERT(bytes <= mr_pq_cursor_left(cursor));
    cursor->off += bytes;
    if (ranges->is_memory) return;
    for (; cursor->range < ranges->count; cursor->range++) {
        struct mr_pq_range *range = &ranges->ranges[cursor->range];
        if (range->off >= cursor->end) break;
        if (range->off + range->bytes > cursor->off && cursor->off < cursor->end) break;
        range_pass(ranges, range);
    }
}

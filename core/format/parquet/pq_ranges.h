/* The bytes that a reader needs: spans of the file, put together into ranges to be read.
 *
 *     spans wanted ──make──▶ ranges ──ask──▶ in flight ──fill──▶ there ──pass──▶ given back
 *
 * A span is what one column reads from front to back: a chunk, some of its pages, an index. Spans
 * that lie near each other share a range, long ones are cut; a range has at most request_bytes but
 * for what has to be whole. Ranges are asked for in the order in which columns will want them, as
 * long as those asked for and not yet passed by all their columns stay within a budget; a range
 * that a column waits for goes in any case. So memory is bounded by the budget, or by a range for
 * each column where the budget is smaller.
 *
 * A file that lies in memory as a whole needs no ranges: its bytes are there at once.
 * Nothing here is believed to be anywhere in particular but inside the file. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_RANGES_H
#define MR_CORE_FORMAT_PARQUET_PQ_RANGES_H

#include "core/format/parquet/pq_block.h"

struct mr_pq_span {
    uint64_t off;
    uint64_t bytes;
    double urgency; /* 0 = at once ... 1 = at the end; of its first byte, its end is 1 */
};

struct mr_pq_range {
    uint64_t off;
    uint32_t bytes;
    enum { MR_PQ_RANGE_WANTED, MR_PQ_RANGE_ASKED, MR_PQ_RANGE_THERE, MR_PQ_RANGE_PASSED } state;
    uint32_t spans_left; /* that have not passed its end */
    double urgency;
    struct mr_pq_block *block;
};

struct mr_pq_ranges_limits {
    uint32_t request_bytes; /* the most of one range */
    uint32_t gap_bytes;     /* of bytes nobody wants, read along rather than skipped */
    uint64_t budget_bytes;
};

struct mr_pq_ranges {
    struct mr_heap *heap;
    struct mr_pq_ranges_limits limits;
    struct mr_span memory; /* the file, when it is there as a whole */
    bool is_memory;
    uint32_t count;
    struct mr_pq_range *ranges; /* ascending, disjoint */
    uint32_t *order;            /* [count] by urgency */
    uint32_t next;              /* in order: those before have been asked for */
    uint32_t in_flight;
    uint64_t held_bytes; /* asked for and not passed */
    uint32_t waited;     /* range that a column waits for, UINT32_MAX = none */
};

/* One column's way through a span. */
struct mr_pq_cursor {
    struct mr_pq_ranges *ranges;
    uint64_t off; /* next byte */
    uint64_t end;
    uint32_t range; /* that `off` lies in, or before */
};

/* mr_pq_ranges_init: nothing wanted. `memory` is the whole file or null. */
void mr_pq_ranges_init(struct mr_pq_ranges *ranges, struct mr_heap *heap,
                       const struct mr_span *memory, const struct mr_pq_ranges_limits *limits);
void mr_pq_ranges_fini(struct mr_pq_ranges *ranges); /* nothing in flight */

/* mr_pq_ranges_make: wants spans[count], of any order, inside the file; in place of what was wanted
 * before. Sorts them. */
MR_MUST_USE mr_status mr_pq_ranges_make(struct mr_pq_ranges *ranges, struct mr_pq_span *spans,
                                        uint32_t count, struct mr_err *err);

/* mr_pq_ranges_ask: the next range to read, with memory for it: *out_range UINT32_MAX when there is
 * none now. mr_pq_ranges_fill: its bytes are there. */
MR_MUST_USE mr_status mr_pq_ranges_ask(struct mr_pq_ranges *ranges, uint32_t *out_range,
                                       struct mr_err *err);
void mr_pq_ranges_fill(struct mr_pq_ranges *ranges, uint32_t range);

/* mr_pq_ranges_stop: nothing more of them is needed, nor asked for. */
void mr_pq_ranges_stop(struct mr_pq_ranges *ranges);

/* mr_pq_cursor_open: at the front of one of the spans. */
void mr_pq_cursor_open(struct mr_pq_cursor *cursor, struct mr_pq_ranges *ranges, uint64_t off,
                       uint64_t bytes);

/* mr_pq_cursor_peek: at least `bytes` bytes from the cursor on, or all that are left of the span
 * when those are fewer, and as many more as lie behind them anyway.
 * out_block  holds the bytes, a reference for the caller; null when they lie in the file's memory.
 *            Bytes that lie in two ranges are moved to a block of their own.
 * returns    MR_E_AGAIN while a range is not there; MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_cursor_peek(struct mr_pq_cursor *cursor, uint64_t bytes,
                                        struct mr_span *out, struct mr_pq_block **out_block,
                                        struct mr_err *err);

/* mr_pq_cursor_pass: goes on by `bytes`, at most to the end of the span; ranges that were the
 * last of theirs to be passed are given back. */
void mr_pq_cursor_pass(struct mr_pq_cursor *cursor, uint64_t bytes);

static inline uint64_t mr_pq_cursor_left(const struct mr_pq_cursor *cursor)
{
    return cursor->end - cursor->off;
}

#endif

/* Bounds: smallest and largest value of a page, a column chunk or a file.
 *
 * Order is that of the type: integers, dates, timestamps and decimals signed, floats by IEEE
 * without NaN, strings and binary by unsigned bytes. A string's bound keeps its first
 * MR_PQ_BOUND_BYTES; what lies behind cannot matter to a reader, because bounds are cut to 64 bytes
 * in the file anyway, and Delta's to 32 UTF-16 units.
 *
 * In the file: a minimum is cut at a character's end, a maximum cut and then raised in its last
 * character, and both then say that they are not exact; a zero bound of floats is written -0 as
 * minimum and +0 as maximum; a column of NaN alone has no bounds.
 * Source: parquet.thrift, Statistics and ColumnIndex. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_BOUNDS_H
#define MR_CORE_FORMAT_PARQUET_PQ_BOUNDS_H

#include "core/base/span.h"
#include "core/format/parquet/pq_leaves.h"

enum { MR_PQ_BOUND_BYTES = 256, MR_PQ_BOUND_WRITTEN_MAX = 64 };

struct mr_pq_bound_text {
    uint32_t bytes;             /* of the whole value */
    char at[MR_PQ_BOUND_BYTES]; /* its first bytes */
};

union mr_pq_bound {
    int64_t i64;   /* boolean (0, 1), integers, date, timestamps, decimal up to 18 digits */
    __int128 i128; /* decimal above */
    double f64;    /* float and double */
    struct mr_pq_bound_text text; /* string and binary */
};

struct mr_pq_bounds {
    bool has_any; /* min and max are set */
    bool has_nan; /* a NaN was among the values; it is in neither bound */
    union mr_pq_bound min;
    union mr_pq_bound max;
};

static inline void mr_pq_bounds_reset(struct mr_pq_bounds *bounds)
{
    bounds->has_any = bounds->has_nan = false;
}

void mr_pq_bounds_add_i64(struct mr_pq_bounds *bounds, int64_t min, int64_t max);
void mr_pq_bounds_add_i128(struct mr_pq_bounds *bounds, __int128 value);
void mr_pq_bounds_add_f64(struct mr_pq_bounds *bounds, double min, double max);
void mr_pq_bounds_add_text(struct mr_pq_bounds *bounds, struct mr_span value);

/* mr_pq_bounds_merge: widens `into` by `from`, bounds of the same leaf. */
void mr_pq_bounds_merge(struct mr_pq_bounds *into, const struct mr_pq_bounds *from,
                        const struct mr_pq_leaf *leaf);

/* A bound as the file has it: PLAIN bytes of the value without a length. */
struct mr_pq_plain_bound {
    uint8_t at[MR_PQ_BOUND_BYTES];
    uint32_t bytes;
    bool is_exact;
};

/* mr_pq_bound_encode: false when there is none that is true (a maximum of 0xff bytes that was cut).
 */
bool mr_pq_bound_encode(const union mr_pq_bound *bound, bool is_max, const struct mr_pq_leaf *leaf,
                        struct mr_pq_plain_bound *out);

/* mr_pq_bound_compare: order of two bounds of one leaf; cut texts by what is kept of them. */
int mr_pq_bound_compare(const union mr_pq_bound *a, const union mr_pq_bound *b,
                        const struct mr_pq_leaf *leaf);

#endif

/* Sums of columns: what a reader made of its input, in a form that other programs can make too.
 *
 * For each leaf of the schema: how many of its values are present, and a sum modulo 2^64 that does
 * not depend on their order: of integers, dates and timestamps the values themselves, of doubles
 * their bit patterns, of booleans the true ones, of strings the CRC-32 of their bytes. A value
 * below a null struct is not present. tests/conformance/test_json_workloads.py makes the same from
 * a parse of Python's. */
#ifndef MR_BENCH_KERNEL_COLUMN_SUMS_H
#define MR_BENCH_KERNEL_COLUMN_SUMS_H

#include "core/batch/batch.h"

enum { MR_SUMS_MAX = 1024 };

struct mr_column_sum {
    uint64_t present;
    uint64_t sum;
};

struct mr_column_sums {
    uint64_t rows;
    uint32_t count; /* leaves, in schema order */
    struct mr_column_sum leaves[MR_SUMS_MAX];
};

/* mr_column_sums_add: `sums` starts as zeros; all batches are of one schema, without maps. */
void mr_column_sums_add(struct mr_column_sums *sums, const struct mr_batch *batch);

bool mr_column_sums_equal(const struct mr_column_sums *a, const struct mr_column_sums *b);

/* mr_column_sums_print: {"rows":3,"columns":{"geo.lat":["2","4611686018427387904"],...}} */
void mr_column_sums_print(const struct mr_column_sums *sums, const struct mr_type *schema);

#endif

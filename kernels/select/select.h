/* Selection: values compared into bitmaps, bitmaps into row lists.
 *
 * The inner loops of filters. A comparison writes one bit per row, 64 to the word; the last word's
 * bits past `rows` are zero. Nulls are the caller's: their bits come out as whatever lies there,
 * and are masked with the validity bitmap, which is a mask like others.
 *
 * Order of floating point numbers is SQL's: NaN equals NaN and is above all numbers, 0.0 = -0.0. So
 * the order is total, <= is the complement of >, and two comparisons make all six. All variants
 * give the same bits.
 *
 * Source: TECHNIQUES 4; Polychroniou, Raghavan, Ross, "Rethinking SIMD Vectorization for In-Memory
 * Databases" (2015), on selective stores. */
#ifndef MR_KERNELS_SELECT_SELECT_H
#define MR_KERNELS_SELECT_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/isa/isa.h"

enum { MR_SELECT_SLACK = 16 }; /* entries behind a row list that may be overwritten */

typedef enum mr_select_type {
    MR_SELECT_I8,
    MR_SELECT_I16,
    MR_SELECT_I32,
    MR_SELECT_I64,
    MR_SELECT_F32,
    MR_SELECT_F64,
    MR_SELECT_TYPES,
} mr_select_type;

typedef enum mr_select_op {
    MR_SELECT_EQ,       /* a[i] = b[i] */
    MR_SELECT_LT,       /* a[i] < b[i] */
    MR_SELECT_EQ_VALUE, /* a[i] = b[0] */
    MR_SELECT_LT_VALUE, /* a[i] < b[0] */
    MR_SELECT_GT_VALUE, /* a[i] > b[0] */
    MR_SELECT_OPS,
} mr_select_op;

/* mr_select_compare_fn: compares `rows` values.
 * a, b  values of the type, aligned as their type is, readable MR_PAD bytes past their end
 * out   ceil(rows / 64) words */
typedef void mr_select_compare_fn(const void *a, const void *b, size_t rows, uint64_t *out);

/* mr_select_rows_fn: positions of the set bits of bits[ceil(rows/64)], ascending; bits past `rows`
 * are left out. out has room for rows + MR_SELECT_SLACK entries.
 * returns their number */
typedef uint32_t mr_select_rows_fn(const uint64_t *bits, uint32_t rows, uint32_t *out);

/* mr_select_cut_fn: keeps those of sel[count] (ascending) whose bit is set; out may be sel itself
 * and has room for count + MR_SELECT_SLACK entries.
 * returns their number */
typedef uint32_t mr_select_cut_fn(const uint64_t *bits, const uint32_t *sel, uint32_t count,
                                  uint32_t *out);

struct mr_select_kernels {
    mr_isa isa;
    mr_select_compare_fn *compare[MR_SELECT_TYPES][MR_SELECT_OPS];
    mr_select_rows_fn *rows;
    mr_select_cut_fn *cut;
};

/* mr_select_kernels: the table for a level; the next lower one's functions where there is no own.
 */
const struct mr_select_kernels *mr_select_kernels(mr_isa isa);

/* The reference where it stays the best. */
mr_select_rows_fn mr_select_rows_ref;
mr_select_cut_fn mr_select_cut_ref;

/* The variants' tables. */
extern const struct mr_select_kernels mr_select_ref;
extern const struct mr_select_kernels mr_select_avx2;
extern const struct mr_select_kernels mr_select_avx512;

#endif

/* The encoding kernels by instruction set: one table per level, chosen once at start.
 *
 * Contracts are those of the reference: bitpack.h, rle.h, levels.h, minmax.h. All variants give the
 * same bytes; they read no more behind an input than it says there, and write no more behind an
 * output. What a reader of files needs (unpacking, decoding of runs) has the reference alone. */
#ifndef MR_KERNELS_ENCODE_ENCODE_H
#define MR_KERNELS_ENCODE_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/isa/isa.h"

typedef size_t mr_rle_u32_fn(const uint32_t *values, size_t count, unsigned width, uint8_t *out);
typedef size_t mr_rle_u8_fn(const uint8_t *values, size_t count, unsigned width, uint8_t *out);
typedef void mr_bitpack_u8_fn(const uint8_t *values, size_t count, unsigned width, uint8_t *out);
typedef uint32_t mr_levels_dense_fn(const uint64_t *validity, uint32_t count, uint8_t absent,
                                    uint8_t present, uint8_t *out_def, uint32_t *out_rows);
typedef uint32_t mr_levels_descend_fn(const uint64_t *validity, const uint32_t *rows,
                                      const uint8_t *def, uint32_t count, uint8_t absent,
                                      uint32_t *out_rows, uint8_t *out_def);
typedef uint32_t mr_levels_open_fn(const uint32_t *offsets, const uint32_t *rows,
                                   const uint8_t *def, const uint8_t *rep, uint32_t count,
                                   uint8_t empty, uint8_t level, uint32_t *out_rows,
                                   uint8_t *out_def, uint8_t *out_rep);
typedef uint32_t mr_levels_finish_fn(const uint32_t *rows, uint32_t count, uint8_t present,
                                     uint8_t *def, uint32_t *out_rows);
typedef uint32_t mr_levels_equal_fn(const uint8_t *levels, uint32_t count, uint8_t level);
typedef uint32_t mr_levels_rows_fn(const uint8_t *rep, uint32_t count, uint32_t *rows);
typedef void mr_minmax_i32_fn(const int32_t *values, size_t count, int32_t *min, int32_t *max);
typedef void mr_minmax_i64_fn(const int64_t *values, size_t count, int64_t *min, int64_t *max);
typedef void mr_minmax_f32_fn(const float *values, size_t count, float *min, float *max);
typedef void mr_minmax_f64_fn(const double *values, size_t count, double *min, double *max);

struct mr_encode_kernels {
    mr_isa isa;
    mr_rle_u32_fn *rle_u32;
    mr_rle_u8_fn *rle_u8;
    mr_bitpack_u8_fn *bitpack_u8;
    mr_levels_dense_fn *levels_dense;
    mr_levels_descend_fn *levels_descend;
    mr_levels_open_fn *levels_open;
    mr_levels_finish_fn *levels_finish;
    mr_levels_equal_fn *levels_equal;
    mr_levels_rows_fn *levels_rows;
    mr_minmax_i32_fn *minmax_i32;
    mr_minmax_i64_fn *minmax_i64;
    mr_minmax_f32_fn *minmax_f32;
    mr_minmax_f64_fn *minmax_f64;
};

/* mr_encode_kernels: the table for a level; the next lower one where there is no own. */
const struct mr_encode_kernels *mr_encode_kernels(mr_isa isa);

/* The variants' tables. */
extern const struct mr_encode_kernels mr_encode_ref;
extern const struct mr_encode_kernels mr_encode_avx2;

#endif

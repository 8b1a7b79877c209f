/* Tiles: up to 1,024 values of a column in their plain physical form, in L1.
 *
 * A tile is where a batch's layout ends and Parquet's begins: rows are gathered, bytes and shorts
 * widened, short decimals narrowed, long ones turned big-endian, booleans become one byte each. A
 * run of rows whose layout is Parquet's already is used in place. Bounds are taken on the tile. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_TILE_H
#define MR_CORE_FORMAT_PARQUET_PQ_TILE_H

#include "core/batch/vec.h"
#include "core/format/parquet/pq_bounds.h"

struct mr_encode_kernels;

enum { MR_PQ_TILE_BYTES = 16 * 1024 };

struct mr_pq_tile_values {
    const void
        *at; /* count values: uint8_t (boolean), 4, 8 or fixed_bytes each, or struct mr_view */
    uint32_t count;
};

/* mr_pq_tile_load: values rows[from] to rows[from + count - 1], or rows from to from + count - 1
 * when `rows` is null; count <= 1,024; `room` has MR_PQ_TILE_BYTES, 64-byte aligned. */
struct mr_pq_tile_values mr_pq_tile_load(const struct mr_pq_leaf *leaf, const struct mr_vec *vec,
                                         const uint32_t *rows, uint32_t from, uint32_t count,
                                         void *room);

/* mr_pq_tile_bounds: widens bounds by the tile's values; not for texts. */
void mr_pq_tile_bounds(const struct mr_encode_kernels *kernels, const struct mr_pq_leaf *leaf,
                       const struct mr_pq_tile_values *tile, struct mr_pq_bounds *bounds);

#endif

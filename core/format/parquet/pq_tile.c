#include "core/format/parquet/pq_tile.h"

#include <math.h>

#include "kernels/encode/encode.h"

#define GATHER(from_type, to_type)                                                                 \
    do {                                                                                           \
        const from_type *in = values;                                                              \
        to_type *out = room;                                                                       \
        if (rows == NULL) {                                                                        \
            for (uint32_t i = 0; i < count; i++) out[i] = (to_type)in[from + i];                   \
        } else {                                                                                   \
            for (uint32_t i = 0; i < count; i++) out[i] = (to_type)in[rows[from + i]];             \
        }                                                                                          \
    } while (0)

static void load_bits(const void *values, const uint32_t *rows, uint32_t from, uint32_t count,
                      uint8_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = mr_bit_get(values, rows == NULL ? from + i : rows[from + i]);
    }
}

static void load_views(const void *values, const uint32_t *rows, uint32_t from, uint32_t count,
                       struct mr_view *out)
{
    const struct mr_view *in = values;
    for (uint32_t i = 0; i < count; i++) out[i] = in[rows[from + i]];
}

/* Two's complement, most significant byte first, as Parquet stores decimals of fixed length. */
static void load_fixed(const void *values, const uint32_t *rows, uint32_t from, uint32_t count,
                       uint32_t bytes, uint8_t *out)
{
    const uint8_t *in = values;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *value = in + (size_t)16 * (rows == NULL ? from + i : rows[from + i]);
        for (uint32_t k = 0; k < bytes; k++) out[k] = value[bytes - 1 - k];
        out += bytes;
    }
}

struct mr_pq_tile_values mr_pq_tile_load(const struct mr_pq_leaf *leaf, const struct mr_vec *vec,
                                         const uint32_t *rows, uint32_t from, uint32_t count,
                                         void *room)
{
    const void *values = vec->values;
    uint32_t width = mr_type_width(leaf->type);
    bool is_plain = leaf->kind == MR_PQ_BYTES || (leaf->kind == MR_PQ_INT32 && width == 4) ||
                    (leaf->kind == MR_PQ_INT64 && width == 8) || leaf->kind == MR_PQ_FLOAT ||
                    leaf->kind == MR_PQ_DOUBLE;
    if (is_plain && rows == NULL) {
        return (struct mr_pq_tile_values){(const char *)values + (size_t)from * width, count};
    }
    switch (leaf->kind) {
    case MR_PQ_BOOLEAN: load_bits(values, rows, from, count, room); break;
    case MR_PQ_INT32:
        if (width == 1) GATHER(int8_t, int32_t);
        if (width == 2) GATHER(int16_t, int32_t);
        if (width == 4) GATHER(int32_t, int32_t);
        if (width == 8) GATHER(int64_t, int32_t);
        break;
    case MR_PQ_FLOAT: GATHER(uint32_t, uint32_t); break;
    case MR_PQ_INT64:
    case MR_PQ_DOUBLE: GATHER(uint64_t, uint64_t); break;
    case MR_PQ_FIXED: load_fixed(values, rows, from, count, leaf->fixed_bytes, room); break;
    default: load_views(values, rows, from, count, room); break;
    }
    return (struct mr_pq_tile_values){room, count};
}

static void bounds_bits(const uint8_t *values, uint32_t count, struct mr_pq_bounds *bounds)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < count; i++) set += values[i];
    mr_pq_bounds_add_i64(bounds, set == count, set > 0);
}

static void bounds_fixed(const uint8_t *values, uint32_t bytes, uint32_t count,
                         struct mr_pq_bounds *bounds)
{
    for (uint32_t i = 0; i < count; i++, values += bytes) {
        unsigned __int128 value = (values[0] & 0x80) != 0 ? ~(unsigned __int128)0 : 0;
        for (uint32_t k = 0; k < bytes; k++) value = value << 8 | values[k];
        mr_pq_bounds_add_i128(bounds, (__int128)value);
    }
}

/* Whether a NaN is among the values: the one value that differs from itself. */
#define HAS_NAN(name, type)                                                                        \
    static bool name(const type *values, uint32_t count)                                           \
    {                                                                                              \
        uint32_t found = 0;                                                                        \
        for (uint32_t i = 0; i < count; i++) found |= values[i] != values[i];                      \
        return found != 0;                                                                         \
    }

HAS_NAN(has_nan_f32, float)
HAS_NAN(has_nan_f64, double)

void mr_pq_tile_bounds(const struct mr_encode_kernels *kernels, const struct mr_pq_leaf *leaf,
                       const struct mr_pq_tile_values *tile, struct mr_pq_bounds *bounds)
{
    int32_t low32 = INT32_MAX, high32 = INT32_MIN;
    int64_t low64 = INT64_MAX, high64 = INT64_MIN;
    float low_f = INFINITY, high_f = -INFINITY;
    double low_d = INFINITY, high_d = -INFINITY;
    if (tile->count == 0) return;
    switch (leaf->kind) {
    case MR_PQ_BOOLEAN: bounds_bits(tile->at, tile->count, bounds); break;
    case MR_PQ_INT32:
        kernels->minmax_i32(tile->at, tile->count, &low32, &high32);
        mr_pq_bounds_add_i64(bounds, low32, high32);
        break;
    case MR_PQ_INT64:
        kernels->minmax_i64(tile->at, tile->count, &low64, &high64);
        mr_pq_bounds_add_i64(bounds, low64, high64);
        break;
    /* Nothing but NaN leaves the bounds crossed. */
    case MR_PQ_FLOAT:
        kernels->minmax_f32(tile->at, tile->count, &low_f, &high_f);
        if (low_f <= high_f) mr_pq_bounds_add_f64(bounds, low_f, high_f);
        bounds->has_nan = bounds->has_nan || has_nan_f32(tile->at, tile->count);
        break;
    case MR_PQ_DOUBLE:
        kernels->minmax_f64(tile->at, tile->count, &low_d, &high_d);
        if (low_d <= high_d) mr_pq_bounds_add_f64(bounds, low_d, high_d);
        bounds->has_nan = bounds->has_nan || has_nan_f64(tile->at, tile->count);
        break;
    case MR_PQ_FIXED: bounds_fixed(tile->at, leaf->fixed_bytes, tile->count, bounds); break;
    default: break;
    }
}

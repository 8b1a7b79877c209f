/* The decoding kernels by instruction set: what a reader of columns does per value.
 *
 * Unpacking of bit-packed integers, levels to bitmaps, dictionary codes to values, and values that
 * lie close together moved to their rows. Inputs come from outside: no kernel reads behind what it
 * is told it may read, and codes have been held against the dictionary before they are gathered.
 * All variants give the same bytes as the reference, decode_ref.c; runs of the RLE hybrid are read
 * by runs.h, which calls the kernels.
 *
 * unpack_u32   `count` values of `width` (0 to 32) bits at `in`, lowest bit first, to out[count];
 *              reads nothing at or behind `end`, and in + ceil(count * width / 8) <= end
 * max_u32      the largest of values[count], 0 for none
 * levels_ge    bit i of bits = levels[i] >= least, for i < count; all of the last word is written
 * levels_slot  the same for reps[i] <= rep && defs[i] >= def
 * gather       out[i] = dict[codes[i]], values of 1 << log2 bytes (0 to 4)
 * spread       values[present] move to the set bits of validity[rows], in place and in order; null
 *              rows become zero bytes. present is the number of set bits, bits behind `rows` are
 *              not looked at */
#ifndef MR_KERNELS_DECODE_DECODE_H
#define MR_KERNELS_DECODE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/isa/isa.h"

typedef void mr_unpack_u32_fn(const uint8_t *in, const uint8_t *end, size_t count, unsigned width,
                              uint32_t *out);
typedef uint32_t mr_max_u32_fn(const uint32_t *values, size_t count);
typedef void mr_levels_ge_fn(const uint8_t *levels, size_t count, uint8_t least, uint64_t *bits);
typedef void mr_levels_slot_fn(const uint8_t *reps, const uint8_t *defs, size_t count, uint8_t rep,
                               uint8_t def, uint64_t *bits);
typedef void mr_gather_fn(const void *dict, const uint32_t *codes, size_t count, unsigned log2,
                          void *out);
typedef void mr_spread_fn(void *values, unsigned log2, size_t present, const uint64_t *validity,
                          size_t rows);

struct mr_decode_kernels {
    mr_isa isa;
    mr_unpack_u32_fn *unpack_u32;
    mr_max_u32_fn *max_u32;
    mr_levels_ge_fn *levels_ge;
    mr_levels_slot_fn *levels_slot;
    mr_gather_fn *gather;
    mr_spread_fn *spread;
};

/* mr_decode_kernels: the table for a level; the next lower one where there is no own. */
const struct mr_decode_kernels *mr_decode_kernels(mr_isa isa);

/* The variants' tables. */
extern const struct mr_decode_kernels mr_decode_ref;
extern const struct mr_decode_kernels mr_decode_avx2;

#endif

/* A cursor over Parquet's RLE/bit-packing hybrid: takes as many values at a time as are wanted.
 *
 * The stream is that of kernels/encode/rle.h. Nothing is decoded ahead but the rest of a group of
 * eight, so that a page of a million codes costs no room, and a run that is skipped costs nothing.
 * A stream of bits that is one bit-packed run without a header (booleans, PLAIN) is opened as such.
 * The input is not believed: it may end anywhere. */
#ifndef MR_KERNELS_DECODE_RUNS_H
#define MR_KERNELS_DECODE_RUNS_H

#include <stdbool.h>

#include "kernels/decode/decode.h"

struct mr_runs {
    const uint8_t *at; /* next header, or next group of the packed run */
    const uint8_t *end;
    unsigned width;
    bool is_packed;
    uint64_t left;  /* values of the run that were not taken, but for spare ones */
    uint32_t value; /* of a repeated run */
    unsigned bit;   /* mr_runs_bits: bits of *at taken already */
    unsigned spare_at, spare_count;
    uint32_t spare[8]; /* the rest of a group */
};

/* mr_runs_open: the hybrid in at[bytes], widths 0 to 32. mr_runs_open_packed: `count` values
 * without a header; false when the bytes do not hold them. */
void mr_runs_open(struct mr_runs *runs, const uint8_t *at, size_t bytes, unsigned width);
bool mr_runs_open_packed(struct mr_runs *runs, const uint8_t *at, size_t bytes, unsigned width,
                         uint64_t count);

/* mr_runs_u32, _u8: the next `count` values; _u8 for widths up to 8. mr_runs_bits: of width 1, to
 * bits [at, at + count) of `bits` as mr_bits_append has it; a cursor is used by it or by the rest.
 * returns false when the stream ends before or is malformed; the cursor is then of no use */
bool mr_runs_u32(struct mr_runs *runs, const struct mr_decode_kernels *kernels, uint32_t *out,
                 size_t count);
bool mr_runs_u8(struct mr_runs *runs, const struct mr_decode_kernels *kernels, uint8_t *out,
                size_t count);
bool mr_runs_bits(struct mr_runs *runs, uint64_t *bits, size_t at, size_t count);

#endif

/* Ranges of bits: validity bitmaps and boolean columns put together piece by piece.
 *
 * Bit i is bit i % 64 of word i / 64, which on a little-endian machine is bit i % 8 of byte i / 8,
 * the order that Parquet and Arrow have. Destinations are words of which no bit at or behind the
 * place written has been set before: pieces are appended. */
#ifndef MR_KERNELS_DECODE_BITS_H
#define MR_KERNELS_DECODE_BITS_H

#include <stddef.h>
#include <stdint.h>

/* mr_bits_fill: bits [at, at + count) of `to` are set. */
void mr_bits_fill(uint64_t *to, size_t at, size_t count);

/* mr_bits_append: `count` bits from bit `from` of the bytes at `in` go to [at, at + count) of
 * `to`. Reads only the bytes that hold them. */
void mr_bits_append(uint64_t *to, size_t at, const uint8_t *in, size_t from, size_t count);

/* mr_bits_count: how many bits of [at, at + count) are set. */
size_t mr_bits_count(const uint64_t *bits, size_t at, size_t count);

/* mr_bits_squeeze: the bits of `values` at the set bits of `mask` (64 rows) move together: the
 * lowest first, as the instruction pext has it. */
uint64_t mr_bits_squeeze(uint64_t values, uint64_t mask);

/* mr_bits_spread: the inverse over whole bitmaps: value bits [0, set bits of validity) go to the
 * set bits of validity[rows]; the others become 0. `out` is none of the inputs. */
void mr_bits_spread(const uint64_t *values, const uint64_t *validity, size_t rows, uint64_t *out);

#endif

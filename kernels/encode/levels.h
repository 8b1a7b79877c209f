/* Validity bitmaps to definition levels and row lists, the inner loops of Dremel shredding.
 *
 * Bitmaps are words of 64 rows, bit 1 = present, as in core/batch. Where a list of rows is given,
 * the n-th output is about row rows[n]; MR_LEVEL_ENDED in it means that an ancestor was missing and
 * the entry's level is final already. Outputs never alias inputs. */
#ifndef MR_KERNELS_ENCODE_LEVELS_H
#define MR_KERNELS_ENCODE_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#define MR_LEVEL_ENDED UINT32_MAX

/* mr_levels_dense: rows 0 to count - 1 of a bitmap. out_def[i] = present or absent level;
 * out_rows gets the present rows, ascending, with room for count + 64.
 * returns the number of present rows. */
uint32_t mr_levels_dense(const uint64_t *validity, uint32_t count, uint8_t absent, uint8_t present,
                         uint8_t *out_def, uint32_t *out_rows);

/* mr_levels_descend: one step down an optional node. For entry i: when rows[i] is MR_LEVEL_ENDED,
 * out_rows[i] stays that and out_def[i] = def[i]; when the row is null, out_rows[i] becomes it and
 * out_def[i] = absent; else both go through. `rows` null means row i; `def` null means none ended
 * yet (then out_def of the others is left alone). returns the number of entries that go on. */
uint32_t mr_levels_descend(const uint64_t *validity, const uint32_t *rows, const uint8_t *def,
                           uint32_t count, uint8_t absent, uint32_t *out_rows, uint8_t *out_def);

/* mr_levels_finish: at the leaf. def[i] becomes `present` for every entry that did not end; the
 * rows of those are moved together in out_rows (count entries of room; may be `rows` itself).
 * returns how many there are */
uint32_t mr_levels_finish(const uint32_t *rows, uint32_t count, uint8_t present, uint8_t *def,
                          uint32_t *out_rows);

#endif

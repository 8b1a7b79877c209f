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
 * out_rows[i] stays that and out_def[i] = def[i]; when the row is null, out_rows[i] becomes it;
 * else the row goes through. All that had not ended above get out_def[i] = absent, those that go on
 * too: theirs is written at the leaf. `rows` null means row i; `def` null means none ended yet.
 * returns the number of entries that go on. */
uint32_t mr_levels_descend(const uint64_t *validity, const uint32_t *rows, const uint8_t *def,
                           uint32_t count, uint8_t absent, uint32_t *out_rows, uint8_t *out_def);

/* mr_levels_open: one step down a repeated node: an entry whose row has n elements, offsets[row] to
 * offsets[row + 1] - 1, becomes n entries about them, and one that has ended or has none becomes
 * one that has ended. out_rep of the first is rep[i] (0 where `rep` is null), of the others
 * `level`; out_def of an entry that had ended is def[i], of all others `empty`. The outputs have
 * room for mr_levels_opened entries and 64 more.
 * returns the number of entries that go on. */
uint32_t mr_levels_open(const uint32_t *offsets, const uint32_t *rows, const uint8_t *def,
                        const uint8_t *rep, uint32_t count, uint8_t empty, uint8_t level,
                        uint32_t *out_rows, uint8_t *out_def, uint8_t *out_rep);

/* mr_levels_opened: how many entries that makes. */
uint64_t mr_levels_opened(const uint32_t *offsets, const uint32_t *rows, uint32_t count);

/* mr_levels_finish: at the leaf. def[i] becomes `present` for every entry that did not end; the
 * rows of those are moved together in out_rows (count entries of room; may be `rows` itself).
 * returns how many there are */
uint32_t mr_levels_finish(const uint32_t *rows, uint32_t count, uint8_t present, uint8_t *def,
                          uint32_t *out_rows);

/* mr_levels_equal: how many of the levels are `level`. */
uint32_t mr_levels_equal(const uint8_t *levels, uint32_t count, uint8_t level);

/* mr_levels_rows: how many entries the first *rows rows have, whose first entries have level 0;
 * *rows becomes smaller when there are fewer. */
uint32_t mr_levels_rows(const uint8_t *rep, uint32_t count, uint32_t *rows);

#endif

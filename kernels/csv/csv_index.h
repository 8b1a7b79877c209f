/* Index of delimited text: where the bytes lie that mean something, found 64 at a time.
 *
 * A dialect has up to five such bytes: the separator (its first byte), the quote, the escape, and
 * two that end lines. The index lists the positions of all of them, in quotes or not, and carries
 * no state: which of them count is for whoever walks over it, since what a quote in the middle of a
 * value means differs from dialect to dialect, and what is wrong in one line must not spoil the
 * next. Most values have neither quotes nor escapes, and so the list is just where they end.
 *
 * `wide` says whether a byte was not ASCII: then the text has to be checked to be UTF-8.
 *
 * Source: the position lists of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019),
 * without their quote parity. */
#ifndef MR_KERNELS_CSV_CSV_INDEX_H
#define MR_KERNELS_CSV_CSV_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/isa/isa.h"

enum {
    MR_CSV_STEP = 64,      /* bytes per step */
    MR_CSV_MARKS = 5,      /* bytes that are looked for; the same one may be given twice */
    MR_CSV_POS_SLACK = 64, /* entries behind the last that a variant may overwrite */
};

struct mr_csv_marks {
    char at[MR_CSV_MARKS];
};

/* mr_csv_index: positions of the marks in `bytes` bytes.
 * text      readable to the next multiple of 64, any alignment
 * base      what is added to positions
 * out_pos   room for bytes + MR_CSV_POS_SLACK entries; ascending
 * out_wide  set to true when a byte is not ASCII, left alone otherwise
 * returns   number of positions
 * cost      one pass, no allocation */
typedef uint32_t mr_csv_index_fn(const char *text, uint32_t bytes, const struct mr_csv_marks *marks,
                                 uint32_t base, uint32_t *out_pos, bool *out_wide);

struct mr_csv_kernels {
    mr_isa isa;
    mr_csv_index_fn *index;
};

/* mr_csv_kernels: the table for a level; the next lower one's functions where there is no own. */
const struct mr_csv_kernels *mr_csv_kernels(mr_isa isa);

/* The variants, for the table and for tests. */
mr_csv_index_fn mr_csv_index_ref, mr_csv_index_avx2, mr_csv_index_avx512;

#endif

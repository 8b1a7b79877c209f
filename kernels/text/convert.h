/* Columns of values from text: the plain form of each type, one column at a time.
 *
 * Somebody has found where the values of a column stand in a text: a slot says where one begins,
 * how long it is, whether it was in quotes, and whether it holds bytes that have to be resolved
 * first. A converter writes the values of all slots that have their type's plain form, which is
 * what machines write, and lists the others, right or wrong, for whoever knows the whole grammar
 * (number.h, datetime.h and what a format adds to them). What it takes has the value that they
 * give. So the loops need not care about what is rare.
 *
 *   form      plain is
 *   STRING    a quoted slot without care, taken as it stands
 *   BOOLEAN   true or false
 *   INT       [-] up to 19 digits without leading zeros, in the range of 32 bits
 *   LONG      the same in the range of 64 bits
 *   DOUBLE    [-] digits [. digits], up to 19 in all, without leading zeros, the point among the
 *             first 16 bytes behind the sign; but for the rare one that power10.h cannot decide
 *   DECIMAL   the same, quoted or not, with no more digits behind the point than `scale`, of up to
 *             `precision` digits then
 *   DATE      quoted yyyy-mm-dd
 *   TIME      quoted yyyy-mm-dd, T or blank, hh:mm:ss, up to 9 digits of fraction of which six are
 *             kept, and perhaps Z
 *   NUMBER    nothing is written: a plain double, true, false or null, a quoted slot without care,
 *             or a slot of no bytes
 *
 * Views of strings are Arrow's: four bytes of length, then up to 12 bytes of text and zeros, or the
 * first four bytes, a buffer's number and an offset. */
#ifndef MR_KERNELS_TEXT_CONVERT_H
#define MR_KERNELS_TEXT_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/isa/isa.h"
#include "kernels/text/swift.h"

/* A slot's second word: its bytes and flags. */
#define MR_SLOT_QUOTED 0x80000000u
#define MR_SLOT_CARE 0x40000000u
#define MR_SLOT_BYTES 0x3fffffffu
#define MR_SLOT_NONE UINT32_MAX /* in both words: there is no value */

typedef enum mr_convert_form {
    MR_CONVERT_STRING,
    MR_CONVERT_BOOLEAN,
    MR_CONVERT_INT,
    MR_CONVERT_LONG,
    MR_CONVERT_DOUBLE,
    MR_CONVERT_DECIMAL,
    MR_CONVERT_DATE,
    MR_CONVERT_TIME,
    MR_CONVERT_NUMBER,
    MR_CONVERT_FORMS,
} mr_convert_form;

struct mr_convert {
    const char *text; /* readable 32 bytes past the start of any slot and past its own */
    const uint32_t (*slots)[2]; /* [count]: offset in text, bytes and flags */
    uint32_t count;
    uint32_t row;       /* of the first slot in `values` and `validity` */
    void *values;       /* by the form: views of 16 bytes, bits, int32_t, int64_t, double */
    uint64_t *validity; /* bits of rows that got a value are set, others left; NUMBER: not used */
    uint32_t *rest;     /* room for `count`: slots that are not plain, ascending */
    uint32_t buffer;    /* STRING: the text's number and the offset of text[0] in that buffer */
    uint32_t buffer_off;
    uint8_t precision; /* DECIMAL: 1..18 */
    uint8_t scale;     /* up to precision */
    bool takes_zulu;   /* TIME: with a Z */
    bool takes_local;  /* TIME: without */
    struct mr_swift_date *date; /* DATE, TIME: kept from call to call */
};

/* mr_convert_fn: converts all slots; returns how many are in `rest`. Values of rows that got none
 * are unspecified. */
typedef uint32_t mr_convert_fn(const struct mr_convert *c);

struct mr_convert_kernels {
    mr_isa isa;
    mr_convert_fn *form[MR_CONVERT_FORMS];
};

/* mr_convert_kernels: the table for a level; the next lower one's where there is no own. */
const struct mr_convert_kernels *mr_convert_kernels(mr_isa isa);

/* The variants, for the table and for tests. */
extern const struct mr_convert_kernels mr_convert_ref, mr_convert_avx2;

#endif

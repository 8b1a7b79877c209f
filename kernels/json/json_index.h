/* Structural index of JSON text: where values end, found for 64 bytes at a time.
 *
 * The index lists the positions of terminators outside strings: , { } [ ] and, for lines of JSON,
 * newline. Beside it lie two bitmaps, one bit per byte: `quotes`, the quotes that open or close a
 * string, and `care`, backslashes and control bytes, so that a string with none of them in its
 * range is used as it stands. Colons are not listed: whoever reads a key sees its colon.
 *
 * In lines mode a newline always ends a record, in a string too (a raw newline is illegal there),
 * and the record after it starts outside any string: one broken record never spoils the next. In
 * document mode newline is a blank like others.
 *
 * The text may be given piece by piece; the state carries quotes and backslashes across. A
 * backslash quotes the byte after it wherever it stands, since outside a string it is an error
 * that the reader of the index meets anyway.
 *
 * Source: Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019), stage 1; Keiser and
 * Lemire, "Validating UTF-8 in less than one instruction per byte" (2020). */
#ifndef MR_KERNELS_JSON_JSON_INDEX_H
#define MR_KERNELS_JSON_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/isa/isa.h"
#include "kernels/json/json_walk.h"

enum {
    MR_JSON_STEP = 64,      /* bytes per step; one bitmap word */
    MR_JSON_POS_SLACK = 64, /* entries behind the last that a variant may overwrite */
};

typedef enum mr_json_mode {
    MR_JSON_LINES,
    MR_JSON_DOCUMENT,
} mr_json_mode;

/* Zero at the start of a text. */
struct mr_json_state {
    uint64_t in_string; /* 0 or all ones */
    uint64_t escaped;   /* 1: the next byte is quoted by a backslash */
    uint64_t wide;      /* not 0: some byte so far was not ASCII; bits otherwise unspecified */
};

/* mr_json_index: indexes `bytes` bytes that follow those of earlier calls.
 * text        readable to the next multiple of 64, any alignment
 * bytes       a multiple of 64, but for the last piece of a text
 * base        what is added to positions: the bytes indexed before
 * out_pos     room for bytes + MR_JSON_POS_SLACK entries; ascending
 * out_quotes  ceil(bytes / 64) words; bits past `bytes` are zero
 * out_care    the same
 * returns     number of positions
 * cost        one pass, no allocation */
typedef uint32_t mr_json_index_fn(const char *text, uint32_t bytes, mr_json_mode mode,
                                  uint32_t base, struct mr_json_state *state, uint32_t *out_pos,
                                  uint64_t *out_quotes, uint64_t *out_care);

/* mr_utf8_check: whether the text is UTF-8 (RFC 3629: no surrogates, no overlong forms, at most
 * U+10FFFF). Readable MR_PAD bytes past its end. */
typedef bool mr_utf8_check_fn(const char *text, size_t bytes);

struct mr_json_kernels {
    mr_isa isa;
    mr_json_index_fn *index;
    mr_utf8_check_fn *utf8_check;
    mr_json_walk_fn *walk;
};

/* mr_json_kernels: the table for a level; the next lower one's functions where there is no own. */
const struct mr_json_kernels *mr_json_kernels(mr_isa isa);

/* The variants, for the table and for tests. */
mr_json_index_fn mr_json_index_ref, mr_json_index_avx2, mr_json_index_avx512;
mr_utf8_check_fn mr_utf8_check_ref, mr_utf8_check_avx2, mr_utf8_check_avx512;

#endif

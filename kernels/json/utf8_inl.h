/* Tables of the UTF-8 check: which errors two neighbouring bytes may be part of, by the high and
 * the low half of the first and the high half of the second. A pair is wrong where all three agree
 * on a bit; only CONTINUED needs a look further back. Source: Keiser and Lemire (2020), table 8. */
#ifndef MR_KERNELS_JSON_UTF8_INL_H
#define MR_KERNELS_JSON_UTF8_INL_H

#include <immintrin.h>
#include <string.h>

#include "kernels/json/json_index.h"

enum {
    TOO_SHORT = 1 << 0,  /* a lead not followed by a continuation */
    TOO_LONG = 1 << 1,   /* a continuation after ASCII */
    OVERLONG_3 = 1 << 2, /* e0 80..9f */
    TOO_LARGE = 1 << 3,  /* f4 90..bf, f5 and above 90..bf */
    SURROGATE = 1 << 4,  /* ed a0..bf */
    OVERLONG_2 = 1 << 5, /* c0, c1 */
    OVERLONG_4 = 1 << 6, /* f0 80..8f, and f5 and above 80..8f */
    CONTINUED = 1 << 7,  /* two continuations: right in the third and fourth byte only */
    ANY_LOW = TOO_SHORT | TOO_LONG | CONTINUED,
    HIGH_LOW = ANY_LOW | TOO_LARGE | OVERLONG_4,
    ANY_CONTINUATION = TOO_LONG | OVERLONG_2 | CONTINUED,
};

static const uint8_t first_high[16] = {TOO_LONG,
                                       TOO_LONG,
                                       TOO_LONG,
                                       TOO_LONG,
                                       TOO_LONG,
                                       TOO_LONG,
                                       TOO_LONG,
                                       TOO_LONG,
                                       CONTINUED,
                                       CONTINUED,
                                       CONTINUED,
                                       CONTINUED,
                                       TOO_SHORT | OVERLONG_2,
                                       TOO_SHORT,
                                       TOO_SHORT | OVERLONG_3 | SURROGATE,
                                       TOO_SHORT | TOO_LARGE | OVERLONG_4};

static const uint8_t first_low[16] = {ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4,
                                      ANY_LOW | OVERLONG_2,
                                      ANY_LOW,
                                      ANY_LOW,
                                      ANY_LOW | TOO_LARGE,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW,
                                      HIGH_LOW | SURROGATE,
                                      HIGH_LOW,
                                      HIGH_LOW};

static const uint8_t second_high[16] = {TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        ANY_CONTINUATION | OVERLONG_3 | OVERLONG_4,
                                        ANY_CONTINUATION | OVERLONG_3 | TOO_LARGE,
                                        ANY_CONTINUATION | SURROGATE | TOO_LARGE,
                                        ANY_CONTINUATION | SURROGATE | TOO_LARGE,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT,
                                        TOO_SHORT};

#endif

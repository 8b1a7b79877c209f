/* Values as bytes that sort like the values.
 *
 * memcmp of two codes of one type orders as mr_compare_at does, nulls first, and equal values have
 * equal codes. So a code is a key for sorting, a value kept by an aggregate, and a member of a set.
 *
 *   null       00
 *   present    01, then
 *   boolean    one byte, 0 or 1
 *   integer    big endian, sign bit flipped; date, timestamps and decimals too
 *   float      big endian of the bits; all flipped when negative, else the sign; one NaN, one zero
 *   text       bytes, 00 written as 00 ff; then 00 00
 *   struct     its members
 *   array      01 before each element, which has its null byte; then 00
 *   map        as an array of key and value; maps compare as nothing does, but equal ones are equal
 *
 * What was -0.0 or another NaN comes back as 0.0 and the NaN. Source: the usual memcomparable
 * forms, as of MyRocks and FoundationDB's tuples. */
#ifndef MR_CORE_EXPR_VALUE_CODE_H
#define MR_CORE_EXPR_VALUE_CODE_H

#include "core/batch/column.h"
#include "core/mem/text.h"

/* mr_value_encode: appends the code of a row's value. mr_text_end tells a failure. */
void mr_value_encode(const struct mr_vec *vec, uint32_t row, struct mr_text *out);

/* mr_value_decode: appends the value at *at to the column, which has room, and moves *at behind its
 * code. The bytes are whole: they come from mr_value_encode of this type. */
MR_MUST_USE mr_status mr_value_decode(const char **at, struct mr_vec *vec,
                                      struct mr_text_area *area, struct mr_err *err);

#endif

/* Order and sameness of values, as sorting, grouping and joining see them.
 *
 * NaN equals itself and is above all numbers, 0.0 = -0.0; strings compare by bytes; structs and
 * arrays member by member, nulls inside them first and equal to each other. Maps have no order.
 * Equal values have equal hashes. Grouping takes nulls for equal, comparison has no answer for
 * them: who calls decides.
 *
 * Hashes are for tables in memory, seeded because others choose the keys; they are not kept. */
#ifndef MR_CORE_EXPR_ORDER_H
#define MR_CORE_EXPR_ORDER_H

#include "core/batch/vec.h"

/* mr_type_is_orderable: no map in it. */
bool mr_type_is_orderable(const struct mr_type *type);

/* mr_compare_at: order of two values of one type, both present: <0, 0, >0. */
int mr_compare_at(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b, uint32_t row_b);

/* mr_same_at: whether they are equal, two nulls too; of maps: the same entries in the same order.
 */
bool mr_same_at(const struct mr_vec *a, uint32_t row_a, const struct mr_vec *b, uint32_t row_b);

/* mr_hash_rows: folds the values of rows at[count] (null pointer = 0 .. count - 1) into
 * hashes[count]; the first column of a key is folded into the seed. Nulls have a hash of their own.
 */
void mr_hash_rows(const struct mr_vec *vec, const uint32_t *at, uint32_t count, uint64_t *hashes);

/* mr_hash_bytes: of a text, with a seed. */
uint64_t mr_hash_bytes(const char *text, size_t bytes, uint64_t seed);

/* mr_hash_mix: one word folded into another: a full 64 by 64 multiplication, halves combined. */
static inline uint64_t mr_hash_mix(uint64_t hash, uint64_t value)
{
    __uint128_t product = (__uint128_t)(hash ^ UINT64_C(0x9e3779b97f4a7c15)) *
                          (value ^ UINT64_C(0xd1b54a32d192ed03));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif

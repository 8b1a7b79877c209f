/* Merging types: what holds the values of both.
 *
 * Inference widens type by type, value by value; schema evolution adds members. The rules for
 * inferred types are Spark's JSON inference:
 *
 *   null + T = T                 bigint + double = double        decimal + double = double
 *   bigint is decimal(20,0)      decimal + decimal: the larger whole and fraction part, double
 *   struct + struct: by name     when that needs more than 38 digits
 *   array + array: elements      anything else that differs = string
 *
 * Names compare without regard to case; the left side's spelling stays. Members of the left come
 * first, new ones behind them in the right side's order.
 * Source: SEMANTICS.md 1.4, 1.5; Spark 4 JsonInferSchema.compatibleType. */
#ifndef MR_CORE_SCHEMA_MERGE_H
#define MR_CORE_SCHEMA_MERGE_H

#include "core/schema/type.h"

/* A type without members: what inference keeps per value. */
struct mr_leaf_type {
    mr_type_id id;
    uint8_t precision;
    uint8_t scale;
};

/* mr_leaf_merge: the rules above for types that are not nested. */
struct mr_leaf_type mr_leaf_merge(struct mr_leaf_type a, struct mr_leaf_type b);

/* mr_type_merge: the type that holds the values of both, as inference sees it.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_type_merge(struct mr_arena *arena, const struct mr_type *a,
                                    const struct mr_type *b, const struct mr_type **out_type,
                                    struct mr_err *err);

/* mr_type_add_columns: `base` with the members of `added` that it lacks behind its own, at every
 * depth where both have structs (also inside arrays and maps); types of `base` stay as they are.
 * *out_is_changed (may be null) says whether there were any. The types must be structs.
 * returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_type_add_columns(struct mr_arena *arena, const struct mr_type *base,
                                          const struct mr_type *added,
                                          const struct mr_type **out_type, bool *out_is_changed,
                                          struct mr_err *err);

/* mr_type_sorted: the type with the members of every struct sorted by name (bytes). */
const struct mr_type *mr_type_sorted(struct mr_arena *arena, const struct mr_type *type);

#endif

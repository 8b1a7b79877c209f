/* Type widening: which types of a table's columns may grow into which, and how the schema says so.
 *
 *   byte -> short -> int -> long             float -> double          date -> timestamp_ntz
 *   byte, short, int -> double               long -> decimal(20 + i + s, s)
 *   byte, short, int -> decimal(10 + i + s, s)
 *   decimal(p, s) -> decimal(p + i + k, s + k)                        i, k, s >= 0
 *
 * Each of them keeps every value, so files of before need no rewriting: who reads them widens. That
 * needs the history: the metadata of the struct member nearest to the change has it, oldest first,
 * with the way through arrays and maps if there is one, and it is only ever added to.
 *
 *   n       "metadata":{"delta.typeChanges":[{"fromType":"integer","toType":"long"}]}
 *   m, a map<string, array<float>>
 *           [{"fromType":"float","toType":"double","fieldPath":"value.element"}]
 *
 * Source: Delta PROTOCOL.md "Type Widening". */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_WIDEN_H
#define MR_CORE_FORMAT_DELTA_DELTA_WIDEN_H

#include "core/schema/type.h"

/* mr_delta_type_widens: whether `from` may become `to`, by the table above; a type does not widen
 * to itself. */
bool mr_delta_type_widens(const struct mr_type *from, const struct mr_type *to);

/* mr_delta_change_write: appends one item of delta.typeChanges, behind a comma unless `out` is
 * empty; `path` is empty for the member itself. */
void mr_delta_change_write(const struct mr_type *from, const struct mr_type *to,
                           struct mr_span path, struct mr_text *out);

/* mr_delta_changes_add: a member's metadata with `items` behind the changes that it has.
 * returns MR_E_CORRUPT when the metadata is no JSON object, or has something else there */
MR_MUST_USE mr_status mr_delta_changes_add(struct mr_arena *arena, struct mr_span metadata,
                                           struct mr_span items, struct mr_span *out_metadata,
                                           struct mr_err *err);

#endif

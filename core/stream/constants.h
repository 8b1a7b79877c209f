/* Columns that are the same for every row of a file: partition values from its path, `_metadata`.
 *
 * They are added behind what the reader decoded, as full vectors in the batch's arena, so that
 * expressions see nothing special. Texts are not copied: they live as long as the range's file.
 * A partition value that its column's type cannot hold is null. Source: SEMANTICS.md 1.8, 1.1. */
#ifndef MR_CORE_STREAM_CONSTANTS_H
#define MR_CORE_STREAM_CONSTANTS_H

#include "core/ops/scan.h"
#include "core/stream/flow_plan.h"

/* mr_metadata_type: the struct type of `_metadata`, in `arena`; null when out of memory. */
const struct mr_type *mr_metadata_type(struct mr_arena *arena);

/* mr_constants_add: makes the batch one of plan->scan_schema. fails MR_E_NOMEM, or MR_E_LIMIT when
 * the batch refers to too many buffers */
MR_MUST_USE mr_status mr_constants_add(const struct mr_flow_plan *plan,
                                       const struct mr_range *range, struct mr_batch *batch,
                                       struct mr_err *err);

#endif

/* Protocol: what a table asks of those who read and write it, and what this program can do.
 *
 * A table says which reader and writer version it needs; with reader 3 and writer 7 it lists
 * features by name, below that a version stands for a fixed set. A reader feature that is unknown
 * forbids reading, a writer feature only writing. Some features may be listed and still ask nothing
 * (checkConstraints without a constraint): those are looked for in the schema's field metadata and
 * in the table properties, and refused only when in use. Refusals name the feature.
 * Source: PROTOCOL.md "Table Features", "Valid Feature Names"; DELTA.md 1. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_PROTOCOL_H
#define MR_CORE_FORMAT_DELTA_DELTA_PROTOCOL_H

#include "core/format/delta/delta_snapshot.h"

/* mr_delta_can_read: returns MR_E_UNSUPPORTED with the version or feature that is in the way. */
MR_MUST_USE mr_status mr_delta_can_read(const struct mr_delta_protocol *protocol,
                                        struct mr_err *err);

/* mr_delta_can_append: whether files may be added to the table at this snapshot; includes reading.
 * returns MR_E_UNSUPPORTED */
MR_MUST_USE mr_status mr_delta_can_append(const struct mr_delta_snapshot *snapshot,
                                          struct mr_err *err);

/* mr_delta_has_feature: whether the protocol has the feature, by name or by version. */
bool mr_delta_has_feature(const struct mr_delta_protocol *protocol, const char *name);

/* mr_delta_may_widen: whether the types of the table's columns may grow: the protocol has the
 * feature typeWidening and the property delta.enableTypeWidening is on. */
bool mr_delta_may_widen(const struct mr_delta_snapshot *snapshot);

/* mr_delta_protocol_for: the least protocol for a new table with these columns and properties: 1/2
 * or 1/4 by version, otherwise feature lists, since those name what is used and no more.
 * timestamp_ntz columns, delta.enableChangeDataFeed, delta.enableDeletionVectors,
 * delta.enableInCommitTimestamps, delta.enableTypeWidening and delta.feature.<name> = supported add
 * a feature.
 * returns MR_E_UNSUPPORTED (3103) with the property that asks for something not done here */
MR_MUST_USE mr_status mr_delta_protocol_for(struct mr_arena *arena, const struct mr_type *schema,
                                            const struct mr_delta_property *properties,
                                            uint32_t property_count, struct mr_delta_protocol *out,
                                            struct mr_err *err);

/* mr_delta_property_is_stored: delta.feature.* are requests to whoever makes the table, not kept.
 */
bool mr_delta_property_is_stored(const struct mr_delta_property *property);

/* mr_delta_schema_has: whether the type occurs anywhere in the schema. */
bool mr_delta_schema_has(const struct mr_type *schema, mr_type_id id);

#endif

/* Schema enforcement and evolution: may rows of one schema go into a table of another?
 *
 * Columns meet by name without regard to case, at every depth of structs, also inside arrays and
 * maps. A column that both have must have the same type in both: whoever writes files casts before
 * (store assignment is core/expr's), because every new file must hold the table's type. Where the
 * table's types may grow, a wider type in the rows becomes the table's (delta_widen.h) and the
 * field remembers the change; a narrower one is refused like any other. A column that the rows lack
 * reads as null, so the table must allow null there. A column that the table lacks is an error, or,
 * with evolution on, becomes the last member of its struct, nullable.
 *
 *   table    id BIGINT NOT NULL, geo STRUCT<country>
 *   incoming ID BIGINT, geo STRUCT<country, city>, page STRING
 *   merged   id BIGINT NOT NULL, geo STRUCT<country, city>, page STRING
 *   written  id BIGINT, geo STRUCT<country, city>, page STRING       (the table's spelling)
 *
 * A void column (all null) is written nowhere and adds nothing. A column that is NOT NULL in the
 * table may be nullable in the rows: the committer checks the files' null counts.
 * Source: PROTOCOL.md "Schema Serialization Format"; SEMANTICS.md 5.3. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_SCHEMA_H
#define MR_CORE_FORMAT_DELTA_DELTA_SCHEMA_H

#include "core/schema/type.h"

/* What rows may change about the table; flags. */
typedef enum mr_delta_allow {
    MR_DELTA_ALLOW_NOTHING = 0,
    MR_DELTA_ALLOW_COLUMNS = 1, /* new columns, at any depth */
    MR_DELTA_ALLOW_WIDER = 2,   /* wider types: only when mr_delta_may_widen */
} mr_delta_allow;

struct mr_delta_fit {
    const struct mr_type *merged; /* the table's schema afterwards; the same pointer if unchanged */
    const struct mr_type *written; /* incoming, in its order, as the table spells it */
};

/* mr_delta_schema_fit: the answer in `arena`; parts of both schemas are shared.
 * allowed     of mr_delta_allow
 * returns MR_E_SCHEMA with the column's path and both types (3106), the unknown column (3107), or
 * the NOT NULL column that is missing (3108) */
MR_MUST_USE mr_status mr_delta_schema_fit(struct mr_arena *arena, const struct mr_type *table,
                                          const struct mr_type *incoming, unsigned allowed,
                                          struct mr_delta_fit *out_fit, struct mr_err *err);

/* mr_delta_schema_check: whether a table can have this schema and these partition columns: names
 * unique without regard to case and free of " ,;{}()\n\t=", at least one column that is no
 * partition column, partition columns that exist, are distinct and have a simple type, no void.
 * returns MR_E_SCHEMA (3110) */
MR_MUST_USE mr_status mr_delta_schema_check(const struct mr_type *schema,
                                            const struct mr_span *partition_columns,
                                            uint32_t partition_count, struct mr_err *err);

#endif

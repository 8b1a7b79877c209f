/* Schema evolution: what happens when files hold columns, or types, that the read schema has not.
 *
 *   mode                          new column             wider type      anything else
 *   addNewColumns                 next schema            rescued         rescued
 *   addNewColumnsWithTypeWidening next schema            next schema     rescued
 *   rescue                        rescued                rescued         rescued
 *   failOnNewColumns              refused                rescued         rescued
 *   none                          ignored, or rescued when there is a rescued-data column
 *
 * New columns stand behind the old ones, new members at the end of their struct, at any depth;
 * columns that are there keep their place, spelling and, unless widened, type. A hint decides the
 * type of a column that appears later; a column that a hint named was in the schema from the start,
 * so its first appearance is no news. Partition columns take no part. Names are the same without
 * regard to case.
 *
 * Pure: the caller writes the result to the schema log and reads the cut epoch again, which is what
 * Auto Loader leaves to the restart after its UnknownFieldException.
 * Source: SEMANTICS.md 1.4, 1.5; Delta PROTOCOL.md "Type Widening". */
#ifndef MR_CORE_CATALOG_EVOLVE_H
#define MR_CORE_CATALOG_EVOLVE_H

#include "core/port/source_options.h"
#include "core/schema/type.h"

typedef enum mr_evolution {
    MR_EVOLVE_ADD,
    MR_EVOLVE_ADD_AND_WIDEN,
    MR_EVOLVE_RESCUE,
    MR_EVOLVE_FAIL,
    MR_EVOLVE_NONE,
} mr_evolution;

/* One schema hint: a path into nested types, where `element`, `key` and `value` walk into arrays
 * and maps, and the type to use there. */
struct mr_schema_hint {
    const struct mr_span *path; /* path[path_count] */
    uint32_t path_count;
    const struct mr_type *type;
};

struct mr_evolve_input {
    mr_evolution mode;
    const struct mr_type *current;    /* struct: the read schema, without partition columns */
    const struct mr_type *seen;       /* struct: what was met and does not fit, with its type */
    const struct mr_type *partitions; /* struct or null: names that are never new */
    const struct mr_schema_hint *hints;
    uint32_t hint_count;
    bool has_rescued_column;
    struct mr_span file; /* that showed it; may be empty */
};

typedef enum mr_evolve_action {
    MR_EVOLVE_SAME,    /* nothing of it matters to the schema: go on */
    MR_EVOLVE_NEXT,    /* `schema` is the next version: log it, read the epoch again */
    MR_EVOLVE_RESCUED, /* go on: the values are in the rescued-data column */
    MR_EVOLVE_IGNORED, /* go on: the values are not kept */
} mr_evolve_action;

struct mr_evolve_result {
    mr_evolve_action action;
    const struct mr_type *schema; /* in the arena; the current one unless NEXT */
    uint32_t added_count;
    uint32_t widened_count;
    struct mr_span text; /* a sentence for the log, in the words of Spark; empty for SAME */
};

/* mr_evolution_of: the mode that the options ask for: addNewColumns when the schema is inferred
 * (hints do not change that), none when it is given.
 * returns MR_E_INVALID for a mode that adds columns to a given schema */
MR_MUST_USE mr_status mr_evolution_of(const struct mr_source_options *options, bool is_schema_given,
                                      mr_evolution *out_mode, struct mr_err *err);

/* mr_schema_evolve: by the table above.
 * returns MR_E_SCHEMA when failOnNewColumns refuses, MR_E_NOMEM */
MR_MUST_USE mr_status mr_schema_evolve(struct mr_arena *arena, const struct mr_evolve_input *input,
                                       struct mr_evolve_result *out_result, struct mr_err *err);

/* mr_schema_apply_hints: `schema` with the hinted types in the hinted places, spelled as hinted;
 * what is missing is added, structs on the way included.
 * returns MR_E_SCHEMA when a hint's path walks through something that has no such member */
MR_MUST_USE mr_status mr_schema_apply_hints(struct mr_arena *arena, const struct mr_type *schema,
                                            const struct mr_schema_hint *hints, uint32_t hint_count,
                                            const struct mr_type **out_schema, struct mr_err *err);

/* mr_type_widen: the type that Delta's type widening allows `from` to become so that it holds
 * values of `seen` too; null when there is none or `from` holds them already. Not nested. */
const struct mr_type *mr_type_widen(struct mr_arena *arena, const struct mr_type *from,
                                    const struct mr_type *seen);

#endif

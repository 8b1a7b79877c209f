/* The warehouse: a folder of catalogs of schemas of tables.
 *
 *   <warehouse>/<catalog>/<schema>/<table>/_delta_log
 *
 * Names of one, two or three parts are completed from the current catalog and schema. They compare
 * without regard to case: a name as written is tried first, then the folder that differs in case
 * only. A table is a folder with a log in it; other folders are no tables. A name is one component
 * of a path: what could lead out of the warehouse is no name.
 *
 * Everything waits for I/O: for the control thread. Source: UX.md, "Where things lie". */
#ifndef MR_CORE_CATALOG_WAREHOUSE_H
#define MR_CORE_CATALOG_WAREHOUSE_H

#include "core/port/files.h"

struct mr_warehouse {
    struct mr_io *io;
    const char *path;    /* the folder; null = there is none */
    const char *catalog; /* current */
    const char *schema;
};

/* A name in full; zero-terminated, in the arena that it was resolved with. */
struct mr_table_name {
    const char *catalog;
    const char *schema;
    const char *table;
    const char *path; /* its folder, which may not be there */
};

/* mr_warehouse_resolve: parts[count] of a table's name, 1 to 3 of them; of a schema's, 1 or 2 with
 * is_schema, when `table` is null.
 * fails MR_E_INVALID 1218: no warehouse, too many parts, a part that is no name */
MR_MUST_USE mr_status mr_warehouse_resolve(const struct mr_warehouse *warehouse,
                                           struct mr_arena *arena, const struct mr_span *parts,
                                           uint32_t count, bool is_schema,
                                           struct mr_table_name *out_name, struct mr_err *err);

struct mr_warehouse_list {
    struct mr_span *names; /* sorted by bytes; zero-terminated */
    uint32_t count;
};

/* mr_warehouse_list: what lies in a schema (its tables), in a catalog (its schemas, schema null) or
 * in the warehouse (its catalogs, both null). An absent folder has none. */
MR_MUST_USE mr_status mr_warehouse_list(const struct mr_warehouse *warehouse,
                                        struct mr_arena *arena, const char *catalog,
                                        const char *schema, struct mr_warehouse_list *out_list,
                                        struct mr_err *err);

/* mr_warehouse_has: whether the folder of a table or schema is there; of a table, with a log. */
MR_MUST_USE mr_status mr_warehouse_has(const struct mr_warehouse *warehouse,
                                       struct mr_arena *arena, const struct mr_table_name *name,
                                       bool *out_has, struct mr_err *err);

/* mr_warehouse_absent: the error 1210 for a table or schema that is not there, with the nearest
 * name. */
mr_status mr_warehouse_absent(const struct mr_warehouse *warehouse, struct mr_arena *arena,
                              const struct mr_table_name *name, struct mr_err *err);

/* mr_warehouse_remove: a table's folder, or that of a schema, with everything in it. The name goes
 * first, durably: what a crash leaves behind is called `.dropped-*` and is no table. */
MR_MUST_USE mr_status mr_warehouse_remove(const struct mr_warehouse *warehouse,
                                          struct mr_arena *arena,
                                          const struct mr_table_name *name, struct mr_err *err);

#endif

/* Relations of a session: what a name in FROM stands for, and the operator that reads it.
 *
 *   range(..)                     whole numbers
 *   c.s.t, delta.`path`           a Delta table, as of now, of a version or of a moment
 *
 * A relation belongs to the query that found it and is closed with it. */
#ifndef MR_CORE_QUERY_RELATION_H
#define MR_CORE_QUERY_RELATION_H

#include "core/query/session.h"
#include "core/schema/predicate.h"
#include "core/table/table.h"

typedef enum mr_relation_kind { MR_RELATION_RANGE, MR_RELATION_TABLE } mr_relation_kind;

struct mr_query_relation {
    struct mr_relation base; /* first */
    mr_relation_kind kind;
    struct mr_query_relation *next; /* of the query */
    /* RANGE */
    int64_t from, to, step;
    /* TABLE */
    struct mr_table *table; /* pinned */
};

/* mr_query_find_relation: struct mr_plan_catalog's hook; ctx is the query. */
mr_status mr_query_find_relation(void *ctx, const struct mr_sql_relation *relation,
                                 struct mr_relation **out_relation, struct mr_err *err);

/* mr_query_open_scan: struct mr_scan_sources' hook; ctx is the query. */
mr_status mr_query_open_scan(void *ctx, struct mr_query_env *env, const struct mr_plan *scan,
                             struct mr_operator **out_op, struct mr_err *err);

/* mr_query_close_relations: all that the query found. */
void mr_query_close_relations(struct mr_query *query);

/* mr_query_predicate: the conjuncts of scan->filter that statistics can judge, as a predicate over
 * the relation's columns; null when there is none. */
MR_MUST_USE mr_status mr_query_predicate(struct mr_arena *arena, const struct mr_plan *scan,
                                         const struct mr_predicate **out_predicate,
                                         struct mr_err *err);

/* mr_query_open_table: a table by its name or path, as of now; the caller closes it. */
MR_MUST_USE mr_status mr_query_open_table(struct mr_query *query,
                                          const struct mr_sql_names *names,
                                          struct mr_table **out_table, struct mr_err *err);

/* mr_op_range: BIGINT `id` from `from` up to and without `to`; step is not 0. */
MR_MUST_USE mr_status mr_op_range(struct mr_query_env *env, const struct mr_type *schema,
                                  int64_t from, int64_t to, int64_t step,
                                  struct mr_operator **out_op, struct mr_err *err);

/* mr_range_rows: how many rows that gives. */
uint64_t mr_range_rows(int64_t from, int64_t to, int64_t step);

#endif

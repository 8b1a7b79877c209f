/* The kinds of statements; each fills a query that has its arena. For core/query only. */
#ifndef MR_CORE_QUERY_SESSION_IMPL_H
#define MR_CORE_QUERY_SESSION_IMPL_H

#include "core/query/session.h"
#include "core/sql/bind.h"

enum { ERR_UNSUPPORTED = 1004 };

mr_status mr_query_nomem(struct mr_err *err);

/* mr_query_refuse: 1004 at a position. */
mr_status mr_query_refuse(struct mr_err *err, const struct mr_sql_pos *pos, const char *construct);

/* mr_query_note: what was done, for a person. */
MR_MUST_USE mr_status mr_query_note(struct mr_query *query, struct mr_err *err, const char *fmt,
                                    ...) __attribute__((format(printf, 3, 4)));

void mr_query_builder(struct mr_query *query, struct mr_expr_builder *out_builder);

/* Rows that a statement makes up itself: cells one after another, row by row. */
struct mr_rows {
    struct mr_query *query;
    struct mr_expr_builder builder;
    const struct mr_field *fields;
    uint32_t width;
    const struct mr_expr **cells;
    uint32_t count, capacity;
    mr_status status; /* the first failure; later cells do nothing */
    struct mr_err *err;
};

/* mr_rows_begin: columns as DDL, which must parse. */
void mr_rows_begin(struct mr_rows *rows, struct mr_query *query, const char *ddl,
                   struct mr_err *err);
void mr_rows_text(struct mr_rows *rows, struct mr_span text); /* null text = null */
void mr_rows_string(struct mr_rows *rows, const char *text);  /* null = null */
void mr_rows_i64(struct mr_rows *rows, int64_t value); /* of the column's type, times too */
void mr_rows_bool(struct mr_rows *rows, bool value);
void mr_rows_null(struct mr_rows *rows);
/* mr_rows_cell: any expression, cast to the column's type. */
void mr_rows_cell(struct mr_rows *rows, const struct mr_expr *expr);

/* mr_rows_end: the rows become the query's plan. */
MR_MUST_USE mr_status mr_rows_end(struct mr_rows *rows);

/* mr_query_run: makes the operators of the query's plan. */
MR_MUST_USE mr_status mr_query_run(struct mr_query *query, struct mr_err *err);

/* mr_query_resolve: a table's name; spans of a list of parts. */
MR_MUST_USE mr_status mr_query_resolve(struct mr_query *query, const struct mr_sql_names *names,
                                       bool is_schema, struct mr_table_name *out_name,
                                       struct mr_err *err);

/* The statements. */
MR_MUST_USE mr_status mr_query_select(struct mr_query *query, const struct mr_sql_script *script,
                                      const struct mr_sql_query *select, struct mr_err *err);
MR_MUST_USE mr_status mr_query_explain(struct mr_query *query, const struct mr_sql_script *script,
                                       const struct mr_sql_explain *explain, struct mr_err *err);
MR_MUST_USE mr_status mr_query_show(struct mr_query *query, const struct mr_sql_show *show,
                                    struct mr_err *err);
MR_MUST_USE mr_status mr_query_set(struct mr_query *query, const struct mr_sql_property *set,
                                   struct mr_err *err);
MR_MUST_USE mr_status mr_query_use(struct mr_query *query, const struct mr_sql_names *name,
                                   bool is_catalog, struct mr_err *err);
MR_MUST_USE mr_status mr_query_create_schema(struct mr_query *query,
                                             const struct mr_sql_create_schema *create,
                                             struct mr_err *err);
MR_MUST_USE mr_status mr_query_drop(struct mr_query *query, const struct mr_sql_drop *drop,
                                    struct mr_err *err);

MR_MUST_USE mr_status mr_query_describe(struct mr_query *query,
                                        const struct mr_sql_describe *describe,
                                        struct mr_err *err);
MR_MUST_USE mr_status mr_query_show_table(struct mr_query *query, const struct mr_sql_show *show,
                                          struct mr_err *err);

#endif

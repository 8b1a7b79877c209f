/* What the grammar's actions call for statements; see build_impl.h. All in build_statement.c. */
#ifndef MR_CORE_SQL_BUILD_STATEMENT_IMPL_H
#define MR_CORE_SQL_BUILD_STATEMENT_IMPL_H

#include "core/sql/build_query_impl.h"

struct mr_sql_elements mr_sql_elements_column(struct mr_sql_column *column);
struct mr_sql_elements mr_sql_elements_constraint(struct mr_sql_constraint *constraint);
struct mr_sql_elements mr_sql_elements_join(struct mr_sql_elements a,
                                            const struct mr_sql_elements *b);
struct mr_sql_violated mr_sql_violation_none(void);
struct mr_sql_violated mr_sql_violation_new(mr_sql_violation violation);
struct mr_sql_violated mr_sql_violation_into(struct mr_sql_names table);
struct mr_sql_constraint *
mr_sql_constraint_rule(struct mr_sql_parser *p, const struct mr_sql_token *word,
                       mr_sql_constraint_kind kind, struct mr_sql_name *name,
                       const struct mr_sql_token *begin, struct mr_sql_expr *expr,
                       const struct mr_sql_token *end, struct mr_sql_violated violated);
struct mr_sql_constraint *mr_sql_constraint_key(struct mr_sql_parser *p,
                                                const struct mr_sql_token *word,
                                                struct mr_sql_name *name,
                                                struct mr_sql_names columns,
                                                const struct mr_sql_token *end);

struct mr_sql_kind mr_sql_kind_new(mr_sql_dataset_kind kind, bool is_live);
struct mr_sql_dataset *mr_sql_dataset_new(struct mr_sql_parser *p, int replace, int scope,
                                          struct mr_sql_kind kind, bool is_if_not_exists,
                                          struct mr_sql_names name);
/* Each adds one clause; a clause given twice is a fault. */
struct mr_sql_dataset *mr_sql_dataset_elements(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                               const struct mr_sql_elements *elements,
                                               const struct mr_sql_token *end);
struct mr_sql_dataset *mr_sql_dataset_using(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                            const struct mr_sql_name *format);
struct mr_sql_dataset *mr_sql_dataset_partition(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                                struct mr_sql_exprs exprs);
struct mr_sql_dataset *mr_sql_dataset_cluster(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              const struct mr_sql_token *word,
                                              struct mr_sql_names names);
struct mr_sql_dataset *mr_sql_dataset_comment(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              struct mr_sql_string comment);
struct mr_sql_dataset *mr_sql_dataset_location(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                               struct mr_sql_string path);
struct mr_sql_dataset *mr_sql_dataset_properties(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                                 struct mr_sql_properties properties);
struct mr_sql_dataset *mr_sql_dataset_options(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              struct mr_sql_properties options);
struct mr_sql_dataset *mr_sql_dataset_schedule(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                               const struct mr_sql_token *text);
struct mr_sql_dataset *mr_sql_dataset_refresh(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                              const struct mr_sql_token *word,
                                              const struct mr_sql_name *first,
                                              const struct mr_sql_name *second);
struct mr_sql_dataset *mr_sql_dataset_row_filter(struct mr_sql_parser *p, struct mr_sql_dataset *d,
                                                 struct mr_sql_names function);
struct mr_sql_dataset *mr_sql_dataset_query(struct mr_sql_dataset *d, struct mr_sql_query *query);
struct mr_sql_dataset *mr_sql_dataset_flow(struct mr_sql_dataset *d, struct mr_sql_query *query,
                                           bool is_once);
struct mr_sql_dataset *mr_sql_dataset_cdc(struct mr_sql_dataset *d, struct mr_sql_cdc *cdc,
                                          struct mr_sql_relation *source, bool is_once);

struct mr_sql_flow *mr_sql_flow_insert(struct mr_sql_parser *p, struct mr_sql_names target,
                                       bool is_once, bool is_by_name,
                                       struct mr_sql_expr *replace_where,
                                       struct mr_sql_query *query);
struct mr_sql_flow *mr_sql_flow_cdc(struct mr_sql_parser *p, struct mr_sql_names target,
                                    struct mr_sql_cdc *cdc, struct mr_sql_relation *source,
                                    bool is_once);
struct mr_sql_cdc *mr_sql_cdc_new(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                  struct mr_sql_names keys);
struct mr_sql_cdc *mr_sql_cdc_delete(struct mr_sql_cdc *cdc, struct mr_sql_expr *when);
struct mr_sql_cdc *mr_sql_cdc_truncate(struct mr_sql_cdc *cdc, struct mr_sql_expr *when);
struct mr_sql_cdc *mr_sql_cdc_sequence(struct mr_sql_cdc *cdc, struct mr_sql_expr *by);
struct mr_sql_cdc *mr_sql_cdc_columns(struct mr_sql_cdc *cdc, bool is_except,
                                      struct mr_sql_names names);
struct mr_sql_cdc *mr_sql_cdc_history(struct mr_sql_cdc *cdc, bool is_except,
                                      struct mr_sql_names names);
struct mr_sql_cdc *mr_sql_cdc_scd(struct mr_sql_parser *p, struct mr_sql_cdc *cdc,
                                  const struct mr_sql_token *type);
struct mr_sql_cdc *mr_sql_cdc_ignore(struct mr_sql_cdc *cdc, struct mr_sql_names names);

struct mr_sql_statement *mr_sql_statement_query(struct mr_sql_parser *p,
                                                struct mr_sql_query *query);
struct mr_sql_statement *mr_sql_statement_dataset(struct mr_sql_parser *p,
                                                  struct mr_sql_dataset *dataset);
struct mr_sql_statement *mr_sql_statement_flow(struct mr_sql_parser *p, struct mr_sql_names name,
                                               struct mr_sql_string comment,
                                               struct mr_sql_flow *flow);
struct mr_sql_statement *mr_sql_statement_sink(struct mr_sql_parser *p, bool is_if_not_exists,
                                               struct mr_sql_names name,
                                               const struct mr_sql_name *format,
                                               struct mr_sql_properties options);
struct mr_sql_statement *mr_sql_statement_set(struct mr_sql_parser *p,
                                              const struct mr_sql_token *text);
/* mr_sql_statement_name: USE and SET CATALOG. */
struct mr_sql_statement *mr_sql_statement_name(struct mr_sql_parser *p, mr_sql_statement_kind kind,
                                               struct mr_sql_names name);

#endif

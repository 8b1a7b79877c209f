/* What the grammar's actions call for statements; see build_impl.h. */
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

/* Statements about tables: build_command.c. */
struct mr_sql_statement *mr_sql_statement_new(struct mr_sql_parser *p, mr_sql_statement_kind kind);
struct mr_sql_statement *mr_sql_statement_explain(struct mr_sql_parser *p, bool is_analyze,
                                                  bool is_extended, struct mr_sql_query *query);
struct mr_sql_statement *mr_sql_statement_show(struct mr_sql_parser *p, mr_sql_show_kind what,
                                               struct mr_sql_names name,
                                               struct mr_sql_string pattern,
                                               struct mr_sql_string key);
struct mr_sql_statement *mr_sql_statement_describe(struct mr_sql_parser *p,
                                                   mr_sql_describe_kind what, bool is_extended,
                                                   struct mr_sql_names name,
                                                   struct mr_sql_expr *limit);
struct mr_sql_statement *mr_sql_statement_insert(struct mr_sql_parser *p, bool is_overwrite,
                                                 struct mr_sql_names name,
                                                 struct mr_sql_names columns, bool is_by_name,
                                                 struct mr_sql_query *query);
struct mr_sql_statement *mr_sql_statement_drop(struct mr_sql_parser *p, mr_sql_object what,
                                               bool is_if_exists, struct mr_sql_names name,
                                               bool is_cascade);
struct mr_sql_statement *mr_sql_statement_create_schema(struct mr_sql_parser *p,
                                                        bool is_if_not_exists,
                                                        struct mr_sql_names name);
struct mr_sql_statement *mr_sql_statement_alter(struct mr_sql_parser *p, mr_sql_alter_kind what,
                                                struct mr_sql_names name, bool is_if_exists,
                                                struct mr_sql_properties properties,
                                                struct mr_sql_addeds added);
struct mr_sql_addeds mr_sql_addeds_none(void);
struct mr_sql_addeds mr_sql_addeds_add(struct mr_sql_addeds list, struct mr_sql_added *added);
struct mr_sql_added *mr_sql_added_new(struct mr_sql_parser *p, struct mr_sql_column *column,
                                      bool is_first, struct mr_sql_name *after);

#endif

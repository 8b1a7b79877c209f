/* What the grammar's actions call for queries, relations and statements; see build_impl.h. */
#ifndef MR_CORE_SQL_BUILD_QUERY_IMPL_H
#define MR_CORE_SQL_BUILD_QUERY_IMPL_H

#include "core/sql/build_impl.h"

struct mr_sql_except {
    struct mr_sql_names names;
    const struct mr_sql_token *end; /* null = no EXCEPT */
};

struct mr_sql_group {
    mr_sql_grouping grouping;
    struct mr_sql_exprs exprs;
};

struct mr_sql_join {
    mr_sql_join_kind kind;
    bool is_natural;
};

struct mr_sql_join_on {
    struct mr_sql_expr *on;
    struct mr_sql_names using_names;
};

struct mr_sql_asof {
    struct mr_sql_expr *version;
    struct mr_sql_expr *timestamp;
};

struct mr_sql_alias {
    struct mr_sql_name *name;
    struct mr_sql_names columns;
};

enum { MR_SQL_REPLACE_NONE, MR_SQL_REPLACE_REFRESH, MR_SQL_REPLACE_REPLACE };
enum { MR_SQL_SCOPE_NONE, MR_SQL_SCOPE_PRIVATE, MR_SQL_SCOPE_TEMPORARY };

struct mr_sql_kind {
    mr_sql_dataset_kind kind;
    bool is_live;
};

struct mr_sql_elements {
    struct mr_sql_columns columns;
    struct mr_sql_constraints constraints;
};

struct mr_sql_violated {
    mr_sql_violation violation;
    struct mr_sql_names into;
};

/* ---- queries: build_query.c ---- */

struct mr_sql_except mr_sql_except_none(void);
struct mr_sql_except mr_sql_except_new(struct mr_sql_names names, const struct mr_sql_token *end);
struct mr_sql_items mr_sql_items_none(void);
struct mr_sql_items mr_sql_items_add(struct mr_sql_items list, struct mr_sql_item *item);
struct mr_sql_item *mr_sql_item_new(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                    struct mr_sql_names alias);
struct mr_sql_item *mr_sql_item_star(struct mr_sql_parser *p, struct mr_sql_expr *qualifier,
                                     const struct mr_sql_token *star, struct mr_sql_except except);
struct mr_sql_group mr_sql_group_new(mr_sql_grouping grouping, struct mr_sql_exprs exprs);
struct mr_sql_orders mr_sql_orders_none(void);
struct mr_sql_orders mr_sql_orders_add(struct mr_sql_orders list, struct mr_sql_order *order);
struct mr_sql_order *mr_sql_order_new(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                      bool is_descending, bool is_nulls_first);
struct mr_sql_ctes mr_sql_ctes_none(void);
struct mr_sql_ctes mr_sql_ctes_add(struct mr_sql_ctes list, struct mr_sql_cte *cte);
struct mr_sql_cte *mr_sql_cte_new(struct mr_sql_parser *p, struct mr_sql_name *name,
                                  struct mr_sql_names columns, struct mr_sql_query *query);
struct mr_sql_query *mr_sql_query_select(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                         bool is_distinct, struct mr_sql_items items,
                                         struct mr_sql_relation *from, struct mr_sql_expr *where,
                                         struct mr_sql_group group, struct mr_sql_expr *having,
                                         struct mr_sql_expr *qualify);
struct mr_sql_query *mr_sql_query_values(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                         struct mr_sql_exprs rows);
struct mr_sql_query *mr_sql_query_set(struct mr_sql_parser *p, mr_sql_query_kind kind,
                                      struct mr_sql_query *left, bool is_all,
                                      struct mr_sql_query *right);
struct mr_sql_query *mr_sql_query_finish(struct mr_sql_parser *p, struct mr_sql_query *query,
                                         struct mr_sql_orders order_by, struct mr_sql_expr *limit,
                                         struct mr_sql_expr *offset);
struct mr_sql_query *mr_sql_query_with(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                       struct mr_sql_ctes ctes, struct mr_sql_query *query);
struct mr_sql_query *mr_sql_query_parens(struct mr_sql_query *query,
                                         const struct mr_sql_token *begin,
                                         const struct mr_sql_token *end);

/* ---- relations: build_relation.c ---- */

struct mr_sql_asof mr_sql_asof_none(void);
struct mr_sql_asof mr_sql_asof_new(struct mr_sql_expr *version, struct mr_sql_expr *timestamp);
struct mr_sql_alias mr_sql_alias_none(void);
struct mr_sql_alias mr_sql_alias_new(struct mr_sql_name *name, struct mr_sql_names columns);
struct mr_sql_join mr_sql_join_new(mr_sql_join_kind kind, bool is_natural);
struct mr_sql_join_on mr_sql_join_on_none(void);
struct mr_sql_join_on mr_sql_join_on_new(struct mr_sql_expr *on, struct mr_sql_names using_names);
struct mr_sql_relation *mr_sql_relation_table(struct mr_sql_parser *p, struct mr_sql_names name,
                                              struct mr_sql_properties options,
                                              struct mr_sql_asof asof);
struct mr_sql_relation *mr_sql_relation_call(struct mr_sql_parser *p, struct mr_sql_names name,
                                             struct mr_sql_exprs args,
                                             const struct mr_sql_token *end);
/* end is null for STREAM without parentheses. */
struct mr_sql_relation *mr_sql_relation_stream(struct mr_sql_relation *relation,
                                               const struct mr_sql_token *word,
                                               const struct mr_sql_token *end);
struct mr_sql_relation *mr_sql_relation_options(struct mr_sql_relation *relation,
                                                struct mr_sql_properties options);
struct mr_sql_relation *mr_sql_relation_query(struct mr_sql_parser *p, struct mr_sql_query *query);
struct mr_sql_relation *mr_sql_relation_nested(struct mr_sql_parser *p,
                                               const struct mr_sql_token *begin,
                                               struct mr_sql_relation *relation,
                                               const struct mr_sql_token *end);
struct mr_sql_relation *mr_sql_relation_lateral(struct mr_sql_relation *relation);
struct mr_sql_relation *mr_sql_relation_join(struct mr_sql_parser *p, struct mr_sql_relation *left,
                                             struct mr_sql_join join, struct mr_sql_relation *right,
                                             struct mr_sql_join_on on);
struct mr_sql_relation *mr_sql_relation_view(struct mr_sql_parser *p, struct mr_sql_relation *left,
                                             bool is_outer, struct mr_sql_names name,
                                             struct mr_sql_exprs args,
                                             const struct mr_sql_token *end,
                                             struct mr_sql_name *alias,
                                             struct mr_sql_names columns);
struct mr_sql_relation *mr_sql_relation_finish(struct mr_sql_parser *p,
                                               struct mr_sql_relation *relation,
                                               struct mr_sql_watermark *watermark,
                                               struct mr_sql_dedup *dedup,
                                               struct mr_sql_alias alias);
struct mr_sql_watermark *mr_sql_watermark_new(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                              struct mr_sql_name *alias, struct mr_sql_expr *delay,
                                              struct mr_sql_expr *idle);
struct mr_sql_dedup *mr_sql_dedup_new(struct mr_sql_parser *p, struct mr_sql_exprs keys,
                                      bool is_within_watermark);

#endif

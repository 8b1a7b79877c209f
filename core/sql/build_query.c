#include "core/sql/build_query_impl.h"

#include "core/base/checked.h"

struct mr_sql_except mr_sql_except_none(void)
{
    return (struct mr_sql_except){0};
}

struct mr_sql_except mr_sql_except_new(struct mr_sql_names names, const struct mr_sql_token *end)
{
    return (struct mr_sql_except){.names = names, .end = end};
}

struct mr_sql_items mr_sql_items_none(void)
{
    return (struct mr_sql_items){0};
}

struct mr_sql_items mr_sql_items_add(struct mr_sql_items list, struct mr_sql_item *item)
{
    if (item == NULL) return list;
    if (list.first == NULL)
        list.first = item;
    else
        list.last->next = item;
    list.last = item;
    list.count++;
    return list;
}

struct mr_sql_item *mr_sql_item_new(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                    struct mr_sql_names alias)
{
    if (expr == NULL) return NULL;
    struct mr_sql_item *item = MR_SQL_NEW(p, struct mr_sql_item);
    if (item == NULL) return NULL;
    item->expr = expr;
    item->alias = alias;
    return item;
}

struct mr_sql_item *mr_sql_item_star(struct mr_sql_parser *p, struct mr_sql_expr *qualifier,
                                     const struct mr_sql_token *star, struct mr_sql_except except)
{
    struct mr_sql_expr *expr = mr_sql_expr_star(p, qualifier, star);
    if (expr == NULL) return NULL;
    expr->except = except.names;
    if (except.end != NULL) expr->pos = mr_sql_pos_join(expr->pos, except.end->pos);
    return mr_sql_item_new(p, expr, mr_sql_names_none());
}

struct mr_sql_group mr_sql_group_new(mr_sql_grouping grouping, struct mr_sql_exprs exprs)
{
    return (struct mr_sql_group){.grouping = grouping, .exprs = exprs};
}

struct mr_sql_orders mr_sql_orders_none(void)
{
    return (struct mr_sql_orders){0};
}

struct mr_sql_orders mr_sql_orders_add(struct mr_sql_orders list, struct mr_sql_order *order)
{
    if (order == NULL) return list;
    if (list.first == NULL)
        list.first = order;
    else
        list.last->next = order;
    list.last = order;
    list.count++;
    return list;
}

struct mr_sql_order *mr_sql_order_new(struct mr_sql_parser *p, struct mr_sql_expr *expr,
                                      bool is_descending, bool is_nulls_first)
{
    if (expr == NULL) return NULL;
    struct mr_sql_order *order = MR_SQL_NEW(p, struct mr_sql_order);
    if (order == NULL) return NULL;
    order->expr = expr;
    order->is_descending = is_descending;
    order->is_nulls_first = is_nulls_first;
    return order;
}

struct mr_sql_ctes mr_sql_ctes_none(void)
{
    return (struct mr_sql_ctes){0};
}

struct mr_sql_ctes mr_sql_ctes_add(struct mr_sql_ctes list, struct mr_sql_cte *cte)
{
    if (cte == NULL) return list;
    if (list.first == NULL)
        list.first = cte;
    else
        list.last->next = cte;
    list.last = cte;
    list.count++;
    return list;
}

struct mr_sql_cte *mr_sql_cte_new(struct mr_sql_parser *p, struct mr_sql_name *name,
                                  struct mr_sql_names columns, struct mr_sql_query *query)
{
    if (name == NULL || query == NULL) return NULL;
    struct mr_sql_cte *cte = MR_SQL_NEW(p, struct mr_sql_cte);
    if (cte == NULL) return NULL;
    cte->name = name;
    cte->columns = columns;
    cte->query = query;
    return cte;
}

/* ---- depth ---- */

static unsigned list_depth(const struct mr_sql_expr *first)
{
    unsigned depth = 0;
    for (; first != NULL; first = first->next) depth = MR_MAX(depth, first->depth);
    return depth;
}

/* The depth of what a query holds itself; list links of single expressions are not followed. */
static unsigned query_parts_depth(const struct mr_sql_query *q)
{
    unsigned depth = list_depth(q->group_by.first), rows = list_depth(q->rows.first);
    depth = MR_MAX(depth, rows);
    for (const struct mr_sql_item *i = q->items.first; i != NULL; i = i->next) {
        depth = MR_MAX(depth, i->expr->depth);
    }
    for (const struct mr_sql_order *o = q->order_by.first; o != NULL; o = o->next) {
        depth = MR_MAX(depth, o->expr->depth);
    }
    for (const struct mr_sql_cte *c = q->ctes.first; c != NULL; c = c->next) {
        depth = MR_MAX(depth, c->query->depth);
    }
    const struct mr_sql_expr *single[] = {q->where, q->having, q->qualify, q->limit, q->offset};
    for (size_t i = 0; i < MR_COUNT_OF(single); i++) {
        if (single[i] != NULL) depth = MR_MAX(depth, single[i]->depth);
    }
    if (q->from != NULL) depth = MR_MAX(depth, q->from->depth);
    if (q->left != NULL) depth = MR_MAX(depth, q->left->depth);
    if (q->right != NULL) depth = MR_MAX(depth, q->right->depth);
    return depth;
}

static struct mr_sql_query *query_settle(struct mr_sql_parser *p, struct mr_sql_query *query)
{
    if (query == NULL || p->status != MR_OK) return NULL;
    unsigned depth = query_parts_depth(query);
    if (depth >= MR_SQL_DEPTH_MAX) {
        mr_sql_fail(p, query->pos, MR_E_SYNTAX, 1003, "query is nested deeper than %d",
                    MR_SQL_DEPTH_MAX);
        return NULL;
    }
    query->depth = (uint16_t)(depth + 1);
    return query;
}

/* ---- queries ---- */

static struct mr_sql_query *query_new(struct mr_sql_parser *p, mr_sql_query_kind kind,
                                      struct mr_sql_pos pos)
{
    struct mr_sql_query *query = MR_SQL_NEW(p, struct mr_sql_query);
    if (query == NULL) return NULL;
    query->kind = kind;
    query->pos = pos;
    return query;
}

struct mr_sql_query *mr_sql_query_select(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                         bool is_distinct, struct mr_sql_items items,
                                         struct mr_sql_relation *from, struct mr_sql_expr *where,
                                         struct mr_sql_group group, struct mr_sql_expr *having,
                                         struct mr_sql_expr *qualify)
{
    struct mr_sql_query *query = query_new(p, MR_SQL_QUERY_SELECT, word->pos);
    if (query == NULL) return NULL;
    query->is_distinct = is_distinct;
    query->items = items;
    query->from = from;
    query->where = where;
    query->grouping = group.grouping;
    query->group_by = group.exprs;
    query->having = having;
    query->qualify = qualify;
    return query_settle(p, query);
}

struct mr_sql_query *mr_sql_query_values(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                         struct mr_sql_exprs rows)
{
    struct mr_sql_query *query = query_new(p, MR_SQL_QUERY_VALUES, word->pos);
    if (query == NULL || rows.first == NULL) return NULL;
    query->rows = rows;
    query->pos = mr_sql_pos_join(word->pos, rows.last->pos);
    return query_settle(p, query);
}

struct mr_sql_query *mr_sql_query_set(struct mr_sql_parser *p, mr_sql_query_kind kind,
                                      struct mr_sql_query *left, bool is_all,
                                      struct mr_sql_query *right)
{
    if (left == NULL || right == NULL) return NULL;
    struct mr_sql_query *query = query_new(p, kind, mr_sql_pos_join(left->pos, right->pos));
    if (query == NULL) return NULL;
    query->is_all = is_all;
    query->left = left;
    query->right = right;
    return query_settle(p, query);
}

struct mr_sql_query *mr_sql_query_finish(struct mr_sql_parser *p, struct mr_sql_query *query,
                                         struct mr_sql_orders order_by, struct mr_sql_expr *limit,
                                         struct mr_sql_expr *offset)
{
    bool is_plain = order_by.first == NULL && limit == NULL && offset == NULL;
    if (query == NULL || is_plain) return query;
    bool is_taken = query->order_by.first != NULL || query->limit != NULL || query->offset != NULL;
    if (is_taken) {
        /* (SELECT .. LIMIT 3) ORDER BY ..: the outer clauses go around the inner ones. */
        struct mr_sql_query *outer = query_new(p, MR_SQL_QUERY_NESTED, query->pos);
        if (outer == NULL) return NULL;
        outer->left = query;
        query = outer;
    }
    query->order_by = order_by;
    query->limit = limit;
    query->offset = offset;
    return query_settle(p, query);
}

struct mr_sql_query *mr_sql_query_with(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                       struct mr_sql_ctes ctes, struct mr_sql_query *query)
{
    if (query == NULL) return NULL;
    if (query->ctes.first != NULL) {
        struct mr_sql_query *outer = query_new(p, MR_SQL_QUERY_NESTED, query->pos);
        if (outer == NULL) return NULL;
        outer->left = query;
        query = outer;
    }
    query->ctes = ctes;
    query->pos = mr_sql_pos_join(word->pos, query->pos);
    return query_settle(p, query);
}

struct mr_sql_query *mr_sql_query_parens(struct mr_sql_query *query,
                                         const struct mr_sql_token *begin,
                                         const struct mr_sql_token *end)
{
    if (query == NULL) return NULL;
    query->pos = mr_sql_pos_join(begin->pos, end->pos);
    return query;
}

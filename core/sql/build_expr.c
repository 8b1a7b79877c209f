#include "core/sql/build_impl.h"

#include "core/base/checked.h"

struct mr_sql_expr *mr_sql_expr_new(struct mr_sql_parser *p, mr_sql_expr_kind kind,
                                    struct mr_sql_pos pos)
{
    struct mr_sql_expr *expr = MR_SQL_NEW(p, struct mr_sql_expr);
    if (expr == NULL) return NULL;
    expr->kind = kind;
    expr->pos = pos;
    expr->depth = 1;
    return expr;
}

static unsigned exprs_depth(struct mr_sql_exprs list)
{
    unsigned depth = 0;
    for (const struct mr_sql_expr *e = list.first; e != NULL; e = e->next) {
        depth = MR_MAX(depth, e->depth);
    }
    return depth;
}

static unsigned window_depth(const struct mr_sql_window *window)
{
    unsigned depth = exprs_depth(window->partition_by);
    for (const struct mr_sql_order *o = window->order_by.first; o != NULL; o = o->next) {
        depth = MR_MAX(depth, o->expr->depth);
    }
    const struct mr_sql_expr *bounds[] = {window->from.distance, window->to.distance};
    for (size_t i = 0; i < MR_COUNT_OF(bounds); i++) {
        if (bounds[i] != NULL) depth = MR_MAX(depth, bounds[i]->depth);
    }
    return depth;
}

struct mr_sql_expr *mr_sql_expr_settle(struct mr_sql_parser *p, struct mr_sql_expr *expr)
{
    if (expr == NULL || p->status != MR_OK) return NULL;
    unsigned depth = exprs_depth(expr->args);
    if (expr->query != NULL) depth = MR_MAX(depth, expr->query->depth);
    if (expr->filter != NULL) depth = MR_MAX(depth, expr->filter->depth);
    if (expr->over != NULL) depth = MR_MAX(depth, window_depth(expr->over));
    if (depth >= MR_SQL_DEPTH_MAX) {
        mr_sql_fail(p, expr->pos, MR_E_SYNTAX, 1003, "expression is nested deeper than %d",
                    MR_SQL_DEPTH_MAX);
        return NULL;
    }
    expr->depth = (uint16_t)(depth + 1);
    return expr;
}

struct mr_sql_exprs mr_sql_exprs_none(void)
{
    return (struct mr_sql_exprs){0};
}

struct mr_sql_exprs mr_sql_exprs_add(struct mr_sql_exprs list, struct mr_sql_expr *expr)
{
    if (expr == NULL) return list;
    if (list.first == NULL)
        list.first = expr;
    else
        list.last->next = expr;
    list.last = expr;
    list.count++;
    return list;
}

struct mr_sql_exprs mr_sql_exprs_pair(struct mr_sql_exprs list, struct mr_sql_expr *a,
                                      struct mr_sql_expr *b)
{
    if (a == NULL || b == NULL) return list;
    return mr_sql_exprs_add(mr_sql_exprs_add(list, a), b);
}

/* A node over one or two parts, from the start of the first to the end of the last. */
static struct mr_sql_expr *expr_over(struct mr_sql_parser *p, mr_sql_expr_kind kind,
                                     struct mr_sql_expr *x, struct mr_sql_expr *y)
{
    if (x == NULL || (y == NULL && p->status != MR_OK)) return NULL;
    struct mr_sql_pos pos = y == NULL ? x->pos : mr_sql_pos_join(x->pos, y->pos);
    struct mr_sql_expr *expr = mr_sql_expr_new(p, kind, pos);
    if (expr == NULL) return NULL;
    expr->args = mr_sql_exprs_add(mr_sql_exprs_add(expr->args, x), y);
    return expr;
}

struct mr_sql_expr *mr_sql_expr_unary(struct mr_sql_parser *p, mr_sql_op op,
                                      const struct mr_sql_token *sign, struct mr_sql_expr *x)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_UNARY, x, NULL);
    if (expr == NULL) return NULL;
    expr->op = op;
    expr->pos = mr_sql_pos_join(sign->pos, x->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_binary(struct mr_sql_parser *p, mr_sql_op op, struct mr_sql_expr *x,
                                       struct mr_sql_expr *y)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_BINARY, x, y);
    if (expr == NULL) return NULL;
    expr->op = op;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_chain(struct mr_sql_parser *p, mr_sql_expr_kind kind,
                                      struct mr_sql_expr *x, struct mr_sql_expr *y)
{
    if (x == NULL || y == NULL) return NULL;
    if (x->kind != kind || x->is_parenthesized) {
        return mr_sql_expr_settle(p, expr_over(p, kind, x, y));
    }
    /* A chain may be long: its depth follows from the new operand alone. */
    if (y->depth >= MR_SQL_DEPTH_MAX) return mr_sql_expr_settle(p, expr_over(p, kind, x, y));
    x->args = mr_sql_exprs_add(x->args, y);
    x->pos = mr_sql_pos_join(x->pos, y->pos);
    x->depth = (uint16_t)MR_MAX((unsigned)x->depth, y->depth + 1u);
    return x;
}

struct mr_sql_expr *mr_sql_expr_is(struct mr_sql_parser *p, mr_sql_op op, struct mr_sql_expr *x,
                                   bool is_negated, const struct mr_sql_token *end)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_IS, x, NULL);
    if (expr == NULL) return NULL;
    expr->op = op;
    expr->is_negated = is_negated;
    expr->pos = mr_sql_pos_join(x->pos, end->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_distinct(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                         struct mr_sql_expr *y, bool is_negated)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_DISTINCT_FROM, x, y);
    if (expr != NULL) expr->is_negated = is_negated;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_in(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                   struct mr_sql_exprs list, bool is_negated,
                                   const struct mr_sql_token *end)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_IN, x, NULL);
    if (expr == NULL || list.count == 0) return NULL;
    expr->is_negated = is_negated;
    expr->pos = mr_sql_pos_join(x->pos, end->pos);
    x->next = list.first;
    expr->args.last = list.last;
    expr->args.count += list.count;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_in_query(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                         struct mr_sql_query *query, bool is_negated)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_IN_QUERY, x, NULL);
    if (expr == NULL || query == NULL) return NULL;
    expr->is_negated = is_negated;
    expr->query = query;
    expr->pos = mr_sql_pos_join(x->pos, query->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_between(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                        struct mr_sql_expr *low, struct mr_sql_expr *high,
                                        bool is_negated)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_BETWEEN, x, low);
    if (expr == NULL || high == NULL) return NULL;
    expr->is_negated = is_negated;
    expr->args = mr_sql_exprs_add(expr->args, high);
    expr->pos = mr_sql_pos_join(x->pos, high->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_like(struct mr_sql_parser *p, mr_sql_op op, struct mr_sql_expr *x,
                                     struct mr_sql_expr *pattern,
                                     const struct mr_sql_string *escape, bool is_negated)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_LIKE, x, pattern);
    if (expr == NULL) return NULL;
    expr->op = op;
    expr->is_negated = is_negated;
    if (escape != NULL && op == MR_SQL_OP_RLIKE) {
        mr_sql_fail(p, escape->pos, MR_E_SYNTAX, 1002, "RLIKE takes no ESCAPE");
        return NULL;
    }
    if (escape != NULL) {
        expr->args = mr_sql_exprs_add(expr->args, mr_sql_literal_string(p, *escape));
        expr->pos = mr_sql_pos_join(expr->pos, escape->pos);
    }
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_case(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                     struct mr_sql_expr *operand, struct mr_sql_exprs whens,
                                     struct mr_sql_expr *otherwise, const struct mr_sql_token *end)
{
    struct mr_sql_expr *expr =
        mr_sql_expr_new(p, MR_SQL_EXPR_CASE, mr_sql_pos_join(begin->pos, end->pos));
    if (expr == NULL || whens.count == 0) return NULL;
    expr->has_operand = operand != NULL;
    expr->has_else = otherwise != NULL;
    expr->args = mr_sql_exprs_add(mr_sql_exprs_none(), operand);
    if (operand != NULL)
        operand->next = whens.first;
    else
        expr->args.first = whens.first;
    expr->args.last = whens.last;
    expr->args.count += whens.count;
    expr->args = mr_sql_exprs_add(expr->args, otherwise);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_cast(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                     struct mr_sql_expr *x, struct mr_sql_typed type,
                                     const struct mr_sql_token *end, bool is_try)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_CAST, x, NULL);
    if (expr == NULL || type.type == NULL) return NULL;
    expr->type = type.type;
    expr->is_try = is_try;
    expr->pos =
        begin == NULL ? mr_sql_pos_join(x->pos, type.pos) : mr_sql_pos_join(begin->pos, end->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_extract(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                        struct mr_sql_name *field, struct mr_sql_expr *x,
                                        const struct mr_sql_token *end)
{
    if (field == NULL || x == NULL) return NULL;
    struct mr_sql_expr *expr =
        mr_sql_expr_new(p, MR_SQL_EXPR_CALL, mr_sql_pos_join(begin->pos, end->pos));
    struct mr_sql_expr *what = mr_sql_expr_new(p, MR_SQL_EXPR_LITERAL, field->pos);
    if (expr == NULL || what == NULL) return NULL;
    what->literal = MR_SQL_LITERAL_STRING;
    what->text = field->text;
    expr->name = mr_sql_names_of(mr_sql_name_new(p, begin));
    expr->is_extract = true;
    expr->args = mr_sql_exprs_add(mr_sql_exprs_add(expr->args, what), x);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_column(struct mr_sql_parser *p, struct mr_sql_name *name)
{
    if (name == NULL) return NULL;
    struct mr_sql_expr *expr = mr_sql_expr_new(p, MR_SQL_EXPR_COLUMN, name->pos);
    if (expr != NULL) expr->name = mr_sql_names_of(name);
    return expr;
}

struct mr_sql_expr *mr_sql_expr_column_add(struct mr_sql_parser *p, struct mr_sql_expr *column,
                                           struct mr_sql_name *name)
{
    if (column == NULL || name == NULL) return NULL;
    column->name = mr_sql_names_add(column->name, name);
    column->pos = column->name.pos;
    if (column->name.count > MR_SQL_DEPTH_MAX) {
        mr_sql_fail(p, column->pos, MR_E_SYNTAX, 1003, "a name has more than %d parts",
                    MR_SQL_DEPTH_MAX);
    }
    return column;
}

struct mr_sql_expr *mr_sql_expr_field(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                      struct mr_sql_name *name)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_FIELD, x, NULL);
    if (expr == NULL || name == NULL) return NULL;
    expr->name = mr_sql_names_of(name);
    expr->pos = mr_sql_pos_join(x->pos, name->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_subscript(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                          struct mr_sql_expr *index, const struct mr_sql_token *end)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_SUBSCRIPT, x, index);
    if (expr == NULL) return NULL;
    expr->pos = mr_sql_pos_join(x->pos, end->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_path(struct mr_sql_expr *x)
{
    if (x != NULL) x->is_path = true;
    return x;
}

struct mr_sql_expr *mr_sql_expr_parens(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                       struct mr_sql_expr *x, const struct mr_sql_token *end)
{
    if (x == NULL) return NULL;
    x->is_parenthesized = true;
    x->pos = mr_sql_pos_join(begin->pos, end->pos);
    return x;
}

struct mr_sql_expr *mr_sql_expr_row(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                    struct mr_sql_exprs list, const struct mr_sql_token *end)
{
    struct mr_sql_expr *expr =
        mr_sql_expr_new(p, MR_SQL_EXPR_ROW, mr_sql_pos_join(begin->pos, end->pos));
    if (expr != NULL) expr->args = list;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_subquery(struct mr_sql_parser *p, struct mr_sql_query *query)
{
    if (query == NULL) return NULL;
    struct mr_sql_expr *expr = mr_sql_expr_new(p, MR_SQL_EXPR_SUBQUERY, query->pos);
    if (expr != NULL) expr->query = query;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_exists(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                       struct mr_sql_query *query)
{
    if (query == NULL) return NULL;
    struct mr_sql_expr *expr =
        mr_sql_expr_new(p, MR_SQL_EXPR_EXISTS, mr_sql_pos_join(word->pos, query->pos));
    if (expr != NULL) expr->query = query;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_call(struct mr_sql_parser *p, struct mr_sql_expr *function,
                                     bool is_distinct, struct mr_sql_exprs args,
                                     const struct mr_sql_token *end, struct mr_sql_expr *filter,
                                     struct mr_sql_window *over)
{
    if (function == NULL) return NULL;
    struct mr_sql_expr *expr =
        mr_sql_expr_new(p, MR_SQL_EXPR_CALL, mr_sql_pos_join(function->pos, end->pos));
    if (expr == NULL) return NULL;
    expr->name = function->name;
    expr->is_distinct = is_distinct;
    expr->args = args;
    expr->filter = filter;
    expr->over = over;
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_named(struct mr_sql_parser *p, struct mr_sql_name *name,
                                      struct mr_sql_expr *x)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_NAMED_ARG, x, NULL);
    if (expr == NULL || name == NULL) return NULL;
    expr->name = mr_sql_names_of(name);
    expr->pos = mr_sql_pos_join(name->pos, x->pos);
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_lambda(struct mr_sql_parser *p, struct mr_sql_name *name,
                                       struct mr_sql_expr *row, struct mr_sql_expr *body)
{
    struct mr_sql_expr *expr = expr_over(p, MR_SQL_EXPR_LAMBDA, body, NULL);
    if (expr == NULL || (name == NULL && row == NULL)) return NULL;
    if (row == NULL) {
        expr->name = mr_sql_names_of(name);
        expr->pos = mr_sql_pos_join(name->pos, body->pos);
        return mr_sql_expr_settle(p, expr);
    }
    expr->pos = mr_sql_pos_join(row->pos, body->pos);
    for (const struct mr_sql_expr *e = row->args.first; e != NULL; e = e->next) {
        if (e->kind != MR_SQL_EXPR_COLUMN || e->name.count != 1 || e->is_parenthesized) {
            mr_sql_fail(p, e->pos, MR_E_SYNTAX, 1002, "a parameter of a lambda must be a name");
            return NULL;
        }
        expr->name = mr_sql_names_add(expr->name, e->name.first);
    }
    return mr_sql_expr_settle(p, expr);
}

struct mr_sql_expr *mr_sql_expr_star(struct mr_sql_parser *p, struct mr_sql_expr *qualifier,
                                     const struct mr_sql_token *star)
{
    struct mr_sql_expr *expr = mr_sql_expr_new(p, MR_SQL_EXPR_STAR, star->pos);
    if (expr == NULL || qualifier == NULL) return expr;
    expr->name = qualifier->name;
    expr->pos = mr_sql_pos_join(qualifier->pos, star->pos);
    return expr;
}

struct mr_sql_window *mr_sql_window_new(struct mr_sql_parser *p, struct mr_sql_exprs partition_by,
                                        struct mr_sql_orders order_by, struct mr_sql_frame frame)
{
    struct mr_sql_window *window = MR_SQL_NEW(p, struct mr_sql_window);
    if (window == NULL) return NULL;
    window->partition_by = partition_by;
    window->order_by = order_by;
    window->has_frame = frame.is_set;
    window->is_range = frame.is_range;
    window->from = frame.from;
    window->to = frame.to;
    return window;
}

struct mr_sql_frame mr_sql_frame_none(void)
{
    return (struct mr_sql_frame){0};
}

struct mr_sql_frame mr_sql_frame_new(bool is_range, struct mr_sql_bound from,
                                     struct mr_sql_bound to)
{
    return (struct mr_sql_frame){.is_set = true, .is_range = is_range, .from = from, .to = to};
}

struct mr_sql_bound mr_sql_bound_new(mr_sql_bound_kind kind, struct mr_sql_expr *distance)
{
    return (struct mr_sql_bound){.kind = kind, .distance = distance};
}

struct mr_sql_bound mr_sql_bound_current(void)
{
    return mr_sql_bound_new(MR_SQL_BOUND_CURRENT_ROW, NULL);
}

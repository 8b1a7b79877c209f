/* What the grammar's actions call: each builds one node of the syntax tree.
 *
 * No function fails visibly. The first fault (memory, depth, a literal out of range) is kept in the
 * parser and the parse stops after the token; until then nulls flow through: every function takes
 * null for a part that could not be made, and returns null then. Lists are passed by value and
 * share their nodes; a node is in one list at most.
 *
 * This header serves build.c (names, strings, properties), build_literal.c, build_interval.c,
 * build_type.c and build_expr.c; build_query_impl.h and build_statement_impl.h the rest. */
#ifndef MR_CORE_SQL_BUILD_IMPL_H
#define MR_CORE_SQL_BUILD_IMPL_H

#include "core/sql/lexer_impl.h"

struct mr_sql_parser {
    struct mr_arena *arena;
    struct mr_err *err;
    mr_status status;
    struct mr_span source;              /* the whole text */
    const struct mr_sql_token *from;    /* first token of what is parsed */
    const struct mr_sql_token *at;      /* token being fed */
    bool is_syntax;                     /* refused by the grammar, without a message */
    struct mr_sql_statement *statement; /* results, by what was begun */
    struct mr_sql_expr *expr;
    const struct mr_type *type;
    struct mr_sql_columns hints;
};

/* mr_sql_fail: keeps the first fault and its position. */
void mr_sql_fail(struct mr_sql_parser *p, struct mr_sql_pos pos, mr_status status, uint32_t code,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void mr_sql_fail_memory(struct mr_sql_parser *p);
void mr_sql_fail_help(struct mr_sql_parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* mr_sql_new: cleared memory of the arena; null after a fault. */
void *mr_sql_new(struct mr_sql_parser *p, size_t bytes);
#define MR_SQL_NEW(p, type) ((type *)mr_sql_new((p), sizeof(type)))

/* mr_sql_pos_join: from the start of `a` to the end of `b`. */
struct mr_sql_pos mr_sql_pos_join(struct mr_sql_pos a, struct mr_sql_pos b);

/* ---- names, strings, properties: build.c ---- */

struct mr_sql_string {
    struct mr_span text;
    struct mr_sql_pos pos;
    bool is_set;
    char *joined; /* the text, when adjacent strings were joined, with room for more */
    size_t room;
};

struct mr_sql_name *mr_sql_name_new(struct mr_sql_parser *p, const struct mr_sql_token *token);
struct mr_sql_name *mr_sql_name_string(struct mr_sql_parser *p, const struct mr_sql_token *token);
struct mr_sql_names mr_sql_names_none(void);
struct mr_sql_names mr_sql_names_of(struct mr_sql_name *name);
struct mr_sql_names mr_sql_names_add(struct mr_sql_names names, struct mr_sql_name *name);
/* mr_sql_names_join: one name "a.b.c" of the parts. */
struct mr_sql_name *mr_sql_names_join(struct mr_sql_parser *p, struct mr_sql_names names);
struct mr_sql_string mr_sql_string_none(void);
struct mr_sql_string mr_sql_string_new(struct mr_sql_parser *p, const struct mr_sql_token *token);
struct mr_sql_string mr_sql_string_add(struct mr_sql_parser *p, struct mr_sql_string string,
                                       const struct mr_sql_token *token);
struct mr_sql_string mr_sql_string_of_names(struct mr_sql_parser *p, struct mr_sql_names names);
struct mr_sql_string mr_sql_string_word(struct mr_sql_parser *p, const struct mr_sql_token *token);
struct mr_sql_string mr_sql_string_number(struct mr_sql_parser *p, int sign,
                                          const struct mr_sql_token *token);
struct mr_sql_properties mr_sql_properties_none(void);
struct mr_sql_properties mr_sql_properties_add(struct mr_sql_properties list,
                                               struct mr_sql_property *property);
struct mr_sql_property *mr_sql_property_new(struct mr_sql_parser *p, struct mr_sql_string key,
                                            struct mr_sql_string value);

/* ---- literals: build_literal.c, build_interval.c ---- */

/* mr_sql_unquote: the value of a string token, quotes off, escapes replaced; false on a fault. */
bool mr_sql_unquote(struct mr_sql_parser *p, const struct mr_sql_token *token,
                    struct mr_span *out_value);
struct mr_sql_expr *mr_sql_literal_word(struct mr_sql_parser *p, mr_sql_literal_kind kind,
                                        const struct mr_sql_token *token);
struct mr_sql_expr *mr_sql_literal_number(struct mr_sql_parser *p,
                                          const struct mr_sql_token *token);
struct mr_sql_expr *mr_sql_literal_binary(struct mr_sql_parser *p,
                                          const struct mr_sql_token *token);
struct mr_sql_expr *mr_sql_literal_string(struct mr_sql_parser *p, struct mr_sql_string string);
struct mr_sql_expr *mr_sql_literal_typed(struct mr_sql_parser *p, mr_sql_literal_kind kind,
                                         const struct mr_sql_token *word,
                                         const struct mr_sql_token *string);
struct mr_sql_expr *mr_sql_interval_new(struct mr_sql_parser *p, const struct mr_sql_token *word);
struct mr_sql_expr *mr_sql_interval_add(struct mr_sql_parser *p, struct mr_sql_expr *interval,
                                        int sign, const struct mr_sql_token *amount,
                                        const struct mr_sql_token *unit);
struct mr_sql_expr *mr_sql_interval_text(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                         int sign, const struct mr_sql_token *string);
struct mr_sql_expr *mr_sql_interval_range(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                          int sign, const struct mr_sql_token *string,
                                          const struct mr_sql_token *from,
                                          const struct mr_sql_token *to);

/* ---- types: build_type.c ---- */

struct mr_sql_typed {
    const struct mr_type *type;
    struct mr_sql_pos pos;
};

struct mr_sql_typed mr_sql_type_named(struct mr_sql_parser *p, const struct mr_sql_name *name,
                                      const struct mr_sql_token *x, const struct mr_sql_token *y);
struct mr_sql_typed mr_sql_type_array(struct mr_sql_parser *p, struct mr_sql_typed element);
struct mr_sql_typed mr_sql_type_map(struct mr_sql_parser *p, struct mr_sql_typed key,
                                    struct mr_sql_typed value);
struct mr_sql_typed mr_sql_type_struct(struct mr_sql_parser *p,
                                       const struct mr_sql_columns *fields);
/* mr_sql_check_columns: a fault at the first column whose name an earlier one has. */
void mr_sql_check_columns(struct mr_sql_parser *p, const struct mr_sql_columns *columns);
struct mr_sql_columns mr_sql_columns_none(void);
struct mr_sql_columns mr_sql_columns_add(struct mr_sql_columns list, struct mr_sql_column *column);
struct mr_sql_column *mr_sql_column_new(struct mr_sql_parser *p, struct mr_sql_name *name,
                                        const struct mr_sql_typed *type);
struct mr_sql_column *mr_sql_hint_new(struct mr_sql_parser *p, struct mr_sql_names path,
                                      const struct mr_sql_typed *type);
struct mr_sql_column *mr_sql_column_not_null(struct mr_sql_column *column);
struct mr_sql_column *mr_sql_column_comment(struct mr_sql_column *column,
                                            struct mr_sql_string comment);
struct mr_sql_column *mr_sql_column_default(struct mr_sql_column *column, struct mr_sql_expr *expr);
struct mr_sql_column *mr_sql_column_generated(struct mr_sql_column *column,
                                              struct mr_sql_expr *expr);
struct mr_sql_column *mr_sql_column_mask(struct mr_sql_column *column, struct mr_sql_names name);
struct mr_sql_column *mr_sql_column_key(struct mr_sql_column *column);

/* ---- expressions: build_expr.c ---- */

struct mr_sql_frame {
    bool is_set;
    bool is_range;
    struct mr_sql_bound from;
    struct mr_sql_bound to;
};

struct mr_sql_expr *mr_sql_expr_new(struct mr_sql_parser *p, mr_sql_expr_kind kind,
                                    struct mr_sql_pos pos);
/* mr_sql_expr_settle: sets the depth of a node that has all parts; a fault when too deep. */
struct mr_sql_expr *mr_sql_expr_settle(struct mr_sql_parser *p, struct mr_sql_expr *expr);
struct mr_sql_exprs mr_sql_exprs_none(void);
struct mr_sql_exprs mr_sql_exprs_add(struct mr_sql_exprs list, struct mr_sql_expr *expr);
struct mr_sql_exprs mr_sql_exprs_pair(struct mr_sql_exprs list, struct mr_sql_expr *a,
                                      struct mr_sql_expr *b);
struct mr_sql_expr *mr_sql_expr_unary(struct mr_sql_parser *p, mr_sql_op op,
                                      const struct mr_sql_token *sign, struct mr_sql_expr *x);
struct mr_sql_expr *mr_sql_expr_binary(struct mr_sql_parser *p, mr_sql_op op, struct mr_sql_expr *x,
                                       struct mr_sql_expr *y);
struct mr_sql_expr *mr_sql_expr_chain(struct mr_sql_parser *p, mr_sql_expr_kind kind,
                                      struct mr_sql_expr *x, struct mr_sql_expr *y);
struct mr_sql_expr *mr_sql_expr_is(struct mr_sql_parser *p, mr_sql_op op, struct mr_sql_expr *x,
                                   bool is_negated, const struct mr_sql_token *end);
struct mr_sql_expr *mr_sql_expr_distinct(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                         struct mr_sql_expr *y, bool is_negated);
struct mr_sql_expr *mr_sql_expr_in(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                   struct mr_sql_exprs list, bool is_negated,
                                   const struct mr_sql_token *end);
struct mr_sql_expr *mr_sql_expr_in_query(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                         struct mr_sql_query *query, bool is_negated);
struct mr_sql_expr *mr_sql_expr_between(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                        struct mr_sql_expr *low, struct mr_sql_expr *high,
                                        bool is_negated);
struct mr_sql_expr *mr_sql_expr_like(struct mr_sql_parser *p, mr_sql_op op, struct mr_sql_expr *x,
                                     struct mr_sql_expr *pattern,
                                     const struct mr_sql_string *escape, bool is_negated);
struct mr_sql_expr *mr_sql_expr_case(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                     struct mr_sql_expr *operand, struct mr_sql_exprs whens,
                                     struct mr_sql_expr *otherwise, const struct mr_sql_token *end);
/* begin and end are null for x::t. */
struct mr_sql_expr *mr_sql_expr_cast(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                     struct mr_sql_expr *x, struct mr_sql_typed type,
                                     const struct mr_sql_token *end, bool is_try);
struct mr_sql_expr *mr_sql_expr_extract(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                        struct mr_sql_name *field, struct mr_sql_expr *x,
                                        const struct mr_sql_token *end);
struct mr_sql_expr *mr_sql_expr_column(struct mr_sql_parser *p, struct mr_sql_name *name);
struct mr_sql_expr *mr_sql_expr_column_add(struct mr_sql_parser *p, struct mr_sql_expr *column,
                                           struct mr_sql_name *name);
struct mr_sql_expr *mr_sql_expr_field(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                      struct mr_sql_name *name);
struct mr_sql_expr *mr_sql_expr_subscript(struct mr_sql_parser *p, struct mr_sql_expr *x,
                                          struct mr_sql_expr *index,
                                          const struct mr_sql_token *end);
/* mr_sql_expr_path: marks the step as one into JSON text; null stays null. */
struct mr_sql_expr *mr_sql_expr_path(struct mr_sql_expr *x);
struct mr_sql_expr *mr_sql_expr_parens(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                       struct mr_sql_expr *x, const struct mr_sql_token *end);
struct mr_sql_expr *mr_sql_expr_row(struct mr_sql_parser *p, const struct mr_sql_token *begin,
                                    struct mr_sql_exprs list, const struct mr_sql_token *end);
struct mr_sql_expr *mr_sql_expr_subquery(struct mr_sql_parser *p, struct mr_sql_query *query);
struct mr_sql_expr *mr_sql_expr_exists(struct mr_sql_parser *p, const struct mr_sql_token *word,
                                       struct mr_sql_query *query);
struct mr_sql_expr *mr_sql_expr_call(struct mr_sql_parser *p, struct mr_sql_expr *function,
                                     bool is_distinct, struct mr_sql_exprs args,
                                     const struct mr_sql_token *end, struct mr_sql_expr *filter,
                                     struct mr_sql_window *over);
struct mr_sql_expr *mr_sql_expr_named(struct mr_sql_parser *p, struct mr_sql_name *name,
                                      struct mr_sql_expr *x);
/* mr_sql_expr_lambda: parameters are one name, or the columns of a row. */
struct mr_sql_expr *mr_sql_expr_lambda(struct mr_sql_parser *p, struct mr_sql_name *name,
                                       struct mr_sql_expr *row, struct mr_sql_expr *body);
struct mr_sql_expr *mr_sql_expr_star(struct mr_sql_parser *p, struct mr_sql_expr *qualifier,
                                     const struct mr_sql_token *star);
struct mr_sql_window *mr_sql_window_new(struct mr_sql_parser *p, struct mr_sql_exprs partition_by,
                                        struct mr_sql_orders order_by, struct mr_sql_frame frame);
struct mr_sql_frame mr_sql_frame_none(void);
struct mr_sql_frame mr_sql_frame_new(bool is_range, struct mr_sql_bound from,
                                     struct mr_sql_bound to);
struct mr_sql_bound mr_sql_bound_new(mr_sql_bound_kind kind, struct mr_sql_expr *distance);
struct mr_sql_bound mr_sql_bound_current(void);

#endif

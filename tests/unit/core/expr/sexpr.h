/* Expressions for tests, written in prefix form, since the SQL parser is of a higher tier:
 *
 *   12 -3L 1.5 2e3          numbers as mr_expr_number takes them
 *   'text' (\' \\ \n inside) NULL true false
 *   name                    a column of the schema, by name
 *   (upper x) (+ a b)       any function of the table; "is null" and the like are quoted: ("is
 * null" x) (cast x TYPE) (try_cast x TYPE) (date 'x') (timestamp 'x') (timestamp_ntz 'x') (hex
 * '1F') (case WHEN THEN ... [else]) (switch OPERAND WHEN THEN ... [else]) (in x a b ...)
 *   (. x name)              a member
 *
 * TYPE is int, decimal(10,2), array<T>, map<K,V>, struct<a:T>. */
#ifndef MR_TESTS_UNIT_CORE_EXPR_SEXPR_H
#define MR_TESTS_UNIT_CORE_EXPR_SEXPR_H

#include "core/expr/expr.h"

struct sexpr {
    struct mr_expr_builder *builder;
    const struct mr_type *schema; /* null: no columns */
    const char *at;
    struct mr_err *err;
};

/* sexpr_read: parses the whole text. Malformed text is a test's mistake and aborts; what the
 * constructors refuse comes back as status. */
mr_status sexpr_read(struct mr_expr_builder *builder, const struct mr_type *schema,
                     const char *text, const struct mr_expr **out_expr, struct mr_err *err);

const struct mr_type *sexpr_type(struct mr_arena *arena, const char *text);

#endif

/* What the files of this folder share to build nodes; not for others. */
#ifndef MR_CORE_EXPR_EXPR_IMPL_H
#define MR_CORE_EXPR_EXPR_IMPL_H

#include "core/expr/coerce.h"
#include "core/expr/expr.h"
#include "core/expr/function.h"

mr_status mr_expr_nomem(struct mr_err *err);

/* mr_type_write_words: as in CAST: words in capitals, names of members as they are. */
void mr_type_write_words(const struct mr_type *type, struct mr_text *out);

/* mr_expr_finish: settles what follows from the arguments (depth, constancy), and replaces the node
 * by its value when it is constant and has one. `draft` is copied into the arena. */
MR_MUST_USE mr_status mr_expr_finish(struct mr_expr_builder *builder, struct mr_expr draft,
                                     const struct mr_expr *const *args, uint32_t arg_count,
                                     const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_fold: the value of a constant expression (program_fold.c). *out_is_done false: it has
 * none, because it fails or its type is nested. */
MR_MUST_USE mr_status mr_expr_fold(struct mr_expr_builder *builder, const struct mr_expr *expr,
                                   struct mr_value *out_value, bool *out_is_done,
                                   struct mr_err *err);

/* mr_expr_binary, mr_expr_unary: mr_expr_call for an operator given as text. */
MR_MUST_USE mr_status mr_expr_binary(struct mr_expr_builder *builder, const char *name,
                                     const struct mr_expr *a, const struct mr_expr *b,
                                     const struct mr_expr **out_expr, struct mr_err *err);
MR_MUST_USE mr_status mr_expr_unary(struct mr_expr_builder *builder, const char *name,
                                    const struct mr_expr *a, const struct mr_expr **out_expr,
                                    struct mr_err *err);

/* mr_expr_boolean: `expr` as boolean (a string or NULL is cast) or error 1301 naming `what`. */
MR_MUST_USE mr_status mr_expr_boolean(struct mr_expr_builder *builder, const struct mr_expr *expr,
                                      const char *what, const struct mr_expr **out_expr,
                                      struct mr_err *err);

/* mr_expr_common: casts all of args[count] to the type they meet in, or error 1301 naming `what`.
 */
MR_MUST_USE mr_status mr_expr_common(struct mr_expr_builder *builder, const struct mr_expr **args,
                                     uint32_t count, const char *what,
                                     const struct mr_type **out_type, struct mr_err *err);

/* mr_expr_same_node: equal but for the arguments. */
bool mr_expr_same_node(const struct mr_expr *a, const struct mr_expr *b);

#endif

/* Mapping: a copy of an expression in which some parts are replaced.
 *
 * Planners move expressions from one relation to another: a filter goes below a join, an output is
 * read from what an aggregate gives. The tree itself is immutable, so the parts above a replaced
 * one are made anew; parts without a replacement are shared. Types do not change; what is replaced
 * has the type of what replaces it. What has become constant is folded. */
#ifndef MR_CORE_EXPR_EXPR_MAP_H
#define MR_CORE_EXPR_EXPR_MAP_H

#include "core/expr/expr.h"

/* Asked for every part from the top: leaves *out_expr alone where the part stays and what is below
 * it is to be asked for. */
typedef mr_status mr_expr_mapper(void *ctx, const struct mr_expr *expr,
                                 const struct mr_expr **out_expr, struct mr_err *err);

/* mr_expr_map: *out_expr is `expr` itself where nothing was replaced. */
MR_MUST_USE mr_status mr_expr_map(struct mr_expr_builder *builder, const struct mr_expr *expr,
                                  mr_expr_mapper *map, void *ctx, const struct mr_expr **out_expr,
                                  struct mr_err *err);

/* mr_expr_slot: column `index` of a relation that is described by this alone. */
MR_MUST_USE mr_status mr_expr_slot(struct mr_expr_builder *builder, uint32_t index,
                                   struct mr_span name, const struct mr_type *type,
                                   bool is_nullable, const struct mr_expr **out_expr,
                                   struct mr_err *err);

/* mr_expr_any_column: whether some column in [from, to) is read. */
bool mr_expr_any_column(const struct mr_expr *expr, uint32_t from, uint32_t to);

#endif

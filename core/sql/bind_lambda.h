/* Lambdas in calls: `transform(a, x -> x + 1)`.
 *
 * The arguments that are no lambdas are bound first, because they say what the parameters are. The
 * body is bound in a scope that hides columns behind the parameters; scopes are a chain, innermost
 * first. How an expression is bound is the caller's: it gives a function for it. */
#ifndef MR_CORE_SQL_BIND_LAMBDA_H
#define MR_CORE_SQL_BIND_LAMBDA_H

#include "core/expr/expr.h"
#include "core/expr/lambda.h"
#include "core/sql/ast.h"

struct mr_bind_params {
    const struct mr_bind_params *outer;
    struct mr_span names[MR_LAMBDA_PARAMS_MAX];
    const struct mr_expr *exprs[MR_LAMBDA_PARAMS_MAX];
    uint32_t count;
};

/* mr_bind_params_find: the parameter of that name, in any case; null when there is none. */
const struct mr_expr *mr_bind_params_find(const struct mr_bind_params *params,
                                          struct mr_span name);

/* mr_bind_has_lambda: whether some argument of the call is a lambda. */
bool mr_bind_has_lambda(const struct mr_sql_expr *call);

/* mr_bind_fn: binds `expr` with these parameters in sight. */
typedef mr_status mr_bind_fn(void *binder, const struct mr_sql_expr *expr,
                             const struct mr_bind_params *params,
                             const struct mr_expr **out_expr, struct mr_err *err);

/* mr_bind_lambda_args: all arguments of a call that has lambdas. Errors about a lambda's parameters
 * carry its place. */
MR_MUST_USE mr_status mr_bind_lambda_args(struct mr_expr_builder *builder,
                                          const struct mr_sql_expr *call,
                                          const struct mr_bind_params *outer, mr_bind_fn *fn,
                                          void *binder, const struct mr_expr ***out_args,
                                          struct mr_err *err);

#endif

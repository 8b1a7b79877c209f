/* Lambdas: `x -> x + 1` as an argument of transform, filter, aggregate and their like.
 *
 * The binder asks what a lambda's parameters are (mr_lambda_params: that follows from the function
 * and from its other arguments), makes them, binds the body over them and passes the whole as one
 * argument. Inside mr_expr_call the lambda is then taken out of the call: its body becomes an
 * expression over a small schema of its own, first the parameters, then the columns and outer
 * parameters that it reads, which are added to the call's arguments behind the ordinary ones. So
 * whoever walks a tree sees what the body reads, a lambda inside a lambda needs nothing special,
 * and the body is an ordinary program that runs once over the elements of all lists of a batch.
 *
 * Only columns and their members are captured. A larger part that depends on no parameter is
 * computed for each element all the same, because capturing it would evaluate it for rows whose
 * list is empty, or whose CASE never reaches it, and it may fail there. */
#ifndef MR_CORE_EXPR_LAMBDA_H
#define MR_CORE_EXPR_LAMBDA_H

#include "core/expr/expr.h"

enum { MR_LAMBDA_PARAMS_MAX = 3 };

struct mr_lambda {
    const struct mr_expr *body;   /* over `schema` */
    const struct mr_type *schema; /* struct: parameters, then captures */
    uint32_t param_count;
    uint32_t capture_first; /* the call's argument that is the first capture */
    uint32_t capture_count;
};

/* mr_lambda_params: the parameters of the lambda that is argument `k` of `function`.
 * args        [arg_count]; null where an argument is a lambda that is not bound yet
 * param_count as written
 * out_params  [MR_LAMBDA_PARAMS_MAX] types and nullability
 * fails       MR_E_TYPE 1301, 1303: no lambda there, another number of parameters, no list */
MR_MUST_USE mr_status mr_lambda_params(struct mr_expr_builder *builder, struct mr_span function,
                                       const struct mr_expr *const *args, uint32_t arg_count,
                                       uint32_t k, uint32_t param_count,
                                       struct mr_field *out_params, struct mr_err *err);

/* mr_expr_param: a parameter, different from all others of this builder. */
MR_MUST_USE mr_status mr_expr_param(struct mr_expr_builder *builder, const struct mr_field *param,
                                    struct mr_span name, const struct mr_expr **out_expr,
                                    struct mr_err *err);

/* mr_expr_lambda: the argument for mr_expr_call. */
MR_MUST_USE mr_status mr_expr_lambda(struct mr_expr_builder *builder,
                                     const struct mr_expr *const *params, uint32_t param_count,
                                     const struct mr_expr *body, const struct mr_expr **out_expr,
                                     struct mr_err *err);

/* mr_lambdas_weigh: adds to a call what follows from its lambdas: depth, size, constancy. */
void mr_lambdas_weigh(struct mr_expr *call);

/* mr_lambdas_same: whether two calls have equal lambdas. */
bool mr_lambdas_same(const struct mr_expr *a, const struct mr_expr *b);

#endif

/* Lambdas: what resolving and running them share. */
#ifndef MR_CORE_EXPR_LAMBDA_IMPL_H
#define MR_CORE_EXPR_LAMBDA_IMPL_H

#include "core/expr/eval_impl.h"
#include "core/expr/lambda.h"

/* mr_lambdas_lift: the arguments from `first` on, all lambdas, become resolve->lambdas; what they
 * capture takes their place among the arguments. */
MR_MUST_USE mr_status mr_lambdas_lift(struct mr_resolve *resolve, uint32_t first,
                                      struct mr_err *err);

/* One run of a lambda's body over rows that belong to rows of the call. */
struct mr_lambda_run {
    struct mr_call *call;
    uint32_t which;            /* lambda */
    uint32_t rows;
    const struct mr_vec *params; /* [param_count], `rows` rows each */
    const uint32_t *row_of;    /* [rows] the call's row; null = itself */
    const uint32_t *sel;       /* rows to compute; null = all */
    uint32_t sel_count;
};

/* mr_lambda_run: the body's value for each row; a constant one has one row. */
MR_MUST_USE mr_status mr_lambda_run(const struct mr_lambda_run *run,
                                    struct mr_operand *out_operand, struct mr_err *err);

/* mr_operand_spread: the operand as a vector of `rows` rows. */
MR_MUST_USE mr_status mr_operand_spread(struct mr_eval *eval, const struct mr_operand *operand,
                                        uint32_t rows, struct mr_vec *out, struct mr_err *err);

#endif

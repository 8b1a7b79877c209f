/* Casts: what eval_cast.c and eval_cast_text.c share. call->args[0] is what is cast,
 * call->out->type what it becomes; expr->type is the outermost type only. */
#ifndef MR_CORE_EXPR_CAST_IMPL_H
#define MR_CORE_EXPR_CAST_IMPL_H

#include "core/expr/eval_impl.h"

MR_MUST_USE mr_status mr_cast_run(struct mr_call *call, struct mr_err *err);
MR_MUST_USE mr_status mr_cast_to_text(struct mr_call *call, struct mr_err *err);
MR_MUST_USE mr_status mr_cast_interval(struct mr_call *call, struct mr_err *err);
MR_MUST_USE mr_status mr_cast_nested(struct mr_call *call, struct mr_err *err);

#endif

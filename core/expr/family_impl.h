/* The resolvers and evaluators that rows of functions.def name. */
#ifndef MR_CORE_EXPR_FAMILY_IMPL_H
#define MR_CORE_EXPR_FAMILY_IMPL_H

#include "core/expr/function.h"

/* resolve_number.c */
mr_resolve_fn mr_resolve_arithmetic, mr_resolve_unary, mr_resolve_round, mr_resolve_ln;

/* resolve.c */
mr_resolve_fn mr_resolve_compare, mr_resolve_distinct, mr_resolve_between, mr_resolve_greatest;
mr_resolve_fn mr_resolve_boolean, mr_resolve_is_null, mr_resolve_is_true, mr_resolve_isnan;
mr_resolve_fn mr_resolve_if, mr_resolve_coalesce, mr_resolve_nvl2, mr_resolve_nullif;
mr_resolve_fn mr_resolve_concat, mr_resolve_concat_ws, mr_resolve_clock, mr_resolve_date_trunc;
mr_resolve_fn mr_resolve_maybe_null, mr_resolve_to_time, mr_resolve_cast_call;

/* resolve_nested.c */
mr_resolve_fn mr_resolve_subscript, mr_resolve_size, mr_resolve_array, mr_resolve_map;
mr_resolve_fn mr_resolve_struct;

/* eval_number.c, eval_round.c */
mr_eval_fn mr_eval_arithmetic, mr_eval_unary, mr_eval_double, mr_eval_isnan, mr_eval_round;

/* eval_compare.c, eval_logic.c */
mr_eval_fn mr_eval_compare, mr_eval_same, mr_eval_greatest;
mr_eval_fn mr_eval_and, mr_eval_or, mr_eval_not, mr_eval_is_null, mr_eval_is_true;
mr_eval_fn mr_eval_coalesce;

/* eval_string.c, eval_like.c, eval_letter.c */
mr_eval_fn mr_eval_concat, mr_eval_concat_ws, mr_eval_change_case, mr_eval_length, mr_eval_octets;
mr_eval_fn mr_eval_substring, mr_eval_trim, mr_eval_contains, mr_eval_instr, mr_eval_replace;
mr_eval_fn mr_eval_like;
mr_prepare_fn mr_prepare_like;

/* eval_time.c */
mr_eval_fn mr_eval_clock, mr_eval_date_part, mr_eval_time_part, mr_eval_date_add;
mr_eval_fn mr_eval_datediff, mr_eval_add_months, mr_eval_last_day, mr_eval_date_trunc;
mr_eval_fn mr_eval_trunc, mr_eval_to_time;
mr_prepare_fn mr_prepare_to_time;

/* eval_nested.c */
mr_eval_fn mr_eval_subscript, mr_eval_size, mr_eval_array, mr_eval_map, mr_eval_struct;

#endif

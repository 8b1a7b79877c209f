/* Three-valued logic on bitmaps: a boolean is two masks, where it is true and where it is false. */
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"

/* Kleene's connectives by short-circuit. Both keep two masks: `decided`, rows where some operand
 * was false (AND) or true (OR), and `held`, rows where all so far were the opposite. A row that is
 * in neither has met a null. The next operand runs for the rows not decided. */
static mr_status connective(struct mr_call *call, bool is_and, struct mr_err *err)
{
    struct mr_eval *eval = call->eval;
    uint32_t rows = eval->batch->rows, words = mr_bit_words(rows);
    const struct mr_rows *open = call->selected;
    uint64_t *decided = mr_eval_bits(eval, rows), *held = mr_eval_bits(eval, rows);
    uint64_t *is_true = mr_eval_bits(eval, rows), *is_false = mr_eval_bits(eval, rows);
    MR_TRY(mr_eval_out(call, true, err));
    if (decided == NULL || held == NULL || is_true == NULL || is_false == NULL) {
        return mr_eval_nomem(err);
    }
    memset(held, 0xff, words * sizeof *held);
    for (uint32_t k = 0; k < call->expr->arg_count && open->count > 0; k++) {
        struct mr_operand operand;
        MR_TRY(mr_eval_arg(call, k, open, &operand, err));
        mr_eval_truth(&operand, rows, is_true, is_false);
        const uint64_t *deciding = is_and ? is_false : is_true;
        const uint64_t *keeping = is_and ? is_true : is_false;
        bool is_last = k + 1 == call->expr->arg_count;
        uint64_t *not_decided = is_last ? NULL : mr_eval_bits(eval, rows);
        if (!is_last && not_decided == NULL) return mr_eval_nomem(err);
        for (uint32_t w = 0; w < words; w++) {
            /* What the operand says of rows it was not asked for does not count: they are decided.
             */
            uint64_t asked = ~decided[w];
            decided[w] |= deciding[w] & asked;
            held[w] &= keeping[w] & asked;
            if (not_decided != NULL) not_decided[w] = ~decided[w];
        }
        if (!is_last) MR_TRY(mr_eval_rows(eval, open, not_decided, &open, err));
    }
    uint64_t *values = call->out->values;
    for (uint32_t w = 0; w < words; w++) {
        values[w] = is_and ? held[w] : decided[w];
        call->out->validity[w] = held[w] | decided[w];
    }
    return MR_OK;
}

mr_status mr_eval_and(struct mr_call *call, struct mr_err *err)
{
    return connective(call, true, err);
}

mr_status mr_eval_or(struct mr_call *call, struct mr_err *err)
{
    return connective(call, false, err);
}

mr_status mr_eval_not(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const uint64_t *from = call->args[0].vec.values;
    uint64_t *out = call->out->values;
    for (uint32_t w = 0; w < mr_bit_words(call->out->rows); w++) out[w] = ~from[w];
    return MR_OK;
}

mr_status mr_eval_is_null(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_vec *vec = &call->args[0].vec;
    bool is_void = vec->type->id == MR_TYPE_VOID;
    uint64_t flip = call->expr->function->op == MR_OP_IS_NULL ? UINT64_MAX : 0;
    uint64_t *out = call->out->values;
    for (uint32_t w = 0; w < mr_bit_words(call->out->rows); w++) {
        uint64_t present = is_void ? 0 : vec->validity == NULL ? UINT64_MAX : vec->validity[w];
        out[w] = present ^ flip;
    }
    return MR_OK;
}

mr_status mr_eval_is_true(struct mr_call *call, struct mr_err *err)
{
    mr_op op = call->expr->function->op;
    uint32_t words = mr_bit_words(call->out->rows);
    uint64_t *is_true = mr_eval_bits(call->eval, call->out->rows);
    uint64_t *is_false = mr_eval_bits(call->eval, call->out->rows);
    if (is_true == NULL || is_false == NULL) return mr_eval_nomem(err);
    mr_eval_truth(&call->args[0], call->out->rows, is_true, is_false);
    const uint64_t *from = op == MR_OP_TRUE || op == MR_OP_NOT_TRUE ? is_true : is_false;
    uint64_t flip = op == MR_OP_NOT_TRUE || op == MR_OP_NOT_FALSE ? UINT64_MAX : 0;
    uint64_t *out = call->out->values;
    for (uint32_t w = 0; w < words; w++) out[w] = from[w] ^ flip;
    return MR_OK;
}

/* Arithmetic of intervals, with each other, with numbers and with times. */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/cast_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/interval.h"
#include "core/expr/time_impl.h"

static mr_status overflow(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    return mr_call_bad(call, row, 1310, err, "overflow of interval");
}

/* put_interval: range-checked into the output's width. */
static mr_status put_interval(struct mr_call *call, uint32_t row, mr_i128 value,
                              struct mr_err *err)
{
    bool is_months = call->out->type->id == MR_TYPE_MONTHS;
    bool fits = is_months ? value == (int32_t)value : value == (int64_t)value;
    if (!fits) return overflow(call, row, err);
    mr_vec_put_i64(call->out, row, (int64_t)value);
    return MR_OK;
}

mr_status mr_eval_interval_sum(struct mr_call *call, struct mr_err *err)
{
    bool is_add = call->expr->function->op == MR_OP_ADD;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 a = mr_operand_i64(&call->args[0], i), b = mr_operand_i64(&call->args[1], i);
        MR_TRY(put_interval(call, i, is_add ? a + b : a - b, err));
    }
    return MR_OK;
}

mr_status mr_eval_interval_unary(struct mr_call *call, struct mr_err *err)
{
    bool is_abs = call->expr->function->op == MR_OP_ABS;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 value = mr_operand_i64(&call->args[0], i);
        MR_TRY(put_interval(call, i, is_abs && value >= 0 ? value : -value, err));
    }
    return MR_OK;
}

/* half_up: a quotient rounded half away from zero. */
static mr_i128 half_up(mr_i128 a, mr_i128 b)
{
    if (b < 0) {
        a = -a;
        b = -b;
    }
    return a >= 0 ? (a + b / 2) / b : -((-a + b / 2) / b);
}

mr_status mr_eval_interval_scale(struct mr_call *call, struct mr_err *err)
{
    bool is_divide = call->expr->function->op == MR_OP_DIVIDE;
    const struct mr_operand *by = &call->args[1];
    bool is_real = by->vec.type->id == MR_TYPE_DOUBLE;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 value = mr_operand_i64(&call->args[0], i);
        double real = is_real ? ((const double *)by->vec.values)[i & mr_operand_mask(by)] : 1;
        mr_i128 whole = is_real ? 1 : mr_operand_i64(by, i);
        if (is_divide && (whole == 0 || real == 0)) {
            MR_TRY(mr_call_bad(call, i, 1311, err, "division by zero"));
            continue;
        }
        if (!is_real) {
            MR_TRY(put_interval(call, i, is_divide ? half_up(value, whole) : value * whole, err));
            continue;
        }
        double product = round(is_divide ? (double)value / real : (double)value * real);
        if (!(fabs(product) < 0x1p63)) MR_TRY(overflow(call, i, err));
        else MR_TRY(put_interval(call, i, (int64_t)product, err));
    }
    return MR_OK;
}

/* A time plus or minus an interval: months by the calendar, whole days too, the rest by the clock.
 */
mr_status mr_eval_time_plus(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *time = &call->args[0], *by = &call->args[1];
    int sign = call->expr->function->op == MR_OP_ADD ? 1 : -1;
    bool is_months = by->vec.type->id == MR_TYPE_MONTHS;
    bool is_ntz = time->vec.type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_zone *zone = is_ntz ? NULL : call->eval->context->zone;
    MR_EACH_ROW(call->rows, i) {
        int64_t value = mr_operand_i64(time, i), amount = mr_operand_i64(by, i), moved;
        if (amount == INT64_MIN) {
            MR_TRY(overflow(call, i, err));
            continue;
        }
        amount *= sign;
        if (call->out->type->id == MR_TYPE_DATE) {
            int64_t days = is_months ? mr_months_add(value, amount)
                                     : value + amount / MR_US_PER_DAY;
            MR_TRY(mr_put_date(call, i, days, err));
            continue;
        }
        int64_t days = is_months ? 0 : amount / MR_US_PER_DAY;
        bool fits = mr_instant_plus(zone, value, is_months ? amount : 0, days,
                                    is_months ? 0 : amount - days * MR_US_PER_DAY, &moved);
        if (fits) ((int64_t *)call->out->values)[i] = moved;
        else MR_TRY(mr_put_overflow(call, i, err));
    }
    return MR_OK;
}

/* The span between two times, by their local readings. */
mr_status mr_eval_time_minus(struct mr_call *call, struct mr_err *err)
{
    const struct mr_type *type = call->args[0].vec.type;
    const struct mr_zone *zone =
        type->id == MR_TYPE_TIMESTAMP ? call->eval->context->zone : NULL;
    mr_i128 unit = type->id == MR_TYPE_DATE ? MR_US_PER_DAY : 1;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 a = mr_local_of(zone, mr_operand_i64(&call->args[0], i));
        mr_i128 b = mr_local_of(zone, mr_operand_i64(&call->args[1], i));
        MR_TRY(put_interval(call, i, (a - b) * unit, err));
    }
    return MR_OK;
}

/* make_dt_interval and make_ym_interval. */
mr_status mr_eval_make_interval(struct mr_call *call, struct mr_err *err)
{
    static const int64_t units[] = {MR_US_PER_DAY, 3600 * MR_US_PER_S, 60 * MR_US_PER_S};
    bool is_months = call->out->type->id == MR_TYPE_MONTHS;
    MR_EACH_ROW(call->rows, i) {
        mr_i128 sum = 0;
        for (uint32_t k = 0; k < call->expr->arg_count; k++) {
            const struct mr_operand *arg = &call->args[k];
            if (is_months) sum += (mr_i128)mr_operand_i64(arg, i) * (k == 0 ? 12 : 1);
            else if (k < 3) sum += (mr_i128)mr_operand_i64(arg, i) * units[k];
            else sum += mr_operand_decimal(arg, i);
        }
        MR_TRY(put_interval(call, i, sum, err));
    }
    return MR_OK;
}

/* Parts of intervals, as EXTRACT gives them. */
mr_status mr_eval_interval_part(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        int64_t value = mr_operand_i64(&call->args[0], i);
        switch (op) {
        case MR_OP_YEAR: value /= 12; break;
        case MR_OP_MONTH: value %= 12; break;
        case MR_OP_DAY: value /= MR_US_PER_DAY; break;
        case MR_OP_HOUR: value = value % MR_US_PER_DAY / (3600 * MR_US_PER_S); break;
        case MR_OP_MINUTE: value = value % (3600 * MR_US_PER_S) / (60 * MR_US_PER_S); break;
        default: mr_vec_put_decimal(call->out, i, value % (60 * MR_US_PER_S)); continue;
        }
        mr_vec_put_i64(call->out, i, value);
    }
    return MR_OK;
}

mr_status mr_cast_interval(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *from = &call->args[0];
    const struct mr_type *to = call->out->type;
    bool is_text = from->vec.type->id == MR_TYPE_STRING;
    MR_EACH_ROW(call->rows, i) {
        int64_t value;
        if (!is_text) {
            mr_vec_put_i64(call->out, i, mr_interval_cut(to, mr_operand_i64(from, i)));
        } else if (mr_interval_parse(to, mr_operand_span(from, i), &value)) {
            mr_vec_put_i64(call->out, i, value);
        } else {
            char text[MR_VALUE_TEXT_MAX];
            MR_TRY(mr_call_bad(call, i, 1312, err, "%s cannot be read as an interval",
                               mr_value_text(from, i, text, sizeof text)));
        }
    }
    return MR_OK;
}

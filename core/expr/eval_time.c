/* Dates and times. Parts of an instant are those of its local time in the session zone. */
#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/time_impl.h"
#include "kernels/text/pattern.h"
#include "kernels/text/zone.h"

mr_status mr_eval_clock(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_program_context *context = call->eval->context;
    MR_EACH_ROW(call->rows, i) {
        int64_t value = context->now_us;
        if (call->expr->function->op == MR_OP_DATE) {
            value = mr_floor_div(mr_local_of(context->zone, value), MR_US_PER_DAY);
        }
        mr_vec_put_i64(call->out, i, value);
    }
    return MR_OK;
}

static int32_t date_part(mr_op op, int64_t days)
{
    struct mr_civil c = mr_civil_of_days(days);
    switch (op) {
    case MR_OP_YEAR: return (int32_t)c.year;
    case MR_OP_QUARTER: return (c.month + 2) / 3;
    case MR_OP_MONTH: return c.month;
    case MR_OP_DAY: return c.day;
    case MR_OP_WEEKDAY: return (int32_t)mr_floor_mod(days + 4, 7) + 1; /* 1970-01-01: a Thursday */
    default:
        MR_ASSERT(op == MR_OP_YEARDAY);
        return (int32_t)(days - mr_days_of_civil(c.year, 1, 1)) + 1;
    }
}

mr_status mr_eval_date_part(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        ((int32_t *)call->out->values)[i] = date_part(op, mr_operand_i64(&call->args[0], i));
    }
    return MR_OK;
}

mr_status mr_eval_time_part(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    mr_op op = call->expr->function->op;
    bool is_ntz = call->args[0].vec.type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_zone *zone = is_ntz ? NULL : call->eval->context->zone;
    MR_EACH_ROW(call->rows, i) {
        int64_t local = mr_local_of(zone, mr_operand_i64(&call->args[0], i));
        int32_t second = (int32_t)(mr_floor_mod(local, MR_US_PER_DAY) / MR_US_PER_S);
        ((int32_t *)call->out->values)[i] = op == MR_OP_HOUR     ? second / 3600
                                            : op == MR_OP_MINUTE ? second / 60 % 60
                                                                 : second % 60;
    }
    return MR_OK;
}

mr_status mr_put_date(struct mr_call *call, uint32_t row, int64_t days, struct mr_err *err)
{
    if (days < INT32_MIN || days > INT32_MAX) {
        char text[MR_VALUE_TEXT_MAX];
        return mr_call_bad(call, row, 1310, err, "overflow of date for %s",
                           mr_value_text(&call->args[0], row, text, sizeof text));
    }
    ((int32_t *)call->out->values)[row] = (int32_t)days;
    return MR_OK;
}

mr_status mr_put_overflow(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    char text[MR_VALUE_TEXT_MAX];
    return mr_call_bad(call, row, 1310, err, "overflow of timestamp for %s",
                       mr_value_text(&call->args[0], row, text, sizeof text));
}

mr_status mr_eval_date_add(struct mr_call *call, struct mr_err *err)
{
    bool is_add = call->expr->function->op == MR_OP_ADD;
    MR_EACH_ROW(call->rows, i) {
        int64_t days = mr_operand_i64(&call->args[0], i), by = mr_operand_i64(&call->args[1], i);
        MR_TRY(mr_put_date(call, i, is_add ? days + by : days - by, err));
    }
    return MR_OK;
}

mr_status mr_eval_datediff(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        int64_t days = mr_operand_i64(&call->args[0], i) - mr_operand_i64(&call->args[1], i);
        MR_TRY(mr_put_date(call, i, days, err));
    }
    return MR_OK;
}

mr_status mr_eval_add_months(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        int64_t days = mr_operand_i64(&call->args[0], i);
        MR_TRY(mr_put_date(call, i, mr_months_add(days, mr_operand_i64(&call->args[1], i)), err));
    }
    return MR_OK;
}

mr_status mr_eval_last_day(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_civil c = mr_civil_of_days(mr_operand_i64(&call->args[0], i));
        int32_t day = mr_days_in_month(c.year, c.month);
        ((int32_t *)call->out->values)[i] = (int32_t)mr_days_of_civil(c.year, c.month, day);
    }
    return MR_OK;
}

typedef enum trunc_unit {
    UNIT_NONE,
    UNIT_YEAR,
    UNIT_QUARTER,
    UNIT_MONTH,
    UNIT_WEEK,
    UNIT_DAY,
    UNIT_HOUR,
    UNIT_MINUTE,
    UNIT_SECOND,
    UNIT_MILLISECOND,
    UNIT_MICROSECOND,
} trunc_unit;

static trunc_unit unit_of(struct mr_span name)
{
    static const struct {
        const char *name;
        trunc_unit unit;
    } units[] = {{"year", UNIT_YEAR},     {"yyyy", UNIT_YEAR},     {"yy", UNIT_YEAR},
                 {"quarter", UNIT_QUARTER}, {"month", UNIT_MONTH}, {"mm", UNIT_MONTH},
                 {"mon", UNIT_MONTH},     {"week", UNIT_WEEK},     {"day", UNIT_DAY},
                 {"dd", UNIT_DAY},        {"hour", UNIT_HOUR},     {"minute", UNIT_MINUTE},
                 {"second", UNIT_SECOND}, {"millisecond", UNIT_MILLISECOND},
                 {"microsecond", UNIT_MICROSECOND}};
    for (size_t i = 0; i < MR_COUNT_OF(units); i++) {
        if (mr_span_ieq(name, mr_span_of(units[i].name))) return units[i].unit;
    }
    return UNIT_NONE;
}

static int64_t trunc_days(trunc_unit unit, int64_t days)
{
    struct mr_civil c = mr_civil_of_days(days);
    switch (unit) {
    case UNIT_YEAR: return mr_days_of_civil(c.year, 1, 1);
    case UNIT_QUARTER: return mr_days_of_civil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
    case UNIT_MONTH: return mr_days_of_civil(c.year, c.month, 1);
    case UNIT_WEEK: return days - mr_floor_mod(days + 3, 7);
    default: return days;
    }
}

/* trunc_instant: days and above by local dates; below, the offset stays the one in force, so that
 * an hour that exists twice is cut within itself. False when the result leaves 64 bits. */
static bool trunc_instant(const struct mr_zone *zone, trunc_unit unit, int64_t us, int64_t *out)
{
    static const int64_t lengths[] = {
        [UNIT_HOUR] = 3600 * MR_US_PER_S, [UNIT_MINUTE] = 60 * MR_US_PER_S,
        [UNIT_SECOND] = MR_US_PER_S, [UNIT_MILLISECOND] = MR_US_PER_MS, [UNIT_MICROSECOND] = 1};
    int64_t local;
    if (!mr_zone_to_local(zone, us, &local)) return false;
    if (unit >= UNIT_HOUR) {
        *out = us - mr_floor_mod(local, lengths[unit]);
        return *out <= us;
    }
    int64_t days = trunc_days(unit, mr_floor_div(local, MR_US_PER_DAY)), start;
    if (__builtin_mul_overflow(days, MR_US_PER_DAY, &start)) return false;
    return mr_zone_to_utc(zone, start, out);
}

mr_status mr_eval_date_trunc(struct mr_call *call, struct mr_err *err)
{
    const struct mr_zone *zone = call->eval->context->zone;
    MR_EACH_ROW(call->rows, i) {
        trunc_unit unit = unit_of(mr_operand_span(&call->args[0], i));
        int64_t us = mr_operand_i64(&call->args[1], i), cut;
        if (unit == UNIT_NONE) {
            MR_TRY(mr_call_null(call, i, err));
        } else if (!trunc_instant(zone, unit, us, &cut)) {
            char text[MR_VALUE_TEXT_MAX];
            MR_TRY(mr_call_bad(call, i, 1310, err, "overflow of timestamp for %s",
                               mr_value_text(&call->args[1], i, text, sizeof text)));
        } else {
            ((int64_t *)call->out->values)[i] = cut;
        }
    }
    return MR_OK;
}

mr_status mr_eval_trunc(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        trunc_unit unit = unit_of(mr_operand_span(&call->args[1], i));
        if (unit == UNIT_NONE || unit > UNIT_WEEK) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        MR_TRY(mr_put_date(call, i, trunc_days(unit, mr_operand_i64(&call->args[0], i)), err));
    }
    return MR_OK;
}

mr_status mr_prepare_to_time(struct mr_arena *arena, const struct mr_expr *expr,
                             const void **out_prepared, struct mr_err *err)
{
    *out_prepared = NULL;
    const struct mr_expr *format = expr->args[expr->arg_count - 1];
    if (format->kind != MR_EXPR_LITERAL || format->value.is_null) return MR_OK;
    struct mr_pattern *pattern = MR_ARENA_NEW(arena, struct mr_pattern);
    if (pattern == NULL) return mr_eval_nomem(err);
    struct mr_err why;
    mr_status status = mr_pattern_compile(pattern, format->value.u.text, &why);
    if (status != MR_OK) return mr_err_set(err, MR_E_TYPE, 1314, "%s", why.message);
    *out_prepared = pattern;
    return MR_OK;
}

/* to_time_bad: text that the format does not read. */
static mr_status to_time_bad(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    char text[MR_VALUE_TEXT_MAX], format[MR_VALUE_TEXT_MAX];
    return mr_call_bad(call, row, 1312, err, "%s is not of the form %s",
                       mr_value_text(&call->args[0], row, text, sizeof text),
                       mr_value_text(&call->args[1], row, format, sizeof format));
}

mr_status mr_eval_to_time(struct mr_call *call, struct mr_err *err)
{
    bool is_ntz = call->out->type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_zone *zone = is_ntz ? NULL : call->eval->context->zone;
    bool is_date = call->expr->function->op == MR_OP_DATE;
    struct mr_pattern own;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        const struct mr_pattern *pattern = call->prepared;
        int64_t us;
        if (pattern == NULL) {
            MR_TRY(mr_pattern_compile(&own, mr_operand_span(&call->args[1], i), err));
            pattern = &own;
        }
        mr_parse parse = mr_pattern_parse_utc(pattern, text.text, text.bytes, zone, &us);
        if (parse != MR_PARSE_OK && parse != MR_PARSE_INEXACT) {
            MR_TRY(to_time_bad(call, i, err));
        } else if (is_date) {
            MR_TRY(mr_put_date(call, i, mr_floor_div(mr_local_of(zone, us), MR_US_PER_DAY), err));
        } else {
            ((int64_t *)call->out->values)[i] = us;
        }
    }
    return MR_OK;
}

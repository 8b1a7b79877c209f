/* Dates and times from and to text, numbers and their parts. */
#include <math.h>

#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/time_impl.h"
#include "kernels/text/datetime.h"

static const struct mr_zone *zone_of(const struct mr_call *call)
{
    return call->eval->context->zone;
}

/* ---- text ---- */

mr_status mr_prepare_time_format(struct mr_arena *arena, const struct mr_expr *expr,
                                 const void **out_prepared, struct mr_err *err)
{
    const struct mr_expr *pattern = expr->args[1];
    const struct mr_time_format *format;
    *out_prepared = NULL;
    if (pattern->kind != MR_EXPR_LITERAL || pattern->value.is_null) return MR_OK;
    MR_TRY(mr_time_format_compile(arena, pattern->value.u.text, &format, err));
    *out_prepared = format;
    return MR_OK;
}

/* date_format, from_unixtime: args[0] is an instant, or seconds. */
mr_status mr_eval_date_format(struct mr_call *call, struct mr_err *err)
{
    bool is_seconds = call->args[0].vec.type->id == MR_TYPE_LONG;
    bool is_ntz = call->args[0].vec.type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_zone *zone = is_ntz ? NULL : zone_of(call);
    MR_EACH_ROW(call->rows, i) {
        const struct mr_time_format *format = call->prepared;
        int64_t us = mr_operand_i64(&call->args[0], i);
        char text[MR_TIME_FORMAT_MAX];
        if (format == NULL) {
            MR_TRY(mr_time_format_compile(call->eval->arena, mr_operand_span(&call->args[1], i),
                                          &format, err));
        }
        if (is_seconds && __builtin_mul_overflow(us, MR_US_PER_S, &us)) {
            MR_TRY(mr_put_overflow(call, i, err));
            continue;
        }
        size_t bytes = mr_time_format_write(format, mr_local_of(zone, us),
                                            mr_zone_offset(zone, us), text);
        MR_TRY(mr_eval_put_text(call, i, (struct mr_span){text, bytes}, err));
    }
    return MR_OK;
}

/* ---- parts ---- */

/* iso_week: number of the week that the day is in, and the year that week belongs to. */
static int32_t iso_week(int64_t days, int64_t *out_year)
{
    int64_t thursday = days - mr_floor_mod(days + 3, 7) + 3;
    struct mr_civil c = mr_civil_of_days(thursday);
    *out_year = c.year;
    return (int32_t)((thursday - mr_days_of_civil(c.year, 1, 1)) / 7) + 1;
}

mr_status mr_eval_week_part(struct mr_call *call, struct mr_err *err)
{
    mr_op op = call->expr->function->op;
    MR_EACH_ROW(call->rows, i) {
        int64_t days = mr_operand_i64(&call->args[0], i), year;
        int32_t week = iso_week(days, &year), value = week;
        const char *text = NULL;
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        switch (op) {
        case MR_OP_WEEK_YEAR: value = (int32_t)year; break;
        case MR_OP_WEEKDAY_MONDAY: value = (int32_t)mr_floor_mod(days + 3, 7); break;
        case MR_OP_DAY_NAME: text = mr_day_names[mr_floor_mod(days + 3, 7)]; break;
        case MR_OP_MONTH_NAME: text = months + (mr_civil_of_days(days).month - 1) * 3; break;
        case MR_OP_ISO_WEEKDAY: value = (int32_t)mr_floor_mod(days + 3, 7) + 1; break;
        case MR_OP_DATE_NUMBER: value = (int32_t)days; break;
        default: break;
        }
        if (text == NULL) ((int32_t *)call->out->values)[i] = value;
        else MR_TRY(mr_eval_put_text(call, i, (struct mr_span){text, 3}, err));
    }
    return MR_OK;
}

/* extract(SECOND FROM t): seconds with their fraction, a decimal(8,6). */
mr_status mr_eval_second_fraction(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    bool is_ntz = call->args[0].vec.type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_zone *zone = is_ntz ? NULL : zone_of(call);
    MR_EACH_ROW(call->rows, i) {
        int64_t local = mr_local_of(zone, mr_operand_i64(&call->args[0], i));
        mr_vec_put_decimal(call->out, i, mr_floor_mod(local, 60 * MR_US_PER_S));
    }
    return MR_OK;
}

/* ---- numbers ---- */

static int64_t unit_us(mr_op op)
{
    return op == MR_OP_SECOND ? MR_US_PER_S : op == MR_OP_MILLISECOND ? MR_US_PER_MS : 1;
}

/* unix_seconds and its like. */
mr_status mr_eval_unix_number(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    int64_t unit = unit_us(call->expr->function->op);
    MR_EACH_ROW(call->rows, i) {
        ((int64_t *)call->out->values)[i] =
            mr_floor_div(mr_operand_i64(&call->args[0], i), unit);
    }
    return MR_OK;
}

/* real_us: seconds with a fraction as microseconds, cut; false when there are none. */
static bool real_us(const struct mr_operand *operand, uint32_t row, int64_t *out_us)
{
    row &= mr_operand_mask(operand);
    bool is_float = operand->vec.type->id == MR_TYPE_FLOAT;
    double seconds = is_float ? (double)((const float *)operand->vec.values)[row]
                              : ((const double *)operand->vec.values)[row];
    double us = seconds * 1e6;
    if (!isfinite(us)) return false;
    /* Beyond 64 bits the nearest one, as Java's conversion gives. */
    *out_us = us >= 0x1p63 ? INT64_MAX : us < -0x1p63 ? INT64_MIN : (int64_t)us;
    return true;
}

/* timestamp_seconds and its like. */
mr_status mr_eval_of_unix(struct mr_call *call, struct mr_err *err)
{
    const struct mr_operand *a = &call->args[0];
    int64_t unit = unit_us(call->expr->function->op);
    mr_type_id id = a->vec.type->id;
    MR_EACH_ROW(call->rows, i) {
        int64_t us = 0;
        bool is_good;
        if (id == MR_TYPE_FLOAT || id == MR_TYPE_DOUBLE) {
            if (!real_us(a, i, &us)) {
                MR_TRY(mr_call_null(call, i, err));
                continue;
            }
            is_good = true;
        } else if (id == MR_TYPE_DECIMAL) {
            mr_i128 scaled = 0;
            is_good = mr_decimal_rescale(mr_operand_decimal(a, i), a->vec.type->scale, 38, 6,
                                         &scaled) == MR_PARSE_OK &&
                      scaled == (int64_t)scaled;
            us = (int64_t)scaled;
        } else {
            is_good = !__builtin_mul_overflow(mr_operand_i64(a, i), unit, &us);
        }
        if (is_good) ((int64_t *)call->out->values)[i] = us;
        else MR_TRY(mr_put_overflow(call, i, err));
    }
    return MR_OK;
}

mr_status mr_eval_same_number(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        mr_vec_put_i64(call->out, i, mr_operand_i64(&call->args[0], i));
    }
    return MR_OK;
}

/* ---- calendars ---- */

static bool is_last_of_month(struct mr_civil c)
{
    return c.day == mr_days_in_month(c.year, c.month);
}

mr_status mr_eval_months_between(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    const struct mr_zone *zone = zone_of(call);
    MR_EACH_ROW(call->rows, i) {
        int64_t a = mr_local_of(zone, mr_operand_i64(&call->args[0], i));
        int64_t b = mr_local_of(zone, mr_operand_i64(&call->args[1], i));
        struct mr_civil x = mr_civil_of_days(mr_floor_div(a, MR_US_PER_DAY));
        struct mr_civil y = mr_civil_of_days(mr_floor_div(b, MR_US_PER_DAY));
        double months = (double)((x.year - y.year) * 12 + x.month - y.month);
        if (x.day != y.day && !(is_last_of_month(x) && is_last_of_month(y))) {
            int64_t seconds_x = mr_floor_mod(a, MR_US_PER_DAY) / MR_US_PER_S;
            int64_t seconds_y = mr_floor_mod(b, MR_US_PER_DAY) / MR_US_PER_S;
            int64_t more = (x.day - y.day) * INT64_C(86400) + seconds_x - seconds_y;
            months += (double)more / (31 * 86400.0);
            bool rounds = call->expr->arg_count < 3 || mr_operand_bool(&call->args[2], i);
            if (rounds) months = floor(months * 1e8 + 0.5) / 1e8;
        }
        ((double *)call->out->values)[i] = months;
    }
    return MR_OK;
}

mr_status mr_eval_next_day(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span name = mr_operand_span(&call->args[1], i);
        int64_t days = mr_operand_i64(&call->args[0], i);
        int wanted = -1;
        for (int k = 0; k < 7; k++) {
            size_t full = strlen(mr_day_names[k]);
            bool is_it = (name.bytes == 2 || name.bytes == 3 || name.bytes == full) &&
                         strncasecmp(name.text, mr_day_names[k], name.bytes) == 0;
            if (is_it) wanted = k;
        }
        if (wanted < 0) {
            char text[MR_VALUE_TEXT_MAX];
            MR_TRY(mr_call_bad(call, i, 1315, err, "%s is no day of the week",
                               mr_value_text(&call->args[1], i, text, sizeof text)));
            continue;
        }
        int64_t today = mr_floor_mod(days + 3, 7);
        MR_TRY(mr_put_date(call, i, days + (wanted - today + 6) % 7 + 1, err));
    }
    return MR_OK;
}

static bool is_date(int64_t year, int64_t month, int64_t day)
{
    return month >= 1 && month <= 12 && day >= 1 && year >= -290307 && year <= 294247 &&
           day <= mr_days_in_month(year, (int32_t)month);
}

mr_status mr_eval_make_date(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        int64_t year = mr_operand_i64(&call->args[0], i), month = mr_operand_i64(&call->args[1], i);
        int64_t day = mr_operand_i64(&call->args[2], i);
        if (!is_date(year, month, day)) {
            MR_TRY(mr_call_bad(call, i, 1315, err, "no date of year %lld, month %lld, day %lld",
                               (long long)year, (long long)month, (long long)day));
            continue;
        }
        MR_TRY(mr_put_date(call, i, mr_days_of_civil(year, (int32_t)month, (int32_t)day), err));
    }
    return MR_OK;
}

/* make_timestamp: seconds are a decimal(16,6); 60 without a fraction is the next minute. */
mr_status mr_eval_make_timestamp(struct mr_call *call, struct mr_err *err)
{
    bool is_ntz = call->out->type->id == MR_TYPE_TIMESTAMP_NTZ;
    const struct mr_zone *zone = is_ntz ? NULL : zone_of(call);
    if (call->expr->zone != NULL) zone = call->expr->zone;
    MR_EACH_ROW(call->rows, i) {
        int64_t part[5], us;
        for (uint32_t k = 0; k < 5; k++) part[k] = mr_operand_i64(&call->args[k], i);
        int64_t second = (int64_t)mr_operand_decimal(&call->args[5], i);
        bool is_good = is_date(part[0], part[1], part[2]) && part[3] >= 0 && part[3] < 24 &&
                       part[4] >= 0 && part[4] < 60 && second >= 0 && second <= 60 * MR_US_PER_S;
        if (!is_good) {
            MR_TRY(mr_call_bad(call, i, 1315, err,
                               "no time of %lld-%lld-%lld %lld:%lld and %lld microseconds",
                               (long long)part[0], (long long)part[1], (long long)part[2],
                               (long long)part[3], (long long)part[4], (long long)second));
            continue;
        }
        int64_t days = mr_days_of_civil(part[0], (int32_t)part[1], (int32_t)part[2]);
        int64_t of_day = (part[3] * 3600 + part[4] * 60) * MR_US_PER_S + second;
        bool fits = !__builtin_mul_overflow(days, MR_US_PER_DAY, &us) &&
                    !__builtin_add_overflow(us, of_day, &us) && mr_zone_to_utc(zone, us, &us);
        if (fits) ((int64_t *)call->out->values)[i] = us;
        else MR_TRY(mr_put_overflow(call, i, err));
    }
    return MR_OK;
}

/* ---- zones ---- */

/* from_utc_timestamp: the local time there, as if that were UTC; to_utc_timestamp goes back. */
mr_status mr_eval_shift_zone(struct mr_call *call, struct mr_err *err)
{
    bool is_from = call->expr->function->op == MR_OP_FROM_UTC;
    MR_EACH_ROW(call->rows, i) {
        int64_t us = mr_operand_i64(&call->args[0], i), moved;
        bool fits = is_from ? mr_zone_to_local(call->expr->zone, us, &moved)
                            : mr_zone_to_utc(call->expr->zone, us, &moved);
        if (fits) ((int64_t *)call->out->values)[i] = moved;
        else MR_TRY(mr_put_overflow(call, i, err));
    }
    return MR_OK;
}

/* convert_timezone(source, target, t): a local time of one zone as one of the other. */
mr_status mr_eval_convert_zone(struct mr_call *call, struct mr_err *err)
{
    bool has_source = call->expr->arg_count > 2;
    const struct mr_zone *source = has_source ? call->expr->zone_from : zone_of(call);
    const struct mr_operand *time = &call->args[call->expr->arg_count - 1];
    MR_EACH_ROW(call->rows, i) {
        int64_t us = mr_operand_i64(time, i), local;
        bool fits = mr_zone_to_utc(source, us, &us) &&
                    mr_zone_to_local(call->expr->zone, us, &local);
        if (fits) ((int64_t *)call->out->values)[i] = local;
        else MR_TRY(mr_put_overflow(call, i, err));
    }
    return MR_OK;
}

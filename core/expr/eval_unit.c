/* timestampadd and timestampdiff: instants and units of time. */
#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/time_impl.h"

/* A unit is months, days, or microseconds. */
struct unit {
    const char *name;
    int32_t months;
    int32_t days;
    int64_t us;
};

static const struct unit *unit_of(struct mr_span name)
{
    static const struct unit units[] = {
        {"year", 12, 0, 0},
        {"quarter", 3, 0, 0},
        {"month", 1, 0, 0},
        {"week", 0, 7, 0},
        {"day", 0, 1, 0},
        {"dayofyear", 0, 1, 0},
        {"hour", 0, 0, 3600 * MR_US_PER_S},
        {"minute", 0, 0, 60 * MR_US_PER_S},
        {"second", 0, 0, MR_US_PER_S},
        {"millisecond", 0, 0, MR_US_PER_MS},
        {"microsecond", 0, 0, 1},
    };
    for (size_t i = 0; i < MR_COUNT_OF(units); i++) {
        if (mr_span_ieq(name, mr_span_of(units[i].name))) return &units[i];
    }
    return NULL;
}

static mr_status unit_unknown(struct mr_call *call, uint32_t row, struct mr_err *err)
{
    char text[MR_VALUE_TEXT_MAX];
    return mr_call_fail(call, row, 1315, err, "%s is no unit of time",
                        mr_value_text(&call->args[0], row, text, sizeof text));
}

static const struct mr_zone *zone_of(const struct mr_call *call)
{
    bool is_ntz = call->args[2].vec.type->id == MR_TYPE_TIMESTAMP_NTZ;
    return is_ntz ? NULL : call->eval->context->zone;
}

mr_status mr_eval_timestamp_add(struct mr_call *call, struct mr_err *err)
{
    const struct mr_zone *zone = zone_of(call);
    MR_EACH_ROW(call->rows, i) {
        const struct unit *unit = unit_of(mr_operand_span(&call->args[0], i));
        int64_t count = mr_operand_i64(&call->args[1], i), months, days, us, moved;
        if (unit == NULL) return unit_unknown(call, i, err);
        bool fits = !__builtin_mul_overflow(count, (int64_t)unit->months, &months) &&
                    !__builtin_mul_overflow(count, (int64_t)unit->days, &days) &&
                    !__builtin_mul_overflow(count, unit->us, &us) && months < INT32_MAX &&
                    months > INT32_MIN &&
                    mr_instant_plus(zone, mr_operand_i64(&call->args[2], i), months, days, us,
                                    &moved);
        if (fits) ((int64_t *)call->out->values)[i] = moved;
        else MR_TRY(mr_put_overflow(call, i, err));
    }
    return MR_OK;
}

/* months_from: whole months from one local time to another, cut towards zero. */
static int64_t months_from(int64_t from, int64_t to)
{
    int64_t day_from = mr_floor_div(from, MR_US_PER_DAY), day_to = mr_floor_div(to, MR_US_PER_DAY);
    struct mr_civil a = mr_civil_of_days(day_from), b = mr_civil_of_days(day_to);
    int64_t months = (b.year - a.year) * 12 + b.month - a.month;
    int64_t rest_a = a.day * MR_US_PER_DAY + from - day_from * MR_US_PER_DAY;
    int64_t rest_b = b.day * MR_US_PER_DAY + to - day_to * MR_US_PER_DAY;
    if (months > 0 && rest_b < rest_a) return months - 1;
    if (months < 0 && rest_b > rest_a) return months + 1;
    return months;
}

mr_status mr_eval_timestamp_diff(struct mr_call *call, struct mr_err *err)
{
    const struct mr_zone *zone = zone_of(call);
    MR_EACH_ROW(call->rows, i) {
        const struct unit *unit = unit_of(mr_operand_span(&call->args[0], i));
        int64_t from = mr_local_of(zone, mr_operand_i64(&call->args[1], i));
        int64_t to = mr_local_of(zone, mr_operand_i64(&call->args[2], i)), us;
        if (unit == NULL) return unit_unknown(call, i, err);
        int64_t value;
        if (unit->months > 0) {
            value = months_from(from, to) / unit->months;
        } else if (__builtin_sub_overflow(to, from, &us)) {
            MR_TRY(mr_put_overflow(call, i, err));
            continue;
        } else {
            value = us / (unit->days > 0 ? unit->days * MR_US_PER_DAY : unit->us);
        }
        ((int64_t *)call->out->values)[i] = value;
    }
    return MR_OK;
}

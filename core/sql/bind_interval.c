#include "core/sql/bind_interval.h"

#include <ctype.h>
#include <string.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"

/* unit_of: the unit of a type that a word of a literal stands for; -1 when it is none. */
static int unit_of(struct mr_span word)
{
    static const struct {
        const char *name;
        int unit;
    } names[] = {{"year", MR_UNIT_YEAR},     {"month", MR_UNIT_MONTH},
                 {"week", MR_UNIT_DAY},      {"day", MR_UNIT_DAY},
                 {"hour", MR_UNIT_HOUR},     {"minute", MR_UNIT_MINUTE},
                 {"second", MR_UNIT_SECOND}, {"millisecond", MR_UNIT_SECOND},
                 {"microsecond", MR_UNIT_SECOND}};
    if (word.bytes > 1 && (word.text[word.bytes - 1] | 32) == 's') word.bytes--;
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (mr_span_ieq(word, mr_span_of(names[i].name))) return names[i].unit;
    }
    return -1;
}

/* units_of: the first and the last unit that the literal names; false when it names none. */
static bool units_of(struct mr_span text, int *out_first, int *out_last)
{
    *out_first = MR_UNIT_SECOND + 1;
    *out_last = -1;
    for (size_t at = 0; at < text.bytes;) {
        size_t from = at;
        while (at < text.bytes && isalpha((unsigned char)text.text[at])) at++;
        int unit = unit_of((struct mr_span){text.text + from, at - from});
        if (unit >= 0) *out_first = MR_MIN(*out_first, unit);
        *out_last = MR_MAX(*out_last, unit);
        if (at == from) at++;
    }
    return *out_last >= 0;
}

mr_status mr_bind_interval(struct mr_expr_builder *builder, const struct mr_sql_expr *literal,
                           const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_sql_interval *interval = &literal->interval;
    struct mr_value value = {0};
    int first, last;
    bool is_known = units_of(literal->text, &first, &last);
    if (!is_known || (first <= MR_UNIT_MONTH && last > MR_UNIT_MONTH)) {
        mr_status status = mr_err_set(err, MR_E_SYNTAX, 1307,
                                      "an interval has years and months, or days and times");
        mr_err_help(err, "add two intervals one after the other");
        return status;
    }
    value.type = mr_type_interval((unsigned)first, (unsigned)last);
    value.u.i64 = interval->months;
    if (value.type->id == MR_TYPE_SPAN &&
        (__builtin_mul_overflow((int64_t)interval->days, MR_US_PER_DAY, &value.u.i64) ||
         __builtin_add_overflow(value.u.i64, interval->us, &value.u.i64))) {
        return mr_err_set(err, MR_E_SYNTAX, 1307, "the interval is too long");
    }
    return mr_expr_literal(builder, &value, out_expr, err);
}

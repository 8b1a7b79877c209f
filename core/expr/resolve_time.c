/* Types of the date and time functions, and what some of them are short for. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"
#include "kernels/text/zone.h"

static mr_status wrong(const struct mr_resolve *resolve, uint32_t k, const char *wanted,
                       struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s",
                      resolve->function->name, wanted, k + 1,
                      mr_type_describe(resolve->args[k]->type, text, sizeof text));
}

static mr_status as_type(struct mr_resolve *resolve, uint32_t k, mr_type_id id, struct mr_err *err)
{
    const struct mr_type *type = mr_type_of(id);
    if (!mr_cast_is_implicit(resolve->args[k]->type, type) ||
        !mr_cast_exists(resolve->args[k]->type, type)) {
        char text[MR_TYPE_TEXT_MAX];
        return wrong(resolve, k, mr_type_describe(type, text, sizeof text), err);
    }
    return mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err);
}

/* with_format: the usual format as argument 1 where none was written. */
static mr_status with_format(struct mr_resolve *resolve, struct mr_err *err)
{
    if (resolve->arg_count > 1) return as_type(resolve, 1, MR_TYPE_STRING, err);
    const struct mr_expr **args =
        MR_ARENA_ARRAY(resolve->builder->arena, const struct mr_expr *, 2);
    if (args == NULL) return mr_expr_nomem(err);
    args[0] = resolve->args[0];
    resolve->args = args;
    resolve->arg_count = 2;
    resolve->shows_defaults = true;
    return mr_expr_string(resolve->builder, MR_SPAN("yyyy-MM-dd HH:mm:ss"), &args[1], err);
}

mr_status mr_resolve_from_unixtime(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(as_type(resolve, 0, MR_TYPE_LONG, err));
    resolve->is_nullable = true;
    return with_format(resolve, err);
}

/* unix_timestamp: seconds of now, of an instant, or of text by a format. */
mr_status mr_resolve_unix_timestamp(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_expr_builder *builder = resolve->builder;
    const struct mr_expr *time;
    if (resolve->arg_count == 0) {
        MR_TRY(mr_expr_call(builder, MR_SPAN("current_timestamp"), NULL, 0, &time, err));
        return mr_expr_unary(builder, "unix_seconds", time, &resolve->rewritten, err);
    }
    const struct mr_type *type = resolve->args[0]->type;
    MR_TRY(with_format(resolve, err));
    if (mr_type_is_time(type)) {
        MR_TRY(as_type(resolve, 0, MR_TYPE_TIMESTAMP, err));
        time = resolve->args[0];
    } else {
        MR_TRY(as_type(resolve, 0, MR_TYPE_STRING, err));
        MR_TRY(mr_expr_binary(builder, "to_timestamp", resolve->args[0], resolve->args[1], &time,
                              err));
    }
    return mr_expr_unary(builder, "unix_seconds", time, &resolve->rewritten, err);
}

/* to_timestamp_ntz is to_timestamp without the zone: text is read as if in UTC. */
mr_status mr_resolve_to_timestamp_ntz(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *ntz = mr_type_of(MR_TYPE_TIMESTAMP_NTZ);
    if (resolve->arg_count == 1) {
        if (!mr_cast_exists(resolve->args[0]->type, ntz)) return wrong(resolve, 0, "STRING", err);
        return mr_expr_cast(resolve->builder, resolve->args[0], ntz, MR_MODE_ANSI,
                            &resolve->rewritten, err);
    }
    MR_TRY(as_type(resolve, 0, MR_TYPE_STRING, err));
    resolve->type = ntz;
    return as_type(resolve, 1, MR_TYPE_STRING, err);
}

/* timestamp_seconds takes any number, its like integers. */
mr_status mr_resolve_of_unix(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type;
    bool is_seconds = resolve->function->op == MR_OP_SECOND;
    if (mr_type_is_integer(type) || (is_seconds && mr_type_is_number(type))) return MR_OK;
    if (type->id == MR_TYPE_STRING || type->id == MR_TYPE_VOID) {
        return as_type(resolve, 0, is_seconds ? MR_TYPE_DOUBLE : MR_TYPE_LONG, err);
    }
    return wrong(resolve, 0, is_seconds ? "a number" : "an integer", err);
}

mr_status mr_resolve_second_fraction(struct mr_resolve *resolve, struct mr_err *err)
{
    resolve->type = mr_type_decimal(resolve->builder->arena, 8, 6);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

/* ---- date_part and extract ---- */

static const struct field {
    const char *names; /* between blanks */
    const char *function;
    const char *of_interval; /* null: they have no such part */
} fields[] = {
    {" YEAR Y YEARS YR YRS ", "year", "interval_year"},
    {" YEAROFWEEK ", "yearofweek", NULL},
    {" QUARTER QTR ", "quarter", NULL},
    {" MONTH MON MONS MONTHS ", "month", "interval_month"},
    {" WEEK W WEEKS ", "weekofyear", NULL},
    {" DAY D DAYS ", "day", "interval_day"},
    {" DAYOFWEEK DOW ", "dayofweek", NULL},
    {" DAYOFWEEK_ISO DOW_ISO ", "dayofweek_iso", NULL},
    {" DOY ", "dayofyear", NULL},
    {" HOUR H HOURS HR HRS ", "hour", "interval_hour"},
    {" MINUTE M MIN MINS MINUTES ", "minute", "interval_minute"},
    {" SECOND S SEC SECONDS SECS ", "second_fraction", "interval_second"},
};

static bool has_name(const char *names, struct mr_span name)
{
    for (const char *at = names; (at = strchr(at, ' ')) != NULL && at[1] != '\0'; at++) {
        size_t bytes = strcspn(at + 1, " ");
        if (mr_span_ieq(name, (struct mr_span){at + 1, bytes})) return true;
    }
    return false;
}

mr_status mr_resolve_date_part(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *field = resolve->args[0];
    if (field->kind != MR_EXPR_LITERAL || field->type->id != MR_TYPE_STRING) {
        return wrong(resolve, 0, "a constant string", err);
    }
    bool is_interval = mr_type_is_interval(resolve->args[1]->type);
    for (size_t i = 0; i < MR_COUNT_OF(fields); i++) {
        if (field->value.is_null || !has_name(fields[i].names, field->value.u.text)) continue;
        const char *function = is_interval ? fields[i].of_interval : fields[i].function;
        if (function == NULL) continue;
        return mr_expr_unary(resolve->builder, function, resolve->args[1],
                             &resolve->rewritten, err);
    }
    struct mr_span name = field->value.u.text;
    return mr_err_set(err, MR_E_TYPE, 1315, "\"%.*s\" is no part of a time",
                      (int)MR_MIN(name.bytes, 40u), name.text);
}

/* ---- units ---- */

mr_status mr_resolve_time_unit(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_diff = resolve->function->op == MR_OP_SUBTRACT;
    uint32_t time = 2;
    MR_TRY(as_type(resolve, 1, is_diff ? MR_TYPE_TIMESTAMP : MR_TYPE_LONG, err));
    if (is_diff) {
        MR_TRY(as_type(resolve, time, MR_TYPE_TIMESTAMP, err));
        resolve->type = mr_type_of(MR_TYPE_LONG);
        return MR_OK;
    }
    if (resolve->args[time]->type->id != MR_TYPE_TIMESTAMP_NTZ) {
        MR_TRY(as_type(resolve, time, MR_TYPE_TIMESTAMP, err));
    }
    resolve->type = resolve->args[time]->type;
    return MR_OK;
}

/* date_add, dateadd and datediff are these with a unit in front. */
mr_status mr_resolve_date_add(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_diff = resolve->function->op == MR_OP_NONE;
    const char *name = is_diff ? "timestampdiff" : "timestampadd";
    if (resolve->arg_count == 3) {
        resolve->is_renamed = true;
        return mr_expr_call(resolve->builder, mr_span_of(name), resolve->args, 3,
                            &resolve->rewritten, err);
    }
    MR_TRY(as_type(resolve, 0, MR_TYPE_DATE, err));
    resolve->type = mr_type_of(is_diff ? MR_TYPE_INT : MR_TYPE_DATE);
    if (is_diff) return as_type(resolve, 1, MR_TYPE_DATE, err);
    const struct mr_type *days = resolve->args[1]->type;
    bool is_fit = days->id == MR_TYPE_VOID || days->id == MR_TYPE_STRING ||
                  (mr_type_is_integer(days) && days->id != MR_TYPE_LONG);
    return is_fit ? as_type(resolve, 1, MR_TYPE_INT, err) : wrong(resolve, 1, "INT", err);
}

/* ---- zones ---- */

/* find_zone: of a constant name; null for UTC. */
static mr_status find_zone(struct mr_resolve *resolve, uint32_t k, const struct mr_zone **out_zone,
                           struct mr_err *err)
{
    const struct mr_expr *arg = resolve->args[k];
    const struct mr_zone_finder *zones = resolve->builder->zones;
    int32_t offset_s;
    *out_zone = NULL;
    if (arg->kind != MR_EXPR_LITERAL || arg->type->id != MR_TYPE_STRING) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 1301, "%s takes a constant time zone",
                          resolve->function->name);
    }
    if (arg->value.is_null) return MR_OK;
    struct mr_span name = mr_span_trim(arg->value.u.text);
    if (mr_zone_offset_parse(name.text, name.bytes, &offset_s)) {
        if (offset_s == 0) return MR_OK;
        struct mr_zone *zone = MR_ARENA_NEW(resolve->builder->arena, struct mr_zone);
        if (zone == NULL) return mr_expr_nomem(err);
        *zone = mr_zone_fixed(offset_s);
        *out_zone = zone;
        return MR_OK;
    }
    if (zones != NULL) return zones->find(zones->state, name, out_zone, err);
    return mr_err_set(err, MR_E_INVALID, 1315, "time zone \"%.*s\" is not known", (int)name.bytes,
                      name.text);
}

mr_status mr_resolve_shift_zone(struct mr_resolve *resolve, struct mr_err *err)
{
    return find_zone(resolve, 1, &resolve->zone, err);
}

mr_status mr_resolve_convert_zone(struct mr_resolve *resolve, struct mr_err *err)
{
    uint32_t time = resolve->arg_count - 1;
    const struct mr_type *ntz = mr_type_of(MR_TYPE_TIMESTAMP_NTZ);
    resolve->type = ntz;
    for (uint32_t k = 0; k < time; k++) MR_TRY(as_type(resolve, k, MR_TYPE_STRING, err));
    MR_TRY(find_zone(resolve, time - 1, &resolve->zone, err));
    if (time > 1) MR_TRY(find_zone(resolve, 0, &resolve->zone_from, err));
    if (!mr_type_is_time(resolve->args[time]->type)) return as_type(resolve, time, ntz->id, err);
    return mr_expr_implicit(resolve->builder, resolve->args[time], ntz, &resolve->args[time], err);
}

/* make_timestamp: six numbers, and perhaps a zone. */
mr_status mr_resolve_make_timestamp(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *seconds = mr_type_decimal(resolve->builder->arena, 16, 6);
    if (seconds == NULL) return mr_expr_nomem(err);
    resolve->is_nullable = resolve->is_nullable || resolve->function->flags & MR_FN_TRY;
    if (resolve->arg_count < 6) {
        return mr_err_set(err, MR_E_TYPE, 1303, "%s takes 6 arguments or more, not %u",
                          resolve->function->name, resolve->arg_count);
    }
    for (uint32_t k = 0; k < 5; k++) MR_TRY(as_type(resolve, k, MR_TYPE_INT, err));
    if (!mr_cast_exists(resolve->args[5]->type, seconds)) return wrong(resolve, 5, "DECIMAL", err);
    MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[5], seconds, &resolve->args[5], err));
    if (resolve->arg_count < 7) return MR_OK;
    return find_zone(resolve, 6, &resolve->zone, err);
}

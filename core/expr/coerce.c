#include "core/expr/coerce.h"

#include <ctype.h>
#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/checked.h"

enum { MIN_SCALE_KEPT = 6 };

const struct mr_type *mr_decimal_of_integer(struct mr_arena *arena, mr_type_id id)
{
    static const uint8_t digits[] = {
        [MR_TYPE_BYTE] = 3, [MR_TYPE_SHORT] = 5, [MR_TYPE_INT] = 10, [MR_TYPE_LONG] = 20};
    MR_ASSERT(id >= MR_TYPE_BYTE && id <= MR_TYPE_LONG);
    return mr_type_decimal(arena, digits[id], 0);
}

/* decimal_adjusted: cuts a wanted precision to 38. Integer digits are kept; of the scale, at least
 * six digits are. */
static const struct mr_type *decimal_adjusted(struct mr_arena *arena, int precision, int scale)
{
    if (precision <= MR_DECIMAL_PRECISION_MAX) {
        return mr_type_decimal(arena, (unsigned)precision, (unsigned)scale);
    }
    int integer_digits = precision - scale;
    int scale_kept = MR_MIN(scale, MIN_SCALE_KEPT);
    scale = MR_MAX(MR_DECIMAL_PRECISION_MAX - integer_digits, scale_kept);
    return mr_type_decimal(arena, MR_DECIMAL_PRECISION_MAX, (unsigned)scale);
}

const struct mr_type *mr_decimal_result(struct mr_arena *arena, mr_decimal_rule rule,
                                        const struct mr_type *a, const struct mr_type *b)
{
    int p1 = a->precision, s1 = a->scale, p2 = b->precision, s2 = b->scale;
    int scale = MR_MAX(s1, s2), whole = MR_MAX(p1 - s1, p2 - s2);
    switch (rule) {
    case MR_DECIMAL_ADD: return decimal_adjusted(arena, whole + scale + 1, scale);
    case MR_DECIMAL_MULTIPLY: return decimal_adjusted(arena, p1 + p2 + 1, s1 + s2);
    case MR_DECIMAL_DIVIDE:
        scale = MR_MAX(MIN_SCALE_KEPT, s1 + p2 + 1);
        return decimal_adjusted(arena, p1 - s1 + s2 + scale, scale);
    case MR_DECIMAL_REMAINDER:
        whole = MR_MIN(p1 - s1, p2 - s2);
        return decimal_adjusted(arena, MR_MAX(whole + scale, 1), scale);
    default: break;
    }
    if (whole + scale > MR_DECIMAL_PRECISION_MAX) scale = MR_DECIMAL_PRECISION_MAX - whole;
    return mr_type_decimal(arena, (unsigned)(whole + scale), (unsigned)scale);
}

static mr_status type_or_nomem(const struct mr_type *type, const struct mr_type **out_type,
                               struct mr_err *err)
{
    if (type == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a type");
    *out_type = type;
    return MR_OK;
}

static mr_status common_number(struct mr_arena *arena, const struct mr_type *a,
                               const struct mr_type *b, const struct mr_type **out_type,
                               struct mr_err *err)
{
    bool has_decimal = a->id == MR_TYPE_DECIMAL || b->id == MR_TYPE_DECIMAL;
    bool has_float = mr_type_is_float(a) || mr_type_is_float(b);
    if (has_float) {
        bool both_float = a->id == MR_TYPE_FLOAT && b->id == MR_TYPE_FLOAT;
        *out_type = mr_type_of(both_float ? MR_TYPE_FLOAT : MR_TYPE_DOUBLE);
        return MR_OK;
    }
    if (!has_decimal) {
        *out_type = mr_type_of(MR_MAX(a->id, b->id));
        return MR_OK;
    }
    if (a->id != MR_TYPE_DECIMAL) a = mr_decimal_of_integer(arena, a->id);
    if (b->id != MR_TYPE_DECIMAL) b = mr_decimal_of_integer(arena, b->id);
    if (a == NULL || b == NULL) return type_or_nomem(NULL, out_type, err);
    return type_or_nomem(mr_decimal_result(arena, MR_DECIMAL_WIDER, a, b), out_type, err);
}

static const struct mr_type *common_with_string(const struct mr_type *other)
{
    if (mr_type_is_integer(other)) return mr_type_of(MR_TYPE_LONG);
    if (mr_type_is_number(other)) return mr_type_of(MR_TYPE_DOUBLE);
    return mr_type_is_nested(other) ? NULL : other;
}

/* common_time: date, timestamp_ntz, timestamp widen in this order. */
static const struct mr_type *common_time(const struct mr_type *a, const struct mr_type *b)
{
    if (a->id == MR_TYPE_DATE) return b;
    if (b->id == MR_TYPE_DATE) return a;
    return mr_type_of(MR_TYPE_TIMESTAMP);
}

static mr_status common_nested(struct mr_arena *arena, const struct mr_type *a,
                               const struct mr_type *b, const struct mr_type **out_type,
                               struct mr_err *err)
{
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, a->field_count);
    if (fields == NULL && a->field_count > 0) return type_or_nomem(NULL, out_type, err);
    for (uint32_t i = 0; i < a->field_count; i++) {
        fields[i] = a->fields[i];
        fields[i].is_nullable = a->fields[i].is_nullable || b->fields[i].is_nullable;
        if (a->id == MR_TYPE_STRUCT && !mr_span_ieq(a->fields[i].name, b->fields[i].name)) {
            *out_type = NULL;
            return MR_OK;
        }
        MR_TRY(mr_type_common(arena, a->fields[i].type, b->fields[i].type, &fields[i].type, err));
        if (fields[i].type == NULL) {
            *out_type = NULL;
            return MR_OK;
        }
    }
    const struct mr_type *type =
        a->id == MR_TYPE_STRUCT ? mr_type_struct(arena, fields, a->field_count)
        : a->id == MR_TYPE_ARRAY
            ? mr_type_array(arena, fields[0].type, fields[0].is_nullable)
            : mr_type_map(arena, fields[0].type, fields[1].type, fields[1].is_nullable);
    return type_or_nomem(type, out_type, err);
}

mr_status mr_type_common(struct mr_arena *arena, const struct mr_type *a, const struct mr_type *b,
                         const struct mr_type **out_type, struct mr_err *err)
{
    *out_type = NULL;
    if (mr_type_equal(a, b) && !mr_type_is_nested(a)) *out_type = a;
    else if (a->id == MR_TYPE_VOID) *out_type = b;
    else if (b->id == MR_TYPE_VOID) *out_type = a;
    else if (mr_type_is_number(a) && mr_type_is_number(b))
        return common_number(arena, a, b, out_type, err);
    else if (mr_type_is_time(a) && mr_type_is_time(b)) *out_type = common_time(a, b);
    else if (mr_type_is_interval(a) && a->id == b->id)
        *out_type = mr_type_interval(MR_MIN(a->precision, b->precision),
                                     MR_MAX(a->scale, b->scale));
    else if (a->id == MR_TYPE_STRING) *out_type = common_with_string(b);
    else if (b->id == MR_TYPE_STRING) *out_type = common_with_string(a);
    else if (mr_type_is_nested(a) && a->id == b->id && a->field_count == b->field_count)
        return common_nested(arena, a, b, out_type, err);
    return MR_OK;
}

typedef enum cast_kind { CAST_NEVER, CAST_ALWAYS, CAST_PARTIAL } cast_kind;

static cast_kind cast_number(const struct mr_type *from, const struct mr_type *to)
{
    if (to->id == MR_TYPE_BOOLEAN || mr_type_is_float(to)) return CAST_ALWAYS;
    if (to->id == MR_TYPE_TIMESTAMP) return mr_type_is_float(from) ? CAST_PARTIAL : CAST_ALWAYS;
    if (mr_type_is_integer(to)) {
        return mr_type_is_integer(from) && from->id <= to->id ? CAST_ALWAYS : CAST_PARTIAL;
    }
    if (to->id != MR_TYPE_DECIMAL) return CAST_NEVER;
    int whole = to->precision - to->scale;
    static const int8_t digits[] = {
        [MR_TYPE_BYTE] = 3, [MR_TYPE_SHORT] = 5, [MR_TYPE_INT] = 10, [MR_TYPE_LONG] = 20};
    if (mr_type_is_integer(from)) return digits[from->id] <= whole ? CAST_ALWAYS : CAST_PARTIAL;
    if (from->id != MR_TYPE_DECIMAL) return CAST_PARTIAL;
    /* Rounding away digits may carry into one more integer digit. */
    int needed = from->precision - from->scale + (from->scale > to->scale);
    return needed <= whole ? CAST_ALWAYS : CAST_PARTIAL;
}

static cast_kind cast_time(const struct mr_type *from, const struct mr_type *to)
{
    if (mr_type_is_time(to)) return CAST_ALWAYS;
    if (from->id != MR_TYPE_TIMESTAMP || !mr_type_is_number(to)) return CAST_NEVER;
    return to->id == MR_TYPE_LONG || mr_type_is_float(to) ? CAST_ALWAYS : CAST_PARTIAL;
}

static cast_kind cast_kind_of(const struct mr_type *from, const struct mr_type *to);

static cast_kind cast_nested(const struct mr_type *from, const struct mr_type *to)
{
    cast_kind worst = CAST_ALWAYS;
    if (from->id != to->id || from->field_count != to->field_count) return CAST_NEVER;
    for (uint32_t i = 0; i < from->field_count; i++) {
        cast_kind kind = cast_kind_of(from->fields[i].type, to->fields[i].type);
        if (kind == CAST_NEVER) return CAST_NEVER;
        if (kind == CAST_PARTIAL) worst = CAST_PARTIAL;
    }
    return worst;
}

static cast_kind cast_kind_of(const struct mr_type *from, const struct mr_type *to)
{
    if (from->id == MR_TYPE_VOID || mr_type_equal(from, to)) return CAST_ALWAYS;
    if (to->id == MR_TYPE_VOID) return CAST_NEVER;
    if (to->id == MR_TYPE_STRING) return CAST_ALWAYS;
    if (mr_type_is_nested(from) || mr_type_is_nested(to)) return cast_nested(from, to);
    if (mr_type_is_interval(from)) return from->id == to->id ? CAST_ALWAYS : CAST_NEVER;
    if (mr_type_is_interval(to)) return from->id == MR_TYPE_STRING ? CAST_PARTIAL : CAST_NEVER;
    if (from->id == MR_TYPE_STRING) return to->id == MR_TYPE_BINARY ? CAST_ALWAYS : CAST_PARTIAL;
    if (from->id == MR_TYPE_BINARY || to->id == MR_TYPE_BINARY) return CAST_NEVER;
    if (from->id == MR_TYPE_BOOLEAN) {
        if (to->id == MR_TYPE_DECIMAL) {
            return to->precision > to->scale ? CAST_ALWAYS : CAST_PARTIAL;
        }
        return mr_type_is_number(to) ? CAST_ALWAYS : CAST_NEVER;
    }
    if (mr_type_is_number(from)) return cast_number(from, to);
    return cast_time(from, to);
}

bool mr_cast_exists(const struct mr_type *from, const struct mr_type *to)
{
    return cast_kind_of(from, to) != CAST_NEVER;
}

bool mr_cast_may_fail(const struct mr_type *from, const struct mr_type *to)
{
    return cast_kind_of(from, to) == CAST_PARTIAL;
}

bool mr_cast_is_assignable(const struct mr_type *from, const struct mr_type *to)
{
    if (from->id == MR_TYPE_VOID || mr_type_equal(from, to)) return true;
    if (mr_type_is_nested(from) || mr_type_is_nested(to)) {
        if (from->id != to->id || from->field_count != to->field_count) return false;
        for (uint32_t i = 0; i < from->field_count; i++) {
            if (!mr_cast_is_assignable(from->fields[i].type, to->fields[i].type)) return false;
        }
        return true;
    }
    if (to->id == MR_TYPE_STRING) return true;
    if (mr_type_is_number(from)) return mr_type_is_number(to);
    if (mr_type_is_interval(from)) return from->id == to->id;
    return mr_type_is_time(from) && mr_type_is_time(to);
}

bool mr_cast_is_implicit(const struct mr_type *from, const struct mr_type *to)
{
    if (from->id == MR_TYPE_STRING) return !mr_type_is_nested(to) && to->id != MR_TYPE_VOID;
    return mr_cast_is_assignable(from, to);
}

const char *mr_type_describe(const struct mr_type *type, char *out, size_t room)
{
    MR_ASSERT(room > 16);
    size_t used = (size_t)snprintf(out, room, "%s", mr_type_name(type->id));
    if (type->id == MR_TYPE_DECIMAL) {
        used += (size_t)snprintf(out + used, room - used, "(%d,%d)", type->precision, type->scale);
    }
    if (mr_type_is_interval(type)) {
        used += (size_t)snprintf(out + used, room - used, " %s", mr_unit_name(type->precision));
        if (type->precision != type->scale) {
            used += (size_t)snprintf(out + used, room - used, " to %s", mr_unit_name(type->scale));
        }
    }
    for (size_t i = 0; i < used; i++) out[i] = (char)toupper((unsigned char)out[i]);
    if (!mr_type_is_nested(type)) return out;
    for (uint32_t i = 0; i < type->field_count && used + 16 < room; i++) {
        used += (size_t)snprintf(out + used, room - used, i == 0 ? "<" : ", ");
        if (type->id == MR_TYPE_STRUCT) {
            int bytes = (int)MR_MIN(type->fields[i].name.bytes, (room - used) / 2);
            used += (size_t)snprintf(out + used, room - used, "%.*s: ", bytes,
                                     type->fields[i].name.text);
        }
        if (used + 24 < room) {
            mr_type_describe(type->fields[i].type, out + used, room - used - 4);
            used += strlen(out + used);
        }
    }
    (void)snprintf(out + used, room - used, used + 24 < room ? ">" : "...");
    return out;
}

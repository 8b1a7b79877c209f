/* Types of comparisons, logic, strings and times. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/order.h"

static mr_status meet(struct mr_resolve *resolve, const struct mr_type **out_type,
                      struct mr_err *err)
{
    return mr_expr_common(resolve->builder, resolve->args, resolve->arg_count,
                          resolve->function->name, out_type, err);
}

static mr_status check_orderable(const struct mr_resolve *resolve, const struct mr_type *type,
                                 struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    if (mr_type_is_orderable(type)) return MR_OK;
    return mr_err_set(err, MR_E_TYPE, 1301, "%s cannot compare values of type %s",
                      resolve->function->name, mr_type_describe(type, text, sizeof text));
}

/* any_nullable: after casts, some of which may fail. */
static bool any_nullable(const struct mr_resolve *resolve)
{
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        if (resolve->args[i]->is_nullable) return true;
    }
    return false;
}

mr_status mr_resolve_compare(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type;
    MR_TRY(meet(resolve, &type, err));
    resolve->is_nullable = resolve->function->op != MR_OP_SAME && any_nullable(resolve);
    return check_orderable(resolve, type, err);
}

mr_status mr_resolve_distinct(struct mr_resolve *resolve, struct mr_err *err)
{
    resolve->is_renamed = true;
    MR_TRY(mr_expr_binary(resolve->builder, "<=>", resolve->args[0], resolve->args[1],
                          &resolve->rewritten, err));
    return mr_expr_unary(resolve->builder, "not", resolve->rewritten, &resolve->rewritten, err);
}

mr_status mr_resolve_between(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *lo, *hi, *value = resolve->args[0];
    MR_TRY(mr_expr_binary(resolve->builder, ">=", value, resolve->args[1], &lo, err));
    MR_TRY(mr_expr_binary(resolve->builder, "<=", value, resolve->args[2], &hi, err));
    return mr_expr_binary(resolve->builder, "and", lo, hi, &resolve->rewritten, err);
}

mr_status mr_resolve_greatest(struct mr_resolve *resolve, struct mr_err *err)
{
    bool has_string = false, has_other = false;
    resolve->is_nullable = true;
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        mr_type_id id = resolve->args[i]->type->id;
        has_string = has_string || id == MR_TYPE_STRING;
        has_other = has_other || (id != MR_TYPE_STRING && id != MR_TYPE_VOID);
        resolve->is_nullable = resolve->is_nullable && resolve->args[i]->is_nullable;
    }
    if (has_string && has_other) {
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes values of one type; cast the strings",
                          resolve->function->name);
    }
    MR_TRY(meet(resolve, &resolve->type, err));
    return check_orderable(resolve, resolve->type, err);
}

mr_status mr_resolve_boolean(struct mr_resolve *resolve, struct mr_err *err)
{
    uint32_t strings = 0;
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        strings += resolve->args[i]->type->id == MR_TYPE_STRING;
    }
    if (strings == resolve->arg_count && strings > 1) {
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes BOOLEAN, not STRING",
                          resolve->function->name);
    }
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        MR_TRY(mr_expr_boolean(resolve->builder, resolve->args[i], resolve->function->name,
                               &resolve->args[i], err));
    }
    resolve->is_nullable = any_nullable(resolve);
    return MR_OK;
}

mr_status mr_resolve_is_null(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->is_nullable = false;
    return MR_OK;
}

mr_status mr_resolve_is_true(struct mr_resolve *resolve, struct mr_err *err)
{
    resolve->is_nullable = false;
    return mr_expr_boolean(resolve->builder, resolve->args[0], resolve->function->name,
                           &resolve->args[0], err);
}

mr_status mr_resolve_isnan(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->is_nullable = false;
    return MR_OK;
}

mr_status mr_resolve_if(struct mr_resolve *resolve, struct mr_err *err)
{
    if (resolve->args[0]->type->id == MR_TYPE_STRING) {
        return mr_err_set(err, MR_E_TYPE, 1301, "if takes BOOLEAN as its condition, not STRING");
    }
    return mr_expr_case(resolve->builder, NULL, &resolve->args[0], &resolve->args[1], 1,
                        resolve->args[2], &resolve->rewritten, err);
}

mr_status mr_resolve_coalesce(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(meet(resolve, &resolve->type, err));
    resolve->is_nullable = true;
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        resolve->is_nullable = resolve->is_nullable && resolve->args[i]->is_nullable;
    }
    return MR_OK;
}

mr_status mr_resolve_nvl2(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *present;
    MR_TRY(mr_expr_unary(resolve->builder, "is not null", resolve->args[0], &present, err));
    return mr_expr_case(resolve->builder, NULL, &present, &resolve->args[1], 1, resolve->args[2],
                        &resolve->rewritten, err);
}

mr_status mr_resolve_nullif(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *same, *null;
    MR_TRY(mr_expr_binary(resolve->builder, "=", resolve->args[0], resolve->args[1], &same, err));
    MR_TRY(mr_expr_null(resolve->builder, &null, err));
    MR_TRY(mr_expr_implicit(resolve->builder, null, resolve->args[0]->type, &null, err));
    return mr_expr_case(resolve->builder, NULL, &same, &null, 1, resolve->args[0],
                        &resolve->rewritten, err);
}

/* concat_as_string: every argument as string. */
static mr_status concat_as_string(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        if (mr_type_is_nested(resolve->args[i]->type)) {
            char text[MR_TYPE_TEXT_MAX];
            return mr_err_set(err, MR_E_TYPE, 1301, "%s cannot join %s with other values",
                              resolve->function->name,
                              mr_type_describe(resolve->args[i]->type, text, sizeof text));
        }
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[i], string, &resolve->args[i],
                                err));
    }
    resolve->type = string;
    return MR_OK;
}

mr_status mr_resolve_concat(struct mr_resolve *resolve, struct mr_err *err)
{
    uint32_t binaries = 0, arrays = 0, voids = 0;
    for (uint32_t i = 0; i < resolve->arg_count; i++) {
        binaries += resolve->args[i]->type->id == MR_TYPE_BINARY;
        arrays += resolve->args[i]->type->id == MR_TYPE_ARRAY;
        voids += resolve->args[i]->type->id == MR_TYPE_VOID;
    }
    bool is_binary = binaries > 0 && binaries + voids == resolve->arg_count;
    bool is_array = arrays > 0 && arrays + voids == resolve->arg_count;
    if (is_binary || is_array) MR_TRY(meet(resolve, &resolve->type, err));
    else MR_TRY(concat_as_string(resolve, err));
    resolve->is_nullable = any_nullable(resolve);
    return MR_OK;
}

mr_status mr_resolve_concat_ws(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->is_nullable = resolve->args[0]->is_nullable;
    return MR_OK;
}

mr_status mr_resolve_clock(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->is_nullable = false;
    return MR_OK;
}

mr_status mr_resolve_localtimestamp(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *now;
    MR_TRY(mr_expr_call(resolve->builder, MR_SPAN("current_timestamp"), NULL, 0, &now, err));
    return mr_expr_implicit(resolve->builder, now, mr_type_of(MR_TYPE_TIMESTAMP_NTZ),
                            &resolve->rewritten, err);
}

/* date_trunc gives a timestamp, of timestamp_ntz as well. */
mr_status mr_resolve_date_trunc(struct mr_resolve *resolve, struct mr_err *err)
{
    resolve->is_nullable = true;
    return mr_expr_implicit(resolve->builder, resolve->args[1], mr_type_of(MR_TYPE_TIMESTAMP),
                            &resolve->args[1], err);
}

mr_status mr_resolve_maybe_null(struct mr_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->is_nullable = true;
    return MR_OK;
}

/* to_date and to_timestamp without a format are casts. The argument has become a string already;
 * undo that for values that convert without going through text. */
mr_status mr_resolve_to_time(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_try = resolve->function->flags & MR_FN_TRY;
    if (resolve->arg_count == 2) return MR_OK;
    const struct mr_expr *from = resolve->args[0];
    if (from->kind == MR_EXPR_CAST && from->is_implicit) from = from->args[0];
    else if (from->written != NULL && from->is_implicit) from = from->written->args[0];
    bool is_direct = mr_type_is_time(from->type) || from->type->id == MR_TYPE_VOID ||
                     (resolve->function->op == MR_OP_TIMESTAMP && mr_type_is_number(from->type));
    return mr_expr_cast(resolve->builder, is_direct ? from : resolve->args[0], resolve->type,
                        is_try ? MR_MODE_TRY : MR_MODE_ANSI, &resolve->rewritten, err);
}

mr_status mr_resolve_cast_call(struct mr_resolve *resolve, struct mr_err *err)
{
    /* CAST(a AS INT) is named after the column a, and so is int(a); of others the call remains. */
    resolve->is_renamed = resolve->args[0]->kind == MR_EXPR_COLUMN;
    return mr_expr_cast(resolve->builder, resolve->args[0], resolve->type, MR_MODE_ANSI,
                        &resolve->rewritten, err);
}

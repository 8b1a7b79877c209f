#include "core/expr/window_function.h"

#include "core/base/checked.h"
#include "core/expr/expr_impl.h"

static const struct mr_window_function functions[] = {
#define MR_WINDOW(name_, min_, max_, row_, flags_, op_, usage_, doc_)                              \
    {.name = name_, .args_min = min_, .args_max = max_, .row_args = row_, .flags = flags_,         \
     .op = MR_WINDOW_##op_, .usage = usage_, .doc = doc_},
#include "core/expr/window_functions.def"
#undef MR_WINDOW
};

const struct mr_window_function *mr_window_function_at(uint32_t index)
{
    return index < MR_COUNT_OF(functions) ? &functions[index] : NULL;
}

const struct mr_window_function *mr_window_function_find(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(functions); i++) {
        if (mr_span_ieq(name, mr_span_of(functions[i].name))) return &functions[i];
    }
    return NULL;
}

/* integer: a constant integer as INT literal, at least `min`. */
static mr_status integer(struct mr_expr_builder *builder, const struct mr_window_function *f,
                         const char *what, int64_t min, const struct mr_expr **arg,
                         struct mr_err *err)
{
    const struct mr_expr *expr = *arg;
    if (!mr_type_is_integer(expr->type)) {
        char got[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1301, "the %s of %s is an integer, not %s", what, f->name,
                          mr_type_describe(expr->type, got, sizeof got));
    }
    if (expr->kind != MR_EXPR_LITERAL || expr->value.is_null) {
        return mr_err_set(err, MR_E_INVALID, 1315, "the %s of %s has to be a constant", what,
                          f->name);
    }
    if (expr->value.u.i64 < min || expr->value.u.i64 > INT32_MAX) {
        return mr_err_set(err, MR_E_INVALID, 1315, "the %s of %s is %s%d, not %lld", what, f->name,
                          min == 1 ? "at least 1 and at most " : "at most ", INT32_MAX,
                          (long long)expr->value.u.i64);
    }
    return mr_expr_implicit(builder, expr, mr_type_of(MR_TYPE_INT), arg, err);
}

/* resolve_shift: lag and lead as (value, default, offset), the default of the value's type. */
static mr_status resolve_shift(struct mr_expr_builder *builder, const struct mr_window_function *f,
                               const struct mr_expr **args, uint32_t arg_count,
                               struct mr_window_call *call, struct mr_err *err)
{
    const struct mr_expr *offset, *otherwise;
    if (arg_count > 1) offset = args[1];
    else MR_TRY(mr_expr_number(builder, MR_SPAN("1"), &offset, err));
    if (arg_count > 2) otherwise = args[2];
    else MR_TRY(mr_expr_null(builder, &otherwise, err));
    MR_TRY(integer(builder, f, "offset", -INT32_MAX, &offset, err));
    if (!mr_cast_is_implicit(otherwise->type, args[0]->type)) {
        char want[MR_TYPE_TEXT_MAX], got[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1301, "the default of %s is %s, not %s", f->name,
                          mr_type_describe(args[0]->type, want, sizeof want),
                          mr_type_describe(otherwise->type, got, sizeof got));
    }
    MR_TRY(mr_expr_implicit(builder, otherwise, args[0]->type, &args[1], err));
    args[2] = offset;
    call->arg_count = 3;
    call->type = args[0]->type;
    call->is_nullable = args[0]->is_nullable || args[1]->is_nullable;
    return MR_OK;
}

static mr_status resolve_nth(struct mr_expr_builder *builder, const struct mr_window_function *f,
                             const struct mr_expr **args, uint32_t arg_count,
                             struct mr_window_call *call, struct mr_err *err)
{
    MR_TRY(integer(builder, f, "row", 1, &args[1], err));
    call->arg_count = 2;
    call->type = args[0]->type;
    call->is_nullable = true;
    if (arg_count == 2) return MR_OK;
    bool is_flag = args[2]->kind == MR_EXPR_LITERAL && !args[2]->value.is_null &&
                   args[2]->type->id == MR_TYPE_BOOLEAN;
    if (!is_flag) {
        return mr_err_set(err, MR_E_INVALID, 1315, "ignoreNulls of %s is true or false", f->name);
    }
    call->ignores_nulls = args[2]->value.u.boolean;
    return MR_OK;
}

static mr_status resolve_op(struct mr_expr_builder *builder, const struct mr_window_function *f,
                            const struct mr_expr **args, uint32_t arg_count,
                            struct mr_window_call *call, struct mr_err *err)
{
    call->type = mr_type_of(MR_TYPE_INT);
    switch (f->op) {
    case MR_WINDOW_PERCENT_RANK:
    case MR_WINDOW_CUME_DIST: call->type = mr_type_of(MR_TYPE_DOUBLE); return MR_OK;
    case MR_WINDOW_NTILE:
        if (arg_count == 0) MR_TRY(mr_expr_number(builder, MR_SPAN("1"), &args[0], err));
        call->arg_count = 1;
        return integer(builder, f, "number of buckets", 1, &args[0], err);
    case MR_WINDOW_LAG:
    case MR_WINDOW_LEAD: return resolve_shift(builder, f, args, arg_count, call, err);
    case MR_WINDOW_NTH_VALUE: return resolve_nth(builder, f, args, arg_count, call, err);
    default: return MR_OK;
    }
}

mr_status mr_window_function_resolve(struct mr_expr_builder *builder,
                                     const struct mr_window_function *function,
                                     const struct mr_expr *const *args, uint32_t arg_count,
                                     struct mr_window_call *out_call, struct mr_err *err)
{
    if (arg_count < function->args_min || arg_count > function->args_max) {
        if (function->args_min == function->args_max) {
            return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %u argument%s, not %u",
                              function->name, function->args_min,
                              function->args_min == 1 ? "" : "s", arg_count);
        }
        return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %u to %u arguments, not %u",
                          function->name, function->args_min, function->args_max, arg_count);
    }
    const struct mr_expr **copy = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, 4);
    if (copy == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < arg_count; i++) copy[i] = args[i];
    struct mr_window_call call = {.function = function, .args = copy};
    MR_TRY(resolve_op(builder, function, copy, arg_count, &call, err));
    *out_call = call;
    return MR_OK;
}

/* Types of arithmetic with intervals and times. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"

static mr_status refuse(const struct mr_resolve *resolve, struct mr_err *err)
{
    char a[MR_TYPE_TEXT_MAX], b[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s does not go with %s and %s",
                      resolve->function->name,
                      mr_type_describe(resolve->args[0]->type, a, sizeof a),
                      mr_type_describe(resolve->args[1]->type, b, sizeof b));
}

/* hand_on: the call becomes one of the function that fits the types. */
static mr_status hand_on(struct mr_resolve *resolve, const char *name, const struct mr_expr *a,
                         const struct mr_expr *b, struct mr_err *err)
{
    resolve->is_renamed = true;
    return mr_expr_binary(resolve->builder, name, a, b, &resolve->rewritten, err);
}

static mr_status with_time(struct mr_resolve *resolve, const struct mr_expr *time,
                           const struct mr_expr *interval, struct mr_err *err)
{
    bool is_add = resolve->function->op == MR_OP_ADD;
    if (!is_add && resolve->function->op != MR_OP_SUBTRACT) return refuse(resolve, err);
    return hand_on(resolve, is_add ? "+ interval" : "- interval", time, interval, err);
}

mr_status mr_interval_arithmetic(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *a = resolve->args[0], *b = resolve->args[1];
    mr_op op = resolve->function->op;
    bool is_a = mr_type_is_interval(a->type), is_b = mr_type_is_interval(b->type);
    if (mr_type_is_time(a->type) && is_b) return with_time(resolve, a, b, err);
    if (is_a && mr_type_is_time(b->type) && op == MR_OP_ADD) return with_time(resolve, b, a, err);
    bool is_null = a->type->id == MR_TYPE_VOID || b->type->id == MR_TYPE_VOID;
    if ((is_a && is_b && a->type->id == b->type->id) || ((is_a || is_b) && is_null)) {
        if (op == MR_OP_ADD) return hand_on(resolve, "+ intervals", a, b, err);
        if (op == MR_OP_SUBTRACT) return hand_on(resolve, "- intervals", a, b, err);
        return refuse(resolve, err);
    }
    if (is_a && mr_type_is_number(b->type)) {
        if (op == MR_OP_MULTIPLY) return hand_on(resolve, "* intervals", a, b, err);
        if (op == MR_OP_DIVIDE) return hand_on(resolve, "/ intervals", a, b, err);
    }
    if (is_b && mr_type_is_number(a->type) && op == MR_OP_MULTIPLY) {
        return hand_on(resolve, "* intervals", b, a, err);
    }
    return refuse(resolve, err);
}

mr_status mr_time_difference(struct mr_resolve *resolve, struct mr_err *err)
{
    return hand_on(resolve, "- times", resolve->args[0], resolve->args[1], err);
}

mr_status mr_resolve_interval_sum(struct mr_resolve *resolve, struct mr_err *err)
{
    return mr_expr_common(resolve->builder, resolve->args, 2, "+", &resolve->type, err);
}

mr_status mr_resolve_interval_scale(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *by = resolve->args[1]->type;
    mr_type_id id = mr_type_is_integer(by) ? MR_TYPE_LONG : MR_TYPE_DOUBLE;
    resolve->type = mr_type_of(resolve->args[0]->type->id);
    return mr_expr_implicit(resolve->builder, resolve->args[1], mr_type_of(id), &resolve->args[1],
                            err);
}

/* A date stays one beside months and whole days; otherwise it becomes a timestamp. */
mr_status mr_resolve_time_plus(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *time = resolve->args[0]->type, *by = resolve->args[1]->type;
    bool is_whole = by->id == MR_TYPE_MONTHS || by->scale == MR_UNIT_DAY;
    resolve->type = time;
    if (time->id != MR_TYPE_DATE || is_whole) return MR_OK;
    resolve->type = mr_type_of(MR_TYPE_TIMESTAMP);
    return mr_expr_implicit(resolve->builder, resolve->args[0], resolve->type, &resolve->args[0],
                            err);
}

mr_status mr_resolve_time_minus(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type;
    MR_TRY(mr_expr_common(resolve->builder, resolve->args, 2, "-", &type, err));
    resolve->type = type->id == MR_TYPE_DATE ? mr_type_interval(MR_UNIT_DAY, MR_UNIT_DAY)
                                             : mr_type_of(MR_TYPE_SPAN);
    return MR_OK;
}

mr_status mr_resolve_make_interval(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_months = resolve->function->op == MR_OP_MONTH;
    const struct mr_type *seconds = mr_type_decimal(resolve->builder->arena, 18, 6);
    if (seconds == NULL) return mr_expr_nomem(err);
    resolve->type = mr_type_of(is_months ? MR_TYPE_MONTHS : MR_TYPE_SPAN);
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        const struct mr_type *type = k == 3 ? seconds : mr_type_of(MR_TYPE_INT);
        const struct mr_type *from = resolve->args[k]->type;
        if (!mr_type_is_number(from) && from->id != MR_TYPE_VOID) {
            char text[MR_TYPE_TEXT_MAX];
            return mr_err_set(err, MR_E_TYPE, 1301, "%s takes numbers, not %s",
                              resolve->function->name, mr_type_describe(from, text, sizeof text));
        }
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err));
    }
    return MR_OK;
}

/* interval_part: the unit has to be one of the interval's kind. */
mr_status mr_resolve_interval_part(struct mr_resolve *resolve, struct mr_err *err)
{
    mr_op op = resolve->function->op;
    const struct mr_type *type = resolve->args[0]->type;
    bool is_months = op == MR_OP_YEAR || op == MR_OP_MONTH;
    if (type->id != (is_months ? MR_TYPE_MONTHS : MR_TYPE_SPAN)) {
        char text[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1301, "%s has no such part",
                          mr_type_describe(type, text, sizeof text));
    }
    bool is_byte = op == MR_OP_MONTH || op == MR_OP_HOUR || op == MR_OP_MINUTE;
    resolve->type = mr_type_of(is_byte ? MR_TYPE_BYTE : MR_TYPE_INT);
    if (op == MR_OP_SECOND) resolve->type = mr_type_decimal(resolve->builder->arena, 8, 6);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

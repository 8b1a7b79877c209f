/* Types of the functions that take lambdas. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/lambda_impl.h"
#include "core/expr/order.h"

/* body_as: the lambda that is argument `k`, its body as `type`. */
static mr_status body_as(struct mr_resolve *resolve, uint32_t k, const struct mr_type *type,
                         struct mr_err *err)
{
    const struct mr_expr *lambda = resolve->args[k], *body;
    char got[MR_TYPE_TEXT_MAX], want[MR_TYPE_TEXT_MAX];
    if (lambda->kind != MR_EXPR_LAMBDA) return MR_OK; /* mr_lambdas_lift says so */
    bool is_fit = lambda->type->id == MR_TYPE_VOID || mr_type_equal(lambda->type, type);
    if (!is_fit) {
        return mr_err_set(err, MR_E_TYPE, 1301, "the lambda function of %s has to give %s, not %s",
                          resolve->function->name, mr_type_describe(type, want, sizeof want),
                          mr_type_describe(lambda->type, got, sizeof got));
    }
    MR_TRY(mr_expr_implicit(resolve->builder, lambda->args[0], type, &body, err));
    return mr_expr_lambda(resolve->builder, lambda->args + 1, lambda->arg_count - 1, body,
                          &resolve->args[k], err);
}

static mr_status type_made(struct mr_resolve *resolve, const struct mr_type *type,
                           struct mr_err *err)
{
    resolve->type = type;
    return type == NULL ? mr_expr_nomem(err) : MR_OK;
}

mr_status mr_resolve_transform(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    const struct mr_expr *body = resolve->args[1];
    const struct mr_type *list = resolve->args[0]->type;
    resolve->is_nullable = resolve->args[0]->is_nullable;
    MR_TRY(mr_lambdas_lift(resolve, 1, err));
    switch ((mr_op)resolve->function->op) {
    case MR_OP_TRANSFORM:
        return type_made(resolve, mr_type_array(arena, body->type, body->is_nullable), err);
    case MR_OP_TRANSFORM_KEYS:
        return type_made(resolve, mr_type_map(arena, body->type, list->fields[1].type,
                                              list->fields[1].is_nullable), err);
    default:
        return type_made(resolve, mr_type_map(arena, list->fields[0].type, body->type,
                                              body->is_nullable), err);
    }
}

mr_status mr_resolve_filter(struct mr_resolve *resolve, struct mr_err *err)
{
    mr_op op = resolve->function->op;
    bool is_test = op == MR_OP_EXISTS || op == MR_OP_FORALL;
    resolve->type = is_test ? mr_type_of(MR_TYPE_BOOLEAN) : resolve->args[0]->type;
    resolve->is_nullable =
        resolve->args[0]->is_nullable || (is_test && resolve->args[1]->is_nullable);
    MR_TRY(body_as(resolve, 1, mr_type_of(MR_TYPE_BOOLEAN), err));
    return mr_lambdas_lift(resolve, 1, err);
}

mr_status mr_resolve_aggregate(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_expr *last = resolve->args[resolve->arg_count - 1];
    MR_TRY(body_as(resolve, 2, resolve->args[1]->type, err));
    resolve->type = last->type;
    resolve->is_nullable = resolve->args[0]->is_nullable || last->is_nullable;
    return mr_lambdas_lift(resolve, 2, err);
}

mr_status mr_resolve_zip_with(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    const struct mr_expr *body = resolve->args[2];
    resolve->is_nullable = resolve->args[0]->is_nullable || resolve->args[1]->is_nullable;
    if (resolve->function->op == MR_OP_ZIP_WITH) {
        MR_TRY(mr_lambdas_lift(resolve, 2, err));
        return type_made(resolve, mr_type_array(arena, body->type, body->is_nullable), err);
    }
    const struct mr_type *key;
    const struct mr_type *maps[2] = {resolve->args[0]->type, resolve->args[1]->type};
    MR_TRY(mr_type_common(arena, maps[0]->fields[0].type, maps[1]->fields[0].type, &key, err));
    for (uint32_t k = 0; k < 2; k++) {
        const struct mr_type *type =
            mr_type_map(arena, key, maps[k]->fields[1].type, maps[k]->fields[1].is_nullable);
        if (type == NULL) return mr_expr_nomem(err);
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err));
    }
    MR_TRY(mr_lambdas_lift(resolve, 2, err));
    return type_made(resolve, mr_type_map(arena, key, body->type, body->is_nullable), err);
}

mr_status mr_resolve_array_sort(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *list = resolve->args[0]->type;
    char text[MR_TYPE_TEXT_MAX];
    if (list->id != MR_TYPE_ARRAY) {
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes an array, not %s",
                          resolve->function->name, mr_type_describe(list, text, sizeof text));
    }
    resolve->type = list;
    resolve->is_nullable = resolve->args[0]->is_nullable;
    if (resolve->arg_count == 2) {
        MR_TRY(body_as(resolve, 1, mr_type_of(MR_TYPE_INT), err));
        return mr_lambdas_lift(resolve, 1, err);
    }
    if (mr_type_is_orderable(list)) return MR_OK;
    return mr_err_set(err, MR_E_TYPE, 1301, "%s cannot compare values of type %s",
                      resolve->function->name,
                      mr_type_describe(list->fields[0].type, text, sizeof text));
}

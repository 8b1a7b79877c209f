#include "core/expr/lambda.h"

#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/lambda_impl.h"

/* Which functions take a lambda, where, and with how many parameters. */
static const struct shape {
    mr_op op;
    uint8_t first; /* argument */
    uint8_t count; /* of lambdas */
    uint8_t params_min;
    uint8_t params_max;
} shapes[] = {
    {MR_OP_TRANSFORM, 1, 1, 1, 2},        {MR_OP_FILTER, 1, 1, 1, 2},
    {MR_OP_EXISTS, 1, 1, 1, 1},           {MR_OP_FORALL, 1, 1, 1, 1},
    {MR_OP_AGGREGATE, 2, 2, 1, 2},        {MR_OP_ZIP_WITH, 2, 1, 2, 2},
    {MR_OP_TRANSFORM_KEYS, 1, 1, 2, 2},   {MR_OP_TRANSFORM_VALUES, 1, 1, 2, 2},
    {MR_OP_MAP_FILTER, 1, 1, 2, 2},       {MR_OP_MAP_ZIP_WITH, 2, 1, 3, 3},
    {MR_OP_ARRAY_SORT, 1, 1, 2, 2},
};

static const struct shape *shape_of(const struct mr_function *function)
{
    for (size_t i = 0; i < MR_COUNT_OF(shapes); i++) {
        if (shapes[i].op == (mr_op)function->op) return &shapes[i];
    }
    return NULL;
}

static mr_status list_wrong(const struct mr_function *function, uint32_t k, const char *wanted,
                            const struct mr_expr *arg, struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s", function->name,
                      wanted, k + 1,
                      arg == NULL ? "a lambda function"
                                  : mr_type_describe(arg->type, text, sizeof text));
}

/* take_list: the type of argument `k`, which has to be an array or a map. */
static mr_status take_list(const struct mr_function *function, const struct mr_expr *const *args,
                           uint32_t k, mr_type_id id, const struct mr_type **out_type,
                           struct mr_err *err)
{
    if (args[k] == NULL || args[k]->type->id != id) {
        return list_wrong(function, k, id == MR_TYPE_MAP ? "a map" : "an array", args[k], err);
    }
    *out_type = args[k]->type;
    return MR_OK;
}

static void set_param(struct mr_field *param, const struct mr_type *type, bool is_nullable)
{
    *param = (struct mr_field){.type = type, .is_nullable = is_nullable};
}

static mr_status params_of_maps(struct mr_expr_builder *builder,
                                const struct mr_function *function,
                                const struct mr_expr *const *args, struct mr_field *out,
                                struct mr_err *err)
{
    const struct mr_type *a, *b, *key;
    MR_TRY(take_list(function, args, 0, MR_TYPE_MAP, &a, err));
    MR_TRY(take_list(function, args, 1, MR_TYPE_MAP, &b, err));
    MR_TRY(mr_type_common(builder->arena, a->fields[0].type, b->fields[0].type, &key, err));
    if (key == NULL) return list_wrong(function, 1, "a map with keys of one type", args[1], err);
    set_param(&out[0], key, false);
    set_param(&out[1], a->fields[1].type, true);
    set_param(&out[2], b->fields[1].type, true);
    return MR_OK;
}

static mr_status params_of(struct mr_expr_builder *builder, const struct mr_function *function,
                           const struct mr_expr *const *args, uint32_t k,
                           struct mr_field *out, struct mr_err *err)
{
    const struct mr_type *list, *other;
    mr_op op = function->op;
    bool is_map = op == MR_OP_TRANSFORM_KEYS || op == MR_OP_TRANSFORM_VALUES ||
                  op == MR_OP_MAP_FILTER;
    if (op == MR_OP_MAP_ZIP_WITH) return params_of_maps(builder, function, args, out, err);
    MR_TRY(take_list(function, args, 0, is_map ? MR_TYPE_MAP : MR_TYPE_ARRAY, &list, err));
    const struct mr_field *fields = list->fields;
    set_param(&out[0], fields[0].type, !is_map && fields[0].is_nullable);
    set_param(&out[1], mr_type_of(MR_TYPE_INT), false);
    if (is_map) set_param(&out[1], fields[1].type, fields[1].is_nullable);
    if (op == MR_OP_ARRAY_SORT) out[1] = out[0];
    if (op == MR_OP_AGGREGATE) {
        if (args[1] == NULL) return list_wrong(function, 1, "a start value", args[1], err);
        out[1] = out[0];
        set_param(&out[0], args[1]->type, true);
        if (k == 3 && args[2] != NULL) out[0].type = args[2]->args[0]->type;
    }
    if (op != MR_OP_ZIP_WITH) return MR_OK;
    MR_TRY(take_list(function, args, 1, MR_TYPE_ARRAY, &other, err));
    set_param(&out[0], fields[0].type, true);
    set_param(&out[1], other->fields[0].type, true);
    return MR_OK;
}

mr_status mr_lambda_params(struct mr_expr_builder *builder, struct mr_span name,
                           const struct mr_expr *const *args, uint32_t arg_count, uint32_t k,
                           uint32_t param_count, struct mr_field *out_params, struct mr_err *err)
{
    const struct mr_function *function = mr_function_find(name);
    const struct shape *shape = function == NULL ? NULL : shape_of(function);
    if (function == NULL) {
        return mr_err_set(err, MR_E_NOT_FOUND, 1302, "unknown function \"%.*s\"", (int)name.bytes,
                          name.text);
    }
    if (shape == NULL || k < shape->first || k >= (uint32_t)shape->first + shape->count) {
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes no lambda function as argument %u",
                          function->name, k + 1);
    }
    MR_ASSERT(k < arg_count);
    uint8_t least = shape->params_min, most = shape->params_max;
    if (shape->op == MR_OP_AGGREGATE) least = most = k == 2 ? 2 : 1;
    if (param_count < least || param_count > most) {
        return mr_err_set(err, MR_E_TYPE, 1303,
                          "the lambda function of %s takes %u%s parameter%s, not %u",
                          function->name, least, most > least ? " or 2" : "",
                          most == 1 ? "" : "s", param_count);
    }
    return params_of(builder, function, args, k, out_params, err);
}

mr_status mr_expr_param(struct mr_expr_builder *builder, const struct mr_field *param,
                        struct mr_span name, const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr draft = {.kind = MR_EXPR_PARAM, .type = param->type, .name = name,
                            .index = builder->param_count++, .is_nullable = param->is_nullable,
                            .is_deterministic = true};
    return mr_expr_finish(builder, draft, NULL, 0, out_expr, err);
}

mr_status mr_expr_lambda(struct mr_expr_builder *builder, const struct mr_expr *const *params,
                         uint32_t param_count, const struct mr_expr *body,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_expr *args[MR_LAMBDA_PARAMS_MAX + 1] = {body};
    MR_ASSERT(param_count <= MR_LAMBDA_PARAMS_MAX);
    for (uint32_t i = 0; i < param_count; i++) args[i + 1] = params[i];
    struct mr_expr draft = {.kind = MR_EXPR_LAMBDA, .type = body->type,
                            .is_nullable = body->is_nullable, .is_deterministic = true};
    return mr_expr_finish(builder, draft, args, param_count + 1, out_expr, err);
}

static bool uses_clock(const struct mr_expr *expr)
{
    if (expr->kind == MR_EXPR_CALL && expr->function->flags & MR_FN_CLOCK) return true;
    for (uint32_t i = 0; i < expr->lambda_count; i++) {
        if (uses_clock(expr->lambdas[i].body)) return true;
    }
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (uses_clock(expr->args[i])) return true;
    }
    return false;
}

void mr_lambdas_weigh(struct mr_expr *call)
{
    for (uint32_t i = 0; i < call->lambda_count; i++) {
        const struct mr_expr *body = call->lambdas[i].body;
        call->depth = MR_MAX(call->depth, body->depth);
        call->is_deterministic = call->is_deterministic && body->is_deterministic;
        call->is_constant = call->is_constant && !uses_clock(body);
    }
}

bool mr_lambdas_same(const struct mr_expr *a, const struct mr_expr *b)
{
    if (a->lambda_count != b->lambda_count) return false;
    for (uint32_t i = 0; i < a->lambda_count; i++) {
        const struct mr_lambda *x = &a->lambdas[i], *y = &b->lambdas[i];
        if (x->param_count != y->param_count || x->capture_count != y->capture_count) return false;
        if (!mr_expr_same(x->body, y->body)) return false;
    }
    return true;
}

/* ---- taking lambdas out of a call ---- */

/* One call's lambdas under way: what their bodies read of the outside, once each. */
struct lift {
    struct mr_expr_builder *builder;
    const struct mr_expr **captures;
    uint32_t count;
    uint32_t room;
    const struct mr_expr *const *params; /* of the lambda in work */
    uint32_t param_count;
};

static mr_status lift_grow(struct lift *lift, struct mr_err *err)
{
    uint32_t room = MR_MAX(2 * lift->room, 8u);
    const struct mr_expr **captures =
        MR_ARENA_ARRAY(lift->builder->arena, const struct mr_expr *, room);
    if (captures == NULL) return mr_expr_nomem(err);
    if (lift->count > 0) memcpy(captures, lift->captures, lift->count * sizeof *captures);
    lift->captures = captures;
    lift->room = room;
    return MR_OK;
}

/* inner_column: member `index` of the lambda's own schema. */
static mr_status inner_column(struct lift *lift, const struct mr_expr *outer, uint32_t index,
                              const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr *node = MR_ARENA_NEW(lift->builder->arena, struct mr_expr);
    if (node == NULL) return mr_expr_nomem(err);
    *node = (struct mr_expr){.kind = MR_EXPR_COLUMN, .type = outer->type, .index = index,
                             .name = outer->name, .is_nullable = outer->is_nullable,
                             .is_deterministic = true, .depth = 1, .size = 1};
    *out_expr = node;
    return MR_OK;
}

static mr_status lift_capture(struct lift *lift, const struct mr_expr *expr,
                              const struct mr_expr **out_expr, struct mr_err *err)
{
    uint32_t at = 0;
    while (at < lift->count && !mr_expr_same(lift->captures[at], expr)) at++;
    if (at == lift->count) {
        if (lift->count == lift->room) MR_TRY(lift_grow(lift, err));
        lift->captures[lift->count++] = expr;
    }
    return inner_column(lift, expr, lift->param_count + at, out_expr, err);
}

/* is_outer_path: a column, or a member of a struct in one. */
static bool is_outer_path(const struct mr_expr *expr)
{
    while (expr->kind == MR_EXPR_FIELD && expr->args[0]->type->id == MR_TYPE_STRUCT) {
        expr = expr->args[0];
    }
    return expr->kind == MR_EXPR_COLUMN;
}

static mr_status lift_expr(struct lift *lift, const struct mr_expr *expr,
                           const struct mr_expr **out_expr, struct mr_err *err)
{
    if (is_outer_path(expr)) return lift_capture(lift, expr, out_expr, err);
    if (expr->kind == MR_EXPR_PARAM) {
        for (uint32_t i = 0; i < lift->param_count; i++) {
            if (lift->params[i]->index != expr->index) continue;
            return inner_column(lift, expr, i, out_expr, err);
        }
        return lift_capture(lift, expr, out_expr, err);
    }
    *out_expr = expr;
    if (expr->arg_count == 0) return MR_OK;
    struct mr_expr *node = MR_ARENA_NEW(lift->builder->arena, struct mr_expr);
    const struct mr_expr **args =
        MR_ARENA_ARRAY(lift->builder->arena, const struct mr_expr *, expr->arg_count);
    if (node == NULL || args == NULL) return mr_expr_nomem(err);
    bool is_changed = false;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        MR_TRY(lift_expr(lift, expr->args[i], &args[i], err));
        is_changed = is_changed || args[i] != expr->args[i];
    }
    if (!is_changed) return MR_OK;
    *node = *expr;
    node->args = args;
    *out_expr = node;
    return MR_OK;
}

/* inner_schema: parameters, then what was captured so far. */
static mr_status inner_schema(struct lift *lift, const struct mr_type **out_schema,
                              struct mr_err *err)
{
    uint32_t count = lift->param_count + lift->count;
    struct mr_field *fields = MR_ARENA_ARRAY(lift->builder->arena, struct mr_field, count);
    if (fields == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_expr *from =
            i < lift->param_count ? lift->params[i] : lift->captures[i - lift->param_count];
        fields[i] = (struct mr_field){.name = from->name, .type = from->type,
                                      .is_nullable = from->is_nullable};
    }
    *out_schema = mr_type_struct(lift->builder->arena, fields, count);
    return *out_schema == NULL ? mr_expr_nomem(err) : MR_OK;
}

mr_status mr_lambdas_lift(struct mr_resolve *resolve, uint32_t first, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    uint32_t count = resolve->arg_count - first;
    struct lift lift = {.builder = resolve->builder};
    struct mr_lambda *lambdas = MR_ARENA_ARRAY(arena, struct mr_lambda, count);
    if (lambdas == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_expr *lambda = resolve->args[first + i];
        if (lambda->kind != MR_EXPR_LAMBDA) {
            return list_wrong(resolve->function, first + i, "a lambda function", lambda, err);
        }
        lift.params = lambda->args + 1;
        lift.param_count = lambda->arg_count - 1;
        MR_TRY(lift_expr(&lift, lambda->args[0], &lambdas[i].body, err));
        MR_TRY(inner_schema(&lift, &lambdas[i].schema, err));
        lambdas[i].param_count = lift.param_count;
        lambdas[i].capture_first = first;
        lambdas[i].capture_count = lift.count;
    }
    const struct mr_expr **args = MR_ARENA_ARRAY(arena, const struct mr_expr *, first + lift.count);
    if (args == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < first; i++) args[i] = resolve->args[i];
    for (uint32_t i = 0; i < lift.count; i++) args[first + i] = lift.captures[i];
    resolve->args = args;
    resolve->arg_count = first + lift.count;
    resolve->lambdas = lambdas;
    resolve->lambda_count = count;
    return MR_OK;
}

mr_status mr_prepare_lambda(struct mr_arena *arena, const struct mr_expr *expr,
                            const void **out_prepared, struct mr_err *err)
{
    const struct mr_program **programs =
        MR_ARENA_ARRAY(arena, const struct mr_program *, expr->lambda_count);
    if (programs == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < expr->lambda_count; i++) {
        MR_TRY(mr_program_compile_part(arena, expr->lambdas[i].body, &programs[i], err));
    }
    *out_prepared = programs;
    return MR_OK;
}

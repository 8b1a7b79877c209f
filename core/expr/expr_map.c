#include "core/expr/expr_map.h"

#include <string.h>

#include "core/expr/expr_impl.h"

static mr_status map_args(struct mr_expr_builder *builder, const struct mr_expr *expr,
                          mr_expr_mapper *map, void *ctx, const struct mr_expr ***out_args,
                          struct mr_err *err)
{
    const struct mr_expr **args = NULL;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        const struct mr_expr *arg;
        MR_TRY(mr_expr_map(builder, expr->args[i], map, ctx, &arg, err));
        if (arg == expr->args[i]) continue;
        if (args == NULL) {
            args = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, expr->arg_count);
            if (args == NULL) return mr_expr_nomem(err);
            memcpy(args, expr->args, expr->arg_count * sizeof(*args));
        }
        args[i] = arg;
    }
    *out_args = args;
    return MR_OK;
}

mr_status mr_expr_map(struct mr_expr_builder *builder, const struct mr_expr *expr,
                      mr_expr_mapper *map, void *ctx, const struct mr_expr **out_expr,
                      struct mr_err *err)
{
    const struct mr_expr **args, *mapped = NULL;
    MR_TRY(map(ctx, expr, &mapped, err));
    if (mapped != NULL) {
        *out_expr = mapped;
        return MR_OK;
    }
    MR_TRY(map_args(builder, expr, map, ctx, &args, err));
    if (args == NULL) {
        *out_expr = expr;
        return MR_OK;
    }
    struct mr_expr draft = *expr;
    draft.depth = 0;
    draft.is_constant = true;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        /* An argument that can be null now may make this null, whatever was known before. */
        if (args[i]->is_nullable && !expr->args[i]->is_nullable) draft.is_nullable = true;
    }
    if (expr->kind == MR_EXPR_CALL && (expr->function->flags & MR_FN_CLOCK) != 0) {
        draft.is_constant = false;
    }
    return mr_expr_finish(builder, draft, args, expr->arg_count, out_expr, err);
}

mr_status mr_expr_slot(struct mr_expr_builder *builder, uint32_t index, struct mr_span name,
                       const struct mr_type *type, bool is_nullable,
                       const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr draft = {.kind = MR_EXPR_COLUMN, .type = type, .index = index, .name = name,
                            .is_nullable = is_nullable, .is_deterministic = true};
    return mr_expr_finish(builder, draft, NULL, 0, out_expr, err);
}

bool mr_expr_any_column(const struct mr_expr *expr, uint32_t from, uint32_t to)
{
    if (expr->kind == MR_EXPR_COLUMN) return expr->index >= from && expr->index < to;
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (mr_expr_any_column(expr->args[i], from, to)) return true;
    }
    return false;
}

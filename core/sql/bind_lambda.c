#include "core/sql/bind_lambda.h"

#include "core/base/checked.h"

const struct mr_expr *mr_bind_params_find(const struct mr_bind_params *params, struct mr_span name)
{
    for (; params != NULL; params = params->outer) {
        for (uint32_t i = 0; i < params->count; i++) {
            if (mr_span_ieq(params->names[i], name)) return params->exprs[i];
        }
    }
    return NULL;
}

bool mr_bind_has_lambda(const struct mr_sql_expr *call)
{
    for (const struct mr_sql_expr *e = call->args.first; e != NULL; e = e->next) {
        if (e->kind == MR_SQL_EXPR_LAMBDA) return true;
    }
    return false;
}

/* One call under way. */
struct lambda_call {
    struct mr_expr_builder *builder;
    const struct mr_sql_expr *call;
    const struct mr_bind_params *outer;
    mr_bind_fn *fn;
    void *binder;
    const struct mr_expr **args;
    struct mr_err *err;
};

static mr_status place(struct lambda_call *c, const struct mr_sql_pos *pos, mr_status status)
{
    if (status == MR_OK || c->err == NULL || c->err->line != 0) return status;
    c->err->line = pos->line;
    c->err->column = pos->column;
    c->err->width = MR_MAX(pos->width, 1u);
    return status;
}

static mr_status bind_lambda(struct lambda_call *c, const struct mr_sql_expr *lambda, uint32_t k)
{
    struct mr_field fields[MR_LAMBDA_PARAMS_MAX];
    struct mr_bind_params params = {.outer = c->outer, .count = lambda->name.count};
    const struct mr_expr *body;
    uint32_t i = 0;
    MR_TRY(place(c, &lambda->pos,
                 mr_lambda_params(c->builder, c->call->name.first->text, c->args,
                                  c->call->args.count, k, lambda->name.count, fields, c->err)));
    for (const struct mr_sql_name *n = lambda->name.first; n != NULL; n = n->next, i++) {
        params.names[i] = n->text;
        MR_TRY(mr_expr_param(c->builder, &fields[i], n->text, &params.exprs[i], c->err));
    }
    MR_TRY(c->fn(c->binder, lambda->args.first, &params, &body, c->err));
    return place(c, &lambda->pos,
                 mr_expr_lambda(c->builder, params.exprs, params.count, body, &c->args[k], c->err));
}

mr_status mr_bind_lambda_args(struct mr_expr_builder *builder, const struct mr_sql_expr *call,
                              const struct mr_bind_params *outer, mr_bind_fn *fn, void *binder,
                              const struct mr_expr ***out_args, struct mr_err *err)
{
    struct lambda_call c = {.builder = builder, .call = call, .outer = outer, .fn = fn,
                            .binder = binder, .err = err};
    uint32_t k = 0;
    c.args = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, call->args.count);
    if (c.args == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a query");
    for (const struct mr_sql_expr *e = call->args.first; e != NULL; e = e->next, k++) {
        if (e->kind == MR_SQL_EXPR_LAMBDA) continue;
        MR_TRY(fn(binder, e, outer, &c.args[k], err));
    }
    k = 0;
    for (const struct mr_sql_expr *e = call->args.first; e != NULL; e = e->next, k++) {
        if (e->kind == MR_SQL_EXPR_LAMBDA) MR_TRY(bind_lambda(&c, e, k));
    }
    *out_args = c.args;
    return MR_OK;
}

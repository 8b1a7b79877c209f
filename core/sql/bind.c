#include "core/sql/bind.h"

#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "core/sql/bind_interval.h"
#include "core/sql/bind_json.h"
#include "core/sql/bind_lambda.h"
#include "core/sql/json_texts.h"
#include "core/sql/name_set_impl.h"

enum {
    ERR_UNSUPPORTED = 1004,
    ERR_UNKNOWN = 1203,
    ERR_AMBIGUOUS = 1204,
    ERR_DOUBLE = 1205,
    ERR_WHERE = 1206,
    ERR_STAR = 1207
};

static const uint32_t COLUMN_NONE = UINT32_MAX, COLUMN_SEVERAL = UINT32_MAX - 1;

struct binder {
    struct mr_expr_builder *builder;
    const struct mr_bind_scope *scope;
    struct mr_err *err;
    const struct mr_bind_params *params; /* of the lambdas around; null = none */
};

static mr_status bind_any(struct binder *b, const struct mr_sql_expr *e,
                          const struct mr_expr **out_expr);

/* ---- errors ---- */

mr_status mr_sql_locate(const struct mr_sql_pos *pos, mr_status status, struct mr_err *err)
{
    if (status == MR_OK || err == NULL || err->line != 0) return status;
    err->line = pos->line;
    err->column = pos->column;
    err->width = MR_MAX(pos->width, 1u);
    return status;
}

static mr_status locate(struct binder *b, const struct mr_sql_pos *pos, mr_status status)
{
    return mr_sql_locate(pos, status, b->err);
}

static mr_status bind_nomem(struct binder *b)
{
    return mr_err_set(b->err, MR_E_NOMEM, 0, "out of memory for a query");
}

static mr_status refuse(struct binder *b, const struct mr_sql_pos *pos, const char *construct)
{
    return locate(b, pos,
                  mr_err_set(b->err, MR_E_UNSUPPORTED, ERR_UNSUPPORTED,
                             "%s is not supported here in this version", construct));
}

static mr_status unknown_column(struct binder *b, const struct mr_sql_name *name)
{
    struct mr_nearest nearest;
    const struct mr_bind_scope *scope = b->scope;
    mr_err_set(b->err, MR_E_NOT_FOUND, ERR_UNKNOWN, "column \"%.*s\" not found in %.*s",
               (int)name->text.bytes, name->text.text, (int)scope->relation.bytes,
               scope->relation.text);
    mr_nearest_init(&nearest, name->text);
    for (uint32_t i = 0; i < scope->columns->field_count; i++) {
        mr_nearest_offer(&nearest, scope->columns->fields[i].name);
    }
    if (nearest.best.bytes > 0) {
        mr_err_help(b->err, "did you mean \"%.*s\"?", (int)nearest.best.bytes, nearest.best.text);
    }
    return locate(b, &name->pos, MR_E_NOT_FOUND);
}

/* ---- names ---- */

/* Position of a column by name, COLUMN_NONE or COLUMN_SEVERAL. */
static uint32_t find_column(const struct mr_bind_scope *scope, struct mr_span name)
{
    uint32_t found = COLUMN_NONE;
    for (uint32_t i = 0; i < scope->columns->field_count; i++) {
        if (!mr_span_ieq(scope->columns->fields[i].name, name)) continue;
        if (found != COLUMN_NONE && i < scope->visible_count) return COLUMN_SEVERAL;
        /* A user's column hides a hidden one of the same name. */
        if (found == COLUMN_NONE) found = i;
    }
    return found;
}

/* Functions that SQL calls without parentheses, where no column has their name. */
static bool is_bare_function(struct mr_span name)
{
    return mr_span_ieq(name, MR_SPAN("current_timestamp")) ||
           mr_span_ieq(name, MR_SPAN("current_date"));
}

/* The members that the parts of a name from `part` on lead to. */
static mr_status bind_members(struct binder *b, const struct mr_sql_name *part,
                              const struct mr_expr *expr, const struct mr_expr **out_expr)
{
    for (; part != NULL; part = part->next) {
        MR_TRY(locate(b, &part->pos, mr_expr_field(b->builder, expr, part->text, &expr, b->err)));
    }
    *out_expr = expr;
    return MR_OK;
}

static mr_status bind_name_by_hook(struct binder *b, const struct mr_sql_names *names,
                                   const struct mr_expr **out_expr)
{
    const struct mr_sql_name *part = names->first;
    const struct mr_expr *expr = NULL;
    uint32_t parts = 0;
    MR_TRY(b->scope->hooks->name(b->scope->ctx, names, &expr, &parts, b->err));
    if (parts == 0 && names->count == 1 && is_bare_function(part->text)) {
        return mr_expr_call(b->builder, part->text, NULL, 0, out_expr, b->err);
    }
    if (parts == 0) return b->scope->hooks->unknown(b->scope->ctx, names, b->err);
    for (uint32_t i = 0; i < parts; i++) part = part->next;
    return bind_members(b, part, expr, out_expr);
}

/* As in Spark, `t.a` is column a of relation t before it is member a of column t. */
static mr_status bind_name(struct binder *b, const struct mr_sql_names *names,
                           const struct mr_expr **out_expr)
{
    const struct mr_sql_name *part = names->first;
    const struct mr_expr *expr = mr_bind_params_find(b->params, part->text);
    if (expr != NULL) return bind_members(b, part->next, expr, out_expr);
    if (b->scope->hooks != NULL) return bind_name_by_hook(b, names, out_expr);
    bool is_alias =
        part->next != NULL && b->scope->alias.bytes > 0 && mr_span_ieq(part->text, b->scope->alias);
    uint32_t index = is_alias ? find_column(b->scope, part->next->text) : COLUMN_NONE;
    if (index != COLUMN_NONE)
        part = part->next;
    else
        index = find_column(b->scope, part->text);
    if (index == COLUMN_NONE && names->count == 1 && is_bare_function(part->text)) {
        return mr_expr_call(b->builder, part->text, NULL, 0, out_expr, b->err);
    }
    if (index == COLUMN_NONE) return unknown_column(b, is_alias ? part->next : part);
    if (index == COLUMN_SEVERAL) {
        mr_err_set(b->err, MR_E_INVALID, ERR_AMBIGUOUS, "column \"%.*s\" is there more than once",
                   (int)part->text.bytes, part->text.text);
        return locate(b, &part->pos, MR_E_INVALID);
    }
    MR_TRY(
        locate(b, &part->pos, mr_expr_column(b->builder, b->scope->columns, index, &expr, b->err)));
    return bind_members(b, part->next, expr, out_expr);
}

/* ---- expressions ---- */

static mr_status bind_args(struct binder *b, const struct mr_sql_exprs *args,
                           const struct mr_expr ***out_args)
{
    const struct mr_expr **list =
        MR_ARENA_ARRAY(b->builder->arena, const struct mr_expr *, args->count);
    uint32_t i = 0;
    if (list == NULL && args->count > 0) return bind_nomem(b);
    for (const struct mr_sql_expr *e = args->first; e != NULL; e = e->next) {
        MR_TRY(bind_any(b, e, &list[i++]));
    }
    *out_args = list;
    return MR_OK;
}

static mr_status bind_call_of(struct binder *b, const struct mr_sql_expr *e, const char *function,
                              const struct mr_expr **out_expr)
{
    const struct mr_expr **args;
    MR_TRY(bind_args(b, &e->args, &args));
    return locate(
        b, &e->pos,
        mr_expr_call(b->builder, mr_span_of(function), args, e->args.count, out_expr, b->err));
}

static mr_status negate_if(struct binder *b, const struct mr_sql_expr *e,
                           const struct mr_expr *expr, const struct mr_expr **out_expr)
{
    if (!e->is_negated) {
        *out_expr = expr;
        return MR_OK;
    }
    return locate(b, &e->pos, mr_expr_call(b->builder, MR_SPAN("not"), &expr, 1, out_expr, b->err));
}

static mr_status bind_literal(struct binder *b, const struct mr_sql_expr *e, bool is_negative,
                              const struct mr_expr **out_expr)
{
    static const char *const suffixes[] = {
        [MR_SQL_LITERAL_INTEGER] = "",   [MR_SQL_LITERAL_BYTE] = "Y",
        [MR_SQL_LITERAL_SHORT] = "S",    [MR_SQL_LITERAL_LONG] = "L",
        [MR_SQL_LITERAL_DECIMAL] = "BD", [MR_SQL_LITERAL_FLOAT] = "F",
        [MR_SQL_LITERAL_DOUBLE] = "D",
    };
    mr_type_id id = MR_TYPE_BINARY;
    switch (e->literal) {
    case MR_SQL_LITERAL_NULL: return mr_expr_null(b->builder, out_expr, b->err);
    case MR_SQL_LITERAL_BOOLEAN:
        return mr_expr_bool(b->builder, mr_span_ieq(e->text, MR_SPAN("true")), out_expr, b->err);
    case MR_SQL_LITERAL_STRING: return mr_expr_string(b->builder, e->text, out_expr, b->err);
    case MR_SQL_LITERAL_INTERVAL: return mr_bind_interval(b->builder, e, out_expr, b->err);
    case MR_SQL_LITERAL_BINARY: {
        struct mr_value value = {.type = mr_type_of(MR_TYPE_BINARY), .u.text = e->text};
        return mr_expr_literal(b->builder, &value, out_expr, b->err);
    }
    case MR_SQL_LITERAL_DATE: id = MR_TYPE_DATE; break;
    case MR_SQL_LITERAL_TIMESTAMP: id = MR_TYPE_TIMESTAMP; break;
    case MR_SQL_LITERAL_TIMESTAMP_NTZ: id = MR_TYPE_TIMESTAMP_NTZ; break;
    default: {
        const char *token = mr_arena_format(b->builder->arena, "%s%.*s%s", is_negative ? "-" : "",
                                            (int)e->text.bytes, e->text.text, suffixes[e->literal]);
        if (token == NULL) return bind_nomem(b);
        return mr_expr_number(b->builder, mr_span_of(token), out_expr, b->err);
    }
    }
    return mr_expr_text_literal(b->builder, mr_type_of(id), e->text, out_expr, b->err);
}

static bool is_number(const struct mr_sql_expr *e)
{
    return e->kind == MR_SQL_EXPR_LITERAL && e->literal >= MR_SQL_LITERAL_INTEGER &&
           e->literal <= MR_SQL_LITERAL_DOUBLE;
}

static mr_status bind_unary(struct binder *b, const struct mr_sql_expr *e,
                            const struct mr_expr **out_expr)
{
    switch (e->op) {
    case MR_SQL_OP_NEGATE:
        /* -9223372036854775808 is a number of its own, not the negative of one too large. */
        if (is_number(e->args.first)) {
            return locate(b, &e->pos, bind_literal(b, e->args.first, true, out_expr));
        }
        return bind_call_of(b, e, "-", out_expr);
    case MR_SQL_OP_PLUS: return bind_any(b, e->args.first, out_expr);
    case MR_SQL_OP_NOT: return bind_call_of(b, e, "not", out_expr);
    case MR_SQL_OP_BIT_NOT: return bind_call_of(b, e, "~", out_expr);
    default: return refuse(b, &e->pos, mr_sql_op_text(e->op));
    }
}

static mr_status bind_binary(struct binder *b, const struct mr_sql_expr *e,
                             const struct mr_expr **out_expr)
{
    static const char *const names[MR_SQL_OP_COUNT] = {
        [MR_SQL_OP_ADD] = "+",      [MR_SQL_OP_SUBTRACT] = "-",
        [MR_SQL_OP_MULTIPLY] = "*", [MR_SQL_OP_DIVIDE] = "/",
        [MR_SQL_OP_MODULO] = "%",   [MR_SQL_OP_DIV] = "div",
        [MR_SQL_OP_CONCAT] = "||",  [MR_SQL_OP_EQ] = "=",
        [MR_SQL_OP_NE] = "<>",      [MR_SQL_OP_LT] = "<",
        [MR_SQL_OP_LE] = "<=",      [MR_SQL_OP_GT] = ">",
        [MR_SQL_OP_GE] = ">=",      [MR_SQL_OP_EQ_NULL_SAFE] = "<=>",
        [MR_SQL_OP_BIT_AND] = "&",  [MR_SQL_OP_BIT_OR] = "|",
        [MR_SQL_OP_BIT_XOR] = "^",  [MR_SQL_OP_SHIFT_LEFT] = "<<",
        [MR_SQL_OP_SHIFT_RIGHT] = ">>",
        [MR_SQL_OP_SHIFT_RIGHT_UNSIGNED] = ">>>",
    };
    if (names[e->op] == NULL) return refuse(b, &e->pos, mr_sql_op_text(e->op));
    return bind_call_of(b, e, names[e->op], out_expr);
}

static mr_status bind_is(struct binder *b, const struct mr_sql_expr *e,
                         const struct mr_expr **out_expr)
{
    bool not = e->is_negated;
    switch (e->op) {
    case MR_SQL_OP_IS_NULL: return bind_call_of(b, e, not ? "is not null" : "is null", out_expr);
    case MR_SQL_OP_IS_TRUE: return bind_call_of(b, e, not ? "is not true" : "is true", out_expr);
    case MR_SQL_OP_IS_FALSE: return bind_call_of(b, e, not ? "is not false" : "is false", out_expr);
    case MR_SQL_OP_IS_UNKNOWN:
        return bind_call_of(b, e, not ? "is not unknown" : "is unknown", out_expr);
    default: return refuse(b, &e->pos, mr_sql_op_text(e->op));
    }
}

static mr_status bind_distinct(struct binder *b, const struct mr_sql_expr *e,
                               const struct mr_expr **out_expr)
{
    return bind_call_of(b, e, e->is_negated ? "<=>" : "is distinct from", out_expr);
}

static mr_status bind_in(struct binder *b, const struct mr_sql_expr *e,
                         const struct mr_expr **out_expr)
{
    const struct mr_expr **args, *in;
    MR_TRY(bind_args(b, &e->args, &args));
    MR_TRY(locate(b, &e->pos,
                  mr_expr_in(b->builder, args[0], args + 1, e->args.count - 1, &in, b->err)));
    return negate_if(b, e, in, out_expr);
}

static mr_status bind_between(struct binder *b, const struct mr_sql_expr *e,
                              const struct mr_expr **out_expr)
{
    const struct mr_expr **args, *between;
    MR_TRY(bind_args(b, &e->args, &args));
    MR_TRY(locate(b, &e->pos,
                  mr_expr_between(b->builder, args[0], args[1], args[2], &between, b->err)));
    return negate_if(b, e, between, out_expr);
}

/* ILIKE is LIKE over lower case on both sides, as in Spark. */
static mr_status bind_like(struct binder *b, const struct mr_sql_expr *e,
                           const struct mr_expr **out_expr)
{
    const struct mr_expr **args, *like;
    MR_TRY(bind_args(b, &e->args, &args));
    if (e->op == MR_SQL_OP_RLIKE) {
        MR_TRY(locate(b, &e->pos,
                      mr_expr_call(b->builder, MR_SPAN("rlike"), args, e->args.count, &like,
                                   b->err)));
        return negate_if(b, e, like, out_expr);
    }
    for (uint32_t i = 0; i < 2 && e->op == MR_SQL_OP_ILIKE; i++) {
        MR_TRY(locate(b, &e->pos,
                      mr_expr_call(b->builder, MR_SPAN("lower"), &args[i], 1, &args[i], b->err)));
    }
    MR_TRY(locate(b, &e->pos,
                  mr_expr_call(b->builder, MR_SPAN("like"), args, e->args.count, &like, b->err)));
    return negate_if(b, e, like, out_expr);
}

static mr_status bind_case(struct binder *b, const struct mr_sql_expr *e,
                           const struct mr_expr **out_expr)
{
    const struct mr_expr **args;
    MR_TRY(bind_args(b, &e->args, &args));
    uint32_t first = e->has_operand ? 1 : 0;
    uint32_t pairs = (e->args.count - first - (e->has_else ? 1 : 0)) / 2;
    const struct mr_expr **whens =
        MR_ARENA_ARRAY(b->builder->arena, const struct mr_expr *, (size_t)pairs * 2);
    if (whens == NULL && pairs > 0) return bind_nomem(b);
    for (uint32_t i = 0; i < pairs; i++) {
        whens[i] = args[first + 2 * i];
        whens[pairs + i] = args[first + 2 * i + 1];
    }
    return locate(b, &e->pos,
                  mr_expr_case(b->builder, e->has_operand ? args[0] : NULL, whens, whens + pairs,
                               pairs, e->has_else ? args[e->args.count - 1] : NULL, out_expr,
                               b->err));
}

static mr_status bind_cast(struct binder *b, const struct mr_sql_expr *e,
                           const struct mr_expr **out_expr)
{
    const struct mr_expr *child;
    MR_TRY(bind_any(b, e->args.first, &child));
    return locate(b, &e->pos,
                  mr_expr_cast(b->builder, child, e->type, e->is_try ? MR_MODE_TRY : MR_MODE_ANSI,
                               out_expr, b->err));
}

/* EXTRACT(field FROM t): a call with the field as text. */
static mr_status bind_extract(struct binder *b, const struct mr_sql_expr *e,
                              const struct mr_expr **out_expr)
{
    const struct mr_sql_expr *field = e->args.first;
    const struct mr_expr *args[2];
    MR_TRY(mr_expr_string(b->builder, field->text, &args[0], b->err));
    MR_TRY(bind_any(b, field->next, &args[1]));
    return locate(b, &field->pos,
                  mr_expr_call(b->builder, MR_SPAN("extract"), args, 2, out_expr, b->err));
}

/* timestampadd(MINUTE, 5, t) and its like: whether the first argument is a word for a unit. */
static bool has_unit(const struct mr_sql_expr *e)
{
    static const char *const names[] = {"timestampadd", "timestampdiff", "date_add",
                                        "dateadd",      "date_diff",     "datediff"};
    if (e->args.count != 3 || e->args.first->kind != MR_SQL_EXPR_COLUMN) return false;
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (mr_span_ieq(e->name.first->text, mr_span_of(names[i]))) return true;
    }
    return false;
}

static mr_status bind_unit_args(struct binder *b, const struct mr_sql_expr *e,
                                const struct mr_expr ***out_args)
{
    const struct mr_sql_expr *unit = e->args.first;
    const struct mr_expr **args = MR_ARENA_ARRAY(b->builder->arena, const struct mr_expr *, 3);
    if (args == NULL) return bind_nomem(b);
    MR_TRY(mr_expr_string(b->builder, unit->name.last->text, &args[0], b->err));
    MR_TRY(bind_any(b, unit->next, &args[1]));
    MR_TRY(bind_any(b, unit->next->next, &args[2]));
    *out_args = args;
    return MR_OK;
}

/* Functions of Spark's that need more than a row: known, so that they are not called unknown. */
static bool is_later_function(struct mr_span name)
{
    static const char *const names[] = {
        "any_value",
        "approx_count_distinct",
        "avg",
        "bool_and",
        "bool_or",
        "collect_list",
        "collect_set",
        "corr",
        "count",
        "count_if",
        "dense_rank",
        "explode",
        "explode_outer",
        "first",
        "inline",
        "lag",
        "last",
        "lead",
        "max",
        "max_by",
        "mean",
        "min",
        "min_by",
        "ntile",
        "percentile_approx",
        "posexplode",
        "rank",
        "row_number",
        "session_window",
        "stddev",
        "sum",
        "variance",
        "window",
    };
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (mr_span_ieq(name, mr_span_of(names[i]))) return true;
    }
    return false;
}

static mr_status refuse_function(struct binder *b, const struct mr_sql_expr *e)
{
    char construct[80];
    (void)snprintf(construct, sizeof construct, "the function %.*s",
                   (int)MR_MIN(e->name.first->text.bytes, (size_t)60), e->name.first->text.text);
    return refuse(b, &e->name.pos, construct);
}

/* bind_with: mr_bind_fn for bodies of lambdas. */
static mr_status bind_with(void *binder, const struct mr_sql_expr *e,
                           const struct mr_bind_params *params, const struct mr_expr **out_expr,
                           struct mr_err *err)
{
    struct binder inner = *(struct binder *)binder;
    inner.params = params;
    inner.err = err;
    return bind_any(&inner, e, out_expr);
}

static mr_status bind_function(struct binder *b, const struct mr_sql_expr *e,
                               const struct mr_expr **out_expr)
{
    const struct mr_expr **args;
    if (e->is_extract) return bind_extract(b, e, out_expr);
    if (b->scope->hooks != NULL) {
        const struct mr_expr *expr = NULL;
        MR_TRY(locate(b, &e->pos, b->scope->hooks->call(b->scope->ctx, e, &expr, b->err)));
        if (expr != NULL) {
            *out_expr = expr;
            return MR_OK;
        }
    }
    if (e->over != NULL) return refuse(b, &e->pos, "a window function");
    if (e->filter != NULL || e->is_distinct) return refuse(b, &e->pos, "an aggregate function");
    if (e->name.count != 1) return refuse(b, &e->pos, "a function of a schema");
    if (is_later_function(e->name.first->text)) return refuse_function(b, e);
    if (mr_bind_has_lambda(e)) {
        MR_TRY(mr_bind_lambda_args(b->builder, e, b->params, bind_with, b, &args, b->err));
    } else if (has_unit(e)) {
        MR_TRY(bind_unit_args(b, e, &args));
    } else {
        MR_TRY(bind_args(b, &e->args, &args));
    }
    return locate(
        b, &e->name.pos,
        mr_expr_call(b->builder, e->name.first->text, args, e->args.count, out_expr, b->err));
}

/* `s:a.b[0]` is get_json_object(s, '$.a.b[0]'). */
static mr_status bind_json_path(struct binder *b, const struct mr_sql_expr *e,
                                const struct mr_expr **out_expr)
{
    const struct mr_sql_expr *base;
    struct mr_span path;
    const struct mr_expr *args[2];
    mr_status status = mr_bind_json_path(b->builder->arena, e, &base, &path, b->err);
    MR_TRY(locate(b, &e->pos, status));
    MR_TRY(bind_any(b, base, &args[0]));
    MR_TRY(mr_expr_string(b->builder, path, &args[1], b->err));
    return locate(b, &e->pos,
                  mr_expr_call(b->builder, MR_SPAN("get_json_object"), args, 2, out_expr, b->err));
}

static mr_status bind_field(struct binder *b, const struct mr_sql_expr *e,
                            const struct mr_expr **out_expr)
{
    const struct mr_expr *child;
    if (mr_bind_is_json_path(e)) return bind_json_path(b, e, out_expr);
    MR_TRY(bind_any(b, e->args.first, &child));
    return locate(b, &e->name.pos,
                  mr_expr_field(b->builder, child, e->name.first->text, out_expr, b->err));
}

static mr_status bind_any(struct binder *b, const struct mr_sql_expr *e,
                          const struct mr_expr **out_expr)
{
    switch (e->kind) {
    case MR_SQL_EXPR_LITERAL: return locate(b, &e->pos, bind_literal(b, e, false, out_expr));
    case MR_SQL_EXPR_COLUMN: return bind_name(b, &e->name, out_expr);
    case MR_SQL_EXPR_UNARY: return bind_unary(b, e, out_expr);
    case MR_SQL_EXPR_BINARY: return bind_binary(b, e, out_expr);
    case MR_SQL_EXPR_AND: return bind_call_of(b, e, "and", out_expr);
    case MR_SQL_EXPR_OR: return bind_call_of(b, e, "or", out_expr);
    case MR_SQL_EXPR_IS: return bind_is(b, e, out_expr);
    case MR_SQL_EXPR_DISTINCT_FROM: return bind_distinct(b, e, out_expr);
    case MR_SQL_EXPR_IN: return bind_in(b, e, out_expr);
    case MR_SQL_EXPR_BETWEEN: return bind_between(b, e, out_expr);
    case MR_SQL_EXPR_LIKE: return bind_like(b, e, out_expr);
    case MR_SQL_EXPR_CASE: return bind_case(b, e, out_expr);
    case MR_SQL_EXPR_CAST: return bind_cast(b, e, out_expr);
    case MR_SQL_EXPR_CALL: return bind_function(b, e, out_expr);
    case MR_SQL_EXPR_SUBSCRIPT:
        if (mr_bind_is_json_path(e)) return bind_json_path(b, e, out_expr);
        return bind_call_of(b, e, "[]", out_expr);
    case MR_SQL_EXPR_FIELD: return bind_field(b, e, out_expr);
    case MR_SQL_EXPR_ROW: return bind_call_of(b, e, "struct", out_expr);
    case MR_SQL_EXPR_STAR: return refuse(b, &e->pos, "a star inside an expression");
    case MR_SQL_EXPR_NAMED_ARG: return refuse(b, &e->pos, "a named argument");
    case MR_SQL_EXPR_LAMBDA: return refuse(b, &e->pos, "a lambda function");
    case MR_SQL_EXPR_IN_QUERY:
    case MR_SQL_EXPR_SUBQUERY:
    case MR_SQL_EXPR_EXISTS:
        if (b->scope->hooks == NULL) return refuse(b, &e->pos, "a subquery");
        return locate(b, &e->pos, b->scope->hooks->query(b->scope->ctx, e, out_expr, b->err));
    }
    MR_ASSERT(!"every kind of expression is handled above");
    return MR_E_INTERNAL;
}

mr_status mr_sql_bind_expr(struct mr_expr_builder *builder, const struct mr_sql_expr *expr,
                           const struct mr_bind_scope *scope, const struct mr_expr **out_expr,
                           struct mr_err *err)
{
    struct binder b = {builder, scope, err, NULL};
    if (err != NULL) err->line = 0;
    if (builder->json == NULL) builder->json = mr_sql_json_codec();
    return bind_any(&b, expr, out_expr);
}

/* ---- the SELECT list ---- */

struct outputs {
    const struct mr_expr **exprs;
    struct mr_field *fields;
    uint32_t count;
    uint32_t capacity;
    struct mr_name_set names;
};

static mr_status grow_outputs(struct binder *b, struct outputs *o)
{
    struct mr_arena *arena = b->builder->arena;
    uint32_t capacity = MR_MAX(o->capacity * 2, 16u);
    const struct mr_expr **exprs = MR_ARENA_ARRAY(arena, const struct mr_expr *, capacity);
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, capacity);
    if (exprs == NULL || fields == NULL) return bind_nomem(b);
    if (o->count > 0) memcpy(exprs, o->exprs, o->count * sizeof(*exprs));
    if (o->count > 0) memcpy(fields, o->fields, o->count * sizeof(*fields));
    o->exprs = exprs;
    o->fields = fields;
    o->capacity = capacity;
    return MR_OK;
}

static mr_status add_output(struct binder *b, struct outputs *o, const struct mr_expr *expr,
                            struct mr_span name, struct mr_span metadata,
                            const struct mr_sql_pos *pos)
{
    mr_name_added added = mr_name_set_add(&o->names, name);
    if (added == MR_NAME_NO_MEMORY) return bind_nomem(b);
    if (added == MR_NAME_REPEATED) {
        mr_err_set(b->err, MR_E_EXISTS, ERR_DOUBLE, "the query gives two columns named \"%.*s\"",
                   (int)name.bytes, name.text);
        mr_err_help(b->err, "name one of them with AS, or leave it out with * EXCEPT");
        return locate(b, pos, MR_E_EXISTS);
    }
    if (o->count == o->capacity) MR_TRY(grow_outputs(b, o));
    o->exprs[o->count] = expr;
    o->fields[o->count] = (struct mr_field){
        .name = name, .type = expr->type, .is_nullable = expr->is_nullable, .metadata = metadata};
    o->count++;
    return MR_OK;
}

static bool is_excepted(const struct mr_sql_expr *star, struct mr_span name)
{
    for (const struct mr_sql_name *n = star->except.first; n != NULL; n = n->next) {
        if (mr_span_ieq(n->text, name)) return true;
    }
    return false;
}

/* `*`, `t.*`, `* EXCEPT (a, b)`, and `s.*` for the members of a struct. */
static mr_status expand_star(struct binder *b, struct outputs *o, const struct mr_sql_expr *star)
{
    const struct mr_bind_scope *scope = b->scope;
    const struct mr_type *type = scope->columns;
    const struct mr_expr *base = NULL, *expr;
    uint32_t count = scope->visible_count;
    bool is_alias = star->name.count == 1 && mr_span_ieq(star->name.first->text, scope->alias);
    if (star->name.count > 0 && !is_alias) {
        MR_TRY(bind_name(b, &star->name, &base));
        if (base->type->id != MR_TYPE_STRUCT) {
            mr_err_set(b->err, MR_E_TYPE, ERR_STAR, "only a relation or a struct can have .*");
            return locate(b, &star->pos, MR_E_TYPE);
        }
        type = base->type;
        count = type->field_count;
    }
    for (const struct mr_sql_name *n = star->except.first; n != NULL; n = n->next) {
        if (mr_type_find(type, n->text, false) < 0) return unknown_column(b, n);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_field *field = &type->fields[i];
        if (is_excepted(star, field->name)) continue;
        mr_status status = base == NULL
                               ? mr_expr_column(b->builder, type, i, &expr, b->err)
                               : mr_expr_field(b->builder, base, field->name, &expr, b->err);
        MR_TRY(locate(b, &star->pos, status));
        MR_TRY(add_output(b, o, expr, field->name, field->metadata, &star->pos));
    }
    return MR_OK;
}

/* The name as written that an output keeps: the last part of a path, also under one cast. */
static const struct mr_sql_name *kept_name(const struct mr_sql_expr *e, const struct mr_expr *expr)
{
    const struct mr_expr *shown = expr->written != NULL ? expr->written : expr;
    bool is_bare_call = shown->kind == MR_EXPR_CALL && shown->arg_count == 0;
    if (e->kind == MR_SQL_EXPR_COLUMN) return is_bare_call ? NULL : e->name.last;
    bool is_cast =
        e->kind == MR_SQL_EXPR_CAST || (e->kind == MR_SQL_EXPR_CALL && e->args.count == 1);
    bool is_of_column = shown->kind == MR_EXPR_COLUMN ||
                        (shown->kind == MR_EXPR_CAST && shown->args[0]->kind == MR_EXPR_COLUMN);
    if (!is_cast || !is_of_column || e->args.first->kind != MR_SQL_EXPR_COLUMN) return NULL;
    /* An aggregate is a column of its own that has another name. */
    const struct mr_expr *column = shown->kind == MR_EXPR_CAST ? shown->args[0] : shown;
    const struct mr_sql_name *last = e->args.first->name.last;
    return mr_span_ieq(column->name, last->text) ? last : NULL;
}

mr_status mr_sql_output_name(struct mr_expr_builder *builder, const struct mr_sql_item *item,
                             const struct mr_expr *expr, struct mr_span *out_name,
                             struct mr_err *err)
{
    struct mr_text text;
    struct binder b = {.builder = builder, .err = err};
    if (item->alias.count > 1) return refuse(&b, &item->alias.pos, "more than one alias");
    const struct mr_sql_name *name =
        item->alias.count == 1 ? item->alias.first : kept_name(item->expr, expr);
    if (name != NULL) {
        *out_name = name->text;
        return MR_OK;
    }
    mr_text_init(&text, builder->arena->heap);
    mr_expr_write_name(expr, &text);
    mr_status status = mr_text_end(&text, err);
    if (status == MR_OK) {
        const char *copy = mr_arena_copy(builder->arena, mr_text_span(&text));
        *out_name = (struct mr_span){copy, text.used};
        if (copy == NULL) status = bind_nomem(&b);
    }
    mr_text_fini(&text);
    return status;
}

static mr_status bind_item(struct binder *b, struct outputs *o, const struct mr_sql_item *item)
{
    const struct mr_expr *expr;
    struct mr_span name, metadata = {0};
    if (item->expr->kind == MR_SQL_EXPR_STAR) return expand_star(b, o, item->expr);
    MR_TRY(bind_any(b, item->expr, &expr));
    MR_TRY(mr_sql_output_name(b->builder, item, expr, &name, b->err));
    if (expr->kind == MR_EXPR_COLUMN) metadata = b->scope->columns->fields[expr->index].metadata;
    return add_output(b, o, expr, name, metadata, &item->expr->pos);
}

static mr_status bind_items(struct binder *b, const struct mr_sql_query *query, struct outputs *o)
{
    mr_status status = MR_OK;
    mr_name_set_init(&o->names, b->builder->arena->heap, false);
    for (const struct mr_sql_item *item = query->items.first; item != NULL && status == MR_OK;
         item = item->next) {
        status = bind_item(b, o, item);
    }
    mr_name_set_fini(&o->names);
    return status;
}

/* ---- the query ---- */

static mr_status refuse_clauses(struct binder *b, const struct mr_sql_query *q)
{
    if (q->kind != MR_SQL_QUERY_SELECT) return refuse(b, &q->pos, "a set operation or VALUES");
    if (q->ctes.count > 0) return refuse(b, &q->ctes.first->name->pos, "WITH");
    if (q->is_distinct) return refuse(b, &q->pos, "SELECT DISTINCT");
    if (q->group_by.count > 0) return refuse(b, &q->group_by.first->pos, "GROUP BY");
    if (q->grouping != MR_SQL_GROUP_NONE) return refuse(b, &q->pos, "GROUP BY");
    if (q->having != NULL) return refuse(b, &q->having->pos, "HAVING");
    if (q->qualify != NULL) return refuse(b, &q->qualify->pos, "QUALIFY");
    if (q->order_by.count > 0) return refuse(b, &q->order_by.first->expr->pos, "ORDER BY");
    if (q->limit != NULL) return refuse(b, &q->limit->pos, "LIMIT");
    if (q->offset != NULL) return refuse(b, &q->offset->pos, "OFFSET");
    return MR_OK;
}

static mr_status bind_where(struct binder *b, const struct mr_sql_expr *where,
                            const struct mr_expr **out_filter)
{
    *out_filter = NULL;
    if (where == NULL) return MR_OK;
    MR_TRY(bind_any(b, where, out_filter));
    mr_type_id id = (*out_filter)->type->id;
    if (id == MR_TYPE_BOOLEAN) return MR_OK;
    mr_err_set(b->err, MR_E_TYPE, ERR_WHERE, "WHERE needs a boolean, this is %s", mr_type_name(id));
    return locate(b, &where->pos, MR_E_TYPE);
}

static mr_status bind_query(struct binder *b, const struct mr_sql_query *query,
                            struct mr_bound_query *out_query)
{
    struct mr_arena *arena = b->builder->arena;
    struct mr_bound_query bound = {0};
    struct outputs outputs = {0};
    uint64_t *used =
        MR_ARENA_ARRAY(arena, uint64_t, (b->scope->columns->field_count + 63) / 64 + 1);
    if (used == NULL) return bind_nomem(b);
    MR_TRY(refuse_clauses(b, query));
    MR_TRY(bind_where(b, query->where, &bound.filter));
    MR_TRY(bind_items(b, query, &outputs));
    if (bound.filter != NULL) mr_expr_columns(bound.filter, used);
    for (uint32_t i = 0; i < outputs.count; i++) mr_expr_columns(outputs.exprs[i], used);
    bound.exprs = outputs.exprs;
    bound.count = outputs.count;
    bound.used = used;
    bound.schema = mr_type_struct(arena, outputs.fields, outputs.count);
    if (bound.schema == NULL) return bind_nomem(b);
    *out_query = bound;
    return MR_OK;
}

mr_status mr_sql_bind_query(struct mr_expr_builder *builder, const struct mr_sql_script *script,
                            const struct mr_sql_query *query, const struct mr_bind_scope *scope,
                            struct mr_bound_query *out_query, struct mr_err *err)
{
    struct binder b = {builder, scope, err, NULL};
    MR_ASSERT(scope->visible_count <= scope->columns->field_count);
    if (err != NULL) *err = (struct mr_err){0};
    if (builder->json == NULL) builder->json = mr_sql_json_codec();
    mr_status status = bind_query(&b, query, out_query);
    if (status != MR_OK && script != NULL) mr_err_origin(err, script->origin.text);
    return status;
}

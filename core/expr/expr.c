#include "core/expr/expr.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/lambda.h"

mr_status mr_expr_nomem(struct mr_err *err)
{
    return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for an expression");
}

void mr_expr_builder_init(struct mr_expr_builder *builder, struct mr_arena *arena,
                          const struct mr_zone *zone, bool is_ansi)
{
    *builder = (struct mr_expr_builder){.arena = arena, .zone = zone, .is_ansi = is_ansi};
}

static mr_expr_mode builder_mode(const struct mr_expr_builder *builder)
{
    return builder->is_ansi ? MR_MODE_ANSI : MR_MODE_LEGACY;
}

static mr_status expr_take_args(struct mr_expr_builder *builder, struct mr_expr *node,
                                const struct mr_expr *const *args, uint32_t arg_count,
                                struct mr_err *err)
{
    if (arg_count > MR_EXPR_ARGS_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1306, "an expression has %u operands; the limit is %d",
                          arg_count, MR_EXPR_ARGS_MAX);
    }
    const struct mr_expr **copy = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, arg_count);
    if (copy == NULL) return mr_expr_nomem(err);
    node->size = 1;
    for (uint32_t i = 0; i < arg_count; i++) {
        copy[i] = args[i];
        node->size += args[i]->size; /* each at most the limit: no overflow */
        node->depth = MR_MAX(node->depth, args[i]->depth);
        node->is_constant = node->is_constant && args[i]->is_constant;
        node->is_deterministic = node->is_deterministic && args[i]->is_deterministic;
    }
    node->args = copy;
    node->arg_count = arg_count;
    if (node->size > MR_EXPR_SIZE_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1306, "an expression has more than %d parts",
                          MR_EXPR_SIZE_MAX);
    }
    if (++node->depth > MR_EXPR_DEPTH_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1306, "an expression nests deeper than %d levels",
                          MR_EXPR_DEPTH_MAX);
    }
    return MR_OK;
}

mr_status mr_expr_finish(struct mr_expr_builder *builder, struct mr_expr draft,
                         const struct mr_expr *const *args, uint32_t arg_count,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr *node = MR_ARENA_NEW(builder->arena, struct mr_expr);
    if (node == NULL) return mr_expr_nomem(err);
    *node = draft;
    MR_TRY(expr_take_args(builder, node, args, arg_count, err));
    if (node->is_constant && node->kind != MR_EXPR_LITERAL) {
        struct mr_value value;
        bool is_done = false;
        MR_TRY(mr_expr_fold(builder, node, &value, &is_done, err));
        if (is_done) {
            const struct mr_expr *before = node->written == NULL ? node : node->written;
            struct mr_expr *literal = MR_ARENA_NEW(builder->arena, struct mr_expr);
            if (literal == NULL) return mr_expr_nomem(err);
            *literal = (struct mr_expr){
                .kind = MR_EXPR_LITERAL, .type = node->type, .is_nullable = value.is_null,
                .is_deterministic = true, .is_constant = true, .is_implicit = node->is_implicit,
                .depth = 1, .size = 1, .value = value, .written = before};
            node = literal;
        }
    }
    *out_expr = node;
    return MR_OK;
}

mr_status mr_expr_literal(struct mr_expr_builder *builder, const struct mr_value *value,
                          const struct mr_expr **out_expr, struct mr_err *err)
{
    MR_ASSERT(value->is_null || !mr_type_is_nested(value->type));
    struct mr_expr draft = {.kind = MR_EXPR_LITERAL, .type = value->type, .value = *value,
                            .is_nullable = value->is_null, .is_deterministic = true,
                            .is_constant = true};
    return mr_expr_finish(builder, draft, NULL, 0, out_expr, err);
}

mr_status mr_expr_null(struct mr_expr_builder *builder, const struct mr_expr **out_expr,
                       struct mr_err *err)
{
    struct mr_value value = {.type = mr_type_of(MR_TYPE_VOID), .is_null = true};
    return mr_expr_literal(builder, &value, out_expr, err);
}

mr_status mr_expr_bool(struct mr_expr_builder *builder, bool value,
                       const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_value literal = {.type = mr_type_of(MR_TYPE_BOOLEAN), .u.boolean = value};
    return mr_expr_literal(builder, &literal, out_expr, err);
}

mr_status mr_expr_string(struct mr_expr_builder *builder, struct mr_span value,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_value literal = {.type = mr_type_of(MR_TYPE_STRING), .u.text = value};
    return mr_expr_literal(builder, &literal, out_expr, err);
}

mr_status mr_expr_column(struct mr_expr_builder *builder, const struct mr_type *schema,
                         uint32_t index, const struct mr_expr **out_expr, struct mr_err *err)
{
    MR_ASSERT(schema->id == MR_TYPE_STRUCT && index < schema->field_count);
    const struct mr_field *field = &schema->fields[index];
    struct mr_expr draft = {.kind = MR_EXPR_COLUMN, .type = field->type, .index = index,
                            .name = field->name, .is_nullable = field->is_nullable,
                            .is_deterministic = true};
    return mr_expr_finish(builder, draft, NULL, 0, out_expr, err);
}

/* field_missing: the error for a name no member has, with the members there are. */
static mr_status field_missing(const struct mr_type *type, struct mr_span name, struct mr_err *err)
{
    char names[256];
    size_t used = 0;
    for (uint32_t i = 0; i < type->field_count && used + 64 < sizeof names; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", i == 0 ? "" : ", ",
                                 (int)MR_MIN(type->fields[i].name.bytes, 48u),
                                 type->fields[i].name.text);
    }
    mr_status status = mr_err_set(err, MR_E_TYPE, 1305, "no member \"%.*s\" in the struct",
                                  (int)name.bytes, name.text);
    if (used > 0) mr_err_help(err, "its members are %s", names);
    return status;
}

static mr_status field_of_struct(struct mr_expr_builder *builder, const struct mr_expr *child,
                                 const struct mr_type *type, struct mr_span name,
                                 struct mr_expr *draft, struct mr_err *err)
{
    int32_t index = mr_type_find(type, name, false);
    if (index < 0) return field_missing(type, name, err);
    const struct mr_field *field = &type->fields[index];
    *draft = (struct mr_expr){.kind = MR_EXPR_FIELD, .type = field->type, .index = (uint32_t)index,
                              .name = field->name, .is_deterministic = true, .is_constant = true,
                              .is_nullable = child->is_nullable || field->is_nullable};
    if (child->type->id != MR_TYPE_ARRAY) return MR_OK;
    draft->is_nullable = child->is_nullable;
    draft->type = mr_type_array(builder->arena, field->type,
                                field->is_nullable || child->type->fields[0].is_nullable);
    return draft->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

/* field_of_map: the value of the key, named after it. */
static mr_status field_of_map(struct mr_expr_builder *builder, const struct mr_expr *child,
                              struct mr_span name, const struct mr_expr **out_expr,
                              struct mr_err *err)
{
    const struct mr_expr *args[2] = {child, NULL}, *found;
    MR_TRY(mr_expr_string(builder, name, &args[1], err));
    MR_TRY(mr_expr_call(builder, MR_SPAN("[]"), args, 2, &found, err));
    struct mr_expr *written = MR_ARENA_NEW(builder->arena, struct mr_expr);
    struct mr_expr *node = MR_ARENA_NEW(builder->arena, struct mr_expr);
    if (written == NULL || node == NULL) return mr_expr_nomem(err);
    *written = (struct mr_expr){.kind = MR_EXPR_FIELD, .name = name};
    MR_TRY(expr_take_args(builder, written, args, 1, err));
    *node = *found;
    node->written = written;
    *out_expr = node;
    return MR_OK;
}

mr_status mr_expr_field(struct mr_expr_builder *builder, const struct mr_expr *child,
                        struct mr_span name, const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_type *type = child->type;
    if (type->id == MR_TYPE_MAP) return field_of_map(builder, child, name, out_expr, err);
    if (type->id == MR_TYPE_ARRAY) type = type->fields[0].type;
    if (type->id != MR_TYPE_STRUCT) {
        char text[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1305, "no member \"%.*s\": the value is no struct but %s",
                          (int)name.bytes, name.text,
                          mr_type_describe(child->type, text, sizeof text));
    }
    struct mr_expr draft;
    MR_TRY(field_of_struct(builder, child, type, name, &draft, err));
    return mr_expr_finish(builder, draft, &child, 1, out_expr, err);
}

static mr_status call_unknown(struct mr_span name, struct mr_err *err)
{
    mr_status status = mr_err_set(err, MR_E_NOT_FOUND, 1302, "unknown function \"%.*s\"",
                                  (int)name.bytes, name.text);
    const char *near = mr_function_near(name);
    if (near != NULL) mr_err_help(err, "did you mean \"%s\"?", near);
    return status;
}

/* call_as_written: the call as it stands in the query, for naming only: never evaluated. */
static mr_status call_as_written(struct mr_expr_builder *builder,
                                 const struct mr_function *function,
                                 const struct mr_expr *const *args, uint32_t arg_count,
                                 const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr *node = MR_ARENA_NEW(builder->arena, struct mr_expr);
    if (node == NULL) return mr_expr_nomem(err);
    *node = (struct mr_expr){.kind = MR_EXPR_CALL, .function = function};
    *out_expr = node;
    return expr_take_args(builder, node, args, arg_count, err);
}

/* call_rewritten: the rewritten form under the name of the call. */
static mr_status call_rewritten(struct mr_expr_builder *builder, const struct mr_resolve *resolve,
                                const struct mr_expr *const *args, uint32_t arg_count,
                                const struct mr_expr **out_expr, struct mr_err *err)
{
    struct mr_expr *node = MR_ARENA_NEW(builder->arena, struct mr_expr);
    if (node == NULL) return mr_expr_nomem(err);
    *node = *resolve->rewritten;
    MR_TRY(call_as_written(builder, resolve->function, args, arg_count, &node->written, err));
    *out_expr = node;
    return MR_OK;
}

mr_status mr_expr_call(struct mr_expr_builder *builder, struct mr_span name,
                       const struct mr_expr *const *args, uint32_t arg_count,
                       const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_function *function = mr_function_find(name);
    if (function == NULL) return call_unknown(name, err);
    struct mr_resolve resolve = {.builder = builder, .function = function, .arg_count = arg_count};
    resolve.args = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, arg_count);
    if (resolve.args == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < arg_count; i++) resolve.args[i] = args[i];
    MR_TRY(mr_function_resolve(&resolve, err));
    if (resolve.is_renamed) {
        *out_expr = resolve.rewritten;
        return MR_OK;
    }
    if (resolve.rewritten != NULL) {
        if (resolve.shows_defaults) {
            args = resolve.args;
            arg_count = resolve.arg_count;
        }
        return call_rewritten(builder, &resolve, args, arg_count, out_expr, err);
    }
    struct mr_expr draft = {
        .kind = MR_EXPR_CALL, .function = function, .type = resolve.type,
        .mode = function->flags & MR_FN_TRY ? MR_MODE_TRY : builder_mode(builder),
        .is_nullable = resolve.is_nullable, .is_deterministic = true,
        .is_constant = !(function->flags & MR_FN_CLOCK), .name = mr_span_of(function->name),
        .lambdas = resolve.lambdas, .lambda_count = resolve.lambda_count,
        .zone = resolve.zone, .zone_from = resolve.zone_from, .detail = resolve.detail};
    mr_lambdas_weigh(&draft);
    bool is_added = arg_count != resolve.arg_count && !resolve.shows_defaults;
    bool is_cut = resolve.shown_count > 0;
    if (is_added || is_cut || resolve.lambda_count > 0) {
        uint32_t shown = is_cut ? resolve.shown_count : arg_count;
        MR_TRY(call_as_written(builder, function, args, shown, &draft.written, err));
    }
    const struct mr_expr *node;
    MR_TRY(mr_expr_finish(builder, draft, resolve.args, resolve.arg_count, &node, err));
    if (function->prepare != NULL && node->kind == MR_EXPR_CALL) {
        const void
            *prepared; /* made only to refuse a malformed constant while its place is known */
        MR_TRY(function->prepare(builder->arena, node, &prepared, err));
    }
    *out_expr = node;
    return MR_OK;
}

mr_status mr_expr_binary(struct mr_expr_builder *builder, const char *name,
                         const struct mr_expr *a, const struct mr_expr *b,
                         const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_expr *args[2] = {a, b};
    return mr_expr_call(builder, mr_span_of(name), args, 2, out_expr, err);
}

mr_status mr_expr_unary(struct mr_expr_builder *builder, const char *name, const struct mr_expr *a,
                        const struct mr_expr **out_expr, struct mr_err *err)
{
    return mr_expr_call(builder, mr_span_of(name), &a, 1, out_expr, err);
}

static mr_status cast_node(struct mr_expr_builder *builder, const struct mr_expr *child,
                           const struct mr_type *type, mr_expr_mode mode, bool is_implicit,
                           const struct mr_expr **out_expr, struct mr_err *err)
{
    bool may_fail = mr_cast_may_fail(child->type, type);
    struct mr_expr draft = {
        .kind = MR_EXPR_CAST, .type = type, .mode = mode, .is_implicit = is_implicit,
        .is_nullable = child->is_nullable || (may_fail && mode != MR_MODE_ANSI) ||
                       (mr_type_is_float(child->type) && type->id == MR_TYPE_DECIMAL),
        .is_deterministic = true, .is_constant = true};
    return mr_expr_finish(builder, draft, &child, 1, out_expr, err);
}

mr_status mr_expr_cast(struct mr_expr_builder *builder, const struct mr_expr *child,
                       const struct mr_type *type, mr_expr_mode mode,
                       const struct mr_expr **out_expr, struct mr_err *err)
{
    if (!mr_cast_exists(child->type, type)) {
        char from[MR_TYPE_TEXT_MAX], to[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1304, "cannot cast %s to %s",
                          mr_type_describe(child->type, from, sizeof from),
                          mr_type_describe(type, to, sizeof to));
    }
    if (mode != MR_MODE_TRY) mode = builder_mode(builder);
    return cast_node(builder, child, type, mode, false, out_expr, err);
}

mr_status mr_expr_implicit(struct mr_expr_builder *builder, const struct mr_expr *expr,
                           const struct mr_type *type, const struct mr_expr **out_expr,
                           struct mr_err *err)
{
    MR_ASSERT(mr_cast_exists(expr->type, type));
    if (mr_type_equal(expr->type, type)) {
        *out_expr = expr;
        return MR_OK;
    }
    return cast_node(builder, expr, type, builder_mode(builder), true, out_expr, err);
}

mr_status mr_expr_assign(struct mr_expr_builder *builder, const struct mr_expr *child,
                         const struct mr_type *type, const struct mr_expr **out_expr,
                         struct mr_err *err)
{
    if (!mr_cast_is_assignable(child->type, type)) {
        char from[MR_TYPE_TEXT_MAX], to[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1308, "a value of type %s cannot be stored as %s",
                          mr_type_describe(child->type, from, sizeof from),
                          mr_type_describe(type, to, sizeof to));
    }
    return mr_expr_implicit(builder, child, type, out_expr, err);
}

mr_status mr_expr_boolean(struct mr_expr_builder *builder, const struct mr_expr *expr,
                          const char *what, const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_type *boolean = mr_type_of(MR_TYPE_BOOLEAN);
    mr_type_id id = expr->type->id;
    if (id != MR_TYPE_BOOLEAN && id != MR_TYPE_VOID && id != MR_TYPE_STRING) {
        char text[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes BOOLEAN, not %s", what,
                          mr_type_describe(expr->type, text, sizeof text));
    }
    return mr_expr_implicit(builder, expr, boolean, out_expr, err);
}

mr_status mr_expr_common(struct mr_expr_builder *builder, const struct mr_expr **args,
                         uint32_t count, const char *what, const struct mr_type **out_type,
                         struct mr_err *err)
{
    const struct mr_type *type = args[0]->type;
    for (uint32_t i = 1; i < count; i++) {
        const struct mr_type *common;
        MR_TRY(mr_type_common(builder->arena, type, args[i]->type, &common, err));
        if (common == NULL) {
            char a[MR_TYPE_TEXT_MAX], b[MR_TYPE_TEXT_MAX];
            return mr_err_set(
                err, MR_E_TYPE, 1301, "%s got values that have no common type: %s and %s", what,
                mr_type_describe(type, a, sizeof a), mr_type_describe(args[i]->type, b, sizeof b));
        }
        type = common;
    }
    for (uint32_t i = 0; i < count; i++) {
        MR_TRY(mr_expr_implicit(builder, args[i], type, &args[i], err));
    }
    *out_type = type;
    return MR_OK;
}

/* case_args: when, then, ... [else] with boolean conditions and values of one type. */
static mr_status case_args(struct mr_expr_builder *builder, const struct mr_expr *operand,
                           const struct mr_expr *const *whens, const struct mr_expr **values,
                           uint32_t count, uint32_t value_count, const struct mr_expr **out_args,
                           struct mr_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_expr *when = whens[i];
        if (operand != NULL) MR_TRY(mr_expr_binary(builder, "=", operand, when, &when, err));
        MR_TRY(mr_expr_boolean(builder, when, "WHEN", &out_args[2 * i], err));
        out_args[2 * i + 1] = values[i];
    }
    if (value_count > count) out_args[2 * count] = values[count];
    return MR_OK;
}

mr_status mr_expr_case(struct mr_expr_builder *builder, const struct mr_expr *operand,
                       const struct mr_expr *const *whens, const struct mr_expr *const *thens,
                       uint32_t count, const struct mr_expr *otherwise,
                       const struct mr_expr **out_expr, struct mr_err *err)
{
    MR_ASSERT(count > 0);
    uint32_t value_count = count + (otherwise != NULL);
    const struct mr_expr **values =
        MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, value_count);
    const struct mr_expr **args =
        MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, count + (size_t)value_count);
    if (values == NULL || args == NULL) return mr_expr_nomem(err);
    bool is_nullable = otherwise == NULL || otherwise->is_nullable;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = thens[i];
        is_nullable = is_nullable || thens[i]->is_nullable;
    }
    if (otherwise != NULL) values[count] = otherwise;
    const struct mr_type *type;
    MR_TRY(mr_expr_common(builder, values, value_count, "CASE", &type, err));
    for (uint32_t i = 0; i < value_count; i++) {
        is_nullable = is_nullable || values[i]->is_nullable;
    }
    MR_TRY(case_args(builder, operand, whens, values, count, value_count, args, err));
    struct mr_expr draft = {.kind = MR_EXPR_CASE, .type = type, .is_nullable = is_nullable,
                            .is_deterministic = true, .is_constant = true,
                            .mode = builder_mode(builder)};
    return mr_expr_finish(builder, draft, args, count + value_count, out_expr, err);
}

mr_status mr_expr_in(struct mr_expr_builder *builder, const struct mr_expr *value,
                     const struct mr_expr *const *list, uint32_t count,
                     const struct mr_expr **out_expr, struct mr_err *err)
{
    MR_ASSERT(count > 0);
    const struct mr_expr **args =
        MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, (size_t)count + 1);
    if (args == NULL) return mr_expr_nomem(err);
    args[0] = value;
    bool is_nullable = value->is_nullable;
    for (uint32_t i = 0; i < count; i++) {
        args[i + 1] = list[i];
        is_nullable = is_nullable || list[i]->is_nullable;
    }
    const struct mr_type *type;
    MR_TRY(mr_expr_common(builder, args, count + 1, "IN", &type, err));
    if (type->id == MR_TYPE_MAP) {
        return mr_err_set(err, MR_E_TYPE, 1301, "IN cannot compare values of type MAP");
    }
    for (uint32_t i = 0; i <= count; i++) is_nullable = is_nullable || args[i]->is_nullable;
    struct mr_expr draft = {.kind = MR_EXPR_IN, .type = mr_type_of(MR_TYPE_BOOLEAN),
                            .is_nullable = is_nullable, .is_deterministic = true,
                            .is_constant = true, .mode = builder_mode(builder)};
    return mr_expr_finish(builder, draft, args, count + 1, out_expr, err);
}

mr_status mr_expr_between(struct mr_expr_builder *builder, const struct mr_expr *value,
                          const struct mr_expr *lo, const struct mr_expr *hi,
                          const struct mr_expr **out_expr, struct mr_err *err)
{
    const struct mr_expr *args[3] = {value, lo, hi};
    return mr_expr_call(builder, MR_SPAN("between"), args, 3, out_expr, err);
}

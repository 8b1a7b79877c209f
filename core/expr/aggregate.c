#include "core/expr/aggregate.h"

#include "core/base/checked.h"
#include "core/expr/aggregate_impl.h"
#include "core/expr/expr_impl.h"
#include "core/expr/order.h"

/* One resolution under way; args is a private copy with room for one more. */
struct mr_aggregate_resolve {
    struct mr_expr_builder *builder;
    const struct mr_aggregate_function *function;
    const struct mr_expr **args;
    uint32_t arg_count;
    const struct mr_type *type; /* out */
    bool is_nullable;           /* out; true unless changed */
};

static mr_status take(struct mr_aggregate_resolve *resolve, uint32_t k, mr_type_id id,
                      struct mr_err *err)
{
    char want[MR_TYPE_TEXT_MAX], got[MR_TYPE_TEXT_MAX];
    const struct mr_type *type = mr_type_of(id);
    if (!mr_cast_is_implicit(resolve->args[k]->type, type)) {
        return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s",
                          resolve->function->name, mr_type_describe(type, want, sizeof want),
                          k + 1,
                          mr_type_describe(resolve->args[k]->type, got, sizeof got));
    }
    return mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err);
}

static mr_status wrong_type(const struct mr_aggregate_resolve *resolve, uint32_t k,
                            const char *wanted, struct mr_err *err)
{
    char got[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s, not %s", resolve->function->name, wanted,
                      mr_type_describe(resolve->args[k]->type, got, sizeof got));
}

/* constant: the value of argument `k`, cast to `id` already. */
static mr_status constant(struct mr_aggregate_resolve *resolve, uint32_t k, const char *what,
                          const struct mr_value **out_value, struct mr_err *err)
{
    const struct mr_expr *arg = resolve->args[k];
    if (arg->kind != MR_EXPR_LITERAL || arg->value.is_null) {
        return mr_err_set(err, MR_E_INVALID, 1315, "the %s of %s has to be a constant", what,
                          resolve->function->name);
    }
    *out_value = &arg->value;
    return MR_OK;
}

static mr_status resolve_count(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    (void)err;
    resolve->type = mr_type_of(MR_TYPE_LONG);
    resolve->is_nullable = false;
    return MR_OK;
}

static mr_status resolve_count_if(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    resolve->type = mr_type_of(MR_TYPE_LONG);
    resolve->is_nullable = false;
    return take(resolve, 0, MR_TYPE_BOOLEAN, err);
}

/* number_argument: strings and NULL become double, other types than numbers are refused. */
static mr_status number_argument(struct mr_aggregate_resolve *resolve, uint32_t k,
                                 struct mr_err *err)
{
    const struct mr_type *type = resolve->args[k]->type;
    if (mr_type_is_number(type)) return MR_OK;
    if (type->id != MR_TYPE_STRING && type->id != MR_TYPE_VOID) {
        return wrong_type(resolve, k, "a number", err);
    }
    return take(resolve, k, MR_TYPE_DOUBLE, err);
}

/* wider: the decimal with `digits` more digits and `scale` more of them behind the point. */
static mr_status wider(struct mr_aggregate_resolve *resolve, unsigned digits, unsigned scale,
                       struct mr_err *err)
{
    const struct mr_type *from = resolve->args[0]->type;
    resolve->type = mr_type_decimal(resolve->builder->arena,
                                    MR_MIN(from->precision + digits, MR_DECIMAL_PRECISION_MAX),
                                    MR_MIN(from->scale + scale, MR_DECIMAL_PRECISION_MAX));
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

static mr_status resolve_sum(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(number_argument(resolve, 0, err));
    const struct mr_type *type = resolve->args[0]->type;
    if (type->id == MR_TYPE_DECIMAL) return wider(resolve, 10, 0, err);
    resolve->type = mr_type_of(mr_type_is_integer(type) ? MR_TYPE_LONG : MR_TYPE_DOUBLE);
    return MR_OK;
}

static mr_status resolve_avg(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(number_argument(resolve, 0, err));
    if (resolve->args[0]->type->id == MR_TYPE_DECIMAL) return wider(resolve, 4, 4, err);
    resolve->type = mr_type_of(MR_TYPE_DOUBLE);
    return MR_OK;
}

static mr_status check_orderable(const struct mr_aggregate_resolve *resolve, uint32_t k,
                                 struct mr_err *err)
{
    if (mr_type_is_orderable(resolve->args[k]->type)) return MR_OK;
    return wrong_type(resolve, k, "values that have an order", err);
}

static mr_status resolve_orderable(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    resolve->type = resolve->args[0]->type;
    return check_orderable(resolve, 0, err);
}

static mr_status resolve_first(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    const struct mr_value *value;
    resolve->type = resolve->args[0]->type;
    resolve->is_nullable = true;
    if (resolve->arg_count == 1) return MR_OK;
    if (resolve->args[1]->type->id != MR_TYPE_BOOLEAN) {
        return wrong_type(resolve, 1, "BOOLEAN as argument 2", err);
    }
    return constant(resolve, 1, "second argument", &value, err);
}

static mr_status resolve_by(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    resolve->type = resolve->args[0]->type;
    return check_orderable(resolve, 1, err);
}

static mr_status resolve_doubles(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    resolve->type = mr_type_of(MR_TYPE_DOUBLE);
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        MR_TRY(number_argument(resolve, k, err));
        MR_TRY(take(resolve, k, MR_TYPE_DOUBLE, err));
    }
    return MR_OK;
}

static mr_status resolve_regr_count(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(resolve_doubles(resolve, err));
    return resolve_count(resolve, err);
}

static mr_status resolve_approx_distinct(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    const struct mr_value *rsd;
    MR_TRY(resolve_count(resolve, err));
    MR_TRY(check_orderable(resolve, 0, err));
    if (resolve->arg_count == 1) return MR_OK;
    if (!mr_type_is_number(resolve->args[1]->type)) {
        return wrong_type(resolve, 1, "a number as argument 2", err);
    }
    MR_TRY(take(resolve, 1, MR_TYPE_DOUBLE, err));
    MR_TRY(constant(resolve, 1, "relative standard deviation", &rsd, err));
    if (rsd->u.f64 > 0 && rsd->u.f64 <= MR_HLL_RSD_MAX) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, 1315,
                      "the relative standard deviation of %s is above 0 and at most %g, not %g",
                      resolve->function->name, MR_HLL_RSD_MAX, rsd->u.f64);
}

/* percentages: argument `k` as DOUBLE or ARRAY<DOUBLE>, a constant between 0 and 1. With a list the
 * result is one, of `element`. */
static mr_status percentages(struct mr_aggregate_resolve *resolve, uint32_t k,
                             const struct mr_type *element, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    const struct mr_expr *arg = resolve->args[k];
    bool is_list = arg->type->id == MR_TYPE_ARRAY;
    const struct mr_type *one = is_list ? arg->type->fields[0].type : arg->type;
    if (!mr_type_is_number(one) && one->id != MR_TYPE_STRING) {
        return wrong_type(resolve, k, "numbers between 0 and 1 as percentages", err);
    }
    if (!arg->is_constant) {
        return mr_err_set(err, MR_E_INVALID, 1315, "the percentages of %s have to be constants",
                          resolve->function->name);
    }
    const struct mr_type *wanted = mr_type_of(MR_TYPE_DOUBLE);
    resolve->type = element;
    if (is_list) {
        wanted = mr_type_array(arena, wanted, arg->type->fields[0].is_nullable);
        resolve->type = mr_type_array(arena, element, false);
        if (wanted == NULL || resolve->type == NULL) return mr_expr_nomem(err);
    }
    MR_TRY(mr_expr_implicit(resolve->builder, arg, wanted, &resolve->args[k], err));
    struct mr_percentages found;
    return mr_percentages_read(arena->heap, resolve->builder->zone, resolve->args[k],
                               resolve->function->name, &found, err);
}

/* percentile(a, p[, frequency]) becomes (a, frequency, p): values of rows first. */
static mr_status resolve_percentile(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(number_argument(resolve, 0, err));
    MR_TRY(take(resolve, 0, MR_TYPE_DOUBLE, err));
    MR_TRY(percentages(resolve, 1, mr_type_of(MR_TYPE_DOUBLE), err));
    const struct mr_expr *p = resolve->args[1];
    if (resolve->arg_count == 3) {
        const struct mr_type *type = resolve->args[2]->type;
        if (!mr_type_is_integer(type)) return wrong_type(resolve, 2, "an integer frequency", err);
        MR_TRY(take(resolve, 2, MR_TYPE_LONG, err));
        resolve->args[1] = resolve->args[2];
    } else {
        MR_TRY(mr_expr_number(resolve->builder, MR_SPAN("1L"), &resolve->args[1], err));
    }
    resolve->args[2] = p;
    resolve->arg_count = 3;
    return MR_OK;
}

static mr_status resolve_median(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(mr_expr_number(resolve->builder, MR_SPAN("0.5D"), &resolve->args[1], err));
    resolve->arg_count = 2;
    return resolve_percentile(resolve, err);
}

static mr_status resolve_percentile_approx(struct mr_aggregate_resolve *resolve,
                                           struct mr_err *err)
{
    const struct mr_value *accuracy;
    if (!mr_type_is_time(resolve->args[0]->type)) MR_TRY(number_argument(resolve, 0, err));
    MR_TRY(percentages(resolve, 1, resolve->args[0]->type, err));
    if (resolve->arg_count == 2) return MR_OK;
    if (!mr_type_is_integer(resolve->args[2]->type)) {
        return wrong_type(resolve, 2, "an integer as accuracy", err);
    }
    MR_TRY(take(resolve, 2, MR_TYPE_LONG, err));
    MR_TRY(constant(resolve, 2, "accuracy", &accuracy, err));
    if (accuracy->u.i64 > 0 && accuracy->u.i64 <= INT32_MAX) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, 1315, "the accuracy of %s is between 1 and %d, not %lld",
                      resolve->function->name, INT32_MAX, (long long)accuracy->u.i64);
}

static mr_status resolve_mode(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(resolve_first(resolve, err));
    return check_orderable(resolve, 0, err);
}

static mr_status resolve_collect(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    if (resolve->args[0]->type->id == MR_TYPE_VOID) {
        return wrong_type(resolve, 0, "values of a type", err);
    }
    resolve->is_nullable = false;
    resolve->type = mr_type_array(resolve->builder->arena, resolve->args[0]->type, false);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

static mr_status resolve_collect_set(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    MR_TRY(check_orderable(resolve, 0, err));
    return resolve_collect(resolve, err);
}

static mr_status resolve_bool(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    resolve->type = mr_type_of(MR_TYPE_BOOLEAN);
    return take(resolve, 0, MR_TYPE_BOOLEAN, err);
}

static mr_status resolve_bits(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    resolve->type = resolve->args[0]->type;
    if (mr_type_is_integer(resolve->type)) return MR_OK;
    return wrong_type(resolve, 0, "an integer", err);
}

static mr_status resolve_string_agg(struct mr_aggregate_resolve *resolve, struct mr_err *err)
{
    bool is_binary = resolve->args[0]->type->id == MR_TYPE_BINARY;
    mr_type_id id = is_binary ? MR_TYPE_BINARY : MR_TYPE_STRING;
    resolve->type = mr_type_of(id);
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        if (mr_type_is_nested(resolve->args[k]->type)) {
            return wrong_type(resolve, k, "strings", err);
        }
        MR_TRY(take(resolve, k, id, err));
    }
    if (resolve->arg_count == 1 || resolve->args[1]->kind == MR_EXPR_LITERAL) return MR_OK;
    return mr_err_set(err, MR_E_INVALID, 1315, "the delimiter of %s has to be a constant",
                      resolve->function->name);
}

static const struct mr_aggregate_function aggregates[] = {
#define MR_AGGREGATE(name_, min_, max_, row_, flags_, op_, resolve_, usage_, doc_)                 \
    {.name = name_, .args_min = min_, .args_max = max_, .row_args = row_, .flags = flags_,         \
     .op = MR_AGG_##op_, .resolve = resolve_, .usage = usage_, .doc = doc_},
#include "core/expr/aggregates.def"
#undef MR_AGGREGATE
};

const struct mr_aggregate_function *mr_aggregate_at(uint32_t index)
{
    return index < MR_COUNT_OF(aggregates) ? &aggregates[index] : NULL;
}

const struct mr_aggregate_function *mr_aggregate_find(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(aggregates); i++) {
        if (mr_span_ieq(name, mr_span_of(aggregates[i].name))) return &aggregates[i];
    }
    return NULL;
}

static mr_status count_wrong(const struct mr_aggregate_function *f, uint32_t count,
                             struct mr_err *err)
{
    if (f->args_min == f->args_max) {
        return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %u argument%s, not %u", f->name,
                          f->args_min, f->args_min == 1 ? "" : "s", count);
    }
    if (f->args_max == MR_AGG_ARGS_ANY) {
        return mr_err_set(err, MR_E_TYPE, 1303, "%s takes at least %u argument%s, not %u", f->name,
                          f->args_min, f->args_min == 1 ? "" : "s", count);
    }
    return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %u to %u arguments, not %u", f->name,
                      f->args_min, f->args_max, count);
}

mr_status mr_aggregate_resolve(struct mr_expr_builder *builder,
                               const struct mr_aggregate_function *function,
                               const struct mr_expr *const *args, uint32_t arg_count,
                               bool is_distinct, struct mr_aggregate_call *out_call,
                               struct mr_err *err)
{
    bool has_limit = function->args_max != MR_AGG_ARGS_ANY;
    if (function->op == MR_AGG_NONE) {
        return mr_err_set(err, MR_E_UNSUPPORTED, 1004, "the aggregate function %s is not offered",
                          function->name);
    }
    if (arg_count < function->args_min || (has_limit && arg_count > function->args_max) ||
        (is_distinct && arg_count == 0)) {
        return count_wrong(function, arg_count, err);
    }
    struct mr_aggregate_resolve resolve = {.builder = builder, .function = function,
                                           .arg_count = arg_count, .is_nullable = true};
    resolve.args = MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, arg_count + 2);
    if (resolve.args == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < arg_count; i++) resolve.args[i] = args[i];
    MR_TRY(function->resolve(&resolve, err));
    *out_call = (struct mr_aggregate_call){
        .function = function, .args = resolve.args, .arg_count = resolve.arg_count,
        .type = resolve.type, .is_nullable = resolve.is_nullable,
        .is_distinct = is_distinct && !(function->flags & MR_AGG_ONCE_IS_ENOUGH)};
    return MR_OK;
}

/* Types of arrays, maps and structs. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"

static mr_status nested_wrong(const struct mr_resolve *resolve, const char *wanted,
                              struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s, not %s", resolve->function->name, wanted,
                      mr_type_describe(resolve->args[0]->type, text, sizeof text));
}

mr_status mr_resolve_subscript(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[0]->type, *index = resolve->args[1]->type;
    resolve->is_nullable = true;
    if (type->id == MR_TYPE_MAP) {
        const struct mr_type *common;
        char key[MR_TYPE_TEXT_MAX], got[MR_TYPE_TEXT_MAX];
        resolve->type = type->fields[1].type;
        MR_TRY(mr_type_common(resolve->builder->arena, type->fields[0].type, index, &common, err));
        if (common != NULL && mr_cast_is_implicit(index, type->fields[0].type)) {
            return mr_expr_implicit(resolve->builder, resolve->args[1], type->fields[0].type,
                                    &resolve->args[1], err);
        }
        return mr_err_set(err, MR_E_TYPE, 1301, "the map's keys are %s, not %s",
                          mr_type_describe(type->fields[0].type, key, sizeof key),
                          mr_type_describe(index, got, sizeof got));
    }
    if (type->id != MR_TYPE_ARRAY) return nested_wrong(resolve, "an array or a map", err);
    if (!mr_type_is_integer(index) && index->id != MR_TYPE_VOID) {
        char got[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1301, "an array's index is an integer, not %s",
                          mr_type_describe(index, got, sizeof got));
    }
    resolve->type = type->fields[0].type;
    return mr_expr_implicit(resolve->builder, resolve->args[1], mr_type_of(MR_TYPE_LONG),
                            &resolve->args[1], err);
}

mr_status mr_resolve_size(struct mr_resolve *resolve, struct mr_err *err)
{
    mr_type_id id = resolve->args[0]->type->id;
    if (id == MR_TYPE_ARRAY || id == MR_TYPE_MAP) return MR_OK;
    return nested_wrong(resolve, "an array or a map", err);
}

mr_status mr_resolve_array(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *element = mr_type_of(MR_TYPE_VOID);
    bool has_nulls = resolve->is_nullable;
    if (resolve->arg_count > 0) {
        MR_TRY(mr_expr_common(resolve->builder, resolve->args, resolve->arg_count, "array",
                              &element, err));
    }
    resolve->type = mr_type_array(resolve->builder->arena, element, has_nulls);
    resolve->is_nullable = false;
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

/* map_half: keys (from = 0) or values (from = 1) of a map's arguments, of one type. */
static mr_status map_half(struct mr_resolve *resolve, uint32_t from, const char *what,
                          const struct mr_type **out_type, bool *out_has_nulls, struct mr_err *err)
{
    uint32_t count = resolve->arg_count / 2;
    const struct mr_expr **half =
        MR_ARENA_ARRAY(resolve->builder->arena, const struct mr_expr *, count);
    if (half == NULL) return mr_expr_nomem(err);
    *out_type = mr_type_of(MR_TYPE_VOID);
    *out_has_nulls = false;
    for (uint32_t i = 0; i < count; i++) {
        half[i] = resolve->args[2 * i + from];
        *out_has_nulls = *out_has_nulls || half[i]->is_nullable;
    }
    if (count > 0) MR_TRY(mr_expr_common(resolve->builder, half, count, what, out_type, err));
    for (uint32_t i = 0; i < count; i++) resolve->args[2 * i + from] = half[i];
    return MR_OK;
}

mr_status mr_resolve_map(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *key, *value;
    bool has_null_keys, has_nulls;
    if (resolve->arg_count % 2 != 0) {
        return mr_err_set(err, MR_E_TYPE, 1303, "map takes keys and values in pairs");
    }
    MR_TRY(map_half(resolve, 0, "the keys of map", &key, &has_null_keys, err));
    MR_TRY(map_half(resolve, 1, "the values of map", &value, &has_nulls, err));
    resolve->type = mr_type_map(resolve->builder->arena, key, value, has_nulls);
    resolve->is_nullable = false;
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

static mr_status struct_name(struct mr_resolve *resolve, uint32_t i, struct mr_span *out_name,
                             struct mr_err *err)
{
    const struct mr_expr *arg = resolve->args[i];
    if (resolve->function->op == MR_OP_ADD) {
        if (arg->kind != MR_EXPR_LITERAL || arg->type->id != MR_TYPE_STRING || arg->value.is_null) {
            return mr_err_set(err, MR_E_TYPE, 1301, "named_struct takes constant strings as names");
        }
        *out_name = arg->value.u.text;
        return MR_OK;
    }
    if (arg->kind == MR_EXPR_COLUMN || arg->kind == MR_EXPR_FIELD) {
        *out_name = arg->name;
        return MR_OK;
    }
    char *name = mr_arena_format(resolve->builder->arena, "col%u", i + 1);
    *out_name = mr_span_of(name);
    return name == NULL ? mr_expr_nomem(err) : MR_OK;
}

mr_status mr_resolve_struct(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_named = resolve->function->op == MR_OP_ADD;
    uint32_t count = is_named ? resolve->arg_count / 2 : resolve->arg_count;
    if (is_named && resolve->arg_count % 2 != 0) {
        return mr_err_set(err, MR_E_TYPE, 1303, "named_struct takes names and values in pairs");
    }
    struct mr_field *fields = MR_ARENA_ARRAY(resolve->builder->arena, struct mr_field, count);
    if (fields == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        const struct mr_expr *value = resolve->args[is_named ? 2 * i + 1 : i];
        MR_TRY(struct_name(resolve, is_named ? 2 * i : i, &fields[i].name, err));
        fields[i].type = value->type;
        fields[i].is_nullable = value->is_nullable;
    }
    resolve->type = mr_type_struct(resolve->builder->arena, fields, count);
    resolve->is_nullable = false;
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

/* Types of the array and map functions. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/order.h"

static mr_status list_wrong(const struct mr_resolve *resolve, uint32_t k, const char *wanted,
                            struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s",
                      resolve->function->name, wanted, k + 1,
                      mr_type_describe(resolve->args[k]->type, text, sizeof text));
}

static mr_status take_list(const struct mr_resolve *resolve, uint32_t k, mr_type_id id,
                           struct mr_err *err)
{
    if (resolve->args[k]->type->id == id) return MR_OK;
    return list_wrong(resolve, k, id == MR_TYPE_MAP ? "a map" : "an array", err);
}

static mr_status type_made(struct mr_resolve *resolve, const struct mr_type *type,
                           struct mr_err *err)
{
    resolve->type = type;
    return type == NULL ? mr_expr_nomem(err) : MR_OK;
}

static mr_status take_int(struct mr_resolve *resolve, uint32_t k, struct mr_err *err)
{
    const struct mr_type *type = resolve->args[k]->type, *integer = mr_type_of(MR_TYPE_INT);
    bool is_fit = type->id == MR_TYPE_VOID ||
                  (mr_type_is_number(type) && mr_cast_is_implicit(type, integer)) ||
                  type->id == MR_TYPE_STRING;
    if (!is_fit) return list_wrong(resolve, k, "INT", err);
    return mr_expr_implicit(resolve->builder, resolve->args[k], integer, &resolve->args[k], err);
}

/* common_strict: the type both meet in without a string becoming something else. */
static mr_status common_strict(struct mr_resolve *resolve, const struct mr_type *a,
                               const struct mr_type *b, const struct mr_type **out_type,
                               struct mr_err *err)
{
    bool is_string = a->id == MR_TYPE_STRING, other = b->id == MR_TYPE_STRING;
    *out_type = NULL;
    if (is_string != other && a->id != MR_TYPE_VOID && b->id != MR_TYPE_VOID) return MR_OK;
    return mr_type_common(resolve->builder->arena, a, b, out_type, err);
}

/* meet_element: array `list` and value `k` come to one element type. */
static mr_status meet_element(struct mr_resolve *resolve, uint32_t list, uint32_t k,
                              struct mr_err *err)
{
    const struct mr_type *array = resolve->args[list]->type, *common;
    MR_TRY(take_list(resolve, list, MR_TYPE_ARRAY, err));
    MR_TRY(common_strict(resolve, array->fields[0].type, resolve->args[k]->type, &common, err));
    if (common == NULL) return list_wrong(resolve, k, "a value of the array's type", err);
    const struct mr_type *type =
        mr_type_array(resolve->builder->arena, common, array->fields[0].is_nullable);
    if (type == NULL) return mr_expr_nomem(err);
    MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[list], type, &resolve->args[list],
                            err));
    return mr_expr_implicit(resolve->builder, resolve->args[k], common, &resolve->args[k], err);
}

static mr_status check_comparable(const struct mr_resolve *resolve, uint32_t k,
                                  const struct mr_type *type, struct mr_err *err)
{
    if (mr_type_is_orderable(type)) return MR_OK;
    return list_wrong(resolve, k, "values that compare", err);
}

/* array_contains, array_position, array_remove. */
mr_status mr_resolve_list_value(struct mr_resolve *resolve, struct mr_err *err)
{
    mr_op op = resolve->function->op;
    if (resolve->args[1]->type->id == MR_TYPE_VOID && op != MR_OP_REMOVE) {
        return list_wrong(resolve, 1, "a value", err);
    }
    MR_TRY(meet_element(resolve, 0, 1, err));
    MR_TRY(check_comparable(resolve, 1, resolve->args[1]->type, err));
    bool is_contains = op == MR_OP_CONTAINS;
    if (is_contains && resolve->args[0]->type->fields[0].is_nullable) resolve->is_nullable = true;
    if (op == MR_OP_REMOVE) resolve->type = resolve->args[0]->type;
    return MR_OK;
}

/* array_append, array_prepend, array_insert: the element may be null. */
mr_status mr_resolve_list_add(struct mr_resolve *resolve, struct mr_err *err)
{
    bool is_insert = resolve->function->op == MR_OP_INSERT;
    uint32_t value = is_insert ? 2 : 1;
    resolve->is_nullable =
        resolve->args[0]->is_nullable || (is_insert && resolve->args[1]->is_nullable);
    MR_TRY(meet_element(resolve, 0, value, err));
    if (is_insert) MR_TRY(take_int(resolve, 1, err));
    const struct mr_type *array = resolve->args[0]->type;
    bool has_nulls =
        is_insert || array->fields[0].is_nullable || resolve->args[value]->is_nullable;
    return type_made(resolve,
                     mr_type_array(resolve->builder->arena, array->fields[0].type, has_nulls),
                     err);
}

/* array_union and its like: arrays of one type. */
mr_status mr_resolve_list_set(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *common, *a, *b;
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    MR_TRY(take_list(resolve, 1, MR_TYPE_ARRAY, err));
    a = resolve->args[0]->type;
    b = resolve->args[1]->type;
    MR_TRY(common_strict(resolve, a->fields[0].type, b->fields[0].type, &common, err));
    if (common == NULL) return list_wrong(resolve, 1, "an array of the first one's type", err);
    MR_TRY(check_comparable(resolve, 0, common, err));
    for (uint32_t k = 0; k < 2; k++) {
        const struct mr_type *type = mr_type_array(
            resolve->builder->arena, common, resolve->args[k]->type->fields[0].is_nullable);
        if (type == NULL) return mr_expr_nomem(err);
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[k], type, &resolve->args[k], err));
    }
    bool null_a = a->fields[0].is_nullable, null_b = b->fields[0].is_nullable;
    mr_op op = resolve->function->op;
    if (op == MR_OP_OVERLAP) {
        resolve->is_nullable = resolve->is_nullable || null_a || null_b;
        return MR_OK;
    }
    bool has_nulls = op == MR_OP_UNION       ? null_a || null_b
                     : op == MR_OP_INTERSECT ? null_a && null_b
                                             : null_a;
    return type_made(resolve, mr_type_array(resolve->builder->arena, common, has_nulls), err);
}

/* Functions of one array that give an array of its type. */
mr_status mr_resolve_list_same(struct mr_resolve *resolve, struct mr_err *err)
{
    mr_op op = resolve->function->op;
    const struct mr_type *type = resolve->args[0]->type;
    if (op == MR_OP_REVERSE && type->id != MR_TYPE_ARRAY) {
        if (!mr_cast_is_implicit(type, mr_type_of(MR_TYPE_STRING)) || mr_type_is_nested(type)) {
            return list_wrong(resolve, 0, "a string or an array", err);
        }
        resolve->type = mr_type_of(MR_TYPE_STRING);
        return mr_expr_implicit(resolve->builder, resolve->args[0], resolve->type,
                                &resolve->args[0], err);
    }
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    resolve->type = type;
    if (op == MR_OP_DISTINCT) return check_comparable(resolve, 0, type, err);
    if (op == MR_OP_COMPACT) {
        return type_made(resolve,
                         mr_type_array(resolve->builder->arena, type->fields[0].type, false), err);
    }
    if (op != MR_OP_SLICE) return MR_OK;
    MR_TRY(take_int(resolve, 1, err));
    return take_int(resolve, 2, err);
}

mr_status mr_resolve_sort_array(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    MR_TRY(check_comparable(resolve, 0, resolve->args[0]->type, err));
    resolve->type = resolve->args[0]->type;
    resolve->is_nullable = resolve->args[0]->is_nullable;
    if (resolve->arg_count == 1) return MR_OK;
    const struct mr_expr *order = resolve->args[1];
    bool is_fit = order->is_constant && order->type->id == MR_TYPE_BOOLEAN && !order->is_nullable;
    return is_fit ? MR_OK : list_wrong(resolve, 1, "a constant boolean", err);
}

/* array_min, array_max. */
mr_status mr_resolve_list_extreme(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    MR_TRY(check_comparable(resolve, 0, resolve->args[0]->type, err));
    resolve->is_nullable = true;
    resolve->type = resolve->args[0]->type->fields[0].type;
    return MR_OK;
}

mr_status mr_resolve_list_repeat(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_int(resolve, 1, err));
    resolve->is_nullable = resolve->args[1]->is_nullable;
    return type_made(resolve,
                     mr_type_array(resolve->builder->arena, resolve->args[0]->type,
                                   resolve->args[0]->is_nullable),
                     err);
}

mr_status mr_resolve_flatten(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    const struct mr_field *element = &resolve->args[0]->type->fields[0];
    if (element->type->id != MR_TYPE_ARRAY) {
        return list_wrong(resolve, 0, "an array of arrays", err);
    }
    resolve->is_nullable = resolve->args[0]->is_nullable || element->is_nullable;
    resolve->type = element->type;
    return MR_OK;
}

mr_status mr_resolve_array_join(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    const struct mr_field *element = &resolve->args[0]->type->fields[0];
    const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
    if (mr_type_is_nested(element->type)) {
        return list_wrong(resolve, 0, "an array of strings", err);
    }
    const struct mr_type *type =
        mr_type_array(resolve->builder->arena, string, element->is_nullable);
    if (type == NULL) return mr_expr_nomem(err);
    MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[0], type, &resolve->args[0], err));
    for (uint32_t k = 1; k < resolve->arg_count; k++) {
        if (mr_type_is_nested(resolve->args[k]->type)) {
            return list_wrong(resolve, k, "a string", err);
        }
        MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[k], string, &resolve->args[k],
                                err));
    }
    return MR_OK;
}

mr_status mr_resolve_arrays_zip(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, resolve->arg_count);
    if (fields == NULL) return mr_expr_nomem(err);
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        const struct mr_expr *arg = resolve->args[k];
        MR_TRY(take_list(resolve, k, MR_TYPE_ARRAY, err));
        bool is_named = arg->kind == MR_EXPR_COLUMN || arg->kind == MR_EXPR_FIELD;
        const char *number = mr_arena_format(arena, "%u", k);
        if (number == NULL) return mr_expr_nomem(err);
        fields[k] = (struct mr_field){.name = is_named ? arg->name : mr_span_of(number),
                                      .type = arg->type->fields[0].type, .is_nullable = true};
    }
    const struct mr_type *element = mr_type_struct(arena, fields, resolve->arg_count);
    if (element == NULL) return mr_expr_nomem(err);
    return type_made(resolve, mr_type_array(arena, element, false), err);
}

/* ---- maps ---- */

mr_status mr_resolve_map_part(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    MR_TRY(take_list(resolve, 0, MR_TYPE_MAP, err));
    const struct mr_field *fields = resolve->args[0]->type->fields;
    switch ((mr_op)resolve->function->op) {
    case MR_OP_KEYS: return type_made(resolve, mr_type_array(arena, fields[0].type, false), err);
    case MR_OP_VALUES:
        return type_made(resolve, mr_type_array(arena, fields[1].type, fields[1].is_nullable),
                         err);
    default: break;
    }
    struct mr_field entry[2] = {{.name = MR_SPAN("key"), .type = fields[0].type},
                                {.name = MR_SPAN("value"), .type = fields[1].type,
                                 .is_nullable = fields[1].is_nullable}};
    const struct mr_type *element = mr_type_struct(arena, entry, 2);
    if (element == NULL) return mr_expr_nomem(err);
    return type_made(resolve, mr_type_array(arena, element, false), err);
}

mr_status mr_resolve_map_from_arrays(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    MR_TRY(take_list(resolve, 1, MR_TYPE_ARRAY, err));
    const struct mr_field *key = resolve->args[0]->type->fields;
    const struct mr_field *value = resolve->args[1]->type->fields;
    return type_made(resolve, mr_type_map(resolve->builder->arena, key->type, value->type,
                                          value->is_nullable), err);
}

mr_status mr_resolve_map_from_entries(struct mr_resolve *resolve, struct mr_err *err)
{
    MR_TRY(take_list(resolve, 0, MR_TYPE_ARRAY, err));
    const struct mr_field *element = resolve->args[0]->type->fields;
    if (element->type->id != MR_TYPE_STRUCT || element->type->field_count != 2) {
        return list_wrong(resolve, 0, "an array of pairs", err);
    }
    const struct mr_field *pair = element->type->fields;
    resolve->is_nullable = resolve->args[0]->is_nullable || element->is_nullable;
    return type_made(resolve, mr_type_map(resolve->builder->arena, pair[0].type, pair[1].type,
                                          pair[1].is_nullable), err);
}

mr_status mr_resolve_map_concat(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *type;
    if (resolve->arg_count == 0) {
        const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
        return type_made(resolve, mr_type_map(resolve->builder->arena, string, string, false),
                         err);
    }
    for (uint32_t k = 0; k < resolve->arg_count; k++) {
        MR_TRY(take_list(resolve, k, MR_TYPE_MAP, err));
    }
    MR_TRY(mr_expr_common(resolve->builder, resolve->args, resolve->arg_count, "map_concat", &type,
                          err));
    resolve->type = type;
    return MR_OK;
}

mr_status mr_resolve_map_contains(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *common;
    MR_TRY(take_list(resolve, 0, MR_TYPE_MAP, err));
    const struct mr_field *fields = resolve->args[0]->type->fields;
    MR_TRY(common_strict(resolve, fields[0].type, resolve->args[1]->type, &common, err));
    if (common == NULL || resolve->args[1]->type->id == MR_TYPE_VOID) {
        return list_wrong(resolve, 1, "a value of the keys' type", err);
    }
    const struct mr_type *type = mr_type_map(resolve->builder->arena, common, fields[1].type,
                                             fields[1].is_nullable);
    if (type == NULL) return mr_expr_nomem(err);
    MR_TRY(mr_expr_implicit(resolve->builder, resolve->args[0], type, &resolve->args[0], err));
    return mr_expr_implicit(resolve->builder, resolve->args[1], common, &resolve->args[1], err);
}

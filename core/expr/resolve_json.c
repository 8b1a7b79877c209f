/* Types of the JSON functions. */
#include "core/base/checked.h"
#include "core/expr/expr_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/json_impl.h"

static mr_status wrong(const struct mr_resolve *resolve, uint32_t k, const char *wanted,
                       struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s as argument %u, not %s",
                      resolve->function->name, wanted, k + 1,
                      mr_type_describe(resolve->args[k]->type, text, sizeof text));
}

static bool is_text_constant(const struct mr_expr *expr)
{
    return expr->kind == MR_EXPR_LITERAL && expr->type->id == MR_TYPE_STRING &&
           !expr->value.is_null;
}

/* take_codec: the reader, or a refusal. */
static mr_status take_codec(struct mr_resolve *resolve, struct mr_json_detail *detail,
                            struct mr_err *err)
{
    detail->codec = resolve->builder->json;
    if (detail->codec != NULL) return MR_OK;
    return mr_err_set(err, MR_E_UNSUPPORTED, 1004, "%s is not supported here in this version",
                      resolve->function->name);
}

/* take_settings: argument `k`, if there, is map('name', 'value', ...) of constants. */
static mr_status take_settings(struct mr_resolve *resolve, uint32_t k,
                               struct mr_json_settings *settings, struct mr_err *err)
{
    *settings = (struct mr_json_settings){0};
    if (resolve->arg_count <= k) return MR_OK;
    const struct mr_expr *map = resolve->args[k];
    bool is_map = map->kind == MR_EXPR_CALL && strcmp(map->function->name, "map") == 0;
    for (uint32_t i = 0; is_map && i < map->arg_count; i++) {
        is_map = is_text_constant(map->args[i]);
    }
    if (!is_map) return wrong(resolve, k, "map('option', 'value', ...) of constants", err);
    struct mr_span *texts =
        MR_ARENA_ARRAY(resolve->builder->arena, struct mr_span, map->arg_count);
    if (texts == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < map->arg_count; i++) texts[i] = map->args[i]->value.u.text;
    *settings = (struct mr_json_settings){texts, map->arg_count / 2};
    return MR_OK;
}

static bool has_text_keys(const struct mr_type *type)
{
    if (type->id == MR_TYPE_MAP && type->fields[0].type->id != MR_TYPE_STRING) return false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (!has_text_keys(type->fields[i].type)) return false;
    }
    return true;
}

/* nullable: the type with nulls allowed everywhere, as what is read from outside. */
static const struct mr_type *nullable(struct mr_arena *arena, const struct mr_type *type)
{
    if (!mr_type_is_nested(type)) return type;
    struct mr_field *fields = MR_ARENA_ARRAY(arena, struct mr_field, type->field_count);
    if (fields == NULL) return NULL;
    for (uint32_t i = 0; i < type->field_count; i++) {
        fields[i] = type->fields[i];
        fields[i].is_nullable = true;
        fields[i].type = nullable(arena, type->fields[i].type);
        if (fields[i].type == NULL) return NULL;
    }
    switch (type->id) {
    case MR_TYPE_STRUCT: return mr_type_struct(arena, fields, type->field_count);
    case MR_TYPE_ARRAY: return mr_type_array(arena, fields[0].type, true);
    default: return mr_type_map(arena, fields[0].type, fields[1].type, true);
    }
}

/* take_text: argument 0 is a string, and not what could become one. */
static mr_status take_text(struct mr_resolve *resolve, struct mr_err *err)
{
    mr_type_id id = resolve->args[0]->type->id;
    if (id != MR_TYPE_STRING && id != MR_TYPE_VOID) return wrong(resolve, 0, "STRING", err);
    return mr_expr_implicit(resolve->builder, resolve->args[0], mr_type_of(MR_TYPE_STRING),
                            &resolve->args[0], err);
}

mr_status mr_resolve_from_json(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_arena *arena = resolve->builder->arena;
    struct mr_json_detail *detail = MR_ARENA_NEW(arena, struct mr_json_detail);
    const struct mr_type *type;
    if (detail == NULL) return mr_expr_nomem(err);
    MR_TRY(take_codec(resolve, detail, err));
    MR_TRY(take_text(resolve, err));
    if (!is_text_constant(resolve->args[1])) {
        return mr_err_set(err, MR_E_TYPE, 1301, "from_json takes a constant schema");
    }
    MR_TRY(detail->codec->read_type(arena, resolve->args[1]->value.u.text, &type, err));
    if (!mr_type_is_nested(type) || !has_text_keys(type)) {
        char text[MR_TYPE_TEXT_MAX];
        return mr_err_set(err, MR_E_TYPE, 1301,
                          "from_json gives a struct, an array or a map with string keys, not %s",
                          mr_type_describe(type, text, sizeof text));
    }
    MR_TRY(take_settings(resolve, 2, &detail->settings, err));
    MR_TRY(detail->codec->check(&detail->settings, err));
    resolve->type = nullable(arena, type);
    if (resolve->type == NULL) return mr_expr_nomem(err);
    struct mr_field value = {.name = MR_SPAN("value"), .type = resolve->type, .is_nullable = true};
    detail->is_wrapped = type->id != MR_TYPE_STRUCT;
    detail->schema = detail->is_wrapped ? mr_type_struct(arena, &value, 1) : resolve->type;
    resolve->is_nullable = true;
    resolve->detail = detail;
    resolve->shown_count = 1;
    return detail->schema == NULL ? mr_expr_nomem(err) : MR_OK;
}

mr_status mr_resolve_to_json(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_json_detail *detail = MR_ARENA_NEW(resolve->builder->arena, struct mr_json_detail);
    if (detail == NULL) return mr_expr_nomem(err);
    if (!mr_type_is_nested(resolve->args[0]->type)) {
        return wrong(resolve, 0, "a struct, an array or a map", err);
    }
    MR_TRY(take_settings(resolve, 1, &detail->settings, err));
    for (uint32_t i = 0; i < detail->settings.count; i++) {
        struct mr_span name = detail->settings.texts[2 * i];
        struct mr_span value = detail->settings.texts[2 * i + 1];
        bool is_true = mr_span_ieq(value, MR_SPAN("true"));
        bool is_flag = is_true || mr_span_ieq(value, MR_SPAN("false"));
        if (!mr_span_ieq(name, MR_SPAN("ignoreNullFields")) || !is_flag) {
            return mr_err_set(err, MR_E_UNSUPPORTED, 1004,
                              "to_json does not support the option \"%.*s\" = \"%.*s\"",
                              (int)name.bytes, name.text, (int)value.bytes, value.text);
        }
        detail->keeps_nulls = !is_true;
    }
    resolve->detail = detail;
    resolve->shown_count = 1;
    return MR_OK;
}

mr_status mr_resolve_schema_of_json(struct mr_resolve *resolve, struct mr_err *err)
{
    struct mr_json_detail detail;
    const struct mr_type *type;
    struct mr_text text;
    MR_TRY(take_codec(resolve, &detail, err));
    if (!is_text_constant(resolve->args[0])) {
        return mr_err_set(err, MR_E_TYPE, 1301, "schema_of_json takes a constant text");
    }
    MR_TRY(take_settings(resolve, 1, &detail.settings, err));
    MR_TRY(detail.codec->infer(resolve->builder->arena, &detail.settings,
                               resolve->args[0]->value.u.text, &type, err));
    mr_text_init(&text, resolve->builder->arena->heap);
    mr_type_write_words(type, &text);
    mr_status status = mr_text_end(&text, err);
    struct mr_span copy = {NULL, text.used};
    if (status == MR_OK) copy.text = mr_arena_copy(resolve->builder->arena, mr_text_span(&text));
    mr_text_fini(&text);
    if (status != MR_OK) return status;
    if (copy.text == NULL) return mr_expr_nomem(err);
    return mr_expr_string(resolve->builder, copy, &resolve->rewritten, err);
}

mr_status mr_resolve_json_keys(struct mr_resolve *resolve, struct mr_err *err)
{
    const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
    resolve->is_nullable = true;
    resolve->type = mr_type_array(resolve->builder->arena, string, true);
    return resolve->type == NULL ? mr_expr_nomem(err) : MR_OK;
}

#include "core/sql/build_impl.h"
#include "core/sql/name_set_impl.h"

#include "core/base/checked.h"
#include "core/base/nearest.h"

static const struct {
    const char *name;
    mr_type_id id;
} type_words[] = {
    {"boolean", MR_TYPE_BOOLEAN},
    {"tinyint", MR_TYPE_BYTE},
    {"byte", MR_TYPE_BYTE},
    {"smallint", MR_TYPE_SHORT},
    {"short", MR_TYPE_SHORT},
    {"int", MR_TYPE_INT},
    {"integer", MR_TYPE_INT},
    {"bigint", MR_TYPE_LONG},
    {"long", MR_TYPE_LONG},
    {"float", MR_TYPE_FLOAT},
    {"real", MR_TYPE_FLOAT},
    {"double", MR_TYPE_DOUBLE},
    {"string", MR_TYPE_STRING},
    {"binary", MR_TYPE_BINARY},
    {"date", MR_TYPE_DATE},
    {"timestamp", MR_TYPE_TIMESTAMP},
    {"timestamp_ltz", MR_TYPE_TIMESTAMP},
    {"timestamp_ntz", MR_TYPE_TIMESTAMP_NTZ},
    {"void", MR_TYPE_VOID},
};

static const char *const decimal_words[] = {"decimal", "dec", "numeric"};
static const char *const text_words[] = {"varchar", "char", "character"};
static const char *const later_words[] = {"variant",   "interval", "object",
                                          "geography", "geometry", "time"};

static bool is_word_of(struct mr_span word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mr_span_ieq(word, mr_span_of(words[i]))) return true;
    }
    return false;
}

static void fail_unknown(struct mr_sql_parser *p, const struct mr_sql_name *name)
{
    struct mr_span word = name->text;
    if (is_word_of(word, later_words, MR_COUNT_OF(later_words))) {
        mr_sql_fail(p, name->pos, MR_E_UNSUPPORTED, 1004, "type %.*s is not supported yet",
                    (int)word.bytes, word.text);
        return;
    }
    mr_sql_fail(p, name->pos, MR_E_SYNTAX, 1006, "unknown type \"%.*s\"",
                (int)MR_MIN(word.bytes, (size_t)64), word.text);
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, word);
    for (size_t i = 0; i < MR_COUNT_OF(type_words); i++) {
        mr_nearest_offer(&nearest, mr_span_of(type_words[i].name));
    }
    mr_nearest_offer(&nearest, MR_SPAN("decimal"));
    if (nearest.best.bytes > 0) mr_sql_fail_help(p, "did you mean %s?", nearest.best.text);
}

/* The value of an INTEGER token, saturated. */
static unsigned long token_value(const struct mr_sql_token *token)
{
    unsigned long value = 0;
    for (size_t i = 0; i < token->text.bytes; i++) {
        value = MR_MIN(value * 10 + (unsigned long)(token->text.text[i] - '0'), 1000000000ul);
    }
    return value;
}

static struct mr_sql_typed type_made(struct mr_sql_parser *p, const struct mr_type *type,
                                     struct mr_sql_pos pos)
{
    if (type == NULL) mr_sql_fail_memory(p);
    return (struct mr_sql_typed){.type = type, .pos = pos};
}

static struct mr_sql_typed type_decimal(struct mr_sql_parser *p, struct mr_sql_pos pos,
                                        const struct mr_sql_token *x, const struct mr_sql_token *y)
{
    struct mr_sql_typed none = {.pos = pos};
    unsigned long precision = x == NULL ? 10 : token_value(x);
    unsigned long scale = y == NULL ? 0 : token_value(y);
    if (precision < 1 || precision > MR_DECIMAL_PRECISION_MAX) {
        mr_sql_fail(p, x->pos, MR_E_SYNTAX, 1006, "a decimal has 1 to %d digits",
                    MR_DECIMAL_PRECISION_MAX);
        return none;
    }
    if (scale > precision) {
        mr_sql_fail(p, y->pos, MR_E_SYNTAX, 1006,
                    "a decimal of %lu digits cannot have %lu behind the point", precision, scale);
        return none;
    }
    return type_made(p, mr_type_decimal(p->arena, (unsigned)precision, (unsigned)scale), pos);
}

struct mr_sql_typed mr_sql_type_named(struct mr_sql_parser *p, const struct mr_sql_name *name,
                                      const struct mr_sql_token *x, const struct mr_sql_token *y)
{
    struct mr_sql_typed none = {0};
    if (name == NULL || p->status != MR_OK) return none;
    struct mr_sql_pos pos = name->pos;
    if (x != NULL) pos = mr_sql_pos_join(pos, y != NULL ? y->pos : x->pos);
    if (is_word_of(name->text, decimal_words, MR_COUNT_OF(decimal_words))) {
        return type_decimal(p, pos, x, y);
    }
    if (is_word_of(name->text, text_words, MR_COUNT_OF(text_words))) {
        if (x == NULL || y != NULL) {
            mr_sql_fail(p, name->pos, MR_E_SYNTAX, 1006, "%.*s needs one length",
                        (int)name->text.bytes, name->text.text);
        }
        return type_made(p, mr_type_of(MR_TYPE_STRING), pos);
    }
    for (size_t i = 0; i < MR_COUNT_OF(type_words); i++) {
        if (!mr_span_ieq(name->text, mr_span_of(type_words[i].name))) continue;
        if (x != NULL) {
            mr_sql_fail(p, x->pos, MR_E_SYNTAX, 1006, "type %s takes no length",
                        type_words[i].name);
        }
        return type_made(p, mr_type_of(type_words[i].id), pos);
    }
    fail_unknown(p, name);
    return none;
}

static unsigned type_depth(const struct mr_type *type)
{
    unsigned depth = 0;
    for (uint32_t i = 0; i < type->field_count; i++) {
        unsigned below = type_depth(type->fields[i].type);
        depth = MR_MAX(depth, below);
    }
    return depth + 1;
}

/* Whether a nested type may hold `type`; all types made so far are within the limit. */
static bool is_shallow(struct mr_sql_parser *p, const struct mr_type *type, struct mr_sql_pos pos)
{
    if (type_depth(type) < MR_TYPE_DEPTH_MAX) return true;
    mr_sql_fail(p, pos, MR_E_SYNTAX, 1003, "a type is nested deeper than %d", MR_TYPE_DEPTH_MAX);
    return false;
}

struct mr_sql_typed mr_sql_type_array(struct mr_sql_parser *p, struct mr_sql_typed element)
{
    if (element.type == NULL || !is_shallow(p, element.type, element.pos)) return element;
    return type_made(p, mr_type_array(p->arena, element.type, true), element.pos);
}

struct mr_sql_typed mr_sql_type_map(struct mr_sql_parser *p, struct mr_sql_typed key,
                                    struct mr_sql_typed value)
{
    struct mr_sql_typed none = {.pos = key.pos};
    if (key.type == NULL || value.type == NULL) return none;
    if (!is_shallow(p, key.type, key.pos) || !is_shallow(p, value.type, value.pos)) return none;
    if (key.type->id == MR_TYPE_MAP) {
        mr_sql_fail(p, key.pos, MR_E_SYNTAX, 1006, "a map cannot be the key of a map");
        return none;
    }
    return type_made(p, mr_type_map(p->arena, key.type, value.type, true),
                     mr_sql_pos_join(key.pos, value.pos));
}

/* The metadata of a field with a comment: {"comment":"..."}. */
static struct mr_span comment_metadata(struct mr_sql_parser *p, struct mr_span comment)
{
    struct mr_span metadata = {NULL, 0};
    struct mr_text text;
    if (comment.bytes == 0) return metadata;
    mr_text_init(&text, p->arena->heap);
    mr_text_adds(&text, "{\"comment\":");
    mr_text_add_json(&text, comment);
    mr_text_addc(&text, '}');
    char *copy =
        mr_text_end(&text, NULL) == MR_OK ? mr_arena_copy(p->arena, mr_text_span(&text)) : NULL;
    if (copy == NULL)
        mr_sql_fail_memory(p);
    else
        metadata = (struct mr_span){copy, text.used};
    mr_text_fini(&text);
    return metadata;
}

static void fail_duplicate(struct mr_sql_parser *p, const struct mr_sql_column *column)
{
    mr_sql_fail(p, column->name->pos, MR_E_SYNTAX, 1007, "column \"%.*s\" appears twice",
                (int)MR_MIN(column->name->text.bytes, (size_t)128), column->name->text.text);
    mr_sql_fail_help(p, "names are compared without regard to case");
}

void mr_sql_check_columns(struct mr_sql_parser *p, const struct mr_sql_columns *columns)
{
    struct mr_name_set names;
    mr_name_set_init(&names, p->arena->heap, false);
    for (const struct mr_sql_column *c = columns->first; c != NULL && p->status == MR_OK;
         c = c->next) {
        mr_name_added added = mr_name_set_add(&names, c->name->text);
        if (added == MR_NAME_REPEATED) fail_duplicate(p, c);
        if (added == MR_NAME_NO_MEMORY) mr_sql_fail_memory(p);
    }
    mr_name_set_fini(&names);
}

struct mr_sql_typed mr_sql_type_struct(struct mr_sql_parser *p, const struct mr_sql_columns *fields)
{
    struct mr_sql_typed none = {0};
    if (p->status != MR_OK) return none;
    if (fields == NULL) return type_made(p, mr_type_struct(p->arena, NULL, 0), p->at->pos);
    mr_sql_check_columns(p, fields);
    struct mr_field *made = mr_sql_new(p, (fields->count + (size_t)1) * sizeof *made);
    if (made == NULL) return none;
    uint32_t count = 0;
    for (const struct mr_sql_column *c = fields->first; c != NULL; c = c->next) {
        if (!is_shallow(p, c->type, c->pos)) return none;
        made[count++] = (struct mr_field){.name = c->name->text,
                                          .type = c->type,
                                          .is_nullable = !c->is_not_null,
                                          .metadata = comment_metadata(p, c->comment)};
    }
    if (p->status != MR_OK) return none;
    struct mr_sql_pos pos = mr_sql_pos_join(fields->first->pos, fields->last->pos);
    return type_made(p, mr_type_struct(p->arena, made, count), pos);
}

/* ---- columns ---- */

struct mr_sql_columns mr_sql_columns_none(void)
{
    return (struct mr_sql_columns){0};
}

struct mr_sql_columns mr_sql_columns_add(struct mr_sql_columns list, struct mr_sql_column *column)
{
    if (column == NULL) return list;
    if (list.first == NULL)
        list.first = column;
    else
        list.last->next = column;
    list.last = column;
    list.count++;
    return list;
}

struct mr_sql_column *mr_sql_column_new(struct mr_sql_parser *p, struct mr_sql_name *name,
                                        const struct mr_sql_typed *type)
{
    if (name == NULL || (type != NULL && type->type == NULL)) return NULL;
    struct mr_sql_column *column = MR_SQL_NEW(p, struct mr_sql_column);
    if (column == NULL) return NULL;
    column->name = name;
    column->type = type == NULL ? NULL : type->type;
    column->pos = name->pos;
    return column;
}

struct mr_sql_column *mr_sql_hint_new(struct mr_sql_parser *p, struct mr_sql_names path,
                                      const struct mr_sql_typed *type)
{
    struct mr_sql_column *column = mr_sql_column_new(p, path.first, type);
    if (column == NULL) return NULL;
    column->path = path;
    column->pos = path.pos;
    return column;
}

struct mr_sql_column *mr_sql_column_not_null(struct mr_sql_column *column)
{
    if (column != NULL) column->is_not_null = true;
    return column;
}

struct mr_sql_column *mr_sql_column_comment(struct mr_sql_column *column,
                                            struct mr_sql_string comment)
{
    if (column != NULL) column->comment = comment.text;
    return column;
}

struct mr_sql_column *mr_sql_column_default(struct mr_sql_column *column, struct mr_sql_expr *expr)
{
    if (column != NULL) column->default_expr = expr;
    return column;
}

struct mr_sql_column *mr_sql_column_generated(struct mr_sql_column *column,
                                              struct mr_sql_expr *expr)
{
    if (column != NULL) column->generated = expr;
    return column;
}

struct mr_sql_column *mr_sql_column_mask(struct mr_sql_column *column, struct mr_sql_names name)
{
    if (column != NULL) column->mask = name;
    return column;
}

struct mr_sql_column *mr_sql_column_key(struct mr_sql_column *column)
{
    if (column != NULL) column->is_primary_key = true;
    return column;
}

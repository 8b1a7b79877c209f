#include "core/sql/build_impl.h"

#include <stdalign.h>
#include <stdio.h>

#include "core/base/assert.h"

void mr_sql_fail(struct mr_sql_parser *p, struct mr_sql_pos pos, mr_status status, uint32_t code,
                 const char *fmt, ...)
{
    char message[MR_ERR_MESSAGE_MAX];
    va_list args;
    MR_ASSERT(status != MR_OK);
    if (p->status != MR_OK) return;
    va_start(args, fmt);
    (void)vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    p->status = mr_err_set(p->err, status, code, "%s", message);
    if (p->err == NULL) return;
    p->err->line = pos.line;
    p->err->column = pos.column;
    p->err->width = pos.width;
    mr_err_at(p->err, pos.off);
}

void mr_sql_fail_memory(struct mr_sql_parser *p)
{
    if (p->status != MR_OK) return;
    p->status = mr_err_set(p->err, MR_E_NOMEM, 0, "out of memory while parsing SQL");
}

void mr_sql_fail_help(struct mr_sql_parser *p, const char *fmt, ...)
{
    va_list args;
    if (p->err == NULL) return;
    va_start(args, fmt);
    (void)vsnprintf(p->err->help, sizeof p->err->help, fmt, args);
    va_end(args);
}

void *mr_sql_new(struct mr_sql_parser *p, size_t bytes)
{
    if (p->status != MR_OK) return NULL;
    void *made = mr_arena_zeroed(p->arena, bytes, alignof(max_align_t));
    if (made == NULL) mr_sql_fail_memory(p);
    return made;
}

struct mr_sql_pos mr_sql_pos_join(struct mr_sql_pos a, struct mr_sql_pos b)
{
    if (a.line == 0 || b.off < a.off) return a;
    if (a.line == b.line && b.column >= a.column) a.width = b.column + b.width - a.column;
    a.bytes = b.off + b.bytes - a.off;
    return a;
}

/* ---- names ---- */

static struct mr_sql_name *name_make(struct mr_sql_parser *p, struct mr_span text,
                                     struct mr_sql_pos pos)
{
    struct mr_sql_name *name = MR_SQL_NEW(p, struct mr_sql_name);
    if (name == NULL) return NULL;
    name->text = text;
    name->pos = pos;
    return name;
}

struct mr_sql_name *mr_sql_name_new(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    struct mr_span text = token->text;
    if (text.text[0] != '`') return name_make(p, text, token->pos);
    char *out = mr_sql_new(p, text.bytes);
    size_t used = 0;
    if (out == NULL) return NULL;
    for (size_t i = 1; i + 1 < text.bytes; i++) {
        out[used++] = text.text[i];
        if (text.text[i] == '`') i++;
    }
    if (used == 0) {
        mr_sql_fail(p, token->pos, MR_E_SYNTAX, 1002, "a name cannot be empty");
        return NULL;
    }
    return name_make(p, (struct mr_span){out, used}, token->pos);
}

struct mr_sql_name *mr_sql_name_string(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    struct mr_span text;
    return mr_sql_unquote(p, token, &text) ? name_make(p, text, token->pos) : NULL;
}

struct mr_sql_names mr_sql_names_none(void)
{
    return (struct mr_sql_names){0};
}

struct mr_sql_names mr_sql_names_of(struct mr_sql_name *name)
{
    return mr_sql_names_add(mr_sql_names_none(), name);
}

struct mr_sql_names mr_sql_names_add(struct mr_sql_names names, struct mr_sql_name *name)
{
    if (name == NULL) return names;
    if (names.first == NULL) {
        names.first = name;
        names.pos = name->pos;
    } else {
        names.last->next = name;
        names.pos = mr_sql_pos_join(names.pos, name->pos);
    }
    names.last = name;
    names.count++;
    return names;
}

struct mr_sql_name *mr_sql_names_join(struct mr_sql_parser *p, struct mr_sql_names names)
{
    size_t bytes = 0, used = 0;
    if (names.count <= 1) return names.first;
    for (const struct mr_sql_name *n = names.first; n != NULL; n = n->next)
        bytes += n->text.bytes + 1;
    char *out = mr_sql_new(p, bytes);
    if (out == NULL) return NULL;
    for (const struct mr_sql_name *n = names.first; n != NULL; n = n->next) {
        if (used > 0) out[used++] = '.';
        memcpy(out + used, n->text.text, n->text.bytes);
        used += n->text.bytes;
    }
    return name_make(p, (struct mr_span){out, used}, names.pos);
}

/* ---- strings ---- */

struct mr_sql_string mr_sql_string_none(void)
{
    return (struct mr_sql_string){0};
}

struct mr_sql_string mr_sql_string_new(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    struct mr_sql_string string = {.pos = token->pos};
    string.is_set = mr_sql_unquote(p, token, &string.text);
    return string;
}

struct mr_sql_string mr_sql_string_add(struct mr_sql_parser *p, struct mr_sql_string string,
                                       const struct mr_sql_token *token)
{
    struct mr_span more;
    if (!mr_sql_unquote(p, token, &more)) return string;
    size_t bytes = string.text.bytes + more.bytes;
    if (string.joined == NULL || bytes > string.room) {
        /* Doubled, so that joining many strings stays linear. */
        char *wider = mr_sql_new(p, bytes * 2 + 1);
        if (wider == NULL) return string;
        if (string.text.bytes > 0) memcpy(wider, string.text.text, string.text.bytes);
        string.joined = wider;
        string.room = bytes * 2;
    }
    if (more.bytes > 0) memcpy(string.joined + string.text.bytes, more.text, more.bytes);
    string.text = (struct mr_span){string.joined, bytes};
    string.pos = mr_sql_pos_join(string.pos, token->pos);
    return string;
}

struct mr_sql_string mr_sql_string_of_names(struct mr_sql_parser *p, struct mr_sql_names names)
{
    const struct mr_sql_name *joined = mr_sql_names_join(p, names);
    if (joined == NULL) return mr_sql_string_none();
    return (struct mr_sql_string){.text = joined->text, .pos = joined->pos, .is_set = true};
}

struct mr_sql_string mr_sql_string_word(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    struct mr_sql_string string = {.pos = token->pos, .is_set = true};
    string.text =
        token->kind == mr_sql_keyword(MR_SPAN("TRUE")) ? MR_SPAN("true") : MR_SPAN("false");
    return string;
}

struct mr_sql_string mr_sql_string_number(struct mr_sql_parser *p, int sign,
                                          const struct mr_sql_token *token)
{
    struct mr_sql_string string = {.text = token->text, .pos = token->pos, .is_set = true};
    if (sign >= 0) return string;
    char *out = mr_sql_new(p, token->text.bytes + 1);
    if (out == NULL) return string;
    out[0] = '-';
    memcpy(out + 1, token->text.text, token->text.bytes);
    string.text = (struct mr_span){out, token->text.bytes + 1};
    return string;
}

/* ---- properties ---- */

struct mr_sql_properties mr_sql_properties_none(void)
{
    return (struct mr_sql_properties){0};
}

struct mr_sql_properties mr_sql_properties_add(struct mr_sql_properties list,
                                               struct mr_sql_property *property)
{
    if (property == NULL) return list;
    if (list.first == NULL)
        list.first = property;
    else
        list.last->next = property;
    list.last = property;
    list.count++;
    return list;
}

struct mr_sql_property *mr_sql_property_new(struct mr_sql_parser *p, struct mr_sql_string key,
                                            struct mr_sql_string value)
{
    struct mr_sql_property *property = MR_SQL_NEW(p, struct mr_sql_property);
    if (property == NULL) return NULL;
    property->key = key.text;
    property->key_pos = key.pos;
    property->value = value.text;
    property->value_pos = value.pos;
    return property;
}

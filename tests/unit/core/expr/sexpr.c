#include "tests/unit/core/expr/sexpr.h"

#include <stdlib.h>

#include "core/base/assert.h"

enum { ARGS_MAX = 300 };

static mr_status read_one(struct sexpr *s, const struct mr_expr **out_expr);

static void skip(struct sexpr *s)
{
    while (*s->at == ' ') s->at++;
}

static struct mr_span word(struct sexpr *s)
{
    skip(s);
    const char *from = s->at;
    int depth = 0;
    while (*s->at != '\0' && (depth > 0 || (*s->at != ' ' && *s->at != ')'))) {
        if (*s->at == '<' || *s->at == '(') depth += s->at > from;
        if (depth > 0 && (*s->at == '>' || *s->at == ')')) depth--;
        s->at++;
    }
    MR_ASSERT(s->at > from);
    return (struct mr_span){from, (size_t)(s->at - from)};
}

static mr_status no_memory(struct sexpr *s)
{
    return mr_err_set(s->err, MR_E_NOMEM, 0, "out of memory for a test's text");
}

static mr_status quoted(struct sexpr *s, struct mr_span *out_text)
{
    skip(s);
    char quote = *s->at++;
    char *out = mr_arena_alloc(s->builder->arena, strlen(s->at) + 1, 1);
    size_t used = 0;
    if (out == NULL) return no_memory(s);
    for (; *s->at != quote; s->at++) {
        MR_ASSERT(*s->at != '\0');
        char c = *s->at;
        if (c == '\\') {
            c = *++s->at;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        out[used++] = c;
    }
    s->at++;
    *out_text = (struct mr_span){out, used};
    return MR_OK;
}

static const struct mr_type *type_read(struct mr_arena *arena, const char **at);

static const struct mr_type *type_nested(struct mr_arena *arena, struct mr_span name,
                                         const char **at)
{
    struct mr_field fields[16];
    uint32_t count = 0;
    bool is_struct = mr_span_is(name, "struct");
    do {
        (*at)++;
        fields[count] = (struct mr_field){.is_nullable = true};
        if (is_struct) {
            const char *from = *at;
            *at = strchr(*at, ':');
            fields[count].name = (struct mr_span){from, (size_t)(*at - from)};
            (*at)++;
        }
        fields[count++].type = type_read(arena, at);
    } while (**at == ',');
    MR_ASSERT(**at == '>');
    (*at)++;
    if (is_struct) return mr_type_struct(arena, fields, count);
    if (mr_span_is(name, "array")) return mr_type_array(arena, fields[0].type, true);
    return mr_type_map(arena, fields[0].type, fields[1].type, true);
}

static const struct mr_type *type_read(struct mr_arena *arena, const char **at)
{
    const char *from = *at;
    while ((**at >= 'a' && **at <= 'z') || **at == '_') (*at)++;
    struct mr_span name = {from, (size_t)(*at - from)};
    if (**at == '<') return type_nested(arena, name, at);
    if (mr_span_is(name, "decimal")) {
        char *end;
        unsigned precision = (unsigned)strtoul(*at + 1, &end, 10);
        unsigned scale = (unsigned)strtoul(end + 1, &end, 10);
        *at = end + 1;
        return mr_type_decimal(arena, precision, scale);
    }
    for (int id = 0; id < MR_TYPE_STRUCT; id++) {
        if (id != MR_TYPE_DECIMAL && mr_span_is(name, mr_type_name((mr_type_id)id))) {
            return mr_type_of((mr_type_id)id);
        }
    }
    MR_ASSERT(!"a known type");
    return NULL;
}

const struct mr_type *sexpr_type(struct mr_arena *arena, const char *text)
{
    return type_read(arena, &text);
}

static mr_status read_case(struct sexpr *s, const struct mr_expr **args, uint32_t count,
                           bool has_operand, const struct mr_expr **out_expr)
{
    const struct mr_expr *whens[ARGS_MAX], *thens[ARGS_MAX];
    uint32_t from = has_operand, pairs = (count - from) / 2;
    for (uint32_t i = 0; i < pairs; i++) {
        whens[i] = args[from + 2 * i];
        thens[i] = args[from + 2 * i + 1];
    }
    bool has_else = (count - from) % 2 != 0;
    return mr_expr_case(s->builder, has_operand ? args[0] : NULL, whens, thens, pairs,
                        has_else ? args[count - 1] : NULL, out_expr, s->err);
}

static mr_status read_args(struct sexpr *s, const struct mr_expr **args, uint32_t *out_count)
{
    *out_count = 0;
    for (skip(s); *s->at != ')'; skip(s)) {
        MR_ASSERT(*out_count < ARGS_MAX);
        MR_TRY(read_one(s, &args[(*out_count)++]));
    }
    s->at++;
    return MR_OK;
}

static mr_status read_text_literal(struct sexpr *s, mr_type_id id, const struct mr_expr **out_expr)
{
    struct mr_span text;
    MR_TRY(quoted(s, &text));
    skip(s);
    MR_ASSERT(*s->at++ == ')');
    return mr_expr_text_literal(s->builder, mr_type_of(id), text, out_expr, s->err);
}

static mr_status read_cast(struct sexpr *s, mr_expr_mode mode, const struct mr_expr **out_expr)
{
    const struct mr_expr *child;
    MR_TRY(read_one(s, &child));
    skip(s);
    const struct mr_type *type = type_read(s->builder->arena, &s->at);
    if (type == NULL) return no_memory(s);
    skip(s);
    MR_ASSERT(*s->at++ == ')');
    return mr_expr_cast(s->builder, child, type, mode, out_expr, s->err);
}

static bool is_text_literal(const char *at, mr_type_id *out_id)
{
    static const struct {
        const char *head;
        mr_type_id id;
    } heads[] = {{"date '", MR_TYPE_DATE}, {"timestamp '", MR_TYPE_TIMESTAMP},
                 {"timestamp_ntz '", MR_TYPE_TIMESTAMP_NTZ}, {"hex '", MR_TYPE_BINARY}};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        if (strncmp(at, heads[i].head, strlen(heads[i].head)) != 0) continue;
        *out_id = heads[i].id;
        return true;
    }
    return false;
}

static mr_status read_form(struct sexpr *s, const struct mr_expr **out_expr)
{
    const struct mr_expr *args[ARGS_MAX], *child;
    uint32_t count;
    mr_type_id id;
    s->at++;
    skip(s);
    bool is_literal = is_text_literal(s->at, &id);
    struct mr_span name;
    if (*s->at == '"') MR_TRY(quoted(s, &name));
    else name = word(s);
    if (is_literal) return read_text_literal(s, id, out_expr);
    if (mr_span_is(name, "cast")) return read_cast(s, MR_MODE_ANSI, out_expr);
    if (mr_span_is(name, "try_cast")) return read_cast(s, MR_MODE_TRY, out_expr);
    if (mr_span_is(name, ".")) {
        MR_TRY(read_one(s, &child));
        struct mr_span member = word(s);
        skip(s);
        MR_ASSERT(*s->at++ == ')');
        return mr_expr_field(s->builder, child, member, out_expr, s->err);
    }
    MR_TRY(read_args(s, args, &count));
    if (mr_span_is(name, "case")) return read_case(s, args, count, false, out_expr);
    if (mr_span_is(name, "switch")) return read_case(s, args, count, true, out_expr);
    if (mr_span_is(name, "in")) {
        return mr_expr_in(s->builder, args[0], args + 1, count - 1, out_expr, s->err);
    }
    return mr_expr_call(s->builder, name, args, count, out_expr, s->err);
}

static mr_status read_one(struct sexpr *s, const struct mr_expr **out_expr)
{
    skip(s);
    if (*s->at == '(') return read_form(s, out_expr);
    struct mr_span name;
    if (*s->at == '\'') {
        MR_TRY(quoted(s, &name));
        return mr_expr_string(s->builder, name, out_expr, s->err);
    }
    name = word(s);
    bool is_number = (*name.text >= '0' && *name.text <= '9') || *name.text == '.' ||
                     (*name.text == '-' && name.bytes > 1);
    if (is_number) return mr_expr_number(s->builder, name, out_expr, s->err);
    if (mr_span_is(name, "NULL")) return mr_expr_null(s->builder, out_expr, s->err);
    if (mr_span_is(name, "true")) return mr_expr_bool(s->builder, true, out_expr, s->err);
    if (mr_span_is(name, "false")) return mr_expr_bool(s->builder, false, out_expr, s->err);
    MR_ASSERT(s->schema != NULL);
    int32_t index = mr_type_find(s->schema, name, true);
    MR_ASSERT(index >= 0);
    return mr_expr_column(s->builder, s->schema, (uint32_t)index, out_expr, s->err);
}

mr_status sexpr_read(struct mr_expr_builder *builder, const struct mr_type *schema,
                     const char *text, const struct mr_expr **out_expr, struct mr_err *err)
{
    struct sexpr s = {.builder = builder, .schema = schema, .at = text, .err = err};
    mr_status status = read_one(&s, out_expr);
    skip(&s);
    MR_ASSERT(status != MR_OK || *s.at == '\0');
    return status;
}

#include "core/sql/bind_json.h"

#include <string.h>

#include "core/mem/text.h"

static bool is_step(const struct mr_sql_expr *expr)
{
    return expr->kind == MR_SQL_EXPR_FIELD || expr->kind == MR_SQL_EXPR_SUBSCRIPT;
}

bool mr_bind_is_json_path(const struct mr_sql_expr *expr)
{
    for (; is_step(expr); expr = expr->args.first) {
        if (expr->is_path) return true;
    }
    return false;
}

static bool add_name(struct mr_span name, struct mr_text *out)
{
    if (name.bytes == 0 || memchr(name.text, '\'', name.bytes) != NULL) return false;
    mr_text_adds(out, "['");
    mr_text_add(out, name.text, name.bytes);
    mr_text_adds(out, "']");
    return true;
}

/* add_step: plain names with a dot, others in brackets. */
static bool add_step(const struct mr_sql_expr *step, struct mr_text *out)
{
    if (step->kind == MR_SQL_EXPR_FIELD) {
        struct mr_span name = step->name.first->text;
        bool is_plain = name.bytes > 0;
        for (size_t i = 0; i < name.bytes; i++) {
            is_plain = is_plain && strchr(".[]'* ", name.text[i]) == NULL;
        }
        if (!is_plain) return add_name(name, out);
        mr_text_addc(out, '.');
        mr_text_add(out, name.text, name.bytes);
        return true;
    }
    const struct mr_sql_expr *index = step->args.last;
    if (index->kind != MR_SQL_EXPR_LITERAL) return false;
    if (index->literal == MR_SQL_LITERAL_STRING) return add_name(index->text, out);
    if (index->literal != MR_SQL_LITERAL_INTEGER) return false;
    mr_text_addc(out, '[');
    mr_text_add(out, index->text.text, index->text.bytes);
    mr_text_addc(out, ']');
    return true;
}

/* add_steps: from the base outwards; recursion is as deep as the path. */
static bool add_steps(const struct mr_sql_expr *expr, struct mr_text *out,
                      const struct mr_sql_expr **out_base)
{
    const struct mr_sql_expr *inner = expr->args.first;
    if (expr->is_path) *out_base = inner;
    else if (!add_steps(inner, out, out_base)) return false;
    return add_step(expr, out);
}

mr_status mr_bind_json_path(struct mr_arena *arena, const struct mr_sql_expr *expr,
                            const struct mr_sql_expr **out_base, struct mr_span *out_path,
                            struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, arena->heap);
    mr_text_addc(&text, '$');
    mr_status status = MR_OK;
    if (!add_steps(expr, &text, out_base)) {
        status = mr_err_set(err, MR_E_SYNTAX, 1005,
                            "a path into JSON has names and constant indexes, as in s:a.b[0]");
    }
    if (status == MR_OK) status = mr_text_end(&text, err);
    if (status == MR_OK) {
        *out_path = (struct mr_span){mr_arena_copy(arena, mr_text_span(&text)), text.used};
        if (out_path->text == NULL) {
            status = mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a query");
        }
    }
    mr_text_fini(&text);
    return status;
}

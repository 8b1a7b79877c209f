/* Expressions as SQL text, and their equality. */
#include <stdio.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/expr_impl.h"
#include "core/expr/interval.h"
#include "core/expr/lambda.h"
#include "kernels/text/number.h"

static void write_time(const struct mr_value *value, struct mr_text *out)
{
    char text[MR_TIME_TEXT_MAX];
    bool is_date = value->type->id == MR_TYPE_DATE;
    mr_text_add(out, text, is_date ? mr_date_format(value->u.i64, text)
                                   : mr_timestamp_text(value->u.i64, text));
}

static void write_typed_time(const struct mr_value *value, struct mr_text *out)
{
    mr_text_adds(out, value->type->id == MR_TYPE_DATE        ? "DATE '"
                      : value->type->id == MR_TYPE_TIMESTAMP ? "TIMESTAMP '"
                                                             : "TIMESTAMP_NTZ '");
    write_time(value, out);
    mr_text_addc(out, '\'');
}

static void write_value(const struct mr_value *value, struct mr_text *out)
{
    char text[MR_NUMBER_TEXT_MAX], interval[MR_INTERVAL_TEXT_MAX];
    if (value->is_null) {
        mr_text_adds(out, "NULL");
        return;
    }
    switch (value->type->id) {
    case MR_TYPE_BOOLEAN: mr_text_adds(out, value->u.boolean ? "true" : "false"); break;
    case MR_TYPE_FLOAT: mr_text_add(out, text, mr_float_format((float)value->u.f64, text)); break;
    case MR_TYPE_DOUBLE: mr_text_add(out, text, mr_double_format(value->u.f64, text)); break;
    case MR_TYPE_DECIMAL:
        mr_text_add(out, text, mr_decimal_format(value->u.i128, value->type->scale, text));
        break;
    case MR_TYPE_STRING: mr_text_add(out, value->u.text.text, value->u.text.bytes); break;
    case MR_TYPE_BINARY:
        mr_text_adds(out, "X'");
        for (size_t i = 0; i < value->u.text.bytes; i++) {
            mr_text_addf(out, "%02X", (unsigned char)value->u.text.text[i]);
        }
        mr_text_addc(out, '\'');
        break;
    case MR_TYPE_DATE:
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: write_typed_time(value, out); break;
    case MR_TYPE_MONTHS:
    case MR_TYPE_SPAN:
        mr_text_add(out, interval, mr_interval_format(value->type, value->u.i64, interval));
        break;
    default: mr_text_add(out, text, mr_i64_format(value->u.i64, text)); break;
    }
}

static void write_list(const struct mr_expr *expr, uint32_t from, const char *between,
                       struct mr_text *out)
{
    for (uint32_t i = from; i < expr->arg_count; i++) {
        if (i > from) mr_text_adds(out, between);
        mr_expr_write_sql(expr->args[i], out);
    }
}

static void write_upper(const char *name, struct mr_text *out)
{
    for (; *name != '\0'; name++) {
        mr_text_addc(out, *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name);
    }
}

static void write_trim(const struct mr_expr *expr, struct mr_text *out)
{
    const struct mr_function *f = expr->function;
    if (expr->arg_count == 1) {
        mr_text_addf(out, "%s(", f->name);
        mr_expr_write_sql(expr->args[0], out);
    } else {
        mr_text_addf(out, "TRIM(%s ", f->op == MR_OP_BOTH      ? "BOTH"
                                      : f->op == MR_OP_LEADING ? "LEADING"
                                                               : "TRAILING");
        write_list(expr, 0, " FROM ", out);
    }
    mr_text_addc(out, ')');
}

static void write_infix(const struct mr_expr *expr, struct mr_text *out)
{
    const struct mr_function *f = expr->function;
    bool is_not = f->op == MR_OP_NE;
    char between[24]; /* "+ interval" is shown as "+" */
    (void)snprintf(between, sizeof between, " %.*s ", is_not ? 1 : (int)strcspn(f->name, " "),
                   is_not ? "=" : f->name);
    if (strcmp(f->name + 1, " interval") == 0) {
        write_list(expr, 0, between, out); /* Spark shows these two without brackets */
        return;
    }
    if (expr->arg_count == 1) { /* unary minus */
        mr_text_addf(out, "(%s ", f->name);
        write_list(expr, 0, "", out);
        mr_text_addc(out, ')');
        return;
    }
    if (f->nulls == MR_NULLS_LAZY) { /* AND, OR: a chain is shown as its pairs */
        for (char *c = between; *c != '\0'; c++) *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        for (uint32_t i = 2; i < expr->arg_count; i++) mr_text_addc(out, '(');
        mr_text_addc(out, '(');
        mr_expr_write_sql(expr->args[0], out);
        for (uint32_t i = 1; i < expr->arg_count; i++) {
            mr_text_adds(out, between);
            mr_expr_write_sql(expr->args[i], out);
            mr_text_addc(out, ')');
        }
        return;
    }
    mr_text_adds(out, is_not ? "(NOT (" : "(");
    write_list(expr, 0, between, out);
    mr_text_adds(out, is_not ? "))" : ")");
}

/* write_postfix: a IS NULL; a IS TRUE is shown as a <=> true. */
static void write_postfix(const struct mr_expr *expr, struct mr_text *out)
{
    mr_op op = expr->function->op;
    bool is_null = op == MR_OP_IS_NULL || op == MR_OP_IS_NOT_NULL;
    bool is_not = op == MR_OP_NOT_TRUE || op == MR_OP_NOT_FALSE;
    mr_text_adds(out, is_not ? "(NOT (" : "(");
    mr_expr_write_sql(expr->args[0], out);
    if (is_null) mr_text_adds(out, op == MR_OP_IS_NULL ? " IS NULL" : " IS NOT NULL");
    else mr_text_adds(out, op == MR_OP_TRUE || op == MR_OP_NOT_TRUE ? " <=> true" : " <=> false");
    mr_text_adds(out, is_not ? "))" : ")");
}

/* Lambdas that Spark shows where none was written. */
#define ANY_PARAM "namedlambdavariable()"
#define IDENTITY ", lambdafunction(" ANY_PARAM ", " ANY_PARAM ")"
#define DEFAULT_ORDER                                                                              \
    ", lambdafunction((IF(((" ANY_PARAM " IS NULL) AND (" ANY_PARAM " IS NULL)), 0, (IF(("         \
    ANY_PARAM " IS NULL), 1, (IF((" ANY_PARAM " IS NULL), -1, (IF((" ANY_PARAM " < " ANY_PARAM     \
    "), -1, (IF((" ANY_PARAM " > " ANY_PARAM "), 1, 0)))))))))), " ANY_PARAM ", " ANY_PARAM ")"

/* write_named: name(a, b), by the name and with the defaults that Spark shows. */
static void write_named(const struct mr_expr *expr, struct mr_text *out)
{
    static const struct {
        const char *name;
        uint32_t arg_count; /* 0 = any */
        const char *shown;
        const char *tail;
    } names[] = {{"||", 0, "concat", ""},      {"floor", 1, "FLOOR", ""},
                 {"ceil", 1, "CEIL", ""},      {"round", 1, "round", ", 0"},
                 {"bround", 1, "bround", ", 0"}, {"sqrt", 0, "SQRT", ""},
                 {"exp", 0, "EXP", ""},        {"power", 0, "POWER", ""},
                 {"substring", 2, "substring", ", 2147483647"},
                 {"substr", 2, "substr", ", 2147483647"}, {"replace", 2, "replace", ", "},
                 {"sort_array", 1, "sort_array", ", true"},
                 {"locate", 2, "locate", ", 1"}, {"months_between", 2, "months_between", ", true"},
                 {"make_dt_interval", 1, "make_dt_interval", ", 0, 0, 0.000000"},
                 {"make_dt_interval", 2, "make_dt_interval", ", 0, 0.000000"},
                 {"make_dt_interval", 3, "make_dt_interval", ", 0.000000"},
                 {"make_ym_interval", 1, "make_ym_interval", ", 0"},
                 {"convert_timezone", 2, "convert_timezone(current_timezone(), ", ""},
                 {"regexp_instr", 2, "regexp_instr", ", 0"},
                 {"position", 2, "position", ", 1"},
                 {"overlay", 3, "overlay", ", -1"}, {"log", 1, "LOG(E(), ", ""},
                 {"raise_error", 1, "raise_error(USER_RAISED_EXCEPTION, map(errorMessage, ", ")"},
                 {"aggregate", 3, "aggregate", IDENTITY}, {"reduce", 3, "reduce", IDENTITY},
                 {"array_sort", 1, "array_sort", DEFAULT_ORDER}};
    const char *shown = expr->function->name, *tail = "";
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        bool is_count = names[i].arg_count == 0 || names[i].arg_count == expr->arg_count;
        if (!is_count || strcmp(names[i].name, expr->function->name) != 0) continue;
        shown = names[i].shown;
        tail = names[i].tail;
    }
    if (expr->function->flags & MR_FN_CAPITALS && shown == expr->function->name) {
        write_upper(shown, out);
    } else {
        mr_text_adds(out, shown);
    }
    if (strchr(shown, '(') == NULL) mr_text_addc(out, '(');
    bool is_extract = expr->function->op == MR_OP_EXTRACT_FIELD;
    write_list(expr, 0, is_extract ? " FROM " : ", ", out);
    mr_text_addf(out, "%s)", tail);
}

static void write_call(const struct mr_expr *expr, struct mr_text *out)
{
    const struct mr_function *f = expr->function;
    switch (f->notation) {
    case MR_NOTE_INFIX: write_infix(expr, out); break;
    case MR_NOTE_PREFIX:
        if (f->op == MR_OP_BIT_NOT) {
            mr_text_addc(out, '~');
            write_list(expr, 0, "", out);
            break;
        }
        mr_text_addc(out, '(');
        if (f->op == MR_OP_NEGATE) mr_text_addc(out, '-');
        else write_upper(f->name, out);
        mr_text_addc(out, ' ');
        write_list(expr, 0, "", out);
        mr_text_addc(out, ')');
        break;
    case MR_NOTE_POSTFIX: write_postfix(expr, out); break;
    case MR_NOTE_LIKE:
        mr_expr_write_sql(expr->args[0], out);
        mr_text_adds(out, " LIKE ");
        mr_expr_write_sql(expr->args[1], out);
        if (expr->arg_count < 3) break;
        mr_text_adds(out, " ESCAPE '");
        mr_expr_write_sql(expr->args[2], out);
        mr_text_addc(out, '\'');
        break;
    case MR_NOTE_SUBSCRIPT:
        mr_expr_write_sql(expr->args[0], out);
        mr_text_addc(out, '[');
        mr_expr_write_sql(expr->args[1], out);
        mr_text_addc(out, ']');
        break;
    case MR_NOTE_IF:
        mr_text_adds(out, "(IF(");
        write_list(expr, 0, ", ", out);
        mr_text_adds(out, "))");
        break;
    case MR_NOTE_TRIM: write_trim(expr, out); break;
    case MR_NOTE_CALL: write_named(expr, out); break;
    }
}

void mr_type_write_words(const struct mr_type *type, struct mr_text *out)
{
    write_upper(mr_type_name(type->id), out);
    if (type->id == MR_TYPE_DECIMAL) mr_text_addf(out, "(%d,%d)", type->precision, type->scale);
    if (mr_type_is_interval(type)) {
        mr_text_addc(out, ' ');
        write_upper(mr_unit_name(type->precision), out);
        if (type->precision != type->scale) mr_text_adds(out, " TO ");
        if (type->precision != type->scale) write_upper(mr_unit_name(type->scale), out);
    }
    if (!mr_type_is_nested(type)) return;
    mr_text_addc(out, '<');
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (i > 0) mr_text_adds(out, ", ");
        if (type->id == MR_TYPE_STRUCT) {
            mr_text_add(out, type->fields[i].name.text, type->fields[i].name.bytes);
            mr_text_adds(out, ": ");
        }
        mr_type_write_words(type->fields[i].type, out);
    }
    mr_text_addc(out, '>');
}

static void write_cast(const struct mr_expr *expr, struct mr_text *out)
{
    if (expr->is_implicit) {
        mr_expr_write_sql(expr->args[0], out);
        return;
    }
    mr_text_adds(out, expr->mode == MR_MODE_TRY ? "TRY_CAST(" : "CAST(");
    mr_expr_write_sql(expr->args[0], out);
    mr_text_adds(out, " AS ");
    mr_type_write_words(expr->type, out);
    mr_text_addc(out, ')');
}

static void write_case(const struct mr_expr *expr, struct mr_text *out)
{
    mr_text_adds(out, "CASE");
    for (uint32_t i = 0; i + 1 < expr->arg_count; i += 2) {
        mr_text_adds(out, " WHEN ");
        mr_expr_write_sql(expr->args[i], out);
        mr_text_adds(out, " THEN ");
        mr_expr_write_sql(expr->args[i + 1], out);
    }
    if (expr->arg_count % 2 != 0) {
        mr_text_adds(out, " ELSE ");
        mr_expr_write_sql(expr->args[expr->arg_count - 1], out);
    }
    mr_text_adds(out, " END");
}

void mr_expr_write_sql(const struct mr_expr *expr, struct mr_text *out)
{
    if (expr->written != NULL) expr = expr->written;
    switch (expr->kind) {
    case MR_EXPR_LITERAL:
        if (expr->name.bytes == 0) write_value(&expr->value, out);
        else mr_text_addf(out, "TIMESTAMP '%.*s'", (int)expr->name.bytes, expr->name.text);
        break;
    case MR_EXPR_COLUMN: mr_text_add(out, expr->name.text, expr->name.bytes); break;
    case MR_EXPR_FIELD:
        mr_expr_write_sql(expr->args[0], out);
        mr_text_addc(out, '.');
        mr_text_add(out, expr->name.text, expr->name.bytes);
        break;
    case MR_EXPR_CALL: write_call(expr, out); break;
    case MR_EXPR_CAST: write_cast(expr, out); break;
    case MR_EXPR_CASE: write_case(expr, out); break;
    case MR_EXPR_IN:
        mr_text_addc(out, '(');
        mr_expr_write_sql(expr->args[0], out);
        mr_text_adds(out, " IN (");
        write_list(expr, 1, ", ", out);
        mr_text_adds(out, "))");
        break;
    case MR_EXPR_PARAM: mr_text_adds(out, "namedlambdavariable()"); break;
    case MR_EXPR_LAMBDA:
        mr_text_adds(out, "lambdafunction(");
        write_list(expr, 0, ", ", out);
        mr_text_addc(out, ')');
        break;
    }
}

/* is_path: a column or a member of one, at any depth. */
static bool is_path(const struct mr_expr *expr)
{
    while (expr->kind == MR_EXPR_FIELD) expr = expr->args[0];
    return expr->kind == MR_EXPR_COLUMN;
}

void mr_expr_write_name(const struct mr_expr *expr, struct mr_text *out)
{
    const struct mr_expr *shown = expr->written != NULL ? expr->written : expr;
    bool is_column_cast = shown->kind == MR_EXPR_CAST && shown->args[0]->kind == MR_EXPR_COLUMN;
    if (is_column_cast) shown = shown->args[0];
    if (is_path(shown)) mr_text_add(out, shown->name.text, shown->name.bytes);
    else mr_expr_write_sql(shown, out);
}

static bool value_same(const struct mr_value *a, const struct mr_value *b)
{
    if (a->is_null || b->is_null) return a->is_null == b->is_null;
    switch (a->type->id) {
    case MR_TYPE_BOOLEAN: return a->u.boolean == b->u.boolean;
    case MR_TYPE_DECIMAL: return a->u.i128 == b->u.i128;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: return mr_span_eq(a->u.text, b->u.text);
    default: return a->u.i64 == b->u.i64; /* doubles: by their bits */
    }
}

bool mr_expr_same_node(const struct mr_expr *a, const struct mr_expr *b)
{
    if (a->kind != b->kind || a->mode != b->mode || a->arg_count != b->arg_count) return false;
    if (a->index != b->index || a->function != b->function) return false;
    if (a->zone != b->zone || a->zone_from != b->zone_from) return false;
    if (!mr_type_equal(a->type, b->type) || !mr_lambdas_same(a, b)) return false;
    return a->kind != MR_EXPR_LITERAL || value_same(&a->value, &b->value);
}

bool mr_expr_same(const struct mr_expr *a, const struct mr_expr *b)
{
    if (a == b) return true;
    if (!mr_expr_same_node(a, b)) return false;
    for (uint32_t i = 0; i < a->arg_count; i++) {
        if (!mr_expr_same(a->args[i], b->args[i])) return false;
    }
    return true;
}

void mr_expr_columns(const struct mr_expr *expr, uint64_t *bits)
{
    if (expr->kind == MR_EXPR_COLUMN) bits[expr->index / 64] |= UINT64_C(1) << expr->index % 64;
    for (uint32_t i = 0; i < expr->arg_count; i++) mr_expr_columns(expr->args[i], bits);
}

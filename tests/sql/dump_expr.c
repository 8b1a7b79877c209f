#include <inttypes.h>

#include "tests/sql/dump_ast.h"

static const char *const op_words[MR_SQL_OP_COUNT] = {
    [MR_SQL_OP_NEGATE] = "negate",
    [MR_SQL_OP_PLUS] = "plus",
    [MR_SQL_OP_BIT_NOT] = "~",
    [MR_SQL_OP_NOT] = "not",
    [MR_SQL_OP_ADD] = "+",
    [MR_SQL_OP_SUBTRACT] = "-",
    [MR_SQL_OP_MULTIPLY] = "*",
    [MR_SQL_OP_DIVIDE] = "/",
    [MR_SQL_OP_MODULO] = "%",
    [MR_SQL_OP_DIV] = "div",
    [MR_SQL_OP_CONCAT] = "||",
    [MR_SQL_OP_BIT_AND] = "&",
    [MR_SQL_OP_BIT_OR] = "|",
    [MR_SQL_OP_BIT_XOR] = "^",
    [MR_SQL_OP_SHIFT_LEFT] = "<<",
    [MR_SQL_OP_SHIFT_RIGHT] = ">>",
    [MR_SQL_OP_SHIFT_RIGHT_UNSIGNED] = ">>>",
    [MR_SQL_OP_EQ] = "=",
    [MR_SQL_OP_NE] = "<>",
    [MR_SQL_OP_LT] = "<",
    [MR_SQL_OP_LE] = "<=",
    [MR_SQL_OP_GT] = ">",
    [MR_SQL_OP_GE] = ">=",
    [MR_SQL_OP_EQ_NULL_SAFE] = "<=>",
    [MR_SQL_OP_IS_NULL] = "is-null",
    [MR_SQL_OP_IS_TRUE] = "is-true",
    [MR_SQL_OP_IS_FALSE] = "is-false",
    [MR_SQL_OP_IS_UNKNOWN] = "is-unknown",
    [MR_SQL_OP_LIKE] = "like",
    [MR_SQL_OP_ILIKE] = "ilike",
    [MR_SQL_OP_RLIKE] = "rlike",
};

static bool is_plain(struct mr_span name)
{
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.text[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                       (unsigned char)c >= 0x80 || (c >= '0' && c <= '9' && i > 0);
        if (!is_word) return false;
    }
    return name.bytes > 0;
}

void dump_name(struct mr_span name, struct mr_text *out)
{
    bool has_quotes = !is_plain(name);
    if (has_quotes) mr_text_addc(out, '`');
    mr_text_add(out, name.text, name.bytes);
    if (has_quotes) mr_text_addc(out, '`');
}

void dump_names(const struct mr_sql_names *names, const char *between, struct mr_text *out)
{
    for (const struct mr_sql_name *n = names->first; n != NULL; n = n->next) {
        if (n != names->first) mr_text_adds(out, between);
        dump_name(n->text, out);
    }
}

void dump_string(struct mr_span text, struct mr_text *out)
{
    mr_text_addc(out, '\'');
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if (c < 0x20 || c == '\\' || c == '\'')
            mr_text_addf(out, "\\%02x", c);
        else
            mr_text_addc(out, (char)c);
    }
    mr_text_addc(out, '\'');
}

static void dump_literal(const struct mr_sql_expr *e, struct mr_text *out)
{
    static const char *const marks[] = {
        [MR_SQL_LITERAL_BYTE] = "Y",
        [MR_SQL_LITERAL_SHORT] = "S",
        [MR_SQL_LITERAL_LONG] = "L",
        [MR_SQL_LITERAL_DECIMAL] = "BD",
        [MR_SQL_LITERAL_FLOAT] = "F",
        [MR_SQL_LITERAL_DOUBLE] = "D",
        [MR_SQL_LITERAL_DATE] = "date",
        [MR_SQL_LITERAL_TIMESTAMP] = "timestamp",
        [MR_SQL_LITERAL_TIMESTAMP_NTZ] = "timestamp_ntz",
    };
    switch (e->literal) {
    case MR_SQL_LITERAL_NULL: mr_text_adds(out, "null"); break;
    case MR_SQL_LITERAL_BOOLEAN:
    case MR_SQL_LITERAL_INTEGER: mr_text_add(out, e->text.text, e->text.bytes); break;
    case MR_SQL_LITERAL_STRING: dump_string(e->text, out); break;
    case MR_SQL_LITERAL_BINARY:
        mr_text_adds(out, "x'");
        for (size_t i = 0; i < e->text.bytes; i++) {
            mr_text_addf(out, "%02x", (unsigned char)e->text.text[i]);
        }
        mr_text_addc(out, '\'');
        break;
    case MR_SQL_LITERAL_DATE:
    case MR_SQL_LITERAL_TIMESTAMP:
    case MR_SQL_LITERAL_TIMESTAMP_NTZ:
        mr_text_adds(out, marks[e->literal]);
        dump_string(e->text, out);
        break;
    case MR_SQL_LITERAL_INTERVAL:
        mr_text_addf(out, "(interval %" PRId32 " %" PRId32 " %" PRId64 ")", e->interval.months,
                     e->interval.days, e->interval.us);
        break;
    default:
        mr_text_add(out, e->text.text, e->text.bytes);
        mr_text_adds(out, marks[e->literal]);
        break;
    }
}

static void dump_args(const struct mr_sql_exprs *args, struct mr_text *out)
{
    for (const struct mr_sql_expr *e = args->first; e != NULL; e = e->next) {
        mr_text_addc(out, ' ');
        dump_expr(e, out);
    }
}

static void dump_bound(const struct mr_sql_bound *bound, struct mr_text *out)
{
    static const char *const words[] = {"unbounded-preceding", "preceding", "current-row",
                                        "following", "unbounded-following"};
    mr_text_addf(out, " (%s", words[bound->kind]);
    if (bound->distance != NULL) {
        mr_text_addc(out, ' ');
        dump_expr(bound->distance, out);
    }
    mr_text_addc(out, ')');
}

static void dump_orders(const struct mr_sql_orders *orders, struct mr_text *out)
{
    for (const struct mr_sql_order *o = orders->first; o != NULL; o = o->next) {
        mr_text_adds(out, o->is_descending ? " (desc " : " (asc ");
        dump_expr(o->expr, out);
        mr_text_adds(out, o->is_nulls_first ? " nulls-first)" : " nulls-last)");
    }
}

static void dump_call(const struct mr_sql_expr *e, struct mr_text *out)
{
    dump_names(&e->name, ".", out);
    if (e->is_distinct) mr_text_adds(out, " distinct");
    dump_args(&e->args, out);
    if (e->filter != NULL) {
        mr_text_adds(out, " (filter ");
        dump_expr(e->filter, out);
        mr_text_addc(out, ')');
    }
    if (e->over == NULL) return;
    mr_text_adds(out, " (over (partition");
    dump_args(&e->over->partition_by, out);
    mr_text_adds(out, ") (order");
    dump_orders(&e->over->order_by, out);
    mr_text_addc(out, ')');
    if (e->over->has_frame) {
        mr_text_adds(out, e->over->is_range ? " (range" : " (rows");
        dump_bound(&e->over->from, out);
        dump_bound(&e->over->to, out);
        mr_text_addc(out, ')');
    }
    mr_text_addc(out, ')');
}

/* The word in front, for kinds that are a word and arguments. */
static const char *kind_word(const struct mr_sql_expr *e)
{
    switch (e->kind) {
    case MR_SQL_EXPR_UNARY:
    case MR_SQL_EXPR_BINARY:
    case MR_SQL_EXPR_IS:
    case MR_SQL_EXPR_LIKE: return op_words[e->op];
    case MR_SQL_EXPR_AND: return "and";
    case MR_SQL_EXPR_OR: return "or";
    case MR_SQL_EXPR_DISTINCT_FROM: return "distinct-from";
    case MR_SQL_EXPR_IN:
    case MR_SQL_EXPR_IN_QUERY: return "in";
    case MR_SQL_EXPR_BETWEEN: return "between";
    case MR_SQL_EXPR_CASE:
        return e->has_operand ? e->has_else ? "case-of-else" : "case-of"
               : e->has_else  ? "case-else"
                              : "case";
    case MR_SQL_EXPR_CAST: return e->is_try ? "try-cast" : "cast";
    case MR_SQL_EXPR_NAMED_ARG: return "=>";
    case MR_SQL_EXPR_LAMBDA: return "->";
    case MR_SQL_EXPR_SUBSCRIPT: return e->is_path ? ":[]" : "[]";
    case MR_SQL_EXPR_FIELD: return e->is_path ? ":" : ".";
    case MR_SQL_EXPR_ROW: return "row";
    case MR_SQL_EXPR_SUBQUERY: return "subquery";
    case MR_SQL_EXPR_EXISTS: return "exists";
    default: return "?";
    }
}

static void dump_star(const struct mr_sql_expr *e, struct mr_text *out)
{
    dump_names(&e->name, ".", out);
    mr_text_adds(out, e->name.count > 0 ? ".*" : "*");
    if (e->except.count == 0) return;
    mr_text_adds(out, "-(");
    dump_names(&e->except, " ", out);
    mr_text_addc(out, ')');
}

void dump_expr(const struct mr_sql_expr *e, struct mr_text *out)
{
    if (e->kind == MR_SQL_EXPR_LITERAL || e->kind == MR_SQL_EXPR_COLUMN ||
        e->kind == MR_SQL_EXPR_STAR) {
        if (e->kind == MR_SQL_EXPR_LITERAL)
            dump_literal(e, out);
        else if (e->kind == MR_SQL_EXPR_STAR)
            dump_star(e, out);
        else
            dump_names(&e->name, ".", out);
        return;
    }
    mr_text_addc(out, '(');
    if (e->is_negated) mr_text_adds(out, "not-");
    if (e->kind == MR_SQL_EXPR_CALL) {
        dump_call(e, out);
    } else {
        mr_text_adds(out, kind_word(e));
        if (e->name.count > 0) {
            mr_text_adds(out, " <");
            dump_names(&e->name, " ", out);
            mr_text_addc(out, '>');
        }
        dump_args(&e->args, out);
    }
    if (e->type != NULL) {
        mr_text_addc(out, ' ');
        mr_type_write_sql(e->type, out);
    }
    if (e->query != NULL) {
        mr_text_addc(out, ' ');
        dump_query(e->query, out);
    }
    mr_text_addc(out, ')');
}

#include "core/sql/syntax_impl.h"

#include <stdio.h>

#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "core/sql/grammar.h"

enum { NAMES_MAX = 10, SUGGEST_BYTES_MIN = 4 };

/* Statements and clauses of the dialect that this version does not parse. */
static const char *const later_statements[] = {
    "ANALYZE", "CACHE",  "CALL",    "COPY",   "DELETE",   "GRANT",  "MERGE",
    "OPTIMIZE", "REFRESH", "REORG", "RESTORE", "REVOKE", "TRUNCATE", "UPDATE", "VACUUM",
};
static const char *const later_clauses[] = {
    "DISTRIBUTE", "GROUPING", "PIVOT", "SORT", "TABLESAMPLE", "UNPIVOT", "WINDOW",
};

void mr_sql_syntax_fail(struct mr_sql_parser *p, const struct mr_sql_token *token)
{
    (void)token;
    if (p->status != MR_OK) return;
    p->status = MR_E_SYNTAX;
    p->is_syntax = true;
}

void mr_sql_depth_fail(struct mr_sql_parser *p)
{
    mr_sql_fail(p, p->at->pos, MR_E_SYNTAX, 1003, "nested deeper than %d", MR_SQL_DEPTH_MAX);
    mr_sql_fail_help(p, "split the expression, or name its parts in a subquery");
}

/* ---- what was expected ---- */

/* Tokens that an expression may begin with, and tokens that may continue one. */
static const int begin_tokens[] = {
    MR_SQL_T_ID,        MR_SQL_T_QUOTED,        MR_SQL_T_STRING,        MR_SQL_T_INTEGER,
    MR_SQL_T_NUMBER,    MR_SQL_T_BINARY,        MR_SQL_T_NULL,          MR_SQL_T_TRUE,
    MR_SQL_T_FALSE,     MR_SQL_T_CASE,          MR_SQL_T_CAST,          MR_SQL_T_TRY_CAST,
    MR_SQL_T_EXTRACT,   MR_SQL_T_EXISTS,        MR_SQL_T_INTERVAL,      MR_SQL_T_DATE,
    MR_SQL_T_TIMESTAMP, MR_SQL_T_TIMESTAMP_LTZ, MR_SQL_T_TIMESTAMP_NTZ, MR_SQL_T_LP,
    MR_SQL_T_PLUS,      MR_SQL_T_DASH,          MR_SQL_T_TILDE,         MR_SQL_T_NOT,
    MR_SQL_T_SELECT,    MR_SQL_T_VALUES,        MR_SQL_T_WITH,
};
static const int continue_tokens[] = {
    MR_SQL_T_PLUS,   MR_SQL_T_DASH,   MR_SQL_T_STAR,   MR_SQL_T_SLASH,     MR_SQL_T_PERCENT,
    MR_SQL_T_DIV,    MR_SQL_T_CONCAT, MR_SQL_T_PIPE,   MR_SQL_T_AMPERSAND, MR_SQL_T_HAT,
    MR_SQL_T_SHL,    MR_SQL_T_SHR,    MR_SQL_T_USHR,   MR_SQL_T_EQ,        MR_SQL_T_NE,
    MR_SQL_T_NSEQ,   MR_SQL_T_LT,     MR_SQL_T_LE,     MR_SQL_T_GT,        MR_SQL_T_GE,
    MR_SQL_T_AND,    MR_SQL_T_OR,     MR_SQL_T_NOT,    MR_SQL_T_IS,        MR_SQL_T_IN,
    MR_SQL_T_LIKE,   MR_SQL_T_ILIKE,  MR_SQL_T_RLIKE,  MR_SQL_T_BETWEEN,   MR_SQL_T_DOT,
    MR_SQL_T_LB,     MR_SQL_T_DCOLON, MR_SQL_T_LP,     MR_SQL_T_ARROW,     MR_SQL_T_FATARROW,
    MR_SQL_T_STRING, MR_SQL_T_OVER,   MR_SQL_T_FILTER, MR_SQL_T_INTEGER,   MR_SQL_T_NUMBER,
    MR_SQL_T_COLON,
};
static const int join_tokens[] = {
    MR_SQL_T_INNER, MR_SQL_T_CROSS, MR_SQL_T_LEFT,    MR_SQL_T_RIGHT,   MR_SQL_T_FULL,
    MR_SQL_T_SEMI,  MR_SQL_T_ANTI,  MR_SQL_T_NATURAL, MR_SQL_T_LATERAL,
};

struct expected {
    bool is_ok[MR_SQL_TOKENS_MAX];
};

static void expected_drop(struct expected *e, const int *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++) e->is_ok[tokens[i]] = false;
}

/* Feeds the tokens again; the parser is then as it was before it saw the one it refused. */
static void run_again(struct mr_sql_parser *p, void *parser, int begin,
                      const struct mr_sql_token *from, size_t at)
{
    mr_sql_grammarInit(parser);
    mr_sql_grammar(parser, begin, from, p);
    for (size_t i = 0; i < at && p->status == MR_OK; i++) {
        p->at = &from[i];
        mr_sql_grammar(parser, from[i].kind, &from[i], p);
    }
}

/* What nearly every clause may be followed by: named last, and first left out. */
static const int common_tokens[] = {
    MR_SQL_T_COMMA,   MR_SQL_T_RP,     MR_SQL_T_FROM,   MR_SQL_T_WHERE,     MR_SQL_T_GROUP,
    MR_SQL_T_HAVING,  MR_SQL_T_ORDER,  MR_SQL_T_LIMIT,  MR_SQL_T_UNION,     MR_SQL_T_JOIN,
    MR_SQL_T_QUALIFY, MR_SQL_T_OFFSET, MR_SQL_T_EXCEPT, MR_SQL_T_INTERSECT, MR_SQL_T_MINUS,
};

/* The names of what is acceptable, most telling first. */
static size_t expected_names(struct expected *e, const char **names)
{
    size_t count = 0;
    bool is_begin = e->is_ok[MR_SQL_T_INTEGER] && e->is_ok[MR_SQL_T_CASE];
    bool is_continue = e->is_ok[MR_SQL_T_SLASH] && e->is_ok[MR_SQL_T_PERCENT];
    bool is_end = e->is_ok[0];
    size_t most = (size_t)(NAMES_MAX - is_continue - is_end);
    e->is_ok[0] = e->is_ok[MR_SQL_T_SETTING] = false;
    if (is_begin) names[count++] = "an expression";
    if (is_begin) expected_drop(e, begin_tokens, MR_COUNT_OF(begin_tokens));
    if (is_continue) expected_drop(e, continue_tokens, MR_COUNT_OF(continue_tokens));
    if (e->is_ok[MR_SQL_T_JOIN]) expected_drop(e, join_tokens, MR_COUNT_OF(join_tokens));
    if (e->is_ok[MR_SQL_T_ID]) e->is_ok[MR_SQL_T_QUOTED] = false;
    struct expected rare = *e;
    expected_drop(&rare, common_tokens, MR_COUNT_OF(common_tokens));
    for (int token = 1; token < MR_SQL_TOKENS_MAX && count < most; token++) {
        if (rare.is_ok[token]) names[count++] = mr_sql_token_name(token);
    }
    for (size_t i = 0; i < MR_COUNT_OF(common_tokens) && count < most; i++) {
        if (e->is_ok[common_tokens[i]]) names[count++] = mr_sql_token_name(common_tokens[i]);
    }
    if (is_continue) names[count++] = "an operator";
    if (is_end) names[count++] = mr_sql_token_name(0);
    return count;
}

static struct expected expected_at(const void *parser)
{
    struct expected e;
    for (int token = 0; token < MR_SQL_TOKENS_MAX; token++) {
        e.is_ok[token] = mr_sql_grammar_accepts(parser, token);
    }
    return e;
}

static void append(char *text, size_t room, const char *more)
{
    size_t used = strlen(text);
    (void)snprintf(text + used, room - used, "%s", more);
}

/* ---- what was meant ---- */

static bool is_plain_word(const struct mr_sql_token *token)
{
    char c = token->text.bytes == 0 ? ' ' : token->text.text[0];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The acceptable keyword that is nearest to a word; null when none is near. */
static const char *nearest_keyword(const struct expected *e, struct mr_span word)
{
    struct mr_nearest nearest;
    if (word.bytes < SUGGEST_BYTES_MIN) return NULL;
    mr_nearest_init(&nearest, word);
    for (int token = 1; token < MR_SQL_TOKENS_MAX; token++) {
        const char *keyword = e->is_ok[token] ? mr_sql_keyword_text(token) : NULL;
        if (keyword != NULL) mr_nearest_offer(&nearest, mr_span_of(keyword));
    }
    bool is_same = nearest.best.bytes > 0 && mr_span_ieq(nearest.best, word);
    return nearest.best.bytes == 0 || is_same ? NULL : nearest.best.text;
}

static bool is_one_of(const struct mr_sql_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mr_span_ieq(token->text, mr_span_of(words[i]))) return true;
    }
    return false;
}

/* The word of a construct that is known but not here yet: at the fault, or just before it, where it
 * was taken for a name. Null when there is none. */
static const struct mr_sql_token *later_word(const struct mr_sql_token *from, size_t at)
{
    if (at == 0 && is_one_of(from, later_statements, MR_COUNT_OF(later_statements))) return from;
    for (size_t i = at; i + 2 > at; i--) {
        if (is_one_of(&from[i], later_clauses, MR_COUNT_OF(later_clauses))) return &from[i];
        if (i == 0) break;
    }
    return NULL;
}

/* Keywords that are tempting as names of columns. */
static bool is_tempting(int token)
{
    return mr_sql_keyword_is_reserved(token) && token != MR_SQL_T_FROM && token != MR_SQL_T_WHERE &&
           token != MR_SQL_T_SELECT && token != MR_SQL_T_AS && token != MR_SQL_T_AND &&
           token != MR_SQL_T_OR && token != MR_SQL_T_HAVING && token != MR_SQL_T_CREATE;
}

static void suggest(struct mr_sql_parser *p, const struct expected *e,
                    const struct expected *e_before, const struct mr_sql_token *token,
                    const struct mr_sql_token *before)
{
    bool is_named = token->kind != 0 && is_plain_word(token);
    const char *keyword = is_named ? nearest_keyword(e, token->text) : NULL;
    if (keyword != NULL) {
        mr_sql_fail_help(p, "did you mean %s?", keyword);
        return;
    }
    bool is_after_name = before != NULL && before->kind == MR_SQL_T_ID;
    keyword = is_after_name ? nearest_keyword(e_before, before->text) : NULL;
    if (keyword != NULL) {
        mr_sql_fail_help(p, "did you mean %s instead of \"%.*s\"?", keyword,
                         (int)before->text.bytes, before->text.text);
        return;
    }
    if (e->is_ok[MR_SQL_T_ID] && is_tempting(token->kind) && is_plain_word(token)) {
        mr_sql_fail_help(p, "%s is a keyword; as a name it is written `%.*s`",
                         mr_sql_token_name(token->kind), (int)token->text.bytes, token->text.text);
    }
}

void mr_sql_syntax_report(struct mr_sql_parser *p, void *parser, int begin,
                          const struct mr_sql_token *from, size_t count, size_t at)
{
    struct mr_sql_token refused = from[at];
    const struct mr_sql_token *token = &refused;
    char what[96], list[512] = "";
    const char *names[NAMES_MAX + 1];
    struct mr_sql_parser again = {.arena = p->arena, .source = p->source, .at = from, .from = from};
    struct expected e_before = {0};
    if (at > 0) {
        run_again(&again, parser, begin, from, at - 1);
        if (again.status == MR_OK) e_before = expected_at(parser);
        if (again.status == MR_OK) mr_sql_grammar(parser, from[at - 1].kind, &from[at - 1], &again);
    } else {
        run_again(&again, parser, begin, from, 0);
    }
    p->status = MR_OK;
    if (at == count) refused.kind = 0;
    if (again.status == MR_E_NOMEM) {
        mr_sql_fail_memory(p);
        return;
    }
    const struct mr_sql_token *later = later_word(from, at);
    if (later != NULL && (later != &from[at] || token->kind != 0)) {
        mr_sql_fail(p, later->pos, MR_E_UNSUPPORTED, 1004, "%.*s is not supported here yet",
                    (int)later->text.bytes, later->text.text);
        return;
    }
    struct expected e = expected_at(parser), e_named = e;
    size_t named = expected_names(&e_named, names);
    for (size_t i = 0; i < named; i++) {
        append(list, sizeof list, i == 0 ? "; expected " : i + 1 == named ? " or " : ", ");
        append(list, sizeof list, names[i]);
    }
    if (token->kind == 0)
        (void)snprintf(what, sizeof what, "unexpected end of statement");
    else {
        int shown = (int)MR_MIN(token->text.bytes, (size_t)60);
        (void)snprintf(what, sizeof what, "unexpected \"%.*s\"", shown, token->text.text);
    }
    mr_sql_fail(p, token->pos, MR_E_SYNTAX, 1002, "%s%s", what, list);
    suggest(p, &e, &e_before, token, at > 0 ? &from[at - 1] : NULL);
}

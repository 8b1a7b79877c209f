/* Tokens: the text cut into words, and words told from keywords.
 *
 * The whole text is cut before parsing starts, because Spark lets nearly every keyword be a name:
 * what DATE, STREAM or EXISTS is depends on what stands beside it, and one look at the neighbours
 * settles it here (soft keywords), where the grammar would need more than one token of lookahead.
 * Other unreserved keywords become names in the grammar, by lemon's %fallback, where no rule wants
 * them. */
#ifndef MR_CORE_SQL_LEXER_IMPL_H
#define MR_CORE_SQL_LEXER_IMPL_H

#include "core/sql/ast.h"

/* What mr_sql_scan returns beside the grammar's tokens. */
enum {
    MR_SQL_SCAN_END = 0,
    MR_SQL_SCAN_BLANK = -1, /* also comments */
    MR_SQL_SCAN_BAD_BYTE = -2,
    MR_SQL_SCAN_OPEN_STRING = -3,
    MR_SQL_SCAN_OPEN_NAME = -4,
    MR_SQL_SCAN_OPEN_COMMENT = -5,
};

struct mr_sql_token {
    int kind; /* MR_SQL_T_..., 0 after the last */
    struct mr_sql_pos pos;
    struct mr_span text; /* as written */
};

struct mr_sql_tokens {
    struct mr_sql_token *at; /* at[count], then one of kind 0 at the text's end */
    size_t count;
};

/* mr_sql_scan: the kind of the token at *cursor, which moves past it. text[end] is a zero byte. */
int mr_sql_scan(const char **cursor, const char *end);

/* mr_sql_tokenize: `text` lies in the arena with a zero byte behind it. */
MR_MUST_USE mr_status mr_sql_tokenize(struct mr_arena *arena, struct mr_span text,
                                      struct mr_sql_tokens *out_tokens, struct mr_err *err);

/* mr_sql_soften: makes names of the soft keywords that their neighbours show to be none. */
void mr_sql_soften(struct mr_sql_tokens *tokens);

/* mr_sql_keyword: the token of a word, MR_SQL_T_ID when it is no keyword.
 * mr_sql_keyword_is_reserved: whether it cannot be a name without backticks; _is_open: whether it
 * is a name wherever no rule wants the keyword.
 * mr_sql_token_name: how an error message calls a token: "SELECT", "','", "a name". */
int mr_sql_keyword(struct mr_span word);
bool mr_sql_keyword_is_reserved(int token);
bool mr_sql_keyword_is_open(int token);
const char *mr_sql_token_name(int token);

/* mr_sql_keyword_text: the keyword in capitals; null for other tokens. */
const char *mr_sql_keyword_text(int token);

/* mr_sql_word_is_unit: "day", "HOURS": a unit of intervals. */
bool mr_sql_word_is_unit(struct mr_span word);

#endif

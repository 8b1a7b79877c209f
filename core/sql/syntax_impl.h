/* The generated parser as a value, and what to say when it gives up. */
#ifndef MR_CORE_SQL_SYNTAX_IMPL_H
#define MR_CORE_SQL_SYNTAX_IMPL_H

#include "core/sql/build_impl.h"

enum { MR_SQL_TOKENS_MAX = 256 }; /* more than the grammar has */

/* The parser that lemon makes: mr_sql_grammar_bytes() bytes of memory, set up by Init, fed token by
 * token and with token 0 at the end. It owns nothing: values lie in the arena. */
size_t mr_sql_grammar_bytes(void);
void mr_sql_grammarInit(void *parser);
void mr_sql_grammar(void *parser, int kind, const struct mr_sql_token *token,
                    struct mr_sql_parser *p);

/* mr_sql_grammar_accepts: whether `token` could come next; a keyword counts as itself only. */
bool mr_sql_grammar_accepts(const void *parser, int token);

/* mr_sql_syntax_fail, mr_sql_depth_fail: called by the parser. The first leaves the message to
 * mr_sql_syntax_report, which makes it from a second run up to the token. */
void mr_sql_syntax_fail(struct mr_sql_parser *p, const struct mr_sql_token *token);
void mr_sql_depth_fail(struct mr_sql_parser *p);

/* mr_sql_syntax_report: `parser` is memory for a run that began with token `begin`; tokens
 * from[0..at) were taken, the next, from[at] or the end when at == count, was not. */
void mr_sql_syntax_report(struct mr_sql_parser *p, void *parser, int begin,
                          const struct mr_sql_token *from, size_t count, size_t at);

#endif

/* The prompt of `millrace sql`: lines are edited and remembered, words are completed, statements
 * may have several lines and end with a semicolon. Without libedit there is no prompt: statements
 * come from -c, -f or the standard input. */
#ifndef MR_TOOLS_MILLRACE_SQL_PROMPT_H
#define MR_TOOLS_MILLRACE_SQL_PROMPT_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "tools/millrace/cli.h"

/* Names that complete a word; all zero-terminated. */
struct mr_prompt_names {
    const char *const *at;
    uint32_t count;
};

struct mr_prompt {
    /* Runs the statements of a text; a failure has been filled into *err. */
    mr_status (*run)(void *ctx, struct mr_span text, const char *origin, struct mr_err *err);
    /* Names to complete `word` with, as of now. */
    struct mr_prompt_names (*names)(void *ctx);
    void *ctx;
};

/* mr_prompt_is_there: whether lines can be edited in this build. */
bool mr_prompt_is_there(void);

/* mr_prompt_run: until the end of the input, or `exit` or `quit`. Failures are printed and the
 * prompt goes on. */
void mr_prompt_run(struct mr_cli *cli, const struct mr_prompt *prompt);

/* mr_prompt_is_complete: whether a text is statements up to a semicolon, strings, names and
 * comments left out. */
bool mr_prompt_is_complete(struct mr_span text);

#endif
